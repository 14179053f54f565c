"""Generated from taipan/wasm/instructions.py by `python -m tools gen`; do not edit.

`PlainRules` checks every instruction whose type column is its whole rule, and decodes for all. The key of an
instruction packs its type: operands in bytes 0 to 3, results in bytes 4 and 5; see tools/gen_check.py.
"""

# ruff: noqa
# fmt: off
from __future__ import annotations

from typing import Final

from librt.strings import read_i32_le, read_i64_le
from librt.vecs import vec
from mypy_extensions import i64

from taipan.validate.context import Context
from taipan.validate.stacks import Stacks

KEYS: Final = (
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x2007f00000000, 0x3007e00000000, 0x2007d00000000, 0x3007c00000000, 0x7f00000000, 0x7f00000000, 0x1007f00000000, 0x1007f00000000,
    0x7e00000000, 0x7e00000000, 0x1007e00000000, 0x1007e00000000, 0x2007e00000000, 0x2007e00000000, 0x2000000007f00, 0x3000000007e00,
    0x2000000007d00, 0x3000000007c00, 0x7f00, 0x1000000007f00, 0x7e00, 0x1000000007e00, 0x2000000007e00, 0x0,
    0x0, 0x7f00000000, 0x7e00000000, 0x7d00000000, 0x7c00000000, 0x7f0000007f, 0x7f00007f7f, 0x7f00007f7f,
    0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f,
    0x7f0000007e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e,
    0x7f00007e7e, 0x7f00007e7e, 0x7f00007e7e, 0x7f00007d7d, 0x7f00007d7d, 0x7f00007d7d, 0x7f00007d7d, 0x7f00007d7d,
    0x7f00007d7d, 0x7f00007c7c, 0x7f00007c7c, 0x7f00007c7c, 0x7f00007c7c, 0x7f00007c7c, 0x7f00007c7c, 0x7f0000007f,
    0x7f0000007f, 0x7f0000007f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f,
    0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f, 0x7f00007f7f,
    0x7f00007f7f, 0x7e0000007e, 0x7e0000007e, 0x7e0000007e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e,
    0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e,
    0x7e00007e7e, 0x7e00007e7e, 0x7e00007e7e, 0x7d0000007d, 0x7d0000007d, 0x7d0000007d, 0x7d0000007d, 0x7d0000007d,
    0x7d0000007d, 0x7d0000007d, 0x7d00007d7d, 0x7d00007d7d, 0x7d00007d7d, 0x7d00007d7d, 0x7d00007d7d, 0x7d00007d7d,
    0x7d00007d7d, 0x7c0000007c, 0x7c0000007c, 0x7c0000007c, 0x7c0000007c, 0x7c0000007c, 0x7c0000007c, 0x7c0000007c,
    0x7c00007c7c, 0x7c00007c7c, 0x7c00007c7c, 0x7c00007c7c, 0x7c00007c7c, 0x7c00007c7c, 0x7c00007c7c, 0x7f0000007e,
    0x7f0000007d, 0x7f0000007d, 0x7f0000007c, 0x7f0000007c, 0x7e0000007f, 0x7e0000007f, 0x7e0000007d, 0x7e0000007d,
    0x7e0000007c, 0x7e0000007c, 0x7d0000007f, 0x7d0000007f, 0x7d0000007e, 0x7d0000007e, 0x7d0000007c, 0x7c0000007f,
    0x7c0000007f, 0x7c0000007e, 0x7c0000007e, 0x7c0000007d, 0x7f0000007d, 0x7e0000007c, 0x7d0000007f, 0x7c0000007e,
    0x7f0000007f, 0x7f0000007f, 0x7e0000007e, 0x7e0000007e, 0x7e0000007e, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
    0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0,
)


