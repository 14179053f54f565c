"""WASI preview 1 (`wasi_snapshot_preview1`) and the snapshot before it (`wasi_unstable`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taipan.link.linker import Linker


def define(linker: Linker) -> None:
    """Define every function of both modules. They act for the store that calls: see `Store.set_wasi`."""
    from taipan.runtime.types import FuncType, ValType
    from taipan.wasi.p1.calls import MODULES, bind

    kinds = {"i": ValType.i32(), "p": ValType.i32(), "I": ValType.i64()}
    functypes: dict[tuple[str, bool], FuncType] = {}
    for module, rows in MODULES.items():
        for name, params, function in rows:
            key = (params.replace("p", "i"), name == "proc_exit")
            functype = functypes.get(key)
            if functype is None:
                results = [] if key[1] else [ValType.i32()]
                functype = functypes[key] = FuncType([kinds[letter] for letter in params], results)
            linker.define_func(module, name, functype, bind(name, params, function), access_caller=True)
