"""sock_accept, sock_recv, sock_send, sock_shutdown."""

from __future__ import annotations

from typing import Final

from taipan.wasi.context import WasiContext
from taipan.wasi.p1.memory import iovecs
from taipan.wasi.p1.types import (
    FDFLAG_NONBLOCK,
    FDFLAGS,
    INVAL,
    NOTSOCK,
    RIFLAG_PEEK,
    RIFLAG_WAITALL,
    RIGHT_FD_READ,
    RIGHT_FD_WRITE,
    RIGHT_SOCK_ACCEPT,
    RIGHT_SOCK_SHUTDOWN,
    ROFLAG_TRUNCATED,
    SUCCESS,
    U16,
    U32,
    GuestError,
)
from taipan.wasi.sockets import Socket


def _socket(context: WasiContext, fd: int, right: int) -> Socket:
    """The open socket; NOTSOCK if the descriptor is something else, whatever its rights."""
    if context.descriptors.get(fd).socket is None:
        raise GuestError(NOTSOCK)
    socket = context.descriptors.get(fd, right).socket
    assert socket is not None
    return socket


def sock_accept(context: WasiContext, memory: memoryview, fd: int, flags: int, new_fd: int) -> int:
    socket = _socket(context, fd, RIGHT_SOCK_ACCEPT)
    if flags & ~FDFLAGS:
        return INVAL
    context.descriptors.check_room()
    connection = socket.accept(bool(flags & FDFLAG_NONBLOCK))
    U32.pack_into(memory, new_fd, context.descriptors.add_socket(connection))
    return SUCCESS


def sock_recv(
    context: WasiContext, memory: memoryview, fd: int, data: int, count: int, flags: int, size: int, out_flags: int
) -> int:
    socket = _socket(context, fd, RIGHT_FD_READ)
    if flags & ~(RIFLAG_PEEK | RIFLAG_WAITALL):
        return INVAL
    views = iovecs(memory, data, count)
    received, truncated = socket.receive(views, bool(flags & RIFLAG_PEEK), bool(flags & RIFLAG_WAITALL))
    U32.pack_into(memory, size, received)
    U16.pack_into(memory, out_flags, ROFLAG_TRUNCATED if truncated else 0)
    return SUCCESS


def sock_send(context: WasiContext, memory: memoryview, fd: int, data: int, count: int, flags: int, size: int) -> int:
    socket = _socket(context, fd, RIGHT_FD_WRITE)
    if flags:
        return INVAL
    U32.pack_into(memory, size, socket.write(iovecs(memory, data, count)))
    return SUCCESS


def sock_shutdown(context: WasiContext, memory: memoryview, fd: int, how: int) -> int:
    socket = _socket(context, fd, RIGHT_SOCK_SHUTDOWN)
    if not 1 <= how <= 3:
        return INVAL
    socket.shutdown(how)
    return SUCCESS


FUNCTIONS: Final = (
    ("sock_accept", "iip", sock_accept),
    ("sock_recv", "ipiipp", sock_recv),
    ("sock_send", "ipiip", sock_send),
    ("sock_shutdown", "ii", sock_shutdown),
)
