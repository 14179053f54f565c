"""Modules as text, and back."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipan.binary.decode import decode
from taipan.binary.encode import encode
from taipan.features import Features
from taipan.text import parse, print_module
from taipan.text.literals import parse_float
from taipan.text.print_code import MAX_INDENT, f32_text, f64_text
from taipan.wasm.module import CustomSection, Module


def printed(source: str) -> str:
    return print_module(parse(source))


def round_trip(module: Module) -> bytes:
    """Encode, decode, print, parse and encode again; both encodings must agree. Returns them."""
    first = bytes(encode(module))
    for folded in (False, True):
        second = bytes(encode(parse(print_module(decode(first, Features.everything()), folded=folded))))
        assert second == first
    return first


def test_layout() -> None:
    source = """(module $m
  (type (;0;) (func (param i32) (result i32)))
  (func $f (type 0) (param $p i32) (result i32)
    (local $x i64) (local f32 f32)
    block $done (result i32)
      local.get $p
      br_if 0
      i32.const -1
    end
  )
  (memory (;0;) 1 2)
  (export "f" (func $f))
  (data (;0;) (i32.const 8) "a\\00\\"")
)
"""
    lines = printed(source).splitlines()
    assert sorted(lines) == sorted(source.splitlines())
    assert printed(printed(source)) == printed(source)


@pytest.mark.parametrize(
    "source",
    [
        "(module)",
        '(module (@name ""))',
        '(module $"a b" (func $"\\00" (@name "")))',
        "(rec (type $a (sub (struct (field $x (mut i8)) (field (ref null $b))))) (type $b (array (mut (ref $a)))))",
        '(import "m" "n" (func $f (param $x i32))) (import "" "t" (table i64 1 2 externref))',
        "(memory i64 1) (memory 1 2 shared) (memory 0 (pagesize 1))",
        "(tag $e (param i32)) (func $g (block $l (try_table (catch $e 0) (catch_all_ref 1)) unreachable))",
        "(func $f) (table 3 funcref (ref.func 0)) (elem $e (offset i32.const 1 i32.const 2 i32.add) funcref)",
        "(func $f) (table 1 funcref) (elem declare func $f) (elem (i32.const 0) func $f) (elem (ref null func))",
        '(data $d "\\00\\ff") (func data.drop $d) (memory 1) (data (memory 0) (i32.const 0) "x")',
        "(func try nop catch_all nop end try delegate 0) (func try catch_all rethrow 0 end)",
        "(func $f (param $p i32) (param $p2 i32) (local $a i32) (local i64 i64) (local $b f32))",
        '(@custom "x" (before first) "1") (@custom "y" "2") (func $f) (@custom "z" (after code))',
        '(@custom "name" "not a name section") (func $f)',
        "(func f32.const nan:0x200000 f64.const -inf v128.const f64x2 1 nan drop drop drop)",
        "(type $a (descriptor 1) (struct)) (type (describes 0) (struct)) (func (param (ref (exact $a))))",
        "(func br_on_cast 0 anyref (ref null (exact 0)) ref.test (ref null any) ref.cast i31ref) (type (func))",
    ],
)
def test_round_trip(source: str) -> None:
    round_trip(parse(source))


def test_repeated_names_get_identifiers_of_their_own() -> None:
    module = parse('(func $a) (func (@name "a")) (func (@name "a#1"))')
    text = print_module(module)
    assert "(func $a " in text
    assert 'a#1#1 (@name "a")' in text
    round_trip(module)


def test_a_name_section_that_identifiers_cannot_carry_is_written_out() -> None:
    module = parse("(func)")
    names_of_missing_function = b"\x01\x04\x01\x09\x01a"
    module.customs.append(CustomSection("name", names_of_missing_function, 10))
    assert '(@custom "name" (after code) "\\01\\04\\01\\09\\01a")' in print_module(module)
    round_trip(module)


def test_several_name_sections_are_all_written_out() -> None:
    module = decode(encode(parse("(module $m (func $f))")), Features())
    module.customs.append(CustomSection("name", module.customs[0].data, module.customs[0].after))
    text = print_module(module)
    assert text.count('(@custom "name"') == 2
    again = decode(encode(parse(text)), Features())
    assert [custom.name for custom in again.customs] == ["name", "name"]
    assert print_module(again) == text


def test_custom_sections_can_be_left_out() -> None:
    module = parse('(func $f) (@custom "x" "y")')
    assert "@custom" in print_module(module)
    assert "@custom" not in print_module(module, customs=False)


def test_names_stay_readable_and_safe() -> None:
    text = printed('(func $"λ") (func $"\\u{202e}x")')
    assert '$"λ"' in text
    assert "\u202e" not in text


def test_folding() -> None:
    source = """(func $f (param i32) (result i32)
        block local.get 0 i32.eqz br_if 0 end
        local.get 0 i32.const 1 i32.add call $f drop
        local.get 0 local.get 0 local.set 0 i32.const 2 i32.mul)"""
    lines = [line.strip() for line in print_module(parse(source), folded=True).splitlines()]
    assert lines[3:-2] == [
        "block",
        "(br_if 0 (i32.eqz (local.get 0)))",
        "end",
        "(drop (call $f (i32.add (local.get 0) (i32.const 1))))",
        "(local.get 0)",
        "(local.set 0 (local.get 0))",
        "(i32.const 2)",
        "i32.mul",
    ]
    round_trip(parse(source))


def test_folding_is_bounded() -> None:
    depth = 100_000
    module = parse(f"(func (result i32) i32.const 1 {'i32.eqz ' * depth})")
    text = print_module(module, folded=True)
    assert max(map(len, text.splitlines())) < 120
    assert bytes(encode(parse(text))) == bytes(encode(module))


def test_deep_nesting_is_linear() -> None:
    depth = 100_000
    text = printed(f"(func {'block ' * depth}{'end ' * depth})")
    assert len(text) < depth * (4 * MAX_INDENT + 20)


@given(st.binary(min_size=4, max_size=4))
def test_f32_text_reads_back(data: bytes) -> None:
    assert parse_float(f32_text(data).encode(), 32) == int.from_bytes(data, "little")


@given(st.binary(min_size=8, max_size=8))
def test_f64_text_reads_back(data: bytes) -> None:
    assert parse_float(f64_text(data).encode(), 64) == int.from_bytes(data, "little")


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (1.5, "1.5"), (-0.0, "-0"), (3.4028234663852886e38, "3.4028235e+38")]
)
def test_f32_text_is_short(value: float, text: str) -> None:
    assert f32_text(struct.pack("<f", value)) == text
