"""Rules of control instructions: blocks, branches, calls, exceptions (spec: Validation, Control Instructions)."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.validate._generated_check import PlainRules
from taipan.validate.stacks import (
    CATCH_KIND,
    ELSE_KIND,
    IF_KIND,
    KIND,
    LOOP_KIND,
    NUM_PARAMS,
    NUM_RESULTS,
    PARAMS,
    RESULTS,
    TRY_KIND,
    type_text,
)
from taipan.wasm.cursor import BLOCK_EMPTY
from taipan.wasm.matching import NOT_CORE
from taipan.wasm.operands import CATCH_ALL, CATCH_ALL_REF, CATCH_REF, HANDLER_WORDS
from taipan.wasm.types import ABSTRACT_BIT, BOT, EXNREF, FUNCREF, HEAP_EXN, I32, INDEX_MASK, NULL_BIT, REF_BIT

CATCH_ALL_KIND: Final = 0x19
BLOCK_KIND: Final = 0x02


class ControlRules(PlainRules):
    # --- types ---

    def check_type(self, t: i64) -> None:
        """The type index in a value type, if it has one, exists."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            self.check_type_index(t & INDEX_MASK)

    def check_type_index(self, index: i64) -> None:
        if index >= self.context.num_types:
            raise self.unknown("type", index, self.context.num_types)
        if self.context.space.kinds[index] == NOT_CORE:
            raise self.invalid(f"unknown type {index}: {self.instruction_name()} needs a core type")

    def func_type(self, index: i64) -> i64:
        """Position in `Context.flat` of the function type at `index`."""
        context = self.context
        self.check_type_index(index)
        if context.param_count[index] < 0:
            raise self.invalid(f"unknown type {index}: {self.instruction_name()} needs a function type")
        return context.type_at[index]

    def begin(self, kind: i64, type: i64) -> None:
        """Begin a block of the given block type."""
        if type == BLOCK_EMPTY:
            self.push_frame(kind, 0, 0, 0, 0)
        elif type < 0:
            self.check_type(~type)
            self.push_frame(kind, 0, 0, self.context.single(~type), 1)
        else:
            params = self.func_type(type)
            count = self.context.param_count[type]
            self.pop_types(self.context.flat, params, params + count)
            self.push_frame(kind, params, count, params + count, self.context.result_count[type])

    # --- blocks ---

    def unreachable(self) -> None:
        self.unreachable_follows()

    def block(self, type: i64) -> None:
        self.begin(BLOCK_KIND, type)

    def loop(self, type: i64) -> None:
        self.begin(LOOP_KIND, type)

    def if_(self, type: i64) -> None:
        if type < BLOCK_EMPTY:
            self.check_type(~type)
        self.pop(I32)
        self.begin(IF_KIND, type)

    def else_(self) -> None:
        frame: i64 = self.frame
        if self.frames[frame + KIND] != IF_KIND:
            raise self.malformed("unexpected else: it is not inside an if", self.pos)
        self.end_operands()
        self.restart_frame(ELSE_KIND)
        params: i64 = self.frames[frame + PARAMS]
        self.push_types(self.context.flat, params, params + self.frames[frame + NUM_PARAMS])

    def end(self) -> None:
        frame: i64 = self.frame
        frames = self.frames
        results: i64 = frames[frame + RESULTS]
        count: i64 = frames[frame + NUM_RESULTS]
        if self.sp != self.floor or count or self.dead:
            self.end_operands()
        if frames[frame + KIND] == IF_KIND and (count or frames[frame + NUM_PARAMS]):
            self.check_empty_else()
        self.leave_frame()
        if count:
            self.push_types(self.context.flat, results, results + count)
        if frame == 0 and self.pos != self.limit - 1:
            raise self.malformed("unexpected instruction after the end of the function", self.pos + 1)

    def check_empty_else(self) -> None:
        """An `if` without `else` has an empty one, whose results are its parameters."""
        frame: i64 = self.frame
        params: i64 = self.frames[frame + PARAMS]
        self.dead = False
        self.push_types(self.context.flat, params, params + self.frames[frame + NUM_PARAMS])
        self.end_operands()

    # --- branches ---

    def pass_label(self, frame: i64) -> None:
        """A conditional branch: the operands for the label stay, as the label's types."""
        count: i64 = self.label_count(frame)
        if count:
            start: i64 = self.label_start(frame)
            flat = self.context.flat
            self.pop_types(flat, start, start + count)
            self.push_types(flat, start, start + count)

    def br(self, label: i64) -> None:
        frame: i64 = self.label(label)
        count: i64 = self.label_count(frame)
        if count:
            start: i64 = self.label_start(frame)
            self.check_top(self.context.flat, start, start + count)
        self.unreachable_follows()

    def br_if(self, label: i64) -> None:
        self.pop(I32)
        self.pass_label(self.label(label))

    def br_table(self, count: i64) -> None:
        self.pop(I32)
        flat = self.context.flat
        frame: i64 = self.label(self.targets[count])
        arity: i64 = self.label_count(frame)
        start: i64 = self.label_start(frame)
        self.check_top(flat, start, start + arity)
        checked: i64 = start
        i: i64 = 0
        while i < count:
            frame = self.label(self.targets[i])
            if self.label_count(frame) != arity:
                raise self.invalid(
                    f"type mismatch: br_table's labels take {arity} operands, label {self.targets[i]} takes "
                    f"{self.label_count(frame)}"
                )
            start = self.label_start(frame)
            if start != checked and arity:
                self.check_top(flat, start, start + arity)
                checked = start
            i += 1
        self.unreachable_follows()

    def return_(self) -> None:
        start: i64 = self.frames[RESULTS]
        self.check_top(self.context.flat, start, start + self.frames[NUM_RESULTS])
        self.unreachable_follows()

    # --- calls ---

    def call_type(self, type: i64) -> None:
        """A call by a type that is known to be a function's: the callee's, or one that was looked at."""
        context = self.context
        start: i64 = context.type_at[type]
        middle: i64 = start + context.param_count[type]
        self.pop_types(context.flat, start, middle)
        self.push_types(context.flat, middle, middle + context.result_count[type])

    def return_call_type(self, type: i64) -> None:
        """A tail call: what the callee returns is returned."""
        context = self.context
        context.module.has_tail_calls = True
        start: i64 = context.type_at[type]
        middle: i64 = start + context.param_count[type]
        end: i64 = middle + context.result_count[type]
        self.pop_types(context.flat, start, middle)
        self.sp = self.floor
        self.push_types(context.flat, middle, end)
        results: i64 = self.frames[RESULTS]
        count: i64 = self.frames[NUM_RESULTS]
        if end - middle != count:
            raise self.mismatch(context.flat, results, results + count, self.sp)
        self.dead = False
        self.check_top(context.flat, results, results + count)
        self.unreachable_follows()

    def callee_type(self, func: i64) -> i64:
        types = self.context.func_types
        if func >= len(types):
            raise self.unknown("function", func, len(types))
        return types[func]

    def pop_callee(self, type: i64, table: i64) -> None:
        """The table operand of an indirect call."""
        addr: i64 = self.table_address_type(table)
        element: i64 = self.context.table_types[table]
        if element != FUNCREF and not self.matches(element, FUNCREF):
            raise self.invalid(f"type mismatch: table {table} holds {type_text(element)}, not functions")
        self.func_type(type)
        self.pop(addr)

    def pop_func_ref(self, type: i64) -> None:
        self.func_type(type)
        self.pop(REF_BIT | NULL_BIT | type)

    def call(self, func: i64) -> None:
        self.call_type(self.callee_type(func))

    def call_indirect(self, type: i64, table: i64) -> None:
        self.pop_callee(type, table)
        self.call_type(type)

    def call_ref(self, type: i64) -> None:
        self.pop_func_ref(type)
        self.call_type(type)

    def return_call(self, func: i64) -> None:
        self.return_call_type(self.callee_type(func))

    def return_call_indirect(self, type: i64, table: i64) -> None:
        self.pop_callee(type, table)
        self.return_call_type(type)

    def return_call_ref(self, type: i64) -> None:
        self.pop_func_ref(type)
        self.return_call_type(type)

    # --- exceptions ---

    def tag_type(self, tag: i64) -> i64:
        """The type index of a tag."""
        types = self.context.tag_types
        if tag >= len(types):
            raise self.unknown("tag", tag, len(types))
        return types[tag]

    def throw(self, tag: i64) -> None:
        type: i64 = self.tag_type(tag)
        start: i64 = self.context.type_at[type]
        self.pop_types(self.context.flat, start, start + self.context.param_count[type])
        self.unreachable_follows()

    def throw_ref(self) -> None:
        self.pop(EXNREF)
        self.unreachable_follows()

    def try_table(self, type: i64, count: i64) -> None:
        i: i64 = 0
        while i < HANDLER_WORDS * count:
            self.check_handler(self.clauses[i], self.clauses[i + 1], self.clauses[i + 2])
            i += HANDLER_WORDS
        self.begin(BLOCK_KIND, type)

    def check_handler(self, kind: i64, tag: i64, label: i64) -> None:
        """What the handler catches fits its label, which is counted outside of the try_table."""
        flat = self.context.flat
        sp: i64 = self.sp
        floor: i64 = self.floor
        dead = self.dead
        self.floor = sp
        self.dead = False
        if kind < CATCH_ALL:
            type: i64 = self.tag_type(tag)
            start: i64 = self.context.type_at[type]
            self.push_types(flat, start, start + self.context.param_count[type])
        if kind == CATCH_REF or kind == CATCH_ALL_REF:
            self.push(REF_BIT | HEAP_EXN)
        frame: i64 = self.label(label)
        start = self.label_start(frame)
        count: i64 = self.label_count(frame)
        if self.sp - sp != count:
            raise self.mismatch(flat, start, start + count, self.sp)
        self.check_top(flat, start, start + count)
        self.sp = sp
        self.floor = floor
        self.dead = dead

    # --- legacy exceptions ---

    def try_(self, type: i64) -> None:
        self.begin(TRY_KIND, type)

    def begin_handler(self, kind: i64) -> None:
        before: i64 = self.frames[self.frame + KIND]
        if before != TRY_KIND and before != CATCH_KIND:
            raise self.malformed(f"unexpected {self.instruction_name()}: it is not inside a try", self.pos)
        self.end_operands()
        self.restart_frame(kind)

    def catch(self, tag: i64) -> None:
        self.begin_handler(CATCH_KIND)
        start: i64 = self.context.type_at[self.tag_type(tag)]
        self.push_types(self.context.flat, start, start + self.context.param_count[self.tag_type(tag)])

    def catch_all(self) -> None:
        self.begin_handler(CATCH_ALL_KIND)

    def delegate(self, label: i64) -> None:
        frame: i64 = self.frame
        if self.frames[frame + KIND] != TRY_KIND:
            raise self.malformed("unexpected delegate: it does not end a try", self.pos)
        self.label(label + 1)  # counted outside of the try
        self.end_operands()
        results: i64 = self.frames[frame + RESULTS]
        count: i64 = self.frames[frame + NUM_RESULTS]
        self.leave_frame()
        self.push_types(self.context.flat, results, results + count)

    def rethrow(self, label: i64) -> None:
        kind: i64 = self.frames[self.label(label) + KIND]
        if kind != CATCH_KIND and kind != CATCH_ALL_KIND:
            raise self.invalid(f"invalid rethrow label: label {label} is not a handler")
        self.unreachable_follows()

    # --- parametric ---

    def drop(self) -> None:
        self.pop_any()

    def select(self) -> None:
        self.pop(I32)
        second: i64 = self.pop_any()
        first: i64 = self.pop_any()
        if (first | second) & REF_BIT:
            raise self.mismatch_one("a number or vector", first if first & REF_BIT else second)
        if first != second and first != BOT and second != BOT:
            raise self.mismatch_one(type_text(first), second)
        self.push(second if first == BOT else first)

    def select_t(self, count: i64) -> None:
        if count != 1:
            raise self.invalid(f"invalid result arity: select names {count} types instead of one")
        t: i64 = self.types[0]
        self.check_type(t)
        self.pop(I32)
        self.pop(t)
        self.pop(t)
        self.push(t)
