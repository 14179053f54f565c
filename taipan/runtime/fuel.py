"""Fuel of a store: a number that executed instructions use up (costs: compiler/baseline/metering.py).

The native cell holds what is left as a negative 64-bit number that generated code counts up; it may overrun zero by the
length of a stretch of code without calls and loops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from taipan.errors import StoreClosedError, WasmError

if TYPE_CHECKING:
    from taipan.runtime.store import Store

MAX_FUEL: Final = (1 << 63) - 1
"""What the cell can hold. `set_fuel` takes 2**64 - 1 too, and what is beyond is kept apart: it would last for years."""


class Fuel:
    """Methods of `Store` and `Caller`. All but `fuel_consumed` raise WasmError if the engine does not count fuel."""

    __slots__ = ()

    def set_fuel(self, fuel: int) -> None:
        """Let `fuel`, below 2**64, be what is left."""
        store = metered_store(self)
        fuel = checked(fuel)
        consumed = store._fuel_added + store._fuel(None)
        store._fuel(-min(fuel, MAX_FUEL))
        store._fuel_beyond = max(fuel - MAX_FUEL, 0)
        store._fuel_added = consumed + min(fuel, MAX_FUEL)

    def get_fuel(self) -> int:
        """What is left; 0 also if more was used than there was."""
        store = metered_store(self)
        return max(store._fuel_beyond - store._fuel(None), 0)

    def add_fuel(self, fuel: int) -> None:
        """Add to what is left, up to 2**63 - 1."""
        store = metered_store(self)
        cell = store._fuel(None)
        fuel = min(checked(fuel), MAX_FUEL + cell)
        store._fuel(cell - fuel)
        store._fuel_added += fuel

    def consume_fuel(self, fuel: int) -> int:
        """Use up fuel as if wasm had; what is left then. Raises WasmError, and uses none, unless 1 would be left."""
        store = metered_store(self)
        cell = store._fuel(None) + checked(fuel)
        if cell >= 0:
            raise WasmError("not enough fuel remaining in store")
        return -store._fuel(cell)

    def fuel_consumed(self) -> int | None:
        """What the store has used up since it was made; None if fuel is not counted."""
        store: Store = self._store  # type: ignore[attr-defined]
        if not store.engine.tunables.consume_fuel:
            return None
        return store._fuel_added + store._fuel(None)


def metered_store(storelike: Any) -> Store:
    """The store of a Store or Caller. Raises StoreClosedError, and WasmError if its engine does not count fuel."""
    store: Store = storelike._store
    if store.closed:
        raise StoreClosedError("the store is closed")
    if not store.engine.tunables.consume_fuel:
        raise WasmError("fuel is not configured in this store")
    return store


def checked(fuel: int) -> int:
    if not isinstance(fuel, int):
        raise TypeError("expected an int")
    if not 0 <= fuel < 1 << 64:
        raise WasmError(f"fuel must be a number from 0 to 2**64 - 1: {fuel}")
    return fuel
