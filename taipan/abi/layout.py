"""Layouts in memory that generated code reads: fixed structures, and the VMContext of one module (R-32).

Offsets are functions of the target's pointer size, never of the host's. All counters that generated code touches are
64 bits on every target.
"""

from __future__ import annotations

from typing import Final

# --- fixed structures ------------------------------------------
STRUCTS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "VMFuncRef": (
        ("code", "p", "void *"),  # entry in the convention of calls.py; 0 in the null record
        ("type_id", "4", "uint32_t "),  # engine-wide id; NULL_TYPE_ID in the null record
        ("flags", "4", "uint32_t "),
        ("vmctx", "p", "void *"),  # passed as callee vmctx: a VMContext, or the record of a host function
    ),
    "VMMemory": (
        ("base", "p", ""),
        ("length", "8", ""),  # bytes now accessible
    ),
    "VMTable": (
        ("elements", "p", ""),  # array of pointers: VMFuncRef* (never null: the shared null record) or externref
        ("length", "8", ""),  # elements
    ),
    "VMImportedFunc": (
        ("code", "p", "void *"),  # copy of funcref.code
        ("vmctx", "p", "void *"),  # copy of funcref.vmctx
        ("funcref", "p", "VMFuncRef *"),
    ),
    "VMGlobal": (
        ("low", "8", "uint64_t "),  # the value, zero-extended; a reference is a pointer
        ("high", "8", "uint64_t "),  # upper half of a v128
    ),
    "VMContextHeader": (
        ("stack_limit", "p", "_Atomic(uintptr_t) "),  # stack check and poll cell, see calls.py; any thread may write it
        ("memory0_base", "p", "uint8_t *"),  # VMMemory.base of memory 0; rewritten by the runtime whenever that moves
        ("builtins", "p", "void **"),  # array of code pointers, abi/builtins.py
        ("type_ids", "p", "const uint32_t *"),  # array of u32: module type index -> engine-wide type id
        ("null_funcref", "p", "VMFuncRef *"),  # the engine's shared null record
        ("store", "p", "struct Store *"),  # the runtime's own store record
        ("instance", "p", "struct Instance *"),  # the runtime's own instance record
        ("fuel", "p", "int64_t *"),  # pointer to the store's i64 fuel cell: what is left, negative
        ("reserved0", "p", "void *"),
        ("reserved1", "p", "void *"),
    ),
}
"""name -> ((field, size in pointers or bytes, type in C), ...). "p" is a pointer, "8" and "4" are bytes. VMMemory and
VMTable are written in C, since private fields follow."""

NULL_TYPE_ID: Final = 0xFFFF_FFFF


def field_offsets(struct: str, pointer_size: int = 8) -> tuple[dict[str, int], int]:
    """Offset of every field, and the size of the structure rounded up to its alignment."""
    offsets: dict[str, int] = {}
    offset = 0
    largest = 1
    for name, kind, _ in STRUCTS[struct]:
        size = pointer_size if kind == "p" else int(kind)
        largest = max(largest, size)
        offset = (offset + size - 1) & -size
        offsets[name] = offset
        offset += size
    return offsets, (offset + largest - 1) & -largest


# part, what one item is: a structure, "p" for a pointer; in their order behind the header
CONTEXT_PARTS: Final = (
    ("imported_funcs", "VMImportedFunc"),
    ("memories", "p"),
    ("tables", "p"),
    ("imported_globals", "p"),
    ("globals", "VMGlobal"),  # aligned to 16 bytes
    ("funcrefs", "VMFuncRef"),
)
"""What C computes the offsets of `VMOffsets` from."""


