"""Artifacts: made, checked, mapped and run (R-09, R-28, R-29, R-31)."""

from __future__ import annotations

import gc
import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import taipan
from taipan import precompiled

SMALL = [
    "(module)",
    '(module (func (export "f")))',
    '(module (memory 1) (data (i32.const 8) "abc"))',
    "(module (table 10 funcref) (elem (i32.const 1) $f) (func $f))",
    '(module (import "a" "b" (func)) (start 0))',
    "(module (global (mut i64) (i64.const 5)) (func (result i64) global.get 0))",
    "(module (func (param i32 i64 f32 f64) (result f64 i32) local.get 3 local.get 0))",
    '(module $name (func $g (result i32) (call $g)) (export "g" (func $g)))',
]

PROGRAM = """
(module $program
  (import "host" "log" (func $log (param i32)))
  (memory (export "memory") 1 3)
  (data (i32.const 100) "hello")
  (table (export "table") 4 funcref)
  (elem (i32.const 1) $double)
  (global $count (export "count") (mut i32) (i32.const 0))
  (global $kept (mut externref) (ref.null extern))
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $start (call $log (i32.const 7)))
  (start $start)
  (func (export "call") (param i32 i32) (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (call_indirect (param i32) (result i32) (local.get 0) (local.get 1)))
  (func $divide (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0)))
  (func (export "nested") (param i32) (result i32) (call $divide (local.get 0)))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "keep") (param externref) (result externref)
    (local externref)
    (local.set 1 (global.get $kept))
    (global.set $kept (local.get 0))
    (call $log (i32.const 8))
    (local.get 1)))
"""

Load = Callable[[taipan.Engine, bytes | bytearray], taipan.Module]


