"""Extreme integers and strings in every API that takes them; exceptions through layers of wasm and host."""

# Long lines are WebAssembly text; lambdas put the lookup of the method off, too.
# ruff: noqa: E501, PLW0108

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Callable
from typing import Any

from isolated import cases, error_of, expect, isolated

import taipan
from taipan import (
    Engine,
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
    Trap,
    Val,
    ValType,
    WasiConfig,
    WasmError,
)

I32, I64 = ValType.i32(), ValType.i64()
NOTHING = FuncType([], [])
EXTREMES = [-1, -(2**31), -(2**63), -(2**64), -(2**200), 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1, 2**64]
EXTREMES += [2**64 + 1, 2**200]
CLEAN = (WasmError, TypeError, ValueError, IndexError, OverflowError, MemoryError, KeyError)


@isolated(max_mib=400)
def test_extreme_integers_everywhere() -> None:
    """Refused with an ordinary error, or meaning what they mean for a slice; nothing is grown or written."""
    engine = Engine()
    store = Store(engine)
    module = Module(
        engine,
        """(module (memory (export "m") 1 4) (table (export "t") 3 9 externref) (global (export "g") (mut i32) (i32.const 0))
        (memory (export "m64") i64 1 4)
        (func (export "f") (param i32 i64) (result i32 i64) local.get 0 local.get 1))""",
    )
    exports = Instance(store, module, []).exports(store)
    tables = [exports["t"], Table(store, TableType(ValType.externref(), Limits(3, None)), "x")]
    memories = [exports["m"], exports["m64"], Memory(store, MemoryType(Limits(1, None)))]

    def refused(name: str, call: Callable[..., Any], *args: Any) -> None:
        error = error_of(call, *args)
        assert isinstance(error, CLEAN), (name, args, error)

    for n in EXTREMES:
        for memory in memories:
            size = memory.size(store)
            refused("grow", memory.grow, store, n)
            refused("write", memory.write, store, b"abc", n) if n != -1 else None
            refused("get_buffer_ptr", memory.get_buffer_ptr, store, n)
            refused("get_buffer_ptr offset", memory.get_buffer_ptr, store, 1, n)
            refused("[]", memory.__getitem__, n) if n != -1 else None
            refused("[]=", memory.__setitem__, n, 1) if n != -1 else None
            assert memory.read(store, n, n) == bytearray()
            assert len(memory.read(store, n)) == {True: min(-n, 65536), False: 0}[n < 0]
            assert len(memory.read(store, 0, n)) == (max(65536 + n, 0) if n < 0 else 65536)
            assert memory.size(store) == size
        for table in tables:
            size = table.size(store)
            assert table.get(store, n) is None
            refused("table.set", table.set, store, n, "y")
            refused("table.grow", table.grow, store, n, "y")
            refused("table.fill", table.fill, store, n, "y", 1)
            refused("table.fill length", table.fill, store, 0, "y", n)
            refused("table.fill both", table.fill, store, n, "y", -n)
            refused("table.copy", table.copy, store, n, table, 0, 1)
            refused("table.copy source", table.copy, store, 0, table, n, 1)
            refused("table.copy length", table.copy, store, 0, table, 0, n)
            refused("table.copy all", table.copy, store, n, table, n, -n)
            assert table.size(store) == size
        refused("Store.set_fuel", store.set_fuel, n)
        refused("by_index", exports.by_index.__getitem__, n) if n != -1 else None
        refused("exports[]", exports.__getitem__, n) if n != -1 else None
        for is_64 in (False, True):
            for limits in ((n, None), (0, n), (n, n)):
                for of, make in ((MemoryType, Memory), (TableType, lambda s, t: Table(s, t, None))):

                    def build(of: Any = of, make: Any = make, limits: Any = limits, is_64: bool = is_64) -> None:
                        first = [ValType.externref()] if of is TableType else []
                        made = make(store, of(*first, Limits(*limits), is_64))
                        assert made.size(store) == limits[0] == 0, made

                    error = error_of(build)
                    assert error is None or isinstance(error, CLEAN), (of, limits, error)
        # Integers are values modulo 2**32 and 2**64.
        x, y = exports["f"](store, n, n)
        assert (x - n) % 2**32 == 0 and -(2**31) <= x < 2**31
        assert (y - n) % 2**64 == 0 and -(2**63) <= y < 2**63
        assert (Val.i32(n).value - n) % 2**32 == 0 and (Val.i64(n).value - n) % 2**64 == 0
        exports["g"].set_value(store, n)
        assert (exports["g"].value(store) - n) % 2**32 == 0
        assert (Global(store, GlobalType(I64, False), n).value(store) - n) % 2**64 == 0
        refused("Val", Val, n, 1) if not -7 <= n <= 6 else None
        config = taipan.Config()
        for name in (
            *["max_wasm_stack", "static_memory_maximum_size", "static_memory_guard_size", "memory_reservation"],
            *["dynamic_memory_guard_size", "dynamic_memory_reserved_for_growth", "memory_guard_size"],
            "memory_reservation_for_growth",
        ):
            if not 0 <= n < 2**63:
                refused(name, setattr, config, name, n)
        for name in ("memory_size", "table_elements", "instances", "tables", "memories"):
            other = Store(engine)
            other.set_limits(**{name: n})
            error = error_of(Instance, other, module, [])
            assert (error is None) == (n >= 0 or n < 0), (name, n, error)
        error_of(store.set_epoch_deadline, n)
    assert bytes(memories[0].read(store, 0, 8)) == bytes(8) and tables[0].get(store, 2) is None


