"""Wasmtime's scripts (misc_testsuite, fuel, module linking) through the public API, as test_testsuite.py does."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import expectations, judge, suite_files

import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

ENTRIES = expectations()


@pytest.mark.parametrize("name", suite_files("testdata"))
def test_file(name: str, testdata_dir: Path) -> None:
    from taipan.wast.runner import Runner

    wrong = judge(f"testdata/{name}", Runner().run_file(testdata_dir / name), ENTRIES)
    assert not wrong, "\n".join(wrong[:20])
