"""The binary modules of the official suite, each with the features that its folder needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipan.features import DEFAULTS, Features
from tests.unit.binary.wast_binaries import Case, cases


def features_of(path: Path) -> Features:
    """The defaults and the proposal whose folder the script is in."""
    proposal = path.parent.name
    if proposal == "legacy":
        return Features().replace(legacy_exceptions=True)
    return Features().replace(**{proposal.replace("-", "_"): True}) if proposal in DEFAULTS else Features()


@pytest.fixture(scope="session")
def binary_cases(testsuite_dir: Path) -> list[tuple[Case, Features]]:
    scripts = sorted(testsuite_dir.rglob("*.wast"))
    return [(case, features_of(script)) for script in scripts for case in cases(script, testsuite_dir)]
