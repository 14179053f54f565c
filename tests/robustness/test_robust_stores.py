"""Objects of other and closed stores, stores closed at awkward times, handles that outlive everything."""

# Long lines are WebAssembly text; lambdas put the lookup of the method off, too.
# ruff: noqa: E501, PLW0108

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable
from typing import Any

from isolated import cases, error_of, expect, isolated

import taipan
from taipan import (
    Engine,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Memory,
    MemoryType,
    Module,
    Store,
    StoreBusyError,
    StoreClosedError,
    Table,
    TableType,
    Tag,
    TagType,
    ValType,
    WasiConfig,
    WasmError,
    WrongStoreError,
)

I32 = ValType.i32()
FUNCREF, EXTERNREF = ValType.funcref(), ValType.externref()
NOTHING = FuncType([], [])

EVERYTHING = """(module
  (memory (export "memory") 1 3) (table (export "table") 4 40 funcref) (table (export "objects") 4 400 externref)
  (global (export "global") (mut i32) (i32.const 7)) (global (export "ref") (mut externref) (ref.null extern))
  (global (export "fref") (mut funcref) (ref.null func))
  (func (export "f") (param i32) (result i32) local.get 0)
  (func (export "keep") (param externref funcref) (global.set 1 (local.get 0)) (global.set 2 (local.get 1)))
  (func (export "several") (result i32 i64) i32.const 1 i64.const 2))"""


