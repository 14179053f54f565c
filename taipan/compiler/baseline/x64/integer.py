"""Integer arithmetic and comparisons."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64, u8

from taipan.compiler.baseline import masm as m
from taipan.compiler.baseline.x64.assembler import W8, W32, W64
from taipan.compiler.baseline.x64.moves import X64Moves
from taipan.compiler.baseline.x64.registers import RBP, RDX

# alu operation -> opcode of `op r, r/m`; the extension of the immediate form is opcode >> 3.
ALU: Final = bytes([0x03, 0x2B, 0x23, 0x0B, 0x33])
# shift operation -> extension of C1/D3.
SHIFT: Final = bytes([4, 7, 5, 0, 1])


class X64Integer(X64Moves):
    def alu(self, op: i64, size: i64, d: i64, a: i64, b: i64) -> bool:
        """Returns whether the flags tell if the result is zero."""
        asm = self.asm
        w = size & 8
        if d == a:
            asm.rr(i64(ALU[op]), w, d, b)
        elif op == m.ADD:
            asm.rmx(0x8D, w, d, a, b, 0, 0)
            return False
        elif d == b:
            if op == m.SUB:
                asm.rr(0xF7, w, 3, d)
                asm.rr(0x03, w, d, a)
            else:
                asm.rr(i64(ALU[op]), w, d, a)
        else:
            asm.rr(0x8B, w, d, a)
            asm.rr(i64(ALU[op]), w, d, b)
        return True

    def alu_const(self, op: i64, size: i64, d: i64, a: i64, value: i64) -> bool:
        """value: signed 32 bits. Returns whether the flags tell if the result is zero."""
        asm = self.asm
        w = size & 8
        if d != a:
            if op == m.ADD:
                asm.rm(0x8D, w, d, a, value)
                return False
            if op == m.SUB and value != -0x8000_0000:
                asm.rm(0x8D, w, d, a, -value)
                return False
            asm.rr(0x8B, w, d, a)
        if op == m.XOR and value == -1:
            asm.rr(0xF7, w, 2, d)
            return False
        asm.alu_ri(i64(ALU[op]) >> 3, w, d, value)
        return True

    def alu_frame(self, op: i64, size: i64, d: i64, a: i64, off: i64) -> bool:
        """Returns whether the flags tell if the result is zero."""
        if d != a:
            self.asm.rr(0x8B, size & 8, d, a)
        self.asm.rm(i64(ALU[op]), size & 8, d, RBP, off)
        return True

    def alu_at(self, op: i64, size: i64, d: i64, base: i64, index: i64, disp: i64) -> bool:
        """d = d op the memory at base + index + disp; index may be -1. Returns whether the flags tell if d is zero."""
        self.access(i64(ALU[op]), size & 8, d, base, index, disp)
        return True

    def mul_at(self, size: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        self.access(0x0FAF, size & 8, d, base, index, disp)

    def compare_access(self, size: i64, a: i64, base: i64, index: i64, disp: i64) -> None:
        self.access(0x3B, size & 8, a, base, index, disp)

    def sum(self, size: i64, d: i64, base: i64, index: i64, shift: i64, disp: i64) -> None:
        """d = base + (index << shift) + disp; base or index may be -1. shift: up to 3.  disp: signed 32 bits."""
        asm = self.asm
        if index < 0:
            asm.rm(0x8D, size & 8, d, base, disp)
        elif base >= 0:
            asm.rmx(0x8D, size & 8, d, base, index, shift, disp)
        elif shift == 1:
            asm.rmx(0x8D, size & 8, d, index, index, 0, disp)
        else:
            asm.rmi(0x8D, size & 8, d, index, shift, disp)

    def update_frame(self, op: i64, size: i64, s: i64, off: i64) -> bool:
        """frame[off] = frame[off] op s. False if the target cannot, and nothing was emitted."""
        self.asm.rm(i64(ALU[op]) - 2, size & 8, s, RBP, off)
        return True

    def update_frame_const(self, op: i64, size: i64, value: i64, off: i64) -> bool:
        """frame[off] = frame[off] op value, a signed 32-bit number. False if the target cannot."""
        self.asm.alu_mi(i64(ALU[op]) >> 3, size & 8, RBP, off, value)
        return True

    def mul(self, size: i64, d: i64, a: i64, b: i64) -> None:
        if d == b:
            self.asm.rr(0x0FAF, size & 8, d, a)
            return
        if d != a:
            self.asm.rr(0x8B, size & 8, d, a)
        self.asm.rr(0x0FAF, size & 8, d, b)

    def mul_frame(self, size: i64, d: i64, a: i64, off: i64) -> None:
        if d != a:
            self.asm.rr(0x8B, size & 8, d, a)
        self.asm.rm(0x0FAF, size & 8, d, RBP, off)

    def mul_const(self, size: i64, d: i64, a: i64, value: i64) -> None:
        asm = self.asm
        w = size & 8
        if value == 3 or value == 5 or value == 9:
            asm.rmx(0x8D, w, d, a, a, 1 if value == 3 else 2 if value == 5 else 3, 0)
        elif -128 <= value <= 127:
            asm.rr(0x6B, w, d, a)
            asm.imm8(value)
        else:
            asm.rr(0x69, w, d, a)
            asm.imm32(value)

    def neg(self, size: i64, d: i64) -> None:
        self.asm.rr(0xF7, size & 8, 3, d)

    def shift(self, op: i64, size: i64, d: i64, a: i64, count: i64) -> None:
        w = size & 8
        if self.has_bmi2 and op <= m.SHR_U:
            # shlx sarx shrx: F7 /r with pp = 66, F3, F2
            self.vex38(0xF7, 1 if op == m.SHL else 2 if op == m.SHR_S else 3, w, d, count, a)
            return
        if d != a:
            self.asm.rr(0x8B, w, d, a)
        self.asm.rr(0xD3, w, i64(SHIFT[op]), d)

    def shift_takes_any_count(self, op: i64) -> bool:
        return self.has_bmi2 and op <= m.SHR_U

    def vex38(self, opcode: i64, pp: i64, w: i64, reg: i64, vvvv: i64, rm: i64) -> None:
        """VEX.LZ.pp.0F38.W instruction with register operands."""
        out = self.asm.out
        out.append(u8(0xC4))
        out.append(u8((0 if reg & 8 else 0x80) | 0x40 | (0 if rm & 8 else 0x20) | 2))
        out.append(u8((0x80 if w else 0) | ((~vvvv & 15) << 3) | pp))
        out.append(u8(opcode))
        out.append(u8(0xC0 | ((reg & 7) << 3) | (rm & 7)))

    def shift_const(self, op: i64, size: i64, d: i64, a: i64, count: i64) -> None:
        asm = self.asm
        w = size & 8
        if d != a:
            if op == m.SHL and count <= 3:
                if count == 1:
                    asm.rmx(0x8D, w, d, a, a, 0, 0)
                else:
                    asm.rmi(0x8D, w, d, a, count, 0)
                return
            if self.has_bmi2 and op >= m.ROTL:
                # rorx: VEX.LZ.F2.0F3A.W F0 /r ib
                out = asm.out
                out.append(u8(0xC4))
                out.append(u8((0 if d & 8 else 0x80) | 0x40 | (0 if a & 8 else 0x20) | 3))
                out.append(u8((0x80 if w else 0) | 0x7B))
                out.append(u8(0xF0))
                out.append(u8(0xC0 | ((d & 7) << 3) | (a & 7)))
                asm.imm8(count if op == m.ROTR else -count & (size * 8 - 1))
                return
            asm.rr(0x8B, w, d, a)
        if op == m.SHL and count == 1:
            asm.rr(0x03, w, d, d)
            return
        asm.rr(0xC1, w, i64(SHIFT[op]), d)
        asm.imm8(count)

    def clz(self, size: i64, d: i64, s: i64, tmp: i64) -> None:
        asm = self.asm
        if self.has_lzcnt:
            if d != s:
                asm.rr(0x33, W32, d, d)  # lzcnt waits for its old destination on some CPUs
            asm.rr(0xF300_0FBD, size & 8, d, s)
            return
        # bsr leaves the destination alone for 0: give it 2 * bits - 1, then xor with bits - 1.
        bits = size * 8
        asm.mov_ri(tmp, 2 * bits - 1)
        asm.rr(0x0FBD, size & 8, d, s)
        asm.rr(0x0F44, size & 8, d, tmp)
        asm.alu_ri(6, W32, d, bits - 1)

    def ctz(self, size: i64, d: i64, s: i64, tmp: i64) -> None:
        asm = self.asm
        if self.has_bmi1:
            if d != s:
                asm.rr(0x33, W32, d, d)
            asm.rr(0xF300_0FBC, size & 8, d, s)
            return
        asm.mov_ri(tmp, size * 8)
        asm.rr(0x0FBC, size & 8, d, s)
        asm.rr(0x0F44, size & 8, d, tmp)

    def popcnt(self, size: i64, d: i64, s: i64) -> None:
        if d != s:
            self.asm.rr(0x33, W32, d, d)
        self.asm.rr(0xF300_0FB8, size & 8, d, s)

    def extend(self, from_size: i64, size: i64, d: i64, s: i64) -> None:
        if from_size == 4:
            self.asm.rr(0x63, W64, d, s)
        elif from_size == 1:
            self.asm.rr(0x0FBE, W64 if size == 8 else W8 if s >= 4 else W32, d, s)
        else:
            self.asm.rr(0x0FBF, size & 8, d, s)

    def divide(self, signed: bool, size: i64, divisor: i64) -> None:
        """rdx:rax by divisor: quotient in rax, remainder in rdx; the dividend is in rax."""
        asm = self.asm
        w = size & 8
        if signed:
            asm.head(0x99, w)
            asm.rr(0xF7, w, 7, divisor)
        else:
            asm.rr(0x33, W32, RDX, RDX)
            asm.rr(0xF7, w, 6, divisor)

    def mul_high(self, factor: i64) -> None:
        """Upper half of the 128-bit product of rax and a register, unsigned, to rdx; rax is lost."""
        self.asm.rr(0xF7, W64, 4, factor)

    def mul_wide(self, signed: bool, factor: i64) -> None:
        self.asm.rr(0xF7, W64, 5 if signed else 4, factor)

    def add_carry(self, subtract: bool, low_d: i64, high_d: i64, low: i64, high: i64) -> None:
        asm = self.asm
        asm.rr(0x2B if subtract else 0x03, W64, low_d, low)
        asm.rr(0x1B if subtract else 0x13, W64, high_d, high)

    # --- comparing ----------------------------------------------------------------------------------------------------
    def compare(self, size: i64, a: i64, b: i64) -> None:
        self.asm.rr(0x3B, size & 8, a, b)

    def compare_const(self, size: i64, a: i64, value: i64) -> None:
        if value == 0:
            self.asm.rr(0x85, size & 8, a, a)
        else:
            self.asm.alu_ri(7, size & 8, a, value)

    def compare_frame(self, size: i64, a: i64, off: i64) -> None:
        self.asm.rm(0x3B, size & 8, a, RBP, off)

    def compare_frame_const(self, size: i64, off: i64, value: i64) -> None:
        self.asm.alu_mi(7, size & 8, RBP, off, value)

    def test(self, size: i64, a: i64, b: i64) -> None:
        self.asm.rr(0x85, size & 8, a, b)

    def test_const(self, size: i64, a: i64, value: i64) -> None:
        if 0 <= value <= 127:
            self.asm.rr(0xF6, W8 if a >= 4 else W32, 0, a)
            self.asm.imm8(value)
        else:
            # A non-negative constant tests the same bits in the short form.
            self.asm.rr(0xF7, W32 if value >= 0 else size & 8, 0, a)
            self.asm.imm32(value)

    def compare_at(self, size: i64, a: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x3B, size & 8, a, base, disp)

    def compare_at_const(self, size: i64, base: i64, disp: i64, value: i64) -> None:
        self.asm.alu_mi(7, size & 8, base, disp, value)

    def add_at_const(self, base: i64, disp: i64, value: i64) -> None:
        self.asm.alu_mi(0, W64, base, disp, value)
