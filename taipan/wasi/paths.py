"""Guests' paths, walked so that they cannot leave the directory they start from.

A guest's path is never joined to a host path. `Location` walks it component by component with directory descriptors
and `O_NOFOLLOW`, expands symbolic links itself, and remembers the descriptors it came through, so that `..` returns to
where the walk has been whatever the host renames meanwhile. Leaving the directory, an absolute path and an absolute
link are `EPERM`.
"""

from __future__ import annotations

import errno
import os
from types import TracebackType
from typing import Final, final

MAX_LINKS: Final = 40  # Linux: MAXSYMLINKS
MAX_PATH_BYTES: Final = 4095  # Linux: PATH_MAX without its NUL
MAX_DEPTH: Final = 256  # directories below the start of one path; each is an open host descriptor during the walk

# Names that some hosts lack: without O_PATH, passing through a directory needs permission to read it.
_O_PATH: Final[int] = getattr(os, "O_PATH", os.O_RDONLY)
O_DIRECTORY: Final[int] = getattr(os, "O_DIRECTORY", 0)
O_NOFOLLOW: Final[int] = getattr(os, "O_NOFOLLOW", 0)
O_CLOEXEC: Final[int] = getattr(os, "O_CLOEXEC", 0)
_ENTER: Final = _O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

SELF: Final = b"."
_PARENT: Final = b".."


def error(code: int) -> OSError:
    """The OSError of a host errno."""
    return OSError(code, os.strerror(code))


@final
class Location:
    """What is left of a path when all but its last component is resolved: a directory held open, and a name in it.

    dir_fd: host descriptor, valid until `close`.  name: last component, or b"" when the path ends in `.` or `..` and
    so names `dir_fd` itself.  must_be_dir: the path ends in a slash.
    """

    __slots__ = ("_entered", "_links", "_root_fd", "dir_fd", "must_be_dir", "name")

    def __init__(self, root_fd: int, path: bytes) -> None:
        if not path:
            raise error(errno.ENOENT)
        if len(path) > MAX_PATH_BYTES:
            raise error(errno.ENAMETOOLONG)
        self.dir_fd = self._root_fd = root_fd
        self.name = path
        self.must_be_dir = False
        self._links = 0
        self._entered: list[int] = []
        if b"/" in path or path in (SELF, _PARENT):
            self._resolve(path)

    def __enter__(self) -> Location:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the directories that the walk opened."""
        while self._entered:
            os.close(self._entered.pop())
        self.dir_fd = self._root_fd

    def follow(self) -> bool:
        """Go where the symbolic link at this location leads. False, and no change, if there is no link here."""
        target = self._read_link(self.name) if self.name else None
        if target is None:
            return False
        self._resolve(target)
        return True

    def _read_link(self, name: bytes) -> bytes | None:
        """What the link `name` contains, None if it is not a link. Counts links against loops."""
        try:
            target = os.readlink(name, dir_fd=self.dir_fd)
        except OSError as problem:
            if problem.errno == errno.EINVAL:
                return None
            raise
        self._links += 1
        if self._links > MAX_LINKS:
            raise error(errno.ELOOP)
        return target

    def _resolve(self, path: bytes) -> None:
        """Walk `path` from the current directory and stop before its last component."""
        try:
            pending = self._split(path)
            self.must_be_dir = self.must_be_dir or path.endswith(b"/")
            while pending:
                name = pending.pop()
                if name == SELF:
                    continue
                if name == _PARENT:
                    self._leave()
                elif pending:
                    pending.extend(self._enter(name))
                else:
                    self.name = name
                    return
            self.name = b""
        except BaseException:
            self.close()
            raise

    def _split(self, path: bytes) -> list[bytes]:
        """The components, last one first. Empty ones mean nothing: `a//b` is `a/b`."""
        if path.startswith(b"/"):
            raise error(errno.EPERM)
        names = [name for name in path.split(b"/") if name]
        names.reverse()
        return names

    def _leave(self) -> None:
        if not self._entered:
            raise error(errno.EPERM)
        os.close(self._entered.pop())
        self.dir_fd = self._entered[-1] if self._entered else self._root_fd

    def _enter(self, name: bytes) -> list[bytes]:
        """Step into a directory. If `name` is a link to one, return the components to walk instead."""
        if len(self._entered) >= MAX_DEPTH:
            raise error(errno.ENAMETOOLONG)
        try:
            self.dir_fd = os.open(name, _ENTER, dir_fd=self.dir_fd)
        except OSError as problem:
            # A link: ENOTDIR on Linux, ELOOP or EMLINK elsewhere.
            if problem.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EMLINK):
                raise
            target = self._read_link(name)
            if target is None:
                raise
            return self._split(target)
        self._entered.append(self.dir_fd)
        return []
