"""How much address space a process may still have: under `ulimit -v` reservations of gigabytes are too much."""

from __future__ import annotations

from typing import Final

RESERVATIONS: Final = 4
"""What is reserved for a memory, or for code, has to be there this many times: other memories need some, too."""

_MAP_NORESERVE: Final = 0x4000
"""Linux; in `mmap` from CPython 3.13 on."""


def has_room(size: int) -> bool:
    """Whether there is room for RESERVATIONS times so many bytes: mapped without access, then unmapped."""
    import mmap

    try:
        mmap.mmap(-1, RESERVATIONS * size or 1, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE, 0).close()
    except (OSError, OverflowError):
        return False
    return True


def affordable(size: int, least: int) -> int:
    """The size, halved until there is plenty of room for it, but not below `least`."""
    while size > least and not has_room(2 * size):
        size = max(size // 2, least)
    return size
