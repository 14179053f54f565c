"""Modules compiled before: how long loading one takes, and what it costs a module with very many functions."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, peers
from benchmarks.measure import Table, cpu_time

ROUNDS: Final = 31
FUNCTIONS: Final = 50_000

CONTESTANTS: Final[dict[str, tuple[Callable[[], Any], dict[str, str]]]] = {
    "taipan": (peers.taipan, {"compiler": "baseline"}),
    "(llvm)": (peers.taipan, {"compiler": "llvm", "opt_level": "fast"}),
    "wasmtime": (peers.wasmtime, {"cranelift_opt_level": "none"}),
}


def many_functions() -> bytes:
    """A module of small functions that call each other and access memory."""
    functions = " ".join(
        f"(func (param i32) (result i32) (i32.add (i32.load (local.get 0)) (call {max(n - 1, 0)} (i32.const {n}))))"
        for n in range(FUNCTIONS)
    )
    return bytes(peers.taipan().wat2wasm(f'(module (memory 1) {functions} (export "f" (func 3)))'))


def loader(package: Any, file: Path, data: bytes, **settings: str) -> Callable[[], float]:
    """CPU seconds of loading the module's artifact, which is written to the file."""
    config = package.Config()
    for name, value in settings.items():
        setattr(config, name, value)
    engine = package.Engine(config)
    file.write_bytes(package.Module(engine, data).serialize())
    return lambda: cpu_time(lambda: package.Module.deserialize_file(engine, str(file)))[0]


def medians(loaders: dict[str, Callable[[], float]]) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in loaders}
    for _ in range(ROUNDS):
        for name, load in loaders.items():
            times[name].append(load())
    return {name: statistics.median(values) for name, values in times.items()}


def measure(table: Table, name: str, data: bytes) -> None:
    loaders: dict[str, Callable[[], float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for peer, (find, settings) in CONTESTANTS.items():
            try:
                loaders[peer] = loader(find(), Path(directory) / peer, data, **settings)
            except (corpus.Missing, peers.taipan().UnsupportedError) as reason:
                table.skip(f"{name} {peer}", str(reason))
        table.line(name, medians(loaders))


def main(only: str) -> None:
    table = Table("Loading: CPU time of Module.deserialize_file ((llvm): what the LLVM compiler made)", "taipan")
    try:
        if only in ("", "sqlite3"):
            measure(table, "sqlite3", corpus.module("sqlite3").read_bytes())
    except corpus.Missing as reason:
        table.skip("sqlite3", str(reason))
    if only in ("", "functions"):
        measure(table, f"{FUNCTIONS:,} functions", many_functions())
    table.close()
