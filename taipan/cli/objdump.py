"""`taipan objdump`: the machine code of a module beside its wasm, function by function. Nothing of the module runs."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import taipan
from taipan.cli.common import (
    Paint,
    add_color_option,
    add_compiler_option,
    add_feature_option,
    assembled,
    config_from,
    fail_at,
    load_module,
    read_file,
)
from taipan.cli.main import fail

if TYPE_CHECKING:
    from taipan.cli.listing import Function, Lister, Part, Row

NOTE_COLUMN: Final = 44
BYTES_COLUMNS: Final = 31
"""Room for ten bytes, which all but a few instructions fit into."""

HINT: Final = "machine code is shown as bytes; `pip install capstone` brings a disassembler"

EPILOG: Final = """\
The module is compiled, and not run. Under each instruction stands the machine
code it became; an instruction without any is part of one after it, or cannot be
reached. Behind the body: rare paths, constants, jump tables. LLVM's code and
that of an artifact stands behind the wasm, since nobody knows what is whose;
calls and what may trap name their instruction.

  taipan objdump --func main --bytes program.wasm
  taipan objdump --compiler llvm program.wasm
  taipan objdump program.cwasm
  taipan objdump --stats program.wasm | sort -nk3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--func",
        metavar="F",
        action="append",
        default=[],
        help="only this function: its index, its name or the name of its export (may be repeated)",
    )
    parser.add_argument(
        "--addresses",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="offsets of instructions; without them two listings can be compared by diff (default: with)",
    )
    parser.add_argument("--bytes", action="store_true", help="also the bytes of machine instructions")
    parser.add_argument("--no-asm", action="store_true", help="wasm only")
    parser.add_argument("--sites", action="store_true", help="also where the runtime may come to look, and why")
    parser.add_argument("--stats", action="store_true", help="sizes only: a line per function, and the sums")
    parser.add_argument(
        "--trampolines", action="store_true", help="only the ways in from the host: one for each function type"
    )
    parser.add_argument("--eager", action="store_true", help="as compiled without Config.lazy_compilation")
    parser.add_argument("--fuel", action="store_true", help="as compiled with Config.consume_fuel")
    add_color_option(parser)
    add_compiler_option(parser)
    add_feature_option(parser)
    parser.add_argument("file", metavar="FILE", help="a .wasm, .wat or .cwasm file, or - for standard input")


def run(args: Any) -> int:
    from taipan.compiler import dump

    config = config_from(args)
    config.consume_fuel = args.fuel
    try:
        engine = taipan.Engine(config)
    except taipan.WasmError as error:
        fail(str(error))
    data = read_file(args.file)
    if args.trampolines:
        write_trampolines(load_module(engine, args.file, allow_precompiled=True))
        return 0
    try:
        listers = listers_of(engine, args, data)
    except taipan.WasmError as error:
        fail_at(args.file, data, error)
    if not any(lister.module.func_types for lister in listers):
        sys.stdout.write(f"{args.file} has no functions of its own\n")
        return 0
    chosen = list(zip(listers, choose(listers, args.func), strict=True))
    if args.stats:
        write_stats(lister.function(defined) for lister, indices in chosen for defined in indices)
        return 0
    writer = Writer(args)
    if not args.no_asm and not dump.can_disassemble():
        sys.stderr.write(f"taipan: {HINT}\n")
    for lister, indices in chosen:
        if len(listers) > 1 and indices:
            sys.stdout.write(writer.module(lister))
        for defined in indices:
            sys.stdout.write(writer.function(lister.function(defined)))
    return 0


