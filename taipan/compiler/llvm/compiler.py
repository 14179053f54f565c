"""The LLVM compiler's face to the engine: functions in, machine code and its tables out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.llvm import x64
from taipan.compiler.llvm.continuation import ContinuationCompiler
from taipan.compiler.llvm.function import FunctionCompiler, Plan
from taipan.compiler.llvm.link import ObjectReader
from taipan.compiler.llvm.target import PIPELINES, object_code
from taipan.compiler.llvm.text import ModuleText
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.machine import Machine


@final
class LLVMCompiler:
    """Compiles functions of one module. May be used by several threads at once.

    pipeline: one of PIPELINES.  cpu_flags: what the target processor can do, by the names in /proc/cpuinfo.
    """

    def __init__(
        self, env: ModuleEnv, cpu_flags: frozenset[str], pipeline: str = "default", machine: Machine = x64
    ) -> None:
        self.env: Final = env
        self.pipeline: Final = PIPELINES[pipeline]
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
        if self.env.tunables.consume_fuel:
            refusal = UnsupportedError("the LLVM compiler does not count fuel: the baseline compiler does")
            return [refusal] * (len(defined_indices) + len(loops or ()))
        ir = ModuleText(self.machine)
        work = [FunctionCompiler(self.env, ir, index) for index in defined_indices]
        work += [ContinuationCompiler(self.env, ir, *loop) for loop in loops or ()]
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
            reader = ObjectReader(object_code(text, pipeline, self.machine.TRIPLE, self.cpu), self.machine)
            for n, plan in plans.items():
                try:
                    results[n] = reader.function(plan)
                except UnsupportedError as error:
                    results[n] = self.named(error, plan.function)
        return [results[n] for n in range(len(work))]

    def named(self, error: UnsupportedError, defined_index: int) -> UnsupportedError:
        return UnsupportedError(f"{error} (function {defined_index + int(self.env.num_imported_funcs)})")
