"""What a store owns lives exactly as long as the store: handles that are gone, instantiations that fail, finalizers."""

# Long lines are WebAssembly text.
# ruff: noqa: E501

from __future__ import annotations

import gc
import threading
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
    Module,
    Store,
    Table,
    TableType,
    ValType,
)

I32 = ValType.i32()
FUNCREF = ValType.funcref()
EXTERNREF = ValType.externref()


@pytest.fixture(scope="module")
def engine() -> taipan.Engine:
    return taipan.Engine()


@pytest.fixture
def store(engine: taipan.Engine) -> Store:
    return Store(engine)


def instantiate(store: Store, wat: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, wat), imports).exports(store)


class Counted:
    """Callable, and counts the objects that are finalised."""

    finalised = 0

    def __call__(self, *args: Any) -> None:
        pass

    def __del__(self) -> None:
        Counted.finalised += 1


# --- use after drop ---


def test_functions_in_a_table_survive_everything_but_the_store(store: Store) -> None:
    """The closure, the instance that put it there, and every handle are gone; the table still calls it."""
    table = Table(store, TableType(FUNCREF, Limits(2, None)), None)
    seen: list[int] = []
    host = Func(store, FuncType([], []), lambda: seen.append(len(seen)))
    wat = '(module (import "" "h" (func $h)) (import "" "t" (table 2 funcref)) (func $own (call $h)) (elem (i32.const 0) $h $own))'
    instantiate(store, wat, host, table)
    del host
    gc.collect()
    table.get(store, 0)(store)
    table.get(store, 1)(store)
    assert seen == [0, 1]


def test_items_survive_instance_and_module(store: Store) -> None:
    exports = dict(
        instantiate(
            store,
            """(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 5))
              (func (export "f") (result i32) (i32.load (i32.const 0))) (elem (i32.const 0) 0) (data (i32.const 0) "\\2a"))""",
        )
    )
    gc.collect()
    assert exports["f"](store) == 42
    exports["m"].write(store, b"\x01", 1)
    assert exports["t"].get(store, 0)(store) == 256 + 42
    exports["g"].set_value(store, 6)
    assert exports["g"].value(store) == 6
    again = instantiate(store, '(module (import "" "" (memory 1)) (export "m" (memory 0)))', exports["m"])["m"]
    exports.clear()
    gc.collect()
    assert again.read(store, 0, 2) == b"\x2a\x01"


# --- failing instantiations (R-12) ---

LEAVES_ONE = """(module (import "" "t" (table 1 funcref)) (import "" "at" (global $at i32))
  (import "" "n" (global $n (mut i32)))
  (func $f (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $at))
  (elem (global.get $at) $f) (start $fail) (func $fail unreachable))"""


def test_a_thousand_failing_instantiations(engine: taipan.Engine, store: Store) -> None:
    """Each leaves a function in a shared table; afterwards all can be called, and all go with the store."""
    module = Module(engine, LEAVES_ONE)
    table = Table(store, TableType(FUNCREF, Limits(1000, None)), None)
    counted = Global(store, GlobalType(I32, True), 0)
    for i in range(1000):
        with pytest.raises(taipan.Trap, match="unreachable"):
            Instance(store, module, [table, Global(store, GlobalType(I32, False), i), counted])
    del module
    gc.collect()
    assert [table.get(store, i)(store) for i in range(1000)] == list(range(1000))
    assert counted.value(store) == 1000
    assert store._stats()["instances"] == 1000


def test_imports_from_a_module_that_failed(store: Store) -> None:
    """What a failing instantiation left in a table is imported, called and re-exported by others."""
    table = Table(store, TableType(FUNCREF, Limits(1, None)), None)
    counted = Global(store, GlobalType(I32, True), 0)
    with pytest.raises(taipan.Trap):
        instantiate(store, LEAVES_ONE, table, Global(store, GlobalType(I32, False), 0), counted)
    left = table.get(store, 0)
    wat = '(module (import "" "f" (func $f (result i32))) (export "f" (func $f)) (func (export "g") (result i32) call $f))'
    exports = instantiate(store, wat, left)
    assert exports["f"] == left
    assert exports["g"](store) == 0 and exports["f"](store) == 0
    assert counted.value(store) == 2


