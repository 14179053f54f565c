"""Which functions a function calls directly: a quick look at its body."""

from __future__ import annotations

from typing import Final

from taipan.wasm._generated_visit import Visitor
from taipan.wasm.module import Module


class _Callees(Visitor):
    """Notes the operands of `call` and `return_call`, and skips everything else."""

    def __init__(self) -> None:
        self.found: Final[dict[int, None]] = {}

    def call(self, func: int) -> None:
        self.found[int(func)] = None

    def return_call(self, func: int) -> None:
        self.found[int(func)] = None

    def other(self, opcode: int) -> None:
        pass


def direct_callees(module: Module, defined_index: int) -> list[int]:
    """Defined functions called in the body of a valid module, in order of their first call."""
    looker = _Callees()
    start, end = module.body_starts[defined_index], module.body_ends[defined_index]
    looker.code = module.code
    looker.next = start
    looker.limit = end
    for _ in range(looker.read_u32()):
        looker.read_u32()
        looker.read_valtype()
    looker.visit(module.code, looker.next, end)
    imported = module.num_imported_funcs
    return [func - imported for func in looker.found if func >= imported]