class World:
    """One of everything, in a store of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = Store(engine, "data")
        self.module = Module(engine, EVERYTHING)
        self.instance = Instance(self.store, self.module, [])
        exports = self.instance.exports(self.store)
        self.f, self.several = exports["f"], exports["several"]
        self.keep = exports["keep"]
        self.typed = self.f.typed(self.store, [I32], [I32])
        self.memory, self.table, self.objects = exports["memory"], exports["table"], exports["objects"]
        self.glob, self.ref, self.fref = exports["global"], exports["ref"], exports["fref"]
        self.host = Func(self.store, NOTHING, lambda: None)
        self.tag = Tag(self.store, TagType(FuncType([I32], [])))

    def operations(self) -> dict[str, Callable[[Any], Any]]:
        """Every operation of every handle, on what is here, given a store."""
        return {
            "Func()": lambda s: self.f(s, 1),
            "Func() several": lambda s: self.several(s),
            "Func() references": lambda s: self.keep(s, None, None),
            "Func.call": lambda s: self.f.call(s, 1),
            "Func.type": lambda s: self.f.type(s),
            "Func.typed": lambda s: self.f.typed(s, [I32], [I32]),
            "TypedFunc()": lambda s: self.typed(s, 1),
            "host()": lambda s: self.host(s),
            "Memory.type": lambda s: self.memory.type(s),
            "Memory.size": lambda s: self.memory.size(s),
            "Memory.grow": lambda s: self.memory.grow(s, 0),
            "Memory.read": lambda s: self.memory.read(s, 0, 4),
            "Memory.read all": lambda s: self.memory.read(s),
            "Memory.write": lambda s: self.memory.write(s, b"abc", 0),
            "Memory.data_ptr": lambda s: self.memory.data_ptr(s),
            "Memory.get_buffer_ptr": lambda s: self.memory.get_buffer_ptr(s),
            "Memory.data_len": lambda s: self.memory.data_len(s),
            "Memory.page_size": lambda s: self.memory.page_size(s),
            "Table.type": lambda s: self.table.type(s),
            "Table.size": lambda s: self.table.size(s),
            "Table.get": lambda s: self.table.get(s, 0),
            "Table.set": lambda s: self.table.set(s, 0, None),
            "Table.grow": lambda s: self.table.grow(s, 0, None),
            "Table.fill": lambda s: self.table.fill(s, 0, None, 1),
            "Table.copy": lambda s: self.table.copy(s, 0, self.table, 1, 1),
            "Global.type": lambda s: self.glob.type(s),
            "Global.value": lambda s: self.glob.value(s),
            "Global.set_value": lambda s: self.glob.set_value(s, 3),
            "Global.set_value ref": lambda s: self.ref.set_value(s, "x"),
            "Tag.type": lambda s: self.tag.type(s),
            "Tag.eq": lambda s: self.tag.eq(s, self.tag),
            "Instance.exports": lambda s: self.instance.exports(s)["f"](s, 1),
            "Instance.get_export": lambda s: self.instance.get_export(s, "f"),
            "Instance.get_func": lambda s: self.instance.get_func(s, "f"),
            "Instance.get_typed_func": lambda s: self.instance.get_typed_func(s, "f", [I32], [I32]),
            "import func": lambda s: Instance(s, Module(self.engine, '(module (import "" "" (func)))'), [self.host]),
            "import memory": lambda s: Instance(
                s, Module(self.engine, '(module (import "" "" (memory 1)))'), [self.memory]
            ),
            "import table": lambda s: Instance(
                s, Module(self.engine, '(module (import "" "" (table 1 funcref)))'), [self.table]
            ),
            "import global": lambda s: Instance(
                s, Module(self.engine, '(module (import "" "" (global (mut i32))))'), [self.glob]
            ),
            "Linker.define": lambda s: Linker(self.engine).define(s, "", "", self.memory),
            "Linker.define_instance": lambda s: Linker(self.engine).define_instance(s, "i", self.instance),
            "Linker.get": lambda s: self._linker().get(s, "", "f"),
            "Linker.instantiate": lambda s: self._linker().instantiate(
                s, Module(self.engine, '(module (import "" "f" (func (param i32) (result i32))))')
            ),
            "InstancePre": lambda s: (
                self._linker()
                .instantiate_pre(Module(self.engine, '(module (import "" "f" (func (param i32) (result i32))))'))
                .instantiate(s)
            ),
            "Linker.get_default": lambda s: self._linker("_start").get_default(s, ""),
            "Linker.iter": lambda s: list(self._linker().iter(s)),
        }

    def _linker(self, name: str = "f") -> Linker:
        linker = Linker(self.engine)
        linker._define("", name, self.f)  # also when the store is closed already
        return linker

    def makers(self) -> dict[str, Callable[[Any], Any]]:
        """What makes new things in a store."""
        return {
            "Instance": lambda s: Instance(s, self.module, []),
            "Func": lambda s: Func(s, NOTHING, print),
            "Func.wrap": lambda s: Func.wrap(s, print, [], []),
            "Memory": lambda s: Memory(s, MemoryType(Limits(1, None))),
            "Table": lambda s: Table(s, TableType(FUNCREF, Limits(1, None)), None),
            "Global": lambda s: Global(s, GlobalType(I32, True), 1),
            "Tag": lambda s: Tag(s, TagType(NOTHING)),
            "Linker.instantiate": lambda s: Linker(self.engine).instantiate(s, self.module),
            "Linker.define_module": lambda s: Linker(self.engine).define_module(s, "m", self.module),
            "default values": lambda s: Linker(self.engine).define_unknown_imports_as_default_values(
                s, Module(self.engine, '(module (import "" "" (memory 1)))')
            ),
        }


@isolated()
def test_every_operation_with_another_store() -> None:
    engine = Engine()
    world, other = World(engine), World(engine)
    elsewhere = World(Engine())
    for name, operation in world.operations().items():
        operation(world.store)
        for wrong in (other.store, elsewhere.store):
            error = error_of(operation, wrong)
            assert isinstance(error, WasmError), f"{name}: {error!r}"
            assert isinstance(error, WrongStoreError) or "cross-`" in str(error), f"{name}: {error!r}"
    assert world.f(world.store, 5) == 5


@isolated()
def test_every_operation_with_a_closed_store() -> None:
    engine = Engine()
    world, open_world = World(engine), World(engine)
    world.store.close()
    world.store.close()
    for name, operation in {**world.operations(), **world.makers()}.items():
        error = error_of(operation, world.store)
        assert isinstance(error, StoreClosedError), f"{name}: {error!r}"
        assert isinstance(error, ValueError)
    for name, operation in world.operations().items():
        error = error_of(operation, open_world.store)
        assert isinstance(error, WasmError), f"{name}: {error!r}"
    world.store.interrupt()
    expect(StoreClosedError, world.store.set_limits, 1)
    expect(StoreClosedError, bytes, world.memory)


@isolated()
def test_no_store_at_all() -> None:
    world = World(Engine())
    for wrong in (None, 0, "store", world.engine, world.instance, object(), Store, float("nan")):
        for name, operation in {**world.operations(), **world.makers()}.items():
            error = error_of(operation, wrong)
            assert isinstance(error, (TypeError, AttributeError)), f"{name} {wrong!r}: {error!r}"


@isolated()
def test_foreign_references_as_values() -> None:
    engine = Engine()
    mine, theirs = World(engine), World(engine)
    closed = World(engine)
    closed.store.close()
    store = mine.store
    for func in (theirs.f, theirs.typed, theirs.host, closed.f, closed.host):
        for call in (
            lambda func=func: mine.table.set(store, 0, func),
            lambda func=func: mine.table.fill(store, 0, func, 4),
            lambda func=func: mine.table.grow(store, 1, func),
            lambda func=func: mine.fref.set_value(store, func),
            lambda func=func: mine.keep(store, None, func),
            lambda func=func: Table(store, TableType(FUNCREF, Limits(1, None)), func),
            lambda func=func: Global(store, GlobalType(FUNCREF, False), func),
            lambda func=func: Func(store, FuncType([], [FUNCREF]), lambda: func)(store),
        ):
            assert "cross-`Store`" in expect(WasmError, call)
        assert mine.table.size(store) == 4 and mine.table.get(store, 0) is None
        mine.objects.set(store, 0, func)  # an object like any other
        assert mine.objects.get(store, 0) is func
    expect((WrongStoreError, StoreClosedError), mine.table.copy, store, 0, theirs.table, 0, 1)
    expect((WrongStoreError, StoreClosedError), mine.table.copy, store, 0, closed.table, 0, 1)


@isolated()
def test_a_store_closed_inside_its_own_host_call() -> None:
    engine = Engine()
    store = Store(engine)
    seen: list[Any] = []

    def close(caller: Any) -> None:
        for how in (store.close, store.into_data, store._close, lambda: store.__exit__(None, None, None)):
            seen.append(error_of(how))
        seen.append(caller["memory"].size(caller))

    host = Func(store, NOTHING, close, access_caller=True)
    module = Module(
        engine,
        '(module (import "" "" (func)) (memory (export "memory") 3) (func (export "run") (result i32) call 0 i32.const 5))',
    )
    run = Instance(store, module, [host]).exports(store)["run"]
    assert run(store) == 5
    assert [type(error) for error in seen[:4]] == [StoreBusyError] * 4 and seen[4] == 3
    expect(KeyError, host, store)  # called by the host: there is no instance to find "memory" in
    with store:
        pass
    expect(StoreClosedError, run, store)


@isolated()
def test_a_store_closed_while_its_arguments_are_converted() -> None:
    engine = Engine()
    for params in ("i32", "i64", "i32 i32 i32 i32 i32", "externref i32", "f64", "f32 i32", "i64 v128"):
        store = Store(engine)
        types = params.split()
        f = Instance(store, Module(engine, f'(module (func (export "f") (param {params})))'), []).exports(store)["f"]

        class Closing:
            def __init__(self, store: Store) -> None:
                self.store = store

            def __index__(self) -> int:
                self.store.close()
                return 1

            def __int__(self) -> int:
                return self.__index__()

            def __float__(self) -> float:
                return float(self.__index__())

        for position in range(len(types)):
            args = [1.0 if t[0] == "f" else 1 for t in types]
            args[position] = Closing(store)  # type: ignore[call-overload]
            error = error_of(f, store, *args)
            assert error is None or isinstance(error, (TypeError, StoreClosedError)), (params, position, error)


class Closing:
    """An index that closes a store when it is asked for its value; in bounds of everything."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __index__(self) -> int:
        self.store.close()
        return 1

    def _compare(self, other: object) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = _compare


