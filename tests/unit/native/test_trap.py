"""Traps: explicit, by signal, by stack exhaustion; backtraces; interrupts, signals and the GIL while wasm runs."""

from __future__ import annotations

import faulthandler
import functools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from native_code import Function, Raised, new_code_module, raw_traps  # noqa: F401
from native_objects import I32, I64, KiB, instantiate, memory_plan, native, new_store, signature

from taipan.abi import layout, traps
from taipan.errors import InternalError, StoreBusyError
from taipan.runtime.func import Func

NATIVE_TESTS = str(Path(__file__).parent)


def unreachable() -> Function:
    return Function([], []).trap(traps.UNREACHABLE).end()


def load() -> Function:
    """(address) -> the i32 there in memory 0."""
    function = Function([I32], [I32]).raw("498b4708 89d2")  # mov rax, [r15 + memory0_base]; mov edx, edx
    return function.site(layout.SITE_FAULT, before=-1).raw("8b0410").end()  # mov eax, [rax + rdx]


def forever() -> Function:
    return Function([], []).label("loop").check().jump("e9", "loop").end()


def countdown() -> Function:
    """(n) -> 0 after n polls."""
    function = Function([I64], [I64]).label("loop").check()
    return function.raw("48ffca").jump("0f85", "loop").raw("31c0").end()


def recurse(frame_bytes: int = 0) -> Function:
    """(n) -> depth reached; calls itself n times, with frame_bytes more in each frame. Must be function 0."""
    function = Function([I32], [I32]).check(frame_bytes + 64)
    if frame_bytes:
        function.raw("4881ec").code += frame_bytes.to_bytes(4, "little")  # sub rsp, frame_bytes
    function.raw("31c0 85d2").jump("0f84", "done").raw("ffca").call(0).raw("ffc0")
    return function.label("done").end()


def start(*functions: Function, store: Any = None, imports: Any = (), **options: Any) -> tuple[Any, list[Any]]:
    """(store, the functions)"""
    store = store or new_store()
    types = [(list(sig[0]), list(sig[1])) for sig, _ in imports]
    funcs = [native_func(store, sig, callback) for sig, callback in imports]
    instance = instantiate(store, new_code_module(list(functions), imports=types, **options), funcs)
    return store, [instance._func(store, len(funcs) + i) for i in range(len(functions))]


def native_func(store: Any, sig: tuple[list[int], list[int]], callback: Any, access_caller: bool = False) -> Any:
    return Func._host(store, signature(*sig), callback, access_caller)


PREAMBLE = f"""
import sys
sys.path.insert(0, {NATIVE_TESTS!r})
from test_trap import *
from native_code import registered
native.register(**registered(make_trap=Raised))
"""


