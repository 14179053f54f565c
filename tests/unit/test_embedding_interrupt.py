"""Interrupt handles, epochs, time-outs, and what runs beside wasm meanwhile."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import Engine, Func, FuncType, Linker, Module, Store, Trap, TrapCode, WasiConfig
from taipan.runtime.timeout import TIMEOUT_BIT

NOTHING = FuncType([], [])
GUEST = """(module
  (import "" "h" (func $h))
  (global (export "n") (mut i32) (i32.const 0))
  (func $nothing (export "nothing"))
  (func (export "loop") (loop br 0))
  (func (export "loop that calls") (loop call $h (global.set 0 (i32.add (global.get 0) (i32.const 1))) br 0))
  (func (export "host") call $h)
  {})""".format(  # 100 functions that call the next one twice: no loop, 2**100 calls
    " ".join(f"(func $f{i} call $f{i + 1} call $f{i + 1})" for i in range(100))
    + '(func $f100) (export "tree" (func $f0))'
)
ENDLESS = ("loop", "tree")


def guest(engine: Engine | None = None, host: Callable[[], Any] = lambda: None) -> tuple[Store, Any]:
    store = Store(engine)
    store.set_epoch_deadline(1 << 40)
    return store, exports_of(store, GUEST, Func(store, NOTHING, host))


def epochs() -> Engine:
    config = taipan.Config()
    config.epoch_interruption = True
    return Engine(config)


def interrupted(call: Any, *args: Any) -> Trap:
    with pytest.raises(Trap, match="wasm trap: interrupt") as caught:
        call(*args)
    assert caught.value.trap_code is TrapCode.INTERRUPT
    return caught.value


# --- interrupt handles ---


@pytest.mark.parametrize("name", ENDLESS)
def test_interrupt_handle_before_the_call(name: str) -> None:
    store, exports = guest()
    store.interrupt_handle().interrupt()
    interrupted(exports[name], store)
    exports["nothing"](store)  # once is once


@pytest.mark.parametrize("name", ENDLESS)
def test_interrupt_handle_from_another_thread(name: str) -> None:
    store, exports = guest()
    timer = threading.Timer(0.02, store.interrupt_handle().interrupt)
    timer.start()
    trap = interrupted(exports[name], store)
    assert trap.frames
    timer.join()


def test_interrupt_handle_after_many_host_calls() -> None:
    hits = 0

    def hit() -> None:
        nonlocal hits
        hits += 1
        if hits == 100_000:
            threading.Thread(target=handle.interrupt).start()

    store, exports = guest(host=hit)
    handle = store.interrupt_handle()
    interrupted(exports["loop that calls"], store)
    assert hits >= 100_000


def test_interrupt_handle_outlives_its_store() -> None:
    store, exports = guest()
    handle = store.interrupt_handle()
    store.close()
    handle.interrupt()
    del store, exports
    gc.collect()
    handle.interrupt()
    assert repr(handle) == "<InterruptHandle of None>"


def test_an_interrupt_reaches_functions_without_checks() -> None:
    """A short function looks at nothing while it runs, so its call is what ends."""
    store, exports = guest()
    store.interrupt()
    interrupted(exports["nothing"], store)
    exports["nothing"](store)


# --- epochs ---


def test_nothing_runs_before_a_deadline_is_set() -> None:
    store = Store(epochs())
    exports = exports_of(store, '(module (func (export "f")))')
    interrupted(exports["f"], store)
    store.set_epoch_deadline(1)
    exports["f"](store)


@pytest.mark.parametrize("name", ENDLESS)
def test_epoch_before_the_call(name: str) -> None:
    engine = epochs()
    store, exports = guest(engine)
    store.set_epoch_deadline(1)
    engine.increment_epoch()
    interrupted(exports[name], store)


@pytest.mark.parametrize("name", ENDLESS)
def test_epoch_from_another_thread(name: str) -> None:
    engine = epochs()
    store, exports = guest(engine)
    store.set_epoch_deadline(3)
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.005):
            engine.increment_epoch()

    thread = threading.Thread(target=tick)
    thread.start()
    assert interrupted(exports[name], store).frames
    stop.set()
    thread.join()


def test_a_passed_deadline_stays_until_it_is_moved() -> None:
    engine = epochs()
    store, exports = guest(engine)
    store.set_epoch_deadline(1)
    exports["nothing"](store)
    engine.increment_epoch()
    for name in ("nothing", "loop", "nothing", "loop"):
        interrupted(exports[name], store)
    store.set_epoch_deadline(2)
    exports["nothing"](store)
    engine.increment_epoch()
    exports["nothing"](store)
    engine.increment_epoch()
    interrupted(exports["nothing"], store)
    store.set_epoch_deadline(0)
    interrupted(exports["nothing"], store)


def test_a_deadline_ends_calls_around_the_one_that_it_stopped() -> None:
    engine = epochs()
    caught: list[Trap] = []

    def host() -> None:
        engine.increment_epoch()
        caught.append(interrupted(exports["loop"], store))

    store, exports = guest(engine, host)
    store.set_epoch_deadline(1)
    interrupted(exports["loop that calls"], store)
    assert len(caught) == 1


def test_epochs_stop_the_stores_whose_deadline_has_come() -> None:
    engine = epochs()
    stores = [guest(engine) for _ in range(4)]
    other, other_exports = guest(epochs())
    other.set_epoch_deadline(1)
    for ticks, (store, _) in enumerate(stores, 1):
        store.set_epoch_deadline(ticks)
    for tick in range(1, 5):
        engine.increment_epoch()
        for ticks, (store, exports) in enumerate(stores, 1):
            if ticks <= tick:
                interrupted(exports["nothing"], store)
            else:
                exports["nothing"](store)
    other_exports["nothing"](other)


def test_stores_are_not_kept_for_their_engine() -> None:
    engine = epochs()
    for _ in range(3):
        guest(engine)
    gc.collect()
    engine.increment_epoch()
    assert engine._epochs is not None and not engine._epochs._stores


def test_epochs_from_many_threads_and_signal_handlers() -> None:
    engine = epochs()
    store, exports = guest(engine)
    signal.signal(signal.SIGALRM, lambda *args: engine.increment_epoch())
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        threads = [threading.Thread(target=lambda: [engine.increment_epoch() for _ in range(500)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(200):
            store.set_epoch_deadline(50)
            if threads[0].is_alive():
                interrupted(exports["loop"], store)
        for thread in threads:
            thread.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.setswitchinterval(before)
    assert engine._epochs is not None and engine._epochs.now >= 2000
    now = engine._epochs.now
    engine.increment_epoch()
    assert engine._epochs.now == now + 1


def test_without_the_option_epochs_do_nothing() -> None:
    store, exports = guest()
    store.set_epoch_deadline(0)
    store.engine.increment_epoch()
    exports["nothing"](store)


def test_deadlines_of_every_size() -> None:
    store, exports = guest(epochs())
    store.set_epoch_deadline(2**64 - 1)
    store.engine.increment_epoch()
    exports["nothing"](store)
    for wrong in (-1, 2**64):
        with pytest.raises(taipan.WasmError, match="deadline"):
            store.set_epoch_deadline(wrong)
    with pytest.raises(TypeError):
        store.set_epoch_deadline("1")  # type: ignore[arg-type]


# --- time-outs ---


@pytest.mark.parametrize("name", ENDLESS)
def test_timeout(name: str) -> None:
    store, exports = guest()
    with pytest.raises(Trap, match="wasm trap: interrupt"), store.timeout(0.02) as limit:
        exports[name](store)
    assert limit.expired
    assert limit.seconds == 0.02
    exports["nothing"](store)


def test_timeout_that_is_not_reached() -> None:
    store, exports = guest()
    with store.timeout(1000) as limit:
        exports["nothing"](store)
    assert not limit.expired
    with store.timeout(float("inf")):
        exports["nothing"](store)


def test_a_timeout_does_not_reach_beyond_its_block() -> None:
    """Blocks that end just when their time does."""
    store, exports = guest()
    for i in range(60):
        with store.timeout(0.001) as limit:
            while i % 2 and not limit.expired:  # at once, and as soon as it is seen
                pass
        exports["nothing"](store)
        exports["host"](store)


def test_calls_in_an_expired_block() -> None:
    """All trap until the block ends, those around host calls that caught the first one, too."""
    caught: list[Trap] = []
    store, exports = guest(host=lambda: caught.append(interrupted(exports["loop"], store)))
    with store.timeout(0.02):
        interrupted(exports["loop that calls"], store)
        interrupted(exports["nothing"], store)
    assert len(caught) == 1
    exports["nothing"](store)


def test_nested_timeouts() -> None:
    store, exports = guest()
    with store.timeout(1000) as outer:
        with store.timeout(0.02) as inner:
            interrupted(exports["loop"], store)
        assert inner.expired and not outer.expired
        exports["nothing"](store)
    with store.timeout(0.02) as outer:
        with store.timeout(1000) as inner:
            interrupted(exports["loop"], store)
        assert outer.expired and not inner.expired
        interrupted(exports["nothing"], store)
    exports["nothing"](store)
    with store.timeout(0.02), store.timeout(0.02):
        interrupted(exports["loop"], store)
        time.sleep(0.05)
    exports["nothing"](store)


def test_a_timeout_leaves_an_interrupt_to_come() -> None:
    store, exports = guest()
    with store.timeout(0) as limit:
        while not limit.expired:
            pass
        store.interrupt()
    interrupted(exports["nothing"], store)
    exports["nothing"](store)


def test_timeout_ends_waits_of_wasi() -> None:
    engine = Engine()
    linker = Linker(engine)
    linker.define_wasi()
    store = Store(engine)
    store.set_wasi(WasiConfig())
    exports = linker.instantiate(
        store,
        Module(
            engine,
            """(module (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "sleep") (param $ns i64)
                (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (local.get $ns))
                (loop
                  (br_if 0 (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200))))))""",
        ),
    ).exports(store)
    began = time.perf_counter()
    with store.timeout(0.02):
        interrupted(exports["sleep"], store, 60_000_000_000)
    assert time.perf_counter() - began < 30
    exports["sleep"](store, 1_000_000)


def test_wrong_timeouts() -> None:
    store = Store()
    with pytest.raises(TypeError):
        store.timeout("1")  # type: ignore[arg-type]
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="negative"):
            store.timeout(wrong)
    limit = store.timeout(1000)
    with limit, pytest.raises(RuntimeError, match="once"), limit:
        pass
    with store.timeout(1000):
        store.close()
    store._stop(TIMEOUT_BIT)


# --- other threads ---


@pytest.mark.parametrize("interval", [0.005, 0.5])
@pytest.mark.parametrize("policy", ["adaptive", "release", "hold"])
@pytest.mark.parametrize("name", ["loop", "loop that calls"])
def test_threads_make_progress_beside_wasm(name: str, policy: str, interval: float) -> None:
    """Also beside a loop of host calls, which keeps taking the GIL back, and with a long switch interval."""
    config = taipan.Config()
    config.gil = policy
    store, exports = guest(Engine(config))
    before = sys.getswitchinterval()
    rounds = 0

    def work() -> None:
        nonlocal rounds
        for rounds in range(1, 6):  # noqa: B007
            time.sleep(0)  # gives the GIL up
        store.interrupt()

    thread = threading.Thread(target=work)
    try:
        sys.setswitchinterval(interval)
        thread.start()
        interrupted(exports[name], store)
        assert rounds == 5
    finally:
        sys.setswitchinterval(before)
        thread.join()


# --- stacks ---


def test_calls_a_thousand_levels_deep() -> None:
    """wasm, host, wasm, ...: what the default stack has room for."""
    program = """
