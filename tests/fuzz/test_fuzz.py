"""Ten thousand cases of nearly every target; `python -m tools fuzz` runs more of them.

TAIPAN_FUZZ_CASES is the number of cases of each target in place of those below; TAIPAN_FUZZ_SEED picks others.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import taipan
import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

from taipan.binary.decode import decode
from taipan.wast.features import features_for
from taipan.wast.runner import Runner
from tests.fuzz import worker
from tests.fuzz.generate import generate

COMPILED = not decode.__module__ or not hasattr(decode, "__code__")
CASES = 10_000
FEWER = {"tiers": 100, "signatures": 300, "linking": 1500}
"""Targets with other numbers of cases: each of these takes longer, since much is compiled for it."""
NEEDS = {"tiers": ("llvmlite", "wasmtime"), "signatures": ("llvmlite",)}
INTERPRETED_SHARE = 20
"""How many times fewer cases are run where the hot modules are not compiled."""

REGRESS = Path(__file__).resolve().parent / "regress"


def count(target: str) -> int:
    chosen = os.environ.get("TAIPAN_FUZZ_CASES")
    if chosen:
        return int(chosen)
    cases = FEWER.get(target, CASES)
    return cases if COMPILED else cases // INTERPRETED_SHARE


@pytest.mark.parametrize("target", worker.TARGETS)
def test_target(target: str) -> None:
    for package in NEEDS.get(target, ()):
        pytest.importorskip(package, reason=f"the target {target} compares with {package}, which is not installed")
    seed = os.environ.get("TAIPAN_FUZZ_SEED", "0")
    cases = count(target)
    results = list(worker.batches(target, seed, 0, cases))
    again = f"python -m tools fuzz {target} --seed {seed} --cases 1 --first"
    failures = [failure for result in results for failure in result.failures]
    assert not failures, "\n".join(f"{again} {failure.case}\n{failure.reason}" for failure in failures)
    assert max(result.max_bytes for result in results) <= worker.MAX_BYTES
    assert sum(result.counts["cases"] for result in results) == cases


def test_same_seed_gives_same_module() -> None:
    first, second = (generate(worker.source_of("execution", "x", 3)) for _ in range(2))
    assert first == second
    assert first.wasm != generate(worker.source_of("execution", "y", 3)).wasm


@pytest.mark.parametrize("crash", ["os.abort()", "raise SystemExit(3)", "ctypes.string_at(0)"])
def test_worker_reports_the_case_that_ended_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: str) -> None:
    """And goes on with the next."""
    script = tmp_path / "dies.py"
    script.write_text(
        "import ctypes, os, sys\n"
        "first, last = int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])\n"
        "for case in range(first, last):\n"
        "    open(sys.argv[5], 'wb').write(case.to_bytes(8, 'little'))\n"
        f"    if case == 5: {crash}\n"
    )
    monkeypatch.setattr(worker, "__file__", str(script))
    result = worker.run("api", "0", 2, 6)
    assert [failure.case for failure in result.failures] == [5]


def test_found_by_api() -> None:
    """Wrong types are TypeErrors."""
    store = taipan.Store(taipan.Engine())
    memory = taipan.Memory(store, taipan.MemoryType(taipan.Limits(1, 1)))
    table = taipan.Table(store, taipan.TableType(taipan.ValType.externref(), taipan.Limits(1, 1)), None)
    wrong: Any = memory
    for call in (
        lambda: table.copy(store, 0, wrong, 0, 1),
        lambda: taipan.Linker(taipan.Engine()).get_by_import(store, wrong),
        lambda: taipan.Val.ref_null(wrong),
        lambda: memory[()],  # type: ignore[index]
        lambda: taipan.ExternRef(1).ptr_eq(wrong),
    ):
        with pytest.raises(TypeError, match="expected"):
            call()


def test_found_by_threads() -> None:
    """A number in place of bytes does not stand for so many zeros."""
    store = taipan.Store(taipan.Engine())
    memory = taipan.Memory(store, taipan.MemoryType(taipan.Limits(1, 1)))
    wrong: Any = 1 << 62
    with pytest.raises(TypeError):
        memory.write(store, wrong)
    assert memory.write(store, [1, 2]) == 2 and memory.read(store, 0, 3) == b"\1\2\0"
    assert memory.write(store, memoryview(b"abcdef")[::2]) == 3 and memory.read(store, 0, 3) == b"ace"


@pytest.mark.parametrize("path", sorted(REGRESS.glob("*.wast")), ids=lambda path: path.stem)
def test_regression(path: Path) -> None:
    failed = [outcome for outcome in Runner(features_for(str(path))).run_file(path) if not outcome.passed]
    assert not failed
