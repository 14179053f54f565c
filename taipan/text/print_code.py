"""Instructions as text: the binary encoding of a body or constant expression in, lines out.

The immediates of an instruction follow its row of the instruction table. Lines are indented by the blocks around
them; nothing recurses.
"""

from __future__ import annotations

import struct
from typing import Final, final

from mypy_extensions import i64

from taipan.text import shapes
from taipan.text.fold import UNKNOWN, Folder, arities
from taipan.text.identifiers import Identifiers, quote_id
from taipan.text.print_types import TypePrinter
from taipan.text.shapes import tables
from taipan.wasm.cursor import BLOCK_EMPTY
from taipan.wasm.instructions import INSTRS
from taipan.wasm.operands import HANDLER_WORDS, Operands
from taipan.wasm.types import EXACT_BIT, HEAP_MASK, FuncType, HeapType, ValType

_CATCH_WORDS: Final = ("catch", "catch_ref", "catch_all", "catch_all_ref")
_ELSE: Final = 0x05
_CATCH: Final = 0x07
_CATCH_ALL: Final = 0x19
_DELEGATE: Final = 0x18
_END: Final = 0x0B
_CALL: Final = 0x10
_CALL_INDIRECT: Final = 0x11
_BLOCKS: Final = (0x02, 0x03, 0x04, 0x06, 0x1F)
_NO_ROW: Final = -1
MAX_INDENT: Final = 40
"""Blocks nested deeper than this are indented no further: hostile nesting must not make quadratic text."""

_NO_NAMES: Final = Identifiers({}, 0)


class _Rows:
    """Opcode -> row of the instruction table, and how the row is printed."""

    __slots__ = ("arities", "keywords", "nullable", "plain", "prefixed")

    def __init__(self) -> None:
        self.plain: list[int] = [_NO_ROW] * 256
        self.prefixed: dict[int, int] = {}
        for index, row in enumerate(INSTRS):
            if row.prefix:
                self.prefixed[row.opcode] = index
            else:
                self.plain[row.opcode] = index
        self.arities: Final = arities()
        self.keywords: Final[list[str]] = [row.keyword for row in INSTRS]
        # Rows that are the nullable form of the row before, and are printed with a whole reference type.
        self.nullable: Final[list[bool]] = [row.name.endswith("_null") and row.keyword != row.name for row in INSTRS]


_rows: list[_Rows] = []


def _all_rows() -> _Rows:
    if not _rows:
        _rows.append(_Rows())
    return _rows[0]


@final
class ModuleIds:
    """Identifiers of all index spaces that instructions refer to."""

    __slots__ = ("datas", "elems", "fields", "funcs", "globals", "memories", "tables", "tags", "types")

    def __init__(self) -> None:
        self.types: Identifiers = _NO_NAMES
        self.funcs: Identifiers = _NO_NAMES
        self.tables: Identifiers = _NO_NAMES
        self.memories: Identifiers = _NO_NAMES
        self.globals: Identifiers = _NO_NAMES
        self.tags: Identifiers = _NO_NAMES
        self.elems: Identifiers = _NO_NAMES
        self.datas: Identifiers = _NO_NAMES
        self.fields: dict[int, Identifiers] = {}