class VMOffsets:
    """Byte offsets in the VMContext of a module with these counts.

    Order: header; imported functions (VMImportedFunc each); pointers to all memories, all tables (imported or own,
    to VMMemory and VMTable); pointers to imported globals (to VMGlobal); own globals (VMGlobal inline); VMFuncRefs of
    the own functions that can be referenced ("escape"), in order of their function index.
    """

    __slots__ = (
        "funcref_size",
        "imported_func_size",
        "num_escaped",
        "num_globals",
        "num_imported_funcs",
        "num_imported_globals",
        "num_memories",
        "num_tables",
        "pointer_size",
        "size",
        "start_funcrefs",
        "start_globals",
        "start_imported_funcs",
        "start_imported_globals",
        "start_memories",
        "start_tables",
    )

    def __init__(
        self,
        num_imported_funcs: int,
        num_memories: int,
        num_tables: int,
        num_imported_globals: int,
        num_globals: int,
        num_escaped: int,
        pointer_size: int = 8,
    ) -> None:
        self.pointer_size = pointer_size
        self.num_imported_funcs = num_imported_funcs
        self.num_memories = num_memories
        self.num_tables = num_tables
        self.num_imported_globals = num_imported_globals
        self.num_globals = num_globals
        self.num_escaped = num_escaped
        self.imported_func_size = field_offsets("VMImportedFunc", pointer_size)[1]
        self.funcref_size = field_offsets("VMFuncRef", pointer_size)[1]
        self.start_imported_funcs = field_offsets("VMContextHeader", pointer_size)[1]
        self.start_memories = self.start_imported_funcs + num_imported_funcs * self.imported_func_size
        self.start_tables = self.start_memories + num_memories * pointer_size
        self.start_imported_globals = self.start_tables + num_tables * pointer_size
        end = self.start_imported_globals + num_imported_globals * pointer_size
        self.start_globals = (end + 15) & ~15
        self.start_funcrefs = self.start_globals + num_globals * 16
        self.size = (self.start_funcrefs + num_escaped * self.funcref_size + 15) & ~15

    def imported_func(self, index: int) -> int:
        return self.start_imported_funcs + index * self.imported_func_size

    def memory(self, index: int) -> int:
        """Of the pointer to the VMMemory; the index counts imports first."""
        return self.start_memories + index * self.pointer_size

    def table(self, index: int) -> int:
        """Of the pointer to the VMTable; the index counts imports first."""
        return self.start_tables + index * self.pointer_size

    def imported_global(self, index: int) -> int:
        """Of the pointer to the VMGlobal."""
        return self.start_imported_globals + index * self.pointer_size

    def defined_global(self, index: int) -> int:
        """Of the value itself; the index counts own globals only."""
        return self.start_globals + index * 16

    def funcref(self, escaped_index: int) -> int:
        """Of the VMFuncRef itself; the index counts escaped functions only."""
        return self.start_funcrefs + escaped_index * self.funcref_size


# --- what a compiled function records about its code (flat arrays of little-endian u32) ---------------------------
# Sites are sorted by code_offset, relative to the function's first byte: of SITE_CALL and SITE_TRAP the return address,
# of SITE_FAULT one more than the address of the faulting instruction, which may itself be a return address.
SITE_BYTES: Final = 16  # code_offset, wasm_offset, kind | trap << 8, stack map position + 1 (0 = an empty one)
SITE_CALL: Final = 0
SITE_TRAP: Final = 1  # `call [builtins.trap]`; the trap number is in the site
SITE_FAULT: Final = 2  # memory access that may hit a guard page: MEMORY_OUT_OF_BOUNDS
SITE_CONTINUED: Final = 3  # call whose callee goes on with this very activation: the frame is not shown in backtraces
# In metered code the kind of a SITE_FAULT also says, above SITE_FUEL_SHIFT, what the signal handler adds to make the
# store's fuel exact: to the cell, or to the register that holds it (arch_<name>.h) and replaces the cell.
SITE_FUEL_SHIFT: Final = 16
SITE_FUEL_IN_REGISTER: Final = 0x8000
SITE_FUEL_MAX: Final = 0x7FFF

# Stack maps: one u32 array per function; a map is a count, then that many slots, each the distance below rbp in bytes
# (a reference lies at [rbp - distance]; stack parameters have negative ones). A collection frees what no map lists: at
# a call where the frame holds a reference elsewhere, no Python code may collect (Store.no_gc).
# Above MAP_FRAMES_SHIFT the count says how many inlined calls the site is in. For each of them, innermost first, two
# words follow the slots: the defined index of the function inlined, and the wasm offset of its call.
MAP_FRAMES_SHIFT: Final = 24

# Relocations: three u32: code_offset of a 32-bit PC-relative field (counted from the end of the field), kind, target.
RELOC_BYTES: Final = 12
RELOC_CALL: Final = 0  # to the entry of defined function `target`
RELOC_SLOT: Final = 1  # to the 8-byte cell that holds the entry address of defined function `target`
