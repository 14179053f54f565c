"""Modules compiled ahead of time: behind `Engine.precompile_module`, `Module.serialize` and `Module.deserialize`.

Joins compiler and runtime as `engine.py` does; `compiler/serialize.py` says what an artifact is and what is trusted.
Loading one needs no compiler: the module's bytes in it are decoded but not validated again, and its code is mapped or
copied.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING, Any

from taipan.compiler import cpu
from taipan.compiler import serialize as artifact
from taipan.engine import Engine, check, check_host, decode, machine_of, make_template
from taipan.errors import WasmError
from taipan.runtime.module_info import ModuleInfo

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from taipan._native import NativeModule
    from taipan.compiler.artifact import Image
    from taipan.compiler.interface import Compiler
    from taipan.wasm.module import Module as WasmModule

Loaded = tuple["WasmModule", ModuleInfo, "NativeModule"]


def header_of(engine: Engine, compiler: Compiler | None = None) -> artifact.Header:
    """What code depends on that this engine makes with a compiler, its own if None."""
    return artifact.Header.describe(
        engine.config.module_version or "",
        machine_of(engine.config),
        os.uname().sysname.lower(),
        (compiler or engine.compiler).cpu_flags,
        engine.tunables,
        engine.features,
    )


# --- making ---


def cache_key(engine: Engine, compiler: Compiler, module: WasmModule) -> str:
    """The name under which a cache keeps what this compiler makes of a module."""
    from taipan import __version__
    from taipan.compiler.cache import CodeCache

    settings = header_of(engine, compiler).text() + f"{__version__} {compiler.description}".encode()
    return CodeCache.key(module.code, settings)


def serialize(engine: Engine, module: WasmModule) -> bytearray:
    """The artifact of a validated module: compiled as a whole, or found in the cache."""
    cache = engine.cache
    if cache is None or not engine.compiler.slow:
        return compile_all(engine, module)
    from taipan.compiler.cache import ARTIFACT

    name = cache_key(engine, engine.compiler, module) + ARTIFACT
    data = cache.read(name)
    if data is not None:
        try:
            unpack(engine, memoryview(data), True)
        except WasmError:
            cache.remove(name)
        else:
            return bytearray(data)
    made = compile_all(engine, module)
    cache.write(name, made)
    return made


def place_kept(engine: Engine, module: WasmModule, native: NativeModule) -> None:
    """Give a module the code of its artifact."""
    place(native, unpack(engine, memoryview(serialize(engine, module)), False), -1)


def compile_all(engine: Engine, module: WasmModule) -> bytearray:
    from taipan.compiler.environ import ModuleEnv

    if module.has_tail_calls is None:  # it came from an artifact: nobody has looked at its bodies yet
        check(module, engine.features)
    image = engine.compiler.module(ModuleEnv(module, engine.tunables, False)).image(engine.num_workers)
    starts = module.body_starts
    head_bytes = starts[0] if len(starts) else len(module.code)
    header = header_of(engine)
    return artifact.serialize(image, module.code, head_bytes, header, symbols(module, image), engine.compiler.name)


def symbols(module: WasmModule, image: Image) -> list[tuple[str, int, int]]:
    """Names for debuggers and profilers: (name, offset, size without constants) of each function."""
    from taipan.binary.names import decode_names

    names = decode_names(module).funcs
    imported = module.num_imported_funcs
    found = [
        (names.get(index, f"wasm-function[{index}]"), offset, size)
        for index, (offset, size) in enumerate(struct.iter_unpack("<II", image.offsets), imported)
    ]
    if image.data_starts:
        ends = memoryview(image.data_starts).cast("I")
        found = [(name, offset, end) for (name, offset, _), end in zip(found, ends, strict=True)]
    return found


# --- loading ---


def load(engine: Engine, data: Buffer) -> Loaded:
    """From memory: everything is verified and the code is copied."""
    check_host(engine)
    parts = unpack(engine, memoryview(data).cast("B"), True)
    module, info, native = template(engine, parts)
    place(native, parts, -1)
    return module, info, native


def load_file(engine: Engine, path: str | os.PathLike[Any], verify: bool) -> Loaded:
    """From a file: the code is mapped; on a file system that allows no execution it is copied."""
    check_host(engine)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise artifact.damaged("the file is empty")
        parts = unpack(engine, memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), verify)
        module, info, native = template(engine, parts)
        try:
            place(native, parts, file.fileno())
        except OSError:
            native = template(engine, parts)[2]
            place(native, parts, -1)
    return module, info, native


def unpack(engine: Engine, data: memoryview, verify: bool) -> artifact.Artifact:
    """The parts of an artifact that fits to this engine. Raises MalformedError or UnsupportedError."""
    check_version = engine.config.module_version is not None
    if engine.expected_header is None:
        engine.expected_header = header_of(engine)
    return artifact.deserialize(data, engine.expected_header, cpu.host_flags(), check_version, verify)


def template(engine: Engine, parts: artifact.Artifact) -> Loaded:
    """The module without its code."""
    from taipan.compiler.environ import escaped_functions

    try:
        module = decode(parts.module, engine.features)
        info = ModuleInfo(module, engine.types.register(module.types, module.rec_groups))
        return module, info, make_template(engine, module, info, escaped_functions(module), None)
    except (WasmError, IndexError, KeyError, ValueError) as error:
        raise artifact.damaged(f"its module: {error}") from error


def place(native: NativeModule, parts: artifact.Artifact, fd: int) -> None:
    """Put the code into place. fd: the file to map it from, or -1."""
    tables = parts.tables
    try:
        native.load(
            parts.code,
            tables["offsets"],
            tables["sites"],
            tables["site_starts"],
            tables["stack_maps"],
            tables["stack_map_starts"],
            fd,
            parts.text,
        )
    except ValueError as error:
        raise artifact.damaged(str(error)) from error
