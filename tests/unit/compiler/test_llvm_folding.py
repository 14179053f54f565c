"""Accesses that LLVM makes part of the instructions that use them trap where and when wasm's do.

Every load is used by every kind of instruction that could take it as an operand from memory, at addresses at the end
of the memory: an access that became narrower would not trap, and one with its user's place would give a wrong offset.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, Final

import pytest

import taipan
from taipan import Trap

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

SIZE: Final = 65536
LOADS: Final = {
    "i32": (("load", 4), ("load8_s", 1), ("load8_u", 1), ("load16_s", 2), ("load16_u", 2)),
    "i64": (("load", 8), ("load8_u", 1), ("load16_s", 2), ("load32_s", 4), ("load32_u", 4)),
    "f32": (("load", 4),),
    "f64": (("load", 8),),
}
BITS: Final = {"i32": 32, "i64": 64}
RESULT: Final = {
    "i32": "(i64.extend_i32_u {})",
    "i64": "{}",
    "f32": "(i64.extend_i32_u (i32.reinterpret_f32 {}))",
    "f64": "(i64.reinterpret_f64 {})",
}
"""Of any type -> an i64 with the same bits."""

INT_BINARY: Final = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "div_u", "rem_s")
INT_COMPARE: Final = ("eq", "ne", "lt_s", "lt_u", "ge_s", "gt_u")
INT_UNARY: Final = ("clz", "ctz", "popcnt", "extend8_s", "extend16_s")
FLOAT_BINARY: Final = ("add", "sub", "mul", "div", "min", "max", "copysign")
FLOAT_COMPARE: Final = ("eq", "ne", "lt", "ge")
FLOAT_UNARY: Final = ("sqrt", "neg", "abs", "ceil")
MASKS: Final = (1, 0x80, 0xFF, 0x100, 0x8000, 0xFF00, 0x10000, 0x40000000, -0x80000000)


def integer_uses(t: str, value: str) -> Iterator[tuple[str, str]]:
    """Type and text of what an integer from memory may become part of."""
    for op in INT_UNARY:
        yield t, f"({t}.{op} {value})"
    yield "i32", f"({t}.eqz {value})"
    for op in INT_BINARY:
        for other in (f"(local.get ${t})", f"({t}.const 5)"):
            yield t, f"({t}.{op} {value} {other})"
            yield t, f"({t}.{op} {other} ({t}.or {value} ({t}.const 1)))"
        if op not in ("div_u", "rem_s"):  # 0 would trap
            yield t, f"({t}.{op} (local.get ${t}) {value})"
    for op in INT_COMPARE:
        for other in (f"(local.get ${t})", f"({t}.const 0)", f"({t}.const -1)", f"({t}.const 1000)"):
            yield "i32", f"({t}.{op} {value} {other})"
    for mask in (*MASKS, 1 << 40) if t == "i64" else MASKS:
        masked = f"({t}.and {value} ({t}.const {mask}))"
        yield t, masked
        yield "i32", f"({t}.eqz {masked})"
        condition = masked if t == "i32" else f"({t}.ne {masked} (i64.const 0))"
        yield "i32", f"(if (result i32) {condition} (then (i32.const 7)) (else (local.get $i32)))"
    for bits in (8, 16, 24):
        yield t, f"({t}.and ({t}.shr_u {value} ({t}.const {bits})) ({t}.const 255))"
    yield "f64", f"(f64.convert_{t}_s {value})"
    yield "f32", f"(f32.convert_{t}_u {value})"
    if t == "i32":
        yield "i64", f"(i64.add (i64.extend_i32_s {value}) (local.get $i64))"
        yield "f32", f"(f32.reinterpret_i32 {value})"
    else:
        yield "i32", f"(i32.add (i32.wrap_i64 {value}) (local.get $i32))"
        yield "i32", f"(i32.wrap_i64 (i64.shr_u {value} (i64.const 32)))"
        yield "f64", f"(f64.reinterpret_i64 {value})"


def float_uses(t: str, value: str) -> Iterator[tuple[str, str]]:
    for op in FLOAT_UNARY:
        yield t, f"({t}.{op} {value})"
    for op in (*FLOAT_BINARY, *FLOAT_COMPARE):
        result = t if op in FLOAT_BINARY else "i32"
        for other in (f"(local.get ${t})", f"({t}.const 2.5)"):
            yield result, f"({t}.{op} {value} {other})"
            yield result, f"({t}.{op} {other} {value})"
    yield "i32", f"(i32.trunc_sat_{t}_s {value})"
    yield "i64", f"(i64.trunc_sat_{t}_u {value})"
    if t == "f32":
        yield "f64", f"(f64.promote_f32 {value})"
        yield "i32", f"(i32.reinterpret_f32 {value})"
    else:
        yield "f32", f"(f32.demote_f64 {value})"
        yield "i64", f"(i64.reinterpret_f64 {value})"


def uses(t: str, load: str) -> Iterator[tuple[str, str]]:
    value, other = f"({t}.{load} (local.get $p))", f"({t}.{load} (local.get $q))"
    yield from integer_uses(t, value) if t in BITS else float_uses(t, value)
    yield t, f"(select {value} (local.get ${t}) (local.get $i32))"
    for op in INT_BINARY[:8] if t in BITS else FLOAT_BINARY:
        yield t, f"({t}.{op} {value} {other})"
    for op in INT_COMPARE if t in BITS else FLOAT_COMPARE:
        yield "i32", f"({t}.{op} {value} {other})"
    yield t, f"({t}.{'xor' if t in BITS else 'mul'} ({t}.add {value} {other}) {value})"


def updates(t: str) -> Iterator[tuple[str, str]]:
    """Memory changed in place: one instruction of the processor, two of wasm."""
    value = f"({t}.load (local.get $p))"
    operations = ("add", "sub", "and", "or", "xor", "shl") if t in BITS else ("add", "mul")
    for op in operations:
        for other in (f"(local.get ${t})", f"({t}.const 1)"):
            yield t, f"({t}.store (local.get $p) ({t}.{op} {value} {other})) {value}"
    if t in BITS:
        yield t, f"({t}.store (local.get $p) ({t}.sub ({t}.const 0) {value})) {value}"
        yield t, f"({t}.store8 (local.get $p) ({t}.add ({t}.load8_u (local.get $p)) ({t}.const 1))) {value}"
    yield t, f"({t}.store (local.get $q) {value}) (local.get ${t})"


@functools.cache
def cases(t: str) -> list[tuple[str, int]]:
    """Bodies of functions, and how wide their accesses are."""
    found = [(RESULT[to].format(text), width) for load, width in LOADS[t] for to, text in uses(t, load)]
    for to, text in updates(t):
        store, _, value = text.rpartition(") (")
        found.append((f"{store}) {RESULT[to].format('(' + value)}", LOADS[t][0][1]))
    return found


def outcomes(t: str, **config: Any) -> list[object]:
    """What every case makes of every address: a result, or the trap and where it was."""
    settings = taipan.Config()
    for name, value in config.items():
        setattr(settings, name, value)
    params = "(param $p i32) (param $q i32) (param $i32 i32) (param $i64 i64) (param $f32 f32) (param $f64 f64)"
    functions = [f'(func (export "{i}") {params} (result i64) {text})' for i, (text, _) in enumerate(cases(t))]
    engine = taipan.Engine(settings)
    store = taipan.Store(engine)
    module = taipan.Module(engine, f'(module (memory (export "memory") 1) {" ".join(functions)})')
    exports = taipan.Instance(store, module, []).exports(store)
    memory, pattern = exports["memory"], bytes(range(1, 255, 7)) * 2
    found: list[object] = []
    for i, (_, width) in enumerate(cases(t)):
        last = SIZE - width
        for p, q in ((last, 8), (8, last), (last + 1, 8), (8, last + 1), (SIZE - 1, SIZE), (SIZE, -1), (-1, SIZE - 1)):
            memory.write(store, pattern, SIZE - len(pattern))
            try:
                found.append(exports[str(i)](store, p, q, 3, -(1 << 40) + 3, 1.5, -2.25))
            except Trap as trap:
                found.append((trap.trap_code, [(f.func_index, f.module_offset) for f in trap.frames]))
    return found


@functools.cache
def expected(t: str) -> list[object]:
    return outcomes(t, compiler="baseline")


@pytest.mark.parametrize("pipeline", ["fast", "default", "aggressive"])
@pytest.mark.parametrize("t", LOADS)
def test_operands_from_memory(t: str, pipeline: str) -> None:
    made = outcomes(t, compiler="llvm", opt_level=pipeline)
    wrong = [
        (cases(t)[i // 7][0], i % 7, want, got)
        for i, (want, got) in enumerate(zip(expected(t), made, strict=True))
        if want != got
    ]
    assert not wrong, wrong[:5]
    assert sum(isinstance(one, tuple) for one in made) > len(cases(t))
