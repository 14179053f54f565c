"""Snippets that run under wasmtime-py and under taipan, with the same outcome.

A row is a few lines of Python; its outcome is the value of the last one as plain data, or the class and the message of
what it raises. A row may name the part of the message that counts (`says`), since Wasmtime's texts carry Rust's
"Caused by" and ours carry places. A row that differs on purpose states our outcome (`here`) and the entry of
docs/differences.md that gives the reason (`differs`); it fails when the difference is gone.
"""

from __future__ import annotations

import ast
import importlib
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import taipan

DIFFERENCES = Path(__file__).resolve().parents[2] / "docs" / "differences.md"

CALC = """(module $calc
  (import "host" "twice" (func $twice (param i32) (result i32)))
  (memory (export "memory") 1 3)
  (table (export "table") 3 10 funcref)
  (table (export "externs") 2 externref)
  (global (export "g") (mut i64) (i64.const 7))
  (global (export "pi") f64 (f64.const 3.5))
  (global (export "ref") (mut externref) (ref.null extern))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "swap") (param i32 i64) (result i64 i32) local.get 1 local.get 0)
  (func (export "i64") (param i64) (result i64) local.get 0)
  (func (export "f32") (param f32) (result f32) local.get 0)
  (func (export "f64") (param f64) (result f64) local.get 0)
  (func (export "call") (param i32) (result i32) (call $twice (local.get 0)))
  (func (export "extern") (param externref) (result externref) local.get 0)
  (func (export "func") (param funcref) (result funcref) local.get 0)
  (func (export "nothing"))
  (func $bad (export "bad") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "outer") call $bad)
  (func (export "indirect") (param i32) (result i32)
    (call_indirect (type $t) (i32.const 1) (i32.const 2) (local.get 0)))
  (type $t (func (param i32 i32) (result i32)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "unreachable") unreachable)
  (func $loop (export "overflow") call $loop)
  (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (elem (i32.const 1) $add)
  (data (i32.const 4) "data"))"""

PRELUDE = """
i32, i64, f32, f64 = w.ValType.i32(), w.ValType.i64(), w.ValType.f32(), w.ValType.f64()
funcref, externref = w.ValType.funcref(), w.ValType.externref()
FuncType, Limits, Val = w.FuncType, w.Limits, w.Val
store = w.Store(engine, data={"n": 5})
twice = w.Func(store, FuncType([i32], [i32]), lambda x: 2 * x)
instance = w.Instance(store, module, [twice])
exports = instance.exports(store)
memory, table, externs = exports["memory"], exports["table"], exports["externs"]
g, pi, ref = exports["g"], exports["pi"], exports["ref"]
linker = w.Linker(engine)

def call(name, *args):
    return exports[name](store, *args)

def mod(text):
    return w.Module(engine, "(module " + text + ")")

def make(text, *imports):
    return w.Instance(store, mod(text), imports).exports(store)

def host(params, results, func, **more):
    return w.Func(store, FuncType(params, results), func, **more)

def attempt(action):
    try:
        return action()
    except Exception as error:
        return error

def metered(fuel=None):
    config = w.Config()
    config.consume_fuel = True
    metered = w.Store(w.Engine(config))
    if fuel is not None:
        metered.set_fuel(fuel)
    return metered

def give(results, value):
    return host([], [i32] * results, lambda: value)(store)
"""


@dataclass(frozen=True)
class Row:
    """name: unique.  code: Python; wasmtime-py is not run if `aborts`: there it would take the process down."""

    name: str
    code: str
    says: str | None = None
    differs: str | None = None
    here: Any = None
    aborts: bool = False


@dataclass(frozen=True)
class Raised:
    """What a snippet raised. message: all of it, or None where another column says what counts."""

    cls: str
    message: str | None = None


def class_name(error: BaseException) -> str:
    """wasmtime-py's name of the class: taipan's subclasses of WasmtimeError count as that."""
    if isinstance(error, taipan.StoreClosedError):
        return "ValueError"
    names = ["WasmtimeError" if cls is taipan.WasmError else cls.__name__ for cls in type(error).__mro__]
    return next((name for name in ("ExitTrap", "WasmtimeError") if name in names), names[0])


def plain(value: Any) -> Any:
    """Plain data that does not depend on the package: handles as the names of their classes."""
    if value is None or isinstance(value, (bool, int, str, bytes)):
        return value
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytearray):
        return ("bytearray", bytes(value))
    if isinstance(value, (list, tuple)):
        return type(value)([plain(x) for x in value])
    if isinstance(value, dict):
        return {plain(k): plain(v) for k, v in value.items()}
    if isinstance(value, BaseException):
        return Raised(class_name(value), str(value))
    if type(value).__name__ == "Val":
        return ("Val", plain(value.value))
    if type(value).__name__ == "Limits":
        return ("Limits", value.min, value.max)
    return f"<{type(value).__name__}>"


@cache
def shared(package: str) -> tuple[Any, Any, Any]:
    w = importlib.import_module(package)
    engine = w.Engine()
    return w, engine, w.Module(engine, CALC)


def outcome(package: str, code: str) -> Any:
    """The value of the last line, as plain data, or a Raised."""
    w, engine, module = shared(package)
    scope: dict[str, Any] = {"w": w, "engine": engine, "module": module}
    exec(PRELUDE, scope)
    tree = ast.parse(textwrap.dedent(code))
    last = tree.body.pop()
    assert isinstance(last, ast.Expr), "a snippet ends with an expression"
    try:
        exec(compile(tree, "<snippet>", "exec"), scope)
        return plain(eval(compile(ast.Expression(last.value), "<snippet>", "eval"), scope))
    except BaseException as error:
        return Raised(class_name(error), str(error))


# --- calls ---
VALUES = [
    Row("add", "call('add', 1, 2)"),
    Row("i32 wraps", "[call('add', x, 0) for x in (2**31, 2**32 - 1, -2**31, 2**32, 2**40 + 5, -(2**70), 10**30)]"),
    Row("i32 sum wraps", "call('add', 2**31 - 1, 1)"),
    Row("i64 wraps", "[call('i64', x) for x in (2**63, 2**64 - 1, -2**63, 2**64, 2**70 + 5, -(10**30))]"),
    Row("bool is an int", "call('add', True, True), call('i64', False)"),
    Row(
        "int subclass",
        """
        import enum
        E = enum.IntEnum('E', 'a b')
        call('add', E.b, 1)
        """,
    ),
    Row("float for i32", "call('add', 1.0, 2)"),
    Row("float for i64", "call('i64', 1.0)"),
    Row("str for i32", "call('add', '1', 2)"),
    Row("None for i32", "call('add', None, 2)"),
    Row(
        "object with __index__ for i32",
        """
        class X:
          def __index__(self): return 5
          def __repr__(self): return 'X'
        call('add', X(), 2)
        """,
    ),
    Row("bytes for i64", "call('i64', b'1')"),
    Row(
        "Func for i32",
        "type(attempt(lambda: call('add', 1, exports['add']))).__name__",
        differs="Wrong objects",
        here="TypeError",
    ),
    Row("list for i32", "call('add', [1], 2)"),
    Row("int for f32", "call('f32', 1)"),
    Row("int for f64", "call('f64', 1)"),
    Row("bool for f64", "call('f64', True)"),
    Row("None for f64", "call('f64', None)"),
    Row("str for f32", "call('f32', 'x')"),
    Row(
        "float subclass",
        """
        class F(float): pass
        call('f64', F(1.5))
        """,
    ),
    Row("f32 rounds", "[call('f32', x) for x in (0.1, 1e-50, -0.0, 16777217.0)]"),
    Row("f32 overflows to infinity", "call('f32', 1e300), call('f32', -1e300)"),
    Row("f64 is exact", "[call('f64', x) for x in (0.1, 5e-324, -0.0, 1.7976931348623157e308)]"),
    Row("infinities", "[call(n, x) for n in ('f32', 'f64') for x in (float('inf'), float('-inf'))]"),
    Row("nan", "[call(n, float('nan')) for n in ('f32', 'f64')]"),
    Row("several results are a list", "call('swap', 1, 2**63)"),
    Row("no result is None", "call('nothing')"),
    Row("too few", "call('add', 1)", says="too few parameters provided"),
    Row("none at all", "call('add')", says="too few parameters provided"),
    Row("too many", "call('add', 1, 2, 3)", says="too many parameters provided"),
    Row("too many for none", "call('nothing', 1)", says="too many parameters provided"),
    Row("keyword arguments", "exports['add'](store, a=1, b=2)", says="keyword argument"),
    Row("no store", "exports['nothing']()", says="argument"),
    Row(
        "a number as store",
        "exports['add'](5, 1, 2)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Store or a Caller, got int"),
    ),
    Row(
        "None as store",
        "exports['add'](None, 1, 2)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Store or a Caller, got NoneType"),
    ),
    Row("Val argument", "call('add', Val.i32(4), 5), call('f32', Val.f32(0.1))"),
    Row("Val of another type", "call('add', Val.i64(4), 5)"),
    Row("Val f64 for f32", "call('f32', Val.f64(1.0))"),
    Row("Val externref", "call('extern', Val.externref('x')), call('extern', Val.externref(None))"),
    Row("Val funcref", "call('func', Val.funcref(exports['add']))(store, 1, 2), call('func', Val.funcref(None))"),
    Row(
        "externref carries anything", "[call('extern', x) for x in (None, 0, 1, '', 'x', (), (1, 2), 1.5, b'', False)]"
    ),
    Row(
        "externref is the same object",
        """
        x = object()
        call('extern', x) is x
        """,
    ),
    Row(
        "externref of an exception",
        """
        x = ValueError()
        call('extern', x) is x
        """,
    ),
    Row("externref of a Func", "call('extern', twice) is twice"),
    Row("funcref", "call('func', exports['add'])(store, 4, 5)"),
    Row("funcref null", "call('func', None)"),
    Row("funcref host function", "call('func', twice)(store, 4)"),
    Row("int for funcref", "call('func', 5)"),
    Row(
        "callable for funcref", "call('func', len)", says="don't know how to convert <built-in function len> to funcref"
    ),
    Row(
        "type of a function",
        """
        t = exports['swap'].type(store)
        [str(x) for x in t.params], [str(x) for x in t.results]
        """,
    ),
    Row(
        "type of a host function",
        """
        t = twice.type(store)
        [str(x) for x in t.params], [str(x) for x in t.results]
        """,
    ),
    Row("is callable", "callable(exports['add'])"),
]

