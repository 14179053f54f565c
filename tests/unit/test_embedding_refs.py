"""externref: Python objects live as long as wasm can reach them and not longer; identity is kept."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import (
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Module,
    Store,
    Table,
    TableType,
    ValType,
)

I32, EXTERNREF = ValType.i32(), ValType.externref()


class Thing:
    """Something that can be watched."""


class Counted:
    """Counts how many were dropped."""

    dropped = 0

    def __del__(self) -> None:
        Counted.dropped += 1


@pytest.fixture(autouse=True)
def reset() -> None:
    gc.collect()
    Counted.dropped = 0


def test_smoke_test_gc(store: Store) -> None:
    """A collection while references are on wasm's stack keeps them; afterwards nothing does."""
    alive: list[bool] = []

    def collect(caller: taipan.Caller) -> None:
        caller.gc()
        alive.append(watched() is not None)

    exports = exports_of(
        store,
        """(module (import "" "gc" (func $gc))
          (func $f (export "f") (param i32 externref) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
              (then (call $gc) (i32.const 0))
              (else (call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))))""",
        Func(store, FuncType([], []), collect, access_caller=True),
    )
    thing = Thing()
    watched = weakref.ref(thing)
    assert exports["f"](store, 5, thing) == 0
    assert alive == [True]
    del thing
    store.gc()
    assert watched() is None


def test_references_of_wasm_keep_objects_alive(store: Store) -> None:
    """The host holds no reference of its own any more while wasm runs."""
    held: list[Any] = [Thing()]
    watched = weakref.ref(held[0])
    seen: list[bool] = []

    def collect(caller: taipan.Caller) -> None:
        gc.collect()
        caller.gc()
        seen.append(watched() is not None)

    exports = exports_of(
        store,
        """(module (import "" "take" (func $take (result externref))) (import "" "gc" (func $gc))
          (import "" "use" (func $use (param externref)))
          (func (export "f") (local externref)
            (local.set 0 (call $take)) (call $gc) (call $use (local.get 0))))""",
        Func(store, FuncType([], [EXTERNREF]), held.pop),
        Func(store, FuncType([], []), collect, access_caller=True),
        Func(store, FuncType([EXTERNREF], []), lambda x: seen.append(isinstance(x, Thing))),
    )
    exports["f"](store)
    assert seen == [True, True]
    store.gc()
    assert watched() is None


def test_wasm_dropping_refs(store: Store) -> None:
    exports = exports_of(store, '(module (func (export "drop") (param externref) nop))')
    drop = exports["drop"]
    for _ in range(4096):
        drop(store, Counted())
    assert Counted.dropped > 0  # collected without being asked
    store.gc()
    assert Counted.dropped == 4096


def test_many_live_refs(store: Store) -> None:
    """1,024 references on the stack at once."""
    live: list[int] = []

    def observe(thing: Counted) -> None:
        assert isinstance(thing, Counted)
        live.append(Counted.dropped)

    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref)))
          (import "" "observe" (func $observe (param externref)))
          (func $f (export "f") (param i32) (local externref)
            (if (i32.eqz (local.get 0)) (then return))
            (local.set 1 (call $make))
            (call $f (i32.sub (local.get 0) (i32.const 1)))
            (call $observe (local.get 1))))""",
        Func(store, FuncType([], [EXTERNREF]), Counted),
        Func(store, FuncType([EXTERNREF], []), observe),
    )
    exports["f"](store, 1024)
    assert live == [0] * 1024
    store.gc()
    assert Counted.dropped == 1024


def test_drop_externref_via_table_set(store: Store) -> None:
    exports = exports_of(
        store,
        """(module (table $t (export "t") 1 externref)
          (func (export "set") (param externref) (table.set $t (i32.const 0) (local.get 0))))""",
    )
    first, second = Thing(), Thing()
    watch_first, watch_second = weakref.ref(first), weakref.ref(second)
    exports["set"](store, first)
    del first
    store.gc()
    assert watch_first() is not None
    exports["set"](store, second)
    del second
    store.gc()
    assert watch_first() is None
    assert watch_second() is not None
    exports["t"].set(store, 0, None)  # counted, not collected: at once
    assert watch_second() is None


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("place", ["global", "table"])
def test_stores_drop_what_they_hold(engine: taipan.Engine, place: str, own: bool) -> None:
    store = Store(engine)
    thing = Thing()
    watched = weakref.ref(thing)
    if place == "global":
        if own:
            wat = '(module (global (export "g") (mut externref) (ref.null extern)))'
            variable = exports_of(store, wat)["g"]
            variable.set_value(store, thing)
        else:
            variable = Global(store, GlobalType(EXTERNREF, True), thing)
        assert variable.value(store) is thing
    else:
        if own:
            table = exports_of(store, '(module (table (export "t") 1 externref))')["t"]
            table.set(store, 0, thing)
        else:
            table = Table(store, TableType(EXTERNREF, Limits(1, None)), thing)
        assert table.get(store, 0) is thing
    del thing
    store.gc()
    assert watched() is not None
    store.close()
    assert watched() is None


def test_global_init_no_leak(engine: taipan.Engine) -> None:
    thing = Thing()
    before = sys.getrefcount(thing)
    with Store(engine) as store:
        constant = Global(store, GlobalType(EXTERNREF, False), thing)
        exports = exports_of(
            store,
            '(module (import "" "" (global externref)) (global (export "g") externref (global.get 0)))',
            constant,
        )
        assert exports["g"].value(store) is thing
        assert sys.getrefcount(thing) > before
    assert sys.getrefcount(thing) == before


def test_no_gc_middle_of_args(store: Store) -> None:
    """Three references returned by the host reach a host function with three parameters unharmed."""
    seen: list[tuple[str, ...]] = []
    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref externref externref)))
          (import "" "take" (func $take (param externref externref externref)))
          (func (export "run") (local i32)
            (local.set 0 (i32.const 1000))
            (loop $again
              (call $take (call $make))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""",
        Func(store, FuncType([], [EXTERNREF] * 3), lambda: ("a" * 2, "b" * 2, "c" * 2)),
        Func(store, FuncType([EXTERNREF] * 3, []), lambda *args: seen.append(args)),
    )
    exports["run"](store)
    assert seen == [("aa", "bb", "cc")] * 1000


