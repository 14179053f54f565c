"""The macro assembler for x86-64 (System V). See `baseline/masm.py` for what each operation means.

Needs x86-64-v2 (SSE4.1, popcnt); uses lzcnt/tzcnt (BMI1) and shlx/shrx/sarx/rorx (BMI2) where the CPU flags name them.
rbp is the frame register; xmm15 and, in cold code, pushed registers are the only temporaries taken here. The class is
built up in layers: moves.py, integer.py, float.py; here are labels, conditions, control and the frame.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64, u8

from taipan.compiler.baseline import masm as m
from taipan.compiler.baseline.x64.assembler import W8, W32, W64
from taipan.compiler.baseline.x64.float import X64Float
from taipan.compiler.baseline.x64.registers import R8, R9, R10, R11, R15, RAX, RBP, RCX, RDI, RDX, RSI, RSP

# condition -> four bits of jcc, setcc, cmovcc. After ucomis, "below" is carry: see `compare_float`.
CC: Final = bytes([4, 5, 12, 13, 2, 3, 15, 14, 7, 6, 0, 0, 7, 6, 7, 6, 3, 2, 3, 2, 10, 11, 0, 1, 8, 9])
FUNCTION_ALIGNMENT: Final = 16
CALLER_SAVED: Final = [RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11]


@final
class X64Masm(X64Float):
    """cpu_flags: names as in /proc/cpuinfo."""

    # --- code and labels ----------------------------------------------------------------------------------------------
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

    def cut(self, start: i64) -> None:
        """Take back the code from an offset on. No label is bound there, nothing is recorded of it."""
        self.asm.out.truncate(self.start + start)

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

    # --- conditions ---------------------------------------------------------------------------------------------------
    def set_cond(self, cond: i64, d: i64) -> None:
        asm = self.asm
        w: i64 = W8 if d >= 4 else W32
        if cond == m.F_EQ or cond == m.F_NE:
            # NaN is unequal, and sets the zero flag: setnp or setp, and what "unequal" means unless that flag is set.
            unequal = cond - m.F_EQ
            asm.mov_ri(d, 0)
            asm.rr(0x0F9B - unequal, w, 0, d)
            skip = asm.new_label()
            asm.jcc(4, skip)
            asm.mov_ri(d, unequal)
            asm.bind(skip)
            return
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

    # --- control ------------------------------------------------------------------------------------------------------
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

    # --- function frame -----------------------------------------------------------------------------------------------
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

    def loop_poll_return(self) -> None:
        self.asm.pop(R15)
        self.asm.pop(RCX)

    def loop_poll_end(self, back: i64) -> None:
        self.loop_poll_return()
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