# --- host functions ---
HOST = [
    Row("host call", "call('call', 21)"),
    Row("host function called directly", "twice(store, 4)"),
    Row(
        "host arguments are plain",
        """
        seen = []
        f = host([i32, i64, f32, f64, externref, funcref], [], lambda *a: seen.append(a))
        f(store, -1, 2**63, 0.5, 0.25, 'x', None)
        seen
        """,
    ),
    Row(
        "host gets a Func",
        """
        seen = []
        host([funcref], [], lambda f: seen.append(f(store, 1, 2)))(store, exports['add'])
        seen
        """,
    ),
    Row("host result None for one", "give(1, None)", says="don't know how to convert None to i32"),
    Row("host result str", "give(1, 'x')", says="don't know how to convert 'x' to i32"),
    Row("host result float", "give(1, 1.0)", says="don't know how to convert 1.0 to i32"),
    Row("host result list for one", "give(1, [5])", says="don't know how to convert [5] to i32"),
    Row("host result tuple for one", "give(1, (5,))", says="don't know how to convert (5,) to i32"),
    Row("host result tuple", "give(2, (1, 2))"),
    Row("host result list", "give(3, [1, 2, 3])"),
    Row("host result wraps", "give(1, 2**32 - 1), give(2, (2**31, -1))"),
    Row("host result bool", "give(1, True)"),
    Row("host result too few", "give(2, (1,))", says="callback produced wrong number of results"),
    Row("host result too many", "give(2, (1, 2, 3))", says="callback produced wrong number of results"),
    Row("host result int for two", "give(2, 5)", says=""),
    Row("host result None for two", "give(2, None)", says=""),
    Row("host result unwanted", "give(0, 5)", says="callback produced results when it shouldn't"),
    Row("host result unwanted falsy", "give(0, 0)", says="callback produced results when it shouldn't"),
    Row("host result empty tuple", "give(0, ())", says="callback produced results when it shouldn't"),
    Row("host result wrong in tuple", "give(2, (1, 'x'))", says="don't know how to convert 'x' to i32"),
    Row("host result str for two", "give(2, 'ab')", says="don't know how to convert 'a' to i32"),
    Row("host result dict", "give(2, {1: 'a', 2: 'b'})"),
    Row("host result generator", "give(2, (x for x in (1, 2)))", differs="Any iterable of results", here=[1, 2]),
    Row("host result Val", "give(1, Val.i32(7)), give(2, (Val.i32(7), 8))"),
    Row("host result wrong Val", "give(1, Val.i64(7))", says="wrong type of `Val` provided"),
    Row(
        "host result externref",
        """
        x = object()
        host([], [externref], lambda: x)(store) is x
        """,
    ),
    Row("host result externref null", "host([], [externref], lambda: None)(store)"),
    Row(
        "host result funcref",
        """
        host([], [funcref], lambda: exports['add'])(store)(store, 1, 2), host([], [funcref], lambda: None)(store)
        """,
    ),
    Row(
        "host result int for funcref",
        "host([], [funcref], lambda: 5)(store)",
        says="don't know how to convert 5 to funcref",
    ),
    Row("host with many parameters", "host([i32] * 20, [i32], lambda *a: sum(a))(store, *range(20))"),
    Row("host with many results", "host([], [i64] * 20, lambda: range(20))(store)"),
    Row(
        "host takes too few",
        "host([i32], [], lambda: None)(store, 1)",
        says="takes 0 positional arguments but 1 was given",
    ),
    Row(
        "host not callable",
        "host([], [], 5)(store)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a callable, not int"),
    ),
    Row("host type missing", "w.Func(store, 5, print)"),
    Row("host store missing", "w.Func(5, FuncType([], []), print)", says="expected a Store"),
    Row(
        "host keywords",
        "w.Func(store=store, ty=FuncType([i32], []), func=lambda c, x: None, access_caller=True)(store, 1)",
    ),
    Row("host of builtin", "host([externref], [i32], len)(store, 'four')"),
    Row(
        "host of a method",
        """
        seen = []
        host([i32], [], seen.append)(store, 3)
        seen
        """,
    ),
    Row("host of a class", "host([externref], [externref], list)(store, 'ab')"),
    Row(
        "host in a Caller's store",
        """
        def f(caller):
          w.Func(caller, FuncType([], []), print)
        host([], [], f, access_caller=True)(store)
        """,
        differs="Callers stand for their store",
        here=None,
    ),
    Row(
        "raise ValueError",
        """
        e = ValueError('x')
        def f(x): raise e
        linker.define_func('host', 'twice', FuncType([i32], [i32]), f)
        caught = attempt(lambda: linker.instantiate(store, module).exports(store)['call'](store, 1))
        caught is e
        """,
    ),
    Row(
        "raise BaseException",
        """
        class B(BaseException): pass
        def f(): raise B('b')
        host([], [], f)(store)
        """,
    ),
    Row(
        "raise KeyboardInterrupt",
        """
        def f(): raise KeyboardInterrupt('k')
        host([], [], f)(store)
        """,
    ),
    Row(
        "raise SystemExit",
        """
        def f(): raise SystemExit(3)
        host([], [], f)(store)
        """,
    ),
    Row(
        "raise StopIteration",
        """
        def f(): raise StopIteration(3)
        host([], [], f)(store)
        """,
        differs="Exceptions pass unchanged",
        here=Raised(cls="StopIteration", message="3"),
    ),
    Row(
        "raise Trap",
        """
        e = w.Trap('stop')
        def f(): raise e
        attempt(lambda: host([], [], f)(store)) is e
        """,
    ),
    Row(
        "raise WasmtimeError",
        """
        e = w.WasmtimeError('stop')
        def f(): raise e
        attempt(lambda: host([], [], f)(store)) is e
        """,
    ),
    Row(
        "raise in start",
        """
        def f(): raise KeyError('k')
        make('(import "" "" (func)) (start 0)', host([], [], f))
        """,
    ),
    Row(
        "exception keeps its traceback",
        """
        def f(): raise ValueError('x')
        e = attempt(lambda: host([], [], f)(store))
        import traceback
        [t.name for t in traceback.extract_tb(e.__traceback__)][-1]
        """,
    ),
    Row(
        "a second call after an exception",
        """
        def f(): raise ValueError('x')
        h = host([], [], f)
        attempt(lambda: h(store)), call('add', 1, 2)
        """,
    ),
    Row(
        "exception in nested calls",
        """
        def f(x):
            if x: return inner['call'](store, x - 1)
            raise ValueError(x)
        h = host([i32], [i32], f)
        inner = w.Instance(store, module, [h]).exports(store)
        inner['call'](store, 4)
        """,
    ),
    Row(
        "caught between wasm frames",
        """
        def bad(): raise ValueError('x')
        b = make('(import "" "" (func)) (func (export "f") (call 0))', host([], [], bad))['f']
        def f():
            try: b(store)
            except ValueError: return 5
        host([], [i32], f)(store)
        """,
    ),
    Row(
        "re-entry",
        """
        def f(x): return call('add', x, 1)
        w.Instance(store, module, [host([i32], [i32], f)]).exports(store)['call'](store, 4)
        """,
    ),
]

# --- Caller ---
CALLER = [
    Row(
        "caller finds exports",
        """
        seen = []
        def f(caller, x):
            seen.extend(type(caller.get(n)).__name__ for n in ('memory', 'add', 'table', 'g', 'none'))
            return x
        w.Instance(store, module, [host([i32], [i32], f, access_caller=True)]).exports(store)['call'](store, 4)
        seen
        """,
    ),
    Row(
        "caller item",
        """
        def f(caller, x): return caller['add'](caller, x, caller['memory'].size(caller))
        w.Instance(store, module, [host([i32], [i32], f, access_caller=True)]).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "caller item missing",
        """
        def f(caller, x): return caller['none']
        w.Instance(store, module, [host([i32], [i32], f, access_caller=True)]).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "caller of the host",
        """
        def f(caller): return [caller.get('memory')]
        host([], [externref], f, access_caller=True)(store)
        """,
    ),
    Row(
        "caller item of the host",
        """
        def f(caller): return caller['memory']
        host([], [externref], f, access_caller=True)(store)
        """,
    ),
    Row(
        "caller get with a number",
        """
        def f(caller): return caller.get(5)
        host([], [externref], f, access_caller=True)(store)
        """,
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected the name as str, got int"),
    ),
    Row(
        "caller as store of everything",
        """
        def f(caller):
            m = w.Memory(caller, w.MemoryType(Limits(1, None)))
            t = w.Table(caller, w.TableType(externref, Limits(1, None)), 'x')
            gl = w.Global(caller, w.GlobalType(i32, True), 4)
            i = w.Instance(caller, mod('(func (export "f") (result i32) i32.const 3)'), [])
            return [m.size(caller), t.get(caller, 0), gl.value(caller), i.exports(caller)['f'](caller)]
        host([], [externref], f, access_caller=True)(store)
        """,
    ),
    Row(
        "caller kept too long",
        """
        kept = []
        host([], [], kept.append, access_caller=True)
        h = host([], [], lambda c: kept.append(c), access_caller=True)
        h(store)
        exports['add'](kept[0], 1, 2)
        """,
        says="caller is no longer valid",
    ),
    Row(
        "caller kept too long, get",
        """
        kept = []
        h = host([], [], lambda c: kept.append(c), access_caller=True)
        h(store)
        kept[0].get('memory')
        """,
    ),
    Row(
        "caller kept too long, item",
        """
        kept = []
        h = host([], [], lambda c: kept.append(c), access_caller=True)
        h(store)
        kept[0]['memory']
        """,
    ),
    Row("no caller unless asked", "host([i32], [i32], lambda *a: len(a))(store, 1)"),
]

