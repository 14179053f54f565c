"""Tier-up with LLVM: long calls move into optimized code in the middle of a loop, and nobody can tell.

Every program is one call that runs long enough to be seen. The same call on the baseline tier says what is right.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

import taipan
from taipan.lazy import LazyCompiler

pytest.importorskip("llvmlite", reason="llvmlite is not installed")

SECONDS = 30
"""How long a loop is given to be left, on a machine under load."""


def engine_with(compiler: str) -> taipan.Engine:
    config = taipan.Config()
    config.compiler = compiler
    config.tier_up = True
    return taipan.Engine(config)


def lazy_of(module: taipan.Module) -> LazyCompiler:
    """What compiles the functions of a module."""
    owner = module._native.compile.__self__  # type: ignore[union-attr]
    assert isinstance(owner, LazyCompiler)
    return owner


def exports_of(
    engine: taipan.Engine, source: str, *hosts: Callable[..., object]
) -> tuple[taipan.Store, taipan.InstanceExports, taipan.Module]:
    store = taipan.Store(engine)
    module = taipan.Module(engine, source)
    imports = [taipan.Func(store, i.type, host) for i, host in zip(module.imports, hosts, strict=True)]  # type: ignore[arg-type]
    return store, taipan.Instance(store, module, imports).exports(store), module


def expected(source: str, name: str, *arguments: object) -> object:
    store, exports, _ = exports_of(engine_with("baseline"), source)
    return exports[name](store, *arguments)


def check(source: str, count: int, *more: object) -> None:
    """Call `f` with a count of rounds (then `more`) until one of its loops was left in the middle; compare results.

    The count grows until a call is long enough.
    """
    engine = engine_with("auto")
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        store, exports, module = exports_of(engine, source)
        result = exports["f"](store, count, *more)
        left = lazy_of(module).loops_left
        assert result == expected(source, "f", count, *more)
        if left:
            return
        count *= 2
    raise AssertionError("no loop was left")


def test_one_long_loop() -> None:
    check(
        """(module (func (export "f") (param i32) (result i32) (local i32)
          (loop $l
            (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 3)) (local.get 0)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get 1)))""",
        50_000_000,
    )


def test_loops_in_loops_with_operands_below() -> None:
    """The inner loop is left; the outer ones go on in the continuation, and use what lay below them all."""
    check(
        """(module (func (export "f") (param $n i32) (param $x i64) (result i64)
          (local $i i32) (local $j i32) (local $sum i64)
          (i64.mul (local.get $x) (i64.const 7))
          (local.set $i (local.get $n))
          (loop $outer (param i64) (result i64)
            (i64.const 1000)
            (local.set $j (i32.const 3000))
            (block $b (param i64) (result i64)
              (loop $inner (param i64) (result i64)
                (i64.add (local.get $x))
                (local.set $sum (i64.rotl (i64.add (local.get $sum) (local.get $x)) (i64.const 5)))
                (if (i32.eq (i32.and (local.get $j) (i32.const 1023)) (i32.const 512))
                  (then (local.set $x (i64.xor (local.get $x) (local.get $sum)))))
                (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1))))))
            (i64.xor)
            (br_if $outer (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          (i64.add (local.get $sum))))""",
        10_000,
        12345,
    )


def test_several_results() -> None:
    check(
        """(module (func (export "f") (param i32 f64 f32) (result f64 i32 f32 i64) (local i64)
          (loop $l
            (local.set 1 (f64.add (f64.mul (local.get 1) (f64.const 0.9999)) (f64.const 0.5)))
            (local.set 2 (f32.sub (local.get 2) (f32.const 0.25)))
            (local.set 3 (i64.add (local.get 3) (i64.extend_i32_u (local.get 0))))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get 1) (local.get 0) (local.get 2) (local.get 3)))""",
        30_000_000,
        1.5,
        2.5,
    )


def test_arguments_on_the_stack() -> None:
    params = "i64 " * 8
    check(
        f"""(module (func $spin (param i32 {params}) (result i64)
            (loop $l
              (local.set 8 (i64.add (local.get 8) (i64.mul (local.get 7) (i64.const 3))))
              (local.set 7 (i64.xor (local.get 7) (local.get 8)))
              (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (i64.add (local.get 8) (local.get 3)))
          (func (export "f") (param i32) (result i64) (i64.add (i64.const 5)
            (call $spin (local.get 0) {"".join(f"(i64.const {i})" for i in range(8))}))))""",
        40_000_000,
    )


def test_memory_and_globals() -> None:
    check(
        """(module (memory 1) (global $g (mut i64) (i64.const 3)) (func (export "f") (param $n i32) (result i64)
          (local $p i32)
          (loop $l
            (local.set $p (i32.and (i32.mul (local.get $n) (i32.const 2654435761)) (i32.const 0xfff8)))
            (i64.store (local.get $p) (i64.add (i64.load (local.get $p)) (global.get $g)))
            (global.set $g (i64.rotl (i64.const 3)
              (i64.add (global.get $g) (i64.load (i32.xor (local.get $p) (i32.const 8))))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (global.get $g)))""",
        10_000_000,
    )


def test_calls_in_the_loop() -> None:
    check(
        """(module
          (func $odd (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
              (else (call $even (i32.sub (local.get 0) (i32.const 1))))))
          (func $even (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
              (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
          (func (export "f") (param i32) (result i32) (local i32)
            (loop $l
              (local.set 1 (i32.add (local.get 1) (call $even (i32.and (local.get 0) (i32.const 15)))))
              (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))""",
        2_000_000,
    )


TRAPPING = """(module $m
  (memory 1)
  (func $spin (param $n i32) (result i32)
    (loop $l
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (drop (i32.load (i32.mul (i32.eqz (local.get $n)) (i32.const 0x100000))))
      (br $l))
    (unreachable))
  (func $outer (export "f") (param i32) (result i32) (call $spin (local.get 0))))"""


def test_traps_and_backtraces_are_the_same() -> None:
    """A trap in the continuation has the same code, message and frames as in the baseline tier."""

    def trap_of(compiler: str, count: int) -> tuple[object, bool]:
        store, exports, module = exports_of(engine_with(compiler), TRAPPING)
        with pytest.raises(taipan.Trap) as raised:
            exports["f"](store, count)
        trap = raised.value
        frames = [(f.func_name, f.func_index, f.module_offset, f.func_offset, f.module_name) for f in trap.frames]
        return (trap.trap_code, str(trap), frames), compiler == "auto" and lazy_of(module).loops_left > 0

    right, _ = trap_of("baseline", 100)
    assert right[0] == taipan.TrapCode.MEMORY_OUT_OF_BOUNDS  # type: ignore[index]
    count, end = 50_000_000, time.monotonic() + SECONDS
    while time.monotonic() < end:
        found, left = trap_of("auto", count)
        assert found == right
        if left:
            return
        count *= 2
    raise AssertionError("no loop was left")


def test_references_survive_and_die_as_before() -> None:
    """External references in locals and operands: collections in the middle keep exactly the live ones."""
    source = """(module (import "h" "seen" (func $seen (param externref)))
      (func (export "f") (param $n i32) (param $r externref) (result externref) (local $other externref)
        (local.get $r)
        (loop $l (param externref) (result externref)
          (local.set $other (local.get $r))
          (if (i32.eqz (i32.and (local.get $n) (i32.const 0xfffff)))
            (then (call $seen (local.get $other))))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        ))"""

    class Thing:
        """Something weakly referable."""

    def run(count: int) -> bool:
        thing = Thing()
        seen: list[bool] = []

        def look(given: object) -> None:
            store.gc()
            seen.append(given is thing)

        store, exports, module = exports_of(engine, source, look)
        assert exports["f"](store, count, thing) is thing
        assert seen
        assert all(seen)
        stats = store._stats()
        assert stats["gc_strays"] == 0
        assert stats["gc_skipped"] == 0
        return lazy_of(module).loops_left > 0

    engine = engine_with("auto")
    count, end = 20_000_000, time.monotonic() + SECONDS
    while not run(count):
        assert time.monotonic() < end, "no loop was left"
        count *= 2


def test_interrupts_end_optimized_loops() -> None:
    engine = engine_with("auto")
    source = """(module (func (export "f") (param i32) (local i32)
      (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0))) (br $l))))"""
    store, exports, module = exports_of(engine, source)

    def stop() -> None:
        end = time.monotonic() + SECONDS
        while not lazy_of(module).loops_left and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.05)
        store.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(taipan.Trap) as raised:
        exports["f"](store, 1)
    thread.join()
    assert raised.value.trap_code == taipan.TrapCode.INTERRUPT
    assert lazy_of(module).loops_left


def test_recursion_becomes_hot() -> None:
    source = """(module (func $fib (export "f") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"""
    store, exports, module = exports_of(engine_with("auto"), source)
    end = time.monotonic() + SECONDS
    while not lazy_of(module).functions_replaced:
        assert time.monotonic() < end
        assert exports["f"](store, 25) == 75025
    assert exports["f"](store, 27) == 196418


@pytest.mark.parametrize("calls", [1, 2, 10])
def test_replaced_after_a_number_of_calls(calls: int) -> None:
    config = taipan.Config()
    config.tier_up_calls = calls
    source = """(module (func $g (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0)))
      (func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (i32.const 1))))"""
    store, exports, module = exports_of(taipan.Engine(config), source)
    assert [exports["f"](store, 1 + i) for i in range(12)] == [100 // (1 + i) + 1 for i in range(12)]
    assert lazy_of(module).functions_replaced == 1  # the other one is inlined, and no longer called
    with pytest.raises(taipan.Trap, match="integer divide by zero") as raised:
        exports["f"](store, 0)
    assert [frame.func_index for frame in raised.value.frames] == [0, 1]


def test_optimized_code_is_found_again(tmp_path: object) -> None:
    settings = f"{tmp_path}/cache.toml"
    with open(settings, "w", encoding="utf-8") as file:
        file.write(f'[cache]\ndirectory = "{tmp_path}/code"\n')
    source = """(module (table 2 externref) (func (export "f") (param i32 externref) (result i32)
      (table.set (i32.const 1) (local.get 1))
      (i32.mul (local.get 0) (ref.is_null (table.get (i32.const 1))))))"""
    for expected_count in (1, 0):
        config = taipan.Config()
        config.tier_up_calls = 1
        config.cache = settings
        store, exports, module = exports_of(taipan.Engine(config), source)
        assert exports["f"](store, 6, None) == 6
        assert exports["f"](store, 6, "x") == 0
        assert lazy_of(module).functions_replaced == expected_count


def test_fork_while_something_is_compiled() -> None:
    """The child can compile, tier up and end."""
    source = """(module (func (export "f") (param i32) (result i32) (local i32)
      (loop $l (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))"""
    for _ in range(3):
        engine = engine_with("auto")
        store, exports, module = exports_of(engine, source)
        end = time.monotonic() + SECONDS
        while not lazy_of(module).loops_left and time.monotonic() < end:
            exports["f"](store, 5_000_000)
        other_store, other, _ = exports_of(engine, source)
        other["f"](other_store, 10_000_000)  # the thread is likely at work now
        child = os.fork()
        if child == 0:
            store, exports, module = exports_of(engine_with("auto"), source)
            good = exports["f"](store, 3) == 6
            end = time.monotonic() + SECONDS
            while not lazy_of(module).loops_left and time.monotonic() < end:
                exports["f"](store, 5_000_000)
            good = good and lazy_of(module).loops_left > 0
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
