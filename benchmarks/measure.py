"""How a line is measured: rounds that visit every contestant in turn, medians of CPU time, and the printed table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Final

ROUNDS: Final = 5

Contestant = Callable[[], tuple[float, object]]
"""Runs the work once; returns (CPU seconds, checksum)."""


def cpu_time(work: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of this process (all threads) that `work` takes, and its result."""
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def per_call(work: Callable[[int], object], minimum: float = 0.05) -> float:
    """CPU seconds of one iteration of `work(count)`, with a count that makes a run last at least `minimum` seconds."""
    count = 100
    while True:
        begin = time.process_time()
        work(count)
        spent = time.process_time() - begin
        if spent >= minimum:
            return spent / count
        count = int(count * max(2.0, minimum * 1.3 / max(spent, 1e-6)))


def compare(contestants: dict[str, Contestant], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds of each contestant; raises if their checksums differ."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    checksums: dict[str, object] = {}
    for _ in range(rounds):
        for name, run in contestants.items():
            seconds, checksums[name] = run()
            times[name].append(seconds)
    if len(set(map(str, checksums.values()))) > 1:
        raise AssertionError(f"checksums differ: {checksums}")
    return {name: statistics.median(values) for name, values in times.items()}


def show_seconds(seconds: float) -> str:
    for unit, scale in (("s ", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


class Table:
    """A group's table, printed line by line; `ours` is the column that the ratios are about."""

    def __init__(self, title: str, ours: str) -> None:
        self.ours = ours
        self.ratios: dict[str, list[float]] = {}
        print(f"\n## {title}\n", flush=True)

    def line(self, name: str, times: dict[str, float]) -> None:
        cells = [f"{name:<24}"]
        for peer, seconds in times.items():
            cell = f"{peer} {show_seconds(seconds)}"
            if peer != self.ours and not peer.startswith("("):
                ratio = times[self.ours] / seconds
                self.ratios.setdefault(peer, []).append(ratio)
                cell += f" ({ratio:.3g} x)"
            cells.append(f"{cell:<34}")
        print("".join(cells).rstrip(), flush=True)

    def skip(self, name: str, reason: str) -> None:
        print(f"{name:<24}skipped: {reason}", flush=True)

    def close(self) -> None:
        """The geometric means and worst lines: ours divided by theirs."""
        for peer, ratios in self.ratios.items():
            print(
                f"{self.ours} / {peer}: geometric mean {statistics.geometric_mean(ratios):.3f}, "
                f"worst {max(ratios):.3f}, best {min(ratios):.3f}",
                flush=True,
            )


def per_call_lines(table: Table, works: dict[str, dict[str, Callable[[int], object]]], only: str) -> None:
    """A line for each work of `table.ours`, beside the same work of the peers that have it.

    works: peer -> line -> work(count).  only: the name of one line, or "" for all.
    """
    for name in works[table.ours]:
        if only and name != only:
            continue
        peers = {peer: lines[name] for peer, lines in works.items() if name in lines}
        times: dict[str, list[float]] = {peer: [] for peer in peers}
        for _ in range(ROUNDS):
            for peer, work in peers.items():
                times[peer].append(per_call(work))
        table.line(name, {peer: statistics.median(values) for peer, values in times.items()})
