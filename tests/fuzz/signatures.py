"""Target `signatures`: functions of random types, called in every way there is, by and from code of every compiler.

A function of the type under test returns some of its parameters, in some order (`Signature.picks`). One module defines
it, another calls it in all ways of `WAYS`, so that each pair of compilers meets; a third one is the host. Floats go
to and fro as their bits, since on their way through Python signalling NaNs would become quiet. Modules of two compilers
come into one store as artifacts.
"""

from __future__ import annotations

import math
import random
import struct
from collections import Counter
from typing import Any, NamedTuple

import taipan
from tests.fuzz import values

TYPES = ("i32", "i64", "f32", "f64", "funcref", "externref")
COUNTS = (0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 17, 24)
"""Of parameters and results: six integers and eight floats go into registers."""

BITS = {"f32": "i32", "f64": "i64"}
WAYS = {
    "call": "(call $imported {arguments})",
    "call-own": "(call $own {arguments})",
    "fast-own": "(call $fast {arguments})",
    "fast-twice-own": "(call $fast-twice {arguments})",
    "indirect": "(call_indirect (type $t) {arguments} (i32.const 0))",
    "indirect-own": "(call_indirect (type $t) {arguments} (i32.const 1))",
    "ref": "(call_ref $t {arguments} (global.get $ref))",
    "ref-own": "(call_ref $t {arguments} (ref.func $own))",
    "tail": "(call $tail {arguments})",
    "tail-own": "(call $tail-own {arguments})",
    "tail-indirect": "(call $tail-indirect {arguments})",
    "tail-ref": "(call $tail-ref {arguments})",
    "tail-to-more": "{keep} (call $tail-to-more)",
    "tail-to-fewer": "(call $tail-to-fewer {arguments} {more})",
}
HELPERS = {
    "fast-own": "(func $fast (type $t) {padding} {echo})",
    "fast-twice-own": """(func $fast-twice (type $t) {padding} {same} (call $fast-inner))
      (func $fast-inner (type $t) {padding} {echo})""",
    "tail": "(func $tail (type $t) {same} (return_call $imported))",
    "tail-own": "(func $tail-own (type $t) {same} (return_call $own))",
    "tail-indirect": "(func $tail-indirect (type $t) {same} (i32.const 0) (return_call_indirect (type $t)))",
    "tail-ref": "(func $tail-ref (type $t) {same} (global.get $ref) (return_call_ref $t))",
    "tail-to-more": "(func $tail-to-more {typed} {kept} (return_call $imported))",
    "tail-to-fewer": "(func $tail-to-fewer {params} (param {more}) {typed} {same} (return_call $imported))",
}
"""What some of these call."""

WAYS_OF_A_CASE = 4
"""LLVM takes its time for each."""

PADDING = "(nop) " * 1000
"""Too much for inlining."""

MORE = ("i64", "f32") * 9
"""Further parameters, more than there are registers."""


class Signature(NamedTuple):
    """picks: the parameter that each result is, or -1 for one that the function makes.  ways: how it is called."""

    params: tuple[str, ...]
    results: tuple[str, ...]
    picks: list[int]
    ways: list[str]


def random_signature(source: random.Random) -> Signature:
    types = source.choice([TYPES, TYPES, TYPES[:4], ("i32", "f32"), ("f64", "externref")])
    params, results = (tuple(source.choices(types, k=source.choice(COUNTS))) for _ in range(2))
    same = [[i for i, param in enumerate(params) if param == t] for t in results]
    picks = [source.choice(found) if found else -1 for found in same]
    # Functions of modules with tail calls are not called fast.
    ways = list(WAYS) if source.random() < 0.5 else [way for way in WAYS if not way.startswith("tail")]
    return Signature(params, results, picks, source.sample(ways, WAYS_OF_A_CASE))


def made(t: str) -> str:
    """The value of a result that no parameter can be."""
    if t in ("funcref", "externref"):
        return f"(ref.null {'func' if t == 'funcref' else 'extern'})"
    return f"({t}.const 77)"


MADE: dict[str, int | None] = {
    "i32": 77,
    "i64": 77,
    "f32": 0x429A0000,
    "f64": 0x4053400000000000,
    "funcref": None,
    "externref": None,
}
"""The same as bits."""


def of_bits(t: str, code: str) -> str:
    return f"({t}.reinterpret_{BITS[t]} {code})" if t in BITS else code


