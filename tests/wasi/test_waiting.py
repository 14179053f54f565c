"""Guests that wait on the host, under the engine: interrupts and Ctrl-C end every wait, and nothing is left behind."""

from __future__ import annotations

import errno
import io
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wasi_twins import DATA, EVENTS, IOVECS, OUT, PATHS, guest_source

import taipan
from taipan.wasi.p1.types import ERRNO_NAMES, FDFLAG_NONBLOCK, IOVEC, SUBSCRIPTION

FOREVER = 10**18  # ns
LARGE = 40_000  # bytes; four buffers of it are more than a pipe holds


@pytest.fixture(scope="module")
def module() -> Iterator[taipan.Module]:
    engine = taipan.Engine()
    yield taipan.Module(engine, guest_source(loops=True))
    engine.close()


class Guest:
    """The functions of preview 1, called through wasm. `name!` calls one for ever in a loop."""

    def __init__(self, module: taipan.Module, config: taipan.WasiConfig) -> None:
        self.store = taipan.Store(module.engine)
        self.store.set_wasi(config)
        linker = taipan.Linker(module.engine)
        linker.define_wasi()
        self.exports: Any = linker.instantiate(self.store, module).exports(self.store)
        self.memory = memoryview(self.exports["memory"])

    def call(self, name: str, *arguments: int) -> str:
        return ERRNO_NAMES[self.exports[name](self.store, *arguments)]

    def poke(self, address: int, data: bytes) -> int:
        self.memory[address : address + len(data)] = data
        return address

    def path(self, text: str) -> tuple[int, int]:
        return self.poke(PATHS[0], text.encode()), len(text)

    def iovecs(self, count: int, size: int) -> tuple[int, int]:
        return self.poke(IOVECS, IOVEC.pack(DATA, size) * count), count

    def close(self) -> None:
        self.memory.release()
        self.store.close()


class World:
    """A guest with everything one can wait for: a listening and a connected socket, a directory with a FIFO."""

    def __init__(self, module: taipan.Module, path: Path) -> None:
        os.mkfifo(path / "fifo")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.ours, self.theirs = socket.socketpair()
        self.stdin, self.stdin_writer = os.pipe()
        self.stdout_reader, self.stdout = os.pipe()
        config = taipan.WasiConfig()
        config.stdin_file = f"/dev/fd/{self.stdin}"
        config.stdout_file = f"/dev/fd/{self.stdout}"
        config.preopen_dir(str(path), "/")
        config.preopen_socket(self.listener)
        config.preopen_socket(self.theirs)
        self.guest = Guest(module, config)

    def close(self) -> None:
        self.guest.close()
        for end in (self.listener, self.ours, self.theirs):
            end.close()
        for fd in (self.stdin, self.stdin_writer, self.stdout_reader, self.stdout):
            os.close(fd)


@pytest.fixture
def world(module: taipan.Module, tmp_path: Path) -> Iterator[World]:
    if not os.path.isdir("/dev/fd"):
        pytest.skip("needs /dev/fd")
    made = World(module, tmp_path)
    yield made
    made.close()


def sleep(guest: Guest) -> tuple[str, int, int, int, int]:
    guest.poke(DATA, SUBSCRIPTION.pack(1, 0, 1, FOREVER, 0, 0))
    return "poll_oneoff", DATA, EVENTS, 1, OUT


def poll_input(guest: Guest) -> tuple[str, int, int, int, int]:
    guest.poke(DATA, SUBSCRIPTION.pack(1, 1, 0, 0, 0, 0))
    return "poll_oneoff", DATA, EVENTS, 1, OUT


def open_fifo(guest: Guest, right: int) -> tuple[str, *tuple[int, ...]]:
    return ("path_open", 3, 0, *guest.path("fifo"), 0, right, 0, 0, OUT)


def read_fifo(guest: Guest) -> tuple[str, int, int, int, int]:
    name, *arguments = open_fifo(guest, 2)
    assert guest.call(name, *arguments) == "SUCCESS", "opening for reading does not wait"
    fd = struct.unpack_from("<I", guest.memory, OUT)[0]
    return ("fd_read", fd, *guest.iovecs(1, 10), OUT)


