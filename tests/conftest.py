"""Where tests find their data: official suites are never part of this repository."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# For `tools` and `benchmarks`. At the end, so that `taipan` is the installed package and not the checkout's sources.
sys.path.append(str(ROOT))
# The same for the processes that tests start: they must not find the checkout in their working directory.
os.environ["PYTHONSAFEPATH"] = "1"
# Whoever runs the tests in the background may have ignored it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def find_data(name: str) -> Path | None:
    """The folder `name` ("testsuite" or "testdata"): tests/<name> (a submodule), else ../shared/<name>."""
    for candidate in (ROOT / "tests" / name, ROOT.parent / "shared" / name):
        if candidate.is_dir() and any(candidate.iterdir()):
            return candidate
    return None


def require_data(name: str) -> Path:
    found = find_data(name)
    if found is None:
        pytest.skip(f"no {name}: run `git submodule update --init tests/{name}`, or place it in ../shared/{name}")
    return found


@pytest.fixture(scope="session")
def testsuite_dir() -> Path:
    """The official spec tests (WebAssembly/testsuite)."""
    return require_data("testsuite")


@pytest.fixture(scope="session")
def testdata_dir() -> Path:
    """Module linking, fuel and Wasmtime's misc tests."""
    return require_data("testdata")
