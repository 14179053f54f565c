"""The same program under wasmtime-py and under taipan: what it sees must be the same.

Each program takes the package and returns plain data. Errors count by class; taipan's subclasses of WasmtimeError count
as that.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import taipan


@pytest.fixture(scope="module")
def wasmtime() -> Any:
    """Imported when the first test runs, since its callbacks need memory that is writable and executable."""
    return pytest.importorskip("wasmtime", reason="wasmtime-py is not installed")


CALC = """(module $calc
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 1 3)
  (table (export "table") 3 10 funcref)
  (global (export "g") (mut i64) (i64.const 7))
  (global (export "pi") f64 (f64.const 3.5))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "half") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))
  (func (export "call") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "ref") (param externref) (result externref) local.get 0)
  (func $bad (export "bad") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "outer") call $bad)
  (elem (i32.const 1) $add)
  (data (i32.const 4) "data"))"""


class Program:
    """A store with an instance of CALC."""

    def __init__(self, w: ModuleType) -> None:
        self.w = w
        self.i32 = w.ValType.i32()
        self.engine = w.Engine()
        self.store = w.Store(self.engine, data={"n": 5})
        self.module = w.Module(self.engine, CALC)
        self.twice = w.Func(self.store, w.FuncType([self.i32], [self.i32]), lambda x: 2 * x)
        self.instance = w.Instance(self.store, self.module, [self.twice])
        self.exports = self.instance.exports(self.store)

    def call(self, name: str, *args: Any) -> Any:
        return self.exports[name](self.store, *args)


def class_name(error: BaseException) -> str:
    if isinstance(error, taipan.StoreClosedError):
        return "ValueError"  # it is both
    names = [cls.__name__ for cls in type(error).__mro__]
    return "WasmtimeError" if "WasmtimeError" in names or "WasmError" in names else names[0]


def outcome(program: Callable[[Program], Any], w: ModuleType) -> Any:
    try:
        return program(Program(w))
    except BaseException as error:
        return class_name(error)


def host_result(results: int, returned: Any) -> Callable[[Program], Any]:
    """Calls a host function with that many i32 results that returns that value."""

    def program(p: Program) -> Any:
        ty = p.w.FuncType([], [p.i32] * results)
        return p.w.Func(p.store, ty, lambda: returned)(p.store)

    return program


def raising(error: BaseException) -> Callable[[Program], Any]:
    def program(p: Program) -> Any:
        def fail(x: int) -> int:
            raise error

        func = p.w.Func(p.store, p.w.FuncType([p.i32], [p.i32]), fail)
        try:
            p.w.Instance(p.store, p.module, [func]).exports(p.store)["call"](p.store, 1)
        except BaseException as caught:
            return caught is error
        return "nothing was raised"

    return program


def memory(action: Callable[[Any, Any], Any]) -> Callable[[Program], Any]:
    return lambda p: action(p.exports["memory"], p.store)


def table(action: Callable[[Any, Any], Any]) -> Callable[[Program], Any]:
    return lambda p: action(p.exports["table"], p.store)


def linker(action: Callable[[Any, Program], Any]) -> Callable[[Program], Any]:
    return lambda p: action(p.w.Linker(p.engine), p)


def frames(p: Program) -> Any:
    try:
        p.call("outer")
    except p.w.Trap as trap:
        listed = [(f.module_name, f.func_index, f.module_offset, f.func_offset) for f in trap.frames]
        return listed, trap.trap_code.name, "integer divide by zero" in str(trap), isinstance(trap, p.w.WasmtimeError)
    return "no trap"


def caller_exports(p: Program) -> Any:
    seen: list[Any] = []

    def look(caller: Any, x: int) -> int:
        seen.append([caller.get(name) is not None for name in ("memory", "add", "none")])
        seen.append(bytes(caller["memory"].read(caller, 4, 8)))
        seen.append(caller["add"](caller, x, 1))
        return x

    host = p.w.Func(p.store, p.w.FuncType([p.i32], [p.i32]), look, access_caller=True)
    instance = p.w.Instance(p.store, p.module, [host])
    return instance.exports(p.store)["call"](p.store, 4), seen


def reactor(linker: Any, p: Program) -> Any:
    wat = """(module (global $g (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $g (i32.const 5)))
      (func (export "get") (result i32) global.get $g))"""
    linker.define_module(p.store, "r", p.w.Module(p.engine, wat))
    return linker.get(p.store, "r", "get")(p.store), linker.get_default(p.store, "r")(p.store)


def command(linker: Any, p: Program) -> Any:
    wat = """(module (global $g (mut i32) (i32.const 0))
      (func (export "_start") (global.set $g (i32.const 5))) (func (export "get") (result i32) global.get $g))"""
    linker.define_module(p.store, "c", p.w.Module(p.engine, wat))
    linker.get_default(p.store, "c")(p.store)
    return linker.get(p.store, "c", "get")(p.store)


def shadowing(linker: Any, p: Program) -> Any:
    linker.allow_shadowing = True
    for _ in range(2):
        linker.define(p.store, "host", "twice", p.twice)
    return linker.instantiate(p.store, p.module).exports(p.store)["call"](p.store, 4)


def default_imports(linker: Any, p: Program) -> Any:
    linker.define_unknown_imports_as_default_values(p.store, p.module)
    return linker.instantiate(p.store, p.module).exports(p.store)["call"](p.store, 4)


def trapping_imports(linker: Any, p: Program) -> Any:
    linker.define_unknown_imports_as_traps(p.module)
    return linker.instantiate(p.store, p.module).exports(p.store)["call"](p.store, 4)


def limited(p: Program) -> Any:
    store = p.w.Store(p.engine)
    store.set_limits(memory_size=65536, table_elements=5, instances=1)
    seen = []
    for make in (
        lambda: p.w.Memory(store, p.w.MemoryType(p.w.Limits(2, None))),
        lambda: p.w.Memory(store, p.w.MemoryType(p.w.Limits(1, None))).grow(store, 1),
        lambda: p.w.Table(store, p.w.TableType(p.w.ValType.funcref(), p.w.Limits(6, None)), None),
        lambda: bool(p.w.Instance(store, p.w.Module(p.engine, "(module)"), [])),
        lambda: p.w.Instance(store, p.w.Module(p.engine, "(module)"), []),
    ):
        try:
            seen.append(make())
        except Exception as error:
            seen.append((class_name(error), str(error)))
    return seen


def import_types(p: Program) -> Any:
    entries = [(i.module, i.name, type(i.type).__name__) for i in p.module.imports]
    exports = [(e.name, type(e.type).__name__) for e in p.module.exports]
    limits = p.module.exports[0].type.limits
    func = p.module.exports[5].type
    return entries, exports, (limits.min, limits.max), [str(t) for t in func.params], [str(t) for t in func.results]


def consumed_config(p: Program) -> Any:
    config = p.w.Config()
    config.wasm_simd = True
    p.w.Engine(config)
    config.wasm_simd = False


PROGRAMS: dict[str, Callable[[Program], Any]] = {
    "add": lambda p: p.call("add", 2**32 - 1, 3),
    "add wraps": lambda p: p.call("add", 2**31 - 1, 1),
    "add bool": lambda p: p.call("add", True, True),
    "several results": lambda p: p.call("swap", 1, 2**63),
    "f32 rounds": lambda p: p.call("half", 0.2),
    "host call": lambda p: p.call("call", 21),
    "externref": lambda p: [p.call("ref", x) for x in (None, 0, "", "x", (1, 2))],
    "too few": lambda p: p.call("add", 1),
    "too many": lambda p: p.call("add", 1, 2, 3),
    "float for int": lambda p: p.call("add", 1.0, 2),
    "int for float": lambda p: p.call("half", 1),
    "str for int": lambda p: p.call("add", "1", 2),
    "val argument": lambda p: p.call("add", p.w.Val.i32(4), 5),
    "wrong val": lambda p: p.call("add", p.w.Val.i64(4), 5),
    "missing export": lambda p: p.exports["none"],
    "exports": lambda p: (len(p.exports), list(p.exports), "add" in p.exports, len(p.exports.by_index)),
    "frames": frames,
    "caller": caller_exports,
    "data": lambda p: p.store.data(),
    "result none": host_result(1, None),
    "result str": host_result(1, "x"),
    "result list for one": host_result(1, [5]),
    "result tuple": host_result(2, (1, 2)),
    "result list": host_result(2, [1, 2]),
    "result too few": host_result(2, (1,)),
    "result too many": host_result(2, (1, 2, 3)),
    "result unwanted": host_result(0, 5),
    "raise error": raising(ValueError("x")),
    "raise base": raising(KeyboardInterrupt()),
    "memory size": memory(lambda m, s: (m.size(s), m.data_len(s))),
    "memory read": memory(lambda m, s: (bytes(m.read(s, 4, 8)), bytes(m.read(s, -3)), bytes(m.read(s, 5, 2)))),
    "memory read type": memory(lambda m, s: type(m.read(s, 0, 1)).__name__),
    "memory write": memory(
        lambda m, s: (m.write(s, b"abc", 10), m.write(s, bytearray(b"de"), -2), bytes(m.read(s, -2)))
    ),
    "memory write keywords": memory(lambda m, s: m.write(store=s, value=b"abc", start=1)),
    "memory write over": memory(lambda m, s: m.write(s, b"abc", 65534)),
    "memory grow": memory(lambda m, s: (m.grow(s, 1), m.grow(s, 0), m.size(s))),
    "memory grow over": memory(lambda m, s: m.grow(s, 3)),
    "memory grow negative": memory(lambda m, s: m.grow(s, -1)),
    "memory pointer": memory(
        lambda m, s: (m.data_ptr(s)[4], len(m.get_buffer_ptr(s, 4, 2)), bytes(m.get_buffer_ptr(s, 4, 4)))
    ),
    "table get": table(lambda t, s: (t.get(s, 1)(s, 3, 4), t.get(s, 9), t.size(s))),
    "table null is null": table(lambda t, s: t.get(s, 0) == None),  # noqa: E711
    "table set over": table(lambda t, s: t.set(s, 9, None)),
    "table set wrong": table(lambda t, s: t.set(s, 0, 5)),
    "table grow": table(lambda t, s: (t.grow(s, 2, None), t.size(s))),
    "table grow over": table(lambda t, s: t.grow(s, 20, None)),
    "global": lambda p: (
        p.exports["g"].value(p.store),
        p.exports["g"].set_value(p.store, 2**64 - 1),
        p.exports["g"].value(p.store),
    ),
    "global constant": lambda p: p.exports["pi"].set_value(p.store, 1.0),
    "global type": lambda p: (p.exports["pi"].type(p.store).mutable, str(p.exports["pi"].type(p.store).content)),
    "import types": import_types,
    "too few imports": lambda p: p.w.Instance(p.store, p.module, []),
    "wrong import kind": lambda p: p.w.Instance(p.store, p.module, [p.exports["g"]]),
    "no import": lambda p: p.w.Instance(p.store, p.module, [5]),
    "malformed": lambda p: p.w.Module(p.engine, b"xx"),
    "bad text": lambda p: p.w.Module(p.engine, "(module"),
    "not a module": lambda p: p.w.Module(p.engine, 5),
    "no file": lambda p: p.w.Module.from_file(p.engine, "/does/not/exist"),
    "not an engine": lambda p: p.w.Module(5, b""),
    "validate": lambda p: p.w.Module.validate(p.engine, p.w.wat2wasm("(module)")),
    "validate bad": lambda p: p.w.Module.validate(p.engine, b"xx"),
    "wat2wasm": lambda p: (type(p.w.wat2wasm("(module)")).__name__, bytes(p.w.wat2wasm(b"(module)"))),
    "linker": linker(
        lambda k, p: k.define(p.store, "host", "twice", p.twice) or k.get(p.store, "host", "twice")(p.store, 4)
    ),
    "linker twice": linker(lambda k, p: [k.define(p.store, "a", "b", p.twice) for _ in range(2)]),
    "linker unknown": linker(lambda k, p: k.instantiate(p.store, p.module)),
    "linker get unknown": linker(lambda k, p: k.get(p.store, "a", "b")),
    "linker default": linker(lambda k, p: k.get_default(p.store, "none")(p.store)),
    "linker reactor": linker(reactor),
    "linker command": linker(command),
    "linker shadowing": linker(shadowing),
    "linker defaults": linker(default_imports),
    "linker traps": linker(trapping_imports),
    "limits": limited,
    "fuel off": lambda p: p.store.set_fuel(5),
    "consumed config": consumed_config,
    "closed store": lambda p: p.store.close() or p.exports["memory"].size(p.store),
    "bad strategy": lambda p: setattr(p.w.Config(), "strategy", "x"),
    "bad setting": lambda p: setattr(p.w.Config(), "wasm_simd", 1),
    "val": lambda p: (
        p.w.Val.i32(2**32 - 1).value,
        p.w.Val.i32(5) == 5,
        p.w.Val.i64(5).as_i32(),
        str(p.w.Val.f32(1.5).type),
    ),
    "bad val": lambda p: p.w.Val.f32(5),
    "limits equal": lambda p: p.w.Limits(1, 2) == p.w.Limits(1, 2),
    "type names": lambda p: [
        str(getattr(p.w.ValType, n)()) for n in ("i32", "i64", "f32", "f64", "funcref", "externref")
    ],
    "bad functype": lambda p: p.w.FuncType([5], []),
    "bad tabletype": lambda p: p.w.TableType(p.i32, p.w.Limits(1, None)),
    "trap": lambda p: (
        str(p.w.Trap("hello")),
        p.w.Trap("hello").message,
        p.w.Trap("x").frames,
        p.w.Trap("x").trap_code,
    ),
    "error": lambda p: str(p.w.WasmtimeError("abc")),
    "trap codes": lambda p: [(code.name, code.value) for code in p.w.TrapCode],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_as_wasmtime(wasmtime: Any, name: str) -> None:
    assert outcome(PROGRAMS[name], taipan) == outcome(PROGRAMS[name], wasmtime)
