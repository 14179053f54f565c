"""x86-64 instruction bytes: every encoding the baseline compiler uses, and labels.

An *opcode* is one integer: `prefix << 24 | escape << 16 | 0x0F? << 8 | byte`, so that `0xF2_00_0F_58` is `addsd` and
`0x03` is `add r, r/m`. A *width* is the REX bits an operand size needs: W32, W64, or W8 for byte registers (a bare REX
makes numbers 4 to 7 mean spl bpl sil dil). Registers are their hardware numbers.

Labels: `label_at[n]` is the label's offset once bound. Until then it is `FIRST_FIELD - f`, where f is the offset of
the last rel32 field that wants the label. That field holds the distance to the one before it, or 0: the fix-ups form a
chain through the code.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter, write_i16_le, write_i32_le, write_i64_le
from librt.vecs import append, vec
from mypy_extensions import i16, i32, i64, u8

W32: Final = 0
W64: Final = 8
W8: Final = 0x40

UNUSED: Final = -1
"""`label_at` of a label that is neither bound nor wanted."""
WANTED: Final = -2
"""`label_at` of a label that only a jump table wants."""
FIRST_FIELD: Final = -3


@final
class Assembler:
    """Appends instructions to `out`; offsets count from the beginning of `out`."""

    def __init__(self) -> None:
        self.out: Final = BytesWriter()
        self.label_at: vec[i64] = vec[i64]([UNUSED] * 64)
        self.num_labels: i64 = 0

    # --- labels ---------------------------------------------------------------------------------------------------
    def new_label(self) -> i64:
        n = self.num_labels
        if n >= len(self.label_at):
            self.label_at = append(self.label_at, UNUSED)
        else:
            self.label_at[n] = UNUSED
        self.num_labels = n + 1
        return n

    def is_wanted(self, label: i64) -> bool:
        """Whether a jump to the unbound `label` was emitted."""
        return self.label_at[label] != UNUSED

    def want(self, label: i64) -> None:
        """Say that an address of `label` will be needed although no jump to it is emitted."""
        if self.label_at[label] == UNUSED:
            self.label_at[label] = WANTED

    def bind(self, label: i64) -> None:
        """Let `label` be here, and every earlier jump to it jump here."""
        out = self.out
        here: i64 = len(out)
        at = FIRST_FIELD - self.label_at[label]
        self.label_at[label] = here
        while at >= 0:
            link = i64(out[at]) | (i64(out[at + 1]) << 8)
            if out[at + 2] or out[at + 3]:
                link |= (i64(out[at + 2]) << 16) | (i64(out[at + 3]) << 24)
            distance = here - at - 4
            out[at] = u8(distance & 0xFF)
            out[at + 1] = u8((distance >> 8) & 0xFF)
            if distance > 0xFFFF or link > 0xFFFF:
                out[at + 2] = u8((distance >> 16) & 0xFF)
                out[at + 3] = u8((distance >> 24) & 0xFF)
            if link == 0:
                return
            at -= link

    def patch32(self, at: i64, value: i64) -> None:
        """Overwrite the 32-bit field at offset `at`; value: signed or unsigned 32 bits."""
        out = self.out
        out[at] = u8(value & 0xFF)
        out[at + 1] = u8((value >> 8) & 0xFF)
        out[at + 2] = u8((value >> 16) & 0xFF)
        out[at + 3] = u8((value >> 24) & 0xFF)

    def rel32(self, label: i64) -> None:
        """A 32-bit field with the distance from its end to `label`."""
        at = self.label_at[label]
        here: i64 = len(self.out)
        if at >= 0:
            write_i32_le(self.out, i32(at - here - 4))
            return
        previous = FIRST_FIELD - at
        if previous >= 0:
            write_i32_le(self.out, i32(here - previous))
        else:
            write_i32_le(self.out, 0)
        self.label_at[label] = FIRST_FIELD - here

    def jmp(self, label: i64) -> None:
        at = self.label_at[label]
        if at >= 0:
            distance = at - i64(len(self.out)) - 2
            if distance >= -128:
                self.out.append(u8(0xEB))
                self.out.append(u8(distance & 0xFF))
                return
        self.out.append(u8(0xE9))
        self.rel32(label)

    def jcc(self, cc: i64, label: i64) -> None:
        """cc: the condition's four bits, as in the opcode."""
        at = self.label_at[label]
        if at >= 0:
            distance = at - i64(len(self.out)) - 2
            if distance >= -128:
                self.out.append(u8(0x70 | cc))
                self.out.append(u8(distance & 0xFF))
                return
        write_i16_le(self.out, i16((0x0F | ((0x80 | cc) << 8)) - 0x1_0000))
        self.rel32(label)

    # --- operands -------------------------------------------------------------------------------------------------
    def head(self, opcode: i64, rex: i64) -> None:
        """Prefix, REX and opcode bytes. rex: its low four bits, 0x40 to force one."""
        out = self.out
        if opcode < 0x100:
            if rex:
                out.append(u8(0x40 | rex))
            out.append(u8(opcode))
            return
        if opcode >= 0x100_0000:
            out.append(u8(opcode >> 24))
        if rex:
            out.append(u8(0x40 | rex))
        if opcode & 0xFF00:
            out.append(u8(0x0F))
        if opcode & 0xFF_0000:
            out.append(u8((opcode >> 16) & 0xFF))
        out.append(u8(opcode & 0xFF))

    def rr(self, opcode: i64, width: i64, reg: i64, rm: i64) -> None:
        """Register operands; `reg` may also be an opcode extension."""
        out = self.out
        rex = width | ((reg >> 3) << 2) | (rm >> 3)
        modrm = 0xC0 | ((reg & 7) << 3) | (rm & 7)
        if opcode < 0x100:
            if rex:
                out.append(u8(0x40 | rex))
            # Both bytes at once; the upper one makes the 16-bit number negative.
            write_i16_le(out, i16((opcode | (modrm << 8)) - 0x1_0000))
            return
        self.head(opcode, rex)
        out.append(u8(modrm))

    def rm(self, opcode: i64, width: i64, reg: i64, base: i64, disp: i64) -> None:
        """Memory operand [base + disp]; disp: signed 32 bits."""
        out = self.out
        low = base & 7
        rex = width | ((reg >> 3) << 2) | (base >> 3)
        modrm = ((reg & 7) << 3) | low
        if -128 <= disp <= 127 and opcode < 0x100 and low != 4 and (disp or low == 5):
            # By far the most frequent form, in as few writes as possible.
            if rex:
                write_i32_le(out, i32((disp << 24) | ((0x40 | modrm) << 16) | (opcode << 8) | 0x40 | rex))
            else:
                write_i16_le(out, i16(((0x40 | modrm) << 8) | opcode))
                out.append(u8(disp & 0xFF))
            return
        self.rm_general(opcode, rex, modrm, disp)

    def rm_general(self, opcode: i64, rex: i64, modrm: i64, disp: i64) -> None:
        """`rm` in all its forms. modrm: without its mod bits."""
        out = self.out
        low = modrm & 7
        self.head(opcode, rex)
        if disp == 0 and low != 5:  # rbp and r13 have no form without displacement
            out.append(u8(modrm))
            if low == 4:  # rsp and r12 need a SIB byte
                out.append(u8(0x24))
        elif -128 <= disp <= 127:
            out.append(u8(0x40 | modrm))
            if low == 4:
                out.append(u8(0x24))
            out.append(u8(disp & 0xFF))
        else:
            out.append(u8(0x80 | modrm))
            if low == 4:
                out.append(u8(0x24))
            write_i32_le(out, i32(disp))

    def rmx(self, opcode: i64, width: i64, reg: i64, base: i64, index: i64, shift: i64, disp: i64) -> None:
        """Memory operand [base + (index << shift) + disp]; index is not rsp."""
        out = self.out
        rex = width | ((reg >> 3) << 2) | ((index >> 3) << 1) | (base >> 3)
        modrm = ((reg & 7) << 3) | 4
        sib = (shift << 6) | ((index & 7) << 3) | (base & 7)
        if disp == 0 and base & 7 != 5:
            mod: i64 = 0
        elif -128 <= disp <= 127:
            mod = 0x40
        else:
            mod = 0x80
        if opcode < 0x100 and rex and shift < 2:
            write_i32_le(out, i32((sib << 24) | ((mod | modrm) << 16) | (opcode << 8) | 0x40 | rex))
        else:
            self.head(opcode, rex)
            out.append(u8(mod | modrm))
            out.append(u8(sib))
        if mod == 0x40:
            out.append(u8(disp & 0xFF))
        elif mod == 0x80:
            write_i32_le(out, i32(disp))

    def rmi(self, opcode: i64, width: i64, reg: i64, index: i64, shift: i64, disp: i64) -> None:
        """Memory operand [(index << shift) + disp] without a base; index is not rsp."""
        self.head(opcode, width | ((reg >> 3) << 2) | ((index >> 3) << 1))
        self.out.append(u8(((reg & 7) << 3) | 4))
        self.out.append(u8((shift << 6) | ((index & 7) << 3) | 5))
        write_i32_le(self.out, i32(disp))

    def rip(self, opcode: i64, width: i64, reg: i64, label: i64) -> None:
        """Memory operand [rip + distance to label]; no immediate may follow."""
        self.head(opcode, width | ((reg >> 3) << 2))
        self.out.append(u8(((reg & 7) << 3) | 5))
        self.rel32(label)

    def imm8(self, value: i64) -> None:
        self.out.append(u8(value & 0xFF))

    def imm16(self, value: i64) -> None:
        self.out.append(u8(value & 0xFF))
        self.out.append(u8((value >> 8) & 0xFF))

    def imm32(self, value: i64) -> None:
        """value: signed 32 bits."""
        write_i32_le(self.out, i32(value))

    def imm64(self, value: i64) -> None:
        """value: signed 64 bits."""
        write_i64_le(self.out, value)

    # --- instructions with a shape of their own -------------------------------------------------------------------
    def alu_ri(self, extension: i64, width: i64, rm: i64, value: i64) -> None:
        """add or adc sbb and sub xor cmp (extension 0 to 7) with an immediate; value: signed 32 bits."""
        if -128 <= value <= 127:
            self.rr(0x83, width, extension, rm)
            self.imm8(value)
        else:
            self.rr(0x81, width, extension, rm)
            write_i32_le(self.out, i32(value))

    def alu_mi(self, extension: i64, width: i64, base: i64, disp: i64, value: i64) -> None:
        if -128 <= value <= 127:
            self.rm(0x83, width, extension, base, disp)
            self.imm8(value)
        else:
            self.rm(0x81, width, extension, base, disp)
            write_i32_le(self.out, i32(value))

    def mov_ri(self, reg: i64, value: i64) -> None:
        """The shortest move of a signed 64-bit constant that leaves the flags alone."""
        if 0 <= value <= 0xFFFF_FFFF:
            self.head(0xB8 | (reg & 7), reg >> 3)
            write_i32_le(self.out, i32(value - 0x1_0000_0000 if value >= 0x8000_0000 else value))
        elif -0x8000_0000 <= value < 0:
            self.rr(0xC7, W64, 0, reg)
            write_i32_le(self.out, i32(value))
        else:
            self.head(0xB8 | (reg & 7), W64 | (reg >> 3))
            write_i64_le(self.out, value)

    def push(self, reg: i64) -> None:
        self.head(0x50 | (reg & 7), reg >> 3)

    def pop(self, reg: i64) -> None:
        self.head(0x58 | (reg & 7), reg >> 3)

    def ret(self, pop_bytes: i64) -> None:
        if pop_bytes:
            self.out.append(u8(0xC2))
            self.imm16(pop_bytes)
        else:
            self.out.append(u8(0xC3))

    def align(self, alignment: i64) -> None:
        """Multi-byte nops up to a multiple of `alignment`, a power of two up to 16."""
        rest = -i64(len(self.out)) & (alignment - 1)
        out = self.out
        while rest >= 8:
            write_i32_le(out, 0x00841F0F)  # nop dword [rax + rax + 0], with 4 bytes for the 0
            write_i32_le(out, 0)
            rest -= 8
        if rest >= 4:
            write_i32_le(out, 0x00401F0F)  # nop dword [rax + 0]
            rest -= 4
        if rest == 3:
            out.append(u8(0x0F))
            out.append(u8(0x1F))
            out.append(u8(0x00))
        elif rest == 2:
            out.append(u8(0x66))
            out.append(u8(0x90))
        elif rest == 1:
            out.append(u8(0x90))
