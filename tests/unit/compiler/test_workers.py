"""Threads that compile: results in order, errors of the first item, big stacks, and forks that wait."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time

import pytest

from taipan.compiler import workers
from taipan.compiler.workers import AT_WORK, STACK_BYTES, in_order, start_thread

COUNTS = (1, 2, 3, 8, 100)
each_count = pytest.mark.parametrize("count", COUNTS)


def check_nobody_works(calls: list[int] | None = None) -> None:
    """calls: noted by the work."""
    seen = list(calls or ())
    for thread in threading.enumerate():
        if thread.name.startswith("taipan-compile"):
            thread.join(60)
            assert not thread.is_alive()
    assert seen == (calls or [])


@each_count
def test_results_come_in_order(count: int) -> None:
    assert list(in_order(lambda n: n * n, range(50), count)) == [n * n for n in range(50)]
    assert list(in_order(lambda n: n, [], count)) == []
    check_nobody_works()


def test_whoever_is_first() -> None:
    """Each item is finished after the next one."""
    done = [threading.Event() for _ in range(9)]
    done[8].set()

    def work(n: int) -> int:
        assert done[n + 1].wait(60)
        done[n].set()
        return n

    assert list(in_order(work, range(8), 8)) == list(range(8))


@each_count
def test_the_first_item_that_fails_is_reported(count: int) -> None:
    failed = threading.Event()
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        if n == 3:
            if count > 1:
                assert failed.wait(60)  # somebody else fails earlier, but further behind
            raise ValueError("three")
        if n == 4:
            failed.set()
            raise ValueError("four")
        return n

    results: list[int] = []
    with pytest.raises(ValueError, match="three"):
        for result in in_order(work, range(1000), count):
            results.append(result)
    assert results == [0, 1, 2]
    assert len(begun) < 500  # some that came after it, but not all of them
    check_nobody_works(begun)


def test_those_who_stop_early_wait_for_nobody() -> None:
    calls: list[int] = []
    results = in_order(calls.append, range(10_000_000), 3)
    assert next(results) is None
    results.close()  # type: ignore[attr-defined]
    check_nobody_works(calls)


def test_ctrl_c() -> None:
    calls: list[int] = []

    def work(n: int) -> None:
        if n == 1:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.05)
        calls.append(n)

    with pytest.raises(KeyboardInterrupt):
        for _ in in_order(work, range(10_000_000), 2):
            pass
    check_nobody_works(calls)


def test_without_threads_the_caller_works(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> threading.Thread:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(workers, "start_thread", refuse)
    assert list(in_order(lambda n: (n, threading.get_ident()), range(3), 2)) == [
        (n, threading.get_ident()) for n in range(3)
    ]


def test_a_worker_needs_no_other() -> None:
    """So the end of the process need not wait for what tier-up's thread, a daemon, is at."""
    seen: list[bool] = []

    def work(n: int) -> bool:
        return threading.current_thread() is thread

    def run() -> None:
        ready.wait()
        seen.extend(in_order(work, range(2), 1))
        seen.extend(in_order(work, range(2), 2))

    ready = threading.Event()
    thread = start_thread(run, "a worker", daemon=True)
    ready.set()
    thread.join()
    assert seen == [True, True, False, False]


def test_stacks_are_big() -> None:
    sizes: list[int] = []

    def look() -> None:
        libc = ctypes.CDLL(None)
        libc.pthread_self.restype = ctypes.c_void_p
        attributes, size = ctypes.create_string_buffer(64), ctypes.c_size_t()
        libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attributes)
        libc.pthread_attr_getstacksize(attributes, ctypes.byref(size))
        libc.pthread_attr_destroy(attributes)
        sizes.append(size.value)

    usual = threading.stack_size()
    threads = [start_thread(look, "looking") for _ in range(10)]
    for thread in threads:
        thread.join()
    assert min(sizes) >= STACK_BYTES
    assert threading.stack_size() == usual


def test_a_fork_waits_for_who_is_at_work() -> None:
    begun, finished = threading.Event(), []

    def work() -> None:
        with AT_WORK, AT_WORK:
            begun.set()
            time.sleep(0.05)
            with AT_WORK:  # also while somebody waits to fork
                finished.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(60)
    child = os.fork()
    if child == 0:
        with AT_WORK:
            os._exit(0 if finished else 1)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    with AT_WORK:  # who forks while at work does not wait for itself
        child = os.fork()
        if child == 0:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_forks_of_many_threads() -> None:
    """While others are at work all the time."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            with AT_WORK:
                time.sleep(0.001)

    def fork() -> None:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                with AT_WORK:
                    os._exit(0)
            statuses.append(os.waitpid(child, 0)[1])

    statuses: list[int] = []
    busy = [threading.Thread(target=work) for _ in range(3)]
    forking = [threading.Thread(target=fork) for _ in range(3)]
    for thread in busy + forking:
        thread.start()
    for thread in forking:
        thread.join()
    stop.set()
    for thread in busy:
        thread.join()
    assert statuses == [0] * 15
