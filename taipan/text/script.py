"""Scripts of the test suite, `.wast`: source in, a list of commands as plain data out.

Syntax: the reference interpreter's (module forms, `register`, actions, assertions, threads) and `assert_fuel`. Text
modules are not parsed here but kept as a range of the source, so that one bad module fails one command.
"""

from __future__ import annotations

from typing import Final

from taipan.features import Features
from taipan.text import keywords as kws
from taipan.text.lexer import EOF, ID, KEYWORD, LPAR, NUMBER, RPAR, STRING, Lexer, decode_source
from taipan.text.literals import OutOfRange, parse_float, parse_int, parse_unsigned
from taipan.text.parser import ModuleParser
from taipan.wasm.module import Module

# Kinds of module sources.
TEXT: Final = "text"
BINARY: Final = "binary"
QUOTE: Final = "quote"

ACTION_ASSERTIONS: Final = ("assert_return", "assert_trap", "assert_exhaustion", "assert_exception")
MODULE_ASSERTIONS: Final = (
    "assert_malformed",
    "assert_invalid",
    "assert_unlinkable",
    "assert_malformed_custom",
    "assert_invalid_custom",
)

_INT_CONSTS: Final = {b"i32.const": 32, b"i64.const": 64}
_FLOAT_CONSTS: Final = {b"f32.const": 32, b"f64.const": 64}
_NAN_PATTERNS: Final = (b"nan:canonical", b"nan:arithmetic")
_VECTOR_SHAPES: Final = {
    b"i8x16": (16, 8, False),
    b"i16x8": (8, 16, False),
    b"i32x4": (4, 32, False),
    b"i64x2": (2, 64, False),
    b"f32x4": (4, 32, True),
    b"f64x2": (2, 64, True),
}
_REFERENCES: Final = (
    b"ref.null",
    b"ref.func",
    b"ref.extern",
    b"ref.host",
    b"ref.any",
    b"ref.eq",
    b"ref.i31",
    b"ref.struct",
    b"ref.array",
    b"ref.exn",
)
_MAX_PATTERN_DEPTH: Final = 100


class ModuleSource:
    """A module of a script. kind: TEXT, BINARY or QUOTE; name: its identifier or None.

    data: the bytes of a binary module, the text of a quoted one, or the whole script, of which a text module's
    fields are `start` to `stop`, the closing bracket included.
    """

    __slots__ = ("data", "kind", "name", "start", "stop")

    def __init__(self, kind: str, name: str | None, data: bytes, start: int = 0, stop: int = 0) -> None:
        self.kind: Final = kind
        self.name: Final = name
        self.data: Final = data
        self.start: Final = start
        self.stop: Final = stop

    def text(self) -> bytes:
        """The module as a text of its own; not for binary modules."""
        if self.kind == TEXT:
            return b"(module " + self.data[self.start : self.stop]
        return self.data

    def parse(self, features: Features | None = None) -> Module:
        """Parse a text module in place, so that errors carry the script's lines. Raises MalformedError."""
        from taipan.text import parse

        if self.kind != TEXT:
            return parse(self.data, features)
        lexer = Lexer(self.data, self.start, self.stop, keep_annotations=True)
        parser = ModuleParser(lexer, features or Features())
        module = parser.parse()
        parser.types.close()
        return module


class Const:
    """A number. type: i32, i64, f32, f64 or v128; bits: its representation, unsigned."""

    __slots__ = ("bits", "type")

    def __init__(self, type: str, bits: int) -> None:
        self.type: Final = type
        self.bits: Final = bits

    def __repr__(self) -> str:
        return f"({self.type}.const {self.bits:#x})"


class NanPattern:
    """Any NaN of a kind. type: f32 or f64; kind: "nan:canonical" or "nan:arithmetic"."""

    __slots__ = ("kind", "type")

    def __init__(self, type: str, kind: str) -> None:
        self.type: Final = type
        self.kind: Final = kind

    def __repr__(self) -> str:
        return f"({self.type}.const {self.kind})"


class LanesPattern:
    """A vector of which some lanes are NaN patterns. lanes: lane 0 first."""

    __slots__ = ("lane_bits", "lanes")

    def __init__(self, lane_bits: int, lanes: list[Const | NanPattern]) -> None:
        self.lane_bits: Final = lane_bits
        self.lanes: Final = lanes

    def __repr__(self) -> str:
        return f"(v128.const {' '.join(map(repr, self.lanes))})"


class Reference:
    """A reference, or what a reference must be. kind: the word after `ref.`.

    payload: number of a host reference or index of a function, None for any; heap: heap type word of a null, or None.
    """

    __slots__ = ("heap", "kind", "payload")

    def __init__(self, kind: str, payload: int | None = None, heap: str | None = None) -> None:
        self.kind: Final = kind
        self.payload: Final = payload
        self.heap: Final = heap

    def __repr__(self) -> str:
        detail = self.heap if self.payload is None else self.payload
        return f"(ref.{self.kind})" if detail is None else f"(ref.{self.kind} {detail})"