CLOSING: dict[str, Callable[[World, Any], Any]] = {
    "Memory.grow": lambda w, bad: w.memory._grow(w.store, bad),
    "Memory.read start": lambda w, bad: w.memory._read(w.store, bad, 10),
    "Memory.read stop": lambda w, bad: w.memory._read(w.store, 0, bad),
    "Memory.write": lambda w, bad: w.memory._write(w.store, b"abc", bad),
    "Memory": lambda w, bad: Memory._create(w.store, bad, -1, False, 16, False, 0, 0, 0, False, True),
    "Memory maximum": lambda w, bad: Memory._create(w.store, 1, bad, False, 16, False, 0, 0, 0, False, True),
    "Table.get": lambda w, bad: w.table.get(w.store, bad),
    "Table.set": lambda w, bad: w.table.set(w.store, bad, None),
    "Table.grow": lambda w, bad: w.table._grow(w.store, bad, None),
    "Table.fill start": lambda w, bad: w.table._fill(w.store, bad, None, 1),
    "Table.fill length": lambda w, bad: w.table._fill(w.store, 0, None, bad),
    "Table": lambda w, bad: Table._create(w.store, bad, -1, False, 5, None),
    "Table maximum": lambda w, bad: Table._create(w.store, 1, bad, False, 6, None),
    "Global.set_value": lambda w, bad: w.glob.set_value(w.store, bad),
    "Global": lambda w, bad: Global(w.store, GlobalType(I32, True), bad),
    "Func() i32": lambda w, bad: w.f(w.store, bad),
}


