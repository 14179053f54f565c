"""Instances, segments, function references, and the helpers that generated code calls."""

from __future__ import annotations

import gc
import math
import struct
import sys
import threading
import weakref
from typing import Any

import pytest
from native_objects import (
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    PAGE,
    SUBTYPES,
    V128,
    Limiter,
    constant,
    helper,
    instantiate,
    load_byte,
    memory_plan,
    moving_memory,
    native,
    new_memory,
    new_module,
    new_store,
    new_table,
    signature,
    u32s,
)

from taipan import errors
from taipan.abi import plans
from taipan.runtime.trap import Trap

OUT_OF_MEMORY_BOUNDS = "out of bounds memory access"
OUT_OF_TABLE_BOUNDS = "out of bounds table access"
NULL = 0xFFFF_FFFF


class Thing:
    """Something that can be seen to die."""


@pytest.fixture
def store() -> Any:
    return new_store()


def one_table(size: int, kind: int = FUNCREF, maximum: int = -1) -> list[tuple[int, int, bool, int]]:
    return [(size, maximum, False, kind)]


def contents(store: Any, table: Any) -> list[Any]:
    return [table._get(store, i) for i in range(table._size(store))]


def trapping(phrase: str) -> Any:
    return pytest.raises(Trap, match=phrase)


# --- creation ---


def test_empty(store: Any) -> None:
    module = new_module()
    instance = instantiate(store, module)
    instantiate(store, module, [], [], [], [])
    assert instance._module is module
    assert instance._store_id == store.id
    assert store._stats()["instances"] == 2
    for part in (instance._func, instance._table, instance._memory, instance._global):
        with pytest.raises(IndexError):
            part(store, 0)
        with pytest.raises(IndexError):
            part(store, -1)


def test_own_items(store: Any) -> None:
    module = new_module(
        [constant(7)],
        memories=[memory_plan(1, 2), memory_plan(0)],
        tables=one_table(3) + one_table(2, EXTERNREF),
        globals=[(I32, True), (V128, False), (FUNCREF, True), (EXTERNREF, True)],
        globals_template=struct.pack("<QQ", 0xFFFF_FFFE, 0) + bytes(range(16)) + bytes(32),
    )
    instance = instantiate(store, module)
    assert instance._func(store, 0)(store) == 7
    assert instance._memory(store, 0)._type(store) == (1, 2, False, 16, False)
    assert instance._memory(store, 1)._size(store) == 0
    assert contents(store, instance._table(store, 0)) == [None] * 3
    assert instance._table(store, 1)._type(store) == (2, -1, False, EXTERNREF)
    assert instance._global(store, 0)._get(store) == -2
    assert [instance._global(store, i)._type(store) for i in range(4)] == [
        (I32, True),
        (V128, False),
        (FUNCREF, True),
        (EXTERNREF, True),
    ]
    assert instance._global(store, 2)._get(store) is None
    instance._set_global_bits(store, 0, 12)
    assert instance._global(store, 0)._get(store) == 12
    instance._set_global_bits(store, 2, instance._func(store, 0))
    assert instance._global(store, 2)._get(store)(store) == 7


def test_limits_take_64_bits(store: Any) -> None:
    most = (1 << 64) - 1
    plan = plans.memory_plan(0, most - 1, True, 0, False, 0, 0, 0, False, True)
    instance = instantiate(store, new_module(memories=[plan], tables=[(1, most - 1, True, FUNCREF)]))
    assert instance._memory(store, 0)._type(store) == (0, most - 1, True, 0, False)
    assert instance._table(store, 0)._type(store) == (1, most - 1, True, FUNCREF)
    huge = new_module(memories=[plans.memory_plan(most, None, True, 0, False, 0, 0, 0, False, True)])
    with pytest.raises(errors.WasmError, match="failed to allocate memory"):
        instantiate(store, huge)
    with pytest.raises(errors.UnsupportedError, match="tables have at most"):
        instantiate(store, new_module(tables=[(most, -1, True, FUNCREF)]))


