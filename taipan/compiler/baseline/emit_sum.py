"""Additions and small shifts that become one instruction: base + (index << shift) + displacement.

Addresses of array elements are such sums, written by wasm as up to four instructions. When one adds to what the
instruction emitted directly before has computed, or shifts it, that instruction's code is taken back and the sum of
both is emitted in its place. Nothing else sees the operand in between: it was in a scratch register, and is consumed.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.compiler.baseline.emit_fuse import Fused
from taipan.compiler.baseline.masm import Masm
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import fits32, signed32
from taipan.compiler.environ import ModuleEnv

NO_REG: Final = -1

MAX_SHIFT: Final = 3

GOES_ON: Final = bytes(op in (0x20, 0x41, 0x42, 0x6A, 0x7C) for op in range(256))
"""Whether an opcode can be next where a sum goes on: local.get, a constant, an addition."""


class Sums(Fused):
    """The sum emitted last, of `sum_size` bytes in register `sum_reg`: its code is that from `sum_start` to `sum_end`.

    Its parts are registers as they were before; `sum_base` or `sum_index` may be NO_REG.  before_*: another sum of one
    register and a displacement, whose code ends where this one's begins.
    """

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.sum_start: i64 = 0
        self.sum_size: i64 = 0
        self.sum_reg: i64 = 0
        self.sum_base: i64 = 0
        self.sum_index: i64 = 0
        self.sum_shift: i64 = 0
        self.sum_disp: i64 = 0
        self.before_start: i64 = -1
        self.before_reg: i64 = 0
        self.before_base: i64 = 0
        self.before_disp: i64 = 0

    def note_sum(self, start: i64, size: i64, d: i64, base: i64, index: i64, shift: i64, disp: i64) -> None:
        """The code from `start` to here made d = base + (index << shift) + disp. Needed only where a sum GOES_ON."""
        if start == self.sum_end and self.sum_index == NO_REG and self.sum_size == size:
            self.before_start = self.sum_start
            self.before_reg = self.sum_reg
            self.before_base = self.sum_base
            self.before_disp = self.sum_disp
        else:
            self.before_start = -1
        self.sum_start = start
        self.sum_end = self.masm.offset()
        self.sum_size = size
        self.sum_reg = d
        self.sum_base = base
        self.sum_index = index
        self.sum_shift = shift
        self.sum_disp = disp

    def is_sum(self, size: i64, a: i64) -> bool:
        """Whether operand register `a`, just popped, is what the last code computed, and nothing else reads it."""
        return (
            self.sum_reg == a
            and self.sum_size == size
            and self.sum_end == self.masm.offset()
            and self.scratch_ints & BIT[a] != 0
        )

    def replace_sum(self, start: i64, d: i64, base: i64, index: i64, shift: i64, disp: i64) -> None:
        """Emit a sum instead of the code from `start` on."""
        size = self.sum_size
        self.cut_code(start)
        self.masm.sum(size, d, base, index, shift, disp)
        self.note_sum(start, size, d, base, index, shift, disp)

    def displaced(self, disp: i64, value: i64, size: i64) -> i64:
        """The sum of two displacements, as 32 signed bits: exact for i32, where all is modulo 2^32."""
        return signed32((disp + value) & 0xFFFF_FFFF) if size == 4 else disp + value

    def add_const_to_sum(self, size: i64, d: i64, a: i64, value: i64) -> bool:
        """d = a + value, if `a` is a sum; else False."""
        if not self.is_sum(size, a):
            return False
        disp = self.displaced(self.sum_disp, value, size)
        if not fits32(disp):
            return False
        self.replace_sum(self.sum_start, d, self.sum_base, self.sum_index, self.sum_shift, disp)
        return True

    def shift_sum(self, size: i64, d: i64, a: i64, count: i64) -> bool:
        """d = a << count, if `a` is a sum of one register; else False."""
        if not self.is_sum(size, a):
            return False
        index = self.sum_index
        shift = self.sum_shift + count
        if index == NO_REG:
            index = self.sum_base
            shift = count
        elif self.sum_base != NO_REG:
            return False
        disp = self.displaced(self.sum_disp * BIT[count], 0, size)
        if shift > MAX_SHIFT or not fits32(disp):
            return False
        self.replace_sum(self.sum_start, d, NO_REG, index, shift, disp)
        return True

    def add_to_sum(self, size: i64, d: i64, a: i64, b: i64) -> bool:
        """d = a + b, if one of them is a sum with room for the other; else False."""
        if a == b:
            return False
        other = a
        if not self.is_sum(size, b):
            other = b
            if not self.is_sum(size, a):
                return False
        start = self.sum_start
        disp = self.sum_disp
        if self.sum_index != NO_REG and self.sum_base != NO_REG:
            return False
        if self.before_start >= 0 and self.before_reg == other and self.scratch_ints & BIT[other]:
            sum_of_both = self.displaced(disp, self.before_disp, size)
            if fits32(sum_of_both):
                # The other operand is the sum before this one: that goes, too.
                disp = sum_of_both
                other = self.before_base
                start = self.before_start
        if self.sum_index == NO_REG:
            self.replace_sum(start, d, other, self.sum_base, 0, disp)
        else:
            self.replace_sum(start, d, other, self.sum_index, self.sum_shift, disp)
        return True
