"""Flat arrays for the runtime: a program may have 100,000 functions or data segments."""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter, write_i32_le, write_i64_le
from mypy_extensions import i32, i64

from taipan.wasm.cursor import Cursor
from taipan.wasm.module import ACTIVE, Module

I32_CONST: Final = 0x41
I64_CONST: Final = 0x42


def data_ranges(module: Module) -> bytes:
    """Array of u32 pairs: where each data segment starts and ends in `code`."""
    out = BytesWriter()
    for segment in module.datas:
        write_i32_le(out, i32(segment.start))
        write_i32_le(out, i32(segment.end))
    return out.getvalue()


def u32_array(values: list[int]) -> bytes:
    """Little-endian; values below 2^32."""
    out = BytesWriter()
    for value in values:
        number: i64 = value
        write_i32_le(out, i32(number - ((number & 0x8000_0000) << 1)))
    return out.getvalue()


def used_func_types(module: Module) -> list[int]:
    """Ascending type indices of the module's functions; the module must be valid."""
    used = bytearray(len(module.types))
    for index in module.func_space:
        used[index] = 1
    return [index for index in range(len(used)) if used[index]]


def active_data(module: Module) -> list[bytes | int]:
    """How to fill in the memories of an instance, in order; the module must be valid.

    A bytes is an array of (u64 address, u32 memory, u32 segment) for segments whose offset is a constant; an int is the
    segment whose offset must be evaluated next.
    """
    steps: list[bytes | int] = []
    out = BytesWriter()
    cursor = Cursor()
    index: i64 = -1
    for segment in module.datas:
        index += 1
        expr = segment.offset_expr
        if segment.mode != ACTIVE or expr is None:
            continue
        cursor.code = expr.code
        cursor.limit = len(expr.code)
        cursor.next = 1
        opcode: i64 = expr.code[0]
        address: i64 = 0
        if opcode == I32_CONST:
            address = cursor.read_s32() & 0xFFFF_FFFF
        elif opcode == I64_CONST:
            address = cursor.read_s64()
        if cursor.next + 1 == cursor.limit:  # nothing but the constant and `end`
            write_i64_le(out, address)
            write_i32_le(out, i32(segment.memory))
            write_i32_le(out, i32(index))
            continue
        if len(out):
            steps.append(out.getvalue())
            out = BytesWriter()
        steps.append(int(index))
    if len(out):
        steps.append(out.getvalue())
    return steps
