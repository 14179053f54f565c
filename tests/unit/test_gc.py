"""Collection of externrefs (R-11): exact, at any safe point, deferred elsewhere, never on a guess."""

from __future__ import annotations

import gc
import random
import signal
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gc_programs import Emitter, Function, Generator, Machine, TooLong

import taipan
from taipan import (
    Config,
    Engine,
    ExternRef,
    Func,
    FuncType,
    Global,
    GlobalType,
    Instance,
    Limits,
    Module,
    Store,
    StoreBusyError,
    Table,
    TableType,
    ValType,
    _native,
)

I32, FUNCREF, REF = ValType.i32(), ValType.funcref(), ValType.externref()


class Thing:
    """Something that can be watched. number: of random programs."""

    def __init__(self, number: int = 0) -> None:
        self.number = number


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def store(engine: Engine) -> Store:
    return Store(engine)


@pytest.fixture
def stress() -> Iterator[None]:
    """Collections happen wherever they are allowed to."""
    _native.debug_gc_stress(True)
    yield
    _native.debug_gc_stress(False)


def exports_of(store: Store, wat: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, wat), list(imports)).exports(store)


def func(store: Store, params: list[ValType], results: list[ValType], callback: Callable[..., Any]) -> Func:
    return Func(store, FuncType(params, results), callback)


def counted(store: Store, *names: str) -> list[int]:
    stats = store._stats()
    return [stats[name] for name in names]


# --- random programs ---


class Host:
    """The host functions of random programs; events as in `Machine`."""

    def __init__(self, store: Store, functions: list[Function]) -> None:
        self.store = store
        self.functions = functions
        self.watched: list[weakref.ref[Thing]] = []
        self.events: list[Any] = []
        self.entered = 0
        self.exports: Any = None

    def imports(self) -> list[Func]:
        types = [
            ([], [REF], self.make),
            ([], [REF, REF], self.pair),
            ([], [], self.collect),
            ([REF], [], self.observe),
            ([REF], [REF], self.pass_),
            ([REF, REF], [REF], self.second),
            ([I32, REF], [REF], self.enter),
            ([REF], [], self.attempt),
        ]
        return [func(self.store, *row) for row in types]

    def thing(self) -> Thing:
        made = Thing(len(self.watched))
        self.watched.append(weakref.ref(made))
        return made

    def make(self) -> Thing:
        self.events.append("make")
        return self.thing()

    def pair(self) -> tuple[Thing, Thing]:
        self.events.append("pair")
        return self.thing(), self.thing()

    def alive(self) -> set[int]:
        return {i for i, watch in enumerate(self.watched) if watch() is not None}

    def collect(self) -> None:
        self.store.gc()
        self.events.append(self.alive())

    def observe(self, value: Thing | None) -> None:
        self.events.append(("see", None if value is None else value.number))

    def pass_(self, value: Thing | None) -> Thing | None:
        self.observe(value)
        self.collect()
        return value

    def second(self, a: Thing | None, b: Thing | None) -> Thing | None:
        self.observe(a)
        self.observe(b)
        return b

    def enter(self, bits: int, value: Thing | None) -> Any:
        self.observe(value)
        if self.entered >= 3:
            return value
        self.entered += 1
        last = len(self.functions) - 1
        return self.exports[f"f{last}"](self.store, bits + 1, *([value] * self.functions[last].params))

    def attempt(self, value: Thing | None) -> None:
        with pytest.raises(taipan.Trap, match="unreachable") as caught:
            self.exports["boom"](self.store, value)
        caught.value.__traceback__ = None
        del caught
        self.collect()


def check_program(engine: Engine, seed: int) -> bool:
    """Run program number `seed` in wasm and in the model; False if it is too long."""
    functions = Generator(seed).functions
    bits = random.Random(seed).getrandbits(32)
    nulls = [None] * functions[0].params
    machine = Machine(functions)
    try:
        expected = machine.invoke(0, bits, list(nulls))
    except TooLong:
        return False
    store = Store(engine)
    host = Host(store, functions)
    host.exports = exports_of(store, Emitter(functions).module(), *host.imports())
    result = host.exports["f0"](store, bits, *nulls)
    assert host.events == machine.events
    assert (None if result is None else result.number) == expected
    del result
    store.gc()
    assert host.alive() == machine.alive()
    assert counted(store, "gc_strays", "gc_skipped", "gc_deferred") == [0, 0, 0]
    store.close()
    assert host.alive() == set()
    return True


