"""The official suite with tier-up forced: the n-th call of a function compiles it with LLVM, before it runs.

By default a selection of the files; with TAIPAN_SPEC_TIERS=all each file, with each count and, compiled by LLVM from
the start, at the optimizer's default level: three minutes.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from suite import expectations, judge, suite_files

import taipan._native

if TYPE_CHECKING:
    import taipan

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)
pytest.importorskip("llvmlite", reason="tier-up needs llvmlite")

ENTRIES = [entry for entry in expectations() if entry.get("compiler", "baseline") == "baseline"]
LLVM_ENTRIES = [entry for entry in expectations() if entry.get("compiler", "llvm") == "llvm"]
EVERYTHING = os.environ.get("TAIPAN_SPEC_TIERS") == "all"
# Of these, LLVM would compile nothing at all.
FILES = [name for name in suite_files() if not name.rpartition("/")[2].startswith("simd_")]
SELECTION = """
    block br_table call call_indirect call_ref conversions elem endianness exports f64 func_ptrs global i64 if linking
    local_tee loop memory_grow memory_trap names ref_func return_call return_call_indirect return_call_ref select
    skip-stack-guard-page stack start table_grow table_set traps unreachable unwind"""


def forced(calls: int, config: taipan.Config) -> None:
    config.tier_up_calls = calls
    config.opt_level = "fast"


def check(name: str, suite: Path, calls: int) -> None:
    from taipan.wast.runner import Runner

    # From the first call on, nothing is left to the baseline compiler but what LLVM refuses.
    entries = LLVM_ENTRIES if calls == 1 else ENTRIES
    wrong = judge(name, Runner(configure=partial(forced, calls)).run_file(suite / name), entries)
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("name", SELECTION.split())
def test_file(name: str, calls: int, testsuite_dir: Path) -> None:
    check(f"{name}.wast", testsuite_dir, calls)


if EVERYTHING:

    @pytest.mark.parametrize("calls", [1, 2, 10])
    @pytest.mark.parametrize("name", FILES)
    def test_every_file(name: str, calls: int, testsuite_dir: Path) -> None:
        check(name, testsuite_dir, calls)

    @pytest.mark.parametrize("name", FILES)
    def test_every_file_with_llvm_alone(name: str, testsuite_dir: Path) -> None:
        from taipan.wast.runner import Runner

        wrong = judge(name, Runner(compiler="llvm").run_file(testsuite_dir / name), LLVM_ENTRIES)
        assert not wrong, "\n".join(wrong[:20])
