"""Text of `taipan/validate/_generated_check.py`: the validator's decode loop and the rules of the plain table rows.

A row is plain if its type column says everything: its operands and results, `addr` aside, are fixed. The loop checks
plain one-byte instructions in line, with the operand stack in locals and the row's types packed into one integer, its
*key*; neighbours that are checked alike share their lines. Every other instruction becomes a call, as in `Visitor`.
Behind a prefix `Visitor` decodes, and plain rows get a method here.
"""

from __future__ import annotations

from taipan.wasm.cursor import FEATURE_BITS
from taipan.wasm.instructions import INSTRS, Instr
from tools.gen_visit import PREFIXES, Leaf, arguments, decode_lines, indent, split

TYPE_BYTES = {"i32": 0x7F, "i64": 0x7E, "f32": 0x7D, "f64": 0x7C, "v128": 0x7B}

# Rows whose type column is not the whole rule: their other immediates have rules of their own.
BY_HAND = {"memory.init", "data.drop", "table.init", "elem.drop", "i8x16.shuffle"}

# How often instructions occur, in thousandths: the tree has the frequent ones near its root.
WEIGHTS = {
    "local.get": 273,
    "i32.const": 138,
    "end": 56,
    "i32.load": 55,
    "local.set": 49,
    "i32.add": 46,
    "local.tee": 44,
    "call": 41,
    "i32.store": 30,
    "br_if": 30,
    "if": 22,
    "block": 21,
    "br": 19,
    "i32.eqz": 17,
    "i32.sub": 12,
    "i32.load8_u": 12,
    "i32.and": 10,
    "i64.const": 8,
    "i32.shl": 7,
    "drop": 7,
    "loop": 6,
    "i32.eq": 6,
    "i32.or": 6,
    "select": 5,
    "i32.ne": 5,
    "i64.store": 5,
    "i32.store8": 5,
    "global.set": 4,
    "i64.load": 4,
}


def is_plain(row: Instr) -> bool:
    return row.type != "*" and row.name not in BY_HAND


def types(row: Instr) -> tuple[list[str], list[str]]:
    params, _, results = row.type.partition("->")
    return params.split(), results.split()


def key(row: Instr) -> int:
    """Operand types in bytes 0 to 3, result types in bytes 4 and 5, `addr` as zero; with a memarg log2 of the width in
    byte 6, plus 0x40 if the alignment must be exactly that."""
    params, results = types(row)
    packed = sum(TYPE_BYTES.get(name, 0) << 8 * i for i, name in enumerate(params))
    packed |= sum(TYPE_BYTES.get(name, 0) << 32 + 8 * i for i, name in enumerate(results))
    if row.width:
        packed |= row.width.bit_length() - 1 << 48
        if row.prefix == 0xFE:
            packed |= 0x40 << 48
    return packed


def addr_mask(row: Instr) -> int:
    """Ones in the key's bytes that `addr` stands for, so that a product with the address type fills them in."""
    params, results = types(row)
    mask = sum(1 << 8 * i for i, name in enumerate(params) if name == "addr")
    return mask | sum(1 << 32 + 8 * i for i, name in enumerate(results) if name == "addr")


def lanes(row: Instr) -> int:
    """How many lanes the lane number chooses from."""
    if row.width:
        return 16 // row.width
    shape = row.name.partition(".")[0]
    return int(shape.partition("x")[2])


# --- the loop ---

PUSH = [
    "if sp >= room:",
    "    self.grow_stack(sp, 1)",
    "    stack = self.stack",
    "    room = len(stack)",
    "stack[sp] = {}",
    "sp += 1",
]
NUMERIC = [
    "key = keys[op]",
    "operand = key & 0xFF",
    "if sp > floor and stack[sp - 1] == operand:",
    "    if not key & 0xFF00:",
    "        stack[sp - 1] = key >> 32",
    "        continue",
    "    if sp - 1 > floor and stack[sp - 2] == operand:",
    "        sp -= 1",
    "        stack[sp - 1] = key >> 32",
    "        continue",
    "self.sp = sp",
    "self.simple(key)",
    "sp = self.sp",
]
LOAD = [
    "key = keys[op]",
    "if (",
    "    sp > floor",
    "    and stack[sp - 1] == addr",
    "    and memory == 0",
    "    and align <= key >> 48",
    "    and 0 <= offset <= max_offset",
    "):",
    "    stack[sp - 1] = (key >> 32) & 0xFF",
    "    continue",
    "self.sp = sp",
    "self.access(key, align, offset, memory)",
    "sp = self.sp",
]
STORE = [
    "key = keys[op]",
    "if (",
    "    sp - 1 > floor",
    "    and stack[sp - 1] == (key >> 8) & 0xFF",
    "    and stack[sp - 2] == addr",
    "    and memory == 0",
    "    and align <= key >> 48",
    "    and 0 <= offset <= max_offset",
    "):",
    "    sp -= 2",
    "    continue",
    "self.sp = sp",
    "self.access(key, align, offset, memory)",
    "sp = self.sp",
]
RELOAD = ["sp = self.sp", "floor = self.floor", "stack = self.stack", "room = len(stack)"]
LOCALS = {
    "local.get": ["if index < num_locals and (type := local_types[index]) > 0:", *indent(PUSH, 1), "    continue"],
    "local.set": [
        "if index < num_locals and sp > floor and stack[sp - 1] == local_types[index]:",
        "    sp -= 1",
        "    continue",
    ],
    "local.tee": ["if index < num_locals and sp > floor and stack[sp - 1] == local_types[index]:", "    continue"],
}


