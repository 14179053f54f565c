"""Intervals of locals: bodies with `nop`s as marks, and which marks each local's interval contains."""

from __future__ import annotations

import pytest
from compiler_code import scan

MARK = "(drop (i32.const 99))", b"\x41\xe3\x00"

# (body with locals, per local the marks it is live at, locals whose initial zero may be read)
CASES = {
    "straight": ("(local i32) nop (local.set 0 (i32.const 2)) nop (drop (local.get 0)) nop", ["1"], []),
    "unused": ("(local i32) nop", [""], []),
    "reads zero": ("(local i32) nop (drop (local.get 0)) nop", ["0"], [0]),
    "parameter": ("(param i32) nop (drop (local.get 0)) nop", ["0"], []),
    "carried around a loop": (
        "(local i32) nop (local.set 0 (i32.const 2)) nop (loop nop (drop (local.get 0)) nop) nop",
        ["123"],
        [],
    ),
    "only inside a loop": (
        "(local i32) nop (loop nop (local.set 0 (i32.const 2)) nop (drop (local.get 0)) nop) nop",
        ["2"],
        [],
    ),
    "from one iteration to the next": (
        "(local i32) (local.set 0 (i32.const 2)) (loop nop (drop (local.get 0)) nop (local.set 0 (i32.const 3)) nop) "
        "nop",
        ["012"],
        [],
    ),
    "assigned in both arms": (
        "(local i32) nop (if (i32.const 2) (then (local.set 0 (i32.const 2))) (else (local.set 0 (i32.const 3)))) "
        "nop "
        "(drop (local.get 0)) nop",
        ["1"],
        [],
    ),
    "assigned in one arm": (
        "(local i32) nop (if (i32.const 2) (then (local.set 0 (i32.const 2)))) nop (drop (local.get 0)) nop",
        ["01"],
        [0],
    ),
    "a branch around the assignment": (
        "(local i32) nop (block (br_if 0 (i32.const 2)) (local.set 0 (i32.const 2))) nop (drop (local.get 0)) nop",
        ["01"],
        [0],
    ),
    "assigned on all ways out": (
        "(local i32) nop (block (local.set 0 (i32.const 2)) (br_if 0 (i32.const 2)) nop (local.set 0 (i32.const 3))) "
        "nop "
        "(drop (local.get 0)) nop",
        ["12"],
        [],
    ),
    "in a loop, assigned on all ways": (
        "(local i32) (loop nop "
        "(if (i32.const 2) (then (local.set 0 (i32.const 2))) (else (local.set 0 (i32.const 3)))) "
        "nop (drop (local.get 0)) nop)",
        ["1"],
        [],
    ),
    "in a loop, assigned on one way": (
        "(local i32) (local.set 0 (i32.const 9)) (loop nop (if (i32.const 2) (then (local.set 0 (i32.const 2)))) nop "
        "(drop (local.get 0)) nop) nop",
        ["012"],
        [],
    ),
    "the inner of two loops": (
        "(local i32) (loop nop (local.set 0 (i32.const 2)) nop (loop nop (drop (local.get 0)) nop) nop) nop",
        ["123"],
        [],
    ),
    "branches out of a loop": (
        "(local i32) (block (loop (local.set 0 (i32.const 2)) nop (br_if 1 (i32.const 2)) nop (br 0)) nop) nop "
        "(drop (local.get 0)) nop",
        ["0123"],
        [],
    ),
    "not read after a table of branches": (
        "(local i32) (block (block (local.set 0 (i32.const 2)) nop (br_table 0 1 0 (local.get 0))) nop) nop",
        ["0"],
        [],
    ),
    "two locals one after the other": (
        "(local i32 i32) nop (local.set 0 (i32.const 2)) nop (local.set 1 (local.get 0)) nop (drop (local.get 1)) nop",
        ["1", "2"],
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_interval(name: str) -> None:
    body, expected, zeros = CASES[name]
    found, start = scan(body.replace("nop", MARK[0]))
    live = found.live
    code = found.env.module.code
    end = found.env.module.body_ends[0]
    marks = [at for at in range(start, end) if code.startswith(MARK[1], at)]
    for index, wanted in enumerate(expected):
        inside = [str(n) for n, at in enumerate(marks) if live.starts[index] <= at <= live.ends[index]]
        assert "".join(inside) == wanted
    assert [index for index in range(len(expected)) if live.reads_zero[index]] == zeros


def test_weight_grows_with_loops() -> None:
    live = scan("(local i32) (drop (local.get 0)) (loop (drop (local.get 0)) (loop (local.set 0 (i32.const 2))))")[
        0
    ].live
    assert live.weights[0] == 1 + 8 + 64


def test_many_locals_are_live_everywhere_in_their_loops() -> None:
    """Beyond 512 locals nothing is tracked: the interval must still contain every use."""
    declared = "(local " + "i32 " * 120 + ")"
    body = declared * 5 + "(local.set 599 (i32.const 2)) (loop (drop (local.get 599)) (nop))"
    live = scan(body)[0].live
    assert live.reads_zero[599]
    assert live.ends[599] > live.loop_starts[0]
