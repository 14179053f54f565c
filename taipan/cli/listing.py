"""Functions of a module with the machine code that each of their instructions becomes. Compiles, and runs nothing.

A listing is data; `objdump.py` writes it. Instructions are printed as `taipan print` prints them, one after the other.
Code that the baseline compiler makes for the listing stands under its instructions. LLVM's code, and that of artifacts,
is one piece behind them, in which calls and what may trap name their instructions.
"""

from __future__ import annotations

import itertools
import re
import struct
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, final

from taipan.abi import layout, traps
from taipan.compiler import dump
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.environ import ModuleEnv
from taipan.errors import MalformedError, UnsupportedError
from taipan.text.identifiers import quote
from taipan.text.printer import ModulePrinter
from taipan.wasm.module import FUNC, Module

if TYPE_CHECKING:
    from taipan.compiler.baseline.marks import Marks
    from taipan.compiler.interface import Compiler
    from taipan.compiler.llvm.builder import LlvmModule
    from taipan.compiler.serialize import Artifact


ADDRESS: Final = re.compile(r"^(?:call|jmp|bl?) #?(0x[0-9a-f]+|0)$")
FRAME_POINTERS: Final = {"x86_64": "rbp", "aarch64": "x29"}


class Row(NamedTuple):
    """One machine instruction, or some bytes. offset: from the function's beginning; in artifacts, from the image's."""

    offset: int
    data: bytes
    text: str
    notes: list[str]


class Part(NamedTuple):
    """A wasm instruction and what it became. wasm_offset: in the module; None for what belongs to no instruction."""

    wasm_offset: int | None
    text: str
    rows: list[Row]


class Function(NamedTuple):
    """func: index in the module's function space. maker: the compiler's name. left: why LLVM left it alone, or "".

    code: instructions that are not in `body` and `cold`. data: jump tables and constants. sites: see
    `dump.describe_site`. frame_bytes: -1 if not known. problem: why there is no code, or "".
    """

    func: int
    name: str
    signature: str
    uses: str
    maker: str
    left: str
    wasm_start: int
    wasm_end: int
    code_bytes: int
    frame_bytes: int
    body: list[Part]
    cold: list[Part]
    code: list[Row]
    data: list[Row]
    sites: list[str]
    problem: str


# --- where code comes from ---


class Made(NamedTuple):
    """A function's code. start: where it begins in its image, or 0. calls: field of each call -> defined function.

    marks: which instruction became what, if that is known.
    """

    code: CompiledFunction
    start: int
    calls: dict[int, int]
    maker: str
    left: str
    marks: Marks | None


class Source(Protocol):
    @property
    def machine(self) -> str:
        """What the code is for: a key of `elf.MACHINES`."""

    def made(self, defined: int, starts: list[int], end: int) -> Made:
        """A function's code. starts, end: wasm offsets, for marks. Raises UnsupportedError."""


@final
class Compiled:
    """Compiled for the listing by an engine's compiler. lazy: as an engine with that setting would have it done."""

    machine: Final = "x86_64"

    def __init__(self, env: ModuleEnv, compiler: Compiler) -> None:
        from taipan.compiler.baseline.compiler import BaselineCompiler

        self.baseline: Final = BaselineCompiler(env)
        self.llvm: LlvmModule | None = None
        if compiler.name == "llvm":
            from taipan.compiler.llvm.builder import LlvmModule

            made = compiler.module(env)
            assert isinstance(made, LlvmModule)
            self.llvm = made

    def made(self, defined: int, starts: list[int], end: int) -> Made:
        from taipan.compiler.baseline.marks import Marks

        left = ""
        if self.llvm is not None:
            (code,) = self.llvm.compile([defined])
            if defined not in self.llvm.left:
                return Made(code, 0, calls(code), "llvm", "", None)
            left = str(self.llvm.left[defined])
        marks = Marks(starts, end)
        code = self.baseline.compile_marked(defined, marks)
        return Made(code, 0, calls(code), "baseline", left, marks)


def calls(code: CompiledFunction) -> dict[int, int]:
    return {offset: target for offset, _, target in struct.iter_unpack("<3I", code.relocs)}


