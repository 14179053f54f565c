"""Calls inside a module: relative, resolved when the code is made, over any distance (relocs.rs, R-28)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import taipan

MIB = 1 << 20


@pytest.fixture(params=["baseline", "llvm"])
def compiler(request: pytest.FixtureRequest) -> str:
    if request.param == "llvm":
        pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    return str(request.param)


def engine_with(compiler: str, padding: int = 0, force_veneers: bool = False) -> taipan.Engine:
    config = taipan.Config()
    config.compiler = compiler
    config.opt_level = "fast"
    config.lazy_compilation = False
    config.cranelift_flag_set("wasmtime_linkopt_padding_between_functions", str(padding))
    config.cranelift_flag_set("wasmtime_linkopt_force_jump_veneer", "true" if force_veneers else "false")
    return taipan.Engine(config)


def call(engine: taipan.Engine, module: taipan.Module, name: str) -> object:
    store = taipan.Store(engine)
    return taipan.Instance(store, module, []).exports(store)[name](store)


LARGE = "(nop) " * 1000
"""What makes a function too large to be inlined."""

FORWARD = f'(module (func (export "foo") (result i32) (call 1)) (func (result i32) {LARGE} (i32.const 4)))'
BACKWARD = f'(module (func (result i32) {LARGE} (i32.const 4)) (func (export "foo") (result i32) (call 0)))'


@pytest.mark.parametrize("source", [FORWARD, BACKWARD], ids=["forward", "backward"])
def test_call_over_128_mib(source: str, compiler: str) -> None:
    engine = engine_with(compiler, padding=128 * MIB)
    assert call(engine, taipan.Module(engine, source), "foo") == 4


def mixed_module(count: int) -> str:
    """Each export adds what a function at the front and one at the end return to its own index."""
    bodies = [
        f'(func (export "{i}") (result i32 i32)'
        f" (i32.add (call $first) (i32.const {i})) (i32.add (call $last) (i32.const {i})))"
        for i in range(count)
    ]
    first = f"(func $first (result i32) {LARGE} (i32.const 1))"
    last = f"(func $last (result i32) {LARGE} (i32.const 2))"
    return "(module\n" + "\n".join([first, *bodies, last]) + ")"


@pytest.mark.parametrize("force", [False, True])
def test_mixed(force: bool, compiler: str) -> None:
    engine = engine_with(compiler, padding=MIB, force_veneers=force)
    module = taipan.Module(engine, mixed_module(200))
    store = taipan.Store(engine)
    exports = taipan.Instance(store, module, []).exports(store)
    assert [exports[str(i)](store) for i in range(200)] == [[i + 1, i + 2] for i in range(200)]


def test_traps_are_found_beyond_veneers(compiler: str) -> None:
    engine = engine_with(compiler, force_veneers=True)
    source = f'(module (func $a {LARGE} (unreachable)) (func (export "foo") (call $a)))'
    with pytest.raises(taipan.Trap, match="unreachable") as trap:
        call(engine, taipan.Module(engine, source), "foo")
    assert [frame.func_index for frame in trap.value.frames] == [0, 1]


def test_artifact_has_direct_calls_and_no_relocations(tmp_path: Path, compiler: str) -> None:
    engine = engine_with(compiler)
    path = tmp_path / "mixed.cwasm"
    path.write_bytes(engine.precompile_module(mixed_module(200)))

    def output(*command: str) -> str:
        return subprocess.run([*command, str(path)], capture_output=True, text=True, check=True).stdout

    try:
        relocations, listing = output("readelf", "-r"), output("objdump", "-d", "--no-show-raw-insn")
    except FileNotFoundError:
        pytest.skip("binutils are not installed")
    assert "no relocations" in relocations
    calls = [line for line in listing.splitlines() if "call" in line.split("\t")[-1].split()[:1]]
    direct = [line for line in calls if "<first>" in line or "<last>" in line]
    assert len(direct) == 400
    # The others call a helper through the context (the stack check, one per function).
    others = [line for line in calls if line not in direct]
    assert all("*" in line for line in others)
    assert len(others) <= 202
    module = taipan.Module.deserialize_file(engine, path)
    assert call(engine, module, "199") == [200, 201]


def test_fifty_thousand_functions(tmp_path: Path) -> None:
    """Loading looks at no call and no symbol: functions beyond the tables cost nothing."""
    from taipan.binary import encode
    from taipan.features import Features
    from taipan.text import parse

    count = 50_000
    bodies = "".join(f"(func (result i32) (i32.add (call {max(i - 1, 0)}) (i32.const 1)))" for i in range(1, count))
    source = f'(module (func (result i32) (i32.const 5)) {bodies} (export "f" (func 300)))'
    engine = taipan.Engine()
    path = tmp_path / "many.cwasm"
    path.write_bytes(engine.precompile_module(encode(parse(source, Features()))))
    module = taipan.Module.deserialize_file(engine, path)
    assert call(engine, module, "f") == 305


def test_unknown_settings_of_the_compiler_are_refused() -> None:
    config = taipan.Config()
    config.cranelift_flag_set("nope", "1")
    with pytest.raises(taipan.WasmError, match="no setting nope"):
        taipan.Engine(config)
    config = taipan.Config()
    config.cranelift_flag_set("linkopt_padding_between_functions", "many")
    with pytest.raises(taipan.WasmError, match="must be a number: many"):
        taipan.Engine(config)
