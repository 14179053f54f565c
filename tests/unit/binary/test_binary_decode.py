"""Decoding whole modules: the contents of every section, every way to be malformed, hostile counts."""

from __future__ import annotations

import contextlib
import tracemalloc

import pytest

from taipan.binary import decode
from taipan.errors import InvalidError, MalformedError, UnsupportedError
from taipan.features import Features
from taipan.wasm import types
from taipan.wasm.module import ACTIVE, DECLARATIVE, PASSIVE
from tests.unit.binary.modules import EVERYTHING, HEADER, body, leb, module, name, section, vec

FEATURES = Features()
ALL = Features.everything()


def test_everything() -> None:
    m = decode(EVERYTHING, FEATURES)
    assert [repr(t.comp) for t in m.types] == [
        "[i32 i64] -> [f64]",
        "[] -> []",
        "struct [i8, (mut (ref null 2))]",
        "struct [i8, (mut (ref null 2)), v128]",
        "array (mut i16)",
        "array (mut i16)",
        "[(ref func)] -> [exnref externref]",
    ]
    assert [t.final for t in m.types] == [True, True, False, False, True, True, True]
    assert [t.supertypes for t in m.types] == [(), (), (), (2,), (), (4,), ()]
    assert m.rec_groups == [(0, 1), (1, 1), (2, 2), (4, 1), (5, 1), (6, 0), (6, 1)]
    assert [(i.module, i.name, i.kind) for i in m.imports] == [
        ("m", "f", 0),
        ("m", "t", 1),
        ("m", "mem", 2),
        ("m", "mem64", 2),
        ("é", "g", 3),
        ("", "tag", 4),
    ]
    big = m.imports[3].desc
    assert isinstance(big, types.MemType)
    assert (big.is_64, big.limits.min, big.limits.max) == (True, 1, 1 << 32)
    assert m.func_types == [1, 0]
    assert m.func_space == [1, 1, 0]
    assert [len(space) for space in (m.table_space, m.mem_space, m.global_space, m.tag_space)] == [3, 3, 3, 2]
    assert [t.type.is_64 for t in m.tables] == [True, False]
    assert m.tables[0].init is None
    assert m.tables[1].init is not None
    assert m.tables[1].init.code.hex() == "d2000b"
    assert m.globals[0].init.code == m.code[m.globals[0].init.offset :][: len(m.globals[0].init.code)]
    assert [(e.name, e.kind, e.index) for e in m.exports] == [("run", 0, 1), ("t", 4, 0)]
    assert m.start == 1
    assert [e.mode for e in m.elems] == [ACTIVE, PASSIVE, ACTIVE, DECLARATIVE, ACTIVE, PASSIVE, ACTIVE, DECLARATIVE]
    assert [e.table for e in m.elems] == [0, 0, 1, 0, 0, 0, 2, 0]
    func = types.ref_type(types.HEAP_FUNC, nullable=False)
    assert [e.element for e in m.elems] == [func] * 4 + [types.FUNCREF, types.ANYREF, types.FUNCREF, func]
    assert [e.funcs for e in m.elems] == [[0, 1], [1], [0], [], None, None, None, None]
    assert [None if e.exprs is None else [x.code.hex() for x in e.exprs] for e in m.elems[3:]] == [
        None,
        ["d2000b", "d0700b"],
        ["4107fb1c0b"],
        [],
        ["d2010b"],
    ]
    assert m.data_count == 3
    assert [m.code[d.start : d.end] for d in m.datas] == [b"abc", b"", b"\xff"]
    assert [(d.mode, d.memory) for d in m.datas] == [(ACTIVE, 0), (PASSIVE, 0), (ACTIVE, 1)]
    assert [m.code[s:e].hex() for s, e in zip(m.body_starts, m.body_ends, strict=True)] == [
        "000b",
        "02037f017b44000000000000f03f0b",
    ]
    assert [(c.name, c.data, c.after) for c in m.customs] == [
        ("first", b"1", 0),
        ("after imports", b"", 2),
        ("after imports too", b"22", 2),
        ("last", b"3", 11),
    ]


def test_truncated_anywhere() -> None:
    """Every proper prefix of a module is malformed, except those that end where a section does and lack nothing."""
    whole = []
    for size in range(len(EVERYTHING)):
        try:
            decode(EVERYTHING[:size], FEATURES)
            whole.append(size)
        except MalformedError as error:
            assert 0 <= error.offset <= size
    assert len(HEADER) in whole
    assert len(whole) == 7  # header, custom, types, imports, two customs; nothing from functions on; data


@pytest.mark.parametrize("value", [0x00, 0x01, 0x40, 0x7F, 0x80, 0xFF])
def test_changed_anywhere(value: int) -> None:
    """Whatever one byte becomes, there is a module or one of the package's errors."""
    for position in range(len(EVERYTHING)):
        data = bytearray(EVERYTHING)
        data[position] = value
        for features in (FEATURES, ALL, Features(frozenset())):
            with contextlib.suppress(MalformedError, UnsupportedError):
                decode(bytes(data), features)


