"""Two engines, two equal directories, one sequence of WASI calls: what do they answer differently?

`Twin` runs the same guest, whose exports are the functions of preview 1 one by one, under an engine of wasmtime-py's
shape. `run_sequence` makes random calls on two twins and raises the first difference that docs/wasi.md does not list
(`DELIBERATE`). By hand: `python tests/wasi/wasi_twins.py FIRST_SEED COUNT`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import shutil
import stat
import struct
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from taipan.wasi.p1 import types
from taipan.wasi.p1.calls import PREVIEW1
from taipan.wasi.p1.types import DIRENT, ERRNO_NAMES, FDSTAT, FILESTAT, IOVEC, SUBSCRIPTION

OUT: Final = 64
OUT_BYTES: Final = 192
IOVECS: Final = 512
PATHS: Final = (1024, 2048)
LONG_PATH: Final = 20480
DATA: Final = 4096
DATA_BYTES: Final = 4096
EVENTS: Final = 12288
SIGNATURES: Final = {name: params for name, params, _ in PREVIEW1}
STANDARD_FDS: Final = 5  # three streams, two directories
RECENT: Final = 10**18  # times above this are "now", those that a guest sets here are below


def guest_source(loops: bool = False) -> str:
    """A module that exports a wrapper of every function; with `loops` also `name!`, which calls it for ever."""
    kinds = {"i": "i32", "p": "i32", "I": "i64"}
    imports, wrappers = [], []
    for name, params in SIGNATURES.items():
        types_ = " ".join(kinds[letter] for letter in params)
        result = "" if name == "proc_exit" else "(result i32)"
        gets = " ".join(f"(local.get {i})" for i in range(len(params)))
        imports.append(f'(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {types_}) {result}))')
        wrappers.append(f'(func (export "{name}") (param {types_}) {result} (call ${name} {gets}))')
        if loops and result:
            body = f"(loop (drop (call ${name} {gets})) (br 0))"
            wrappers.append(f'(func (export "{name}!") (param {types_}) {body})')
    return f'(module {" ".join(imports)} (memory (export "memory") 1) {" ".join(wrappers)})'


class Twin:
    """A guest of one engine (the module `taipan` or the module `wasmtime`) with two directories of its own."""

    def __init__(self, engine: Any, module: Any, base: Path, mutable: bool = True) -> None:
        self.engine = engine
        self.base = base
        self.output = bytearray()
        populate(base)
        config = engine.WasiConfig()
        config.argv = ["program", "argument"]
        config.env = [("NAME", "value")]
        config.stdin_file = str(base / "stdin")
        config.stdout_custom = self.output.extend
        config.preopen_dir(str(base / "one"), "/", mutable)
        config.preopen_dir(str(base / "two"), "two")
        self.store = engine.Store(module.engine)
        self.store.set_wasi(config)
        linker = engine.Linker(module.engine)
        linker.define_wasi()
        self.exports = linker.instantiate(self.store, module.module).exports(self.store)
        memory = self.exports["memory"]
        if hasattr(memory, "data_ptr"):
            address = ctypes.addressof(memory.data_ptr(self.store).contents)
            self.memory = memoryview((ctypes.c_ubyte * 65536).from_address(address)).cast("B")
        else:
            self.memory = memoryview(memory)

    def call(self, name: str, arguments: list[int]) -> str:
        """The errno's name, or what ended the call."""
        try:
            code = self.exports[name](self.store, *arguments)
        except self.engine.ExitTrap as ended:
            return f"exit {ended.code}"
        except self.engine.Trap:
            return "trap"
        except self.engine.WasmtimeError as problem:
            # wasmtime-py has no class of its own for a pointer outside the memory.
            return "trap" if "ointer" in str(problem) else "error"
        return ERRNO_NAMES[code]

    def close(self) -> None:
        self.memory.release()
        self.store.close()