@pytest.mark.parametrize("fails", ["start", "elem", "data", "host"])
def test_whatever_fails_the_rest_stays(store: Store, fails: str) -> None:
    table = Table(store, TableType(FUNCREF, Limits(1, None)), None)
    what = {
        "start": "(func $s unreachable) (start $s)",
        "elem": "(elem (i32.const 1) $f)",
        "data": '(memory 0) (data (i32.const 0) "x")',
        "host": "(start $h)",
    }[fails]

    def host() -> None:
        raise ValueError("host")

    wat = f"""(module (import "" "h" (func $h)) (import "" "t" (table 1 funcref))
      (func $f (result i32) (i32.const 77)) (elem (i32.const 0) $f) {what})"""
    with pytest.raises((taipan.Trap, ValueError)):
        instantiate(store, wat, Func(store, FuncType([], []), host), table)
    gc.collect()
    assert table.get(store, 0)(store) == 77


# --- finalizers ---


def test_every_finalizer_runs_when_the_store_closes(engine: taipan.Engine) -> None:
    """Host functions, references in tables and globals of the host, of instances and of instances that failed."""
    Counted.finalised = 0
    created = 0
    with Store(engine) as store:
        for _ in range(20):
            table = Table(store, TableType(EXTERNREF, Limits(3, None)), Counted())
            table.set(store, 1, Counted())
            host = Func(store, FuncType([], []), Counted())
            given = Global(store, GlobalType(EXTERNREF, False), Counted())
            created += 4
            for end in ("", "(func $s unreachable) (start $s)"):
                wat = f"""(module (import "" "h" (func $h)) (import "" "g" (global externref)) (global externref (global.get 0))
                  (table 2 externref (global.get 0)) {end})"""
                try:
                    instantiate(store, wat, host, given)
                except taipan.Trap:
                    assert end
        del table, host, given
        gc.collect()
        assert Counted.finalised == 0
    gc.collect()
    assert Counted.finalised == created


