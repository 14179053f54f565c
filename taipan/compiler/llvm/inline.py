"""Bodies of functions: the function's own, and in place of a call the callee's, if that is small.

An inlined body is written like any other, with locals, operands and labels of its own; only its poll at the entry is
left out. Its sites must tell the calls around it: every body that is written gets places of its own, numbers that debug
locations carry instead of wasm offsets, and `Inlined` says what they mean. Backtraces are those of calls that happen.

Growth is bounded: a function takes up so many bytes of other bodies as it has itself, and GROWTH_BYTES.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple, final

from mypy_extensions import i64

from taipan.compiler.environ import T_EXTERNREF, ModuleEnv
from taipan.compiler.llvm.emit_control import FUNC
from taipan.compiler.llvm.metering import Metering
from taipan.compiler.llvm.scan import Scan
from taipan.compiler.llvm.text import ModuleText
from taipan.errors import UnsupportedError

MAX_LOCALS: Final = 20_000
MAX_INLINED_LOCALS: Final = 100
MAX_DEPTH: Final = 4
"""Bodies around each other, and the function's own."""

RECURSION: Final = 3
"""How often a function is among these."""

MAX_RECURSIVE_BYTES: Final = 80
"""Of the body of a function that is inlined into itself."""

GROWTH_BYTES: Final = 600


class Inlined(NamedTuple):
    """A body that was written. The first is the function's own.

    first: its places are from this one on, up to the next body's.  shift: what a place is more than its wasm offset.
    function: defined index.  outer: the body around it, by its number, -1 for none.  call: wasm offset of the call
    there; -1: part of that body, written once more (`loops.py`).
    """

    first: int
    shift: int
    function: int
    outer: int
    call: int


@final
class Callee:
    """A function that can be inlined. start, end: of its instructions.  size: bytes of its body."""

    __slots__ = ("end", "local_types", "scan", "size", "start")

    def __init__(self, start: int, end: int, size: int, local_types: list[int], scan: Scan) -> None:
        self.start: Final = start
        self.end: Final = end
        self.size: Final = size
        self.local_types: Final = local_types
        self.scan: Final = scan


# What belongs to the body that is being written.
STATE: Final = (
    "code", "frames", "limit", "live_outside", "local_slots", "local_types", "locals", "next", "number", "num_blocks",
    "operand_slots", "pos", "reference_locals", "scan", "shift", "stack",
)  # fmt: skip


