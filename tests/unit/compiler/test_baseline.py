"""Generated code, run: what the official suite does not reach. Calls, registers, places where paths join."""

from __future__ import annotations

import random
import struct

import pytest
from compiler_code import environment, run

from taipan.abi import layout
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.errors import UnsupportedError

M32 = 0xFFFF_FFFF


def signed(value: int) -> int:
    return (value & M32) - (1 << 32) if value & 0x8000_0000 else value & M32


# --- tables that come with the code ---------------------------------------------------------------------------------
SOURCE = """(memory 1) (table 1 funcref) (type (func (param externref i32) (result externref)))
    (func (param i32) (result i32) (i32.div_s (i32.load (local.get 0)) (call 0 (local.get 0))))
    (func (param externref i32) (result externref)
        (loop (br_if 0 (call 0 (local.get 1)))) (call_indirect (type 0) (local.get 0) (i32.const 1) (i32.const 0)) drop
        (call 1 (local.get 0) (local.get 1)))"""


def sites_of(sites: bytes) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("<4I", sites))


def test_sites_are_sorted_and_name_their_instructions() -> None:
    env = environment(SOURCE)
    compiler = BaselineCompiler(env)
    for index in range(2):
        made = compiler.compile_function(index)
        sites = sites_of(made.sites)
        assert [site[0] for site in sites] == sorted({site[0] for site in sites})
        for code_offset, wasm_offset, _, _ in sites:
            assert code_offset <= len(made.code)
            assert env.module.body_starts[index] <= wasm_offset < env.module.body_ends[index]
    kinds = [kind & 0xFF for _, _, kind, _ in sites_of(compiler.compile_function(0).sites)]
    assert kinds.count(layout.SITE_FAULT) == 1
    assert kinds.count(layout.SITE_TRAP) == 2
    assert kinds.count(layout.SITE_CALL) == 2  # the call, and the interrupt check at the entry


def test_stack_maps_name_the_references_that_live() -> None:
    made = BaselineCompiler(environment(SOURCE)).compile_function(1)
    maps = struct.unpack(f"<{len(made.stack_maps) // 4}I", made.stack_maps)
    positions = {site[3] for site in sites_of(made.sites) if site[3]}
    assert positions
    for position in positions:
        count = maps[position - 1]
        assert count >= 1
        assert all(distance % 8 == 0 for distance in maps[position : position + count])


def test_lazy_calls_go_through_cells() -> None:
    source = "(func (call 1)) (func)"
    eager = BaselineCompiler(environment(source)).compile_function(0)
    lazy = BaselineCompiler(environment(source, lazy=True)).compile_function(0)
    ((at, kind, target),) = struct.iter_unpack("<3I", eager.relocs)
    assert (kind, target, eager.code[at - 1]) == (layout.RELOC_CALL, 1, 0xE8)
    ((at, kind, target),) = struct.iter_unpack("<3I", lazy.relocs)
    assert (kind, target, lazy.code[at - 2 : at]) == (layout.RELOC_SLOT, 1, b"\xff\x15")


def test_image_is_the_functions_with_calls_resolved() -> None:
    env = environment(SOURCE)
    image = BaselineCompiler(env).image(1)
    extents = list(struct.iter_unpack("<2I", image.offsets))
    site_starts = struct.unpack(f"<{len(extents) + 1}I", image.site_starts)
    for index, (start, size) in enumerate(extents):
        alone = BaselineCompiler(env).compile_function(index)
        code = bytearray(alone.code)
        for at, _, target in struct.iter_unpack("<3I", alone.relocs):
            struct.pack_into("<i", code, at, extents[target][0] - (start + at + 4))
        assert image.code[start : start + size] == code
        sites = image.sites[16 * site_starts[index] : 16 * site_starts[index + 1]]
        assert sites == alone.sites
        assert start % 16 == 0


def test_a_function_without_support_is_named_and_spoils_no_other() -> None:
    env = environment(
        "(import `` `` (func)) (func (drop (f32.const 1)) (drop (i8x16.splat (i32.const 0)))) "
        "(func (result f32) (f32.const 1))".replace("`", '"')
    )
    compiler = BaselineCompiler(env)
    fresh = BaselineCompiler(env).compile_function(1)
    with pytest.raises(UnsupportedError, match=r"i8x16.splat .*\(function 1\)"):
        compiler.compile_function(0)
    assert compiler.compile_function(1).code == fresh.code


