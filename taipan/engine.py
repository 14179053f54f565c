"""`Engine` and `Module`: the stages from bytes to code that can be instantiated, and what modules of one engine share.

    bytes --binary.decode--> wasm.Module --validate.check_module--> ModuleEnv --BaselineCompiler--> NativeModule

This is where compiler and runtime meet: neither imports the other. Functions are compiled when they are first called,
unless `Config.lazy_compilation` is off.

Threads: engines, modules and everything made from them here may be used by any number of threads at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, final

from taipan import _native
from taipan.abi.plans import global_plan, memory_plan, table_plan
from taipan.compiler.tunables import Tunables
from taipan.config import Config
from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.lazy import LazyCompiler
from taipan.runtime.epochs import Epochs
from taipan.runtime.managed import Unique, already_closed
from taipan.runtime.module_info import ModuleInfo
from taipan.runtime.register import register
from taipan.runtime.type_registry import TypeRegistry
from taipan.runtime.types import AsExternType, ExportType, ImportType, ModuleType, make_signature
from taipan.wasm import types as core
from taipan.wasm.module import FUNC, GLOBAL, MEMORY, MODULE, TABLE
from taipan.wasm.module import Module as WasmModule
from taipan.wasm.segments import data_ranges, u32_array, used_func_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

    from taipan.binary.names import Names
    from taipan.compiler.artifact import Image
    from taipan.compiler.cache import CodeCache, KeptCode
    from taipan.compiler.interface import Builder, Compiler
    from taipan.compiler.serialize import Header
    from taipan.runtime.link_info import FileTypes

CODE_REGION_BYTES: Final = 1 << 30
"""Address space for the code of one engine; 26 MB of wasm (CPython) make about 100 MB of code."""

MIN_CODE_REGION_BYTES: Final = 16 << 20

RESERVATIONS: Final = 4
"""What is reserved for a memory, or for code, has to be there this many times: other memories need some, too."""

MAX_WORKERS: Final = 8
"""Threads that compile if `Config.compilation_threads` leaves it open: a tenth of their work needs Python's lock."""

MAGIC: Final = b"\0asm"

register()  # every store needs an engine, so this comes before the first one


