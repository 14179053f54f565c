"""A position in bytes, and the numbers and types that are read there (spec: Binary Format, Values and Types).

`Cursor` is the base of the visitor, which reads function bodies, and of the binary reader, which reads sections. Every
read starts at `next`, moves it, and raises `MalformedError` with the test suite's phrase. 64-bit numbers are *signed*
two's complement whatever they stand for, so that nothing here exceeds an i64.

Encodings of one integer, beyond those of `types.py`:

    heap type immediate   a `HeapType`, with EXACT_BIT if it is exact
    block type            a type index (>= 0), or `~t` for the shorthand of one result of value type t;
                          BLOCK_EMPTY, which is `~BOT`, for no result
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64, mypyc_attr

from taipan.errors import MalformedError
from taipan.features import DEFAULTS, Features
from taipan.wasm.types import ABSTRACT_BIT, EXACT_BIT, NULL_BIT, REF_BIT

BLOCK_EMPTY: Final = -1

FEATURE_BITS: Final[dict[str, int]] = {name: 2**i for i, name in enumerate(DEFAULTS)}
"""One bit per feature, for `Cursor.disabled`."""

V128_BIT: Final = FEATURE_BITS["simd"]
REFERENCE_TYPES_BIT: Final = FEATURE_BITS["reference-types"]
FUNCTION_REFERENCES_BIT: Final = FEATURE_BITS["function-references"]
GC_BIT: Final = FEATURE_BITS["gc"]
EXCEPTIONS_BIT: Final = FEATURE_BITS["exceptions"]
CUSTOM_DESCRIPTORS_BIT: Final = FEATURE_BITS["custom-descriptors"]
MODULE_LINKING_BIT: Final = FEATURE_BITS["module-linking"]


def disabled_bits(features: Features) -> int:
    """The bits of all features that are off: what `Cursor.disabled` holds."""
    return sum(bit for name, bit in FEATURE_BITS.items() if name not in features)


def feature_of_bit(bit: int) -> str:
    return next(name for name, known in FEATURE_BITS.items() if known == bit)


@mypyc_attr(allow_interpreted_subclasses=True)
class Cursor:
    """Reads `code[next:limit]`. disabled: `FEATURE_BITS` of the features that are off."""

    code: bytes = b""
    next: i64 = 0
    limit: i64 = 0
    disabled: i64 = 0

    def malformed(self, message: str, offset: i64) -> MalformedError:
        """The error to raise about the bytes at `offset`."""
        return MalformedError(message, offset)

    def unexpected_end(self) -> MalformedError:
        return self.malformed("unexpected end of section or function", self.limit)

    def need(self, bit: i64, what: str, offset: i64) -> None:
        """Raise MalformedError if the feature with this bit is off; what: the type that belongs to it."""
        if self.disabled & bit:
            raise self.malformed(f"malformed {what}: it needs the feature {feature_of_bit(bit)}", offset)

    # -- numbers ------------------------------------------------------------------------------------------------

    def read_byte(self) -> i64:
        at: i64 = self.next
        if at >= self.limit:
            raise self.unexpected_end()
        self.next = at + 1
        byte: i64 = self.code[at]
        return byte

    def read_u32(self) -> i64:
        at: i64 = self.next
        if at < self.limit:
            byte: i64 = self.code[at]
            if byte < 0x80:
                self.next = at + 1
                return byte
            if at + 1 < self.limit:  # sizes of bodies and indices of functions mostly have two bytes
                high: i64 = self.code[at + 1]
                if high < 0x80:
                    self.next = at + 2
                    return byte - 0x80 + (high << 7)
        return self._read_long(5, 0x0F)

    def read_u64(self) -> i64:
        """An unsigned number as signed i64: 2^64 - 1 is -1."""
        at: i64 = self.next
        if at < self.limit:
            byte: i64 = self.code[at]
            if byte < 0x80:
                self.next = at + 1
                return byte
        return self._read_long(10, 0x01)

    def _read_long(self, max_bytes: i64, last_mask: i64) -> i64:
        """An unsigned LEB128 number. last_mask: bits that the last of `max_bytes` bytes may have."""
        code = self.code
        start: i64 = self.next
        limit: i64 = self.limit
        value: i64 = 0
        shift: i64 = 0
        count: i64 = 1
        while count <= max_bytes:
            at: i64 = start + count - 1
            if at >= limit:
                raise self.unexpected_end()
            byte: i64 = code[at]
            if count == max_bytes:
                if byte >= 0x80:
                    break
                if byte & ~last_mask:
                    raise self.malformed("integer too large", at)
            part: i64 = byte & 0x7F
            if shift == 63:
                part = -part  # bit 63 is the sign
            value = value | (part << shift)
            if byte < 0x80:
                self.next = at + 1
                return value
            shift += 7
            count += 1
        raise self.malformed("integer representation too long", start)

    def read_s32(self) -> i64:
        return self._read_signed(5, 0x78)

    def read_s33(self) -> i64:
        return self._read_signed(5, 0x70)

    def read_s64(self) -> i64:
        return self._read_signed(10, 0x7F)

    def _read_signed(self, max_bytes: i64, last_mask: i64) -> i64:
        """A signed LEB128 number. last_mask: bits of the last of `max_bytes` bytes that must all equal the sign."""
        code = self.code
        start: i64 = self.next
        limit: i64 = self.limit
        value: i64 = 0
        shift: i64 = 0
        count: i64 = 1
        while count <= max_bytes:
            at: i64 = start + count - 1
            if at >= limit:
                raise self.unexpected_end()
            byte: i64 = code[at]
            if count == max_bytes:
                if byte >= 0x80:
                    break
                if byte & last_mask and byte & last_mask != last_mask:
                    raise self.malformed("integer too large", at)
            self.next = at + 1
            if byte < 0x80:
                return value | ((byte - 0x80 if byte & 0x40 else byte) << shift)
            value = value | ((byte & 0x7F) << shift)
            shift += 7
            count += 1
        raise self.malformed("integer representation too long", start)

    # -- types --------------------------------------------------------------------------------------------------

    def read_heaptype(self, what: str = "heap type") -> i64:
        """A heap type, with EXACT_BIT if it is exact. what: the kind of type that an error message names."""
        at: i64 = self.next
        byte: i64 = self.read_byte()
        if 0x69 <= byte <= 0x74:
            self._need_abstract(byte, what, at)
            return ABSTRACT_BIT | byte
        if byte == 0x62:
            self.need(CUSTOM_DESCRIPTORS_BIT, what, at)
            if self.next < self.limit and 0x40 <= i64(self.code[self.next]) < 0x80:
                raise self.malformed(f"malformed {what}: only a type index can be exact", at)
            return self.read_u32() | EXACT_BIT
        if 0x40 <= byte < 0x80:
            raise self.malformed(f"malformed {what}: byte {byte:#04x}", at)
        self.need(FUNCTION_REFERENCES_BIT, what, at)
        self.next = at
        index: i64 = self.read_s33()
        if index < 0:
            raise self.malformed(f"malformed {what}: negative type index", at)
        return index

    def _need_abstract(self, byte: i64, what: str, at: i64) -> None:
        """Check that an abstract heap type's feature is on."""
        if not self.disabled:
            return
        if byte == 0x70 or byte == 0x6F:
            self.need(REFERENCE_TYPES_BIT, what, at)
        elif byte == 0x69 or byte == 0x74:
            self.need(EXCEPTIONS_BIT, what, at)
        else:
            self.need(GC_BIT, what, at)

    def read_reftype(self, what: str = "reference type") -> i64:
        at: i64 = self.next
        byte: i64 = self.read_byte()
        if 0x69 <= byte <= 0x74:
            if byte != 0x70:  # funcref was the element type of tables before there were reference types
                self._need_abstract(byte, what, at)
            return REF_BIT | NULL_BIT | ABSTRACT_BIT | byte
        if byte == 0x64:
            self.need(FUNCTION_REFERENCES_BIT, what, at)
            return REF_BIT | self.read_heaptype(what)
        if byte == 0x63:
            self.need(FUNCTION_REFERENCES_BIT, what, at)
            return REF_BIT | NULL_BIT | self.read_heaptype(what)
        raise self.malformed(f"malformed {what}: byte {byte:#04x}", at)

    def read_valtype(self, what: str = "value type") -> i64:
        at: i64 = self.next
        if at < self.limit:
            byte: i64 = self.code[at]
            if 0x7C <= byte <= 0x7F:
                self.next = at + 1
                return byte
            if byte == 0x7B:
                self.need(V128_BIT, what, at)
                self.next = at + 1
                return byte
            if byte == 0x70:
                self.need(REFERENCE_TYPES_BIT, what, at)
        return self.read_reftype(what)

    def read_blocktype(self) -> i64:
        """A block type; see the module's docstring."""
        at: i64 = self.next
        if at >= self.limit:
            raise self.unexpected_end()
        byte: i64 = self.code[at]
        if byte == 0x40:
            self.next = at + 1
            return BLOCK_EMPTY
        if 0x40 < byte < 0x80:
            return ~self.read_valtype("block type")
        index: i64 = self.read_s33()
        if index < 0:
            raise self.malformed("malformed block type: negative type index", at)
        return index