# --- Memory ---
MEMORY = [
    Row(
        "memory size",
        "memory.size(store), memory.data_len(store), memory.page_size(store), memory.page_size_log2(store)",
    ),
    Row("memory read", "memory.read(store, 4, 8)"),
    Row("memory read all", "len(memory.read(store))"),
    Row("memory read to the end", "len(memory.read(store, 65530)), len(memory.read(store, 65530, None))"),
    Row(
        "memory read from the end", "memory.read(store, -3), memory.read(store, -3, -1), memory.read(store, 4, -65528)"
    ),
    Row(
        "memory read clamps",
        """
        len(memory.read(store, 65530, 10**9)), memory.read(store, 10**9, 10**9 + 5), len(memory.read(store, -10**9, 3))
        """,
    ),
    Row(
        "memory read 2**70",
        "len(memory.read(store, 0, 2**70)), memory.read(store, 2**70), len(memory.read(store, -2**70, 2))",
    ),
    Row("memory read empty", "memory.read(store, 5, 5), memory.read(store, 5, 2)"),
    Row("memory read None", "len(memory.read(store, None, None)), memory.read(store, None, 5)"),
    Row("memory read keywords", "memory.read(store=store, start=4, stop=6)"),
    Row("memory read str", "memory.read(store, 'x')"),
    Row("memory read float", "memory.read(store, 1.0, 2.0)"),
    Row("memory read bool", "memory.read(store, False, True)"),
    Row(
        "memory read index object",
        """
        class X:
          def __index__(self): return 4
        memory.read(store, X(), 8)
        """,
    ),
    Row(
        "memory read is a copy",
        """
        b = memory.read(store, 4, 8)
        b[0] = 0
        memory.read(store, 4, 8)
        """,
    ),
    Row("memory write", "memory.write(store, b'abc', 10), memory.read(store, 9, 14)"),
    Row("memory write bytearray", "memory.write(store, bytearray(b'de'), -2), memory.read(store, -3)"),
    Row("memory write memoryview", "memory.write(store, memoryview(b'xyz'), 1), memory.read(store, 0, 5)"),
    Row("memory write list", "memory.write(store, [1, 2, 3]), memory.read(store, 0, 4)"),
    Row("memory write range", "memory.write(store, range(4), 2), memory.read(store, 0, 7)"),
    Row(
        "memory write int",
        "memory.write(store, 3, 4)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="'int' object is not iterable"),
    ),
    Row("memory write str", "memory.write(store, 'abc')", says="str"),
    Row("memory write too large a number", "memory.write(store, [256])"),
    Row(
        "memory write array",
        """
        import array
        memory.write(store, array.array('H', [1, 2]), 0), memory.read(store, 0, 5)
        """,
    ),
    Row("memory write strided view", "memory.write(store, memoryview(b'abcdef')[::2]), memory.read(store, 0, 4)"),
    Row(
        "memory write wide view",
        """
        import array
        memory.write(store, memoryview(array.array('H', [1, 2]))), memory.read(store, 0, 5)
        """,
    ),
    Row("memory write default start", "memory.write(store, b'ab'), memory.read(store, 0, 2)"),
    Row("memory write keywords", "memory.write(store=store, value=b'abc', start=1)"),
    Row("memory write empty", "memory.write(store, b'', 10)"),
    Row("memory write empty at the end", "memory.write(store, b'', 65536)"),
    Row("memory write over the end", "memory.write(store, b'abc', 65534)", says="index out of range"),
    Row(
        "memory write over the end changes nothing",
        """
        attempt(lambda: memory.write(store, b'abc', 65534))
        memory.read(store, -2)
        """,
    ),
    Row("memory write beyond", "memory.write(store, b'abc', 65536)", says="index out of range"),
    Row("memory write far beyond", "memory.write(store, b'abc', 2**64 - 1)", says="index out of range"),
    Row("memory write to 2**70", "memory.write(store, b'abc', 2**70)", says="index out of range"),
    Row(
        "memory write from far before",
        "memory.write(store, b'abc', -70000)",
        differs="Writes do not move",
        here=Raised(cls="IndexError", message="index out of range"),
    ),
    Row("memory write float start", "memory.write(store, b'abc', 1.0)", says="integer"),
    Row("memory grow", "memory.grow(store, 1), memory.grow(store, 0), memory.size(store), memory.data_len(store)"),
    Row("memory grow over", "memory.grow(store, 3)", says="failed to grow memory by `3`"),
    Row(
        "memory grow over changes nothing",
        """
        attempt(lambda: memory.grow(store, 3))
        memory.size(store)
        """,
    ),
    Row(
        "memory grow by 2**64 - 1",
        "memory.grow(store, 2**64 - 1)",
        says="failed to grow memory by `18446744073709551615`",
    ),
    Row(
        "memory grow by 2**64",
        "memory.grow(store, 2**64)",
        differs="Numbers are not cut",
        here=Raised(cls="WasmtimeError", message="failed to grow memory by `18446744073709551616`"),
    ),
    Row("memory grow negative", "memory.grow(store, -1)"),
    Row(
        "memory grow float",
        "memory.grow(store, 1.0)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="'float' object cannot be interpreted as an integer"),
    ),
    Row("memory grow str", "memory.grow(store, '1')"),
    Row("memory grow in wasm", "call('grow', 1), call('grow', 5), memory.size(store)"),
    Row(
        "type of a memory",
        """
        t = memory.type(store)
        t.limits, t.is_64, t.is_shared, t.page_size, t.page_size_log2
        """,
    ),
    Row(
        "memory type keeps the declared minimum",
        """
        memory.grow(store, 1)
        memory.type(store).limits
        """,
    ),
    Row(
        "memory pointer",
        """
        p = memory.data_ptr(store)
        bytes(p[4:8])
        """,
    ),
    Row(
        "memory pointer address",
        """
        import ctypes
        p = memory.data_ptr(store)
        ctypes.string_at(ctypes.addressof(p.contents) + 4, 4)
        """,
    ),
    Row(
        "memory buffer pointer",
        """
        b = memory.get_buffer_ptr(store, 4, 2)
        len(b), bytes(b)
        """,
    ),
    Row(
        "memory buffer pointer writes",
        """
        b = memory.get_buffer_ptr(store)
        b[4] = 68
        len(b), memory.read(store, 4, 8)
        """,
    ),
    Row("memory buffer pointer keywords", "bytes(memory.get_buffer_ptr(store, size=4, offset=4))"),
    Row(
        "memory buffer pointer of the rest",
        "len(memory.get_buffer_ptr(store, offset=65530))",
        differs="Buffers end with the memory",
        here=6,
    ),
    Row(
        "memory buffer pointer beyond",
        "len(memory.get_buffer_ptr(store, 10, 65530))",
        differs="Buffers end with the memory",
        here=Raised(cls="IndexError", message="index out of range"),
    ),
    Row(
        "memory buffer pointer negative",
        "memory.get_buffer_ptr(store, -1)",
        differs="Buffers end with the memory",
        here=Raised(cls="IndexError", message="index out of range"),
    ),
    Row(
        "memory made by the host",
        """
        m = w.Memory(store, w.MemoryType(Limits(2, 4)))
        m.size(store), m.read(store, 0, 3), m.grow(store, 2), m.type(store).limits
        """,
    ),
    Row(
        "memory without maximum",
        """
        m = w.Memory(store, w.MemoryType(Limits(0, None)))
        m.size(store), m.grow(store, 1), m.type(store).limits.max
        """,
    ),
    Row(
        "memory wrong type",
        "w.Memory(store, 5)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a MemoryType"),
    ),
    Row(
        "memory wrong store",
        "w.Memory(5, w.MemoryType(Limits(1, None)))",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Store or a Caller, got int"),
    ),
    Row(
        "memory of 64 bits",
        """
        m = w.Memory(store, w.MemoryType(Limits(1, 2), is_64=True))
        m.type(store).is_64, m.grow(store, 1), attempt(lambda: m.grow(store, 1))
        """,
    ),
    Row("memory too large", "w.Memory(store, w.MemoryType(Limits(2**48, None), is_64=True))", says=""),
    Row("memory len", "len(memory)", differs="Memories are buffers", here=65536),
    Row("memory item", "memory[4]", differs="Memories are buffers", here=100),
    Row("memory slice", "memory[4:8]", differs="Memories are buffers", here=b"data"),
    Row("memory as a buffer", "memoryview(memory)[4:8].tobytes()", differs="Memories are buffers", here=b"data"),
    Row(
        "shared memory",
        "w.SharedMemory(engine, w.MemoryType(Limits(1, 1), shared=True)).data_len()",
        differs="Not there yet",
        here=Raised(cls="WasmtimeError", message="shared memories are not supported yet"),
    ),
]

# --- Table ---
TABLE = [
    Row("table size", "table.size(store), externs.size(store)"),
    Row("table get", "table.get(store, 1)(store, 3, 4)"),
    Row("table get beyond", "table.get(store, 9), table.get(store, 2**32 - 1)"),
    Row("table get 2**64 - 1", "table.get(store, 2**64 - 1)"),
    Row("table get negative", "table.get(store, -1)"),
    Row("table get 2**64", "table.get(store, 2**64 + 1)", differs="Numbers are not cut", here=None),
    Row(
        "table get float",
        "table.get(store, 1.0)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="'float' object cannot be interpreted as an integer"),
    ),
    Row("table get null", "table.get(store, 0)", differs="Null is None", here=None),
    Row("table null equals None", "table.get(store, 0) == None"),
    Row(
        "table set",
        """
        table.set(store, 0, twice)
        table.get(store, 0)(store, 4)
        """,
    ),
    Row(
        "table set null",
        """
        table.set(store, 1, None)
        table.get(store, 1) == None
        """,
    ),
    Row(
        "table set Val",
        """
        table.set(store, 0, Val.funcref(twice))
        table.get(store, 0)(store, 4)
        """,
    ),
    Row("table set beyond", "table.set(store, 9, None)", says=""),
    Row("table set negative", "table.set(store, -1, None)", says=""),
    Row("table set int for func", "table.set(store, 0, 5)"),
    Row("table set str for func", "table.set(store, 0, 'x')"),
    Row("table set wrong Val", "table.set(store, 0, Val.externref(5))"),
    Row("table set returns None", "table.set(store, 0, None)"),
    Row(
        "table of objects",
        """
        externs.set(store, 0, 'x')
        externs.get(store, 0)
        """,
    ),
    Row(
        "table of objects, falsy",
        """
        externs.set(store, 0, 0)
        externs.get(store, 0)
        """,
        differs="Null is None",
        here=0,
    ),
    Row(
        "table of objects, identity",
        """
        x = []
        externs.set(store, 1, [x])
        externs.get(store, 1)[0] is x
        """,
    ),
    Row(
        "table of objects, a Func",
        """
        externs.set(store, 0, twice)
        externs.get(store, 0) is twice
        """,
    ),
    Row("table grow", "table.grow(store, 2, None), table.size(store), table.get(store, 4) == None"),
    Row("table grow with a value", "table.grow(store, 2, twice), table.get(store, 4)(store, 2)"),
    Row("table grow nothing", "table.grow(store, 0, None), table.size(store)"),
    Row("table grow over", "table.grow(store, 20, None)", says="failed to grow table by `20`"),
    Row(
        "table grow over changes nothing",
        """
        attempt(lambda: table.grow(store, 20, None))
        table.size(store)
        """,
    ),
    Row("table grow wrong", "table.grow(store, 1, 5)"),
    Row(
        "table grow negative",
        "table.grow(store, -1, None)",
        differs="Numbers are not cut",
        here=Raised(cls="WasmtimeError", message="cannot grow by negative amount"),
    ),
    Row(
        "type of a table",
        """
        t = table.type(store)
        str(t.element), t.limits
        """,
    ),
    Row(
        "table type of objects",
        """
        t = externs.type(store)
        str(t.element), t.limits
        """,
    ),
    Row(
        "table made by the host",
        """
        t = w.Table(store, w.TableType(funcref, Limits(2, 4)), twice)
        t.size(store), t.get(store, 1)(store, 2)
        """,
    ),
    Row("table made wrong", "w.Table(store, w.TableType(funcref, Limits(2, 4)), 5)"),
    Row(
        "table wrong type",
        "w.Table(store, 5, None)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a TableType"),
    ),
    Row("table type keywords", "w.TableType(valtype=funcref, limits=Limits(min=1, max=2)).limits"),
    Row(
        "table fill",
        """
        externs.fill(store, 0, 'x', 2)
        externs.get(store, 1)
        """,
        differs="More methods",
        here="x",
    ),
]

