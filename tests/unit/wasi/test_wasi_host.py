"""Configuration, streams, clocks, random numbers, polling, exit, sockets."""

from __future__ import annotations

import io
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from wasi_guest import ARRAY, DATA, OUT, TEXT, Guest

from taipan.errors import ExitTrap, WasmError
from taipan.wasi.clocks import VirtualClock
from taipan.wasi.config import WasiConfig
from taipan.wasi.p1 import types
from taipan.wasi.p1.types import EVENT, EVENT_CLOCK, EVENT_FD_READ, EVENT_FD_WRITE, SUBSCRIPTION

MakeGuest = Callable[..., Guest]


# --- configuration ---


def test_everything_is_set_only() -> None:
    config = WasiConfig()
    for name in ("argv", "env", "stdin_file", "stdout_file", "stdout_custom", "stderr_file", "stderr_custom"):
        with pytest.raises(AttributeError):
            getattr(config, name)


def test_bad_paths_are_named(tmp_path: Path) -> None:
    config = WasiConfig()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(WasmError, match=r"preopen_dir: cannot open '.*/missing' as a directory: No such file"):
        config.preopen_dir(str(tmp_path / "missing"), "/")
    with pytest.raises(WasmError, match=r"preopen_dir: cannot open '.*/file' as a directory: Not a directory"):
        config.preopen_dir(str(file), "/")
    with pytest.raises(WasmError, match=r"stdin_file: cannot open '.*/missing' as a readable file"):
        config.stdin_file = tmp_path / "missing"
    with pytest.raises(WasmError, match=r"stdout_file: cannot open '.*/no/file' as a writable file"):
        config.stdout_file = str(tmp_path / "no" / "file")
    with pytest.raises(WasmError, match=r"stderr_file"):
        config.stderr_file = str(tmp_path)
    config.preopen_dir(str(tmp_path / "."), "/")
    (tmp_path / "dir").mkdir()
    config.preopen_dir(str(tmp_path / "dir"), "/dir")
    (tmp_path / "dir").rmdir()
    with pytest.raises(WasmError, match=r"preopen_dir: cannot open '.*/dir'"):
        config.make_context()


def test_bad_strings_are_named() -> None:
    config = WasiConfig()
    with pytest.raises(WasmError, match=r"argv: 'a\\x00b' contains a NUL"):
        config.argv = ["a\0b"]
    with pytest.raises(TypeError, match="argv: a list of strings"):
        config.argv = "prog"
    with pytest.raises(WasmError, match="env: 'A=B' is not a name"):
        config.env = [("A=B", "C")]
    with pytest.raises(WasmError, match="env: '' is not a name"):
        config.env = {"": "x"}
    with pytest.raises(WasmError, match=r"preopen_dir: .* contains a NUL"):
        config.preopen_dir(".", "a\0")


def strings(guest: Guest, name: str) -> list[bytes]:
    assert guest.call(f"{name}_sizes_get", OUT, OUT + 4) == "SUCCESS"
    count, size = guest.out(), guest.out(at=OUT + 4)
    guest.memory[DATA + size] = 0xEE
    assert guest.call(f"{name}_get", TEXT, DATA) == "SUCCESS"
    assert guest.memory[DATA + size] == 0xEE
    found = []
    for position in range(count):
        start = guest.out(at=TEXT + 4 * position)
        found.append(bytes(guest.memory[start : guest.memory.index(0, start)]))
    assert sum(map(len, found)) + count == size
    return found


def test_args_and_environ(make_guest: MakeGuest) -> None:
    config = WasiConfig()
    config.argv = ["prog", "", "ünï"]
    config.env = {"A": "1", "B": "x=y"}
    guest = make_guest(config)
    assert strings(guest, "args") == [b"prog", b"", "ünï".encode()]
    assert strings(guest, "environ") == [b"A=1", b"B=x=y"]
    config.env = [["C", ""]]
    assert strings(make_guest(config), "environ") == [b"C="]
    assert strings(make_guest(WasiConfig()), "args") == []


