"""The runner: commands pass and fail as they should, and failures say why."""

from __future__ import annotations

from pathlib import Path

import pytest

import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

from taipan.cli.main import main
from taipan.cli.wast import Counts
from taipan.wast.runner import Outcome, Runner

ADD = """(module $m
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2))
  (func (export "trap") unreachable)
  (func (export "div") (result i32) (i32.div_s (i32.const 1) (i32.const 0)))
  (func (export "f32") (param f32) (result f32) (local.get 0))
  (func (export "null") (result funcref) (ref.null func))
  (func (export "nothing"))
  (global (export "g") i32 (i32.const 5)))
"""


def run(script: str) -> list[Outcome]:
    return Runner().run_script(ADD + script)[1:]


@pytest.mark.parametrize(
    "script",
    [
        '(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))',
        '(assert_return (invoke $m "two") (i32.const 1) (i64.const 2))',
        '(assert_return (get "g") (i32.const 5))',
        '(assert_return (invoke "nothing"))',
        '(assert_return (invoke "null") (ref.null))',
        '(assert_return (invoke "f32" (f32.const nan:0x200000)) (f32.const nan:0x200000))',
        '(assert_return (invoke "f32" (f32.const -nan)) (f32.const nan:canonical))',
        '(assert_trap (invoke "trap") "unreachable")',
        '(assert_trap (module (func $f unreachable) (start $f)) "unreachable")',
        '(assert_invalid (module (func (result i32))) "type mismatch")',
        '(assert_malformed (module quote "(func") "unexpected token")',
        '(assert_malformed (module binary "x") "unexpected end")',
        '(assert_unlinkable (module (import "no" "such" (func))) "unknown import")',
        '(register "other" $m) (module (import "other" "g" (global i32)))',
        '(module (import "m" "g" (global i32)))',
        "(module definition $d (func)) (module instance $i $d) (module instance $j $d)",
        '(module (import "spectest" "print_i32" (func (param i32))) (import "spectest" "memory" (memory 1 2)))',
    ],
)
def test_passes(script: str) -> None:
    assert [outcome for outcome in run(script) if not outcome.passed] == []


@pytest.mark.parametrize(
    ("script", "reason", "error"),
    [
        ('(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 4))', "returned 3, expected", ""),
        ('(assert_return (invoke "nothing") (i32.const 0))', "returned nothing", ""),
        ('(assert_return (invoke "null"))', "returned None, expected nothing", ""),
        ('(assert_return (invoke "f32" (f32.const nan:0x200000)) (f32.const nan:arithmetic))', "returned", ""),
        ('(assert_return (invoke "trap"))', "Trap", "Trap"),
        ('(assert_trap (invoke "nothing") "unreachable")', "nothing was raised", ""),
        ('(assert_trap (invoke "div") "unreachable")', 'expected "unreachable", got: ', "Trap"),
        ('(assert_invalid (module) "type mismatch")', "nothing was raised", ""),
        ('(assert_invalid (module quote "(func") "x")', "expected InvalidError", "MalformedError"),
        ('(assert_malformed (module (func (result i32))) "x")', "expected MalformedError", "InvalidError"),
        ('(invoke "missing")', 'no export "missing"', "Missing"),
        ('(invoke $nobody "f")', "no instance $nobody", "Missing"),
        ("(module instance $x $nobody)", "no module $nobody", "Missing"),
        ("(wait $t)", "no thread $t", "Missing"),
    ],
)
def test_failures(script: str, reason: str, error: str) -> None:
    (outcome,) = run(script)
    assert reason in outcome.reason
    assert outcome.error == error


def test_a_failing_module_does_not_leave_the_one_before_it() -> None:
    bad, call = run('(module (func (result i32))) (assert_return (invoke "nothing"))')
    assert bad.error == "InvalidError"
    assert call.error == "Missing"


def test_a_script_that_cannot_be_parsed_is_one_failure() -> None:
    (outcome,) = Runner().run_script("\n(frobnicate)")
    assert (outcome.line, outcome.error) == (2, "MalformedError")


def test_threads_report_their_commands_when_waited_for() -> None:
    outcomes = run('(thread $t (module (func (export "f"))) (assert_return (invoke "f")) (invoke "g")) (wait $t)')
    assert [(outcome.command, outcome.passed) for outcome in outcomes] == [
        ("thread", True),
        ("wait", True),
        ("module", True),
        ("assert_return", True),
        ("action", False),
    ]


def test_named_modules_need_register_if_asked() -> None:
    script = ADD + '(module (import "m" "g" (global i32)))'
    assert [o.passed for o in Runner(register_named=False).run_script(script)] == [True, False]


def test_what_is_not_there_yet_is_skipped_not_passed() -> None:
    counts = Counts()
    counts.add(Outcome(1, "module"))
    counts.add(Outcome(2, "assert_return"))
    assert str(counts) == "1 passed, 0 failed"
    counts.add(Outcome(3, "assert_return", "UnsupportedError: no warp drive yet", "UnsupportedError"))
    counts.add(Outcome(4, "module", "MalformedError: no", "MalformedError"))
    assert str(counts) == "1 passed, 1 failed, 1 skipped"


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tmp_path / "good.wast"
    good.write_text(ADD + '(assert_return (invoke "nothing"))')
    bad = tmp_path / "bad.wast"
    bad.write_text('(module)\n(assert_invalid (module) "x")')
    assert main(["wast", str(good)]) == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"  # the module does not count
    assert main(["wast", str(good), str(bad)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{good}: 1 passed, 0 failed"
    assert lines[1].startswith(f"{bad}:2: assert_invalid: ")
    assert lines[-1] == "1 passed, 1 failed"
    assert main(["wast", str(tmp_path / "missing.wast")]) == 1
