"""Operands worth trying: the edges of every type."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

INTS = [0, 1, -1, 2, 3, 7, 8, 10, 31, 32, 33, 63, 64, 100, 127, 128, 255, 256, -2, -8, -128, 65535, 65536, 1000003]
BULK_EDGES = [0, 1, 2, 0x7FFE, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x10001, 0x1FFFF, 0x20000, 0x7FFFFFFF, 0x80000000]
BULK_EDGES += [0xFFFF0000, 0xFFFFFFFE, 0xFFFFFFFF]
"""Addresses, sizes and counts around the ends of memories, pages and numbers."""

F32_BITS = [
    *(0x00000000, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x7FA00000),
    *(0x00000001, 0x80000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x4F000000, 0xCF000000, 0x4EFFFFFF),
    *(0x4F800000, 0x4F7FFFFF, 0x5F000000, 0xDF000000, 0x5F800000, 0x5F7FFFFF, 0x3F000000, 0x3FC00000, 0x40200000),
    *(0xBF000000, 0xBF7FFFFF, 0x4B000001, 0x4A7FFFFF, 0x40490FDB, 0x33800000, 0xFFA00001, 0x42C80000),
]
F64_BITS = [
    *(0x0000000000000000, 0x8000000000000000, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000),
    *(0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000, 0x7FF4000000000000, 0x0000000000000001),
    *(0x8000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF),
    *(0x41E0000000000000, 0xC1E0000000000000, 0xC1E0000000200000, 0x41DFFFFFFFC00000, 0x41EFFFFFFFE00000),
    *(0x41F0000000000000, 0x43E0000000000000, 0xC3E0000000000000, 0x43F0000000000000, 0x43EFFFFFFFFFFFFF),
    *(0x3FE0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0xBFE0000000000000, 0xBFEFFFFFFFFFFFFF),
    *(0x4330000000000001, 0x432FFFFFFFFFFFFF, 0x400921FB54442D18, 0x47EFFFFFE0000000, 0x36A0000000000000),
    *(0x380FFFFFFFFFFFFF, 0x47EFFFFFF0000000, 0x3690000000000000),
]


def integer(source: random.Random, bits: int) -> int:
    """Signed, `bits` wide."""
    kind = source.random()
    if kind < 0.45:
        value = source.choice(INTS)
    elif kind < 0.75:
        value = (1 << source.randrange(bits)) + source.choice([-1, 0, 0, 1])
        value = -value if source.random() < 0.3 else value
    else:
        value = source.getrandbits(source.randint(1, bits))
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def float_bits(source: random.Random, bits: int) -> int:
    if source.random() < 0.7:
        return source.choice(F32_BITS if bits == 32 else F64_BITS)
    if source.random() < 0.5:
        number = float(source.randint(-1000, 1000)) / source.choice([1, 2, 10])
        return int.from_bytes(struct.pack("<f" if bits == 32 else "<d", number), "little")
    return source.getrandbits(bits)


def argument(source: random.Random, t: str) -> Any:
    """A Python value to pass; NaNs are all the same one, since their bits may change on the way."""
    if t in ("i32", "i64"):
        return integer(source, int(t[1:]))
    if t in ("f32", "f64"):
        bits = float_bits(source, int(t[1:]))
        data = bits.to_bytes(int(t[1:]) // 8, "little")
        number: float = struct.unpack("<f" if t == "f32" else "<d", data)[0]
        return math.nan if math.isnan(number) else number
    if t == "externref":
        return source.choice([None, "a", "b", "b", 7, (1, 2)])
    return None
