"""What a guest is to get from its host: `WasiConfig` collects it, and makes a `WasiContext` of it for each guest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from taipan.errors import WasmError
from taipan.runtime.managed import Managed
from taipan.wasi import host_files, random, sockets, stdio, streams
from taipan.wasi.clocks import Clock, SystemClock
from taipan.wasi.context import WasiContext
from taipan.wasi.filesystem import Directory
from taipan.wasi.host_files import StrPath
from taipan.wasi.waiting import Waker

if TYPE_CHECKING:
    import socket

    from taipan.runtime.store import Store

CustomOutput = Callable[[bytes], int | None]
CustomInput = Callable[[int], bytes | None]
_MakeInput = Callable[[Waker], stdio.InputStream]
_MakeOutput = Callable[[Waker], stdio.OutputStream]

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


class WasiConfig(Managed):
    """Arguments, environment, streams, directories, clocks and random numbers for a WASI program.

    A new configuration grants nothing: no arguments or variables, an empty stdin, outputs that vanish, no directory.
    Give it to a store with `Store.set_wasi`; one configuration can serve many stores. Names and shapes are
    wasmtime-py's; `stdin_bytes`, `stdin_stream`, `stdin_custom`, `stdout_stream`, `stdout_capture` (and the same for
    stderr), `preopen_socket`, `clock`, `random_seed` and `max_open_files` are additions.
    """

    def __init__(self) -> None:
        self._args: list[bytes] = []
        self._env: list[bytes] = []
        self._stdin: _MakeInput = lambda waker: stdio.BytesInput()
        self._stdout: _MakeOutput = lambda waker: stdio.NullOutput()
        self._stderr: _MakeOutput = lambda waker: stdio.NullOutput()
        self._preopens: list[host_files.Preopen] = []
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
        file = host_files.input_file(path, "stdin_file")
        self._stdin = lambda waker: stdio.HostStream(file.open(), True, waker)

    stdin_file = property(None, _set_stdin_file, None, "Set only: stdin reads this file.")

    def _set_stdin_bytes(self, data: bytes) -> None:
        kept = bytes(memoryview(data))
        self._stdin = lambda waker: stdio.BytesInput(kept)

    stdin_bytes = property(None, _set_stdin_bytes, None, "Set only: stdin is these bytes.")

    def _set_stdin_stream(self, stream: Any) -> None:
        self._stdin = lambda waker: streams.file_input(stream)

    stdin_stream = property(None, _set_stdin_stream, None, "Set only: stdin reads this file object.")

    def _set_stdin_custom(self, callback: CustomInput) -> None:
        function = _callable(callback, "stdin_custom")
        self._stdin = lambda waker: streams.callback_input(function)

    stdin_custom = property(
        None, _set_stdin_custom, None, "Set only: called with a number of bytes; returns up to as many, b'' at the end."
    )

    def inherit_stdin(self) -> None:
        """Read the host process's stdin."""
        self._stdin = lambda waker: stdio.inherited(0, waker)

    def _set_stdout_file(self, path: StrPath) -> None:
        self._stdout = _output_to(host_files.output_file(path, "stdout_file"))

    stdout_file = property(None, _set_stdout_file, None, "Set only: stdout goes to this file, emptied now.")

    def _set_stdout_custom(self, callback: CustomOutput) -> None:
        function = _callable(callback, "stdout_custom")
        self._stdout = lambda waker: streams.callback_output(function)

    stdout_custom = property(
        None, _set_stdout_custom, None, "Set only: called with the bytes of every write; returns how many, None: all."
    )

    def _set_stdout_stream(self, stream: Any) -> None:
        self._stdout = lambda waker: streams.file_output(stream)

    stdout_stream = property(None, _set_stdout_stream, None, "Set only: stdout goes to this file object.")

    def _set_stdout_capture(self, buffer: bytearray) -> None:
        self._stdout = lambda waker: streams.capture_output(buffer)

    stdout_capture = property(None, _set_stdout_capture, None, "Set only: stdout is appended to this bytearray.")

    def inherit_stdout(self) -> None:
        """Write to the host process's stdout."""
        self._stdout = lambda waker: _inherited_output(1, sys.stdout, waker)

    def _set_stderr_file(self, path: StrPath) -> None:
        self._stderr = _output_to(host_files.output_file(path, "stderr_file"))

    stderr_file = property(None, _set_stderr_file, None, "Set only: stderr goes to this file, emptied now.")

    def _set_stderr_custom(self, callback: CustomOutput) -> None:
        function = _callable(callback, "stderr_custom")
        self._stderr = lambda waker: streams.callback_output(function)

    stderr_custom = property(
        None, _set_stderr_custom, None, "Set only: called with the bytes of every write; returns how many, None: all."
    )

    def _set_stderr_stream(self, stream: Any) -> None:
        self._stderr = lambda waker: streams.file_output(stream)

    stderr_stream = property(None, _set_stderr_stream, None, "Set only: stderr goes to this file object.")

    def _set_stderr_capture(self, buffer: bytearray) -> None:
        self._stderr = lambda waker: streams.capture_output(buffer)

    stderr_capture = property(None, _set_stderr_capture, None, "Set only: stderr is appended to this bytearray.")

    def inherit_stderr(self) -> None:
        """Write to the host process's stderr."""
        self._stderr = lambda waker: _inherited_output(2, sys.stderr, waker)

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
        name = _encode(guest_path, "preopen_dir")
        preopen = host_files.Preopen(host_files.absolute(path), name, dir_bits, file_bits)
        os.close(preopen.open())
        self._preopens.append(preopen)

    def preopen_socket(self, host_socket: socket.socket) -> None:
        """Give the guest a socket, listening or connected. Its descriptor follows those of the directories."""
        try:
            host_socket.dup().close()
        except (AttributeError, NotImplementedError, OSError) as problem:  # no socket, one of ssl, a closed one
            raise WasmError(f"preopen_socket: cannot hand over {host_socket!r}: {problem}") from problem
        self._sockets.append(host_socket)

    def make_context(self, store: Store | None = None) -> WasiContext:
        """Open everything for one guest. Raises WasmError, naming the path, if something has gone since."""
        source = random.secure() if self._random_seed is None else random.seeded(self._random_seed)
        clock = self.clock or SystemClock()
        context = WasiContext(store, self._args, self._env, clock, source, self.max_open_files)
        try:
            self._open(context)
        except BaseException as problem:
            context.close()
            if isinstance(problem, OSError):
                raise WasmError(f"cannot open what the WASI program is to get: {problem.strerror}") from problem
            raise
        return context

    def _open(self, context: WasiContext) -> None:
        """Fill the guest's table of descriptors: 0, 1, 2, the directories, the sockets."""
        table = context.descriptors
        waker = context.waker
        table.add_input(self._stdin(waker))
        table.add_output(self._stdout(waker))
        table.add_output(self._stderr(waker))
        for preopen in self._preopens:
            directory = Directory(preopen.open(), preopen.dir_perms, preopen.file_perms, waker)
            table.add_directory(directory, guest_path=preopen.guest_path)
        for host_socket in self._sockets:
            table.add_socket(sockets.adopt(host_socket, waker))


def _encode(text: str | bytes, what: str) -> bytes:
    """UTF-8, without NUL: a guest could not see past it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise WasmError(f"{what}: {text!r} contains a NUL character")
    return data


def _callable(callback: Any, what: str) -> Any:
    if not callable(callback):
        raise TypeError(f"{what}: expected a callable, got {type(callback).__name__}")
    return callback


def _output_to(file: host_files.StreamFile) -> _MakeOutput:
    return lambda waker: stdio.HostStream(file.open(), True, waker)


def _inherited_output(host_fd: int, stream: Any, waker: Waker) -> stdio.OutputStream:
    """A stream to the process's own output, in order with what Python buffers for it in `stream`."""

    def flush() -> None:
        if not getattr(stream, "closed", True):
            stream.flush()

    return stdio.inherited(host_fd, waker, flush)
