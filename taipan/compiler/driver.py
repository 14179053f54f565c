"""Which compiler makes what, and in which order.

The engine asks for single functions (lazily, on first call) or for whole modules. Today there is one compiler; another
one gives the same `CompiledFunction` and `Image`.
"""

from __future__ import annotations

from taipan.compiler import dump
from taipan.compiler.artifact import CompiledFunction, Image
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.environ import ModuleEnv


def compile_function(env: ModuleEnv, defined_index: int) -> CompiledFunction:
    """Compile one function of a valid module. Raises UnsupportedError."""
    return BaselineCompiler(env).compile_function(defined_index)


def compile_all(env: ModuleEnv) -> Image:
    """Compile every function of a valid module into one image. Raises UnsupportedError."""
    if dump.ENABLED:
        # The same code once more, function by function: calls among them appear unresolved.
        compiler = BaselineCompiler(env)
        for index in range(len(env.module.body_starts)):
            compiler.compile_function(index)
    return BaselineCompiler(env).compile_image()
