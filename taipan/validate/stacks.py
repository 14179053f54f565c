"""The validator's operand stack, control stack and locals (spec appendix: Validation Algorithm), in flat arrays.

An operand is its value type, BOT where unreachable code makes it up. A control frame is FRAME_WORDS integers in one
array, so that 100,000 nested blocks cost neither objects nor recursion. A local's type is negated while the local has
no value yet: only references without a default start so, and one comparison in `local.get` tells.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import append, vec
from mypy_extensions import i64, mypyc_attr

from taipan.errors import InvalidError, MalformedError
from taipan.limits import MAX_NESTING, too_many
from taipan.validate.context import Context
from taipan.wasm._generated_visit import Visitor
from taipan.wasm.cursor import disabled_bits
from taipan.wasm.matching import TypeSpace
from taipan.wasm.types import ABSTRACT_BIT, BOT, I32, NULL_BIT, REF_BIT, ValType, type_name

# What a control frame is made of. Types are positions in `Context.flat`.
KIND: Final = 0  # opcode of the instruction that opened it, CATCH_KIND, or FUNC_KIND
HEIGHT: Final = 1  # operands below this belong to outer frames
DEAD: Final = 2  # whether the rest of the frame was unreachable when an inner frame began
PARAMS: Final = 3
NUM_PARAMS: Final = 4
RESULTS: Final = 5
NUM_RESULTS: Final = 6
INITIALISED: Final = 7  # how many locals had been given their first value when the frame began
FRAME_WORDS: Final = 8

FUNC_KIND: Final = 0
LOOP_KIND: Final = 0x03
IF_KIND: Final = 0x04
ELSE_KIND: Final = 0x05
TRY_KIND: Final = 0x06
CATCH_KIND: Final = 0x07

MAX_I64: Final = 2**63 - 1
ATOMIC: Final = 0x40 << 48  # in a key, see `access`

BOT_REF: Final = REF_BIT | ABSTRACT_BIT  # a reference made up by unreachable code: below every reference type

_MAX_SHOWN: Final = 12  # types listed in a message
# At these opcodes (else, catch, throw, end, catch_all) messages read as in the test suite.
_SUITE_WORDS: Final = frozenset((0x05, 0x07, 0x08, 0x0B, 0x19))


def type_text(t: i64) -> str:
    """The type as the text format writes it; of an operand made up by unreachable code `unknown`."""
    return "(ref unknown)" if t & ~NULL_BIT == BOT_REF else type_name(ValType(t))


@mypyc_attr(allow_interpreted_subclasses=False)
class Stacks(Visitor):
    """Operands are `stack[:sp]`; those of the innermost frame are `stack[floor:sp]`. dead: unreachable code follows.

    base: added to positions in `code` to make offsets in the module.  func: index of the function, -1 outside of one.
    """

    def __init__(self, context: Context) -> None:
        self.disabled = disabled_bits(context.features)
        self.context: Final = context
        self.space: Final[TypeSpace] = context.space
        self.func: i64 = -1
        self.base: i64 = 0
        self.stack: vec[i64] = vec[i64]([0] * 256)
        self.sp: i64 = 0
        self.floor: i64 = 0
        self.dead: bool = False
        self.frames: vec[i64] = vec[i64]([0] * (FRAME_WORDS * 64))
        self.frame: i64 = -FRAME_WORDS  # position of the innermost frame
        self.local_types: vec[i64] = vec[i64]([0] * 64)
        self.num_locals: i64 = 0
        self.initialised: vec[i64] = vec[i64]([0] * 16)  # locals, in the order of their first values
        self.num_initialised: i64 = 0
        addrs = context.mem_addr
        self.memory_addr: i64 = addrs[0] if len(addrs) else -1  # -1 matches no operand
        self.max_offset: i64 = 0xFFFFFFFF if self.memory_addr == I32 else MAX_I64

    # --- errors ---

    def invalid(self, message: str) -> InvalidError:
        return InvalidError(message, self.pos + self.base, self.func)

    def malformed(self, message: str, offset: i64) -> MalformedError:
        return MalformedError(message, offset + self.base)

    def instruction_name(self) -> str:
        """The mnemonic at `pos`."""
        from taipan.wasm.instructions import BY_OPCODE

        opcode: i64 = self.code[self.pos]
        if opcode >= 0xFB and opcode <= 0xFE:
            after = self.next
            self.next = self.pos + 1
            opcode = (opcode << 12) | self.read_u32()
            self.next = after
        row = BY_OPCODE.get(opcode)
        return row.keyword if row is not None else "function"

    def types_text(self, types: vec[i64], start: i64, end: i64) -> str:
        """`[i32 f64]`; of a long list the last types."""
        shown: list[str] = []
        i: i64 = max(start, end - _MAX_SHOWN)
        while i < end:
            shown.append(type_text(types[i]))
            i += 1
        if end - start > _MAX_SHOWN:
            shown.insert(0, "...")
        return f"[{' '.join(shown)}]"

    def mismatch(self, types: vec[i64], start: i64, end: i64, height: i64) -> InvalidError:
        """What the instruction expects is `types[start:end]`; it found the operands below `height`."""
        expected = self.types_text(types, start, end)
        found = self.types_text(self.stack, max(self.floor, height - (end - start)), height)
        if self.code[self.pos] in _SUITE_WORDS:
            return self.invalid(f"type mismatch: instruction requires {expected} but stack has {found}")
        return self.invalid(f"type mismatch: {self.instruction_name()} expects {expected}, found {found}")

    def mismatch_one(self, expected: str, found: i64) -> InvalidError:
        """found: the operand's type, or -1 if there was none."""
        name = type_text(found) if found >= 0 else "nothing"
        return self.invalid(f"type mismatch: {self.instruction_name()} expects {expected}, found {name}")

    def unknown(self, what: str, index: i64, count: i64) -> InvalidError:
        return self.invalid(f"unknown {what} {index}: there are {count}")

    # --- operands ---

    def grow_stack(self, sp: i64, more: i64) -> None:
        """Make room for `more` operands above `sp`."""
        size: i64 = len(self.stack)
        while size < sp + more:
            size *= 2
        grown = vec[i64]([0] * size)
        old = self.stack
        i: i64 = 0
        while i < sp:
            grown[i] = old[i]
            i += 1
        self.stack = grown

    def push(self, t: i64) -> None:
        sp: i64 = self.sp
        if sp >= len(self.stack):
            self.grow_stack(sp, 1)
        self.stack[sp] = t
        self.sp = sp + 1

    def pop_any(self) -> i64:
        """The type of the operand popped; BOT if unreachable code made it up."""
        sp: i64 = self.sp
        if sp > self.floor:
            self.sp = sp - 1
            return self.stack[sp - 1]
        if self.dead:
            return BOT
        raise self.mismatch_one("an operand", -1)

    def pop(self, expected: i64) -> i64:
        """Pop an operand that matches `expected`; its own type."""
        sp: i64 = self.sp
        if sp > self.floor:
            found: i64 = self.stack[sp - 1]
            if found != expected and not self.matches(found, expected):
                raise self.mismatch_one(type_text(expected), found)
            self.sp = sp - 1
            return found
        if self.dead:
            return BOT
        raise self.mismatch_one(type_text(expected), -1)

    def pop_ref(self) -> i64:
        """Pop any reference; its type, or BOT_REF."""
        t: i64 = self.pop_any()
        if t == BOT:
            return BOT_REF
        if not t & REF_BIT:
            raise self.mismatch_one("a reference", t)
        return t

    def matches(self, sub: i64, super: i64) -> bool:
        if sub == BOT:
            return True
        if not sub & REF_BIT or not super & REF_BIT:
            return sub == super
        if sub & ~NULL_BIT == BOT_REF:
            return (sub & NULL_BIT) == 0 or (super & NULL_BIT) != 0
        return self.space.ref_matches(ValType(sub), ValType(super))

    def check_top(self, types: vec[i64], start: i64, end: i64) -> None:
        """The topmost operands match `types[start:end]`; they stay."""
        stack = self.stack
        floor: i64 = self.floor
        at: i64 = self.sp
        i: i64 = end
        while i > start:
            i -= 1
            at -= 1
            if at < floor:
                if self.dead:
                    return
                raise self.mismatch(types, start, end, self.sp)
            if stack[at] != types[i] and not self.matches(stack[at], types[i]):
                raise self.mismatch(types, start, end, self.sp)

    def pop_types(self, types: vec[i64], start: i64, end: i64) -> None:
        """Pop operands that match `types[start:end]`."""
        self.check_top(types, start, end)
        self.sp = max(self.sp - (end - start), self.floor)

    def push_types(self, types: vec[i64], start: i64, end: i64) -> None:
        sp: i64 = self.sp
        if sp + (end - start) > len(self.stack):
            self.grow_stack(sp, end - start)
        stack = self.stack
        i: i64 = start
        while i < end:
            stack[sp] = types[i]
            sp += 1
            i += 1
        self.sp = sp

    def simple(self, key: i64) -> None:
        """An instruction whose type is packed in `key`: operands in bytes 0 to 3, results in bytes 4 and 5."""
        params: i64 = key & 0xFFFFFFFF
        at: i64 = self.sp
        while params:
            at -= 1
            params >>= 8
        if at < self.floor or not self.are_at(at, key & 0xFFFFFFFF):
            self.pop_packed(key & 0xFFFFFFFF)
        else:
            self.sp = at
        results: i64 = (key >> 32) & 0xFFFF
        while results:
            self.push(results & 0xFF)
            results >>= 8

    def are_at(self, at: i64, packed: i64) -> bool:
        """Whether the operands from `at` on have just the types in the bytes of `packed`."""
        stack = self.stack
        while packed:
            if stack[at] != packed & 0xFF:
                return False
            at += 1
            packed >>= 8
        return True

    def pop_packed(self, packed: i64) -> None:
        """Pop operands of the types in the bytes of `packed`: the case with unreachable code, and with errors."""
        types = vec[i64]()
        while packed:
            types = append(types, packed & 0xFF)
            packed >>= 8
        self.pop_types(types, 0, len(types))

    # --- memory operands ---

    def address_type(self, memory: i64) -> i64:
        """The address type of a memory. Raises InvalidError if there is no such memory."""
        addrs = self.context.mem_addr
        if memory >= len(addrs):
            raise self.unknown("memory", memory, len(addrs))
        return addrs[memory]

    def table_address_type(self, table: i64) -> i64:
        """The address type of a table. Raises InvalidError if there is no such table."""
        addrs = self.context.table_addr
        if table >= len(addrs):
            raise self.unknown("table", table, len(addrs))
        return addrs[table]

    def access(self, key: i64, align: i64, offset: i64, memory: i64) -> None:
        """A memory access. Byte 6 of the key: log2 of its width, plus 0x40 if the alignment must be exactly that."""
        addr: i64 = self.address_type(memory)
        natural: i64 = (key >> 48) & 0x3F
        if align > natural:
            raise self.invalid(
                f"alignment must not be larger than natural: {self.instruction_name()} says 2^{align}, "
                f"natural is 2^{natural}"
            )
        if align != natural and key & ATOMIC:
            raise self.invalid(
                f"atomic alignment must be natural: {self.instruction_name()} says 2^{align}, natural is 2^{natural}"
            )
        if addr == I32 and (offset < 0 or offset > 0xFFFFFFFF):
            unsigned: int = offset
            if unsigned < 0:
                unsigned += 2**64
            raise self.invalid(f"offset out of range: {unsigned:#x} in a memory with 32-bit addresses")
        self.simple(key + addr)

    def check_lane(self, lane: i64, lanes: i64) -> None:
        if lane >= lanes:
            raise self.invalid(f"invalid lane index: {lane}, {self.instruction_name()} has lanes 0 to {lanes - 1}")

    # --- control frames ---

    def push_frame(self, kind: i64, params: i64, num_params: i64, results: i64, num_results: i64) -> None:
        """Begin a frame whose parameters were popped; they become its first operands."""
        frames = self.frames
        frame: i64 = self.frame
        if frame >= 0:
            frames[frame + DEAD] = 1 if self.dead else 0
        frame += FRAME_WORDS
        if frame + FRAME_WORDS > len(frames):
            frames = self.grow_frames()
        self.frame = frame
        frames[frame + KIND] = kind
        frames[frame + HEIGHT] = self.sp
        frames[frame + PARAMS] = params
        frames[frame + NUM_PARAMS] = num_params
        frames[frame + RESULTS] = results
        frames[frame + NUM_RESULTS] = num_results
        frames[frame + INITIALISED] = self.num_initialised
        self.floor = self.sp
        self.dead = False
        if num_params:
            self.push_types(self.context.flat, params, params + num_params)

    def grow_frames(self) -> vec[i64]:
        old = self.frames
        if len(old) >= FRAME_WORDS * MAX_NESTING:
            raise too_many("blocks inside each other", MAX_NESTING + 1, MAX_NESTING)
        grown = vec[i64]([0] * min(2 * len(old), FRAME_WORDS * MAX_NESTING))
        i: i64 = 0
        while i < len(old):
            grown[i] = old[i]
            i += 1
        self.frames = grown
        return grown

    def end_operands(self) -> None:
        """At the end of a block: exactly its results are left; they are popped."""
        frame: i64 = self.frame
        results: i64 = self.frames[frame + RESULTS]
        count: i64 = self.frames[frame + NUM_RESULTS]
        flat = self.context.flat
        self.check_top(flat, results, results + count)
        if self.sp - self.floor > count:
            required = self.types_text(flat, results, results + count)
            left = self.types_text(self.stack, self.floor, self.sp)
            raise self.invalid(f"type mismatch: block requires {required} but stack has {left}")
        self.sp = self.floor

    def leave_frame(self) -> None:
        """Return to the outer frame; locals that got their first value inside have none again."""
        frame: i64 = self.frame
        frames = self.frames
        if self.num_initialised > frames[frame + INITIALISED]:
            self.forget_locals(frames[frame + INITIALISED])
        frame -= FRAME_WORDS
        self.frame = frame
        if frame >= 0:
            self.floor = frames[frame + HEIGHT]
            self.dead = frames[frame + DEAD] != 0

    def restart_frame(self, kind: i64) -> None:
        """The frame goes on with its other part, `else` or a handler, with an empty stack."""
        frame: i64 = self.frame
        self.frames[frame + KIND] = kind
        self.forget_locals(self.frames[frame + INITIALISED])
        self.dead = False

    def unreachable_follows(self) -> None:
        self.sp = self.floor
        self.dead = True

    def label(self, label: i64) -> i64:
        """Position of the frame that a label names."""
        frame: i64 = self.frame - label * FRAME_WORDS
        if frame < 0:
            raise self.unknown("label", label, self.frame // FRAME_WORDS + 1)
        return frame

    def label_start(self, frame: i64) -> i64:
        """Position in `Context.flat` of the types that a branch to the frame takes."""
        return self.frames[frame + PARAMS] if self.frames[frame + KIND] == LOOP_KIND else self.frames[frame + RESULTS]

    def label_count(self, frame: i64) -> i64:
        if self.frames[frame + KIND] == LOOP_KIND:
            return self.frames[frame + NUM_PARAMS]
        return self.frames[frame + NUM_RESULTS]

    # --- locals ---

    def add_locals(self, t: i64, count: i64) -> None:
        first: i64 = self.num_locals
        size: i64 = len(self.local_types)
        if first + count > size:
            while size < first + count:
                size *= 2
            grown = vec[i64]([0] * size)
            old = self.local_types
            i: i64 = 0
            while i < first:
                grown[i] = old[i]
                i += 1
            self.local_types = grown
        types = self.local_types
        at: i64 = first
        while at < first + count:
            types[at] = t
            at += 1
        self.num_locals = first + count

    def initialise(self, index: i64) -> None:
        """A local without a default gets its first value."""
        self.local_types[index] = -self.local_types[index]
        count: i64 = self.num_initialised
        if count >= len(self.initialised):
            grown = vec[i64]([0] * (2 * count))
            i: i64 = 0
            while i < count:
                grown[i] = self.initialised[i]
                i += 1
            self.initialised = grown
        self.initialised[count] = index
        self.num_initialised = count + 1

    def forget_locals(self, count: i64) -> None:
        """Take back all first values but the first `count`."""
        while self.num_initialised > count:
            self.num_initialised -= 1
            index: i64 = self.initialised[self.num_initialised]
            self.local_types[index] = -self.local_types[index]


def starts_without_value(t: i64) -> bool:
    """Whether a local of this type has no default."""
    return (t & REF_BIT) != 0 and (t & NULL_BIT) == 0
