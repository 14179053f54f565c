"""What a compiler is to the rest of the package (R-30). The two of the package are listed in `driver.py`; another one
plugs in from outside by being given to `Config.compiler`.

    builder = Builder()              settings by name, each described
    compiler = builder.build()       for one engine
    module = compiler.module(env)    for one module; used by one thread at a time
    module.compile(indices)          machine code of some functions, in a form of the compiler's own
    module.emit(compiled)            ... as the runtime takes it
    module.image(num_workers)        all functions, laid out for an artifact
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Protocol, Self, final

from taipan.compiler.artifact import CompiledFunction, Image, LoopStub
from taipan.compiler.environ import ModuleEnv
from taipan.errors import UnsupportedError, WasmError


@final
class Option:
    """A setting of a compiler. kind: "bool", "num" or "enum"; values: the choices of an enum."""

    __slots__ = ("default", "description", "kind", "name", "values")

    def __init__(self, name: str, kind: str, default: str, description: str, values: tuple[str, ...] = ()) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.default: Final = default
        self.description: Final = description
        self.values: Final = values

    def check(self, value: str) -> str:
        """The value in its usual form. Raises WasmError if the option cannot have it."""
        if self.kind == "bool":
            if value in ("true", "yes", "1", "false", "no", "0"):
                return "true" if value in ("true", "yes", "1") else "false"
            raise WasmError(f"option {self.name} must be true or false: {value}")
        if self.kind == "num":
            if value.isdecimal():
                return value
            raise WasmError(f"option {self.name} must be a number: {value}")
        if value in self.values:
            return value
        raise WasmError(f"option {self.name} must be one of {', '.join(self.values)}: {value}")


class ModuleCompiler(Protocol):
    """Compiles functions of one module. The two methods at the end are for tier-up; a compiler may refuse them."""

    def compile(self, indices: Sequence[int]) -> Sequence[Any]:
        """Compile these defined functions of a valid module, together where that helps. Raises UnsupportedError."""

    def emit(self, compiled: Any) -> CompiledFunction:
        """One of what `compile` gave, as `NativeModule.publish` takes it."""

    def image(self, num_workers: int) -> Image:
        """All functions in one image, with every call among them resolved. Raises UnsupportedError.

        num_workers: how many threads may compile at once; the image does not depend on it.
        """

    def compile_hot(
        self, functions: Sequence[int], loops: Sequence[tuple[int, int]]
    ) -> tuple[list[CompiledFunction | UnsupportedError], list[CompiledFunction | UnsupportedError]]:
        """Code of defined functions, and of continuations of loops, each (function, wasm offset of the loop).

        A continuation is called with the two contexts and a pointer to the values that `baseline/osr.py` describes.
        """

    def leave_loop(self, defined_index: int, loop_offset: int) -> LoopStub:
        """How to leave a loop in code that `compile` made. Raises UnsupportedError if that is not possible."""


class Compiler(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def triple(self) -> str:
        """The machine that code is made for."""

    @property
    def cpu_flags(self) -> frozenset[str]:
        """What the code needs beyond the architecture, by the names of flags in /proc/cpuinfo."""

    @property
    def slow(self) -> bool:
        """Whether compiling takes so long that code is worth keeping on disk (`Config.cache`)."""

    @property
    def description(self) -> str:
        """Its name and all settings that its code depends on: equal descriptions give equal code."""

    def module(self, env: ModuleEnv) -> ModuleCompiler: ...


class Builder(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def triple(self) -> str: ...

    def target(self, triple: str) -> None:
        """Choose the machine to compile for. Raises UnsupportedError for one that this compiler does not know."""

    def set(self, name: str, value: str) -> None:
        """Raises WasmError for an unknown name or a value that the setting cannot have."""

    def enable(self, flag: str) -> None:
        """`set(flag, "true")`."""

    def settings(self) -> Sequence[Option]: ...

    def clone(self) -> Builder: ...

    def build(self) -> Compiler:
        """Raises UnsupportedError if the compiler is not installed."""


LINK_SETTINGS: Final = (
    Option("linkopt_padding_between_functions", "num", "0", "bytes of zeros between functions of an image"),
    Option("linkopt_force_jump_veneer", "bool", "false", "lead every call between functions through a veneer"),
)


@final
class Settings:
    """Values of options: the part that builders have in common. Names may begin with `wasmtime_`."""

    def __init__(self, *options: Option) -> None:
        self.options: Final = {option.name: option for option in (*LINK_SETTINGS, *options)}
        self.values: dict[str, str] = {name: option.default for name, option in self.options.items()}

    def set(self, compiler: str, name: str, value: str) -> None:
        option = self.options.get(name.removeprefix("wasmtime_"))
        if option is None:
            known = ", ".join(self.options)
            raise WasmError(f"the {compiler} compiler has no setting {name} (it has: {known})")
        self.values[option.name] = option.check(value)

    @property
    def padding(self) -> int:
        return int(self.values["linkopt_padding_between_functions"])

    @property
    def force_veneers(self) -> bool:
        return self.values["linkopt_force_jump_veneer"] == "true"

    def describe(self, compiler: str) -> str:
        return " ".join([compiler, *(f"{name}={value}" for name, value in sorted(self.values.items()))])

    def copy(self) -> Settings:
        copy = Settings(*self.options.values())
        copy.values = dict(self.values)
        return copy


class OwnBuilder:
    """What the package's builders have in common."""

    NAME: ClassVar[str]
    TARGETS: ClassVar[tuple[str, ...]] = ("x86_64",)
    """Processors that it makes code for, on Linux."""
    OPTIONS: ClassVar[tuple[Option, ...]] = ()
    """Settings beyond LINK_SETTINGS."""

    def __init__(self) -> None:
        self._options = Settings(*self.OPTIONS)
        self._triple = f"{os.uname().machine}-unknown-linux-gnu"

    @property
    def name(self) -> str:
        return self.NAME

    @property
    def triple(self) -> str:
        return self._triple

    def target(self, triple: str) -> None:
        self._triple = triple
        self._check_target()

    def _check_target(self) -> None:
        processor, _, system = self._triple.partition("-")
        if processor not in self.TARGETS or "linux" not in system.split("-"):
            targets = " and ".join(self.TARGETS)
            raise UnsupportedError(
                f"the {self.NAME} compiler cannot make code for {self._triple}, only for {targets} Linux"
            )

    def set(self, name: str, value: str) -> None:
        self._options.set(self.NAME, name, value)

    def enable(self, flag: str) -> None:
        self.set(flag, "true")

    def settings(self) -> Sequence[Option]:
        return list(self._options.options.values())

    def clone(self) -> Self:
        copy = type(self)()
        copy._options = self._options.copy()
        copy._triple = self._triple
        return copy

    def _built(self) -> tuple[str, Settings]:
        """Triple and settings for a compiler, which later changes here do not reach."""
        self._check_target()
        return self._triple, self._options.copy()
