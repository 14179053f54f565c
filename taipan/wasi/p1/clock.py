"""clock_res_get, clock_time_get."""

from __future__ import annotations

from typing import Final

from taipan.wasi.clocks import THREAD_CPU
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.types import INVAL, SUCCESS, U64

TIMESTAMP_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF


def clock_res_get(context: WasiContext, memory: memoryview, clock_id: int, resolution: int) -> int:
    if clock_id > THREAD_CPU:
        return INVAL
    U64.pack_into(memory, resolution, context.clock.resolution(clock_id))
    return SUCCESS


def clock_time_get(context: WasiContext, memory: memoryview, clock_id: int, precision: int, time: int) -> int:
    """precision is the lag that the guest would accept; there is none."""
    if clock_id > THREAD_CPU:
        return INVAL
    U64.pack_into(memory, time, context.clock.now(clock_id) & TIMESTAMP_MASK)
    return SUCCESS


FUNCTIONS: Final = (
    ("clock_res_get", "ip", clock_res_get),
    ("clock_time_get", "iIp", clock_time_get),
)