def test_inherited_args_and_environ(make_guest: MakeGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["program", "\udcff"])
    monkeypatch.setenv("TAIPAN_TEST_VARIABLE", "here")
    config = WasiConfig()
    config.inherit_argv()
    config.inherit_env()
    guest = make_guest(config)
    assert strings(guest, "args") == [b"program", b"\xff"]
    assert b"TAIPAN_TEST_VARIABLE=here" in strings(guest, "environ")


def test_contexts_are_independent_and_close(root: Path) -> None:
    config = WasiConfig()
    config.stdin_bytes = b"input"
    config.preopen_dir(str(root), "/")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    guests = [Guest(config), Guest(config)]
    for guest in guests:
        assert guest.read(0) == ("SUCCESS", b"input")
        assert guest.read(0) == ("SUCCESS", b"")
        guest.must_open("f", oflags=1)
        guest.context.close()
        guest.context.close()
        assert guest.read(0)[0] == "BADF"
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
        forgotten = config.make_context()
        del forgotten
        assert len(os.listdir("/proc/self/fd")) == before


# --- streams ---


def test_nothing_is_granted_by_default(make_guest: MakeGuest) -> None:
    guest = make_guest(WasiConfig())
    assert guest.read(0) == ("SUCCESS", b"")
    assert guest.write(1, b"gone") == guest.write(2, b"gone") == ("SUCCESS", 4)
    assert guest.write(0, b"x")[0] == guest.read(1)[0] == guest.read(2)[0] == "BADF"
    assert guest.open("x")[0] == "BADF"


def test_captured_output(make_guest: MakeGuest) -> None:
    out, err = bytearray(), bytearray(b"before:")
    config = WasiConfig()
    config.stdout_capture = out
    config.stderr_capture = err
    guest = make_guest(config)
    assert guest.write(1, b"one ") == ("SUCCESS", 4)
    guest.write(1, b"two\xff")
    guest.write(2, b"problem")
    assert (out, err) == (b"one two\xff", b"before:problem")


def test_callbacks(make_guest: MakeGuest) -> None:
    got: list[bytes] = []
    answers: list[int | None] = [None, 2, 0, -32, 100]

    def callback(data: bytes) -> int | None:
        got.append(data)
        return answers.pop(0)

    config = WasiConfig()
    config.stdout_custom = callback
    guest = make_guest(config)
    results = [guest.write(1, b"data") for _ in range(4)]
    assert [code for code, _ in results] == ["SUCCESS", "SUCCESS", "SUCCESS", "PIPE"]
    assert [count for _, count in results[:3]] == [4, 2, 0]
    assert guest.write(1, b"data") == ("SUCCESS", 4)
    assert got == [b"data"] * 5

    def fail(data: bytes) -> None:
        raise ZeroDivisionError("mine")

    config.stderr_custom = fail
    with pytest.raises(ZeroDivisionError, match="mine"):
        make_guest(config).write(2, b"x")


def test_several_buffers_are_one_write(make_guest: MakeGuest) -> None:
    got: list[bytes] = []
    config = WasiConfig()
    config.stdout_custom = got.append  # type: ignore[assignment]
    guest = make_guest(config)
    guest.memory[DATA : DATA + 6] = b"abcdef"
    for position, (start, size) in enumerate(((DATA, 2), (DATA, 0), (DATA + 4, 2))):
        types.IOVEC.pack_into(guest.memory, ARRAY + 8 * position, start, size)
    assert guest.call("fd_write", 1, ARRAY, 3, OUT) == "SUCCESS"
    assert (guest.out(), got) == (4, [b"abef"])
    assert guest.call("fd_write", 1, ARRAY, 0, OUT) == "SUCCESS"
    assert guest.out() == 0


def test_overlapping_buffers_take_bounded_memory(make_guest: MakeGuest) -> None:
    """A thousand times the whole memory, in one call."""
    out = bytearray()
    config = WasiConfig()
    config.stdout_capture = out
    guest = make_guest(config)
    for position in range(1000):
        types.IOVEC.pack_into(guest.memory, DATA + 8 * position, 0, 1 << 20)
    assert guest.call("fd_write", 1, DATA, 1000, OUT) == "SUCCESS"
    assert guest.out() == len(out) == 1 << 20