def run_script(body: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: signals, forks and crashes of its own."""
    return subprocess.run(
        [sys.executable, "-c", PREAMBLE + textwrap.dedent(body)],
        capture_output=True,
        check=False,
        text=True,
        timeout=timeout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment},
    )


# ---- explicit traps ----


def test_every_trap_kind() -> None:
    store, funcs = start(*(Function([], []).trap(number).end() for number in traps.TRAPS if number))
    for func, number in zip(funcs, (n for n in traps.TRAPS if n), strict=True):
        with pytest.raises(Raised, match=traps.TRAPS[number][1]) as caught:
            func(store)
        assert caught.value.code == number


def test_backtrace() -> None:
    inner = unreachable()
    outer = Function([], []).call(0).end()
    store, (_, f) = start(inner, outer)
    with pytest.raises(Raised) as caught:
        f(store)
    at_trap, at_call = inner.sites[0][0], outer.sites[0][0]
    assert caught.value.frames == [("module", 0, at_trap, at_trap + 1000), ("module", 1, at_call, at_call + 1000)]


def test_backtrace_through_the_host() -> None:
    """wasm -> host -> wasm: the frames of both entries, innermost first; another store's frames are left out."""
    other_store, (other,) = start(unreachable())
    inner = unreachable()
    actions: list[Any] = []

    def act() -> None:
        actions[-1]()

    store, funcs = start(inner, Function([], []).call_import(0).end(), imports=[(([], []), act)])
    actions.append(lambda: funcs[0](store))
    with pytest.raises(Raised) as caught:
        funcs[1](store)
    assert [frame[1] for frame in caught.value.frames] == [1, 2]
    actions.append(lambda: other(other_store))
    with pytest.raises(Raised) as caught:
        funcs[1](store)
    assert [frame[1] for frame in caught.value.frames] == [0]


def test_trap_without_a_site() -> None:
    function = unreachable()
    function.sites.clear()
    store, (f,) = start(function)
    with pytest.raises(InternalError, match="bug: a trap without a site"):
        f(store)


def test_callee_saved_registers_survive_a_trap() -> None:
    """The trapping function overwrites all of them; the caller is C code that would not survive a wrong one."""
    clobber = Function([], []).raw("31db 4531e4 4531ed 4531f6")  # xor ebx, r12d, r13d, r14d
    store, (f,) = start(clobber.trap(traps.UNREACHABLE).end())
    for _ in range(1000):
        with pytest.raises(Raised):
            f(store)


# ---- faults ----


def test_fault_is_a_trap() -> None:
    function = load()
    store, (f,) = start(function, memories=[memory_plan(1)])
    assert f(store, 65532) == 0
    for address in (65536, 2**31, -1):
        with pytest.raises(Raised, match="out of bounds memory access") as caught:
            f(store, address)
        offset = function.sites[0][0]
        assert caught.value.frames == [("module", 0, offset, offset + 1000)]
    assert f(store, 0) == 0


def test_many_faults_leak_nothing() -> None:
    store, (f,) = start(load(), memories=[memory_plan(1)])
    for _ in range(20000):
        try:
            f(store, -1)
        except Raised:
            pass
        else:
            pytest.fail("no trap")


def test_fault_in_a_thread() -> None:
    """Each thread has its own alternate stack."""
    store, (f,) = start(load(), memories=[memory_plan(1)])
    caught = []

    def run() -> None:
        try:
            f(store, -1)
        except Raised as error:
            caught.append(error.code)

    for _ in range(20):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert caught == [traps.MEMORY_OUT_OF_BOUNDS] * 20


@pytest.mark.parametrize(
    "body",
    [
        # generated code at an instruction that is no site
        """
        function = load()
        function.sites.clear()
        store, (f,) = start(function, memories=[memory_plan(1)])
        f(store, -1)
        """,
        # the host, outside of wasm
        "import ctypes\nctypes.string_at(8)",
        # the host, called by wasm
        """
        import ctypes
        store, (f,) = start(Function([], []).call_import(0).end(), imports=[(([], []), lambda: ctypes.string_at(8))])
        f(store)
        """,
        "os.kill(os.getpid(), signal.SIGSEGV)\nimport time\ntime.sleep(10)",
    ],
)
@pytest.mark.parametrize("handler", ["none", "before", "after"])
def test_a_crash_stays_a_crash(body: str, handler: str) -> None:
    """With faulthandler its report comes out once, whether it was enabled before or after us."""
    late = "import faulthandler\nfaulthandler.enable()\nnew_store()\n" if handler == "after" else ""
    early = {"PYTHONFAULTHANDLER": "1"} if handler == "before" else {}
    done = run_script(late + textwrap.dedent(body), **early)
    assert done.returncode == -signal.SIGSEGV, done.stderr
    assert done.stderr.count("Fatal Python error: Segmentation fault") == (handler != "none"), done.stderr


@pytest.mark.parametrize(
    "steps",
    ["E", "EW", "WE", "WEW", "WED", "EWD", "WEDE", "WEDWE", "WEWDWEW", "EWDWEWDW"],
)
def test_faulthandler_in_any_order(steps: str) -> None:
    """E: enable, D: disable, W: a trap. After any of these a trap is a trap, and nothing is printed.

    Not seen at once: disable and enable both between two calls, when it had been enabled first.
    """
    done = run_script(
        f"""
        import faulthandler
        store, (f,) = start(load(), memories=[memory_plan(1)])
        def trap():
            try:
                f(store, -1)
            except Raised:
                return
            raise SystemExit("no trap")
        for step in {steps!r}:
            {{"E": faulthandler.enable, "D": faulthandler.disable, "W": trap}}[step]()
        trap()
        print("done")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_other_handlers_are_put_below() -> None:
    """Somebody else's handler, installed while wasm is in use: seen when a store is made at the latest."""
    done = run_script(
        """
        store, (f,) = start(load(), memories=[memory_plan(1)])
        signal.signal(signal.SIGSEGV, lambda *a: print("theirs"))
        new_store()
        try:
            f(store, -1)
        except Raised:
            print("trap")
        os.kill(os.getpid(), signal.SIGSEGV)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "trap\ntheirs\n", "")


# ---- stack ----


def test_stack_exhaustion() -> None:
    store, (f,) = start(recurse())
    assert f(store, 100) == 100
    with pytest.raises(Raised, match="call stack exhausted") as caught:
        f(store, 10_000_000)
    assert 32 <= len(caught.value.frames) <= 1000
    assert f(store, 100) == 100


def test_huge_frame() -> None:
    store, (f,) = start(recurse(16 << 20))
    with pytest.raises(Raised, match="call stack exhausted"):
        f(store, 1)


def test_max_wasm_stack() -> None:
    """Depth follows the setting."""
    depths = []
    for size in (64 * KiB, 256 * KiB, 1024 * KiB):
        store = native.StoreBase(max_wasm_stack=size, gil="adaptive")
        _, (f,) = start(recurse(1000), store=store)
        low, high = 0, 10_000
        while low + 1 < high:
            middle = (low + high) // 2
            try:
                f(store, middle)
                low = middle
            except Raised:
                high = middle
        depths.append(low)
    frame = 1000 + 48
    for depth, size in zip(depths, (64, 256, 1024), strict=True):
        assert size * KiB <= depth * frame + 4 * KiB <= (size + 72) * KiB


@pytest.mark.parametrize("stack_kib", [64, 128, 256, 1024])
def test_threads_with_small_stacks(stack_kib: int) -> None:
    """Whatever little there is: an answer or a trap, never a crash."""
    done = run_script(
        f"""
        store = native.StoreBase(max_wasm_stack=8 << 20, gil="adaptive")
        _, (f,) = start(recurse(), store=store)
        results = []
        def run():
            for n in (10, 10_000_000):
                try:
                    results.append(f(store, n))
                except Raised as error:
                    results.append(str(error))
        threading.stack_size({stack_kib} << 10)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert results == [10, "call stack exhausted"], results
        assert f(store, 10) == 10
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("stack_kib", [192, 512, 8192])
def test_small_stack_of_the_main_thread(stack_kib: int) -> None:
    done = run_script(
        f"""
        import resource
        if resource.getrlimit(resource.RLIMIT_STACK)[0] != {stack_kib} << 10:
            resource.setrlimit(resource.RLIMIT_STACK, ({stack_kib} << 10, resource.getrlimit(resource.RLIMIT_STACK)[1]))
            os.execv(sys.executable, [sys.executable] + sys.orig_argv[1:])
        store = native.StoreBase(max_wasm_stack=64 << 20, gil="adaptive")
        _, (f,) = start(recurse(), store=store)
        assert f(store, 10) == 10
        try:
            f(store, 10_000_000)
        except Raised as error:
            print(error)
        """
    )
    assert (done.returncode, done.stdout) == (0, "call stack exhausted\n"), done.stderr


def test_host_functions_have_stack() -> None:
    """A host function called at the deepest possible level still finds 128 KiB."""
    done = run_script(
        """
        import ctypes
        libc = ctypes.CDLL(None)
        libc.pthread_self.restype = ctypes.c_void_p
        attributes = (ctypes.c_char * 256)()
        assert libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes) == 0
        lowest, size = ctypes.c_void_p(), ctypes.c_size_t()
        assert libc.pthread_attr_getstack(attributes, ctypes.byref(lowest), ctypes.byref(size)) == 0
        left = []
        function = Function([], []).check(64)
        function.raw("4889e2").call_import(0).call(0).end()  # mov rdx, rsp
        store = native.StoreBase(max_wasm_stack=1 << 30, gil="adaptive")
        _, (f,) = start(function, store=store, imports=[(([I64], []), lambda sp: left.append(sp - lowest.value))])
        try:
            f(store)
        except Raised as error:
            print(error)
        assert 128 << 10 <= min(left) <= 320 << 10, min(left)
        """
    )
    assert (done.returncode, done.stdout) == (0, "call stack exhausted\n"), done.stderr


def test_deep_nesting() -> None:
    """wasm -> host -> wasm ... ends in RecursionError or a trap."""
    holder: list[Any] = []
    function = Function([I32], [I32]).check(64).call_import(0).end()
    store, (f,) = start(function, imports=[(([I32], [I32]), lambda n: holder[0](store, n - 1) if n else 7)])
    holder.append(f)
    assert f(store, 200) == 7
    with pytest.raises((RecursionError, Raised)):
        f(store, 100_000)
    assert f(store, 200) == 7


def test_nesting_without_python_frames() -> None:
    """A host function made of C only: the stack check alone ends it."""
    relay = functools.partial(print)
    store, (f,) = start(Function([], []).check(64).call_import(0).end(), imports=[(([], []), relay)])
    relay.__setstate__((f, (store,), {}, {}))  # type: ignore[attr-defined]
    with pytest.raises((RecursionError, Raised)):
        f(store)


# ---- interrupts ----


def test_interrupt_from_another_thread() -> None:
    store, (f,) = start(forever())
    for _ in range(3):
        timer = threading.Timer(0.05, store._interrupt)
        timer.start()
        with pytest.raises(Raised, match="interrupt") as caught:
            f(store)
        timer.join()
        assert caught.value.code == traps.INTERRUPT


def test_interrupt_before_the_call() -> None:
    store, (f, g) = start(forever(), countdown())
    store._interrupt()
    with pytest.raises(Raised, match="interrupt"):
        f(store)
    assert g(store, 10) == 0  # it was for one call


def test_interrupt_reaches_an_instance_made_afterwards() -> None:
    store = new_store()
    store._interrupt()
    _, (f,) = start(forever(), store=store)
    with pytest.raises(Raised, match="interrupt"):
        f(store)


def test_poll_keeps_registers() -> None:
    """All argument registers and xmm0-15 hold known values across polls that take the slow path."""
    fill = "b901000000 ba02000000 be03000000 bf04000000 41b805000000 41b906000000 41ba07000000 41bb08000000"
    function = Function([], [I64]).raw("4154 4155 41bd00000000")  # push r12; push r13; mov r13d, 0
    function.raw(fill).raw("41bc40420f00")  # mov r12d, 1000000
    for i in range(16):  # cvtsi2sd xmm<i>, ecx
        function.raw(f"f2{'44' if i >= 8 else ''}0f2a{0xC1 + 8 * (i % 8):02x}")
    function.label("loop").check().raw("41ffcc").jump("0f85", "loop")
    for register in ("4901cd", "4901d5", "4901f5", "4901fd", "4d01c5", "4d01cd", "4d01d5"):  # add r13, ...
        function.raw(register)
    for i in range(16):  # cvttsd2si rax, xmm<i>; add r13, rax
        function.raw(f"f2{'48' if i < 8 else '49'}0f2cc{i % 8:x}").raw("4901c5")
    function.raw("4c89e8 4c8b6de0 4c8b65e8").end()  # mov rax, r13; restore r13, r12
    store, (f,) = start(function)
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        assert f(store) == 1 + 2 + 3 + 4 + 5 + 6 + 7 + 16
    assert store is not None


@pytest.mark.parametrize("gil", ["adaptive", "release", "hold"])
def test_ctrl_c(gil: str) -> None:
    """KeyboardInterrupt out of an endless loop in at most 10 ms (and what a loaded machine adds)."""
    done = run_script(
        f"""
        import statistics
        store = native.StoreBase(max_wasm_stack=1 << 18, gil={gil!r})
        _, (f,) = start(forever(), store=store)
        late = []
        for _ in range(15):
            sent = []
            def send():
                sent.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGINT)
            import subprocess
            child = subprocess.Popen([sys.executable, "-c",
                "import os, signal, sys, time; time.sleep(0.05); print(time.monotonic(), flush=True);"
                "os.kill(int(sys.argv[1]), signal.SIGINT)", str(os.getpid())], stdout=subprocess.PIPE)
            try:
                f(store)
            except KeyboardInterrupt:
                now = time.monotonic()
            late.append(now - float(child.communicate()[0]))
        print(min(late) * 1000, statistics.median(late) * 1000)
        """
    )
    assert done.returncode == 0, done.stderr
    best, median = map(float, done.stdout.split())
    assert best < 10 and median < 1000  # the median only shows that none is lost: machines have other things to do


def test_ctrl_c_beside_a_busy_thread() -> None:
    done = run_script(
        """
        store, (f,) = start(forever())
        busy = True
        def spin():
            while busy:
                pass
        thread = threading.Thread(target=spin)
        thread.start()
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begin = time.monotonic()
        try:
            f(store)
        except KeyboardInterrupt:
            late = time.monotonic() - begin - 0.2
        busy = False
        thread.join()
        print(late)
        """
    )
    assert done.returncode == 0, done.stderr
    assert (
        float(done.stdout) < 10
    )  # a switch interval or two where a processor is free; never, were the GIL not asked for


def test_signal_handlers_run_and_wasm_goes_on() -> None:
    done = run_script(
        """
        store, (f,) = start(countdown())
        seen = []
        signal.signal(signal.SIGALRM, lambda *a: seen.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            f(store, 300_000_000)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert len(seen) >= 3, seen
        """
    )
    assert done.returncode == 0, done.stderr


# ---- the GIL and other threads ----


@pytest.mark.parametrize("gil", ["adaptive", "release", "hold"])
def test_other_threads_run(gil: str) -> None:
    """While wasm runs in the main thread, Python code in another makes progress."""
    store = native.StoreBase(max_wasm_stack=256 * KiB, gil=gil)
    _, (f,) = start(forever(), store=store)
    count = 0

    def work() -> None:
        nonlocal count
        while count < 100:
            count += 1
            time.sleep(0.0001)
        store._interrupt()

    thread = threading.Thread(target=work)
    thread.start()
    with pytest.raises(Raised, match="interrupt"):
        f(store)
    thread.join()
    assert count == 100


def test_wasm_runs_in_parallel() -> None:
    """Two stores in two threads release the GIL: both see progress of the other while they run."""
    running = threading.Barrier(2)
    stores = [start(forever()) for _ in range(2)]
    caught = []

    def run(store: Any, f: Any) -> None:
        running.wait()
        try:
            f(store)
        except Raised as error:
            caught.append(str(error))

    threads = [threading.Thread(target=run, args=(store, f)) for store, (f,) in stores]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    for store, _ in stores:
        store._interrupt()
    for thread in threads:
        thread.join()
    assert caught == ["interrupt", "interrupt"]


def test_a_busy_store_refuses_other_threads() -> None:
    store, (f, g) = start(forever(), countdown())
    memory_store = new_store()
    errors: list[BaseException] = []

    def run() -> None:
        time.sleep(0.05)
        for action in (lambda: g(store, 1), store._close, lambda: f._signature(store)):
            try:
                action()
            except StoreBusyError as error:
                errors.append(error)
        store._interrupt()

    thread = threading.Thread(target=run)
    thread.start()
    with pytest.raises(Raised, match="interrupt"):
        f(store)
    thread.join()
    assert len(errors) == 3
    assert g(store, 1) == 0
    assert memory_store.closed is False


def test_many_threads_and_traps() -> None:
    """Stores, calls, traps, closing, all at once."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            for _ in range(30):
                store, (f, g, h) = start(recurse(), load(), countdown(), memories=[memory_plan(1)])
                assert f(store, 50) == 50
                assert h(store, 2_000_000) == 0
                for _ in range(20):
                    with pytest.raises(Raised):
                        g(store, -1)
                with pytest.raises(Raised):
                    f(store, 10_000_000)
                store._close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.parametrize("gil", ["adaptive", "release", "hold"])
@pytest.mark.parametrize("body", ["", ".call_import(0)"])
def test_daemon_threads_at_exit(gil: str, body: str) -> None:
    """The interpreter ends while wasm of another thread still runs, with or without calls into Python."""
    done = run_script(
        f"""
        store = native.StoreBase(max_wasm_stack=1 << 18, gil={gil!r})
        loop = Function([], []).label("loop").check(){body}.jump("e9", "loop").end()
        _, (f,) = start(loop, store=store, imports=[(([], []), lambda: None)])
        threading.Thread(target=f, args=(store,), daemon=True).start()
        time.sleep(0.05)
        print("end")
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


# ---- fork ----


def test_fork() -> None:
    """Parent and child go on compiling, trapping and being interrupted, each for itself."""
    done = run_script(
        """
        region = native.CodeRegion(1 << 20)
        store, (f, g) = start(forever(), load(), memories=[memory_plan(1)], region=region)
        def check(constant):
            answer = Function([], [I32]).raw("b8").raw(constant.to_bytes(4, "little").hex()).end()
            _, (a,) = start(answer, store=store, region=region)
            assert a(store) == constant
            threading.Timer(0.05, store._interrupt).start()
            for func, args in ((f, ()), (g, (-1,))):
                try:
                    func(store, *args)
                except Raised as error:
                    print(error, flush=True)
            assert a(store) == constant
        check(1)
        pid = os.fork()
        if pid == 0:
            for _ in range(3):
                check(2)
            os._exit(0)
        for _ in range(3):
            check(3)
        assert os.waitpid(pid, 0)[1] == 0
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("interrupt") == done.stdout.count("out of bounds memory access") == 7


def test_fork_inside_a_host_function() -> None:
    done = run_script(
        """
        function = Function([], []).call_import(0).label("loop").check().jump("e9", "loop").end()
        store, (f,) = start(function, imports=[(([], []), lambda: pids.append(os.fork()))])
        pids = []
        def stop():
            time.sleep(0.1)
            store._interrupt()
        signal.signal(signal.SIGALRM, lambda *a: store._interrupt())
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        def arm():
            signal.setitimer(signal.ITIMER_REAL, 0.2)
        os.register_at_fork(after_in_child=arm)
        try:
            f(store)
        except Raised as error:
            assert str(error) == "interrupt"
        if pids[0] == 0:
            os._exit(5)
        assert os.waitpid(pids[0], 0)[1] >> 8 == 5
        """
    )
    assert done.returncode == 0, done.stderr


def test_the_ticker_is_this_modules_only_thread_of_its_own() -> None:
    """No thread is started before the first call, one afterwards, and it does not keep the process alive."""
    done = run_script(
        """
        def threads():
            return len(os.listdir("/proc/self/task"))
        store, (f,) = start(countdown())
        before = threads()
        f(store, 1)
        f(store, 1)
        print(before, threads())
        """
    )
    assert (done.returncode, done.stdout) == (0, "1 2\n"), done.stderr


def test_faulthandler_of_this_process_is_unharmed() -> None:
    """pytest enables it; after all of the above it still is, and traps are traps."""
    was = faulthandler.is_enabled()
    store, (f,) = start(load(), memories=[memory_plan(1)])
    with pytest.raises(Raised):
        f(store, -1)
    assert faulthandler.is_enabled() == was
