"""The baseline compiler's face to the engine: functions in, machine code and its tables out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from librt.strings import BytesWriter, write_i32_le
from librt.vecs import vec
from mypy_extensions import i32, i64

from taipan.compiler import dump
from taipan.compiler.artifact import CompiledFunction, Image, LoopStub
from taipan.compiler.baseline.marks import Marks
from taipan.compiler.baseline.masm import to_vec
from taipan.compiler.baseline.visitor import FunctionCompiler
from taipan.compiler.baseline.x64.masm import X64Masm
from taipan.compiler.cpu import host_flags
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.image import MAX_IMAGE_BYTES, X64, ImageBuilder
from taipan.errors import UnsupportedError

SITE_SHIFT: Final = 4  # a site has 16 bytes


@final
class BaselineCompiler:
    """Compiles functions of one module, one at a time. Not shared between threads.

    padding, force_veneers: how images are laid out, see `image.ImageBuilder`.
    cpu_flags: what the target processor can do beyond x86-64-v2, by the names in /proc/cpuinfo; the host's if None.
    """

    def __init__(
        self,
        env: ModuleEnv,
        padding: int = 0,
        force_veneers: bool = False,
        cpu_flags: frozenset[str] | None = None,
    ) -> None:
        self.env: Final = env
        self.padding: Final = padding
        self.force_veneers: Final = force_veneers
        flags = host_flags() if cpu_flags is None else cpu_flags
        self.function: Final = FunctionCompiler(env, X64Masm(flags))

    def compile(self, indices: Sequence[int]) -> list[CompiledFunction]:
        return [self.compile_function(index) for index in indices]

    def emit(self, compiled: CompiledFunction) -> CompiledFunction:
        return compiled

    def image(self, num_workers: int) -> Image:
        """All functions in one image, with the calls among them resolved. By one thread: Python's lock is held."""
        if not self.padding and not self.force_veneers and not dump.ENABLED:
            return self.compile_image()
        builder = ImageBuilder(X64, self.padding, self.force_veneers)
        for index in range(len(self.env.module.body_starts)):
            builder.add(self.compile_function(index))
        return builder.finish()

    def compile_function(self, defined_index: int) -> CompiledFunction:
        """Compile a function of a valid module.

        Raises UnsupportedError, naming the function, for what this compiler cannot do yet.
        """
        function = self.function
        try:
            function.compile(i64(defined_index))
        except UnsupportedError as error:
            raise UnsupportedError(f"{error} (function {defined_index + self.env.num_imported_funcs})") from None
        made = CompiledFunction(
            function.masm.code(),
            words(function.relocs, function.num_relocs),
            function.sites.getvalue(),
            words(function.maps, function.num_maps),
            data_start=int(function.data_start),
        )
        if dump.ENABLED:
            dump.show(defined_index + int(self.env.num_imported_funcs), made)
        return made

    def compile_marked(self, defined_index: int, marks: Marks) -> CompiledFunction:
        """`compile_function`, noting in `marks` which instruction became which code."""
        self.function.marks = marks
        try:
            return self.compile_function(defined_index)
        finally:
            self.function.marks = None

    def leave_loop(self, defined_index: int, loop_offset: int) -> LoopStub:
        """The stub that leaves the loop at this wasm offset in code that `compile_function` made.

        Raises UnsupportedError if the loop cannot be left.
        """
        function = self.function
        function.leaves_at = i64(loop_offset)
        function.num_sources = -1
        try:
            function.compile(i64(defined_index))
            if function.num_sources < 0:
                raise UnsupportedError(f"no loop is reached at {loop_offset:#x}")
            field = function.emit_stub()
        finally:
            function.leaves_at = -1
        return LoopStub(function.masm.code(), function.sites.getvalue(), int(field))

    def compile_hot(
        self, functions: Sequence[int], loops: Sequence[tuple[int, int]]
    ) -> tuple[list[CompiledFunction | UnsupportedError], list[CompiledFunction | UnsupportedError]]:
        """Nothing to gain: this compiler knows one way only."""
        refusal = UnsupportedError("the baseline compiler does not make continuations")
        return list(self.compile(functions)), [refusal for _ in loops]

    def compile_image(self) -> Image:
        """The common case of `image`, three times as fast. The compiler is used up by it."""
        env = self.env
        function = self.function
        masm = function.masm
        offsets = BytesWriter()
        site_starts = BytesWriter()
        maps = BytesWriter()
        map_starts = BytesWriter()
        data_starts = BytesWriter()
        count: i64 = len(env.module.body_starts)
        starts = to_vec([0] * int(count))
        num_maps: i64 = 0
        function.appending = True
        index: i64 = 0
        while index < count:
            write_i32_le(site_starts, i32(i64(len(function.sites)) >> SITE_SHIFT))
            write_i32_le(map_starts, i32(num_maps))
            try:
                function.compile(index)
            except UnsupportedError as error:
                raise UnsupportedError(f"{error} (function {index + env.num_imported_funcs})") from None
            start = masm.function_start()
            if start > MAX_IMAGE_BYTES:
                raise UnsupportedError("module too large: its machine code would exceed 1 GiB")
            starts[index] = start
            write_i32_le(offsets, i32(start))
            write_i32_le(offsets, i32(masm.offset()))
            write_i32_le(data_starts, i32(function.data_start))
            if function.num_maps:
                write_words(maps, function.maps, function.num_maps)
                num_maps += function.num_maps
            index += 1
        write_i32_le(site_starts, i32(i64(len(function.sites)) >> SITE_SHIFT))
        write_i32_le(map_starts, i32(num_maps))
        relocs = function.relocs
        i: i64 = 0
        while i < function.num_relocs:
            masm.patch_distance(relocs[i], starts[relocs[i + 2]])
            i += 3
        return Image(
            masm.code(),
            offsets.getvalue(),
            function.sites.getvalue(),
            site_starts.getvalue(),
            maps.getvalue(),
            map_starts.getvalue(),
            data_starts.getvalue(),
        )


def words(items: vec[i64], count: i64) -> bytes:
    """The first `count` items as little-endian 32-bit words."""
    out = BytesWriter()
    write_words(out, items, count)
    return out.getvalue()


def write_words(out: BytesWriter, items: vec[i64], count: i64) -> None:
    i: i64 = 0
    while i < count:
        write_i32_le(out, i32(items[i]))
        i += 1
