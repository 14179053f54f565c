"""Globals, tables and references.

Stores are volatile: LLVM would drop one before another, though an access to memory between them may trap and leave it
to be seen. A function reference is a pointer to a VMFuncRef; null is the shared null record. An external reference is
counted when a table or global holds it, which helpers do; null is 0.
"""

from __future__ import annotations

from mypy_extensions import i64

from taipan.abi import traps
from taipan.compiler.environ import T_EXTERNREF, T_FUNCREF, T_I32, T_I64
from taipan.compiler.llvm.emit_call import IMPORTED, TABLE
from taipan.compiler.llvm.emit_control import COLUMN_OWN
from taipan.compiler.llvm.emit_memory import Memory
from taipan.compiler.llvm.text import INVARIANT, TYPES
from taipan.wasm.types import EXACT_BIT, HeapType


class Reference(Memory):
    # --- globals --------------------------------------------------------------------------------------------------
    def global_place(self, index: int) -> str:
        offset = self.env.global_offsets[index]
        if index < self.env.num_imported_globals:
            return self.load("ptr", "%vm", offset, INVARIANT)
        return self.place("%vm", offset)

    def global_get(self, index: i64) -> None:
        type = self.env.global_types[index]
        if type == T_EXTERNREF:
            self.push(self.helper("global_get_ref", (index,), 0), type)
            return
        self.env.need(bytes([type]))
        self.push(self.emit(f"load {TYPES[type]}, ptr {self.global_place(index)}"), type)

    def global_set(self, index: i64) -> None:
        type = self.env.global_types[index]
        if type == T_EXTERNREF:
            self.helper("global_set_ref", (index,), 1)
            return
        self.env.need(bytes([type]))
        value = self.pop()
        self.do(f"store volatile {TYPES[type]} {value}, ptr {self.global_place(index)}{self.site(COLUMN_OWN)}")

    # --- tables ---------------------------------------------------------------------------------------------------
    def table_record(self, table: int) -> str:
        return self.load("ptr", "%vm", self.env.table_offsets[table], INVARIANT)

    def table_element(self, table: int) -> str:
        """Pop an index; where that element is, after a check."""
        index = self.pop()
        if not self.env.table_is_64[table]:
            index = self.emit(f"zext i32 {index} to i64")
        return self.element_place(table, self.table_record(table), index, traps.TABLE_ACCESS_OUT_OF_BOUNDS)

    def table_get(self, table: i64) -> None:
        type = self.env.table_types[table]
        if type == T_EXTERNREF:
            self.push(self.helper("table_get", (table,), 1), type)
            return
        self.env.need(bytes([type]))
        self.push(self.emit(f"load ptr, ptr {self.table_element(table)}"), type)

    def table_set(self, table: i64) -> None:
        type = self.env.table_types[table]
        if type == T_EXTERNREF:
            self.helper("table_set", (table,), 2)
            return
        self.env.need(bytes([type]))
        value = self.pop()
        self.do(f"store volatile ptr {value}, ptr {self.table_element(table)}{self.site(COLUMN_OWN)}")

    def table_address_type(self, table: int) -> int:
        return T_I64 if self.env.table_is_64[table] else T_I32

    def table_size(self, table: i64) -> None:
        self.push_size(self.load("i64", self.table_record(table), TABLE["length"]), self.table_address_type(table))

    def table_grow(self, table: i64) -> None:
        # The instruction has the element first, the helper the delta.
        self.stack[-2:] = self.stack[:-3:-1]
        self.push_size(self.helper("table_grow", (table,), 2), self.table_address_type(table))

    def table_fill(self, table: i64) -> None:
        self.helper("table_fill", (table,), 3)

    def table_copy(self, dst: i64, src: i64) -> None:
        self.helper("table_copy", (dst, src), 3)

    def table_init(self, elem: i64, table: i64) -> None:
        self.helper("table_init", (table, elem), 3)

    def elem_drop(self, elem: i64) -> None:
        self.helper("elem_drop", (elem,), 0)

    # --- references -----------------------------------------------------------------------------------------------
    def ref_null(self, heap: i64) -> None:
        type = self.env.heap_code(HeapType(heap & ~EXACT_BIT))
        self.env.need(bytes([type]))
        self.push(self.null(type), type)

    def ref_func(self, func: i64) -> None:
        env = self.env
        if func < env.num_imported_funcs:
            text = self.load("ptr", "%vm", env.offsets.imported_func(func) + IMPORTED["funcref"])
        else:
            text = self.place("%vm", env.funcref_offsets[func])
        self.push(text, T_FUNCREF)

    def is_null(self, text: str, type: int) -> str:
        return self.emit(f"icmp eq ptr {text}, {self.null(type)}")

    def ref_is_null(self) -> None:
        condition = self.is_null(*self.stack.pop())
        self.push(self.emit(f"zext i1 {condition} to i32"), T_I32)

    def ref_as_non_null(self) -> None:
        text, type = self.stack[-1]
        self.trap_if(self.is_null(text, type), traps.NULL_REFERENCE)

    def br_on_null(self, label: i64) -> None:
        text, type = self.stack.pop()
        self.branch_if(self.is_null(text, type), self.target(label))
        self.push(text, type)

    def br_on_non_null(self, label: i64) -> None:
        condition = self.is_null(*self.stack[-1])
        self.branch_if(self.emit(f"xor i1 {condition}, true"), self.target(label))
        self.stack.pop()
