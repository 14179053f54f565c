"""Functions laid out into one image: padding between them, direct calls resolved, veneers where a call does not reach.

In: functions with their relocations, in order of their index. Out: an `Image` in which no relocation is left, so that
it can be mapped from a file and shared. A **veneer** is a jump with a 64-bit distance; veneers stand in **islands**
between functions. A call whose target is not placed yet has a deadline: the last address that it can reach. Before a
function is placed, an island takes up the calls whose deadline would pass meanwhile, and only those; a call back to a
function that is out of reach already waits for the next island in the same way.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Final, final

from taipan.abi.layout import RELOC_BYTES, RELOC_CALL, SITE_BYTES
from taipan.compiler.artifact import CompiledFunction, Image
from taipan.errors import InternalError, UnsupportedError

MAX_IMAGE_BYTES: Final = 1 << 30
"""Keeps every distance inside an image, and from it to the cells behind it, within 2 GiB."""

FUNCTION_ALIGN: Final = 16


@final
class Branches:
    """Direct calls and jumps of one architecture.

    reach: how far forward a call gets, in bytes from the field; backward it gets at least as far.
    patch(code, field, target): makes the call whose field is at that offset go to `target`, an offset too.
    veneer(distance): the veneer that jumps `distance` bytes on from its own first byte.
    """

    __slots__ = ("name", "patch", "reach", "veneer", "veneer_bytes")

    def __init__(
        self,
        name: str,
        reach: int,
        veneer_bytes: int,
        patch: Callable[[bytearray, int, int], None],
        veneer: Callable[[int], bytes],
    ) -> None:
        self.name: Final = name
        self.reach: Final = reach
        self.veneer_bytes: Final = veneer_bytes
        self.patch: Final = patch
        self.veneer: Final = veneer


def _patch_x64(code: bytearray, field: int, target: int) -> None:
    struct.pack_into("<i", code, field, target - (field + 4))


def _veneer_x64(distance: int) -> bytes:
    # lea r11, [rip]; movabs rax, distance; add rax, r11; jmp rax. At a call both registers are free (abi/calls.py).
    return b"\x4c\x8d\x1d\0\0\0\0\x48\xb8" + struct.pack("<q", distance - 7) + b"\x4c\x01\xd8\xff\xe0\xcc\xcc"


def _patch_aarch64(code: bytearray, field: int, target: int) -> None:
    (word,) = struct.unpack_from("<I", code, field)
    struct.pack_into("<I", code, field, word & 0xFC00_0000 | ((target - field) >> 2) & 0x03FF_FFFF)


def _veneer_aarch64(distance: int) -> bytes:
    # adr x17, .; ldr x16, .+12; add x16, x16, x17; br x16; the distance. x16 and x17 belong to veneers (AAPCS64).
    return struct.pack("<IIIIq", 0x10000011, 0x58000070, 0x8B110210, 0xD61F0200, distance)


X64: Final = Branches("x86_64", (1 << 31) - 1, 24, _patch_x64, _veneer_x64)
AARCH64: Final = Branches("aarch64", (1 << 27) - 4, 24, _patch_aarch64, _veneer_aarch64)


@final
class ImageBuilder:
    """Takes the functions of a module one after the other.

    padding: bytes of zeros in front of every function but the first.  force_veneers: every call to another function
    goes through a veneer. Both are there to test what large modules do.
    """

    __slots__ = (
        "_branches",
        "_code",
        "_data_starts",
        "_deadlines",
        "_force",
        "_map_starts",
        "_maps",
        "_offsets",
        "_padding",
        "_site_starts",
        "_sites",
        "_starts",
        "_veneers_waiting",
        "_waiting",
        "num_veneers",
    )

    def __init__(self, branches: Branches, padding: int = 0, force_veneers: bool = False) -> None:
        self._branches: Final = branches
        self._padding: Final = padding
        self._force: Final = force_veneers
        self._code = bytearray()
        self._starts: Final[list[int]] = []
        self._offsets = bytearray()
        self._data_starts = bytearray()
        self._sites = bytearray()
        self._site_starts = bytearray(4)
        self._maps = bytearray()
        self._map_starts = bytearray(4)
        self._deadlines: Final[deque[tuple[int, int]]] = deque()  # (field, target) of calls without a place to go yet
        self._waiting: Final[dict[int, set[int]]] = {}  # target -> those of these fields that wait for it
        self._veneers_waiting: Final[dict[int, list[int]]] = {}  # target not placed yet -> veneers that jump there
        self.num_veneers = 0

    def add(self, function: CompiledFunction) -> None:
        """Place the next function. Raises UnsupportedError if the image becomes too large."""
        code = self._code
        size = len(function.code)
        gap = self._padding if self._starts else 0
        self._flush_before(gap + size)
        code.extend(bytes(-len(code) % FUNCTION_ALIGN + gap))
        start = len(code)
        if start + size > MAX_IMAGE_BYTES:
            raise UnsupportedError("module too large: its machine code would exceed 1 GiB")
        index = len(self._starts)
        code += function.code
        self._starts.append(start)
        self._offsets += struct.pack("<II", start, size)
        self._data_starts += struct.pack("<I", function.data_start)
        self._sites += function.sites
        self._site_starts += struct.pack("<I", len(self._sites) // SITE_BYTES)
        self._maps += function.stack_maps
        self._map_starts += struct.pack("<I", len(self._maps) // 4)
        self._arrive(index, start)
        self._call_out(index, start, function.relocs)

    def finish(self, left: dict[int, str] | None = None) -> Image:
        """The image. Every function that is called must have been added. left: as in Image."""
        missing = sorted(target for target in {*self._waiting, *self._veneers_waiting} if target >= len(self._starts))
        if missing:
            raise InternalError(f"bug: code calls function {missing[0]}, which was not compiled")
        self._island(lambda field: True)
        return Image(
            bytes(self._code),
            bytes(self._offsets),
            bytes(self._sites),
            bytes(self._site_starts),
            bytes(self._maps),
            bytes(self._map_starts),
            bytes(self._data_starts),
            left,
        )

    # --- calls ----------------------------------------------------------------------------------------------------
    def _arrive(self, target: int, start: int) -> None:
        """A function got its place: complete what waits for it, as far as it can be reached from there."""
        for veneer in self._veneers_waiting.pop(target, ()):
            self._write_veneer(veneer, start)
        fields = self._waiting.get(target)
        if fields is not None:
            for field in [field for field in fields if start - field <= self._branches.reach]:
                self._branches.patch(self._code, field, start)
                fields.remove(field)
            if not fields:
                del self._waiting[target]

    def _call_out(self, index: int, start: int, relocs: bytes) -> None:
        """Resolve the calls of the function that was just placed, or let them wait."""
        for at, kind, target in struct.iter_unpack("<III", relocs[: len(relocs) // RELOC_BYTES * RELOC_BYTES]):
            if kind != RELOC_CALL:
                raise InternalError(f"bug: relocation {kind} in code that is compiled ahead of time")
            field = start + at
            placed = target < len(self._starts)
            forced = self._force and target != index
            if placed and not forced and field - self._starts[target] <= self._branches.reach:
                self._branches.patch(self._code, field, self._starts[target])
            else:
                self._deadlines.append((field, target))
                self._waiting.setdefault(target, set()).add(field)
        if self._force:
            self._island(lambda field: True)

    # --- islands --------------------------------------------------------------------------------------------------
    def _flush_before(self, size: int) -> None:
        """Make an island for the calls that could not reach any place behind the next `size` bytes."""
        # Where the next island might end, if every waiting call needed a veneer of its own there.
        room = (len(self._deadlines) + 1) * self._branches.veneer_bytes + 2 * FUNCTION_ALIGN
        end = len(self._code) + size + room
        if self._deadlines and self._deadlines[0][0] + self._branches.reach < end:
            self._island(lambda field: field + self._branches.reach < end)

    def _island(self, due: Callable[[int], bool]) -> None:
        """Give the waiting calls that are due a veneer, one for each target. Fields wait in ascending order."""
        made: dict[int, int] = {}
        while self._deadlines:
            field, target = self._deadlines[0]
            fields = self._waiting.get(target)
            if fields is not None and field in fields:
                if not due(field):
                    break
                fields.remove(field)
                if not fields:
                    del self._waiting[target]
                if target not in made:
                    made[target] = self._add_veneer(target)
                self._branches.patch(self._code, field, made[target])
            self._deadlines.popleft()

    def _add_veneer(self, target: int) -> int:
        code = self._code
        code.extend(bytes(-len(code) % 8))
        veneer = len(code)
        code.extend(bytes(self._branches.veneer_bytes))
        self.num_veneers += 1
        if target < len(self._starts):
            self._write_veneer(veneer, self._starts[target])
        else:
            self._veneers_waiting.setdefault(target, []).append(veneer)
        return veneer

    def _write_veneer(self, veneer: int, target: int) -> None:
        self._code[veneer : veneer + self._branches.veneer_bytes] = self._branches.veneer(target - veneer)
