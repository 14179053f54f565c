"""StoreBase: ids, closing, ownership, externrefs, statistics."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest
from native_code import Function, new_code_module
from native_objects import EXTERNREF, FUNCREF, I32, instantiate, native, new_store, signature

from taipan.errors import StoreBusyError, StoreClosedError, WasmError, WrongStoreError
from taipan.runtime.func import Caller, Func


class Thing:
    """An object that can be watched."""


def identity(kind: int) -> Function:
    return Function([kind], [kind]).raw("4889d0").end()  # mov rax, rdx


def host(store: Any, callback: Any, params: Any = (), results: Any = (), access_caller: bool = False) -> Any:
    return Func._host(store, signature(list(params), list(results)), callback, access_caller)


def test_ids_are_never_reused() -> None:
    ids = []
    for _ in range(100):
        store = new_store()
        ids.append(store.id)
        store._close()
        assert store.id == ids[-1]
    assert ids == sorted(set(ids)) and ids[0] >= 1


def test_construction() -> None:
    for options in ({"gil": "never"}, {"max_wasm_stack": 0}):
        with pytest.raises(ValueError):
            native.StoreBase(**{"max_wasm_stack": 1 << 20, "gil": "hold", **options})
    with pytest.raises(TypeError):
        native.StoreBase()
    store = new_store()
    with pytest.raises(TypeError, match="once"):
        store.__init__(max_wasm_stack=1, gil="hold")
    raw = native.StoreBase.__new__(native.StoreBase)
    assert raw.closed
    with pytest.raises(StoreClosedError):
        host(raw, print)


def test_closing() -> None:
    store = new_store()
    func = instantiate(store, new_code_module([identity(I32)]))._func(store, 0)
    called = host(store, lambda: None)
    assert func(store, 5) == 5
    store._close()
    store._close()
    assert store.closed
    for action in (
        lambda: func(store, 5),
        lambda: called(store),
        lambda: func._signature(store),
        lambda: host(store, print),
    ):
        with pytest.raises(StoreClosedError, match="the store is closed"):
            action()
    store._interrupt()
    store._gc()
    assert store._stats()["activations_table"] == 0


def test_wrong_store() -> None:
    store, other = new_store(), new_store()
    func = instantiate(store, new_code_module([identity(I32)]))._func(store, 0)
    for action in (lambda: func(other, 5), lambda: func._signature(other)):
        with pytest.raises(WrongStoreError, match="object used with the wrong store"):
            action()
    for wrong in (None, 1, func):
        with pytest.raises(TypeError, match="expected a Store or a Caller"):
            func(wrong, 5)


def test_no_closing_while_wasm_runs() -> None:
    store = new_store()
    caught = []

    def callback() -> None:
        with pytest.raises(StoreBusyError):
            store._close()
        caught.append(True)

    module = new_code_module([Function([], []).call_import(0).end()], imports=[([], [])])
    instantiate(store, module, [host(store, callback)])._func(store, 1)(store)
    host(store, callback)(store)
    assert caught == [True, True]
    store._close()


def test_callbacks_live_as_long_as_the_store() -> None:
    store = new_store()
    callback = Thing()
    callback.__class__ = type("Callback", (Thing,), {"__call__": lambda self: None})
    watch = weakref.ref(callback)
    func = host(store, callback)
    del callback, func
    gc.collect()
    assert watch() is not None
    store._close()
    assert watch() is None


def test_cycles_through_the_store_are_collected() -> None:
    """The usual one: a callback that mentions its store."""

    def make() -> weakref.ref[Thing]:
        thing = Thing()
        store = new_store()
        host(store, lambda: (store, thing))
        return weakref.ref(thing)

    watch = make()
    gc.collect()
    assert watch() is None


def test_stores_leak_nothing() -> None:
    def round_() -> None:
        store = new_store()
        module = new_code_module([Function([I32], [I32]).call_import(0).end()], imports=[([I32], [I32])])
        instance = instantiate(store, module, [host(store, lambda x: x, [I32], [I32])])
        assert instance._func(store, 1)(store, 3) == 3
        assert instance._func(store, 1) == instance._func(store, 1)

    for _ in range(20):
        round_()
    gc.collect()
    before, objects = sys.getallocatedblocks(), len(gc.get_objects())
    for _ in range(300):
        round_()
    gc.collect()
    assert sys.getallocatedblocks() - before < 100
    assert len(gc.get_objects()) - objects < 20


def test_limiter_attribute() -> None:
    store = new_store()
    assert store.limiter is None
    watched = Thing()
    store.limiter = watched
    assert store.limiter is watched
    store.limiter = None
    assert store.limiter is None
    store.limiter = watched
    watch = weakref.ref(watched)
    del watched
    assert watch() is not None
    store._close()
    assert watch() is None


# ---- externrefs ----


def test_externrefs_keep_their_identity() -> None:
    store = new_store()
    func = instantiate(store, new_code_module([identity(EXTERNREF)]))._func(store, 0)
    for value in (Thing(), 5, "text", [], print, store):
        assert func(store, value) is value
    assert func(store, None) is None


def test_externrefs_are_released_by_gc() -> None:
    store = new_store()
    func = instantiate(store, new_code_module([identity(EXTERNREF)]))._func(store, 0)
    thing = Thing()
    watch = weakref.ref(thing)
    references = sys.getrefcount(thing)
    for _ in range(10):
        func(store, thing)
    assert sys.getrefcount(thing) == references + 1  # the table's, however often it entered
    del thing
    assert watch() is not None
    stats = store._stats()
    assert (stats["activations_table"], stats["externref_increments"]) == (1, 1)
    store._gc()
    assert watch() is None
    assert store._stats()["externref_decrements"] == 1


def test_externrefs_are_released_when_many() -> None:
    """Without any explicit gc the table stays small."""
    store = new_store()
    func = instantiate(store, new_code_module([identity(EXTERNREF)]))._func(store, 0)
    for _ in range(10_000):
        func(store, Thing())
    assert store._stats()["activations_table"] <= 600
    things = [weakref.ref(func(store, Thing())) for _ in range(10)]
    assert all(thing() is not None for thing in things[-1:])
    store._close()
    assert all(thing() is None for thing in things)


def test_gc_in_a_host_function_frees_nothing_live() -> None:
    store = new_store()
    # Passes its argument to the import, then returns it: it must have survived. [rbp - 24] holds it meanwhile.
    function = Function([EXTERNREF], [EXTERNREF]).raw("52 52").call_import(0)
    function.sites[-1] = (*function.sites[-1][:3], 1)
    function.raw("488b45e8").end().stack_maps = [1, 24]
    module = new_code_module([function], imports=[([EXTERNREF], [])])
    collected = []

    def callback(value: Thing) -> None:
        store._gc()
        collected.append(type(value))

    func = instantiate(store, module, [host(store, callback, [EXTERNREF])])._func(store, 1)
    watch = None
    for _ in range(3):
        result = func(store, Thing())
        assert isinstance(result, Thing)
        watch = weakref.ref(result)
        del result
    store._gc()
    assert watch is not None and watch() is None
    assert collected == [Thing] * 3


def keeper(*maps: int | None) -> Function:
    """Keeps what import 0 gives in [rbp - 24] and calls import 1 once per map: position + 1, 0: none, None: no site."""
    function = Function([], []).call_import(0).raw("50 50")
    for position in maps:
        function.call_import(1)
        site = function.sites.pop()
        if position is not None:
            function.sites.append((*site[:3], position))
    function.end().stack_maps = [1, 24, 1, 32]
    return function


def collections(function: Function) -> tuple[list[bool], dict[str, int]]:
    """Whether the object is alive after a collection in each call of import 1; and the store's counters."""
    store = new_store()
    module = new_code_module([function], imports=[([], [EXTERNREF]), ([], [])])
    alive = []
    thing = [Thing()]
    watch = weakref.ref(thing[0])

    def collect() -> None:
        store._gc()
        alive.append(watch() is not None)

    imports = [host(store, thing.pop, [], [EXTERNREF]), host(store, collect)]
    instantiate(store, module, imports)._func(store, 2)(store)
    return alive, store._stats()


