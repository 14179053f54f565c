"""Numbers of the text format: exact values, ranges, rounding."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipan.text.literals import OutOfRange, parse_float, parse_int, parse_unsigned


@pytest.mark.parametrize(
    ("text", "bits", "value"),
    [
        (b"0", 32, 0),
        (b"4_294_967_295", 32, -1),
        (b"0xFFFF_ffff", 32, -1),
        (b"-0x80000000", 32, -(2**31)),
        (b"+2147483647", 32, 2**31 - 1),
        (b"18446744073709551615", 64, -1),
        (b"0" * 10_000 + b"7", 32, 7),
    ],
)
def test_integers(text: bytes, bits: int, value: int) -> None:
    assert parse_int(text, bits) == value


@pytest.mark.parametrize("text", [b"", b"0x", b"1x", b"_1", b"1_", b"1__0", b"+", b"--1", b"0X1", b"1.0", b"0x_1"])
def test_malformed_integers(text: bytes) -> None:
    assert parse_int(text, 32) is None


@pytest.mark.parametrize("text", [b"4294967296", b"-2147483649", b"+2147483648", b"0x1_0000_0000", b"9" * 100_000])
def test_integers_out_of_range(text: bytes) -> None:
    with pytest.raises(OutOfRange):
        parse_int(text, 32)


def test_unsigned_has_no_sign() -> None:
    assert parse_unsigned(b"+1", 32) is None


@pytest.mark.parametrize(
    ("text", "bits", "value"),
    [
        (b"-0", 32, 0x8000_0000),
        (b"inf", 32, 0x7F80_0000),
        (b"-nan", 32, 0xFFC0_0000),
        (b"nan:0x1", 32, 0x7F80_0001),
        (b"1e0", 64, 0x3FF0_0000_0000_0000),
        (b"0x1.8p1", 64, 0x4008_0000_0000_0000),
        (b"0x1p-149", 32, 1),
        (b"0x1p-150", 32, 0),  # a tie, to even
        (b"0x1.000001p-150", 32, 1),
        (b"0x1.fffffefp127", 32, 0x7F7F_FFFF),
        (b"1.", 32, 0x3F80_0000),
        (b"1e-999999999999", 64, 0),
        (b"0e999999999999", 64, 0),
        # A double rounds these to the midpoint first, which would go to even.
        (b"1.00000005960464477540", 32, 0x3F80_0001),
        (b"1.00000005960464477538", 32, 0x3F80_0000),
        (b"1.000000059604644775390625" + b"0" * 2000 + b"1", 32, 0x3F80_0001),
    ],
)
def test_floats(text: bytes, bits: int, value: int) -> None:
    assert parse_float(text, bits) == value


@pytest.mark.parametrize("text", [b"", b".", b".5", b"1e", b"0x.8", b"0x1p", b"1._0", b"nan:1", b"nan:0x", b"infinity"])
def test_malformed_floats(text: bytes) -> None:
    assert parse_float(text, 32) is None


@pytest.mark.parametrize("text", [b"0x1.ffffffp127", b"3.5e38", b"1e999999999999", b"nan:0x0", b"nan:0x800000"])
def test_floats_out_of_range(text: bytes) -> None:
    with pytest.raises(OutOfRange):
        parse_float(text, 32)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_f64_decimal_and_hexadecimal_agree_with_python(value: float) -> None:
    bits = int.from_bytes(struct.pack("<d", value), "little")
    assert parse_float(repr(value).encode(), 64) == bits
    assert parse_float(value.hex().encode(), 64) == bits


@given(st.integers(0, 0x7F7F_FFFE))
def test_f32_midpoints_round_to_even(bits: int) -> None:
    low, high = (Fraction(struct.unpack("<f", struct.pack("<I", n))[0]) for n in (bits, bits + 1))
    middle = (low + high) / 2
    # The denominator is a power of two 2^k, so k decimals are exact.
    places = middle.denominator.bit_length() - 1
    digits = str(middle.numerator * 10**places // middle.denominator)
    assert parse_float(f"{digits}e-{places}".encode(), 32) == bits + (bits & 1)
    assert parse_float(f"{digits}1e-{places + 1}".encode(), 32) == bits + 1
