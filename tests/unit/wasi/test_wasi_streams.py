"""Standard streams of every kind: files, FIFOs, pipes, Python's own streams, callables."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from wasi_guest import ARRAY, OUT, Guest

from taipan.errors import WasmError
from taipan.wasi.config import WasiConfig
from taipan.wasi.p1.types import FILETYPE_CHARACTER_DEVICE

MakeGuest = Callable[..., Guest]
LARGE = bytes(range(256)) * 2000  # more than a pipe holds


@contextmanager
def host_pipe(fd: int) -> Iterator[int]:
    """Make the process's descriptor `fd` a pipe: its read end for 0, its write end for 1. Yields the other end."""
    ends = os.pipe()
    ours, theirs = ends[fd == 0], ends[fd == 1]
    saved = os.dup(fd)
    os.dup2(theirs, fd)
    os.close(theirs)
    try:
        yield ours
    finally:
        os.dup2(saved, fd)
        os.close(saved)
        os.close(ours)


# --- callables ---


class Odd(Exception):
    pass


@pytest.mark.parametrize(
    "failure", [Odd("x"), OSError(errno.ENOENT, "x"), OverflowError("x"), struct.error("x"), StopIteration("x")]
)
def test_what_a_callback_raises_comes_out_as_it_is(make_guest: MakeGuest, failure: Exception) -> None:
    def fail(argument: object) -> int:
        raise failure

    config = WasiConfig()
    config.stdin_custom = fail
    config.stdout_custom = config.stderr_custom = fail
    guest = make_guest(config)
    for call in (lambda: guest.read(0), lambda: guest.write(1, b"x"), lambda: guest.write(2, b"x")):
        with pytest.raises(type(failure)) as caught:
            call()
        assert caught.value is failure
        assert caught.value.__context__ is None
        assert not caught.value.__suppress_context__


def test_input_from_a_callable(make_guest: MakeGuest) -> None:
    asked: list[int] = []
    answers: list[bytes | None] = [b"abc", None, b"more than asked for", b"", b"after the end"]

    def take(size: int) -> bytes | None:
        asked.append(size)
        return answers.pop(0)

    config = WasiConfig()
    config.stdin_custom = take
    guest = make_guest(config)
    assert guest.read(0, 0) == ("SUCCESS", b"")
    assert guest.read(0, 5) == ("SUCCESS", b"abc")
    assert guest.read(0, 5)[0] == "AGAIN"
    assert [guest.read(0, 5) for _ in range(4)] == [
        ("SUCCESS", b"more than asked for"[i : i + 5]) for i in (0, 5, 10, 15)
    ]
    assert guest.read(0, 5) == ("SUCCESS", b"")
    assert asked == [5, 5, 5, 5]


@pytest.mark.parametrize("answer", [5, ["a"], "\udc80"])
def test_input_that_is_not_bytes(make_guest: MakeGuest, answer: object) -> None:
    config = WasiConfig()
    config.stdin_custom = lambda size: answer
    with pytest.raises((TypeError, ValueError)):
        make_guest(config).read(0)


def test_what_is_not_callable_is_refused_at_once() -> None:
    config = WasiConfig()
    for name in ("stdin_custom", "stdout_custom", "stderr_custom"):
        with pytest.raises(TypeError, match=f"{name}: expected a callable, got int"):
            setattr(config, name, 5)


# --- Python's streams ---


def test_text_streams_without_a_binary_one(make_guest: MakeGuest) -> None:
    out = io.StringIO()
    config = WasiConfig()
    config.stdin_stream = io.StringIO("grün")
    config.stdout_stream = out
    guest = make_guest(config)
    assert guest.read(0, 3) == ("SUCCESS", "grü".encode()[:3])
    assert guest.read(0, 1) == ("SUCCESS", "ü".encode()[1:])
    assert guest.read(0, 9) == ("SUCCESS", b"n")
    for part in (b"a\xc3", b"\xbcb", b"\xff"):
        assert guest.write(1, part) == ("SUCCESS", len(part))
    assert out.getvalue() == "aüb\N{REPLACEMENT CHARACTER}"


def test_errors_of_streams(make_guest: MakeGuest) -> None:
    class Full(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "full")

    closed = io.BytesIO()
    closed.close()
    config = WasiConfig()
    config.stdout_stream = Full()
    config.stderr_stream = closed
    guest = make_guest(config)
    assert guest.write(1, b"x")[0] == "NOSPC"
    with pytest.raises(ValueError, match="closed file"):
        guest.write(2, b"x")


def test_short_writes_of_raw_streams(make_guest: MakeGuest) -> None:
    class Short(io.RawIOBase):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            return 2

    config = WasiConfig()
    config.stdout_stream = Short()
    assert make_guest(config).write(1, b"hello") == ("SUCCESS", 2)


# --- inherited ---


def test_order_with_what_python_prints(make_guest: MakeGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    with host_pipe(1) as other_end:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(1, "w", closefd=False)))
        config = WasiConfig()
        config.inherit_stdout()
        guest = make_guest(config)
        for i in range(3):
            print(i, end="")
            guest.write(1, b"g")
        assert os.read(other_end, 100) == b"0g1g2g"


