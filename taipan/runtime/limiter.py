"""How the native runtime asks a store's limiter, an object with `memory_growing(current, desired, maximum)` and
`table_growing(...)`, and if it likes `memory_grow_failed(error)` and `table_grow_failed(error)`.
"""

from __future__ import annotations

from typing import Any

from taipan.errors import WasmError


def ask_limiter(limiter: Any, is_table: bool, current: int, desired: int, maximum: int) -> Any:
    """Whether a memory (bytes) or table (elements) may have the desired size.

    current: 0 for a new one.  maximum: -1 if none is declared; limiters get None.
    """
    ask = limiter.table_growing if is_table else limiter.memory_growing
    return ask(current, desired, None if maximum < 0 else maximum)


def tell_limiter(limiter: Any, is_table: bool, delta: int, why: str) -> None:
    """An allowed growth by `delta` pages or elements failed."""
    what = "table" if is_table else "memory"
    tell = getattr(limiter, f"{what}_grow_failed", None)
    if tell is not None:
        tell(WasmError(f"failed to grow {what} by `{delta}`: {why}"))
