"""Loops: how often they poll.

A poll is a small part of most bodies, but of small ones a large part, and nothing that LLVM can unroll. So the body of
a small innermost loop is written twice, one after the other, and only the first polls. A loop that ends soon (a number
that is counted by constants says so) need not poll at all; and if all its accesses are known to be in bounds, nobody
can see in which order they happen, so they need not be volatile. Where an iteration begins with a call of the function
itself, that one polls.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.compiler.llvm.counted import SITE, Counted
from taipan.compiler.llvm.emit_control import BLOCK, Frame
from taipan.compiler.llvm.inline import GROWTH_BYTES, Inlining
from taipan.compiler.llvm.scan import Loop

MAX_COPIES: Final = 2
COPIED_BYTES: Final = 240
"""Of all copies of a body."""

MAX_TRIPS: Final = 10_000
"""Of a loop that does not poll: some milliseconds, even if each trip touches a page of its own."""

MAX_FREE_TRIPS: Final = 1 << 16
"""Of one whose accesses are all known to be in bounds, which LLVM makes shorter still."""

MAX_ALL_TRIPS: Final = 1 << 18
"""Of all such loops of a function: they may follow each other."""

BARRIER: Final = '  call void asm sideeffect "", "~{memory}"()\n'
"""Keeps LLVM from dropping a store because of one on the other side."""


class Loops(Inlining):
    trips_left = MAX_ALL_TRIPS
    copied = 0
    """Bytes of bodies that were written again."""

    poll_lines = (0, 0)
    """Where the poll written last is, in `lines`; poll_cold: in `cold`."""
    poll_cold = 0
    access_before = -1
    """`first_access` at that time."""

    def poll_loop(self) -> None:
        loop = self.scan.loops[self.num_blocks - 1]
        function = self.bodies[self.number].function
        if loop.first_call - int(self.env.num_imported_funcs) != function or self.inlinable(function):
            start = len(self.lines)
            super().poll_loop()
            self.poll_lines = start, len(self.lines)
            self.poll_cold = len(self.cold) - 1
            self.access_before = self.first_access

    def loop(self, type: i64) -> None:
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
        counted = self.look_at(frame) if loop.is_innermost and self.inline_bytes else None
        free = counted is not None and self.is_free(counted)
        if counted is not None and self.trips_left >= counted.trips and (free or counted.trips <= MAX_TRIPS):
            self.trips_left -= counted.trips
            self.drop_poll()
            if free:
                self.set_free(frame)
            self.close(frame)
        elif frame.copies > 1:
            self.write_copies(frame, loop)
        super().end_loop(frame)
        if free:
            self.lines.append(BARRIER)

    # --- loops that end soon --------------------------------------------------------------------------------------
    def look_at(self, frame: Frame) -> Counted | None:
        """What is known of an innermost loop that is counted."""
        entry, *back = frame.entries if frame.edges is frame.entries else [*frame.entries, *frame.edges]
        if len(back) != 1 or len(frame.phis) != len(entry[1]) + len(entry[2]):
            return None
        lines = [*self.lines[frame.phis_at : self.poll_lines[0]], *self.lines[self.poll_lines[1] - 1 :]]
        found = Counted(lines, frame.phis, entry[1] + entry[2], back[0][1] + back[0][2], frame.label)
        return found if found.trips else None

    def is_free(self, counted: Counted) -> bool:
        """Whether nobody can see what happens in the loop: it does not trap, and ends soon."""
        base = self.entry.get("memory0")
        if base is None or not self.frees_loops or len(self.cold) != self.poll_cold + 1:
            return False
        memory = self.env.module.mem_space[0]
        size = min(memory.limits.min << memory.page_size_log2, int(self.env.memory_extents[0]))
        return counted.trips <= MAX_FREE_TRIPS and counted.stays_within(base, size)

    def set_free(self, frame: Frame) -> None:
        """Make the accesses of the loop plain ones, that LLVM may combine, and no sites."""
        sites: set[str] = set()
        for at in range(frame.phis_at, len(self.lines)):
            line = self.lines[at]
            if "@llvm.fake.use" in line:
                line = ""
            sites.update(SITE.findall(line))
            self.lines[at] = SITE.sub("", line).replace(" volatile ", " ")
        for name in [name for name, loaded in self.loaded.items() if loaded.site in sites]:
            del self.loaded[name]
        self.first_access = self.access_before
        self.lines[frame.phis_at - 2] = BARRIER + self.lines[frame.phis_at - 2]

    def drop_poll(self) -> None:
        """The loop's own, which was the last."""
        start, end = self.poll_lines
        after = self.lines[end - 1]
        self.lines[start : end - 1] = [f"  br label %{after[:-2]}\n", *[""] * (end - start - 2)]
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
