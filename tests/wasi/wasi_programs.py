"""The C programs of `programs/`: what their comments ask for, how they are built and run.

A program is a C file with comments of the form `/* key: value */`:

    args env        words as a shell splits them
    stdin           text with \\n for a line end
    dirs            HOST=GUEST[:ro], directories below a new one; default one=/
    files           PATH=TEXT, made in the first directory; \\s stands for a space
    exit            expected status, default 0
    trap, error     text that the trap's or the error's message must contain
    output, errors  expected stdout and stderr, on lines of their own
    output-size     expected number of bytes instead
    differs         why Wasmtime's own WASI gives something else
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.c"))
ZIG_CC = (sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi", "-O2", "-Wno-unused-result")


class Program:
    def __init__(self, name: str) -> None:
        self.name = name
        self.source = (FOLDER / f"{name}.c").read_text()
        self.notes = dict(re.findall(r"^/\* ([\w-]+): ?(.*?) ?\*/$", self.source, re.M))
        blocks = re.findall(r"^/\* (output|errors):\n(.*?)\*/$", self.source, re.M | re.S)
        self.expected = {"output": "", "errors": "", **dict(blocks)}

    @property
    def args(self) -> list[str]:
        return [self.name, *shlex.split(self.notes.get("args", ""))]

    @property
    def env(self) -> list[tuple[str, str]]:
        pairs = []
        for word in shlex.split(self.notes.get("env", "")):
            name, _, value = word.partition("=")
            pairs.append((name, value))
        return pairs

    @property
    def stdin(self) -> bytes:
        return _unescape(self.notes.get("stdin", ""))

    def make_dirs(self, base: Path) -> list[tuple[Path, str, bool]]:
        """Make the program's directories and files. Returns (host path, guest path, mutable) of each."""
        made = []
        for word in self.notes.get("dirs", "one=/").split():
            host, _, guest = word.partition("=")
            guest, _, mode = guest.partition(":")
            (base / host).mkdir()
            made.append((base / host, guest, mode != "ro"))
        for word in self.notes.get("files", "").split():
            name, _, text = word.partition("=")
            path = made[0][0] / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_unescape(text))
        return made

    def build(self) -> Path:
        """Compile, unless the same source has been compiled before. Skips without a compiler."""
        if find_spec("ziglang") is None:
            pytest.skip("no C compiler for wasm32-wasi: pip install ziglang")
        key = hashlib.sha256("\n".join((*ZIG_CC[1:], self.source)).encode()).hexdigest()[:16]
        cache = Path(tempfile.gettempdir()) / f"taipan-wasi-programs-{os.getuid()}"
        cache.mkdir(mode=0o700, exist_ok=True)
        wasm = cache / f"{self.name}-{key}.wasm"
        if not wasm.exists():
            part = wasm.with_suffix(f".{os.getpid()}")
            subprocess.run([*ZIG_CC, str(FOLDER / f"{self.name}.c"), "-o", str(part)], check=True)
            part.rename(wasm)
        return wasm


class Result:
    """How a run ended: status, or the message of what ended it; and what the directories hold afterwards."""

    def __init__(self, status: int, message: str, output: bytes, errors: bytes, left: dict[str, object]) -> None:
        self.status = status
        self.message = message
        self.output = output
        self.errors = errors
        self.left = left


def contents(base: Path) -> dict[str, object]:
    """Everything below `base`: type, number of links, and content or target of each."""
    found: dict[str, object] = {}
    for path in sorted(base.rglob("*")):
        status = path.lstat()
        content: object = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(base))] = (stat.S_IFMT(status.st_mode), status.st_nlink, content)
    return found


def run(engine: Any, program: Program, base: Path, look: bool = True) -> Result:
    """Run with an engine of wasmtime-py's shape: the module `taipan` or the module `wasmtime`.

    look: whether to see what was left; not while somebody else changes it.
    """
    output, errors = bytearray(), bytearray()
    config = engine.WasiConfig()
    config.argv = program.args
    config.env = program.env
    stdin = base / "stdin"
    stdin.write_bytes(program.stdin)
    config.stdin_file = str(stdin)
    config.stdout_custom = output.extend
    config.stderr_custom = errors.extend
    for host, guest, mutable in program.make_dirs(base):
        config.preopen_dir(str(host), guest, mutable)
    store = engine.Store(engine.Engine())
    store.set_wasi(config)
    linker = engine.Linker(store.engine if hasattr(store, "engine") else engine.Engine())
    linker.define_wasi()
    module = engine.Module.from_file(linker.engine, str(program.build()))
    status, message = 0, ""
    try:
        linker.instantiate(store, module).exports(store)["_start"](store)
    except engine.ExitTrap as exit_trap:
        status = exit_trap.code
    except (engine.WasmtimeError, engine.Trap) as problem:
        status, message = -1, str(problem)
    finally:
        store.close()
    return Result(status, message, bytes(output), bytes(errors), contents(base) if look else {})


def check(program: Program, result: Result) -> None:
    """Compare a run with the program's comments."""
    notes = program.notes
    expected_end = notes.get("trap", notes.get("error", ""))
    if expected_end:
        assert result.status == -1
        assert expected_end in result.message
    else:
        assert result.message == ""
        assert result.status == int(notes.get("exit", "0"))
    if "output-size" in notes:
        assert len(result.output) == int(notes["output-size"])
    else:
        assert result.output.decode() == program.expected["output"]
    assert result.errors.decode() == program.expected["errors"]


def _unescape(text: str) -> bytes:
    return text.replace("\\s", " ").replace("\\n", "\n").encode()
