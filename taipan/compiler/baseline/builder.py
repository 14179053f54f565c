"""The baseline compiler as `interface.py` wants compilers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final

from taipan.compiler import cpu
from taipan.compiler.interface import Option, Settings
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.baseline.compiler import BaselineCompiler
    from taipan.compiler.environ import ModuleEnv

NAME: Final = "baseline"


@final
class BaselineBuilder:
    """Settings of the single-pass compiler: only how images are laid out."""

    __slots__ = ("_settings", "_triple")

    def __init__(self) -> None:
        self._settings = Settings()
        self._triple = f"{os.uname().machine}-unknown-linux-gnu"

    @property
    def name(self) -> str:
        return NAME

    @property
    def triple(self) -> str:
        return self._triple

    def target(self, triple: str) -> None:
        if triple.partition("-")[0] != "x86_64":
            raise UnsupportedError(f"the baseline compiler cannot make code for {triple}, only for x86_64")
        self._triple = triple

    def set(self, name: str, value: str) -> None:
        self._settings.set(NAME, name, value)

    def enable(self, flag: str) -> None:
        self.set(flag, "true")

    def settings(self) -> Sequence[Option]:
        return list(self._settings.options.values())

    def clone(self) -> BaselineBuilder:
        copy = BaselineBuilder()
        copy._settings = self._settings.copy()
        copy._triple = self._triple
        return copy

    def build(self) -> Baseline:
        if self._triple.partition("-")[0] != "x86_64":
            raise UnsupportedError(f"the baseline compiler cannot make code for {self._triple}, only for x86_64")
        return Baseline(self._triple, self._settings.copy())


@final
class Baseline:
    """One engine's compiler. Settings do not change any more."""

    __slots__ = ("settings", "triple")

    def __init__(self, triple: str, settings: Settings) -> None:
        self.triple: Final = triple
        self.settings: Final = settings

    @property
    def name(self) -> str:
        return NAME

    @property
    def cpu_flags(self) -> frozenset[str]:
        return cpu.host_flags() & cpu.USED

    @property
    def description(self) -> str:
        return self.settings.describe(NAME)

    def module(self, env: ModuleEnv) -> BaselineCompiler:
        from taipan.compiler.baseline.compiler import BaselineCompiler

        return BaselineCompiler(env, self.settings.padding, self.settings.force_veneers)
