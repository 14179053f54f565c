"""One function: entry, body, and the definition around them."""

from __future__ import annotations

from typing import Final, NamedTuple

from taipan.compiler.environ import FlatLayout, ModuleEnv
from taipan.compiler.llvm.emit_control import FUNC
from taipan.compiler.llvm.inline import Inlined
from taipan.compiler.llvm.loops import Loops
from taipan.compiler.llvm.text import TYPES, ModuleText, in_order, result_type
from taipan.errors import UnsupportedError

MAX_BLOCK_LINES: Final = 20_000
"""Some 10 s of compiling. Unrolled ciphers and hashes have a tenth of it."""


class Plan(NamedTuple):
    """What the machine code of a function is to be completed with.

    name: of the symbol.  function: its defined index.  record: number of its stack map record.
    maps: (place, column) of calls -> slots of `%refs` that hold live references there.  first_access: place of the
    first access to linear memory, or -1.  checks_stack: whether the function looks at the stack limit.
    makes_tail_calls: wasm's.  bodies: what places mean, see `inline.py`.  fuel_at: see `metering.py`.
    """

    name: str
    function: int
    record: int
    maps: dict[tuple[int, int], tuple[int, ...]]
    first_access: int
    checks_stack: bool
    makes_tail_calls: bool
    bodies: list[Inlined]
    fuel_at: dict[int, int]


class FunctionCompiler(Loops):
    """Writes one function of a valid module into a ModuleText. Used once."""

    def __init__(
        self, env: ModuleEnv, ir: ModuleText, defined_index: int, inline_bytes: int = 0, frees_loops: bool = False
    ) -> None:
        super().__init__(env, ir, defined_index, inline_bytes, frees_loops)
        self.symbol = f"f{defined_index}"
        self.record = defined_index
        self.first_block = "body"

    def compile(self) -> Plan:
        """Raises UnsupportedError for what this compiler leaves to the baseline compiler."""
        env = self.env
        module = env.module
        start, end = module.body_starts[self.defined_index], module.body_ends[self.defined_index]
        layout = env.layout_of(self.own_index)
        self.own_layout = self.layout_of_body(layout)
        self.pos = start
        subprogram = self.ir.begin_function(self.symbol)
        self.start("body")
        first = self.read_locals(layout.params, start, end)
        self.enter_locals(len(layout.params))
        scan = self.scan
        scan.scan(first, end)
        self.check_entry()
        self.begin_metering(first)
        self.push_frame(FUNC, b"", layout.results, [])
        self.visit_body(first, end)
        self.drop_dead_phis()
        self.finish(subprogram)
        return Plan(
            self.symbol,
            self.defined_index,
            self.record,
            self.maps,
            self.first_access,
            scan.calls,
            self.makes_tail_calls,
            self.bodies,
            self.fuel_at,
        )

    def enter_locals(self, num_params: int) -> None:
        """Give all locals their first values."""
        self.locals = self.first_locals([f"%p{i}" for i in range(num_params)])
        for index in self.reference_locals:
            # Slots are null from the entry on; only parameters have something to keep.
            slot = self.local_slot(index)
            if index < num_params:
                self.keep(self.locals[index], slot)

    def layout_of_body(self, layout: FlatLayout) -> FlatLayout:
        """What returning from the function is like."""
        return layout

    def check_entry(self) -> None:
        # Where loops do not poll, the next call of the function does.
        if self.scan.calls or self.scan.loops:
            self.poll()

    def check_blocks(self) -> None:
        """LLVM takes time with the square of what follows each other without a label."""
        length = 0
        for line in self.lines:
            length = 0 if line.endswith(":\n") else length + 1
            if length > MAX_BLOCK_LINES:
                raise UnsupportedError("function too complex for the LLVM compiler: it has too long a straight stretch")

    # --- the definition -------------------------------------------------------------------------------------------
    def finish(self, subprogram: int) -> None:
        self.check_blocks()
        entry = [*self.entry_lines, *self.transfer_lines()]
        if self.result_area:
            entry.insert(0, f"  %results = alloca [{self.result_area} x i8], align 16\n")
        if self.stack_area:
            entry.insert(0, f"  %arguments = alloca [{self.stack_area} x i8], align 16\n")
        if self.num_slots:
            entry[:0] = self.slots_text()
        # "weak": LLVM must not conclude from one function's body what another's call does (and not call at all).
        name = f"weak hidden {self.ir.machine.CONVENTION}{result_type(self.own_layout)} @{self.symbol}"
        params = ", ".join(in_order(self.own_layout, "ptr %vm", "ptr %caller", self.parameters()))
        attributes = "#0" if self.needs_frame() else "#3"
        self.ir.functions.extend(
            [
                f"define {name}({params}) {attributes} !dbg !{subprogram} {{\n",
                "entry:\n",
                *entry,
                f"  br label %{self.first_block}\n",
                *self.lines,
                *(line for block in self.cold for line in block),
                "}\n",
            ]
        )

    def needs_frame(self) -> bool:
        """Whether the stack may be walked while the function runs: it can trap, call or poll."""
        return self.ir.has_locations()

    def parameters(self) -> list[str]:
        """After the two contexts."""
        layout = self.own_layout
        params = [f"{TYPES[type]} %p{i}" for i, type in enumerate(layout.params)]
        return [*params, "ptr %out"] if layout.out_place >= 0 else params

    def transfer_lines(self) -> list[str]:
        """The end of the entry block."""
        return []

    def slots_text(self) -> list[str]:
        """The frame's slots for references, null; and the record by which `link.py` finds them."""
        self.ir.declare("llvm.experimental.stackmap", "declare void @llvm.experimental.stackmap(i64, i32, ...)")
        lines = [
            f"  %refs = alloca [{self.num_slots} x ptr], align 16\n",
            f"  call void (i64, i32, ...) @llvm.experimental.stackmap(i64 {self.record}, i32 0, ptr %refs)\n",
        ]
        for slot in range(self.num_slots):
            lines.append(f"  %ref{slot} = getelementptr i8, ptr %refs, i64 {8 * slot}\n")
            lines.append(f"  store volatile ptr null, ptr %ref{slot}\n")
        return lines
