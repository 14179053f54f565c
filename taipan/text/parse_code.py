"""Instructions of the text format: tokens to the binary encoding, plain and folded (spec: Text Format, Instructions).

The immediates of an instruction come from its row of the instruction table. Nothing recurses: blocks and folded
instructions that are open are entries of `frames`, so nesting is limited by memory alone. A folded instruction is
encoded when it is read and kept in `saved` until its operands are written.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter, write_i32_le, write_i64_le
from mypy_extensions import i32, i64, u8

from taipan.binary.encode import write_valtype
from taipan.binary.leb128 import write_s33, write_u32, write_u64
from taipan.errors import InvalidError, MalformedError
from taipan.text import keywords as kws
from taipan.text import shapes
from taipan.text.annotations import read_branch_hint, refuse_here
from taipan.text.assemble import write_heap_type
from taipan.text.lexer import EOF, ID, KEYWORD, LPAR, NUMBER, RPAR, Lexer
from taipan.text.literals import OutOfRange, parse_float, parse_int, parse_unsigned
from taipan.text.old_if import find_old_ifs
from taipan.text.parse_types import TypeParser
from taipan.text.resolve import IndexSpace, Spaces, parse_index
from taipan.text.shapes import tables
from taipan.wasm.instructions import INSTRS
from taipan.wasm.types import ValType, heap_of, is_exact, is_nullable

# Frames. Those up to _SEQUENCE hold a sequence of instructions, plain or folded; the others only brackets.
_BODY: Final = 0  # the expression as a whole; ends before the bracket that closes it
_FLAT_BLOCK: Final = 1  # block, loop, else, catch: ends with `end`
_FLAT_IF: Final = 2  # may go on with `else`
_FLAT_TRY: Final = 3  # may go on with `catch`, `catch_all`, `delegate`
_FLAT_CATCH: Final = 4  # may go on with `catch`, `catch_all`
_BLOCK: Final = 5  # (block ..., (loop ..., (try_table ...
_THEN: Final = 6  # (then ...
_ELSE: Final = 7  # (else ...
_DO: Final = 8  # (do ...
_CATCH: Final = 9  # (catch ..., (catch_all ...
_SEQUENCE: Final = 9
_PLAIN: Final = 10  # operands of a folded instruction, whose encoding waits in `saved`
_IF_CONDITION: Final = 11  # operands of `(if`, whose block type waits in `saved`
_IF_AFTER_THEN: Final = 12
_IF_AFTER_ELSE: Final = 13
_TRY_START: Final = 14
_TRY_CLAUSES: Final = 15  # after `(do ...)`
_TRY_CATCHES: Final = 16  # after a `(catch ...)`: no `(delegate` any more
_TRY_CAUGHT_ALL: Final = 17
_TRY_DELEGATED: Final = 18
_OLD_IF_THEN: Final = 19  # after the first arm of an `if` without `then`, see `old_if.py`
_OLD_IF_ELSE: Final = 20

_BLOCK_ENDS: Final = frozenset(
    {
        _BLOCK,
        _IF_AFTER_THEN,
        _IF_AFTER_ELSE,
        _OLD_IF_THEN,
        _OLD_IF_ELSE,
        _TRY_CLAUSES,
        _TRY_CATCHES,
        _TRY_CAUGHT_ALL,
    }
)
"""Frames whose closing bracket is the `end` of a block."""

_CATCH_KINDS: Final = {kws.CATCH: 0, kws.CATCH_REF: 1, kws.CATCH_ALL: 2, kws.CATCH_ALL_REF: 3}
_BLOCK_OPCODES: Final = {kws.BLOCK: 0x02, kws.LOOP: 0x03, kws.IF: 0x04, kws.TRY: 0x06, kws.TRY_TABLE: 0x1F}

# Vector shapes: (lanes, bits of a lane, whether float).
_VECTOR_SHAPES: Final[dict[int, tuple[int, int, bool]]] = {
    kws.I8X16: (16, 8, False),
    kws.I16X8: (8, 16, False),
    kws.I32X4: (4, 32, False),
    kws.I64X2: (2, 64, False),
    kws.F32X4: (4, 32, True),
    kws.F64X2: (2, 64, True),
}


@final
class CodeParser:
    """Parses expressions into `out`; one object serves all bodies of a module.

    locals: of the current function.  hints: (offset in `out`, value) of each branch hint of the current expression.
    label_names: number of a block in binary order -> its name.  uses_datas: whether an instruction named a data
    segment; in a body that makes the data count section necessary.
    """

    __slots__ = (
        "depth",
        "frames",
        "hint",
        "hints",
        "label_ids",
        "label_names",
        "label_of_id",
        "label_shadow",
        "labels_seen",
        "lexer",
        "locals",
        "old_ifs",
        "opcodes",
        "out",
        "saved",
        "saved_hints",
        "scratch",
        "shapes",
        "spaces",
        "text_end",
        "text_start",
        "types",
        "uses_datas",
    )

    def __init__(self, lexer: Lexer, spaces: Spaces, types: TypeParser) -> None:
        built = tables()
        self.lexer: Final = lexer
        self.spaces: Final = spaces
        self.types: Final = types
        self.shapes: Final = built.shapes
        self.opcodes: Final = built.opcodes
        self.out: BytesWriter = BytesWriter()
        self.scratch: Final = BytesWriter()
        self.locals: IndexSpace = IndexSpace("local")
        self.frames: list[int] = []
        self.saved: list[bytes] = []
        self.saved_hints: list[int] = []
        self.hint: i64 = -1
        self.hints: list[tuple[int, int]] = []
        # Open labels: identifier of each ("" for none), level of the innermost one of each identifier, and the level
        # that it hides.
        self.label_ids: list[bytes] = []
        self.label_of_id: dict[bytes, int] = {}
        self.label_shadow: list[int] = []
        self.depth: i64 = 0
        self.labels_seen: i64 = 0
        self.label_names: dict[int, bytes] = {}
        self.uses_datas: bool = False
        # Where the module is in the source.
        self.text_start: i64 = lexer.start
        self.text_end: i64 = lexer.end
        self.old_ifs: set[int] | None = None

    def begin(self, out: BytesWriter, local_space: IndexSpace) -> None:
        """Start an expression that goes to `out`; its label stack holds the label of the body."""
        self.out = out
        self.locals = local_space
        self.label_ids.clear()
        self.label_of_id.clear()
        self.label_shadow.clear()
        self.depth = 0
        self.hints = []
        self.label_names = {}
        self.push_label(b"")
        self.labels_seen = 0

    def expression(self) -> None:
        """Instructions up to the bracket that closes what they are in; writes no `end`."""
        self.frames.append(_BODY)
        self.run(False)
        self.frames.pop()

    def folded(self) -> None:
        """Exactly one folded instruction (spec: text-foldedinstr); writes no `end`."""
        self.frames.append(_BODY)
        self.run(True)
        self.frames.pop()

    def run(self, one: bool) -> None:
        """Parse until the current `_BODY` frame ends, or, with `one`, until its first folded instruction is over."""
        lexer = self.lexer
        frames = self.frames
        if one and lexer.kind != LPAR:
            raise lexer.unexpected("an instruction in brackets")
        while True:
            if lexer.annotations and lexer.at_annotation():
                self.annotation()
            kind = lexer.kind
            if kind == KEYWORD:
                if frames[-1] > _SEQUENCE:
                    raise lexer.unexpected("( or )")
                self.plain()
            elif kind == LPAR:
                lexer.advance()
                self.open()
                if one and frames[-1] == _BODY:
                    return
            elif kind == RPAR:
                if frames[-1] == _BODY:
                    return
                self.close()
                if one and frames[-1] == _BODY:
                    return
            else:
                raise self.unexpected_instruction()

    def annotation(self) -> None:
        """An annotation before an instruction: only branch hints belong there."""
        self.hint = read_branch_hint(self.lexer)
        refuse_here(self.lexer)
        if self.lexer.kind == RPAR:
            raise self.invalid_hint()

    def invalid_hint(self) -> InvalidError:
        return InvalidError("@metadata.code.branch_hint annotation: invalid target: only if and br_if take a hint")

    def unexpected_instruction(self) -> MalformedError:
        lexer = self.lexer
        if lexer.kind == EOF:
            return lexer.error("unexpected token: end of text in a function or expression", lexer.start)
        return lexer.unexpected("an instruction")

    # Plain instructions.

    def plain(self) -> None:
        """One plain instruction, or one of the words that structure blocks."""
        lexer = self.lexer
        kw = lexer.kw
        out = self.out
        if kw >= kws.INSTR_BASE:
            row = kw - kws.INSTR_BASE
            if self.hint >= 0:
                self.record_hint(row, self.hint)
            lexer.advance()
            self.instruction(row, out)
            return
        if kw == kws.SELECT:
            self.no_hint()
            lexer.advance()
            self.select(out)
            return
        if kw == kws.END:
            self.flat_end()
        elif kw in _BLOCK_OPCODES:
            self.flat_block(kw)
        elif kw == kws.ELSE and self.frames[-1] == _FLAT_IF:
            lexer.advance()
            self.check_label()
            self.frames[-1] = _FLAT_BLOCK
            out.append(0x05)
        elif self.frames[-1] in (_FLAT_TRY, _FLAT_CATCH) and kw in (kws.CATCH, kws.CATCH_ALL):
            lexer.advance()
            self.frames[-1] = _FLAT_CATCH if kw == kws.CATCH else _FLAT_BLOCK
            self.catch(kw)
        elif self.frames[-1] == _FLAT_TRY and kw == kws.DELEGATE:
            lexer.advance()
            self.frames.pop()
            self.pop_label()
            self.delegate()
        else:
            raise self.unexpected_instruction()
        self.no_hint()

    def flat_block(self, kw: i64) -> None:
        self.lexer.advance()
        label = self.label_id()
        block_type = self.block_type()
        if kw == kws.IF and self.hint >= 0:
            self.hints.append((len(self.out), int(self.hint)))
            self.hint = -1
        self.block_start(kw, block_type, label)
        self.frames.append(_FLAT_IF if kw == kws.IF else _FLAT_TRY if kw == kws.TRY else _FLAT_BLOCK)

    def block_start(self, kw: i64, block_type: bytes, label: bytes) -> None:
        """Write the opcode and block type, with the handlers of try_table, and open the label."""
        self.out.append(u8(_BLOCK_OPCODES[kw]))
        self.out.write(block_type)
        if kw == kws.TRY_TABLE:
            self.catch_clauses()
        self.push_label(label)

    def flat_end(self) -> None:
        frame = self.frames[-1]
        if frame < _FLAT_BLOCK or frame > _FLAT_CATCH:
            raise self.unexpected_instruction()
        self.lexer.advance()
        self.check_label()
        self.frames.pop()
        self.pop_label()
        self.out.append(0x0B)

    def catch(self, kw: i64) -> None:
        """Legacy exceptions: the opcode and tag of a handler."""
        if kw == kws.CATCH:
            self.out.append(0x07)
            write_u32(self.out, self.spaces.tags.resolve(self.lexer))
        else:
            self.out.append(0x19)

    def delegate(self) -> None:
        """Legacy exceptions: `delegate l`; the label of its own try is closed already."""
        self.out.append(0x18)
        write_u32(self.out, self.label())

    def catch_clauses(self) -> None:
        """The handlers of try_table; their labels count from outside of it."""
        types = self.types
        lexer = self.lexer
        clauses = BytesWriter()
        count: i64 = 0
        while lexer.kind == LPAR and lexer.peek_keyword() in _CATCH_KINDS:
            lexer.advance()
            kw = lexer.kw
            lexer.advance()
            clauses.append(u8(_CATCH_KINDS[kw]))
            if kw in (kws.CATCH, kws.CATCH_REF):
                write_u32(clauses, self.spaces.tags.resolve(lexer))
            write_u32(clauses, self.label())
            types.close()
            count += 1
        write_u32(self.out, count)
        self.out.write(clauses.getvalue())

    # Folded instructions.

    def open(self) -> None:
        """The current token follows a `(` in the innermost frame."""
        lexer = self.lexer
        frame = self.frames[-1]
        if lexer.kind != KEYWORD:
            raise self.unexpected_instruction()
        kw = lexer.kw
        if frame > _PLAIN:
            if frame == _IF_CONDITION and kw != kws.THEN:
                self.if_operand()
            elif frame == _OLD_IF_THEN:
                self.out.append(0x05)
                self.frames[-1] = _OLD_IF_ELSE
            else:
                self.open_clause(frame, kw)
                return
        if kw >= kws.INSTR_BASE or kw == kws.SELECT:
            self.open_plain(kw)
        elif kw == kws.IF:
            self.saved_hints.append(int(lexer.start))
            self.saved_hints.append(len(self.out))
            lexer.advance()
            label = self.label_id()
            self.saved.append(label)
            self.saved.append(self.block_type())
            self.saved_hints.append(self.hint)
            self.hint = -1
            self.frames.append(_IF_CONDITION)
        elif kw in _BLOCK_OPCODES:
            self.no_hint()
            lexer.advance()
            label = self.label_id()
            self.block_start(kw, self.block_type(), label)
            self.frames.append(_TRY_START if kw == kws.TRY else _BLOCK)
        else:
            raise self.unexpected_instruction()

    def if_operand(self) -> None:
        """A bracket in `(if` that is not `(then`: an operand, or the first arm of an `if` without `then`."""
        if self.saved_hints[-2] == len(self.out):
            return
        lexer = self.lexer
        old_ifs = self.old_ifs
        if old_ifs is None:
            old_ifs = self.old_ifs = find_old_ifs(lexer.source, self.text_start, self.text_end)
        if self.saved_hints[-3] in old_ifs:
            self.folded_if()
            self.frames[-1] = _OLD_IF_THEN

    def folded_if(self) -> None:
        """The operands of `(if` are written: write it and open its label."""
        block_type = self.saved.pop()
        label = self.saved.pop()
        hint = self.saved_hints.pop()
        if hint >= 0:
            self.hints.append((len(self.out), hint))
        del self.saved_hints[-2:]
        self.block_start(kws.IF, block_type, label)

    def open_plain(self, kw: i64) -> None:
        """`(op immediates`: written at once if `)` follows, else kept until the operands are written."""
        lexer = self.lexer
        row = kw - kws.INSTR_BASE
        hint = self.hint
        self.hint = -1
        if kw != kws.SELECT:
            lexer.advance()
            if self.shapes[row] == shapes.NONE:
                encoded = self.opcodes[row]
            else:
                self.instruction(row, self.scratch)
                encoded = self.scratch.getvalue()
                self.scratch.truncate(0)
        else:
            lexer.advance()
            self.select(self.scratch)
            encoded = self.scratch.getvalue()
            self.scratch.truncate(0)
        if lexer.kind == RPAR and not lexer.annotations:
            if hint >= 0:
                self.record_hint(row, hint)
            self.out.write(encoded)
            lexer.advance()
            return
        if hint >= 0 and row != tables().br_if:
            raise self.invalid_hint()
        self.saved.append(encoded)
        self.saved_hints.append(hint)
        self.frames.append(_PLAIN)

    def open_clause(self, frame: i64, kw: i64) -> None:
        """`(then`, `(else`, `(do`, `(catch`, `(catch_all`, `(delegate` where they belong."""
        lexer = self.lexer
        frames = self.frames
        out = self.out
        self.no_hint()
        lexer.advance()
        if kw == kws.THEN and frame == _IF_CONDITION:
            self.folded_if()
            frames[-1] = _IF_AFTER_THEN
            frames.append(_THEN)
        elif kw == kws.ELSE and frame == _IF_AFTER_THEN:
            out.append(0x05)
            frames[-1] = _IF_AFTER_ELSE
            frames.append(_ELSE)
        elif kw == kws.DO and frame == _TRY_START:
            frames[-1] = _TRY_CLAUSES
            frames.append(_DO)
        elif kw == kws.CATCH and frame in (_TRY_CLAUSES, _TRY_CATCHES):
            self.catch(kw)
            frames[-1] = _TRY_CATCHES
            frames.append(_CATCH)
        elif kw == kws.CATCH_ALL and frame in (_TRY_CLAUSES, _TRY_CATCHES):
            self.catch(kw)
            frames[-1] = _TRY_CAUGHT_ALL
            frames.append(_CATCH)
        elif kw == kws.DELEGATE and frame == _TRY_CLAUSES:
            self.pop_label()
            self.delegate()
            frames[-1] = _TRY_DELEGATED
            self.types.close()
        else:
            raise lexer.error("unexpected token: this clause has no place here", lexer.prev_stop)

    def close(self) -> None:
        """A `)` in a frame other than `_BODY`."""
        lexer = self.lexer
        frame = self.frames.pop()
        if frame == _PLAIN:
            hint = self.saved_hints.pop()
            if hint >= 0:
                self.hints.append((len(self.out), hint))
            self.out.write(self.saved.pop())
        elif frame in _BLOCK_ENDS:
            self.pop_label()
            self.out.append(0x0B)
        elif frame in (_THEN, _ELSE, _DO, _CATCH, _TRY_DELEGATED):
            pass
        elif frame == _IF_CONDITION:
            raise lexer.error("unexpected token ): if needs (then ...)", lexer.start)
        elif frame == _TRY_START:
            raise lexer.error("unexpected token ): try needs (do ...)", lexer.start)
        else:
            raise lexer.error("unexpected token ): block needs end", lexer.start)
        lexer.advance()

    # Branch hints.

    def record_hint(self, row: i64, hint: i64) -> None:
        if row != tables().br_if:
            raise self.invalid_hint()
        self.hints.append((len(self.out), int(hint)))
        self.hint = -1

    def no_hint(self) -> None:
        if self.hint >= 0:
            raise self.invalid_hint()

    # Labels.

    def push_label(self, label: bytes) -> None:
        self.label_ids.append(label)
        if label:
            self.label_shadow.append(self.label_of_id.get(label, -1))
            self.label_of_id[label] = int(self.depth)
            self.label_names[int(self.labels_seen)] = label
        self.depth += 1
        self.labels_seen += 1

    def pop_label(self) -> None:
        label = self.label_ids.pop()
        self.depth -= 1
        if label:
            hidden = self.label_shadow.pop()
            if hidden >= 0:
                self.label_of_id[label] = hidden
            else:
                del self.label_of_id[label]

    def label_id(self) -> bytes:
        """The optional identifier of a block."""
        lexer = self.lexer
        if lexer.kind != ID:
            return b""
        label = lexer.id_value()
        lexer.advance()
        return label

    def check_label(self) -> None:
        """The optional identifier after `end` or `else` must be the block's."""
        lexer = self.lexer
        if lexer.kind == ID:
            if lexer.id_value() != self.label_ids[-1]:
                raise lexer.error(f"mismatching label {lexer.token_text()}", lexer.start)
            lexer.advance()

    def label(self) -> i64:
        """A label as the number of blocks between."""
        lexer = self.lexer
        if lexer.kind == ID:
            level = self.label_of_id.get(lexer.id_value(), -1)
            if level < 0:
                raise lexer.error(f"unknown label {lexer.token_text()}", lexer.start)
            lexer.advance()
            return self.depth - 1 - level
        if lexer.kind != NUMBER:
            raise lexer.unexpected("label")
        index = parse_index(lexer)
        lexer.advance()
        return index

    # Immediates.

    def block_type(self) -> bytes:
        """A block type, encoded. Spec: text-blocktype."""
        lexer = self.lexer
        if lexer.kind != LPAR:
            return b"\x40"
        types = self.types
        writer = BytesWriter()
        if not types.at_open(kws.TYPE):
            if types.at_open(kws.RESULT) or types.at_open(kws.PARAM):
                signature = types.func_signature(None)
            else:
                return b"\x40"
            if not signature.params and len(signature.results) <= 1:
                if not signature.results:
                    return b"\x40"
                write_valtype(writer, signature.results[0])
            else:
                write_s33(writer, types.intern(signature))
        else:
            write_s33(writer, types.type_use(None))
        return writer.getvalue()

    def select(self, out: BytesWriter) -> None:
        """`select` and its optional `(result t*)*`."""
        types = self.types
        if not types.at_open(kws.RESULT):
            out.append(0x1B)
            return
        results: list[ValType] = []
        while types.open(kws.RESULT):
            while types.at_val_type():
                results.append(types.val_type())
            types.close()
        out.append(0x1C)
        write_u32(out, len(results))
        for value_type in results:
            write_valtype(out, value_type)

    def instruction(self, row: i64, out: BytesWriter) -> None:
        """The opcode of a row and the immediates that follow in the text."""
        shape = self.shapes[row]
        if shape == shapes.CAST:
            self.cast(row, out)
            return
        if shape == shapes.BLOCK_SHAPE:
            raise self.unexpected_instruction()
        out.write(self.opcodes[row])
        if shape == shapes.NONE:
            return
        lexer = self.lexer
        spaces = self.spaces
        if shape == shapes.LOCAL:
            write_u32(out, self.locals.resolve(lexer))
        elif shape == shapes.I32:
            write_s33(out, self.integer(32))
        elif shape == shapes.LABEL:
            write_u32(out, self.label())
        elif shape == shapes.FUNC:
            write_u32(out, spaces.funcs.resolve(lexer))
        elif shape == shapes.MEMARG:
            self.memarg(row, out)
        elif shape == shapes.GLOBAL:
            write_u32(out, spaces.globals.resolve(lexer))
        elif shape == shapes.I64:
            write_s33(out, self.integer(64))
        elif shape == shapes.F32:
            write_i32_le(out, i32(self.float_bits(32)))
        elif shape == shapes.F64:
            write_i64_le(out, self.float_bits(64))
        elif shape == shapes.LABELS:
            self.labels(out)
        elif shape == shapes.CALL_INDIRECT:
            table = self.optional(spaces.tables)
            write_u32(out, self.types.type_use(None))
            write_u32(out, table)
        elif shape == shapes.TYPE:
            write_u32(out, spaces.types.resolve(lexer))
        else:
            self.rare_immediates(row, shape, out)

    def rare_immediates(self, row: i64, shape: i64, out: BytesWriter) -> None:
        lexer = self.lexer
        spaces = self.spaces
        if shape == shapes.TABLE:
            write_u32(out, self.optional(spaces.tables))
        elif shape == shapes.MEMORY:
            write_u32(out, self.optional(spaces.memories))
        elif shape == shapes.TAG:
            write_u32(out, spaces.tags.resolve(lexer))
        elif shape == shapes.ELEM:
            write_u32(out, spaces.elems.resolve(lexer))
        elif shape == shapes.DATA:
            self.data(out)
        elif shape == shapes.MEMARG_LANE:
            self.memarg_lane(row, out)
        elif shape == shapes.V128:
            self.vector(out)
        elif shape == shapes.LANE:
            self.lane(out)
        elif shape == shapes.SHUFFLE:
            self.shuffle(out)
        elif shape == shapes.HEAP_TYPE:
            heap, exact = self.types.heap_type()
            write_heap_type(out, heap, exact)
        elif shape == shapes.TYPE_FIELD:
            self.field(out)
        elif shape == shapes.TYPE_U32:
            write_u32(out, spaces.types.resolve(lexer))
            write_u32(out, self.types.number(32))
        elif shape == shapes.TYPE_DATA:
            write_u32(out, spaces.types.resolve(lexer))
            self.data(out)
        elif shape == shapes.TYPE_ELEM:
            write_u32(out, spaces.types.resolve(lexer))
            write_u32(out, spaces.elems.resolve(lexer))
        elif shape == shapes.TYPE_TYPE:
            write_u32(out, spaces.types.resolve(lexer))
            write_u32(out, spaces.types.resolve(lexer))
        elif shape == shapes.MEMORY_DATA:
            memory = self.optional_before(spaces.memories)
            self.data(out)
            write_u32(out, memory)
        elif shape == shapes.TABLE_ELEM:
            table = self.optional_before(spaces.tables)
            write_u32(out, spaces.elems.resolve(lexer))
            write_u32(out, table)
        elif shape == shapes.MEMORY_MEMORY:
            self.optional_pair(spaces.memories, out)
        elif shape == shapes.TABLE_TABLE:
            self.optional_pair(spaces.tables, out)
        elif shape == shapes.CAST_BRANCH:
            self.cast_branch(out)
        else:
            out.append(0)  # shapes.RESERVED

    def optional(self, space: IndexSpace) -> i64:
        """An index that may be left out, meaning 0. Memories may be written `(memory x)`, as they once were."""
        if space.at_index(self.lexer):
            return space.resolve(self.lexer)
        if self.lexer.kind == LPAR and space is self.spaces.memories and self.types.open(kws.MEMORY):
            index = space.resolve(self.lexer)
            self.types.close()
            return index
        return 0

    def optional_before(self, space: IndexSpace) -> i64:
        """As `optional`, where another index follows: the first is left out if there is only one."""
        lexer = self.lexer
        if (lexer.kind in (NUMBER, ID) and lexer.peek_kind() in (NUMBER, ID)) or space.at_alias(lexer):
            return space.resolve(lexer)
        return 0

    def optional_pair(self, space: IndexSpace, out: BytesWriter) -> None:
        """Two indices or none."""
        first: i64 = 0
        second: i64 = 0
        if space.at_index(self.lexer):
            first = space.resolve(self.lexer)
            second = space.resolve(self.lexer)
        write_u32(out, first)
        write_u32(out, second)

    def data(self, out: BytesWriter) -> None:
        self.uses_datas = True
        write_u32(out, self.spaces.datas.resolve(self.lexer))

    def field(self, out: BytesWriter) -> None:
        """A type and a field of it, whose identifier belongs to that type."""
        lexer = self.lexer
        type_index = self.spaces.types.resolve(lexer)
        write_u32(out, type_index)
        space = self.spaces.fields.get(type_index)
        if space is None:
            space = IndexSpace("field")
        write_u32(out, space.resolve(lexer))

    def labels(self, out: BytesWriter) -> None:
        """br_table's labels: at least one, the last is the default."""
        lexer = self.lexer
        targets = [self.label()]
        while lexer.kind in (NUMBER, ID):
            targets.append(self.label())
        write_u32(out, len(targets) - 1)
        for target in targets:
            write_u32(out, target)

    def cast(self, row: i64, out: BytesWriter) -> None:
        """ref.test, ref.cast and the like: the nullable form has the next opcode."""
        target = self.types.ref_type()
        out.write(self.opcodes[row + 1 if is_nullable(target) else row])
        write_heap_type(out, heap_of(target), is_exact(target))

    def cast_branch(self, out: BytesWriter) -> None:
        """A label and two reference types, encoded as flags, label and two heap types."""
        label = self.label()
        source = self.types.ref_type()
        target = self.types.ref_type()
        out.append((1 if is_nullable(source) else 0) | (2 if is_nullable(target) else 0))
        write_u32(out, label)
        write_heap_type(out, heap_of(source), is_exact(source))
        write_heap_type(out, heap_of(target), is_exact(target))

    # Numbers.

    def integer(self, bits: int) -> i64:
        """An integer constant as a signed value."""
        lexer = self.lexer
        if lexer.kind != NUMBER:
            raise lexer.unexpected(f"an i{bits} constant")
        try:
            value = parse_int(lexer.text(), bits)
        except OutOfRange:
            raise lexer.error(f"constant out of range: {lexer.token_text()} is no i{bits}", lexer.start) from None
        if value is None:
            raise lexer.error(f"unknown operator {lexer.token_text()}: expected an i{bits} constant", lexer.start)
        lexer.advance()
        return value

    def float_bits(self, bits: int) -> i64:
        """A float constant as the bits of its encoding, as a signed value of that width."""
        lexer = self.lexer
        if lexer.kind not in (NUMBER, KEYWORD):
            raise lexer.unexpected(f"an f{bits} constant")
        try:
            value = parse_float(lexer.text(), bits)
        except OutOfRange:
            raise lexer.error(f"constant out of range: {lexer.token_text()} is no f{bits}", lexer.start) from None
        if value is None:
            if lexer.kind == KEYWORD:
                raise lexer.unexpected(f"an f{bits} constant")
            raise lexer.error(f"unknown operator {lexer.token_text()}: expected an f{bits} constant", lexer.start)
        lexer.advance()
        return value - (1 << bits) if value >> (bits - 1) else value

    def lane_number(self, missing: str) -> i64:
        """A number below 256; whether the vector has that lane is checked by the validator."""
        lexer = self.lexer
        if lexer.kind != NUMBER:
            raise lexer.error(f"{missing}: expected a lane number", lexer.start)
        try:
            value = parse_unsigned(lexer.text(), 8)
        except OutOfRange:
            raise lexer.error(f"i8 constant out of range: lane {lexer.token_text()}", lexer.start) from None
        if value is None:
            signed = lexer.source[lexer.start] in b"+-"
            phrase = "unexpected token" if signed else "i8 constant out of range"
            raise lexer.error(f"{phrase}: {lexer.token_text()} is no lane number", lexer.start)
        lexer.advance()
        return value

    def lane(self, out: BytesWriter) -> None:
        out.append(u8(self.lane_number("unexpected token")))

    def shuffle(self, out: BytesWriter) -> None:
        for _ in range(16):
            out.append(u8(self.lane_number("invalid lane length")))
        if self.lexer.kind == NUMBER:
            raise self.lexer.error("invalid lane length: i8x16.shuffle takes 16 lane numbers", self.lexer.start)

    def vector(self, out: BytesWriter) -> None:
        """A vector shape and as many constants as it has lanes."""
        lexer = self.lexer
        vector_shape = _VECTOR_SHAPES.get(int(lexer.kw)) if lexer.kind == KEYWORD else None
        if vector_shape is None:
            raise lexer.unexpected("a vector shape")
        lexer.advance()
        lanes, bits, is_float = vector_shape
        value = 0
        for lane in range(lanes):
            if lexer.kind in (RPAR, LPAR, EOF) or (lexer.kind == KEYWORD and not is_float):
                raise lexer.error(f"wrong number of lane literals: expected {lanes}", lexer.start)
            bits_of_lane = self.float_bits(bits) if is_float else self.integer(bits)
            value |= (int(bits_of_lane) & ((1 << bits) - 1)) << (lane * bits)
        if lexer.kind == NUMBER:
            raise lexer.error(f"wrong number of lane literals: expected {lanes}", lexer.start)
        out.write(value.to_bytes(16, "little"))

    # Memory arguments.

    def memarg(self, row: i64, out: BytesWriter) -> None:
        self.write_memarg(row, self.optional(self.spaces.memories), out)

    def memarg_lane(self, row: i64, out: BytesWriter) -> None:
        """`memidx? offset? align? laneidx`: a lone number is the lane."""
        lexer = self.lexer
        memory: i64 = 0
        if self.spaces.memories.at_alias(lexer):
            memory = self.spaces.memories.resolve_alias(lexer)
        elif lexer.kind == ID or (lexer.kind == NUMBER and lexer.peek_kind() in (NUMBER, KEYWORD)):
            if lexer.kind == ID or lexer.peek_kind() == NUMBER or self.peek_memarg_word():
                memory = self.spaces.memories.resolve(lexer)
        self.write_memarg(row, memory, out)
        self.lane(out)

    def peek_memarg_word(self) -> bool:
        """Whether the next token is `offset=` or `align=`, and not the next instruction."""
        lexer = self.lexer
        text = lexer.source[lexer.next_start : lexer.next_stop]
        return text.startswith((b"offset=", b"align="))

    def write_memarg(self, row: i64, memory: i64, out: BytesWriter) -> None:
        lexer = self.lexer
        offset = 0
        alignment: i64 = INSTRS[row].width.bit_length() - 1
        if lexer.kind == KEYWORD and lexer.kw < 0:
            if lexer.text().startswith(b"offset="):
                offset = self.memarg_number(7)
            if lexer.kind == KEYWORD and lexer.kw < 0 and lexer.text().startswith(b"align="):
                start = lexer.start
                value = self.memarg_number(6)
                if value == 0 or value & (value - 1):
                    raise lexer.error(f"alignment must be a power of two: {value}", start)
                alignment = value.bit_length() - 1
        if memory:
            out.append(u8(alignment | 0x40))
            write_u32(out, memory)
        else:
            out.append(u8(alignment))
        write_u64(out, offset)

    def memarg_number(self, prefix: i64) -> int:
        """The number after the first `prefix` characters of the current token."""
        lexer = self.lexer
        try:
            value = parse_unsigned(lexer.source[lexer.start + prefix : lexer.stop], 64)
        except OutOfRange:
            raise lexer.error(f"i64 constant out of range: {lexer.token_text()}", lexer.start) from None
        if value is None:
            raise lexer.error(f"unknown operator {lexer.token_text()}", lexer.start)
        lexer.advance()
        return value
