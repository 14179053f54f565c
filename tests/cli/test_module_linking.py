"""Module linking on the command line: `-W module-linking`, or a message that names it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from taipan.cli.main import main

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "hello\\n")
  (module $lengths (func $six (export "six") (result i32) (i32.const 6)))
  (instance $l (instantiate $lengths))
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (call (func $l "six")))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))"""
ON = ("-W", "module-linking")


class Done(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def taipan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs a command beside a.wat and returns what it did."""
    monkeypatch.chdir(tmp_path)
    Path("a.wat").write_text(HELLO)

    def run(*words: str) -> Done:
        try:
            status = main(list(words))
        except SystemExit as exit:
            status = int(exit.code or 0)
        return Done(status, *capfd.readouterr())

    return run


@pytest.mark.parametrize("compiler", ["baseline", "llvm"])
def test_programs_run(taipan, compiler: str) -> None:
    if compiler == "llvm":
        pytest.importorskip("llvmlite")
    chosen = ("--compiler", compiler, *ON)
    assert taipan("run", *chosen, "a.wat") == (0, "hello\n", "")
    assert taipan("compile", *chosen, "a.wat", "-o", "a.cwasm") == (0, "", "")
    assert taipan("run", *chosen, "--allow-precompiled", "a.cwasm") == (0, "hello\n", "")
    assert taipan("run", "--allow-precompiled", "a.cwasm").err == (
        "taipan: error: a.cwasm: Module was compiled with module-linking support but it is not enabled\n"
    )


@pytest.mark.parametrize("command", ["run", "validate", "compile", "objdump", "print", "wat2wasm"])
def test_what_is_missing_is_named(taipan, command: str) -> None:
    done = taipan(command, "a.wat")
    assert done.status == 1
    assert "module linking proposal not enabled" in done.err


def test_text_and_binary(taipan) -> None:
    assert taipan("wat2wasm", *ON, "a.wat", "-o", "a.wasm") == (0, "", "")
    done = taipan("print", *ON, "a.wasm", "-o", "b.wat")
    assert done == (0, "", "")
    assert taipan("wat2wasm", *ON, "b.wat", "-o", "b.wasm") == (0, "", "")
    assert Path("a.wasm").read_bytes() == Path("b.wasm").read_bytes()
    assert taipan("validate", *ON, "a.wasm").status == 0


@pytest.mark.parametrize("file", ["a.wat", "a.cwasm"])
def test_listings_have_the_functions_of_all_modules(taipan, file: str) -> None:
    taipan("compile", *ON, "a.wat", "-o", "a.cwasm")
    out = taipan("objdump", *ON, file).out
    assert "the outermost module\n" in out
    assert "$lengths\n" in out
    assert [line.split()[1] for line in out.splitlines() if line.startswith("function ")] == ["2", "0"]
    chosen = taipan("objdump", *ON, "--func", "six", file).out
    assert chosen.count("\nfunction ") == 1
    stats = taipan("objdump", *ON, "--stats", file).out
    assert "2 functions" in stats


def test_entries_are_numbered_without_gaps(taipan) -> None:
    """Also where types of modules stand between those of functions."""
    Path("b.wat").write_text("""(module
      (type $a (func (result i32))) (type $m (module)) (type $b (func (param i64))) (type $i (instance))
      (func (export "f") (type $a) (i32.const 0)) (func (export "g") (type $b))
      (func (export "h") (type $a) (i32.const 1)))""")
    lines = taipan("objdump", *ON, "--trampolines", "b.wat").out.splitlines()
    assert lines[1:] == [
        "       0          2        1  () -> (i32)",
        "       1          1        1  (i64) -> ()",
        "2 host-entry trampolines",
    ]


def test_scripts(taipan) -> None:
    Path("module-linking").mkdir()
    script = Path("module-linking/a.wast")
    script.write_text("""(module (module $m (func (export "f") (result i32) (i32.const 3)))
      (instance $i (instantiate $m)) (export "f" (func $i "f")))
      (assert_return (invoke "f") (i32.const 3))
      (module (import "nowhere" (instance)))""")
    done = taipan("wast", str(script))
    assert done.status == 1
    assert "unknown import: `nowhere` has not been defined" in done.out
    script.write_text('(module (import "nowhere" (instance)))')
    assert taipan("wast", "--compile-only", str(script)) == (0, "0 passed, 0 failed\n", "")


@pytest.mark.parametrize("nested", ["(module)", '(import "a" (func))'])
def test_errors_in_functions_of_the_outermost_module_show_them(taipan, nested: str) -> None:
    Path("b.wat").write_text(f"(module {nested} (func (nop)) (func $bad (i32.const 7) i32.add drop))")
    for done in (taipan("validate", *ON, "b.wat"), taipan("run", *ON, "b.wat")):
        assert done.status == 1
        assert "type mismatch" in done.err
        assert '"bad"' in done.err
        assert ": i32.const 7\n  > " in done.err


def test_errors_inside_nested_modules_say_where(taipan) -> None:
    Path("b.wat").write_text("(module (module (func (drop (i32.const 1))) (func i32.add drop)))")
    done = taipan("validate", *ON, "b.wat")
    assert done.status == 1
    assert "in function 1 of the module nested at offset 0x" in done.err + done.out
