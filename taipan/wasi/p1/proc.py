"""proc_exit, proc_raise."""

from __future__ import annotations

from typing import Final, NoReturn

from taipan.errors import ExitTrap, WasmError
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.types import INVAL, NOTSUP

MAX_EXIT_STATUS: Final = 125  # shells use 126 and above for programs that could not run or were killed
MAX_SIGNAL: Final = 30  # sys


def proc_exit(context: WasiContext, memory: memoryview, status: int) -> NoReturn:
    if status > MAX_EXIT_STATUS:
        raise WasmError(f"exit with invalid exit status outside of [0..126): {status}")
    raise ExitTrap(status)


def proc_raise(context: WasiContext, memory: memoryview, signal: int) -> int:
    """There is no process to which a signal could go; later versions of WASI have removed this function."""
    return INVAL if signal > MAX_SIGNAL else NOTSUP


FUNCTIONS: Final = (
    ("proc_exit", "i", proc_exit),
    ("proc_raise", "i", proc_raise),
)
