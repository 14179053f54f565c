"""What sections are read with: counts, names, byte ranges and limits checked before anything is allocated."""

from __future__ import annotations

from typing import final

from mypy_extensions import i64

from taipan.features import Features
from taipan.limits import MAX_STRING_BYTES, too_many
from taipan.wasm.cursor import disabled_bits
from taipan.wasm.operands import Operands


@final
class Reader(Operands):
    """Reads sections of one module. features: those that are on.

    `limit` is the end of the module, not of the section: as the specification has it, a section's size is compared
    with its contents when they have been read.
    """

    def __init__(self, code: bytes, features: Features) -> None:
        self.code = code
        self.limit = len(code)
        self.disabled = disabled_bits(features)
        self.num_modules = 0  # read so far (module linking)

    def read_count(self, limit: int, what: str) -> i64:
        """The length of a list whose elements take at least a byte each.

        limit: the implementation's limit (`limits.py`), which raises UnsupportedError; what: the list's name.
        """
        count: i64 = self.read_u32()
        if count > self.limit - self.next:
            raise self.unexpected_end()
        if count > limit:
            raise too_many(what, count, limit)
        return count

    def read_length(self) -> i64:
        """A byte count that is in bounds."""
        at = self.next
        length: i64 = self.read_u32()
        if length > self.limit - self.next:
            raise self.malformed(f"length out of bounds: {length} bytes", at)
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