@final
class CodePrinter(Operands):
    """Prints one expression after the other. labels_printed: how many structured instructions the last one had.

    folded: whether operands are put in brackets inside their instruction; blocks stay as they are.
    starts: if it is a list, gets the offset of every instruction, the final `end` included.
    """

    ids: ModuleIds
    types_text: TypePrinter
    shapes_of: list[int]
    rows: _Rows
    locals: Identifiers
    labels_printed: i64 = 0
    folded: bool
    starts: list[int] | None
    arity_of_callee: tuple[int, int]

    def __init__(self, ids: ModuleIds, types_text: TypePrinter, folded: bool = False) -> None:
        self.folded = folded
        self.starts = None
        self.arity_of_callee = (UNKNOWN, UNKNOWN)
        self.ids = ids
        self.types_text = types_text
        self.shapes_of = tables().shapes
        self.rows = _all_rows()
        self.locals = _NO_NAMES

    def begin(self, code: bytes, start: int, end: int) -> None:
        self.code = code
        self.next = start
        self.limit = end

    def instructions(self, local_ids: Identifiers, labels: dict[int, str], indent: int) -> list[str]:
        """Lines for the instructions up to the final `end`, which is not printed.

        labels: number of a structured instruction -> its name.  Raises MalformedError.
        """
        self.locals = local_ids
        lines: list[str] = []
        folder = Folder(lines)
        depth: i64 = 0
        ordinal: i64 = 0
        rows = self.rows
        while True:
            if self.next >= self.limit:
                raise self.unexpected_end()
            self.pos = self.next
            if self.starts is not None:
                self.starts.append(int(self.pos))
            opcode: i64 = self.code[self.next]
            self.next += 1
            if opcode == _END:
                folder.flush(self.margin(indent, depth))
                if depth == 0:
                    break
                depth -= 1
                lines.append(self.margin(indent, depth) + "end")
                continue
            row: i64 = rows.plain[opcode]
            if row == _NO_ROW:
                row = self.prefixed_row(opcode)
            text = rows.keywords[row]
            if opcode in _BLOCKS:
                folder.flush(self.margin(indent, depth))
                label = labels.get(int(ordinal))
                ordinal += 1
                if label is not None:
                    text += " " + quote_id(label)
                lines.append(self.margin(indent, depth) + text + self.block(opcode))
                depth += 1
                continue
            if opcode in (_ELSE, _CATCH, _CATCH_ALL, _DELEGATE):
                folder.flush(self.margin(indent, depth))
                depth -= 1
                if depth < 0:
                    raise self.malformed(f"unexpected {text} outside of a block", self.pos)
                lines.append(self.margin(indent, depth) + text + self.immediates(row))
                if opcode != _DELEGATE:
                    depth += 1
                continue
            text += self.immediates(row)
            if self.folded:
                params, results = self.arity(row, opcode)
                folder.add(text, params, results, self.margin(indent, depth))
            else:
                lines.append(self.margin(indent, depth) + text)
        if self.next != self.limit:
            raise self.malformed("unexpected bytes after the end of an expression", self.next)
        self.labels_printed = ordinal
        return lines

    def arity(self, row: i64, opcode: i64) -> tuple[int, int]:
        """(operands, results) of the instruction that was just printed."""
        if opcode == _CALL or opcode == _CALL_INDIRECT:
            params, results = self.arity_of_callee
            extra = 1 if opcode == _CALL_INDIRECT and params != UNKNOWN else 0
            return params + extra, results
        return self.rows.arities[row]

    def callee(self, type_index: int) -> None:
        """Note the arity of a function type."""
        types = self.types_text.space
        comp = types[type_index].comp if type_index < len(types) else None
        if isinstance(comp, FuncType):
            self.arity_of_callee = (len(comp.params), len(comp.results))
        else:
            self.arity_of_callee = (UNKNOWN, UNKNOWN)

    def margin(self, indent: int, depth: i64) -> str:
        return "  " * (indent + int(min(depth, MAX_INDENT)))

    def prefixed_row(self, prefix: i64) -> i64:
        if prefix < 0xFB or prefix > 0xFE:
            raise self.illegal(0, prefix)
        sub = self.read_u32()
        row = self.rows.prefixed.get(int(prefix << 12 | sub), _NO_ROW) if sub < 0x1000 else _NO_ROW
        if row == _NO_ROW:
            raise self.illegal(prefix, sub)
        return row

    # Immediates, each with a space before it.

    def immediates(self, row: i64) -> str:
        shape = self.shapes_of[row]
        if shape == shapes.NONE:
            return ""
        ids = self.ids
        if shape == shapes.LOCAL:
            return " " + self.locals.reference(int(self.read_u32()))
        if shape == shapes.I32:
            return f" {self.read_s32()}"
        if shape == shapes.I64:
            return f" {self.read_s64()}"
        if shape == shapes.LABEL:
            return f" {self.read_u32()}"
        if shape == shapes.FUNC:
            func = int(self.read_u32())
            space = self.types_text.funcs
            self.callee(space[func] if func < len(space) else len(self.types_text.space))
            return " " + ids.funcs.reference(func)
        if shape == shapes.GLOBAL:
            return self.reference(ids.globals)
        if shape == shapes.MEMARG:
            return self.memarg(row)
        if shape == shapes.TYPE:
            return self.reference(ids.types)
        if shape == shapes.LABELS:
            count = self.read_labels()
            return "".join([f" {self.targets[i]}" for i in range(count + 1)])
        return self.rare_immediates(row, shape)

    def rare_immediates(self, row: i64, shape: i64) -> str:
        ids = self.ids
        if shape == shapes.F32:
            return " " + f32_text(self.raw(4))
        if shape == shapes.F64:
            return " " + f64_text(self.raw(8))
        if shape == shapes.CALL_INDIRECT:
            type_index = int(self.read_u32())
            self.callee(type_index)
            type_use = self.types_text.type_use(type_index)
            return self.optional(ids.tables) + " " + type_use
        if shape == shapes.TABLE:
            return self.optional(ids.tables)
        if shape == shapes.MEMORY:
            return self.optional(ids.memories)
        if shape == shapes.TAG:
            return self.reference(ids.tags)
        if shape == shapes.ELEM:
            return self.reference(ids.elems)
        if shape == shapes.DATA:
            return self.reference(ids.datas)
        if shape == shapes.MEMARG_LANE:
            return self.memarg(row) + f" {self.read_byte()}"
        if shape == shapes.LANE:
            return f" {self.read_byte()}"
        if shape == shapes.SHUFFLE:
            return "".join([f" {lane}" for lane in self.raw(16)])
        if shape == shapes.V128:
            return " i32x4" + "".join([f" {lane:#010x}" for lane in struct.unpack("<4I", self.raw(16))])
        if shape == shapes.MEMORY_DATA:
            data = self.reference(ids.datas)
            return self.optional(ids.memories) + data
        if shape == shapes.TABLE_ELEM:
            elem = self.reference(ids.elems)
            return self.optional(ids.tables) + elem
        if shape == shapes.MEMORY_MEMORY:
            return self.optional_pair(ids.memories)
        if shape == shapes.TABLE_TABLE:
            return self.optional_pair(ids.tables)
        return self.type_immediates(row, shape)

    def type_immediates(self, row: i64, shape: i64) -> str:
        ids = self.ids
        if shape == shapes.HEAP_TYPE:
            heap = self.read_heaptype()
            if self.rows.nullable[row]:
                return " " + self.ref_text(heap, True)
            return " " + self.types_text.heap_type(HeapType(heap & HEAP_MASK), heap & EXACT_BIT != 0)
        if shape == shapes.CAST:
            return " " + self.ref_text(self.read_heaptype(), False)
        if shape == shapes.CAST_BRANCH:
            flags = self.read_castflags()
            label = self.read_u32()
            source = self.ref_text(self.read_heaptype(), flags & 1 != 0)
            target = self.ref_text(self.read_heaptype(), flags & 2 != 0)
            return f" {label} {source} {target}"
        if shape == shapes.TYPE_FIELD:
            type_index = int(self.read_u32())
            fields = ids.fields.get(type_index, _NO_NAMES)
            return f" {ids.types.reference(type_index)} {fields.reference(int(self.read_u32()))}"
        if shape == shapes.TYPE_U32:
            return self.reference(ids.types) + f" {self.read_u32()}"
        if shape == shapes.TYPE_DATA:
            return self.reference(ids.types) + self.reference(ids.datas)
        if shape == shapes.TYPE_ELEM:
            return self.reference(ids.types) + self.reference(ids.elems)
        if shape == shapes.TYPE_TYPE:
            return self.reference(ids.types) + self.reference(ids.types)
        if shape == shapes.RESERVED:
            self.read_reserved()
            return ""
        # What is left of BLOCK_SHAPE: select with types.
        count = self.read_valtypes()
        types = " ".join([self.types_text.val_type(ValType(self.types[i])) for i in range(count)])
        return f" (result {types})" if types else " (result)"

    def block(self, opcode: i64) -> str:
        """Block type and, for try_table, handlers."""
        block_type = self.read_blocktype()
        text = ""
        if block_type >= 0:
            text = " " + self.types_text.type_use(int(block_type))
        elif block_type != BLOCK_EMPTY:
            text = f" (result {self.types_text.val_type(ValType(~block_type))})"
        if opcode == 0x1F:
            count = self.read_catches()
            for i in range(count):
                kind = self.clauses[HANDLER_WORDS * i]
                tag = self.clauses[HANDLER_WORDS * i + 1]
                tag_text = " " + self.ids.tags.reference(int(tag)) if tag >= 0 else ""
                text += f" ({_CATCH_WORDS[kind]}{tag_text} {self.clauses[HANDLER_WORDS * i + 2]})"
        return text

    def ref_text(self, heap: i64, nullable: bool) -> str:
        return self.types_text.ref_type(HeapType(heap & HEAP_MASK), heap & EXACT_BIT != 0, nullable)

    def reference(self, ids: Identifiers) -> str:
        return " " + ids.reference(int(self.read_u32()))

    def optional(self, ids: Identifiers) -> str:
        """An index that is 0 unless written."""
        index = int(self.read_u32())
        return " " + ids.reference(index) if index else ""

    def optional_pair(self, ids: Identifiers) -> str:
        first = int(self.read_u32())
        second = int(self.read_u32())
        return f" {ids.reference(first)} {ids.reference(second)}" if first or second else ""

    def memarg(self, row: i64) -> str:
        self.read_memarg()
        text = " " + self.ids.memories.reference(int(self.memory)) if self.memory else ""
        if self.offset:
            text += f" offset={int(self.offset) & 0xFFFF_FFFF_FFFF_FFFF}"
        if self.align != INSTRS[row].width.bit_length() - 1:
            text += f" align={2 ** int(self.align)}"
        return text

    def raw(self, count: i64) -> bytes:
        start = self.next
        if count > self.limit - start:
            raise self.unexpected_end()
        self.next = start + count
        return self.code[start : start + count]


