"""poll_oneoff: wait for clocks and descriptors."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from struct import Struct
from typing import Final

from taipan.wasi.clocks import MONOTONIC, REALTIME, SystemClock
from taipan.wasi.context import WasiContext
from taipan.wasi.p1.descriptors import Descriptor
from taipan.wasi.p1.memory import view
from taipan.wasi.p1.types import (
    BADF,
    EVENT,
    EVENT_CLOCK,
    EVENT_FD_READ,
    EVENT_FD_WRITE,
    EVENT_HANGUP,
    INVAL,
    RIGHT_FD_READ,
    RIGHT_FD_WRITE,
    RIGHT_POLL_FD_READWRITE,
    SUBSCRIPTION,
    SUBSCRIPTION_CLOCK_ABSTIME,
    SUCCESS,
    U32,
    UNSTABLE_SUBSCRIPTION,
    GuestError,
)
from taipan.wasi.waiting import FAILED, HUNG_UP, NOT_OPEN, READABLE, WRITABLE

MAX_SUBSCRIPTIONS: Final = 1 << 16  # more than a guest can have descriptors; each costs the host a step per call

MAX_SLEEP: Final = 1 << 62  # ns; the host's clocks end soon after
_RIGHTS: Final = {EVENT_FD_READ: RIGHT_FD_READ, EVENT_FD_WRITE: RIGHT_FD_WRITE}
_MASKS: Final = {EVENT_FD_READ: READABLE, EVENT_FD_WRITE: WRITABLE}

# userdata, type, clock id or descriptor, timeout in ns, flags
Subscription = tuple[int, int, int, int, int]
# userdata, errno, type, nbytes, flags
Event = tuple[int, int, int, int, int]


def poll_oneoff(
    context: WasiContext, memory: memoryview, subscriptions: int, events: int, count: int, size: int
) -> int:
    return _poll(context, memory, subscriptions, events, count, size, SUBSCRIPTION)


def unstable_poll_oneoff(
    context: WasiContext, memory: memoryview, subscriptions: int, events: int, count: int, size: int
) -> int:
    return _poll(context, memory, subscriptions, events, count, size, UNSTABLE_SUBSCRIPTION)


def _poll(
    context: WasiContext,
    memory: memoryview,
    subscriptions: int,
    events: int,
    count: int,
    size: int,
    layout: Struct,
) -> int:
    if not 0 < count <= MAX_SUBSCRIPTIONS:
        return INVAL
    wanted = _read_subscriptions(view(memory, subscriptions, count * layout.size), layout)
    out = view(memory, events, count * EVENT.size)
    happened = _wait(context, wanted)
    for position, event in enumerate(happened):
        EVENT.pack_into(out, position * EVENT.size, *event)
    U32.pack_into(memory, size, len(happened))
    return SUCCESS


def _read_subscriptions(records: memoryview, layout: Struct) -> list[Subscription]:
    if layout is SUBSCRIPTION:
        return [
            (data, kind, what, timeout, flags) for data, kind, what, timeout, _, flags in layout.iter_unpack(records)
        ]
    return [
        (data, kind, clock if kind == EVENT_CLOCK else identifier & 0xFFFF_FFFF, timeout, flags)
        for data, kind, identifier, clock, timeout, _, flags in layout.iter_unpack(records)
    ]


def _wait(context: WasiContext, wanted: list[Subscription]) -> list[Event]:
    """The events of the subscriptions, in their order, that have happened when the first of them has."""
    clocks: dict[int, int] = {}
    ready: dict[int, Event] = {}
    waiting: dict[int, int] = {}
    for position, subscription in enumerate(wanted):
        data, kind, what, _, _ = subscription
        try:
            if kind == EVENT_CLOCK:
                clocks[position] = _remaining(context, subscription)
            elif kind in (EVENT_FD_READ, EVENT_FD_WRITE):
                found = context.descriptors.get(what, RIGHT_POLL_FD_READWRITE | _RIGHTS[kind])
                if found.host_fd < 0 or (found.file is not None and stat.S_ISREG(found.file.mode)):
                    ready[position] = (data, SUCCESS, kind, *_file_state(found, kind))
                else:
                    waiting[position] = found.host_fd
            else:
                raise GuestError(INVAL)
        except GuestError as problem:
            ready[position] = (data, problem.code, kind, 0, 0)
    limit = 0 if ready else min(clocks.values(), default=None)
    if waiting:
        ready.update(_wait_for_host(context, wanted, waiting, limit))
    elif limit:
        _sleep(context, limit)
    # Without another event the wait lasted until the first clock.
    passed = 0 if ready or limit is None else limit
    for position, remaining in clocks.items():
        if remaining <= passed:
            ready[position] = (wanted[position][0], SUCCESS, EVENT_CLOCK, 0, 0)
    return [ready[position] for position in sorted(ready)]


def _remaining(context: WasiContext, subscription: Subscription) -> int:
    """Nanoseconds until a clock subscription is due. INVAL for flags or a clock that cannot be waited for."""
    _, _, clock, timeout, flags = subscription
    if clock not in (REALTIME, MONOTONIC) or flags & ~SUBSCRIPTION_CLOCK_ABSTIME:
        raise GuestError(INVAL)
    if flags & SUBSCRIPTION_CLOCK_ABSTIME:
        return max(timeout - context.clock.now(clock), 0)
    return timeout


def _file_state(found: Descriptor, kind: int) -> tuple[int, int]:
    """(nbytes, flags) of something that never makes one wait. What is unknown counts as one byte."""
    if kind == EVENT_FD_READ and found.file is not None:
        left = os.fstat(found.file.fd).st_size - os.lseek(found.file.fd, 0, os.SEEK_CUR)
        return (left, 0) if left > 0 else (0, EVENT_HANGUP)
    return 1, 0


def _sleep(context: WasiContext, duration: int) -> None:
    if isinstance(context.clock, SystemClock):
        context.waker.sleep(min(duration, MAX_SLEEP))
    else:
        context.clock.sleep(duration)


def _wait_for_host(
    context: WasiContext, wanted: list[Subscription], waiting: dict[int, int], limit: int | None
) -> Iterator[tuple[int, Event]]:
    """Wait for host descriptors. waiting: position -> descriptor.  limit: ns, None waits for ever."""
    masks: dict[int, int] = {}
    for position, host_fd in waiting.items():
        masks[host_fd] = masks.get(host_fd, 0) | _MASKS[wanted[position][1]]
    if limit is None or isinstance(context.clock, SystemClock):
        happened = context.waker.wait(masks, limit)
    else:
        # Time that is not the host's passes at once, but only if nothing has happened already.
        happened = context.waker.wait(masks, 0)
        if not happened and limit:
            context.clock.sleep(limit)
    for position, host_fd in waiting.items():
        data, kind, _, _, _ = wanted[position]
        mask = happened.get(host_fd, 0)
        if mask & NOT_OPEN:
            yield position, (data, BADF, kind, 0, 0)
        elif mask & (_MASKS[kind] | FAILED | HUNG_UP):
            nbytes = _readable(host_fd) if kind == EVENT_FD_READ else 1
            yield position, (data, SUCCESS, kind, nbytes, EVENT_HANGUP if mask & HUNG_UP else 0)


def _readable(host_fd: int) -> int:
    """How many bytes can be read without waiting; 1 if the host cannot tell."""
    import fcntl
    import termios

    try:
        return int.from_bytes(fcntl.ioctl(host_fd, termios.FIONREAD, bytes(4)), sys.byteorder)
    except OSError:
        return 1


FUNCTIONS: Final = (("poll_oneoff", "ppip", poll_oneoff),)
UNSTABLE: Final = (("poll_oneoff", "ppip", unstable_poll_oneoff),)
