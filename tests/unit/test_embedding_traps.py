"""Traps: codes, texts, frames; stack overflow; interrupts."""

from __future__ import annotations

import gc
import json
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import Func, FuncType, Module, Store, Trap, TrapCode, ValType

I32 = ValType.i32()


def trap_of(action: Any, *args: Any) -> Trap:
    with pytest.raises(Trap) as caught:
        action(*args)
    return caught.value


# --- codes ---


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("unreachable", TrapCode.UNREACHABLE, "wasm `unreachable` instruction executed"),
        ("(drop (i32.load (i32.const 1000000)))", TrapCode.MEMORY_OUT_OF_BOUNDS, "out of bounds memory access"),
        (
            "(drop (i32.load8_u (i32.shl (memory.size) (i32.const 16))))",
            TrapCode.MEMORY_OUT_OF_BOUNDS,
            "out of bounds memory access",
        ),
        ("(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))", TrapCode.MEMORY_OUT_OF_BOUNDS, "out of bounds"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO, "integer divide by zero"),
        ("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", TrapCode.INTEGER_DIVISION_BY_ZERO, "integer divide by zero"),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            TrapCode.INTEGER_OVERFLOW,
            "integer overflow",
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            TrapCode.BAD_CONVERSION_TO_INTEGER,
            "invalid conversion to integer",
        ),
        ("(call_indirect (i32.const 0))", TrapCode.INDIRECT_CALL_TO_NULL, "uninitialized element"),
        ("(call_indirect (i32.const 9))", TrapCode.TABLE_OUT_OF_BOUNDS, "undefined element"),
        ("(call_indirect (i32.const 1))", TrapCode.BAD_SIGNATURE, "indirect call type mismatch"),
        ("(drop (table.get (i32.const 9)))", TrapCode.TABLE_OUT_OF_BOUNDS, "out of bounds table access"),
    ],
)
def test_codes_and_messages(store: Store, body: str, code: TrapCode, message: str) -> None:
    exports = exports_of(
        store,
        f"""(module (memory 1) (table 2 funcref) (func $g (param i32)) (elem (i32.const 1) $g)
          (func (export "f") {body}))""",
    )
    trap = trap_of(exports["f"], store)
    assert trap.trap_code is code
    assert f"wasm trap: {message}" in str(trap)
    assert trap.message.startswith(f"wasm trap: {message}")
    assert not isinstance(trap, taipan.WasmError)
    assert trap_of(exports["f"], store).trap_code is code


def test_numbers_of_codes() -> None:
    assert len(TrapCode) == 50
    assert (TrapCode.STACK_OVERFLOW.value, TrapCode.UNCAUGHT_EXCEPTION.value) == (0, 49)


# --- frames ---


def test_trap_trace(store: Store) -> None:
    exports = exports_of(
        store,
        """(module $hello_mod
          (func (export "run") (call $hello))
          (func $hello (unreachable)))""",
    )
    trap = trap_of(exports["run"], store)
    first, second = trap.frames
    assert (first.module_name, first.func_index, first.func_name) == ("hello_mod", 1, "hello")
    assert (first.func_offset, first.module_offset) == (1, 0x26)
    assert (second.module_name, second.func_index, second.func_name) == ("hello_mod", 0, None)
    assert (second.func_offset, second.module_offset) == (1, 0x21)
    assert "unreachable" in str(trap)


def test_trap_through_host(store: Store) -> None:
    """The frames below a host function are part of the backtrace."""
    kept: list[Any] = []

    def call(caller: taipan.Caller) -> None:
        kept[0](caller)

    host = Func(store, FuncType([], []), call, access_caller=True)
    exports = exports_of(
        store,
        """(module $m (import "" "" (func $host))
          (func (export "run") (call $host)) (func $die (export "die") unreachable))""",
        host,
    )
    kept.append(exports["die"])
    trap = trap_of(exports["run"], store)
    assert [frame.func_index for frame in trap.frames] == [2, 1]
    assert [frame.func_name for frame in trap.frames] == ["die", None]


