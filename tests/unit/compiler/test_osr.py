"""Leaving a loop for a continuation: every value arrives, results and registers of the caller are right afterwards.

The continuations here are a few instructions of machine code that report what they were given.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator

import pytest

import taipan
from taipan import _native
from taipan.abi import layout
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.environ import ModuleEnv
from taipan.errors import UnsupportedError

# push rbp; mov rbp, rsp; (body); pop rbp; ret. rdx points to the values.
ENTER = bytes.fromhex("55 4889e5")
LEAVE = bytes.fromhex("5d c3")


def returns_int(slot: int) -> bytes:
    return ENTER + b"\x48\x8b\x82" + struct.pack("<i", 8 * slot) + LEAVE


def returns_float(slot: int, size: int) -> bytes:
    prefix = b"\xf2" if size == 8 else b"\xf3"
    return ENTER + prefix + b"\x0f\x10\x82" + struct.pack("<i", 8 * slot) + LEAVE


@pytest.fixture
def samples() -> Iterator[int]:
    """Read end of a pipe that gets a byte when a sample is there."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    _native.take_samples()
    before = _native.sample_into(write)
    yield read
    _native.sample_into(before)
    os.close(read)
    os.close(write)


def seen_in_loop(module: taipan.Module, read: int) -> tuple[_native.NativeModule, int, int, int]:
    """Wait until wasm is seen at a loop's header; it may be seen at a function's entry before."""
    while True:
        os.read(read, 1)
        for native, index, wasm_offset, poll, _, _ in _native.take_samples():
            if native is module._native and module._module.code[wasm_offset] == 0x03:
                return native, index, wasm_offset, poll


NEST = """(module
  (func $once (export "f") (param $inner i32) (param $j i32)
    (loop $outer
      (local.set $j (local.get $inner))
      (loop $next (br_if $next (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
      (br $outer)))
  (func $often (export "g") (param i32 i32) (loop $l (call $short) (br $l)))
  (func $short (local $i i32)
    (local.set $i (i32.const 30))
    (loop $next (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))))"""


@pytest.mark.parametrize(
    ("name", "trips", "seen"),
    [("f", 20, {(0, "outer")}), ("f", 100_000_000, {(0, "inner")}), ("g", 0, {(1, "outer"), (2, "none")})],
)
def test_samples_name_the_loop_to_leave(name: str, trips: int, seen: set[tuple[int, str]], samples: int) -> None:
    """The outermost one whose header is near; none where the call is going to end."""
    module = taipan.Module(baseline_engine(), NEST)
    store = taipan.Store(module.engine)
    function = taipan.Instance(store, module, []).exports(store)[name]
    code = module._module.code
    starts = [code.index(b"\x03\x40", start) for start in module._module.body_starts]
    found: list[tuple[int, str]] = []

    def look() -> None:
        while len(found) < 10:
            os.read(samples, 1)
            for native, index, _, _, outer_offset, outer_poll in _native.take_samples():
                if native is module._native:
                    place = "none" if not outer_poll else "outer" if outer_offset == starts[index] else "inner"
                    found.append((index, place))
        store.interrupt()

    thread = threading.Thread(target=look)
    thread.start()
    with pytest.raises(taipan.Trap, match="interrupt"):
        function(store, trips, 0)
    thread.join()
    assert set(found[1:]) <= seen  # the first one may be of a function's entry


def continue_with(module: taipan.Module, code: bytes, read: int) -> None:
    """Wait until wasm is seen in a loop and let it go on in `code`."""
    native, index, wasm_offset, pc = seen_in_loop(module, read)
    env = ModuleEnv(module._module, module.engine.tunables, True)
    stub = BaselineCompiler(env).leave_loop(index, wasm_offset)
    whole = bytearray(stub.code + bytes(-len(stub.code) % 16))
    struct.pack_into("<i", whole, stub.call_field, len(whole) - (stub.call_field + 4))
    native.publish(index, bytes(whole) + code, b"", stub.sites, b"", pc)


def baseline_engine() -> taipan.Engine:
    """Nobody else looks at samples."""
    config = taipan.Config()
    config.compiler = "baseline"
    return taipan.Engine(config)


