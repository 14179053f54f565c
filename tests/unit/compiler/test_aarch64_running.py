"""Code for AArch64 does what it should, as far as an emulator and a stand-in for the runtime can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
pytest.importorskip("unicorn", reason="AArch64 is emulated by unicorn: pip install unicorn")

from aarch64_emulator import FUEL, Emulator, NotHere, Trapped

import taipan
from taipan.binary.encode import encode
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.tunables import Tunables
from taipan.features import Features
from taipan.text import parse, script
from taipan.validate import check_module
from taipan.wast.features import features_for
from taipan.wast.values import bits_of, matches_bits

# name -> assertions that need nothing but what the emulator has
SCRIPTS = {
    "align": 48,
    "br_table": 140,
    "call": 70,
    "call_indirect": 130,
    "conversions": 590,
    "endianness": 68,
    "f32_bitwise": 360,
    "float_exprs": 800,
    "float_memory": 60,
    "func": 90,
    "i64": 380,
    "if": 120,
    "int_exprs": 80,
    "left-to-right": 90,
    "memory_trap": 170,
    "select": 100,
    "skip-stack-guard-page": 10,
    "stack": 5,
    "switch": 25,
    "traps": 30,
    "unwind": 49,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_official_scripts(testsuite_dir: Path, name: str) -> None:
    path = testsuite_dir / f"{name}.wast"
    features = features_for(path)
    emulator: Emulator | None = None
    passed = 0
    for command in script.parse_script(path.read_bytes()):
        if isinstance(command, script.DefineModule):
            source = command.source
            data = source.data if source.kind == script.BINARY else bytes(encode(source.parse(features)))
            try:
                emulator = Emulator(data, features, "default")
            except NotHere:
                emulator = None
        elif isinstance(command, script.AssertAction | script.Perform) and emulator is not None:
            passed += judge(emulator, command)
    assert passed >= SCRIPTS[name]


def judge(emulator: Emulator, command: script.AssertAction | script.Perform) -> int:
    """Check one assertion; 1 if that was possible."""
    action = command.action
    wanted = getattr(command, "results", [])
    args = action.args or []
    if action.args is None or action.module is not None or not all(isinstance(arg, script.Const) for arg in args):
        return 0
    if not all(isinstance(pattern, script.Const | script.NanPattern) for pattern in wanted):
        return 0
    try:
        got = emulator.call(action.name, [arg.bits for arg in args if isinstance(arg, script.Const)])
    except NotHere:
        return 0
    except Trapped as trap:
        assert getattr(command, "kind", "") in ("assert_trap", "assert_exhaustion"), (command, trap)
        message = getattr(command, "message", "")
        assert str(trap) in message or message in str(trap), action
        return 1
    assert getattr(command, "kind", "assert_return") == "assert_return", action
    if isinstance(command, script.AssertAction):
        assert len(got) == len(wanted)
        assert all(map(matches_bits, wanted, got)), (action, got, wanted)
    return 1


PARAMS = "i32 i64 f32 f64 " * 6
GETS = " ".join(f"(local.get {n})" for n in range(24))
PROGRAM = f"""(module (memory 1 3) (type $many (func (param {PARAMS}) (result {PARAMS}))) (table funcref (elem $many))
    (global $sum (mut i64) (i64.const 5))
    (func $many (export "many") (type $many) {GETS})
    (func (export "around") (type $many) (call $many (call_indirect (type $many) {GETS} (i32.const 0))))
    (func $fib (export "fib") (param i32) (result i32) (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func $tail (export "tail") (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
      (if (i64.eqz (local.get 0)) (then (return (local.get 8))))
      (return_call $less (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 8) (i64.const 3))))
    (func $less (param i64 i64) (result i64)
      (return_call $tail (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
        (local.get 0) (local.get 0) (local.get 1)))
    (func (export "memory") (param i32 f64) (result i64 i32 f64) (local i32)
      (loop (f64.store offset=16 (local.get 2) (f64.mul (local.get 1) (f64.convert_i32_u (local.get 2))))
        (global.set $sum (i64.add (global.get $sum) (i64.load16_s offset=18 (local.get 2))))
        (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 8))) (local.get 0))))
      (memory.fill (i32.const 100) (i32.const 7) (i32.const 9))
      (memory.copy (i32.const 3) (i32.const 90) (i32.const 99))
      (global.get $sum) (memory.grow (i32.const 1)) (f64.load offset=5 (local.get 0)))
    (func (export "end") (param i32) (result i32) (i32.div_u (i32.load (local.get 0)) (local.get 0))))"""


FAST = f"""(module
    (func $mixed (param i32 i64 f32 i32 i64 f64 i32 i64 i32) (result i64 f64 i32 f32 i64 i32 f64) {"(nop) " * 1000}
      (local.get 7) (local.get 5) (local.get 8) (local.get 2) (local.get 1) (local.get 0) (f64.const -3))
    (func $five (param i64 i32 i64 i32 i64) (result i32 i64 i64 i64) {"(nop) " * 1000}
      (i32.sub (local.get 1) (local.get 3)) (local.get 4) (local.get 2) (local.get 0))
    (func (export "mixed") (result i64 f64 i32 f32 i64 i32 f64)
      (call $mixed (i32.const 1) (i64.const 2) (f32.const 3.5) (i32.const 4) (i64.const 5) (f64.const 6.5)
        (i32.const 7) (i64.const 8) (i32.const 9)))
    (func (export "five") (result i32 i64 i64 i64)
      (call $five (i64.const 1) (i32.const 2) (i64.const 3) (i32.const 4) (i64.const 5))))"""


@pytest.mark.parametrize("pipeline", ["fast", "default", "aggressive"])
def test_fast_calls(pipeline: str) -> None:
    module = parse(FAST, Features())
    check_module(module, Features())
    assert ModuleEnv(module, Tunables(), False).fast == b"\1\1\0\0"
    emulator = Emulator(bytes(encode(module)), Features(), pipeline)
    floats = [bits_of(type, value) for type, value in (("f64", 6.5), ("f32", 3.5), ("f64", -3.0))]
    assert emulator.call("mixed", []) == [8, floats[0], 9, floats[1], 2, 1, floats[2]]
    assert emulator.call("five", []) == [2**32 - 2, 5, 3, 1]


@pytest.mark.parametrize("pipeline", ["fast", "default", "aggressive"])
@pytest.mark.parametrize("polls", [False, True])
def test_the_same_as_here(pipeline: str, polls: bool) -> None:
    """polls: at every entry and loop header the helper is called; with veneers, too."""
    data = bytes(encode(parse(PROGRAM, Features())))
    emulator = Emulator(data, Features(), pipeline, polls, veneers=polls)
    store = taipan.Store()
    exports = taipan.Instance(store, taipan.Module(store.engine, data), []).exports(store)
    kinds = ["i32", "i64", "f32", "f64"] * 6
    values = [n + 0.5 if kind[0] == "f" else n + 1 for n, kind in enumerate(kinds)]
    for name, types, args, results in (
        ("many", kinds, values, kinds),
        ("around", kinds, values, kinds),
        ("fib", ["i32"], [12], ["i32"]),
        ("tail", ["i64"] * 9, [500, *range(8)], ["i64"]),
        ("memory", ["i32", "f64"], [4000, -1.7], ["i64", "i32", "f64"]),
        ("end", ["i32"], [800], ["i32"]),
    ):
        here = exports[name](store, *args)  # type: ignore[operator]
        bits = [bits_of(type, value) for type, value in zip(types, args, strict=True)]
        there = emulator.call(name, bits)  # type: ignore[arg-type]
        wanted = here if isinstance(here, list) else [here]
        assert there == [bits_of(type, value) for type, value in zip(results, wanted, strict=True)], name
    for name, arg, trap in (("end", 0, "integer divide by zero"), ("end", 1 << 18, "out of bounds memory access")):
        with pytest.raises(Trapped, match=trap):
            emulator.call(name, [arg])


@pytest.mark.parametrize("pipeline", ["fast", "default", "aggressive"])
def test_fuel_is_exact(pipeline: str) -> None:
    data = bytes(encode(parse(PROGRAM, Features())))
    emulator = Emulator(data, Features(), pipeline, fuel=True)
    config = taipan.Config()
    config.consume_fuel = True
    store = taipan.Store(taipan.Engine(config))
    exports = taipan.Instance(store, taipan.Module(store.engine, data), []).exports(store)
    for name, args in (("fib", [9]), ("tail", [50] * 9), ("memory", [800, 0.0]), ("end", [0]), ("end", [1 << 20])):
        store.set_fuel(FUEL)
        trapped = []
        try:
            exports[name](store, *args)  # type: ignore[operator]
        except taipan.Trap:
            trapped.append("here")
        try:
            emulator.call(name, list(map(int, args)))
        except Trapped:
            trapped.append("there")
        assert emulator.used == FUEL - store.get_fuel() > 0, name
        assert len(trapped) == (2 if name == "end" else 0)
