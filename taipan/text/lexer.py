"""Tokens of the text format: source bytes in, one token at a time out (spec: Text Format, Lexical Format).

The lexer keeps one current token in its attributes and at most one token of lookahead, so memory does not grow with
the source. It validates everything lexical (characters, string escapes, identifiers, comments, brackets of
annotations); what a number means is decided in `literals`, when the parser knows which type is wanted.

Annotations are white space, except those whose id is in `KEPT_ANNOTATIONS`: they are collected in `annotations`, and
the parser takes each one at the place it belongs to.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.errors import MalformedError
from taipan.text.keywords import keyword_ids

# Token kinds.
EOF: Final = 0
LPAR: Final = 1
RPAR: Final = 2
ID: Final = 3  # $name or $"name"
STRING: Final = 4
KEYWORD: Final = 5  # starts with a lower-case letter; `kw` says which, or -1
NUMBER: Final = 6  # starts with a digit or a sign
RESERVED: Final = 7  # any other run of characters; no production uses it

KEPT_ANNOTATIONS: Final = (b"custom", b"name", b"metadata.code.branch_hint")

# Character classes.
_ILLEGAL: Final = 0
_SPACE: Final = 1
_IDCHAR: Final = 2
_OPEN: Final = 3
_CLOSE: Final = 4
_QUOTE: Final = 5
_SEMICOLON: Final = 6
_PUNCTUATION: Final = 7

_IDCHARS: Final = (
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+-./:<=>?@\\^_`|~"  # spec: text-idchar
)


def _class_table() -> bytes:
    table = bytearray(256)
    for chars, char_class in (
        (b" \t\n\r", _SPACE),
        (_IDCHARS, _IDCHAR),
        (b"(", _OPEN),
        (b")", _CLOSE),
        (b'"', _QUOTE),
        (b";", _SEMICOLON),
        (b",[]{}", _PUNCTUATION),
    ):
        for char in chars:
            table[char] = char_class
    return bytes(table)


def _kind_table() -> bytes:
    """Kind of a run of idchars, by its first character."""
    table = bytearray([RESERVED] * 256)
    table[ord("$")] = ID
    for char in b"0123456789+-":
        table[char] = NUMBER
    for char in range(ord("a"), ord("z") + 1):
        table[char] = KEYWORD
    return bytes(table)


_CLASS: Final = _class_table()
_KIND: Final = _kind_table()
_HEX_DIGITS: Final = b"0123456789abcdefABCDEF"
_SIMPLE_ESCAPES: Final = b"tnr\"'\\"
_SIMPLE_ESCAPE_VALUES: Final = b"\t\n\r\"'\\"


@final
class Annotation:
    """One kept annotation. offset, stop: where it begins and ends; tokens: (kind, start, stop) of its contents."""

    __slots__ = ("name", "offset", "stop", "tokens")

    def __init__(self, name: bytes, offset: int) -> None:
        self.name: Final = name
        self.offset: Final = offset
        self.stop = offset
        self.tokens: list[tuple[int, int, int]] = []


def decode_source(source: str | bytes) -> bytes:
    """The source as UTF-8 bytes. Raises MalformedError where it is not text at all."""
    if isinstance(source, str):
        try:
            return source.encode()
        except UnicodeEncodeError as error:
            raise MalformedError(f"malformed UTF-8 encoding: surrogate at character {error.start}") from None
    data = bytes(source)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line, column = position(data, error.start)
        raise MalformedError(
            f"malformed UTF-8 encoding: byte {data[error.start]:#04x}", line=line, column=column
        ) from None
    return data


def position(source: bytes, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a byte offset. Columns count characters; CR LF is one line end."""
    before = source[:offset]
    lines = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")
    line_start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    return lines + 1, len(before[line_start:].decode(errors="replace")) + 1


