"""Moves between registers, frame, stack and memory."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64, u8

from taipan.compiler.baseline import masm as m
from taipan.compiler.baseline.masm import Masm
from taipan.compiler.baseline.x64.assembler import W8, W32, W64, Assembler
from taipan.compiler.baseline.x64.registers import PLAN, RBP, RSP
from taipan.compiler.environ import T_F32, T_F64, T_I32

# memory access -> opcode and whether REX.W goes with it: loads in the order of the wasm opcodes 0x28...
LOAD: Final = (
    0x8B, 0x8B, 0xF300_0F10, 0xF200_0F10,
    0x0FBE, 0x0FB6, 0x0FBF, 0x0FB7,
    0x0FBE, 0x0FB6, 0x0FBF, 0x0FB7, 0x63, 0x8B,
)  # fmt: skip
LOAD_WIDTH: Final = bytes([0, 8, 0, 0, 0, 0, 0, 0, 8, 0, 8, 0, 8, 0])


class X64Moves(Masm):
    """cpu_flags: names as in /proc/cpuinfo."""

    def __init__(self, cpu_flags: frozenset[str]) -> None:
        super().__init__(PLAN)
        self.asm: Final = Assembler()
        self.has_lzcnt: Final = "abm" in cpu_flags or "lzcnt" in cpu_flags
        self.has_bmi1: Final = "bmi1" in cpu_flags
        self.has_bmi2: Final = "bmi2" in cpu_flags
        self.start: i64 = 0
        self.load_opcodes: Final = m.to_vec(LOAD)

    # --- moves --------------------------------------------------------------------------------------------------------
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

    # --- linear memory and host structures ----------------------------------------------------------------------------
    def load(self, kind: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        if index < 0:
            self.asm.rm(self.load_opcodes[kind], i64(LOAD_WIDTH[kind]), d, base, disp)
        else:
            self.asm.rmx(self.load_opcodes[kind], i64(LOAD_WIDTH[kind]), d, base, index, 0, disp)

    def access(self, opcode: i64, width: i64, reg: i64, base: i64, index: i64, disp: i64) -> None:
        """An instruction with the memory operand [base + index + disp]; index may be -1."""
        if index < 0:
            self.asm.rm(opcode, width, reg, base, disp)
        else:
            self.asm.rmx(opcode, width, reg, base, index, 0, disp)

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