def test_globals_are_copied_bit_by_bit(store: Any) -> None:
    """Between globals of one kind only."""
    snan = 0x7FA0_0001.to_bytes(16, "little")
    module = new_module(globals=[(F32, False), (F32, False), (I32, False)], globals_template=snan + bytes(32))
    instance = instantiate(store, module)
    instance._copy_global(store, 1, 0)
    assert math.isnan(instance._global(store, 1)._get(store))
    with pytest.raises(TypeError):
        instance._copy_global(store, 2, 0)


def test_imports_are_shared(store: Any) -> None:
    exporter = instantiate(
        store,
        new_module(
            [constant(1), constant(2)],
            memories=[memory_plan(1)],
            tables=one_table(2),
            globals=[(I64, True), (I32, False)],
        ),
    )
    calls: list[int] = []
    host = native.FuncBase._host(store, signature([I32], []), calls.append, False)
    importer = instantiate(
        store,
        new_module(
            [constant(3)],
            imported_funcs=[([], [I32]), ([I32], [])],
            imports=(1, 1, 2),
            memories=[memory_plan(5)],
            globals=[(I32, True)],
        ),
        [exporter._func(store, 1), host],
        (exporter._table(store, 0),),
        [exporter._memory(store, 0)],
        [exporter._global(store, 1), exporter._global(store, 0)],
    )
    assert [importer._func(store, i)._signature(store).type_id for i in (0, 2)] == [
        signature([], [I32]).type_id,
        signature([], [I32]).type_id,
    ]
    assert importer._func(store, 0)(store) == 2
    assert importer._func(store, 0) == exporter._func(store, 1) != importer._func(store, 2)
    importer._func(store, 1)(store, 9)
    assert calls == [9]
    assert importer._memory(store, 0) == exporter._memory(store, 0)
    assert importer._memory(store, 1)._size(store) == 5
    assert importer._table(store, 0) == exporter._table(store, 0)
    assert importer._global(store, 1) == exporter._global(store, 0)
    assert [importer._global(store, i)._type(store) for i in range(3)] == [(I32, False), (I64, True), (I32, True)]
    importer._global(store, 1)._set(store, 1 << 40)
    assert exporter._global(store, 0)._get(store) == 1 << 40


def test_bad_imports(store: Any) -> None:
    other = new_store()
    module = new_module(imported_funcs=[([], [])], imports=(1, 1, 1))

    def items(owner: Any) -> list[Any]:
        return [
            native.FuncBase._host(owner, signature([], []), lambda: None, False),
            new_table(owner, 1),
            new_memory(owner),
            native.GlobalBase._create(owner, I32, True, 1),
        ]

    good, foreign = items(store), items(other)
    instantiate(store, module, *([item] for item in good))
    before = store._stats()["instances"]
    for i in range(4):
        mixed = [[item] for item in good]
        mixed[i] = [foreign[i]]
        with pytest.raises(errors.WasmError, match="cross-`Store` values are not supported"):
            instantiate(store, module, *mixed)
        mixed[i] = [None]
        with pytest.raises(TypeError):
            instantiate(store, module, *mixed)
        mixed[i] = []
        with pytest.raises(ValueError):
            instantiate(store, module, *mixed)
        mixed[i] = 5  # type: ignore[call-overload]
        with pytest.raises(TypeError):
            instantiate(store, module, *mixed)
    with pytest.raises(TypeError):
        instantiate(store, None)
    store._close()
    with pytest.raises(errors.StoreClosedError):
        instantiate(store, new_module())
    assert before == 1


def test_refused_parts_are_given_back(store: Any) -> None:
    store.limiter = limiter = Limiter()
    module = new_module(memories=[memory_plan(1), memory_plan(1)], tables=one_table(1, EXTERNREF) + one_table(1))

    def refuse_later() -> None:
        limiter.answer = len(limiter.asked) < 4

    limiter.act = refuse_later
    with pytest.raises(errors.WasmError, match="table minimum size of 1 elements exceeds table limits"):
        instantiate(store, module)
    assert store._stats()["instances"] == 0
    limiter.act = store._close
    with pytest.raises(errors.StoreClosedError):
        instantiate(store, module)


def test_instances_outlive_handles_and_modules(store: Any) -> None:
    func = instantiate(store, new_module([constant(5)]))._func(store, 0)
    gc.collect()
    assert func(store) == 5


