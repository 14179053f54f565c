"""The same thing very often: nothing fails, and memory stays where it is.

Small by default. ROBUSTNESS_SCALE multiplies the numbers (100 gives 100,000 instances, 10,000 modules and a minute of
eight threads); ROBUSTNESS_REPORT gets the figures, see `isolated.py`.
"""

# Long lines are WebAssembly text.
# ruff: noqa: E501

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from isolated import isolated, report

from taipan import Engine, Func, FuncType, Global, GlobalType, Instance, Linker, Module, Store, Trap, ValType

SCALE = float(os.environ.get("ROBUSTNESS_SCALE", "1"))
GENEROUS = 60 + 40 * SCALE
SLACK_KIB = 4096
"""What an allocator may keep for itself, with many threads more than once."""

I32 = ValType.i32()

MODULE = """(module (import "" "h" (func $h (param i32) (result i32)))
  (memory (export "m") 1 10) (table (export "t") 4 externref) (global $g (mut externref) (ref.null extern))
  (table $f 2 funcref) (elem (table $f) (i32.const 0) func $double)
  (func $double (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
  (func (export "run") (param i32 externref) (result i32)
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 65536) (local.get 0))
    (table.set 0 (i32.const 1) (local.get 1))
    (global.set $g (local.get 1))
    (call $h (call_indirect $f (param i32) (result i32) (i32.load (i32.const 65536)) (i32.const 0))))
  (func (export "trap") (param i32) (drop (i32.load (local.get 0)))))"""


def resident_kib() -> int:
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss_Anon"))


