"""`python -m tools fuzz TARGET [--cases N] [--seed S] [--first K]`: long runs of tests/fuzz, by hand.

`--write FILE` writes the module or text of case K instead; `--reduce FILE` makes a failing module of `execution`
smaller, as text. TAIPAN_FUZZ_CORPUS names a folder with further .wasm and .wat files to mutate.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tests.fuzz import worker

BATCH = 1000


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools fuzz", description=__doc__)
    parser.add_argument("target", choices=worker.TARGETS)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--write", metavar="FILE", type=Path)
    parser.add_argument("--reduce", metavar="FILE", type=Path)
    options = parser.parse_args(arguments)
    if options.write is not None or options.reduce is not None:
        return one_case(options)
    return many_cases(options)


def many_cases(options: argparse.Namespace) -> int:
    """In batches, each a process of its own: a leak in one case cannot end the run."""
    started = time.monotonic()
    failed = 0
    for first in range(options.first, options.first + options.cases, BATCH):
        count = min(BATCH, options.first + options.cases - first)
        failures, max_bytes = worker.run(options.target, options.seed, first, count)
        for failure in failures:
            print(f"{options.target} seed {options.seed} case {failure.case}: {failure.reason}", flush=True)
        failed += len(failures)
        if max_bytes > worker.MAX_BYTES:
            print(f"cases from {first} on needed {max_bytes >> 20} MiB", flush=True)
            failed += 1
    print(f"{options.cases} cases, {failed} failures, {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


def one_case(options: argparse.Namespace) -> int:
    from tests.fuzz.generate import generate

    source = worker.source_of(options.target, options.seed, options.first)
    if options.target == "execution":
        from tests.fuzz import reduce

        case = generate(source)
        data = reduce.smallest(case).encode() if options.reduce else case.wasm
    else:
        data = worker.load(options.target, options.seed).make(source)
    (options.reduce or options.write).write_bytes(data)
    return 0
