"""Text of `taipan/wasm/_generated_visit.py`: the visitor base class and its decode loop, from the instruction table.

The loop finds an instruction by comparing the opcode in a binary tree whose shape follows `FREQUENT`, then decodes
the immediates in line (the one-byte case of LEB128; the rest is in `cursor.py` and `operands.py`) and calls the
method. Instructions beside each other with a memarg share its decoding.
"""

from __future__ import annotations

from taipan.wasm.cursor import FEATURE_BITS
from taipan.wasm.instructions import INSTRS, Instr

# Immediate kind -> the names of the arguments that it becomes.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "blocktype": ("type",),
    "labelidx": ("label",),
    "funcidx": ("func",),
    "typeidx": ("type",),
    "tableidx": ("table",),
    "memidx": ("memory",),
    "globalidx": ("index",),
    "localidx": ("index",),
    "tagidx": ("tag",),
    "elemidx": ("elem",),
    "dataidx": ("data",),
    "fieldidx": ("field",),
    "u32": ("count",),
    "memarg": ("align", "offset", "memory"),
    "i32": ("value",),
    "i64": ("value",),
    "f32": ("bits",),
    "f64": ("bits",),
    "v128": ("low", "high"),
    "shuffle": ("low", "high"),
    "laneidx": ("lane",),
    "heaptype": ("heap",),
    "labels": ("count",),
    "valtypes": ("count",),
    "catches": ("count",),
    "castflags": ("flags",),
    "reserved": (),
}
# What two immediates of one kind are called.
PAIRS: dict[str, tuple[str, str]] = {
    "tableidx": ("dst", "src"),
    "memidx": ("dst", "src"),
    "typeidx": ("dst", "src"),
    "heaptype": ("source", "target"),
}
# Kinds that a method of `Cursor` or `Operands` reads: kind -> method.
READERS: dict[str, str] = {
    "blocktype": "read_blocktype",
    "heaptype": "read_heaptype",
    "labels": "read_labels",
    "valtypes": "read_valtypes",
    "catches": "read_catches",
    "castflags": "read_castflags",
    "i64": "read_s64",
}
INDEXES = frozenset(kind for kind in ARGUMENTS if kind.endswith("idx") and kind != "laneidx") | {"u32"}

# Share of each instruction in real programs, per thousand (SQLite, QuickJS, esbuild together).
# fmt: off
FREQUENT: dict[str, int] = {
    "local.get": 242, "i32.const": 106, "end": 59, "local.set": 55, "i64.const": 45, "local.tee": 38, "call": 34,
    "i32.load": 32, "i32.add": 29, "block": 29, "br_if": 26, "i32.wrap_i64": 25, "i64.store": 24, "i64.load": 22,
    "if": 20, "br": 20, "i64.add": 17, "i64.extend_i32_u": 16, "i32.store": 16, "i32.eqz": 13, "i32.sub": 13,
    "global.set": 9, "global.get": 7, "i32.and": 6, "i32.load8_u": 6, "i32.shl": 5, "loop": 4, "i32.eq": 4,
    "i32.ne": 4, "select": 4, "i64.eqz": 4, "i64.and": 3, "i32.or": 3, "drop": 3, "i64.eq": 3, "return": 3,
}
# fmt: on
PREFIXES = {0xFB: "fb", 0xFC: "fc", 0xFD: "fd", 0xFE: "fe"}


def arguments(row: Instr) -> list[str]:
    """Names of the method's arguments, in binary order."""
    names: list[str] = []
    for position, kind in enumerate(row.immediates):
        if kind in PAIRS and row.immediates.count(kind) == 2:
            names.append(PAIRS[kind][position - row.immediates.index(kind)])
        else:
            names += ARGUMENTS[kind]
    return names


def decode_lines(row: Instr) -> list[str]:
    """Statements that read the immediates of `row` from `code[pos]` into locals and move `pos` behind them."""
    lines: list[str] = []
    names = iter(arguments(row))
    for kind in row.immediates:
        if kind in INDEXES:
            lines += index_lines(next(names))
        elif kind == "memarg":
            align, offset, memory = next(names), next(names), next(names)
            lines += memarg_lines(align, offset, memory)
        elif kind == "i32":
            lines += i32_lines(next(names))
        elif kind == "f32":
            lines += [f"{next(names)} = i64(read_i32_le(code, pos)) & 0xFFFFFFFF", "pos += 4"]
        elif kind == "f64":
            lines += [f"{next(names)} = read_i64_le(code, pos)", "pos += 8"]
        elif kind in ("v128", "shuffle"):
            lines += [f"{next(names)} = read_i64_le(code, pos)", f"{next(names)} = read_i64_le(code, pos + 8)"]
            lines += ["pos += 16"]
        elif kind == "laneidx":
            lines += [f"{next(names)} = code[pos]", "pos += 1"]
        elif kind == "reserved":
            lines += ["self.next = pos", "self.read_reserved()", "pos = self.next"]
        else:
            lines += ["self.next = pos", f"{next(names)} = self.{READERS[kind]}()", "pos = self.next"]
    return lines


