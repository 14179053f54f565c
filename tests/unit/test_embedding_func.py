"""Host functions and calls: conversion, typed calls, callers, exceptions, lifetimes."""

from __future__ import annotations

import gc
import itertools
import weakref
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import Caller, Func, FuncType, Instance, Linker, Module, Store, Trap, Val, ValType, WasmError

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()
FUNCREF, EXTERNREF = ValType.funcref(), ValType.externref()
NAMES = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", FUNCREF: "funcref", EXTERNREF: "externref"}


# --- types ---


@pytest.mark.parametrize("type", [I32, I64, F32, F64, FUNCREF, EXTERNREF])
def test_function_types_show_what_was_given(store: Store, type: ValType) -> None:
    assert Func(store, FuncType([type], []), lambda x: None).type(store) == FuncType([type], [])
    assert Func(store, FuncType([], [type]), lambda: None).type(store).results == [type]
    several = FuncType([I32, type, F64], [type, I64])
    assert Func(store, several, lambda *args: None).type(store) == several


def test_wrap_reads_annotations(store: Store) -> None:
    def add(a: taipan.i32, b: taipan.i64) -> (taipan.i64, taipan.f32):  # type: ignore[valid-type, syntax]
        return a + b, 0.5

    func = Func.wrap(store, add)
    assert func.type(store) == FuncType([I32, I64], [I64, F32])
    assert func(store, 1, 2) == [3, 0.5]

    def nothing() -> None:
        pass

    assert Func.wrap(store, nothing).type(store) == FuncType([], [])
    assert Func.wrap(store, lambda a, b: a, [I32, I32], I32)(store, 5, 6) == 5

    def ambiguous(a: int) -> None:
        pass

    with pytest.raises(TypeError, match=r"'a' needs a WebAssembly type such as taipan\.i32"):
        Func.wrap(store, ambiguous)

    def with_caller(caller: Caller, a: taipan.i32) -> taipan.i32:  # type: ignore[valid-type]
        assert isinstance(caller, Caller)
        return a

    assert Func.wrap(store, with_caller).type(store) == FuncType([I32], [I32])
    assert Func.wrap(store, with_caller)(store, 3) == 3


@pytest.mark.parametrize(
    ("params", "results"),
    [((), ()), ((I32,), ()), ((I64, F32), (F64,)), ((FUNCREF, EXTERNREF), (EXTERNREF, I32))],
)
def test_typed_checks_the_type(store: Store, params: tuple[ValType, ...], results: tuple[ValType, ...]) -> None:
    func = Func(store, FuncType(params, results), lambda *args: None)
    assert func.typed(store, params, results).func == func
    wrong: list[tuple[tuple[ValType, ...], tuple[ValType, ...]]] = [
        ((*params, I32), results),
        (params, (*results, I32)),
        (params[1:] if params else (F32,), results),
    ]
    wrong += [((t, *params[1:]), results) for t in NAMES if params and t != params[0]]
    wrong += [(params, (t, *results[1:])) for t in NAMES if results and t != results[0]]
    for bad_params, bad_results in wrong:
        with pytest.raises(WasmError, match="type mismatch with"):
            func.typed(store, bad_params, bad_results)


def test_typed_results(store: Store) -> None:
    exports = exports_of(
        store,
        """(module
          (func (export "f0") (result i32 i64) i32.const 0 i64.const 1)
          (func (export "f1") (result f32 f64) f32.const 2 f64.const 3)
          (func (export "f2") (param i32) (result i32) local.get 0)
          (func (export "f3")))""",
    )
    assert exports["f0"].typed(store, (), (I32, I64))(store) == (0, 1)
    assert exports["f1"].typed(store, (), (F32, F64))(store) == (2.0, 3.0)
    assert exports["f2"].typed(store, I32, I32)(store, 9) == 9
    assert exports["f3"].typed(store)(store) is None
    typed = exports["f0"].typed(store, (), (I32, I64))
    assert typed.func(store) == [0, 1]
    assert typed.func == typed == exports["f0"]
    assert typed.call(store) == (0, 1)


