"""The official suite with the LLVM compiler: what it leaves alone comes from the baseline compiler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from suite import expectations, judge, suite_files

import taipan._native

if TYPE_CHECKING:
    import taipan

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)
pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

ENTRIES = [entry for entry in expectations() if entry.get("compiler", "llvm") == "llvm"]
# Of these, LLVM would compile nothing at all.
FILES = [name for name in suite_files() if not name.rpartition("/")[2].startswith("simd_")]


def fast(config: taipan.Config) -> None:
    config.opt_level = "fast"


@pytest.mark.parametrize("name", FILES)
def test_file(name: str, testsuite_dir: Path) -> None:
    from taipan.wast.runner import Runner

    wrong = judge(name, Runner(compiler="llvm", configure=fast).run_file(testsuite_dir / name), ENTRIES)
    assert not wrong, "\n".join(wrong[:20])
