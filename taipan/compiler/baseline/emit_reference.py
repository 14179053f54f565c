"""Globals, tables and references.

A function reference is a pointer to a VMFuncRef and is copied freely; null is the shared null record. An external
reference is counted when a table or global holds it, which helpers do; null is 0.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from taipan.abi import builtins, traps
from taipan.compiler.baseline.emit_call import IMPORTED, NULL_OFFSET, TABLE_ELEMENTS, TABLE_LENGTH
from taipan.compiler.baseline.emit_memory import Memory
from taipan.compiler.baseline.masm import EQ, GE_U, NE
from taipan.compiler.baseline.stack import K_REG, K_SLOT, is_float_type
from taipan.compiler.environ import T_EXTERNREF, T_FUNCREF, T_I32, T_I64, T_OTHER
from taipan.wasm.types import EXACT_BIT, HeapType

IMPORTED_FUNCREF: Final[i64] = IMPORTED["funcref"]
TABLE_GROW: Final[i64] = builtins.INDEX["table_grow"]
TABLE_GET: Final[i64] = builtins.INDEX["table_get"]
TABLE_SET: Final[i64] = builtins.INDEX["table_set"]
TABLE_FILL: Final[i64] = builtins.INDEX["table_fill"]
TABLE_COPY: Final[i64] = builtins.INDEX["table_copy"]
TABLE_INIT: Final[i64] = builtins.INDEX["table_init"]
ELEM_DROP: Final[i64] = builtins.INDEX["elem_drop"]
GLOBAL_GET_REF: Final[i64] = builtins.INDEX["global_get_ref"]
GLOBAL_SET_REF: Final[i64] = builtins.INDEX["global_set_ref"]


class Reference(Memory):
    def after_index(self) -> i64:
        """Position of the instruction behind the current one, which has one index as immediate."""
        at = self.pos + 1
        while self.code[at] >= 0x80:
            at += 1
        return at + 1

    # --- globals --------------------------------------------------------------------------------------------------
    def global_get(self, index: i64) -> None:
        env = self.env
        masm = self.masm
        t = env.global_types[index]
        if t == T_EXTERNREF:
            self.call_helper(GLOBAL_GET_REF, vec[i64]([index]), 0)
            self.push_helper_result(t)
            return
        if t > T_EXTERNREF:
            env.need(bytes([int(t)]))
        base = self.vmctx
        off = env.global_offsets[index]
        if index < env.num_imported_globals:
            base = self.alloc_int()
            masm.load_ptr(base, self.vmctx, off)
            off = 0
        d = self.int_target(self.after_index())
        self.free_int(base)
        if is_float_type(t):
            if d < 0:
                d = self.alloc_float()
            masm.load_at(t, d, base, off)
            self.push_float(t, d)
        else:
            if d < 0:
                d = self.alloc_int()
            masm.load_at(t, d, base, off)
            self.push_int(t, d)

    def global_set(self, index: i64) -> None:
        env = self.env
        masm = self.masm
        t = env.global_types[index]
        if t == T_EXTERNREF:
            self.call_helper(GLOBAL_SET_REF, vec[i64]([index]), 1)
            return
        if t > T_EXTERNREF:
            env.need(bytes([int(t)]))
        base = self.vmctx
        off = env.global_offsets[index]
        if index < env.num_imported_globals:
            base = self.alloc_int()
            masm.load_ptr(base, self.vmctx, off)
            off = 0
        if is_float_type(t):
            s = self.pop_float()
            masm.store_at(t, s, base, off)
            self.free_float(s)
        else:
            s = self.pop_int()
            masm.store_at(t, s, base, off)
            self.free_int(s)
        self.free_int(base)

    # --- tables ---------------------------------------------------------------------------------------------------
    def table_element(self, table: i64, index: i64) -> i64:
        """A new register with the address of a table's elements, after checking an index against its length."""
        masm = self.masm
        elements = self.alloc_int()
        masm.load_ptr(elements, self.vmctx, self.env.table_offsets[table])
        masm.compare_at(8, index, elements, TABLE_LENGTH)
        self.trap_if(GE_U, traps.TABLE_ACCESS_OUT_OF_BOUNDS)
        masm.load_ptr(elements, elements, TABLE_ELEMENTS)
        return elements

    def table_get(self, table: i64) -> None:
        t = self.env.table_types[table]
        if t == T_EXTERNREF:
            self.call_helper(TABLE_GET, vec[i64]([table]), 1)
            self.push_helper_result(t)
            return
        if t == T_OTHER:
            self.env.need(bytes([int(t)]))
        index = self.pop_int()
        elements = self.table_element(table, index)
        self.masm.load_element(elements, elements, index)
        self.free_int(index)
        self.push(K_REG, t, elements)

    def table_set(self, table: i64) -> None:
        t = self.env.table_types[table]
        if t == T_EXTERNREF:
            self.call_helper(TABLE_SET, vec[i64]([table]), 2)
            return
        if t == T_OTHER:
            self.env.need(bytes([int(t)]))
        value = self.pop_int()
        index = self.pop_int()
        elements = self.table_element(table, index)
        self.masm.store_element(value, elements, index)
        self.free_int(elements)
        self.free_int(index)
        self.free_int(value)

    def address_type(self, table: i64) -> i64:
        return T_I64 if self.env.table_is_64[table] else T_I32

    def table_size(self, table: i64) -> None:
        d = self.alloc_int()
        self.masm.load_ptr(d, self.vmctx, self.env.table_offsets[table])
        self.masm.load_ptr(d, d, TABLE_LENGTH)
        self.push(K_REG, self.address_type(table), d)

    def table_grow(self, table: i64) -> None:
        # The instruction has the element first, the helper the delta.
        self.swap_operands()
        self.call_helper(TABLE_GROW, vec[i64]([table]), 2)
        t = self.address_type(table)
        if t == T_I32:
            self.masm.move(4, self.plan.int_result, self.plan.int_result)
        self.push_helper_result(t)

    def swap_operands(self) -> None:
        """Exchange the top two operands, integers or references."""
        n = self.sp - 1
        b_type = self.type_at(n)
        b = self.pop_owned_int()
        a_type = self.type_at(n - 1)
        a = self.pop_owned_int()
        self.push(K_REG, b_type, b)
        self.push(K_REG, a_type, a)

    def table_fill(self, table: i64) -> None:
        self.call_helper(TABLE_FILL, vec[i64]([table]), 3)

    def table_copy(self, dst: i64, src: i64) -> None:
        self.call_helper(TABLE_COPY, vec[i64]([dst, src]), 3)

    def table_init(self, elem: i64, table: i64) -> None:
        self.call_helper(TABLE_INIT, vec[i64]([table, elem]), 3)

    def elem_drop(self, elem: i64) -> None:
        self.call_helper(ELEM_DROP, vec[i64]([elem]), 0)

    # --- references -----------------------------------------------------------------------------------------------
    def ref_null(self, heap: i64) -> None:
        t: i64 = self.env.heap_code(HeapType(heap & ~EXACT_BIT))
        if t == T_FUNCREF:
            d = self.alloc_int()
            self.masm.load_ptr(d, self.vmctx, NULL_OFFSET)
            self.push(K_REG, t, d)
        elif t == T_EXTERNREF:
            self.has_refs = True
            self.push_const(t, 0)
        else:
            self.env.need(bytes([int(t)]))

    def ref_func(self, func: i64) -> None:
        env = self.env
        d = self.alloc_int()
        if func < env.num_imported_funcs:
            record: i64 = env.offsets.imported_func(int(func))
            self.masm.load_ptr(d, self.vmctx, record + IMPORTED_FUNCREF)
        else:
            self.masm.add_address(d, self.vmctx, env.funcref_offsets[int(func)])
        self.push(K_REG, T_FUNCREF, d)

    def compare_null(self, reg: i64, t: i64) -> None:
        """Compare a reference with its type's null."""
        if t == T_FUNCREF:
            self.masm.compare_at(8, reg, self.vmctx, NULL_OFFSET)
        else:
            self.masm.compare_const(8, reg, 0)

    def ref_is_null(self) -> None:
        t = self.type_at(self.sp - 1)
        reg = self.pop_int()
        self.compare_null(reg, t)
        self.free_int(reg)
        self.push_condition(EQ)

    def ref_as_non_null(self) -> None:
        t = self.type_at(self.sp - 1)
        reg = self.pop_owned_int()
        self.compare_null(reg, t)
        self.trap_if(EQ, traps.NULL_REFERENCE)
        self.push(K_REG, t, reg)

    def br_on_null(self, label: i64) -> None:
        t = self.type_at(self.sp - 1)
        reg = self.pop_owned_int()
        self.compare_null(reg, t)
        # Only what lies below goes to the label: put the reference aside while its operands are arranged.
        n = self.sp
        off = self.new_slot(n)
        self.masm.store_frame(t, reg, off)
        self.free_int(reg)
        self.branch_if(EQ, self.depth - label)
        self.push(K_SLOT, t, 0)

    def br_on_non_null(self, label: i64) -> None:
        t = self.type_at(self.sp - 1)
        reg = self.pop_owned_int()
        self.push(K_REG, t, reg)
        self.compare_null(reg, t)
        self.branch_if(NE, self.depth - label)
        self.discard()