def test_collections_look_at_the_map_of_the_return_address() -> None:
    alive, stats = collections(keeper(1, 0))
    assert alive == [True, False]
    assert (stats["gc_table"], stats["gc_live"], stats["gc_strays"]) == (1, 0, 0)
    assert collections(keeper(3, 0))[0] == [True, False]


def test_references_that_are_not_in_the_table_are_noticed() -> None:
    alive, stats = collections(keeper(0, 1))
    assert alive == [False, False]
    assert stats["gc_strays"] == 1


def test_frames_without_a_map_stop_collections() -> None:
    """Nothing is freed on a guess; one warning for all."""
    with pytest.warns(RuntimeWarning, match="a wasm frame has no stack map") as warnings:
        alive, stats = collections(keeper(None, None))
    assert alive == [True, True]
    assert len(warnings) == 1
    assert (stats["gc_skipped"], stats["activations_table"]) == (2, 1)


def test_results_from_the_host_survive_each_other() -> None:
    """Three externrefs returned by a host function, more of them than the table's limit: none is lost on the way."""
    store = new_store()
    three = Function([], [EXTERNREF]).raw("4883ec10 4889e2")  # sub rsp, 16; mov rdx, rsp: room for two results
    three.call_import(0).end()
    module = new_code_module([three], imports=[([], [EXTERNREF] * 3)])
    func = instantiate(store, module, [host(store, lambda: [Thing(), Thing(), Thing()], [], [EXTERNREF] * 3)])._func(
        store, 1
    )
    for _ in range(1000):
        assert isinstance(func(store), Thing)