class PlainRules(Stacks):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.keys: vec[i64] = vec[i64](KEYS)
        
    def _visit(self, code: bytes, start: i64, end: i64) -> None:
        align: i64 = 0
        bits: i64 = 0
        count: i64 = 0
        func: i64 = 0
        heap: i64 = 0
        index: i64 = 0
        label: i64 = 0
        memory: i64 = 0
        offset: i64 = 0
        table: i64 = 0
        tag: i64 = 0
        type: i64 = 0
        value: i64 = 0
        byte: i64 = 0
        key: i64 = 0
        operand: i64 = 0
        op: i64 = 0
        pos: i64 = start
        disabled: i64 = self.disabled
        keys = self.keys
        addr: i64 = self.memory_addr
        max_offset: i64 = self.max_offset
        local_types = self.local_types
        num_locals: i64 = self.num_locals
        stack = self.stack
        room: i64 = len(stack)
        sp: i64 = self.sp
        floor: i64 = self.floor
        while pos < end:
            self.pos = pos
            op = code[pos]
            pos += 1
            if op < 0x22:
                if op < 0x20:
                    if op < 0xc:
                        if op < 0xa:
                            if op < 0x4:
                                if op < 0x3:
                                    if op < 0x2:
                                        if op < 0x1:
                                            self.sp = sp
                                            self.unreachable()
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            pass
                                    else:
                                        self.next = pos
                                        type = self.read_blocktype()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.block(type)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                else:
                                    self.next = pos
                                    type = self.read_blocktype()
                                    pos = self.next
                                    if pos > end:
                                        raise self.unexpected_end()
                                    self.sp = sp
                                    self.loop(type)
                                    sp = self.sp
                                    floor = self.floor
                                    stack = self.stack
                                    room = len(stack)
                            else:
                                if op < 0x5:
                                    self.next = pos
                                    type = self.read_blocktype()
                                    pos = self.next
                                    if pos > end:
                                        raise self.unexpected_end()
                                    self.sp = sp
                                    self.if_(type)
                                    sp = self.sp
                                    floor = self.floor
                                    stack = self.stack
                                    room = len(stack)
                                else:
                                    if op < 0x7:
                                        if op < 0x6:
                                            self.sp = sp
                                            self.else_()
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            if disabled & 0x40000:
                                                raise self.off(op, 0x40000)
                                            self.next = pos
                                            type = self.read_blocktype()
                                            pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.sp = sp
                                            self.try_(type)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                    else:
                                        if op < 0x8:
                                            if disabled & 0x40000:
                                                raise self.off(op, 0x40000)
                                            tag = code[pos]
                                            pos += 1
                                            if tag >= 0x80:
                                                self.next = pos - 1
                                                tag = self.read_u32()
                                                pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.sp = sp
                                            self.catch(tag)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            if op < 0x9:
                                                if disabled & 0x4000:
                                                    raise self.off(op, 0x4000)
                                                tag = code[pos]
                                                pos += 1
                                                if tag >= 0x80:
                                                    self.next = pos - 1
                                                    tag = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.throw(tag)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                if disabled & 0x40000:
                                                    raise self.off(op, 0x40000)
                                                label = code[pos]
                                                pos += 1
                                                if label >= 0x80:
                                                    self.next = pos - 1
                                                    label = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.rethrow(label)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                        else:
                            if op < 0xb:
                                if disabled & 0x4000:
                                    raise self.off(op, 0x4000)
                                self.sp = sp
                                self.throw_ref()
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                            else:
                                self.sp = sp
                                self.end()
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                    else:
                        if op < 0x10:
                            if op < 0xd:
                                label = code[pos]
                                pos += 1
                                if label >= 0x80:
                                    self.next = pos - 1
                                    label = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.sp = sp
                                self.br(label)
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                            else:
                                if op < 0xe:
                                    label = code[pos]
                                    pos += 1
                                    if label >= 0x80:
                                        self.next = pos - 1
                                        label = self.read_u32()
                                        pos = self.next
                                    if pos > end:
                                        raise self.unexpected_end()
                                    self.sp = sp
                                    self.br_if(label)
                                    sp = self.sp
                                    floor = self.floor
                                    stack = self.stack
                                    room = len(stack)
                                else:
                                    if op < 0xf:
                                        self.next = pos
                                        count = self.read_labels()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.br_table(count)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                    else:
                                        self.sp = sp
                                        self.return_()
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                        else:
                            if op < 0x11:
                                func = code[pos]
                                pos += 1
                                if func >= 0x80:
                                    self.next = pos - 1
                                    func = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.sp = sp
                                self.call(func)
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                            else:
                                if op < 0x1a:
                                    if op < 0x15:
                                        if op < 0x13:
                                            if op < 0x12:
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                table = code[pos]
                                                pos += 1
                                                if table >= 0x80:
                                                    self.next = pos - 1
                                                    table = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.call_indirect(type, table)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                if disabled & 0x80:
                                                    raise self.off(op, 0x80)
                                                func = code[pos]
                                                pos += 1
                                                if func >= 0x80:
                                                    self.next = pos - 1
                                                    func = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.return_call(func)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                        else:
                                            if op < 0x14:
                                                if disabled & 0x80:
                                                    raise self.off(op, 0x80)
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                table = code[pos]
                                                pos += 1
                                                if table >= 0x80:
                                                    self.next = pos - 1
                                                    table = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.return_call_indirect(type, table)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                if disabled & 0x200:
                                                    raise self.off(op, 0x200)
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.call_ref(type)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                    else:
                                        if op < 0x18:
                                            if op < 0x16:
                                                if disabled & 0x200:
                                                    raise self.off(op, 0x200)
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.return_call_ref(type)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                raise self.illegal(0, op)
                                        else:
                                            if op < 0x19:
                                                if disabled & 0x40000:
                                                    raise self.off(op, 0x40000)
                                                label = code[pos]
                                                pos += 1
                                                if label >= 0x80:
                                                    self.next = pos - 1
                                                    label = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.delegate(label)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                if disabled & 0x40000:
                                                    raise self.off(op, 0x40000)
                                                self.sp = sp
                                                self.catch_all()
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                else:
                                    if op < 0x1b:
                                        if sp > floor:
                                            sp -= 1
                                            continue
                                        self.sp = sp
                                        self.drop()
                                    else:
                                        if op < 0x1c:
                                            self.sp = sp
                                            self.select()
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            if op < 0x1f:
                                                if op < 0x1d:
                                                    if disabled & 0x20:
                                                        raise self.off(op, 0x20)
                                                    self.next = pos
                                                    count = self.read_valtypes()
                                                    pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.sp = sp
                                                    self.select_t(count)
                                                    sp = self.sp
                                                    floor = self.floor
                                                    stack = self.stack
                                                    room = len(stack)
                                                else:
                                                    raise self.illegal(0, op)
                                            else:
                                                if disabled & 0x4000:
                                                    raise self.off(op, 0x4000)
                                                self.next = pos
                                                type = self.read_blocktype()
                                                pos = self.next
                                                self.next = pos
                                                count = self.read_catches()
                                                pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.sp = sp
                                                self.try_table(type, count)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                else:
                    if op < 0x21:
                        index = code[pos]
                        pos += 1
                        if index >= 0x80:
                            self.next = pos - 1
                            index = self.read_u32()
                            pos = self.next
                        if pos > end:
                            raise self.unexpected_end()
                        if index < num_locals and (type := local_types[index]) > 0:
                            if sp >= room:
                                self.grow_stack(sp, 1)
                                stack = self.stack
                                room = len(stack)
                            stack[sp] = type
                            sp += 1
                            continue
                        self.sp = sp
                        self.local_get(index)
                        sp = self.sp
                        floor = self.floor
                        stack = self.stack
                        room = len(stack)
                    else:
                        index = code[pos]
                        pos += 1
                        if index >= 0x80:
                            self.next = pos - 1
                            index = self.read_u32()
                            pos = self.next
                        if pos > end:
                            raise self.unexpected_end()
                        if index < num_locals and sp > floor and stack[sp - 1] == local_types[index]:
                            sp -= 1
                            continue
                        self.sp = sp
                        self.local_set(index)
                        sp = self.sp
                        floor = self.floor
                        stack = self.stack
                        room = len(stack)
            else:
                if op < 0x42:
                    if op < 0x3f:
                        if op < 0x28:
                            if op < 0x23:
                                index = code[pos]
                                pos += 1
                                if index >= 0x80:
                                    self.next = pos - 1
                                    index = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                if index < num_locals and sp > floor and stack[sp - 1] == local_types[index]:
                                    continue
                                self.sp = sp
                                self.local_tee(index)
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                            else:
                                if op < 0x25:
                                    if op < 0x24:
                                        index = code[pos]
                                        pos += 1
                                        if index >= 0x80:
                                            self.next = pos - 1
                                            index = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.global_get(index)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                    else:
                                        index = code[pos]
                                        pos += 1
                                        if index >= 0x80:
                                            self.next = pos - 1
                                            index = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.global_set(index)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                else:
                                    if op < 0x26:
                                        if disabled & 0x20:
                                            raise self.off(op, 0x20)
                                        table = code[pos]
                                        pos += 1
                                        if table >= 0x80:
                                            self.next = pos - 1
                                            table = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.table_get(table)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                    else:
                                        if op < 0x27:
                                            if disabled & 0x20:
                                                raise self.off(op, 0x20)
                                            table = code[pos]
                                            pos += 1
                                            if table >= 0x80:
                                                self.next = pos - 1
                                                table = self.read_u32()
                                                pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.sp = sp
                                            self.table_set(table)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            raise self.illegal(0, op)
                        else:
                            if op < 0x36:
                                align = code[pos]
                                offset = code[pos + 1]
                                memory = 0
                                pos += 2
                                if offset >= 0x80 and align < 0x40 and (byte := i64(code[pos])) < 0x80:
                                    offset = offset - 0x80 + (byte << 7)
                                    pos += 1
                                elif offset >= 0x80 or align >= 0x40:
                                    self.next = pos - 2
                                    self.read_memarg()
                                    align = self.align
                                    offset = self.offset
                                    memory = self.memory
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                key = keys[op]
                                if (
                                    sp > floor
                                    and stack[sp - 1] == addr
                                    and memory == 0
                                    and align <= key >> 48
                                    and 0 <= offset <= max_offset
                                ):
                                    stack[sp - 1] = (key >> 32) & 0xFF
                                    continue
                                self.sp = sp
                                self.access(key, align, offset, memory)
                                sp = self.sp
                            else:
                                align = code[pos]
                                offset = code[pos + 1]
                                memory = 0
                                pos += 2
                                if offset >= 0x80 and align < 0x40 and (byte := i64(code[pos])) < 0x80:
                                    offset = offset - 0x80 + (byte << 7)
                                    pos += 1
                                elif offset >= 0x80 or align >= 0x40:
                                    self.next = pos - 2
                                    self.read_memarg()
                                    align = self.align
                                    offset = self.offset
                                    memory = self.memory
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                key = keys[op]
                                if (
                                    sp - 1 > floor
                                    and stack[sp - 1] == (key >> 8) & 0xFF
                                    and stack[sp - 2] == addr
                                    and memory == 0
                                    and align <= key >> 48
                                    and 0 <= offset <= max_offset
                                ):
                                    sp -= 2
                                    continue
                                self.sp = sp
                                self.access(key, align, offset, memory)
                                sp = self.sp
                    else:
                        if op < 0x41:
                            if op < 0x40:
                                memory = code[pos]
                                pos += 1
                                if memory >= 0x80:
                                    self.next = pos - 1
                                    memory = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.sp = sp
                                self.memory_size(memory)
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                            else:
                                memory = code[pos]
                                pos += 1
                                if memory >= 0x80:
                                    self.next = pos - 1
                                    memory = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.sp = sp
                                self.memory_grow(memory)
                                sp = self.sp
                                floor = self.floor
                                stack = self.stack
                                room = len(stack)
                        else:
                            value = code[pos]
                            pos += 1
                            if value >= 0x80:
                                self.next = pos - 1
                                value = self.read_s32()
                                pos = self.next
                            elif value >= 0x40:
                                value -= 0x80
                            if pos > end:
                                raise self.unexpected_end()
                            if sp >= room:
                                self.grow_stack(sp, 1)
                                stack = self.stack
                                room = len(stack)
                            stack[sp] = 0x7f
                            sp += 1
                else:
                    if op < 0xc0:
                        if op < 0x45:
                            if op < 0x43:
                                self.next = pos
                                value = self.read_s64()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                if sp >= room:
                                    self.grow_stack(sp, 1)
                                    stack = self.stack
                                    room = len(stack)
                                stack[sp] = 0x7e
                                sp += 1
                            else:
                                if op < 0x44:
                                    bits = i64(read_i32_le(code, pos)) & 0xFFFFFFFF
                                    pos += 4
                                    if pos > end:
                                        raise self.unexpected_end()
                                    if sp >= room:
                                        self.grow_stack(sp, 1)
                                        stack = self.stack
                                        room = len(stack)
                                    stack[sp] = 0x7d
                                    sp += 1
                                else:
                                    bits = read_i64_le(code, pos)
                                    pos += 8
                                    if pos > end:
                                        raise self.unexpected_end()
                                    if sp >= room:
                                        self.grow_stack(sp, 1)
                                        stack = self.stack
                                        room = len(stack)
                                    stack[sp] = 0x7c
                                    sp += 1
                        else:
                            key = keys[op]
                            operand = key & 0xFF
                            if sp > floor and stack[sp - 1] == operand:
                                if not key & 0xFF00:
                                    stack[sp - 1] = key >> 32
                                    continue
                                if sp - 1 > floor and stack[sp - 2] == operand:
                                    sp -= 1
                                    stack[sp - 1] = key >> 32
                                    continue
                            self.sp = sp
                            self.simple(key)
                            sp = self.sp
                    else:
                        if op < 0xd4:
                            if op < 0xc5:
                                if disabled & 0x2:
                                    raise self.off(op, 0x2)
                                key = keys[op]
                                operand = key & 0xFF
                                if sp > floor and stack[sp - 1] == operand:
                                    if not key & 0xFF00:
                                        stack[sp - 1] = key >> 32
                                        continue
                                    if sp - 1 > floor and stack[sp - 2] == operand:
                                        sp -= 1
                                        stack[sp - 1] = key >> 32
                                        continue
                                self.sp = sp
                                self.simple(key)
                                sp = self.sp
                            else:
                                if op < 0xd1:
                                    if op < 0xd0:
                                        raise self.illegal(0, op)
                                    else:
                                        if disabled & 0x20:
                                            raise self.off(op, 0x20)
                                        self.next = pos
                                        heap = self.read_heaptype()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.ref_null(heap)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                else:
                                    if op < 0xd2:
                                        if disabled & 0x20:
                                            raise self.off(op, 0x20)
                                        self.sp = sp
                                        self.ref_is_null()
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                    else:
                                        if op < 0xd3:
                                            if disabled & 0x20:
                                                raise self.off(op, 0x20)
                                            func = code[pos]
                                            pos += 1
                                            if func >= 0x80:
                                                self.next = pos - 1
                                                func = self.read_u32()
                                                pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.sp = sp
                                            self.ref_func(func)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            if disabled & 0x400:
                                                raise self.off(op, 0x400)
                                            self.sp = sp
                                            self.ref_eq()
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                        else:
                            if op < 0xd7:
                                if op < 0xd5:
                                    if disabled & 0x200:
                                        raise self.off(op, 0x200)
                                    self.sp = sp
                                    self.ref_as_non_null()
                                    sp = self.sp
                                    floor = self.floor
                                    stack = self.stack
                                    room = len(stack)
                                else:
                                    if op < 0xd6:
                                        if disabled & 0x200:
                                            raise self.off(op, 0x200)
                                        label = code[pos]
                                        pos += 1
                                        if label >= 0x80:
                                            self.next = pos - 1
                                            label = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.br_on_null(label)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                                    else:
                                        if disabled & 0x200:
                                            raise self.off(op, 0x200)
                                        label = code[pos]
                                        pos += 1
                                        if label >= 0x80:
                                            self.next = pos - 1
                                            label = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.sp = sp
                                        self.br_on_non_null(label)
                                        sp = self.sp
                                        floor = self.floor
                                        stack = self.stack
                                        room = len(stack)
                            else:
                                if op < 0xfb:
                                    raise self.illegal(0, op)
                                else:
                                    if op < 0xfd:
                                        if op < 0xfc:
                                            self.sp = sp
                                            pos = self._visit_fb(pos)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            self.sp = sp
                                            pos = self._visit_fc(pos)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                    else:
                                        if op < 0xfe:
                                            self.sp = sp
                                            pos = self._visit_fd(pos)
                                            sp = self.sp
                                            floor = self.floor
                                            stack = self.stack
                                            room = len(stack)
                                        else:
                                            if op < 0xff:
                                                self.sp = sp
                                                pos = self._visit_fe(pos)
                                                sp = self.sp
                                                floor = self.floor
                                                stack = self.stack
                                                room = len(stack)
                                            else:
                                                raise self.illegal(0, op)
        self.sp = sp

    def memory_size(self, memory: i64) -> None:
        self.simple(0x0 + 0x100000000 * self.address_type(memory))

    def memory_grow(self, memory: i64) -> None:
        self.simple(0x0 + 0x100000001 * self.address_type(memory))

    def i32_trunc_sat_f32_s(self) -> None:
        self.simple(0x7f0000007d)

    def i32_trunc_sat_f32_u(self) -> None:
        self.simple(0x7f0000007d)

    def i32_trunc_sat_f64_s(self) -> None:
        self.simple(0x7f0000007c)

    def i32_trunc_sat_f64_u(self) -> None:
        self.simple(0x7f0000007c)

    def i64_trunc_sat_f32_s(self) -> None:
        self.simple(0x7e0000007d)

    def i64_trunc_sat_f32_u(self) -> None:
        self.simple(0x7e0000007d)

    def i64_trunc_sat_f64_s(self) -> None:
        self.simple(0x7e0000007c)

    def i64_trunc_sat_f64_u(self) -> None:
        self.simple(0x7e0000007c)

    def memory_fill(self, memory: i64) -> None:
        self.simple(0x7f00 + 0x10001 * self.address_type(memory))

    def table_size(self, table: i64) -> None:
        self.simple(0x0 + 0x100000000 * self.table_address_type(table))

    def i64_add128(self) -> None:
        self.simple(0x7e7e7e7e7e7e)

    def i64_sub128(self) -> None:
        self.simple(0x7e7e7e7e7e7e)

    def i64_mul_wide_s(self) -> None:
        self.simple(0x7e7e00007e7e)

    def i64_mul_wide_u(self) -> None:
        self.simple(0x7e7e00007e7e)

    def v128_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x4007b00000000, align, offset, memory)

    def v128_load8x8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load8x8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load16x4_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load16x4_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load32x2_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load32x2_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_load8_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x7b00000000, align, offset, memory)

    def v128_load16_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x1007b00000000, align, offset, memory)

    def v128_load32_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x2007b00000000, align, offset, memory)

    def v128_load64_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def v128_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x4000000007b00, align, offset, memory)

    def v128_const(self, low: i64, high: i64) -> None:
        self.simple(0x7b00000000)

    def i8x16_swizzle(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_splat(self) -> None:
        self.simple(0x7b0000007f)

    def i16x8_splat(self) -> None:
        self.simple(0x7b0000007f)

    def i32x4_splat(self) -> None:
        self.simple(0x7b0000007f)

    def i64x2_splat(self) -> None:
        self.simple(0x7b0000007e)

    def f32x4_splat(self) -> None:
        self.simple(0x7b0000007d)

    def f64x2_splat(self) -> None:
        self.simple(0x7b0000007c)

    def i8x16_extract_lane_s(self, lane: i64) -> None:
        self.check_lane(lane, 16)
        self.simple(0x7f0000007b)

    def i8x16_extract_lane_u(self, lane: i64) -> None:
        self.check_lane(lane, 16)
        self.simple(0x7f0000007b)

    def i8x16_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 16)
        self.simple(0x7b00007f7b)

    def i16x8_extract_lane_s(self, lane: i64) -> None:
        self.check_lane(lane, 8)
        self.simple(0x7f0000007b)

    def i16x8_extract_lane_u(self, lane: i64) -> None:
        self.check_lane(lane, 8)
        self.simple(0x7f0000007b)

    def i16x8_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 8)
        self.simple(0x7b00007f7b)

    def i32x4_extract_lane(self, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.simple(0x7f0000007b)

    def i32x4_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.simple(0x7b00007f7b)

    def i64x2_extract_lane(self, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.simple(0x7e0000007b)

    def i64x2_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.simple(0x7b00007e7b)

    def f32x4_extract_lane(self, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.simple(0x7d0000007b)

    def f32x4_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.simple(0x7b00007d7b)

    def f64x2_extract_lane(self, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.simple(0x7c0000007b)

    def f64x2_replace_lane(self, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.simple(0x7b00007c7b)

    def i8x16_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_lt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_lt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_gt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_gt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_le_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_le_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_ge_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_ge_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_lt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_lt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_gt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_gt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_le_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_le_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_ge_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_ge_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_lt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_lt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_gt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_gt_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_le_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_le_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_ge_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_ge_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_lt(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_gt(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_le(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_ge(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_lt(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_gt(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_le(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_ge(self) -> None:
        self.simple(0x7b00007b7b)

    def v128_not(self) -> None:
        self.simple(0x7b0000007b)

    def v128_and(self) -> None:
        self.simple(0x7b00007b7b)

    def v128_andnot(self) -> None:
        self.simple(0x7b00007b7b)

    def v128_or(self) -> None:
        self.simple(0x7b00007b7b)

    def v128_xor(self) -> None:
        self.simple(0x7b00007b7b)

    def v128_bitselect(self) -> None:
        self.simple(0x7b007b7b7b)

    def v128_any_true(self) -> None:
        self.simple(0x7f0000007b)

    def v128_load8_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 16)
        self.access(0x7b00007b00, align, offset, memory)

    def v128_load16_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 8)
        self.access(0x1007b00007b00, align, offset, memory)

    def v128_load32_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.access(0x2007b00007b00, align, offset, memory)

    def v128_load64_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.access(0x3007b00007b00, align, offset, memory)

    def v128_store8_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 16)
        self.access(0x7b00, align, offset, memory)

    def v128_store16_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 8)
        self.access(0x1000000007b00, align, offset, memory)

    def v128_store32_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 4)
        self.access(0x2000000007b00, align, offset, memory)

    def v128_store64_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.check_lane(lane, 2)
        self.access(0x3000000007b00, align, offset, memory)

    def v128_load32_zero(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x2007b00000000, align, offset, memory)

    def v128_load64_zero(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x3007b00000000, align, offset, memory)

    def f32x4_demote_f64x2_zero(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_promote_low_f32x4(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_abs(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_neg(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_popcnt(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_all_true(self) -> None:
        self.simple(0x7f0000007b)

    def i8x16_bitmask(self) -> None:
        self.simple(0x7f0000007b)

    def i8x16_narrow_i16x8_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_narrow_i16x8_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_ceil(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_floor(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_trunc(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_nearest(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_shl(self) -> None:
        self.simple(0x7b00007f7b)

    def i8x16_shr_s(self) -> None:
        self.simple(0x7b00007f7b)

    def i8x16_shr_u(self) -> None:
        self.simple(0x7b00007f7b)

    def i8x16_add(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_add_sat_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_add_sat_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_sub_sat_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_sub_sat_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_ceil(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_floor(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_min_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_min_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_max_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i8x16_max_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_trunc(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_avgr_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extadd_pairwise_i8x16_s(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_extadd_pairwise_i8x16_u(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_extadd_pairwise_i16x8_s(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_extadd_pairwise_i16x8_u(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_abs(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_neg(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_q15mulr_sat_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_all_true(self) -> None:
        self.simple(0x7f0000007b)

    def i16x8_bitmask(self) -> None:
        self.simple(0x7f0000007b)

    def i16x8_narrow_i32x4_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_narrow_i32x4_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extend_low_i8x16_s(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_extend_high_i8x16_s(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_extend_low_i8x16_u(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_extend_high_i8x16_u(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_shl(self) -> None:
        self.simple(0x7b00007f7b)

    def i16x8_shr_s(self) -> None:
        self.simple(0x7b00007f7b)

    def i16x8_shr_u(self) -> None:
        self.simple(0x7b00007f7b)

    def i16x8_add(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_add_sat_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_add_sat_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_sub_sat_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_sub_sat_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_nearest(self) -> None:
        self.simple(0x7b0000007b)

    def i16x8_mul(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_min_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_min_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_max_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_max_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_avgr_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extmul_low_i8x16_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extmul_high_i8x16_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extmul_low_i8x16_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_extmul_high_i8x16_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_abs(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_neg(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_all_true(self) -> None:
        self.simple(0x7f0000007b)

    def i32x4_bitmask(self) -> None:
        self.simple(0x7f0000007b)

    def i32x4_extend_low_i16x8_s(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_extend_high_i16x8_s(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_extend_low_i16x8_u(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_extend_high_i16x8_u(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_shl(self) -> None:
        self.simple(0x7b00007f7b)

    def i32x4_shr_s(self) -> None:
        self.simple(0x7b00007f7b)

    def i32x4_shr_u(self) -> None:
        self.simple(0x7b00007f7b)

    def i32x4_add(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_mul(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_min_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_min_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_max_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_max_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_dot_i16x8_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_extmul_low_i16x8_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_extmul_high_i16x8_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_extmul_low_i16x8_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_extmul_high_i16x8_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_abs(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_neg(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_all_true(self) -> None:
        self.simple(0x7f0000007b)

    def i64x2_bitmask(self) -> None:
        self.simple(0x7f0000007b)

    def i64x2_extend_low_i32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_extend_high_i32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_extend_low_i32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_extend_high_i32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def i64x2_shl(self) -> None:
        self.simple(0x7b00007f7b)

    def i64x2_shr_s(self) -> None:
        self.simple(0x7b00007f7b)

    def i64x2_shr_u(self) -> None:
        self.simple(0x7b00007f7b)

    def i64x2_add(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_mul(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_eq(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_ne(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_lt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_gt_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_le_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_ge_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_extmul_low_i32x4_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_extmul_high_i32x4_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_extmul_low_i32x4_u(self) -> None:
        self.simple(0x7b00007b7b)

    def i64x2_extmul_high_i32x4_u(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_abs(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_neg(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_sqrt(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_add(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_mul(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_div(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_min(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_max(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_pmin(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_pmax(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_abs(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_neg(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_sqrt(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_add(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_sub(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_mul(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_div(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_min(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_max(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_pmin(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_pmax(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_trunc_sat_f32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_trunc_sat_f32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_convert_i32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_convert_i32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_trunc_sat_f64x2_s_zero(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_trunc_sat_f64x2_u_zero(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_convert_low_i32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def f64x2_convert_low_i32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def i8x16_relaxed_swizzle(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_relaxed_trunc_f32x4_s(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_relaxed_trunc_f32x4_u(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_relaxed_trunc_f64x2_s_zero(self) -> None:
        self.simple(0x7b0000007b)

    def i32x4_relaxed_trunc_f64x2_u_zero(self) -> None:
        self.simple(0x7b0000007b)

    def f32x4_relaxed_madd(self) -> None:
        self.simple(0x7b007b7b7b)

    def f32x4_relaxed_nmadd(self) -> None:
        self.simple(0x7b007b7b7b)

    def f64x2_relaxed_madd(self) -> None:
        self.simple(0x7b007b7b7b)

    def f64x2_relaxed_nmadd(self) -> None:
        self.simple(0x7b007b7b7b)

    def i8x16_relaxed_laneselect(self) -> None:
        self.simple(0x7b007b7b7b)

    def i16x8_relaxed_laneselect(self) -> None:
        self.simple(0x7b007b7b7b)

    def i32x4_relaxed_laneselect(self) -> None:
        self.simple(0x7b007b7b7b)

    def i64x2_relaxed_laneselect(self) -> None:
        self.simple(0x7b007b7b7b)

    def f32x4_relaxed_min(self) -> None:
        self.simple(0x7b00007b7b)

    def f32x4_relaxed_max(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_relaxed_min(self) -> None:
        self.simple(0x7b00007b7b)

    def f64x2_relaxed_max(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_relaxed_q15mulr_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i16x8_relaxed_dot_i8x16_i7x16_s(self) -> None:
        self.simple(0x7b00007b7b)

    def i32x4_relaxed_dot_i8x16_i7x16_add_s(self) -> None:
        self.simple(0x7b007b7b7b)

    def memory_atomic_notify(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def memory_atomic_wait32(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f007e7f00, align, offset, memory)

    def memory_atomic_wait64(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007f007e7e00, align, offset, memory)

    def atomic_fence(self) -> None:
        self.simple(0x0)

    def i32_atomic_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00000000, align, offset, memory)

    def i64_atomic_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00000000, align, offset, memory)

    def i32_atomic_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00000000, align, offset, memory)

    def i32_atomic_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00000000, align, offset, memory)

    def i64_atomic_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00000000, align, offset, memory)

    def i64_atomic_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00000000, align, offset, memory)

    def i64_atomic_load32_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00000000, align, offset, memory)

    def i32_atomic_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42000000007f00, align, offset, memory)

    def i64_atomic_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43000000007e00, align, offset, memory)

    def i32_atomic_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40000000007f00, align, offset, memory)

    def i32_atomic_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41000000007f00, align, offset, memory)

    def i64_atomic_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40000000007e00, align, offset, memory)

    def i64_atomic_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41000000007e00, align, offset, memory)

    def i64_atomic_store32(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42000000007e00, align, offset, memory)

    def i32_atomic_rmw_add(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_add(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_sub(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_sub(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_and(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_and(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_or(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_or(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_xor(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_xor(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_xchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f00007f00, align, offset, memory)

    def i64_atomic_rmw_xchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e00007e00, align, offset, memory)

    def i32_atomic_rmw8_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f00007f00, align, offset, memory)

    def i32_atomic_rmw16_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f00007f00, align, offset, memory)

    def i64_atomic_rmw8_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e00007e00, align, offset, memory)

    def i64_atomic_rmw16_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e00007e00, align, offset, memory)

    def i64_atomic_rmw32_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e00007e00, align, offset, memory)

    def i32_atomic_rmw_cmpxchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007f007f7f00, align, offset, memory)

    def i64_atomic_rmw_cmpxchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x43007e007e7e00, align, offset, memory)

    def i32_atomic_rmw8_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007f007f7f00, align, offset, memory)

    def i32_atomic_rmw16_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007f007f7f00, align, offset, memory)

    def i64_atomic_rmw8_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x40007e007e7e00, align, offset, memory)

    def i64_atomic_rmw16_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x41007e007e7e00, align, offset, memory)

    def i64_atomic_rmw32_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access(0x42007e007e7e00, align, offset, memory)