def test_file_objects(make_guest: MakeGuest) -> None:
    out = io.BytesIO()
    config = WasiConfig()
    config.stdin_stream = io.BytesIO(b"some input")
    config.stdout_stream = out
    config.stderr_stream = io.TextIOWrapper(io.BytesIO(), write_through=True)
    guest = make_guest(config)
    assert guest.read(0, 4) == ("SUCCESS", b"some")
    assert guest.read(0) == ("SUCCESS", b" input")
    assert guest.read(0) == ("SUCCESS", b"")
    assert guest.write(1, b"hello") == guest.write(2, b"hello") == ("SUCCESS", 5)
    assert out.getvalue() == b"hello"

    class Nothing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes | None:
            return None

        def write(self, data: object) -> None:  # type: ignore[override]
            return None

    config.stdin_stream = Nothing()
    config.stdout_stream = Nothing()
    guest = make_guest(config)
    assert guest.read(0)[0] == guest.write(1, b"x")[0] == "AGAIN"


def test_files(make_guest: MakeGuest, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"from a file")
    (tmp_path / "out").write_bytes(b"old content")
    config = WasiConfig()
    config.stdin_file = tmp_path / "in"
    config.stdout_file = str(tmp_path / "out")
    config.stderr_file = os.fsencode(tmp_path / "out")
    guest = make_guest(config)
    assert guest.read(0) == ("SUCCESS", b"from a file")
    guest.write(1, b"out ")
    guest.write(2, b"err ")
    guest.write(1, b"out")
    assert (tmp_path / "out").read_bytes() == b"out err out"


def test_inherited_output(make_guest: MakeGuest, capfd: pytest.CaptureFixture[str]) -> None:
    config = WasiConfig()
    config.inherit_stdout()
    config.inherit_stderr()
    print("python first", end=" ")
    guest = make_guest(config)
    guest.write(1, b"guest second")
    guest.write(2, b"errors")
    assert guest.call("fd_close", 1) == "SUCCESS"
    os.write(1, b"!")
    assert capfd.readouterr() == ("python first guest second!", "errors")


def test_inherited_stdin(make_guest: MakeGuest) -> None:
    read_end, write_end = os.pipe()
    saved = os.dup(0)
    try:
        os.dup2(read_end, 0)
        os.write(write_end, b"typed")
        config = WasiConfig()
        config.inherit_stdin()
        assert make_guest(config).read(0) == ("SUCCESS", b"typed")
    finally:
        os.dup2(saved, 0)
        for fd in (saved, read_end, write_end):
            os.close(fd)


def test_terminal_is_a_character_device(make_guest: MakeGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda fd: fd == 1)
    config = WasiConfig()
    config.inherit_stdout()
    config.inherit_stdin()
    guest = make_guest(config)
    for fd, filetype in ((1, types.FILETYPE_CHARACTER_DEVICE), (0, types.FILETYPE_UNKNOWN)):
        assert guest.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
        assert guest.memory[OUT] == filetype


# --- exit and signals ---


@pytest.mark.parametrize("status", [0, 1, 125])
def test_exit(guest: Guest, status: int) -> None:
    with pytest.raises(ExitTrap) as caught:
        guest.call("proc_exit", status)
    assert caught.value.code == status


@pytest.mark.parametrize("status", [126, 255, -1])
def test_exit_status_out_of_range(guest: Guest, status: int) -> None:
    with pytest.raises(WasmError, match=r"exit with invalid exit status outside of \[0\.\.126\)") as caught:
        guest.call("proc_exit", status)
    assert not isinstance(caught.value, ExitTrap)


def test_signals_and_yield(guest: Guest) -> None:
    assert guest.call("proc_raise", 9) == "NOTSUP"
    assert guest.call("proc_raise", 31) == guest.call("proc_raise", -1) == "INVAL"
    assert guest.call("sched_yield") == "SUCCESS"


# --- clocks and random numbers ---


