"""Numbers of the text format: the bytes of a literal in, an exact value out (spec: Text Format, Values).

Every function returns None for text that is no literal of the wanted kind ("unknown operator"), and raises
OutOfRange for one that does not fit. Floats are returned as the bits of the IEEE format, correctly rounded.
"""

from __future__ import annotations

from typing import Final

F32_BITS: Final = 32
F64_BITS: Final = 64

# A decimal literal at a midpoint of two f32 needs fewer significant digits than this to be told apart exactly.
_MAX_SIGNIFICANT_DIGITS: Final = 800
_MAX_INT_DIGITS: Final = 25  # more than 2^64 has; Python refuses to convert thousands of digits


class OutOfRange(Exception):
    """A literal whose value does not fit."""


def parse_unsigned(text: bytes, bits: int) -> int | None:
    """An unsigned number below 2^bits: decimal or hexadecimal, underscores allowed between digits, no sign."""
    if len(text) == 1 and 48 <= text[0] <= 57:
        return text[0] - 48
    value = _magnitude(text)
    if value is not None and value >> bits:
        raise OutOfRange
    return value


def parse_int(text: bytes, bits: int) -> int | None:
    """An integer of the width, signed or unsigned in the text, as a *signed* two's-complement value."""
    sign = text[:1]
    if sign in (b"-", b"+"):
        value = _magnitude(text[1:])
        if value is None:
            return None
        if sign == b"-":
            value = -value
        limit = 1 << (bits - 1)
        if not -limit <= value < limit:
            raise OutOfRange
        return value
    value = parse_unsigned(text, bits)
    if value is None:
        return None
    return value - (1 << bits) if value >> (bits - 1) else value


def _magnitude(text: bytes) -> int | None:
    if text[:2] == b"0x":
        digits = text[2:]
        return int(digits, 16) if _well_formed(digits, _HEX) else None
    if not _well_formed(text, _DECIMAL):
        return None
    digits = text.replace(b"_", b"").lstrip(b"0")
    if len(digits) > _MAX_INT_DIGITS:
        raise OutOfRange
    return int(digits) if digits else 0


_DECIMAL: Final = b"0123456789"
_HEX: Final = b"0123456789abcdefABCDEF"


def _well_formed(text: bytes, digits: bytes) -> bool:
    """Whether the text is digits with single underscores between them."""
    previous_is_digit = False
    for char in text:
        if char in digits:
            previous_is_digit = True
        elif char == 95 and previous_is_digit:  # _
            previous_is_digit = False
        else:
            return False
    return previous_is_digit


def parse_float(text: bytes, bits: int) -> int | None:
    """Bits of an f32 or f64 literal (bits: 32 or 64): decimal, hexadecimal, inf, nan, nan:0xN. Spec: text-float."""
    negative = text[:1] == b"-"
    body = text[1:] if text[:1] in (b"-", b"+") else text
    magnitude = _float_magnitude(body, bits)
    if magnitude is None:
        return None
    return magnitude | 1 << (bits - 1) if negative else magnitude


def _float_magnitude(text: bytes, bits: int) -> int | None:
    fraction_bits = 23 if bits == F32_BITS else 52
    infinity = (0xFF if bits == F32_BITS else 0x7FF) << fraction_bits
    if text == b"inf":
        return infinity
    if text == b"nan":
        return infinity | 1 << (fraction_bits - 1)
    if text[:6] == b"nan:0x":
        payload = _magnitude(text[4:])
        if payload is None:
            return None
        if not 0 < payload < 1 << fraction_bits:
            raise OutOfRange
        return infinity | payload
    if text[:2] == b"0x":
        return _hex_float(text[2:], bits)
    return _decimal_float(text, bits)


