"""`Engine`: what the modules and stores of one configuration share: compilers, code memory, types, the cache.

This is where compiler and runtime meet: neither imports the other.

Threads: engines and everything made from them may be used by any number of threads at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, final

from taipan import _native
from taipan.abi.plans import memory_plan
from taipan.address_space import affordable, has_room
from taipan.compiler.tunables import Tunables
from taipan.config import Config
from taipan.errors import UnsupportedError
from taipan.features import Features
from taipan.runtime.epochs import Epochs
from taipan.runtime.managed import Unique, already_closed
from taipan.runtime.register import register
from taipan.runtime.type_registry import TypeRegistry
from taipan.stages import MAGIC, check, decode, wasm_bytes
from taipan.wasm import types as core

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from taipan.compiler.cache import CodeCache
    from taipan.compiler.interface import Builder, Compiler
    from taipan.compiler.serialize import Header
    from taipan.module import Module

CODE_REGION_BYTES: Final = 1 << 30
"""Address space for the code of one engine; 26 MB of wasm (CPython) make about 100 MB of code."""

MIN_CODE_REGION_BYTES: Final = 16 << 20

MAX_WORKERS: Final = 8
"""Threads that compile if `Config.compilation_threads` leaves it open: a tenth of their work needs Python's lock."""

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
            region = self._region = _native.CodeRegion(affordable(CODE_REGION_BYTES, MIN_CODE_REGION_BYTES))
        return region

    @property
    def empty_module(self) -> Module:
        """A module with nothing in it: what instances that are made of values are instances of."""
        from taipan.module import Module

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


def _tunables(config: Config) -> Tunables:
    """What generated code depends on. Without the address space for static memories all memories are dynamic."""
    reservation: int = config.static_memory_maximum_size
    guard: int = config.static_memory_guard_size
    may_move = config.memory_may_move and not config.static_memory_forced
    growth: int = config.dynamic_memory_reserved_for_growth
    if may_move:
        if not has_room(reservation + 2 * guard):
            reservation = 0
        growth = affordable(growth, 0)
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


def check_engine(engine: object) -> None:
    if not isinstance(engine, Engine):
        raise TypeError("expected an Engine")
    if engine._closed:
        raise already_closed()
