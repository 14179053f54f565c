"""The path_ functions. Paths are resolved by `filesystem.Directory`, which keeps them below their directory."""

from __future__ import annotations

import os
from struct import Struct
from typing import Final

from taipan.wasi.context import WasiContext
from taipan.wasi.filesystem import File
from taipan.wasi.p1.fd import new_times, write_filestat
from taipan.wasi.p1.memory import read_string, write_bytes
from taipan.wasi.p1.types import (
    BADF,
    FDFLAG_APPEND,
    FDFLAG_DSYNC,
    FDFLAG_NONBLOCK,
    FDFLAG_RSYNC,
    FDFLAG_SYNC,
    FDFLAGS,
    FILESTAT,
    INVAL,
    LOOKUP_SYMLINK_FOLLOW,
    NOTCAPABLE,
    NOTDIR,
    OFLAG_CREAT,
    OFLAG_DIRECTORY,
    OFLAG_EXCL,
    OFLAG_TRUNC,
    OFLAGS,
    RIGHT_FD_READ,
    RIGHT_FD_WRITE,
    RIGHT_PATH_CREATE_DIRECTORY,
    RIGHT_PATH_CREATE_FILE,
    RIGHT_PATH_FILESTAT_GET,
    RIGHT_PATH_FILESTAT_SET_SIZE,
    RIGHT_PATH_FILESTAT_SET_TIMES,
    RIGHT_PATH_LINK_SOURCE,
    RIGHT_PATH_LINK_TARGET,
    RIGHT_PATH_OPEN,
    RIGHT_PATH_READLINK,
    RIGHT_PATH_REMOVE_DIRECTORY,
    RIGHT_PATH_RENAME_SOURCE,
    RIGHT_PATH_RENAME_TARGET,
    RIGHT_PATH_SYMLINK,
    RIGHT_PATH_UNLINK_FILE,
    RIGHTS_FILE,
    SUCCESS,
    U32,
    UNSTABLE_FILESTAT,
    GuestError,
)

_READ_WRITE: Final = RIGHT_FD_READ | RIGHT_FD_WRITE

# WASI flag -> host flag; what the host lacks is left out.
_HOST_OFLAGS: Final = (
    (OFLAG_CREAT, os.O_CREAT),
    (OFLAG_DIRECTORY, getattr(os, "O_DIRECTORY", 0)),
    (OFLAG_EXCL, os.O_EXCL),
    (OFLAG_TRUNC, os.O_TRUNC),
)
_HOST_FDFLAGS: Final = (
    (FDFLAG_APPEND, os.O_APPEND),
    (FDFLAG_DSYNC, getattr(os, "O_DSYNC", 0)),
    (FDFLAG_NONBLOCK, getattr(os, "O_NONBLOCK", 0)),
    (FDFLAG_RSYNC, getattr(os, "O_RSYNC", getattr(os, "O_SYNC", 0))),
    (FDFLAG_SYNC, getattr(os, "O_SYNC", 0)),
)


def _follows(flags: int) -> bool:
    """lookupflags as whether a final link is followed; INVAL if they contain unknown ones."""
    if flags & ~LOOKUP_SYMLINK_FOLLOW:
        raise GuestError(INVAL)
    return flags != 0


def path_create_directory(context: WasiContext, memory: memoryview, fd: int, path: int, path_len: int) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_CREATE_DIRECTORY)
    directory.create_directory(read_string(memory, path, path_len))
    return SUCCESS


def _filestat_get(
    context: WasiContext, memory: memoryview, fd: int, flags: int, path: int, path_len: int, stat: int, layout: Struct
) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_FILESTAT_GET)
    status = directory.stat(read_string(memory, path, path_len), _follows(flags))
    return write_filestat(memory, stat, status, layout)


def path_filestat_get(
    context: WasiContext, memory: memoryview, fd: int, flags: int, path: int, path_len: int, stat: int
) -> int:
    return _filestat_get(context, memory, fd, flags, path, path_len, stat, FILESTAT)


def unstable_path_filestat_get(
    context: WasiContext, memory: memoryview, fd: int, flags: int, path: int, path_len: int, stat: int
) -> int:
    return _filestat_get(context, memory, fd, flags, path, path_len, stat, UNSTABLE_FILESTAT)


def path_filestat_set_times(
    context: WasiContext,
    memory: memoryview,
    fd: int,
    flags: int,
    path: int,
    path_len: int,
    accessed: int,
    modified: int,
    fst_flags: int,
) -> int:
    times = new_times(context, accessed, modified, fst_flags)
    directory = context.descriptors.directory(fd, RIGHT_PATH_FILESTAT_SET_TIMES)
    directory.set_times(read_string(memory, path, path_len), *times, _follows(flags))
    return SUCCESS


def path_link(
    context: WasiContext,
    memory: memoryview,
    fd: int,
    flags: int,
    path: int,
    path_len: int,
    new_fd: int,
    new_path: int,
    new_path_len: int,
) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_LINK_SOURCE)
    new_directory = context.descriptors.directory(new_fd, RIGHT_PATH_LINK_TARGET)
    name = read_string(memory, path, path_len)
    directory.link(name, new_directory, read_string(memory, new_path, new_path_len), _follows(flags))
    return SUCCESS