def f32_text(data: bytes) -> str:
    """The shortest decimal that reads back as these bits (4 bytes)."""
    bits = int.from_bytes(data, "little")
    sign = "-" if bits >> 31 else ""
    if bits & 0x7F80_0000 == 0x7F80_0000:
        return sign + _special_text(bits & 0x7F_FFFF, 0x40_0000)
    value = struct.unpack("<f", (bits & 0x7FFF_FFFF).to_bytes(4, "little"))[0]
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        # From the midpoint above the largest f32 on, packing would overflow.
        if float(text) < 3.4028235677973366e38 and struct.pack("<f", float(text)) == struct.pack("<f", value):
            return sign + text
    return f"{sign}{value:.9g}"


def f64_text(data: bytes) -> str:
    """The shortest decimal that reads back as these bits (8 bytes)."""
    bits = int.from_bytes(data, "little")
    sign = "-" if bits >> 63 else ""
    exponent = 0x7FF << 52
    if bits & exponent == exponent:
        return sign + _special_text(bits & ((1 << 52) - 1), 1 << 51)
    return sign + repr(struct.unpack("<d", (bits & ((1 << 63) - 1)).to_bytes(8, "little"))[0])


def _special_text(fraction: int, quiet_bit: int) -> str:
    if fraction == 0:
        return "inf"
    return "nan" if fraction == quiet_bit else f"nan:{fraction:#x}"
