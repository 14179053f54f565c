"""LLVM in libllvmlite: the only file that touches llvmlite.

Two ways. `Direct` calls the library's functions. Their parameters are not documented, so only those of versions that
are known here. It avoids llvmlite's Python modules, whose import takes 40 ms (to compile a first function, 20), and its
lock: llvmlite makes one call into LLVM at a time, though LLVM needs none as long as no two threads use the same
context. `Documented` takes any llvmlite as it wants to be used: only slower.

Each compilation works in a context of its own, so that threads may compile at once.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ctypes import byref, c_char_p, c_int, c_size_t, c_void_p
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from taipan.compiler.llvm.pipelines import QUICK

if TYPE_CHECKING:
    from taipan.compiler.llvm.pipelines import Pipeline

KNOWN: Final = ("0.50.",)
"""Versions whose C functions are those of FUNCTIONS."""

NATIVE: Final = ("target", "asmprinter", "asmparser")
RELOCATION_MODEL: Final = "pic"
CODE_MODEL: Final = "small"


class Library(Protocol):
    def initialize(self, all_targets: bool) -> None:
        """Make targets known: this machine's, or all."""

    def set_option(self, option: str) -> None:
        """Of the whole process; a bad one, or one that was set before, ends it."""

    def compile(self, ir: str, pipeline: Pipeline, triple: str, cpu: str, show: bool) -> bytes:
        """An object file. show: print the module to standard error after the passes. Raises RuntimeError for errors in
        the text.
        """


@final
class Documented:
    """By methods that any llvmlite has: one thread at a time."""

    def __init__(self) -> None:
        """Raises ImportError."""
        self._llvm: Final[Any] = importlib.import_module("llvmlite.binding")

    def initialize(self, all_targets: bool) -> None:
        llvm = self._llvm
        if all_targets:
            llvm.initialize_all_targets()
            llvm.initialize_all_asmprinters()
        else:
            for part in NATIVE:
                getattr(llvm, f"initialize_native_{part}")()

    def set_option(self, option: str) -> None:
        self._llvm.set_option("taipan", option)

    def compile(self, ir: str, pipeline: Pipeline, triple: str, cpu: str, show: bool) -> bytes:
        llvm = self._llvm
        module = llvm.parse_assembly(ir, llvm.create_context())
        machine = llvm.Target.from_triple(triple).create_target_machine(
            cpu=cpu, opt=pipeline.codegen, reloc=RELOCATION_MODEL, codemodel=CODE_MODEL
        )
        tuning = llvm.create_pipeline_tuning_options(speed_level=pipeline.level)
        builder = llvm.create_pass_builder(machine, tuning)
        if pipeline.module:
            builder.getModulePassManager().run(module, builder)
        elif pipeline.passes:
            passes = llvm.create_new_module_pass_manager()
            for name in pipeline.passes.split():
                getattr(passes, f"add_{name}_pass")()
            passes.run(module, builder)
        else:
            passes = builder.getFunctionPassManager()
            for function in module.functions:
                if not function.is_declaration:
                    passes.run(function, builder)
        if pipeline.quick:
            for function in module.functions:
                if function.is_declaration:
                    continue
                for attribute in QUICK:
                    function.add_function_attribute(attribute)
        if show:
            print(module, file=sys.stderr)
        return bytes(machine.emit_object(module))


# Name behind "LLVMPY_" -> parameters and result: p object, s string, o place for a string, i int, z size; - for none.
FUNCTIONS: Final = {
    "InitializeNativeTarget": "-", "InitializeNativeAsmPrinter": "-", "InitializeNativeAsmParser": "-",
    "InitializeAllTargetInfos": "-", "InitializeAllTargets": "-", "InitializeAllTargetMCs": "-",
    "InitializeAllAsmPrinters": "-", "SetCommandLine": "ss-", "DisposeString": "p-",
    "ContextCreate": "p", "ContextDispose": "p-", "ParseAssembly": "psop", "DisposeModule": "p-",
    "PrintModuleToString": "po-", "ModuleFunctionsIter": "pp", "FunctionsIterNext": "pp", "DisposeFunctionsIter": "p-",
    "IsDeclaration": "pi", "GetTargetFromTriple": "sop", "CreateTargetMachine": "psssissiisp",
    "DisposeTargetMachine": "p-", "CreatePipelineTuningOptions": "p", "DisposePipelineTuningOptions": "p-",
    "CreatePassBuilder": "ppp", "DisposePassBuilder": "p-", "buildPerModuleDefaultPipeline": "pip",
    "buildFunctionSimplificationPipeline": "pip", "CreateNewModulePassManager": "p", "module_AddSROAPass": "p-",
    "module_AddInstCombinePass": "p-", "module_AddSimplifyCFGPass": "p-", "GetEnumAttributeKindForName": "szi",
    "AddFunctionAttr": "pi-", "RunNewModulePassManager": "ppp-",
    "RunNewFunctionPassManager": "ppp-", "DisposeNewModulePassManger": "p-", "DisposeNewFunctionPassManger": "p-",
    "TargetMachineEmitToMemory": "ppiop", "GetBufferStart": "pp", "GetBufferSize": "pz", "DisposeMemoryBuffer": "p-",
}  # fmt: skip
C_TYPES: Final[dict[str, Any]] = {
    "p": c_void_p,
    "s": c_char_p,
    "o": ctypes.POINTER(c_void_p),
    "i": c_int,
    "z": c_size_t,
    "-": None,
}
PASSES: Final = {"sroa": "SROA", "instruction_combine": "InstCombine", "simplify_cfg": "SimplifyCFG"}


