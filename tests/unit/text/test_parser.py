"""Modules: fields, abbreviations, implicit types, errors. The test suite itself is run by tests/spec."""

from __future__ import annotations

import pytest

from taipan.errors import InvalidError, MalformedError, UnsupportedError
from taipan.features import Features
from taipan.text import parse
from taipan.wasm.module import ACTIVE, DECLARATIVE, PASSIVE, Module
from taipan.wasm.types import FUNCREF, I32, I64, FuncType


def body(module: Module, index: int = 0) -> str:
    """A function's body as hexadecimal, local declarations included."""
    return module.code[module.body_starts[index] : module.body_ends[index]].hex(" ")


def code(instructions: str, fields: str = "") -> str:
    """The bytes of instructions in a function with parameter $p (i32) and no locals, without the final end."""
    text = body(parse(f"(module (func $f (param $p i32) {instructions}) {fields})"))
    assert text.startswith("00 ")
    assert text.endswith("0b")
    return text[3:-2].strip()


def error(source: str, features: Features | None = None) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        parse(source, features)
    return caught.value


@pytest.mark.parametrize(
    ("instructions", "encoding"),
    [
        ("nop", "01"),
        ("(i32.add (local.get $p) (i32.const -1))", "20 00 41 7f 6a"),
        ("local.get 0 i32.const 0x80 i32.add drop", "20 00 41 80 01 6a 1a"),
        ("block $a loop $b br $a end $b end", "02 40 03 40 0c 01 0b 0b"),
        ("(if (local.get $p) (then nop) (else unreachable))", "20 00 04 40 01 05 00 0b"),
        ("(block $a (block $a (br $a)) (br $a))", "02 40 02 40 0c 00 0b 0c 00 0b"),
        ("(block (result i32) (i32.const 1)) drop", "02 7f 41 01 0b 1a"),
        ("(br_table 0 1 $x (local.get 0))".replace("$x", "0"), "20 00 0e 02 00 01 00"),
        ("(select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) drop", "41 01 41 02 41 03 1c 01 7f 1a"),
        ("f32.const nan:0x1 drop", "43 01 00 80 7f 1a"),
        ("f64.const -0 drop", "44 00 00 00 00 00 00 00 80 1a"),
        ("i64.const 0x8000000000000000 drop", "42 80 80 80 80 80 80 80 80 80 7f 1a"),
        ("v128.const i16x8 1 2 3 4 5 6 7 -1 drop", "fd 0c 01 00 02 00 03 00 04 00 05 00 06 00 07 00 ff ff 1a"),
        ("(ref.null func) drop", "d0 70 1a"),
        ("(ref.test (ref null any) (ref.null none)) drop", "d0 71 fb 15 6e 1a"),
        ("ref.cast (ref i31)", "fb 16 6c"),
        ("br_on_cast 0 anyref (ref i31)", "fb 18 01 00 6e 6c"),
        ("(try_table (catch_all 0))", "1f 40 01 02 00 0b"),
        ("(try (do nop) (catch_all nop))", "06 40 01 19 01 0b"),
        ("(try (do nop) (delegate 0))", "06 40 01 18 00"),
        ("atomic.fence", "fe 03 00"),
        ("i8x16.relaxed_swizzle", "fd 80 02"),
    ],
)
def test_instructions(instructions: str, encoding: str) -> None:
    assert code(instructions) == encoding


