"""C programs of our own, compiled for WASI, give what their comments say: here, and under Wasmtime's own WASI."""

from __future__ import annotations

from pathlib import Path

import pytest
from wasi_programs import PROGRAMS, Program, check, run

import taipan


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str, tmp_path: Path) -> None:
    program = Program(name)
    check(program, run(taipan, program, tmp_path))


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_under_wasmtime(name: str, tmp_path: Path) -> None:
    """The expectations are not only ours, and both leave the same files behind."""
    wasmtime = pytest.importorskip("wasmtime")
    program = Program(name)
    if "differs" in program.notes:
        pytest.skip(program.notes["differs"])
    bases = tmp_path / "ours", tmp_path / "theirs"
    for base in bases:
        base.mkdir()
    theirs = run(wasmtime, program, bases[1])
    check(program, theirs)
    assert run(taipan, program, bases[0]).left == theirs.left
