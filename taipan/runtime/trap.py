"""`Trap` and its backtrace.

The native runtime hands over numbers (module, function, offsets); names and text are made when somebody asks, so that
a trap which is caught and dropped costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, final

from taipan.abi import traps
from taipan.runtime.managed import Managed

if TYPE_CHECKING:
    from taipan.runtime.trap_code import TrapCode


class FrameSource(Protocol):
    """What a frame asks its module for."""

    @property
    def name(self) -> str | None: ...
    def func_name(self, index: int) -> str | None: ...
    def body_start(self, index: int) -> int: ...


RawFrame = tuple[FrameSource, int, int, int]
"""Module, function index, offset in its machine code, offset in the module's bytes (0 or -1: not in an instruction)."""


@final
class SavedSource:
    """What a frame that was copied or pickled knows of its module: the names it needs, and nothing else."""

    __slots__ = ("_body_start", "_func_name", "name")

    def __init__(self, name: str | None, func_name: str | None, body_start: int) -> None:
        self.name = name
        self._func_name = func_name
        self._body_start = body_start

    def func_name(self, index: int) -> str | None:
        return self._func_name

    def body_start(self, index: int) -> int:
        return self._body_start


@final
class Frame(Managed):
    """One wasm function that was running when a trap happened. Copies and pickles do not refer to the module."""

    __slots__ = ("_func_index", "_module_offset", "_source")

    def __init__(self, source: FrameSource, func_index: int, module_offset: int) -> None:
        self._source = source
        self._func_index = func_index
        self._module_offset = module_offset if module_offset > 0 else source.body_start(func_index)

    @property
    def func_index(self) -> int:
        """In the function index space of its module, imports first."""
        return self._func_index

    @property
    def func_name(self) -> str | None:
        """From the module's name section."""
        return self._source.func_name(self._func_index)

    @property
    def module_name(self) -> str | None:
        """From the module's name section."""
        return self._source.name

    @property
    def module_offset(self) -> int:
        """Of the instruction, in bytes from the start of the module."""
        return self._module_offset

    @property
    def func_offset(self) -> int:
        """Of the instruction, in bytes from the start of the function's body."""
        return self._module_offset - self._source.body_start(self._func_index)

    def __reduce__(self) -> tuple[object, ...]:
        index = self._func_index
        names = (self.module_name, self.func_name, self._source.body_start(index))
        return _restored_frame, (*names, index, self._module_offset)

    def _place(self) -> str:
        module = self.module_name or "<unknown>"
        return f"{module}!{self.func_name or f'<wasm function {self._func_index}>'}"

    def __repr__(self) -> str:
        return f"<Frame {self._place()} at {self._module_offset:#x}>"


@final
class Trap(Exception, Managed):
    """WebAssembly stopped because it did what it must not, or a host function raised this to stop it.

    message: for traps of WebAssembly, the reason and the backtrace, innermost function first.
    A trap can be pickled: it carries names and numbers, none of the objects it came from.
    """

    def __init__(self, message: str) -> None:
        if not isinstance(message, str):
            raise TypeError("expected a str")
        super().__init__(message)
        self._reason = message
        self._number: int | None = None
        self._raw: list[RawFrame] = []

    @property
    def frames(self) -> list[Frame]:
        """The backtrace, innermost first; empty for traps made by the host."""
        return [Frame(source, index, offset) for source, index, _, offset in self._raw]

    @property
    def trap_code(self) -> TrapCode | None:
        """Why, or None for traps made by the host."""
        if self._number is None:
            return None
        from taipan.runtime.trap_code import TrapCode

        number = self._number
        return TrapCode(traps.TABLE_OUT_OF_BOUNDS if number == traps.TABLE_ACCESS_OUT_OF_BOUNDS else number)

    @property
    def message(self) -> str:
        """The reason, then the backtrace if there is one."""
        if not self._raw:
            return self._reason
        lines = [f"{i:>5}: {frame._module_offset:#6x} - {frame._place()}" for i, frame in enumerate(self.frames)]
        return "\n".join([self._reason, "wasm backtrace:", *lines])

    def __str__(self) -> str:
        """wasmtime-py's arrangement of the same facts."""
        if not self._raw:
            return self._reason
        lines = [f"{i:>5}: {frame._module_offset:#8x} - {frame._place()}" for i, frame in enumerate(self.frames)]
        backtrace = "\n".join(lines)
        return f"error while executing at wasm backtrace:\n{backtrace}\n\nCaused by:\n    {self._reason}\n"

    def __reduce__(self) -> tuple[object, ...]:
        extra = {name: value for name, value in vars(self).items() if name not in ("_reason", "_number", "_raw")}
        return _restored_trap, (self._reason, self._number, self.frames), extra or None

    def __repr__(self) -> str:
        return f"Trap({self._reason!r})"


def make_trap(code: int, frames: list[RawFrame], message: str) -> Trap:
    """What the native runtime raises. code: number in abi/traps.py.  message: the text there."""
    trap = Trap("wasm trap: " + message)
    trap._number = code
    trap._raw = frames
    return trap


def _restored_frame(
    module_name: str | None, func_name: str | None, body_start: int, func_index: int, module_offset: int
) -> Frame:
    return Frame(SavedSource(module_name, func_name, body_start), func_index, module_offset)


def _restored_trap(reason: str, number: int | None, frames: list[Frame]) -> Trap:
    trap = Trap(reason)
    trap._number = number
    trap._raw = [(frame._source, frame._func_index, 0, frame._module_offset) for frame in frames]
    return trap
