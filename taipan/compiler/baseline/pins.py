"""Which local gets which register.

Locals are taken by weight, heaviest first; one gets the first register whose other locals live at other times and whose
price its uses outweigh. A register that calls change costs a store and a load around every call in the local's interval; one
that must be preserved for the caller costs a save and a restore, once.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.masm import to_vec
from taipan.compiler.baseline.prescan import Prescan
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.environ import T_EXTERNREF, T_F32, T_F64

SAVE_COST: Final = 2
"""Uses of a local that saving and restoring a caller's register costs."""

MAX_CANDIDATES: Final = 64
"""Locals considered, of each function: a bound on the work. Those that follow are hardly used."""

END: Final = -1
MAX_WEIGHT: Final = 0x7FFF_FFFF_FFFF_FFFF


@final
class Pinner:
    """Registers are added in the order in which they are tried; then `assign`."""

    def __init__(self) -> None:
        self.num_pins: i64 = 0
        self.pin_regs: vec[i64] = to_vec([0] * 32)
        self.pin_floats: vec[i64] = to_vec([0] * 32)
        self.pin_survives: vec[i64] = to_vec([0] * 32)
        self.pin_saves: vec[i64] = to_vec([0] * 32)
        self.pin_locals: vec[i64] = to_vec([0] * 32)
        self.next_local: vec[i64] = vec[i64]()

    def begin(self) -> None:
        self.num_pins = 0

    def add(self, reg: i64, is_float: bool, survives: bool, saves: bool) -> None:
        n = self.num_pins
        self.pin_regs[n] = reg
        self.pin_floats[n] = 1 if is_float else 0
        self.pin_survives[n] = 1 if survives else 0
        self.pin_saves[n] = 1 if saves else 0
        self.pin_locals[n] = END
        self.num_pins = n + 1

    def add_int(self, reg: i64, survives: bool, saves: bool) -> None:
        """survives: calls leave it alone, or there are none.  saves: the first use of it costs a save and a restore."""
        self.add(reg, False, survives, saves)

    def add_ints(self, regs: vec[i64], survives: bool, saved: i64) -> None:
        """saved: mask of the registers that must be preserved for the caller."""
        i: i64 = 0
        while i < i64(len(regs)):
            self.add(regs[i], False, survives, saved & BIT[regs[i]] != 0)
            i += 1

    def add_floats(self, regs: vec[i64], survives: bool) -> None:
        i: i64 = 0
        while i < i64(len(regs)):
            self.add(regs[i], True, survives, False)
            i += 1

    def assign(self, scan: Prescan, types: vec[i64], regs: vec[i64]) -> None:
        """Set `regs[n]` for the locals that get a register; it is -1 for all before."""
        weights = scan.live.weights
        n = scan.live.num_locals
        while i64(len(self.next_local)) < n:
            self.next_local = append(self.next_local, END)
        # Candidates in the order of their weight, by repeated search: functions have few locals.
        tried: i64 = 0
        bound: i64 = MAX_WEIGHT
        last: i64 = -1
        while tried < MAX_CANDIDATES:
            best: i64 = -1
            most: i64 = 0
            i: i64 = 0
            while i < n:
                weight = weights[i]
                if weight > most and (weight < bound or (weight == bound and i > last)):
                    best = i
                    most = weight
                i += 1
            if best < 0:
                return
            bound = most
            last = best
            if types[best] != T_EXTERNREF:
                self.place(scan, best, most, types[best] == T_F32 or types[best] == T_F64, regs)
            tried += 1

    def place(self, scan: Prescan, index: i64, weight: i64, is_float: bool, regs: vec[i64]) -> None:
        """Give local `index` the first register that pays."""
        start = scan.live.starts[index]
        end = scan.live.ends[index]
        crossed = 2 * scan.calls_weight(start, end) if scan.num_calls else 0
        wanted: i64 = 1 if is_float else 0
        pin: i64 = 0
        while pin < self.num_pins:
            if self.pin_floats[pin] == wanted and self.is_free(scan, pin, start, end):
                cost: i64 = 0 if self.pin_survives[pin] else crossed
                if self.pin_saves[pin] and self.pin_locals[pin] == END:
                    cost += SAVE_COST
                if weight > cost:
                    regs[index] = self.pin_regs[pin]
                    self.next_local[index] = self.pin_locals[pin]
                    self.pin_locals[pin] = index
                    return
            pin += 1

    def is_free(self, scan: Prescan, pin: i64, start: i64, end: i64) -> bool:
        """Whether no local of a register lives between start and end, both included."""
        starts = scan.live.starts
        ends = scan.live.ends
        other = self.pin_locals[pin]
        while other != END:
            if starts[other] <= end and ends[other] >= start:
                return False
            other = self.next_local[other]
        return True
