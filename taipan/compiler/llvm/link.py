"""From LLVM's object file to functions as the runtime takes them.

Each function becomes one piece of position-independent bytes: its code, then the constants, jump tables and stubs that
it refers to. What remains are calls and cells of other functions, in relocations as the baseline compiler leaves them.
"""

from __future__ import annotations

from bisect import bisect_right
from struct import Struct, pack, pack_into, unpack_from
from typing import TYPE_CHECKING, Final, final

from taipan.abi.layout import (
    MAP_FRAMES_SHIFT,
    RELOC_CALL,
    RELOC_SLOT,
    SITE_CALL,
    SITE_FAULT,
    SITE_FUEL_SHIFT,
    SITE_TRAP,
)
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.llvm.elf import ObjectFile, Relocation
from taipan.compiler.llvm.emit_control import COLUMN_CALL, COLUMN_CHECK, COLUMN_FAULT, COLUMN_OWN, COLUMN_TRAP
from taipan.compiler.llvm.function import Plan
from taipan.compiler.llvm.lines import read_rows
from taipan.compiler.llvm.machine import CALL, MEMORY
from taipan.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.machine import Decoded, Machine

MAX_FRAME_BYTES: Final = 16 << 10
"""Of a frame: the prologue takes it before the stack limit is checked, so it must fit into the reserve below that."""
MAX_UNCHECKED_FRAME_BYTES: Final = 4 << 10
"""The same for functions that call nothing and do not look at the limit."""
MAX_ALIGNMENT: Final = 16
"""Of data: functions are not aligned to more."""
STACK_MAPS_VERSION: Final = 3
DIRECT: Final = 2

_SITE: Final = Struct("<4I")


@final
class ObjectReader:
    """The functions of one object file."""

    def __init__(self, data: bytes, machine: Machine) -> None:
        self.machine: Final = machine
        self.file: Final = ObjectFile(data)
        self.text: Final = self.file.section_index(".text")
        self.code: Final = self.file.sections[self.text].data
        self.relocations: Final = self.file.relocations.get(self.text, [])
        self.offsets: Final = [r.offset for r in self.relocations]
        self.rows: Final = self._read_rows()
        self.row_starts: Final = [row[0] for row in self.rows]
        self.frames: Final = self._read_stack_maps()
        self.functions: Final = {
            symbol.name: (symbol.value, symbol.value + symbol.size)
            for symbol in self.file.symbols
            if symbol.section == self.text and symbol.name[:1] in ("f", "c")
        }
        self._cuts: dict[int, list[int]] | None = None

    def _read_rows(self) -> list[tuple[int, int, int]]:
        file = self.file
        section = file.section_index(".debug_line")
        addresses = {}
        for r in file.relocations.get(section, []):
            if r.kind == self.machine.ABSOLUTE and file.symbols[r.symbol].section == self.text:
                addresses[r.offset] = file.symbols[r.symbol].value + r.addend
        return read_rows(file.sections[section].data, addresses) if section else []

    def _read_stack_maps(self) -> dict[int, int]:
        """Where `%refs` begins in the frame of each function that has it: distance below the frame pointer."""
        section = self.file.section_index(".llvm_stackmaps")
        if not section:
            return {}
        data = self.file.sections[section].data
        version, num_functions, num_constants, num_records = unpack_from("<B3xIII", data)
        if version != STACK_MAPS_VERSION:
            raise InternalError(f"bug: stack maps of version {version}")
        at = 16 + 24 * num_functions + 8 * num_constants
        found = {}
        for _ in range(num_records):
            index, _, _, num_locations = unpack_from("<QIHH", data, at)
            kind, register, offset = unpack_from("<BxxxHxxi", data, at + 16)
            if num_locations != 1 or kind != DIRECT or register != self.machine.FRAME_POINTER:
                raise InternalError(f"bug: LLVM put the references of function {index} where they cannot be found")
            found[index] = -offset
            at += 16 + 12 * num_locations
            at = (at + 7) & ~7
            at += 4 + 4 * unpack_from("<H", data, at + 2)[0]
            at = (at + 7) & ~7
        return found

    def function(self, plan: Plan) -> CompiledFunction:
        """Raises UnsupportedError if LLVM made something of it that cannot be used."""
        return FunctionReader(self, plan).read()

    def data_piece(self, section: int, offset: int) -> tuple[int, int]:
        """Start and end of the constant or jump table around an offset of a section of read-only data."""
        size = self.file.sections[section].entsize
        if size:
            start = offset // size * size
            return start, start + size
        if self._cuts is None:
            self._cuts = {}
        cuts = self._cuts.get(section)
        if cuts is None:
            # Nothing but references from code tells where a table begins; it ends where the next one does.
            cuts = self._cuts[section] = sorted(
                {
                    self.file.symbols[r.symbol].value + self.machine.addend(r, 4)
                    for r in self.relocations
                    if r.kind in self.machine.REFERENCES and self.file.symbols[r.symbol].section == section
                }
                | {0, len(self.file.sections[section].data)}
            )
        i = bisect_right(cuts, offset)
        return cuts[i - 1], cuts[i]


