"""Random valid modules that end: `generate(source)`; the same source gives the same module."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from tests.fuzz import encode, values
from tests.fuzz.body import BY_NAME, CONST, Body
from tests.fuzz.shape import NUMERIC, REFERENCES, Elem, Global, Memory, Shape, Table, Types, random_types

STEPS = {
    "plain": 30,
    "const": 3,
    "get": 6,
    "set": 14,
    "update": 10,
    "globals": 4,
    "drop": 2,
    "select": 4,
    "load": 8,
    "store": 8,
    "memory_bulk": 2,
    "table_ops": 3,
    "references": 3,
    "copysign": 1,
    "call": 6,
    "tail_call": 2,
    "block": 5,
    "loop": 5,
    "if_else": 5,
    "branch": 9,
    "stop": 1,
}
"""Methods of `Body` and how often each is taken; every module scales them at random, some to nothing."""

FUEL = 40


class Call(NamedTuple):
    """A call of an export. fuel: what the module's counter is set to before."""

    export: str
    arguments: list[Any]
    fuel: int


class Generated(NamedTuple):
    """A module, what it needs and what to do with it.

    imports: in order; functions as their signatures, globals with the value to begin with.
    """

    wasm: bytes
    imports: list[tuple[Types, Types] | Table | Memory | tuple[Global, Any]]
    calls: list[Call]


