"""Modules built by hand: one function of given type and body, with whatever else a test adds."""

from __future__ import annotations

from taipan.wasm.module import Module
from taipan.wasm.types import ArrayType, FieldType, FuncType, StructType, SubType, ValType


def func(params: tuple[ValType, ...] = (), results: tuple[ValType, ...] = ()) -> SubType:
    return SubType(FuncType(params, results))


def struct(*fields: FieldType) -> SubType:
    return SubType(StructType(fields))


def array(field: FieldType) -> SubType:
    return SubType(ArrayType(field))


def module(*bodies: bytes, types: list[SubType] | None = None, type_indices: list[int] | None = None) -> Module:
    """Functions with these bodies (local declarations and final `end` included), all of type 0 unless told.

    `finish` is left to the caller, who may add to the module before.
    """
    code = b"".join(bodies)
    built = Module(code)
    built.types = types if types is not None else [func()]
    built.rec_groups = [(i, 1) for i in range(len(built.types))]
    built.func_types = type_indices if type_indices is not None else [0] * len(bodies)
    start = 0
    for body in bodies:
        built.body_starts.append(start)
        start += len(body)
        built.body_ends.append(start)
    return built
