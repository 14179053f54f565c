"""A first look over a function body, for what one pass cannot know at its beginning.

Which locals each block assigns (they need phis where paths join), which stretches of code can never run (the second
pass does not visit them), and whether the function calls anything.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.compiler.environ import T_EXTERNREF, ModuleEnv
from taipan.errors import UnsupportedError
from taipan.wasm._generated_visit import Visitor
from taipan.wasm.instructions import BY_OPCODE, INSTRS

EXCEPTIONS: Final = frozenset(row.opcode for row in INSTRS if row.feature in ("exceptions", "legacy-exceptions"))

MAX_ASSIGNMENTS: Final = 1_000_000
"""Locals assigned in blocks, counted once for each block around: more phis would take LLVM minutes."""


class Readable(Visitor):
    def unsupported(self, opcode: i64) -> UnsupportedError:
        """The error about an instruction that there is no method for."""
        return UnsupportedError(f"the LLVM compiler does not support {BY_OPCODE[opcode].name} yet")


@final
class Loop:
    """start, end: of the body, without the `end`.  is_innermost: neither loops nor calls inside.

    first_call: the function that every iteration calls before anything branches; -1 for none.
    """

    __slots__ = ("end", "first_call", "is_innermost", "start")

    def __init__(self, start: int) -> None:
        self.start: Final = start
        self.end = start
        self.is_innermost = True
        self.first_call = -1


class Scan(Readable):
    """assigned: for each block, loop and if, in the order in which they begin, the locals assigned inside, ascending.

    loops: by their numbers in that order.  cuts: (start, end) offsets of code that is never reached.
    """

    def __init__(self, env: ModuleEnv) -> None:
        self.env: Final = env
        self.assigned: list[list[int]] = []
        self.loops: Final[dict[int, Loop]] = {}
        self.cuts: list[tuple[int, int]] = []
        self.calls = False
        self.makes_tail_calls = False
        self._open: list[int] = []
        self._innermost: Loop | None = None  # begun last, and nothing inside yet that keeps it from being that
        self._straight: Loop | None = None  # begun last, and no branch or block since
        self._sets: list[set[int]] = []
        self._dead_depth = 0
        self._cut_start = -1
        self._total = 0

    def scan(self, start: int, end: int) -> None:
        """Look at the instructions in `code[start:end]`. The object is used up by it."""
        self._sets.append(set())
        self._open.append(-1)
        self.visit(self.env.code, start, end)

    def other(self, opcode: i64) -> None:
        """What has no method here is of no interest; blocks of exception handling would be."""
        if opcode in EXCEPTIONS:
            raise self.unsupported(opcode)

    # --- blocks ---------------------------------------------------------------------------------------------------
    def block(self, type: i64) -> None:
        self._straight = None
        if self._cut_start >= 0:
            self._dead_depth += 1
            return
        self._open.append(len(self.assigned))
        self.assigned.append([])
        self._sets.append(set())

    def loop(self, type: i64) -> None:
        if self._cut_start < 0:
            self._not_innermost()
            self._innermost = self.loops[len(self.assigned)] = Loop(int(self.next))
            self.block(type)
            self._straight = self._innermost
        else:
            self.block(type)

    def _not_innermost(self) -> None:
        """A loop or call is here. Loops around an inner one have been told when that began."""
        if self._innermost is not None:
            self._innermost.is_innermost = False
            self._innermost = None

    def if_(self, type: i64) -> None:
        self.block(type)

    def br_if(self, label: i64) -> None:
        self._straight = None

    def br_on_null(self, label: i64) -> None:
        self._straight = None

    def br_on_non_null(self, label: i64) -> None:
        self._straight = None

    def else_(self) -> None:
        if self._dead_depth == 0:
            self._alive()

    def end(self) -> None:
        self._straight = None
        if self._dead_depth:
            self._dead_depth -= 1
            return
        self._alive()
        number = self._open.pop()
        inside = self._sets.pop()
        if number < 0:
            return
        if number in self.loops:
            self.loops[number].end = int(self.pos)
            self._innermost = None
        self.assigned[number] = sorted(inside)
        self._sets[-1] |= inside
        self._total += len(inside)
        if self._total > MAX_ASSIGNMENTS:
            raise UnsupportedError("function too complex for the LLVM compiler: it assigns too many locals in blocks")

    def _alive(self) -> None:
        """An `end` or `else` is here that makes code reachable again."""
        start = self._cut_start
        if start >= 0:
            self._cut_start = -1
            if start != self.pos:
                self.cuts.append((start, int(self.pos)))

    def _leave(self, immediates: int) -> None:
        """Control leaves; the current instruction has so many LEB numbers behind its opcode."""
        if self._cut_start >= 0:
            return
        self._straight = None
        at = int(self.pos) + 1
        code = self.code
        for _ in range(immediates):
            while code[at] >= 0x80:
                at += 1
            at += 1
        self._cut_start = at

    def unreachable(self) -> None:
        self._leave(0)

    def return_(self) -> None:
        self._leave(0)

    def br(self, label: i64) -> None:
        self._leave(1)

    def br_table(self, count: i64) -> None:
        self._leave(count + 2)

    def return_call(self, func: i64) -> None:
        self.calls = self.makes_tail_calls = True
        self._leave(1)

    def return_call_ref(self, type: i64) -> None:
        self.calls = self.makes_tail_calls = True
        self._leave(1)

    def return_call_indirect(self, type: i64, table: i64) -> None:
        self.calls = self.makes_tail_calls = True
        self._leave(2)

    # --- locals ---------------------------------------------------------------------------------------------------
    def local_set(self, index: i64) -> None:
        if self._cut_start < 0:
            self._sets[-1].add(index)

    def local_tee(self, index: i64) -> None:
        if self._cut_start < 0:
            self._sets[-1].add(index)

    # --- calls ----------------------------------------------------------------------------------------------------
    def call(self, func: i64) -> None:
        self.calls = True
        if self._straight is not None:
            self._straight.first_call = func
            self._straight = None
        self._not_innermost()

    def global_get(self, index: i64) -> None:
        self.calls = self.calls or self.env.global_types[index] == T_EXTERNREF

    def global_set(self, index: i64) -> None:
        self.calls = self.calls or self.env.global_types[index] == T_EXTERNREF

    def table_get(self, table: i64) -> None:
        self.calls = self.calls or self.env.table_types[table] == T_EXTERNREF

    def table_set(self, table: i64) -> None:
        self.calls = self.calls or self.env.table_types[table] == T_EXTERNREF

    def _calls(self) -> None:
        self.calls = True
        self._not_innermost()

    def call_indirect(self, type: i64, table: i64) -> None:
        self._calls()

    def call_ref(self, type: i64) -> None:
        self._calls()

    def memory_grow(self, memory: i64) -> None:
        self._calls()

    def memory_fill(self, memory: i64) -> None:
        self._calls()

    def memory_copy(self, dst: i64, src: i64) -> None:
        self._calls()

    def memory_init(self, data: i64, memory: i64) -> None:
        self._calls()

    def data_drop(self, data: i64) -> None:
        self._calls()

    def table_grow(self, table: i64) -> None:
        self._calls()

    def table_fill(self, table: i64) -> None:
        self._calls()

    def table_copy(self, dst: i64, src: i64) -> None:
        self._calls()

    def table_init(self, elem: i64, table: i64) -> None:
        self._calls()

    def elem_drop(self, elem: i64) -> None:
        self._calls()
