"""The macro assembler for x86-64 (System V). See `baseline/masm.py` for what each operation means.

Needs x86-64-v2 (SSE4.1, popcnt); uses lzcnt/tzcnt (BMI1) and shlx/shrx/sarx/rorx (BMI2) where the CPU flags name them.
rbp is the frame register; xmm15 and, in cold code, pushed registers are the only temporaries taken here.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64, u8

from taipan.compiler.baseline import masm as m
from taipan.compiler.baseline.masm import Masm
from taipan.compiler.baseline.x64.assembler import W8, W32, W64, Assembler
from taipan.compiler.baseline.x64.registers import PLAN, R8, R9, R10, R11, R15, RAX, RBP, RCX, RDI, RDX, RSI, RSP, XMM15
from taipan.compiler.environ import T_F32, T_F64, T_I32

# alu operation -> opcode of `op r, r/m`; the extension of the immediate form is opcode >> 3.
ALU: Final = bytes([0x03, 0x2B, 0x23, 0x0B, 0x33])
# shift operation -> extension of C1/D3.
SHIFT: Final = bytes([4, 7, 5, 0, 1])
# condition -> four bits of jcc, setcc, cmovcc. After ucomis, "below" is carry: see `compare_float`.
CC: Final = bytes([4, 5, 12, 13, 2, 3, 15, 14, 7, 6, 0, 0, 7, 6, 7, 6, 3, 2, 3, 2, 10, 11, 0, 1, 8, 9])
# memory access -> opcode and whether REX.W goes with it: loads in the order of the wasm opcodes 0x28...
LOAD: Final = (
    0x8B, 0x8B, 0xF300_0F10, 0xF200_0F10,
    0x0FBE, 0x0FB6, 0x0FBF, 0x0FB7,
    0x0FBE, 0x0FB6, 0x0FBF, 0x0FB7, 0x63, 0x8B,
)  # fmt: skip
LOAD_WIDTH: Final = bytes([0, 8, 0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 8, 0])
FUNCTION_ALIGNMENT: Final = 16
CALLER_SAVED: Final = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11]
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


@final
class X64Masm(Masm):
    """cpu_flags: names as in /proc/cpuinfo."""

    def __init__(self, cpu_flags: frozenset[str]) -> None:
        super().__init__(PLAN)
        self.asm: Final = Assembler()
        self.has_lzcnt: Final = "abm" in cpu_flags or "lzcnt" in cpu_flags
        self.has_bmi1: Final = "bmi1" in cpu_flags
        self.has_bmi2: Final = "bmi2" in cpu_flags
        self.start: i64 = 0
        self.load_opcodes: Final = m.to_vec(LOAD)

    # --- code and labels ------------------------------------------------------------------------------------------
    def begin(self, append: bool) -> None:
        """Start a function. append: behind those before it, aligned; else they are forgotten."""
        asm = self.asm
        if append:
            while i64(len(asm.out)) & (FUNCTION_ALIGNMENT - 1):
                asm.out.append(u8(0xCC))  # int3
            self.start = len(asm.out)
        else:
            asm.out.truncate(0)
            self.start = 0
        asm.num_labels = 0
        if len(self.pool_labels):
            self.drop_pool()  # of a function that could not be compiled

    def restart(self) -> None:
        """Forget the code of the function begun last."""
        self.asm.out.truncate(self.start)
        self.asm.num_labels = 0
        self.drop_pool()

    def offset(self) -> i64:
        """Bytes from the function's beginning to here."""
        return i64(len(self.asm.out)) - self.start

    def function_start(self) -> i64:
        """Offset of the current function in `code`."""
        return self.start

    def patch_distance(self, at: i64, target: i64) -> None:
        """Let the 32-bit field at an offset in `code` hold the distance from its end to another offset."""
        self.asm.patch32(at, target - at - 4)

    def code(self) -> bytes:
        return self.asm.out.getvalue()

    def new_label(self) -> i64:
        return self.asm.new_label()

    def want(self, label: i64) -> None:
        self.asm.want(label)

    def bind(self, label: i64) -> None:
        self.asm.bind(label)

    def label_offset(self, label: i64) -> i64:
        return self.asm.label_at[label] - self.start

    def is_wanted(self, label: i64) -> bool:
        return self.asm.is_wanted(label)

    def align_code(self, alignment: i64) -> None:
        self.asm.align(alignment)

    def nop(self) -> None:
        self.asm.nop()

    # --- moves ----------------------------------------------------------------------------------------------------
    def move(self, size: i64, d: i64, s: i64) -> None:
        self.asm.rr(0x8B, size & 8, d, s)

    def move_float(self, d: i64, s: i64) -> None:
        self.asm.rr(0x0F28, 0, d, s)

    def const(self, d: i64, value: i64) -> None:
        self.asm.mov_ri(d, value)

    def zero(self, d: i64) -> None:
        self.asm.rr(0x33, W32, d, d)

    def const_float(self, size: i64, d: i64, bits: i64) -> None:
        if bits == 0:
            self.asm.rr(0x0F57, 0, d, d)
        else:
            self.asm.rip(0xF200_0F10 if size == 8 else 0xF300_0F10, 0, d, self.pool(size, bits))

    def load_frame(self, t: i64, d: i64, off: i64) -> None:
        if t == T_F64:
            self.asm.rm(0xF200_0F10, 0, d, RBP, off)
        elif t == T_F32:
            self.asm.rm(0xF300_0F10, 0, d, RBP, off)
        else:
            self.asm.rm(0x8B, W32 if t == T_I32 else W64, d, RBP, off)

    def store_frame(self, t: i64, s: i64, off: i64) -> None:
        self.store_at(t, s, RBP, off)

    def store_stack_arg(self, t: i64, s: i64, off: i64) -> None:
        self.store_at(t, s, RSP, off)

    def load_stack_result(self, t: i64, d: i64, off: i64) -> None:
        self.load_at(t, d, RSP, off)

    def stack_address(self, d: i64, off: i64) -> None:
        self.asm.rm(0x8D, W64, d, RSP, off)

    def store_at(self, t: i64, s: i64, base: i64, off: i64) -> None:
        if t == T_F64:
            self.asm.rm(0xF200_0F11, 0, s, base, off)
        elif t == T_F32:
            self.asm.rm(0xF300_0F11, 0, s, base, off)
        else:
            self.asm.rm(0x89, W32 if t == T_I32 else W64, s, base, off)

    def load_at(self, t: i64, d: i64, base: i64, off: i64) -> None:
        if t == T_F64:
            self.asm.rm(0xF200_0F10, 0, d, base, off)
        elif t == T_F32:
            self.asm.rm(0xF300_0F10, 0, d, base, off)
        else:
            self.asm.rm(0x8B, W32 if t == T_I32 else W64, d, base, off)

    def store_frame_const(self, size: i64, value: i64, off: i64) -> None:
        self.asm.rm(0xC7, size & 8, 0, RBP, off)
        self.asm.imm32(value)

    def float_to_int(self, size: i64, d: i64, s: i64) -> None:
        self.asm.rr(0x6600_0F7E, size & 8, s, d)

    def int_to_float(self, size: i64, d: i64, s: i64) -> None:
        self.asm.rr(0x6600_0F6E, size & 8, d, s)

    # --- integer arithmetic ---------------------------------------------------------------------------------------
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

    # --- comparing ------------------------------------------------------------------------------------------------
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

    def compare_float(self, cond: i64, size: i64, a: i64, b: i64) -> None:
        """ucomis, with a and b exchanged where `a < b` must become "above", which is false for NaN."""
        opcode: i64 = 0x6600_0F2E if size == 8 else 0x0F2E
        if m.F_LT <= cond <= m.F_NLT or m.F_LE <= cond <= m.F_NLE:
            self.asm.rr(opcode, 0, b, a)
        else:
            self.asm.rr(opcode, 0, a, b)

    def set_cond(self, cond: i64, d: i64) -> None:
        asm = self.asm
        if cond == m.F_EQ:
            # Equal and ordered: setnp then clear it unless equal.
            asm.mov_ri(d, 0)
            asm.rr(0x0F9B, W8 if d >= 4 else W32, 0, d)
            skip = asm.new_label()
            asm.jcc(4, skip)
            asm.mov_ri(d, 0)
            asm.bind(skip)
            return
        if cond == m.F_NE:
            asm.mov_ri(d, 0)
            asm.rr(0x0F9A, W8 if d >= 4 else W32, 0, d)
            skip = asm.new_label()
            asm.jcc(4, skip)
            asm.mov_ri(d, 1)
            asm.bind(skip)
            return
        w = W8 if d >= 4 else W32
        asm.rr(0x0F90 | i64(CC[cond]), w, 0, d)
        asm.rr(0x0FB6, w, d, d)

    def branch(self, cond: i64, label: i64) -> None:
        if cond == m.F_EQ:
            skip = self.asm.new_label()
            self.asm.jcc(10, skip)
            self.asm.jcc(4, label)
            self.asm.bind(skip)
        elif cond == m.F_NE:
            self.asm.jcc(10, label)
            self.asm.jcc(5, label)
        else:
            self.asm.jcc(i64(CC[cond]), label)

    def select_int(self, cond: i64, size: i64, d: i64, s: i64) -> None:
        """d = s if cond. For F_EQ and F_NE two conditional moves cannot express "and": a branch does."""
        if cond == m.F_EQ:
            skip = self.asm.new_label()
            self.asm.jcc(10, skip)
            self.asm.rr(0x0F44, size & 8, d, s)
            self.asm.bind(skip)
        elif cond == m.F_NE:
            self.asm.rr(0x0F4A, size & 8, d, s)
            self.asm.rr(0x0F45, size & 8, d, s)
        else:
            self.asm.rr(0x0F40 | i64(CC[cond]), size & 8, d, s)

    # --- floats ---------------------------------------------------------------------------------------------------
    def falu(self, op: i64, size: i64, d: i64, a: i64, b: i64) -> None:
        asm = self.asm
        opcode: i64 = (0xF200_0F00 if size == 8 else 0xF300_0F00) | i64(FALU[op])
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
        self.asm.rm((0xF200_0F00 if size == 8 else 0xF300_0F00) | i64(FALU[op]), 0, d, RBP, off)

    def falu_const(self, op: i64, size: i64, d: i64, a: i64, bits: i64) -> None:
        if d != a:
            self.asm.rr(0x0F28, 0, d, a)
        opcode: i64 = (0xF200_0F00 if size == 8 else 0xF300_0F00) | i64(FALU[op])
        self.asm.rip(opcode, 0, d, self.pool(size, bits))

    def fsqrt(self, size: i64, d: i64, s: i64) -> None:
        self.asm.rr(0xF200_0F51 if size == 8 else 0xF300_0F51, 0, d, s)

    def fround(self, mode: i64, size: i64, d: i64, s: i64) -> None:
        # 8: no precision exception
        self.asm.rr(0x663A_0F0B if size == 8 else 0x663A_0F0A, 0, d, s)
        self.asm.imm8(mode | 8)

    def fmin_max(self, is_max: bool, size: i64, d: i64, a: i64, b: i64) -> None:
        """d is neither a nor b. Equal operands may differ in sign (or: -0 is less), unordered ones add to a NaN."""
        asm = self.asm
        prefix: i64 = 0xF200_0F00 if size == 8 else 0xF300_0F00
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

    def fabs(self, size: i64, d: i64, s: i64) -> None:
        mask: i64 = 0x7FFF_FFFF_FFFF_FFFF if size == 8 else 0x7FFF_FFFF
        if d == s:
            self.const_float(size, XMM15, mask)
            self.asm.rr(0x0F54, 0, d, XMM15)
        else:
            self.const_float(size, d, mask)
            self.asm.rr(0x0F54, 0, d, s)

    def fneg(self, size: i64, d: i64, s: i64) -> None:
        mask: i64 = m.SIGN64 if size == 8 else 0x8000_0000
        if d == s:
            self.const_float(size, XMM15, mask)
            self.asm.rr(0x0F57, 0, d, XMM15)
        else:
            self.const_float(size, d, mask)
            self.asm.rr(0x0F57, 0, d, s)

    def fcopysign(self, size: i64, d: i64, a: i64, b: i64) -> None:
        """d differs from b."""
        mask: i64 = 0x7FFF_FFFF_FFFF_FFFF if size == 8 else 0x7FFF_FFFF
        self.const_float(size, XMM15, mask)
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
        opcode: i64 = 0xF200_0F2A if size == 8 else 0xF300_0F2A
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
        asm.rr((0xF200_0F00 if size == 8 else 0xF300_0F00) | 0x58, 0, d, d)
        asm.bind(done)

    def truncate(self, int_size: i64, size: i64, d: i64, s: i64) -> None:
        """cvttss2si/cvttsd2si: 0x80...0 where the value does not fit."""
        self.asm.rr(0xF200_0F2C if size == 8 else 0xF300_0F2C, int_size & 8, d, s)

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
            self.const_float(size, XMM15, TWO63_F64 if size == 8 else TWO63_F32)
            self.compare_float(m.F_GE, size, s, XMM15)
            asm.jcc(3, big)
            self.truncate(8, size, d, s)
            asm.rr(0x85, W64, d, d)
            asm.jcc(9, done)
            asm.jmp(failed)
            asm.bind(big)
            asm.rr(0x0F28, 0, tmp, s)
            asm.rr((0xF200_0F00 if size == 8 else 0xF300_0F00) | 0x5C, 0, tmp, XMM15)
            self.truncate(8, size, d, tmp)
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
            self.const_float(size, XMM15, TWO63_F64 if size == 8 else TWO63_F32)
            self.compare_float(m.F_GE, size, s, XMM15)
            asm.jcc(3, big)
            self.truncate(8, size, d, s)
            asm.jmp(done)
            asm.bind(big)
            asm.rr(0x0F28, 0, tmp, s)
            asm.rr((0xF200_0F00 if size == 8 else 0xF300_0F00) | 0x5C, 0, tmp, XMM15)
            self.truncate(8, size, d, tmp)
            self.flip_sign(d)
        asm.bind(done)

    # --- linear memory and host structures ------------------------------------------------------------------------
    def load(self, kind: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        if index < 0:
            self.asm.rm(self.load_opcodes[kind], i64(LOAD_WIDTH[kind]), d, base, disp)
        else:
            self.asm.rmx(self.load_opcodes[kind], i64(LOAD_WIDTH[kind]), d, base, index, 0, disp)

    def store(self, kind: i64, s: i64, base: i64, index: i64, disp: i64) -> None:
        """kind: wasm opcode - 0x36: i32 i64 f32 f64, i32 8 16, i64 8 16 32."""
        opcode: i64 = 0x89
        width: i64 = W32
        if kind == 4 or kind == 6:
            opcode = 0x88
            width = W8 if s >= 4 else W32
        elif kind == 1:
            width = W64
        elif kind == 2:
            opcode = 0xF300_0F11
        elif kind == 3:
            opcode = 0xF200_0F11
        elif kind == 5 or kind == 7:
            self.asm.out.append(u8(0x66))
        if index < 0:
            self.asm.rm(opcode, width, s, base, disp)
        else:
            self.asm.rmx(opcode, width, s, base, index, 0, disp)

    def store_const(self, kind: i64, value: i64, base: i64, index: i64, disp: i64) -> None:
        """value: signed 32 bits, sign-extended by an i64 store."""
        opcode: i64 = 0xC7
        if kind == 4 or kind == 6:
            opcode = 0xC6
        elif kind == 5 or kind == 7:
            self.asm.out.append(u8(0x66))
        width = W64 if kind == 1 else W32
        if index < 0:
            self.asm.rm(opcode, width, 0, base, disp)
        else:
            self.asm.rmx(opcode, width, 0, base, index, 0, disp)
        if opcode == 0xC6:
            self.asm.imm8(value)
        elif kind == 5 or kind == 7:
            self.asm.imm16(value)
        else:
            self.asm.imm32(value)

    def load_ptr(self, d: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x8B, W64, d, base, disp)

    def store_ptr(self, s: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x89, W64, s, base, disp)

    def load_u32(self, d: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x8B, W32, d, base, disp)

    def load_element(self, d: i64, base: i64, index: i64) -> None:
        self.asm.rmx(0x8B, W64, d, base, index, 3, 0)

    def store_element(self, s: i64, base: i64, index: i64) -> None:
        self.asm.rmx(0x89, W64, s, base, index, 3, 0)

    def add_address(self, d: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x8D, W64, d, base, disp)

    def frame_address(self, d: i64, off: i64) -> None:
        self.asm.rm(0x8D, W64, d, RBP, off)

    def compare_at(self, size: i64, a: i64, base: i64, disp: i64) -> None:
        self.asm.rm(0x3B, size & 8, a, base, disp)

    def compare_at_const(self, size: i64, base: i64, disp: i64, value: i64) -> None:
        self.asm.alu_mi(7, size & 8, base, disp, value)

    # --- control --------------------------------------------------------------------------------------------------
    def jump(self, label: i64) -> None:
        self.asm.jmp(label)

    def jump_table(self, index: i64, tmp: i64, table: i64) -> None:
        asm = self.asm
        asm.rip(0x8D, W64, tmp, table)
        asm.rmx(0x63, W64, index, tmp, index, 2, 0)
        asm.rr(0x03, W64, tmp, index)
        asm.rr(0xFF, W32, 4, tmp)

    def table_entry(self, table: i64, label: i64) -> None:
        self.asm.imm32(self.asm.label_at[label] - self.asm.label_at[table])

    def call_code(self) -> None:
        self.asm.out.append(u8(0xE8))
        self.asm.imm32(0)

    def call_cell(self) -> None:
        self.asm.out.append(u8(0xFF))
        self.asm.out.append(u8(0x15))
        self.asm.imm32(0)

    def jump_code(self) -> None:
        self.asm.out.append(u8(0xE9))
        self.asm.imm32(0)

    def jump_cell(self) -> None:
        self.asm.out.append(u8(0xFF))
        self.asm.out.append(u8(0x25))
        self.asm.imm32(0)

    def call_at(self, base: i64, disp: i64) -> None:
        self.asm.rm(0xFF, W32, 2, base, disp)

    def jump_at(self, base: i64, disp: i64) -> None:
        self.asm.rm(0xFF, W32, 4, base, disp)

    def jump_reg(self, s: i64) -> None:
        self.asm.rr(0xFF, W32, 4, s)

    def exchange(self, a: i64, b: i64) -> None:
        self.asm.rr(0x87, W64, a, b)

    def adjust_stack(self, size: i64) -> None:
        """rsp -= size (the stack grows by `size` bytes)."""
        if size:
            self.asm.alu_ri(5, W64, RSP, size)

    # --- function frame -------------------------------------------------------------------------------------------
    def prologue(self, limit_check: bool) -> i64:
        asm = self.asm
        asm.push(RBP)
        asm.rr(0x8B, W64, RBP, RSP)
        asm.rr(0x81, W64, 5, RSP)
        field = self.offset()
        asm.imm32(0)
        if limit_check:
            asm.rm(0x3B, W64, RSP, RDI, 0)
        return field

    def set_frame_size(self, field: i64, size: i64) -> None:
        asm = self.asm
        at = self.start + field
        if size:
            asm.patch32(at, size)
            return
        asm.out[at - 3] = u8(0x0F)  # nop dword [rax + 0], seven bytes long
        asm.out[at - 2] = u8(0x1F)
        asm.out[at - 1] = u8(0x80)
        asm.patch32(at, 0)

    def poll_check(self, vmctx: i64) -> None:
        self.asm.rm(0x3B, W64, RSP, vmctx, 0)

    def entry_poll(self, frame_bytes: i64, builtins_offset: i64, poll_offset: i64) -> None:
        asm = self.asm
        asm.rr(0x8B, W64, RAX, RSP)
        asm.rr(0x81, W64, 0, RSP)
        asm.imm32(frame_bytes)
        asm.push(R15)
        asm.push(R15)
        asm.rr(0x8B, W64, R15, RDI)
        asm.rm(0x8B, W64, R11, R15, builtins_offset)  # no argument, and nothing is pinned yet
        asm.rm(0xFF, W32, 2, R11, poll_offset)

    def entry_poll_end(self, frame_bytes: i64, back: i64) -> None:
        asm = self.asm
        asm.pop(R15)
        asm.pop(R15)
        asm.rr(0x81, W64, 5, RSP)
        asm.imm32(frame_bytes)
        asm.jmp(back)

    def loop_poll(self, vmctx: i64, builtins_offset: i64, poll_offset: i64) -> None:
        asm = self.asm
        asm.rr(0x8B, W64, RAX, RSP)
        asm.push(RCX)
        asm.push(R15)
        if vmctx != R15:
            asm.rr(0x8B, W64, R15, vmctx)
        asm.rm(0x8B, W64, RCX, R15, builtins_offset)
        asm.rm(0xFF, W32, 2, RCX, poll_offset)

    def loop_poll_end(self, back: i64) -> None:
        self.asm.pop(R15)
        self.asm.pop(RCX)
        self.asm.jmp(back)

    def mismatch(self, ref: i64, type_offset: i64, null_type: i64, null: i64) -> None:
        self.asm.alu_mi(7, W32, ref, type_offset, null_type)
        self.asm.jcc(4, null)

    def save_all(self) -> None:
        """Push every register that a C function may change; keeps the stack aligned."""
        asm = self.asm
        for reg in CALLER_SAVED:
            asm.push(reg)
        asm.alu_ri(5, W64, RSP, 16 * 8 + 8)
        i: i64 = 0
        while i < 16:
            asm.rm(0xF200_0F11, 0, i, RSP, 8 * i)
            i += 1

    def restore_all(self) -> None:
        asm = self.asm
        i: i64 = 0
        while i < 16:
            asm.rm(0xF200_0F10, 0, i, RSP, 8 * i)
            i += 1
        asm.alu_ri(0, W64, RSP, 16 * 8 + 8)
        for reg in CALLER_SAVED[::-1]:
            asm.pop(reg)

    def tail_frame(self, own_bytes: i64, callee_bytes: i64) -> None:
        """Replace the frame, whose arguments take own_bytes, by the callee's arguments staged at rsp.

        Uses rsi, r10, r11. The staged area lies below its destination: the copy goes downwards.
        """
        asm = self.asm
        shift = own_bytes - callee_bytes
        if shift:
            asm.rm(0x8B, W64, R11, RBP, 8)
            asm.rm(0x8B, W64, RSI, RBP, 0)
        i = callee_bytes
        while i > 0:
            i -= 8
            asm.rm(0x8B, W64, R10, RSP, i)
            asm.rm(0x89, W64, R10, RBP, 16 + shift + i)
        if shift:
            asm.rm(0x8D, W64, RSP, RBP, 8 + shift)
            asm.rm(0x89, W64, R11, RSP, 0)
            asm.rr(0x8B, W64, RBP, RSI)
        else:
            asm.head(0xC9, 0)

    def leave(self) -> None:
        self.asm.head(0xC9, 0)

    def ret(self, pop_bytes: i64) -> None:
        self.asm.ret(pop_bytes)

    def pool_data(self, size: i64, bits: i64) -> None:
        if size == 8:
            self.asm.imm64(bits)
        else:
            self.asm.imm32(bits - 0x1_0000_0000 if bits >= 0x8000_0000 else bits)