# --- Global ---
GLOBAL = [
    Row("global value", "g.value(store), pi.value(store)"),
    Row(
        "global set",
        """
        g.set_value(store, 2**64 - 1)
        g.value(store)
        """,
    ),
    Row("global set returns None", "g.set_value(store, 1)"),
    Row(
        "global set Val",
        """
        g.set_value(store, Val.i64(5))
        g.value(store)
        """,
    ),
    Row("global set wrong Val", "g.set_value(store, Val.i32(5))"),
    Row("global set float", "g.set_value(store, 1.0)"),
    Row("global set None", "g.set_value(store, None)"),
    Row("global set constant", "pi.set_value(store, 1.0)", says="immutable global cannot be set"),
    Row(
        "global set constant wrongly",
        "pi.set_value(store, 1)",
        differs="Which error comes first",
        here=Raised(cls="WasmtimeError", message="immutable global cannot be set"),
    ),
    Row("global reference null", "ref.value(store)", differs="Null is None", here=None),
    Row("global reference null equals None", "ref.value(store) == None"),
    Row(
        "global reference",
        """
        ref.set_value(store, 'x')
        ref.value(store)
        """,
    ),
    Row(
        "global reference falsy",
        """
        ref.set_value(store, 0)
        ref.value(store)
        """,
    ),
    Row(
        "type of a global",
        """
        t = pi.type(store)
        t.mutable, str(t.content), g.type(store).mutable
        """,
    ),
    Row(
        "global made by the host",
        """
        x = w.Global(store, w.GlobalType(i32, True), 2**32 - 1)
        x.value(store), x.set_value(store, 3), x.value(store)
        """,
    ),
    Row("global f32", "w.Global(store, w.GlobalType(f32, False), 0.1).value(store)"),
    Row(
        "global funcref",
        """
        x = w.Global(store, w.GlobalType(funcref, True), twice)
        x.value(store)(store, 2), x.set_value(store, None), x.value(store) == None
        """,
    ),
    Row("global made wrong", "w.Global(store, w.GlobalType(i32, True), 'x')"),
    Row("global wrong type", "w.Global(store, 5, 1)"),
    Row("global keywords", "w.Global(store=store, ty=w.GlobalType(valtype=i32, mutable=True), val=1).value(store)"),
]

# --- types ---
TYPES = [
    Row("type names", "[str(t) for t in (i32, i64, f32, f64, funcref, externref)]"),
    Row("type reprs", "[repr(t) for t in (i32, i64, f32, f64, funcref)]"),
    Row("type repr of externref", "repr(externref)", differs="Text forms", here="externref"),
    Row("types are equal", "i32 == w.ValType.i32(), i32 != i64, i32 == 'i32', i32 != 5"),
    Row("type constructor", "w.ValType()"),
    Row("type hash", "len({i32, w.ValType.i32(), i64})", differs="Types are values", here=2),
    Row(
        "function type",
        """
        t = FuncType([i32, f64], [i64])
        [str(x) for x in t.params], [str(x) for x in t.results]
        """,
    ),
    Row(
        "function type of tuples",
        """
        t = FuncType((i32,), ())
        len(t.params), len(t.results)
        """,
    ),
    Row("function type keywords", "len(FuncType(params=[i32], results=[]).params)"),
    Row("function type wrong parameter", "FuncType([5], [])"),
    Row("function type wrong result", "FuncType([], ['i32'])"),
    Row("function type not a list", "FuncType(5, [])"),
    Row("function type None", "FuncType([None], [])"),
    Row("function type equality", "FuncType([i32], []) == FuncType([i32], [])", differs="Types are values", here=True),
    Row(
        "function type params is a fresh list",
        """
        t = FuncType([i32], [])
        t.params.append(i64)
        len(t.params)
        """,
    ),
    Row("function type of 1000 parameters", "len(FuncType([i32] * 1000, []).params)"),
    Row(
        "global type",
        """
        t = w.GlobalType(i64, False)
        str(t.content), t.mutable
        """,
    ),
    Row("global type wrong", "w.GlobalType(5, True)"),
    Row("global type truthy", "w.GlobalType(i32, 1).mutable, w.GlobalType(i32, '').mutable"),
    Row(
        "memory type defaults",
        """
        t = w.MemoryType(Limits(1, None))
        t.limits, t.is_64, t.is_shared, t.page_size, t.page_size_log2
        """,
    ),
    Row(
        "memory type of 64 bits",
        """
        t = w.MemoryType(Limits(1, 2**40), is_64=True)
        t.limits, t.is_64
        """,
    ),
    Row(
        "memory type shared",
        """
        t = w.MemoryType(Limits(1, 2), shared=True)
        t.limits, t.is_shared
        """,
    ),
    Row("memory type shared without maximum", "w.MemoryType(Limits(1, None), shared=True)"),
    Row(
        "memory type small pages",
        """
        t = w.MemoryType(Limits(1, 2), page_size_log2=0)
        t.page_size, t.page_size_log2
        """,
    ),
    Row("memory type odd pages", "w.MemoryType(Limits(1, 2), page_size_log2=3)", says=""),
    Row("memory type wrong", "w.MemoryType(5)"),
    Row("memory type minimum over maximum", "w.MemoryType(Limits(2, 1))", says=""),
    Row("memory type minimum too large", "w.MemoryType(Limits(2**32, None))", says="minimum size too large"),
    Row("memory type maximum too large", "w.MemoryType(Limits(1, 2**32))", says="maximum size too large"),
    Row("memory type minimum over 4 GiB", "w.MemoryType(Limits(65537, None))", says=""),
    Row("memory type of 4 GiB", "w.MemoryType(Limits(65536, 65536)).limits"),
    Row(
        "memory type minimum over 2**64", "w.MemoryType(Limits(2**64, None), is_64=True)", says="minimum size too large"
    ),
    Row(
        "memory type 2**48 pages",
        "w.MemoryType(Limits(2**48, None), is_64=True).limits",
        differs="Limits are exact",
        here=("Limits", 281474976710656, None),
    ),
    Row(
        "memory type negative",
        "w.MemoryType(Limits(-1, None))",
        differs="Numbers are not cut",
        here=Raised(cls="WasmtimeError", message="memory's size cannot be negative: -1"),
    ),
    Row("memory type str", "w.MemoryType(Limits('1', None))", says=""),
    Row(
        "table type",
        """
        t = w.TableType(externref, Limits(1, 2))
        str(t.element), t.limits
        """,
    ),
    Row("table type without maximum", "w.TableType(funcref, Limits(1, None)).limits"),
    Row("table type of numbers", "w.TableType(i32, Limits(1, None))", says="failed to allocate TableType"),
    Row("table type wrong limits", "w.TableType(funcref, 5)"),
    Row("table type wrong element", "w.TableType(5, Limits(1, None))"),
    Row(
        "table type maximum 2**32 - 1",
        "w.TableType(funcref, Limits(1, 2**32 - 1)).limits",
        differs="Limits are exact",
        here=("Limits", 1, 4294967295),
    ),
    Row(
        "table type minimum 2**32",
        "w.TableType(funcref, Limits(2**32, None)).limits",
        differs="Numbers are not cut",
        here=Raised(cls="WasmtimeError", message="a table with 32-bit indices has fewer than 2**32 elements"),
    ),
    Row(
        "limits",
        """
        x = Limits(1, None)
        x.min, x.max, x == Limits(1, None), x == Limits(1, 2), x == 5, x != Limits(1, None)
        """,
    ),
    Row("limits keywords", "Limits(min=1, max=2)"),
    Row(
        "limits can be set",
        """
        x = Limits(1, 2)
        x.max = 5
        x
        """,
    ),
    Row("limits without maximum", "Limits(1)", differs="Optional arguments", here=("Limits", 1, None)),
    Row(
        "tag type",
        """
        t = w.TagType(FuncType([i32], []))
        [str(x) for x in t.functype.params]
        """,
    ),
    Row("tag type wrong", "w.TagType(5)"),
    Row(
        "tag type consumes its function type",
        """
        ft = FuncType([i32], [])
        w.TagType(ft)
        len(ft.params)
        """,
        differs="Little is consumed",
        here=1,
    ),
    Row(
        "tag",
        """
        t = w.Tag(store, w.TagType(FuncType([i32], [])))
        [str(x) for x in t.type(store).functype.params], t.eq(store, t)
        """,
    ),
    Row(
        "tags differ",
        """
        a, b = [w.Tag(store, w.TagType(FuncType([i32], []))) for _ in 'ab']
        a.eq(store, b)
        """,
    ),
    Row("tag wrong type", "w.Tag(store, 5)"),
    Row(
        "tag exports",
        """
        x = make('(tag (export "a") (param i32)) (export "b" (tag 0)) (tag (export "c"))')
        [type(v).__name__ for v in x.values()], x['a'].eq(store, x['b']), x['a'].eq(store, x['c'])
        """,
    ),
    Row(
        "tag imports",
        """
        a = make('(tag (export "a") (param i32))')['a']
        b = make('(import "" "a" (tag (param i32))) (export "b" (tag 0))', a)['b']
        a.eq(store, b)
        """,
    ),
    Row(
        "tag of another type imported",
        """
        a = make('(tag (export "a") (param i32))')['a']
        make('(import "" "a" (tag (param i64)))', a)
        """,
        says="incompatible import type for `::a`",
    ),
    Row("import types", "[(i.module, i.name, type(i.type).__name__) for i in module.imports]"),
    Row("export types", "[(e.name, type(e.type).__name__) for e in module.exports]"),
    Row(
        "kinds of imports",
        """
        m = mod('''(import "a" "f" (func (param i32))) (import "a" "g" (global i64)) (import "a" "m" (memory 1 2))
          (import "a" "t" (table 3 4 funcref)) (import "a" "e" (tag (param f32)))''')
        names = [(i.name, type(i.type).__name__) for i in m.imports]
        _, g, m, t, e = [i.type for i in m.imports]
        names, str(g.content), m.limits, t.limits, [str(x) for x in e.functype.params]
        """,
    ),
    Row(
        "empty names",
        """
        m = mod('(import "" "" (func))')
        [(i.module, i.name) for i in m.imports]
        """,
    ),
    Row(
        "names with NUL",
        """
        m = mod('(import "a\\\\00b" "\\\\00" (func)) (export "x\\\\00" (func 0))')
        [(i.module, i.name) for i in m.imports], [e.name for e in m.exports]
        """,
    ),
    Row(
        "names beyond ASCII",
        """
        m = mod('(import "é" "日" (func))')
        [(i.module, i.name) for i in m.imports]
        """,
    ),
]

