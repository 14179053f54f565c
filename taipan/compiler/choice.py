"""Which compiler an engine uses, and how hard it tries. Imports no compiler."""

from __future__ import annotations

from typing import Final, NamedTuple


class Choice(NamedTuple):
    """compiler: "baseline" or "llvm".  pipeline: LLVM's, see `llvm/target.py`."""

    compiler: str = "baseline"
    pipeline: str = "default"

    def prepare(self) -> None:
        """Load what it needs. Raises UnsupportedError if that is not installed."""
        if self.compiler == "llvm":
            from taipan.compiler.llvm.target import load_llvm

            load_llvm()


BASELINE: Final = Choice()
