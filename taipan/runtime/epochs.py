"""Epochs: an engine's clock, which ticks when the host says so, and the stores that it stops at their deadlines.

Generated code knows nothing of epochs. A new epoch looks at every store of the engine and interrupts those whose
deadline has come, as `Store.interrupt` does; unlike that the condition stays until the deadline is moved.
"""

from __future__ import annotations

from _operator import length_hint
from _weakref import ref  # the modules around these two take a millisecond to import
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from taipan.runtime.store import Store

EPOCH_BIT: Final = 2
"""Of `StoreBase._interrupt`: the store is past its deadline."""

EPOCHS: Final = 1 << 62


@final
class Epochs:
    """No locks: a signal handler, or another thread, may come in between any two steps and do the same."""

    __slots__ = ("_left", "_stores")

    def __init__(self) -> None:
        self._left: Final = iter(range(EPOCHS))  # reading and writing a number would be two steps
        self._stores: Final[dict[int, ref[Store]]] = {}

    @property
    def now(self) -> int:
        """The current epoch, from 0."""
        return EPOCHS - length_hint(self._left)

    def add(self, store: Store) -> None:
        """A new store: its deadline is the present, so that it has to be set before anything runs."""
        key = store.id
        stores = self._stores
        stores[key] = ref(store, lambda _: stores.pop(key, None))
        self.set_deadline(store, 0)

    def set_deadline(self, store: Store, ticks: int) -> None:
        """The store may run until `ticks` more epochs have begun."""
        store._deadline = self.now + ticks
        store._interrupt(0, EPOCH_BIT)
        # After both: an epoch that began meanwhile has seen the new deadline or is seen here.
        if self.now >= store._deadline:
            store._stop(EPOCH_BIT)

    def increment(self) -> None:
        next(self._left)
        for known in list(self._stores.values()):
            store = known()
            if store is not None and self.now >= store._deadline:
                store._stop(EPOCH_BIT)
