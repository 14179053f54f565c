"""One guest's living share of the host: what the functions of every WASI version act on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, final

from taipan.wasi.clocks import Clock
from taipan.wasi.random import RandomSource
from taipan.wasi.waiting import Waker

if TYPE_CHECKING:
    from taipan.runtime.store import Store
    from taipan.wasi.p1.descriptors import DescriptorTable


@final
class WasiContext:
    """Belongs to one store, which may be gone earlier; `close` frees what it holds open.

    args, env: NUL-free byte strings.  descriptors: preview 1's table of open descriptors.  waker: see `wake`.
    """

    __slots__ = ("args", "clock", "descriptors", "env", "random", "waker")

    def __init__(
        self,
        store: Store | None,
        args: list[bytes],
        env: list[bytes],
        clock: Clock,
        random: RandomSource,
        max_open_files: int | None,
    ) -> None:
        from taipan.wasi.p1.descriptors import DescriptorTable

        self.waker = Waker(_interrupted) if store is None else Waker(_interrupt_of(store))
        self.descriptors: DescriptorTable = DescriptorTable(max_open_files or _default_max_open_files())
        self.args = args
        self.env = env
        self.clock = clock
        self.random = random

    def close(self) -> None:
        """Close every descriptor of the guest. Closing twice is harmless."""
        try:
            self.descriptors.close()
        finally:
            self.waker.close()

    def __del__(self) -> None:
        self.close()

    def wake(self) -> None:
        """From any thread: end the wait that the guest is in, or its next one. For the guest it is errno INTR."""
        self.waker.wake()


def _interrupted() -> bool:
    return True


def _interrupt_of(store: Store) -> Callable[[], bool]:
    """Whether an interrupt of the store is still to come. Holds no reference to the store, which holds the context."""
    from _weakref import ref

    reference = ref(store)

    def is_due() -> bool:
        alive = reference()
        return alive is not None and bool(alive._interrupted)

    return is_due


def _default_max_open_files() -> int:
    """Half of what this process may open: a guest must not be able to starve its host."""
    try:
        from resource import RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows: 8,192 by default
        return 4096
    soft, _ = getrlimit(RLIMIT_NOFILE)
    return 65_536 if soft < 0 else min(max(soft // 2, 16), 65_536)
