"""What the compilers can show of their work, on the standard error stream.

`taipan objdump` shows more, of a file; this shows what an engine compiles while it runs.
"""

from __future__ import annotations

import functools
import importlib
import os
import struct
import sys
from typing import Any, Final

from taipan.abi import layout, traps
from taipan.compiler.artifact import CompiledFunction
from taipan.errors import WasmError

POINTS: Final[dict[str, str]] = {
    "asm": "machine code of each function, as hexadecimal bytes if capstone is not installed",
    "llvm": "LLVM's input, as text: each chunk of functions that it compiles at once",
    "opt": "the same after its passes, before machine code",
    "sites": "where the runtime may come to look: calls, traps and memory accesses, with their wasm offsets",
}

VARIABLES: Final[dict[str, str]] = {
    "TAIPAN_DUMP": f"what to show of each function as it is compiled, separated by commas: {', '.join(POINTS)}",
    "TAIPAN_DUMP_FUNC": "only this function (index in the module's function space)",
}
"""Environment variables and what they do."""

HEX_ROW_BYTES: Final = 16

SITE_NAMES: Final = {
    layout.SITE_CALL: "call",
    layout.SITE_TRAP: "trap",
    layout.SITE_FAULT: "memory access",
    layout.SITE_CONTINUED: "call of its own continuation",
}


def read_points(names: str) -> frozenset[str]:
    """The dump points in a comma-separated list. Raises WasmError for unknown ones, with all that exist."""
    points = frozenset(name for name in names.split(",") if name)
    unknown = points - POINTS.keys()
    if unknown:
        known = "".join(f"\n  {name:6} {purpose}" for name, purpose in POINTS.items())
        raise WasmError(f"TAIPAN_DUMP: unknown dump point {', '.join(sorted(unknown))}; there are:{known}")
    return points


ENABLED: Final = read_points(os.environ.get("TAIPAN_DUMP", ""))
_ONLY: Final = os.environ.get("TAIPAN_DUMP_FUNC")


def show(func: int, made: CompiledFunction, machine: str = "x86_64") -> None:
    """Print what is asked for about a function of the module's function space. machine: a key of `elf.MACHINES`."""
    if _ONLY is not None and str(func) != _ONLY:
        return
    lines = []
    if "asm" in ENABLED:
        lines.append(f"function {func}: {len(made.code)} bytes")
        lines += disassemble(made.code[: made.data_start], machine)
    if "sites" in ENABLED:
        lines.append(f"function {func}: sites")
        lines += [describe_site(*site) for site in struct.iter_unpack("<4I", made.sites)]
    print("\n".join(lines), file=sys.stderr)


def describe_site(code_offset: int, wasm_offset: int, kind: int, stack_map: int) -> str:
    what = SITE_NAMES[kind & 0xFF]
    if kind & 0xFF == layout.SITE_TRAP:
        what += f": {traps.TRAPS[kind >> 8][1]}"
    references = f", stack map at {stack_map - 1}" if stack_map else ""
    return f"  {code_offset:6x}  wasm {wasm_offset:#x}  {what}{references}"


def disassemble(code: bytes, machine: str = "x86_64") -> list[str]:
    """A line per instruction."""
    return [f"  {at:6x}  {text}" for at, _, text in instructions(code, 0, machine)]


def can_disassemble() -> bool:
    return _decoder() is not None


def instructions(code: bytes, offset: int = 0, machine: str = "x86_64") -> list[tuple[int, bytes, str]]:
    """Code as (offset, bytes, text). Bytes are their own text, in rows, where nothing can disassemble them.

    offset: of the first byte, for the texts of jumps.
    """
    decoder = _decoder(machine)
    found = []
    at = 0
    if decoder is not None:
        for address, size, name, operands in decoder.disasm_lite(code, offset):
            at = address - offset
            found.append((address, code[at : at + size], f"{name} {operands}".rstrip()))
            at += size
    for row in range(at, len(code), HEX_ROW_BYTES):
        data = code[row : row + HEX_ROW_BYTES]
        found.append((offset + row, data, data.hex(" ")))
    return found


@functools.cache
def _decoder(machine: str = "x86_64") -> Any:
    """The capstone disassembler, or None if that is not installed."""
    try:
        capstone: Any = importlib.import_module("capstone")
    except ImportError:
        return None
    if machine == "x86_64":
        return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    architecture = getattr(capstone, "CS_ARCH_AARCH64", None)  # its name since capstone 6
    return capstone.Cs(capstone.CS_ARCH_ARM64 if architecture is None else architecture, capstone.CS_MODE_ARM)
