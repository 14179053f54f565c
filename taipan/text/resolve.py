"""Index spaces: identifiers to indices, and the names that end up in the name section.

The parser goes over the source twice. The first pass declares every identifier (`declare`), so that the second can
resolve references in both directions. A `@name` annotation overrides the name, not the identifier.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.text.annotations import read_name
from taipan.text.lexer import ID, NUMBER, Lexer
from taipan.text.literals import OutOfRange, parse_unsigned


@final
class IndexSpace:
    """One index space of a module, function or struct type.

    kind: the word for messages, as the suite has it ("func", "local").  count: items declared so far.
    """

    __slots__ = ("count", "ids", "kind", "names")

    def __init__(self, kind: str) -> None:
        self.kind: Final = kind
        self.count: i64 = 0
        self.ids: dict[bytes, int] = {}
        self.names: dict[int, bytes] = {}

    def declare(self, lexer: Lexer) -> i64:
        """Take the optional identifier at the current token for the next item; its index."""
        index = self.count
        self.count = index + 1
        if lexer.kind == ID:
            self.bind(lexer, index)
        if lexer.annotations:
            self.take_name(lexer, index)
        return index

    def pass_over(self, lexer: Lexer, index: i64) -> None:
        """Step over the identifier of an item that the first pass declared; a `@name` after it takes effect."""
        if lexer.kind == ID:
            lexer.advance()
        if lexer.annotations:
            self.take_name(lexer, index)

    def take_name(self, lexer: Lexer, index: i64) -> None:
        name = read_name(lexer)
        if name is not None:
            self.names[index] = name

    def bind(self, lexer: Lexer, index: i64) -> None:
        """Give `index` the identifier that is the current token."""
        name = lexer.id_value()
        if name in self.ids:
            raise lexer.error(f"duplicate {self.kind} {lexer.token_text()}", lexer.start)
        self.ids[name] = index
        self.names[index] = name
        lexer.advance()

    def resolve(self, lexer: Lexer) -> i64:
        """The index that the current token, a number or an identifier, stands for. Numbers are not range-checked."""
        if lexer.kind == NUMBER:
            index = parse_index(lexer)
            lexer.advance()
            return index
        if lexer.kind != ID:
            raise lexer.unexpected(f"{self.kind} index")
        found = self.ids.get(lexer.id_value(), -1)
        if found < 0:
            raise lexer.error(f"unknown {self.kind} {lexer.token_text()}", lexer.start)
        lexer.advance()
        return found


def parse_index(lexer: Lexer) -> i64:
    """The current token as a u32."""
    try:
        value = parse_unsigned(lexer.text(), 32)
    except OutOfRange:
        raise lexer.error(f"i32 constant out of range: {lexer.token_text()}", lexer.start) from None
    if value is None:
        raise lexer.error(f"unknown operator {lexer.token_text()}: expected a number", lexer.start)
    return value


@final
class Spaces:
    """The index spaces of one module."""

    __slots__ = ("datas", "elems", "fields", "funcs", "globals", "memories", "tables", "tags", "types")

    def __init__(self) -> None:
        self.types: Final = IndexSpace("type")
        self.funcs: Final = IndexSpace("func")
        self.tables: Final = IndexSpace("table")
        self.memories: Final = IndexSpace("memory")
        self.globals: Final = IndexSpace("global")
        self.tags: Final = IndexSpace("tag")
        self.elems: Final = IndexSpace("elem segment")
        self.datas: Final = IndexSpace("data segment")
        self.fields: Final[dict[int, IndexSpace]] = {}
