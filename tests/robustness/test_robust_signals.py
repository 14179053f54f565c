"""Ctrl-C and other signals, faulthandler, and exhausted resources of the process."""

from __future__ import annotations

import faulthandler
import importlib
import itertools
import os
import pkgutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from isolated import SANITIZED, cases, error_of, expect, isolated, report

import taipan
from taipan import Config, Engine, Func, FuncType, Instance, Linker, Module, Store, Trap, WasiConfig, WasmError

NOTHING = FuncType([], [])
GENEROUS = 10.0 if SANITIZED else 1.0
"""Seconds until Ctrl-C must have had its effect; it takes about 0.01, but machines can be busy."""

GUEST = """(module
  (import "" "h" (func $h))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (func (export "loop") (loop (br 0)))
  (func (export "call") (loop (call $h) (br 0)))
  (func $even (param i32) (if (local.get 0) (then (call $odd (i32.const 1)))))
  (func $odd (param i32) (if (local.get 0) (then (call $even (i32.const 0)))))
  (func (export "calls") (loop (call $even (i32.const 1)) (br 0)))
  (func (export "fill") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 2600000)) (br 0)))
  (func (export "sleep") (i64.store (i32.const 24) (i64.const 30000000000)) (i32.store (i32.const 16) (i32.const 1))
    (drop (call $poll (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200))))
  (func (export "read") (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 10))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 50))))
  (func (export "trap") (drop (i32.load (i32.const -1))))
  (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0)))))"""


def guest(engine: Engine | None = None, host: Callable[[], Any] = lambda: None, warm: bool = True) -> tuple[Store, Any]:
    engine = engine or Engine()
    linker = Linker(engine)
    linker.define_wasi()
    linker.define_func("", "h", NOTHING, host)
    store = Store(engine)
    wasi = WasiConfig()
    if hasattr(wasi, "inherit_stdin"):
        wasi.inherit_stdin()
    store.set_wasi(wasi)
    exports = linker.instantiate(store, Module(engine, GUEST)).exports(store)
    if warm:  # nothing is imported later, where a signal would meet it
        assert isinstance(error_of(exports["trap"], store), Trap)
    return store, exports


def interrupted_after(delay: float, call: Callable[[], Any]) -> float:
    """Seconds from the signal until KeyboardInterrupt came out of the call."""
    sent: list[float] = []

    def send() -> None:
        time.sleep(delay)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=send)
    thread.start()
    error = error_of(call)
    ended = time.perf_counter()
    thread.join()
    assert isinstance(error, KeyboardInterrupt), error
    return ended - sent[0]


KINDS = ["loop", "call", "calls", "fill", "sleep", "read", "host"]


@cases("kind, gil", [[kind, "adaptive"] for kind in KINDS] + [["loop", "release"], ["loop", "hold"], ["fill", "hold"]])
@isolated()
def test_ctrl_c(kind: str, gil: str) -> None:
    config = taipan.Config()
    config.gil = gil
    if kind == "read":
        read_end, _ = os.pipe()
        os.dup2(read_end, 0)
    host = (lambda: time.sleep(30)) if kind == "host" else (lambda: None)
    store, exports = guest(Engine(config), host)
    call = exports["call" if kind == "host" else kind]
    latencies = [interrupted_after(0.03 + 0.01 * i, lambda: call(store)) for i in range(3)]
    report(f"Ctrl-C {kind} {gil}: {[f'{latency * 1000:.1f} ms' for latency in latencies]}")
    assert max(latencies) < GENEROUS
    assert isinstance(error_of(exports["trap"], store), Trap)


@isolated()
def test_ctrl_c_while_another_thread_runs_wasm() -> None:
    engine = Engine()
    store, exports = guest(engine)
    other, other_exports = guest(engine)
    thread = threading.Thread(target=lambda: error_of(other_exports["loop"], other))
    thread.start()
    assert interrupted_after(0.05, lambda: exports["loop"](store)) < GENEROUS
    assert thread.is_alive()  # Ctrl-C is the main thread's
    other.interrupt()
    thread.join()


