"""Conversions between number types."""

from __future__ import annotations

from mypy_extensions import i64

from taipan.abi import traps
from taipan.compiler.baseline.emit_numeric import Numeric
from taipan.compiler.baseline.stack import K_LOCAL, K_REG, K_WIDE, KIND, VALUE_SHIFT, signed32
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64


class Convert(Numeric):
    def i32_wrap_i64(self) -> None:
        n = self.sp - 1
        if self.ops[n] & KIND <= K_WIDE:
            self.sp = n
            self.push_const(T_I32, signed32(self.const_at(n) & 0xFFFF_FFFF))
            return
        off = self.top_in_frame()
        if off:
            # The lower half comes first in memory.
            self.discard()
            d = self.int_target(self.pos + 1)
            if d < 0:
                d = self.alloc_int()
            self.masm.load_frame(T_I32, d, off)
        else:
            a = self.pop_int()
            d = self.int_result(a)
            self.masm.move(4, d, a)
        self.push_int(T_I32, d)

    def i64_extend_i32_s(self) -> None:
        self.sign_extend(4, T_I64, 8)

    def i64_extend_i32_u(self) -> None:
        n = self.sp - 1
        op = self.ops[n]
        kind = op & KIND
        if kind <= K_WIDE:
            self.sp = n
            self.push_const(T_I64, self.const_at(n) & 0xFFFF_FFFF)
            return
        if kind == K_REG or (kind == K_LOCAL and self.local_regs[op >> VALUE_SHIFT] >= 0):
            # Registers hold i32s zero-extended.
            self.sp = n
            self.push(kind, T_I64, op >> VALUE_SHIFT)
            return
        self.push(K_REG, T_I64, self.pop_int())

    def truncate(self, signed: bool, t: i64, int_size: i64, size: i64) -> None:
        s = self.pop_float()
        d = self.int_target(self.pos + 1)
        if d < 0:
            d = self.alloc_int()
        bad = self.trap_label(traps.BAD_CONVERSION_TO_INTEGER)
        overflow = self.trap_label(traps.INTEGER_OVERFLOW)
        if signed:
            self.masm.truncate_s(int_size, size, d, s, bad, overflow)
        else:
            tmp = self.alloc_float()
            self.masm.truncate_u(int_size, size, d, s, tmp, bad, overflow)
            self.free_float(tmp)
        self.free_float(s)
        self.push_int(t, d)

    def truncate_sat(self, signed: bool, t: i64, int_size: i64, size: i64) -> None:
        s = self.pop_float()
        d = self.alloc_int()
        if signed:
            self.masm.truncate_sat_s(int_size, size, d, s)
        else:
            tmp = self.alloc_float()
            self.masm.truncate_sat_u(int_size, size, d, s, tmp)
            self.free_float(tmp)
        self.free_float(s)
        self.push(K_REG, t, d)

    def convert(self, signed: bool, int_size: i64, t: i64, size: i64) -> None:
        wide = not signed and int_size == 8
        s = self.pop_owned_int() if wide else self.pop_int()
        d = self.int_target(self.pos + 1)
        if d < 0:
            d = self.alloc_float()
        tmp = self.alloc_int() if wide else s
        self.masm.convert_int(signed, int_size, size, d, s, tmp)
        self.free_int(s)
        self.free_int(tmp)
        self.push_float(t, d)

    def float_to_int(self, t: i64, size: i64) -> None:
        n = self.sp - 1
        if self.ops[n] & KIND <= K_WIDE:
            bits = self.const_at(n)
            self.sp = n
            self.push_const(t, signed32(bits) if size == 4 else bits)
            return
        s = self.pop_float()
        d = self.int_target(self.pos + 1)
        if d < 0:
            d = self.alloc_int()
        self.masm.float_to_int(size, d, s)
        self.free_float(s)
        self.push_int(t, d)

    def int_to_float(self, t: i64, size: i64) -> None:
        n = self.sp - 1
        if self.ops[n] & KIND <= K_WIDE:
            bits = self.const_at(n)
            self.sp = n
            self.push_const(t, bits & 0xFFFF_FFFF if size == 4 else bits)
            return
        s = self.pop_int()
        d = self.int_target(self.pos + 1)
        if d < 0:
            d = self.alloc_float()
        self.masm.int_to_float(size, d, s)
        self.free_int(s)
        self.push_float(t, d)

    def f32_demote_f64(self) -> None:
        s = self.pop_float()
        d = self.float_result(s)
        self.masm.demote(d, s)
        self.push_float(T_F32, d)

    def f64_promote_f32(self) -> None:
        s = self.pop_float()
        d = self.float_result(s)
        self.masm.promote(d, s)
        self.push_float(T_F64, d)

    def i32_trunc_f32_s(self) -> None:
        self.truncate(True, T_I32, 4, 4)

    def i32_trunc_sat_f32_s(self) -> None:
        self.truncate_sat(True, T_I32, 4, 4)

    def i32_trunc_f32_u(self) -> None:
        self.truncate(False, T_I32, 4, 4)

    def i32_trunc_sat_f32_u(self) -> None:
        self.truncate_sat(False, T_I32, 4, 4)

    def i32_trunc_f64_s(self) -> None:
        self.truncate(True, T_I32, 4, 8)

    def i32_trunc_sat_f64_s(self) -> None:
        self.truncate_sat(True, T_I32, 4, 8)

    def i32_trunc_f64_u(self) -> None:
        self.truncate(False, T_I32, 4, 8)

    def i32_trunc_sat_f64_u(self) -> None:
        self.truncate_sat(False, T_I32, 4, 8)

    def i64_trunc_f32_s(self) -> None:
        self.truncate(True, T_I64, 8, 4)

    def i64_trunc_sat_f32_s(self) -> None:
        self.truncate_sat(True, T_I64, 8, 4)

    def i64_trunc_f32_u(self) -> None:
        self.truncate(False, T_I64, 8, 4)

    def i64_trunc_sat_f32_u(self) -> None:
        self.truncate_sat(False, T_I64, 8, 4)

    def i64_trunc_f64_s(self) -> None:
        self.truncate(True, T_I64, 8, 8)

    def i64_trunc_sat_f64_s(self) -> None:
        self.truncate_sat(True, T_I64, 8, 8)

    def i64_trunc_f64_u(self) -> None:
        self.truncate(False, T_I64, 8, 8)

    def i64_trunc_sat_f64_u(self) -> None:
        self.truncate_sat(False, T_I64, 8, 8)

    def f32_convert_i32_s(self) -> None:
        self.convert(True, 4, T_F32, 4)

    def f32_convert_i32_u(self) -> None:
        self.convert(False, 4, T_F32, 4)

    def f32_convert_i64_s(self) -> None:
        self.convert(True, 8, T_F32, 4)

    def f32_convert_i64_u(self) -> None:
        self.convert(False, 8, T_F32, 4)

    def f64_convert_i32_s(self) -> None:
        self.convert(True, 4, T_F64, 8)

    def f64_convert_i32_u(self) -> None:
        self.convert(False, 4, T_F64, 8)

    def f64_convert_i64_s(self) -> None:
        self.convert(True, 8, T_F64, 8)

    def f64_convert_i64_u(self) -> None:
        self.convert(False, 8, T_F64, 8)

    def i32_reinterpret_f32(self) -> None:
        self.float_to_int(T_I32, 4)

    def i64_reinterpret_f64(self) -> None:
        self.float_to_int(T_I64, 8)

    def f32_reinterpret_i32(self) -> None:
        self.int_to_float(T_F32, 4)

    def f64_reinterpret_i64(self) -> None:
        self.int_to_float(T_F64, 8)
