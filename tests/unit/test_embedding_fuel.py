"""Fuel: what instructions cost, when wasm stops, and what the host adds, takes and sees."""

from __future__ import annotations

import random
import signal
from pathlib import Path
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import Caller, Func, FuncType, Instance, Module, Store, Trap, TrapCode, ValType, WasmError
from taipan.wast.runner import Runner

NOTHING = FuncType([], [])
I32 = ValType.i32()


def metered(**settings: Any) -> Store:
    config = taipan.Config()
    config.consume_fuel = True
    for name, value in settings.items():
        setattr(config, name, value)
    return Store(taipan.Engine(config))


@pytest.fixture
def store() -> Store:
    return metered()


def cost(store: Store, call: Any, *args: Any) -> int:
    """Fuel that a call uses, whether it returns or traps."""
    store.set_fuel(1 << 40)
    try:
        call(store, *args)
    except Trap as trap:
        assert trap.trap_code is not TrapCode.OUT_OF_FUEL
    return (1 << 40) - store.get_fuel()


def out_of_fuel(call: Any, *args: Any) -> Trap:
    with pytest.raises(Trap, match="all fuel consumed by WebAssembly") as caught:
        call(*args)
    assert caught.value.trap_code is TrapCode.OUT_OF_FUEL
    return caught.value


# --- fuel.rs ---


def test_run(testdata_dir: Path) -> None:
    """The 21 numbers, also of instantiations that fail."""
    outcomes = Runner().run_file(testdata_dir / "fuel" / "fuel.wast")
    assert len(outcomes) == 21
    assert [outcome for outcome in outcomes if not outcome.passed] == []


TREE = "(module {} (func $f16) (start $f0))".format(
    " ".join(f"(func $f{i} call $f{i + 1} call $f{i + 1})" for i in range(16))
)


@pytest.mark.parametrize(
    "wat",
    [
        "(module (func $f (loop br 0)) (start $f))",
        "(module (func $f (loop i32.const 1 br_if 0)) (start $f))",
        "(module (func $f (loop i32.const 0 br_table 0)) (start $f))",
        TREE,
    ],
    ids=["br", "br_if", "br_table", "calls"],
)
def test_iloop(store: Store, wat: str) -> None:
    store.add_fuel(10_000)
    out_of_fuel(Instance, store, Module(store.engine, wat), [])
    assert store.get_fuel() == 0
    assert 10_000 <= (store.fuel_consumed() or 0) < 10_010


def test_manual_fuel(store: Store) -> None:
    store.add_fuel(10_000)
    assert store.fuel_consumed() == 0
    assert store.consume_fuel(1) == 9_999
    assert store.fuel_consumed() == 1
    for amount, left in (
        (10_000, None),
        (999, 9_000),
        (10_000, None),
        (8_998, 2),
        (2, None),
        (1, 1),
        (1, None),
        (0, 1),
    ):
        before = store.fuel_consumed()
        if left is None:
            with pytest.raises(WasmError, match="not enough fuel remaining in store"):
                store.consume_fuel(amount)
            assert store.fuel_consumed() == before
        else:
            assert store.consume_fuel(amount) == left


def test_manual_edge_cases(store: Store) -> None:
    store.add_fuel(2**64 - 1)
    assert store.get_fuel() == 2**63 - 1
    for amount in (2**64 - 1, 2**63 - 1, 2**63):
        with pytest.raises(WasmError, match="not enough fuel"):
            store.consume_fuel(amount)
    assert store.consume_fuel(2**63 - 2) == 1


def test_host_function_consumes_all(store: Store) -> None:
    def spend(caller: Caller) -> None:
        assert caller.consume_fuel(10_000 - (caller.fuel_consumed() or 0) - 1) == 1

    exports = exports_of(
        store,
        '(module (import "" "" (func $spend)) (func (export "f") call $spend call $other) (func $other))',
        Func(store, NOTHING, spend, access_caller=True),
    )
    store.add_fuel(10_000)
    out_of_fuel(exports["f"], store)


