"""Neither file, directory nor ordinary link: magic links, FIFOs, sockets, devices; and permissions that differ."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from wasi_guest import DATA, OUT, READ_WRITE, Guest

from taipan.wasi.config import DirPerms, FilePerms, WasiConfig
from taipan.wasi.p1 import types
from taipan.wasi.p1.types import FDSTAT, OFLAG_CREAT, OFLAG_DIRECTORY, OFLAG_TRUNC, RIGHT_FD_READ, RIGHT_FD_WRITE

MakeGuest = Callable[..., Guest]
needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc")


def guest_in(make_guest: MakeGuest, path: str | Path) -> Guest:
    config = WasiConfig()
    config.preopen_dir(path, "/")
    return make_guest(config)


# --- magic links: the kernel goes where they lead without looking at a path ---


@needs_proc
def test_descriptors_of_the_host_process(make_guest: MakeGuest, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"outside")
    guest = guest_in(make_guest, "/proc/self/fd")
    file = os.open(tmp_path / "secret", os.O_RDWR)
    folder = os.open(tmp_path, os.O_RDONLY)
    ends = os.pipe()
    try:
        for fd in (file, folder, *ends):
            for path in (f"{fd}", f"{fd}/", f"{fd}/secret", f"{fd}/../{fd}", f"./{fd}"):
                for rights in (RIGHT_FD_READ, READ_WRITE):
                    assert guest.open(path, rights=rights)[0] in ("PERM", "NOENT", "NOTDIR")
                assert guest.open(path, oflags=OFLAG_CREAT | OFLAG_TRUNC)[0] in ("PERM", "NOENT", "NOTDIR", "ISDIR")
                assert guest.stat(path)[0] in ("PERM", "NOENT", "NOTDIR")
            assert guest.open(f"{fd}", follow=False)[0] == "LOOP"
            assert guest.stat(f"{fd}", follow=False)[1][2] == types.FILETYPE_SYMBOLIC_LINK
            code, target = guest.readlink(f"{fd}")
            assert code == "PERM" or target.startswith(b"pipe:")
    finally:
        for fd in (file, folder, *ends):
            os.close(fd)
    assert (tmp_path / "secret").read_bytes() == b"outside"


@needs_proc
@pytest.mark.parametrize(
    "path", ["cwd", "root", "exe", "root/etc/passwd", "cwd/x", "fd/0", "ns/mnt", "map_files/../root/"]
)
def test_magic_links_of_a_process(make_guest: MakeGuest, path: str) -> None:
    guest = guest_in(make_guest, "/proc/self")
    for oflags in (0, OFLAG_DIRECTORY):
        assert guest.open(path, oflags=oflags)[0] in ("PERM", "NOENT", "NOTDIR", "ACCES")
    assert guest.stat(path)[0] in ("PERM", "NOENT", "NOTDIR", "ACCES")


# --- files that are not regular ---


def test_hard_links_made_by_the_host_are_inside(make_guest: MakeGuest, root: Path, tmp_path: Path) -> None:
    """A file has no place: a name for it inside is the host's permission to use it."""
    (tmp_path / "shared").write_bytes(b"shared")
    os.link(tmp_path / "shared", root / "name")
    guest = guest_in(make_guest, root)
    assert guest.read(guest.must_open("name")) == ("SUCCESS", b"shared")
    assert guest.unlink("name") == "SUCCESS"
    assert (tmp_path / "shared").read_bytes() == b"shared"


