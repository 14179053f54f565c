"""Blocks, branches and what happens where paths join.

At a label all paths must agree where the operands are. Operands below a block are *settled* (slots or constants) when
the block begins and stay so. Its results go to their *label places*: a single one to the result register, several to
the slots at the block's height; a loop's parameters always to those slots. The function's own label is the epilogue,
whose places are those of the calling convention.

Code that cannot be reached is not visited (see prescan.py); `dead` tells `else` and `end` that no path falls into them.
"""

from __future__ import annotations

from typing import Final

from librt.strings import BytesWriter, write_i64_le
from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.abi import builtins, traps
from taipan.abi.calls import FLOAT_REG, INT_REG, STACK, CallLayout
from taipan.abi.layout import NULL_TYPE_ID, SITE_CALL, SITE_FAULT, SITE_TRAP, field_offsets
from taipan.compiler.baseline.masm import GE_S, GE_U, LT_U, Masm, to_vec
from taipan.compiler.baseline.metering import UNDECIDED, Metering
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import (
    K_LOCAL,
    K_REG,
    K_SLOT,
    K_WIDE,
    KIND,
    TYPE,
    TYPE_SHIFT,
    VALUE_SHIFT,
    is_float_type,
    signed32,
)
from taipan.compiler.environ import T_EXTERNREF, FlatLayout, ModuleEnv
from taipan.errors import UnsupportedError

OP_END: Final = 0x0B
OP_BR: Final = 0x0C

C_FUNC: Final = 0
C_BLOCK: Final = 1
C_LOOP: Final = 2
C_IF: Final = 3
C_ELSE: Final = 4

NOTHING: Final = b""
SINGLE: Final = [bytes([t]) for t in range(8)]
"""Result types of a block with the shorthand for one result."""

HEADER: Final = field_offsets("VMContextHeader")[0]
BUILTINS_OFFSET: Final[i64] = HEADER["builtins"]
TRAP_OFFSET: Final[i64] = 8 * builtins.INDEX["trap"]
POLL_OFFSET: Final[i64] = 8 * builtins.INDEX["poll"]
CALL_INDIRECT_SLOW: Final[i64] = 8 * builtins.INDEX["call_indirect_slow"]
FUNCREF_TYPE: Final[i64] = field_offsets("VMFuncRef")[0]["type_id"]

# What a piece of cold code does; COLD_WORDS integers each: kind, its label, label to return to, trap, wasm offset, map,
# fuel to add
COLD_TRAP: Final = 0
COLD_POLL: Final = 1
COLD_ENTRY: Final = 2
COLD_MISMATCH: Final = 3
COLD_PAY: Final = 4
COLD_WORDS: Final = 7

MAX_MAPPED_OPERANDS: Final = 10_000
"""Operands on the stack at a call in a function that handles external references: each call looks at all of them."""
MAX_CODE_BYTES: Final = 1 << 28
"""Code of one function. Multi-value branches can make code thousands of times larger than wasm."""


LOOP_ALIGNMENT: Final = 16
"""Of loop headers, in bytes: what is fetched at once."""


