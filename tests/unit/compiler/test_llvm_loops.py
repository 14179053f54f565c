"""Loops made by the LLVM compiler: which poll, bodies that are written twice, and what remains the same."""

from __future__ import annotations

import struct
from random import Random
from typing import Any

import pytest
from compiler_code import environment, run

import taipan
from taipan import Trap
from taipan.abi import layout
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.cpu import host_flags

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import x64
from taipan.compiler.llvm.compiler import LLVMCompiler
from taipan.compiler.llvm.counted import Counted, count_trips
from taipan.compiler.llvm.function import FunctionCompiler
from taipan.compiler.llvm.text import ModuleText


def sites_of(source: str, kind: int, **settings: Any) -> list[int]:
    """Wasm offsets of the sites of that kind in function 0."""
    made = LLVMCompiler(environment(source), host_flags(), **settings).compile_function(0)
    return [wasm for _, wasm, found, _ in struct.iter_unpack("<4I", made.sites) if found & 0xFF == kind]


def polls(source: str, **settings: Any) -> int:
    """How many instructions call or poll, without the function's entry; LLVM may repeat them."""
    return len(set(sites_of(source, layout.SITE_CALL, **settings))) - 1


def simulated(test: str, value: int, step: int, bound: int) -> int:
    """Iterations, at most 1,000."""

    def signed(number: int) -> int:
        return (number + (1 << 31)) % (1 << 32) - (1 << 31)

    for trip in range(1, 1000):
        a, b = (signed(value), signed(bound)) if test[0] == "s" else (value % (1 << 32), bound % (1 << 32))
        if not {"ne": a != b, "eq": a == b, "lt": a < b, "le": a <= b}[test[-2:]]:
            return trip
        value += step
    return 1000


@pytest.mark.parametrize("test", ["ne", "eq", "ult", "slt", "ule", "sle"])
def test_trips_are_counted_right_or_not_at_all(test: str) -> None:
    numbers = [0, 1, 2, 7, 64, 100, -1, -64, (1 << 31) - 2, -(1 << 31), 1 << 29]
    known = 0
    for first in numbers:
        for bound in numbers:
            for step in (1, 2, 3, 8, -1, -2, -8, 0):
                trips = count_trips(test, first, step, bound)
                expected = simulated(test, first, step, bound)
                known += 0 < trips < 1000
                assert trips == 0 or trips == expected or (trips >= 1000 and expected == 1000)
    assert known > 10 or test == "eq"


COUNTED = """(func (result i32) (local i32 i32)
    (loop
        (local.set 1 (i32.xor (local.get 1) (local.get 0)))
        (br_if 0 ({} (local.tee 0 (i32.add (local.get 0) (i32.const {}))) (i32.const {}))))
    (local.get 1))"""


@pytest.mark.parametrize(
    ("test", "step", "bound", "expected"),
    [
        ("i32.ne", 4, 256, 0),
        ("i32.lt_u", 3, 256, 0),
        ("i32.le_s", 1, 9_998, 0),
        ("i32.ne", -1, -64, 0),
        ("i32.ne", 4, 255, 1),  # runs for ever
        ("i32.lt_s", 1, 20_000, 1),
        ("i32.ne", 0, 1, 1),
        ("i32.gt_s", -1, -5, 1),
    ],
)
def test_loops_that_end_soon_do_not_poll(test: str, step: int, bound: int, expected: int) -> None:
    assert polls(COUNTED.format(test, step, bound)) == expected


def test_other_loops_poll() -> None:
    assert polls("(func (param i32) (loop (br 0)))") == 1
    assert polls("(func (param i32) (loop (br_if 0 (i32.ne (local.get 0) (i32.const 3)))))") == 1
    # The second branch is one that is not counted.
    assert (
        polls("""(func (param i32) (local i32) (loop
        (br_if 0 (i32.eqz (local.get 0)))
        (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 9)))))""")
        == 1
    )
    # The outer loop polls for the inner one.
    assert (
        polls("""(func (param i32) (local i32) (loop
        (local.set 1 (i32.const 0))
        (loop (i32.store (local.get 1) (local.get 0))
            (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 4))) (i32.const 256))))
        (br_if 0 (i32.load (i32.const 0))))) (memory 1)""")
        == 1
    )


def test_loops_without_polls_are_bounded_together() -> None:
    loop = """(local.set 0 (i32.const 0))
        (loop (br_if 0 (i32.ne (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10000))))"""
    assert polls(f"(func (local i32) {loop * 40})") == 40 - (1 << 18) // 10000


def test_calls_of_the_function_itself_poll() -> None:
    body = "(drop (i32.add (local.get 0) (i32.const 1)))" * 40
    source = f"""(func (param i32) {body} (loop {{}} (call 0 (i32.const 1)) (br_if 0 (local.get 0))))"""
    assert polls(source.format("")) == 1  # the call
    assert polls(source.format("(block (br_if 1 (local.get 0)))")) == 2


