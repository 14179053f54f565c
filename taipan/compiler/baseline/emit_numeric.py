"""Integer and float arithmetic and comparisons."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.abi import traps
from taipan.compiler.baseline.emit_call import Calls
from taipan.compiler.baseline.masm import (
    ADD,
    AND,
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
    OR,
    OVERFLOW,
    ROTL,
    ROTR,
    SHL,
    SHR_S,
    SHR_U,
    SUB,
    SWAPPED,
    TRUNC,
    XOR,
)
from taipan.compiler.baseline.registers import BIT, lowest
from taipan.compiler.baseline.stack import (
    K_CONST,
    K_FLAGS,
    K_LOCAL,
    K_REG,
    K_SLOT,
    K_WIDE,
    KIND,
    OP_BR_IF,
    OP_I32_EQZ,
    OP_IF,
    OP_LOCAL_SET,
    TYPE,
    TYPE_SHIFT,
    VALUE_SHIFT,
    fits32,
    is_float_type,
)
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64

CLZ: Final = 0
CTZ: Final = 1
POPCNT: Final = 2
OP_I64_EQZ: Final = 0x50


def log2(value: i64) -> i64:
    """The exponent of a power of two below 2^62, else -1."""
    if value <= 0 or value & (value - 1):
        return -1
    n: i64 = 0
    while value > 1:
        value >>= 1
        n += 1
    return n


def unsigned_reciprocal(divisor: int) -> tuple[int, int]:
    """(shift, factor) with x // divisor == x * factor >> shift for all u32 x; shift -1: the factor is over 2^64.

    The factor, rounded up, is exact if its error times x stays below one unit (Hacker's Delight, 10-9).
    """
    shift = 31 + (divisor - 1).bit_length()
    factor = (1 << shift) // divisor + 1
    if factor < 1 << 32 and (factor * divisor - (1 << shift)) << 32 <= 1 << shift:
        return shift, factor
    shift += 1
    factor = (1 << shift) // divisor + 1
    if factor < 1 << 32 and (factor * divisor - (1 << shift)) << 32 <= 1 << shift:
        return shift, factor
    factor = (1 << 64) // divisor + 1
    return -1, factor - (1 << 64) if factor >= 1 << 63 else factor


def signed_reciprocal(divisor: int) -> tuple[int, int]:
    """(shift, factor) with floor(x / divisor) == x * factor >> shift for all s32 x, up to one unit for x < 0."""
    shift = 31 + (divisor - 1).bit_length()
    return shift, (1 << shift) // divisor + 1


class Numeric(Calls):
    # --- operands -------------------------------------------------------------------------------------------------
    def swap_constant(self) -> None:
        """Of a commutative instruction's two operands, let a constant be the second."""
        n = self.sp - 1
        if self.ops[n - 1] & KIND <= K_WIDE and self.ops[n] & KIND > K_WIDE:
            op = self.ops[n]
            t = (op >> TYPE_SHIFT) & TYPE
            value = self.const_at(n - 1)
            if op & KIND == K_SLOT:
                # A slot belongs to its position.
                reg = self.pop_float() if is_float_type(t) else self.pop_int()
                op = K_REG | (t << TYPE_SHIFT) | (reg << VALUE_SHIFT)
            self.ops[n - 1] = op
            if n <= self.settled:
                self.settled = n - 1
            self.sp = n
            self.push_const(t, value)

    def constant_top(self) -> bool:
        """Whether the top operand is a constant that fits a signed 32-bit immediate."""
        n = self.sp - 1
        op = self.ops[n]
        return op & KIND == K_CONST and fits32(op >> VALUE_SHIFT)

    # --- integer instructions by shape ----------------------------------------------------------------------------
    def int_binop(self, op: i64, t: i64, size: i64) -> None:
        masm = self.masm
        if op != SUB:
            self.swap_constant()
        n = self.sp - 1
        if self.updated_in_place(n - 1):
            if self.update_local(op, size):
                return
        if self.constant_top():
            value = self.ops[n] >> VALUE_SHIFT
            self.sp = n
            a = self.pop_int()
            d = self.int_result(a)
            self.note_flags(size, d, masm.alu_const(op, size, d, a, value))
            self.push_int(t, d)
            return
        if op == SUB and self.ops[n - 1] & ~(TYPE << TYPE_SHIFT) == K_CONST:
            self.negate(t, size)
            return
        off = self.top_in_frame()
        if off:
            self.discard()
            a = self.pop_int()
            d = self.int_result(a)
            self.note_flags(size, d, masm.alu_frame(op, size, d, a, off))
            self.push_int(t, d)
            return
        b = self.pop_int()
        a = self.pop_int()
        d = self.int_target(self.pos + 1)
        if d < 0:
            if self.scratch_ints & BIT[a]:
                d = a
            elif self.scratch_ints & BIT[b] and op != SUB:
                d = b
            else:
                d = self.alloc_int()
        self.note_flags(size, d, masm.alu(op, size, d, a, b))
        if d != a:
            self.free_int(a)
        if d != b:
            self.free_int(b)
        self.push_int(t, d)

    def updated_in_place(self, n: i64) -> bool:
        """Whether operand n is a local in the frame to which the next instruction assigns the result."""
        op = self.ops[n]
        if op & KIND != K_LOCAL or self.code[self.pos + 1] != OP_LOCAL_SET:
            return False
        index = op >> VALUE_SHIFT
        return (
            index < 0x80
            and i64(self.code[self.pos + 2]) == index
            and self.local_regs[index] < 0
            and not self.is_pending(index, n)
        )

    def update_local(self, op: i64, size: i64) -> bool:
        """Compute `local = local op top` in the frame, if the target can, and leave the local as the result."""
        n = self.sp - 1
        index = self.ops[n - 1] >> VALUE_SHIFT
        off = self.local_offs[index]
        if self.constant_top():
            if not self.masm.update_frame_const(op, size, self.ops[n] >> VALUE_SHIFT, off):
                return False
            self.sp = n
            return True
        reg = self.ops[n] >> VALUE_SHIFT
        kind = self.ops[n] & KIND
        if kind == K_LOCAL:
            reg = self.local_regs[reg]
        elif kind != K_REG:
            return False
        if reg < 0 or not self.masm.update_frame(op, size, reg, off):
            return False
        self.discard()
        return True

    def negate(self, t: i64, size: i64) -> None:
        """0 - x."""
        a = self.pop_int()
        self.discard()
        d = self.int_result(a)
        if d != a:
            self.masm.move(size, d, a)
        self.masm.neg(size, d)
        self.push_int(t, d)

    def int_mul(self, t: i64, size: i64) -> None:
        masm = self.masm
        self.swap_constant()
        if self.constant_top():
            n = self.sp - 1
            value = self.ops[n] >> VALUE_SHIFT
            shift = log2(value)
            if shift >= 0:
                self.sp = n
                self.push_const(t, shift)
                self.int_shift(SHL, t, size)
                return
            self.sp = n
            a = self.pop_int()
            d = self.int_result(a)
            masm.mul_const(size, d, a, value)
            self.push_int(t, d)
            return
        off = self.top_in_frame()
        if off:
            self.discard()
            a = self.pop_int()
            d = self.int_result(a)
            masm.mul_frame(size, d, a, off)
            self.push_int(t, d)
            return
        b = self.pop_int()
        a = self.pop_int()
        d = self.int_result(a)
        masm.mul(size, d, a, b)
        if d != b:
            self.free_int(b)
        self.push_int(t, d)

    def int_and(self, t: i64, size: i64) -> None:
        op = self.code[self.pos + 1]
        if size == 4:
            if op != OP_BR_IF and op != OP_IF and op != OP_I32_EQZ:
                self.int_binop(AND, t, size)
                return
        elif op != OP_I64_EQZ:
            self.int_binop(AND, t, size)
            return
        # Only whether the result is zero is wanted.
        self.swap_constant()
        if self.constant_top():
            n = self.sp - 1
            value = self.ops[n] >> VALUE_SHIFT
            self.sp = n
            a = self.pop_int()
            self.masm.test_const(size, a, value)
        else:
            b = self.pop_int()
            a = self.pop_int()
            self.masm.test(size, a, b)
            self.free_int(b)
        self.free_int(a)
        self.push(K_FLAGS, t, NE)

    def int_shift(self, op: i64, t: i64, size: i64) -> None:
        masm = self.masm
        n = self.sp - 1
        top = self.ops[n]
        if top & KIND <= K_WIDE:
            count = self.const_at(n) & (size * 8 - 1)
            self.sp = n
            a = self.pop_int()
            d = self.int_result(a)
            if count:
                masm.shift_const(op, size, d, a, count)
            elif d != a:
                masm.move(size, d, a)
            self.push_int(t, d)
            return
        if masm.shift_takes_any_count(op):
            b = self.pop_int()
            a = self.pop_int()
            d = self.int_result(a)
            masm.shift(op, size, d, a, b)
            if d != b:
                self.free_int(b)
            self.push_int(t, d)
            return
        b = self.plan.shift_count
        if top & KIND != K_REG or top >> VALUE_SHIFT != b:
            self.take_int(b)
            self.pop_int_to(b)
        else:
            self.sp = n
        a = self.pop_int()
        d = self.int_result(a)
        masm.shift(op, size, d, a, b)
        self.free_int(b)
        self.push_int(t, d)

    def sign_extend(self, from_size: i64, t: i64, size: i64) -> None:
        a = self.pop_int()
        d = self.int_result(a)
        self.masm.extend(from_size, size, d, a)
        self.push_int(t, d)

    def count_bits(self, op: i64, t: i64, size: i64) -> None:
        masm = self.masm
        a = self.pop_int()
        if op == POPCNT:
            d = self.int_result(a)
            masm.popcnt(size, d, a)
        else:
            tmp = self.alloc_int()
            d = self.int_result(a)
            if op == CLZ:
                masm.clz(size, d, a, tmp)
            else:
                masm.ctz(size, d, a, tmp)
            self.free_int(tmp)
        self.push_int(t, d)

    def equal_zero(self, size: i64) -> None:
        n = self.sp - 1
        op = self.ops[n]
        if op & KIND == K_FLAGS:
            self.sp = n
            self.push_condition((op >> VALUE_SHIFT) ^ 1)
            return
        self.push_const(T_I32, 0)
        self.int_compare(EQ, size)

    def int_compare(self, cond: i64, size: i64) -> None:
        masm = self.masm
        n = self.sp - 1
        if self.ops[n - 1] & KIND <= K_WIDE and self.ops[n] & KIND > K_WIDE:
            self.swap_constant()
            cond = i64(SWAPPED[cond])
        if self.constant_top():
            value = self.ops[n] >> VALUE_SHIFT
            self.sp = n
            off = self.top_in_frame()
            if off:
                self.discard()
                masm.compare_frame_const(size, off, value)
            else:
                a = self.pop_int()
                masm.compare_const(size, a, value)
                self.free_int(a)
            self.push_condition(cond)
            return
        off = self.top_in_frame()
        if off:
            self.discard()
            a = self.pop_int()
            masm.compare_frame(size, a, off)
            self.free_int(a)
            self.push_condition(cond)
            return
        b = self.pop_int()
        off = self.top_in_frame()
        if off:
            self.discard()
            masm.compare_frame(size, b, off)
            self.free_int(b)
            self.push_condition(i64(SWAPPED[cond]))
            return
        a = self.pop_int()
        masm.compare(size, a, b)
        self.free_int(a)
        self.free_int(b)
        self.push_condition(cond)

    # --- division -------------------------------------------------------------------------------------------------
    def divide(self, signed: bool, remainder: bool, t: i64, size: i64) -> None:
        masm = self.masm
        n = self.sp - 1
        constant = self.ops[n] & KIND <= K_WIDE
        divisor = self.const_at(n) if constant else n
        if constant and divisor > 0:
            shift = log2(divisor)
            if shift >= 0:
                self.sp = n
                if signed:
                    self.divide_by_power(remainder, shift, t, size)
                elif remainder:
                    self.push_const(t, divisor - 1)
                    self.int_binop(AND, t, size)
                else:
                    self.push_const(t, shift)
                    self.int_shift(SHR_U, t, size)
                return
            if size == 4:
                self.sp = n
                self.divide_by_constant(signed, remainder, divisor)
                return
        low = self.plan.div_low
        high = self.plan.div_high
        b = self.pop_int()
        if b == low or b == high:
            other = self.alloc_int_except(BIT[low] | BIT[high])
            masm.move(size, other, b)
            self.free_int(b)
            b = other
        n = self.sp - 1
        if self.ops[n] & ~(TYPE << TYPE_SHIFT) == K_REG | (low << VALUE_SHIFT):
            self.sp = n
        else:
            self.take_int(low)
            self.pop_int_to(low)
        self.take_int(high)
        done = masm.new_label()
        if not constant or divisor == 0:
            masm.compare_const(size, b, 0)
            self.trap_if(EQ, traps.INTEGER_DIVISION_BY_ZERO)
        if signed and (not constant or divisor == -1):
            # The processor faults on the smallest number divided by -1.
            normal = masm.new_label()
            masm.compare_const(size, b, -1)
            masm.branch(NE, normal)
            if remainder:
                masm.zero(high)
            else:
                masm.neg(size, low)
                self.trap_if(OVERFLOW, traps.INTEGER_OVERFLOW)
            masm.jump(done)
            masm.bind(normal)
        masm.divide(signed, size, b)
        masm.bind(done)
        self.free_int(b)
        if remainder:
            self.free_int(low)
            self.push(K_REG, t, high)
        else:
            self.free_int(high)
            self.push(K_REG, t, low)

    def alloc_int_except(self, mask: i64) -> i64:
        """A scratch register that is not in `mask`."""
        while not self.free_ints & ~mask:
            self.spill_int()
        reg = lowest(self.free_ints & ~mask)
        self.free_ints &= ~BIT[reg]
        return reg

    def divide_by_constant(self, signed: bool, remainder: bool, divisor: i64) -> None:
        """i32 division by a positive constant that is no power of two: multiply by its reciprocal."""
        masm = self.masm
        if signed:
            shift, factor = signed_reciprocal(int(divisor))
        else:
            shift, factor = unsigned_reciprocal(int(divisor))
        a = self.pop_int()
        q: i64
        if shift < 0:
            # The factor needs all of 64 bits: the quotient is the upper half of the product.
            low = self.plan.div_low
            high = self.plan.div_high
            if a == low or a == high:
                other = self.alloc_int_except(BIT[low] | BIT[high])
                masm.move(4, other, a)
                self.free_int(a)
                a = other
            self.take_int(low)
            self.take_int(high)
            masm.const(low, factor)
            masm.mul_high(a)
            self.free_int(low)
            q = high
        else:
            q = self.alloc_int()
            masm.const(q, factor)
            if signed:
                wide = self.alloc_int()
                masm.extend(4, 8, wide, a)
                masm.mul(8, q, q, wide)
                masm.shift_const(SHR_S, 8, q, q, shift)
                # Toward zero: add one to a negative quotient.
                masm.shift_const(SHR_U, 8, wide, wide, 63)
                masm.alu(ADD, 4, q, q, wide)
                self.free_int(wide)
            else:
                masm.mul(8, q, q, a)
                masm.shift_const(SHR_U, 8, q, q, shift)
        if remainder:
            masm.mul_const(4, q, q, divisor)
            masm.alu(SUB, 4, q, a, q)
        self.free_int(a)
        self.push(K_REG, T_I32, q)

    def divide_by_power(self, remainder: bool, shift: i64, t: i64, size: i64) -> None:
        """Signed division by 2^shift: rounding toward zero needs 2^shift - 1 added to negative dividends."""
        masm = self.masm
        if shift == 0:
            if remainder:
                self.discard()
                self.push_const(t, 0)
            return
        a = self.pop_int()
        d = self.alloc_int()
        if shift == 1:
            masm.shift_const(SHR_U, size, d, a, size * 8 - 1)
        else:
            masm.shift_const(SHR_S, size, d, a, size * 8 - 1)
            masm.shift_const(SHR_U, size, d, d, size * 8 - shift)
        masm.alu(ADD, size, d, d, a)
        if not remainder:
            masm.shift_const(SHR_S, size, d, d, shift)
            self.free_int(a)
            self.push(K_REG, t, d)
            return
        # a - (biased a with its low bits cleared)
        if shift < 31:
            masm.alu_const(AND, size, d, d, -(BIT[shift]))
        else:
            masm.shift_const(SHR_S, size, d, d, shift)
            masm.shift_const(SHL, size, d, d, shift)
        masm.alu(SUB, size, d, a, d)
        self.free_int(a)
        self.push(K_REG, t, d)

    # --- float instructions by shape ------------------------------------------------------------------------------
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

    def float_abs(self, t: i64, size: i64) -> None:
        a = self.pop_float()
        d = self.float_result(a)
        self.masm.fabs(size, d, a)
        self.push_float(t, d)

    def float_neg(self, t: i64, size: i64) -> None:
        a = self.pop_float()
        d = self.float_result(a)
        self.masm.fneg(size, d, a)
        self.push_float(t, d)

    def float_round(self, mode: i64, t: i64, size: i64) -> None:
        a = self.pop_float()
        d = self.float_result(a)
        self.masm.fround(mode, size, d, a)
        self.push_float(t, d)

    def float_sqrt(self, t: i64, size: i64) -> None:
        a = self.pop_float()
        d = self.float_result(a)
        self.masm.fsqrt(size, d, a)
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

    # --- wide arithmetic ------------------------------------------------------------------------------------------
    def i64_add128(self) -> None:
        self.add_wide(False)

    def i64_sub128(self) -> None:
        self.add_wide(True)

    def add_wide(self, subtract: bool) -> None:
        high = self.pop_int()
        low = self.pop_int()
        high_d = self.pop_owned_int()
        low_d = self.pop_owned_int()
        self.masm.add_carry(subtract, low_d, high_d, low, high)
        self.free_int(low)
        self.free_int(high)
        self.push(K_REG, T_I64, low_d)
        self.push(K_REG, T_I64, high_d)

    def i64_mul_wide_s(self) -> None:
        self.mul_wide(True)

    def i64_mul_wide_u(self) -> None:
        self.mul_wide(False)

    def mul_wide(self, signed: bool) -> None:
        low = self.plan.div_low
        high = self.plan.div_high
        b = self.pop_int()
        if b == low or b == high:
            other = self.alloc_int_except(BIT[low] | BIT[high])
            self.masm.move(8, other, b)
            self.free_int(b)
            b = other
        n = self.sp - 1
        if self.ops[n] & ~(TYPE << TYPE_SHIFT) == K_REG | (low << VALUE_SHIFT):
            self.sp = n
        else:
            self.take_int(low)
            self.pop_int_to(low)
        self.take_int(high)
        self.masm.mul_wide(signed, b)
        self.free_int(b)
        self.push(K_REG, T_I64, low)
        self.push(K_REG, T_I64, high)

    # --- i32 --------------------------------------------------------------------------------------------------------

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

    # --- i64 --------------------------------------------------------------------------------------------------------

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

    # --- f32 --------------------------------------------------------------------------------------------------------

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
        self.float_abs(T_F32, 4)

    def f32_neg(self) -> None:
        self.float_neg(T_F32, 4)

    def f32_ceil(self) -> None:
        self.float_round(CEIL, T_F32, 4)

    def f32_floor(self) -> None:
        self.float_round(FLOOR, T_F32, 4)

    def f32_trunc(self) -> None:
        self.float_round(TRUNC, T_F32, 4)

    def f32_nearest(self) -> None:
        self.float_round(NEAREST, T_F32, 4)

    def f32_sqrt(self) -> None:
        self.float_sqrt(T_F32, 4)

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

    # --- f64 --------------------------------------------------------------------------------------------------------

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
        self.float_abs(T_F64, 8)

    def f64_neg(self) -> None:
        self.float_neg(T_F64, 8)

    def f64_ceil(self) -> None:
        self.float_round(CEIL, T_F64, 8)

    def f64_floor(self) -> None:
        self.float_round(FLOOR, T_F64, 8)

    def f64_trunc(self) -> None:
        self.float_round(TRUNC, T_F64, 8)

    def f64_nearest(self) -> None:
        self.float_round(NEAREST, T_F64, 8)

    def f64_sqrt(self) -> None:
        self.float_sqrt(T_F64, 8)

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
