"""Script constants to the API's Python values, and results against what a script expects.

Numbers are compared as bit patterns. Python floats are doubles: an f32 NaN whose quiet bit is clear does not survive
the conversion, so calls in which f32 NaNs matter go through an adapter (see `adapter.py`) that passes bits.
"""

from __future__ import annotations

import struct
from typing import Any, Final

from taipan.text.script import Argument, Const, Either, LanesPattern, NanPattern, Pattern, Reference

_QUIET_BIT: Final = {"f32": 1 << 22, "f64": 1 << 51}
_EXPONENT: Final = {"f32": 0xFF << 23, "f64": 0x7FF << 52}
_MAGNITUDE: Final = {"f32": (1 << 31) - 1, "f64": (1 << 63) - 1}


class HostReference:
    """The host object that `(ref.extern N)` or `(ref.host N)` stands for; equal by number."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number: Final = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostReference) and self.number == other.number

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        return f"(ref.extern {self.number})"


def to_python(value: Argument) -> Any:
    """The value that the API takes for an argument."""
    if isinstance(value, Reference):
        if value.kind == "null":
            return None
        if value.kind in ("extern", "host") and value.payload is not None:
            return HostReference(value.payload)
        raise ValueError(f"{value!r} cannot be an argument")
    if value.type == "f32":
        return struct.unpack("<f", value.bits.to_bytes(4, "little"))[0]
    if value.type == "f64":
        return struct.unpack("<d", value.bits.to_bytes(8, "little"))[0]
    if value.type == "v128":
        return value.bits
    return signed(value.bits, 32 if value.type == "i32" else 64)


def signed(bits: int, width: int) -> int:
    return bits - (1 << width) if bits >> (width - 1) else bits


def bits_of(type: str, value: Any) -> int | None:
    """The unsigned bit pattern of a number that the API returned, or None if it is no such number."""
    if type in ("f32", "f64"):
        if not isinstance(value, float):
            return None
        return int.from_bytes(struct.pack("<f" if type == "f32" else "<d", value), "little")
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value & ((1 << int(type[1:])) - 1)


def matches(pattern: Pattern, value: Any) -> bool:
    """Whether an API value is one that `pattern` allows."""
    if isinstance(pattern, Either):
        return any(matches(option, value) for option in pattern.options)
    if isinstance(pattern, Reference):
        return _matches_reference(pattern, value)
    if isinstance(pattern, LanesPattern):
        bits = bits_of("v128", value)
        return bits is not None and _matches_lanes(pattern, bits)
    bits = bits_of(pattern.type, value)
    return bits is not None and matches_bits(pattern, bits)


def matches_bits(pattern: Const | NanPattern, bits: int) -> bool:
    """Whether a number, as unsigned bits, is one that `pattern` allows."""
    if isinstance(pattern, Const):
        return pattern.bits == bits
    magnitude = bits & _MAGNITUDE[pattern.type]
    canonical = _EXPONENT[pattern.type] | _QUIET_BIT[pattern.type]
    if pattern.kind == "nan:canonical":
        return magnitude == canonical
    return magnitude & canonical == canonical


def _matches_lanes(pattern: LanesPattern, bits: int) -> bool:
    mask = (1 << pattern.lane_bits) - 1
    lanes = enumerate(pattern.lanes)
    return all(matches_bits(lane, bits >> (index * pattern.lane_bits) & mask) for index, lane in lanes)


def _matches_reference(pattern: Reference, value: Any) -> bool:
    if pattern.kind == "null":
        return value is None
    if value is None:
        return False
    if pattern.kind in ("extern", "host") and pattern.payload is not None:
        return bool(value == HostReference(pattern.payload))
    if pattern.kind == "func":
        from taipan import Func

        return isinstance(value, Func)
    # The kinds of internal references (i31, struct, ...) are told apart once the API has types for them.
    return True


def has_f32_nan(values: list[Argument] | list[Pattern]) -> bool:
    """Whether bits would be lost if these values passed through Python floats."""
    for value in values:
        if isinstance(value, NanPattern) and value.type == "f32":
            return True
        if isinstance(value, Const) and value.type == "f32" and value.bits & _MAGNITUDE["f32"] > _EXPONENT["f32"]:
            return True
        if isinstance(value, Either) and has_f32_nan(value.options):
            return True
    return False
