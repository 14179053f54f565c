"""Tells the native runtime which Python classes it makes and raises."""

from __future__ import annotations

from taipan import _native, errors
from taipan.runtime.externref import ExternRef
from taipan.runtime.func import Caller, Func
from taipan.runtime.globals import Global
from taipan.runtime.limiter import ask_limiter, tell_limiter
from taipan.runtime.memory import Memory
from taipan.runtime.table import Table
from taipan.runtime.trap import make_trap
from taipan.runtime.value import Val


def register() -> None:
    """Called once, before the first store is made."""
    _native.register(
        Func=Func,
        Memory=Memory,
        Table=Table,
        Global=Global,
        Caller=Caller,
        Val=Val,
        ExternRef=ExternRef,
        make_trap=make_trap,
        ask_limiter=ask_limiter,
        tell_limiter=tell_limiter,
        StoreClosedError=errors.StoreClosedError,
        StoreBusyError=errors.StoreBusyError,
        WrongStoreError=errors.WrongStoreError,
        WasmError=errors.WasmError,
        UnsupportedError=errors.UnsupportedError,
        InternalError=errors.InternalError,
    )
