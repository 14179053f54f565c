"""Folding: instructions put around the operands before them, as `(i32.add (local.get 0) (i32.const 1))`.

Folding only adds brackets around neighbours, so that it can never change the order of instructions. Arities decide
what reads well, not what is right: where one is unknown, the instruction stays as it is.
"""

from __future__ import annotations

from typing import Final, final

from taipan.wasm.instructions import INSTRS

UNKNOWN: Final = -1
MAX_LINE: Final = 100
"""Longer expressions are not folded further, which also bounds the work on deeply nested ones."""

# Operands and results of instructions whose row leaves them to the validator.
_ARITIES: Final[dict[str, tuple[int, int]]] = {
    "drop": (1, 0),
    "select": (3, 1),
    "select_t": (3, 1),
    "local.get": (0, 1),
    "local.set": (1, 0),
    "local.tee": (1, 1),
    "global.get": (0, 1),
    "global.set": (1, 0),
    "table.get": (1, 1),
    "table.set": (2, 0),
    "table.grow": (2, 1),
    "table.fill": (3, 0),
    "table.copy": (3, 0),
    "memory.copy": (3, 0),
    "br_if": (1, 0),
    "br_table": (1, 0),
    "ref.null": (0, 1),
    "ref.func": (0, 1),
    "ref.is_null": (1, 1),
    "ref.as_non_null": (1, 1),
    "ref.eq": (2, 1),
    "ref.i31": (1, 1),
    "i31.get_s": (1, 1),
    "i31.get_u": (1, 1),
    "ref.test": (1, 1),
    "ref.test_null": (1, 1),
    "ref.cast": (1, 1),
    "ref.cast_null": (1, 1),
    "struct.new_default": (0, 1),
    "struct.get": (1, 1),
    "struct.get_s": (1, 1),
    "struct.get_u": (1, 1),
    "struct.set": (2, 0),
    "array.new": (2, 1),
    "array.new_default": (1, 1),
    "array.get": (2, 1),
    "array.get_s": (2, 1),
    "array.get_u": (2, 1),
    "array.set": (3, 0),
    "array.len": (1, 1),
}


def arities() -> list[tuple[int, int]]:
    """(operands, results) of each row of the instruction table; UNKNOWN where that takes more than the row."""
    found: list[tuple[int, int]] = []
    for row in INSTRS:
        if row.type == "*":
            found.append(_ARITIES.get(row.name, (UNKNOWN, UNKNOWN)))
        else:
            params, _, results = row.type.partition("->")
            found.append((len(params.split()), len(results.split())))
    return found


@final
class Folder:
    """Takes instructions one by one and appends finished lines to `lines`. waiting: expressions of one value each."""

    __slots__ = ("lines", "waiting")

    def __init__(self, lines: list[str]) -> None:
        self.lines: Final = lines
        self.waiting: list[str] = []

    def add(self, text: str, params: int, results: int, margin: str) -> None:
        """One instruction; margin: what its line begins with."""
        first = len(self.waiting) - params
        foldable = params != UNKNOWN and results in (0, 1) and first >= 0
        if foldable:
            operands = self.waiting[first:]
            length = len(text) + 2 + len(operands) + sum([len(operand) for operand in operands])
            if length <= MAX_LINE:
                del self.waiting[first:]
                expression = f"({' '.join([text, *operands])})"
                if results == 0:
                    self.flush(margin)
                    self.lines.append(margin + expression)
                else:
                    self.waiting.append(expression)
                return
        self.flush(margin)
        self.lines.append(margin + text)

    def flush(self, margin: str) -> None:
        """Write what waits, one line each."""
        for expression in self.waiting:
            self.lines.append(margin + expression)
        self.waiting.clear()
