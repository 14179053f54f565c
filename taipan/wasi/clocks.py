"""The clocks a guest can read and wait on. `VirtualClock` gives runs that do not depend on the time of day."""

from __future__ import annotations

import time
from typing import Final, Protocol, final

REALTIME: Final = 0
MONOTONIC: Final = 1
PROCESS_CPU: Final = 2
THREAD_CPU: Final = 3
"""The numbers of WASI preview 1."""


class Clock(Protocol):
    """What `WasiConfig.clock` accepts. clock_id: one of the four numbers above; times are in ns."""

    def now(self, clock_id: int) -> int: ...

    def resolution(self, clock_id: int) -> int: ...

    def sleep(self, duration: int) -> None: ...


@final
class SystemClock:
    """The host's clocks. The monotonic and CPU clocks count from when this object was made."""

    __slots__ = ("_monotonic", "_process", "_thread")

    def __init__(self) -> None:
        self._monotonic = time.monotonic_ns()
        self._process = time.process_time_ns()
        self._thread = time.thread_time_ns()

    def now(self, clock_id: int) -> int:
        if clock_id == MONOTONIC:
            return time.monotonic_ns() - self._monotonic
        if clock_id == REALTIME:
            return time.time_ns()
        if clock_id == PROCESS_CPU:
            return time.process_time_ns() - self._process
        # A guest that moves to another thread sees a clock that may have counted less.
        return max(time.thread_time_ns() - self._thread, 0)

    def resolution(self, clock_id: int) -> int:
        infos = (
            time.get_clock_info("time"),
            time.get_clock_info("monotonic"),
            time.get_clock_info("process_time"),
            time.get_clock_info("thread_time"),
        )
        return max(round(infos[clock_id].resolution * 1e9), 1)

    def sleep(self, duration: int) -> None:
        time.sleep(duration / 1e9)


@final
class VirtualClock:
    """Time that passes only when the guest looks or sleeps: the same in every run.

    start: realtime at the beginning, ns since 1970.  step: ns that pass with every look at any clock.
    """

    __slots__ = ("_elapsed", "_start", "_step")

    def __init__(self, start: int = 0, step: int = 1_000) -> None:
        if start < 0 or step < 0:
            raise ValueError(f"a virtual clock needs start >= 0 and step >= 0, in ns: got {start} and {step}")
        self._start = start
        self._step = step
        self._elapsed = 0

    def now(self, clock_id: int) -> int:
        self._elapsed += self._step
        return self._elapsed + (self._start if clock_id == REALTIME else 0)

    def resolution(self, clock_id: int) -> int:
        return max(self._step, 1)

    def sleep(self, duration: int) -> None:
        self._elapsed += duration
