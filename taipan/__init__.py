"""taipan: compile and run WebAssembly from Python.

    engine = taipan.Engine()
    module = taipan.Module(engine, '(module (func (export "f") (result i32) i32.const 42))')
    store = taipan.Store(engine)
    instance = taipan.Instance(store, module, [])
    instance.exports(store)["f"](store)

The names and shapes are wasmtime-py's: programs written for it run after `import taipan as wasmtime`.

Threads: engines, modules, linkers and types may be shared between threads. A store may move from thread to thread but
is used by one at a time; `Store.interrupt` may be called from any.
"""

from __future__ import annotations

__version__ = "0.1.0"
TYPE_CHECKING = False  # type checkers know better; importing `typing` would take most of the time of `import taipan`
if TYPE_CHECKING:
    from taipan.config import Config
    from taipan.engine import Engine
    from taipan.errors import (
        ExitTrap,
        InternalError,
        InvalidError,
        LinkError,
        MalformedError,
        StoreBusyError,
        StoreClosedError,
        UncaughtException,
        UnsupportedError,
        WasmError,
        WasmtimeError,
        WrongStoreError,
    )
    from taipan.features import Features
    from taipan.link.linker import Linker
    from taipan.module import Module
    from taipan.runtime.externref import ExternRef
    from taipan.runtime.func import Caller, Func, TypedFunc
    from taipan.runtime.globals import Global
    from taipan.runtime.instance import Instance, InstanceExports, InstancePre
    from taipan.runtime.managed import Managed
    from taipan.runtime.memory import Memory, SharedMemory
    from taipan.runtime.store import Store, StoreContext, Storelike
    from taipan.runtime.table import Table
    from taipan.runtime.tag import Tag
    from taipan.runtime.trap import Frame, Trap
    from taipan.runtime.trap_code import TrapCode
    from taipan.runtime.types import (
        ExportType,
        FuncType,
        GlobalType,
        ImportType,
        InstanceType,
        Limits,
        MemoryType,
        ModuleType,
        TableType,
        TagType,
        ValType,
        externref,
        f32,
        f64,
        funcref,
        i32,
        i64,
        v128,
    )
    from taipan.runtime.value import Val
    from taipan.stages import wat2wasm
    from taipan.wasi.config import DirPerms, FilePerms, WasiConfig


__all__ = [
    "Caller",
    "Config",
    "DirPerms",
    "Engine",
    "ExitTrap",
    "ExportType",
    "ExternRef",
    "Features",
    "FilePerms",
    "Frame",
    "Func",
    "FuncType",
    "Global",
    "GlobalType",
    "ImportType",
    "Instance",
    "InstanceExports",
    "InstancePre",
    "InstanceType",
    "InternalError",
    "InvalidError",
    "Limits",
    "LinkError",
    "Linker",
    "MalformedError",
    "Managed",
    "Memory",
    "MemoryType",
    "Module",
    "ModuleType",
    "SharedMemory",
    "Store",
    "StoreBusyError",
    "StoreClosedError",
    "StoreContext",
    "Storelike",
    "Table",
    "TableType",
    "Tag",
    "TagType",
    "Trap",
    "TrapCode",
    "TypedFunc",
    "UncaughtException",
    "UnsupportedError",
    "Val",
    "ValType",
    "WasiConfig",
    "WasmError",
    "WasmtimeError",
    "WrongStoreError",
    "externref",
    "f32",
    "f64",
    "funcref",
    "i32",
    "i64",
    "v128",
    "wat2wasm",
]

# Where each name lives. Nothing is imported before it is used: tools that only read modules need no native runtime.
_HOME = {
    "Caller": "taipan.runtime.func",
    "Config": "taipan.config",
    "DirPerms": "taipan.wasi.config",
    "Engine": "taipan.engine",
    "ExitTrap": "taipan.errors",
    "ExportType": "taipan.runtime.types",
    "ExternRef": "taipan.runtime.externref",
    "Features": "taipan.features",
    "FilePerms": "taipan.wasi.config",
    "Frame": "taipan.runtime.trap",
    "Func": "taipan.runtime.func",
    "FuncType": "taipan.runtime.types",
    "Global": "taipan.runtime.globals",
    "GlobalType": "taipan.runtime.types",
    "ImportType": "taipan.runtime.types",
    "Instance": "taipan.runtime.instance",
    "InstanceExports": "taipan.runtime.instance",
    "InstancePre": "taipan.runtime.instance",
    "InstanceType": "taipan.runtime.types",
    "InternalError": "taipan.errors",
    "InvalidError": "taipan.errors",
    "Limits": "taipan.runtime.types",
    "LinkError": "taipan.errors",
    "Linker": "taipan.link.linker",
    "MalformedError": "taipan.errors",
    "Managed": "taipan.runtime.managed",
    "Memory": "taipan.runtime.memory",
    "MemoryType": "taipan.runtime.types",
    "Module": "taipan.module",
    "ModuleType": "taipan.runtime.types",
    "SharedMemory": "taipan.runtime.memory",
    "Store": "taipan.runtime.store",
    "StoreBusyError": "taipan.errors",
    "StoreClosedError": "taipan.errors",
    "StoreContext": "taipan.runtime.store",
    "Storelike": "taipan.runtime.store",
    "Table": "taipan.runtime.table",
    "TableType": "taipan.runtime.types",
    "Tag": "taipan.runtime.tag",
    "TagType": "taipan.runtime.types",
    "Trap": "taipan.runtime.trap",
    "TrapCode": "taipan.runtime.trap_code",
    "TypedFunc": "taipan.runtime.func",
    "UncaughtException": "taipan.errors",
    "UnsupportedError": "taipan.errors",
    "Val": "taipan.runtime.value",
    "ValType": "taipan.runtime.types",
    "WasiConfig": "taipan.wasi.config",
    "WasmError": "taipan.errors",
    "WasmtimeError": "taipan.errors",
    "WrongStoreError": "taipan.errors",
    "externref": "taipan.runtime.types",
    "f32": "taipan.runtime.types",
    "f64": "taipan.runtime.types",
    "funcref": "taipan.runtime.types",
    "i32": "taipan.runtime.types",
    "i64": "taipan.runtime.types",
    "v128": "taipan.runtime.types",
    "wat2wasm": "taipan.stages",
}


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        value = globals()[name] = getattr(import_module(home), name)
    except (ImportError, AttributeError) as error:
        if getattr(import_module("taipan._native"), "__file__", None) is None:  # only the folder of its sources
            raise ImportError(
                f"{__path__[0]} is a source tree without the native runtime: start Python in another folder to use the "
                "installed package, or build it here with `pip install -e .`"
            ) from error
        raise
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
