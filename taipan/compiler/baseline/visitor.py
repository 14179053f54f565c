"""One function: local declarations, registers for locals, prologue, body, epilogue, cold code.

The frame, from the frame register down: saved registers, locals that have no register or lose it at calls, operand
slots, the area where callees store their further results. Its size is known at the end and patched into the prologue.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append
from mypy_extensions import i64

from taipan.abi import traps
from taipan.abi.calls import FLOAT_REG, INT_REG, STACK
from taipan.compiler.baseline.control import C_FUNC, COLD_ENTRY, COLD_WORDS
from taipan.compiler.baseline.emit_call import MEMORY0_OFFSET, NULL_OFFSET
from taipan.compiler.baseline.marks import Marks
from taipan.compiler.baseline.masm import GE_S, LT_U, Masm
from taipan.compiler.baseline.osr import Continued
from taipan.compiler.baseline.pins import Pinner, PinSet
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import (
    K_LOCAL,
    PLACE_FLOAT,
    PLACE_FRAME,
    SIZE,
    TYPE_SHIFT,
    VALUE_SHIFT,
    is_float_type,
)
from taipan.compiler.environ import SHORT_TYPES, T_EXTERNREF, T_FUNCREF, T_I32, T_V128, FlatLayout, ModuleEnv

SMALL_FRAME: Final = 2048
"""Bytes that a function which calls nothing may use below the stack limit without asking."""


@final
class FunctionCompiler(Continued):
    """Compiles one function after the other; `masm` holds the code of the last.

    marks: filled while the function is compiled, if there are any; the code stays the same.
    """

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.appending: bool = False
        self.first_reloc: i64 = 0
        self.frame_field: i64 = 0
        self.data_start: i64 = 0
        self.checks_limit: bool = False
        self.has_funcref_locals: bool = False
        self.pinner: Final = Pinner()
        self.pin_sets: Final[list[PinSet | None]] = [None] * 8

    def compile(self, defined_index: i64) -> None:
        """Generate code for a defined function into `masm`, with `sites`, `maps` and `relocs`.

        With `appending`, they grow; offsets in `relocs` then count from the first function's beginning.
        """
        if not self.appending:
            self.sites.truncate(0)
            self.num_relocs = 0
        self.first_site = len(self.sites)
        self.first_reloc = self.num_relocs
        self.masm.begin(self.appending)
        if not self.compile_with(defined_index, False):
            # It calls nothing, so it did not look at the stack limit, but its frame became large.
            self.masm.restart()
            self.compile_with(defined_index, True)

    def compile_with(self, defined_index: i64, check_limit: bool) -> bool:
        """Generate the function; False if it should have checked the stack limit and did not."""
        env = self.env
        module = env.module
        masm = self.masm
        start: i64 = module.body_starts[defined_index]
        end: i64 = module.body_ends[defined_index]
        type = env.func_types[env.num_imported_funcs + defined_index]
        params = env.type_params[type]
        results = env.type_results[type]
        layout = env.layout_of(env.num_imported_funcs + defined_index)
        self.reset()
        self.pos = start
        start = self.read_locals(params, start, end)
        scan = self.prescan
        scan.scan(start, end, i64(len(params)), self.num_locals)
        self.own_stack_args = layout.stack_arg_bytes
        self.own_layout = layout
        self.uses_memory0 = scan.uses_memory0
        calls = scan.num_calls > 0
        self.counted = start
        self.assign_registers(calls)
        self.assign_homes(params, layout, calls)
        self.checks_limit = calls or check_limit or self.slots_start > SMALL_FRAME
        self.prologue(params, layout)
        self.push_frame(C_FUNC, b"", results, 0)
        cut: i64 = 0
        while cut < scan.num_cuts:
            self.visit_part(start, scan.cuts[cut])
            start = scan.cuts[cut + 1]
            cut += 2
        self.visit_part(start, end)
        frame_bytes = (self.slots_start + self.num_slots * 8 + self.result_area + 15) & ~15
        masm.set_frame_size(self.frame_field, frame_bytes)
        cold_start = masm.offset()
        self.emit_cold(frame_bytes)
        self.data_start = masm.offset()
        if self.marks is not None:
            self.mark_rest(self.marks, cold_start, frame_bytes)
        self.emit_jump_tables()
        masm.emit_pool()
        self.check_code_size()
        return self.checks_limit or frame_bytes <= 2 * SMALL_FRAME

    def visit_part(self, start: i64, end: i64) -> None:
        marks = self.marks
        self.counted = start
        if marks is None:
            self.visit(self.env.code, start, end)
            return
        self.visit(self.env.code, end, end)  # prepares, and visits nothing
        while start < end:
            marks.body.append((int(self.masm.offset()), int(start)))
            after: i64 = marks.next[int(start)]
            self._visit(self.code, start, after)
            start = after

    def mark_rest(self, marks: Marks, cold_start: i64, frame_bytes: i64) -> None:
        """Mark what follows the body. Pieces of cold code have a label at their beginning."""
        marks.frame_bytes = int(frame_bytes)
        marks.cold_start = int(cold_start)
        marks.data_start = int(self.data_start)
        i: i64 = 0
        while i < self.num_cold:
            marks.cold.append((int(self.masm.label_offset(self.cold[i + 1])), int(self.cold[i + 4])))
            i += COLD_WORDS

    def reset(self) -> None:
        if self.marks is not None:
            self.marks.begin()
        self.sp = 0
        self.settled = 0
        self.base = 0
        self.num_slots = 0
        self.depth = -1
        self.dead = False
        self.exchanged_label = -1
        self.zero_flag_at = -1
        self.sum_end = -1
        self.load_end = -1
        self.num_cold = 0
        self.sites.truncate(self.first_site)
        self.num_maps = 0
        self.last_map = 0
        self.has_refs = False
        self.num_tables = 0
        self.num_relocs = self.first_reloc
        self.num_moves = 0
        self.num_lost_pins = 0
        self.num_saved = 0
        self.num_ref_locals = 0
        self.result_area = 0
        self.in_tail_call = False

    # --- locals ---------------------------------------------------------------------------------------------------
    def read_locals(self, params: bytes, start: i64, end: i64) -> i64:
        """Read parameter types and local declarations; the offset of the first instruction."""
        env = self.env
        self.num_locals = 0
        self.has_funcref_locals = False
        for t in params:
            self.add_locals(1, i64(t))
        self.code = env.code
        self.next = start
        self.limit = end
        groups = self.read_u32()
        while groups > 0:
            count = self.read_u32()
            code: i64 = SHORT_TYPES[i64(self.code[self.next])]
            if code < T_V128:
                self.next += 1
            else:
                code = env.local_type_code(self.read_valtype())
            if code == T_FUNCREF:
                self.has_funcref_locals = True
            self.add_locals(count, code)
            groups -= 1
        return self.next

    def add_locals(self, count: i64, t: i64) -> None:
        n = self.num_locals
        end = n + count
        if end > len(self.local_types):
            self.grow_locals(end)
        types = self.local_types
        regs = self.local_regs
        places = self.places
        ops = self.local_ops
        while n < end:
            types[n] = t
            regs[n] = -1
            places[n] = PLACE_FRAME + n
            ops[n] = K_LOCAL | (t << TYPE_SHIFT) | (n << VALUE_SHIFT)
            n += 1
        self.num_locals = end

    def grow_locals(self, count: i64) -> None:
        while len(self.local_types) < count:
            self.local_types = append(self.local_types, 0)
            self.local_regs = append(self.local_regs, 0)
            self.local_offs = append(self.local_offs, 0)
            self.places = append(self.places, 0)
            self.local_ops = append(self.local_ops, 0)

    def assign_registers(self, calls: bool) -> None:
        """Decide which registers hold contexts, locals and operands."""
        plan = self.plan
        scan = self.prescan
        self.shunned = BIT[plan.div_high]
        if plan.shift_count >= 0 and not self.masm.shift_takes_any_count(0):
            self.shunned |= BIT[plan.shift_count]
        self.memory0_moves = False
        if calls:
            self.vmctx = plan.vmctx
            self.memory_base = plan.memory_base
            self.save_register(plan.vmctx)
            if self.uses_memory0:
                self.save_register(plan.memory_base)
                self.memory0_moves = self.env.memory_static[0] == 0
        else:
            self.vmctx = plan.leaf_vmctx
            self.memory_base = plan.leaf_memory_base
        # `clear_locals` reads the null of function references from the context.
        context = scan.needs_context or self.has_funcref_locals or self.metered
        pins = self.pin_set(calls, self.uses_memory0, context)
        self.scratch_ints = plan.scratch_int_mask & ~(0 if calls else BIT[plan.leaf_vmctx])
        self.scratch_floats = plan.scratch_float_mask
        self.pinner.assign(scan, pins, self.local_types)
        self.take_pins(pins)
        self.argument_pins = plan.pinned_args & ~self.scratch_ints
        self.free_ints = self.scratch_ints
        self.free_floats = self.scratch_floats

    def pin_set(self, calls: bool, memory0: bool, context: bool) -> PinSet:
        """The registers that may hold locals in a function that calls, uses memory 0, needs the context, or not."""
        key: i64 = (1 if calls else 0) + (2 if memory0 else 0) + (4 if context else 0)
        pins = self.pin_sets[key]
        if pins is None:
            pins = PinSet(self.plan, calls, memory0, context, self.metered)
            self.pin_sets[key] = pins
        return pins

    def take_pins(self, pins: PinSet) -> None:
        """Take over what the pinner decided: registers, places, what to save at entry and around calls."""
        pinner = self.pinner
        i: i64 = 0
        n: i64 = len(pins.regs)
        while i < n:
            local = pinner.pin_locals[i]
            if local >= 0:
                reg = pins.regs[i]
                place = reg
                if pins.is_float[i]:
                    place = PLACE_FLOAT + reg
                    self.scratch_floats &= ~BIT[reg]
                else:
                    self.scratch_ints &= ~BIT[reg]
                if pins.saves[i]:
                    self.save_register(reg)
                while local >= 0:
                    self.local_regs[local] = reg
                    self.places[local] = place
                    if not pins.survives[i]:
                        self.add_lost_pin(local)
                    local = pinner.next_local[local]
            i += 1

    def add_lost_pin(self, local: i64) -> None:
        n = self.num_lost_pins
        if n >= len(self.lost_pins):
            self.lost_pins = append(self.lost_pins, 0)
            self.live_pins = append(self.live_pins, 0)
        self.lost_pins[n] = local
        self.num_lost_pins = n + 1

    def save_register(self, reg: i64) -> None:
        self.saved_regs[self.num_saved] = reg
        self.num_saved += 1

    def assign_homes(self, params: bytes, layout: FlatLayout, calls: bool) -> None:
        """Frame offsets of locals that need memory. Stack parameters stay where they came."""
        weights = self.prescan.live.weights
        types = self.local_types
        regs = self.local_regs
        offs = self.local_offs
        bytes_used = 8 * self.num_saved
        param_count: i64 = len(params)
        i: i64 = 0
        while i < self.num_locals:
            if weights[i] > 0:
                if types[i] == T_EXTERNREF:
                    self.add_ref_local(i)
                if i < param_count and layout.places[i] == STACK:
                    offs[i] = 16 + layout.where[i]
                elif regs[i] < 0 or (calls and self.is_lost(i)):
                    bytes_used += 8
                    offs[i] = -bytes_used
            i += 1
        if layout.out_place >= 0:
            bytes_used += 8
            self.out_off = -bytes_used
        self.slots_start = bytes_used

    def add_ref_local(self, index: i64) -> None:
        self.has_refs = True
        if self.num_ref_locals >= len(self.ref_locals):
            self.ref_locals = append(self.ref_locals, 0)
        self.ref_locals[self.num_ref_locals] = index
        self.num_ref_locals += 1

    def is_lost(self, index: i64) -> bool:
        """Whether calls change a pinned local's register."""
        return self.places[index] >= PLACE_FLOAT or not self.plan.saved_mask & BIT[self.local_regs[index]]

    # --- prologue and epilogue ------------------------------------------------------------------------------------
    def prologue(self, params: bytes, layout: FlatLayout) -> None:
        masm = self.masm
        plan = self.plan
        self.frame_field = masm.prologue(self.checks_limit)
        if self.checks_limit:
            slow = masm.new_label()
            back = masm.new_label()
            masm.branch(LT_U, slow)
            masm.bind(back)
            self.add_cold(COLD_ENTRY, slow, back, 0, 0)
        i: i64 = 0
        while i < self.num_saved:
            masm.store_ptr(self.saved_regs[i], plan.frame, -8 * (i + 1))
            i += 1
        if self.uses_memory0:
            masm.load_ptr(self.memory_base, plan.callee_vmctx, MEMORY0_OFFSET)
        if self.vmctx != plan.callee_vmctx:
            masm.move(8, self.vmctx, plan.callee_vmctx)
        self.move_parameters(params, layout)
        self.clear_locals(i64(len(params)))
        if self.metered:
            self.begin_metering()
            self.trap_if(GE_S, traps.OUT_OF_FUEL)

    def move_parameters(self, params: bytes, layout: FlatLayout) -> None:
        masm = self.masm
        weights = self.prescan.live.weights
        count: i64 = len(params)
        float_moves: i64 = 0
        i: i64 = 0
        while i < count:
            place = layout.places[i]
            if weights[i] > 0:
                t = self.local_types[i]
                reg = self.local_regs[i]
                if place == INT_REG:
                    source = self.plan.int_args[layout.where[i]]
                    if reg < 0:
                        masm.store_frame(t, source, self.local_offs[i])
                    elif reg == source and t == T_I32:
                        masm.move(4, reg, reg)
                    else:
                        self.add_move(i64(SIZE[t]), source, reg)
                elif place == FLOAT_REG:
                    if reg < 0:
                        masm.store_frame(t, layout.where[i], self.local_offs[i])
                    else:
                        float_moves += 1
            i += 1
        if layout.out_place == INT_REG:
            masm.store_frame(T_FUNCREF, self.plan.int_args[layout.out_where], self.out_off)
        self.do_moves(False)
        if float_moves:
            i = 0
            while i < count:
                if layout.places[i] == FLOAT_REG and weights[i] > 0 and self.local_regs[i] >= 0:
                    self.add_move(8, layout.where[i], self.local_regs[i])
                i += 1
            self.do_moves(True)
        # Last, because the registers of other parameters may be among the destinations.
        if layout.stack_arg_bytes:
            i = 0
            while i < count:
                place = layout.places[i]
                if place != INT_REG and place != FLOAT_REG and weights[i] > 0 and self.local_regs[i] >= 0:
                    masm.load_frame(self.local_types[i], self.local_regs[i], 16 + layout.where[i])
                i += 1
            if layout.out_place >= 0 and layout.out_place != INT_REG:
                self.out_off = 16 + layout.out_where

    def clear_locals(self, first: i64) -> None:
        """Zero the locals that may be read before they are written; references are null whatever happens."""
        masm = self.masm
        weights = self.prescan.live.weights
        reads_zero = self.prescan.live.reads_zero
        types = self.local_types
        i = first
        while i < self.num_locals:
            if weights[i] > 0 and (reads_zero[i] or types[i] == T_EXTERNREF):
                t = types[i]
                reg = self.local_regs[i]
                if t == T_EXTERNREF:
                    masm.store_frame_const(8, 0, self.local_offs[i])
                elif t == T_FUNCREF:
                    # The scratch registers still hold nothing: every parameter has its place.
                    d = reg if reg >= 0 else self.plan.int_result
                    masm.load_ptr(d, self.vmctx, NULL_OFFSET)
                    if reg < 0:
                        masm.store_frame(t, d, self.local_offs[i])
                elif reg < 0:
                    masm.store_frame_const(i64(SIZE[t]), 0, self.local_offs[i])
                elif is_float_type(t):
                    masm.const_float(i64(SIZE[t]), reg, 0)
                else:
                    masm.zero(reg)
            i += 1

    def end_function(self, label: i64) -> None:
        masm = self.masm
        if self.dead and not masm.is_wanted(label):
            return
        if not self.dead:
            self.move_to_label(0)
        if self.metered and not self.dead:
            self.meet_label(0)
        masm.bind(label)
        if self.metered:
            # The results are in place; the contexts in the registers that they came in are dead.
            self.write_fuel(self.c_due[0], self.plan.caller_vmctx)
        self.restore_saved()
        masm.leave()
        masm.ret(self.own_stack_args)
