"""Arithmetic and comparisons, instruction by instruction; the work is done by shape."""

from __future__ import annotations

from taipan.compiler.baseline.emit_float import Float
from taipan.compiler.baseline.emit_integer import CLZ, CTZ, POPCNT
from taipan.compiler.baseline.masm import (
    ABS,
    ADD,
    CEIL,
    EQ,
    F_EQ,
    F_GE,
    F_GT,
    F_LE,
    F_LT,
    F_NE,
    FADD,
    FDIV,
    FLOOR,
    FMUL,
    FSUB,
    GE_S,
    GE_U,
    GT_S,
    GT_U,
    LE_S,
    LE_U,
    LT_S,
    LT_U,
    NE,
    NEAREST,
    NEG,
    OR,
    ROTL,
    ROTR,
    SHL,
    SHR_S,
    SHR_U,
    SQRT,
    SUB,
    TRUNC,
    XOR,
)
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64


class Numeric(Float):
    # --- i32 ----------------------------------------------------------------------------------------------------------
    def i32_eqz(self) -> None:
        self.equal_zero(4)

    def i32_eq(self) -> None:
        self.int_compare(EQ, 4)

    def i32_ne(self) -> None:
        self.int_compare(NE, 4)

    def i32_lt_s(self) -> None:
        self.int_compare(LT_S, 4)

    def i32_lt_u(self) -> None:
        self.int_compare(LT_U, 4)

    def i32_gt_s(self) -> None:
        self.int_compare(GT_S, 4)

    def i32_gt_u(self) -> None:
        self.int_compare(GT_U, 4)

    def i32_le_s(self) -> None:
        self.int_compare(LE_S, 4)

    def i32_le_u(self) -> None:
        self.int_compare(LE_U, 4)

    def i32_ge_s(self) -> None:
        self.int_compare(GE_S, 4)

    def i32_ge_u(self) -> None:
        self.int_compare(GE_U, 4)

    def i32_clz(self) -> None:
        self.count_bits(CLZ, T_I32, 4)

    def i32_ctz(self) -> None:
        self.count_bits(CTZ, T_I32, 4)

    def i32_popcnt(self) -> None:
        self.count_bits(POPCNT, T_I32, 4)

    def i32_add(self) -> None:
        self.int_binop(ADD, T_I32, 4)

    def i32_sub(self) -> None:
        self.int_binop(SUB, T_I32, 4)

    def i32_mul(self) -> None:
        self.int_mul(T_I32, 4)

    def i32_div_s(self) -> None:
        self.divide(True, False, T_I32, 4)

    def i32_div_u(self) -> None:
        self.divide(False, False, T_I32, 4)

    def i32_rem_s(self) -> None:
        self.divide(True, True, T_I32, 4)

    def i32_rem_u(self) -> None:
        self.divide(False, True, T_I32, 4)

    def i32_and(self) -> None:
        self.int_and(T_I32, 4)

    def i32_or(self) -> None:
        self.int_binop(OR, T_I32, 4)

    def i32_xor(self) -> None:
        self.int_binop(XOR, T_I32, 4)

    def i32_shl(self) -> None:
        self.int_shift(SHL, T_I32, 4)

    def i32_shr_s(self) -> None:
        self.int_shift(SHR_S, T_I32, 4)

    def i32_shr_u(self) -> None:
        self.int_shift(SHR_U, T_I32, 4)

    def i32_rotl(self) -> None:
        self.int_shift(ROTL, T_I32, 4)

    def i32_rotr(self) -> None:
        self.int_shift(ROTR, T_I32, 4)

    def i32_extend8_s(self) -> None:
        self.sign_extend(1, T_I32, 4)

    def i32_extend16_s(self) -> None:
        self.sign_extend(2, T_I32, 4)

    # --- i64 ----------------------------------------------------------------------------------------------------------
    def i64_eqz(self) -> None:
        self.equal_zero(8)

    def i64_eq(self) -> None:
        self.int_compare(EQ, 8)

    def i64_ne(self) -> None:
        self.int_compare(NE, 8)

    def i64_lt_s(self) -> None:
        self.int_compare(LT_S, 8)

    def i64_lt_u(self) -> None:
        self.int_compare(LT_U, 8)

    def i64_gt_s(self) -> None:
        self.int_compare(GT_S, 8)

    def i64_gt_u(self) -> None:
        self.int_compare(GT_U, 8)

    def i64_le_s(self) -> None:
        self.int_compare(LE_S, 8)

    def i64_le_u(self) -> None:
        self.int_compare(LE_U, 8)

    def i64_ge_s(self) -> None:
        self.int_compare(GE_S, 8)

    def i64_ge_u(self) -> None:
        self.int_compare(GE_U, 8)

    def i64_clz(self) -> None:
        self.count_bits(CLZ, T_I64, 8)

    def i64_ctz(self) -> None:
        self.count_bits(CTZ, T_I64, 8)

    def i64_popcnt(self) -> None:
        self.count_bits(POPCNT, T_I64, 8)

    def i64_add(self) -> None:
        self.int_binop(ADD, T_I64, 8)

    def i64_sub(self) -> None:
        self.int_binop(SUB, T_I64, 8)

    def i64_mul(self) -> None:
        self.int_mul(T_I64, 8)

    def i64_div_s(self) -> None:
        self.divide(True, False, T_I64, 8)

    def i64_div_u(self) -> None:
        self.divide(False, False, T_I64, 8)

    def i64_rem_s(self) -> None:
        self.divide(True, True, T_I64, 8)

    def i64_rem_u(self) -> None:
        self.divide(False, True, T_I64, 8)

    def i64_and(self) -> None:
        self.int_and(T_I64, 8)

    def i64_or(self) -> None:
        self.int_binop(OR, T_I64, 8)

    def i64_xor(self) -> None:
        self.int_binop(XOR, T_I64, 8)

    def i64_shl(self) -> None:
        self.int_shift(SHL, T_I64, 8)

    def i64_shr_s(self) -> None:
        self.int_shift(SHR_S, T_I64, 8)

    def i64_shr_u(self) -> None:
        self.int_shift(SHR_U, T_I64, 8)

    def i64_rotl(self) -> None:
        self.int_shift(ROTL, T_I64, 8)

    def i64_rotr(self) -> None:
        self.int_shift(ROTR, T_I64, 8)

    def i64_extend8_s(self) -> None:
        self.sign_extend(1, T_I64, 8)

    def i64_extend16_s(self) -> None:
        self.sign_extend(2, T_I64, 8)

    def i64_extend32_s(self) -> None:
        self.sign_extend(4, T_I64, 8)

    # --- f32 ----------------------------------------------------------------------------------------------------------
    def f32_eq(self) -> None:
        self.float_compare(F_EQ, 4)

    def f32_ne(self) -> None:
        self.float_compare(F_NE, 4)

    def f32_lt(self) -> None:
        self.float_compare(F_LT, 4)

    def f32_gt(self) -> None:
        self.float_compare(F_GT, 4)

    def f32_le(self) -> None:
        self.float_compare(F_LE, 4)

    def f32_ge(self) -> None:
        self.float_compare(F_GE, 4)

    def f32_abs(self) -> None:
        self.float_unary(ABS, T_F32, 4)

    def f32_neg(self) -> None:
        self.float_unary(NEG, T_F32, 4)

    def f32_ceil(self) -> None:
        self.float_unary(CEIL, T_F32, 4)

    def f32_floor(self) -> None:
        self.float_unary(FLOOR, T_F32, 4)

    def f32_trunc(self) -> None:
        self.float_unary(TRUNC, T_F32, 4)

    def f32_nearest(self) -> None:
        self.float_unary(NEAREST, T_F32, 4)

    def f32_sqrt(self) -> None:
        self.float_unary(SQRT, T_F32, 4)

    def f32_add(self) -> None:
        self.float_binop(FADD, T_F32, 4)

    def f32_sub(self) -> None:
        self.float_binop(FSUB, T_F32, 4)

    def f32_mul(self) -> None:
        self.float_binop(FMUL, T_F32, 4)

    def f32_div(self) -> None:
        self.float_binop(FDIV, T_F32, 4)

    def f32_min(self) -> None:
        self.float_min_max(False, T_F32, 4)

    def f32_max(self) -> None:
        self.float_min_max(True, T_F32, 4)

    def f32_copysign(self) -> None:
        self.float_copysign(T_F32, 4)

    # --- f64 ----------------------------------------------------------------------------------------------------------
    def f64_eq(self) -> None:
        self.float_compare(F_EQ, 8)

    def f64_ne(self) -> None:
        self.float_compare(F_NE, 8)

    def f64_lt(self) -> None:
        self.float_compare(F_LT, 8)

    def f64_gt(self) -> None:
        self.float_compare(F_GT, 8)

    def f64_le(self) -> None:
        self.float_compare(F_LE, 8)

    def f64_ge(self) -> None:
        self.float_compare(F_GE, 8)

    def f64_abs(self) -> None:
        self.float_unary(ABS, T_F64, 8)

    def f64_neg(self) -> None:
        self.float_unary(NEG, T_F64, 8)

    def f64_ceil(self) -> None:
        self.float_unary(CEIL, T_F64, 8)

    def f64_floor(self) -> None:
        self.float_unary(FLOOR, T_F64, 8)

    def f64_trunc(self) -> None:
        self.float_unary(TRUNC, T_F64, 8)

    def f64_nearest(self) -> None:
        self.float_unary(NEAREST, T_F64, 8)

    def f64_sqrt(self) -> None:
        self.float_unary(SQRT, T_F64, 8)

    def f64_add(self) -> None:
        self.float_binop(FADD, T_F64, 8)

    def f64_sub(self) -> None:
        self.float_binop(FSUB, T_F64, 8)

    def f64_mul(self) -> None:
        self.float_binop(FMUL, T_F64, 8)

    def f64_div(self) -> None:
        self.float_binop(FDIV, T_F64, 8)

    def f64_min(self) -> None:
        self.float_min_max(False, T_F64, 8)

    def f64_max(self) -> None:
        self.float_min_max(True, T_F64, 8)

    def f64_copysign(self) -> None:
        self.float_copysign(T_F64, 8)

    # --- wide arithmetic ----------------------------------------------------------------------------------------------
    def i64_add128(self) -> None:
        self.add_wide(False)

    def i64_sub128(self) -> None:
        self.add_wide(True)

    def i64_mul_wide_s(self) -> None:
        self.mul_wide(True)

    def i64_mul_wide_u(self) -> None:
        self.mul_wide(False)
