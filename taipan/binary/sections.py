"""The sections between types and code: one function each, which reads the section's contents into the module."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.const_expr import read_const_expr
from taipan.binary.reader import Reader
from taipan.binary.types import read_globaltype, read_memtype, read_tabletype, read_tagtype
from taipan.limits import (
    MAX_DATA_SEGMENTS,
    MAX_ELEM_SEGMENTS,
    MAX_EXPORTS,
    MAX_FUNCTIONS,
    MAX_GLOBALS,
    MAX_IMPORTS,
    MAX_MEMORIES,
    MAX_TABLE_ELEMENTS,
    MAX_TABLES,
    MAX_TAGS,
)
from taipan.wasm.cursor import (
    CUSTOM_DESCRIPTORS_BIT,
    EXCEPTIONS_BIT,
    FEATURE_BITS,
    FUNCTION_REFERENCES_BIT,
    MODULE_LINKING_BIT,
)
from taipan.wasm.linking import ImportItem
from taipan.wasm.module import (
    ACTIVE,
    DECLARATIVE,
    FUNC,
    GLOBAL,
    INSTANCE,
    MEMORY,
    MODULE,
    PASSIVE,
    TABLE,
    TAG,
    ConstExpr,
    DataSegment,
    ElemSegment,
    Export,
    GlobalDef,
    Import,
    ImportDesc,
    Module,
    TableDef,
)
from taipan.wasm.types import FUNCREF, HEAP_FUNC, ValType, ref_type

BULK_MEMORY_BIT: Final = FEATURE_BITS["bulk-memory"]

EXACT_FUNC: Final = 0x20  # import kind
ONE_NAME: Final = 0xFF  # after an empty second name of an import: it is none
TABLE_WITH_INIT: Final = 0x40

FUNCS_ELEMENT: Final = ref_type(HEAP_FUNC, nullable=False)
"""Element type of segments that list function indices."""

# Bits of an element segment's flags.
NOT_ACTIVE: Final = 1
EXPLICIT: Final = 2  # active: a table index follows; otherwise: declarative
EXPRS: Final = 4


def read_import_section(reader: Reader, module: Module) -> None:
    definitions = module.definitions
    count: i64 = reader.read_count(MAX_IMPORTS, "imports")
    for _ in range(count):
        start = reader.next
        module_name = reader.read_name()
        name = reader.read_name() if definitions is None else read_second_name(reader)
        at = reader.next
        kind: i64 = reader.read_byte()
        exact = kind == EXACT_FUNC
        if exact:
            reader.need(CUSTOM_DESCRIPTORS_BIT, "import kind", at)
            kind = FUNC
        desc = read_import_desc(reader, kind, at)
        if definitions is not None:
            definitions.append(ImportItem(module_name, name, int(kind), desc, int(start), exact))
        else:
            assert name is not None
            module.imports.append(Import(module_name, name, int(kind), desc, int(start), exact))


def need_linking(reader: Reader, what: str, at: i64) -> None:
    """Raise MalformedError if module linking is off. what: the thing that belongs to it."""
    if reader.disabled & MODULE_LINKING_BIT:
        raise reader.malformed(f"malformed {what} (module linking proposal not enabled)", at)


def read_second_name(reader: Reader) -> str | None:
    """The second name of an import with module linking: None if there is only one."""
    name = reader.read_name()
    at = reader.next
    if not name and at < reader.limit and reader.code[at] == ONE_NAME:
        reader.next = at + 1
        return None
    return name


def read_import_desc(reader: Reader, kind: i64, at: i64) -> ImportDesc:
    if kind == FUNC:
        return int(reader.read_u32())
    if kind == TABLE:
        return read_tabletype(reader)
    if kind == MEMORY:
        return read_memtype(reader)
    if kind == GLOBAL:
        return read_globaltype(reader)
    if kind == TAG:
        reader.need(EXCEPTIONS_BIT, "import kind", at)
        return read_tagtype(reader)
    if kind == MODULE or kind == INSTANCE:
        need_linking(reader, f"import kind: byte {kind:#04x}", at)
        return int(reader.read_u32())
    if kind == ONE_NAME:
        need_linking(reader, f"import kind: byte {kind:#04x}", at)
    raise reader.malformed(f"malformed import kind: byte {kind:#04x}", at)


def read_function_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_FUNCTIONS, "functions")
    func_types = module.func_types
    for _ in range(count):
        func_types.append(int(reader.read_u32()))


def read_table_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_TABLES, "tables")
    for _ in range(count):
        start = reader.next
        init: ConstExpr | None = None
        if start < reader.limit and reader.code[start] == TABLE_WITH_INIT:
            reader.need(FUNCTION_REFERENCES_BIT, "table", start)
            reader.next = start + 1
            if reader.read_byte():
                raise reader.malformed("malformed table: zero byte expected", start + 1)
            table = read_tabletype(reader)
            init = read_const_expr(reader)
        else:
            table = read_tabletype(reader)
        module.tables.append(TableDef(table, init, int(start)))


def read_memory_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_MEMORIES, "memories")
    for _ in range(count):
        module.memories.append(read_memtype(reader))


def read_tag_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_TAGS, "tags")
    for _ in range(count):
        module.tags.append(read_tagtype(reader))


def read_global_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_GLOBALS, "globals")
    for _ in range(count):
        start = reader.next
        type = read_globaltype(reader)
        module.globals.append(GlobalDef(type, read_const_expr(reader), int(start)))


def read_export_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_EXPORTS, "exports")
    for _ in range(count):
        start = reader.next
        name = reader.read_name()
        at = reader.next
        kind: i64 = reader.read_byte()
        if kind > INSTANCE:
            raise reader.malformed(f"malformed export kind: byte {kind:#04x}", at)
        if kind == TAG:
            reader.need(EXCEPTIONS_BIT, "export kind", at)
        elif kind > TAG:
            need_linking(reader, f"export kind: byte {kind:#04x}", at)
        module.exports.append(Export(name, int(kind), int(reader.read_u32()), int(start)))


def read_start_section(reader: Reader, module: Module) -> None:
    module.start_offset = int(reader.next)
    module.start = int(reader.read_u32())


def read_element_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_ELEM_SEGMENTS, "element segments")
    for _ in range(count):
        module.elems.append(read_elem_segment(reader))


def read_elem_segment(reader: Reader) -> ElemSegment:
    """One of eight forms: active, passive or declarative; functions or expressions; table and type implied or not."""
    start = reader.next
    flags: i64 = reader.read_u32()
    if flags > 7:
        raise reader.malformed(f"malformed elements segment kind: {flags}", start)
    if flags:
        reader.need(BULK_MEMORY_BIT, "elements segment kind", start)
    table = 0
    offset_expr: ConstExpr | None = None
    if flags & NOT_ACTIVE:
        mode = DECLARATIVE if flags & EXPLICIT else PASSIVE
    else:
        mode = ACTIVE
        if flags & EXPLICIT:
            table = int(reader.read_u32())
        offset_expr = read_const_expr(reader)
    implied_type = flags & (NOT_ACTIVE | EXPLICIT) == 0
    if flags & EXPRS:
        element = FUNCREF if implied_type else ValType(reader.read_reftype())
        return ElemSegment(mode, element, table, offset_expr, None, read_exprs(reader), int(start))
    if not implied_type:
        at = reader.next
        kind: i64 = reader.read_byte()
        if kind:
            raise reader.malformed(f"malformed element kind: byte {kind:#04x}", at)
    return ElemSegment(mode, FUNCS_ELEMENT, table, offset_expr, read_func_indices(reader), None, int(start))


def read_func_indices(reader: Reader) -> list[int]:
    count: i64 = reader.read_count(MAX_TABLE_ELEMENTS, "elements")
    return [int(reader.read_u32()) for _ in range(count)]


def read_exprs(reader: Reader) -> list[ConstExpr]:
    count: i64 = reader.read_count(MAX_TABLE_ELEMENTS, "elements")
    return [read_const_expr(reader) for _ in range(count)]


def read_data_count_section(reader: Reader, module: Module) -> None:
    module.data_count = int(reader.read_u32())


def read_data_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_DATA_SEGMENTS, "data segments")
    for _ in range(count):
        module.datas.append(read_data_segment(reader))


def read_data_segment(reader: Reader) -> DataSegment:
    start = reader.next
    flags: i64 = reader.read_u32()
    if flags > 2:
        raise reader.malformed(f"malformed data segment kind: {flags}", start)
    if flags == 1:
        reader.need(BULK_MEMORY_BIT, "data segment kind", start)
    memory = int(reader.read_u32()) if flags == 2 else 0
    offset_expr = None if flags == 1 else read_const_expr(reader)
    length: i64 = reader.read_u32()
    first = int(reader.next)
    reader.skip(length)
    mode = PASSIVE if flags == 1 else ACTIVE
    return DataSegment(mode, memory, offset_expr, first, int(reader.next), int(start))