@cases("name", CLOSING)
@isolated()
def test_indices_that_close_the_store(name: str) -> None:
    """`__index__` runs between the check of the store and the use of what it owns."""
    world = World(Engine())
    error = error_of(CLOSING[name], world, Closing(world.store))
    assert isinstance(error, (TypeError, StoreClosedError)), error


@isolated()
def test_handles_outlive_everything() -> None:
    kept: list[Any] = []

    def make() -> None:
        world = World(Engine())
        kept.extend([world.f, world.typed, world.several, world.host, world.memory, world.table, world.glob, world.tag])
        kept.extend([world.instance, world.instance.exports(world.store), world.f.type(world.store)])
        kept.append(memoryview(world.memory))
        kept.append(weakref.ref(world.store))
        kept.append(weakref.ref(world.engine))

    make()
    gc.collect()
    assert kept[-1]() is None and kept[-2]() is None
    view = kept[-3]
    view[0] = 5
    assert view[0] == 5 and len(view) == 65536
    other = Store()
    for handle in kept:
        repr(handle)
        error = error_of(hash, handle)
        assert error is None or isinstance(error, (TypeError, ValueError))
        assert handle in [handle]
    f, typed, several, host, memory, table, glob, tag, instance = kept[:9]
    for call in (
        lambda: f(other, 1),
        lambda: typed(other, 1),
        lambda: several(other),
        lambda: host(other),
        lambda: memory.size(other),
        lambda: table.size(other),
        lambda: glob.value(other),
        lambda: tag.type(other),
        lambda: instance.exports(other),
        lambda: instance.get_func(other, "f"),
    ):
        expect(WasmError, call)
    expect(StoreClosedError, memoryview, memory)
    expect(StoreClosedError, len, memory)
    kept.clear()
    gc.collect()
    assert view[0] == 5


@isolated()
def test_a_trap_outlives_everything() -> None:
    def make() -> BaseException:
        store = Store()
        module = Module(store.engine, '(module $m (func $f (export "f") unreachable))')
        error = error_of(Instance(store, module, []).exports(store)["f"], store)
        assert error is not None
        return error

    trap = make()
    gc.collect()
    assert "m!f" in str(trap) and trap.frames[0].func_index == 0  # type: ignore[attr-defined]


@cases("how", ["copy", "deepcopy", *range(pickle.HIGHEST_PROTOCOL + 1)])
@isolated()
def test_copies_of_handles(how: Any) -> None:
    """A TypeError, or an object that works as far as its fields go: never a crash."""
    world = World(Engine())
    linker = Linker(world.engine)
    linker.define_func("", "g", NOTHING, print)
    things = [
        *[world.engine, world.store, world.module, world.instance, world.f, world.typed, world.host, world.memory],
        *[world.table, world.glob, world.tag, linker, linker.instantiate_pre(world.module)],
        *[world.instance.exports(world.store), world.f.type(world.store), I32, Limits(1, 2), taipan.Config()],
        *[world.module.exports[0], world.memory.type(world.store), taipan.Val.i32(5), WasiConfig()],
    ]
    for thing in things:

        def attempt(thing: Any = thing) -> Any:
            if how == "copy":
                return copy.copy(thing)
            if how == "deepcopy":
                return copy.deepcopy(thing)
            return pickle.loads(pickle.dumps(thing, how))

        try:
            made = attempt()
        except (TypeError, pickle.PicklingError, AttributeError) as error:
            assert str(error), thing
            continue
        repr(made)
        for operation in (
            lambda made=made: made(world.store, 1),
            lambda made=made: made(world.store),
            lambda made=made: made.size(world.store),
            lambda made=made: made.value(world.store),
            lambda made=made: made.type(world.store),
            lambda made=made: made.exports(world.store),
            lambda made=made: memoryview(made),
            lambda made=made: Instance(made, world.module, []),
            lambda made=made: Instance(world.store, made, []),
            lambda made=made: Store(made),
            lambda made=made: world.f(made, 1),
            lambda made=made, thing=thing: hash(made) and made == thing,
        ):
            error = error_of(operation)
            assert error is None or isinstance(error, Exception), (thing, error)


