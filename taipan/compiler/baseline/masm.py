"""The macro assembler interface: what the code generator asks of a target.

Operations have three addresses (`d = a op b`, any of which may be the same register unless said otherwise), sizes are
bytes (4 or 8), frame offsets count from the frame register (negative: locals and operands), and i32 results are
zero-extended to 64 bits. Virtual calls cost 0.3 ns more than direct ones under mypyc (measured), some 3 % of an
emitted instruction.

Rules every target keeps: moves, loads, stores and `const` leave the flags alone; integer arithmetic and `zero` do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.registers import RegisterPlan

# Integer operations.
ADD: Final = 0
SUB: Final = 1
AND: Final = 2
OR: Final = 3
XOR: Final = 4
# Shifts; those up to SHR_U may have instructions that take the count in any register.
SHL: Final = 0
SHR_S: Final = 1
SHR_U: Final = 2
ROTL: Final = 3
ROTR: Final = 4
# Float operations.
FADD: Final = 0
FSUB: Final = 1
FMUL: Final = 2
FDIV: Final = 3
# Rounding modes.
NEAREST: Final = 0
FLOOR: Final = 1
CEIL: Final = 2
TRUNC: Final = 3
# Other float operations with one operand.
SQRT: Final = 4
ABS: Final = 5
NEG: Final = 6

# Conditions; `cond ^ 1` is the opposite.
EQ: Final = 0
NE: Final = 1
LT_S: Final = 2
GE_S: Final = 3
LT_U: Final = 4
GE_U: Final = 5
GT_S: Final = 6
LE_S: Final = 7
GT_U: Final = 8
LE_U: Final = 9
# After compare_float: the odd ones ("not less") are also true for NaN.
F_EQ: Final = 10
F_NE: Final = 11
F_LT: Final = 12
F_NLT: Final = 13
F_GT: Final = 14
F_NGT: Final = 15
F_LE: Final = 16
F_NLE: Final = 17
F_GE: Final = 18
F_NGE: Final = 19
UNORDERED: Final = 20
ORDERED: Final = 21
OVERFLOW: Final = 22
NO_OVERFLOW: Final = 23
NEGATIVE: Final = 24
NOT_NEGATIVE: Final = 25
SWAPPED: Final = bytes([0, 1, 6, 7, 8, 9, 2, 3, 4, 5])
"""Integer condition -> the condition with its operands exchanged."""

SIGN64: Final = -0x8000_0000_0000_0000


def to_vec(items: Iterable[int]) -> vec[i64]:
    """A vec of the items. (The constructor's own iteration is not specialised for every iterable.)"""
    result = vec[i64]()
    for item in items:
        result = append(result, item)
    return result


class Masm:
    """plan: the target's registers. One object serves many functions; `begin` starts the next."""

    def __init__(self, plan: RegisterPlan) -> None:
        self.plan: Final = plan
        self.pool_labels: vec[i64] = vec[i64]()
        self.pool_bits: vec[i64] = vec[i64]()
        self.pool_sizes: vec[i64] = vec[i64]()

    # --- constants in memory --------------------------------------------------------------------------------------
    def pool(self, size: i64, bits: i64) -> i64:
        """Label of a constant that `emit_pool` will place behind the function."""
        n: i64 = len(self.pool_labels)
        i: i64 = n
        last = n - 32 if n > 32 else 0
        while i > last:
            i -= 1
            if self.pool_bits[i] == bits and self.pool_sizes[i] == size:
                return self.pool_labels[i]
        label = self.new_label()
        self.pool_labels = append(self.pool_labels, label)
        self.pool_bits = append(self.pool_bits, bits)
        self.pool_sizes = append(self.pool_sizes, size)
        return label

    def drop_pool(self) -> None:
        self.pool_labels = vec[i64]()
        self.pool_bits = vec[i64]()
        self.pool_sizes = vec[i64]()

    def emit_pool(self) -> None:
        n: i64 = len(self.pool_labels)
        if n == 0:
            return
        self.align_code(8)
        size: i64 = 8
        while size >= 4:
            i: i64 = 0
            while i < n:
                if self.pool_sizes[i] == size:
                    self.bind(self.pool_labels[i])
                    self.pool_data(size, self.pool_bits[i])
                i += 1
            size -= 4
        self.drop_pool()

    # --- code and labels ------------------------------------------------------------------------------------------
    def begin(self, append: bool) -> None:
        """Start a function. append: behind those before it, aligned; else they are forgotten."""
        raise NotImplementedError

    def restart(self) -> None:
        """Forget the code of the function begun last."""
        raise NotImplementedError

    def cut(self, start: i64) -> None:
        """Take back the code from an offset on. No label is bound there, nothing is recorded of it."""
        raise NotImplementedError

    def offset(self) -> i64:
        """Bytes from the function's beginning to here."""
        raise NotImplementedError

    def function_start(self) -> i64:
        """Offset of the current function in `code`."""
        raise NotImplementedError

    def patch_distance(self, at: i64, target: i64) -> None:
        """Let the 32-bit field at an offset in `code` hold the distance from its end to another offset."""
        raise NotImplementedError

    def code(self) -> bytes:
        raise NotImplementedError

    def new_label(self) -> i64:
        raise NotImplementedError

    def want(self, label: i64) -> None:
        raise NotImplementedError

    def bind(self, label: i64) -> None:
        raise NotImplementedError

    def label_offset(self, label: i64) -> i64:
        """Bytes from the function's beginning to a bound label."""
        raise NotImplementedError

    def is_wanted(self, label: i64) -> bool:
        raise NotImplementedError

    def align_code(self, alignment: i64) -> None:
        raise NotImplementedError

    # --- moves ----------------------------------------------------------------------------------------------------
    def move(self, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    def move_float(self, d: i64, s: i64) -> None:
        raise NotImplementedError

    def const(self, d: i64, value: i64) -> None:
        raise NotImplementedError

    def zero(self, d: i64) -> None:
        raise NotImplementedError

    def const_float(self, size: i64, d: i64, bits: i64) -> None:
        raise NotImplementedError

    def load_frame(self, t: i64, d: i64, off: i64) -> None:
        raise NotImplementedError

    def store_frame(self, t: i64, s: i64, off: i64) -> None:
        raise NotImplementedError

    def store_stack_arg(self, t: i64, s: i64, off: i64) -> None:
        raise NotImplementedError

    def load_stack_result(self, t: i64, d: i64, off: i64) -> None:
        raise NotImplementedError

    def stack_address(self, d: i64, off: i64) -> None:
        raise NotImplementedError

    def store_at(self, t: i64, s: i64, base: i64, off: i64) -> None:
        raise NotImplementedError

    def load_at(self, t: i64, d: i64, base: i64, off: i64) -> None:
        raise NotImplementedError

    def store_frame_const(self, size: i64, value: i64, off: i64) -> None:
        raise NotImplementedError

    def float_to_int(self, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    def int_to_float(self, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    # --- integer arithmetic ---------------------------------------------------------------------------------------
    def alu(self, op: i64, size: i64, d: i64, a: i64, b: i64) -> bool:
        """Returns whether the flags tell if the result is zero."""
        raise NotImplementedError

    def alu_const(self, op: i64, size: i64, d: i64, a: i64, value: i64) -> bool:
        """value: signed 32 bits. Returns whether the flags tell if the result is zero."""
        raise NotImplementedError

    def alu_frame(self, op: i64, size: i64, d: i64, a: i64, off: i64) -> bool:
        """Returns whether the flags tell if the result is zero."""
        raise NotImplementedError

    def alu_at(self, op: i64, size: i64, d: i64, base: i64, index: i64, disp: i64) -> bool:
        """d = d op the memory at base + index + disp; index may be -1. Returns whether the flags tell if d is zero."""
        raise NotImplementedError

    def mul_at(self, size: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        raise NotImplementedError

    def compare_access(self, size: i64, a: i64, base: i64, index: i64, disp: i64) -> None:
        raise NotImplementedError

    def falu_at(self, op: i64, size: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        raise NotImplementedError

    def sum(self, size: i64, d: i64, base: i64, index: i64, shift: i64, disp: i64) -> None:
        """d = base + (index << shift) + disp; base or index may be -1. shift: up to 3.  disp: signed 32 bits."""
        raise NotImplementedError

    def update_frame(self, op: i64, size: i64, s: i64, off: i64) -> bool:
        """frame[off] = frame[off] op s. False if the target cannot, and nothing was emitted."""
        raise NotImplementedError

    def update_frame_const(self, op: i64, size: i64, value: i64, off: i64) -> bool:
        """frame[off] = frame[off] op value, a signed 32-bit number. False if the target cannot."""
        raise NotImplementedError

    def mul(self, size: i64, d: i64, a: i64, b: i64) -> None:
        raise NotImplementedError

    def mul_frame(self, size: i64, d: i64, a: i64, off: i64) -> None:
        raise NotImplementedError

    def mul_const(self, size: i64, d: i64, a: i64, value: i64) -> None:
        raise NotImplementedError

    def neg(self, size: i64, d: i64) -> None:
        raise NotImplementedError

    def shift(self, op: i64, size: i64, d: i64, a: i64, count: i64) -> None:
        raise NotImplementedError

    def shift_takes_any_count(self, op: i64) -> bool:
        raise NotImplementedError

    def shift_const(self, op: i64, size: i64, d: i64, a: i64, count: i64) -> None:
        raise NotImplementedError

    def clz(self, size: i64, d: i64, s: i64, tmp: i64) -> None:
        raise NotImplementedError

    def ctz(self, size: i64, d: i64, s: i64, tmp: i64) -> None:
        raise NotImplementedError

    def popcnt(self, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    def extend(self, from_size: i64, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    def divide(self, signed: bool, size: i64, divisor: i64) -> None:
        """rdx:rax by divisor: quotient in rax, remainder in rdx; the dividend is in rax."""
        raise NotImplementedError

    def mul_high(self, factor: i64) -> None:
        """Upper half of the 128-bit product of rax and a register, unsigned, to rdx; rax is lost."""
        raise NotImplementedError

    def mul_wide(self, signed: bool, factor: i64) -> None:
        raise NotImplementedError

    def add_carry(self, subtract: bool, low_d: i64, high_d: i64, low: i64, high: i64) -> None:
        raise NotImplementedError

    # --- comparing ------------------------------------------------------------------------------------------------
    def compare(self, size: i64, a: i64, b: i64) -> None:
        raise NotImplementedError

    def compare_const(self, size: i64, a: i64, value: i64) -> None:
        raise NotImplementedError

    def compare_frame(self, size: i64, a: i64, off: i64) -> None:
        raise NotImplementedError

    def compare_frame_const(self, size: i64, off: i64, value: i64) -> None:
        raise NotImplementedError

    def test(self, size: i64, a: i64, b: i64) -> None:
        raise NotImplementedError

    def test_const(self, size: i64, a: i64, value: i64) -> None:
        raise NotImplementedError

    def compare_float(self, cond: i64, size: i64, a: i64, b: i64) -> None:
        """ucomis, with a and b exchanged where `a < b` must become "above", which is false for NaN."""
        raise NotImplementedError

    def set_cond(self, cond: i64, d: i64) -> None:
        raise NotImplementedError

    def branch(self, cond: i64, label: i64) -> None:
        raise NotImplementedError

    def select_int(self, cond: i64, size: i64, d: i64, s: i64) -> None:
        """d = s if cond. For F_EQ and F_NE two conditional moves cannot express "and": a branch does."""
        raise NotImplementedError

    # --- floats ---------------------------------------------------------------------------------------------------
    def falu(self, op: i64, size: i64, d: i64, a: i64, b: i64) -> None:
        raise NotImplementedError

    def falu_frame(self, op: i64, size: i64, d: i64, a: i64, off: i64) -> None:
        raise NotImplementedError

    def falu_const(self, op: i64, size: i64, d: i64, a: i64, bits: i64) -> None:
        raise NotImplementedError

    def funary(self, op: i64, size: i64, d: i64, s: i64) -> None:
        """op: a rounding mode, SQRT, ABS or NEG."""
        raise NotImplementedError

    def fmin_max(self, is_max: bool, size: i64, d: i64, a: i64, b: i64) -> None:
        """d is neither a nor b. Equal operands may differ in sign (or: -0 is less), unordered ones add to a NaN."""
        raise NotImplementedError

    def fcopysign(self, size: i64, d: i64, a: i64, b: i64) -> None:
        """d differs from b."""
        raise NotImplementedError

    def promote(self, d: i64, s: i64) -> None:
        raise NotImplementedError

    def demote(self, d: i64, s: i64) -> None:
        raise NotImplementedError

    def convert_int(self, signed: bool, int_size: i64, size: i64, d: i64, s: i64, tmp: i64) -> None:
        """tmp: an integer register, clobbered as s is where the conversion is unsigned from 64 bits."""
        raise NotImplementedError

    def truncate(self, int_size: i64, size: i64, d: i64, s: i64) -> None:
        """cvttss2si/cvttsd2si: 0x80...0 where the value does not fit."""
        raise NotImplementedError

    def flip_sign(self, d: i64) -> None:
        """d ^= 2^63 (btc)."""
        raise NotImplementedError

    def truncate_s(self, int_size: i64, size: i64, d: i64, s: i64, bad: i64, overflow: i64) -> None:
        raise NotImplementedError

    def truncate_u(self, int_size: i64, size: i64, d: i64, s: i64, tmp: i64, bad: i64, overflow: i64) -> None:
        raise NotImplementedError

    def truncate_sat_s(self, int_size: i64, size: i64, d: i64, s: i64) -> None:
        raise NotImplementedError

    def truncate_sat_u(self, int_size: i64, size: i64, d: i64, s: i64, tmp: i64) -> None:
        raise NotImplementedError

    # --- linear memory and host structures ------------------------------------------------------------------------
    def load(self, kind: i64, d: i64, base: i64, index: i64, disp: i64) -> None:
        raise NotImplementedError

    def store(self, kind: i64, s: i64, base: i64, index: i64, disp: i64) -> None:
        """kind: wasm opcode - 0x36: i32 i64 f32 f64, i32 8 16, i64 8 16 32."""
        raise NotImplementedError

    def store_const(self, kind: i64, value: i64, base: i64, index: i64, disp: i64) -> None:
        """value: signed 32 bits, sign-extended by an i64 store."""
        raise NotImplementedError

    def load_ptr(self, d: i64, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def store_ptr(self, s: i64, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def load_u32(self, d: i64, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def load_element(self, d: i64, base: i64, index: i64) -> None:
        raise NotImplementedError

    def store_element(self, s: i64, base: i64, index: i64) -> None:
        raise NotImplementedError

    def add_address(self, d: i64, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def frame_address(self, d: i64, off: i64) -> None:
        raise NotImplementedError

    def compare_at(self, size: i64, a: i64, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def compare_at_const(self, size: i64, base: i64, disp: i64, value: i64) -> None:
        raise NotImplementedError

    def add_at_const(self, base: i64, disp: i64, value: i64) -> None:
        """Add a signed 32-bit number to 64 bits in memory."""
        raise NotImplementedError

    # --- control --------------------------------------------------------------------------------------------------
    def jump(self, label: i64) -> None:
        raise NotImplementedError

    def jump_table(self, index: i64, tmp: i64, table: i64) -> None:
        raise NotImplementedError

    def table_entry(self, table: i64, label: i64) -> None:
        raise NotImplementedError

    def call_code(self) -> None:
        raise NotImplementedError

    def call_cell(self) -> None:
        raise NotImplementedError

    def jump_code(self) -> None:
        raise NotImplementedError

    def jump_cell(self) -> None:
        raise NotImplementedError

    def call_at(self, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def jump_at(self, base: i64, disp: i64) -> None:
        raise NotImplementedError

    def jump_reg(self, s: i64) -> None:
        raise NotImplementedError

    def exchange(self, a: i64, b: i64) -> None:
        raise NotImplementedError

    def adjust_stack(self, size: i64) -> None:
        """rsp -= size (the stack grows by `size` bytes)."""
        raise NotImplementedError

    # --- function frame -------------------------------------------------------------------------------------------
    def prologue(self, limit_check: bool) -> i64:
        raise NotImplementedError

    def set_frame_size(self, field: i64, size: i64) -> None:
        raise NotImplementedError

    def poll_check(self, vmctx: i64) -> None:
        raise NotImplementedError

    def entry_poll(self, frame_bytes: i64, builtins_offset: i64, poll_offset: i64) -> None:
        raise NotImplementedError

    def entry_poll_end(self, frame_bytes: i64, back: i64) -> None:
        raise NotImplementedError

    def loop_poll(self, vmctx: i64, builtins_offset: i64, poll_offset: i64) -> None:
        raise NotImplementedError

    def loop_poll_return(self) -> None:
        """Restore what `loop_poll` has changed: registers are as at the loop's header, but for the integer result."""
        raise NotImplementedError

    def loop_poll_end(self, back: i64) -> None:
        raise NotImplementedError

    def mismatch(self, ref: i64, type_offset: i64, null_type: i64, null: i64) -> None:
        raise NotImplementedError

    def save_all(self) -> None:
        """Push every register that a C function may change; keeps the stack aligned."""
        raise NotImplementedError

    def restore_all(self) -> None:
        raise NotImplementedError

    def tail_frame(self, own_bytes: i64, callee_bytes: i64) -> None:
        """Replace the frame, whose arguments take own_bytes, by the callee's arguments staged at rsp.

        Uses rsi, r10, r11. The staged area lies below its destination: the copy goes downwards.
        """
        raise NotImplementedError

    def leave(self) -> None:
        raise NotImplementedError

    def ret(self, pop_bytes: i64) -> None:
        raise NotImplementedError

    def pool_data(self, size: i64, bits: i64) -> None:
        raise NotImplementedError
