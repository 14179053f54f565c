"""Attempts to leave a preopened directory. Each must fail, and nothing outside may be read, made or changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wasi_guest import OUT, READ_WRITE, Guest

from taipan.wasi.config import WasiConfig
from taipan.wasi.p1.types import OFLAG_CREAT, OFLAG_DIRECTORY, OFLAG_TRUNC

SECRET = b"outside, and none of the guest's business"


def state(path: Path) -> dict[str, tuple[int, int, int, bytes]]:
    """Everything observable about the tree, except access times."""
    found = {}
    for folder, names, files in os.walk(path):
        for name in (".", *names, *files):
            item = Path(folder, name)
            status = item.lstat()
            content = item.read_bytes() if item.is_file() and not item.is_symlink() else b""
            found[str(item)] = (status.st_mtime_ns, status.st_nlink, status.st_ctime_ns, content)
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    (path / "dir").mkdir(parents=True)
    (path / "secret").write_bytes(SECRET)
    return path


@pytest.fixture
def jail(root: Path, outside: Path, make_guest: Callable[..., Guest]) -> Iterator[Guest]:
    """A guest with some files and with links made by the host; checks afterwards that nothing outside has changed."""
    (root / "dir" / "sub").mkdir(parents=True)
    (root / "file").write_bytes(b"inside")
    (root / "dir" / "file").write_bytes(b"inside")
    links = {
        "abs_file": f"{outside}/secret",
        "abs_dir": f"{outside}",
        "abs_root": "/",
        "abs_self": f"{root}/file",
        "rel_file": "../outside/secret",
        "rel_dir": "../outside",
        "up": "..",
        "up_slash": "../",
        "dot_up": "./..",
        "dir/deep_up": "../../outside",
        "hop1": "hop2",
        "hop2": "hop3",
        "hop3": "rel_dir",
        "dangling": "../outside/made",
        "dangling_abs": f"{outside}/made",
        "loop1": "loop2",
        "loop2": "loop1",
        "self": "self",
        "back": "dir/sub/../../../outside/secret",
        "chain": "dir/deep_up",
        "proc": "/proc/self/root",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    before = state(outside)
    config = WasiConfig()
    config.preopen_dir(str(root), "/")
    yield make_guest(config)
    assert state(outside) == before
    assert not (outside.parent / "made").exists()


PATHS = [
    "..",
    "../outside/secret",
    "../outside/made",
    "dir/../../outside/secret",
    "dir/sub/../../../outside/secret",
    "./.././outside/secret",
    "//../outside/secret",
    "dir//..//..//outside/secret",
    "{outside}/secret",
    "//{outside}/secret",
    "/",
    "/etc/passwd",
    "abs_file",
    "abs_dir",
    "abs_dir/secret",
    "abs_dir/made",
    "abs_root",
    "abs_root/etc/passwd",
    "abs_self",
    "rel_file",
    "rel_dir/secret",
    "rel_dir/made",
    "rel_dir/",
    "up",
    "up/outside/secret",
    "up_slash/outside/secret",
    "dot_up/outside/secret",
    "dir/deep_up/secret",
    "dir/deep_up/",
    "hop1/secret",
    "hop1/dir/../secret",
    "dangling",
    "dangling_abs",
    "back",
    "chain/secret",
    "proc/etc/passwd",
    "file/../../outside/secret",
    "dir/sub/./../.././../outside/secret",
    "loop1",
    "loop1/x",
    "self",
    "self/..",
]


@pytest.mark.parametrize("path", PATHS)
def test_open(jail: Guest, outside: Path, path: str) -> None:
    name = path.format(outside=outside)
    for oflags in (0, OFLAG_CREAT, OFLAG_DIRECTORY, OFLAG_TRUNC, OFLAG_CREAT | OFLAG_TRUNC):
        for rights in (2, 64, 66):
            code, _ = jail.open(name, oflags=oflags, rights=rights)
            assert code in ("PERM", "LOOP", "NOTDIR", "INVAL", "ISDIR"), (oflags, rights)


@pytest.mark.parametrize("path", PATHS)
def test_other_functions(jail: Guest, root: Path, outside: Path, path: str) -> None:
    """A final link may be acted on itself (removed, renamed, read), never what it leads to."""
    name = path.format(outside=outside)
    assert jail.stat(name)[0] in ("PERM", "LOOP", "NOTDIR")
    assert jail.set_times(name, 1, 1, 5) in ("PERM", "LOOP", "NOTDIR")
    assert jail.mkdir(name) != "SUCCESS"
    assert jail.link("file", name) != "SUCCESS"
    assert jail.link(name, "stolen", follow=True) != "SUCCESS"
    assert jail.symlink("file", name) != "SUCCESS"
    assert jail.rmdir(name) != "SUCCESS"
    code, target = jail.readlink(name)
    assert code != "SUCCESS" or not target.startswith(b"/")
    is_link = "/" not in name and (root / name).is_symlink()
    assert (jail.rename("file", name) == "SUCCESS") == is_link
    assert (jail.rename(name, "moved") == "SUCCESS") == is_link
    jail.unlink(name)


def test_guest_makes_its_own_links(jail: Guest) -> None:
    assert jail.symlink("/etc/passwd", "mine") == "PERM"
    assert jail.symlink("../outside/secret", "mine") == "SUCCESS"
    assert jail.open("mine")[0] == "PERM"
    assert jail.symlink("mine", "mine2") == "SUCCESS"
    assert jail.open("mine2")[0] == "PERM"
    assert jail.symlink("..", "dir/parent") == "SUCCESS"
    assert jail.symlink("../..", "dir/sub/parents") == "SUCCESS"
    assert jail.open("dir/parent/dir/parent/file")[0] == "SUCCESS"
    assert jail.open("dir/sub/parents/../outside/secret")[0] == "PERM"


def test_renaming_a_link_into_another_directory_does_not_help(jail: Guest) -> None:
    """`../file` means another place after the move; it is judged where it is."""
    assert jail.symlink("../file", "dir/link") == "SUCCESS"
    assert jail.open("dir/link")[0] == "SUCCESS"
    assert jail.rename("dir/link", "link") == "SUCCESS"
    assert jail.open("link")[0] == "PERM"
    assert jail.symlink("../../outside", "dir/sub/link") == "SUCCESS"
    assert jail.rename("dir/sub", "sub") == "SUCCESS"
    assert jail.open("sub/link/secret")[0] == "PERM"


def test_moving_a_directory_that_is_open(jail: Guest) -> None:
    """A directory descriptor is its own root, wherever the directory goes."""
    fd = jail.must_open("dir/sub", oflags=OFLAG_DIRECTORY)
    assert jail.rename("dir/sub", "sub") == "SUCCESS"
    assert jail.open("../file", fd=fd)[0] == "PERM"
    assert jail.open("..", fd=fd)[0] == "PERM"


def test_through_a_file_and_bad_names(jail: Guest) -> None:
    assert jail.open("file/..")[0] == "NOTDIR"
    assert jail.open(b"dir/../\xff/secret")[0] == "ILSEQ"
    assert jail.open(b"dir\0/../../outside/secret")[0] == "INVAL"
    assert jail.open("missing/../../outside/secret")[0] == "NOENT"
    assert jail.open("x" * 300)[0] == "NAMETOOLONG"
    assert jail.open("d/" * 3000)[0] == "NAMETOOLONG"
    assert jail.open("")[0] == "NOENT"


def open_descriptors() -> int:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("no /proc")
    return len(os.listdir("/proc/self/fd"))


def test_deep_paths_do_not_exhaust_descriptors(jail: Guest) -> None:
    before = open_descriptors()
    for depth in range(300):
        if jail.mkdir("/".join(["d"] * (depth + 1))) != "SUCCESS":
            assert depth == 257  # MAX_DEPTH directories to pass through, and one to make
            break
    else:
        pytest.fail("no limit")
    assert open_descriptors() == before


def test_no_descriptor_leaks(jail: Guest) -> None:
    before = open_descriptors()
    for path in PATHS:
        jail.open(path)
        jail.stat(path)
        jail.rename(path, "dir/sub/../../up/x")
    assert open_descriptors() == before


def test_read_only_directory(root: Path, make_guest: Callable[..., Guest], outside: Path) -> None:
    """Nothing inside can be changed either, by any function, and not through a second, writable directory."""
    (root / "dir").mkdir()
    (root / "file").write_bytes(b"inside")
    (root / "link").symlink_to("file")
    before = state(root)
    config = WasiConfig()
    config.preopen_dir(str(root), "/ro", fs_mutable=False)
    config.preopen_dir(str(outside), "/rw")
    guest = make_guest(config)
    for oflags in (OFLAG_CREAT, OFLAG_TRUNC, OFLAG_CREAT | OFLAG_TRUNC):
        for path in ("file", "new", "link"):
            assert guest.open(path, oflags=oflags)[0] == "PERM"
    assert guest.open("file", rights=READ_WRITE)[0] == "PERM"
    assert guest.mkdir("new") == guest.rmdir("dir") == guest.unlink("file") == "PERM"
    assert guest.rename("file", "new") == guest.link("file", "new") == guest.symlink("file", "new") == "PERM"
    assert guest.rename("file", "new", new_fd=4) == guest.link("file", "new", new_fd=4) == "PERM"
    assert guest.rename("secret", "new", fd=4, new_fd=3) == guest.link("secret", "new", fd=4, new_fd=3) == "PERM"
    assert guest.set_times("file", 1, 1, 5) == guest.call("fd_filestat_set_times", 3, 1, 1, 5) == "PERM"
    fd = guest.must_open("file")
    assert guest.call("fd_filestat_set_times", fd, 1, 1, 5) == "PERM"
    assert guest.call("fd_filestat_set_size", fd, 1) == guest.call("fd_allocate", fd, 0, 100) == "PERM"
    assert guest.write(fd, b"x")[0] == "BADF"
    sub = guest.must_open("dir", oflags=OFLAG_DIRECTORY)
    assert guest.mkdir("new", fd=sub) == "PERM"
    assert guest.read(fd) == ("SUCCESS", b"inside")
    assert state(root) == before


def swap_until(stop: threading.Event, swap: Callable[[], None]) -> threading.Thread:
    def loop() -> None:
        while not stop.is_set():
            swap()

    thread = threading.Thread(target=loop)
    thread.start()
    return thread


def test_race_directory_for_link(jail: Guest, root: Path, outside: Path) -> None:
    """The host swaps a directory for a link to the outside while the guest walks through it."""
    (root / "target").mkdir()
    (root / "target" / "secret").write_bytes(b"inside")
    (root / "evil").symlink_to("../outside")

    def swap() -> None:
        os.rename(root / "target", root / "kept")
        os.rename(root / "evil", root / "target")
        os.rename(root / "target", root / "evil")
        os.rename(root / "kept", root / "target")

    stop = threading.Event()
    thread = swap_until(stop, swap)
    codes: dict[str, int] = {}
    end = time.monotonic() + 1.0
    try:
        while time.monotonic() < end:
            code, fd = jail.open("target/secret", rights=READ_WRITE)
            codes[code] = codes.get(code, 0) + 1
            if code == "SUCCESS":
                assert jail.read(fd) == ("SUCCESS", b"inside")
                jail.call("fd_close", fd)
            assert jail.open("target/made", oflags=OFLAG_CREAT, rights=64)[0] in (
                "SUCCESS",
                "PERM",
                "NOENT",
                "NOTDIR",
                "MFILE",
            )
            jail.call("path_unlink_file", 3, *jail.text("target/secret2"))
            jail.mkdir("target/made_dir")
            jail.rename("file", "target/moved")
            jail.rename("target/moved", "file")
    finally:
        stop.set()
        thread.join()
    assert set(codes) <= {"SUCCESS", "PERM", "NOENT", "NOTDIR", "MFILE"}
    assert sorted(os.listdir(outside)) == ["dir", "secret"]


def test_race_file_for_link(jail: Guest, root: Path) -> None:
    """The last component becomes a link between the look and the open."""
    (root / "target").write_bytes(b"inside")
    (root / "evil").symlink_to("../outside/secret")

    def swap() -> None:
        os.rename(root / "target", root / "kept")
        os.rename(root / "evil", root / "target")
        os.rename(root / "target", root / "evil")
        os.rename(root / "kept", root / "target")

    stop = threading.Event()
    thread = swap_until(stop, swap)
    end = time.monotonic() + 1.0
    opened = 0
    try:
        while time.monotonic() < end:
            code, fd = jail.open("target", rights=READ_WRITE)
            assert code in ("SUCCESS", "PERM", "NOENT", "LOOP")
            if code == "SUCCESS":
                assert jail.read(fd) == ("SUCCESS", b"inside")
                assert jail.call("fd_seek", fd, 0, 0, OUT) == "SUCCESS"
                assert jail.write(fd, b"inside")[0] == "SUCCESS"
                opened += jail.call("fd_close", fd) == "SUCCESS"
            assert jail.set_times("target", 1, 1, 5) in ("SUCCESS", "PERM", "NOENT", "LOOP")
            assert jail.link("target", "new", follow=True) in ("SUCCESS", "PERM", "NOENT", "LOOP")
            jail.unlink("new")
    finally:
        stop.set()
        thread.join()
    assert opened


def test_race_moving_the_directory_below_the_walk(jail: Guest, root: Path, tmp_path: Path) -> None:
    """`..` after the host has moved the directory elsewhere: it leads to where the walk came from."""
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "secret").write_bytes(b"inside")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def swap() -> None:
        os.rename(root / "a" / "b", elsewhere / "b")
        os.rename(elsewhere / "b", root / "a" / "b")

    stop = threading.Event()
    thread = swap_until(stop, swap)
    end = time.monotonic() + 1.0
    try:
        while time.monotonic() < end:
            assert jail.open("a/b/../../../secret")[0] in ("PERM", "NOENT")
            code, fd = jail.open("a/b/../secret")
            assert code in ("SUCCESS", "NOENT")
            if code == "SUCCESS":
                assert jail.read(fd) == ("SUCCESS", b"inside")
                jail.call("fd_close", fd)
    finally:
        stop.set()
        thread.join()