@isolated()
def test_uninitialised_objects() -> None:
    """`__new__` without `__init__`, and base classes used directly."""
    from taipan import _native

    world = World(Engine())
    for cls in (Store, Engine, Module, Linker, Tag, _native.StoreBase, taipan.InstancePre, taipan.InstanceExports):
        blank = cls.__new__(cls)
        for name, operation in {**world.operations(), **world.makers()}.items():
            error = error_of(operation, blank)
            assert isinstance(error, Exception), (cls, name)
        for attempt in (
            lambda blank=blank: blank.close(),
            lambda blank=blank: blank.gc(),
            lambda blank=blank: blank.interrupt(),
            lambda blank=blank: repr(blank),
            lambda blank=blank: Store(blank),
            lambda blank=blank: Module(blank, "(module)"),
            lambda blank=blank: Instance(world.store, blank, []),
        ):
            error = error_of(attempt)
            assert error is None or isinstance(error, Exception)
    bases = (_native.FuncBase, _native.MemoryBase, _native.TableBase, _native.GlobalBase, _native.InstanceBase)
    for base in (*bases, _native.CallerBase, _native.NativeModule, _native.Signature, _native.CodeRegion):
        blank = error_of(lambda base=base: base.__new__(base))
        assert blank is None or isinstance(blank, TypeError), base
    for handle in (Memory, Table, Global, Instance, Func, taipan.TypedFunc, taipan.Caller):
        expect(TypeError, object.__new__, handle)
        for base in bases:
            try:
                blank = base.__new__(handle)
            except TypeError:
                continue
            for method in ("size", "value", "type", "exports", "get_func", "__call__"):
                if hasattr(blank, method):
                    expect(
                        (TypeError, AttributeError),
                        getattr(blank, method),
                        world.store,
                        *([""] if method == "get_func" else []),
                    )
            error_of(hash, blank), error_of(repr, blank), error_of(memoryview, blank)
            for item in ("func", "memory 0", "table 0 funcref", "global i32"):
                module = Module(world.engine, f'(module (import "" "" ({item})))')
                expect((TypeError, AttributeError, WrongStoreError), Instance, world.store, module, [blank])


@isolated()
def test_closures_over_their_own_store_are_collected() -> None:
    engine = Engine()
    refs = []
    for kind in range(4):
        store = Store(engine)
        world: dict[str, Any] = {"store": store}
        host = Func(store, NOTHING, lambda world=world: world["store"] and None)
        module = Module(
            engine, '(module (import "" "" (func)) (table (export "t") 1 externref) (func (export "r") call 0))'
        )
        instance = Instance(store, module, [host])
        world["instance"] = instance
        world["exports"] = instance.exports(store)
        world["exports"]["r"](store)
        if kind == 1:
            world["exports"]["t"].set(store, 0, world)
        if kind == 2:
            store.set_data(world)
        if kind == 3:
            linker = Linker(engine)
            linker.define_func("", "", NOTHING, lambda world=world: world and None)
            world["again"] = linker.instantiate(store, module)
            world["linker"] = linker
            del linker
        refs.append(weakref.ref(store))
        del store, world, host, instance, module
    gc.collect()
    assert [ref() for ref in refs] == [None] * 4
    engine_ref = weakref.ref(engine)
    del engine
    gc.collect()
    assert engine_ref() is None


@isolated()
def test_an_engine_in_its_own_host_function_is_collected() -> None:
    engine = Engine()
    linker = Linker(engine)
    linker.define_func("", "f", NOTHING, lambda kept=(engine, linker): None)
    module = Module(engine, '(module (import "" "f" (func)) (func (export "run") call 0))')
    store = Store(engine)
    linker.instantiate(store, module).exports(store)["run"](store)
    ref, module_ref = weakref.ref(engine), weakref.ref(module)
    del engine, linker, module, store
    gc.collect()
    assert ref() is None and module_ref() is None


