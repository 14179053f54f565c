"""What the compilers can show of their work, on the standard error stream.

TAIPAN_DUMP=asm,sites      which of POINTS
TAIPAN_DUMP_FUNC=12        only this function (index in the module's function space)
"""

from __future__ import annotations

import importlib
import os
import struct
import sys
from typing import Any, Final

from taipan.abi import layout, traps
from taipan.compiler.artifact import CompiledFunction

POINTS: Final[dict[str, str]] = {
    "asm": "machine code of each function: by capstone or objdump if installed, else as hexadecimal bytes",
    "sites": "where the runtime may come to look: calls, traps and memory accesses, with their wasm offsets",
}

SITE_NAMES: Final = {layout.SITE_CALL: "call", layout.SITE_TRAP: "trap", layout.SITE_FAULT: "memory access"}


def read_points(names: str) -> frozenset[str]:
    """The dump points in a comma-separated list. Raises ValueError for unknown ones, with all that exist."""
    points = frozenset(name for name in names.split(",") if name)
    unknown = points - POINTS.keys()
    if unknown:
        known = "".join(f"\n  {name:6} {purpose}" for name, purpose in POINTS.items())
        raise ValueError(f"unknown dump point {', '.join(sorted(unknown))}; there are:{known}")
    return points


ENABLED: Final = read_points(os.environ.get("TAIPAN_DUMP", ""))
_ONLY: Final = os.environ.get("TAIPAN_DUMP_FUNC")


def show(func: int, made: CompiledFunction) -> None:
    """Print what is asked for about a function of the module's function space."""
    if _ONLY is not None and str(func) != _ONLY:
        return
    lines = []
    if "asm" in ENABLED:
        lines.append(f"function {func}: {len(made.code)} bytes")
        lines += disassemble(made.code)
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


def disassemble(code: bytes) -> list[str]:
    """x86-64 code, a line per instruction; constants behind the last instruction appear as instructions, too."""
    try:
        capstone: Any = importlib.import_module("capstone")
    except ImportError:
        return disassemble_with_objdump(code)
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    return [f"  {at:6x}  {name} {operands}".rstrip() for at, _, name, operands in decoder.disasm_lite(code, 0)]


def disassemble_with_objdump(code: bytes) -> list[str]:
    import shutil
    import subprocess
    import tempfile

    objdump = shutil.which("objdump")
    if objdump is None:
        return [f"  {at:6x}  {code[at : at + 16].hex(' ')}" for at in range(0, len(code), 16)]
    with tempfile.NamedTemporaryFile() as file:
        file.write(code)
        file.flush()
        options = ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn"]
        shown = subprocess.run([objdump, *options, file.name], capture_output=True, text=True, check=True).stdout
    lines = [line.partition(":\t") for line in shown.splitlines() if ":\t" in line]
    return [f"  {at.strip():>6}  {' '.join(text.split())}" for at, _, text in lines]
