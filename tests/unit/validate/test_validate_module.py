"""Rules of sections that the official suite does not reach, and where errors are said to be."""

from __future__ import annotations

import pytest

from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.limits import MAX_SUBTYPING_DEPTH
from taipan.validate import check_module
from taipan.wasm.module import (
    ACTIVE,
    DECLARATIVE,
    FUNC,
    GLOBAL,
    PASSIVE,
    ConstExpr,
    DataSegment,
    ElemSegment,
    Export,
    GlobalDef,
    Import,
    Module,
    TableDef,
)
from taipan.wasm.types import (
    EXTERNREF,
    FUNCREF,
    HEAP_FUNC,
    I32,
    I64,
    FieldType,
    GlobalType,
    HeapType,
    Limits,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ref_type,
)
from tests.unit.validate.modules import func, module, struct

NOP_BODY = b"\0\x0b"
ZERO = ConstExpr(b"\x41\0\x0b", 100)


def verdict(built: Module, features: Features | None = None) -> str:
    built.finish()
    try:
        check_module(built, features or Features())
    except InvalidError as error:
        return str(error)
    return "ok"


def test_offset_of_the_item_is_told() -> None:
    built = module()
    built.exports = [Export("a", GLOBAL, 3, offset=0x1F3)]
    assert verdict(built) == "unknown global 3: the module has 0 (offset 0x1f3)"


def test_offset_in_a_constant_expression_counts_from_the_module() -> None:
    built = module()
    built.globals = [GlobalDef(GlobalType(I32, False), ConstExpr(b"\x41\1\x45\x0b", 0x20))]
    assert verdict(built) == "constant expression required: i32.eqz is not constant (offset 0x22)"


def test_globals_name_only_those_before_them() -> None:
    built = module()
    built.globals = [
        GlobalDef(GlobalType(I32, False), ZERO),
        GlobalDef(GlobalType(I32, False), ConstExpr(b"\x23\0\x0b", 0)),
    ]
    assert verdict(built) == "ok"
    built = module()
    built.globals = [GlobalDef(GlobalType(I32, False), ConstExpr(b"\x23\0\x0b", 0))]
    assert verdict(built).startswith("unknown global 0: there are 0")


def test_without_gc_only_imported_globals_are_constant() -> None:
    built = module()
    built.globals = [
        GlobalDef(GlobalType(I32, False), ZERO),
        GlobalDef(GlobalType(I32, False), ConstExpr(b"\x23\0\x0b", 0)),
    ]
    assert verdict(built, Features().replace(gc=False)).startswith("unknown global 0")


def test_tables_are_initialised_from_imported_globals_only() -> None:
    built = module()
    built.globals = [GlobalDef(GlobalType(FUNCREF, False), ConstExpr(b"\xd0\x70\x0b", 0))]
    built.tables = [TableDef(TableType(FUNCREF, Limits(1)), ConstExpr(b"\x23\0\x0b", 0))]
    assert verdict(built).startswith("unknown global 0")


def test_table_of_non_null_references_needs_an_initial_value() -> None:
    element = ref_type(HEAP_FUNC, nullable=False)
    built = module()
    built.tables = [TableDef(TableType(element, Limits(1)), None)]
    assert verdict(built) == "type mismatch: a table of (ref func) needs an initial value (offset 0x0)"
    built = module(NOP_BODY)
    built.tables = [TableDef(TableType(element, Limits(1)), ConstExpr(b"\xd2\0\x0b", 0))]
    assert verdict(built) == "ok"


@pytest.mark.parametrize("mode", [PASSIVE, DECLARATIVE])
def test_segments_and_exports_declare_functions(mode: int) -> None:
    body = b"\0\xd2\0\x1a\x0b"
    built = module(body)
    built.elems = [ElemSegment(mode, FUNCREF, 0, None, [0], None)]
    assert verdict(built) == "ok"
    built = module(body)
    built.exports = [Export("f", FUNC, 0)]
    assert verdict(built) == "ok"
    built = module(body)
    built.start = 0
    assert verdict(built).startswith("undeclared function reference")


def test_function_indices_fill_tables_of_non_null_references() -> None:
    built = module(NOP_BODY)
    element = ref_type(HEAP_FUNC, nullable=False)
    built.tables = [TableDef(TableType(element, Limits(1)), ConstExpr(b"\xd2\0\x0b", 0))]
    built.elems = [ElemSegment(ACTIVE, FUNCREF, 0, ZERO, [0], None)]
    assert verdict(built) == "ok"
    built = module(NOP_BODY)
    built.tables = [TableDef(TableType(EXTERNREF, Limits(1)), None)]
    built.elems = [ElemSegment(ACTIVE, FUNCREF, 0, ZERO, [0], None)]
    assert verdict(built).startswith("type mismatch: table 0 holds externref, the segment (ref func)")


