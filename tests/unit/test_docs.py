"""Documentation may only name files that exist, and README's example must print what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TOP_LEVEL = (
    "taipan/",
    "tests/",
    "tools/",
    "docs/",
    "benchmarks/",
    "examples/",
    "_native/",
    "abi/",
    "wasm/",
    "runtime/",
)


def named_paths(text: str) -> set[str]:
    """Backquoted words and link targets that look like paths of this repository."""
    words = re.findall(r"`([\w./-]+)`", text) + re.findall(r"\]\(([\w./-]+)\)", text)
    return {word for word in words if word.startswith(TOP_LEVEL)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page: Path) -> None:
    for name in named_paths(page.read_text()):
        candidates = (ROOT / name, ROOT / "taipan" / name, page.parent / name)
        assert any(candidate.exists() for candidate in candidates), f"{page.name} names {name}"


@pytest.mark.parametrize(
    ("page", "last_line", "printed"),
    [
        ("README.md", "", "1\n2432902008176640000\n"),
        ("docs/module-linking.md", "print(written)", "[7, 700, 700]\n"),
    ],
)
def test_examples_print_what_they_say(page: str, last_line: str, printed: str, tmp_path: Path) -> None:
    examples = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    source = next(code for code in examples if last_line in code)
    done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed
