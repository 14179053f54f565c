"""Module linking as plain data: what stands before a module's functions when the proposal is on.

Types, imports, aliases, nested modules and instances then form one list of **definitions**, in the order of the file;
each adds an item to one index space, and may name the items before it only. What follows them, functions to data, is
an ordinary module, for which an aliased function is as good as an imported one.

    TypeGroup      a recursion group of the type space, or a module or instance type
    ImportItem     an import with two names, or with one (`name` None)
    ExportAlias    an export of an instance
    OuterAlias     a type or a module of a module around this one
    NestedModule   a module inside this one
    Instantiate    an instance of a module, its imports given by name
    Bundle         an instance made of items that are there already

Here everything is as the file says it, indices unchecked. `validate/linking.py` checks and resolves it; resolved types
name each other directly and are the same for all modules of a file.

Formats: Wasmtime's and wasm-tools' of 2022; the proposal's text differs in the encoding of types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from taipan.wasm.types import GlobalType, LinkType, MemType, SubType, TableType, TagType

if TYPE_CHECKING:
    from taipan.wasm.module import Module

Item = tuple[str, int, int]
"""A named item: its name, its kind (`module.FUNC` to `module.INSTANCE`) and its index in the space of that kind."""

ItemDesc = int | TableType | MemType | GlobalType | TagType
"""The type of an item; a plain integer is the type index of a function, module or instance, told apart by its kind."""


class Definition:
    """One definition. offset: of its first byte, as in `Module.code`."""

    __slots__ = ("offset",)

    def __init__(self, offset: int) -> None:
        self.offset: Final = offset


class TypeGroup(Definition):
    """Types `first` to `first + count` of `Module.types`: a recursion group, or one module or instance type."""

    __slots__ = ("count", "first")

    def __init__(self, first: int, count: int, offset: int = 0) -> None:
        super().__init__(offset)
        self.first: Final = first
        self.count: Final = count


class ImportItem(Definition):
    """name: None if the import has one name only. exact: as in `module.Import`."""

    __slots__ = ("desc", "exact", "kind", "module", "name")

    def __init__(
        self, module: str, name: str | None, kind: int, desc: ItemDesc, offset: int = 0, exact: bool = False
    ) -> None:
        super().__init__(offset)
        self.module: Final = module
        self.name: Final = name
        self.kind: Final = kind
        self.desc: Final = desc
        self.exact: Final = exact


class ExportAlias(Definition):
    """The export `name` of an instance (an index), which must be of that kind."""

    __slots__ = ("instance", "kind", "name")

    def __init__(self, instance: int, kind: int, name: str, offset: int = 0) -> None:
        super().__init__(offset)
        self.instance: Final = instance
        self.kind: Final = kind
        self.name: Final = name


class OuterAlias(Definition):
    """An item of an enclosing module. depth: 0 is the module directly around this one.  kind: MODULE or TYPE.

    own: the type index that a type gets here; its entry in `Module.types` stands for nothing until it is resolved.
    upvar: which of the module's upvars a module is, when it is resolved.
    """

    __slots__ = ("depth", "index", "kind", "own", "upvar")

    def __init__(self, depth: int, kind: int, index: int, offset: int = 0, own: int = -1) -> None:
        super().__init__(offset)
        self.depth: Final = depth
        self.kind: Final = kind
        self.index: Final = index
        self.own: Final = own
        self.upvar = -1


class NestedModule(Definition):
    __slots__ = ("module",)

    def __init__(self, module: Module, offset: int = 0) -> None:
        super().__init__(offset)
        self.module: Final = module


class Instantiate(Definition):
    """An instance of the module of an index. args: superfluous names are allowed."""

    __slots__ = ("args", "module")

    def __init__(self, module: int, args: list[Item], offset: int = 0) -> None:
        super().__init__(offset)
        self.module: Final = module
        self.args: Final = args


class Bundle(Definition):
    """An instance whose exports are these items."""

    __slots__ = ("items",)

    def __init__(self, items: list[Item], offset: int = 0) -> None:
        super().__init__(offset)
        self.items: Final = items


# --- module and instance types, as the file has them ---


@mypyc_attr(acyclic=True)
class TypeItem:
    """An import or export in a module or instance type. module: the first name of two, or None."""

    __slots__ = ("desc", "kind", "module", "name")

    def __init__(self, name: str, kind: int, desc: ItemDesc, module: str | None = None) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.desc: Final = desc
        self.module: Final = module


class LocalTypes:
    """The type index space of its own that a module or instance type of the proposal's newer encoding has.

    entries: a type, or the outer alias (depth 0: the module that the type stands in) that adds one.
    """

    __slots__ = ("entries",)

    def __init__(self, entries: list[SubType | OuterAlias]) -> None:
        self.entries: Final = entries


class ModuleTypeDef(LinkType):
    """A module type. local: where its type indices belong, None if to the module that it stands in."""

    __slots__ = ("exports", "imports", "local")

    def __init__(self, imports: list[TypeItem], exports: list[TypeItem], local: LocalTypes | None = None) -> None:
        self.imports: Final = imports
        self.exports: Final = exports
        self.local: Final = local

    def __repr__(self) -> str:
        return "module type"


class InstanceTypeDef(LinkType):
    """An instance type. local: as in `ModuleTypeDef`."""

    __slots__ = ("exports", "local")

    def __init__(self, exports: list[TypeItem], local: LocalTypes | None = None) -> None:
        self.exports: Final = exports
        self.local: Final = local

    def __repr__(self) -> str:
        return "instance type"
