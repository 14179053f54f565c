"""Tables made by the host: bounds, growth, limits, counts of externrefs."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from native_objects import EXTERNREF, FUNCREF, I32, Limiter, native, new_store, signature, table_plan

from taipan import errors, limits


class Thing:
    """Something that can be seen to die."""


@pytest.fixture
def store() -> Any:
    return new_store()


def new_table(store: Any, minimum: int, maximum: int = -1, kind: int = EXTERNREF, init: Any = None) -> Any:
    return native.TableBase._create(store, table_plan(minimum, maximum, False, kind), init)


def contents(store: Any, table: Any) -> list[Any]:
    return [table._get(store, i) for i in range(table._size(store))]


def new_func(store: Any) -> Any:
    return native.FuncBase._host(store, signature([], []), lambda: None, False)


def test_elements(store: Any) -> None:
    table = new_table(store, 3, init="a")
    assert contents(store, table) == ["a"] * 3
    table._set(store, 1, None)
    assert contents(store, table) == ["a", None, "a"]
    for index in (3, -1, 1 << 32, 1 << 64):
        with pytest.raises(IndexError, match="out of bounds table access"):
            table._get(store, index)
        with pytest.raises(IndexError, match="out of bounds table access"):
            table._set(store, index, "b")


def test_funcrefs(store: Any) -> None:
    func, other = new_func(store), new_func(store)
    table = new_table(store, 4, kind=FUNCREF, init=func)
    table._set(store, 1, other)
    table._set(store, 2, None)
    assert contents(store, table) == [func, other, None, func]
    with pytest.raises((TypeError, errors.WasmError)):
        table._set(store, 0, "text")
    with pytest.raises((TypeError, errors.WasmError)):
        table._set(store, 0, new_func(new_store()))
    with pytest.raises((TypeError, errors.WasmError)):
        new_table(store, 1, kind=FUNCREF, init=5)
    assert contents(store, table) == [func, other, None, func]


def test_funcrefs_cost_no_records(store: Any) -> None:
    func = new_func(store)
    table = new_table(store, 1_000_000, kind=FUNCREF)
    before = store._stats()["funcrefs"]
    table._fill(store, 0, func, 1_000_000)
    assert store._stats()["funcrefs"] == before
    assert table._get(store, 999_999) == func


def test_null_record() -> None:
    address, code = native.debug_null_funcref()
    assert address != 0
    assert code == 0


def test_fill(store: Any) -> None:
    table = new_table(store, 10)
    table._fill(store, 2, "x", 4)
    assert contents(store, table) == [None] * 2 + ["x"] * 4 + [None] * 4
    table._fill(store, 10, "y", 0)
    for start, length in ((7, 4), (11, 0), (0, 1 << 63), ((1 << 64) - 1, 2), (1, (1 << 64) - 1)):
        with pytest.raises(IndexError):
            table._fill(store, start, "y", length)
    assert contents(store, table) == [None] * 2 + ["x"] * 4 + [None] * 4


def test_growth(store: Any) -> None:
    table = new_table(store, 10, 13, init=1)
    assert table._type(store) == (10, 13, False, EXTERNREF)
    assert table._grow(store, 0, None) == 10
    assert table._grow(store, 4, None) == -1
    assert table._grow(store, 3, 2) == 10
    assert table._size(store) == 13
    assert table._grow(store, 1, 2) == -1
    assert contents(store, table) == [1] * 10 + [2] * 3
    assert table._grow(store, (1 << 64) - 1, None) == -1
    with pytest.raises(ValueError):
        table._grow(store, -1, None)


def test_growth_from_nothing(store: Any) -> None:
    func = new_func(store)
    table = new_table(store, 0, kind=FUNCREF)
    for i in range(1000):
        assert table._grow(store, 1, func if i % 2 else None) == i
    assert contents(store, table) == [None, func] * 500


def test_implementation_limit(store: Any) -> None:
    most = limits.MAX_TABLE_ELEMENTS
    with pytest.raises(errors.UnsupportedError, match=str(most)):
        new_table(store, most + 1)
    table = new_table(store, 1)
    assert table._grow(store, most, None) == -1
    assert table._grow(store, most - 1, None) == 1
    assert table._size(store) == most


def test_limiter(store: Any) -> None:
    store.limiter = limiter = Limiter()
    table = new_table(store, 2, 6)
    table._grow(store, 1, None)
    assert table._grow(store, 4, None) == -1
    assert limiter.asked == [("table", 0, 2, 6), ("table", 2, 3, 6), ("table", 3, 7, 6)]
    assert limiter.failures == ["failed to grow table by `4`: table maximum size exceeded"]
    limiter.answer = False
    assert table._grow(store, 1, None) == -1
    with pytest.raises(errors.WasmError, match="table minimum size of 23 elements exceeds table limits"):
        new_table(store, 23)
    limiter.act = store._close
    with pytest.raises(errors.StoreClosedError):
        table._grow(store, 1, None)


def test_bad_kinds(store: Any) -> None:
    with pytest.raises(ValueError):
        new_table(store, 1, kind=I32)
    with pytest.raises(ValueError):
        new_table(store, 1, kind=42)


def test_externrefs_are_released_when_overwritten(store: Any) -> None:
    things = [Thing() for _ in range(40)]
    alive = [weakref.ref(thing) for thing in things]
    table = new_table(store, 40)
    for i, thing in enumerate(things):
        table._set(store, i, thing)
    del things, thing
    gc.collect()
    assert all(ref() is not None for ref in alive)
    table._set(store, 0, None)
    assert alive[0]() is None
    table._fill(store, 1, None, 5)
    assert [ref() is None for ref in alive] == [True] * 6 + [False] * 34
    table._fill(store, 6, "many", 30)  # more than are kept on the C stack
    assert [ref() is None for ref in alive] == [True] * 36 + [False] * 4
    store._close()
    assert all(ref() is None for ref in alive)


def test_counts_of_a_shared_object(store: Any) -> None:
    import sys

    thing = Thing()
    before = sys.getrefcount(thing)
    table = new_table(store, 100, init=thing)
    assert sys.getrefcount(thing) == before + 100
    table._grow(store, 50, thing)
    assert sys.getrefcount(thing) == before + 150
    table._fill(store, 0, thing, 150)
    assert sys.getrefcount(thing) == before + 150
    table._fill(store, 10, None, 20)
    assert sys.getrefcount(thing) == before + 130
    store._close()
    assert sys.getrefcount(thing) == before


def test_finalizers_may_use_and_close_the_store(store: Any) -> None:
    table = new_table(store, 30)
    log: list[int] = []

    class Busy:
        def __del__(self) -> None:
            if not store.closed:
                log.append(table._size(store))
                table._grow(store, 1000, "new")  # moves the elements
                if len(log) == 20:
                    store._close()

    for i in range(30):
        table._set(store, i, Busy())
    table._fill(store, 0, None, 30)
    assert log == [30 + 1000 * i for i in range(20)]


def test_handles_are_checked(store: Any) -> None:
    table = new_table(store, 1)
    other = new_store()
    for call in (
        lambda: table._size(other),
        lambda: table._get(other, 0),
        lambda: table._set(other, 0, None),
        lambda: table._grow(other, 0, None),
        lambda: table._fill(other, 0, None, 0),
        lambda: table._type(other),
    ):
        with pytest.raises(errors.WrongStoreError):
            call()
    with pytest.raises(TypeError):
        native.TableBase()._size(store)