@pytest.mark.parametrize("gil", ["adaptive", "release"])
@pytest.mark.parametrize("lazy", [True, False])
def test_random_programs(gil: str, lazy: bool) -> None:
    """What is alive after each collection is what the model says, whatever way references take."""
    config = Config()
    config.gil = gil
    config.lazy_compilation = lazy
    engine = Engine(config)
    assert sum(check_program(engine, seed) for seed in range(40)) > 30


def test_random_programs_that_always_collect(engine: Engine, stress: None) -> None:
    assert sum(check_program(engine, seed) for seed in range(1000, 1060)) > 50


# --- what frames hold ---


def alive_when_asked(store: Store, body: str, **more: str) -> list[bool]:
    """Run a function that gets the only reference to an object from `$make`; whether that lives at each `$ask`."""
    made = [Thing()]
    watched = weakref.ref(made[0])
    alive: list[bool] = []

    def ask() -> None:
        store.gc()
        alive.append(watched() is not None)

    wat = f"""(module (import "" "make" (func $make (result externref))) (import "" "ask" (func $ask))
      (import "" "use" (func $use (param externref))) (table $t 2 externref) {more.get("before", "")}
      (func (export "f") {more.get("head", "")} {body}))"""
    imports = [func(store, [], [REF], made.pop), func(store, [], [], ask), func(store, [REF], [], lambda x: None)]
    exports_of(store, wat, *imports)["f"](store)
    assert counted(store, "gc_strays", "gc_skipped") == [0, 0]
    return alive


MANY = "(param i32 i32 i32 i32 externref externref)"
CASES = {
    "operand": ("call $make call $ask call $use call $ask", "", "", [True, False]),
    "dropped": ("call $make drop call $ask", "", "", [False]),
    "local": (
        "call $make local.set 0 call $ask ref.null extern local.set 0 call $ask",
        "(local externref)",
        "",
        [True, False],
    ),
    "local_in_dead_code": ("call $make call $use call $ask return local.get 0 drop", "(local externref)", "", [False]),
    "stack_parameter": (
        "i32.const 0 i32.const 0 i32.const 0 i32.const 0 ref.null extern call $make call $g call $ask",
        "",
        f"(func $g {MANY} call $ask local.get 5 call $use ref.null extern local.set 5 call $ask)",
        [True, False, False],
    ),
    "unused_parameter": ("call $make call $g", "", "(func $g (param externref) call $ask)", [False]),
    "argument_below_a_nested_call": (
        "call $make call $nothing call $take",
        "",
        "(func $nothing (result i32) call $ask i32.const 1) (func $take (param externref i32) call $ask)",
        [True, False],
    ),
    "tail_call": (
        "call $g",
        "",
        "(func $g (local externref) call $make local.tee 0 drop call $ask return_call $h) (func $h call $ask)",
        [True, False],
    ),
    "several_results": (
        "call $g call $ask drop call $ask drop call $ask drop",
        "",
        "(func $g (result i32 externref i32) i32.const 1 call $make i32.const 2)",
        [True, True, False],
    ),
    "branch": (
        "block (result i32 externref) i32.const 5 call $make call $ask i32.const 1 br_if 0 unreachable end "
        "call $ask call $use drop call $ask",
        "",
        "",
        [True, True, False],
    ),
    "below_unreachable": (
        "call $make block i32.const 1 br_if 0 call $make unreachable end call $ask call $use call $ask",
        "",
        "",
        [True, False],
    ),
    "table": (
        "i32.const 0 call $make table.set $t call $ask i32.const 0 ref.null extern table.set $t call $ask",
        "",
        "",
        [True, False],
    ),
    "grown_table": (
        "call $make i32.const 3 table.grow $t drop call $ask "
        "i32.const 2 ref.null extern i32.const 3 table.fill $t call $ask",
        "",
        "",
        [True, False],
    ),
    "below_memory_grow": (
        "call $make i32.const 1 memory.grow drop call $ask call $use call $ask",
        "",
        "(memory 0)",
        [True, False],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_frames(store: Store, case: str) -> None:
    body, head, before, expected = CASES[case]
    assert alive_when_asked(store, body, head=head, before=before) == expected


def test_the_innermost_of_several_activations(store: Store) -> None:
    """Frames of outer calls count, whatever runs inside."""
    watched: list[weakref.ref[Thing]] = []
    alive: list[list[bool]] = []

    def make() -> Thing:
        thing = Thing()
        watched.append(weakref.ref(thing))
        return thing

    def deeper(depth: int) -> None:
        if depth:
            exports["f"](store, depth - 1)
        store.gc()
        alive.append([watch() is not None for watch in watched])

    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref))) (import "" "deeper" (func $deeper (param i32)))
          (func (export "f") (param i32) (local externref)
            (local.set 1 (call $make)) (call $deeper (local.get 0)) (local.set 1 (local.get 1))))""",
        func(store, [], [REF], make),
        func(store, [I32], [], deeper),
    )
    exports["f"](store, 2)
    assert alive == [[True, True, True], [True, True, False], [True, False, False]]


def test_many_live_references_do_not_make_it_quadratic(store: Store) -> None:
    """The next automatic collection comes at twice what had to be kept."""
    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref)))
          (func $f (export "f") (param i32) (local externref)
            (if (i32.eqz (local.get 0)) (then return))
            (local.set 1 (call $make))
            (call $f (i32.sub (local.get 0) (i32.const 1))) (local.set 1 (local.get 1))))""",
        func(store, [], [REF], Thing),
    )
    exports["f"](store, 10_000)
    assert counted(store, "gc_collections", "gc_live", "externref_increments") == [6, 8192, 10_000]