SPARE_DISTANCE: Final = 100
"""How many accesses back one is looked for that can be spared for another."""


@final
class Accesses:
    """Which instruction makes which of wasm's accesses to memory, in order of their addresses.

    An instruction usually stands in a row of the line table that names its access. If LLVM forgot an access's place,
    it is in the row of something before it, and the next row that names it has only instructions that use its value.
    (Other accesses do no harm as sites. Stores that could be taken for such an access have rows of their own.)
    """

    def __init__(self, first_access: int) -> None:
        self.found: Final[list[list[int]]] = []  # code offset, place
        self.spare: Final[list[bool]] = []  # of each of these, whether its place has another one, or nothing says so
        self.others: Final[list[list[int]]] = []  # the same as `found` of what seems to be no access of wasm's
        self.seen: Final[set[int]] = set()
        self.last = first_access
        self.row = -1
        self.is_own = False

    def begin_row(self, access: int, is_own: bool) -> None:
        """access: the place that the row names, -1 if it names none.  is_own: it begins with another access."""
        self.end_row()
        self.row = access
        self.is_own = is_own

    def add(self, code_offset: int) -> None:
        if self.is_own:
            self.is_own = False
            if self.last >= 0:
                self.others.append([code_offset, self.last])
            return
        spare = self.row < 0 or self.row in self.seen
        if self.row >= 0:
            self.last = self.row
            self.seen.add(self.row)
        if self.last >= 0:
            self.found.append([code_offset, self.last])
            self.spare.append(spare)

    def end_row(self) -> None:
        """Give an access that has no instruction yet the last one before this row that can be spared."""
        if self.row < 0 or self.row in self.seen:
            return
        for i in range(len(self.found) - 1, max(-1, len(self.found) - 1 - SPARE_DISTANCE), -1):
            if self.spare[i]:
                self.found[i][1] = self.row
                self.spare[i] = False
                self.seen.add(self.row)
                if i == len(self.found) - 1:
                    self.last = self.row
                return

    def finish(self) -> list[list[int]]:
        self.end_row()
        return sorted(self.found + self.others)


