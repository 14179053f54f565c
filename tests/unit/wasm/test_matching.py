"""Subtyping, canonical recursion groups, and whether external types fit imports."""

from __future__ import annotations

import pytest

from taipan.wasm.matching import (
    Canonicalizer,
    TypeSpace,
    abstract_matches,
    func_mismatch,
    global_mismatch,
    memory_mismatch,
    table_mismatch,
    tag_mismatch,
)
from taipan.wasm.types import (
    ANYREF,
    ARRAYREF,
    BOT,
    EQREF,
    EXNREF,
    EXTERNREF,
    FUNCREF,
    HEAP_ANY,
    HEAP_ARRAY,
    HEAP_EQ,
    HEAP_EXN,
    HEAP_EXTERN,
    HEAP_FUNC,
    HEAP_I31,
    HEAP_NOEXN,
    HEAP_NOEXTERN,
    HEAP_NOFUNC,
    HEAP_NONE,
    HEAP_STRUCT,
    I8,
    I16,
    I31REF,
    I32,
    I64,
    NULLFUNCREF,
    NULLREF,
    STRUCTREF,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    Limits,
    MemType,
    StructType,
    SubType,
    TableType,
    ValType,
    ref_type,
)

HIERARCHIES = (
    (HEAP_ANY, HEAP_EQ, HEAP_I31, HEAP_NONE),
    (HEAP_ANY, HEAP_EQ, HEAP_STRUCT, HEAP_NONE),
    (HEAP_ANY, HEAP_EQ, HEAP_ARRAY, HEAP_NONE),
    (HEAP_FUNC, HEAP_NOFUNC),
    (HEAP_EXTERN, HEAP_NOEXTERN),
    (HEAP_EXN, HEAP_NOEXN),
)


def space(types: list[SubType], groups: list[tuple[int, int]] | None = None) -> TypeSpace:
    canonicalizer = Canonicalizer()
    for first, count in groups or [(i, 1) for i in range(len(types))]:
        canonicalizer.add_group(types, first, count)
    return canonicalizer.space


def ref(index: int, nullable: bool = True, exact: bool = False) -> ValType:
    return ref_type(HeapType(index), nullable, exact)


def func(*params: ValType, results: tuple[ValType, ...] = ()) -> SubType:
    return SubType(FuncType(params, results))


def test_abstract_types_match_upwards_only() -> None:
    above = {(low, high) for chain in HIERARCHIES for i, high in enumerate(chain) for low in chain[i:]}
    heaps = {heap for chain in HIERARCHIES for heap in chain}
    for sub in heaps:
        for super in heaps:
            assert abstract_matches(sub, super) == ((sub, super) in above), (hex(sub), hex(super))


def test_concrete_and_abstract_types() -> None:
    types = space([func(), SubType(StructType(()), False), SubType(StructType(()), False, (1,))])
    assert types.matches(ref(0), FUNCREF) and not types.matches(ref(0), ANYREF)
    assert types.matches(ref(2), ref(1)) and not types.matches(ref(1), ref(2))
    assert types.matches(ref(1), STRUCTREF) and types.matches(ref(1), EQREF) and not types.matches(ref(1), ARRAYREF)
    assert types.matches(NULLREF, ref(1)) and not types.matches(NULLREF, ref(0))
    assert types.matches(NULLFUNCREF, ref(0)) and not types.matches(I31REF, ref(1))
    assert not types.matches(STRUCTREF, ref(1))


def test_null_does_not_get_into_non_null_types() -> None:
    types = space([func()])
    assert types.matches(ref(0, False), ref(0)) and not types.matches(ref(0), ref(0, False))


def test_numbers_match_themselves() -> None:
    types = space([])
    assert types.matches(I32, I32) and not types.matches(I32, I64) and not types.matches(I32, FUNCREF)
    assert types.matches(BOT, I32) and types.matches(BOT, EXNREF)


# the second is below the first, the third equal to the first
THREE_STRUCTS = [
    SubType(StructType(()), False),
    SubType(StructType(()), False, (0,)),
    SubType(StructType(()), False),
]


def test_exact_types() -> None:
    types = space(
        [SubType(StructType(()), False), SubType(StructType(()), False, (0,)), SubType(StructType(()), False)]
    )
    assert types.matches(ref(1, exact=True), ref(1)) and not types.matches(ref(1), ref(1, exact=True))
    assert types.matches(ref(1, exact=True), ref(0)) and not types.matches(ref(1, exact=True), ref(0, exact=True))
    assert types.matches(ref(0, exact=True), ref(2, exact=True))
    assert types.matches(NULLREF, ref(0, exact=True))


def test_fields_are_invariant_when_mutable() -> None:
    types = space(
        [SubType(StructType(()), False), SubType(StructType(()), False, (0,)), SubType(StructType(()), False)]
    )
    assert types.field_matches(FieldType(ref(1), False), FieldType(ref(0), False))
    assert not types.field_matches(FieldType(ref(1), True), FieldType(ref(0), True))
    assert types.field_matches(FieldType(ref(2), True), FieldType(ref(0), True))
    assert not types.field_matches(FieldType(I32, True), FieldType(I32, False))
    assert not types.field_matches(FieldType(I8, False), FieldType(I16, False))


