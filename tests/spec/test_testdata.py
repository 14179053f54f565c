"""Wasmtime's scripts (misc_testsuite, fuel, module linking) through the public API, as test_testsuite.py does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from suite import expectations, judge, suite_files

import taipan
import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

ENTRIES = expectations()


@pytest.mark.parametrize("name", suite_files("testdata"))
def test_file(name: str, testdata_dir: Path) -> None:
    from taipan.wast.runner import Runner

    runner = Runner(check_messages="module-linking" in name, instantiate="wasm-tools" not in name)
    wrong = judge(f"testdata/{name}", runner.run_file(testdata_dir / name), ENTRIES)
    assert not wrong, "\n".join(wrong[:20])


def with_llvm(config: taipan.Config) -> None:
    config.compiler = "llvm"


def with_tier_up(config: taipan.Config) -> None:
    config.tier_up_calls = 1


def eagerly(config: taipan.Config) -> None:
    config.lazy_compilation = False


LINKING = [name for name in suite_files("testdata") if name.startswith("module-linking/wasmtime/")]


@pytest.mark.parametrize("configure", [with_llvm, with_tier_up, eagerly])
@pytest.mark.parametrize("name", LINKING)
def test_module_linking_with_other_code(
    name: str, configure: Callable[[taipan.Config], None], testdata_dir: Path
) -> None:
    """Nested instances run what LLVM, tier-up and eager compilation make of them."""
    from taipan.wast.runner import Runner

    if configure is not eagerly:
        pytest.importorskip("llvmlite")
    outcomes = Runner(check_messages=True, configure=configure).run_file(testdata_dir / name)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    assert not failed, failed[:5]
