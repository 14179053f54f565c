"""What the LLVM compiler has to know of a processor. The modules that say so: `x64.py`, `aarch64.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from taipan.compiler.environ import FlatLayout
    from taipan.compiler.image import Branches
    from taipan.compiler.llvm.elf import Relocation
    from taipan.compiler.llvm.emit_call import Calls
    from taipan.compiler.llvm.values import Value

# What an instruction does, as `Machine.instructions` tells it.
PLAIN: Final = 0
CALL: Final = 1
MEMORY: Final = 2
"""Accesses memory at an address that is relative neither to the stack registers nor to the instruction."""

Decoded = tuple[int, int, int]
"""An instruction: its offset, the offset behind it, and PLAIN, CALL or MEMORY."""


class Machine(Protocol):
    """A module is one.

    TRIPLE: LLVM's name of it.  BRANCHES: how images are laid out.  FLAGS: those of the processor that change code.
    STACK_POINTER, FRAME_POINTER: its name in LLVM's text, and its number in debug information.
    CONVENTION: what stands in front of the result type of functions and calls.  POPS_BY_HAND: LLVM does not know that
    callees take their stack arguments away; `call_with_stack` and `stub` do it.
    POLL: the call of the poll helper, with the names `code` and `pointer` (`emit_control.py`).
    TEARS_STORES: a store that faults may have written the bytes in front of the page that it cannot write to.
    FILLER: a byte for gaps between code and data.  DATA_ALIGN: no instruction wants its data aligned to more.
    ABSOLUTE, CALLS, REFERENCES, DISTANCE: kinds of relocations: an address of 64 bits; of calls and jumps to functions;
    of other references to data; a distance in 32 bits.
    """

    @property
    def TRIPLE(self) -> str: ...
    @property
    def BRANCHES(self) -> Branches: ...
    @property
    def FLAGS(self) -> frozenset[str]: ...
    @property
    def STACK_POINTER(self) -> str: ...
    @property
    def FRAME_POINTER(self) -> int: ...
    @property
    def CONVENTION(self) -> str: ...
    @property
    def POPS_BY_HAND(self) -> bool: ...
    @property
    def POLL(self) -> str: ...
    @property
    def TEARS_STORES(self) -> bool: ...
    @property
    def FILLER(self) -> bytes: ...
    @property
    def DATA_ALIGN(self) -> int: ...
    @property
    def ABSOLUTE(self) -> int: ...
    @property
    def CALLS(self) -> tuple[int, ...]: ...
    @property
    def REFERENCES(self) -> tuple[int, ...]: ...
    @property
    def DISTANCE(self) -> int: ...

    def cpu_name(self, flags: frozenset[str]) -> str:
        """LLVM's name for the oldest processor with these flags."""

    def instructions(self, code: bytes, start: int, end: int) -> list[Decoded]:
        """The instructions from `start` to `end`. Raises ValueError or IndexError for what is none."""

    def frame_bytes(self, code: bytes, decoded: list[Decoded]) -> int:
        """What a function's first instructions take from the stack for locals."""

    def addend(self, r: Relocation, past_field: int) -> int:
        """What is to be added to the symbol's value. past_field: bytes from the field to the instruction's end."""

    def patch(self, piece: bytearray, field: int, kind: int, past_field: int, target: int) -> None:
        """Make an instruction with a relocation of REFERENCES refer to `target`. Raises ValueError if it cannot."""

    def stub(self, name: str) -> bytes:
        """The code of `ret_<type>_<bytes>` and `tail_<bytes>_...`: see `emit_call.py`."""

    def call_with_stack(
        self,
        calls: Calls,
        code: str,
        context: str,
        caller: str,
        layout: FlatLayout,
        arguments: list[Value],
        site: str,
    ) -> str:
        """Emit a call with stack arguments; the text of its first result."""