def test_store_frees_instances() -> None:
    thing = Thing()
    alive = weakref.ref(thing)
    store = new_store()
    module = new_module(tables=one_table(2, EXTERNREF), globals=[(EXTERNREF, True)], num_elements=1)
    count = sys.getrefcount(module)
    instance = instantiate(store, module)
    instance._table(store, 0)._set(store, 0, thing)
    instance._set_global_bits(store, 0, thing)
    instance._set_element_segment(store, 0, EXTERNREF, [thing, None])
    del thing
    assert alive() is not None
    store._close()
    assert alive() is None
    with pytest.raises(errors.StoreClosedError):
        instance._func(store, 0)
    del instance
    assert sys.getrefcount(module) == count


def test_cycles_through_instances_are_collected() -> None:
    store = new_store()
    thing: Any = Thing()
    alive = weakref.ref(thing)
    thing.store = store
    thing.instance = instantiate(store, new_module(tables=one_table(1, EXTERNREF)))
    thing.instance._table(store, 0)._set(store, 0, thing)
    del thing, store
    gc.collect()
    assert alive() is None


def test_many_instances() -> None:
    module = new_module([constant(1)], tables=one_table(1), globals=[(I64, True)], num_elements=1, data=[b"x"])
    for _ in range(20):
        store = new_store()
        instances = [instantiate(store, module) for _ in range(100)]
        instances[-1]._set_element_segment(store, 0, FUNCREF, u32s(0))
        instances[-1]._table_init(store, 0, 0, 0, 0, 1)
        assert instances[-1]._table(store, 0)._get(store, 0)(store) == 1
        store._close()


# --- function records ---


def test_functions_without_a_record_get_one_on_demand(store: Any) -> None:
    module = new_module([constant(i) for i in range(100)], escaped=[3, 4, 50])
    instance = instantiate(store, module)
    funcs = [instance._func(store, i) for i in range(100)]
    assert [func(store) for func in funcs] == list(range(100))
    assert store._stats()["funcrefs"] == 97
    assert all(instance._func(store, i) == funcs[i] for i in range(100))
    assert store._stats()["funcrefs"] == 97


# --- data segments ---


def test_data_segments(store: Any) -> None:
    module = new_module(
        [helper("memory_init"), helper("data_drop")], memories=[memory_plan(1)], data=[b"hello", b"", b"other"]
    )
    instance = instantiate(store, module)
    memory = instance._memory(store, 0)
    init, drop = instance._func(store, 0), instance._func(store, 1)
    init(store, 0, 0, PAGE - 5, 0, 5)
    assert memory._read(store, PAGE - 5, PAGE) == b"hello"
    init(store, 0, 2, 1, 1, 3)
    assert memory._read(store, 0, 5) == b"\0the\0"
    for segment, dst, src, length in (
        (0, PAGE - 4, 0, 5),
        (0, 0, 1, 5),
        (0, 0, 6, 0),
        (0, PAGE + 1, 0, 0),
        (0, (1 << 64) - 1, 0, 2),
        (0, 0, NULL, 2),
        (0, 0, 2, NULL),
        (1, 0, 0, 1),
    ):
        with trapping(OUT_OF_MEMORY_BOUNDS):
            init(store, 0, segment, dst, src, length)
    assert memory._read(store, PAGE - 5, PAGE) == b"hello"
    init(store, 0, 1, PAGE, 0, 0)
    drop(store, 0)
    init(store, 0, 0, 0, 0, 0)
    with trapping(OUT_OF_MEMORY_BOUNDS):
        init(store, 0, 0, 0, 0, 1)
    other = struct.pack("<QII", 7, 0, 2)
    instance._init_data(store, other)
    with trapping(OUT_OF_MEMORY_BOUNDS):
        instance._init_data(store, other)  # dropped
    assert memory._read(store, 7, 12) == b"other"
    # Dropping is this instance's matter.
    instantiate(store, module)._init_data(store, other)


