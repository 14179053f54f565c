"""Globals made by the host: conversions, mutability, counts of externrefs."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import pytest
from native_objects import EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, native, new_store, signature

from taipan import errors


class Thing:
    """Something that can be seen to die."""


@pytest.fixture
def store() -> Any:
    return new_store()


@pytest.mark.parametrize(
    ("kind", "value", "other"),
    [
        (I32, -1, 0x7FFF_FFFF),
        (I64, -(1 << 63), (1 << 63) - 1),
        (F32, 0.5, -math.inf),
        (F64, 1e300, -0.0),
        (V128, (1 << 127) + 5, 0),
    ],
)
def test_values_round_trip(store: Any, kind: int, value: Any, other: Any) -> None:
    glob = native.GlobalBase._create(store, kind, True, value)
    assert glob._type(store) == (kind, True)
    first = glob._get(store)
    glob._set(store, other)
    second = glob._get(store)
    glob._set(store, first)  # whatever a v128 looks like, it can be given back
    assert glob._get(store) == first != second


def test_wrong_values_are_refused(store: Any) -> None:
    for value in ("1", 1.5, None):
        with pytest.raises((TypeError, errors.WasmError)):
            native.GlobalBase._create(store, I32, True, value)
    glob = native.GlobalBase._create(store, I32, True, 3)
    with pytest.raises((TypeError, errors.WasmError)):
        glob._set(store, 1.5)
    assert glob._get(store) == 3
    with pytest.raises(ValueError):
        native.GlobalBase._create(store, 99, True, 3)


def test_immutable(store: Any) -> None:
    glob = native.GlobalBase._create(store, I32, False, 3)
    with pytest.raises(errors.WasmError, match="immutable"):
        glob._set(store, 4)
    assert glob._get(store) == 3


def test_externref_is_released_when_overwritten(store: Any) -> None:
    thing = Thing()
    alive = weakref.ref(thing)
    glob = native.GlobalBase._create(store, EXTERNREF, True, thing)
    assert glob._get(store) is thing
    del thing
    gc.collect()
    assert alive() is not None
    glob._set(store, glob._get(store))
    assert alive() is not None
    glob._set(store, None)
    assert alive() is None
    assert glob._get(store) is None


def test_store_releases_externrefs(store: Any) -> None:
    thing = Thing()
    alive = weakref.ref(thing)
    native.GlobalBase._create(store, EXTERNREF, False, thing)
    del thing
    store._close()
    assert alive() is None
    stats = new_store()._stats()
    assert stats["externref_increments"] == stats["externref_decrements"] == 0


def test_cycle_through_an_externref_is_collected() -> None:
    store = new_store()
    thing: Any = Thing()
    alive = weakref.ref(thing)
    thing.store = store
    native.GlobalBase._create(store, EXTERNREF, False, thing)
    del thing, store
    gc.collect()
    assert alive() is None


def test_finalizer_may_use_and_close_the_store(store: Any) -> None:
    glob = native.GlobalBase._create(store, EXTERNREF, True, None)
    seen: list[Any] = []

    class Closing:
        def __del__(self) -> None:
            seen.append(glob._get(store))
            store._close()

    glob._set(store, Closing())
    glob._set(store, 17)
    assert seen == [17]
    with pytest.raises(errors.StoreClosedError):
        glob._get(store)


def test_funcref(store: Any) -> None:
    func = native.FuncBase._host(store, signature([], []), lambda: None, False)
    glob = native.GlobalBase._create(store, FUNCREF, True, None)
    assert glob._get(store) is None
    glob._set(store, func)
    assert glob._get(store) == func
    foreign = native.FuncBase._host(new_store(), signature([], []), lambda: None, False)
    with pytest.raises((errors.WasmError, TypeError)):
        glob._set(store, foreign)
    assert glob._get(store) == func


def test_handles_are_checked(store: Any) -> None:
    glob = native.GlobalBase._create(store, I32, True, 3)
    other = new_store()
    for call in (lambda: glob._get(other), lambda: glob._set(other, 1), lambda: glob._type(other)):
        with pytest.raises(errors.WrongStoreError):
            call()
    with pytest.raises(TypeError):
        native.GlobalBase()._get(store)
    store._close()
    with pytest.raises(errors.StoreClosedError):
        glob._get(store)
