"""Blocks, branches, sites and traps.

A label is a basic block; branches to it leave the values of its operands and of the locals assigned in its construct
(`scan.py`), and the block begins with phis where those differ. The function's own label is the return.

Every machine instruction the runtime must recognise carries a debug location: the line is its place plus 1 (0 means
none; a place is a wasm offset, or a number that `inline.py` gives), the column says what it is (COLUMN_*), and
`link.py` finds them again in the machine code. Calls that trap stand in cold blocks, one for each instruction and kind,
and may not be merged.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.abi import builtins, traps
from taipan.compiler.environ import T_I32, ModuleEnv
from taipan.compiler.llvm.scan import Scan
from taipan.compiler.llvm.text import INVARIANT, TYPES, UNLIKELY, ModuleText
from taipan.compiler.llvm.values import HEADER, T_BOOL, Values
from taipan.errors import UnsupportedError

COLUMN_CALL: Final = 1
COLUMN_FAULT: Final = 2
COLUMN_TAIL: Final = 3
"""A tail call: must have become a jump."""
COLUMN_CHECK: Final = 4
"""A call of a helper before the arguments of the instruction's own call are gone."""
COLUMN_OWN: Final = 5
"""A volatile access to something of the runtime: the fuel counter's cell, a global, a table."""
COLUMN_TRAP: Final = 16  # and the trap's number

MAX_EDGE_VALUES: Final = 2_000_000
"""Operands and locals that branches bring to their labels."""

BLOCK: Final = 0
LOOP: Final = 1
IF: Final = 2
ELSE: Final = 3
FUNC: Final = 4


@final
class Frame:
    """A construct of the control stack.

    assigned: locals that need phis at the label.  edges: (block it comes from, operands, those locals) of each branch.
    saved: at `if`, operands and locals for `else`.  header: at `loop`, the label of its first block; entries: the edges
    that lead there; phis: the names of its phis, whose lines are at `phis_at`; number: its own, in `scan.py`; copies:
    how often its body is written.
    """

    __slots__ = (
        "assigned", "copies", "edges", "entries", "header", "height", "kind", "label", "number", "params", "phis",
        "phis_at", "results", "saved",
    )  # fmt: skip

    def __init__(self, kind: int, label: str, params: bytes, results: bytes, height: int, assigned: list[int]) -> None:
        self.kind = kind
        self.label = label
        self.params = params
        self.results = results
        self.height = height
        self.assigned = assigned
        self.edges: list[tuple[str, list[str], list[str]]] = []
        self.header = label
        self.entries = self.edges
        self.number = -1
        self.copies = 1
        self.saved: tuple[str, str, list[str], list[str]] | None = None
        self.phis: list[str] = []
        self.phis_at = 0

    def label_types(self) -> bytes:
        return self.params if self.kind == LOOP else self.results


