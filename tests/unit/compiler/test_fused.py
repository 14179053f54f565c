"""Code that is taken back because the next instruction does its work, too: the same results, traps and sites."""

from __future__ import annotations

import operator
import random
import struct
from typing import Any

import pytest
from compiler_code import environment, run

import taipan
from taipan.abi import layout
from taipan.compiler.baseline.compiler import BaselineCompiler

MASK = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
VALUES = (0, 1, 5, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFF0)


def signed(value: int, t: str) -> int:
    value &= MASK[t]
    return value - MASK[t] - 1 if value > MASK[t] >> 1 else value


def sum_of(rng: random.Random, t: str, depth: int) -> tuple[str, str]:
    """An expression of additions, small shifts and stores to locals: its text, and as Python over `p`."""
    kind = rng.randrange(7) if depth else 6
    if kind < 3:
        (a, x), (b, y) = sum_of(rng, t, depth - 1), sum_of(rng, t, depth - 1)
        return f"({t}.add {a} {b})", f"({x} + {y})"
    if kind == 3:
        a, x = sum_of(rng, t, depth - 1)
        count = rng.randrange(5)
        return f"({t}.shl {a} ({t}.const {count}))", f"({x} << {count})"
    if kind == 4:
        a, x = sum_of(rng, t, depth - 1)
        value = rng.choice((1, -16, 0x7FFF_FFFF, -0x8000_0000, 1048576))
        return f"({t}.add {a} ({t}.const {value}))", f"({x} + {value})"
    if kind == 5:
        a, x = sum_of(rng, t, depth - 1)
        return f"(local.tee 3 {a})", f"set({x})"
    which = rng.randrange(4)
    return f"(local.get {which})", f"p[{which}]"


@pytest.mark.parametrize("t", ["i32", "i64"])
def test_sums_of_registers_shifts_and_constants(t: str) -> None:
    rng = random.Random(5)
    functions, expected = [], []
    for index in range(60):
        text, python = sum_of(rng, t, 5)
        # In a loop all locals have registers; the call takes some of them away.
        body = f"(loop (br_if 0 (i32.eqz (i32.const 1)))) {text}"
        functions.append(f'(func (export "f{index}") (param {t} {t} {t} {t}) (result {t}) {body})')
        expected.append(python)
    package: Any = taipan
    engine = package.Engine(package.Config())
    store = package.Store(engine)
    exports = package.Instance(store, package.Module(engine, f"(module {' '.join(functions)})"), []).exports(store)
    for index, python in enumerate(expected):
        for _ in range(3):
            p = [rng.choice(VALUES) & MASK[t] for _ in range(4)]
            arguments = [signed(value, t) for value in p]
            found = exports[f"f{index}"](store, *arguments)

            def assign(value: int, p: list[int] = p) -> int:
                p[3] = value & MASK[t]
                return p[3]

            assert found == signed(eval(python, {"p": p, "set": assign}), t), (functions[index], arguments)


def test_array_elements_take_one_address_computation() -> None:
    source = """(memory 1) (func (param i32 i32) (result i32) (i32.load
        (i32.add (i32.add (local.get 0) (i32.const 16)) (i32.shl (local.get 1) (i32.const 3)))))"""
    split = source.replace("(i32.shl", "(i32.rotl")
    size = [len(BaselineCompiler(environment(text)).compile_function(0).code) for text in (source, split)]
    assert size[0] <= size[1] - 6


def test_a_sum_does_not_reach_across_a_label() -> None:
    source = """(func (export "f") (param i32 i32) (result i32) (i32.add (i32.const 7)
        (block (result i32) (drop (br_if 0 (i32.const 100) (local.get 1))) (i32.add (local.get 0) (i32.const 3)))))"""
    assert [run(source, "f", 10, which) for which in (0, 1)] == [20, 107]


LOADED = [
    (f"{t}.{name}", t)
    for t, names in (
        ("i32", "add sub mul and or xor eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u shl div_u"),
        ("i64", "add sub mul and or xor eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u shl div_u"),
        ("f32", "add sub mul div eq ne lt gt le ge"),
        ("f64", "add sub mul div eq ne lt gt le ge"),
    )
    for name in names.split()
]


