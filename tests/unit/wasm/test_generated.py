"""The generated files that are checked in are what the generators make."""

from __future__ import annotations

from tools.gen import stale_files


def test_generated_files_are_current() -> None:
    assert not stale_files(), "run `python -m tools gen`"