def test_wrap_multiple_results(store: Store) -> None:
    """0 to 9 results of mixed kinds: called directly, typed, and through wasm, they are the same."""
    samples: dict[ValType, Any] = {I32: -5, I64: 2**40, F32: 1.5, F64: 0.1}
    rotation = list(samples)
    for count in range(10):
        for start in range(4):
            types = [rotation[(start + i) % 4] for i in range(count)]
            values = [samples[t] for t in types]
            expected = None if not values else values[0] if count == 1 else values
            returned = None if not values else values[0] if count == 1 else tuple(values)
            host = Func(store, FuncType([], types), lambda returned=returned: returned)
            result = " ".join(NAMES[t] for t in types)
            through = exports_of(
                store,
                f"""(module (import "" "" (func $f (result {result}))) (export "direct" (func $f))
                  (func (export "f") (result {result}) call $f))""",
                host,
            )
            assert host(store) == expected
            assert through["f"](store) == expected
            assert through["direct"](store) == expected
            typed = through["f"].typed(store, (), types)(store)
            assert typed == (tuple(values) if count > 1 else expected)


def test_many_arguments_arrive_in_order(store: Store) -> None:
    seen: list[Any] = []
    params = [I32, I64, F32, F64, I32, I64, F32, F64, I32, I64]
    host = Func(store, FuncType(params, []), lambda *args: seen.append(args))
    exports = exports_of(
        store,
        """(module (import "" "" (func $f (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64)))
          (func (export "run")
            (call $f (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5)
                     (i64.const 6) (f32.const 7) (f64.const 8) (i32.const 9) (i64.const 10)))
          (func (export "through") (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64)
            (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
                     (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9))))""",
        host,
    )
    expected = (1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10)
    exports["run"](store)
    exports["through"](store, *expected)
    host(store, *expected)
    assert seen == [expected] * 3


def test_all_kinds_of_ten_arguments_in_wasm(store: Store) -> None:
    for kinds in itertools.islice(itertools.product(("i32", "f64"), repeat=10), 0, 1024, 37):
        params = " ".join(kinds)
        drops = " ".join(
            f"(if ({k}.ne (local.get {i}) ({k}.const {i})) (then unreachable))" for i, k in enumerate(kinds)
        )
        exports = exports_of(store, f'(module (func (export "f") (param {params}) {drops}))')
        exports["f"](store, *[i if k == "i32" else float(i) for i, k in enumerate(kinds)])


# --- conversion ---


@pytest.mark.parametrize(
    ("type", "given", "seen"),
    [
        (I32, 2**32 - 1, -1),
        (I32, -(2**31), -(2**31)),
        (I32, 2**33 + 5, 5),
        (I32, True, 1),
        (I64, 2**64 - 1, -1),
        (I64, 2**65 - 1, -1),
        (F32, 0.1, 0.10000000149011612),
        (F64, -0.0, -0.0),
        (EXTERNREF, 0, 0),
        (EXTERNREF, None, None),
        (I32, Val.i32(5), 5),
        (EXTERNREF, Val.externref("x"), "x"),
        (FUNCREF, Val.funcref(None), None),
    ],
)
def test_conversion(store: Store, type: ValType, given: Any, seen: Any) -> None:
    identity = Func(store, FuncType([type], [type]), lambda x: x)
    assert identity(store, given) == seen
    wasm = exports_of(store, f'(module (func (export "f") (param {NAMES[type]}) (result {NAMES[type]}) local.get 0))')
    assert wasm["f"](store, given) == seen


class Index:
    def __index__(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("type", "given"),
    [
        (I32, 1.0),
        (I32, "1"),
        (I32, None),
        (I32, Index()),
        (F32, 1),
        (F64, 1),
        (F64, True),
        (FUNCREF, "x"),
        (I32, Val.i64(1)),
    ],
)
def test_values_that_do_not_convert(store: Store, type: ValType, given: Any) -> None:
    with pytest.raises(TypeError, match=r"don't know how to convert|wrong type of `Val`"):
        Func(store, FuncType([type], []), lambda x: None)(store, given)


def test_mismatched_arguments(store: Store) -> None:
    exports = exports_of(store, '(module (func (export "f") (param i32)))')
    with pytest.raises(WasmError, match="expected 1 arguments, got 0"):
        exports["f"](store)
    with pytest.raises(TypeError, match=r"convert 1\.5 to i32"):
        exports["f"](store, 1.5)
    with pytest.raises(WasmError, match="expected 1 arguments, got 2"):
        exports["f"](store, 1, 2)
    with pytest.raises(TypeError):
        exports["f"]()
    with pytest.raises(TypeError):
        exports["f"](5)