@final
class Stored:
    """The code of an artifact."""

    def __init__(self, artifact: Artifact) -> None:
        """Raises MalformedError if its tables do not fit together."""
        self.machine: Final = artifact.machine
        self.code: Final = artifact.code
        self.left: Final[dict[int, str]] = {}
        try:
            self.extents: Final = list(struct.iter_unpack("<II", artifact.tables["offsets"]))
            self.sites: Final = cut(artifact.tables["sites"], artifact.tables["site_starts"], layout.SITE_BYTES)
            self.maps: Final = cut(artifact.tables["stack_maps"], artifact.tables["stack_map_starts"], 4)
            self.compiler, *lines = bytes(artifact.compilers).decode().split("\n")
            for line in lines:
                index, _, reason = line.partition(" ")
                self.left[int(index)] = reason
            self.data_starts: Final = [row[5] for row in struct.iter_unpack("<IBBHQQ", artifact.symbols)][1:]
        except (struct.error, ValueError) as error:
            raise MalformedError(f"damaged artifact: {error}") from None
        if len(self.sites) != len(self.extents) or len(self.maps) != len(self.extents):
            raise MalformedError("damaged artifact: its tables do not fit together")
        self.by_start: Final = {start: index for index, (start, _) in enumerate(self.extents)}

    def made(self, defined: int, starts: list[int], end: int) -> Made:
        start, size = self.extents[defined]
        data_start = self.data_starts[defined] if defined < len(self.data_starts) else size
        code = bytes(self.code[start : start + size])
        made = CompiledFunction(code, b"", self.sites[defined], self.maps[defined], data_start=min(data_start, size))
        left = self.left.get(defined, "")
        return Made(made, start, self.calls(made, start), "baseline" if left else self.compiler, left, None)

    def calls(self, made: CompiledFunction, start: int) -> dict[int, int]:
        """Calls and jumps to the beginning of a function, by their texts."""
        found = {}
        for at, _, text in dump.instructions(made.code[: made.data_start], start, self.machine):
            target = ADDRESS.search(text)
            if target is not None and int(target[1], 16) in self.by_start:
                found[at - start] = self.by_start[int(target[1], 16)]
        return found


def cut(data: memoryview, starts: memoryview, size: int) -> list[bytes]:
    """Pieces of a table of elements of so many bytes, each beginning where the list of starts says."""
    places = [start * size for start in memoryview(bytes(starts)).cast("I")]
    return [bytes(data[start:end]) for start, end in itertools.pairwise(places)]


# --- listings ---


class Lister:
    """Lists functions of one valid module."""

    def __init__(self, module: Module, env: ModuleEnv, source: Source) -> None:
        self.module: Final = module
        self.printer: Final = ModulePrinter(module, False)
        self.env: Final = env
        self.source: Final = source
        self._texts: Final[dict[int, tuple[str, dict[int, str]]]] = {}
        self.exports: Final[dict[int, list[str]]] = {}
        for export in module.exports:
            if export.kind == FUNC:
                self.exports.setdefault(export.index, []).append(export.name)

    def name(self, index: int) -> str:
        """`$name`, or "" for a function without one."""
        reference = self.printer.ids.funcs.reference(index)
        return reference if reference.startswith("$") else ""

    def uses(self, index: int) -> str:
        """How the function can be reached from outside: it decides who else must know its calling convention."""
        names = self.exports.get(index, [])
        words = [f"exported as {', '.join(quote(name.encode()) for name in names)}"] if names else []
        if self.module.start == index:
            words.append("start function")
        if not names:
            words.append("escapes" if index in self.env.funcref_offsets else "internal")
        if self.env.fast[index]:
            words.append("called fast")
        return ", ".join(words)

    def text(self, defined: int) -> tuple[str, dict[int, str]]:
        """As `ModulePrinter.listing`."""
        if defined not in self._texts:
            self._texts[defined] = self.printer.listing(defined)
        return self._texts[defined]

    def place(self, defined: int, wasm: int, own: int) -> str:
        """An instruction by its offset; also its function if that is not the one listed."""
        index = self.module.num_imported_funcs + defined
        inlined = "" if defined == own else f"inlined {self.name(index) or f'function {index}'}: "
        return f"{inlined}{wasm:x} {self.text(defined)[1].get(wasm, 'entry').strip()}"

    def function(self, defined: int) -> Function:
        module = self.module
        index = module.num_imported_funcs + defined
        start, end = module.body_starts[defined], module.body_ends[defined]
        signature, texts = self.text(defined)
        made = Made(CompiledFunction(b"", b"", b"", b""), 0, {}, "", "", None)
        problem = ""
        try:
            made = self.source.made(defined, list(texts), end)
        except UnsupportedError as error:
            problem = str(error).removesuffix(f" (function {index})")
        marks = made.marks
        code = Code(made, self, defined)
        data_start = made.code.data_start if marks is None else marks.data_start
        return Function(
            index,
            self.name(index),
            signature,
            self.uses(index),
            made.maker,
            made.left.removesuffix(f" (function {index})"),
            start,
            end,
            len(made.code.code),
            -1 if marks is None else marks.frame_bytes,
            [Part(wasm, text, []) for wasm, text in texts.items()] if marks is None else body(texts, marks, code),
            [] if marks is None else cold_parts(texts, marks, code),
            code.rows(0, data_start) if marks is None else [],
            data_rows(made.code.code, data_start, made.start),
            [dump.describe_site(*site) for site in code.sites],
            problem,
        )


