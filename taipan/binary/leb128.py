"""Writing numbers: LEB128 and strings."""

from __future__ import annotations

from librt.strings import BytesWriter
from mypy_extensions import i64, u8


def write_u32(out: BytesWriter, value: i64) -> None:
    """An unsigned number below 2^63."""
    while value >= 0x80:
        out.append(u8((value & 0x7F) | 0x80))
        value >>= 7
    out.append(u8(value))


def write_u64(out: BytesWriter, value: int) -> None:
    """An unsigned number of any size."""
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def write_s33(out: BytesWriter, value: i64) -> None:
    """A signed number."""
    while value < -0x40 or value >= 0x40:
        out.append(u8((value & 0x7F) | 0x80))
        value >>= 7
    out.append(u8(value & 0x7F))


def write_bytes(out: BytesWriter, data: bytes) -> None:
    """The length, then the bytes."""
    write_u32(out, len(data))
    out.write(data)


def write_name(out: BytesWriter, name: str) -> None:
    write_bytes(out, name.encode("utf-8"))
