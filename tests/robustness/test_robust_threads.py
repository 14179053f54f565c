"""Threads: two in one store, errors of two at once, small stacks, first calls at the same time, forks, and the end."""

# Long lines are WebAssembly text; lambdas put the lookup of the method off, too.
# ruff: noqa: E501, PLW0108

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from isolated import cases, error_of, expect, isolated

import taipan
from taipan import Engine, Func, FuncType, Instance, Module, Store, StoreBusyError, Trap, ValType, WasmError

I32 = ValType.i32()
NOTHING = FuncType([], [])

LOOPS = """(module (import "" "h" (func $h)) (memory (export "m") 1 100)
  (func (export "count") (param i32) (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "forever") (loop (br 0)))
  (func (export "host") (call $h))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "trap") (param i32) (i32.store (i32.const -1) (local.get 0))))"""


def loops(engine: Engine, host: Callable[[], Any] = lambda: None) -> tuple[Store, Any]:
    store = Store(engine)
    return store, Instance(store, Module(engine, LOOPS), [Func(store, NOTHING, host)]).exports(store)


def in_threads(count: int, run: Callable[[int], Any]) -> list[Any]:
    """What each run returns or raises; all begin together."""
    results: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def body(number: int) -> None:
        barrier.wait()
        try:
            results[number] = run(number)
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@cases("gil", ["adaptive", "release", "hold"])
@isolated()
def test_two_threads_in_one_store(gil: str) -> None:
    """The second is refused, in every operation, and the first goes on."""
    config = taipan.Config()
    config.gil = gil
    engine = Engine(config)
    inside, done = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        done.wait(20)

    store, exports = loops(engine, wait)
    count, memory = exports["count"], exports["m"]
    thread = threading.Thread(target=exports["host"], args=(store,))
    thread.start()
    assert inside.wait(20)
    for attempt in (
        lambda: count(store, 1),
        lambda: memory.size(store),
        lambda: memory.grow(store, 1),
        lambda: memory.read(store, 0, 1),
        lambda: store.close(),
        lambda: Func(store, NOTHING, print),
        lambda: Instance(store, Module(engine, "(module)"), []),
        lambda: taipan.Global(store, taipan.GlobalType(I32, True), 1),
    ):
        expect(StoreBusyError, attempt)
    done.set()
    thread.join()
    count(store, 1)
    # The same while wasm itself runs, ended by an interrupt from here.
    outcome: list[Any] = []
    thread = threading.Thread(target=lambda: outcome.append(error_of(exports["forever"], store)))
    thread.start()
    while error_of(count, store, 1) is None:
        time.sleep(0.001)
    expect(StoreBusyError, count, store, 1)
    store.interrupt()
    thread.join()
    assert isinstance(outcome[0], Trap), outcome
    count(store, 1)


@isolated()
def test_many_threads_want_one_store() -> None:
    store, exports = loops(Engine())

    def run(number: int) -> int:
        served = 0
        for _ in range(300):
            error = error_of(exports["count"], store, 2000)
            assert error is None or isinstance(error, StoreBusyError), error
            served += error is None
        return served

    served = in_threads(6, run)
    assert all(isinstance(count, int) for count in served), served
    assert sum(served) > 0


@isolated()
def test_errors_of_threads_do_not_mix() -> None:
    engine = Engine()

    def run(number: int) -> None:
        def fail() -> None:
            raise KeyError(number)

        store, exports = loops(engine, fail)
        for i in range(150):
            if (i + number) % 3 == 0:
                error = error_of(exports["host"], store)
                assert isinstance(error, KeyError) and error.args == (number,), error
            elif (i + number) % 3 == 1:
                error = error_of(exports["trap"], store, number)
                assert isinstance(error, Trap) and "out of bounds" in str(error), error
            else:
                error = error_of(exports["deep"], store, 10_000_000)
                assert isinstance(error, Trap) and "exhausted" in str(error), error

    found = in_threads(6, run)
    assert found == [None] * 6, found


@isolated()
def test_first_calls_at_the_same_time() -> None:
    """Functions are compiled when first called: here by many threads at once, each with a store of its own."""
    engine = Engine()
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    for size in (1, 60):
        calls = " ".join(
            f'(func $f{i} (export "f{i}") (param i32) (result i32) '
            f"(i32.add (local.get 0) (i32.const {i})){f' (call $f{i - 1})' if i else ''})"
            for i in range(size)
        )
        module = Module(engine, f"(module {calls})")

        def run(number: int, module: Module = module, size: int = size) -> None:
            store = Store(engine)
            exports = Instance(store, module, []).exports(store)
            order = range(size) if number % 2 else reversed(range(size))
            for i in order:
                assert exports[f"f{i}"](store, number) == number + i * (i + 1) // 2

        assert in_threads(12, run) == [None] * 12
    sys.setswitchinterval(switch)