@isolated()
def test_weak_references() -> None:
    """To what users keep for long. Handles are small and made anew each time: they have none, or working ones."""
    world = World(Engine())
    for thing in (world.engine, world.store, world.module):
        assert weakref.ref(thing)() is thing
    for thing in (world.instance, world.f, world.memory, world.table, world.glob):
        try:
            ref = weakref.ref(thing)
        except TypeError as error:
            assert "weak reference" in str(error)
        else:
            assert ref() is thing
    table: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
    table[world.store] = 1
    world.store.close()
    assert len(table) == 1
    del world, thing
    gc.collect()
    assert not table


@isolated()
def test_collections_during_host_calls() -> None:
    engine = Engine()
    store = Store(engine)
    calls = []

    def host(value: Any) -> Any:
        calls.append(value)
        gc.collect()
        store.gc()
        garbage: list[Any] = [Store(engine)]
        garbage.append(garbage)
        return [value]

    func = Func(store, FuncType([EXTERNREF], [EXTERNREF]), host)
    module = Module(
        engine,
        """(module (import "" "" (func $h (param externref) (result externref)))
        (func $f (export "f") (param externref i32) (result externref)
          (if (result externref) (i32.eqz (local.get 1)) (then (local.get 0))
            (else (call $h (call $f (call $h (local.get 0)) (i32.sub (local.get 1) (i32.const 1))))))))""",
    )
    f = Instance(store, module, [func]).exports(store)["f"]
    value: Any = object()
    ref = weakref.ref(value_class := type("Value", (), {}))
    assert ref() is value_class
    for _ in range(3):
        result = f(store, value, 6)
        for _ in range(12):
            assert isinstance(result, list)
            (result,) = result
        assert result is value
    gc.set_threshold(1)
    try:
        f(store, value, 6)
    finally:
        gc.set_threshold(700, 10, 10)


@isolated()
def test_finalizers_that_use_the_store() -> None:
    engine = Engine()
    outcomes: list[str] = []

    class Final:
        def __init__(self, world: World) -> None:
            self.world = world

        def __del__(self) -> None:
            world = self.world
            for operation in [*world.operations().values(), *world.makers().values()]:
                error = error_of(operation, world.store)
                outcomes.append("ok" if error is None else type(error).__name__)

    # Released by a table, a global, a sweep after a call, and by the end of the store.
    world = World(engine)
    world.objects.set(world.store, 0, Final(world))
    world.objects.set(world.store, 0, None)
    assert outcomes and set(outcomes) == {"ok"}
    outcomes.clear()
    world.ref.set_value(world.store, Final(world))
    world.ref.set_value(world.store, None)
    assert outcomes and set(outcomes) == {"ok"}
    outcomes.clear()
    world.keep(world.store, Final(world), None)
    world.keep(world.store, None, None)
    world.store.gc()
    assert outcomes and set(outcomes) == {"ok"}
    outcomes.clear()
    world.objects.set(world.store, 1, Final(world))
    world.ref.set_value(world.store, Final(world))
    world.keep(world.store, Final(world), None)
    world.store.close()
    assert outcomes and set(outcomes) <= {"StoreClosedError", "ok"}
    outcomes.clear()
    world = World(engine)
    world.objects.set(world.store, 1, Final(world))
    world.store.set_data(Final(world))
    world.instance = None  # type: ignore[assignment]
    del world
    gc.collect()
    assert outcomes


