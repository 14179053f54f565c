"""AArch64 Linux for the LLVM compiler, which compiles ahead of time for it (`machine.py`).

`tailcc` is LLVM's name for what `abi/calls.py` says: C's registers, and callees that take their stack arguments away.

Data lies behind the code in the function's own piece, so what LLVM reaches in two steps, page and offset in the page,
is reached in one: `adrp x, page` becomes `adr x, data`, and the offsets become 0. Source: ELF for the Arm 64-bit
Architecture, "Relocation"; Arm Architecture Reference Manual, C4.1, for what the bits of instructions say.
"""

from __future__ import annotations

from struct import iter_unpack, pack_into, unpack_from
from typing import TYPE_CHECKING, Final

from taipan.compiler import image
from taipan.compiler.llvm.machine import CALL, MEMORY, PLAIN
from taipan.errors import InternalError

if TYPE_CHECKING:
    from taipan.compiler.environ import FlatLayout
    from taipan.compiler.llvm.elf import Relocation
    from taipan.compiler.llvm.emit_call import Calls
    from taipan.compiler.llvm.machine import Decoded
    from taipan.compiler.llvm.values import Value

TRIPLE: Final = "aarch64-unknown-linux-gnu"
BRANCHES: Final = image.AARCH64
FLAGS: Final[frozenset[str]] = frozenset()

STACK_POINTER: Final = "sp"
FRAME_POINTER: Final = 29
CONVENTION: Final = "tailcc "
POPS_BY_HAND: Final = False

# The helper is given the context in x0 and the address in x1, and keeps x9-x15, x19-x29 and v8-v31.
POLL: Final = "notail call preserve_allcc void {code}(ptr %vm, i64 {pointer}) #2"

TEARS_STORES: Final = True  # unless it is aligned: Arm Architecture Reference Manual, B2.2.1

FILLER: Final = b"\0"
DATA_ALIGN: Final = 16
R_AARCH64_ABS64: Final = 257
R_AARCH64_PREL32: Final = 261
R_AARCH64_ADR_PREL_PG_HI21: Final = 275
R_AARCH64_ADD_ABS_LO12_NC: Final = 277
R_AARCH64_LDST8_ABS_LO12_NC: Final = 278
R_AARCH64_JUMP26: Final = 282
R_AARCH64_CALL26: Final = 283
R_AARCH64_LDST16_ABS_LO12_NC: Final = 284
R_AARCH64_LDST32_ABS_LO12_NC: Final = 285
R_AARCH64_LDST64_ABS_LO12_NC: Final = 286
R_AARCH64_LDST128_ABS_LO12_NC: Final = 299
OFFSETS_IN_PAGE: Final = (
    R_AARCH64_ADD_ABS_LO12_NC,
    R_AARCH64_LDST8_ABS_LO12_NC,
    R_AARCH64_LDST16_ABS_LO12_NC,
    R_AARCH64_LDST32_ABS_LO12_NC,
    R_AARCH64_LDST64_ABS_LO12_NC,
    R_AARCH64_LDST128_ABS_LO12_NC,
)

ABSOLUTE: Final = R_AARCH64_ABS64
CALLS: Final = (R_AARCH64_CALL26, R_AARCH64_JUMP26)
REFERENCES: Final = (R_AARCH64_ADR_PREL_PG_HI21, *OFFSETS_IN_PAGE)
DISTANCE: Final = R_AARCH64_PREL32

ADR: Final = 0x1000_0000
ADRP: Final = 0x9000_0000
ADR_MASK: Final = 0x9F00_0000
ADR_REACH: Final = 1 << 20
PAGE_OFFSET_MASK: Final = 0xFFF << 10

BL: Final = 0x9400_0000
BL_MASK: Final = 0xFC00_0000
BLR: Final = 0xD63F_0000
BLR_MASK: Final = 0xFFFF_FC1F
LOAD_STORE: Final = 0x0800_0000
LOAD_STORE_MASK: Final = 0x0A00_0000
LITERAL: Final = 0x1800_0000
LITERAL_MASK: Final = 0x3B00_0000
ENCODED: Final = 0x1800_0000
"""Bits of which every instruction up to Armv8.0 has one; words without are undefined, or of extensions."""
STACK_REGISTERS: Final = (29, 31)

SUB_SP: Final = 0xD100_03FF  # sub sp, sp, #immediate
SUB_SP_MASK: Final = 0xFF80_03FF
SUB_SP_REGISTER: Final = 0xCB20_63FF  # sub sp, sp, a register: more than immediates can say
SUB_SP_REGISTER_MASK: Final = 0xFFE0_E3FF
LARGEST_FRAME: Final = 1 << 32
PROLOGUE_INSTRUCTIONS: Final = 40  # it saves up to 18 registers in pairs, and copies arguments meanwhile


def cpu_name(flags: frozenset[str]) -> str:
    """Every processor has what is needed, Armv8.0."""
    return "generic"


def instructions(code: bytes, start: int, end: int) -> list[Decoded]:
    found = []
    for at, (word,) in zip(range(start, end, 4), iter_unpack("<I", code[start:end]), strict=True):
        kind = PLAIN
        if not word & ENCODED:
            raise ValueError(f"unknown instruction {word:#010x} at {at:#x}")
        if word & BL_MASK == BL or word & BLR_MASK == BLR:
            kind = CALL
        elif (
            word & LOAD_STORE_MASK == LOAD_STORE
            and word & LITERAL_MASK != LITERAL
            and word >> 5 & 31 not in STACK_REGISTERS
        ):
            kind = MEMORY
        found.append((at, at + 4, kind))
    return found


def frame_bytes(code: bytes, decoded: list[Decoded]) -> int:
    total = 0
    for at, _, _ in decoded[:PROLOGUE_INSTRUCTIONS]:
        (word,) = unpack_from("<I", code, at)
        if word & SUB_SP_MASK == SUB_SP:
            total += (word >> 10 & 0xFFF) << (12 if word & 1 << 22 else 0)
        elif word & SUB_SP_REGISTER_MASK == SUB_SP_REGISTER:
            return LARGEST_FRAME
    return total


def addend(r: Relocation, past_field: int) -> int:
    return r.addend


def patch(piece: bytearray, field: int, kind: int, past_field: int, target: int) -> None:
    (word,) = unpack_from("<I", piece, field)
    if kind in OFFSETS_IN_PAGE:
        word &= ~PAGE_OFFSET_MASK
    else:
        distance = target - field
        if word & ADR_MASK != ADRP or not -ADR_REACH <= distance < ADR_REACH:
            raise ValueError("its data is too far away")
        word = ADR | word & 31 | (distance & 3) << 29 | (distance >> 2 & 0x7_FFFF) << 5
    pack_into("<I", piece, field, word)


def stub(name: str) -> bytes:
    raise InternalError(f"bug: {name} is not used for AArch64")


def call_with_stack(
    calls: Calls, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value], site: str
) -> str:
    raise InternalError("bug: LLVM itself makes calls with stack arguments for AArch64")