# --- Val ---
VAL = [
    Row(
        "Val values",
        """
        [v.value for v in (Val.i32(5), Val.i64(6), Val.f32(0.5), Val.f64(0.1), Val.externref('x'), Val.funcref(None))]
        """,
    ),
    Row("Val wraps", "Val.i32(2**32 - 1).value, Val.i64(2**63).value, Val.i32(-(2**31) - 1).value"),
    Row("Val of bool", "Val.i32(True).value"),
    Row("Val f32 rounds", "Val.f32(0.1).value"),
    Row("Val i32 of float", "Val.i32(1.0)"),
    Row("Val i64 of str", "Val.i64('1')"),
    Row("Val f32 of int", "Val.f32(5)"),
    Row("Val f64 of int", "Val.f64(5)"),
    Row(
        "Val as",
        """
        v = Val.i32(5)
        v.as_i32(), v.as_i64(), v.as_f32(), v.as_f64(), v.as_externref(), v.as_funcref()
        """,
    ),
    Row("Val as i64", "Val.i64(5).as_i64(), Val.i64(5).as_i32()"),
    Row("Val as float", "Val.f32(0.5).as_f32(), Val.f64(0.5).as_f64(), Val.f64(0.5).as_f32()"),
    Row("Val as reference", "Val.externref('x').as_externref(), Val.externref(None).as_externref()"),
    Row("Val as function", "Val.funcref(twice).as_funcref() is twice"),
    Row("Val as function, null", "Val.funcref(None).as_funcref()", differs="Null is None", here=None),
    Row(
        "Val types",
        """
        vals = Val.i32(5), Val.i64(6), Val.f32(0.5), Val.f64(0.1), Val.externref('x'), Val.funcref(None)
        [str(v.type) for v in vals]
        """,
    ),
    Row(
        "Val equality",
        """
        v = Val.i32(5)
        v == Val.i32(5), v == Val.i64(5), v == 5, 5 == v, v != 6, Val.externref(None) == None
        """,
    ),
    Row("Val null", "Val.ref_null(externref).value, Val.ref_null(funcref).value, str(Val.ref_null(funcref).type)"),
    Row("Val null of a number", "Val.ref_null(i32)"),
    Row("Val repr", "repr(Val.i32(5))", differs="Text forms", here="Val(i32, 5)"),
    Row("Val hash", "len({Val.i32(5), Val.i32(5)})", differs="Types are values", here=1),
]

# --- Module ---
MODULE = [
    Row("module from text", "len(w.Module(engine, '(module)').exports)"),
    Row("module from text in bytes", "len(w.Module(engine, b'(module)').exports)"),
    Row("module from bytes", "len(w.Module(engine, bytes(w.wat2wasm('(module)'))).exports)"),
    Row("module from bytearray", "len(w.Module(engine, w.wat2wasm('(module)')).exports)"),
    Row(
        "module from memoryview",
        "len(w.Module(engine, memoryview(bytes(w.wat2wasm('(module)')))).exports)",
        differs="Buffers of every kind",
        here=0,
    ),
    Row("module keywords", "len(w.Module(engine=engine, wasm='(module)').exports)"),
    Row("module malformed", "w.Module(engine, b'xx')", says=""),
    Row("module truncated", "w.Module(engine, b'\\0asm\\1\\0\\0')", says="unexpected end"),
    Row("module of nothing", "w.Module(engine, b'')", says="unexpected end"),
    Row("module of an empty str", "w.Module(engine, '')", differs="Empty text", here="<Module>"),
    Row("module with a bad version", "w.Module(engine, b'\\0asm\\2\\0\\0\\0')", says="unknown binary version"),
    Row("module with bad text", "w.Module(engine, '(module')", says=""),
    Row("module with a bad instruction", "w.Module(engine, '(module (func foo))')", says=""),
    Row("module invalid", "w.Module(engine, '(module (func (result i32)))')", says="type mismatch"),
    Row("module of a number", "w.Module(engine, 5)"),
    Row("module of None", "w.Module(engine, None)"),
    Row("module of a list", "w.Module(engine, [0])"),
    Row("module without engine", "w.Module(5, '(module)')"),
    Row("module without arguments", "w.Module()", says="missing 2 required positional arguments: 'engine' and 'wasm'"),
    Row(
        "module from file",
        """
        import tempfile
        with tempfile.NamedTemporaryFile() as f:
          f.write(b'(module (func (export "a")))')
          f.flush()
          m = w.Module.from_file(engine, f.name)
        [e.name for e in m.exports]
        """,
    ),
    Row(
        "module from a path object",
        """
        import tempfile, pathlib
        with tempfile.NamedTemporaryFile() as f:
          f.write(w.wat2wasm('(module)'))
          f.flush()
          m = w.Module.from_file(engine, pathlib.Path(f.name))
        len(m.exports)
        """,
    ),
    Row("module from no file", "w.Module.from_file(engine, '/does/not/exist')"),
    Row("module from a folder", "w.Module.from_file(engine, '/')"),
    Row(
        "validate",
        """
        w.Module.validate(engine, w.wat2wasm('(module)')), w.Module.validate(engine, bytes(w.wat2wasm('(module)')))
        """,
    ),
    Row("validate malformed", "w.Module.validate(engine, b'xx')", says=""),
    Row("validate invalid", "w.Module.validate(engine, w.wat2wasm('(module (func i32.add))'))", says="type mismatch"),
    Row("validate a str", "w.Module.validate(engine, '(module)')"),
    Row("validate a number", "w.Module.validate(engine, 5)"),
    Row("wat2wasm", "w.wat2wasm('(module)'), w.wat2wasm(b'(module)')"),
    Row("wat2wasm of parts", "w.wat2wasm('(func (export \"f\") (result i32) i32.const 1)')"),
    Row("wat2wasm with names", "w.wat2wasm('(module $m (func $f (param $x i32)))')"),
    Row("wat2wasm with a BOM", "w.wat2wasm('﻿(module)')", says=""),
    Row("wat2wasm bad", "w.wat2wasm('(module')", says=""),
    Row("wat2wasm wrong", "w.wat2wasm('(modul)')", says="module field"),
    Row("wat2wasm of a number", "w.wat2wasm(5)", says=""),
    Row("wat2wasm not UTF-8", "w.wat2wasm(b'(module (data \"\\xff\"))')", says=""),
    Row("module serialize", "w.Module.deserialize(engine, module.serialize()).exports[0].name"),
    Row(
        "module closed",
        """
        m = mod('')
        m.close()
        m.exports
        """,
    ),
    Row(
        "module closed, instance",
        """
        m = mod('')
        m.close()
        w.Instance(store, m, [])
        """,
    ),
    Row(
        "module closed twice",
        """
        m = mod('')
        m.close()
        m.close()
        """,
    ),
    Row(
        "module closed, instance goes on",
        """
        m = mod('(func (export "f") (result i32) i32.const 3)')
        i = w.Instance(store, m, [])
        m.close()
        i.exports(store)['f'](store)
        """,
    ),
    Row(
        "module in a with statement",
        """
        with mod('') as m:
          pass
        m.imports
        """,
    ),
    Row(
        "v128 in a signature",
        "make('(func (export \"f\") (result i32) i32.const 3) (func (export \"v\") (param v128))')['f'](store)",
    ),
]

