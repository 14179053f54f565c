"""The name section, with the subsections of the extended-name-section proposal (spec: appendix, Name Section).

Read when somebody asks for a name. A malformed name section is never an error: what was read before the first fault
is kept, the rest of its subsection is dropped.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final, final

from mypy_extensions import i64

from taipan.errors import MalformedError
from taipan.wasm.cursor import Cursor
from taipan.wasm.module import Module

NameMap = dict[int, str]
IndirectNameMap = dict[int, NameMap]

# Subsections.
MODULE: Final = 0
FUNCS: Final = 1
LOCALS: Final = 2
LABELS: Final = 3
TYPES: Final = 4
TABLES: Final = 5
MEMORIES: Final = 6
GLOBALS: Final = 7
ELEMS: Final = 8
DATAS: Final = 9
FIELDS: Final = 10
TAGS: Final = 11


@final
class Names:
    """Index -> name, for each index space; for locals and labels by function, for fields by type. module: or None."""

    __slots__ = (
        "datas",
        "elems",
        "fields",
        "funcs",
        "globals",
        "labels",
        "locals",
        "memories",
        "module",
        "tables",
        "tags",
        "types",
    )

    def __init__(self) -> None:
        self.module: str | None = None
        self.funcs: NameMap = {}
        self.locals: IndirectNameMap = {}
        self.labels: IndirectNameMap = {}
        self.types: NameMap = {}
        self.tables: NameMap = {}
        self.memories: NameMap = {}
        self.globals: NameMap = {}
        self.elems: NameMap = {}
        self.datas: NameMap = {}
        self.fields: IndirectNameMap = {}
        self.tags: NameMap = {}


def decode_names(module: Module) -> Names:
    """The names of the module's first name section; empty ones if it has none."""
    names = Names()
    for custom in module.customs:
        if custom.name == "name":
            read_subsections(custom.data, names)
            break
    return names


def read_subsections(data: bytes, names: Names) -> None:
    cursor = Cursor()
    cursor.code = data
    end = len(data)
    while cursor.next < end:
        cursor.limit = end
        try:
            kind = int(cursor.read_byte())
            size: i64 = cursor.read_u32()
        except MalformedError:
            return
        after = cursor.next + size
        cursor.limit = min(after, end)
        with suppress(MalformedError):
            read_subsection(cursor, kind, names)
        cursor.next = after


def read_subsection(cursor: Cursor, kind: int, names: Names) -> None:
    if kind == MODULE:
        names.module = read_name(cursor)
    elif kind == LOCALS:
        read_indirect_map(cursor, names.locals)
    elif kind == LABELS:
        read_indirect_map(cursor, names.labels)
    elif kind == FIELDS:
        read_indirect_map(cursor, names.fields)
    else:
        by_kind = {
            FUNCS: names.funcs,
            TYPES: names.types,
            TABLES: names.tables,
            MEMORIES: names.memories,
            GLOBALS: names.globals,
            ELEMS: names.elems,
            DATAS: names.datas,
            TAGS: names.tags,
        }
        if kind in by_kind:
            read_map(cursor, by_kind[kind])


def read_map(cursor: Cursor, into: NameMap) -> None:
    count: i64 = cursor.read_u32()
    while count > 0:
        index = int(cursor.read_u32())
        into[index] = read_name(cursor)
        count -= 1


def read_indirect_map(cursor: Cursor, into: IndirectNameMap) -> None:
    count: i64 = cursor.read_u32()
    while count > 0:
        inner: NameMap = {}
        into[int(cursor.read_u32())] = inner
        read_map(cursor, inner)
        count -= 1


def read_name(cursor: Cursor) -> str:
    """Invalid UTF-8 is replaced: the name is for people."""
    length: i64 = cursor.read_u32()
    start = cursor.next
    if length > cursor.limit - start:
        raise cursor.unexpected_end()
    cursor.next = start + length
    return cursor.code[start : start + length].decode("utf-8", "replace")
