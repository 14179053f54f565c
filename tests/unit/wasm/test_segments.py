"""Data segments as flat arrays."""

from __future__ import annotations

import struct

import pytest

from taipan.binary.decode import decode
from taipan.features import Features
from taipan.wasm.module import ACTIVE, PASSIVE, ConstExpr, DataSegment, Module
from taipan.wasm.segments import active_data, data_ranges, u32_array, used_func_types


def segment(mode: int, code: bytes, memory: int = 0, start: int = 0, end: int = 0) -> DataSegment:
    return DataSegment(mode, memory, ConstExpr(code, 0) if mode == ACTIVE else None, start, end)


def module_with(*segments: DataSegment) -> Module:
    module = Module(bytes(100))
    module.datas.extend(segments)
    return module


def rows(data: bytes) -> list[tuple[int, int, int]]:
    return list(struct.iter_unpack("<QII", data))


def test_ranges() -> None:
    module = module_with(segment(PASSIVE, b"", start=3, end=9), segment(PASSIVE, b"", start=9, end=9))
    assert struct.unpack("<4I", data_ranges(module)) == (3, 9, 9, 9)
    assert data_ranges(module_with()) == b""


@pytest.mark.parametrize(
    ("code", "address"),
    [
        (b"\x41\x08\x0b", 8),
        (b"\x41\x80\x80\x04\x0b", 65536),
        (b"\x41\x7f\x0b", 2**32 - 1),
        (b"\x41\x80\x80\x80\x80\x78\x0b", 2**31),
        (b"\x42\x7f\x0b", 2**64 - 1),
        (b"\x42\x80\x80\x80\x80\x10\x0b", 2**32),
        (b"\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x0b", 2**63 - 1),
    ],
)
def test_constant_offsets_are_addresses(code: bytes, address: int) -> None:
    (run,) = active_data(module_with(segment(ACTIVE, code, memory=2)))
    assert isinstance(run, bytes)
    assert rows(run) == [(address, 2, 0)]


def test_other_offsets_interrupt_the_run() -> None:
    constant, variable, sum_ = b"\x41\x01\x0b", b"\x23\x00\x0b", b"\x41\x01\x41\x02\x6a\x0b"
    steps = active_data(
        module_with(
            segment(ACTIVE, constant),
            segment(PASSIVE, b""),
            segment(ACTIVE, constant),
            segment(ACTIVE, variable),
            segment(ACTIVE, sum_),
            segment(ACTIVE, constant),
        )
    )
    assert [rows(step) if isinstance(step, bytes) else step for step in steps] == [
        [(1, 0, 0), (1, 0, 2)],
        3,
        4,
        [(1, 0, 5)],
    ]
    assert active_data(module_with(segment(PASSIVE, b""))) == []


def test_arrays_of_indices() -> None:
    values = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF]
    assert u32_array(values) == struct.pack("<5I", *values)
    assert u32_array([]) == b""


def test_types_that_functions_have() -> None:
    module = decode(bytes.fromhex("0061736d 01000000 0104 01 60 00 00"), Features())
    assert used_func_types(module) == []
    module.types *= 3
    module.func_space += [2, 0, 2]
    assert used_func_types(module) == [0, 2]
