"""A compiler from outside the package (R-30): every function it makes traps. And what all builders have in common."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

import pytest

import taipan
from taipan.abi import layout, traps
from taipan.compiler import driver
from taipan.compiler.artifact import CompiledFunction, Image
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.image import X64, ImageBuilder
from taipan.compiler.interface import Builder, Option, Settings

# push rbp; mov rbp, rsp; mov rax, [rdi + builtins]; call [rax + 8 * trap]
CODE: Final = bytes.fromhex("55 4889e5 488b4710 ff10")


class Opaque:
    """What this compiler calls a compiled function."""

    def __init__(self, wasm_offset: int) -> None:
        self.wasm_offset = wasm_offset


class ToyModule:
    def __init__(self, env: ModuleEnv, trap: int) -> None:
        self.env = env
        self.trap = trap

    def compile(self, indices: Sequence[int]) -> list[Opaque]:
        return [Opaque(int(self.env.module.body_starts[index])) for index in indices]

    def emit(self, compiled: Opaque) -> CompiledFunction:
        site = struct.pack("<4I", len(CODE), compiled.wasm_offset, layout.SITE_TRAP | self.trap << 8, 0)
        return CompiledFunction(CODE, b"", site, b"")

    def image(self, num_workers: int) -> Image:
        builder = ImageBuilder(X64)
        for compiled in self.compile(range(len(self.env.module.body_starts))):
            builder.add(self.emit(compiled))
        return builder.finish()


class Toy:
    name = "toy"
    triple = "x86_64-unknown-linux-gnu"
    cpu_flags: frozenset[str] = frozenset()
    description = "1"
    slow = False

    def __init__(self, trap: int) -> None:
        self.trap = trap

    def module(self, env: ModuleEnv) -> ToyModule:
        return ToyModule(env, self.trap)


class ToyBuilder:
    name = "toy"
    triple = "x86_64-unknown-linux-gnu"

    def __init__(self) -> None:
        self.options = Settings(Option("trap", "num", str(traps.UNREACHABLE), "the trap that every call ends in"))

    def target(self, triple: str) -> None:
        raise taipan.UnsupportedError(triple)

    def set(self, name: str, value: str) -> None:
        self.options.set("toy", name, value)

    def enable(self, flag: str) -> None:
        self.set(flag, "true")

    def settings(self) -> Sequence[Option]:
        return list(self.options.options.values())

    def clone(self) -> ToyBuilder:
        copy = ToyBuilder()
        copy.options = self.options.copy()
        return copy

    def build(self) -> Toy:
        return Toy(int(self.options.values["trap"]))


SOURCE = '(module (func (export "f") (result i32) (i32.const 1)) (func (export "g") (param i64)))'


@pytest.mark.parametrize("lazy", [True, False])
def test_compiler_from_outside(lazy: bool) -> None:
    config = taipan.Config()
    config.compiler = ToyBuilder()
    config.lazy_compilation = lazy
    config.cranelift_flag_set("trap", str(traps.INTEGER_OVERFLOW))
    engine = taipan.Engine(config)
    store = taipan.Store(engine)
    exports = taipan.Instance(store, taipan.Module(engine, SOURCE), []).exports(store)
    for call in (lambda: exports["f"](store), lambda: exports["g"](store, 1)):
        with pytest.raises(taipan.Trap, match="integer overflow"):
            call()


def test_its_artifacts_run_with_any_compiler() -> None:
    config = taipan.Config()
    config.compiler = ToyBuilder()
    artifact = taipan.Engine(config).precompile_module(SOURCE)
    engine = taipan.Engine()
    store = taipan.Store(engine)
    toy = taipan.Instance(store, taipan.Module.deserialize(engine, artifact), []).exports(store)
    own = taipan.Instance(store, taipan.Module(engine, SOURCE), []).exports(store)
    assert own["f"](store) == 1
    with pytest.raises(taipan.Trap, match="unreachable"):
        toy["f"](store)


def test_the_builder_is_copied() -> None:
    builder = ToyBuilder()
    config = taipan.Config()
    config.compiler = builder
    config.cranelift_flag_set("trap", "7")
    taipan.Engine(config)
    assert builder.options.values["trap"] == str(traps.UNREACHABLE)


@pytest.mark.parametrize("builder", driver.builders(), ids=lambda builder: builder.name)
class TestBuilders:
    def test_settings_are_described(self, builder: Builder) -> None:
        for option in builder.settings():
            assert option.description
            assert option.check(option.default) == option.default
            assert (option.kind == "enum") == bool(option.values)

    def test_unknown_settings_are_errors(self, builder: Builder) -> None:
        with pytest.raises(taipan.WasmError, match="has no setting nope"):
            builder.clone().set("nope", "1")
        with pytest.raises(taipan.WasmError, match="must be true or false"):
            builder.clone().set("linkopt_force_jump_veneer", "maybe")

    def test_copies_are_independent(self, builder: Builder) -> None:
        copy = builder.clone()
        copy.enable("linkopt_force_jump_veneer")
        assert copy.name == builder.name
        assert [option.name for option in copy.settings()] == [option.name for option in builder.settings()]

    def test_machines_nobody_knows(self, builder: Builder) -> None:
        with pytest.raises(taipan.UnsupportedError, match="sparc"):
            builder.clone().target("sparc-sun-solaris")


def test_names_that_are_no_compiler() -> None:
    with pytest.raises(taipan.WasmError, match="unknown compiler"):
        taipan.Config().compiler = "gcc"
