"""Which compiler makes what, and in which order.

The engine asks for single functions (lazily, on first call) or for whole modules. Both compilers give the same
`CompiledFunction`, so that functions which LLVM leaves alone come from the baseline compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, final

from taipan.compiler import dump
from taipan.compiler.artifact import CompiledFunction, Image
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.baseline.x64.cpu import host_flags
from taipan.compiler.choice import BASELINE, Choice
from taipan.compiler.environ import ModuleEnv
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.compiler import LLVMCompiler

CHUNK_BYTES: Final = 12_000
"""Wasm bytes that LLVM compiles at once, 4,000 instructions or so: from there on bigger chunks are no faster."""


class FunctionCompiler(Protocol):
    """Compiles functions of one module, one at a time."""

    def compile_function(self, defined_index: int, /) -> CompiledFunction: ...


def function_compiler(env: ModuleEnv, choice: Choice = BASELINE) -> FunctionCompiler:
    return LLVMFirst(env, choice) if choice.compiler == "llvm" else BaselineCompiler(env)


def compile_function(env: ModuleEnv, defined_index: int, choice: Choice = BASELINE) -> CompiledFunction:
    """Compile one function of a valid module. Raises UnsupportedError."""
    return function_compiler(env, choice).compile_function(defined_index)


def compile_all(env: ModuleEnv, choice: Choice = BASELINE) -> Image:
    """Compile every function of a valid module into one image. Raises UnsupportedError."""
    if choice.compiler == "llvm":
        return LLVMFirst(env, choice).compile_image()
    if dump.ENABLED:
        # The same code once more, function by function: calls among them appear unresolved.
        compiler = BaselineCompiler(env)
        for index in range(len(env.module.body_starts)):
            compiler.compile_function(index)
    return BaselineCompiler(env).compile_image()


@final
class LLVMFirst:
    """LLVM, and the baseline compiler for what LLVM leaves alone.

    left: why, for each of those functions, by its defined index.
    """

    def __init__(self, env: ModuleEnv, choice: Choice) -> None:
        from taipan.compiler.llvm.compiler import LLVMCompiler

        self.env: Final = env
        self.llvm: Final[LLVMCompiler] = LLVMCompiler(env, host_flags(), choice.pipeline)
        self.baseline: Final = BaselineCompiler(env)
        self.left: Final[dict[int, UnsupportedError]] = {}

    def compile_function(self, defined_index: int) -> CompiledFunction:
        return self.accept(defined_index, self.llvm.compile_chunk([defined_index])[0])

    def accept(self, defined_index: int, made: CompiledFunction | UnsupportedError) -> CompiledFunction:
        """What LLVM made of a function, or what the baseline compiler makes of it."""
        if isinstance(made, CompiledFunction):
            if dump.ENABLED:
                dump.show(defined_index + int(self.env.num_imported_funcs), made)
            return made
        self.left[defined_index] = made
        return self.baseline.compile_function(defined_index)

    def compile_image(self) -> Image:
        from taipan.compiler.llvm.link import link

        made: list[CompiledFunction] = []
        for chunk in self.chunks():
            made += [self.accept(index, of) for index, of in zip(chunk, self.llvm.compile_chunk(chunk), strict=True)]
        return link(made)

    def chunks(self) -> list[list[int]]:
        """Indices of all functions, in order, in lists of some CHUNK_BYTES each."""
        module = self.env.module
        chunks: list[list[int]] = []
        size = CHUNK_BYTES
        for index, (start, end) in enumerate(zip(module.body_starts, module.body_ends, strict=True)):
            if size >= CHUNK_BYTES:
                chunks.append([])
                size = 0
            chunks[-1].append(index)
            size += end - start
        return chunks