def path_open(
    context: WasiContext,
    memory: memoryview,
    fd: int,
    flags: int,
    path: int,
    path_len: int,
    oflags: int,
    rights: int,
    inheriting: int,
    fdflags: int,
    new_fd: int,
) -> int:
    """Open or create.

    FD_READ and FD_WRITE in `rights` choose the mode, none of them means reading. Other rights are those that the
    directory hands down, whether asked for or not, as programs written for Wasmtime assume.
    """
    table = context.descriptors
    parent = table.get(fd)
    if parent.directory is None:
        return BADF if parent.is_stream else NOTDIR
    table.get(fd, _needed_rights(oflags))
    if oflags & ~OFLAGS or fdflags & ~FDFLAGS:
        return INVAL
    table.check_room()
    mode = rights & _READ_WRITE or RIGHT_FD_READ
    if mode & ~parent.inheriting:
        return NOTCAPABLE
    name = read_string(memory, path, path_len)
    opened = parent.directory.open(name, _host_flags(mode, oflags, fdflags), _follows(flags))
    if isinstance(opened, File):
        added = table.add_file(opened, RIGHTS_FILE & (~_READ_WRITE | mode), parent.inheriting, fdflags)
    else:
        added = table.add_directory(opened, parent.inheriting)
    U32.pack_into(memory, new_fd, added)
    return SUCCESS


def _needed_rights(oflags: int) -> int:
    """The rights that a directory must have for path_open with these oflags."""
    needed = RIGHT_PATH_OPEN
    if oflags & OFLAG_CREAT:
        needed |= RIGHT_PATH_CREATE_FILE
    if oflags & OFLAG_TRUNC:
        needed |= RIGHT_PATH_FILESTAT_SET_SIZE
    return needed


def _host_flags(mode: int, oflags: int, fdflags: int) -> int:
    """The host's O_ flags. mode: RIGHT_FD_READ, RIGHT_FD_WRITE or both."""
    if mode == _READ_WRITE or (oflags & OFLAG_TRUNC and mode == RIGHT_FD_READ):
        flags = os.O_RDWR  # POSIX does not define O_TRUNC with O_RDONLY
    else:
        flags = os.O_WRONLY if mode == RIGHT_FD_WRITE else os.O_RDONLY
    if oflags:
        for flag, host_flag in _HOST_OFLAGS:
            flags |= host_flag if oflags & flag else 0
    if fdflags:
        for flag, host_flag in _HOST_FDFLAGS:
            flags |= host_flag if fdflags & flag else 0
    return flags


def path_readlink(
    context: WasiContext, memory: memoryview, fd: int, path: int, path_len: int, buf: int, buf_len: int, size: int
) -> int:
    """The target, cut off at the end of the buffer."""
    directory = context.descriptors.directory(fd, RIGHT_PATH_READLINK)
    target = directory.readlink(read_string(memory, path, path_len))[:buf_len]
    write_bytes(memory, buf, target)
    U32.pack_into(memory, size, len(target))
    return SUCCESS


def path_remove_directory(context: WasiContext, memory: memoryview, fd: int, path: int, path_len: int) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_REMOVE_DIRECTORY)
    directory.remove_directory(read_string(memory, path, path_len))
    return SUCCESS


def path_rename(
    context: WasiContext,
    memory: memoryview,
    fd: int,
    path: int,
    path_len: int,
    new_fd: int,
    new_path: int,
    new_path_len: int,
) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_RENAME_SOURCE)
    new_directory = context.descriptors.directory(new_fd, RIGHT_PATH_RENAME_TARGET)
    name = read_string(memory, path, path_len)
    directory.rename(name, new_directory, read_string(memory, new_path, new_path_len))
    return SUCCESS


def path_symlink(
    context: WasiContext, memory: memoryview, target: int, target_len: int, fd: int, path: int, path_len: int
) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_SYMLINK)
    content = read_string(memory, target, target_len)
    directory.symlink(content, read_string(memory, path, path_len))
    return SUCCESS


def path_unlink_file(context: WasiContext, memory: memoryview, fd: int, path: int, path_len: int) -> int:
    directory = context.descriptors.directory(fd, RIGHT_PATH_UNLINK_FILE)
    directory.unlink_file(read_string(memory, path, path_len))
    return SUCCESS


FUNCTIONS: Final = (
    ("path_create_directory", "ipi", path_create_directory),
    ("path_filestat_get", "iipip", path_filestat_get),
    ("path_filestat_set_times", "iipiIIi", path_filestat_set_times),
    ("path_link", "iipiipi", path_link),
    ("path_open", "iipiiIIip", path_open),
    ("path_readlink", "ipipip", path_readlink),
    ("path_remove_directory", "ipi", path_remove_directory),
    ("path_rename", "ipiipi", path_rename),
    ("path_symlink", "piipi", path_symlink),
    ("path_unlink_file", "ipi", path_unlink_file),
)
UNSTABLE: Final = (("path_filestat_get", "iipip", unstable_path_filestat_get),)