def test_finalizer_that_uses_the_store() -> None:
    store = new_store()
    func = instantiate(store, new_code_module([identity(EXTERNREF)]))._func(store, 0)
    seen = []

    class Final:
        def __del__(self) -> None:
            try:
                seen.append(func(store, "again"))
            except WasmError as error:
                seen.append(str(error))

    func(store, Final())
    store._gc()
    assert seen == ["again"]
    func(store, Final())
    store._close()
    assert seen == ["again", "the store is closed"]


def test_finalizer_that_closes_the_store() -> None:
    store = new_store()
    func = instantiate(store, new_code_module([identity(EXTERNREF)]))._func(store, 0)

    class Closer:
        def __del__(self) -> None:
            store._close()

    for _ in range(511):
        func(store, Thing())
    func(store, Closer())
    with pytest.raises(StoreClosedError):
        for _ in range(10):
            func(store, Thing())
    assert store.closed


# ---- funcrefs ----


def test_funcrefs() -> None:
    store, other = new_store(), new_store()
    instance = instantiate(store, new_code_module([identity(FUNCREF), identity(I32)]))
    func, target = instance._func(store, 0), instance._func(store, 1)
    assert func(store, None) is None
    for value in (func, target, host(store, print)):
        result = func(store, value)
        assert result == value and hash(result) == hash(value) and type(result) is Func
    foreign = instantiate(other, new_code_module([identity(I32)]))._func(other, 0)
    with pytest.raises(WasmError, match="cross-`Store` values are not supported"):
        func(store, foreign)
    with pytest.raises(TypeError, match="to funcref"):
        func(store, 5)
    assert func != foreign and func != target and func != 5


def test_the_null_record() -> None:
    address, code = native.debug_null_funcref()
    assert address != 0 and code == 0


# ---- Caller ----


def test_caller() -> None:
    store, other = new_store(), new_store()
    kept: list[Any] = []
    module = new_code_module([Function([I32], [I32]).call_import(0).end(), identity(I32)], imports=[([I32], [I32])])

    def callback(caller: Any, n: int) -> int:
        kept.append(caller)
        assert type(caller) is Caller and caller._store is store
        assert caller._instance is None or caller._instance._store_id == store.id
        kept.append(caller._instance is None)
        with pytest.raises(WrongStoreError):
            foreign(caller, 1)
        return int(double(caller, n)) + 1

    func = host(store, callback, [I32], [I32], access_caller=True)
    instance = instantiate(store, module, [func])
    double = instance._func(store, 2)
    foreign = instantiate(other, new_code_module([identity(I32)]))._func(other, 0)
    assert instance._func(store, 1)(store, 7) == 8
    assert func(store, 9) == 10
    assert kept[1::2] == [False, True]
    for caller in kept[::2]:
        for action in (lambda caller=caller: caller._store, lambda caller=caller: double(caller, 1)):
            with pytest.raises(WasmError, match="no longer valid"):
                action()
    with pytest.raises(TypeError):
        native.CallerBase()


def test_callers_that_nobody_keeps_are_reused_safely() -> None:
    """Nested calls each have their own."""
    store = new_store()
    holder: list[Any] = []

    def callback(caller: Any, n: int) -> int:
        inner = holder[0](caller, n - 1) if n else 0
        assert caller._store is store
        return int(inner) + 1

    module = new_code_module([Function([I32], [I32]).call_import(0).end()], imports=[([I32], [I32])])
    holder.append(instantiate(store, module, [host(store, callback, [I32], [I32], True)])._func(store, 1))
    for n in (0, 5, 100, 3):
        assert holder[0](store, n) == n + 1
