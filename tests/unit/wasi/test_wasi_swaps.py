"""The host exchanges a directory or file for a link to the outside, before any one system call of a guest's call.

Random races (test_wasi_escape.py) meet few of the moments that matter. Here every one is tried: `Swapper` stands
between the file system code and the host and swaps before the n-th system call, for every n that a call makes, and
for every pair (swap, swap back).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_wasi_escape import SECRET, state
from wasi_guest import DATA, OUT, READ_WRITE, Guest

from taipan.wasi import filesystem, paths
from taipan.wasi.config import WasiConfig
from taipan.wasi.p1.types import FILESTAT, OFLAG_CREAT, OFLAG_DIRECTORY, OFLAG_TRUNC

HOOKED = {
    "open",
    "stat",
    "fstat",
    "readlink",
    "mkdir",
    "rmdir",
    "unlink",
    "rename",
    "link",
    "symlink",
    "utime",
    "scandir",
}


class Swapper:
    """The module `os` with a swap before the system calls that have the given numbers."""

    def __init__(self, swap: Callable[[], None], moments: tuple[int, ...]) -> None:
        self.swap = swap
        self.moments = moments
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        function = getattr(os, name)
        if name not in HOOKED:
            return function

        def call(*arguments: Any, **options: Any) -> Any:
            if self.calls in self.moments:
                self.swap()
            self.calls += 1
            return function(*arguments, **options)

        return call


def read_file(guest: Guest, path: str) -> str:
    code, fd = guest.open(path, rights=READ_WRITE)
    if code == "SUCCESS":
        assert guest.read(fd)[1] != SECRET
        assert guest.write(fd, b"written")[0] == "SUCCESS"
    return code


def list_directory(guest: Guest, path: str) -> str:
    code, fd = guest.open(path, oflags=OFLAG_DIRECTORY)
    if code == "SUCCESS":
        assert guest.call("fd_readdir", fd, DATA, 4000, 0, OUT) == "SUCCESS"
        assert b"only_outside" not in guest.memory[DATA : DATA + guest.out()]
    return code


def stat_it(guest: Guest, path: str, follow: bool) -> str:
    code, status = guest.stat(path, follow)
    assert code != "SUCCESS" or status[FILESTAT_SIZE] != len(SECRET)
    return code


def read_link(guest: Guest, path: str) -> str:
    code, target = guest.readlink(path)
    assert target != b"only_outside"
    return code


FILESTAT_SIZE = 4
assert FILESTAT.size == 64
# What the guest does to `target/...`, where `target` is now a directory and now a link to one outside.
BELOW: dict[str, Callable[[Guest], str]] = {
    "open": lambda guest: read_file(guest, "target/secret"),
    "open a directory": lambda guest: list_directory(guest, "target/dir"),
    "open target": lambda guest: list_directory(guest, "target"),
    "open target/.": lambda guest: list_directory(guest, "target/."),
    "open target/": lambda guest: list_directory(guest, "target/"),
    "up and down": lambda guest: read_file(guest, "target/dir/../secret"),
    "through a link": lambda guest: read_file(guest, "to_target/secret"),
    "create": lambda guest: guest.open("target/made", oflags=OFLAG_CREAT, rights=READ_WRITE)[0],
    "truncate": lambda guest: guest.open("target/secret", oflags=OFLAG_TRUNC, rights=READ_WRITE)[0],
    "mkdir": lambda guest: guest.mkdir("target/made"),
    "rmdir": lambda guest: guest.rmdir("target/dir"),
    "rmdir/": lambda guest: guest.rmdir("target/dir/"),
    "unlink": lambda guest: guest.unlink("target/secret"),
    "unlink/": lambda guest: guest.unlink("target/secret/"),
    "rename from": lambda guest: guest.rename("target/secret", "stolen"),
    "rename to": lambda guest: guest.rename("file", "target/secret"),
    "rename a directory": lambda guest: guest.rename("target/dir/", "target/made/"),
    "link from": lambda guest: guest.link("target/secret", "stolen"),
    "link from, following": lambda guest: guest.link("target/secret", "stolen", follow=True),
    "link to": lambda guest: guest.link("file", "target/made"),
    "symlink": lambda guest: guest.symlink("x", "target/made"),
    "symlink/": lambda guest: guest.symlink("x", "target/dir/"),
    "readlink": lambda guest: read_link(guest, "target/link"),
    "stat": lambda guest: stat_it(guest, "target/secret", True),
    "lstat": lambda guest: stat_it(guest, "target/secret", False),
    "set times": lambda guest: guest.set_times("target/secret", 5, 5, 5),
    "set times of target/": lambda guest: guest.set_times("target/", 5, 5, 5),
    "set times of target/.": lambda guest: guest.set_times("target/.", 5, 5, 5, follow=False),
}
# And to `target`, where that is now a file and now a link to one outside.
FINAL: dict[str, Callable[[Guest], str]] = {
    "open": lambda guest: read_file(guest, "target"),
    "open, not following": lambda guest: guest.open("target", follow=False)[0],
    "create": lambda guest: guest.open("target", oflags=OFLAG_CREAT, rights=READ_WRITE)[0],
    "truncate": lambda guest: guest.open("target", oflags=OFLAG_TRUNC, rights=READ_WRITE)[0],
    "through a link": lambda guest: read_file(guest, "to_target"),
    "unlink": lambda guest: guest.unlink("target"),
    "rename from": lambda guest: guest.rename("target", "moved"),
    "rename to": lambda guest: guest.rename("file", "target"),
    "link from": lambda guest: guest.link("target", "linked"),
    "link from, following": lambda guest: guest.link("target", "linked", follow=True),
    "link to": lambda guest: guest.link("file", "target"),
    "stat": lambda guest: stat_it(guest, "target", True),
    "lstat": lambda guest: stat_it(guest, "target", False),
    "set times": lambda guest: guest.set_times("target", 5, 5, 5),
    "set times, not following": lambda guest: guest.set_times("target", 5, 5, 5, follow=False),
}


def make_outside(path: Path) -> None:
    (path / "dir" / "only_outside").mkdir(parents=True)
    (path / "only_outside").touch()
    (path / "secret").write_bytes(SECRET)
    (path / "link").symlink_to("only_outside")


def swap_in(root: Path) -> None:
    """What `target` is becomes what `evil` is, and the other way round."""
    if os.path.lexists(root / "target"):
        os.rename(root / "target", root / "kept")
    os.rename(root / "evil", root / "target")
    if os.path.lexists(root / "kept"):
        os.rename(root / "kept", root / "evil")


def try_all_moments(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_guest: Callable[..., Guest],
    fill: Callable[[Path], None],
    act: Callable[[Guest], str],
) -> set[str]:
    """The guest acts once for every moment and pair of moments. Returns the errnos that it got."""
    outside = tmp_path / "outside"
    make_outside(outside)
    before = state(outside)
    codes = set()
    first, second, last = 0, -1, 0
    while first <= last:
        root = tmp_path / f"root{first}_{second}"
        fill(root)
        config = WasiConfig()
        config.preopen_dir(root, "/")
        guest = make_guest(config)
        swapper = Swapper(lambda root=root: swap_in(root), (first, second))  # type: ignore[misc]
        with monkeypatch.context() as patch:
            patch.setattr(filesystem, "os", swapper)
            patch.setattr(paths, "os", swapper)
            codes.add(act(guest))
        guest.context.close()
        assert state(outside) == before, (first, second)
        last = max(last, swapper.calls)
        shutil.rmtree(root)
        second = max(second, first) + 1
        if second > last:
            first, second = first + 1, -1
    assert last >= 1
    return codes


@pytest.mark.parametrize("name", BELOW)
def test_a_directory_becomes_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_guest: Callable[..., Guest], name: str
) -> None:
    def fill(root: Path) -> None:
        (root / "target" / "dir").mkdir(parents=True)
        (root / "target" / "secret").write_bytes(b"inside")
        (root / "target" / "link").symlink_to("inside")
        (root / "file").touch()
        (root / "to_target").symlink_to("target")
        (root / "evil").symlink_to("../outside")

    codes = try_all_moments(tmp_path, monkeypatch, make_guest, fill, BELOW[name])
    assert "PERM" in codes or name in ("open target", "unlink/", "symlink/")


@pytest.mark.parametrize("name", FINAL)
def test_a_file_becomes_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_guest: Callable[..., Guest], name: str
) -> None:
    def fill(root: Path) -> None:
        root.mkdir()
        (root / "target").write_bytes(b"inside")
        (root / "file").touch()
        (root / "to_target").symlink_to("target")
        (root / "evil").symlink_to("../outside/secret")

    codes = try_all_moments(tmp_path, monkeypatch, make_guest, fill, FINAL[name])
    assert codes <= {"SUCCESS", "PERM", "LOOP", "NOENT", "EXIST", "NOTDIR", "ISDIR"}