@isolated(max_mib=400)
def test_extreme_settings_of_engines() -> None:
    """Sizes that no machine has: an error when the engine or the memory is made, or a memory that works."""
    for name in (
        *["static_memory_maximum_size", "static_memory_guard_size", "dynamic_memory_guard_size"],
        *["dynamic_memory_reserved_for_growth", "max_wasm_stack"],
    ):
        for value in (0, 1, 4095, 65537, 2**31, 2**32 + 1, 2**40, 2**47, 2**62, 2**63 - 1):
            for forced in (False, True):

                def attempt(name: str = name, value: int = value, forced: bool = forced) -> Any:
                    config = taipan.Config()
                    setattr(config, name, value)
                    config.static_memory_forced = forced
                    engine = Engine(config)
                    store = Store(engine)
                    text = '(module (memory 1 3) (func (export "f") (param i32) (result i32) (i32.load (local.get 0))))'
                    f = Instance(store, Module(engine, text), []).exports(store)["f"]
                    assert f(store, 0) == 0
                    for address in (65533, 65536, 2**31, 2**32 - 4, -1):
                        error = error_of(f, store, address)
                        assert isinstance(error, Trap), (name, value, address, error)
                    return None

                error = error_of(attempt)
                assert error is None or isinstance(error, (*CLEAN, Trap)), (name, value, forced, error)
                assert not isinstance(error, Trap) or name == "max_wasm_stack", (name, value, forced, error)


