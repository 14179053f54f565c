"""Integer and float arithmetic and comparisons: a row for each instruction that is one LLVM instruction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

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
    def i32_const(self, value: int) -> None:
        self.push(str(value), T_I32)

    def i64_const(self, value: int) -> None:
        self.push(str(value), T_I64)

    def f32_const(self, bits: int) -> None:
        self.push(float_text(bits & 0xFFFF_FFFF), T_F32)

    def f64_const(self, bits: int) -> None:
        self.push(f"0x{bits & 0xFFFF_FFFF_FFFF_FFFF:016X}", T_F64)

    # --- by shape -------------------------------------------------------------------------------------------------
    def int_binop(self, op: str, type: int) -> None:
        b = self.pop()
        a = self.pop()
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {b}"), type)

    def int_shift(self, op: str, type: int) -> None:
        count = self.masked_count(type)
        a = self.pop()
        self.push(self.emit(f"{op} {TYPES[type]} {a}, {count}"), type)

    def rotate(self, op: str, type: int) -> None:
        count = self.masked_count(type)
        a = self.pop()
        self.push(self.intrinsic(op, type, a, a, count), type)

    def masked_count(self, type: int) -> str:
        """Pop a shift count, modulo the width."""
        return self.emit(f"and {TYPES[type]} {self.pop()}, {31 if type == T_I32 else 63}")

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

    def float_neg(self, op: str, type: int) -> None:
        self.push(self.emit(f"fneg {TYPES[type]} {self.pop_float()}"), type)

    def float_copysign(self, op: str, type: int) -> None:
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

    def wide_binop(self, op: str, type: int) -> None:
        b = self.pop_wide()
        a = self.pop_wide()
        self.push_wide(self.emit(f"{op} i128 {a}, {b}"))

    def mul_wide(self, op: str, type: int) -> None:
        b = self.emit(f"{op} i64 {self.pop()} to i128")
        a = self.emit(f"{op} i64 {self.pop()} to i128")
        self.push_wide(self.emit(f"mul i128 {a}, {b}"))


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


INT: Final = ("i32", T_I32), ("i64", T_I64)
FLOAT: Final = ("f32", T_F32), ("f64", T_F64)
# types, shape, (mnemonic behind the type, argument of the shape)...
ROWS: Final = (
    (INT, Numeric.int_binop, "add add", "sub sub", "mul mul", "and and", "or or", "xor xor"),
    (INT, Numeric.int_shift, "shl shl", "shr_s ashr", "shr_u lshr"),
    (INT, Numeric.rotate, "rotl fshl", "rotr fshr"),
    (INT, Numeric.divide, "div_s sdiv", "div_u udiv", "rem_s srem", "rem_u urem"),
    (INT, Numeric.compare, "eq icmp eq", "ne icmp ne", "lt_s icmp slt", "lt_u icmp ult", "gt_s icmp sgt"),
    (INT, Numeric.compare, "gt_u icmp ugt", "le_s icmp sle", "le_u icmp ule", "ge_s icmp sge", "ge_u icmp uge"),
    (INT, Numeric.count_bits, "clz ctlz", "ctz cttz", "popcnt ctpop"),
    (INT, Numeric.sign_extend, "extend8_s i8", "extend16_s i16"),
    (INT[1:], Numeric.sign_extend, "extend32_s i32"),
    (INT[1:], Numeric.wide_binop, "add128 add", "sub128 sub"),
    (INT[1:], Numeric.mul_wide, "mul_wide_s sext", "mul_wide_u zext"),
    (FLOAT, Numeric.float_binop, "add fadd", "sub fsub", "mul fmul", "div fdiv"),
    (FLOAT, Numeric.float_unop, "abs fabs", "sqrt sqrt"),
    (FLOAT, Numeric.float_unop, "ceil ceil", "floor floor", "trunc trunc", "nearest roundeven"),
    (FLOAT, Numeric.float_neg, "neg fneg"),
    (FLOAT, Numeric.float_copysign, "copysign copysign"),
    (FLOAT, Numeric.min_max, "min min", "max max"),
    (FLOAT, Numeric.compare, "eq fcmp oeq", "ne fcmp une", "lt fcmp olt", "gt fcmp ogt", "le fcmp ole", "ge fcmp oge"),
)  # fmt: skip


def _method(shape: Callable[[Numeric, str, int], None], op: str, type: int) -> Callable[[Numeric], None]:
    def visit(self: Numeric) -> None:
        shape(self, op, type)

    return visit


for _types, _shape, *_names in ROWS:
    for _prefix, _type in _types:
        for _row in _names:
            _name, _, _op = _row.partition(" ")
            setattr(Numeric, f"{_prefix}_{_name}", _method(_shape, _op, _type))
