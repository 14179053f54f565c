"""Printing module linking: definitions in order with their indices, and text that stands for the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipan.binary import decode, encode
from taipan.errors import MalformedError
from taipan.features import Features
from taipan.text import parse, print_module
from taipan.text.script import DefineModule, parse_script
from taipan.validate import check_module
from taipan.wasm.module import Module

LINKING = Features().replace(module_linking=True)


def decoded(source: str) -> Module:
    return decode(encode(parse(source, LINKING)), LINKING)


def reprinted(source: str) -> str:
    """The text of a module, which has been checked to stand for the same bytes."""
    module = decoded(source)
    text = print_module(module)
    assert encode(parse(text, LINKING)) == encode(module)
    return text


ALL_DEFINITIONS = """\
(module $top
  (type (;0;) (func (param i32)))
  (type (;1;) (instance (export "f" (func (type 0) (param i32))) (export "g" (global (mut i64)))))
  (type (;2;) (module (import "a" (memory 1)) (import "b" "c" (instance (type 1))) (export "t" (table 1 2 funcref))))
  (import "i" (instance (;0;) (type 1)))
  (import "two" "f" (func $f (type 0) (param i32)))
  (import "m" (module (;0;) (type 2)))
  (alias 0 "f" (func (;1;)))
  (alias 0 "g" (global $g))
  (module $inner
    (alias outer 0 0 (type (;0;)))
    (alias outer 0 0 (module (;0;)))
    (instance (;0;) (instantiate 0))
    (module (;1;))
    (export "m" (module 1))
    (func $h (type 0) (param $p i32)
      local.get $p
      drop
    )
  )
  (instance (;2;) (instantiate 1 (import "x" (func $f)) (import "y" (instance 1)) (import "z" (global $g))))
  (instance (;3;) (export "a" (func 1)) (export "b" (module $inner)))
  (rec
    (type (;3;) (struct (field (ref null 4))))
    (type (;4;) (struct (field (ref null 3))))
  )
  (global $own i32 i32.const 7)
  (export "i" (instance 3))
  (export "m" (module $inner))
  (export "o" (global $own))
  (func $last (type 0) (param i32)
    local.get 0
    call $f
    local.get 0
    call 1
  )
)
"""


def test_all_definitions() -> None:
    source = ALL_DEFINITIONS
    assert reprinted(source) == source


def test_folded() -> None:
    module = decoded(
        """(import "i" (instance $i)) (import "f" (func $f (param i32)))
           (func (call $f (i32.const 1)) (call (func $i "x")))"""
    )
    text = print_module(module, folded=True)
    assert "(call $f (i32.const 1))\n    call 1\n" in text
    assert encode(parse(text, LINKING)) == encode(module)


DUMPS = ("alias", "import-modules", "instance-type", "instantiate", "module-types", "nested-module")


@pytest.mark.parametrize("name", DUMPS)
def test_dumps_survive_printing(testdata_dir: Path, name: str) -> None:
    reprinted((testdata_dir / "module-linking" / "wasm-tools-dump" / f"{name}.wat").read_text())


def test_all_modules_of_the_data_survive_printing(testdata_dir: Path) -> None:
    count = 0
    for path in sorted((testdata_dir / "module-linking").rglob("*.wast")):
        for command in parse_script(path.read_bytes()):
            if isinstance(command, DefineModule) and command.source.kind == "text":
                reprinted(command.source.text().decode())
                count += 1
    assert count > 40


def test_a_validated_module_prints_the_same() -> None:
    """Validation adds imports and types, which no definition has."""
    module = decoded(
        """(import "i" (instance $i (export "f" (func (param i64)))))
           (type $t (func (param i32)))
           (module (func (type outer 0 $t)))
           (func (call (func $i "f") (i64.const 0)))"""
    )
    text = print_module(module)
    check_module(module, LINKING)
    assert module.imports
    assert print_module(module) == text


def test_equal_names_of_nested_modules() -> None:
    text = reprinted(
        """(module (module $a (@name "n")) (module $b (@name "n")) (module $c (@name ""))
             (export "x" (module $b)))"""
    )
    assert "(module $n)" in text
    assert '(module $n#1 (@name "n"))' in text
    assert '(module (@name ""))' in text
    assert '(export "x" (module $n#1))' in text


def test_functions_of_outer_types() -> None:
    """A signature is shown unless it names types, whose indices are those of another module."""
    text = reprinted(
        """(module
             (type (func)) (type $s (struct)) (type $plain (func (param f32))) (type $refs (func (param (ref $s))))
             (module
               (func (type outer 0 $plain) (param $x f32) (local $y f32))
               (func (type outer 0 $refs) (param $p (ref 1)) (local $q i32))))"""
    )
    assert "(type 0) (param $x f32)\n" in text
    assert "(func (;1;) (type 1)\n" in text
    assert "(local $q i32)" in text


def test_custom_sections_keep_their_places() -> None:
    for place in ("(before first) ", "(after type) ", "(after import) ", ""):
        custom = f'(@custom "c" {place}"x")'
        assert '(@custom "c"' in reprinted(f'(module (import "a" (func)) (module) (func) {custom} (module {custom}))')


def test_modules_without_the_proposal_keep_their_imports() -> None:
    module = parse('(module (import "a" "b" (func)))')
    assert print_module(module) == '(module\n  (type (;0;) (func))\n  (import "a" "b" (func (;0;) (type 0)))\n)\n'


TYPES_WITH_OWN_TYPES = """\
(module
  (type $o (func (param i32)))
  (type (;1;) (module (type (;0;) (func (result f32))) (alias outer 0 0 (type (;1;))) (import "a" (func (type 0) \
(result f32))) (import "b" "c" (func (type 1) (param i32)))))
  (type (;2;) (instance (type (;0;) (instance (type (;0;) (func)) (export "x" (memory 1)) (export "f" (func (type 0)))\
)) (alias outer 1 0 (type (;1;))) (export "e" (instance (type 0)))))
  (type (;3;) (instance (export "f" (func (type $o) (param i32)))))
)
"""


def test_types_with_types_of_their_own() -> None:
    assert reprinted(TYPES_WITH_OWN_TYPES) == TYPES_WITH_OWN_TYPES


def brackets(source: str) -> list[tuple[int, int]]:
    """Where each bracketed part of a text without comments begins and ends."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    in_string = False
    for place, char in enumerate(source):
        if char == '"':
            in_string = not in_string
        elif char == "(" and not in_string:
            opened.append(place)
        elif char == ")" and not in_string:
            found.append((opened.pop(), place + 1))
    return found


