"""Random modules that move externrefs about, and a Python model that says which objects must be alive.

A program is a tree: `Emitter` writes it as wasm text, `Machine` runs it. Both meet the same host functions in the same
order; objects are numbered as `make` creates them. In the model frames hold the values of all locals that the
function uses at all, and the operands on its stack.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

NUM_GLOBALS: Final = 2
TABLE_SIZE: Final = 3
MAX_STEPS: Final = 1500
Node = tuple[Any, ...]

IMPORTS: Final = """
(import "" "make" (func $make (result externref)))
(import "" "pair" (func $pair (result externref externref)))
(import "" "gc" (func $gc))
(import "" "observe" (func $observe (param externref)))
(import "" "pass" (func $pass (param externref) (result externref)))
(import "" "second" (func $second (param externref externref) (result externref)))
(import "" "enter" (func $enter (param i32 externref) (result externref)))
(import "" "attempt" (func $attempt (param externref)))
"""


class Function:
    """params: how many externref parameters follow the i32.  result: an expression or a tail call."""

    def __init__(self, params: int, num_locals: int) -> None:
        self.params = params
        self.num_locals = num_locals
        self.body: list[Node] = []
        self.result: Node = ("null",)

    def used(self) -> set[int]:
        """Externref locals that reachable code mentions: others have no place in the frame."""
        found: set[int] = set()

        def look(node: Any) -> None:
            if isinstance(node, list):
                for item in node:
                    look(item)
            elif isinstance(node, tuple) and node and node[0] != "dead":
                if node[0] in ("get", "tee", "set"):
                    found.add(node[1])
                for item in node[1:]:
                    look(item)

        look([*self.body, self.result])
        return found


class Generator:
    """Functions call only functions with higher numbers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        count = self.random.randint(1, 5)
        self.functions = [
            Function(self.random.choice((0, 1, 2, 3, 6)), self.random.randint(0, 4)) for _ in range(count)
        ]
        for number, function in enumerate(self.functions):
            self.number, self.function = number, function
            function.body = self.statements(0, 6)
            function.result = self.result()

    def result(self) -> Node:
        if self.number + 1 < len(self.functions) and self.random.random() < 0.3:
            callee = self.random.randrange(self.number + 1, len(self.functions))
            return ("tail", callee, [self.expression(2) for _ in range(self.functions[callee].params)])
        return self.expression(1)

    def statements(self, depth: int, most: int) -> list[Node]:
        return [self.statement(depth) for _ in range(self.random.randint(0, most))]

    def local(self) -> int | None:
        total = self.function.params + self.function.num_locals
        return self.random.randrange(total) if total else None

    def statement(self, depth: int) -> Node:
        pick, bit = self.random.randrange(15), self.random.randrange(32)
        local = self.local()
        if pick < 4 and local is not None:
            return ("set", local, self.expression(depth + 1))
        if pick < 6:
            return ("gc",)
        if pick < 8:
            return ("observe", self.expression(depth + 1))
        if pick == 8:
            return ("gset", self.random.randrange(NUM_GLOBALS), self.expression(depth + 1))
        if pick == 9:
            return ("tset", self.random.randrange(TABLE_SIZE), self.expression(depth + 1))
        if pick == 10 and depth < 3:
            return ("if", bit, self.statements(depth + 1, 3), self.statements(depth + 1, 3))
        if pick == 11 and depth < 2:
            return ("loop", self.random.randint(1, 3), self.statements(depth + 1, 3))
        if pick == 12:
            return ("dead", self.random.choice(("br 0", "unreachable")), local or 0)
        if pick == 13:
            return ("fill", self.expression(depth + 1)) if bit % 2 else ("copy", self.random.randrange(TABLE_SIZE))
        if pick == 14 and depth < 2:
            return ("attempt", self.expression(depth + 1))
        return ("drop", self.expression(depth + 1))

    def expression(self, depth: int) -> Node:
        pick, bit = self.random.randrange(22 if depth < 4 else 7), self.random.randrange(32)
        local = self.local()
        if pick < 3 and local is not None:
            return ("get", local)
        if pick < 5:
            return ("make",)
        if pick == 5:
            return ("gget", self.random.randrange(NUM_GLOBALS))
        if pick == 6:
            return ("tget", self.random.randrange(TABLE_SIZE)) if bit % 4 else ("null",)
        deeper = depth + 1
        if pick == 7:
            return ("pass", self.expression(deeper))
        if pick == 8 and local is not None:
            return ("tee", local, self.expression(deeper))
        if pick == 9:
            return ("select", bit, self.expression(deeper), self.expression(deeper))
        if pick == 10:
            statements = self.statements(deeper, 2)
            return ("early", bit, statements, self.expression(deeper), self.expression(deeper))
        if pick == 11:
            arms = [(self.statements(deeper, 2), self.expression(deeper)) for _ in range(2)]
            return ("choose", bit, *(item for arm in arms for item in arm))
        if pick == 12:
            return ("switch", bit, self.expression(deeper), self.expression(deeper))
        if pick == 13:
            return ("pair",) if bit % 2 else ("both", self.expression(deeper), self.statements(deeper, 2))
        if pick == 14:
            return ("carry", self.random.randint(1, 3), self.expression(deeper), self.statements(deeper, 1))
        if pick == 15:
            return ("enter", self.expression(deeper))
        if pick in (16, 17):
            return ("unless_null", pick == 16, self.expression(deeper), self.statements(deeper, 1))
        if pick == 18:
            return ("several", bit % 31, *(self.expression(deeper) for _ in range(4)))
        if self.number + 1 < len(self.functions):
            callee = self.random.randrange(self.number + 1, len(self.functions))
            arguments = [self.expression(deeper) for _ in range(self.functions[callee].params)]
            return ("indirect" if pick == 19 else "call", callee, arguments)
        return ("make",)