def test_without_the_option() -> None:
    store = Store()
    assert store.fuel_consumed() is None
    for call, args in (
        (store.add_fuel, (1,)),
        (store.consume_fuel, (1,)),
        (store.set_fuel, (1,)),
        (store.get_fuel, ()),
    ):
        with pytest.raises(WasmError, match="fuel is not configured in this store"):
            call(*args)


def test_a_new_store_has_none(store: Store) -> None:
    assert store.get_fuel() == store.fuel_consumed() == 0
    module = Module(store.engine, '(module (func (export "f")))')
    out_of_fuel(Instance(store, module, []).exports(store)["f"], store)


# --- costs ---


@pytest.mark.parametrize(
    ("body", "fuel"),
    [
        ("", 1),
        ("nop (block) (loop) (drop (i32.const 0))", 2),
        ("(block (br_if 0 (i32.const 1)) nop (drop (i32.const 0)))", 3),
        ("(block (br_if 0 (i32.const 0)) nop (drop (i32.const 0)))", 4),
        ("(block (block (br_table 0 1 (i32.const 0))) (drop (i32.const 0)))", 4),
        ("(block (block (br_table 0 1 (i32.const 1))) (drop (i32.const 0)))", 3),
        ("(if (i32.const 1) (then call $callee) (else)) (drop (i32.const 0))", 7),
        ("(if (i32.const 0) (then call $callee) (else)) (drop (i32.const 0))", 4),
        ("(drop (if (result i32) (i32.const 0) (then (i32.const 1)) (else (i32.const 2) nop)))", 4),
        ("(return) (drop (i32.const 0))", 1),
        ("(memory.fill (i32.const 0) (i32.const 1) (i32.const 60000))", 5),
        ("(drop (memory.grow (i32.const 1)))", 3),
        ("(return_call $callee)", 4),
        ("(call_indirect (i32.const 0))", 5),
        ("(unreachable)", 1),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", 4),
        ("(drop (i32.load (i32.const -1)))", 3),
        ("(call $callee) (drop (i32.load (i32.const -1)))", 6),
        ("(loop (drop (i32.load (i32.const -1))))", 3),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", 3),
        ("(table.set (i32.const 9) (ref.null func))", 4),
        ("(memory.fill (i32.const -1) (i32.const 1) (i32.const 60000))", 5),
        ("(call_indirect (i32.const 9))", 3),
    ],
)
def test_costs(store: Store, body: str, fuel: int) -> None:
    """Traps of every kind are exact, too."""
    exports = exports_of(
        store,
        f"""(module (memory 1) (table funcref (elem $callee)) (func $callee nop (drop (i32.const 0)))
        (func (export "f") {body}))""",
    )
    assert cost(store, exports["f"]) == fuel


@pytest.mark.parametrize("loop", ["", "(loop)"], ids=["cell", "register"])
def test_long_code_without_branches(store: Store, loop: str) -> None:
    """More than a site can say is due."""
    exports = exports_of(
        store,
        f"""(module (memory 1) (func (export "f") (param i32) {loop} {"(drop (i32.const 0))" * 40_000}
          (drop (i32.load (local.get 0))) {"(drop (i32.const 0))" * 50}))""",
    )
    assert cost(store, exports["f"], 0) == 1 + 40_000 + 2 + 50
    assert cost(store, exports["f"], -1) == 1 + 40_000 + 2