def listers_of(engine: taipan.Engine, args: Any, data: bytes) -> list[Lister]:
    """What lists the functions of a module or an artifact, and of the modules inside it. Raises WasmError."""
    from taipan import precompiled_set
    from taipan.cli.listing import Compiled, Lister, Stored
    from taipan.compiler.environ import ModuleEnv
    from taipan.stages import check, decode

    if engine.detect_precompiled(data):
        return [
            Lister(module, ModuleEnv(module, engine.tunables, False), Stored(artifact))
            for module, artifact in precompiled_set.parts_of(data)
        ]
    root = decode(assembled(args.file, data, engine.features), engine.features)
    check(root, engine.features)
    listers = []
    for module in precompiled_set.walk(root):
        env = ModuleEnv(module, engine.tunables, not args.eager)
        listers.append(Lister(module, env, Compiled(env, engine.compiler)))
    return listers


def choose(listers: list[Lister], wanted: list[str]) -> list[list[int]]:
    """Which defined functions of each module are asked for; ends the process with a clear line if one does not exist.

    A number or a name means the outermost module that has such a function.
    """
    if not wanted:
        return [list(range(len(lister.module.func_types))) for lister in listers]
    words: list[list[str]] = [[] for _ in listers]
    for word in wanted:
        words[next((place for place, lister in enumerate(listers) if has_function(lister, word)), 0)].append(word)
    return [choose_in(lister, own) for lister, own in zip(listers, words, strict=True)]


def names_in(lister: Lister) -> dict[str, list[int]]:
    """Function indices by name and by name of export."""
    by_name: dict[str, list[int]] = {}
    for index, name in lister.printer.names.funcs.items():
        by_name.setdefault(name, []).append(index)
    for index, names in lister.exports.items():
        for name in names:
            by_name.setdefault(name, []).append(index)
    return by_name


def has_function(lister: Lister, word: str) -> bool:
    known = names_in(lister)
    return word in known or word.removeprefix("$") in known or word.isdecimal()


def choose_in(lister: Lister, wanted: list[str]) -> list[int]:
    module = lister.module
    first = module.num_imported_funcs
    by_name = names_in(lister)
    chosen: dict[int, None] = {}
    for word in wanted:
        indices = by_name.get(word) or by_name.get(word.removeprefix("$"), [])
        if not indices and word.isdecimal():
            indices = [int(word)]
        if not indices:
            close = difflib.get_close_matches(word.removeprefix("$"), by_name, 3)
            fail(f"--func {word}: no such function" + (f"; did you mean {' or '.join(close)}?" if close else ""))
        for index in indices:
            if index >= len(module.func_space):
                fail(f"--func {word}: no such function; the module has {len(module.func_space)}, counted from 0")
            if index < first:
                fail(f"--func {word}: this function is imported, its code is not in this module")
            chosen[index - first] = None
    return list(chosen)


class Writer:
    """Functions as text, in the way that the options ask for."""

    def __init__(self, args: Any) -> None:
        self.addresses: Final[bool] = args.addresses
        self.bytes: Final[bool] = args.bytes
        self.asm: Final[bool] = not args.no_asm
        self.sites: Final[bool] = args.sites
        self.paint: Final = Paint(args.color)

    def module(self, lister: Lister) -> str:
        """The line above the functions of one module of several."""
        module = lister.module
        name = lister.printer.names.module
        where = f"the module nested at offset {module.origin:#x}" if module.origin else "the outermost module"
        return self.paint.heading(where + (f" ${name}" if name else "")) + "\n\n"

    def function(self, function: Function) -> str:
        lines = [self.paint.heading(f"function {function.func} {function.name}".rstrip() + f" {function.signature}")]
        lines.append(f"  {function.uses}; {sizes(function)}")
        if function.left:
            lines.append(self.paint.note(f"  by the baseline compiler, since LLVM leaves it: {function.left}"))
        if function.problem:
            lines.append(self.paint.error(f"  not compiled: {function.problem}"))
        for part in function.body:
            lines += self.part(part)
        if self.asm and function.cold:
            lines += ["", "  rare paths"]
            for part in function.cold:
                lines += self.part(part)
        if self.asm and function.code:
            lines += ["", f"  machine code by {function.maker}", *(self.row(row) for row in function.code)]
        if self.asm and function.data:
            lines += ["", "  constants and jump tables"]
            lines += [self.row(row) for row in function.data]
        if self.sites and function.sites:
            lines += ["", "  sites", *("  " + site for site in function.sites)]
        return "\n".join(lines) + "\n\n"

    def part(self, part: Part) -> Iterator[str]:
        if part.wasm_offset is not None or self.asm:
            at = f"{part.wasm_offset:8x}  " if self.addresses and part.wasm_offset is not None else " " * 10
            yield self.paint.dim(at) + self.paint.wasm(part.text)
        if self.asm:
            yield from map(self.row, part.rows)

    def row(self, row: Row) -> str:
        text = row.text
        if self.bytes or not text:
            text = f"{row.data.hex(' '):{BYTES_COLUMNS}} {text}".rstrip() if text != row.data.hex(" ") else text
        if row.notes:
            width = NOTE_COLUMN + (BYTES_COLUMNS + 1 if self.bytes else 0)
            text = f"{text:{width}} " + self.paint.note(f"; {'; '.join(row.notes)}")
        return self.paint.dim(" " * 12 + "| " + (f"{row.offset:5x}  " if self.addresses else "")) + text


