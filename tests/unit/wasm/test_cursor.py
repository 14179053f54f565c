"""LEB128 numbers and types: values, the longest forms, and every way to be malformed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipan.errors import MalformedError
from taipan.features import Features
from taipan.wasm import types
from taipan.wasm.cursor import BLOCK_EMPTY, Cursor, disabled_bits

TOO_LONG = "integer representation too long"
TOO_LARGE = "integer too large"
END = "unexpected end of section or function"


def cursor(data: bytes, features: Features | None = None) -> Cursor:
    made = Cursor()
    made.code = data
    made.limit = len(data)
    if features is not None:
        made.disabled = disabled_bits(features)
    return made


def unsigned_leb(value: int, padding: int = 0) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return pad(out, padding, 0)


def signed_leb(value: int, padding: int = 0) -> bytes:
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return pad(out, padding, 0x7F if value < 0 else 0)


def pad(out: bytearray, padding: int, last: int) -> bytes:
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(last)
    return bytes(out)


def as_signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


@given(st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_u32(value: int, padding: int) -> None:
    data = unsigned_leb(value, padding)
    reader = cursor(data)
    if len(data) > 5:
        with pytest.raises(MalformedError, match=TOO_LONG):
            reader.read_u32()
    else:
        assert reader.read_u32() == value
        assert reader.next == len(data)


@given(st.integers(0, 2**64 - 1))
def test_u64_is_signed_twos_complement(value: int) -> None:
    assert cursor(unsigned_leb(value)).read_u64() == as_signed(value)


@given(st.integers(-(2**31), 2**31 - 1), st.integers(0, 4))
def test_s32(value: int, padding: int) -> None:
    data = signed_leb(value, padding)
    if len(data) <= 5:
        assert cursor(data).read_s32() == value


@given(st.integers(-(2**32), 2**32 - 1))
def test_s33(value: int) -> None:
    assert cursor(signed_leb(value)).read_s33() == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_s64(value: int) -> None:
    assert cursor(signed_leb(value)).read_s64() == value


@pytest.mark.parametrize(
    ("method", "data", "phrase"),
    [
        ("read_u32", "80 80 80 80 80 00", TOO_LONG),
        ("read_u32", "80 80 80 80 10", TOO_LARGE),
        ("read_u32", "80 80 80 80", END),
        ("read_u32", "", END),
        ("read_u64", "80 80 80 80 80 80 80 80 80 80 00", TOO_LONG),
        ("read_u64", "80 80 80 80 80 80 80 80 80 02", TOO_LARGE),
        ("read_s32", "80 80 80 80 08", TOO_LARGE),
        ("read_s32", "ff ff ff ff 4f", TOO_LARGE),
        ("read_s32", "ff ff ff ff ff 7f", TOO_LONG),
        ("read_s33", "80 80 80 80 10", TOO_LARGE),
        ("read_s64", "80 80 80 80 80 80 80 80 80 01", TOO_LARGE),
        ("read_s64", "ff ff ff ff ff ff ff ff ff 7e", TOO_LARGE),
        ("read_s64", "ff ff ff ff ff ff ff ff ff ff 7f", TOO_LONG),
        ("read_valtype", "40", "malformed value type"),
        ("read_valtype", "78", "malformed value type"),
        ("read_valtype", "63", END),
        ("read_valtype", "62 00", "malformed value type"),
        ("read_valtype", "63 7f", "malformed value type"),
        ("read_reftype", "7f", "malformed reference type"),
        ("read_heaptype", "7f", "malformed heap type"),
        ("read_heaptype", "f0 7f", "malformed heap type"),
        ("read_heaptype", "62 70", "malformed heap type"),
        ("read_blocktype", "f0 7f", "malformed block type"),
        ("read_blocktype", "41", "malformed block type"),
    ],
)
def test_malformed(method: str, data: str, phrase: str) -> None:
    with pytest.raises(MalformedError, match=phrase):
        getattr(cursor(bytes.fromhex(data)), method)()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("7f", types.I32),
        ("7b", types.V128),
        ("70", types.FUNCREF),
        ("6f", types.EXTERNREF),
        ("64 70", types.ref_type(types.HEAP_FUNC, nullable=False)),
        ("63 05", types.ref_type(types.HeapType(5), nullable=True)),
        ("63 ff ff ff ff 0f", types.ref_type(types.HeapType(0xFFFFFFFF), nullable=True)),
        ("64 62 05", types.ref_type(types.HeapType(5), nullable=False, exact=True)),
    ],
)
def test_value_types(data: str, expected: types.ValType) -> None:
    assert cursor(bytes.fromhex(data)).read_valtype() == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [("40", BLOCK_EMPTY), ("7e", ~types.I64), ("70", ~types.FUNCREF), ("05", 5), ("ff ff ff ff 0f", 0xFFFFFFFF)],
)
def test_block_types(data: str, expected: int) -> None:
    assert cursor(bytes.fromhex(data)).read_blocktype() == expected


@pytest.mark.parametrize(
    ("data", "feature"),
    [
        ("7b", "simd"),
        ("70", "reference-types"),
        ("6f", "reference-types"),
        ("64 70", "function-references"),
        ("6e", "gc"),
        ("69", "exceptions"),
        ("64 62 00", "custom-descriptors"),
    ],
)
def test_types_of_features_that_are_off(data: str, feature: str) -> None:
    everything = Features.everything()
    without = everything.replace(**{feature.replace("-", "_"): False})
    cursor(bytes.fromhex(data), everything).read_valtype()
    with pytest.raises(MalformedError, match=f"malformed value type: it needs the feature {feature}"):
        cursor(bytes.fromhex(data), without).read_valtype()
