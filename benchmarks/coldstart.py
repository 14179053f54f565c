"""Whole programs started cold: a process that imports the engine, compiles a module, runs it and ends.

    python -m tools bench coldstart            every kernel and SQLite at each of `WORK`, three rounds: half an hour
    python -m tools bench coldstart/fib        one program
    python -m tools bench coldstart/fib-1      one program, 1 s of work
    python -m tools bench coldstart/1          every program, 1 s of work

Work is measured in what Cranelift's code takes for it.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

import taipan
from benchmarks import corpus, peers
from benchmarks.measure import Table, cpu_time
from benchmarks.sqlite import SESSION, example

WORK: Final[dict[float, int]] = {0.1: 5, 1: 3, 10: 1}
"""Seconds of work -> rounds."""

CONTESTANTS: Final[dict[str, tuple[str, str]]] = {
    "tier-up": ("taipan", "tier_up"),
    "baseline": ("taipan", "tier_up=n"),
    "wasmtime": ("wasmtime", ""),
}
"""Column -> package and settings."""

REPEATED: Final = ("fib", "nqueens")
"""Kernels whose work does not grow with their argument in proportion: these are run more often instead."""

STATEMENTS: Final = (
    *(line.replace("000)", "00)").replace("% 2000 ", "% 200 ") for line in SESSION),
    "drop table item",
    "drop table sale",
)
"""The session with a tenth of the rows, which can be run again."""

PROGRAM: Final = Path(__file__).resolve().parent / "program.py"


class Program(NamedTuple):
    """arguments: of program.py, after the settings.  text: its standard input."""

    arguments: list[str]
    text: str = ""


def kernel(name: str, seconds: float) -> Program:
    """A kernel with so much to do that Cranelift's code takes `seconds`."""
    path, n = corpus.kernel(name), corpus.KERNELS[name]
    store, exports = peers.instantiate(peers.wasmtime(), path)
    function = exports["run"]
    function(store, 1)
    one = min(cpu_time(lambda: function(store, n))[0] for _ in range(3))
    if name in REPEATED:
        return Program(["kernel", str(path), str(n), str(max(1, round(seconds / one)))])
    return Program(["kernel", str(path), str(max(1, round(n * seconds / one))), "1"])


def sqlite(seconds: float) -> Program:
    path = corpus.module("sqlite3")
    database = example().Database(str(path), peers.wasmtime())
    one = min(cpu_time(lambda: [database.execute(statement) for statement in STATEMENTS])[0] for _ in range(5))
    driver = PROGRAM.parent.parent / "examples" / "sqlite.py"
    rounds = max(1, round(seconds / one))
    return Program(["sqlite", str(path), str(driver), str(rounds)], ";\n".join(STATEMENTS))


class Cost(NamedTuple):
    """main: CPU time of the main thread. Where the machine is busy with other things it says more than wall time,
    at least of engines whose other threads are not waited for.
    """

    wall: float
    cpu: float
    main: float


TITLES: Final = ("wall time", "CPU time", "CPU time of the main thread")


def run(package: str, settings: str, program: Program) -> tuple[Cost, str]:
    """Seconds of a process from its start to its end, and what it printed."""
    env = {**os.environ, "PYTHONPATH": str(Path(taipan.__file__).resolve().parent.parent)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    command = [sys.executable, str(PROGRAM), package, settings, *program.arguments]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, input=program.text, capture_output=True, text=True, check=False, env=env)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stderr)
    checksum, main = done.stdout.split()
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, float(main)), checksum


def compare(program: Program, rounds: int) -> dict[str, Cost]:
    """Medians, each engine in turn; raises if what they print differs."""
    costs: dict[str, list[Cost]] = {name: [] for name in CONTESTANTS}
    printed: dict[str, str] = {}
    for _ in range(rounds):
        for name, (package, settings) in CONTESTANTS.items():
            cost, printed[name] = run(package, settings, program)
            costs[name].append(cost)
    if len(set(printed.values())) > 1:
        raise AssertionError(f"checksums differ: {printed}")
    return {name: Cost(*map(statistics.median, zip(*found, strict=True))) for name, found in costs.items()}


def main(only: str) -> None:
    for seconds, rounds in WORK.items():
        names = [
            name for name in (*corpus.KERNELS, "sqlite") if only in ("", name, f"{name}-{seconds:g}", f"{seconds:g}")
        ]
        if not names:
            continue
        costs: dict[str, dict[str, Cost]] = {}
        for name in names:
            try:
                costs[name] = compare(sqlite(seconds) if name == "sqlite" else kernel(name, seconds), rounds)
            except corpus.Missing as reason:
                print(f"{name} skipped: {reason}", flush=True)
        for which, title in enumerate(TITLES):
            table = Table(f"Whole programs started cold, {seconds:g} s of work: {title}", "tier-up")
            for name, found in costs.items():
                table.line(name, {engine: cost[which] for engine, cost in found.items()})
            table.close()