class Either:
    """One of several patterns."""

    __slots__ = ("options",)

    def __init__(self, options: list[Pattern]) -> None:
        self.options: Final = options

    def __repr__(self) -> str:
        return f"(either {' '.join(map(repr, self.options))})"


Argument = Const | Reference
Pattern = Const | NanPattern | LanesPattern | Reference | Either


class Action:
    """`invoke` of an exported function (args is a list) or `get` of a global (args is None)."""

    __slots__ = ("args", "line", "module", "name")

    def __init__(self, line: int, module: str | None, name: str, args: list[Argument] | None) -> None:
        self.line: Final = line
        self.module: Final = module
        self.name: Final = name
        self.args: Final = args

    def __repr__(self) -> str:
        module = f" ${self.module}" if self.module is not None else ""
        if self.args is None:
            return f'(get{module} "{self.name}")'
        return f'(invoke{module} "{self.name}"{"".join(f" {arg!r}" for arg in self.args)})'


class DefineModule:
    """`(module ...)`; `definition`: only defined, not instantiated."""

    __slots__ = ("definition", "line", "source")

    def __init__(self, line: int, source: ModuleSource, definition: bool) -> None:
        self.line: Final = line
        self.source: Final = source
        self.definition: Final = definition


class InstantiateModule:
    """`(module instance $name? $module?)`."""

    __slots__ = ("line", "module", "name")

    def __init__(self, line: int, name: str | None, module: str | None) -> None:
        self.line: Final = line
        self.name: Final = name
        self.module: Final = module


class Register:
    """`(register "name" $module?)`."""

    __slots__ = ("line", "module", "name")

    def __init__(self, line: int, name: str, module: str | None) -> None:
        self.line: Final = line
        self.name: Final = name
        self.module: Final = module


class Perform:
    """An action on its own."""

    __slots__ = ("action", "line")

    def __init__(self, line: int, action: Action) -> None:
        self.line: Final = line
        self.action: Final = action


class AssertAction:
    """An assertion about an action. results: of assert_return; message: of the others."""

    __slots__ = ("action", "kind", "line", "message", "results")

    def __init__(self, line: int, kind: str, action: Action, results: list[Pattern], message: str) -> None:
        self.line: Final = line
        self.kind: Final = kind
        self.action: Final = action
        self.results: Final = results
        self.message: Final = message


class AssertModule:
    """An assertion about a module: one of MODULE_ASSERTIONS, or assert_trap and the like on instantiation."""

    __slots__ = ("kind", "line", "message", "source")

    def __init__(self, line: int, kind: str, source: ModuleSource, message: str) -> None:
        self.line: Final = line
        self.kind: Final = kind
        self.source: Final = source
        self.message: Final = message


class AssertFuel:
    """`(assert_fuel N (module ...))`: instantiation consumes N units of fuel."""

    __slots__ = ("fuel", "line", "source")

    def __init__(self, line: int, fuel: int, source: ModuleSource) -> None:
        self.line: Final = line
        self.fuel: Final = fuel
        self.source: Final = source


class Thread:
    """`(thread $name (shared (module $m))* command*)`."""

    __slots__ = ("commands", "line", "name", "shared")

    def __init__(self, line: int, name: str, shared: list[str], commands: list[Command]) -> None:
        self.line: Final = line
        self.name: Final = name
        self.shared: Final = shared
        self.commands: Final = commands


class Wait:
    """`(wait $thread)`."""

    __slots__ = ("line", "name")

    def __init__(self, line: int, name: str) -> None:
        self.line: Final = line
        self.name: Final = name


Command = (
    DefineModule | InstantiateModule | Register | Perform | AssertAction | AssertModule | AssertFuel | Thread | Wait
)


def parse_script(source: str | bytes) -> list[Command]:
    """The commands of a script. Raises MalformedError, with line and column, for syntax outside of modules."""
    return _ScriptParser(decode_source(source)).script()