def test_identity(store: Store) -> None:
    exports = exports_of(
        store,
        """(module (global $g (mut externref) (ref.null extern)) (table $t 1 externref)
          (func (export "id") (param externref) (result externref) local.get 0)
          (func (export "around") (param externref) (result externref)
            (global.set $g (local.get 0))
            (table.set $t (i32.const 0) (global.get $g))
            (table.get $t (i32.const 0)))
          (func (export "null") (param externref) (result i32) (ref.is_null (local.get 0))))""",
    )
    for thing in (object(), 0, "", (), None, print, store):
        assert exports["id"](store, thing) is thing
        assert exports["around"](store, thing) is thing
        assert exports["null"](store, thing) == (thing is None)


def test_counts_change_only_in_tables_and_globals(store: Store) -> None:
    """R-11: locals and calls are free of counting."""
    exports = exports_of(
        store,
        """(module (global $g (mut externref) (ref.null extern))
          (func $pass (param externref) (result externref) local.get 0)
          (func (export "loop") (param externref i32) (local externref)
            (loop $again
              (local.set 2 (call $pass (local.get 0)))
              (local.set 0 (local.get 2))
              (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
          (func (export "set") (param externref) (global.set $g (local.get 0))))""",
    )
    thing = Thing()
    exports["loop"](store, thing, 1)
    before = store._stats()
    exports["loop"](store, thing, 100_000)
    after = store._stats()
    assert after["externref_increments"] - before["externref_increments"] <= 2
    exports["set"](store, thing)
    assert store._stats()["externref_increments"] == after["externref_increments"] + 1


def test_a_thread_moves_references_while_another_counts(engine: taipan.Engine) -> None:
    store = Store(engine)
    thing = Thing()
    table = Table(store, TableType(EXTERNREF, Limits(1, None)), None)
    exports = exports_of(
        store,
        """(module (import "" "t" (table $t 1 externref)) (global $g (mut externref) (ref.null extern))
          (func $pass (param externref) (result externref) local.get 0)
          (func (export "run") (param externref)
            (loop $again
              (global.set $g (call $pass (local.get 0)))
              (table.set $t (i32.const 0) (global.get $g))
              (local.set 0 (call $pass (table.get $t (i32.const 0))))
              (br $again))))""",
        table,
    )
    before = sys.getrefcount(thing)
    started = threading.Event()

    def run() -> None:
        started.set()
        with pytest.raises(taipan.Trap, match="interrupt"):
            exports["run"](store, thing)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    for _ in range(10_000):
        copies = [thing] * 3
        del copies
    store.interrupt()
    thread.join()
    del thread, run
    store.close()
    assert sys.getrefcount(thing) == before


def test_finalizers_may_use_the_store(store: Store) -> None:
    calls: list[int] = []
    exports = exports_of(
        store,
        """(module (table (export "t") 1 externref) (func (export "f") (result i32) i32.const 7))""",
    )

    class Reenters:
        def __del__(self) -> None:
            calls.append(exports["f"](store))

    exports["t"].set(store, 0, Reenters())
    exports["t"].set(store, 0, None)
    assert calls == [7]