def test_clocks(guest: Guest) -> None:
    for clock in range(4):
        assert guest.call("clock_res_get", clock, OUT) == "SUCCESS"
        assert 0 < guest.out("<Q") < 10**9
        assert guest.call("clock_time_get", clock, 0, OUT) == "SUCCESS"
    assert guest.call("clock_time_get", 0, 0, OUT) == "SUCCESS"
    assert abs(guest.out("<Q") - time.time_ns()) < 10**10
    assert guest.call("clock_time_get", 1, 0, OUT) == "SUCCESS"
    first = guest.out("<Q")
    assert first < 10**11, "counts from the start of the guest"
    assert guest.call("clock_time_get", 1, 0, OUT) == "SUCCESS"
    assert guest.out("<Q") > first
    for clock in (4, -1):
        assert guest.call("clock_time_get", clock, 0, OUT) == guest.call("clock_res_get", clock, OUT) == "INVAL"


def test_virtual_clock(make_guest: MakeGuest) -> None:
    config = WasiConfig()
    config.clock = VirtualClock(start=10**18, step=10)
    guest = make_guest(config)
    times = []
    for clock in (0, 1, 0):
        guest.call("clock_time_get", clock, 0, OUT)
        times.append(guest.out("<Q"))
    assert times == [10**18 + 10, 20, 10**18 + 30]
    subscribe(guest, (5, EVENT_CLOCK, 1, 3600 * 10**9, 0))
    assert poll(guest, 1) == [(5, 0, EVENT_CLOCK, 0, 0)]
    guest.call("clock_time_get", 1, 0, OUT)
    assert guest.out("<Q") == 3600 * 10**9 + 40
    with pytest.raises(ValueError, match="start >= 0"):
        VirtualClock(start=-1)


def test_random(guest: Guest, make_guest: MakeGuest) -> None:
    def take(who: Guest, size: int) -> bytes:
        assert who.call("random_get", DATA, size) == "SUCCESS"
        return bytes(who.memory[DATA : DATA + size])

    assert take(guest, 32) != take(guest, 32)
    assert take(guest, 0) == b""
    config = WasiConfig()
    config.random_seed = 7
    first, second = make_guest(config), make_guest(config)
    assert take(first, 20) + take(first, 20) == take(second, 20) + take(second, 20)
    seven = take(make_guest(config), 20)
    config.random_seed = 8
    assert take(make_guest(config), 20) != seven


# --- poll ---


def subscribe(guest: Guest, *subscriptions: tuple[int, int, int, int, int]) -> None:
    for position, (data, kind, what, timeout, flags) in enumerate(subscriptions):
        SUBSCRIPTION.pack_into(guest.memory, DATA + 48 * position, data, kind, what, timeout, 0, flags)


def poll(guest: Guest, count: int) -> list[tuple[int, ...]]:
    out = DATA + 4096
    assert guest.call("poll_oneoff", DATA, out, count, OUT) == "SUCCESS"
    return [EVENT.unpack_from(guest.memory, out + 32 * position) for position in range(guest.out())]


def test_poll_clocks(guest: Guest) -> None:
    start = time.monotonic()
    subscribe(guest, (1, EVENT_CLOCK, 1, 10**13, 0), (2, EVENT_CLOCK, 0, 20_000_000, 0))
    assert poll(guest, 2) == [(2, 0, EVENT_CLOCK, 0, 0)]
    assert 0.02 <= time.monotonic() - start < 10
    subscribe(guest, (1, EVENT_CLOCK, 1, 0, 0), (2, EVENT_CLOCK, 0, 0, 0), (3, EVENT_CLOCK, 1, 10**13, 0))
    assert poll(guest, 3) == [(1, 0, 0, 0, 0), (2, 0, 0, 0, 0)]
    subscribe(guest, (4, EVENT_CLOCK, 0, 1, types.SUBSCRIPTION_CLOCK_ABSTIME))
    assert poll(guest, 1) == [(4, 0, 0, 0, 0)]
    subscribe(guest, (5, EVENT_CLOCK, 0, time.time_ns() + 30_000_000, types.SUBSCRIPTION_CLOCK_ABSTIME))
    start = time.monotonic()
    assert poll(guest, 1) == [(5, 0, 0, 0, 0)]
    assert 0.02 <= time.monotonic() - start < 10


