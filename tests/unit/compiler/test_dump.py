"""Dump points: chosen by name, shown per function."""

from __future__ import annotations

import pytest
from compiler_code import environment

from taipan.compiler import dump
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.errors import WasmError

SOURCE = "(memory 1) (func (param i32) (result i32) (i32.div_u (i32.load (local.get 0)) (local.get 0)))"


def test_unknown_points_are_refused_with_those_that_exist() -> None:
    assert dump.read_points("asm,sites") == {"asm", "sites"}
    assert dump.read_points("") == frozenset()
    with pytest.raises(WasmError, match=r"unknown dump point nope; there are:(.|\n)*asm"):
        dump.read_points("asm,nope")


def test_sites_are_described() -> None:
    made = BaselineCompiler(environment(SOURCE)).compile_function(0)
    shown = "\n".join(dump.describe_site(*site) for site in dump.struct.iter_unpack("<4I", made.sites))
    assert "memory access" in shown
    assert "trap: integer divide by zero" in shown


def test_code_is_shown_to_its_end() -> None:
    made = BaselineCompiler(environment(SOURCE)).compile_function(0)
    lines = dump.disassemble(made.code)
    assert "rbp" in lines[0] or lines[0].split()[1] == "55"
    assert len(lines) > 5
