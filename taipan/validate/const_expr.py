"""Constant expressions: offsets, elements, initial values (spec: Validation, Constant Expressions).

`ConstExprRules` decodes like a function body but knows the constant instructions only: any other finds no method and
becomes "constant expression required". What is known it hands to the rules of bodies.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.errors import InvalidError, MalformedError, WasmError
from taipan.validate.context import Context
from taipan.validate.function import BodyRules
from taipan.wasm._generated_visit import Visitor
from taipan.wasm.cursor import FEATURE_BITS, disabled_bits
from taipan.wasm.module import ConstExpr
from taipan.wasm.types import F32, F64, I32, I64, V128, ValType

EXTENDED_CONST_BIT: Final = FEATURE_BITS["extended-const"]
GC_BIT: Final = FEATURE_BITS["gc"]


@final
class ConstExprRules(Visitor):
    """rules: does the operand stack.  num_globals: how many globals the expression may name."""

    def __init__(self, context: Context) -> None:
        self.disabled = disabled_bits(context.features)
        self.context: Final = context
        self.rules: Final = BodyRules(context)
        self.num_globals: i64 = 0
        self.base: i64 = 0

    def check(self, expr: ConstExpr, expected: ValType, num_globals: int) -> None:
        """The expression is constant and its value matches `expected`. Functions it names become declared."""
        rules = self.rules
        code = expr.code
        self.base = expr.offset
        rules.base = expr.offset
        self.num_globals = num_globals
        rules.start_body(code, 0, len(code), self.context.single(expected), 1)
        self.visit(code, 0, len(code))
        if rules.frame >= 0:
            raise self.malformed("END opcode expected: a constant expression has no end", len(code))

    # --- errors ---

    def malformed(self, message: str, offset: i64) -> MalformedError:
        return MalformedError(message, offset + self.base)

    def not_constant(self, why: str) -> InvalidError:
        return InvalidError(f"constant expression required: {why}", self.pos + self.base)

    def unsupported(self, opcode: i64) -> WasmError:
        from taipan.wasm.instructions import BY_OPCODE

        return self.not_constant(f"{BY_OPCODE[opcode].keyword} is not constant")

    # --- numbers ---

    def i32_const(self, value: i64) -> None:
        self.rules.push(I32)

    def i64_const(self, value: i64) -> None:
        self.rules.push(I64)

    def f32_const(self, bits: i64) -> None:
        self.rules.push(F32)

    def f64_const(self, bits: i64) -> None:
        self.rules.push(F64)

    def v128_const(self, low: i64, high: i64) -> None:
        self.rules.push(V128)

    def extended(self, t: i64) -> None:
        if self.disabled & EXTENDED_CONST_BIT:
            raise self.not_constant("arithmetic needs the extended-const proposal")
        rules = self.at_instruction()
        rules.pop(t)
        rules.pop(t)
        rules.push(t)

    def i32_add(self) -> None:
        self.extended(I32)

    def i32_sub(self) -> None:
        self.extended(I32)

    def i32_mul(self) -> None:
        self.extended(I32)

    def i64_add(self) -> None:
        self.extended(I64)

    def i64_sub(self) -> None:
        self.extended(I64)

    def i64_mul(self) -> None:
        self.extended(I64)

    # --- variables and functions ---

    def at_instruction(self) -> BodyRules:
        """The rules of bodies, told where the instruction is."""
        rules = self.rules
        rules.pos = self.pos
        return rules

    def global_get(self, index: i64) -> None:
        rules = self.at_instruction()
        known: i64 = self.num_globals
        if self.disabled & GC_BIT:
            known = min(known, self.context.module.num_imported_globals)
        if index >= known:
            raise rules.unknown("global", index, known)
        if self.context.global_mutable[index]:
            raise self.not_constant(f"global {index} is mutable")
        rules.push(self.context.global_types[index])

    def ref_func(self, func: i64) -> None:
        rules = self.at_instruction()
        rules.callee_type(func)
        self.context.declared[func] = 1
        rules.ref_func(func)

    def ref_null(self, heap: i64) -> None:
        self.at_instruction().ref_null(heap)

    def end(self) -> None:
        self.at_instruction().end()

    # --- aggregates ---

    def ref_i31(self) -> None:
        self.at_instruction().ref_i31()

    def struct_new(self, type: i64) -> None:
        self.at_instruction().struct_new(type)

    def struct_new_default(self, type: i64) -> None:
        self.at_instruction().struct_new_default(type)

    def struct_new_desc(self, type: i64) -> None:
        self.at_instruction().struct_new_desc(type)

    def struct_new_default_desc(self, type: i64) -> None:
        self.at_instruction().struct_new_default_desc(type)

    def array_new(self, type: i64) -> None:
        self.at_instruction().array_new(type)

    def array_new_default(self, type: i64) -> None:
        self.at_instruction().array_new_default(type)

    def array_new_fixed(self, type: i64, count: i64) -> None:
        self.at_instruction().array_new_fixed(type, count)

    def any_convert_extern(self) -> None:
        self.at_instruction().any_convert_extern()

    def extern_convert_any(self) -> None:
        self.at_instruction().extern_convert_any()
