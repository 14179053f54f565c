"""Sockets that the embedder hands to a guest: preview 1 can accept on them, receive, send and shut down, not create.

`Socket` keeps a duplicate, so that the embedder's own object stays open when the guest closes its descriptor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.wasi.waiting import READABLE, Waker

if TYPE_CHECKING:
    import socket

SHUT_READ: Final = 1
SHUT_WRITE: Final = 2


@final
class Socket:
    """A socket in a guest's hands. Its timeout is Python's: None blocks, 0 does not wait."""

    __slots__ = ("_socket", "_waker")

    def __init__(self, host_socket: socket.socket, waker: Waker) -> None:
        self._socket = host_socket
        self._waker = waker

    @property
    def host_fd(self) -> int:
        return self._socket.fileno()

    @property
    def is_stream(self) -> bool:
        import socket

        return self._socket.type == socket.SOCK_STREAM

    def accept(self, nonblock: bool) -> Socket:
        """The next connection; it does not block if `nonblock`."""
        import socket

        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._wait()  # otherwise there is nothing to wait for, and accept says what is wrong
        connection, _ = self._socket.accept()
        connection.setblocking(not nonblock)
        return Socket(connection, self._waker)

    def read(self, views: list[memoryview]) -> int:
        self._wait()
        return self._socket.recvmsg_into(views)[0]

    def write(self, views: list[memoryview]) -> int:
        return self._socket.sendmsg(views)

    def receive(self, views: list[memoryview], peek: bool, wait_all: bool) -> tuple[int, bool]:
        """Returns (bytes received, whether a message was cut off because it did not fit)."""
        import socket

        self._wait()
        flags = (socket.MSG_PEEK if peek else 0) | (socket.MSG_WAITALL if wait_all else 0)
        count, _, message_flags, _ = self._socket.recvmsg_into(views, 0, flags)
        return count, bool(message_flags & socket.MSG_TRUNC)

    def shutdown(self, how: int) -> None:
        """how: SHUT_READ | SHUT_WRITE."""
        import socket

        self._socket.shutdown({1: socket.SHUT_RD, 2: socket.SHUT_WR, 3: socket.SHUT_RDWR}[how])

    def _wait(self) -> None:
        """Wait for input as a blocking call would; `Waker.wake` ends it."""
        if self._socket.gettimeout() is None:
            self._waker.wait({self._socket.fileno(): READABLE}, None)

    def set_nonblocking(self, nonblock: bool) -> None:
        self._socket.setblocking(not nonblock)

    def close(self) -> None:
        self._socket.close()
