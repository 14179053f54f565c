"""The instruction table: its columns are consistent, and the visitor covers it."""

from __future__ import annotations

import inspect

import pytest

from taipan.features import DEFAULTS
from taipan.wasm._generated_visit import Visitor
from taipan.wasm.instructions import BY_KEYWORD, BY_NAME, BY_OPCODE, INSTRS, KEYWORDS, Instr
from tools.gen_shapes import BY_IMMEDIATES, shape
from tools.gen_visit import ARGUMENTS, arguments

STACK_TYPES = {"i32", "i64", "f32", "f64", "v128", "addr"}
INSTR_IDS = [row.name for row in INSTRS]


def test_opcodes_and_names_are_unique() -> None:
    assert len(BY_OPCODE) == len(BY_NAME) == len(INSTRS)


def test_counts_of_the_standard() -> None:
    """How many instructions each prefix has, proposals included."""
    by_prefix = {prefix: sum(row.prefix == prefix for row in INSTRS) for prefix in (0, 0xFB, 0xFC, 0xFD, 0xFE)}
    assert by_prefix == {0: 199, 0xFB: 38, 0xFC: 22, 0xFD: 256, 0xFE: 67}


@pytest.mark.parametrize(
    ("name", "opcode"),
    [
        ("unreachable", 0x00),
        ("try_table", 0x1F),
        ("i32.load", 0x28),
        ("i64.store32", 0x3E),
        ("memory.grow", 0x40),
        ("f64.ge", 0x66),
        ("i64.rotr", 0x8A),
        ("f64.copysign", 0xA6),
        ("f64.reinterpret_i64", 0xBF),
        ("i64.extend32_s", 0xC4),
        ("br_on_non_null", 0xD6),
        ("i31.get_u", 0xFB_01E),
        ("br_on_cast_desc_eq_fail", 0xFB_026),
        ("table.fill", 0xFC_011),
        ("i64.mul_wide_u", 0xFC_016),
        ("v128.store64_lane", 0xFD_05B),
        ("i64x2.extmul_high_i32x4_u", 0xFD_0DF),
        ("f64x2.convert_low_i32x4_u", 0xFD_0FF),
        ("i32x4.relaxed_dot_i8x16_i7x16_add_s", 0xFD_113),
        ("i64.atomic.rmw32.cmpxchg_u", 0xFE_04E),
    ],
)
def test_opcodes_of_the_standard(name: str, opcode: int) -> None:
    assert BY_NAME[name].opcode == opcode


@pytest.mark.parametrize("row", INSTRS, ids=INSTR_IDS)
def test_row_is_consistent(row: Instr) -> None:
    assert row.prefix in (0, 0xFB, 0xFC, 0xFD, 0xFE)
    assert row.prefix or row.sub < 0x100
    assert row.opcode == row.prefix << 12 | row.sub
    assert not row.feature or row.feature in DEFAULTS
    assert set(row.immediates) <= set(ARGUMENTS)
    assert sorted(row.text_order) == sorted(row.immediates)
    assert ("memarg" in row.immediates) == (row.width in (1, 2, 4, 8, 16))
    assert row.anchor
    if row.type != "*":
        pops, arrow, pushes = (f" {row.type} ").partition("->")
        assert arrow
        assert set(pops.split()) | set(pushes.split()) <= STACK_TYPES
        needs_memory = bool({"memarg", "memidx", "tableidx"} & set(row.immediates))
        assert needs_memory == ("addr" in row.type)


def test_keyword_finds_the_first_row() -> None:
    for name, keyword in KEYWORDS.items():
        assert BY_NAME[name].keyword == keyword
        assert BY_KEYWORD[keyword].name == keyword
    assert len(BY_KEYWORD) == len(INSTRS) - len(KEYWORDS)


@pytest.mark.parametrize("row", INSTRS, ids=INSTR_IDS)
def test_visitor_has_the_method(row: Instr) -> None:
    method = vars(Visitor)[row.method]
    assert list(inspect.signature(method).parameters)[1:] == arguments(row)


def test_every_shape_of_immediates_can_be_skipped() -> None:
    assert {shape(row.immediates) for row in INSTRS} == set(BY_IMMEDIATES.values())
