"""Linker: definitions, resolution, commands and reactors, stand-ins for what is not defined."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import taipan
from taipan import (
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    LinkError,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Tag,
    TagType,
    ValType,
    WasmError,
)

I32 = ValType.i32()


@pytest.fixture
def linker(engine: taipan.Engine) -> Linker:
    return Linker(engine)


def items(store: Store) -> dict[str, Any]:
    return {
        "func": Func(store, FuncType([], []), lambda: None),
        "global i32": Global(store, GlobalType(I32, False), 0),
        "memory 1": Memory(store, MemoryType(Limits(1, None))),
        "table 1 funcref": Table(store, TableType(ValType.funcref(), Limits(1, None)), None),
        "tag": Tag(store, TagType(FuncType([], []))),
    }


# --- defining ---


@pytest.mark.parametrize("desc", ["func", "global i32", "memory 1", "table 1 funcref", "tag"])
def test_unknown_and_defined_imports(linker: Linker, store: Store, desc: str) -> None:
    module = Module(linker.engine, f'(module (import "foo" "bar" ({desc})))')
    with pytest.raises(LinkError, match="unknown import: `foo::bar` has not been defined") as caught:
        linker.instantiate(store, module)
    assert (caught.value.module, caught.value.name) == ("foo", "bar")
    with pytest.raises(LinkError, match="unknown import"):
        linker.instantiate_pre(module)
    item = items(store)[desc]
    linker.define(store, "foo", "bar", item)
    assert isinstance(linker.instantiate(store, module), Instance)
    assert linker.get(store, "foo", "bar") == item


def test_defining_twice(linker: Linker, store: Store) -> None:
    for i, item in enumerate(items(store).values()):
        linker.define(store, "m", str(i), item)
        with pytest.raises(WasmError, match=f"import of `m::{i}` defined twice"):
            linker.define(store, "m", str(i), item)
    with pytest.raises(WasmError, match="defined twice"):
        linker.define_func("m", "0", FuncType([], []), lambda: None)
    linker.allow_shadowing = True
    linker.define_func("m", "0", FuncType([], [I32]), lambda: 5)
    func = linker.get(store, "m", "0")
    assert isinstance(func, Func)
    assert func(store) == 5
    assert linker.allow_shadowing is True


def test_arguments_are_checked(engine: taipan.Engine, linker: Linker, store: Store) -> None:
    with pytest.raises(TypeError, match="expected a Func, Global, Memory, SharedMemory, Tag, or Table"):
        linker.define(store, "", "", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Store"):
        linker.define(5, "", "", items(store)["func"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a FuncType"):
        linker.define_func("", "", 5, lambda: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a callable"):
        linker.define_func("", "", FuncType([], []), 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected names as str"):
        linker.define_func(5, "", FuncType([], []), lambda: None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an `Instance`"):
        linker.define_instance(store, "", 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Module"):
        linker.instantiate(store, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an Engine"):
        Linker(5)  # type: ignore[arg-type]
    with pytest.raises(WasmError, match="item not defined in linker"):
        linker.get(store, "m", "none")


def test_func_decorator(linker: Linker, store: Store) -> None:
    @linker.func("env", "add", params=[I32, I32], results=I32)
    def add(a: int, b: int) -> int:
        return a + b

    @linker.func("env")
    def double(a: taipan.i32) -> taipan.i32:  # type: ignore[valid-type]
        return 2 * a

    module = Module(
        linker.engine,
        """(module (import "env" "add" (func $add (param i32 i32) (result i32)))
          (import "env" "double" (func $double (param i32) (result i32)))
          (func (export "f") (param i32) (result i32) (call $double (call $add (local.get 0) (i32.const 1)))))""",
    )
    func = linker.instantiate(store, module).get_func(store, "f")
    assert func is not None
    assert func(store, 20) == 42
    assert add(1, 2) == 3


def test_interposition(engine: taipan.Engine, store: Store) -> None:
    """Each layer imports the last one's export under its name and doubles it."""
    first = Module(engine, '(module (func (export "export") (result i32) i32.const 7))')
    layer = Module(
        engine,
        """(module (import "instance" "export" (func $f (result i32)))
          (func (export "export") (result i32) (i32.mul (call $f) (i32.const 2))))""",
    )
    for by in ("define", "renamed", "instance"):
        linker = Linker(engine)
        linker.allow_shadowing = True
        instance = linker.instantiate(store, first)
        for _ in range(4):
            if by == "instance":
                linker.define_instance(store, "instance", instance)
            else:
                name = "export" if by == "define" else "other"
                linker.define(store, "instance", name, instance.exports(store)["export"])
                if by == "renamed":
                    linker.alias("instance", "other", "instance", "export")
            instance = linker.instantiate(store, layer)
        assert instance.exports(store)["export"](store) == 112


