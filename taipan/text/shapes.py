"""The shape of an instruction in the text format: one integer that says which immediates it has, in which order.

Parser and printer share the table, so that what one writes the other reads. It is derived from the rows of the
instruction table at the first use.
"""

from __future__ import annotations

from typing import Final

from taipan.wasm.instructions import BY_NAME, INSTRS, Instr

NONE: Final = 0
LABEL: Final = 1
FUNC: Final = 2
TYPE: Final = 3
LOCAL: Final = 4
GLOBAL: Final = 5
TAG: Final = 6
ELEM: Final = 7
DATA: Final = 8
TABLE: Final = 9
MEMORY: Final = 10
MEMARG: Final = 11
MEMARG_LANE: Final = 12
I32: Final = 13
I64: Final = 14
F32: Final = 15
F64: Final = 16
V128: Final = 17
LANE: Final = 18
SHUFFLE: Final = 19
HEAP_TYPE: Final = 20
LABELS: Final = 21
CALL_INDIRECT: Final = 22
TYPE_FIELD: Final = 23
TYPE_U32: Final = 24
TYPE_DATA: Final = 25
TYPE_ELEM: Final = 26
TYPE_TYPE: Final = 27
MEMORY_DATA: Final = 28
TABLE_ELEM: Final = 29
MEMORY_MEMORY: Final = 30
TABLE_TABLE: Final = 31
CAST_BRANCH: Final = 32
RESERVED: Final = 33
CAST: Final = 34  # a reference type; its nullability chooses between two rows
BLOCK_SHAPE: Final = 35  # structured instructions and what belongs to them, handled by name

_SHAPES: Final[dict[tuple[str, ...], int]] = {
    (): NONE,
    ("labelidx",): LABEL,
    ("funcidx",): FUNC,
    ("typeidx",): TYPE,
    ("localidx",): LOCAL,
    ("globalidx",): GLOBAL,
    ("tagidx",): TAG,
    ("elemidx",): ELEM,
    ("dataidx",): DATA,
    ("tableidx",): TABLE,
    ("memidx",): MEMORY,
    ("memarg",): MEMARG,
    ("memarg", "laneidx"): MEMARG_LANE,
    ("i32",): I32,
    ("i64",): I64,
    ("f32",): F32,
    ("f64",): F64,
    ("v128",): V128,
    ("laneidx",): LANE,
    ("shuffle",): SHUFFLE,
    ("heaptype",): HEAP_TYPE,
    ("labels",): LABELS,
    ("tableidx", "typeidx"): CALL_INDIRECT,
    ("typeidx", "fieldidx"): TYPE_FIELD,
    ("typeidx", "u32"): TYPE_U32,
    ("typeidx", "dataidx"): TYPE_DATA,
    ("typeidx", "elemidx"): TYPE_ELEM,
    ("typeidx", "typeidx"): TYPE_TYPE,
    ("memidx", "dataidx"): MEMORY_DATA,
    ("tableidx", "elemidx"): TABLE_ELEM,
    ("memidx", "memidx"): MEMORY_MEMORY,
    ("tableidx", "tableidx"): TABLE_TABLE,
    ("labelidx", "castflags", "heaptype", "heaptype"): CAST_BRANCH,
    ("reserved",): RESERVED,
    ("blocktype",): BLOCK_SHAPE,
    ("blocktype", "catches"): BLOCK_SHAPE,
    ("valtypes",): BLOCK_SHAPE,
}


def _shape(row: Instr) -> int:
    if row.name + "_null" in BY_NAME:
        return CAST
    return _SHAPES[row.text_order]


def _encode_opcode(row: Instr) -> bytes:
    """A one-byte opcode, or a prefix byte and a LEB128 below 2^14."""
    if not row.prefix:
        return bytes((row.opcode,))
    if row.sub < 0x80:
        return bytes((row.prefix, row.sub))
    return bytes((row.prefix, row.sub & 0x7F | 0x80, row.sub >> 7))


class Tables:
    """Per row of the instruction table: shape and encoded opcode. Built at the first use."""

    __slots__ = ("br_if", "opcodes", "shapes")

    def __init__(self) -> None:
        self.shapes: Final[list[int]] = [_shape(row) for row in INSTRS]
        self.opcodes: Final[list[bytes]] = [_encode_opcode(row) for row in INSTRS]
        self.br_if: Final = INSTRS.index(BY_NAME["br_if"])


_tables: list[Tables] = []


def tables() -> Tables:
    if not _tables:
        _tables.append(Tables())
    return _tables[0]
