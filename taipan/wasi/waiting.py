"""Waiting on the host for a guest, in such a way that another thread can end it.

A guest that sleeps or waits for input runs no wasm, so `Store.interrupt` could not reach it: it calls `Waker.wake`,
every wait here ends with InterruptedError (errno INTR for the guest), and the trap follows at wasm's next check.
"""

from __future__ import annotations

import errno
import os
import time
from _thread import allocate_lock  # `threading` takes longer to import than all of WASI
from typing import Final, final

NS_PER_MS: Final = 1_000_000
MAX_POLL_MS: Final = 0x7FFF_FFFF
READABLE: Final = 1
WRITABLE: Final = 4
FAILED: Final = 8 | 32
HUNG_UP: Final = 16
"""POLLIN, POLLOUT, POLLERR | POLLNVAL and POLLHUP, the same numbers on every host that has poll."""


@final
class Waker:
    """One per guest. Waits are for one thread at a time, `wake` is for any."""

    __slots__ = ("_lock", "_pending", "_read_fd", "_write_fd")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._pending = False
        self._read_fd = self._write_fd = -1

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        with self._lock:
            self._pending = True
            if self._write_fd >= 0:
                os.write(self._write_fd, b"\0")

    def close(self) -> None:
        with self._lock:
            if self._read_fd >= 0:
                os.close(self._read_fd)
                os.close(self._write_fd)
            self._read_fd = self._write_fd = -1

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
        poll.register(self._arm(), READABLE)
        happened = dict(poll.poll(None if limit is None else min(-(-limit // NS_PER_MS), MAX_POLL_MS)))
        self._disarm(happened)
        return happened

    def sleep(self, duration: int) -> None:
        """Wait for some ns, exactly. Raises InterruptedError when woken."""
        import select

        end = time.monotonic_ns() + duration
        # poll counts in ms and rounds up; what is less than one is left for time.sleep.
        while (left := end - time.monotonic_ns()) > NS_PER_MS:
            poll = select.poll()
            poll.register(self._arm(), READABLE)
            self._disarm(dict(poll.poll(min(left // NS_PER_MS, MAX_POLL_MS))))
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

    def _disarm(self, happened: dict[int, int]) -> None:
        with self._lock:
            if happened.pop(self._read_fd, 0):
                os.read(self._read_fd, 1 << 16)
                self._pending = False
                raise InterruptedError(errno.EINTR, "woken by Store.interrupt")
