"""x86-64 for the LLVM compiler: names, relocations, and what C's calling convention lacks (`machine.py`)."""

from __future__ import annotations

from struct import pack, pack_into, unpack_from
from typing import TYPE_CHECKING, Final

from taipan.abi.calls import INT_REG, STACK
from taipan.compiler import cpu, image
from taipan.compiler.environ import T_F32, T_F64
from taipan.compiler.llvm import x64_decode
from taipan.compiler.llvm.text import TYPES

if TYPE_CHECKING:
    from taipan.compiler.environ import FlatLayout
    from taipan.compiler.llvm.elf import Relocation
    from taipan.compiler.llvm.emit_call import Calls
    from taipan.compiler.llvm.machine import Decoded
    from taipan.compiler.llvm.values import Value

TRIPLE: Final = "x86_64-unknown-linux-gnu"
BRANCHES: Final = image.X64
V3_FLAGS: Final = frozenset(("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe"))
FLAGS: Final = cpu.USED | V3_FLAGS

STACK_POINTER: Final = "rsp"
FRAME_POINTER: Final = 6  # rbp
CONVENTION: Final = ""
POPS_BY_HAND: Final = True

# The helper wants the context in r15 and keeps all registers but rax, so the call costs its surroundings nothing.
POLL: Final = (
    'call {{ ptr, i64 }} asm sideeffect "xchgq %r15, %r10\\0Acallq *%r11\\0Axchgq %r15, %r10", '
    '"={{r10}},={{rax}},0,{{r11}},1,~{{memory}},~{{flags}}"'
    "(ptr %vm, ptr {code}, i64 {pointer})"
)

TEARS_STORES: Final = False

FILLER: Final = b"\xcc"
DATA_ALIGN: Final = 64
R_X86_64_64: Final = 1
R_X86_64_PC32: Final = 2
R_X86_64_PLT32: Final = 4
ABSOLUTE: Final = R_X86_64_64
CALLS: Final = (R_X86_64_PC32, R_X86_64_PLT32)
REFERENCES: Final = CALLS
DISTANCE: Final = R_X86_64_PC32

SUB_RSP: Final = b"\x48\x81\xec"  # and 32 bits
PROLOGUE_INSTRUCTIONS: Final = 12  # at most: the frame pointer, five saved registers, the stack arguments' area

INT_ARGUMENTS: Final = ("rdx", "rcx", "r8", "r9", "rsi")  # as `abi/calls.py` counts them
SCRATCH: Final = ("rax", "rdi", *INT_ARGUMENTS, "r10", "r11")
NEW_LINE: Final = "\\0A"  # as LLVM's strings have it
SIDE_EFFECTS: Final = "~{memory},~{flags}"  # LLVM compares each name with those of all registers, twice


instructions: Final = x64_decode.instructions


def cpu_name(flags: frozenset[str]) -> str:
    """The micro-architecture level whose instructions a processor with these flags (as in /proc/cpuinfo) has."""
    return "x86-64-v3" if flags >= V3_FLAGS else "x86-64-v2"


def frame_bytes(code: bytes, decoded: list[Decoded]) -> int:
    """Only of large frames: small ones have another instruction."""
    sizes = [
        unpack_from("<I", code, at + 3)[0]
        for at, _, _ in decoded[:PROLOGUE_INSTRUCTIONS]
        if code[at : at + 3] == SUB_RSP
    ]
    return max(sizes, default=0)


def addend(r: Relocation, past_field: int) -> int:
    """It is counted from the field's beginning, the distance from the instruction's end."""
    return r.addend + past_field


def patch(piece: bytearray, field: int, kind: int, past_field: int, target: int) -> None:
    pack_into("<i", piece, field, target - field - past_field)


def stub(name: str) -> bytes:
    """Returns that take stack arguments away, and jumps that do."""
    kind, *rest = name.split("_")
    if kind == "ret":
        move = b"" if rest[0] in ("float", "double", "void") else b"\x48\x89\xf8"  # mov rax, rdi
        return move + pack("<BH", 0xC2, int(rest[1]))
    # pop r11; add rsp, bytes; push r11; jmp r10
    return pack("<2s3si2s3s", b"\x41\x5b", b"\x48\x81\xc4", int(rest[0]), b"\x41\x53", b"\x41\xff\xe2")


def call_with_stack(
    calls: Calls, code: str, context: str, caller: str, layout: FlatLayout, arguments: list[Value], site: str
) -> str:
    """The call is inline assembly.

    Stack arguments go to an area of the frame, and are pushed from there: nobody but the assembly moves the stack
    pointer. The registers of arguments are outputs, too, since the callee may change them.
    """
    words = layout.stack_arg_bytes // 8
    calls.stack_area = max(calls.stack_area, layout.stack_arg_bytes)
    registers = {"rdi": f"ptr {context}", "rsi": f"ptr {caller}", "r10": "ptr %arguments"}
    places = [*zip(layout.places, layout.where, strict=True), (layout.out_place, layout.out_where)]
    for (place, where), (text, type) in zip(places, arguments, strict=False):
        if place == STACK:
            calls.do(f"store {TYPES[type]} {text}, ptr {calls.place('%arguments', where)}")
        elif place == INT_REG:
            registers[INT_ARGUMENTS[where]] = f"{TYPES[type]} {text}"
        else:
            registers[f"xmm{where}"] = f"{TYPES[type]} {text}"
    target = code[1:]
    if code.startswith("%"):
        registers["r11"] = f"ptr {code}"
        target = "*%r11"
    if not layout.results:
        result, result_register = "", ""
    else:
        result, result_register = TYPES[layout.results[0]], "rax"
        if layout.results[0] == T_F32 or layout.results[0] == T_F64:
            result_register = "xmm0"
    # As an output, the result's register cannot be tied to an input of another type: it is listed first.
    outputs, inputs, types, values = [], [], [], []
    if result:
        outputs.append(f"={{{result_register}}}")
        types.append(result)
    for register, value in registers.items():
        values.append(value)
        if register == result_register:
            inputs.append(f"{{{register}}}")
            continue
        inputs.append(str(len(outputs)))
        outputs.append(f"={{{register}}}")
        types.append(value.partition(" ")[0])
    clobbers = [
        f"~{{{r}}}" for r in (*SCRATCH, *(f"xmm{i}" for i in range(16))) if r not in registers and r != result_register
    ]
    lines = [f"pushq {8 * i}(%r10)" for i in reversed(range(words))]
    lines.append(f"callq {target}")
    constraints = ",".join([*outputs, *inputs, *clobbers, SIDE_EFFECTS])
    struct = f"{{ {', '.join(types)} }}"
    code = f'asm sideeffect alignstack "{NEW_LINE.join(lines)}", "{constraints}"'
    made = calls.emit(f"call {struct} {code}({', '.join(values)}){site}")
    return calls.emit(f"extractvalue {struct} {made}, 0") if result else ""