def inline_lines(row: Instr) -> list[str]:
    """What the loop does for one instruction after looking at its feature."""
    if row.name == "drop":
        return ["if sp > floor:", "    sp -= 1", "    continue", "self.sp = sp", "self.drop()"]
    lines = decode_lines(row)
    if row.immediates:
        lines += ["if pos > end:", "    raise self.unexpected_end()"]
    if is_plain(row):
        params, results = types(row)
        if row.width:
            return lines + (LOAD if results else STORE)
        if not row.immediates and params:
            assert len(set(params)) == 1 and len(results) == 1, row
            return lines + NUMERIC
        if not params and "addr" not in results:
            pushes = [line.format(f"{TYPE_BYTES[name]:#x}") for name in results for line in PUSH]
            return lines + pushes if lines or pushes else ["pass"]
    lines += [line.format("type") for line in LOCALS.get(row.name, [])]
    return [*lines, "self.sp = sp", f"self.{row.method}({', '.join(arguments(row))})", *RELOAD]


def loop_leaf(row: Instr) -> Leaf:
    lines = inline_lines(row)
    if row.feature:
        bit = FEATURE_BITS[row.feature]
        lines = [f"if disabled & {bit:#x}:", f"    raise self.off(op, {bit:#x})", *lines]
    return WeightedLeaf(row.sub, row.sub, row, lines)


class WeightedLeaf(Leaf):
    """A range of opcodes that share their lines."""

    extra = 0.0

    @property
    def weight(self) -> float:
        return (WEIGHTS.get(self.row.name, 1) if self.row else 0.25) + self.extra


def merged(items: list[Leaf]) -> list[Leaf]:
    """Neighbours with the same lines become one range."""
    result: list[WeightedLeaf] = []
    for item in items:
        if result and result[-1].lines == item.lines:
            joined = WeightedLeaf(result[-1].low, item.high, result[-1].row, item.lines)
            joined.extra = result[-1].extra + item.weight
            result[-1] = joined
        else:
            result.append(WeightedLeaf(item.low, item.high, item.row, item.lines))
    return list(result)


def loop_leaves() -> list[Leaf]:
    """All one-byte opcodes, in order."""
    known = {row.sub: loop_leaf(row) for row in INSTRS if not row.prefix}
    for byte, name in PREFIXES.items():
        known[byte] = Leaf(byte, byte, None, ["self.sp = sp", f"pos = self._visit_{name}(pos)", *RELOAD])
    illegal = ["raise self.illegal(0, op)"]
    return merged([known.get(byte, Leaf(byte, byte, None, illegal)) for byte in range(256)])


# --- methods ---


def method(row: Instr) -> list[str]:
    """The method of a plain row behind a prefix, or one that the loop calls."""
    params = "".join(f", {name}: i64" for name in arguments(row))
    lines = [f"def {row.method}(self{params}) -> None:"]
    if "laneidx" in row.immediates:
        lines.append(f"    self.check_lane(lane, {lanes(row)})")
    if row.width:
        return [*lines, f"    self.access({key(row):#x}, align, offset, memory)"]
    mask = addr_mask(row)
    if not mask:
        return [*lines, f"    self.simple({key(row):#x})"]
    index = "memory" if "memidx" in row.immediates else "table"
    types_name = "address_type" if index == "memory" else "table_address_type"
    return [*lines, f"    self.simple({key(row):#x} + {mask:#x} * self.{types_name}({index}))"]


HEADER = '''"""Generated from taipan/wasm/instructions.py by `python -m tools gen`; do not edit.

`PlainRules` checks every instruction whose type column is its whole rule, and decodes for all. The key of an
instruction packs its type: operands in bytes 0 to 3, results in bytes 4 and 5; see tools/gen_check.py.
"""

# ruff: noqa
# fmt: off
from __future__ import annotations

from typing import Final

from librt.strings import read_i32_le, read_i64_le
from librt.vecs import vec
from mypy_extensions import i64

from taipan.validate.context import Context
from taipan.validate.stacks import Stacks
'''


def check_module() -> str:
    one_byte = {row.sub: row for row in INSTRS if not row.prefix and is_plain(row)}
    keys = [key(one_byte[byte]) if byte in one_byte else 0 for byte in range(256)]
    lines = [HEADER, "KEYS: Final = ("]
    lines += ["    " + "".join(f"{value:#x}, " for value in keys[i : i + 8]).rstrip() for i in range(0, 256, 8)]
    lines += [")", "", "", "class PlainRules(Stacks):"]
    lines += indent(["def __init__(self, context: Context) -> None:"], 1)
    lines += indent(["super().__init__(context)", "self.keys: vec[i64] = vec[i64](KEYS)", ""], 2)
    names = sorted({name for row in INSTRS if not row.prefix for name in arguments(row)})
    lines += indent(["def _visit(self, code: bytes, start: i64, end: i64) -> None:"], 1)
    lines += indent([f"{name}: i64 = 0" for name in [*names, "byte", "key", "operand", "op"]], 2)
    lines += indent(
        [
            "pos: i64 = start",
            "disabled: i64 = self.disabled",
            "keys = self.keys",
            "addr: i64 = self.memory_addr",
            "max_offset: i64 = self.max_offset",
            "local_types = self.local_types",
            "num_locals: i64 = self.num_locals",
            "stack = self.stack",
            "room: i64 = len(stack)",
            "sp: i64 = self.sp",
            "floor: i64 = self.floor",
            "while pos < end:",
        ],
        2,
    )
    lines += indent(["self.pos = pos", "op = code[pos]", "pos += 1", *split(loop_leaves())], 3)
    lines += indent(["self.sp = sp"], 2)
    for row in INSTRS:
        if is_plain(row) and (row.prefix or "addr" in types(row)[1]):
            lines += ["", *indent(method(row), 1)]
    return "\n".join(lines) + "\n"
