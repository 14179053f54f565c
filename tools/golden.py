"""Golden tests: `tests/golden/<kind>/<instruction>/<case>.wat`, the module first, what it must become behind `;;`.

    baseline-x64   machine code of every function (cold code and constants included), by the capstone disassembler
    metered-x64    the same with fuel counted
    print          the module's text after a trip through the binary format
    errors         the error, with its place

`python -m tools bless` rewrites the expectations; the diff is what gets reviewed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from taipan import binary, text, validate
from taipan.errors import WasmError
from taipan.features import Features
from taipan.wasm.module import Module

GOLDEN: Final = Path(__file__).resolve().parent.parent / "tests" / "golden"


def split(source: str) -> tuple[str, str]:
    """A golden file's module, and the expectation without its comment marks."""
    lines = source.rstrip("\n").split("\n")
    end = len(lines)
    while end and lines[end - 1].startswith(";;"):
        end -= 1
    expected = "\n".join(line[3:] for line in lines[end:])
    return "\n".join(lines[:end]).rstrip() + "\n", expected


def join(source: str, output: str) -> str:
    """The golden file for a module and its output."""
    return source + "\n" + "".join(f";; {line}".rstrip() + "\n" for line in output.split("\n"))


def load(source: str) -> Module:
    features = Features.everything()
    module = binary.decode(bytes(binary.encode(text.parse(source, features))), features)
    validate.check_module(module, features)
    return module


def show_code(source: str, consume_fuel: bool = False) -> str:
    """Machine code of all functions as the baseline compiler makes it without optional CPU features."""
    import capstone

    from taipan.compiler.baseline.compiler import BaselineCompiler
    from taipan.compiler.environ import ModuleEnv
    from taipan.compiler.tunables import Tunables

    module = load(source)
    compiler = BaselineCompiler(
        ModuleEnv(module, Tunables(consume_fuel=consume_fuel), lazy=False), cpu_flags=frozenset()
    )
    disassembler = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    lines = []
    for index in range(len(module.func_types)):
        lines.append(f"function {index + module.num_imported_funcs}:")
        code = bytes(compiler.compile_function(index).code)
        for address, _, mnemonic, operands in disassembler.disasm_lite(code, 0):
            lines.append(f"  {address:4x}  {mnemonic} {operands}".rstrip())
    return "\n".join(lines)


def show_metered_code(source: str) -> str:
    return show_code(source, consume_fuel=True)


def show_text(source: str) -> str:
    features = Features.everything()
    return text.print_module(binary.decode(bytes(binary.encode(text.parse(source, features))), features)).rstrip("\n")


def show_error(source: str) -> str:
    try:
        load(source)
    except WasmError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


KINDS: Final[dict[str, Callable[[str], str]]] = {
    "baseline-x64": show_code,
    "metered-x64": show_metered_code,
    "print": show_text,
    "errors": show_error,
}


def files() -> list[Path]:
    return sorted(path for kind in KINDS for path in (GOLDEN / kind).rglob("*.wat"))


def kind_of(path: Path) -> str:
    return path.relative_to(GOLDEN).parts[0]