def test_poll_errors(guest: Guest) -> None:
    assert guest.call("poll_oneoff", DATA, DATA, 0, OUT) == "INVAL"
    assert guest.call("poll_oneoff", DATA, DATA, -1, OUT) == "INVAL"
    subscribe(guest, (1, 3, 0, 0, 0))
    assert poll(guest, 1) == [(1, types.INVAL, 3, 0, 0)]
    for clock, flags in ((2, 0), (3, 0), (9, 0), (1, 2)):
        subscribe(guest, (1, EVENT_CLOCK, clock, 1, flags))
        assert poll(guest, 1) == [(1, types.INVAL, EVENT_CLOCK, 0, 0)]
    for fd, kind in ((99, EVENT_FD_READ), (1, EVENT_FD_READ), (0, EVENT_FD_WRITE), (3, EVENT_FD_READ)):
        subscribe(guest, (1, kind, fd, 0, 0), (2, EVENT_CLOCK, 1, 10**13, 0))
        assert poll(guest, 2) == [(1, types.BADF, kind, 0, 0)]


def test_poll_files_and_streams(guest: Guest) -> None:
    fd = guest.must_open("f", oflags=1, rights=66)
    guest.write(fd, b"12345")
    subscribe(guest, (1, EVENT_FD_READ, fd, 0, 0), (2, EVENT_FD_WRITE, fd, 0, 0), (3, EVENT_FD_READ, 0, 0, 0))
    assert poll(guest, 3) == [(1, 0, 1, 0, types.EVENT_HANGUP), (2, 0, 2, 1, 0), (3, 0, 1, 1, 0)]
    guest.call("fd_seek", fd, 1, 0, OUT)
    assert poll(guest, 1) == [(1, 0, 1, 4, 0)]


def test_poll_with_times_that_never_come(guest: Guest) -> None:
    """Neither the largest time nor one that a 64-bit sum would overflow ends the wait, or stops it from ending."""
    longest = (1 << 64) - 1
    for clock in (0, 1):
        for flags in (0, types.SUBSCRIPTION_CLOCK_ABSTIME):
            subscribe(guest, (1, EVENT_CLOCK, clock, longest, flags), (2, EVENT_CLOCK, 1, 1_000_000, 0))
            assert poll(guest, 2) == [(2, 0, EVENT_CLOCK, 0, 0)]
            subscribe(guest, (1, EVENT_CLOCK, clock, longest, flags), (2, EVENT_FD_READ, 0, 0, 0))
            assert poll(guest, 2) == [(2, 0, EVENT_FD_READ, 1, 0)]


def test_poll_with_very_many_subscriptions(guest: Guest) -> None:
    count = 5000
    for position in range(count):
        kind, what = ((EVENT_CLOCK, 1), (EVENT_FD_WRITE, 1), (EVENT_FD_READ, 99))[position % 3]
        SUBSCRIPTION.pack_into(guest.memory, DATA + 48 * position, position, kind, what, 10**15, 0, 0)
    events = DATA + 48 * count
    assert guest.call("poll_oneoff", DATA, events, count, OUT) == "SUCCESS"
    happened = [EVENT.unpack_from(guest.memory, events + 32 * position) for position in range(guest.out())]
    expected = [
        (p, 0, EVENT_FD_WRITE, 1, 0) if p % 3 == 1 else (p, types.BADF, EVENT_FD_READ, 0, 0) for p in range(count)
    ]
    assert happened == [event for event in expected if event[0] % 3]
    assert guest.call("poll_oneoff", 0, 0, (1 << 16) + 1, OUT) == "INVAL"


