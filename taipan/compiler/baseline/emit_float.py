"""Float arithmetic and comparisons by shape."""

from __future__ import annotations

from mypy_extensions import i64

from taipan.compiler.baseline.emit_divide import Division
from taipan.compiler.baseline.emit_fuse import LOAD_F32, LOAD_F64
from taipan.compiler.baseline.masm import FADD, FMUL
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import K_WIDE, KIND


class Float(Division):
    def float_binop(self, op: i64, t: i64, size: i64) -> None:
        masm = self.masm
        n = self.sp - 1
        if self.ops[n] & KIND <= K_WIDE:
            bits = self.const_at(n)
            self.sp = n
            a = self.pop_float()
            d = self.float_result(a)
            masm.falu_const(op, size, d, a, bits)
            self.push_float(t, d)
            return
        off = self.top_in_frame()
        if off:
            self.discard()
            a = self.pop_float()
            d = self.float_result(a)
            masm.falu_frame(op, size, d, a, off)
            self.push_float(t, d)
            return
        b = self.pop_float()
        a = self.pop_float()
        d = self.int_target(self.pos + 1)
        if d < 0:
            if self.scratch_floats & BIT[a]:
                d = a
            elif self.scratch_floats & BIT[b] and (op == FADD or op == FMUL):
                d = b
            else:
                d = self.alloc_float()
        if d == a and self.take_load(LOAD_F32 if size == 4 else LOAD_F64, b):
            masm.falu_at(op, size, d, self.addr_base, self.addr_index, self.addr_disp)
        else:
            masm.falu(op, size, d, a, b)
        if d != a:
            self.free_float(a)
        if d != b:
            self.free_float(b)
        self.push_float(t, d)

    def float_compare(self, cond: i64, size: i64) -> None:
        b = self.pop_float()
        a = self.pop_float()
        self.masm.compare_float(cond, size, a, b)
        self.free_float(a)
        self.free_float(b)
        self.push_condition(cond)

    def float_unary(self, op: i64, t: i64, size: i64) -> None:
        a = self.pop_float()
        d = self.float_result(a)
        self.masm.funary(op, size, d, a)
        self.push_float(t, d)

    def float_min_max(self, is_max: bool, t: i64, size: i64) -> None:
        b = self.pop_float()
        a = self.pop_float()
        d = self.int_target(self.pos + 1)
        if d < 0 or d == a or d == b:
            d = self.alloc_float()
        self.masm.fmin_max(is_max, size, d, a, b)
        self.free_float(a)
        self.free_float(b)
        self.push_float(t, d)

    def float_copysign(self, t: i64, size: i64) -> None:
        b = self.pop_float()
        a = self.pop_float()
        d = self.int_target(self.pos + 1)
        if d < 0 or d == b:
            d = a if self.scratch_floats & BIT[a] else self.alloc_float()
        self.masm.fcopysign(size, d, a, b)
        if d != a:
            self.free_float(a)
        self.free_float(b)
        self.push_float(t, d)