class Compiled:
    """The guest, compiled once for an engine."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine.Engine()
        self.module = engine.Module(self.engine, guest_source())


def populate(base: Path) -> None:
    """The directories that both twins start with."""
    one = base / "one"
    (one / "dir" / "sub").mkdir(parents=True)
    (base / "two").mkdir()
    (base / "stdin").write_bytes(b"some input for the guest\n")
    (one / "file").write_bytes(b"0123456789")
    (one / "dir" / "inner").write_bytes(b"inner")
    (base / "two" / "other").write_bytes(b"other")
    (base / "secret").write_bytes(b"outside")
    for name, target in {
        "link": "file",
        "dlink": "dir",
        "dangling": "nowhere",
        "loop": "loop",
        "abs": "/etc/passwd",
        "out": "../secret",
        "dir/up": "../file",
        "slash": "dir/",
    }.items():
        (one / name).symlink_to(target)


def tree(base: Path) -> dict[str, tuple[object, ...]]:
    """What the directories hold in the end; modification times only if the guest has set them.

    Not access times: whether reading nothing, or a link, changes one is the host's affair.
    """
    found: dict[str, tuple[object, ...]] = {}
    for folder, names, files in os.walk(base):
        for name in (*names, *files):
            item = Path(folder, name)
            status = item.lstat()
            modified = status.st_mtime_ns if status.st_mtime_ns < RECENT else None
            content: object = None
            if item.is_symlink():
                content = os.readlink(item)
            elif item.is_file():
                content = item.read_bytes() if status.st_size < 1 << 20 else status.st_size
            found[str(item.relative_to(base))] = (stat.S_IFMT(status.st_mode), status.st_nlink, modified, content)
    return found


# --- what a call has written, without what must differ ---


def _filestat(memory: memoryview) -> object:
    _, _, kind, links, size, *times = FILESTAT.unpack_from(memory, OUT)
    return kind, links, size, times[1] if times[1] < RECENT else None


def _readdir(memory: memoryview) -> object:
    """Order and inodes are the host's; how much there is, and what, is not."""
    used = struct.unpack_from("<I", memory, OUT)[0]
    if used == DATA_BYTES:
        return "full"
    entries, position = [], DATA
    while position + 24 <= DATA + used:
        _, _, length, kind = DIRENT.unpack_from(memory, position)
        entries.append((bytes(memory[position + 24 : position + 24 + length]), kind))
        position += 24 + length
    return sorted(entries), used


def _fdstat(memory: memoryview) -> object:
    """Wasmtime invents most rights: see docs/wasi.md."""
    kind, flags, rights, _ = FDSTAT.unpack_from(memory, OUT)
    return kind, flags, rights & types.RIGHT_FD_WRITE


OBSERVE: Final[dict[str, Callable[[memoryview], object]]] = {
    "fd_filestat_get": _filestat,
    "path_filestat_get": _filestat,
    "fd_readdir": _readdir,
    "poll_oneoff": lambda memory: None,
    "clock_time_get": lambda memory: None,
    "clock_res_get": lambda memory: None,
    "random_get": lambda memory: None,
    "fd_fdstat_get": _fdstat,
}


def observe(name: str, memory: memoryview) -> object:
    if name in OBSERVE:
        return OBSERVE[name](memory)
    return bytes(memory[OUT : OUT + OUT_BYTES]).rstrip(b"\0"), bytes(memory[DATA : DATA + 1024])


# --- random calls ---

NAMES: Final = (
    *(
        "file",
        "dir",
        "dir/inner",
        "dir/sub",
        "link",
        "dlink",
        "dlink/inner",
        "dangling",
        "loop",
        "abs",
        "out",
        "dir/up",
    ),
    *("slash", "new", "dir/new", "new/new", "other", ".", "..", "dir/..", "dir/../file", "/", "/file", "", "dir/"),
    *("file/", "link/", "dlink/", "new/", "slash/", "./file", "dir/.", "dlink/..", "dlink/../file", "missing/x", "two"),
    *(
        "file/x",
        "dir//sub",
        "dir/sub/",
        "dir/sub/../inner",
        "loop/x",
        "dangling/",
        "nowhere",
        "../one/file",
        "dangling/x",
    ),
)
ODD_NAMES: Final = (b"\xff\xfe", b"fi\0le", b"file\0", b"a" * 256, b"d/" * 2100)


