"""Layouts in memory that generated code reads: fixed structures, and the VMContext of one module (R-32).

Offsets are functions of the target's pointer size, never of the host's. All counters that generated code touches are
64 bits on every target.
"""

from __future__ import annotations

from typing import Final

# --- fixed structures: name -> ((field, size in pointers or bytes), ...) ------------------------------------------
# "p" is a pointer, "8" and "4" are bytes. The C side appends private fields to VMMemory and VMTable.
STRUCTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "VMFuncRef": (
        ("code", "p"),  # entry in the convention of calls.py; 0 in the null record
        ("type_id", "4"),  # engine-wide id; NULL_TYPE_ID in the null record
        ("flags", "4"),
        ("vmctx", "p"),  # passed as callee vmctx: a VMContext, or the record of a host function
    ),
    "VMMemory": (
        ("base", "p"),
        ("length", "8"),  # bytes now accessible
    ),
    "VMTable": (
        ("elements", "p"),  # array of pointers: VMFuncRef* (never null: the shared null record) or externref
        ("length", "8"),  # elements
    ),
    "VMImportedFunc": (
        ("code", "p"),  # copy of funcref.code
        ("vmctx", "p"),  # copy of funcref.vmctx
        ("funcref", "p"),
    ),
    "VMGlobal": (
        ("low", "8"),  # the value, zero-extended; a reference is a pointer
        ("high", "8"),  # upper half of a v128
    ),
    "VMContextHeader": (
        ("stack_limit", "p"),  # stack check and poll cell, see calls.py
        ("memory0_base", "p"),  # VMMemory.base of memory 0; rewritten by the runtime whenever that moves
        ("builtins", "p"),  # array of code pointers, abi/builtins.py
        ("type_ids", "p"),  # array of u32: module type index -> engine-wide type id
        ("null_funcref", "p"),  # the engine's shared null record
        ("store", "p"),  # the runtime's own store record
        ("instance", "p"),  # the runtime's own instance record
        ("fuel", "p"),  # pointer to the store's i64 fuel cell: what is left, as a negative number
        ("reserved0", "p"),
        ("reserved1", "p"),
    ),
}

NULL_TYPE_ID: Final = 0xFFFF_FFFF


def field_offsets(struct: str, pointer_size: int = 8) -> tuple[dict[str, int], int]:
    """Offset of every field, and the size of the structure rounded up to its alignment."""
    offsets: dict[str, int] = {}
    offset = 0
    largest = 1
    for name, kind in STRUCTS[struct]:
        size = pointer_size if kind == "p" else int(kind)
        largest = max(largest, size)
        offset = (offset + size - 1) & -size
        offsets[name] = offset
        offset += size
    return offsets, (offset + largest - 1) & -largest


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
SITE_BYTES: Final = 16  # code_offset, wasm_offset, kind | trap << 8, stack map position + 1 (0 = no live references)
SITE_CALL: Final = 0
SITE_TRAP: Final = 1  # `call [builtins.trap]`; the trap number is in the site
SITE_FAULT: Final = 2  # memory access that may hit a guard page: MEMORY_OUT_OF_BOUNDS
# In metered code the kind of a SITE_FAULT also says, above SITE_FUEL_SHIFT, what the signal handler adds to make the
# store's fuel exact: to the cell, or to the register that holds it (arch_<name>.h) and replaces the cell.
SITE_FUEL_SHIFT: Final = 16
SITE_FUEL_IN_REGISTER: Final = 0x8000
SITE_FUEL_MAX: Final = 0x7FFF

# Stack maps: one u32 array per function; a map is a count, then that many slots, each the distance below rbp in bytes
# (a reference lies at [rbp - distance]; stack parameters have negative ones). A collection frees what no map lists: at
# a call where the frame holds a reference elsewhere, no Python code may collect (Store.no_gc).

# Relocations: three u32: code_offset of a 32-bit PC-relative field (counted from the end of the field), kind, target.
RELOC_BYTES: Final = 12
RELOC_CALL: Final = 0  # to the entry of defined function `target`
RELOC_SLOT: Final = 1  # to the 8-byte cell that holds the entry address of defined function `target`
