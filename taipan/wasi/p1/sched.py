"""sched_yield."""

from __future__ import annotations

import time
from typing import Final

from taipan.wasi.config import WasiContext
from taipan.wasi.p1.types import SUCCESS


def sched_yield(context: WasiContext, memory: memoryview) -> int:
    time.sleep(0)
    return SUCCESS


FUNCTIONS: Final = (("sched_yield", "", sched_yield),)