LOOPS = """(module (memory 1) (func $twice (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
  (func (export "f") (param $n i32) (param $kind i32) (result i32) (local $i i32) (local $sum i32)
    (block $out
      (loop $next
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (block $c (block $b (block $a (br_table $a $b $c $next $out (local.get $kind)))
          (local.set $sum (call $twice (local.get $i))) (br $c))
          (if (i32.and (local.get $i) (i32.const 1))
            (then (br_if $next (i32.eqz (i32.rem_u (local.get $i) (i32.const 3))))
              (i32.store (local.get $i) (local.get $sum)))
            (else (loop (local.set $sum (i32.add (local.get $sum) (i32.const 7)))
              (br_if 0 (i32.lt_u (local.get $sum) (local.get $i)))))))
        (br $next)))
    (local.get $sum)))"""


def expected_cost(n: int, kind: int) -> int:
    """The fuel that LOOPS uses, counted by hand."""
    fuel = 1
    i = total = 0
    while True:
        fuel += 4
        if i >= n:
            break
        i += 1
        fuel += 4 + 2
        if kind == 0:
            total = 2 * i
            fuel += 3 + 1 + 3 + 1
        elif kind == 1:
            fuel += 4
            if i & 1:
                fuel += 5
                if i % 3 == 0:
                    continue
                fuel += 3
            else:
                while True:
                    total += 7
                    fuel += 4 + 4
                    if total >= i:
                        break
        elif kind == 3:
            continue
        elif kind > 3:
            break
        fuel += 1
    return fuel + 1


@pytest.mark.parametrize("settings", [{}, {"lazy_compilation": False}, {"static_memory_maximum_size": 0}])
def test_loops_of_every_shape(settings: dict[str, Any]) -> None:
    store = metered(**settings)
    store.add_fuel(1000)
    exports = exports_of(store, LOOPS)
    for n in (0, 1, 2, 3, 10, 99):
        for kind in range(6):
            assert cost(store, exports["f"], n, kind) == expected_cost(n, kind), (n, kind)


def test_wasm_stops_where_fuel_ends(store: Store) -> None:
    """Never before it is used up, and then at the next function entry or loop header."""
    exports = exports_of(store, LOOPS)
    whole = expected_cost(20, 0)
    for fuel in range(0, whole + 5, 3):
        store.set_fuel(fuel)
        if fuel > whole:
            exports["f"](store, 20, 0)
            assert store.get_fuel() == fuel - whole
        elif fuel < whole - 20:
            out_of_fuel(exports["f"], store, 20, 0)
            assert store.get_fuel() == 0


def test_the_trap_has_a_backtrace(store: Store) -> None:
    exports = exports_of(store, '(module (func $spin (loop br 0)) (func (export "f") call $spin))')
    store.set_fuel(1000)
    assert [frame.func_name for frame in out_of_fuel(exports["f"], store).frames] == ["spin", None]


def test_random_code_costs_the_same_compiled_lazily_and_at_once() -> None:
    source = random.Random(1)

    def block(depth: int) -> str:
        parts = []
        for _ in range(source.randrange(1, 4)):
            kind = source.randrange(5) if depth < 4 else 0
            if kind == 0:
                parts.append("(local.set 1 (i32.add (local.get 1) (i32.const 3)))")
            elif kind == 1:
                parts.append(
                    f"(block {block(depth + 1)} (br_if 0 (i32.and (local.get 1) (i32.const 4))) {block(depth + 1)})"
                )
            elif kind == 2:
                parts.append(f"(if (i32.and (local.get 1) (i32.const 8)) (then {block(depth + 1)}))")
            elif kind == 3:
                parts.append(f"(if (local.get 0) (then {block(depth + 1)}) (else (call $g) {block(depth + 1)}))")
            else:
                parts.append(
                    f"""(local.set 0 (i32.const 5)) (loop {block(depth + 2)} (local.set 0 (i32.shr_u (local.get 0)
                    (i32.const 1))) (br_if 0 (local.get 0)))"""
                )
        return " ".join(parts)

    def interpreted(text: str) -> str:
        return f'(module (func $g (drop (i32.const 0))) (func (export "f") (param i32 i32) {text}))'

    for _ in range(25):
        wat = interpreted(block(0))
        costs = set()
        for settings in ({}, {"lazy_compilation": False}):
            store = metered(**settings)
            call = exports_of(store, wat)["f"]
            costs.add(tuple(cost(store, call, a, b) for a in (0, 1) for b in (0, 5, 9, 100)))
        assert len(costs) == 1


