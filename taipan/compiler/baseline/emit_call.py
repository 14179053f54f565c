"""Calls: to functions of the module, imports, function references and runtime helpers; tail calls.

Around a call, scratch registers below the arguments go to their slots and caller-saved pinned locals to theirs.
Arguments that lie in scratch registers are moved as one parallel assignment, then the others are loaded.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.abi import traps
from taipan.abi.calls import FLOAT_REG, INT_REG, STACK
from taipan.abi.layout import RELOC_CALL, RELOC_SLOT, field_offsets
from taipan.compiler.baseline.control import BUILTINS_OFFSET, COLD_MISMATCH, HEADER, Control
from taipan.compiler.baseline.liveness import Liveness
from taipan.compiler.baseline.masm import EQ, GE_U, NE, Masm, to_vec
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import (
    K_CONST,
    K_LOCAL,
    K_REG,
    KIND,
    SCAN_LIMIT,
    TYPE,
    TYPE_SHIFT,
    VALUE_SHIFT,
    is_float_type,
)
from taipan.compiler.environ import T_EXTERNREF, T_FUNCREF, T_I32, FlatLayout, ModuleEnv

FUNCREF: Final = field_offsets("VMFuncRef")[0]
FUNCREF_CODE: Final[i64] = FUNCREF["code"]
FUNCREF_TYPE: Final[i64] = FUNCREF["type_id"]
FUNCREF_VMCTX: Final[i64] = FUNCREF["vmctx"]
IMPORTED: Final = field_offsets("VMImportedFunc")[0]
IMPORTED_CODE: Final[i64] = IMPORTED["code"]
IMPORTED_VMCTX: Final[i64] = IMPORTED["vmctx"]
TABLE: Final = field_offsets("VMTable")[0]
TABLE_ELEMENTS: Final[i64] = TABLE["elements"]
TABLE_LENGTH: Final[i64] = TABLE["length"]
TYPE_IDS_OFFSET: Final[i64] = HEADER["type_ids"]
NULL_OFFSET: Final[i64] = HEADER["null_funcref"]
MEMORY0_OFFSET: Final[i64] = HEADER["memory0_base"]


class Calls(Control):
    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.live: Final[Liveness] = self.prescan.live
        self.relocs: vec[i64] = to_vec([0] * 48)
        self.num_relocs: i64 = 0
        self.in_tail_call: bool = False
        self.lost_pins: vec[i64] = to_vec([0] * 64)
        self.num_lost_pins: i64 = 0
        self.argument_pins: i64 = 0
        self.live_pins: vec[i64] = to_vec([0] * 64)
        self.num_live_pins: i64 = 0
        self.result_area: i64 = 0
        self.uses_memory0: bool = False
        self.memory0_moves: bool = False
        self.own_stack_args: i64 = 0
        self.num_saved: i64 = 0
        self.saved_regs: vec[i64] = to_vec([0] * 16)

    # --- arguments ------------------------------------------------------------------------------------------------
    def place_arguments(self, layout: FlatLayout, first: i64, count: i64) -> None:
        """Move operands first... to where `layout` wants them. The stack arguments' area lies at the stack pointer.

        Integer register moves of the caller may be collected in `move_src` already.
        """
        masm = self.masm
        i: i64 = 0
        if layout.stack_arg_bytes:
            while i < count:
                if layout.places[i] == STACK:
                    self.place_stack_argument(first + i, layout.where[i])
                i += 1
        argument_pins = self.argument_pins
        float_moves: i64 = 0
        others: i64 = 0
        places = layout.places
        i = 0
        while i < count:
            place = places[i]
            op = self.ops[first + i]
            if op & KIND != K_REG:
                reg = self.pinned_argument(op) if argument_pins else -1
                if reg < 0:
                    others += 1
                elif place == INT_REG:
                    self.add_move(8, reg, self.plan.int_args[layout.where[i]])
            elif place == INT_REG:
                self.add_move(8, op >> VALUE_SHIFT, self.plan.int_args[layout.where[i]])
            elif place == FLOAT_REG:
                float_moves += 1
            i += 1
        if self.num_moves:
            self.do_moves(False)
        if float_moves:
            i = 0
            while i < count:
                op = self.ops[first + i]
                if op & KIND == K_REG and places[i] == FLOAT_REG:
                    self.add_move(8, op >> VALUE_SHIFT, layout.where[i])
                i += 1
            self.do_moves(True)
        i = 0
        while others > 0:
            op = self.ops[first + i]
            if op & KIND != K_REG and (not argument_pins or self.pinned_argument(op) < 0):
                others -= 1
                place = places[i]
                if place == INT_REG:
                    self.load_int(first + i, self.plan.int_args[layout.where[i]])
                elif place == FLOAT_REG:
                    self.load_float(first + i, layout.where[i])
            i += 1
        if layout.out_place == INT_REG:
            self.load_out_pointer(layout, self.plan.int_args[layout.out_where])
        elif layout.out_place == STACK:
            self.load_out_pointer(layout, self.plan.int_result)
            masm.store_stack_arg(T_FUNCREF, self.plan.int_result, layout.out_where)

    def pinned_argument(self, op: i64) -> i64:
        """The register of an operand that is a local pinned to a register which arguments take, else -1."""
        if op & KIND == K_LOCAL:
            reg = self.local_regs[op >> VALUE_SHIFT]
            if reg >= 0 and self.argument_pins & BIT[reg] and not is_float_type((op >> TYPE_SHIFT) & TYPE):
                return reg
        return -1

    def load_out_pointer(self, layout: FlatLayout, d: i64) -> None:
        """Where the callee stores its further results: this frame's area, or this function's own results."""
        if self.in_tail_call:
            self.masm.load_ptr(d, self.plan.frame, self.out_off)
        else:
            self.masm.stack_address(d, layout.stack_arg_bytes)

    def place_stack_argument(self, i: i64, off: i64) -> None:
        masm = self.masm
        op = self.ops[i]
        kind = op & KIND
        t = (op >> TYPE_SHIFT) & TYPE
        reg = op >> VALUE_SHIFT
        if kind == K_LOCAL:
            reg = self.local_regs[reg]
        if (kind == K_REG or kind == K_LOCAL) and reg >= 0:
            masm.store_stack_arg(t, reg, off)
            if kind == K_REG:
                # Its register may now hold other arguments.
                if is_float_type(t):
                    self.free_floats |= BIT[reg]
                else:
                    self.free_ints |= BIT[reg]
                self.ops[i] = K_CONST
            return
        if is_float_type(t):
            tmp = self.plan.float_temp
            self.load_float(i, tmp)
            masm.store_stack_arg(t, tmp, off)
            return
        tmp = self.alloc_int()
        self.load_int(i, tmp)
        masm.store_stack_arg(t, tmp, off)
        self.free_int(tmp)

    def drop_arguments(self, first: i64) -> None:
        """Pop all operands from `first` on."""
        while self.sp > first:
            self.discard()

    def save_lost_pins(self, first: i64) -> None:
        """Store the pinned locals that live on after the call at `pos`, which takes the operands from `first` on."""
        if self.num_lost_pins and first - self.settled > SCAN_LIMIT:
            self.settle(first)
        count: i64 = 0
        i: i64 = 0
        while i < self.num_lost_pins:
            index = self.lost_pins[i]
            if self.lives_on(index, first):
                self.masm.store_frame(self.local_types[index], self.local_regs[index], self.local_offs[index])
                self.live_pins[count] = index
                count += 1
            i += 1
        self.num_live_pins = count

    def lives_on(self, index: i64, first: i64) -> bool:
        """Whether a pinned local's value is used after the current instruction, or by an operand below `first`.

        Exact: a dead local may have its register from one that lives, of another type, and would be reloaded over it.
        """
        if self.live.starts[index] >= self.pos:
            return False
        if self.live.ends[index] > self.pos:
            return True
        # Its last reader may still be on the operand stack, of another type after i64.extend_i32_u.
        wanted = K_LOCAL | (index << VALUE_SHIFT)
        i = first
        while i > self.settled:
            i -= 1
            if self.ops[i] & ~(TYPE << TYPE_SHIFT) == wanted:
                return True
        return False

    def after_call(self) -> None:
        """Reload what a call may have changed."""
        i: i64 = 0
        while i < self.num_live_pins:
            index = self.live_pins[i]
            self.masm.load_frame(self.local_types[index], self.local_regs[index], self.local_offs[index])
            i += 1
        if self.memory0_moves:
            self.masm.load_ptr(self.memory_base, self.vmctx, MEMORY0_OFFSET)
        if self.metered:
            self.read_fuel()

    def push_results(self, layout: FlatLayout, results: bytes) -> None:
        """Push the results of the call just made. All scratch registers are free."""
        n: i64 = len(results)
        places = layout.result_places
        where = layout.result_where
        i: i64 = 0
        while i < n:
            if places[i] == INT_REG:
                self.free_ints &= ~BIT[self.plan.int_results[where[i]]]
            elif places[i] == FLOAT_REG:
                self.free_floats &= ~BIT[where[i]]
            i += 1
        i = 0
        while i < n:
            t: i64 = results[i]
            if places[i] == INT_REG:
                reg = self.plan.int_results[where[i]]
                if t == T_I32:
                    # The upper half is undefined.
                    self.masm.move(4, reg, reg)
            elif places[i] == FLOAT_REG:
                reg = where[i]
            else:
                reg = self.alloc_float() if is_float_type(t) else self.alloc_int()
                self.masm.load_stack_result(t, reg, where[i])
            self.push(K_REG, t, reg)
            i += 1
        if T_EXTERNREF in results:
            self.has_refs = True

    def add_reloc(self, kind: i64, target: i64) -> None:
        """Record a relocation of the 32-bit field that was just emitted."""
        n = self.num_relocs
        while n + 3 > len(self.relocs):
            self.relocs = append(self.relocs, 0)
        self.relocs[n] = self.masm.function_start() + self.masm.offset() - 4
        self.relocs[n + 1] = kind
        self.relocs[n + 2] = target
        self.num_relocs = n + 3

    # --- direct calls ---------------------------------------------------------------------------------------------
    def begin_call(self, layout: FlatLayout) -> FlatLayout:
        """Before operands are popped: room in the frame for a call's results. Returns the layout."""
        self.result_area = max(self.result_area, layout.result_area_bytes)
        self.check_code_size()
        if self.metered:
            self.pay_to_cell()
        return layout

    def call(self, func: i64) -> None:
        env = self.env
        masm = self.masm
        plan = self.plan
        layout = self.begin_call(env.layout_of(func))
        count = layout.param_count
        first = self.sp - count
        self.spill_registers(first)
        self.save_lost_pins(first)
        masm.adjust_stack(layout.stack_arg_bytes)
        self.place_arguments(layout, first, count)
        self.drop_arguments(first)
        imported = env.num_imported_funcs
        if func < imported:
            record: i64 = env.offsets.imported_func(int(func))
            masm.load_ptr(plan.callee_vmctx, self.vmctx, record + IMPORTED_VMCTX)
            masm.move(8, plan.caller_vmctx, self.vmctx)
            masm.call_at(self.vmctx, record + IMPORTED_CODE)
        else:
            masm.move(8, plan.callee_vmctx, self.vmctx)
            if env.lazy:
                masm.call_cell()
                self.add_reloc(RELOC_SLOT, func - imported)
            else:
                masm.call_code()
                self.add_reloc(RELOC_CALL, func - imported)
        self.call_site()
        self.after_call()
        self.push_results(layout, layout.results)

    # --- calls through references ---------------------------------------------------------------------------------
    def call_indirect(self, type: i64, table: i64) -> None:
        layout = self.begin_call(self.env.layout(type))
        self.spill_registers(self.sp - 1 - layout.param_count)
        ref = self.load_callee(type, table)
        self.finish_call_ref(type, layout, ref)

    def call_ref(self, type: i64) -> None:
        layout = self.begin_call(self.env.layout(type))
        self.spill_registers(self.sp - 1 - layout.param_count)
        ref = self.pop_owned_int()
        self.check_not_null(ref)
        self.finish_call_ref(type, layout, ref)

    def check_not_null(self, ref: i64) -> None:
        """Trap if a function reference is the null record."""
        self.masm.compare_at(8, ref, self.vmctx, NULL_OFFSET)
        self.trap_if(EQ, traps.NULL_REFERENCE)

    def load_callee(self, type: i64, table: i64) -> i64:
        """Pop a table index; a scratch register with the function reference there, checked to have the type."""
        env = self.env
        masm = self.masm
        vmctx = self.vmctx
        index = self.pop_int()
        ref = self.alloc_int()
        masm.load_ptr(ref, vmctx, env.table_offsets[table])
        masm.compare_at(8, index, ref, TABLE_LENGTH)
        self.trap_if(GE_U, traps.TABLE_OUT_OF_BOUNDS)
        masm.load_ptr(ref, ref, TABLE_ELEMENTS)
        masm.load_element(ref, ref, index)
        self.free_int(index)
        expected = self.alloc_int()
        masm.load_ptr(expected, vmctx, TYPE_IDS_OFFSET)
        masm.load_u32(expected, expected, 4 * type)
        masm.compare_at(4, expected, ref, FUNCREF_TYPE)
        self.free_int(expected)
        wrong = masm.new_label()
        masm.branch(NE, wrong)
        good = masm.new_label()
        masm.bind(good)
        # A type with subtypes may differ and still be right.
        final = env.final_types[type]
        self.add_cold(COLD_MISMATCH, wrong, -1 if final else good, type, ref)
        return ref

    def finish_call_ref(self, type: i64, layout: FlatLayout, ref: i64) -> None:
        """Call the function reference in scratch register `ref` with the arguments on the stack."""
        masm = self.masm
        plan = self.plan
        count = layout.param_count
        first = self.sp - count
        self.save_lost_pins(first)
        masm.adjust_stack(layout.stack_arg_bytes)
        self.place_with_callee(layout, first, count, ref)
        self.free_int(ref)
        self.drop_arguments(first)
        masm.load_ptr(plan.callee_vmctx, plan.int_result, FUNCREF_VMCTX)
        masm.move(8, plan.caller_vmctx, self.vmctx)
        masm.call_at(plan.int_result, FUNCREF_CODE)
        self.call_site()
        self.after_call()
        self.push_results(layout, layout.results)

    # --- helpers --------------------------------------------------------------------------------------------------
    def call_helper(self, helper: i64, immediates: vec[i64], count: i64) -> None:
        """Call builtin number `helper` with vmctx, the immediates, then the top `count` operands, which are popped.

        The result, if any, is then in the result register: see `push_helper_result`.
        """
        masm = self.masm
        plan = self.plan
        first = self.sp - count
        num_immediates: i64 = len(immediates)
        if self.metered:
            self.pay_to_cell()
        self.spill_registers(first)
        self.save_lost_pins(first)
        i: i64 = 0
        while i < count:
            op = self.ops[first + i]
            reg = op >> VALUE_SHIFT if op & KIND == K_REG else self.pinned_argument(op)
            if reg >= 0:
                self.add_move(8, reg, plan.helper_args[num_immediates + i])
            i += 1
        self.do_moves(False)
        i = 0
        while i < count:
            op = self.ops[first + i]
            if op & KIND != K_REG and self.pinned_argument(op) < 0:
                self.load_int(first + i, plan.helper_args[num_immediates + i])
            i += 1
        i = 0
        while i < num_immediates:
            masm.const(plan.helper_args[i], immediates[i])
            i += 1
        self.drop_arguments(first)
        masm.move(8, plan.callee_vmctx, self.vmctx)
        masm.load_ptr(plan.int_result, self.vmctx, BUILTINS_OFFSET)
        masm.call_at(plan.int_result, 8 * helper)
        self.call_site()
        self.after_call()

    def push_helper_result(self, t: i64) -> None:
        reg = self.plan.int_result
        self.free_ints &= ~BIT[reg]
        if t == T_I32:
            self.masm.move(4, reg, reg)
        elif t == T_EXTERNREF:
            self.has_refs = True
        self.push(K_REG, t, reg)

    # --- tail calls -----------------------------------------------------------------------------------------------
    def return_call(self, func: i64) -> None:
        env = self.env
        masm = self.masm
        plan = self.plan
        type = env.func_types[func]
        layout = self.begin_call(env.layout(type))
        self.prepare_tail(type, layout, -1)
        imported = env.num_imported_funcs
        if func < imported:
            record: i64 = env.offsets.imported_func(int(func))
            # vmctx's own register was restored: the callee's context register holds ours until the last load.
            masm.move(8, plan.caller_vmctx, plan.callee_vmctx)
            masm.load_ptr(plan.int_result, plan.caller_vmctx, record + IMPORTED_CODE)
            masm.load_ptr(plan.callee_vmctx, plan.caller_vmctx, record + IMPORTED_VMCTX)
            masm.jump_reg(plan.int_result)
        elif env.lazy:
            masm.jump_cell()
            self.add_reloc(RELOC_SLOT, func - imported)
        else:
            masm.jump_code()
            self.add_reloc(RELOC_CALL, func - imported)
        self.end_tail()

    def return_call_indirect(self, type: i64, table: i64) -> None:
        layout = self.begin_call(self.env.layout(type))
        self.finish_tail_ref(type, layout, self.load_callee(type, table))

    def return_call_ref(self, type: i64) -> None:
        layout = self.begin_call(self.env.layout(type))
        ref = self.pop_owned_int()
        self.check_not_null(ref)
        self.finish_tail_ref(type, layout, ref)

    def finish_tail_ref(self, type: i64, layout: FlatLayout, ref: i64) -> None:
        masm = self.masm
        plan = self.plan
        self.prepare_tail(type, layout, ref)
        masm.move(8, plan.caller_vmctx, plan.callee_vmctx)
        masm.load_ptr(plan.callee_vmctx, plan.int_result, FUNCREF_VMCTX)
        masm.jump_at(plan.int_result, FUNCREF_CODE)
        self.end_tail()

    def end_tail(self) -> None:
        self.num_moves = 0
        self.drop_to_base()
        self.dead = True

    def prepare_tail(self, type: i64, layout: FlatLayout, ref: i64) -> None:
        """Put the arguments in place and take this function's frame away.

        Afterwards the callee's context register holds this vmctx, and the result register the reference, if there is
        one.
        """
        masm = self.masm
        plan = self.plan
        count = layout.param_count
        first = self.sp - count
        self.in_tail_call = True
        masm.adjust_stack(layout.stack_arg_bytes)
        if ref >= 0:
            self.place_with_callee(layout, first, count, ref)
            self.free_int(ref)
        else:
            self.place_arguments(layout, first, count)
        self.in_tail_call = False
        masm.move(8, plan.callee_vmctx, self.vmctx)
        self.restore_saved()
        masm.tail_frame(self.own_stack_args, layout.stack_arg_bytes)

    def place_with_callee(self, layout: FlatLayout, first: i64, count: i64, ref: i64) -> None:
        """Place arguments and bring the callee's reference to the result register."""
        plan = self.plan
        if layout.out_place == STACK:
            # The out pointer's way to the stack leads through the result register: keep the reference elsewhere.
            self.add_move(8, ref, plan.callee_vmctx)
            self.place_arguments(layout, first, count)
            self.masm.move(8, plan.int_result, plan.callee_vmctx)
        else:
            self.add_move(8, ref, plan.int_result)
            self.place_arguments(layout, first, count)

    def restore_saved(self) -> None:
        """Reload the caller's registers from the frame."""
        i: i64 = 0
        while i < self.num_saved:
            self.masm.load_ptr(self.saved_regs[i], self.plan.frame, -8 * (i + 1))
            i += 1