@isolated()
def test_nul_bytes_and_odd_strings() -> None:
    engine = Engine()
    store = Store(engine)
    odd = ["\0", "a\0b", "", "\ud800", "\U0010ffff", "a" * 100_000, "%s%n", "\n\r\t", "\x7f\x80"]
    linker = Linker(engine)
    for name in odd:
        linker.define_func(name, name, NOTHING, lambda: None)
        assert isinstance(linker.get(store, name, name), Func)
        assert isinstance(error_of(linker.get, store, name, "missing"), WasmError)
        text = name.encode("utf-8", "surrogatepass")
        literal = "".join(f"\\{byte:02x}" for byte in text)
        source = f'(module (import "{literal}" "{literal}" (func)) (export "{literal}" (func 0)))'
        module = error_of(Module, engine, source)
        if name == "\ud800":
            assert isinstance(module, WasmError)
            continue
        assert module is None, module
        made = Module(engine, source)
        assert made.exports[0].name == name and made.imports[0].module == name
        instance = linker.instantiate(store, made)
        assert name in instance.exports(store) and instance.get_func(store, name) is not None
        assert instance.get_export(store, name + "\0") is None
        assert repr(made) and repr(instance)
    for source in (
        "\0",
        "(module\0)",
        b"\0asm",
        b"\0",
        b"",
        "",
        b"(module \xff)",
        "(module) \ud800",
        b"\xef\xbb\xbf(module)",
    ):
        for make in (lambda s: Module(engine, s), lambda s: taipan.wat2wasm(s)):
            error = error_of(make, source)
            assert error is None or isinstance(error, (WasmError, UnicodeEncodeError)), (source, error)
    for path in ("/nowhere\0x", b"/nowhere\0x", "\0", ""):
        assert isinstance(error_of(Module.from_file, engine, path), (ValueError, OSError))
    for bad in ("a\0b", "\0"):
        for use in (
            lambda w, bad=bad: setattr(w, "argv", [bad]),
            lambda w, bad=bad: setattr(w, "env", [(bad, "x")]),
            lambda w, bad=bad: setattr(w, "env", [("x", bad)]),
            lambda w, bad=bad: w.preopen_dir(bad, "/"),
            lambda w, bad=bad: w.preopen_dir(".", bad),
            lambda w, bad=bad: setattr(w, "stdin_file", bad),
            lambda w, bad=bad: setattr(w, "stdout_file", bad),
        ):

            def attempt(use: Callable[[Any], Any] = use) -> None:
                wasi = WasiConfig()
                use(wasi)
                Store(engine).set_wasi(wasi)

            error = error_of(attempt)
            assert error is None or isinstance(error, (WasmError, ValueError, OSError, TypeError)), (bad, error)
    error = error_of(setattr, taipan.Config(), "cache", "x\0y")
    assert isinstance(error, (ValueError, WasmError))
    assert isinstance(error_of(setattr, taipan.Config(), "target", "x86_64\0"), WasmError)
    error = Trap("a\0b\ud800")
    assert str(error) == "a\0b\ud800" and repr(error)


@isolated()
def test_names_of_a_megabyte() -> None:
    """Those of imports and exports are refused as too long, others are kept; messages do not repeat them whole."""
    engine = Engine()
    store = Store(engine)
    long = "n" * (1 << 20)
    for source in (
        f'(module (func (export "{long}")))',
        f'(module (import "{long}" "f" (func)))',
        f'(module (import "m" "{long}" (func)))',
        f"(module (func (call ${long})))",
        f"(module ({long}))",
        f"(module (func {long}))",
        f'(module (data (i32.const 0) "{long}) )',
    ):
        message = expect(WasmError, Module, engine, source)
        assert len(message) < 2000, message[:100]
    module = Module(engine, f'(module ${long} (func ${long} (export "f") unreachable) (@custom "{long[:9]}" "{long}"))')
    assert module.name == long and len(dict(module.custom_sections)[long[:9]]) == 1 << 20
    f = Instance(store, module, []).exports(store)["f"]
    trap = error_of(f, store)
    assert isinstance(trap, Trap) and trap.frames[0].func_name == long
    for call in (
        lambda: Linker(engine).get(store, long, long),
        lambda: Instance(store, module, []).exports(store)[long],
        lambda: setattr(taipan.Config(), long, 1),
    ):
        assert isinstance(error_of(call), (WasmError, KeyError, AttributeError))
    linker = Linker(engine)
    linker.define_func(long, long, NOTHING, lambda: None)
    assert isinstance(linker.get(store, long, long), Func)


