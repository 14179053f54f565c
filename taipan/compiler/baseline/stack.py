"""The virtual operand stack: where every operand and local is, and which registers are free.

An operand is not computed to a fixed place but described: a constant, a local that was not read yet, a scratch
register, a frame slot, or the processor's flags. Instructions take operands in whatever form they are and leave their
result in a register.

Invariants:
- A register that is in `scratch_*` and not in `free_*` belongs to exactly one operand, or to the instruction being
  compiled.
- A K_LOCAL operand means the local's value *now*; before the local changes, such operands are saved.
- K_FLAGS is only ever the top, and only directly before the instruction that consumes it.
- Operand i has one frame slot, `slot_off(i)`, whatever it is.
- An i32 in a register has zeros in its upper half. Frame slots of i32s are written and read with 32 bits.
- All operands below `settled` are K_SLOT or K_CONST; so are all below the current block's `base`.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.marks import Marks
from taipan.compiler.baseline.masm import F_EQ, F_NE, NE, Masm, to_vec
from taipan.compiler.baseline.registers import BIT, RegisterPlan, lowest
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64, T_V128, ModuleEnv
from taipan.wasm._generated_visit import Visitor

# An operand is one integer: kind | type << TYPE_SHIFT | value << VALUE_SHIFT.
K_CONST: Final = 0
K_WIDE: Final = 1  # a constant beyond WIDE_LIMIT; the value is in `wide`
K_LOCAL: Final = 2
K_REG: Final = 3
K_SLOT: Final = 4
K_FLAGS: Final = 5
KIND: Final = 7
TYPE_SHIFT: Final = 3
TYPE: Final = 7
VALUE_SHIFT: Final = 6
WIDE_LIMIT: Final = 1 << 56

SIZE: Final = bytes([4, 8, 4, 8, 8, 8, 16, 8])
"""Bytes of each operand type."""

PLACE_FLOAT: Final = 32
PLACE_FRAME: Final = 64

SCAN_LIMIT: Final = 64
"""Operands looked at one by one; beyond that all are settled, so that hostile code costs linear time."""

# Opcodes that the code generator looks ahead for.
OP_IF: Final = 0x04
OP_BR_IF: Final = 0x0D
OP_SELECT: Final = 0x1B
OP_SELECT_T: Final = 0x1C
OP_LOCAL_SET: Final = 0x21
OP_LOCAL_TEE: Final = 0x22
OP_I32_EQZ: Final = 0x45


def is_float_type(t: i64) -> bool:
    return t == T_F32 or t == T_F64 or t == T_V128


class OperandStack(Visitor):
    """Operands, locals and registers of the function being compiled.

    ops: operand i < sp; its value is the constant, local, register or condition.
    local_regs: pinned register of each local or -1; local_offs: its frame offset (also where it is spilled).
    places: what holds each local: register, PLACE_FLOAT + register, or PLACE_FRAME + local. Locals that live at
    different times share registers.  local_ops: the operand that means each local.
    """

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        self.env: Final = env
        self.masm: Final = masm
        self.plan: Final[RegisterPlan] = masm.plan
        self.ops: vec[i64] = to_vec([0] * 256)
        self.wide: vec[i64] = vec[i64]()
        self.sp: i64 = 0
        self.settled: i64 = 0
        self.base: i64 = 0
        self.num_slots: i64 = 0
        self.slots_start: i64 = 0
        self.local_types: vec[i64] = to_vec([0] * 64)
        self.local_regs: vec[i64] = to_vec([0] * 64)
        self.local_offs: vec[i64] = to_vec([0] * 64)
        self.places: vec[i64] = to_vec([0] * 64)
        self.local_ops: vec[i64] = to_vec([0] * 64)
        self.num_locals: i64 = 0
        self.scratch_ints: i64 = 0
        self.scratch_floats: i64 = 0
        self.free_ints: i64 = 0
        self.free_floats: i64 = 0
        self.shunned: i64 = 0
        self.target_local: i64 = 0
        self.zero_flag_at: i64 = -1
        self.zero_flag_reg: i64 = 0
        self.zero_flag_cond: i64 = NE
        self.sum_end: i64 = -1
        self.load_end: i64 = -1
        self.marks: Marks | None = None

    # --- pushing --------------------------------------------------------------------------------------------------
    def push(self, kind: i64, t: i64, value: i64) -> None:
        """Push an operand that is no constant."""
        n = self.sp
        if n >= len(self.ops):
            self.grow()
        self.ops[n] = kind | (t << TYPE_SHIFT) | (value << VALUE_SHIFT)
        self.sp = n + 1
        self.settled = min(self.settled, n)

    def grow(self) -> None:
        """Make room for one more operand. (Apart, so that what calls it stays short.)"""
        self.ops = append(self.ops, 0)

    def push_const(self, t: i64, value: i64) -> None:
        """Push a constant: signed bits, of an f32 unsigned ones."""
        n = self.sp
        if n >= len(self.ops):
            self.grow()
        self.sp = n + 1
        if -WIDE_LIMIT < value < WIDE_LIMIT:
            self.ops[n] = (t << TYPE_SHIFT) | (value << VALUE_SHIFT)
        else:
            self.set_wide(n, t, value)

    def set_wide(self, n: i64, t: i64, value: i64) -> None:
        while n >= len(self.wide):
            self.wide = append(self.wide, 0)
        self.wide[n] = value
        self.ops[n] = K_WIDE | (t << TYPE_SHIFT)

    def const_at(self, n: i64) -> i64:
        """The value of operand n, a constant."""
        op = self.ops[n]
        return op >> VALUE_SHIFT if op & KIND == K_CONST else self.wide[n]

    def type_at(self, n: i64) -> i64:
        return (self.ops[n] >> TYPE_SHIFT) & TYPE

    def push_int(self, t: i64, reg: i64) -> None:
        """Push a result: an owned scratch register, or the pinned one that `int_target` named."""
        if self.scratch_ints & BIT[reg]:
            self.push(K_REG, t, reg)
        else:
            self.local_get(self.target_local)

    def push_float(self, t: i64, reg: i64) -> None:
        if self.scratch_floats & BIT[reg]:
            self.push(K_REG, t, reg)
        else:
            self.local_get(self.target_local)

    def push_condition(self, cond: i64) -> None:
        """Push the i32 that the flags mean: as flags if the next instruction branches or selects on it."""
        op = self.code[self.pos + 1]
        if op == OP_BR_IF or op == OP_IF or op == OP_SELECT or op == OP_I32_EQZ or op == OP_SELECT_T:
            self.push(K_FLAGS, T_I32, cond)
            return
        d = self.int_target(self.pos + 1)
        if d < 0:
            d = self.alloc_int()
        self.masm.set_cond(cond, d)
        if cond != F_EQ and cond != F_NE:
            # The flags still say the same: of an assigned local that is branched on next.
            self.zero_flag_at = self.masm.offset()
            self.zero_flag_reg = d
            self.zero_flag_cond = cond
        self.push_int(T_I32, d)

    # --- registers ------------------------------------------------------------------------------------------------
    def alloc_int(self) -> i64:
        """A scratch register, now owned by the caller. Operands on the stack may be spilled for it."""
        free = self.free_ints
        if free == 0:
            self.spill_int()
            free = self.free_ints
        easy = free & ~self.shunned
        reg = lowest(easy if easy else free)
        self.free_ints = free & ~BIT[reg]
        return reg

    def alloc_float(self) -> i64:
        free = self.free_floats
        if free == 0:
            self.spill_float()
            free = self.free_floats
        reg = lowest(free)
        self.free_floats = free & ~BIT[reg]
        return reg

    def free_int(self, reg: i64) -> None:
        """Give up a register; does nothing for a pinned one."""
        self.free_ints |= BIT[reg] & self.scratch_ints

    def free_float(self, reg: i64) -> None:
        self.free_floats |= BIT[reg] & self.scratch_floats

    def take_int(self, reg: i64) -> None:
        """Make a certain scratch register free and own it: an operand that has it moves to another place."""
        bit = BIT[reg]
        if not self.free_ints & bit:
            self.evict_int(reg)
        self.free_ints &= ~bit

    def take_float(self, reg: i64) -> None:
        bit = BIT[reg]
        if not self.free_floats & bit:
            self.evict_float(reg)
        self.free_floats &= ~bit

    def evict_float(self, reg: i64) -> None:
        if self.sp - self.settled > SCAN_LIMIT:
            self.settle(self.sp)
            return
        i = self.sp
        while i > self.settled:
            i -= 1
            op = self.ops[i]
            if op & KIND == K_REG and op >> VALUE_SHIFT == reg and is_float_type((op >> TYPE_SHIFT) & TYPE):
                self.spill(i)
                return
        raise AssertionError("bug: a scratch register has no owner")

    def evict_int(self, reg: i64) -> None:
        """Move the stack operand that has this scratch register to another register, or to its slot."""
        if self.sp - self.settled > SCAN_LIMIT:
            self.settle(self.sp)
            return
        i = self.sp
        while i > self.settled:
            i -= 1
            op = self.ops[i]
            t = (op >> TYPE_SHIFT) & TYPE
            if op & KIND == K_REG and op >> VALUE_SHIFT == reg and not is_float_type(t):
                if self.free_ints:
                    other = self.alloc_int()
                    self.masm.move(i64(SIZE[t]), other, reg)
                    self.ops[i] = K_REG | (t << TYPE_SHIFT) | (other << VALUE_SHIFT)
                    self.free_ints |= BIT[reg]
                else:
                    self.spill(i)
                return
        raise AssertionError("bug: a scratch register has no owner")

    def spill_int(self) -> None:
        """Free at least one integer register."""
        if self.sp - self.settled > SCAN_LIMIT:
            self.settle(self.sp)
            return
        i = self.settled
        while i < self.sp:
            op = self.ops[i]
            if op & KIND == K_REG and not is_float_type((op >> TYPE_SHIFT) & TYPE):
                self.spill(i)
                return
            i += 1
        raise AssertionError("bug: out of integer registers")

    def spill_float(self) -> None:
        if self.sp - self.settled > SCAN_LIMIT:
            self.settle(self.sp)
            return
        i = self.settled
        while i < self.sp:
            op = self.ops[i]
            if op & KIND == K_REG and is_float_type((op >> TYPE_SHIFT) & TYPE):
                self.spill(i)
                return
            i += 1
        raise AssertionError("bug: out of float registers")

    # --- frame slots ----------------------------------------------------------------------------------------------
    def slot_off(self, i: i64) -> i64:
        """Frame offset of operand i's slot, for reading."""
        return -(self.slots_start + (i + 1) * 8)

    def new_slot(self, i: i64) -> i64:
        """Frame offset of operand i's slot, for writing: the frame becomes large enough."""
        if i >= self.num_slots:
            self.num_slots = i + 1
        return -(self.slots_start + (i + 1) * 8)

    def spill(self, i: i64) -> None:
        """Store operand i, which is in a register, to its slot. Leaves the flags alone."""
        op = self.ops[i]
        reg = op >> VALUE_SHIFT
        t = (op >> TYPE_SHIFT) & TYPE
        self.masm.store_frame(t, reg, self.new_slot(i))
        self.ops[i] = K_SLOT | (t << TYPE_SHIFT)
        if is_float_type(t):
            self.free_floats |= BIT[reg]
        else:
            self.free_ints |= BIT[reg]

    def spill_registers(self, end: i64) -> None:
        """Store all operands below `end` that are in scratch registers."""
        if self.free_ints == self.scratch_ints and self.free_floats == self.scratch_floats:
            return
        if end - self.settled > SCAN_LIMIT:
            self.settle(end)
            return
        i = self.settled
        while i < end:
            if self.ops[i] & KIND == K_REG:
                self.spill(i)
            i += 1

    def settle(self, end: i64) -> None:
        """Bring all operands below `end` to a place that neither code nor calls change. Leaves the flags alone."""
        start = self.settled
        if start >= end:
            return
        # Registers first: locals in the frame need one to get to their slot.
        locals_left: i64 = 0
        i = start
        while i < end:
            kind = self.ops[i] & KIND
            if kind == K_REG:
                self.spill(i)
            elif kind == K_LOCAL:
                locals_left += 1
            i += 1
        i = start
        while locals_left > 0 and i < end:
            if self.ops[i] & KIND == K_LOCAL:
                self.save_local_operand(i)
                if self.ops[i] & KIND == K_REG:
                    self.spill(i)
                locals_left -= 1
            i += 1
        self.settled = end

    def save_local_operand(self, i: i64) -> None:
        """Give operand i, a K_LOCAL, a place of its own: its slot, or a register where the local must be loaded."""
        op = self.ops[i]
        index = op >> VALUE_SHIFT
        t = (op >> TYPE_SHIFT) & TYPE
        reg = self.local_regs[index]
        if reg >= 0:
            self.masm.store_frame(t, reg, self.new_slot(i))
            self.ops[i] = K_SLOT | (t << TYPE_SHIFT)
            return
        # While the operand is no register it must not be spilled for the register that it gets.
        self.ops[i] = K_CONST
        if is_float_type(t):
            reg = self.alloc_float()
        else:
            reg = self.alloc_int()
        self.masm.load_frame(t, reg, self.local_offs[index])
        self.ops[i] = K_REG | (t << TYPE_SHIFT) | (reg << VALUE_SHIFT)

    def is_pending(self, index: i64, end: i64) -> bool:
        """Whether an operand below `end` means what local `index`'s place holds; also true if that is hard to say."""
        i = end
        settled = self.settled
        if i - settled > SCAN_LIMIT:
            return True
        while i > settled:
            i -= 1
            op = self.ops[i]
            if op & KIND == K_LOCAL and self.places[op >> VALUE_SHIFT] == self.places[index]:
                return True
        return False

    def save_pending(self, index: i64) -> None:
        """Before local `index` changes: save the operands that mean what its place holds now."""
        if self.sp - self.settled > SCAN_LIMIT:
            self.settle(self.sp)
            return
        i = self.sp
        place = self.places[index]
        while i > self.settled:
            i -= 1
            op = self.ops[i]
            if op & KIND == K_LOCAL and self.places[op >> VALUE_SHIFT] == place:
                self.save_local_operand(i)

    def force_slots(self, start: i64, end: i64) -> None:
        """Store operands start..end-1, constants too, to their slots."""
        self.settle(end)
        i = start
        while i < end:
            if self.ops[i] & KIND <= K_WIDE:
                self.store_const(i, self.new_slot(i))
                self.ops[i] = K_SLOT | (self.type_at(i) << TYPE_SHIFT)
            i += 1

    def store_const(self, i: i64, off: i64) -> None:
        """Store operand i, a constant, at a frame offset. Leaves the flags alone."""
        value = self.const_at(i)
        size: i64 = SIZE[self.type_at(i)]
        if size == 4 and value >= 0x8000_0000:
            value -= 0x1_0000_0000
        if -0x8000_0000 <= value <= 0x7FFF_FFFF:
            self.masm.store_frame_const(size, value, off)
            return
        self.masm.store_frame_const(4, signed32(value & 0xFFFF_FFFF), off)
        self.masm.store_frame_const(4, value >> 32, off + 4)

    # --- popping --------------------------------------------------------------------------------------------------
    def pop_int(self) -> i64:
        """Pop an integer or reference into a register: an owned scratch register or a pinned one (only to read)."""
        n = self.sp - 1
        self.sp = n
        op = self.ops[n]
        kind = op & KIND
        if kind == K_REG:
            return op >> VALUE_SHIFT
        if kind == K_LOCAL:
            reg = self.local_regs[op >> VALUE_SHIFT]
            if reg >= 0:
                return reg
        reg = self.alloc_int()
        self.load_int(n, reg)
        return reg

    def pop_owned_int(self) -> i64:
        """Pop an integer or reference into a scratch register that may be changed."""
        reg = self.pop_int()
        if self.scratch_ints & BIT[reg]:
            return reg
        d = self.alloc_int()
        self.masm.move(i64(SIZE[self.type_at(self.sp)]), d, reg)
        return d

    def pop_int_to(self, d: i64) -> None:
        """Pop an integer or reference into register d, which the caller owns. Leaves the flags alone."""
        n = self.sp - 1
        self.sp = n
        self.load_int(n, d)
        op = self.ops[n]
        if op & KIND == K_REG:
            self.free_int(op >> VALUE_SHIFT)

    def load_int(self, n: i64, d: i64) -> None:
        """Copy operand n to integer register d. Leaves the flags alone, changes nothing else."""
        op = self.ops[n]
        kind = op & KIND
        value = op >> VALUE_SHIFT
        t = (op >> TYPE_SHIFT) & TYPE
        if kind == K_REG:
            if value != d:
                self.masm.move(i64(SIZE[t]), d, value)
        elif kind == K_LOCAL:
            reg = self.local_regs[value]
            if reg < 0:
                self.masm.load_frame(t, d, self.local_offs[value])
            elif reg != d:
                self.masm.move(i64(SIZE[t]), d, reg)
        elif kind <= K_WIDE:
            self.masm.const(d, self.int_const(n))
        elif kind == K_SLOT:
            self.masm.load_frame(t, d, self.slot_off(n))
        else:
            self.masm.set_cond(value, d)

    def int_const(self, n: i64) -> i64:
        """Constant operand n as a register holds it: an i32 zero-extended."""
        value = self.const_at(n)
        return value & 0xFFFF_FFFF if self.type_at(n) == T_I32 else value

    def pop_float(self) -> i64:
        n = self.sp - 1
        self.sp = n
        op = self.ops[n]
        kind = op & KIND
        if kind == K_REG:
            return op >> VALUE_SHIFT
        t = (op >> TYPE_SHIFT) & TYPE
        if kind == K_LOCAL:
            index = op >> VALUE_SHIFT
            reg = self.local_regs[index]
            if reg >= 0:
                return reg
            reg = self.alloc_float()
            self.masm.load_frame(t, reg, self.local_offs[index])
            return reg
        reg = self.alloc_float()
        if kind <= K_WIDE:
            self.masm.const_float(i64(SIZE[t]), reg, self.const_at(n))
        else:
            self.masm.load_frame(t, reg, self.slot_off(n))
        return reg

    def pop_float_to(self, d: i64) -> None:
        n = self.sp - 1
        self.sp = n
        self.load_float(n, d)
        op = self.ops[n]
        if op & KIND == K_REG:
            self.free_float(op >> VALUE_SHIFT)

    def load_float(self, n: i64, d: i64) -> None:
        """Copy operand n to float register d. Leaves the flags alone, changes nothing else."""
        op = self.ops[n]
        kind = op & KIND
        value = op >> VALUE_SHIFT
        t = (op >> TYPE_SHIFT) & TYPE
        if kind == K_REG:
            if value != d:
                self.masm.move_float(d, value)
        elif kind == K_LOCAL:
            reg = self.local_regs[value]
            if reg < 0:
                self.masm.load_frame(t, d, self.local_offs[value])
            elif reg != d:
                self.masm.move_float(d, reg)
        elif kind <= K_WIDE:
            self.masm.const_float(i64(SIZE[t]), d, self.const_at(n))
        else:
            self.masm.load_frame(t, d, self.slot_off(n))

    def discard(self) -> None:
        """Pop an operand without using it."""
        n = self.sp - 1
        self.sp = n
        op = self.ops[n]
        if op & KIND == K_REG:
            if is_float_type((op >> TYPE_SHIFT) & TYPE):
                self.free_floats |= BIT[op >> VALUE_SHIFT]
            else:
                self.free_ints |= BIT[op >> VALUE_SHIFT]

    def top_in_frame(self) -> i64:
        """Frame offset of the top operand if it lies in the frame, else 0 (where the caller's rbp is)."""
        n = self.sp - 1
        op = self.ops[n]
        kind = op & KIND
        if kind == K_SLOT:
            return self.slot_off(n)
        if kind == K_LOCAL:
            index = op >> VALUE_SHIFT
            if self.local_regs[index] < 0:
                return self.local_offs[index]
        return 0

    # --- where results go -----------------------------------------------------------------------------------------
    def int_target(self, next_pos: i64) -> i64:
        """Register of the pinned local that the instruction at `next_pos` assigns, if it may change now; else -1.

        A result computed there is pushed as that local, so that the assignment itself emits nothing.
        """
        op = self.code[next_pos]
        if op == OP_LOCAL_SET or op == OP_LOCAL_TEE:
            return self.assigned_register(i64(self.code[next_pos + 1]))
        return -1

    def assigned_register(self, index: i64) -> i64:
        """`int_target` for local `index`, or -1 for the first byte of a longer number."""
        if index < 0x80:
            reg = self.local_regs[index]
            if reg >= 0 and not self.is_pending(index, self.sp):
                self.target_local = index
                return reg
        return -1

    def int_result(self, a: i64) -> i64:
        """Where to compute a result whose operand `a` dies: the next instruction's local, `a`, or a new register.

        Only for instructions without immediates, and for single operations, which read before they write.
        """
        d = self.int_target(self.pos + 1)
        if d >= 0:
            self.free_int(a)
            return d
        if self.scratch_ints & BIT[a]:
            return a
        return self.alloc_int()

    def float_result(self, a: i64) -> i64:
        d = self.int_target(self.pos + 1)
        if d >= 0:
            self.free_float(a)
            return d
        if self.scratch_floats & BIT[a]:
            return a
        return self.alloc_float()

    # --- locals ---------------------------------------------------------------------------------------------------
    def local_get(self, index: i64) -> None:
        n = self.sp
        if n >= len(self.ops):
            self.grow()
        self.ops[n] = self.local_ops[index]
        self.sp = n + 1
        self.settled = min(self.settled, n)

    def local_set(self, index: i64) -> None:
        self.assign(index)

    def local_tee(self, index: i64) -> None:
        n = self.sp - 1
        op = self.ops[n]
        kind = op & KIND
        if kind == K_REG and self.local_regs[index] < 0:
            # The value stays in its register; reading the local would load it again.
            reg = op >> VALUE_SHIFT
            t = (op >> TYPE_SHIFT) & TYPE
            self.sp = n
            if n > self.settled:
                self.save_pending(index)
            self.masm.store_frame(t, reg, self.local_offs[index])
            self.push(K_REG, t, reg)
            return
        if kind <= K_WIDE:
            value = self.const_at(n)
            self.assign(index)
            self.push_const(self.local_types[index], value)
            return
        self.assign(index)
        self.local_get(index)

    def assign(self, index: i64) -> None:
        """Pop an operand into a local."""
        n = self.sp - 1
        self.sp = n
        op = self.ops[n]
        kind = op & KIND
        value = op >> VALUE_SHIFT
        if kind == K_LOCAL and value == index:
            return
        if n > self.settled:
            self.save_pending(index)
        t = (op >> TYPE_SHIFT) & TYPE
        d = self.local_regs[index]
        if d >= 0:
            if is_float_type(t):
                self.load_float(n, d)
                if kind == K_REG:
                    self.free_floats |= BIT[value]
            elif value == 0 and kind == K_CONST:
                self.masm.zero(d)
            else:
                self.load_int(n, d)
                if kind == K_REG:
                    self.free_ints |= BIT[value]
            return
        off = self.local_offs[index]
        if kind <= K_WIDE:
            self.store_const(n, off)
            return
        self.sp = n + 1
        if is_float_type(t):
            reg = self.pop_float()
            self.masm.store_frame(t, reg, off)
            self.free_float(reg)
        else:
            reg = self.pop_int()
            self.masm.store_frame(t, reg, off)
            self.free_int(reg)

    # --- parametric -----------------------------------------------------------------------------------------------
    def nop(self) -> None:
        pass

    def drop(self) -> None:
        self.discard()

    def i32_const(self, value: i64) -> None:
        self.push_const(T_I32, value)

    def i64_const(self, value: i64) -> None:
        self.push_const(T_I64, value)

    def f32_const(self, bits: i64) -> None:
        self.push_const(T_F32, bits)

    def f64_const(self, bits: i64) -> None:
        self.push_const(T_F64, bits)

    def pop_condition(self) -> i64:
        """Pop an i32 and leave "is it not zero" in the flags: the condition that says so."""
        n = self.sp - 1
        op = self.ops[n]
        if op & KIND == K_FLAGS:
            self.sp = n
            return op >> VALUE_SHIFT
        off = self.top_in_frame()
        if off:
            self.discard()
            self.masm.compare_frame_const(4, off, 0)
            return NE
        reg = self.pop_int()
        if self.zero_flag_at != self.masm.offset() or self.zero_flag_reg != reg:
            self.masm.compare_const(4, reg, 0)
            self.free_int(reg)
            return NE
        self.free_int(reg)
        return self.zero_flag_cond

    def note_flags(self, size: i64, d: i64, valid: bool) -> None:
        """The instruction just emitted left "is i32 d zero" in the flags, if valid and size is 4."""
        if valid and size == 4:
            self.zero_flag_at = self.masm.offset()
            self.zero_flag_reg = d
            self.zero_flag_cond = NE

    def select(self) -> None:
        cond = self.pop_condition()
        t = self.type_at(self.sp - 1)
        # The flags are live from here on: only moves, loads and stores may be emitted.
        if is_float_type(t):
            self.select_float(cond, t)
            return
        b = self.pop_int()
        a = self.pop_int()
        size: i64 = SIZE[t]
        d = self.int_target(self.pos + 1)
        if self.code[self.pos] == OP_SELECT_T:
            d = -1
        if d < 0:
            if self.scratch_ints & BIT[a]:
                d = a
            elif self.scratch_ints & BIT[b]:
                d = b
            else:
                d = self.alloc_int()
        if d == b:
            self.masm.select_int(cond, size, d, a)
        else:
            if d != a:
                self.masm.move(size, d, a)
            self.masm.select_int(cond ^ 1, size, d, b)
        if d != a:
            self.free_int(a)
        if d != b:
            self.free_int(b)
        self.push_int(t, d)

    def select_float(self, cond: i64, t: i64) -> None:
        masm = self.masm
        b = self.pop_float()
        a = self.pop_float()
        done = masm.new_label()
        d = a
        if not self.scratch_floats & BIT[a]:
            d = self.alloc_float()
            masm.move_float(d, a)
        masm.branch(cond, done)
        masm.move_float(d, b)
        masm.bind(done)
        self.free_float(b)
        self.push(K_REG, t, d)

    def select_t(self, count: i64) -> None:
        self.select()


def signed32(value: i64) -> i64:
    """An unsigned 32-bit number as the signed one with the same bits."""
    return value - 0x1_0000_0000 if value >= 0x8000_0000 else value


def fits32(value: i64) -> bool:
    """Whether a signed number is a sign-extended 32-bit immediate."""
    return -0x8000_0000 <= value <= 0x7FFF_FFFF
