"""Integer division, and arithmetic on halves of 128-bit numbers."""

from __future__ import annotations

from mypy_extensions import i64

from taipan.abi import traps
from taipan.compiler.baseline.emit_integer import Integer, log2
from taipan.compiler.baseline.masm import ADD, AND, EQ, NE, OVERFLOW, SHL, SHR_S, SHR_U, SUB
from taipan.compiler.baseline.registers import BIT, lowest
from taipan.compiler.baseline.stack import K_REG, K_WIDE, KIND, TYPE, TYPE_SHIFT, VALUE_SHIFT
from taipan.compiler.environ import T_I32, T_I64


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


class Division(Integer):
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
        b = self.pop_apart(size)
        self.pop_to_pair()
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

    def pop_apart(self, size: i64) -> i64:
        """Pop an operand into a register that is not of the pair which divisions work on."""
        pair = BIT[self.plan.div_low] | BIT[self.plan.div_high]
        reg = self.pop_int()
        if not pair & BIT[reg]:
            return reg
        other = self.alloc_int_except(pair)
        self.masm.move(size, other, reg)
        self.free_int(reg)
        return other

    def pop_to_pair(self) -> None:
        """Pop an operand into the lower register of the pair, and take both."""
        low = self.plan.div_low
        n = self.sp - 1
        if self.ops[n] & ~(TYPE << TYPE_SHIFT) == K_REG | (low << VALUE_SHIFT):
            self.sp = n
        else:
            self.take_int(low)
            self.pop_int_to(low)
        self.take_int(self.plan.div_high)

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
        a: i64
        q: i64
        if shift < 0:
            # The factor needs all of 64 bits: the quotient is the upper half of the product.
            low = self.plan.div_low
            high = self.plan.div_high
            a = self.pop_apart(4)
            self.take_int(low)
            self.take_int(high)
            masm.const(low, factor)
            masm.mul_high(a)
            self.free_int(low)
            q = high
        else:
            a = self.pop_int()
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

    def mul_wide(self, signed: bool) -> None:
        low = self.plan.div_low
        high = self.plan.div_high
        b = self.pop_apart(8)
        self.pop_to_pair()
        self.masm.mul_wide(signed, b)
        self.free_int(b)
        self.push(K_REG, T_I64, low)
        self.push(K_REG, T_I64, high)