@pytest.mark.parametrize("kind", ["none", "closed", "without"])
def test_pythons_stream_may_be_missing(make_guest: MakeGuest, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with host_pipe(1) as other_end:
        closed = io.StringIO()
        closed.close()
        monkeypatch.setattr(sys, "stdout", {"none": None, "closed": closed, "without": object()}[kind])
        config = WasiConfig()
        config.inherit_stdout()
        assert make_guest(config).write(1, b"seen") == ("SUCCESS", 4)
        assert os.read(other_end, 10) == b"seen"


def test_a_broken_pipe_is_an_errno(make_guest: MakeGuest) -> None:
    with host_pipe(1) as other_end:
        config = WasiConfig()
        config.inherit_stdout()
        guest = make_guest(config)
        os.dup2(os.open(os.devnull, os.O_RDONLY), other_end)
        assert guest.write(1, b"x")[0] == "PIPE"
        assert guest.write(1, LARGE)[0] == "PIPE"


def test_a_pipe_takes_all_of_a_large_write(make_guest: MakeGuest) -> None:
    with host_pipe(1) as other_end:
        config = WasiConfig()
        config.inherit_stdout()
        guest = make_guest(config)
        got = bytearray()

        def drain() -> None:
            while len(got) < len(LARGE):
                got.extend(os.read(other_end, 1 << 16))

        thread = threading.Thread(target=drain)
        thread.start()
        assert guest.write(1, LARGE) == ("SUCCESS", len(LARGE))
        thread.join()
        assert got == LARGE


def test_a_write_that_waits_can_be_ended(make_guest: MakeGuest) -> None:
    with host_pipe(1) as other_end:
        config = WasiConfig()
        config.inherit_stdout()
        guest = make_guest(config)
        capacity = fcntl.fcntl(other_end, fcntl.F_GETPIPE_SZ)

        def wake_when_full() -> None:
            while int.from_bytes(fcntl.ioctl(other_end, termios.FIONREAD, bytes(4)), sys.byteorder) < capacity:
                time.sleep(0.001)
            guest.context.wake()

        thread = threading.Thread(target=wake_when_full)
        thread.start()
        assert guest.write(1, LARGE) == ("SUCCESS", capacity), "the part that the pipe held"
        thread.join()
        guest.context.wake()
        assert guest.write(1, b"x" * 5000)[0] == "INTR"


def test_reading_nothing_does_not_wait(make_guest: MakeGuest) -> None:
    with host_pipe(0):
        config = WasiConfig()
        config.inherit_stdin()
        guest = make_guest(config)
        assert guest.read(0, 0) == ("SUCCESS", b"")
        assert guest.call("fd_read", 0, ARRAY, 0, OUT) == "SUCCESS"


def test_closed_standard_descriptors(make_guest: MakeGuest, root: Path) -> None:
    """What is opened later under their number is not the guest's."""
    saved = os.dup(0)
    try:
        os.close(0)
        config = WasiConfig()
        config.inherit_stdin()
        config.preopen_dir(root, "/")
        guest = make_guest(config)
        (root / "private").write_bytes(b"private")
        opened = [os.open(root / "private", os.O_RDONLY) for _ in range(2)]
        assert guest.read(0)[0] == "BADF"
        for fd in opened:
            os.close(fd)
    finally:
        os.dup2(saved, 0)
        os.close(saved)


# --- files that are not regular ---


def test_fifos_as_streams(make_guest: MakeGuest, tmp_path: Path) -> None:
    """Each is opened once: opening it again would wait for, or send away, whoever has the other end."""
    for name in ("in", "out"):
        os.mkfifo(tmp_path / name)
    got: list[bytes] = []

    def partner() -> None:
        (tmp_path / "in").write_bytes(b"through a fifo")
        got.append((tmp_path / "out").read_bytes())

    thread = threading.Thread(target=partner)
    thread.start()
    config = WasiConfig()
    config.stdin_file = tmp_path / "in"
    config.stdout_file = tmp_path / "out"
    guest = make_guest(config)
    assert guest.read(0) == ("SUCCESS", b"through a fifo")
    assert guest.read(0) == ("SUCCESS", b"")
    assert guest.write(1, b"back") == ("SUCCESS", 4)
    guest.context.close()
    del guest, config  # nothing holds the FIFOs any more
    thread.join()
    assert got == [b"back"]


def test_directories_are_no_streams(tmp_path: Path) -> None:
    config = WasiConfig()
    with pytest.raises(WasmError, match=r"stdin_file: cannot open '.*' as a readable file: Is a directory"):
        config.stdin_file = tmp_path
    with pytest.raises(WasmError, match=r"stdout_file: cannot open '.*' as a writable file: Is a directory"):
        config.stdout_file = tmp_path


def test_a_terminal(make_guest: MakeGuest) -> None:
    terminal, program = os.openpty()
    try:
        config = WasiConfig()
        config.stdin_file = config.stdout_file = os.ttyname(program)
        guest = make_guest(config)
        os.write(terminal, b"typed\n")
        assert guest.read(0) == ("SUCCESS", b"typed\n")
        assert guest.write(1, b"shown") == ("SUCCESS", 5)
        seen = b""
        while not seen.endswith(b"shown"):  # after the terminal's own echo
            seen += os.read(terminal, 100)
        for fd in (0, 1):
            assert guest.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
            assert guest.memory[OUT] == FILETYPE_CHARACTER_DEVICE
        timer = threading.Timer(0.05, guest.context.wake)
        timer.start()
        assert guest.read(0)[0] == "INTR"
        timer.join()
    finally:
        os.close(terminal)
        os.close(program)


def test_devices_as_streams(make_guest: MakeGuest) -> None:
    config = WasiConfig()
    config.stdin_file = "/dev/zero"
    config.stdout_file = "/dev/full"
    config.stderr_file = "/dev/null"
    guest = make_guest(config)
    assert guest.read(0, 3) == ("SUCCESS", bytes(3))
    assert guest.write(1, b"x")[0] == "NOSPC"
    assert guest.write(2, LARGE) == ("SUCCESS", len(LARGE))
