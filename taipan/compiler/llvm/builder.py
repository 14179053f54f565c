"""The LLVM compiler as `interface.py` wants compilers: what LLVM leaves alone comes from the baseline compiler."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final, cast, final

from taipan.compiler import cpu, dump
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.interface import Option, OwnBuilder, Settings
from taipan.compiler.llvm.pipelines import PIPELINES
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taipan.compiler.artifact import Image, LoopStub
    from taipan.compiler.environ import ModuleEnv
    from taipan.compiler.llvm.machine import Machine

NAME: Final = "llvm"

CHUNK_BYTES: Final = 12_000
"""Wasm bytes that LLVM compiles at once, 4,000 instructions or so: from there on bigger chunks are no faster."""


MACHINES: Final = {"x86_64": "x64", "aarch64": "aarch64"}
"""The first part of a target triple -> module beside this one."""

LEVELS: Final = "; ".join(f"{name}: {pipeline.description}" for name, pipeline in PIPELINES.items())


@final
class LlvmBuilder(OwnBuilder):
    """Settings of the optimizing compiler. Raises ImportError without llvmlite."""

    NAME = NAME
    TARGETS = tuple(MACHINES)
    OPTIONS = (Option("opt_level", "enum", "default", LEVELS, tuple(PIPELINES)),)

    def __init__(self) -> None:
        # `importlib.util` would say the same after importing half of the standard library
        if not any(finder.find_spec("llvmlite", None) for finder in sys.meta_path):
            raise ModuleNotFoundError("it needs llvmlite: pip install taipan-wasm[llvm]", name="llvmlite")
        super().__init__()

    def build(self) -> Llvm:
        return Llvm(*self._built())


@final
class Llvm:
    """One engine's compiler. LLVM itself is loaded when the first module is compiled, and the rest of this package
    when it is needed: programs that end soon never do.
    """

    __slots__ = ("settings", "triple")

    slow: Final = True

    def __init__(self, triple: str, settings: Settings) -> None:
        self.triple: Final = triple
        self.settings: Final = settings

    @property
    def machine(self) -> Machine:
        machine: Any = importlib.import_module(f"taipan.compiler.llvm.{MACHINES[self.triple.partition('-')[0]]}")
        return cast("Machine", machine)

    @property
    def name(self) -> str:
        return NAME

    @property
    def cpu_flags(self) -> frozenset[str]:
        return cpu.host_flags() & self.machine.FLAGS

    @property
    def description(self) -> str:
        return f"{self.settings.describe(NAME)} llvmlite={importlib.import_module('llvmlite').__version__}"

    def module(self, env: ModuleEnv) -> LlvmModule:
        return LlvmModule(env, self.settings, self.machine)


@final
class LlvmModule:
    """LLVM, and the baseline compiler for what LLVM leaves alone, if there is one for the machine.

    left: why, for each of those functions, by its defined index.
    """

    def __init__(self, env: ModuleEnv, settings: Settings, machine: Machine) -> None:
        from taipan.compiler.baseline.compiler import BaselineCompiler
        from taipan.compiler.llvm.compiler import LLVMCompiler

        self._env: Final = env
        self._settings: Final = settings
        self._machine: Final = machine
        self._llvm: Final = LLVMCompiler(env, cpu.host_flags(), settings.values["opt_level"], machine)
        self._baseline: Final = BaselineCompiler(env) if machine.TRIPLE.startswith("x86_64") else None
        self.left: Final[dict[int, UnsupportedError]] = {}

    def compile(self, indices: Sequence[int]) -> list[CompiledFunction]:
        return [made for chunk in self._compile_all([list(indices)], 1) for made in chunk]

    def _compile_all(self, chunks: list[list[int]], num_workers: int) -> Iterator[list[CompiledFunction]]:
        """LLVM compiles in threads of its own, also if that is only one: it needs a big stack and takes no signals."""
        from taipan.compiler.workers import in_order

        for chunk, made in zip(chunks, in_order(self._llvm.compile_chunk, chunks, num_workers), strict=True):
            yield [self._accept(index, code) for index, code in zip(chunk, made, strict=True)]

    def emit(self, compiled: CompiledFunction) -> CompiledFunction:
        return compiled

    def _accept(self, defined_index: int, made: CompiledFunction | UnsupportedError) -> CompiledFunction:
        """What LLVM made of a function, or what the baseline compiler makes of it."""
        if isinstance(made, UnsupportedError):
            if self._baseline is None:
                raise UnsupportedError(f"{made}, and no other compiler makes code for {self._machine.TRIPLE}")
            self.left[defined_index] = made
            return self._baseline.compile_function(defined_index)
        if dump.ENABLED:
            dump.show(defined_index + int(self._env.num_imported_funcs), made, self._machine.BRANCHES.name)
        return made

    def image(self, num_workers: int) -> Image:
        from taipan.compiler.image import ImageBuilder

        builder = ImageBuilder(self._machine.BRANCHES, self._settings.padding, self._settings.force_veneers)
        for chunk in self._compile_all(self._chunks(), num_workers):
            for made in chunk:
                builder.add(made)
        return builder.finish({index: str(error) for index, error in self.left.items()})

    def _chunks(self) -> list[list[int]]:
        """Indices of all functions, in order, in lists of some CHUNK_BYTES each."""
        module = self._env.module
        chunks: list[list[int]] = []
        size = CHUNK_BYTES
        for index, (start, end) in enumerate(zip(module.body_starts, module.body_ends, strict=True)):
            if size >= CHUNK_BYTES:
                chunks.append([])
                size = 0
            chunks[-1].append(index)
            size += end - start
        return chunks

    def compile_hot(
        self, functions: Sequence[int], loops: Sequence[tuple[int, int]]
    ) -> tuple[list[CompiledFunction | UnsupportedError], list[CompiledFunction | UnsupportedError]]:
        from taipan.compiler.workers import in_order

        work = [(list(functions), list(loops))]
        (made,) = in_order(lambda one: self._llvm.compile_chunk(*one), work, 1)
        return made[: len(functions)], made[len(functions) :]

    def leave_loop(self, defined_index: int, loop_offset: int) -> LoopStub:
        raise UnsupportedError("loops of optimized code are not left")