def index_lines(name: str) -> list[str]:
    return [
        f"{name} = code[pos]",
        "pos += 1",
        f"if {name} >= 0x80:",
        "    self.next = pos - 1",
        f"    {name} = self.read_u32()",
        "    pos = self.next",
    ]


def i32_lines(name: str) -> list[str]:
    return [
        f"{name} = code[pos]",
        "pos += 1",
        f"if {name} >= 0x80:",
        "    self.next = pos - 1",
        f"    {name} = self.read_s32()",
        "    pos = self.next",
        f"elif {name} >= 0x40:",
        f"    {name} -= 0x80",
    ]


def memarg_lines(align: str, offset: str, memory: str) -> list[str]:
    """Two-byte offsets are in line too: a quarter of all in real programs."""
    return [
        f"{align} = code[pos]",
        f"{offset} = code[pos + 1]",
        f"{memory} = 0",
        "pos += 2",
        f"if {offset} >= 0x80 and {align} < 0x40 and (byte := i64(code[pos])) < 0x80:",
        f"    {offset} = {offset} - 0x80 + (byte << 7)",
        "    pos += 1",
        f"elif {offset} >= 0x80 or {align} >= 0x40:",
        "    self.next = pos - 2",
        "    self.read_memarg()",
        f"    {align} = self.align",
        f"    {offset} = self.offset",
        f"    {memory} = self.memory",
        "    pos = self.next",
    ]


class Leaf:
    """What one range of opcodes does: one instruction, none, or a prefix."""

    def __init__(self, low: int, high: int, row: Instr | None, lines: list[str]) -> None:
        self.low = low
        self.high = high
        self.row = row
        self.lines = lines

    @property
    def weight(self) -> float:
        return FREQUENT.get(self.row.name, 1) if self.row else 0.2


def leaf(row: Instr) -> Leaf:
    """Decode and call. The end is checked where immediates were read; opcodes themselves are checked by the loop."""
    lines: list[str] = []
    if row.feature:
        bit = FEATURE_BITS[row.feature]
        lines += [f"if disabled & {bit:#x}:", f"    raise self.off({row.opcode:#x}, {bit:#x})"]
    lines += decode_lines(row)
    if row.immediates:
        lines += ["if pos > end:", "    raise self.unexpected_end()"]
    lines.append(f"self.{row.method}({', '.join(arguments(row))})")
    return Leaf(row.sub, row.sub, row, lines)


def leaves(prefix: int, limit: int) -> list[Leaf]:
    """All ranges from 0 to `limit`, in order, for the opcodes after `prefix` (0: one-byte opcodes)."""
    found = [leaf(row) for row in INSTRS if row.prefix == prefix]
    if prefix == 0:
        found += [Leaf(byte, byte, None, [f"pos = self._visit_{name}(pos)"]) for byte, name in PREFIXES.items()]
    found.sort(key=lambda item: item.low)
    illegal = [f"raise self.illegal({prefix:#x}, op)"]
    full: list[Leaf] = []
    low = 0
    for item in found:
        if low < item.low:
            full.append(Leaf(low, item.low - 1, None, illegal))
        full.append(item)
        low = item.high + 1
    if low <= limit:
        full.append(Leaf(low, limit, None, illegal))
    return full


def tree(items: list[Leaf]) -> list[str]:
    """A tree of comparisons that ends in the leaves' lines; heavy leaves are near its root."""
    if len(items) == 1:
        return items[0].lines
    if len(items) > 2 and all(
        item.row and item.row.immediates == ("memarg",) and not item.row.feature for item in items
    ):
        # One decoding for all, which is what the leaf does before its last line.
        shared = items[0].lines[:-1]
        return shared + split([Leaf(item.low, item.high, item.row, item.lines[-1:]) for item in items])
    return split(items)