def const_expr(source: random.Random, shape: Shape, t: str, funcs: int) -> bytes:
    """With the final `end`. funcs: how many functions may be named."""
    if t in REFERENCES:
        if t == "funcref" and funcs and source.random() < 0.7:
            return BY_NAME["ref.func"] + encode.unsigned(source.randrange(funcs)) + b"\x0b"
        return BY_NAME["ref.null"] + encode.heaptype(t) + b"\x0b"
    bits = int(t[1:])
    if t[0] == "f":
        return CONST[t] + values.float_bits(source, bits).to_bytes(bits // 8, "little") + b"\x0b"
    code = CONST[t] + encode.signed(values.integer(source, bits))
    while source.random() < 0.3:
        others = [i for i, g in enumerate(shape.globals) if g.type == t and not g.mutable]
        if others and source.random() < 0.5:
            code += BY_NAME["global.get"] + encode.unsigned(source.choice(others))
        else:
            code += CONST[t] + encode.signed(values.integer(source, bits))
        code += BY_NAME[f"{t}.{source.choice(['add', 'sub', 'mul'])}"]
    return code + b"\x0b"


def offset(t: str, value: int) -> bytes:
    return CONST[t] + encode.signed(value) + b"\x0b"


def table_type(table: Table) -> bytes:
    return encode.valtype(table.element) + encode.limits(table.low, table.high, table.is_64)


def memory_limits(memory: Memory) -> tuple[int, int | None, bool]:
    return memory.low, memory.high, memory.is_64


class Builder:
    """One module under construction."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.shape = Shape()
        self.imports: list[tuple[Types, Types] | Table | Memory | tuple[Global, Any]] = []
        self.elem_section: list[bytes] = []
        self.data_section: list[bytes] = []

    def build(self) -> Generated:
        source = self.random
        shape = self.shape
        self.functions()
        self.memories()
        self.tables()
        self.globals()
        self.segments()
        imported = shape.num_imported_funcs
        weights = {name: weight * source.choice([0, 1, 1, 1, 3]) for name, weight in STEPS.items()}
        weights["plain"] += 5
        budget = source.choice([5, 20, 40, 80, 80, 160, 300])
        bodies = []
        for index in range(imported, len(shape.funcs)):
            leaf = source.random() < 0.3
            code = Body(source, shape, index, leaf, weights).generate(source.randint(1, budget))
            bodies.append(encode.unsigned(len(code)) + code)
        return Generated(self.assemble(bodies), self.imports, self.calls())

    def signature(self, most: int) -> int:
        results = random_types(self.random, self.random.choice([1, 1, 1, 2, 5]), True)
        return self.shape.type_index(random_types(self.random, most, True), results)

    def functions(self) -> None:
        shape = self.shape
        shape.num_imported_funcs = self.random.choice([0, 0, 1, 2])
        count = shape.num_imported_funcs + self.random.randint(1, 6)
        few = self.random.random() < 0.4
        for _ in range(count):
            if shape.funcs and few:
                shape.funcs.append(self.random.choice(shape.funcs))
            else:
                shape.funcs.append(self.signature(self.random.choice([2, 4, 6, 14])))
        self.imports += [shape.signature(i) for i in range(shape.num_imported_funcs)]

    def memories(self) -> None:
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 3])):
            low = self.random.choice([0, 1, 1, 1, 2])
            self.shape.memories.append(Memory(self.random.random() < 0.3, low, low + self.random.randint(0, 3)))
        if self.shape.memories and self.random.random() < 0.2:
            self.imports.append(self.shape.memories[0])

    def tables(self) -> None:
        for _ in range(self.random.choice([0, 1, 1, 2, 4])):
            low = self.random.randint(0, 9)
            element = self.random.choice(["funcref", "funcref", "externref"])
            funcs = []
            if element == "funcref":
                funcs = [self.random.randrange(len(self.shape.funcs)) for _ in range(self.random.randint(0, low))]
            high = low + self.random.randint(0, 5)
            self.shape.tables.append(Table(element, self.random.random() < 0.3, low, high, funcs))
        # wasmtime-py has no types of tables with 64-bit indices.
        if self.shape.tables and not self.shape.tables[0].is_64 and self.random.random() < 0.2:
            self.imports.append(self.shape.tables[0])

    def globals(self) -> None:
        shape = self.shape
        for _ in range(self.random.choice([0, 0, 0, 1, 3])):
            t = self.random.choice(NUMERIC * 2 + REFERENCES)
            shape.globals.append(Global(t, self.random.random() < 0.75, b""))
            self.imports.append((shape.globals[-1], values.argument(self.random, t)))
        shape.fuel = len(shape.globals)
        shape.globals.append(Global("i32", True, offset("i32", FUEL)))
        for t in NUMERIC:
            shape.globals.append(Global(t, True, const_expr(self.random, shape, t, 0)))
        for _ in range(self.random.randint(0, 4)):
            t = self.random.choice(NUMERIC * 2 + REFERENCES)
            init = const_expr(self.random, shape, t, len(shape.funcs))
            shape.globals.append(Global(t, self.random.random() < 0.75, init))

    def segments(self) -> None:
        shape = self.shape
        for index, table in enumerate(shape.tables):
            if table.funcs:
                items = encode.vector(map(encode.unsigned, table.funcs))
                at = offset(table.address, 0)
                if index:
                    self.elem_section.append(b"\x02" + encode.unsigned(index) + at + b"\0" + items)
                else:
                    self.elem_section.append(b"\0" + at + items)
                shape.elems.append(Elem("funcref", 0))
        for _ in range(self.random.choice([0, 1, 2])):
            t = self.random.choice(REFERENCES)
            exprs = [const_expr(self.random, shape, t, len(shape.funcs)) for _ in range(self.random.randint(0, 5))]
            self.elem_section.append(b"\x05" + encode.valtype(t) + encode.vector(exprs))
            shape.elems.append(Elem(t, len(exprs)))
        for index, memory in enumerate(shape.memories):
            if memory.low and self.random.random() < 0.7:
                data = self.random.randbytes(self.random.randint(0, 300))
                at = offset(memory.address, self.random.randrange(0x7FFF))
                head = b"\x02" + encode.unsigned(index) if index else b"\0"
                self.data_section.append(head + at + encode.unsigned(len(data)) + data)
                shape.datas.append(len(data))
        for _ in range(self.random.choice([0, 1, 2])):
            data = self.random.randbytes(self.random.randint(0, 40))
            self.data_section.append(b"\x01" + encode.unsigned(len(data)) + data)
            shape.datas.append(len(data))

    def calls(self) -> list[Call]:
        shape = self.shape
        calls = []
        for index in range(shape.num_imported_funcs, len(shape.funcs)):
            for _ in range(2):
                arguments = [values.argument(self.random, t) for t in shape.signature(index)[0]]
                calls.append(Call(f"f{index}", arguments, self.random.choice([FUEL, FUEL, 3])))
        return calls

    def exports(self) -> list[bytes]:
        shape = self.shape
        listed = [encode.name("fuel") + b"\3" + encode.unsigned(shape.fuel)]
        for kind, letter, count in (
            (0, "f", len(shape.funcs)),
            (1, "t", len(shape.tables)),
            (2, "m", len(shape.memories)),
            (3, "g", len(shape.globals)),
        ):
            listed += [encode.name(f"{letter}{i}") + bytes([kind]) + encode.unsigned(i) for i in range(count)]
        return listed

    def imported_counts(self) -> list[int]:
        """How many functions, tables, memories and globals are imported."""
        counts = [self.shape.num_imported_funcs, 0, 0, 0]
        for item in self.imports[counts[0] :]:
            counts[1 if isinstance(item, Table) else 2 if isinstance(item, Memory) else 3] += 1
        return counts

    def imported(self, index: int) -> bytes:
        """The description of an import."""
        item = self.imports[index]
        if isinstance(item, Table):
            return b"\1" + table_type(item)
        if isinstance(item, Memory):
            return b"\2" + encode.limits(*memory_limits(item))
        if isinstance(item[0], Global):
            return b"\3" + encode.valtype(item[0].type) + bytes([item[0].mutable])
        return b"\0" + encode.unsigned(self.shape.funcs[index])

    def assemble(self, bodies: list[bytes]) -> bytes:
        shape = self.shape
        imported = self.imported_counts()
        sections: dict[int, list[bytes]] = {
            1: [
                b"\x60" + encode.vector(map(encode.valtype, params)) + encode.vector(map(encode.valtype, results))
                for params, results in shape.types
            ],
            2: [encode.name("host") + encode.name(str(i)) + self.imported(i) for i in range(len(self.imports))],
            3: [encode.unsigned(index) for index in shape.funcs[imported[0] :]],
            4: [table_type(table) for table in shape.tables[imported[1] :]],
            5: [encode.limits(*memory_limits(memory)) for memory in shape.memories[imported[2] :]],
            6: [encode.valtype(g.type) + bytes([g.mutable]) + g.init for g in shape.globals[imported[3] :]],
            7: self.exports(),
            9: self.elem_section,
            12: self.data_section,
            10: bodies,
            11: self.data_section,
        }
        out = bytearray(b"\0asm\1\0\0\0")
        for number, items in sections.items():
            if number == 12:
                out += encode.section(12, encode.unsigned(len(items)))
            elif items:
                out += encode.section(number, encode.vector(items))
        return bytes(out)


def generate(source: random.Random) -> Generated:
    return Builder(source).build()
