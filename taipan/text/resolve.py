"""Index spaces: identifiers to indices, and the names that end up in the name section.

The parser goes over the source twice. The first pass declares every identifier (`declare`), so that the second can
resolve references in both directions. A `@name` annotation overrides the name, not the identifier.

With module linking an index may also be written as an inline alias, `(func $i "name")`. `parse_linking` finds those
before what they are in is parsed, and leaves the index of each here.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.text.annotations import read_name
from taipan.text.lexer import ID, LPAR, NUMBER, RPAR, Lexer
from taipan.text.literals import OutOfRange, parse_unsigned


@final
class IndexSpace:
    """One index space of a module, function or struct type.

    kind: the word for messages, as the suite has it ("func", "local").  count: items declared so far.
    aliases: index of each inline alias, by the offset of its bracket; None where there can be none.
    """

    __slots__ = ("aliases", "count", "ids", "kind", "names")

    def __init__(self, kind: str) -> None:
        self.kind: Final = kind
        self.count: i64 = 0
        self.ids: dict[bytes, int] = {}
        self.names: dict[int, bytes] = {}
        self.aliases: dict[int, int] | None = None

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
            if self.at_alias(lexer):
                return self.resolve_alias(lexer)
            raise lexer.unexpected(f"{self.kind} index")
        found = self.ids.get(lexer.id_value(), -1)
        if found < 0:
            raise lexer.error(f"unknown {self.kind} {lexer.token_text()}", lexer.start)
        lexer.advance()
        return found

    def at_index(self, lexer: Lexer) -> bool:
        """Whether an index comes next."""
        return lexer.kind == NUMBER or lexer.kind == ID or self.at_alias(lexer)

    def at_alias(self, lexer: Lexer) -> bool:
        """Whether an inline alias into this space comes next."""
        return self.aliases is not None and lexer.kind == LPAR and lexer.start in self.aliases

    def resolve_alias(self, lexer: Lexer) -> i64:
        """The index of the inline alias at the current token; steps over it."""
        assert self.aliases is not None
        index = self.aliases[lexer.start]
        while lexer.kind != RPAR:
            lexer.advance()
        lexer.advance()
        return index


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
    """The index spaces of one module. modules, instances: with module linking."""

    __slots__ = (
        "datas",
        "elems",
        "fields",
        "funcs",
        "globals",
        "instances",
        "memories",
        "modules",
        "tables",
        "tags",
        "types",
    )

    def __init__(self) -> None:
        self.types: Final = IndexSpace("type")
        self.funcs: Final = IndexSpace("func")
        self.tables: Final = IndexSpace("table")
        self.memories: Final = IndexSpace("memory")
        self.globals: Final = IndexSpace("global")
        self.tags: Final = IndexSpace("tag")
        self.elems: Final = IndexSpace("elem segment")
        self.datas: Final = IndexSpace("data segment")
        self.modules: Final = IndexSpace("module")
        self.instances: Final = IndexSpace("instance")
        self.fields: Final[dict[int, IndexSpace]] = {}
