"""Bytes -> `wasm.Module` (spec: Binary Format, Modules). In: a whole binary; out: its sections as data.

Function bodies and constant expressions are located, not decoded. Raises MalformedError, UnsupportedError for what
is beyond a limit of `limits.py`.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.code import read_code_section
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
from taipan.errors import MalformedError
from taipan.features import Features
from taipan.limits import MAX_MODULE_BYTES, too_many
from taipan.wasm.cursor import EXCEPTIONS_BIT
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


def decode(data: bytes, features: Features) -> Module:
    """The module in `data`; every offset in it counts from the first byte of `data`."""
    check_header(data)
    reader = Reader(data, features)
    reader.next = 8
    module = Module(data)
    end = len(data)
    last_place = 0
    last_section = CUSTOM
    while reader.next < end:
        start = reader.next
        section = int(reader.read_byte())
        if section > TAG or (section == TAG and reader.disabled & EXCEPTIONS_BIT):
            raise reader.malformed(f"malformed section id: {section}", start)
        if section == DATA_COUNT and reader.disabled & BULK_MEMORY_BIT:
            raise reader.malformed("malformed section id: data count needs the feature bulk-memory", start)
        size: i64 = reader.read_u32()
        if size > end - reader.next:
            raise reader.malformed(f"length out of bounds: {SECTION_NAMES[section]} section of {size} bytes", start)
        section_end = reader.next + size
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
    check_lengths(reader, module)
    module.finish()
    return module


def check_header(data: bytes) -> None:
    if not data.startswith(MAGIC):
        if len(data) < len(MAGIC):
            raise MalformedError("unexpected end: the module has no header", len(data))
        raise MalformedError("magic header not detected", 0)
    version = data[4:8]
    if len(version) < 4:
        raise MalformedError("unexpected end: the module has no version", len(data))
    if version == COMPONENT_VERSION:
        raise MalformedError("unknown binary version: this is a component, not a core module", 4)
    if version != VERSION:
        raise MalformedError(f"unknown binary version: {version.hex(' ')}", 4)
    if len(data) > MAX_MODULE_BYTES:
        raise too_many("bytes of a module", len(data), MAX_MODULE_BYTES)


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
