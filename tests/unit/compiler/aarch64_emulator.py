"""Runs artifacts for AArch64 in an emulator, with as much of a runtime as functions without imports need.

The stand-ins for helpers check that they are called from a recorded site, and destroy every register that a helper may.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import unicorn
from unicorn import arm64_const as arm64

import taipan
from taipan import binary
from taipan.abi import builtins, layout, traps
from taipan.abi.calls import CallLayout, is_float
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.serialize import take_apart
from taipan.compiler.tunables import Tunables
from taipan.features import Features
from taipan.runtime.const_eval import compile_expr, constant_bytes
from taipan.wasm.module import FUNC, ConstExpr
from taipan.wasm.types import F32, I32, I64, FuncType

# Where things lie. Nothing else is mapped.
CODE: Final = 0x1_0000
CONTEXT: Final = 0x2000_0000
RECORDS: Final = 0x2100_0000
HELPERS: Final = 0x3000_0000
RETURN: Final = 0x3100_0000
STACK: Final = 0x7000_0000
MEMORY: Final = 0x10_0000_0000
SIZES: Final = {CONTEXT: 1 << 20, RECORDS: 16 << 20, HELPERS: 4096, RETURN: 4096, STACK: 2 << 20}
STACK_LIMIT: Final = STACK + (64 << 10)
FIRST_SP: Final = STACK + (1 << 20)
RESULTS: Final = STACK + (3 << 19)

PAGE: Final = 64 << 10
MAX_PAGES: Final = 2000
ALL_ONES: Final = (1 << 64) - 1
FUEL: Final = 1_000_000
GARBAGE: Final = 0xDEAD_BEEF_DEAD_BEEF
MICROSECONDS: Final = 60_000_000

OUT_OF_BOUNDS: Final = traps.TRAPS[traps.MEMORY_OUT_OF_BOUNDS][1]
EXHAUSTED: Final = traps.TRAPS[traps.STACK_OVERFLOW][1]

HEADER: Final = layout.field_offsets("VMContextHeader")[0]
MEM: Final = layout.field_offsets("VMMemory")[0]
TABLE: Final = layout.field_offsets("VMTable")[0]
FUNCREF, FUNCREF_BYTES = layout.field_offsets("VMFuncRef")


class Trapped(Exception):
    """The message is the trap's."""


class NotHere(Exception):
    """Something that the stand-in for the runtime does not have."""


