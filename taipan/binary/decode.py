"""Bytes -> `wasm.Module` (spec: Binary Format, Modules). In: a whole binary; out: its sections as data.

Function bodies and constant expressions are located, not decoded. Raises MalformedError, UnsupportedError for what
is beyond a limit of `limits.py`.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.code import read_code_section
from taipan.binary.linking import read_alias_section, read_instance_section
from taipan.binary.reader import Reader
from taipan.binary.sections import (
    BULK_MEMORY_BIT,
    read_data_count_section,
    read_data_section,
    read_element_section,
    read_export_section,
    read_function_section,
    read_global_section,
    read_import_section,
    read_memory_section,
    read_start_section,
    read_table_section,
    read_tag_section,
)
from taipan.binary.types import read_type_section
from taipan.errors import InvalidError, MalformedError
from taipan.features import Features
from taipan.limits import MAX_FILE_MODULES, MAX_MODULE_BYTES, MAX_MODULE_DEPTH, MAX_NESTED_MODULES, too_many
from taipan.wasm.cursor import EXCEPTIONS_BIT, MODULE_LINKING_BIT
from taipan.wasm.linking import NestedModule
from taipan.wasm.module import CustomSection, Module

MAGIC: Final = b"\0asm"
VERSION: Final = b"\1\0\0\0"
COMPONENT_VERSION: Final = b"\x0d\0\1\0"

# Section ids, and each one's place in a module, starting with 1.
CUSTOM: Final = 0
TYPE: Final = 1
IMPORT: Final = 2
FUNCTION: Final = 3
TABLE: Final = 4
MEMORY: Final = 5
GLOBAL: Final = 6
EXPORT: Final = 7
START: Final = 8
ELEMENT: Final = 9
CODE: Final = 10
DATA: Final = 11
DATA_COUNT: Final = 12
TAG: Final = 13
MODULE: Final = 14  # this and the next two: with module linking
INSTANCE: Final = 15
ALIAS: Final = 16
ORDER: Final = (TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, GLOBAL, EXPORT, START, ELEMENT, DATA_COUNT, CODE, DATA)
SECTION_NAMES: Final = (
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
)
LINKING_ORDER: Final = frozenset((CUSTOM, TYPE, IMPORT, MODULE, INSTANCE, ALIAS))
LINKING_NAMES: Final = (*SECTION_NAMES, "module", "instance", "alias")


def decode(data: bytes, features: Features) -> Module:
    """The module in `data`; every offset in it counts from the first byte of `data`."""
    if len(data) > MAX_MODULE_BYTES:
        check_header(data, 0)
        raise too_many("bytes of a module", len(data), MAX_MODULE_BYTES)
    return read_module(Reader(data, features), 0, 0)


def read_module(reader: Reader, origin: i64, depth: int) -> Module:
    """The module whose first byte is at `origin`, up to the reader's limit. depth: how many are around it."""
    check_header(reader.code[origin : min(origin + 8, reader.limit)], int(origin))
    reader.next = origin + 8
    module = Module(reader.code, int(origin))
    if not reader.disabled & MODULE_LINKING_BIT:
        module.definitions = []
        read_linking_sections(reader, module, depth)
    read_sections(reader, module, reader.limit)
    check_lengths(reader, module)
    module.finish()
    return module


def read_linking_sections(reader: Reader, module: Module, depth: int) -> None:
    """What may come in any order, any number of times, before the other sections."""
    last_section = CUSTOM
    while reader.next < reader.limit:
        start = reader.next
        section = int(reader.code[start])
        if section not in LINKING_ORDER:
            return
        reader.next = start + 1
        end = read_section_size(reader, section, start)
        if section == CUSTOM:
            read_custom_section(reader, module, last_section, end)
            continue
        last_section = section
        if section == TYPE:
            read_types_in_either_encoding(reader, module, end)
        elif section == IMPORT:
            read_import_section(reader, module)
        elif section == INSTANCE:
            read_instance_section(reader, module)
        elif section == ALIAS:
            read_alias_section(reader, module)
        else:
            read_module_section(reader, module, depth)
        if reader.next != end:
            raise reader.malformed(f"section size mismatch: {LINKING_NAMES[section]} section", reader.next)


def read_types_in_either_encoding(reader: Reader, module: Module, end: i64) -> None:
    """A type section that ends at `end`: as 2022's tools wrote it, or else as the proposal's last text has it."""
    start = reader.next
    definitions = module.definitions
    assert definitions is not None
    before = (len(module.types), len(module.rec_groups), len(definitions))
    error: MalformedError | None = None
    try:
        read_type_section(reader, module)
        if reader.next == end:
            return
        error = reader.malformed("section size mismatch: type section", reader.next)
    except MalformedError as raised:
        error = raised
    del module.types[before[0] :], module.rec_groups[before[1] :], definitions[before[2] :]
    reader.next = start
    try:
        read_type_section(reader, module, True)
    except MalformedError:
        raise error from None
    if reader.next != end:
        raise error


