"""A function from one of its loops on, for an activation that is there in other code (`baseline/osr.py`).

The whole function is written, but entered at the loop: what cannot be reached from there, LLVM deletes. So that no
value defined in front of the loop is used behind it, locals are variables in memory (of which LLVM makes values again),
and operands that lie below a construct are stored when it begins, and loaded where its paths join. Inlined bodies need
none of that: they are entered at their beginning only.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.abi.calls import CallLayout
from taipan.compiler.environ import T_EXTERNREF, FlatLayout, ModuleEnv
from taipan.compiler.llvm.emit_control import Frame
from taipan.compiler.llvm.function import FunctionCompiler
from taipan.compiler.llvm.text import TYPES, ModuleText, register_results
from taipan.errors import UnsupportedError
from taipan.wasm.types import FuncType

CONTINUATION_RECORDS: Final = 1 << 32
"""Stack map records from this number on are continuations'."""


@final
class ContinuationCompiler(FunctionCompiler):
    """loop_offset: of the loop instruction, in the module."""

    def __init__(
        self, env: ModuleEnv, ir: ModuleText, defined_index: int, loop_offset: int, inline_bytes: int = 0
    ) -> None:
        super().__init__(env, ir, defined_index, inline_bytes)
        self.loop_offset: Final = loop_offset
        self.symbol = f"c{defined_index}_{loop_offset}"
        self.record = CONTINUATION_RECORDS + loop_offset
        self.first_block = ""
        self.operands: list[int] = []
        self.params: list[tuple[str, int]] = []
        self.stored: dict[int, str] = {}
        self.slots: dict[tuple[int, int], None] = {}

    def layout_of_body(self, layout: FlatLayout) -> FlatLayout:
        """It is called with three arguments in registers, whatever the function takes."""
        comp = self.env.module.types[self.env.func_types[self.own_index]].comp
        assert isinstance(comp, FuncType)
        in_registers = len(register_results(layout)) > 1
        return FlatLayout(CallLayout((), comp.results, in_registers), layout.params, layout.results)

    def check_entry(self) -> None:
        """The stack was checked for the function; what a continuation needs more is in the reserve below the limit."""

    def begin_metering(self, first: int) -> None:
        if self.metered:
            raise UnsupportedError("loops of metered code are not left")

    def needs_frame(self) -> bool:
        return True

    def parameters(self) -> list[str]:
        return ["ptr %values"]

    def enter_locals(self, num_params: int) -> None:
        self.locals = [""] * len(self.local_types)

    # --- locals are variables -------------------------------------------------------------------------------------
    def local_get(self, index: i64) -> None:
        if self.number:
            super().local_get(index)
            return
        type = self.local_types[index]
        self.push(self.emit(f"load {TYPES[type]}, ptr %l{index}"), type)

    def assign_local(self, index: int, value: str) -> None:
        if self.number:
            super().assign_local(index, value)
            return
        type = self.local_types[index]
        value = self.fenced(value, type)
        self.keep_apart(value)  # What reads the variable does not know of an access.
        self.do(f"store {TYPES[type]} {value}, ptr %l{index}")
        if type == T_EXTERNREF:
            self.keep(value, self.local_slot(index))

    def next_assigned(self) -> list[int]:
        if self.number:
            return super().next_assigned()
        self.num_blocks += 1
        return []

    # --- operands below constructs --------------------------------------------------------------------------------
    def slot(self, height: int, type: int) -> str:
        self.slots[height, type] = None
        return f"%o{height}_{type}"

    def store_operands(self) -> None:
        """Before a construct begins. Those that were loaded from their slots are still there."""
        if self.number:
            return
        self.settle(len(self.stack))
        for height, (text, type) in enumerate(self.stack):
            if self.stored.get(height) != text:
                self.keep_apart(text)
                self.do(f"store {TYPES[type]} {text}, ptr {self.slot(height, type)}")
                self.stored[height] = text

    def load_operands(self, frame: Frame) -> None:
        """Where paths of a construct join."""
        if self.number:
            return
        for height in range(frame.height):
            _, type = self.stack[height]
            text = self.emit(f"load {TYPES[type]}, ptr {self.slot(height, type)}")
            self.stack[height] = (text, type)
            self.stored[height] = text

    def block(self, type: i64) -> None:
        self.store_operands()
        super().block(type)

    def if_(self, type: i64) -> None:
        condition = self.stack.pop()
        self.store_operands()
        self.stack.append(condition)
        super().if_(type)

    def loop(self, type: i64) -> None:
        self.store_operands()
        super().loop(type)
        frame = self.frames[-1]
        if self.pos == self.loop_offset and not self.number:
            self.first_block = frame.header
            self.operands = [type for _, type in self.stack[: frame.height]]
            self.params = [(f"%a{i}", type) for i, type in enumerate(frame.params)]
            frame.entries.append(("entry", [name for name, _ in self.params], []))
        self.load_operands(frame)

    def join(self, frame: Frame) -> None:
        super().join(frame)
        self.load_operands(frame)

    def begin_else(self, frame: Frame) -> None:
        super().begin_else(frame)
        self.load_operands(frame)

    def start_unreached(self, frame: Frame) -> None:
        super().start_unreached(frame)
        self.load_operands(frame)

    # --- from the values to the loop ------------------------------------------------------------------------------
    def transfer_lines(self) -> list[str]:
        """Takes over locals, operands and the out pointer from where the stub put them."""
        if not self.first_block:
            raise UnsupportedError("the loop is never reached")
        lines: list[str] = []

        def load(name: str, type: str, place: int) -> None:
            lines.append(f"  {name}.at = getelementptr i8, ptr %values, i64 {8 * place}\n")
            lines.append(f"  {name} = load {type}, ptr {name}.at\n")

        for i, type in enumerate(self.local_types):
            lines.append(f"  %l{i} = alloca {TYPES[type]}\n")
            load(f"%i{i}", TYPES[type], i)
            lines.append(f"  store {TYPES[type]} %i{i}, ptr %l{i}\n")
            if type == T_EXTERNREF:
                lines.append(f"  store volatile ptr %i{i}, ptr %ref{self.local_slot(i)}\n")
        for height, type in self.slots:
            lines.append(f"  %o{height}_{type} = alloca {TYPES[type]}\n")
        place = len(self.local_types)
        for height, type in enumerate(self.operands):
            load(f"%b{height}", TYPES[type], place)
            lines.append(f"  store {TYPES[type]} %b{height}, ptr %o{height}_{type}\n")
            place += 1
        for name, type in self.params:
            load(name, TYPES[type], place)
            place += 1
        if self.own_layout.out_place >= 0:
            load("%out", "ptr", place)
        return lines
