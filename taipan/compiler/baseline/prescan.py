"""A quick look over a function body before code is generated.

Finds what a single pass cannot know at its beginning: how much each local is used (to pin the busiest to registers),
which locals are read before they are written, whether the function calls anything or needs the context, and which stretches of
code can never run (the second pass does not visit those).

The loop knows instructions only by the shape of their immediates; a unit test compares SHAPES with the instruction
table.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.compiler.baseline.masm import to_vec
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
MAX_WEIGHT_DEPTH: Final = 7
WEIGHT: Final = to_vec([8**depth for depth in range(MAX_WEIGHT_DEPTH + 1)])
"""Weight of a use inside that many loops."""

# States of a local in `first`.
UNSEEN: Final = -1
READ_FIRST: Final = -2


@final
class Prescan:
    """Results for one function; reused for the next.

    weights: per local.  first: READ_FIRST for locals whose initial zero may be seen.  cuts: (start, end) offsets of
    unreachable code, ascending.  call_weight: sum of the weights of all calls.
    """

    def __init__(self, env: ModuleEnv) -> None:
        self.env: Final = env
        self.weights: vec[i64] = vec[i64]()
        self.first: vec[i64] = vec[i64]()
        self.home: vec[i64] = vec[i64]()
        self.cuts: vec[i64] = vec[i64]()
        self.num_cuts: i64 = 0
        self.serials: vec[i64] = to_vec([0] * 64)
        self.is_loop: vec[i64] = to_vec([0] * 64)
        self.call_weight: i64 = 0
        self.needs_context: bool = False
        self.uses_memory0: bool = False
        self.has_loops: bool = False

    def scan(self, start: i64, end: i64, num_locals: i64) -> None:
        """Scan the instructions in `code[start:end]` (without the local declarations) of a valid function."""
        code = self.env.code
        if len(self.weights) < num_locals:
            self.weights = to_vec([0] * (num_locals + 64))
            self.first = to_vec([0] * (num_locals + 64))
            self.home = to_vec([0] * (num_locals + 64))
        weights = self.weights
        first = self.first
        home = self.home
        serials = self.serials
        is_loop = self.is_loop
        i: i64 = 0
        while i < num_locals:
            weights[i] = 0
            first[i] = UNSEEN
            i += 1
        self.num_cuts = 0
        self.call_weight = 0
        self.uses_memory0 = False
        self.has_loops = False
        flags: i64 = 0
        depth: i64 = 0
        loops: i64 = 0
        weight: i64 = 1
        serial: i64 = 0
        extents = self.env.memory_extents
        extent0: i64 = extents[0] if len(extents) > 0 else -1
        serials[0] = 0
        is_loop[0] = 0
        pos = start
        while pos < end:
            op: i64 = code[pos]
            pos += 1
            shape: i64 = SHAPES[op]
            kind: i64 = shape & 15
            if kind == LOCAL:
                index: i64 = code[pos]
                pos += 1
                if index >= 0x80:
                    index &= 0x7F
                    shift: i64 = 7
                    while True:
                        byte: i64 = code[pos]
                        pos += 1
                        index |= (byte & 0x7F) << shift
                        shift += 7
                        if byte < 0x80:
                            break
                weights[index] += weight
                seen = first[index]
                if seen != READ_FIRST:
                    if op == 0x20:
                        if seen == UNSEEN or seen > depth or serials[seen] != home[index]:
                            first[index] = READ_FIRST
                    elif seen == UNSEEN or seen > depth or serials[seen] != home[index]:
                        first[index] = depth
                        home[index] = serials[depth]
                continue
            flags |= shape
            if kind == NONE:
                pass
            elif kind == LEB or kind == BRANCH:
                if op == 0x23 or op == 0x24 or op == 0x25 or op == 0x26:
                    if self.needs_helper(op, pos):
                        shape |= CALLS
                        flags |= CALLS
                while code[pos] >= 0x80:
                    pos += 1
                pos += 1
            elif kind == MEMARG:
                extent = extent0
                if code[pos] & 0x40:
                    # A memory index follows, perhaps 0.
                    pos += 1
                    if code[pos] == 0:
                        self.uses_memory0 = True
                    else:
                        extent = -1
                    while code[pos] >= 0x80:
                        pos += 1
                    pos += 1
                else:
                    pos += 1
                    self.uses_memory0 = True
                offset: i64 = code[pos]
                pos += 1
                if offset >= 0x80:
                    offset &= 0x7F
                    offset_shift: i64 = 7
                    while True:
                        part: i64 = code[pos]
                        pos += 1
                        if offset_shift < 35:  # longer ones only exist where every access is checked
                            offset |= (part & 0x7F) << offset_shift
                        offset_shift += 7
                        if part < 0x80:
                            break
                if offset + MAX_WIDTH > extent:  # the check reads the memory's length through the context
                    flags |= NEEDS_CONTEXT
            elif kind == BLOCK:
                if code[pos] == 0x63 or code[pos] == 0x64:
                    pos += 1
                while code[pos] >= 0x80:
                    pos += 1
                pos += 1
                depth += 1
                if depth >= len(serials):
                    serials = append(serials, 0)
                    is_loop = append(is_loop, 0)
                    self.serials = serials
                    self.is_loop = is_loop
                serial += 1
                serials[depth] = serial
                if op == 0x03:
                    is_loop[depth] = 1
                    loops += 1
                    self.has_loops = True
                    if loops <= MAX_WEIGHT_DEPTH:
                        weight = WEIGHT[loops]
                else:
                    is_loop[depth] = 0
            elif kind == END:
                if is_loop[depth]:
                    loops -= 1
                    if loops <= MAX_WEIGHT_DEPTH:
                        weight = WEIGHT[loops]
                depth -= 1
            elif kind == ELSE:
                serial += 1
                serials[depth] = serial
            else:
                if kind == PREFIX_FC:
                    sub: i64 = code[pos]
                    pos += 1
                    if sub >= len(SHAPES_FC):
                        raise self.unsupported(pos - 2)
                    shape = SHAPES_FC[sub]
                    kind = shape & 15
                    flags |= shape
                pos = self.skip_immediates(kind, pos)
            if shape & (CALLS | LEAVES):
                if shape & CALLS:
                    self.call_weight += weight
                if shape & LEAVES:
                    pos = self.skip_dead(pos, end)
        self.needs_context = flags & (NEEDS_CONTEXT | CALLS) != 0

    def needs_helper(self, op: i64, pos: i64) -> bool:
        """Whether global.get/set or table.get/set at `pos` works on externrefs, which a helper counts."""
        index: i64 = 0
        shift: i64 = 0
        while True:
            byte: i64 = self.env.code[pos]
            pos += 1
            index |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
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
            shift: i64 = 0
            while True:
                byte: i64 = code[pos]
                pos += 1
                count |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
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
            op: i64 = code[pos]
            kind: i64 = i64(SHAPES[op]) & 15
            if kind == END:
                if depth == 0:
                    break
                depth -= 1
                pos += 1
            elif kind == ELSE:
                if depth == 0:
                    break
                pos += 1
            elif kind == BLOCK:
                depth += 1
                pos += 1
                if code[pos] == 0x63 or code[pos] == 0x64:
                    pos += 1
                while code[pos] >= 0x80:
                    pos += 1
                pos += 1
            elif kind == MEMARG:
                pos = (
                    self.skip_immediates(LEB2, pos + 1)
                    if not code[pos + 1] & 0x40
                    else self.skip_immediates(LEB2, pos + 2)
                )
            elif kind == PREFIX_FC:
                sub: i64 = code[pos + 1]
                if sub >= len(SHAPES_FC):
                    raise self.unsupported(pos)
                pos = self.skip_immediates(i64(SHAPES_FC[sub]) & 15, pos + 2)
            elif kind == LOCAL or kind == BRANCH:
                pos = self.skip_immediates(LEB, pos + 1)
            else:
                pos = self.skip_immediates(kind, pos + 1)
        if pos != start:
            n = self.num_cuts
            if n + 2 > len(self.cuts):
                self.cuts = append(append(self.cuts, 0), 0)
            self.cuts[n] = start
            self.cuts[n + 1] = pos
            self.num_cuts = n + 2
        return pos

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
