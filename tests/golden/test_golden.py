"""Machine code, printed text and errors, compared with what is written in the files (see tools/golden.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import golden

if golden.files() == []:
    raise AssertionError("no golden files found")


@pytest.mark.parametrize("path", golden.files(), ids=lambda path: str(path.relative_to(golden.GOLDEN)))
def test_golden(path: Path) -> None:
    if golden.kind_of(path) == "baseline-x64":
        pytest.importorskip("capstone", reason="machine code is shown with capstone (in the `test` extra)")
    source, expected = golden.split(path.read_text())
    assert golden.KINDS[golden.kind_of(path)](source) == expected, "`python -m tools bless` accepts the new output"
