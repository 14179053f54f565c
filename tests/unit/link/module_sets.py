"""What the tests of module linking share: engines of either compiler, and short ways to modules and instances."""

from __future__ import annotations

from typing import Any

import pytest

import taipan
from taipan import Instance, Module, Store

COMPILERS = ("baseline", "llvm")


def linking_engine(compiler: str = "baseline", **options: Any) -> taipan.Engine:
    """An engine with module linking. options: attributes of `Config`. Skips where the compiler is not there."""
    if compiler == "llvm":
        pytest.importorskip("llvmlite", reason="the optimizing compiler needs llvmlite, which is not installed")
    config = taipan.Config()
    config.wasm_module_linking = True
    config.compiler = compiler
    for name, value in options.items():
        assert hasattr(type(config), name), f"no setting {name}"
        setattr(config, name, value)
    return taipan.Engine(config)


def run(store: Store, fields: str, *imports: Any) -> Any:
    """The exports of a new instance of a module with these fields."""
    return Instance(store, Module(store.engine, f"(module {fields})"), list(imports)).exports(store)
