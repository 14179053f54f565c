"""Directories and files of the host as guests see them: every path is confined to the directory it starts from.

`paths.Location` finds the last component's directory; that and the name are handed to the kernel, which does not follow
links there either. All errors are `OSError` with the host's errno; each WASI version has its own codes for them.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Final, final

from taipan.wasi import transfer
from taipan.wasi.paths import O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, SELF, Location, error
from taipan.wasi.waiting import Waker

DIR_READ: Final = 1
DIR_MUTATE: Final = 2
FILE_READ: Final = 1
FILE_WRITE: Final = 2

MAX_IOVECS: Final = 1024  # Linux: UIO_MAXIOV; more are left for the guest's next call, as POSIX allows

_O_NOCTTY: Final[int] = getattr(os, "O_NOCTTY", 0)
_O_NONBLOCK: Final[int] = getattr(os, "O_NONBLOCK", 0)
_OPEN: Final = O_NOFOLLOW | O_CLOEXEC | _O_NOCTTY | _O_NONBLOCK  # a FIFO would wait for its other end
_ACCESS: Final = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
FIFO_RETRY: Final = 5_000_000  # ns between looks whether a FIFO has a reader


@final
class File:
    """An open host file of any type but a directory. The position is the host descriptor's own.

    mode: `st_mode` when it was opened.  perms: FILE_READ | FILE_WRITE, what the preopen allows at most.
    nonblock: whether the guest wants its calls not to wait; the host descriptor itself never does.
    waker: ends the waits of what is not a regular file.
    """

    __slots__ = ("_waker", "fd", "mode", "nonblock", "perms")

    def __init__(self, fd: int, mode: int, perms: int, nonblock: bool, waker: Waker | None) -> None:
        self.fd = fd
        self.mode = mode
        self.perms = perms
        self.nonblock = nonblock
        self._waker = None if stat.S_ISREG(mode) else waker

    def close(self) -> None:
        os.close(self.fd)

    def read(self, views: list[memoryview]) -> int:
        if self._waker is None or self.nonblock:
            return os.readv(self.fd, views)
        return transfer.read(self._waker, self.fd, views)

    def write(self, views: list[memoryview]) -> int:
        if self._waker is None or self.nonblock:
            return os.writev(self.fd, views)
        return transfer.write(self._waker, self.fd, views)

    def pread(self, views: list[memoryview], offset: int) -> int:
        return os.preadv(self.fd, views, offset)

    def pwrite(self, views: list[memoryview], offset: int) -> int:
        """Write at `offset`, or at the end of a file in append mode: what Linux does by itself."""
        return os.pwritev(self.fd, views, offset)

    def set_flags(self, append: bool, nonblock: bool) -> None:
        """Change what the guest knows as APPEND and NONBLOCK."""
        import fcntl

        flags = fcntl.fcntl(self.fd, fcntl.F_GETFL) & ~os.O_APPEND
        fcntl.fcntl(self.fd, fcntl.F_SETFL, flags | (os.O_APPEND if append else 0))
        self.nonblock = nonblock

    def advise(self, offset: int, length: int, advice: int) -> None:
        """advice: 0 normal, 1 sequential, 2 random, 3 will need, 4 don't need, 5 no reuse."""
        if hasattr(os, "posix_fadvise"):
            advices = (
                os.POSIX_FADV_NORMAL,
                os.POSIX_FADV_SEQUENTIAL,
                os.POSIX_FADV_RANDOM,
                os.POSIX_FADV_WILLNEED,
                os.POSIX_FADV_DONTNEED,
                os.POSIX_FADV_NOREUSE,
            )
            os.posix_fadvise(self.fd, offset, length, advices[advice])

    def allocate(self, offset: int, length: int) -> None:
        """Make sure that the range is backed by storage; the file grows to hold it."""
        self._check(FILE_WRITE)
        if not hasattr(os, "posix_fallocate"):
            raise error(errno.ENOTSUP)
        os.posix_fallocate(self.fd, offset, length)

    def set_size(self, size: int) -> None:
        self._check(FILE_WRITE)
        os.ftruncate(self.fd, size)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Set times in ns since 1970, None: unchanged."""
        self._check(FILE_WRITE)
        if accessed is not None or modified is not None:
            os.utime(self.fd, ns=_times(os.fstat(self.fd), accessed, modified))

    def _check(self, perms: int) -> None:
        if not self.perms & perms:
            raise error(errno.EPERM)


def _times(now: os.stat_result, accessed: int | None, modified: int | None) -> tuple[int, int]:
    """(access, modification) in ns, what is None taken from `now`: Python has no UTIME_OMIT."""
    return (
        now.st_atime_ns if accessed is None else accessed,
        now.st_mtime_ns if modified is None else modified,
    )


@final
class Directory:
    """An open host directory; its methods act on paths below it.

    dir_perms: DIR_READ | DIR_MUTATE and file_perms: FILE_READ | FILE_WRITE, for it and everything opened through it.
    waker: ends waits for FIFOs and the like.
    """

    __slots__ = ("_listing", "_waker", "dir_perms", "fd", "file_perms")

    def __init__(self, fd: int, dir_perms: int, file_perms: int, waker: Waker | None = None) -> None:
        self.fd = fd
        self.dir_perms = dir_perms
        self.file_perms = file_perms
        self._waker = waker
        self._listing: list[tuple[bytes, int, int]] | None = None

    def close(self) -> None:
        os.close(self.fd)

    def _check(self, perms: int) -> None:
        if not self.dir_perms & perms:
            raise error(errno.EPERM)

    def _check_move(self, new_dir: Directory) -> None:
        """Both sides may be changed, and nothing would gain permissions by its new place."""
        self._check(DIR_MUTATE)
        new_dir._check(DIR_MUTATE)
        if new_dir.file_perms & ~self.file_perms or new_dir.dir_perms & ~self.dir_perms:
            raise error(errno.EPERM)

    def _same_perms(self, other: Directory) -> bool:
        return self.dir_perms == other.dir_perms and self.file_perms == other.file_perms

    def open(self, path: bytes, flags: int, follow: bool) -> File | Directory:
        """Open or create what `path` names. flags: the host's O_ flags; `follow`: through a final link.

        The result is a `Directory` exactly if that is what was opened, whatever the flags.
        """
        if flags & O_DIRECTORY and flags & (os.O_CREAT | os.O_EXCL | os.O_TRUNC):
            raise error(errno.EINVAL)
        if flags & (os.O_CREAT | os.O_TRUNC):
            self._check(DIR_MUTATE)
        self._check(DIR_READ)
        if flags & _ACCESS != os.O_RDONLY and not self.file_perms & FILE_WRITE:
            raise error(errno.EPERM)
        blind = flags & _ACCESS != os.O_WRONLY and not self.file_perms & FILE_READ  # only a directory may be opened
        if blind and flags & (os.O_CREAT | os.O_TRUNC):
            raise error(errno.EPERM)
        nonblock = bool(flags & _O_NONBLOCK)
        with Location(self.fd, path) as place:
            fd = self._open(place, flags | _OPEN, follow, nonblock)
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            return Directory(fd, self.dir_perms, self.file_perms, self._waker)
        if blind:
            os.close(fd)
            raise error(errno.EPERM)
        return File(fd, mode, self.file_perms, nonblock, self._waker)

    def _open(self, place: Location, flags: int, follow: bool, nonblock: bool) -> int:
        """Open, and wait for the reader of a FIFO that is opened for writing, as a host descriptor would."""
        while True:
            try:
                return _open(place, flags, follow)
            except OSError as problem:
                if problem.errno != errno.ENXIO or nonblock or self._waker is None or not _is(place, stat.S_ISFIFO):
                    raise
            self._waker.sleep(FIFO_RETRY)

    def stat(self, path: bytes, follow: bool) -> os.stat_result:
        self._check(DIR_READ)
        with Location(self.fd, path) as place:
            return _stat(place, follow)

    def set_times(self, path: bytes, accessed: int | None, modified: int | None, follow: bool) -> None:
        """Set times in ns since 1970, None: unchanged."""
        self._check(DIR_MUTATE)
        with Location(self.fd, path) as place:
            now = _stat(place, follow)
            if accessed is not None or modified is not None:
                times = _times(now, accessed, modified)
                os.utime(place.name or SELF, ns=times, dir_fd=place.dir_fd, follow_symlinks=False)

    def set_own_times(self, accessed: int | None, modified: int | None) -> None:
        """`set_times` of the directory itself."""
        self._check(DIR_MUTATE)
        if accessed is not None or modified is not None:
            os.utime(self.fd, ns=_times(os.fstat(self.fd), accessed, modified))

    def create_directory(self, path: bytes) -> None:
        self._check(DIR_MUTATE)
        with Location(self.fd, path) as place:
            os.mkdir(_named(place, errno.EEXIST), dir_fd=place.dir_fd)

    def remove_directory(self, path: bytes) -> None:
        self._check(DIR_MUTATE)
        with Location(self.fd, path) as place:
            os.rmdir(_named(place, errno.EINVAL), dir_fd=place.dir_fd)

    def unlink_file(self, path: bytes) -> None:
        self._check(DIR_MUTATE)
        with Location(self.fd, path) as place:
            name = _named(place, errno.EISDIR)
            if place.must_be_dir:
                raise error(errno.EISDIR if _is_dir(place) else errno.ENOTDIR)
            try:
                os.unlink(name, dir_fd=place.dir_fd)
            except PermissionError:
                # POSIX has EPERM for directories, Linux EISDIR.
                raise (error(errno.EISDIR) if _is_dir(place) else error(errno.EPERM)) from None

    def rename(self, path: bytes, new_dir: Directory, new_path: bytes) -> None:
        self._check_move(new_dir)
        with Location(self.fd, path) as old, Location(new_dir.fd, new_path) as new:
            old_name = _named(old, errno.EBUSY)
            new_name = _named(new, errno.EBUSY)
            if (old.must_be_dir or new.must_be_dir) and not _is_dir(old):
                raise error(errno.ENOTDIR)
            # A descriptor of the directory would keep its permissions, also for what is moved there afterwards.
            if not self._same_perms(new_dir) and _is_dir(old):
                raise error(errno.EPERM)
            os.rename(old_name, new_name, src_dir_fd=old.dir_fd, dst_dir_fd=new.dir_fd)

    def link(self, path: bytes, new_dir: Directory, new_path: bytes, follow: bool) -> None:
        """Make a second name for a file; with `follow`, for the file that a link at `path` leads to."""
        self._check_move(new_dir)
        with Location(self.fd, path) as old:
            status = _stat(old, follow)
            with Location(new_dir.fd, new_path) as new:
                new_name = _creatable(new)
                if stat.S_ISDIR(status.st_mode):
                    raise error(errno.EEXIST if _exists(new) else errno.EPERM)
                os.link(old.name, new_name, src_dir_fd=old.dir_fd, dst_dir_fd=new.dir_fd, follow_symlinks=False)

    def symlink(self, target: bytes, path: bytes) -> None:
        """Make a link. `target` is not resolved now, but an absolute one could never be followed: EPERM."""
        self._check(DIR_MUTATE)
        if target.startswith(b"/"):
            raise error(errno.EPERM)
        with Location(self.fd, path) as place:
            os.symlink(target, _creatable(place), dir_fd=place.dir_fd)

    def readlink(self, path: bytes) -> bytes:
        """What a link contains. EPERM if that is absolute: host paths are not the guest's business."""
        self._check(DIR_READ)
        with Location(self.fd, path) as place:
            name = _named(place, errno.EINVAL)
            if place.must_be_dir:
                _stat(place, True)
                raise error(errno.EINVAL)
            target = os.readlink(name, dir_fd=place.dir_fd)
        if target.startswith(b"/"):
            raise error(errno.EPERM)
        return target

    def entries(self, fresh: bool) -> list[tuple[bytes, int, int]]:
        """(name, inode, type as in `st_mode`) of every entry, `.` and `..` first, then by name.

        fresh: read the directory again; otherwise the listing of the last time is kept, so that a guest that
        removes entries while it lists them sees each one once. `..` has the directory's own inode: what is above is
        not the guest's business.
        """
        self._check(DIR_READ)
        if fresh or self._listing is None:
            own = os.fstat(self.fd).st_ino
            with os.scandir(self.fd) as found:
                names = sorted((os.fsencode(entry.name), entry.inode(), _entry_type(entry)) for entry in found)
            self._listing = [(SELF, own, stat.S_IFDIR), (b"..", own, stat.S_IFDIR), *names]
        return self._listing


