"""The prescan's shapes against the instruction table, and what it finds in bodies."""

from __future__ import annotations

import pytest
from compiler_code import scan

from taipan.compiler.baseline import prescan as p
from taipan.errors import UnsupportedError
from taipan.wasm.instructions import INSTRS

LEBS = {"funcidx", "typeidx", "tableidx", "memidx", "globalidx", "elemidx", "dataidx", "heaptype", "i32", "i64"}
SHAPE_OF = {
    (): p.NONE,
    ("localidx",): p.LOCAL,
    ("labelidx",): p.BRANCH,
    ("memarg",): p.MEMARG,
    ("blocktype",): p.BLOCK,
    ("labels",): p.LABELS,
    ("f32",): p.FOUR,
    ("f64",): p.EIGHT,
    ("valtypes",): p.TYPES,
}


def shape_of(immediates: tuple[str, ...]) -> int:
    if immediates in SHAPE_OF:
        return SHAPE_OF[immediates]
    assert LEBS.issuperset(immediates)
    return {1: p.LEB, 2: p.LEB2}[len(immediates)]


@pytest.mark.parametrize("row", INSTRS, ids=lambda row: row.name)
def test_shapes_follow_the_instruction_table(row: object) -> None:
    opcode = row.opcode
    if opcode < 0x100:
        shape = p.SHAPES[opcode] & 15
    elif opcode >> 12 == 0xFC and opcode & 0xFFF < len(p.SHAPES_FC):
        shape = p.SHAPES_FC[opcode & 0xFFF] & 15
    else:
        return
    if shape != p.UNKNOWN:
        assert shape == {"else": p.ELSE, "end": p.END}.get(row.name, shape_of(row.immediates))


def test_dead_code_is_cut() -> None:
    found, start = scan("(block (br 0) (drop (i32.const 1))) (return) (nop)")
    assert found.num_cuts == 4
    assert [found.cuts[n] - start for n in range(4)] == [4, 7, 9, 10]


def test_code_after_a_branch_at_the_end_is_no_cut() -> None:
    assert scan("(block (br 0))")[0].num_cuts == 0


def test_nested_blocks_in_dead_code() -> None:
    found, _ = scan(
        "(if (i32.const 1) (then (unreachable) (block (loop (br 1)) (if (i32.const 0) (then) (else)))) (else))"
    )
    assert found.num_cuts == 2


def test_what_a_function_needs() -> None:
    assert not scan("(param i32) (drop (i32.add (local.get 0) (i32.const 1)))")[0].needs_context
    assert scan("(drop (i32.div_u (i32.const 1) (i32.const 1)))")[0].needs_context
    assert scan("(loop)")[0].needs_context
    found, _ = scan("(drop (i32.load (i32.const 0)))", "(memory 1)")
    assert found.uses_memory0
    assert not found.needs_context
    assert scan("(drop (i32.load 1 (i32.const 0)))", "(memory 1) (memory 1)")[0].needs_context
    assert scan("(drop (i64.load offset=0xffffffff (i32.const 0)))", "(memory 1)")[0].needs_context


def test_weight_of_calls() -> None:
    found, _ = scan("(call 0) (loop (call 0) (loop (call 0)))")
    positions = [found.calls[2 * n] for n in range(3)]
    assert found.calls_weight(0, 1 << 30) == 1 + 8 + 64
    assert found.calls_weight(positions[0], positions[2]) == 8
    assert found.calls_weight(positions[1], positions[1] + 1) == 0


def test_unsupported_instruction_is_named() -> None:
    with pytest.raises(UnsupportedError, match=r"i8x16\.splat"):
        scan("(drop (i8x16.splat (i32.const 1)))")
