"""Function bodies: locals, variables, tables and memories, and the driver that checks one body after the other.

The rules lie in a chain of classes by duty: `stacks` (operands, frames, locals), the generated plain instructions and
decode loop, `control`, `references`, and here the rest. One object checks all bodies of a module and keeps its arrays.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.limits import MAX_LOCALS, too_many
from taipan.validate.context import Context
from taipan.validate.references import ReferenceRules
from taipan.validate.stacks import FRAME_WORDS, FUNC_KIND, starts_without_value, type_text
from taipan.wasm.types import EXACT_BIT, I32, I64, V128

# The bits that a lane number of i8x16.shuffle must not have (it chooses from 32 lanes), as a signed number.
_NOT_A_LANE: Final = 0xE0E0_E0E0_E0E0_E0E0 - 2**64


class BodyRules(ReferenceRules):
    """The instructions that are left, and what surrounds a body's instructions."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.exact_bit = EXACT_BIT if "custom-descriptors" in context.features else 0

    # --- variables ---

    def local_type(self, index: i64) -> i64:
        """The type of a local whether or not it has a value."""
        if index >= self.num_locals:
            raise self.unknown("local", index, self.num_locals)
        t: i64 = self.local_types[index]
        return t if t > 0 else -t

    def local_get(self, index: i64) -> None:
        t: i64 = self.local_type(index)
        if self.local_types[index] < 0:
            raise self.invalid(f"uninitialized local: local {index} of type {type_text(t)} has no value yet")
        self.push(t)

    def local_set(self, index: i64) -> None:
        self.pop(self.local_type(index))
        if self.local_types[index] < 0:
            self.initialise(index)

    def local_tee(self, index: i64) -> None:
        self.local_set(index)
        self.push(self.local_type(index))

    def global_type(self, index: i64) -> i64:
        types = self.context.global_types
        if index >= len(types):
            raise self.unknown("global", index, len(types))
        return types[index]

    def global_get(self, index: i64) -> None:
        self.push(self.global_type(index))

    def global_set(self, index: i64) -> None:
        t: i64 = self.global_type(index)
        if not self.context.global_mutable[index]:
            raise self.invalid(f"immutable global: global {index}")
        self.pop(t)

    # --- tables ---

    def table_get(self, table: i64) -> None:
        self.pop(self.table_address_type(table))
        self.push(self.context.table_types[table])

    def table_set(self, table: i64) -> None:
        addr: i64 = self.table_address_type(table)
        self.pop(self.context.table_types[table])
        self.pop(addr)

    def table_grow(self, table: i64) -> None:
        addr: i64 = self.table_address_type(table)
        self.pop(addr)
        self.pop(self.context.table_types[table])
        self.push(addr)

    def table_fill(self, table: i64) -> None:
        addr: i64 = self.table_address_type(table)
        self.pop(addr)
        self.pop(self.context.table_types[table])
        self.pop(addr)

    def table_copy(self, dst: i64, src: i64) -> None:
        to_addr: i64 = self.table_address_type(dst)
        from_addr: i64 = self.table_address_type(src)
        self.check_table_elements(self.context.table_types[src], dst)
        self.pop_copy(to_addr, from_addr)

    def pop_copy(self, to_addr: i64, from_addr: i64) -> None:
        """Destination, source and length; the length has the narrower address type."""
        self.pop(I64 if to_addr == I64 and from_addr == I64 else I32)
        self.pop(from_addr)
        self.pop(to_addr)

    def table_init(self, elem: i64, table: i64) -> None:
        addr: i64 = self.table_address_type(table)
        self.check_table_elements(self.elem_type(elem), table)
        self.pop(I32)
        self.pop(I32)
        self.pop(addr)

    def check_table_elements(self, t: i64, table: i64) -> None:
        held: i64 = self.context.table_types[table]
        if not self.matches(t, held):
            raise self.invalid(
                f"type mismatch: {self.instruction_name()} puts {type_text(t)} into a table of {type_text(held)}"
            )

    def elem_drop(self, elem: i64) -> None:
        self.elem_type(elem)

    # --- memories ---

    def memory_copy(self, dst: i64, src: i64) -> None:
        self.pop_copy(self.address_type(dst), self.address_type(src))

    def memory_init(self, data: i64, memory: i64) -> None:
        addr: i64 = self.address_type(memory)
        self.check_data(data)
        self.pop(I32)
        self.pop(I32)
        self.pop(addr)

    def data_drop(self, data: i64) -> None:
        self.check_data(data)

    def i8x16_shuffle(self, low: i64, high: i64) -> None:
        if (low | high) & _NOT_A_LANE:
            raise self.invalid("invalid lane index: i8x16.shuffle chooses from lanes 0 to 31")
        self.pop(V128)
        self.pop(V128)
        self.push(V128)

    # --- bodies ---

    def start_body(self, code: bytes, start: i64, end: i64, results: i64, num_results: i64) -> None:
        """Empty all stacks and begin the outermost frame. results: position of the result types in `Context.flat`."""
        self.code = code
        self.pos = start
        self.next = start
        self.limit = end
        self.sp = 0
        self.floor = 0
        self.dead = False
        self.num_locals = 0
        self.num_initialised = 0
        self.frame = -FRAME_WORDS
        self.push_frame(FUNC_KIND, 0, 0, results, num_results)


@final
class FunctionRules(BodyRules):
    """Checks the bodies of a module's functions."""

    def check(self, defined_index: i64) -> None:
        """Check one body. Raises InvalidError or MalformedError, with offsets in the module."""
        module = self.context.module
        context = self.context
        index: i64 = module.num_imported_funcs + defined_index
        type: i64 = context.func_types[index]
        params: i64 = context.type_at[type]
        num_params: i64 = context.param_count[type]
        end: i64 = module.body_ends[defined_index]
        self.func = index
        self.start_body(
            module.code, module.body_starts[defined_index], end, params + num_params, context.result_count[type]
        )
        i: i64 = 0
        while i < num_params:
            self.add_locals(context.flat[params + i], 1)
            i += 1
        self.read_locals()
        self.visit(module.code, self.next, end)
        if self.frame >= 0:
            if end == len(module.code):
                raise self.malformed("unexpected end of section or function: a block has no end", end)
            raise self.malformed("END opcode expected: a block has no end", end)

    def read_locals(self) -> None:
        """The local declarations at the start of the body: groups of a count and a type."""
        groups: i64 = self.read_u32()
        total: i64 = self.num_locals
        while groups > 0:
            self.pos = self.next
            count: i64 = self.read_u32()
            t: i64 = self.read_valtype()
            self.check_type(t)
            total += count
            if total > 0xFFFF_FFFF:
                raise self.malformed(f"too many locals: {total}", self.pos)
            if total <= MAX_LOCALS:
                self.add_locals(-t if starts_without_value(t) else t, count)
            groups -= 1
        if total > MAX_LOCALS:  # not at once: a later group may take the sum beyond what the format can express
            raise too_many(f"locals (function {self.func})", total, MAX_LOCALS)
