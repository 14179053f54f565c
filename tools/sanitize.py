"""`python -m tools sanitize [PYTEST ARGUMENTS]`: tests of the C runtime under AddressSanitizer and UBSan.

The runtime is built with gcc's sanitizers into an environment of its own, everything else is interpreted. Python's
objects are made by malloc, so that use of one that is gone is seen, too. Without arguments RUNS is run, all at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

RUNS: Final[tuple[tuple[str, ...], ...]] = (
    ("tests/unit/native", "tests/unit/runtime", "tests/spec/test_testsuite.py", "-k", "not simd and not fork"),
    ("tests/robustness", "-k", "not fork and not robust_sizes and not robust_endurance"),
    ("tests/fuzz/test_fuzz.py", "tests/unit", "-k", "api or threads or embedding or test_gc"),
)
"""Not vectors, which nothing compiles yet, nor sizes, which only the front end sees, nor growth of memory, which the
sanitizer gives back late, nor fork: gcc's sanitizer does not keep its allocator's locks in order there, so that a child
waits for ever now and then."""

DESELECTED: Final = {
    "tests/unit/native/test_code.py::test_little_address_space": "the sanitizer itself needs 16 TiB of addresses",
    "tests/unit/native/test_memory.py::test_failed_growth_tells_the_limiter_why": "RLIMIT_DATA covers its shadow",
    "tests/unit/test_embedding_memory.py::test_limited_by_the_system": "RLIMIT_DATA covers its shadow",
    "tests/unit/test_embedding_interrupt.py::test_a_stack_that_cannot_grow": "it leaves no room for the sanitizer",
    "tests/unit/native/test_trap.py::test_deep_nesting": "frames are larger",
}

ENVIRONMENT: Final = {
    # Faults of wasm are the runtime's. Leaks: Python keeps much to its end. Fake stacks would hide the stack's depth.
    "ASAN_OPTIONS": "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:allow_user_segv_handler=1"
    ":use_sigaltstack=0:detect_stack_use_after_return=0:allocator_may_return_null=1:abort_on_error=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:abort_on_error=1",
    "PYTHONMALLOC": "malloc",
    "TAIPAN_FUZZ_CASES": "40",
}


def library(name: str) -> str:
    """Path of one of gcc's libraries."""
    done = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def build(folder: str) -> Path:
    """An environment with the package and what its tests need; its Python."""
    python = Path(folder, "bin", "python")
    env = {**os.environ, "TAIPAN_SANITIZE": "address,undefined", "TAIPAN_NO_MYPYC": "1", "TAIPAN_WERROR": "1"}
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", ".[test]"], cwd=ROOT, env=env, check=True)
    return python


def main(arguments: list[str]) -> int:
    preload = f"{library('libasan.so')} {library('libubsan.so')}"
    with tempfile.TemporaryDirectory(prefix="taipan-sanitize-") as folder:
        python = build(folder)
        command = [str(python), "-m", "pytest", "-p", "no:cacheprovider"]
        command += [f"--deselect={test}" for test in DESELECTED]
        runs = [tuple(arguments)] if arguments else RUNS
        env = {**os.environ, **ENVIRONMENT, "LD_PRELOAD": preload, "PYTHONSAFEPATH": "1"}
        processes = [subprocess.Popen([*command, *run], cwd=ROOT, env=env) for run in runs]
        failed = [run for run, process in zip(runs, processes, strict=True) if process.wait()]
    for run in failed:
        print(f"sanitize: FAILED: {' '.join(run)}")
    return 1 if failed else 0
