"""WASI preview 1 (`wasi_snapshot_preview1`) and the snapshot before it (`wasi_unstable`)."""

from __future__ import annotations

from typing import Any


def define(linker: Any) -> None:
    """Define every function of both modules in a `Linker`. They act for the store that calls: see `Store.set_wasi`."""
    from taipan import FuncType, ValType
    from taipan.wasi.p1.calls import MODULES, bind

    kinds = {"i": ValType.i32(), "p": ValType.i32(), "I": ValType.i64()}
    for module, rows in MODULES.items():
        for name, params, function in rows:
            results = [] if name == "proc_exit" else [ValType.i32()]
            functype = FuncType([kinds[letter] for letter in params], results)
            linker.define_func(module, name, functype, bind(name, params, function), access_caller=True)
