"""random_get."""

from __future__ import annotations

from typing import Final

from taipan.wasi import random
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.memory import view
from taipan.wasi.p1.types import SUCCESS


def random_get(context: WasiContext, memory: memoryview, buf: int, buf_len: int) -> int:
    random.fill(context.random, view(memory, buf, buf_len), context.waker)
    return SUCCESS


FUNCTIONS: Final = (("random_get", "pi", random_get),)
