"""Which of LLVM's passes run, by the names of our setting. Not in `target.py`, so that settings load nothing else."""

from __future__ import annotations

from typing import Final, NamedTuple


class Pipeline(NamedTuple):
    """passes: for each function, the names of `FunctionPassManager.add_*_pass`; "" for LLVM's own choice at that level.

    module: LLVM's pipeline for whole modules instead.  codegen: the level of code generation.
    inline_bytes: of the largest function body that replaces calls, in wasm.
    """

    level: int
    passes: str
    module: bool
    codegen: int
    inline_bytes: int
    description: str


PIPELINES: Final = {
    "fast": Pipeline(1, "sroa instruction_combine simplify_cfg", False, 0, 20, "few passes: compiles fastest"),
    "default": Pipeline(1, "", False, 1, 40, "LLVM's function passes at level 1"),
    "aggressive": Pipeline(2, "", True, 1, 40, "LLVM's module passes at level 2, which vectorise"),
}
