"""A module as plain data: the sections of the spec's "Structure, Modules", without bytes of any one encoding.

Function bodies and constant expressions stay in their binary encoding (`code`, from the local declarations to the
final `end`): the validator, the compilers and the printer all stream over it. `binary.decode` fills `code` with the
whole file, so that every position in it is also the `wasm_offset` that errors and backtraces show; `text.parse`
fills it with the bodies it assembled, and callers who want file offsets encode and decode once more.

Entries of sections come by the hundred thousand: `acyclic` keeps the garbage collector from walking over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from taipan.wasm.indices import DefinedFuncIdx, FuncIdx
from taipan.wasm.linking import Definition, ExportAlias, ImportItem
from taipan.wasm.types import FuncType, GlobalType, MemType, SubType, TableType, TagType, ValType

if TYPE_CHECKING:
    from taipan.wasm.link_types import Links

# External kinds, as the binary format numbers them.
FUNC: Final = 0
TABLE: Final = 1
MEMORY: Final = 2
GLOBAL: Final = 3
TAG: Final = 4
MODULE: Final = 5  # this and the next: with module linking only
INSTANCE: Final = 6
TYPE: Final = 7  # of aliases only
KIND_NAMES: Final = ("func", "table", "memory", "global", "tag", "module", "instance", "type")

# Segment modes.
ACTIVE: Final = 0
PASSIVE: Final = 1
DECLARATIVE: Final = 2


@mypyc_attr(acyclic=True)
class ConstExpr:
    """A constant expression in binary form, with its final `end` (0x0B). offset: of its first byte, as in `code`."""

    __slots__ = ("code", "offset")

    def __init__(self, code: bytes, offset: int) -> None:
        self.code: Final = code
        self.offset: Final = offset


ImportDesc = int | TableType | MemType | GlobalType | TagType
"""What is imported; a plain integer is the type index of a function. `exact` functions: see `Import.exact`."""


@mypyc_attr(acyclic=True)
class Import:
    __slots__ = ("desc", "exact", "kind", "module", "name", "offset")

    def __init__(
        self, module: str, name: str, kind: int, desc: ImportDesc, offset: int = 0, exact: bool = False
    ) -> None:
        self.module: Final = module
        self.name: Final = name
        self.kind: Final = kind
        self.desc: Final = desc
        self.offset: Final = offset
        self.exact: Final = exact


@mypyc_attr(acyclic=True)
class Export:
    __slots__ = ("index", "kind", "name", "offset")

    def __init__(self, name: str, kind: int, index: int, offset: int = 0) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.index: Final = index
        self.offset: Final = offset


@mypyc_attr(acyclic=True)
class TableDef:
    """A defined table; `init` is None where the element type's null is the initial value."""

    __slots__ = ("init", "offset", "type")

    def __init__(self, type: TableType, init: ConstExpr | None, offset: int = 0) -> None:
        self.type: Final = type
        self.init: Final = init
        self.offset: Final = offset


@mypyc_attr(acyclic=True)
class GlobalDef:
    __slots__ = ("init", "offset", "type")

    def __init__(self, type: GlobalType, init: ConstExpr, offset: int = 0) -> None:
        self.type: Final = type
        self.init: Final = init
        self.offset: Final = offset


@mypyc_attr(acyclic=True)
class ElemSegment:
    """An element segment. Exactly one of `funcs` (function indices) and `exprs` is used; the other is None."""

    __slots__ = ("element", "exprs", "funcs", "mode", "offset", "offset_expr", "table")

    def __init__(
        self,
        mode: int,
        element: ValType,
        table: int,
        offset_expr: ConstExpr | None,
        funcs: list[int] | None,
        exprs: list[ConstExpr] | None,
        offset: int = 0,
    ) -> None:
        self.mode: Final = mode
        self.element: Final = element
        self.table: Final = table
        self.offset_expr: Final = offset_expr
        self.funcs: Final = funcs
        self.exprs: Final = exprs
        self.offset: Final = offset


@mypyc_attr(acyclic=True)
class DataSegment:
    """A data segment; its bytes are `code[start:end]` of the module."""

    __slots__ = ("end", "memory", "mode", "offset", "offset_expr", "start")

    def __init__(
        self, mode: int, memory: int, offset_expr: ConstExpr | None, start: int, end: int, offset: int = 0
    ) -> None:
        self.mode: Final = mode
        self.memory: Final = memory
        self.offset_expr: Final = offset_expr
        self.start: Final = start
        self.end: Final = end
        self.offset: Final = offset


@mypyc_attr(acyclic=True)
class CustomSection:
    """A custom section. after: id of the known section it followed in the file (0 = before all of them)."""

    __slots__ = ("after", "data", "name", "offset")

    def __init__(self, name: str, data: bytes, after: int, offset: int = 0) -> None:
        self.name: Final = name
        self.data: Final = data
        self.after: Final = after
        self.offset: Final = offset