# --- Instance ---
INSTANCE = [
    Row("exports are a mapping", "len(exports), list(exports), 'add' in exports, 'no' in exports, exports.get('no')"),
    Row("exports by index", "[type(x).__name__ for x in exports.by_index][:6]"),
    Row("exports by index is a tuple", "type(exports.by_index).__name__"),
    Row("exports missing", "exports['none']"),
    Row("exports by number", "type(exports[0]).__name__", differs="Exports by number", here="Memory"),
    Row("exports are kept", "instance.exports(store) is instance.exports(store)"),
    Row("exports values", "[k for k, v in exports.items() if type(v).__name__ == 'Memory']"),
    Row(
        "the same function twice",
        """
        x = make('(func (export "a") (result i32) i32.const 1) (export "b" (func 0))')
        x['a'](store), x['b'](store), len(x)
        """,
    ),
    Row(
        "instance keywords", "w.Instance(store=store, module=module, imports=[twice]).exports(store)['call'](store, 2)"
    ),
    Row("too few imports", "w.Instance(store, module, [])", says="expected 1 imports, found 0"),
    Row("too many imports", "w.Instance(store, module, [twice, twice])", says="expected 1 imports, found 2"),
    Row("import of another kind", "w.Instance(store, module, [g])", says="incompatible import type for `host::twice`"),
    Row(
        "import of another type",
        "w.Instance(store, module, [exports['nothing']])",
        says="incompatible import type for `host::twice`",
    ),
    Row("import of a number", "w.Instance(store, module, [5])"),
    Row("import of an instance", "w.Instance(store, module, [instance])"),
    Row("import of a callable", "w.Instance(store, module, [print])"),
    Row("import of None", "w.Instance(store, module, [None])"),
    Row("imports not a list", "w.Instance(store, module, 5)", says=""),
    Row("imports a tuple", "type(w.Instance(store, module, (twice,))).__name__"),
    Row(
        "import smaller memory",
        'make(\'(import "a" "m" (memory 2))\', memory)',
        says="incompatible import type for `a::m`",
    ),
    Row("import larger table", "make('(import \"a\" \"t\" (table 2 20 funcref))', table)['x']"),
    Row(
        "import constant global as mutable",
        'make(\'(import "a" "g" (global (mut f64)))\', pi)',
        says="incompatible import type for `a::g`",
    ),
    Row(
        "instance of no module",
        "w.Instance(store, 5, [])",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Module"),
    ),
    Row(
        "instance of an instance",
        "w.Instance(store, instance, [])",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Module"),
    ),
    Row(
        "instance in no store",
        "w.Instance(5, module, [twice])",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Store or a Caller, got int"),
    ),
    Row(
        "start function",
        """
        seen = []
        make('(import "" "" (func)) (start 0)', host([], [], lambda: seen.append(1)))
        seen
        """,
    ),
    Row("trap in start", "make('(func $f unreachable) (start $f)')", says="unreachable"),
    Row("data out of bounds", "make('(memory 1) (data (i32.const 65536) \"x\")')", says="out of bounds memory access"),
    Row(
        "elements out of bounds",
        "make('(table 1 funcref) (elem (i32.const 1) $f) (func $f)')",
        says="out of bounds table access",
    ),
    Row(
        "memory is shared by instances",
        """
        memory.write(store, b'hi', 100)
        x = make('(import "a" "m" (memory 1)) (func (export "f") (result i32) (i32.load8_u (i32.const 100)))', memory)
        x['f'](store)
        """,
    ),
    Row(
        "global is shared by instances",
        """
        x = make('(import "a" "g" (global $g (mut i64))) (func (export "f") (global.set $g (i64.const 99)))', g)
        x['f'](store), g.value(store)
        """,
    ),
]

