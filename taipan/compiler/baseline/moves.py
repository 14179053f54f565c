"""Several registers assigned at once: arguments before a call, results before a return."""

from __future__ import annotations

from librt.vecs import vec
from mypy_extensions import i64

from taipan.compiler.baseline.masm import Masm, to_vec
from taipan.compiler.baseline.stack import OperandStack
from taipan.compiler.environ import ModuleEnv


class Moves(OperandStack):
    def __init__(self, env: ModuleEnv, masm: Masm) -> None:
        super().__init__(env, masm)
        self.move_src: vec[i64] = to_vec([0] * 32)
        self.move_dst: vec[i64] = to_vec([0] * 32)
        self.move_sizes: vec[i64] = to_vec([0] * 32)
        self.num_moves: i64 = 0

    def add_move(self, size: i64, src: i64, dst: i64) -> None:
        """Collect a move between registers; size: 4 zero-extends."""
        if src != dst:
            n = self.num_moves
            self.move_src[n] = src
            self.move_dst[n] = dst
            self.move_sizes[n] = size
            self.num_moves = n + 1

    def do_moves(self, floats: bool) -> None:
        """Emit the collected register moves as if they happened at once."""
        src = self.move_src
        dst = self.move_dst
        sizes = self.move_sizes
        masm = self.masm
        n = self.num_moves
        if n == 1:
            if floats:
                masm.move_float(dst[0], src[0])
            else:
                masm.move(sizes[0], dst[0], src[0])
            n = 0
        while n > 0:
            # A move whose destination no other move still reads.
            i: i64 = 0
            found: i64 = -1
            while i < n and found < 0:
                j: i64 = 0
                while j < n and (j == i or src[j] != dst[i]):
                    j += 1
                if j == n:
                    found = i
                i += 1
            if found < 0:
                # Only cycles are left. Break one open.
                d = dst[0]
                if floats:
                    spare = self.plan.float_temp
                    masm.move_float(spare, d)
                else:
                    # Now the first move is done, and what its destination held is in its source.
                    spare = src[0]
                    masm.exchange(d, spare)
                    src[0] = d
                    found = 0
                j = 0
                while j < n:
                    if src[j] == d and j != found:
                        src[j] = spare
                    j += 1
                found = 0
            if floats:
                masm.move_float(dst[found], src[found])
            elif src[found] != dst[found] or sizes[found] == 4:
                masm.move(sizes[found], dst[found], src[found])
            n -= 1
            src[found] = src[n]
            dst[found] = dst[n]
            sizes[found] = sizes[n]
        self.num_moves = 0
