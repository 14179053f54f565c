"""Sockets that the embedder hands to a guest: preview 1 can accept on them, receive, send and shut down, not create.

`Socket` keeps a duplicate, so that the embedder's own object stays open when the guest closes its descriptor. Whether
the guest's calls wait is kept here, not in the host's socket, which the embedder shares; `Waker.wake` ends a wait.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final, final

from taipan.wasi.transfer import drop
from taipan.wasi.waiting import READABLE, WRITABLE, Waker

if TYPE_CHECKING:
    import socket

SHUT_READ: Final = 1
SHUT_WRITE: Final = 2


def adopt(host_socket: socket.socket, waker: Waker) -> Socket:
    """A duplicate of the embedder's socket; its timeout counts for the guest: None waits, 0 does not."""
    import socket

    limit = host_socket.gettimeout()
    copy = socket.socket(fileno=os.dup(host_socket.fileno()))
    return Socket(copy, waker, None if limit is None else round(limit * 1e9))


@final
class Socket:
    """A socket in a guest's hands. limit: how long its calls wait, in ns; None for ever."""

    __slots__ = ("_limit", "_socket", "_waker")

    def __init__(self, host_socket: socket.socket, waker: Waker, limit: int | None) -> None:
        self._socket = host_socket
        self._waker = waker
        self._limit = limit

    @property
    def host_fd(self) -> int:
        return self._socket.fileno()

    @property
    def is_stream(self) -> bool:
        import socket

        return self._socket.type == socket.SOCK_STREAM

    @property
    def is_nonblocking(self) -> bool:
        return self._limit == 0

    def set_nonblocking(self, nonblock: bool) -> None:
        self._limit = 0 if nonblock else None

    def accept(self, nonblock: bool) -> Socket:
        """The next connection; its calls do not wait if `nonblock`."""
        import socket

        # On any other socket there is nothing to wait for, and accept says what is wrong.
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._wait(READABLE)
        connection, _ = self._socket.accept()
        return Socket(connection, self._waker, 0 if nonblock else None)

    def read(self, views: list[memoryview]) -> int:
        return self.receive(views, False, False)[0]

    def write(self, views: list[memoryview]) -> int:
        """Send all of it; less if woken, or if an error follows, in between."""
        written = 0
        left = views
        while True:
            try:
                count = self._send(left)
            except OSError:
                if written:
                    return written
                raise
            written += count
            left = drop(left, count)
            if not left or self._limit == 0 or not self.is_stream:
                return written

    def receive(self, views: list[memoryview], peek: bool, wait_all: bool) -> tuple[int, bool]:
        """Returns (bytes received, whether a message was cut off because it did not fit).

        wait_all: go on until the views are full or the other side has ended; not together with `peek`.
        """
        if self.is_stream and not any(views):
            return 0, False
        if peek or not (wait_all and self.is_stream):
            return self._receive_part(views, peek)
        received = 0
        left = views
        while left:
            try:
                count, _ = self._receive_part(left, False)
            except OSError:
                if received:
                    break
                raise
            received += count
            left = drop(left, count)
            if not count or self._limit == 0:
                break
        return received, False

    def _send(self, views: list[memoryview]) -> int:
        """Send a part, as soon as possible."""
        import socket

        flags = socket.MSG_DONTWAIT | getattr(socket, "MSG_NOSIGNAL", 0)
        while True:
            try:
                return self._socket.sendmsg(views, (), flags)
            except BlockingIOError:
                self._wait(WRITABLE)

    def _receive_part(self, views: list[memoryview], peek: bool) -> tuple[int, bool]:
        """Receive what is there, or comes first."""
        import socket

        flags = socket.MSG_DONTWAIT | (socket.MSG_PEEK if peek else 0)
        while True:
            try:
                count, _, message_flags, _ = self._socket.recvmsg_into(views, 0, flags)
            except BlockingIOError:
                self._wait(READABLE)
            else:
                return count, bool(message_flags & socket.MSG_TRUNC)

    def shutdown(self, how: int) -> None:
        """how: SHUT_READ | SHUT_WRITE."""
        import socket

        self._socket.shutdown({1: socket.SHUT_RD, 2: socket.SHUT_WR, 3: socket.SHUT_RDWR}[how])

    def close(self) -> None:
        self._socket.close()

    def _wait(self, mask: int) -> None:
        """Wait as long as calls may. BlockingIOError (EAGAIN) when nothing has happened."""
        if not self._waker.wait({self._socket.fileno(): mask}, self._limit):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
