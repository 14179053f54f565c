"""Store limits and limiters: what they are asked, what a refusal does."""

from __future__ import annotations

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


def test_limits_are_numbers(engine: taipan.Engine) -> None:
    with pytest.raises(TypeError, match="expected an int"):
        Store(engine).set_limits(memory_size="1")  # type: ignore[arg-type]
