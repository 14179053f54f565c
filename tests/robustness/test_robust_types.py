"""Types of one engine used by many threads at once, and types that come and go: nothing is left, nothing is lost.

ROBUSTNESS_SECONDS is how long the threads work (1 by default).
"""

# Long lines are WebAssembly text.
# ruff: noqa: E501

from __future__ import annotations

import gc
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from isolated import error_of, expect, isolated

import taipan
from taipan import Engine, Func, FuncType, Instance, Linker, LinkError, Module, Store, ValType
from taipan.wasm import types as core

SECONDS = float(os.environ.get("ROBUSTNESS_SECONDS", "1"))
THREADS = 32
NUMBERS = [ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()]


def type_text(rng: random.Random, shared: int) -> str:
    """Definitions of a module's types: few different ones, so that modules share them."""
    kind = rng.randrange(5)
    fields = " ".join(f"(field {field})" for field in rng.choices(("i8", "i64", "(mut f32)"), k=rng.randrange(3)))
    params = " ".join(rng.choices(("i32", "i64", "f64"), k=rng.randrange(shared)))
    return (
        f"(type (func (param {params})))",
        f"(type (struct {fields}))",
        f"(type (array (mut {rng.choice(('i8', 'i64', 'f32'))})))",
        "(rec (type $a (func (param (ref null $b)))) (type $b (struct (field (ref null $a)))))"
        f"(type (func (param {params}) (result (ref null $a))))",
        f"(type $base (sub (struct))) (type $mid (sub $base (struct {fields}))) (type (sub final $mid (struct {fields})))",
    )[kind]


