"""The baseline compiler's face to the engine: functions in, machine code and its tables out."""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter, write_i32_le
from librt.vecs import vec
from mypy_extensions import i32, i64

from taipan.compiler.baseline.visitor import FunctionCompiler
from taipan.compiler.baseline.x64.cpu import host_flags
from taipan.compiler.baseline.x64.masm import X64Masm
from taipan.compiler.environ import ModuleEnv
from taipan.errors import UnsupportedError


@final
class CompiledFunction:
    """Code of one function and its tables, in the formats of `abi.layout`."""

    def __init__(self, code: bytes, relocs: bytes, sites: bytes, stack_maps: bytes) -> None:
        self.code: Final = code
        self.relocs: Final = relocs
        self.sites: Final = sites
        self.stack_maps: Final = stack_maps


@final
class BaselineCompiler:
    """Compiles functions of one module, one at a time. Not shared between threads.

    cpu_flags: what the target processor can do beyond x86-64-v2, by the names in /proc/cpuinfo; the host's if None.
    """

    def __init__(self, env: ModuleEnv, cpu_flags: frozenset[str] | None = None) -> None:
        self.env: Final = env
        flags = host_flags() if cpu_flags is None else cpu_flags
        self.function: Final = FunctionCompiler(env, X64Masm(flags))

    def compile_function(self, defined_index: int) -> CompiledFunction:
        """Compile a function of a valid module.

        Raises UnsupportedError, naming the function, for what this compiler cannot do yet.
        """
        function = self.function
        try:
            function.compile(i64(defined_index))
        except UnsupportedError as error:
            raise UnsupportedError(f"{error} (function {defined_index + self.env.num_imported_funcs})") from None
        return CompiledFunction(
            function.masm.code(),
            words(function.relocs, function.num_relocs),
            words(function.sites, function.num_sites),
            words(function.maps, function.num_maps),
        )


def words(items: vec[i64], count: i64) -> bytes:
    """The first `count` items as little-endian 32-bit words."""
    out = BytesWriter()
    i: i64 = 0
    while i < count:
        write_i32_le(out, i32(items[i]))
        i += 1
    return out.getvalue()
