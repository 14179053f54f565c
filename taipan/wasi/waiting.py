"""Waiting on the host for a guest, in such a way that another thread can end it.

A guest that sleeps or waits for input runs no wasm, so `Store.interrupt` could not reach it: it calls `Waker.wake`,
every wait here ends with InterruptedError (errno INTR for the guest), and the trap follows as the call returns to wasm.
"""

from __future__ import annotations

import errno
import os
import time
from _thread import RLock  # `threading` takes longer to import than all of WASI
from collections.abc import Callable
from typing import Final, final

NS_PER_MS: Final = 1_000_000
MAX_POLL_MS: Final = 0x7FFF_FFFF
READABLE: Final = 1
WRITABLE: Final = 4
FAILED: Final = 8
HUNG_UP: Final = 16
NOT_OPEN: Final = 32
"""POLLIN, POLLOUT, POLLERR, POLLHUP and POLLNVAL, the same numbers on every host that has poll."""


def _always() -> bool:
    return True


@final
class Waker:
    """One per guest. Waits are for one thread at a time, `wake` is for any, also for signal handlers.

    is_due: whether a wake still means something. An interrupt that ended wasm elsewhere must not end a later wait.
    """

    __slots__ = ("_is_due", "_lock", "_pending", "_read_fd", "_write_fd")

    def __init__(self, is_due: Callable[[], bool] = _always) -> None:
        self._is_due = is_due
        self._lock = RLock()  # a signal handler may call `wake` in the thread that holds it
        self._pending = False
        self._read_fd = self._write_fd = -1

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        with self._lock:
            if self._pending:  # one byte at most: a pipe that is full would make this wait
                return
            self._pending = True
            if self._write_fd >= 0:
                os.write(self._write_fd, b"\0")

    def close(self) -> None:
        with self._lock:
            if self._read_fd >= 0:
                os.close(self._read_fd)
                os.close(self._write_fd)
            self._read_fd = self._write_fd = -1

    def check(self) -> None:
        """Raise InterruptedError if woken: for work that lasts without waiting."""
        if self._pending:
            self._disarm()

    def wait(self, masks: dict[int, int], limit: int | None) -> dict[int, int]:
        """Wait until one of the host descriptors is ready. Returns those that are, with poll's events.

        masks: host descriptor -> READABLE | WRITABLE.  limit: ns, rounded up to ms; None waits for ever.
        Raises InterruptedError when woken.
        """
        import select

        poll = select.poll()
        for host_fd, mask in masks.items():
            poll.register(host_fd, mask)
        if limit == 0:
            return dict(poll.poll(0))
        own_fd = self._arm()
        poll.register(own_fd, READABLE)
        end = None if limit is None else time.monotonic_ns() + limit
        while True:
            left = None if end is None else end - time.monotonic_ns()
            happened = dict(poll.poll(None if left is None else min(max(-(-left // NS_PER_MS), 0), MAX_POLL_MS)))
            if happened.pop(own_fd, 0):
                self._disarm()
            elif happened or (left is not None and left <= MAX_POLL_MS * NS_PER_MS):
                return happened

    def sleep(self, duration: int) -> None:
        """Wait for some ns, exactly. Raises InterruptedError when woken."""
        end = time.monotonic_ns() + duration
        # poll counts in ms and rounds up; what is less than one is left for time.sleep.
        while (left := end - time.monotonic_ns()) > NS_PER_MS:
            self.wait({}, left // NS_PER_MS * NS_PER_MS)
        if left > 0:
            time.sleep(left / 1e9)

    def _arm(self) -> int:
        """The descriptor that `wake` makes readable."""
        with self._lock:
            if self._read_fd < 0:
                self._read_fd, self._write_fd = os.pipe()
                if self._pending:
                    os.write(self._write_fd, b"\0")
            return self._read_fd

    def _disarm(self) -> None:
        """Take the wake back. Raises InterruptedError if it was meant."""
        with self._lock:
            if self._read_fd >= 0:
                os.read(self._read_fd, 1)
            self._pending = False
        if self._is_due():
            raise InterruptedError(errno.EINTR, "woken by Store.interrupt")
