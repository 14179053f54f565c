"""Tokens, positions and lexical errors."""

from __future__ import annotations

import pytest

from taipan.errors import MalformedError
from taipan.text import lexer
from taipan.text.lexer import Lexer, decode_source, position

KINDS = {
    lexer.LPAR: "(",
    lexer.RPAR: ")",
    lexer.ID: "id",
    lexer.STRING: "string",
    lexer.KEYWORD: "word",
    lexer.NUMBER: "number",
    lexer.RESERVED: "reserved",
}


def tokens(source: str) -> list[tuple[str, str]]:
    reader = Lexer(decode_source(source))
    found = []
    while reader.kind != lexer.EOF:
        found.append((KINDS[int(reader.kind)], reader.text().decode()))
        reader.advance()
    return found


def lex_error(source: str | bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        reader = Lexer(decode_source(source))
        while reader.kind != lexer.EOF:
            reader.advance()
    return caught.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(func $f)", [("(", "("), ("word", "func"), ("id", "$f"), (")", ")")]),
        ("br 0(nop)", [("word", "br"), ("number", "0"), ("(", "("), ("word", "nop"), (")", ")")]),
        ("a;;comment\rb", [("word", "a"), ("word", "b")]),
        ("a(;x(;y;)z;)b", [("word", "a"), ("word", "b")]),
        ('0$"l"', [("reserved", '0$"l"')]),
        ('"a""b"', [("reserved", '"a""b"')]),
        ('$"a b"', [("id", '$"a b"')]),
        ('x"a"', [("reserved", 'x"a"')]),
        ("a,b", [("word", "a"), ("reserved", ","), ("word", "b")]),
        ("+1 -x", [("number", "+1"), ("number", "-x")]),
        ('(@a (@) ")" ;;)\n) f', [("word", "f")]),
    ],
)
def test_tokens(source: str, expected: list[tuple[str, str]]) -> None:
    assert tokens(source) == expected


def test_quoted_and_plain_ids_are_the_same_name() -> None:
    names = set()
    reader = Lexer(decode_source(r'$AB $"AB" $"A\42" $"\u{41}B"'))
    while reader.kind != lexer.EOF:
        names.add(reader.id_value())
        reader.advance()
    assert names == {b"AB"}


@pytest.mark.parametrize(
    ("escaped", "value"),
    [
        (r"\t\n\r\"\'\\", b"\t\n\r\"'\\"),
        (r"\00\fF", b"\x00\xff"),
        (r"\u{1F_600}", "\U0001f600".encode()),
        ("é", b"\xc3\xa9"),
    ],
)
def test_string_values(escaped: str, value: bytes) -> None:
    assert Lexer(decode_source(f'"{escaped}"')).string_value() == value


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("é", "illegal character"),
        ("\x01", "illegal character"),
        ('"\x7f"', "illegal character"),
        ('"a', "unclosed string"),
        ('"a\n"', "unclosed string"),
        (r'"\x"', "illegal escape"),
        (r'"\u{d800}"', "illegal escape"),
        (r'"\u{110000}"', "illegal escape"),
        ("(; (; ;)", "unclosed comment"),
        ("$", "empty identifier"),
        ('$""', "empty identifier"),
        ("(@)", "empty annotation id"),
        ("(@a (", "unclosed annotation"),
        (b'"\xff"', "malformed UTF-8 encoding"),
        ("\ud800", "malformed UTF-8 encoding"),
    ],
)
def test_lexical_errors(source: str | bytes, phrase: str) -> None:
    assert str(lex_error(source)).startswith(phrase)


def test_errors_have_line_and_column_in_characters() -> None:
    error = lex_error('"é"\r\n  "ü" é')
    assert (error.line, error.column) == (2, 7)
    assert str(error).endswith("(line 2, column 7)")


def test_position_counts_every_kind_of_line_end_once() -> None:
    assert position(b"a\rb\nc\r\nd", 7) == (4, 1)


def test_lookahead_does_not_move() -> None:
    reader = Lexer(decode_source("(module $m"))
    assert reader.peek_kind() == lexer.KEYWORD
    assert reader.kind == lexer.LPAR
    reader.advance()
    reader.advance()
    assert reader.id_value() == b"m"


def test_skip_to_close_knows_strings_and_comments() -> None:
    source = decode_source(r'(a ")\"" (; ) ;) (b) ;; )' + "\n) rest")
    reader = Lexer(source)
    assert source[reader.skip_to_close(0) :] == b" rest"


def test_long_runs_of_annotations_and_comments_do_not_recurse() -> None:
    assert tokens("(@a)(;;) " * 50_000 + "x") == [("word", "x")]
    assert tokens("(;" * 50_000 + ";)" * 50_000 + "x") == [("word", "x")]
    assert tokens("(@a " + "(" * 50_000 + ")" * 50_000 + ") x") == [("word", "x")]