class Control(Values):
    def __init__(self, env: ModuleEnv, ir: ModuleText, scan: Scan) -> None:
        super().__init__(env, ir)
        self.scan = scan
        self.shift = 0
        self.frames: list[Frame] = []
        self.num_blocks = 0
        self.num_edge_values = 0
        self.dead = False
        self.maps: dict[tuple[int, int], tuple[int, ...]] = {}

    # --- sites ----------------------------------------------------------------------------------------------------
    def site(self, column: int) -> str:
        """The suffix that marks an instruction."""
        return f", !dbg !{self.ir.location(self.place_here() + 1, column)}"

    def place_here(self) -> int:
        """The current instruction's number in debug locations; see `inline.py`."""
        return int(self.pos) + self.shift

    def call_site(self, column: int = COLUMN_CALL) -> str:
        """The suffix of a call: the operands that go into it are popped, all others are live."""
        if self.has_references:
            slots = self.live_slots()
            if slots:
                self.maps[(self.place_here(), column)] = tuple(slots)
        return self.site(column)

    def builtin(self, name: str) -> str:
        """A helper's address."""
        table = self.load("ptr", "%vm", HEADER["builtins"], INVARIANT)
        return self.load("ptr", table, 8 * builtins.INDEX[name], INVARIANT)

    # --- traps ----------------------------------------------------------------------------------------------------
    def trap_block(self, trap: int) -> str:
        """A new cold block that raises `trap` for the current instruction."""
        block = self.new_block()
        before = self.begin_cold(block)
        self.do_trap(trap)
        self.end_cold(before)
        return block

    def do_trap(self, trap: int) -> None:
        self.do(f"call void {self.builtin('trap')}() #1{self.site(COLUMN_TRAP + trap)}")
        self.do("unreachable")

    def trap_if(self, condition: str, trap: int) -> None:
        self.unlikely(condition, self.trap_block(trap))

    def unlikely(self, condition: str, block: str) -> None:
        """Branch to a cold block."""
        good = self.new_block()
        self.do(f"br i1 {condition}, label %{block}, label %{good}, {UNLIKELY}")
        self.start(good)

    def unreachable(self) -> None:
        self.do_trap(traps.UNREACHABLE)
        self.leave()

    # --- polls ----------------------------------------------------------------------------------------------------
    def poll(self) -> None:
        """Compare the stack pointer with the stack limit; if it is below, call the poll helper.

        The helper keeps nearly all registers (`Machine.POLL`), so the call costs its surroundings next to nothing.
        It is given the stack pointer, which in a function's body is as low as its frame gets.
        """
        # Not hoisted out of loops, where it would keep a register busy.
        pointer = self.emit("call i64 @llvm.read_volatile_register.i64(metadata !0)")
        limit = self.emit(f"load volatile i64, ptr {self.place('%vm', HEADER['stack_limit'])}")
        below = self.emit(f"icmp ult i64 {pointer}, {limit}")
        slow = self.new_block()
        go_on = self.new_block()
        self.do(f"br i1 {below}, label %{slow}, label %{go_on}, {UNLIKELY}")
        before = self.begin_cold(slow)
        site = self.call_site()
        code = self.builtin("poll")
        self.do(self.ir.machine.POLL.format(code=code, pointer=pointer) + site)
        self.polled()
        self.do(f"br label %{go_on}")
        self.end_cold(before)
        self.start(go_on)

    def polled(self) -> None:
        """The helper was called: what it may have changed is read again."""

    # --- frames ---------------------------------------------------------------------------------------------------
    def block_type(self, type: int) -> tuple[bytes, bytes]:
        """Operand types of a block's parameters and results."""
        if type == -1:
            return b"", b""
        if type < 0:
            return b"", bytes([self.env.block_result_code(~type)])
        self.env.need(self.env.type_params[type] + self.env.type_results[type])
        return self.env.type_params[type], self.env.type_results[type]

    def push_frame(self, kind: int, params: bytes, results: bytes, assigned: list[int]) -> Frame:
        frame = Frame(kind, self.new_block(), params, results, len(self.stack) - len(params), assigned)
        self.frames.append(frame)
        return frame

    def next_assigned(self) -> list[int]:
        assigned = self.scan.assigned[self.num_blocks]
        self.num_blocks += 1
        return assigned

    def values_of(self, locals: list[int]) -> list[str]:
        return [self.locals[i] for i in locals]

    def settle(self, count: int) -> None:
        """Make the top operands plain values, without delicate constants, that phis may take."""
        if count:
            for i in range(len(self.stack) - count, len(self.stack)):
                text, type = self.stack[i]
                if type == T_BOOL:
                    self.stack[i] = (self.emit(f"zext i1 {text} to i32"), T_I32)
                else:
                    self.stack[i] = (self.fenced(text, type), type)

    def block(self, type: i64) -> None:
        params, results = self.block_type(type)
        self.settle(len(params))
        self.push_frame(BLOCK, params, results, self.next_assigned())

    def loop(self, type: i64) -> None:
        params, results = self.block_type(type)
        self.settle(len(params))
        frame = self.push_frame(LOOP, params, results, self.next_assigned())
        self.add_edge(frame)
        self.do(f"br label %{frame.label}")
        self.start(frame.label)
        frame.phis_at = len(self.lines)
        self.lines.append("")
        frame.phis = [self.name() for _ in range(len(params) + len(frame.assigned))]
        del self.stack[frame.height :]
        for name, param in zip(frame.phis, params, strict=False):
            self.push(name, param)
        for name, index in zip(frame.phis[len(params) :], frame.assigned, strict=True):
            self.locals[index] = name
        self.poll_loop()

    def poll_loop(self) -> None:
        """At the beginning of the body of the loop that is being entered."""
        self.poll()

    def if_(self, type: i64) -> None:
        condition = self.pop_condition()
        params, results = self.block_type(type)
        self.settle(len(params))
        frame = self.push_frame(IF, params, results, self.next_assigned())
        then, other = self.new_block(), self.new_block()
        operands = [text for text, _ in self.stack[frame.height :]]
        frame.saved = (self.block_name, other, operands, self.values_of(frame.assigned))
        self.do(f"br i1 {condition}, label %{then}, label %{other}")
        self.start(then)

    def else_(self) -> None:
        frame = self.frames[-1]
        if not self.dead:
            self.branch_to(frame)
        self.begin_else(frame)
        frame.kind = ELSE
        self.dead = False

    def begin_else(self, frame: Frame) -> None:
        assert frame.saved is not None
        _, other, operands, values = frame.saved
        self.start(other)
        del self.stack[frame.height :]
        for text, type in zip(operands, frame.params, strict=True):
            self.push(text, type)
        for index, value in zip(frame.assigned, values, strict=True):
            self.locals[index] = value

    def end(self) -> None:
        frame = self.frames[-1]
        if frame.kind == LOOP:
            self.end_loop(frame)
        else:
            if not self.dead:
                self.branch_to(frame)
            if frame.kind == IF:
                self.begin_else(frame)
                self.branch_to(frame)
            self.join(frame)
        self.dead = False
        self.frames.pop()
        if frame.kind == FUNC:
            self.return_results()

    def end_loop(self, frame: Frame) -> None:
        """All edges to the loop's header are known now."""
        types = [*frame.params, *(self.local_types[i] for i in frame.assigned)]
        columns = [(block, operands + values) for block, operands, values in frame.entries]
        for i in range(len(frame.params), len(types)):
            self.local_phis[frame.phis[i]] = [values[i] for _, values in columns]
        self.lines[frame.phis_at] = "".join(
            f"  {name} = phi {TYPES[type]} "
            + ", ".join(f"[ {values[i]}, %{block} ]" for block, values in columns)
            + "\n"
            for i, (name, type) in enumerate(zip(frame.phis, types, strict=True))
        )
        if self.dead:
            self.start_unreached(frame)

    def start_unreached(self, frame: Frame) -> None:
        """What follows a construct that is only left by branches elsewhere: code that LLVM will delete."""
        self.start(self.new_block())
        del self.stack[frame.height :]
        for type in frame.results:
            self.push("poison", type)

    def join(self, frame: Frame) -> None:
        """Begin the label's block with one value for each result and each local assigned."""
        self.start(frame.label)
        del self.stack[frame.height :]
        edges = frame.edges
        for i, type in enumerate(frame.results):
            self.push(self.phi(type, [(block, operands[i]) for block, operands, _ in edges]), type)
        for i, index in enumerate(frame.assigned):
            if edges:
                value = self.phi(self.local_types[index], [(block, values[i]) for block, _, values in edges])
                self.locals[index] = value
                if value != edges[0][2][i]:
                    self.local_phis[value] = [values[i] for _, _, values in edges]

    def phi(self, type: int, choices: list[tuple[str, str]]) -> str:
        if not choices:
            return "poison"
        first = choices[0][1]
        if all(value == first for _, value in choices):
            return first
        return self.emit(f"phi {TYPES[type]} " + ", ".join(f"[ {value}, %{block} ]" for block, value in choices))

    def drop_dead_phis(self) -> None:
        """At the end of the function: those that only lead to others of their kind, two of three."""
        phis = self.local_phis
        alive = {name for name in self.read if name in phis}
        work = list(alive)
        while work:
            for value in phis[work.pop()]:
                if value in phis and value not in alive:
                    alive.add(value)
                    work.append(value)
        dead = {f"  {name}" for name in phis if name not in alive}
        for lines in [self.lines, *self.cold]:
            for at, line in enumerate(lines):
                if " = phi " in line:
                    lines[at] = "".join(
                        [one for one in line.splitlines(keepends=True) if one.partition(" =")[0] not in dead]
                    )

    # --- branches -------------------------------------------------------------------------------------------------
    def add_edge(self, frame: Frame) -> None:
        """The current block will branch to the frame's label with the top operands, which stay."""
        count = len(frame.label_types())
        self.settle(count)
        operands = [text for text, _ in self.stack[len(self.stack) - count :]]
        self.num_edge_values += count + len(frame.assigned)
        if self.num_edge_values > MAX_EDGE_VALUES:
            raise UnsupportedError("function too complex for the LLVM compiler: too many values where paths join")
        values = self.values_of(frame.assigned)
        if self.loaded:
            for text in (*operands, *values):
                self.keep_apart(text)  # Where paths join, one access would do what several did.
        frame.edges.append((self.block_name, operands, values))

    def branch_to(self, frame: Frame) -> None:
        self.add_edge(frame)
        self.do(f"br label %{frame.label}")

    def leave(self) -> None:
        """Control has left; up to the next `else` or `end` nothing is visited."""
        self.dead = True
        del self.stack[self.frames[-1].height :]

    def target(self, label: int) -> Frame:
        return self.frames[-1 - label]

    def br(self, label: i64) -> None:
        self.branch_to(self.target(label))
        self.leave()

    def return_(self) -> None:
        self.branch_to(self.frames[0])
        self.leave()

    def br_if(self, label: i64) -> None:
        self.branch_if(self.pop_condition(), self.target(label))

    def branch_if(self, condition: str, frame: Frame) -> None:
        """Branch to the frame's label if the condition holds; the operands stay."""
        self.add_edge(frame)
        go_on = self.new_block()
        self.do(f"br i1 {condition}, label %{frame.label}, label %{go_on}")
        self.start(go_on)

    def br_table(self, count: i64) -> None:
        index = self.pop()
        # One edge for each label, however many cases lead there.
        stubs: dict[int, str] = {}
        for i in range(count + 1):
            label = self.targets[i]
            if label not in stubs:
                stubs[label] = self.new_block()
        cases = " ".join(f"i32 {i}, label %{stubs[self.targets[i]]}" for i in range(count))
        self.settle(len(self.target(self.targets[count]).label_types()))
        self.do(f"switch i32 {index}, label %{stubs[self.targets[count]]} [ {cases} ]")
        for label, stub in stubs.items():
            self.start(stub)
            self.branch_to(self.target(label))
        self.leave()

    # --- leaving the function -------------------------------------------------------------------------------------
    def return_results(self) -> None:
        raise NotImplementedError
