"""The fd_ functions: reading, writing, positions, attributes and listing of what is open."""

from __future__ import annotations

import os
from struct import Struct
from typing import Final

from taipan.wasi import filesystem
from taipan.wasi.clocks import REALTIME
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.memory import iovecs, view, write_bytes
from taipan.wasi.p1.types import (
    BADF,
    DIRENT,
    FDFLAG_APPEND,
    FDFLAG_NONBLOCK,
    FDSTAT,
    FILESTAT,
    FST_ATIM,
    FST_ATIM_NOW,
    FST_MTIM,
    FST_MTIM_NOW,
    FSTFLAGS,
    INVAL,
    NAMETOOLONG,
    NOTCAPABLE,
    NOTDIR,
    PRESTAT,
    RIGHT_FD_ADVISE,
    RIGHT_FD_ALLOCATE,
    RIGHT_FD_DATASYNC,
    RIGHT_FD_FDSTAT_SET_FLAGS,
    RIGHT_FD_FILESTAT_GET,
    RIGHT_FD_FILESTAT_SET_SIZE,
    RIGHT_FD_FILESTAT_SET_TIMES,
    RIGHT_FD_READ,
    RIGHT_FD_READDIR,
    RIGHT_FD_SEEK,
    RIGHT_FD_SYNC,
    RIGHT_FD_TELL,
    RIGHT_FD_WRITE,
    SPIPE,
    SUCCESS,
    U32,
    U64,
    UNSTABLE_FILESTAT,
    WHENCE_CUR,
    GuestError,
    filetype_of,
)

MAX_ADVICE: Final = 5  # noreuse
PREOPEN_DIRECTORY: Final = 0  # the only tag of a prestat
SIZE_MASK: Final = 0xFFFF_FFFF
SIGN_BIT: Final = 1 << 63


def _signed(value: int) -> int:
    """A 64-bit argument as the host's off_t."""
    return value - (1 << 64) if value & SIGN_BIT else value


def fd_advise(context: WasiContext, memory: memoryview, fd: int, offset: int, length: int, advice: int) -> int:
    file = context.descriptors.file(fd, RIGHT_FD_ADVISE)
    if advice > MAX_ADVICE:
        return INVAL
    file.advise(_signed(offset), _signed(length), advice)
    return SUCCESS


def fd_allocate(context: WasiContext, memory: memoryview, fd: int, offset: int, length: int) -> int:
    context.descriptors.file(fd, RIGHT_FD_ALLOCATE).allocate(offset, length)
    return SUCCESS


def fd_close(context: WasiContext, memory: memoryview, fd: int) -> int:
    context.descriptors.remove(fd)
    return SUCCESS


def fd_datasync(context: WasiContext, memory: memoryview, fd: int) -> int:
    getattr(os, "fdatasync", os.fsync)(context.descriptors.file(fd, RIGHT_FD_DATASYNC).fd)
    return SUCCESS


def fd_fdstat_get(context: WasiContext, memory: memoryview, fd: int, stat: int) -> int:
    found = context.descriptors.get(fd)
    FDSTAT.pack_into(memory, stat, found.filetype, found.flags, found.rights, found.inheriting)
    return SUCCESS


def fd_fdstat_set_flags(context: WasiContext, memory: memoryview, fd: int, flags: int) -> int:
    """Only APPEND and NONBLOCK can change; the others are INVAL, as no host can change them."""
    found = context.descriptors.get(fd)
    if found.is_stream or found.directory is not None:
        return BADF
    context.descriptors.get(fd, RIGHT_FD_FDSTAT_SET_FLAGS)
    if flags & ~(FDFLAG_APPEND | FDFLAG_NONBLOCK):
        return INVAL
    if found.file is not None:
        found.file.set_flags(bool(flags & FDFLAG_APPEND), bool(flags & FDFLAG_NONBLOCK))
    elif found.socket is not None:
        found.socket.set_nonblocking(bool(flags & FDFLAG_NONBLOCK))
    found.flags = found.flags & ~(FDFLAG_APPEND | FDFLAG_NONBLOCK) | flags
    return SUCCESS


def fd_fdstat_set_rights(context: WasiContext, memory: memoryview, fd: int, base: int, inheriting: int) -> int:
    """Rights can be given up, never gained."""
    found = context.descriptors.get(fd)
    if base & ~found.rights or inheriting & ~found.inheriting:
        return NOTCAPABLE
    found.dropped |= found.rights & ~base
    found.rights = base
    found.inheriting = inheriting
    return SUCCESS


