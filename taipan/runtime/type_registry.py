"""The engine-wide type registry: equal types of different modules get the same id (R-37).

In: the types of a validated module, or the function type of a host function. Out: handles that hold 32-bit ids, which
`call_indirect`, casts and import checks compare. The unit of identity and of lifetime is the recursion group, see
`wasm/type_slab.py`; here are the handles and the lock.

All counts change under one lock, so "zero" is final when it is seen: nobody can revive an entry between the moment
its count falls to zero and its removal, and nobody can remove it twice. A handle may be finalised by the garbage
collector anywhere, also in the middle of a locked section of the same thread; therefore giving back never waits for
the lock: it leaves the groups in `_returned`, and whoever holds the lock, or takes it next, works that off.

A handle exists before it holds anything, and is filled in the locked section: whatever is raised on the way, its end
gives back what it got.
"""

from __future__ import annotations

import struct
from _thread import allocate_lock
from collections.abc import Callable
from itertools import count
from sys import is_finalizing
from typing import Final, final

from taipan.wasm.matching import translate
from taipan.wasm.type_slab import Group, TypeSlab
from taipan.wasm.types import (
    ENGINE_SHIFT,
    FuncType,
    GlobalType,
    HeapType,
    SubType,
    TableType,
    ValType,
    heap_of,
    is_concrete,
    is_ref,
)

_ENGINES: Final = (1 << 22) - 1  # as many numbers as fit above `types.ENGINE_SHIFT`
_numbers: Final = count()


@final
class RegisteredTypes:
    """The engine-wide ids of one module's types, valid until `close()` or finalisation.

    ids: by module type index.
    """

    __slots__ = ("__weakref__", "_held", "ids", "registry")

    def __init__(self, registry: TypeRegistry) -> None:
        self.registry: Final = registry
        self.ids: Final[list[int]] = []
        self._held: Final[list[list[Group]]] = [[]]

    def close(self) -> None:
        """Give the types back. Closing twice does nothing, also from two threads."""
        try:
            groups = self._held.pop()
        except IndexError:
            return
        self.registry._give_back(groups)

    def __del__(self, finalizing: Callable[[], bool] = is_finalizing) -> None:
        if not finalizing():  # else the modules' names are gone, and with them all that the ids were for
            self.close()

    def __reduce__(self) -> str:
        raise TypeError("what belongs to an engine cannot be copied or pickled")

    def id_array(self) -> bytes:
        """The ids as an array of little-endian u32, what `VMContextHeader.type_ids` points to."""
        return struct.pack(f"<{len(self.ids)}I", *self.ids)

    def index_of(self, type_id: int) -> int | None:
        """The first module type index with this id."""
        try:
            return self.ids.index(type_id)
        except ValueError:
            return None

    def val_type(self, t: ValType) -> ValType:
        """A value type of the module in engine-wide terms. Raises ValueError if it is in such terms already."""
        return translate(t, self.ids, self.registry.number)

    def table_type(self, table: TableType) -> TableType:
        return TableType(self.val_type(table.element), table.limits, table.is_64)

    def global_type(self, glob: GlobalType) -> GlobalType:
        return GlobalType(self.val_type(glob.content), glob.mutable)

    def __repr__(self) -> str:
        return f"RegisteredTypes({self.ids})"


@final
class RegisteredType:
    """A handle that keeps one type alive. Equal to another if both name the same type of the same engine."""

    __slots__ = ("__weakref__", "_held", "id", "registry")

    def __init__(self, registry: TypeRegistry, type_id: int) -> None:
        self.registry: Final = registry
        self.id = type_id
        self._held: Final[list[list[Group]]] = [[]]

    def close(self) -> None:
        """Give the type back. Closing twice does nothing, also from two threads."""
        try:
            groups = self._held.pop()
        except IndexError:
            return
        self.registry._give_back(groups)

    def __del__(self, finalizing: Callable[[], bool] = is_finalizing) -> None:
        if not finalizing():  # else the modules' names are gone, and with them all that the ids were for
            self.close()

    def __reduce__(self) -> str:
        raise TypeError("what belongs to an engine cannot be copied or pickled")

    def clone(self) -> RegisteredType:
        """A second handle. The handle must not be closed."""
        clone = self.registry.root(self.id)
        assert clone is not None, "clone of a closed handle"
        return clone

    def func_type(self) -> FuncType:
        """The function type in engine-wide terms."""
        return self.registry.func_type(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegisteredType) and self.registry is other.registry and self.id == other.id

    def __hash__(self) -> int:
        return hash((id(self.registry), self.id))

    def __repr__(self) -> str:
        return f"RegisteredType({self.id}: {self.registry.space.comps[self.id]!r})"


