"""Integer arithmetic and comparisons by shape: where operands are, and where the result goes."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.compiler.baseline.emit_sum import GOES_ON, MAX_SHIFT, NO_REG, Sums
from taipan.compiler.baseline.masm import ADD, AND, EQ, NE, SHL, SUB, SWAPPED
from taipan.compiler.baseline.registers import BIT
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
from taipan.compiler.environ import T_I32

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


class Integer(Sums):
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
            if op == ADD:
                self.add_const(size, d, a, value)
            else:
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
        if d == a and self.load_reg == b and self.take_load(size >> 3, b):
            self.note_flags(size, d, masm.alu_at(op, size, d, self.addr_base, self.addr_index, self.addr_disp))
        elif op != ADD:
            self.note_flags(size, d, masm.alu(op, size, d, a, b))
        else:
            self.add(size, d, a, b)
        if d != a:
            self.free_int(a)
        if d != b:
            self.free_int(b)
        self.push_int(t, d)

    def add_const(self, size: i64, d: i64, a: i64, value: i64) -> None:
        if self.sum_reg == a and self.add_const_to_sum(size, d, a, value):
            return
        masm = self.masm
        if not GOES_ON[i64(self.code[self.pos + 1])]:
            self.note_flags(size, d, masm.alu_const(ADD, size, d, a, value))
            return
        start = masm.offset()
        self.note_flags(size, d, masm.alu_const(ADD, size, d, a, value))
        self.note_sum(start, size, d, a, NO_REG, 0, value)

    def add(self, size: i64, d: i64, a: i64, b: i64) -> None:
        if (self.sum_reg == a or self.sum_reg == b) and self.add_to_sum(size, d, a, b):
            return
        masm = self.masm
        if not GOES_ON[i64(self.code[self.pos + 1])]:
            self.note_flags(size, d, masm.alu(ADD, size, d, a, b))
            return
        start = masm.offset()
        self.note_flags(size, d, masm.alu(ADD, size, d, a, b))
        self.note_sum(start, size, d, a, b, 0, 0)

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
        if d == a and self.take_load(size >> 3, b):
            masm.mul_at(size, d, self.addr_base, self.addr_index, self.addr_disp)
        else:
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
            if op == SHL and 0 < count <= MAX_SHIFT:
                if not self.shift_sum(size, d, a, count):
                    start = masm.offset()
                    masm.shift_const(SHL, size, d, a, count)
                    self.note_sum(start, size, d, NO_REG, a, count, 0)
            elif count:
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
        if size == 4 and self.zero_flag_at == self.masm.offset() and self.register_of(n) == self.zero_flag_reg:
            self.discard()
            self.push_condition(self.zero_flag_cond ^ 1)
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
        if self.take_load(size >> 3, b):
            masm.compare_access(size, a, self.addr_base, self.addr_index, self.addr_disp)
        else:
            masm.compare(size, a, b)
        self.free_int(a)
        self.free_int(b)
        self.push_condition(cond)
