"""Every exception class of the package.

A message is the test suite's phrase, a colon, and the facts of this case: one sentence, lower case, names as the
module wrote them. The place (function, offset, line) is carried as attributes and added when the error is printed.
Compiled attributes are not in `vars()`: classes that have some say themselves how they are copied.
"""

from __future__ import annotations


class WasmError(Exception):
    """Base of everything the package raises, except `Trap`. Also exported as `WasmtimeError`."""


WasmtimeError = WasmError  # wasmtime-py's name


class MalformedError(WasmError):
    """The bytes or the text are not a module. offset: byte offset; line, column: from 1, for text."""

    def __init__(self, message: str, offset: int = -1, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.offset = offset
        self.line = line
        self.column = column

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.offset, self.line, self.column), vars(self)

    def __str__(self) -> str:
        message = super().__str__()
        if self.line:
            return f"{message} (line {self.line}, column {self.column})"
        return f"{message} (offset {self.offset:#x})" if self.offset >= 0 else message


class InvalidError(WasmError):
    """The module breaks a validation rule. func: function index or -1; name: its name, if known; offset: bytes."""

    def __init__(self, message: str, offset: int = -1, func: int = -1, name: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.func = func
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.offset, self.func, self.name), vars(self)

    def __str__(self) -> str:
        place = []
        if self.func >= 0:
            place.append(f'function {self.func} "{self.name}"' if self.name else f"function {self.func}")
        if self.offset >= 0:
            place.append(f"offset {self.offset:#x}")
        message = super().__str__()
        return f"{message} ({', '.join(place)})" if place else message


class LinkError(WasmError):
    """Imports do not fit. module, name: of the import."""

    def __init__(self, message: str, module: str = "", name: str = "") -> None:
        super().__init__(message)
        self.module = module
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.args[0], self.module, self.name), vars(self)


class UnsupportedError(WasmError):
    """Something the package cannot do yet or here; the message names the feature or limit and what would lift it."""


class InternalError(WasmError):
    """A bug in the package. The message starts with "bug: " and says what was being done."""


class StoreClosedError(WasmError, ValueError):
    """A store was used after `close()`. A ValueError, too, as with every other closed object."""


class StoreBusyError(WasmError):
    """A store was entered by one thread while another is inside it."""


class WrongStoreError(WasmError):
    """A handle was used with a store that does not own it."""


class UncaughtException(WasmError):
    """A wasm exception left the outermost call. tag: its tag; values: its payload."""


class ExitTrap(WasmError):
    """The guest asked the process to end (WASI `proc_exit`). code: the exit status; only the embedder catches it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exited with i32 exit status {code}")
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return ExitTrap, (self.code,), vars(self)