import sys, taipan
from taipan import Func, FuncType, Instance, Module, Store, ValType
sys.setrecursionlimit(5000)
store = Store()
i32 = ValType.i32()
def host(caller, n):
    return exports["f"](caller, n - 1)
module = Module(store.engine, '''(module (import "" "" (func (param i32) (result i32)))
  (func (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call 0 (local.get 0)))) (else (i32.const 0)))))''')
exports = Instance(store, module, [Func(store, FuncType([i32], [i32]), host, access_caller=True)]).exports(store)
print(exports["f"](store, 1000))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("1000\n", "")


@pytest.mark.parametrize("used_before", [False, True])
def test_a_stack_limit_lowered_in_the_running_process(used_before: bool) -> None:
    """The kernel refuses to let the stack grow as far as it was said to: the first deep call still ends in a trap."""
    program = f"""
import resource, taipan
def deep():
    try:
        func(store)
    except taipan.Trap as trap:
        print(trap.trap_code.name)
store = taipan.Store()
func = taipan.Instance(store, taipan.Module(store.engine, '(module (func $f (export "f") call $f))'), []).exports(
    store)["f"]
call = taipan.Instance(store, taipan.Module(store.engine, '(module (func (export "f")))'), []).exports(store)["f"]
if {used_before}:
    call(store)
resource.setrlimit(resource.RLIMIT_STACK, (600 << 10, resource.getrlimit(resource.RLIMIT_STACK)[1]))
deep()
deep()
store = taipan.Store(store.engine)
func = taipan.Instance(store, taipan.Module(store.engine, '(module (func $f (export "f") call $f))'), []).exports(
    store)["f"]
deep()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("STACK_OVERFLOW\n" * 3, 0), done.stderr


def test_a_stack_that_cannot_grow() -> None:
    """Without address space for the stack that wasm may use, it gets less."""
    program = """
import re, resource, taipan
taipan.TrapCode  # imported while there is memory for it
store = taipan.Store()
wat = '(module (func (export "f") (result i32) i32.const 7) (func $g (export "g") call $g))'
module = taipan.Module(store.engine, wat)
exports = taipan.Instance(store, module, []).exports(store)
with open("/proc/self/status") as status:
    size = int(re.search(r"VmSize:\\s+(\\d+)", status.read())[1]) << 10
resource.setrlimit(resource.RLIMIT_AS, (size + 1_500_000, resource.RLIM_INFINITY))
print(exports["f"](store))
try:
    exports["g"](store)
except taipan.Trap as trap:
    print(trap.trap_code.name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("7\nSTACK_OVERFLOW\n", 0), done.stderr