# --- calls ----------------------------------------------------------------------------------------------------------
def test_many_arguments_of_all_types_arrive() -> None:
    types = ["i32", "i64", "f32", "f64"] * 6
    params = " ".join(types)
    gets = " ".join(f"(local.get {n})" for n in range(24))
    source = (
        f"(func (export `f`) (param {params}) (result {params}) {gets})"
        f"(func (export `g`) (param {params}) (result {params}) (call 0 {gets}))"
        f"(func (export `h`) (param {params}) (result {params}) (return_call 1 {gets}))".replace("`", '"')
    )
    values = [n + 0.5 if kind[0] == "f" else n - 12 for n, kind in enumerate(types)]
    for name in "fgh":
        assert run(source, name, *values) == values


def test_arguments_change_places() -> None:
    source = """(func $f (param i32 i32 i32 i32 f64 f64) (result f64)
        (f64.add (f64.mul (local.get 4) (f64.const 10)) (f64.add (local.get 5)
          (f64.convert_i32_s (i32.add (i32.mul (local.get 0) (i32.const 1000)) (i32.add (i32.mul (local.get 1)
          (i32.const 2000)) (i32.add (i32.mul (local.get 2) (i32.const 30000))
          (i32.mul (local.get 3) (i32.const 400000)))))))))
      (func (export "run") (param i32 i32 i32 i32 f64 f64) (result f64)
        (call $f (i32.add (local.get 3) (i32.const 0)) (i32.add (local.get 2) (i32.const 0))
                 (i32.add (local.get 0) (i32.const 0)) (i32.add (local.get 1) (i32.const 0))
                 (f64.neg (local.get 5)) (f64.neg (local.get 4))))"""
    assert run(source, "run", 1, 2, 3, 4, 5.0, 6.0) == -60 - 5 + 4 * 1000 + 3 * 2000 + 1 * 30000 + 2 * 400000


def test_operands_and_locals_survive_calls() -> None:
    """More live values than there are registers of any kind, across a call in a loop."""
    ints = " ".join(f"(local.set {n} (i32.add (local.get {n}) (call $id (i32.const {n}))))" for n in range(1, 13))
    floats = " ".join(f"(local.set {n} (f64.add (local.get {n}) (f64.const {n})))" for n in range(13, 25))
    total = "(i32.const 0) " + " ".join(f"(local.get {n}) i32.add" for n in range(1, 13))
    ftotal = "(f64.const 0) " + " ".join(f"(local.get {n}) f64.add" for n in range(13, 25))
    source = f"""(func $id (param i32) (result i32) (local.get 0))
        (func (export "run") (param i32) (result i32 f64) (local {"i32 " * 12} {"f64 " * 12})
          (loop {ints} {floats} (br_if 0 (local.tee 0 (i32.sub (local.get 0) (call $id (i32.const 1))))))
          {total} {ftotal})"""
    assert run(source, "run", 7) == [7 * sum(range(1, 13)), 7.0 * sum(range(13, 25))]


def test_tail_calls_take_no_stack() -> None:
    source = """(func $a (export "run") (param i32 i32 i32 i32 i32 i32 i64) (result i64)
          (if (result i64) (local.get 0)
            (then (return_call $b (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 6) (i64.const 3))))
            (else (local.get 6))))
        (func $b (param i32 i64) (result i64)
          (return_call $a (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)
            (local.get 1)))"""
    assert run(source, "run", 1_000_000, 0, 0, 0, 0, 0, 5) == 3_000_005


# --- where paths join -----------------------------------------------------------------------------------------------
def test_operands_below_a_block_stay() -> None:
    source = """(func (export "run") (param i32 i32) (result i32)
        (local.get 0) (i32.add (local.get 0) (local.get 1)) (i32.const 7)
        (block (result i32) (local.set 0 (i32.const 1000)) (drop (br_if 0 (i32.const 5) (local.get 1))) (i32.const 6))
        i32.add i32.add i32.add)"""
    assert run(source, "run", 10, 1) == 10 + 11 + 7 + 5
    assert run(source, "run", 10, 0) == 10 + 10 + 7 + 6


