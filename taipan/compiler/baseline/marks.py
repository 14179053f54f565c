"""Where in a function's code each of its instructions begins: kept for listings only, never while modules load."""

from __future__ import annotations

from typing import Final, final


@final
class Marks:
    """The map of one function. starts: wasm offsets of all its instructions, ascending;  end: of the body.

    body, cold: pairs (code offset, wasm offset), ascending by code offset; instructions that are never reached have no
    pair. Cold code lies behind the body's; jump tables and constants begin at `data_start`. frame_bytes: what the
    prologue takes from the stack below the frame pointer.
    """

    def __init__(self, starts: list[int], end: int) -> None:
        self.next: Final[dict[int, int]] = dict(zip(starts, [*starts[1:], end], strict=True))
        self.body: Final[list[tuple[int, int]]] = []
        self.cold: Final[list[tuple[int, int]]] = []
        self.cold_start: int = 0
        self.data_start: int = 0
        self.frame_bytes: int = 0

    def cut(self, start: int) -> None:
        """The code from `start` on was taken back: what was marked there becomes part of what comes instead."""
        body = self.body
        i = len(body)
        while i and body[i - 1][0] > start:
            i -= 1
            body[i] = (start, body[i][1])

    def begin(self) -> None:
        """Forget what was marked: the function is compiled anew."""
        self.body.clear()
        self.cold.clear()