@isolated()
def test_invalid_utf_8() -> None:
    """In every place of a module that holds a name: malformed. In the name section, which is only a hint: ignored."""
    engine = Engine()

    def section(number: int, contents: bytes) -> bytes:
        return bytes([number, len(contents)]) + contents

    head = b"\0asm\1\0\0\0"
    types = section(1, b"\1\x60\0\0")
    code = section(3, b"\1\0") + section(7, b"\1\1f\0\0") + section(10, b"\1\2\0\x0b")
    for bad in (
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"a\x80",
        b"\xf8\x88\x80\x80\x80",
    ):
        name = bytes([len(bad)]) + bad
        for binary in (
            head + types + section(2, b"\1" + name + b"\1f\0\0"),
            head + types + section(2, b"\1\1m" + name + b"\0\0"),
            head + types + section(3, b"\1\0") + section(7, b"\1" + name + b"\0\0") + section(10, b"\1\2\0\x0b"),
            head + section(0, name + b"contents"),
        ):
            assert "UTF-8" in expect(WasmError, Module, engine, binary)
        names = b"\x04name" + section(1, b"\1\0" + name) + section(0, name)
        store = Store(engine)
        module = Module(engine, head + types + code + section(0, names))
        assert Instance(store, module, []).exports(store)["f"](store) is None
        for source in (b'(module (func (export "' + bad + b'")))', b";; " + bad + b"\n(module)"):
            assert isinstance(error_of(Module, engine, source), WasmError)


@isolated()
def test_thousand_parameters_and_results() -> None:
    engine = Engine()
    store = Store(engine)
    for kinds in (
        ["i32"],
        ["i64"],
        ["f64"],
        ["i32", "i64", "f32", "f64"],
        ["v128"],
        ["externref"],
        ["f32", "externref"],
    ):
        types = (kinds * 1000)[:1000]
        listed = " ".join(types)
        gets = " ".join(f"local.get {i}" for i in range(1000))
        module = Module(
            engine,
            f"""(module (type $t (func (param {listed}) (result {listed}))) (import "" "" (func $h (type $t)))
            (func (export "own") (type $t) {gets}) (func (export "through") (type $t) {gets} call $h)
            (table funcref (elem $h)) (func (export "indirect") (type $t) {gets} i32.const 0 call_indirect (type $t)))""",
        )
        make = {t: getattr(ValType, t)() for t in kinds}
        ty = FuncType([make[t] for t in types], [make[t] for t in types])
        host = Func(store, ty, lambda *args: args)
        exports = Instance(store, module, [host]).exports(store)
        values = {
            "i32": int,
            "i64": lambda i: i << 33,
            "f32": float,
            "f64": lambda i: i / 3,
            "v128": lambda i: 1 << (i % 128),
        }
        args = [values.get(t, str)(i) for i, t in enumerate(types)]
        for f in (host, exports["own"], exports["through"], exports["indirect"]):
            if kinds == ["v128"] and isinstance(error_of(f, store, *args), taipan.UnsupportedError):
                continue
            result = f(store, *args)
            assert result == args, (kinds, f)
        assert isinstance(error_of(exports["own"], store, *args[1:]), WasmError)
        assert isinstance(error_of(exports["own"], store, *args, 0), WasmError)
        args[999] = object() if kinds[-1] != "externref" else None
        error = error_of(exports["through"], store, *args)
        assert error is None or isinstance(error, TypeError)
        short = Func(store, ty, lambda *args: args[1:])
        assert isinstance(error_of(short, store, *([0] * 1000 if kinds == ["i32"] else args)), (WasmError, TypeError))


class Custom(BaseException):
    pass


