"""Constant expressions: turned once per module into something quick to evaluate, then evaluated per instance.

A value that is known at compile time is a *constant*: an int (i32 and i64 signed), or for f32, f64 and v128 the bytes
of its bit pattern, so that no NaN changes on the way. Everything else is a small tuple that `evaluate` runs.
Spec: valid-constant, exec-expr.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from taipan.errors import UnsupportedError
from taipan.wasm.module import ConstExpr

if TYPE_CHECKING:
    from taipan._native import InstanceBase

# Kinds of compiled expressions: (kind, argument).
CONST: Final = 0  # int or bytes
NULL: Final = 1  # None
FUNC: Final = 2  # function index
GLOBAL: Final = 3  # global index
PROGRAM: Final = 4  # tuple of steps for a stack machine: compiled expressions, and (BINARY, function)
BINARY: Final = 5

Compiled = tuple[int, Any]

_END: Final = 0x0B
_GLOBAL_GET: Final = 0x23
_I32_CONST: Final = 0x41
_I64_CONST: Final = 0x42
_F32_CONST: Final = 0x43
_F64_CONST: Final = 0x44
_REF_NULL: Final = 0xD0
_REF_FUNC: Final = 0xD2
_GC_PREFIX: Final = 0xFB
_VECTOR_PREFIX: Final = 0xFD
_V128_CONST: Final = 0x0C


def _wrap(value: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


_ARITHMETIC: Final[dict[int, Callable[[int, int], int]]] = {
    0x6A: lambda a, b: _wrap(a + b, 32),
    0x6B: lambda a, b: _wrap(a - b, 32),
    0x6C: lambda a, b: _wrap(a * b, 32),
    0x7C: lambda a, b: _wrap(a + b, 64),
    0x7D: lambda a, b: _wrap(a - b, 64),
    0x7E: lambda a, b: _wrap(a * b, 64),
}


def _signed_leb(code: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = code[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value - (1 << shift) if byte & 0x40 else value), at


def _unsigned_leb(code: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = code[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def compile_expr(expr: ConstExpr, known: Sequence[int | bytes | None] = ()) -> Compiled:
    """The compiled form of a valid constant expression. known: constants of the globals it may name, None if not known.

    Raises UnsupportedError for instructions of garbage collection.
    """
    code = expr.code
    at = 0
    stack: list[Compiled] = []
    while (opcode := code[at]) != _END:
        at += 1
        if opcode in (_I32_CONST, _I64_CONST):
            value, at = _signed_leb(code, at)
            stack.append((CONST, value))
        elif opcode in (_F32_CONST, _F64_CONST):
            width = 4 if opcode == _F32_CONST else 8
            stack.append((CONST, code[at : at + width]))
            at += width
        elif opcode == _GLOBAL_GET:
            index, at = _unsigned_leb(code, at)
            constant = known[index] if index < len(known) else None
            stack.append((GLOBAL, index) if constant is None else (CONST, constant))
        elif opcode == _REF_NULL:
            at = _signed_leb(code, at)[1]
            stack.append((NULL, None))
        elif opcode == _REF_FUNC:
            index, at = _unsigned_leb(code, at)
            stack.append((FUNC, index))
        elif opcode in _ARITHMETIC:
            right, left = stack.pop(), stack.pop()
            stack.append(_apply(_ARITHMETIC[opcode], left, right))
        elif opcode == _VECTOR_PREFIX and code[at] == _V128_CONST:
            stack.append((CONST, code[at + 1 : at + 17]))
            at += 17
        else:
            raise UnsupportedError(
                f"constant expression at offset {expr.offset:#x}: instruction {opcode:#04x} is not supported yet"
                + (" (garbage collection)" if opcode == _GC_PREFIX else "")
            )
    return stack.pop()


def _apply(operation: Callable[[int, int], int], left: Compiled, right: Compiled) -> Compiled:
    if left[0] == right[0] == CONST:
        return (CONST, operation(left[1], right[1]))
    return (PROGRAM, (*_steps(left), *_steps(right), (BINARY, operation)))


def _steps(compiled: Compiled) -> tuple[Compiled, ...]:
    steps: tuple[Compiled, ...] = compiled[1] if compiled[0] == PROGRAM else (compiled,)
    return steps


def evaluate(compiled: Compiled, store: Any, instance: InstanceBase) -> Any:
    """The value in an instance, as Python code sees it; constants of f32, f64 and v128 as their bytes."""
    kind, argument = compiled
    if kind == CONST:
        return argument
    if kind == FUNC:
        return instance._func(store, argument)
    if kind == GLOBAL:
        return instance._global(store, argument)._get(store)
    if kind == NULL:
        return None
    stack: list[Any] = []
    for step in argument:
        if step[0] == BINARY:
            right = stack.pop()
            stack.append(step[1](stack.pop(), right))
        else:
            stack.append(evaluate(step, store, instance))
    return stack.pop()


def constant_bytes(value: int | bytes) -> bytes:
    """The 16 bytes that a global with this constant holds. An i32 must be passed unsigned, to be zero-extended."""
    if isinstance(value, bytes):
        return value.ljust(16, b"\0")
    return (value & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(16, "little")
