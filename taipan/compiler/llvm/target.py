"""LLVM itself: passes, target machines, object code. With `binding.py` the only file that touches llvmlite.

Each call works in a context of its own, so that threads may compile at once.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from taipan.compiler import dump
from taipan.compiler.llvm.binding import Calls, calls
from taipan.compiler.workers import AT_WORK
from taipan.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.pipelines import Pipeline


# Options of the whole process. Without the first ones LLVM merges equal accesses and calls of different instructions,
# and begins frames late, so that backtraces would be wrong. Nobody else's code becomes wrong by them.
OPTIONS: Final = (
    "-enable-shrink-wrap=false",
    "-enable-tail-merge=false",
    "-hoist-common-insts=false",
    "-sink-common-insts=false",
    "-optimize-regalloc",  # at level 0, where registers would hardly be used
)

_llvm: tuple[Any, Calls] | None = None
_loading: Final = threading.Lock()
"""A process that is given the same option a second time ends."""


def load_llvm() -> tuple[Any, Calls]:
    """`llvmlite.binding`, ready for use, and how to call it. Raises UnsupportedError if it is not installed."""
    with _loading:
        return _llvm or _load_llvm()


def _load_llvm() -> tuple[Any, Calls]:
    global _llvm
    try:
        binding = importlib.import_module("llvmlite.binding")
    except ImportError as error:
        raise UnsupportedError(f"the LLVM compiler needs llvmlite: pip install taipan-wasm[llvm] ({error})") from None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    binding.initialize_native_asmparser()
    for option in OPTIONS:
        binding.set_option("taipan", option)
    _llvm = binding, calls(binding)
    return _llvm


def load_target(triple: str) -> tuple[Any, Calls]:
    """`load_llvm`, and what LLVM needs for a machine that may not be this one."""
    llvm, to = load_llvm()
    if triple.partition("-")[0] != llvm.get_default_triple().partition("-")[0]:
        with _loading:
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
    return llvm, to


def object_code(ir: str, pipeline: Pipeline, triple: str, cpu: str) -> bytes:
    """Compile a module's text to a relocatable ELF file."""
    with AT_WORK:
        return _object_code(ir, pipeline, triple, cpu)


def _object_code(ir: str, pipeline: Pipeline, triple: str, cpu: str) -> bytes:
    llvm, to = load_target(triple)
    if "llvm" in dump.ENABLED:
        print(ir, file=sys.stderr)
    context = llvm.create_context()
    try:
        module = to.parse(ir, context)
    except RuntimeError as error:
        raise InternalError(f"bug: LLVM refuses the text made for it: {error}") from None
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu=cpu, opt=pipeline.codegen, reloc="pic", codemodel="small"
    )
    tuning = llvm.create_pipeline_tuning_options(speed_level=pipeline.level)
    builder = llvm.create_pass_builder(machine, tuning)
    if pipeline.module:
        to.run_on_module(builder.getModulePassManager(), module, builder)
    else:
        if pipeline.passes:
            passes = llvm.create_new_function_pass_manager()
            for name in pipeline.passes.split():
                getattr(passes, f"add_{name}_pass")()
        else:
            passes = builder.getFunctionPassManager()
        for function in module.functions:
            if not function.is_declaration:
                to.run_on_function(passes, function, builder)
    if "opt" in dump.ENABLED:
        print(module, file=sys.stderr)
    return to.emit_object(machine, module)
