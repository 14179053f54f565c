"""Where a constant expression ends. What is in it is the validator's business, so every instruction may occur."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.binary.reader import Reader
from taipan.wasm import _generated_shapes as shapes
from taipan.wasm.module import ConstExpr

END: Final = 0x0B
DELEGATE: Final = 0x18


def read_const_expr(reader: Reader) -> ConstExpr:
    """The expression at the reader's position, its final `end` included."""
    start = reader.next
    skip_expr(reader)
    return ConstExpr(reader.code[start : reader.next], start)


def skip_expr(reader: Reader) -> None:
    """Move behind the `end` that closes the expression at the reader's position."""
    code = reader.code
    limit: i64 = reader.limit
    depth: i64 = 1
    while depth > 0:
        pos: i64 = reader.next
        if pos >= limit:
            raise reader.unexpected_end()
        op: i64 = code[pos]
        if op == 0x41 and pos + 2 < limit and code[pos + 1] < 0x80:  # i32.const, the common case
            reader.next = pos + 2
            continue
        reader.next = pos + 1
        shape: i64 = shapes.PLAIN[op]
        if shape == shapes.PREFIX:
            shape = read_prefixed(reader, op, pos)
        if shape == shapes.ILLEGAL:
            raise reader.malformed(f"illegal opcode {op:02x}", pos)
        if op == END or op == DELEGATE:
            depth -= 1
        elif shape == shapes.BLOCK or shape == shapes.TRY_TABLE:
            depth += 1
        skip_immediates(reader, shape)


def read_prefixed(reader: Reader, prefix: i64, pos: i64) -> i64:
    """Read the opcode after a prefix byte; the instruction's shape."""
    sub: i64 = reader.read_u32()
    table = shapes.PREFIXED[prefix - 0xFB]
    if sub >= len(table) or table[sub] == shapes.ILLEGAL:
        raise reader.malformed(f"illegal opcode {prefix:02x} {sub:02x}", pos)
    shape: i64 = table[sub]
    return shape


def skip_immediates(reader: Reader, shape: i64) -> None:
    if shape == shapes.NONE:
        return
    if shape == shapes.INDEX:
        reader.read_u32()
    elif shape == shapes.INDEX2:
        reader.read_u32()
        reader.read_u32()
    elif shape == shapes.I32:
        reader.read_s32()
    elif shape == shapes.I64:
        reader.read_s64()
    elif shape == shapes.BYTE:
        reader.read_byte()
    elif shape == shapes.BYTES4:
        reader.skip(4)
    elif shape == shapes.BYTES8:
        reader.skip(8)
    elif shape == shapes.BYTES16:
        reader.skip(16)
    elif shape == shapes.MEMARG:
        reader.read_memarg()
    elif shape == shapes.MEMARG_LANE:
        reader.read_memarg()
        reader.read_byte()
    elif shape == shapes.BLOCK:
        reader.read_blocktype()
    elif shape == shapes.TRY_TABLE:
        reader.read_blocktype()
        reader.read_catches()
    elif shape == shapes.HEAP:
        reader.read_heaptype()
    elif shape == shapes.CAST:
        reader.read_castflags()
        reader.read_u32()
        reader.read_heaptype()
        reader.read_heaptype()
    elif shape == shapes.LABELS:
        reader.read_labels()
    elif shape == shapes.VALTYPES:
        reader.read_valtypes()