@pytest.fixture(params=["bytes", "file"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Load:
    def from_file(engine: taipan.Engine, data: bytes | bytearray) -> taipan.Module:
        path = tmp_path / f"{random.getrandbits(64)}.cwasm"
        path.write_bytes(data)
        return taipan.Module.deserialize_file(engine, path)

    return taipan.Module.deserialize if request.param == "bytes" else from_file


def engine_with(**settings: object) -> taipan.Engine:
    config = taipan.Config()
    for name, value in settings.items():
        setattr(config, name, value)
    return taipan.Engine(config)


# --- running ---


def test_program_runs_as_if_compiled_here(load: Load) -> None:
    engine = taipan.Engine()
    module = load(engine, engine.precompile_module(PROGRAM))
    logged: list[int] = []
    store = taipan.Store(engine)
    log = taipan.Func(store, taipan.FuncType([taipan.ValType.i32()], []), logged.append)
    exports = taipan.Instance(store, module, [log]).exports(store)
    assert logged == [7]
    assert exports["call"](store, 21, 1) == 42
    assert exports["count"].value(store) == 1
    assert exports["memory"].read(store, 100, 105) == b"hello"
    thing = object()
    assert exports["keep"](store, thing) is None
    assert exports["keep"](store, None) is thing
    with pytest.raises(taipan.Trap, match="integer divide by zero") as trap:
        exports["nested"](store, 0)
    assert [frame.func_name for frame in trap.value.frames] == ["divide", None]
    assert [frame.module_name for frame in trap.value.frames] == ["program"] * 2
    with pytest.raises(taipan.Trap, match="out of bounds memory access"):
        exports["peek"](store, 65536)
    with pytest.raises(taipan.Trap, match="uninitialized element"):
        exports["call"](store, 1, 2)


def test_backtrace_offsets_are_those_of_the_module(load: Load) -> None:
    engine = taipan.Engine()

    def offsets(module: taipan.Module) -> list[tuple[int, int]]:
        store = taipan.Store(engine)
        log = taipan.Func(store, taipan.FuncType([taipan.ValType.i32()], []), lambda n: None)
        exports = taipan.Instance(store, module, [log]).exports(store)
        with pytest.raises(taipan.Trap) as trap:
            exports["nested"](store, 0)
        return [(frame.module_offset, frame.func_offset) for frame in trap.value.frames]

    assert offsets(load(engine, engine.precompile_module(PROGRAM))) == offsets(taipan.Module(engine, PROGRAM))


def test_interface_survives(load: Load) -> None:
    engine = taipan.Engine()
    first = taipan.Module(engine, PROGRAM)
    second = load(engine, first.serialize())
    assert [(i.module, i.name, repr(i.type)) for i in first.imports] == [
        (i.module, i.name, repr(i.type)) for i in second.imports
    ]
    assert [(e.name, repr(e.type)) for e in first.exports] == [(e.name, repr(e.type)) for e in second.exports]
    assert first.name == second.name
    assert first.text() == second.text()


@pytest.mark.parametrize("source", SMALL)
def test_same_bytes_however_made(source: str, load: Load) -> None:
    engine = taipan.Engine()
    made = engine.precompile_module(source)
    assert made == engine.precompile_module(source)
    assert made == taipan.Module(engine, source).serialize()
    assert made == taipan.Module(taipan.Engine(), source).serialize()
    assert made == load(engine, made).serialize()


def test_a_loaded_module_in_many_stores(load: Load) -> None:
    engine = taipan.Engine()
    module = load(engine, engine.precompile_module('(module (func (export "f") (result i32) i32.const 42))'))
    for _ in range(50):
        store = taipan.Store(engine)
        assert taipan.Instance(store, module, []).exports(store)["f"](store) == 42


# --- mapping ---


def mappings_of(path: Path) -> list[str]:
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(path) in line]


def test_code_is_mapped_and_unmapped(tmp_path: Path) -> None:
    engine = taipan.Engine()
    path = tmp_path / "x.cwasm"
    path.write_bytes(engine.precompile_module('(module (func (export "f") (result i32) i32.const 42))'))
    for _ in range(3):
        module = taipan.Module.deserialize_file(engine, path)
        assert any("r-xp" in line for line in mappings_of(path))
        store = taipan.Store(engine)
        assert taipan.Instance(store, module, []).exports(store)["f"](store) == 42
        del module
        store.close()
        gc.collect()
        assert not mappings_of(path)
    # The pages belong to the region again.
    store = taipan.Store(engine)
    other = taipan.Module(engine, '(module (func (export "f") (result i32) i32.const 43))')
    assert taipan.Instance(store, other, []).exports(store)["f"](store) == 43


def test_loading_and_dropping_uses_no_code_memory(tmp_path: Path) -> None:
    engine = taipan.Engine()
    path = tmp_path / "x.cwasm"
    path.write_bytes(engine.precompile_module(PROGRAM))
    taipan.Module.deserialize_file(engine, path)
    gc.collect()
    before = engine.region().used_bytes
    for _ in range(200):
        taipan.Module.deserialize_file(engine, path)
    gc.collect()
    assert engine.region().used_bytes == before


def test_where_files_may_not_be_executed_code_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = taipan.Engine()
    path = tmp_path / "x.cwasm"
    path.write_bytes(engine.precompile_module('(module (func (export "f") (result i32) i32.const 42))'))
    place = precompiled.place

    def no_execution(native: object, parts: object, fd: int) -> None:
        if fd >= 0:
            raise PermissionError(1, "Operation not permitted")
        place(native, parts, fd)  # type: ignore[arg-type]

    monkeypatch.setattr(precompiled, "place", no_execution)
    module = taipan.Module.deserialize_file(engine, path)
    assert not any("r-xp" in line for line in mappings_of(path))
    store = taipan.Store(engine)
    assert taipan.Instance(store, module, []).exports(store)["f"](store) == 42


def test_fork_with_mapped_code(tmp_path: Path) -> None:
    engine = taipan.Engine()
    path = tmp_path / "x.cwasm"
    path.write_bytes(engine.precompile_module('(module (func (export "f") (result i32) i32.const 42))'))
    module = taipan.Module.deserialize_file(engine, path)
    store = taipan.Store(engine)
    f = taipan.Instance(store, module, []).exports(store)["f"]
    child = os.fork()
    if child == 0:
        good = f(store) == 42
        del module, f
        store.close()
        gc.collect()
        store = taipan.Store(engine)
        again = taipan.Instance(store, taipan.Module.deserialize_file(engine, path), []).exports(store)["f"]
        os._exit(0 if good and again(store) == 42 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert f(store) == 42


def test_symbols_are_not_needed(tmp_path: Path) -> None:
    """Names for debuggers, which loading never reads: with all of them overwritten nothing changes."""
    from taipan.compiler import elf

    engine = taipan.Engine()
    data = engine.precompile_module(PROGRAM)
    for section in elf.read(data)[1]:
        if section.name in (".symtab", ".strtab"):
            data[section.offset : section.offset + section.size] = b"\xff" * section.size
    assert taipan.Module.deserialize(engine, data).name == "program"


# --- what does not fit ---


@pytest.mark.parametrize(
    ("made", "here", "message"),
    [
        ({}, {"static_memory_maximum_size": 0}, "a static memory bound of '4294967296' but '0' is expected"),
        ({"memory_guard_size": 1 << 20}, {}, "a memory guard size of '1048576' but '2147483648' is expected"),
        ({}, {"wasm_simd": False}, "compiled with simd support but it is not enabled"),
        ({"wasm_simd": False}, {}, "compiled without simd support but it is enabled"),
        ({"wasm_threads": True}, {}, "compiled with threads support but it is not enabled"),
        ({}, {"memory_may_move": False}, "compiled with memories that may move but it is not enabled"),
        ({}, {"module_version": "custom!"}, "incompatible version '[^']+', expected 'custom!'"),
        ({"module_version": "1"}, {"module_version": "2"}, "incompatible version '1', expected '2'"),
    ],
)
def test_other_settings(made: dict[str, object], here: dict[str, object], message: str, load: Load) -> None:
    data = engine_with(**made).precompile_module("(module (memory 1))")
    with pytest.raises(taipan.UnsupportedError, match=message):
        load(engine_with(**here), data)
    load(engine_with(**made), data)


def test_version_check_can_be_switched_off(load: Load) -> None:
    data = engine_with(module_version="custom!").precompile_module("(module)")
    load(engine_with(module_version=None), data)
    load(engine_with(module_version=None), taipan.Engine().precompile_module("(module)"))
    load(engine_with(module_version="custom!"), data)


@pytest.mark.parametrize("version", ["x" * 256, "ä" * 128, "two\nlines", 7])
def test_versions_that_cannot_be(version: object) -> None:
    with pytest.raises(taipan.WasmError, match="at most 255 bytes"):
        taipan.Config().module_version = version
    taipan.Config().module_version = "x" * 255


@pytest.mark.parametrize(
    ("line", "replacement", "message"),
    [
        (b"machine=x86_64", b"machine=sparc9", "architecture"),
        (b"system=linux", b"system=beos5", "operating system 'beos5'"),
        (b"cpu=", b"cpu=avx9999 ", "incompatible with native host: the processor lacks avx9999"),
        (b"abi=", b"abi=0", "another layout of taipan's runtime"),
        (b"tables_crc=", b"", "damaged artifact"),
    ],
)
def test_header_made_elsewhere(line: bytes, replacement: bytes, message: str) -> None:
    from taipan.compiler import serialize

    engine = taipan.Engine()
    data = engine.precompile_module("(module)")
    header = serialize.read_header(data)
    name, _, value = line.decode().partition("=")
    text = header.text()
    changed = text.replace(line, replacement, 1)
    assert changed != text, (name, value)
    with pytest.raises(taipan.WasmError, match=message):
        serialize.check_header(
            serialize.Header.parse(changed),
            "x86_64",
            header,
            frozenset(header.get("cpu").split()),
            True,
        ) if b"crc" not in line else serialize.Header.parse(changed)


# --- damage ---


def test_every_truncation_is_refused(load: Load) -> None:
    engine = taipan.Engine()
    data = engine.precompile_module(PROGRAM)
    for size in range(0, len(data), 64):
        with pytest.raises(taipan.WasmError):
            load(engine, data[:size])


def test_every_kind_of_damage_is_noticed() -> None:
    """Bytes outside the parts that are used may change; any other change is refused."""
    from taipan.compiler import elf

    engine = taipan.Engine()
    whole = engine.precompile_module(PROGRAM)
    used = [s for s in elf.read(whole)[1] if s.name.startswith((".taipan", ".text"))]
    rng = random.Random(7)
    refused = 0
    for _ in range(2000):
        data = bytearray(whole)
        at = rng.randrange(len(data))
        data[at] ^= 1 << rng.randrange(8)
        try:
            taipan.Module.deserialize(engine, data)
        except taipan.WasmError:
            refused += 1
        else:
            assert not any(section.offset <= at < section.offset + section.size for section in used)
    assert refused > 300


def test_damaged_files_do_not_break_loading(tmp_path: Path) -> None:
    """Without `verify`, damage in code may go unnoticed until it runs; loading itself stays safe."""
    engine = taipan.Engine()
    whole = engine.precompile_module(PROGRAM)
    path = tmp_path / "x.cwasm"
    rng = random.Random(8)
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            taipan.Module.deserialize_file(engine, path)
        except taipan.WasmError:
            continue


def test_verify_finds_damaged_code(tmp_path: Path) -> None:
    from taipan.compiler import elf

    engine = taipan.Engine()
    data = engine.precompile_module(PROGRAM)
    text = next(section for section in elf.read(data)[1] if section.name == ".text")
    data[text.offset + text.size // 2] ^= 1
    path = tmp_path / "x.cwasm"
    path.write_bytes(data)
    with pytest.raises(taipan.MalformedError, match="checksum of its code"):
        taipan.Module.deserialize_file(engine, path, verify=True)


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"\0asm\1\0\0\0", b"(module)", Path(sys.executable).resolve().read_bytes()[:100_000]]
)
def test_other_files_are_no_artifacts(data: bytes, load: Load) -> None:
    with pytest.raises(taipan.MalformedError, match=r"artifact|ELF"):
        load(taipan.Engine(), data)


def test_modules_are_checked_before_they_are_compiled() -> None:
    engine = taipan.Engine()
    with pytest.raises(taipan.InvalidError):
        engine.precompile_module("(module (func (result i32)))")
    assert engine.detect_precompiled(engine.precompile_module("(module)"))
    assert not engine.detect_precompiled(b"\0asm\1\0\0\0")


# --- without a compiler ---

NO_COMPILER = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("taipan.compiler.baseline", "taipan.compiler.llvm", "llvmlite")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
import taipan
engine = taipan.Engine()
store = taipan.Store(engine)
module = taipan.Module.deserialize_file(engine, sys.argv[1])
log = taipan.Func(store, taipan.FuncType([taipan.ValType.i32()], []), print)
exports = taipan.Instance(store, module, [log]).exports(store)
print(exports["call"](store, 21, 1))
thing = object()
exports["keep"](store, thing)
store.gc()
assert exports["keep"](store, None) is thing
try:
    exports["nested"](store, 0)
except taipan.Trap as trap:
    print(trap.trap_code, [frame.func_name for frame in trap.frames])
for attempt in (lambda: taipan.Module(engine, "(module (func))"), lambda: engine.precompile_module("(module)")):
    try:
        attempt()
    except taipan.UnsupportedError as error:
        print(error)
"""


def test_artifacts_run_where_there_is_no_compiler(tmp_path: Path) -> None:
    path = tmp_path / "x.cwasm"
    path.write_bytes(taipan.Engine().precompile_module(PROGRAM))
    done = subprocess.run(
        [sys.executable, "-c", NO_COMPILER, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == ["7", "42"]
    assert "INTEGER_DIVISION_BY_ZERO ['divide', None]" in done.stdout
    assert lines[-1].startswith("no compiler available")
    assert lines[-2].startswith("no compiler available")


def test_digests_do_not_keep_the_bytes() -> None:
    """Of a file with many modules, each of which asks."""
    files = [bytes([n]) * 100_000 for n in range(3)]
    counts = [sys.getrefcount(file) for file in files]
    for file in [*files, files[0], files[0]]:
        assert precompiled._digest(file) == hashlib.sha256(file).hexdigest()
    del file
    assert [sys.getrefcount(file) for file in files] == counts
