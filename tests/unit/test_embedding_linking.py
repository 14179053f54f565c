"""Wasmtime's embedding tests of module linking, of 2022, with both compilers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import taipan
from taipan import Config, Engine, FuncType, GlobalType, Instance, Linker, MemoryType, Module, Store, TableType, ValType

I32 = ValType.i32()


@pytest.fixture(params=["baseline", "llvm"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    config = Config()
    config.wasm_module_linking = True
    config.compiler = request.param
    return Engine(config)


COMPILED = (
    "(module (module))",
    "(module (module) (module))",
    "(module (module (module)))",
    "(module (func) (module (func (nop))) (module (func (nop) (nop))))",
    """(module
      (global i32 (i32.const 0))
      (func (drop (global.get 0)))
      (module (memory 1)) (module (memory 2)) (module (table 2 funcref)) (module (global i64 (i64.const 0))))""",
)


@pytest.mark.parametrize("source", COMPILED)
def test_compile(engine: Engine, source: str) -> None:
    module = Module(engine, source)
    for made in (module, Module.deserialize(engine, module.serialize())):
        assert (made.imports, made.exports) == ([], [])
        Instance(Store(engine), made, [])


@pytest.mark.parametrize("source", ["(module (type (module)))", "(module (type (instance)))"])
def test_types(engine: Engine, source: str) -> None:
    Module(engine, source)


def only(items: list[Any]) -> Any:
    (item,) = items
    return item


def test_imports_exports(engine: Engine) -> None:
    exported = only(Module(engine, '(module (module (export "")))').exports)
    assert exported.name == ""
    assert isinstance(exported.type, taipan.ModuleType)
    assert (exported.type.imports, exported.type.exports) == ([], [])

    exported = only(Module(engine, '(module (module) (instance (export "") (instantiate 0)))').exports)
    assert exported.name == ""
    assert isinstance(exported.type, taipan.InstanceType)
    assert exported.type.exports == []

    imported = only(
        Module(engine, '(module (import "" "a" (module (import "a" (func)) (export "" (global i32)))))').imports
    )
    assert (imported.module, imported.name) == ("", None)
    assert isinstance(imported.type, taipan.InstanceType)
    inner = only(imported.type.exports)
    assert inner.name == "a"
    assert isinstance(inner.type, taipan.ModuleType)
    needed, given = only(inner.type.imports), only(inner.type.exports)
    assert (needed.module, needed.name, needed.type) == ("a", None, FuncType([], []))
    assert (given.name, given.type) == ("", GlobalType(I32, mutable=False))

    imported = only(
        Module(
            engine, '(module (import "" "b" (instance (export "m" (memory 1)) (export "t" (table 1 funcref)))))'
        ).imports
    )
    assert (imported.module, imported.name) == ("", None)
    inner = only(imported.type.exports)
    assert inner.name == "b"
    memory, table = inner.type.exports
    assert (memory.name, memory.type) == ("m", MemoryType(taipan.Limits(1, None)))
    assert (table.name, table.type) == ("t", TableType(ValType.funcref(), taipan.Limits(1, None)))


DOUBLING = """(module
  (module $m0)
  (module $m1 (alias outer 0 $m0 (module $m)) (instance (instantiate $m)) (instance (instantiate $m)))
  (module $m2 (alias outer 0 $m1 (module $m)) (instance (instantiate $m)) (instance (instantiate $m)))
  (module $m3 (alias outer 0 $m2 (module $m)) (instance (instantiate $m)) (instance (instantiate $m)))
  (instance (instantiate $m3)))"""
MEMORIES = f"(module (module {'(memory 1)' * 5}) {'(instance (instantiate 0))' * 4})"
TABLES = f"(module (module {'(table 1 funcref)' * 5}) {'(instance (instantiate 0))' * 4})"


@pytest.mark.parametrize(("limit", "source"), [("instances", DOUBLING), ("memories", MEMORIES), ("tables", TABLES)])
def test_limits(engine: Engine, limit: str, source: str) -> None:
    module = Module(engine, source)
    store = Store(engine)
    store.set_limits(**{limit: 10})
    with pytest.raises(taipan.WasmError, match="resource limit exceeded"):
        Instance(store, module, [])
    store = Store(engine)
    store.set_limits(**{limit: 20})
    Instance(store, module, [])


def test_undefined_error_message(engine: Engine) -> None:
    module = Module(engine, '(module (import "foo" "bar" (func)))')
    linker = Linker(engine)
    linker.define_func("other", "bar", FuncType([], []), lambda: None)
    for known in ("", "other"):
        if known:
            linker.define_func("foo", known, FuncType([], []), lambda: None)
        with pytest.raises(taipan.LinkError, match="unknown import: `foo::bar` has not been defined"):
            linker.instantiate(Store(engine), module)


def test_an_exported_module_in_another_process(engine: Engine, tmp_path: Path) -> None:
    """Taken from a running instance, saved, loaded, instantiated, called: the same result."""
    source = '(module (module (export "m") (func (export "f") (result i32) (i32.const 42))))'
    store = Store(engine)
    exported: Any = Instance(store, Module(engine, source), []).exports(store)["m"]
    (tmp_path / "m.cwasm").write_bytes(exported.serialize())
    code = f"""
import taipan
config = taipan.Config()
config.wasm_module_linking = True
config.compiler = {engine.config.compiler!r}
store = taipan.Store(taipan.Engine(config))
module = taipan.Module.deserialize_file(store.engine, "m.cwasm")
print(taipan.Instance(store, module, []).exports(store)["f"](store))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr
