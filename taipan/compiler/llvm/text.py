"""IR text of one LLVM module: function bodies, what they refer to, and the debug locations that become sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.abi.calls import INT_ARGS, INT_REG, STACK

if TYPE_CHECKING:
    from taipan.compiler.environ import FlatLayout
    from taipan.compiler.llvm.inline import Callee
    from taipan.compiler.llvm.machine import Machine

TYPES: Final = ("i32", "i64", "float", "double", "ptr", "ptr")
"""LLVM's type of each operand type T_*."""

# Numbers of fixed metadata nodes.
STACK_POINTER: Final = "!0"
INVARIANT: Final = "!invariant.load !1"
UNLIKELY: Final = "!prof !2"
LIKELY: Final = "!prof !7"
FIRST_FREE: Final = 8

PREAMBLE: Final = """\
target triple = "{triple}"
declare void @llvm.fake.use(...)
declare i64 @llvm.read_volatile_register.i64(metadata)
"""

TARGET: Final = '"no-builtins" "prefer-vector-width"="128" "target-cpu"="{cpu}" "target-features"="{features}"'

CLOSING: Final = """\
attributes #0 = {{ "frame-pointer"="all" nounwind noredzone {target} }}
attributes #3 = {{ "frame-pointer"="none" nounwind noredzone {target} }}
attributes #1 = {{ noreturn nounwind nomerge cold }}
attributes #2 = {{ nounwind nomerge }}

!llvm.module.flags = !{{!5, !6}}
!llvm.dbg.cu = !{{!3}}
!0 = !{{!"{stack_pointer}"}}
!1 = !{{}}
!2 = !{{!"branch_weights", i32 1, i32 1000000}}
!3 = distinct !DICompileUnit(language: DW_LANG_C, file: !4, emissionKind: LineTablesOnly, nameTableKind: None)
!4 = !DIFile(filename: "wasm", directory: "")
!5 = !{{i32 2, !"Debug Info Version", i32 3}}
!6 = !{{i32 2, !"Dwarf Version", i32 4}}
!7 = !{{!"branch_weights", i32 1000000, i32 1}}
"""


def signature(layout: FlatLayout) -> tuple[str, str]:
    """Result type and parameter types of a function in `abi.calls`'s convention, as LLVM writes them."""
    params = [TYPES[t] for t in layout.params]
    if layout.out_place >= 0:
        params.append("ptr")
    return result_type(layout), ", ".join(in_order(layout, "ptr", "ptr", params))


def in_order(layout: FlatLayout, context: str, caller: str, arguments: list[str]) -> list[str]:
    """Arguments, with the out pointer if there is one, in the order in which C gives them the right registers.

    The fifth integer argument of a fast call takes the place of the caller's context.
    """
    fifth = -1
    if layout.out_place == INT_REG and layout.out_where == INT_ARGS:
        fifth = len(arguments) - 1
    for i, (place, where) in enumerate(zip(layout.places, layout.where, strict=True)):
        if place == INT_REG and where == INT_ARGS:
            fifth = i
    if fifth < 0:
        return [context, caller, *arguments]
    return [context, arguments[fifth], *arguments[:fifth], *arguments[fifth + 1 :]]


def register_results(layout: FlatLayout) -> list[int]:
    """Numbers of the results that are returned in registers."""
    return [i for i, place in enumerate(layout.result_places) if place != STACK]


def result_type(layout: FlatLayout) -> str:
    types = [TYPES[layout.results[i]] for i in register_results(layout)]
    return f"{{ {', '.join(types)} }}" if len(types) > 1 else "".join(types) or "void"


@final
class ModuleText:
    """Grows by one function after the other; `text()` is the whole. callees: what `inline.py` knows of functions."""

    def __init__(self, machine: Machine) -> None:
        self.machine: Final = machine
        self.functions: Final[list[str]] = []
        self.callees: Final[dict[int, Callee | None]] = {}
        self._declarations: Final[dict[str, str]] = {}
        self._metadata: Final[list[str]] = []
        self._locations: dict[tuple[int, int], int] = {}
        self._subprogram = 0

    def _node(self, text: str) -> int:
        number = FIRST_FREE + len(self._metadata)
        self._metadata.append(f"!{number} = {text}\n")
        return number

    def begin_function(self, name: str) -> int:
        """Number of the debug node that a function's definition names."""
        self._locations = {}
        self._subprogram = self._node(
            f'distinct !DISubprogram(name: "{name}", file: !4, unit: !3, spFlags: DISPFlagDefinition)'
        )
        return self._subprogram

    def has_locations(self) -> bool:
        """Whether the function begun last has any."""
        return bool(self._locations)

    def location(self, line: int, column: int) -> int:
        """Number of the debug node for a place in the function begun last."""
        key = (line, column)
        number = self._locations.get(key, 0)
        if not number:
            number = self._node(f"!DILocation(line: {line}, column: {column}, scope: !{self._subprogram})")
            self._locations[key] = number
        return number

    def declare(self, name: str, declaration: str) -> None:
        """What a name means, unless a function of that name is defined here."""
        self._declarations[name] = declaration

    def text(self, defined: set[str], cpu: str, features: str) -> str:
        declarations = [text for name, text in self._declarations.items() if name not in defined]
        return "".join(
            [
                PREAMBLE.format(triple=self.machine.TRIPLE),
                *(f"{line}\n" for line in declarations),
                *self.functions,
                CLOSING.format(
                    target=TARGET.format(cpu=cpu, features=features), stack_pointer=self.machine.STACK_POINTER
                ),
                *self._metadata,
            ]
        )