def _split_exponent(text: bytes, marks: bytes) -> tuple[bytes, int] | None:
    """Mantissa text and exponent of `mantissa (mark [+-] digits)?`, a huge exponent clamped to +-10^9."""
    at = max(text.find(marks[:1]), text.find(marks[1:]))
    if at < 0:
        return text, 0
    exponent = text[at + 1 :]
    digits = exponent[1:] if exponent[:1] in (b"+", b"-") else exponent
    if not _well_formed(digits, _DECIMAL):
        return None
    digits = digits.replace(b"_", b"").lstrip(b"0")
    value = 1_000_000_000 if len(digits) > 9 else int(digits or b"0")
    return text[:at], -value if exponent[:1] == b"-" else value


def _split_point(mantissa: bytes, digits: bytes) -> tuple[bytes, bytes] | None:
    """Whole and fractional digits, underscores removed."""
    whole, _, fraction = mantissa.partition(b".")
    if not _well_formed(whole, digits) or (fraction and not _well_formed(fraction, digits)):
        return None
    return whole.replace(b"_", b""), fraction.replace(b"_", b"")


def _hex_float(text: bytes, bits: int) -> int | None:
    split = _split_exponent(text, b"pP")
    parts = None if split is None else _split_point(split[0], _HEX)
    if split is None or parts is None:
        return None
    whole, fraction = parts
    mantissa = int(whole + fraction, 16)
    return _round(mantissa, split[1] - 4 * len(fraction), False, bits)


def _decimal_float(text: bytes, bits: int) -> int | None:
    split = _split_exponent(text, b"eE")
    parts = None if split is None else _split_point(split[0], _DECIMAL)
    if split is None or parts is None:
        return None
    whole, fraction = parts
    digits = (whole + fraction).lstrip(b"0")
    exponent = split[1] - len(fraction)
    if not digits:
        return 0
    # Beyond any float, whatever the digits: keeps the powers of ten below small.
    if exponent + len(digits) > 400:
        raise OutOfRange
    if exponent + len(digits) < -400:
        return 0
    sticky = False
    if len(digits) > _MAX_SIGNIFICANT_DIGITS:
        sticky = digits[_MAX_SIGNIFICANT_DIGITS:].strip(b"0") != b""
        exponent += len(digits) - _MAX_SIGNIFICANT_DIGITS
        digits = digits[:_MAX_SIGNIFICANT_DIGITS]
    value = int(digits)
    if exponent >= 0:
        return _round(value * 10**exponent, 0, sticky, bits)
    # Scale so that the quotient has more bits than any mantissa, the remainder only matters as "not exact".
    divisor = 10**-exponent
    shift = max(0, 70 + divisor.bit_length() - value.bit_length())
    quotient, remainder = divmod(value << shift, divisor)
    return _round(quotient, -shift, sticky or remainder != 0, bits)


def _round(mantissa: int, exponent: int, sticky: bool, bits: int) -> int:
    """Bits of the float nearest to `mantissa * 2^exponent`, ties to even; `sticky`: a little more than that.

    With `sticky` the mantissa must have more bits than the format, so that "a little" is below its last place.
    """
    if mantissa == 0:
        return 0
    fraction_bits = 23 if bits == F32_BITS else 52
    bias = 127 if bits == F32_BITS else 1023
    top = mantissa.bit_length() - 1 + exponent  # the value lies in [2^top, 2^(top + 1))
    if top > bias:
        raise OutOfRange
    # Exponent of the last place kept: subnormals all share the smallest.
    last = max(top, 1 - bias) - fraction_bits
    drop = last - exponent
    if drop <= 0:
        kept = mantissa << -drop
    elif drop > mantissa.bit_length() + 1:
        kept = 0
    else:
        kept = mantissa >> drop
        half = 1 << (drop - 1)
        rest = mantissa & ((1 << drop) - 1)
        if rest > half or (rest == half and (sticky or kept & 1)):
            kept += 1
    # A carry out of the fraction moves into the exponent field by itself.
    result = kept if top < 1 - bias else kept + ((top + bias - 1) << fraction_bits)
    if result >> fraction_bits >= 2 * bias + 1:
        raise OutOfRange
    return result
