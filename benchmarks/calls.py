"""The price of crossing the border: Python into wasm, wasm into Python, beside a plain Python call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import corpus, peers
from benchmarks.measure import Table, per_call_lines

MODULE = """
(module
  (import "host" "f" (func $f (param i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "nop"))
  (func (export "many") (param i32 i64 f32 f64 i32 i64 f32 f64) (result f64) (local.get 7))
  (func (export "callbacks") (param $n i32) (result i32)
    (local $x i32)
    (loop
      (local.set $x (call $f (local.get $x)))
      (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))
"""


def border(package: Any) -> dict[str, Callable[[int], object]]:
    """name -> work(count) for one package."""
    engine = package.Engine()
    store = package.Store(engine)
    i32 = package.ValType.i32()
    host = package.Func(store, package.FuncType([i32], [i32]), lambda x: x + 1)
    exports = package.Instance(store, package.Module(engine, MODULE), [host]).exports(store)
    add, nop, many, callbacks = (exports[name] for name in ("add", "nop", "many", "callbacks"))
    typed = add.typed(store, [i32, i32], [i32]) if hasattr(add, "typed") else add  # wasmtime-py has one way
    memory = package.Memory(store, package.MemoryType(package.Limits(1, None)))

    def call_add(count: int) -> None:
        for _ in range(count):
            add(store, 1, 2)

    def call_typed(count: int) -> None:
        for _ in range(count):
            typed(store, 1, 2)

    def call_nop(count: int) -> None:
        for _ in range(count):
            nop(store)

    def call_many(count: int) -> None:
        for _ in range(count):
            many(store, 1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0)

    def read_memory(count: int) -> None:
        for _ in range(count):
            memory.read(store, 16, 32)

    return {
        "add(i32,i32)": call_add,
        "add(i32,i32), typed": call_typed,
        "nop()": call_nop,
        "8 mixed parameters": call_many,
        "callback wasm->Python": lambda count: callbacks(store, count),
        "Memory.read(16)": read_memory,
    }


def python_call(count: int) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    for _ in range(count):
        add(1, 2)


def main(only: str) -> None:
    table = Table("Calls: CPU time of one call, loop included (python: def add(a, b))", "taipan")
    works = {"taipan": border(peers.taipan())}
    works["python"] = dict.fromkeys(works["taipan"], python_call)
    try:
        works["wasmtime"] = border(peers.wasmtime())
    except corpus.Missing as reason:
        table.skip("wasmtime", str(reason))
    per_call_lines(table, works, only)
