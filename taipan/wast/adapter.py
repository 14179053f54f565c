"""Calls that pass f32 values as their bits: a wrapper module around one exported function."""

from __future__ import annotations

from typing import Any, Final

import taipan
from taipan.text.script import Argument, Const, Pattern
from taipan.wast.values import bits_of, matches, matches_bits, signed, to_python

_ADAPTABLE: Final = ("i32", "i64", "f32", "f64", "funcref", "externref", "anyref")


class Adapter:
    """One function behind i32 bits in place of f32. None of its calls convert an f32 to a double."""

    def __init__(self, store: taipan.Store, func: taipan.Func) -> None:
        func_type = func.type(store)
        params = [_type_word(type) for type in func_type.params]
        results = [_type_word(type) for type in func_type.results]
        self.adapts = all(type in _ADAPTABLE for type in params + results)
        if self.adapts:
            module = taipan.Module(store.engine, _wrapper(params, results))
            exports = taipan.Instance(store, module, [func]).exports(store)
            self.func: Any = exports["f"]
        else:
            self.func = func

    def call(self, store: taipan.Store, args: list[Argument]) -> Any:
        if not self.adapts:
            return self.func(store, *[to_python(arg) for arg in args])
        return self.func(store, *[_argument(arg) for arg in args])

    def matches(self, pattern: Pattern, value: Any) -> bool:
        """As `values.matches`, for a result of `call`."""
        if not self.adapts or not isinstance(value, int):
            return matches(pattern, value)
        options = getattr(pattern, "options", None)
        if options is not None:
            return any(self.matches(option, value) for option in options)
        if getattr(pattern, "type", "") == "f32":
            bits = bits_of("i32", value)
            return bits is not None and matches_bits(pattern, bits)  # type: ignore[arg-type]
        return matches(pattern, value)


def _type_word(type: taipan.ValType) -> str:
    # wasmtime-py's name of externref, see ValType.__str__.
    return "externref" if str(type) == "anyref" else str(type)


def _argument(arg: Argument) -> Any:
    if isinstance(arg, Const) and arg.type == "f32":
        return signed(arg.bits, 32)
    return to_python(arg)


def _wrapper(params: list[str], results: list[str]) -> str:
    """A module that imports a function of this type and exports `f`, its form with i32 for f32."""
    outer_params = " ".join("i32" if type == "f32" else type for type in params)
    outer_results = " ".join("i32" if type == "f32" else type for type in results)
    lines = [
        f'(import "" "" (func $f (param {" ".join(params)}) (result {" ".join(results)})))',
        f'(func (export "f") (param {outer_params}) (result {outer_results})',
        f"(local {' '.join(results)})",
    ]
    for index, type in enumerate(params):
        lines.append(f"local.get {index}" + (" f32.reinterpret_i32" if type == "f32" else ""))
    lines.append("call $f")
    first = len(params)
    lines += [f"local.set {first + index}" for index in reversed(range(len(results)))]
    for index, type in enumerate(results):
        lines.append(f"local.get {first + index}" + (" i32.reinterpret_f32" if type == "f32" else ""))
    return f"(module {' '.join(lines)}))"
