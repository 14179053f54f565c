"""`taipan compile`, and what runs its artifacts: output, messages, and processes without any compiler."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from taipan.cli.main import main

SOURCE = """(module $m
  (func $divide (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0)))
  (func $f (export "f") (param i32) (result i32) (call $divide (local.get 0)))
  (func (export "same") (param externref) (result externref) (local.get 0)))"""
TRAP = """\
taipan: error: failed to run x.cwasm
error while executing at wasm backtrace:
    0:     0x32 - m!divide
    1:     0x38 - m!f

Caused by:
    wasm trap: integer divide by zero

"""

needs_llvm = pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed")
COMPILERS = ["baseline", pytest.param("llvm", marks=needs_llvm)]


class Done:
    """What a command did. err: standard error."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out = out
        self.err = err


@pytest.fixture
def taipan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command, in this process, in a folder with a.wat."""
    monkeypatch.chdir(tmp_path)
    Path("a.wat").write_text(SOURCE)

    def taipan(*words: str) -> Done:
        try:
            status = main(words)
        except SystemExit as exit:
            status = int(exit.code or 0)
        return Done(status, *capsys.readouterr())

    return taipan


def assert_fails(done: Done, *words: str) -> None:
    """With status 1 and one line."""
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("taipan: error: ")
    assert done.err.count("\n") == 1, done.err
    for word in words:
        assert word in done.err


@pytest.mark.parametrize("compiler", COMPILERS)
def test_artifacts_run(taipan, compiler) -> None:
    done = taipan("compile", "a.wat", "-o", "x.cwasm", "--compiler", compiler)
    assert (done.status, done.out, done.err) == (0, "", "")
    done = taipan("run", "--allow-precompiled", "--invoke", "f", "x.cwasm", "2")
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    done = taipan("run", "--allow-precompiled", "--invoke", "f", "x.cwasm", "0")
    assert (done.status, done.out, done.err) == (134, "", TRAP)


def test_where_the_artifact_goes(taipan, tmp_path) -> None:
    """Beside the module, or where -o says; one and the same bytes."""
    assert taipan("compile", "a.wat").status == 0
    taipan("wat2wasm", "a.wat")
    assert taipan("compile", "a.wasm", "-o", "b.cwasm").status == 0
    made = (tmp_path / "a.cwasm").read_bytes()
    assert made[:4] == b"\x7fELF"
    assert (tmp_path / "b.cwasm").read_bytes() == made
    (tmp_path / "c.cwasm").write_text(SOURCE)
    assert_fails(taipan("compile", "c.cwasm"), "c.cwasm would be overwritten", "-o")
    assert (tmp_path / "c.cwasm").read_text() == SOURCE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.wat", "--compiler", "zork"], ["unknown compiler: zork", "auto, baseline, llvm"]),
        (["a.wat", "--target", "zork"], ["architecture: zork", "x86_64"]),
        (["a.wat", "--target", "s390x-unknown-linux-gnu"], ["s390x"]),
        (["a.wat", "-C", "zork=1"], ["baseline compiler has no setting zork", "linkopt_force_jump_veneer"]),
        (["a.wat", "-C", "linkopt_force_jump_veneer=maybe"], ["must be true or false: maybe"]),
        (["a.wat", "-C", "linkopt_force_jump_veneer"], ["expected NAME=VALUE"]),
        (["a.wat", "-W", "zork"], ["unknown feature"]),
        (["a.wat", "-o", "none/x.cwasm"], ["cannot write none/x.cwasm: No such file or directory"]),
        (["none.wasm"], ["cannot read none.wasm: No such file or directory"]),
        (["."], ["cannot read .: Is a directory"]),
        ([], ["required: FILE"]),
    ],
)
def test_mistakes(taipan, tmp_path, words, said) -> None:
    assert_fails(taipan("compile", *words), *said)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wat"]


def test_settings_of_the_compiler(taipan, tmp_path) -> None:
    taipan("compile", "a.wat", "-o", "x.cwasm")
    taipan("compile", "a.wat", "-o", "y.cwasm", "-C", "linkopt_padding_between_functions=100000")
    sizes = [(tmp_path / name).stat().st_size for name in ("x.cwasm", "y.cwasm")]
    assert 190_000 < sizes[1] - sizes[0] < 310_000
    assert taipan("run", "--allow-precompiled", "--invoke", "f", "y.cwasm", "3").out == "2\n"


@needs_llvm
def test_levels_of_the_optimizer(taipan, tmp_path) -> None:
    for level in ("fast", "aggressive"):
        words = ("--compiler", "llvm", "-C", f"opt_level={level}")
        assert taipan("compile", "a.wat", *words, "-o", f"{level}.cwasm").status == 0
        assert taipan("run", "--allow-precompiled", "--invoke", "f", f"{level}.cwasm", "3").out == "2\n"
    assert_fails(taipan("compile", "a.wat", "--compiler", "llvm", "-C", "opt_level=zork"), "must be one of fast")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello", ["magic header not detected"]),
        (b"", ["unexpected end"]),
        (b"\0asm\1\0\0\0\1", ["unexpected end"]),
    ],
)
def test_files_that_are_no_modules(taipan, tmp_path, data, said) -> None:
    (tmp_path / "x.wasm").write_bytes(data)
    assert_fails(taipan("compile", "x.wasm"), "x.wasm: ", *said)
    assert_fails(taipan("run", "--allow-precompiled", "x.wasm"), "x.wasm: ", *said)


def test_the_place_of_a_mistake_is_shown(taipan, tmp_path) -> None:
    (tmp_path / "x.wat").write_text("(module\n  (func i32.zork))")
    done = taipan("compile", "x.wat")
    assert (done.status, done.out) == (1, "")
    assert "x.wat: " in done.err
    assert "  (func i32.zork))\n" in done.err
    (tmp_path / "x.wat").write_text("(module (func $f (result i32)))")
    done = taipan("compile", "x.wat")
    assert "type mismatch" in done.err
    assert '"f"' in done.err


# --- artifacts ---


@pytest.fixture
def artifact(taipan, tmp_path) -> Path:
    assert taipan("compile", "a.wat", "-o", "x.cwasm").status == 0
    return tmp_path / "x.cwasm"


def test_machine_code_is_only_run_if_allowed(taipan, artifact) -> None:
    for words in (["run"], ["run", "--invoke", "f"], ["run", "--preload", "x=x.cwasm"]):
        file = "a.wat" if "--preload" in words else "x.cwasm"
        assert_fails(taipan(*words, file), "x.cwasm: is precompiled machine code", "--allow-precompiled")
    assert taipan("run", "--allow-precompiled", "--preload", "x=x.cwasm", "--invoke", "f", "a.wat", "6").out == "1\n"


@pytest.mark.parametrize("command", ["compile", "print", "gc-stats", "wat2wasm", "validate", "wast"])
def test_commands_that_want_a_module(taipan, artifact, command) -> None:
    done = taipan(command, "x.cwasm")
    assert done.status == 1
    assert "x.cwasm" in done.err + done.out
    if command not in ("wat2wasm", "wast"):  # to which it is text like any other
        assert "precompiled machine code" in done.err or "compiled already" in done.err
    assert len((done.err + done.out).splitlines()) <= 2


def test_damaged_artifacts(taipan, artifact) -> None:
    data = artifact.read_bytes()
    for broken, said in (
        (data[:4], "damaged"),
        (data[:100], "damaged"),
        (data[: len(data) // 2], "damaged"),
        (data[:-1], "damaged"),
        (data.replace(b"taipan artifact 1", b"taipan artifact 2"), "damaged artifact: its header"),
        (data.replace(b"version=0", b"version=9"), "incompatible version '9"),
        (data.replace(b"system=linux", b"system=zorks"), "operating system 'zorks'"),
        (data.replace(b"machine=x86_64", b"machine=x86_65"), "x86_64"),
        (data.replace(b".taipan.sites\0", b".taipan.bites\0"), "section .taipan.sites is missing"),
        (Path(sys.executable).resolve().read_bytes(), "not made by `taipan compile`"),
    ):
        artifact.write_bytes(broken)
        assert_fails(taipan("run", "--allow-precompiled", "x.cwasm"), "x.cwasm: ", said)


def test_artifacts_for_other_settings(taipan, artifact) -> None:
    done = taipan("run", "--allow-precompiled", "--fuel", "10", "x.cwasm")
    assert_fails(done, "Module was compiled without fuel metering but it is enabled")
    done = taipan("run", "--allow-precompiled", "-W", "threads=n,shared-everything=n", "x.cwasm")
    assert_fails(done, "unknown feature")
    done = taipan("run", "--allow-precompiled", "-W", "multi-memory=n", "x.cwasm")
    assert_fails(done, "compiled with multi-memory support but it is not enabled")


# --- processes in which compilers cannot be imported ---

WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(tuple(sys.argv[1].split(","))):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from taipan.cli.main import main
sys.exit(main(sys.argv[2:]))
"""
NO_LLVM = "llvmlite"
NO_COMPILER = "llvmlite,taipan.compiler.llvm,taipan.compiler.baseline"