@isolated()
def test_ctrl_c_that_the_handler_keeps() -> None:
    """A handler that does not raise: wasm goes on; one that uses the store, interrupts it, or closes it, is served."""
    store, exports = guest()
    seen: list[Any] = []
    signal.signal(signal.SIGALRM, lambda *args: seen.append(error_of(exports["trap"], store)))
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
    assert interrupted_after(0.2, lambda: exports["loop"](store)) < GENEROUS
    signal.setitimer(signal.ITIMER_REAL, 0)
    time.sleep(0.05)  # a last alarm is still this handler's
    assert len(seen) >= 2 and all(isinstance(error, Trap) for error in seen), seen
    signal.signal(signal.SIGALRM, lambda *args: seen.append(error_of(store.close)))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    assert interrupted_after(0.1, lambda: exports["loop"](store)) < GENEROUS
    assert isinstance(seen[-1], taipan.StoreBusyError)
    signal.signal(signal.SIGALRM, lambda *args: store.interrupt())
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    assert "interrupt" in str(error_of(exports["loop"], store))


@isolated()
def test_first_call_from_a_signal_handler() -> None:
    """It comes while another first call is on its way.

    The flags of the processor are read beforehand: a handler that interrupts Python's import of a codec cannot use it.
    """
    from taipan.compiler.cpu import host_flags

    host_flags()
    store, exports = guest(warm=False)
    seen: list[Any] = []
    signal.signal(signal.SIGALRM, lambda *args: seen.append(error_of(exports["trap"], store)))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.005)
    assert isinstance(error_of(exports["divide"], store), Trap)
    while len(seen) < 5:
        time.sleep(0.001)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert all(isinstance(error, Trap) for error in seen), seen


@isolated()
def test_interrupt_and_ctrl_c_together() -> None:
    store, exports = guest()
    for _ in range(5):

        def both() -> None:
            time.sleep(0.02)
            os.kill(os.getpid(), signal.SIGINT)
            store.interrupt()

        thread = threading.Thread(target=both)
        thread.start()
        try:
            error = error_of(exports["loop"], store)
            thread.join()
        except KeyboardInterrupt:
            error = KeyboardInterrupt()
            thread.join()
        assert isinstance(error, (KeyboardInterrupt, Trap)), error
        try:
            error_of(exports["trap"], store)
            time.sleep(0.01)
        except KeyboardInterrupt:
            pass
    error_of(exports["trap"], store)
    assert "out of bounds" in str(error_of(exports["trap"], store))


ORDERS = ["".join(steps) for steps in itertools.permutations("EPW", 3)] + ["PWEWDW", "REPDW"]


@cases("steps", ORDERS)
@isolated(stdout="theirs\n")
def test_handlers_in_any_order(steps: str) -> None:
    """E, D: faulthandler on and off; P: a Python handler of SIGSEGV; R: faulthandler.register; W: traps.

    After all of them a trap is a trap; a signal that is sent reaches the Python handler.
    """
    store, exports = guest()

    def traps() -> None:
        for name in ("trap", "divide"):
            error = error_of(exports[name], store)
            assert isinstance(error, Trap), error

    def theirs(*args: Any) -> None:
        print("theirs")

    for step in steps:
        if step == "E":
            faulthandler.enable()
        elif step == "D":
            faulthandler.disable()
        elif step == "P":
            signal.signal(signal.SIGFPE, theirs)
            Store(Engine())
        elif step == "R":
            faulthandler.register(signal.SIGUSR1)
        else:
            traps()
    traps()
    faulthandler.disable()
    signal.signal(signal.SIGFPE, theirs)
    Store(Engine())
    traps()
    os.kill(os.getpid(), signal.SIGFPE)


@isolated(status=-signal.SIGSEGV, stderr="Segmentation fault")
def test_crashes_of_the_host_are_reported() -> None:
    import ctypes

    faulthandler.enable()
    store, exports = guest(None, lambda: ctypes.string_at(8) and None)
    assert isinstance(error_of(exports["trap"], store), Trap)
    exports["call"](store)


