"""Writing the binary pieces that the text parser produces: LEB128 numbers and value types."""

from __future__ import annotations

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from taipan.wasm.types import ABSTRACT_BIT, EXACT_BIT, INDEX_MASK, NULL_BIT, REF_BIT


def write_uleb(out: BytesWriter, value: i64) -> None:
    """An unsigned LEB128 of a value in 0 .. 2^63 - 1."""
    while value >= 0x80:
        out.append(u8(value & 0x7F | 0x80))
        value >>= 7
    out.append(u8(value))


def write_big_uleb(out: BytesWriter, value: int) -> None:
    """An unsigned LEB128 of any size: u64 offsets reach 2^64 - 1."""
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def write_sleb(out: BytesWriter, value: i64) -> None:
    """A signed LEB128."""
    while not -0x40 <= value < 0x40:
        out.append(u8(value & 0x7F | 0x80))
        value >>= 7
    out.append(u8(value & 0x7F))


def write_heap_type(out: BytesWriter, heap: i64, exact: bool) -> None:
    """A heap type: the byte of an abstract one, the index of a concrete one as s33. Spec: binary-heaptype."""
    if exact:
        out.append(0x62)
    if heap & ABSTRACT_BIT:
        out.append(u8(heap & 0x7F))
    else:
        write_sleb(out, heap & INDEX_MASK)


def write_val_type(out: BytesWriter, value_type: i64) -> None:
    """A value or packed type; nullable abstract references take their one-byte form. Spec: binary-valtype."""
    if not value_type & REF_BIT:
        out.append(u8(value_type))
        return
    exact = (value_type & EXACT_BIT) != 0
    nullable = (value_type & NULL_BIT) != 0
    if not (nullable and value_type & ABSTRACT_BIT):
        out.append(0x63 if nullable else 0x64)
    write_heap_type(out, value_type & (ABSTRACT_BIT | INDEX_MASK), exact)