def flat(run: Callable[[int], Any], times: int, what: str) -> None:
    """Run it that often, and once before as long as memory may still grow; it must not grow by more than SLACK_KIB."""
    warm = max(times // 5, 1)
    for i in range(warm):
        run(i)
    gc.collect()
    before = resident_kib()
    started, cpu = time.monotonic(), time.process_time()
    for i in range(times):
        run(i)
    elapsed, cpu = time.monotonic() - started, time.process_time() - cpu
    gc.collect()
    grown = resident_kib() - before
    report(
        f"{what}: {times} times in {elapsed:.1f} s, {cpu / times * 1e6:.1f} us of CPU each; memory {before:+} {grown:+} KiB"
    )
    assert grown < SLACK_KIB, f"{grown} KiB more after {times} times"


def host(value: int) -> int:
    return value + 1


def use(store: Store, instance: Instance, number: int) -> None:
    exports = instance.exports(store)
    run: Any = exports["run"]
    trap: Any = exports["trap"]
    assert run(store, number, [number]) == 2 * number + 1
    if number % 16 == 0:
        try:
            trap(store, -1)
        except Trap:
            return
        raise AssertionError("no trap")


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=GENEROUS)
def test_instances_in_stores_of_their_own() -> None:
    """Make a store and an instance, call it, drop both."""
    engine = Engine()
    module = Module(engine, MODULE)
    ty = FuncType([I32], [I32])

    def cycle(number: int) -> None:
        store = Store(engine)
        use(store, Instance(store, module, [Func(store, ty, host)]), number)

    flat(cycle, int(1000 * SCALE), "store, instance, call, drop")


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=GENEROUS)
def test_modules_that_come_and_go() -> None:
    """Compile, instantiate, call, drop: neither memory nor the type registry nor code grows."""
    engine = Engine()
    registry = engine.types

    def cycle(number: int) -> None:
        parameters = " ".join("i32" if number >> bit & 1 else "f64" for bit in range(6))
        module = Module(
            engine, MODULE[:-1] + f"(type (func (param {parameters}))) (rec (type (struct)) (type (func))))"
        )
        store = Store(engine)
        use(store, Instance(store, module, [Func(store, FuncType([I32], [I32]), host)]), number)

    flat(cycle, int(100 * SCALE), "module, store, instance, call, drop")
    end = time.monotonic() + 10  # a thread may be compiling a hot function of one of them just now
    while len(registry) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(registry) == 0
    assert len(registry.space) < 4096


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=2 * GENEROUS)
def test_eight_threads_with_a_store_each() -> None:
    """Each makes its store, calls, traps and drops it again, all the time."""
    engine = Engine()
    linker = Linker(engine)
    linker.define_func("", "h", FuncType([I32], [I32]), host)
    module = Module(engine, MODULE)
    pre = linker.instantiate_pre(module)
    errors: list[BaseException] = []
    counts: list[int] = []

    def work(until: float) -> None:
        count = 0
        try:
            while time.monotonic() < until:
                store = Store(engine)
                instance = pre.instantiate(store)
                for number in range(20):
                    use(store, instance, number)
                count += 1
        except BaseException as error:
            errors.append(error)
        counts.append(count)

    def some(seconds: float) -> None:
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=work, args=(until,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    some(0.2)
    gc.collect()
    before = resident_kib()
    counts.clear()
    some(0.6 * SCALE)
    gc.collect()
    grown = resident_kib() - before
    report(
        f"8 threads for {0.6 * SCALE:.0f} s: {sum(counts)} stores, {20 * sum(counts)} calls; memory {before:+} {grown:+} KiB"
    )
    assert not errors, errors
    assert grown < 4 * SLACK_KIB, grown


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=GENEROUS)
def test_functions_of_many_stores() -> None:
    """100 stores x 10,000 host functions at scale 100: memory returns, every finalizer runs, once."""
    engine = Engine()
    per_store = int(100 * SCALE)
    finalised = 0

    class Counted:
        def __call__(self) -> None:
            pass

        def __del__(self) -> None:
            nonlocal finalised
            finalised += 1

    ty = FuncType([], [])
    runs = 0

    def cycle(number: int) -> None:
        nonlocal runs
        runs += 1
        with Store(engine) as store:
            for _ in range(per_store):
                Func(store, ty, Counted())
        assert finalised == runs * per_store

    flat(cycle, 100, f"store with {per_store} functions")
    assert finalised == 120 * per_store


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=GENEROUS)
def test_one_linker_and_many_stores() -> None:
    """10 host functions, 1,000 stores at scale 10, 8 threads: all go once, after the linker and the last store."""
    engine = Engine()
    finalised = 0

    class Counted:
        def __call__(self, value: int) -> int:
            return value + 1

        def __del__(self) -> None:
            nonlocal finalised
            finalised += 1

    linker = Linker(engine)
    for i in range(10):
        linker.define_func("", f"h{i}", FuncType([I32], [I32]), Counted())
    imports = "".join(f'(import "" "h{i}" (func $h{i} (param i32) (result i32)))' for i in range(10))
    calls = " ".join(f"call $h{i}" for i in range(10))
    module = Module(engine, f'(module {imports} (func (export "f") (param i32) (result i32) local.get 0 {calls}))')
    stores: list[Store] = []
    wrong: list[Any] = []

    def work(linker: Linker, count: int) -> None:
        for i in range(count):
            store = Store(engine)
            func: Any = linker.instantiate(store, module).get_func(store, "f")
            if func(store, i) != i + 10:
                wrong.append(i)
            stores.append(store)

    threads = [threading.Thread(target=work, args=(linker, max(int(100 * SCALE) // 8, 1))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del threads, linker
    gc.collect()
    assert not wrong
    assert finalised == 0
    while stores:
        assert finalised == 0
        stores.pop()
    gc.collect()
    assert finalised == 10


@isolated(malloc="malloc", seconds=4 * GENEROUS, cpu_seconds=GENEROUS)
def test_failing_instantiations() -> None:
    """In one store they stay, as they must; with the store everything goes."""
    engine = Engine()
    module = Module(
        engine,
        """(module (import "" "at" (global $at i32)) (memory 1) (table 8 externref) (func $f (result i32) global.get $at)
          (func $fail unreachable) (export "f" (func $f)) (start $fail))""",
    )

    def cycle(number: int) -> None:
        store = Store(engine)
        for _ in range(10):
            try:
                Instance(store, module, [Global(store, GlobalType(I32, False), number)])
            except Trap:
                continue
            raise AssertionError("no trap")

    flat(cycle, int(100 * SCALE), "store with 10 failing instantiations")
