"""The baseline compiler as `interface.py` wants compilers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.compiler import cpu
from taipan.compiler.interface import OwnBuilder, Settings

if TYPE_CHECKING:
    from taipan.compiler.baseline.compiler import BaselineCompiler
    from taipan.compiler.environ import ModuleEnv

NAME: Final = "baseline"


@final
class BaselineBuilder(OwnBuilder):
    """Settings of the single-pass compiler: only how images are laid out."""

    NAME = NAME

    def build(self) -> Baseline:
        return Baseline(*self._built())


@final
class Baseline:
    """One engine's compiler. Settings do not change any more."""

    __slots__ = ("settings", "triple")

    slow: Final = False

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
