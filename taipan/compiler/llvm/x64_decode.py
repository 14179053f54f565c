"""How long x86-64 instructions are, and which of them call or access memory: enough to find sites in LLVM's code.

LLVM tells where code came from by stretches (`lines.py`); the runtime wants exact addresses: of the instruction that
may fault, and behind each call. Knows all instructions that LLVM generates up to AVX-512; raises ValueError for others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taipan.compiler.llvm.machine import CALL, MEMORY, PLAIN

if TYPE_CHECKING:
    from taipan.compiler.llvm.machine import Decoded

# Of each opcode: what follows it.
MODRM: Final = 0x40
IMM8: Final = 1
IMM16: Final = 2
IMM32: Final = 3  # 16 bits with the operand size prefix
IMM64: Final = 4  # 64 bits with REX.W, else as IMM32
REL32: Final = 5
IMM8_IF_TEST: Final = 6  # F6, F7: only the first two of the group have an immediate
IMM32_IF_TEST: Final = 7
BAD: Final = 0x80


def _one_byte() -> bytes:
    table = [BAD] * 256
    for start in range(0, 0x40, 8):
        table[start : start + 6] = [MODRM, MODRM, MODRM, MODRM, IMM8, IMM32]
    rows = (
        ((*range(0x50, 0x60), *range(0x90, 0x9A), 0x9C, 0x9D, 0xA4, 0xA5, 0xAA, 0xAB, 0xC3, 0xC9, 0xCC, 0xF4, 0xF8), 0),
        ((0x63, *range(0x84, 0x8C), 0x8D, 0x8F, *range(0xD0, 0xD4), *range(0xD8, 0xE0), 0xFE, 0xFF), MODRM),
        ((0x68, 0xA9), IMM32),
        ((0x69, 0x81, 0xC7), MODRM | IMM32),
        ((0x6A, 0xA8, 0xEB, *range(0x70, 0x80), *range(0xB0, 0xB8)), IMM8),
        ((0x6B, 0x80, 0x83, 0xC0, 0xC1, 0xC6), MODRM | IMM8),
        (range(0xB8, 0xC0), IMM64),
        ((0xC2,), IMM16),
        ((0xE8, 0xE9), REL32),
        ((0xF6,), MODRM | IMM8_IF_TEST),
        ((0xF7,), MODRM | IMM32_IF_TEST),
    )
    for opcodes, shape in rows:
        for opcode in opcodes:
            table[opcode] = shape
    return bytes(table)


def _two_byte() -> bytes:
    """After 0F, and in the first map of VEX and EVEX."""
    table = [MODRM] * 256
    for opcode in (0x05, 0x0B, 0x31, 0x77, 0xA2, *range(0xC8, 0xD0)):
        table[opcode] = 0
    for opcode in range(0x80, 0x90):
        table[opcode] = REL32
    for opcode in (*range(0x70, 0x74), 0xA4, 0xAC, 0xBA, 0xC2, 0xC4, 0xC5, 0xC6):
        table[opcode] = MODRM | IMM8
    return bytes(table)


ONE_BYTE: Final = _one_byte()
TWO_BYTE: Final = _two_byte()
PREFIXES: Final = frozenset((0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0xF0, 0xF2, 0xF3))
LEA: Final = 0x8D
STACK_REGISTERS: Final = (4, 5)  # rsp rbp


def instructions(code: bytes, start: int, end: int) -> list[Decoded]:
    """The instructions from `start` to `end`."""
    found = []
    at = start
    while at < end:
        begin = at
        at, kind = _instruction(code, at)
        if at > end:
            raise ValueError(f"an instruction at {begin:#x} goes on behind its function")
        found.append((begin, at, kind))
    return found


def _instruction(code: bytes, at: int) -> tuple[int, int]:
    """Where the instruction at `at` ends, and its kind."""
    narrow = False
    op = code[at]
    while op in PREFIXES:
        narrow = narrow or op == 0x66
        at += 1
        op = code[at]
    rex = 0
    if 0x40 <= op < 0x50:
        rex = op
        at += 1
        op = code[at]
    at += 1
    one_byte = False
    if op == 0x0F:
        op = code[at]
        at += 1
        if op == 0x38 or op == 0x3A:
            shape = MODRM if op == 0x38 else MODRM | IMM8
            at += 1
        else:
            shape = TWO_BYTE[op]
    elif op == 0xC5:
        rex = 0 if code[at] & 0x80 else 4
        op = code[at + 1]
        shape = TWO_BYTE[op]
        at += 2
    elif op == 0xC4 or op == 0x62:
        at, rex, shape = _vector_prefix(code, at, op)
    else:
        one_byte = True
        shape = ONE_BYTE[op]
        if shape == BAD:
            raise ValueError(f"unknown opcode {op:#x} at {at - 1:#x}")
    kind = PLAIN
    immediate = shape & 15
    if shape & MODRM:
        modrm = code[at]
        if one_byte:
            if op == 0xFF and modrm >> 3 & 7 == 2:
                kind = CALL
            elif immediate >= IMM8_IF_TEST:
                immediate = 0 if modrm & 0x30 else IMM8 if immediate == IMM8_IF_TEST else IMM32
        at, in_memory = _modrm(code, at, rex)
        if in_memory and kind == PLAIN and not (one_byte and op == LEA) and (one_byte or op != 0x1F):
            kind = MEMORY
    elif one_byte and op == 0xE8:
        kind = CALL
    if immediate == IMM8:
        at += 1
    elif immediate == IMM32 or immediate == IMM64:
        at += 8 if immediate == IMM64 and rex & 8 else 2 if narrow else 4
    elif immediate == REL32:
        at += 4
    elif immediate == IMM16:
        at += 2
    return at, kind


def _vector_prefix(code: bytes, at: int, op: int) -> tuple[int, int, int]:
    """Behind C4 or 62: (behind the opcode, B and X bits as in REX, shape)."""
    first = code[at]
    rex = (0 if first & 0x20 else 1) | (0 if first & 0x40 else 2)
    opcode_at = at + (2 if op == 0xC4 else 3)
    opcode_map = first & (31 if op == 0xC4 else 7)
    if opcode_map == 1:
        shape = TWO_BYTE[code[opcode_at]]
    elif opcode_map == 2:
        shape = MODRM
    elif opcode_map == 3:
        shape = MODRM | IMM8
    else:
        raise ValueError(f"unknown opcode map {opcode_map} at {at:#x}")
    return opcode_at + 1, rex, shape


def _modrm(code: bytes, at: int, rex: int) -> tuple[int, bool]:
    """Behind the operand, and whether it is in memory other than the stack and constants."""
    modrm = code[at]
    mod = modrm >> 6
    base = modrm & 7
    at += 1
    if mod == 3:
        return at, False
    outside = True
    if base == 4:
        base = code[at] & 7
        at += 1
        if base == 5 and mod == 0:
            return at + 4, True
        outside = rex & 1 != 0 or base not in STACK_REGISTERS
    elif base == 5:
        if mod == 0:
            return at + 4, False
        outside = rex & 1 != 0
    return at + (0, 1, 4)[mod], outside
