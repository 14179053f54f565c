"""Finds the `(module binary "...")` forms of .wast files, for tests that need bytes and no text parser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ESCAPES = {"t": 9, "n": 10, "r": 13, '"': 34, "'": 39, "\\": 92}


class Case(NamedTuple):
    """command: `module`, `assert_malformed`, ...; phrase: the expected error's, if any."""

    place: str
    command: str
    data: bytes
    phrase: str


Token = str | bytes


def tokens(source: str) -> Iterator[tuple[int, Token]]:
    """(line, token): parentheses and words as str, strings as bytes."""
    i = 0
    line = 1
    while i < len(source):
        c = source[i]
        if c == "\n":
            line += 1
            i += 1
        elif c.isspace():
            i += 1
        elif source.startswith(";;", i):
            i = source.find("\n", i) % (len(source) + 1)
        elif source.startswith("(;", i):
            end, line = block_comment_end(source, i, line)
            i = end
        elif c == '"':
            data, i = string(source, i + 1)
            yield line, data
        elif c in "()":
            yield line, c
            i += 1
        else:
            start = i
            while i < len(source) and not source[i].isspace() and source[i] not in '()";':
                i += 1
            i = max(i, start + 1)
            yield line, source[start:i]


def block_comment_end(source: str, i: int, line: int) -> tuple[int, int]:
    depth = 0
    while True:
        if source.startswith("(;", i):
            depth += 1
            i += 2
        elif source.startswith(";)", i):
            depth -= 1
            i += 2
            if not depth:
                return i, line
        else:
            line += source[i] == "\n"
            i += 1


def string(source: str, i: int) -> tuple[bytes, int]:
    out = bytearray()
    while source[i] != '"':
        if source[i] != "\\":
            out += source[i].encode()
            i += 1
        elif source[i + 1] in ESCAPES:
            out.append(ESCAPES[source[i + 1]])
            i += 2
        elif source[i + 1] == "u":
            end = source.index("}", i)
            out += chr(int(source[i + 3 : end].replace("_", ""), 16)).encode()
            i = end + 1
        else:
            out.append(int(source[i + 1 : i + 3], 16))
            i += 3
    return bytes(out), i + 1


def cases(path: Path, root: Path) -> Iterator[Case]:
    """All binary modules among the commands of one script."""
    source = path.read_text(encoding="utf-8")
    if "binary" not in source:
        return
    depth = 0
    command: list[Token] = []
    start = 0
    for line, token in tokens(source):
        if token == "(":
            depth += 1
            if depth == 1:
                command, start = [], line
                continue
        elif token == ")":
            depth -= 1
            if depth == 0:
                case = binary_case(f"{path.relative_to(root)}:{start}", command)
                if case:
                    yield case
                continue
        command.append(token)


def binary_case(place: str, command: list[Token]) -> Case | None:
    kind = str(command[0])
    if kind != "module" and command[1:3] != ["(", "module"]:
        return None
    strings = [token for token in command if isinstance(token, bytes)]
    words = [token for token in command[:6] if isinstance(token, str) and not token.startswith("$")]
    if "binary" not in (words[1:3] if kind == "module" else words[3:5]):
        return None
    phrase = strings.pop().decode() if kind != "module" else ""
    return Case(place, kind, b"".join(strings), phrase)