def test_functions_take_more_and_return_less() -> None:
    types = space([SubType(StructType(()), False), SubType(StructType(()), False, (0,))])
    assert types.func_matches(FuncType((ref(0),), (ref(1),)), FuncType((ref(1),), (ref(0),)))
    assert not types.func_matches(FuncType((ref(1),), ()), FuncType((ref(0),), ()))
    assert not types.func_matches(FuncType((), ()), FuncType((I32,), ()))


# --- canonical groups ---


def test_equal_types_share_the_first_index() -> None:
    assert space([func(I32), func(I64), func(I32)]).canon == [0, 1, 0]


def test_finality_and_supertypes_distinguish() -> None:
    open_type = SubType(StructType(()), False)
    types = [open_type, SubType(StructType(())), SubType(StructType(()), True, (0,)), open_type]
    assert space(types).canon == [0, 1, 2, 0]


def test_place_in_the_group_distinguishes() -> None:
    types = [func(), func(), func(), func()]
    assert space(types, [(0, 2), (2, 2)]).canon == [0, 1, 0, 1]
    assert space(types[:3], [(0, 2), (2, 1)]).canon == [0, 1, 2]


def test_references_inside_and_outside_of_the_group_differ() -> None:
    # type 1 refers to itself, type 2 to type 1, type 3 to itself
    types = [func(), func(ref(1)), func(ref(1)), func(ref(3))]
    assert space(types).canon == [0, 1, 2, 1]


def test_references_to_equal_groups_are_equal() -> None:
    types = [func(I32), func(I32), func(ref(0)), func(ref(1))]
    assert space(types).canon == [0, 0, 2, 2]


def test_long_lists_cannot_be_taken_for_others() -> None:
    types = [func(I32, I64), func(I32, results=(I64,)), func(results=(I32, I64))]
    assert space(types).canon == [0, 1, 2]


# --- external types ---

NOTHING = TypeSpace()


def limits(min: int, max: int | None = None) -> MemType:
    return MemType(Limits(min, max))


@pytest.mark.parametrize(
    ("actual", "wanted", "fits"),
    [
        (limits(2), limits(1), True),
        (limits(1), limits(2), False),
        (limits(1, 2), limits(1, 3), True),
        (limits(1, 4), limits(1, 3), False),
        (limits(1), limits(1, 3), False),
        (MemType(Limits(1), is_64=True), limits(1), False),
        (MemType(Limits(1, 1), shared=True), limits(1, 1), False),
        (MemType(Limits(1), page_size_log2=0), limits(1), False),
    ],
)
def test_memories(actual: MemType, wanted: MemType, fits: bool) -> None:
    message = memory_mismatch(actual, wanted)
    assert (message == "") == fits
    assert fits or message.startswith("memory types incompatible: expected ")


def test_messages_of_memories_and_tables() -> None:
    assert memory_mismatch(limits(0), limits(1)) == (
        "memory types incompatible: expected memory limits (min: 1, max: none) doesn't match provided memory limits "
        "(min: 0, max: none)"
    )
    assert table_mismatch(NOTHING, TableType(EXTERNREF, Limits(0)), TableType(FUNCREF, Limits(0))) == (
        "table types incompatible: expected table of type `funcref`, found table of type `externref`"
    )
    assert "expected table limits" in table_mismatch(
        NOTHING, TableType(FUNCREF, Limits(0)), TableType(FUNCREF, Limits(1))
    )
    assert not table_mismatch(NOTHING, TableType(FUNCREF, Limits(3, 4)), TableType(FUNCREF, Limits(1, 4)))


def test_globals() -> None:
    assert not global_mismatch(NOTHING, GlobalType(NULLFUNCREF, False), GlobalType(FUNCREF, False))
    assert global_mismatch(NOTHING, GlobalType(NULLFUNCREF, True), GlobalType(FUNCREF, True))
    assert global_mismatch(NOTHING, GlobalType(I32, False), GlobalType(I64, False)) == (
        "global types incompatible: expected global of type `i64`, found global of type `i32`"
    )
    assert global_mismatch(NOTHING, GlobalType(I32, False), GlobalType(I32, True)) == (
        "global types incompatible: expected mutable global, found immutable global"
    )


def test_functions_and_tags() -> None:
    open_func = SubType(FuncType((), ()), False)
    types = space([open_func, SubType(FuncType((), ()), True, (0,)), func(I32)])
    assert not func_mismatch(types, 1, 0)
    assert func_mismatch(types, 0, 1) == (
        "func types incompatible: expected func of type `(type 1) () -> ()`, found func of type `(type 0) () -> ()`"
    )
    assert func_mismatch(types, 1, 0, exact=True)
    assert func_mismatch(types, 0, 2) == (
        "func types incompatible: expected func of type `(i32) -> ()`, found func of type `() -> ()`"
    )
    assert not tag_mismatch(types, 2, 2) and tag_mismatch(types, 1, 0)