def without(names: str, *words: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, names, *words], capture_output=True, text=True, check=False, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("names", [NO_LLVM, NO_COMPILER])
def test_artifacts_run_without(taipan, names, compiler) -> None:
    assert taipan("compile", "a.wat", "-o", "x.cwasm", "--compiler", compiler).status == 0
    done = without(names, "run", "--allow-precompiled", "--invoke", "f", "x.cwasm", "2")
    assert (done.status, done.out, done.err) == (0, "3\n", "")
    done = without(names, "run", "--allow-precompiled", "--invoke", "f", "x.cwasm", "0")
    assert (done.status, done.out, done.err) == (134, "", TRAP)
    done = without(names, "run", "--allow-precompiled", "--invoke", "same", "x.cwasm", "null")
    assert (done.status, done.out, done.err) == (0, "null\n", "")


def test_compiling_says_what_is_missing(taipan) -> None:
    assert_fails(without(NO_LLVM, "compile", "a.wat", "--compiler", "llvm"), "llvm compiler is not installed")
    assert without(NO_LLVM, "run", "--invoke", "f", "a.wat", "1").out == "6\n"
    assert_fails(without(NO_COMPILER, "compile", "a.wat"), "no compiler available")
    assert_fails(
        without(NO_COMPILER, "compile", "a.wat", "--compiler", "baseline"), "baseline compiler is not installed"
    )
    assert_fails(without(NO_COMPILER, "run", "--invoke", "f", "a.wat", "1"), "no compiler available")
