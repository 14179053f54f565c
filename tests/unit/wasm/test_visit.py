"""The decode loop: every instruction reaches its method with its immediates, and nothing malformed reaches one."""

from __future__ import annotations

from typing import Any

import pytest

from taipan.errors import MalformedError, UnsupportedError
from taipan.features import Features
from taipan.wasm._generated_visit import Visitor
from taipan.wasm.cursor import disabled_bits
from taipan.wasm.instructions import BY_NAME, INSTRS, Instr

# Immediate kind -> bytes and the arguments that they stand for: first the short form, then a long one.
ENCODED: dict[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "blocktype": (("40", (-1,)), ("80 01", (128,))),
    "memarg": (
        ("02 04", (2, 4, 0)),
        ("02 ff 01", (2, 255, 0)),
        ("00 80 80 04", (0, 65536, 0)),
        ("43 07 10", (3, 16, 7)),
        ("03 ff ff ff ff ff ff ff ff ff 01", (3, -1, 0)),
    ),
    "i32": (("05", (5,)), ("7b", (-5,)), ("80 80 80 80 78", (-(2**31),))),
    "i64": (("05", (5,)), ("7b", (-5,)), ("80 80 80 80 80 80 80 80 80 7f", (-(2**63),))),
    "f32": (("00 00 80 ff", (0xFF800000,)),),
    "f64": (("00 00 00 00 00 00 f0 ff", (-(2**52),)),),
    "v128": (("01" + "00" * 7 + "ff" * 8, (1, -1)),),
    "shuffle": (("1f" + "00" * 14 + "01", (0x1F, 1 << 56)),),
    "laneidx": (("ff", (255,)),),
    "heaptype": (("70", (0x8_0000_0070,)), ("05", (5,)), ("62 05", (0x4_0000_0005,))),
    "labels": (("02 03 04 05", (2,)),),
    "valtypes": (("02 7f 7e", (2,)),),
    "catches": (("02 01 05 06 02 07", (2,)),),
    "castflags": (("03", (3,)),),
    "reserved": (("00", ()),),
}
INDEX = (("05", (5,)), ("80 01", (128,)), ("ff ff ff ff 0f", (0xFFFFFFFF,)))


def recorder() -> tuple[Visitor, list[tuple[Any, ...]]]:
    """A visitor that records (position, name, arguments)."""
    calls: list[tuple[Any, ...]] = []

    def method(name: str) -> Any:
        return lambda self, *arguments: calls.append((self.pos, name, *arguments))

    cls = type("Recorder", (Visitor,), {row.method: method(row.name) for row in INSTRS})
    return cls(), calls


def opcode_bytes(row: Instr) -> bytes:
    if not row.prefix:
        return bytes([row.sub])
    return bytes([row.prefix, row.sub & 0x7F | 0x80, row.sub >> 7] if row.sub >= 0x80 else [row.prefix, row.sub])


def samples(row: Instr) -> list[tuple[bytes, tuple[int, ...]]]:
    """Encodings of one instruction, each with the arguments that its method must get."""
    columns = [ENCODED.get(kind, INDEX) for kind in row.immediates]
    found = []
    for variant in range(max([len(column) for column in columns], default=1)):
        data = opcode_bytes(row)
        arguments: tuple[int, ...] = ()
        for column in columns:
            encoded, values = column[variant % len(column)]
            data += bytes.fromhex(encoded)
            arguments += values
        found.append((data, arguments))
    return found


@pytest.mark.parametrize("row", INSTRS, ids=[row.name for row in INSTRS])
def test_immediates_arrive(row: Instr) -> None:
    visitor, calls = recorder()
    for data, arguments in samples(row):
        for suffix in (b"", b"\x01" * 40):  # alone at the end of the bytes, and with more behind
            calls.clear()
            visitor.visit(b"\x01" + data + suffix, 0, 1 + len(data))
            assert calls == [(0, "nop"), (1, row.name, *arguments)]


