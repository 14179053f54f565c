"""One generated module in two engines of the same API shape: what each did, in a form that can be compared."""

from __future__ import annotations

import gc
import math
import random
import sys
from collections import Counter
from typing import Any

import taipan
from tests.fuzz.generate import Generated, generate
from tests.fuzz.shape import Types

FEATURES = (
    "wasm_tail_call",
    "wasm_reference_types",
    "wasm_bulk_memory",
    "wasm_multi_value",
    "wasm_multi_memory",
    "wasm_memory64",
    "wasm_function_references",
    "wasm_gc",
    "wasm_wide_arithmetic",
    "wasm_simd",
)


FUEL = 1 << 40
"""More than any case uses."""


MAX_FRAMES = 20
"""Wasmtime gives no more."""

MAX_COLLECTIONS = 300
"""Of a run. Each looks at the whole stack, which may be thousands of frames deep."""

METERED = 0.1
"""How many of the cases also run with fuel, in both engines."""


class Token:
    """An object for externref, whose references are counted after every case."""

    def __init__(self, name: str) -> None:
        self.name = name


def plain(value: Any) -> Any:
    """A value that is equal in both engines: NaNs are one, functions are one, -0.0 is not 0.0."""
    if isinstance(value, Token):
        return value.name
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if value is None or isinstance(value, (int, str)):
        return value
    if hasattr(value, "as_externref"):  # how wasmtime-py gives null references of tables and globals
        return plain(value.value)
    return "func" if callable(value) else repr(value)


def host_result(t: str, seed: int) -> Any:
    if t in ("i32", "i64"):
        return seed - 50
    if t in ("f32", "f64"):
        return seed / 4
    return ("a", "c", None)[seed % 3] if t == "externref" else None


class Engine:
    """api: the module `taipan` or `wasmtime`.  frames: whether backtraces are observed, too.  settings: further
    attributes of its `Config`.
    """

    def __init__(self, api: Any, frames: bool = False, **settings: Any) -> None:
        self.api = api
        self.frames = frames
        self.tokens: dict[str, Token] = {}
        config = api.Config()
        for name, value in {**dict.fromkeys(FEATURES, True), **settings}.items():
            setattr(config, name, value)
        self.engine = api.Engine(config)
        self.fuel = "consume_fuel" in settings
        self.epochs = "epoch_interruption" in settings
        types = api.ValType
        self.collections = 0
        self.types = {t: getattr(types, t)() for t in ("i32", "i64", "f32", "f64", "funcref", "externref")}

    def run(self, case: Generated) -> list[Any]:
        """One entry for every observation: what host functions saw, outcomes of calls, final state."""
        log: list[Any] = []
        self.collections = 0
        store = self.api.Store(self.engine)
        if self.fuel:
            store.set_fuel(FUEL)
        if self.epochs:
            store.set_epoch_deadline(1)
        self.tokens = {name: Token(name) for name in "abc"}
        try:
            before = self.instantiate(store, log, case.before, None) if case.before is not None else None
            exports = self.instantiate(store, log, case, before)
        except self.api.Trap as trap:
            self.trapped("instantiate", trap, log)
            return log
        for found in (before, exports):
            if found is not None:
                self.final_state(store, found, log)
        store.close()
        return log

    def instantiate(self, store: Any, log: list[Any], case: Generated, before: Any) -> Any:
        """The exports, after all calls. before: the exports of the module before it."""
        api = self.api
        module = api.Module(self.engine, case.wasm)
        imports = [
            before[item.export] if item.export else self.made(store, log, case, index)
            for index, item in enumerate(case.imports)
        ]
        exports = api.Instance(store, module, imports).exports(store)
        for call in case.calls:
            for found in (before, exports):
                if found is not None:
                    found["fuel"].set_value(store, call.fuel)
            try:
                arguments = [self.token(value) for value in call.arguments]
                left = store.get_fuel() if self.fuel else 0
                log.append((call.export, plain(exports[call.export](store, *arguments))))
                # Bulk instructions cost 1 here and their length in Wasmtime; behind a trap both forget a little.
                if self.fuel and not case.bulk and not (case.before is not None and case.before.bulk):
                    log.append((call.export, "fuel", left - store.get_fuel()))
            except api.Trap as trap:
                self.trapped(call.export, trap, log)
        return exports

    def trapped(self, where: str, trap: Any, log: list[Any]) -> None:
        code = trap.trap_code.name
        if self.frames and code != "STACK_OVERFLOW":
            frames = trap.frames[:MAX_FRAMES]
            log.append((where, "frames", [f.func_index for f in frames]))
            log.append((where, "offsets", [(f.func_offset, f.module_offset) for f in frames]))
        log.append((where, "trap", code))

    def made(self, store: Any, log: list[Any], case: Generated, index: int) -> Any:
        """An import made by the host."""
        api = self.api
        kind, item, value, _ = case.imports[index]
        if kind == 0:
            return self.host(store, log, index, *case.types[item])
        if kind == 1:
            return api.Table(store, api.TableType(self.types[item.element], api.Limits(item.low, item.high)), None)
        if kind == 2:
            return api.Memory(store, api.MemoryType(api.Limits(item.low, item.high), is_64=item.is_64))
        return api.Global(store, api.GlobalType(self.types[item.type], item.mutable), self.token(value))

    def token(self, value: Any) -> Any:
        return self.tokens[value] if isinstance(value, str) else value

    def counts(self) -> list[int]:
        """References to the tokens of the last run."""
        return [sys.getrefcount(token) for token in self.tokens.values()]

    def host(self, store: Any, log: list[Any], index: int, params: Types, results: Types) -> Any:
        def called(*arguments: Any) -> Any:
            log.append(("host", index, plain(arguments)))
            seed = len(log) % 97
            if seed % 5 == 0 and self.collections < MAX_COLLECTIONS:
                self.collections += 1
                store.gc()
            found = [self.token(host_result(t, seed + i)) for i, t in enumerate(results)]
            return found if len(found) > 1 else found[0] if found else None

        signature = self.api.FuncType([self.types[t] for t in params], [self.types[t] for t in results])
        return self.api.Func(store, signature, called)

    def final_state(self, store: Any, exports: Any, log: list[Any]) -> None:
        for name in exports:
            extern = exports[name]
            if name[0] == "g":
                log.append((name, plain(extern.value(store))))
            elif name[0] == "m":
                log.append((name, extern.size(store), bytes(extern.read(store))))
            elif name[0] == "t":
                size = extern.size(store)
                log.append((name, size, [plain(extern.get(store, i)) for i in range(size)]))


