"""Resolved module and instance types, and the one set of rules for when an item fits where another is wanted.

`Matcher` serves validation, where types are in terms of a file, and instantiation, where they are in terms of an
engine: both have a `TypeSpace` whose ids stand for core types. Real items are matched by making the type that they have
at that moment, sizes included.

Types name each other directly and are shared, so one that takes a few bytes in a file may stand for a huge tree. The
size of that tree is limited where types are made; comparing remembers what was found to match.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError
from taipan.limits import MAX_TYPE_DEPTH, MAX_TYPE_SIZE, too_many
from taipan.wasm.linking import Definition
from taipan.wasm.matching import (
    TypeSpace,
    func_mismatch,
    global_mismatch,
    memory_mismatch,
    table_mismatch,
    tag_mismatch,
)
from taipan.wasm.module import FUNC, KIND_NAMES
from taipan.wasm.types import GlobalType, MemType, TableType


class ItemsType:
    """What module and instance types have in common. exports: by name, in order.

    size: items in the type and in all types inside it.  depth: how many types are inside each other.
    """

    __slots__ = ("depth", "exports", "size")

    def __init__(self, exports: dict[str, Extern]) -> None:
        self.exports: Final = exports
        self.size = 1
        self.depth = 1
        self.measure(exports)

    def add_export(self, name: str, item: Extern) -> None:
        """One more export. Raises as `measure` does."""
        self.exports[name] = item
        self.measure({name: item})

    def measure(self, items: dict[str, Extern]) -> None:
        """Count the items in. Raises InvalidError or UnsupportedError beyond the limits."""
        for _, desc in items.values():
            if isinstance(desc, ItemsType):
                self.size += desc.size
                self.depth = max(self.depth, desc.depth + 1)
            else:
                self.size += 1
            if self.size > MAX_TYPE_SIZE:
                raise InvalidError(f"effective type size too large: more than {MAX_TYPE_SIZE} items")
        if self.depth > MAX_TYPE_DEPTH:
            raise too_many("module and instance types inside each other", self.depth, MAX_TYPE_DEPTH)


@final
class InstanceType(ItemsType):
    """What an instance exports."""

    __slots__ = ()


@final
class ModuleType(ItemsType):
    """What a module imports, under one name each, and exports."""

    __slots__ = ("imports",)

    def __init__(self, imports: dict[str, Extern], exports: dict[str, Extern]) -> None:
        super().__init__(exports)
        self.imports: Final = imports
        self.measure(imports)


ExternDesc = int | TableType | MemType | GlobalType | ItemsType
"""An integer is the id of a function's or tag's type in the space that is used."""

Extern = tuple[int, ExternDesc]
"""The type of an item: its kind, and what there is to say of that kind."""


@final
class Links:
    """What a module's definitions amount to, and what instances of it are made by (`link/nested.py`).

    steps: imports with one name, aliases, nested modules and instances, in order.  type: of the module.
    type_ids: of `Module.types`, in the space of the whole file.  instances: the static type of each of its instances.
    upvars: the modules of enclosing modules that it uses: (whether it is one of those that the module directly around
    this one has, else one of that one's upvars; the index there).  upvar_types: what they are known to be.
    num_ids: ids in the space of the file.
    """

    __slots__ = ("instances", "num_ids", "steps", "type", "type_ids", "upvar_types", "upvars")

    def __init__(
        self,
        steps: list[Definition],
        type: ModuleType,
        type_ids: list[int],
        instances: list[InstanceType],
        upvars: list[tuple[bool, int]],
        upvar_types: list[ModuleType],
        num_ids: int,
    ) -> None:
        self.steps: Final = steps
        self.type: Final = type
        self.type_ids: Final = type_ids
        self.instances: Final = instances
        self.upvars: Final = upvars
        self.upvar_types: Final = upvar_types
        self.num_ids: Final = num_ids


@final
class Mismatch:
    """Why an item does not fit. rule: the validator's short phrase.  reason: with both sides' details."""

    __slots__ = ("reason", "rule")

    def __init__(self, rule: str, reason: str) -> None:
        self.rule: Final = rule
        self.reason: Final = reason

    def inside(self, what: str, name: str) -> Mismatch:
        """The same of the type that has the item, as its import or export."""
        return Mismatch(self.rule, f'{what} "{name}" incompatible: {self.reason}')


@final
class Matcher:
    """space: of the ids in the types that are compared."""

    __slots__ = ("_matched", "space")

    def __init__(self, space: TypeSpace) -> None:
        self.space: Final = space
        self._matched: Final[dict[tuple[int, int], tuple[ItemsType, ItemsType]]] = {}

    def mismatch(self, actual: Extern, wanted: Extern) -> Mismatch | None:
        """Why an item of type `actual` does not fit where `wanted` is expected, None if it does."""
        kind, have = actual
        if kind != wanted[0]:
            reason = f"expected {KIND_NAMES[wanted[0]]}, but found {KIND_NAMES[kind]}"
            return Mismatch("item type mismatch", reason)
        if isinstance(have, ItemsType):
            want = wanted[1]
            assert isinstance(want, ItemsType)
            return self._items_mismatch(have, want, KIND_NAMES[kind])
        reason = self._core_mismatch(kind, have, wanted[1])
        return Mismatch(f"{KIND_NAMES[kind]} type mismatch", reason) if reason else None

    def _core_mismatch(self, kind: int, have: ExternDesc, want: ExternDesc) -> str:
        if isinstance(have, int):
            assert isinstance(want, int)
            if have == want:
                return ""
            return func_mismatch(self.space, have, want) if kind == FUNC else tag_mismatch(self.space, have, want)
        if isinstance(have, TableType):
            assert isinstance(want, TableType)
            return table_mismatch(self.space, have, want)
        if isinstance(have, MemType):
            assert isinstance(want, MemType)
            return memory_mismatch(have, want)
        assert isinstance(have, GlobalType) and isinstance(want, GlobalType)
        return global_mismatch(self.space, have, want)

    def _items_mismatch(self, have: ItemsType, want: ItemsType, word: str) -> Mismatch | None:
        pair = (id(have), id(want))
        if have is want or pair in self._matched:
            return None
        found = self._imports_mismatch(have, want) or self._exports_mismatch(have, want, word)
        if found is None:
            self._matched[pair] = (have, want)  # which keeps both, so that the ids stay theirs
        return found

    def _exports_mismatch(self, have: ItemsType, want: ItemsType, word: str) -> Mismatch | None:
        """Every export that is wanted is there, in any order, beside others."""
        for name, wanted in want.exports.items():
            actual = have.exports.get(name)
            if actual is None:
                return Mismatch(f"no export named `{name}`", f'failed to find export "{name}"')
            found = self.mismatch(actual, wanted)
            if found is not None:
                return found.inside(f"{word} export", name)
        return None

    def _imports_mismatch(self, have: ItemsType, want: ItemsType) -> Mismatch | None:
        """A module gets all that it imports: where it is used as one of type `want`, that type's imports are given."""
        if not isinstance(have, ModuleType):
            return None
        assert isinstance(want, ModuleType)
        for name, needed in have.imports.items():
            given = want.imports.get(name)
            if given is None:
                return Mismatch(f"no import named `{name}`", f'expected type doesn\'t import "{name}"')
            found = self.mismatch(given, needed)
            if found is not None:
                return found.inside("module import", name)
        return None
