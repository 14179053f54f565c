"""Machine code for the tests of this folder: a few x86-64 instructions, labels, and the records a compiler would make.

Every function begins `push rbp; mov rbp, rsp`, keeps its own context in r15 (saved at [rbp - 8]) and ends with `end`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from native_objects import REGION, native, type_id, u32s

from taipan import errors
from taipan.abi import builtins, layout
from taipan.runtime.externref import ExternRef
from taipan.runtime.func import Caller, Func
from taipan.runtime.globals import Global
from taipan.runtime.limiter import ask_limiter, tell_limiter
from taipan.runtime.memory import Memory
from taipan.runtime.table import Table
from taipan.runtime.trap import make_trap
from taipan.runtime.value import Val

HEADER, _ = layout.field_offsets("VMContextHeader")


class Raised(Exception):
    """A trap as the C side makes it. frames: (module info, function, code offset, wasm offset)."""

    def __init__(self, code: int, frames: list[tuple[Any, int, int, int]], message: str) -> None:
        super().__init__(message)
        self.code = code
        self.frames = frames


def registered(**changes: Any) -> dict[str, Any]:
    """Arguments of `register`, as the package passes them."""
    names = ("StoreClosedError", "StoreBusyError", "WrongStoreError", "WasmError", "UnsupportedError", "InternalError")
    classes = {"Func": Func, "Memory": Memory, "Table": Table, "Global": Global, "Caller": Caller}
    classes |= {"Val": Val, "ExternRef": ExternRef}
    asked = {"ask_limiter": ask_limiter, "tell_limiter": tell_limiter}
    return {"make_trap": make_trap, **asked, **classes, **{name: getattr(errors, name) for name in names}, **changes}


@pytest.fixture(autouse=True)
def raw_traps() -> Iterator[None]:
    """For test files that import this: a trap is `Raised`."""
    native.register(**registered(make_trap=Raised))
    yield
    native.register(**registered())


class Function:
    """A function's type, code, sites, relocations and stack maps, as they are built up."""

    def __init__(self, params: list[int], results: list[int]) -> None:
        self.params, self.results = bytes(params), bytes(results)
        self.code = bytearray()
        self.sites: list[tuple[int, int, int, int]] = []
        self.relocs: list[tuple[int, int, int]] = []
        self.stack_maps: list[int] = []
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, str]] = []
        self.raw("55 4889e5 4157 4883ec08 4989ff")  # push rbp; mov rbp, rsp; push r15; sub rsp, 8; mov r15, rdi

    def raw(self, hex_bytes: str) -> Function:
        self.code += bytes.fromhex(hex_bytes)
        return self

    def end(self, pop: int = 0) -> Function:
        self.raw("4c8b7df8 c9")  # mov r15, [rbp - 8]; leave
        self.code += struct.pack("<BH", 0xC2, pop)  # ret pop
        for at, label in self._jumps:
            self.code[at : at + 4] = struct.pack("<i", self._labels[label] - (at + 4))
        return self

    def label(self, name: str) -> Function:
        self._labels[name] = len(self.code)
        return self

    def jump(self, opcode: str, label: str) -> Function:
        """opcode: hex of a jump with a rel32."""
        self.raw(opcode)
        self._jumps.append((len(self.code), label))
        return self.raw("00000000")

    def site(self, kind: int, trap: int = 0, stack_map: int = 0, *, before: int = 0) -> Function:
        """A site at the current offset. wasm_offset: 1000 more than the code offset."""
        offset = len(self.code) - before
        self.sites.append((offset, offset + 1000, kind | trap << 8, stack_map))
        return self

    def call_builtin(self, name: str) -> Function:
        """The arguments are in their registers, except the context."""
        self.raw("4c89ff")  # mov rdi, r15
        self.raw(f"498b47{HEADER['builtins']:02x}")  # mov rax, [r15 + builtins]
        self.code += b"\xff\x90" + struct.pack("<I", 8 * builtins.INDEX[name])  # call [rax + ...]
        return self.site(layout.SITE_CALL)

    def trap(self, number: int) -> Function:
        self.raw(f"498b47{HEADER['builtins']:02x} ff10")  # mov rax, [r15 + builtins]; call [rax]
        return self.site(layout.SITE_TRAP, number)

    def check(self, frame_bytes: int = 0) -> Function:
        """The stack check of a prologue, or with 0 the poll of a loop header."""
        self.raw("488d8424")
        self.code += struct.pack("<i", -frame_bytes)  # lea rax, [rsp - frame]
        self.raw(f"493b47{HEADER['stack_limit']:02x} 7308")  # cmp rax, [r15 + stack_limit]; jae +8
        self.raw(f"4d8b5f{HEADER['builtins']:02x} 41ff53{8 * builtins.INDEX['poll']:02x}")
        return self.site(layout.SITE_CALL)

    def call(self, defined_index: int) -> Function:
        """A direct call; the callee's context is our own, the arguments are in place."""
        self.raw("4c89ff e800000000")  # mov rdi, r15; call rel32
        self.relocs.append((len(self.code) - 4, layout.RELOC_CALL, defined_index))
        return self.site(layout.SITE_CALL)

    def call_slot(self, defined_index: int) -> Function:
        """The same through the function's cell."""
        self.raw("4c89ff ff1500000000")  # mov rdi, r15; call [rip + rel32]
        self.relocs.append((len(self.code) - 4, layout.RELOC_SLOT, defined_index))
        return self.site(layout.SITE_CALL)

    def call_import(self, index: int) -> Function:
        offset = layout.VMOffsets(index + 1, 0, 0, 0, 0, 0).imported_func(index)
        self.raw("4c89fe")  # mov rsi, r15
        self.code += b"\x49\x8b\xbf" + struct.pack("<I", offset + 8)  # mov rdi, [r15 + vmctx]
        self.code += b"\x41\xff\x97" + struct.pack("<I", offset)  # call [r15 + code]
        return self.site(layout.SITE_CALL)

    def published(self) -> tuple[bytes, bytes, bytes, bytes]:
        """code, relocs, sites, stack_maps."""
        return (
            bytes(self.code),
            b"".join(struct.pack("<III", *row) for row in self.relocs),
            b"".join(struct.pack("<IIII", *row) for row in sorted(self.sites)),
            u32s(*self.stack_maps),
        )


def new_code_module(
    functions: list[Function],
    *,
    imports: list[tuple[list[int], list[int]]] | None = None,
    memories: list[bytes] | None = None,
    compile: Callable[[Any, int], None] | None = None,
    region: Any = REGION,
    info: Any = "module",
) -> Any:
    """compile: called with the module and an index; None: everything is published now."""
    imported = [(bytes(params), bytes(results)) for params, results in imports or []]
    types = imported + [(function.params, function.results) for function in functions]
    module = native.NativeModule(
        region,
        info,
        func_type_indices=u32s(*range(len(types))),
        type_ids=u32s(*(type_id(*pair) for pair in types)),
        signatures=[native.Signature(*pair, type_id(*pair), None) for pair in types],
        escaped=u32s(*range(len(imported), len(types))),
        counts=(len(imported), 0, 0, 0),
        memories=b"".join(memories or []),
        tables=b"",
        globals=b"",
        data=b"",
        data_ranges=b"",
        num_elements=0,
        globals_template=b"",
        compile=compile,
    )
    if compile is None:
        for index, function in enumerate(functions):
            module.publish(index, *function.published())
    return module
