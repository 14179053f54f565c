"""Linear memory: loads, stores, bounds, and the bulk operations.

An access becomes [base + index + displacement]. Where the guard pages catch everything out of bounds (see
`Tunables.unchecked_extent`) the index is the address itself and the access is recorded as a fault site. Elsewhere the
end of the access is computed and compared first; it then is the index, and the displacement is minus the width.
"""

from __future__ import annotations

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from taipan.abi import builtins, traps
from taipan.abi.layout import field_offsets
from taipan.compiler.baseline.emit_convert import Convert
from taipan.compiler.baseline.emit_fuse import LOAD_I64
from taipan.compiler.baseline.masm import ADD, GT_U, LT_U, SHR_U
from taipan.compiler.baseline.registers import BIT
from taipan.compiler.baseline.stack import K_CONST, K_REG, K_WIDE, KIND, VALUE_SHIFT, fits32, signed32
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64

MEMORY: Final = field_offsets("VMMemory")[0]
MEMORY_BASE: Final[i64] = MEMORY["base"]
MEMORY_LENGTH: Final[i64] = MEMORY["length"]
MEMORY_GROW: Final[i64] = builtins.INDEX["memory_grow"]
MEMORY_FILL: Final[i64] = builtins.INDEX["memory_fill"]
MEMORY_COPY: Final[i64] = builtins.INDEX["memory_copy"]
MEMORY_INIT: Final[i64] = builtins.INDEX["memory_init"]
DATA_DROP: Final[i64] = builtins.INDEX["data_drop"]

MIN_I64: Final = -0x8000_0000_0000_0000
MAX_I64: Final = 0x7FFF_FFFF_FFFF_FFFF

FIRST_NUMERIC: Final = 0x46  # i32.eq
LAST_NUMERIC: Final = 0xA3  # f64.div

STORE_I32: Final = 0
STORE_I64: Final = 1


