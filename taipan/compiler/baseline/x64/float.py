"""Float arithmetic, comparisons and conversions."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.compiler.baseline import masm as m
from taipan.compiler.baseline.x64.assembler import W32, W64
from taipan.compiler.baseline.x64.integer import X64Integer
from taipan.compiler.baseline.x64.registers import RBP, XMM15

# Bounds of truncation, by i32 and i64: the largest float that is too low, or the smallest number itself.
LOWEST_F32: Final = (0xCF00_0000, 0xDF00_0000)
LOWEST_F64: Final = (-0x3E1F_FFFF_FFE0_0000, -0x3C20_0000_0000_0000)
TWO32_F32: Final = 0x4F80_0000
TWO32_F64: Final = 0x41F0_0000_0000_0000
TWO63_F32: Final = 0x5F00_0000
TWO63_F64: Final = 0x43E0_0000_0000_0000
TWO64_F32: Final = 0x5F80_0000
TWO64_F64: Final = 0x43F0_0000_0000_0000
# falu operation -> last opcode byte.
FALU: Final = bytes([0x58, 0x5C, 0x59, 0x5E])
MAGNITUDE32: Final = 0x7FFF_FFFF
MAGNITUDE64: Final = 0x7FFF_FFFF_FFFF_FFFF


def scalar(size: i64) -> i64:
    """Opcodes of the instructions on one float, but for their last byte."""
    return 0xF200_0F00 if size == 8 else 0xF300_0F00


class X64Float(X64Integer):
    def compare_float(self, cond: i64, size: i64, a: i64, b: i64) -> None:
        """ucomis, with a and b exchanged where `a < b` must become "above", which is false for NaN."""
        opcode: i64 = 0x6600_0F2E if size == 8 else 0x0F2E
        if m.F_LT <= cond <= m.F_NLT or m.F_LE <= cond <= m.F_NLE:
            self.asm.rr(opcode, 0, b, a)
        else:
            self.asm.rr(opcode, 0, a, b)

    def falu_at(self, op: i64, size: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        self.access(scalar(size) | i64(FALU[op]), 0, d, base, index, disp)

    def falu(self, op: i64, size: i64, d: i64, a: i64, b: i64) -> None:
        asm = self.asm
        opcode = scalar(size) | i64(FALU[op])
        if d == a:
            asm.rr(opcode, 0, d, b)
        elif d == b:
            # The first operand's NaN wins, but wasm allows any arithmetic NaN: commuting is exact.
            if op == m.FADD or op == m.FMUL:
                asm.rr(opcode, 0, d, a)
            else:
                asm.rr(0x0F28, 0, XMM15, b)
                asm.rr(0x0F28, 0, d, a)
                asm.rr(opcode, 0, d, XMM15)
        else:
            asm.rr(0x0F28, 0, d, a)
            asm.rr(opcode, 0, d, b)

    def falu_frame(self, op: i64, size: i64, d: i64, a: i64, off: i64) -> None:
        if d != a:
            self.asm.rr(0x0F28, 0, d, a)
        self.asm.rm(scalar(size) | i64(FALU[op]), 0, d, RBP, off)

    def falu_const(self, op: i64, size: i64, d: i64, a: i64, bits: i64) -> None:
        if d != a:
            self.asm.rr(0x0F28, 0, d, a)
        opcode = scalar(size) | i64(FALU[op])
        self.asm.rip(opcode, 0, d, self.pool(size, bits))

    def funary(self, op: i64, size: i64, d: i64, s: i64) -> None:
        """op: a rounding mode, SQRT, ABS or NEG."""
        asm = self.asm
        if op == m.SQRT:
            asm.rr(scalar(size) | 0x51, 0, d, s)
            return
        if op <= m.TRUNC:
            # 8: no precision exception
            asm.rr(0x663A_0F0B if size == 8 else 0x663A_0F0A, 0, d, s)
            asm.imm8(op | 8)
            return
        opcode: i64 = 0x0F57  # xorps
        mask: i64 = m.SIGN64 if size == 8 else 0x8000_0000
        if op == m.ABS:
            opcode = 0x0F54  # andps
            mask = MAGNITUDE64 if size == 8 else MAGNITUDE32
        if d == s:
            self.const_float(size, XMM15, mask)
            asm.rr(opcode, 0, d, XMM15)
        else:
            self.const_float(size, d, mask)
            asm.rr(opcode, 0, d, s)

    def fmin_max(self, is_max: bool, size: i64, d: i64, a: i64, b: i64) -> None:
        """d is neither a nor b. Equal operands may differ in sign (or: -0 is less), unordered ones add to a NaN."""
        asm = self.asm
        prefix = scalar(size)
        differ = asm.new_label()
        done = asm.new_label()
        nan = asm.new_label()
        asm.rr(0x0F28, 0, d, a)
        asm.rr(0x6600_0F2E if size == 8 else 0x0F2E, 0, a, b)
        asm.jcc(5, differ)
        asm.jcc(10, nan)
        asm.rr(0x0F54 if is_max else 0x0F56, 0, d, b)  # andps | orps
        asm.jmp(done)
        asm.bind(nan)
        asm.rr(prefix | 0x58, 0, d, b)
        asm.jmp(done)
        asm.bind(differ)
        asm.rr(prefix | (0x5F if is_max else 0x5D), 0, d, b)
        asm.bind(done)

    def fcopysign(self, size: i64, d: i64, a: i64, b: i64) -> None:
        """d differs from b."""
        self.const_float(size, XMM15, MAGNITUDE64 if size == 8 else MAGNITUDE32)
        if d != a:
            self.asm.rr(0x0F28, 0, d, a)
        self.asm.rr(0x0F54, 0, d, XMM15)
        self.asm.rr(0x0F55, 0, XMM15, b)  # andnps: not mask and b
        self.asm.rr(0x0F56, 0, d, XMM15)

    def promote(self, d: i64, s: i64) -> None:
        self.asm.rr(0xF300_0F5A, 0, d, s)

    def demote(self, d: i64, s: i64) -> None:
        self.asm.rr(0xF200_0F5A, 0, d, s)

    def convert_int(self, signed: bool, int_size: i64, size: i64, d: i64, s: i64, tmp: i64) -> None:
        """tmp: an integer register, clobbered as s is where the conversion is unsigned from 64 bits."""
        asm = self.asm
        opcode = scalar(size) | 0x2A
        asm.rr(0x0F57, 0, d, d)  # cvtsi2s* merges into its old destination
        if signed or int_size == 4:
            asm.rr(opcode, int_size & 8 if signed else W64, d, s)
            return
        # Above 2^63: halve, keeping the lowest bit sticky so that rounding stays exact, convert, double.
        high = asm.new_label()
        done = asm.new_label()
        asm.rr(0x85, W64, s, s)
        asm.jcc(8, high)
        asm.rr(opcode, W64, d, s)
        asm.jmp(done)
        asm.bind(high)
        asm.rr(0x8B, W64, tmp, s)
        asm.rr(0xD1, W64, 5, tmp)
        asm.rr(0x83, W32, 4, s)
        asm.imm8(1)
        asm.rr(0x0B, W64, tmp, s)
        asm.rr(opcode, W64, d, tmp)
        asm.rr(scalar(size) | 0x58, 0, d, d)
        asm.bind(done)

    def truncate(self, int_size: i64, size: i64, d: i64, s: i64) -> None:
        """cvttss2si/cvttsd2si: 0x80...0 where the value does not fit."""
        self.asm.rr(scalar(size) | 0x2C, int_size & 8, d, s)

    def branch_from_two63(self, size: i64, s: i64, label: i64) -> None:
        """Branch if s is at least 2^63, which xmm15 holds afterwards."""
        self.const_float(size, XMM15, TWO63_F64 if size == 8 else TWO63_F32)
        self.compare_float(m.F_GE, size, s, XMM15)
        self.asm.jcc(3, label)

    def truncate_less_two63(self, size: i64, d: i64, s: i64, tmp: i64) -> None:
        """Truncate s - 2^63; see `branch_from_two63`."""
        self.asm.rr(0x0F28, 0, tmp, s)
        self.asm.rr(scalar(size) | 0x5C, 0, tmp, XMM15)
        self.truncate(8, size, d, tmp)

    def flip_sign(self, d: i64) -> None:
        """d ^= 2^63 (btc)."""
        self.asm.rr(0x0FBA, W64, 7, d)
        self.asm.imm8(63)

    def truncate_s(self, int_size: i64, size: i64, d: i64, s: i64, bad: i64, overflow: i64) -> None:
        asm = self.asm
        done = asm.new_label()
        self.truncate(int_size, size, d, s)
        # Only 0x80...0 minus 1 overflows: the mark of a failure, or the smallest number itself.
        asm.alu_ri(7, int_size & 8, d, 1)
        asm.jcc(1, done)
        self.compare_float(m.F_EQ, size, s, s)
        asm.jcc(10, bad)
        self.const_float(size, XMM15, LOWEST_F32[int_size >> 3] if size == 4 else LOWEST_F64[int_size >> 3])
        self.compare_float(m.F_GT, size, s, XMM15)
        # The bound for f64 -> i32 is -2^31 - 1, which is already too low; the others are still in range.
        asm.jcc(6 if size == 8 and int_size == 4 else 2, overflow)
        self.const_float(size, XMM15, 0)
        self.compare_float(m.F_GT, size, s, XMM15)
        asm.jcc(7, overflow)
        asm.bind(done)

    def truncate_u(self, int_size: i64, size: i64, d: i64, s: i64, tmp: i64, bad: i64, overflow: i64) -> None:
        asm = self.asm
        done = asm.new_label()
        failed = asm.new_label()
        if int_size == 4:
            self.truncate(8, size, d, s)
            asm.rr(0xC1, W64, 1, d)  # rotate by 32: now the lower half tells whether it was below 2^32
            asm.imm8(32)
            asm.rr(0x85, W32, d, d)
            asm.jcc(5, failed)
            asm.rr(0xC1, W64, 5, d)
            asm.imm8(32)
            asm.jmp(done)
        else:
            big = asm.new_label()
            self.branch_from_two63(size, s, big)
            self.truncate(8, size, d, s)
            asm.rr(0x85, W64, d, d)
            asm.jcc(9, done)
            asm.jmp(failed)
            asm.bind(big)
            self.truncate_less_two63(size, d, s, tmp)
            asm.rr(0x85, W64, d, d)
            asm.jcc(8, overflow)
            self.flip_sign(d)
            asm.jmp(done)
        asm.bind(failed)
        self.compare_float(m.F_EQ, size, s, s)
        asm.jcc(10, bad)
        asm.jmp(overflow)
        asm.bind(done)

    def truncate_sat_s(self, int_size: i64, size: i64, d: i64, s: i64) -> None:
        asm = self.asm
        done = asm.new_label()
        self.truncate(int_size, size, d, s)
        asm.alu_ri(7, int_size & 8, d, 1)
        asm.jcc(1, done)
        self.zero(d)
        self.compare_float(m.F_EQ, size, s, s)
        asm.jcc(10, done)
        asm.mov_ri(d, m.SIGN64 if int_size == 8 else 0x8000_0000)
        self.const_float(size, XMM15, 0)
        self.compare_float(m.F_GT, size, s, XMM15)
        asm.jcc(6, done)
        asm.mov_ri(d, 0x7FFF_FFFF_FFFF_FFFF if int_size == 8 else 0x7FFF_FFFF)
        asm.bind(done)

    def truncate_sat_u(self, int_size: i64, size: i64, d: i64, s: i64, tmp: i64) -> None:
        asm = self.asm
        done = asm.new_label()
        self.zero(d)
        self.const_float(size, XMM15, 0)
        self.compare_float(m.F_GT, size, s, XMM15)
        asm.jcc(6, done)  # not above zero, or NaN
        top: i64
        if int_size == 4:
            top = TWO32_F64 if size == 8 else TWO32_F32
        else:
            top = TWO64_F64 if size == 8 else TWO64_F32
        asm.mov_ri(d, -1 if int_size == 8 else 0xFFFF_FFFF)
        self.const_float(size, XMM15, top)
        self.compare_float(m.F_GE, size, s, XMM15)
        asm.jcc(3, done)
        if int_size == 4:
            self.truncate(8, size, d, s)
        else:
            big = asm.new_label()
            self.branch_from_two63(size, s, big)
            self.truncate(8, size, d, s)
            asm.jmp(done)
            asm.bind(big)
            self.truncate_less_two63(size, d, s, tmp)
            self.flip_sign(d)
        asm.bind(done)