class Work:
    """Ten kinds of work on the types of one engine."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.rng = random.Random(seed)
        self.kept: list[Any] = []
        self.kinds: list[Callable[[], Any]] = [
            self.compile_module,
            self.register_and_drop,
            self.clone_handles,
            self.host_functions,
            self.check_subtypes,
            self.match_imports,
            self.instantiate,
            self.link,
            self.failing_registrations,
            self.drop_some,
        ]

    def run(self, until: float) -> None:
        while time.monotonic() < until:
            self.rng.choice(self.kinds)()
        self.kept.clear()

    def compile_module(self) -> Module:
        module = Module(self.engine, f"(module {type_text(self.rng, 3)})")
        self.kept.append(module)
        return module

    def register_and_drop(self) -> None:
        Module(self.engine, f"(module {type_text(self.rng, 2)} {type_text(self.rng, 2).replace('$', '$x')})").close()

    def clone_handles(self) -> None:
        handle = self.engine.types.register_func_type(core.FuncType((core.I32,) * self.rng.randrange(4), ()))
        clone = handle.clone()
        handle.close()
        assert clone.func_type().results == ()
        found = self.engine.types.root(self.rng.randrange(-2, 40))
        if found is not None:
            assert found.clone() == found
            self.kept.append(found)
        self.kept.append(clone)

    def host_functions(self) -> None:
        ty = FuncType(self.rng.choices(NUMBERS, k=self.rng.randrange(3)), [])
        store = Store(self.engine)
        func = Func(store, ty, lambda *args: None)
        assert func.type(store) == ty
        if self.rng.random() < 0.3:
            self.kept.append((store, func))

    def check_subtypes(self) -> None:
        registry = self.engine.types
        types = [
            core.SubType(core.StructType(()), final=False),
            core.SubType(core.StructType((core.FieldType(core.I32, False),)), supertypes=(0,)),
            core.SubType(core.ArrayType(core.FieldType(core.I64, True))),
        ]
        with_ids = registry.register(types, [(0, 1), (1, 2)])
        base, leaf, array = with_ids.ids
        assert registry.is_subtype(leaf, base) and not registry.is_subtype(base, leaf)
        assert not registry.is_subtype(array, base)

    def match_imports(self) -> None:
        group = "(rec (type $f (func (param i32))) (type $g (func (param (ref null $f)))))"
        store = Store(self.engine)
        made = Instance(store, Module(self.engine, f'(module {group} (func (export "f") (type $f)))'), [])
        func = made.exports(store)["f"]
        Instance(store, Module(self.engine, f'(module {group} (import "" "" (func (type $f))))'), [func])
        plain = Module(self.engine, '(module (import "" "" (func (param i32))))')
        expect(LinkError, Instance, store, plain, [func])

    def instantiate(self) -> None:
        wat = f"""(module {type_text(self.rng, 2)} (type $r (func (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
          (func $f (type $r) i32.const 7) (func (export "g") (result i32) (call_indirect (type $r) (i32.const 0))))"""
        store = Store(self.engine)
        assert Instance(store, Module(self.engine, wat), []).exports(store)["g"](store) == 7  # type: ignore[operator]

    def link(self) -> None:
        linker = Linker(self.engine)
        params = self.rng.choices(NUMBERS, k=self.rng.randrange(4))
        linker.define_func("", "h", FuncType(params, []), lambda *args: None)
        module = Module(self.engine, f'(module (import "" "h" (func (param {" ".join(map(str, params))}))))')
        pre = linker.instantiate_pre(module)
        if self.rng.random() < 0.5:
            pre.instantiate(Store(self.engine))
        if self.rng.random() < 0.3:
            self.kept.append((linker, pre))

    def failing_registrations(self) -> None:
        registry = self.engine.types
        types = [core.SubType(core.FuncType((core.I32,) * n, (core.I64,))) for n in range(self.rng.randrange(1, 5))]
        expect(IndexError, registry.register, types, [(0, len(types)), (len(types), 1)])
        strange = core.FuncType((core.ref_type(core.HeapType(0), True),), ())  # not in terms of this engine
        expect(ValueError, registry.register_func_type, strange)

    def drop_some(self) -> None:
        self.rng.shuffle(self.kept)
        del self.kept[len(self.kept) // 3 :]


@isolated(malloc="malloc", seconds=120 + 4 * SECONDS, cpu_seconds=60 + 4 * SECONDS)
def test_concurrent_type_registry_modifications() -> None:
    engine = Engine()
    registry = engine.types
    errors: list[BaseException] = []
    until = time.monotonic() + SECONDS

    def body(seed: int) -> None:
        try:
            Work(engine, seed).run(until)
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=body, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    del threads
    gc.collect()
    assert len(registry) == 0
    slab = registry._slab
    assert all(group is None for group in slab.group_of)
    assert sorted(slab._free) == list(range(slab._fresh))  # every id is free, once


@isolated(malloc="malloc")
def test_types_checked_while_others_come_and_go() -> None:
    """4 threads register and drop modules, 2 ask about types that a module holds all the time."""
    engine = Engine()
    registry = engine.types
    chain = "".join(f"(type $t{i} (sub $t{i - 1} (struct)))" if i else "(type $t0 (sub (struct)))" for i in range(20))
    module = Module(engine, f"(module {chain})")
    ids = module._info.types.ids
    until = time.monotonic() + 0.4 * SECONDS
    errors: list[BaseException] = []

    def come_and_go(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < until:
            Module(engine, f"(module {chain} {type_text(rng, 4)})")

    def ask(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < until:
            for _ in range(200):
                low, high = rng.randrange(20), rng.randrange(20)
                assert registry.is_subtype(ids[low], ids[high]) == (low >= high)

    def guarded(run: Callable[[int], None], seed: int) -> None:
        error = error_of(run, seed)
        if error is not None:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(come_and_go if i < 4 else ask, i)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    del module
    gc.collect()
    assert len(registry) == 0


@isolated(malloc="malloc")
def test_an_engine_that_goes_leaves_no_types() -> None:
    """Whatever order modules, stores, linkers, functions and types go in, the engine's registry is empty at its end."""
    wat = """(module (type $s (struct)) (import "" "h" (func $h (param i32))) (import "" "t" (table 1 funcref))
      (table (export "t") 3 funcref) (global (export "g") (ref null $s) (ref.null $s)) (tag (export "e") (param i64))
      (func (export "f") (param (ref null $s)) (result f64) (f64.const 1)) (elem (i32.const 0) $h))"""
    for order in range(24):
        engine = Engine()
        registry = engine.types
        linker = Linker(engine)
        linker.define_func("", "h", FuncType([ValType.i32()], []), lambda x: None)
        store = Store(engine)
        table = taipan.Table(store, taipan.TableType(ValType.funcref(), taipan.Limits(1, None)), None)
        linker.define(store, "", "t", table)
        module = Module(engine, wat)
        instance = linker.instantiate(store, module)
        exports = dict(instance.exports(store))
        types = [item.type(store) for item in exports.values()]
        trap = error_of(exports["f"], store)
        things: list[Any] = [module, store, linker, exports, types, trap, instance, engine, table, module.exports]
        del engine, linker, store, table, module, instance, exports, types, trap
        random.Random(order).shuffle(things)
        while things:
            del things[-1]
            gc.collect()
        assert len(registry) == 0, order


@isolated(malloc="malloc")
def test_types_in_a_cycle_go() -> None:
    """Modules, engines and host functions that refer to each other are collected together."""
    engine = Engine()
    registry = engine.types
    for _ in range(20):
        store = Store(engine)
        module = Module(engine, '(module (type (func (param i32 i64))) (import "" "" (func (param f32))))')
        holder: list[Any] = [store, module]
        func = Func(store, FuncType([ValType.f32()], []), holder.append)
        holder += [holder, func, func.type(store), Instance(store, module, [func]), engine]
    del store, module, holder, func, engine
    gc.collect()
    assert len(registry) == 0


@isolated()
def test_mutually_recursive_pair_across_modules() -> None:
    """Function types that name each other, exported by one module and imported by another."""
    pair = """(rec (type $even (func (param i32 (ref null $odd)) (result i32)))
      (type $odd (func (param i32 (ref null $even)) (result i32))))"""
    engine = Engine()
    store = Store(engine)
    provider = Module(
        engine,
        f"""(module {pair} (func (export "even") (type $even) (i32.const 1234))
          (func (export "odd") (type $odd) (i32.const 4321)))""",
    )
    exports = Instance(store, provider, []).exports(store)
    user = Module(
        engine,
        f"""(module (type (func)) {pair} (import "" "even" (func $e (type $even))) (import "" "odd" (func $o (type $odd)))
          (func (export "both") (result i32 i32)
            (call $e (i32.const 0) (ref.null $odd)) (call $o (i32.const 0) (ref.null $even))))""",
    )
    assert Instance(store, user, [exports["even"], exports["odd"]]).exports(store)["both"](store) == [1234, 4321]
    expect(LinkError, Instance, store, user, [exports["odd"], exports["even"]])
