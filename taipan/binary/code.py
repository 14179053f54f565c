"""The code section: where bodies lie, and the local declarations at their beginning.

The instructions are left to the visitor: whoever walks over a body decodes it, and the validator is always first.
"""

from __future__ import annotations

from mypy_extensions import i64

from taipan.binary.reader import Reader
from taipan.limits import MAX_FUNCTION_BYTES, MAX_FUNCTIONS, MAX_LOCALS, too_many
from taipan.wasm.cursor import Cursor
from taipan.wasm.module import Module
from taipan.wasm.types import ValType


def read_code_section(reader: Reader, module: Module) -> None:
    count: i64 = reader.read_count(MAX_FUNCTIONS, "functions")
    limit: i64 = reader.limit
    pos: i64 = reader.next
    starts = module.body_starts
    ends = module.body_ends
    for _ in range(count):
        reader.next = pos
        size: i64 = reader.read_u32()
        pos = reader.next
        if size > limit - pos:
            raise reader.malformed(f"length out of bounds: function body of {size} bytes", pos)
        if size > MAX_FUNCTION_BYTES:
            raise too_many("bytes of a function body", size, MAX_FUNCTION_BYTES)
        starts.append(int(pos))
        pos += size
        ends.append(int(pos))
    reader.next = pos


def read_locals(cursor: Cursor) -> list[tuple[int, ValType]]:
    """The (count, type) groups at the start of a body, where `cursor` stands; afterwards it is at the instructions.

    Raises MalformedError, and UnsupportedError if there are more locals than the limit, parameters not counted.
    """
    groups: list[tuple[int, ValType]] = []
    start = cursor.next
    count: i64 = cursor.read_u32()
    total: i64 = 0
    while count > 0:
        at = cursor.next
        number: i64 = cursor.read_u32()
        total += number
        if total > 0xFFFF_FFFF:
            raise cursor.malformed(f"too many locals: {total}", at)
        groups.append((int(number), ValType(cursor.read_valtype())))
        count -= 1
    if total > MAX_LOCALS:
        raise too_many(f"locals (function at offset {start:#x})", total, MAX_LOCALS)
    return groups
