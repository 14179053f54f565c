"""Integer and float arithmetic and comparisons: a line for each instruction that is one LLVM instruction.

Lines are methods, here as in `emit_memory.py` and `emit_convert.py`, because mypyc compiles no functions that are put
into a class afterwards from a table.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.abi import traps
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64
from taipan.compiler.llvm.emit_control import Control
from taipan.compiler.llvm.text import TYPES
from taipan.compiler.llvm.values import T_BOOL

SUFFIX: Final = ("i32", "i64", "f32", "f64")
SMALLEST: Final = (-(1 << 31), -(1 << 63))


class Numeric(Control):
    def intrinsic(self, name: str, type: int, *arguments: str) -> str:
        """Call an intrinsic whose arguments and result have one type."""
        text, name = TYPES[type], f"llvm.{name}.{SUFFIX[type]}"
        self.ir.declare(name, f"declare {text} @{name}({', '.join([text] * len(arguments))})")
        return self.emit(f"call {text} @{name}({', '.join(f'{text} {a}' for a in arguments)})")

    # --- constants ------------------------------------------------------------------------------------------------
    def i32_const(self, value: i64) -> None:
        self.push(str(value), T_I32)

    def i64_const(self, value: i64) -> None:
        self.push(str(value), T_I64)

    def f32_const(self, bits: i64) -> None:
        self.push(float_text(int(bits) & 0xFFFF_FFFF), T_F32)

    def f64_const(self, bits: i64) -> None:
        self.push(f"0x{int(bits) & 0xFFFF_FFFF_FFFF_FFFF:016X}", T_F64)

    # --- by shape -------------------------------------------------------------------------------------------------
    def int_binop(self, op: str, type: int) -> None:
        b = self.pop()
        a = self.pop()
        if is_literal(b):
            a = self.frozen(a, type)
        elif is_literal(a):
            b = self.frozen(b, type)
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {b}"), type)

    def frozen(self, value: str, type: int) -> str:
        """An operand beside a constant. If it comes from memory, LLVM must not make the access one of those bits only
        that are wanted: such an access has no location.
        """
        return self.emit(f"freeze {TYPES[type]} {value}") if value in self.loaded else value

    def int_shift(self, op: str, type: int) -> None:
        count = self.masked_count(type)
        a = self.frozen(self.pop(), type)
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {count}"), type)

    def rotate(self, op: str, type: int) -> None:
        count = self.masked_count(type)
        a = self.pop()
        self.push(self.intrinsic(op, type, a, a, count), type)

    def masked_count(self, type: int) -> str:
        """Pop a shift count, modulo the width."""
        return self.emit(f"and {TYPES[type]} {self.frozen(self.pop(), type)}, {31 if type == T_I32 else 63}")

    def compare(self, op: str, type: int) -> None:
        if type == T_F32 or type == T_F64:
            b = self.pop_float()
            a = self.pop_float()
        else:
            b = self.pop()
            a = self.pop()
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {b}"), T_BOOL)

    def count_bits(self, op: str, type: int) -> None:
        a = self.pop()
        if op == "ctpop":
            self.push(self.intrinsic(op, type, a), type)
            return
        text = TYPES[type]
        name = f"llvm.{op}.{text}"
        self.ir.declare(name, f"declare {text} @{name}({text}, i1)")
        self.push(self.emit(f"call {text} @{name}({text} {a}, i1 false)"), type)

    def sign_extend(self, bits: str, type: int) -> None:
        narrow = self.emit(f"trunc {TYPES[type]} {self.pop()} to {bits}")
        self.push(self.emit(f"sext {bits} {narrow} to {TYPES[type]}"), type)

    def float_binop(self, op: str, type: int) -> None:
        b = self.pop_float()
        a = self.pop_float()
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {b}"), type)

    def float_unop(self, op: str, type: int) -> None:
        self.push(self.intrinsic(op, type, self.pop_float()), type)

    # --- the others -------------------------------------------------------------------------------------------------
    def i32_eqz(self) -> None:
        text, type = self.stack.pop()
        if type == T_BOOL:
            self.push(self.emit(f"xor i1 {text}, true"), T_BOOL)
        else:
            self.push(self.emit(f"icmp eq i32 {text}, 0"), T_BOOL)

    def i64_eqz(self) -> None:
        self.push(self.emit(f"icmp eq i64 {self.pop()}, 0"), T_BOOL)

    def divide(self, op: str, type: int) -> None:
        text = TYPES[type]
        b = self.pop()
        a = self.pop()
        if is_literal(b):
            a = self.frozen(a, type)
        if not is_literal(b) or int(b) == 0:
            self.trap_if(self.emit(f"icmp eq {text} {b}, 0"), traps.INTEGER_DIVISION_BY_ZERO)
        if not is_literal(b) or int(b) == -1:
            if op == "sdiv":
                smallest = self.emit(f"icmp eq {text} {a}, {SMALLEST[type]}")
                minus_one = self.emit(f"icmp eq {text} {b}, -1")
                self.trap_if(self.emit(f"and i1 {smallest}, {minus_one}"), traps.INTEGER_OVERFLOW)
            elif op == "srem":
                # The smallest number % -1 is 0, as is every number % 1; the processor faults.
                minus_one = self.emit(f"icmp eq {text} {b}, -1")
                b = self.emit(f"select i1 {minus_one}, {text} 1, {text} {b}")
        self.push(self.emit(f"{op} {text} {a}, {b}"), type)

    def float_neg(self, type: int) -> None:
        self.push(self.emit(f"fneg {TYPES[type]} {self.pop_float()}"), type)

    def float_copysign(self, type: int) -> None:
        b = self.pop_float()
        a = self.pop_float()
        self.push(self.intrinsic("copysign", type, a, b), type)

    def min_max(self, op: str, type: int) -> None:
        """Equal operands may differ in sign (or: -0 is less), unordered ones add to a NaN.

        llvm.minimum would let signalling NaNs through.
        """
        text = TYPES[type]
        bits = "i32" if type == T_F32 else "i64"
        b = self.pop_float()
        a = self.pop_float()
        first = self.emit(f"fcmp {'olt' if op == 'min' else 'ogt'} {text} {a}, {b}")
        chosen = self.emit(f"select i1 {first}, {text} {a}, {text} {b}")
        a_bits = self.emit(f"bitcast {text} {a} to {bits}")
        b_bits = self.emit(f"bitcast {text} {b} to {bits}")
        both = self.emit(f"{'or' if op == 'min' else 'and'} {bits} {a_bits}, {b_bits}")
        merged = self.emit(f"bitcast {bits} {both} to {text}")
        equal = self.emit(f"fcmp oeq {text} {a}, {b}")
        ordered = self.emit(f"select i1 {equal}, {text} {merged}, {text} {chosen}")
        total = self.emit(f"fadd {text} {a}, {b}")
        unordered = self.emit(f"fcmp uno {text} {a}, {b}")
        self.push(self.emit(f"select i1 {unordered}, {text} {total}, {text} {ordered}"), type)

    # --- wide arithmetic ------------------------------------------------------------------------------------------
    def pop_wide(self) -> str:
        """A 128-bit number from two operands, the lower half below."""
        high = self.emit(f"zext i64 {self.pop()} to i128")
        low = self.emit(f"zext i64 {self.pop()} to i128")
        high = self.emit(f"shl i128 {high}, 64")
        return self.emit(f"or disjoint i128 {high}, {low}")

    def push_wide(self, wide: str) -> None:
        self.push(self.emit(f"trunc i128 {wide} to i64"), T_I64)
        high = self.emit(f"lshr i128 {wide}, 64")
        self.push(self.emit(f"trunc i128 {high} to i64"), T_I64)

    def wide_binop(self, op: str) -> None:
        b = self.pop_wide()
        a = self.pop_wide()
        self.push_wide(self.emit(f"{op} i128 {a}, {b}"))

    def mul_wide(self, op: str) -> None:
        b = self.emit(f"{op} i64 {self.pop()} to i128")
        a = self.emit(f"{op} i64 {self.pop()} to i128")
        self.push_wide(self.emit(f"mul i128 {a}, {b}"))

    # --- i32 ----------------------------------------------------------------------------------------------------------
    def i32_add(self) -> None:
        self.int_binop("add", T_I32)

    def i32_sub(self) -> None:
        self.int_binop("sub", T_I32)

    def i32_mul(self) -> None:
        self.int_binop("mul", T_I32)

    def i32_and(self) -> None:
        self.int_binop("and", T_I32)

    def i32_or(self) -> None:
        self.int_binop("or", T_I32)

    def i32_xor(self) -> None:
        self.int_binop("xor", T_I32)

    def i32_shl(self) -> None:
        self.int_shift("shl", T_I32)

    def i32_shr_s(self) -> None:
        self.int_shift("ashr", T_I32)

    def i32_shr_u(self) -> None:
        self.int_shift("lshr", T_I32)

    def i32_rotl(self) -> None:
        self.rotate("fshl", T_I32)

    def i32_rotr(self) -> None:
        self.rotate("fshr", T_I32)

    def i32_div_s(self) -> None:
        self.divide("sdiv", T_I32)

    def i32_div_u(self) -> None:
        self.divide("udiv", T_I32)

    def i32_rem_s(self) -> None:
        self.divide("srem", T_I32)

    def i32_rem_u(self) -> None:
        self.divide("urem", T_I32)

    def i32_eq(self) -> None:
        self.compare("icmp eq", T_I32)

    def i32_ne(self) -> None:
        self.compare("icmp ne", T_I32)

    def i32_lt_s(self) -> None:
        self.compare("icmp slt", T_I32)

    def i32_lt_u(self) -> None:
        self.compare("icmp ult", T_I32)

    def i32_gt_s(self) -> None:
        self.compare("icmp sgt", T_I32)

    def i32_gt_u(self) -> None:
        self.compare("icmp ugt", T_I32)

    def i32_le_s(self) -> None:
        self.compare("icmp sle", T_I32)

    def i32_le_u(self) -> None:
        self.compare("icmp ule", T_I32)

    def i32_ge_s(self) -> None:
        self.compare("icmp sge", T_I32)

    def i32_ge_u(self) -> None:
        self.compare("icmp uge", T_I32)

    def i32_clz(self) -> None:
        self.count_bits("ctlz", T_I32)

    def i32_ctz(self) -> None:
        self.count_bits("cttz", T_I32)

    def i32_popcnt(self) -> None:
        self.count_bits("ctpop", T_I32)

    def i32_extend8_s(self) -> None:
        self.sign_extend("i8", T_I32)

    def i32_extend16_s(self) -> None:
        self.sign_extend("i16", T_I32)

    # --- i64 ----------------------------------------------------------------------------------------------------------
    def i64_add(self) -> None:
        self.int_binop("add", T_I64)

    def i64_sub(self) -> None:
        self.int_binop("sub", T_I64)

    def i64_mul(self) -> None:
        self.int_binop("mul", T_I64)

    def i64_and(self) -> None:
        self.int_binop("and", T_I64)

    def i64_or(self) -> None:
        self.int_binop("or", T_I64)

    def i64_xor(self) -> None:
        self.int_binop("xor", T_I64)

    def i64_shl(self) -> None:
        self.int_shift("shl", T_I64)

    def i64_shr_s(self) -> None:
        self.int_shift("ashr", T_I64)

    def i64_shr_u(self) -> None:
        self.int_shift("lshr", T_I64)

    def i64_rotl(self) -> None:
        self.rotate("fshl", T_I64)

    def i64_rotr(self) -> None:
        self.rotate("fshr", T_I64)

    def i64_div_s(self) -> None:
        self.divide("sdiv", T_I64)

    def i64_div_u(self) -> None:
        self.divide("udiv", T_I64)

    def i64_rem_s(self) -> None:
        self.divide("srem", T_I64)

    def i64_rem_u(self) -> None:
        self.divide("urem", T_I64)

    def i64_eq(self) -> None:
        self.compare("icmp eq", T_I64)

    def i64_ne(self) -> None:
        self.compare("icmp ne", T_I64)

    def i64_lt_s(self) -> None:
        self.compare("icmp slt", T_I64)

    def i64_lt_u(self) -> None:
        self.compare("icmp ult", T_I64)

    def i64_gt_s(self) -> None:
        self.compare("icmp sgt", T_I64)

    def i64_gt_u(self) -> None:
        self.compare("icmp ugt", T_I64)

    def i64_le_s(self) -> None:
        self.compare("icmp sle", T_I64)

    def i64_le_u(self) -> None:
        self.compare("icmp ule", T_I64)

    def i64_ge_s(self) -> None:
        self.compare("icmp sge", T_I64)

    def i64_ge_u(self) -> None:
        self.compare("icmp uge", T_I64)

    def i64_clz(self) -> None:
        self.count_bits("ctlz", T_I64)

    def i64_ctz(self) -> None:
        self.count_bits("cttz", T_I64)

    def i64_popcnt(self) -> None:
        self.count_bits("ctpop", T_I64)

    def i64_extend8_s(self) -> None:
        self.sign_extend("i8", T_I64)

    def i64_extend16_s(self) -> None:
        self.sign_extend("i16", T_I64)

    def i64_extend32_s(self) -> None:
        self.sign_extend("i32", T_I64)

    def i64_add128(self) -> None:
        self.wide_binop("add")

    def i64_sub128(self) -> None:
        self.wide_binop("sub")

    def i64_mul_wide_s(self) -> None:
        self.mul_wide("sext")

    def i64_mul_wide_u(self) -> None:
        self.mul_wide("zext")

    # --- f32 ----------------------------------------------------------------------------------------------------------
    def f32_add(self) -> None:
        self.float_binop("fadd", T_F32)

    def f32_sub(self) -> None:
        self.float_binop("fsub", T_F32)

    def f32_mul(self) -> None:
        self.float_binop("fmul", T_F32)

    def f32_div(self) -> None:
        self.float_binop("fdiv", T_F32)

    def f32_abs(self) -> None:
        self.float_unop("fabs", T_F32)

    def f32_sqrt(self) -> None:
        self.float_unop("sqrt", T_F32)

    def f32_ceil(self) -> None:
        self.float_unop("ceil", T_F32)

    def f32_floor(self) -> None:
        self.float_unop("floor", T_F32)

    def f32_trunc(self) -> None:
        self.float_unop("trunc", T_F32)

    def f32_nearest(self) -> None:
        self.float_unop("roundeven", T_F32)

    def f32_neg(self) -> None:
        self.float_neg(T_F32)

    def f32_copysign(self) -> None:
        self.float_copysign(T_F32)

    def f32_min(self) -> None:
        self.min_max("min", T_F32)

    def f32_max(self) -> None:
        self.min_max("max", T_F32)

    def f32_eq(self) -> None:
        self.compare("fcmp oeq", T_F32)

    def f32_ne(self) -> None:
        self.compare("fcmp une", T_F32)

    def f32_lt(self) -> None:
        self.compare("fcmp olt", T_F32)

    def f32_gt(self) -> None:
        self.compare("fcmp ogt", T_F32)

    def f32_le(self) -> None:
        self.compare("fcmp ole", T_F32)

    def f32_ge(self) -> None:
        self.compare("fcmp oge", T_F32)

    # --- f64 ----------------------------------------------------------------------------------------------------------
    def f64_add(self) -> None:
        self.float_binop("fadd", T_F64)

    def f64_sub(self) -> None:
        self.float_binop("fsub", T_F64)

    def f64_mul(self) -> None:
        self.float_binop("fmul", T_F64)

    def f64_div(self) -> None:
        self.float_binop("fdiv", T_F64)

    def f64_abs(self) -> None:
        self.float_unop("fabs", T_F64)

    def f64_sqrt(self) -> None:
        self.float_unop("sqrt", T_F64)

    def f64_ceil(self) -> None:
        self.float_unop("ceil", T_F64)

    def f64_floor(self) -> None:
        self.float_unop("floor", T_F64)

    def f64_trunc(self) -> None:
        self.float_unop("trunc", T_F64)

    def f64_nearest(self) -> None:
        self.float_unop("roundeven", T_F64)

    def f64_neg(self) -> None:
        self.float_neg(T_F64)

    def f64_copysign(self) -> None:
        self.float_copysign(T_F64)

    def f64_min(self) -> None:
        self.min_max("min", T_F64)

    def f64_max(self) -> None:
        self.min_max("max", T_F64)

    def f64_eq(self) -> None:
        self.compare("fcmp oeq", T_F64)

    def f64_ne(self) -> None:
        self.compare("fcmp une", T_F64)

    def f64_lt(self) -> None:
        self.compare("fcmp olt", T_F64)

    def f64_gt(self) -> None:
        self.compare("fcmp ogt", T_F64)

    def f64_le(self) -> None:
        self.compare("fcmp ole", T_F64)

    def f64_ge(self) -> None:
        self.compare("fcmp oge", T_F64)


def float_text(bits: int) -> str:
    """An f32 constant: as LLVM wants it, the double of the same value; a NaN by its bits."""
    exponent, fraction, sign = bits >> 23 & 0xFF, bits & 0x7F_FFFF, bits >> 31
    if exponent == 0xFF and fraction:
        return f"bitcast (i32 {bits} to float)"
    if exponent == 0xFF:
        exponent = 0x7FF
    elif exponent:
        exponent += 1023 - 127
    elif fraction:
        # A subnormal number is a normal double.
        shift = 24 - fraction.bit_length()
        fraction = fraction << shift & 0x7F_FFFF
        exponent = 1023 - 126 - shift
    return f"0x{sign << 63 | exponent << 52 | fraction << 29:016X}"


def is_literal(text: str) -> bool:
    """Whether the text of an integer is a number (and not a value's name)."""
    return text[0] not in "%p"  # poison
