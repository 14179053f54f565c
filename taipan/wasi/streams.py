"""Standard streams that are Python objects: file objects, text streams, callables, bytearrays.

What they raise is the embedder's: it reaches the caller of wasm as it is (`CallbackError` carries it past the
translation into errnos), except that an OSError of a file object becomes the guest's errno.
"""

from __future__ import annotations

import errno
import os
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any, final

from taipan.wasi.stdio import MAX_TRANSFER_BYTES


class CallbackError(Exception):
    """original: what a callable of the embedder has raised."""

    def __init__(self, original: Exception) -> None:
        super().__init__(str(original))
        self.original = original


def would_block() -> OSError:
    return OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


@final
class ObjectInput:
    """Input from a function that gets a number of bytes and returns at most that many, b"" at the end.

    A str is taken as UTF-8; what is more than asked for is kept for the next read; None means "nothing yet".
    """

    __slots__ = ("_kept", "_read", "host_fd", "is_tty")

    def __init__(self, read: Callable[[int], bytes | str | None]) -> None:
        self.host_fd = -1
        self.is_tty = False
        self._read = read
        self._kept = b""

    def read(self, views: list[memoryview]) -> int:
        view = next((view for view in views if view), None)
        if view is None:
            return 0
        data = self._kept or self._read_more(min(len(view), MAX_TRANSFER_BYTES))
        self._kept = data[len(view) :]
        data = data[: len(view)]
        view[: len(data)] = data
        return len(data)

    def _read_more(self, size: int) -> bytes:
        data = self._read(size)
        if data is None:
            raise would_block()
        try:
            return data.encode() if isinstance(data, str) else bytes(memoryview(data))
        except (TypeError, ValueError) as problem:
            raise CallbackError(problem) from None

    def close(self) -> None:
        pass


def file_input(stream: Any) -> ObjectInput:
    """Input from a file object, with `read1` where it has one: that returns what is there instead of waiting."""
    stream = _binary(stream)
    return ObjectInput(_file_method(getattr(stream, "read1", None) or stream.read))


def callback_input(callback: Callable[[int], bytes | None]) -> ObjectInput:
    return ObjectInput(_guarded(callback))


@final
class ObjectOutput:
    """A function that gets the bytes. It returns how many it took, None for all, or a negative errno."""

    __slots__ = ("_write", "host_fd", "is_tty")

    def __init__(self, write: Callable[[bytes], int | None]) -> None:
        self.host_fd = -1
        self.is_tty = False
        self._write = write

    def write(self, views: list[memoryview]) -> int:
        data = _gather(views)
        taken = self._write(data)
        if taken is None:
            return len(data)
        if taken < 0:
            raise OSError(-taken, os.strerror(-taken))
        return min(taken, len(data))

    def close(self) -> None:
        pass


def file_output(stream: Any) -> ObjectOutput:
    """Output to a file object, flushed after every write: a guest's write is not buffered by WASI."""
    stream = _binary(stream)
    is_text = hasattr(stream, "encoding")  # a text stream without a binary one below, such as StringIO
    decode = getincrementaldecoder("utf-8")("replace").decode
    flush = getattr(stream, "flush", None)

    def write(data: bytes) -> int | None:
        if is_text:
            stream.write(decode(data))
        else:
            taken: int | None = stream.write(data)
            if taken is None:  # a raw stream that would block
                raise would_block()
            if taken < len(data):
                return taken
        if flush is not None:
            flush()
        return None

    return ObjectOutput(_file_method(write))


def capture_output(buffer: bytearray) -> ObjectOutput:
    """Output appended to a bytearray."""
    return ObjectOutput(_guarded(buffer.extend))


def callback_output(callback: Callable[[bytes], int | None]) -> ObjectOutput:
    return ObjectOutput(_guarded(callback))


def _guarded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`function`, whose exceptions all reach the embedder."""

    def call(argument: Any) -> Any:
        try:
            return function(argument)
        except Exception as problem:
            raise CallbackError(problem) from None

    return call


def _file_method(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method of a file object: an OSError with an errno is the guest's, any other exception the embedder's."""

    def call(argument: Any) -> Any:
        try:
            return function(argument)
        except Exception as problem:
            if isinstance(problem, OSError) and problem.errno is not None:
                raise
            raise CallbackError(problem) from None

    return call


def _binary(stream: Any) -> Any:
    """The binary stream below a text stream such as `sys.stdout`, or the stream itself."""
    return getattr(stream, "buffer", stream)


def _gather(views: list[memoryview]) -> bytes:
    """One bytes object of the views' contents, cut off at MAX_TRANSFER_BYTES: overlapping views can claim any size."""
    if len(views) == 1:
        return bytes(views[0][:MAX_TRANSFER_BYTES])
    parts = []
    room = MAX_TRANSFER_BYTES
    for view in views:
        part = view[:room]
        parts.append(part)
        room -= len(part)
        if not room:
            break
    return b"".join(parts)
