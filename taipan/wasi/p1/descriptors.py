"""The table of open descriptors of one guest: small numbers to what they stand for, with rights and flags."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, final

from taipan.wasi.filesystem import Directory, File
from taipan.wasi.p1 import types
from taipan.wasi.p1.types import BADF, MFILE, NOTCAPABLE, GuestError
from taipan.wasi.sockets import Socket
from taipan.wasi.stdio import InputStream, OutputStream

Transfer = Callable[[list[memoryview]], int]
"""Fills or takes guest buffers, returns the number of bytes."""


def _no_transfer(views: list[memoryview]) -> int:
    raise GuestError(BADF)


@final
class Descriptor:
    """An open descriptor: at most one of file, directory and socket; none of them for a standard stream.

    rights, inheriting: as the document defines them; dropped: those that the guest has given up, here or in the
    directory through which it opened this.
    host_fd: what to poll on the host, -1 if it is always ready.  guest_path: of a preopened directory.
    """

    __slots__ = (
        "close",
        "directory",
        "dropped",
        "file",
        "filetype",
        "flags",
        "guest_path",
        "host_fd",
        "inheriting",
        "read",
        "rights",
        "socket",
        "write",
    )

    def __init__(
        self,
        close: Callable[[], None],
        filetype: int,
        rights: int,
        *,
        inheriting: int = 0,
        dropped: int = 0,
        flags: int = 0,
        host_fd: int = -1,
        read: Transfer = _no_transfer,
        write: Transfer = _no_transfer,
        file: File | None = None,
        directory: Directory | None = None,
        socket: Socket | None = None,
        guest_path: bytes | None = None,
    ) -> None:
        self.close = close
        self.filetype = filetype
        self.rights = rights
        self.inheriting = inheriting
        self.dropped = dropped
        self.flags = flags
        self.host_fd = host_fd
        self.read = read
        self.write = write
        self.file = file
        self.directory = directory
        self.socket = socket
        self.guest_path = guest_path

    @property
    def is_stream(self) -> bool:
        """Whether this is one of the standard streams."""
        return self.file is None and self.directory is None and self.socket is None


@final
class DescriptorTable:
    """Numbers are handed out lowest first, as guests of other hosts expect. limit: how many may be open."""

    __slots__ = ("_free", "_limit", "_next", "_open")

    def __init__(self, limit: int) -> None:
        self._open: dict[int, Descriptor] = {}
        self._free: list[int] = []
        self._next = 0
        self._limit: Final = limit

    def get(self, fd: int, right: int = 0) -> Descriptor:
        """The descriptor. BADF if there is none or it never had `right`, NOTCAPABLE if the guest dropped it."""
        found = self._open.get(fd)
        if found is None:
            raise GuestError(BADF)
        if right and found.rights & right != right:
            raise GuestError(NOTCAPABLE if found.dropped & right else BADF)
        return found

    def file(self, fd: int, right: int) -> File:
        """The open file, with `get`'s errors, BADF if it is something else."""
        file = self.get(fd, right).file
        if file is None:
            raise GuestError(BADF)
        return file

    def directory(self, fd: int, right: int) -> Directory:
        """The open directory, with `get`'s errors, BADF if it is something else."""
        directory = self.get(fd, right).directory
        if directory is None:
            raise GuestError(BADF)
        return directory

    def check_room(self) -> None:
        """MFILE if nothing more can be opened."""
        if len(self._open) >= self._limit:
            raise GuestError(MFILE)

    def add(self, descriptor: Descriptor) -> int:
        """Give it the lowest free number."""
        if self._free:
            fd = heappop(self._free)
        else:
            fd = self._next
            self._next += 1
        self._open[fd] = descriptor
        return fd

    def remove(self, fd: int) -> None:
        """Close a descriptor. The number is free even if the host reports an error while closing."""
        found = self._open.pop(fd, None)
        if found is None:
            raise GuestError(BADF)
        heappush(self._free, fd)
        found.close()

    def renumber(self, fd: int, to: int) -> None:
        """Move `fd` to the number `to`, which must be open and is closed. BADF if either is not open."""
        source = self._open.get(fd)
        target = self._open.get(to)
        if source is None or target is None:
            raise GuestError(BADF)
        if fd == to:
            return
        del self._open[fd]
        heappush(self._free, fd)
        self._open[to] = source
        target.close()

    def close(self) -> None:
        """Close everything, also if the host reports errors; the first of them is raised then."""
        problem: OSError | None = None
        while self._open:
            try:
                self._open.popitem()[1].close()
            except OSError as failure:
                problem = problem or failure
        if problem is not None:
            raise problem

    def add_input(self, stream: InputStream) -> int:
        return self.add(
            Descriptor(
                stream.close,
                _stream_type(stream.is_tty),
                types.RIGHTS_INPUT,
                host_fd=stream.host_fd,
                read=stream.read,
            )
        )

    def add_output(self, stream: OutputStream) -> int:
        return self.add(
            Descriptor(
                stream.close,
                _stream_type(stream.is_tty),
                types.RIGHTS_OUTPUT,
                host_fd=stream.host_fd,
                write=stream.write,
            )
        )

    def add_file(self, file: File, rights: int, inherited: int, flags: int) -> int:
        """inherited: the rights that the directory hands down, of which `rights` are granted."""
        return self.add(
            Descriptor(
                file.close,
                types.filetype_of(file.mode),
                rights & inherited,
                dropped=rights & ~inherited,
                flags=flags,
                host_fd=file.fd,
                read=file.read,
                write=file.write,
                file=file,
            )
        )

    def add_directory(
        self, directory: Directory, inherited: int = types.RIGHTS_INHERITING, guest_path: bytes | None = None
    ) -> int:
        return self.add(
            Descriptor(
                directory.close,
                types.FILETYPE_DIRECTORY,
                types.RIGHTS_DIRECTORY & inherited,
                inheriting=inherited,
                dropped=types.RIGHTS_DIRECTORY & ~inherited,
                directory=directory,
                guest_path=guest_path,
            )
        )

    def add_socket(self, socket: Socket) -> int:
        filetype = types.FILETYPE_SOCKET_STREAM if socket.is_stream else types.FILETYPE_SOCKET_DGRAM
        return self.add(
            Descriptor(
                socket.close,
                filetype,
                types.RIGHTS_SOCKET,
                inheriting=types.RIGHTS_SOCKET,
                flags=types.FDFLAG_NONBLOCK if socket.is_nonblocking else 0,
                host_fd=socket.host_fd,
                read=socket.read,
                write=socket.write,
                socket=socket,
            )
        )


def _stream_type(is_tty: bool) -> int:
    return types.FILETYPE_CHARACTER_DEVICE if is_tty else types.FILETYPE_UNKNOWN
