"""The few encodings of the binary format that the generators need, written apart from the package's own encoder."""

from __future__ import annotations

from collections.abc import Iterable

VALTYPES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B, "funcref": 0x70, "externref": 0x6F}
HEAPTYPES = {"func": 0x70, "extern": 0x6F}


def unsigned(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


def name(text: str) -> bytes:
    data = text.encode()
    return unsigned(len(data)) + data


def vector(items: Iterable[bytes]) -> bytes:
    listed = list(items)
    return unsigned(len(listed)) + b"".join(listed)


def valtype(t: str) -> bytes:
    """t: a key of VALTYPES, or "ref N" or "ref null N" for references to functions of type N."""
    if t in VALTYPES:
        return bytes([VALTYPES[t]])
    return (b"\x63" if "null" in t else b"\x64") + signed(int(t.rsplit(maxsplit=1)[-1]))


def heaptype(t: str) -> bytes:
    """The heap type of reference type `t`."""
    return bytes([VALTYPES[t]]) if t in VALTYPES else signed(int(t.rsplit(maxsplit=1)[-1]))


def limits(low: int, high: int | None, is_64: bool) -> bytes:
    flags = (high is not None) | is_64 << 2
    return bytes([flags]) + unsigned(low) + (unsigned(high) if high is not None else b"")


def section(number: int, contents: bytes) -> bytes:
    return bytes([number]) + unsigned(len(contents)) + contents


def opcode(prefix: int, sub: int) -> bytes:
    """As in the instruction table: prefix 0 means a one-byte opcode."""
    return bytes([prefix]) + unsigned(sub) if prefix else bytes([sub])
