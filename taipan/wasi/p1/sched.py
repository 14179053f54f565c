"""sched_yield."""

from __future__ import annotations

import os
from typing import Final

from taipan.wasi.context import WasiContext
from taipan.wasi.p1.types import SUCCESS


def sched_yield(context: WasiContext, memory: memoryview) -> int:
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    return SUCCESS


FUNCTIONS: Final = (("sched_yield", "", sched_yield),)
