"""Which of LLVM's passes run, by the names of our setting. Not in `target.py`, so that settings load nothing else."""

from __future__ import annotations

from typing import Final, NamedTuple


class Pipeline(NamedTuple):
    """passes: the names of `PassManager.add_*_pass`; "" for LLVM's own choice for functions at that level.

    module: LLVM's pipeline for whole modules instead.  codegen: the level of code generation.  quick: without what can
    be left out of it function by function: scheduling and what cleans up behind the register allocator take 30 % of it
    at level 0, and gain nothing there.
    inline_bytes: of the largest function body that replaces calls, in wasm.
    """

    level: int
    passes: str
    module: bool
    codegen: int
    quick: bool
    inline_bytes: int
    description: str


MAKES_VALUES: Final = "sroa"
"""The pass that makes values of variables, needed by code that has some."""

# Before code is generated, where that is to be quick. The second wants the first.
QUICK: Final = ("noinline", "optnone")

PIPELINES: Final = {
    "fast": Pipeline(1, "instruction_combine simplify_cfg", False, 0, True, 20, "few passes: compiles fastest"),
    "default": Pipeline(1, "", False, 1, False, 40, "LLVM's function passes at level 1"),
    "aggressive": Pipeline(2, "", True, 1, False, 40, "LLVM's module passes at level 2, which vectorise"),
}