class Chooser:
    """Random arguments; most are sensible, some are not."""

    def __init__(self, source: random.Random, twins: tuple[Twin, Twin]) -> None:
        self.source = source
        self.twins = twins
        self.fds = [0, 1, 2, 3, 4]

    def poke(self, address: int, data: bytes) -> None:
        for twin in self.twins:
            twin.memory[address : address + len(data)] = data

    def fd(self) -> int:
        return self.source.choice([*self.fds, *self.fds[3:], 3, 3, 99]) if self.source.random() < 0.95 else -1

    def dir_fd(self) -> int:
        return self.source.choice([3, 3, 3, 3, 4]) if self.source.random() < 0.8 else self.fd()

    def path(self) -> tuple[int, int]:
        source = self.source
        data = source.choice(ODD_NAMES) if source.random() < 0.05 else source.choice(NAMES).encode()
        address = PATHS[0] if len(data) < 1000 else LONG_PATH
        self.poke(address, data)
        return address, len(data)

    def plain_path(self, which: int) -> tuple[int, int]:
        """For functions with two paths: which of two problems they report first is nobody's business."""
        data = self.source.choice(NAMES).encode()
        self.poke(PATHS[which], data)
        return PATHS[which], len(data)

    def iovecs(self, sizes: tuple[int, ...] = (0, 1, 3, 10, 100)) -> tuple[int, int]:
        """At most one buffer that is not empty, and that the last: Wasmtime uses only the first of them."""
        count = self.source.choice([0, 1, 1, 1, 2, 3] if 0 in sizes else [1, 2])
        for position in range(count):
            start = DATA + self.source.randrange(0, 256)
            size = self.source.choice(sizes) if position == count - 1 else 0
            self.poke(IOVECS + 8 * position, IOVEC.pack(start, size))
        return IOVECS, count

    def offset(self) -> int:
        return self.source.choice([0, 0, 1, 3, 10, 100, 5000, -1, 1 << 62, -(1 << 63), (1 << 63) - 1])

    def flags(self, limit: int) -> int:
        return self.source.randrange(limit)

    def time(self) -> int:
        return self.source.choice([0, 1, 10**9, 5 * 10**9 + 7, 10**15])

    def subscriptions(self) -> int:
        count = self.source.choice([1, 1, 2, 3])
        for position in range(count):
            kind = self.source.choice([0, 1, 2])
            if kind == 0:
                what, timeout, flags = self.source.choice([(0, 0, 0), (1, 0, 0), (1, 1000, 0), (1, 1, 1), (0, 1, 0)])
            else:
                what, timeout, flags = self.fd() & 0xFFFF_FFFF, 0, 0
            self.poke(DATA + 48 * position, SUBSCRIPTION.pack(position + 7, kind, what, timeout, 0, flags))
        return count

    def arguments(self, name: str) -> list[int]:
        return list(_ARGUMENTS[name](self))


def _open_arguments(c: Chooser) -> tuple[int, ...]:
    rights = c.source.choice([2, 64, 66, 66, 0, types.RIGHT_FD_READDIR, types.RIGHTS_DIRECTORY, types.RIGHTS_FILE])
    oflags = c.source.choice([0, 0, 0, 1, 1, 1, 2, 5, 8, 9, c.flags(16)])
    if oflags & (types.OFLAG_CREAT | types.OFLAG_TRUNC):
        rights |= types.RIGHT_FD_WRITE  # Wasmtime grants it anyway
    fdflags = c.source.choice([0, 0, 0, 0, 1, 4, 5])
    return (c.dir_fd(), c.flags(2), *c.path(), oflags, rights, types.RIGHTS_INHERITING, fdflags, OUT)


