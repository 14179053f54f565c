"""Bodies: messages and places of errors, unreachable code, locals without a default, hostile sizes."""

from __future__ import annotations

import time

import pytest

from taipan.errors import InvalidError, MalformedError, UnsupportedError
from taipan.features import Features
from taipan.limits import MAX_NESTING
from taipan.validate import check_module
from taipan.wasm.module import Module
from taipan.wasm.types import F32, F64, I32, I64, SubType, ValType
from tests.unit.validate.modules import func, module

LOCAL_GET, LOCAL_SET, LOCAL_TEE, DROP, END, BLOCK, LOOP, IF, ELSE = 0x20, 0x21, 0x22, 0x1A, 0x0B, 0x02, 0x03, 0x04, 0x05
EMPTY = 0x40


def check(
    body: bytes,
    params: tuple[ValType, ...] = (),
    results: tuple[ValType, ...] = (),
    *,
    types: list[SubType] | None = None,
    features: Features | None = None,
) -> None:
    built = module(body, types=[func(params, results), *(types or [])])
    built.finish()
    check_module(built, features or Features())


def rejects(body: bytes, message: str, *args: tuple[ValType, ...], **more: list[SubType]) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        check(body, *args, **more)
    assert str(caught.value).partition(" (")[0] == message
    return caught.value


def test_operands_are_told_with_the_place() -> None:
    body = bytes([0, LOCAL_GET, 0, LOCAL_GET, 1, 0x6A, END])
    check(body, (I32, I32), (I32,))
    error = rejects(body, "type mismatch: i32.add expects [i32 i32], found [i32 f32]", (I32, F32), (I32,))
    assert error.func == 0
    assert error.offset == 5


def test_missing_operands_are_told() -> None:
    rejects(b"\0\x41\0\x6a\x1a\x0b", "type mismatch: i32.add expects [i32 i32], found [i32]")
    rejects(b"\0\x1a\x0b", "type mismatch: drop expects an operand, found nothing")
    rejects(b"\0\x0b", "type mismatch: instruction requires [i64] but stack has []", (), (I64,))
    rejects(b"\0\x41\0\x0b", "type mismatch: block requires [] but stack has [i32]")


def test_operands_of_the_outer_block_are_out_of_reach() -> None:
    rejects(b"\0\x41\0\x02\x40\x1a\x0b\x0b", "type mismatch: drop expects an operand, found nothing")


def test_unreachable_code_makes_up_operands() -> None:
    check(b"\0\x00\x6a\x1a\x0b")
    check(b"\0\x00\x1b\x45\x1a\x0b")  # select of made-up operands, then i32.eqz
    rejects(b"\0\x00\x42\0\x45\x1a\x0b", "type mismatch: i32.eqz expects [i32], found [i64]")


def test_select_keeps_the_known_type() -> None:
    check(b"\0\x00\x43\0\0\0\0\x41\0\x1b\x8c\x1a\x0b")
    rejects(b"\0\x00\x43\0\0\0\0\x41\0\x1b\x45\x1a\x0b", "type mismatch: i32.eqz expects [i32], found [f32]")


def test_multi_value_block_types() -> None:
    two = func((I32, F64), (F64, I32))
    check(b"\0\x41\0\x44\0\0\0\0\0\0\0\0\x02\x01\x1a\x1a\x44\0\0\0\0\0\0\0\0\x41\0\x0b\x1a\x1a\x0b", types=[two])
    rejects(b"\0\x02\x01\x0b\x0b", "type mismatch: block expects [i32 f64], found []", types=[two])


def test_if_without_else_returns_what_it_takes() -> None:
    check(b"\0\x41\0\x41\0\x04\x01\x0b\x1a\x0b", types=[func((I32,), (I32,))])
    rejects(
        b"\0\x41\0\x41\0\x04\x01\x1a\x42\0\x0b\x1a\x0b",
        "type mismatch: instruction requires [i64] but stack has [i32]",
        types=[func((I32,), (I64,))],
    )


def test_br_table_labels_agree_in_number() -> None:
    # block (result i32) block: labels 0 (nothing) and 1 (i32)
    rejects(
        b"\0\x02\x7f\x02\x40\x41\0\x41\0\x0e\x01\x00\x01\x0b\x41\0\x0b\x1a\x0b",
        "type mismatch: br_table's labels take 1 operands, label 0 takes 0",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"\0\x20\x07\x1a\x0b", "unknown local 7: there are 0"),
        (b"\0\x0c\x01\x0b", "unknown label 1: there are 1"),
        (b"\0\x10\x05\x0b", "unknown function 5: there are 1"),
        (b"\0\x23\x02\x1a\x0b", "unknown global 2: there are 0"),
        (b"\0\x41\0\x28\x02\0\x1a\x0b", "unknown memory 0: there are 0"),
        (b"\0\x41\0\x25\x03\x1a\x0b", "unknown table 3: there are 0"),
        (b"\0\x08\x00\x0b", "unknown tag 0: there are 0"),
        (b"\0\x02\x03\x0b\x0b", "unknown type 3: there are 1"),
        (b"\0\xd2\x00\x1a\x0b", "undeclared function reference: function 0 occurs in no segment, global or export"),
    ],
)
def test_unknown_indices(body: bytes, message: str) -> None:
    rejects(body, message)


