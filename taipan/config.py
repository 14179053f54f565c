"""`Config`: every setting of an engine, checked when it is set, frozen when an engine is made from it.

The settings are rows of one table. wasmtime-py's names are all here, so that programs written for it run; those that
name something of Wasmtime's own (its compiler, its Mach ports) are accepted where ignoring them changes no result.
Settings for what the package does not have yet are accepted too and refused by `Engine`, so that the error
comes once and names them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, overload

from taipan import __version__
from taipan.errors import UnsupportedError, WasmError
from taipan.features import DEFAULTS, REQUIRES, Features
from taipan.runtime.managed import Managed, already_closed

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30
MAX_VERSION_BYTES: Final = 255
MAX_COUNT: Final = 1024


def _bool(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected a bool")
    return value


def _size(name: str, value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError("expected an int")
    if not 0 <= value < 1 << 63:
        raise WasmError(f"{name} must be a number of bytes below 2**63: {value}")
    return value


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("expected an int")
    if not 0 <= value <= MAX_COUNT:
        raise WasmError(f"{name} must be a number from 0 to {MAX_COUNT}: {value}")
    return value


def _version(name: str, value: Any) -> str | None:
    """At most 255 bytes, as in Wasmtime's file format."""
    if value is not None and (not isinstance(value, str) or "\n" in value or len(value.encode()) > MAX_VERSION_BYTES):
        raise WasmError(f"{name} must be None or a str of one line and at most {MAX_VERSION_BYTES} bytes")
    return value


class _OneOf:
    """A check for a setting with named values. what: what the error calls it."""

    def __init__(self, what: str, *known: str) -> None:
        self.what = what
        self.known = known

    def __call__(self, name: str, value: Any) -> str:
        if value not in self.known:
            raise WasmError(f"unknown {self.what}: {value} (one of: {', '.join(self.known)})")
        return str(value)


def _builder(name: str, value: Any) -> Any:
    """A builder as compiler/interface.py describes, or None."""
    if value is not None and not (hasattr(value, "build") and hasattr(value, "clone")):
        raise TypeError(f"{name}: expected a Builder or None")
    return value


class _Compiler(_OneOf):
    """The name of a compiler of the package, or a builder of another."""

    def __call__(self, name: str, value: Any) -> Any:
        return value if hasattr(value, "build") and hasattr(value, "clone") else super().__call__(name, value)


def _cache(name: str, value: Any) -> bool | str:
    """True, False, or the path of a configuration file in Wasmtime's format, see compiler/cache.py."""
    if isinstance(value, bool):
        return value
    path = os.fspath(value)
    if not os.access(path, os.R_OK):
        raise WasmError(f"failed to read config file: {path}: no such file or not readable")
    return str(path)


_ARCHITECTURES: Final = ("x86_64", "aarch64", "riscv64gc", "s390x", "pulley32", "pulley64")