@pytest.mark.parametrize(
    ("instructions", "encoding"),
    [
        ("i32.load", "28 02 00"),
        ("i32.load offset=300 align=1", "28 00 ac 02"),
        ("i32.load $m", "28 42 01 00"),
        ("i32.load (memory 1)", "28 42 01 00"),
        ("i64.load offset=0xffff_ffff_ffff_ffff", "29 03 ff ff ff ff ff ff ff ff ff 01"),
        ("v128.load8_lane 3", "fd 54 00 00 03"),
        ("v128.load8_lane 1 3", "fd 54 40 01 00 03"),
        ("v128.load8_lane $m offset=2 3", "fd 54 40 01 02 03"),
        ("v128.load8_lane 1 align=1 3", "fd 54 40 01 00 03"),
        ("v128.load8_lane 1 drop", "fd 54 00 00 01 1a"),
        ("memory.copy", "fc 0a 00 00"),
        ("memory.copy $m 0", "fc 0a 01 00"),
        ("memory.size $m", "3f 01"),
        ("memory.init $d", "fc 08 00 00"),
        ("memory.init $m $d", "fc 08 00 01"),
        ("table.init $e", "fc 0c 00 00"),
        ("table.get", "25 00"),
        ("call_indirect (type $t)", "11 00 00"),
        ("struct.get $s $y", "fb 02 01 01"),
    ],
)
def test_instructions_that_refer_to_fields(instructions: str, encoding: str) -> None:
    fields = """(type $t (func)) (type $s (struct (field $x i32) (field $y (mut i8)))) (table 1 funcref)
                (memory 1) (memory $m 1) (data $d "") (elem $e func)"""
    assert code(instructions, fields) == encoding


def test_inline_types_reuse_the_first_equal_type_and_append_in_source_order() -> None:
    module = parse("""(module
        (func (param i32) (block (param i64) (drop)))
        (func (type $later))
        (func (param i64))
        (rec (type (func (param f32))) (type (func)))
        (type $later (func (param i32))))""")
    kinds = [sub.comp for sub in module.types]
    assert kinds[2] == FuncType((I32,), ())
    assert module.rec_groups == [(0, 2), (2, 1), (3, 1)]
    assert kinds[3] == FuncType((I64,), ())
    assert module.func_types == [2, 2, 3]


def test_types_in_recursion_groups_and_open_types_are_not_reused() -> None:
    module = parse("(module (rec (type (func)) (type (func))) (type (sub (func))) (func))")
    assert module.func_types == [3]


def test_parameters_of_a_named_type_count_as_locals() -> None:
    assert body(
        parse("(module (type $t (func (param i32 i32))) (func (type $t) (local $x i64) local.get $x drop))")
    ) == ("01 01 7e 20 02 1a 0b")


def test_equal_locals_share_a_declaration() -> None:
    assert body(parse("(module (func (local i32 i32) (local i32) (local f64 i32)))")) == "03 03 7f 01 7c 01 7f 0b"


def test_element_segments() -> None:
    module = parse("""(module (table $t 1 funcref) (table $u 1 funcref) (func $f)
        (elem (i32.const 0) $f)
        (elem (table $u) (offset i32.const 1) func $f $f)
        (elem declare func $f)
        (elem funcref (ref.func $f) (item ref.null func))
        (elem 1 (i32.const 2) $f))""")
    assert [(e.mode, e.table, e.funcs) for e in module.elems] == [
        (ACTIVE, 0, [0]),
        (ACTIVE, 1, [0, 0]),
        (DECLARATIVE, 0, [0]),
        (PASSIVE, 0, None),
        (ACTIVE, 1, [0]),
    ]
    exprs = module.elems[3].exprs
    assert exprs is not None
    assert [e.code for e in exprs] == [b"\xd2\x00\x0b", b"\xd0\x70\x0b"]
    assert all(module.code[e.offset : e.offset + len(e.code)] == e.code for e in exprs)


def test_inline_segments_take_an_index_and_size_what_they_fill() -> None:
    module = parse("""(module (func $f)
        (memory (data "abc" "d")) (memory i64 (data)) (data $second "x")
        (table $t funcref (elem $f $f)) (elem $e func $f)
        (func (data.drop $second) (elem.drop $e)))""")
    assert [(m.limits.min, m.limits.max, m.is_64) for m in module.memories] == [(1, 1, False), (0, 0, True)]
    assert [module.code[d.start : d.end] for d in module.datas] == [b"abcd", b"", b"x"]
    assert module.datas[1].offset_expr is not None
    assert module.datas[1].offset_expr.code == b"\x42\x00\x0b"
    assert (module.tables[0].type.limits.min, module.tables[0].type.element) == (2, FUNCREF)
    assert body(module, 1) == "00 fc 09 02 fc 0d 01 0b"
    assert module.data_count == 3


def test_data_count_only_when_a_body_names_a_segment() -> None:
    assert parse('(module (memory 1) (data (i32.const 0) "x"))').data_count is None


