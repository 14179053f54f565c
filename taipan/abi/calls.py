"""How wasm functions are called: one convention for both compilers, for exports, imports and function references; and
a fast one, for functions that only direct calls of their own module can reach.

x86-64: the registers of the System V C ABI, and **the callee pops its stack arguments** (LLVM's `tailcc`), which is
what makes tail calls to functions with more arguments possible. A function whose arguments all fit into registers
is therefore also a plain C function

    result f(VMContext *callee_vmctx, VMContext *caller_vmctx, params..., out *results)

- integer and reference arguments: rdi = callee vmctx, rsi = caller vmctx, then rdx rcx r8 r9, then the stack;
  f32, f64 and v128: xmm0-xmm7, then the stack. Stack arguments take 8 bytes each (v128: 16, aligned), the first at
  the lowest address, directly above the return address; `stack_arg_bytes` rounds their area up so that rsp is
  16-byte aligned at every call, and the callee returns with `ret stack_arg_bytes`.
- i32 values: the upper half of their register or stack slot is undefined.
- results: the first in rax or xmm0; the others through a pointer that is the **last** parameter (it counts as an
  integer argument), stored like the fields of a C struct, each with its own width and natural alignment (R-33).
- preserved by the callee: rbx rbp r12 r13 r14 r15. Everything else is scratch.
- direct calls inside a module pass the own vmctx in rdi; rsi is only meaningful where the callee may be a host
  function: calls to imports and through function references set it to the caller's vmctx.

The **fast** convention (R-33) differs in two points. Nobody sets rsi, so it takes the fifth integer argument. And if no
argument is on the stack, results are returned in registers as long as there are any: integers and references in rax rdx
rcx, f32 and f64 in xmm0 xmm1, each class in order; the others go through the out pointer. It is for functions that are
not exported, in no element segment and no initialiser (`ref.func` can name no others), in modules without tail calls:
through those, functions return each other's results.

Frames: every function begins `push rbp; mov rbp, rsp`, so that the stack walker follows the chain of rbp:
[rbp] = caller's rbp, [rbp+8] = return address, [rbp+16...] = stack arguments.

The **stack check** compares the lowest address that the function needs with `VMContext.stack_limit` and branches if
below; loop headers compare rsp with the same cell. Interrupting a store writes all ones there. The cold side calls
the `poll` builtin with the tested address in rax; if it returns, execution goes on.

AArch64 (code is compiled ahead of time for it, `compiler/llvm/aarch64.py`): the same with the registers of AAPCS64, and
again the callee pops its stack arguments, in slots of 8 bytes and rounded up to 16 altogether. x0 = callee vmctx, x1 =
caller vmctx, then x2-x7; v0-v7; results in x0 or v0; preserved: x19-x29 and the lower halves of v8-v15; x16 and x17
belong to veneers. Frames: [x29] = caller's x29, [x29+8] = return address; locals lie below x29, stack arguments are
found from sp. Helpers are called as in C, with the context in x0; `poll` gets the tested address in x1 and preserves
x9-x15, x19-x29 and v8-v31.
"""

from __future__ import annotations

from typing import Final

from taipan.wasm.types import F32, F64, I32, V128, ValType

INT_ARGS: Final = 4  # rdx rcx r8 r9, after the two contexts
FAST_INT_ARGS: Final = 5  # and rsi
FLOAT_ARGS: Final = 8  # xmm0-7
FAST_INT_RESULTS: Final = 3  # rax rdx rcx
FAST_FLOAT_RESULTS: Final = 2  # xmm0 xmm1
STACK: Final = 0
INT_REG: Final = 1
FLOAT_REG: Final = 2


def size_of(t: ValType) -> int:
    """Bytes of a value in a result area: 4, 8 or 16."""
    if t == I32 or t == F32:
        return 4
    return 16 if t == V128 else 8


def is_float(t: ValType) -> bool:
    """Whether a value travels in an xmm register."""
    return t == F32 or t == F64 or t == V128


class CallLayout:
    """Where the arguments and results of one function type go.

    places: per parameter (STACK | INT_REG | FLOAT_REG, index): the index counts rdx=0.. (rsi=4) or xmm0=0.., or is the
    byte offset in the stack argument area.  out_place: the same for the out pointer, None if there is none.
    result_places: per result, the index counts rax=0.. or xmm0=0.., or is the byte offset in the result area.
    """

    __slots__ = ("out_place", "places", "result_area_bytes", "result_places", "stack_arg_bytes")

    def __init__(self, params: tuple[ValType, ...], results: tuple[ValType, ...], fast: bool = False) -> None:
        ints = floats = stack = 0
        int_args = FAST_INT_ARGS if fast else INT_ARGS
        places: list[tuple[int, int]] = []
        for t in params:
            if is_float(t):
                if floats < FLOAT_ARGS:
                    places.append((FLOAT_REG, floats))
                    floats += 1
                    continue
                if t == V128:
                    stack = (stack + 15) & ~15
            elif ints < int_args:
                places.append((INT_REG, ints))
                ints += 1
                continue
            places.append((STACK, stack))
            stack += 16 if t == V128 else 8
        self.places = places
        self.place_results(results, fast and not stack)
        self.out_place: tuple[int, int] | None = None
        if self.result_area_bytes and ints < int_args:
            self.out_place = (INT_REG, ints)
        elif self.result_area_bytes:
            self.out_place = (STACK, stack)
            stack += 8
            self.place_results(results, False)
        self.stack_arg_bytes = (stack + 15) & ~15

    def place_results(self, results: tuple[ValType, ...], in_registers: bool) -> None:
        """in_registers: also those after the first."""
        ints = floats = offset = 0
        self.result_places: list[tuple[int, int]] = []
        for t in results:
            if t == V128:
                left = not self.result_places
            elif is_float(t):
                left = floats < FAST_FLOAT_RESULTS
            else:
                left = ints < FAST_INT_RESULTS
            if left and (in_registers or not self.result_places):
                if is_float(t):
                    self.result_places.append((FLOAT_REG, floats))
                    floats += 1
                else:
                    self.result_places.append((INT_REG, ints))
                    ints += 1
                continue
            size = size_of(t)
            offset = (offset + size - 1) & -size
            self.result_places.append((STACK, offset))
            offset += size
        self.result_area_bytes = (offset + 15) & ~15