class Module:
    """One core module.

    types: the flat type index space.  rec_groups: (first type index, count) of each recursion group, in order.
    func_types: type index of each *defined* function.  body_starts/body_ends: where its body lies in `code`.
    *_space: imported and defined items of one index space, in order; filled by `finish()`.  has_tail_calls: whether
    bodies contain any; None until `validate.check_module` has found out.

    definitions: what stands before the functions if module linking is on, else None.  Then `imports` has an entry for
    each imported *or aliased* function, table, memory, global and tag, and the spaces are complete, when
    `validate.linking.resolve` has been there; links: what else it found.
    origin: where the module begins in `code`, not 0 if it is nested.  num_types: how many of `types` can be named; more
    come with aliases of functions whose types are not among them.
    """

    __slots__ = (
        "body_ends",
        "body_starts",
        "code",
        "customs",
        "data_count",
        "datas",
        "definitions",
        "elems",
        "exports",
        "func_space",
        "func_types",
        "global_space",
        "globals",
        "has_tail_calls",
        "imports",
        "links",
        "mem_space",
        "memories",
        "num_imported_funcs",
        "num_imported_globals",
        "num_imported_memories",
        "num_imported_tables",
        "num_imported_tags",
        "num_types",
        "origin",
        "rec_groups",
        "start",
        "start_offset",
        "table_space",
        "tables",
        "tag_space",
        "tags",
        "types",
    )

    def __init__(self, code: bytes = b"", origin: int = 0) -> None:
        self.code = code
        self.origin = origin
        self.definitions: list[Definition] | None = None
        self.links: Links | None = None
        self.num_types = 0
        self.types: list[SubType] = []
        self.rec_groups: list[tuple[int, int]] = []
        self.imports: list[Import] = []
        self.func_types: list[int] = []
        self.tables: list[TableDef] = []
        self.memories: list[MemType] = []
        self.tags: list[TagType] = []
        self.globals: list[GlobalDef] = []
        self.exports: list[Export] = []
        self.start: int | None = None
        self.start_offset = 0
        self.elems: list[ElemSegment] = []
        self.datas: list[DataSegment] = []
        self.data_count: int | None = None
        self.has_tail_calls: bool | None = None
        self.body_starts: list[int] = []
        self.body_ends: list[int] = []
        self.customs: list[CustomSection] = []
        self.num_imported_funcs = 0
        self.num_imported_tables = 0
        self.num_imported_memories = 0
        self.num_imported_globals = 0
        self.num_imported_tags = 0
        self.func_space: list[int] = []
        self.table_space: list[TableType] = []
        self.mem_space: list[MemType] = []
        self.global_space: list[GlobalType] = []
        self.tag_space: list[TagType] = []

    def finish(self) -> None:
        """Fill the index spaces from imports and definitions. Called once, by whoever built the module.

        With module linking the types of what is imported or aliased are not known yet, only how many there are.
        """
        self.num_types = len(self.types)
        if self.definitions is not None:
            self.count_supplied(self.definitions)
            return
        for entry in self.imports:
            self.add_to_space(entry.desc)
        self.finish_spaces()

    def add_to_space(self, desc: ImportDesc) -> None:
        """An imported or aliased item joins its index space."""
        if isinstance(desc, int):
            self.func_space.append(desc)
        elif isinstance(desc, TableType):
            self.table_space.append(desc)
        elif isinstance(desc, MemType):
            self.mem_space.append(desc)
        elif isinstance(desc, GlobalType):
            self.global_space.append(desc)
        else:
            self.tag_space.append(desc)

    def count_supplied(self, definitions: list[Definition]) -> None:
        """Count the functions, tables and so on that come from imports and aliases, as `num_imported_*`."""
        counts = [0, 0, 0, 0, 0, 0, 0]
        for definition in definitions:
            if isinstance(definition, (ImportItem, ExportAlias)):
                counts[definition.kind] += 1
        self.num_imported_funcs = counts[FUNC]
        self.num_imported_tables = counts[TABLE]
        self.num_imported_memories = counts[MEMORY]
        self.num_imported_globals = counts[GLOBAL]
        self.num_imported_tags = counts[TAG]

    def finish_spaces(self) -> None:
        """Add the own items to the spaces, which hold the imported ones."""
        self.num_imported_funcs = len(self.func_space)
        self.num_imported_tables = len(self.table_space)
        self.num_imported_memories = len(self.mem_space)
        self.num_imported_globals = len(self.global_space)
        self.num_imported_tags = len(self.tag_space)
        self.func_space.extend(self.func_types)
        self.table_space.extend([table.type for table in self.tables])
        self.mem_space.extend(self.memories)
        self.global_space.extend([glob.type for glob in self.globals])
        self.tag_space.extend(self.tags)

    def func_of_defined(self, index: DefinedFuncIdx) -> FuncIdx:
        return FuncIdx(index + self.num_imported_funcs)

    def defined_func(self, index: FuncIdx) -> DefinedFuncIdx | None:
        """The defined function behind `index`, or None if it is imported."""
        return DefinedFuncIdx(index - self.num_imported_funcs) if index >= self.num_imported_funcs else None

    def func_type(self, index: FuncIdx) -> FuncType:
        """The function type of a function of the index space; the module must be valid."""
        comp = self.types[self.func_space[index]].comp
        assert isinstance(comp, FuncType)
        return comp