def difference(ours: list[Any], theirs: list[Any]) -> str:
    """The first observation that differs, "" if there is none or one of the stacks overflowed.

    How deep a stack is, and so what happened before its end, is nobody's promise.
    """
    if any(entry[-1] == "STACK_OVERFLOW" for entry in ours + theirs):
        return ""
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            if mine[0][0] == "m" and mine[0] == other[0] and mine[1] == other[1]:
                at = next(i for i, (a, b) in enumerate(zip(mine[2], other[2], strict=True)) if a != b)
                return f"{mine[0]} at {at:#x}: {mine[2][at : at + 16].hex()}, not {other[2][at : at + 16].hex()}"
            return f"{str(mine)[:300]}, not {str(other)[:300]}"
    return "" if len(ours) == len(theirs) else f"{len(ours)} observations, not {len(theirs)}"


TOKEN_COUNTS = [sys.getrefcount(token) for token in {name: Token(name) for name in "abc"}.values()]
"""When only the dictionary has them."""


def miscounted(engine: Engine) -> str:
    """Whether the store of the last run, which is gone now, took or left references to the host's objects."""
    if engine.counts() == TOKEN_COUNTS:
        return ""
    gc.collect()
    counts = engine.counts()
    return "" if counts == TOKEN_COUNTS else f"reference counts {counts}, not {TOKEN_COUNTS}"


CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {},
    {"lazy_compilation": False},
    {"static_memory_maximum_size": 0},
    {"static_memory_maximum_size": 0, "dynamic_memory_reserved_for_growth": 0, "lazy_compilation": False},
    {"static_memory_maximum_size": 1 << 16, "memory_guard_size": 0, "dynamic_memory_reserved_for_growth": 1 << 16},
    {"static_memory_maximum_size": 1 << 20, "static_memory_guard_size": 1 << 16, "guard_before_linear_memory": False},
    {"gil": "release"},
    {"epoch_interruption": True, "static_memory_maximum_size": 0},
    {"gil": "hold", "lazy_compilation": False},
)
"""Of this package; each case takes one of them."""


class ExecutionTarget:
    """Against wasmtime-py, or without it against this package with its default settings."""

    def __init__(self, seed: str) -> None:
        self.engines = [Engine(taipan, **settings) for settings in CONFIGURATIONS]
        self.metered = Engine(taipan, consume_fuel=True)
        try:
            import wasmtime
        except ImportError:
            self.other = self.engines[0]
            self.other_metered = self.metered
        else:
            self.other = Engine(wasmtime, cranelift_opt_level="none", parallel_compilation=False)
            self.other_metered = Engine(wasmtime, cranelift_opt_level="none", consume_fuel=True)
        self.counts: Counter[str] = Counter()

    def case(self, source: random.Random) -> str:
        case = generate(source)
        engine = source.choice(self.engines)
        self.counts["modules"] += 1 + (case.before is not None)
        self.counts["calls"] += len(case.calls) + (len(case.before.calls) if case.before else 0)
        if source.random() < METERED:
            self.counts["with fuel"] += 1
            found = difference(self.metered.run(case), self.other_metered.run(case)) or miscounted(self.metered)
            if found:
                return found
        return difference(engine.run(case), self.other.run(case)) or miscounted(engine)

    def all_differences(self, case: Generated) -> str:
        """With every configuration."""
        expected = self.other.run(case)
        metered = difference(self.metered.run(case), self.other_metered.run(case))
        return metered + "".join(difference(engine.run(case), expected) for engine in self.engines)
