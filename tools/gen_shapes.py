"""Text of `taipan/wasm/_generated_shapes.py`: which immediates follow each opcode, as one byte per opcode."""

from __future__ import annotations

from taipan.wasm.instructions import INSTRS

# Shape -> the immediates that have it; "idx" stands for any index.
SHAPES: dict[str, tuple[str, ...]] = {
    "ILLEGAL": (),
    "NONE": ("",),
    "INDEX": ("idx", "u32"),
    "INDEX2": ("idx idx", "idx u32"),
    "I32": ("i32",),
    "I64": ("i64",),
    "BYTE": ("laneidx", "reserved"),
    "BYTES4": ("f32",),
    "BYTES8": ("f64",),
    "BYTES16": ("v128", "shuffle"),
    "MEMARG": ("memarg",),
    "MEMARG_LANE": ("memarg laneidx",),
    "BLOCK": ("blocktype",),
    "TRY_TABLE": ("blocktype catches",),
    "HEAP": ("heaptype",),
    "CAST": ("castflags idx heaptype heaptype",),
    "LABELS": ("labels",),
    "VALTYPES": ("valtypes",),
    "PREFIX": (),
}
NUMBERS = {name: number for number, name in enumerate(SHAPES)}
BY_IMMEDIATES = {immediates: NUMBERS[name] for name, kinds in SHAPES.items() for immediates in kinds}
PREFIXES = (0xFB, 0xFC, 0xFD, 0xFE)


def shape(immediates: tuple[str, ...]) -> int:
    return BY_IMMEDIATES[" ".join("idx" if k.endswith("idx") and k != "laneidx" else k for k in immediates)]


def table(prefix: int) -> bytearray:
    """One shape per opcode after `prefix` (0: one-byte opcodes)."""
    shapes = {row.sub: shape(row.immediates) for row in INSTRS if row.prefix == prefix}
    if prefix == 0:
        shapes |= dict.fromkeys(PREFIXES, NUMBERS["PREFIX"]) | {0xFF: NUMBERS["ILLEGAL"]}
    return bytearray(shapes.get(sub, 0) for sub in range(max(shapes) + 1))


def bytes_literal(data: bytearray) -> list[str]:
    rows = [data[i : i + 24] for i in range(0, len(data), 24)]
    return ['    b"' + "".join(f"\\x{byte:02x}" for byte in row) + '"' for row in rows]


def shapes_module() -> str:
    lines = ['"""Generated from taipan/wasm/instructions.py by `python -m tools gen`; do not edit.', ""]
    lines += ["The shape of an instruction is what its immediates look like, for code that only skips them.", '"""', ""]
    lines += ["from __future__ import annotations", "", "from typing import Final", ""]
    lines += [f"{name}: Final = {number}" for name, number in NUMBERS.items()]
    lines += ["", "# Opcode -> shape.", "PLAIN: Final = (", *bytes_literal(table(0)), ")", ""]
    lines += ["# The same behind the prefixes 0xFB to 0xFE.", "PREFIXED: Final = ("]
    for prefix in PREFIXES:
        rows = bytes_literal(table(prefix))
        lines += ["    (", *("    " + row for row in rows), "    ),"] if len(rows) > 1 else [rows[0] + ","]
    return "\n".join([*lines, ")", ""])