def read_module_section(reader: Reader, module: Module, depth: int) -> None:
    definitions = module.definitions
    assert definitions is not None
    if depth >= MAX_MODULE_DEPTH:
        raise too_many("modules inside each other", depth + 1, MAX_MODULE_DEPTH)
    count: i64 = reader.read_count(MAX_NESTED_MODULES, "modules in a module")
    limit = reader.limit
    for _ in range(count):
        start = reader.next
        reader.num_modules += 1
        if reader.num_modules > MAX_FILE_MODULES:
            raise too_many("modules in a file", reader.num_modules, MAX_FILE_MODULES)
        size: i64 = reader.read_length()
        reader.limit = reader.next + size
        definitions.append(NestedModule(read_module(reader, reader.next, depth + 1), int(start)))
        reader.limit = limit


def read_section_size(reader: Reader, section: int, start: i64) -> i64:
    """Where the section ends whose first byte, at `start`, was read."""
    size: i64 = reader.read_u32()
    if size > reader.limit - reader.next:
        name = LINKING_NAMES[section] if section < len(LINKING_NAMES) else str(section)
        raise reader.malformed(f"length out of bounds: {name} section of {size} bytes", start)
    return reader.next + size


def read_sections(reader: Reader, module: Module, end: i64) -> None:
    """The sections that have their places in a module, up to its end."""
    linking = module.definitions is not None
    last_place = 0
    last_section = CUSTOM
    while reader.next < end:
        start = reader.next
        section = int(reader.read_byte())
        if linking and section in LINKING_ORDER and section != CUSTOM:
            raise InvalidError(f"section out of order: {LINKING_NAMES[section]} section after others", int(start))
        if section > TAG or (section == TAG and reader.disabled & EXCEPTIONS_BIT):
            why = " (module linking proposal not enabled)" if MODULE <= section <= ALIAS and not linking else ""
            raise reader.malformed(f"malformed section id: {section}{why}", start)
        if section == DATA_COUNT and reader.disabled & BULK_MEMORY_BIT:
            raise reader.malformed("malformed section id: data count needs the feature bulk-memory", start)
        section_end = read_section_size(reader, section, start)
        if section == CUSTOM:
            read_custom_section(reader, module, last_section, section_end)
            continue
        place = ORDER.index(section) + 1
        if place <= last_place:
            name, last = SECTION_NAMES[section], SECTION_NAMES[last_section]
            raise reader.malformed(f"unexpected content after last section: {name} section after {last} section", start)
        last_place = place
        last_section = section
        read_section(reader, module, section)
        if reader.next != section_end:
            raise reader.malformed(f"section size mismatch: {SECTION_NAMES[section]} section", reader.next)


def check_header(data: bytes, origin: int) -> None:
    """data: what begins at `origin`."""
    if not data.startswith(MAGIC):
        if len(data) < len(MAGIC):
            raise MalformedError("unexpected end: the module has no header", origin + len(data))
        raise MalformedError("magic header not detected", origin)
    version = data[4:8]
    if len(version) < 4:
        raise MalformedError("unexpected end: the module has no version", origin + len(data))
    if version == COMPONENT_VERSION:
        raise MalformedError("unknown binary version: this is a component, not a core module", origin + 4)
    if version != VERSION:
        raise MalformedError(f"unknown binary version: {version.hex(' ')}", origin + 4)


def read_custom_section(reader: Reader, module: Module, after: int, end: i64) -> None:
    """A custom section that ends at `end`. after: id of the known section before it."""
    start = reader.next
    name = reader.read_name()
    if reader.next > end:
        raise reader.malformed("unexpected end: the name is longer than its custom section", start)
    data = reader.code[reader.next : end]
    reader.next = end
    module.customs.append(CustomSection(name, data, after, int(start)))


def read_section(reader: Reader, module: Module, section: int) -> None:
    if section == TYPE:
        read_type_section(reader, module)
    elif section == IMPORT:
        read_import_section(reader, module)
    elif section == FUNCTION:
        read_function_section(reader, module)
    elif section == TABLE:
        read_table_section(reader, module)
    elif section == MEMORY:
        read_memory_section(reader, module)
    elif section == TAG:
        read_tag_section(reader, module)
    elif section == GLOBAL:
        read_global_section(reader, module)
    elif section == EXPORT:
        read_export_section(reader, module)
    elif section == START:
        read_start_section(reader, module)
    elif section == ELEMENT:
        read_element_section(reader, module)
    elif section == DATA_COUNT:
        read_data_count_section(reader, module)
    elif section == CODE:
        read_code_section(reader, module)
    else:
        read_data_section(reader, module)


def check_lengths(reader: Reader, module: Module) -> None:
    """Sections that must agree, also where one of them is missing."""
    functions, bodies = len(module.func_types), len(module.body_starts)
    if functions != bodies:
        raise reader.malformed(
            f"function and code section have inconsistent lengths: {functions} functions, {bodies} bodies", reader.next
        )
    count = module.data_count
    if count is not None and count != len(module.datas):
        raise reader.malformed(
            f"data count and data section have inconsistent lengths: {count} announced, {len(module.datas)} found",
            reader.next,
        )
