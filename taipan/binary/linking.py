"""Sections of module linking, and the module and instance types in the type section.

The encoding is that of wasm-tools in 2022, which Wasmtime used:

    type      0x61 vec(import) vec(export), 0x62 vec(export), beside the core types
    import    name, 0x00 0xFF, kind and type: an import with one name
    module    14: vec(size, a module)
    instance  15: vec(0x00 module vec(name kind index)), or 0x01 vec(name kind index) for items that are there
    alias     16: vec(0x00 instance kind name), or 0x01 depth kind index for what is outside

The proposal's later text has 0x61 and 0x62 followed by a list of definitions with a type index space of its own; a type
section that makes no sense in the first encoding is read in the second.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.reader import Reader
from taipan.binary.sections import read_import_desc, read_second_name
from taipan.binary.types import MODULE_TYPE, read_subtype
from taipan.limits import MAX_EXPORTS, MAX_IMPORTS, MAX_INSTANCES, MAX_TYPE_DEPTH, MAX_TYPES, too_many
from taipan.wasm.linking import (
    Bundle,
    ExportAlias,
    InstanceTypeDef,
    Instantiate,
    Item,
    LocalTypes,
    ModuleTypeDef,
    OuterAlias,
    TypeItem,
)
from taipan.wasm.module import INSTANCE, TYPE, Module
from taipan.wasm.types import LinkType, StructType, SubType

# Definitions in a type of the later encoding.
LOCAL_TYPE: Final = 1
LOCAL_IMPORT: Final = 2
LOCAL_EXPORT: Final = 7
LOCAL_ALIAS: Final = 15

# What an alias is of, and what an instance is made from.
OF_INSTANCE: Final = 0
OF_OUTER: Final = 1
FROM_MODULE: Final = 0
FROM_ITEMS: Final = 1

UNRESOLVED: Final = SubType(StructType(()))
"""In the type space of a nested module: a type of an enclosing one, until `validate.linking` has been there."""


def read_kind(reader: Reader, what: str) -> int:
    """FUNC to INSTANCE."""
    at = reader.next
    kind: i64 = reader.read_byte()
    if kind > INSTANCE:
        raise reader.malformed(f"malformed {what} kind: byte {kind:#04x}", at)
    return int(kind)


def read_items(reader: Reader, what: str) -> list[Item]:
    count: i64 = reader.read_count(MAX_IMPORTS, what)
    items: list[Item] = []
    for _ in range(count):
        name = reader.read_name()
        kind = read_kind(reader, "item")
        items.append((name, kind, int(reader.read_u32())))
    return items


def read_instance_section(reader: Reader, module: Module) -> None:
    definitions = module.definitions
    assert definitions is not None
    count: i64 = reader.read_count(MAX_INSTANCES, "instances")
    for _ in range(count):
        start = reader.next
        form: i64 = reader.read_byte()
        if form == FROM_MODULE:
            index = int(reader.read_u32())
            definitions.append(Instantiate(index, read_items(reader, "arguments of an instance"), int(start)))
        elif form == FROM_ITEMS:
            definitions.append(Bundle(read_items(reader, "items of an instance"), int(start)))
        else:
            raise reader.malformed(f"malformed instance: byte {form:#04x}", start)


def read_alias_section(reader: Reader, module: Module) -> None:
    definitions = module.definitions
    assert definitions is not None
    count: i64 = reader.read_count(MAX_IMPORTS, "aliases")
    for _ in range(count):
        start = reader.next
        form: i64 = reader.read_byte()
        if form == OF_INSTANCE:
            instance = int(reader.read_u32())
            kind = read_kind(reader, "alias")
            definitions.append(ExportAlias(instance, kind, reader.read_name(), int(start)))
        elif form == OF_OUTER:
            own = len(module.types)
            alias = read_outer_alias(reader, int(start), own)
            if alias.kind == TYPE:
                module.rec_groups.append((own, 1))
                module.types.append(UNRESOLVED)
            definitions.append(alias)
        else:
            raise reader.malformed(f"malformed alias: byte {form:#04x}", start)


def read_outer_alias(reader: Reader, start: int, own: int) -> OuterAlias:
    """own: the type index it gets if it is of a type."""
    depth = int(reader.read_u32())
    kind = int(reader.read_byte())
    # other kinds are well-formed, and refused by the validator
    if kind > TYPE:
        raise reader.malformed(f"malformed alias kind: byte {kind:#04x}", reader.next - 1)
    return OuterAlias(depth, kind, int(reader.read_u32()), start, own if kind == TYPE else -1)


# --- types ---


def read_link_type(reader: Reader, byte: i64, listed: int) -> LinkType:
    """A module or instance type whose first byte was read. listed: as in `types.read_subtype`."""
    if listed:
        return read_listed_type(reader, byte == MODULE_TYPE, listed)
    imports: list[TypeItem] = []
    if byte == MODULE_TYPE:
        count: i64 = reader.read_count(MAX_IMPORTS, "imports of a module type")
        for _ in range(count):
            imports.append(read_type_import(reader))
    exports: list[TypeItem] = []
    count = reader.read_count(MAX_EXPORTS, "exports of a type")
    for _ in range(count):
        exports.append(read_type_export(reader))
    return ModuleTypeDef(imports, exports) if byte == MODULE_TYPE else InstanceTypeDef(exports)


def read_type_import(reader: Reader) -> TypeItem:
    first = reader.read_name()
    second = read_second_name(reader)
    at = reader.next
    kind = read_kind(reader, "import")
    desc = read_import_desc(reader, kind, at)
    return TypeItem(first, kind, desc) if second is None else TypeItem(second, kind, desc, first)


def read_type_export(reader: Reader) -> TypeItem:
    name = reader.read_name()
    at = reader.next
    kind = read_kind(reader, "export")
    return TypeItem(name, kind, read_import_desc(reader, kind, at))


def read_listed_type(reader: Reader, is_module: bool, depth: int) -> LinkType:
    """A type as a list of definitions. depth: how many types it is inside of, itself included."""
    if depth > MAX_TYPE_DEPTH:
        raise too_many("module and instance types inside each other", depth, MAX_TYPE_DEPTH)
    entries: list[SubType | OuterAlias] = []
    imports: list[TypeItem] = []
    exports: list[TypeItem] = []
    count: i64 = reader.read_count(MAX_TYPES, "definitions of a type")
    for _ in range(count):
        at = reader.next
        form: i64 = reader.read_byte()
        if form == LOCAL_TYPE:
            entries.append(read_subtype(reader, depth + 1))
        elif form == LOCAL_ALIAS:
            if reader.read_byte() != OF_OUTER:
                raise reader.malformed("malformed alias in a type: only of an outer type", at)
            entries.append(read_outer_alias(reader, int(at), len(entries)))
        elif form == LOCAL_IMPORT and is_module:
            imports.append(read_type_import(reader))
        elif form == LOCAL_EXPORT:
            exports.append(read_type_export(reader))
        else:
            raise reader.malformed(f"malformed definition in a type: byte {form:#04x}", at)
    local = LocalTypes(entries)
    return ModuleTypeDef(imports, exports, local) if is_module else InstanceTypeDef(exports, local)