def test_small_bodies_are_written_twice() -> None:
    source = """(memory 1) (func (param i32) (result i32)
        (loop (br_if 0 (i32.load (local.tee 0 (i32.load (local.get 0)))))) (local.get 0))"""
    for inline_bytes, copies in ((0, 1), (100, 2)):
        ir = ModuleText(x64)
        FunctionCompiler(environment(source), ir, 0, inline_bytes).compile()
        text = "".join(ir.functions)
        assert text.count("load volatile i32") == 2 * copies
        assert text.count("read_volatile_register") == 2


LOOPS = """(memory 1)
    (data (i32.const 0) "\\08\\00\\00\\00\\01\\00\\00\\00\\10\\00\\00\\00\\02\\00\\00\\00\\18")
    (func $chase (param i32 i32) (result i32)
        (loop (result i32)
            (if (i32.eqz (local.get 1)) (then (return (i32.load offset=4 (local.get 0)))))
            (local.set 0 (i32.load (local.get 0)))
            (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
            (br_if 0 (i32.ne (local.get 0) (i32.const 24)))
            (i32.const 77)))
    (func $params (param i32 i32) (result i32)
        (local.set 1 (i32.or (local.get 1) (i32.const 1)))
        (i32.const 5) (local.get 0)
        (loop (param i32 i32) (result i32)
            i32.add (local.get 1)
            (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))) drop))
    (func $blocks (param i32 i32) (result i32) (local i32)
        (block $out
            (loop $again
                (block $skip (block $odd
                    (br_table $skip $odd $out $skip (i32.and (local.get 1) (i32.const 3))))
                    (local.set 2 (i32.add (local.get 2) (i32.const 100)))
                    (br $again (local.set 1 (i32.add (local.get 1) (i32.const 1)))))
                (local.set 2 (i32.add (local.get 2) (i32.div_u (i32.const 9) (local.get 0))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 5))))))
        (i32.add (local.get 2) (i32.mul (local.get 0) (i32.const 1000))))
    (func $counted (param i32 i32) (result i32) (local i32)
        (loop
            (local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.load (local.get 1))))
            (local.set 1 (i32.add (local.get 1) (local.get 2)))
            (br_if 0 (i32.ne (local.tee 2 (i32.add (local.get 2) (i32.const 4))) (i32.const 64))))
        (local.get 0))
    (func (export "run") (param i32 i32 i32) (result i32)
        (block (block (block (br_table 0 1 2 (local.get 0)))
            (return (call $chase (local.get 1) (local.get 2))))
            (return (call $params (local.get 1) (local.get 2))))
            (i32.add (call $blocks (local.get 1) (local.get 2)) (call $counted (local.get 2) (local.get 1))))"""


def outcome(*args: int, **config: Any) -> Any:
    try:
        return run(LOOPS, "run", *args, **config)
    except Trap as trap:
        return trap.trap_code, [(frame.func_index, frame.module_offset) for frame in trap.frames]


