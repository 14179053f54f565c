"""The modules that mypyc compiles must do the same when they are interpreted: same code and text, same errors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import taipan
from taipan.text.script import BINARY, ModuleSource, parse_script

SCRIPT = r"""
import hashlib, json, sys
from taipan import binary, text, validate
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.llvm import x64
from taipan.compiler.llvm.continuation import ContinuationCompiler
from taipan.compiler.llvm.function import FunctionCompiler
from taipan.compiler.llvm.text import ModuleText
from taipan.compiler.tunables import Tunables
from taipan.errors import WasmError
from taipan.features import Features
import taipan.wasm.types

def llvm_text(env, inline_bytes):
    ir = ModuleText(x64)
    for index in range(len(env.module.body_starts)):
        function = FunctionCompiler(env, ir, index, inline_bytes, inline_bytes > 0)
        try:
            yield repr(function.compile())
            for loop in function.scan.loops.values():
                # In front of its body are an opcode and, mostly, one byte of a type.
                yield repr(ContinuationCompiler(env, ir, index, loop.start - 2, inline_bytes).compile())
        except WasmError as error:
            yield f"{type(error).__name__}: {error}"
    yield ir.text(set(), "", "")


features = Features.everything()
results = [taipan.wasm.types.__file__.endswith(".py")]
for source in json.load(sys.stdin):
    try:
        module = binary.decode(bytes(binary.encode(text.parse(source, features))), features)
        validate.check_module(module, features)
    except WasmError as error:
        results.append(f"{type(error).__name__}: {error}")
        continue
    for lazy, fuel in ((False, False), (True, False), (True, True)):
        env = ModuleEnv(module, Tunables(consume_fuel=fuel), lazy)
        compiler = BaselineCompiler(env)
        digest = hashlib.sha256()
        for index in range(len(module.func_types)):
            try:
                done = compiler.compile_function(index)
            except WasmError as error:
                digest.update(f"{type(error).__name__}: {error}".encode())
                continue
            for part in (done.code, done.relocs, done.sites, done.stack_maps):
                digest.update(bytes(part))
        for part in llvm_text(env, 0 if fuel else 40):
            digest.update(part.encode())
        results.append(digest.hexdigest())
    results.append(hashlib.sha256(text.print_module(module).encode()).hexdigest())
print(json.dumps(results))
"""

SUITE_FILES = (
    "i32",
    "i64",
    "f32",
    "f64",
    "call_indirect",
    "br_table",
    "loop",
    "memory_copy",
    "select",
    "float_exprs",
    "int_exprs",
)


def sources(testsuite: Path) -> list[str]:
    """Text modules of the suite, valid and invalid ones."""
    found = []
    for name in SUITE_FILES:
        for command in parse_script((testsuite / f"{name}.wast").read_bytes()):
            source = getattr(command, "source", None)
            if isinstance(source, ModuleSource) and source.kind != BINARY:
                found.append(source.text().decode())
    assert len(found) > 400
    return found


def run(package: Path, inputs: list[str]) -> list[object]:
    """What the script prints with the `taipan` in `package.parent`; "-P" keeps the working directory out of it."""
    env = {**os.environ, "PYTHONPATH": str(package.parent)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT],
        input=json.dumps(inputs),
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_interpreted_and_compiled_agree(tmp_path: Path, testsuite_dir: Path) -> None:
    package = Path(taipan.__file__).parent
    copy = tmp_path / "taipan"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    for native in package.glob("_native*.so"):
        (copy / native.name).symlink_to(native)
    inputs = sources(testsuite_dir)
    installed = run(package, inputs)
    if installed[0]:
        pytest.skip("the installed package is interpreted: nothing to compare")
    interpreted = run(copy, inputs)
    assert interpreted[0], "the copy must run interpreted"
    assert interpreted[1:] == installed[1:]