def test_finalizers_of_a_linker_used_by_many_stores_and_threads(engine: taipan.Engine) -> None:
    """Dropped exactly once each, after the linker and the last store."""
    Counted.finalised = 0
    linker = Linker(engine)
    for i in range(10):
        linker.define_func("", f"h{i}", FuncType([I32], []), Counted())
    imports = "".join(f'(import "" "h{i}" (func $h{i} (param i32)))' for i in range(10))
    calls = "".join(f"(call $h{i} (i32.const {i}))" for i in range(10))
    module = Module(engine, f'(module {imports} (func (export "f") {calls}))')
    stores: list[Store] = []

    def work(linker: Linker) -> None:
        for _ in range(10):
            store = Store(engine)
            func = linker.instantiate(store, module).get_func(store, "f")
            assert func is not None
            func(store)
            stores.append(store)

    threads = [threading.Thread(target=work, args=(linker,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores) == 80
    del linker, threads
    gc.collect()
    assert Counted.finalised == 0
    while len(stores) > 1:
        stores.pop().close()
    assert Counted.finalised == 0  # the last store still has all ten
    stores.pop().close()
    gc.collect()
    assert Counted.finalised == 10


# --- threads ---


def test_a_store_moves_through_a_hundred_threads(store: Store) -> None:
    exports = instantiate(
        store,
        """(module (global $n (mut i32) (i32.const 0))
          (func (export "f") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))""",
    )
    seen: list[Any] = []
    for _ in range(100):
        thread = threading.Thread(target=lambda: seen.append(exports["f"](store)))
        thread.start()
        thread.join()
    assert seen == list(range(1, 101))


def test_of_two_threads_exactly_one_is_refused(store: Store) -> None:
    """The second enters while the first waits in a host function."""
    inside, leave = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def host() -> None:
        inside.set()
        leave.wait(30)

    exports = instantiate(
        store, '(module (import "" "" (func $h)) (func (export "f") (call $h)))', Func(store, FuncType([], []), host)
    )

    def enter() -> None:
        try:
            exports["f"](store)
        except taipan.StoreBusyError as error:
            errors.append(error)

    first, second = threading.Thread(target=enter), threading.Thread(target=enter)
    first.start()
    assert inside.wait(30)
    second.start()
    second.join()
    assert len(errors) == 1
    leave.set()
    first.join()
    assert len(errors) == 1
    exports["f"](store)


def test_reentry_through_callers_200_levels_deep(store: Store) -> None:
    depths: list[int] = []

    def host(caller: taipan.Caller, left: int) -> int:
        depths.append(left)
        return 1 + caller["f"](caller, left - 1) if left else 0  # type: ignore[operator]

    ty = FuncType([I32], [I32])
    exports = instantiate(
        store,
        """(module (import "" "" (func $h (param i32) (result i32)))
          (func (export "f") (param i32) (result i32) (call $h (local.get 0))))""",
        Func(store, ty, host, access_caller=True),
    )
    assert exports["f"](store, 200) == 200
    assert depths == list(range(200, -1, -1))


# --- types ---

TAKES_A_FUNCTION = """(module (type $t (func (param i64 i64))) (func (export "f") (param (ref null $t)))
  (table (export "t") 1 (ref null $t)) (global (export "g") (ref null $t) (ref.null $t)))"""


@pytest.mark.parametrize("name", ["f", "t", "g"])
def test_types_keep_their_definitions(name: str) -> None:
    """A value type of the host's names a definition of the engine, also when the module and the store are gone."""
    engine = taipan.Engine()
    store = Store(engine)
    of: Any = instantiate(store, TAKES_A_FUNCTION)[name].type(store)
    taken = of.params[0] if name == "f" else of.element if name == "t" else of.content
    store.close()
    del store, of
    gc.collect()
    assert len(engine.types) > 0
    ty = FuncType([taken], [])
    del taken
    user = Store(engine)
    other = Module(engine, "(module (type (func (param f32 f32))))")  # would take the id if it were free
    func = Func(user, ty, lambda reference: None)
    wat = '(module (type $t (func (param i64 i64))) (import "" "" (func (param (ref null $t)))))'
    Instance(user, Module(engine, wat), [func])
    with pytest.raises(taipan.LinkError):
        Instance(user, Module(engine, wat.replace("i64 i64", "f32 f32")), [func])
    del ty, func, user, other
    gc.collect()
    assert len(engine.types) == 0


@pytest.mark.parametrize("what", ["global", "table"])
def test_what_the_host_makes_keeps_the_definition_of_its_type(what: str) -> None:
    engine = taipan.Engine()
    store = Store(engine)
    module = Module(engine, TAKES_A_FUNCTION)
    content = module.exports[0].type.params[0]  # type: ignore[union-attr]
    if what == "global":
        made: Any = Global(store, GlobalType(content, True), None)
    else:
        made = Table(store, TableType(content, Limits(1, None)), None)
    del module, content
    gc.collect()
    assert len(engine.types) == 1
    needs = "(global (mut (ref null $t)))" if what == "global" else "(table 1 (ref null $t))"
    for params, fits in (("f32 f32", False), ("i64 i64", True)):
        taker = Module(engine, f'(module (type $t (func (param {params}))) (import "" "" {needs}))')
        if fits:
            Instance(store, taker, [made])
        else:
            with pytest.raises(taipan.LinkError, match=f"{what} types incompatible"):
                Instance(store, taker, [made])
    del taker
    store.close()
    gc.collect()
    assert len(engine.types) == 0


def test_types_of_another_engine_are_refused(engine: taipan.Engine, store: Store) -> None:
    foreign = Module(taipan.Engine(), TAKES_A_FUNCTION).exports[0].type.params[0]  # type: ignore[union-attr]
    Module(engine, TAKES_A_FUNCTION)
    for make in (
        lambda: Global(store, GlobalType(foreign, True), None),
        lambda: Table(store, TableType(foreign, Limits(1, None)), None),
        lambda: Func(store, FuncType([foreign], []), print),
        lambda: Linker(engine).define_func("", "", FuncType([foreign], []), print),
        lambda: taipan.Tag(store, taipan.TagType(FuncType([foreign], []))),
    ):
        with pytest.raises(ValueError, match="different engine"):
            make()


def test_the_host_makes_no_globals_of_structs_yet(store: Store) -> None:
    """Their null is not the one of functions, so guessing would show."""
    module = Module(store.engine, '(module (type $s (struct)) (import "" "s" (global (ref null $s))))')
    imported: Any = module.imports[0].type
    with pytest.raises(taipan.UnsupportedError, match="cannot be made by the host yet"):
        Global(store, GlobalType(imported.content, False), None)
    with pytest.raises(taipan.UnsupportedError, match="cannot be made by the host yet"):
        Table(store, TableType(imported.content, Limits(1, None)), None)
