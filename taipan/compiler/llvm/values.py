"""Operands, locals and the text under construction.

An operand is the text of an LLVM value and its type T_*. Comparisons stay one bit wide (T_BOOL) until somebody wants an
i32. Locals are values too: assigning one emits nothing, and where paths join, phis choose (`emit_control.py`); those
that nobody reads are dropped at the end.
External references are also stored in slots of the frame, where the stack walker finds them.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.abi.layout import field_offsets
from taipan.compiler.environ import T_EXTERNREF, T_F32, T_F64, T_FUNCREF, T_I32, ModuleEnv
from taipan.compiler.llvm.scan import Readable
from taipan.compiler.llvm.text import INVARIANT, TYPES, ModuleText
from taipan.errors import UnsupportedError

T_BOOL: Final = 8
INHERITANCE: Final = 3
"""Instructions between a load and one that LLVM may combine with it."""
Value = tuple[str, int]

HEADER: Final = field_offsets("VMContextHeader")[0]
MAX_REFERENCE_SLOTS: Final = 1000
MAX_MAPPED_OPERANDS: Final = 10_000

# Float constants, as LLVM writes them, in simplifications that forget signalling NaNs (x * 1, x - 0...).
# NaNs are delicate, too: it thinks that x < 0 ? NaN : sqrt(x) is sqrt(x), but the bits differ.
DELICATE: Final = frozenset(["0x0000000000000000", "0x8000000000000000", "0x3FF0000000000000", "0xBFF0000000000000"])


@final
class Loaded:
    """What a value comes from. use: a second use of what was loaded; "" for one of several.

    lines, at: the place for it, behind the access.  site: of the access.  depth: instructions since.
    """

    __slots__ = ("at", "depth", "lines", "site", "use")

    def __init__(self, use: str, lines: list[str], at: int, site: str, depth: int) -> None:
        self.use: Final = use
        self.lines: Final = lines
        self.at: Final = at
        self.site: Final = site
        self.depth: Final = depth


def operands_in(text: str) -> list[str]:
    """Names of the numbered values that an instruction uses."""
    return ["%v" + word.partition(",")[0].partition(" ")[0].rstrip(")") for word in text.split(" %v")[1:]]


def is_delicate(text: str) -> bool:
    """Whether the text of a float is a constant that LLVM must not see."""
    if text[0] == "%":
        return False
    return text in DELICATE or text.startswith("bitcast") or (text[2:5] in ("7FF", "FFF") and text[5:].strip("0") != "")


def module_has_references(env: ModuleEnv) -> bool:
    """Whether external references can be on any operand stack of the module, other than null."""
    if any(type == T_EXTERNREF for types in (env.global_types, env.table_types) for type in types):
        return True
    return any(T_EXTERNREF in types for types in (*env.type_params, *env.type_results))


class Values(Readable):
    def __init__(self, env: ModuleEnv, ir: ModuleText) -> None:
        self.env: Final = env
        self.ir: Final = ir
        self.stack: list[Value] = []
        self.locals: list[str] = []
        self.local_types: list[int] = []
        self.local_phis: dict[str, list[str]] = {}
        self.read: set[str] = set()
        self.lines: list[str] = []
        self.cold: list[list[str]] = []
        self.entry: dict[str, str] = {}
        self.entry_lines: list[str] = []
        self.block_name = ""
        self.loaded: dict[str, Loaded] = {}
        self.numbers = 0
        self.local_slots: dict[int, int] = {}
        self.operand_slots: dict[int, int] = {}
        self.num_slots = 0
        self.reference_locals: list[int] = []
        self.live_outside: list[int] = []
        self.has_references = module_has_references(env)

    # --- text -----------------------------------------------------------------------------------------------------
    def name(self) -> str:
        self.numbers += 1
        return f"%v{self.numbers}"

    def emit(self, text: str) -> str:
        """Emit an instruction with a result; its name."""
        name = self.name()
        if self.loaded and "!dbg" not in text:
            text = self.inherit(name, text)
        self.lines.append(f"  {name} = {text}\n")
        return name

    def inherit(self, name: str, text: str) -> str:
        """Give an instruction that uses a loaded value the load's site.

        LLVM may replace both by one access, which then has the place of the instruction that used the value. Where two
        operands come from memory that must be the later one.
        """
        operands = [operand for operand in operands_in(text) if operand in self.loaded]
        if not operands:
            return text
        last = operands[0]
        for operand in operands:
            if self.recency(operand) > self.recency(last):
                last = operand
        found = self.loaded[last]
        use = found.use
        if text.startswith("phi"):
            use = ""
        else:
            for operand in operands:
                if operand != last and not self.loaded[operand].depth:
                    self.keep_apart(operand)
        if found.depth < INHERITANCE:
            self.loaded[name] = Loaded(use, found.lines, found.at, found.site, found.depth + 1)
        return text + found.site

    def recency(self, operand: str) -> int:
        """Of what comes from memory: greatest for what was loaded last and is still as it was."""
        return int(operand[2:]) + (0 if self.loaded[operand].depth else 1 << 32)

    def keep_apart(self, operand: str) -> None:
        """If a value comes from memory, do not let LLVM make that access part of other instructions."""
        loaded = self.loaded.get(operand)
        if loaded is not None and loaded.use:
            loaded.lines[loaded.at] = loaded.use

    def do(self, text: str) -> None:
        """Emit an instruction without a result."""
        self.lines.append(f"  {text}\n")

    def new_block(self) -> str:
        self.numbers += 1
        return f"b{self.numbers}"

    def begin_cold(self, name: str) -> tuple[list[str], str]:
        """Begin a block among those behind the function's body; what `end_cold` wants."""
        before = self.lines, self.block_name
        self.lines = []
        self.cold.append(self.lines)
        self.start(name)
        return before

    def end_cold(self, before: tuple[list[str], str]) -> None:
        self.lines, self.block_name = before

    def start(self, name: str) -> None:
        """Begin a basic block."""
        self.lines.append(f"{name}:\n")
        self.block_name = name

    def at_entry(self, key: str, text: str) -> str:
        """The value of something computed once, at the function's entry."""
        name = self.entry.get(key)
        if name is None:
            name = self.entry[key] = self.name()
            self.entry_lines.append(f"  {name} = {text}\n")
        return name

    # --- the context ----------------------------------------------------------------------------------------------
    def place(self, base: str, offset: int) -> str:
        """A pointer so many bytes behind another, below 2^64."""
        if offset >= 1 << 63:
            offset -= 1 << 64
        return self.emit(f"getelementptr i8, ptr {base}, i64 {offset}") if offset else base

    def load(self, type: str, base: str, offset: int, suffix: str = "") -> str:
        """Load from a structure of the runtime."""
        place = self.place(base, offset)
        return self.emit(f"load {type}, ptr {place}{', ' + suffix if suffix else ''}")

    def null_funcref(self) -> str:
        return self.load("ptr", "%vm", HEADER["null_funcref"], INVARIANT)

    # --- operands -------------------------------------------------------------------------------------------------
    def push(self, text: str, type: int) -> None:
        self.stack.append((text, type))

    def pop(self) -> str:
        text, type = self.stack.pop()
        return self.emit(f"zext i1 {text} to i32") if type == T_BOOL else text

    def pop_value(self) -> Value:
        """The top operand, no longer a bool."""
        text, type = self.stack.pop()
        return (self.emit(f"zext i1 {text} to i32"), T_I32) if type == T_BOOL else (text, type)

    def pop_condition(self) -> str:
        """The top i32 as one bit: whether it is not zero."""
        text, type = self.stack.pop()
        return text if type == T_BOOL else self.emit(f"icmp ne i32 {text}, 0")

    def pop_float(self) -> str:
        """An operand of float arithmetic."""
        text, type = self.stack.pop()
        return self.fenced(text, type)

    def fenced(self, text: str, type: int) -> str:
        """The value; a constant that invites wrong simplifications is hidden from LLVM's passes."""
        if (type == T_F32 or type == T_F64) and is_delicate(text):
            return self.arithmetic_fence(text, type)
        return text

    def arithmetic_fence(self, text: str, type: int) -> str:
        name = f"llvm.arithmetic.fence.{'f32' if type == T_F32 else 'f64'}"
        self.ir.declare(name, f"declare {TYPES[type]} @{name}({TYPES[type]})")
        return self.emit(f"call {TYPES[type]} @{name}({TYPES[type]} {text})")

    # --- locals ---------------------------------------------------------------------------------------------------
    def local_get(self, index: i64) -> None:
        value = self.locals[index]
        self.read.add(value)
        self.stack.append((value, self.local_types[index]))

    def local_set(self, index: i64) -> None:
        self.assign_local(index, self.pop())

    def local_tee(self, index: i64) -> None:
        value, type = self.pop_value()
        value = self.fenced(value, type)
        self.assign_local(index, value)
        self.push(value, type)

    def assign_local(self, index: int, value: str) -> None:
        type = self.local_types[index]
        value = self.fenced(value, type)
        self.locals[index] = value
        if type == T_EXTERNREF:
            self.keep(value, self.local_slot(index))

    # --- references that the stack walker sees ----------------------------------------------------------------------
    def keep(self, value: str, slot: int) -> None:
        """Store a reference in a slot of the frame. Volatile: LLVM sees nobody read it."""
        self.do(f"store volatile ptr {value}, ptr {self.place('%refs', 8 * slot)}")

    def new_slot(self) -> int:
        slot = self.num_slots
        if slot >= MAX_REFERENCE_SLOTS:
            raise UnsupportedError("function too complex for the LLVM compiler: it holds too many external references")
        self.num_slots = slot + 1
        return slot

    def local_slot(self, index: int) -> int:
        slot = self.local_slots.get(index)
        if slot is None:
            slot = self.local_slots[index] = self.new_slot()
        return slot

    def live_slots(self) -> list[int]:
        """Slots that hold all external references now live, in locals and on the operand stack; stores the latter."""
        if len(self.stack) > MAX_MAPPED_OPERANDS:
            raise UnsupportedError("function too complex for the LLVM compiler: its stack maps would be too large")
        slots = [*self.live_outside, *(self.local_slot(i) for i in self.reference_locals)]
        for height, (text, type) in enumerate(self.stack):
            if type == T_EXTERNREF and text != "null":
                slot = self.operand_slots.get(height)
                if slot is None:
                    slot = self.operand_slots[height] = self.new_slot()
                self.keep(text, slot)
                slots.append(slot)
        return slots

    # --- parametric instructions ------------------------------------------------------------------------------------
    def nop(self) -> None:
        pass

    def drop(self) -> None:
        self.stack.pop()

    def select(self) -> None:
        condition = self.pop_condition()
        b, _ = self.pop_value()
        a, type = self.pop_value()
        a = self.fenced(a, type)
        b = self.fenced(b, type)
        self.push(self.emit(f"select i1 {condition}, {TYPES[type]} {a}, {TYPES[type]} {b}"), type)

    def select_t(self, count: i64) -> None:
        self.select()

    def null(self, type: int) -> str:
        """The default value of a type."""
        if type == T_FUNCREF:
            return self.null_funcref()
        if type == T_EXTERNREF:
            return "null"
        if type == T_F32 or type == T_F64:
            return "0x0000000000000000"
        return "0"