def test_inline_imports_and_exports() -> None:
    module = parse("""(module
        (func $f (export "a") (export "b") (import "m" "f") (param i32))
        (import "m" "g" (global $g (mut i64)))
        (memory (export "mem") 1)
        (export "g" (global $g)))""")
    assert [(i.module, i.name, i.kind) for i in module.imports] == [("m", "f", 0), ("m", "g", 3)]
    assert [(e.name, e.kind, e.index) for e in module.exports] == [("a", 0, 0), ("b", 0, 0), ("mem", 2, 0), ("g", 3, 0)]
    assert (module.num_imported_funcs, module.num_imported_globals) == (1, 1)


def test_bare_fields_are_a_module() -> None:
    assert len(parse("(func) (func)").func_types) == 2
    assert parse("").func_types == []


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("(func (i32.const0))", "unknown operator"),
        ("(func (current_memory))", "unknown operator current_memory"),
        ("(func br $x)", "unknown label"),
        ("(func call $x)", "unknown func"),
        ("(func local.get $x)", "unknown local"),
        ("(func (block $l) (br $l))", "unknown label"),
        ("(func block $a end $b)", "mismatching label"),
        ("(func block end $b)", "mismatching label"),
        ("(func $a) (func $a)", "duplicate func"),
        ("(func (param $x i32) (local $x i32))", "duplicate local"),
        ("(type (struct (field $x i32) (field $x i32)))", "duplicate field"),
        ('(memory 1) (import "" "" (func))', "import after memory"),
        ("(func i32.const 4294967296)", "constant out of range"),
        ("(func f32.const nan:arithmetic)", "unexpected token"),
        ("(func i32.load align=3)", "alignment must be a power of two"),
        ("(func i8x16.extract_lane_s 256)", "i8 constant out of range"),
        ("(func i8x16.shuffle 0 1 2)", "invalid lane length"),
        ("(func v128.const i32x4 1 2 3)", "wrong number of lane literals"),
        ("(func v128.const i32x4 1 2 3 4 5)", "wrong number of lane literals"),
        ("(type $t (func)) (func (type $t) (param i32))", "inline function type"),
        ("(func $f) (start $f) (start $f)", "multiple start sections"),
        ("(func end)", "unexpected token"),
        ("(func block)", "unexpected token"),
        ("(func else)", "unexpected token"),
        ("(func (then))", "unexpected token"),
        ("(func (if (i32.const 0)))", "unexpected token"),
        ("(func (i32.add i32.const 0))", "unexpected token"),
        ("(func (local i32) (param i32))", "unexpected token"),
        ("(func (param i8))", "unexpected token"),
        ("(func", "unexpected token"),
        ("(func))", "unexpected token"),
        ("(module) (module)", "unexpected token"),
        ('(import "m" "\\ff" (func))', "malformed UTF-8 encoding"),
        ("(memory 0 (pagesize 3))", "invalid custom page size"),
    ],
)
def test_malformed(source: str, phrase: str) -> None:
    assert str(error(source)).startswith(phrase)


def test_error_position() -> None:
    caught = error("(module\n  (func $f\n    i32.const 1\n    cal $f))")
    assert (caught.line, caught.column) == (4, 5)


def test_limits_beyond_32_bits_are_for_the_validator_once_memory64_is_on() -> None:
    source = "(memory 0x1_0000_0000)"
    assert parse(source).memories[0].limits.min == 2**32
    assert str(error(source, Features().replace(memory64=False))).startswith("i32 constant out of range")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(if (i32.const 1) (return))", "(if (i32.const 1) (then (return)))"),
        ("(if (i32.const 1) (nop) (return))", "(if (i32.const 1) (then (nop)) (else (return)))"),
        (
            "(if $l (i32.const 1) (br $l) (if (i32.const 2) (br 1) (br $l)))",
            "(if $l (i32.const 1) (then (br $l)) (else (if (i32.const 2) (then (br 1)) (else (br $l)))))",
        ),
        (
            "(drop (if (result i32) (if (result i32) (i32.const 1) (i32.const 2) (i32.const 3)) "
            "(i32.const 4) (i32.const 5)))",
            "(drop (if (result i32) (if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3))) "
            "(then (i32.const 4)) (else (i32.const 5))))",
        ),
    ],
)
def test_if_without_then(old: str, new: str) -> None:
    assert parse(f"(func {old})").code == parse(f"(func {new})").code


