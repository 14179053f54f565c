"""Fuel counted by the LLVM compiler: whatever the baseline compiler's code reads, at every end, trap and host call."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from compiler_code import environment

import taipan
from taipan.abi.layout import SITE_FUEL_MAX
from taipan.compiler.cpu import host_flags
from taipan.compiler.tunables import Tunables
from taipan.errors import UnsupportedError
from taipan.wast.runner import Runner

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm.builder import LlvmBuilder
from taipan.compiler.llvm.compiler import LLVMCompiler

PLENTY = 1 << 40
BASELINE = {"compiler": "baseline"}
OPTIMIZED = [
    {"compiler": "llvm", "opt_level": "fast"},
    {"compiler": "llvm", "opt_level": "default"},
    {"compiler": "llvm", "opt_level": "aggressive"},
    {"compiler": "auto", "opt_level": "fast", "tier_up_calls": 2},
]
each_way = pytest.mark.parametrize("settings", OPTIMIZED, ids=lambda settings: "-".join(map(str, settings.values())))

SOURCE = """
  (import "host" "log" (func $log (param i32)))
  (memory 1) (table funcref (elem $divide $again)) (type $binary (func (param i32 i32) (result i32)))
  (func $sum (export "sum") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (i32.load8_u (local.get 0))))
      (if (i32.rem_u (local.get 0) (i32.const 3))
        (then (call $log (local.get 0)))
        (else (local.set 1 (i32.add (local.get 1) (i32.const 5)))))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $divide (export "divide") (param i32 i32) (result i32)
    (block (br_if 0 (local.get 1)) (drop (i32.const 1)))
    (i32.div_u (local.get 0) (local.get 1)))
  (func $again (export "again") (param i32 i32) (result i32)
    (i32.add (call $divide (local.get 0) (i32.const 7)) (call $divide (local.get 0) (local.get 1))))
  (func (export "tail") (param i32 i32) (result i32)
    (if (local.get 0) (then (return_call $again (local.get 0) (local.get 1))))
    (return_call_indirect (type $binary) (local.get 1) (local.get 1) (local.get 0)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $binary) (local.get 1) (local.get 1) (local.get 0)))
  (func (export "far") (param i32) (result i32)
    (i32.store (i32.const 8) (i32.const 1))
    (i32.load offset=65536 (i32.add (i32.load (i32.const 4)) (local.get 0))))
  (func (export "fill") (param i32) (memory.fill (local.get 0) (i32.const 1) (i32.const 9)) (drop (memory.size)))
  (func (export "grow") (param i32) (result i32) (i32.add (memory.grow (local.get 0)) (i32.const 3)))
  (func (export "choose") (param i32) (result i32)
    (block $a
      (block $b
        (block $c
          (br_if $b (i32.eq (local.get 0) (i32.const 5)))
          (br_table $a $b $c (local.get 0)))
        (drop (i32.const 1))
        (return (i32.const 3)))
      (drop (i32.const 9)) (drop (i32.const 9)))
    (i32.const 5))
  (func (export "nested") (param i32) (result i32) (local i32)
    (loop $outer
      (local.set 1 (i32.const 5))
      (loop $inner
        (if (i32.eq (local.get 1) (i32.const 3)) (then (br $inner (local.set 1 (i32.const 2)))))
        (br_if $inner (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (unreachable))
  (func (export "forever") (loop (br 0)))
  (func $recurse (export "recurse") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $recurse (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 0))))"""

CALLS: list[tuple[str, tuple[int, ...]]] = [
    ("sum", (10,)), ("divide", (5, 0)), ("divide", (5, 2)), ("again", (5, 3)), ("again", (5, 0)), ("tail", (1, 2)),
    ("tail", (0, 2)), ("tail", (0, 0)), ("indirect", (0, 3)), ("indirect", (1, 0)), ("indirect", (2, 0)),
    ("far", (0,)), ("far", (-70_000,)), ("fill", (0,)), ("fill", (-1,)), ("grow", (0,)), ("choose", (0,)),
    ("choose", (1,)), ("choose", (2,)), ("choose", (5,)), ("choose", (9,)), ("nested", (3,)), ("recurse", (20,)),
]  # fmt: skip


def module(settings: dict[str, Any], source: str = SOURCE) -> taipan.Module:
    config = taipan.Config()
    config.consume_fuel = True
    for name, value in settings.items():
        setattr(config, name, value)
    return taipan.Module(taipan.Engine(config), f"(module {source})")


def readings(module: taipan.Module, calls: list[tuple[str, tuple[int, ...]]], fuel: int) -> list[Any]:
    """What calls give and how much was used up after each, and whenever the host was called."""
    seen: list[Any] = []
    store = taipan.Store(module.engine)
    store.set_fuel(fuel)
    type = taipan.FuncType([taipan.ValType.i32()], [])
    log = taipan.Func(store, type, lambda n: seen.append((n, store.fuel_consumed())))
    exports = taipan.Instance(store, module, [log][: len(module.imports)]).exports(store)
    for name, arguments in calls:
        try:
            result = exports[name](store, *arguments)
        except taipan.Trap as trap:
            result = trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]
        seen.append((name, result, store.fuel_consumed()))
    return seen


@each_way
def test_readings_are_the_same(settings: dict[str, Any]) -> None:
    expected = readings(module(BASELINE), CALLS, PLENTY)
    optimized = module(settings)
    for _ in range(3):
        assert readings(optimized, CALLS, PLENTY) == expected


@each_way
def test_fuel_ends_at_the_same_place(settings: dict[str, Any]) -> None:
    """Whatever there was of it."""
    baseline, optimized = module(BASELINE), module(settings)
    for fuel in range(130):
        for call in (("sum", (20,)), ("recurse", (40,)), ("nested", (4,)), ("forever", ()), ("again", (9, 0))):
            assert readings(optimized, [call], fuel) == readings(baseline, [call], fuel)


def test_nothing_is_left_to_the_baseline_compiler() -> None:
    compiler = LlvmBuilder().build().module(environment(SOURCE, Tunables(consume_fuel=True)))
    compiler.image(1)
    assert not compiler.left


def test_more_than_a_site_can_say() -> None:
    """So much is paid before the access."""
    steps = " ".join("(local.set 0 (i32.xor (local.get 0) (i32.const 3)))" for _ in range(SITE_FUEL_MAX // 4 + 1))
    source = f'(memory 1) (func (export "f") (param i32) (result i32) {steps} (i32.load (local.get 0)))'
    calls = [("f", (0,)), ("f", (-4,))]
    expected = readings(module(BASELINE, source), calls, PLENTY)
    assert expected[0][2] > SITE_FUEL_MAX
    assert readings(module(OPTIMIZED[0], source), calls, PLENTY) == expected


def test_loops_are_not_left() -> None:
    env = environment("(func (loop (br 0)))", Tunables(consume_fuel=True))
    start = env.code.index(b"\x03\x40")
    (refused,) = LLVMCompiler(env, host_flags(), "fast").compile_chunk([], [(0, start)])
    assert isinstance(refused, UnsupportedError)
    assert "metered" in str(refused)


def with_llvm(config: taipan.Config, opt_level: str) -> None:
    config.compiler = "llvm"
    config.opt_level = opt_level


@pytest.mark.parametrize("opt_level", ["fast", "default"])
def test_official_numbers(opt_level: str, testdata_dir: Path) -> None:
    outcomes = Runner(configure=partial(with_llvm, opt_level=opt_level)).run_file(testdata_dir / "fuel" / "fuel.wast")
    assert len(outcomes) == 21
    assert [outcome for outcome in outcomes if not outcome.passed] == []
