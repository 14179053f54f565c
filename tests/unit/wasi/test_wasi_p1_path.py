"""The path_ functions: errnos of names that are odd, missing or of the wrong kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from wasi_guest import DATA, OUT, READ_WRITE, TEXT, Guest

from taipan.wasi.config import DirPerms, FilePerms, WasiConfig
from taipan.wasi.filesystem import DIR_MUTATE, DIR_READ, FILE_READ, Directory
from taipan.wasi.p1 import types
from taipan.wasi.p1.types import (
    FDFLAG_NONBLOCK,
    FDSTAT,
    OFLAG_CREAT,
    OFLAG_DIRECTORY,
    OFLAG_EXCL,
    OFLAG_TRUNC,
    RIGHT_FD_READ,
    RIGHT_FD_WRITE,
)


@pytest.fixture
def files(guest: Guest, root: Path) -> Guest:
    """d/, d/f, f, and links: lf -> f, ld -> d, lds -> d/, ln -> nowhere."""
    (root / "d").mkdir()
    (root / "d" / "f").write_bytes(b"inner")
    (root / "f").write_bytes(b"outer")
    for name, target in (("lf", "f"), ("ld", "d"), ("lds", "d/"), ("ln", "nowhere")):
        (root / name).symlink_to(target)
    (root / "lds").unlink()
    assert guest.symlink("d/", "lds") == "SUCCESS"
    return guest


OPENS = [
    # path, oflags, follow, expected
    ("f", 0, True, "SUCCESS"),
    ("missing", 0, True, "NOENT"),
    ("", 0, True, "NOENT"),
    (".", 0, True, "SUCCESS"),
    ("d/..", 0, True, "SUCCESS"),
    ("d/../f", 0, True, "SUCCESS"),
    ("d//.///f", 0, True, "SUCCESS"),
    ("f/", 0, True, "NOTDIR"),
    ("f/.", 0, True, "NOTDIR"),
    ("f/x", 0, True, "NOTDIR"),
    ("d/", 0, True, "SUCCESS"),
    ("d", OFLAG_DIRECTORY, True, "SUCCESS"),
    ("f", OFLAG_DIRECTORY, True, "NOTDIR"),
    ("lf", 0, True, "SUCCESS"),
    ("lf", 0, False, "LOOP"),
    ("lf", OFLAG_DIRECTORY, True, "NOTDIR"),
    ("lf", OFLAG_DIRECTORY, False, "LOOP"),
    ("ld", OFLAG_DIRECTORY, True, "SUCCESS"),
    ("ld", OFLAG_DIRECTORY, False, "LOOP"),
    ("ld/", 0, False, "SUCCESS"),
    ("ld/f", 0, False, "SUCCESS"),
    ("lds", 0, True, "SUCCESS"),
    ("lds", 0, False, "LOOP"),
    ("lf/", 0, True, "NOTDIR"),
    ("ln", 0, True, "NOENT"),
    ("ln", 0, False, "LOOP"),
    ("ln/", 0, True, "NOENT"),
    ("ln", OFLAG_CREAT, True, "SUCCESS"),
    ("ln", OFLAG_CREAT, False, "LOOP"),
    ("ln", OFLAG_CREAT | OFLAG_EXCL, True, "EXIST"),
    ("f", OFLAG_CREAT | OFLAG_EXCL, True, "EXIST"),
    ("f", OFLAG_CREAT, True, "SUCCESS"),
    ("new", OFLAG_CREAT | OFLAG_EXCL, True, "SUCCESS"),
    ("new/", OFLAG_CREAT, True, "ISDIR"),
    ("d", OFLAG_CREAT, True, "ISDIR"),
    ("d/", OFLAG_CREAT | OFLAG_EXCL, True, "ISDIR"),
    (".", OFLAG_CREAT, True, "ISDIR"),
    (".", OFLAG_CREAT | OFLAG_EXCL, True, "EXIST"),
    ("new", OFLAG_CREAT | OFLAG_DIRECTORY, True, "INVAL"),
    ("d", OFLAG_TRUNC, True, "ISDIR"),
    ("d", OFLAG_TRUNC | OFLAG_DIRECTORY, True, "INVAL"),
    ("f", 16, True, "INVAL"),
]


@pytest.mark.parametrize(("path", "oflags", "follow", "expected"), OPENS)
def test_open(files: Guest, path: str, oflags: int, follow: bool, expected: str) -> None:
    assert files.open(path, oflags=oflags, follow=follow)[0] == expected


def test_open_arguments(files: Guest) -> None:
    path = files.text("f")
    assert files.call("path_open", 3, 2, *path, 0, 2, 0, 0, OUT) == "INVAL"
    assert files.call("path_open", 3, 0, *path, 0, 2, 0, 32, OUT) == "INVAL"
    assert files.call("path_open", 1, 0, *path, 0, 2, 0, 0, OUT) == "BADF"
    assert files.call("path_open", files.must_open("f"), 0, *path, 0, 2, 0, 0, OUT) == "NOTDIR"
    assert files.open("d", rights=READ_WRITE)[0] == files.open("d", rights=RIGHT_FD_WRITE)[0] == "ISDIR"
    assert files.open(b"\xc3\x28")[0] == "ILSEQ"
    assert files.open(b"f\0")[0] == "INVAL"


@pytest.mark.parametrize("flag", [types.FDFLAG_SYNC, types.FDFLAG_DSYNC, types.FDFLAG_RSYNC, FDFLAG_NONBLOCK])
def test_fdflags_are_kept(files: Guest, flag: int) -> None:
    fd = files.must_open("f", rights=READ_WRITE, fdflags=flag)
    assert files.write(fd, b"x") == ("SUCCESS", 1)
    assert files.call("fd_fdstat_get", fd, OUT) == "SUCCESS"
    assert FDSTAT.unpack_from(files.memory, OUT)[1] == flag


@pytest.mark.parametrize(
    ("asked", "granted"),
    [(0, RIGHT_FD_READ), (2, RIGHT_FD_READ), (64, RIGHT_FD_WRITE), (66, READ_WRITE), (-1, READ_WRITE)],
)
def test_access_mode_follows_the_rights_asked_for(files: Guest, asked: int, granted: int) -> None:
    fd = files.must_open("f", rights=asked)
    assert (files.read(fd)[0] == "SUCCESS") == bool(granted & RIGHT_FD_READ)
    assert (files.write(fd, b"x")[0] == "SUCCESS") == bool(granted & RIGHT_FD_WRITE)
    files.call("fd_fdstat_get", fd, OUT)
    assert FDSTAT.unpack_from(files.memory, OUT)[2] & READ_WRITE == granted


def test_truncate_without_write_right(files: Guest, root: Path) -> None:
    fd = files.must_open("f", oflags=OFLAG_TRUNC)
    assert (root / "f").read_bytes() == b""
    assert files.write(fd, b"x")[0] == "BADF"


STATS = [
    ("f", False, 4),
    ("lf", True, 4),
    ("lf", False, 7),
    ("ld", False, 7),
    ("ld/", False, 3),
    ("ld/.", False, 3),
    ("ld/f", False, 4),
    (".", True, 3),
    ("d/..", False, 3),
    ("lds", True, 3),
    ("lds", False, 7),
    ("ln", False, 7),
    ("f/", True, "NOTDIR"),
    ("lf/", False, "NOTDIR"),
    ("ln", True, "NOENT"),
    ("", True, "NOENT"),
]


@pytest.mark.parametrize(("path", "follow", "expected"), STATS)
def test_stat(files: Guest, path: str, follow: bool, expected: int | str) -> None:
    code, status = files.stat(path, follow)
    assert (status[2] if code == "SUCCESS" else code) == expected


def test_unknown_lookup_flags(files: Guest) -> None:
    path = files.text("f")
    assert files.call("path_filestat_get", 3, 2, *path, OUT) == "INVAL"
    assert files.call("path_filestat_set_times", 3, -1, *path, 0, 0, 0) == "INVAL"
    assert files.call("path_link", 3, 4, *path, 3, *path) == "INVAL"


def test_set_times(files: Guest, root: Path) -> None:
    assert files.set_times("lf", 5, 6, 5, follow=False) == "SUCCESS"
    assert (root / "lf").lstat().st_mtime_ns == 6
    assert files.set_times("lf", 7, 8, 5) == "SUCCESS"
    assert (root / "f").stat().st_mtime_ns == 8
    assert (root / "lf").lstat().st_mtime_ns == 6
    assert files.set_times("d/", 1, 2, 5) == files.set_times(".", 1, 2, 4) == "SUCCESS"
    assert (root / "d").stat().st_mtime_ns == root.stat().st_mtime_ns == 2
    assert files.set_times("f", -1, -1, 5) in ("SUCCESS", "INVAL")
    assert files.set_times("missing", 1, 1, 0) == "NOENT"


REMOVALS = [
    ("path_remove_directory", "d", "NOTEMPTY"),
    ("path_remove_directory", "f", "NOTDIR"),
    ("path_remove_directory", "f/", "NOTDIR"),
    ("path_remove_directory", "ld", "NOTDIR"),
    ("path_remove_directory", "ld/", "NOTDIR"),
    ("path_remove_directory", "missing", "NOENT"),
    ("path_remove_directory", ".", "INVAL"),
    ("path_remove_directory", "d/..", "INVAL"),
    ("path_unlink_file", "d", "ISDIR"),
    ("path_unlink_file", "d/", "ISDIR"),
    ("path_unlink_file", ".", "ISDIR"),
    ("path_unlink_file", "f/", "NOTDIR"),
    ("path_unlink_file", "ld/", "NOTDIR"),
    ("path_unlink_file", "missing", "NOENT"),
    ("path_unlink_file", "missing/", "NOENT"),
    ("path_unlink_file", "ld", "SUCCESS"),
    ("path_unlink_file", "ln", "SUCCESS"),
    ("path_unlink_file", "d/../ld/f", "SUCCESS"),
    ("path_create_directory", "d", "EXIST"),
    ("path_create_directory", "d/", "EXIST"),
    ("path_create_directory", ".", "EXIST"),
    ("path_create_directory", "ln", "EXIST"),
    ("path_create_directory", "f/x", "NOTDIR"),
    ("path_create_directory", "missing/x", "NOENT"),
    ("path_create_directory", "ld/x/", "SUCCESS"),
]


@pytest.mark.parametrize(("name", "path", "expected"), REMOVALS)
def test_remove_and_create(files: Guest, name: str, path: str, expected: str) -> None:
    assert files.call(name, 3, *files.text(path)) == expected


RENAMES = [
    ("f", "g", "SUCCESS"),
    ("f", "d/f", "SUCCESS"),
    ("f", "f", "SUCCESS"),
    ("lf", "g", "SUCCESS"),
    ("d", "e/", "SUCCESS"),
    ("d/", "e", "SUCCESS"),
    ("f", "d", "ISDIR"),
    ("d", "f", "NOTDIR"),
    ("f/", "g", "NOTDIR"),
    ("f", "g/", "NOTDIR"),
    ("ld/", "g", "NOTDIR"),
    ("d", "d/x", "INVAL"),
    (".", "g", "BUSY"),
    ("d", ".", "BUSY"),
    ("missing", "g", "NOENT"),
    ("f", "missing/g", "NOENT"),
]


@pytest.mark.parametrize(("path", "new_path", "expected"), RENAMES)
def test_rename(files: Guest, path: str, new_path: str, expected: str) -> None:
    assert files.rename(path, new_path) == expected


LINKS = [
    ("f", "g", False, "SUCCESS"),
    ("lf", "g", False, "SUCCESS"),
    ("lf", "g", True, "SUCCESS"),
    ("ln", "g", False, "SUCCESS"),
    ("ln", "g", True, "NOENT"),
    ("d", "g", False, "PERM"),
    (".", "g", False, "PERM"),
    ("ld", "g", True, "PERM"),
    ("d", "f", False, "EXIST"),
    ("f", "d", False, "EXIST"),
    ("f", "ln", False, "EXIST"),
    ("f", ".", False, "EXIST"),
    ("f", "d/", False, "EXIST"),
    ("f", "g/", False, "NOENT"),
    ("f", "lf/", False, "NOTDIR"),
    ("f/", "g", False, "NOTDIR"),
]


@pytest.mark.parametrize(("path", "new_path", "follow", "expected"), LINKS)
def test_link(files: Guest, root: Path, path: str, new_path: str, follow: bool, expected: str) -> None:
    assert files.link(path, new_path, follow) == expected
    if expected == "SUCCESS":
        same = (root / path).stat() if follow else (root / path).lstat()
        assert (root / new_path).lstat().st_ino == same.st_ino


SYMLINKS = [
    ("f", "new", "SUCCESS"),
    ("../x", "d/new", "SUCCESS"),
    ("/f", "new", "PERM"),
    ("", "new", "NOENT"),
    ("f", "d", "EXIST"),
    ("f", "ln", "EXIST"),
    ("f", ".", "EXIST"),
    ("f", "d/", "EXIST"),
    ("f", "f/", "NOTDIR"),
    ("f", "new/", "NOENT"),
    ("f", "missing/new", "NOENT"),
]


@pytest.mark.parametrize(("target", "path", "expected"), SYMLINKS)
def test_symlink(files: Guest, root: Path, target: str, path: str, expected: str) -> None:
    assert files.symlink(target, path) == expected
    if expected == "SUCCESS":
        assert (root / path).readlink() == Path(target)


READLINKS = [
    ("lf", b"f"),
    ("lds", b"d/"),
    ("ln", b"nowhere"),
    ("f", "INVAL"),
    ("d", "INVAL"),
    (".", "INVAL"),
    ("ld/", "INVAL"),
    ("lf/", "NOTDIR"),
    ("missing", "NOENT"),
]


@pytest.mark.parametrize(("path", "expected"), READLINKS)
def test_readlink(files: Guest, path: str, expected: bytes | str) -> None:
    code, target = files.readlink(path)
    assert (target if code == "SUCCESS" else code) == expected


def test_readlink_into_a_small_buffer(files: Guest) -> None:
    assert files.readlink("ln", 3) == ("SUCCESS", b"now")
    assert files.readlink("ln", 0) == ("SUCCESS", b"")


def test_paths_between_directories(files: Guest, root: Path) -> None:
    fd = files.must_open("d", oflags=OFLAG_DIRECTORY)
    assert files.rename("f", "moved", new_fd=fd) == "SUCCESS"
    assert files.link("moved", "linked", fd=fd) == "SUCCESS"
    assert (root / "d" / "moved").samefile(root / "linked")
    for name, arguments in {"path_create_directory": (TEXT, 1), "fd_readdir": (DATA, 9, 0, OUT)}.items():
        assert files.call(name, files.must_open("linked"), *arguments) == "BADF"


def test_permissions_of_older_configurations(root: Path, make_guest: Callable[..., Guest]) -> None:
    """dir_perms and file_perms apart: files that can be listed and made, but not written."""
    (root / "f").write_bytes(b"x")
    config = WasiConfig()
    config.preopen_dir(str(root), "/", DirPerms.READ_WRITE, FilePerms.READ_ONLY)
    config.preopen_dir(str(root), "/all")
    guest = make_guest(config)
    assert guest.mkdir("d") == "SUCCESS"
    assert guest.open("f")[0] == "SUCCESS"
    assert guest.open("f", rights=READ_WRITE)[0] == guest.open("f", oflags=OFLAG_TRUNC)[0] == "PERM"
    assert guest.link("f", "g", new_fd=4) == guest.rename("f", "g", new_fd=4) == "PERM"
    assert guest.rename("f", "g", fd=4, new_fd=3) == "SUCCESS"
    config = WasiConfig()
    config.preopen_dir(str(root), "/", file_perms=FilePerms.WRITE_ONLY, dir_perms=DirPerms.READ_WRITE)
    guest = make_guest(config)
    assert guest.open("g")[0] == "PERM"
    assert guest.open("g", rights=RIGHT_FD_WRITE)[0] == "SUCCESS"


def test_directory_keeps_its_permissions_below(root: Path) -> None:
    import os

    (root / "a" / "b").mkdir(parents=True)
    top = Directory(os.open(root, os.O_RDONLY), DIR_READ, FILE_READ)
    below = top.open(b"a", os.O_RDONLY, False)
    assert isinstance(below, Directory)
    assert (below.dir_perms, below.file_perms) == (DIR_READ, FILE_READ)
    assert not below.dir_perms & DIR_MUTATE
    below.close()
    top.close()


def test_unstable_layouts(root: Path, make_guest: Callable[..., Guest]) -> None:
    (root / "f").write_bytes(b"12345")
    config = WasiConfig()
    config.preopen_dir(str(root), "/")
    guest = make_guest(config, "wasi_unstable")
    fd = guest.must_open("f")
    assert guest.call("fd_filestat_get", fd, OUT) == "SUCCESS"
    first = types.UNSTABLE_FILESTAT.unpack_from(guest.memory, OUT)
    assert first[2:5] == (4, 1, 5)
    assert guest.call("path_filestat_get", 3, 0, *guest.text("f"), OUT) == "SUCCESS"
    assert types.UNSTABLE_FILESTAT.unpack_from(guest.memory, OUT) == first
    for offset, whence, expected in ((2, 2, 2), (1, 0, 3), (-1, 1, 4)):
        assert guest.call("fd_seek", fd, offset, whence, OUT) == "SUCCESS"
        assert guest.out("<Q") == expected
    assert guest.call("fd_seek", fd, 0, 3, OUT) == "INVAL"
    subscription = types.UNSTABLE_SUBSCRIPTION
    subscription.pack_into(guest.memory, DATA, 77, types.EVENT_FD_READ, fd, 0, 0, 0, 0)
    subscription.pack_into(guest.memory, DATA + 56, 78, types.EVENT_CLOCK, 0, 1, 10**15, 0, 0)
    assert guest.call("poll_oneoff", DATA, DATA + 200, 2, OUT) == "SUCCESS"
    assert guest.out() == 1
    assert types.EVENT.unpack_from(guest.memory, DATA + 200) == (77, 0, 1, 1, 0)
