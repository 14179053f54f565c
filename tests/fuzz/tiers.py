"""Target `tiers`: one generated module on the baseline tier, with LLVM, with tier-up forced in the middle, and in
wasmtime-py: what was observed is the same, and between the first three also backtraces and fuel.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import taipan
from tests.fuzz.execution import CONFIGURATIONS, Engine, difference, miscounted
from tests.fuzz.generate import Generated, generate

OPTIMIZED: tuple[dict[str, Any], ...] = (
    {"compiler": "llvm", "opt_level": "fast"},
    {"compiler": "llvm"},
    {"compiler": "llvm", "opt_level": "aggressive"},
    {"tier_up_calls": 1, "opt_level": "fast"},
    {"tier_up_calls": 2},
    {"tier_up_calls": 2, "opt_level": "aggressive"},
)
"""Of these a case takes one of LLVM's and one with tier-up."""

METERED = 0.1
"""How many cases run with fuel."""


def without_offsets(log: list[Any]) -> list[Any]:
    """Wasmtime names the instruction behind a load that it made an operand of that."""
    return [entry for entry in log if entry[1] != "offsets"]


class TiersTarget:
    def __init__(self, seed: str) -> None:
        import wasmtime

        self.other = Engine(wasmtime, frames=True, cranelift_opt_level="none", parallel_compilation=False)
        self.engines: dict[str, Engine] = {}
        self.counts: Counter[str] = Counter()

    def engine(self, **settings: Any) -> Engine:
        key = str(sorted(settings.items()))
        if key not in self.engines:
            self.engines[key] = Engine(taipan, frames=True, **settings)
        return self.engines[key]

    def case(self, source: random.Random) -> str:
        case = generate(source)
        memories = dict(source.choice(CONFIGURATIONS))
        metered = source.random() < METERED
        if metered:
            memories = {"consume_fuel": True}
        self.counts["modules"] += 1 + (case.before is not None)
        self.counts["calls"] += len(case.calls) + (len(case.before.calls) if case.before else 0)
        self.counts["with fuel"] += metered
        chosen = source.choice(OPTIMIZED[:3]), source.choice(OPTIMIZED[3:])
        return self.compared(case, memories, chosen, not metered)

    def compared(
        self, case: Generated, memories: dict[str, Any], chosen: tuple[dict[str, Any], ...], with_other: bool
    ) -> str:
        """The first difference, "" if there is none. with_other: also compare with wasmtime-py."""
        expected = self.engine(**memories, compiler="baseline").run(case)
        if with_other:
            found = difference(without_offsets(expected), without_offsets(self.other.run(case)))
            if found:
                return f"baseline against wasmtime: {found}"
        for settings in chosen:
            # Tier-up begins with lazily compiled code.
            lazy = {"lazy_compilation": True} if "tier_up_calls" in settings else {}
            engine = self.engine(**{**memories, **settings, **lazy})
            found = difference(engine.run(case), expected) or miscounted(engine)
            if found:
                return f"{settings} against baseline: {found}"
        return ""

    def all_differences(self, case: Generated) -> str:
        """With every setting of the optimizer."""
        return self.compared(case, {}, OPTIMIZED, True)
