"""Modules that close over modules, and their artifacts (R-08, R-09)."""

from __future__ import annotations

import json
import random
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

import taipan
from taipan import Config, Engine, Instance, MalformedError, Module, Store, UnsupportedError

SUB = """(module
  (import "" (module $m (export "" (func (result i32)))))
  (module (export "closure")
    (alias outer 0 $m (module $m))
    (instance $i (instantiate $m))
    (export "get" (func $i ""))))"""
"""A module whose exported closure returns what the module that it was given returns."""

ROOT = f"""(module
  (module $zero (func (export "") (result i32) (i32.const 0)))
  (module $one (func (export "") (result i32) (i32.const 1)))
  (module $sub {SUB[len("(module") : -1]})
  (instance $a (instantiate $sub (import "" (module $zero))))
  (instance $b (instantiate $sub (import "" (module $one))))
  (instance $ca (instantiate (module $a "closure")))
  (instance $cb (instantiate (module $b "closure")))
  (func (export "get1") (result i32) (call (func $ca "get")))
  (func (export "get2") (result i32) (call (func $cb "get")))
  (export "m1" (module $a "closure"))
  (export "m2" (module $b "closure")))"""


def new_engine(compiler: str = "baseline", **options: Any) -> Engine:
    if compiler == "llvm":
        pytest.importorskip("llvmlite")
    config = Config()
    config.wasm_module_linking = True
    config.compiler = compiler
    for name, value in options.items():
        setattr(config, name, value)
    return Engine(config)


