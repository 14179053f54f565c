"""Every kind of trap: its number in generated code and in wasmtime-py's `TrapCode`, and its message.

The messages contain the official test suite's phrases.
"""

from __future__ import annotations

from typing import Final

STACK_OVERFLOW: Final = 0
MEMORY_OUT_OF_BOUNDS: Final = 1
HEAP_MISALIGNED: Final = 2
TABLE_OUT_OF_BOUNDS: Final = 3
INDIRECT_CALL_TO_NULL: Final = 4
BAD_SIGNATURE: Final = 5
INTEGER_OVERFLOW: Final = 6
INTEGER_DIVISION_BY_ZERO: Final = 7
BAD_CONVERSION_TO_INTEGER: Final = 8
UNREACHABLE: Final = 9
INTERRUPT: Final = 10
OUT_OF_FUEL: Final = 11
ATOMIC_WAIT_NON_SHARED_MEMORY: Final = 12
NULL_REFERENCE: Final = 13
ARRAY_OUT_OF_BOUNDS: Final = 14
ALLOCATION_TOO_LARGE: Final = 15
CAST_FAILURE: Final = 16
UNCAUGHT_EXCEPTION: Final = 49
TABLE_ACCESS_OUT_OF_BOUNDS: Final = 64
"""Ours: `table.get/set/fill/copy/init`; shown to users as TABLE_OUT_OF_BOUNDS, with the suite's other phrase."""

# number -> (C name, message after "wasm trap: ")
TRAPS: Final[dict[int, tuple[str, str]]] = {
    STACK_OVERFLOW: ("STACK_OVERFLOW", "call stack exhausted"),
    MEMORY_OUT_OF_BOUNDS: ("MEMORY_OUT_OF_BOUNDS", "out of bounds memory access"),
    HEAP_MISALIGNED: ("HEAP_MISALIGNED", "unaligned atomic"),
    TABLE_OUT_OF_BOUNDS: ("TABLE_OUT_OF_BOUNDS", "undefined element: out of bounds table access"),
    INDIRECT_CALL_TO_NULL: ("INDIRECT_CALL_TO_NULL", "uninitialized element"),
    BAD_SIGNATURE: ("BAD_SIGNATURE", "indirect call type mismatch"),
    INTEGER_OVERFLOW: ("INTEGER_OVERFLOW", "integer overflow"),
    INTEGER_DIVISION_BY_ZERO: ("INTEGER_DIVISION_BY_ZERO", "integer divide by zero"),
    BAD_CONVERSION_TO_INTEGER: ("BAD_CONVERSION_TO_INTEGER", "invalid conversion to integer"),
    UNREACHABLE: ("UNREACHABLE", "wasm `unreachable` instruction executed"),
    INTERRUPT: ("INTERRUPT", "interrupt"),
    OUT_OF_FUEL: ("OUT_OF_FUEL", "all fuel consumed by WebAssembly"),
    ATOMIC_WAIT_NON_SHARED_MEMORY: ("ATOMIC_WAIT_NON_SHARED_MEMORY", "atomic wait on non-shared memory"),
    NULL_REFERENCE: ("NULL_REFERENCE", "null reference"),
    ARRAY_OUT_OF_BOUNDS: ("ARRAY_OUT_OF_BOUNDS", "out of bounds array access"),
    ALLOCATION_TOO_LARGE: ("ALLOCATION_TOO_LARGE", "allocation size too large"),
    CAST_FAILURE: ("CAST_FAILURE", "cast failure"),
    UNCAUGHT_EXCEPTION: ("UNCAUGHT_EXCEPTION", "uncaught exception"),
    TABLE_ACCESS_OUT_OF_BOUNDS: ("TABLE_ACCESS_OUT_OF_BOUNDS", "out of bounds table access"),
}
