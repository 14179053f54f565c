"""The command line as its users meet it: output, messages, exit statuses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
HELLO = r"""(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))"""
TRAPPING = """(module $m
  (func $die unreachable)
  (func $start (export "_start") (call $die)))"""
NUMBERS = """(module
  (func (export "get_f32") (result f32) (f32.const 100))
  (func (export "get_f64") (result f64) (f64.const 100))
  (func (export "half") (result f64) (f64.const 0.5))
  (func (export "pair") (result i32 i64) (i32.const -1) (i64.const 7))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"""
LOOP = '(module (func (export "_start") (loop (br 0))))'


@pytest.fixture
def write(tmp_path: Path):
    def write(source: str, name: str = "test.wat") -> str:
        (tmp_path / name).write_text(source)
        return name

    return write


@pytest.fixture
def taipan(tmp_path: Path):
    def taipan(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "taipan", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **options,
        )

    return taipan


def assert_fails_with_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert done.stderr.startswith("taipan: error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_hello(taipan, write) -> None:
    done = taipan("run", write(HELLO))
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")


def test_a_binary_runs_like_its_text(taipan, write, tmp_path) -> None:
    assert taipan("wat2wasm", write(HELLO), "-o", "hello.wasm").returncode == 0
    assert (tmp_path / "hello.wasm").read_bytes().startswith(b"\0asm\1\0\0\0")
    assert taipan("run", "hello.wasm").stdout == "hello\n"


@pytest.mark.parametrize("status", [0, 2, 125])
def test_exit_status_is_the_programs(taipan, write, status) -> None:
    source = f'(module {EXIT} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const {status}))))'
    assert taipan("run", write(source)).returncode == status


def test_trap_is_134_with_a_backtrace(taipan, write) -> None:
    done = taipan("run", write(TRAPPING))
    assert done.returncode == 134
    assert done.stdout == ""
    assert "wasm trap: wasm `unreachable` instruction executed" in done.stderr
    assert "m!die" in done.stderr
    assert "m!start" in done.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "shown"),
    [
        ("get_f32", [], "100\n"),
        ("get_f64", [], "100\n"),
        ("half", [], "0.5\n"),
        ("pair", [], "-1\n7\n"),
        ("add", ["40", "2"], "42\n"),
        ("add", ["-1", "0xffffffff"], "-2\n"),
    ],
)
def test_invoke(taipan, write, name, arguments, shown) -> None:
    done = taipan("run", "--invoke", name, write(NUMBERS), *arguments)
    assert (done.returncode, done.stdout) == (0, shown), done.stderr


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("nope", [], ["nope", "get_f32"]),
        ("add", ["1"], ["expected 2 arguments", "got 1"]),
        ("add", ["1", "x"], ["argument 2", "'x'", "i32"]),
        ("add", ["1", "4294967296"], ["does not fit into i32"]),
    ],
)
def test_invoke_mistakes(taipan, write, name, arguments, words) -> None:
    assert_fails_with_one_line(taipan("run", "--invoke", name, write(NUMBERS), *arguments), *words)


def test_options_after_the_file_are_the_programs(taipan, write) -> None:
    source = """(module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (call $exit (i32.load (i32.const 0)))))"""
    assert taipan("run", write(source), "--invoke", "x", "-W", "--help").returncode == 5


def test_an_exit_status_that_shells_use_is_refused(taipan, write) -> None:
    source = f'(module {EXIT} (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 126))))'
    done = taipan("run", write(source))
    assert (done.returncode, done.stdout) == (134, "")
    assert "invalid exit status" in done.stderr


DIRECTORIES = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "made")
  (data (i32.const 16) "\\20\\00\\00\\00\\09\\00\\00\\00")
  (func (export "_start")
    (drop (call $name (i32.const 3) (i32.const 32) (i32.const 4)))
    (drop (call $name (i32.const 4) (i32.const 37) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (call $exit (i32.add
      (call $mkdir (i32.const 3) (i32.const 0) (i32.const 4))
      (call $mkdir (i32.const 4) (i32.const 0) (i32.const 4))))))"""


