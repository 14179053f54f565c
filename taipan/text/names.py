"""The name section's contents as data, and their encoding (spec: appendix, Name Section).

The text parser fills a `ModuleNames` from identifiers and `@name` annotations. Labels, types, fields and the rest are
those of the extended name section.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter

from taipan.text.assemble import write_uleb

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

NameMap = dict[int, bytes]
IndirectNameMap = dict[int, NameMap]


@final
class ModuleNames:
    """module: the module's name, or None.  maps: by subsection id.  indirect: locals, labels and fields."""

    __slots__ = ("indirect", "maps", "module")

    def __init__(self) -> None:
        self.module: bytes | None = None
        self.maps: dict[int, NameMap] = {}
        self.indirect: dict[int, IndirectNameMap] = {}

    def encode(self) -> bytes:
        """The section's contents; empty if there is no name at all."""
        out = BytesWriter()
        for section in range(MODULE, TAGS + 1):
            body = BytesWriter()
            if section == MODULE and self.module is not None:
                _write_name(body, self.module)
            elif self.maps.get(section):
                _write_map(body, self.maps[section])
            elif section in self.indirect:
                _write_indirect(body, self.indirect[section])
            if len(body):
                out.append(section)
                write_uleb(out, len(body))
                out.write(body.getvalue())
        return out.getvalue()


def _write_name(out: BytesWriter, name: bytes) -> None:
    write_uleb(out, len(name))
    out.write(name)


def _write_map(out: BytesWriter, names: NameMap) -> None:
    write_uleb(out, len(names))
    for index in sorted(names):
        write_uleb(out, index)
        _write_name(out, names[index])


def _write_indirect(out: BytesWriter, maps: IndirectNameMap) -> None:
    filled = [index for index in sorted(maps) if maps[index]]
    if filled:
        write_uleb(out, len(filled))
        for index in filled:
            write_uleb(out, index)
            _write_map(out, maps[index])
