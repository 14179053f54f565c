"""Config: every setting readable, checked when set, consumed by the engine."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

import taipan
from taipan.config import GIB, KIB, MIB, Config, Feature, Setting
from taipan.errors import UnsupportedError, WasmError
from taipan.features import DEFAULTS

# wasmtime-py 50: name, a value that differs from the default
WASMTIME_BOOLS = """
    debug_info wasm_threads wasm_tail_call wasm_reference_types wasm_simd wasm_bulk_memory wasm_multi_value
    wasm_multi_memory wasm_memory64 wasm_relaxed_simd wasm_relaxed_simd_deterministic wasm_component_model
    wasm_component_model_map wasm_component_model_implements wasm_exceptions wasm_function_references wasm_gc
    wasm_wide_arithmetic wasm_custom_page_sizes wasm_stack_switching cranelift_debug_verifier epoch_interruption
    consume_fuel parallel_compilation shared_memory gc_support cranelift_nan_canonicalization memory_may_move
    native_unwind_info macos_use_mach_ports signals_based_traps memory_init_cow
"""
WASMTIME_SIZES = ("max_wasm_stack", "memory_reservation", "memory_guard_size", "memory_reservation_for_growth")


@pytest.mark.parametrize("name", WASMTIME_BOOLS.split())
def test_wasmtime_switches(name: str) -> None:
    config = Config()
    for value in (not getattr(config, name), getattr(config, name)):
        setattr(config, name, value)
        assert getattr(config, name) is value
    with pytest.raises(TypeError, match="expected a bool"):
        setattr(config, name, 1)


@pytest.mark.parametrize("name", WASMTIME_SIZES)
def test_wasmtime_sizes(name: str) -> None:
    config = Config()
    setattr(config, name, 3 * MIB)
    assert getattr(config, name) == 3 * MIB
    with pytest.raises(TypeError, match="expected an int"):
        setattr(config, name, "3")
    with pytest.raises(WasmError, match="must be a number of bytes"):
        setattr(config, name, -1)


@pytest.mark.parametrize(
    ("name", "good", "message"),
    [
        ("strategy", ["auto", "cranelift", "winch"], r"unknown strategy: x \(one of: auto, cranelift, winch\)"),
        ("compiler", ["auto", "baseline", "llvm"], r"unknown compiler: x \(one of: auto, baseline, llvm\)"),
        ("gil", ["adaptive", "release", "hold"], "unknown gil policy: x"),
        ("cranelift_opt_level", ["none", "speed", "speed_and_size"], "unknown opt level: x"),
        ("profiler", ["none", "jitdump", "vtune", "perfmap"], "unknown profiler: x"),
    ],
)
def test_named_values(name: str, good: list[str], message: str) -> None:
    config = Config()
    for value in good:
        setattr(config, name, value)
        assert getattr(config, name) == value
    with pytest.raises(WasmError, match=message):
        setattr(config, name, "x")
    assert getattr(config, name) == good[-1]


def test_counts() -> None:
    config = Config()
    config.compilation_threads = 3
    assert config.compilation_threads == 3
    for wrong in ("3", True):
        with pytest.raises(TypeError, match="expected an int"):
            config.compilation_threads = wrong
    with pytest.raises(WasmError, match="compilation_threads must be a number from 0 to 1024: -1"):
        config.compilation_threads = -1


def test_threads_that_compile() -> None:
    def num_workers(**settings: Any) -> int:
        config = Config()
        for name, value in settings.items():
            setattr(config, name, value)
        return taipan.Engine(config).num_workers

    assert 1 <= num_workers() <= 8
    assert num_workers(compilation_threads=20) == 20
    assert num_workers(compilation_threads=20, parallel_compilation=False) == 1


def test_unknown_attributes_are_errors() -> None:
    with pytest.raises(AttributeError):
        Config().wasm_smid = True  # type: ignore[attr-defined]


def test_every_proposal_has_an_attribute() -> None:
    attributes = {value.feature for value in vars(Config).values() if isinstance(value, Feature)}
    assert attributes == set(DEFAULTS)
    for name, on in DEFAULTS.items():
        assert getattr(Config(), "wasm_" + name.replace("-", "_")) is on


def test_every_setting_is_documented() -> None:
    for name, value in vars(Config).items():
        if isinstance(value, (Setting, Feature)):
            assert value.__doc__, name


def test_features_follow_their_dependencies() -> None:
    config = Config()
    config.wasm_simd = False
    assert "relaxed-simd" not in config.features  # on by default only: goes with what it needs
    config.wasm_relaxed_simd = True
    with pytest.raises(WasmError, match="relaxed-simd needs simd"):
        _ = config.features
    config = Config()
    config.wasm_reference_types = False
    assert not {"function-references", "gc", "exceptions"} & config.features.enabled


def test_static_and_dynamic_guards() -> None:
    config = Config()
    assert (config.static_memory_maximum_size, config.static_memory_guard_size) == (4 * GIB, 2 * GIB)
    assert (config.dynamic_memory_guard_size, config.dynamic_memory_reserved_for_growth) == (64 * KIB, 2 * GIB)
    assert config.guard_before_linear_memory is True
    config.static_memory_guard_size = 0
    config.dynamic_memory_guard_size = MIB  # raises the static one with it
    assert config.static_memory_guard_size == MIB
    config.memory_guard_size = 0  # wasmtime-py's knob means both
    assert (config.static_memory_guard_size, config.dynamic_memory_guard_size) == (0, 0)


def test_names_of_both_apis_are_one_setting() -> None:
    config = Config()
    config.memory_reservation = MIB
    config.memory_reservation_for_growth = 5 * MIB
    assert (config.static_memory_maximum_size, config.dynamic_memory_reserved_for_growth) == (MIB, 5 * MIB)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("shared_memory", True, "shared memories"),
        ("debug_info", True, "debug information"),
        ("cranelift_nan_canonicalization", True, "NaN canonicalization"),
        ("wasm_stack_switching", True, "stack switching"),
        ("profiler", "perfmap", "profiler"),
    ],
)
def test_what_is_not_there_is_refused_by_the_engine(name: str, value: Any, what: str) -> None:
    config = Config()
    setattr(config, name, value)
    with pytest.raises(UnsupportedError, match=what):
        config._consume()
    config = Config()
    setattr(config, name, value)
    setattr(config, name, getattr(Config(), name))  # back to the default
    config._consume()


@pytest.mark.parametrize("compiler", ["auto", "baseline"])
def test_cranelift_flags_are_refused_by_the_engine(compiler: str) -> None:
    config = Config()
    config.compiler = compiler
    config.cranelift_flag_enable("enable_probestack")
    with pytest.raises(WasmError, match=r"no setting enable_probestack \(it has: linkopt_padding"):
        taipan.Engine(config)


def test_target() -> None:
    config = Config()
    with pytest.raises(WasmError, match="Unrecognized architecture: zz"):
        config.target = "zz"
    config.target = f"{platform.machine()}-unknown-linux-gnu"
    config._consume()
    config = Config()
    config.target = "s390x-unknown-linux-gnu"
    with pytest.raises(UnsupportedError, match="cannot make code for s390x-unknown-linux-gnu"):
        taipan.Engine(config)


def test_cache(tmp_path: Path) -> None:
    config = Config()
    config.cache = True
    with pytest.raises(WasmError, match="failed to read config file: "):
        config.cache = str(tmp_path / "none.toml")
    (tmp_path / "some.toml").touch()
    config.cache = str(tmp_path / "some.toml")
    config._consume()


def test_a_consumed_config_is_closed_but_readable() -> None:
    config = Config()
    config.wasm_threads = True
    config._consume()
    with pytest.raises(ValueError, match="already closed"):
        config._consume()
    with pytest.raises(ValueError, match="already closed"):
        config.wasm_threads = False
    with pytest.raises(ValueError, match="already closed"):
        config.strategy = "auto"
    assert config.wasm_threads is True


def test_with_statement_closes() -> None:
    with Config() as config:
        config.wasm_gc = False
    with pytest.raises(ValueError, match="already closed"):
        config.wasm_gc = True


def test_repr_shows_what_was_changed() -> None:
    config = Config()
    assert repr(config) == "Config()"
    config.wasm_threads = True
    config.max_wasm_stack = 4096
    assert repr(config) == "Config(max_wasm_stack=4096, wasm_threads=True)"