@pytest.mark.parametrize("pipeline", ["default", "aggressive"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_results_and_traps_are_those_of_the_baseline_compiler(which: int, pipeline: str) -> None:
    traps = 0
    for a, b in [(0, 0), (0, 1), (0, 2), (0, 3), (0, 9), (4, 7), (65_500, 3), (65_536, 4), (1, 8), (2, 21), (3, 15)]:
        expected = outcome(which, a, b, compiler="baseline")
        traps += isinstance(expected, tuple)
        assert outcome(which, a, b, compiler="llvm", opt_level=pipeline) == expected, (which, a, b)
    assert traps or which == 1


def test_growth_of_loops_is_bounded() -> None:
    body = "(loop (local.set 0 (i32.load (local.get 0))) (br_if 0 (local.get 0)))"
    source = "(memory 1) (func (param i32) {})"
    few, many = (LLVMCompiler(environment(source.format(body * n)), host_flags(), "fast") for n in (10, 300))
    sizes = []
    for compiler in (few, many):
        made = compiler.compile_function(0)
        assert isinstance(made, CompiledFunction)
        sizes.append(len(made.code))
    assert sizes[1] < 40 * sizes[0]


# --- loops whose accesses are known to be in bounds -------------------------------------------------------------------
def counted(body: str, phis: list[str], first: list[str], again: list[str]) -> Counted:
    return Counted([f"  {line.strip()}\n" for line in body.strip().splitlines()], phis, first, again, "L")


def test_ranges_of_numbers_in_loops() -> None:
    found = counted(
        """
        %a = shl i32 %i, 3
        %b = add i32 %a, 1000
        %c = and i32 %x, 255
        %d = mul i32 %c, 4, !dbg !17
        %e = sub i32 %d, %i
        %f = lshr i32 %n, 4
        %g = zext i8 %y to i32
        %h = add i32 %g, %x
        %k = and i32 3, 31
        %l = shl i32 %g, %k
        %j = add i32 %i, 2
        %m = sub i32 %n, 1
        %t = icmp ne i32 %j, 20
        br i1 %t, label %L, label %after
        """,
        ["%i", "%n", "%x"],
        ["0", "-1", "%p0"],
        ["%j", "%m", "%x"],
    )
    assert found.trips == 10
    ranges = {name: found.range(f"%{name}") for name in "iabcdefghklnq"}
    assert ranges == {
        "i": (0, 18), "a": (0, 144), "b": (1000, 1144), "c": (0, 255), "d": (0, 1020), "e": (-18, 1020),
        "f": (((1 << 32) - 10) >> 4, ((1 << 32) - 1) >> 4), "g": (0, 255), "h": None, "k": (3, 3), "l": (0, 2040),
        "n": (-10, -1), "q": None,
    }  # fmt: skip


FREE = """(memory 1) (func (export "run") (param i32) (result i32) (local i32)
    (loop
        (i32.store offset={offset} (i32.shl (local.get 1) (i32.const 2)) (i32.xor (local.get 0) (local.get 1)))
        (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 64))))
    (i32.load (local.get 0)))"""


@pytest.mark.parametrize(("offset", "is_free"), [(0, True), (0x10000 - 256, True), (0x10000 - 255, False)])
def test_accesses_known_to_be_in_bounds_are_no_sites(offset: int, is_free: bool) -> None:
    source = FREE.format(offset=offset)
    sites = set(sites_of(source, layout.SITE_FAULT, pipeline="aggressive"))
    assert len(sites) == (1 if is_free else 2)
    assert len(set(sites_of(source, layout.SITE_FAULT))) == 2


def counted_loop(random: Random) -> str:
    """A loop that reads and writes memory, some of it perhaps out of bounds, between two accesses to the same place."""
    step = random.choice([1, 2, 4, -1, -4])
    first = random.choice([0, 8, 1000, -256, 65_000])
    bound = first + step * random.choice([1, 7, 64, 500])

    def place() -> str:
        text = f"(local.get {random.randrange(1, 3)})"
        for _ in range(random.randrange(3)):
            text = random.choice(
                [
                    f"(i32.shl {text} (i32.const {random.randrange(4)}))",
                    f"(i32.add {text} (i32.const {random.choice([4, 300, 60_000, -8])}))",
                    f"(i32.and {text} (i32.const {random.choice([255, 4095, 0xFFFC, 0x1FFFF])}))",
                    f"(i32.load8_u offset=16 {text})",
                ]
            )
        return text

    def access() -> str:
        offset = random.choice([0, 16, 512, 65_000])
        kind = random.choice(["i32.store", "i32.store8", "i64.store32"])
        value = f"(i32.add (local.get 3) {place()})"
        if kind.startswith("i64"):
            value = f"(i64.extend_i32_s {value})"
        if random.random() < 0.5:
            return f"({kind} offset={offset} {place()} {value})"
        return f"(local.set 3 (i32.add (local.get 3) (i32.load{random.choice(['', '8_u'])} offset={offset} {place()})))"

    body = " ".join(access() for _ in range(random.randrange(1, 4)))
    return f"""
        (local.set 1 (i32.const {first})) (local.set 2 (i32.const {random.choice([0, 64, 30_000])}))
        (i32.store (i32.const 32) (i32.const 7))
        (loop {body} (local.set 2 (i32.add (local.get 2) (i32.const {random.choice([1, 8, -4])})))
            (br_if 0 (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const {step}))) (i32.const {bound}))))
        (local.set 3 (i32.add (local.get 3) (i32.load (local.get 0)))) (i32.store (i32.const 32) (local.get 3))"""


def memory_after(source: str, argument: int, **config: Any) -> Any:
    settings = taipan.Config()
    for name, value in config.items():
        setattr(settings, name, value)
    engine = taipan.Engine(settings)
    store = taipan.Store(engine)
    exports = taipan.Instance(store, taipan.Module(engine, source), []).exports(store)
    try:
        result: Any = exports["run"](store, argument)
    except Trap as trap:
        result = trap.trap_code, [frame.module_offset for frame in trap.frames]
    return result, bytes(exports["memory"].read(store))


@pytest.mark.parametrize("seed", range(20))
def test_counted_loops_do_what_the_baseline_compiler_makes_them_do(seed: int) -> None:
    random = Random(seed)
    source = f"""(module (memory (export "memory") 1) (func (export "run") (param i32) (result i32) (local i32 i32 i32)
        {counted_loop(random)} {counted_loop(random)} (local.get 3)))"""
    for argument in (0, 40, 65_533):
        expected = memory_after(source, argument, compiler="baseline")
        assert memory_after(source, argument, compiler="llvm", opt_level="aggressive") == expected
