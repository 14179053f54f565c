"""Encoding of module linking: sections in the order of the definitions, byte for byte as wasm-tools wrote them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taipan.binary import decode, encode
from taipan.features import Features
from taipan.text import parse
from taipan.wasm.linking import (
    Bundle,
    InstanceTypeDef,
    LocalTypes,
    ModuleTypeDef,
    NestedModule,
    OuterAlias,
    TypeGroup,
    TypeItem,
)
from taipan.wasm.module import FUNC, INSTANCE, TYPE, CustomSection, Module
from taipan.wasm.types import FuncType, SubType

LINKING = Features().replace(module_linking=True)
HEADER = "00 61 73 6d 01 00 00 00 "
DUMPS = ("alias", "import-modules", "instance-type", "instantiate", "module-types", "nested-module")


def bytes_of_dump(text: str) -> bytes:
    """The hexadecimal column of a dump by wasm-tools."""
    columns = re.findall(r"^ *(?:0x[0-9a-f]+)? *\|((?: [0-9a-f]{2})+)", text, re.MULTILINE)
    return bytes.fromhex("".join(columns))


def encoded(fields: str) -> str:
    """The bytes of a text module after its header."""
    text = encode(parse(f"(module {fields})", LINKING)).hex(" ")
    assert (text + " ").startswith(HEADER)
    return text[len(HEADER) :]


@pytest.mark.parametrize("name", DUMPS)
def test_dumps_are_reproduced(testdata_dir: Path, name: str) -> None:
    folder = testdata_dir / "module-linking" / "wasm-tools-dump"
    expected = bytes_of_dump((folder / f"{name}.wat.dump").read_text())
    assert len(expected) > 20
    assert encode(parse((folder / f"{name}.wat").read_bytes(), LINKING)) == expected
    assert encode(decode(expected, LINKING)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('(import "a" "b" (func))', "01 04 01 60 00 00 02 07 01 01 61 01 62 00 00"),
        ('(import "a" (global i64))', "02 08 01 01 61 00 ff 03 7e 00"),
        (
            '(import "a" (instance)) (alias 0 "t" (table)) (alias 0 "u" (tag))',
            "01 03 01 62 00 02 07 01 01 61 00 ff 06 00 10 0b 02 00 00 01 01 74 00 00 04 01 75",
        ),
        ('(type (module (import "a" "b" (memory 1))))', "01 0b 01 61 01 01 61 01 62 02 00 01 00"),
        ('(instance (export "a" (func 3)) (export "b" (instance 0)))', "0f 0b 01 01 02 01 61 00 03 01 62 06 00"),
        (
            "(module) (instance (instantiate 0)) (module)",
            "0e 0a 01 08 " + HEADER + "0f 04 01 00 00 00 0e 0a 01 08 " + HEADER,
        ),
        (
            "(type (func)) (module (alias outer 0 0 (type)))",
            "01 04 01 60 00 00 0e 11 01 0f " + HEADER + "10 05 01 01 00 07 00",
        ),
        (
            "(module) (module (alias outer 0 0 (module)))",
            "0e 1a 02 08 " + HEADER + "0f " + HEADER + "10 05 01 01 00 05 00",
        ),
        ('(export "" (module 0)) (export "a" (instance 7))', "07 08 02 00 05 00 01 61 06 07"),
    ],
)
def test_sections(fields: str, expected: str) -> None:
    assert encoded(fields) == expected.strip()


def test_types_of_the_later_encoding_are_written_in_it() -> None:
    module = Module()
    local = LocalTypes([SubType(FuncType((), ())), OuterAlias(0, TYPE, 0, 0, 1)])
    imports = [TypeItem("x", FUNC, 0, "a"), TypeItem("b", INSTANCE, 1)]
    module.types = [
        SubType(InstanceTypeDef([])),
        SubType(ModuleTypeDef(imports, [TypeItem("e", FUNC, 0)], local)),
        SubType(InstanceTypeDef([TypeItem("e", INSTANCE, 0)], LocalTypes([SubType(InstanceTypeDef([]))]))),
    ]
    module.rec_groups = [(0, 1), (1, 1), (2, 1)]
    module.definitions = [TypeGroup(1, 1), TypeGroup(2, 1)]
    module.finish()
    data = encode(module)
    assert data[8:].hex(" ") == (
        "01 29 02 61 05 01 60 00 00 0f 01 00 07 00 02 01 61 01 78 00 00 02 01 62 00 ff 06 01 07 01 65 00 00"
        " 62 02 01 62 00 07 01 65 06 00"
    )
    assert encode(decode(data, LINKING)) == data


def test_types_in_both_encodings_are_in_different_sections() -> None:
    source = "(type (func)) (type (instance)) (type (module (type (func)))) (type (func (param i32))) (type (module))"
    assert encoded(source) == ("01 06 02 60 00 00 62 00 01 0b 02 61 01 01 60 00 00 60 01 7f 00 01 04 01 61 00 00")


def test_custom_sections_come_after_the_last_section_of_their_kind() -> None:
    module = Module()
    module.definitions = [NestedModule(Module()), Bundle([]), NestedModule(Module())]
    module.customs = [CustomSection("m", b"", 14), CustomSection("i", b"", 15), CustomSection("first", b"", 0)]
    nested = "0e 0a 01 08 " + HEADER
    first = "00 06 05 66 69 72 73 74 "
    assert encode(module).hex(" ") == HEADER + first + nested + "0f 03 01 01 00 00 02 01 69 " + nested + "00 02 01 6d"


def test_what_validation_added_is_not_written(testdata_dir: Path) -> None:
    """Imports and types beyond the definitions are the validator's."""
    module = parse('(import "a" (func))', LINKING)
    data = encode(module)
    module.types.append(SubType(FuncType((), ())))
    module.rec_groups.append((1, 1))
    assert encode(module) == data
