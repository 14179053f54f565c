"""Code of a slow compiler kept on disk between runs: one file for each module and set of settings.

    <directory>/<key>.code        the functions of one module that were compiled so far, by an optimizer or lazily
    <directory>/<key>.cwasm       a module compiled as a whole: its artifact

The key is a hash of the module's bytes and of everything that its code depends on (`serialize.Header`), so a file never
has to be compared with anything. Files are written under another name and then renamed: a reader, in whatever process,
sees an old file or a new one, both whole. Two processes that add functions at the same time may lose each other's: they
are compiled again. What is damaged is deleted. When all files together exceed the limit, those used longest ago go.

Code in the cache is executed, so the directory must belong to this user and be writable by nobody else.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any, Final, final

from taipan.compiler.artifact import CompiledFunction
from taipan.errors import WasmError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Buffer

MAGIC: Final = b"taipan code 2\0\0\0"
FUNCTIONS: Final = ".code"
ARTIFACT: Final = ".cwasm"
DEFAULT_LIMIT: Final = 512 << 20

STORE_SECONDS: Final = 1.0
"""The file of a module to which functions are added is written at most so often."""

_HEADER: Final = struct.Struct("<16sI")  # magic, CRC-32 of the rest
_ENTRY: Final = struct.Struct("<5I")  # function, bytes of code, relocations, sites, stack maps


def default_directory() -> str:
    """`taipan` in the user's cache directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "taipan")


@final
class CodeCache:
    """directory: made if it is missing.  limit: bytes of all files together.

    Raises WasmError if the directory cannot be used, naming it and the reason.
    """

    def __init__(self, directory: str, limit: int = DEFAULT_LIMIT) -> None:
        self.directory: Final = directory
        self.limit: Final = limit
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            status = os.stat(directory)
        except OSError as error:
            raise WasmError(f"cannot use the cache directory {directory}: {error.strerror}") from error
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise WasmError(
                f"cannot use the cache directory {directory}: its code would be executed, "
                "so it must belong to this user and be writable by nobody else"
            )

    @staticmethod
    def key(module: bytes, settings: bytes) -> str:
        """The name for a module's bytes under settings."""
        digest = hashlib.sha256(settings)
        digest.update(b"\0")
        digest.update(module)
        return digest.hexdigest()

    def load(self, key: str) -> dict[int, CompiledFunction]:
        """What is there: by defined function index. Nothing if there is no file or it is damaged."""
        data = self.read(key + FUNCTIONS)
        functions = {} if data is None else unpack(data)
        if functions is None:
            self.remove(key + FUNCTIONS)
            return {}
        return functions

    def store(self, key: str, functions: Mapping[int, CompiledFunction]) -> None:
        self.write(key + FUNCTIONS, pack(functions))

    def read(self, name: str) -> bytes | None:
        """A file's contents, None if there is no such file."""
        path = os.path.join(self.directory, name)
        try:
            with open(path, "rb") as file:
                data = file.read()
            os.utime(path)  # used now
        except OSError:
            return None
        return data

    def write(self, name: str, data: Buffer) -> None:
        """Replace the file, then make room. A disk that is full, or went away, costs the cache only."""
        path = os.path.join(self.directory, name)
        temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            with open(temporary, "xb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError:
            _unlink(temporary)
            return
        self._make_room()

    def remove(self, name: str) -> None:
        """A file that turned out to be damaged."""
        _unlink(os.path.join(self.directory, name))

    def _make_room(self) -> None:
        """Remove the files used longest ago while all together exceed the limit."""
        files: list[tuple[float, int, str]] = []
        with contextlib.suppress(OSError), os.scandir(self.directory) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another process removed it
                    if FUNCTIONS in entry.name or ARTIFACT in entry.name:
                        status = entry.stat(follow_symlinks=False)
                        files.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self.limit:
                break
            _unlink(path)
            total -= size


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


# --- functions that come one by one ---


@final
class KeptCode:
    """Code of one module's functions, from earlier runs and this one. functions: by defined index."""

    def __init__(self, cache: CodeCache, key: str) -> None:
        self._cache: Final = cache
        self._key: Final = key
        self._stored_at = 0.0
        self._changed = False
        self.functions: Final = cache.load(key)

    def add(self, functions: dict[int, CompiledFunction]) -> None:
        """Written soon: at once, or, if that happened a moment ago, when more comes or the process ends."""
        if functions:
            self.functions.update(functions)
            self._changed = True
            if time.monotonic() - self._stored_at > STORE_SECONDS:
                self.store()
            elif self not in _unstored:
                _unstored.append(self)

    def store(self) -> None:
        if self._changed:
            self._changed = False
            self._stored_at = time.monotonic()
            self._cache.store(self._key, self._cache.load(self._key) | self.functions)  # others may have added some


_unstored: Final[list[KeptCode]] = []


@atexit.register
def store_all() -> None:
    """Write what was added and is not written yet."""
    while _unstored:
        _unstored.pop().store()


def pack(functions: Mapping[int, CompiledFunction]) -> bytes:
    """A file's contents."""
    parts: list[bytes] = []
    for index, made in sorted(functions.items()):
        pieces = (made.code, made.relocs, made.sites, made.stack_maps)
        parts += [_ENTRY.pack(index, *map(len, pieces)), *pieces]
    body = b"".join(parts)
    return _HEADER.pack(MAGIC, zlib.crc32(body)) + body


def unpack(data: bytes) -> dict[int, CompiledFunction] | None:
    """The functions in a file's contents; None if they are not what `pack` gave."""
    if len(data) < _HEADER.size:
        return None
    magic, crc = _HEADER.unpack_from(data)
    if magic != MAGIC or zlib.crc32(data[_HEADER.size :]) != crc:
        return None
    functions: dict[int, CompiledFunction] = {}
    at = _HEADER.size
    while at < len(data):
        index, *sizes = _ENTRY.unpack_from(data, at)
        at += _ENTRY.size
        pieces: list[bytes] = []
        for size in sizes:
            pieces.append(data[at : at + size])
            at += size
        functions[index] = CompiledFunction(*pieces)
    return functions


# --- configuration ---


def from_config(value: bool | str) -> CodeCache | None:
    """What `Config.cache` says: no, yes, or the path of a configuration file in Wasmtime's format.

    Of its `[cache]` table, `directory` and `files-total-size-soft-limit` ("512Mi") count. Raises WasmError.
    """
    if value is False:
        return None
    if value is True:
        return CodeCache(default_directory())
    import tomllib

    try:
        with open(value, "rb") as file:
            settings = tomllib.load(file).get("cache", {})
    except OSError as error:
        raise WasmError(f"failed to read config file: {value}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise WasmError(f"failed to parse config file: {value}: {error}") from error
    if not isinstance(settings, dict) or not settings.get("enabled", True):
        return None
    directory = settings.get("directory", default_directory())
    if not isinstance(directory, str) or not os.path.isabs(directory):
        raise WasmError(f"{value}: the cache directory must be an absolute path: {directory!r}")
    return CodeCache(directory, _size(value, settings.get("files-total-size-soft-limit", DEFAULT_LIMIT)))


_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def _size(path: str, value: Any) -> int:
    """A number of bytes, or a text such as "512Mi"."""
    text = str(value)
    digits = text.rstrip("KMGi")
    unit = _UNITS.get(text[len(digits) :])
    if isinstance(value, bool) or unit is None or not digits.isdecimal():
        raise WasmError(f"{path}: not a size: {value!r} (a number, or one with K, M, G, Ki, Mi or Gi)")
    return int(digits) * unit