class Control(Metering):
    """The control stack, sites and cold code of the function being compiled."""

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.depth: i64 = 0
        self.memory_base: i64 = 0
        self.ref_locals: vec[i64] = vec[i64]()
        self.num_ref_locals: i64 = 0
        self.c_kinds: vec[i64] = to_vec([0] * 64)
        self.c_labels: vec[i64] = to_vec([0] * 64)
        self.c_elses: vec[i64] = to_vec([0] * 64)
        self.c_bases: vec[i64] = to_vec([0] * 64)
        self.c_params: Final[list[bytes]] = []
        self.c_results: Final[list[bytes]] = []
        self.dead: bool = False
        self.exchanged_label: i64 = -1
        self.cold: vec[i64] = to_vec([0] * 70)
        self.num_cold: i64 = 0
        self.sites: Final = BytesWriter()
        self.maps: vec[i64] = vec[i64]()
        self.num_maps: i64 = 0
        self.last_map: i64 = 0
        self.has_refs: bool = False
        self.tables_of: vec[i64] = to_vec([0] * 64)
        self.num_tables: i64 = 0
        self.out_off: i64 = 0
        self.own_layout: FlatLayout = FlatLayout(CallLayout((), ()), b"", b"")

    # --- sites and cold code --------------------------------------------------------------------------------------
    def add_site(self, code_offset: i64, kind: i64, stack_map: i64) -> None:
        """Record what the runtime must know about an address; kind: SITE_* | trap << 8."""
        # Two little-endian words at a time; offsets have 30 bits at most.
        write_i64_le(self.sites, code_offset | (self.pos << 32))
        write_i64_le(self.sites, kind | (stack_map << 32))

    def call_site(self) -> None:
        """Record the call that was just emitted; arguments are popped, everything else is live."""
        self.add_site(self.masm.offset(), SITE_CALL, self.stack_map())

    def fault_site(self) -> None:
        """Record the access to linear memory that comes next."""
        fuel = self.site_fuel() if self.metered else 0
        self.add_site(self.masm.offset() + 1, SITE_FAULT | fuel, 0)

    def stack_map(self) -> i64:
        """Position + 1 of a stack map of the references that live in the frame now; 0 if there are none.

        The same locals come first in all maps of a function: those that hold nothing hold null. Where the operands are
        those of the map before, they are neither compared nor written again.
        """
        if not self.has_refs:
            return 0
        if self.sp > MAX_MAPPED_OPERANDS:
            raise self.too_complex("stack maps")
        start = self.num_maps
        first = start + 1 + self.num_ref_locals
        end = first
        i: i64 = 0
        while i < self.sp:
            if self.ops[i] == K_SLOT | (T_EXTERNREF << TYPE_SHIFT):
                self.set_map_word(end, -self.slot_off(i))
                end += 1
            i += 1
        count = end - start - 1
        if count == 0:
            return 0
        last = self.last_map
        if last and self.maps[last - 1] == count:
            at = last + self.num_ref_locals
            i = first
            while i < end and self.maps[i] == self.maps[at]:
                i += 1
                at += 1
            if i == end:
                return last
        self.set_map_word(start, count)
        i = 0
        while i < self.num_ref_locals:
            self.set_map_word(start + 1 + i, -self.local_offs[self.ref_locals[i]])
            i += 1
        self.num_maps = end
        self.last_map = start + 1
        return start + 1

    def set_map_word(self, at: i64, word: i64) -> None:
        while at >= len(self.maps):
            if at > 1 << 24:
                raise self.too_complex("stack maps")
            self.maps = append(self.maps, 0)
        self.maps[at] = word

    def too_complex(self, what: str) -> UnsupportedError:
        return UnsupportedError(f"function too complex for the baseline compiler: its {what} would be too large")

    def check_code_size(self) -> None:
        if self.masm.offset() > MAX_CODE_BYTES:
            raise self.too_complex("machine code")

    def add_cold(self, kind: i64, label: i64, back: i64, trap: i64, stack_map: i64) -> None:
        n = self.num_cold
        while n + COLD_WORDS > len(self.cold):
            self.cold = append(self.cold, 0)
        cold = self.cold
        cold[n] = kind
        cold[n + 1] = label
        cold[n + 2] = back
        cold[n + 3] = trap
        cold[n + 4] = self.pos
        cold[n + 5] = stack_map
        cold[n + 6] = self.due
        self.num_cold = n + COLD_WORDS

    def trap_label(self, trap: i64) -> i64:
        """Label of new cold code that raises `trap` for the current instruction."""
        label = self.masm.new_label()
        if self.metered:
            self.count()
        self.add_cold(COLD_TRAP, label, 0, trap, 0)
        return label

    def trap_if(self, cond: i64, trap: i64) -> None:
        self.masm.branch(cond, self.trap_label(trap))

    def emit_cold(self, frame_bytes: i64) -> None:
        masm = self.masm
        vmctx = self.vmctx
        i: i64 = 0
        while i < self.num_cold:
            cold = self.cold
            kind = cold[i]
            masm.bind(cold[i + 1])
            self.pos = cold[i + 4]
            self.due = cold[i + 6]
            if kind == COLD_TRAP:
                self.emit_trap(cold[i + 3])
            elif kind == COLD_POLL:
                if self.metered:
                    self.write_fuel(0, self.plan.int_result)
                masm.loop_poll(vmctx, BUILTINS_OFFSET, POLL_OFFSET)
                self.add_site(masm.offset(), SITE_CALL, cold[i + 5])
                if self.metered:
                    self.end_metered_poll(cold[i + 2])
                else:
                    masm.loop_poll_end(cold[i + 2])
            elif kind == COLD_PAY:
                self.add_fuel(cold[i + 3])
                masm.jump(cold[i + 2])
            elif kind == COLD_MISMATCH:
                self.emit_mismatch(cold[i + 2], cold[i + 3], cold[i + 5])
            else:
                masm.entry_poll(frame_bytes, BUILTINS_OFFSET, POLL_OFFSET)
                self.add_site(masm.offset(), SITE_CALL, 0)
                masm.entry_poll_end(frame_bytes, cold[i + 2])
            i += COLD_WORDS

    def end_metered_poll(self, back: i64) -> None:
        reload = self.masm.new_label()
        self.masm.loop_poll_end(reload)
        self.masm.bind(reload)
        self.read_fuel()
        self.masm.jump(back)

    def emit_mismatch(self, back: i64, type: i64, ref: i64) -> None:
        """When a function reference has not the expected type id. back: where to go on if it fits anyway, or -1."""
        masm = self.masm
        null = masm.new_label()
        masm.mismatch(ref, FUNCREF_TYPE, signed32(NULL_TYPE_ID), null)
        if back >= 0:
            masm.save_all()
            masm.move(8, self.plan.helper_args[1], ref)
            masm.const(self.plan.helper_args[0], type)
            masm.move(8, self.plan.callee_vmctx, self.vmctx)
            masm.load_ptr(self.plan.int_result, self.vmctx, BUILTINS_OFFSET)
            masm.call_at(self.plan.int_result, CALL_INDIRECT_SLOW)
            self.add_site(masm.offset(), SITE_CALL, 0)
            masm.restore_all()
            masm.jump(back)
        else:
            self.emit_trap(traps.BAD_SIGNATURE)
        masm.bind(null)
        self.emit_trap(traps.INDIRECT_CALL_TO_NULL)

    def emit_trap(self, trap: i64) -> None:
        if self.metered:
            self.write_fuel(self.due, self.plan.int_result)
        self.masm.load_ptr(self.plan.int_result, self.vmctx, BUILTINS_OFFSET)
        self.masm.call_at(self.plan.int_result, TRAP_OFFSET)
        self.add_site(self.masm.offset(), SITE_TRAP | (trap << 8), 0)

    def emit_jump_tables(self) -> None:
        masm = self.masm
        if self.num_tables:
            masm.align_code(4)
        i: i64 = 0
        while i < self.num_tables:
            table = self.tables_of[i]
            last = i + 1 + self.tables_of[i + 1]
            i += 2
            masm.bind(table)
            while i <= last:
                masm.table_entry(table, self.tables_of[i])
                i += 1

    def add_table_word(self, word: i64) -> None:
        n = self.num_tables
        if n >= len(self.tables_of):
            self.tables_of = append(self.tables_of, 0)
        self.tables_of[n] = word
        self.num_tables = n + 1

    # --- frames ---------------------------------------------------------------------------------------------------
    def push_frame(self, kind: i64, params: bytes, results: bytes, base: i64) -> None:
        n = self.depth + 1
        self.depth = n
        if n >= len(self.c_kinds):
            self.c_kinds = append(self.c_kinds, 0)
            self.c_labels = append(self.c_labels, 0)
            self.c_elses = append(self.c_elses, 0)
            self.c_bases = append(self.c_bases, 0)
        self.c_kinds[n] = kind
        self.c_labels[n] = self.masm.new_label()
        self.c_bases[n] = base
        if self.metered:
            self.open_label(n, UNDECIDED)
        if n >= len(self.c_params):
            self.c_params.append(params)
            self.c_results.append(results)
        else:
            self.c_params[n] = params
            self.c_results[n] = results
        self.base = base

    def block_params(self, type: i64) -> bytes:
        return self.env.type_params[type] if type >= 0 else NOTHING

    def block_results(self, type: i64) -> bytes:
        if type == -1:
            return NOTHING
        return self.env.type_results[type] if type >= 0 else self.single_result(~type)

    def single_result(self, t: i64) -> bytes:
        if 0x7C <= t <= 0x7F:
            return SINGLE[0x7F - t]
        return SINGLE[self.env.block_result_code(t)]

    def block(self, type: i64) -> None:
        params = self.block_params(type)
        base = self.sp - i64(len(params))
        self.settle(base)
        self.push_frame(C_BLOCK, params, self.block_results(type), base)

    def loop(self, type: i64) -> None:
        params = self.block_params(type)
        base = self.sp - i64(len(params))
        self.settle(base)
        if params:
            self.force_slots(base, self.sp)
        self.push_frame(C_LOOP, params, self.block_results(type), base)
        masm = self.masm
        if self.metered:
            self.count()
            self.pay()
            self.open_label(self.depth, 0)
        masm.align_code(LOOP_ALIGNMENT)
        masm.bind(self.c_labels[self.depth])
        masm.poll_check(self.vmctx)
        slow = masm.new_label()
        masm.branch(LT_U, slow)
        back = masm.new_label()
        masm.bind(back)
        self.add_cold(COLD_POLL, slow, back, 0, self.stack_map())
        if self.metered:
            masm.compare_const(8, self.plan.fuel, 0)
            self.trap_if(GE_S, traps.OUT_OF_FUEL)

    def if_(self, type: i64) -> None:
        cond = self.pop_condition()
        params = self.block_params(type)
        base = self.sp - i64(len(params))
        # From here to the branch the flags are live.
        self.settle(base)
        if params:
            self.force_slots(base, self.sp)
        if self.metered:
            self.count()
        self.push_frame(C_IF, params, self.block_results(type), base)
        other = self.masm.new_label()
        self.c_elses[self.depth] = other
        self.masm.branch(cond ^ 1, other)

    def else_(self) -> None:
        n = self.depth
        if self.metered:
            self.count()
        if not self.dead:
            if self.metered:
                self.meet_label(n)
            self.move_to_label(n)
            self.masm.jump(self.c_labels[n])
            self.drop_to_base()
        self.masm.bind(self.c_elses[n])
        if self.metered:
            self.due = self.c_else_due[n]
        self.zero_flag_at = -1
        self.sum_end = -1
        self.load_end = -1
        self.dead = False
        self.c_kinds[n] = C_ELSE
        self.push_slots(self.c_params[n])

    def end(self) -> None:
        n = self.depth
        kind = self.c_kinds[n]
        results = self.c_results[n]
        masm = self.masm
        label = self.c_labels[n]
        if self.metered:
            self.count()
        if kind == C_FUNC:
            self.end_function(label)
            return
        # Branches to the label come with other flags.
        self.zero_flag_at = -1
        self.sum_end = -1
        self.load_end = -1
        if kind == C_LOOP:
            if self.dead:
                self.push_label_places(results)
        elif kind == C_IF:
            if results:
                if not self.dead:
                    if self.metered:
                        self.meet_label(n)
                    self.move_to_label(n)
                    masm.jump(label)
                    self.drop_to_base()
                masm.bind(self.c_elses[n])
                if self.metered:
                    self.due = self.c_else_due[n]
                    self.meet_label(n)
                self.push_slots(self.c_params[n])
                self.move_to_label(n)
                self.drop_to_base()
                self.push_label_places(results)
            elif self.metered:
                self.join_else(n)
            else:
                masm.bind(self.c_elses[n])
            masm.bind(label)
        elif masm.is_wanted(label):
            if self.metered:
                if not self.dead:
                    self.meet_label(n)
                self.due = self.c_due[n]
            if not self.dead and results:
                self.move_to_label(n)
                self.drop_to_base()
            masm.bind(label)
            self.push_label_places(results)
        elif self.dead:
            self.push_label_places(results)
        self.dead = False
        self.depth = n - 1
        self.base = self.c_bases[n - 1]

    def join_else(self, n: i64) -> None:
        """The end of an `if` without `else` and results, for fuel: both paths come to owe the same."""
        if self.c_due[n] == UNDECIDED:
            self.c_due[n] = self.c_else_due[n]
        owed = self.c_else_due[n] - self.c_due[n]
        if not self.dead:
            self.meet_label(n)
            if owed:
                self.masm.jump(self.c_labels[n])
        self.masm.bind(self.c_elses[n])
        self.add_fuel(owed)
        self.due = self.c_due[n]

    def end_function(self, label: i64) -> None:
        raise NotImplementedError

    def drop_to_base(self) -> None:
        while self.sp > self.base:
            self.discard()
        self.settled = self.base

    def push_slots(self, types: bytes) -> None:
        """Push operands that are in their slots."""
        for t in types:
            self.push(K_SLOT, i64(t), 0)
        self.settled = self.sp

    def push_label_places(self, types: bytes) -> None:
        """Push results as every path left them at the label. All registers are free before."""
        self.free_ints = self.scratch_ints
        self.free_floats = self.scratch_floats
        if len(types) == 1:
            t: i64 = types[0]
            reg: i64 = 0
            if is_float_type(t):
                self.free_floats &= ~BIT[reg]
            else:
                reg = self.plan.int_result
                self.free_ints &= ~BIT[reg]
            self.push(K_REG, t, reg)
        elif len(types) > 1:
            self.push_slots(types)

    # --- branches -------------------------------------------------------------------------------------------------
    def label_types(self, n: i64) -> bytes:
        """Types of the operands that a branch to frame n takes."""
        return self.c_params[n] if self.c_kinds[n] == C_LOOP else self.c_results[n]

    def takes_one_register(self, n: i64) -> bool:
        """Whether a branch to frame n takes exactly one operand, in the result register."""
        return self.c_kinds[n] != C_LOOP and len(self.c_results[n]) == 1

    def move_to_label(self, n: i64) -> None:
        """Bring the top operands to the label places of frame n; afterwards they must be dropped."""
        count: i64 = len(self.label_types(n))
        if count == 0:
            return
        if self.takes_one_register(n):
            top = self.sp - 1
            if is_float_type(self.type_at(top)):
                self.load_float(top, 0)
            else:
                self.load_int(top, self.plan.int_result)
            return
        int_temp = self.alloc_int()
        pointer = self.alloc_int()
        float_temp = self.alloc_float()
        self.copy_to_label(n, count, int_temp, pointer, float_temp)
        self.free_int(int_temp)
        self.free_int(pointer)
        self.free_float(float_temp)

    def copy_to_label(self, n: i64, count: i64, int_temp: i64, pointer: i64, float_temp: i64) -> None:
        """Copy the top `count` operands to the label places of frame n. Changes no operand and no flags."""
        self.check_code_size()
        if self.c_kinds[n] == C_FUNC:
            self.copy_to_results(count, int_temp, pointer, float_temp)
            return
        first = self.sp - count
        base = self.c_bases[n]
        # Ascending: an operand's slot never lies below its destination.
        i: i64 = 0
        while i < count:
            self.copy_to_frame(first + i, self.new_slot(base + i), int_temp, float_temp)
            i += 1

    def copy_to_frame(self, i: i64, off: i64, int_temp: i64, float_temp: i64) -> None:
        """Copy operand i to a frame offset."""
        op = self.ops[i]
        kind = op & KIND
        t = (op >> TYPE_SHIFT) & TYPE
        reg = op >> VALUE_SHIFT
        if kind <= K_WIDE:
            self.store_const(i, off)
            return
        if kind == K_SLOT and self.slot_off(i) == off:
            return
        if kind == K_LOCAL:
            reg = self.local_regs[reg]
        if kind == K_SLOT or reg < 0:
            if is_float_type(t):
                reg = float_temp
                self.load_float(i, reg)
            else:
                reg = int_temp
                self.load_int(i, reg)
        self.masm.store_frame(t, reg, off)

    def copy_to_results(self, count: i64, int_temp: i64, pointer: i64, float_temp: i64) -> None:
        """Copy the top operands to the results of the function."""
        masm = self.masm
        first = self.sp - count
        places = self.own_layout.result_places
        where = self.own_layout.result_where
        i: i64 = 0
        if self.own_layout.out_place >= 0:
            masm.load_ptr(pointer, self.plan.frame, self.out_off)
            while i < count:
                if places[i] == STACK:
                    t = self.type_at(first + i)
                    if is_float_type(t):
                        self.load_float(first + i, float_temp)
                        masm.store_at(t, float_temp, pointer, where[i])
                    else:
                        self.load_int(first + i, int_temp)
                        masm.store_at(t, int_temp, pointer, where[i])
                i += 1
        self.results_to_registers(first, count)

    def results_to_registers(self, first: i64, count: i64) -> None:
        """Copy the operands from `first` on, as far as results are returned in registers; the others are done."""
        places = self.own_layout.result_places
        where = self.own_layout.result_where
        i: i64 = 0
        while i < count:
            if places[i] == INT_REG and self.register_of(first + i) >= 0:
                self.add_move(8, self.register_of(first + i), self.plan.int_results[where[i]])
            i += 1
        self.do_moves(False)
        i = 0
        while i < count:
            if places[i] == FLOAT_REG and self.register_of(first + i) >= 0:
                self.add_move(8, self.register_of(first + i), where[i])
            i += 1
        self.do_moves(True)
        i = 0
        while i < count:
            if self.register_of(first + i) < 0:
                if places[i] == INT_REG:
                    self.load_int(first + i, self.plan.int_results[where[i]])
                elif places[i] == FLOAT_REG:
                    self.load_float(first + i, where[i])
            i += 1

    def register_of(self, i: i64) -> i64:
        """The register that holds operand i, -1 if it is elsewhere."""
        op = self.ops[i]
        kind = op & KIND
        if kind == K_REG:
            return op >> VALUE_SHIFT
        return self.local_regs[op >> VALUE_SHIFT] if kind == K_LOCAL else -1

    def br(self, label: i64) -> None:
        if self.metered:
            self.count()
        if self.exchanged_label >= 0:
            label = self.exchanged_label
            self.exchanged_label = -1
            self.due -= 1
        n = self.depth - label
        if self.falls_to(label):
            while self.sp > self.c_bases[n]:
                self.discard()
            return
        if self.metered:
            self.meet_label(n)
        self.move_to_label(n)
        self.masm.jump(self.c_labels[n])
        self.drop_to_base()
        self.dead = True

    def falls_to(self, label: i64) -> bool:
        """Whether nothing but the `end`s of blocks without results lies between the current `br` and its label."""
        code = self.code
        at = self.pos + 2
        depth = self.depth
        i: i64 = 0
        while i <= label:
            if (
                at + i >= self.limit
                or code[at + i] != OP_END
                or self.c_results[depth - i]
                or self.c_kinds[depth - i] == C_FUNC
            ):
                return False
            i += 1
        return self.c_kinds[depth - label] != C_LOOP

    def return_(self) -> None:
        self.br(self.depth)

    def br_if(self, label: i64) -> None:
        cond = self.pop_condition()
        n = self.depth - label
        if self.metered:
            self.count()
        # `br_if out; br loop` becomes one jump back to the loop, and a jump out that often goes nowhere.
        if self.code[self.pos + 2] == OP_BR and not self.label_types(n) and label < 0x80:
            other: i64 = self.code[self.pos + 3]
            if other < 0x80 and self.c_kinds[self.depth - other] == C_LOOP and not self.c_params[self.depth - other]:
                self.due += 1  # only the way back executes the `br`
                self.branch_to(cond ^ 1, self.depth - other)
                self.due -= 1
                self.exchanged_label = label
                return
        self.branch_if(cond, n)

    def branch_if(self, cond: i64, n: i64) -> None:
        """Branch to frame n; the flags are live, the operands stay."""
        masm = self.masm
        if self.metered:
            self.count()
        count: i64 = len(self.label_types(n))
        if count == 0:
            self.branch_to(cond, n)
            return
        if self.takes_one_register(n):
            self.top_to_result()
            self.branch_to(cond, n)
            return
        int_temp = self.alloc_int()
        pointer = self.alloc_int()
        float_temp = self.alloc_float()
        skip = masm.new_label()
        masm.branch(cond ^ 1, skip)
        self.copy_to_label(n, count, int_temp, pointer, float_temp)
        if self.metered:
            self.add_fuel(self.owed_at(n))
        masm.jump(self.c_labels[n])
        masm.bind(skip)
        self.free_int(int_temp)
        self.free_int(pointer)
        self.free_float(float_temp)

    def branch_to(self, cond: i64, n: i64) -> None:
        """Branch to frame n, whose operands are in place."""
        masm = self.masm
        label = self.c_labels[n]
        if self.metered:
            owed = self.owed_at(n)
            if owed and self.c_kinds[n] == C_LOOP:
                # Likely: both ways pay, without a detour.
                self.add_fuel(owed)
                self.due -= owed
            elif owed:
                masm.want(label)
                back = label
                label = masm.new_label()
                self.add_cold(COLD_PAY, label, back, owed, 0)
        masm.branch(cond, label)

    def top_to_result(self) -> None:
        """Have the top operand in the result register, where it stays an operand. Leaves the flags alone."""
        n = self.sp - 1
        op = self.ops[n]
        t = (op >> TYPE_SHIFT) & TYPE
        if is_float_type(t):
            if op & KIND != K_REG or op >> VALUE_SHIFT:
                self.take_float(0)
                self.pop_float_to(0)
                self.push(K_REG, t, 0)
            return
        reg = self.plan.int_result
        if op & KIND != K_REG or op >> VALUE_SHIFT != reg:
            self.take_int(reg)
            self.pop_int_to(reg)
            self.push(K_REG, t, reg)

    def br_table(self, count: i64) -> None:
        masm = self.masm
        if self.metered:
            self.count()
        default = self.depth - self.targets[count]
        if count == 0:
            self.discard()
            self.br(self.depth - default)
            return
        index = self.pop_owned_int()
        arity: i64 = len(self.label_types(default))
        if arity and self.needs_stub(count):
            # The stubs are several ways on from here: none of them may spill anything.
            self.spill_registers(self.sp)
        if arity == 1:
            # Most labels want the operand in the result register, so it goes there before the jump.
            if index == self.plan.int_result and not is_float_type(self.type_at(self.sp - 1)):
                other = self.alloc_int()
                masm.move(4, other, index)
                self.free_int(index)
                index = other
            self.top_to_result()
        tmp = self.alloc_int()
        table = masm.new_label()
        self.add_table_word(table)
        self.add_table_word(count)
        masm.compare_const(4, index, count)
        stubs = vec[i64]()
        i: i64 = 0
        default_label: i64 = 0
        while i <= count:
            n = self.depth - self.targets[i]
            label = self.c_labels[n]
            if (arity and not self.takes_one_register(n)) or (self.metered and self.owed_at(n)):
                label = masm.new_label()
                stubs = append(append(stubs, n), label)
            if i < count:
                self.add_table_word(label)
                masm.want(label)
            else:
                default_label = label
            i += 1
        masm.branch(GE_U, default_label)
        masm.jump_table(index, tmp, table)
        self.free_int(index)
        self.free_int(tmp)
        i = 0
        while i < i64(len(stubs)):
            masm.bind(stubs[i + 1])
            if self.metered:
                self.add_fuel(self.owed_at(stubs[i]))
            self.move_to_label(stubs[i])
            masm.jump(self.c_labels[stubs[i]])
            i += 2
        self.drop_to_base()
        self.dead = True

    def needs_stub(self, count: i64) -> bool:
        """Whether a label of the current br_table takes its operands anywhere but in the result register."""
        i: i64 = 0
        while i <= count:
            if not self.takes_one_register(self.depth - self.targets[i]):
                return True
            i += 1
        return False

    def unreachable(self) -> None:
        self.masm.jump(self.trap_label(traps.UNREACHABLE))
        self.drop_to_base()
        self.dead = True