class _ScriptParser:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lexer = Lexer(source)
        self.line = 1
        self.line_offset = 0

    # Commands.

    def script(self) -> list[Command]:
        lexer = self.lexer
        if lexer.kind == LPAR and self.is_inline_module():
            end = len(self.source)
            source = ModuleSource(TEXT, None, self.source + b")", lexer.start, end + 1)
            return [DefineModule(self.line_of(lexer.start), source, False)]
        commands: list[Command] = []
        while lexer.kind != EOF:
            commands.append(self.command(True))
        return commands

    def is_inline_module(self) -> bool:
        """Whether the script is just the fields of one module."""
        lexer = self.lexer
        if lexer.peek_kind() != KEYWORD:
            return False
        return kws.MODULE < lexer.next_kw < kws.INSTR_BASE

    def line_of(self, offset: int) -> int:
        """Line of an offset; offsets must not decrease from call to call."""
        between = self.source[self.line_offset : offset]
        self.line += between.count(b"\n") + between.count(b"\r") - between.count(b"\r\n")
        self.line_offset = offset
        return self.line

    def command(self, top_level: bool) -> Command:
        lexer = self.lexer
        start = lexer.start
        line = self.line_of(start)
        self.expect(LPAR, "(")
        word = self.keyword()
        if word == "module":
            return self.module_command(line, start)
        command: Command
        if word in ("invoke", "get"):
            command = Perform(line, self.action_rest(line, word))
        elif word == "register":
            command = Register(line, self.string(), self.optional_id())
        elif word in ACTION_ASSERTIONS:
            command = self.action_assertion(line, word)
        elif word in MODULE_ASSERTIONS:
            source = self.module_source()
            command = AssertModule(line, word, source, self.string())
        elif word == "assert_fuel":
            fuel = self.number(64)
            command = AssertFuel(line, fuel, self.module_source())
        elif word == "thread" and top_level:
            command = self.thread(line)
        elif word == "wait":
            command = Wait(line, self.identifier())
        else:
            raise lexer.error(f"unknown script command {word}", start)
        self.expect(RPAR, ")")
        return command

    def module_command(self, line: int, start: int) -> Command:
        """The current token follows `(module`."""
        lexer = self.lexer
        if lexer.kind == KEYWORD and lexer.text() == b"instance" and lexer.peek_kind() in (ID, RPAR):
            lexer.advance()
            name = self.optional_id()
            module = self.optional_id()
            self.expect(RPAR, ")")
            return InstantiateModule(line, name, module)
        definition = lexer.kind == KEYWORD and lexer.text() == b"definition"
        if definition:
            lexer.advance()
        return DefineModule(line, self.module_rest(start), definition)

    def module_source(self) -> ModuleSource:
        """A module in brackets."""
        start = self.lexer.start
        self.expect(LPAR, "(module")
        if self.keyword() != "module":
            raise self.lexer.error("unexpected token: expected (module", start)
        return self.module_rest(start)

    def module_rest(self, start: int) -> ModuleSource:
        """Everything after `(module`, whose bracket is at `start`, and after `definition`."""
        lexer = self.lexer
        fields_start = int(lexer.start)
        name = self.optional_id()
        if lexer.kind == KEYWORD and lexer.kw in (kws.BINARY, kws.QUOTE):
            kind = BINARY if lexer.kw == kws.BINARY else QUOTE
            separator = b"" if kind == BINARY else b" "
            lexer.advance()
            parts: list[bytes] = []
            while lexer.kind == STRING:
                parts.append(lexer.string_value())
                lexer.advance()
            self.expect(RPAR, "a string or )")
            return ModuleSource(kind, name, separator.join(parts))
        stop = lexer.skip_to_close(start)
        lexer.seek(stop)
        return ModuleSource(TEXT, name, self.source, fields_start, int(stop))

    def action_assertion(self, line: int, word: str) -> Command:
        lexer = self.lexer
        if word != "assert_return" and lexer.kind == LPAR and lexer.peek_keyword() == kws.MODULE:
            source = self.module_source()
            return AssertModule(line, word, source, self.string() if lexer.kind == STRING else "")
        self.expect(LPAR, "(")
        action = self.action_rest(line, self.keyword())
        self.expect(RPAR, ")")
        if word == "assert_return":
            results: list[Pattern] = []
            while lexer.kind == LPAR:
                results.append(self.pattern(0))
            return AssertAction(line, word, action, results, "")
        message = self.string() if lexer.kind == STRING or word != "assert_exception" else ""
        return AssertAction(line, word, action, [], message)

    def thread(self, line: int) -> Thread:
        lexer = self.lexer
        name = self.identifier()
        shared: list[str] = []
        while lexer.kind == LPAR and lexer.peek_keyword() == kws.SHARED:
            lexer.advance()
            lexer.advance()
            self.expect(LPAR, "(module")
            if self.keyword() != "module":
                raise lexer.unexpected("module")
            shared.append(self.identifier())
            self.expect(RPAR, ")")
            self.expect(RPAR, ")")
        commands: list[Command] = []
        while lexer.kind == LPAR:
            commands.append(self.command(False))
        return Thread(line, name, shared, commands)

    # Actions and values.

    def action_rest(self, line: int, word: str) -> Action:
        """An action after its first word."""
        if word not in ("invoke", "get"):
            raise self.lexer.error(f"unknown action {word}: expected invoke or get", self.lexer.prev_stop)
        module = self.optional_id()
        name = self.string()
        if word == "get":
            return Action(line, module, name, None)
        args: list[Argument] = []
        while self.lexer.kind == LPAR:
            start = self.lexer.start
            value = self.pattern(0)
            if not isinstance(value, Const | Reference):
                raise self.lexer.error("unexpected token: a pattern cannot be an argument", start)
            args.append(value)
        return Action(line, module, name, args)

    def pattern(self, depth: int) -> Pattern:
        """A constant or a result pattern in brackets."""
        lexer = self.lexer
        start = lexer.start
        self.expect(LPAR, "(")
        if lexer.kind != KEYWORD:
            raise lexer.unexpected("a constant")
        word = lexer.text()
        lexer.advance()
        result: Pattern
        if word in _INT_CONSTS:
            bits = _INT_CONSTS[word]
            result = Const(f"i{bits}", self.int_bits(bits))
        elif word in _FLOAT_CONSTS:
            result = self.float_pattern(_FLOAT_CONSTS[word])
        elif word == b"v128.const":
            result = self.vector()
        elif word in _REFERENCES:
            result = self.reference(word[4:].decode())
        elif word == b"either" and depth < _MAX_PATTERN_DEPTH:
            options: list[Pattern] = []
            while lexer.kind == LPAR:
                options.append(self.pattern(depth + 1))
            result = Either(options)
        else:
            raise lexer.error(f"unknown constant {word.decode()}", start)
        self.expect(RPAR, ")")
        return result

    def reference(self, kind: str) -> Reference:
        lexer = self.lexer
        if kind == "null":
            heap = None
            if lexer.kind in (KEYWORD, NUMBER, ID):
                heap = lexer.token_text()
                lexer.advance()
            return Reference(kind, None, heap)
        if lexer.kind == ID:
            lexer.advance()
            return Reference(kind)
        return Reference(kind, self.number(32) if lexer.kind == NUMBER else None)

    def vector(self) -> Const | LanesPattern:
        lexer = self.lexer
        vector_shape = _VECTOR_SHAPES.get(lexer.text())
        if vector_shape is None:
            raise lexer.unexpected("a vector shape")
        lexer.advance()
        count, bits, is_float = vector_shape
        lanes: list[Const | NanPattern] = []
        for _ in range(count):
            lanes.append(self.float_pattern(bits) if is_float else Const(f"i{bits}", self.int_bits(bits)))
        value = 0
        for index, lane in enumerate(lanes):
            if isinstance(lane, NanPattern):
                return LanesPattern(bits, lanes)
            value |= lane.bits << (index * bits)
        return Const("v128", value)

    def float_pattern(self, bits: int) -> Const | NanPattern:
        lexer = self.lexer
        text = lexer.text()
        if text in _NAN_PATTERNS:
            lexer.advance()
            return NanPattern(f"f{bits}", text.decode())
        try:
            value = parse_float(text, bits)
        except OutOfRange:
            raise lexer.error(f"constant out of range: {lexer.token_text()}", lexer.start) from None
        if value is None:
            raise lexer.unexpected(f"an f{bits} constant")
        lexer.advance()
        return Const(f"f{bits}", value)

    def int_bits(self, bits: int) -> int:
        lexer = self.lexer
        try:
            value = parse_int(lexer.text(), bits)
        except OutOfRange:
            raise lexer.error(f"constant out of range: {lexer.token_text()}", lexer.start) from None
        if value is None:
            raise lexer.unexpected(f"an i{bits} constant")
        lexer.advance()
        return value & ((1 << bits) - 1)

    # Tokens.

    def expect(self, kind: int, wanted: str) -> None:
        if self.lexer.kind != kind:
            raise self.lexer.unexpected(wanted)
        self.lexer.advance()

    def keyword(self) -> str:
        lexer = self.lexer
        if lexer.kind != KEYWORD:
            raise lexer.unexpected("a word")
        word = lexer.text().decode()
        lexer.advance()
        return word

    def string(self) -> str:
        lexer = self.lexer
        if lexer.kind != STRING:
            raise lexer.unexpected("a string")
        value = lexer.string_value()
        lexer.advance()
        return value.decode(errors="surrogateescape")

    def identifier(self) -> str:
        name = self.optional_id()
        if name is None:
            raise self.lexer.unexpected("an identifier")
        return name

    def optional_id(self) -> str | None:
        lexer = self.lexer
        if lexer.kind != ID:
            return None
        name = lexer.id_value().decode()
        lexer.advance()
        return name

    def number(self, bits: int) -> int:
        lexer = self.lexer
        try:
            value = parse_unsigned(lexer.text(), bits)
        except OutOfRange:
            raise lexer.error(f"constant out of range: {lexer.token_text()}", lexer.start) from None
        if value is None:
            raise lexer.unexpected("a number")
        lexer.advance()
        return value