# --- the host ---


def test_fuel_across_modules_and_host_calls(store: Store) -> None:
    seen: list[int] = []
    host = Func(store, NOTHING, lambda caller: seen.append(caller.get_fuel()), access_caller=True)
    inner = exports_of(store, '(module (import "" "" (func)) (func (export "g") call 0))', host)
    outer = exports_of(
        store, '(module (import "" "" (func)) (func (export "f") (loop) (drop (i32.const 1)) call 0))', inner["g"]
    )
    store.set_fuel(100)
    outer["f"](store)
    assert seen == [100 - 5]
    assert store.get_fuel() == 95


def test_a_host_function_adds_fuel(store: Store) -> None:
    refills = iter([50, 50])

    def refill(caller: Caller) -> None:
        caller.add_fuel(next(refills, 0))

    exports = exports_of(
        store,
        '(module (import "" "" (func)) (global (export "n") (mut i32) (i32.const 0)) (func (export "f") (loop call 0 '
        "(global.set 0 (i32.add (global.get 0) (i32.const 1))) br 0)))",
        Func(store, NOTHING, refill, access_caller=True),
    )
    store.set_fuel(10)
    out_of_fuel(exports["f"], store)
    assert exports["n"].value(store) == 19  # (10 + 100 - 1) / 6, the last one begun with fuel left
    assert (store.fuel_consumed() or 0) >= 110


def test_a_signal_handler_sees_and_sets_the_fuel_of_a_running_loop(store: Store) -> None:
    exports = exports_of(store, '(module (func (export "spin") (loop br 0)))')
    seen: list[int] = []

    def handle(*args: object) -> None:
        seen.append(store.get_fuel())
        if len(seen) == 3:
            store.set_fuel(0)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        store.set_fuel(1 << 50)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        out_of_fuel(exports["spin"], store)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 1 << 50 > seen[0] > seen[1] > seen[2] > 0
    assert store.get_fuel() == 0


def test_calls_inside_host_calls_share_the_fuel(store: Store) -> None:
    exports = exports_of(store, '(module (func (export "spin") (loop br 0)))')

    def nested_call() -> None:
        out_of_fuel(exports["spin"], store)

    nested = exports_of(
        store,
        '(module (import "" "" (func)) (func (export "f") (loop call 0 br 0)))',
        Func(store, NOTHING, nested_call),
    )
    store.set_fuel(1000)
    out_of_fuel(nested["f"], store)


def test_set_and_get_fuel_of_every_size(store: Store) -> None:
    for fuel in (0, 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        store.set_fuel(fuel)
        assert store.get_fuel() == fuel
    assert store.fuel_consumed() == 0
    for call in (store.set_fuel, store.add_fuel, store.consume_fuel):
        for wrong in (-1, 2**64):
            with pytest.raises(WasmError, match="fuel must be a number"):
                call(wrong)
        with pytest.raises(TypeError):
            call("1")  # type: ignore[arg-type]


def test_fuel_of_a_closed_store(store: Store) -> None:
    store.close()
    for call in (store.get_fuel, store.fuel_consumed, lambda: store.set_fuel(1), lambda: store.add_fuel(1)):
        with pytest.raises(taipan.StoreClosedError):
            call()


def test_a_caller_after_its_call_has_no_fuel(store: Store) -> None:
    kept: list[Caller] = []
    exports = exports_of(
        store,
        '(module (import "" "" (func)) (func (export "f") call 0))',
        Func(store, NOTHING, kept.append, access_caller=True),
    )
    store.set_fuel(10)
    exports["f"](store)
    with pytest.raises(WasmError, match="no longer valid"):
        kept[0].get_fuel()