def _target(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a str")
    architecture = value.partition("-")[0]
    if architecture not in _ARCHITECTURES:
        raise WasmError(f"Unrecognized architecture: {architecture} (one of: {', '.join(_ARCHITECTURES)})")
    return value


_KINDS: Final[dict[Any, str]] = {
    _bool: "bool",
    _size: "bytes",
    _count: "number",
    _cache: "bool or path",
    _target: "target triple",
}


class Setting:
    """One readable and settable attribute of `Config`.

    check(name, value) gives the value to keep, or raises.  missing: why switching it on is refused by `Engine`, or "".
    code: whether it changes generated code.
    """

    def __init__(
        self, check: Callable[[str, Any], Any], default: Any, doc: str, missing: str = "", code: bool = False
    ) -> None:
        self.check = check
        self.default = default
        self.missing = missing
        self.code = code
        self.__doc__ = doc
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def choices(self) -> tuple[str, ...]:
        """The values there are, for a setting with named ones."""
        return self.check.known if isinstance(self.check, _OneOf) else ()

    @property
    def kind(self) -> str:
        """What its values are: "bool", "bytes", "choice"..."""
        return _KINDS.get(self.check, "choice")

    @overload
    def __get__(self, config: None, owner: type) -> Setting: ...
    @overload
    def __get__(self, config: Config, owner: type) -> Any: ...
    def __get__(self, config: Config | None, owner: type) -> Any:
        if config is None:
            return self
        return config._values.get(self.name, self.default)

    def __set__(self, config: Config, value: Any) -> None:
        config._open()
        config._values[self.name] = self.check(self.name, value)


class _DynamicGuard(Setting):
    """The guard of dynamic memories: that of static ones is never smaller."""

    def __set__(self, config: Config, value: Any) -> None:
        super().__set__(config, value)
        config.static_memory_guard_size = max(value, config.static_memory_guard_size)


class _Alias(Setting):
    """wasmtime-py's name for settings of ours; the first of them is what is read."""

    def __init__(self, *settings: Setting) -> None:
        first = settings[0]
        super().__init__(first.check, first.default, "", code=first.code)
        self.settings = settings

    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        names = [setting.name for setting in self.settings]  # which have theirs by now
        self.__doc__ = f"wasmtime-py's name for {' and '.join(names)}."

    def __get__(self, config: Config | None, owner: type) -> Any:
        return self if config is None else self.settings[0].__get__(config, owner)

    def __set__(self, config: Config, value: Any) -> None:
        for setting in self.settings:
            setting.__set__(config, value)


class Feature:
    """The attribute of `Config` that switches one proposal on or off."""

    def __init__(self, feature: str) -> None:
        self.feature = feature
        self.__doc__ = f"Whether modules may use the proposal `{feature}`; the default is {DEFAULTS[feature]}."

    @overload
    def __get__(self, config: None, owner: type) -> Feature: ...
    @overload
    def __get__(self, config: Config, owner: type) -> bool: ...
    def __get__(self, config: Config | None, owner: type) -> Any:
        if config is None:
            return self
        return config._switches.get(self.feature, DEFAULTS[self.feature])

    def __set__(self, config: Config, value: Any) -> None:
        config._open()
        config._switches[self.feature] = _bool(self.feature, value)


class Config(Managed):
    """Settings of an `Engine`, which consumes them: afterwards the object can be read but not changed or used again.

    Every attribute can be read and set. Setting a wrong type raises TypeError; a value that does not exist raises
    WasmError with the list of those that do. Settings of proposals begin with `wasm_`.
    """

    __slots__ = ("_flags", "_state", "_switches", "_values")

    # --- WebAssembly proposals ---
    wasm_mutable_global = Feature("mutable-global")
    wasm_sign_extension = Feature("sign-extension")
    wasm_saturating_float_to_int = Feature("saturating-float-to-int")
    wasm_multi_value = Feature("multi-value")
    wasm_bulk_memory = Feature("bulk-memory")
    wasm_reference_types = Feature("reference-types")
    wasm_simd = Feature("simd")
    wasm_tail_call = Feature("tail-call")
    wasm_extended_const = Feature("extended-const")
    wasm_function_references = Feature("function-references")
    wasm_gc = Feature("gc")
    wasm_multi_memory = Feature("multi-memory")
    wasm_memory64 = Feature("memory64")
    wasm_relaxed_simd = Feature("relaxed-simd")
    wasm_exceptions = Feature("exceptions")
    wasm_threads = Feature("threads")
    wasm_wide_arithmetic = Feature("wide-arithmetic")
    wasm_custom_page_sizes = Feature("custom-page-sizes")
    wasm_legacy_exceptions = Feature("legacy-exceptions")
    wasm_custom_descriptors = Feature("custom-descriptors")
    wasm_module_linking = Feature("module-linking")
    wasm_relaxed_simd_deterministic = Setting(
        _bool, False, "Relaxed vector instructions give the same results on every machine.", code=True
    )
    wasm_component_model = Setting(_bool, True, "Accepted; has no effect: there are no components yet.")
    wasm_component_model_map = Setting(_bool, False, "The component model's map type.", "component maps")
    wasm_component_model_implements = Setting(_bool, False, "`implements` in components.", "component `implements`")
    wasm_stack_switching = Setting(_bool, False, "The stack switching proposal.", "stack switching")

    # --- compiling ---
    compiler = Setting(
        _Compiler("compiler", "auto", "baseline", "llvm"),
        "auto",
        '"auto": baseline at first, hot functions optimised where that is installed; "baseline"; "llvm"; or a Builder '
        "(compiler/interface.py).",
        code=True,
    )
    optimizer = Setting(
        _builder, None, "What compiles hot functions where `compiler` is auto: LLVM if installed (None), or a Builder."
    )
    tier_up = Setting(_bool, True, "Compile hot functions again with the optimizer, where `compiler` is auto.")
    tier_up_calls = Setting(
        _size, 0, "For tests: compile each function with the optimizer at this call of it, 0: when it is hot."
    )
    strategy = Setting(
        _OneOf("strategy", "auto", "cranelift", "winch"),
        "auto",
        'wasmtime-py\'s name for `compiler`: "winch" means "baseline", the others "auto".',
        code=True,
    )
    lazy_compilation = Setting(
        _bool, True, "Compile each function when it is first called, else all in `Module`.", code=True
    )
    parallel_compilation = Setting(
        _bool, True, "Several threads compile a module where LLVM compiles it as a whole. The code is the same."
    )
    compilation_threads = Setting(
        _count, 0, "How many of them there may be at once, 0: one for each processor, up to 8."
    )
    cranelift_opt_level = Setting(
        _OneOf("opt level", "none", "speed", "speed_and_size"),
        "speed",
        'wasmtime-py\'s name for `opt_level`: "none" means "fast", the others leave that alone.',
        code=True,
    )
    opt_level = Setting(
        _OneOf("opt level", "fast", "default", "aggressive"),
        "default",
        "How hard the LLVM compiler tries; compiling takes the longer.",
        code=True,
    )
    cranelift_debug_verifier = Setting(_bool, False, "Accepted; has no effect.")
    cranelift_nan_canonicalization = Setting(
        _bool, False, "Arithmetic gives only the canonical NaN.", "NaN canonicalization", code=True
    )
    debug_info = Setting(_bool, False, "Emit native debug information.", "native debug information")
    native_unwind_info = Setting(_bool, True, "Accepted; has no effect.")
    target = Setting(
        _target,
        "",
        "Target triple to compile for; the default is this machine. For others, modules can only be precompiled.",
        code=True,
    )
    cache = Setting(
        _cache,
        False,
        "Keep LLVM's code on disk: in the user's cache directory (True), or where a file says.",
    )
    module_version = Setting(
        _version,
        __version__,
        "What precompiled modules must have been made by: this version, one of yours, any (None).",
    )
    profiler = Setting(
        _OneOf("profiler", "none", "jitdump", "vtune", "perfmap"),
        "none",
        "Tell a profiler about compiled code.",
        "profiler support",
    )

    # --- running ---
    gil = Setting(
        _OneOf("gil policy", "adaptive", "release", "hold"),
        "adaptive",
        'Python\'s lock while wasm runs: "adaptive" releases it when a call lasts longer than a few milliseconds.',
    )
    max_wasm_stack = Setting(_size, 2 * MIB, "Bytes of native stack that wasm may use before it traps.")
    consume_fuel = Setting(
        _bool, False, "Count executed instructions; wasm traps when the store's fuel is used up.", code=True
    )
    epoch_interruption = Setting(_bool, False, "Interrupt wasm when the engine's epoch reaches the store's deadline.")
    shared_memory = Setting(_bool, False, "Allow shared memories.", "shared memories", code=True)
    gc_support = Setting(_bool, True, "Accepted; has no effect.")
    signals_based_traps = Setting(_bool, True, "Accepted; has no effect.")
    macos_use_mach_ports = Setting(_bool, True, "Accepted; has no effect.")
    memory_init_cow = Setting(_bool, True, "Accepted; has no effect.")

    # --- linear memories: bytes, except the switches ---
    static_memory_maximum_size = Setting(
        _size,
        4 * GIB,
        "Memories whose maximum fits reserve this much address space, never move and need no checks.",
        code=True,
    )
    static_memory_forced = Setting(
        _bool, False, "Every memory is static; its maximum is cut to the bound above.", code=True
    )
    static_memory_guard_size = Setting(_size, 2 * GIB, "Inaccessible bytes after a static memory.", code=True)
    dynamic_memory_guard_size = _DynamicGuard(
        _size,
        64 * KIB,
        "Inaccessible bytes after a memory that may move. Raising it raises the static guard to at least as much.",
    )
    dynamic_memory_reserved_for_growth = Setting(
        _size, 2 * GIB, "Address space kept free behind a memory that may move, so that growing seldom moves it."
    )
    guard_before_linear_memory = Setting(_bool, True, "A guard of the same size also in front of each memory.")
    memory_may_move = Setting(
        _bool, True, "Dynamic memories may be moved to grow; else growing stops at the reserve.", code=True
    )
    memory_reservation = _Alias(static_memory_maximum_size)
    memory_guard_size = _Alias(static_memory_guard_size, dynamic_memory_guard_size)
    memory_reservation_for_growth = _Alias(dynamic_memory_reserved_for_growth)

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._switches: dict[str, bool] = {}
        self._flags: list[tuple[str, str]] = []
        self._state = "open"

    def _open(self) -> None:
        if self._state != "open":
            raise already_closed()

    def close(self) -> None:
        """No further changes and no engine from it."""
        self._state = "closed"

    @property
    def features(self) -> Features:
        """All proposals that are on. Raises WasmError if one was switched on and another that it needs off."""
        enabled = {name for name in DEFAULTS if self._switches.get(name, DEFAULTS[name])}
        for name in DEFAULTS:  # in this order a proposal comes after those that it needs
            if name not in enabled:
                continue
            for needed in REQUIRES.get(name, ()):
                if needed in enabled:
                    continue
                if self._switches.get(name):
                    raise WasmError(f"the proposal {name} needs {needed}, which is switched off")
                enabled.discard(name)
        return Features(frozenset(enabled))

    @features.setter
    def features(self, features: Features) -> None:
        self._open()
        self._switches = {name: name in features for name in DEFAULTS}

    def cranelift_flag_enable(self, flag: str) -> None:
        """Switch a setting of the compiler on. `taipan settings` lists them; `Engine` refuses unknown ones."""
        self._open()
        self._flags.append((flag, "true"))

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """Change a setting of the compiler. `taipan settings` lists them; `Engine` refuses unknown ones."""
        self._open()
        self._flags.append((key, value))

    def __repr__(self) -> str:
        changed = {name: getattr(self, name) for name in self._values}
        changed |= {"wasm_" + name.replace("-", "_"): on for name, on in self._switches.items()}
        return f"Config({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def _consume(self) -> None:
        """Called by `Engine`: from here on the settings are the engine's.

        Raises ValueError if another engine has them, UnsupportedError for a setting that names what is not there yet.
        """
        self._open()
        for name in self._values:
            setting = type(self).__dict__.get(name)
            if isinstance(setting, Setting) and setting.missing and self._values[name] != setting.default:
                raise UnsupportedError(f"{setting.missing} (Config.{name}) is not supported yet: leave it off")
        self._state = "consumed"
