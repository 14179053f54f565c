"""Threads that compile: their stacks, forks while they are at work, and lists that several of them work through."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, TypeVar, final

Item = TypeVar("Item")
Result = TypeVar("Result")

STACK_BYTES: Final = 16 << 20
"""LLVM calls itself as deep as expressions are nested, and a thread may have been given a small stack."""

_starting: Final = threading.Lock()


@final
class Worker(threading.Thread):
    """What `start_thread` starts."""


def start_thread(target: Callable[[], object], name: str, daemon: bool = False) -> threading.Thread:
    """A running thread with a stack of STACK_BYTES. Raises RuntimeError if there can be no more threads."""
    thread = Worker(target=target, name=name, daemon=daemon)
    with _starting:  # the size is a setting of the process
        usual = threading.stack_size(STACK_BYTES)
        try:
            thread.start()
        finally:
            threading.stack_size(usual)
    return thread


# --- forks ---


@final
class ForkGate:
    """Threads pass it, `with gate:`, for work that must not be under way when the process forks: a fork waits for them.

    Of a thread that is in the middle of LLVM, nothing but its locks would be there in the child. A thread may pass
    again while it is inside.
    """

    def __init__(self) -> None:
        self._changed: Final = threading.Condition()
        self._inside: Final[dict[int, int]] = {}  # thread -> how often
        self._forking = 0  # the thread that closed the gate
        os.register_at_fork(before=self._close, after_in_parent=self._open, after_in_child=self._open_alone)

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            while self._forking not in (0, me) and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *exception: object) -> None:
        me = threading.get_ident()
        with self._changed:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
                self._changed.notify_all()

    def _close(self) -> None:
        """Returns with the lock held, so that it is nobody else's in the child."""
        me = threading.get_ident()
        self._changed.acquire()
        while self._forking:
            self._changed.wait()
        self._forking = me
        while self._inside.keys() - {me}:
            self._changed.wait()

    def _open(self) -> None:
        self._forking = 0
        self._changed.notify_all()
        self._changed.release()

    def _open_alone(self) -> None:
        me = threading.get_ident()
        for other in self._inside.keys() - {me}:
            del self._inside[other]
        self._open()


AT_WORK: Final = ForkGate()
"""Whoever uses LLVM is inside."""


# --- lists ---


def in_order(work: Callable[[Item], Result], items: Sequence[Item], num_workers: int) -> Iterator[Result]:
    """`map(work, items)`, by so many threads at once; by this one if one is enough and it is a `Worker`, or if there
    can be no more.

    Results come as soon as all before them are there. Raises what `work` raised for the first item that failed, however
    many threads there are. When it is left, by an exception or early, no thread is at work any more. (A child that was
    forked by a signal handler of the thread that waits here has no workers: it must not return from that handler.)
    """
    crew = _Crew(work, items)
    try:
        alone = num_workers == 1 and isinstance(threading.current_thread(), Worker)
        if not alone and crew.start(min(num_workers, len(items))):
            for n in range(len(items)):
                yield crew.result(n)
        else:
            yield from map(work, items)
    finally:
        crew.stop()


@final
class _Crew(Generic[Item, Result]):
    """Threads that take items from a list one after the other until one fails."""

    def __init__(self, work: Callable[[Item], Result], items: Sequence[Item]) -> None:
        self._work: Final = work
        self._items: Final = items
        self._changed: Final = threading.Condition()
        self._next = 0
        self._num_active = 0
        self._results: Final[dict[int, Result]] = {}
        self._errors: Final[dict[int, BaseException]] = {}

    def start(self, count: int) -> bool:
        """As many threads as there can be. Whether there is any."""
        started = 0
        with contextlib.suppress(RuntimeError):
            while started < count:
                start_thread(self._run, f"taipan-compile-{started}")
                started += 1
        return started > 0

    def stop(self) -> None:
        """Wait until all items that were begun are finished. A thread that comes now will find nothing to do."""
        with self._changed:
            self._next = len(self._items)
            while self._num_active:
                self._changed.wait()

    def result(self, n: int) -> Result:
        """Waits for it. Items are begun in order, so of those before the first error none is missing in the end."""
        with self._changed:
            while n not in self._results and n not in self._errors:
                self._changed.wait()
            if n in self._errors:
                raise self._errors[n]
            return self._results.pop(n)

    def _run(self) -> None:
        while (n := self._begin()) >= 0:
            try:
                self._results[n] = self._work(self._items[n])
            except BaseException as error:
                self._errors[n] = error
            self._end()

    def _begin(self) -> int:
        """The next item, or -1."""
        with self._changed:
            n = self._next
            if self._errors or n == len(self._items):
                return -1
            self._next = n + 1
            self._num_active += 1
            return n

    def _end(self) -> None:
        with self._changed:
            self._num_active -= 1
            self._changed.notify()
