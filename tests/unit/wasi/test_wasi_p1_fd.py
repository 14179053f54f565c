"""The fd_ functions: positions, flags, rights, listing, and what a descriptor cannot do."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from wasi_guest import ARRAY, DATA, OUT, READ_WRITE, Guest

from taipan.errors import WasmError
from taipan.runtime.trap import Trap
from taipan.wasi.config import WasiConfig
from taipan.wasi.p1 import types
from taipan.wasi.p1.calls import MODULES, bind
from taipan.wasi.p1.types import FDSTAT, FILESTAT, OFLAG_CREAT, OFLAG_DIRECTORY

M64 = (1 << 64) - 1


def create(guest: Guest, path: str = "f", fdflags: int = 0) -> int:
    return guest.must_open(path, oflags=OFLAG_CREAT, rights=READ_WRITE, fdflags=fdflags)


def test_every_function_of_the_document_is_there() -> None:
    names = {row[0] for row in MODULES["wasi_snapshot_preview1"]}
    assert len(names) == 46
    assert {row[0] for row in MODULES["wasi_unstable"]} == names - {"sock_accept"}


def test_struct_sizes_are_those_of_the_document() -> None:
    sizes = {
        types.IOVEC: 8,
        types.PRESTAT: 8,
        types.FDSTAT: 24,
        types.FILESTAT: 64,
        types.DIRENT: 24,
        types.EVENT: 32,
        types.SUBSCRIPTION: 48,
        types.UNSTABLE_FILESTAT: 56,
        types.UNSTABLE_SUBSCRIPTION: 56,
    }
    assert {layout: layout.size for layout in sizes} == sizes


def test_errno_numbers() -> None:
    assert len(types.ERRNO_NAMES) == 77
    assert types.ERRNO_NAMES[types.NOTCAPABLE] == "NOTCAPABLE"
    for name in (
        "BADF",
        "INVAL",
        "NOTSUP",
        "SPIPE",
        "ILSEQ",
        "NAMETOOLONG",
        "NOTSOCK",
        "MFILE",
        "AGAIN",
        "IO",
        "NOTDIR",
    ):
        assert types.ERRNO_NAMES[getattr(types, name)] == name
    assert len(types.FROM_HOST) >= 73


def test_seek_and_tell(guest: Guest) -> None:
    fd = create(guest)
    guest.write(fd, b"0123456789")
    for offset, whence, expected in ((3, 0, 3), (-1, 1, 2), (-4, 2, 6), (100, 2, 110), (0, 1, 110)):
        assert guest.call("fd_seek", fd, offset, whence, OUT) == "SUCCESS"
        assert guest.out("<Q") == expected
    assert guest.call("fd_tell", fd, OUT) == "SUCCESS"
    assert guest.out("<Q") == 110
    for offset, whence in ((-1, 0), (-111, 1), (-11, 2), (0, 3), (0, -1)):
        assert guest.call("fd_seek", fd, offset, whence, OUT) == "INVAL"
    assert guest.call("fd_seek", 0, 0, 0, OUT) == guest.call("fd_tell", 1, OUT) == "SPIPE"
    assert guest.call("fd_seek", 3, 0, 0, OUT) == guest.call("fd_tell", 3, OUT) == "BADF"


def test_pread_and_pwrite_leave_the_position(guest: Guest) -> None:
    fd = create(guest)
    guest.write(fd, b"0123456789")
    struct.pack_into("<II", guest.memory, ARRAY, DATA, 4)
    assert guest.call("fd_pread", fd, ARRAY, 1, 3, OUT) == "SUCCESS"
    assert (guest.out(), guest.memory[DATA : DATA + 4]) == (4, b"3456")
    assert guest.call("fd_pwrite", fd, ARRAY, 1, 0, OUT) == "SUCCESS"
    assert guest.call("fd_tell", fd, OUT) == "SUCCESS"
    assert guest.out("<Q") == 10
    assert guest.call("fd_pread", fd, ARRAY, 1, 0, OUT) == "SUCCESS"
    assert guest.memory[DATA : DATA + 4] == b"3456"
    assert guest.call("fd_pread", fd, ARRAY, 1, M64, OUT) == "INVAL"
    assert guest.call("fd_pwrite", fd, ARRAY, 1, M64, OUT) == "INVAL"
    assert guest.call("fd_pread", 0, ARRAY, 1, 0, OUT) == guest.call("fd_pwrite", 1, ARRAY, 1, 0, OUT) == "SPIPE"
    assert guest.call("fd_pread", 1, ARRAY, 1, 0, OUT) == guest.call("fd_pwrite", 0, ARRAY, 1, 0, OUT) == "BADF"
    assert guest.call("fd_pread", 3, ARRAY, 1, 0, OUT) == guest.call("fd_pwrite", 3, ARRAY, 1, 0, OUT) == "BADF"


def test_many_buffers(guest: Guest) -> None:
    """No more than the host takes at once are used, and all of the array must exist."""
    fd = create(guest)
    for position in range(2000):
        struct.pack_into("<II", guest.memory, DATA + 8 * position, 0, 2)
    assert guest.call("fd_write", fd, DATA, 2000, OUT) == "SUCCESS"
    assert guest.out() == 2 * 1024
    with pytest.raises(Trap, match=r"fd_write: pointer out of bounds"):
        guest.call("fd_write", fd, DATA, 0x1000_0000, OUT)
    with pytest.raises(Trap):
        guest.call("fd_write", fd, DATA, -1, OUT)
    assert guest.call("fd_write", fd, DATA, 0, OUT) == "SUCCESS"
    assert guest.out() == 0


POINTERS = [-1, -16, 0x7FFF_FFFF, -0x8000_0000, 1 << 20]


@pytest.mark.parametrize("bad", POINTERS)
def test_pointers_outside_memory_trap(guest: Guest, bad: int) -> None:
    """Every function with a pointer, every pointer of it."""
    fd = create(guest)
    guest.write(fd, b"x")
    guest.call("fd_seek", fd, 0, 0, OUT)
    struct.pack_into("<II", guest.memory, ARRAY, DATA, 8)
    guest.text("f")
    guest.symlink("f", "l")
    path, size = guest.text("l")
    calls = {
        "args_get": [(bad, DATA), (DATA, bad)],
        "args_sizes_get": [(bad, OUT), (OUT, bad)],
        "environ_get": [(bad, DATA), (DATA, bad)],
        "environ_sizes_get": [(bad, OUT), (OUT, bad)],
        "clock_res_get": [(0, bad)],
        "clock_time_get": [(0, 0, bad)],
        "fd_fdstat_get": [(fd, bad)],
        "fd_filestat_get": [(fd, bad)],
        "fd_pread": [(fd, bad, 1, 0, OUT), (fd, ARRAY, 1, 0, bad)],
        "fd_prestat_get": [(3, bad)],
        "fd_prestat_dir_name": [(3, bad, 4)],
        "fd_pwrite": [(fd, bad, 1, 0, OUT), (fd, ARRAY, 1, 0, bad)],
        "fd_read": [(fd, bad, 1, OUT), (fd, ARRAY, 1, bad)],
        "fd_readdir": [(3, bad, 64, 0, OUT), (3, DATA, 64, 0, bad)],
        "fd_seek": [(fd, 0, 0, bad)],
        "fd_tell": [(fd, bad)],
        "fd_write": [(fd, bad, 1, OUT), (fd, ARRAY, 1, bad)],
        "path_create_directory": [(3, bad, 4)],
        "path_filestat_get": [(3, 0, bad, 4, OUT), (3, 0, path, size, bad)],
        "path_filestat_set_times": [(3, 0, bad, 4, 0, 0, 0)],
        "path_link": [(3, 0, bad, 4, 3, path, size), (3, 0, path, size, 3, bad, 4)],
        "path_open": [(3, 0, bad, 4, 0, 2, 0, 0, OUT), (3, 1, path, size, 0, 2, 0, 0, bad)],
        "path_readlink": [(3, bad, 4, DATA, 10, OUT), (3, path, size, bad, 10, OUT), (3, path, size, DATA, 10, bad)],
        "path_remove_directory": [(3, bad, 4)],
        "path_rename": [(3, bad, 4, 3, path, size), (3, path, size, 3, bad, 4)],
        "path_symlink": [(bad, 4, 3, path, size), (path, size, 3, bad, 4)],
        "path_unlink_file": [(3, bad, 4)],
        "poll_oneoff": [(bad, DATA, 1, OUT), (DATA, bad, 1, OUT), (DATA, DATA, 1, bad)],
        "random_get": [(bad, 4)],
    }
    with_pointers = {name for name, params, _ in MODULES["wasi_snapshot_preview1"] if "p" in params}
    assert set(calls) == with_pointers - {"sock_accept", "sock_recv", "sock_send"}
    config = WasiConfig()
    config.argv = ["a", "b"]
    config.env = [("A", "B")]
    guest.context.args, guest.context.env = config._args, config._env
    for name, arguments in calls.items():
        for row in arguments:
            with pytest.raises(Trap, match=rf"^{name}: pointer out of bounds: "):
                guest.call(name, *row)
    assert guest.read(fd)[0] == "SUCCESS"


def test_buffer_that_ends_outside_memory(guest: Guest) -> None:
    fd = create(guest)
    guest.write(fd, b"x" * 100)
    guest.call("fd_seek", fd, 0, 0, OUT)
    struct.pack_into("<II", guest.memory, ARRAY, (1 << 20) - 10, 11)
    with pytest.raises(Trap):
        guest.call("fd_read", fd, ARRAY, 1, OUT)
    struct.pack_into("<II", guest.memory, ARRAY, (1 << 20) - 10, 10)
    assert guest.call("fd_read", fd, ARRAY, 1, OUT) == "SUCCESS"
    struct.pack_into("<II", guest.memory, ARRAY, 0xFFFF_FFFF, 0xFFFF_FFFF)
    with pytest.raises(Trap):
        guest.call("fd_write", fd, ARRAY, 1, OUT)
    with pytest.raises(Trap):
        guest.call("random_get", 0, -1)


def test_fdstat_and_flags(guest: Guest) -> None:
    fd = create(guest, fdflags=types.FDFLAG_APPEND)
    assert guest.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
    filetype, flags, rights, inheriting = FDSTAT.unpack_from(guest.memory, OUT)
    assert (filetype, flags, rights, inheriting) == (4, 1, types.RIGHTS_FILE, 0)
    guest.write(fd, b"a")
    guest.call("fd_seek", fd, 0, 0, OUT)
    guest.write(fd, b"b")
    assert guest.call("fd_fdstat_set_flags", fd, 0) == "SUCCESS"
    guest.call("fd_seek", fd, 0, 0, OUT)
    guest.write(fd, b"c")
    guest.call("fd_seek", fd, 0, 0, OUT)
    assert guest.read(fd) == ("SUCCESS", b"cb")
    assert guest.call("fd_fdstat_set_flags", fd, types.FDFLAG_NONBLOCK) == "SUCCESS"
    guest.call("fd_fdstat_get", fd, OUT)
    assert FDSTAT.unpack_from(guest.memory, OUT)[1] == types.FDFLAG_NONBLOCK
    for flag in (types.FDFLAG_SYNC, types.FDFLAG_DSYNC, types.FDFLAG_RSYNC, 32):
        assert guest.call("fd_fdstat_set_flags", fd, flag) == "INVAL"
    assert guest.call("fd_fdstat_set_flags", 1, 0) == guest.call("fd_fdstat_set_flags", 3, 0) == "BADF"
    for stream, right in ((0, types.RIGHTS_INPUT), (1, types.RIGHTS_OUTPUT), (2, types.RIGHTS_OUTPUT)):
        guest.call("fd_fdstat_get", stream, OUT)
        assert FDSTAT.unpack_from(guest.memory, OUT) == (0, 0, right, 0)


def test_rights_can_only_shrink(guest: Guest) -> None:
    fd = create(guest)
    assert guest.call("fd_fdstat_set_rights", fd, types.RIGHTS_FILE | types.RIGHT_PATH_OPEN, 0) == "NOTCAPABLE"
    assert guest.call("fd_fdstat_set_rights", fd, types.RIGHTS_FILE, 1) == "NOTCAPABLE"
    assert guest.call("fd_fdstat_set_rights", fd, types.RIGHT_FD_TELL, 0) == "SUCCESS"
    assert guest.call("fd_fdstat_set_rights", fd, types.RIGHT_FD_READ, 0) == "NOTCAPABLE"
    assert guest.read(fd)[0] == guest.write(fd, b"x")[0] == "NOTCAPABLE"
    assert guest.call("fd_seek", fd, 1, 0, OUT) == "NOTCAPABLE"
    assert guest.call("fd_seek", fd, 0, 1, OUT) == guest.call("fd_tell", fd, OUT) == "SUCCESS"
    for name, *arguments in (
        ("fd_advise", 0, 0, 0),
        ("fd_allocate", 0, 1),
        ("fd_datasync",),
        ("fd_fdstat_set_flags", 0),
        ("fd_filestat_get", OUT),
        ("fd_filestat_set_size", 0),
        ("fd_filestat_set_times", 0, 0, 0),
        ("fd_pread", ARRAY, 1, 0, OUT),
        ("fd_pwrite", ARRAY, 1, 0, OUT),
        ("fd_sync",),
    ):
        assert guest.call(str(name), fd, *arguments) == "NOTCAPABLE", name  # type: ignore[arg-type]


def test_directory_rights(guest: Guest) -> None:
    guest.mkdir("d")
    create(guest, "d/f")
    fd = guest.must_open("d", oflags=OFLAG_DIRECTORY)
    path = guest.text("f")
    assert guest.call("fd_fdstat_set_rights", fd, types.RIGHT_PATH_OPEN, types.RIGHT_FD_READ) == "SUCCESS"
    file = guest.must_open("f", fd=fd)
    assert guest.read(file) == ("SUCCESS", b"")
    assert guest.call("fd_tell", file, OUT) == "NOTCAPABLE"
    assert guest.open("f", fd=fd, rights=READ_WRITE)[0] == "NOTCAPABLE"
    assert guest.open("g", fd=fd, oflags=OFLAG_CREAT)[0] == "NOTCAPABLE"
    assert guest.open("f", fd=fd, oflags=types.OFLAG_TRUNC)[0] == "NOTCAPABLE"
    for name, arguments in {
        "fd_readdir": (DATA, 64, 0, OUT),
        "path_create_directory": path,
        "path_filestat_get": (0, *path, OUT),
        "path_filestat_set_times": (0, *path, 0, 0, 0),
        "path_link": (0, *path, 3, *path),
        "path_readlink": (*path, DATA, 9, OUT),
        "path_remove_directory": path,
        "path_rename": (*path, 3, *path),
        "path_unlink_file": path,
    }.items():
        assert guest.call(name, fd, *arguments) == "NOTCAPABLE", name
    assert guest.call("path_symlink", *path, fd, *path) == "NOTCAPABLE"
    assert guest.call("path_rename", 3, *path, fd, *path) == "NOTCAPABLE"
    assert guest.call("path_link", 3, 0, *path, fd, *path) == "NOTCAPABLE"


def test_filestat(guest: Guest, root: Path) -> None:
    fd = create(guest)
    guest.write(fd, b"12345")
    assert guest.call("fd_filestat_get", fd, OUT) == "SUCCESS"
    host = (root / "f").stat()
    expected = (host.st_dev, host.st_ino, 4, 1, 5, host.st_atime_ns, host.st_mtime_ns, host.st_ctime_ns)
    assert FILESTAT.unpack_from(guest.memory, OUT) == expected
    assert guest.stat("f") == ("SUCCESS", expected)
    assert guest.call("fd_filestat_get", 3, OUT) == "SUCCESS"
    assert FILESTAT.unpack_from(guest.memory, OUT)[2] == types.FILETYPE_DIRECTORY
    guest.memory[OUT : OUT + 64] = b"\xff" * 64
    assert guest.call("fd_filestat_get", 1, OUT) == "SUCCESS"
    assert FILESTAT.unpack_from(guest.memory, OUT) == (0,) * 8
    os.utime(root / "f", ns=(-5, -5))
    assert guest.stat("f")[1][5:7] == (0, 0)


def test_set_size(guest: Guest, root: Path) -> None:
    fd = create(guest)
    assert guest.call("fd_filestat_set_size", fd, 10) == "SUCCESS"
    assert (root / "f").stat().st_size == 10
    assert guest.call("fd_filestat_set_size", fd, -1) == "INVAL"
    assert guest.call("fd_filestat_set_size", 1, 1) == guest.call("fd_filestat_set_size", 3, 1) == "BADF"
    assert guest.call("fd_allocate", fd, 5, 20) == "SUCCESS"
    assert (root / "f").stat().st_size == 25
    assert guest.call("fd_allocate", fd, 5, 0) == "INVAL"
    assert guest.call("fd_allocate", 3, 0, 1) == guest.call("fd_allocate", 1, 0, 1) == "BADF"
    assert guest.call("fd_advise", fd, 0, 0, 6) == "INVAL"
    assert all(guest.call("fd_advise", fd, 0, 0, advice) == "SUCCESS" for advice in range(6))
    assert guest.call("fd_advise", fd, -1, 5, 0) == "SUCCESS"
    assert guest.call("fd_advise", fd, 0, -1, 0) == "INVAL"


def test_set_times(guest: Guest, root: Path) -> None:
    fd = create(guest)
    assert guest.call("fd_filestat_set_times", fd, 5, 7, types.FST_ATIM | types.FST_MTIM) == "SUCCESS"
    status = (root / "f").stat()
    assert (status.st_atime_ns, status.st_mtime_ns) == (5, 7)
    assert guest.call("fd_filestat_set_times", fd, 0, 0, types.FST_MTIM_NOW) == "SUCCESS"
    status = (root / "f").stat()
    assert status.st_atime_ns == 5
    assert status.st_mtime_ns > 10**18
    assert guest.call("fd_filestat_set_times", fd, 1, 1, 0) == "SUCCESS"
    for flags in (3, 12, 15, 16, 0x10000):
        assert guest.call("fd_filestat_set_times", fd, 0, 0, flags) == "INVAL"
        assert guest.set_times("f", 0, 0, flags) == "INVAL"
    assert guest.call("fd_filestat_set_times", 3, 1, 2, 5) == "SUCCESS"
    assert root.stat().st_mtime_ns == 2


def listing(guest: Guest, fd: int, size: int, cookie: int = 0) -> list[tuple[int, int, int, bytes]]:
    """Entries (next cookie, inode, type, name), read in pieces of `size` bytes as a C library reads them."""
    found = []
    while True:
        assert guest.call("fd_readdir", fd, DATA, size, cookie, OUT) == "SUCCESS"
        used = guest.out()
        data = bytes(guest.memory[DATA : DATA + used])
        position = 0
        while position + 24 <= used:
            following, inode, length, kind = types.DIRENT.unpack_from(data, position)
            if position + 24 + length > used:
                break
            found.append((following, inode, kind, data[position + 24 : position + 24 + length]))
            position += 24 + length
            cookie = following
        if used < size:
            return found
        assert position, "no progress"


@pytest.mark.parametrize("size", [50, 64, 333, 10000])
def test_readdir(guest: Guest, root: Path, size: int) -> None:
    (root / "directory").mkdir()
    (root / "link").symlink_to("nowhere")
    for number in range(40):
        (root / f"{number:02}").touch()
    os.mkfifo(root / "pipe")
    entries = listing(guest, 3, size)
    names = [name for _, _, _, name in entries]
    assert names == [b".", b"..", *(b"%02d" % number for number in range(40)), b"directory", b"link", b"pipe"]
    assert [following for following, _, _, _ in entries] == list(range(1, len(names) + 1))
    kinds = {name: kind for _, _, kind, name in entries}
    assert (kinds[b"."], kinds[b"directory"], kinds[b"link"], kinds[b"00"], kinds[b"pipe"]) == (3, 3, 7, 4, 0)
    own = root.stat().st_ino
    assert entries[0][1] == entries[1][1] == own, "the parent's inode is not the guest's business"
    assert entries[2][1] == (root / "00").stat().st_ino
    assert listing(guest, 3, size, cookie=44)[0][3] == b"pipe"
    assert listing(guest, 3, size, cookie=1000) == []
    (root / "new").touch()
    assert b"new" in [name for _, _, _, name in listing(guest, 3, size)]


def test_readdir_of_what_is_none(guest: Guest) -> None:
    assert guest.call("fd_readdir", 1, DATA, 64, 0, OUT) == "BADF"
    assert guest.call("fd_readdir", create(guest), DATA, 64, 0, OUT) == "BADF"
    assert guest.call("fd_readdir", 3, DATA, 0, 0, OUT) == "SUCCESS"
    assert guest.call("fd_readdir", 3, DATA, 64, -1, OUT) == "SUCCESS"
    assert guest.out() == 0


def test_prestat(guest: Guest) -> None:
    assert guest.call("fd_prestat_get", 3, OUT) == "SUCCESS"
    assert types.PRESTAT.unpack_from(guest.memory, OUT) == (0, 1)
    assert guest.call("fd_prestat_dir_name", 3, DATA, 0) == "NAMETOOLONG"
    assert guest.call("fd_prestat_dir_name", 3, DATA, 10) == "SUCCESS"
    assert guest.memory[DATA : DATA + 2] == b"/\0"
    guest.mkdir("d")
    fd = guest.must_open("d", oflags=OFLAG_DIRECTORY)
    assert guest.call("fd_prestat_get", fd, OUT) == guest.call("fd_prestat_get", 4 + fd, OUT) == "BADF"
    assert guest.call("fd_prestat_dir_name", fd, DATA, 10) == "NOTDIR"


def test_renumber_and_close(guest: Guest) -> None:
    a, b = create(guest, "a"), create(guest, "b")
    guest.write(a, b"A")
    assert guest.call("fd_renumber", a, b) == "SUCCESS"
    assert guest.call("fd_tell", b, OUT) == "SUCCESS"
    assert guest.out("<Q") == 1
    assert guest.call("fd_close", a) == guest.call("fd_renumber", a, b) == guest.call("fd_renumber", b, a) == "BADF"
    assert create(guest, "c") == a, "the lowest free number is used again"
    assert guest.call("fd_renumber", b, b) == guest.call("fd_close", 3) == guest.call("fd_close", 0) == "SUCCESS"
    assert guest.open("a")[0] == "BADF"
    assert guest.call("fd_close", -1) == "BADF"


def test_limit_of_open_files(root: Path, make_guest: Callable[..., Guest]) -> None:
    config = WasiConfig()
    config.preopen_dir(str(root), "/")
    config.max_open_files = 10
    guest = make_guest(config)
    for _ in range(6):
        create(guest)
    assert guest.open("f")[0] == "MFILE"
    assert guest.call("fd_close", 5) == "SUCCESS"
    assert guest.open("f")[0] == "SUCCESS"


def test_without_configuration_or_memory(guest: Guest) -> None:
    guest.caller.memory = None
    with pytest.raises(WasmError, match="missing required memory export"):
        guest.call("fd_tell", 3, OUT)
    assert guest.call("fd_close", 1) == "SUCCESS"
    guest.caller._store._wasi = None
    with pytest.raises(WasmError, match=r"sched_yield: wasi is not configured: call store\.set_wasi"):
        guest.call("sched_yield")


def test_host_errors_become_errnos(guest: Guest) -> None:
    """Errnos of the host by name; one that WASI does not have is IO; anything else travels on."""
    import errno

    def fail(code: int) -> Callable[..., int]:
        def function(*_: object) -> int:
            raise OSError(code, "text")

        return function

    for code, name in ((errno.ENOSPC, "NOSPC"), (errno.EDQUOT, "DQUOT"), (errno.EROFS, "ROFS"), (errno.EXDEV, "XDEV")):
        assert types.ERRNO_NAMES[bind("x", "", fail(code))(guest.caller)] == name
    assert bind("x", "", fail(12345))(guest.caller) == types.IO

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bind("x", "", interrupt)(guest.caller)