def test_alias(linker: Linker, store: Store) -> None:
    with pytest.raises(WasmError, match="item not defined in linker"):
        linker.alias("a", "b", "c", "d")
    linker.define_func("a", "b", FuncType([], [I32]), lambda: 3)
    linker.alias("a", "b", "c", "d")
    linker.alias_module("a", "z")
    for module, name in (("a", "b"), ("c", "d"), ("z", "b")):
        func = linker.get(store, module, name)
        assert isinstance(func, Func)
        assert func(store) == 3
    assert [(m, n) for m, n, _ in linker.iter(store)] == [("a", "b"), ("c", "d"), ("z", "b")]


def test_clone_is_independent(linker: Linker, store: Store) -> None:
    linker.define_func("a", "b", FuncType([], []), lambda: None)
    copy = linker.clone()
    copy.define_func("a", "c", FuncType([], []), lambda: None)
    assert isinstance(copy.get(store, "a", "b"), Func)
    with pytest.raises(WasmError, match="item not defined"):
        linker.get(store, "a", "c")


# --- types of imports ---


@pytest.mark.parametrize(
    ("wanted", "offered", "reason"),
    [
        ("(memory 2)", "memory 1", "expected memory limits (min: 2, max: none)"),
        ("(memory 1 2)", "memory 1", "provided memory limits (min: 1, max: none)"),
        ("(memory i64 1)", "memory 1", "expected 64-bit memory, found 32-bit memory"),
        ("(table 1 externref)", "table 1 funcref", "expected table of type `externref`, found table of type `funcref`"),
        ("(table 2 funcref)", "table 1 funcref", "expected table limits (min: 2, max: none)"),
        ("(global i64)", "global i32", "expected global of type `i64`, found global of type `i32`"),
        ("(global (mut i32))", "global i32", "expected mutable global, found immutable global"),
        ("(func (param i32))", "func", "types incompatible"),
        ("(func)", "memory 1", "expected func, but found memory"),
        ("(table 1 funcref)", "memory 1", "expected table, but found memory"),
        ("(memory 1)", "func", "expected memory, but found func"),
        ("(tag)", "memory 1", "expected tag, but found memory"),
        ("(tag (param i32))", "tag", "tag types incompatible"),
    ],
)
def test_incompatible_imports(linker: Linker, store: Store, wanted: str, offered: str, reason: str) -> None:
    module = Module(linker.engine, f'(module (import "a" "b" {wanted}))')
    item = items(store)[offered]
    linker.define(store, "a", "b", item)
    for action in (
        lambda: linker.instantiate(store, module),
        lambda: linker.instantiate_pre(module).instantiate(store),
        lambda: Instance(store, module, [item]),
    ):
        with pytest.raises(LinkError) as caught:
            action()
        assert str(caught.value).startswith("incompatible import type for `a::b`: ")
        assert reason in str(caught.value)
        assert (caught.value.module, caught.value.name) == ("a", "b")


def test_host_function_types_are_checked_before_any_store(linker: Linker) -> None:
    linker.define_func("a", "b", FuncType([I32], []), lambda x: None)
    with pytest.raises(LinkError, match="incompatible import type for `a::b`"):
        linker.instantiate_pre(Module(linker.engine, '(module (import "a" "b" (func)))'))
    with pytest.raises(LinkError, match="expected memory, but found func"):
        linker.instantiate_pre(Module(linker.engine, '(module (import "a" "b" (memory 1)))'))


def test_present_sizes_decide(linker: Linker, store: Store) -> None:
    memory = Memory(store, MemoryType(Limits(1, None)))
    linker.define(store, "a", "b", memory)
    pre = linker.instantiate_pre(Module(linker.engine, '(module (import "a" "b" (memory 3)))'))
    with pytest.raises(LinkError):
        pre.instantiate(store)
    memory.grow(store, 2)
    pre.instantiate(store)


def test_number_of_imports(engine: taipan.Engine, store: Store) -> None:
    module = Module(engine, '(module (import "" "" (func)))')
    func = items(store)["func"]
    for imports in ([], [func, func]):
        with pytest.raises(LinkError, match=f"expected 1 imports, found {len(imports)}"):
            Instance(store, module, imports)
    with pytest.raises(TypeError, match="expected a Func, Global"):
        Instance(store, module, [5])  # type: ignore[list-item]


# --- whole modules ---

COUNTER = """(module (global $n (mut i32) (i32.const 0))
  (func (export "{start}") (global.set $n (i32.add (global.get $n) (i32.const 1))))
  (func (export "get") (result i32) global.get $n) {more})"""


def call(linker: Linker, store: Store, module: str, name: str) -> Any:
    func = linker.get(store, module, name)
    assert isinstance(func, Func)
    return func(store)


def test_commands_are_fresh_for_each_call(linker: Linker, store: Store) -> None:
    linker.define_module(store, "c", Module(linker.engine, COUNTER.format(start="_start", more="")))
    for _ in range(3):
        assert call(linker, store, "c", "_start") is None
        assert call(linker, store, "c", "get") == 0
    default = linker.get_default(store, "c")
    assert default(store) is None