class Inlining(Metering):
    """inline_bytes: of the largest body to inline; 0 for none at all, and nothing else done for speed.

    frees_loops: whether accesses that cannot trap need not be volatile, see `loops.py`.
    """

    def __init__(
        self, env: ModuleEnv, ir: ModuleText, defined_index: int, inline_bytes: int = 0, frees_loops: bool = False
    ) -> None:
        super().__init__(env, ir, Scan(env))
        self.own_index = defined_index + int(env.num_imported_funcs)
        self.defined_index: Final = defined_index
        module = env.module
        size = module.body_ends[defined_index] - module.body_starts[defined_index]
        self.inline_bytes: Final = inline_bytes
        self.frees_loops: Final = frees_loops
        self.room = size + GROWTH_BYTES
        self.number = 0
        self.bodies: Final = [Inlined(0, 0, defined_index, -1, 0)]
        self.next_place = len(env.code)

    # --- locals ---------------------------------------------------------------------------------------------------
    def read_locals(self, params: bytes, start: int, end: int) -> int:
        """Parameters and declared locals of a body; the offset of its first instruction."""
        self.code = self.env.code
        self.next = start
        self.limit = end
        types = list(params)
        for _ in range(self.read_u32()):
            count = self.read_u32()
            type = self.env.local_type_code(self.read_valtype())
            if len(types) + count > MAX_LOCALS:
                raise UnsupportedError("function too complex for the LLVM compiler: it has too many locals")
            types += [type] * count
        self.begin_locals(types)
        return int(self.next)

    def begin_locals(self, types: list[int]) -> None:
        self.local_types = types
        self.reference_locals = [i for i, type in enumerate(types) if type == T_EXTERNREF]
        self.has_references = self.has_references or bool(self.reference_locals)

    def first_locals(self, params: list[str]) -> list[str]:
        """What all locals are at the beginning."""
        values = list(params)
        nulls: dict[int, str] = {}
        for type in self.local_types[len(params) :]:
            if type not in nulls:
                nulls[type] = self.fenced(self.null(type), type)
            values.append(nulls[type])
        return values

    def visit_body(self, first: int, end: int) -> None:
        """Visit those instructions of a body that can be reached."""
        cuts = self.scan.cuts
        number = bisect_left(cuts, (first, first))
        while first < end:
            cut_start, cut_end = cuts[number] if number < len(cuts) else (end, end)
            if first < cut_start:
                self.visit(self.env.code, first, min(cut_start, end))
            first = cut_end
            number += 1

    # --- inlining -------------------------------------------------------------------------------------------------
    def call(self, func: i64) -> None:
        callee = self.inlinable(func - int(self.env.num_imported_funcs))
        if callee is None:
            super().call(func)
        else:
            self.inline(func, callee)

    def inlinable(self, index: int) -> Callee | None:
        """The defined function, if it is to be written here."""
        if index < 0 or not self.inline_bytes:
            return None
        module = self.env.module
        size = module.body_ends[index] - module.body_starts[index]
        depth = recursion = 0
        number = self.number
        while number >= 0:
            depth += 1
            recursion += self.bodies[number].function == index
            number = self.bodies[number].outer
        limit = MAX_RECURSIVE_BYTES if recursion else self.inline_bytes
        if depth > MAX_DEPTH or recursion >= RECURSION or size > min(limit, self.room):
            return None
        return self.callee_at(index)

    def callee_at(self, index: int) -> Callee | None:
        callees = self.ir.callees
        if index not in callees:
            callees[index] = self.read_callee(index)
        return callees[index]

    def read_callee(self, index: int) -> Callee | None:
        """A function's locals and first look; None for what must be called."""
        env = self.env
        start, end = env.module.body_starts[index], env.module.body_ends[index]
        reader = Inlining(env, self.ir, index)
        try:
            first = reader.read_locals(env.layout_of(reader.own_index).params, start, end)
            reader.scan.scan(first, end)
        except UnsupportedError:
            return None
        if reader.scan.makes_tail_calls or len(reader.local_types) > MAX_INLINED_LOCALS:
            return None
        return Callee(first, end, end - start, reader.local_types, reader.scan)

    def inline(self, func: int, callee: Callee) -> None:
        layout = self.env.layout_of(func)
        arguments = [self.fenced(*argument) for argument in self.pop_arguments(layout)]
        live_outside = self.live_slots() if self.has_references else []
        saved = [getattr(self, name) for name in STATE]
        self.room -= callee.size
        self.new_places(callee.start, callee.end, func - int(self.env.num_imported_funcs), int(self.pos))
        self.number = len(self.bodies) - 1
        self.live_outside = live_outside
        self.stack, self.frames = [], []
        self.local_slots, self.operand_slots = {}, {}
        self.scan, self.num_blocks = callee.scan, 0
        self.begin_locals(callee.local_types)
        self.locals = self.first_locals(arguments)
        for local in self.reference_locals:
            self.keep(self.locals[local], self.local_slot(local))
        self.push_frame(FUNC, b"", layout.results, [])
        self.visit_body(callee.start, callee.end)
        results = self.stack
        for name, value in zip(STATE, saved, strict=True):
            setattr(self, name, value)
        self.stack += results

    def new_places(self, start: int, end: int, function: int, call: int) -> None:
        """For the instructions there, which are about to be written."""
        self.shift = self.next_place - start
        self.bodies.append(Inlined(self.next_place, self.shift, function, self.number, call))
        self.next_place += end - start

    def return_results(self) -> None:
        if not self.number:
            super().return_results()
