"""What a guest gets from its host: `WasiConfig` collects it, `WasiContext` is one guest's living share of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, final

from taipan.errors import WasmError
from taipan.runtime.managed import Managed
from taipan.wasi import filesystem, random, stdio
from taipan.wasi.clocks import Clock, SystemClock
from taipan.wasi.sockets import Socket
from taipan.wasi.waiting import Waker

if TYPE_CHECKING:
    import socket

    from taipan.wasi.p1.descriptors import DescriptorTable

StrPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
CustomOutput = Callable[[bytes], int | None]
_MakeInput = Callable[[], stdio.InputStream]
_MakeOutput = Callable[[], stdio.OutputStream]

STREAM_NAMES: Final = ("stdin", "stdout", "stderr")


class DirPerms(Enum):
    """What may be done to a preopened directory and those below it."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


class FilePerms(Enum):
    """What may be done to files below a preopened directory."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


@final
class _Preopen:
    """A directory to open for each guest. path: of the host; guest_path: the name that the guest sees."""

    __slots__ = ("dir_perms", "file_perms", "guest_path", "path")

    def __init__(self, path: bytes, guest_path: bytes, dir_perms: int, file_perms: int) -> None:
        self.path = path
        self.guest_path = guest_path
        self.dir_perms = dir_perms
        self.file_perms = file_perms


class WasiConfig(Managed):
    """Arguments, environment, streams, directories, clocks and random numbers for a WASI program.

    A new configuration grants nothing: no arguments or variables, an empty stdin, outputs that vanish, no directory.
    Give it to a store with `Store.set_wasi`; one configuration can serve many stores. Names and shapes are
    wasmtime-py's; `stdin_bytes`, `stdin_stream`, `stdout_stream`, `stdout_capture` (and the same for stderr),
    `preopen_socket`, `clock`, `random_seed` and `max_open_files` are additions.
    """

    def __init__(self) -> None:
        self._args: list[bytes] = []
        self._env: list[bytes] = []
        self._stdin: _MakeInput = stdio.BytesInput
        self._stdout: _MakeOutput = stdio.NullOutput
        self._stderr: _MakeOutput = stdio.NullOutput
        self._preopens: list[_Preopen] = []
        self._sockets: list[socket.socket] = []
        self._random_seed: int | None = None
        self.clock: Clock | None = None
        """Where the guest's time comes from, such as a `VirtualClock`; None: the host's clocks."""
        self.max_open_files: int | None = None
        """Descriptors a guest may have open; None: half of the host process's own limit."""

    def _set_argv(self, argv: Iterable[str]) -> None:
        if isinstance(argv, str | bytes):
            raise TypeError(f"argv: a list of strings is expected, not the string {argv!r}")
        self._args = [_encode(arg, "argv") for arg in argv]

    argv = property(None, _set_argv, None, "Set only: the program's arguments, its name first.")

    def inherit_argv(self) -> None:
        """Pass on `sys.argv`."""
        self._args = [os.fsencode(arg) for arg in sys.argv]

    def _set_env(self, pairs: Mapping[str, str] | Iterable[Iterable[str]]) -> None:
        items = pairs.items() if isinstance(pairs, Mapping) else pairs
        env = []
        for item in items:
            name, value = item
            if not name or "=" in name:
                raise WasmError(f"env: {name!r} is not a name for an environment variable")
            env.append(_encode(name, "env") + b"=" + _encode(value, "env"))
        self._env = env

    env = property(None, _set_env, None, "Set only: environment variables, as pairs or as a mapping.")

    def inherit_env(self) -> None:
        """Pass on the host process's whole environment."""
        self._env = [name + b"=" + value for name, value in os.environb.items()]

    def _set_stdin_file(self, path: StrPath) -> None:
        name = _absolute(path)
        os.close(_open_host(name, os.O_RDONLY, "stdin_file", "a readable file"))
        self._stdin = lambda: stdio.HostStream(_open_host(name, os.O_RDONLY, "stdin_file", "a readable file"), True)

    stdin_file = property(None, _set_stdin_file, None, "Set only: stdin reads this file.")

    def _set_stdin_bytes(self, data: bytes) -> None:
        kept = bytes(data)
        self._stdin = lambda: stdio.BytesInput(kept)

    stdin_bytes = property(None, _set_stdin_bytes, None, "Set only: stdin is these bytes.")

    def _set_stdin_stream(self, stream: Any) -> None:
        self._stdin = lambda: stdio.FileInput(stream)

    stdin_stream = property(None, _set_stdin_stream, None, "Set only: stdin reads this binary file object.")

    def inherit_stdin(self) -> None:
        """Read the host process's stdin."""
        self._stdin = lambda: stdio.HostStream(0, False)

    def _set_stdout_file(self, path: StrPath) -> None:
        self._stdout = _output_file(path, "stdout_file")

    stdout_file = property(None, _set_stdout_file, None, "Set only: stdout goes to this file, emptied now.")

    def _set_stdout_custom(self, callback: CustomOutput) -> None:
        self._stdout = lambda: stdio.CallbackOutput(callback)

    stdout_custom = property(
        None, _set_stdout_custom, None, "Set only: called with the bytes of every write; returns how many, None: all."
    )

    def _set_stdout_stream(self, stream: Any) -> None:
        self._stdout = lambda: stdio.file_output(stream)

    stdout_stream = property(None, _set_stdout_stream, None, "Set only: stdout goes to this binary file object.")

    def _set_stdout_capture(self, buffer: bytearray) -> None:
        self._stdout = lambda: stdio.capture_output(buffer)

    stdout_capture = property(None, _set_stdout_capture, None, "Set only: stdout is appended to this bytearray.")

    def inherit_stdout(self) -> None:
        """Write to the host process's stdout."""
        self._stdout = lambda: _inherited_output(1, sys.stdout)

    def _set_stderr_file(self, path: StrPath) -> None:
        self._stderr = _output_file(path, "stderr_file")

    stderr_file = property(None, _set_stderr_file, None, "Set only: stderr goes to this file, emptied now.")

    def _set_stderr_custom(self, callback: CustomOutput) -> None:
        self._stderr = lambda: stdio.CallbackOutput(callback)

    stderr_custom = property(
        None, _set_stderr_custom, None, "Set only: called with the bytes of every write; returns how many, None: all."
    )

    def _set_stderr_stream(self, stream: Any) -> None:
        self._stderr = lambda: stdio.file_output(stream)

    stderr_stream = property(None, _set_stderr_stream, None, "Set only: stderr goes to this binary file object.")

    def _set_stderr_capture(self, buffer: bytearray) -> None:
        self._stderr = lambda: stdio.capture_output(buffer)

    stderr_capture = property(None, _set_stderr_capture, None, "Set only: stderr is appended to this bytearray.")

    def inherit_stderr(self) -> None:
        """Write to the host process's stderr."""
        self._stderr = lambda: _inherited_output(2, sys.stderr)

    def _set_random_seed(self, seed: int) -> None:
        self._random_seed = seed

    random_seed = property(None, _set_random_seed, None, "Set only: random bytes follow from this number.")

    def preopen_dir(
        self,
        path: StrPath,
        guest_path: str,
        fs_mutable: bool | DirPerms = True,
        file_perms: FilePerms | None = None,
        *,
        dir_perms: DirPerms | None = None,
    ) -> None:
        """Let the guest use the host directory `path` under the name `guest_path`, and nothing outside it.

        fs_mutable: whether anything in it can be changed. dir_perms (also in fs_mutable's place) and file_perms are
        the finer choice of older wasmtime-py. Raises WasmError if `path` is not a directory that can be opened.
        """
        given = dir_perms if dir_perms is not None else fs_mutable
        dir_bits = given.value if isinstance(given, Enum) else 3 if given else 1
        file_bits = file_perms.value if file_perms is not None else 3 if isinstance(given, Enum) or given else 1
        preopen = _Preopen(_absolute(path), _encode(guest_path, "preopen_dir"), dir_bits, file_bits)
        os.close(_open_preopen(preopen))
        self._preopens.append(preopen)

    def preopen_socket(self, host_socket: socket.socket) -> None:
        """Give the guest a socket, listening or connected. Its descriptor follows those of the directories."""
        self._sockets.append(host_socket)

    def make_context(self) -> WasiContext:
        """Open everything for one guest. Raises WasmError, naming the path, if something has gone since."""
        return WasiContext(self)