@pytest.mark.parametrize("row", INSTRS, ids=[row.name for row in INSTRS])
def test_truncated_instruction_does_not_arrive(row: Instr) -> None:
    visitor, calls = recorder()
    for data, _ in samples(row):
        for size in range(1, len(data)):
            for code in (data[:size], data, data + b"\x00" * 40):
                with pytest.raises(MalformedError, match="unexpected end of section or function"):
                    visitor.visit(code, 0, size)
    assert not calls


@pytest.mark.parametrize("row", INSTRS, ids=[row.name for row in INSTRS])
def test_features_gate_instructions(row: Instr) -> None:
    visitor, calls = recorder()
    off = Features.everything().replace(**{row.feature.replace("-", "_"): False}) if row.feature else Features()
    visitor.disabled = disabled_bits(off)
    data, _ = samples(row)[0]
    if row.feature:
        with pytest.raises(MalformedError, match=f"illegal opcode .*: {row.name} needs the feature {row.feature}"):
            visitor.visit(data, 0, len(data))
        assert not calls
    else:
        visitor.visit(data, 0, len(data))
        assert len(calls) == 1


def test_lists() -> None:
    visitor, _ = recorder()
    for count in (0, 3, 300, 2):
        labels = bytes([0x0E, *([count] if count < 128 else [count & 0x7F | 0x80, count >> 7])])
        labels += bytes(i % 100 for i in range(count + 1))
        visitor.visit(labels, 0, len(labels))
        assert [visitor.targets[i] for i in range(count + 1)] == [i % 100 for i in range(count + 1)]
    types = bytes.fromhex("1c 02 7f 64 05")
    visitor.visit(types, 0, len(types))
    assert [visitor.types[i] for i in range(2)] == [0x7F, 0x1_0000_0005]
    handlers = bytes.fromhex("1f 40 04 00 05 06 01 07 08 02 09 03 0a")
    visitor.visit(handlers, 0, len(handlers))
    assert [visitor.clauses[i] for i in range(12)] == [0, 5, 6, 1, 7, 8, 2, -1, 9, 3, -1, 10]


@pytest.mark.parametrize(
    ("code", "phrase"),
    [
        ("ff", "illegal opcode ff"),
        ("16", "illegal opcode 16"),
        ("fc 12", "illegal opcode fc 12"),
        ("fd 9a 01", "illegal opcode fd 9a"),
        ("fd 94 02", "illegal opcode fd 114"),
        ("fb 1f", "illegal opcode fb 1f"),
        ("fe ff ff ff ff 0f", "illegal opcode fe ffffffff"),
        ("fc 80 80 80 80 80 00", "integer representation too long"),
        ("28 80 01 00", "malformed memop flags"),
        ("0e ff ff ff ff 0f 00", "unexpected end"),
        ("1c ff ff ff ff 0f 7f", "unexpected end"),
        ("1f 40 ff ff ff ff 0f 00", "unexpected end"),
        ("1f 40 01 04 00", "malformed catch clause"),
        ("fb 18 04 00 70 70", "malformed br_on_cast flags"),
        ("fe 03 01", "zero byte expected"),
    ],
)
def test_malformed(code: str, phrase: str) -> None:
    visitor, calls = recorder()
    data = bytes.fromhex("01" + code)
    with pytest.raises(MalformedError, match=phrase) as caught:
        visitor.visit(data, 0, len(data))
    assert caught.value.offset > 0
    assert calls == [(0, "nop")]


def test_missing_method_says_what_is_missing() -> None:
    class Partial(Visitor):
        def nop(self) -> None:
            pass

    with pytest.raises(UnsupportedError, match=r"Partial has no i8x16.add \(feature simd\)"):
        Partial().visit(b"\x01" + opcode_bytes(BY_NAME["i8x16.add"]), 0, 3)


def test_errors_of_methods_pass_through() -> None:
    class Broken(Visitor):
        def nop(self) -> None:
            raise IndexError("mine")

    with pytest.raises(IndexError, match="mine"):
        Broken().visit(b"\x01", 0, 1)