@pytest.mark.parametrize(
    ("results", "returned"),
    [([I32], None), ([I32], "x"), ([I32], [5]), ([I32, I32], 1), ([I32, I32], (1,)), ([I32, I32], [1, 2, 3]), ([], 5)],
)
def test_incompatible_results(store: Store, results: list[ValType], returned: Any) -> None:
    func = Func(store, FuncType([], results), lambda: returned)
    through = exports_of(
        store,
        f'(module (import "" "" (func $f (result {" ".join(NAMES[t] for t in results)}))) (func (export "f") call $f'
        f" {' '.join('drop' for _ in results)}))",
        func,
    )
    for call in (func, through["f"]):
        with pytest.raises((TypeError, WasmError)):
            call(store)


# --- callers ---


def test_caller_finds_exports_of_the_calling_instance(store: Store) -> None:
    found: list[Any] = []

    def look(caller: Caller) -> None:
        found.append([caller.get(name) for name in ("m", "f", "t", "g", "none")])

    host = Func(store, FuncType([], []), look, access_caller=True)
    host(store)
    assert found == [[None] * 5]  # the host itself has no exports
    exports = exports_of(
        store,
        """(module (import "" "" (func $f)) (memory (export "m") 1) (table (export "t") 1 funcref)
          (global (export "g") i32 (i32.const 5)) (func (export "f") call $f))""",
        host,
    )
    exports["f"](store)
    memory, func, table, variable, nothing = found[1]
    assert (memory, func, table, nothing) == (exports["m"], exports["f"], exports["t"], None)
    assert variable.value(store) == 5


def test_caller_missing_export(store: Store) -> None:
    def look(caller: Caller) -> None:
        caller["zz"]

    with pytest.raises(KeyError, match="failed to find export zz"):
        Func(store, FuncType([], []), look, access_caller=True)(store)


def test_caller_stands_for_the_store(engine: taipan.Engine) -> None:
    store = Store(engine, {"calls": 0})

    def count(caller: Caller, start: int) -> int:
        caller.data()["calls"] += 1
        memory = caller["memory"]
        return int.from_bytes(memory.read(caller, start, start + 4), "little")

    exports = exports_of(
        store,
        """(module (import "" "" (func $f (param i32) (result i32))) (memory (export "memory") 1)
          (data (i32.const 8) "\\2a") (func (export "f") (result i32) i32.const 8 call $f))""",
        Func(store, FuncType([I32], [I32]), count, access_caller=True),
    )
    assert exports["f"](store) == 42
    assert store.data() == {"calls": 1}


def test_a_caller_ends_with_its_call(store: Store) -> None:
    kept: list[Caller] = []
    exports = exports_of(
        store,
        '(module (import "" "" (func $f)) (memory (export "m") 1) (func (export "f") call $f))',
        Func(store, FuncType([], []), kept.append, access_caller=True),
    )
    exports["f"](store)
    for action in (kept[0].data, kept[0].gc, lambda: exports["m"].size(kept[0]), lambda: exports["f"](kept[0])):
        with pytest.raises(WasmError, match="the caller is no longer valid") as caught:
            action()
        assert isinstance(caught.value, ValueError)  # wasmtime-py's class
    assert kept[0].get("m") is None
    with pytest.raises(KeyError):
        kept[0]["m"]


def test_store_data_is_any_object(engine: taipan.Engine) -> None:
    for data in (0, "", [], None, object()):
        store = Store(engine, data)
        assert store.data() is data
    store.set_data(7)
    assert store.into_data() == 7
    assert store.closed


def test_import_calling_export(store: Store) -> None:
    """A host function enters wasm again."""
    depth: list[int] = []

    def again(caller: Caller, n: int) -> int:
        depth.append(n)
        return caller["f"](caller, n - 1) + 1 if n else 0

    exports = exports_of(
        store,
        """(module (import "" "" (func $f (param i32) (result i32)))
          (func (export "f") (param i32) (result i32) local.get 0 call $f))""",
        Func(store, FuncType([I32], [I32]), again, access_caller=True),
    )
    assert exports["f"](store, 200) == 200
    assert len(depth) == 201


# --- exceptions ---


class Unusual(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), Unusual(), Trap("stop"), WasmError("no")])
def test_host_exceptions_come_out_unchanged(store: Store, error: BaseException) -> None:
    def fail() -> None:
        raise error

    host = Func(store, FuncType([], []), fail)
    wat = '(module (import "" "" (func $f)) (func (export "f") call $f) {})'
    exports = exports_of(store, wat.format(""), host)
    for call in (host, exports["f"]):
        with pytest.raises(type(error)) as caught:
            call(store)
        assert caught.value is error
    with pytest.raises(type(error)) as caught:
        exports_of(store, wat.format("(start 0)"), host)
    assert caught.value is error
    exports = exports_of(store, '(module (func (export "f") (result i32) i32.const 3))')
    assert exports["f"](store) == 3  # the store goes on


