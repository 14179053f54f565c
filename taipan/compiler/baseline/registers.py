"""What the code generator must know about a target's registers, as plain numbers.

Integer and float registers are numbered separately. A *scratch* register holds an operand of the virtual stack; a
*pinned* register holds one local for a whole function.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import vec
from mypy_extensions import i64


def mask_of(registers: tuple[int, ...]) -> int:
    mask = 0
    for reg in registers:
        mask |= 1 << reg
    return mask


@final
class RegisterPlan:
    """The roles of a target's registers.

    callee_saved: preserved by callees.  saved_pins: pins among them.
    lost_pins, float_pins: caller-saved, spilled around calls. (Scratch where they hold no local.)
    leaf_*pins: candidates, best first, in functions that call nothing (they leave the scratch set).
    pinned_args: those among them that are arguments, too.
    int_args: of calls, after the two contexts, and the one more of fast calls.  int_results: of calls.
    helper_args: of builtins, after vmctx.
    leaf_vmctx, leaf_memory_base: instead of vmctx and memory_base in functions that call nothing; pins where unused.
    frame: the frame register.  float_temp: free between any two operations of the macro assembler.
    fuel: the counter, or a temporary of it, in metered functions; a pin in all others.
    shift_count, div_low, div_high: where variable shifts and divisions want their operands, -1 for anywhere.
    """

    def __init__(
        self,
        *,
        scratch_ints: tuple[int, ...],
        scratch_floats: tuple[int, ...],
        callee_saved: tuple[int, ...],
        saved_pins: tuple[int, ...],
        lost_pins: tuple[int, ...],
        leaf_pins: tuple[int, ...],
        float_pins: tuple[int, ...],
        leaf_float_pins: tuple[int, ...],
        int_args: tuple[int, ...],
        helper_args: tuple[int, ...],
        callee_vmctx: int,
        caller_vmctx: int,
        vmctx: int,
        frame: int,
        float_temp: int,
        memory_base: int,
        leaf_vmctx: int,
        leaf_memory_base: int,
        int_results: tuple[int, ...],
        fuel: int,
        shift_count: int,
        div_low: int,
        div_high: int,
    ) -> None:
        self.scratch_int_mask: Final[i64] = mask_of(scratch_ints)
        self.scratch_float_mask: Final[i64] = mask_of(scratch_floats)
        self.saved_pins: Final = vec[i64](saved_pins)
        self.saved_mask: Final[i64] = mask_of(callee_saved)
        self.lost_pins: Final = vec[i64](lost_pins)
        self.leaf_pins: Final = vec[i64](leaf_pins)
        self.pinned_args: Final[i64] = mask_of(lost_pins) & mask_of(int_args + helper_args)
        self.float_pins: Final = vec[i64](float_pins)
        self.leaf_float_pins: Final = vec[i64](leaf_float_pins)
        self.int_args: Final = vec[i64](int_args)
        self.helper_args: Final = vec[i64](helper_args)
        self.callee_vmctx: Final[i64] = callee_vmctx
        self.caller_vmctx: Final[i64] = caller_vmctx
        self.vmctx: Final[i64] = vmctx
        self.frame: Final[i64] = frame
        self.float_temp: Final[i64] = float_temp
        self.memory_base: Final[i64] = memory_base
        self.leaf_vmctx: Final[i64] = leaf_vmctx
        self.leaf_memory_base: Final[i64] = leaf_memory_base
        self.int_results: Final = vec[i64](int_results)
        self.int_result: Final[i64] = int_results[0]
        self.fuel: Final[i64] = fuel
        self.shift_count: Final[i64] = shift_count
        self.div_low: Final[i64] = div_low
        self.div_high: Final[i64] = div_high


BIT: Final = vec[i64]([1 << n for n in range(62)])
"""Powers of two. (`1 << n` with a variable `n` is computed in 32 bits by mypyc 2.4.1.)"""

LOWEST: Final = bytes([0] + [(n & -n).bit_length() - 1 for n in range(1, 256)])


def lowest(mask: i64) -> i64:
    """Number of the lowest set bit of a mask of registers; mask is not 0 and below 2^32."""
    if mask & 0xFF:
        return i64(LOWEST[mask & 0xFF])
    if mask & 0xFF00:
        return 8 + i64(LOWEST[(mask >> 8) & 0xFF])
    if mask & 0xFF_0000:
        return 16 + i64(LOWEST[(mask >> 16) & 0xFF])
    return 24 + i64(LOWEST[(mask >> 24) & 0xFF])