def write_filestat(memory: memoryview, address: int, status: os.stat_result, layout: Struct) -> int:
    """Write a filestat record. Times before 1970 are 1970: a timestamp has no sign."""
    layout.pack_into(
        memory,
        address,
        status.st_dev,
        status.st_ino,
        filetype_of(status.st_mode),
        status.st_nlink,
        status.st_size,
        max(status.st_atime_ns, 0),
        max(status.st_mtime_ns, 0),
        max(status.st_ctime_ns, 0),
    )
    return SUCCESS


def _filestat_get(context: WasiContext, memory: memoryview, fd: int, stat: int, layout: Struct) -> int:
    found = context.descriptors.get(fd, RIGHT_FD_FILESTAT_GET)
    if found.file is not None:
        return write_filestat(memory, stat, os.fstat(found.file.fd), layout)
    if found.directory is not None:
        return write_filestat(memory, stat, os.fstat(found.directory.fd), layout)
    layout.pack_into(memory, stat, 0, 0, found.filetype, 0, 0, 0, 0, 0)
    return SUCCESS


def fd_filestat_get(context: WasiContext, memory: memoryview, fd: int, stat: int) -> int:
    return _filestat_get(context, memory, fd, stat, FILESTAT)


def unstable_fd_filestat_get(context: WasiContext, memory: memoryview, fd: int, stat: int) -> int:
    return _filestat_get(context, memory, fd, stat, UNSTABLE_FILESTAT)


def fd_filestat_set_size(context: WasiContext, memory: memoryview, fd: int, size: int) -> int:
    context.descriptors.file(fd, RIGHT_FD_FILESTAT_SET_SIZE).set_size(size)
    return SUCCESS


def new_times(context: WasiContext, accessed: int, modified: int, flags: int) -> tuple[int | None, int | None]:
    """The two times that fstflags ask for, None for one that stays. INVAL if they contradict themselves."""
    both = flags & (FST_ATIM | FST_ATIM_NOW) == FST_ATIM | FST_ATIM_NOW
    if both or flags & (FST_MTIM | FST_MTIM_NOW) == FST_MTIM | FST_MTIM_NOW or flags & ~FSTFLAGS:
        raise GuestError(INVAL)
    now = context.clock.now(REALTIME) if flags & (FST_ATIM_NOW | FST_MTIM_NOW) else 0
    new_access = accessed if flags & FST_ATIM else now if flags & FST_ATIM_NOW else None
    new_modified = modified if flags & FST_MTIM else now if flags & FST_MTIM_NOW else None
    return new_access, new_modified


def fd_filestat_set_times(
    context: WasiContext, memory: memoryview, fd: int, accessed: int, modified: int, flags: int
) -> int:
    times = new_times(context, accessed, modified, flags)
    found = context.descriptors.get(fd, RIGHT_FD_FILESTAT_SET_TIMES)
    if found.file is not None:
        found.file.set_times(*times)
    elif found.directory is not None:
        found.directory.set_own_times(*times)
    return SUCCESS


def fd_pread(context: WasiContext, memory: memoryview, fd: int, data: int, count: int, offset: int, size: int) -> int:
    file = _seekable(context, fd, RIGHT_FD_READ)
    U32.pack_into(memory, size, file.pread(iovecs(memory, data, count), offset))
    return SUCCESS


def fd_prestat_get(context: WasiContext, memory: memoryview, fd: int, prestat: int) -> int:
    name = context.descriptors.get(fd).guest_path
    if name is None:
        return BADF
    PRESTAT.pack_into(memory, prestat, PREOPEN_DIRECTORY, len(name))
    return SUCCESS


def fd_prestat_dir_name(context: WasiContext, memory: memoryview, fd: int, path: int, path_len: int) -> int:
    name = context.descriptors.get(fd).guest_path
    if name is None:
        return NOTDIR
    if len(name) > path_len:
        return NAMETOOLONG
    write_bytes(memory, path, name)
    return SUCCESS


def fd_pwrite(context: WasiContext, memory: memoryview, fd: int, data: int, count: int, offset: int, size: int) -> int:
    file = _seekable(context, fd, RIGHT_FD_WRITE)
    U32.pack_into(memory, size, file.pwrite(iovecs(memory, data, count), offset))
    return SUCCESS


def fd_read(context: WasiContext, memory: memoryview, fd: int, data: int, count: int, size: int) -> int:
    U32.pack_into(memory, size, context.descriptors.get(fd, RIGHT_FD_READ).read(iovecs(memory, data, count)))
    return SUCCESS