@final
class WasiContext:
    """One guest's share of the host. Belongs to one store; `close` frees what it holds open.

    args, env: NUL-free byte strings.  descriptors: preview 1's table of open descriptors.  waker: see `wake`.
    """

    __slots__ = ("args", "clock", "descriptors", "env", "random", "waker")

    def __init__(self, config: WasiConfig) -> None:
        from taipan.wasi.p1.descriptors import DescriptorTable

        self.waker = Waker()
        self.descriptors: DescriptorTable = DescriptorTable(config.max_open_files or _default_max_open_files())
        self.args = config._args
        self.env = config._env
        self.clock: Clock = config.clock or SystemClock()
        self.random = random.secure() if config._random_seed is None else random.seeded(config._random_seed)
        try:
            self._fill(config)
        except BaseException:
            self.close()
            raise

    def _fill(self, config: WasiConfig) -> None:
        table = self.descriptors
        stdin = config._stdin()
        table.add_input(stdin)
        if isinstance(stdin, stdio.HostStream):
            stdin.wait_with(self.waker)
        table.add_output(config._stdout())
        table.add_output(config._stderr())
        for preopen in config._preopens:
            fd = _open_preopen(preopen)
            directory = filesystem.Directory(fd, preopen.dir_perms, preopen.file_perms)
            table.add_directory(directory, guest_path=preopen.guest_path)
        for host_socket in config._sockets:
            table.add_socket(Socket(host_socket.dup(), self.waker))

    def close(self) -> None:
        """Close every descriptor of the guest. Closing twice is harmless."""
        self.descriptors.close()
        self.waker.close()

    def __del__(self) -> None:
        self.close()

    def wake(self) -> None:
        """From any thread: end the wait that the guest is in, or its next one. For the guest it is errno INTR."""
        self.waker.wake()


