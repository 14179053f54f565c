"""args_get, args_sizes_get; and the layout of string lists that `environ` shares."""

from __future__ import annotations

from struct import pack
from typing import Final

from taipan.wasi.context import WasiContext
from taipan.wasi.p1.memory import write_bytes
from taipan.wasi.p1.types import SUCCESS, U32


def write_strings(memory: memoryview, strings: list[bytes], pointers: int, buffer: int) -> int:
    """Write the strings, each with a NUL, to `buffer`, and the address of each to `pointers`."""
    addresses = []
    address = buffer
    for string in strings:
        addresses.append(address)
        address += len(string) + 1
    write_bytes(memory, buffer, b"".join(string + b"\0" for string in strings))
    write_bytes(memory, pointers, pack(f"<{len(addresses)}I", *addresses))
    return SUCCESS


def write_sizes(memory: memoryview, strings: list[bytes], count: int, size: int) -> int:
    """Write how many strings there are to `count`, and their bytes with NULs to `size`."""
    U32.pack_into(memory, count, len(strings))
    U32.pack_into(memory, size, sum(map(len, strings)) + len(strings))
    return SUCCESS


def args_get(context: WasiContext, memory: memoryview, argv: int, argv_buf: int) -> int:
    return write_strings(memory, context.args, argv, argv_buf)


def args_sizes_get(context: WasiContext, memory: memoryview, count: int, size: int) -> int:
    return write_sizes(memory, context.args, count, size)


FUNCTIONS: Final = (
    ("args_get", "pp", args_get),
    ("args_sizes_get", "pp", args_sizes_get),
)