@cases(
    "kind",
    [
        "KeyboardInterrupt",
        "SystemExit",
        "GeneratorExit",
        "StopIteration",
        "Custom",
        "ExitTrap",
        "MemoryError",
        "ExceptionGroup",
    ],
)
@isolated()
def test_exceptions_through_layers(kind: str) -> None:
    """wasm -> host -> wasm -> host ...: the same object comes out, with its context, and nothing is left behind."""
    made: dict[str, Callable[[], BaseException]] = {
        "KeyboardInterrupt": KeyboardInterrupt,
        "SystemExit": lambda: SystemExit(3),
        "GeneratorExit": GeneratorExit,
        "StopIteration": lambda: StopIteration("value"),
        "Custom": Custom,
        "ExitTrap": lambda: taipan.ExitTrap(4),
        "MemoryError": MemoryError,
        "ExceptionGroup": lambda: ExceptionGroup("group", [ValueError(1)]),
    }
    engine = Engine()
    stores = [Store(engine) for _ in range(3)]
    module = Module(
        engine,
        """(module (import "" "" (func $h (param i32))) (memory (export "m") 1)
        (func $a (param i32) (call $h (local.get 0)) (i32.store (i32.const 0) (i32.const 1)))
        (func (export "f") (param i32) (call $a (local.get 0)) (i32.store (i32.const 0) (i32.const 1))))""",
    )
    exports: list[Any] = []
    cleaned: list[int] = []

    def host(level: int) -> None:
        try:
            if level == 0:
                raise made[kind]()
            exports[level % 3]["f"](stores[level % 3], level - 1)
        finally:
            cleaned.append(level)

    for store in stores:
        exports.append(Instance(store, module, [Func(store, FuncType([I32], []), host)]).exports(store))
    for _ in range(20):
        cleaned.clear()
        error = error_of(exports[0]["f"], stores[0], 12)
        assert type(error).__name__ == kind, error
        assert cleaned == list(range(13))
        assert all(e["m"].read(s, 0, 4) == bytes(4) for e, s in zip(exports, stores, strict=True))
    assert sys.exc_info() == (None, None, None)
    for store in stores:
        store.close()


@isolated()
def test_exceptions_keep_nothing_alive() -> None:
    engine = Engine()
    refs: list[weakref.ref[Any]] = []

    def run() -> None:
        store = Store(engine)
        refs.append(weakref.ref(store))

        class Local(Exception):
            pass

        refs.append(weakref.ref(Local))

        def fail() -> None:
            raise Local(store)

        module = Module(
            engine, '(module (import "" "" (func)) (func (export "f") call 0) (func $s (export "s") unreachable))'
        )
        exports = Instance(store, module, [Func(store, NOTHING, fail)]).exports(store)
        for name in ("f", "s"):
            for _ in range(10):
                error_of(exports[name], store)

    run()
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


@isolated()
def test_traps_in_start_functions() -> None:
    engine = Engine()
    store = Store(engine)
    bodies = {
        "unreachable": "unreachable",
        "out of bounds": "(drop (i32.load (i32.const -1)))",
        "exhausted": "(call $s)",
        "divide by zero": "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
        "undefined element": "(call_indirect (i32.const 5))",
    }
    for phrase, body in bodies.items():
        text = f'(module (memory 1) (table 2 funcref) (func $s {body}) (start $s) (export "f" (func $s)))'
        for _ in range(5):
            assert phrase in expect(Trap, Instance, store, Module(engine, text), [])
    calls: list[int] = []

    def host() -> None:
        calls.append(1)
        raise SystemExit(9)

    func = Func(store, NOTHING, host)
    text = '(module (import "" "" (func)) (import "" "t" (table 3 funcref)) (elem (i32.const 0) $k) (func $k (call 0)) (start 0))'
    table = Table(store, TableType(ValType.funcref(), Limits(3, None)), None)
    for _ in range(5):
        assert expect(SystemExit, Instance, store, Module(engine, text), [func, table]) == "9"
        gc.collect()
        left = table.get(store, 0)  # what a failed instance left in a table of somebody else's works
        assert expect(SystemExit, left, store) == "9"
    assert len(calls) == 10
    # A start function that instantiates the same module again, without end.
    again: list[Any] = []

    def nested() -> None:
        Instance(store, again[0], [again[1]])

    again.append(Module(engine, '(module (import "" "" (func)) (start 0))'))
    again.append(Func(store, NOTHING, nested))
    assert isinstance(error_of(nested), (RecursionError, Trap))