@isolated()
def test_finalizers_that_close_the_store_or_change_the_table() -> None:
    engine = Engine()

    class Do:
        def __init__(self, action: Callable[[], Any]) -> None:
            self.action = action

        def __del__(self) -> None:
            self.action()

    def objects_full(world: World, action: Callable[[], Any]) -> None:
        for i in range(4):
            world.objects.set(world.store, i, Do(action))

    def check(world: World, call: Callable[[], Any]) -> None:
        error = error_of(call)
        assert error is None or isinstance(error, WasmError), error

    for action_of in (
        lambda world: world.store.close,
        lambda world: lambda: world.objects.fill(world.store, 0, "x", world.objects.size(world.store)),
        lambda world: lambda: world.objects.grow(world.store, 100, "y"),
        lambda world: lambda: world.store.gc(),
        lambda world: lambda: world.keep(world.store, "z", None),
    ):
        for call_of in (
            lambda world: lambda: world.objects.set(world.store, 0, None),
            lambda world: lambda: world.objects.fill(world.store, 0, None, 4),
            lambda world: lambda: world.objects.copy(world.store, 0, world.objects, 1, 3),
            lambda world: lambda: world.ref.set_value(world.store, None),
            lambda world: lambda: world.store.gc(),
            lambda world: lambda: world.store.close(),
            lambda world: lambda: world.keep(world.store, None, None),
            lambda world: lambda: [world.keep(world.store, str(i), None) for i in range(3000)],
        ):
            world = World(engine)

            def action(world: World = world, action_of: Any = action_of) -> None:
                error = error_of(action_of(world))
                assert error is None or isinstance(error, WasmError), error

            objects_full(world, action)
            world.ref.set_value(world.store, Do(action))
            world.keep(world.store, Do(action), None)
            check(world, call_of(world))
            check(world, lambda world=world: world.store.close())


@isolated()
def test_instances_in_cycles_go() -> None:
    engine = Engine()
    module = Module(
        engine,
        '(module (import "" "" (func)) (table (export "t") 1 externref) (global (export "g") (mut externref) (ref.null extern)))',
    )
    refs = []
    for _ in range(20):
        store = Store(engine)
        holder: Any = type("Holder", (), {})()
        instance = Instance(store, module, [Func(store, NOTHING, holder.__init__)])
        exports = instance.exports(store)
        holder.everything = (store, instance, exports, exports["t"])
        exports["t"].set(store, 0, holder)
        exports["g"].set_value(store, exports)
        refs.append(weakref.ref(holder))
    del store, holder, instance, exports
    gc.collect()
    assert all(ref() is None for ref in refs)


@isolated()
def test_limiters_that_close_or_reenter() -> None:
    engine = Engine()

    class Limiter:
        def __init__(self, action: Callable[[], Any]) -> None:
            self.action = action
            self.depth = 0

        def memory_growing(self, *args: Any) -> bool:
            self.depth += 1
            if self.depth < 4:
                self.action()
            self.depth -= 1
            return True

        table_growing = memory_growing

    for action_of in (
        lambda world: world.store.close,
        lambda world: lambda: world.memory.grow(world.store, 1),
        lambda world: lambda: world.table.grow(world.store, 1, None),
        lambda world: lambda: Instance(world.store, world.module, []),
        lambda world: lambda: setattr(world.store, "limiter", None),
        lambda world: lambda: 1 // 0,
    ):
        for call_of in (
            lambda world: lambda: world.memory.grow(world.store, 1),
            lambda world: lambda: world.table.grow(world.store, 1, None),
            lambda world: lambda: Instance(world.store, world.module, []),
            lambda world: lambda: Memory(world.store, MemoryType(Limits(1, None))),
            lambda world: lambda: Table(world.store, TableType(FUNCREF, Limits(1, None)), None),
        ):
            world = World(engine)
            world.store.limiter = Limiter(action_of(world))
            error = error_of(call_of(world))
            assert error is None or isinstance(error, (WasmError, ZeroDivisionError)), error


@isolated()
def test_names_used_after_close() -> None:
    """Engines, modules, linkers and configurations that were closed."""
    engine = Engine()
    module = Module(engine, EVERYTHING)
    store = Store(engine)
    linker = Linker(engine)
    pre = linker.instantiate_pre(module)
    instance = Instance(store, module, [])
    f = instance.exports(store)["f"]
    for thing in (pre, linker, module, engine):
        thing.close()
        thing.close()
    for call in (
        lambda: pre.instantiate(store),
        lambda: linker.instantiate(store, module),
        lambda: linker.define_func("", "", NOTHING, print),
        lambda: Instance(store, module, []),
        lambda: module.exports,
        lambda: module.text(),
        lambda: Store(engine),
        lambda: Module(engine, "(module)"),
        lambda: Linker(engine),
    ):
        assert "already closed" in expect(ValueError, call)
    assert f(store, 3) == 3
    error = error_of(Store, Engine)
    assert isinstance(error, TypeError)
