"""Target `wasi_paths`: random paths and path functions in a sandbox; what lies outside is neither read nor changed."""

from __future__ import annotations

import random
import shutil
import struct
import tempfile
from pathlib import Path

from taipan.wasi.config import WasiConfig
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.calls import MODULES, bind
from taipan.wasi.p1.types import ERRNO_NAMES

SECRET = b"outside the sandbox"
MODULE = "wasi_snapshot_preview1"
NAMES = (b"a", b"b", b"d", b"up", b"abs", b"loop", b"self", b"new", b"e", b"file", b"..", b"..", b".", b"", b"out")
ODD = (b"\xff", b"\0", b"x" * 300, "ä".encode(), b" ", b"..\0", b"...", b"a\n", b"/", b"//", b"~", b"d/../..", b"*")
STEPS = 25
OUT = 16
FIRST = 1024
SECOND = 16384
BUFFER = 32768


def random_path(source: random.Random, outside: bytes) -> bytes:
    """Relative, absolute, with links, dots and what no path has."""
    count = source.choice([1, 1, 1, 2, 2, 3, 5, 60])
    parts = [source.choice(NAMES if source.random() < 0.93 else ODD) for _ in range(count)]
    path = b"/".join(parts)
    kind = source.random()
    if kind < 0.06:
        path = b"/" + path
    elif kind < 0.1:
        path = outside + b"/" + path
    elif kind < 0.14:
        path += b"/"
    return path


class Sandbox:
    """A folder with an inside, which is preopened, and an outside, which must stay as it is."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.outside = self.folder / "out"
        self.inside = self.folder / "in"
        (self.outside / "d").mkdir(parents=True)
        for name in ("a", "file", "d/a"):
            (self.outside / name).write_bytes(SECRET)
        (self.inside / "d" / "e").mkdir(parents=True)
        for name in ("a", "d/b", "d/e/file"):
            (self.inside / name).write_bytes(b"inside")
        for name, target in (
            ("up", ".."),
            ("abs", str(self.outside)),
            ("loop", "d/loop"),
            ("d/loop", "../loop"),
            ("self", "."),
            ("d/up", "../../out/a"),
            ("d/e/up", "../../.."),
            ("b", "d/b"),
            ("out", "../out"),
            ("d/out", "../../out"),
        ):
            (self.inside / name).symlink_to(target)
        self.before = self.state()

    def state(self) -> list[tuple[str, bytes, int, int]]:
        """Of everything outside: name, contents, mode and time of change; names next to the inside."""
        found = [
            (str(path), b"" if path.is_dir() else path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
            for path in sorted(self.outside.rglob("*"))
        ]
        return found + [(path.name, b"", 0, 0) for path in sorted(self.folder.iterdir())]

    def remove(self) -> None:
        shutil.rmtree(self.folder)


class Caller:
    """What the functions of WASI see of the guest."""

    def __init__(self, context: WasiContext, memory: bytearray) -> None:
        self.memory = memory
        self._store = self
        self._wasi = context

    def get(self, name: str) -> bytearray | None:
        return self.memory if name == "memory" else None


class Guest:
    def __init__(self, source: random.Random, sandbox: Sandbox) -> None:
        self.random = source
        self.sandbox = sandbox
        config = WasiConfig()
        config.max_open_files = 40
        config.preopen_dir(str(sandbox.inside), "/")
        config.preopen_dir(str(sandbox.inside / "d"), "/d")
        self.context = config.make_context()
        self.memory = bytearray(1 << 16)
        self.caller = Caller(self.context, self.memory)
        self.functions = {name: bind(name, params, function) for name, params, function in MODULES[MODULE]}
        self.fds = [3, 4]

    def call(self, name: str, *arguments: int) -> str:
        return ERRNO_NAMES[self.functions[name](self.caller, *arguments)]

    def path(self, at: int) -> tuple[int, int]:
        data = random_path(self.random, str(self.sandbox.outside).encode())
        self.memory[at : at + len(data)] = data
        return at, len(data)

    def fd(self) -> int:
        return self.random.choice(self.fds)

    def step(self) -> str:
        """What it read from outside, "" if nothing."""
        follow = self.random.randrange(2)
        first = self.path(FIRST)
        kind = self.random.randrange(11)
        if kind <= 3:
            return self.open(follow, first)
        if kind == 4:
            self.call("path_filestat_get", self.fd(), follow, *first, OUT)
        elif kind == 5:
            name = self.random.choice(["path_create_directory", "path_remove_directory", "path_unlink_file"])
            self.call(name, self.fd(), *first)
        elif kind == 6:
            self.call("path_rename", self.fd(), *first, self.fd(), *self.path(SECOND))
        elif kind == 7:
            self.call("path_link", self.fd(), follow, *first, self.fd(), *self.path(SECOND))
        elif kind == 8:
            self.call("path_symlink", *first, self.fd(), *self.path(SECOND))
        elif kind == 9:
            self.call("path_readlink", self.fd(), *first, BUFFER, 1000, OUT)
        else:
            flags = self.random.choice([2 | 8, 1 | 4, 5])
            self.call("path_filestat_set_times", self.fd(), follow, *first, 10**9, 2 * 10**9, flags)
        return ""

    def open(self, follow: int, path: tuple[int, int]) -> str:
        oflags = self.random.choice([0, 0, 0, 1, 2, 3, 5, 8, 9, self.random.randrange(16)])
        rights = self.random.choice([-1, 1 << 1, (1 << 1) | (1 << 6), 0])
        code = self.call(
            "path_open", self.fd(), follow, *path, oflags, rights, -1, self.random.choice([0, 0, 1, 4]), OUT
        )
        if code != "SUCCESS":
            return ""
        fd = struct.unpack_from("<I", self.memory, OUT)[0]
        struct.pack_into("<II", self.memory, 64, BUFFER, 1000)
        found = ""
        if self.call("fd_read", fd, 64, 1, OUT) == "SUCCESS":
            size = struct.unpack_from("<I", self.memory, OUT)[0]
            if SECRET in self.memory[BUFFER : BUFFER + size]:
                found = "read a file outside"
        elif self.random.random() < 0.3:
            self.call("fd_readdir", fd, BUFFER, 1000, 0, OUT)
            self.call("fd_filestat_set_times", fd, 1, 1, 5)
        self.memory[BUFFER : BUFFER + 5] = b"guest"
        struct.pack_into("<II", self.memory, 64, BUFFER, 5)
        self.call("fd_write", fd, 64, 1, OUT)
        if len(self.fds) < 8:
            self.fds.append(fd)
        else:
            self.call("fd_close", fd)
        return found


class WasiPathsTarget:
    def __init__(self, seed: str) -> None:
        pass

    def case(self, source: random.Random) -> str:
        sandbox = Sandbox()
        guest = Guest(source, sandbox)
        try:
            for _ in range(STEPS):
                found = guest.step()
                if found:
                    return found
            after = sandbox.state()
            changed = [str(item) for item in (*after, *sandbox.before) if (item in after) != (item in sandbox.before)]
            return "\n".join(["changed outside:", *changed]) if changed else ""
        finally:
            guest.context.close()
            sandbox.remove()