@pytest.mark.parametrize(
    "source",
    [
        "(if (i32.const 1))",
        "(if (i32.const 1) (nop) (nop) (nop))",
        "(if (i32.const 1) (nop) (else))",
        "(if (i32.const 1) nop)",
        "(if (i32.const 1) (nop) (then) (then))",
    ],
)
def test_if_without_then_has_one_or_two_arms(source: str) -> None:
    assert str(error(f"(func {source})")).startswith("unexpected token")


def test_module_linking_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="module linking"):
        parse("(module (module))")


DEPTH = 100_000


@pytest.mark.parametrize(
    ("opening", "middle", "closing"),
    [
        ("(i32.eqz ", "(i32.const 0)", ")"),
        ("(block ", "", ")"),
        ("block $a ", "br $a ", "end $a "),
        ("(if (i32.const 0) (then ", "", "))"),
        ("(try_table ", "", ")"),
    ],
)
def test_deep_nesting_does_not_recurse(opening: str, middle: str, closing: str) -> None:
    module = parse(f"(module (func {opening * DEPTH}{middle}{closing * DEPTH}))")
    assert module.body_ends[0] > DEPTH


# Names and annotations.


def customs(source: str) -> list[tuple[str, int, bytes]]:
    return [(c.name, c.after, c.data) for c in parse(source).customs]


def test_identifiers_become_a_name_section() -> None:
    assert customs("(module $m (func $f (param $p i32) (local $l i32) (block $b)))") == [
        (
            "name",
            10,
            bytes.fromhex("00 02 01 6d  01 04 01 00 01 66  02 09 01 00 02 00 01 70 01 01 6c  03 06 01 00 01 00 01 62"),
        )
    ]


def test_name_annotations_override_identifiers() -> None:
    assert customs('(func $f (@name "g h") (call $f))') == [("name", 10, b"\x01\x06\x01\x00\x03g h")]


def test_custom_sections_are_placed() -> None:
    source = """(module (type (func)) (func)
        (@custom "last" "1" "2") (@custom "first" (before first)) (@custom "b" (before global) "x")
        (@custom "a" (after func)))"""
    assert customs(source) == [("first", 0, b""), ("a", 3, b""), ("b", 3, b"x"), ("last", 10, b"12")]


def test_branch_hints_become_a_section_before_the_code() -> None:
    source = """(module (func (param i32)
        local.get 0 (@metadata.code.branch_hint "\\01") if end
        (@metadata.code.branch_hint "\\00") (if (local.get 0) (then))
        (@metadata.code.branch_hint "\\01") (br_if 0 (local.get 0))))"""
    data = bytes.fromhex("01 00 03  03 01 01  08 01 00  0d 01 01")
    assert customs(source) == [("metadata.code.branch_hint", 3, data)]


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("(@custom)", "@custom annotation: missing section name"),
        ('(@custom "\\df")', "@custom annotation: malformed UTF-8 encoding"),
        ('(@custom "a" after)', "@custom annotation: unexpected token"),
        ('(@custom "a" (after))', "@custom annotation: malformed section kind"),
        ('(@custom "a" (aft type))', "@custom annotation: malformed placement"),
        ('(func (@custom "a"))', "misplaced @custom annotation"),
        ('(type (@custom "a") $t (func))', "misplaced @custom annotation"),
        ('(module (@name "a") (@name "b"))', "@name annotation: multiple module"),
        ('(module (func) (@name "a"))', "misplaced @name annotation"),
        ('(@metadata.code.branch_hint "\\01") (func)', "@metadata.code.branch_hint annotation: not in a function"),
        (
            '(func (@metadata.code.branch_hint "\\02") (if (i32.const 0) (then)))',
            "@metadata.code.branch_hint annotation",
        ),
    ],
)
def test_annotation_errors(source: str, phrase: str) -> None:
    assert str(error(source)).startswith(phrase)


def test_hints_on_other_instructions_are_invalid() -> None:
    with pytest.raises(InvalidError, match="invalid target"):
        parse('(func (@metadata.code.branch_hint "\\01") nop)')