def test_trap_display_pretty(store: Store) -> None:
    exports = exports_of(
        store,
        """(module $m
          (func $die unreachable)
          (func call $die)
          (func $foo call 1)
          (func (export "bar") call $foo))""",
    )
    trap = trap_of(exports["bar"], store)
    assert trap.message == (
        "wasm trap: wasm `unreachable` instruction executed\n"
        "wasm backtrace:\n"
        "    0:   0x23 - m!die\n"
        "    1:   0x27 - m!<wasm function 1>\n"
        "    2:   0x2c - m!foo\n"
        "    3:   0x31 - m!<wasm function 3>"
    )
    assert str(trap) == (  # wasmtime-py 50's arrangement
        "error while executing at wasm backtrace:\n"
        "    0:     0x23 - m!die\n"
        "    1:     0x27 - m!<wasm function 1>\n"
        "    2:     0x2c - m!foo\n"
        "    3:     0x31 - m!<wasm function 3>\n"
        "\n"
        "Caused by:\n"
        "    wasm trap: wasm `unreachable` instruction executed\n"
    )


def test_trap_display_multi_module(store: Store) -> None:
    inner = exports_of(
        store,
        '(module $a (func $die unreachable) (func call $die) (func $foo call 1) (func (export "bar") call $foo))',
    )
    outer = exports_of(
        store,
        """(module $b (import "" "" (func $bar)) (func $middle call $bar) (func (export "bar2") call $middle))""",
        inner["bar"],
    )
    trap = trap_of(outer["bar2"], store)
    assert [(f.module_name, f.func_name) for f in trap.frames] == [
        ("a", "die"),
        ("a", None),
        ("a", "foo"),
        ("a", None),
        ("b", "middle"),
        ("b", None),
    ]
    assert trap.message == (
        "wasm trap: wasm `unreachable` instruction executed\n"
        "wasm backtrace:\n"
        "    0:   0x23 - a!die\n"
        "    1:   0x27 - a!<wasm function 1>\n"
        "    2:   0x2c - a!foo\n"
        "    3:   0x31 - a!<wasm function 3>\n"
        "    4:   0x29 - b!middle\n"
        "    5:   0x2e - b!<wasm function 2>"
    )


def test_trap_start_function(store: Store) -> None:
    trap = trap_of(
        exports_of,
        store,
        """(module $m (func $die unreachable) (func call $die) (func $foo call 1) (func $start call $foo)
          (start $start))""",
    )
    assert trap.message == (
        "wasm trap: wasm `unreachable` instruction executed\n"
        "wasm backtrace:\n"
        "    0:   0x1d - m!die\n"
        "    1:   0x21 - m!<wasm function 1>\n"
        "    2:   0x26 - m!foo\n"
        "    3:   0x2b - m!start"
    )


def test_loads_outside_of_the_memory(store: Store) -> None:
    """Behind an empty memory, and at the first address after the last byte."""
    wat = """(module (memory (export "m") {}) (func (export "load") (param i32) (drop (i32.load (local.get 0)))))"""
    trap = trap_of(exports_of(store, wat.format(0))["load"], store, 1_000_000)
    assert trap.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
    exports = exports_of(store, wat.format(1))
    size = exports["m"].data_len(store)
    exports["load"](store, size - 4)
    for address in (size - 3, size):
        assert trap_of(exports["load"], store, address).trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS


def test_exits_are_no_traps(store: Store) -> None:
    """Only ExitTrap carries an exit status."""
    trap = trap_of(exports_of(store, '(module (func (export "f") unreachable))')["f"], store)
    assert not hasattr(trap, "code")
    assert not isinstance(taipan.ExitTrap(2), Trap)
    assert taipan.ExitTrap(2).code == 2


@pytest.mark.parametrize(
    ("wat", "message"),
    [
        ('(module (memory 1) (data (i32.const 65536) "a"))', "wasm trap: out of bounds memory access"),
        ("(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))", "out of bounds table access"),
    ],
)
def test_segments_that_do_not_fit(store: Store, wat: str, message: str) -> None:
    trap = trap_of(exports_of, store, wat)
    assert message in str(trap)
    assert trap.frames == []