# --- where collecting is not safe ---


def test_results_of_the_host_are_converted_without_collecting(store: Store) -> None:
    """A sequence that collects while it is read; the objects are wasm's only."""

    class Collecting(list[Any]):
        def __iter__(self) -> Iterator[Any]:
            store.gc()
            return super().__iter__()

    def results() -> Iterator[Thing]:
        for number in range(3):
            store.gc()
            yield Thing(number)

    seen: list[int] = []
    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref externref externref)))
          (import "" "take" (func $take (param externref externref externref)))
          (func (export "f") (call $take (call $make))))""",
        func(store, [], [REF] * 3, lambda: Collecting(results())),
        func(store, [REF] * 3, [], lambda *things: seen.extend(thing.number for thing in things)),
    )
    for _ in range(10):
        exports["f"](store)
    assert seen == [0, 1, 2] * 10
    before = store._stats()["gc_deferred"]
    exports_of(
        store,
        """(module (import "" "make" (func $make (result externref externref)))
          (func (export "f") call $make drop drop))""",
        func(store, [], [REF] * 2, lambda: (Thing(i) for i in range(2) if store.gc() is None)),
    )["f"](store)
    assert store._stats()["gc_deferred"] == before + 2
    assert counted(store, "gc_strays", "gc_skipped") == [0, 0]


def test_a_signal_handler_collects_later(store: Store) -> None:
    """At a poll references are in registers: the next safe place collects."""
    made = [Thing()]
    watched = weakref.ref(made[0])
    deferred: list[bool] = []
    state = Global(store, GlobalType(I32, True), 0)  # 1 in the loop, 2 to leave it

    def handle(number: int, frame: Any) -> None:
        if state.value(store) == 0:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            return
        store.gc()
        deferred.append(watched() is not None)
        state.set_value(store, 2)

    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref))) (import "" "state" (global $state (mut i32)))
          (import "" "look" (func $look))
          (func (export "f") (drop (call $make)) (global.set $state (i32.const 1))
            (loop $again (br_if $again (i32.ne (global.get $state) (i32.const 2)))) (call $look) (call $look)))""",
        func(store, [], [REF], made.pop),
        state,
        func(store, [], [], lambda: deferred.append(watched() is not None)),
    )
    previous = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        exports["f"](store)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert deferred == [True, True, False]  # collected after the first host call
    assert store._stats()["gc_deferred"] == 1


def test_compiling_collects_later(engine: Engine) -> None:
    """The arguments of a call are in registers while the callee is compiled, which runs Python code."""
    store = Store(engine)
    module = Module(
        engine,
        """(module (import "" "make" (func $make (result externref))) (import "" "use" (func $use (param externref)))
          (func $g (param externref) (call $use (local.get 0)))
          (func (export "f") (call $g (call $make))))""",
    )
    seen: list[Any] = []

    class Collects:
        """Garbage whose finalizer collects."""

        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            store.gc()

    def make() -> Thing:
        for _ in range(50):
            Collects()
        return Thing(7)

    imports = [func(store, [], [REF], make), func(store, [REF], [], lambda thing: seen.append(thing.number))]
    exports = Instance(store, module, imports).exports(store)
    old = gc.get_threshold()
    gc.collect()
    gc.set_threshold(1, 1000, 1000)
    try:
        exports["f"](store)
    finally:
        gc.set_threshold(*old)
    assert seen == [7]
    assert counted(store, "gc_strays", "gc_skipped") == [0, 0]


