"""The x86-64 register plan. Numbers are the hardware's; see `baseline/registers.py` for what each field means.

rsp rbp   stack and frame;  xmm15 belongs to the macro assembler
scratch   rax rcx rdx rsi, with calls also rdi;  xmm0-7 xmm14
with calls:     r15 vmctx, r14 memory 0, pinned rbx r12 r13 (callee-saved), r10 r11 r9 r8, xmm8-13 (spilled at calls)
without calls:  rdi vmctx, r11 memory 0, pinned r10 r9 r8, then rbx r12-r15;  xmm8-13, then xmm7-4
metered   r10 is no pin but fuel
"""

from __future__ import annotations

from typing import Final

from taipan.compiler.baseline.registers import RegisterPlan

RAX: Final = 0
RCX: Final = 1
RDX: Final = 2
RBX: Final = 3
RSP: Final = 4
RBP: Final = 5
RSI: Final = 6
RDI: Final = 7
R8: Final = 8
R9: Final = 9
R10: Final = 10
R11: Final = 11
R12: Final = 12
R13: Final = 13
R14: Final = 14
R15: Final = 15
XMM14: Final = 14
XMM15: Final = 15

PLAN: Final = RegisterPlan(
    scratch_ints=(RAX, RCX, RDX, RSI, RDI, R8, R9),
    scratch_floats=(0, 1, 2, 3, 4, 5, 6, 7, XMM14),
    callee_saved=(RBX, R12, R13, R14, R15),
    saved_pins=(RBX, R12, R13),
    lost_pins=(R10, R11, R9, R8),
    leaf_pins=(R10, R9, R8, RBX, R12, R13, R14, R15),
    float_pins=(8, 9, 10, 11, 12, 13),
    leaf_float_pins=(8, 9, 10, 11, 12, 13, 7, 6, 5, 4),
    int_args=(RDX, RCX, R8, R9, RSI),
    helper_args=(RSI, RDX, RCX, R8, R9),
    callee_vmctx=RDI,
    caller_vmctx=RSI,
    vmctx=R15,
    frame=RBP,
    float_temp=XMM15,
    memory_base=R14,
    leaf_vmctx=RDI,
    leaf_memory_base=R11,
    int_results=(RAX, RDX, RCX),
    fuel=R10,
    shift_count=RCX,
    div_low=RAX,
    div_high=RDX,
)