def test_out_of_range_indices_from_python(store: Any) -> None:
    instance = instantiate(
        store, new_module(memories=[memory_plan(1)], tables=one_table(1), data=[b"a"], num_elements=1)
    )
    for call in (
        lambda: instance._init_data(store, struct.pack("<QII", 0, 1, 0)),
        lambda: instance._init_data(store, struct.pack("<QII", 0, 0, 1)),
        lambda: instance._elem_drop(store, 1),
        lambda: instance._table_init(store, 1, 0, 0, 0, 0),
        lambda: instance._table_init(store, 0, 1, 0, 0, 0),
        lambda: instance._set_global_bits(store, 0, 0),
        lambda: instance._copy_global(store, 0, 0),
        lambda: instance._set_element_segment(store, 1, FUNCREF, b""),
        lambda: instance._set_element_segment(store, 0, 99, b""),
    ):
        with pytest.raises(IndexError):
            call()


# --- element segments ---


def test_element_segments_of_functions(store: Any) -> None:
    module = new_module(
        [helper("table_init"), helper("elem_drop"), constant(20), constant(30)],
        imported_funcs=[([], [I32])],
        tables=one_table(4),
        num_elements=2,
        escaped=[1, 2, 3],
    )
    imported = instantiate(store, new_module([constant(10)]))._func(store, 0)
    instance = instantiate(store, module, [imported])
    table = instance._table(store, 0)
    init, drop = instance._func(store, 1), instance._func(store, 2)
    # One byte off: segments come from the module's bytes, aligned or not.
    instance._set_element_segment(store, 0, FUNCREF, memoryview(b"?" + u32s(0, NULL, 3, 4))[1:])
    init(store, 0, 0, 0, 0, 4)
    assert [f and f(store) for f in contents(store, table)] == [10, None, 20, 30]
    assert table._get(store, 0) == imported
    assert table._get(store, 3) == instance._func(store, 4)
    for segment, dst, src, length in (
        (0, 1, 0, 4),
        (0, 0, 1, 4),
        (0, 5, 0, 0),
        (0, 0, 5, 0),
        (0, (1 << 64) - 1, 0, 2),
        (0, 0, 2, NULL),
        (1, 0, 0, 1),
    ):
        with trapping(OUT_OF_TABLE_BOUNDS):
            init(store, 0, segment, dst, src, length)
        with trapping(OUT_OF_TABLE_BOUNDS):
            instance._table_init(store, 0, segment, dst, src, length)
    assert [f and f(store) for f in contents(store, table)] == [10, None, 20, 30]
    init(store, 0, 1, 4, 0, 0)
    drop(store, 0)
    init(store, 0, 0, 4, 0, 0)
    with trapping(OUT_OF_TABLE_BOUNDS):
        init(store, 0, 0, 0, 0, 1)


def test_element_segments_of_references(store: Any) -> None:
    things = [Thing(), Thing()]
    alive = [weakref.ref(thing) for thing in things]
    instance = instantiate(
        store, new_module([constant(1)], tables=one_table(4, EXTERNREF) + one_table(2), num_elements=2)
    )
    instance._set_element_segment(store, 0, EXTERNREF, [things[0], None, things[1]])
    table = instance._table(store, 0)
    instance._table_init(store, 0, 0, 1, 0, 3)
    assert contents(store, table) == [None, things[0], None, things[1]]
    del things
    table._fill(store, 0, None, 4)
    assert [ref() is not None for ref in alive] == [True, True]
    instance._table_init(store, 0, 0, 0, 2, 1)
    instance._elem_drop(store, 0)
    assert [ref() is not None for ref in alive] == [False, True]
    instance._elem_drop(store, 0)
    instance._set_element_segment(store, 1, FUNCREF, [None, instance._func(store, 0)])
    instance._table_init(store, 1, 1, 0, 0, 2)
    assert contents(store, instance._table(store, 1)) == [None, instance._func(store, 0)]


def test_bad_element_segments(store: Any) -> None:
    instance = instantiate(store, new_module([constant(1)], num_elements=1))
    for items in (u32s(1), b"abc"):
        with pytest.raises(ValueError, match="function indices"):
            instance._set_element_segment(store, 0, FUNCREF, items)
    with pytest.raises((TypeError, errors.WasmError)):
        instance._set_element_segment(store, 0, FUNCREF, [5])
    with pytest.raises(TypeError):
        instance._set_element_segment(store, 0, FUNCREF, 5)
    segment = bytearray(u32s(0))
    instance._set_element_segment(store, 0, FUNCREF, segment)
    with pytest.raises(BufferError):
        segment.clear()  # its bytes are in use
    instance._set_element_segment(store, 0, FUNCREF, b"")
    segment.clear()


