"""Target `api`: random sequences of calls on the public classes, with objects of any store and values of any type.

What may come out are the documented exceptions; a crash is seen by whoever runs this (the target runs in a process of
its own). Objects and values are kept in one pool, from which later calls take their arguments.
"""

from __future__ import annotations

import gc
import inspect
import random
from collections.abc import Callable
from typing import Any

import taipan

DOCUMENTED = (taipan.WasmError, taipan.Trap, TypeError, ValueError, IndexError, KeyError, OverflowError, BufferError)

MODULES = (
    """(module
  (import "host" "f" (func $f (param i32) (result i32)))
  (import "host" "m" (memory 1 3))
  (import "host" "t" (table 2 8 externref))
  (import "host" "g" (global $g (mut i64)))
  (func (export "call") (param i32) (result i32) (call $f (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "tset") (param i32 externref) (table.set 0 (local.get 0) (local.get 1)))
  (func (export "tget") (param i32) (result externref) (table.get 0 (local.get 0)))
  (func (export "gset") (param i64) (global.set $g (local.get 0)))
  (export "m" (memory 0)) (export "t" (table 0)) (export "g" (global $g)) (export "f" (func $f)))""",
    """(module
  (type $v (func))
  (memory (export "memory") 1 4) (memory (export "m64") i64 1 2)
  (table (export "t") 4 9 funcref) (table (export "e") 1 5 externref)
  (global (export "i") (mut i32) (i32.const 1)) (global (export "r") (mut externref) (ref.null extern))
  (global (export "c") f64 (f64.const 1.5)) (global (export "fr") (mut funcref) (ref.func $id))
  (func $id (export "id") (param externref) (result externref) (local.get 0))
  (func (export "multi") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
    (local.get 3) (local.get 2) (local.get 1) (local.get 0))
  (func $deep (export "deep") (call $deep))
  (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "ref") (param funcref) (result funcref) (local.get 0))
  (func (export "indirect") (param i32) (call_indirect (type $v) (local.get 0)))
  (func (export "many") (param i32) (result i32) (local i32)
    (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.get 1) (i32.and (local.get 0) (i32.const 0xffff)))))
    (local.get 1)))""",
    """(module (import "host" "f" (func $f (param i32) (result i32)))
  (func $start (drop (call $f (i32.const 7)))) (start $start))""",
    "(module)",
    "(module (func (export",
    "(module (func i32.add))",
)

VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 3, 7, 100, 1 << 16, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 63)),
    *(-(1 << 64), 1 << 200, 0.0, -1.5, 1e300, float("nan"), float("inf"), True, False, None, "", "f", "m", "host"),
    *("memory", "a\0b", "\ud800", "\U0001f600", b"", b"abc", b"\0asm\1\0\0\0", bytearray(b"xyz"), (), [], {}, object()),
    *([1, 2], ["a"], (1, 2.0), [None], slice(1, 5), slice(None), Ellipsis, int, len, 1j, set(), memoryview(b"ab")),
)

# Made by the package only, or tested elsewhere.
NOT_MADE = {"WasiConfig", "DirPerms", "FilePerms", "InstanceExports", "Frame", "Caller", "Managed", "StoreContext"}
CLASSES = tuple(
    getattr(taipan, name) for name in taipan.__all__ if isinstance(getattr(taipan, name), type) and name not in NOT_MADE
)

# They open files, wait, write outside the process's memory on purpose, or belong to the package's inside.
LEFT_OUT = {
    *("from_file", "deserialize_file", "set_wasi", "get_buffer_ptr", "data_ptr", "mro", "wait", "notify"),
    *("memory_plan", "region", "tunables", "types", "compiler", "optimizer", "cache", "expected_header", "num_workers"),
}

SETTABLE = (taipan.Config, taipan.Limits)

POOL_SIZE = 60
MAX_DEPTH = 4
STEPS = 60