def test_present_after_module_drop(store: Store) -> None:
    func = exports_of(store, '(module (func $bar unreachable) (func (export "foo") call $bar))')["foo"]
    gc.collect()
    trap = trap_of(func, store)
    assert [frame.func_index for frame in trap.frames] == [0, 1]
    store.close()
    del store, func
    gc.collect()
    assert trap.frames[0].func_name == "bar"


def test_traps_on_another_thread(store: Store) -> None:
    func = exports_of(store, '(module (func (export "f") unreachable))')["f"]
    caught: list[BaseException] = []

    def run() -> None:
        try:
            func(store)
        except Trap as trap:
            caught.append(trap)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert trap_of(func, store).trap_code is TrapCode.UNREACHABLE


def test_host_traps(store: Store) -> None:
    trap = Trap("hello")
    assert (trap.message, str(trap), trap.trap_code, trap.frames) == ("hello", "hello", None, [])
    with pytest.raises(TypeError):
        Trap(5)  # type: ignore[arg-type]
    assert repr(trap) == "Trap('hello')"
    trap = trap_of(exports_of(store, '(module $m (func $f (export "f") unreachable))')["f"], store)
    assert repr(trap.frames[0]) == "<Frame m!f at 0x1e>"


# --- stack overflow ---

RECURSION = '(module (func $f (export "f") call $f))'


def test_stack_overflow(store: Store) -> None:
    func = exports_of(store, RECURSION)["f"]
    for _ in range(3):
        trap = trap_of(func, store)
        assert trap.trap_code is TrapCode.STACK_OVERFLOW
        assert "call stack exhausted" in str(trap)
        assert len(trap.frames) >= 32


def test_stack_overflow_on_a_thread(store: Store) -> None:
    func = exports_of(store, RECURSION)["f"]
    codes: list[Any] = []
    thread = threading.Thread(target=lambda: codes.append(trap_of(func, store).trap_code))
    thread.start()
    thread.join()
    assert codes == [TrapCode.STACK_OVERFLOW]


def test_stack_overflow_through_the_host(store: Store) -> None:
    """Recursion through host functions ends, too, with wasm's trap or Python's RecursionError."""
    depths: list[int] = []

    def host(caller: taipan.Caller, depth: int) -> None:
        depths.append(depth)
        caller["f"](caller, depth + 1)

    exports = exports_of(
        store,
        '(module (import "" "" (func $h (param i32))) (func (export "f") (param i32) local.get 0 call $h))',
        Func(store, FuncType([I32], []), host, access_caller=True),
    )
    with pytest.raises((Trap, RecursionError)):
        exports["f"](store, 0)
    assert len(depths) > 50


def test_the_host_has_stack_at_every_depth(store: Store) -> None:
    """However deep wasm is when it calls the host: the host function has room to work, and ends if it has begun."""
    begun, ended = [], []
    nested = "[" * 400 + "]" * 400

    def work() -> None:
        begun.append(1)
        json.loads(nested)  # recurses in C, several hundred bytes a level
        ended.append(1)

    exports = exports_of(
        store,
        '(module (import "" "" (func $work)) (func $f (export "f") call $work call $f))',
        Func(store, FuncType([], []), work),
    )
    assert trap_of(exports["f"], store).trap_code is TrapCode.STACK_OVERFLOW
    assert len(begun) == len(ended) > 1000


def test_max_wasm_stack() -> None:
    def depth(size: int) -> int:
        config = taipan.Config()
        config.max_wasm_stack = size
        store = Store(taipan.Engine(config))
        exports = exports_of(
            store,
            """(module (global $n (export "n") (mut i32) (i32.const 0))
              (func $f (export "f") (global.set $n (i32.add (global.get $n) (i32.const 1))) call $f))""",
        )
        trap_of(exports["f"], store)
        return int(exports["n"].value(store))

    assert 3 < depth(1 << 20) / depth(1 << 18) < 5


# --- interrupts ---

LOOP = '(module (func (export "f") (loop br 0)))'
# 100 functions that call the next one twice: no loop, 2**100 calls
TREE = (
    "(module "
    + " ".join(f"(func $f{i} call $f{i + 1} call $f{i + 1})" for i in range(100))
    + ' (func $f100) (export "f" (func $f0)))'
)


