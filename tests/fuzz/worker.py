"""Runs cases of one target in a process of their own, so that a crash or a hang is an outcome like any other.

    python tests/fuzz/worker.py TARGET SEED FIRST COUNT STATUS

The number of the running case is in the file STATUS; failures are printed, one JSON object each, and at the end what
was counted. Case k of a seed is always the same, whatever ran before it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {
    "binary": "BinaryTarget",
    "text": "TextTarget",
    "execution": "ExecutionTarget",
    "tiers": "TiersTarget",
    "signatures": "SignaturesTarget",
    "api": "ApiTarget",
    "threads": "ThreadsTarget",
    "wasi_paths": "WasiPathsTarget",
    "linking": "LinkingTarget",
}
HANG_SECONDS = 60.0
"""Without a new case for so long, the process is ended. Far above what a case may take: machines can be busy."""
MAX_BYTES = 1 << 30
STATUS = struct.Struct("<q")


class Failure(NamedTuple):
    case: int
    reason: str


class Result(NamedTuple):
    failures: list[Failure]
    max_bytes: int
    """Peak of the process's resident memory."""
    counts: Counter[str]
    """Cases and, for targets that count them, modules, calls and so on."""


BATCH = 500
"""Cases of one process: a leak in one case cannot end the run."""


def batches(target: str, seed: str, first: int, count: int, jobs: int = 0) -> Iterator[Result]:
    """The same cases in many processes, `jobs` at once (0: as many as there are processors); results in their order."""
    end = first + count
    ranges = [(start, min(BATCH, end - start)) for start in range(first, end, BATCH)]
    with ThreadPoolExecutor(jobs or len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(lambda part: run(target, seed, *part), ranges)


def source_of(target: str, seed: str, case: int) -> random.Random:
    return random.Random(f"{target}:{seed}:{case}")


def run(target: str, seed: str, first: int, count: int, most_failures: int = 10) -> Result:
    """Run `count` cases from `first` on; goes on behind a crash. Returns what failed, at most `most_failures`."""
    failures: list[Failure] = []
    counts: Counter[str] = Counter()
    peak = 0
    end = first + count
    while first < end and len(failures) < most_failures:
        with tempfile.TemporaryDirectory() as folder:
            status = Path(folder, "status")
            status.write_bytes(STATUS.pack(first))
            arguments = [target, seed, str(first), str(end - first), str(status)]
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
            )
            output, errors, hung = watch(process, status)
            reached = STATUS.unpack(status.read_bytes())[0]
        for line in output.splitlines():
            found = json.loads(line)
            if "reason" in found:
                failures.append(Failure(found["case"], found["reason"]))
            else:
                peak = max(peak, found["max_bytes"])
                counts.update(found["counts"])
        if process.returncode == 0 and not hung:
            break
        why = "does not end" if hung else f"exit status {process.returncode}"
        shown = "\n".join(line for line in errors.splitlines() if not line.startswith("Extension modules"))
        failures.append(Failure(reached, f"{why}\n{shown[-2000:]}"))
        first = reached + 1
    return Result(failures[:most_failures], peak, counts)


def watch(process: subprocess.Popen[str], status: Path) -> tuple[str, str, bool]:
    """Wait for the process; its output, what it wrote to stderr, and whether it had to be ended."""
    last, since = b"", time.monotonic()
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            output, errors = process.communicate(timeout=1)
            return output, errors, False
        now = status.read_bytes()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > HANG_SECONDS:
            process.send_signal(signal.SIGABRT)
            output, errors = process.communicate()
            return output, errors, True


def load(target: str, seed: str) -> Any:
    return getattr(importlib.import_module(f"tests.fuzz.{target}"), TARGETS[target])(seed)


def peak_bytes() -> int:
    """Peak of this program's resident memory. (`ru_maxrss` is no less than what its parent had when it was started.)"""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) * 1024


def main(arguments: list[str]) -> None:
    target, seed, first, count, path = arguments
    faulthandler.enable()
    tried = load(target, seed)
    gc.collect()
    gc.freeze()  # what was imported is not looked at again by every collection of a case
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), STATUS.size) as status:
        for case in range(int(first), int(first) + int(count)):
            status[:] = STATUS.pack(case)
            try:
                reason = tried.case(source_of(target, seed, case))
            except Exception:
                reason = traceback.format_exc(limit=-8)
            if reason:
                print(json.dumps({"case": case, "reason": reason}), flush=True)
    counts = {"cases": int(count), **getattr(tried, "counts", {})}
    print(json.dumps({"max_bytes": peak_bytes(), "counts": counts}), flush=True)


if __name__ == "__main__":
    # Behind the installed packages, so that `taipan` is the one that the tests see.
    sys.path[0:1] = []
    sys.path.append(os.fspath(ROOT))
    main(sys.argv[1:])
