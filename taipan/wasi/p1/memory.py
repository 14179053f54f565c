"""Reading and writing guest memory. What a guest passes is checked here, before any of it is used.

`memory` is a view of the guest's whole memory, valid during one call. An address outside of it is not an errno: the
document says that the call traps, and `OutOfBounds` becomes that trap. Structs are packed and unpacked at an offset,
which raises struct.error for the same reason; `calls.py` treats both alike.
"""

from __future__ import annotations

from typing import Final, final

from taipan.wasi.filesystem import MAX_IOVECS
from taipan.wasi.p1.types import ILSEQ, INVAL, IOVEC, GuestError

MAX_STRING_BYTES: Final = 1 << 16  # longer paths are refused by every host; the rest of them need not be copied


@final
class OutOfBounds(Exception):
    """The guest named bytes that its memory does not have."""

    def __init__(self, address: int, size_bytes: int, memory_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes at address {address:#x}, memory has {memory_bytes:#x} bytes")


def view(memory: memoryview, address: int, size_bytes: int) -> memoryview:
    """The guest's bytes themselves, not a copy."""
    if address + size_bytes > len(memory):
        raise OutOfBounds(address, size_bytes, len(memory))
    return memory[address : address + size_bytes]


def write_bytes(memory: memoryview, address: int, data: bytes) -> None:
    end = address + len(data)
    if end > len(memory):
        raise OutOfBounds(address, len(data), len(memory))
    memory[address:end] = data


def read_string(memory: memoryview, address: int, size_bytes: int) -> bytes:
    """A string argument, as bytes: UTF-8 (ILSEQ) without NUL (INVAL)."""
    text = bytes(view(memory, address, size_bytes)[:MAX_STRING_BYTES])
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            raise GuestError(ILSEQ) from None
    if b"\0" in text:
        raise GuestError(INVAL)
    return text


def iovecs(memory: memoryview, address: int, count: int) -> list[memoryview]:
    """The buffers of an iovec or ciovec array, at most MAX_IOVECS of them; all are checked that are used."""
    if count == 1:
        start, size = IOVEC.unpack_from(memory, address)
        end = start + size
        if end > len(memory):
            raise OutOfBounds(start, size, len(memory))
        return [memory[start:end]]
    table = view(memory, address, count * IOVEC.size)
    return [view(memory, start, size) for start, size in IOVEC.iter_unpack(table[: MAX_IOVECS * IOVEC.size])]
