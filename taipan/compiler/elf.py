"""ELF files: written for artifacts, read from artifacts and from what LLVM makes. 64 bits, little-endian.

Only the parts of the format that are needed: sections, their names, symbols of functions, relocations that the reader
finds. Source: System V ABI, generic part, "Object Files"; the x86-64 and AArch64 supplements for the machine numbers.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, final

from taipan.errors import MalformedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC: Final = b"\x7fELF"
MACHINES: Final[dict[str, int]] = {"x86_64": 62, "aarch64": 183}

_HEADER: Final = struct.Struct("<4sBBBBQHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")

_ET_DYN: Final = 3
_PROGBITS: Final = 1
SYMTAB: Final = 2
STRTAB: Final = 3
RELA: Final = 4
NOBITS: Final = 8
_ALLOC: Final = 2
_EXECINSTR: Final = 4
_GLOBAL_FUNC: Final = 0x12  # STB_GLOBAL << 4 | STT_FUNC


@final
class Section:
    """Where a section lies in its file: offset and size in bytes. kind: sh_type; link, info: as the kind defines.

    entry_size: of its elements if they are equally long, e.g. constants, else 0.
    """

    __slots__ = ("align", "entry_size", "info", "kind", "link", "name", "offset", "size")

    def __init__(
        self, name: str, kind: int, offset: int, size: int, link: int, info: int, align: int, entry_size: int
    ) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.offset: Final = offset
        self.size: Final = size
        self.link: Final = link
        self.info: Final = info
        self.align: Final = align
        self.entry_size: Final = entry_size

    def __repr__(self) -> str:
        return f"Section({self.name!r}, offset={self.offset:#x}, size={self.size:#x})"


# --- writing ---


@final
class _Strings:
    """A string table under construction. Equal strings share a place."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self._known: Final[dict[str, int]] = {}

    def add(self, text: str) -> int:
        """The offset of the string, which ends at its first zero character."""
        offset = self._known.setdefault(text, len(self.data))
        if offset == len(self.data):
            self.data += text.partition("\0")[0].encode("utf-8", "replace") + b"\0"
        return offset


def write(
    machine: str, text: bytes, sections: list[tuple[str, bytes]], symbols: list[tuple[str, int, int]], page_size: int
) -> bytearray:
    """A file with the section `.text`, at a multiple of page_size, and further sections with these names and contents.

    machine: a key of MACHINES.  symbols: functions (name, offset in the text, size). Equal arguments give equal bytes.
    """
    strings, names = _Strings(), _Strings()
    table = bytearray(_SYMBOL.size)
    headers = [bytes(_SECTION.size)]
    out = bytearray(_HEADER.size + _SEGMENT.size)
    text_at = -len(out) % page_size + len(out)
    for name, offset, size in symbols:
        table += _SYMBOL.pack(strings.add(name), _GLOBAL_FUNC, 0, 1, text_at + offset, size)

    def add(name: str, data: bytes | bytearray, kind: int, align: int, *details: int) -> None:
        flags, link, info, entry_size = details or (0, 0, 0, 0)
        out.extend(bytes(-len(out) % align))
        address = len(out) if flags & _ALLOC else 0
        headers.append(
            _SECTION.pack(names.add(name), kind, flags, address, len(out), len(data), link, info, align, entry_size)
        )
        out.extend(data)

    add(".text", text, _PROGBITS, page_size, _ALLOC | _EXECINSTR, 0, 0, 0)
    out.extend(bytes(-len(out) % page_size))  # nothing else is mapped with the code
    for name, data in sections:
        add(name, data, _PROGBITS, 16)
    add(".symtab", table, SYMTAB, 8, 0, len(headers) + 1, 1, _SYMBOL.size)
    add(".strtab", strings.data, STRTAB, 1)
    names_index = len(headers)
    names.add(".shstrtab")  # before the size of the table is taken
    add(".shstrtab", names.data, STRTAB, 1)
    out.extend(bytes(-len(out) % 8))
    sections_at = len(out)
    for header in headers:
        out += header
    out[0 : _HEADER.size] = _HEADER.pack(
        MAGIC,
        2,  # 64 bits
        1,  # little-endian
        1,
        0,
        0,
        _ET_DYN,
        MACHINES[machine],
        1,
        0,
        _HEADER.size,
        sections_at,
        0,
        _HEADER.size,
        _SEGMENT.size,
        1,
        _SECTION.size,
        len(headers),
        names_index,
    )
    pages = -len(text) % page_size + len(text)
    out[_HEADER.size : _HEADER.size + _SEGMENT.size] = _SEGMENT.pack(
        1, 5, text_at, text_at, text_at, pages, pages, page_size
    )
    return out


# --- reading ---


def damaged(what: str) -> MalformedError:
    return MalformedError(f"damaged ELF file: {what}")


def read(data: Buffer) -> tuple[str, list[Section]]:
    """The machine and the sections, by their index. Raises MalformedError; every section lies inside the data."""
    view = memoryview(data).cast("B")
    size = len(view)
    if size < _HEADER.size or bytes(view[:4]) != MAGIC:
        raise damaged("no ELF header")
    header = _HEADER.unpack_from(view)
    if header[1:3] != (2, 1):
        raise damaged("not of 64 bits, little-endian")
    machine = next((name for name, number in MACHINES.items() if number == header[7]), "")
    if not machine:
        raise damaged(f"unknown machine {header[7]}")
    at, entry_size, count, names_index = header[11], header[16], header[17], header[18]
    if entry_size != _SECTION.size or at > size or count > (size - at) // _SECTION.size or names_index >= max(count, 1):
        raise damaged("section headers lie outside the file")
    rows = [_SECTION.unpack_from(view, at + i * _SECTION.size) for i in range(count)]
    for row in rows:
        if row[1] != NOBITS and (row[4] > size or row[5] > size - row[4]):
            raise damaged("a section lies outside the file")
    names = bytes(view[rows[names_index][4] :][: rows[names_index][5]]) if count else b""
    return machine, [
        Section(string_at(names, row[0]), row[1], row[4], row[5] if row[1] != NOBITS else 0, *row[6:10]) for row in rows
    ]


def end(data: Buffer) -> int:
    """Where a file that `write` made ends: with its section headers."""
    header = _HEADER.unpack_from(memoryview(data))
    return int(header[11] + header[16] * header[17])


def string_at(strings: bytes, offset: int) -> str:
    """The zero-terminated string at an offset of a string table."""
    end = strings.find(b"\0", offset)
    if offset >= len(strings) or end < 0:
        raise damaged("a name lies outside its table")
    return strings[offset:end].decode("utf-8", "replace")