_ARGUMENTS: Final[dict[str, Callable[[Chooser], tuple[int, ...]]]] = {
    "args_get": lambda c: (OUT, DATA),
    "args_sizes_get": lambda c: (OUT, OUT + 4),
    "environ_get": lambda c: (OUT, DATA),
    "environ_sizes_get": lambda c: (OUT, OUT + 4),
    "clock_res_get": lambda c: (c.flags(2), OUT),
    "clock_time_get": lambda c: (c.flags(2), 0, OUT),
    "fd_advise": lambda c: (c.fd(), c.offset(), c.offset(), c.flags(6)),
    "fd_allocate": lambda c: (c.fd(), 0, 1),
    "fd_close": lambda c: (c.source.choice([*c.fds[STANDARD_FDS:], 99, 2 if c.source.random() < 0.1 else 99]),),
    "fd_datasync": lambda c: (c.fd(),),
    "fd_fdstat_get": lambda c: (c.fd(), OUT),
    "fd_fdstat_set_flags": lambda c: (c.fd(), c.source.choice([0, 1, 4, 5])),
    "fd_fdstat_set_rights": lambda c: (c.fd(), 0, 0),
    "fd_filestat_get": lambda c: (c.fd(), OUT),
    "fd_filestat_set_size": lambda c: (c.fd(), c.source.choice([0, 3, 10, 5000, -1, 1 << 63, (1 << 63) - 1])),
    "fd_filestat_set_times": lambda c: (c.fd(), c.time(), c.time(), c.flags(16)),
    "fd_pread": lambda c: (c.fd(), *c.iovecs(), c.offset(), OUT),
    "fd_prestat_get": lambda c: (c.fd(), OUT),
    "fd_prestat_dir_name": lambda c: (c.fd(), DATA, c.source.choice([0, 1, 3, 100])),
    "fd_pwrite": lambda c: (c.fd(), *c.iovecs(), c.offset(), OUT),
    "fd_read": lambda c: (c.fd(), *c.iovecs(), OUT),
    "fd_readdir": lambda c: (c.fd(), DATA, DATA_BYTES, c.source.choice([0, 0, 0, 1000]), OUT),
    "fd_renumber": lambda c: (
        c.source.choice([*c.fds[STANDARD_FDS:], 99]),
        c.source.choice([*c.fds[STANDARD_FDS:], 99]),
    ),
    "fd_seek": lambda c: (c.fd(), c.offset(), c.flags(3), OUT),
    "fd_sync": lambda c: (c.fd(),),
    "fd_tell": lambda c: (c.fd(), OUT),
    "fd_write": lambda c: (c.fd(), *c.iovecs((1, 3, 10, 100)), OUT),  # nothing, appended, moves Wasmtime's position
    "path_create_directory": lambda c: (c.dir_fd(), *c.path()),
    "path_filestat_get": lambda c: (c.dir_fd(), c.flags(2), *c.path(), OUT),
    "path_filestat_set_times": lambda c: (c.dir_fd(), c.flags(2), *c.path(), c.time(), c.time(), c.flags(16)),
    "path_link": lambda c: (c.dir_fd(), 0, *c.plain_path(0), c.dir_fd(), *c.plain_path(1)),
    "path_open": _open_arguments,
    "path_readlink": lambda c: (c.dir_fd(), *c.path(), DATA, c.source.choice([0, 2, 100]), OUT),
    "path_remove_directory": lambda c: (c.dir_fd(), *c.path()),
    "path_rename": lambda c: (c.dir_fd(), *c.plain_path(0), c.dir_fd(), *c.plain_path(1)),
    "path_symlink": lambda c: (*c.plain_path(0), c.dir_fd(), *c.plain_path(1)),
    "path_unlink_file": lambda c: (c.dir_fd(), *c.path()),
    "poll_oneoff": lambda c: (DATA, EVENTS, c.subscriptions(), OUT),
    "proc_exit": lambda c: (c.source.choice([0, 1, 125, 126, -1]),),
    "proc_raise": lambda c: (c.flags(31),),
    "random_get": lambda c: (DATA, c.flags(64)),
    "sched_yield": lambda c: (),
    "sock_accept": lambda c: (c.fd(), 0, OUT),
    "sock_recv": lambda c: (c.fd(), *c.iovecs(), 0, OUT, OUT + 4),
    "sock_send": lambda c: (c.fd(), *c.iovecs(), 0, OUT),
    "sock_shutdown": lambda c: (c.fd(), c.source.choice([1, 2, 3])),
}
assert _ARGUMENTS.keys() == SIGNATURES.keys()
RARE: Final = {"proc_exit", "fd_fdstat_set_rights", "fd_allocate"}  # after the last two, the twins differ
FREQUENT: Final = (*["path_open"] * 3, "fd_write", "fd_read", "path_rename", "path_symlink", "fd_seek")

# What differs and may: function -> (our answer, Wasmtime's). The reasons are in docs/wasi.md.
DELIBERATE: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "poll_oneoff": (("SUCCESS", "BADF"), ("SUCCESS", "PERM")),
    "fd_fdstat_set_rights": (("SUCCESS", "NOTSUP"), ("SUCCESS", "BADF")),
    "fd_allocate": (("SUCCESS", "NOTSUP"), ("BADF", "NOTSUP"), ("PERM", "NOTSUP")),
    "fd_seek": (("INVAL", "SUCCESS"),),
    "fd_read": (("SUCCESS", "INTR"),),
    "path_remove_directory": (("NOTEMPTY", "INVAL"), ("SUCCESS", "INVAL")),
    "path_filestat_set_times": (("NOENT", "SUCCESS"), ("NAMETOOLONG", "SUCCESS"), ("NOTDIR", "SUCCESS")),
    "path_open": (("BADF", "ILSEQ"), ("NOTDIR", "ILSEQ")),
    "fd_pread": (("BADF", "INVAL"),),
    "fd_pwrite": (("BADF", "INVAL"), ("INVAL", "SUCCESS")),
    "path_symlink": (("EXIST", "NOENT"),),
}
REMOVALS: Final = {"path_remove_directory", "path_unlink_file"}
RESOLUTION: Final = {"NOENT", "NOTDIR", "PERM", "LOOP"}