WAITS: dict[str, Callable[[Guest], tuple[Any, ...]]] = {
    "sleep": sleep,
    "poll": poll_input,
    "read": lambda guest: ("fd_read", 0, *guest.iovecs(1, 10), OUT),
    "write": lambda guest: ("fd_write", 1, *guest.iovecs(4, LARGE), OUT),
    "accept": lambda guest: ("sock_accept", 4, 0, OUT),
    "receive": lambda guest: ("sock_recv", 5, *guest.iovecs(1, 10), 0, OUT, OUT + 4),
    "receive all": lambda guest: ("sock_recv", 5, *guest.iovecs(1, 10), 2, OUT, OUT + 4),
    "send": lambda guest: ("sock_send", 5, *guest.iovecs(1000, LARGE), 0, OUT),
    "open a FIFO": lambda guest: open_fifo(guest, 64),
    "read a FIFO": read_fifo,
}


@pytest.mark.parametrize("end", ["", "!"])
@pytest.mark.parametrize("wait", WAITS)
def test_an_interrupt_ends_the_wait(world: World, wait: str, end: str) -> None:
    """Also where wasm does nothing afterwards but return."""
    guest = world.guest
    name, *arguments = WAITS[wait](guest)
    timer = threading.Timer(0.05, guest.store.interrupt)
    timer.start()
    with pytest.raises(taipan.Trap) as caught:
        guest.exports[name + end](guest.store, *arguments)
    timer.join()
    assert caught.value.trap_code == taipan.TrapCode.INTERRUPT


@pytest.mark.parametrize("wait", WAITS)
def test_control_c_ends_the_wait(world: World, wait: str) -> None:
    name, *arguments = WAITS[wait](world.guest)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        world.guest.exports[name + "!"](world.guest.store, *arguments)
    timer.join()


def test_an_interrupt_that_was_used_up_does_not_end_a_later_wait(world: World) -> None:
    """It ended a computation; the sleep of the next call is not its business."""
    guest = world.guest
    timer = threading.Timer(0.05, guest.store.interrupt)
    timer.start()
    with pytest.raises(taipan.Trap):
        guest.exports["sched_yield!"](guest.store)
    timer.join()
    guest.poke(DATA, SUBSCRIPTION.pack(1, 0, 1, 3_000_000, 0, 0))
    assert guest.call("poll_oneoff", DATA, EVENTS, 1, OUT) == "SUCCESS"
    os.write(world.stdin_writer, b"x")
    assert guest.call("fd_read", 0, *guest.iovecs(1, 10), OUT) == "SUCCESS"


