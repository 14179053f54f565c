"""Random valid modules that end: `generate(source)`; the same source gives the same module."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.fuzz import encode, values
from tests.fuzz.body import BY_NAME, CONST, Body
from tests.fuzz.shape import NUMERIC, REFERENCES, Elem, Global, Import, Memory, Shape, Table, Types, random_types

STEPS = {
    "plain": 30,
    "const": 3,
    "get": 6,
    "set": 14,
    "update": 8,
    "overlap": 6,
    "join": 6,
    "globals": 4,
    "drop": 2,
    "nop": 1,
    "select": 4,
    "load": 8,
    "store": 8,
    "memory_bulk": 2,
    "table_ops": 3,
    "references": 3,
    "copysign": 1,
    "call": 9,
    "tail_call": 2,
    "block": 5,
    "loop": 5,
    "if_else": 5,
    "branch": 9,
    "stop": 1,
}
"""Methods of `Body` and how often each is taken; every module scales them at random, some to nothing."""

FUEL = 40
DEEP_FUEL = 30_000
"""Enough for recursion to use up the stack."""


class Call(NamedTuple):
    """A call of an export. fuel: what the module's counter is set to before."""

    export: str
    arguments: list[Any]
    fuel: int


class Generated(NamedTuple):
    """A module, what it needs and what to do with it.

    imports: in order, with the module's types.  bulk: whether there is an instruction whose work depends on an operand.
    before: a module that is instantiated first, or None.
    """

    wasm: bytes
    imports: list[Import]
    types: list[tuple[Types, Types]]
    calls: list[Call]
    bulk: bool
    before: Generated | None


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
    """One module under construction. other: the shape of a module from which it imports."""

    def __init__(self, source: random.Random, other: Shape | None = None) -> None:
        self.random = source
        self.other = other
        self.deep = source.random() < 0.04
        self.shape = Shape()
        self.elem_section: list[bytes] = []
        self.data_section: list[bytes] = []

    def build(self, before: Generated | None = None) -> Generated:
        source = self.random
        shape = self.shape
        self.functions()
        self.memories()
        self.tables()
        self.globals()
        self.segments()
        weights = {name: weight * source.choice([0, 1, 1, 2, 5]) for name, weight in STEPS.items()}
        weights["plain"] += 5
        if self.deep:
            weights["loop"] = 0
            weights["call"] += 20
        budget = source.choice([5, 20, 40, 80, 80, 160, 300])
        bodies = []
        for index in range(shape.imported(0), len(shape.funcs)):
            leaf = source.random() < 0.3
            code = Body(source, shape, index, leaf, weights).generate(source.randint(1, budget))
            bodies.append(encode.unsigned(len(code)) + code)
        return Generated(self.assemble(bodies), shape.imports, shape.types, self.calls(), shape.bulk, before)

    def signature(self, most: int) -> int:
        results = random_types(self.random, self.random.choice([1, 1, 1, 2, 5]), True)
        return self.shape.type_index(random_types(self.random, most, True), results)

    def take(self, kind: int, letter: str, theirs: Sequence[Any], ours: list[Any]) -> None:
        """Import some of the exports of the other module."""
        if self.other is not None and theirs:
            for index in self.random.choices(range(len(theirs)), k=self.random.randint(0, 2)):
                ours.append(theirs[index])
                self.shape.imports.append(Import(kind, theirs[index], None, f"{letter}{index}"))

    def functions(self) -> None:
        shape = self.shape
        if self.other is not None:
            final = [i for i, index in enumerate(self.other.funcs) if index not in self.other.supertypes]
            for index in self.random.choices(final, k=self.random.randint(0, 4)) if final else []:
                shape.funcs.append(shape.type_index(*self.other.signature(index)))
                shape.imports.append(Import(0, shape.funcs[-1], None, f"f{index}"))
        hosts = self.random.choice([0, 0, 1, 2])
        few = self.random.random() < 0.4
        subtypes = self.random.random() < 0.3
        for number in range(hosts + self.random.randint(1, 6)):
            if shape.funcs and few:
                shape.funcs.append(self.random.choice(shape.funcs))
            else:
                shape.funcs.append(self.signature(self.random.choice([2, 4, 6, 14])))
            if number < hosts:
                shape.funcs[-1] = shape.type_index(*shape.signature(len(shape.funcs) - 1))
                shape.imports.append(Import(0, shape.funcs[-1]))
            elif subtypes and self.random.random() < 0.6:
                shape.funcs[-1] = shape.subtype(self.random, shape.funcs[-1])

    def memories(self) -> None:
        shape = self.shape
        if self.other is not None:
            self.take(2, "m", self.other.memories, shape.memories)
        made = self.random.choice([0, 1, 1, 1, 2, 3])
        imported = made and self.random.random() < 0.2
        for _ in range(made):
            low = self.random.choice([0, 1, 1, 1, 2])
            shape.memories.append(Memory(self.random.random() < 0.3, low, low + self.random.randint(0, 3)))
            if imported:
                shape.imports.append(Import(2, shape.memories[-1]))
                imported = False

    def tables(self) -> None:
        shape = self.shape
        if self.other is not None:
            self.take(1, "t", self.other.tables, shape.tables)
            # The indices of functions are others here.
            shape.tables = [
                table._replace(funcs=self.some_funcs(table.low) if table.element == "funcref" else [])
                for table in shape.tables
            ]
        made = self.random.choice([0, 1, 1, 2, 4])
        imported = made and self.random.random() < 0.2
        for _ in range(made):
            low = self.random.randint(0, 9)
            element = self.random.choice(["funcref", "funcref", "externref"])
            # wasmtime-py has no types of tables with 64-bit indices, so the host cannot make them.
            is_64 = self.random.random() < 0.3 and not imported
            high = low + self.random.randint(0, 5)
            funcs = self.some_funcs(low) if element == "funcref" else []
            shape.tables.append(Table(element, is_64, low, high, funcs))
            if imported:
                shape.imports.append(Import(1, shape.tables[-1]))
                imported = False

    def some_funcs(self, most: int) -> list[int]:
        return [self.random.randrange(len(self.shape.funcs)) for _ in range(self.random.randint(0, most))]

    def globals(self) -> None:
        shape = self.shape
        if self.other is not None:
            self.take(3, "g", self.other.globals, shape.globals)
        for _ in range(self.random.choice([0, 0, 0, 1, 3])):
            t = self.random.choice(NUMERIC * 2 + REFERENCES)
            shape.globals.append(Global(t, self.random.random() < 0.75, b""))
            shape.imports.append(Import(3, shape.globals[-1], values.argument(self.random, t)))
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
        for index in range(shape.imported(0), len(shape.funcs)):
            for _ in range(2):
                arguments = [values.argument(self.random, t) for t in shape.signature(index)[0]]
                fuel = DEEP_FUEL if self.deep else self.random.choice([FUEL, FUEL, 3])
                calls.append(Call(f"f{index}", arguments, fuel))
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

    def described(self, item: Import) -> bytes:
        """The description of an import."""
        of = item.item
        if item.kind == 0:
            return b"\0" + encode.unsigned(of)
        if item.kind == 1:
            return b"\1" + table_type(of)
        if item.kind == 2:
            return b"\2" + encode.limits(*memory_limits(of))
        return b"\3" + encode.valtype(of.type) + bytes([of.mutable])

    def sub(self, index: int) -> bytes:
        """What stands before the type in its section."""
        if index not in self.shape.supertypes:
            return b""
        above = self.shape.supertypes[index]
        return b"\x50" + encode.vector([] if above is None else [encode.unsigned(above)])

    def assemble(self, bodies: list[bytes]) -> bytes:
        shape = self.shape
        imported = [shape.imported(kind) for kind in range(4)]
        sections: dict[int, list[bytes]] = {
            1: [
                self.sub(index)
                + b"\x60"
                + encode.vector(map(encode.valtype, params))
                + encode.vector(map(encode.valtype, results))
                for index, (params, results) in enumerate(shape.types)
            ],
            2: [encode.name("") + encode.name(item.export) + self.described(item) for item in shape.imports],
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
    """A module, sometimes with one before it from which it imports."""
    if source.random() < 0.75:
        return Builder(source).build()
    first = Builder(source)
    return Builder(source, first.shape).build(first.build())
