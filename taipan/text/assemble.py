"""Binary pieces that only the text parser writes."""

from __future__ import annotations

from librt.strings import BytesWriter
from mypy_extensions import i64, u8

from taipan.binary.encode import write_valtype
from taipan.binary.leb128 import write_s33, write_u32
from taipan.wasm.types import ABSTRACT_BIT, INDEX_MASK, ValType


def write_heap_type(out: BytesWriter, heap: i64, exact: bool) -> None:
    """A heap type: the byte of an abstract one, the index of a concrete one. Spec: binary-heaptype."""
    if heap & ABSTRACT_BIT:
        out.append(u8(heap & 0x7F))
    elif exact:
        out.append(0x62)
        write_u32(out, heap & INDEX_MASK)
    else:
        write_s33(out, heap & INDEX_MASK)


def encode_locals(types: list[ValType]) -> bytes:
    """Local declarations of a body: runs of equal types. Spec: binary-local."""
    groups = BytesWriter()
    count: i64 = 0
    index = 0
    while index < len(types):
        value_type = types[index]
        end = index
        while end < len(types) and types[end] == value_type:
            end += 1
        write_u32(groups, end - index)
        write_valtype(groups, value_type)
        count += 1
        index = end
    out = BytesWriter()
    write_u32(out, count)
    out.write(groups.getvalue())
    return out.getvalue()


def encode_branch_hints(funcs: list[tuple[int, list[tuple[int, int]]]]) -> bytes:
    """Contents of the branch hint section: per function, (offset from the body's start, value)."""
    out = BytesWriter()
    write_u32(out, len(funcs))
    for func, hints in funcs:
        write_u32(out, func)
        write_u32(out, len(hints))
        for offset, value in hints:
            write_u32(out, offset)
            out.append(1)
            out.append(u8(value))
    return out.getvalue()
