"""Where a guest's standard streams come from and go to on the host: descriptors, bytes, nowhere.

An input has `read(views)`, an output `write(views)`; both fill or take as much as they can of a list of guest memory
views and return the number of bytes, as readv and writev do. `host_fd` is what poll waits on, -1 when the stream is
always ready. Python's own streams and callables are in `streams.py`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Final, Protocol, final

from taipan.wasi import transfer
from taipan.wasi.waiting import Waker

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
    """A host descriptor, either direction.

    owned: closed with the guest.  waker: ends transfers that wait.  before_write: called before every write.
    """

    __slots__ = ("_before_write", "_owned", "_waker", "host_fd", "is_tty")

    def __init__(
        self, host_fd: int, owned: bool, waker: Waker | None = None, before_write: Callable[[], object] | None = None
    ) -> None:
        self.host_fd = host_fd
        self.is_tty = os.isatty(host_fd)
        self._owned = owned
        self._waker = waker if _may_wait(host_fd) else None
        self._before_write = before_write

    def read(self, views: list[memoryview]) -> int:
        if self._waker is not None:
            return transfer.read(self._waker, self.host_fd, views)
        return os.readv(self.host_fd, views)

    def write(self, views: list[memoryview]) -> int:
        if self._before_write is not None:
            self._before_write()
        if self._waker is not None:
            return transfer.write(self._waker, self.host_fd, views)
        return os.writev(self.host_fd, views)

    def close(self) -> None:
        if self._owned:
            self._owned = False
            os.close(self.host_fd)


def _may_wait(host_fd: int) -> bool:
    """Whether this is a terminal, a pipe or the like."""
    return not stat.S_ISREG(os.fstat(host_fd).st_mode)


def inherited(
    host_fd: int, waker: Waker, before_write: Callable[[], object] | None = None
) -> HostStream | ClosedStream:
    """The host process's own stream. If it has none, its number must not lead to what is opened later."""
    try:
        return HostStream(host_fd, False, waker, before_write)
    except OSError:
        return ClosedStream()


@final
class ClosedStream:
    """A standard stream that the host process was started without."""

    __slots__ = ("host_fd", "is_tty")

    def __init__(self) -> None:
        self.host_fd = -1
        self.is_tty = False

    def read(self, views: list[memoryview]) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def write(self, views: list[memoryview]) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def close(self) -> None:
        pass


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
