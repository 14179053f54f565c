"""Speed of generated code: the C kernels, `run(n)` once per round after one warm-up."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import corpus, peers
from benchmarks.measure import ROUNDS, Table, compare, cpu_time


def contestant(package: Any, path: Path, n: int) -> Callable[[], tuple[float, object]]:
    store, exports = peers.instantiate(package, path)
    function = exports["run"]
    function(store, 1)

    def run() -> tuple[float, object]:
        seconds, result = cpu_time(lambda: function(store, n))
        assert isinstance(result, int)
        return seconds, result % 2**64

    run()
    return run


def main(only: str) -> None:
    table = Table("Kernels: CPU time of generated code (lower is better)", "taipan")
    for name, n in corpus.KERNELS.items():
        if only and name != only:
            continue
        try:
            path = corpus.kernel(name)
            wasmtime = peers.wasmtime()
        except corpus.Missing as reason:
            table.skip(name, str(reason))
            continue
        times = compare({"taipan": contestant(peers.taipan(), path, n), "wasmtime": contestant(wasmtime, path, n)})
        try:
            node_times, _ = peers.node(peers.NODE_RUN, [str(path), str(n), str(ROUNDS)])
            times["node"] = statistics.median(node_times)
        except corpus.Missing as reason:
            table.skip(f"{name} in node", str(reason))
        table.line(name, times)
    table.close()
