"""Which local gets which register.

Locals are taken by weight, heaviest first; one gets the cheapest register whose other locals live at other times, if
its uses outweigh the price. A register that calls change costs a store and a load around every call in the local's
interval; one that must be preserved for the caller costs a save and a restore, once.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.masm import to_vec
from taipan.compiler.baseline.prescan import Prescan
from taipan.compiler.baseline.registers import BIT, RegisterPlan
from taipan.compiler.environ import T_EXTERNREF, T_F32, T_F64

SAVE_COST: Final = 2
"""Uses of a local that saving and restoring a caller's register costs."""

MAX_CANDIDATES: Final = 64
"""Locals considered, of each function: a bound on the work. Those that follow are hardly used."""

INDEX_BITS: Final = 16
INDEX_MASK: Final = 0xFFFF
"""A candidate is weight << INDEX_BITS | INDEX_MASK - index: sorting puts heavy locals, then low indices, first."""

MAX_WEIGHT: Final = 1 << 40

END: Final = -1


@final
class PinSet:
    """The registers that may hold locals in one kind of function, in the order in which they are tried.

    survives: 1 where calls leave the register alone, or there are none.  saves: 1 where using it costs a save.
    """

    def __init__(self, plan: RegisterPlan, calls: bool, memory0: bool, context: bool, metered: bool) -> None:
        self.reserved: Final[i64] = BIT[plan.fuel] if metered else 0
        self.regs: vec[i64] = vec[i64]()
        self.is_float: vec[i64] = vec[i64]()
        self.survives: vec[i64] = vec[i64]()
        self.saves: vec[i64] = vec[i64]()
        if calls:
            self.add_all(plan.lost_pins, False, False, plan.saved_mask)
            if not memory0:
                self.add(plan.memory_base, False, True, True)
            self.add_all(plan.saved_pins, False, True, plan.saved_mask)
            self.num_ints: i64 = len(self.regs)
            self.add_all(plan.float_pins, True, False, 0)
        else:
            if not memory0:
                self.add(plan.leaf_memory_base, False, True, False)
            if not context:
                self.add(plan.leaf_vmctx, False, True, False)
            self.add_all(plan.leaf_pins, False, True, plan.saved_mask)
            self.num_ints = len(self.regs)
            self.add_all(plan.leaf_float_pins, True, True, 0)

    def add(self, reg: i64, is_float: bool, survives: bool, saves: bool) -> None:
        self.regs = append(self.regs, reg)
        self.is_float = append(self.is_float, 1 if is_float else 0)
        self.survives = append(self.survives, 1 if survives else 0)
        self.saves = append(self.saves, 1 if saves else 0)

    def add_all(self, regs: vec[i64], is_float: bool, survives: bool, saved: i64) -> None:
        i: i64 = 0
        while i < i64(len(regs)):
            if is_float or not self.reserved & BIT[regs[i]]:
                self.add(regs[i], is_float, survives, saved & BIT[regs[i]] != 0)
            i += 1


@final
class Pinner:
    """pin_locals: after `assign`, the first local of each register of the set, or END.  next_local: the next of it."""

    def __init__(self) -> None:
        self.pin_locals: vec[i64] = to_vec([0] * 64)
        self.next_local: vec[i64] = vec[i64]()
        self.candidates: vec[i64] = to_vec([0] * (MAX_CANDIDATES + 1))

    def assign(self, scan: Prescan, pins: PinSet, types: vec[i64]) -> None:
        """Distribute the registers of a set among the locals of the scanned function."""
        count = self.find_candidates(scan, types)
        pin_locals = self.pin_locals
        i: i64 = 0
        while i < i64(len(pins.regs)):
            pin_locals[i] = END
            i += 1
        i = 0
        while i < count:
            candidate = self.candidates[i]
            index = INDEX_MASK - (candidate & INDEX_MASK)
            self.place(scan, pins, index, candidate >> INDEX_BITS, types[index])
            i += 1

    def find_candidates(self, scan: Prescan, types: vec[i64]) -> i64:
        """Fill `candidates` with the locals that are used most, in order; how many there are."""
        weights = scan.live.weights
        candidates = self.candidates
        n = scan.live.num_locals
        if n > i64(len(self.next_local)):
            self.next_local = to_vec([END] * (int(n) + 64))
        count: i64 = 0
        index: i64 = 0
        while index < n:
            weight = weights[index]
            if weight > 0 and types[index] != T_EXTERNREF:
                weight = min(weight, MAX_WEIGHT)
                key = (weight << INDEX_BITS) | (INDEX_MASK - index)
                if count < MAX_CANDIDATES or candidates[count - 1] < key:
                    at = count
                    if count == MAX_CANDIDATES:
                        at -= 1
                    else:
                        count += 1
                    while at > 0 and candidates[at - 1] < key:
                        candidates[at] = candidates[at - 1]
                        at -= 1
                    candidates[at] = key
            index += 1
        return count

    def place(self, scan: Prescan, pins: PinSet, index: i64, weight: i64, t: i64) -> None:
        """Give local `index` the cheapest register, if that pays."""
        starts = scan.live.starts
        ends = scan.live.ends
        pin_locals = self.pin_locals
        next_local = self.next_local
        start = starts[index]
        end = ends[index]
        crossed: i64 = -1
        best: i64 = -1
        best_cost = weight
        pin: i64 = 0
        last = pins.num_ints
        if t == T_F32 or t == T_F64:
            pin = last
            last = len(pins.regs)
        while pin < last:
            first = pin_locals[pin]
            survives = pins.survives[pin]
            cost: i64 = SAVE_COST if first == END and pins.saves[pin] else 0
            if cost < best_cost and (survives or crossed < 0):
                other = first
                # The register is free if no local that has it lives between start and end, both included.
                while other != END and (starts[other] > end or ends[other] < start):
                    other = next_local[other]
                if other == END:
                    if not survives:
                        # The price of the others that calls change is the same.
                        crossed = 2 * scan.calls_weight(start, end)
                        cost += crossed
                    if cost < best_cost:
                        best = pin
                        best_cost = cost
                        if cost == 0 or (first == END and survives):
                            break  # those that come later are unused, too
            pin += 1
        if best >= 0:
            next_local[index] = pin_locals[best]
            pin_locals[best] = index