@final
class Lexer:
    """Reads tokens from `source[start:end]`, which must be valid UTF-8 (see `decode_source`).

    kind, start, stop, kw: the current token; `kw` is meaningful for KEYWORD only.  prev_stop: where the token before
    it ended.  keep_annotations: whether kept annotations are recorded or skipped like the others.
    """

    __slots__ = (
        "annotations",
        "annotations_taken",
        "end",
        "in_annotation",
        "keep_annotations",
        "keywords",
        "kind",
        "kw",
        "next_kind",
        "next_kw",
        "next_start",
        "next_stop",
        "peeked",
        "pos",
        "prev_stop",
        "source",
        "start",
        "stop",
    )

    def __init__(self, source: bytes, start: int = 0, end: int = -1, keep_annotations: bool = False) -> None:
        self.source: bytes = source
        self.pos: i64 = start
        self.end: i64 = len(source) if end < 0 else end
        self.keep_annotations: bool = keep_annotations
        self.annotations: list[Annotation] = []
        self.annotations_taken: i64 = 0
        self.keywords: dict[bytes, int] = keyword_ids()
        self.kind: i64 = EOF
        self.start: i64 = start
        self.stop: i64 = start
        self.kw: i64 = -1
        self.prev_stop: i64 = start
        self.peeked: bool = False
        self.in_annotation: bool = False
        self.next_kind: i64 = EOF
        self.next_start: i64 = start
        self.next_stop: i64 = start
        self.next_kw: i64 = -1
        self._scan()

    # Moving.

    def advance(self) -> None:
        """Go to the next token."""
        self.prev_stop = self.stop
        if self.peeked:
            self.peeked = False
            self.kind = self.next_kind
            self.start = self.next_start
            self.stop = self.next_stop
            self.kw = self.next_kw
        else:
            self._scan()

    def peek_keyword(self) -> i64:
        """Keyword id of the token after the current one; -1 if that is no known keyword."""
        self._peek()
        return self.next_kw if self.next_kind == KEYWORD else -1

    def peek_kind(self) -> i64:
        """Kind of the token after the current one."""
        self._peek()
        return self.next_kind

    def _peek(self) -> None:
        if self.peeked:
            return
        kind, start, stop, kw = self.kind, self.start, self.stop, self.kw
        self._scan()
        self.next_kind, self.next_start, self.next_stop, self.next_kw = self.kind, self.start, self.stop, self.kw
        self.kind, self.start, self.stop, self.kw = kind, start, stop, kw
        self.peeked = True

    def seek(self, offset: i64) -> None:
        """Make the token that starts at or after `offset` the current one."""
        self.peeked = False
        self.annotations.clear()
        self.annotations_taken = 0
        self.pos = offset
        self.prev_stop = offset
        self.stop = offset
        self._scan()

    def skip_to_close(self, start: i64) -> i64:
        """Offset just after the `)` that closes the `(` at `start`; only brackets, strings and comments are looked at.

        Raises MalformedError if the source ends first. The current token does not change.
        """
        source = self.source
        end = self.end
        pos = start
        depth: i64 = 0
        while pos < end:
            char = source[pos]
            if char == 40:  # (
                if pos + 1 < end and source[pos + 1] == 59:
                    pos = self._skip_block_comment(pos)
                    continue
                depth += 1
            elif char == 41:  # )
                depth -= 1
                if depth == 0:
                    return pos + 1
            elif char == 34:  # "
                pos = self._skip_string(pos)
                continue
            elif char == 59:  # ;
                if pos + 1 < end and source[pos + 1] == 59:
                    pos = self._skip_line_comment(pos)
                    continue
            pos += 1
        raise self.error("unexpected token: missing )", start)

    def first_annotation(self) -> Annotation | None:
        """The first kept annotation before the current token that nobody took yet.

        Raises MalformedError if it stands before an earlier token: there was no place for it.
        """
        if not self.annotations:
            return None
        annotation = self.annotations[self.annotations_taken]
        if annotation.offset > self.start:
            return None
        if annotation.offset < self.prev_stop:
            raise self.error(f"misplaced @{annotation.name.decode()} annotation", annotation.offset)
        return annotation

    def at_annotation(self) -> bool:
        """Whether a kept annotation stands directly before the current token."""
        return self.first_annotation() is not None

    def drop_annotation(self) -> None:
        """Count the first annotation as taken."""
        self.annotations_taken += 1
        if self.annotations_taken == len(self.annotations):
            self.annotations.clear()
            self.annotations_taken = 0

    # Errors and token contents.

    def error(self, message: str, offset: i64) -> MalformedError:
        line, column = position(self.source, offset)
        return MalformedError(message, line=line, column=column)

    def unexpected(self, wanted: str) -> MalformedError:
        """The error of a parser that wanted something else than the current token."""
        known = self.kw >= 0 or self.text() in (b"inf", b"nan", b"nan:canonical", b"nan:arithmetic")
        if self.kind == RESERVED or (self.kind == KEYWORD and not known):
            return self.error(f"unknown operator {self.token_text()}: expected {wanted}", self.start)
        found = "end of text" if self.kind == EOF else self.token_text()
        return self.error(f"unexpected token {found}: expected {wanted}", self.start)

    def text(self) -> bytes:
        """The bytes of the current token."""
        return self.source[self.start : self.stop]

    def token_text(self) -> str:
        """The current token for an error message, shortened."""
        text = self.text().decode(errors="replace")
        return text if len(text) <= 40 else text[:37] + "..."

    def string_value(self) -> bytes:
        """The bytes that the current STRING stands for."""
        return unescape(self.source, self.start + 1, self.stop - 1)

    def id_value(self) -> bytes:
        """The name of the current ID, without `$` and quotes."""
        start = self.start + 1
        if self.source[start] != 34:
            return self.source[start : self.stop]
        return unescape(self.source, start + 1, self.stop - 1)

    # Scanning.

    def _scan(self) -> None:
        """Read one token at `pos` into the current token."""
        source = self.source
        end = self.end
        pos = self.pos
        while pos < end:
            char = source[pos]
            char_class = _CLASS[char]
            if char_class == _SPACE:
                pos += 1
            elif char_class == _IDCHAR:
                self.start = pos
                pos += 1
                while pos < end and _CLASS[source[pos]] == _IDCHAR:
                    pos += 1
                if pos < end and source[pos] == 34:
                    self._scan_mixed(pos)
                    return
                self.pos = pos
                self.stop = pos
                self.kind = _KIND[char]
                if self.kind == KEYWORD:
                    self.kw = self.keywords.get(source[self.start : pos], -1)
                elif self.kind == ID and pos == self.start + 1:
                    raise self.error("empty identifier: $ needs a name", self.start)
                return
            elif char_class == _OPEN:
                following = source[pos + 1] if pos + 1 < end else 0
                if following == 59:
                    pos = self._skip_block_comment(pos)
                elif following == 64 and not self.in_annotation:
                    pos = self._scan_annotation(pos)
                else:
                    self._single(LPAR, pos)
                    return
            elif char_class == _CLOSE:
                self._single(RPAR, pos)
                return
            elif char_class == _QUOTE:
                self.start = pos
                self._scan_mixed(pos)
                return
            elif char_class == _SEMICOLON and pos + 1 < end and source[pos + 1] == 59:
                pos = self._skip_line_comment(pos)
            elif char_class == _ILLEGAL:
                raise self._illegal_character(pos)
            else:
                self._single(RESERVED, pos)
                return
        self.kind = EOF
        self.start = end
        self.stop = end
        self.pos = end

    def _single(self, kind: i64, pos: i64) -> None:
        self.kind = kind
        self.start = pos
        self.stop = pos + 1
        self.pos = pos + 1

    def _scan_mixed(self, pos: i64) -> None:
        """The rest of a run of idchars and strings; `pos` is at the first quote, `start` at the run's start."""
        source = self.source
        end = self.end
        strings = 0
        first_quote = pos
        last_stop = pos
        while pos < end:
            char_class = _CLASS[source[pos]]
            if char_class == _QUOTE:
                pos = self._scan_string(pos)
                last_stop = pos
                strings += 1
            elif char_class == _IDCHAR:
                pos += 1
            else:
                break
        self.pos = pos
        self.stop = pos
        self.kind = RESERVED
        if strings == 1 and last_stop == pos:
            if first_quote == self.start:
                self.kind = STRING
            elif first_quote == self.start + 1 and source[self.start] == 36:
                self._check_quoted_id(first_quote, pos)
                self.kind = ID

    def _check_quoted_id(self, quote: i64, stop: i64) -> None:
        name = unescape(self.source, quote + 1, stop - 1)
        if not name:
            raise self.error('empty identifier: $"" needs a name', self.start)
        if not is_utf8(name):
            raise self.error("malformed UTF-8 encoding: quoted identifier", self.start)

    def _scan_string(self, pos: i64) -> i64:
        """Offset after the string whose opening quote is at `pos`; checks characters and escapes."""
        source = self.source
        end = self.end
        start = pos
        pos += 1
        while pos < end:
            char = source[pos]
            if char == 34:
                return pos + 1
            if char == 92:
                pos = self._scan_escape(pos)
            elif char < 32 or char == 127:
                raise self._bad_string(start, pos)
            else:
                pos += 1
        raise self.error("unclosed string", start)

    def _bad_string(self, start: i64, pos: i64) -> MalformedError:
        char = self.source[pos]
        if start > 0 and char in b"\n\t":
            # The suite counts `$` and `(@` before a broken string as ids without a name.
            if self.source[start - 1] == 36:
                return self.error("empty identifier: control character in a quoted name", start)
            if self.source[start - 1] == 64:
                return self.error("empty annotation id: control character in a quoted name", start)
        if char in b"\n\r":
            return self.error("unclosed string: it must end on its own line", start)
        return self.error(f"illegal character: control character {char:#04x} in a string", pos)

    def _scan_escape(self, pos: i64) -> i64:
        """Offset after the escape whose backslash is at `pos`. Spec: text-stringchar."""
        source = self.source
        end = self.end
        char = source[pos + 1] if pos + 1 < end else 0
        if char in _SIMPLE_ESCAPES:
            return pos + 2
        if char in _HEX_DIGITS and pos + 2 < end and source[pos + 2] in _HEX_DIGITS:
            return pos + 3
        if char == 117 and pos + 2 < end and source[pos + 2] == 123:  # \u{
            close = source.find(b"}", pos + 3, end)
            digits = source[pos + 3 : close] if close >= 0 else b""
            if is_hex_number(digits):
                value = int(digits, 16)
                if value < 0xD800 or 0xE000 <= value < 0x110000:
                    return close + 1
        raise self.error("illegal escape: in a string", pos)

    def _skip_string(self, pos: i64) -> i64:
        """Offset after the string at `pos`, without checking what is in it."""
        source = self.source
        end = self.end
        start = pos
        pos += 1
        while pos < end:
            char = source[pos]
            if char == 34:
                return pos + 1
            pos += 2 if char == 92 else 1
        raise self.error("unclosed string", start)

    def _skip_line_comment(self, pos: i64) -> i64:
        end = self.end
        newline: i64 = self.source.find(b"\n", pos, end)
        if newline < 0:
            newline = end
        carriage_return: i64 = self.source.find(b"\r", pos, newline)
        return newline if carriage_return < 0 else carriage_return

    def _skip_block_comment(self, pos: i64) -> i64:
        """Offset after the `;)` that closes the `(;` at `pos`; comments nest."""
        source = self.source
        last = self.end - 1
        start = pos
        depth: i64 = 0
        while pos < last:
            char = source[pos]
            if char == 40 and source[pos + 1] == 59:
                depth += 1
                pos += 2
            elif char == 59 and source[pos + 1] == 41:
                depth -= 1
                pos += 2
                if depth == 0:
                    return pos
            else:
                pos += 1
        raise self.error("unclosed comment", start)

    def _illegal_character(self, pos: i64) -> MalformedError:
        char = self.source[pos]
        shown = f"control character {char:#04x}" if char < 128 else "only strings and comments hold non-ASCII"
        return self.error(f"illegal character: {shown}", pos)

    # Annotations.

    def _scan_annotation(self, pos: i64) -> i64:
        """Offset after the annotation that starts at `pos`; records it if it is one of the kept ones.

        Inside, brackets must balance and tokens must be tokens; a `(@` there is only a bracket.
        """
        start = pos
        annotation = Annotation(self._annotation_id(pos), start)
        keep = self.keep_annotations and annotation.name in KEPT_ANNOTATIONS
        depth: i64 = 1
        self.in_annotation = True
        while depth > 0:
            self._scan()
            if self.kind == EOF:
                raise self.error("unclosed annotation", start)
            if self.kind == LPAR:
                depth += 1
            elif self.kind == RPAR:
                depth -= 1
            if keep and depth > 0:
                annotation.tokens.append((self.kind, self.start, self.stop))
        self.in_annotation = False
        if keep:
            annotation.stop = self.pos
            self.annotations.append(annotation)
        return self.pos

    def _annotation_id(self, pos: i64) -> bytes:
        """The id after `(@` at `pos`; sets `self.pos` after it."""
        source = self.source
        end = self.end
        first = pos + 2
        if first < end and source[first] == 34:
            stop = self._scan_string(first)
            name = unescape(source, first + 1, stop - 1)
            if not is_utf8(name):
                raise self.error("malformed UTF-8 encoding: annotation id", pos)
        else:
            stop = first
            while stop < end and _CLASS[source[stop]] == _IDCHAR:
                stop += 1
            name = source[first:stop]
        if not name:
            raise self.error("empty annotation id", pos)
        self.pos = stop
        return name