def test_many_interrupts_and_one_from_a_signal_handler(world: World) -> None:
    """A pipe full of wakes must not stop who wakes; a handler may run where the guest's thread holds a lock."""
    guest = world.guest
    guest.poke(DATA, SUBSCRIPTION.pack(1, 0, 1, 2_000_000, 0, 0))
    assert guest.call("poll_oneoff", DATA, EVENTS, 1, OUT) == "SUCCESS"
    for _ in range(100_000):
        guest.store.interrupt()
    with pytest.raises(taipan.Trap):
        guest.exports["sched_yield!"](guest.store)
    saved = signal.signal(signal.SIGALRM, lambda *_: guest.store.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        name, *arguments = WAITS["sleep"](guest)
        with pytest.raises(taipan.Trap):
            guest.exports[name + "!"](guest.store, *arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, saved)


def test_a_fifo_in_a_directory(world: World, tmp_path: Path) -> None:
    guest = world.guest
    name, *arguments = WAITS["read a FIFO"](guest)
    thread = threading.Thread(target=(tmp_path / "fifo").write_bytes, args=(b"through",))
    thread.start()
    assert guest.call(name, *arguments) == "SUCCESS"
    assert struct.unpack_from("<I", guest.memory, OUT)[0] == 7
    thread.join()
    reading = arguments[0]
    assert guest.call("fd_fdstat_set_flags", reading, FDFLAG_NONBLOCK) == "SUCCESS"
    code = guest.call("path_open", 3, 0, *guest.path("fifo"), 0, 64, 0, 0, OUT)
    assert code == "SUCCESS"
    assert guest.call(name, *arguments) == "AGAIN"
    assert guest.call("fd_close", reading) == "SUCCESS"
    assert guest.call("path_open", 3, 0, *guest.path("fifo"), 0, 64, 0, FDFLAG_NONBLOCK, OUT) == "NXIO"


def test_sockets_keep_their_owners_flags(module: taipan.Module) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        config = taipan.WasiConfig()
        config.preopen_socket(theirs)
        guest = Guest(module, config)
        assert guest.call("fd_fdstat_set_flags", 3, FDFLAG_NONBLOCK) == "SUCCESS"
        assert guest.call("sock_recv", 3, *guest.iovecs(1, 10), 0, OUT, OUT + 4) == "AGAIN"
        assert os.get_blocking(theirs.fileno())
        ours.sendall(b"abc")
        assert guest.call("sock_recv", 3, *guest.iovecs(2, 2), 3, OUT, OUT + 4) == "SUCCESS"
        assert struct.unpack_from("<I", guest.memory, OUT)[0] == 3, "peeking takes what is there"
        guest.close()
        theirs.settimeout(0.01)
        config = taipan.WasiConfig()
        config.preopen_socket(theirs)
        guest = Guest(module, config)
        assert guest.call("sock_recv", 3, *guest.iovecs(1, 10), 0, OUT, OUT + 4) == "SUCCESS"
        assert guest.call("sock_recv", 3, *guest.iovecs(1, 10), 0, OUT, OUT + 4) == "AGAIN"
        ours.close()
        assert guest.call("sock_send", 3, *guest.iovecs(1, 10), 0, OUT) == "PIPE"
        guest.close()


def test_closing_the_store_from_a_callback(module: taipan.Module) -> None:
    config = taipan.WasiConfig()
    config.stdout_custom = lambda data: guest.store.close()
    guest = Guest(module, config)
    with pytest.raises(taipan.StoreBusyError):
        guest.call("fd_write", 1, *guest.iovecs(1, 5), OUT)
    guest.close()


def test_another_configuration_from_a_callback(module: taipan.Module) -> None:
    config = taipan.WasiConfig()
    config.stdout_custom = lambda data: guest.store.set_wasi(taipan.WasiConfig())
    guest = Guest(module, config)
    for _ in range(2):
        assert guest.call("fd_write", 1, *guest.iovecs(1, 5), OUT) == "SUCCESS"
    guest.close()


def test_nobody_closes_what_a_waiting_guest_uses(world: World) -> None:
    """Another thread can neither close the store nor give it another configuration meanwhile."""
    guest = world.guest
    name, *arguments = WAITS["read"](guest)
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            guest.exports[name + "!"](guest.store, *arguments)
        except taipan.Trap as trap:
            ended.append(trap)

    thread = threading.Thread(target=wait)
    thread.start()
    os.write(world.stdin_writer, b"x")
    try:
        while guest.memory[DATA] != ord("x"):
            time.sleep(0.001)
        with pytest.raises(taipan.StoreBusyError):
            guest.store.close()
        with pytest.raises(taipan.StoreBusyError):
            guest.store.set_wasi(taipan.WasiConfig())
    finally:
        guest.store.interrupt()
        thread.join()
    assert len(ended) == 1
    guest.store.set_wasi(taipan.WasiConfig())


def test_calls_after_the_store_was_closed(module: taipan.Module) -> None:
    guest = Guest(module, taipan.WasiConfig())
    guest.memory.release()
    guest.store.close()
    guest.store.interrupt()
    with pytest.raises(taipan.StoreClosedError):
        guest.call("sched_yield")
    with pytest.raises(taipan.StoreClosedError):
        guest.store.set_wasi(taipan.WasiConfig())


def test_many_stores_leave_no_descriptors(module: taipan.Module, tmp_path: Path) -> None:
    def descriptors() -> int:
        if not os.path.isdir("/proc/self/fd"):
            pytest.skip("no /proc")
        return len(os.listdir("/proc/self/fd"))

    (tmp_path / "in").touch()
    config = taipan.WasiConfig()
    config.stdin_file = tmp_path / "in"
    config.stdout_file = tmp_path / "out"
    config.preopen_dir(str(tmp_path), "/")
    config.preopen_dir(str(tmp_path), "/again")
    before = descriptors()
    for i in range(1000):
        store = taipan.Store(module.engine)
        store.set_wasi(config)
        if i % 3 == 0:
            store.close()
        elif i % 3 == 1:
            store.set_wasi(config)
        del store
    assert descriptors() == before


def test_stores_in_several_threads(module: taipan.Module, tmp_path: Path) -> None:
    """One configuration, and one output, for all of them."""
    out = io.BytesIO()
    lock = threading.Lock()

    def take(data: bytes) -> None:
        with lock:
            out.write(data)

    config = taipan.WasiConfig()
    config.stdout_custom = take
    config.stdin_bytes = b"0123456789"
    config.preopen_dir(str(tmp_path), "/")
    problems: list[object] = []

    def work(number: int) -> None:
        try:
            guest = Guest(module, config)
            for i in range(100):
                code = guest.call("path_open", 3, 0, *guest.path(f"{number}.{i}"), 1, 66, 0, 0, OUT)
                fd = struct.unpack_from("<I", guest.memory, OUT)[0]
                guest.poke(DATA, f"{number} ".encode() * 5)
                results = [code, guest.call("fd_write", fd, *guest.iovecs(1, 10), OUT)]
                results += [guest.call("fd_write", 1, *guest.iovecs(1, 10), OUT), guest.call("fd_close", fd)]
                results += [guest.call("fd_read", 0, *guest.iovecs(1, 1), OUT)]
                if set(results) != {"SUCCESS"} or fd != 4:
                    problems.append(results)
            guest.close()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(out.getvalue()) == 4 * 100 * 10
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert contents == {f"{n}.{i}": f"{n} ".encode() * 5 for n in range(4) for i in range(100)}


def test_an_exception_of_a_callback_through_wasm(module: taipan.Module) -> None:
    failure = OSError(errno.ENOENT, "mine")

    def fail(data: bytes) -> None:
        raise failure

    config = taipan.WasiConfig()
    config.stdout_custom = fail
    guest = Guest(module, config)
    with pytest.raises(OSError, match="mine") as caught:
        guest.call("fd_write", 1, *guest.iovecs(1, 5), OUT)
    assert caught.value is failure
    guest.close()


def test_exceptions_that_are_kept_do_not_keep_the_memory() -> None:
    """One that may move cannot grow while anything views it; tracebacks hold what the functions held."""
    config = taipan.Config()
    config.memory_reservation = 0
    config.memory_reservation_for_growth = 0
    with taipan.Engine(config) as engine:
        grow = '(func (export "grow") (result i32) (memory.grow (i32.const 1))))'
        module = taipan.Module(engine, guest_source()[:-1] + grow)
        failures: list[BaseException] = [ZeroDivisionError(), OSError(5, "x"), KeyboardInterrupt()]

        def fail(argument: object) -> int:
            raise failures[0]

        wasi = taipan.WasiConfig()
        wasi.stdin_custom = fail
        wasi.stdout_custom = fail
        guest = Guest(module, wasi)
        guest.iovecs(1, 5)
        guest.memory.release()
        kept: list[BaseException] = []
        calls = [("fd_read", 0, IOVECS, 1, OUT), ("fd_write", 1, IOVECS, 1, OUT)] * len(failures)
        calls += [("fd_write", 1, IOVECS, 1, -1), ("fd_write", 1, IOVECS, 1 << 20, OUT), ("random_get", 0, -1)]
        for size, (name, *arguments) in enumerate(calls, 1):
            with pytest.raises(BaseException) as caught:
                guest.call(name, *arguments)
            kept.append(caught.value)
            assert guest.exports["grow"](guest.store) == size
            if size % 2 == 0 and len(failures) > 1:
                failures.pop(0)
        guest.store.close()


def test_interrupted_random_bytes(module: taipan.Module) -> None:
    """Hundreds of megabytes in one call."""
    large = taipan.Module(module.engine, guest_source(loops=True).replace('"memory") 1', '"memory") 32768'))
    guest = Guest(large, taipan.WasiConfig())
    timer = threading.Timer(0.05, guest.store.interrupt)
    timer.start()
    with pytest.raises(taipan.Trap):
        guest.exports["random_get!"](guest.store, 0, (1 << 31) - 1)
    timer.join()
    guest.close()