def test_offsets_have_the_address_type() -> None:
    built = module()
    built.memories = [MemType(Limits(1), is_64=True)]
    built.datas = [DataSegment(ACTIVE, 0, ZERO, 0, 0)]
    assert verdict(built) == "type mismatch: instruction requires [i64] but stack has [i32] (offset 0x66)"
    built = module()
    built.memories = [MemType(Limits(1), is_64=True)]
    built.datas = [DataSegment(ACTIVE, 0, ConstExpr(b"\x42\0\x0b", 0), 0, 0)]
    assert verdict(built) == "ok"


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        (MemType(Limits(65537)), "memory size must be at most 65536 pages (4GiB)"),
        (MemType(Limits(2, 1)), "size minimum must not be greater than maximum"),
        (MemType(Limits(2**48 + 1), is_64=True), "memory size must be at most 281474976710656 pages"),
        (MemType(Limits(1), shared=True), "shared memory must have maximum"),
        (MemType(Limits(1), page_size_log2=3), "invalid custom page size"),
        (MemType(Limits(2**32), page_size_log2=0), "memory size must be at most 4294967295 pages"),
    ],
)
def test_memory_types(memory: MemType, message: str) -> None:
    built = module()
    built.memories = [memory]
    assert verdict(built, Features.everything()).startswith(message)


def test_features_that_are_off_are_named() -> None:
    built = module()
    built.memories = [MemType(Limits(1), is_64=True)]
    assert verdict(built, Features().replace(memory64=False)) == (
        "a memory with 64-bit addresses needs the memory64 proposal, which is switched off"
    )
    built = module()
    built.types = [struct()]
    built.rec_groups = [(0, 1)]
    assert "needs the gc proposal" in verdict(built, Features().replace(gc=False))


def test_tags_have_no_results() -> None:
    built = module(types=[func((I32,), (I64,))])
    built.tags = [TagType(0)]
    assert verdict(built) == "non-empty tag result type: [i64]"


def test_start_function_takes_and_returns_nothing() -> None:
    built = module(b"\0\x0b", types=[func((I32,))])
    built.start = 0
    built.start_offset = 9
    assert verdict(built) == "start function: its type is [i32] -> [], [] -> [] is needed (offset 0x9)"


def test_duplicate_export_name() -> None:
    built = module(NOP_BODY)
    built.exports = [Export("a", FUNC, 0), Export("a", FUNC, 0, offset=7)]
    assert verdict(built) == 'duplicate export name: "a" (offset 0x7)'


def test_imported_function_of_unknown_type() -> None:
    built = module()
    built.imports = [Import("m", "f", FUNC, 4, offset=12)]
    assert verdict(built) == "unknown type 4: the module has 1 so far (offset 0xc)"


# --- the type section ---


def test_types_name_only_their_group_and_what_is_before() -> None:
    pair = [func((ref_type(HeapType(1), True),)), func((ref_type(HeapType(0), True),))]
    built = module(types=list(pair))
    assert verdict(built).startswith("unknown type 1")
    built = module(types=list(pair))
    built.rec_groups = [(0, 2)]
    assert verdict(built) == "ok"


def test_super_types_are_open_and_before() -> None:
    field = FieldType(I32, False)
    for supertypes, final, message in (
        ((1,), False, "unknown type 1: the super type of type 1 must come before it"),
        ((0,), True, "sub type 1 does not match super type 0: that is final"),
        ((0, 0), False, "sub type 1 has 2 super types: at most one is allowed"),
    ):
        built = module(types=[SubType(StructType(()), final), SubType(StructType((field,)), True, supertypes)])
        assert verdict(built) == message


def test_chains_of_super_types_are_limited() -> None:
    def chain(length: int) -> Module:
        types = [SubType(StructType(()), False, (i - 1,) if i else ()) for i in range(length)]
        return module(types=types)

    assert verdict(chain(MAX_SUBTYPING_DEPTH + 1)) == "ok"
    with pytest.raises(UnsupportedError, match="too many super types above each other: 64"):
        verdict(chain(MAX_SUBTYPING_DEPTH + 2))


def test_a_supertype_compared_through_equal_groups() -> None:
    """Two recursion groups that look alike are one type, also as supertypes and in fields."""
    field = FieldType(ref_type(HeapType(0), True), False)
    other = FieldType(ref_type(HeapType(1), True), False)
    types = [
        SubType(StructType(()), False),
        SubType(StructType(()), False),
        SubType(StructType((field,)), False),
        SubType(StructType((other,)), True, (2,)),
    ]
    assert verdict(module(types=types)) == "ok"
