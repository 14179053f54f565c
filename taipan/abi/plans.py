"""Records that tell the native runtime what to make. The C structs are generated from the same rows."""

from __future__ import annotations

from struct import Struct
from typing import Final

# record -> ((field, code in `struct` formats: Q 8 bytes, B 1 byte), ...); a multiple of the largest field's size in all
PLANS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "MemoryPlan": (
        ("min_pages", "Q"),
        ("max_pages", "Q"),  # the largest number also without a maximum
        ("max_bytes", "Q"),  # the same, or the most pages that 64 bits count the bytes of
        ("bound_bytes", "Q"),  # the most it can ever have: its maximum, and what its index type can count
        ("reservation_bytes", "Q"),  # this and the next two: whole host pages
        ("guard_bytes", "Q"),
        ("growth_reserve_bytes", "Q"),
        ("page_size_log2", "B"),
        ("is_64", "B"),
        ("shared", "B"),
        ("guard_before", "B"),
        ("may_move", "B"),
        ("has_max", "B"),
        ("unused", "2x"),
    ),
    "TablePlan": (
        ("min", "Q"),
        ("max", "Q"),  # the largest number also without a maximum
        ("is_64", "B"),
        ("kind", "B"),
        ("has_max", "B"),
        ("unused", "5x"),
    ),
    "GlobalPlan": (("kind", "B"), ("is_mutable", "B")),
}

HOST_PAGE_BYTES: Final = 4096
"""Larger on no x86-64 Linux."""

_UNBOUNDED: Final = 0xFFFF_FFFF_FFFF_FFFF


def record(name: str) -> Struct:
    """What packs a record of PLANS."""
    return Struct("<" + "".join([code for _, code in PLANS[name]]))


_MEMORY: Final = record("MemoryPlan")
_TABLE: Final = record("TablePlan")


def host_pages(size: int) -> int:
    """Bytes rounded up to whole pages of the host, or down if there are not so many."""
    return min(size + HOST_PAGE_BYTES - 1, _UNBOUNDED) & -HOST_PAGE_BYTES


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
    max_bytes = _UNBOUNDED if max_pages is None else min(max_pages, _UNBOUNDED >> page_size_log2) << page_size_log2
    # memory.size has to return the number of pages, also of a memory whose pages are single bytes.
    countable = _UNBOUNDED if is_64 else 1 << 32 if page_size_log2 else (1 << 32) - 1
    sizes = [host_pages(size) for size in (reservation_bytes, guard_bytes, growth_reserve_bytes)]
    flags = (page_size_log2, is_64, shared, guard_before, may_move, max_pages is not None)
    return _MEMORY.pack(min_pages, maximum, max_bytes, min(max_bytes, countable), *sizes, *flags)


def table_plan(minimum: int, maximum: int | None, is_64: bool, kind: int) -> bytes:
    """A table. maximum: None if it has none.  kind: `_native.KIND_*`."""
    return _TABLE.pack(minimum, _UNBOUNDED if maximum is None else maximum, is_64, kind, maximum is not None)


def global_plan(kind: int, mutable: bool) -> bytes:
    """A global. kind: `_native.KIND_*`."""
    return bytes((kind, mutable))
