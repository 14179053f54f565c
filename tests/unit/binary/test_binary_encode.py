"""Encoding: what is decoded again is the same module."""

from __future__ import annotations

import pytest

from taipan.binary import decode, encode
from taipan.errors import MalformedError
from taipan.features import Features
from tests.unit.binary.modules import EVERYTHING, module, same, section, vec
from tests.unit.binary.wast_binaries import Case

ALL = Features.everything()


def test_everything_is_reproduced_byte_for_byte() -> None:
    assert encode(decode(EVERYTHING, ALL)) == EVERYTHING


@pytest.mark.parametrize(
    "memory",
    [
        "00 00",
        "01 01 02",
        "03 01 02",
        "05 01 ff ff ff ff ff ff ff ff ff 01",
        "08 01 00",
        "0f 80 80 80 80 10 80 80 80 80 10 00",
    ],
)
def test_memory_types(memory: str) -> None:
    data = module(section(5, vec(bytes.fromhex(memory))))
    assert encode(decode(data, ALL)) == data


@pytest.mark.parametrize(
    "type",
    [
        "4e 02 4d 01 5f 00 4c 00 5f 00",
        "4e 02 50 00 4d 01 5f 00 4f 00 4c 00 5f 00",
        "5f 01 64 62 85 80 01 00",
        "60 03 63 7f 64 c0 00 6a 01 7b".replace("63 7f", "63 73"),
    ],
)
def test_types(type: str) -> None:
    data = module(section(1, vec(bytes.fromhex(type))))
    first = decode(data, ALL)
    assert same(decode(encode(first), ALL), first)


def test_official_modules(binary_cases: list[tuple[Case, Features]]) -> None:
    seen = 0
    for case, features in binary_cases:
        try:
            first = decode(case.data, features)
        except MalformedError:
            continue
        again = encode(first)
        assert same(decode(again, features), first), case.place
        seen += 1
    assert seen > 100
