"""What the text of an innermost loop says about it: how often it runs, and where its accesses to memory can lie.

Numbers are ranges of integers that the i32 is equal to modulo 2^32. Nothing is known of what comes from outside the
loop but constants.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, final

OPERATION: Final = re.compile(r"(add|sub|mul|shl|lshr|and) i32 (\S+), (\S+)")
WIDENED: Final = re.compile(r"zext i(1|8|16) \S+ to i32")
FROZEN: Final = "freeze i32 "
TEST: Final = re.compile(r"icmp (ne|eq|ult|slt|ule|sle) i32 (\S+), (-?\d+)")
ACCESS: Final = re.compile(r"  (?:\S+ = )?(load|store) volatile (\w+)(?: \S+)?, ptr (\S+), align 1(, !dbg !\d+)?\n")
OFFSET: Final = re.compile(r"getelementptr i8, ptr (\S+), i64 (\S+)")
INDEX: Final = re.compile(r"zext i32 (\S+) to i64")
LABEL: Final = re.compile(r"label %(\w+)")
SITE: Final = re.compile(r", !dbg !\d+")
WIDTHS: Final = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8}
MAX_STEPS: Final = 30

Range = tuple[int, int]


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


def literal(text: str) -> int | None:
    return int(text) if text.lstrip("-").isdecimal() else None


@final
class Counted:
    """lines: of the loop, from behind its header's label on.  phis: names of the header's, which are `first` when the
    loop is entered and `again` when it goes on, by way of a branch to `label`.

    trips: how often the body runs at most; 0 if that is not clear.
    """

    def __init__(
        self, lines: Sequence[str], phis: Sequence[str], first: Sequence[str], again: Sequence[str], label: str
    ) -> None:
        self.lines: Final = lines
        self.label: Final = label
        self.made: Final[dict[str, str]] = {}
        for line in lines:
            name, equals, text = line.strip().partition(" = ")
            if equals:
                self.made[name] = SITE.sub("", text)
        self.counters: Final[dict[str, Range]] = {}  # first value and step
        for phi, start, next in zip(phis, first, again, strict=True):
            number = literal(start)
            base, step = self.change(next)
            if number is not None and base == phi:
                self.counters[phi] = number, step
        self.trips: Final = self._count()
        self._left = 0

    def change(self, name: str) -> tuple[str, int]:
        """The number that another is the sum of, and what was added."""
        found = OPERATION.fullmatch(self.made.get(name, ""))
        number = None if found is None else literal(found[3])
        if found is None or number is None or found[1] not in ("add", "sub"):
            return name, 0
        return found[2], number if found[1] == "add" else -number

    def _count(self) -> int:
        condition = ""
        for line in self.lines:
            if line.startswith("  br i1") and LABEL.findall(line)[0] == self.label:
                condition = line.split()[2].rstrip(",")
        found = TEST.fullmatch(self.made.get(condition, ""))
        if found is None:
            return 0
        counter, change = self.change(found[2])
        if counter not in self.counters:
            return 0
        first, step = self.counters[counter]
        return count_trips(found[1], first + change, step, int(found[3]))

    # --- ranges ---------------------------------------------------------------------------------------------------
    def range(self, text: str) -> Range | None:
        """Of an i32, lowest and highest."""
        self._left = MAX_STEPS
        return self._range(text)

    def _range(self, text: str) -> Range | None:
        number = literal(text)
        if number is not None:
            return number, number
        if text in self.counters:
            first, step = self.counters[text]
            last = first + step * (self.trips - 1)
            return min(first, last), max(first, last)
        self._left -= 1
        made = self.made.get(text, "")
        if made.startswith(FROZEN):
            return self._range(made[len(FROZEN) :]) if self._left >= 0 else None
        widened = WIDENED.fullmatch(made)
        if widened is not None:
            return 0, (1 << int(widened[1])) - 1
        found = OPERATION.fullmatch(made)
        if found is None or self._left < 0:
            return None
        a, b = self._range(found[2]), self._range(found[3])
        if found[1] == "and":
            if a is not None and b is not None and a[0] == a[1] and b[0] == b[1]:
                return a[0] & b[0], a[0] & b[0]
            masks = [mask[0] for mask in (a, b) if mask is not None and mask[0] == mask[1] and mask[0] >= 0]
            return (0, min(masks)) if masks else None
        if a is None or b is None:
            return None
        return self._combined(found[1], a, b)

    def _combined(self, operation: str, a: Range, b: Range) -> Range | None:
        if operation == "add":
            return a[0] + b[0], a[1] + b[1]
        if operation == "sub":
            return a[0] - b[1], a[1] - b[0]
        if b[0] != b[1] or not 0 <= b[0] < (1 << 16 if operation == "mul" else 32):
            return None
        if operation == "lshr":
            found = wrapped(a)
            return None if found is None else (found[0] >> b[0], found[1] >> b[0])
        factor = b[0] if operation == "mul" else 1 << b[0]
        return a[0] * factor, a[1] * factor

    # --- accesses -------------------------------------------------------------------------------------------------
    def stays_within(self, base: str, size: int) -> bool:
        """Whether it is only left at its end, and all accesses are to the `size` bytes at `base`."""
        labels = {line[:-2] for line in self.lines if line.endswith(":\n")} | {self.label}
        for line in self.lines:
            if "volatile" in line:
                access = ACCESS.fullmatch(line)
                if access is None or not self._is_within(access[3], WIDTHS.get(access[2], size + 1), base, size):
                    return False
            elif line.startswith(("  switch", "  ret", "  unreachable")):
                return False
            elif line.startswith("  br") and not labels.issuperset(LABEL.findall(line)):
                return False
        return True

    def _is_within(self, pointer: str, width: int, base: str, size: int) -> bool:
        low = high = 0
        while pointer != base:
            found = OFFSET.fullmatch(self.made.get(pointer, ""))
            if found is None:
                return False
            pointer = found[1]
            number = literal(found[2])
            index = INDEX.fullmatch(self.made.get(found[2], ""))
            if number is not None:
                added: Range | None = (number, number)
            else:
                added = None if index is None else self.range(index[1])
                added = None if added is None else wrapped(added)
            if added is None:
                return False
            low, high = low + added[0], high + added[1]
        return low >= 0 and high + width <= size


def wrapped(range: Range) -> Range | None:
    """The same as unsigned numbers of 32 bits, if these are a range."""
    low, high = range
    start = low % (1 << 32)
    return (start, start + high - low) if start + high - low < 1 << 32 else None
