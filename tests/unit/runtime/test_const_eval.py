"""Constant expressions: what is folded, what is left for the instance."""

from __future__ import annotations

from typing import Any

import pytest

from taipan.errors import UnsupportedError
from taipan.runtime import const_eval
from taipan.runtime.const_eval import CONST, FUNC, GLOBAL, NULL, PROGRAM, compile_expr, constant_bytes, evaluate
from taipan.wasm.module import ConstExpr


def expr(*code: int) -> ConstExpr:
    return ConstExpr(bytes([*code, 0x0B]), 0)


class FakeGlobal:
    def __init__(self, value: Any) -> None:
        self.value = value

    def _get(self, store: object) -> Any:
        return self.value


class FakeInstance:
    """Globals hold 100 times their index; functions are named by their index."""

    def _global(self, store: object, index: int) -> FakeGlobal:
        return FakeGlobal(100 * index)

    def _func(self, store: object, index: int) -> str:
        return f"func {index}"


def run(*code: int) -> Any:
    return evaluate(compile_expr(expr(*code)), None, FakeInstance())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "compiled"),
    [
        ((0x41, 0x7F), (CONST, -1)),
        ((0x41, 0x80, 0x80, 0x80, 0x80, 0x78), (CONST, -(2**31))),
        ((0x42, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00), (CONST, 2**63 - 1)),
        ((0x43, 0x01, 0x00, 0xA0, 0x7F), (CONST, b"\x01\x00\xa0\x7f")),  # a signalling NaN keeps its bits
        ((0x44, *range(8)), (CONST, bytes(range(8)))),
        ((0xFD, 0x0C, *range(16)), (CONST, bytes(range(16)))),
        ((0xD0, 0x70), (NULL, None)),
        ((0xD0, 0x80, 0x01), (NULL, None)),  # a concrete heap type of two bytes
        ((0xD2, 0x85, 0x01), (FUNC, 133)),
        ((0x23, 0x02), (GLOBAL, 2)),
        # arithmetic on constants is folded and wraps
        ((0x41, 0x7F, 0x41, 0x02, 0x6A), (CONST, 1)),
        ((0x41, 0x80, 0x80, 0x80, 0x80, 0x78, 0x41, 0x01, 0x6B), (CONST, 2**31 - 1)),
        ((0x41, 0x03, 0x41, 0x7E, 0x6C), (CONST, -6)),
        ((0x42, 0x05, 0x42, 0x07, 0x7C), (CONST, 12)),
        ((0x42, 0x05, 0x42, 0x07, 0x7D), (CONST, -2)),
        ((0x42, 0x05, 0x42, 0x07, 0x7E), (CONST, 35)),
    ],
)
def test_compiled_form(code: tuple[int, ...], compiled: tuple[int, Any]) -> None:
    assert compile_expr(expr(*code)) == compiled


def test_a_known_global_is_a_constant() -> None:
    assert compile_expr(expr(0x23, 1), [None, 7]) == (CONST, 7)
    assert compile_expr(expr(0x23, 0), [None, 7]) == (GLOBAL, 0)
    assert compile_expr(expr(0x23, 1, 0x41, 1, 0x6A), [None, 7]) == (CONST, 8)


def test_evaluation_in_an_instance() -> None:
    assert run(0x23, 3) == 300
    assert run(0xD2, 9) == "func 9"
    assert run(0xD0, 0x6F) is None
    # (global 1 - 5) * global 2
    assert run(0x23, 1, 0x41, 5, 0x6B, 0x23, 2, 0x6C) == (100 - 5) * 200
    # 5 - (global 1 + 1): the order of operands is kept
    assert run(0x41, 5, 0x23, 1, 0x41, 1, 0x6A, 0x6B) == 5 - 101


def test_a_program_wraps_like_the_instruction() -> None:
    compiled = compile_expr(expr(0x23, 1, 0x41, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x6A))
    assert compiled[0] == PROGRAM
    assert evaluate(compiled, None, FakeInstance()) == 100 + (2**31 - 1) - 2**32  # type: ignore[arg-type]


def test_garbage_collection_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="garbage collection"):
        compile_expr(expr(0x41, 0, 0xFB, 0x1C))


def test_constant_bytes() -> None:
    assert constant_bytes(-1) == b"\xff" * 8 + bytes(8)
    assert constant_bytes(0xFFFF_FFFF) == b"\xff" * 4 + bytes(12)
    assert constant_bytes(b"\x01\x02\x03\x04") == b"\x01\x02\x03\x04" + bytes(12)
    assert len(constant_bytes(bytes(16))) == 16


def test_arithmetic_covers_the_extended_constants() -> None:
    assert sorted(const_eval._ARITHMETIC) == [0x6A, 0x6B, 0x6C, 0x7C, 0x7D, 0x7E]
