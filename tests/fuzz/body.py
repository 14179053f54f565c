"""Random valid function bodies, straight to bytes.

The generator keeps the operand stack as the validator does. An instruction takes its operands from what happens to be
on the stack, or has them pushed; what is left over stays below, so that many values are alive at once. Every backward
branch takes from a counter of its loop, every call of a function that is no leaf takes from a global: all modules end.

The bits of NaNs are not determined by the specification, so where they would be seen (stores, reinterpretation,
copysign's sign) they are replaced by the canonical one.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from taipan.wasm.instructions import INSTRS, Instr
from tests.fuzz import encode, values
from tests.fuzz.shape import NUMERIC, REFERENCES, Memory, Shape, Table, Types, random_types

FEATURES = {"", "sign-extension", "saturating-float-to-int", "wide-arithmetic"}
MAX_STACK = 40
MAX_DEPTH = 7

LOCAL_GET, LOCAL_SET, LOCAL_TEE, GLOBAL_GET, GLOBAL_SET = (bytes([code]) for code in range(0x20, 0x25))
I32_CONST, I64_CONST, F32_CONST, F64_CONST = (bytes([code]) for code in range(0x41, 0x45))
CONST = {"i32": I32_CONST, "i64": I64_CONST, "f32": F32_CONST, "f64": F64_CONST}
BY_NAME = {row.name: encode.opcode(row.prefix, row.sub) for row in INSTRS}
NE = {"f32": BY_NAME["f32.ne"], "f64": BY_NAME["f64.ne"]}
NAN = {"f32": F32_CONST + bytes.fromhex("0000c07f"), "f64": F64_CONST + bytes.fromhex("000000000000f87f")}
SELECT, DROP, END, ELSE, RETURN, UNREACHABLE, NOP = (
    BY_NAME[name] for name in ("select", "drop", "end", "else", "return", "unreachable", "nop")
)
EMPTY = [
    bytes([0x41, condition, 0x04, 0x40]) + inside + END
    for condition in (0, 1)
    for inside in (b"", ELSE, BY_NAME["br"] + b"\0" + ELSE, ELSE + BY_NAME["br"] + b"\0", NOP + ELSE)
]
EMPTY += [BY_NAME["loop"] + b"\x40" + END, BY_NAME["block"] + b"\x40" + END]
EMPTY += [BY_NAME["block"] + b"\x40" + BY_NAME["br"] + b"\0" + tail + END for tail in (b"", UNREACHABLE, EMPTY[1])]
"""Blocks that do nothing, with nothing on the stack."""


BULK = {f"{kind}.{name}" for kind in ("memory", "table") for name in ("grow", "fill", "copy", "init")}


class Plain:
    """An instruction without immediates and with a fixed type."""

    def __init__(self, row: Instr) -> None:
        params, _, results = row.type.partition("->")
        self.name = row.name
        self.code = BY_NAME[row.name]
        self.params: Types = tuple(params.split())
        self.results: Types = tuple(results.split())
        self.sees_nan = "reinterpret_f" in row.name or row.name.endswith("copysign")
        self.divides = "div_" in row.name or "rem_" in row.name
        self.traps_on_floats = ".trunc_f" in row.name
        self.compares = row.anchor in ("relop", "testop")


def _plain() -> list[Plain]:
    rows = (r for r in INSTRS if r.feature in FEATURES and not r.immediates and "*" not in r.type)
    return [Plain(row) for row in rows if "addr" not in row.type and row.name != "nop"]


PLAIN = _plain()
BY_RESULT = {t: [op for op in PLAIN if op.results == (t,)] for t in NUMERIC}
COMPARES = [op for op in PLAIN if op.compares]
LOADS = [row for row in INSTRS if row.anchor.startswith("load") and not row.feature]
STORES = [row for row in INSTRS if row.anchor.startswith("store") and not row.feature]


class Frame:
    """A control frame. label: what a branch to it takes; height: operands below it; counter: of a loop, else -1."""

    def __init__(self, label: Types, results: Types, height: int, counter: int = -1) -> None:
        self.label = label
        self.results = results
        self.height = height
        self.counter = counter
        self.dead = False


class Body:
    """Generates one function. index: in the function index space; leaf: it calls nothing and takes no fuel."""

    def __init__(self, source: random.Random, shape: Shape, index: int, leaf: bool, weights: dict[str, int]) -> None:
        self.random = source
        self.shape = shape
        self.params, self.results = shape.signature(index)
        self.locals: list[str] = list(self.params)
        self.reserved: set[int] = set()
        self.scratch: dict[str, int] = {}
        self.recent: dict[str, int] = {}
        self.stack: list[str] = []
        self.frames = [Frame(self.results, self.results, 0)]
        self.out = bytearray()
        self.clean = -1
        self.leaf = leaf
        self.budget = 0
        self.steps: list[Callable[[], None]] = []
        self.weights: list[int] = []
        for step, weight in weights.items():
            if weight and not (leaf and "call" in step):
                self.steps.append(getattr(self, step))
                self.weights.append(weight)

    def generate(self, budget: int) -> bytes:
        """The entry of the code section: locals and body, without its size. budget: steps to take, roughly."""
        for _ in range(self.random.choice([0, 1, 2, 3, 4, 5, 6, 6, 15, 40])):
            self.locals.append(self.random.choice(NUMERIC * 3 + REFERENCES))
        if self.random.random() < 0.3 and self.shape.funcs:
            self.locals.append(f"ref null {self.random.choice(self.shape.funcs)}")
        self.budget = budget
        if not self.leaf:
            self.take_fuel()
        self.sequence()
        self.finish()
        self.out += END
        declared = [encode.unsigned(1) + encode.valtype(t) for t in self.locals[len(self.params) :]]
        return encode.vector(declared) + bytes(self.out)

    # --- stack ----------------------------------------------------------------------------------------------------
    def push(self, *types: str) -> None:
        self.stack.extend(types)

    def pop(self, count: int) -> None:
        """In dead code there may be fewer than `count`."""
        del self.stack[max(self.frames[-1].height, len(self.stack) - count) :]

    def above(self) -> list[str]:
        return self.stack[self.frames[-1].height :]

    def want(self, types: Types, reuse: float = 0.7) -> None:
        """Make operands of these types the topmost."""
        above = self.above()
        if self.frames[-1].dead and len(above) < len(types) and self.random.random() < 0.4:
            if tuple(above) == types[len(types) - len(above) :]:
                return
        for count in range(min(len(types), len(above)), -1, -1):
            if count == 0 or (tuple(above[len(above) - count :]) == types[:count] and self.random.random() < reuse):
                for t in types[count:]:
                    self.produce(t)
                return

    def produce(self, t: str, depth: int = 0) -> None:
        """Push one value of type `t`."""
        if t not in NUMERIC:
            self.produce_reference(t)
            return
        kind = self.random.random()
        if kind < 0.45 and self.local_get(t):
            return
        if kind < 0.55 and self.get_global(t):
            return
        if kind < 0.8 and depth < 3:
            op = self.random.choice(BY_RESULT[t])
            for operand in op.params:
                self.produce(operand, depth + 1)
            self.emit_plain(op)
            return
        self.constant(t)

    def produce_reference(self, t: str) -> None:
        kind = self.random.random()
        if kind < 0.5 and self.local_get(t):
            return
        if kind < 0.6 and self.get_global(t):
            return
        if t.startswith("ref"):
            funcs = [i for i, index in enumerate(self.shape.funcs) if index == int(t.rsplit(maxsplit=1)[-1])]
        else:
            funcs = list(range(len(self.shape.funcs))) if t == "funcref" else []
        if funcs and (kind < 0.9 or "null" not in t):
            self.out += BY_NAME["ref.func"] + encode.unsigned(self.random.choice(funcs))
        else:
            self.out += BY_NAME["ref.null"] + encode.heaptype(t)
        self.push(t)

    def local_get(self, t: str) -> bool:
        choices = [i for i, of in enumerate(self.locals) if of == t]
        if not choices:
            return False
        recent = self.recent.get(t)
        local = recent if recent is not None and self.random.random() < 0.4 else self.random.choice(choices)
        self.out += LOCAL_GET + encode.unsigned(local)
        self.push(t)
        return True

    def get_global(self, t: str) -> bool:
        choices = [i for i, of in enumerate(self.shape.globals) if of.type == t]
        if not choices:
            return False
        self.out += GLOBAL_GET + encode.unsigned(self.random.choice(choices))
        self.push(t)
        return True

    def constant(self, t: str, value: int | None = None) -> None:
        self.out += CONST[t]
        bits = int(t[1:])
        if t[0] == "i":
            self.out += encode.signed(values.integer(self.random, bits) if value is None else value)
        else:
            self.out += values.float_bits(self.random, bits).to_bytes(bits // 8, "little")
            self.clean = len(self.out)
        self.push(t)

    def recent_type(self, local: int) -> str:
        """The type of a local, which is now the one that is likely to be read soon."""
        t = self.locals[local]
        self.recent[t] = local
        return t

    def new_local(self, t: str) -> int:
        self.locals.append(t)
        return len(self.locals) - 1

    def hide_nan(self) -> None:
        """Make the float on top canonical if it is a NaN, unless its bits are known to be determined."""
        t = self.above()[-1:]
        if self.clean == len(self.out) or not t:
            return
        local = self.scratch.get(t[0])
        if local is None:
            local = self.scratch[t[0]] = self.new_local(t[0])
        get = LOCAL_GET + encode.unsigned(local)
        self.out += LOCAL_SET + encode.unsigned(local) + NAN[t[0]] + get + get + get + NE[t[0]] + SELECT
        self.clean = len(self.out)

    def emit_plain(self, op: Plain) -> None:
        if op.sees_nan:
            self.hide_nan()
        if op.divides and self.random.random() < 0.9:
            self.avoid_zero(op.params[1])
        self.out += op.code
        self.pop(len(op.params))
        self.push(*op.results)
        if ".convert_i" in op.name or ".reinterpret_i" in op.name:
            self.clean = len(self.out)

    def avoid_zero(self, t: str) -> None:
        """Change the divisor on top."""
        if self.random.random() < 0.5:
            self.constant(t, 1)
            self.out += BY_NAME[f"{t}.or"]
        else:
            self.out += DROP
            self.pop(1)
            self.push(t)
            self.constant(t, values.integer(self.random, int(t[1:])) or 3)
        self.pop(1)

    # --- straight code --------------------------------------------------------------------------------------------
    def plain(self) -> None:
        op = self.random.choice(PLAIN)
        if op.traps_on_floats and self.random.random() < 0.8:
            self.tame_trunc(op)
            return
        self.want(op.params)
        self.emit_plain(op)

    def tame_trunc(self, op: Plain) -> None:
        """A conversion that does not trap: of a number that was an integer."""
        self.want(("i32",))
        bits = self.random.choice([8, 15, 24, 31])
        self.constant("i32", (1 << bits) - 1)
        self.out += BY_NAME["i32.and"] + BY_NAME[f"{op.params[0]}.convert_i32_u"] + op.code
        self.pop(2)
        self.push(*op.results)

    def copysign(self) -> None:
        t = self.random.choice(("f32", "f64"))
        self.want((t, t))
        self.hide_nan()
        self.out += BY_NAME[f"{t}.copysign"]
        self.pop(2)
        self.push(t)

    def const(self) -> None:
        self.constant(self.random.choice(NUMERIC))

    def get(self) -> None:
        if self.locals:
            local = self.random.randrange(len(self.locals))
            self.out += LOCAL_GET + encode.unsigned(local)
            self.push(self.locals[local])

    def set(self) -> None:
        free = [i for i in range(len(self.locals)) if i not in self.reserved]
        if not free:
            return
        local = self.random.choice(free)
        t = self.recent_type(local)
        self.want((t,))
        if self.random.random() < 0.4:
            self.out += LOCAL_TEE + encode.unsigned(local)
            self.pop(1)
            self.push(t)
        else:
            self.out += LOCAL_SET + encode.unsigned(local)
            self.pop(1)

    def update(self) -> None:
        """local = local op operand, which compilers like to do in place."""
        free = [i for i, t in enumerate(self.locals) if i not in self.reserved and t in NUMERIC]
        if not free:
            return
        local = self.random.choice(free)
        t = self.recent_type(local)
        op = self.random.choice([op for op in BY_RESULT[t] if op.params == (t, t)])
        get = LOCAL_GET + encode.unsigned(local)
        mine = self.random.random()
        if mine < 0.6:
            self.out += get
            self.push(t)
        self.produce(t, 1)
        if mine >= 0.6:
            if mine < 0.9:
                self.out += get
                self.push(t)
            else:
                self.produce(t, 1)
        self.emit_plain(op)
        self.out += LOCAL_SET + encode.unsigned(local)
        self.pop(1)

    def update_of(self, local: int) -> None:
        """local = local op operand, for an i32; sometimes the result of a comparison."""
        ops = [op for op in BY_RESULT["i32"] if op.params == ("i32", "i32")]
        self.out += LOCAL_GET + encode.unsigned(local)
        self.push("i32")
        if self.random.random() < 0.6:
            self.constant("i32")
        else:
            self.produce("i32", 2)
        self.emit_plain(self.random.choice(ops))
        self.out += LOCAL_SET + encode.unsigned(local)
        self.pop(1)

    def join(self) -> None:
        """A local that only one of two ways changes, and that is a condition where they meet."""
        free = [i for i, t in enumerate(self.locals) if i not in self.reserved and t == "i32"]
        local = self.random.choice(free) if free else self.new_local("i32")
        chosen = self.random.random() < 0.4
        if chosen:
            t = self.random.choice(NUMERIC)
            self.produce(t)
            self.produce(t)
        block = self.random.random() < 0.5
        self.out += BY_NAME["block"] + b"\x40" if block else b""
        self.produce("i32", 2)
        self.out += BY_NAME["br_if"] + b"\0" if block else BY_NAME["if"] + b"\x40"
        self.pop(1)
        self.update_of(local)
        if not block and self.random.random() < 0.3:
            self.out += ELSE
            self.update_of(local)
        self.out += END + LOCAL_GET + encode.unsigned(local)
        self.push("i32")
        if chosen:
            self.out += SELECT
            self.pop(2)
        elif self.random.random() < 0.5:
            self.if_else()
        else:
            self.out += BY_NAME["if"] + b"\x40"
            self.pop(1)
            self.update()
            self.out += END

    def overlap(self) -> None:
        """Values of a local that are still on the stack when it gets another, after which all are used."""
        free = [i for i, t in enumerate(self.locals) if i not in self.reserved and t in NUMERIC]
        if not free:
            return
        local = self.random.choice(free)
        t = self.recent_type(local)
        index = encode.unsigned(local)
        count = self.random.choice([1, 1, 1, 2, 3])
        for _ in range(count):
            self.out += LOCAL_GET + index
            self.push(t)
        kind = self.random.random()
        conditional = kind < 0.3
        if conditional:
            self.produce("i32", 2)
            self.out += BY_NAME["if"] + b"\x40"
            self.pop(1)
        self.produce(t, 1)
        if conditional or kind < 0.6:
            self.out += LOCAL_SET + index
            self.pop(1)
        else:
            self.out += LOCAL_TEE + index
            count += 1
        if conditional:
            self.out += END
        ops = [op for op in BY_RESULT[t] if op.params == (t, t) and not op.divides]
        for _ in range(count - 1):
            self.emit_plain(self.random.choice(ops))

    def globals(self) -> None:
        choices = [i for i, of in enumerate(self.shape.globals) if of.mutable and i != self.shape.fuel]
        if not choices:
            return
        index = self.random.choice(choices)
        self.want((self.shape.globals[index].type,))
        self.out += GLOBAL_SET + encode.unsigned(index)
        self.pop(1)

    def nop(self) -> None:
        self.out += NOP

    def behind_empty(self, name: str) -> bytes:
        """The instruction, sometimes right behind a block without contents, or one that only leaves itself."""
        code = BY_NAME[name]
        self.shape.bulk |= name in BULK
        if self.random.random() < 0.1:
            for _ in range(self.random.choice([1, 1, 2])):
                code = self.random.choice(EMPTY) + code
        return code

    def drop(self) -> None:
        if self.above():
            self.discard()

    def discard(self) -> None:
        """Take the topmost operand away, where possible to where it is seen."""
        t = self.above()[-1]
        sinks = [i for i, of in enumerate(self.shape.globals) if of.type == t and of.mutable and i != self.shape.fuel]
        if sinks and self.random.random() < 0.6:
            self.out += GLOBAL_SET + encode.unsigned(self.random.choice(sinks))
        else:
            self.out += DROP
        self.pop(1)

    def select(self) -> None:
        t = self.random.choice(NUMERIC * 2 + REFERENCES)
        self.want((t, t, "i32"))
        if t in NUMERIC and self.random.random() < 0.7:
            self.out += SELECT
        else:
            self.out += BY_NAME["select_t"] + b"\x01" + encode.valtype(t)
        self.pop(3)
        self.push(t)

    # --- memory ---------------------------------------------------------------------------------------------------
    def some_memory(self) -> int:
        count = len(self.shape.memories)
        return 0 if self.random.random() < 0.5 else self.random.randrange(count)

    def address(self, t: str, mask: int, reuse: bool = False) -> None:
        """Push an address or index that mostly lies below `mask` + 1 (a power of two).

        reuse: it may be made of what is on the stack.
        """
        kind = self.random.random()
        if kind < 0.25:
            self.constant(t, self.random.randint(0, mask))
        elif kind < 0.97:
            self.want((t,), 0.7 if reuse else 0)
            self.constant(t, mask)
            self.out += BY_NAME[f"{t}.and"]
            self.pop(2)
            self.push(t)
        elif kind < 0.985:
            edge = self.random.choice(values.BULK_EDGES)
            self.constant(t, edge - (edge >> 31 << 32) if t == "i32" else edge)
        else:
            self.produce(t)

    def memarg(self, row: Instr, index: int, memory: Memory) -> bytes:
        kind = self.random.random()
        if kind < 0.4:
            offset = 0
        elif kind < 0.8:
            offset = self.random.randrange(64)
        elif kind < 0.985:
            offset = self.random.randrange(0x8000)
        else:
            offset = self.random.getrandbits(self.random.randint(17, 64 if memory.is_64 else 32))
        align = self.random.randint(0, row.width.bit_length() - 1)
        if index:
            return encode.unsigned(align | 0x40) + encode.unsigned(index) + encode.unsigned(offset)
        return encode.unsigned(align) + encode.unsigned(offset)

    def load(self) -> None:
        if not self.shape.memories:
            return
        row = self.random.choice(LOADS)
        index = self.some_memory()
        memory = self.shape.memories[index]
        self.address(memory.address, 0x7FFF, True)
        self.out += self.behind_empty(row.name) + self.memarg(row, index, memory)
        self.pop(1)
        self.push(row.type.split()[-1])
        self.clean = len(self.out)

    def store(self) -> None:
        if not self.shape.memories:
            return
        row = self.random.choice(STORES)
        index = self.some_memory()
        memory = self.shape.memories[index]
        t = row.type.split()[1]
        self.address(memory.address, 0x7FFF, True)
        self.produce(t)
        if t[0] == "f":
            self.hide_nan()
        self.out += self.behind_empty(row.name) + self.memarg(row, index, memory)
        self.pop(2)

    def memory_bulk(self) -> None:
        if not self.shape.memories:
            return
        index = self.some_memory()
        memory = self.shape.memories[index]
        t = memory.address
        kind = self.random.randrange(6)
        if kind == 0:
            self.out += self.behind_empty("memory.size") + encode.unsigned(index)
            self.push(t)
        elif kind == 1:
            self.address(t, 3, True)
            self.out += self.behind_empty("memory.grow") + encode.unsigned(index)
            self.pop(1)
            self.push(t)
        elif kind == 2:
            self.address(t, 0x7FFF, True)
            self.produce("i32")
            self.address(t, 0xFF)
            self.out += self.behind_empty("memory.fill") + encode.unsigned(index)
            self.pop(3)
        elif kind == 3:
            other = self.random.randrange(len(self.shape.memories))
            from_64 = self.shape.memories[other].is_64
            self.address(t, 0x7FFF, True)
            self.address("i64" if from_64 else "i32", 0x7FFF)
            self.address("i64" if from_64 and memory.is_64 else "i32", 0x1FF)
            self.out += self.behind_empty("memory.copy") + encode.unsigned(index) + encode.unsigned(other)
            self.pop(3)
        elif self.shape.datas:
            segment = self.random.randrange(len(self.shape.datas))
            if kind == 4 or self.random.random() < 0.7:
                self.address(t, 0x7FFF, True)
                self.address("i32", 15)
                self.address("i32", 15)
                self.out += self.behind_empty("memory.init") + encode.unsigned(segment) + encode.unsigned(index)
                self.pop(3)
            else:
                self.out += self.behind_empty("data.drop") + encode.unsigned(segment)

    # --- tables and references ------------------------------------------------------------------------------------
    def some_table(self, element: str = "") -> tuple[int, Table] | None:
        choices = [(i, table) for i, table in enumerate(self.shape.tables) if element in ("", table.element)]
        return self.random.choice(choices) if choices else None

    def table_ops(self) -> None:
        found = self.some_table()
        if found is None:
            return
        index, table = found
        at = encode.unsigned(index)
        t = table.address
        kind = self.random.randrange(9)
        if kind <= 1:
            self.address(t, 7, True)
            self.out += self.behind_empty("table.get") + at
            self.pop(1)
            self.push(table.element)
        elif kind == 2:
            self.address(t, 7, True)
            self.produce(table.element)
            self.out += self.behind_empty("table.set") + at
            self.pop(2)
        elif kind == 3:
            self.out += self.behind_empty("table.size") + at
            self.push(t)
        elif kind == 4:
            self.produce(table.element)
            self.address(t, 3)
            self.out += self.behind_empty("table.grow") + at
            self.pop(2)
            self.push(t)
        elif kind == 5:
            self.address(t, 7, True)
            self.produce(table.element)
            self.address(t, 3)
            self.out += self.behind_empty("table.fill") + at
            self.pop(3)
        elif kind == 6:
            self.table_copy(index, table)
        else:
            self.table_init(index, table)

    def table_copy(self, index: int, table: Table) -> None:
        found = self.some_table(table.element)
        assert found is not None
        other, origin = found
        self.address(table.address, 7, True)
        self.address(origin.address, 7)
        self.address("i64" if table.is_64 and origin.is_64 else "i32", 3)
        self.out += self.behind_empty("table.copy") + encode.unsigned(index) + encode.unsigned(other)
        self.pop(3)

    def table_init(self, index: int, table: Table) -> None:
        segments = [i for i, elem in enumerate(self.shape.elems) if elem.element == table.element]
        if not segments:
            return
        segment = encode.unsigned(self.random.choice(segments))
        if self.random.random() < 0.1:
            self.out += self.behind_empty("elem.drop") + segment
            return
        self.address(table.address, 7, True)
        self.address("i32", 3)
        self.address("i32", 3)
        self.out += self.behind_empty("table.init") + segment + encode.unsigned(index)
        self.pop(3)

    def references(self) -> None:
        t = self.random.choice(REFERENCES)
        kind = self.random.randrange(4)
        if kind == 0:
            self.produce_reference(t)
        elif kind == 1:
            self.want((t,))
            self.out += self.behind_empty("ref.is_null")
            self.pop(1)
            self.push("i32")
        elif len(self.frames) > 1 or kind == 2:
            self.branch_on_null(t)

    def branch_on_null(self, t: str) -> None:
        """The reference that one of the two leaves on the stack is dropped."""
        depth = self.random.randrange(len(self.frames))
        target = self.frames[-1 - depth]
        if target.counter >= 0:
            return
        label = target.label
        if label[-1:] == (t,):
            label = label[:-1]
            self.want((*label, t), 0.3)
            self.out += BY_NAME["br_on_non_null"] + encode.unsigned(depth)
        else:
            self.want((*label, t), 0.3)
            self.out += BY_NAME["br_on_null"] + encode.unsigned(depth) + DROP
        self.pop(1)
        self.after_conditional(label)

    # --- calls ----------------------------------------------------------------------------------------------------
    def some_func(self, tail: bool) -> int:
        """A function that may be called, for tail calls one with fitting results; -1 if there is none."""
        results = self.results
        choices = [i for i in range(len(self.shape.funcs)) if not tail or self.shape.signature(i)[1] == results]
        return self.random.choice(choices) if choices else -1

    def after_call(self, params: Types, results: Types, tail: bool) -> None:
        self.pop(len(params))
        if tail:
            self.die()
        else:
            self.push(*results)

    def call(self) -> None:
        self.call_func(False)

    def tail_call(self) -> None:
        if self.random.random() < 0.4 and not self.frames[-1].dead and len(self.frames) > 1:
            self.call_func(True)

    def call_func(self, tail: bool) -> None:
        func = self.some_func(tail)
        if func < 0:
            return
        params, results = self.shape.signature(func)
        kind = self.random.random()
        prefix = "return_" if tail else ""
        typed = encode.unsigned(self.shape.funcs[func])
        if kind < 0.55:
            self.want(params)
            self.out += BY_NAME[prefix + "call"] + encode.unsigned(func)
        elif kind < 0.7:
            if kind < 0.62:
                self.want(params)
                self.out += BY_NAME["ref.func"] + encode.unsigned(func)
            else:
                self.want((*params, f"ref null {self.shape.funcs[func]}"))
                self.pop(1)
                if self.random.random() < 0.3:
                    self.out += BY_NAME["ref.as_non_null"]
            self.out += BY_NAME[prefix + "call_ref"] + typed
        else:
            found = self.some_table("funcref")
            if found is None:
                return
            index, table = found
            self.want(params)
            if func in table.funcs and self.random.random() < 0.8:
                self.constant(table.address, table.funcs.index(func))
            else:
                self.address(table.address, 7)
            expected = encode.unsigned(self.shape.some_supertype(self.random, self.shape.funcs[func]))
            self.out += self.behind_empty(prefix + "call_indirect") + expected + encode.unsigned(index)
            self.pop(1)
        self.after_call(params, results, tail)

    # --- control --------------------------------------------------------------------------------------------------
    def take_fuel(self) -> None:
        """Return some constants if there is no fuel left, else take one."""
        fuel = encode.unsigned(self.shape.fuel)
        self.out += GLOBAL_GET + fuel + BY_NAME["i32.eqz"] + BY_NAME["if"] + b"\x40"
        self.leave_now()
        self.out += END + GLOBAL_GET + fuel + I32_CONST + b"\x01" + BY_NAME["i32.sub"] + GLOBAL_SET + fuel

    def leave_now(self) -> None:
        """Return constants; the stack of the generator does not change."""
        before = len(self.stack)
        if any(t.startswith("ref ") and "null" not in t for t in self.results) or self.random.random() < 0.1:
            self.out += UNREACHABLE
            return
        for t in self.results:
            if t in NUMERIC:
                self.constant(t)
            else:
                self.out += BY_NAME["ref.null"] + encode.heaptype(t)
        self.out += RETURN
        del self.stack[before:]

    def die(self) -> None:
        frame = self.frames[-1]
        frame.dead = True
        del self.stack[frame.height :]

    def block_type(self, params: Types, results: Types) -> bytes:
        if not params and not results and self.random.random() < 0.9:
            return b"\x40"
        if not params and len(results) == 1 and self.random.random() < 0.9:
            return encode.valtype(results[0])
        return encode.signed(self.shape.type_index(params, results))

    def some_block(self) -> tuple[Types, Types]:
        """Parameters, which are on the stack, and results of a new block."""
        above = self.above()
        count = self.random.choice([0, 0, 0, 1, 2, 3])
        params = tuple(above[len(above) - count :]) if count and len(above) >= count else ()
        results = random_types(self.random, self.random.choice([0, 1, 1, 2, 4]), True)
        return params, results

    def enter(self, frame: Frame) -> None:
        self.frames.append(frame)

    def leave(self) -> None:
        """Close the innermost frame and push its results."""
        self.finish()
        frame = self.frames.pop()
        self.out += END
        del self.stack[frame.height :]
        self.push(*frame.results)

    def too_deep(self) -> bool:
        return len(self.frames) > MAX_DEPTH

    def block(self) -> None:
        if self.too_deep():
            return
        params, results = self.some_block()
        self.out += BY_NAME["block"] + self.block_type(params, results)
        self.enter(Frame(results, results, len(self.stack) - len(params)))
        self.sequence()
        self.leave()

    def if_else(self) -> None:
        if self.too_deep():
            return
        self.want(("i32",))
        self.pop(1)
        params, results = self.some_block()
        without = self.random.random() < 0.3
        if without:
            results = params
        self.out += BY_NAME["if"] + self.block_type(params, results)
        height = len(self.stack) - len(params)
        self.enter(Frame(results, results, height))
        self.sequence()
        if not without:
            self.finish()
            self.out += ELSE
            del self.stack[height:]
            self.push(*params)
            self.frames[-1].dead = False
            self.clean = -1
            if self.random.random() < 0.8:
                self.sequence()
        self.leave()

    def loop(self) -> None:
        if self.too_deep():
            return
        params, results = self.some_block()
        counter = self.new_local("i32")
        self.reserved.add(counter)
        self.out += I32_CONST + encode.signed(self.random.randint(1, 6)) + LOCAL_SET + encode.unsigned(counter)
        self.out += BY_NAME["loop"] + self.block_type(params, results)
        self.enter(Frame(params, results, len(self.stack) - len(params), counter))
        self.sequence()
        if not self.frames[-1].dead:
            self.want(params)
            self.count_down(counter)
            self.out += BY_NAME["br_if"] + b"\0"
        self.leave()

    def count_down(self, counter: int) -> None:
        """Emit a condition that is true a few times; the stack of the generator does not have it."""
        local = encode.unsigned(counter)
        self.out += LOCAL_GET + local + I32_CONST + b"\x01" + BY_NAME["i32.sub"] + LOCAL_TEE + local
        if self.random.random() < 0.7:
            self.out += I32_CONST + b"\0" + BY_NAME["i32.gt_s"]
        else:
            self.out += I32_CONST + b"\x7f" + BY_NAME["i32.xor"] + I32_CONST + b"\x1f" + BY_NAME["i32.shr_u"]

    def spend(self, frame: Frame) -> None:
        """Before a branch to `frame`: leave the function if it is a loop that went round too often."""
        if frame.counter < 0:
            return
        local = encode.unsigned(frame.counter)
        self.out += LOCAL_GET + local + I32_CONST + b"\0" + BY_NAME["i32.le_s"] + BY_NAME["if"] + b"\x40"
        self.leave_now()
        self.out += END + LOCAL_GET + local + I32_CONST + b"\x01" + BY_NAME["i32.sub"] + LOCAL_SET + local

    def branch(self) -> None:
        depth = self.random.randrange(len(self.frames))
        target = self.frames[-1 - depth]
        kind = self.random.random()
        if kind < 0.6:
            self.want(target.label)
            if target.counter >= 0:
                self.count_down(target.counter)
                self.push("i32")
            elif self.random.random() < 0.4:
                self.compare()
            else:
                self.produce("i32")
            self.out += BY_NAME["br_if"] + encode.unsigned(depth)
            self.pop(1)
            self.after_conditional(target.label)
        elif kind < 0.85:
            self.branch_table(target)
        elif len(self.frames) > 1:
            self.want(target.label)
            self.spend(target)
            if depth == len(self.frames) - 1 and self.random.random() < 0.5:
                self.out += RETURN
            else:
                self.out += BY_NAME["br"] + encode.unsigned(depth)
            self.die()

    def compare(self) -> None:
        op = self.random.choice(COMPARES)
        for t in op.params:
            self.produce(t, 2)
        self.emit_plain(op)

    def after_conditional(self, label: Types) -> None:
        """Behind br_if in dead code operands that were not there are there."""
        if self.frames[-1].dead and len(self.above()) < len(label):
            self.pop(len(label))
            self.push(*label)

    def branch_table(self, default: Frame) -> None:
        if len(self.frames) == 1:
            return
        same = [i for i, frame in enumerate(reversed(self.frames)) if frame.label == default.label]
        targets = [self.random.choice(same) for _ in range(self.random.choice([0, 1, 2, 3, 6, 20]) + 1)]
        self.want(default.label)
        for depth in set(targets):
            self.spend(self.frames[-1 - depth])
        self.address("i32", 7)
        self.out += BY_NAME["br_table"] + encode.vector(map(encode.unsigned, targets[1:]))
        self.out += encode.unsigned(targets[0])
        self.die()

    def stop(self) -> None:
        if len(self.frames) > 1 and self.random.random() < 0.1:
            self.out += UNREACHABLE
            self.die()

    def sequence(self) -> None:
        """The inside of the innermost frame, up to what `finish` adds."""
        steps = self.random.choice([1, 1, 2, 3, 5, 8, 14]) if len(self.frames) > 1 else self.budget
        while steps > 0 and self.budget > 0:
            steps -= 1
            self.budget -= 1
            if self.frames[-1].dead and self.random.random() < 0.6:
                return
            if len(self.stack) > MAX_STACK:
                self.drop()
            self.random.choices(self.steps, self.weights)[0]()

    def finish(self) -> None:
        """Leave exactly the results of the innermost frame on the stack."""
        frame = self.frames[-1]
        above = self.above()
        results = frame.results
        if frame.dead and len(above) <= len(results) and tuple(above) == results[len(results) - len(above) :]:
            return
        if not frame.dead and frame.counter < 0 and above != list(results) and self.random.random() < 0.4:
            self.want(results)
            self.out += RETURN if len(self.frames) == 1 and self.random.random() < 0.5 else BY_NAME["br"] + b"\0"
            self.die()
            return
        while above != list(results[: len(above)]):
            self.discard()
            above = self.above()
        for t in results[len(above) :]:
            self.produce(t)
