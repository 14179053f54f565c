"""Which scripts there are, by their name below the suite's folder, and what is expected of them."""

from __future__ import annotations

import importlib.util
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taipan.wast.runner import Outcome

HERE = Path(__file__).resolve().parent


def _find_data(name: str) -> Path | None:
    """`find_data` of tests/conftest.py, which cannot be imported by name: other folders have a conftest, too."""
    spec = importlib.util.spec_from_file_location("tests_conftest", HERE.parent / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Path | None = module.find_data(name)
    return found


def suite_files(data: str = "testsuite") -> list[str]:
    """Names of all scripts, sorted; one placeholder if the suite is missing, so that the skip is seen."""
    root = _find_data(data)
    if root is None:
        return [f"(no {data})"]
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.wast"))


def expectations() -> list[dict[str, Any]]:
    """The entries of expectations.toml; that file explains them."""
    with (HERE / "expectations.toml").open("rb") as file:
        entries: list[dict[str, Any]] = tomllib.load(file)["expected"]
    return entries


def judge(name: str, outcomes: list[Outcome], entries: list[dict[str, Any]]) -> list[str]:
    """What is wrong with a file's outcomes: failures that no entry expects, and entries that expect too much."""
    failures = [outcome for outcome in outcomes if not outcome.passed]
    wrong = []
    explained: set[int] = set()
    for entry in entries:
        if not any(fnmatchcase(name, pattern) for pattern in entry["files"]):
            continue
        hits = {
            index
            for index, outcome in enumerate(failures)
            if ("errors" not in entry or outcome.error in entry["errors"])
            and ("lines" not in entry or outcome.line in entry["lines"])
        }
        explained |= hits
        if not hits:
            wrong.append(f"{name} passes what expectations.toml lists ({entry['reason']}): remove the entry")
        missing = set(entry.get("lines", ())) - {failures[index].line for index in hits}
        if missing and hits:
            wrong.append(f"{name}: lines {sorted(missing)} pass now: remove them ({entry['reason']})")
    unexplained = [outcome for index, outcome in enumerate(failures) if index not in explained]
    wrong += [f"{name}:{outcome.line}: {outcome.command}: {outcome.reason}" for outcome in unexplained]
    return wrong