class Emitter:
    """Local 0 is the i32 `bits`; then parameters, locals, and loop counters."""

    def __init__(self, functions: list[Function]) -> None:
        self.functions = functions

    def module(self) -> str:
        parts = [IMPORTS, f"(table $t {TABLE_SIZE} externref)"]
        parts += [f"(global $g{i} (mut externref) (ref.null extern))" for i in range(NUM_GLOBALS)]
        parts.append(f"(table $f funcref (elem {' '.join(f'$f{i}' for i in range(len(self.functions)))}))")
        parts.append(
            """(func $two (param externref) (result externref externref) (call $gc) (call $make) (local.get 0))
            (func (export "boom") (param externref) (local externref)
              (local.set 1 (call $make)) (call $gc)
              (call $observe (local.get 0)) (call $pass (local.get 1)) unreachable)"""
        )
        return "(module " + "\n".join([*parts, *(self.func(i, f) for i, f in enumerate(self.functions))]) + ")"

    def func(self, number: int, function: Function) -> str:
        self.function, self.counters, self.open = function, 0, 0
        lines = [*(line for node in function.body for line in self.emit(node)), *self.emit(function.result)]
        types = " ".join(["i32"] + ["externref"] * function.params)
        local = " ".join(["externref"] * function.num_locals + ["i32"] * self.counters)
        head = f'(func $f{number} (export "f{number}") (param {types}) (result externref) (local {local})'
        return "\n".join([head, *lines, ")"])

    def counter(self) -> int:
        self.counters += 1
        return self.function.params + self.function.num_locals + self.counters

    def bit(self, bit: int) -> str:
        return f"local.get 0 i32.const {bit} i32.shr_u i32.const 1 i32.and"

    def all(self, nodes: list[Node]) -> list[str]:
        return [line for node in nodes for line in self.emit(node)]

    def call(self, callee: int, arguments: list[Node]) -> list[str]:
        return [f"local.get 0 i32.const 5 i32.mul i32.const {callee} i32.add", *self.all(arguments)]

    def emit(self, node: Node) -> list[str]:
        kind, *rest = node
        emitted: list[str] = getattr(self, "emit_" + kind)(*rest)
        return emitted

    def emit_get(self, local: int) -> list[str]:
        return [f"local.get {local + 1}"]

    def emit_null(self) -> list[str]:
        return ["ref.null extern"]

    def emit_make(self) -> list[str]:
        return ["call $make"]

    def emit_gget(self, index: int) -> list[str]:
        return [f"global.get $g{index}"]

    def emit_tget(self, index: int) -> list[str]:
        return [f"i32.const {index} table.get $t"]

    def emit_pass(self, value: Node) -> list[str]:
        return [*self.emit(value), "call $pass"]

    def emit_tee(self, local: int, value: Node) -> list[str]:
        return [*self.emit(value), f"local.tee {local + 1}"]

    def emit_select(self, bit: int, a: Node, b: Node) -> list[str]:
        return [*self.emit(a), *self.emit(b), self.bit(bit), "select (result externref)"]

    def emit_early(self, bit: int, statements: list[Node], early: Node, late: Node) -> list[str]:
        head = ["block (result externref)", *self.all(statements), *self.emit(early), self.bit(bit), "br_if 0 drop"]
        return [*head, *self.emit(late), "end"]

    def emit_choose(self, bit: int, s1: list[Node], e1: Node, s2: list[Node], e2: Node) -> list[str]:
        yes, no = [*self.all(s1), *self.emit(e1)], [*self.all(s2), *self.emit(e2)]
        return [self.bit(bit), "if (result externref)", *yes, "else", *no, "end"]

    def emit_switch(self, bit: int, below: Node, value: Node) -> list[str]:
        head = [*self.emit(below), "block (result externref) block (result externref)", *self.emit(value)]
        return [*head, self.bit(bit), "br_table 0 1 end call $pass end call $second"]

    def emit_pair(self) -> list[str]:
        return ["call $pair call $second"]

    def emit_both(self, value: Node, statements: list[Node]) -> list[str]:
        return [*self.emit(value), "call $two", *self.all(statements), "call $second"]

    def emit_carry(self, times: int, value: Node, statements: list[Node]) -> list[str]:
        counter = self.counter()
        head = [f"i32.const {times} local.set {counter}", *self.emit(value)]
        head += ["loop (param externref) (result externref)", *self.all(statements), "call $pass"]
        return [*head, f"local.get {counter} i32.const 1 i32.sub local.tee {counter} br_if 0 end"]

    def emit_unless_null(self, inverted: bool, value: Node, statements: list[Node]) -> list[str]:
        if inverted:
            lines = ["block (result externref)", *self.emit(value), "br_on_non_null 0", *self.all(statements)]
            return [*lines, "call $make end"]
        lines = ["block (result externref) block", *self.emit(value), "br_on_null 0", *self.all(statements)]
        return [*lines, "br 1 end call $make end"]

    def emit_several(self, bit: int, a: Node, b: Node, c: Node, d: Node) -> list[str]:
        """Two results, by a branch, a branch table or falling to the end."""
        types = "(result externref externref)"
        lines = [f"block {types} block {types}", *self.emit(a), *self.emit(b), self.bit(bit), "br_if 1 drop"]
        lines += [*self.emit(c), self.bit(bit + 1), "br_table 0 1 end drop", *self.emit(d), "end call $second"]
        return lines

    def emit_enter(self, value: Node) -> list[str]:
        return ["local.get 0", *self.emit(value), "call $enter"]

    def emit_call(self, callee: int, arguments: list[Node]) -> list[str]:
        return [*self.call(callee, arguments), f"call $f{callee}"]

    def emit_indirect(self, callee: int, arguments: list[Node]) -> list[str]:
        types = " ".join(["i32"] + ["externref"] * len(arguments))
        lines = self.call(callee, arguments)
        return [*lines, f"i32.const {callee} call_indirect $f (param {types}) (result externref)"]

    def emit_tail(self, callee: int, arguments: list[Node]) -> list[str]:
        return [*self.call(callee, arguments), f"return_call $f{callee}"]

    def emit_set(self, local: int, value: Node) -> list[str]:
        return [*self.emit(value), f"local.set {local + 1}"]

    def emit_gc(self) -> list[str]:
        return ["call $gc"]

    def emit_observe(self, value: Node) -> list[str]:
        return [*self.emit(value), "call $observe"]

    def emit_attempt(self, value: Node) -> list[str]:
        return [*self.emit(value), "call $attempt"]

    def emit_drop(self, value: Node) -> list[str]:
        return [*self.emit(value), "drop"]

    def emit_gset(self, index: int, value: Node) -> list[str]:
        return [*self.emit(value), f"global.set $g{index}"]

    def emit_tset(self, index: int, value: Node) -> list[str]:
        return [f"i32.const {index}", *self.emit(value), "table.set $t"]

    def emit_fill(self, value: Node) -> list[str]:
        return ["i32.const 1", *self.emit(value), "i32.const 2 table.fill $t"]

    def emit_copy(self, source: int) -> list[str]:
        return [f"i32.const 0 i32.const {source} i32.const 1 table.copy $t $t"]

    def emit_if(self, bit: int, yes: list[Node], no: list[Node]) -> list[str]:
        return [self.bit(bit), "if", *self.all(yes), "else", *self.all(no), "end"]

    def emit_loop(self, times: int, body: list[Node]) -> list[str]:
        counter = self.counter()
        head = [f"i32.const {times} local.set {counter} loop", *self.all(body)]
        return [*head, f"local.get {counter} i32.const 1 i32.sub local.tee {counter} br_if 0 end"]

    def emit_dead(self, leave: str, local: int) -> list[str]:
        """Code after a branch, and a block whose end nothing reaches."""
        use = f"call $make local.set {local + 1}" if self.function.params + self.function.num_locals else ""
        if leave == "br 0":
            return [f"block br 0 {use} call $gc end"]
        return [f"local.get 0 i32.eqz i32.eqz i32.eqz if i32.const 0 if unreachable {use} call $gc end end"]


