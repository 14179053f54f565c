"""Nested instances with either compiler, lazily and eagerly, compiled again while they run, and collected."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from module_sets import COMPILERS, linking_engine, run

from taipan import Instance, Module, Store

COUNTING = """
  (module $cell (global $g (mut i32) (i32.const 0))
    (func (export "add") (param i32) (result i32)
      (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g)))
  (module $loop
    (import "c" (instance $c (export "add" (func (param i32) (result i32)))))
    (func (export "run") (param i32) (result i32) (local i32)
      (loop $l
        (local.set 1 (call (func $c "add") (i32.const 3)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)))
  (instance $c1 (instantiate $cell)) (instance $c2 (instantiate $cell))
  (instance $a (export "a") (instantiate $loop (import "c" (instance $c1))))
  (instance $b (export "b") (instantiate $loop (import "c" (instance $c2))))
  (instance $same (export "same") (instantiate $loop (import "c" (instance $c1))))
  (func (export "both") (param i32) (result i32)
    (i32.add (call (func $a "run") (local.get 0)) (call (func $b "run") (local.get 0))))"""


def check_counts(store: Store, exports: Any) -> None:
    runs = {name: exports[name].exports(store)["run"] for name in ("a", "b", "same")}
    assert [runs["a"](store, 10), runs["b"](store, 1), runs["same"](store, 1), runs["a"](store, 1)] == [30, 3, 33, 36]
    assert exports["both"](store, 100) == 336 + 303


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_calls_across_nested_instances(compiler: str, lazy: bool) -> None:
    engine = linking_engine(compiler, lazy_compilation=lazy)
    module = Module(engine, f"(module {COUNTING})")
    for made in (module, Module.deserialize(engine, bytes(module.serialize()))):
        store = Store(engine)
        check_counts(store, Instance(store, made, []).exports(store))


def test_calls_across_nested_instances_that_tier_up() -> None:
    pytest.importorskip("llvmlite", reason="the optimizing compiler needs llvmlite, which is not installed")
    engine = linking_engine("auto", tier_up_calls=1)
    for _ in range(2):
        store = Store(engine)
        exports = run(store, COUNTING)
        check_counts(store, exports)
        total = exports["both"](store, 20_000)
        assert total == 336 + 303 + 2 * 60_000


class Token:
    """Something that can be seen to go."""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_references_between_nested_instances_are_collected(compiler: str) -> None:
    store = Store(linking_engine(compiler))
    exports = run(
        store,
        """(module $keep (table $t 2 externref) (global $g (mut externref) (ref.null extern))
            (func (export "set") (param i32 externref) (table.set $t (local.get 0) (local.get 1)))
            (func (export "get") (param i32) (result externref) (table.get $t (local.get 0))))
          (instance $one (instantiate $keep)) (instance $two (instantiate $keep))
          (func (export "put") (param externref) (call (func $one "set") (i32.const 0) (local.get 0)))
          (func (export "move") (call (func $two "set") (i32.const 1) (call (func $one "get") (i32.const 0)))
            (call (func $one "set") (i32.const 0) (ref.null extern)))
          (func (export "take") (result externref) (call (func $two "get") (i32.const 1)))
          (func (export "drop") (call (func $two "set") (i32.const 1) (ref.null extern)))""",
    )
    token = Token()
    gone = weakref.ref(token)
    exports["put"](store, token)
    exports["move"](store)
    del token
    store.gc()
    gc.collect()
    assert isinstance(exports["take"](store), Token)
    exports["drop"](store)
    store.gc()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("compiler", COMPILERS)
def test_an_alias_in_every_place(compiler: str) -> None:
    """Tables, memories, globals and functions of an instance, used by everything that names one."""
    store = Store(linking_engine(compiler))
    exports = run(
        store,
        """(type $r (func (result i32)))
        (module $m (memory (export "m") 1 3) (table (export "t") 4 9 funcref)
          (global (export "c") i32 (i32.const 2)) (global (export "g") (mut i32) (i32.const 5))
          (func (export "f") (result i32) (i32.const 42)) (func (export "start") (global.set 1 (i32.const 6))))
        (instance $i (instantiate $m))
        (alias $i "f" (func $f)) (alias $i "start" (func $s)) (alias $i "t" (table $t)) (alias $i "m" (memory $m))
        (alias $i "g" (global $g)) (alias $i "c" (global $c))
        (global $own i32 (global.get $c))
        (start $s)
        (elem (table $t) (global.get $c) func $f)
        (data (memory $m) (global.get $c) "\\07")
        (elem $e func $f)
        (export "f" (func $f)) (export "m" (memory $m)) (export "t" (table $t)) (export "g" (global $g))
        (func (export "call") (result i32) (call $f))
        (func (export "indirect") (param i32) (result i32) (call_indirect $t (type $r) (local.get 0)))
        (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "own") (result i32) (global.get $own))
        (func (export "inc") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g))
        (func (export "grow") (result i32)
          (i32.add (memory.grow $m (i32.const 1)) (table.grow $t (ref.null func) (i32.const 1))))
        (func (export "init") (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "null") (result i32) (ref.is_null (table.get $t (i32.const 1))))
        (func (export "ref") (result funcref) (ref.func $f))""",
    )
    assert (exports["call"](store), exports["indirect"](store, 2), exports["load"](store, 2)) == (42, 42, 7)
    assert (exports["own"](store), exports["inc"](store), exports["null"](store)) == (2, 7, 1)
    exports["init"](store)
    assert exports["indirect"](store, 0) == 42
    assert exports["grow"](store) == 1 + 4
    assert (exports["m"].size(store), exports["t"].size(store), exports["g"].value(store)) == (2, 5, 7)
    assert exports["ref"](store)(store) == 42
