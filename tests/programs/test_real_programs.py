"""Programs that exist: SQLite and CPython, compiled to WebAssembly by others, must do what they do natively."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import corpus, sqlite

SCRIPT = """
import sys, json, math, re, hashlib
print(sys.platform, sys.version_info[:2])
print(json.dumps({"primes": [n for n in range(2, 60) if all(n % d for d in range(2, n))]}))
print(hashlib.sha256(b"taipan").hexdigest(), round(math.sqrt(2), 12), re.sub("a+", "b", "caat"))
try:
    1 / 0
except ZeroDivisionError as error:
    print("caught:", error)
"""


def fetched(name: str) -> Path:
    """A module of the npm registry, or a skip that says what is missing."""
    try:
        return corpus.module(name)
    except corpus.Missing as reason:
        pytest.skip(str(reason))


class NativeDatabase:
    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        return list(self.connection.execute(sql))

    def close(self) -> None:
        self.connection.close()


def test_sqlite_gives_the_results_of_native_sqlite() -> None:
    path = fetched("sqlite3")
    native = NativeDatabase()
    try:
        expected = sqlite.run_session(native)
    finally:
        native.close()
    for statement, ours, theirs in zip(
        sqlite.SESSION, sqlite.run_session(sqlite.example().Database(str(path))), expected, strict=True
    ):
        assert ours == theirs, statement


def test_sqlite_binds_every_type() -> None:
    database = sqlite.example().Database(str(fetched("sqlite3")))
    values = (1, -(2**62), 2.5, "gr\u00fc\u00dfe \U0001f40d", b"\0\1\2", None)
    assert database.execute("select ?, ?, ?, ?, ?, ?", *values) == [values]


def test_python_runs_a_script(tmp_path: Path) -> None:
    path = fetched("python")
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-m", "taipan", "run", "--dir", f"{tmp_path}::/guest", str(path), "/guest/script.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "wasi (3, 12)",
        '{"primes": [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59]}',
        "7914fca25280371be24d8429b1493aff816ca48686f8e5d15f1aaa2d72468c56 1.414213562373 cbt",
        "caught: division by zero",
    ]
