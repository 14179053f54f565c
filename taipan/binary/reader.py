"""What sections are read with: counts, names, byte ranges and limits checked before anything is allocated."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from taipan.errors import MalformedError, UnsupportedError
from taipan.features import Features
from taipan.limits import MAX_STRING_BYTES
from taipan.wasm.cursor import disabled_bits
from taipan.wasm.operands import Operands


@final
class Reader(Operands):
    """Reads sections of one module. features: those that are on."""

    def __init__(self, code: bytes, features: Features) -> None:
        self.code = code
        self.limit = len(code)
        self.disabled = disabled_bits(features)

    def unexpected_end(self) -> MalformedError:
        if self.limit < len(self.code):
            return MalformedError("section size mismatch: contents are longer than the size says", self.limit)
        return MalformedError("unexpected end of section or function", self.limit)

    def read_count(self, limit: int, what: str) -> i64:
        """The length of a list whose elements take at least a byte each.

        limit: the implementation's limit (`limits.py`), which raises UnsupportedError; what: the list's name.
        """
        at = self.next
        count: i64 = self.read_u32()
        if count > self.limit - self.next:
            if self.limit - self.next == 0 or self.limit == len(self.code):
                raise self.malformed(f"unexpected end of section or function: {count} {what} do not fit", at)
            raise self.malformed(f"length out of bounds: {count} {what} do not fit", at)
        if count > limit:
            raise too_many(what, count, limit)
        return count

    def read_length(self) -> i64:
        """A byte count that is in bounds."""
        at = self.next
        length: i64 = self.read_u32()
        if length > self.limit - self.next:
            raise self.malformed(f"unexpected end of section or function: length {length} is out of bounds", at)
        return length

    def skip(self, length: i64) -> None:
        if length > self.limit - self.next:
            raise self.unexpected_end()
        self.next += length

    def read_name(self) -> str:
        """A UTF-8 string."""
        length: i64 = self.read_length()
        start = self.next
        if length > MAX_STRING_BYTES:
            raise too_many("bytes of a name", length, MAX_STRING_BYTES)
        self.next = start + length
        try:
            return self.code[start : start + length].decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.malformed("malformed UTF-8 encoding", start + error.start) from None


def too_many(what: str, count: i64, limit: int) -> UnsupportedError:
    return UnsupportedError(f"too many {what}: {count}; the implementation's limit is {limit}")
