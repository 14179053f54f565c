"""Records that tell the native runtime what to make: its structs MemoryPlan, TablePlan and GlobalPlan (`runtime.h`)."""

from __future__ import annotations

from struct import Struct
from typing import Final

_UNBOUNDED: Final = 0xFFFF_FFFF_FFFF_FFFF

_MEMORY: Final = Struct("<5Q6B2x")
_TABLE: Final = Struct("<2Q3B5x")


def memory_plan(
    min_pages: int,
    max_pages: int | None,
    is_64: bool,
    page_size_log2: int,
    shared: bool,
    reservation_bytes: int,
    guard_bytes: int,
    growth_reserve_bytes: int,
    guard_before: bool,
    may_move: bool,
) -> bytes:
    """A memory. max_pages: None if it has no maximum."""
    maximum = _UNBOUNDED if max_pages is None else max_pages
    sizes = (min_pages, maximum, reservation_bytes, guard_bytes, growth_reserve_bytes)
    return _MEMORY.pack(*sizes, page_size_log2, is_64, shared, guard_before, may_move, max_pages is not None)


def table_plan(minimum: int, maximum: int | None, is_64: bool, kind: int) -> bytes:
    """A table. maximum: None if it has none.  kind: `_native.KIND_*`."""
    return _TABLE.pack(minimum, _UNBOUNDED if maximum is None else maximum, is_64, kind, maximum is not None)


def global_plan(kind: int, mutable: bool) -> bytes:
    """A global. kind: `_native.KIND_*`."""
    return bytes((kind, mutable))
