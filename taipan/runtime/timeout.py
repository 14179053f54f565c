"""`with store.timeout(seconds)`: wasm that runs longer is interrupted.

While a block's time is over, every call of the store traps; the condition is the block's and ends with it, so that a
timer which fires at the last moment stops nothing that comes after the block.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from taipan.runtime.store import Store

TIMEOUT_BIT: Final = 4
"""Of `StoreBase._interrupt`: the time of an open block is over."""


@final
class Timeout:
    """seconds: how long the block may last.  expired: whether the time was over before the block ended."""

    __slots__ = ("_lock", "_open", "_store", "_timer", "expired", "seconds")

    def __init__(self, store: Store, seconds: float) -> None:
        """Raises TypeError if seconds is no number, ValueError if it is negative or NaN."""
        if not isinstance(seconds, (int, float)):
            raise TypeError("expected a number of seconds")
        if not seconds >= 0:
            raise ValueError(f"a timeout must not be negative: {seconds}")
        self._store = store
        self.seconds = min(seconds, threading.TIMEOUT_MAX)
        self._lock = threading.Lock()
        self._open = False
        self._timer: threading.Timer | None = None
        self.expired = False

    def __enter__(self) -> Timeout:
        if self._timer is not None:
            raise RuntimeError("a timeout can be used once")
        self._timer = threading.Timer(self.seconds, self._expire)
        self._timer.daemon = True
        self._store._timeouts.append(self)
        self._open = True
        try:
            self._timer.start()
        except RuntimeError:  # no more threads
            self._close()
            raise
        return self

    def __exit__(self, *exception: Any) -> None:
        assert self._timer is not None
        self._timer.cancel()
        self._close()

    def _expire(self) -> None:
        with self._lock:
            if self._open:
                self.expired = True
                self._store._stop(TIMEOUT_BIT)

    def _close(self) -> None:
        with self._lock:
            self._open = False
        store = self._store
        store._timeouts.remove(self)
        if self.expired:
            store._interrupt(0, TIMEOUT_BIT)
            # A block around this one may have expired before the condition was cleared.
            if any(outer.expired for outer in store._timeouts):
                store._stop(TIMEOUT_BIT)

    def __repr__(self) -> str:
        return f"<Timeout of {self.seconds} s, {'expired' if self.expired else 'not expired'}>"
