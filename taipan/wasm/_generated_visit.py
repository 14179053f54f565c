"""Generated from taipan/wasm/instructions.py by `python -m tools gen`; do not edit.

`Visitor` has one method per instruction, which calls `other` until a subclass replaces it, and `visit`,
which decodes instructions and calls the methods with the immediates in binary order:

    index func type table memory tag elem data field label lane    unsigned numbers; dst, src: destination and source
    type of block, loop, if, try, try_table    a block type as one integer, see cursor.py
    align offset memory    alignment as log2; offset as signed i64 (2^64 - 1 is -1)
    value                  of i32.const and i64.const, signed
    bits                   of f32.const unsigned, of f64.const signed i64
    low high               the halves of v128.const and of the 16 lane numbers of i8x16.shuffle, signed i64
    heap source target     heap types, with EXACT_BIT if exact; flags: bit 0 the source, bit 1 the target is nullable
    count                  of labels without the default (`targets`), of types (`types`), of handlers (`clauses`);
                           of array.new_fixed's operands
"""

# ruff: noqa
# fmt: off
from __future__ import annotations

from librt.strings import read_i32_le, read_i64_le
from mypy_extensions import i64, mypyc_attr

from taipan.wasm.operands import Operands


@mypyc_attr(allow_interpreted_subclasses=True)
class Visitor(Operands):
    """Set `disabled` (see `cursor.disabled_bits`) to refuse the instructions of features that are off."""

    def visit(self, code: bytes, start: i64, end: i64) -> None:
        """Decode the instructions in `code[start:end]`, setting `pos` before each call.

        Ends exactly at `end`. Nesting is the subclass's matter: the function's last `end` must be the one at
        `limit - 1`, which the subclass checks with `pos` when its control stack is empty and after the last call.
        Raises MalformedError, and whatever the methods raise.
        """
        if len(code) - end < 32:
            # The loop reads an instruction's immediates before it asks whether they are within `end`.
            code = code[:end] + bytes(32)
        self.code = code
        self.limit = end
        self._visit(code, start, end)

    def _visit(self, code: bytes, start: i64, end: i64) -> None:
        disabled: i64 = self.disabled
        op: i64 = 0
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
        pos: i64 = start
        while pos < end:
            self.pos = pos
            op = code[pos]
            pos += 1
            if op < 0x23:
                if op < 0x20:
                    if op < 0xc:
                        if op < 0xa:
                            if op < 0x3:
                                if op < 0x2:
                                    if op < 0x1:
                                        self.unreachable()
                                    else:
                                        self.nop()
                                else:
                                    self.next = pos
                                    type = self.read_blocktype()
                                    pos = self.next
                                    if pos > end:
                                        raise self.unexpected_end()
                                    self.block(type)
                            else:
                                if op < 0x5:
                                    if op < 0x4:
                                        self.next = pos
                                        type = self.read_blocktype()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.loop(type)
                                    else:
                                        self.next = pos
                                        type = self.read_blocktype()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.if_(type)
                                else:
                                    if op < 0x7:
                                        if op < 0x6:
                                            self.else_()
                                        else:
                                            if disabled & 0x40000:
                                                raise self.off(0x6, 0x40000)
                                            self.next = pos
                                            type = self.read_blocktype()
                                            pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.try_(type)
                                    else:
                                        if op < 0x8:
                                            if disabled & 0x40000:
                                                raise self.off(0x7, 0x40000)
                                            tag = code[pos]
                                            pos += 1
                                            if tag >= 0x80:
                                                self.next = pos - 1
                                                tag = self.read_u32()
                                                pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.catch(tag)
                                        else:
                                            if op < 0x9:
                                                if disabled & 0x4000:
                                                    raise self.off(0x8, 0x4000)
                                                tag = code[pos]
                                                pos += 1
                                                if tag >= 0x80:
                                                    self.next = pos - 1
                                                    tag = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.throw(tag)
                                            else:
                                                if disabled & 0x40000:
                                                    raise self.off(0x9, 0x40000)
                                                label = code[pos]
                                                pos += 1
                                                if label >= 0x80:
                                                    self.next = pos - 1
                                                    label = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.rethrow(label)
                        else:
                            if op < 0xb:
                                if disabled & 0x4000:
                                    raise self.off(0xa, 0x4000)
                                self.throw_ref()
                            else:
                                self.end()
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
                                self.br(label)
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
                                    self.br_if(label)
                                else:
                                    if op < 0xf:
                                        self.next = pos
                                        count = self.read_labels()
                                        pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.br_table(count)
                                    else:
                                        self.return_()
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
                                self.call(func)
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
                                                self.call_indirect(type, table)
                                            else:
                                                if disabled & 0x80:
                                                    raise self.off(0x12, 0x80)
                                                func = code[pos]
                                                pos += 1
                                                if func >= 0x80:
                                                    self.next = pos - 1
                                                    func = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.return_call(func)
                                        else:
                                            if op < 0x14:
                                                if disabled & 0x80:
                                                    raise self.off(0x13, 0x80)
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
                                                self.return_call_indirect(type, table)
                                            else:
                                                if disabled & 0x200:
                                                    raise self.off(0x14, 0x200)
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.call_ref(type)
                                    else:
                                        if op < 0x18:
                                            if op < 0x16:
                                                if disabled & 0x200:
                                                    raise self.off(0x15, 0x200)
                                                type = code[pos]
                                                pos += 1
                                                if type >= 0x80:
                                                    self.next = pos - 1
                                                    type = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.return_call_ref(type)
                                            else:
                                                raise self.illegal(0x0, op)
                                        else:
                                            if op < 0x19:
                                                if disabled & 0x40000:
                                                    raise self.off(0x18, 0x40000)
                                                label = code[pos]
                                                pos += 1
                                                if label >= 0x80:
                                                    self.next = pos - 1
                                                    label = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.delegate(label)
                                            else:
                                                if disabled & 0x40000:
                                                    raise self.off(0x19, 0x40000)
                                                self.catch_all()
                                else:
                                    if op < 0x1b:
                                        self.drop()
                                    else:
                                        if op < 0x1c:
                                            self.select()
                                        else:
                                            if op < 0x1f:
                                                if op < 0x1d:
                                                    if disabled & 0x20:
                                                        raise self.off(0x1c, 0x20)
                                                    self.next = pos
                                                    count = self.read_valtypes()
                                                    pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.select_t(count)
                                                else:
                                                    raise self.illegal(0x0, op)
                                            else:
                                                if disabled & 0x4000:
                                                    raise self.off(0x1f, 0x4000)
                                                self.next = pos
                                                type = self.read_blocktype()
                                                pos = self.next
                                                self.next = pos
                                                count = self.read_catches()
                                                pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.try_table(type, count)
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
                        self.local_get(index)
                    else:
                        if op < 0x22:
                            index = code[pos]
                            pos += 1
                            if index >= 0x80:
                                self.next = pos - 1
                                index = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.local_set(index)
                        else:
                            index = code[pos]
                            pos += 1
                            if index >= 0x80:
                                self.next = pos - 1
                                index = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.local_tee(index)
            else:
                if op < 0x43:
                    if op < 0x41:
                        if op < 0x2a:
                            if op < 0x29:
                                if op < 0x28:
                                    if op < 0x24:
                                        index = code[pos]
                                        pos += 1
                                        if index >= 0x80:
                                            self.next = pos - 1
                                            index = self.read_u32()
                                            pos = self.next
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.global_get(index)
                                    else:
                                        if op < 0x25:
                                            index = code[pos]
                                            pos += 1
                                            if index >= 0x80:
                                                self.next = pos - 1
                                                index = self.read_u32()
                                                pos = self.next
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.global_set(index)
                                        else:
                                            if op < 0x26:
                                                if disabled & 0x20:
                                                    raise self.off(0x25, 0x20)
                                                table = code[pos]
                                                pos += 1
                                                if table >= 0x80:
                                                    self.next = pos - 1
                                                    table = self.read_u32()
                                                    pos = self.next
                                                if pos > end:
                                                    raise self.unexpected_end()
                                                self.table_get(table)
                                            else:
                                                if op < 0x27:
                                                    if disabled & 0x20:
                                                        raise self.off(0x26, 0x20)
                                                    table = code[pos]
                                                    pos += 1
                                                    if table >= 0x80:
                                                        self.next = pos - 1
                                                        table = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.table_set(table)
                                                else:
                                                    raise self.illegal(0x0, op)
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
                                    self.i32_load(align, offset, memory)
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
                                self.i64_load(align, offset, memory)
                        else:
                            if op < 0x37:
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
                                if op < 0x35:
                                    if op < 0x2e:
                                        if op < 0x2d:
                                            if op < 0x2b:
                                                self.f32_load(align, offset, memory)
                                            else:
                                                if op < 0x2c:
                                                    self.f64_load(align, offset, memory)
                                                else:
                                                    self.i32_load8_s(align, offset, memory)
                                        else:
                                            self.i32_load8_u(align, offset, memory)
                                    else:
                                        if op < 0x31:
                                            if op < 0x2f:
                                                self.i32_load16_s(align, offset, memory)
                                            else:
                                                if op < 0x30:
                                                    self.i32_load16_u(align, offset, memory)
                                                else:
                                                    self.i64_load8_s(align, offset, memory)
                                        else:
                                            if op < 0x33:
                                                if op < 0x32:
                                                    self.i64_load8_u(align, offset, memory)
                                                else:
                                                    self.i64_load16_s(align, offset, memory)
                                            else:
                                                if op < 0x34:
                                                    self.i64_load16_u(align, offset, memory)
                                                else:
                                                    self.i64_load32_s(align, offset, memory)
                                else:
                                    if op < 0x36:
                                        self.i64_load32_u(align, offset, memory)
                                    else:
                                        self.i32_store(align, offset, memory)
                            else:
                                if op < 0x38:
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
                                    self.i64_store(align, offset, memory)
                                else:
                                    if op < 0x3c:
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
                                        if op < 0x3a:
                                            if op < 0x39:
                                                self.f32_store(align, offset, memory)
                                            else:
                                                self.f64_store(align, offset, memory)
                                        else:
                                            if op < 0x3b:
                                                self.i32_store8(align, offset, memory)
                                            else:
                                                self.i32_store16(align, offset, memory)
                                    else:
                                        if op < 0x3e:
                                            if op < 0x3d:
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
                                                self.i64_store8(align, offset, memory)
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
                                                self.i64_store16(align, offset, memory)
                                        else:
                                            if op < 0x3f:
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
                                                self.i64_store32(align, offset, memory)
                                            else:
                                                if op < 0x40:
                                                    memory = code[pos]
                                                    pos += 1
                                                    if memory >= 0x80:
                                                        self.next = pos - 1
                                                        memory = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.memory_size(memory)
                                                else:
                                                    memory = code[pos]
                                                    pos += 1
                                                    if memory >= 0x80:
                                                        self.next = pos - 1
                                                        memory = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.memory_grow(memory)
                    else:
                        if op < 0x42:
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
                            self.i32_const(value)
                        else:
                            self.next = pos
                            value = self.read_s64()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.i64_const(value)
                else:
                    if op < 0x7c:
                        if op < 0x6a:
                            if op < 0x50:
                                if op < 0x46:
                                    if op < 0x45:
                                        if op < 0x44:
                                            bits = i64(read_i32_le(code, pos)) & 0xFFFFFFFF
                                            pos += 4
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.f32_const(bits)
                                        else:
                                            bits = read_i64_le(code, pos)
                                            pos += 8
                                            if pos > end:
                                                raise self.unexpected_end()
                                            self.f64_const(bits)
                                    else:
                                        self.i32_eqz()
                                else:
                                    if op < 0x48:
                                        if op < 0x47:
                                            self.i32_eq()
                                        else:
                                            self.i32_ne()
                                    else:
                                        if op < 0x4c:
                                            if op < 0x4a:
                                                if op < 0x49:
                                                    self.i32_lt_s()
                                                else:
                                                    self.i32_lt_u()
                                            else:
                                                if op < 0x4b:
                                                    self.i32_gt_s()
                                                else:
                                                    self.i32_gt_u()
                                        else:
                                            if op < 0x4e:
                                                if op < 0x4d:
                                                    self.i32_le_s()
                                                else:
                                                    self.i32_le_u()
                                            else:
                                                if op < 0x4f:
                                                    self.i32_ge_s()
                                                else:
                                                    self.i32_ge_u()
                            else:
                                if op < 0x5a:
                                    if op < 0x52:
                                        if op < 0x51:
                                            self.i64_eqz()
                                        else:
                                            self.i64_eq()
                                    else:
                                        if op < 0x56:
                                            if op < 0x54:
                                                if op < 0x53:
                                                    self.i64_ne()
                                                else:
                                                    self.i64_lt_s()
                                            else:
                                                if op < 0x55:
                                                    self.i64_lt_u()
                                                else:
                                                    self.i64_gt_s()
                                        else:
                                            if op < 0x58:
                                                if op < 0x57:
                                                    self.i64_gt_u()
                                                else:
                                                    self.i64_le_s()
                                            else:
                                                if op < 0x59:
                                                    self.i64_le_u()
                                                else:
                                                    self.i64_ge_s()
                                else:
                                    if op < 0x62:
                                        if op < 0x5e:
                                            if op < 0x5c:
                                                if op < 0x5b:
                                                    self.i64_ge_u()
                                                else:
                                                    self.f32_eq()
                                            else:
                                                if op < 0x5d:
                                                    self.f32_ne()
                                                else:
                                                    self.f32_lt()
                                        else:
                                            if op < 0x60:
                                                if op < 0x5f:
                                                    self.f32_gt()
                                                else:
                                                    self.f32_le()
                                            else:
                                                if op < 0x61:
                                                    self.f32_ge()
                                                else:
                                                    self.f64_eq()
                                    else:
                                        if op < 0x66:
                                            if op < 0x64:
                                                if op < 0x63:
                                                    self.f64_ne()
                                                else:
                                                    self.f64_lt()
                                            else:
                                                if op < 0x65:
                                                    self.f64_gt()
                                                else:
                                                    self.f64_le()
                                        else:
                                            if op < 0x68:
                                                if op < 0x67:
                                                    self.f64_ge()
                                                else:
                                                    self.i32_clz()
                                            else:
                                                if op < 0x69:
                                                    self.i32_ctz()
                                                else:
                                                    self.i32_popcnt()
                        else:
                            if op < 0x6b:
                                self.i32_add()
                            else:
                                if op < 0x71:
                                    if op < 0x6c:
                                        self.i32_sub()
                                    else:
                                        if op < 0x6e:
                                            if op < 0x6d:
                                                self.i32_mul()
                                            else:
                                                self.i32_div_s()
                                        else:
                                            if op < 0x6f:
                                                self.i32_div_u()
                                            else:
                                                if op < 0x70:
                                                    self.i32_rem_s()
                                                else:
                                                    self.i32_rem_u()
                                else:
                                    if op < 0x74:
                                        if op < 0x72:
                                            self.i32_and()
                                        else:
                                            if op < 0x73:
                                                self.i32_or()
                                            else:
                                                self.i32_xor()
                                    else:
                                        if op < 0x76:
                                            if op < 0x75:
                                                self.i32_shl()
                                            else:
                                                self.i32_shr_s()
                                        else:
                                            if op < 0x79:
                                                if op < 0x77:
                                                    self.i32_shr_u()
                                                else:
                                                    if op < 0x78:
                                                        self.i32_rotl()
                                                    else:
                                                        self.i32_rotr()
                                            else:
                                                if op < 0x7a:
                                                    self.i64_clz()
                                                else:
                                                    if op < 0x7b:
                                                        self.i64_ctz()
                                                    else:
                                                        self.i64_popcnt()
                    else:
                        if op < 0xa7:
                            if op < 0x88:
                                if op < 0x7d:
                                    self.i64_add()
                                else:
                                    if op < 0x83:
                                        if op < 0x80:
                                            if op < 0x7e:
                                                self.i64_sub()
                                            else:
                                                if op < 0x7f:
                                                    self.i64_mul()
                                                else:
                                                    self.i64_div_s()
                                        else:
                                            if op < 0x81:
                                                self.i64_div_u()
                                            else:
                                                if op < 0x82:
                                                    self.i64_rem_s()
                                                else:
                                                    self.i64_rem_u()
                                    else:
                                        if op < 0x84:
                                            self.i64_and()
                                        else:
                                            if op < 0x86:
                                                if op < 0x85:
                                                    self.i64_or()
                                                else:
                                                    self.i64_xor()
                                            else:
                                                if op < 0x87:
                                                    self.i64_shl()
                                                else:
                                                    self.i64_shr_s()
                            else:
                                if op < 0x97:
                                    if op < 0x8f:
                                        if op < 0x8b:
                                            if op < 0x89:
                                                self.i64_shr_u()
                                            else:
                                                if op < 0x8a:
                                                    self.i64_rotl()
                                                else:
                                                    self.i64_rotr()
                                        else:
                                            if op < 0x8d:
                                                if op < 0x8c:
                                                    self.f32_abs()
                                                else:
                                                    self.f32_neg()
                                            else:
                                                if op < 0x8e:
                                                    self.f32_ceil()
                                                else:
                                                    self.f32_floor()
                                    else:
                                        if op < 0x93:
                                            if op < 0x91:
                                                if op < 0x90:
                                                    self.f32_trunc()
                                                else:
                                                    self.f32_nearest()
                                            else:
                                                if op < 0x92:
                                                    self.f32_sqrt()
                                                else:
                                                    self.f32_add()
                                        else:
                                            if op < 0x95:
                                                if op < 0x94:
                                                    self.f32_sub()
                                                else:
                                                    self.f32_mul()
                                            else:
                                                if op < 0x96:
                                                    self.f32_div()
                                                else:
                                                    self.f32_min()
                                else:
                                    if op < 0x9f:
                                        if op < 0x9b:
                                            if op < 0x99:
                                                if op < 0x98:
                                                    self.f32_max()
                                                else:
                                                    self.f32_copysign()
                                            else:
                                                if op < 0x9a:
                                                    self.f64_abs()
                                                else:
                                                    self.f64_neg()
                                        else:
                                            if op < 0x9d:
                                                if op < 0x9c:
                                                    self.f64_ceil()
                                                else:
                                                    self.f64_floor()
                                            else:
                                                if op < 0x9e:
                                                    self.f64_trunc()
                                                else:
                                                    self.f64_nearest()
                                    else:
                                        if op < 0xa3:
                                            if op < 0xa1:
                                                if op < 0xa0:
                                                    self.f64_sqrt()
                                                else:
                                                    self.f64_add()
                                            else:
                                                if op < 0xa2:
                                                    self.f64_sub()
                                                else:
                                                    self.f64_mul()
                                        else:
                                            if op < 0xa5:
                                                if op < 0xa4:
                                                    self.f64_div()
                                                else:
                                                    self.f64_min()
                                            else:
                                                if op < 0xa6:
                                                    self.f64_max()
                                                else:
                                                    self.f64_copysign()
                        else:
                            if op < 0xae:
                                if op < 0xa8:
                                    self.i32_wrap_i64()
                                else:
                                    if op < 0xad:
                                        if op < 0xaa:
                                            if op < 0xa9:
                                                self.i32_trunc_f32_s()
                                            else:
                                                self.i32_trunc_f32_u()
                                        else:
                                            if op < 0xab:
                                                self.i32_trunc_f64_s()
                                            else:
                                                if op < 0xac:
                                                    self.i32_trunc_f64_u()
                                                else:
                                                    self.i64_extend_i32_s()
                                    else:
                                        self.i64_extend_i32_u()
                            else:
                                if op < 0xbe:
                                    if op < 0xb6:
                                        if op < 0xb2:
                                            if op < 0xb0:
                                                if op < 0xaf:
                                                    self.i64_trunc_f32_s()
                                                else:
                                                    self.i64_trunc_f32_u()
                                            else:
                                                if op < 0xb1:
                                                    self.i64_trunc_f64_s()
                                                else:
                                                    self.i64_trunc_f64_u()
                                        else:
                                            if op < 0xb4:
                                                if op < 0xb3:
                                                    self.f32_convert_i32_s()
                                                else:
                                                    self.f32_convert_i32_u()
                                            else:
                                                if op < 0xb5:
                                                    self.f32_convert_i64_s()
                                                else:
                                                    self.f32_convert_i64_u()
                                    else:
                                        if op < 0xba:
                                            if op < 0xb8:
                                                if op < 0xb7:
                                                    self.f32_demote_f64()
                                                else:
                                                    self.f64_convert_i32_s()
                                            else:
                                                if op < 0xb9:
                                                    self.f64_convert_i32_u()
                                                else:
                                                    self.f64_convert_i64_s()
                                        else:
                                            if op < 0xbc:
                                                if op < 0xbb:
                                                    self.f64_convert_i64_u()
                                                else:
                                                    self.f64_promote_f32()
                                            else:
                                                if op < 0xbd:
                                                    self.i32_reinterpret_f32()
                                                else:
                                                    self.i64_reinterpret_f64()
                                else:
                                    if op < 0xd0:
                                        if op < 0xc2:
                                            if op < 0xc0:
                                                if op < 0xbf:
                                                    self.f32_reinterpret_i32()
                                                else:
                                                    self.f64_reinterpret_i64()
                                            else:
                                                if op < 0xc1:
                                                    if disabled & 0x2:
                                                        raise self.off(0xc0, 0x2)
                                                    self.i32_extend8_s()
                                                else:
                                                    if disabled & 0x2:
                                                        raise self.off(0xc1, 0x2)
                                                    self.i32_extend16_s()
                                        else:
                                            if op < 0xc4:
                                                if op < 0xc3:
                                                    if disabled & 0x2:
                                                        raise self.off(0xc2, 0x2)
                                                    self.i64_extend8_s()
                                                else:
                                                    if disabled & 0x2:
                                                        raise self.off(0xc3, 0x2)
                                                    self.i64_extend16_s()
                                            else:
                                                if op < 0xc5:
                                                    if disabled & 0x2:
                                                        raise self.off(0xc4, 0x2)
                                                    self.i64_extend32_s()
                                                else:
                                                    raise self.illegal(0x0, op)
                                    else:
                                        if op < 0xd4:
                                            if op < 0xd2:
                                                if op < 0xd1:
                                                    if disabled & 0x20:
                                                        raise self.off(0xd0, 0x20)
                                                    self.next = pos
                                                    heap = self.read_heaptype()
                                                    pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.ref_null(heap)
                                                else:
                                                    if disabled & 0x20:
                                                        raise self.off(0xd1, 0x20)
                                                    self.ref_is_null()
                                            else:
                                                if op < 0xd3:
                                                    if disabled & 0x20:
                                                        raise self.off(0xd2, 0x20)
                                                    func = code[pos]
                                                    pos += 1
                                                    if func >= 0x80:
                                                        self.next = pos - 1
                                                        func = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.ref_func(func)
                                                else:
                                                    if disabled & 0x400:
                                                        raise self.off(0xd3, 0x400)
                                                    self.ref_eq()
                                        else:
                                            if op < 0xd6:
                                                if op < 0xd5:
                                                    if disabled & 0x200:
                                                        raise self.off(0xd4, 0x200)
                                                    self.ref_as_non_null()
                                                else:
                                                    if disabled & 0x200:
                                                        raise self.off(0xd5, 0x200)
                                                    label = code[pos]
                                                    pos += 1
                                                    if label >= 0x80:
                                                        self.next = pos - 1
                                                        label = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.br_on_null(label)
                                            else:
                                                if op < 0xd7:
                                                    if disabled & 0x200:
                                                        raise self.off(0xd6, 0x200)
                                                    label = code[pos]
                                                    pos += 1
                                                    if label >= 0x80:
                                                        self.next = pos - 1
                                                        label = self.read_u32()
                                                        pos = self.next
                                                    if pos > end:
                                                        raise self.unexpected_end()
                                                    self.br_on_non_null(label)
                                                else:
                                                    if op < 0xfd:
                                                        if op < 0xfc:
                                                            if op < 0xfb:
                                                                raise self.illegal(0x0, op)
                                                            else:
                                                                pos = self._visit_fb(pos)
                                                        else:
                                                            pos = self._visit_fc(pos)
                                                    else:
                                                        if op < 0xff:
                                                            if op < 0xfe:
                                                                pos = self._visit_fd(pos)
                                                            else:
                                                                pos = self._visit_fe(pos)
                                                        else:
                                                            raise self.illegal(0x0, op)

    def _visit_fb(self, pos: i64) -> i64:
        code: bytes = self.code
        end: i64 = self.limit
        disabled: i64 = self.disabled
        count: i64 = 0
        data: i64 = 0
        dst: i64 = 0
        elem: i64 = 0
        field: i64 = 0
        flags: i64 = 0
        heap: i64 = 0
        label: i64 = 0
        source: i64 = 0
        src: i64 = 0
        target: i64 = 0
        type: i64 = 0
        op: i64 = 0
        op = code[pos]
        pos += 1
        if op >= 0x80:
            self.next = pos - 1
            op = self.read_u32()
            pos = self.next
        if pos > end:
            raise self.unexpected_end()
        if op < 0x13:
            if op < 0x9:
                if op < 0x4:
                    if op < 0x2:
                        if op < 0x1:
                            if disabled & 0x400:
                                raise self.off(0xfb000, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_new(type)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb001, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_new_default(type)
                    else:
                        if op < 0x3:
                            if disabled & 0x400:
                                raise self.off(0xfb002, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            field = code[pos]
                            pos += 1
                            if field >= 0x80:
                                self.next = pos - 1
                                field = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_get(type, field)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb003, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            field = code[pos]
                            pos += 1
                            if field >= 0x80:
                                self.next = pos - 1
                                field = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_get_s(type, field)
                else:
                    if op < 0x6:
                        if op < 0x5:
                            if disabled & 0x400:
                                raise self.off(0xfb004, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            field = code[pos]
                            pos += 1
                            if field >= 0x80:
                                self.next = pos - 1
                                field = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_get_u(type, field)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb005, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            field = code[pos]
                            pos += 1
                            if field >= 0x80:
                                self.next = pos - 1
                                field = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_set(type, field)
                    else:
                        if op < 0x7:
                            if disabled & 0x400:
                                raise self.off(0xfb006, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_new(type)
                        else:
                            if op < 0x8:
                                if disabled & 0x400:
                                    raise self.off(0xfb007, 0x400)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_new_default(type)
                            else:
                                if disabled & 0x400:
                                    raise self.off(0xfb008, 0x400)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                count = code[pos]
                                pos += 1
                                if count >= 0x80:
                                    self.next = pos - 1
                                    count = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_new_fixed(type, count)
            else:
                if op < 0xe:
                    if op < 0xb:
                        if op < 0xa:
                            if disabled & 0x400:
                                raise self.off(0xfb009, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            data = code[pos]
                            pos += 1
                            if data >= 0x80:
                                self.next = pos - 1
                                data = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_new_data(type, data)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb00a, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            elem = code[pos]
                            pos += 1
                            if elem >= 0x80:
                                self.next = pos - 1
                                elem = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_new_elem(type, elem)
                    else:
                        if op < 0xc:
                            if disabled & 0x400:
                                raise self.off(0xfb00b, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_get(type)
                        else:
                            if op < 0xd:
                                if disabled & 0x400:
                                    raise self.off(0xfb00c, 0x400)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_get_s(type)
                            else:
                                if disabled & 0x400:
                                    raise self.off(0xfb00d, 0x400)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_get_u(type)
                else:
                    if op < 0x10:
                        if op < 0xf:
                            if disabled & 0x400:
                                raise self.off(0xfb00e, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_set(type)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb00f, 0x400)
                            self.array_len()
                    else:
                        if op < 0x11:
                            if disabled & 0x400:
                                raise self.off(0xfb010, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_fill(type)
                        else:
                            if op < 0x12:
                                if disabled & 0x400:
                                    raise self.off(0xfb011, 0x400)
                                dst = code[pos]
                                pos += 1
                                if dst >= 0x80:
                                    self.next = pos - 1
                                    dst = self.read_u32()
                                    pos = self.next
                                src = code[pos]
                                pos += 1
                                if src >= 0x80:
                                    self.next = pos - 1
                                    src = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_copy(dst, src)
                            else:
                                if disabled & 0x400:
                                    raise self.off(0xfb012, 0x400)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                data = code[pos]
                                pos += 1
                                if data >= 0x80:
                                    self.next = pos - 1
                                    data = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.array_init_data(type, data)
        else:
            if op < 0x1d:
                if op < 0x18:
                    if op < 0x15:
                        if op < 0x14:
                            if disabled & 0x400:
                                raise self.off(0xfb013, 0x400)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            elem = code[pos]
                            pos += 1
                            if elem >= 0x80:
                                self.next = pos - 1
                                elem = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.array_init_elem(type, elem)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb014, 0x400)
                            self.next = pos
                            heap = self.read_heaptype()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.ref_test(heap)
                    else:
                        if op < 0x16:
                            if disabled & 0x400:
                                raise self.off(0xfb015, 0x400)
                            self.next = pos
                            heap = self.read_heaptype()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.ref_test_null(heap)
                        else:
                            if op < 0x17:
                                if disabled & 0x400:
                                    raise self.off(0xfb016, 0x400)
                                self.next = pos
                                heap = self.read_heaptype()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.ref_cast(heap)
                            else:
                                if disabled & 0x400:
                                    raise self.off(0xfb017, 0x400)
                                self.next = pos
                                heap = self.read_heaptype()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.ref_cast_null(heap)
                else:
                    if op < 0x1a:
                        if op < 0x19:
                            if disabled & 0x400:
                                raise self.off(0xfb018, 0x400)
                            self.next = pos
                            flags = self.read_castflags()
                            pos = self.next
                            label = code[pos]
                            pos += 1
                            if label >= 0x80:
                                self.next = pos - 1
                                label = self.read_u32()
                                pos = self.next
                            self.next = pos
                            source = self.read_heaptype()
                            pos = self.next
                            self.next = pos
                            target = self.read_heaptype()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.br_on_cast(flags, label, source, target)
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb019, 0x400)
                            self.next = pos
                            flags = self.read_castflags()
                            pos = self.next
                            label = code[pos]
                            pos += 1
                            if label >= 0x80:
                                self.next = pos - 1
                                label = self.read_u32()
                                pos = self.next
                            self.next = pos
                            source = self.read_heaptype()
                            pos = self.next
                            self.next = pos
                            target = self.read_heaptype()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.br_on_cast_fail(flags, label, source, target)
                    else:
                        if op < 0x1b:
                            if disabled & 0x400:
                                raise self.off(0xfb01a, 0x400)
                            self.any_convert_extern()
                        else:
                            if op < 0x1c:
                                if disabled & 0x400:
                                    raise self.off(0xfb01b, 0x400)
                                self.extern_convert_any()
                            else:
                                if disabled & 0x400:
                                    raise self.off(0xfb01c, 0x400)
                                self.ref_i31()
            else:
                if op < 0x22:
                    if op < 0x1f:
                        if op < 0x1e:
                            if disabled & 0x400:
                                raise self.off(0xfb01d, 0x400)
                            self.i31_get_s()
                        else:
                            if disabled & 0x400:
                                raise self.off(0xfb01e, 0x400)
                            self.i31_get_u()
                    else:
                        if op < 0x21:
                            if op < 0x20:
                                raise self.illegal(0xfb, op)
                            else:
                                if disabled & 0x80000:
                                    raise self.off(0xfb020, 0x80000)
                                type = code[pos]
                                pos += 1
                                if type >= 0x80:
                                    self.next = pos - 1
                                    type = self.read_u32()
                                    pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.struct_new_desc(type)
                        else:
                            if disabled & 0x80000:
                                raise self.off(0xfb021, 0x80000)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.struct_new_default_desc(type)
                else:
                    if op < 0x25:
                        if op < 0x23:
                            if disabled & 0x80000:
                                raise self.off(0xfb022, 0x80000)
                            type = code[pos]
                            pos += 1
                            if type >= 0x80:
                                self.next = pos - 1
                                type = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.ref_get_desc(type)
                        else:
                            if op < 0x24:
                                if disabled & 0x80000:
                                    raise self.off(0xfb023, 0x80000)
                                self.next = pos
                                heap = self.read_heaptype()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.ref_cast_desc_eq(heap)
                            else:
                                if disabled & 0x80000:
                                    raise self.off(0xfb024, 0x80000)
                                self.next = pos
                                heap = self.read_heaptype()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.ref_cast_desc_eq_null(heap)
                    else:
                        if op < 0x26:
                            if disabled & 0x80000:
                                raise self.off(0xfb025, 0x80000)
                            self.next = pos
                            flags = self.read_castflags()
                            pos = self.next
                            label = code[pos]
                            pos += 1
                            if label >= 0x80:
                                self.next = pos - 1
                                label = self.read_u32()
                                pos = self.next
                            self.next = pos
                            source = self.read_heaptype()
                            pos = self.next
                            self.next = pos
                            target = self.read_heaptype()
                            pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.br_on_cast_desc_eq(flags, label, source, target)
                        else:
                            if op < 0x27:
                                if disabled & 0x80000:
                                    raise self.off(0xfb026, 0x80000)
                                self.next = pos
                                flags = self.read_castflags()
                                pos = self.next
                                label = code[pos]
                                pos += 1
                                if label >= 0x80:
                                    self.next = pos - 1
                                    label = self.read_u32()
                                    pos = self.next
                                self.next = pos
                                source = self.read_heaptype()
                                pos = self.next
                                self.next = pos
                                target = self.read_heaptype()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.br_on_cast_desc_eq_fail(flags, label, source, target)
                            else:
                                raise self.illegal(0xfb, op)
        return pos

    def _visit_fc(self, pos: i64) -> i64:
        code: bytes = self.code
        end: i64 = self.limit
        disabled: i64 = self.disabled
        data: i64 = 0
        dst: i64 = 0
        elem: i64 = 0
        memory: i64 = 0
        src: i64 = 0
        table: i64 = 0
        op: i64 = 0
        op = code[pos]
        pos += 1
        if op >= 0x80:
            self.next = pos - 1
            op = self.read_u32()
            pos = self.next
        if pos > end:
            raise self.unexpected_end()
        if op < 0xb:
            if op < 0x5:
                if op < 0x2:
                    if op < 0x1:
                        if disabled & 0x4:
                            raise self.off(0xfc000, 0x4)
                        self.i32_trunc_sat_f32_s()
                    else:
                        if disabled & 0x4:
                            raise self.off(0xfc001, 0x4)
                        self.i32_trunc_sat_f32_u()
                else:
                    if op < 0x3:
                        if disabled & 0x4:
                            raise self.off(0xfc002, 0x4)
                        self.i32_trunc_sat_f64_s()
                    else:
                        if op < 0x4:
                            if disabled & 0x4:
                                raise self.off(0xfc003, 0x4)
                            self.i32_trunc_sat_f64_u()
                        else:
                            if disabled & 0x4:
                                raise self.off(0xfc004, 0x4)
                            self.i64_trunc_sat_f32_s()
            else:
                if op < 0x8:
                    if op < 0x6:
                        if disabled & 0x4:
                            raise self.off(0xfc005, 0x4)
                        self.i64_trunc_sat_f32_u()
                    else:
                        if op < 0x7:
                            if disabled & 0x4:
                                raise self.off(0xfc006, 0x4)
                            self.i64_trunc_sat_f64_s()
                        else:
                            if disabled & 0x4:
                                raise self.off(0xfc007, 0x4)
                            self.i64_trunc_sat_f64_u()
                else:
                    if op < 0x9:
                        if disabled & 0x10:
                            raise self.off(0xfc008, 0x10)
                        data = code[pos]
                        pos += 1
                        if data >= 0x80:
                            self.next = pos - 1
                            data = self.read_u32()
                            pos = self.next
                        memory = code[pos]
                        pos += 1
                        if memory >= 0x80:
                            self.next = pos - 1
                            memory = self.read_u32()
                            pos = self.next
                        if pos > end:
                            raise self.unexpected_end()
                        self.memory_init(data, memory)
                    else:
                        if op < 0xa:
                            if disabled & 0x10:
                                raise self.off(0xfc009, 0x10)
                            data = code[pos]
                            pos += 1
                            if data >= 0x80:
                                self.next = pos - 1
                                data = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.data_drop(data)
                        else:
                            if disabled & 0x10:
                                raise self.off(0xfc00a, 0x10)
                            dst = code[pos]
                            pos += 1
                            if dst >= 0x80:
                                self.next = pos - 1
                                dst = self.read_u32()
                                pos = self.next
                            src = code[pos]
                            pos += 1
                            if src >= 0x80:
                                self.next = pos - 1
                                src = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.memory_copy(dst, src)
        else:
            if op < 0x11:
                if op < 0xe:
                    if op < 0xc:
                        if disabled & 0x10:
                            raise self.off(0xfc00b, 0x10)
                        memory = code[pos]
                        pos += 1
                        if memory >= 0x80:
                            self.next = pos - 1
                            memory = self.read_u32()
                            pos = self.next
                        if pos > end:
                            raise self.unexpected_end()
                        self.memory_fill(memory)
                    else:
                        if op < 0xd:
                            if disabled & 0x10:
                                raise self.off(0xfc00c, 0x10)
                            elem = code[pos]
                            pos += 1
                            if elem >= 0x80:
                                self.next = pos - 1
                                elem = self.read_u32()
                                pos = self.next
                            table = code[pos]
                            pos += 1
                            if table >= 0x80:
                                self.next = pos - 1
                                table = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.table_init(elem, table)
                        else:
                            if disabled & 0x10:
                                raise self.off(0xfc00d, 0x10)
                            elem = code[pos]
                            pos += 1
                            if elem >= 0x80:
                                self.next = pos - 1
                                elem = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.elem_drop(elem)
                else:
                    if op < 0xf:
                        if disabled & 0x10:
                            raise self.off(0xfc00e, 0x10)
                        dst = code[pos]
                        pos += 1
                        if dst >= 0x80:
                            self.next = pos - 1
                            dst = self.read_u32()
                            pos = self.next
                        src = code[pos]
                        pos += 1
                        if src >= 0x80:
                            self.next = pos - 1
                            src = self.read_u32()
                            pos = self.next
                        if pos > end:
                            raise self.unexpected_end()
                        self.table_copy(dst, src)
                    else:
                        if op < 0x10:
                            if disabled & 0x20:
                                raise self.off(0xfc00f, 0x20)
                            table = code[pos]
                            pos += 1
                            if table >= 0x80:
                                self.next = pos - 1
                                table = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.table_grow(table)
                        else:
                            if disabled & 0x20:
                                raise self.off(0xfc010, 0x20)
                            table = code[pos]
                            pos += 1
                            if table >= 0x80:
                                self.next = pos - 1
                                table = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.table_size(table)
            else:
                if op < 0x14:
                    if op < 0x13:
                        if op < 0x12:
                            if disabled & 0x20:
                                raise self.off(0xfc011, 0x20)
                            table = code[pos]
                            pos += 1
                            if table >= 0x80:
                                self.next = pos - 1
                                table = self.read_u32()
                                pos = self.next
                            if pos > end:
                                raise self.unexpected_end()
                            self.table_fill(table)
                        else:
                            raise self.illegal(0xfc, op)
                    else:
                        if disabled & 0x10000:
                            raise self.off(0xfc013, 0x10000)
                        self.i64_add128()
                else:
                    if op < 0x16:
                        if op < 0x15:
                            if disabled & 0x10000:
                                raise self.off(0xfc014, 0x10000)
                            self.i64_sub128()
                        else:
                            if disabled & 0x10000:
                                raise self.off(0xfc015, 0x10000)
                            self.i64_mul_wide_s()
                    else:
                        if op < 0x17:
                            if disabled & 0x10000:
                                raise self.off(0xfc016, 0x10000)
                            self.i64_mul_wide_u()
                        else:
                            raise self.illegal(0xfc, op)
        return pos

    def _visit_fd(self, pos: i64) -> i64:
        code: bytes = self.code
        end: i64 = self.limit
        disabled: i64 = self.disabled
        align: i64 = 0
        high: i64 = 0
        lane: i64 = 0
        low: i64 = 0
        memory: i64 = 0
        offset: i64 = 0
        byte: i64 = 0
        op: i64 = 0
        op = code[pos]
        pos += 1
        if op >= 0x80:
            self.next = pos - 1
            op = self.read_u32()
            pos = self.next
        if pos > end:
            raise self.unexpected_end()
        if op < 0x81:
            if op < 0x40:
                if op < 0x20:
                    if op < 0x10:
                        if op < 0x8:
                            if op < 0x4:
                                if op < 0x2:
                                    if op < 0x1:
                                        if disabled & 0x40:
                                            raise self.off(0xfd000, 0x40)
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
                                        self.v128_load(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd001, 0x40)
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
                                        self.v128_load8x8_s(align, offset, memory)
                                else:
                                    if op < 0x3:
                                        if disabled & 0x40:
                                            raise self.off(0xfd002, 0x40)
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
                                        self.v128_load8x8_u(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd003, 0x40)
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
                                        self.v128_load16x4_s(align, offset, memory)
                            else:
                                if op < 0x6:
                                    if op < 0x5:
                                        if disabled & 0x40:
                                            raise self.off(0xfd004, 0x40)
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
                                        self.v128_load16x4_u(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd005, 0x40)
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
                                        self.v128_load32x2_s(align, offset, memory)
                                else:
                                    if op < 0x7:
                                        if disabled & 0x40:
                                            raise self.off(0xfd006, 0x40)
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
                                        self.v128_load32x2_u(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd007, 0x40)
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
                                        self.v128_load8_splat(align, offset, memory)
                        else:
                            if op < 0xc:
                                if op < 0xa:
                                    if op < 0x9:
                                        if disabled & 0x40:
                                            raise self.off(0xfd008, 0x40)
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
                                        self.v128_load16_splat(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd009, 0x40)
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
                                        self.v128_load32_splat(align, offset, memory)
                                else:
                                    if op < 0xb:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00a, 0x40)
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
                                        self.v128_load64_splat(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00b, 0x40)
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
                                        self.v128_store(align, offset, memory)
                            else:
                                if op < 0xe:
                                    if op < 0xd:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00c, 0x40)
                                        low = read_i64_le(code, pos)
                                        high = read_i64_le(code, pos + 8)
                                        pos += 16
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_const(low, high)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00d, 0x40)
                                        low = read_i64_le(code, pos)
                                        high = read_i64_le(code, pos + 8)
                                        pos += 16
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i8x16_shuffle(low, high)
                                else:
                                    if op < 0xf:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00e, 0x40)
                                        self.i8x16_swizzle()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd00f, 0x40)
                                        self.i8x16_splat()
                    else:
                        if op < 0x18:
                            if op < 0x14:
                                if op < 0x12:
                                    if op < 0x11:
                                        if disabled & 0x40:
                                            raise self.off(0xfd010, 0x40)
                                        self.i16x8_splat()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd011, 0x40)
                                        self.i32x4_splat()
                                else:
                                    if op < 0x13:
                                        if disabled & 0x40:
                                            raise self.off(0xfd012, 0x40)
                                        self.i64x2_splat()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd013, 0x40)
                                        self.f32x4_splat()
                            else:
                                if op < 0x16:
                                    if op < 0x15:
                                        if disabled & 0x40:
                                            raise self.off(0xfd014, 0x40)
                                        self.f64x2_splat()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd015, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i8x16_extract_lane_s(lane)
                                else:
                                    if op < 0x17:
                                        if disabled & 0x40:
                                            raise self.off(0xfd016, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i8x16_extract_lane_u(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd017, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i8x16_replace_lane(lane)
                        else:
                            if op < 0x1c:
                                if op < 0x1a:
                                    if op < 0x19:
                                        if disabled & 0x40:
                                            raise self.off(0xfd018, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i16x8_extract_lane_s(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd019, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i16x8_extract_lane_u(lane)
                                else:
                                    if op < 0x1b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01a, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i16x8_replace_lane(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01b, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i32x4_extract_lane(lane)
                            else:
                                if op < 0x1e:
                                    if op < 0x1d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01c, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i32x4_replace_lane(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01d, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i64x2_extract_lane(lane)
                                else:
                                    if op < 0x1f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01e, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.i64x2_replace_lane(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd01f, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.f32x4_extract_lane(lane)
                else:
                    if op < 0x30:
                        if op < 0x28:
                            if op < 0x24:
                                if op < 0x22:
                                    if op < 0x21:
                                        if disabled & 0x40:
                                            raise self.off(0xfd020, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.f32x4_replace_lane(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd021, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.f64x2_extract_lane(lane)
                                else:
                                    if op < 0x23:
                                        if disabled & 0x40:
                                            raise self.off(0xfd022, 0x40)
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.f64x2_replace_lane(lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd023, 0x40)
                                        self.i8x16_eq()
                            else:
                                if op < 0x26:
                                    if op < 0x25:
                                        if disabled & 0x40:
                                            raise self.off(0xfd024, 0x40)
                                        self.i8x16_ne()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd025, 0x40)
                                        self.i8x16_lt_s()
                                else:
                                    if op < 0x27:
                                        if disabled & 0x40:
                                            raise self.off(0xfd026, 0x40)
                                        self.i8x16_lt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd027, 0x40)
                                        self.i8x16_gt_s()
                        else:
                            if op < 0x2c:
                                if op < 0x2a:
                                    if op < 0x29:
                                        if disabled & 0x40:
                                            raise self.off(0xfd028, 0x40)
                                        self.i8x16_gt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd029, 0x40)
                                        self.i8x16_le_s()
                                else:
                                    if op < 0x2b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02a, 0x40)
                                        self.i8x16_le_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02b, 0x40)
                                        self.i8x16_ge_s()
                            else:
                                if op < 0x2e:
                                    if op < 0x2d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02c, 0x40)
                                        self.i8x16_ge_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02d, 0x40)
                                        self.i16x8_eq()
                                else:
                                    if op < 0x2f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02e, 0x40)
                                        self.i16x8_ne()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd02f, 0x40)
                                        self.i16x8_lt_s()
                    else:
                        if op < 0x38:
                            if op < 0x34:
                                if op < 0x32:
                                    if op < 0x31:
                                        if disabled & 0x40:
                                            raise self.off(0xfd030, 0x40)
                                        self.i16x8_lt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd031, 0x40)
                                        self.i16x8_gt_s()
                                else:
                                    if op < 0x33:
                                        if disabled & 0x40:
                                            raise self.off(0xfd032, 0x40)
                                        self.i16x8_gt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd033, 0x40)
                                        self.i16x8_le_s()
                            else:
                                if op < 0x36:
                                    if op < 0x35:
                                        if disabled & 0x40:
                                            raise self.off(0xfd034, 0x40)
                                        self.i16x8_le_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd035, 0x40)
                                        self.i16x8_ge_s()
                                else:
                                    if op < 0x37:
                                        if disabled & 0x40:
                                            raise self.off(0xfd036, 0x40)
                                        self.i16x8_ge_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd037, 0x40)
                                        self.i32x4_eq()
                        else:
                            if op < 0x3c:
                                if op < 0x3a:
                                    if op < 0x39:
                                        if disabled & 0x40:
                                            raise self.off(0xfd038, 0x40)
                                        self.i32x4_ne()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd039, 0x40)
                                        self.i32x4_lt_s()
                                else:
                                    if op < 0x3b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03a, 0x40)
                                        self.i32x4_lt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03b, 0x40)
                                        self.i32x4_gt_s()
                            else:
                                if op < 0x3e:
                                    if op < 0x3d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03c, 0x40)
                                        self.i32x4_gt_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03d, 0x40)
                                        self.i32x4_le_s()
                                else:
                                    if op < 0x3f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03e, 0x40)
                                        self.i32x4_le_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd03f, 0x40)
                                        self.i32x4_ge_s()
            else:
                if op < 0x60:
                    if op < 0x50:
                        if op < 0x48:
                            if op < 0x44:
                                if op < 0x42:
                                    if op < 0x41:
                                        if disabled & 0x40:
                                            raise self.off(0xfd040, 0x40)
                                        self.i32x4_ge_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd041, 0x40)
                                        self.f32x4_eq()
                                else:
                                    if op < 0x43:
                                        if disabled & 0x40:
                                            raise self.off(0xfd042, 0x40)
                                        self.f32x4_ne()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd043, 0x40)
                                        self.f32x4_lt()
                            else:
                                if op < 0x46:
                                    if op < 0x45:
                                        if disabled & 0x40:
                                            raise self.off(0xfd044, 0x40)
                                        self.f32x4_gt()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd045, 0x40)
                                        self.f32x4_le()
                                else:
                                    if op < 0x47:
                                        if disabled & 0x40:
                                            raise self.off(0xfd046, 0x40)
                                        self.f32x4_ge()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd047, 0x40)
                                        self.f64x2_eq()
                        else:
                            if op < 0x4c:
                                if op < 0x4a:
                                    if op < 0x49:
                                        if disabled & 0x40:
                                            raise self.off(0xfd048, 0x40)
                                        self.f64x2_ne()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd049, 0x40)
                                        self.f64x2_lt()
                                else:
                                    if op < 0x4b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04a, 0x40)
                                        self.f64x2_gt()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04b, 0x40)
                                        self.f64x2_le()
                            else:
                                if op < 0x4e:
                                    if op < 0x4d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04c, 0x40)
                                        self.f64x2_ge()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04d, 0x40)
                                        self.v128_not()
                                else:
                                    if op < 0x4f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04e, 0x40)
                                        self.v128_and()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd04f, 0x40)
                                        self.v128_andnot()
                    else:
                        if op < 0x58:
                            if op < 0x54:
                                if op < 0x52:
                                    if op < 0x51:
                                        if disabled & 0x40:
                                            raise self.off(0xfd050, 0x40)
                                        self.v128_or()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd051, 0x40)
                                        self.v128_xor()
                                else:
                                    if op < 0x53:
                                        if disabled & 0x40:
                                            raise self.off(0xfd052, 0x40)
                                        self.v128_bitselect()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd053, 0x40)
                                        self.v128_any_true()
                            else:
                                if op < 0x56:
                                    if op < 0x55:
                                        if disabled & 0x40:
                                            raise self.off(0xfd054, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_load8_lane(align, offset, memory, lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd055, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_load16_lane(align, offset, memory, lane)
                                else:
                                    if op < 0x57:
                                        if disabled & 0x40:
                                            raise self.off(0xfd056, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_load32_lane(align, offset, memory, lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd057, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_load64_lane(align, offset, memory, lane)
                        else:
                            if op < 0x5c:
                                if op < 0x5a:
                                    if op < 0x59:
                                        if disabled & 0x40:
                                            raise self.off(0xfd058, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_store8_lane(align, offset, memory, lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd059, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_store16_lane(align, offset, memory, lane)
                                else:
                                    if op < 0x5b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05a, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_store32_lane(align, offset, memory, lane)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05b, 0x40)
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
                                        lane = code[pos]
                                        pos += 1
                                        if pos > end:
                                            raise self.unexpected_end()
                                        self.v128_store64_lane(align, offset, memory, lane)
                            else:
                                if op < 0x5e:
                                    if op < 0x5d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05c, 0x40)
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
                                        self.v128_load32_zero(align, offset, memory)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05d, 0x40)
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
                                        self.v128_load64_zero(align, offset, memory)
                                else:
                                    if op < 0x5f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05e, 0x40)
                                        self.f32x4_demote_f64x2_zero()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd05f, 0x40)
                                        self.f64x2_promote_low_f32x4()
                else:
                    if op < 0x70:
                        if op < 0x68:
                            if op < 0x64:
                                if op < 0x62:
                                    if op < 0x61:
                                        if disabled & 0x40:
                                            raise self.off(0xfd060, 0x40)
                                        self.i8x16_abs()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd061, 0x40)
                                        self.i8x16_neg()
                                else:
                                    if op < 0x63:
                                        if disabled & 0x40:
                                            raise self.off(0xfd062, 0x40)
                                        self.i8x16_popcnt()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd063, 0x40)
                                        self.i8x16_all_true()
                            else:
                                if op < 0x66:
                                    if op < 0x65:
                                        if disabled & 0x40:
                                            raise self.off(0xfd064, 0x40)
                                        self.i8x16_bitmask()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd065, 0x40)
                                        self.i8x16_narrow_i16x8_s()
                                else:
                                    if op < 0x67:
                                        if disabled & 0x40:
                                            raise self.off(0xfd066, 0x40)
                                        self.i8x16_narrow_i16x8_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd067, 0x40)
                                        self.f32x4_ceil()
                        else:
                            if op < 0x6c:
                                if op < 0x6a:
                                    if op < 0x69:
                                        if disabled & 0x40:
                                            raise self.off(0xfd068, 0x40)
                                        self.f32x4_floor()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd069, 0x40)
                                        self.f32x4_trunc()
                                else:
                                    if op < 0x6b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06a, 0x40)
                                        self.f32x4_nearest()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06b, 0x40)
                                        self.i8x16_shl()
                            else:
                                if op < 0x6e:
                                    if op < 0x6d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06c, 0x40)
                                        self.i8x16_shr_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06d, 0x40)
                                        self.i8x16_shr_u()
                                else:
                                    if op < 0x6f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06e, 0x40)
                                        self.i8x16_add()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd06f, 0x40)
                                        self.i8x16_add_sat_s()
                    else:
                        if op < 0x78:
                            if op < 0x74:
                                if op < 0x72:
                                    if op < 0x71:
                                        if disabled & 0x40:
                                            raise self.off(0xfd070, 0x40)
                                        self.i8x16_add_sat_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd071, 0x40)
                                        self.i8x16_sub()
                                else:
                                    if op < 0x73:
                                        if disabled & 0x40:
                                            raise self.off(0xfd072, 0x40)
                                        self.i8x16_sub_sat_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd073, 0x40)
                                        self.i8x16_sub_sat_u()
                            else:
                                if op < 0x76:
                                    if op < 0x75:
                                        if disabled & 0x40:
                                            raise self.off(0xfd074, 0x40)
                                        self.f64x2_ceil()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd075, 0x40)
                                        self.f64x2_floor()
                                else:
                                    if op < 0x77:
                                        if disabled & 0x40:
                                            raise self.off(0xfd076, 0x40)
                                        self.i8x16_min_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd077, 0x40)
                                        self.i8x16_min_u()
                        else:
                            if op < 0x7c:
                                if op < 0x7a:
                                    if op < 0x79:
                                        if disabled & 0x40:
                                            raise self.off(0xfd078, 0x40)
                                        self.i8x16_max_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd079, 0x40)
                                        self.i8x16_max_u()
                                else:
                                    if op < 0x7b:
                                        if disabled & 0x40:
                                            raise self.off(0xfd07a, 0x40)
                                        self.f64x2_trunc()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd07b, 0x40)
                                        self.i8x16_avgr_u()
                            else:
                                if op < 0x7e:
                                    if op < 0x7d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd07c, 0x40)
                                        self.i16x8_extadd_pairwise_i8x16_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd07d, 0x40)
                                        self.i16x8_extadd_pairwise_i8x16_u()
                                else:
                                    if op < 0x7f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd07e, 0x40)
                                        self.i32x4_extadd_pairwise_i16x8_s()
                                    else:
                                        if op < 0x80:
                                            if disabled & 0x40:
                                                raise self.off(0xfd07f, 0x40)
                                            self.i32x4_extadd_pairwise_i16x8_u()
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd080, 0x40)
                                            self.i16x8_abs()
        else:
            if op < 0xcd:
                if op < 0xa3:
                    if op < 0x91:
                        if op < 0x89:
                            if op < 0x85:
                                if op < 0x83:
                                    if op < 0x82:
                                        if disabled & 0x40:
                                            raise self.off(0xfd081, 0x40)
                                        self.i16x8_neg()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd082, 0x40)
                                        self.i16x8_q15mulr_sat_s()
                                else:
                                    if op < 0x84:
                                        if disabled & 0x40:
                                            raise self.off(0xfd083, 0x40)
                                        self.i16x8_all_true()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd084, 0x40)
                                        self.i16x8_bitmask()
                            else:
                                if op < 0x87:
                                    if op < 0x86:
                                        if disabled & 0x40:
                                            raise self.off(0xfd085, 0x40)
                                        self.i16x8_narrow_i32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd086, 0x40)
                                        self.i16x8_narrow_i32x4_u()
                                else:
                                    if op < 0x88:
                                        if disabled & 0x40:
                                            raise self.off(0xfd087, 0x40)
                                        self.i16x8_extend_low_i8x16_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd088, 0x40)
                                        self.i16x8_extend_high_i8x16_s()
                        else:
                            if op < 0x8d:
                                if op < 0x8b:
                                    if op < 0x8a:
                                        if disabled & 0x40:
                                            raise self.off(0xfd089, 0x40)
                                        self.i16x8_extend_low_i8x16_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08a, 0x40)
                                        self.i16x8_extend_high_i8x16_u()
                                else:
                                    if op < 0x8c:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08b, 0x40)
                                        self.i16x8_shl()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08c, 0x40)
                                        self.i16x8_shr_s()
                            else:
                                if op < 0x8f:
                                    if op < 0x8e:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08d, 0x40)
                                        self.i16x8_shr_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08e, 0x40)
                                        self.i16x8_add()
                                else:
                                    if op < 0x90:
                                        if disabled & 0x40:
                                            raise self.off(0xfd08f, 0x40)
                                        self.i16x8_add_sat_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd090, 0x40)
                                        self.i16x8_add_sat_u()
                    else:
                        if op < 0x99:
                            if op < 0x95:
                                if op < 0x93:
                                    if op < 0x92:
                                        if disabled & 0x40:
                                            raise self.off(0xfd091, 0x40)
                                        self.i16x8_sub()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd092, 0x40)
                                        self.i16x8_sub_sat_s()
                                else:
                                    if op < 0x94:
                                        if disabled & 0x40:
                                            raise self.off(0xfd093, 0x40)
                                        self.i16x8_sub_sat_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd094, 0x40)
                                        self.f64x2_nearest()
                            else:
                                if op < 0x97:
                                    if op < 0x96:
                                        if disabled & 0x40:
                                            raise self.off(0xfd095, 0x40)
                                        self.i16x8_mul()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd096, 0x40)
                                        self.i16x8_min_s()
                                else:
                                    if op < 0x98:
                                        if disabled & 0x40:
                                            raise self.off(0xfd097, 0x40)
                                        self.i16x8_min_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd098, 0x40)
                                        self.i16x8_max_s()
                        else:
                            if op < 0x9e:
                                if op < 0x9c:
                                    if op < 0x9b:
                                        if op < 0x9a:
                                            if disabled & 0x40:
                                                raise self.off(0xfd099, 0x40)
                                            self.i16x8_max_u()
                                        else:
                                            raise self.illegal(0xfd, op)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd09b, 0x40)
                                        self.i16x8_avgr_u()
                                else:
                                    if op < 0x9d:
                                        if disabled & 0x40:
                                            raise self.off(0xfd09c, 0x40)
                                        self.i16x8_extmul_low_i8x16_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd09d, 0x40)
                                        self.i16x8_extmul_high_i8x16_s()
                            else:
                                if op < 0xa0:
                                    if op < 0x9f:
                                        if disabled & 0x40:
                                            raise self.off(0xfd09e, 0x40)
                                        self.i16x8_extmul_low_i8x16_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd09f, 0x40)
                                        self.i16x8_extmul_high_i8x16_u()
                                else:
                                    if op < 0xa1:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0a0, 0x40)
                                        self.i32x4_abs()
                                    else:
                                        if op < 0xa2:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0a1, 0x40)
                                            self.i32x4_neg()
                                        else:
                                            raise self.illegal(0xfd, op)
                else:
                    if op < 0xb9:
                        if op < 0xad:
                            if op < 0xa9:
                                if op < 0xa5:
                                    if op < 0xa4:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0a3, 0x40)
                                        self.i32x4_all_true()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0a4, 0x40)
                                        self.i32x4_bitmask()
                                else:
                                    if op < 0xa8:
                                        if op < 0xa7:
                                            raise self.illegal(0xfd, op)
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0a7, 0x40)
                                            self.i32x4_extend_low_i16x8_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0a8, 0x40)
                                        self.i32x4_extend_high_i16x8_s()
                            else:
                                if op < 0xab:
                                    if op < 0xaa:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0a9, 0x40)
                                        self.i32x4_extend_low_i16x8_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0aa, 0x40)
                                        self.i32x4_extend_high_i16x8_u()
                                else:
                                    if op < 0xac:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ab, 0x40)
                                        self.i32x4_shl()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ac, 0x40)
                                        self.i32x4_shr_s()
                        else:
                            if op < 0xb5:
                                if op < 0xaf:
                                    if op < 0xae:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ad, 0x40)
                                        self.i32x4_shr_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ae, 0x40)
                                        self.i32x4_add()
                                else:
                                    if op < 0xb1:
                                        raise self.illegal(0xfd, op)
                                    else:
                                        if op < 0xb2:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0b1, 0x40)
                                            self.i32x4_sub()
                                        else:
                                            raise self.illegal(0xfd, op)
                            else:
                                if op < 0xb7:
                                    if op < 0xb6:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0b5, 0x40)
                                        self.i32x4_mul()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0b6, 0x40)
                                        self.i32x4_min_s()
                                else:
                                    if op < 0xb8:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0b7, 0x40)
                                        self.i32x4_min_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0b8, 0x40)
                                        self.i32x4_max_s()
                    else:
                        if op < 0xc2:
                            if op < 0xbe:
                                if op < 0xbb:
                                    if op < 0xba:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0b9, 0x40)
                                        self.i32x4_max_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ba, 0x40)
                                        self.i32x4_dot_i16x8_s()
                                else:
                                    if op < 0xbd:
                                        if op < 0xbc:
                                            raise self.illegal(0xfd, op)
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0bc, 0x40)
                                            self.i32x4_extmul_low_i16x8_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0bd, 0x40)
                                        self.i32x4_extmul_high_i16x8_s()
                            else:
                                if op < 0xc0:
                                    if op < 0xbf:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0be, 0x40)
                                        self.i32x4_extmul_low_i16x8_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0bf, 0x40)
                                        self.i32x4_extmul_high_i16x8_u()
                                else:
                                    if op < 0xc1:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0c0, 0x40)
                                        self.i64x2_abs()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0c1, 0x40)
                                        self.i64x2_neg()
                        else:
                            if op < 0xc9:
                                if op < 0xc5:
                                    if op < 0xc4:
                                        if op < 0xc3:
                                            raise self.illegal(0xfd, op)
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0c3, 0x40)
                                            self.i64x2_all_true()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0c4, 0x40)
                                        self.i64x2_bitmask()
                                else:
                                    if op < 0xc8:
                                        if op < 0xc7:
                                            raise self.illegal(0xfd, op)
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0c7, 0x40)
                                            self.i64x2_extend_low_i32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0c8, 0x40)
                                        self.i64x2_extend_high_i32x4_s()
                            else:
                                if op < 0xcb:
                                    if op < 0xca:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0c9, 0x40)
                                        self.i64x2_extend_low_i32x4_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ca, 0x40)
                                        self.i64x2_extend_high_i32x4_u()
                                else:
                                    if op < 0xcc:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0cb, 0x40)
                                        self.i64x2_shl()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0cc, 0x40)
                                        self.i64x2_shr_s()
            else:
                if op < 0xf4:
                    if op < 0xe2:
                        if op < 0xda:
                            if op < 0xd6:
                                if op < 0xd1:
                                    if op < 0xce:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0cd, 0x40)
                                        self.i64x2_shr_u()
                                    else:
                                        if op < 0xcf:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0ce, 0x40)
                                            self.i64x2_add()
                                        else:
                                            raise self.illegal(0xfd, op)
                                else:
                                    if op < 0xd5:
                                        if op < 0xd2:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0d1, 0x40)
                                            self.i64x2_sub()
                                        else:
                                            raise self.illegal(0xfd, op)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0d5, 0x40)
                                        self.i64x2_mul()
                            else:
                                if op < 0xd8:
                                    if op < 0xd7:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0d6, 0x40)
                                        self.i64x2_eq()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0d7, 0x40)
                                        self.i64x2_ne()
                                else:
                                    if op < 0xd9:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0d8, 0x40)
                                        self.i64x2_lt_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0d9, 0x40)
                                        self.i64x2_gt_s()
                        else:
                            if op < 0xde:
                                if op < 0xdc:
                                    if op < 0xdb:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0da, 0x40)
                                        self.i64x2_le_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0db, 0x40)
                                        self.i64x2_ge_s()
                                else:
                                    if op < 0xdd:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0dc, 0x40)
                                        self.i64x2_extmul_low_i32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0dd, 0x40)
                                        self.i64x2_extmul_high_i32x4_s()
                            else:
                                if op < 0xe0:
                                    if op < 0xdf:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0de, 0x40)
                                        self.i64x2_extmul_low_i32x4_u()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0df, 0x40)
                                        self.i64x2_extmul_high_i32x4_u()
                                else:
                                    if op < 0xe1:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e0, 0x40)
                                        self.f32x4_abs()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e1, 0x40)
                                        self.f32x4_neg()
                    else:
                        if op < 0xeb:
                            if op < 0xe7:
                                if op < 0xe5:
                                    if op < 0xe4:
                                        if op < 0xe3:
                                            raise self.illegal(0xfd, op)
                                        else:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0e3, 0x40)
                                            self.f32x4_sqrt()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e4, 0x40)
                                        self.f32x4_add()
                                else:
                                    if op < 0xe6:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e5, 0x40)
                                        self.f32x4_sub()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e6, 0x40)
                                        self.f32x4_mul()
                            else:
                                if op < 0xe9:
                                    if op < 0xe8:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e7, 0x40)
                                        self.f32x4_div()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e8, 0x40)
                                        self.f32x4_min()
                                else:
                                    if op < 0xea:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0e9, 0x40)
                                        self.f32x4_max()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ea, 0x40)
                                        self.f32x4_pmin()
                        else:
                            if op < 0xf0:
                                if op < 0xed:
                                    if op < 0xec:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0eb, 0x40)
                                        self.f32x4_pmax()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ec, 0x40)
                                        self.f64x2_abs()
                                else:
                                    if op < 0xef:
                                        if op < 0xee:
                                            if disabled & 0x40:
                                                raise self.off(0xfd0ed, 0x40)
                                            self.f64x2_neg()
                                        else:
                                            raise self.illegal(0xfd, op)
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ef, 0x40)
                                        self.f64x2_sqrt()
                            else:
                                if op < 0xf2:
                                    if op < 0xf1:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f0, 0x40)
                                        self.f64x2_add()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f1, 0x40)
                                        self.f64x2_sub()
                                else:
                                    if op < 0xf3:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f2, 0x40)
                                        self.f64x2_mul()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f3, 0x40)
                                        self.f64x2_div()
                else:
                    if op < 0x104:
                        if op < 0xfc:
                            if op < 0xf8:
                                if op < 0xf6:
                                    if op < 0xf5:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f4, 0x40)
                                        self.f64x2_min()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f5, 0x40)
                                        self.f64x2_max()
                                else:
                                    if op < 0xf7:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f6, 0x40)
                                        self.f64x2_pmin()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f7, 0x40)
                                        self.f64x2_pmax()
                            else:
                                if op < 0xfa:
                                    if op < 0xf9:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f8, 0x40)
                                        self.i32x4_trunc_sat_f32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0f9, 0x40)
                                        self.i32x4_trunc_sat_f32x4_u()
                                else:
                                    if op < 0xfb:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0fa, 0x40)
                                        self.f32x4_convert_i32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0fb, 0x40)
                                        self.f32x4_convert_i32x4_u()
                        else:
                            if op < 0x100:
                                if op < 0xfe:
                                    if op < 0xfd:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0fc, 0x40)
                                        self.i32x4_trunc_sat_f64x2_s_zero()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0fd, 0x40)
                                        self.i32x4_trunc_sat_f64x2_u_zero()
                                else:
                                    if op < 0xff:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0fe, 0x40)
                                        self.f64x2_convert_low_i32x4_s()
                                    else:
                                        if disabled & 0x40:
                                            raise self.off(0xfd0ff, 0x40)
                                        self.f64x2_convert_low_i32x4_u()
                            else:
                                if op < 0x102:
                                    if op < 0x101:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd100, 0x2000)
                                        self.i8x16_relaxed_swizzle()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd101, 0x2000)
                                        self.i32x4_relaxed_trunc_f32x4_s()
                                else:
                                    if op < 0x103:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd102, 0x2000)
                                        self.i32x4_relaxed_trunc_f32x4_u()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd103, 0x2000)
                                        self.i32x4_relaxed_trunc_f64x2_s_zero()
                    else:
                        if op < 0x10c:
                            if op < 0x108:
                                if op < 0x106:
                                    if op < 0x105:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd104, 0x2000)
                                        self.i32x4_relaxed_trunc_f64x2_u_zero()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd105, 0x2000)
                                        self.f32x4_relaxed_madd()
                                else:
                                    if op < 0x107:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd106, 0x2000)
                                        self.f32x4_relaxed_nmadd()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd107, 0x2000)
                                        self.f64x2_relaxed_madd()
                            else:
                                if op < 0x10a:
                                    if op < 0x109:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd108, 0x2000)
                                        self.f64x2_relaxed_nmadd()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd109, 0x2000)
                                        self.i8x16_relaxed_laneselect()
                                else:
                                    if op < 0x10b:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10a, 0x2000)
                                        self.i16x8_relaxed_laneselect()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10b, 0x2000)
                                        self.i32x4_relaxed_laneselect()
                        else:
                            if op < 0x110:
                                if op < 0x10e:
                                    if op < 0x10d:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10c, 0x2000)
                                        self.i64x2_relaxed_laneselect()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10d, 0x2000)
                                        self.f32x4_relaxed_min()
                                else:
                                    if op < 0x10f:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10e, 0x2000)
                                        self.f32x4_relaxed_max()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd10f, 0x2000)
                                        self.f64x2_relaxed_min()
                            else:
                                if op < 0x112:
                                    if op < 0x111:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd110, 0x2000)
                                        self.f64x2_relaxed_max()
                                    else:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd111, 0x2000)
                                        self.i16x8_relaxed_q15mulr_s()
                                else:
                                    if op < 0x113:
                                        if disabled & 0x2000:
                                            raise self.off(0xfd112, 0x2000)
                                        self.i16x8_relaxed_dot_i8x16_i7x16_s()
                                    else:
                                        if op < 0x114:
                                            if disabled & 0x2000:
                                                raise self.off(0xfd113, 0x2000)
                                            self.i32x4_relaxed_dot_i8x16_i7x16_add_s()
                                        else:
                                            raise self.illegal(0xfd, op)
        return pos

    def _visit_fe(self, pos: i64) -> i64:
        code: bytes = self.code
        end: i64 = self.limit
        disabled: i64 = self.disabled
        align: i64 = 0
        memory: i64 = 0
        offset: i64 = 0
        byte: i64 = 0
        op: i64 = 0
        op = code[pos]
        pos += 1
        if op >= 0x80:
            self.next = pos - 1
            op = self.read_u32()
            pos = self.next
        if pos > end:
            raise self.unexpected_end()
        if op < 0x2d:
            if op < 0x1c:
                if op < 0x14:
                    if op < 0x4:
                        if op < 0x2:
                            if op < 0x1:
                                if disabled & 0x8000:
                                    raise self.off(0xfe000, 0x8000)
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
                                self.memory_atomic_notify(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe001, 0x8000)
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
                                self.memory_atomic_wait32(align, offset, memory)
                        else:
                            if op < 0x3:
                                if disabled & 0x8000:
                                    raise self.off(0xfe002, 0x8000)
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
                                self.memory_atomic_wait64(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe003, 0x8000)
                                self.next = pos
                                self.read_reserved()
                                pos = self.next
                                if pos > end:
                                    raise self.unexpected_end()
                                self.atomic_fence()
                    else:
                        if op < 0x12:
                            if op < 0x11:
                                if op < 0x10:
                                    raise self.illegal(0xfe, op)
                                else:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe010, 0x8000)
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
                                    self.i32_atomic_load(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe011, 0x8000)
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
                                self.i64_atomic_load(align, offset, memory)
                        else:
                            if op < 0x13:
                                if disabled & 0x8000:
                                    raise self.off(0xfe012, 0x8000)
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
                                self.i32_atomic_load8_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe013, 0x8000)
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
                                self.i32_atomic_load16_u(align, offset, memory)
                else:
                    if op < 0x18:
                        if op < 0x16:
                            if op < 0x15:
                                if disabled & 0x8000:
                                    raise self.off(0xfe014, 0x8000)
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
                                self.i64_atomic_load8_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe015, 0x8000)
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
                                self.i64_atomic_load16_u(align, offset, memory)
                        else:
                            if op < 0x17:
                                if disabled & 0x8000:
                                    raise self.off(0xfe016, 0x8000)
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
                                self.i64_atomic_load32_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe017, 0x8000)
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
                                self.i32_atomic_store(align, offset, memory)
                    else:
                        if op < 0x1a:
                            if op < 0x19:
                                if disabled & 0x8000:
                                    raise self.off(0xfe018, 0x8000)
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
                                self.i64_atomic_store(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe019, 0x8000)
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
                                self.i32_atomic_store8(align, offset, memory)
                        else:
                            if op < 0x1b:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01a, 0x8000)
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
                                self.i32_atomic_store16(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01b, 0x8000)
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
                                self.i64_atomic_store8(align, offset, memory)
            else:
                if op < 0x24:
                    if op < 0x20:
                        if op < 0x1e:
                            if op < 0x1d:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01c, 0x8000)
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
                                self.i64_atomic_store16(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01d, 0x8000)
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
                                self.i64_atomic_store32(align, offset, memory)
                        else:
                            if op < 0x1f:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01e, 0x8000)
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
                                self.i32_atomic_rmw_add(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe01f, 0x8000)
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
                                self.i64_atomic_rmw_add(align, offset, memory)
                    else:
                        if op < 0x22:
                            if op < 0x21:
                                if disabled & 0x8000:
                                    raise self.off(0xfe020, 0x8000)
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
                                self.i32_atomic_rmw8_add_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe021, 0x8000)
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
                                self.i32_atomic_rmw16_add_u(align, offset, memory)
                        else:
                            if op < 0x23:
                                if disabled & 0x8000:
                                    raise self.off(0xfe022, 0x8000)
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
                                self.i64_atomic_rmw8_add_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe023, 0x8000)
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
                                self.i64_atomic_rmw16_add_u(align, offset, memory)
                else:
                    if op < 0x28:
                        if op < 0x26:
                            if op < 0x25:
                                if disabled & 0x8000:
                                    raise self.off(0xfe024, 0x8000)
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
                                self.i64_atomic_rmw32_add_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe025, 0x8000)
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
                                self.i32_atomic_rmw_sub(align, offset, memory)
                        else:
                            if op < 0x27:
                                if disabled & 0x8000:
                                    raise self.off(0xfe026, 0x8000)
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
                                self.i64_atomic_rmw_sub(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe027, 0x8000)
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
                                self.i32_atomic_rmw8_sub_u(align, offset, memory)
                    else:
                        if op < 0x2a:
                            if op < 0x29:
                                if disabled & 0x8000:
                                    raise self.off(0xfe028, 0x8000)
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
                                self.i32_atomic_rmw16_sub_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe029, 0x8000)
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
                                self.i64_atomic_rmw8_sub_u(align, offset, memory)
                        else:
                            if op < 0x2b:
                                if disabled & 0x8000:
                                    raise self.off(0xfe02a, 0x8000)
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
                                self.i64_atomic_rmw16_sub_u(align, offset, memory)
                            else:
                                if op < 0x2c:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe02b, 0x8000)
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
                                    self.i64_atomic_rmw32_sub_u(align, offset, memory)
                                else:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe02c, 0x8000)
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
                                    self.i32_atomic_rmw_and(align, offset, memory)
        else:
            if op < 0x3e:
                if op < 0x35:
                    if op < 0x31:
                        if op < 0x2f:
                            if op < 0x2e:
                                if disabled & 0x8000:
                                    raise self.off(0xfe02d, 0x8000)
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
                                self.i64_atomic_rmw_and(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe02e, 0x8000)
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
                                self.i32_atomic_rmw8_and_u(align, offset, memory)
                        else:
                            if op < 0x30:
                                if disabled & 0x8000:
                                    raise self.off(0xfe02f, 0x8000)
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
                                self.i32_atomic_rmw16_and_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe030, 0x8000)
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
                                self.i64_atomic_rmw8_and_u(align, offset, memory)
                    else:
                        if op < 0x33:
                            if op < 0x32:
                                if disabled & 0x8000:
                                    raise self.off(0xfe031, 0x8000)
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
                                self.i64_atomic_rmw16_and_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe032, 0x8000)
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
                                self.i64_atomic_rmw32_and_u(align, offset, memory)
                        else:
                            if op < 0x34:
                                if disabled & 0x8000:
                                    raise self.off(0xfe033, 0x8000)
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
                                self.i32_atomic_rmw_or(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe034, 0x8000)
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
                                self.i64_atomic_rmw_or(align, offset, memory)
                else:
                    if op < 0x39:
                        if op < 0x37:
                            if op < 0x36:
                                if disabled & 0x8000:
                                    raise self.off(0xfe035, 0x8000)
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
                                self.i32_atomic_rmw8_or_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe036, 0x8000)
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
                                self.i32_atomic_rmw16_or_u(align, offset, memory)
                        else:
                            if op < 0x38:
                                if disabled & 0x8000:
                                    raise self.off(0xfe037, 0x8000)
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
                                self.i64_atomic_rmw8_or_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe038, 0x8000)
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
                                self.i64_atomic_rmw16_or_u(align, offset, memory)
                    else:
                        if op < 0x3b:
                            if op < 0x3a:
                                if disabled & 0x8000:
                                    raise self.off(0xfe039, 0x8000)
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
                                self.i64_atomic_rmw32_or_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe03a, 0x8000)
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
                                self.i32_atomic_rmw_xor(align, offset, memory)
                        else:
                            if op < 0x3c:
                                if disabled & 0x8000:
                                    raise self.off(0xfe03b, 0x8000)
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
                                self.i64_atomic_rmw_xor(align, offset, memory)
                            else:
                                if op < 0x3d:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe03c, 0x8000)
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
                                    self.i32_atomic_rmw8_xor_u(align, offset, memory)
                                else:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe03d, 0x8000)
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
                                    self.i32_atomic_rmw16_xor_u(align, offset, memory)
            else:
                if op < 0x47:
                    if op < 0x42:
                        if op < 0x40:
                            if op < 0x3f:
                                if disabled & 0x8000:
                                    raise self.off(0xfe03e, 0x8000)
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
                                self.i64_atomic_rmw8_xor_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe03f, 0x8000)
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
                                self.i64_atomic_rmw16_xor_u(align, offset, memory)
                        else:
                            if op < 0x41:
                                if disabled & 0x8000:
                                    raise self.off(0xfe040, 0x8000)
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
                                self.i64_atomic_rmw32_xor_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe041, 0x8000)
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
                                self.i32_atomic_rmw_xchg(align, offset, memory)
                    else:
                        if op < 0x44:
                            if op < 0x43:
                                if disabled & 0x8000:
                                    raise self.off(0xfe042, 0x8000)
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
                                self.i64_atomic_rmw_xchg(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe043, 0x8000)
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
                                self.i32_atomic_rmw8_xchg_u(align, offset, memory)
                        else:
                            if op < 0x45:
                                if disabled & 0x8000:
                                    raise self.off(0xfe044, 0x8000)
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
                                self.i32_atomic_rmw16_xchg_u(align, offset, memory)
                            else:
                                if op < 0x46:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe045, 0x8000)
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
                                    self.i64_atomic_rmw8_xchg_u(align, offset, memory)
                                else:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe046, 0x8000)
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
                                    self.i64_atomic_rmw16_xchg_u(align, offset, memory)
                else:
                    if op < 0x4b:
                        if op < 0x49:
                            if op < 0x48:
                                if disabled & 0x8000:
                                    raise self.off(0xfe047, 0x8000)
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
                                self.i64_atomic_rmw32_xchg_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe048, 0x8000)
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
                                self.i32_atomic_rmw_cmpxchg(align, offset, memory)
                        else:
                            if op < 0x4a:
                                if disabled & 0x8000:
                                    raise self.off(0xfe049, 0x8000)
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
                                self.i64_atomic_rmw_cmpxchg(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe04a, 0x8000)
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
                                self.i32_atomic_rmw8_cmpxchg_u(align, offset, memory)
                    else:
                        if op < 0x4d:
                            if op < 0x4c:
                                if disabled & 0x8000:
                                    raise self.off(0xfe04b, 0x8000)
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
                                self.i32_atomic_rmw16_cmpxchg_u(align, offset, memory)
                            else:
                                if disabled & 0x8000:
                                    raise self.off(0xfe04c, 0x8000)
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
                                self.i64_atomic_rmw8_cmpxchg_u(align, offset, memory)
                        else:
                            if op < 0x4e:
                                if disabled & 0x8000:
                                    raise self.off(0xfe04d, 0x8000)
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
                                self.i64_atomic_rmw16_cmpxchg_u(align, offset, memory)
                            else:
                                if op < 0x4f:
                                    if disabled & 0x8000:
                                        raise self.off(0xfe04e, 0x8000)
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
                                    self.i64_atomic_rmw32_cmpxchg_u(align, offset, memory)
                                else:
                                    raise self.illegal(0xfe, op)
        return pos

    def unreachable(self) -> None:
        self.other(0x0)

    def nop(self) -> None:
        self.other(0x1)

    def block(self, type: i64) -> None:
        self.other(0x2)

    def loop(self, type: i64) -> None:
        self.other(0x3)

    def if_(self, type: i64) -> None:
        self.other(0x4)

    def else_(self) -> None:
        self.other(0x5)

    def try_(self, type: i64) -> None:
        self.other(0x6)

    def catch(self, tag: i64) -> None:
        self.other(0x7)

    def throw(self, tag: i64) -> None:
        self.other(0x8)

    def rethrow(self, label: i64) -> None:
        self.other(0x9)

    def throw_ref(self) -> None:
        self.other(0xa)

    def end(self) -> None:
        self.other(0xb)

    def br(self, label: i64) -> None:
        self.other(0xc)

    def br_if(self, label: i64) -> None:
        self.other(0xd)

    def br_table(self, count: i64) -> None:
        self.other(0xe)

    def return_(self) -> None:
        self.other(0xf)

    def call(self, func: i64) -> None:
        self.other(0x10)

    def call_indirect(self, type: i64, table: i64) -> None:
        self.other(0x11)

    def return_call(self, func: i64) -> None:
        self.other(0x12)

    def return_call_indirect(self, type: i64, table: i64) -> None:
        self.other(0x13)

    def call_ref(self, type: i64) -> None:
        self.other(0x14)

    def return_call_ref(self, type: i64) -> None:
        self.other(0x15)

    def delegate(self, label: i64) -> None:
        self.other(0x18)

    def catch_all(self) -> None:
        self.other(0x19)

    def try_table(self, type: i64, count: i64) -> None:
        self.other(0x1f)

    def drop(self) -> None:
        self.other(0x1a)

    def select(self) -> None:
        self.other(0x1b)

    def select_t(self, count: i64) -> None:
        self.other(0x1c)

    def local_get(self, index: i64) -> None:
        self.other(0x20)

    def local_set(self, index: i64) -> None:
        self.other(0x21)

    def local_tee(self, index: i64) -> None:
        self.other(0x22)

    def global_get(self, index: i64) -> None:
        self.other(0x23)

    def global_set(self, index: i64) -> None:
        self.other(0x24)

    def table_get(self, table: i64) -> None:
        self.other(0x25)

    def table_set(self, table: i64) -> None:
        self.other(0x26)

    def i32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x28)

    def i64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x29)

    def f32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2a)

    def f64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2b)

    def i32_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2c)

    def i32_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2d)

    def i32_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2e)

    def i32_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x2f)

    def i64_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x30)

    def i64_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x31)

    def i64_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x32)

    def i64_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x33)

    def i64_load32_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x34)

    def i64_load32_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x35)

    def i32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x36)

    def i64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x37)

    def f32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x38)

    def f64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x39)

    def i32_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x3a)

    def i32_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x3b)

    def i64_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x3c)

    def i64_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x3d)

    def i64_store32(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0x3e)

    def memory_size(self, memory: i64) -> None:
        self.other(0x3f)

    def memory_grow(self, memory: i64) -> None:
        self.other(0x40)

    def i32_const(self, value: i64) -> None:
        self.other(0x41)

    def i64_const(self, value: i64) -> None:
        self.other(0x42)

    def f32_const(self, bits: i64) -> None:
        self.other(0x43)

    def f64_const(self, bits: i64) -> None:
        self.other(0x44)

    def i32_eqz(self) -> None:
        self.other(0x45)

    def i32_eq(self) -> None:
        self.other(0x46)

    def i32_ne(self) -> None:
        self.other(0x47)

    def i32_lt_s(self) -> None:
        self.other(0x48)

    def i32_lt_u(self) -> None:
        self.other(0x49)

    def i32_gt_s(self) -> None:
        self.other(0x4a)

    def i32_gt_u(self) -> None:
        self.other(0x4b)

    def i32_le_s(self) -> None:
        self.other(0x4c)

    def i32_le_u(self) -> None:
        self.other(0x4d)

    def i32_ge_s(self) -> None:
        self.other(0x4e)

    def i32_ge_u(self) -> None:
        self.other(0x4f)

    def i64_eqz(self) -> None:
        self.other(0x50)

    def i64_eq(self) -> None:
        self.other(0x51)

    def i64_ne(self) -> None:
        self.other(0x52)

    def i64_lt_s(self) -> None:
        self.other(0x53)

    def i64_lt_u(self) -> None:
        self.other(0x54)

    def i64_gt_s(self) -> None:
        self.other(0x55)

    def i64_gt_u(self) -> None:
        self.other(0x56)

    def i64_le_s(self) -> None:
        self.other(0x57)

    def i64_le_u(self) -> None:
        self.other(0x58)

    def i64_ge_s(self) -> None:
        self.other(0x59)

    def i64_ge_u(self) -> None:
        self.other(0x5a)

    def f32_eq(self) -> None:
        self.other(0x5b)

    def f32_ne(self) -> None:
        self.other(0x5c)

    def f32_lt(self) -> None:
        self.other(0x5d)

    def f32_gt(self) -> None:
        self.other(0x5e)

    def f32_le(self) -> None:
        self.other(0x5f)

    def f32_ge(self) -> None:
        self.other(0x60)

    def f64_eq(self) -> None:
        self.other(0x61)

    def f64_ne(self) -> None:
        self.other(0x62)

    def f64_lt(self) -> None:
        self.other(0x63)

    def f64_gt(self) -> None:
        self.other(0x64)

    def f64_le(self) -> None:
        self.other(0x65)

    def f64_ge(self) -> None:
        self.other(0x66)

    def i32_clz(self) -> None:
        self.other(0x67)

    def i32_ctz(self) -> None:
        self.other(0x68)

    def i32_popcnt(self) -> None:
        self.other(0x69)

    def i32_add(self) -> None:
        self.other(0x6a)

    def i32_sub(self) -> None:
        self.other(0x6b)

    def i32_mul(self) -> None:
        self.other(0x6c)

    def i32_div_s(self) -> None:
        self.other(0x6d)

    def i32_div_u(self) -> None:
        self.other(0x6e)

    def i32_rem_s(self) -> None:
        self.other(0x6f)

    def i32_rem_u(self) -> None:
        self.other(0x70)

    def i32_and(self) -> None:
        self.other(0x71)

    def i32_or(self) -> None:
        self.other(0x72)

    def i32_xor(self) -> None:
        self.other(0x73)

    def i32_shl(self) -> None:
        self.other(0x74)

    def i32_shr_s(self) -> None:
        self.other(0x75)

    def i32_shr_u(self) -> None:
        self.other(0x76)

    def i32_rotl(self) -> None:
        self.other(0x77)

    def i32_rotr(self) -> None:
        self.other(0x78)

    def i64_clz(self) -> None:
        self.other(0x79)

    def i64_ctz(self) -> None:
        self.other(0x7a)

    def i64_popcnt(self) -> None:
        self.other(0x7b)

    def i64_add(self) -> None:
        self.other(0x7c)

    def i64_sub(self) -> None:
        self.other(0x7d)

    def i64_mul(self) -> None:
        self.other(0x7e)

    def i64_div_s(self) -> None:
        self.other(0x7f)

    def i64_div_u(self) -> None:
        self.other(0x80)

    def i64_rem_s(self) -> None:
        self.other(0x81)

    def i64_rem_u(self) -> None:
        self.other(0x82)

    def i64_and(self) -> None:
        self.other(0x83)

    def i64_or(self) -> None:
        self.other(0x84)

    def i64_xor(self) -> None:
        self.other(0x85)

    def i64_shl(self) -> None:
        self.other(0x86)

    def i64_shr_s(self) -> None:
        self.other(0x87)

    def i64_shr_u(self) -> None:
        self.other(0x88)

    def i64_rotl(self) -> None:
        self.other(0x89)

    def i64_rotr(self) -> None:
        self.other(0x8a)

    def f32_abs(self) -> None:
        self.other(0x8b)

    def f32_neg(self) -> None:
        self.other(0x8c)

    def f32_ceil(self) -> None:
        self.other(0x8d)

    def f32_floor(self) -> None:
        self.other(0x8e)

    def f32_trunc(self) -> None:
        self.other(0x8f)

    def f32_nearest(self) -> None:
        self.other(0x90)

    def f32_sqrt(self) -> None:
        self.other(0x91)

    def f32_add(self) -> None:
        self.other(0x92)

    def f32_sub(self) -> None:
        self.other(0x93)

    def f32_mul(self) -> None:
        self.other(0x94)

    def f32_div(self) -> None:
        self.other(0x95)

    def f32_min(self) -> None:
        self.other(0x96)

    def f32_max(self) -> None:
        self.other(0x97)

    def f32_copysign(self) -> None:
        self.other(0x98)

    def f64_abs(self) -> None:
        self.other(0x99)

    def f64_neg(self) -> None:
        self.other(0x9a)

    def f64_ceil(self) -> None:
        self.other(0x9b)

    def f64_floor(self) -> None:
        self.other(0x9c)

    def f64_trunc(self) -> None:
        self.other(0x9d)

    def f64_nearest(self) -> None:
        self.other(0x9e)

    def f64_sqrt(self) -> None:
        self.other(0x9f)

    def f64_add(self) -> None:
        self.other(0xa0)

    def f64_sub(self) -> None:
        self.other(0xa1)

    def f64_mul(self) -> None:
        self.other(0xa2)

    def f64_div(self) -> None:
        self.other(0xa3)

    def f64_min(self) -> None:
        self.other(0xa4)

    def f64_max(self) -> None:
        self.other(0xa5)

    def f64_copysign(self) -> None:
        self.other(0xa6)

    def i32_wrap_i64(self) -> None:
        self.other(0xa7)

    def i32_trunc_f32_s(self) -> None:
        self.other(0xa8)

    def i32_trunc_f32_u(self) -> None:
        self.other(0xa9)

    def i32_trunc_f64_s(self) -> None:
        self.other(0xaa)

    def i32_trunc_f64_u(self) -> None:
        self.other(0xab)

    def i64_extend_i32_s(self) -> None:
        self.other(0xac)

    def i64_extend_i32_u(self) -> None:
        self.other(0xad)

    def i64_trunc_f32_s(self) -> None:
        self.other(0xae)

    def i64_trunc_f32_u(self) -> None:
        self.other(0xaf)

    def i64_trunc_f64_s(self) -> None:
        self.other(0xb0)

    def i64_trunc_f64_u(self) -> None:
        self.other(0xb1)

    def f32_convert_i32_s(self) -> None:
        self.other(0xb2)

    def f32_convert_i32_u(self) -> None:
        self.other(0xb3)

    def f32_convert_i64_s(self) -> None:
        self.other(0xb4)

    def f32_convert_i64_u(self) -> None:
        self.other(0xb5)

    def f32_demote_f64(self) -> None:
        self.other(0xb6)

    def f64_convert_i32_s(self) -> None:
        self.other(0xb7)

    def f64_convert_i32_u(self) -> None:
        self.other(0xb8)

    def f64_convert_i64_s(self) -> None:
        self.other(0xb9)

    def f64_convert_i64_u(self) -> None:
        self.other(0xba)

    def f64_promote_f32(self) -> None:
        self.other(0xbb)

    def i32_reinterpret_f32(self) -> None:
        self.other(0xbc)

    def i64_reinterpret_f64(self) -> None:
        self.other(0xbd)

    def f32_reinterpret_i32(self) -> None:
        self.other(0xbe)

    def f64_reinterpret_i64(self) -> None:
        self.other(0xbf)

    def i32_extend8_s(self) -> None:
        self.other(0xc0)

    def i32_extend16_s(self) -> None:
        self.other(0xc1)

    def i64_extend8_s(self) -> None:
        self.other(0xc2)

    def i64_extend16_s(self) -> None:
        self.other(0xc3)

    def i64_extend32_s(self) -> None:
        self.other(0xc4)

    def ref_null(self, heap: i64) -> None:
        self.other(0xd0)

    def ref_is_null(self) -> None:
        self.other(0xd1)

    def ref_func(self, func: i64) -> None:
        self.other(0xd2)

    def ref_eq(self) -> None:
        self.other(0xd3)

    def ref_as_non_null(self) -> None:
        self.other(0xd4)

    def br_on_null(self, label: i64) -> None:
        self.other(0xd5)

    def br_on_non_null(self, label: i64) -> None:
        self.other(0xd6)

    def struct_new(self, type: i64) -> None:
        self.other(0xfb000)

    def struct_new_default(self, type: i64) -> None:
        self.other(0xfb001)

    def struct_get(self, type: i64, field: i64) -> None:
        self.other(0xfb002)

    def struct_get_s(self, type: i64, field: i64) -> None:
        self.other(0xfb003)

    def struct_get_u(self, type: i64, field: i64) -> None:
        self.other(0xfb004)

    def struct_set(self, type: i64, field: i64) -> None:
        self.other(0xfb005)

    def array_new(self, type: i64) -> None:
        self.other(0xfb006)

    def array_new_default(self, type: i64) -> None:
        self.other(0xfb007)

    def array_new_fixed(self, type: i64, count: i64) -> None:
        self.other(0xfb008)

    def array_new_data(self, type: i64, data: i64) -> None:
        self.other(0xfb009)

    def array_new_elem(self, type: i64, elem: i64) -> None:
        self.other(0xfb00a)

    def array_get(self, type: i64) -> None:
        self.other(0xfb00b)

    def array_get_s(self, type: i64) -> None:
        self.other(0xfb00c)

    def array_get_u(self, type: i64) -> None:
        self.other(0xfb00d)

    def array_set(self, type: i64) -> None:
        self.other(0xfb00e)

    def array_len(self) -> None:
        self.other(0xfb00f)

    def array_fill(self, type: i64) -> None:
        self.other(0xfb010)

    def array_copy(self, dst: i64, src: i64) -> None:
        self.other(0xfb011)

    def array_init_data(self, type: i64, data: i64) -> None:
        self.other(0xfb012)

    def array_init_elem(self, type: i64, elem: i64) -> None:
        self.other(0xfb013)

    def ref_test(self, heap: i64) -> None:
        self.other(0xfb014)

    def ref_test_null(self, heap: i64) -> None:
        self.other(0xfb015)

    def ref_cast(self, heap: i64) -> None:
        self.other(0xfb016)

    def ref_cast_null(self, heap: i64) -> None:
        self.other(0xfb017)

    def br_on_cast(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.other(0xfb018)

    def br_on_cast_fail(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.other(0xfb019)

    def any_convert_extern(self) -> None:
        self.other(0xfb01a)

    def extern_convert_any(self) -> None:
        self.other(0xfb01b)

    def ref_i31(self) -> None:
        self.other(0xfb01c)

    def i31_get_s(self) -> None:
        self.other(0xfb01d)

    def i31_get_u(self) -> None:
        self.other(0xfb01e)

    def struct_new_desc(self, type: i64) -> None:
        self.other(0xfb020)

    def struct_new_default_desc(self, type: i64) -> None:
        self.other(0xfb021)

    def ref_get_desc(self, type: i64) -> None:
        self.other(0xfb022)

    def ref_cast_desc_eq(self, heap: i64) -> None:
        self.other(0xfb023)

    def ref_cast_desc_eq_null(self, heap: i64) -> None:
        self.other(0xfb024)

    def br_on_cast_desc_eq(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.other(0xfb025)

    def br_on_cast_desc_eq_fail(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.other(0xfb026)

    def i32_trunc_sat_f32_s(self) -> None:
        self.other(0xfc000)

    def i32_trunc_sat_f32_u(self) -> None:
        self.other(0xfc001)

    def i32_trunc_sat_f64_s(self) -> None:
        self.other(0xfc002)

    def i32_trunc_sat_f64_u(self) -> None:
        self.other(0xfc003)

    def i64_trunc_sat_f32_s(self) -> None:
        self.other(0xfc004)

    def i64_trunc_sat_f32_u(self) -> None:
        self.other(0xfc005)

    def i64_trunc_sat_f64_s(self) -> None:
        self.other(0xfc006)

    def i64_trunc_sat_f64_u(self) -> None:
        self.other(0xfc007)

    def memory_init(self, data: i64, memory: i64) -> None:
        self.other(0xfc008)

    def data_drop(self, data: i64) -> None:
        self.other(0xfc009)

    def memory_copy(self, dst: i64, src: i64) -> None:
        self.other(0xfc00a)

    def memory_fill(self, memory: i64) -> None:
        self.other(0xfc00b)

    def table_init(self, elem: i64, table: i64) -> None:
        self.other(0xfc00c)

    def elem_drop(self, elem: i64) -> None:
        self.other(0xfc00d)

    def table_copy(self, dst: i64, src: i64) -> None:
        self.other(0xfc00e)

    def table_grow(self, table: i64) -> None:
        self.other(0xfc00f)

    def table_size(self, table: i64) -> None:
        self.other(0xfc010)

    def table_fill(self, table: i64) -> None:
        self.other(0xfc011)

    def i64_add128(self) -> None:
        self.other(0xfc013)

    def i64_sub128(self) -> None:
        self.other(0xfc014)

    def i64_mul_wide_s(self) -> None:
        self.other(0xfc015)

    def i64_mul_wide_u(self) -> None:
        self.other(0xfc016)

    def v128_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd000)

    def v128_load8x8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd001)

    def v128_load8x8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd002)

    def v128_load16x4_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd003)

    def v128_load16x4_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd004)

    def v128_load32x2_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd005)

    def v128_load32x2_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd006)

    def v128_load8_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd007)

    def v128_load16_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd008)

    def v128_load32_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd009)

    def v128_load64_splat(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd00a)

    def v128_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd00b)

    def v128_const(self, low: i64, high: i64) -> None:
        self.other(0xfd00c)

    def i8x16_shuffle(self, low: i64, high: i64) -> None:
        self.other(0xfd00d)

    def i8x16_swizzle(self) -> None:
        self.other(0xfd00e)

    def i8x16_splat(self) -> None:
        self.other(0xfd00f)

    def i16x8_splat(self) -> None:
        self.other(0xfd010)

    def i32x4_splat(self) -> None:
        self.other(0xfd011)

    def i64x2_splat(self) -> None:
        self.other(0xfd012)

    def f32x4_splat(self) -> None:
        self.other(0xfd013)

    def f64x2_splat(self) -> None:
        self.other(0xfd014)

    def i8x16_extract_lane_s(self, lane: i64) -> None:
        self.other(0xfd015)

    def i8x16_extract_lane_u(self, lane: i64) -> None:
        self.other(0xfd016)

    def i8x16_replace_lane(self, lane: i64) -> None:
        self.other(0xfd017)

    def i16x8_extract_lane_s(self, lane: i64) -> None:
        self.other(0xfd018)

    def i16x8_extract_lane_u(self, lane: i64) -> None:
        self.other(0xfd019)

    def i16x8_replace_lane(self, lane: i64) -> None:
        self.other(0xfd01a)

    def i32x4_extract_lane(self, lane: i64) -> None:
        self.other(0xfd01b)

    def i32x4_replace_lane(self, lane: i64) -> None:
        self.other(0xfd01c)

    def i64x2_extract_lane(self, lane: i64) -> None:
        self.other(0xfd01d)

    def i64x2_replace_lane(self, lane: i64) -> None:
        self.other(0xfd01e)

    def f32x4_extract_lane(self, lane: i64) -> None:
        self.other(0xfd01f)

    def f32x4_replace_lane(self, lane: i64) -> None:
        self.other(0xfd020)

    def f64x2_extract_lane(self, lane: i64) -> None:
        self.other(0xfd021)

    def f64x2_replace_lane(self, lane: i64) -> None:
        self.other(0xfd022)

    def i8x16_eq(self) -> None:
        self.other(0xfd023)

    def i8x16_ne(self) -> None:
        self.other(0xfd024)

    def i8x16_lt_s(self) -> None:
        self.other(0xfd025)

    def i8x16_lt_u(self) -> None:
        self.other(0xfd026)

    def i8x16_gt_s(self) -> None:
        self.other(0xfd027)

    def i8x16_gt_u(self) -> None:
        self.other(0xfd028)

    def i8x16_le_s(self) -> None:
        self.other(0xfd029)

    def i8x16_le_u(self) -> None:
        self.other(0xfd02a)

    def i8x16_ge_s(self) -> None:
        self.other(0xfd02b)

    def i8x16_ge_u(self) -> None:
        self.other(0xfd02c)

    def i16x8_eq(self) -> None:
        self.other(0xfd02d)

    def i16x8_ne(self) -> None:
        self.other(0xfd02e)

    def i16x8_lt_s(self) -> None:
        self.other(0xfd02f)

    def i16x8_lt_u(self) -> None:
        self.other(0xfd030)

    def i16x8_gt_s(self) -> None:
        self.other(0xfd031)

    def i16x8_gt_u(self) -> None:
        self.other(0xfd032)

    def i16x8_le_s(self) -> None:
        self.other(0xfd033)

    def i16x8_le_u(self) -> None:
        self.other(0xfd034)

    def i16x8_ge_s(self) -> None:
        self.other(0xfd035)

    def i16x8_ge_u(self) -> None:
        self.other(0xfd036)

    def i32x4_eq(self) -> None:
        self.other(0xfd037)

    def i32x4_ne(self) -> None:
        self.other(0xfd038)

    def i32x4_lt_s(self) -> None:
        self.other(0xfd039)

    def i32x4_lt_u(self) -> None:
        self.other(0xfd03a)

    def i32x4_gt_s(self) -> None:
        self.other(0xfd03b)

    def i32x4_gt_u(self) -> None:
        self.other(0xfd03c)

    def i32x4_le_s(self) -> None:
        self.other(0xfd03d)

    def i32x4_le_u(self) -> None:
        self.other(0xfd03e)

    def i32x4_ge_s(self) -> None:
        self.other(0xfd03f)

    def i32x4_ge_u(self) -> None:
        self.other(0xfd040)

    def f32x4_eq(self) -> None:
        self.other(0xfd041)

    def f32x4_ne(self) -> None:
        self.other(0xfd042)

    def f32x4_lt(self) -> None:
        self.other(0xfd043)

    def f32x4_gt(self) -> None:
        self.other(0xfd044)

    def f32x4_le(self) -> None:
        self.other(0xfd045)

    def f32x4_ge(self) -> None:
        self.other(0xfd046)

    def f64x2_eq(self) -> None:
        self.other(0xfd047)

    def f64x2_ne(self) -> None:
        self.other(0xfd048)

    def f64x2_lt(self) -> None:
        self.other(0xfd049)

    def f64x2_gt(self) -> None:
        self.other(0xfd04a)

    def f64x2_le(self) -> None:
        self.other(0xfd04b)

    def f64x2_ge(self) -> None:
        self.other(0xfd04c)

    def v128_not(self) -> None:
        self.other(0xfd04d)

    def v128_and(self) -> None:
        self.other(0xfd04e)

    def v128_andnot(self) -> None:
        self.other(0xfd04f)

    def v128_or(self) -> None:
        self.other(0xfd050)

    def v128_xor(self) -> None:
        self.other(0xfd051)

    def v128_bitselect(self) -> None:
        self.other(0xfd052)

    def v128_any_true(self) -> None:
        self.other(0xfd053)

    def v128_load8_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd054)

    def v128_load16_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd055)

    def v128_load32_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd056)

    def v128_load64_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd057)

    def v128_store8_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd058)

    def v128_store16_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd059)

    def v128_store32_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd05a)

    def v128_store64_lane(self, align: i64, offset: i64, memory: i64, lane: i64) -> None:
        self.other(0xfd05b)

    def v128_load32_zero(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd05c)

    def v128_load64_zero(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfd05d)

    def f32x4_demote_f64x2_zero(self) -> None:
        self.other(0xfd05e)

    def f64x2_promote_low_f32x4(self) -> None:
        self.other(0xfd05f)

    def i8x16_abs(self) -> None:
        self.other(0xfd060)

    def i8x16_neg(self) -> None:
        self.other(0xfd061)

    def i8x16_popcnt(self) -> None:
        self.other(0xfd062)

    def i8x16_all_true(self) -> None:
        self.other(0xfd063)

    def i8x16_bitmask(self) -> None:
        self.other(0xfd064)

    def i8x16_narrow_i16x8_s(self) -> None:
        self.other(0xfd065)

    def i8x16_narrow_i16x8_u(self) -> None:
        self.other(0xfd066)

    def f32x4_ceil(self) -> None:
        self.other(0xfd067)

    def f32x4_floor(self) -> None:
        self.other(0xfd068)

    def f32x4_trunc(self) -> None:
        self.other(0xfd069)

    def f32x4_nearest(self) -> None:
        self.other(0xfd06a)

    def i8x16_shl(self) -> None:
        self.other(0xfd06b)

    def i8x16_shr_s(self) -> None:
        self.other(0xfd06c)

    def i8x16_shr_u(self) -> None:
        self.other(0xfd06d)

    def i8x16_add(self) -> None:
        self.other(0xfd06e)

    def i8x16_add_sat_s(self) -> None:
        self.other(0xfd06f)

    def i8x16_add_sat_u(self) -> None:
        self.other(0xfd070)

    def i8x16_sub(self) -> None:
        self.other(0xfd071)

    def i8x16_sub_sat_s(self) -> None:
        self.other(0xfd072)

    def i8x16_sub_sat_u(self) -> None:
        self.other(0xfd073)

    def f64x2_ceil(self) -> None:
        self.other(0xfd074)

    def f64x2_floor(self) -> None:
        self.other(0xfd075)

    def i8x16_min_s(self) -> None:
        self.other(0xfd076)

    def i8x16_min_u(self) -> None:
        self.other(0xfd077)

    def i8x16_max_s(self) -> None:
        self.other(0xfd078)

    def i8x16_max_u(self) -> None:
        self.other(0xfd079)

    def f64x2_trunc(self) -> None:
        self.other(0xfd07a)

    def i8x16_avgr_u(self) -> None:
        self.other(0xfd07b)

    def i16x8_extadd_pairwise_i8x16_s(self) -> None:
        self.other(0xfd07c)

    def i16x8_extadd_pairwise_i8x16_u(self) -> None:
        self.other(0xfd07d)

    def i32x4_extadd_pairwise_i16x8_s(self) -> None:
        self.other(0xfd07e)

    def i32x4_extadd_pairwise_i16x8_u(self) -> None:
        self.other(0xfd07f)

    def i16x8_abs(self) -> None:
        self.other(0xfd080)

    def i16x8_neg(self) -> None:
        self.other(0xfd081)

    def i16x8_q15mulr_sat_s(self) -> None:
        self.other(0xfd082)

    def i16x8_all_true(self) -> None:
        self.other(0xfd083)

    def i16x8_bitmask(self) -> None:
        self.other(0xfd084)

    def i16x8_narrow_i32x4_s(self) -> None:
        self.other(0xfd085)

    def i16x8_narrow_i32x4_u(self) -> None:
        self.other(0xfd086)

    def i16x8_extend_low_i8x16_s(self) -> None:
        self.other(0xfd087)

    def i16x8_extend_high_i8x16_s(self) -> None:
        self.other(0xfd088)

    def i16x8_extend_low_i8x16_u(self) -> None:
        self.other(0xfd089)

    def i16x8_extend_high_i8x16_u(self) -> None:
        self.other(0xfd08a)

    def i16x8_shl(self) -> None:
        self.other(0xfd08b)

    def i16x8_shr_s(self) -> None:
        self.other(0xfd08c)

    def i16x8_shr_u(self) -> None:
        self.other(0xfd08d)

    def i16x8_add(self) -> None:
        self.other(0xfd08e)

    def i16x8_add_sat_s(self) -> None:
        self.other(0xfd08f)

    def i16x8_add_sat_u(self) -> None:
        self.other(0xfd090)

    def i16x8_sub(self) -> None:
        self.other(0xfd091)

    def i16x8_sub_sat_s(self) -> None:
        self.other(0xfd092)

    def i16x8_sub_sat_u(self) -> None:
        self.other(0xfd093)

    def f64x2_nearest(self) -> None:
        self.other(0xfd094)

    def i16x8_mul(self) -> None:
        self.other(0xfd095)

    def i16x8_min_s(self) -> None:
        self.other(0xfd096)

    def i16x8_min_u(self) -> None:
        self.other(0xfd097)

    def i16x8_max_s(self) -> None:
        self.other(0xfd098)

    def i16x8_max_u(self) -> None:
        self.other(0xfd099)

    def i16x8_avgr_u(self) -> None:
        self.other(0xfd09b)

    def i16x8_extmul_low_i8x16_s(self) -> None:
        self.other(0xfd09c)

    def i16x8_extmul_high_i8x16_s(self) -> None:
        self.other(0xfd09d)

    def i16x8_extmul_low_i8x16_u(self) -> None:
        self.other(0xfd09e)

    def i16x8_extmul_high_i8x16_u(self) -> None:
        self.other(0xfd09f)

    def i32x4_abs(self) -> None:
        self.other(0xfd0a0)

    def i32x4_neg(self) -> None:
        self.other(0xfd0a1)

    def i32x4_all_true(self) -> None:
        self.other(0xfd0a3)

    def i32x4_bitmask(self) -> None:
        self.other(0xfd0a4)

    def i32x4_extend_low_i16x8_s(self) -> None:
        self.other(0xfd0a7)

    def i32x4_extend_high_i16x8_s(self) -> None:
        self.other(0xfd0a8)

    def i32x4_extend_low_i16x8_u(self) -> None:
        self.other(0xfd0a9)

    def i32x4_extend_high_i16x8_u(self) -> None:
        self.other(0xfd0aa)

    def i32x4_shl(self) -> None:
        self.other(0xfd0ab)

    def i32x4_shr_s(self) -> None:
        self.other(0xfd0ac)

    def i32x4_shr_u(self) -> None:
        self.other(0xfd0ad)

    def i32x4_add(self) -> None:
        self.other(0xfd0ae)

    def i32x4_sub(self) -> None:
        self.other(0xfd0b1)

    def i32x4_mul(self) -> None:
        self.other(0xfd0b5)

    def i32x4_min_s(self) -> None:
        self.other(0xfd0b6)

    def i32x4_min_u(self) -> None:
        self.other(0xfd0b7)

    def i32x4_max_s(self) -> None:
        self.other(0xfd0b8)

    def i32x4_max_u(self) -> None:
        self.other(0xfd0b9)

    def i32x4_dot_i16x8_s(self) -> None:
        self.other(0xfd0ba)

    def i32x4_extmul_low_i16x8_s(self) -> None:
        self.other(0xfd0bc)

    def i32x4_extmul_high_i16x8_s(self) -> None:
        self.other(0xfd0bd)

    def i32x4_extmul_low_i16x8_u(self) -> None:
        self.other(0xfd0be)

    def i32x4_extmul_high_i16x8_u(self) -> None:
        self.other(0xfd0bf)

    def i64x2_abs(self) -> None:
        self.other(0xfd0c0)

    def i64x2_neg(self) -> None:
        self.other(0xfd0c1)

    def i64x2_all_true(self) -> None:
        self.other(0xfd0c3)

    def i64x2_bitmask(self) -> None:
        self.other(0xfd0c4)

    def i64x2_extend_low_i32x4_s(self) -> None:
        self.other(0xfd0c7)

    def i64x2_extend_high_i32x4_s(self) -> None:
        self.other(0xfd0c8)

    def i64x2_extend_low_i32x4_u(self) -> None:
        self.other(0xfd0c9)

    def i64x2_extend_high_i32x4_u(self) -> None:
        self.other(0xfd0ca)

    def i64x2_shl(self) -> None:
        self.other(0xfd0cb)

    def i64x2_shr_s(self) -> None:
        self.other(0xfd0cc)

    def i64x2_shr_u(self) -> None:
        self.other(0xfd0cd)

    def i64x2_add(self) -> None:
        self.other(0xfd0ce)

    def i64x2_sub(self) -> None:
        self.other(0xfd0d1)

    def i64x2_mul(self) -> None:
        self.other(0xfd0d5)

    def i64x2_eq(self) -> None:
        self.other(0xfd0d6)

    def i64x2_ne(self) -> None:
        self.other(0xfd0d7)

    def i64x2_lt_s(self) -> None:
        self.other(0xfd0d8)

    def i64x2_gt_s(self) -> None:
        self.other(0xfd0d9)

    def i64x2_le_s(self) -> None:
        self.other(0xfd0da)

    def i64x2_ge_s(self) -> None:
        self.other(0xfd0db)

    def i64x2_extmul_low_i32x4_s(self) -> None:
        self.other(0xfd0dc)

    def i64x2_extmul_high_i32x4_s(self) -> None:
        self.other(0xfd0dd)

    def i64x2_extmul_low_i32x4_u(self) -> None:
        self.other(0xfd0de)

    def i64x2_extmul_high_i32x4_u(self) -> None:
        self.other(0xfd0df)

    def f32x4_abs(self) -> None:
        self.other(0xfd0e0)

    def f32x4_neg(self) -> None:
        self.other(0xfd0e1)

    def f32x4_sqrt(self) -> None:
        self.other(0xfd0e3)

    def f32x4_add(self) -> None:
        self.other(0xfd0e4)

    def f32x4_sub(self) -> None:
        self.other(0xfd0e5)

    def f32x4_mul(self) -> None:
        self.other(0xfd0e6)

    def f32x4_div(self) -> None:
        self.other(0xfd0e7)

    def f32x4_min(self) -> None:
        self.other(0xfd0e8)

    def f32x4_max(self) -> None:
        self.other(0xfd0e9)

    def f32x4_pmin(self) -> None:
        self.other(0xfd0ea)

    def f32x4_pmax(self) -> None:
        self.other(0xfd0eb)

    def f64x2_abs(self) -> None:
        self.other(0xfd0ec)

    def f64x2_neg(self) -> None:
        self.other(0xfd0ed)

    def f64x2_sqrt(self) -> None:
        self.other(0xfd0ef)

    def f64x2_add(self) -> None:
        self.other(0xfd0f0)

    def f64x2_sub(self) -> None:
        self.other(0xfd0f1)

    def f64x2_mul(self) -> None:
        self.other(0xfd0f2)

    def f64x2_div(self) -> None:
        self.other(0xfd0f3)

    def f64x2_min(self) -> None:
        self.other(0xfd0f4)

    def f64x2_max(self) -> None:
        self.other(0xfd0f5)

    def f64x2_pmin(self) -> None:
        self.other(0xfd0f6)

    def f64x2_pmax(self) -> None:
        self.other(0xfd0f7)

    def i32x4_trunc_sat_f32x4_s(self) -> None:
        self.other(0xfd0f8)

    def i32x4_trunc_sat_f32x4_u(self) -> None:
        self.other(0xfd0f9)

    def f32x4_convert_i32x4_s(self) -> None:
        self.other(0xfd0fa)

    def f32x4_convert_i32x4_u(self) -> None:
        self.other(0xfd0fb)

    def i32x4_trunc_sat_f64x2_s_zero(self) -> None:
        self.other(0xfd0fc)

    def i32x4_trunc_sat_f64x2_u_zero(self) -> None:
        self.other(0xfd0fd)

    def f64x2_convert_low_i32x4_s(self) -> None:
        self.other(0xfd0fe)

    def f64x2_convert_low_i32x4_u(self) -> None:
        self.other(0xfd0ff)

    def i8x16_relaxed_swizzle(self) -> None:
        self.other(0xfd100)

    def i32x4_relaxed_trunc_f32x4_s(self) -> None:
        self.other(0xfd101)

    def i32x4_relaxed_trunc_f32x4_u(self) -> None:
        self.other(0xfd102)

    def i32x4_relaxed_trunc_f64x2_s_zero(self) -> None:
        self.other(0xfd103)

    def i32x4_relaxed_trunc_f64x2_u_zero(self) -> None:
        self.other(0xfd104)

    def f32x4_relaxed_madd(self) -> None:
        self.other(0xfd105)

    def f32x4_relaxed_nmadd(self) -> None:
        self.other(0xfd106)

    def f64x2_relaxed_madd(self) -> None:
        self.other(0xfd107)

    def f64x2_relaxed_nmadd(self) -> None:
        self.other(0xfd108)

    def i8x16_relaxed_laneselect(self) -> None:
        self.other(0xfd109)

    def i16x8_relaxed_laneselect(self) -> None:
        self.other(0xfd10a)

    def i32x4_relaxed_laneselect(self) -> None:
        self.other(0xfd10b)

    def i64x2_relaxed_laneselect(self) -> None:
        self.other(0xfd10c)

    def f32x4_relaxed_min(self) -> None:
        self.other(0xfd10d)

    def f32x4_relaxed_max(self) -> None:
        self.other(0xfd10e)

    def f64x2_relaxed_min(self) -> None:
        self.other(0xfd10f)

    def f64x2_relaxed_max(self) -> None:
        self.other(0xfd110)

    def i16x8_relaxed_q15mulr_s(self) -> None:
        self.other(0xfd111)

    def i16x8_relaxed_dot_i8x16_i7x16_s(self) -> None:
        self.other(0xfd112)

    def i32x4_relaxed_dot_i8x16_i7x16_add_s(self) -> None:
        self.other(0xfd113)

    def memory_atomic_notify(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe000)

    def memory_atomic_wait32(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe001)

    def memory_atomic_wait64(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe002)

    def atomic_fence(self) -> None:
        self.other(0xfe003)

    def i32_atomic_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe010)

    def i64_atomic_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe011)

    def i32_atomic_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe012)

    def i32_atomic_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe013)

    def i64_atomic_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe014)

    def i64_atomic_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe015)

    def i64_atomic_load32_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe016)

    def i32_atomic_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe017)

    def i64_atomic_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe018)

    def i32_atomic_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe019)

    def i32_atomic_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01a)

    def i64_atomic_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01b)

    def i64_atomic_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01c)

    def i64_atomic_store32(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01d)

    def i32_atomic_rmw_add(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01e)

    def i64_atomic_rmw_add(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe01f)

    def i32_atomic_rmw8_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe020)

    def i32_atomic_rmw16_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe021)

    def i64_atomic_rmw8_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe022)

    def i64_atomic_rmw16_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe023)

    def i64_atomic_rmw32_add_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe024)

    def i32_atomic_rmw_sub(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe025)

    def i64_atomic_rmw_sub(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe026)

    def i32_atomic_rmw8_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe027)

    def i32_atomic_rmw16_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe028)

    def i64_atomic_rmw8_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe029)

    def i64_atomic_rmw16_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02a)

    def i64_atomic_rmw32_sub_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02b)

    def i32_atomic_rmw_and(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02c)

    def i64_atomic_rmw_and(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02d)

    def i32_atomic_rmw8_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02e)

    def i32_atomic_rmw16_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe02f)

    def i64_atomic_rmw8_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe030)

    def i64_atomic_rmw16_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe031)

    def i64_atomic_rmw32_and_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe032)

    def i32_atomic_rmw_or(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe033)

    def i64_atomic_rmw_or(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe034)

    def i32_atomic_rmw8_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe035)

    def i32_atomic_rmw16_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe036)

    def i64_atomic_rmw8_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe037)

    def i64_atomic_rmw16_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe038)

    def i64_atomic_rmw32_or_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe039)

    def i32_atomic_rmw_xor(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03a)

    def i64_atomic_rmw_xor(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03b)

    def i32_atomic_rmw8_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03c)

    def i32_atomic_rmw16_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03d)

    def i64_atomic_rmw8_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03e)

    def i64_atomic_rmw16_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe03f)

    def i64_atomic_rmw32_xor_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe040)

    def i32_atomic_rmw_xchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe041)

    def i64_atomic_rmw_xchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe042)

    def i32_atomic_rmw8_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe043)

    def i32_atomic_rmw16_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe044)

    def i64_atomic_rmw8_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe045)

    def i64_atomic_rmw16_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe046)

    def i64_atomic_rmw32_xchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe047)

    def i32_atomic_rmw_cmpxchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe048)

    def i64_atomic_rmw_cmpxchg(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe049)

    def i32_atomic_rmw8_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe04a)

    def i32_atomic_rmw16_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe04b)

    def i64_atomic_rmw8_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe04c)

    def i64_atomic_rmw16_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe04d)

    def i64_atomic_rmw32_cmpxchg_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.other(0xfe04e)
