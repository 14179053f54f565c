"""The official suite, file by file, through the public API; expectations.toml lists what is not there yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import expectations, judge, suite_files

import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

ENTRIES = expectations()


@pytest.mark.parametrize("name", suite_files())
def test_file(name: str, testsuite_dir: Path) -> None:
    from taipan.wast.runner import Runner

    wrong = judge(name, Runner().run_file(testsuite_dir / name), ENTRIES)
    assert not wrong, "\n".join(wrong[:20])
