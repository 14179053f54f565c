"""Artifacts: a compiled module as a file, checked before anything of it is used (R-09, R-28, R-29).

An artifact is an ELF file. `.text` is the image, mapped and executed as it is: no relocations, no symbols are looked
at. The sections `.taipan.*` hold the tables of the image as `Image` names them, the module's own bytes, from which
everything else is decoded, and a header of lines `key=value` that says what the code depends on. For listings there
are the sizes of the symbols, which end where a function's constants begin, and `.taipan.compilers`: a line with the
compiler's name, and one for each function that it left to the baseline compiler, with defined index and reason.

**What is trusted**: machine code is executed as it stands in the file. Loading checks that file and settings fit and
that nothing is missing or damaged by accident; it cannot protect from somebody who makes a file on purpose. So load
only what you made, or what comes from somebody whose programs you would run.

Two checksums (CRC-32): of the tables and of the module up to its code section, always compared; of everything else,
compared when asked, since reading all of a mapped file takes longer than mapping it.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Final, final

from taipan.abi import builtins, calls, layout, traps
from taipan.compiler import elf
from taipan.compiler.artifact import Image
from taipan.compiler.tunables import Tunables
from taipan.errors import MalformedError, UnsupportedError
from taipan.features import DEFAULTS, Features

if TYPE_CHECKING:
    from typing_extensions import Buffer

PAGE_SIZES: Final = {"x86_64": 4 << 10, "aarch64": 64 << 10}
"""The largest pages that a system may have there, since code is mapped from the file."""
PREFIX: Final = ".taipan."
MAGIC_LINE: Final = "taipan artifact 1"

CONVENTION: Final = 3
"""To be counted up when registers, frames or stack maps change their meaning."""

TABLES: Final = ("offsets", "site_starts", "stack_maps", "stack_map_starts")
SIZES: Final = {
    "memory_reservation": "a static memory bound",
    "memory_guard_size": "a memory guard size",
    "memory_reservation_for_growth": "a memory growth reserve",
}
SWITCHES: Final = {
    "memory_may_move": "memories that may move",
    "guard_before_linear_memory": "guards before memories",
    "consume_fuel": "fuel metering",
}


@final
class Header:
    """What code depends on: everything that must be the same where it runs. values: in the order of the file."""

    __slots__ = ("values",)

    def __init__(self, values: dict[str, str]) -> None:
        self.values: Final = values

    @staticmethod
    def describe(
        version: str, machine: str, system: str, cpu: frozenset[str], tunables: Tunables, features: Features
    ) -> Header:
        """cpu: flags of the processor that the code uses."""
        values = {
            "version": version,
            "abi": abi_fingerprint(),
            "machine": machine,
            "system": system,
            "cpu": " ".join(sorted(cpu)),
        }
        values |= {name: str(getattr(tunables, name)) for name in SIZES}
        values |= {name: "yes" if getattr(tunables, name) else "no" for name in SWITCHES}
        values["features"] = " ".join(name for name in DEFAULTS if name in features)
        return Header(values)

    def text(self) -> bytes:
        lines = [MAGIC_LINE, *(f"{name}={value}" for name, value in self.values.items())]
        return "\n".join(lines).encode() + b"\n"

    @staticmethod
    def parse(text: bytes) -> Header:
        lines = text.decode("utf-8", "replace").split("\n")
        if lines[0] != MAGIC_LINE or lines[-1] != "":
            raise damaged("its header is not one of taipan's")
        values: dict[str, str] = {}
        for line in lines[1:-1]:
            name, separator, value = line.partition("=")
            if not separator:
                raise damaged("its header is cut off")
            values[name] = value
        return Header(values)

    def get(self, name: str) -> str:
        try:
            return self.values[name]
        except KeyError:
            raise damaged(f"its header does not say {name}") from None


def damaged(what: str) -> MalformedError:
    return MalformedError(f"damaged artifact: {what}")


def abi_fingerprint() -> str:
    """Changes with every table that generated code and runtime agree on."""
    tables = (
        layout.STRUCTS,
        layout.SITE_BYTES,
        [(name, signature) for name, signature, _ in builtins.BUILTINS],
        sorted(traps.TRAPS),
        (calls.INT_ARGS, calls.FLOAT_ARGS, CONVENTION),
    )
    return f"{zlib.crc32(repr(tables).encode()):08x}"


# --- writing ---


def serialize(
    image: Image,
    module: bytes,
    head_bytes: int,
    header: Header,
    symbols: list[tuple[str, int, int]],
    compiler: str,
    links: bytes = b"",
) -> bytearray:
    """The artifact of a compiled module.

    module: its binary format.  head_bytes: where its first function body begins.  symbols: as `elf.write` takes them.
    compiler: its name.  links: with module linking, what the file has besides this artifact (`precompiled_set.py`).
    """
    tables = {name: bytes(getattr(image, name)) for name in TABLES}
    left = [f"{index} {' '.join(reason.split())}" for index, reason in sorted(image.left.items())]
    bulk = {"sites": bytes(image.sites), "module": module, "compilers": "\n".join([compiler, *left]).encode()}
    values = header.values | {
        "head_bytes": str(head_bytes),
        "tables_crc": checksum(*tables.values(), module[:head_bytes]),
        "code_crc": checksum(image.code, *bulk.values()),
    }
    if links:
        bulk["links"] = links
        values["links_crc"] = checksum(links)
    sections = [(PREFIX + "header", Header(values).text())]
    sections += [(PREFIX + name, data) for name, data in (tables | bulk).items()]
    machine = header.get("machine")
    return elf.write(machine, image.code, sections, symbols, PAGE_SIZES[machine])


def checksum(*parts: Buffer) -> str:
    value = 0
    for part in parts:
        value = zlib.crc32(part, value)
    return f"{value:08x}"


# --- reading ---


@final
class Artifact:
    """A file's parts, as views of it. machine: the file's.  text: offset of the code in the file.

    links: what else is in the file (module linking), or empty.  end: where the ELF file ends.
    """

    __slots__ = ("code", "compilers", "end", "header", "links", "machine", "module", "symbols", "tables", "text")

    def __init__(
        self,
        header: Header,
        machine: str,
        code: memoryview,
        text: int,
        tables: dict[str, memoryview],
        module: bytes,
        compilers: memoryview,
        symbols: memoryview,
        links: bytes,
        end: int,
    ) -> None:
        self.header: Final = header
        self.machine: Final = machine
        self.compilers: Final = compilers
        self.symbols: Final = symbols
        self.code: Final = code
        self.text = text
        self.links: Final = links
        self.end: Final = end
        self.tables: Final = tables
        self.module: Final = module


def is_artifact(data: Buffer) -> bool:
    """Whether the data begins like an artifact; modules in the binary and text formats do not."""
    return bytes(memoryview(data)[:4]) == elf.MAGIC


def read_header(data: Buffer) -> Header:
    """Raises MalformedError if the data is no artifact."""
    return _header(memoryview(data), _sections(data)[1])


def deserialize(
    data: Buffer, expected: Header, host_cpu: frozenset[str], check_version: bool, verify: bool, fd: int = -1
) -> Artifact:
    """Take an artifact apart after comparing it with what is expected here.

    host_cpu: flags of this processor.  verify: compare the checksum of the code, too.  fd: as for `take_apart`.
    Raises MalformedError for what is no artifact or damaged, UnsupportedError for what does not fit here.
    """
    made = take_apart(data, fd)
    header, tables, module = made.header, made.tables, made.module
    check_header(header, made.machine, expected, host_cpu, check_version)
    head = header.get("head_bytes")
    if not head.isdecimal() or int(head) > len(module):
        raise damaged("its header and its module do not fit together")
    if checksum(*(tables[name] for name in TABLES), memoryview(module)[: int(head)]) != header.get("tables_crc"):
        raise damaged("the checksum of its tables differs")
    if made.links and checksum(made.links) != header.get("links_crc"):
        raise damaged("the checksum of its list of modules differs")
    if verify and checksum(made.code, tables["sites"], module, made.compilers) != header.get("code_crc"):
        raise damaged("the checksum of its code differs")
    return made


def take_apart(data: Buffer, fd: int = -1) -> Artifact:
    """The parts of an artifact, of which nothing is checked. Raises MalformedError if one is missing.

    fd: the file that `data` maps from its beginning, or -1. Reading the module from there takes half as long as copying
    it, since none of its pages have to be mapped.
    """
    view = memoryview(data)
    machine, sections = _sections(data)
    header = _header(view, sections)

    def part(name: str) -> memoryview:
        section = sections.get(name)
        if section is None:
            raise damaged(f"section {name} is missing")
        return view[section.offset : section.offset + section.size]

    tables = {name: part(PREFIX + name) for name in (*TABLES, "sites")}
    place = sections.get(PREFIX + "module")
    module = os.pread(fd, place.size, place.offset) if place and fd >= 0 else bytes(part(PREFIX + "module"))
    symbols = part(".symtab") if ".symtab" in sections else view[:0]
    compilers = part(PREFIX + "compilers")
    links = bytes(part(PREFIX + "links")) if PREFIX + "links" in sections else b""
    code = part(".text")
    text = sections[".text"].offset
    return Artifact(header, machine, code, text, tables, module, compilers, symbols, links, elf.end(view))


def _sections(data: Buffer) -> tuple[str, dict[str, elf.Section]]:
    if not is_artifact(data):
        raise MalformedError("not an artifact: expected an ELF file made by `taipan compile`")
    machine, sections = elf.read(data)
    return machine, {section.name: section for section in sections}


def _header(view: memoryview, sections: dict[str, elf.Section]) -> Header:
    section = sections.get(PREFIX + "header")
    if section is None:
        raise MalformedError("not an artifact: an ELF file, but not made by `taipan compile`")
    return Header.parse(bytes(view[section.offset : section.offset + section.size]))


def check_header(header: Header, machine: str, expected: Header, host_cpu: frozenset[str], check_version: bool) -> None:
    """Raise UnsupportedError, saying what differs, unless code with this header runs where `expected` describes."""
    if (
        header.values.items() >= expected.values.items()
        and machine == header.get("machine")
        and host_cpu.issuperset(header.get("cpu").split())
    ):
        return
    if check_version and header.get("version") != expected.get("version"):
        raise incompatible(
            f"compiled with incompatible version {header.get('version')!r}, expected {expected.get('version')!r}"
        )
    if machine != expected.get("machine") or header.get("machine") != machine:
        raise incompatible(f"compiled for architecture '{machine}', this is '{expected.get('machine')}'")
    if header.get("system") != expected.get("system"):
        raise incompatible(
            f"compiled for operating system '{header.get('system')}', this is '{expected.get('system')}'"
        )
    if header.get("abi") != expected.get("abi"):
        raise incompatible("compiled for another layout of taipan's runtime: compile it again")
    missing = [flag for flag in header.get("cpu").split() if flag not in host_cpu]
    if missing:
        raise UnsupportedError(
            f"compilation settings of module incompatible with native host: the processor lacks {', '.join(missing)}"
        )
    for name, what in SIZES.items():
        if header.get(name) != expected.get(name):
            raise incompatible(f"compiled with {what} of '{header.get(name)}' but '{expected.get(name)}' is expected")
    for name, what in SWITCHES.items():
        _check_switch(what, header.get(name) == "yes", expected.get(name) == "yes")
    made, here = header.get("features").split(), expected.get("features").split()
    for name in DEFAULTS:
        _check_switch(f"{name} support", name in made, name in here)


def _check_switch(what: str, made: bool, here: bool) -> None:
    if made != here:
        raise incompatible(f"compiled {'with' if made else 'without'} {what} but it is {'' if here else 'not '}enabled")


def incompatible(what: str) -> UnsupportedError:
    return UnsupportedError(f"Module was {what}")