@final
class Direct:
    """By the library's own functions: any number of threads at once."""

    def __init__(self, path: str) -> None:
        """path: of libllvmlite. Raises OSError or AttributeError if that is not what it should be."""
        library = ctypes.CDLL(path)
        self._functions: Final[dict[str, Callable[..., Any]]] = {}
        for name, types in FUNCTIONS.items():
            function = library[f"LLVMPY_{name}"]
            function.argtypes = [C_TYPES[letter] for letter in types[:-1]]
            function.restype = C_TYPES[types[-1]]
            self._functions[name] = function

    def _call(self, name: str, *arguments: object) -> Any:
        return self._functions[name](*arguments)

    def initialize(self, all_targets: bool) -> None:
        parts = ("AllTargetInfos", "AllTargets", "AllTargetMCs", "AllAsmPrinters")
        for part in parts if all_targets else ("NativeTarget", "NativeAsmPrinter", "NativeAsmParser"):
            self._call(f"Initialize{part}")

    def set_option(self, option: str) -> None:
        self._call("SetCommandLine", b"taipan", option.encode())

    def _taken(self, text: c_void_p) -> str:
        """A string that the library has made, which is then freed."""
        if not text.value:
            return ""
        found = ctypes.string_at(text.value).decode(errors="replace")
        self._call("DisposeString", text)
        return found

    def _made(self, stack: ExitStack, dispose: str, name: str, *arguments: object) -> Any:
        """A new object, for as long as `stack` is open. Raises RuntimeError with what went wrong."""
        error = c_void_p()
        arguments = tuple(byref(error) if argument is c_void_p else argument for argument in arguments)
        made = self._call(name, *arguments)
        message = self._taken(error)
        if made and dispose:
            stack.callback(self._call, dispose, made)
        if message or not made:
            raise RuntimeError(message or f"{name} failed")
        return made

    def compile(self, ir: str, pipeline: Pipeline, triple: str, cpu: str, show: bool) -> bytes:
        with ExitStack() as stack:
            context = self._made(stack, "ContextDispose", "ContextCreate")
            module = self._made(stack, "DisposeModule", "ParseAssembly", context, ir.encode(), c_void_p)
            name = triple.encode()
            target = self._made(stack, "", "GetTargetFromTriple", name, c_void_p)
            models = RELOCATION_MODEL.encode(), CODE_MODEL.encode()
            machine = self._made(
                stack, "DisposeTargetMachine", "CreateTargetMachine",
                target, name, cpu.encode(), b"", pipeline.codegen, *models, 0, 0, b"",
            )  # fmt: skip
            self._run_passes(stack, pipeline, machine, module)
            if pipeline.quick:
                self._make_quick(stack, module)
            if show:
                text = c_void_p()
                self._call("PrintModuleToString", module, byref(text))
                print(self._taken(text), file=sys.stderr)
            buffer = self._made(stack, "DisposeMemoryBuffer", "TargetMachineEmitToMemory", machine, module, 1, c_void_p)
            return ctypes.string_at(self._call("GetBufferStart", buffer), self._call("GetBufferSize", buffer))

    def _run_passes(self, stack: ExitStack, pipeline: Pipeline, machine: int, module: int) -> None:
        tuning = self._made(stack, "DisposePipelineTuningOptions", "CreatePipelineTuningOptions")
        builder = self._made(stack, "DisposePassBuilder", "CreatePassBuilder", machine, tuning)
        if pipeline.module:
            chosen = "buildPerModuleDefaultPipeline", builder, pipeline.level
            passes = self._made(stack, "DisposeNewModulePassManger", *chosen)
            self._call("RunNewModulePassManager", passes, module, builder)
            return
        if pipeline.passes:
            passes = self._made(stack, "DisposeNewModulePassManger", "CreateNewModulePassManager")
            for name in pipeline.passes.split():
                self._call(f"module_Add{PASSES[name]}Pass", passes)
            self._call("RunNewModulePassManager", passes, module, builder)
            return
        chosen = "buildFunctionSimplificationPipeline", builder, pipeline.level
        passes = self._made(stack, "DisposeNewFunctionPassManger", *chosen)
        for function in self._definitions(stack, module):
            self._call("RunNewFunctionPassManager", passes, function, builder)

    def _make_quick(self, stack: ExitStack, module: int) -> None:
        kinds = [self._call("GetEnumAttributeKindForName", name.encode(), len(name)) for name in QUICK]
        for function in self._definitions(stack, module):
            for kind in kinds:
                self._call("AddFunctionAttr", function, kind)

    def _definitions(self, stack: ExitStack, module: int) -> Iterator[int]:
        functions = self._made(stack, "DisposeFunctionsIter", "ModuleFunctionsIter", module)
        while function := self._call("FunctionsIterNext", functions):
            if not self._call("IsDeclaration", function):
                yield function


def library() -> Library:
    """The best there is for this llvmlite. Raises ImportError if there is none."""
    package = importlib.import_module("llvmlite")
    path = os.path.join(os.path.dirname(package.__file__ or ""), "binding", "libllvmlite.so")
    if package.__version__.startswith(KNOWN) and os.path.exists(path):
        return Direct(path)
    return Documented()
