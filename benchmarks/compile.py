"""Compile time of real modules: whole module, validated, one thread, CPU time."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, Final

from benchmarks import corpus, peers
from benchmarks.measure import ROUNDS, Table, compare, cpu_time

SLOW_BYTES: Final = 20_000_000  # beyond that Cranelift takes minutes on one thread


def taipan_compiler(data: bytes, lazy: bool) -> Callable[[], tuple[float, object]]:
    package = peers.taipan()
    config = package.Config()
    config.lazy_compilation = lazy
    engine = package.Engine(config)
    return lambda: (cpu_time(lambda: package.Module(engine, data))[0], "")


def wasmtime_compiler(package: Any, data: bytes) -> Callable[[], tuple[float, object]]:
    config = package.Config()
    config.parallel_compilation = False
    engine = package.Engine(config)
    return lambda: (cpu_time(lambda: package.Module(engine, data))[0], "")


def measure(name: str) -> dict[str, float]:
    path = corpus.module(name)
    data = path.read_bytes()
    times = compare({"taipan": taipan_compiler(data, False), "(lazy)": taipan_compiler(data, True)})
    if len(data) < SLOW_BYTES:
        times |= compare({"wasmtime": wasmtime_compiler(peers.wasmtime(), data)}, 1)
    node_times, _ = peers.node(peers.NODE_COMPILE, [str(path), str(ROUNDS)], peers.LIFTOFF)
    times["liftoff"] = statistics.median(node_times)
    return times


def main(only: str) -> None:
    table = Table("Compile time: whole module, validated, one thread ((lazy): bodies only validated)", "taipan")
    for name in corpus.MODULES:
        if only and name != only:
            continue
        try:
            table.line(name, measure(name))
        except corpus.Missing as reason:
            table.skip(name, str(reason))
    table.close()
