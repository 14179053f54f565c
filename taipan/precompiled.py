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
from taipan.engine import Engine, check_host, machine_of
from taipan.errors import WasmError
from taipan.native_module import make_template
from taipan.runtime.module_info import ModuleInfo
from taipan.stages import check, decode

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from taipan._native import NativeModule
    from taipan.compiler.artifact import Image
    from taipan.compiler.interface import Compiler
    from taipan.module import Module
    from taipan.wasm.module import Module as WasmModule


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
    if module.origin:  # one of several in a file, which is hashed once
        settings += f" {module.origin} {_digest(module.code)}".encode()
        return CodeCache.key(b"", settings)
    return CodeCache.key(module.code, settings)


_last_digest: tuple[int, int, str] = (0, -1, "")


def _digest(code: bytes) -> str:
    """Of a file's bytes; the last one's is remembered by Python's hash of them, which bytes keep, and not with them."""
    global _last_digest
    known = _last_digest
    if known[:2] != (hash(code), len(code)):
        import hashlib

        known = _last_digest = (hash(code), len(code), hashlib.sha256(code).hexdigest())
    return known[2]


def serialize(engine: Engine, module: WasmModule) -> bytearray:
    """The artifact of a validated module that closes over no other: compiled as a whole, or found in the cache."""
    if module.links is not None:
        from taipan import precompiled_set

        return precompiled_set.serialize(engine, precompiled_set.Value(module, ()))
    return kept_or_compiled(engine, module)


def kept_or_compiled(engine: Engine, module: WasmModule) -> bytearray:
    """The artifact of one module, without those inside it."""
    cache = engine.cache
    if cache is None or not engine.compiler.slow:
        return compile_all(engine, module, module.origin == 0)
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
    made = compile_all(engine, module, module.origin == 0)
    cache.write(name, made)
    return made


def place_kept(engine: Engine, module: WasmModule, native: NativeModule) -> None:
    """Give a module the code of its artifact."""
    place(native, unpack(engine, memoryview(kept_or_compiled(engine, module)), False), -1)


def compile_all(engine: Engine, module: WasmModule, with_bytes: bool, links: bytes = b"") -> bytearray:
    """with_bytes: whether the module's bytes are part of the artifact.  links: as `artifact.serialize` takes it."""
    from taipan.compiler.environ import ModuleEnv

    if module.has_tail_calls is None:  # it came from an artifact: nobody has looked at its bodies yet
        check(module, engine.features)
    image = engine.compiler.module(ModuleEnv(module, engine.tunables, False)).image(engine.num_workers)
    starts = module.body_starts
    code = module.code if with_bytes else b""
    head_bytes = min(starts[0], len(code)) if len(starts) else len(code)
    header = header_of(engine)
    return artifact.serialize(image, code, head_bytes, header, symbols(module, image), engine.compiler.name, links)


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


def load(engine: Engine, data: Buffer) -> Module:
    """From memory: everything is verified and the code is copied."""
    check_host(engine)
    return loaded(engine, memoryview(data).cast("B"), -1, True)


def load_file(engine: Engine, path: str | os.PathLike[Any], verify: bool) -> Module:
    """From a file: the code is mapped; on a file system that allows no execution it is copied."""
    check_host(engine)
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            raise artifact.damaged("the file is empty")
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return loaded(engine, data, file.fileno(), verify)


def loaded(engine: Engine, data: memoryview, fd: int, verify: bool) -> Module:
    """The module of an artifact. fd: the file to map its code from, or -1."""
    parts = unpack(engine, data, verify, fd)
    if parts.links:
        from taipan import precompiled_set

        return precompiled_set.load(engine, data, parts, fd, verify)
    from taipan.module import Module

    try:
        module = decode(parts.module, engine.features)
        info = ModuleInfo(module, engine.types.register(module.types, module.rec_groups))
    except (WasmError, IndexError, KeyError, ValueError) as error:
        raise artifact.damaged(f"its module: {error}") from error
    made = Module._of(engine, module)
    made._info = info
    made._native = placed(engine, module, info, parts, fd)
    return made


def placed(engine: Engine, module: WasmModule, info: ModuleInfo, parts: artifact.Artifact, fd: int) -> NativeModule:
    """The module in the native runtime with its code. fd: as for `loaded`."""
    native = template(engine, module, info)
    try:
        place(native, parts, fd)
    except OSError:  # mapping code from there is not allowed
        native = template(engine, module, info)
        place(native, parts, -1)
    return native


def unpack(engine: Engine, data: memoryview, verify: bool, fd: int = -1) -> artifact.Artifact:
    """The parts of an artifact that fits to this engine. Raises MalformedError or UnsupportedError.

    fd: the file that `data` is from the beginning on, or -1.
    """
    check_version = engine.config.module_version is not None
    if engine.expected_header is None:
        engine.expected_header = header_of(engine)
    return artifact.deserialize(data, engine.expected_header, cpu.host_flags(), check_version, verify, fd)


def template(engine: Engine, module: WasmModule, info: ModuleInfo) -> NativeModule:
    """The module without its code."""
    from taipan.compiler.environ import escaped_functions

    try:
        return make_template(engine, module, info, escaped_functions(module), None)
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