def test_socket_files(make_guest: MakeGuest, root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        saved = os.getcwd()
        os.chdir(root)  # a socket's name must be short
        try:
            server.bind("s")
        finally:
            os.chdir(saved)
        guest = guest_in(make_guest, root)
        assert guest.open("s")[0] == guest.open("s", rights=READ_WRITE)[0] == "NXIO"
        assert guest.stat("s")[1][2] == types.FILETYPE_SOCKET_STREAM
        assert guest.open("s/")[0] == guest.open("s/x")[0] == "NOTDIR"
        assert guest.call("fd_readdir", 3, DATA, 4000, 0, OUT) == "SUCCESS"
        assert guest.unlink("s") == "SUCCESS"


def test_fifos_do_not_stop_what_only_looks(make_guest: MakeGuest, root: Path) -> None:
    os.mkfifo(root / "p")
    guest = guest_in(make_guest, root)
    assert guest.stat("p")[1][2] == types.FILETYPE_UNKNOWN
    assert guest.open("p/")[0] == guest.open("p/x")[0] == guest.open("p", oflags=OFLAG_DIRECTORY)[0] == "NOTDIR"
    assert guest.set_times("p", 1, 1, 5) == guest.rename("p", "q") == guest.link("q", "r") == "SUCCESS"
    fd = guest.must_open("q")
    assert guest.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
    assert FDSTAT.unpack_from(guest.memory, OUT)[:2] == (types.FILETYPE_UNKNOWN, 0)
    assert guest.call("fd_seek", fd, 0, 0, OUT) == guest.call("fd_tell", fd, OUT) == "SPIPE"
    both = guest.must_open("q", rights=READ_WRITE)
    assert guest.write(both, b"abc") == ("SUCCESS", 3)
    assert guest.read(fd) == ("SUCCESS", b"abc")


def test_devices(make_guest: MakeGuest) -> None:
    if not Path("/dev/null").is_char_device():
        pytest.skip("no /dev")
    guest = guest_in(make_guest, "/dev")
    null = guest.must_open("null", rights=READ_WRITE)
    assert guest.write(null, b"gone") == ("SUCCESS", 4)
    assert guest.read(null) == ("SUCCESS", b"")
    assert guest.stat("null")[1][2] == types.FILETYPE_CHARACTER_DEVICE
    assert guest.read(guest.must_open("zero"), 3) == ("SUCCESS", bytes(3))


# --- permissions ---


def test_nothing_gains_permissions_by_moving(make_guest: MakeGuest, tmp_path: Path) -> None:
    """Two directories of one guest: what may only be written, or only read, in one is not moved into the other."""
    for name in ("blind", "fixed", "free"):
        (tmp_path / name / "dir").mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(b"content")
    config = WasiConfig()
    config.preopen_dir(tmp_path / "free", "/free")
    config.preopen_dir(tmp_path / "blind", "/blind", DirPerms.WRITE_ONLY, FilePerms.READ_WRITE)
    config.preopen_dir(tmp_path / "fixed", "/fixed", DirPerms.READ_WRITE, FilePerms.READ_ONLY)
    guest = make_guest(config)
    free, blind, fixed = 3, 4, 5
    for source in (blind, fixed):
        assert guest.rename("file", "taken", fd=source, new_fd=free) == "PERM"
        assert guest.link("file", "taken", fd=source, new_fd=free) == "PERM"
        assert guest.rename("dir", "taken", fd=source, new_fd=free) == "PERM"
    assert guest.rename("file", "given", fd=free, new_fd=fixed) == "SUCCESS"
    # An open directory keeps its permissions; files moved into it afterwards would get them.
    kept = guest.must_open("dir", oflags=OFLAG_DIRECTORY, fd=free)
    for target in (blind, fixed):
        assert guest.rename("dir", "given_dir", fd=free, new_fd=target) == "PERM"
        assert guest.rename("dir", "given_dir", fd=free, new_fd=free) == "SUCCESS"
        assert guest.rename("given_dir", "dir", fd=free, new_fd=free) == "SUCCESS"
    assert guest.open("x", fd=kept, oflags=OFLAG_CREAT, rights=READ_WRITE)[0] == "SUCCESS"


def test_files_that_may_only_be_written(make_guest: MakeGuest, root: Path) -> None:
    (root / "f").write_bytes(b"secret")
    (root / "d").mkdir()
    config = WasiConfig()
    config.preopen_dir(root, "/", DirPerms.READ_WRITE, FilePerms.WRITE_ONLY)
    guest = make_guest(config)
    for oflags in (0, OFLAG_CREAT, OFLAG_TRUNC):
        for rights in (READ_WRITE, RIGHT_FD_READ):
            assert guest.open("f", oflags=oflags, rights=rights)[0] == "PERM"
    assert (root / "f").read_bytes() == b"secret", "not truncated on the way"
    assert guest.open("d")[0] == guest.open("f", rights=RIGHT_FD_WRITE)[0] == "SUCCESS"


def test_directories_that_may_only_be_written(make_guest: MakeGuest, root: Path) -> None:
    (root / "f").write_bytes(b"secret")
    (root / "l").symlink_to("f")
    config = WasiConfig()
    config.preopen_dir(root, "/", DirPerms.WRITE_ONLY, FilePerms.READ_WRITE)
    guest = make_guest(config)
    assert guest.open("f")[0] == guest.stat("f")[0] == guest.readlink("l")[0] == "PERM"
    assert guest.call("fd_readdir", 3, DATA, 4000, 0, OUT) == "PERM"
    assert guest.mkdir("d") == guest.rmdir("d") == guest.unlink("f") == "SUCCESS"