@pytest.mark.parametrize(("op", "t"), LOADED)
def test_operands_in_memory(op: str, t: str) -> None:
    """Loaded by itself, and as part of the operation: as its first operand, its second, assigned, branched on."""
    result = t if op[4:] in ("add", "sub", "mul", "and", "or", "xor", "shl", "div", "div_u") else "i32"
    load = f"({t}.load offset=8 (local.get 0))"
    source = f"""(memory 1) (data (i32.const 24) "\\01\\02\\83\\04\\05\\06\\07\\40")
        (func (export "apart") (param i32 {t}) (result {result}) (local {t})
          (local.set 2 {load}) (nop) ({op} (local.get 1) (local.get 2)))
        (func (export "second") (param i32 {t}) (result {result}) ({op} (local.get 1) {load}))
        (func (export "scratch") (param i32 {t}) (result {result})
          ({op} (select (local.get 1) (local.get 1) (local.get 0)) {load}))
        (func (export "assigned") (param i32 {t}) (result {result}) (local {result})
          (local.set 2 ({op} (local.get 1) {load})) (local.get 2))
        (func (export "own") (param i32 {t}) (result {t})
          (local.set 1 ({t}.{"mul" if op.endswith("mul") else "add"} (local.get 1) {load})) (local.get 1))"""
    value = 3 if t[0] == "i" else 1.5
    want = run(source, "apart", 16, value)
    for name in ("second", "scratch", "assigned"):
        assert run(source, name, 16, value) == want
    other = source.replace(f"{load}))", f"{load}) (nop))")
    assert run(source, "own", 16, value) == run(other, "own", 16, value)


def test_a_fault_in_an_operation_is_that_of_its_load() -> None:
    source = """(memory 1) (func (param i64 i32) (result i64)
        (i64.add (i64.mul (local.get 0) (local.get 0)) (i64.load (local.get 1))))"""
    env = environment(source)
    made = BaselineCompiler(env).compile_function(0)
    faults = [site for site in struct.iter_unpack("<4I", made.sites) if site[2] & 0xFF == layout.SITE_FAULT]
    ((_, wasm_offset, _, _),) = faults
    assert env.module.code[wasm_offset] == 0x29  # i64.load
    with pytest.raises(taipan.Trap, match="out of bounds memory access"):
        run(source.replace("(func", '(func (export "f")'), "f", 3, -1)


@pytest.mark.parametrize("compare", ["i32.lt_s", "f64.lt", "f64.eq", "f64.ne", "i64.ge_u"])
def test_a_comparison_that_is_kept_and_branched_on(compare: str) -> None:
    t = compare[:3]
    source = f"""(func (export "f") (param {t} {t}) (result i32) (local i32)
        (loop (br_if 0 (i32.const 0)))
        (select (i32.const 10) (i32.const 20) (local.tee 2 ({compare} (local.get 0) (local.get 1))))
        (if (local.tee 2 ({compare} (local.get 0) (local.get 1)))
          (then (local.set 2 (i32.add (local.get 2) (i32.const 4)))))
        (if (i32.eqz (local.tee 2 (i32.add (local.get 2) (i32.const -5)))) (then (local.set 2 (i32.const 100))))
        (i32.add (local.get 2)))"""
    number: type[float] = float if t == "f64" else int
    pairs = [(number(a), number(b)) for a, b in ((1, 2), (2, 1), (2, 2))]
    if t == "f64":
        pairs.append((float("nan"), 1.0))
    decide = {"lt_s": operator.lt, "lt": operator.lt, "eq": operator.eq, "ne": operator.ne, "ge_u": operator.ge}
    for a, b in pairs:
        assert run(source, "f", a, b) == (110 if decide[compare[4:]](a, b) else 15)


def test_arguments_that_live_in_argument_registers() -> None:
    """More locals than there are other registers, passed on in every order."""
    rng = random.Random(9)
    names = list(range(10))
    calls, expected = [], 0
    for _ in range(40):
        order = rng.sample(names, 6)
        calls.append(
            "(local.set 11 (i64.add (local.get 11) (call 0 " + " ".join(f"(local.get {i})" for i in order) + ")))"
        )
        expected += sum((i + 1) * 10**place for place, i in enumerate(order))
    uses = " ".join(f"(local.set {i} (i64.xor (local.get {i}) (i64.const 0)))" for i in names)
    digits = "(local.get 0)"
    for place in range(1, 6):
        digits = f"(i64.add {digits} (i64.mul (local.get {place}) (i64.const {10**place})))"
    source = f"""(func (param i64 i64 i64 i64 i64 i64) (result i64) {digits})
        (func (export "f") (param {"i64 " * 10}) (result i64) (local i32 i64)
          (loop (loop {uses} (br_if 0 (local.tee 10 (i32.const 0))))) {" ".join(calls)} (local.get 11))"""
    assert run(source, "f", *range(1, 11)) == expected
