"""Random bytes for guests: the host's secure source, or a seeded one for runs that can be repeated."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from taipan.wasi.waiting import Waker

RandomSource = Callable[[int], bytes]
"""Takes a number of bytes, returns that many."""

CHUNK_BYTES: Final = 1 << 20  # bound on the host memory that one request takes


def secure() -> RandomSource:
    return os.urandom


def seeded(seed: int) -> RandomSource:
    """The same bytes for the same seed. Not for secrets."""
    from random import Random

    return Random(seed).randbytes


def fill(source: RandomSource, view: memoryview, waker: Waker) -> None:
    """Overwrite `view` with random bytes. Raises InterruptedError when woken: 4 GiB take many seconds."""
    for start in range(0, len(view), CHUNK_BYTES):
        waker.check()
        part = view[start : start + CHUNK_BYTES]
        part[:] = source(len(part))