@final
class TypeRegistry:
    """One per engine. Every method may be called from any thread.

    number: the engine's, in its references.  space: the subtype relation in terms of engine-wide ids; what it says of
    ids that nobody holds is meaningless.
    """

    __slots__ = ("_lock", "_returned", "_slab", "number", "space")

    def __init__(self) -> None:
        self.number: Final = next(_numbers) % _ENGINES + 1
        self._slab: Final = TypeSlab(self.number)
        self.space: Final = self._slab.space
        self._lock: Final = allocate_lock()
        self._returned: Final[list[list[Group]]] = []

    # --- taking ---

    def register(self, types: list[SubType], rec_groups: list[tuple[int, int]]) -> RegisteredTypes:
        """Ids for the types of a validated module. rec_groups: (first type index, count), in order.

        Raises ValueError if a type is in engine-wide terms already.
        """
        handle = RegisteredTypes(self)
        with self._lock:
            self._slab.add_module(types, rec_groups, handle.ids, handle._held[0])
        self._work_off()
        return handle

    def register_func_type(self, func_type: FuncType) -> RegisteredType:
        """A handle for a function type made by the host: final, without supertypes, its references in engine-wide ids.

        Raises ValueError if it refers to a type of another engine, or to one that is gone.
        """
        handle = RegisteredType(self, -1)
        held = handle._held[0]
        with self._lock:
            self._slab.add_func_type(func_type, held)
        handle.id = held[0].first
        self._work_off()
        return handle

    def root(self, type_id: int) -> RegisteredType | None:
        """A handle that keeps the type `type_id` alive, or None if there is no such type (any more)."""
        handle = RegisteredType(self, type_id)
        with self._lock:
            found = self._slab.hold(type_id, handle._held[0])
        self._work_off()
        return handle if found else None

    def keep(self, t: ValType) -> RegisteredType | None:
        """A handle of the definition that a value type names; None if it names none.

        Raises ValueError if that is one of another engine, or gone.
        """
        if not is_ref(t) or not is_concrete(heap_of(t)):
            return None
        index = heap_of(t)
        if t >> ENGINE_SHIFT != self.number:
            raise ValueError(f"type {index} is not one of this engine: canonicalized in a different engine?")
        handle = self.root(index)
        if handle is None:
            raise ValueError(f"there is no type {index} in this engine any more")
        return handle

    # --- giving back ---

    def _give_back(self, groups: list[Group]) -> None:
        if groups:
            self._returned.append(groups)
        self._work_off()

    def _work_off(self) -> None:
        """Free what was given back, unless the lock is held: then its holder does, since it calls this afterwards."""
        while self._returned and self._lock.acquire(False):
            try:
                self._free_returned()
            finally:
                self._lock.release()

    def _free_returned(self) -> None:
        while self._returned:
            self._slab.release(self._returned.pop())

    # --- asking: only about types that the caller keeps alive ---

    def is_subtype(self, sub: int, super: int) -> bool:
        """Whether type `sub` is `super` or declared below it."""
        return sub == super or self.space.heap_matches(HeapType(sub), HeapType(super))

    def func_type(self, type_id: int) -> FuncType:
        """The function type with its references in engine-wide ids."""
        comp = self.space.comps[type_id]
        assert isinstance(comp, FuncType)
        return comp

    def id_of(self, handle: RegisteredType) -> int:
        """The id behind a handle. Raises ValueError if the handle belongs to another engine."""
        if handle.registry is not self:
            raise ValueError("the type was registered in a different engine")
        return handle.id

    def count_of(self, type_id: int) -> int:
        """How many handles and groups hold the recursion group of a type; 0 if there is none."""
        group = self._slab.group_at(type_id)
        return group.count if group is not None else 0

    def __len__(self) -> int:
        """The number of recursion groups registered."""
        return len(self._slab.groups)