def test_reactors_are_initialised_once(linker: Linker, store: Store) -> None:
    linker.define_module(store, "r", Module(linker.engine, COUNTER.format(start="_initialize", more="")))
    assert call(linker, store, "r", "get") == 1
    assert call(linker, store, "r", "get") == 1
    user = Module(
        linker.engine,
        '(module (import "r" "get" (func $g (result i32))) (func (export "f") (result i32) call $g))',
    )
    func = linker.instantiate(store, user).get_func(store, "f")
    assert func is not None
    assert func(store) == 1


def test_exports_of_commands(linker: Linker, store: Store) -> None:
    linker.define_module(
        store, "fine", Module(linker.engine, COUNTER.format(start="_start", more='(memory (export "memory") 1)'))
    )
    odd = Module(linker.engine, COUNTER.format(start="_start", more='(global (export "odd") i32 (i32.const 1))'))
    with pytest.raises(WasmError, match="command export 'odd' is not a function"):
        linker.define_module(store, "odd", odd)
    other = Linker(linker.engine)
    other.allow_unknown_exports = True
    other.define_module(store, "odd", odd)
    assert call(other, store, "odd", "get") == 0


def test_get_default(linker: Linker, store: Store) -> None:
    assert linker.get_default(store, "nothing")(store) is None
    linker.define_func("a", "", FuncType([], [I32]), lambda: 1)
    linker.define_func("a", "_start", FuncType([], [I32]), lambda: 2)
    assert linker.get_default(store, "a")(store) == 1
    linker.define(store, "b", "", items(store)["memory 1"])
    with pytest.raises(WasmError, match="is not a function"):
        linker.get_default(store, "b")


def test_instantiate_pre_many_times(linker: Linker) -> None:
    calls: list[int] = []
    linker.define_func("", "", FuncType([], []), lambda: calls.append(1))
    module = Module(linker.engine, '(module (import "" "" (func $f)) (start $f))')
    pre = linker.instantiate_pre(module)
    assert pre.module is module
    for _ in range(3):
        pre.instantiate(Store(linker.engine))
    assert len(calls) == 3
    pre.close()
    with pytest.raises(ValueError, match="already closed"):
        pre.instantiate(Store(linker.engine))


def test_closed_objects(linker: Linker, store: Store) -> None:
    module = Module(linker.engine, "(module)")
    module.close()
    with pytest.raises(ValueError, match="already closed"):
        Instance(store, module, [])
    linker.close()
    with pytest.raises(ValueError, match="already closed"):
        linker.define_func("", "", FuncType([], []), lambda: None)


# --- stand-ins ---

NEEDY = """(module (import "e" "f" (func $f (param i32) (result i32)))
  (import "e" "r" (func $r (result externref i64)))
  (func (export "f") (result i32) (call $f (i32.const 1)))
  (func (export "r") (result externref i64) call $r))"""


def test_unknown_imports_as_traps(linker: Linker, store: Store) -> None:
    module = Module(linker.engine, NEEDY)
    linker.define_unknown_imports_as_traps(module)
    exports = linker.instantiate(store, module).exports(store)
    with pytest.raises(WasmError, match="unknown import: `e::f` has not been defined"):
        exports["f"](store)
    with_memory = Module(linker.engine, '(module (import "e" "m" (memory 1)))')
    linker.define_unknown_imports_as_traps(with_memory)
    with pytest.raises(LinkError, match="unknown import: `e::m`"):
        linker.instantiate(store, with_memory)


def test_unknown_imports_as_default_values(linker: Linker, store: Store) -> None:
    module = Module(linker.engine, NEEDY)
    linker.define_unknown_imports_as_default_values(store, module)
    exports = linker.instantiate(store, module).exports(store)
    assert exports["f"](store) == 0
    assert exports["r"](store) == [None, 0]
    rest = Module(
        linker.engine,
        """(module (import "e" "m" (memory 2 3)) (import "e" "t" (table 4 externref))
          (import "e" "g" (global (mut f64))) (import "e" "tag" (tag (param i32)))
          (export "m" (memory 0)) (export "t" (table 0)) (export "g" (global 0)))""",
    )
    linker.define_unknown_imports_as_default_values(store, rest)
    exports = linker.instantiate(store, rest).exports(store)
    assert (exports["m"].size(store), exports["t"].size(store), exports["g"].value(store)) == (2, 4, 0.0)
    assert exports["t"].get(store, 3) is None
    bad = Module(linker.engine, '(module (import "e" "bad" (global (ref extern))))')
    with pytest.raises(WasmError, match="no default value"):
        linker.define_unknown_imports_as_default_values(store, bad)


# --- lifetimes ---


class Callback:
    def __call__(self) -> None:
        pass


def test_nothing_leaks(engine: taipan.Engine) -> None:
    callback = Callback()
    alive = weakref.ref(callback)
    linker = Linker(engine)
    store = Store(engine)
    linker.define_func("", "f", FuncType([], []), callback)
    del callback
    linker.define_module(
        store, "m", Module(engine, '(module (import "" "f" (func $f)) (func (export "_start") call $f))')
    )
    call(linker, store, "m", "_start")
    del linker
    gc.collect()
    assert alive() is not None
    del store
    gc.collect()
    assert alive() is None
