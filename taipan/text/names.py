"""Writing the name section (spec: appendix, Name Section); `binary.names` reads it."""

from __future__ import annotations

from librt.strings import BytesWriter

from taipan.binary import names as sections
from taipan.binary.leb128 import write_bytes, write_name, write_u32
from taipan.binary.names import IndirectNameMap, NameMap, Names


def encode_names(names: Names) -> bytes:
    """Contents of a name section, subsections and indices in ascending order; empty if there is no name at all."""
    out = BytesWriter()
    module = BytesWriter()
    if names.module is not None:
        write_name(module, names.module)
    _subsection(out, sections.MODULE, module.getvalue())
    _subsection(out, sections.FUNCS, _map(names.funcs))
    _subsection(out, sections.LOCALS, _indirect_map(names.locals))
    _subsection(out, sections.LABELS, _indirect_map(names.labels))
    _subsection(out, sections.TYPES, _map(names.types))
    _subsection(out, sections.TABLES, _map(names.tables))
    _subsection(out, sections.MEMORIES, _map(names.memories))
    _subsection(out, sections.GLOBALS, _map(names.globals))
    _subsection(out, sections.ELEMS, _map(names.elems))
    _subsection(out, sections.DATAS, _map(names.datas))
    _subsection(out, sections.FIELDS, _indirect_map(names.fields))
    _subsection(out, sections.TAGS, _map(names.tags))
    return out.getvalue()


def _subsection(out: BytesWriter, kind: int, contents: bytes) -> None:
    if contents:
        out.append(kind)
        write_bytes(out, contents)


def _map(names: NameMap) -> bytes:
    if not names:
        return b""
    out = BytesWriter()
    write_u32(out, len(names))
    for index in sorted(names):
        write_u32(out, index)
        write_name(out, names[index])
    return out.getvalue()


def _indirect_map(maps: IndirectNameMap) -> bytes:
    filled = [index for index in sorted(maps) if maps[index]]
    if not filled:
        return b""
    out = BytesWriter()
    write_u32(out, len(filled))
    for index in filled:
        write_u32(out, index)
        out.write(_map(maps[index]))
    return out.getvalue()
