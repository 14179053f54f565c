"""Settings that change generated code: memory layout, and what is counted.

A compiled artifact is only valid under the tunables it was made with. Sizes are bytes.
"""

from __future__ import annotations

from taipan.wasm.types import MemType

GIB = 1 << 30


class Tunables:
    """Memory layout and instrumentation; see `Config` for the meaning users read.

    memory_reservation: address range of a static memory; a memory that cannot outgrow it is static: it never moves.
    memory_guard_size: inaccessible bytes behind (and before, with guard_before_linear_memory) a memory.
    memory_reservation_for_growth: extra range behind a dynamic memory.  memory_may_move: whether memories may be
    dynamic at all.  consume_fuel: whether executed instructions are counted.
    """

    __slots__ = (
        "consume_fuel",
        "guard_before_linear_memory",
        "memory_guard_size",
        "memory_may_move",
        "memory_reservation",
        "memory_reservation_for_growth",
    )

    def __init__(
        self,
        *,
        memory_reservation: int = 4 * GIB,
        memory_guard_size: int = 2 * GIB,
        memory_reservation_for_growth: int = 2 * GIB,
        memory_may_move: bool = True,
        guard_before_linear_memory: bool = True,
        consume_fuel: bool = False,
    ) -> None:
        self.memory_reservation = memory_reservation
        self.memory_guard_size = memory_guard_size
        self.memory_reservation_for_growth = memory_reservation_for_growth
        self.memory_may_move = memory_may_move
        self.guard_before_linear_memory = guard_before_linear_memory
        self.consume_fuel = consume_fuel

    def static_memory(self, memtype: MemType) -> bool:
        """Whether a memory of this type keeps its base for life, in a reservation of `memory_reservation` bytes.

        memory64 memories are dynamic unless nothing may move.
        """
        if not self.memory_may_move:
            return True
        if memtype.is_64 or self.memory_reservation == 0:
            return False
        pages = memtype.limits.max
        largest = 1 << 32 if pages is None else min(pages << memtype.page_size_log2, 1 << 32)
        return largest <= self.memory_reservation

    def unchecked_extent(self, memtype: MemType) -> int:
        """How large `offset + width` may be for an access to need no bounds check; -1 if every access needs one.

        The reservation and the guard behind it must catch whatever a 32-bit address plus the offset can reach. They
        cannot where a page of the memory is smaller than one of the host.
        """
        if memtype.is_64 or memtype.page_size_log2 < 16 or not self.static_memory(memtype):
            return -1
        return max(self.memory_reservation + self.memory_guard_size - (1 << 32), -1)