def test_modules_with_a_part_missing() -> None:
    """Each is malformed or survives printing; what it means is for validation."""
    survived = 0
    for start, stop in brackets(PARTS):
        source = PARTS[:start] + PARTS[stop:]
        try:
            parse(source, LINKING)
        except MalformedError:
            continue
        if source.strip():
            reprinted(source)
            survived += 1
    assert survived > 30


PARTS = """
(module $top
  (type $t (func (param i32)))
  (type (instance (export "f" (func (type $t))) (export "g" (global i64))))
  (import "two" "f" (func $two (type $t)))
  (import "m" (module $m (import "a" (memory 1)) (import "b" "c" (func)) (export "t" (table 1 funcref))))
  (instance $i (export "i") (instantiate $m (import "a" (func $two)) (import "b" (memory $own))))
  (instance $bundle (export "a" (func $i "f" "g")) (export "b" (table $i "t")))
  (alias $i "x" (func $x))
  (module $inner (export "inner")
    (alias outer 0 $t (type $t))
    (alias outer $top $m (module $m))
    (instance $i (instantiate (module outer 0 $m)))
    (module $deep (func (type outer $top $t) (unreachable)))
    (func $f (type $t) (call $f (local.get 0))))
  (memory $own 1)
  (func (export "run") (param $p i32)
    (call (func $bundle "f") (i32.load (memory $i "mem") (local.get $p)))
    (call $x)))
"""