def test_exit_passes_through(store: Store) -> None:
    def leave() -> None:
        raise taipan.ExitTrap(3)

    exports = exports_of(
        store,
        '(module (import "" "" (func $f)) (func (export "f") call $f))',
        Func(store, FuncType([], []), leave),
    )
    with pytest.raises(taipan.ExitTrap) as caught:
        exports["f"](store)
    assert caught.value.code == 3
    assert isinstance(caught.value, WasmError)
    assert not issubclass(Trap, WasmError)


def test_same_import_names_are_positional(store: Store) -> None:
    exports = exports_of(
        store,
        """(module (import "" "" (func $a (result i32))) (import "" "" (func $b (result f32)))
          (func (export "foo") (result i32) call $a call $b i32.trunc_f32_u i32.add))""",
        Func(store, FuncType([], [I32]), lambda: 1),
        Func(store, FuncType([], [F32]), lambda: 2.0),
    )
    assert exports["foo"](store) == 3


# --- lifetimes ---


class Callback:
    def __call__(self) -> None:
        pass


def test_closures_live_as_long_as_the_store(engine: taipan.Engine) -> None:
    store = Store(engine)
    callback = Callback()
    alive = weakref.ref(callback)
    func = Func(store, FuncType([], []), callback)
    exports_of(store, '(module (import "" "" (func)))', func)
    del callback, func
    gc.collect()
    assert alive() is not None
    store.close()
    assert alive() is None


def test_closures_go_with_an_unreferenced_store(engine: taipan.Engine) -> None:
    callback = Callback()
    alive = weakref.ref(callback)
    store = Store(engine)
    handle = Func(store, FuncType([], []), callback)
    del callback, store
    gc.collect()
    assert alive() is None  # a handle keeps nothing alive
    assert repr(handle)


def test_traps_do_not_leak_closures(engine: taipan.Engine) -> None:
    class Fails:
        def __call__(self) -> None:
            raise Trap("no")

    callback = Fails()
    alive = weakref.ref(callback)
    with Store(engine) as store:
        func = Func(store, FuncType([], []), callback)
        for _ in range(3):
            with pytest.raises(Trap, match="no"):
                func(store)
        del callback
    gc.collect()
    assert alive() is None


def test_functions_outlive_module_and_instance_handles(engine: taipan.Engine, store: Store) -> None:
    def fail() -> None:
        raise ValueError("start")

    failing = Module(engine, '(module (import "" "" (func)) (start 0))')
    with pytest.raises(ValueError, match="start"):
        Instance(store, failing, [Func(store, FuncType([], []), fail)])
    del failing
    gc.collect()
    module = Module(engine, '(module (func (export "f") (result i32) i32.const 11))')
    func = Instance(store, module, []).get_func(store, "f")
    del module
    gc.collect()
    assert func is not None
    assert func(store) == 11


def test_many_functions_are_freed(engine: taipan.Engine) -> None:
    freed: list[int] = []

    class Counted:
        def __call__(self) -> None:
            pass

        def __del__(self) -> None:
            freed.append(1)

    ty = FuncType([], [])
    for _ in range(3):
        with Store(engine) as store:
            for _ in range(1000):
                Func(store, ty, Counted())
    gc.collect()
    assert len(freed) == 3000


def test_linker_functions_in_many_stores(engine: taipan.Engine) -> None:
    callback = Callback()
    alive = weakref.ref(callback)
    linker = Linker(engine)
    linker.define_func("", "f", FuncType([], []), callback)
    del callback
    module = Module(engine, '(module (import "" "f" (func $f)) (func (export "g") call $f))')
    stores = [Store(engine) for _ in range(10)]
    for store in stores:
        for _ in range(3):
            instance = linker.instantiate(store, module)
            func = instance.get_func(store, "g")
            assert func is not None
            func(store)
    del linker
    gc.collect()
    assert alive() is not None  # the stores still need it
    for store in stores:
        store.close()
    gc.collect()
    assert alive() is None


def test_a_store_that_its_own_callback_refers_to_is_collected(engine: taipan.Engine) -> None:
    class Holder:
        pass

    holder: Any = Holder()
    alive = weakref.ref(holder)
    store = Store(engine, holder)
    holder.store = store
    holder.func = Func(store, FuncType([], []), lambda holder=holder: None)
    exports_of(store, '(module (import "" "" (func)))', holder.func)
    del holder, store
    gc.collect()
    assert alive() is None