@final
class Engine(Unique):
    """Settings, code memory and types that modules and stores share; a store only takes modules of its own engine."""

    __slots__ = (
        "__weakref__",
        "_closed",
        "_dynamic_guard",
        "_empty_module",
        "_epochs",
        "_gil",
        "_lazy",
        "_max_wasm_stack",
        "_region",
        "cache",
        "compiler",
        "config",
        "expected_header",
        "features",
        "optimizer",
        "tunables",
        "types",
    )

    def __init__(self, config: Config | None = None) -> None:
        """config: consumed. Raises UnsupportedError if it switches on something that is not there yet."""
        if config is None:
            config = Config()
        elif not isinstance(config, Config):
            raise TypeError("expected Config")
        self.features: Features = config.features
        config._consume()
        self.config = config
        self.tunables = _tunables(config)
        self.compiler: Compiler = _compiler(config)
        self.optimizer: Compiler | None = _optimizer(config)
        self.cache: CodeCache | None = None
        if config.cache and (self.optimizer is not None or self.compiler.slow):
            from taipan.compiler import cache

            self.cache = cache.from_config(config.cache)
        self.expected_header: Header | None = None
        """What artifacts must say, made when the first one is loaded."""
        self.types = TypeRegistry()
        self._epochs: Epochs | None = Epochs() if config.epoch_interruption else None
        self._dynamic_guard: int = config.dynamic_memory_guard_size
        self._gil: str = config.gil
        self._lazy: bool = config.lazy_compilation
        self._max_wasm_stack: int = config.max_wasm_stack
        self._region: _native.CodeRegion | None = None
        self._empty_module: Module | None = None
        self._closed = False

    @staticmethod
    def same(a: Engine, b: Engine) -> bool:
        """Whether two engines are one."""
        return a is b

    def increment_epoch(self) -> None:
        """Begin the next epoch: calls in stores whose deadline it reaches trap (TrapCode.INTERRUPT).

        From any thread, also from signal handlers. Nothing happens without `Config.epoch_interruption`.
        """
        if self._epochs is not None:
            self._epochs.increment()

    def is_pulley(self) -> bool:
        """Whether wasm runs in Wasmtime's interpreter: never here."""
        return False

    def precompile_module(self, wasm: str | Buffer) -> bytearray:
        """What `Module.serialize` gives, without making a module. Raises what `Module` raises."""
        from taipan import precompiled

        check_engine(self)
        module = decode(wasm_bytes(wasm, self.features), self.features)
        check(module, self.features)
        return precompiled.serialize(self, module)

    @staticmethod
    def detect_precompiled(data: Buffer) -> bool:
        """Whether the data begins like what `precompile_module` gives, and not like a module."""
        from taipan.compiler.serialize import is_artifact

        return is_artifact(data)

    def close(self) -> None:
        """No further modules or stores from it; those that exist go on."""
        self._closed = True

    @property
    def num_workers(self) -> int:
        """How many threads may compile parts of one module at once."""
        if not self.config.parallel_compilation:
            return 1
        wanted: int = self.config.compilation_threads
        return wanted or min(len(os.sched_getaffinity(0)), MAX_WORKERS)

    def region(self) -> _native.CodeRegion:
        """Where the code of the engine's modules lies, reserved when it is first needed."""
        region = self._region
        if region is None:
            region = self._region = _native.CodeRegion(_affordable(CODE_REGION_BYTES, MIN_CODE_REGION_BYTES))
        return region

    @property
    def empty_module(self) -> Module:
        """A module with nothing in it: what instances that are made of values are instances of."""
        if self._empty_module is None:
            self._empty_module = Module(self, MAGIC + b"\1\0\0\0")
        return self._empty_module

    def memory_plan(self, of: core.MemType) -> bytes:
        """What `MemoryBase._create` takes for a memory of that type (requirements: static and dynamic memories)."""
        tunables = self.tunables
        static = tunables.static_memory(of)
        limits = of.limits
        return memory_plan(
            limits.min,
            limits.max,
            of.is_64,
            of.page_size_log2,
            of.shared,
            tunables.memory_reservation if static else 0,
            tunables.memory_guard_size if static else self._dynamic_guard,
            0 if static else tunables.memory_reservation_for_growth,
            tunables.guard_before_linear_memory,
            not static,
        )

    def __repr__(self) -> str:
        return f"<Engine {self.config!r}>"


def _has_room(size: int) -> bool:
    """Whether the address space (`ulimit -v`) has room for RESERVATIONS times so many bytes."""
    return size < 1 << 60 and _native.reserve_probe(RESERVATIONS * size)


