"""Loops: how often they poll.

A poll is a small part of most bodies, but of small ones a large part, and nothing that LLVM can unroll. So the body of
a small innermost loop is written twice, one after the other, and only the first polls. A loop that ends soon (a number
that is counted by constants says so) need not poll at all. Where an iteration begins with a call of the function
itself, that one polls.
"""

from __future__ import annotations

import re
from typing import Final

from taipan.compiler.llvm.emit_control import BLOCK, Frame
from taipan.compiler.llvm.emit_numeric import is_literal
from taipan.compiler.llvm.inline import GROWTH_BYTES, Inlining
from taipan.compiler.llvm.scan import Loop

MAX_COPIES: Final = 2
COPIED_BYTES: Final = 240
"""Of all copies of a body."""

MAX_TRIPS: Final = 10_000
"""Of a loop that does not poll: some milliseconds, even if each trip touches a page of its own."""

CHANGE: Final = re.compile(r"(add|sub) i32 (%v\d+), (-?\d+)(, !dbg !\d+)?")
TEST: Final = re.compile(r"icmp (ne|eq|ult|slt|ule|sle) i32 (%v\d+), (-?\d+)(, !dbg !\d+)?")


def count_trips(test: str, first: int, step: int, bound: int) -> int:
    """How often a loop runs that goes on while `test` holds for an i32, `first` at first; 0 if that is not clear."""
    distance = (bound - first) % (1 << 32)
    if test == "ne":
        if step < 0:
            distance, step = -distance % (1 << 32), -step
        return distance // step + 1 if step and distance % step == 0 else 0
    # All below 2^31, where signed and unsigned numbers are the same.
    if test == "eq" or not 0 < step < 1 << 30 or not 0 <= first <= bound < 1 << 30:
        return 0
    return (bound - first) // step + 2 if test in ("ule", "sle") else -((first - bound) // step) + 1


class Loops(Inlining):
    copied = 0
    """Bytes of bodies that were written again."""

    poll_lines = (0, 0)
    """Where the poll written last is, in `lines`; poll_cold: in `cold`."""
    poll_cold = 0

    def poll_loop(self) -> None:
        loop = self.scan.loops[self.num_blocks - 1]
        function = self.bodies[self.number].function
        if loop.first_call - int(self.env.num_imported_funcs) != function or self.inlinable(function):
            start = len(self.lines)
            super().poll_loop()
            self.poll_lines = start, len(self.lines)
            self.poll_cold = len(self.cold) - 1

    def loop(self, type: int) -> None:
        number = self.num_blocks
        super().loop(type)
        frame = self.frames[-1]
        frame.number, frame.copies = number, self.copies(self.scan.loops[number])
        if frame.copies > 1:
            # Branches go to the next copy.
            frame.label, frame.edges = self.new_block(), []

    def copies(self, loop: Loop) -> int:
        """How often to write the body."""
        size = loop.end - loop.start
        if not loop.is_innermost or not self.inline_bytes or not size:
            return 1
        count = min(MAX_COPIES, COPIED_BYTES // size)
        if count < 2 or self.copied + size * (count - 1) > self.room + GROWTH_BYTES:
            return 1
        self.copied += size * (count - 1)
        return count

    def end_loop(self, frame: Frame) -> None:
        loop = self.scan.loops[frame.number]
        if loop.is_innermost and self.inline_bytes and 0 < self.trips(frame) <= MAX_TRIPS:
            self.drop_poll()
            self.close(frame)
        elif frame.copies > 1:
            self.write_copies(frame, loop)
        super().end_loop(frame)

    # --- loops that end soon --------------------------------------------------------------------------------------
    def trips(self, frame: Frame) -> int:
        """How often an innermost loop's body runs at most; 0 if that is not clear."""
        entry, *back = frame.entries if frame.edges is frame.entries else [*frame.entries, *frame.edges]
        if len(back) != 1:
            return 0
        made: dict[str, str] = {}
        test = ""
        for line in self.lines[frame.phis_at :]:
            name, _, text = line.strip().partition(" = ")
            made[name] = text
            if line.startswith("  br i1") and line.split()[4] == f"%{frame.label},":
                test = made.get(line.split()[2].rstrip(","), "")
        found = TEST.fullmatch(test)
        if not found:
            return 0
        counter, change = self.changed(made, found[2])
        if counter not in frame.phis:
            return 0
        position = frame.phis.index(counter)
        first = (entry[1] + entry[2])[position]
        base, step = self.changed(made, (back[0][1] + back[0][2])[position])
        if base != counter or not is_literal(first) or not first.lstrip("-").isdecimal():
            return 0
        return count_trips(found[1], int(first) + change, step, int(found[3]))

    def changed(self, made: dict[str, str], name: str) -> tuple[str, int]:
        """The number that another is the sum of, and what was added."""
        found = CHANGE.fullmatch(made.get(name, ""))
        if not found:
            return name, 0
        return found[2], int(found[3]) if found[1] == "add" else -int(found[3])

    def drop_poll(self) -> None:
        """The loop's own, which was the last."""
        start, end = self.poll_lines
        after = self.lines[end - 1]
        self.lines[start:end] = [f"  br label %{after[:-2]}\n", after]
        del self.cold[self.poll_cold]

    def close(self, frame: Frame) -> None:
        """Let the only copy of the body lead to the header."""
        if frame.copies > 1:
            kept = self.lines, self.block_name, self.stack, self.locals, self.dead
            self.lines, self.stack, self.locals = [], list(self.stack), list(self.locals)
            self.cold.append(self.lines)
            self.begin_again(frame)
            frame.label, frame.edges = frame.header, frame.entries
            self.branch_to(frame)
            self.lines, self.block_name, self.stack, self.locals, self.dead = kept

    # --- loops with small bodies ----------------------------------------------------------------------------------
    def begin_again(self, frame: Frame) -> None:
        """Begin what branches to the loop lead to."""
        start = Frame(BLOCK, frame.label, b"", frame.params, frame.height, frame.assigned)
        start.edges = frame.edges
        self.dead = False
        self.join(start)

    def write_copies(self, frame: Frame, loop: Loop) -> None:
        """After the body: the others, the last of which leads to the header again. All may end the loop at its end."""
        after = Frame(BLOCK, self.new_block(), b"", frame.results, frame.height, frame.assigned)
        saved = self.pos, self.next, self.limit, self.code, self.shift
        for left in reversed(range(frame.copies - 1)):
            if not frame.edges:
                break
            if not self.dead:
                self.branch_to(after)
            self.begin_again(frame)
            if left:
                frame.label, frame.edges = self.new_block(), []
            else:
                frame.label, frame.edges = frame.header, frame.entries
            self.new_places(loop.start, loop.end, self.bodies[self.number].function, -1)
            self.num_blocks = frame.number + 1
            self.visit_body(loop.start, loop.end)
        self.pos, self.next, self.limit, self.code, self.shift = saved
        if after.edges:
            if not self.dead:
                self.branch_to(after)
            self.join(after)
            self.dead = False
