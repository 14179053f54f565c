"""Conversions between number types."""

from __future__ import annotations

from typing import Final

from taipan.abi import traps
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64
from taipan.compiler.llvm.emit_numeric import Numeric
from taipan.compiler.llvm.text import LIKELY, TYPES, UNLIKELY

# (integer type, float type, signed) -> what is too low, how it compares with what fits, what is too high
RANGES: Final = {
    (T_I32, T_F32, True): ("oge", "0xC1E0000000000000", "0x41E0000000000000"),
    (T_I32, T_F64, True): ("ogt", "0xC1E0000000200000", "0x41E0000000000000"),
    (T_I64, T_F32, True): ("oge", "0xC3E0000000000000", "0x43E0000000000000"),
    (T_I64, T_F64, True): ("oge", "0xC3E0000000000000", "0x43E0000000000000"),
    (T_I32, T_F32, False): ("ogt", "0xBFF0000000000000", "0x41F0000000000000"),
    (T_I32, T_F64, False): ("ogt", "0xBFF0000000000000", "0x41F0000000000000"),
    (T_I64, T_F32, False): ("ogt", "0xBFF0000000000000", "0x43F0000000000000"),
    (T_I64, T_F64, False): ("ogt", "0xBFF0000000000000", "0x43F0000000000000"),
}


class Convert(Numeric):
    def i32_wrap_i64(self) -> None:
        self.push(self.emit(f"trunc i64 {self.pop()} to i32"), T_I32)

    def i64_extend_i32_s(self) -> None:
        self.push(self.emit(f"sext i32 {self.pop()} to i64"), T_I64)

    def i64_extend_i32_u(self) -> None:
        self.push(self.emit(f"zext i32 {self.pop()} to i64"), T_I64)

    def f32_demote_f64(self) -> None:
        # LLVM takes fptrunc(fpext x) for x, which leaves a signalling NaN one.
        text, type = self.stack.pop()
        self.push(self.emit(f"fptrunc double {self.arithmetic_fence(text, type)} to float"), T_F32)

    def f64_promote_f32(self) -> None:
        self.push(self.emit(f"fpext float {self.pop_float()} to double"), T_F64)

    def cast(self, op: str, source: int, target: int) -> None:
        self.push(self.emit(f"{op} {TYPES[source]} {self.pop()} to {TYPES[target]}"), target)

    def truncate(self, op: str, source: int, target: int) -> None:
        text = TYPES[source]
        value = self.pop_float()
        low, lowest, highest = RANGES[target, source, op == "fptosi"]
        above = self.emit(f"fcmp {low} {text} {value}, {lowest}")
        below = self.emit(f"fcmp olt {text} {value}, {highest}")
        fits = self.emit(f"and i1 {above}, {below}")
        good, bad = self.new_block(), self.new_block()
        self.do(f"br i1 {fits}, label %{good}, label %{bad}, {LIKELY}")
        self.start(bad)
        nan = self.emit(f"fcmp uno {text} {value}, {value}")
        no_number = self.trap_block(traps.BAD_CONVERSION_TO_INTEGER)
        overflow = self.trap_block(traps.INTEGER_OVERFLOW)
        self.do(f"br i1 {nan}, label %{no_number}, label %{overflow}, {UNLIKELY}")
        self.start(good)
        self.push(self.emit(f"{op} {text} {value} to {TYPES[target]}"), target)

    def truncate_sat(self, op: str, source: int, target: int) -> None:
        result, text = TYPES[target], TYPES[source]
        name = f"llvm.{op}.sat.{result}.{'f32' if source == T_F32 else 'f64'}"
        self.ir.declare(name, f"declare {result} @{name}({text})")
        self.push(self.emit(f"call {result} @{name}({text} {self.pop_float()})"), target)

    def i32_trunc_f32_s(self) -> None:
        self.truncate("fptosi", T_F32, T_I32)

    def i32_trunc_f32_u(self) -> None:
        self.truncate("fptoui", T_F32, T_I32)

    def i32_trunc_f64_s(self) -> None:
        self.truncate("fptosi", T_F64, T_I32)

    def i32_trunc_f64_u(self) -> None:
        self.truncate("fptoui", T_F64, T_I32)

    def i64_trunc_f32_s(self) -> None:
        self.truncate("fptosi", T_F32, T_I64)

    def i64_trunc_f32_u(self) -> None:
        self.truncate("fptoui", T_F32, T_I64)

    def i64_trunc_f64_s(self) -> None:
        self.truncate("fptosi", T_F64, T_I64)

    def i64_trunc_f64_u(self) -> None:
        self.truncate("fptoui", T_F64, T_I64)

    def i32_trunc_sat_f32_s(self) -> None:
        self.truncate_sat("fptosi", T_F32, T_I32)

    def i32_trunc_sat_f32_u(self) -> None:
        self.truncate_sat("fptoui", T_F32, T_I32)

    def i32_trunc_sat_f64_s(self) -> None:
        self.truncate_sat("fptosi", T_F64, T_I32)

    def i32_trunc_sat_f64_u(self) -> None:
        self.truncate_sat("fptoui", T_F64, T_I32)

    def i64_trunc_sat_f32_s(self) -> None:
        self.truncate_sat("fptosi", T_F32, T_I64)

    def i64_trunc_sat_f32_u(self) -> None:
        self.truncate_sat("fptoui", T_F32, T_I64)

    def i64_trunc_sat_f64_s(self) -> None:
        self.truncate_sat("fptosi", T_F64, T_I64)

    def i64_trunc_sat_f64_u(self) -> None:
        self.truncate_sat("fptoui", T_F64, T_I64)

    def f32_convert_i32_s(self) -> None:
        self.cast("sitofp", T_I32, T_F32)

    def f32_convert_i32_u(self) -> None:
        self.cast("uitofp", T_I32, T_F32)

    def f32_convert_i64_s(self) -> None:
        self.cast("sitofp", T_I64, T_F32)

    def f32_convert_i64_u(self) -> None:
        self.cast("uitofp", T_I64, T_F32)

    def f64_convert_i32_s(self) -> None:
        self.cast("sitofp", T_I32, T_F64)

    def f64_convert_i32_u(self) -> None:
        self.cast("uitofp", T_I32, T_F64)

    def f64_convert_i64_s(self) -> None:
        self.cast("sitofp", T_I64, T_F64)

    def f64_convert_i64_u(self) -> None:
        self.cast("uitofp", T_I64, T_F64)

    def i32_reinterpret_f32(self) -> None:
        self.cast("bitcast", T_F32, T_I32)

    def i64_reinterpret_f64(self) -> None:
        self.cast("bitcast", T_F64, T_I64)

    def f32_reinterpret_i32(self) -> None:
        self.cast("bitcast", T_I32, T_F32)

    def f64_reinterpret_i64(self) -> None:
        self.cast("bitcast", T_I64, T_F64)
