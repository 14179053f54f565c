"""Store limits and limiters: what they are asked, what a refusal does."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

import taipan
from taipan import Instance, Limits, Memory, MemoryType, Module, Store, Table, TableType, ValType, WasmError

PAGE = 65536
FUNCREF = ValType.funcref()


GROWING = """(module (memory (export "m") 0) (table (export "t") 0 funcref)
  (func (export "gm") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "gt") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"""


@pytest.mark.parametrize(("memory_limit", "table_limit"), [(10, 5), (10, -1), (-1, 5)])
def test_limits(engine: taipan.Engine, memory_limit: int, table_limit: int) -> None:
    store = Store(engine)
    store.set_limits(memory_size=memory_limit * PAGE if memory_limit >= 0 else -1, table_elements=table_limit)
    instance = Instance(store, Module(engine, GROWING), [])
    exports = instance.exports(store)
    memories = (exports["m"], Memory(store, MemoryType(Limits(0, None))))
    tables = (exports["t"], Table(store, TableType(FUNCREF, Limits(0, None)), None))
    for memory in memories:
        for pages in (3, 5, 2):
            memory.grow(store, pages)
        if memory_limit >= 0:
            with pytest.raises(WasmError, match="failed to grow memory by `1`"):
                memory.grow(store, 1)
        else:
            memory.grow(store, 1)
    for table in tables:
        for elements in (2, 1, 2):
            table.grow(store, elements, None)
        if table_limit >= 0:
            with pytest.raises(WasmError, match="failed to grow table by `1`"):
                table.grow(store, 1, None)
        else:
            table.grow(store, 1, None)
    assert exports["gm"](store, 1) == (-1 if memory_limit >= 0 else 11)
    assert exports["gt"](store, 1) == (-1 if table_limit >= 0 else 6)


def test_initial_sizes(engine: taipan.Engine) -> None:
    store = Store(engine)
    store.set_limits(memory_size=10 * PAGE, table_elements=4)
    cases = [
        ("(module (memory 11))", "memory minimum size of 11 pages exceeds memory limits"),
        ("(module (table 23 funcref))", "table minimum size of 23 elements exceeds table limits"),
    ]
    for wat, message in cases:
        with pytest.raises(WasmError, match=message):
            Instance(store, Module(engine, wat), [])
    with pytest.raises(WasmError, match="memory minimum size of 11 pages exceeds memory limits"):
        Memory(store, MemoryType(Limits(11, None)))
    with pytest.raises(WasmError, match="table minimum size of 23 elements exceeds table limits"):
        Table(store, TableType(FUNCREF, Limits(23, None)), None)


def test_numbers_of_things(engine: taipan.Engine) -> None:
    empty = Module(engine, "(module)")
    store = Store(engine)
    store.set_limits(instances=2, memories=4, tables=1)
    Instance(store, empty, [])
    Instance(store, empty, [])
    with pytest.raises(WasmError, match="resource limit exceeded: instance count too high at 3"):
        Instance(store, empty, [])
    store = Store(engine)
    store.set_limits(memories=10, tables=10)
    five = Module(engine, f"(module {'(memory 1)' * 5})")
    Instance(store, five, [])
    Instance(store, five, [])
    with pytest.raises(WasmError, match="resource limit exceeded: memory count too high"):
        Instance(store, five, [])
    five = Module(engine, f"(module {'(table 1 funcref)' * 5})")
    Instance(store, five, [])
    Instance(store, five, [])
    with pytest.raises(WasmError, match="resource limit exceeded: table count too high"):
        Instance(store, five, [])
    Memory(store, MemoryType(Limits(1, None)))  # the host's own do not count


def test_what_could_not_be_made_does_not_count(engine: taipan.Engine) -> None:
    store = Store(engine)
    store.set_limits(memory_size=PAGE, memories=2)
    too_large = Module(engine, "(module (memory 1) (memory 2))")
    for _ in range(3):
        with pytest.raises(WasmError, match="exceeds memory limits"):
            Instance(store, too_large, [])
    Instance(store, Module(engine, "(module (memory 1) (memory 1))"), [])


class Budget:
    """One budget of bytes for all memories and what the host keeps for the guest."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self.seen: list[tuple[int, int, int | None]] = []
        self.failed: list[str] = []

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        self.seen.append((current, desired, maximum))
        if self.used + desired - current > self.budget:
            return False
        self.used += desired - current
        return True

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        return True

    def memory_grow_failed(self, error: Exception) -> None:
        self.failed.append(str(error))

    table_grow_failed = memory_grow_failed


def test_custom_limiter(engine: taipan.Engine) -> None:
    store = Store(engine)
    store.limiter = budget = Budget(10 * PAGE)
    module = Module(
        engine,
        """(module (import "" "alloc" (func $alloc (param i32) (result i32))) (memory (export "m") 0 20)
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "alloc") (param i32) (result i32) local.get 0 call $alloc))""",
    )

    def alloc(size: int) -> int:
        return int(budget.memory_growing(0, size, None))

    i32 = ValType.i32()
    host = taipan.Func(store, taipan.FuncType([i32], [i32]), alloc)
    exports = Instance(store, module, [host]).exports(store)
    assert exports["grow"](store, 3) == 0
    assert budget.seen[-1] == (0, 3 * PAGE, 20 * PAGE)
    assert exports["alloc"](store, 5 * PAGE) == 1
    assert exports["grow"](store, 2) == 3
    assert exports["alloc"](store, 1) == 0
    assert exports["grow"](store, 1) == -1
    with pytest.raises(WasmError, match="failed to grow memory by `1`"):
        exports["m"].grow(store, 1)
    assert budget.used == 10 * PAGE


def test_limiters_are_told_of_failure(engine: taipan.Engine) -> None:
    store = Store(engine)
    store.limiter = budget = Budget(10**12)
    memory = Memory(store, MemoryType(Limits(0, 2)))
    with pytest.raises(WasmError):
        memory.grow(store, 3)
    assert len(budget.failed) == 1
    table = Table(store, TableType(FUNCREF, Limits(0, 2)), None)
    with pytest.raises(WasmError):
        table.grow(store, 3, None)
    assert len(budget.failed) == 2


@pytest.mark.parametrize("what", ["memory", "table"])
def test_limiter_exceptions_reach_the_caller(engine: taipan.Engine, what: str) -> None:
    class Fails:
        armed = False

        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            if self.armed:
                raise LookupError("limiter")
            return True

        table_growing = memory_growing

    store = Store(engine)
    store.limiter = limiter = Fails()
    exports = Instance(store, Module(engine, GROWING), []).exports(store)
    limiter.armed = True
    actions: list[Any] = [lambda: exports["gm"](store, 1), lambda: exports["m"].grow(store, 1)]
    if what == "table":
        actions = [lambda: exports["gt"](store, 1), lambda: exports["t"].grow(store, 1, None)]
    for action in actions:
        with pytest.raises(LookupError, match="limiter"):
            action()
    with pytest.raises(LookupError, match="limiter"):
        Instance(store, Module(engine, f"(module ({what} 1 {'funcref' if what == 'table' else ''}))"), [])
    limiter.armed = False
    assert exports["gm"](store, 1) == 0


@pytest.mark.parametrize("what", ["memory", "table"])
def test_exceptions_about_failures_reach_the_caller(engine: taipan.Engine, what: str) -> None:
    """From `*_grow_failed`, too, through the host's call and through wasm."""

    class Told:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            return True

        table_growing = memory_growing

        def memory_grow_failed(self, error: Exception) -> None:
            raise LookupError(str(error)) from error

        table_grow_failed = memory_grow_failed

    store = Store(engine)
    store.limiter = Told()
    wat = GROWING.replace('"m") 0', '"m") 0 2').replace('"t") 0', '"t") 0 2')
    exports = Instance(store, Module(engine, wat), []).exports(store)
    message = f"failed to grow {what} by `3`: {what} maximum size exceeded"
    with pytest.raises(LookupError, match=message):
        exports["gm" if what == "memory" else "gt"](store, 3)
    with pytest.raises(LookupError, match=message):
        exports["m"].grow(store, 3) if what == "memory" else exports["t"].grow(store, 3, None)


def test_limiters_need_not_listen(engine: taipan.Engine) -> None:
    class Silent:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            return True

        table_growing = memory_growing

    store = Store(engine)
    store.limiter = Silent()
    memory = Memory(store, MemoryType(Limits(0, 1)))
    with pytest.raises(WasmError, match="failed to grow memory by `2`"):
        memory.grow(store, 2)


class Greedy:
    """Grows what it is asked about, as often as it is asked, up to `most` times."""

    def __init__(self, grow: Any, most: int) -> None:
        self.grow = grow
        self.most = most
        self.asked: list[tuple[int, int]] = []
        self.failed: list[str] = []
        self.inside = False

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        if not self.inside:
            self.asked.append((current, desired))
            if len(self.asked) <= self.most:
                self.inside = True
                self.grow()
                self.inside = False
        return True

    table_growing = memory_growing

    def memory_grow_failed(self, error: Exception) -> None:
        self.failed.append(str(error))

    table_grow_failed = memory_grow_failed


@pytest.mark.parametrize("what", ["memory", "table"])
def test_limiters_that_grow_what_they_are_asked_about(engine: taipan.Engine, what: str) -> None:
    """Once: they are asked again, about the true sizes. Again then: the growth fails, instead of asking for ever."""
    store = Store(engine)
    exports = Instance(store, Module(engine, GROWING), []).exports(store)
    unit = PAGE if what == "memory" else 1

    def grow() -> int:
        return int(exports["m"].grow(store, 1) if what == "memory" else exports["t"].grow(store, 1, None))

    store.limiter = greedy = Greedy(grow, 1)
    assert grow() == 1
    assert greedy.asked == [(0, unit), (unit, 2 * unit)]
    store.limiter = greedy = Greedy(grow, 10**9)
    with pytest.raises(WasmError, match=f"failed to grow {what} by `1`"):
        grow()
    assert greedy.asked == [(2 * unit, 3 * unit), (3 * unit, 4 * unit)]
    assert greedy.failed == [f"failed to grow {what} by `1`: the limiter keeps growing it"]
    assert exports["gm" if what == "memory" else "gt"](store, 1) == -1
    store.limiter = None
    assert grow() == 6


def test_largest_maxima_are_maxima(engine: taipan.Engine) -> None:
    """2**64-1 is not the same as none: in types, when linking, and for limiters."""
    most = 2**64 - 1

    maxima: list[int | None] = []

    class Sees:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            maxima.append(maximum)
            return True

        table_growing = memory_growing

    bounded = f'(module (table (export "t") i64 0 {most} funcref) (memory (export "m") i64 0 {2**48}))'
    wants = f'(module (import "" "t" (table i64 0 {most} funcref)))'
    store = Store(engine)
    store.limiter = Sees()
    exports: Any = Instance(store, Module(engine, bounded), []).exports(store)
    assert sorted(map(str, maxima)) == sorted([str(most), str(2**64 - PAGE)])
    assert exports["t"].type(store).limits == Limits(0, most)
    Instance(store, Module(engine, wants), [exports["t"]])
    unbounded: Any = Instance(store, Module(engine, bounded.replace(f" {most}", "")), []).exports(store)["t"]
    assert unbounded.type(store).limits == Limits(0, None)
    with pytest.raises(taipan.LinkError, match="max: none"):
        Instance(store, Module(engine, wants), [unbounded])
    assert maxima[-2:].count(None) == 1


def test_drop_externref_global_during_module_init(engine: taipan.Engine) -> None:
    """A limiter refuses the memory of a module with globals that hold references: nothing half made is touched."""

    class Refuses:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            return False

        table_growing = memory_growing

    class Thing:
        pass

    store = Store(engine)
    thing = Thing()
    alive = weakref.ref(thing)
    given = taipan.Global(store, taipan.GlobalType(ValType.externref(), False), thing)
    del thing
    for own in ("(memory 1)", "(table 1 externref)", "(table 0 externref) (memory 0) (memory 1)"):
        wat = f"""(module (import "" "" (global externref)) (global externref (global.get 0))
          (global (mut externref) (ref.null extern)) {own})"""
        store.limiter = Refuses()
        with pytest.raises(WasmError, match="limits"):
            Instance(store, Module(engine, wat), [given])
        store.limiter = None
        Instance(store, Module(engine, wat), [given])
    assert alive() is not None
    store.close()
    gc.collect()
    assert alive() is None


def test_limits_are_numbers(engine: taipan.Engine) -> None:
    with pytest.raises(TypeError, match="expected an int"):
        Store(engine).set_limits(memory_size="1")  # type: ignore[arg-type]