class TooLong(Exception):
    """The program runs too long to be worth it."""


class Trapped(Exception):
    """`boom` has trapped."""


class Frame:
    def __init__(self, function: Function, bits: int, arguments: list[int | None]) -> None:
        self.bits = bits
        self.locals = arguments + [None] * function.num_locals
        self.used = function.used()
        self.stack: list[int | None] = []

    def roots(self) -> Iterator[int | None]:
        yield from self.stack
        for i in self.used:
            yield self.locals[i]


class Machine:
    """Runs a program. `events`: what each host function sees; a set is what is alive after a collection."""

    def __init__(self, functions: list[Function]) -> None:
        self.functions = functions
        self.frames: list[Frame] = []
        self.held: list[int | None] = []
        self.globals: list[int | None] = [None] * NUM_GLOBALS
        self.table: list[int | None] = [None] * TABLE_SIZE
        self.events: list[Any] = []
        self.made = self.steps = self.entered = 0

    def alive(self) -> set[int]:
        held = [*self.held, *self.globals, *self.table, *(root for frame in self.frames for root in frame.roots())]
        return {root for root in held if root is not None}

    def invoke(self, number: int, bits: int, arguments: list[int | None]) -> int | None:
        function = self.functions[number]
        self.frames.append(Frame(function, bits & 0xFFFF_FFFF, arguments))
        self.all(function.body)
        if function.result[0] == "tail":
            _, callee, nodes = function.result
            arguments = self.values(nodes)
            bits = self.frames.pop().bits * 5 + callee
            return self.invoke(callee, bits, arguments)
        value = self.eval(function.result)
        self.frames.pop()
        return value

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def bit(self, bit: int) -> int:
        return self.frame.bits >> bit & 1

    def all(self, nodes: list[Node]) -> None:
        for node in nodes:
            self.eval(node)

    def values(self, nodes: list[Node]) -> list[int | None]:
        """Evaluates from left to right; the earlier ones wait on the stack meanwhile."""
        stack = self.frame.stack
        start = len(stack)
        for node in nodes:
            stack.append(self.eval(node))
        result = stack[start:]
        del stack[start:]
        return result

    def eval(self, node: Node) -> int | None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooLong
        kind, *rest = node
        value: int | None = getattr(self, "run_" + kind)(*rest)
        return value

    # --- the host ---
    def run_make(self) -> int:
        self.events.append("make")
        self.made += 1
        return self.made - 1

    def run_gc(self) -> None:
        self.events.append(self.alive())

    def observe(self, value: int | None) -> None:
        self.events.append(("see", value))

    def host_pass(self, value: int | None) -> int | None:
        self.held.append(value)
        self.observe(value)
        self.run_gc()
        self.held.pop()
        return value

    def host_second(self, a: int | None, b: int | None) -> int | None:
        self.observe(a)
        self.observe(b)
        return b

    def host_enter(self, bits: int, value: int | None) -> int | None:
        """Calls the last function again, a few times in all."""
        self.observe(value)
        if self.entered >= 3:
            return value
        self.entered += 1
        self.held.append(value)
        function = self.functions[-1]
        result = self.invoke(len(self.functions) - 1, bits + 1, [value] * function.params)
        self.held.pop()
        return result

    def host_attempt(self, value: int | None) -> None:
        self.held.append(value)
        frame = Frame(Function(1, 1), 0, [value])
        frame.used = {0, 1}
        self.frames.append(frame)
        frame.locals[1] = self.run_make()
        self.run_gc()
        self.observe(value)
        self.host_pass(frame.locals[1])
        self.frames.pop()
        self.run_gc()
        self.held.pop()

    # --- expressions ---
    def run_get(self, local: int) -> int | None:
        return self.frame.locals[local]

    def run_null(self) -> None:
        return None

    def run_gget(self, index: int) -> int | None:
        return self.globals[index]

    def run_tget(self, index: int) -> int | None:
        return self.table[index]

    def run_pass(self, value: Node) -> int | None:
        return self.host_pass(self.eval(value))

    def run_tee(self, local: int, value: Node) -> int | None:
        self.frame.locals[local] = self.eval(value)
        return self.frame.locals[local]

    def run_select(self, bit: int, a: Node, b: Node) -> int | None:
        first, second = self.values([a, b])
        return first if self.bit(bit) else second

    def run_early(self, bit: int, statements: list[Node], early: Node, late: Node) -> int | None:
        self.all(statements)
        value = self.eval(early)
        return value if self.bit(bit) else self.eval(late)

    def run_choose(self, bit: int, s1: list[Node], e1: Node, s2: list[Node], e2: Node) -> int | None:
        self.all(s1 if self.bit(bit) else s2)
        return self.eval(e1 if self.bit(bit) else e2)

    def run_switch(self, bit: int, below: Node, value: Node) -> int | None:
        self.frame.stack.append(self.eval(below))
        result = self.eval(value)
        if not self.bit(bit):
            result = self.host_pass(result)
        return self.host_second(self.frame.stack.pop(), result)

    def run_pair(self) -> int | None:
        self.made += 2
        self.events.append("pair")
        return self.host_second(self.made - 2, self.made - 1)

    def run_both(self, value: Node, statements: list[Node]) -> int | None:
        argument = self.eval(value)
        self.held.append(argument)
        self.run_gc()
        made = self.run_make()
        self.held.pop()
        self.frame.stack += [made, argument]
        self.all(statements)
        b, a = self.frame.stack.pop(), self.frame.stack.pop()
        return self.host_second(a, b)

    def run_carry(self, times: int, value: Node, statements: list[Node]) -> int | None:
        carried = self.eval(value)
        for _ in range(times):
            self.frame.stack.append(carried)
            self.all(statements)
            carried = self.host_pass(self.frame.stack.pop())
        return carried

    def run_unless_null(self, inverted: bool, value: Node, statements: list[Node]) -> int | None:
        result = self.eval(value)
        if (result is None) == inverted:
            if not inverted:
                self.frame.stack.append(result)
            self.all(statements)
            if not inverted:
                self.frame.stack.pop()
        return self.run_make() if result is None else result

    def run_several(self, bit: int, a: Node, b: Node, c: Node, d: Node) -> int | None:
        first = self.eval(a)
        self.frame.stack.append(first)
        second = self.eval(b)
        if not self.bit(bit):
            second = self.eval(c)
            if not self.bit(bit + 1):
                second = self.eval(d)
        self.frame.stack.pop()
        return self.host_second(first, second)

    def run_enter(self, value: Node) -> int | None:
        return self.host_enter(self.frame.bits, self.eval(value))

    def run_call(self, callee: int, nodes: list[Node]) -> int | None:
        arguments = self.values(nodes)
        return self.invoke(callee, self.frame.bits * 5 + callee, arguments)

    run_indirect = run_call

    # --- statements ---
    def run_set(self, local: int, value: Node) -> None:
        self.frame.locals[local] = self.eval(value)

    def run_observe(self, value: Node) -> None:
        self.observe(self.eval(value))

    def run_attempt(self, value: Node) -> None:
        self.host_attempt(self.eval(value))

    def run_drop(self, value: Node) -> None:
        self.eval(value)

    def run_gset(self, index: int, value: Node) -> None:
        self.globals[index] = self.eval(value)

    def run_tset(self, index: int, value: Node) -> None:
        self.table[index] = self.eval(value)

    def run_fill(self, value: Node) -> None:
        self.table[1] = self.table[2] = self.eval(value)

    def run_copy(self, source: int) -> None:
        self.table[0] = self.table[source]

    def run_if(self, bit: int, yes: list[Node], no: list[Node]) -> None:
        self.all(yes if self.bit(bit) else no)

    def run_loop(self, times: int, body: list[Node]) -> None:
        for _ in range(times):
            self.all(body)

    def run_dead(self, leave: str, local: int) -> None:
        pass
