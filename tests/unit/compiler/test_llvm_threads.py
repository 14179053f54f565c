"""LLVM in several threads: the same bytes from any number of them, and nobody waits for llvmlite's lock."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
import threading
from typing import Any

import pytest
from compiler_code import environment

import taipan
from taipan.errors import UnsupportedError

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import binding, builder, target, x64
from taipan.compiler.llvm.builder import LlvmBuilder
from taipan.compiler.llvm.pipelines import PIPELINES


def functions(count: int) -> str:
    """Of different sizes, calling each other."""
    rng = random.Random(5)
    made = []
    for _ in range(count):
        lines = " ".join(
            f"(local.set 0 (i32.{rng.choice(('add', 'mul', 'xor', 'div_u'))} (local.get 0) (i32.const {k + 1})))"
            for k in range(rng.randrange(60))
        )
        made.append(f"(func (param i32) (result i32) {lines} (call {rng.randrange(count)} (local.get 0)))")
    return " ".join(made)


SOURCE = functions(40)


def image(source: str, num_workers: int, opt_level: str = "fast") -> tuple[bytes, ...]:
    settings = LlvmBuilder()
    settings.set("opt_level", opt_level)
    made = settings.build().module(environment(source)).image(num_workers)
    return made.code, made.offsets, made.sites, made.site_starts, made.stack_maps, made.stack_map_starts


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "CHUNK_BYTES", 300)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("opt_level", ["fast", "default"])
def test_the_number_of_workers_does_not_matter(opt_level: str) -> None:
    first = image(SOURCE, 1, opt_level)
    for num_workers in (2, 3, 8):
        assert image(SOURCE, num_workers, opt_level) == first


@pytest.mark.usefixtures("small_chunks")
def test_artifacts_are_the_same() -> None:
    def artifact(**settings: Any) -> bytearray:
        config = taipan.Config()
        config.compiler = "llvm"
        config.cranelift_opt_level = "none"
        for name, value in settings.items():
            setattr(config, name, value)
        return taipan.Engine(config).precompile_module(f"(module {SOURCE})")

    assert artifact(parallel_compilation=False) == artifact(compilation_threads=3)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("num_workers", [1, 3])
def test_what_no_compiler_can_do_is_reported(num_workers: int) -> None:
    source = functions(10) + "(func (param v128)) (func (param v128) (param v128))" + functions(10)
    with pytest.raises(UnsupportedError, match=r"\(function 10\)"):
        image(source, num_workers)


def test_no_thread_waits_for_the_lock() -> None:
    """Something is compiled while this thread has llvmlite's lock."""
    thread = threading.Thread(target=image, args=(SOURCE, 1), daemon=True)
    with importlib.import_module("llvmlite.binding.ffi").lib._lock:
        thread.start()
        thread.join(60)
        assert not thread.is_alive()


def test_what_llvmlite_is_not_needed_for_is_not_imported() -> None:
    """Its import would take longer than to compile a function."""
    source = """
import sys, taipan
config = taipan.Config()
config.compiler = "llvm"
store = taipan.Store(taipan.Engine(config))
module = taipan.Module(store.engine, '(module (func (export "f") (result i32) (i32.const 7)))')
print(taipan.Instance(store, module, []).exports(store)["f"](store), "llvmlite.binding" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "7 False\n"


def unknown(monkeypatch: pytest.MonkeyPatch, version: str = "9.9.9") -> binding.Library:
    monkeypatch.setattr("llvmlite.__version__", version)
    return binding.library()


@pytest.mark.usefixtures("small_chunks")
def test_an_unknown_llvmlite_compiles_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = {level: image(SOURCE, 1, level) for level in ("fast", "default", "aggressive")}
    assert isinstance(target.load_llvm(), binding.Direct)
    other = unknown(monkeypatch)
    assert isinstance(other, binding.Documented)
    monkeypatch.setattr(target, "_llvm", other)
    assert {level: image(SOURCE, 3, level) for level in expected} == expected


@pytest.mark.parametrize("is_known", [True, False])
def test_errors_in_text(is_known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    llvm = target.load_llvm() if is_known else unknown(monkeypatch)
    pipeline = PIPELINES["default"]
    with pytest.raises(RuntimeError, match="expected"):
        llvm.compile("define nonsense", pipeline, x64.TRIPLE, "x86-64-v2", False)
    with pytest.raises(RuntimeError, match="nowhere"):
        llvm.compile("", pipeline, "nowhere-unknown-linux", "", False)


@pytest.mark.parametrize("is_known", [True, False])
def test_the_module_is_shown(
    is_known: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    llvm = target.load_llvm() if is_known else unknown(monkeypatch)
    text = "define i32 @f(i32 %x) {\n  %y = add i32 %x, 2\n  %z = add i32 %y, 3\n  ret i32 %z\n}\n"
    made = llvm.compile(text, PIPELINES["default"], x64.TRIPLE, "x86-64-v2", True)
    assert made.startswith(b"\x7fELF")
    assert "add i32 %x, 5" in capsys.readouterr().err


def test_a_library_without_the_functions_is_refused() -> None:
    with pytest.raises(AttributeError, match="LLVMPY_"):
        binding.Direct("libc.so.6")