def to_bits(t: str, code: str) -> str:
    return f"({BITS[t]}.reinterpret_{t} {code})" if t in BITS else code


def words(types: tuple[str, ...]) -> str:
    return " ".join(types)


def echo(signature: Signature) -> str:
    return " ".join(
        f"(local.get {i})" if i >= 0 else made(t) for i, t in zip(signature.picks, signature.results, strict=True)
    )


def callee(signature: Signature) -> str:
    """The module that defines the function."""
    return f"""(module (func (export "echo") (param {words(signature.params)}) (result {words(signature.results)})
      {echo(signature)}))"""


def caller(signature: Signature) -> str:
    """The module that imports it and calls it, or one of its own, in all ways."""
    params, results, _, _ = signature
    outer_params = tuple(BITS.get(t, t) for t in params)
    outer_results = tuple(BITS.get(t, t) for t in results)
    arguments = " ".join(of_bits(t, f"(local.get {i})") for i, t in enumerate(params))
    keep = " ".join(f"(global.set $g{i} {of_bits(t, f'(local.get {i})')})" for i, t in enumerate(params))
    globals_ = " ".join(f"(global $g{i} (mut {t}) {made(t)})" for i, t in enumerate(params))
    more = " ".join(f"({t}.const 5)" for t in MORE)
    typed = f"(result {words(results)})"
    ways = []
    for name in signature.ways:
        code = WAYS[name].format(arguments=arguments, keep=keep, more=more)
        taken = " ".join(f"(local.set $r{i})" for i in reversed(range(len(results))))
        given = " ".join(to_bits(t, f"(local.get $r{i})") for i, t in enumerate(results))
        declared = " ".join(f"(local $r{i} {t})" for i, t in enumerate(results))
        ways.append(
            f'(func (export "{name}") (param {words(outer_params)}) (result {words(outer_results)}) {declared}'
            f" {code} {taken} {given})"
        )
    same = " ".join(f"(local.get {i})" for i in range(len(params)))
    kept = " ".join(f"(global.get $g{i})" for i in range(len(params)))
    helpers = "".join(
        HELPERS[name].format(
            same=same,
            kept=kept,
            typed=typed,
            more=words(MORE),
            params=f"(param {words(params)})",
            padding=PADDING,
            echo=echo(signature),
        )
        for name in signature.ways
        if name in HELPERS
    )
    return f"""(module
      (type $t (func (param {words(params)}) {typed}))
      (import "" "echo" (func $imported (type $t)))
      (table 2 funcref) (elem (i32.const 0) $imported $own)
      (global $ref (ref $t) (ref.func $imported))
      {globals_}
      (func $own (type $t) {echo(signature)})
      {helpers}
      {" ".join(ways)})"""


def engine_with(**settings: Any) -> taipan.Engine:
    config = taipan.Config()
    config.wasm_function_references = True
    for name, value in settings.items():
        setattr(config, name, value)
    return taipan.Engine(config)


