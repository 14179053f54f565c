"""What the compilers see of a module, and when memories need no checks."""

from __future__ import annotations

import pytest
from compiler_code import environment

from taipan.compiler.environ import T_EXTERNREF, T_F32, T_F64, T_FUNCREF, T_I32, T_I64
from taipan.compiler.tunables import GIB, Tunables
from taipan.errors import UnsupportedError
from taipan.wasm.types import Limits, MemType


def test_types_become_codes() -> None:
    env = environment("(type (func (param i32 i64 f32 f64 funcref externref (ref 0)) (result i64)))")
    assert list(env.type_params[0]) == [T_I32, T_I64, T_F32, T_F64, T_FUNCREF, T_EXTERNREF, T_FUNCREF]
    assert list(env.type_results[0]) == [T_I64]


def test_escaped_functions() -> None:
    env = environment(
        "(import `` `f` (func)) (table 4 funcref) (global funcref (ref.func 3))"
        "(func) (func) (func) (func) (func) (export `e` (func 5)) (export `i` (func 0))"
        "(elem (i32.const 0) func 1 1) (elem declare funcref (ref.func 4))".replace("`", '"')
    )
    assert env.escaped == [1, 3, 4, 5]
    assert env.funcref_offsets[3] == env.offsets.funcref(1)


@pytest.mark.parametrize("what", ["v128", "anyref", "exnref"])
def test_types_without_support_are_refused_where_they_are_used(what: str) -> None:
    env = environment(f"(type (func (param {what}))) (type (func))")
    env.layout(1)
    with pytest.raises(UnsupportedError, match="does not support"):
        env.layout(0)


# (reservation, guard, 64-bit, max pages) -> (static, how far offset + width may reach unchecked)
MEMORIES = {
    (4 * GIB, 2 * GIB, False, None): (True, 2 * GIB),
    (4 * GIB, 0, False, None): (True, 0),
    (8 * GIB, 0, False, None): (True, 4 * GIB),
    (4 * GIB, 2 * GIB, True, None): (False, -1),
    (0, 2 * GIB, False, None): (False, -1),
    (1 << 20, 2 * GIB, False, None): (False, -1),
    (1 << 20, 2 * GIB, False, 16): (True, -1),
    (1 << 20, 4 * GIB, False, 16): (True, 1 << 20),
}


@pytest.mark.parametrize("case", MEMORIES)
def test_which_accesses_need_no_check(case: tuple[int, int, bool, int | None]) -> None:
    reservation, guard, is_64, pages = case
    tunables = Tunables(memory_reservation=reservation, memory_guard_size=guard)
    memtype = MemType(Limits(1, pages), is_64)
    assert (tunables.static_memory(memtype), tunables.unchecked_extent(memtype)) == MEMORIES[case]