def is_deliberate(name: str, paths: list[bytes], ours: str, theirs: str) -> bool:
    """Whether the two may answer differently."""
    if any(b"\0" in path for path in paths) and ours == "INVAL":
        return True
    if name in REMOVALS and ours == "NOTDIR" and theirs != "SUCCESS" and paths[0].endswith(b"/"):  # of a link
        return True
    if name == "path_link" and {ours, theirs} <= RESOLUTION:  # which of two paths is looked at first
        return True
    return (ours, theirs) in DELIBERATE.get(name, ())


class Difference(Exception):
    """The first call that two engines answer differently, or that their directories differ in the end."""


class Run:
    """One random sequence on two twins."""

    def __init__(self, seed: int, engines: tuple[Any, Any], compiled: tuple[Compiled, Compiled], base: Path) -> None:
        self.source = random.Random(seed)
        mutable = self.source.random() < 0.85
        self.ours = Twin(engines[0], compiled[0], base / "ours", mutable)
        self.theirs = Twin(engines[1], compiled[1], base / "theirs", mutable)
        self.chooser = Chooser(self.source, (self.ours, self.theirs))
        self.history: list[str] = []

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def run(self, length: int) -> int:
        """Returns how many calls were made before the twins' worlds parted. Raises Difference."""
        for count in range(length):
            if not self.step():
                return count
        self.compare_trees()
        return length

    def step(self) -> bool:
        """One call. Returns False if the twins differ from here on, and may."""
        source, chooser = self.source, self.chooser
        name = source.choice(FREQUENT) if source.random() < 0.35 else source.choice(list(_ARGUMENTS))
        if name in RARE and source.random() < 0.9:
            return True
        chooser.poke(OUT, bytes(OUT_BYTES))
        chooser.poke(DATA, bytes(range(256)) * 4)
        arguments = chooser.arguments(name)
        memory = self.ours.memory
        paths = [bytes(memory[at : at + size])[:60] for at, size in pairwise(arguments) if at in PATHS]
        answers = self.ours.call(name, arguments), self.theirs.call(name, arguments)
        self.history.append(f"{name}{arguments} {paths}: {answers[0]} / {answers[1]}")
        if answers[0] != answers[1]:
            if not is_deliberate(name, paths, *answers):
                raise Difference("\n".join(self.history))
            return "SUCCESS" not in answers or name == "poll_oneoff"
        if answers[0] != "SUCCESS":
            return True
        seen = observe(name, memory), observe(name, self.theirs.memory)
        if seen[0] != seen[1]:
            if name == "path_open":
                return False  # Wasmtime does not always give out the lowest free number
            raise Difference("\n".join([*self.history, *map(repr, seen)]))
        self.note(name, arguments)
        return True

    def note(self, name: str, arguments: list[int]) -> None:
        """Remember which descriptors are open."""
        fds = self.chooser.fds
        if name == "path_open":
            fds.append(struct.unpack_from("<I", self.ours.memory, OUT)[0])
        elif name == "fd_close" and arguments[0] in fds[STANDARD_FDS:]:
            fds[STANDARD_FDS:] = [fd for fd in fds[STANDARD_FDS:] if fd != arguments[0]]

    def compare_trees(self) -> None:
        """Raises Difference if the two have left different files or output behind."""
        left, right = tree(self.ours.base), tree(self.theirs.base)
        changed = {path: (left.get(path), right.get(path)) for path in left.keys() | right.keys()}
        different = {path: both for path, both in changed.items() if both[0] != both[1]}
        if different or self.ours.output != self.theirs.output:
            raise Difference("\n".join([*self.history, repr(different or "stdout")]))


def run_sequence(
    seed: int, length: int, engines: tuple[Any, Any], compiled: tuple[Compiled, Compiled], base: Path
) -> int:
    """Run one sequence in the directory `base`. Returns the number of calls made. Raises Difference."""
    run = Run(seed, engines, compiled, base)
    try:
        return run.run(length)
    finally:
        run.close()


def main(first: int, count: int, length: int = 60) -> None:
    import wasmtime

    import taipan

    engines = (taipan, wasmtime)
    compiled = (Compiled(taipan), Compiled(wasmtime))
    calls = 0
    for seed in range(first, first + count):
        base = Path(tempfile.mkdtemp())
        try:
            calls += run_sequence(seed, length, engines, compiled, base)
        except Difference as difference:
            print(f"seed {seed}: {difference}\n")
        finally:
            with contextlib.suppress(OSError):
                shutil.rmtree(base)
    print(f"{count} sequences, {calls} calls")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
