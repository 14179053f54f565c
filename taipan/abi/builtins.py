"""The helper table (R-34): every call from generated code into the runtime, imported and own items alike.

`VMContext.builtins` points to an array of code pointers in this order. Unless the row says otherwise a helper is
called like a wasm function: vmctx in rdi, then the arguments in rsi rdx rcx r8 r9 (C ABI, none on the stack; note: no
caller vmctx), result in rax; i32 arguments and results are **zero-extended**. Each helper may trap: it
then does not return. The call site is a call site like any other (`Site`, stack map): helpers may run Python, collect
references and walk the stack.

Signatures are `arguments -> result`; types: i32 i64 ref (a reference, 64 bits) size (64 bits, unsigned).
"""

from __future__ import annotations

from typing import Final

# name, signature, meaning
BUILTINS: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "trap",
        "*",
        "raises the trap that the site table records for its return address; vmctx in r15 or rdi is not needed",
    ),
    ("poll", "*", "rax = lowest stack address needed, vmctx in r15; preserves every other register; traps or returns"),
    ("memory_grow", "i32 size -> size", "memory index, delta in pages; old size in pages or -1"),
    ("memory_fill", "i32 size i32 size ->", "memory index, address, byte, length"),
    ("memory_copy", "i32 i32 size size size ->", "destination memory, source memory, destination, source, length"),
    ("memory_init", "i32 i32 size i32 i32 ->", "memory, data segment, destination, source, length"),
    ("data_drop", "i32 ->", "data segment"),
    ("table_grow", "i32 size ref -> size", "table, delta, initial element; old size or -1"),
    ("table_get", "i32 size -> ref", "table, index; for externref tables (the reference enters the activations table)"),
    ("table_set", "i32 size ref ->", "table, index, value; for externref tables (counts change)"),
    ("table_fill", "i32 size ref size ->", "table, index, value, length"),
    ("table_copy", "i32 i32 size size size ->", "destination table, source table, destination, source, length"),
    ("table_init", "i32 i32 size i32 i32 ->", "table, element segment, destination, source, length"),
    ("elem_drop", "i32 ->", "element segment"),
    ("global_get_ref", "i32 -> ref", "global; for externref globals (the reference enters the activations table)"),
    ("global_set_ref", "i32 ref ->", "global, value; for externref globals (counts change)"),
    ("call_indirect_slow", "i32 ref ->", "expected type index, VMFuncRef: returns if the call is allowed, else traps"),
    ("out_of_fuel", "->", "the fuel counter reached zero"),
)

INDEX: Final[dict[str, int]] = {row[0]: i for i, row in enumerate(BUILTINS)}
"""Name -> position in the array; the byte offset is 8 times that (pointer size times that)."""
