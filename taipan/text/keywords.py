"""Numbers for the words of the text format, so that the parser compares integers.

Structural words have the constants below. Instruction words have `INSTR_BASE` plus the row's place in the instruction
table; a word that is both (`catch`, `else`, ...) is structural, and the instruction parser knows those by name.
"""

from __future__ import annotations

from typing import Final

from taipan.wasm.instructions import INSTRS

MODULE: Final = 1
TYPE: Final = 2
REC: Final = 3
SUB: Final = 4
FINAL: Final = 5
FUNC: Final = 6
PARAM: Final = 7
RESULT: Final = 8
LOCAL: Final = 9
STRUCT: Final = 10
ARRAY: Final = 11
FIELD: Final = 12
MUT: Final = 13
REF: Final = 14
NULL: Final = 15
EXACT: Final = 16
IMPORT: Final = 17
EXPORT: Final = 18
TABLE: Final = 19
MEMORY: Final = 20
GLOBAL: Final = 21
TAG: Final = 22
ELEM: Final = 23
DATA: Final = 24
START: Final = 25
OFFSET: Final = 26
ITEM: Final = 27
DECLARE: Final = 28
SHARED: Final = 29
PAGESIZE: Final = 30
DESCRIBES: Final = 31
DESCRIPTOR: Final = 32
THEN: Final = 33
ELSE: Final = 34
END: Final = 35
DO: Final = 36
CATCH: Final = 37
CATCH_REF: Final = 38
CATCH_ALL: Final = 39
CATCH_ALL_REF: Final = 40
DELEGATE: Final = 41
BINARY: Final = 42
QUOTE: Final = 43
BLOCK: Final = 44
LOOP: Final = 45
IF: Final = 46
TRY: Final = 47
TRY_TABLE: Final = 48
SELECT: Final = 49
# Vector shapes.
I8X16: Final = 50
I16X8: Final = 51
I32X4: Final = 52
I64X2: Final = 53
F32X4: Final = 54
F64X2: Final = 55
# Module linking; `outer` and `instantiate` are no words of their own, as they mean nothing elsewhere.
INSTANCE: Final = 56
ALIAS: Final = 57

VALTYPE_BASE: Final = 0x100
"""Plus the byte of a numeric, vector or packed type."""
HEAPTYPE_BASE: Final = 0x200
"""Plus the byte of an abstract heap type: `func`, `any`, ... (not `struct`, `array`, which have other duties too)."""
REFTYPE_BASE: Final = 0x300
"""Plus the byte of the heap type that a shorthand such as `funcref` stands for."""
INSTR_BASE: Final = 0x1000

_STRUCTURAL: Final[dict[str, int]] = {
    "module": MODULE,
    "type": TYPE,
    "rec": REC,
    "sub": SUB,
    "final": FINAL,
    "func": FUNC,
    "param": PARAM,
    "result": RESULT,
    "local": LOCAL,
    "struct": STRUCT,
    "array": ARRAY,
    "field": FIELD,
    "mut": MUT,
    "ref": REF,
    "null": NULL,
    "exact": EXACT,
    "import": IMPORT,
    "export": EXPORT,
    "table": TABLE,
    "memory": MEMORY,
    "global": GLOBAL,
    "tag": TAG,
    "elem": ELEM,
    "data": DATA,
    "start": START,
    "offset": OFFSET,
    "item": ITEM,
    "declare": DECLARE,
    "shared": SHARED,
    "pagesize": PAGESIZE,
    "describes": DESCRIBES,
    "descriptor": DESCRIPTOR,
    "then": THEN,
    "else": ELSE,
    "end": END,
    "do": DO,
    "catch": CATCH,
    "catch_ref": CATCH_REF,
    "catch_all": CATCH_ALL,
    "catch_all_ref": CATCH_ALL_REF,
    "delegate": DELEGATE,
    "binary": BINARY,
    "quote": QUOTE,
    "block": BLOCK,
    "loop": LOOP,
    "if": IF,
    "try": TRY,
    "try_table": TRY_TABLE,
    "select": SELECT,
    "i8x16": I8X16,
    "i16x8": I16X8,
    "i32x4": I32X4,
    "i64x2": I64X2,
    "f32x4": F32X4,
    "f64x2": F64X2,
    "instance": INSTANCE,
    "alias": ALIAS,
}

_VALTYPES: Final[dict[str, int]] = {
    "i32": 0x7F,
    "i64": 0x7E,
    "f32": 0x7D,
    "f64": 0x7C,
    "v128": 0x7B,
    "i8": 0x78,
    "i16": 0x77,
}
_HEAPTYPES: Final[dict[str, int]] = {
    "noexn": 0x74,
    "nofunc": 0x73,
    "noextern": 0x72,
    "none": 0x71,
    "extern": 0x6F,
    "any": 0x6E,
    "eq": 0x6D,
    "i31": 0x6C,
    "exn": 0x69,
}
_REFTYPES: Final[dict[str, int]] = {
    "nullexnref": 0x74,
    "nullfuncref": 0x73,
    "nullexternref": 0x72,
    "nullref": 0x71,
    "funcref": 0x70,
    "externref": 0x6F,
    "anyref": 0x6E,
    "eqref": 0x6D,
    "i31ref": 0x6C,
    "structref": 0x6B,
    "arrayref": 0x6A,
    "exnref": 0x69,
}

_ids: Final[dict[bytes, int]] = {}


def keyword_ids() -> dict[bytes, int]:
    """Every known word -> its number. Built at the first call."""
    if not _ids:
        for index in range(len(INSTRS) - 1, -1, -1):  # of two rows with one word, the first stays
            _ids[INSTRS[index].keyword.encode()] = INSTR_BASE + index
        for base, words in (
            (VALTYPE_BASE, _VALTYPES),
            (HEAPTYPE_BASE, _HEAPTYPES),
            (REFTYPE_BASE, _REFTYPES),
            (0, _STRUCTURAL),
        ):
            for word, number in words.items():
                _ids[word.encode()] = base + number
    return _ids
