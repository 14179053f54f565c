"""Files and directories that the embedder names: what is opened for a guest without the guest's asking."""

from __future__ import annotations

import os
import stat
from typing import Final, final

from taipan.errors import WasmError

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_OPEN: Final[int] = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_O_DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)


def absolute(path: StrPath) -> bytes:
    """The path as bytes, independent of later changes of the working directory. An empty one names nothing."""
    name = os.fsencode(path)
    return os.path.abspath(name) if name else name


def _open(path: bytes, flags: int, what: str, expected: str) -> int:
    """Raises WasmError, naming the option `what` and the path."""
    try:
        return os.open(path, flags | _OPEN, 0o666)
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the path
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise WasmError(f"{what}: cannot open {os.fsdecode(path)!r} as {expected}: {reason}") from problem


@final
class StreamFile:
    """A file for a standard stream of any number of guests.

    A regular file is opened for each of them. Of anything else (a FIFO, a terminal, `/dev/fd/63`) the first descriptor
    is kept and shared: opening a FIFO again would wait for another partner, and closing it would send the first away.
    """

    __slots__ = ("_expected", "_fd", "_flags", "_path", "_what")

    def __init__(self, path: StrPath, first_flags: int, flags: int, what: str, expected: str) -> None:
        """first_flags: for opening now.  flags: for opening it for a guest."""
        self._fd = -1
        self._path = absolute(path)
        self._flags = flags
        self._what = what
        self._expected = expected
        fd = _open(self._path, first_flags, what, expected)
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            os.close(fd)
        else:
            self._fd = fd
        if stat.S_ISDIR(mode):
            raise WasmError(f"{what}: cannot open {os.fsdecode(self._path)!r} as {expected}: Is a directory")

    def open(self) -> int:
        """A new descriptor."""
        return os.dup(self._fd) if self._fd >= 0 else _open(self._path, self._flags, self._what, self._expected)

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def input_file(path: StrPath, what: str) -> StreamFile:
    return StreamFile(path, os.O_RDONLY, os.O_RDONLY, what, "a readable file")


def output_file(path: StrPath, what: str) -> StreamFile:
    """The file is created or emptied now, once for all guests, which append to it."""
    first = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return StreamFile(path, first, os.O_WRONLY | os.O_CREAT | os.O_APPEND, what, "a writable file")


@final
class Preopen:
    """A directory to open for each guest. path: of the host; guest_path: the name that the guest sees."""

    __slots__ = ("dir_perms", "file_perms", "guest_path", "path")

    def __init__(self, path: bytes, guest_path: bytes, dir_perms: int, file_perms: int) -> None:
        self.path = path
        self.guest_path = guest_path
        self.dir_perms = dir_perms
        self.file_perms = file_perms

    def open(self) -> int:
        """A new descriptor."""
        return _open(self.path, os.O_RDONLY | _O_DIRECTORY, "preopen_dir", "a directory")
