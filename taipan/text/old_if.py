"""The folded `if` of 2017, `(if condition arm arm?)`: no `then`, one instruction in brackets for each arm.

Only where its bracket closes can it be told from today's `(if operand* (then ...) (else ...)?)`. So the parser, which
never looks back, asks for all of them when it first meets an `if` that may be one; that is one more pass over the text.
"""

from __future__ import annotations

from mypy_extensions import i64

from taipan.text import keywords as kws
from taipan.text.lexer import EOF, KEYWORD, LPAR, RPAR, Lexer


def find_old_ifs(source: bytes, start: i64, end: i64) -> set[int]:
    """Offsets of the word `if` in all brackets that begin with it and hold no `(then`."""
    found: set[int] = set()
    opened: list[int] = []  # for each open bracket: where its `if` is, -1 without one or if it has seen `(then`
    lexer = Lexer(source, int(start), int(end))
    while lexer.kind != EOF:
        if lexer.kind == LPAR:
            lexer.advance()
            word: i64 = lexer.kw if lexer.kind == KEYWORD else -1
            if word == kws.THEN and opened:
                opened[-1] = -1
            opened.append(int(lexer.start) if word == kws.IF else -1)
        elif lexer.kind == RPAR:
            at = opened.pop() if opened else -1
            if at >= 0:
                found.add(at)
            lexer.advance()
        else:
            lexer.advance()
    return found