def unescape(source: bytes, start: i64, stop: i64) -> bytes:
    """Value of the string characters `source[start:stop]`, whose escapes have been checked."""
    text = source[start:stop]
    if b"\\" not in text:
        return text
    out = bytearray()
    pos = 0
    while True:
        backslash = text.find(b"\\", pos)
        if backslash < 0:
            out += text[pos:]
            return bytes(out)
        out += text[pos:backslash]
        char = text[backslash + 1]
        simple = _SIMPLE_ESCAPES.find(bytes((char,)))
        if simple >= 0:
            out.append(_SIMPLE_ESCAPE_VALUES[simple])
            pos = backslash + 2
        elif char == 117:  # \u{...}
            close = text.find(b"}", backslash)
            out += chr(int(text[backslash + 3 : close], 16)).encode()
            pos = close + 1
        else:
            out.append(int(text[backslash + 1 : backslash + 3], 16))
            pos = backslash + 3


def is_hex_number(text: bytes) -> bool:
    """Whether `text` is a `hexnum`: hexadecimal digits with single underscores between them."""
    if not text or text[0] == 95 or text[-1] == 95 or b"__" in text:
        return False
    return all(char in _HEX_DIGITS or char == 95 for char in text)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_plain_id(name: bytes) -> bool:
    """Whether `$name` needs no quotes."""
    return bool(name) and all(_CLASS[char] == _IDCHAR for char in name)