@isolated()
def test_modules_compiled_at_the_same_time() -> None:
    engine = Engine()

    def run(number: int) -> None:
        for i in range(8):
            body = f"(i64.mul (local.get 0) (i64.const {number * 100 + i}))"
            module = Module(
                engine,
                f'(module (type (func (param i64 {"i32 " * i}) (result i64))) (func (export "f") (param i64) (result i64) {body}))',
            )
            store = Store(engine)
            assert Instance(store, module, []).exports(store)["f"](store, 3) == 3 * (number * 100 + i)

    assert in_threads(8, run) == [None] * 8


@isolated()
def test_one_store_moves_between_threads() -> None:
    store, exports = loops(Engine())
    for _ in range(20):
        thread = threading.Thread(target=exports["count"], args=(store, 10))
        thread.start()
        thread.join()
    thread = threading.Thread(target=store.close)
    thread.start()
    thread.join()
    expect(taipan.StoreClosedError, exports["count"], store, 1)


@cases("stack_kib", [32, 64, 128, 256])
@isolated()
def test_recursion_on_small_stacks(stack_kib: int) -> None:
    """Wasm, and wasm through the host again and again: an answer, a trap or RecursionError, never a crash."""
    engine = Engine()
    outcomes: list[Any] = []

    def body() -> None:
        exports: Any = None
        store: Any = None

        def again() -> None:
            exports["host"](store)

        store, exports = loops(engine, again)
        outcomes.append(error_of(exports["deep"], store, 10_000_000))
        outcomes.append(error_of(exports["host"], store))
        outcomes.append(error_of(exports["count"], store, 5))

    store, exports = loops(engine)
    exports["deep"](store, 1), exports["count"](store, 1), exports["host"](store)
    threading.stack_size(stack_kib << 10)
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert isinstance(outcomes[0], Trap), outcomes
    assert isinstance(outcomes[1], (Trap, RecursionError)), outcomes
    assert outcomes[2] is None, outcomes


@isolated()
def test_stack_limit_lowered_while_running() -> None:
    """Seen when wasm runs again after a pause: the call after that one keeps to the new limit."""
    import resource

    store, exports = loops(Engine())
    exports["deep"](store, 100)
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 20, resource.RLIM_INFINITY))
    time.sleep(0.3)
    exports["count"](store, 1000)
    exports["count"](store, 1000)
    for _ in range(2):
        assert isinstance(error_of(exports["deep"], store, 10_000_000), Trap)


def small_main_stack() -> None:
    engine = Engine()
    exports: Any = None
    store: Any = None

    def again() -> None:
        exports["host"](store)

    store, exports = loops(engine, again)
    for _ in range(2):
        assert isinstance(error_of(exports["deep"], store, 10_000_000), Trap)
        assert isinstance(error_of(exports["host"], store), (Trap, RecursionError))
    assert exports["deep"](store, 50) == 50


@isolated(ulimit="-s 256")
def test_small_main_stack_256() -> None:
    small_main_stack()


@isolated(ulimit="-s 512")
def test_small_main_stack_512() -> None:
    small_main_stack()


@isolated(ulimit="-s unlimited")
def test_unlimited_main_stack() -> None:
    small_main_stack()


@isolated()
def test_reentry_1000_levels_deep() -> None:
    engine = Engine()
    store = Store(engine)
    module = Module(
        engine,
        """(module (import "" "h" (func $h (param i32) (result i32)))
        (func (export "f") (param i32) (result i32)
          (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $h (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))""",
    )
    f: Any = None

    def host(n: int) -> int:
        return int(f(store, n))

    f = Instance(store, module, [Func(store, FuncType([I32], [I32]), host)]).exports(store)["f"]
    sys.setrecursionlimit(5000)
    assert f(store, 1000) == 1000  # with the default settings
    error = error_of(f, store, 1_000_000)
    assert isinstance(error, (Trap, RecursionError)), error
    threading.stack_size(64 << 20)
    config = taipan.Config()
    config.max_wasm_stack = 32 << 20
    engine = Engine(config)
    store = Store(engine)
    f = Instance(store, Module(engine, module.text()), [Func(store, FuncType([I32], [I32]), host)]).exports(store)["f"]
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(f(store, 1000)))
    thread.start()
    thread.join()
    assert results == [1000]
    # Ten stores, one inside the other.
    stores = [Store(engine) for _ in range(10)]

    def nest(level: int) -> int:
        inner = stores[level]
        g = Instance(
            inner, module2, [Func(inner, FuncType([I32], [I32]), lambda n: nest(level + 1) if level < 9 else n)]
        )
        return int(g.exports(inner)["f"](inner, 7)) if level < 9 else 0

    module2 = Module(engine, module.text())
    assert nest(0) == 9


