"""The name section: all subsections, and that none of its faults is an error."""

from __future__ import annotations

import pytest

from taipan.binary import decode, decode_names
from taipan.binary.names import Names
from taipan.features import Features
from tests.unit.binary.modules import custom, leb, module, name, section, vec


def names_of(*sections: bytes) -> Names:
    return decode_names(decode(module(*sections), Features()))


def entry(index: int, text: str) -> bytes:
    return leb(index) + name(text)


def test_all_subsections() -> None:
    kinds = {1: "funcs", 4: "types", 5: "tables", 6: "memories", 7: "globals", 8: "elems", 9: "datas", 11: "tags"}
    nested = {2: "locals", 3: "labels", 10: "fields"}
    data = section(0, name("mod"))
    for kind in range(1, 12):
        if kind in kinds:
            data += section(kind, vec(entry(0, f"{kind}a"), entry(300, f"{kind}é")))
        else:
            data += section(kind, vec(leb(7) + vec(entry(1, f"{kind}b")), leb(8) + vec()))
    names = names_of(custom("name", data))
    assert names.module == "mod"
    for kind, attribute in kinds.items():
        assert getattr(names, attribute) == {0: f"{kind}a", 300: f"{kind}é"}
    for kind, attribute in nested.items():
        assert getattr(names, attribute) == {7: {1: f"{kind}b"}, 8: {}}


def test_none() -> None:
    names = names_of(custom("other", b"\1\2"))
    assert names.module is None
    assert names.funcs == {}


def test_only_the_first_section_counts() -> None:
    names = names_of(custom("name", section(0, name("a"))), custom("name", section(0, name("b"))))
    assert names.module == "a"


FUNCS = section(1, vec(entry(0, "zero"), entry(1, "one")))


@pytest.mark.parametrize("size", range(len(FUNCS) + 1))
def test_truncated_keeps_what_was_whole(size: int) -> None:
    names = names_of(custom("name", FUNCS[:size]))
    assert names.funcs in ({}, {0: "zero"}, {0: "zero", 1: "one"})


@pytest.mark.parametrize(
    ("data", "funcs"),
    [
        (section(1, leb(0xFFFFFFFF) + entry(0, "a")), {0: "a"}),
        (section(1, leb(1) + leb(0) + b"\x05ab") + section(1, vec(entry(1, "b"))), {1: "b"}),
        (section(99, b"\xff\xff") + section(1, vec(entry(1, "b"))), {1: "b"}),
        (section(1, leb(1) + leb(0) + b"\2a\xff"), {0: "a\ufffd"}),
        (b"\1\xff\xff\xff\xff\xff\xff", {}),
    ],
)
def test_faults_are_not_errors(data: bytes, funcs: dict[int, str]) -> None:
    assert names_of(custom("name", data)).funcs == funcs