def fd_readdir(
    context: WasiContext, memory: memoryview, fd: int, buf: int, buf_len: int, cookie: int, size: int
) -> int:
    """Entries from number `cookie` on, cut off where the buffer ends: a full buffer means that there are more."""
    entries = context.descriptors.directory(fd, RIGHT_FD_READDIR).entries(cookie == 0)
    out = view(memory, buf, buf_len)
    used = 0
    for position in range(cookie, len(entries)):
        name, inode, mode = entries[position]
        record = DIRENT.pack(position + 1, inode, len(name), filetype_of(mode)) + name
        part = record[: buf_len - used]
        out[used : used + len(part)] = part
        used += len(part)
        if used == buf_len:
            break
    U32.pack_into(memory, size, used)
    return SUCCESS


def fd_renumber(context: WasiContext, memory: memoryview, fd: int, to: int) -> int:
    context.descriptors.renumber(fd, to)
    return SUCCESS


def _seekable(context: WasiContext, fd: int, right: int) -> filesystem.File:
    """The open file. SPIPE for a stream or socket that has the right: it has no position."""
    found = context.descriptors.get(fd, right)
    if found.file is None:
        raise GuestError(SPIPE if found.directory is None else BADF)
    return found.file


def _position(context: WasiContext, fd: int, right: int) -> filesystem.File:
    """The open file for seeking; streams have no such right and are SPIPE all the same."""
    found = context.descriptors.get(fd)
    if found.file is None:
        raise GuestError(SPIPE if found.directory is None else BADF)
    return context.descriptors.file(fd, right)


def fd_seek(context: WasiContext, memory: memoryview, fd: int, offset: int, whence: int, position: int) -> int:
    """Asking where one is (CUR and 0) needs only the right to tell."""
    delta = _signed(offset)
    file = _position(context, fd, RIGHT_FD_TELL if not delta and whence == WHENCE_CUR else RIGHT_FD_SEEK)
    if whence > 2:
        return INVAL
    how = (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END)[whence]
    U64.pack_into(memory, position, os.lseek(file.fd, delta, how))
    return SUCCESS


def unstable_fd_seek(context: WasiContext, memory: memoryview, fd: int, offset: int, whence: int, position: int) -> int:
    """`wasi_unstable` counts CUR, END, SET."""
    return fd_seek(context, memory, fd, offset, (1, 2, 0)[whence] if whence < 3 else whence, position)


def fd_sync(context: WasiContext, memory: memoryview, fd: int) -> int:
    os.fsync(context.descriptors.file(fd, RIGHT_FD_SYNC).fd)
    return SUCCESS


def fd_tell(context: WasiContext, memory: memoryview, fd: int, position: int) -> int:
    file = _position(context, fd, RIGHT_FD_TELL)
    U64.pack_into(memory, position, os.lseek(file.fd, 0, os.SEEK_CUR))
    return SUCCESS


def fd_write(context: WasiContext, memory: memoryview, fd: int, data: int, count: int, size: int) -> int:
    U32.pack_into(memory, size, context.descriptors.get(fd, RIGHT_FD_WRITE).write(iovecs(memory, data, count)))
    return SUCCESS


FUNCTIONS: Final = (
    ("fd_advise", "iIIi", fd_advise),
    ("fd_allocate", "iII", fd_allocate),
    ("fd_close", "i", fd_close),
    ("fd_datasync", "i", fd_datasync),
    ("fd_fdstat_get", "ip", fd_fdstat_get),
    ("fd_fdstat_set_flags", "ii", fd_fdstat_set_flags),
    ("fd_fdstat_set_rights", "iII", fd_fdstat_set_rights),
    ("fd_filestat_get", "ip", fd_filestat_get),
    ("fd_filestat_set_size", "iI", fd_filestat_set_size),
    ("fd_filestat_set_times", "iIIi", fd_filestat_set_times),
    ("fd_pread", "ipiIp", fd_pread),
    ("fd_prestat_get", "ip", fd_prestat_get),
    ("fd_prestat_dir_name", "ipi", fd_prestat_dir_name),
    ("fd_pwrite", "ipiIp", fd_pwrite),
    ("fd_read", "ipip", fd_read),
    ("fd_readdir", "ipiIp", fd_readdir),
    ("fd_renumber", "ii", fd_renumber),
    ("fd_seek", "iIip", fd_seek),
    ("fd_sync", "i", fd_sync),
    ("fd_tell", "ip", fd_tell),
    ("fd_write", "ipip", fd_write),
)
UNSTABLE: Final = (
    ("fd_filestat_get", "ip", unstable_fd_filestat_get),
    ("fd_seek", "iIip", unstable_fd_seek),
)