def test_poll_waits_for_a_pipe(make_guest: MakeGuest) -> None:
    read_end, write_end = os.pipe()
    saved = os.dup(0)
    try:
        os.dup2(read_end, 0)
        config = WasiConfig()
        config.inherit_stdin()
        guest = make_guest(config)
        subscribe(guest, (1, EVENT_FD_READ, 0, 0, 0), (2, EVENT_CLOCK, 1, 10_000_000, 0))
        assert poll(guest, 2) == [(2, 0, EVENT_CLOCK, 0, 0)]
        subscribe(guest, (1, EVENT_FD_READ, 0, 0, 0), (2, EVENT_CLOCK, 1, 30 * 10**9, 0))
        timer = threading.Timer(0.02, os.write, (write_end, b"abc"))
        timer.start()
        assert poll(guest, 2) == [(1, 0, EVENT_FD_READ, 3, 0)]
        timer.join()
        assert guest.read(0) == ("SUCCESS", b"abc")
        os.close(write_end)
        write_end = -1
        subscribe(guest, (1, EVENT_FD_READ, 0, 0, 0))
        assert poll(guest, 1) == [(1, 0, EVENT_FD_READ, 0, types.EVENT_HANGUP)]
    finally:
        os.dup2(saved, 0)
        for fd in (saved, read_end, write_end):
            if fd >= 0:
                os.close(fd)


def test_poll_with_a_virtual_clock_and_a_pipe(make_guest: MakeGuest) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        config = WasiConfig()
        config.clock = VirtualClock()
        config.preopen_socket(theirs)
        guest = make_guest(config)
        subscribe(guest, (1, EVENT_FD_READ, 3, 0, 0), (2, EVENT_CLOCK, 1, 3600 * 10**9, 0))
        assert poll(guest, 2) == [(2, 0, EVENT_CLOCK, 0, 0)]
        ours.send(b"x")
        assert poll(guest, 2) == [(1, 0, EVENT_FD_READ, 1, 0)]


# --- sockets ---


def views(guest: Guest, size: int) -> tuple[int, int]:
    types.IOVEC.pack_into(guest.memory, ARRAY, DATA, size)
    return ARRAY, 1


def test_what_cannot_be_handed_over(make_guest: MakeGuest) -> None:
    import ssl

    config = WasiConfig()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wrapped = ssl.create_default_context().wrap_socket(theirs, do_handshake_on_connect=False, server_hostname="x")
        with wrapped, pytest.raises(WasmError, match=r"preopen_socket: cannot hand over <ssl\.SSLSocket"):
            config.preopen_socket(wrapped)
    with pytest.raises(WasmError, match=r"preopen_socket: cannot hand over <socket.socket \[closed\]"):
        config.preopen_socket(ours)
    with pytest.raises(WasmError, match="preopen_socket: cannot hand over 5"):
        config.preopen_socket(5)  # type: ignore[arg-type]
    ours, theirs = socket.socketpair()
    config.preopen_socket(theirs)
    ours.close()
    theirs.close()
    with pytest.raises(WasmError, match="cannot open what the WASI program is to get: Bad file descriptor"):
        config.make_context()


def test_accept_receive_send_shutdown(root: Path, make_guest: MakeGuest) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as client:
        config = WasiConfig()
        config.preopen_socket(listener)
        config.preopen_dir(str(root), "/")
        guest = make_guest(config)
        assert guest.call("fd_prestat_get", 4, OUT) == "BADF"
        assert guest.call("sock_accept", 3, 0, OUT) == "NOTSOCK"
        assert guest.call("sock_accept", 4, 32, OUT) == "INVAL"
        assert guest.call("sock_accept", 4, types.FDFLAG_NONBLOCK, OUT) == "SUCCESS"
        fd = guest.out()
        assert guest.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
        assert guest.memory[OUT] == types.FILETYPE_SOCKET_STREAM
        assert guest.read(fd)[0] == "AGAIN"
        assert guest.call("fd_fdstat_set_flags", fd, 0) == "SUCCESS"
        client.sendall(b"hello")
        assert guest.call("sock_recv", fd, *views(guest, 2), types.RIFLAG_PEEK, OUT, OUT + 4) == "SUCCESS"
        assert (guest.out(), guest.memory[DATA : DATA + 2]) == (2, b"he")
        assert guest.call("sock_recv", fd, *views(guest, 5), types.RIFLAG_WAITALL, OUT, OUT + 4) == "SUCCESS"
        assert (guest.out(), guest.memory[DATA : DATA + 5]) == (5, b"hello")
        assert guest.call("sock_recv", fd, *views(guest, 5), 4, OUT, OUT + 4) == "INVAL"
        guest.memory[DATA : DATA + 3] = b"abc"
        assert guest.call("sock_send", fd, *views(guest, 3), 0, OUT) == "SUCCESS"
        assert guest.call("sock_send", fd, *views(guest, 3), 1, OUT) == "INVAL"
        assert guest.write(fd, b"def") == ("SUCCESS", 3)
        assert guest.call("fd_seek", fd, 0, 0, OUT) == guest.call("fd_pread", fd, ARRAY, 1, 0, OUT) == "SPIPE"
        assert guest.call("sock_shutdown", fd, 0) == guest.call("sock_shutdown", fd, 4) == "INVAL"
        assert guest.call("sock_shutdown", fd, 2) == "SUCCESS"
        assert client.makefile("rb").read() == b"abcdef"
        assert guest.call("fd_close", fd) == "SUCCESS"
        assert client.recv(1) == b""
        guest.context.close()
        assert listener.fileno() >= 0


