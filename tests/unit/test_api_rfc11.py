"""What RFC 11 ("Redesigning Wasmtime's APIs") asks for and wasmtime-py does not have, or names differently."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import taipan
from taipan import Caller, Func, FuncType, Instance, Linker, Memory, Module, Store, Trap, ValType, WasmError

I32 = ValType.i32()

WAT = """(module $m (import "host" "f" (func $f (param i32) (result i32)))
  (memory (export "memory") 1) (table (export "table") 2 funcref) (global (export "global") (mut i32) (i32.const 7))
  (func (export "run") (param i32) (result i32) local.get 0 call $f)
  (func (export "pair") (result i32 i32) i32.const 1 i32.const 2)
  (func (export "die") unreachable))"""

HOMES = ("taipan.engine", "taipan.module", "taipan.runtime.", "taipan.link.")

METHODS = {
    "Engine": "same precompile_module increment_epoch",
    "Store": "data set_data into_data engine gc interrupt limiter close set_fuel get_fuel set_epoch_deadline",
    "Caller": "data set_data engine gc get get_export store",
    "Module": "new_with_name from_file from_binary validate serialize deserialize deserialize_file imports exports "
    "get_export name",
    "Instance": "exports get_export get_func get_typed_func get_table get_memory get_global",
    "Func": "wrap type typed call",
    "TypedFunc": "func call",
    "Global": "type get set value set_value",
    "Table": "type get set grow copy fill size",
    "Memory": "type read write data data_ptr data_size size grow",
    "Linker": "clone allow_shadowing allow_unknown_exports define define_name func_new func_wrap instance module alias "
    "alias_module instantiate instantiate_pre iter get get_by_import get_default",
    "Trap": "frames trap_code message",
    "Frame": "module_name func_index func_name func_offset module_offset",
}


@pytest.fixture(scope="module")
def engine() -> taipan.Engine:
    return taipan.Engine()


@pytest.fixture
def store(engine: taipan.Engine) -> Store:
    return Store(engine)


def world(store: Store) -> Instance:
    linker = Linker(store.engine)
    linker.define_func("host", "f", FuncType([I32], [I32]), lambda x: x + 1)
    return linker.instantiate(store, Module(store.engine, WAT))


@pytest.mark.parametrize("name", METHODS)
def test_methods_exist(name: str) -> None:
    cls = getattr(taipan, name)
    assert [method for method in METHODS[name].split() if not hasattr(cls, method)] == []


def test_every_public_method_has_a_docstring() -> None:
    bare = []
    for name in taipan.__all__:
        cls = getattr(taipan, name)
        if not isinstance(cls, type) or not cls.__module__.startswith(HOMES):
            continue
        for member, value in [("", cls), *vars(cls).items()]:
            if not member.startswith("_") and (callable(value) or isinstance(value, (property, classmethod))):
                if not getattr(value, "__doc__", None):
                    bare.append(f"{name}.{member}")
    assert bare == []


def test_exports_by_kind(store: Store) -> None:
    instance = world(store)
    exports = instance.exports(store)
    for kind in ("memory", "table", "global"):
        get = getattr(instance, f"get_{kind}")
        assert get(store, kind) == exports[kind]
        assert get(store, "run") is None
        assert get(store, "none") is None
    assert instance.get_func(store, "run") == exports["run"]
    assert instance.get_func(store, "memory") is None
    assert instance.get_export(store, "memory") == exports["memory"]
    assert instance.get_export(store, "none") is None


def test_typed_functions_of_instances(store: Store) -> None:
    instance = world(store)
    assert instance.get_typed_func(store, "run", params=(I32,), results=(I32,))(store, 4) == 5
    assert instance.get_typed_func(store, "pair", (), (I32, I32))(store) == (1, 2)
    with pytest.raises(WasmError, match="type mismatch with parameters"):
        instance.get_typed_func(store, "run", (), (I32,))
    for name in ("none", "memory"):
        with pytest.raises(WasmError, match=f"failed to find function export `{name}`"):
            instance.get_typed_func(store, name)


def test_modules_know_their_exports(engine: taipan.Engine) -> None:
    module = Module(engine, WAT)
    assert module.get_export("run") == FuncType([I32], [I32])
    assert isinstance(module.get_export("memory"), taipan.MemoryType)
    assert module.get_export("none") is None
    assert module.name == "m"
    assert module.names.funcs == {0: "f"}


def test_modules_named_by_the_host(engine: taipan.Engine, store: Store) -> None:
    module = Module.new_with_name(engine, '(module $m (func (export "f") unreachable))', "host's name")
    assert module.name == "host's name"
    with pytest.raises(Trap) as caught:
        Instance(store, module, []).exports(store)["f"](store)
    assert caught.value.frames[0].module_name == "host's name"
    assert "host's name!<wasm function 0>" in str(caught.value)
    with pytest.raises(TypeError):
        Module.new_with_name(engine, "(module)", 5)  # type: ignore[arg-type]


def test_memory_data(engine: taipan.Engine, store: Store) -> None:
    memory = Memory(store, taipan.MemoryType(taipan.Limits(1, 2)))
    data = memory.data(store)
    assert (data.nbytes, memory.data_size(store), data.readonly) == (65536, 65536, False)
    data[5] = 7
    assert memory.read(store, 5, 6) == b"\x07"
    with pytest.raises(taipan.WrongStoreError):
        memory.data(Store(engine))


def test_callers_repeat_the_methods_of_stores(engine: taipan.Engine) -> None:
    store = Store(engine, "before")
    seen: list[Any] = []

    def look(caller: Caller) -> None:
        seen.extend((caller.data(), caller.engine is engine, caller.store is store, caller.get_export("none")))
        caller.gc()
        caller.set_data("after")

    Func(store, FuncType([], []), look, access_caller=True)(store)
    assert seen == ["before", True, True, None]
    assert store.data() == "after"


def test_a_store_context_is_the_store(store: Store) -> None:
    seen: list[Any] = []
    context: Any = taipan.StoreContext(store)
    assert world(context).exports(context)["run"](context, 1) == 2  # type: ignore[operator]
    Func(store, FuncType([], []), lambda c: seen.append(taipan.StoreContext(c)), access_caller=True)(context)
    assert seen == [store]
    with pytest.raises(TypeError, match="expected a Store or a Caller, got int"):
        taipan.StoreContext(5)  # type: ignore[arg-type]


def test_linker_short_names(engine: taipan.Engine, store: Store) -> None:
    linker = Linker(engine)
    linker.instance(store, "w", world(store))
    linker.module(store, "r", Module(engine, '(module (func (export "f") (result i32) i32.const 3))'))
    assert linker.get(store, "w", "run")(store, 1) == 2  # type: ignore[operator]
    assert linker.get(store, "r", "f")(store) == 3  # type: ignore[operator]
    wanted = Module(engine, '(module (import "r" "f" (func (result i32))))').imports[0]
    assert linker.get_by_import(store, wanted)(store) == 3  # type: ignore[operator]


# --- ownership ---


def test_data_goes_with_the_store(engine: taipan.Engine) -> None:
    class Data:
        dropped = 0

        def __del__(self) -> None:
            Data.dropped += 1

    store = Store(engine, Data())
    store.data()
    Func(store, FuncType([], []), lambda caller: caller.data(), access_caller=True)
    gc.collect()
    assert Data.dropped == 0
    store.close()
    gc.collect()
    assert Data.dropped == 1
    kept = Store(engine, Data()).into_data()
    gc.collect()
    assert Data.dropped == 1
    del kept
    gc.collect()
    assert Data.dropped == 2


def test_one_linker_in_stores_of_many_threads(engine: taipan.Engine) -> None:
    """1,000 stores on 8 threads; its functions go after the linker and the last store, once."""
    dropped: list[int] = []

    class Callback:
        def __call__(self, x: int) -> int:
            return x + 1

        def __del__(self) -> None:
            dropped.append(1)

    linkers = [Linker(engine)]
    for i in range(10):
        linkers[0].define_func("host", f"f{i}", FuncType([I32], [I32]), Callback())
    wat = " ".join(f'(import "host" "f{i}" (func $f{i} (param i32) (result i32)))' for i in range(10))
    calls = "local.get 0 " + " ".join(f"call $f{i}" for i in range(10))
    module = Module(engine, f'(module {wat} (func (export "run") (param i32) (result i32) {calls}))')
    results: list[int] = []
    last: list[Store] = []

    def work() -> None:
        for i in range(125):
            store = Store(engine)
            run = linkers[0].instantiate(store, module).get_func(store, "run")
            assert run is not None
            results.append(run(store, i) - i)
        last.append(store)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [10] * 1000
    linkers.clear()
    gc.collect()
    assert dropped == []
    while last:
        last.pop().close()
    gc.collect()
    assert len(dropped) == 10


def test_a_handle_keeps_no_store_alive(engine: taipan.Engine) -> None:
    store = Store(engine)
    instance = world(store)
    handles = [instance, *instance.exports(store).values()]
    alive = weakref.ref(store)
    del store
    gc.collect()
    assert alive() is None
    other = Store(engine)
    for handle in handles[1:]:
        assert isinstance(hash(handle), int)
        with pytest.raises(taipan.WrongStoreError):
            handle.type(other)