def split(items: list[Leaf]) -> list[str]:
    if len(items) == 1:
        return items[0].lines
    total = sum(item.weight for item in items)
    left = 0.0
    best, best_cost = 1, total
    for i in range(1, len(items)):
        left += items[i - 1].weight
        cost = max(left, total - left)
        if cost < best_cost:
            best, best_cost = i, cost
    lower, upper = items[:best], items[best:]
    return [
        f"if op < {upper[0].low:#x}:",
        *("    " + line for line in tree(lower)),
        "else:",
        *("    " + line for line in tree(upper)),
    ]


def indent(lines: list[str], levels: int) -> list[str]:
    return ["    " * levels + line for line in lines]


HEADER = '''"""Generated from taipan/wasm/instructions.py by `python -m tools gen`; do not edit.

`Visitor` has one method per instruction, which calls `other` until a subclass replaces it, and `visit`,
which decodes instructions and calls the methods with the immediates in binary order:

    index func type table memory tag elem data field label lane    unsigned numbers; dst, src: destination and source
    type of block, loop, if, try, try_table    a block type as one integer, see cursor.py
    align offset memory    alignment as log2; offset as signed i64 (2^64 - 1 is -1)
    value                  of i32.const and i64.const, signed
    bits                   of f32.const unsigned, of f64.const signed i64
    low high               the halves of v128.const and of the 16 lane numbers of i8x16.shuffle, signed i64
    heap source target     heap types, with EXACT_BIT if exact; flags: bit 0 the source, bit 1 the target is nullable
    count                  of labels without the default (`targets`), of types (`types`), of handlers (`clauses`);
                           of array.new_fixed's operands
"""

# ruff: noqa
# fmt: off
from __future__ import annotations

from librt.strings import read_i32_le, read_i64_le
from mypy_extensions import i64, mypyc_attr

from taipan.wasm.operands import Operands


@mypyc_attr(allow_interpreted_subclasses=True)
class Visitor(Operands):
    """Set `disabled` (see `cursor.disabled_bits`) to refuse the instructions of features that are off."""

    def visit(self, code: bytes, start: i64, end: i64) -> None:
        """Decode the instructions in `code[start:end]`, setting `pos` before each call.

        Ends exactly at `end`. Nesting is the subclass's matter: the function's last `end` must be the one at
        `limit - 1`, which the subclass checks with `pos` when its control stack is empty and after the last call.
        Raises MalformedError, and whatever the methods raise.
        """
        if len(code) - end < 32:
            # The loop reads an instruction's immediates before it asks whether they are within `end`.
            code = code[:end] + bytes(32)
        self.code = code
        self.limit = end
        self._visit(code, start, end)
'''


def dispatch(prefix: int, limit: int) -> tuple[list[str], list[str]]:
    """The locals that the tree for one prefix needs, declared, and the tree."""
    names = sorted({name for row in INSTRS if row.prefix == prefix for name in arguments(row)})
    if {"align"} & set(names):
        names.append("byte")
    return [f"{name}: i64 = 0" for name in names], tree(leaves(prefix, limit))


def visitor_module() -> str:
    lines = [HEADER.rstrip("\n"), ""]
    names, body = dispatch(0, 0xFF)
    lines += indent(["def _visit(self, code: bytes, start: i64, end: i64) -> None:"], 1)
    lines += indent(["disabled: i64 = self.disabled", "op: i64 = 0", *names, "pos: i64 = start"], 2)
    lines += indent(["while pos < end:"], 2)
    lines += indent(["self.pos = pos", "op = code[pos]", "pos += 1", *body], 3)
    for prefix, name in PREFIXES.items():
        names, body = dispatch(prefix, 0xFFFFFFFF)
        lines += ["", *indent([f"def _visit_{name}(self, pos: i64) -> i64:"], 1)]
        lines += indent(["code: bytes = self.code", "end: i64 = self.limit", "disabled: i64 = self.disabled"], 2)
        lines += indent([*names, "op: i64 = 0", *index_lines("op")], 2)
        lines += indent(["if pos > end:", "    raise self.unexpected_end()", *body, "return pos"], 2)
    for row in INSTRS:
        params = "".join(f", {name}: i64" for name in arguments(row))
        lines += ["", f"    def {row.method}(self{params}) -> None:"]
        lines += [f"        self.other({row.opcode:#x})"]
    return "\n".join(lines) + "\n"
