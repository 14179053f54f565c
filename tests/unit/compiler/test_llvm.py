"""The LLVM compiler: what its code does, and what it tells the runtime of it. The official suite is in tests/spec."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from compiler_code import environment, run

import taipan
from taipan import Trap
from taipan.abi import layout
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.cpu import host_flags
from taipan.errors import UnsupportedError

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm.builder import LlvmBuilder
from taipan.compiler.llvm.compiler import LLVMCompiler

PIPELINES = ("fast", "default", "aggressive")
each_pipeline = pytest.mark.parametrize("pipeline", PIPELINES)


def compile_one(source: str, index: int = 0, pipeline: str = "default", lazy: bool = False) -> CompiledFunction:
    compiler = LLVMCompiler(environment(source, lazy=lazy), host_flags(), pipeline, inline=False)
    return compiler.compile_function(index)


def run_llvm(source: str, name: str, *args: Any, pipeline: str = "default", **config: Any) -> Any:
    return run(source, name, *args, compiler="llvm", opt_level=pipeline, **config)


def sites_of(made: CompiledFunction) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("<4I", made.sites))


def outcome(source: str, args: tuple[Any, ...], **config: Any) -> Any:
    """A result, or a trap with its backtrace."""
    try:
        return run(source, "run", *args, **config)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]


# --- what is recorded -----------------------------------------------------------------------------------------------
SOURCE = """(memory 1) (table 1 funcref) (type (func (param externref i32) (result externref)))
    (func (param i32) (result i32) (i32.div_s (i32.load (local.get 0)) (call 0 (local.get 0))))
    (func (param externref i32) (result externref)
        (loop (br_if 0 (call 0 (local.get 1)))) (call_indirect (type 0) (local.get 0) (i32.const 1) (i32.const 0)) drop
        (call 1 (local.get 0) (local.get 1)))"""


@each_pipeline
def test_sites_are_those_of_the_instructions(pipeline: str) -> None:
    made = compile_one(SOURCE, 0, pipeline)
    sites = sites_of(made)
    assert [site[0] for site in sites] == sorted({site[0] for site in sites})
    kinds = [kind & 0xFF for _, _, kind, _ in sites]
    # Other accesses to memory may be recorded, too, all for the only one of wasm's.
    assert len({wasm_offset for _, wasm_offset, kind, _ in sites if kind & 0xFF == layout.SITE_FAULT}) == 1
    assert kinds.count(layout.SITE_TRAP) == 2
    assert kinds.count(layout.SITE_CALL) == 2


@each_pipeline
def test_stack_maps_name_slots_of_the_frame(pipeline: str) -> None:
    made = compile_one(SOURCE, 1, pipeline)
    maps = struct.unpack(f"<{len(made.stack_maps) // 4}I", made.stack_maps)
    positions = {site[3] for site in sites_of(made) if site[3]}
    assert positions
    for position in positions:
        slots = maps[position : position + maps[position - 1]]
        assert len(slots) >= 1
        assert all(distance % 8 == 0 and 0 < distance < 4096 for distance in slots)


def test_calls_are_relative_or_through_cells() -> None:
    source = "(func (call 1) (call 0)) (func)"
    eager = compile_one(source)
    assert {(kind, target) for _, kind, target in struct.iter_unpack("<3I", eager.relocs)} == {
        (layout.RELOC_CALL, 0),
        (layout.RELOC_CALL, 1),
    }
    lazy = compile_one(source, lazy=True)
    relocs = list(struct.iter_unpack("<3I", lazy.relocs))
    # A function calls itself directly: whoever runs this code wants this code.
    assert {(kind, target) for _, kind, target in relocs} == {(layout.RELOC_SLOT, 1), (layout.RELOC_CALL, 0)}


def test_chunks_make_the_same_code_whatever_else_is_in_them() -> None:
    env = environment(SOURCE)
    compiler = LLVMCompiler(env, host_flags())
    together = compiler.compile_chunk([0, 1])
    alone = [compiler.compile_function(0), compiler.compile_function(1)]
    for a, b in zip(together, alone, strict=True):
        assert isinstance(a, CompiledFunction)
        assert (a.code, a.relocs, a.sites, a.stack_maps) == (b.code, b.relocs, b.sites, b.stack_maps)


def test_an_image_has_every_function_and_no_cells() -> None:
    source = SOURCE + "(func (drop (f64.const 1)) (drop (i8x16.splat (i32.const 0))))"
    with pytest.raises(UnsupportedError, match=r"i8x16\.splat"):
        LlvmBuilder().build().module(environment(source)).image(1)
    image = LlvmBuilder().build().module(environment(SOURCE)).image(1)
    extents = list(struct.iter_unpack("<2I", image.offsets))
    assert len(extents) == 2
    assert all(start % 16 == 0 and size > 0 for start, size in extents)
    assert extents[1][0] + extents[1][1] <= len(image.code)


def test_what_llvm_leaves_alone_comes_from_the_baseline_compiler() -> None:
    params = "i64 " * 9
    gets = " ".join(f"(local.get {n})" for n in range(9))
    source = f"""(func $f (param {params}) (result i64) (local.get 8))
        (func (export "run") (param {params}) (result i64) (return_call $f {gets}))"""
    compiler = LlvmBuilder().build().module(environment(source))
    compiler.compile([0])
    assert not compiler.left
    compiler.compile([1])
    assert "tail calls with arguments on the stack" in str(compiler.left[1])
    assert run_llvm(source, "run", *range(9)) == 8
    assert run_llvm(source, "run", *range(9), lazy_compilation=False) == 8


def test_functions_with_large_frames_are_left_alone() -> None:
    gets = " ".join(f"(call $f (i64.const {n}))" for n in range(4000))
    source = f"""(func $f (param i64) (result i64) (local.get 0))
        (func (export "run") (result i64) {gets} {"i64.add " * 3999})"""
    with pytest.raises(UnsupportedError, match=r"too large a frame \(function 1\)"):
        compile_one(source, 1, "fast")
    assert run_llvm(source, "run", pipeline="fast") == sum(range(4000))


def test_functions_that_would_take_llvm_too_long() -> None:
    source = f"(func (local {'i32 ' * 30_000}))"
    with pytest.raises(UnsupportedError, match=r"too many locals \(function 0\)"):
        compile_one(source)
    body = "(if (local.get 0) (then " * 300 + "(nop)" + "))" * 300
    sets = " ".join(f"(local.set {n} (i32.const {n}))" for n in range(4000))
    source = f"(func (local {'i32 ' * 4000}) {body.replace('(nop)', sets)})"
    with pytest.raises(UnsupportedError, match="too complex"):
        compile_one(source)
    chain = "(local.set 0 (i32.load (local.get 0)))" * 8000
    with pytest.raises(UnsupportedError, match="too long a straight stretch"):
        compile_one(f"(memory 1) (func (param i32) {chain})")


# --- traps and backtraces: those of the baseline compiler -----------------------------------------------------------
TRAPPING = """(memory 1) (table 3 funcref) (elem (i32.const 0) $leaf)
    (type $t (func (param i32) (result i32))) (type $u (func))
    (func $leaf (param i32) (result i32) (i32.load offset=4 (local.get 0)))
    (func $middle (param i32 i32) (result i32)
      (if (i32.eq (local.get 0) (i32.const 0))
        (then (return (i32.div_s (local.get 1) (i32.sub (local.get 1) (local.get 1))))))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (return (i32.div_s (i32.const 0x80000000) (local.get 1)))))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (return (call $leaf (local.get 1)))))
      (if (i32.eq (local.get 0) (i32.const 3)) (then (i32.store8 (local.get 1) (call $leaf (i32.const 0)))))
      (if (i32.eq (local.get 0) (i32.const 4)) (then (return (i32.trunc_f32_s (f32.convert_i32_s (local.get 1))))))
      (if (i32.eq (local.get 0) (i32.const 5))
        (then (return (call_indirect (type $t) (i32.const 65536) (local.get 1)))))
      (if (i32.eq (local.get 0) (i32.const 6)) (then (call_indirect (type $u) (local.get 1))))
      (if (i32.eq (local.get 0) (i32.const 7))
        (then (return (i32.load (i32.add (call $leaf (local.get 1)) (i32.const -1))))))
      (if (i32.eq (local.get 0) (i32.const 8)) (then (memory.fill (local.get 1) (i32.const 1) (i32.const 2))))
      (if (i32.eq (local.get 0) (i32.const 9))
        (then (return (i32.trunc_f64_u (f64.sqrt (f64.convert_i32_s (local.get 1)))))))
      (unreachable))
    (func (export "run") (param i32 i32) (result i32)
      (i32.add (call $middle (local.get 0) (local.get 1)) (i32.const 1)))"""


@each_pipeline
@pytest.mark.parametrize("case", range(11))
def test_traps_and_backtraces_are_those_of_the_baseline_compiler(case: int, pipeline: str) -> None:
    for value in (-1, 0, 1, 2, 65533, 65536):
        expected = outcome(TRAPPING, (case, value), compiler="baseline")
        for lazy in (True, False):
            assert (
                outcome(TRAPPING, (case, value), compiler="llvm", opt_level=pipeline, lazy_compilation=lazy) == expected
            )


@each_pipeline
def test_equal_accesses_in_both_arms_keep_their_offsets(pipeline: str) -> None:
    source = """(memory 1) (func (export "run") (param i32 i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.load (local.get 1))) (else (i32.load (local.get 1)))))"""
    for arm in (0, 1):
        expected = outcome(source, (arm, -1), compiler="baseline")
        assert outcome(source, (arm, -1), compiler="llvm", opt_level=pipeline) == expected


@each_pipeline
def test_accesses_of_continuations_keep_their_offsets(pipeline: str) -> None:
    """Their locals are variables, so what reads one does not know of the access that it comes from."""
    env = environment("""(memory 1) (func (param i32 i32) (result i32) (local i32) (loop
        (if (local.get 0) (then (local.set 2 (i32.load (local.get 1)))) (else (local.set 2 (i32.load (local.get 1)))))
        (br_if 0 (local.tee 1 (i32.add (local.get 1) (local.get 2))))) (local.get 2))""")
    code, start = env.module.code, env.module.body_starts[0]
    (made,) = LLVMCompiler(env, host_flags(), pipeline).compile_chunk([], [(0, code.index(b"\x03\x40", start))])
    assert isinstance(made, CompiledFunction)
    first = code.index(b"\x28\x02\x00", start)
    loads = {first, code.index(b"\x28\x02\x00", first + 1)}
    assert loads <= {place for _, place, kind, _ in sites_of(made) if kind & 0xFF == layout.SITE_FAULT}


@each_pipeline
def test_loaded_operands_keep_their_offsets(pipeline: str) -> None:
    """One of two accesses may become part of the instruction that uses both: with its own place."""
    source = """(memory 1) (func (export "run") (param i32 i32) (result i32)
        (i32.add (i32.add (i32.load (local.get 0)) (i32.const 3)) (i32.load (local.get 1))))"""
    for args in ((-1, 0), (0, -1)):
        expected = outcome(source, args, compiler="baseline")
        assert outcome(source, args, compiler="llvm", opt_level=pipeline) == expected


@each_pipeline
def test_an_access_without_a_location_is_not_taken_for_another_one(pipeline: str) -> None:
    """LLVM forgets where the load came from (it makes `zext(and(load, 1))` one thing), and a store follows it."""
    source = """(memory 0 1) (global $g (mut i32) (i32.const 0)) (table 1 funcref) (func (export "run") (result i32)
        (if (i64.eq (i64.const 1) (i64.const 2)) (then (drop (f32.load offset=16 (i32.const 1)))))
        (i32.load (i32.const 1)) {} (i32.const 1) i32.and f64.load offset=21026 i32.trunc_f64_s)"""
    stores = "(global.set $g (i32.const 1))", "(table.set (i32.const 0) (ref.null func))"
    for store in (*stores, "(global.set $g (i32.load8_u (i32.const 2)))"):
        expected = outcome(source.format(store), (), compiler="baseline")
        assert outcome(source.format(store), (), compiler="llvm", opt_level=pipeline) == expected


@each_pipeline
def test_unused_and_overwritten_accesses_trap(pipeline: str) -> None:
    source = """(memory (export "m") 1) (func (export "run") (param i32) (result i32)
        (i32.store (i32.const 0) (i32.const 1)) (drop (i32.load (local.get 0))) (i32.store (i32.const 0) (i32.const 2))
        (i32.load (i32.const 0)))"""
    assert run_llvm(source, "run", 8, pipeline=pipeline) == 2
    with pytest.raises(Trap):
        run_llvm(source, "run", -1, pipeline=pipeline)


@each_pipeline
def test_globals_and_tables_are_as_they_were_at_the_trap(pipeline: str) -> None:
    source = """(memory 1) (table 1 funcref) (elem declare func $run) (global $g (mut i64) (i64.const 1))
        (func $run (export "run") (param i32)
          (global.set $g (i64.const 2)) (table.set (i32.const 0) (ref.func $run))
          (i32.store16 (local.get 0) (i32.const 3))
          (global.set $g (i64.const 4)) (table.set (i32.const 0) (ref.null func)))
        (func (export "seen") (result i64 i32) (global.get $g) (ref.is_null (table.get (i32.const 0))))"""
    config = taipan.Config()
    config.compiler = "llvm"
    config.opt_level = pipeline
    engine = taipan.Engine(config)
    store = taipan.Store(engine)
    exports = taipan.Instance(store, taipan.Module(engine, f"(module {source})"), []).exports(store)
    with pytest.raises(Trap):
        exports["run"](store, -1)
    assert exports["seen"](store) == [2, 0]
    exports["run"](store, 0)
    assert exports["seen"](store) == [4, 1]


@each_pipeline
def test_recursion_ends_in_a_trap(pipeline: str) -> None:
    source = '(func (export "run") (param i32) (result i32) (i32.add (call 0 (local.get 0)) (i32.const 1)))'
    with pytest.raises(Trap, match="call stack exhausted"):
        run_llvm(source, "run", 1, pipeline=pipeline)


# --- calls ----------------------------------------------------------------------------------------------------------
TYPES = ["i32", "i64", "f32", "f64"] * 6
VALUES = [n + 0.5 if kind[0] == "f" else n - 12 for n, kind in enumerate(TYPES)]


@each_pipeline
@pytest.mark.parametrize("lazy", [True, False])
def test_many_arguments_of_all_types_arrive(pipeline: str, lazy: bool) -> None:
    params = " ".join(TYPES)
    gets = " ".join(f"(local.get {n})" for n in range(24))
    source = (
        f"(type $t (func (param {params}) (result {params}))) (table funcref (elem $f))"
        f"(func $f (export `f`) (type $t) {gets}) (func (export `g`) (type $t) (call $f {gets}))"
        f"(func (export `h`) (type $t) (call_indirect (type $t) {gets} (i32.const 0)))".replace("`", '"')
    )
    for name in "fgh":
        assert run_llvm(source, name, *VALUES, pipeline=pipeline, lazy_compilation=lazy) == VALUES


@each_pipeline
@pytest.mark.parametrize("result", ["i32", "i64", "f32", "f64"])
def test_results_of_calls_with_stack_arguments(pipeline: str, result: str) -> None:
    params = "i64 " * 5 + "f64 " * 10 + f" {result}"
    gets = " ".join(f"(local.get {n})" for n in range(16))
    source = f"""(func $f (param {params}) (result {result}) (local.get 15))
        (func (export "run") (param {params}) (result {result}) ({result}.add (call $f {gets}) (call $f {gets})))"""
    last = 21.0 if result[0] == "f" else 21
    assert run_llvm(source, "run", *range(5), *map(float, range(10)), last, pipeline=pipeline) == 42


@each_pipeline
def test_tail_calls_take_no_stack(pipeline: str) -> None:
    source = """(type $t (func (param i64 i64) (result i64))) (table funcref (elem $odd))
        (func $even (export "run") (type $t) (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
          (return_call $odd (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 1))))
        (func $odd (type $t) (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
          (return_call $even (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (i64.const 1))))
        (func (export "ind") (type $t)
          (return_call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 0)))
        (func (export "self") (type $t) (if (i64.eqz (local.get 0)) (then (return (i64.const 0))))
          (return_call 3 (i64.sub (local.get 0) (i64.const 1)) (local.get 1)))"""
    for lazy in (True, False):
        options: dict[str, Any] = {"pipeline": pipeline, "lazy_compilation": lazy}
        assert run_llvm(source, "run", 1_000_000, 5, **options) == 1_000_005
        assert run_llvm(source, "ind", 1_000_001, 5, **options) == 1_000_006
        assert run_llvm(source, "self", 1_000_000, 5, **options) == 0


@each_pipeline
def test_tail_calls_out_of_functions_with_stack_arguments(pipeline: str) -> None:
    params = "i64 " * 9
    source = f"""(type $t (func (param i64) (result i64))) (table funcref (elem $f))
        (func $f (type $t) (i64.mul (local.get 0) (i64.const 3)))
        (func $direct (param {params}) (result i64) (return_call $f (local.get 8)))
        (func $indirect (param {params}) (result i64) (return_call_indirect (type $t) (local.get 7) (i32.const 0)))
        (func (export "run") (param {params}) (result i64)
          (i64.sub (call $direct {" ".join(f"(local.get {n})" for n in range(9))})
                   (call $indirect {" ".join(f"(local.get {n})" for n in range(9))})))"""
    for lazy in (True, False):
        assert run_llvm(source, "run", *range(9), pipeline=pipeline, lazy_compilation=lazy) == 3


# --- numbers --------------------------------------------------------------------------------------------------------
QUIET = 1 << 51
SIGNALLING = 0x7FF0_0000_0000_0001


@each_pipeline
@pytest.mark.parametrize(
    "operation",
    [
        "(f64.mul (local.get 0) (f64.const 1))",
        "(f64.div (local.get 0) (f64.const 1))",
        "(f64.sub (local.get 0) (f64.const 0))",
        "(f64.add (f64.const -0) (local.get 0))",
        "(f64.mul (f64.const -1) (local.get 0))",
        "(f64.mul (local.get 0) (local.tee 1 (f64.const 1)))",
        "(f64.sub (local.get 0) (local.get 1))",
        "(f64.min (local.get 0) (f64.const 0))",
        "(f64.max (local.get 0) (local.get 0))",
        "(f64.sqrt (local.get 0))",
        "(f64.ceil (local.get 0))",
        "(f64.nearest (local.get 0))",
        "(f64.promote_f32 (f32.demote_f64 (local.get 0)))",
    ],
)
def test_signalling_nans_become_quiet(operation: str, pipeline: str) -> None:
    source = f"""(func (param f64) (result f64) (local f64) {operation})
        (func (export "run") (param i64) (result i64)
          (i64.reinterpret_f64 (call 0 (f64.reinterpret_i64 (local.get 0)))))"""
    bits = run_llvm(source, "run", SIGNALLING, pipeline=pipeline)
    assert bits & QUIET
    assert bits & 0x7FF0_0000_0000_0000 == 0x7FF0_0000_0000_0000


@each_pipeline
def test_demoting_a_promoted_signalling_nan(pipeline: str) -> None:
    source = """(func (export "run") (param i32) (result i32)
        (i32.reinterpret_f32 (f32.demote_f64 (f64.promote_f32 (f32.reinterpret_i32 (local.get 0))))))"""
    assert run_llvm(source, "run", 0x7F80_0001, pipeline=pipeline) & 0x0040_0000


@each_pipeline
def test_constant_nans_keep_their_bits(pipeline: str) -> None:
    """LLVM takes x < 0 ? NaN : sqrt(x) for sqrt(x), whose NaN has another sign."""
    source = """(func (export "run") (param f64) (result i64) (local f64)
        (local.set 1 (f64.sqrt (local.get 0)))
        (i64.reinterpret_f64
          (select (f64.const nan) (local.get 1) (f64.ne (local.get 1) (local.get 1)))))"""
    assert run_llvm(source, "run", -2.0, pipeline=pipeline) == 0x7FF8_0000_0000_0000


@each_pipeline
def test_minimum_and_maximum_of_zeros(pipeline: str) -> None:
    for name, expected in (("min", -1.0), ("max", 1.0)):
        source = f'(func (export "run") (param f64 f64) (result f64) (f64.{name} (local.get 0) (local.get 1)))'
        for args in ((0.0, -0.0), (-0.0, 0.0)):
            assert math.copysign(1, run_llvm(source, "run", *args, pipeline=pipeline)) == expected


@pytest.mark.parametrize(
    "bits",
    [
        0,
        1,
        0x7F_FFFF,
        0x80_0000,
        0x3F80_0000,
        0x7F7F_FFFF,
        0x7F80_0000,
        0x7F80_0001,
        0x7FC0_0000,
        0xFFC1_2345,
        0x8000_0001,
    ],
)
def test_constants_of_type_f32(bits: int) -> None:
    from taipan.compiler.llvm.emit_numeric import float_text

    text = float_text(bits)
    if text.startswith("bitcast"):
        assert text == f"bitcast (i32 {bits} to float)"
    else:
        value = struct.unpack("<d", struct.pack("<Q", int(text, 16)))[0]
        assert struct.pack("<f", value) == struct.pack("<I", bits)


# --- without checks, with checks ------------------------------------------------------------------------------------
@pytest.mark.parametrize("offset", [0, 100, 0xFFFF_FFFF])
def test_accesses_of_memories_that_move(offset: int) -> None:
    source = f"""(memory 1) (func (export "run") (param i32) (result i32)
        (drop (memory.grow (i32.const 3))) (i32.store offset=8 (i32.const 0) (i32.const 7))
        (i32.add (i32.load offset={offset} (local.get 0)) (i32.load offset=8 (i32.const 0))))"""
    for args in ((0,), (65536 * 4 - 4 - offset,), (65536 * 4 - 3 - offset,), (-1,)):
        config: dict[str, Any] = {"static_memory_maximum_size": 0, "dynamic_memory_reserved_for_growth": 0}
        expected = outcome(source, args, compiler="baseline", **config)
        assert outcome(source, args, compiler="llvm", **config) == expected


def test_accesses_of_64_bit_memories() -> None:
    source = """(memory i64 1) (func (export "run") (param i64) (result i64)
        (i64.load offset=0xfffffffffffffff0 (local.get 0)))"""
    for address in (0, 15, 16, 24, 65536, -1):
        expected = outcome(source, (address,), compiler="baseline", wasm_memory64=True)
        assert outcome(source, (address,), compiler="llvm", wasm_memory64=True) == expected


# --- read-only data -------------------------------------------------------------------------------------------------
def choosing(t: str, values: list[int]) -> str:
    """A function that returns one of these, by its argument, or 7: LLVM may make a table of them."""
    cases = "".join(f" (return ({t}.const {value})))" for value in values)
    labels = " ".join(map(str, range(len(values) + 1)))
    blocks = "(block " * (len(values) + 1)
    return f"(param i32) (result {t}) {blocks} (br_table {labels} (local.get 0))) {cases} ({t}.const 7)"


TABLES = [
    (t, [i * i * 37 + 11 for i in range(count - zero)] + [0] * zero)
    for t in ("i32", "i64", "f32", "f64")
    for count in (3, 4, 5, 8, 9, 16)
    for zero in (0, 1)
]
"""Of 12 to 128 bytes, each size that has a section of its own among them. LLVM takes a table that ends with its only
zero for a string."""


@each_pipeline
def test_tables_of_every_size(pipeline: str) -> None:
    source = " ".join(f'(func (export "f{i}") {choosing(*table)})' for i, table in enumerate(TABLES))
    made = LLVMCompiler(environment(source), host_flags(), pipeline).compile_chunk(list(range(len(TABLES))))
    assert all(isinstance(function, CompiledFunction) for function in made)
    config = taipan.Config()
    config.compiler, config.opt_level, config.lazy_compilation = "llvm", pipeline, False
    store = taipan.Store(taipan.Engine(config))
    exports = taipan.Instance(store, taipan.Module(store.engine, f"(module {source})"), []).exports(store)
    for i, (_, values) in enumerate(TABLES):
        assert [exports[f"f{i}"](store, n) for n in range(len(values) + 2)] == [*values, 7, 7]
