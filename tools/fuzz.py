"""`python -m tools fuzz TARGET [--cases N] [--seed S] [--first K]`: long runs of tests/fuzz, by hand.

Cases run in as many processes as there are processors (`--jobs`), `--seeds N` goes on with other seeds. What fails in
`execution` or `tiers` is made smaller and put into tests/fuzz/regress. `--write FILE` writes the module or text of case
K instead; `--reduce FILE` makes a failing module of these two smaller, as text. TAIPAN_FUZZ_CORPUS names a folder with
further .wasm and .wat files to mutate.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from tests.fuzz import worker

REGRESS = Path(worker.__file__).resolve().parent / "regress"
GENERATING = ("execution", "tiers")
"""Targets whose cases are modules of tests/fuzz/generate.py."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools fuzz", description=__doc__)
    parser.add_argument("target", choices=worker.TARGETS)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds, each with all cases")
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--write", metavar="FILE", type=Path)
    parser.add_argument("--reduce", metavar="FILE", type=Path)
    options = parser.parse_args(arguments)
    if options.write is not None or options.reduce is not None:
        return one_case(options)
    return many_cases(options)


def many_cases(options: argparse.Namespace) -> int:
    """A line after every batch: how far it is, what was counted, how long it took."""
    started = time.monotonic()
    failed = 0
    counts: Counter[str] = Counter()
    for seed in range(options.seeds):
        name = f"{options.seed}.{seed}" if seed else options.seed
        for result in worker.batches(options.target, name, options.first, options.cases, options.jobs):
            counts += result.counts
            failed += len(result.failures)
            for failure in result.failures:
                line = f"{options.target} seed {name} case {failure.case}: {failure.reason}"
                print(line.encode(errors="backslashreplace").decode(), flush=True)
                if options.target in GENERATING:
                    store_find(options.target, name, failure.case)
            if result.max_bytes > worker.MAX_BYTES:
                print(f"a batch needed {result.max_bytes >> 20} MiB", flush=True)
                failed += 1
            counted = ", ".join(f"{number} {what}" for what, number in counts.items())
            print(f"{time.monotonic() - started:.0f} s: {counted}, {failed} failures", flush=True)
    return 1 if failed else 0


def store_find(target: str, seed: str, case: int) -> None:
    """The case, as small as it gets, in the folder of regressions, to be completed with what should have happened."""
    from tests.fuzz import reduce
    from tests.fuzz.generate import generate

    path = REGRESS / f"found-{seed}-{case}.wat"
    path.write_text(reduce.smallest(target, generate(worker.source_of(target, seed, case))))
    print(f"reduced to {path}", flush=True)


def one_case(options: argparse.Namespace) -> int:
    from tests.fuzz.generate import generate

    source = worker.source_of(options.target, options.seed, options.first)
    if options.target in GENERATING:
        from tests.fuzz import reduce

        case = generate(source)
        data = reduce.smallest(options.target, case).encode() if options.reduce else case.wasm
    else:
        data = worker.load(options.target, options.seed).make(source)
    (options.reduce or options.write).write_bytes(data)
    return 0
