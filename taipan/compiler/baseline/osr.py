"""Leaving a loop of a running call for better code (on-stack replacement).

Another compiler makes a *continuation*: the function from a loop's header on, which finds the values of its locals and
operands in memory. Here: the stub between the two. A poll at the loop's header returns into it, in the frame and
with the registers of baseline code (`_native/tier.c`). It stores every value where the continuation expects it, calls
it, and returns from the baseline frame with the results that it gave.

    word k             local k; nothing where the function never uses it (null for external references)
    word locals + k    operand k, counted from the bottom of the operand stack
    last word          the out pointer of functions with several results

Where the values are follows from compiling the function once more, up to the same code, and stopping to look when the
loop begins.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.abi.layout import SITE_CONTINUED
from taipan.compiler.baseline.emit_reference import Reference
from taipan.compiler.baseline.masm import Masm
from taipan.compiler.baseline.stack import (
    K_CONST,
    K_LOCAL,
    K_SLOT,
    K_WIDE,
    KIND,
    TYPE,
    TYPE_SHIFT,
    is_float_type,
)
from taipan.compiler.environ import T_EXTERNREF, T_I64, ModuleEnv
from taipan.errors import UnsupportedError

FROM_NOWHERE: Final = 0
FROM_INT: Final = 1
FROM_FLOAT: Final = 2
FROM_FRAME: Final = 3
FROM_CONST: Final = 4
SOURCE_WORDS: Final = 3

MAX_VALUES: Final = 2000
"""Locals and operands of a loop that can be left: each takes two instructions of the stub."""


class Continued(Reference):
    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.leaves_at: i64 = -1
        self.first_site: i64 = 0
        self.sources: vec[i64] = vec[i64]()
        self.num_sources: i64 = 0

    def loop(self, type: i64) -> None:
        super().loop(type)
        if self.pos == self.leaves_at:
            self.note_sources()

    def note_sources(self) -> None:
        """Note where each local and operand is at this loop's header."""
        self.num_sources = 0
        weights = self.prescan.live.weights
        i: i64 = 0
        while i < self.num_locals:
            t = self.local_types[i]
            reg = self.local_regs[i]
            if weights[i] <= 0:
                self.add_source(FROM_CONST if t == T_EXTERNREF else FROM_NOWHERE, 0, t)
            elif reg < 0:
                self.add_source(FROM_FRAME, self.local_offs[i], t)
            else:
                self.add_source(FROM_FLOAT if is_float_type(t) else FROM_INT, reg, t)
            i += 1
        i = 0
        while i < self.sp:
            self.note_operand(i)
            i += 1
        if self.own_layout.out_place >= 0:
            self.add_source(FROM_FRAME, self.out_off, T_I64)

    def note_operand(self, i: i64) -> None:
        op = self.ops[i]
        kind = op & KIND
        t = (op >> TYPE_SHIFT) & TYPE
        if kind == K_SLOT:
            self.add_source(FROM_FRAME, self.slot_off(i), t)
        elif kind == K_CONST or kind == K_WIDE:
            self.add_source(FROM_CONST, self.const_at(i), t)
        else:
            assert kind == K_LOCAL, "a loop's operands are settled"
            raise UnsupportedError("an operand of this loop has no place of its own")

    def add_source(self, source: i64, value: i64, t: i64) -> None:
        n = self.num_sources * SOURCE_WORDS
        while n + SOURCE_WORDS > len(self.sources):
            self.sources = append(self.sources, 0)
        self.sources[n] = source
        self.sources[n + 1] = value
        self.sources[n + 2] = t
        self.num_sources += 1

    def emit_stub(self) -> i64:
        """Replace the code of the function just compiled by the stub; the offset of its call's 32-bit field."""
        masm = self.masm
        plan = self.plan
        if self.metered:
            raise UnsupportedError("loops of metered code are not left: the counter may be in a register")
        if self.num_sources > MAX_VALUES:
            raise UnsupportedError("too many locals and operands to leave this loop")
        masm.restart()
        self.sites.truncate(self.first_site)
        masm.loop_poll_return()
        masm.adjust_stack((self.num_sources * 8 + 15) & ~15)
        self.pos = self.leaves_at
        i: i64 = 0
        while i < self.num_sources:
            self.store_source(i)
            i += 1
        masm.move(8, plan.callee_vmctx, self.vmctx)
        masm.stack_address(plan.int_args[0], 0)
        masm.move(8, plan.caller_vmctx, plan.callee_vmctx)
        masm.call_code()
        field = masm.offset() - 4
        self.add_site(masm.offset(), SITE_CONTINUED, 0)
        self.restore_saved()
        masm.leave()
        masm.ret(self.own_stack_args)
        return field

    def store_source(self, i: i64) -> None:
        masm = self.masm
        temp = self.plan.int_result
        source = self.sources[i * SOURCE_WORDS]
        value = self.sources[i * SOURCE_WORDS + 1]
        t = self.sources[i * SOURCE_WORDS + 2]
        if source == FROM_INT or source == FROM_FLOAT:
            masm.store_stack_arg(t, value, 8 * i)
        elif source == FROM_FRAME:
            masm.load_frame(T_I64, temp, value)
            masm.store_stack_arg(T_I64, temp, 8 * i)
        elif source == FROM_CONST:
            masm.const(temp, value)
            masm.store_stack_arg(T_I64, temp, 8 * i)
