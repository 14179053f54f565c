"""`taipan gc-stats`: counters of reference counting and collection."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = """(module (table 1 externref)
  (func (export "keep") (param externref) (table.set (i32.const 0) (local.get 0)))
  (func (export "read") (param i32) (loop
    (drop (table.get (i32.const 0)))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "fail") unreachable))"""


def stats(folder: Path, *arguments: str, status: int = 0) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "taipan", "gc-stats", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, done
    return {name: int(count) for name, count in re.findall(r"(?m)^(\S.*?) +(\d+)", done.stdout)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.wat").write_text(MODULE)
    return tmp_path


def test_a_function_called_often(folder: Path) -> None:
    found = stats(folder, "--invoke", "keep", "--repeat", "2000", "--gc", "m.wat", "word")
    assert found["counts taken"] == 4000  # in the frame and in the table
    assert found["counts given back"] == 3999
    assert found["collections"] >= 4
    assert (found["table now"], found["skipped"], found["deferred"], found["strays"]) == (0, 0, 0, 0)


def test_a_script(folder: Path) -> None:
    (folder / "s.wast").write_text(f'{MODULE} (invoke "keep" (ref.extern 1)) (invoke "read" (i32.const 1000))')
    found = stats(folder, "s.wast")
    assert (found["counts taken"], found["table now"]) == (2, 1)


def test_failures(folder: Path) -> None:
    assert stats(folder, "--invoke", "fail", "m.wat", status=134)["counts taken"] == 0
    (folder / "bad.wast").write_text(f'{MODULE} (assert_return (invoke "fail"))')
    stats(folder, "bad.wast", status=1)
    assert stats(folder, "--invoke", "no", "m.wat", status=1) == {}