@pytest.fixture(params=["baseline", "llvm"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return new_engine(request.param)


def exports_of(engine: Engine, module: Module | str, *imports: Any) -> Any:
    store = imports[0] if imports and isinstance(imports[0], Store) else Store(engine)
    made = Module(engine, module) if isinstance(module, str) else module
    return Instance(store, made, [item for item in imports if item is not store]).exports(store)


def call(engine: Engine, module: Module, name: str = "get") -> Any:
    store = Store(engine)
    return Instance(store, module, []).exports(store)[name](store)  # type: ignore[operator]


# --- closures ---


def test_two_instances_give_different_closures(engine: Engine) -> None:
    module = Module(engine, ROOT)
    assert (call(engine, module, "get1"), call(engine, module, "get2")) == (0, 1)
    exports = exports_of(engine, module)
    del module
    assert [call(engine, exports[name]) for name in ("m1", "m2")] == [0, 1]
    assert exports["m1"].imports == []
    assert [(export.name, export.type) for export in exports["m1"].exports] == [
        ("get", taipan.FuncType([], [taipan.ValType.i32()]))
    ]


@pytest.mark.parametrize("place", range(3))
def test_outer_aliases_through_three_levels(engine: Engine, place: int) -> None:
    """Each level passes on what the innermost module uses; types and modules both."""
    source = f"""(module
      (type $t0 (func (param i64)))
      (type $t (func (param i32) (result i32)))
      (module $zero (func (export "") (result i32) (i32.const 10)))
      (module $one (func (export "") (result i32) (i32.const 11)))
      (module $two (func (export "") (result i32) (i32.const 12)))
      (module $a
        (module $b
          (module $c
            (alias outer 2 {place} (module $m))
            (alias outer 2 $t (type $u))
            (instance $i (instantiate $m))
            (func (export "") (type $u) (i32.add (local.get 0) (call (func $i "")))))
          (instance $c (instantiate $c))
          (export "" (func $c "")))
        (instance $b (instantiate $b))
        (export "" (func $b "")))
      (instance $a (instantiate $a))
      (export "get" (func $a "")))"""
    store = Store(engine)
    get: Any = Instance(store, Module(engine, source), []).exports(store)["get"]
    assert get(store, 100) == 110 + place


def test_closing_a_module_closes_no_other(engine: Engine) -> None:
    exports = exports_of(engine, ROOT)
    store = Store(engine)
    root = Module(engine, ROOT)
    first: Any = Instance(store, root, []).exports(store)["m1"]
    first.close()
    with pytest.raises(ValueError, match="already closed"):
        Instance(store, first, [])
    assert call(engine, Instance(store, root, []).exports(store)["m1"]) == 0  # type: ignore[arg-type]
    assert call(engine, exports["m1"]) == 0


def test_closures_over_closures_have_an_end(engine: Engine) -> None:
    store = Store(engine)
    sub = Module(engine, SUB.replace('"get"', '""'))
    closure: Any = Module(engine, '(module (func (export "") (result i32) (i32.const 5)))')
    for depth in range(10_001):
        closure = Instance(store, sub, [closure]).exports(store)["closure"]
        if depth == 2000:
            assert call(engine, closure, "") == 5
    with pytest.raises(taipan.WasmError, match="resource limit exceeded: one instance makes more than 10000 others"):
        Instance(store, closure, [])
    again = Module.deserialize(engine, closure.serialize())
    assert again.serialize() == closure.serialize()


# --- artifacts ---

LOADER = """
import sys, taipan
config = taipan.Config()
config.wasm_module_linking = True
config.compiler = sys.argv[1]
engine = taipan.Engine(config)
for path in sys.argv[2:]:
    store = taipan.Store(engine)
    module = taipan.Module.deserialize_file(engine, path, verify=True)
    print(taipan.Instance(store, module, []).exports(store)["get"](store))
"""


def test_closures_in_another_process(engine: Engine, tmp_path: Path) -> None:
    """Also one over a module of another file, whose own parents are gone by then."""
    exports = exports_of(engine, ROOT)
    store = Store(engine)
    other: Any = exports_of(engine, '(module (module (export "m") (func (export "") (result i32) (i32.const 77))))')[
        "m"
    ]
    mixed: Any = Instance(store, Module(engine, SUB), [other]).exports(store)["closure"]
    modules = {"a": exports["m1"], "b": exports["m2"], "c": mixed}
    del exports, other
    for name, module in modules.items():
        (tmp_path / name).write_bytes(module.serialize())
    words = [sys.executable, "-c", LOADER, engine.config.compiler, *modules]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n1\n77\n"), done.stderr


def test_shared_upvars_are_saved_once(engine: Engine) -> None:
    """Forty levels that each close twice over the one before: a tree of 2**40 values, of which 41 are different."""
    pair = Module(
        engine,
        """(module
          (import "a" (module $a (export "" (func (result i32)))))
          (import "b" (module $b (export "" (func (result i32)))))
          (module (export "closure")
            (alias outer 0 $a (module $x)) (alias outer 0 $b (module $y))
            (func (export "") (result i32) (i32.const 9))))""",
    )
    store = Store(engine)
    closure: Any = Module(engine, '(module (func (export "") (result i32) (i32.const 5)))')
    for _ in range(40):
        closure = Instance(store, pair, [closure, closure]).exports(store)["closure"]
    data = closure.serialize()
    assert len(data) < 100_000
    again = Module.deserialize(engine, data)
    assert call(engine, again, "") == 9
    assert again.serialize() == data


def test_artifacts_are_deterministic() -> None:
    for compiler in ("baseline", "llvm"):
        made = {bytes(new_engine(compiler, compilation_threads=1 + n % 2).precompile_module(ROOT)) for n in range(8)}
        assert len(made) == 1, compiler


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
def test_readelf_takes_a_set_of_modules(tmp_path: Path) -> None:
    (tmp_path / "a.cwasm").write_bytes(new_engine().precompile_module(ROOT))
    for option, wanted in (("-h", "ELF64"), ("-r", "no relocations")):
        done = subprocess.run(["readelf", option, "a.cwasm"], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert wanted in done.stdout


def test_cut_off_artifacts() -> None:
    engine = new_engine()
    data = bytes(engine.precompile_module(ROOT))
    for size in range(0, len(data), 64):
        with pytest.raises(MalformedError):
            Module.deserialize(engine, data[:size])


def test_damaged_lists_of_modules() -> None:
    """Every byte of the list, with and without a checksum that agrees: an error, or a module all the same."""
    engine = new_engine()
    data = bytes(engine.precompile_module(ROOT))
    start = data.index(b'{"files"')
    end = data.index(b"}", start) + 1
    crc = f"links_crc={zlib.crc32(data[start:end]):08x}".encode()
    assert data.count(crc) == 1
    chance = random.Random(1)
    noticed = 0
    for at in range(start, end):
        broken = bytearray(data)
        broken[at] = chance.choice(b'0123456789,[]"{}-. e')
        if bytes(broken) == data:
            continue
        with pytest.raises(MalformedError, match="the checksum of its list of modules differs"):
            Module.deserialize(engine, broken)
        repaired = bytes(broken).replace(crc, f"links_crc={zlib.crc32(broken[start:end]):08x}".encode())
        try:
            Module.deserialize(engine, repaired)
        except (MalformedError, UnsupportedError):
            noticed += 1
    assert noticed > (end - start) // 2


@pytest.mark.parametrize(
    "values",
    [
        [],
        [[0, [0]]],
        [[0, [-1]]],
        [[99, []]],
        [[-1, []]],
        [[0, []], [1.5, []]],
        [[0, [True]]],
        [[0, "0"]],
        [[1, []], [0, [0]]],
        [0],
        None,
    ],
)
def test_impossible_values(values: Any) -> None:
    engine = new_engine()
    data = bytes(engine.precompile_module(ROOT))
    start = data.index(b'{"files"')
    end = data.index(b"}", start) + 1
    links = json.loads(data[start:end])
    links["values"] = values
    wanted = json.dumps(links, separators=(",", ":")).encode()
    wanted += b" " * (end - start - len(wanted))
    crc = f"links_crc={zlib.crc32(data[start:end]):08x}".encode()
    forged = data.replace(data[start:end], wanted).replace(crc, f"links_crc={zlib.crc32(wanted):08x}".encode())
    assert len(forged) == len(data)
    with pytest.raises(MalformedError, match="damaged artifact: its list of modules"):
        Module.deserialize(engine, forged)


def test_upvars_of_other_types() -> None:
    """Two closures that have each other's: code would call functions by other types than they have."""
    engine = new_engine()
    closures = """(module
      (module $a (func (export "f") (param i64) (result i64) (local.get 0)))
      (module $b (func (export "f") (result funcref) (ref.null func)))
      (module $c (alias outer 0 $a (module)) (alias outer 0 $b (module)))
      (export "c" (module $c)))"""
    store = taipan.Store(engine)
    closure: Any = taipan.Instance(store, Module(engine, closures), []).exports(store)["c"]
    data = bytes(closure.serialize())
    Module.deserialize(engine, data)
    start = data.index(b'{"files"')
    end = data.index(b"}", start) + 1
    links = json.loads(data[start:end])
    links["values"][-1][1].reverse()
    forged = json.dumps(links, separators=(",", ":")).encode()
    forged += b" " * (end - start - len(forged))
    crc = f"links_crc={zlib.crc32(data[start:end]):08x}".encode()
    changed = data.replace(data[start:end], forged).replace(crc, f"links_crc={zlib.crc32(forged):08x}".encode())
    with pytest.raises(MalformedError, match="another upvar expected"):
        Module.deserialize(engine, changed)


def test_without_module_linking_artifacts_say_nothing_of_it() -> None:
    engine = Engine()
    data = bytes(engine.precompile_module('(module (func (export "f")))'))
    assert b"links" not in data
    assert b"module-linking" not in data
    with pytest.raises(UnsupportedError, match="without module-linking support but it is enabled"):
        Module.deserialize(new_engine(), data)
    with pytest.raises(UnsupportedError, match="with module-linking support but it is not enabled"):
        Module.deserialize(engine, new_engine().precompile_module(ROOT))


def test_code_of_nested_modules_is_kept_apart(tmp_path: Path) -> None:
    """One file has one binary for all its modules, but each has an entry in the cache."""
    pytest.importorskip("llvmlite")
    settings = tmp_path / "cache.toml"
    settings.write_text(f'[cache]\ndirectory = "{tmp_path}/cache"\n')
    for _ in range(2):
        engine = new_engine("llvm", cache=str(settings))
        assert (call(engine, Module(engine, ROOT), "get1"), call(engine, Module(engine, ROOT), "get2")) == (0, 1)


def test_one_way_in_for_all_modules_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from taipan.cli.main import main

    nested = '(module (func (export "f") (param i32) (result i32) (local.get 0)))' * 50
    (tmp_path / "a.wat").write_text(f"(module {nested})")
    assert main(["objdump", "-W", "module-linking", "--trampolines", str(tmp_path / "a.wat")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["       0         50       50  (i32) -> (i32)", "1 host-entry trampoline"]


def test_bodies_of_loaded_modules_are_checked_before_they_are_compiled_again() -> None:
    """What is decoded from an artifact has not been validated: the compilers rely on that."""
    engine = new_engine()
    data = engine.precompile_module(ROOT)
    loaded = Module.deserialize(engine, data)
    assert loaded.serialize() == data
    assert struct.unpack_from("<4s", data)[0] == b"\x7fELF"
