"""What the tests of the compiler share: modules from text, and running them."""

from __future__ import annotations

from typing import Any

import pytest

from taipan.compiler.baseline.prescan import Prescan
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.tunables import Tunables
from taipan.features import Features
from taipan.text import parse
from taipan.wasm.cursor import Cursor


def environment(source: str, tunables: Tunables | None = None, lazy: bool = False) -> ModuleEnv:
    """What a compiler sees of the module `(module <source>)`."""
    return ModuleEnv(parse(f"(module {source})", Features.everything()), tunables or Tunables(), lazy)


def scan(body: str, more: str = "") -> tuple[Prescan, int]:
    """Prescan of the function `(func <body>)`, and the offset of its first instruction."""
    env = environment(f"(func {body}) {more}")
    module = env.module
    reader = Cursor()
    reader.code, reader.next, reader.limit = module.code, module.body_starts[0], module.body_ends[0]
    params = len(env.type_params[module.func_types[0]])
    count = params
    for _ in range(reader.read_u32()):
        count += reader.read_u32()
        reader.read_valtype()
    found = Prescan(env)
    found.scan(reader.next, reader.limit, params, count)
    return found, reader.next


def run(source: str, name: str, *args: Any, **config: Any) -> Any:
    """Call an export of the module `(module <source>)`; config: attributes of `Config`."""
    try:
        import taipan._native
    except ImportError as reason:
        pytest.skip(f"the native runtime is not built: {reason}")
    if not hasattr(taipan._native, "CodeRegion"):
        pytest.skip("the native runtime is not built: taipan._native is only a folder here")

    settings = taipan.Config()
    settings.wasm_wide_arithmetic = True
    for key, value in config.items():
        setattr(settings, key, value)
    engine = taipan.Engine(settings)
    store = taipan.Store(engine)
    instance = taipan.Instance(store, taipan.Module(engine, f"(module {source})"), [])
    return instance.exports(store)[name](store, *args)
