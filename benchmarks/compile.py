"""Compile time of real modules: whole module, validated, one thread, CPU time."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from benchmarks import corpus, peers
from benchmarks.measure import ROUNDS, Table, compare, cpu_time


def taipan_compiler(data: bytes, lazy: bool) -> Callable[[], tuple[float, object]]:
    package = peers.taipan()
    config = package.Config()
    config.lazy_compilation = lazy
    engine = package.Engine(config)
    return lambda: (cpu_time(lambda: package.Module(engine, data))[0], "")


def wasmtime_compiler(package: Any, data: bytes) -> Callable[[], tuple[float, object]]:
    config = package.Config()
    config.parallel_compilation = False
    config.wasm_exceptions = True
    engine = package.Engine(config)
    return lambda: (cpu_time(lambda: package.Module(engine, data))[0], "")


def main(only: str) -> None:
    table = Table("Compile time: whole module, validated, one thread (lazy: validated, bodies on first call)", "taipan")
    for name in corpus.MODULES:
        if only and name != only:
            continue
        try:
            data = corpus.module(name).read_bytes()
            times = compare({"taipan": taipan_compiler(data, False), "taipan-lazy": taipan_compiler(data, True)}, 3)
            if len(data) < 20_000_000:
                times |= compare({"wasmtime": wasmtime_compiler(peers.wasmtime(), data)}, 1)
        except corpus.Missing as reason:
            table.skip(name, str(reason))
            continue
        try:
            node_times, _ = peers.node(peers.NODE_COMPILE, [str(corpus.module(name)), str(ROUNDS)], peers.LIFTOFF)
            times["liftoff"] = statistics.median(node_times)
        except corpus.Missing as reason:
            table.skip(f"{name} in node", str(reason))
        table.line(name, times)
    table.close()
