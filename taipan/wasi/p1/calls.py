"""From a call by wasm to a Python function and back: the table of all functions, and what surrounds each of them.

A row is (name, parameters, function); parameters are letters: `i` i32, `I` i64, `p` an i32 that is an address. The
function gets the guest's context, a view of its memory (only if it has a `p`), and its arguments as unsigned integers;
it returns the errno. An OSError becomes the errno of its host errno, a `GuestError` its own; an address outside the
memory becomes a trap, as the WASI document demands; everything else, and whatever a callback of the embedder raises,
travels to the embedder unchanged.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import suppress
from operator import and_
from typing import Any, Final

from taipan.errors import WasmError
from taipan.wasi.context import WasiContext
from taipan.wasi.p1 import args, clock, environ, fd, path, poll, proc, random, sched, sock
from taipan.wasi.p1.memory import OutOfBounds
from taipan.wasi.p1.types import FROM_HOST, INVAL, IO, GuestError
from taipan.wasi.streams import CallbackError

HostFunction = Callable[..., int]
Row = tuple[str, str, Callable[..., int]]

NO_MEMORY: Final = memoryview(b"")
_MASKS: Final = {"i": 0xFFFF_FFFF, "p": 0xFFFF_FFFF, "I": 0xFFFF_FFFF_FFFF_FFFF}

PREVIEW1: Final[tuple[Row, ...]] = (
    *args.FUNCTIONS,
    *environ.FUNCTIONS,
    *clock.FUNCTIONS,
    *fd.FUNCTIONS,
    *path.FUNCTIONS,
    *poll.FUNCTIONS,
    *proc.FUNCTIONS,
    *random.FUNCTIONS,
    *sched.FUNCTIONS,
    *sock.FUNCTIONS,
)
_CHANGED: Final = {row[0]: row for row in (*fd.UNSTABLE, *path.UNSTABLE, *poll.UNSTABLE)}
UNSTABLE: Final[tuple[Row, ...]] = tuple(_CHANGED.get(row[0], row) for row in PREVIEW1 if row[0] != "sock_accept")
"""The snapshot before preview 1: other layouts of filestat and subscription, other numbers of whence."""

MODULES: Final = {"wasi_snapshot_preview1": PREVIEW1, "wasi_unstable": UNSTABLE}


def bind(name: str, params: str, function: Callable[..., int]) -> HostFunction:
    """The callable for the linker: takes the caller and signed integers, returns the errno."""
    masks = tuple(_MASKS[letter] for letter in params)

    def call(caller: Any, *arguments: int) -> int:
        context = caller._store._wasi
        memory = caller.get("memory")
        if context is None or memory is None:
            raise _not_ready(name, context)
        view = memoryview(memory)
        try:
            if min(arguments) < 0:
                return function(context, view, *map(and_, arguments, masks))
            return function(context, view, *arguments)
        except CallbackError as carrier:
            _forget_views(carrier)
            failure = carrier.original
        except Exception as problem:
            return _errno_of(name, problem)
        except BaseException as problem:  # Ctrl-C
            _forget_views(problem)
            raise
        finally:
            view.release()
        raise failure  # here, where it gets no context of ours

    def call_without_memory(caller: Any, *arguments: int) -> int:
        context = caller._store._wasi
        if context is None:
            raise _not_ready(name, None)
        try:
            return function(context, NO_MEMORY, *map(and_, arguments, masks))
        except Exception as problem:
            return _errno_of(name, problem)

    bound = call if "p" in params else call_without_memory
    bound.__name__ = bound.__qualname__ = name
    return bound


def _errno_of(name: str, problem: Exception) -> int:
    """The errno that stands for an exception; raises the exception, or a trap, if none does."""
    if isinstance(problem, OSError):
        return FROM_HOST.get(problem.errno or 0, IO)
    if isinstance(problem, GuestError):
        return problem.code
    if isinstance(problem, OverflowError):
        return INVAL  # an offset or a time beyond the host's range
    _forget_views(problem)
    if isinstance(problem, OutOfBounds | struct.error):
        from taipan.runtime.trap import Trap

        raise Trap(f"{name}: pointer out of bounds: {problem}") from None
    raise problem


def _forget_views(problem: BaseException) -> None:
    """Clear our own frames in the traceback of what the embedder may keep.

    They hold views of the guest's memory, and a memory that is viewed cannot move: it could no longer grow.
    """
    traceback = problem.__traceback__
    # The first frame is that of `call`, which still runs.
    while traceback is not None and (traceback := traceback.tb_next) is not None:
        frame = traceback.tb_frame
        if frame.f_globals.get("__name__", "").startswith("taipan.wasi."):
            with suppress(RuntimeError):  # it still runs: the exception has been raised before
                frame.clear()


def _not_ready(name: str, context: WasiContext | None) -> WasmError:
    if context is None:
        return WasmError(f"{name}: wasi is not configured: call store.set_wasi")
    return WasmError(f'{name}: missing required memory export: the module exports no memory named "memory"')
