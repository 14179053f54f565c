"""`Config.cache` with `Config.compiler = "llvm"`: what was compiled once is not compiled again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import taipan
from taipan.compiler.cache import store_all

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import compiler

SOURCE = """(module
  (func $g (param i32) (result i32) (i32.div_s (i32.const 100) (local.get 0)))
  (func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (i32.const 1)))
  (func (export "unused") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))"""


BINARY = bytes(taipan.wat2wasm(SOURCE))
SITE = BINARY.index(b"\x6d\x0b")  # i32.div_s, in code that is inlined
CALL = BINARY.index(b"\x10\0")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM gets."""
    texts: list[str] = []
    object_code = compiler.object_code

    def noted(ir: str, *arguments: Any) -> bytes:
        texts.append(ir)
        return object_code(ir, *arguments)

    monkeypatch.setattr(compiler, "object_code", noted)
    return texts


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    path = tmp_path / "cache.toml"
    path.write_text(f'[cache]\ndirectory = "{tmp_path}/code"\n')
    return path


def engine(cache: Path, **settings: Any) -> taipan.Engine:
    config = taipan.Config()
    config.compiler = "llvm"
    config.opt_level = "fast"
    config.cache = str(cache)
    for name, value in settings.items():
        setattr(config, name, value)
    return taipan.Engine(config)


def call(engine: taipan.Engine, source: str = SOURCE) -> list[object]:
    store = taipan.Store(engine)
    f = taipan.Instance(store, taipan.Module(engine, source), []).exports(store)["f"]
    with pytest.raises(taipan.Trap, match="integer divide by zero") as raised:
        f(store, 0)
    store_all()
    return [f(store, 7), [(frame.func_index, frame.module_offset) for frame in raised.value.frames]]


def files(cache: Path) -> list[Path]:
    return sorted((cache.parent / "code").iterdir())


@pytest.mark.parametrize("lazy", [True, False])
def test_nothing_is_compiled_twice(lazy: bool, cache: Path, compiled: list[str]) -> None:
    first = call(engine(cache, lazy_compilation=lazy))
    assert compiled
    compiled.clear()
    for _ in range(2):
        assert call(engine(cache, lazy_compilation=lazy)) == first
    assert not compiled
    assert first == [15, [(0, SITE), (1, CALL)]]


def test_artifacts_are_found_again(cache: Path, compiled: list[str]) -> None:
    made = engine(cache).precompile_module(SOURCE)
    assert len(compiled) == 1
    one = engine(cache)
    assert one.precompile_module(SOURCE) == made
    assert taipan.Module(one, SOURCE).serialize() == made
    call(engine(cache, lazy_compilation=False))  # uses the same
    assert len(compiled) == 1
    assert len(files(cache)) == 1


def test_other_code_is_compiled(cache: Path, compiled: list[str]) -> None:
    settings: list[dict[str, Any]] = [{}, {"opt_level": "default"}, {"memory_reservation": 0}, {"wasm_simd": False}]
    for n, changed in enumerate(settings):
        engine(cache, **changed).precompile_module(SOURCE)
        assert len(compiled) == n + 1
    engine(cache).precompile_module(SOURCE.replace("const 3", "const 4"))
    assert len(compiled) == len(files(cache)) == len(settings) + 1


@pytest.mark.parametrize("lazy", [True, False])
def test_damaged_files_are_replaced(lazy: bool, cache: Path, compiled: list[str]) -> None:
    first = call(engine(cache, lazy_compilation=lazy))
    (path,) = files(cache)
    whole = path.read_bytes()
    # In the middle of the longest stretch without zeros: what lies between the parts of a file does not count.
    stretch = max(whole.split(b"\0"), key=len)
    at = whole.index(stretch) + len(stretch) // 2
    for damaged in (b"", whole[: len(whole) // 2], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
        path.write_bytes(damaged)
        compiled.clear()
        assert call(engine(cache, lazy_compilation=lazy)) == first
        assert compiled
        compiled.clear()
        assert call(engine(cache, lazy_compilation=lazy)) == first
        assert not compiled


def test_functions_of_both_ways_are_shared(cache: Path, compiled: list[str]) -> None:
    """What was compiled at first calls serves tier-up, and the other way round."""
    first = call(engine(cache))
    compiled.clear()
    assert call(engine(cache, compiler="auto", tier_up_calls=1)) == first
    assert not compiled


IN_ANOTHER_PROCESS = """
import sys, taipan
config = taipan.Config()
config.compiler, config.opt_level = "llvm", "fast"
config.cache, config.lazy_compilation = sys.argv[1], sys.argv[2] == "lazy"
engine = taipan.Engine(config)
store = taipan.Store(engine)
exports = taipan.Instance(store, taipan.Module(engine, sys.argv[3]), []).exports(store)
print(exports["f"](store, 7), "libllvmlite" in open("/proc/self/maps").read())
"""


@pytest.mark.parametrize("lazy", [True, False])
def test_another_process_needs_no_llvm(lazy: bool, cache: Path) -> None:
    call(engine(cache, lazy_compilation=lazy))
    how = "lazy" if lazy else "eager"
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, str(cache), how, SOURCE], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("15 False\n", "")


def test_code_of_the_quick_compiler_is_not_kept(cache: Path) -> None:
    call(engine(cache, compiler="baseline"))
    assert not (cache.parent / "code").exists()
