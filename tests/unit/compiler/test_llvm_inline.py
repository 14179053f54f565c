"""Functions inlined by the LLVM compiler: backtraces, references and limits are those of calls that happen."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from compiler_code import environment

import taipan
from taipan import Trap
from taipan.abi import layout
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.cpu import host_flags

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import inline, x64
from taipan.compiler.llvm.compiler import LLVMCompiler
from taipan.compiler.llvm.function import FunctionCompiler
from taipan.compiler.llvm.text import ModuleText

PIPELINES = ("default", "aggressive")
each_pipeline = pytest.mark.parametrize("pipeline", PIPELINES)

SOURCE = """(module
    (import "host" "call" (func $host (param i32) (result i32)))
    (memory 1) (table 2 funcref) (elem (i32.const 0) $leaf)
    (func $leaf (export "leaf") (param i32) (result i32) (i32.load (i32.sub (local.get 0) (i32.const 1))))
    (func $divide (param i32) (result i32)
        (i32.div_s (i32.const 100) (local.get 0)))
    (func $two (param i32) (result i32)
        (i32.add (call $leaf (i32.const 8)) (call $leaf (call $divide (local.get 0)))))
    (func $count (param i32) (result i32) (local i32)
        (loop
            (local.set 1 (i32.add (local.get 1) (call $leaf (local.get 0))))
            (br_if 0 (i32.ne (i32.const 0) (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (local.get 1))
    (func $early (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 9))))
        (block (br_if 1 (i32.const 8) (i32.eq (local.get 0) (i32.const 1))) drop)
        (call $divide (i32.sub (local.get 0) (i32.const 2))))
    (func $fac (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.div_u (i32.const 7) (local.get 0)))
            (else (i32.mul (local.get 0) (call $fac (i32.sub (local.get 0) (i32.const 1)))))))
    (func $never (param i32) (result i32) unreachable)
    (func $two_results (param i32) (result i32 i64)
        (call $divide (local.get 0)) (i64.extend_i32_u (local.get 0)))
    (func $through_table (param i32) (result i32) (call_indirect (param i32) (result i32) (i32.const 7) (local.get 0)))
    (func $asks (param i32) (result i32) (i32.add (call $host (local.get 0)) (i32.const 1)))
    (func (export "two") (param i32) (result i32) nop (call $two (local.get 0)))
    (func (export "count") (param i32) (result i32) (i32.add (call $count (local.get 0)) (call $early (i32.const 1))))
    (func (export "early") (param i32) (result i32) (call $early (local.get 0)) (i32.add (call $early (i32.const 0))))
    (func (export "fac") (param i32) (result i32) (call $fac (local.get 0)))
    (func (export "never") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $never (local.get 0))) (else (i32.const 3))))
    (func (export "results") (param i32) (result i32)
        (call $two_results (local.get 0)) i32.wrap_i64 i32.sub)
    (func (export "table") (param i32) (result i32) (call $through_table (local.get 0)))
    (func (export "asks") (param i32) (result i32) (local i32)
        (local.set 1 (i32.const 5)) (i32.mul (local.get 1) (call $asks (local.get 0)))))"""


def engine_for(**settings: Any) -> taipan.Engine:
    config = taipan.Config()
    for name, value in settings.items():
        setattr(config, name, value)
    return taipan.Engine(config)


def outcome(engine: taipan.Engine, module: taipan.Module, name: str, argument: int) -> Any:
    """A result, or a trap with its backtrace. The host function calls `leaf`."""
    store = taipan.Store(engine)
    exports: list[Any] = []
    i32 = taipan.ValType.i32()
    host = taipan.Func(store, taipan.FuncType([i32], [i32]), lambda value: exports[0]["leaf"](store, value))
    exports.append(taipan.Instance(store, module, [host]).exports(store))
    try:
        return exports[0][name](store, argument)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset, frame.func_name) for frame in trap.frames]


CASES = [
    (name, argument)
    for name in ("two", "count", "early", "fac", "never", "results", "table", "asks")
    for argument in (0, 1, 2, 3, 50, -1)
]


@pytest.fixture(scope="module")
def expected() -> list[Any]:
    engine = engine_for(compiler="baseline")
    module = taipan.Module(engine, SOURCE)
    found = [outcome(engine, module, *case) for case in CASES]
    depths = [len(result[1]) for result in found if isinstance(result, tuple)]
    assert max(depths) >= 5 and len(depths) > 15
    return found


@each_pipeline
@pytest.mark.parametrize("lazy", [False, True])
def test_results_and_backtraces_are_those_of_calls(expected: list[Any], pipeline: str, lazy: bool) -> None:
    engine = engine_for(compiler="llvm", opt_level=pipeline, lazy_compilation=lazy)
    module = taipan.Module(engine, SOURCE)
    assert [outcome(engine, module, *case) for case in CASES] == expected


def test_backtraces_of_artifacts(expected: list[Any]) -> None:
    data = taipan.Module(engine_for(compiler="llvm"), SOURCE).serialize()
    engine = engine_for(compiler="baseline")
    module = taipan.Module.deserialize(engine, data)
    assert [outcome(engine, module, *case) for case in CASES] == expected


def frames_of(made: CompiledFunction) -> list[tuple[int, ...]]:
    """Of each site: the functions and calls that it is inlined in."""
    maps = struct.unpack(f"<{len(made.stack_maps) // 4}I", made.stack_maps)
    found = []
    for *_, position in struct.iter_unpack("<4I", made.sites):
        word = maps[position - 1] if position else 0
        start = position + (word & (1 << layout.MAP_FRAMES_SHIFT) - 1)
        found.append(maps[start : start + 2 * (word >> layout.MAP_FRAMES_SHIFT)])
    return found


def test_sites_tell_the_calls_around_them() -> None:
    env = environment("""(memory 1)
        (func (param i32) (call 1 (local.get 0)))
        (func (param i32) (call 2 (local.get 0)) (call 2 (i32.const 70000)))
        (func (param i32) (i32.store (local.get 0) (i32.const 0)))""")
    made = LLVMCompiler(env, host_flags()).compile_function(0)
    calls = [at for at in range(len(env.code)) if env.code[at] == 0x10]
    assert len(calls) == 3
    outer, first, second = calls
    frames = [found for found in frames_of(made) if found]
    assert set(frames) == {(2, first, 1, outer), (2, second, 1, outer)}
    assert not made.relocs


def test_what_is_not_inlined() -> None:
    large = "(drop (i32.load (i32.const 0)))" * 400
    env = environment(f"""(memory 1)
        (func (call 1) (call 2))
        (func {large})
        (func (return_call 1))""")
    made = LLVMCompiler(env, host_flags()).compile_function(0)
    assert not any(frames_of(made))
    assert {target for _, _, target in struct.iter_unpack("<3I", made.relocs)} == {1, 2}
    switched_off = LLVMCompiler(environment("(func (call 1)) (func)"), host_flags(), inline=False).compile_function(0)
    assert switched_off.relocs


def test_growth_is_bounded() -> None:
    """Each function calls the next one ten times: all calls written out would be 10^30 bodies."""
    functions = "".join(f"(func {f'(call {n + 1})' * 10})" for n in range(30))
    env = environment(functions + "(func unreachable)")
    own, *written = FunctionCompiler(env, ModuleText(x64), 0, 40).compile().bodies
    module = env.module
    sizes = [module.body_ends[body.function] - module.body_starts[body.function] for body in written]
    assert own.function == 0
    assert 0 < sum(sizes) < inline.GROWTH_BYTES + 100


def test_recursion_is_inlined_twice_and_ends_in_a_trap() -> None:
    source = '(func (export "f") (param i64) (result i64) (i64.add (local.get 0) (call 0 (local.get 0))))'
    made = LLVMCompiler(environment(source), host_flags()).compile_function(0)
    assert max(map(len, frames_of(made))) == 2 * (inline.RECURSION - 1)
    engine = engine_for(compiler="llvm")
    store = taipan.Store(engine)
    module = taipan.Module(engine, f"(module {source})")
    with pytest.raises(Trap, match="call stack exhausted") as caught:
        taipan.Instance(store, module, []).exports(store)["f"](store, 1)
    assert {frame.func_index for frame in caught.value.frames} == {0}


def test_references_of_inlined_functions_live_while_they_are_needed() -> None:
    """A collection during the call of the host, with references in locals and operands of all three bodies."""
    source = """(module
        (import "" "gc" (func $gc)) (import "" "take" (func $take (param externref externref externref externref)))
        (func $inner (param externref externref) (local externref)
            (local.set 2 (local.get 0)) (local.set 0 (ref.null extern))
            (local.get 1) (call $gc) (local.get 2) (local.get 0) (local.get 1) (call $take))
        (func $middle (param externref externref)
            (call $inner (local.get 1) (local.get 0)) (call $inner (local.get 0) (local.get 1)))
        (func (export "run") (param externref externref) (result externref)
            (local.get 1) (call $middle (local.get 0) (local.get 1)) (call $middle (local.get 0) (ref.null extern))))"""

    class Object:
        alive = 0

        def __init__(self) -> None:
            Object.alive += 1

        def __del__(self) -> None:
            Object.alive -= 1

    engine = engine_for(compiler="llvm")
    store = taipan.Store(engine)
    taken: list[Any] = []
    ref = taipan.ValType.externref()

    def take(*values: Any) -> None:
        taken.append([type(value).__name__ for value in values])

    gc = taipan.Func(store, taipan.FuncType([], []), store.gc)
    taker = taipan.Func(store, taipan.FuncType([ref] * 4, []), take)
    run = taipan.Instance(store, taipan.Module(engine, source), [gc, taker]).exports(store)["run"]
    result = run(store, Object(), Object())
    assert type(result) is Object
    names = ["Object", "NoneType"]
    assert [[names.index(name) for name in values] for values in taken] == [
        [0, 0, 1, 0], [0, 0, 1, 0], [0, 1, 1, 0], [1, 0, 1, 1],
    ]  # fmt: skip
    del result
    store.gc()
    assert Object.alive == 0


def test_continuations_of_loops_inline_too() -> None:
    env = environment("""(memory 1)
        (func (param i32) (result i32) (local i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (call 1 (local.get 0) (local.get 1))))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1))
        (func (param i32 i32) (result i32) (local i32)
            (if (local.get 0) (then (local.set 2 (i32.load (local.get 1)))) (else (local.set 2 (i32.const 4))))
            (loop (br_if 0 (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1)))))
            (local.get 2))""")
    loop = env.code.index(b"\x03\x40")
    made = LLVMCompiler(env, host_flags()).compile_chunk([], [(0, loop)])[0]
    assert isinstance(made, CompiledFunction)
    assert any(frames_of(made)) and not made.relocs
