"""Instances inside instances: order, traps, references, fuel, tier-up, what types hide (R-03, R-05, R-07)."""

from __future__ import annotations

import gc
import random
import weakref
from typing import Any

import pytest

import taipan
from taipan import Config, Engine, Func, FuncType, Instance, Linker, Module, Store, Trap, ValType

I32 = ValType.i32()
NOTHING = FuncType([], [])


def new_engine(**options: Any) -> Engine:
    config = Config()
    config.wasm_module_linking = True
    for name, value in options.items():
        setattr(config, name, value)
    return Engine(config)


@pytest.fixture(params=["baseline", "llvm", "tier-up", "eager"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param in ("llvm", "tier-up"):
        pytest.importorskip("llvmlite")
    if request.param == "tier-up":
        return new_engine(tier_up_calls=1)
    return new_engine(lazy_compilation=False) if request.param == "eager" else new_engine(compiler=request.param)


def run(store: Store, source: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, source), list(imports)).exports(store)


def logger(store: Store, log: list[int]) -> Instance:
    return Instance.from_exports(store, {"log": Func(store, FuncType([I32], []), log.append)})


def started(number: int, body: str = "") -> str:
    """A module whose start function logs a number."""
    return f"""(module $m{number} (import "host" (instance $h (export "log" (func (param i32)))))
      (func $s (call (func $h "log") (i32.const {number})) {body}) (start $s) (func (export "f")))"""


def with_host(fields: str) -> str:
    return f'(module (import "host" (instance $h (export "log" (func (param i32))))) {fields})'


def making(number: int) -> str:
    return f'(instance $i{number} (instantiate $m{number} (import "host" (instance $h))))'


# --- order and failure ---


def test_start_functions_run_in_order_and_outermost_last(engine: Engine) -> None:
    inner = f"""(module $outer (import "host" (instance $h (export "log" (func (param i32)))))
      {started(1)} {making(1)} {started(2)} {making(2)}
      (func $s (call (func $h "log") (i32.const 3))) (start $s))"""
    source = with_host(
        f"""{inner} (instance (instantiate $outer (import "host" (instance $h)))) {started(4)} {making(4)}
        (func $s (call (func $h "log") (i32.const 5))) (start $s)"""
    )
    store = Store(engine)
    log: list[int] = []
    run(store, source, logger(store, log))
    assert log == [1, 2, 3, 4, 5]


def test_a_trap_in_a_nested_start_function(engine: Engine) -> None:
    """It fails the whole instantiation; what was done before stays, and what was made before goes on living."""
    source = with_host(
        f"""(import "keep" (instance $k (export "t" (table 1 funcref))))
        (module $put (import "t" (table 1 funcref)) (func $f (result i32) (i32.const 6)) (elem (i32.const 0) $f))
        (instance (instantiate $put (import "t" (table $k "t"))))
        {started(1)} {making(1)} {started(2, "unreachable")} {making(2)} {started(3)} {making(3)}"""
    )
    store = Store(engine)
    log: list[int] = []
    kept = run(store, '(module (table (export "t") 1 funcref))')
    with pytest.raises(Trap, match="unreachable") as caught:
        run(store, source, logger(store, log), Instance.from_exports(store, {"t": kept["t"]}))
    assert log == [1, 2]
    assert [frame.module_name for frame in caught.value.frames] == ["m2"]
    gc.collect()
    store.gc()
    assert kept["t"].get(store, 0)(store) == 6


def test_a_host_exception_in_a_nested_start_function(engine: Engine) -> None:
    store = Store(engine)

    def fail(number: int) -> None:
        raise KeyError(number)

    host = Instance.from_exports(store, {"log": Func(store, FuncType([I32], []), fail)})
    with pytest.raises(KeyError, match="7"):
        run(store, with_host(started(7) + making(7)), host)


def test_segments_of_nested_modules_do_not_fit(engine: Engine) -> None:
    with pytest.raises(Trap, match="out of bounds memory access"):
        run(Store(engine), '(module (module (memory 1) (data (i32.const 65535) "ab")) (instance (instantiate 0)))')


def test_fuel_in_nested_start_functions() -> None:
    store = Store(new_engine(consume_fuel=True))
    store.set_fuel(1000)
    source = "(module (module (func $s (nop) (drop (i32.const 1))) (start $s)) {})"
    run(store, source.format("(instance (instantiate 0))" * 3))
    one = (1000 - store.get_fuel()) // 3
    assert one > 0
    assert (1000 - store.get_fuel()) % 3 == 0
    store.set_fuel(2 * one + 1)
    with pytest.raises(Trap, match="all fuel consumed"):
        run(store, source.format("(instance (instantiate 0))" * 3))


def test_epochs_in_nested_start_functions() -> None:
    store = Store(new_engine(epoch_interruption=True))
    store.set_epoch_deadline(1)
    store.engine.increment_epoch()
    with pytest.raises(Trap, match="interrupt"):
        run(store, "(module (module (func $s (loop (br 0))) (start $s)) (instance (instantiate 0)))")


def test_one_module_many_instances(engine: Engine) -> None:
    """Each has its own globals."""
    source = """(module
      (module $counter
        (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
          (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
      (instance $a (instantiate $counter)) (instance $b (instantiate $counter))
      (export "a" (func $a "next")) (export "b" (func $b "next")))"""
    store = Store(engine)
    exports = run(store, source)
    assert [exports["a"](store) for _ in range(3)] == [1, 2, 3]
    assert exports["b"](store) == 1


# --- references, calls ---


def test_tables_and_references_among_nested_instances(engine: Engine) -> None:
    source = """(module
      (module $tables (table (export "f") 4 funcref) (table (export "x") 4 externref))
      (instance $t (instantiate $tables))
      (module $writer (import "f" (table 4 funcref)) (import "x" (table $x 4 externref))
        (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (elem (table 0) (i32.const 1) func $twice)
        (func (export "put") (param externref) (table.set $x (i32.const 2) (local.get 0))))
      (instance $w (instantiate $writer (import "f" (table $t "f")) (import "x" (table $t "x"))))
      (func (export "call") (param i32) (result i32)
        (call_indirect (table $t "f") (param i32) (result i32) (local.get 0) (i32.const 1)))
      (func (export "get") (result externref) (table.get (table $t "x") (i32.const 2)))
      (export "put" (func $w "put")))"""

    class Thing:
        pass

    store = Store(engine)
    exports = run(store, source)
    assert [exports["call"](store, n) for n in range(5)] == [0, 2, 4, 6, 8]
    thing = Thing()
    gone = weakref.ref(thing)
    exports["put"](store, thing)
    assert exports["get"](store) is thing
    del thing
    store.gc()
    assert gone() is not None
    exports["put"](store, None)
    store.gc()
    assert gone() is None


def test_backtraces_name_nested_modules(engine: Engine) -> None:
    source = """(module $outer
      (module $inner (func $deep (export "f") unreachable))
      (instance $i (instantiate $inner))
      (func $top (export "top") (call (func $i "f"))))"""
    store = Store(engine)
    with pytest.raises(Trap) as caught:
        run(store, source)["top"](store)
    assert [(frame.module_name, frame.func_name) for frame in caught.value.frames] == [
        ("inner", "deep"),
        ("outer", "top"),
    ]


# --- exports by name ---


@pytest.mark.parametrize("seed", range(10))
def test_exports_are_found_by_name(seed: int) -> None:
    """A thousand random orders and supersets of exports: the declared ones, whatever their place."""
    chance = random.Random(seed)
    engine = new_engine()
    for _ in range(100):
        names = [f"n{number}" for number in range(chance.randrange(1, 12))]
        actual = chance.sample(names, len(names))
        declared = chance.sample(names, chance.randrange(1, len(names) + 1))
        functions = "".join(f'(func (export "{n}") (result i32) (i32.const {n[1:]}))' for n in actual)
        types = "".join(f'(export "{n}" (func (result i32)))' for n in declared)
        calls = "".join(f'(func (export "{n}") (result i32) (call (func $i "{n}")))' for n in declared)
        store = Store(engine)
        inner = Instance(store, Module(engine, f"(module {functions})"), [])
        exports = run(store, f'(module (import "i" (instance $i {types})) {calls} (export "i" (instance $i)))', inner)
        assert {n: exports[n](store) for n in declared} == {n: int(n[1:]) for n in declared}
        assert list(exports["i"].exports(store)) == (declared if set(declared) != set(names) else actual)


def test_what_a_type_hides_stays_hidden(engine: Engine) -> None:
    """Also when the instance is passed on to somebody who asks for more, and inside other instances."""
    store = Store(engine)
    full = Instance(store, Module(engine, '(module (func (export "f")) (func (export "secret")))'), [])
    around = Instance.from_exports(store, {"inner": full, "secret": full})
    narrow = """(module
      (import "i" (instance $i (export "f" (func))))
      (import "j" (instance $j (export "inner" (instance (export "f" (func))))))
      (export "i" (instance $i)) (export "j" (instance $j)))"""
    exports = run(store, narrow, full, around)
    assert list(exports["i"].exports(store)) == ["f"]
    assert list(exports["j"].exports(store)) == ["inner"]
    assert list(exports["j"].exports(store)["inner"].exports(store)) == ["f"]
    assert exports["i"].get_export(store, "secret") is None
    wide = Module(engine, '(module (import "i" (instance (export "f" (func)) (export "secret" (func)))))')
    with pytest.raises(taipan.LinkError, match='incompatible import type for `i`: failed to find export "secret"'):
        Instance(store, wide, [exports["i"]])
    Instance(store, wide, [full])


def test_instances_of_imported_modules_hide_what_their_type_does(engine: Engine) -> None:
    store = Store(engine)
    full = Module(engine, '(module (func (export "f")) (func (export "secret")))')
    source = """(module (import "m" (module $m (export "f" (func))))
      (instance $i (instantiate $m)) (export "i" (instance $i)))"""
    assert list(run(store, source, full)["i"].exports(store)) == ["f"]


# --- the host's side ---


def test_types_of_instances(engine: Engine) -> None:
    store = Store(engine)
    exports = run(
        store,
        """(module (module $m (memory (export "mem") 1 9) (func (export "grow") (drop (memory.grow (i32.const 2)))))
          (instance $i (instantiate $m)) (export "i" (instance $i)) (export "m" (module $m)))""",
    )
    instance = exports["i"]
    instance.exports(store)["grow"](store)
    memory, grow = instance.type(store).exports
    assert (memory.name, memory.type.limits) == ("mem", taipan.Limits(3, 9))
    assert (grow.name, grow.type) == ("grow", NOTHING)
    assert [entry.name for entry in exports["m"].type.exports] == ["mem", "grow"]
    with pytest.raises(taipan.WasmError):
        instance.type(Store(engine))


def test_callers_find_nested_exports() -> None:
    engine = new_engine()
    store = Store(engine)
    found: list[Any] = []
    host = Func(store, NOTHING, lambda caller: found.append((caller.get("i"), caller.get("m"))), access_caller=True)
    exports = run(
        store,
        """(module (import "host" (func $host)) (module $m (func (export "g") (result i32) (i32.const 3)))
          (instance $i (instantiate $m)) (export "i" (instance $i)) (export "m" (module $m))
          (func (export "f") (call $host)))""",
        host,
    )
    exports["f"](store)
    ((instance, module),) = found
    assert instance.exports(store)["g"](store) == 3
    assert Instance(store, module, []).exports(store)["g"](store) == 3


def test_linkers_make_instances_of_names() -> None:
    engine = new_engine()
    linker = Linker(engine)
    linker.define_func("env", "one", FuncType([], [I32]), lambda: 1)
    linker.define_func("env", "unused", NOTHING, lambda: None)
    module = Module(
        engine,
        """(module (import "env" "one" (func $one (result i32))) (import "m" (module $m (export "f" (func))))
          (func (export "f") (result i32) (call $one)) (export "env" (instance 0)) (export "m" (module $m)))""",
    )
    assert [(entry.module, entry.name) for entry in module.imports] == [("env", None), ("m", None)]
    with pytest.raises(taipan.LinkError, match="unknown import: `m` has not been defined"):
        linker.instantiate(Store(engine), module)
    store = Store(engine)
    linker.define_name(store, "m", Module(engine, '(module (func (export "f")))'))
    pre = linker.instantiate_pre(module)
    for made in (linker.instantiate(store, module), pre.instantiate(store)):
        exports = made.exports(store)
        assert exports["f"](store) == 1  # type: ignore[operator]
        assert list(exports["env"].exports(store)) == ["one"]  # type: ignore[union-attr]
    linker.define_instance(store, "again", made)
    assert run_linked(linker, store, '(module (import "again" "m" (module)) (import "again" "env" (instance)))')


def run_linked(linker: Linker, store: Store, source: str) -> Instance:
    return linker.instantiate(store, Module(store.engine, source))


def test_unknown_imports_by_default() -> None:
    engine = new_engine()
    module = Module(
        engine,
        """(module (import "a" "f" (func $f (result i32))) (import "a" "m" (memory 2)) (import "b" (func $g))
          (func (export "f") (result i32) (call $f)) (func (export "g") (call $g)))""",
    )
    store = Store(engine)
    linker = Linker(engine)
    linker.define_unknown_imports_as_default_values(store, module)
    exports: Any = linker.instantiate(store, module).exports(store)
    assert (exports["f"](store), exports["g"](store)) == (0, None)
    linker = Linker(engine)
    linker.define_name(store, "b", Func(store, NOTHING, lambda: None))
    linker.define_unknown_imports_as_traps(module)
    with pytest.raises(taipan.LinkError, match="unknown import: `a::m` has not been defined"):
        linker.instantiate(store, module)


def test_instances_of_values_are_checked() -> None:
    engine = new_engine()
    store, other = Store(engine), Store(engine)
    func = Func(other, NOTHING, lambda: None)
    with pytest.raises(taipan.WrongStoreError):
        Instance.from_exports(store, {"f": func})
    with pytest.raises(taipan.WasmError, match="cross-`Engine`"):
        Instance.from_exports(store, {"m": Module(new_engine(), "(module)")})
    with pytest.raises(TypeError, match="names of exports as str"):
        Instance.from_exports(store, {1: func})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="expected the exports as a dict"):
        Instance.from_exports(store, [func])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Instance.from_exports(store, {"f": 5})  # type: ignore[dict-item]
    made = Instance.from_exports(store, {"b": Func(store, NOTHING, lambda: None), "a": Module(engine, "(module)")})
    assert list(made.exports(store)) == ["b", "a"]
    assert [entry.name for entry in made.type(store).exports] == ["b", "a"]


def test_imports_by_position_without_module_linking() -> None:
    """Two equal imports stay legal, and are two."""
    engine = Engine()
    store = Store(engine)
    module = Module(
        engine,
        """(module (import "" "" (func $f (result i32))) (import "" "" (func $g (result i64)))
          (func (export "f") (result i32) (call $f)) (func (export "g") (result i64) (call $g)))""",
    )
    funcs = [Func(store, FuncType([], [t]), lambda n=n: n) for n, t in enumerate((I32, ValType.i64()), 1)]
    exports: Any = Instance(store, module, funcs).exports(store)
    assert (exports["f"](store), exports["g"](store)) == (1, 2)
    with pytest.raises(taipan.InvalidError, match="duplicate import name `::`"):
        Module(new_engine(), '(module (import "" "" (func)) (import "" "" (func)))')
    for source in ("(module (module))", '(module (import "a" (func)))', "(module (type (instance)))"):
        with pytest.raises(taipan.WasmError, match="module linking proposal not enabled"):
            Module(engine, source)
