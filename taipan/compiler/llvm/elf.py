"""Reads what LLVM makes: relocatable ELF files of 64-bit little-endian machines. Only what `link.py` asks for."""

from __future__ import annotations

from struct import Struct, unpack_from
from typing import Final, NamedTuple, final

from taipan.errors import InternalError

SHT_SYMTAB: Final = 2
SHT_RELA: Final = 4
SHT_NOBITS: Final = 8

_SECTION: Final = Struct("<IIQQQQIIQQ")  # name type flags addr offset size link info addralign entsize
_SYMBOL: Final = Struct("<IBBHQQ")  # name info other shndx value size
_RELA: Final = Struct("<QQq")  # offset info addend


class Section(NamedTuple):
    """data: its bytes.  entsize: size of its elements if they are equally long, e.g. constants, else 0."""

    name: str
    data: bytes
    align: int
    entsize: int


class Symbol(NamedTuple):
    """section: an index, 0 if it is defined elsewhere.  value, size: bytes in that section."""

    name: str
    section: int
    value: int
    size: int


class Relocation(NamedTuple):
    """offset: of the field, in its section.  kind: R_*.  symbol: an index."""

    offset: int
    kind: int
    symbol: int
    addend: int


@final
class ObjectFile:
    """sections, symbols: in the file's order.  relocations: of each section that has any, by offset."""

    def __init__(self, data: bytes) -> None:
        """Raises InternalError for anything that is not such a file."""
        if data[:6] != b"\x7fELF\x02\x01":
            raise InternalError("bug: LLVM made no 64-bit little-endian ELF file")
        table = int(unpack_from("<Q", data, 0x28)[0])
        entry, count, names = (int(x) for x in unpack_from("<HHH", data, 0x3A))
        rows = [_SECTION.unpack_from(data, table + entry * i) for i in range(count)]

        def content(i: int) -> bytes:
            _, kind, _, _, offset, size, _, _, _, _ = rows[i]
            return b"" if kind == SHT_NOBITS else data[offset : offset + size]

        strings = content(names)
        self.sections: Final = [
            Section(text_at(strings, row[0]), content(i), max(row[8], 1), row[9]) for i, row in enumerate(rows)
        ]
        self.symbols: Final[list[Symbol]] = []
        self.relocations: Final[dict[int, list[Relocation]]] = {}
        for i, row in enumerate(rows):
            if row[1] == SHT_SYMTAB:
                strings = content(row[6])
                for name, _, _, section, value, size in _SYMBOL.iter_unpack(content(i)):
                    self.symbols.append(Symbol(text_at(strings, name), section, value, size))
            elif row[1] == SHT_RELA:
                found = [
                    Relocation(at, info & 0xFFFF_FFFF, info >> 32, n) for at, info, n in _RELA.iter_unpack(content(i))
                ]
                self.relocations[row[7]] = sorted(found)

    def section_index(self, name: str) -> int:
        """0 if there is none of that name."""
        return next((i for i, section in enumerate(self.sections) if section.name == name), 0)


def text_at(strings: bytes, offset: int) -> str:
    """The zero-terminated string that begins there."""
    return strings[offset : strings.index(0, offset)].decode()