def small(value: Any) -> Any:
    """Numbers that would be sizes of more than a few MB become small or impossible."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 << 10 < value < 1 << 48:
        return value % 11
    return value


class Session:
    """One sequence. pool: what was made so far."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.depth = 0
        self.trace: list[str] = []
        self.pool: list[Any] = []
        self.engines = [taipan.Engine() for _ in range(2)]
        self.stores = [taipan.Store(self.engines[0]) for _ in range(2)] + [taipan.Store(self.engines[1])]
        self.types = [t() for t in (taipan.ValType.i32, taipan.ValType.i64, taipan.ValType.f64)]
        self.types += [taipan.ValType.externref(), taipan.ValType.funcref()]
        self.pool += [*self.engines, *self.stores, *self.types]
        for store in self.stores[:2]:
            self.furnish(store)

    def furnish(self, store: taipan.Store) -> None:
        """Instances of the first two modules."""
        i32 = taipan.ValType.i32()
        host = taipan.Func(store, taipan.FuncType([i32], [i32]), self.host)
        memory = taipan.Memory(store, taipan.MemoryType(taipan.Limits(1, 3)))
        table = taipan.Table(store, taipan.TableType(taipan.ValType.externref(), taipan.Limits(2, 8)), None)
        cell = taipan.Global(store, taipan.GlobalType(taipan.ValType.i64(), True), 5)
        for text, imports in ((MODULES[0], (host, memory, table, cell)), (MODULES[1], ())):
            module = taipan.Module(self.engines[0], text)
            instance = taipan.Instance(store, module, imports)
            exports = instance.exports(store)
            self.pool += [module, instance, exports, *exports.values()]
        self.pool += [host, memory, table, cell]

    def host(self, *arguments: Any) -> Any:
        """A host function that uses the API while wasm waits for it."""
        self.pool += arguments[:1]
        for _ in range(self.random.choice([0, 0, 1, 2])):
            self.step()
        if self.random.random() < 0.05:
            raise self.random.choice([ValueError("host"), KeyError(1), taipan.WasmError("host")])
        return self.random.choice([3, 3, 3, *VALUES])

    def value(self) -> Any:
        kind = self.random.random()
        if kind < 0.45 and self.pool:
            return self.random.choice(self.pool)
        if kind < 0.5:
            return self.random.choice(CLASSES)
        return self.random.choice(VALUES)

    def of_class(self, kind: type) -> Any:
        found = [item for item in self.pool if isinstance(item, kind)]
        return self.random.choice(found) if found else self.value()

    def argument(self, name: str) -> Any:
        """A value for a parameter of that name, mostly one that makes sense."""
        if self.random.random() < 0.12:
            return self.value()
        if name in ("store", "storelike", "context"):
            return self.random.choice(self.stores[:2]) if self.random.random() < 0.9 else self.of_class(taipan.Store)
        if name == "engine":
            return self.engines[0]
        if name in ("ty", "type", "valtype", "element", "content"):
            kinds = (taipan.FuncType, taipan.MemoryType, taipan.TableType, taipan.GlobalType, taipan.ValType)
            return self.of_class(self.random.choice(kinds))
        if name in ("func", "callback", "function"):
            return self.random.choice([self.host, self.host, self.of_class(taipan.Func)])
        if name in ("module", "instance", "limits", "config", "linker"):
            chosen = self.of_class(getattr(taipan, name.capitalize()))
            return self.random.choice([chosen, chosen, "host"])
        if name in ("params", "results"):
            return [self.random.choice(self.types) for _ in range(self.random.randrange(3))]
        if name == "imports":
            return [self.value() for _ in range(self.random.randrange(5))]
        if name in ("wasm", "wat", "encoded"):
            return self.random.choice(MODULES)
        if name in ("amt", "delta", "min", "max", "idx", "start", "stop", "item"):
            return self.random.choice([0, 1, 2, 3, -1, 1 << 32, 1 << 64, None])
        return self.value()

    def arguments(self, function: Callable[..., Any]) -> list[Any]:
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            return [self.value() for _ in range(self.random.randrange(4))]
        found = []
        for parameter in parameters:
            if parameter.kind == parameter.VAR_POSITIONAL:
                found += [self.value() for _ in range(self.random.randrange(4))]
            elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                if parameter.default is not parameter.empty and self.random.random() < 0.4:
                    break
                found.append(self.argument(parameter.name))
        return found

    def step(self) -> None:
        if self.depth >= MAX_DEPTH:
            return
        self.depth += 1
        try:
            self.action()
        except DOCUMENTED:
            pass
        finally:
            self.depth -= 1
        pool = list(self.pool)
        if len(pool) > POOL_SIZE:
            self.pool = self.random.sample(pool, POOL_SIZE)

    def action(self) -> None:
        kind = self.random.random()
        if kind < 0.2:
            self.construct(self.random.choice(CLASSES))
        elif kind < 0.45:
            self.call_func()
        elif kind < 0.5:
            self.note("gc")
            gc.collect()
        elif kind < 0.55:
            self.operator()
        else:
            self.member(self.random.choice(self.pool))

    def note(self, what: str) -> None:
        self.trace.append("  " * self.depth + what)

    def construct(self, kind: Any) -> None:
        arguments = self.arguments(kind)
        if kind is taipan.Limits or kind is taipan.Store:
            arguments = [small(value) for value in arguments]
        self.note(f"{kind.__name__}{tuple(arguments)}"[:200])
        self.keep(kind(*arguments))

    def call_func(self) -> None:
        function = self.of_class(taipan.Func)
        store = self.argument("store")
        arguments = [self.value() for _ in range(self.random.randrange(5))]
        if isinstance(function, taipan.Func) and self.random.random() < 0.8:
            arguments = [self.fitting(str(t)) for t in function.type(store).params]
        self.note(f"call {function} {arguments}"[:200])
        self.keep(function(store, *arguments))

    def fitting(self, t: str) -> Any:
        if t in ("i32", "i64"):
            return self.random.choice([0, 1, 2, 65533, -1, 1 << 31, 1 << 63])
        if t in ("f32", "f64"):
            return self.random.choice([0.0, -1.5, float("nan")])
        return self.of_class(taipan.Func) if t == "funcref" else self.value()

    def member(self, item: Any) -> None:
        names = [name for name in dir(item) if name[0] != "_" and name not in LEFT_OUT]
        if not type(item).__module__.startswith("taipan") or not names:
            return
        name = self.random.choice(names)
        if name == "close" and self.random.random() < 0.8:
            return
        if isinstance(item, SETTABLE) and self.random.random() < 0.4:
            value = self.value()
            self.note(f"{item}.{name} = {value}"[:200])
            try:
                setattr(item, name, small(value))
            except AttributeError:
                return
            return
        self.note(f"{item}.{name}"[:200])
        found = getattr(item, name)
        if callable(found) and not isinstance(found, type):
            arguments = [small(value) for value in self.arguments(found)]
            self.note(f"  ({arguments})"[:300])
            found = found(*arguments)
        self.keep(found)

    def operator(self) -> None:
        item = self.value()
        other = self.value()
        kind = self.random.randrange(6)
        self.note(f"operator {kind} {item} {other}"[:200])
        if kind == 0:
            self.keep(item == other)
        elif kind == 1:
            hash(item)
        elif kind == 2:
            repr(item)
        elif kind == 3 and type(item).__module__.startswith("taipan"):
            self.keep(item[other])
        elif kind == 4 and isinstance(item, taipan.Memory):
            with memoryview(item) as view:
                self.keep(bytes(view[:4]))
        elif isinstance(item, (list, taipan.InstanceExports)):
            self.keep(list(item)[:3])

    def keep(self, value: Any) -> None:
        if isinstance(value, (bytes, bytearray, str)) and len(value) > 1000:
            return
        self.pool.append(value)


class ApiTarget:
    def __init__(self, seed: str) -> None:
        pass

    def case(self, source: random.Random) -> str:
        session = Session(source)
        for _ in range(STEPS):
            try:
                session.step()
            except Exception as error:
                error.add_note("\n".join(session.trace[-12:]))
                raise
        return ""
