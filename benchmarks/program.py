"""One whole program, as a process of its own: what `coldstart.py` measures from outside. Imports nothing else of ours.

    python benchmarks/program.py PACKAGE SETTINGS kernel MODULE N ROUNDS       run(N), ROUNDS times
    python benchmarks/program.py PACKAGE SETTINGS sqlite MODULE DRIVER ROUNDS  the statements on standard input

SETTINGS: attributes of `Config` that are switched on, or off as in "tier_up=n", separated by commas. Prints a checksum,
and on a second line the CPU seconds of the main thread.
"""

from __future__ import annotations

import importlib
import sys
import time
import zlib
from typing import Any


def main(package_name: str, settings: str, kind: str, path: str, argument: str, rounds: str) -> None:
    package: Any = importlib.import_module(package_name)
    config = package.Config()
    for word in filter(None, settings.split(",")):
        name, _, value = word.partition("=")
        setattr(config, name, value != "n")
    engine = package.Engine(config)
    run = kernel if kind == "kernel" else sqlite
    print(run(package, engine, path, argument, int(rounds)))
    print(time.thread_time())


def kernel(package: Any, engine: Any, path: str, n: str, rounds: int) -> int:
    store = package.Store(engine)
    run = package.Instance(store, package.Module.from_file(engine, path), []).exports(store)["run"]
    results = [run(store, int(n)) % 2**64 for _ in range(rounds)]
    return zlib.crc32(str(results).encode())


def sqlite(package: Any, engine: Any, path: str, driver: str, rounds: int) -> int:
    sys.modules["taipan"] = package  # what the driver imports: it is to be the only engine in this process
    found: dict[str, Any] = {"__name__": "driver"}
    with open(driver, encoding="utf-8") as file:
        exec(compile(file.read(), driver, "exec"), found)
    statements = sys.stdin.read().split(";\n")
    database = found["Database"](path, package, engine)
    value = 0
    for _ in range(rounds):
        for statement in statements:
            rows = [tuple(row) for row in database.execute(statement)]
            value = zlib.crc32(repr(rows).encode(), value)
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