class Memory(Convert):
    # --- addresses ------------------------------------------------------------------------------------------------
    def address(self, memory: i64, offset: i64, width: i64) -> None:
        """Pop an address and make the memory operand of an access to `width` bytes at it plus `offset`."""
        env = self.env
        masm = self.masm
        extent = env.memory_extents[memory]
        if offset < 0 or offset + width > extent:
            self.checked_address(memory, offset, width)
            return
        if memory == 0:
            self.addr_base = self.memory_base
        else:
            base = self.alloc_int()
            masm.load_ptr(base, self.vmctx, env.memory_offsets[memory])
            masm.load_ptr(base, base, MEMORY_BASE)
            self.addr_base = base
        n = self.sp - 1
        op = self.ops[n]
        if op & KIND == K_CONST:
            ea = ((op >> VALUE_SHIFT) & 0xFFFF_FFFF) + offset
            self.sp = n
            self.addr_index = -1
            self.addr_disp = ea
            if ea > 0x7FFF_FFFF:
                index = self.alloc_int()
                masm.const(index, ea)
                self.addr_index = index
                self.addr_disp = 0
        else:
            index = self.pop_int()
            self.addr_index = index
            self.addr_disp = offset
            if offset > 0x7FFF_FFFF:
                far = self.alloc_int()
                masm.const(far, offset)
                masm.alu(ADD, 8, far, far, index)
                self.free_int(index)
                self.addr_index = far
                self.addr_disp = 0

    def checked_address(self, memory: i64, offset: i64, width: i64) -> None:
        """`address` for memories whose every access is compared with the current length. offset: unsigned 64 bits."""
        env = self.env
        masm = self.masm
        wide = env.memory_is_64[memory] != 0
        index = self.pop_int()
        end = self.alloc_int()
        if offset < 0 and offset + width >= 0:
            # Beyond 2^64: nothing can be there.
            masm.jump(self.trap_label(traps.MEMORY_OUT_OF_BOUNDS))
            offset = 0
        if 0 <= offset <= 0x7FFF_FF00:
            masm.move(8, end, index)
            masm.alu_const(ADD, 8, end, end, offset + width)
        else:
            # The sum may cross 2^63, where i64 ends.
            masm.const(end, offset + width if offset < MAX_I64 - width else offset + (width + MIN_I64) + MIN_I64)
            masm.alu(ADD, 8, end, end, index)
        if wide:
            self.trap_if(LT_U, traps.MEMORY_OUT_OF_BOUNDS)
        self.free_int(index)
        record = self.alloc_int()
        masm.load_ptr(record, self.vmctx, env.memory_offsets[memory])
        masm.compare_at(8, end, record, MEMORY_LENGTH)
        self.trap_if(GT_U, traps.MEMORY_OUT_OF_BOUNDS)
        if memory == 0:
            self.free_int(record)
            self.addr_base = self.memory_base
        else:
            masm.load_ptr(record, record, MEMORY_BASE)
            self.addr_base = record
        self.addr_index = end
        self.addr_disp = -width

    def free_address(self) -> None:
        self.free_int(self.addr_base)
        if self.addr_index >= 0:
            self.free_int(self.addr_index)

    def after_memarg(self) -> i64:
        """Position of the instruction behind the current one, a load or store."""
        code = self.code
        at = self.pos + 1
        if code[at] & 0x40:
            at += 1
            while code[at] >= 0x80:
                at += 1
        at += 1
        while code[at] >= 0x80:
            at += 1
        return at + 1

    # --- loads and stores -----------------------------------------------------------------------------------------
    def int_load(self, kind: i64, t: i64, width: i64, offset: i64, memory: i64) -> None:
        self.address(memory, offset, width)
        self.free_address()
        after = self.after_memarg()
        d = self.int_target(after)
        if d < 0:
            # The operand's own register may be chosen: the access reads before it writes.
            d = self.addr_index
            if d < 0 or not self.scratch_ints & BIT[d]:
                d = self.alloc_int()
            else:
                self.free_ints &= ~BIT[d]
        self.fault_site()
        if kind <= LOAD_I64 and FIRST_NUMERIC <= self.code[after] <= LAST_NUMERIC:
            self.load_noted(kind, d)
        else:
            self.masm.load(kind, d, self.addr_base, self.addr_index, self.addr_disp)
        self.push_int(t, d)

    def float_load(self, kind: i64, t: i64, width: i64, offset: i64, memory: i64) -> None:
        self.address(memory, offset, width)
        self.free_address()
        after = self.after_memarg()
        d = self.int_target(after)
        if d < 0:
            d = self.alloc_float()
        self.fault_site()
        if FIRST_NUMERIC <= self.code[after] <= LAST_NUMERIC:
            self.load_noted(kind, d)
        else:
            self.masm.load(kind, d, self.addr_base, self.addr_index, self.addr_disp)
        self.push_float(t, d)

    def int_store(self, kind: i64, width: i64, offset: i64, memory: i64) -> None:
        n = self.sp - 1
        op = self.ops[n]
        if op & KIND <= K_WIDE and (kind != STORE_I64 or (op & KIND == K_CONST and fits32(op >> VALUE_SHIFT))):
            value = self.const_at(n)
            self.sp = n
            self.address(memory, offset, width)
            self.fault_site()
            if kind != STORE_I64:
                value = signed32(value & 0xFFFF_FFFF)
            self.masm.store_const(kind, value, self.addr_base, self.addr_index, self.addr_disp)
            self.free_address()
            return
        s = self.pop_int()
        self.address(memory, offset, width)
        self.fault_site()
        self.masm.store(kind, s, self.addr_base, self.addr_index, self.addr_disp)
        self.free_address()
        self.free_int(s)

    def float_store(self, kind: i64, width: i64, offset: i64, memory: i64) -> None:
        n = self.sp - 1
        op = self.ops[n]
        if op & KIND == K_CONST and (width == 4 or fits32(op >> VALUE_SHIFT)):
            # The same bytes as an integer constant.
            self.int_store(STORE_I32 if width == 4 else STORE_I64, width, offset, memory)
            return
        s = self.pop_float()
        self.address(memory, offset, width)
        self.fault_site()
        self.masm.store(kind, s, self.addr_base, self.addr_index, self.addr_disp)
        self.free_address()
        self.free_float(s)

    # --- size and bulk operations ---------------------------------------------------------------------------------
    def memory_size(self, memory: i64) -> None:
        env = self.env
        d = self.alloc_int()
        self.masm.load_ptr(d, self.vmctx, env.memory_offsets[memory])
        self.masm.load_ptr(d, d, MEMORY_LENGTH)
        shift = env.memory_page_log2[memory]
        if shift:
            self.masm.shift_const(SHR_U, 8, d, d, shift)
        self.push(K_REG, T_I64 if env.memory_is_64[memory] else T_I32, d)

    def memory_grow(self, memory: i64) -> None:
        self.call_helper(MEMORY_GROW, vec[i64]([memory]), 1)
        t: i64 = T_I64 if self.env.memory_is_64[memory] else T_I32
        if t == T_I32:
            # -1 comes with 64 bits.
            self.masm.move(4, self.plan.int_result, self.plan.int_result)
        self.push_helper_result(t)

    def memory_fill(self, memory: i64) -> None:
        self.call_helper(MEMORY_FILL, vec[i64]([memory]), 3)

    def memory_copy(self, dst: i64, src: i64) -> None:
        self.call_helper(MEMORY_COPY, vec[i64]([dst, src]), 3)

    def memory_init(self, data: i64, memory: i64) -> None:
        self.call_helper(MEMORY_INIT, vec[i64]([memory, data]), 3)

    def data_drop(self, data: i64) -> None:
        self.call_helper(DATA_DROP, vec[i64]([data]), 0)

    # --- by mnemonic ----------------------------------------------------------------------------------------------
    def i32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(0, T_I32, 4, offset, memory)

    def i64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(1, T_I64, 8, offset, memory)

    def f32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.float_load(2, T_F32, 4, offset, memory)

    def f64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.float_load(3, T_F64, 8, offset, memory)

    def i32_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(4, T_I32, 1, offset, memory)

    def i32_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(5, T_I32, 1, offset, memory)

    def i32_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(6, T_I32, 2, offset, memory)

    def i32_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(7, T_I32, 2, offset, memory)

    def i64_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(8, T_I64, 1, offset, memory)

    def i64_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(9, T_I64, 1, offset, memory)

    def i64_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(10, T_I64, 2, offset, memory)

    def i64_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(11, T_I64, 2, offset, memory)

    def i64_load32_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(12, T_I64, 4, offset, memory)

    def i64_load32_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_load(13, T_I64, 4, offset, memory)

    def i32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(0, 4, offset, memory)

    def i64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(1, 8, offset, memory)

    def f32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.float_store(2, 4, offset, memory)

    def f64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.float_store(3, 8, offset, memory)

    def i32_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(4, 1, offset, memory)

    def i32_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(5, 2, offset, memory)

    def i64_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(6, 1, offset, memory)

    def i64_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(7, 2, offset, memory)

    def i64_store32(self, align: i64, offset: i64, memory: i64) -> None:
        self.int_store(8, 4, offset, memory)
