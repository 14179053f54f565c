"""Where each local is live, from one forward look at a structured function body.

A local's *interval* is a stretch of the body, in byte offsets, that contains every place where its value may still be
read. Locals with disjoint intervals can share a register. What makes an interval longer than from the first to the last
use is a loop: a value read in a loop before that iteration has certainly assigned it came from outside or from the
iteration before, so it lives in the whole loop.

"Certainly assigned" is a set of locals, one bit each, kept for the innermost open loop and counted from the beginning
of its iteration; `outer` keeps the sets of the loops around it, each as it was when the next loop began. At a label
the sets of all paths to it are intersected.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.masm import to_vec
from taipan.compiler.baseline.registers import BIT

WORD_BITS: Final = 32
WORD_SHIFT: Final = 5
ALL: Final = 0xFFFF_FFFF
MAX_WORDS: Final = 16
"""Locals beyond the first 512 are taken to be live everywhere: a bound on the work at each branch."""

F_BLOCK: Final = 0
F_LOOP: Final = 1
F_IF: Final = 2

MAX_WEIGHT_DEPTH: Final = 7
WEIGHT: Final = to_vec([8**depth for depth in range(MAX_WEIGHT_DEPTH + 1)])
"""Weight of a use inside that many loops."""


@final
class Liveness:
    """Results for one function; reused for the next.

    weights: uses of each local, those in loops counted eightfold per loop.  starts, ends: the intervals (`finish`
    completes the ends); -1 where the local is not used.  reads_zero: 1 where the initial zero may be seen.
    weight: of a use at the present place.
    """

    def __init__(self) -> None:
        self.weights: vec[i64] = vec[i64]()
        self.starts: vec[i64] = vec[i64]()
        self.ends: vec[i64] = vec[i64]()
        self.reads_zero: vec[i64] = vec[i64]()
        self.carriers: vec[i64] = vec[i64]()
        self.num_locals: i64 = 0
        self.words: i64 = 0
        self.weight: i64 = 1
        self.assigned: vec[i64] = to_vec([0] * MAX_WORDS)
        self.depth: i64 = 0
        self.kinds: vec[i64] = to_vec([0] * 64)
        self.merged: vec[i64] = to_vec([0] * 256)
        self.before: vec[i64] = to_vec([0] * 256)
        self.loops: i64 = 0
        self.outer: vec[i64] = to_vec([0] * 256)
        self.loop_depths: vec[i64] = to_vec([0] * 16)
        self.loop_ids: vec[i64] = to_vec([0] * 16)
        self.num_loops: i64 = 0
        self.loop_starts: vec[i64] = to_vec([0] * 64)
        self.loop_ends: vec[i64] = to_vec([0] * 64)

    def begin(self, num_params: i64, num_locals: i64, start: i64) -> None:
        """A function whose instructions begin at offset `start`. Parameters are assigned before it."""
        if len(self.weights) < num_locals:
            blank = [0] * (int(num_locals) + 64)
            self.weights = to_vec(blank)
            self.starts = to_vec(blank)
            self.ends = to_vec(blank)
            self.reads_zero = to_vec(blank)
            self.carriers = to_vec(blank)
        weights = self.weights
        starts = self.starts
        ends = self.ends
        reads_zero = self.reads_zero
        carriers = self.carriers
        i: i64 = 0
        while i < num_locals:
            weights[i] = 0
            starts[i] = -1
            ends[i] = -1
            reads_zero[i] = 0
            carriers[i] = -1
            i += 1
        words = (num_locals + WORD_BITS - 1) >> WORD_SHIFT
        self.words = words if words < MAX_WORDS else MAX_WORDS
        self.num_locals = num_locals
        i = 0
        while i < self.words:
            self.assigned[i] = 0
            i += 1
        i = 0
        while i < num_params:
            self.starts[i] = start - 1
            if i < MAX_WORDS * WORD_BITS:
                self.assigned[i >> WORD_SHIFT] |= BIT[i & (WORD_BITS - 1)]
            i += 1
        self.weight = 1
        self.depth = 0
        self.loops = 0
        self.num_loops = 0

    # --- uses -----------------------------------------------------------------------------------------------------
    def read(self, index: i64, pos: i64) -> None:
        self.weights[index] += self.weight
        self.ends[index] = pos
        word = index >> WORD_SHIFT
        if word >= MAX_WORDS or not self.assigned[word] & BIT[index & (WORD_BITS - 1)]:
            self.expose(index)

    def expose(self, index: i64) -> None:
        """A local is read that may not be assigned in this iteration of the innermost loop."""
        word = index >> WORD_SHIFT
        if word >= MAX_WORDS:
            self.carry(index, 0)
            self.reads_zero[index] = 1
            return
        bit = BIT[index & (WORD_BITS - 1)]
        # Exposed further out, too, until a loop had assigned it before the next one began.
        loop = self.loops
        while loop > 0:
            loop -= 1
            if self.outer[loop * self.words + word] & bit:
                self.carry(index, loop)
                break
        else:
            self.carry(index, 0)
            self.reads_zero[index] = 1
        # Known from here on: asking again on this path would give the same answer.
        self.assigned[word] |= bit

    def write(self, index: i64, pos: i64) -> None:
        self.weights[index] += self.weight
        self.ends[index] = pos
        if self.starts[index] < 0:
            self.starts[index] = pos
        word = index >> WORD_SHIFT
        if word < MAX_WORDS:
            self.assigned[word] |= BIT[index & (WORD_BITS - 1)]

    def carry(self, index: i64, loop: i64) -> None:
        """Local `index` lives in the whole of the open loop number `loop` (0 is the outermost), if there is one."""
        if loop >= self.loops:
            return
        number = self.loop_ids[loop]
        start = self.loop_starts[number]
        if self.starts[index] < 0 or self.starts[index] > start:
            self.starts[index] = start
        known = self.carriers[index]
        # Of two loops the one that ends later: the open one, and of two open ones the outer.
        if known < 0 or self.loop_ends[known] >= 0 or number < known:
            self.carriers[index] = number

    # --- structure ------------------------------------------------------------------------------------------------
    def enter(self, kind: i64, pos: i64) -> None:
        """A block, loop or if begins with the instruction at `pos`."""
        depth = self.depth + 1
        self.depth = depth
        words = self.words
        base = depth * words
        if depth >= len(self.kinds):
            self.kinds = append(self.kinds, 0)
        while base + words > len(self.merged):
            self.merged = append(self.merged, 0)
            self.before = append(self.before, 0)
        self.kinds[depth] = kind
        i: i64 = 0
        if kind == F_LOOP:
            self.enter_loop(depth, pos)
            return
        while i < words:
            self.merged[base + i] = ALL
            i += 1
        if kind == F_IF:
            i = 0
            while i < words:
                self.before[base + i] = self.assigned[i]
                i += 1

    def enter_loop(self, depth: i64, pos: i64) -> None:
        words = self.words
        loop = self.loops
        self.loops = loop + 1
        if loop >= len(self.loop_ids):
            self.loop_ids = append(self.loop_ids, 0)
            self.loop_depths = append(self.loop_depths, 0)
        while (loop + 1) * words > len(self.outer):
            self.outer = append(self.outer, 0)
        number = self.num_loops
        self.num_loops = number + 1
        if number >= len(self.loop_starts):
            self.loop_starts = append(self.loop_starts, 0)
            self.loop_ends = append(self.loop_ends, 0)
        self.loop_starts[number] = pos
        self.loop_ends[number] = -1
        self.loop_ids[loop] = number
        self.loop_depths[loop] = depth
        i: i64 = 0
        while i < words:
            self.outer[loop * words + i] = self.assigned[i]
            self.assigned[i] = 0
            i += 1
        if loop < MAX_WEIGHT_DEPTH:
            self.weight = WEIGHT[loop + 1]

    def branch(self, label: i64) -> None:
        """A branch to `label` may be taken here."""
        depth = self.depth - label
        if depth == 0 or self.kinds[depth] == F_LOOP:
            return
        words = self.words
        base = depth * words
        i: i64 = 0
        if words == 1 and (self.loops == 0 or self.loop_depths[self.loops - 1] < depth):
            self.merged[depth] &= self.assigned[0]
            return
        while i < words:
            bits = self.assigned[i]
            loop = self.loops - 1
            while loop >= 0 and self.loop_depths[loop] > depth:
                bits |= self.outer[loop * words + i]
                loop -= 1
            self.merged[base + i] &= bits
            i += 1

    def else_(self, dead: bool) -> None:
        """dead: whether nothing falls into the `else`."""
        depth = self.depth
        if not dead:
            self.branch(0)
        base = depth * self.words
        self.kinds[depth] = F_BLOCK
        i: i64 = 0
        while i < self.words:
            self.assigned[i] = self.before[base + i]
            i += 1

    def end(self, dead: bool, pos: i64) -> None:
        """The `end` at `pos`. dead: whether nothing falls into it."""
        depth = self.depth
        if depth == 0:
            return
        words = self.words
        i: i64 = 0
        if self.kinds[depth] == F_LOOP:
            loop = self.loops - 1
            self.loops = loop
            self.loop_ends[self.loop_ids[loop]] = pos
            while i < words:
                self.assigned[i] = ALL if dead else self.assigned[i] | self.outer[loop * words + i]
                i += 1
            if loop <= MAX_WEIGHT_DEPTH:
                self.weight = WEIGHT[loop]
        else:
            if not dead:
                self.branch(0)
            base = depth * words
            is_if = self.kinds[depth] == F_IF
            while i < words:
                bits = self.merged[base + i]
                self.assigned[i] = bits & self.before[base + i] if is_if else bits
                i += 1
        self.depth = depth - 1

    def finish(self, start: i64) -> None:
        """Complete the intervals. start: offset of the first instruction, where initial zeros begin to live."""
        starts = self.starts
        ends = self.ends
        i: i64 = 0
        while i < self.num_locals:
            if ends[i] >= 0:
                carrier = self.carriers[i]
                if carrier >= 0 and self.loop_ends[carrier] > ends[i]:
                    ends[i] = self.loop_ends[carrier]
                if self.reads_zero[i]:
                    starts[i] = start - 1
            i += 1
