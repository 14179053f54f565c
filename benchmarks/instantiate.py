"""The price of an instance: of a small module, with and without memory, and of a store with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks import corpus, peers
from benchmarks.measure import Table, per_call_lines

SMALL = '(module (global (mut i32) (i32.const 7)) (func (export "f") (result i32) (global.get 0)))'
MEMORY = """(module (memory (export "m") 1) (data (i32.const 8) "hello")
  (func (export "f") (result i32) (i32.load (i32.const 8))))"""
TABLE = (
    """(module (table 16 funcref) (elem (i32.const 0) $f $f $f $f) (func $f (export "f") (result i32) (i32.const 1)))"""
)


def works(package: Any) -> dict[str, Callable[[int], object]]:
    engine = package.Engine()

    def instances(source: str, per_store: int) -> Callable[[int], object]:
        module = package.Module(engine, source)

        def work(count: int) -> None:
            for _ in range(max(1, count // per_store)):
                store = package.Store(engine)
                for _ in range(per_store):
                    package.Instance(store, module, [])

        return work

    return {
        "small module": instances(SMALL, 100),
        "small module + store": instances(SMALL, 1),
        "with table": instances(TABLE, 100),
        "with memory": instances(MEMORY, 10),
    }


def main(only: str) -> None:
    table = Table("Instantiation: CPU time of one Instance(store, module, [])", "taipan")
    lines = {"taipan": works(peers.taipan())}
    try:
        lines["wasmtime"] = works(peers.wasmtime())
    except corpus.Missing as reason:
        table.skip("wasmtime", str(reason))
    per_call_lines(table, lines, only)