def test_partial_initialisation_stays(store: Any) -> None:
    """R-12: what a failing instantiation has put into another's table goes on working."""
    table = new_table(store, 10)
    module = new_module([constant(77)], imports=(1, 0, 0), num_elements=2)

    def fail() -> None:
        instance = instantiate(store, module, (), [table])
        instance._set_element_segment(store, 0, FUNCREF, u32s(0))
        instance._set_element_segment(store, 1, FUNCREF, u32s(0, 0, 0))
        instance._table_init(store, 0, 0, 7, 0, 1)
        with trapping(OUT_OF_TABLE_BOUNDS):
            instance._table_init(store, 0, 1, 8, 0, 3)

    for _ in range(50):
        fail()
        gc.collect(0)
        assert table._get(store, 7)(store) == 77
    assert [f is None for f in contents(store, table)] == [True] * 7 + [False] + [True] * 2


# --- memory helpers ---


def test_memory_grow_helper(store: Any) -> None:
    instance = instantiate(store, new_module([helper("memory_grow")], memories=[memory_plan(1, 3), memory_plan(0)]))
    grow = instance._func(store, 0)
    assert [grow(store, 0, delta) for delta in (0, 2, 0, 1, -1)] == [1, 1, 3, -1, -1]
    assert grow(store, 1, 65536) == 0
    assert grow(store, 1, 1) == -1
    store.limiter = limiter = Limiter(answer=False)
    assert grow(store, 1, 1) == -1
    assert grow(store, 1, 0) == 65536

    def fail() -> None:
        raise KeyError("from the limiter")

    limiter.act = fail
    with pytest.raises(KeyError, match="from the limiter"):
        grow(store, 0, 1)
    limiter.act, limiter.answer = None, True
    assert grow(store, 0, 0) == 3


def test_contexts_follow_a_memory_that_moves(store: Any) -> None:
    memory = moving_memory(store, 1)
    memory._write(store, b"\x2a", 100)
    module = new_module([load_byte(), helper("memory_grow")], imports=(0, 1, 0))
    instances = [instantiate(store, module, memories=[memory]) for _ in range(3)]
    own = instantiate(store, new_module([load_byte(), helper("memory_grow")], memories=[memory_plan(1, may_move=True)]))
    for i in range(10):
        before = memory._address(store)
        assert instances[i % 3]._func(store, 1)(store, 0, 1) == i + 1
        assert memory._address(store) != before
        assert [instance._func(store, 0)(store, 100) for instance in instances] == [42] * 3
        memory._write(store, bytes([i]), (i + 2) * PAGE - 1)
        assert instances[0]._func(store, 0)(store, (i + 2) * PAGE - 1) == i
    own._memory(store, 0)._write(store, b"\x07", 3)
    own._memory(store, 0)._grow(store, 5)
    assert own._func(store, 0)(store, 3) == 7


def test_memory_fill_helper(store: Any) -> None:
    instance = instantiate(store, new_module([helper("memory_fill")], memories=[memory_plan(1)]))
    fill, memory = instance._func(store, 0), instance._memory(store, 0)
    fill(store, 0, PAGE - 3, 0x1FF, 3)
    assert memory._read(store, PAGE - 4, PAGE) == b"\0\xff\xff\xff"
    fill(store, 0, PAGE, 1, 0)
    for address, length in ((PAGE - 3, 4), (PAGE + 1, 0), (-1, 2), (1, -1), (-1, 0)):
        with trapping(OUT_OF_MEMORY_BOUNDS):
            fill(store, 0, address, 1, length)
    assert memory._read(store, 0, 8) == bytes(8)