def test_the_instruction_behind_a_prefix_is_named() -> None:
    rejects(b"\0\x41\0\xfd\xae\x01\x1a\x0b", "type mismatch: i32x4.add expects [v128 v128], found [i32]")
    rejects(b"\0\x41\0\xfc\x02\x1a\x0b", "type mismatch: i32.trunc_sat_f64_s expects [f64], found [i32]")


# --- locals without a default ---

REF_LOCAL = b"\x01\x01\x64\x00"  # one local of type (ref 0)


def local_module(instructions: bytes) -> Module:
    built = module(REF_LOCAL + instructions + b"\x0b", types=[func()])
    built.finish()
    # so that `ref.func 0` is allowed
    from taipan.wasm.module import FUNC, Export

    built.exports.append(Export("f", FUNC, 0))
    return built


def test_local_without_default_must_be_set_first() -> None:
    with pytest.raises(InvalidError, match=r"^uninitialized local: local 0 of type \(ref 0\) has no value yet"):
        check_module(local_module(b"\x20\0\x1a"), Features())
    check_module(local_module(b"\xd2\0\x21\0\x20\0\x1a"), Features())
    check_module(local_module(b"\xd2\0\x22\0\x1a\x20\0\x1a"), Features())


def test_value_given_in_a_block_ends_with_it() -> None:
    check_module(local_module(b"\xd2\0\x21\0\x02\x40\x20\0\x1a\x0b"), Features())
    with pytest.raises(InvalidError, match=r"^uninitialized local"):
        check_module(local_module(b"\x02\x40\xd2\0\x21\0\x20\0\x1a\x0b\x20\0\x1a"), Features())
    with pytest.raises(InvalidError, match=r"^uninitialized local"):
        check_module(local_module(b"\x41\0\x04\x40\xd2\0\x21\0\x05\x20\0\x1a\x0b"), Features())


def test_locals_are_forgotten_between_functions() -> None:
    body = REF_LOCAL + b"\xd2\0\x21\0\x20\0\x1a\x0b"
    late = REF_LOCAL + b"\x20\0\x1a\x0b"
    built = module(body, late)
    built.finish()
    from taipan.wasm.module import FUNC, Export

    built.exports.append(Export("f", FUNC, 0))
    with pytest.raises(InvalidError, match=r"^uninitialized local") as caught:
        check_module(built, Features())
    assert caught.value.func == 1


# --- the end of the body ---


def test_missing_and_early_end() -> None:
    with pytest.raises(MalformedError, match=r"^unexpected end of section or function"):
        check(b"\0\x01")
    with pytest.raises(MalformedError, match=r"^unexpected instruction after the end"):
        check(b"\0\x0b\x01\x0b")
    with pytest.raises(MalformedError, match=r"^unexpected end"):
        check(b"\0\x02")
    with pytest.raises(MalformedError, match=r"^unexpected else"):
        check(b"\0\x05\x0b")


def test_switched_off_instructions_are_unknown() -> None:
    with pytest.raises(MalformedError, match=r"^illegal opcode c0"):
        check(b"\0\x41\0\xc0\x1a\x0b", features=Features().replace(sign_extension=False))


# --- hostile bodies ---


def timed(body: bytes) -> float:
    start = time.process_time()
    check(body)
    return time.process_time() - start


def test_100_000_nested_blocks() -> None:
    deep = MAX_NESTING - 1  # the function itself is a block
    assert timed(b"\0" + b"\x02\x40" * deep + b"\x0b" * (deep + 1)) < 5
    with pytest.raises(UnsupportedError, match=r"^too many blocks inside each other: 100001"):
        check(b"\0" + b"\x02\x40" * (deep + 1) + b"\x0b" * (deep + 2))


def test_50_000_locals() -> None:
    check(b"\x01\xd0\x86\x03\x7f\x0b")
    with pytest.raises(UnsupportedError, match=r"^too many locals \(function 0\): 50001"):
        check(b"\x01\xd1\x86\x03\x7f\x0b")
    with pytest.raises(UnsupportedError, match=r"^too many locals"):
        check(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b")
    with pytest.raises(MalformedError, match=r"^too many locals: 4294967296"):
        check(b"\x02\xff\xff\xff\xff\x0f\x7f\x01\x7f\x0b")


def test_br_table_of_false_length() -> None:
    with pytest.raises(MalformedError, match=r"^unexpected end"):
        check(b"\0\x41\0\x0e\xff\xff\xff\xff\x0f\x00\x0b")


def test_array_new_fixed_of_four_billion_operands() -> None:
    from taipan.wasm.types import FieldType
    from tests.unit.validate.modules import array

    types = [array(FieldType(I32, True))]
    check(b"\0\x00\xfb\x08\x01\xff\xff\xff\xff\x0f\x1a\x0b", types=types)
    with pytest.raises(InvalidError, match=r"array\.new_fixed expects i32, found nothing"):
        check(b"\0\xfb\x08\x01\xff\xff\xff\xff\x0f\x1a\x0b", types=types)