def test_datagrams_are_cut_off(make_guest: MakeGuest) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        config = WasiConfig()
        config.preopen_socket(theirs)
        guest = make_guest(config)
        ours.send(b"too long")
        assert guest.call("sock_recv", 3, *views(guest, 3), 0, OUT, OUT + 4) == "SUCCESS"
        assert (guest.out(), guest.out("<H", OUT + 4)) == (3, types.ROFLAG_TRUNCATED)
        assert guest.call("fd_fdstat_get", 3, OUT) == "SUCCESS"
        assert guest.memory[OUT] == types.FILETYPE_SOCKET_DGRAM
        assert guest.call("sock_accept", 3, 0, OUT) in ("NOTSUP", "INVAL")


# --- interruption ---


@pytest.mark.parametrize("early", [True, False])
def test_wake_ends_a_sleep(guest: Guest, early: bool) -> None:
    subscribe(guest, (1, EVENT_CLOCK, 1, 30 * 10**9, 0))
    timer = threading.Timer(0 if early else 0.05, guest.context.wake)
    timer.start()
    if early:
        timer.join()
    start = time.monotonic()
    assert guest.call("poll_oneoff", DATA, DATA + 4096, 1, OUT) == "INTR"
    assert time.monotonic() - start < 10
    timer.join()
    subscribe(guest, (1, EVENT_CLOCK, 1, 2_000_000, 0))
    assert poll(guest, 1) == [(1, 0, EVENT_CLOCK, 0, 0)]


def test_wake_ends_waits_for_input(make_guest: MakeGuest) -> None:
    ours, theirs = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    read_end, write_end = os.pipe()
    saved = os.dup(0)
    try:
        os.dup2(read_end, 0)
        config = WasiConfig()
        config.inherit_stdin()
        config.preopen_socket(theirs)
        config.preopen_socket(listener)
        guest = make_guest(config)

        def woken(name: str, *arguments: int) -> None:
            timer = threading.Timer(0.02, guest.context.wake)
            timer.start()
            assert guest.call(name, *arguments) == "INTR"
            timer.join()

        subscribe(guest, (1, EVENT_FD_READ, 0, 0, 0))
        types.IOVEC.pack_into(guest.memory, ARRAY, DATA + 8192, 4)
        woken("poll_oneoff", DATA, DATA + 4096, 1, OUT)
        woken("fd_read", 0, ARRAY, 1, OUT)
        woken("fd_read", 3, ARRAY, 1, OUT)
        woken("sock_recv", 3, ARRAY, 1, 0, OUT, OUT + 4)
        woken("sock_accept", 4, 0, OUT)
        os.write(write_end, b"late")
        assert guest.read(0) == ("SUCCESS", b"late")
        guest.context.close()
        guest.context.wake()
    finally:
        os.dup2(saved, 0)
        for fd in (saved, read_end, write_end):
            os.close(fd)
        for sock in (ours, theirs, listener):
            sock.close()


def test_keyboard_interrupt_ends_a_sleep(guest: Guest) -> None:
    import signal

    subscribe(guest, (1, EVENT_CLOCK, 1, 30 * 10**9, 0))
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        guest.call("poll_oneoff", DATA, DATA + 4096, 1, OUT)
    timer.join()
