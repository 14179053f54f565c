"""Instructions taken back because the next one does their work, too: loads whose value is used by what follows.

Only the code emitted last is taken back, up to where it began, and no label may be bound behind that.
"""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.compiler.baseline.emit_call import Calls
from taipan.compiler.baseline.masm import Masm
from taipan.compiler.environ import ModuleEnv

LOAD_I32: Final = 0
LOAD_I64: Final = 1
LOAD_F32: Final = 2
LOAD_F64: Final = 3


class Fused(Calls):
    """load_kind, load_reg: of the load whose code is that from `load_start` to `load_end`.

    addr_base, addr_index, addr_disp: the operand of the last access; addr_index is -1 if there is none.
    """

    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.addr_base: i64 = 0
        self.addr_index: i64 = 0
        self.addr_disp: i64 = 0
        self.load_start: i64 = 0
        self.load_kind: i64 = 0
        self.load_reg: i64 = 0

    def load_noted(self, kind: i64, reg: i64) -> None:
        """Emit a load that can be taken back."""
        masm = self.masm
        self.load_kind = kind
        self.load_reg = reg
        self.load_start = masm.offset()
        masm.load(kind, reg, self.addr_base, self.addr_index, self.addr_disp)
        self.load_end = masm.offset()

    def take_load(self, kind: i64, reg: i64) -> bool:
        """If the last code loaded `reg`, a scratch register just popped, take it back and return True.

        The instruction emitted next accesses [addr_base + addr_index + addr_disp], and is what the site recorded for
        the load belongs to: it has to be a single one, and has no effect if it faults.
        """
        if self.load_reg != reg or self.load_kind != kind or self.load_end != self.masm.offset():
            return False
        self.cut_code(self.load_start)
        return True

    def cut_code(self, start: i64) -> None:
        self.masm.cut(start)
        self.zero_flag_at = -1
        self.load_end = -1
        self.sum_end = -1
        if self.marks is not None:
            self.marks.cut(int(start))