def number(t: str, bits: int) -> float:
    found: float = struct.unpack("<f" if t == "f32" else "<d", bits.to_bytes(int(t[1:]) // 8, "little"))[0]
    return found


class SignaturesTarget:
    """makers: what compiles. Their artifacts, and modules compiled lazily, meet in stores of one engine.

    Of the latter the second call of each function is that of LLVM's code.
    """

    def __init__(self, seed: str) -> None:
        self.engine = engine_with(tier_up_calls=2)
        self.makers = {
            "baseline": engine_with(compiler="baseline"),
            "fast": engine_with(compiler="llvm", opt_level="fast"),
            "llvm": engine_with(compiler="llvm"),
        }
        self.types = {t: getattr(taipan.ValType, t)() for t in TYPES}
        self.counts: Counter[str] = Counter()

    def case(self, source: random.Random) -> str:
        signature = random_signature(source)
        self.counts["signatures"] += 1
        optimized = source.choice(["fast", "llvm"])
        return self.compared(signature, optimized, [self.random_values(source, signature) for _ in range(2)])

    def random_values(self, source: random.Random, signature: Signature) -> list[Any]:
        """Arguments: integers and floats as signed bits, of references a number of a function or object."""
        found: list[Any] = []
        for t in signature.params:
            if t in ("i32", "i64"):
                found.append(values.integer(source, int(t[1:])))
            elif t in BITS:
                bits = int(t[1:])
                raw = values.float_bits(source, bits)
                found.append(raw - (1 << bits) if raw >> (bits - 1) else raw)
            else:
                found.append(source.choice([None, 0, 1]))
        return found

    def compared(self, signature: Signature, optimized: str, tried: list[list[Any]]) -> str:
        """optimized: which maker stands for LLVM."""
        store = taipan.Store(self.engine)
        try:
            return Meeting(self, store, signature, optimized).run(tried)
        finally:
            store.close()


class Meeting:
    """One signature in one store. thing: the objects and functions that references are of."""

    def __init__(self, target: SignaturesTarget, store: taipan.Store, signature: Signature, optimized: str) -> None:
        self.target = target
        self.store = store
        self.signature = signature
        numbered = [taipan.FuncType([], [target.types["i32"]])] * 2
        self.things = ["first", "second"]
        self.funcs = [taipan.Func(store, t, lambda n=n: n) for n, t in enumerate(numbered)]
        self.seen: list[Any] = []
        params, results, _, _ = signature
        own = taipan.FuncType([target.types[t] for t in params], [target.types[t] for t in results])
        self.callees: dict[str, Any] = {"host": taipan.Func(store, own, self.host)}
        self.callers: dict[tuple[str, str], Any] = {}
        sources = callee(signature), caller(signature)
        modules: dict[str, list[taipan.Module]] = {}
        for maker in ("baseline", optimized):
            artifacts = [target.makers[maker].precompile_module(text) for text in sources]
            modules[maker] = [taipan.Module.deserialize(target.engine, artifact) for artifact in artifacts]
        modules["lazy"] = [taipan.Module(target.engine, text) for text in sources]
        for maker, (defines, _) in modules.items():
            self.callees[maker] = taipan.Instance(store, defines, []).exports(store)["echo"]
        for maker, (_, calls) in modules.items():
            for other, imported in self.callees.items():
                self.callers[maker, other] = taipan.Instance(store, calls, [imported]).exports(store)

    def host(self, *arguments: Any) -> Any:
        found = [
            arguments[i] if i >= 0 else self.value(t, MADE[t])
            for i, t in zip(self.signature.picks, self.signature.results, strict=True)
        ]
        return found if len(found) > 1 else found[0] if found else None

    def run(self, tried: list[list[Any]]) -> str:
        params, results, picks, ways = self.signature
        for arguments in tried:
            expected = [arguments[i] if i >= 0 else MADE[t] for i, t in zip(picks, results, strict=True)]
            for (maker, other), exports in self.callers.items():
                for way in ways:
                    given = [self.reference(t, value) for t, value in zip(params, arguments, strict=True)]
                    found = self.plain(results, exports[way](self.store, *given))
                    quiet = other == "host" and not way.endswith("-own")
                    if found != (self.quieted(expected) if quiet else expected):
                        return f"{self.signature}: {maker} to {other}, {way}: {found}, not {expected}"
            for maker, function in self.callees.items():
                given = [self.value(t, value) for t, value in zip(params, arguments, strict=True)]
                found = self.plain(results, function(self.store, *given))
                wanted = self.plain(results, [self.value(t, value) for t, value in zip(results, expected, strict=True)])
                if found != wanted:
                    return f"{self.signature}: Python to {maker}: {found}, not {wanted}"
        return ""

    def quieted(self, expected: list[Any]) -> list[Any]:
        """What becomes of NaNs on their way through Python."""
        return [
            value | 0x400000 if t == "f32" and math.isnan(number(t, value & 0xFFFFFFFF)) else value
            for t, value in zip(self.signature.results, expected, strict=True)
        ]

    def reference(self, t: str, value: Any) -> Any:
        if value is None or t not in ("funcref", "externref"):
            return value
        return self.funcs[value] if t == "funcref" else self.things[value]

    def value(self, t: str, value: Any) -> Any:
        """The Python value of bits."""
        if t in BITS:
            return number(t, value & (1 << int(t[1:])) - 1)
        return self.reference(t, value)

    def plain(self, types: tuple[str, ...], result: Any) -> list[Any]:
        """Results in the form of arguments; those that came as floats can be compared."""
        given = result if isinstance(result, list) else [result] if types else []
        return [self.known(value) for value in given]

    def known(self, value: Any) -> Any:
        if isinstance(value, float):
            return "nan" if math.isnan(value) else value.hex()
        if isinstance(value, str):
            return self.things.index(value)
        return value(self.store) if callable(value) else value
