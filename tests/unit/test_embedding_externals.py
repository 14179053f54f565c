"""Globals, tables, memories and functions handled by the host; values of one store offered to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import taipan
from taipan import (
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Linker,
    Memory,
    MemoryType,
    Module,
    Store,
    Table,
    TableType,
    Val,
    ValType,
    WasmError,
)

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()
FUNCREF, EXTERNREF = ValType.funcref(), ValType.externref()


@pytest.fixture
def other(engine: taipan.Engine) -> Store:
    return Store(engine)


def nothing(store: Store) -> Func:
    return Func(store, FuncType([], []), lambda: None)


# --- globals ---


@pytest.mark.parametrize("value", [Val.i64(1), Val.f32(1.0), Val.f64(1.0), 1.0, "1", None])
def test_global_of_the_wrong_type(store: Store, value: Any) -> None:
    with pytest.raises((TypeError, WasmError)):
        Global(store, GlobalType(I32, False), value)
    variable = Global(store, GlobalType(I32, True), 7)
    with pytest.raises((TypeError, WasmError)):
        variable.set_value(store, value)
    assert variable.value(store) == 7


def test_constant_globals_cannot_be_set(store: Store) -> None:
    constant = Global(store, GlobalType(I32, False), 1)
    with pytest.raises(WasmError, match="immutable global cannot be set"):
        constant.set_value(store, 2)
    assert constant.value(store) == 1
    assert not constant.type(store).mutable


@pytest.mark.parametrize(
    ("type", "value", "seen"),
    [
        (I32, 2**32 - 1, -1),
        (I32, True, 1),
        (I64, -(2**63), -(2**63)),
        (I64, 2**64 - 1, -1),
        (F32, 0.1, 0.10000000149011612),
        (F64, 0.1, 0.1),
    ],
)
def test_numeric_globals(store: Store, type: ValType, value: Any, seen: Any) -> None:
    variable = Global(store, GlobalType(type, True), value)
    assert variable.value(store) == seen
    variable.set_value(store, value)
    assert variable.value(store) == seen
    assert variable.type(store) == GlobalType(type, True)


def test_reference_globals(store: Store) -> None:
    variable = Global(store, GlobalType(EXTERNREF, True), None)
    assert variable.value(store) is None
    greeting = ["hello"]
    variable.set_value(store, greeting)
    assert variable.value(store) is greeting
    assert Global(store, GlobalType(EXTERNREF, False), 42).value(store) == 42

    func = nothing(store)
    variable = Global(store, GlobalType(FUNCREF, True), None)
    assert variable.value(store) is None
    variable.set_value(store, func)
    assert variable.value(store) == func
    variable.set_value(store, None)
    assert variable.value(store) is None
    with pytest.raises(TypeError):
        variable.set_value(store, "not a function")


def test_v128_globals(store: Store) -> None:
    value = 2**127 + 3
    variable = Global(store, GlobalType(ValType.v128(), True), value)
    seen = variable.value(store)
    as_int = seen if isinstance(seen, int) else int.from_bytes(seen, "little")
    assert as_int % 2**128 == value


def test_a_global_outlives_its_instance_handle(engine: taipan.Engine, store: Store) -> None:
    module = Module(engine, '(module (global (export "g") i32 (i32.const 100)))')
    variable = Instance(store, module, []).exports(store)["g"]
    del module
    assert variable.value(store) == 100


# --- tables ---


def test_tables_of_numbers_do_not_exist() -> None:
    with pytest.raises(WasmError):
        TableType(I32, Limits(0, 1))


def test_table_bounds(store: Store) -> None:
    table = Table(store, TableType(FUNCREF, Limits(0, 1)), None)
    assert table.get(store, 0) is None
    assert table.get(store, 2**32 - 1) is None
    for index in (0, 2**32 - 1):
        with pytest.raises(WasmError, match="out of bounds table access"):
            table.set(store, index, None)
    table = Table(store, TableType(FUNCREF, Limits(1, None)), None)
    assert table.get(store, 0) is None
    assert table.get(store, 1) is None


def test_table_values_are_checked(store: Store) -> None:
    with pytest.raises((TypeError, WasmError)):
        Table(store, TableType(FUNCREF, Limits(0, 1)), 0)
    table = Table(store, TableType(FUNCREF, Limits(1, 2)), None)
    for action in (
        lambda: table.set(store, 0, 0),
        lambda: table.grow(store, 1, 0),
        lambda: table.fill(store, 0, Val.externref("x"), 1),
    ):
        with pytest.raises((TypeError, WasmError)):
            action()
    assert table.size(store) == 1


def test_table_growth_stops_at_the_maximum(store: Store) -> None:
    table = Table(store, TableType(FUNCREF, Limits(1, 1)), None)
    assert table.grow(store, 0, None) == 1
    with pytest.raises(WasmError, match="failed to grow table by `1`"):
        table.grow(store, 1, None)
    assert table.size(store) == 1
    assert table.type(store).limits == Limits(1, 1)


@pytest.mark.parametrize("kind", ["funcref", "externref"])
def test_reference_tables(store: Store, kind: str) -> None:
    first: Any = nothing(store) if kind == "funcref" else "first"
    second: Any = nothing(store) if kind == "funcref" else "second"
    table = Table(store, TableType(FUNCREF if kind == "funcref" else EXTERNREF, Limits(10, None)), first)
    assert [table.get(store, i) for i in range(10)] == [first] * 10
    table.set(store, 5, None)
    assert table.get(store, 5) is None
    table.set(store, 5, first)
    assert table.get(store, 5) == first
    table.fill(store, 2, second, 4)
    assert [table.get(store, i) == second for i in range(10)] == [2 <= i < 6 for i in range(10)]
    assert table.grow(store, 3, second) == 10
    assert table.size(store) == 13
    assert table.get(store, 12) == second
    with pytest.raises(WasmError):
        table.fill(store, 10, first, 4)
    assert table.get(store, 12) == second


def test_copy_between_tables(store: Store) -> None:
    source = Table(store, TableType(EXTERNREF, Limits(3, None)), None)
    for i in range(3):
        source.set(store, i, i)
    target = Table(store, TableType(EXTERNREF, Limits(3, None)), None)
    target.copy(store, 1, source, 0, 2)
    assert [target.get(store, i) for i in range(3)] == [None, 0, 1]
    target.copy(store, 0, target, 1, 2)  # overlapping
    assert [target.get(store, i) for i in range(3)] == [0, 1, 1]
    with pytest.raises(WasmError, match="out of bounds table access"):
        target.copy(store, 2, source, 0, 2)
    functions = Table(store, TableType(FUNCREF, Limits(3, None)), None)
    with pytest.raises(WasmError, match="tables do not have the same element type"):
        functions.copy(store, 0, source, 0, 1)


# --- memories ---


def test_read_and_write_at_the_end(store: Store) -> None:
    memory = Memory(store, MemoryType(Limits(2, None)))
    end = 2 * 65536
    data = bytes(range(1, 11))
    assert memory.write(store, data, end - 10) == 10
    assert memory.read(store, end - 10, end) == data
    with pytest.raises(IndexError):
        memory.write(store, b"x" * 10, end - 9)
    assert memory.read(store, end - 10, end) == data  # nothing was written
    with pytest.raises(IndexError):
        memory.write(store, b"x", 2**64 - 1)
    assert memory.read(store, 2**64 - 1, 2**64) == b""
    with pytest.raises(IndexError):
        memory.get_buffer_ptr(store, 10, end - 9)


def test_read_clamps_like_a_slice(store: Store) -> None:
    memory = Memory(store, MemoryType(Limits(1, None)))
    memory.write(store, b"abcdef", -6)
    assert memory.read(store, -6) == b"abcdef"
    assert memory.read(store, -6, -4) == b"ab"
    assert memory.read(store, -5, 5) == b""
    assert len(memory.read(store)) == 65536
    assert memory.read(store, 65530, 10**9) == b"abcdef"
    assert isinstance(memory.read(store, 0, 1), bytearray)
    with pytest.raises(IndexError):
        memory.write(store, b"abc", -2)
    assert memory.write(store, [1, 2]) == 2  # any iterable of bytes, at 0
    assert memory.read(store, 0, 3) == b"\x01\x02\x00"


def test_memory_is_a_buffer(store: Store) -> None:
    memory = Memory(store, MemoryType(Limits(1, 3)))
    memory.write(store, b"hello", 8)
    view = memoryview(memory)
    assert bytes(view[8:13]) == b"hello"
    view[8] = ord("j")
    assert memory.read(store, 8, 13) == b"jello"
    assert len(memory) == view.nbytes == 65536
    assert memory[8] == ord("j")
    assert memory[8:13] == b"jello"
    memory[8:10] = b"yo"
    assert memory.read(store, 8, 13) == b"yollo"
    assert memory.grow(store, 1) == 1  # static: growing is possible while a view exists
    assert view.nbytes == 65536
    assert len(memory) == 2 * 65536
    with pytest.raises(IndexError):
        memory[2 * 65536]
    view.release()
    assert Memory(store, MemoryType(Limits(0, 0)))  # an empty memory is not false


def test_memory_through_ctypes(store: Store) -> None:
    ctypes = pytest.importorskip("ctypes")
    memory = Memory(store, MemoryType(Limits(1, None)))
    pointer = memory.data_ptr(store)
    pointer[3] = 77
    assert memory.read(store, 3, 4) == b"M"
    assert ctypes.string_at(ctypes.addressof(pointer.contents) + 3, 1) == b"M"
    array = memory.get_buffer_ptr(store, 4, 2)
    assert bytes(array) == b"\x00M\x00\x00"
    array[0] = 1
    assert memory.read(store, 2, 3) == b"\x01"
    assert len(memory.get_buffer_ptr(store)) == 65536
    assert memory.data_len(store) == 65536
    assert (memory.page_size(store), memory.page_size_log2(store)) == (65536, 16)


def test_numpy_shares_the_bytes(store: Store) -> None:
    numpy = pytest.importorskip("numpy")
    memory = Memory(store, MemoryType(Limits(1, None)))
    array = numpy.frombuffer(memory, dtype=numpy.uint32)
    array[1] = 0x01020304
    assert memory.read(store, 4, 8) == b"\x04\x03\x02\x01"


def test_memory_types(store: Store) -> None:
    with pytest.raises(WasmError, match="maximum page size cannot be smaller than the minimum"):
        MemoryType(Limits(2, 1))
    with pytest.raises(WasmError, match="minimum size too large"):
        MemoryType(Limits(65537, None))
    with pytest.raises(WasmError, match="shared memories must have a maximum size"):
        MemoryType(Limits(1, None), shared=True)
    with pytest.raises(TypeError):
        MemoryType(5)  # type: ignore[arg-type]
    memory = Memory(store, MemoryType(Limits(1, 2)))
    assert memory.type(store) == MemoryType(Limits(1, 2))
    assert memory.grow(store, 1) == 1
    with pytest.raises(WasmError, match="failed to grow memory by `1`"):
        memory.grow(store, 1)
    with pytest.raises(WasmError, match="cannot grow by negative amount"):
        memory.grow(store, -1)
    assert memory.size(store) == 2


# --- stores do not mix ---


def foreign_items(other: Store) -> list[tuple[str, Any]]:
    return [
        ("(func)", nothing(other)),
        ("(global i32)", Global(other, GlobalType(I32, False), 0)),
        ("(table 1 funcref)", Table(other, TableType(FUNCREF, Limits(1, None)), None)),
        ("(memory 1)", Memory(other, MemoryType(Limits(1, None)))),
    ]


@pytest.mark.parametrize("position", range(4))
def test_foreign_items_cannot_be_imported(engine: taipan.Engine, store: Store, other: Store, position: int) -> None:
    desc, item = foreign_items(other)[position]
    module = Module(engine, f'(module (import "" "" {desc}))')
    with pytest.raises(WasmError, match="cross-`Store`"):
        Instance(store, module, [item])
    with pytest.raises(WasmError, match="cross-`Store`"):
        Linker(engine).define(store, "", "", item)
    linker = Linker(engine)
    linker.define(other, "", "", item)
    with pytest.raises(WasmError, match="cross-`Store`"):
        linker.instantiate(store, module)
    with pytest.raises(WasmError, match="cross-`Store`"):
        linker.get(store, "", "")
    assert isinstance(linker.instantiate(other, module), Instance)


def test_foreign_functions_are_no_values(engine: taipan.Engine, store: Store, other: Store) -> None:
    mine, foreign = nothing(store), nothing(other)
    variable = Global(store, GlobalType(FUNCREF, True), None)
    table = Table(store, TableType(FUNCREF, Limits(1, None)), None)
    takes = Func(store, FuncType([FUNCREF], []), lambda func: None)
    gives = Func(store, FuncType([], [FUNCREF]), lambda: foreign)
    actions: list[Callable[[], Any]] = [
        lambda: Global(store, GlobalType(FUNCREF, True), foreign),
        lambda: variable.set_value(store, foreign),
        lambda: Table(store, TableType(FUNCREF, Limits(1, None)), foreign),
        lambda: table.set(store, 0, foreign),
        lambda: table.grow(store, 1, foreign),
        lambda: table.fill(store, 0, foreign, 1),
        lambda: takes(store, foreign),
        lambda: takes.typed(store, [FUNCREF], [])(store, foreign),
        lambda: gives(store),
    ]
    for action in actions:
        with pytest.raises(WasmError, match="cross-`Store`"):
            action()
    assert table.size(store) == 1
    variable.set_value(store, mine)
    table.set(store, 0, mine)
    assert table.grow(store, 1, mine) == 1
    table.fill(store, 0, mine, 1)
    takes(store, mine)
    takes.typed(store, [FUNCREF], [])(store, mine)


def test_handles_refuse_the_wrong_store(engine: taipan.Engine, store: Store, other: Store) -> None:
    func = nothing(store)
    memory = Memory(store, MemoryType(Limits(1, None)))
    table = Table(store, TableType(FUNCREF, Limits(1, None)), None)
    variable = Global(store, GlobalType(I32, True), 0)
    instance = Instance(store, Module(engine, '(module (func (export "f")))'), [])
    actions: list[Callable[[Any], Any]] = [
        func,
        func.type,
        memory.size,
        lambda s: memory.grow(s, 0),
        lambda s: memory.read(s, 0, 1),
        lambda s: memory.write(s, b"x", 0),
        memory.data_ptr,
        table.size,
        lambda s: table.get(s, 0),
        lambda s: table.set(s, 0, None),
        lambda s: table.grow(s, 0, None),
        variable.value,
        lambda s: variable.set_value(s, 1),
        lambda s: instance.get_func(s, "f"),
        instance.exports,
    ]
    for action in actions:
        with pytest.raises(taipan.WrongStoreError):
            action(other)
        with pytest.raises(TypeError):
            action(5)
    exports = instance.exports(store)
    with pytest.raises(taipan.WrongStoreError):
        instance.exports(other)
    assert instance.exports(store) is exports


def test_a_closed_store_refuses_everything(engine: taipan.Engine) -> None:
    store = Store(engine)
    func, memory = nothing(store), Memory(store, MemoryType(Limits(1, None)))
    store.close()
    store.close()
    for action in (lambda: func(store), lambda: memory.size(store), lambda: nothing(store)):
        with pytest.raises(taipan.StoreClosedError) as caught:
            action()
        assert isinstance(caught.value, ValueError)
    assert store.closed
    with Store(engine) as inside:
        pass
    assert inside.closed


def test_engines_do_not_mix(engine: taipan.Engine, store: Store) -> None:
    module = Module(taipan.Engine(), "(module)")
    for action in (
        lambda: Instance(store, module, []),
        lambda: Linker(engine).instantiate(store, module),
        lambda: Linker(engine).instantiate_pre(module),
        lambda: Linker(module.engine).instantiate_pre(module).instantiate(store),
    ):
        with pytest.raises(WasmError, match="cross-`Engine` instantiation"):
            action()


# --- functions as values ---


def test_functions_as_values(engine: taipan.Engine, store: Store) -> None:
    module = Module(
        engine,
        """(module
          (func (export "id") (param funcref) (result funcref) local.get 0)
          (func (export "f") (result i32) i32.const 7))""",
    )
    instance = Instance(store, module, [])
    other_instance = Instance(store, module, [])
    identity = instance.exports(store)["id"]
    assert identity(store, None) is None
    for func in (instance.exports(store)["f"], other_instance.exports(store)["f"], nothing(store)):
        back = identity(store, func)
        assert back == func
        assert hash(back) == hash(func)
        assert back.type(store) == func.type(store)
    assert identity(store, other_instance.exports(store)["f"])(store) == 7
    with pytest.raises(TypeError):
        identity(store, 5)


def test_call_via_funcref(engine: taipan.Engine, store: Store) -> None:
    module = Module(
        engine,
        """(module
          (type $t (func (param i32 i32) (result i32)))
          (table $table 1 funcref)
          (func (export "call") (param i32 i32 funcref) (result i32 funcref)
            (table.set $table (i32.const 0) (local.get 2))
            (call_indirect $table (type $t) (local.get 0) (local.get 1) (i32.const 0))
            (table.get $table (i32.const 0))))""",
    )
    add = Func(store, FuncType([I32, I32], [I32]), lambda a, b: a + b)
    total, back = Instance(store, module, []).exports(store)["call"](store, 5, 10, add)
    assert (total, back) == (15, add)
