"""Where a guest's standard streams come from and go to.

An input has `read(views)`, an output `write(views)`; both fill or take as much as they can of a list of guest memory
views and return the number of bytes, as readv and writev do. `host_fd` is what poll waits on, -1 when the stream is
always ready.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Any, Final, Protocol, final

from taipan.wasi.waiting import READABLE, Waker

MAX_TRANSFER_BYTES: Final = 1 << 20  # bound on the host memory of one transfer that is not a plain readv or writev


class InputStream(Protocol):
    host_fd: int
    is_tty: bool

    def read(self, views: list[memoryview]) -> int: ...

    def close(self) -> None: ...


class OutputStream(Protocol):
    host_fd: int
    is_tty: bool

    def write(self, views: list[memoryview]) -> int: ...

    def close(self) -> None: ...


@final
class HostStream:
    """A host descriptor, either direction. owned: closed with the guest."""

    __slots__ = ("_owned", "_waker", "host_fd", "is_tty")

    def __init__(self, host_fd: int, owned: bool) -> None:
        self.host_fd = host_fd
        self.is_tty = os.isatty(host_fd)
        self._owned = owned
        self._waker: Waker | None = None

    def wait_with(self, waker: Waker) -> None:
        """Let `waker` end reads that wait: those of terminals, pipes and the like."""
        try:
            if not stat.S_ISREG(os.fstat(self.host_fd).st_mode):
                self._waker = waker
        except OSError:
            self._waker = None  # not open: the read will say so

    def read(self, views: list[memoryview]) -> int:
        if self._waker is not None:
            self._waker.wait({self.host_fd: READABLE}, None)
        return os.readv(self.host_fd, views)

    def write(self, views: list[memoryview]) -> int:
        return os.writev(self.host_fd, views)

    def close(self) -> None:
        if self._owned:
            os.close(self.host_fd)
            self._owned = False


@final
class BytesInput:
    """Bytes in memory, then end of file."""

    __slots__ = ("_data", "_position", "host_fd", "is_tty")

    def __init__(self, data: bytes = b"") -> None:
        self.host_fd = -1
        self.is_tty = False
        self._data = memoryview(data)
        self._position = 0

    def read(self, views: list[memoryview]) -> int:
        start = self._position
        for view in views:
            part = self._data[self._position : self._position + len(view)]
            view[: len(part)] = part
            self._position += len(part)
        return self._position - start

    def close(self) -> None:
        pass


@final
class FileInput:
    """A binary file object: `read1` where it has one (returns what is there), else `read`."""

    __slots__ = ("_read", "host_fd", "is_tty")

    def __init__(self, stream: Any) -> None:
        stream = _binary(stream)
        self.host_fd = -1
        self.is_tty = False
        self._read: Callable[[int], bytes | None] = getattr(stream, "read1", None) or stream.read

    def read(self, views: list[memoryview]) -> int:
        view = next((view for view in views if view), None)
        if view is None:
            return 0
        data = self._read(min(len(view), MAX_TRANSFER_BYTES))
        if data is None:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        pass


@final
class CallbackOutput:
    """A function that gets the bytes. It returns how many it took, None for all, or a negative errno."""

    __slots__ = ("_callback", "host_fd", "is_tty")

    def __init__(self, callback: Callable[[bytes], int | None]) -> None:
        self.host_fd = -1
        self.is_tty = False
        self._callback = callback

    def write(self, views: list[memoryview]) -> int:
        data = _gather(views)
        taken = self._callback(data)
        if taken is None:
            return len(data)
        if taken < 0:
            raise OSError(-taken, os.strerror(-taken))
        return min(taken, len(data))

    def close(self) -> None:
        pass


def file_output(stream: Any) -> CallbackOutput:
    """Output to a binary file object, flushed after every write: a guest's write is not buffered by WASI."""
    stream = _binary(stream)
    flush = getattr(stream, "flush", None)

    def write(data: bytes) -> int | None:
        taken: int | None = stream.write(data)
        if taken is None:  # a raw stream that would block
            return -errno.EAGAIN
        if flush is not None:
            flush()
        return taken

    return CallbackOutput(write)


def capture_output(buffer: bytearray) -> CallbackOutput:
    """Output appended to a bytearray."""
    return CallbackOutput(buffer.extend)


@final
class NullOutput:
    """Takes everything, keeps nothing."""

    __slots__ = ("host_fd", "is_tty")

    def __init__(self) -> None:
        self.host_fd = -1
        self.is_tty = False

    def write(self, views: list[memoryview]) -> int:
        return min(sum(map(len, views)), MAX_TRANSFER_BYTES)

    def close(self) -> None:
        pass


def _binary(stream: Any) -> Any:
    """The binary stream below a text stream such as `sys.stdout`, or the stream itself."""
    return getattr(stream, "buffer", stream)


def _gather(views: list[memoryview]) -> bytes:
    """One bytes object of the views' contents, cut off at MAX_TRANSFER_BYTES: overlapping views can claim any size."""
    if len(views) == 1:
        return bytes(views[0][:MAX_TRANSFER_BYTES])
    parts = []
    room = MAX_TRANSFER_BYTES
    for view in views:
        part = view[:room]
        parts.append(part)
        room -= len(part)
        if not room:
            break
    return b"".join(parts)
