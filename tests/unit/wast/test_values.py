"""Comparing results with what scripts expect: bit patterns, NaN classes, references."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest

from taipan.text.script import Const, Either, LanesPattern, NanPattern, Pattern, Reference
from taipan.wast.values import HostReference, bits_of, has_f32_nan, matches, matches_bits, to_python


def f64(bits: int) -> float:
    value: float = struct.unpack("<d", bits.to_bytes(8, "little"))[0]
    return value


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        (Const("i32", 0xFFFF_FFFF), -1),
        (Const("i64", 1 << 63), -(1 << 63)),
        (Const("f32", 0x3FC0_0000), 1.5),
        (Const("f64", 0x4004_0000_0000_0000), 2.5),
        (Const("v128", 1 << 127), 1 << 127),
        (Reference("null"), None),
        (Reference("extern", 3), HostReference(3)),
    ],
)
def test_arguments(constant: Const | Reference, value: Any) -> None:
    assert to_python(constant) == value


def test_negative_zero_is_an_argument_of_its_own() -> None:
    assert math.copysign(1, to_python(Const("f64", 1 << 63))) == -1


def test_a_function_cannot_be_an_argument() -> None:
    with pytest.raises(ValueError, match="cannot be an argument"):
        to_python(Reference("func"))


@pytest.mark.parametrize(
    ("pattern", "value", "same"),
    [
        (Const("i32", 0xFFFF_FFFF), -1, True),
        (Const("i32", 1), 2, False),
        (Const("i32", 1), 1.0, False),
        (Const("i32", 1), True, False),
        (Const("i32", 0), None, False),
        (Const("f64", 0), 0.0, True),
        (Const("f64", 0), -0.0, False),
        (Const("f64", 0), 0, False),
        (NanPattern("f64", "nan:canonical"), f64(0x7FF8 << 48), True),
        (NanPattern("f64", "nan:canonical"), f64(0xFFF8 << 48), True),
        (NanPattern("f64", "nan:canonical"), f64(0x7FF8 << 48 | 1), False),
        (NanPattern("f64", "nan:arithmetic"), f64(0x7FF8 << 48 | 1), True),
        (NanPattern("f64", "nan:arithmetic"), f64(0x7FF0 << 48 | 1), False),
        (NanPattern("f64", "nan:arithmetic"), math.inf, False),
        (NanPattern("f32", "nan:canonical"), math.nan, True),
        (Either([Const("i32", 1), Const("i32", 2)]), 2, True),
        (Either([Const("i32", 1), Const("i32", 2)]), 3, False),
        (Reference("null"), None, True),
        (Reference("null"), HostReference(0), False),
        (Reference("extern", 1), HostReference(1), True),
        (Reference("extern", 1), HostReference(2), False),
        (Reference("extern"), HostReference(2), True),
        (Reference("extern"), None, False),
    ],
)
def test_matches(pattern: Pattern, value: Any, same: bool) -> None:
    assert matches(pattern, value) is same


def test_vector_lanes() -> None:
    pattern = LanesPattern(32, [Const("f32", 1), NanPattern("f32", "nan:canonical"), Const("f32", 2), Const("f32", 3)])
    assert matches(pattern, 1 | 0x7FC0_0000 << 32 | 2 << 64 | 3 << 96)
    assert not matches(pattern, 1 | 0x7FC0_0001 << 32 | 2 << 64 | 3 << 96)
    assert not matches(pattern, 1 | 0x7FC0_0000 << 32 | 3 << 64 | 3 << 96)


def test_signalling_nans_are_compared_as_bits() -> None:
    assert matches_bits(Const("f32", 0x7FA0_0000), 0x7FA0_0000)
    assert not matches_bits(NanPattern("f32", "nan:arithmetic"), 0x7FA0_0000)


def test_bits_of_an_f32_are_those_of_the_rounded_value() -> None:
    assert bits_of("f32", 1.5) == 0x3FC0_0000
    assert bits_of("f32", 1) is None


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([Const("f32", 0x7FA0_0000)], True),
        ([Const("f32", 0xFF80_0000)], False),
        ([Const("f64", 0x7FF8 << 48)], False),
        ([NanPattern("f32", "nan:canonical")], True),
        ([Either([Const("i32", 0), NanPattern("f32", "nan:canonical")])], True),
        ([], False),
    ],
)
def test_f32_nans_call_for_the_adapter(values: list[Pattern], found: bool) -> None:
    assert has_f32_nan(values) is found
