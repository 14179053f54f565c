"""Start-up: `import`, and a small program from the command line, as whole processes."""

from __future__ import annotations

import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import taipan
from benchmarks.measure import Table, compare

HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 20)))))"""


def process(*arguments: str) -> tuple[float, object]:
    """User and system seconds of a child process that sees the same taipan as this one."""
    env = {**os.environ, "PYTHONPATH": str(Path(taipan.__file__).resolve().parent.parent)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False, env=env)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ""


def main(only: str) -> None:
    table = Table("Start-up: CPU time of whole processes", "taipan")
    contestants = {"taipan": lambda: process("-c", "import taipan"), "python": lambda: process("-c", "pass")}
    if importlib.util.find_spec("wasmtime"):
        contestants["wasmtime"] = lambda: process("-c", "import wasmtime")
    if only in ("", "import"):
        table.line("import", compare(contestants, 15))
    if only in ("", "run"):
        with tempfile.NamedTemporaryFile("w", suffix=".wat", delete=False) as file:
            file.write(HELLO)
        try:
            programs = {
                "taipan": lambda: process("-m", "taipan", "run", file.name),
                "python": lambda: process("-c", "pass"),
            }
            table.line("run", compare(programs, 15))
        finally:
            os.unlink(file.name)