def test_a_local_read_before_it_changes_keeps_its_value() -> None:
    source = """(func (export "run") (param i32) (result i32)
        (i32.sub (local.get 0) (i32.mul (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (local.get 0))))"""
    assert run(source, "run", 4) == 4 - 25


def test_several_results_of_branches() -> None:
    source = """(func (export "run") (param i32) (result i32 i64 f32)
        (block (result i64 f32 i32)
          (i64.const 1) (f32.const 2) (i32.const 3)
          (br_table 0 1 0 (i64.const 4) (f32.const 5) (i32.const 6) (local.get 0)))
        (drop) (drop) (drop) (i32.const 7) (i64.const 8) (f32.const 9))"""
    body = source.replace(
        "(br_table 0 1 0 (i64.const 4) (f32.const 5) (i32.const 6) (local.get 0))",
        "(br_if 0 (local.get 0)) (drop) (drop) (drop) (i64.const 4) (f32.const 5) (i32.const 6)",
    )
    assert run(body, "run", 0) == [7, 8, 9.0]
    loop = """(func (export "run") (param i32) (result i32 i32) (i32.const 1) (i32.const 10)
        (loop (param i32 i32) (result i32 i32)
          (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 1) (i32.add)
          (br_if 0 (local.get 0))))"""
    assert run(loop, "run", 5) == [1, 15]


def test_branch_tables() -> None:
    source = """(func (export "run") (param i32) (result i32)
        (block $a (result i32) (block $b (result i32) (block $c (result i32)
          (br_table $a $b $c $a (i32.const 100) (local.get 0)))
          (i32.add (i32.const 1))) (i32.add (i32.const 10))))"""
    assert [run(source, "run", n) for n in (0, 1, 2, 3, -1)] == [100, 110, 111, 100, 100]


def test_deep_operand_stack() -> None:
    depth = 3000
    pairs = "(local.get 0) (i32.add (local.get 0) (i32.const 1))" * depth
    source = f"""(func (export "run") (param i32) (result i32) {pairs}
        (local.set 0 (i32.const 9)) {"i32.add " * (2 * depth - 1)})"""
    assert run(source, "run", 2) == depth * 5


# --- arithmetic against Python --------------------------------------------------------------------------------------
def test_division_by_constants() -> None:
    rng = random.Random(7)
    divisors = [1, 2, 3, 5, 7, 8, 10, 641, 1000, 65537, 0x4000_0000, 0x7FFF_FFFF] + [
        rng.randrange(3, 1 << 31) for _ in range(8)
    ]
    operations = ("div_s", "div_u", "rem_s", "rem_u")
    body = " ".join(f"(i32.{op} (local.get 0) (i32.const {d}))" for d in divisors for op in operations)
    source = f"""(func (export "run") (param i32) (result {"i32 " * (4 * len(divisors))}) {body})"""
    numbers = [0, 1, 2, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, M32] + [rng.getrandbits(32) for _ in range(4)]
    for x in numbers + divisors:
        expected = []
        for d in divisors:
            s = signed(x)
            quotient = abs(s) // d * (1 if s >= 0 else -1)
            expected += [signed(quotient), signed(x // d), signed(s - quotient * d), signed(x % d)]
        assert run(source, "run", signed(x)) == expected


def test_wide_arithmetic() -> None:
    source = """(func (export "add") (param i64 i64 i64 i64) (result i64 i64)
          (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
        (func (export "mul") (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)))"""
    assert run(source, "add", -1, 0, 1, 0) == [0, 1]
    assert run(source, "mul", -3, 1 << 62) == [1 << 62, -1]


# --- hostile input --------------------------------------------------------------------------------------------------
def test_results_by_branches_are_bounded() -> None:
    types = "i32 " * 1000
    values = "(i32.const 1)" * 1000
    source = f"(func (result {types}) {values} {'(br_if 0 (i32.const 1))' * 60_000})"
    with pytest.raises(UnsupportedError, match="too complex"):
        BaselineCompiler(environment(source)).compile_function(0)


def test_a_large_frame_in_a_function_without_calls_asks_for_stack() -> None:
    source = f"(func (param i32) (result i32) {'(i32.add (local.get 0) (i32.const 1))' * 2000} {'i32.add ' * 1999})"
    made = BaselineCompiler(environment(source)).compile_function(0)
    assert [kind for _, _, kind, _ in sites_of(made.sites)] == [layout.SITE_CALL]
