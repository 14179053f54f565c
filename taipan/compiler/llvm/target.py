"""LLVM itself: pipelines, target machines, object code. The only file that touches llvmlite.

Each call works in a context of its own, so that threads may compile at once.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any, Final, NamedTuple

from taipan.compiler import dump
from taipan.errors import InternalError, UnsupportedError


class Pipeline(NamedTuple):
    """passes: for each function, the names of `FunctionPassManager.add_*_pass`; "" for LLVM's own choice at that level.

    module: LLVM's pipeline for whole modules instead.  codegen: the level of code generation.
    """

    level: int
    passes: str
    module: bool
    codegen: int
    description: str


PIPELINES: Final = {
    "fast": Pipeline(1, "sroa instruction_combine simplify_cfg", False, 0, "few passes: compiles fastest"),
    "default": Pipeline(1, "", False, 1, "LLVM's function passes at level 1"),
    "aggressive": Pipeline(2, "", True, 1, "LLVM's module passes at level 2"),
}

# Options of the whole process. Without the first ones LLVM merges equal accesses and calls of different instructions,
# and begins frames late, so that backtraces would be wrong. Nobody else's code becomes wrong by them.
OPTIONS: Final = (
    "-enable-shrink-wrap=false",
    "-enable-tail-merge=false",
    "-hoist-common-insts=false",
    "-sink-common-insts=false",
    "-optimize-regalloc",  # at level 0, where registers would hardly be used
)

_llvm: Any = None


def load_llvm() -> Any:
    """`llvmlite.binding`, ready for use. Raises UnsupportedError if it is not installed."""
    global _llvm
    if _llvm is None:
        try:
            binding = importlib.import_module("llvmlite.binding")
        except ImportError as error:
            raise UnsupportedError(
                f"the LLVM compiler needs llvmlite: pip install taipan-wasm[llvm] ({error})"
            ) from None
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        binding.initialize_native_asmparser()
        for option in OPTIONS:
            binding.set_option("taipan", option)
        _llvm = binding
    return _llvm


def object_code(ir: str, pipeline: Pipeline, triple: str, cpu: str) -> bytes:
    """Compile a module's text to a relocatable ELF file."""
    llvm = load_llvm()
    if "llvm" in dump.ENABLED:
        print(ir, file=sys.stderr)
    context = llvm.create_context()
    try:
        module = llvm.parse_assembly(ir, context)
    except RuntimeError as error:
        raise InternalError(f"bug: LLVM refuses the text made for it: {error}") from None
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, opt=pipeline.codegen, reloc="pic", codemodel="small"
    )
    tuning = llvm.create_pipeline_tuning_options(speed_level=pipeline.level)
    builder = llvm.create_pass_builder(machine, tuning)
    if pipeline.module:
        builder.getModulePassManager().run(module, builder)
    else:
        if pipeline.passes:
            passes = llvm.create_new_function_pass_manager()
            for name in pipeline.passes.split():
                getattr(passes, f"add_{name}_pass")()
        else:
            passes = builder.getFunctionPassManager()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)
    if "opt" in dump.ENABLED:
        print(module, file=sys.stderr)
    return bytes(machine.emit_object(module))