# --- Linker ---
LINKER = [
    Row(
        "linker define",
        """
        linker.define(store, 'host', 'twice', twice)
        linker.instantiate(store, module).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "linker define keywords",
        """
        linker.define(store=store, module='host', name='twice', item=twice)
        linker.get(store=store, module='host', name='twice')(store, 4)
        """,
    ),
    Row(
        "linker define twice",
        "[linker.define(store, 'a', 'b', twice) for _ in range(2)]",
        says="import of `a::b` defined twice",
    ),
    Row(
        "linker shadowing",
        """
        linker.allow_shadowing = True
        linker.define(store, 'a', 'b', exports['add'])
        linker.define(store, 'a', 'b', twice)
        linker.get(store, 'a', 'b')(store, 4)
        """,
    ),
    Row(
        "linker shadowing off again",
        """
        linker.allow_shadowing = True
        linker.allow_shadowing = False
        [linker.define(store, 'a', 'b', twice) for _ in range(2)]
        """,
        says="defined twice",
    ),
    Row("linker shadowing is readable", "linker.allow_shadowing", differs="Settings can be read", here=False),
    Row(
        "linker shadowing set to a number",
        """
        linker.allow_shadowing = 5
        None
        """,
    ),
    Row("linker define a number", "linker.define(store, 'a', 'b', 5)"),
    Row("linker define an instance", "linker.define(store, 'a', 'b', instance)"),
    Row(
        "linker define names",
        "linker.define(store, 5, 'b', twice)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected names as str, got 5 and 'b'"),
    ),
    Row(
        "linker define kinds",
        """
        for n in ('memory', 'table', 'g', 'add'):
          linker.define(store, 'x', n, exports[n])
        [type(linker.get(store, 'x', n)).__name__ for n in ('memory', 'table', 'g', 'add')]
        """,
    ),
    Row(
        "linker define_func",
        """
        linker.define_func('host', 'twice', FuncType([i32], [i32]), lambda x: 3 * x)
        linker.instantiate(store, module).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "linker define_func in two stores",
        """
        linker.define_func('host', 'twice', FuncType([i32], [i32]), lambda x: 3 * x)
        [linker.instantiate(s, module).exports(s)['call'](s, 4) for s in (w.Store(engine), w.Store(engine))]
        """,
    ),
    Row(
        "linker define_func keywords",
        """
        linker.define_func(module='a', name='b', ty=FuncType([], []), func=lambda c: None, access_caller=True)
        linker.get(store, 'a', 'b')(store)
        """,
    ),
    Row("linker define_func wrong", "linker.define_func('a', 'b', 5, print)"),
    Row(
        "linker define_func twice",
        "[linker.define_func('a', 'b', FuncType([], []), print) for _ in range(2)]",
        says="import of `a::b` defined twice",
    ),
    Row(
        "linker define_func raises",
        """
        def f(x): raise KeyError('k')
        linker.define_func('host', 'twice', FuncType([i32], [i32]), f)
        linker.instantiate(store, module).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "linker define_instance",
        """
        linker.define_instance(store, 'calc', instance)
        linker.get(store, 'calc', 'add')(store, 1, 2), linker.get(store, 'calc', 'memory').size(store)
        """,
    ),
    Row("linker define_instance wrong", "linker.define_instance(store, 'calc', module)"),
    Row(
        "linker define_instance twice",
        """
        linker.define_instance(store, 'calc', instance)
        linker.define_instance(store, 'calc', instance)
        """,
        says="defined twice",
    ),
    Row(
        "linker define_wasi",
        """
        linker.define_wasi()
        type(linker.get(store, 'wasi_snapshot_preview1', 'fd_write')).__name__
        """,
    ),
    Row(
        "linker define_wasi twice",
        """
        linker.define_wasi()
        linker.define_wasi()
        """,
        says="defined twice",
    ),
    Row(
        "linker reactor",
        """
        m = mod('''(global $g (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $g (i32.const 5)))
          (func (export "get") (result i32) global.get $g)''')
        linker.define_module(store, 'r', m)
        linker.get(store, 'r', 'get')(store), linker.get_default(store, 'r')(store)
        """,
    ),
    Row(
        "linker command",
        """
        m = mod('''(global $g (mut i32) (i32.const 0)) (func (export "_start") (global.set $g (i32.const 5)))
          (func (export "get") (result i32) global.get $g)''')
        linker.define_module(store, 'c', m)
        linker.get_default(store, 'c')(store), linker.get(store, 'c', 'get')(store)
        """,
    ),
    Row(
        "linker command with a global",
        """
        linker.define_module(store, 'c', mod('(global (export "g") i32 (i32.const 0)) (func (export "_start"))'))
        """,
        says="command export 'g' is not a function",
    ),
    Row(
        "linker command with a memory",
        """
        linker.define_module(store, 'c', mod('(memory (export "memory") 1) (func (export "_start"))'))
        linker.get_default(store, 'c')(store)
        """,
    ),
    Row("linker define_module wrong", "linker.define_module(store, 'c', instance)", says="expected a"),
    Row("linker get unknown", "linker.get(store, 'a', 'b')", says="item not defined in linker"),
    Row(
        "linker unknown import",
        "linker.instantiate(store, module)",
        says="unknown import: `host::twice` has not been defined",
    ),
    Row(
        "linker incompatible import",
        """
        linker.define(store, 'host', 'twice', exports['nothing'])
        linker.instantiate(store, module)
        """,
        says="incompatible import type for `host::twice`",
    ),
    Row("linker default of nothing", "linker.get_default(store, 'none')(store)"),
    Row(
        "linker default export",
        """
        linker.define(store, 'm', '', twice)
        linker.get_default(store, 'm')(store, 4)
        """,
    ),
    Row(
        "linker default is a global",
        """
        linker.define(store, 'm', '', g)
        linker.get_default(store, 'm')
        """,
        says="",
    ),
    Row(
        "linker default values",
        """
        linker.define_unknown_imports_as_default_values(store, module)
        linker.instantiate(store, module).exports(store)['call'](store, 4)
        """,
    ),
    Row(
        "linker default values of all kinds",
        """
        m = mod('''(import "a" "g" (global i64)) (import "a" "m" (memory 2)) (import "a" "t" (table 3 funcref))
          (import "a" "f" (func (result f64 externref)))''')
        linker.define_unknown_imports_as_default_values(store, m)
        g, m, t, f = [linker.get(store, 'a', n) for n in 'gmtf']
        g.value(store), m.size(store), t.size(store), f(store)
        """,
    ),
    Row("linker default values wrong", "linker.define_unknown_imports_as_default_values(store, 5)", says="expected a"),
    Row(
        "linker traps",
        """
        linker.define_unknown_imports_as_traps(module)
        linker.instantiate(store, module).exports(store)['call'](store, 4)
        """,
        says="unknown import: `host::twice` has not been defined",
    ),
    Row("linker traps wrong", "linker.define_unknown_imports_as_traps(5)", says="expected a"),
    Row(
        "linker instantiate wrong",
        "linker.instantiate(store, 5)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a Module"),
    ),
    Row(
        "linker instantiate_pre",
        """
        linker.define_func('host', 'twice', FuncType([i32], [i32]), lambda x: 3 * x)
        pre = linker.instantiate_pre(module)
        [pre.instantiate(s).exports(s)['call'](s, 4) for s in (store, w.Store(engine))], len(pre.module.exports)
        """,
    ),
    Row(
        "linker instantiate_pre unknown",
        "linker.instantiate_pre(module)",
        says="unknown import: `host::twice` has not been defined",
    ),
    Row("linker instantiate_pre wrong", "linker.instantiate_pre(5)", says="expected a"),
    Row(
        "linker instantiate_pre closed",
        """
        pre = linker.instantiate_pre(mod(''))
        pre.close()
        pre.instantiate(store)
        """,
    ),
    Row(
        "linker of no engine",
        "w.Linker(5)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected an Engine"),
    ),
    Row("linker engine", "linker.engine is engine"),
    Row(
        "linker closed",
        """
        linker.close()
        linker.define(store, 'a', 'b', twice)
        """,
    ),
    Row(
        "linker names with NUL",
        """
        linker.define(store, 'a\\0', '\\0b', twice)
        linker.get(store, 'a\\0', '\\0b')(store, 2), attempt(lambda: linker.get(store, 'a', 'b')) is not None
        """,
    ),
]

# --- Store ---
STORE = [
    Row("store data", "store.data()"),
    Row("store data of none", "w.Store(engine).data()"),
    Row(
        "store data falsy",
        "[w.Store(engine, x).data() for x in (0, '', [], False)]",
        differs="Falsy data is data",
        here=[0, "", [], False],
    ),
    Row(
        "store data identity",
        """
        x = [1]
        w.Store(engine, data=x).data() is x
        """,
    ),
    Row("store engine", "store.engine is engine"),
    Row("store without engine", "type(w.Store().engine).__name__"),
    Row("store of no engine", "w.Store(5)"),
    Row("store gc", "store.gc()"),
    Row(
        "store closed",
        """
        store.close()
        memory.size(store)
        """,
        says="closed",
    ),
    Row(
        "store closed, call",
        """
        store.close()
        exports['add'](store, 1, 2)
        """,
        says="closed",
    ),
    Row(
        "store closed, data",
        """
        store.close()
        store.data()
        """,
        says="closed",
    ),
    Row(
        "store closed, gc",
        """
        store.close()
        store.gc()
        """,
        says="closed",
    ),
    Row(
        "store closed, instance",
        """
        store.close()
        w.Instance(store, mod(''), [])
        """,
        says="closed",
    ),
    Row(
        "store closed, function",
        """
        store.close()
        host([], [], print)
        """,
        says="closed",
    ),
    Row(
        "store closed, limits",
        """
        store.close()
        store.set_limits()
        """,
        says="closed",
    ),
    Row(
        "store closed twice",
        """
        store.close()
        store.close()
        """,
    ),
    Row(
        "store in a with statement",
        """
        with w.Store(engine) as s:
          m = w.Memory(s, w.MemoryType(Limits(1, None)))
        m.size(s)
        """,
        says="closed",
    ),
    Row("store has no fuel, set", "store.set_fuel(5)"),
    Row("store has no fuel, get", "store.get_fuel()"),
    Row("store epoch deadline", "store.set_epoch_deadline(5)"),
    Row(
        "limits of memory",
        """
        s = w.Store(engine)
        s.set_limits(memory_size=65536)
        w.Memory(s, w.MemoryType(Limits(2, None)))
        """,
    ),
    Row(
        "limits of growth",
        """
        s = w.Store(engine)
        s.set_limits(memory_size=65536)
        w.Memory(s, w.MemoryType(Limits(1, None))).grow(s, 1)
        """,
    ),
    Row(
        "limits of tables",
        """
        s = w.Store(engine)
        s.set_limits(table_elements=5)
        w.Table(s, w.TableType(funcref, Limits(6, None)), None)
        """,
    ),
    Row(
        "limits of table growth",
        """
        s = w.Store(engine)
        s.set_limits(table_elements=5)
        w.Table(s, w.TableType(funcref, Limits(1, None)), None).grow(s, 5, None)
        """,
        says="failed to grow table by `5`",
    ),
    Row(
        "limits of instances",
        """
        s = w.Store(engine)
        s.set_limits(instances=1)
        [w.Instance(s, mod(''), []) for _ in range(2)]
        """,
    ),
    Row(
        "limits of memories",
        """
        s = w.Store(engine)
        s.set_limits(memories=1)
        w.Instance(s, mod('(memory 1) (memory 1)'), [])
        """,
    ),
    Row(
        "limits of numbers of tables",
        """
        s = w.Store(engine)
        s.set_limits(tables=1)
        w.Instance(s, mod('(table 1 funcref) (table 1 funcref)'), [])
        """,
    ),
    Row(
        "limits of a module's memory",
        """
        s = w.Store(engine)
        s.set_limits(memory_size=65536)
        w.Instance(s, mod('(memory 2)'), [])
        """,
        says="memory minimum size of 2 pages exceeds memory limits",
    ),
    Row(
        "limits of a module's table",
        """
        s = w.Store(engine)
        s.set_limits(table_elements=5)
        w.Instance(s, mod('(table 6 funcref)'), [])
        """,
        says="table minimum size of 6 elements exceeds table limits",
    ),
    Row(
        "limits of a float",
        "store.set_limits(memory_size=1.5)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected an int"),
    ),
    Row(
        "limits lifted",
        """
        s = w.Store(engine)
        s.set_limits(instances=0)
        s.set_limits(instances=-1)
        type(w.Instance(s, mod(''), [])).__name__
        """,
    ),
    Row("store closed, fuel", "store.close()\nstore.get_fuel()", says="closed"),
    Row("store closed, epoch", "store.close()\nstore.set_epoch_deadline(1)", says="closed"),
    Row(
        "fuel",
        """
        s = metered(100)
        s.get_fuel(), s.set_fuel(50), s.get_fuel()
        """,
    ),
    Row("fuel of a new store", "metered().get_fuel()"),
    Row(
        "fuel is used",
        """
        s = metered(100)
        wat = '(module (func (export "f") (param i32) (if (local.get 0) (then (drop (i32.const 1)) nop))))'
        f = w.Instance(s, w.Module(s.engine, wat), []).exports(s)['f']
        s.get_fuel(), f(s, 0), s.get_fuel(), f(s, 1), s.get_fuel()
        """,
    ),
    Row(
        "fuel of a start function",
        """
        s = metered(100)
        w.Instance(s, w.Module(s.engine, '(module (func $f (drop (i32.const 1)) nop) (start $f))'), [])
        s.get_fuel()
        """,
        differs="Fuel of a start function",
        here=98,
    ),
    Row(
        "fuel runs out",
        """
        s = metered(100)
        f = w.Instance(s, w.Module(s.engine, '(module (func (export "f") (loop br 0)))'), []).exports(s)['f']
        t = attempt(lambda: f(s))
        t.trap_code.name, str(t).split('wasm trap: ')[1].strip(), s.get_fuel()
        """,
    ),
    Row("fuel of 2**64 - 1", "metered(2**64 - 1).get_fuel()"),
    Row(
        "fuel of 2**64",
        "metered(2**64).get_fuel()",
        differs="Numbers are not cut",
        here=Raised(cls="WasmtimeError", message="fuel must be a number from 0 to 2**64 - 1: 18446744073709551616"),
    ),
    Row(
        "fuel that is no number",
        "metered('x')",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected an int"),
    ),
    Row(
        "epochs",
        """
        c = w.Config()
        c.epoch_interruption = True
        e = w.Engine(c)
        s = w.Store(e)
        s.set_epoch_deadline(1)
        i = w.Instance(s, w.Module(e, '(module (func (export "f")) (func (export "g") (loop br 0)))'), [])
        f, g = i.exports(s).values()
        before = f(s)
        e.increment_epoch()
        t = [attempt(lambda: h(s)) for h in (f, g)]
        s.set_epoch_deadline(1)
        before, [(x.trap_code.name, str(x).split('wasm trap: ')[1].strip()) for x in t], f(s)
        """,
    ),
]


# --- Config and Engine ---
CONFIG = [
    Row(
        "config is consumed",
        """
        c = w.Config()
        w.Engine(c)
        c.wasm_simd = False
        None
        """,
    ),
    Row(
        "config is consumed by one engine",
        """
        c = w.Config()
        w.Engine(c)
        w.Engine(c)
        """,
    ),
    Row(
        "config closed",
        """
        c = w.Config()
        c.close()
        w.Engine(c)
        """,
    ),
    Row(
        "config set to a number",
        """
        w.Config().wasm_simd = 1
        None
        """,
    ),
    Row(
        "config set to None",
        """
        w.Config().consume_fuel = None
        None
        """,
        says="bool",
    ),
    Row(
        "config strategy",
        """
        w.Config().strategy = 'x'
        None
        """,
        says="unknown strategy: x",
    ),
    Row(
        "config opt level",
        """
        w.Config().cranelift_opt_level = 'x'
        None
        """,
        says="unknown opt level: x",
    ),
    Row(
        "config profiler",
        """
        w.Config().profiler = 'x'
        None
        """,
        says="unknown profiler: x",
    ),
    Row(
        "config good strings",
        """
        c = w.Config()
        c.strategy = 'auto'
        c.cranelift_opt_level = 'speed'
        c.profiler = 'none'
        None
        """,
    ),
    Row(
        "config sizes",
        """
        c = w.Config()
        c.max_wasm_stack = 1 << 19
        c.memory_reservation = 1 << 20
        c.memory_guard_size = 1 << 16
        c.memory_reservation_for_growth = 1 << 20
        type(w.Engine(c)).__name__
        """,
    ),
    Row(
        "config size of a str",
        """
        w.Config().max_wasm_stack = 'x'
        None
        """,
    ),
    Row("config can be read", "w.Config().wasm_simd", differs="Settings can be read", here=True),
    Row(
        "config unknown name",
        """
        w.Config().wasm_smid = True
        None
        """,
        differs="Unknown names are errors",
        here=Raised(cls="AttributeError", message="'Config' object has no attribute 'wasm_smid'"),
    ),
    Row("engine of a number", "w.Engine(5)"),
    Row("engine keywords", "type(w.Engine(config=w.Config())).__name__"),
    Row("engine is not pulley", "engine.is_pulley()"),
    Row("engine epoch", "engine.increment_epoch()"),
    Row(
        "engine closed",
        """
        e = w.Engine()
        e.close()
        w.Store(e)
        """,
    ),
    Row(
        "engine closed, module",
        """
        e = w.Engine()
        e.close()
        w.Module(e, '(module)')
        """,
    ),
    Row(
        "engine of another module",
        "w.Instance(w.Store(), mod(''), [])",
        says="cross-`Engine` instantiation is not currently supported",
    ),
    Row(
        "simd off",
        """
        c = w.Config()
        c.wasm_relaxed_simd = False
        c.wasm_simd = False
        w.Module(w.Engine(c), '(module (func (result v128) v128.const i64x2 0 0))')
        """,
        says="",
    ),
    Row(
        "multi-memory off",
        """
        c = w.Config()
        c.wasm_multi_memory = False
        w.Module(w.Engine(c), '(module (memory 1) (memory 1))')
        """,
        says="",
    ),
    Row(
        "tail calls off",
        """
        c = w.Config()
        c.wasm_tail_call = False
        w.Module(w.Engine(c), '(module (func $f return_call $f))')
        """,
        says="",
    ),
]

# --- traps and errors ---
TRAPS = [
    Row(
        "trap made by the host",
        """
        t = w.Trap('hello')
        str(t), t.message, t.frames, t.trap_code
        """,
    ),
    Row("trap is no WasmtimeError", "isinstance(w.Trap('x'), w.WasmtimeError), isinstance(w.Trap('x'), Exception)"),
    Row(
        "trap of a number", "w.Trap(5)", differs="Wrong objects", here=Raised(cls="TypeError", message="expected a str")
    ),
    Row("trap with NUL", "w.Trap('a\\0b').message"),
    Row("trap codes", "[(code.name, code.value) for code in w.TrapCode]"),
    Row(
        "division by zero",
        """
        t = attempt(lambda: call('bad'))
        t.trap_code.name, t.trap_code.value, type(t).__name__
        """,
    ),
    Row("division overflow", "attempt(lambda: call('div', -2**31, -1)).trap_code.name"),
    Row("unreachable", "attempt(lambda: call('unreachable')).trap_code.name"),
    Row("out of bounds", "[attempt(lambda: call('load', x)).trap_code.name for x in (65533, 2**32 - 1)]"),
    Row(
        "null in a table",
        """
        table.set(store, 1, None)
        t = attempt(lambda: call('indirect', 0))
        t.trap_code.name
        """,
    ),
    Row("table index", "attempt(lambda: call('indirect', 10)).trap_code.name"),
    Row(
        "wrong signature",
        """
        table.set(store, 0, twice)
        attempt(lambda: call('indirect', 0)).trap_code.name
        """,
    ),
    Row("bad conversion", "[attempt(lambda: call('trunc', x)).trap_code.name for x in (float('nan'), 1e10)]"),
    Row(
        "stack overflow",
        """
        t = attempt(lambda: call('overflow'))
        t.trap_code.name, len(t.frames) >= 32
        """,
        differs="Long backtraces",
        here=("STACK_OVERFLOW", True),
    ),
    Row(
        "trap texts",
        """
        calls = [('bad',), ('div', -2**31, -1), ('unreachable',), ('load', -1), ('indirect', 0), ('indirect', 9)]
        calls += [('trunc', float('nan')), ('trunc', 1e10), ('overflow',)]
        [str(attempt(lambda: call(*c))).split('wasm trap: ')[1].strip() for c in calls]
        """,
    ),
    Row("trap text", "str(attempt(lambda: call('outer')))"),
    Row(
        "trap message",
        "attempt(lambda: call('outer')).message.splitlines()[0]",
        differs="Messages of traps",
        here="wasm trap: integer divide by zero",
    ),
    Row(
        "frames",
        """
        [(f.func_index, f.module_name, f.module_offset, f.func_offset) for f in attempt(lambda: call('outer')).frames]
        """,
    ),
    Row("frame names", "[f.func_name for f in attempt(lambda: call('outer')).frames]"),
    Row(
        "frames through the host",
        """
        h = host([], [], lambda: call('outer'))
        len(attempt(lambda: make('(import "" "" (func)) (func (export "f") call 0)', h)['f'](store)).frames)
        """,
    ),
    Row(
        "trap in a host function's callee",
        """
        h = host([], [], lambda: call('bad'))
        type(attempt(lambda: make('(import "" "" (func)) (func (export "f") call 0)', h)['f'](store))).__name__
        """,
    ),
    Row(
        "frames are closeable",
        """
        f = attempt(lambda: call('bad')).frames[0]
        f.close()
        """,
    ),
    Row("WasmtimeError", "str(w.WasmtimeError('abc'))"),
    Row(
        "WasmtimeError is an Exception",
        """
        [issubclass(a, b) for a in (w.WasmtimeError, w.ExitTrap, w.Trap) for b in (Exception, w.WasmtimeError)]
        """,
    ),
    Row(
        "WasmtimeError of a number",
        "w.WasmtimeError(5)",
        differs="Errors are ordinary exceptions",
        here=Raised(cls="WasmtimeError", message="5"),
    ),
    Row(
        "ExitTrap",
        """
        linker.define_wasi()
        s = w.Store(engine)
        s.set_wasi(w.WasiConfig())
        i = linker.instantiate(s, mod('''(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
          (memory (export "memory") 1) (func (export "f") (call 0 (i32.const 7)))'''))
        e = attempt(lambda: i.exports(s)['f'](s))
        type(e).__name__, e.code, isinstance(e, w.WasmtimeError)
        """,
    ),
    Row(
        "ExitTrap text",
        """
        linker.define_wasi()
        s = w.Store(engine)
        s.set_wasi(w.WasiConfig())
        i = linker.instantiate(s, mod('''(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
          (memory (export "memory") 1) (func (export "f") (call 0 (i32.const 7)))'''))
        i.exports(s)['f'](s)
        """,
        says="7",
    ),
]

# --- objects ---
OBJECTS = [
    Row(
        "closing twice",
        """
        for x in (w.Config(), w.Engine(), FuncType([], []), w.Store(), Limits):
          getattr(x, 'close', lambda: None)()
          getattr(x, 'close', lambda: None)()
        None
        """,
    ),
    Row(
        "with gives the object",
        """
        e = w.Engine()
        with e as x:
          pass
        x is e
        """,
    ),
    Row(
        "closed type",
        """
        t = FuncType([i32], [])
        t.close()
        t.params
        """,
        differs="Types are values",
        here=["<ValType>"],
    ),
    Row("Managed", "w.Managed.__name__"),
    Row(
        "WASI configuration for two stores",
        """
        c = w.WasiConfig()
        [w.Store(engine).set_wasi(c) for _ in range(2)]
        """,
        differs="Little is consumed",
        here=[None, None],
    ),
    Row(
        "WASI configuration that is none",
        "store.set_wasi(5)",
        differs="Wrong objects",
        here=Raised(cls="TypeError", message="expected a WasiConfig"),
    ),
    Row(
        "pickle a type",
        """
        import pickle
        pickle.loads(pickle.dumps(FuncType([i32], []))) == FuncType([i32], [])
        """,
        differs="Copies and pickles",
        here=True,
    ),
    Row(
        "pickle a memory",
        """
        import pickle
        pickle.dumps(memory)
        """,
        differs="Copies and pickles",
        here=Raised(cls="TypeError", message="cannot pickle 'Memory' object"),
    ),
    Row("functions compare", "exports['add'] == table.get(store, 1)", differs="Handles compare", here=True),
    Row(
        "star import",
        """
        ns = {}
        exec('from ' + w.__name__ + ' import *', ns)
        all(n in ns for n in 'Config Engine Store Module Func Instance Linker Memory Table Global Trap Val'.split())
        """,
    ),
    Row(
        "private homes",
        """
        import importlib
        homes = [importlib.import_module(w.__name__ + n) for n in ('._store', '._exportable')]
        homes[0].Storelike is not None, homes[1].AsExtern is not None
        """,
    ),
    Row(
        "function of another store",
        """
        s = w.Store(engine)
        exports['add'](s, 1, 2)
        """,
        differs="Wrong stores",
        here=Raised(cls="WasmtimeError", message="object used with the wrong store"),
        aborts=True,
    ),
    Row(
        "memory of another store",
        """
        s = w.Store(engine)
        memory.size(s)
        """,
        differs="Wrong stores",
        here=Raised(cls="WasmtimeError", message="object used with the wrong store"),
        aborts=True,
    ),
    Row(
        "import of another store",
        """
        s = w.Store(engine)
        w.Instance(s, module, [twice])
        """,
        says="cross-`Store` instantiation is not currently supported",
    ),
]

GROUPS = [
    *[VALUES, HOST, CALLER, MEMORY, TABLE, GLOBAL, TYPES, VAL],
    *[MODULE, INSTANCE, LINKER, STORE, CONFIG, TRAPS, OBJECTS],
]
ROWS = {row.name: row for rows in GROUPS for row in rows}

ABORT = """
import sys
sys.path.insert(0, {folder!r})
import test_api_differential as tests
tests.outcome("wasmtime", tests.ROWS[{name!r}].code)
"""


@pytest.fixture(scope="module")
def wasmtime() -> Any:
    """Imported when the first test runs, since its callbacks need memory that is writable and executable."""
    return pytest.importorskip("wasmtime", reason="wasmtime-py is not installed")


def test_rows_have_their_own_names() -> None:
    assert len(ROWS) == sum(len(rows) for rows in GROUPS)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.aborts])
def test_same_as_wasmtime(wasmtime: Any, name: str) -> None:
    row = ROWS[name]
    here, there = outcome("taipan", row.code), outcome("wasmtime", row.code)
    if row.differs is not None:
        assert (here, here == there) == (row.here, False)
        return
    if row.says is None:
        assert here == there
        return
    assert isinstance(here, Raised) and isinstance(there, Raised), (here, there)
    assert here.cls == there.cls
    assert row.says in here.message
    assert row.says in there.message


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.aborts])
def test_where_wasmtime_aborts(wasmtime: Any, name: str) -> None:
    row = ROWS[name]
    assert outcome("taipan", row.code) == row.here
    script = ABORT.format(folder=str(Path(__file__).parent), name=name)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGABRT


@pytest.mark.parametrize("heading", sorted({row.differs for row in ROWS.values() if row.differs}))
def test_differences_are_documented(heading: str) -> None:
    assert f"\n### {heading}\n" in DIFFERENCES.read_text()
