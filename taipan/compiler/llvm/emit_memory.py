"""Linear memory: loads, stores, bounds, and the bulk operations.

Accesses are volatile: each happens, in its order, where wasm has it, so that a fault leaves exactly what the
instructions before it did. Where the guard pages catch everything out of bounds (`Tunables.unchecked_extent`) nothing
is compared.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.abi import traps
from taipan.abi.layout import field_offsets
from taipan.compiler.environ import T_F32, T_F64, T_I32, T_I64
from taipan.compiler.llvm.emit_call import Calls
from taipan.compiler.llvm.emit_control import COLUMN_FAULT
from taipan.compiler.llvm.emit_numeric import is_literal
from taipan.compiler.llvm.text import INVARIANT, TYPES
from taipan.compiler.llvm.values import HEADER, Loaded

MEMORY: Final = field_offsets("VMMemory")[0]


class Memory(Calls):
    first_access = -1

    # --- addresses ------------------------------------------------------------------------------------------------
    def memory_record(self, memory: int) -> str:
        """The memory's VMMemory; the context's pointer to it never changes."""
        return self.load("ptr", "%vm", self.env.memory_offsets[memory], INVARIANT)

    def memory_base(self, memory: int) -> str:
        if self.env.memory_static[memory]:
            if memory == 0:
                place = self.at_entry("memory0 place", f"getelementptr i8, ptr %vm, i64 {HEADER['memory0_base']}")
                return self.at_entry("memory0", f"load ptr, ptr {place}, {INVARIANT}")
            return self.load("ptr", self.memory_record(memory), MEMORY["base"], INVARIANT)
        if memory == 0:
            return self.load("ptr", "%vm", HEADER["memory0_base"])
        return self.load("ptr", self.memory_record(memory), MEMORY["base"])

    def address(self, memory: i64, offset: int, width: int) -> str:
        """Pop an address; a pointer to the `width` bytes at it plus `offset`, after a check if that is needed."""
        offset &= (1 << 64) - 1  # the visitor has it signed
        index = self.pop()
        if not self.env.memory_is_64[memory]:
            if is_literal(index):
                index = str(int(index) & 0xFFFF_FFFF)
            else:
                index = self.emit(f"zext i32 {index} to i64")
        if offset + width > int(self.env.memory_extents[memory]):
            return self.checked_address(memory, index, offset, width)
        base = self.memory_base(memory)
        if is_literal(index):
            return self.place(base, int(index) + offset)
        return self.place(self.emit(f"getelementptr i8, ptr {base}, i64 {index}"), offset)

    def checked_address(self, memory: int, index: str, offset: int, width: int) -> str:
        if offset + width >= 1 << 64:
            # Beyond 2^64: nothing can be there.
            self.trap_if("true", traps.MEMORY_OUT_OF_BOUNDS)
            offset = 0
        past = offset + width if offset + width < 1 << 63 else offset + width - (1 << 64)
        if self.env.memory_is_64[memory]:
            name = "llvm.uadd.with.overflow.i64"
            self.ir.declare(name, f"declare {{ i64, i1 }} @{name}(i64, i64)")
            sum = self.emit(f"call {{ i64, i1 }} @{name}(i64 {index}, i64 {offset + width})")
            end = self.emit(f"extractvalue {{ i64, i1 }} {sum}, 0")
            self.trap_if(self.emit(f"extractvalue {{ i64, i1 }} {sum}, 1"), traps.MEMORY_OUT_OF_BOUNDS)
        else:
            end = self.emit(f"add i64 {index}, {past}")
        length = self.load("i64", self.memory_record(memory), MEMORY["length"])
        self.trap_if(self.emit(f"icmp ugt i64 {end}, {length}"), traps.MEMORY_OUT_OF_BOUNDS)
        place = self.emit(f"getelementptr i8, ptr {self.memory_base(memory)}, i64 {index}")
        return self.place(place, offset)

    # --- loads and stores -----------------------------------------------------------------------------------------
    def access_site(self) -> str:
        if self.first_access < 0:
            self.first_access = self.place_here()
        return self.site(COLUMN_FAULT)

    def access_load(self, memory: int, offset: int, bits: int, extend: str, type: int) -> None:
        place = self.address(memory, offset, bits // 8)
        site = self.access_site()
        text = TYPES[type]
        narrow = f"i{bits}" if extend else text
        value = self.emit(f"load volatile {narrow}, ptr {place}, align 1{site}")
        if extend:
            value = self.emit(f"{extend} {narrow} {value} to {text}{site}")
        use = f"  call void (...) @llvm.fake.use({text} {value})\n"
        self.loaded[value] = Loaded(use, self.lines, len(self.lines), site, 0)
        self.lines.append("")
        self.push(value, type)

    def access_store(self, memory: int, offset: int, bits: int, extend: str, type: int) -> None:
        value = self.pop()
        place = self.address(memory, offset, bits // 8)
        narrow = TYPES[type]
        if extend:
            narrow = f"i{bits}"
            value = self.emit(f"trunc {TYPES[type]} {value} to {narrow}")
        self.keep_apart(value)  # The processor can change memory in place, but that would be one access for two.
        site = self.access_site()
        unchecked = (offset & (1 << 64) - 1) + bits // 8 <= int(self.env.memory_extents[memory])
        if unchecked and bits > 8 and self.ir.machine.TEARS_STORES:
            # The last byte is out of bounds if any is, and loading it changes nothing.
            self.emit(f"load volatile i8, ptr {self.place(place, bits // 8 - 1)}{site}")
        self.do(f"store volatile {narrow} {value}, ptr {place}, align 1{site}")

    # --- size and bulk operations ---------------------------------------------------------------------------------
    def address_type(self, memory: int) -> int:
        return T_I64 if self.env.memory_is_64[memory] else T_I32

    def memory_size(self, memory: i64) -> None:
        length = self.load("i64", self.memory_record(memory), MEMORY["length"])
        pages = self.emit(f"lshr i64 {length}, {self.env.memory_page_log2[memory]}")
        self.push_size(pages, self.address_type(memory))

    def push_size(self, size: str, type: int) -> None:
        """Push a number of 64 bits that the instruction gives in its address type."""
        self.push(size if type == T_I64 else self.emit(f"trunc i64 {size} to i32"), type)

    def memory_grow(self, memory: i64) -> None:
        self.push_size(self.helper("memory_grow", (memory,), 1), self.address_type(memory))

    def memory_fill(self, memory: i64) -> None:
        self.helper("memory_fill", (memory,), 3)

    def memory_copy(self, dst: i64, src: i64) -> None:
        self.helper("memory_copy", (dst, src), 3)

    def memory_init(self, data: i64, memory: i64) -> None:
        self.helper("memory_init", (memory, data), 3)

    def data_drop(self, data: i64) -> None:
        self.helper("data_drop", (data,), 0)

    def i32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 32, "", T_I32)

    def i64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 64, "", T_I64)

    def f32_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 32, "", T_F32)

    def f64_load(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 64, "", T_F64)

    def i32_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 8, "sext", T_I32)

    def i32_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 8, "zext", T_I32)

    def i32_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 16, "sext", T_I32)

    def i32_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 16, "zext", T_I32)

    def i64_load8_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 8, "sext", T_I64)

    def i64_load8_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 8, "zext", T_I64)

    def i64_load16_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 16, "sext", T_I64)

    def i64_load16_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 16, "zext", T_I64)

    def i64_load32_s(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 32, "sext", T_I64)

    def i64_load32_u(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_load(memory, offset, 32, "zext", T_I64)

    def i32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 32, "", T_I32)

    def i64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 64, "", T_I64)

    def f32_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 32, "", T_F32)

    def f64_store(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 64, "", T_F64)

    def i32_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 8, "trunc", T_I32)

    def i32_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 16, "trunc", T_I32)

    def i64_store8(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 8, "trunc", T_I64)

    def i64_store16(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 16, "trunc", T_I64)

    def i64_store32(self, align: i64, offset: i64, memory: i64) -> None:
        self.access_store(memory, offset, 32, "trunc", T_I64)