def run_and_leave(samples: int, source: str, arguments: list[object], code: bytes, name: str = "f") -> object:
    """Call an endless loop and end it through a continuation."""
    engine = baseline_engine()
    module = taipan.Module(engine, source)
    store = taipan.Store(engine)
    function = taipan.Instance(store, module, []).exports(store)[name]
    helper = threading.Thread(target=continue_with, args=(module, code, samples))
    helper.start()
    try:
        return function(store, *arguments)
    finally:
        helper.join()


LOCALS = """(module (func (export "f") (param i32 i64 f32 f64) (result {result})
  (local i32 i64 f32 f64)
  (local.set 4 (i32.add (local.get 0) (i32.const 1)))
  (local.set 5 (i64.add (local.get 1) (i64.const 1)))
  (local.set 6 (f32.add (local.get 2) (f32.const 1)))
  (local.set 7 (f64.add (local.get 3) (f64.const 1)))
  (loop $l
    (local.set 0 (i32.xor (local.get 0) (i32.const 0)))
    (local.set 1 (i64.xor (local.get 1) (i64.const 0)))
    (local.set 2 (f32.abs (local.get 2)))
    (local.set 3 (f64.abs (local.get 3)))
    (local.set 4 (i32.xor (local.get 4) (i32.const 0)))
    (local.set 5 (i64.xor (local.get 5) (i64.const 0)))
    (local.set 6 (f32.abs (local.get 6)))
    (local.set 7 (f64.abs (local.get 7)))
    (br $l))
  (unreachable)))"""


@pytest.mark.parametrize(
    ("slot", "result", "expected"),
    [
        (0, "i32", 5),
        (1, "i64", 1 << 40),
        (2, "f32", 1.5),
        (3, "f64", 2.25),
        (4, "i32", 6),
        (5, "i64", (1 << 40) + 1),
        (6, "f32", 2.5),
        (7, "f64", 3.25),
    ],
)
def test_locals_arrive(samples: int, slot: int, result: str, expected: object) -> None:
    code = returns_int(slot) if result[0] == "i" else returns_float(slot, 4 if result == "f32" else 8)
    arguments: list[object] = [5, 1 << 40, 1.5, 2.25]
    assert run_and_leave(samples, LOCALS.format(result=result), arguments, code) == expected


MANY = '(module (func (export "f") (param i32) (result i64) {locals} {sets} (loop $l {uses} (br $l)) (unreachable)))'


@pytest.mark.parametrize("slot", [1, 5, 10, 17, 30])
def test_locals_in_registers_and_in_the_frame(samples: int, slot: int) -> None:
    source = MANY.format(
        locals="(local " + "i64 " * 30 + ")",
        sets="".join(f"(local.set {i} (i64.const {1000 + i}))" for i in range(1, 31)),
        uses="".join(f"(local.set {i} (i64.or (local.get {i}) (i64.const 0)))" * (1 + i % 3) for i in range(1, 31)),
    )
    assert run_and_leave(samples, source, [0], returns_int(slot)) == 1000 + slot


@pytest.mark.parametrize(("slot", "expected"), [(1, 70), (2, 5), (3, 1 << 60), (4, 71), (5, 72)])
def test_operands_below_and_parameters_of_the_loop(samples: int, slot: int, expected: int) -> None:
    source = """(module (func (export "f") (param i64) (result i64)
      (i64.add (local.get 0) (i64.const 65)) (local.get 0) (i64.const 0x1000000000000000)
      (i64.add (local.get 0) (i64.const 66)) (i64.add (local.get 0) (i64.const 67))
      (loop $l (param i64 i64) (result i64) (br $l))
      (drop) (drop) (drop)))"""
    source = source.replace("(drop) (drop) (drop)", "(drop) (drop) (drop) (drop) (i64.const 0)")
    assert run_and_leave(samples, source, [5], returns_int(slot)) == expected


