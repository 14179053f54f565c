"""A quick look over a function body before code is generated.

Finds what a single pass cannot know at its beginning: how much each local is used and where it is live (to pin the
busiest to registers, see liveness.py), where calls are, whether the context is needed, and which stretches of code can
never run (the second pass does not visit those).

The loop knows instructions only by the shape of their immediates; a unit test compares SHAPES with the instruction
table.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import read_i32_le
from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.liveness import WORD_BITS, Liveness
from taipan.compiler.baseline.masm import to_vec
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.environ import T_EXTERNREF, ModuleEnv
from taipan.errors import UnsupportedError

# Shapes of immediates.
NONE: Final = 0
LEB: Final = 1
LEB2: Final = 2
LOCAL: Final = 3
MEMARG: Final = 4
BLOCK: Final = 5
LABELS: Final = 6
FOUR: Final = 7
EIGHT: Final = 8
TYPES: Final = 9
END: Final = 10
ELSE: Final = 11
PREFIX_FC: Final = 12
BRANCH: Final = 13
UNKNOWN: Final = 14
# or'ed to the shape
NEEDS_CONTEXT: Final = 16
CALLS: Final = 32
LEAVES: Final = 64  # what follows cannot be reached


def _shapes() -> bytes:
    table = [UNKNOWN] * 256
    rows = (
        ((0x00,), NONE | LEAVES | NEEDS_CONTEXT),
        ((0x01, 0x1A, 0x1B), NONE),
        ((0x02, 0x04), BLOCK),
        ((0x03,), BLOCK | NEEDS_CONTEXT),
        ((0x05,), ELSE),
        ((0x0B,), END),
        ((0x0C,), BRANCH | LEAVES),
        ((0x0D,), BRANCH),
        ((0x0E,), LABELS | LEAVES),
        ((0x0F,), NONE | LEAVES),
        ((0x10, 0x14), LEB | CALLS),
        ((0x11,), LEB2 | CALLS),
        ((0x12, 0x15), LEB | CALLS | LEAVES),
        ((0x13,), LEB2 | CALLS | LEAVES),
        ((0x1C,), TYPES),
        ((0x20, 0x21, 0x22), LOCAL),
        ((0x23, 0x24, 0x25, 0x26), LEB | NEEDS_CONTEXT),
        (range(0x28, 0x3F), MEMARG),
        ((0x3F,), LEB | NEEDS_CONTEXT),
        ((0x40,), LEB | CALLS),
        ((0x41, 0x42), LEB),
        ((0x43,), FOUR),
        ((0x44,), EIGHT),
        (range(0x45, 0xC5), NONE),
        ((*range(0x6D, 0x71), *range(0x7F, 0x83), *range(0xA8, 0xAC), *range(0xAE, 0xB2)), NONE | NEEDS_CONTEXT),
        ((0xD0, 0xD2), LEB | NEEDS_CONTEXT),
        ((0xD1, 0xD4), NONE | NEEDS_CONTEXT),
        ((0xD5, 0xD6), BRANCH | NEEDS_CONTEXT),
        ((0xFC,), PREFIX_FC),
    )
    for opcodes, shape in rows:
        for opcode in opcodes:
            table[opcode] = shape
    return bytes(table)


SHAPES: Final = _shapes()
"""Shape of each one-byte opcode."""
SHAPE_VEC: Final = to_vec(SHAPES)

_HELPER: Final = CALLS | NEEDS_CONTEXT
SHAPES_FC: Final = bytes(
    [NONE] * 8  # saturating conversions
    + [LEB2 | _HELPER, LEB | _HELPER, LEB2 | _HELPER, LEB | _HELPER]  # memory.init data.drop memory.copy memory.fill
    + [LEB2 | _HELPER, LEB | _HELPER, LEB2 | _HELPER]  # table.init elem.drop table.copy
    + [LEB | _HELPER, LEB | NEEDS_CONTEXT, LEB | _HELPER]  # table.grow table.size table.fill
    + [UNKNOWN]
    + [NONE] * 4  # i64.add128 sub128 mul_wide_s mul_wide_u
)

MAX_WIDTH: Final = 16  # bytes that one access may touch


@final
class Prescan:
    """Results for one function; reused for the next.

    live: uses and lifetimes of the locals.  cuts: (start, end) offsets of unreachable code, ascending.
    calls: (offset, weight of all calls up to and including this one) of each call.
    """

    def __init__(self, env: ModuleEnv) -> None:
        self.env: Final = env
        self.live: Final = Liveness()
        self.cuts: vec[i64] = vec[i64]()
        self.num_cuts: i64 = 0
        self.calls: vec[i64] = to_vec([0] * 64)
        self.num_calls: i64 = 0
        self.needs_context: bool = False
        self.uses_memory0: bool = False
        self.next: i64 = 0

    def scan(self, start: i64, end: i64, num_params: i64, num_locals: i64) -> None:
        """Scan the instructions in `code[start:end]` (without the local declarations) of a valid function."""
        code = self.env.code
        live = self.live
        live.begin(num_params, num_locals, start)
        weights = live.weights
        starts = live.starts
        ends = live.ends
        assigned = live.assigned
        self.num_cuts = 0
        self.num_calls = 0
        self.uses_memory0 = False
        flags: i64 = 0
        call_weight: i64 = 0
        dead = False
        extents = self.env.memory_extents
        extent0: i64 = -1
        if len(extents) > 0:
            extent0 = extents[0]
        last_word = i64(len(code)) - 3
        shapes = SHAPE_VEC
        pos = start
        while pos < end:
            at = pos
            # Four bytes at once are cheaper than two by index: the opcode and what may be all of its immediates.
            if pos < last_word:
                word = i64(read_i32_le(code, pos))
            else:
                word = self.word_at(pos)
            op = word & 0xFF
            byte = (word >> 8) & 0xFF
            pos += 1
            shape = shapes[op]
            kind = shape & 15
            if kind == LOCAL:
                index = byte
                pos += 1
                if index >= 0x80:
                    self.next = pos - 1
                    index = self.read_u32()
                    pos = self.next
                # `Liveness.read` and `write`, in line for the locals of the first word.
                if index < WORD_BITS:
                    weights[index] += live.weight
                    ends[index] = at
                    bit = BIT[index]
                    if op != 0x20:
                        assigned[0] |= bit
                        if starts[index] < 0:
                            starts[index] = at
                    elif not assigned[0] & bit:
                        live.expose(index)
                elif op == 0x20:
                    live.read(index, at)
                else:
                    live.write(index, at)
                continue
            flags |= shape
            if kind == NONE:
                pass
            elif kind == BRANCH:
                label = byte
                pos += 1
                if label >= 0x80:
                    self.next = pos - 1
                    label = self.read_u32()
                    pos = self.next
                live.branch(label)
            elif kind == LEB:
                if 0x23 <= op <= 0x26:
                    if self.needs_helper(op, pos):
                        shape |= CALLS
                        flags |= CALLS
                if byte >= 0x80:
                    while code[pos] >= 0x80:
                        pos += 1
                pos += 1
            elif kind == MEMARG:
                extent = extent0
                offset = (word >> 16) & 0xFF
                if byte & 0x40:
                    # A memory index follows, perhaps 0.
                    pos += 1
                    if code[pos] == 0:
                        self.uses_memory0 = True
                    else:
                        flags |= NEEDS_CONTEXT
                    while code[pos] >= 0x80:
                        pos += 1
                    pos += 1
                    offset = i64(code[pos])
                else:
                    pos += 1
                    self.uses_memory0 = True
                pos += 1
                if offset >= 0x80:
                    self.next = pos - 1
                    offset = self.read_u64()
                    pos = self.next
                if offset < 0 or offset > extent - MAX_WIDTH:
                    # The check reads the memory's length through the context.
                    flags |= NEEDS_CONTEXT
            elif kind == BLOCK:
                if byte == 0x63 or byte == 0x64:
                    pos += 1
                while code[pos] >= 0x80:
                    pos += 1
                pos += 1
                live.enter(op - 0x02, at)
            elif kind == END:
                live.end(dead, at)
                dead = False
            elif kind == ELSE:
                live.else_(dead)
                dead = False
            elif kind == LABELS:
                self.next = pos
                count = self.read_u32()
                while count >= 0:
                    live.branch(self.read_u32())
                    count -= 1
                pos = self.next
            else:
                if kind == PREFIX_FC:
                    pos += 1
                    if byte >= i64(len(SHAPES_FC)):
                        raise self.unsupported(at)
                    shape = i64(SHAPES_FC[byte])
                    kind = shape & 15
                    flags |= shape
                pos = self.skip_immediates(kind, pos)
            if shape & (CALLS | LEAVES):
                if shape & CALLS:
                    call_weight += live.weight
                    self.add_call(at, call_weight)
                if shape & LEAVES:
                    pos = self.skip_dead(pos, end)
                    dead = True
        live.finish(start)
        self.needs_context = flags & (NEEDS_CONTEXT | CALLS) != 0

    def word_at(self, pos: i64) -> i64:
        """Four bytes from `pos` on, as far as there are any."""
        code = self.env.code
        word: i64 = 0
        i: i64 = 0
        while i < 4 and pos + i < i64(len(code)):
            word |= i64(code[pos + i]) << (8 * i)
            i += 1
        return word

    def add_call(self, pos: i64, weight: i64) -> None:
        n = self.num_calls
        if n + 2 > len(self.calls):
            self.calls = append(append(self.calls, 0), 0)
        self.calls[n] = pos
        self.calls[n + 1] = weight
        self.num_calls = n + 2

    def calls_weight(self, start: i64, end: i64) -> i64:
        """Weight of the calls between two offsets, both excluded."""
        return self.weight_before(end) - self.weight_before(start + 1)

    def weight_before(self, pos: i64) -> i64:
        """Weight of all calls before an offset."""
        calls = self.calls
        count = self.num_calls
        # Many locals live from the beginning, or to the end.
        if count == 0 or calls[0] >= pos:
            return 0
        if calls[count - 2] < pos:
            return calls[count - 1]
        low: i64 = 0
        high = count >> 1
        while low < high:
            middle = (low + high) >> 1
            if calls[2 * middle] < pos:
                low = middle + 1
            else:
                high = middle
        return calls[2 * low - 1]

    def read_u32(self) -> i64:
        """The unsigned LEB128 number at `next`."""
        code = self.env.code
        pos = self.next
        value: i64 = 0
        shift: i64 = 0
        while True:
            byte: i64 = code[pos]
            pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        self.next = pos
        return value

    def read_u64(self) -> i64:
        """The same, but -1 for numbers beyond 62 bits."""
        code = self.env.code
        pos = self.next
        value: i64 = 0
        shift: i64 = 0
        while True:
            byte: i64 = code[pos]
            pos += 1
            if shift < 56:
                value |= (byte & 0x7F) << shift
            elif byte & 0x7F:
                value = -1
                shift = 100
            if byte < 0x80:
                break
            shift += 7
        self.next = pos
        return value

    def needs_helper(self, op: i64, pos: i64) -> bool:
        """Whether global.get/set or table.get/set at `pos` works on externrefs, which a helper counts."""
        self.next = pos
        index = self.read_u32()
        types = self.env.global_types if op <= 0x24 else self.env.table_types
        return types[index] == T_EXTERNREF

    def skip_immediates(self, kind: i64, pos: i64) -> i64:
        """Position after immediates of the rarer shapes that begin at `pos`."""
        code = self.env.code
        count: i64 = 0
        if kind == FOUR:
            return pos + 4
        if kind == EIGHT:
            return pos + 8
        if kind == LEB2:
            count = 2
        elif kind == LEB:
            count = 1
        elif kind == LABELS or kind == TYPES:
            self.next = pos
            count = self.read_u32()
            pos = self.next
            if kind == LABELS:
                count += 1
        elif kind != NONE:
            raise self.unsupported(pos - 1)
        while count > 0:
            if kind == TYPES and (code[pos] == 0x63 or code[pos] == 0x64):
                pos += 1
            while code[pos] >= 0x80:
                pos += 1
            pos += 1
            count -= 1
        return pos

    def skip_dead(self, pos: i64, end: i64) -> i64:
        """Position of the `end` or `else` that makes code reachable again; what lies before it becomes a cut."""
        code = self.env.code
        start = pos
        depth: i64 = 0
        while pos < end:
            kind: i64 = i64(SHAPES[i64(code[pos])]) & 15
            if kind == END:
                if depth == 0:
                    break
                depth -= 1
            elif kind == ELSE:
                if depth == 0:
                    break
            elif kind == BLOCK:
                depth += 1
            pos = self.skip_instruction(pos)
        if pos != start:
            n = self.num_cuts
            if n + 2 > len(self.cuts):
                self.cuts = append(append(self.cuts, 0), 0)
            self.cuts[n] = start
            self.cuts[n + 1] = pos
            self.num_cuts = n + 2
        return pos

    def skip_instruction(self, pos: i64) -> i64:
        """Position of the instruction that follows the one at `pos`."""
        code = self.env.code
        kind: i64 = i64(SHAPES[i64(code[pos])]) & 15
        if kind == END or kind == ELSE or kind == NONE:
            return pos + 1
        if kind == BLOCK:
            pos += 1
            if code[pos] == 0x63 or code[pos] == 0x64:
                pos += 1
            return self.skip_immediates(LEB, pos)
        if kind == MEMARG:
            # A memory index may come between alignment and offset.
            return self.skip_immediates(LEB2, pos + 2 if code[pos + 1] & 0x40 else pos + 1)
        if kind == PREFIX_FC:
            sub: i64 = code[pos + 1]
            if sub >= i64(len(SHAPES_FC)):
                raise self.unsupported(pos)
            return self.skip_immediates(i64(SHAPES_FC[sub]) & 15, pos + 2)
        if kind == LOCAL or kind == BRANCH:
            kind = LEB
        return self.skip_immediates(kind, pos + 1)

    def unsupported(self, pos: i64) -> UnsupportedError:
        """The error about the instruction at `pos`."""
        from taipan.wasm.instructions import BY_OPCODE

        code = self.env.code
        opcode: int = code[pos]
        if opcode >= 0xFB:
            sub: int = code[pos + 1] & 0x7F
            if code[pos + 1] >= 0x80:
                sub |= (code[pos + 2] & 0x7F) << 7
            opcode = (opcode << 12) | sub
        row = BY_OPCODE.get(opcode)
        name = row.name if row is not None else f"{opcode:#x}"
        return UnsupportedError(f"the baseline compiler does not support {name} yet")
