"""Rules of module linking that the data of Wasmtime and wasm-tools does not reach."""

from __future__ import annotations

import pytest

from taipan.binary import decode
from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.validate.module import check_module

FEATURES = Features().replace(module_linking=True)


def leb(number: int) -> bytes:
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number >> 7 else 0))
        number >>= 7
        if not number:
            return bytes(out)


def section(number: int, contents: bytes) -> bytes:
    return bytes([number]) + leb(len(contents)) + contents


def check(*sections: bytes) -> None:
    check_module(decode(b"\0asm\1\0\0\0" + b"".join(sections), FEATURES), FEATURES)


@pytest.mark.parametrize("byte", [0x61, 0x62])
@pytest.mark.parametrize("depth", [101, 200_000])
def test_types_inside_each_other_in_the_later_encoding(byte: int, depth: int) -> None:
    """Reading them recurses: a few hundred kilobytes must not use up the stack."""
    types = bytes([byte, 1, 1]) * depth + bytes([byte, 0])
    with pytest.raises(UnsupportedError, match="module and instance types inside each other: 101"):
        check(section(1, b"\1" + types))


def test_aliases_in_types_count_depths_through_types() -> None:
    """In the later encoding each type has an index space: depth 0 is the type around it, depth 1 the module."""
    inner = b"\x62\2\x0f\1\1\7\0\7\1f\0\0"  # the module's type 0, and an export of that type
    outer = b"\x62\2\1" + inner + b"\7\1i\6\0"
    check(section(1, b"\2\x60\0\0" + outer))
    too_deep = b"\x62\1\1" + b"\x62\1\x0f\1\2\7\0"
    with pytest.raises(InvalidError, match="invalid outer depth 0: 0 modules are around this one"):
        check(section(1, b"\2\x60\0\0" + too_deep))
    forward = b"\x62\1\x0f\1\0\7\1"
    with pytest.raises(InvalidError, match="alias to type not defined in parent yet: 1"):
        check(section(1, b"\2\x60\0\0" + forward))


@pytest.mark.parametrize("types", [b"\x4e\2\x60\0\0\x62\0", b"\x4e\2\x62\0\x60\0\0", b"\x4e\2\x61\0\0\x61\0\0"])
def test_no_module_types_in_recursion_groups(types: bytes) -> None:
    with pytest.raises(InvalidError, match="a module or instance type in a recursion group"):
        check(section(1, b"\1" + types))


@pytest.mark.parametrize("body", [b"\xd0\1\x1a", b"\2\1\x0b", b"\xfb\0\1\x1a", b"\xd0\1\xfb\x15\1\x1a"])
def test_module_types_are_no_types_of_values(body: bytes) -> None:
    """ref.null, block, struct.new and ref.test null with the index of an instance type."""
    types = section(1, b"\2\x60\0\0\x62\0")
    code = section(10, b"\1" + leb(len(body) + 2) + b"\0" + body + b"\x0b")
    with pytest.raises(InvalidError, match="unknown type 1"):
        check(types, section(3, b"\1\0"), code)


@pytest.mark.parametrize("global_type", [b"\x63\1\0\xd0\1\x0b"])
def test_module_types_are_no_types_of_globals(global_type: bytes) -> None:
    with pytest.raises(InvalidError, match="unknown type 1: a core type is needed"):
        check(section(1, b"\2\x60\0\0\x62\0"), section(6, b"\1" + global_type))


def test_types_of_aliased_functions_have_no_index() -> None:
    """The type comes with the alias, behind all that the module has, and cannot be named."""
    inner = b"\0asm\1\0\0\0" + section(1, b"\1\x60\1\x7f\0") + section(3, b"\1\0") + section(7, b"\1\1f\0\0")
    inner += section(10, b"\1\2\0\x0b")
    start = (section(14, b"\1" + leb(len(inner)) + inner), section(15, b"\1\0\0\0"), section(16, b"\1\0\0\0\1f"))
    check(*start)
    with pytest.raises(InvalidError, match="unknown type 0: the module has 0 so far"):
        check(*start, section(3, b"\1\0"), section(10, b"\1\2\0\x0b"))
    # type 0 is [] -> []: its body may call the function, but not name its type
    types = section(1, b"\1\x60\0\0")
    call = section(10, b"\1\6\0\x41\1\x10\0\x0b")
    check(types, *start, section(3, b"\1\0"), call)
    block = section(10, b"\1\x08\0\x41\1\2\1\x1a\x0b\x0b")
    with pytest.raises(InvalidError, match="unknown type 1"):
        check(types, *start, section(3, b"\1\0"), block)
