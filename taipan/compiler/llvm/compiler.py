"""The LLVM compiler's face to the engine: functions in, machine code and its tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.llvm import x64
from taipan.compiler.llvm.continuation import ContinuationCompiler
from taipan.compiler.llvm.function import FunctionCompiler, Plan
from taipan.compiler.llvm.link import ObjectReader
from taipan.compiler.llvm.pipelines import MAKES_VALUES, PIPELINES
from taipan.compiler.llvm.target import object_code
from taipan.compiler.llvm.text import ModuleText
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.machine import Machine

Loop = tuple[int, int | None]
"""A function by its defined index, or its continuation from the loop at a wasm offset."""


@final
class LLVMCompiler:
    """Compiles functions of one module. May be used by several threads at once.

    pipeline: one of PIPELINES.  cpu_flags: what the target processor can do, by the names in /proc/cpuinfo.
    inline: whether small functions are written in place of their calls.
    """

    def __init__(
        self,
        env: ModuleEnv,
        cpu_flags: frozenset[str],
        pipeline: str = "default",
        machine: Machine = x64,
        inline: bool = True,
    ) -> None:
        self.env: Final = env
        self.pipeline: Final = PIPELINES[pipeline]
        # A call that is counted is one that happens: it may be where the fuel ends.
        self.inline_bytes: Final = self.pipeline.inline_bytes if inline and not env.tunables.consume_fuel else 0
        self.machine: Final = machine
        self.cpu: Final = machine.cpu_name(cpu_flags)

    def compile_function(self, defined_index: int) -> CompiledFunction:
        """Compile a function of a valid module. Raises UnsupportedError for what this compiler cannot do."""
        made = self.compile_chunk([defined_index])[0]
        if isinstance(made, UnsupportedError):
            raise made
        return made

    def compile_chunk(
        self, defined_indices: list[int], loops: list[tuple[int, int]] | None = None
    ) -> list[CompiledFunction | UnsupportedError]:
        """Compile some functions at once, which costs half as much as one by one; in their order.

        loops: behind them, continuations of functions: (defined index, wasm offset of a loop).
        """
        wanted: list[Loop] = [*((index, None) for index in defined_indices), *(loops or ())]
        made, inlined = self._compile(wanted, self.inline_bytes)
        # What inlining may have made too large or too complex is left as it was written.
        again = [n for n in inlined if isinstance(made[n], UnsupportedError)]
        if again:
            for n, result in zip(again, self._compile([wanted[n] for n in again], 0)[0], strict=True):
                made[n] = result
        return made

    def _compile(
        self, wanted: list[Loop], inline_bytes: int
    ) -> tuple[list[CompiledFunction | UnsupportedError], list[int]]:
        """What became of each, and positions of those into which something was inlined."""
        ir = ModuleText(self.machine)
        work = [
            FunctionCompiler(self.env, ir, index, inline_bytes, self.pipeline.module)
            if loop is None
            else ContinuationCompiler(self.env, ir, index, loop, inline_bytes)
            for index, loop in wanted
        ]
        plans: dict[int, Plan] = {}
        results: dict[int, CompiledFunction | UnsupportedError] = {}
        for n, function in enumerate(work):
            try:
                plans[n] = function.compile()
            except UnsupportedError as error:
                results[n] = self.named(error, function.defined_index)
        if plans:
            text = ir.text({f"@{plan.name}" for plan in plans.values()}, self.cpu, "")
            pipeline = self.pipeline
            if pipeline.codegen == 0 and any(plan.makes_tail_calls for plan in plans.values()):
                # Quick code generation has not the pass that puts returns behind the calls again.
                pipeline = PIPELINES["default"]
            if pipeline.passes and (self.env.tunables.consume_fuel or any(loop is not None for _, loop in wanted)):
                pipeline = pipeline._replace(passes=f"{MAKES_VALUES} {pipeline.passes}")
            reader = ObjectReader(object_code(text, pipeline, self.machine.TRIPLE, self.cpu), self.machine)
            for n, plan in plans.items():
                try:
                    results[n] = reader.function(plan)
                except UnsupportedError as error:
                    results[n] = self.named(error, plan.function)
        return [results[n] for n in range(len(work))], [n for n, one in enumerate(work) if len(one.bodies) > 1]

    def named(self, error: UnsupportedError, defined_index: int) -> UnsupportedError:
        return UnsupportedError(f"{error} (function {defined_index + int(self.env.num_imported_funcs)})")
