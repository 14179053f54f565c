"""LLVM's long calls without llvmlite's lock. The only file that knows what llvmlite does not document.

llvmlite holds one lock of the process around each call into LLVM, so that threads compile one after the other. LLVM
needs no lock as long as no two threads use the same context. The four calls that take time are made here as
llvmlite makes them, but by the functions behind its lock; everything short is left to llvmlite. If a version of
llvmlite lacks something of what is needed for that, its own methods are called instead: only slower.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import c_char_p, string_at
from typing import Any, Final, Protocol, final


class Calls(Protocol):
    """llvm: `llvmlite.binding`; the other parameters and results are its objects."""

    def parse(self, text: str, context: Any) -> Any:
        """A module of this text. Raises RuntimeError for errors in it."""

    def run_on_module(self, passes: Any, module: Any, builder: Any) -> None: ...

    def run_on_function(self, passes: Any, function: Any, builder: Any) -> None: ...

    def emit_object(self, machine: Any, module: Any) -> bytes: ...


@final
class Documented:
    """By methods that any llvmlite has: one thread at a time."""

    def __init__(self, llvm: Any) -> None:
        self._llvm: Final = llvm

    def parse(self, text: str, context: Any) -> Any:
        return self._llvm.parse_assembly(text, context)

    def run_on_module(self, passes: Any, module: Any, builder: Any) -> None:
        passes.run(module, builder)

    def run_on_function(self, passes: Any, function: Any, builder: Any) -> None:
        passes.run(function, builder)

    def emit_object(self, machine: Any, module: Any) -> bytes:
        return bytes(machine.emit_object(module))


@final
class Unlocked:
    """Any number of threads at once, each with a context of its own."""

    def __init__(self, llvm: Any) -> None:
        """Raises AttributeError if this is another llvmlite than the one known here."""
        ffi = llvm.ffi
        self._string: Final = ffi.OutputString
        self._module: Final = llvm.ModuleRef
        self._buffer_start: Final = ffi.lib.LLVMPY_GetBufferStart
        self._buffer_size: Final = ffi.lib.LLVMPY_GetBufferSize
        self._dispose_buffer: Final = ffi.lib.LLVMPY_DisposeMemoryBuffer
        self._parse: Final = behind_lock(ffi.lib.LLVMPY_ParseAssembly, 3)
        self._run_on_module: Final = behind_lock(ffi.lib.LLVMPY_RunNewModulePassManager, 3)
        self._run_on_function: Final = behind_lock(ffi.lib.LLVMPY_RunNewFunctionPassManager, 3)
        self._emit: Final = behind_lock(ffi.lib.LLVMPY_TargetMachineEmitToMemory, 4)

    def parse(self, text: str, context: Any) -> Any:
        with self._string() as error:
            pointer = self._parse(context, c_char_p(text.encode()), error)
            if error:
                raise RuntimeError(str(error))
        return self._module(pointer, context)

    def run_on_module(self, passes: Any, module: Any, builder: Any) -> None:
        self._run_on_module(passes, module, builder)

    def run_on_function(self, passes: Any, function: Any, builder: Any) -> None:
        self._run_on_function(passes, function, builder)

    def emit_object(self, machine: Any, module: Any) -> bytes:
        with self._string() as error:
            buffer = self._emit(machine, module, 1, error)
            if not buffer:
                raise RuntimeError(str(error))
        try:
            return string_at(self._buffer_start(buffer), self._buffer_size(buffer))
        finally:
            self._dispose_buffer(buffer)


def behind_lock(wrapper: Any, num_params: int) -> Callable[..., Any]:
    """The function that llvmlite calls with its lock held. Raises AttributeError if its parameters are others."""
    function: Callable[..., Any] = wrapper._cfn
    if len(wrapper.argtypes or ()) != num_params:
        raise AttributeError(f"{num_params} parameters expected")
    return function


def calls(llvm: Any) -> Calls:
    """The best there is for this llvmlite."""
    try:
        return Unlocked(llvm)
    except AttributeError:
        return Documented(llvm)