def _entry_type(entry: os.DirEntry[str]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    if entry.is_file(follow_symlinks=False):
        return stat.S_IFREG
    try:
        return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return 0  # gone since it was listed


def _open(place: Location, flags: int, follow: bool) -> int:
    """Open the last component without the kernel following a link there. Returns a host descriptor."""
    while True:
        directory = place.must_be_dir or not place.name
        try:
            if directory:
                return _open_directory(place, flags)
            return os.open(place.name, flags, 0o666, dir_fd=place.dir_fd)
        except OSError as problem:
            # Linux refuses a link with ELOOP, with O_DIRECTORY by ENOTDIR.
            if problem.errno not in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR) or not _is(place, stat.S_ISLNK):
                raise
            if not (follow or place.must_be_dir) or not place.follow():
                raise error(errno.ELOOP) from None


def _open_directory(place: Location, flags: int) -> int:
    """Open a path that ends in a slash or dot. Such a path cannot create anything."""
    name = place.name or SELF
    if flags & os.O_CREAT:
        raise error(errno.EEXIST if flags & os.O_EXCL and not place.name else errno.EISDIR)
    return os.open(name, flags | O_DIRECTORY, dir_fd=place.dir_fd)


def _stat(place: Location, follow: bool) -> os.stat_result:
    """Status of what the location names, after following links there if asked (a final slash asks)."""
    while place.name:
        status = os.stat(place.name, dir_fd=place.dir_fd, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) and (follow or place.must_be_dir):
            if place.follow():
                continue
        if place.must_be_dir and not stat.S_ISDIR(status.st_mode):
            raise error(errno.ENOTDIR)
        return status
    return os.stat(place.dir_fd)


def _is(place: Location, test: Callable[[int], bool]) -> bool:
    """Whether the location itself is of a type now; links are not followed. ENOENT if there is nothing."""
    return test(os.stat(place.name or SELF, dir_fd=place.dir_fd, follow_symlinks=False).st_mode)


def _is_dir(place: Location) -> bool:
    return _is(place, stat.S_ISDIR)


def _exists(place: Location) -> bool:
    try:
        os.stat(place.name, dir_fd=place.dir_fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _named(place: Location, code: int) -> bytes:
    """The last component; `code` is raised for a path that ends in `.` or `..`."""
    if not place.name:
        raise error(code)
    return place.name


def _creatable(place: Location) -> bytes:
    """The last component, as the name of something to create that is not a directory."""
    name = _named(place, errno.EEXIST)
    if place.must_be_dir:
        _stat(place, True)
        raise error(errno.EEXIST)
    return name