@final
class FunctionReader:
    """Makes one function's piece."""

    def __init__(self, reader: ObjectReader, plan: Plan) -> None:
        self.reader: Final = reader
        self.machine: Final = reader.machine
        self.plan: Final = plan
        self.start, self.end = reader.functions[plan.name]
        self.piece: Final = bytearray(reader.code[self.start : self.end])
        self.places: Final[dict[tuple[int, int] | str, int]] = {}
        self.relocs: Final[list[bytes]] = []
        self.maps: Final[list[int]] = []
        self.seen: Final[dict[tuple[tuple[int, ...], tuple[int, ...]], int]] = {}
        self.first_places: Final = [body.first for body in plan.bodies]

    def read(self) -> CompiledFunction:
        decoded = self.decode()
        self.check_frame(decoded)
        sites = self.sites(decoded)
        self.relocate(decoded)
        return CompiledFunction(
            bytes(self.piece),
            b"".join(self.relocs),
            b"".join(sites),
            pack(f"<{len(self.maps)}I", *self.maps),
            data_start=self.end - self.start,
        )

    def unsupported(self, what: str) -> UnsupportedError:
        return UnsupportedError(f"the LLVM compiler made {what}")

    def decode(self) -> list[Decoded]:
        try:
            return self.machine.instructions(self.reader.code, self.start, self.end)
        except (ValueError, IndexError) as error:
            raise self.unsupported(f"code that cannot be decoded: {error}") from None

    def check_frame(self, decoded: list[Decoded]) -> None:
        limit = MAX_FRAME_BYTES if self.plan.checks_stack else MAX_UNCHECKED_FRAME_BYTES
        if self.machine.frame_bytes(self.reader.code, decoded) > limit:
            raise self.unsupported("too large a frame")

    # --- sites ----------------------------------------------------------------------------------------------------
    def sites(self, decoded: list[Decoded]) -> list[bytes]:
        """All sites, ascending."""
        rows, starts = self.reader.rows, self.reader.row_starts
        row = bisect_right(starts, self.start) - 1
        found: list[tuple[int, bytes]] = []
        accesses = Accesses(self.plan.first_access)
        for at, end, kind in decoded:
            while row + 1 < len(rows) and starts[row + 1] <= at:
                row += 1
                _, line, column = rows[row]
                accesses.begin_row(line - 1 if column == COLUMN_FAULT else -1, column == COLUMN_OWN)
            if kind == CALL:
                offset = end - self.start
                found.append((offset, self.call_site(offset, rows[row][1], rows[row][2])))
            elif kind == MEMORY:
                accesses.add(at - self.start + 1)
        fuel = self.plan.fuel_at
        found += [
            (offset, self.site(offset, place, SITE_FAULT | fuel.get(place, 0) << SITE_FUEL_SHIFT))
            for offset, place in accesses.finish()
        ]
        found.sort()
        return [site for _, site in found]

    def call_site(self, offset: int, line: int, column: int) -> bytes:
        if line == 0 or column == 0:
            raise InternalError(f"bug: a call without a location in function {self.plan.function}")
        if column >= COLUMN_TRAP:
            return self.site(offset, line - 1, SITE_TRAP | (column - COLUMN_TRAP) << 8)
        if column in (COLUMN_CALL, COLUMN_CHECK):
            return self.site(offset, line - 1, SITE_CALL, self.plan.maps.get((line - 1, column), ()))
        raise self.unsupported("no jump of a tail call")

    def site(self, offset: int, place: int, kind: int, slots: tuple[int, ...] = ()) -> bytes:
        """slots: of `%refs`, that hold live references there."""
        bodies = self.plan.bodies
        number = bisect_right(self.first_places, place) - 1
        frames: list[int] = []
        wasm_offset = place - bodies[number].shift
        while number:
            if bodies[number].call >= 0:
                frames += (bodies[number].function, bodies[number].call)
            number = bodies[number].outer
        return _SITE.pack(offset, wasm_offset, kind, self.stack_map(slots, tuple(frames)))

    def stack_map(self, slots: tuple[int, ...], frames: tuple[int, ...]) -> int:
        """Position + 1 of the stack map of a site; 0 if it would be empty."""
        if not slots and not frames:
            return 0
        position = self.seen.get((slots, frames))
        if position is None:
            position = self.seen[slots, frames] = len(self.maps) + 1
            self.maps.append(len(slots) | len(frames) // 2 << MAP_FRAMES_SHIFT)
            if slots:
                lowest = self.reader.frames[self.plan.record]
                self.maps.extend(lowest - 8 * slot for slot in slots)
            self.maps.extend(frames)
        return position

    # --- relocations ----------------------------------------------------------------------------------------------
    def relocate(self, decoded: list[Decoded]) -> None:
        reader, machine = self.reader, self.machine
        ends = [end for _, end, _ in decoded]
        first = bisect_right(reader.offsets, self.start - 1)
        last = bisect_right(reader.offsets, self.end - 1)
        for r in reader.relocations[first:last]:
            symbol = reader.file.symbols[r.symbol]
            field = r.offset - self.start
            # What is counted from the field's beginning instead of the instruction's end.
            past_field = ends[bisect_right(ends, r.offset)] - r.offset
            kind, _, number = symbol.name.partition("_")
            in_code = symbol.section == 0 or symbol.section == reader.text
            if r.kind not in (machine.CALLS if in_code else machine.REFERENCES):
                raise self.unsupported(f"a relocation of kind {r.kind}")
            if in_code:
                if kind in ("ret", "tail"):
                    stub = self.append(symbol.name, machine.stub(symbol.name), 1)
                    machine.patch(self.piece, field, r.kind, past_field, stub)
                    continue
                if symbol.name[:1] == "f" and symbol.name[1:].isdigit():
                    target, slot = int(symbol.name[1:]), RELOC_CALL
                elif kind == "slot":
                    target, slot = int(number), RELOC_SLOT
                else:
                    raise self.unsupported(f"a reference to {symbol.name or 'its own code'}")
                if past_field != 4 or machine.addend(r, past_field) != 0:
                    raise self.unsupported(f"an unusual reference to {symbol.name}")
                self.relocs.append(pack("<3I", field, slot, target))
            else:
                target = self.data(symbol.section, symbol.value + machine.addend(r, past_field))
                try:
                    machine.patch(self.piece, field, r.kind, past_field, target)
                except ValueError as error:
                    raise self.unsupported(f"too large a function: {error}") from None

    def append(self, key: tuple[int, int] | str, data: bytes, align: int) -> int:
        """Position in the piece of data that is to stand behind the code, once."""
        place = self.places.get(key)
        if place is None:
            if align > MAX_ALIGNMENT:
                raise self.unsupported(f"data aligned to {align} bytes")
            self.piece.extend(self.machine.FILLER * (-len(self.piece) % align))
            place = self.places[key] = len(self.piece)
            self.piece.extend(data)
        return place

    def data(self, section: int, offset: int) -> int:
        """Position in the piece of what lies there in the object's read-only data."""
        reader = self.reader
        content = reader.file.sections[section]
        if not content.name.startswith(".rodata"):
            raise self.unsupported(f"a reference to {content.name}")
        start, end = reader.data_piece(section, offset)
        known = (section, start) in self.places
        align = min(content.align, content.entsize or content.align, self.machine.DATA_ALIGN)
        place = self.append((section, start), content.data[start:end], align)
        if not known:
            for r in reader.file.relocations.get(section, []):
                if start <= r.offset < end:
                    self.relocate_data(r, place + r.offset - start)
        return place + offset - start

    def relocate_data(self, r: Relocation, at: int) -> None:
        """An entry of a jump table: the distance from the table to a label."""
        symbol = self.reader.file.symbols[r.symbol]
        if r.kind != self.machine.DISTANCE or symbol.section != self.reader.text:
            raise self.unsupported(f"data with a relocation of kind {r.kind}")
        pack_into("<i", self.piece, at, symbol.value + r.addend - self.start - at)
