"""The rules by which expectations.toml is applied."""

from __future__ import annotations

from suite import judge

from taipan.wast.runner import Outcome

PASSED = Outcome(1, "assert_return")
FAILED = Outcome(2, "assert_return", "returned 1", "")
UNSUPPORTED = Outcome(3, "assert_return", "UnsupportedError: v128", "UnsupportedError")


def test_failures_need_an_entry() -> None:
    assert judge("a.wast", [PASSED, FAILED], []) == ["a.wast:2: assert_return: returned 1"]
    assert judge("a.wast", [PASSED, FAILED], [{"files": ["b*"], "reason": "r"}]) != []
    assert judge("a.wast", [PASSED, FAILED], [{"files": ["a*"], "reason": "r"}]) == []


def test_an_entry_for_a_class_of_errors_covers_only_those() -> None:
    entry = {"files": ["a.wast"], "reason": "r", "errors": ["UnsupportedError"]}
    assert judge("a.wast", [UNSUPPORTED], [entry]) == []
    assert judge("a.wast", [UNSUPPORTED, FAILED], [entry]) == ["a.wast:2: assert_return: returned 1"]


def test_listed_files_and_lines_that_pass_must_be_removed() -> None:
    assert "remove the entry" in judge("a.wast", [PASSED], [{"files": ["a.wast"], "reason": "r"}])[0]
    entry = {"files": ["a.wast"], "reason": "r", "lines": [2, 9]}
    assert "lines [9] pass now" in judge("a.wast", [PASSED, FAILED], [entry])[0]