@cases("when", ["before", "after", "running"])
@isolated()
def test_fork(when: str) -> None:
    """Parent and child both call what was compiled, and compile more."""
    engine = Engine()
    module = Module(
        engine,
        "(module " + " ".join(f'(func (export "f{i}") (result i32) (i32.const {i}))' for i in range(20)) + ")",
    )
    store = Store(engine)
    exports = Instance(store, module, []).exports(store)
    background, background_exports = loops(engine)
    threads = []
    if when != "before":
        for i in range(10):
            assert exports[f"f{i}"](store) == i
    if when == "running":
        threads.append(threading.Thread(target=lambda: error_of(background_exports["forever"], background)))
        threads[0].start()
        time.sleep(0.05)
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                check_after_fork(engine, store, exports)
                status = 0
            finally:
                os._exit(status)
        check_after_fork(engine, store, exports)
        assert os.waitpid(child, 0)[1] == 0
    if threads:
        background.interrupt()
        threads[0].join()


def check_after_fork(engine: Engine, store: Store, exports: Any) -> None:
    for i in range(20):
        assert exports[f"f{i}"](store) == i
    second = Store(engine)
    module = Module(
        engine,
        f'(module (memory 1) (func (export "g") (param i32) (result i32) (i32.load (local.get 0))) (func (export "p") (result i32) (i32.const {os.getpid()})))',
    )
    more = Instance(second, module, []).exports(second)
    assert more["p"](second) == os.getpid() and more["g"](second, 0) == 0
    assert isinstance(error_of(more["g"], second, -4), Trap)
    other = Engine()
    third, more = loops(other)
    more["count"](third, 1000)
    timer = threading.Timer(0.05, third.interrupt)
    timer.start()
    error = error_of(more["forever"], third)
    timer.join()
    assert isinstance(error, Trap), error
    gc.collect()


@isolated()
def test_fork_inside_a_host_call() -> None:
    engine = Engine()
    pids: list[int] = []
    store, exports = loops(engine, lambda: pids.append(os.fork()))
    exports["host"](store)
    if pids[0] == 0:
        check = 1
        try:
            exports["count"](store, 10)
            store.close()
            check = 0
        finally:
            os._exit(check)
    assert os.waitpid(pids[0], 0)[1] == 0
    exports["count"](store, 10)


@cases("gil", ["adaptive", "release", "hold"])
@isolated(stdout="end\n")
def test_interpreter_exit_with_daemon_threads(gil: str) -> None:
    config = taipan.Config()
    config.gil = gil
    engine = Engine(config)
    for kind in ("forever", "forever", "host"):
        store, exports = loops(engine, lambda: time.sleep(100))
        threading.Thread(target=exports[kind], args=(store,), daemon=True).start()

    def busy() -> None:
        while True:
            store, exports = loops(engine)
            exports["count"](store, 100_000)
            error_of(exports["trap"], store, 1)

    threading.Thread(target=busy, daemon=True).start()
    time.sleep(0.3)
    print("end")


@isolated(stdout="closing\n")
def test_interpreter_exit_with_everything_alive() -> None:
    """Instances, finalizers and atexit functions that use wasm."""
    import atexit

    engine = Engine()
    store, exports = loops(engine)

    class Final:
        def __del__(self) -> None:
            exports["count"](store, 5)

    table = taipan.Table(store, taipan.TableType(ValType.externref(), taipan.Limits(1, None)), Final())
    sys.keep = [Final(), table, store, exports, engine]  # type: ignore[attr-defined]
    atexit.register(lambda: (exports["count"](store, 5), print("closing")))


@isolated()
def test_stores_made_and_dropped_by_many_threads() -> None:
    engine = Engine()
    module = Module(engine, LOOPS)

    def run(number: int) -> None:
        for i in range(60):
            store = Store(engine)
            exports = Instance(store, module, [Func(store, NOTHING, lambda store=store: None)]).exports(store)
            exports["count"](store, 10)
            if i % 3 == 0:
                store.close()
            elif i % 3 == 1:
                threading.Thread(target=store.interrupt).start()
                assert error_of(exports["count"], store, 10) is None or True
        gc.collect()

    found = in_threads(6, run)
    assert found == [None] * 6, found


@isolated()
def test_interrupts_from_everywhere() -> None:
    """Interrupts of idle, running, closing and closed stores: each ends at most the call it meets."""
    store, exports = loops(Engine())
    stop = threading.Event()

    def pester() -> None:
        while not stop.is_set():
            store.interrupt()

    threads = [threading.Thread(target=pester) for _ in range(3)]
    for thread in threads:
        thread.start()
    trapped = 0
    try:
        for _ in range(200):
            error = error_of(exports["count"], store, 5000)
            assert error is None or (isinstance(error, Trap) and "interrupt" in str(error)), error
            trapped += error is not None
        assert isinstance(error_of(exports["forever"], store), Trap)
        store.close()
    finally:
        stop.set()
    for thread in threads:
        thread.join()
    store.interrupt()
    assert isinstance(error_of(exports["count"], store, 1), WasmError)