# --- function references ---


def test_null_function_references_are_one_record(store: Store) -> None:
    from taipan import _native

    address, code = _native.debug_null_funcref()
    assert address != 0
    assert code == 0
    exports = exports_of(
        store,
        """(module (table 1 funcref) (global $g (mut funcref) (ref.null func)) (elem declare func $f) (func $f)
          (func (export "null") (result i32) (ref.is_null (global.get $g)))
          (func (export "set") (global.set $g (ref.func $f)))
          (func (export "copy") (param i32) (loop $again
            (table.set (i32.const 0) (global.get $g)) (global.set $g (table.get (i32.const 0)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""",
    )
    assert exports["null"](store) == 1
    exports["set"](store)
    assert exports["null"](store) == 0
    exports["copy"](store, 1)
    before = store._stats()
    exports["copy"](store, 100_000)
    assert store._stats() == before  # no allocation, no counting


def test_function_references_in_and_out(engine: taipan.Engine) -> None:
    """Null, an own function, one of another instance of the store, one of the host; all gone with the store."""
    store = Store(engine)
    exports = exports_of(
        store,
        """(module (type $t (func (param i32) (result i32)))
          (func (export "id") (param funcref) (result funcref) local.get 0)
          (func (export "double") (type $t) (i32.mul (local.get 0) (i32.const 2)))
          (table 1 funcref)
          (func (export "call") (param funcref i32) (result i32)
            (table.set (i32.const 0) (local.get 0))
            (call_indirect (type $t) (local.get 1) (i32.const 0))))""",
    )
    other = exports_of(
        store, '(module (func (export "triple") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))'
    )

    class Adds:
        def __call__(self, value: int) -> int:
            return value + 1

    adds = Adds()
    watched = weakref.ref(adds)
    host = Func(store, FuncType([I32], [I32]), adds)
    del adds
    assert exports["id"](store, None) is None
    for func, result in ((exports["double"], 42), (other["triple"], 63), (host, 22)):
        back = exports["id"](store, func)
        assert back == func
        assert back.type(store) == func.type(store)
        assert back(store, 21) == exports["call"](store, func, 21) == result
    with pytest.raises(taipan.Trap, match="uninitialized element"):
        exports["call"](store, None, 21)
    with pytest.raises(taipan.Trap, match="indirect call type mismatch"):
        exports["call"](store, exports["id"], 21)
    assert watched() is not None
    store.close()
    assert watched() is None


# --- partial effects of failed instantiation ---


def test_failed_instantiation_leaves_its_functions_behind(engine: taipan.Engine, store: Store) -> None:
    table = Table(store, TableType(ValType.funcref(), Limits(10, None)), None)
    module = Module(
        engine,
        """(module (import "" "t" (table 10 funcref))
          (func $f (result i32) i32.const 42) (func $g (result i32) i32.const 43)
          (elem (i32.const 7) $f) (elem (i32.const 9) $g $g))""",
    )
    with pytest.raises(taipan.Trap, match="out of bounds table access"):
        Instance(store, module, [table])
    del module
    gc.collect()
    assert table.get(store, 7)(store) == 42
    assert table.get(store, 9) is None  # all or nothing


def test_failed_data_segments(store: Store) -> None:
    memory = taipan.Memory(store, taipan.MemoryType(Limits(1, None)))
    with pytest.raises(taipan.Trap, match="out of bounds memory access"):
        exports_of(
            store,
            """(module (import "" "" (memory 1)) (data (i32.const 0) "first") (data (i32.const 65530) "too long")
              (data (i32.const 100) "never"))""",
            memory,
        )
    assert memory.read(store, 0, 5) == b"first"
    assert memory.read(store, 65530) == bytes(6)
    assert memory.read(store, 100, 105) == bytes(5)


def test_many_failing_instances(engine: taipan.Engine, store: Store) -> None:
    table = Table(store, TableType(ValType.funcref(), Limits(1000, None)), None)
    counted = Global(store, GlobalType(I32, True), 0)
    linker = Linker(engine)
    linker.define(store, "", "t", table)
    linker.define(store, "", "n", counted)
    linker.define_func("", "at", FuncType([], [I32]), lambda: 5)
    for i in range(0, 1000, 10):
        wat = f"""(module (import "" "t" (table 1000 funcref)) (import "" "n" (global $n (mut i32)))
          (func $f (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) i32.const {i})
          (func $fail unreachable) (elem (i32.const {i}) $f) (start $fail))"""
        with pytest.raises(taipan.Trap):
            linker.instantiate(store, Module(engine, wat))
    gc.collect()
    assert [table.get(store, i)(store) for i in range(0, 1000, 10)] == list(range(0, 1000, 10))
    assert counted.value(store) == 100
