"""Which compilers there are, and which one an engine gets.

A compiler is imported when an engine chooses it, and its code generator when a module is made, so that what is not
installed is not missed. Without any compiler artifacts still run (R-31).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, final

from taipan.compiler.environ import ModuleEnv
from taipan.compiler.interface import Builder, Compiler, ModuleCompiler, Option
from taipan.errors import UnsupportedError, WasmError

COMPILERS: Final[dict[str, tuple[str, str]]] = {
    "baseline": ("taipan.compiler.baseline.builder", "BaselineBuilder"),
    "llvm": ("taipan.compiler.llvm.builder", "LlvmBuilder"),
}
"""Name -> module and class of the builder."""


def builder(choice: str | Builder, cross: bool = False) -> Builder:
    """The builder that `Config.compiler` asks for: a name, "auto", or a builder from outside, of which a copy is used.

    Raises UnsupportedError for a compiler that is not installed. "auto" takes what there is, also if that is nothing.
    cross: the code is for another machine, for which "auto" means LLVM.
    """
    if not isinstance(choice, str):
        return choice.clone()
    if choice != "auto":
        return make_builder(choice)
    if cross:
        return make_builder("llvm")
    try:
        return make_builder("baseline")
    except UnsupportedError:
        return NoCompiler()


def make_builder(name: str) -> Builder:
    """A builder of this package with default settings. Raises UnsupportedError if the compiler is not installed."""
    home, cls = COMPILERS[name]
    try:
        made: Builder = getattr(import_module(home), cls)()
    except ImportError as error:
        raise UnsupportedError(f"the {name} compiler is not installed: {error}") from error
    return made


def optimizing_builder(choice: Builder | None) -> Builder | None:
    """For hot functions: the builder that `Config.optimizer` names, else LLVM's, else None if that is not installed."""
    if choice is not None:
        return choice.clone()
    try:
        return make_builder("llvm")
    except UnsupportedError:
        return None


def builders() -> list[Builder]:
    """Builders of all installed compilers."""
    found = []
    for name in COMPILERS:
        try:
            found.append(make_builder(name))
        except UnsupportedError:
            continue
    return found


@final
class NoCompiler:
    """A builder and compiler that fails all requests to compile."""

    name: Final = "none"
    triple: Final = ""
    description: Final = "none"
    slow: Final = False
    cpu_flags: Final[frozenset[str]] = frozenset()

    def target(self, triple: str) -> None:
        raise UnsupportedError("no compiler available: only precompiled modules can be run")

    def set(self, name: str, value: str) -> None:
        raise WasmError(f"no compiler available to set {name}")

    def enable(self, flag: str) -> None:
        self.set(flag, "true")

    def settings(self) -> Sequence[Option]:
        return ()

    def clone(self) -> Builder:
        return self

    def build(self) -> Compiler:
        return self

    def module(self, env: ModuleEnv) -> ModuleCompiler:
        raise UnsupportedError("no compiler available: only precompiled modules can be run")
