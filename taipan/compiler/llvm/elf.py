"""What LLVM makes, a relocatable ELF file, with its symbols and relocations: what `link.py` asks for."""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple, final

from taipan.compiler import elf
from taipan.errors import InternalError, MalformedError

_SYMBOL: Final = Struct("<IBBHQQ")  # name info other shndx value size
_RELA: Final = Struct("<QQq")  # offset info addend
_CONSTANTS: Final = ".rodata.cst"
"""Begins the name of a section of equally long constants. `.rodata.str4.4` is none: a table whose only zero is its last
element counts as a string there, and what is equally long are its letters."""


class Section(NamedTuple):
    """data: its bytes.  entsize: size of each constant if it holds equally long ones and nothing else, else 0.

    align: what the most demanding of its contents needs.
    """

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
        try:
            _, sections = elf.read(data)
        except MalformedError as error:
            raise InternalError(f"bug: LLVM made no ELF file that can be read: {error}") from None

        def content(section: elf.Section) -> bytes:
            return data[section.offset : section.offset + section.size]

        self.sections: Final = [
            Section(
                section.name,
                content(section),
                max(section.align, 1),
                section.entry_size if section.name.startswith(_CONSTANTS) else 0,
            )
            for section in sections
        ]
        self.symbols: Final[list[Symbol]] = []
        self.relocations: Final[dict[int, list[Relocation]]] = {}
        for section in sections:
            if section.kind == elf.SYMTAB:
                strings = content(sections[section.link])
                for name, _, _, index, value, size in _SYMBOL.iter_unpack(content(section)):
                    self.symbols.append(Symbol(elf.string_at(strings, name), index, value, size))
            elif section.kind == elf.RELA:
                self.relocations[section.info] = sorted(
                    Relocation(at, info & 0xFFFF_FFFF, info >> 32, n)
                    for at, info, n in _RELA.iter_unpack(content(section))
                )

    def section_index(self, name: str) -> int:
        """0 if there is none of that name."""
        return next((i for i, section in enumerate(self.sections) if section.name == name), 0)
