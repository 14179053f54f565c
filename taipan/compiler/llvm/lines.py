"""Reads a line number program (DWARF 4, section 6.2), by which LLVM tells where machine instructions came from.

The line is the wasm offset plus 1, the column what kind of site it is (`emit_control.py`).
"""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from taipan.errors import InternalError

ADVANCE_PC: Final = 2
ADVANCE_LINE: Final = 3
SET_COLUMN: Final = 5
CONST_ADD_PC: Final = 8
FIXED_ADVANCE_PC: Final = 9
COPY: Final = 1
END_SEQUENCE: Final = 1  # extended
SET_ADDRESS: Final = 2  # extended


def read_rows(data: bytes, addresses: dict[int, int]) -> list[tuple[int, int, int]]:
    """(address, line, column) for each stretch of code, ascending; a stretch ends where the next begins.

    addresses: relocated values, by their offset in `data`. After the end of a sequence comes a row with line 0.
    """
    rows: list[tuple[int, int, int]] = []
    start = 0
    while start < len(data):
        length, version, header = unpack_from("<IHI", data, start)
        if version != 4 or length >= 0xFFFF_FFF0:
            raise InternalError(f"bug: a line number program of version {version}")
        minimum, _, _, base, span, first_special = unpack_from("<BBBbBB", data, start + 10)
        lengths = data[start + 16 : start + 15 + first_special]
        end = start + 4 + length
        _run(data, start + 10 + header, end, addresses, (minimum, base, span, first_special, lengths), rows)
        start = end
    rows.sort(key=lambda row: row[0])
    return rows


def _run(
    data: bytes,
    at: int,
    end: int,
    addresses: dict[int, int],
    parameters: tuple[int, int, int, int, bytes],
    rows: list[tuple[int, int, int]],
) -> None:
    """Execute one program."""
    minimum, base, span, first_special, lengths = parameters
    address, line, column = 0, 1, 0
    while at < end:
        op = data[at]
        at += 1
        if op >= first_special:
            op -= first_special
            address += op // span * minimum
            line += base + op % span
            rows.append((address, line, column))
        elif op == 0:
            size, at = _uleb(data, at)
            if data[at] == END_SEQUENCE:
                rows.append((address, 0, 0))
                address, line, column = 0, 1, 0
            elif data[at] == SET_ADDRESS:
                address = addresses[at + 1]
            at += size
        elif op == COPY:
            rows.append((address, line, column))
        elif op == ADVANCE_PC:
            delta, at = _uleb(data, at)
            address += delta * minimum
        elif op == ADVANCE_LINE:
            delta, at = _sleb(data, at)
            line += delta
        elif op == SET_COLUMN:
            column, at = _uleb(data, at)
        elif op == CONST_ADD_PC:
            address += (255 - first_special) // span * minimum
        elif op == FIXED_ADVANCE_PC:
            address += unpack_from("<H", data, at)[0]
            at += 2
        else:
            for _ in range(lengths[op - 1]):
                _, at = _uleb(data, at)


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _sleb(data: bytes, at: int) -> tuple[int, int]:
    start = at
    value, at = _uleb(data, at)
    bits = 7 * (at - start)
    return value - (1 << bits) if value >> (bits - 1) else value, at