@isolated()
def test_generators_and_host_calls() -> None:
    """A generator that is suspended inside nothing of wasm's, closed by a host call, resumed by another."""
    engine = Engine()
    store = Store(engine)
    module = Module(engine, '(module (import "" "" (func)) (func (export "f") call 0))')
    log: list[str] = []

    def generate() -> Any:
        try:
            while True:
                exports["f"](store) if len(log) < 3 else None
                yield len(log)
        except GeneratorExit:
            log.append("closed")
            raise

    def host() -> None:
        log.append("called")
        if len(log) == 2:
            error = error_of(next, generator)  # it is running
            assert isinstance(error, ValueError)
        if len(log) > 5:
            generator.close()

    exports: Any = Instance(store, module, [Func(store, NOTHING, host)]).exports(store)
    generator = generate()
    for _ in range(3):
        next(generator)
    for _ in range(4):
        exports["f"](store)
    assert "closed" in log


@isolated()
def test_deep_call_indirect() -> None:
    """Recursion through a table, through references, and tables of other instances."""
    engine = Engine()
    store = Store(engine)
    module = Module(
        engine,
        """(module (type $t (func (param i32) (result i32))) (table (export "t") 3 funcref) (elem (i32.const 0) $a $b)
        (func $a (export "a") (type $t) (if (result i32) (local.get 0)
          (then (i32.add (i32.const 1) (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.and (local.get 0) (i32.const 1)))))
          (else (i32.const 0))))
        (func $b (type $t) (call_indirect (type $t) (local.get 0) (i32.const 2))))""",
    )
    one, two = (Instance(store, module, []).exports(store) for _ in range(2))
    one["t"].set(store, 2, two["a"])
    two["t"].set(store, 2, one["a"])
    assert one["a"](store, 2000) == 2000
    for _ in range(3):
        error = error_of(one["a"], store, 2_000_000)
        assert isinstance(error, Trap) and "exhausted" in str(error) and len(error.frames) >= 32
    one["t"].set(store, 2, Func(store, FuncType([I32], [I32]), lambda n: two["a"](store, n)))
    assert isinstance(error_of(one["a"], store, 2_000_000), (Trap, RecursionError))
    assert one["a"](store, 100) == 100


@isolated()
def test_host_functions_that_misbehave() -> None:
    engine = Engine()
    store = Store(engine)

    class Liar(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return 2

        def __iter__(self) -> Any:
            raise RuntimeError("iterated")

    class Index:
        def __index__(self) -> int:
            store.gc()
            gc.collect()
            raise LookupError("index")

    two = FuncType([], [I32, I64])
    for result in (
        None,
        1,
        [],
        [1],
        [1, 2, 3],
        "ab",
        "a",
        b"ab",
        Liar([1]),
        Liar(),
        [Index(), 1],
        [1, Index()],
        {1, 2},
        {1: 2, 3: 4},
        (1.0, 2),
        iter([1, 2]),
        [2**99, 2**99],
        object(),
    ):
        func = Func(store, two, lambda result=result: result)
        module = Module(
            engine, '(module (import "" "" (func (result i32 i64))) (func (export "f") (result i32 i64) call 0))'
        )
        f = Instance(store, module, [func]).exports(store)["f"]
        for call in (func, f):
            error = error_of(call, store)
            assert error is None or isinstance(error, Exception), (result, error)
            assert not isinstance(error, (SystemError, taipan.InternalError)), (result, error)
    recursion = Func(store, NOTHING, lambda: recursion(store))
    assert isinstance(error_of(recursion, store), (RecursionError, Trap))
    for bad in (1, None, "f", object()):
        expect(TypeError, Func, store, NOTHING, bad)
    assert os.getpid()
