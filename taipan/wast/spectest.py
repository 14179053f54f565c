"""The host module `spectest` that scripts of the test suite import."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import taipan

_GLOBALS: Final = (
    ("global_i32", "i32", 666),
    ("global_i64", "i64", 666),
    ("global_f32", "f32", 666.6),
    ("global_f64", "f64", 666.6),
)
_PRINTS: Final = (
    ("print", ()),
    ("print_i32", ("i32",)),
    ("print_i64", ("i64",)),
    ("print_f32", ("f32",)),
    ("print_f64", ("f64",)),
    ("print_i32_f32", ("i32", "f32")),
    ("print_f64_f64", ("f64", "f64")),
)


def _ignore(*values: Any) -> None:
    """The suite prints only to see that it can."""


def define_spectest(linker: taipan.Linker, store: taipan.Store, features: taipan.Features) -> None:
    """Define the module's exports in `linker`; shared and 64-bit ones only where the features allow them."""
    for name, words in _PRINTS:
        params = [getattr(taipan.ValType, word)() for word in words]
        linker.define_func("spectest", name, taipan.FuncType(params, []), _ignore)
    for name, word, value in _GLOBALS:
        global_type = taipan.GlobalType(getattr(taipan.ValType, word)(), False)
        linker.define(store, "spectest", name, taipan.Global(store, global_type, value))
    funcref = taipan.ValType.funcref()
    table = taipan.Table(store, taipan.TableType(funcref, taipan.Limits(10, 20)), None)
    linker.define(store, "spectest", "table", table)
    memory = taipan.Memory(store, taipan.MemoryType(taipan.Limits(1, 2)))
    linker.define(store, "spectest", "memory", memory)
    if "memory64" in features:
        table64 = taipan.Table(store, taipan.TableType(funcref, taipan.Limits(10, 20), is_64=True), None)
        linker.define(store, "spectest", "table64", table64)
    if "threads" in features:
        # Where shared memories are not supported, only the modules that import this one fail.
        with contextlib.suppress(taipan.UnsupportedError):
            shared = taipan.Memory(store, taipan.MemoryType(taipan.Limits(1, 2), shared=True))
            linker.define(store, "spectest", "shared_memory", shared)