@isolated()
def test_dump_traceback_later_during_wasm() -> None:
    """One dump, while nothing but wasm runs: a dump of a thread that runs Python can crash, also without taipan."""
    config = Config()
    config.tier_up = False  # no second thread
    store, exports = guest(Engine(config))
    with tempfile.TemporaryFile() as file:
        faulthandler.dump_traceback_later(0.1, file=file)
        assert interrupted_after(0.3, lambda: exports["loop"](store)) < GENEROUS
        faulthandler.cancel_dump_traceback_later()
        file.seek(0)
        assert b"interrupted_after" in file.read()
    for _ in range(100):
        assert isinstance(error_of(exports["trap"], store), Trap)


@cases("mib", [400, 800, 1500, 3000, 9000])
@isolated(malloc="malloc", sanitizers="they need 16 TiB of addresses")
def test_little_address_space(mib: int) -> None:
    """Memories become dynamic where there is no room to reserve; what cannot be had is a clear error."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20))
    store, exports = guest()
    assert exports["memory"].size(store) == 40
    assert isinstance(error_of(exports["trap"], store), Trap)
    assert isinstance(error_of(exports["divide"], store), Trap)
    held: list[Any] = []

    def fill() -> None:
        while True:
            held.append(taipan.Memory(store, taipan.MemoryType(taipan.Limits(1600, None))))

    assert isinstance(error_of(fill), (WasmError, MemoryError))
    assert isinstance(error_of(exports["trap"], store), Trap)

    def grow() -> None:
        while True:
            exports["memory"].grow(store, 100)

    assert isinstance(error_of(grow), (WasmError, MemoryError))
    held.clear()
    store.close()
    store, exports = guest()
    assert isinstance(error_of(exports["trap"], store), Trap)


@isolated(malloc="malloc", max_mib=600, sanitizers="they need 16 TiB of addresses")
def test_memory_runs_out_everywhere() -> None:
    """Compile, instantiate, call with less and less room: MemoryError or WasmError, never a crash."""
    import resource

    engine = Engine()
    store, exports = guest(engine)
    error_of(exports["trap"], store)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    big = "(func (export {}) (result i64) " + "(i64.const 1) (drop) " * 3000 + "(i64.const 5))"
    texts = [f"(module (memory 1) {big.format(chr(34) + 'f' + chr(34))})", '(module (memory 1) (func (export "f")))']
    binaries = [bytes(taipan.wat2wasm(text)) for text in texts]
    outcomes = set()
    for room in [*range(0, 24 << 20, 1 << 20), 64 << 20, 32 << 30]:
        resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
        for binary in binaries:

            def attempt(binary: bytes = binary) -> None:
                mine = Store(engine)
                Instance(mine, Module(engine, binary), []).exports(mine)["f"](mine)

            error = error_of(attempt)
            assert error is None or isinstance(error, (WasmError, MemoryError, OSError)), (room, error)
            outcomes.add(type(error))
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert isinstance(error_of(exports["trap"], store), Trap)
    assert type(None) in outcomes


@isolated()
def test_no_more_descriptors() -> None:
    import resource

    folder = tempfile.mkdtemp()
    store, exports = guest()
    error_of(exports["trap"], store)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    held = []
    try:
        while True:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    engine = Engine()  # its code lies in a memfd if one can be had
    second = Store(engine)
    f = Instance(second, Module(engine, '(module (func (export "f") (result i32) i32.const 3))'), []).exports(second)
    assert f["f"](second) == 3
    error = error_of(exports["sleep"], store)
    assert error is None or isinstance(error, OSError), error
    wasi = WasiConfig()
    assert "Too many open files" in expect((WasmError, OSError), wasi.preopen_dir, folder, "/")
    third = Store(engine)
    error_of(Module.from_file, engine, "/dev/null")
    for fd in held:
        os.close(fd)
    wasi.preopen_dir(folder, "/")
    third.set_wasi(wasi)
    assert isinstance(error_of(exports["trap"], store), Trap)
    os.rmdir(folder)


@isolated()
def test_no_descriptors_for_the_first_compilation() -> None:
    """The processor's flags cannot be read: code for any processor, until they can.

    Nor can the bounds of the main thread's stack, which glibc reads from a file: its first call says so.
    """
    import resource

    from taipan.compiler import cpu

    config = taipan.Config()
    config.lazy_compilation = False
    engine = Engine(config)
    store = Store(engine)
    binary = taipan.wat2wasm('(module (func (export "trap") unreachable))')
    taipan.Module.validate(engine, binary)
    for package in ("compiler", "compiler.baseline", "runtime"):
        folder = importlib.import_module(f"taipan.{package}").__path__
        for found in pkgutil.iter_modules(folder):
            importlib.import_module(f"taipan.{package}.{found.name}")
    assert cpu._host is None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    trap = Instance(store, Module(engine, binary), []).exports(store)["trap"]
    assert cpu.host_flags() == frozenset(cpu.REQUIRED)
    assert "Too many open files" in expect(OSError, trap, store)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert isinstance(error_of(trap, store), Trap)
    assert cpu.host_flags() == cpu.read_flags()
    assert isinstance(error_of(Instance(store, Module(engine, binary), []).exports(store)["trap"], store), Trap)


@isolated()
def test_no_more_threads() -> None:
    """Without the thread that measures time, wasm runs, and is interrupted all the same."""
    import resource

    store, exports = guest()
    assert isinstance(error_of(exports["trap"], store), Trap)  # everything is imported
    if os.getuid() == 0:  # the limit does not bind root
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    engine = Engine()
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    error = error_of(threading.Thread(target=print).start)
    assert isinstance(error, RuntimeError), "the limit does not bind"
    linker = Linker(engine)
    calls: list[int] = []
    linker.define_func("", "h", NOTHING, lambda: calls.append(1))
    module = Module(
        engine,
        """(module (import "" "h" (func)) (func (export "f") (param i32) (loop (call 0)
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "t") unreachable))""",
    )
    store = Store(engine)
    exports = linker.instantiate(store, module).exports(store)
    exports["f"](store, 100)
    assert len(calls) == 100 and isinstance(error_of(exports["t"], store), Trap)
    store.interrupt()
    assert "interrupt" in str(error_of(exports["f"], store, 5))


@isolated()
def test_traps_with_blocked_and_ignored_signals() -> None:
    """Blocked, a fault would end the process; ignored or handled by others, traps stay traps."""
    store, exports = guest()
    for handler in (signal.SIG_IGN, signal.SIG_DFL, lambda *args: None):
        for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE):
            signal.signal(number, handler)
        Store(Engine())
        assert isinstance(error_of(exports["trap"], store), Trap)
        assert isinstance(error_of(exports["divide"], store), Trap)
    assert sys.exc_info() == (None, None, None)
    expect(Trap, exports["trap"], store)
    func = Func(store, NOTHING, lambda: error_of(exports["trap"], store) and None)
    func(store)


@isolated()
def test_a_signal_handler_cannot_move_a_memory_under_running_code() -> None:
    """A loop keeps the address in a register: growth that would move the memory is refused there, and works later."""
    config = taipan.Config()
    config.static_memory_maximum_size = 0
    config.dynamic_memory_reserved_for_growth = 0
    engine = Engine(config)
    store = Store(engine)
    source = """(module (memory (export "m") 1) (func (export "f") (param i32) (result i32)
      (loop $l (i32.store (i32.const 8) (local.get 0))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.load (i32.const 8))))"""
    exports = Instance(store, Module(engine, source), []).exports(store)
    seen: list[Any] = []
    signal.signal(signal.SIGALRM, lambda *args: seen.append(error_of(exports["m"].grow, store, 1)))
    while not seen:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        assert exports["f"](store, 100_000_000) == 1
    assert "failed to grow memory" in str(seen[0])
    assert exports["m"].grow(store, 1) == 1
