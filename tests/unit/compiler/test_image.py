"""Layout of images: every call must land where it should, directly or through veneers; checked by decoding."""

from __future__ import annotations

import itertools
import random
import struct

import pytest

from taipan.abi.layout import RELOC_CALL, RELOC_SLOT
from taipan.compiler.artifact import CompiledFunction, Image
from taipan.compiler.image import AARCH64, X64, Branches, ImageBuilder
from taipan.errors import InternalError


def x64_function(targets: list[int], size: int = 0) -> CompiledFunction:
    """`call rel32` to each target, then filling."""
    code = bytearray()
    relocs = b""
    for target in targets:
        code += b"\xe8\0\0\0\0"
        relocs += struct.pack("<III", len(code) - 4, RELOC_CALL, target)
    code += b"\xc3" + bytes(size)
    return CompiledFunction(bytes(code), relocs, b"", b"")


def aarch64_function(targets: list[int], size: int = 0) -> CompiledFunction:
    relocs = b"".join(struct.pack("<III", 4 * i, RELOC_CALL, target) for i, target in enumerate(targets))
    code = struct.pack("<I", 0x94000000) * len(targets) + struct.pack("<I", 0xD65F03C0) + bytes(size)
    return CompiledFunction(code, relocs, b"", b"")


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def x64_target(code: bytes, field: int) -> tuple[int, bool]:
    """Where the call with this field ends up, and whether through a veneer; checks the bytes of the veneer."""
    at = field + 4 + struct.unpack_from("<i", code, field)[0]
    if code[at : at + 7] != b"\x4c\x8d\x1d\0\0\0\0":
        return at, False
    assert code[at + 7 : at + 9] == b"\x48\xb8"
    assert code[at + 17 : at + 22] == b"\x4c\x01\xd8\xff\xe0"
    return at + 7 + struct.unpack_from("<q", code, at + 9)[0], True


def aarch64_target(code: bytes, field: int) -> tuple[int, bool]:
    (word,) = struct.unpack_from("<I", code, field)
    assert word >> 26 == 0b100101  # bl
    distance = 4 * signed(word & 0x03FF_FFFF, 26)
    assert -(1 << 27) <= distance < 1 << 27
    at = field + distance
    words = struct.unpack_from("<4I", code, at) if at + 16 <= len(code) else ()
    if words != (0x10000011, 0x58000070, 0x8B110210, 0xD61F0200):
        return at, False
    return at + struct.unpack_from("<q", code, at + 16)[0], True


def starts_of(image: Image) -> list[int]:
    return [start for start, _ in struct.iter_unpack("<II", image.offsets)]


KINDS = {
    "x64": (X64, x64_function, x64_target, 5, 1),
    "aarch64": (AARCH64, aarch64_function, aarch64_target, 4, 0),
}


def check(kind: str, calls: list[list[int]], sizes: list[int], branches: Branches, **options: object) -> ImageBuilder:
    """Lay out functions that call each other and follow every call."""
    _, make, target_of, call_bytes, field_at = KINDS[kind]
    builder = ImageBuilder(branches, **options)  # type: ignore[arg-type]
    for targets, size in zip(calls, sizes, strict=True):
        builder.add(make(targets, size))
    image = builder.finish()
    starts = starts_of(image)
    for index, targets in enumerate(calls):
        for n, target in enumerate(targets):
            reached, veneer = target_of(image.code, starts[index] + call_bytes * n + field_at)
            assert reached == starts[target]
            if options.get("force_veneers"):
                assert veneer == (target != index)
    return builder


def short(branches: Branches, reach: int) -> Branches:
    """The same architecture with calls that reach less far."""
    return Branches(branches.name, reach, branches.veneer_bytes, branches.patch, branches.veneer)


@pytest.mark.parametrize("kind", KINDS)
def test_calls_within_reach_are_direct(kind: str) -> None:
    builder = check(kind, [[1, 2, 0], [0, 2], [2, 1, 0]], [100, 0, 40], KINDS[kind][0])
    assert builder.num_veneers == 0


@pytest.mark.parametrize("kind", KINDS)
def test_forced_veneers(kind: str) -> None:
    builder = check(kind, [[1, 2, 0], [0, 2], [2, 1, 0]], [100, 0, 40], KINDS[kind][0], force_veneers=True)
    assert builder.num_veneers == 6


@pytest.mark.parametrize("kind", KINDS)
def test_padding_lies_between_functions(kind: str) -> None:
    _, make, *_ = KINDS[kind]
    builder = ImageBuilder(KINDS[kind][0], padding=1000)
    for _ in range(3):
        builder.add(make([0], 0))
    starts = starts_of(builder.finish())
    assert starts[0] == 0
    assert all(after - before >= 1000 for before, after in itertools.pairwise(starts))


def test_long_branches_of_aarch64() -> None:
    """130 MiB between two functions that call each other: both calls need a veneer."""
    builder = check("aarch64", [[1], [0]], [0, 0], AARCH64, padding=130 << 20)
    assert builder.num_veneers == 2


def test_middle_of_a_large_image_needs_no_veneers() -> None:
    """The outer functions are out of each other's reach, the ones in the middle reach all."""
    builder = check("aarch64", [[2, 1], [0, 2], [0, 1]], [0, 0, 0], AARCH64, padding=70 << 20)
    assert builder.num_veneers == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_random_layouts_with_short_reach(kind: str, seed: int) -> None:
    """Islands come in time whatever the sizes are; a reach of a few functions makes many of them."""
    rng = random.Random(seed)
    count = rng.randint(2, 60)
    calls = [[rng.randrange(count) for _ in range(rng.randint(0, 5))] for _ in range(count)]
    sizes = [4 * rng.choice((0, 1, 10, 100, 300)) for _ in range(count)]
    builder = check(kind, calls, sizes, short(KINDS[kind][0], 20_000), padding=rng.choice((0, 64, 500)))
    assert builder.num_veneers <= sum(map(len, calls))


def test_short_reach_makes_veneers_only_where_needed() -> None:
    calls = [[i + 1, i - 1] if 0 < i < 99 else [i] for i in range(100)]
    assert check("x64", calls, [1000] * 100, short(X64, 20_000)).num_veneers == 0
    far = [[99 - i] for i in range(100)]
    assert 0 < check("x64", far, [1000] * 100, short(X64, 20_000)).num_veneers < 100


def test_tables_follow_the_functions() -> None:
    site = struct.pack("<IIII", 5, 7, 0, 1)
    builder = ImageBuilder(X64)
    builder.add(CompiledFunction(b"\x90" * 20, b"", site, struct.pack("<II", 1, 8)))
    builder.add(CompiledFunction(b"\x90" * 3, b"", b"", b""))
    builder.add(CompiledFunction(b"\x90" * 40, b"", site * 2, b""))
    image = builder.finish()
    assert struct.unpack("<6I", image.offsets) == (0, 20, 32, 3, 48, 40)
    assert struct.unpack("<4I", image.site_starts) == (0, 1, 1, 3)
    assert struct.unpack("<4I", image.stack_map_starts) == (0, 2, 2, 2)
    assert image.sites == site * 3


def test_call_of_a_function_that_is_not_there() -> None:
    builder = ImageBuilder(X64)
    builder.add(x64_function([3]))
    with pytest.raises(InternalError, match="function 3"):
        builder.finish()


def test_cells_have_no_place_in_an_image() -> None:
    code = CompiledFunction(bytes(8), struct.pack("<III", 0, RELOC_SLOT, 0), b"", b"")
    with pytest.raises(InternalError, match="relocation 1"):
        ImageBuilder(X64).add(code)