def _default_max_open_files() -> int:
    """Half of what this process may open: a guest must not be able to starve its host."""
    try:
        from resource import RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows: 8,192 by default
        return 4096
    soft, _ = getrlimit(RLIMIT_NOFILE)
    return 65_536 if soft < 0 else min(max(soft // 2, 16), 65_536)


def _encode(text: str | bytes, what: str) -> bytes:
    """UTF-8, without NUL: a guest could not see past it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise WasmError(f"{what}: {text!r} contains a NUL character")
    return data


def _absolute(path: StrPath) -> bytes:
    """The path as bytes, independent of later changes of the working directory."""
    return os.path.abspath(os.fsencode(path))


def _open_host(path: bytes, flags: int, what: str, expected: str) -> int:
    try:
        return os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as problem:
        name = os.fsdecode(path)
        raise WasmError(f"{what}: cannot open {name!r} as {expected}: {problem.strerror}") from problem


def _open_preopen(preopen: _Preopen) -> int:
    flags = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
    return _open_host(preopen.path, flags, "preopen_dir", "a directory")


def _output_file(path: StrPath, what: str) -> _MakeOutput:
    """A maker of streams that append to the file. It is created or emptied now, once for all guests."""
    name = _absolute(path)
    os.close(_open_host(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, what, "a writable file"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return lambda: stdio.HostStream(_open_host(name, flags, what, "a writable file"), True)


def _inherited_output(host_fd: int, stream: Any) -> stdio.HostStream:
    """A stream to the process's own output, after what Python has buffered for it."""
    if stream is not None:
        stream.flush()
    return stdio.HostStream(host_fd, False)