class Emulator:
    """An instance. polls: every poll that is reached calls its helper, so that it happens in running code, too.

    fuel: it is counted; `used` is what the last call took.
    """

    def __init__(
        self,
        wasm: bytes,
        features: Features,
        pipeline: str,
        polls: bool = False,
        veneers: bool = False,
        fuel: bool = False,
    ) -> None:
        config = taipan.Config()
        config.target = "aarch64-unknown-linux-gnu"
        config.features = features
        config.opt_level = pipeline
        config.consume_fuel = fuel
        config.cranelift_flag_set("linkopt_force_jump_veneer", "true" if veneers else "false")
        parts = take_apart(taipan.Engine(config).precompile_module(wasm))
        self.module = binary.decode(parts.module, features)
        self.env = ModuleEnv(self.module, Tunables(consume_fuel=fuel), False)
        self.extents = list(struct.iter_unpack("<II", parts.tables["offsets"]))
        self.polls = polls
        self.trap = ""
        self.pages = 0
        self.free = RECORDS
        self.global_values: list[int] = []
        self.table_records: list[int] = []
        self.sites = self.read_sites(parts.tables)
        self.machine: Any = unicorn.Uc(unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        code = bytes(parts.code)
        self.machine.mem_map(CODE, (len(code) + PAGE) & -PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self.machine.mem_write(CODE, code)
        for place, size in SIZES.items():
            self.machine.mem_map(place, size)
        self.machine.mem_write(HELPERS, struct.pack("<I", 0xD65F_03C0) * 1024)  # ret
        self.machine.reg_write(arm64.UC_ARM64_REG_CPACR_EL1, 3 << 20)  # floating point is allowed
        self.machine.hook_add(unicorn.UC_HOOK_CODE, self.helper, begin=HELPERS, end=HELPERS + 4095)
        self.make_context()

    def read_sites(self, tables: dict[str, memoryview]) -> dict[int, int]:
        """Code offset in the image -> kind, of all sites."""
        sites = list(struct.iter_unpack("<4I", tables["sites"]))
        starts = memoryview(bytes(tables["site_starts"])).cast("I")
        return {
            start + offset: kind
            for n, (start, _) in enumerate(self.extents)
            for offset, _, kind, _ in sites[starts[n] : starts[n + 1]]
        }

    # --- the context ----------------------------------------------------------------------------------------------
    def put(self, place: int, value: int, size: int = 8) -> None:
        self.machine.mem_write(place, value.to_bytes(size, "little"))

    def allocate(self, size: int) -> int:
        place = self.free
        self.free += (size + 15) & -16
        if self.free > RECORDS + SIZES[RECORDS]:
            raise NotHere("memory for so many records")
        return place

    def make_context(self) -> None:
        module, env = self.module, self.env
        if module.imports or len(module.memories) > 1 or module.start is not None:
            raise NotHere("imports, several memories, or a start function")
        helpers = self.allocate(8 * len(builtins.BUILTINS))
        for n in range(len(builtins.BUILTINS)):
            self.put(helpers + 8 * n, HELPERS + 16 * n)
        self.put(CONTEXT + HEADER["builtins"], helpers)
        self.fuel = self.allocate(8)
        self.put(CONTEXT + HEADER["fuel"], self.fuel)
        self.null = self.allocate(FUNCREF_BYTES)
        self.put(self.null + FUNCREF["type_id"], layout.NULL_TYPE_ID, 4)
        self.put(CONTEXT + HEADER["null_funcref"], self.null)
        self.make_types()
        if module.memories:
            if not env.memory_static[0]:
                raise NotHere("memories that move")
            self.memory = self.allocate(16)
            self.put(CONTEXT + env.memory_offsets[0], self.memory)
            self.put(CONTEXT + HEADER["memory0_base"], MEMORY)
            self.put(self.memory + MEM["base"], MEMORY)
            if self.grow(module.memories[0].limits.min) == ALL_ONES:
                raise NotHere("memories of that size")
        for n, definition in enumerate(module.globals):
            self.global_values.append(self.constant(definition.init))
            self.put(CONTEXT + env.global_offsets[n], self.global_values[-1])
        for n, table in enumerate(module.tables):
            self.make_table(n, table.type.limits.min)
        for elem in module.elems:
            if elem.offset_expr is not None:
                start = self.table_records[elem.table] + 8 * self.constant(elem.offset_expr)
                if elem.funcs is not None:
                    values = [CONTEXT + env.funcref_offsets[func] for func in elem.funcs]
                else:
                    values = [self.constant(expr) for expr in elem.exprs or ()]
                for n, value in enumerate(values):
                    self.put(start + 8 * n, value)
        for data in module.datas:
            if data.offset_expr is not None and data.end > data.start:
                self.machine.mem_write(
                    MEMORY + self.constant(data.offset_expr), bytes(module.code[data.start : data.end])
                )

    def make_types(self) -> None:
        """Type ids, and a record for each function that can be referred to."""
        module, env = self.module, self.env
        ids: dict[Any, int] = {}
        numbers = []
        for n, type in enumerate(module.types):
            comp = type.comp
            key = (tuple(comp.params), tuple(comp.results)) if isinstance(comp, FuncType) else n
            numbers.append(ids.setdefault(key, 100 + n))
        place = self.allocate(4 * len(numbers))
        for n, number in enumerate(numbers):
            self.put(place + 4 * n, number, 4)
        self.put(CONTEXT + HEADER["type_ids"], place)
        for func, offset in env.funcref_offsets.items():
            self.put(CONTEXT + offset + FUNCREF["code"], CODE + self.extents[func][0])
            self.put(CONTEXT + offset + FUNCREF["type_id"], numbers[module.func_space[func]], 4)
            self.put(CONTEXT + offset + FUNCREF["vmctx"], CONTEXT)

    def make_table(self, number: int, length: int) -> None:
        elements = self.allocate(8 * length)
        for n in range(length):
            self.put(elements + 8 * n, self.null)
        record = self.allocate(16)
        self.put(record + TABLE["elements"], elements)
        self.put(record + TABLE["length"], length)
        self.put(CONTEXT + self.env.table_offsets[number], record)
        self.table_records.append(elements)

    def constant(self, expr: ConstExpr) -> int:
        code = expr.code
        if code[0] == 0xD2 and code[1] < 0x80:  # ref.func
            return CONTEXT + self.env.funcref_offsets[code[1]]
        if code[0] == 0xD0:  # ref.null
            return self.null if code[1] == 0x70 else 0
        if code[0] == 0x23 and code[1] < 0x80:  # global.get
            return self.global_values[code[1]]
        _, value = compile_expr(expr)
        if not isinstance(value, int | bytes):
            raise NotHere("constant expressions of several instructions")
        bits = int.from_bytes(constant_bytes(value)[:8], "little")
        return bits & 0xFFFF_FFFF if code[0] == 0x41 else bits

    # --- helpers --------------------------------------------------------------------------------------------------
    def grow(self, delta: int) -> int:
        limit = self.module.memories[0].limits.max
        old = self.pages
        if old + delta > min(MAX_PAGES if limit is None else limit, MAX_PAGES):
            return ALL_ONES
        if delta:
            self.machine.mem_map(MEMORY + old * PAGE, delta * PAGE)
        self.pages = old + delta
        self.put(self.memory + MEM["length"], self.pages * PAGE)
        return old

    def register(self, number: int) -> int:
        return int(self.machine.reg_read(arm64.UC_ARM64_REG_X0 + number))

    def destroy(self, integers: list[int], floats: list[int]) -> None:
        for number in integers:
            self.machine.reg_write(arm64.UC_ARM64_REG_X0 + number, GARBAGE)
        for number in floats:
            self.machine.reg_write(arm64.UC_ARM64_REG_Q0 + number, GARBAGE)

    def end(self, trap: str) -> None:
        self.trap = trap
        self.machine.emu_stop()

    def helper(self, machine: Any, address: int, size: int, data: Any) -> None:
        name = builtins.BUILTINS[(address - HELPERS) // 16][0]
        kind = self.sites[machine.reg_read(arm64.UC_ARM64_REG_LR) - CODE]
        assert kind & 0xFF == (layout.SITE_TRAP if name == "trap" else layout.SITE_CALL)
        if name == "trap":
            self.end(traps.TRAPS[kind >> 8][1])
            return
        assert self.register(0) == CONTEXT
        x = [self.register(n) for n in range(8)]
        if name == "poll":
            if x[1] < STACK_LIMIT:
                self.end(EXHAUSTED)
            self.destroy([*range(9), 16, 17], [*range(8)])
            return
        self.destroy([*range(1, 18)], [*range(8), *range(16, 32)])
        length = self.pages * PAGE
        if name == "memory_grow":
            machine.reg_write(arm64.UC_ARM64_REG_X0, self.grow(x[2]))
        elif name == "memory_fill":
            if x[2] + x[4] > length:
                self.end(OUT_OF_BOUNDS)
            elif x[4]:
                machine.mem_write(MEMORY + x[2], bytes([x[3] & 0xFF]) * x[4])
        elif name == "memory_copy":
            if max(x[3], x[4]) + x[5] > length:
                self.end(OUT_OF_BOUNDS)
            elif x[5]:
                machine.mem_write(MEMORY + x[3], bytes(machine.mem_read(MEMORY + x[4], x[5])))
        else:
            self.end(f"missing: {name}")

    # --- calls ----------------------------------------------------------------------------------------------------
    def call(self, name: str, args: list[int]) -> list[int]:
        """Call an export with bit patterns. Raises Trapped; checks what callees must preserve and pop."""
        module, machine = self.module, self.machine
        index = next(export.index for export in module.exports if export.kind == FUNC and export.name == name)
        type = module.types[module.func_space[index]].comp
        assert isinstance(type, FuncType)
        self.put(CONTEXT + HEADER["stack_limit"], ALL_ONES if self.polls else STACK_LIMIT)
        for n in range(29):
            machine.reg_write(arm64.UC_ARM64_REG_X0 + n, 0xABCD_0000_0000_0000 + n)
        for n in range(32):
            machine.reg_write(arm64.UC_ARM64_REG_D0 + n, 0x1234_0000_0000_0000 + n)
        machine.reg_write(arm64.UC_ARM64_REG_X0, CONTEXT)
        self.pass_arguments(type, args)
        machine.reg_write(arm64.UC_ARM64_REG_FP, 0)
        machine.reg_write(arm64.UC_ARM64_REG_LR, RETURN)
        self.put(self.fuel, ALL_ONES + 1 - FUEL)
        self.trap = ""
        try:
            machine.emu_start(CODE + self.extents[index][0], RETURN, timeout=MICROSECONDS)
        except unicorn.UcError as error:
            at = machine.reg_read(arm64.UC_ARM64_REG_PC) - CODE
            assert error.errno in (unicorn.UC_ERR_READ_UNMAPPED, unicorn.UC_ERR_WRITE_UNMAPPED), (error, hex(at))
            assert self.sites[at + 1] & 0xFF == layout.SITE_FAULT
            self.put(self.fuel, ALL_ONES + 1 - FUEL + self.used + (self.sites[at + 1] >> layout.SITE_FUEL_SHIFT))
            raise Trapped(OUT_OF_BOUNDS) from None
        if self.trap.startswith("missing"):
            raise NotHere(self.trap)
        if self.trap:
            raise Trapped(self.trap)
        assert machine.reg_read(arm64.UC_ARM64_REG_PC) == RETURN
        assert machine.reg_read(arm64.UC_ARM64_REG_SP) == FIRST_SP
        assert machine.reg_read(arm64.UC_ARM64_REG_FP) == 0
        assert all(self.register(n) == 0xABCD_0000_0000_0000 + n for n in range(19, 29))
        for n in range(8, 16):
            assert machine.reg_read(arm64.UC_ARM64_REG_D0 + n) == 0x1234_0000_0000_0000 + n
        return self.results(type)

    @property
    def used(self) -> int:
        return int.from_bytes(self.machine.mem_read(self.fuel, 8), "little") - (ALL_ONES + 1 - FUEL)

    def pass_arguments(self, type: FuncType, args: list[int]) -> None:
        integers, floats, stack = 2, 0, []
        out = [(I64, RESULTS)] if len(type.results) > 1 else []
        for kind, value in [*zip(type.params, args, strict=True), *out]:
            if kind == I32:
                value |= 0xFFFF_FFFF_0000_0000  # the upper half means nothing
            if is_float(kind) and floats < 8:
                self.machine.reg_write(arm64.UC_ARM64_REG_Q0 + floats, value)
                floats += 1
            elif not is_float(kind) and integers < 8:
                self.machine.reg_write(arm64.UC_ARM64_REG_X0 + integers, value)
                integers += 1
            else:
                stack.append(value)
        sp = FIRST_SP - ((8 * len(stack) + 15) & -16)
        for n, value in enumerate(stack):
            self.put(sp + 8 * n, value)
        self.machine.reg_write(arm64.UC_ARM64_REG_SP, sp)

    def results(self, type: FuncType) -> list[int]:
        found = []
        places = CallLayout(tuple(type.params), tuple(type.results)).result_places
        for n, kind in enumerate(type.results):
            size = 4 if kind in (I32, F32) else 8
            if n:
                value = int.from_bytes(self.machine.mem_read(RESULTS + places[n][1], size), "little")
            else:
                value = self.machine.reg_read(arm64.UC_ARM64_REG_Q0 if is_float(kind) else arm64.UC_ARM64_REG_X0)
            found.append(value & (1 << 8 * size) - 1)
        return found
