"""Which proposals a script's folder switches."""

from __future__ import annotations

import pytest

from taipan.features import Features
from taipan.wast.features import features_for


@pytest.mark.parametrize("path", ["i32.wast", "testsuite/i32.wast", "testsuite/custom/name_annot.wast"])
def test_other_scripts_have_the_defaults(path: str) -> None:
    assert features_for(path) == Features()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x/testsuite/proposals/wide-arithmetic/a.wast", "wide-arithmetic"),
        ("x/testsuite/proposals/custom-page-sizes/a.wast", "custom-page-sizes"),
        ("x/testsuite/proposals/custom-descriptors/a.wast", "custom-descriptors"),
        ("x/testsuite/legacy/a.wast", "legacy-exceptions"),
        ("testdata/misc_testsuite/threads/a.wast", "threads"),
    ],
)
def test_folders_switch_their_proposal_on(path: str, name: str) -> None:
    assert features_for(path) == Features(Features().enabled | {name})


def test_threads_are_tested_against_the_first_version() -> None:
    features = features_for("testsuite/proposals/threads/memory.wast")
    assert "threads" in features
    assert not {"reference-types", "gc", "exceptions", "memory64", "multi-memory"} & features.enabled


def test_a_base_is_kept() -> None:
    base = Features().replace(simd=False)
    assert "simd" not in features_for("testsuite/legacy/a.wast", base)