def test_directories(taipan, write, tmp_path) -> None:
    """In the order of the options; one of them read-only: errno 63, perm."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    done = taipan("run", "--dir-ro", "one", "--dir", "two::/new", write(DIRECTORIES))
    assert (done.returncode, done.stdout) == (63, "one\0\0/new")
    assert [path.name for path in tmp_path.glob("*/*")] == ["made"]
    assert (tmp_path / "two" / "made").is_dir()


ARGUMENTS = """(module
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\\40\\00\\00\\00\\04\\00\\00\\00")
  (func (export "_start")
    (drop (call $get (i32.const 32) (i32.const 64)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))"""


def test_argv0(taipan, write) -> None:
    assert taipan("run", "--argv0", "me", write(ARGUMENTS), "x").stdout == "me\0x"


def test_environment(taipan, write) -> None:
    source = """(module
      (import "wasi_snapshot_preview1" "environ_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (call $exit (i32.load (i32.const 4)))))"""
    assert taipan("run", "--env", "A=bc", "--env", "D=", write(source)).returncode == len("A=bc\0D=\0")


def test_timeout(taipan, write) -> None:
    begin = time.monotonic()
    for text, seconds in {"0.2": "0.2", "1ms": "0.001", "0.1s": "0.1"}.items():
        done = taipan("run", "--timeout", text, write(LOOP, "loop.wat"))
        assert done.returncode == 134
        assert f"failed to run loop.wat within {seconds} s\n" in done.stderr
        assert "wasm trap: interrupt" in done.stderr
    assert time.monotonic() - begin < 60
    assert taipan("run", "--timeout", "1m", write(HELLO)).returncode == 0


def test_fuel(taipan, write) -> None:
    done = taipan("run", "--fuel", "10_000", write(LOOP))
    assert done.returncode == 134
    assert "wasm trap: all fuel consumed by WebAssembly" in done.stderr
    assert taipan("run", "--fuel", "10000", write(HELLO)).returncode == 0
    assert taipan("run", "--fuel", "0", write(HELLO)).returncode == 134


def test_control_c_ends_a_loop(write, tmp_path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "taipan", "run", write(HELLO.replace("20)))))", "20)))  (loop (br 0))))"))],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"hello\n"  # the loop comes next
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    process.communicate()


def test_preload(taipan, write) -> None:
    write('(module (func (export "seven") (result i32) (i32.const 7)))', "lib.wat")
    main = '(module (import "lib" "seven" (func $f (result i32))) (func (export "f") (result i32) (call $f)))'
    assert taipan("run", "--preload", "lib=lib.wat", "--invoke", "f", write(main)).stdout == "7\n"


MISTAKES = {
    "no file": (["run", "missing.wasm"], ["missing.wasm", "No such file"]),
    "a directory": (["run", "."], [".", "directory"]),
    "not wasm": (["run", "text.txt"], ["text.txt"]),
    "empty file": (["run", "empty"], ["empty"]),
    "missing import": (["run", "import.wat"], ["env", "gone", "has not been defined"]),
    "bad dir": (["run", "--dir", "nowhere", "hello.wat"], ["--dir nowhere"]),
    "empty dir": (["run", "--dir", "", "hello.wat"], ["--dir", "HOST::GUEST"]),
    "empty guest dir": (["run", "--dir", ".::", "hello.wat"], ["--dir .::", "HOST::GUEST"]),
    "file as dir": (["run", "--dir-ro", "hello.wat", "hello.wat"], ["--dir-ro hello.wat", "Not a directory"]),
    "nameless env": (["run", "--env", "=x", "hello.wat"], ["--env =x", "NAME=VALUE"]),
    "bad env": (["run", "--env", "NO_SUCH_VARIABLE_HERE", "hello.wat"], ["NO_SUCH_VARIABLE_HERE"]),
    "bad preload": (["run", "--preload", "x", "hello.wat"], ["--preload x", "NAME=VALUE"]),
    "bad feature": (["run", "-W", "warp-drive", "hello.wat"], ["warp-drive", "simd"]),
    "bad compiler": (["run", "--compiler", "gcc", "hello.wat"], ["gcc", "baseline"]),
    "bad option": (["run", "--turbo", "hello.wat"], ["--turbo"]),
    "bad timeout": (["run", "--timeout", "-1", "hello.wat"], ["--timeout", "500ms"]),
    "no time": (["run", "--timeout", "0s", "hello.wat"], ["--timeout", "0s"]),
    "unknown unit": (["run", "--timeout", "5h", "hello.wat"], ["--timeout", "5h"]),
    "bad fuel": (["run", "--fuel", "-1", "hello.wat"], ["--fuel", "2**63 - 1"]),
    "too much fuel": (["run", "--fuel", str(2**63), "hello.wat"], ["--fuel"]),
    "bad command": (["fly"], ["fly", "run"]),
    "no arguments": (["validate"], ["FILE"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(taipan, write, tmp_path, case) -> None:
    write(HELLO, "hello.wat")
    write("this is not wasm", "text.txt")
    write("", "empty")
    write('(module (import "env" "gone" (func)) (func (export "_start")))', "import.wat")
    arguments, words = MISTAKES[case]
    assert_fails_with_one_line(taipan(*arguments), *words)


def test_a_module_without_start_says_what_can_be_called(taipan, write) -> None:
    done = taipan("run", write(NUMBERS))
    assert (done.returncode, done.stdout) == (0, "")
    assert "no _start; --invoke F calls one of: get_f32, get_f64, half, pair, add\n" in done.stderr
    done = taipan("run", write('(module (func) (start 0) (func (export "f")))'))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_the_file_is_said_to_be_missing(taipan) -> None:
    assert_fails_with_one_line(taipan("run", "--invoke", "f"), "required: FILE (see `taipan run --help`)")


@pytest.mark.parametrize("command", ["run", "validate", "wat2wasm", "objdump", "print"])
def test_mistakes_in_texts_are_shown(taipan, write, command) -> None:
    done = taipan(command, write("(module\r\n  (func\n\ti32.konst 1))", "wrong.wat"))
    assert done.returncode == 1
    assert "unknown operator" in done.stderr
    assert done.stderr.endswith("(line 3, column 2)\n   i32.konst 1))\n   ^\n")


def test_standard_input(taipan) -> None:
    done = taipan("wat2wasm", "-", input="(module)\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "\0asm\1\0\0\0", "")
    done = taipan("wat2wasm", "-", input="(module\n")
    assert_fails_with_one_line(done, "standard input: unexpected token end of text")


def test_long_lines_are_cut(taipan, write) -> None:
    done = taipan("validate", write(f"(module {' ' * 5000}(zork)){' ' * 5000}", "long.wat"))
    line, mark = done.stderr.splitlines()[1:]
    assert len(line) < 120
    assert line[mark.index("^") :].startswith("(zork")


@pytest.mark.parametrize("command", ["run", "validate", "wat2wasm", "objdump"])
def test_invalid_instructions_are_shown(taipan, write, command) -> None:
    done = taipan(command, write("(module (func $f (param i32) (drop (i32.eqz (local.get 0))) (br 7)))", "wrong.wat"))
    assert done.returncode == 1
    assert 'function 0 "f"' in done.stderr
    lines = done.stderr.splitlines()[1:]
    assert [line.split(": ")[1] for line in lines] == ["local.get 0", "i32.eqz", "drop", "br 7"]
    assert [line[:4] for line in lines] == ["    ", "    ", "    ", "  > "]


def test_no_file_is_overwritten_by_its_own_binary(taipan, write, tmp_path) -> None:
    assert_fails_with_one_line(taipan("wat2wasm", write("(module)", "text.wasm")), "text.wasm", "-o")
    assert (tmp_path / "text.wasm").read_text() == "(module)"


def test_names_that_cannot_be_written_are_escaped(taipan, write, tmp_path) -> None:
    write('(module (func $"\u00e4" (export "\u20ac")))', "euro.wat")
    os.rename(tmp_path / "euro.wat", os.fsencode(tmp_path) + b"/\xff.wat")
    for command in ("validate", "objdump"):
        for encoding in ("utf-8", "ascii"):
            done = taipan(command, os.fsdecode(b"\xff.wat"), env=dict(os.environ, PYTHONIOENCODING=encoding))
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout


@pytest.mark.parametrize(("word", "meant"), [("objdmp", "'objdump'"), ("a.wasm", "taipan run a.wasm")])
def test_unknown_commands_suggest_what_was_meant(taipan, word, meant) -> None:
    assert_fails_with_one_line(taipan(word), meant)


def test_validate(taipan, write) -> None:
    write("(module (func (result i32)))", "bad.wat")
    done = taipan("validate", write(HELLO, "good.wat"), "bad.wat")
    assert done.returncode == 1
    assert done.stdout == "good.wat: valid\n"
    assert done.stderr.startswith("bad.wat: type mismatch")
    assert "function 0" in done.stderr


def test_print_is_read_back(taipan, write, tmp_path) -> None:
    taipan("wat2wasm", write(NUMBERS), "-o", "a.wasm")
    (tmp_path / "b.wat").write_text(taipan("print", "a.wasm").stdout)
    taipan("wat2wasm", "b.wat")
    assert (tmp_path / "a.wasm").read_bytes() == (tmp_path / "b.wasm").read_bytes()


def test_wast_counts(taipan, write) -> None:
    script = '(module (func (export "f") (result i32) (i32.const 1)))'
    good = write(script + '(assert_return (invoke "f") (i32.const 1))', "good.wast")
    bad = write(script + '(assert_return (invoke "f") (i32.const 2))', "bad.wast")
    done = taipan("wast", good)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")
    done = taipan("wast", good, bad)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 passed, 1 failed")
    assert "good.wast: 1 passed, 0 failed\n" in done.stdout
    assert taipan("wast", "-q", ".").stdout.splitlines() == [
        *("./bad.wast: 0 passed, 1 failed", "./good.wast: 1 passed, 0 failed", "1 passed, 1 failed")
    ]


def test_version_and_help(taipan) -> None:
    assert taipan("--version").stdout.startswith("taipan ")
    assert "wat2wasm" in taipan("--help").stdout
    assert "--invoke" in taipan("run", "--help").stdout
    assert taipan("help", "run").stdout == taipan("run", "--help").stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(taipan, write) -> None:
    done = taipan("wat2wasm", write(HELLO), "-o", "/dev/full")
    assert done.returncode == 1
    assert "cannot write /dev/full" in done.stderr
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "taipan", "help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"taipan: error: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("words", [("print", "numbers.wat"), ("objdump", "numbers.wat"), ("help",)])
def test_a_closed_pipe_ends_quietly(write, tmp_path, words) -> None:
    write(NUMBERS, "numbers.wat")
    read, closed = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "taipan", *words], cwd=tmp_path, stdout=closed, stderr=subprocess.PIPE, check=False
    )
    os.close(closed)
    assert done.returncode in (141, -signal.SIGPIPE)
    assert done.stderr == b""
