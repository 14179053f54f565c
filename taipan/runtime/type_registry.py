"""The engine-wide type registry: equal types of different modules get the same id (R-37).

In: the types of a validated module, or the function type of a host function. Out: handles that hold 32-bit ids, which
`call_indirect`, casts and import checks compare. The unit of identity and of lifetime is the recursion group: one
entry per distinct group, counted by the handles that hold it and by the groups that refer to it. References between
groups cannot form a cycle (a group refers to earlier groups only), so plain counting frees everything.

All counts change under one lock, so "zero" is final when it is seen: nobody can revive an entry between the moment
its count falls to zero and its removal, and nobody can remove it twice. A handle may be finalised by the garbage
collector anywhere, also in the middle of a locked section of the same thread; therefore giving back never waits for
the lock: it leaves the groups in `_returned`, and whoever holds the lock, or takes it next, works that off.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import Final, final

from taipan.abi.layout import NULL_TYPE_ID
from taipan.wasm.matching import GroupKey, TypeSpace, heap_kind, translate, translate_comp
from taipan.wasm.types import FuncType, GlobalType, HeapType, StructType, SubType, TableType, ValType

_NO_INDEX: Final = 1 << 32  # above every id: nothing is local to the group of a host function's type
_VACANT: Final = StructType(())


@final
class _Group:
    """An entry. count: handles that hold it plus groups that refer to it.  ids: of its types, in order."""

    __slots__ = ("count", "ids", "key", "refers")

    def __init__(self, key: bytes, ids: list[int], refers: list[_Group]) -> None:
        self.key: Final = key
        self.ids: Final = ids
        self.refers: Final = refers
        self.count = 0


@final
class RegisteredTypes:
    """The engine-wide ids of one module's types, valid until `close()` or finalisation.

    ids: by module type index.
    """

    __slots__ = ("__weakref__", "_held", "ids", "registry")

    def __init__(self, registry: TypeRegistry, ids: list[int], groups: list[_Group]) -> None:
        self.registry: Final = registry
        self.ids: Final = ids
        self._held = [groups]

    def close(self) -> None:
        """Give the types back. Closing twice does nothing, also from two threads."""
        try:
            groups = self._held.pop()
        except IndexError:
            return
        self.registry._give_back(groups)

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> str:
        raise TypeError("what belongs to an engine cannot be copied or pickled")

    def id_array(self) -> bytes:
        """The ids as an array of little-endian u32, what `VMContextHeader.type_ids` points to."""
        return b"".join([type_id.to_bytes(4, "little") for type_id in self.ids])

    def index_of(self, type_id: int) -> int | None:
        """The first module type index with this id."""
        try:
            return self.ids.index(type_id)
        except ValueError:
            return None

    def val_type(self, t: ValType) -> ValType:
        """A value type of the module in engine-wide terms."""
        return translate(t, self.ids)

    def table_type(self, table: TableType) -> TableType:
        return TableType(translate(table.element, self.ids), table.limits, table.is_64)

    def global_type(self, glob: GlobalType) -> GlobalType:
        return GlobalType(translate(glob.content, self.ids), glob.mutable)

    def __repr__(self) -> str:
        return f"RegisteredTypes({self.ids})"


@final
class RegisteredType:
    """A handle that keeps one type alive. Equal to another if both name the same type of the same engine."""

    __slots__ = ("__weakref__", "_held", "id", "registry")

    def __init__(self, registry: TypeRegistry, type_id: int, group: _Group) -> None:
        self.registry: Final = registry
        self.id: Final = type_id
        self._held = [[group]]

    def close(self) -> None:
        """Give the type back. Closing twice does nothing, also from two threads."""
        try:
            groups = self._held.pop()
        except IndexError:
            return
        self.registry._give_back(groups)

    def __del__(self) -> None:
        self.close()

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

    space: the subtype relation in terms of engine-wide ids; entries of ids that nobody holds are meaningless.
    """

    __slots__ = ("_free", "_group_of", "_groups", "_lock", "_returned", "space")

    def __init__(self) -> None:
        self.space: Final = TypeSpace()
        self._lock: Final = allocate_lock()
        self._groups: Final[dict[bytes, _Group]] = {}
        self._group_of: Final[list[_Group | None]] = []  # the slab; its index is the engine-wide id
        self._free: Final[list[int]] = []
        self._returned: Final[list[list[_Group]]] = []

    # --- taking ---

    def register(self, types: list[SubType], rec_groups: list[tuple[int, int]]) -> RegisteredTypes:
        """Ids for the types of a validated module. rec_groups: (first type index, count), in order."""
        ids: list[int] = []
        held: list[_Group] = []
        try:
            with self._lock:
                for first, count in rec_groups:
                    if count == 0:
                        continue
                    key = GroupKey(first, ids)
                    for i in range(first, first + count):
                        key.sub_type(types[i])
                    group = self._groups.get(key.value())
                    if group is None:
                        group = self._add(key, types, first, count, ids)
                    else:
                        ids.extend(group.ids)
                    group.count += 1
                    held.append(group)
        except BaseException:
            self._give_back(held)
            raise
        self._work_off()
        return RegisteredTypes(self, ids, held)

    def register_func_type(self, func_type: FuncType) -> RegisteredType:
        """A handle for a function type made by the host: final, without supertypes, its references in engine-wide ids.

        Raises ValueError if it refers to a type that this registry does not know.
        """
        types = [SubType(func_type)]
        with self._lock:
            key = GroupKey(_NO_INDEX, None)
            key.sub_type(types[0])
            group = self._groups.get(key.value())
            if group is None:
                for type_id in key.refers:
                    if type_id >= len(self._group_of) or self._group_of[type_id] is None:
                        raise ValueError(f"no type {type_id} in this engine: canonicalized in a different engine?")
                group = self._add(key, types, 0, 1, None)
            group.count += 1
            handle = RegisteredType(self, group.ids[0], group)
        self._work_off()
        return handle

    def root(self, type_id: int) -> RegisteredType | None:
        """A handle that keeps the type `type_id` alive, or None if there is no such type (any more)."""
        with self._lock:
            group = self._group_of[type_id] if 0 <= type_id < len(self._group_of) else None
            if group is None:
                return None
            group.count += 1
            handle = RegisteredType(self, type_id, group)
        self._work_off()
        return handle

    def _add(self, key: GroupKey, types: list[SubType], first: int, count: int, ids: list[int] | None) -> _Group:
        """A new entry with count 0, in a locked section.

        ids: of the module's earlier types, to which the new ones are added; None where types are in terms of ids.
        """
        own = [self._new_id() for _ in range(count)]
        space = self.space
        if ids is not None:
            ids.extend(own)
        for place, type_id in enumerate(own):
            sub = types[first + place]
            space.canon[type_id] = type_id
            space.kinds[type_id] = heap_kind(sub.comp)
            space.comps[type_id] = sub.comp if ids is None else translate_comp(sub.comp, ids)
            space.parents[type_id] = -1
            space.depths[type_id] = 0
            space.descriptors[type_id] = -1
            if ids is not None:
                if sub.descriptor >= 0:
                    space.descriptors[type_id] = ids[sub.descriptor]
                if sub.supertypes:
                    parent = ids[sub.supertypes[0]]
                    space.parents[type_id] = parent
                    space.depths[type_id] = space.depths[parent] + 1
        refers = list({group.key: group for i in key.refers if (group := self._group_of[i]) is not None}.values())
        for group in refers:
            group.count += 1
        group = _Group(key.value(), own, refers)
        self._groups[group.key] = group
        for type_id in own:
            self._group_of[type_id] = group
        return group

    def _new_id(self) -> int:
        if self._free:
            return self._free.pop()
        type_id = len(self._group_of)
        assert type_id < NULL_TYPE_ID, "more types than ids"
        self._group_of.append(None)
        space = self.space
        space.canon.append(type_id)
        space.kinds.append(0)
        space.comps.append(_VACANT)
        space.parents.append(-1)
        space.depths.append(0)
        space.descriptors.append(-1)
        return type_id

    # --- giving back ---

    def _give_back(self, groups: list[_Group]) -> None:
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
            stack = list(self._returned.pop())
            while stack:
                group = stack.pop()
                group.count -= 1
                if group.count == 0:
                    self._remove(group)
                    stack.extend(group.refers)

    def _remove(self, group: _Group) -> None:
        del self._groups[group.key]
        for type_id in reversed(group.ids):
            self._group_of[type_id] = None
            self.space.comps[type_id] = _VACANT
            self._free.append(type_id)

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
        group = self._group_of[type_id] if 0 <= type_id < len(self._group_of) else None
        return group.count if group is not None else 0

    def __len__(self) -> int:
        """The number of recursion groups registered."""
        return len(self._groups)
