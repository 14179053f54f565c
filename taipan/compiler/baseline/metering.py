"""Fuel: what executed instructions cost, and where generated code adds it up (R-36).

Entering a function costs 1, as does every instruction but those that do nothing by themselves (FREE). The store's cell
holds the fuel as a negative number that counts up; wasm traps at a function entry or loop header that finds it at zero
or above, so a stretch without either may overrun a little.

Nothing is added where a cost is known beforehand: `due` is what was executed and not added yet. Paths that join must
agree on it; the first that reaches a label decides how much is due there, the others add or take back the difference.
A function with loops keeps the counter in a register of its own, in which `due` stays far below the cost of a loop's
body; it writes the cell before calls and where wasm is left, and reads it again after calls. A function without loops
adds to the cell. So the cell is exact at calls and at every trap: a site tells the signal handler what is due.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.abi.layout import SITE_FUEL_IN_REGISTER, SITE_FUEL_MAX, SITE_FUEL_SHIFT, field_offsets
from taipan.compiler.baseline.masm import Masm, to_vec
from taipan.compiler.baseline.moves import Moves
from taipan.compiler.baseline.prescan import Prescan
from taipan.compiler.environ import ModuleEnv

FUEL_OFFSET: Final[i64] = field_offsets("VMContextHeader")[0]["fuel"]
ENTRY_COST: Final = 1
FREE: Final = frozenset((0x00, 0x01, 0x02, 0x03, 0x05, 0x0B, 0x0F, 0x1A))
"""unreachable nop block loop else end return drop"""
COSTS: Final = bytes(0 if opcode in FREE else 1 for opcode in range(256))
"""By first byte of the opcode. Bulk operations cost 1 however much they do."""

UNDECIDED: Final = 1 << 40


class Metering(Moves):
    """What is due, and the code that adds it. All of it does nothing unless `metered`.

    counted: offset of the first instruction that is not in `due` yet.  c_due: of each open block, what is due at its
    label, or UNDECIDED; c_else_due: at its `else`.
    """

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.prescan: Final = Prescan(env)
        self.metered: Final[bool] = env.tunables.consume_fuel
        self.fuel_in_register: bool = False
        self.vmctx: i64 = 0
        self.due: i64 = 0
        self.counted: i64 = 0
        self.c_due: vec[i64] = to_vec([0] * 64)
        self.c_else_due: vec[i64] = to_vec([0] * 64)

    def begin_metering(self) -> None:
        """At a function's entry, with everything else in place: the caller branches if the flags say GE_S."""
        plan = self.plan
        self.fuel_in_register = self.prescan.live.num_loops > 0
        self.due = ENTRY_COST
        self.masm.load_ptr(plan.fuel, self.vmctx, FUEL_OFFSET)
        if self.fuel_in_register:
            self.masm.load_ptr(plan.fuel, plan.fuel, 0)
            self.masm.compare_const(8, plan.fuel, -ENTRY_COST)
        else:
            self.masm.compare_at_const(8, plan.fuel, 0, -ENTRY_COST)

    def count(self) -> None:
        """Let `due` include everything up to the instruction at `pos`."""
        at = self.counted
        code = self.env.code
        due = self.due
        while at <= self.pos:
            due += i64(COSTS[i64(code[at])])
            at = self.prescan.skip_instruction(at)
        self.due = due
        self.counted = at

    # --- code ---
    def add_fuel(self, amount: i64) -> None:
        """Add to the counter. Leaves the flags alone if that is in a register."""
        if amount == 0:
            return
        fuel = self.plan.fuel
        if self.fuel_in_register:
            self.masm.add_address(fuel, fuel, amount)
        else:
            self.masm.load_ptr(fuel, self.vmctx, FUEL_OFFSET)
            self.masm.add_at_const(fuel, 0, amount)

    def pay(self) -> None:
        """Add what is due."""
        self.add_fuel(self.due)
        self.due = 0

    def write_fuel(self, amount: i64, tmp: i64) -> None:
        """Add to the counter and have the result in the cell. tmp: a register to use."""
        self.add_fuel(amount)
        if self.fuel_in_register:
            self.masm.load_ptr(tmp, self.vmctx, FUEL_OFFSET)
            self.masm.store_ptr(self.plan.fuel, tmp, 0)

    def read_fuel(self) -> None:
        """After what may have changed the cell."""
        if self.fuel_in_register:
            self.masm.load_ptr(self.plan.fuel, self.vmctx, FUEL_OFFSET)
            self.masm.load_ptr(self.plan.fuel, self.plan.fuel, 0)

    def pay_to_cell(self) -> None:
        """Before a call: the cell holds everything up to it."""
        self.count()
        if self.fuel_in_register:
            tmp = self.alloc_int()
            self.write_fuel(self.due, tmp)
            self.free_int(tmp)
            self.due = 0
        else:
            self.pay()

    def site_fuel(self) -> i64:
        """What a site of the current instruction says about fuel, to be or'ed to its kind. May emit code before it."""
        self.count()
        if not 0 <= self.due <= SITE_FUEL_MAX:
            self.pay()
        return (self.due | (SITE_FUEL_IN_REGISTER if self.fuel_in_register else 0)) << SITE_FUEL_SHIFT

    # --- labels ---
    def open_label(self, n: i64, due: i64) -> None:
        """Block n begins. due: at its label, or UNDECIDED."""
        while n >= len(self.c_due):
            self.c_due = append(self.c_due, 0)
            self.c_else_due = append(self.c_else_due, 0)
        self.c_due[n] = due
        self.c_else_due[n] = self.due

    def owed_at(self, n: i64) -> i64:
        """What a path from here to block n's label must add to the counter; this path may decide what is due there."""
        if self.c_due[n] == UNDECIDED:
            self.c_due[n] = self.due
        return self.due - self.c_due[n]

    def meet_label(self, n: i64) -> None:
        """On the way to block n's label, which follows or is jumped to: have due what is due there."""
        self.add_fuel(self.owed_at(n))
        self.due = self.c_due[n]