def _affordable(size: int, least: int) -> int:
    """The size, halved until there is plenty of room for it, but not below `least`."""
    while size > least and not _has_room(2 * size):
        size = max(size // 2, least)
    return size


def _tunables(config: Config) -> Tunables:
    """What generated code depends on. Without the address space for static memories all memories are dynamic."""
    reservation: int = config.static_memory_maximum_size
    guard: int = config.static_memory_guard_size
    may_move = config.memory_may_move and not config.static_memory_forced
    growth: int = config.dynamic_memory_reserved_for_growth
    if may_move:
        if not _has_room(reservation + 2 * guard):
            reservation = 0
        growth = _affordable(growth, 0)
    return Tunables(
        memory_reservation=reservation,
        memory_guard_size=guard,
        memory_reservation_for_growth=growth,
        memory_may_move=may_move,
        guard_before_linear_memory=config.guard_before_linear_memory,
        consume_fuel=config.consume_fuel,
    )


def machine_of(config: Config) -> str:
    """The processor that code is made for."""
    target: str = config.target
    return target.partition("-")[0] or os.uname().machine


def check_host(engine: Engine) -> None:
    """Raise UnsupportedError if the engine's code is for another machine."""
    if machine_of(engine.config) != os.uname().machine:
        raise UnsupportedError(
            f"configuration does not match the host: target {engine.config.target} on {os.uname().machine}; "
            "for another machine modules can only be precompiled"
        )


def _compiler(config: Config) -> Compiler:
    """The compiler that the settings describe. Raises UnsupportedError if it is not there, WasmError for its flags."""
    from taipan.compiler import driver

    builder = driver.builder(config.compiler, machine_of(config) != os.uname().machine)
    return _configured(builder, config).build()


def _optimizer(config: Config) -> Compiler | None:
    """The compiler for functions that turn out to be hot, if there is to be one and it is installed."""
    from taipan.compiler import driver

    if (
        config.compiler != "auto"
        or not (config.tier_up or config.tier_up_calls)
        or not config.lazy_compilation
        or machine_of(config) != os.uname().machine
    ):
        return None
    builder = driver.optimizing_builder(config.optimizer)
    return None if builder is None else _configured(builder, config, False).build()


def _configured(builder: Builder, config: Config, flags: bool = True) -> Builder:
    """The builder with the settings of the configuration that it knows. flags: `cranelift_flag_set`'s, too."""
    if config.target:
        builder.target(config.target)
    if any(option.name == "opt_level" for option in builder.settings()):
        builder.set("opt_level", "fast" if config.cranelift_opt_level == "none" else config.opt_level)
    for name, value in config._flags if flags else ():
        builder.set(name, value)
    return builder


@final
class Module(Unique):
    """A compiled module: `Module(engine, wasm)`.

    wasm: the bytes of the binary format, or the text format as str or bytes. Raises MalformedError or InvalidError,
    both WasmErrors; UnsupportedError for what cannot be compiled yet, at the latest when such a function is called.
    """

    __slots__ = ("__weakref__", "_closed", "_info", "_module", "_native", "_nested", "_upvars", "engine")
    _info: ModuleInfo
    _native: _native.NativeModule
    _nested: tuple[Module, ...]  # those inside it, without their upvars
    _upvars: tuple[Module, ...]  # modules of enclosing ones that it uses, see `wasm.link_types.Links`

    def __init__(self, engine: Engine, wasm: str | Buffer) -> None:
        check_engine(engine)
        check_host(engine)
        module = decode(wasm_bytes(wasm, engine.features), engine.features)
        check(module, engine.features)
        self.engine = engine
        self._module = module
        self._closed = False
        self._upvars = ()
        if module.links is not None:
            from taipan.runtime.link_info import FileTypes

            self._compile_nested(FileTypes(engine.types, module))
            return
        self._info = ModuleInfo(module, engine.types.register(module.types, module.rec_groups))
        self._native = make_native(engine, module, self._info)
        self._nested = ()

    def _compile_nested(self, types: FileTypes) -> None:
        """With module linking: this module and those inside it."""
        from taipan.runtime.link_info import LinkInfo, nested_modules

        module = self._module
        self._info = ModuleInfo(module, types.registered(module), LinkInfo(types, module))
        self._native = make_native(self.engine, module, self._info)
        nested = []
        for inner in nested_modules(module):
            made = Module._of(self.engine, inner)
            made._compile_nested(types)
            nested.append(made)
        self._nested = tuple(nested)

    def _all(self) -> list[Module]:
        """This module, those inside it and those that it closes over; one for all closures of the same code."""
        seen: set[int] = set()
        found: dict[int, Module] = {}
        waiting = [self]
        while waiting:
            module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                found.setdefault(id(module._module), module)
                waiting += [*module._nested, *module._upvars]
        return list(found.values())

    def _closure(self, upvars: tuple[Module, ...]) -> Module:
        """A module value: with the modules of enclosing ones that it uses. Its code is shared, closing it is not."""
        made = Module._of(self.engine, self._module)
        made._info = self._info
        made._native = self._native
        made._nested = self._nested
        made._upvars = upvars
        return made

    @classmethod
    def from_file(cls, engine: Engine, path: str | bytes | os.PathLike[Any]) -> Module:
        """From a .wasm or .wat file. Raises OSError if it cannot be read."""
        check_engine(engine)
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def new_with_name(cls, engine: Engine, wasm: str | Buffer, name: str) -> Module:
        """The same as `Module(engine, wasm)`, under a name of the host's choice: backtraces show it."""
        if not isinstance(name, str):
            raise TypeError("expected the name as str")
        made = cls(engine, wasm)
        made._info.names.module = name
        return made

    @classmethod
    def from_binary(cls, engine: Engine, wasm: Buffer) -> Module:
        """From the binary format only."""
        check_engine(engine)
        data = to_bytes(wasm)
        if not data.startswith(MAGIC):
            decode(data, engine.features)  # raises
        return cls(engine, data)

    @classmethod
    def validate(cls, engine: Engine, wasm: Buffer) -> None:
        """Whether the bytes are a valid module. Raises MalformedError or InvalidError if not."""
        check_engine(engine)
        check(decode(to_bytes(wasm), engine.features), engine.features)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: Buffer) -> Module:
        """A module from what `serialize` gave. **Its machine code is executed as it stands: load only what you trust.**

        Raises MalformedError if the data is damaged, UnsupportedError if it was made for other settings, another
        version or another machine. What was changed on purpose may go unnoticed.
        """
        from taipan import precompiled

        check_engine(engine)
        return precompiled.load(engine, encoded)

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str | os.PathLike[Any], *, verify: bool = False) -> Module:
        """The same from a file, which is mapped: only what runs is read. It must not be changed while in use.

        verify: read all of it at once, to notice damage in code and data, too. Raises OSError if it cannot be read.
        """
        from taipan import precompiled

        check_engine(engine)
        return precompiled.load_file(engine, path, verify)

    def serialize(self) -> bytearray:
        """The module compiled as a whole, for `deserialize` in another process with equal settings."""
        from taipan import precompiled

        if self._opened().links is not None:
            from taipan import precompiled_set

            return precompiled_set.serialize(self.engine, precompiled_set.value_of(self))
        return precompiled.serialize(self.engine, self._module)

    @classmethod
    def _of(cls, engine: Engine, module: WasmModule) -> Module:
        """Without what follows from it."""
        made = cls.__new__(cls)
        made.engine = engine
        made._module = module
        made._closed = False
        made._nested = made._upvars = ()
        return made

    @property
    def imports(self) -> list[ImportType]:
        """Types of the imports, in their order."""
        info = self._opened()
        if info.links is not None:
            return self.type.imports
        counts = {FUNC: 0, TABLE: 0, MEMORY: 0, GLOBAL: 0}
        listed = []
        for entry in info.imports:
            index = counts.get(entry.kind, 0)
            counts[entry.kind] = index + 1
            listed.append(ImportType(entry.module, entry.name, info.extern_type(entry.kind, index)))
        return listed

    @property
    def exports(self) -> list[ExportType]:
        """Types of the exports, in their order."""
        info = self._opened()
        return [ExportType(name, info.export_type(name)) for name in info.exports]

    @property
    def type(self) -> ModuleType:
        """What it imports and exports."""
        info = self._opened()
        if info.links is None:
            return ModuleType(self.imports, self.exports)
        made = info.links.extern_type((MODULE, info.links.type))
        assert isinstance(made, ModuleType)
        return made

    def get_export(self, name: str) -> AsExternType | None:
        """The type of the export of that name, or None."""
        info = self._opened()
        return info.export_type(name) if name in info.exports else None

    @property
    def name(self) -> str | None:
        """From the name section, or from `new_with_name`."""
        return self._opened().name

    @property
    def names(self) -> Names:
        """The name section: `names.funcs`, `names.locals` and so on, from index to name."""
        return self._opened().names

    @property
    def custom_sections(self) -> list[tuple[str, bytes]]:
        """Names and contents of the custom sections, the name section included, in the module's order."""
        self._opened()
        return [(section.name, section.data) for section in self._module.customs]

    def text(self) -> str:
        """The module in the text format."""
        self._opened()
        from taipan.text.printer import print_module

        return print_module(self._module)

    def close(self) -> None:
        """No further instances; those that exist go on."""
        self._closed = True

    def _opened(self) -> ModuleInfo:
        if self._closed:
            raise already_closed()
        return self._info

    def __repr__(self) -> str:
        info = self._info
        return f"<Module {info.name or '(unnamed)'}: {len(info.imports)} imports, {len(info.exports)} exports>"