def test_memory_copy_helper(store: Any) -> None:
    instance = instantiate(store, new_module([helper("memory_copy")], memories=[memory_plan(1), memory_plan(2)]))
    copy = instance._func(store, 0)
    first, second = instance._memory(store, 0), instance._memory(store, 1)
    first._write(store, b"abcdef", 0)
    copy(store, 0, 0, 2, 0, 6)
    assert first._read(store, 0, 8) == b"ababcdef"
    copy(store, 0, 0, 0, 2, 6)
    assert first._read(store, 0, 8) == b"abcdefef"
    copy(store, 1, 0, 2 * PAGE - 4, 1, 4)
    assert second._read(store, 2 * PAGE - 4, 2 * PAGE) == b"bcde"
    copy(store, 0, 1, PAGE, 2 * PAGE, 0)
    for to, source, dst, src, length in (
        (0, 1, PAGE - 1, 0, 2),
        (1, 0, 0, PAGE - 1, 2),
        (0, 1, PAGE + 1, 0, 0),
        (0, 0, -1, 0, 2),
        (0, 0, 0, -1, 2),
        (0, 0, 0, 0, -1),
    ):
        with trapping(OUT_OF_MEMORY_BOUNDS):
            copy(store, to, source, dst, src, length)


def test_long_fills_and_copies(store: Any) -> None:
    """They are done in parts, between which interrupts are looked for."""
    pages = 256
    names = ("memory_fill", "memory_copy")
    instance = instantiate(store, new_module([helper(name) for name in names], memories=[memory_plan(pages)]))
    fill, copy = instance._func(store, 0), instance._func(store, 1)
    view = memoryview(instance._memory(store, 0))
    length, third = pages * PAGE, pages * PAGE // 3
    fill(store, 0, 1, 7, length - 1)
    assert (view[0], bytes(view[1:]).count(7)) == (0, length - 1)
    pattern = bytes(range(251)) * (third // 251)
    for dst, src in ((0, 12_345), (12_345, 0), (third, 0), (0, third)):
        view[src : src + len(pattern)] = pattern
        copy(store, 0, 0, dst, src, len(pattern))
        assert view[dst : dst + len(pattern)] == pattern
    threading.Timer(0.01, store._interrupt).start()
    with trapping("interrupt"):
        for _ in range(10_000):
            fill(store, 0, 0, 8, length)


# --- table helpers ---


def table_instance(store: Any, kind: int, *names: str, size: int = 6) -> tuple[Any, ...]:
    module = new_module(
        [helper(name, kind) for name in names], tables=one_table(size, kind, 20) + one_table(3, kind), num_elements=1
    )
    instance = instantiate(store, module)
    return (instance, *(instance._func(store, i) for i in range(len(names))))


def test_table_get_and_set_helpers(store: Any) -> None:
    instance, get, set_ = table_instance(store, EXTERNREF, "table_get", "table_set")
    table = instance._table(store, 0)
    set_(store, 0, 5, "last")
    assert table._get(store, 5) == get(store, 0, 5) == "last"
    assert get(store, 0, 4) is None
    for index in (6, -1, 1 << 32):
        with trapping(OUT_OF_TABLE_BOUNDS):
            get(store, 0, index)
        with trapping(OUT_OF_TABLE_BOUNDS):
            set_(store, 0, index, "no")
    thing = Thing()
    alive = weakref.ref(thing)
    set_(store, 0, 0, thing)
    del thing
    store._gc()
    assert alive() is not None
    set_(store, 0, 0, None)
    store._gc()
    assert alive() is None


@pytest.mark.parametrize("kind", [FUNCREF, EXTERNREF])
def test_table_grow_fill_and_copy_helpers(store: Any, kind: int) -> None:
    instance, grow, fill, copy = table_instance(store, kind, "table_grow", "table_fill", "table_copy")
    table, other = instance._table(store, 0), instance._table(store, 1)
    a, b = (grow, fill) if kind == FUNCREF else ("a", "b")
    assert grow(store, 0, 2, a) == 6
    assert contents(store, table) == [None] * 6 + [a, a]
    assert grow(store, 0, 13, a) == grow(store, 0, -1, a) == -1
    assert grow(store, 0, 0, a) == 8
    fill(store, 0, 1, b, 3)
    assert contents(store, table) == [None, b, b, b, None, None, a, a]
    fill(store, 0, 8, b, 0)
    for start, length in ((6, 3), (9, 0), (-1, 2), (0, -1)):
        with trapping(OUT_OF_TABLE_BOUNDS):
            fill(store, 0, start, b, length)
    copy(store, 0, 0, 2, 0, 6)
    assert contents(store, table) == [None, b, None, b, b, b, None, None]
    copy(store, 0, 0, 0, 2, 6)
    assert contents(store, table) == [None, b, b, b, None, None, None, None]
    copy(store, 1, 0, 1, 3, 2)
    assert contents(store, other) == [None, b, None]
    copy(store, 1, 0, 3, 8, 0)
    for to, source, dst, src, length in (
        (0, 1, 0, 1, 3),
        (1, 0, 1, 0, 3),
        (0, 0, 9, 0, 0),
        (0, 0, 0, 9, 0),
        (0, 0, -1, 0, 2),
        (0, 0, 0, 0, -1),
    ):
        with trapping(OUT_OF_TABLE_BOUNDS):
            copy(store, to, source, dst, src, length)
    assert contents(store, other) == [None, b, None]


def test_table_grow_helper_and_limiter(store: Any) -> None:
    _, grow = table_instance(store, EXTERNREF, "table_grow")
    store.limiter = limiter = Limiter(answer=False)
    assert grow(store, 0, 1, "x") == -1

    def fail() -> None:
        raise KeyError("from the limiter")

    limiter.act = fail
    thing = Thing()
    alive = weakref.ref(thing)
    with pytest.raises(KeyError, match="from the limiter"):
        grow(store, 0, 1, thing)
    del thing
    store._gc()
    gc.collect()  # frames of the exception
    assert alive() is None


def test_funcref_copies_make_no_records(store: Any) -> None:
    """R-10."""
    _, grow, fill, copy = table_instance(store, FUNCREF, "table_grow", "table_fill", "table_copy", size=3)
    grow(store, 0, 17, grow)
    before = store._stats()
    for _ in range(1000):
        fill(store, 0, 0, grow, 20)
        copy(store, 0, 0, 0, 10, 10)
    after = store._stats()
    assert {name: after[name] - before[name] for name in ("funcrefs", "externref_increments")} == {
        "funcrefs": 0,
        "externref_increments": 0,
    }


# --- other helpers ---


def test_global_ref_helpers(store: Any) -> None:
    module = new_module(
        [helper("global_get_ref", EXTERNREF), helper("global_set_ref", EXTERNREF)],
        imports=(0, 0, 1),
        globals=[(EXTERNREF, True)],
    )
    imported = native.GlobalBase._create(store, EXTERNREF, True, "imported")
    instance = instantiate(store, module, globals=[imported])
    get, set_ = instance._func(store, 0), instance._func(store, 1)
    assert get(store, 0) == "imported"
    assert get(store, 1) is None
    set_(store, 0, "new")
    assert imported._get(store) == "new"
    thing = Thing()
    alive = weakref.ref(thing)
    set_(store, 1, thing)
    assert get(store, 1) is thing
    del thing
    store._gc()
    assert alive() is not None
    set_(store, 1, None)
    store._gc()
    assert alive() is None


def test_call_indirect_slow_helper(store: Any) -> None:
    instance = instantiate(store, new_module([helper("call_indirect_slow"), constant(1)]))
    check = instance._func(store, 0)
    check(store, 1, instance._func(store, 1))  # types are numbered like functions here
    with trapping("indirect call type mismatch"):
        check(store, 0, instance._func(store, 1))
    with trapping("uninitialized element"):
        check(store, 1, None)
    allowed = (signature([], [I32]).type_id, signature([I32, FUNCREF], []).type_id)
    SUBTYPES.add(allowed)
    try:
        check(store, 0, instance._func(store, 1))
    finally:
        SUBTYPES.remove(allowed)


def test_out_of_fuel_helper(store: Any) -> None:
    instance = instantiate(store, new_module([helper("out_of_fuel")]))
    with trapping("all fuel consumed by WebAssembly"):
        instance._func(store, 0)(store)


def test_handles_are_checked(store: Any) -> None:
    instance = instantiate(store, new_module([constant(1)]))
    other = new_store()
    with pytest.raises(errors.WrongStoreError):
        instance._func(other, 0)
    with pytest.raises(TypeError):
        instance._func(store)
    with pytest.raises(TypeError):
        native.InstanceBase()