TYPE = section(1, vec(bytes.fromhex("60 00 00")))
FUNC = section(3, vec(leb(0)))
CODE = section(10, vec(body(bytes.fromhex("00 0b"))))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "unexpected end"),
        (b"\0asm\1\0\0", "unexpected end"),
        (b"\0wsm\1\0\0\0", "magic header not detected"),
        (b"\0asm\2\0\0\0", "unknown binary version: 02 00 00 00"),
        (b"\0asm\x0d\0\1\0", "unknown binary version: this is a component"),
        (module(b"\x0e\0"), "malformed section id: 14"),
        (module(b"\1"), "unexpected end"),
        (module(b"\1\5\0"), "length out of bounds: type section of 5 bytes"),
        (module(b"\1\2\0\0"), "section size mismatch: type section"),
        (module(TYPE, TYPE), "unexpected content after last section: type section after type section"),
        (module(FUNC, TYPE), "unexpected content after last section: type section after function section"),
        (module(TYPE, FUNC), "function and code section have inconsistent lengths: 1 functions, 0 bodies"),
        (module(TYPE, CODE), "function and code section have inconsistent lengths: 0 functions, 1 bodies"),
        (module(section(12, leb(1))), "data count and data section have inconsistent lengths: 1 announced, 0 found"),
        (module(section(13, b"\1\1\0")), "malformed tag attribute"),
        (module(section(1, b"\1\x40")), "malformed definition type: byte 0x40"),
        (module(section(1, b"\1\x5e\x7f\2")), "malformed mutability"),
        (module(section(2, vec(name("a") + b"\1\xff\0\0"))), "malformed UTF-8 encoding"),
        (module(section(2, vec(name("a") + name("b") + b"\5"))), "malformed import kind: byte 0x05"),
        (module(section(4, vec(b"\x7f\0\0"))), "malformed reference type"),
        (module(section(4, vec(b"\x70\x08\0"))), "malformed limits flags"),
        (module(section(4, vec(b"\x40\1\x70\0\0\x0b"))), "malformed table: zero byte expected"),
        (module(section(5, vec(b"\2\0"))), "malformed limits flags: it needs the feature threads"),
        (module(section(6, vec(b"\x7f\0\x41\0"))), "unexpected end of section or function"),
        (module(section(6, vec(b"\x7f\0\xfd\x94\2\x0b"))), "illegal opcode fd 114"),
        (module(section(7, vec(name("a") + b"\5\0"))), "malformed export kind"),
        (module(section(9, vec(b"\x08"))), "malformed elements segment kind: 8"),
        (module(section(9, vec(b"\1\1\0"))), "malformed element kind"),
        (module(section(11, vec(b"\3"))), "malformed data segment kind: 3"),
        (module(section(11, vec(b"\1\5a"))), "unexpected end of section or function"),
        (module(section(0, b"\5ab")), "length out of bounds"),
        (module(section(0, b"\1"), b"a"), "unexpected end"),
    ],
)
def test_malformed(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        decode(data, FEATURES)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13])
def test_huge_counts_allocate_nothing(number: int) -> None:
    data = module(section(number, leb(0xFFFFFFFF) + b"\x60" * 16))
    tracemalloc.start()
    with pytest.raises((MalformedError, UnsupportedError)):
        decode(data, FEATURES)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (module(section(5, leb(101) + b"\0\0" * 101)), "too many memories: 101; the implementation's limit is 100"),
        (module(section(1, vec(b"\x60" + leb(1001) + b"\x7f" * 1001 + b"\0"))), "too many parameters: 1001"),
        (module(section(2, vec(name("x" * 100_001) + b"\0\0\0"))), "too many bytes of a name"),
    ],
)
def test_limits(data: bytes, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        decode(data, FEATURES)


@pytest.mark.parametrize(
    ("feature", "data"),
    [
        ("gc", section(1, vec(b"\x5f\0"))),
        ("gc", section(1, vec(b"\x4e\1\x60\0\0"))),
        ("gc", section(1, vec(b"\x50\0\x60\0\0"))),
        ("custom-descriptors", section(1, vec(b"\x4e\2\x4d\1\x5f\0\x4c\0\x5f\0"))),
        ("custom-descriptors", section(2, vec(name("") + name("") + b"\x20\0"))),
        ("exceptions", section(13, vec(b"\0\0"))),
        ("exceptions", section(2, vec(name("") + name("") + b"\4\0\0"))),
        ("memory64", section(5, vec(b"\4\0"))),
        ("memory64", section(4, vec(b"\x70\4\0"))),
        ("threads", section(5, vec(b"\3\0\1"))),
        ("custom-page-sizes", section(5, vec(b"\x08\0\0"))),
        ("bulk-memory", section(11, vec(b"\1\0"))),
        ("bulk-memory", section(12, b"\0")),
        ("function-references", section(4, vec(b"\x40\0\x70\0\0\xd0\x70\x0b"))),
        ("simd", section(1, vec(b"\x60\1\x7b\0"))),
    ],
)
def test_features_gate_sections(feature: str, data: bytes) -> None:
    decode(module(data), ALL)
    with pytest.raises(MalformedError, match=f"needs the feature {feature}|malformed section id"):
        decode(module(data), ALL.replace(**{feature.replace("-", "_"): False}))


def test_funcref_tables_need_no_feature() -> None:
    decode(module(section(4, vec(b"\x70\0\1"))), Features(frozenset()))


def test_official_malformed_modules(binary_cases: list) -> None:  # type: ignore[type-arg]
    """Every binary module of the suite: malformed ones are found by decoding or validating, others decode."""
    check_module = pytest.importorskip("taipan.validate.module").check_module
    wrong = []
    seen = 0
    for case, features in binary_cases:
        seen += 1
        try:
            check_module(decode(case.data, features), features)
            outcome = "module"
        except MalformedError:
            outcome = "assert_malformed"
        except InvalidError:
            outcome = "assert_invalid"
        if outcome != case.command:
            wrong.append((case.place, outcome))
    assert not wrong
    assert seen > 1000
