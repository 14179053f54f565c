"""Reading and writing host descriptors that may make one wait, such as pipes and terminals: `Waker.wake` ends that.

The descriptors may be the host process's own, so their flags stay as they are: each transfer waits until it is
possible, and then takes no more than is possible without waiting.
"""

from __future__ import annotations

import os

from taipan.wasi.waiting import READABLE, WRITABLE, Waker


def read(waker: Waker, host_fd: int, views: list[memoryview]) -> int:
    """As readv. Reading nothing does not wait."""
    if not any(views):
        return 0
    while True:
        waker.wait({host_fd: READABLE}, None)
        try:
            return os.readv(host_fd, views)
        except BlockingIOError:  # another reader was faster
            continue


def write(waker: Waker, host_fd: int, views: list[memoryview]) -> int:
    """As writev: all of it. Less if woken, or if an error follows, in between; the next call will see the error."""
    from select import PIPE_BUF  # what a pipe takes at once when poll calls it writable

    if sum(map(len, views)) <= PIPE_BUF:
        return _write_part(waker, host_fd, views)
    written = 0
    for view in views:
        for start in range(0, len(view), PIPE_BUF):
            part = view[start : start + PIPE_BUF]
            try:
                count = _write_part(waker, host_fd, [part])
            except OSError:
                if written:
                    return written
                raise
            written += count
            if count < len(part):
                return written
    return written


def _write_part(waker: Waker, host_fd: int, views: list[memoryview]) -> int:
    while True:
        waker.wait({host_fd: WRITABLE}, None)
        try:
            return os.writev(host_fd, views)
        except BlockingIOError:  # another writer was faster, or the descriptor's owner made it non-blocking
            continue


def drop(views: list[memoryview], count: int) -> list[memoryview]:
    """What is left of the views after their first `count` bytes."""
    left = []
    for view in views:
        taken = min(count, len(view))
        count -= taken
        if taken < len(view):
            left.append(view[taken:])
    return left