def test_another_thread_may_not_collect(store: Store) -> None:
    errors: list[Exception] = []

    def collect() -> None:
        try:
            store.gc()
        except StoreBusyError as error:
            errors.append(error)

    def callback() -> None:
        thread = threading.Thread(target=collect)
        thread.start()
        thread.join()

    exports_of(
        store, '(module (import "" "f" (func $f)) (func (export "f") (call $f)))', func(store, [], [], callback)
    )["f"](store)
    assert len(errors) == 1
    collect()  # between calls any thread may
    assert len(errors) == 1


# --- finalizers ---


def test_finalizers_that_enter_the_store(store: Store, stress: None) -> None:
    """They run in the middle of a collection, bring new references in and collect again."""
    log: list[int] = []

    class Reenters(Thing):
        def __del__(self) -> None:
            log.append(self.number)
            if self.number:
                exports["keep"](store, Reenters(self.number - 1))
                store.gc()

    exports = exports_of(
        store,
        """(module (import "" "make" (func $make (result externref))) (import "" "gc" (func $gc)) (table 1 externref)
          (func (export "keep") (param externref) (call $gc) (drop (table.get (i32.const 0))))
          (func (export "f") (local externref)
            (local.set 0 (call $make)) (drop (call $make)) (call $gc) (drop (table.get (i32.const 0)))
            (local.set 0 (local.get 0))))""",
        func(store, [], [REF], lambda: Reenters(3)),
        func(store, [], [], store.gc),
    )
    exports["f"](store)
    store.gc()
    assert sorted(log) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert counted(store, "activations_table", "gc_strays") == [0, 0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_finalizers_that_raise(store: Store) -> None:
    dropped: list[int] = []

    class Raises(Thing):
        def __del__(self) -> None:
            dropped.append(self.number)
            raise ValueError("from a finalizer")

    exports = exports_of(store, '(module (func (export "f") (param externref) (result i32) i32.const 5))')
    for number in range(20):
        assert exports["f"](store, Raises(number)) == 5
    store.gc()
    assert sorted(dropped) == list(range(20))
    assert exports["f"](store, None) == 5


def test_closing_while_arguments_are_converted(store: Store) -> None:
    """An argument's conversion may run Python code, which finds the store in use."""

    class Closes:
        def __repr__(self) -> str:
            with pytest.raises(StoreBusyError):
                store.close()
            store.gc()
            return "Closes()"

    exports = exports_of(store, '(module (func (export "f") (param externref f32)))')
    with pytest.raises(TypeError, match=r"Closes\(\)"):
        exports["f"](store, Thing(), Closes())
    assert counted(store, "gc_deferred", "activations_table") == [1, 1]
    store.gc()
    assert counted(store, "gc_deferred", "activations_table") == [1, 0]


# --- counts ---


def test_strong_count(store: Store) -> None:
    """1 for the handle; more while stores hold the object."""
    ref = ExternRef(Thing())
    assert ref.strong_count == 1
    exports = exports_of(
        store,
        """(module (global $g (mut externref) (ref.null extern)) (table $t 2 externref)
          (func (export "f") (param externref) (result externref)
            (global.set $g (local.get 0)) (table.fill $t (i32.const 0) (local.get 0) (i32.const 2)) (global.get $g))
          (func (export "clear")
            (global.set $g (ref.null extern)) (table.fill $t (i32.const 0) (ref.null extern) (i32.const 2))))""",
    )
    assert exports["f"](store, ref) is ref.value
    assert ref.strong_count == 5  # handle, global, two elements, activations table
    store.gc()
    assert ref.strong_count == 4
    exports["clear"](store)
    assert ref.strong_count == 1
    other = ExternRef(ref.data)
    assert other == ref and other.ptr_eq(ref) and hash(other) == hash(ref) and other != ExternRef(Thing())
    assert ref.strong_count == 2
    del other
    variable = Global(store, GlobalType(REF, True), ref)
    table = Table(store, TableType(REF, Limits(1, None)), ref)
    assert variable.value(store) is ref.value and table.get(store, 0) is ref.value
    assert ref.strong_count == 3
    store.close()
    assert ref.strong_count == 1
    watched = weakref.ref(ref.value)
    del ref
    assert watched() is None


def test_smoke_with_counts(store: Store) -> None:
    """gc.rs: five levels deep, collected with live references."""
    ref = ExternRef(Thing())
    exports = exports_of(
        store,
        """(module (import "" "gc" (func $gc))
          (func $f (export "f") (param i32 externref) (result i32)
            (if (result i32) (i32.eqz (local.get 0))
              (then (call $gc) (i32.const 0))
              (else (call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))))""",
        func(store, [], [], store.gc),
    )
    assert exports["f"](store, 5, ref) == 0
    assert ref.strong_count >= 2
    store.gc()
    assert ref.strong_count == 1


def test_counting_in_another_thread(engine: Engine) -> None:
    """gc.rs: a thread of wasm moves a reference for ever while the host takes and drops 10,000 more."""
    config = Config()
    config.gil = "release"
    store = Store(Engine(config))
    ref = ExternRef(Thing())
    exports = exports_of(
        store,
        """(module (global $g (mut externref) (ref.null extern)) (table $t 1 externref)
          (func $pass (param externref) (result externref) local.get 0)
          (func (export "run") (param externref)
            (loop $again
              (global.set $g (call $pass (local.get 0)))
              (table.set $t (i32.const 0) (global.get $g))
              (local.set 0 (call $pass (table.get $t (i32.const 0))))
              (global.set $g (ref.null extern))
              (table.set $t (i32.const 0) (ref.null extern))
              (br $again))))""",
    )
    started = threading.Event()

    def run() -> None:
        started.set()
        with pytest.raises(taipan.Trap, match="interrupt"):
            exports["run"](store, ref)

    thread = threading.Thread(target=run)
    thread.start()
    started.wait()
    for _ in range(10_000):
        copies = [ref.value, ExternRef(ref.value)]
        del copies
    store.interrupt()
    thread.join()
    del thread, run
    store.close()
    assert ref.strong_count == 1


def test_moves_count_nothing(store: Store) -> None:
    """R-11: 10^7 times local.get, local.set and call."""
    exports = exports_of(
        store,
        """(module (func $pass (param externref) (result externref) local.get 0)
          (func (export "loop") (param externref i32) (local externref)
            (loop $again
              (local.set 2 (call $pass (local.get 0)))
              (local.set 0 (local.get 2))
              (br_if $again (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))))""",
    )
    thing = Thing()
    exports["loop"](store, thing, 1)
    before = counted(store, "externref_increments", "externref_decrements")
    exports["loop"](store, thing, 10_000_000)
    assert counted(store, "externref_increments", "externref_decrements") == before


def test_function_references_are_copied_freely(store: Store) -> None:
    """R-10: 10^6 times table to global to table, without any record made."""
    exports = exports_of(
        store,
        """(module (table 2 funcref) (global $g (mut funcref) (ref.null func)) (elem declare func $f) (func $f)
          (func (export "copy") (param i32)
            (table.set (i32.const 0) (ref.func $f))
            (loop $again
              (global.set $g (table.get (i32.const 0)))
              (table.set (i32.const 1) (global.get $g))
              (table.set (i32.const 0) (table.get (i32.const 1)))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))""",
    )
    exports["copy"](store, 1)
    before = store._stats()
    exports["copy"](store, 1_000_000)
    assert store._stats() == before


def test_records_of_function_references() -> None:
    """R-10: 24 bytes; null is the address of a record without code, which Python sees as None."""
    from taipan.abi.layout import field_offsets

    assert field_offsets("VMFuncRef", 8) == ({"code": 0, "type_id": 8, "flags": 12, "vmctx": 16}, 24)
    address, code = _native.debug_null_funcref()
    assert address != 0 and code == 0
    store = Store(Engine())
    exports = exports_of(
        store,
        """(module (table (export "t") 3 funcref) (global (export "g") (mut funcref) (ref.null func))
          (func (export "f") (param funcref) (result funcref i32) (local.get 0) (ref.is_null (local.get 0))))""",
    )
    assert exports["t"].get(store, 1) is None and exports["g"].value(store) is None
    assert exports["f"](store, None) == [None, 1]
    assert exports["f"](store, exports["f"])[1] == 0
    assert sys.getrefcount(None) > 0
