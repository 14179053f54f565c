"""When an item fits where another is wanted: at instantiation and at validation, by one set of rules."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from module_sets import linking_engine, run

import taipan
from taipan import (
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    InvalidError,
    LinkError,
    Module,
    Store,
    ValType,
    WasmError,
)

ENGINE = linking_engine(wasm_memory64=True, wasm_threads=True, wasm_custom_page_sizes=True)

F, FI = '(func (export "f"))', '(func (export "f") (param i32))'
NESTED = '(module $in (func (export "f")) (global (export "g") i32 (i32.const 1)))'
INSTANCE = NESTED + '(instance (export "a") (instantiate $in))'
DEEP = f'(module $out {NESTED} (instance (export "i") (instantiate $in))) (instance (export "a") (instantiate $out))'
EMPTY = '(module $in) (instance (export "a") (instantiate $in))'
FUNC, GLOBAL, TABLE, MEMORY = (
    '(func (export "a"))',
    '(global (export "a") i32 (i32.const 0))',
    '(table (export "a") 2 5 funcref)',
    '(memory (export "a") 2 5)',
)
MODULE = '(module (export "a") (import "x" (func)) (func (export "f")))'
KINDS = {"func": FUNC, "global": GLOBAL, "table": TABLE, "memory": MEMORY, "module": MODULE, "instance": INSTANCE}
WANTED = {
    "func": "(func)",
    "global": "(global i32)",
    "table": "(table 0 funcref)",
    "memory": "(memory 0)",
    "module": '(module (import "x" (func)))',
    "instance": "(instance)",
}

MISFITS = [
    # kind of the item, fields of a module that exports it as "a", the type that is wanted, why it does not fit
    *(
        (kind, KINDS[kind], WANTED[wanted], f"expected {wanted}, but found {kind}")
        for kind in KINDS
        for wanted in KINDS
        if kind != wanted
    ),
    ("func", FUNC, "(func (param i32))", "expected func of type `(i32) -> ()`, found func of type `() -> ()`"),
    ("func", FUNC, "(func (result i32))", "expected func of type `() -> (i32)`, found func of type `() -> ()`"),
    (
        "func",
        '(func (export "a") (param i32 i64))',
        "(func (param i64 i32))",
        "expected func of type `(i64, i32) -> ()`, found func of type `(i32, i64) -> ()`",
    ),
    (
        "func",
        '(func (export "a") (param funcref))',
        "(func (param externref))",
        "expected func of type `(externref) -> ()`, found func of type `(funcref) -> ()`",
    ),
    ("global", GLOBAL, "(global (mut i32))", "expected mutable global, found immutable global"),
    (
        "global",
        '(global (export "a") (mut i32) (i32.const 0))',
        "(global i32)",
        "expected immutable global, found mutable global",
    ),
    ("global", GLOBAL, "(global i64)", "expected global of type `i64`, found global of type `i32`"),
    ("global", GLOBAL, "(global f32)", "expected global of type `f32`, found global of type `i32`"),
    (
        "global",
        '(global (export "a") externref (ref.null extern))',
        "(global funcref)",
        "expected global of type `funcref`, found global of type `externref`",
    ),
    ("table", TABLE, "(table 2 5 externref)", "expected table of type `externref`, found table of type `funcref`"),
    ("table", TABLE, "(table 3 5 funcref)", "(min: 3, max: 5) doesn't match provided table limits (min: 2, max: 5)"),
    ("table", TABLE, "(table 2 4 funcref)", "(min: 2, max: 4) doesn't match provided table limits (min: 2, max: 5)"),
    ("table", TABLE, "(table i64 2 5 funcref)", "expected 64-bit table, found 32-bit table"),
    ("table", '(table (export "a") i64 2 funcref)', "(table 2 funcref)", "expected 32-bit table, found 64-bit table"),
    (
        "table",
        '(table (export "a") 2 funcref)',
        "(table 2 5 funcref)",
        "(min: 2, max: 5) doesn't match provided table limits (min: 2, max: none)",
    ),
    ("memory", MEMORY, "(memory 3)", "(min: 3, max: none) doesn't match provided memory limits (min: 2, max: 5)"),
    ("memory", MEMORY, "(memory 2 4)", "(min: 2, max: 4) doesn't match provided memory limits (min: 2, max: 5)"),
    ("memory", MEMORY, "(memory i64 2 5)", "expected 64-bit memory, found 32-bit memory"),
    ("memory", '(memory (export "a") i64 2)', "(memory 2)", "expected 32-bit memory, found 64-bit memory"),
    ("memory", MEMORY, "(memory 2 5 shared)", "expected shared memory, found unshared memory"),
    ("memory", '(memory (export "a") 2 5 shared)', "(memory 2 5)", "expected unshared memory, found shared memory"),
    ("memory", MEMORY, "(memory 2 5 (pagesize 1))", "expected a memory with a page size of 1, found one with a"),
    (
        "memory",
        '(memory (export "a") 2)',
        "(memory 2 5)",
        "(min: 2, max: 5) doesn't match provided memory limits (min: 2, max: none)",
    ),
    ("instance", EMPTY, '(instance (export "" (func)))', 'failed to find export ""'),
    ("instance", INSTANCE, '(instance (export "h" (func)))', 'failed to find export "h"'),
    ("instance", INSTANCE, '(instance (export "F" (func)))', 'failed to find export "F"'),
    (
        "instance",
        INSTANCE,
        '(instance (export "f" (func)) (export "g" (func)))',
        'instance export "g" incompatible: expected func, but found global',
    ),
    (
        "instance",
        INSTANCE,
        '(instance (export "f" (func (result i32))))',
        'instance export "f" incompatible: func types incompatible: expected func of type `() -> (i32)`',
    ),
    (
        "instance",
        INSTANCE,
        '(instance (export "g" (global (mut i32))))',
        'instance export "g" incompatible: global types incompatible: expected mutable global',
    ),
    (
        "instance",
        INSTANCE,
        '(instance (export "f" (instance)))',
        'instance export "f" incompatible: expected instance, but found func',
    ),
    (
        "instance",
        DEEP,
        '(instance (export "i" (instance (export "h" (func)))))',
        'instance export "i" incompatible: failed to find export "h"',
    ),
    (
        "instance",
        DEEP,
        '(instance (export "i" (instance (export "g" (global i64)))))',
        'instance export "i" incompatible: instance export "g" incompatible: global types incompatible',
    ),
    ("module", MODULE, "(module)", 'expected type doesn\'t import "x"'),
    ("module", MODULE, '(module (import "y" (func)))', 'expected type doesn\'t import "x"'),
    (
        "module",
        MODULE,
        '(module (import "x" (global i32)))',
        'module import "x" incompatible: expected func, but found global',
    ),
    (
        "module",
        MODULE,
        '(module (import "x" (func (param i32))))',
        'module import "x" incompatible: func types incompatible: expected func of type `() -> ()`',
    ),
    ("module", MODULE, '(module (import "x" (func)) (export "g" (func)))', 'failed to find export "g"'),
    (
        "module",
        MODULE,
        '(module (import "x" (func)) (export "f" (memory 0)))',
        'module export "f" incompatible: expected memory, but found func',
    ),
    (
        "module",
        '(module (export "a") (import "m" (memory 2 4)))',
        '(module (import "m" (memory 1 4)))',
        'module import "m" incompatible: memory types incompatible: expected memory limits (min: 2, max: 4)',
    ),
    (
        "module",
        '(module (export "a") (import "t" (table 1 5 funcref)))',
        '(module (import "t" (table 1 funcref)))',
        'module import "t" incompatible: table types incompatible: expected table limits (min: 1, max: 5)',
    ),
    (
        "module",
        '(module (export "a") (import "i" (instance (export "f" (func)))))',
        '(module (import "i" (instance)))',
        'module import "i" incompatible: failed to find export "f"',
    ),
    (
        "module",
        '(module (export "a") (import "m" (module)))',
        '(module (import "m" (module (import "z" (func)))))',
        'module import "m" incompatible: expected type doesn\'t import "z"',
    ),
    (
        "module",
        '(module (export "a") (import "m" (module (export "e" (func)))))',
        '(module (import "m" (module)))',
        'module import "m" incompatible: failed to find export "e"',
    ),
    (
        "module",
        '(module (export "a") (module (export "n") (import "q" (func))))',
        '(module (export "n" (module)))',
        'module export "n" incompatible: expected type doesn\'t import "q"',
    ),
    (
        "module",
        '(module (export "a") (import "x" "y" (func)))',
        '(module (import "x" "z" (func)))',
        'module import "x" incompatible: failed to find export "y"',
    ),
    (
        "module",
        '(module (export "a") (memory (export "m") 1 9))',
        '(module (export "m" (memory 2)))',
        'module export "m" incompatible: memory types incompatible',
    ),
]

FITS = [
    *((kind, KINDS[kind], WANTED[kind]) for kind in KINDS),
    ("func", '(func (export "a") (param i32 f64) (result i64) i64.const 0)', "(func (param i32 f64) (result i64))"),
    ("global", '(global (export "a") (mut i64) (i64.const 0))', "(global (mut i64))"),
    ("global", '(func $f) (global (export "a") (ref func) (ref.func $f))', "(global funcref)"),
    ("table", TABLE, "(table 2 5 funcref)"),
    ("table", TABLE, "(table 1 6 funcref)"),
    ("table", '(table (export "a") i64 2 funcref)', "(table i64 1 funcref)"),
    ("memory", MEMORY, "(memory 2 5)"),
    ("memory", MEMORY, "(memory 1 6)"),
    ("memory", '(memory (export "a") 2 5 shared)', "(memory 2 5 shared)"),
    ("memory", '(memory (export "a") 2 (pagesize 1))', "(memory 2 (pagesize 1))"),
    ("instance", INSTANCE, '(instance (export "g" (global i32)) (export "f" (func)))'),
    ("instance", INSTANCE, '(instance (export "g" (global i32)))'),
    ("instance", DEEP, '(instance (export "i" (instance)))'),
    ("instance", DEEP, '(instance (export "i" (instance (export "f" (func)))))'),
    ("module", MODULE, '(module (import "y" (memory 1)) (import "x" (func)) (export "f" (func)))'),
    ("module", '(module (export "a"))', '(module (import "x" (func)))'),
    (
        "module",
        '(module (export "a") (import "m" (memory 1)))',
        '(module (import "m" (memory 2 4)))',
    ),
    (
        "module",
        '(module (export "a") (import "i" (instance)))',
        '(module (import "i" (instance (export "f" (func)))))',
    ),
    (
        "module",
        '(module (export "a") (import "m" (module (import "z" (func)) (import "y" (func)))))',
        '(module (import "m" (module (import "z" (func)) (export "e" (func)))))',
    ),
    (
        "module",
        '(module (export "a") (import "x" "f" (func)) (import "x" "g" (func)))',
        '(module (import "x" (instance (export "g" (func)) (export "f" (func)))))',
    ),
]


def within(kind: str, provider: str, wanted: str) -> str:
    """The same inside one module."""
    return f"""(module
      (module $provider {provider})
      (instance $made (instantiate $provider))
      (alias $made "a" ({kind} $item))
      (module $user (import "a" {wanted}))
      (instance (instantiate $user (import "a" ({kind} $item)))))"""


def linked_by_name(store: Store, item: Any, module: Module) -> None:
    linker = taipan.Linker(store.engine)
    linker.define_name(store, "a", item)
    linker.instantiate(store, module)


def test_enough_misfits() -> None:
    assert len(MISFITS) >= 50
    assert len(set(MISFITS)) == len(MISFITS)


@pytest.mark.parametrize(("kind", "provider", "wanted", "reason"), MISFITS)
def test_misfit(kind: str, provider: str, wanted: str, reason: str) -> None:
    store = Store(ENGINE)
    item = run(store, provider)["a"]
    user = Module(ENGINE, f'(module (import "a" {wanted}))')
    message = "incompatible import type for `a`: .*" + re.escape(reason)
    with pytest.raises(LinkError, match=message) as caught:
        Instance(store, user, [item])
    assert (caught.value.module, caught.value.name) == ("a", "")
    with pytest.raises(LinkError, match=message):
        linked_by_name(store, item, user)
    with pytest.raises(InvalidError, match="argument `a` of module ") as refused:
        Module(ENGINE, within(kind, provider, wanted))
    assert reason in str(refused.value)
    assert refused.value.offset > 0


@pytest.mark.parametrize(("kind", "provider", "wanted"), FITS)
def test_fit(kind: str, provider: str, wanted: str) -> None:
    store = Store(ENGINE)
    item = run(store, provider)["a"]
    user = Module(ENGINE, f'(module (import "a" {wanted}))')
    Instance(store, user, [item])
    linked_by_name(store, item, user)
    Instance(store, Module(ENGINE, within(kind, provider, wanted)), [])


@pytest.mark.parametrize(("kind", "provider", "wanted", "reason"), MISFITS)
def test_misfit_behind_an_instance(kind: str, provider: str, wanted: str, reason: str) -> None:
    """As an export of the instance that imports with two names want."""
    store = Store(ENGINE)
    given = Instance.from_exports(store, {"other": run(store, FUNC)["a"], "b": run(store, provider)["a"]})
    user = Module(ENGINE, f'(module (import "a" "b" {wanted}))')
    message = 'incompatible import type for `a`: instance export "b" incompatible: .*' + re.escape(reason)
    with pytest.raises(LinkError, match=message):
        Instance(store, user, [given])


# --- sizes of this moment ---


@pytest.mark.parametrize(
    ("provider", "wanted", "grow"),
    [
        ('(memory (export "a") 1)', "(memory 3)", lambda store, item: item.grow(store, 2)),
        ('(memory (export "a") 1 4)', "(memory 3 4)", lambda store, item: item.grow(store, 2)),
        ('(table (export "a") 1 funcref)', "(table 3 funcref)", lambda store, item: item.grow(store, 2, None)),
    ],
)
def test_present_sizes_count(provider: str, wanted: str, grow: Any) -> None:
    store = Store(ENGINE)
    item = run(store, provider)["a"]
    alone = Module(ENGINE, f'(module (import "a" {wanted}))')
    inside = Module(ENGINE, f'(module (import "i" (instance (export "j" (instance (export "a" {wanted}))))))')
    bundle = Instance.from_exports(store, {"j": Instance.from_exports(store, {"a": item})})
    for module, given in ((alone, item), (inside, bundle)):
        with pytest.raises(LinkError, match=r"limits \(min: 3, .* doesn't match provided .* \(min: 1"):
            Instance(store, module, [given])
    grow(store, item)
    for module, given in ((alone, item), (inside, bundle)):
        Instance(store, module, [given])


# --- modules and instances that the host has, too ---


def test_exports_of_host_items() -> None:
    store = Store(ENGINE)
    func = Func(store, FuncType([], []), lambda: None)
    user = Module(ENGINE, '(module (import "i" (instance (export "f" (func)) (export "g" (global i64)))))')
    cell = Global(store, GlobalType(ValType.i64(), False), 5)
    Instance(store, user, [Instance.from_exports(store, {"g": cell, "more": func, "f": func})])
    with pytest.raises(LinkError, match='failed to find export "g"'):
        Instance(store, user, [Instance.from_exports(store, {"f": func})])
    with pytest.raises(LinkError, match='instance export "f" incompatible: expected func, but found global'):
        Instance(store, user, [Instance.from_exports(store, {"f": cell, "g": cell})])


def result_of(store: Store, user: Module, given: str) -> Any:
    get: Any = Instance(store, user, [Module(ENGINE, given)]).exports(store)["get"]
    return get(store)


def test_modules_from_the_host() -> None:
    store = Store(ENGINE)
    user = Module(
        ENGINE,
        """(module (import "m" (module $m (import "n" (func (result i32))) (export "get" (func (result i32)))))
          (func $seven (result i32) i32.const 7)
          (module $given (func (export "n") (result i32) i32.const 7))
          (instance $given (instantiate $given))
          (instance $i (instantiate $m (import "n" (func $given "n"))))
          (func (export "get") (result i32) (call (func $i "get"))))""",
    )
    twice = """(module (import "n" (func $n (result i32)))
      (func (export "get") (result i32) (i32.mul (call $n) (i32.const 2))))"""
    assert result_of(store, user, twice) == 14
    alone = '(module (func (export "get") (result i32) (i32.const 3)))'
    assert result_of(store, user, alone) == 3
    other = '(module (import "o" (func)) (func (export "get") (result i32) (i32.const 3)))'
    with pytest.raises(LinkError, match='incompatible import type for `m`: expected type doesn\'t import "o"'):
        Instance(store, user, [Module(ENGINE, other)])


def test_items_of_others() -> None:
    """Another store, another engine, no item at all."""
    store, other = Store(ENGINE), Store(ENGINE)
    instance = Instance.from_exports(other, {})
    user = Module(ENGINE, '(module (import "i" (instance)))')
    with pytest.raises(WasmError, match="cross-`Store`"):
        Instance(store, user, [instance])
    with pytest.raises(WasmError, match="cross-`Store`"):
        Instance.from_exports(store, {"i": instance})
    foreign = Module(linking_engine(), "(module)")
    number: Any = 1
    with pytest.raises(WasmError, match="cross-`Engine`"):
        Instance(store, Module(ENGINE, '(module (import "m" (module)))'), [foreign])
    nothing: Any
    for nothing in (None, 5, "x", object()):
        with pytest.raises(TypeError):
            Instance(store, user, [nothing])
        with pytest.raises(TypeError):
            Instance.from_exports(store, {"x": nothing})
    with pytest.raises(TypeError, match="names of exports as str"):
        Instance.from_exports(store, {number: instance})
    with pytest.raises(LinkError, match="expected 1 imports, found 0"):
        Instance(store, user, [])


# --- looked up by name ---


def permuted(rng: random.Random, total: int) -> tuple[str, list[int], str]:
    """A provider of functions `f0`... that return their numbers; those that are wanted; the type that says so."""
    numbers = list(range(total))
    rng.shuffle(numbers)
    provider = "".join(f'(func (export "f{n}") (result i32) (i32.const {n}))' for n in numbers)
    wanted = rng.sample(numbers, rng.randrange(1, total + 1))
    return provider, wanted, "".join(f'(export "f{n}" (func (result i32)))' for n in wanted)


def test_random_permutations_and_supersets() -> None:
    """1,000 of them, 50 in each module: every name leads to its own function."""
    rng = random.Random("permutations")
    store = Store(ENGINE)
    for _ in range(20):
        fields, expected = [], {}
        for case in range(50):
            provider, wanted, type = permuted(rng, rng.randrange(1, 6))
            calls = "".join(
                f'(func (export "f{n}") (result i32) (call (func $i "f{n}")))'
                if rng.randrange(2)
                else f'(export "f{n}" (func $i "f{n}"))'
                for n in wanted
            )
            fields.append(
                f"""(module $provider{case} {provider}) (instance $p{case} (instantiate $provider{case}))
                (module $user{case} (import "i" (instance $i {type})) {calls})
                (instance $u{case} (export "{case}") (instantiate $user{case} (import "i" (instance $p{case}))))"""
            )
            expected[str(case)] = wanted
        exports = run(store, "".join(fields))
        for name, wanted in expected.items():
            found = exports[name].exports(store)
            assert {export: found[export](store) for export in found} == {f"f{n}": n for n in wanted}


def test_random_permutations_from_the_host() -> None:
    rng = random.Random("host")
    store = Store(ENGINE)
    funcs = [Func(store, FuncType([], [ValType.i32()]), lambda n=n: n) for n in range(6)]
    for _ in range(60):
        _, wanted, type = permuted(rng, 6)
        order = list(range(6))
        rng.shuffle(order)
        given = Instance.from_exports(store, {f"f{n}": funcs[n] for n in order})
        user = f'(import "i" (instance $i {type}))' + "".join(f'(export "{n}" (func $i "f{n}"))' for n in wanted)
        exports = run(store, user, given)
        assert {int(name): exports[name](store) for name in exports} == {n: n for n in wanted}