def test_several_results_through_the_out_pointer(samples: int) -> None:
    # mov rcx, [rdx + 8]; mov dword [rcx], 77; mov rax, [rdx]
    code = ENTER + bytes.fromhex("488b4a08 c7014d000000 488b02") + LEAVE
    source = '(module (func (export "f") (param i64) (result i64 i32) (loop $l (br $l)) (unreachable)))'
    source = source.replace("(loop", "(local.set 0 (i64.add (local.get 0) (i64.const 1))) (loop")
    source = source.replace("(br $l)", "(local.set 0 (i64.or (local.get 0) (i64.const 0))) (br $l)")
    assert run_and_leave(samples, source, [40], code) == [41, 77]


def test_the_callers_registers_are_restored(samples: int) -> None:
    """The caller keeps a dozen values in registers across the call."""
    count = 14
    source = f"""(module
      (func $spin (param i64) (result i64) (local i64 i64 i64)
        (loop $l
          (local.set 1 (i64.or (local.get 0) (local.get 1)))
          (local.set 2 (i64.or (local.get 1) (local.get 2)))
          (call $nothing)
          (br $l))
        (unreachable))
      (func $nothing)
      (func (export "f") (param i64) (result i64) (local {"i64 " * count})
        {"".join(f"(local.set {i} (i64.add (local.get 0) (i64.const {i})))" for i in range(1, count + 1))}
        (drop (call $spin (i64.const 3)))
        {"".join(f"(local.set 1 (i64.add (local.get 1) (local.get {i})))" for i in range(2, count + 1))}
        (local.get 1)))"""
    expected = sum(100 + i for i in range(1, count + 1))
    assert run_and_leave(samples, source, [100], returns_int(0)) == expected


def test_stack_arguments_are_popped(samples: int) -> None:
    params = "i64 " * 9
    source = f"""(module
      (func $spin (param {params}) (result i64) (loop $l (br $l)) (unreachable))
      (func (export "f") (result i64)
        (i64.add (i64.const 1000) (call $spin {"".join(f"(i64.const {i})" for i in range(9))}))))"""
    source = source.replace("(loop $l", "(loop $l (local.set 8 (i64.or (local.get 8) (i64.const 0)))")
    assert run_and_leave(samples, source, [], returns_int(8)) == 1008


def test_a_trap_shows_the_activation_once(samples: int) -> None:
    """A continuation that traps: its frame stands for the function, the baseline frame under it is not shown."""
    # mov rax, [rdi + builtins]; call [rax + 8 * trap]
    offset = layout.field_offsets("VMContextHeader")[0]["builtins"]
    trap = ENTER + b"\x48\x8b\x47" + bytes([offset]) + b"\xff\x10"
    source = '(module (func $outer (export "f") (call $spin)) (func $spin (loop $l (br $l))))'
    engine = baseline_engine()
    module = taipan.Module(engine, source)
    store = taipan.Store(engine)
    function = taipan.Instance(store, module, []).exports(store)["f"]

    def helper() -> None:
        native, index, wasm_offset, pc = seen_in_loop(module, samples)
        stub = BaselineCompiler(ModuleEnv(module._module, engine.tunables, True)).leave_loop(index, wasm_offset)
        whole = bytearray(stub.code + bytes(-len(stub.code) % 16))
        struct.pack_into("<i", whole, stub.call_field, len(whole) - (stub.call_field + 4))
        site = struct.pack("<4I", len(whole) + len(trap), wasm_offset, layout.SITE_TRAP | 9 << 8, 0)
        native.publish(index, bytes(whole) + trap, b"", stub.sites + site, b"", pc)

    thread = threading.Thread(target=helper)
    thread.start()
    with pytest.raises(taipan.Trap, match="unreachable") as raised:
        function(store)
    thread.join()
    assert [frame.func_name for frame in raised.value.frames] == ["spin", "outer"]


def test_places_that_are_no_loop() -> None:
    engine = baseline_engine()
    module = taipan.Module(engine, "(module (func (block (loop (br 1)))) (func))")
    compiler = BaselineCompiler(ModuleEnv(module._module, engine.tunables, True))
    with pytest.raises(UnsupportedError, match="no loop is reached"):
        compiler.leave_loop(1, int(module._module.body_starts[0]))
    before = compiler.compile_function(0).code
    assert compiler.compile_function(0).code == before
