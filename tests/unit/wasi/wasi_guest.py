"""A guest without an engine: the functions of preview 1, called on a bytearray as its memory."""

from __future__ import annotations

import struct

from taipan.wasi.config import WasiConfig
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.calls import MODULES, bind
from taipan.wasi.p1.types import ERRNO_NAMES, FILESTAT, RIGHT_FD_READ, RIGHT_FD_WRITE

OUT = 16  # where functions put their result
ARRAY = 64  # iovecs
TEXT = 1024  # strings
DATA = 16384  # buffers
READ_WRITE = RIGHT_FD_READ | RIGHT_FD_WRITE
MEMORY_BYTES = 1 << 20


class FakeStore:
    _wasi: WasiContext | None = None


class FakeCaller:
    def __init__(self, context: WasiContext | None, memory: bytearray | None) -> None:
        self._store = FakeStore()
        self._store._wasi = context
        self.memory = memory

    def get(self, name: str) -> bytearray | None:
        return self.memory if name == "memory" else None


class Guest:
    """Calls return the errno's name, or a tuple of it and the result."""

    def __init__(self, config: WasiConfig, module: str = "wasi_snapshot_preview1") -> None:
        self.memory = bytearray(MEMORY_BYTES)
        self.context = config.make_context()
        self.caller = FakeCaller(self.context, self.memory)
        self.functions = {name: bind(name, params, function) for name, params, function in MODULES[module]}

    def call(self, name: str, *arguments: int) -> str:
        return ERRNO_NAMES[self.functions[name](self.caller, *arguments)]

    def text(self, path: str | bytes, at: int = TEXT) -> tuple[int, int]:
        data = path.encode() if isinstance(path, str) else path
        self.memory[at : at + len(data)] = data
        return at, len(data)

    def out(self, layout: str = "<I", at: int = OUT) -> int:
        value: int = struct.unpack_from(layout, self.memory, at)[0]
        return value

    def open(
        self,
        path: str | bytes,
        *,
        fd: int = 3,
        oflags: int = 0,
        rights: int = RIGHT_FD_READ,
        fdflags: int = 0,
        follow: bool = True,
    ) -> tuple[str, int]:
        code = self.call("path_open", fd, int(follow), *self.text(path), oflags, rights, -1, fdflags, OUT)
        return code, self.out() if code == "SUCCESS" else -1

    def must_open(self, path: str, **options: int) -> int:
        code, fd = self.open(path, **options)  # type: ignore[arg-type]
        assert code == "SUCCESS"
        return fd

    def write(self, fd: int, data: bytes) -> tuple[str, int]:
        self.memory[DATA : DATA + len(data)] = data
        struct.pack_into("<II", self.memory, ARRAY, DATA, len(data))
        return self.call("fd_write", fd, ARRAY, 1, OUT), self.out()

    def read(self, fd: int, size: int = 1000) -> tuple[str, bytes]:
        struct.pack_into("<II", self.memory, ARRAY, DATA, size)
        code = self.call("fd_read", fd, ARRAY, 1, OUT)
        return code, bytes(self.memory[DATA : DATA + self.out()]) if code == "SUCCESS" else b""

    def stat(self, path: str, follow: bool = True, fd: int = 3) -> tuple[str, tuple[int, ...]]:
        code = self.call("path_filestat_get", fd, int(follow), *self.text(path), OUT)
        return code, FILESTAT.unpack_from(self.memory, OUT)

    def two(self, path: str | bytes, new_path: str | bytes) -> tuple[int, int, int, int]:
        return (*self.text(path), *self.text(new_path, TEXT + 8192))

    def rename(self, path: str, new_path: str, fd: int = 3, new_fd: int = 3) -> str:
        a, b, c, d = self.two(path, new_path)
        return self.call("path_rename", fd, a, b, new_fd, c, d)

    def link(self, path: str, new_path: str, follow: bool = False, fd: int = 3, new_fd: int = 3) -> str:
        a, b, c, d = self.two(path, new_path)
        return self.call("path_link", fd, int(follow), a, b, new_fd, c, d)

    def symlink(self, target: str | bytes, path: str | bytes, fd: int = 3) -> str:
        a, b, c, d = self.two(target, path)
        return self.call("path_symlink", a, b, fd, c, d)

    def readlink(self, path: str, size: int = 1000) -> tuple[str, bytes]:
        code = self.call("path_readlink", 3, *self.text(path), DATA, size, OUT)
        return code, bytes(self.memory[DATA : DATA + self.out()]) if code == "SUCCESS" else b""

    def mkdir(self, path: str | bytes, fd: int = 3) -> str:
        return self.call("path_create_directory", fd, *self.text(path))

    def rmdir(self, path: str, fd: int = 3) -> str:
        return self.call("path_remove_directory", fd, *self.text(path))

    def unlink(self, path: str, fd: int = 3) -> str:
        return self.call("path_unlink_file", fd, *self.text(path))

    def set_times(self, path: str, accessed: int, modified: int, flags: int, follow: bool = True) -> str:
        return self.call("path_filestat_set_times", 3, int(follow), *self.text(path), accessed, modified, flags)
