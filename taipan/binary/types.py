"""The type section and the types of tables, memories, globals and tags (spec: Binary Format, Types)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.reader import Reader
from taipan.limits import MAX_PARAMS, MAX_RESULTS, MAX_STRUCT_FIELDS, MAX_TYPES, too_many
from taipan.wasm.cursor import FEATURE_BITS
from taipan.wasm.linking import TypeGroup
from taipan.wasm.module import Module
from taipan.wasm.types import (
    I8,
    I16,
    ArrayType,
    CompType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
)

GC_BIT: Final = FEATURE_BITS["gc"]
MEMORY64_BIT: Final = FEATURE_BITS["memory64"]
THREADS_BIT: Final = FEATURE_BITS["threads"]
CUSTOM_PAGE_SIZES_BIT: Final = FEATURE_BITS["custom-page-sizes"]
CUSTOM_DESCRIPTORS_BIT: Final = FEATURE_BITS["custom-descriptors"]

# Bytes of the type section.
REC: Final = 0x4E
SUB_FINAL: Final = 0x4F
SUB: Final = 0x50
DESCRIPTOR: Final = 0x4D
DESCRIBES: Final = 0x4C
FUNC: Final = 0x60
STRUCT: Final = 0x5F
ARRAY: Final = 0x5E
MODULE_TYPE: Final = 0x61
INSTANCE_TYPE: Final = 0x62

# Bits of a limits flag byte.
HAS_MAX: Final = 1
SHARED: Final = 2
IS_64: Final = 4
HAS_PAGE_SIZE: Final = 8


def read_type_section(reader: Reader, module: Module, listed: bool = False) -> None:
    """listed: whether module and instance types are in their later encoding (`linking.py`)."""
    definitions = module.definitions
    count: i64 = reader.read_count(MAX_TYPES, "types")
    types = module.types
    groups = module.rec_groups
    for _ in range(count):
        first = len(types)
        at = reader.next
        if at < reader.limit and reader.code[at] == REC:
            reader.need(GC_BIT, "definition type", at)
            reader.next = at + 1
            size: i64 = reader.read_count(MAX_TYPES, "types of a recursion group")
            for _ in range(size):
                types.append(read_subtype(reader))
        else:
            types.append(read_subtype(reader, 1 if listed else 0))
        if len(types) > MAX_TYPES:
            raise too_many("types", len(types), MAX_TYPES)
        groups.append((first, len(types) - first))
        if definitions is not None:
            definitions.append(TypeGroup(first, len(types) - first, int(at)))


def read_subtype(reader: Reader, listed: int = 0) -> SubType:
    """listed: 0 where module and instance types are in their first encoding; in the later one, how deep this is."""
    at = reader.next
    byte: i64 = reader.read_byte()
    if byte == FUNC:
        return SubType(read_functype(reader))
    if byte == MODULE_TYPE or byte == INSTANCE_TYPE:
        from taipan.binary.linking import read_link_type  # such types contain all that imports can be
        from taipan.binary.sections import need_linking

        need_linking(reader, f"definition type: byte {byte:#04x}", at)
        return SubType(read_link_type(reader, byte, listed))
    final = True
    supertypes: tuple[int, ...] = ()
    if byte == SUB or byte == SUB_FINAL:
        reader.need(GC_BIT, "definition type", at)
        final = byte == SUB_FINAL
        count: i64 = reader.read_count(MAX_TYPES, "supertypes")
        supertypes = tuple([int(reader.read_u32()) for _ in range(count)])
        at = reader.next
        byte = reader.read_byte()
    # The two clauses of custom descriptors come in this order, each at most once.
    describes = descriptor = -1
    if byte == DESCRIBES:
        reader.need(CUSTOM_DESCRIPTORS_BIT, "definition type", at)
        describes = int(reader.read_u32())
        at = reader.next
        byte = reader.read_byte()
    if byte == DESCRIPTOR:
        reader.need(CUSTOM_DESCRIPTORS_BIT, "definition type", at)
        descriptor = int(reader.read_u32())
        at = reader.next
        byte = reader.read_byte()
    return SubType(read_comptype(reader, byte, at), final, supertypes, describes, descriptor)


def read_comptype(reader: Reader, byte: i64, at: i64) -> CompType:
    """A composite type whose first byte, at offset `at`, was read already."""
    if byte == FUNC:
        return read_functype(reader)
    if byte == STRUCT:
        reader.need(GC_BIT, "definition type", at)
        count: i64 = reader.read_count(MAX_STRUCT_FIELDS, "struct fields")
        return StructType(tuple([read_fieldtype(reader) for _ in range(count)]))
    if byte == ARRAY:
        reader.need(GC_BIT, "definition type", at)
        return ArrayType(read_fieldtype(reader))
    if byte >= 0x80:
        raise reader.malformed("integer representation too long", at)  # the byte is an s7
    raise reader.malformed(f"malformed definition type: byte {byte:#04x}", at)


def read_functype(reader: Reader) -> FuncType:
    params = read_valtypes(reader, MAX_PARAMS, "parameters")
    return FuncType(params, read_valtypes(reader, MAX_RESULTS, "results"))


def read_valtypes(reader: Reader, limit: int, what: str) -> tuple[ValType, ...]:
    count: i64 = reader.read_count(limit, what)
    if count == 0:
        return ()
    if count == 1:
        return (ValType(reader.read_valtype()),)
    return tuple([ValType(reader.read_valtype()) for _ in range(count)])


def read_fieldtype(reader: Reader) -> FieldType:
    at = reader.next
    if at < reader.limit and reader.code[at] == 0x78:
        reader.next = at + 1
        storage = I8
    elif at < reader.limit and reader.code[at] == 0x77:
        reader.next = at + 1
        storage = I16
    else:
        storage = ValType(reader.read_valtype("storage type"))
    return FieldType(storage, read_mutability(reader))


def read_mutability(reader: Reader) -> bool:
    at = reader.next
    byte: i64 = reader.read_byte()
    if byte > 1:
        raise reader.malformed(f"malformed mutability: byte {byte:#04x}", at)
    return byte == 1


def read_tabletype(reader: Reader) -> TableType:
    element = ValType(reader.read_reftype())
    at = reader.next
    flags: i64 = reader.read_byte()
    if flags & ~(HAS_MAX | IS_64):
        raise reader.malformed(f"malformed limits flags: {flags:#04x}", at)
    if flags & IS_64:
        reader.need(MEMORY64_BIT, "limits flags", at)
    return TableType(element, read_limits(reader, flags), flags & IS_64 != 0)


def read_memtype(reader: Reader) -> MemType:
    at = reader.next
    flags: i64 = reader.read_byte()
    if flags & ~(HAS_MAX | SHARED | IS_64 | HAS_PAGE_SIZE):
        raise reader.malformed(f"malformed limits flags: {flags:#04x}", at)
    if flags & SHARED:
        reader.need(THREADS_BIT, "limits flags", at)
    if flags & IS_64:
        reader.need(MEMORY64_BIT, "limits flags", at)
    if flags & HAS_PAGE_SIZE:
        reader.need(CUSTOM_PAGE_SIZES_BIT, "limits flags", at)
    limits = read_limits(reader, flags)
    page_size_log2: i64 = 16
    if flags & HAS_PAGE_SIZE:
        at = reader.next
        page_size_log2 = reader.read_u32()
        if page_size_log2 >= 64:
            raise reader.malformed(f"invalid custom page size: 2^{page_size_log2}", at)
    return MemType(limits, flags & IS_64 != 0, flags & SHARED != 0, int(page_size_log2))


def read_limits(reader: Reader, flags: i64) -> Limits:
    minimum = unsigned(reader.read_u64())
    return Limits(minimum, unsigned(reader.read_u64()) if flags & HAS_MAX else None)


def unsigned(value: i64) -> int:
    """The 64-bit number whose two's complement is `value`."""
    number = int(value)
    return number if number >= 0 else number + 0x1_0000_0000_0000_0000


def read_globaltype(reader: Reader) -> GlobalType:
    content = ValType(reader.read_valtype())
    return GlobalType(content, read_mutability(reader))


def read_tagtype(reader: Reader) -> TagType:
    at = reader.next
    attribute: i64 = reader.read_byte()
    if attribute:
        raise reader.malformed(f"malformed tag attribute: byte {attribute:#04x}", at)
    return TagType(int(reader.read_u32()))