def check_engine(engine: object) -> None:
    if not isinstance(engine, Engine):
        raise TypeError("expected an Engine")
    if engine._closed:
        raise already_closed()


# --- the stages ---


def wat2wasm(wat: str | Buffer) -> bytearray:
    """The binary format of a module in the text format. Raises MalformedError with line and column."""
    return bytearray(assemble(wat if isinstance(wat, str) else to_bytes(wat), Features.everything()))


def assemble(source: str | bytes, features: Features) -> bytes:
    """The binary format of a module in the text format."""
    from taipan.binary.encode import encode
    from taipan.text import parse

    return encode(parse(source, features))


def to_bytes(data: Buffer) -> bytes:
    """A copy, unless it is bytes. Raises TypeError if it is no buffer."""
    if isinstance(data, bytes):
        return data
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError("expected wasm bytes") from None


def wasm_bytes(wasm: str | Buffer, features: Features) -> bytes:
    """The binary format of what users pass as a module. Text is recognised by its first character."""
    if isinstance(wasm, str):
        return assemble(wasm, features)
    data = to_bytes(wasm)
    if not data.startswith(MAGIC) and data.lstrip()[:1] in (b"(", b";"):
        return assemble(data, features)
    return data


def decode(data: bytes, features: Features) -> WasmModule:
    from taipan.binary.decode import decode

    return decode(data, features)