def body(texts: dict[int, str], marks: Marks, code: Code) -> list[Part]:
    """The prologue, then every instruction; those that cannot be reached have no rows."""
    found = {wasm: (start, end) for wasm, start, end in extents(marks.body, marks.cold_start)}
    parts = [Part(wasm, text, code.rows(*found.get(wasm, (0, 0)))) for wasm, text in texts.items()]
    if marks.body:
        parts.insert(0, Part(None, "prologue", code.rows(0, marks.body[0][0])))
    return parts


class Code:
    """The machine code of one function, with what the runtime and the linker know of it."""

    def __init__(self, made: Made, lister: Lister, own: int) -> None:
        """own: its defined index."""
        self.code: Final = made.code.code
        self.start: Final = made.start
        self.machine: Final = lister.source.machine
        self.sites: Final = list(struct.iter_unpack("<4I", made.code.sites))
        maps = memoryview(made.code.stack_maps).cast("I")
        notes: list[tuple[int, str]] = []
        for offset, target in made.calls.items():
            func = lister.module.num_imported_funcs + target
            notes.append((offset, f"-> {lister.name(func) or f'function {func}'}"))
        for offset, wasm, kind, stack_map in self.sites:
            # For faults an offset inside the instruction, else the one behind it.
            at = offset if kind & 0xFF == layout.SITE_FAULT else offset - 1
            count = maps[stack_map - 1] if stack_map else 0
            slots = count & (1 << layout.MAP_FRAMES_SHIFT) - 1
            if made.marks is None:
                inlined = count >> layout.MAP_FRAMES_SHIFT
                notes.append((at, lister.place(maps[stack_map + slots] if inlined else own, wasm, own)))
            if kind & 0xFF == layout.SITE_FAULT:
                notes.append((at, f"may trap: {traps.TRAPS[traps.MEMORY_OUT_OF_BOUNDS][1]}"))
            elif kind & 0xFF == layout.SITE_TRAP:
                notes.append((at, f"trap: {traps.TRAPS[kind >> 8][1]}"))
            if slots:
                frame = FRAME_POINTERS[self.machine]
                places = (f"[{frame} - {distance}]" for distance in maps[stack_map : stack_map + slots])
                notes.append((at, f"references: {', '.join(places)}"))
        self.notes: Final = sorted(notes)
        """(an offset inside an instruction, what is to be said about the instruction)"""

    def rows(self, start: int, end: int) -> list[Row]:
        rows = []
        for place, data, text in dump.instructions(self.code[start:end], self.start + start, self.machine):
            at = place - self.start
            first = bisect_left(self.notes, (at,))
            last = bisect_left(self.notes, (at + len(data),), first)
            rows.append(Row(place, data, text, [note for _, note in self.notes[first:last]]))
        return rows


def cold_parts(texts: dict[int, str], marks: Marks, code: Code) -> list[Part]:
    """Rare paths behind the body. The one of the prologue carries the offset of no instruction."""
    return [
        Part(wasm if wasm in texts else None, texts.get(wasm, "prologue").strip(), code.rows(start, end))
        for wasm, start, end in extents(marks.cold, marks.data_start)
    ]


def extents(marks: list[tuple[int, int]], end: int) -> list[tuple[int, int, int]]:
    """(wasm offset, first and last code offset) of each mark, the last of which ends at `end`."""
    ends = [at for at, _ in marks[1:]] + [end]
    return [(wasm, at, until) for (at, wasm), until in zip(marks, ends, strict=False)]


def data_rows(code: bytes, start: int, image_offset: int) -> list[Row]:
    """Bytes up to the next multiple of 8, then 8 by 8: constants are aligned, entries of jump tables have 4 bytes."""
    rows = []
    while start < len(code):
        end = min((start & -8) + 8, len(code))
        rows.append(Row(image_offset + start, code[start:end], "", []))
        start = end
    return rows
