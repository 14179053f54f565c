"""Functions of a module with the machine code that each of their instructions becomes. Compiles, and runs nothing.

A listing is data; `objdump.py` writes it. Instructions are printed as `taipan print` prints them, one after the other.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from typing import Final, NamedTuple

from taipan.abi import layout, traps
from taipan.compiler import dump
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.baseline.marks import Marks
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.tunables import Tunables
from taipan.errors import UnsupportedError
from taipan.text.identifiers import quote
from taipan.text.printer import ModulePrinter
from taipan.wasm.module import FUNC, Module


class Row(NamedTuple):
    """One machine instruction, or some bytes. offset: from the function's beginning."""

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
    """func: index in the module's function space. data: jump tables and constants. sites: see `dump.describe_site`.

    problem: why there is no code, or "".
    """

    func: int
    name: str
    signature: str
    uses: str
    wasm_start: int
    wasm_end: int
    code_bytes: int
    frame_bytes: int
    body: list[Part]
    cold: list[Part]
    data: list[Row]
    sites: list[str]
    problem: str


class Lister:
    """Lists functions of one valid module, compiled for this machine. lazy: as an engine with that setting would."""

    def __init__(self, module: Module, tunables: Tunables, lazy: bool) -> None:
        self.module: Final = module
        self.printer: Final = ModulePrinter(module, False)
        self.env: Final = ModuleEnv(module, tunables, lazy)
        self.compiler: Final = BaselineCompiler(self.env)
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
        return ", ".join(words)

    def function(self, defined: int) -> Function:
        module = self.module
        index = module.num_imported_funcs + defined
        start, end = module.body_starts[defined], module.body_ends[defined]
        signature, texts = self.printer.listing(defined)
        marks = Marks(list(texts), end)
        made = CompiledFunction(b"", b"", b"", b"")
        problem = ""
        try:
            made = self.compiler.compile_marked(defined, marks)
        except UnsupportedError as error:
            problem = str(error).removesuffix(f" (function {index})")
        code = Code(made, self)
        return Function(
            index,
            self.name(index),
            signature,
            self.uses(index),
            start,
            end,
            len(made.code),
            marks.frame_bytes,
            self.body(texts, marks, code),
            cold_parts(texts, marks, code),
            data_rows(made.code, marks.data_start),
            [dump.describe_site(*site) for site in code.sites],
            problem,
        )

    def body(self, texts: dict[int, str], marks: Marks, code: Code) -> list[Part]:
        """The prologue, then every instruction; those that cannot be reached have no rows."""
        found = {wasm: (start, end) for wasm, start, end in extents(marks.body, marks.cold_start)}
        parts = [Part(wasm, text, code.rows(*found.get(wasm, (0, 0)))) for wasm, text in texts.items()]
        if marks.body:
            parts.insert(0, Part(None, "prologue", code.rows(0, marks.body[0][0])))
        return parts


class Code:
    """The machine code of one function, with what the runtime and the linker know of it."""

    def __init__(self, made: CompiledFunction, lister: Lister) -> None:
        self.code: Final = made.code
        self.sites: Final = list(struct.iter_unpack("<4I", made.sites))
        maps = memoryview(made.stack_maps).cast("I")
        notes: list[tuple[int, str]] = []
        for offset, _, target in struct.iter_unpack("<3I", made.relocs):
            func = lister.module.num_imported_funcs + target
            notes.append((offset, f"-> {lister.name(func) or f'function {func}'}"))
        for offset, _, kind, stack_map in self.sites:
            if kind & 0xFF == layout.SITE_FAULT:
                notes.append((offset, f"may trap: {traps.TRAPS[traps.MEMORY_OUT_OF_BOUNDS][1]}"))
                continue
            # The offset is the one behind the instruction.
            if kind & 0xFF == layout.SITE_TRAP:
                notes.append((offset - 1, f"trap: {traps.TRAPS[kind >> 8][1]}"))
            if stack_map:
                count = maps[stack_map - 1] & (1 << layout.MAP_FRAMES_SHIFT) - 1
                slots = maps[stack_map : stack_map + count]
                if count:
                    notes.append((offset - 1, f"references: {', '.join(f'[rbp - {slot}]' for slot in slots)}"))
        self.notes: Final = sorted(notes)
        """(an offset inside an instruction, what is to be said about the instruction)"""

    def rows(self, start: int, end: int) -> list[Row]:
        rows = []
        for at, data, text in dump.instructions(self.code[start:end], start):
            first = bisect_left(self.notes, (at,))
            last = bisect_left(self.notes, (at + len(data),), first)
            rows.append(Row(at, data, text, [note for _, note in self.notes[first:last]]))
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


def data_rows(code: bytes, start: int) -> list[Row]:
    """Bytes up to the next multiple of 8, then 8 by 8: constants are aligned, entries of jump tables have 4 bytes."""
    rows = []
    while start < len(code):
        end = min((start & -8) + 8, len(code))
        rows.append(Row(start, code[start:end], "", []))
        start = end
    return rows