def check(module: WasmModule, features: Features) -> None:
    """Validate. An InvalidError in a function carries the name that the name section gives it."""
    from taipan.validate.module import check_module

    try:
        check_module(module, features)
    except InvalidError as error:
        if error.func >= 0 and error.name is None:
            from taipan.binary.names import decode_names

            error.name = decode_names(module).funcs.get(error.func)
        raise


def make_native(engine: Engine, module: WasmModule, info: ModuleInfo) -> _native.NativeModule:
    """The module in the native runtime, with its code or the means to compile it."""
    from taipan.compiler.environ import ModuleEnv

    env = ModuleEnv(module, engine.tunables, engine._lazy)
    if engine._lazy:
        kept = kept_code(engine, module)
        lazy = LazyCompiler(engine.compiler, env, engine.optimizer, engine.config.tier_up_calls, kept)
        native = make_template(engine, module, info, env.escaped, lazy.compile)
        native.counting = lazy.counting
        return native
    native = make_template(engine, module, info, env.escaped, None)
    if engine.cache is not None and engine.compiler.slow:
        from taipan import precompiled

        precompiled.place_kept(engine, module, native)
    else:
        load_all(engine.compiler.module(env).image(engine.num_workers), native)
    return native


def kept_code(engine: Engine, module: WasmModule) -> KeptCode | None:
    """Code of earlier runs, if there is a cache and a compiler whose code is kept."""
    if engine.cache is None:
        return None
    from taipan.compiler.cache import KeptCode
    from taipan.precompiled import cache_key

    return KeptCode(engine.cache, cache_key(engine, engine.optimizer or engine.compiler, module))


def make_template(
    engine: Engine,
    module: WasmModule,
    info: ModuleInfo,
    escaped: list[int],
    compile: Callable[[_native.NativeModule, int], None] | None,
) -> _native.NativeModule:
    """The module in the native runtime, without code. compile: as `NativeModule` takes it."""
    return _native.NativeModule(
        engine.region(),
        info,
        func_type_indices=u32_array(module.func_space),
        type_ids=info.types.id_array(),
        signatures=_signatures(module, info),
        escaped=u32_array(escaped),
        counts=(
            module.num_imported_funcs,
            module.num_imported_tables,
            module.num_imported_memories,
            module.num_imported_globals,
        ),
        memories=b"".join([engine.memory_plan(t) for t in module.memories]),
        tables=b"".join(
            [
                table_plan(t.type.limits.min, t.type.limits.max, t.type.is_64, info.kind_of(t.type.element))
                for t in module.tables
            ]
        ),
        globals=b"".join([global_plan(info.kind_of(g.type.content), g.type.mutable) for g in module.globals]),
        data=module.code,
        data_ranges=data_ranges(module),
        num_elements=len(module.elems),
        globals_template=info.globals_template,
        compile=compile,
    )


def _signatures(module: WasmModule, info: ModuleInfo) -> list[_native.Signature | None]:
    """By module type index, of the types that functions have. They keep the module's types registered.

    Through them the host enters functions; all modules of a file share them.
    """
    types = info.types
    registry = types.registry
    ids = types.ids
    made = info.signatures
    signatures: list[_native.Signature | None] = [None] * len(ids)
    for index in used_func_types(module):
        type_id = ids[index]
        if type_id not in made:
            made[type_id] = make_signature(registry, type_id, types, of_host=False)
        signatures[index] = made[type_id]
    return signatures


def load_all(image: Image, native: _native.NativeModule) -> None:
    """Give the module its code, all at once."""
    native.load(image.code, image.offsets, image.sites, image.site_starts, image.stack_maps, image.stack_map_starts)
