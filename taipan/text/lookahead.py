"""What comes next in a text with module linking, found out without moving the parser's lexer or with one of its own."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.text import keywords as kws
from taipan.text.lexer import EOF, ID, KEYWORD, LPAR, NUMBER, RPAR, STRING, Lexer
from taipan.text.parse_types import ALL_KINDS

OUTER: Final = b"outer"


def lone_names(lexer: Lexer, keyword: i64, most: i64) -> bool:
    """Whether `( keyword "name" )` comes next, with one to `most` names."""
    if lexer.kind != LPAR or lexer.peek_keyword() != keyword:
        return False
    ahead = Lexer(lexer.source, lexer.start, lexer.end)
    ahead.advance()
    ahead.advance()
    count: i64 = 0
    while ahead.kind == STRING:
        ahead.advance()
        count += 1
    return ahead.kind == RPAR and 0 < count <= most


def at_link_type(ahead: Lexer) -> bool:
    """Whether `$id? (module` or `$id? (instance` comes next; moves on."""
    if ahead.kind == ID:
        ahead.advance()
    return ahead.kind == LPAR and ahead.peek_keyword() in (kws.MODULE, kws.INSTANCE)


def imported_inline(ahead: Lexer, kw: i64) -> bool:
    """Whether a field is an import. The current token follows its keyword; moves on."""
    if kw not in ALL_KINDS:
        return False
    if ahead.kind == ID:
        ahead.advance()
    while lone_names(ahead, kws.EXPORT, 1):
        ahead.seek(ahead.skip_to_close(ahead.start))
    if kw == kws.MODULE:
        return lone_names(ahead, kws.IMPORT, 2)
    return ahead.kind == LPAR and ahead.peek_keyword() == kws.IMPORT


def inline_aliases(source: bytes, start: i64, stop: i64) -> list[int]:
    """Offsets of `(kind $instance "name"`, `(type outer` and `(module outer` in a part of the source."""
    found: list[int] = []
    ahead = Lexer(source, start, stop)
    while ahead.kind != EOF:
        if ahead.kind != LPAR:
            ahead.advance()
            continue
        at = ahead.start
        ahead.advance()
        if ahead.kind != KEYWORD:
            continue
        kw = ahead.kw
        if kw == kws.TYPE or kw in ALL_KINDS:
            ahead.advance()
            if ahead.kind == KEYWORD and kw in (kws.TYPE, kws.MODULE) and ahead.text() == OUTER:
                found.append(int(at))
            elif kw != kws.TYPE and ahead.kind in (ID, NUMBER):
                ahead.advance()
                if ahead.kind == STRING:
                    found.append(int(at))
    return found


def identifier(lexer: Lexer, start: i64) -> bytes | None:
    """The identifier of the field at `start`."""
    ahead = Lexer(lexer.source, start, lexer.end)
    ahead.advance()
    ahead.advance()
    return ahead.id_value() if ahead.kind == ID else None
