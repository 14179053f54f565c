"""Fuel, counted as the baseline compiler counts it (`baseline/metering.py`): equal readings wherever anybody looks.

The counter is a variable, `%fuel`, of which LLVM makes values in registers; whenever something is added to it, it is
stored in the store's cell, too. So the cell lacks just what is `due`, a number known at every instruction: a trap adds
it in its cold block, calls pay it before, and the site of an access to memory tells the signal handler. Stores to the
cell are volatile, as accesses are, so that their order is wasm's.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.abi import traps
from taipan.abi.layout import SITE_FUEL_MAX
from taipan.compiler.baseline.metering import COSTS, ENTRY_COST
from taipan.compiler.baseline.prescan import Prescan
from taipan.compiler.environ import FlatLayout, ModuleEnv
from taipan.compiler.llvm.emit_control import COLUMN_CALL, COLUMN_FAULT, COLUMN_OWN, Frame
from taipan.compiler.llvm.emit_reference import Reference
from taipan.compiler.llvm.scan import Scan
from taipan.compiler.llvm.text import INVARIANT, ModuleText
from taipan.compiler.llvm.values import HEADER, Value


class Metering(Reference):
    """All of it does nothing unless `metered`.

    due: what was executed and is not in the cell.  counted: offset of the first instruction that is not in `due` yet.
    label_dues: what is due at labels, decided by the first path that reaches one; else_dues: at the `else` of an `if`.
    fuel_at: what is due at accesses, by place.
    """

    def __init__(self, env: ModuleEnv, ir: ModuleText, scan: Scan) -> None:
        super().__init__(env, ir, scan)
        self.metered: Final[bool] = env.tunables.consume_fuel
        self.prescan: Final = Prescan(env)
        self.due = 0
        self.counted = 0
        self.label_dues: Final[dict[Frame, int]] = {}
        self.else_dues: Final[dict[Frame, int]] = {}
        self.due_in_table: int | None = None
        self.fuel_at: Final[dict[int, int]] = {}
        self.counter_is_read = False

    def begin_metering(self, first: int) -> None:
        """At the function's entry. first: offset of the first instruction."""
        if not self.metered:
            return
        self.counted = first
        self.due = ENTRY_COST
        self.entry_lines.append("  %fuel = alloca i64\n")
        self.read_fuel()
        self.counter_is_read = True
        self.check_fuel()

    # --- the counter ----------------------------------------------------------------------------------------------
    def count(self) -> None:
        """Let `due` include everything up to the instruction at `pos`."""
        at = self.counted
        while at <= self.pos:
            self.due += COSTS[self.env.code[at]]
            at = int(self.prescan.skip_instruction(at))
        self.counted = at

    def fuel_cell(self) -> str:
        place = self.at_entry("fuel place", f"getelementptr i8, ptr %vm, i64 {HEADER['fuel']}")
        return self.at_entry("fuel", f"load ptr, ptr {place}, {INVARIANT}")

    def read_fuel(self) -> None:
        """After what may have changed the cell."""
        cell = self.fuel_cell()
        self.do(f"store i64 {self.emit(f'load volatile i64, ptr {cell}{self.site(COLUMN_OWN)}')}, ptr %fuel")

    def write_fuel(self, amount: int) -> str:
        """Have the counter plus an amount in the cell; the text of the sum."""
        sum = self.emit(f"add i64 {self.emit('load i64, ptr %fuel')}, {amount}")
        self.do(f"store volatile i64 {sum}, ptr {self.fuel_cell()}{self.site(COLUMN_OWN)}")
        return sum

    def add_fuel(self, amount: int) -> None:
        if amount:
            self.do(f"store i64 {self.write_fuel(amount)}, ptr %fuel")

    def pay(self) -> None:
        """Before what may look at the cell."""
        if self.metered:
            self.count()
            self.add_fuel(self.due)
            self.due = 0

    def check_fuel(self) -> None:
        counter = self.emit("load i64, ptr %fuel")
        self.trap_if(self.emit(f"icmp sge i64 {counter}, {-self.due}"), traps.OUT_OF_FUEL)

    # --- sites, traps and polls -----------------------------------------------------------------------------------
    def site(self, column: int) -> str:
        if self.metered and column == COLUMN_FAULT:
            self.count()
            if self.due > SITE_FUEL_MAX:
                self.pay()
            self.fuel_at[self.place_here()] = self.due
        return super().site(column)

    def do_trap(self, trap: int) -> None:
        if self.metered:
            self.count()
            if self.due:
                self.write_fuel(self.due)
        super().do_trap(trap)

    def polled(self) -> None:
        if self.counter_is_read:
            self.read_fuel()

    # --- labels ---------------------------------------------------------------------------------------------------
    def add_edge(self, frame: Frame) -> None:
        """Where the branch is conditional, both ways pay what only one owes."""
        if self.metered:
            self.count()
            if self.due_in_table is not None:
                self.due = self.due_in_table
            at_label = self.label_dues.setdefault(frame, self.due)
            self.add_fuel(self.due - at_label)
            self.due = at_label
        super().add_edge(frame)

    def join(self, frame: Frame) -> None:
        super().join(frame)
        self.due = self.label_dues.get(frame, 0)

    def loop(self, type: i64) -> None:
        self.pay()
        super().loop(type)
        if self.metered:
            self.check_fuel()

    def if_(self, type: i64) -> None:
        if self.metered:
            self.count()
        super().if_(type)
        self.else_dues[self.frames[-1]] = self.due

    def else_(self) -> None:
        self.skip_dead_code()
        super().else_()

    def begin_else(self, frame: Frame) -> None:
        super().begin_else(frame)
        self.due = self.else_dues[frame]

    def end(self) -> None:
        self.skip_dead_code()
        super().end()

    def skip_dead_code(self) -> None:
        if self.dead:
            self.counted = int(self.pos)

    def br_table(self, count: i64) -> None:
        if self.metered:
            self.count()
            self.due_in_table = self.due
        super().br_table(count)
        self.due_in_table = None

    # --- calls ----------------------------------------------------------------------------------------------------
    def helper(self, name: str, immediates: tuple[int, ...], count: int) -> str:
        self.pay()
        return super().helper(name, immediates, count)

    def helper_call(
        self, name: str, operands: list[Value], kinds: list[str], result: str, column: int = COLUMN_CALL
    ) -> str:
        value = super().helper_call(name, operands, kinds, result, column)
        if self.metered:
            self.read_fuel()
        return value

    def call_code(self, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value]) -> None:
        super().call_code(code, context, caller, layout, arguments)
        if self.metered:
            self.read_fuel()

    def call(self, func: i64) -> None:
        self.pay()
        super().call(func)

    def call_indirect(self, type: i64, table: i64) -> None:
        self.pay()
        super().call_indirect(type, table)

    def call_ref(self, type: i64) -> None:
        self.pay()
        super().call_ref(type)

    def return_call(self, func: i64) -> None:
        self.pay()
        super().return_call(func)

    def return_call_indirect(self, type: i64, table: i64) -> None:
        self.pay()
        super().return_call_indirect(type, table)

    def return_call_ref(self, type: i64) -> None:
        self.pay()
        super().return_call_ref(type)

    def return_results(self) -> None:
        self.add_fuel(self.due)
        super().return_results()
