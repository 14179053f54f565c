"""LLVM in several threads: the same bytes from any number of them, and nobody waits for llvmlite's lock."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from compiler_code import environment

import taipan
from taipan.errors import UnsupportedError

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import binding, builder, target
from taipan.compiler.llvm.builder import LlvmBuilder


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
    """A function of LLVM's returns while this thread has llvmlite's lock."""
    llvm, to = target.load_llvm()
    assert isinstance(to, binding.Unlocked)
    module = to.parse("define i32 @f(i32 %x) {\n  %y = add i32 %x, %x\n  ret i32 %y\n}\n", llvm.create_context())
    machine = llvm.Target.from_triple("x86_64-unknown-linux-gnu").create_target_machine()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(1))
    manager = passes.getModulePassManager()
    thread = threading.Thread(target=to.run_on_module, args=(manager, module, passes), daemon=True)
    with llvm.ffi.lib._lock:
        thread.start()
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.usefixtures("small_chunks")
def test_an_unknown_llvmlite_compiles_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = image(SOURCE, 1)
    llvm, _ = target.load_llvm()

    class Other:
        """Without what is not documented."""

        def __getattr__(self, name: str) -> Any:
            if name in ("ffi", "ModuleRef"):
                raise AttributeError(name)
            return getattr(llvm, name)

    to = binding.calls(Other())
    assert isinstance(to, binding.Documented)
    monkeypatch.setattr(target, "_llvm", (llvm, to))
    assert image(SOURCE, 3) == expected
    assert image(SOURCE, 3, "aggressive") == image(SOURCE, 1, "aggressive")


def test_functions_with_other_parameters_are_not_called() -> None:
    llvm, _ = target.load_llvm()
    with pytest.raises(AttributeError, match="5 parameters expected"):
        binding.behind_lock(llvm.ffi.lib.LLVMPY_ParseAssembly, 5)


@pytest.mark.parametrize("to", [binding.Documented, binding.Unlocked])
def test_errors_in_text(to: Any) -> None:
    llvm, _ = target.load_llvm()
    with pytest.raises(RuntimeError, match="expected"):
        to(llvm).parse("define nonsense", llvm.create_context())
