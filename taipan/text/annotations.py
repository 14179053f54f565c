"""The annotations that mean something: `@custom`, `@name` and `@metadata.code.branch_hint`.

Spec: appendix "Custom Sections and Annotations", and the branch hinting proposal.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import MalformedError
from taipan.text.lexer import KEYWORD, LPAR, RPAR, STRING, Annotation, Lexer, is_utf8, unescape

BRANCH_HINT: Final = b"metadata.code.branch_hint"

# Section ids in the order in which the binary format has them, with their words in `@custom` placements.
SECTION_ORDER: Final = (1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11)
SECTION_WORDS: Final = (
    b"type",
    b"import",
    b"func",
    b"table",
    b"memory",
    b"tag",
    b"global",
    b"export",
    b"start",
    b"elem",
    b"datacount",
    b"code",
    b"data",
)
# Places of custom sections are numbers: before section i of SECTION_ORDER is 2i, after it 2i + 1.
PLACE_FIRST: Final = -1
PLACE_BEFORE_CODE: Final = 2 * 11
PLACE_NAMES: Final = 998  # the name section made from identifiers
PLACE_LAST: Final = 999


@final
class CustomAnnotation:
    """A `@custom`: name of the section, place (see above) and contents."""

    __slots__ = ("data", "name", "place")

    def __init__(self, name: str, place: int, data: bytes) -> None:
        self.name: Final = name
        self.place: Final = place
        self.data: Final = data


def at(lexer: Lexer, name: bytes) -> Annotation | None:
    """Take the annotation `name` that stands directly before the current token, if there is one."""
    annotation = lexer.first_annotation()
    if annotation is None or annotation.name != name:
        return None
    lexer.drop_annotation()
    return annotation


def refuse_here(lexer: Lexer) -> None:
    """Raise for an annotation before the current token: none belongs here."""
    annotation = lexer.first_annotation()
    if annotation is None:
        return
    if annotation.name == BRANCH_HINT:
        raise lexer.error("@metadata.code.branch_hint annotation: not in a function", annotation.offset)
    raise lexer.error(f"misplaced @{annotation.name.decode()} annotation", annotation.offset)


def read_name(lexer: Lexer) -> bytes | None:
    """The value of a `@name` before the current token."""
    annotation = at(lexer, b"name")
    if annotation is None:
        return None
    if len(annotation.tokens) != 1 or annotation.tokens[0][0] != STRING:
        raise lexer.error("@name annotation: expected one string", annotation.offset)
    value = _string(lexer, annotation.tokens[0])
    if not is_utf8(value):
        raise lexer.error("@name annotation: malformed UTF-8 encoding", annotation.offset)
    return value


def read_branch_hint(lexer: Lexer) -> int:
    """The value, 0 or 1, of a branch hint before the current token; -1 if there is none."""
    annotation = at(lexer, BRANCH_HINT)
    if annotation is None:
        return -1
    data = b"".join([_string(lexer, token) for token in annotation.tokens if token[0] == STRING])
    if len(annotation.tokens) != 1 or data not in (b"\x00", b"\x01"):
        raise lexer.error('@metadata.code.branch_hint annotation: expected "\\00" or "\\01"', annotation.offset)
    if at(lexer, BRANCH_HINT) is not None:
        raise lexer.error("@metadata.code.branch_hint annotation: duplicate annotation", annotation.offset)
    return data[0]


def read_custom(lexer: Lexer, annotation: Annotation) -> CustomAnnotation:
    """What a `@custom` says: a name, an optional place, strings."""
    tokens = annotation.tokens
    if not tokens or tokens[0][0] != STRING:
        raise _custom_error(lexer, annotation, "missing section name")
    name = _string(lexer, tokens[0])
    if not is_utf8(name):
        raise _custom_error(lexer, annotation, "malformed UTF-8 encoding")
    place = PLACE_LAST
    index = 1
    if index < len(tokens) and tokens[index][0] == LPAR:
        place, index = _read_place(lexer, annotation)
    data = bytearray()
    for token in tokens[index:]:
        if token[0] != STRING:
            raise _custom_error(lexer, annotation, "unexpected token")
        data += _string(lexer, token)
    return CustomAnnotation(name.decode(), place, bytes(data))


def _read_place(lexer: Lexer, annotation: Annotation) -> tuple[int, int]:
    """The place in brackets after the name, and the number of the token after it."""
    tokens = annotation.tokens[2:]
    close = 0
    while close < len(tokens) and tokens[close][0] != RPAR:
        close += 1
    words = [lexer.source[start:stop] for kind, start, stop in tokens[:close] if kind == KEYWORD]
    if not words or words[0] not in (b"before", b"after"):
        raise _custom_error(lexer, annotation, "malformed placement")
    after = words[0] == b"after"
    if len(words) != 2 or close != 2:
        raise _custom_error(lexer, annotation, "malformed section kind")
    if words[1] == (b"last" if after else b"first"):
        return (PLACE_LAST if after else PLACE_FIRST), close + 3
    if words[1] not in SECTION_WORDS:
        raise _custom_error(lexer, annotation, "malformed section kind")
    return 2 * SECTION_WORDS.index(words[1]) + int(after), close + 3


def _custom_error(lexer: Lexer, annotation: Annotation, what: str) -> MalformedError:
    return lexer.error(f"@custom annotation: {what}", annotation.offset)


def _string(lexer: Lexer, token: tuple[int, int, int]) -> bytes:
    return unescape(lexer.source, token[1] + 1, token[2] - 1)