@pytest.mark.parametrize("wat", [LOOP, TREE], ids=["loop", "calls"])
def test_interrupt_before_the_call(store: Store, wat: str) -> None:
    func = exports_of(store, wat)["f"]
    store.interrupt()
    trap = trap_of(func, store)
    assert trap.trap_code is TrapCode.INTERRUPT
    assert "wasm trap: interrupt" in str(trap)


@pytest.mark.parametrize("wat", [LOOP, TREE], ids=["loop", "calls"])
def test_interrupt_from_another_thread(store: Store, wat: str) -> None:
    func = exports_of(store, wat)["f"]
    timer = threading.Timer(0.05, store.interrupt)
    timer.start()
    start = time.perf_counter()
    assert trap_of(func, store).trap_code is TrapCode.INTERRUPT
    assert time.perf_counter() - start < 5
    timer.join()
    assert exports_of(store, '(module (func (export "f") (result i32) i32.const 1))')["f"](store) == 1


def test_interrupt_after_many_host_calls(store: Store) -> None:
    hits = 0

    def hit() -> None:
        nonlocal hits
        hits += 1
        if hits == 100_000:
            thread.start()

    thread = threading.Thread(target=store.interrupt)
    exports = exports_of(
        store,
        '(module (import "" "" (func $hit)) (func (export "f") (loop call $hit br 0)))',
        Func(store, FuncType([], []), hit),
    )
    assert trap_of(exports["f"], store).trap_code is TrapCode.INTERRUPT
    assert hits >= 100_000
    thread.join()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_control_c_ends_a_loop() -> None:
    program = f"""
import os, signal, threading, time, taipan
store = taipan.Store()
func = taipan.Instance(store, taipan.Module(store.engine, '{LOOP}'), []).exports(store)["f"]
sent = []
def send():
    time.sleep(0.1)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=send).start()
try:
    func(store)
except KeyboardInterrupt:
    print(time.perf_counter() - sent[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert float(done.stdout) < 1  # 10 ms on an idle machine


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_faults_of_the_host_are_not_swallowed() -> None:
    program = f"""
import ctypes, taipan
store = taipan.Store()
func = taipan.Instance(store, taipan.Module(store.engine, '{RECURSION}'), []).exports(store)["f"]
try:
    func(store)
except taipan.Trap:
    ctypes.string_at(8)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert done.returncode in (-signal.SIGSEGV, -signal.SIGBUS)


def test_two_threads_in_one_store(store: Store) -> None:
    """One gets in, the other a StoreBusyError."""
    inside, leave = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        leave.wait(10)

    exports = exports_of(
        store,
        '(module (import "" "" (func $w)) (func (export "f") call $w) (func (export "g")))',
        Func(store, FuncType([], []), wait),
    )
    thread = threading.Thread(target=exports["f"], args=(store,))
    thread.start()
    assert inside.wait(10)
    try:
        with pytest.raises(taipan.StoreBusyError):
            exports["g"](store)
        with pytest.raises(taipan.StoreBusyError):
            store.close()
    finally:
        leave.set()
        thread.join()
    exports["g"](store)


def test_a_store_moves_between_threads(store: Store) -> None:
    exports = exports_of(
        store,
        """(module (global $n (mut i32) (i32.const 0))
          (func (export "f") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) global.get $n))""",
    )
    seen: list[int] = []
    for _ in range(50):
        thread = threading.Thread(target=lambda: seen.append(exports["f"](store)))
        thread.start()
        thread.join()
    assert seen == list(range(1, 51))


def test_stores_on_several_threads(engine: taipan.Engine) -> None:
    """Engine, module and linker are shared; each thread has its stores."""
    linker = taipan.Linker(engine)
    linker.define_func("", "f", FuncType([I32], [I32]), lambda x: x + 1)
    module = Module(
        engine,
        """(module (import "" "f" (func $f (param i32) (result i32)))
          (func (export "g") (param i32) (result i32) local.get 0 call $f))""",
    )
    wrong: list[Any] = []

    def work() -> None:
        for i in range(50):
            with Store(engine) as store:
                func = linker.instantiate(store, module).get_func(store, "g")
                if func is None or func(store, i) != i + 1:
                    wrong.append(i)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
