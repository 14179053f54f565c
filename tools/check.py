"""`python -m tools check`: everything that must hold before a change lands, in one readable list.

`python -m tools check --quick` leaves out the builds: format, lint, types, generated files and the fast tests only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

# name, command ({py} is this interpreter, {c} the hand-written C files)
STATIC: Final[tuple[tuple[str, str], ...]] = (
    ("format", "{py} -m ruff format --check ."),
    ("format of C", "clang-format --dry-run -Werror {c}"),
    ("lint", "{py} -m ruff check ."),
    ("types", "{py} -m mypy"),
    ("generated files", "{py} -m tools gen --check"),
)


def run(name: str, command: list[str], env: dict[str, str] | None = None) -> bool:
    print(f"-- {name}", flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, check=False)
    if done.returncode:
        print(f"-- {name}: FAILED ({' '.join(command)})", flush=True)
    return done.returncode == 0


def run_static() -> bool:
    c_files = [
        str(path) for path in sorted((ROOT / "taipan" / "_native").glob("*.[ch]")) if "_generated" not in path.name
    ]
    results = [run(name, command.format(py=sys.executable, c=" ".join(c_files)).split()) for name, command in STATIC]
    return all(results)


def run_tests(name: str, no_mypyc: bool, arguments: list[str]) -> bool:
    """Install into a throw-away environment, C warnings being errors, and run the tests from there."""
    folder = Path(tempfile.mkdtemp(prefix="taipan-check-"))
    try:
        env = {"TAIPAN_WERROR": "1", "TAIPAN_NO_MYPYC": "1" if no_mypyc else ""}
        python = str(folder / "bin" / "python")
        return (
            run(f"{name}: environment", [sys.executable, "-m", "venv", str(folder)])
            and run(f"{name}: install", [python, "-m", "pip", "install", "-q", ".[test]"], env)
            and run(f"{name}: tests", [str(folder / "bin" / "pytest"), *arguments], env)
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--quick"]):
        sys.stderr.write("usage: python -m tools check [--quick]\n")
        return 1
    ok = run_static()
    if not arguments:
        ok = run_tests("compiled", False, []) and ok
        ok = run_tests("interpreted", True, ["tests/unit", "tests/golden"]) and ok
    print("check: all good" if ok else "check: FAILED")
    return 0 if ok else 1