def write_trampolines(module: taipan.Module) -> None:
    """For each function type, how many functions of how many modules the host may enter by it."""
    from taipan.compiler.environ import escaped_functions
    from taipan.wasm.matching import func_type_text

    entries: dict[int, list[int]] = {}
    for inner in module._all():
        info = inner._info
        used: dict[int, int] = {}
        for index in escaped_functions(inner._module):
            type_id = info.types.ids[inner._module.func_space[index]]
            used[type_id] = used.get(type_id, 0) + 1
        for type_id, count in used.items():
            row = entries.setdefault(id(info.signatures[type_id]), [type_id, 0, 0])
            row[1] += count
            row[2] += 1
    write = sys.stdout.write
    write("   entry  functions  modules  type\n")
    for number, (type_id, functions, modules) in enumerate(entries.values()):
        text = func_type_text(module.engine.types.func_type(type_id))
        write(f"{number:8} {functions:10} {modules:8}  {text}\n")
    write(f"{len(entries)} host-entry trampolines\n" if len(entries) != 1 else "1 host-entry trampoline\n")


def sizes(function: Function) -> str:
    wasm_bytes = function.wasm_end - function.wasm_start
    if function.problem:
        return f"{wasm_bytes} bytes of wasm"
    frame = f", frame of {function.frame_bytes}" if function.frame_bytes >= 0 else ""
    return f"{wasm_bytes} bytes of wasm, {function.code_bytes} of code by {function.maker}{frame}"


def write_stats(functions: Iterator[Function]) -> None:
    """A table of sizes, for all functions and in total; those that could not be compiled count in neither sum."""
    write = sys.stdout.write
    write("   index      wasm      code  ratio   frame  compiler  function\n")
    wasm_total = code_total = count = failed = 0
    for function in functions:
        wasm_bytes = function.wasm_end - function.wasm_start
        name = f"{function.name} {function.uses}".strip()
        if function.problem:
            failed += 1
            write(f"{function.func:8} {wasm_bytes:9}         -      -       -  -         {name}: {function.problem}\n")
            continue
        count += 1
        wasm_total += wasm_bytes
        code_total += function.code_bytes
        ratio = function.code_bytes / wasm_bytes
        frame = str(function.frame_bytes) if function.frame_bytes >= 0 else "-"
        if function.left:
            name += f": LLVM leaves it: {function.left}"
        write(
            f"{function.func:8} {wasm_bytes:9} {function.code_bytes:9} {ratio:6.1f} {frame:>7}  "
            f"{function.maker:8}  {name}\n"
        )
    ratio_text = f"{code_total / wasm_total:.1f}" if wasm_total else "-"
    write(f"   total {wasm_total:9} {code_total:9} {ratio_text:>6}                    {count} functions, bytes each\n")
    if failed:
        write(f"{failed} more could not be compiled\n")
