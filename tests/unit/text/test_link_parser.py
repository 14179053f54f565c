"""The text forms of module linking: headers and their order, inline aliases, own index spaces, errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipan.binary import decode, encode
from taipan.errors import MalformedError, UnsupportedError, WasmError
from taipan.features import Features
from taipan.limits import MAX_MODULE_DEPTH, MAX_TYPE_DEPTH
from taipan.text import parse
from taipan.text.script import DefineModule, parse_script
from taipan.wasm.linking import (
    Bundle,
    Definition,
    ExportAlias,
    ImportItem,
    InstanceTypeDef,
    Instantiate,
    ModuleTypeDef,
    NestedModule,
    OuterAlias,
    TypeGroup,
    TypeItem,
)
from taipan.wasm.module import KIND_NAMES, Module
from taipan.wasm.types import I32, FuncType, SubType

LINKING = Features().replace(module_linking=True)


def linked(fields: str) -> Module:
    return parse(f"(module {fields})", LINKING)


def error(fields: str) -> str:
    with pytest.raises(MalformedError) as caught:
        linked(fields)
    return str(caught.value)


def described(definition: Definition) -> str:
    if isinstance(definition, TypeGroup):
        return f"type {definition.first}" if definition.count == 1 else f"types {definition.first}+{definition.count}"
    if isinstance(definition, ImportItem):
        name = "" if definition.name is None else f".{definition.name}"
        desc = f" {definition.desc}" if isinstance(definition.desc, int) else ""
        return f"import {definition.module}{name} {KIND_NAMES[definition.kind]}{desc}"
    if isinstance(definition, ExportAlias):
        return f"alias {definition.instance}.{definition.name} {KIND_NAMES[definition.kind]}"
    if isinstance(definition, OuterAlias):
        own = f" = {definition.own}" if definition.own >= 0 else ""
        return f"outer {definition.depth} {KIND_NAMES[definition.kind]} {definition.index}{own}"
    if isinstance(definition, NestedModule):
        return f"module [{', '.join(header(definition.module))}]"
    if isinstance(definition, Instantiate):
        return f"instance of {definition.module} {items(definition.args)}".strip()
    assert isinstance(definition, Bundle)
    return f"bundle {items(definition.items)}".strip()


def items(named: list[tuple[str, int, int]]) -> str:
    return " ".join([f"{name}={KIND_NAMES[kind]}:{index}" for name, kind, index in named])


def header(module: Module) -> list[str]:
    """The definitions of a module, one word or two each."""
    assert module.definitions is not None
    assert module.imports == []
    return [described(definition) for definition in module.definitions]


def nested(module: Module, index: int = 0) -> Module:
    assert module.definitions is not None
    modules = [each.module for each in module.definitions if isinstance(each, NestedModule)]
    return modules[index]


def body(module: Module, index: int = 0) -> str:
    return module.code[module.body_starts[index] : module.body_ends[index]].hex(" ")


def exports(module: Module) -> list[tuple[str, str, int]]:
    return [(export.name, KIND_NAMES[export.kind], export.index) for export in module.exports]


# Order.


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", []),
        ('(import "a" (func)) (type (func (param i32)))', ["type 0", "type 1", "import a func 1"]),
        ("(func (param i32)) (type (func))", ["type 0", "type 1"]),
        ('(import "a" (func)) (alias 0 "x" (func))', ["type 0", "import a func 0", "alias 0.x func"]),
        (
            '(import "a" (func)) (type (func)) (module) (func (param i64)) (import "b" (func))',
            None,  # an import after a function
        ),
        (
            '(import "a" (func)) (type (func)) (module) (import "b" (func)) (func (param i64))',
            ["type 0", "import a func 0", "type 1", "module []", "import b func 0", "type 2"],
        ),
        (
            "(rec (type $a (struct (field (ref null $b)))) (type $b (struct (field (ref null $a))))) (module)",
            ["types 0+2", "module []"],
        ),
        ('(module (export "m") (func))', ["module [type 0]"]),
        ('(module $m (import "x"))', ["type 0", "import x module 0"]),
        ('(module $m (import "x" "y"))', ["type 0", "import x.y module 0"]),
        ('(module (import "x" (func)))', ["module [type 0, import x func 0]"]),
        ('(instance (import "x"))', ["type 0", "import x instance 0"]),
        ('(type $t (instance)) (instance (import "x") (type $t))', ["type 0", "import x instance 0"]),
        ('(instance (import "x") (export "f" (func)))', ["type 0", "type 1", "import x instance 1"]),
        ('(func (import "x") (param i32)) (memory (import "m") 1)', ["type 0", "import x func 0", "import m memory"]),
        ("(instance)", ["bundle"]),
        ('(instance (export "e"))', ["bundle"]),
    ],
)
def test_order_of_definitions(source: str, expected: list[str] | None) -> None:
    if expected is None:
        assert error(source).startswith("import after function")
    else:
        assert header(linked(source)) == expected


def test_fields_alone_are_a_module() -> None:
    assert header(parse('(import "a" (func)) (module) (type (func (param i32)))', LINKING)) == [
        "type 0",
        "import a func 0",
        "module []",
        "type 1",
    ]


def test_explicit_types_count_after_those_written_inside_them() -> None:
    module = linked('(type $a (instance (export "" (func)))) (type $b (instance (export "" (instance (type $a)))))')
    assert [type(each.comp) for each in module.types] == [FuncType, InstanceTypeDef, InstanceTypeDef]
    second = module.types[2].comp
    assert isinstance(second, InstanceTypeDef)
    assert second.exports[0].desc == 1


def test_equal_types_are_found_again() -> None:
    module = linked(
        """(type (module (import "a" (table 1 funcref)) (export "b" (global i32))))
           (import "1" (module (import "a" (table 1 funcref)) (export "b" (global i32))))
           (import "2" (module (import "a" (table 2 funcref)) (export "b" (global i32))))
           (import "3" (module (import "a" (table 1 funcref)) (export "b" (global (mut i32)))))
           (import "4" (module (export "b" (global i32)) (import "a" (table 2 funcref))))
           (import "5" (instance)) (import "6" (module))"""
    )
    imports = [line.split()[-1] for line in header(module) if line.startswith("import")]
    assert imports == ["0", "1", "2", "1", "3", "4"]


def test_module_types_have_imports_with_one_name_or_two() -> None:
    module = linked(
        '(type (module (import "a" (func)) (export "c" (memory 1)) (import "a" "b" (func $f (param $p i32)))))'
    )
    comp = module.types[-1].comp
    assert isinstance(comp, ModuleTypeDef)
    assert [(item.module, item.name, item.desc) for item in comp.imports] == [(None, "a", 0), ("a", "b", 1)]
    assert [item.name for item in comp.exports] == ["c"]
    assert isinstance(comp.exports[0], TypeItem)


def test_types_know_later_ones_where_there_is_no_order_to_keep() -> None:
    """Validation refuses it, as without the proposal."""
    source = "(type $a (func (param (ref $b)))) (type $b (func))"
    assert encode(linked(source)) == encode(parse(source))
    assert "unknown type $b" in error(source + " (module)")
    assert "unknown type $b" in error(source + " (type (instance))")


def test_types_with_types_of_their_own() -> None:
    """Text that begins with a type or an alias; what is written out in it is among its own types, too."""
    module = linked(
        """(type $o (func))
           (type (module (type $f (func (param i32))) (alias outer 0 $o (type $u)) (import "a" (func (type $u)))
             (import "b" (func (param i64))) (export "c" (func (type $f)))
             (type $i (instance (export "m" (memory 1)))) (export "d" (instance (type $i)))))
           (import "x" (func (param i64)))"""
    )
    assert header(module) == ["type 0", "type 1", "type 2", "import x func 2"]
    comp = module.types[1].comp
    assert isinstance(comp, ModuleTypeDef)
    assert comp.local is not None
    assert [type(entry).__name__ for entry in comp.local.entries] == ["SubType", "OuterAlias", "SubType", "SubType"]
    assert [item.desc for item in (*comp.imports, *comp.exports)] == [1, 2, 0, 3]
    nested_type = comp.local.entries[3]
    assert isinstance(nested_type, SubType)
    assert isinstance(nested_type.comp, InstanceTypeDef)
    assert nested_type.comp.local is not None


# Instances.


def test_imports_with_two_names_count_as_one_instance() -> None:
    module = linked(
        """(import "a" "f" (func)) (import "b" "i" (instance $i)) (import "a" "g" (func)) (import "c" (instance $c))
           (module $m)
           (instance $n (instantiate $m))
           (instance (instantiate $m
             (import "i" (instance $i)) (import "c" (instance $c)) (import "n" (instance $n))))"""
    )
    assert header(module)[-1] == "instance of 0 i=instance:2 c=instance:3 n=instance:4"


def test_arguments_may_be_own_items_although_that_is_invalid() -> None:
    module = linked(
        """(import "f" (func)) (func $own) (func) (func $last) (module) (memory $mem 1)
           (instance (instantiate 0 (import "a" (func $last)) (import "b" (memory $mem)) (import "c" (func $own))))
           (instance $b (export "x" (func $own)) (export "y" (module 0)))"""
    )
    assert header(module)[-2:] == ["instance of 0 a=func:3 b=memory:0 c=func:1", "bundle x=func:1 y=module:0"]


def test_exports_keep_the_order_of_the_source() -> None:
    module = linked(
        """(export "1" (module $m)) (module $m (export "2") (export "3")) (func (export "4"))
           (instance (export "5") (export "6") (instantiate $m))
           (export "7" (func 0)) (global (export "8") i32 (i32.const 0))"""
    )
    assert exports(module) == [
        ("1", "module", 0),
        ("2", "module", 0),
        ("3", "module", 0),
        ("4", "func", 0),
        ("5", "instance", 0),
        ("6", "instance", 0),
        ("7", "func", 0),
        ("8", "global", 0),
    ]


# Inline aliases.


def test_inline_aliases_of_bodies_end_the_header_and_come_before_own_items() -> None:
    module = linked(
        """(func $own (call (func $i "f")) (call $own))
           (func (call (func $i "f")) (drop (global.get (global $i "g"))) (call (func $i "f"))
             (call (func $i "in" "f")))
           (module $m)
           (instance $i (instantiate $m))"""
    )
    assert header(module) == [
        "module []",
        "instance of 0",
        "alias 0.f func",
        "alias 0.g global",
        "alias 0.in instance",
        "alias 1.f func",
        "type 0",
    ]
    assert body(module, 0) == "00 10 00 10 02 0b"
    assert body(module, 1) == "00 10 00 23 00 1a 10 00 10 01 0b"


def test_inline_aliases_in_the_header_come_before_their_field() -> None:
    module = linked(
        """(module $m) (instance $a (instantiate $m))
           (instance $b (instantiate (module $a "m") (import "f" (func $a "f")) (import "g" (func $a "f"))))
           (instance $c (export "x" (table $b "t" "t")))
           (func (call (func $a "f")))"""
    )
    assert header(module) == [
        "module []",
        "instance of 0",
        "alias 0.m module",
        "alias 0.f func",
        "instance of 1 f=func:0 g=func:0",
        "alias 1.t instance",
        "alias 2.t table",
        "bundle x=table:0",
        "type 0",
    ]


@pytest.mark.parametrize(
    ("field", "alias"),
    [
        ('(export "e" (func $i "x"))', "func"),
        ('(export "e" (module $i "x"))', "module"),
        ('(export "e" (instance 0 "x"))', "instance"),
        ('(start (func $i "x"))', "func"),
        ('(table funcref (elem (func $i "x") $own))', "func"),
        ('(elem func (func $i "x") $own)', "func"),
        ('(elem declare func (func $i "x"))', "func"),
        ('(elem (table $i "x") (i32.const 0) func)', "table"),
        ('(elem (table (table $i "x")) (i32.const 0) func)', "table"),
        ('(table 1 funcref) (elem (i32.const 0) (func $i "x"))', "func"),
        ('(elem funcref (ref.func (func $i "x")))', "func"),
        ('(data (memory $i "x") (i32.const 0) "a")', "memory"),
        ('(global i32 (global.get (global $i "x")))', "global"),
        ('(func (param i32) local.get 0 call_indirect (table $i "x"))', "table"),
        ('(func (table.set (table $i "x") (i32.const 0) (ref.null func)))', "table"),
        ('(func (table.copy (table $i "x") (table $i "x") (unreachable)))', "table"),
        ('(elem $e func) (func (table.init (table $i "x") $e (unreachable)))', "table"),
        ('(func (drop (i32.load (memory $i "x") offset=4 (i32.const 0))))', "memory"),
        ('(func (drop (v128.load8_lane (memory $i "x") 3 (unreachable))))', "memory"),
        ('(func (drop (memory.size (memory $i "x"))))', "memory"),
        ('(func (memory.copy (memory $i "x") (memory $i "x") (unreachable)))', "memory"),
        ('(data $d "") (func (memory.init (memory $i "x") $d (unreachable)))', "memory"),
        ('(func (throw (tag $i "x")))', "tag"),
        ('(func (return_call (func $i "x")))', "func"),
    ],
)
def test_an_inline_alias_stands_where_an_index_can(field: str, alias: str) -> None:
    module = linked(f'(import "i" (instance $i)) {field} (func $own)')
    assert [line for line in header(module) if not line.startswith("type")] == [
        "import i instance 0",
        f"alias 0.x {alias}",
    ]
    assert decode(encode(module), LINKING).definitions is not None


def test_an_alias_of_another_kind_is_no_index() -> None:
    assert "expected func index" in error('(import "i" (instance $i)) (func (call (global $i "x")))')


# Outer modules.


def test_outer_types_and_modules() -> None:
    module = parse(
        """(module $A
             (type $t (func (param i32) (result i32)))
             (module $x)
             (module $B
               (alias outer 0 $t (type $u))
               (alias outer $A $x (module $y))
               (type $v (func))
               (instance (instantiate $y))
               (func (type $u) (local.get 0))
               (func (type outer $A $t) (param $p i32) (result i32) (local.get $p))
               (module
                 (func (type outer $A $t) (local $l i64) (local.get 0))
                 (func (block (type outer $B $v)))
                 (instance (instantiate (module outer 1 $x))))))""",
        LINKING,
    )
    middle = nested(module, 1)
    assert header(middle) == [
        "outer 0 type 0 = 0",
        "outer 0 module 0",
        "type 1",
        "instance of 0",
        "module [outer 1 module 0, instance of 0, outer 1 type 0 = 0, outer 0 type 1 = 1, type 2]",
        "outer 0 type 0 = 2",
    ]
    assert middle.types[0].comp == middle.types[2].comp == FuncType((I32,), (I32,))
    assert middle.num_types == len(middle.types) == 3
    assert middle.rec_groups == [(0, 1), (1, 1), (2, 1)]
    assert middle.func_types == [0, 2]
    inner = nested(middle)
    assert inner.func_types == [0, 2]
    assert body(inner, 0) == "01 01 7e 20 00 0b"
    assert body(inner, 1) == "00 02 01 0b 0b"


def test_outer_types_with_references_need_no_equal_indices() -> None:
    """What `(type outer ...)` names has the indices of another module."""
    linked(
        """(type (func)) (type $s (struct)) (type $t (func (param (ref $s))))
           (module (alias outer 0 $s (type $s)) (func (type outer 0 $t) (param (ref $s))))"""
    )


def test_three_levels_of_outer_aliases() -> None:
    module = linked(
        "(type $t (func (param i64))) (module (module (module (func (type outer 2 $t) (drop (local.get 0))))))"
    )
    inner = nested(nested(nested(module)))
    assert header(inner) == ["outer 2 type 0 = 0"]
    assert inner.func_types == [0]


def test_nested_modules_have_spaces_and_names_of_their_own() -> None:
    module = linked('(func $f) (module $m (func) (func $f (call $f)) (data "x")) (data "yy")')
    assert body(nested(module), 1) == "00 10 01 0b"
    assert len(nested(module).datas) == len(module.datas) == 1
    assert [custom.data.hex(" ") for custom in nested(module).customs] == ["00 02 01 6d 01 04 01 01 01 66"]
    assert [custom.data.hex(" ") for custom in module.customs] == ["01 04 01 00 01 66"]


def test_annotations_belong_to_their_module() -> None:
    module = parse(
        """(module (@custom "a" "1")
             (module $m (@name "M") (@custom "b" "2") (func $f (@name "F"))) (@custom "c"))""",
        LINKING,
    )
    assert [custom.name for custom in module.customs] == ["a", "c"]
    inner = nested(module)
    assert [(custom.name, custom.data.hex(" ")) for custom in inner.customs] == [
        ("name", "00 02 01 4d 01 04 01 00 01 46"),
        ("b", "32"),
    ]


# Scripts.


def test_every_module_of_the_data_is_reproduced(testdata_dir: Path) -> None:
    """From text to bytes and, decoded, to the same bytes."""
    count = 0
    for path in sorted((testdata_dir / "module-linking").rglob("*.wast")):
        for command in parse_script(path.read_bytes()):
            if isinstance(command, DefineModule) and command.source.kind == "text":
                data = encode(command.source.parse(LINKING))
                assert encode(decode(data, LINKING)) == data, f"{path.name}:{command.line}"
                count += 1
    assert count > 40


# Errors and limits.


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('(func (call (func $i "f")))', "unknown instance $i (line 1, column 27)"),
        ('(alias $i "f" (func))', "unknown instance $i"),
        ("(instance (instantiate $m))", "unknown module $m"),
        ('(module $m) (instance (instantiate $m (import "a" (func $f))))', "unknown func $f"),
        ('(module $m) (instance (instantiate $m (import "a" (instance $f))))', "unknown instance $f"),
        ("(instance (import 1))", "unexpected token 1: expected a string"),
        ("(instance (module))", "unexpected token module: expected (instantiate, (import or (export"),
        ("(module (module (alias outer $x 0 (type))))", "unknown outer module $x"),
        ("(module $x (alias outer $x 0 (type)))", "unknown outer module $x"),
        ("(module (module (alias outer 3 $t (type))))", "outer depth 3: there are 2 modules around this one"),
        ("(module (alias outer 1 $t (type)))", "outer depth 1: there is 1 module around this one"),
        ("(module (alias outer 0 $t (type)))", "unknown type $t"),
        ("(module (alias outer 0 0 (func)))", "unexpected token func: expected (type or (module"),
        ("(module (alias outer 0 (type)))", "unexpected token (: expected an index in the outer module"),
        ("(module (func (type outer 0 $t)))", "unknown type $t"),
        ('(import "a" (func) (func))', "unexpected token (: expected )"),
        ('(import "a" (elem))', "expected (func, (table, (memory, (global, (tag, (module or (instance"),
        ('(type (instance (import "" (func))))', "expected (export"),
        ("(type (instance (type (func)) (import)))", "unexpected token (: expected (export"),
        ("(type (module (alias outer 1 $x (type))))", "unexpected token $x: expected the number of an outer type"),
        ("(type (module (alias outer 0 $x (type))))", "unknown type $x"),
        ('(type (module (type (func)) (import "" (module))))', "in a type with own types needs an index"),
        ("(rec (type (module)))", "unexpected token: a module or instance type cannot be part of another"),
        ("(module $m) (module $m)", "duplicate module $m"),
        ("(type $t (module)) (type $t (func))", "duplicate type $t"),
        ("(module (func) (unknown))", "expected a module field"),
    ],
)
def test_errors_name_what_is_wrong(source: str, message: str) -> None:
    assert message in error(source)
    assert "line 1, column" in error(source)


def test_depth_of_modules_is_limited() -> None:
    depth = MAX_MODULE_DEPTH
    linked("(module " * depth + ")" * depth)
    with pytest.raises(UnsupportedError, match="too many modules inside each other: 101"):
        linked("(module " * (depth + 1) + ")" * (depth + 1))


def test_depth_of_types_with_own_types_is_limited() -> None:
    linked(
        "(type (instance " + "(type (instance " * (MAX_TYPE_DEPTH - 2) + "(type (func))" + "))" * (MAX_TYPE_DEPTH - 1)
    )
    with pytest.raises(UnsupportedError, match="too many module and instance types inside each other: 101"):
        linked("(type (instance " * (MAX_TYPE_DEPTH + 2) + "))" * (MAX_TYPE_DEPTH + 2))


def test_depth_of_types_is_limited() -> None:
    part = '(instance (export "" '
    linked(f"(type {part * (MAX_TYPE_DEPTH - 1)}(instance){'))' * (MAX_TYPE_DEPTH - 1)})")
    with pytest.raises(UnsupportedError, match="too many module and instance types inside each other: 101"):
        linked(f"(type {part * MAX_TYPE_DEPTH}(instance){'))' * MAX_TYPE_DEPTH})")


# Without the proposal.


@pytest.mark.parametrize(
    "source",
    [
        "(module)",
        '(import "a" "b" (module))',
        '(import "a" "b" (instance))',
        '(import "a" (func))',
        '(func (import "a"))',
        "(instance)",
        '(alias 0 "a" (func))',
        "(type (module))",
        "(type (instance))",
        '(export "a" (module 0))',
    ],
)
def test_without_the_proposal_it_is_named(source: str) -> None:
    assert linked(source).definitions is not None
    with pytest.raises(WasmError, match="module linking proposal not enabled"):
        parse(f"(module {source})")


def test_without_the_proposal_modules_have_no_definitions() -> None:
    module = parse('(module (import "a" "b" (func)))')
    assert module.definitions is None
    assert len(module.imports) == 1
