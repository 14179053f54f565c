"""Encodings: rows of (method, arguments, bytes, what objdump calls it)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from taipan.compiler.baseline.x64.assembler import W8, W32, W64, Assembler

# fmt: off
ROWS = [
    ("rr", (0x3, W32, 0, 1), "03 c1", "add eax, ecx"),
    ("rr", (0x3, W64, 0, 1), "48 03 c1", "add rax, rcx"),
    ("rr", (0x2B, W64, 15, 8), "4d 2b f8", "sub r15, r8"),
    ("rr", (0xFAF, W32, 9, 3), "44 0f af cb", "imul r9d, ebx"),
    ("rr", (0xFB6, W8, 0, 6), "40 0f b6 c6", "movzx eax, sil"),
    ("rr", (0xFB6, W32, 0, 1), "0f b6 c1", "movzx eax, cl"),
    ("rr", (0xFBF, W64, 10, 2), "4c 0f bf d2", "movsx r10, dx"),
    ("rr", (0x63, W64, 0, 12), "49 63 c4", "movsxd rax, r12d"),
    ("rr", (0xF3000FB8, W64, 9, 3), "f3 4c 0f b8 cb", "popcnt r9, rbx"),
    ("rr", (0xF3000FBD, W32, 1, 10), "f3 41 0f bd ca", "lzcnt ecx, r10d"),
    ("rr", (0xF3000FBC, W64, 1, 10), "f3 49 0f bc ca", "tzcnt rcx, r10"),
    ("rr", (0xFBD, W32, 2, 7), "0f bd d7", "bsr edx, edi"),
    ("rr", (0xF44, W64, 2, 7), "48 0f 44 d7", "cmove rdx, rdi"),
    ("rr", (0xF7, W32, 3, 11), "41 f7 db", "neg r11d"),
    ("rr", (0xF7, W64, 7, 1), "48 f7 f9", "idiv rcx"),
    ("rr", (0xD3, W32, 4, 0), "d3 e0", "shl eax, cl"),
    ("rr", (0xD3, W64, 1, 13), "49 d3 cd", "ror r13, cl"),
    ("rr", (0x87, W64, 2, 1), "48 87 d1", "xchg rcx, rdx"),
    ("rr", (0xFF, W32, 4, 6), "ff e6", "jmp rsi"),
    ("rr", (0xF94, W8, 0, 7), "40 0f 94 c7", "sete dil"),
    ("rr", (0xF9A, W32, 0, 1), "0f 9a c1", "setp cl"),
    ("rr", (0xF2000F58, W32, 0, 9), "f2 41 0f 58 c1", "addsd xmm0, xmm9"),
    ("rr", (0xF3000F5E, W32, 14, 1), "f3 44 0f 5e f1", "divss xmm14, xmm1"),
    ("rr", (0x66000F2E, W32, 1, 2), "66 0f 2e ca", "ucomisd xmm1, xmm2"),
    ("rr", (0xF2E, W32, 8, 2), "44 0f 2e c2", "ucomiss xmm8, xmm2"),
    ("rr", (0xF28, W32, 1, 15), "41 0f 28 cf", "movaps xmm1, xmm15"),
    ("rr", (0xF57, W32, 3, 3), "0f 57 db", "xorps xmm3, xmm3"),
    ("rr", (0xF2000F2A, W64, 1, 0), "f2 48 0f 2a c8", "cvtsi2sd xmm1, rax"),
    ("rr", (0xF3000F2A, W32, 1, 9), "f3 41 0f 2a c9", "cvtsi2ss xmm1, r9d"),
    ("rr", (0xF2000F2C, W64, 0, 1), "f2 48 0f 2c c1", "cvttsd2si rax, xmm1"),
    ("rr", (0xF3000F5A, W32, 1, 2), "f3 0f 5a ca", "cvtss2sd xmm1, xmm2"),
    ("rr", (0x66000F7E, W64, 9, 0), "66 4c 0f 7e c8", "movq rax, xmm9"),
    ("rr", (0x66000F6E, W32, 9, 0), "66 44 0f 6e c8", "movd xmm9, eax"),
    ("rm", (0x8B, W64, 0, 5, -8), "48 8b 45 f8", "mov rax, qword ptr [rbp-0x8]"),
    ("rm", (0x8B, W32, 0, 5, 0), "8b 45 00", "mov eax, dword ptr [rbp+0x0]"),
    ("rm", (0x8B, W64, 1, 13, 0), "49 8b 4d 00", "mov rcx, qword ptr [r13+0x0]"),
    ("rm", (0x8B, W64, 1, 4, 0), "48 8b 0c 24", "mov rcx, qword ptr [rsp]"),
    ("rm", (0x89, W64, 1, 12, 127), "49 89 4c 24 7f", "mov qword ptr [r12+0x7f], rcx"),
    ("rm", (0x89, W64, 1, 12, 128), "49 89 8c 24 80 00 00 00", "mov qword ptr [r12+0x80], rcx"),
    ("rm", (0x8D, W32, 8, 3, -129), "44 8d 83 7f ff ff ff", "lea r8d, [rbx-0x81]"),
    ("rm", (0x8B, W32, 0, 15, 0x1000), "41 8b 87 00 10 00 00", "mov eax, dword ptr [r15+0x1000]"),
    ("rm", (0x88, W8, 6, 14, 1), "41 88 76 01", "mov byte ptr [r14+0x1], sil"),
    ("rm", (0xFF, W32, 2, 0, 8), "ff 50 08", "call qword ptr [rax+0x8]"),
    ("rm", (0xF2000F10, W32, 9, 5, -16), "f2 44 0f 10 4d f0", "movsd xmm9, qword ptr [rbp-0x10]"),
    ("rm", (0x3B, W64, 4, 15, 0), "49 3b 27", "cmp rsp, qword ptr [r15]"),
    ("rmx", (0x8B, W32, 0, 14, 1, 0, 0), "41 8b 04 0e", "mov eax, dword ptr [r14+rcx*1]"),
    ("rmx", (0x8B, W32, 0, 13, 1, 0, 0), "41 8b 44 0d 00", "mov eax, dword ptr [r13+rcx*1+0x0]"),
    ("rmx", (0x8B, W64, 9, 14, 12, 0, 127), "4f 8b 4c 26 7f", "mov r9, qword ptr [r14+r12*1+0x7f]"),
    ("rmx", (0x8D, W32, 0, 1, 2, 3, -128), "8d 44 d1 80", "lea eax, [rcx+rdx*8-0x80]"),
    ("rmx", (0x8B, W32, 0, 14, 10, 0, 0x8000), "43 8b 84 16 00 80 00 00", "mov eax, dword ptr [r14+r10*1+0x8000]"),
    ("rmx", (0xF3000F11, W32, 12, 14, 0, 0, 4), "f3 45 0f 11 64 06 04", "movss dword ptr [r14+rax*1+0x4], xmm12"),
    ("rmx", (0x8B, W64, 0, 2, 1, 3, 0), "48 8b 04 ca", "mov rax, qword ptr [rdx+rcx*8]"),
    ("rmi", (0x8D, W64, 0, 9, 3, 0), "4a 8d 04 cd 00 00 00 00", "lea rax, [r9*8+0x0]"),
    ("alu_ri", (0, W32, 0, 1), "83 c0 01", "add eax, 0x1"),
    ("alu_ri", (7, W64, 12, -128), "49 83 fc 80", "cmp r12, 0xffffffffffffff80"),
    ("alu_ri", (5, W64, 4, 128), "48 81 ec 80 00 00 00", "sub rsp, 0x80"),
    ("alu_ri", (4, W32, 9, -0x80000000), "41 81 e1 00 00 00 80", "and r9d, 0x80000000"),
    ("alu_mi", (0, W32, 5, -8, 1), "83 45 f8 01", "add dword ptr [rbp-0x8], 0x1"),
    ("alu_mi", (7, W64, 5, -8, 1000), "48 81 7d f8 e8 03 00 00", "cmp qword ptr [rbp-0x8], 0x3e8"),
    ("mov_ri", (0, 0), "b8 00 00 00 00", "mov eax, 0x0"),
    ("mov_ri", (9, 0xFFFFFFFF), "41 b9 ff ff ff ff", "mov r9d, 0xffffffff"),
    ("mov_ri", (0, -1), "48 c7 c0 ff ff ff ff", "mov rax, 0xffffffffffffffff"),
    ("mov_ri", (15, -0x80000000), "49 c7 c7 00 00 00 80", "mov r15, 0xffffffff80000000"),
    ("mov_ri", (3, 0x100000000), "48 bb 00 00 00 00 01 00 00 00", "movabs rbx, 0x100000000"),
    ("mov_ri", (3, -0x8000000000000000), "48 bb 00 00 00 00 00 00 00 80", "movabs rbx, 0x8000000000000000"),
    ("push", (5,), "55", "push rbp"),
    ("push", (12,), "41 54", "push r12"),
    ("pop", (0,), "58", "pop rax"),
    ("pop", (15,), "41 5f", "pop r15"),
    ("ret", (0,), "c3", "ret"),
    ("ret", (32,), "c2 20 00", "ret 0x20"),
    ("head", (0x99, W64), "48 99", "cqo"),
    ("head", (0xC9, W32), "c9", "leave"),
]
# fmt: on


def encode(method: str, arguments: tuple[int, ...]) -> bytes:
    asm = Assembler()
    getattr(asm, method)(*arguments)
    return asm.out.getvalue()


@pytest.mark.parametrize(("method", "arguments", "expected", "listing"), ROWS, ids=[row[3] for row in ROWS])
def test_bytes(method: str, arguments: tuple[int, ...], expected: str, listing: str) -> None:
    assert encode(method, arguments).hex(" ") == expected


def test_listing(tmp_path: Path) -> None:
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("objdump is not installed")
    file = tmp_path / "code"
    file.write_bytes(b"".join(encode(method, arguments) for method, arguments, _, _ in ROWS))
    command = [objdump, "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn", str(file)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.partition("\t")[2].partition("#")[0] for line in shown.splitlines() if ":\t" in line]
    listed = [" ".join(line.lower().split()).replace(",", ", ") for line in lines]
    assert listed == [listing for *_, listing in ROWS]


def test_forward_and_backward_jumps() -> None:
    asm = Assembler()
    ahead, behind = asm.new_label(), asm.new_label()
    asm.bind(behind)
    asm.jmp(ahead)
    asm.jcc(4, ahead)
    asm.jmp(behind)
    asm.jcc(5, behind)
    asm.bind(ahead)
    assert asm.out.getvalue().hex(" ") == "e9 0a 00 00 00 0f 84 04 00 00 00 eb f3 75 f1"


def test_far_backward_jump() -> None:
    asm = Assembler()
    label = asm.new_label()
    asm.bind(label)
    for _ in range(126):
        asm.ret(0)
    asm.jmp(label)  # 128 bytes from its end: just near enough
    asm.jmp(label)
    assert asm.out.getvalue()[126:].hex(" ") == "eb 80 e9 7b ff ff ff"


def test_unbound_label_is_wanted_only_by_jumps() -> None:
    asm = Assembler()
    jumped, listed, idle = asm.new_label(), asm.new_label(), asm.new_label()
    asm.jmp(jumped)
    asm.want(listed)
    assert [asm.is_wanted(label) for label in (jumped, listed, idle)] == [True, True, False]
    asm.bind(listed)
    assert asm.label_at[listed] == 5


def test_labels_are_reused_clean() -> None:
    asm = Assembler()
    for _ in range(100):
        asm.new_label()
    asm.bind(0)
    asm.num_labels = 0
    assert not asm.is_wanted(asm.new_label())


NOPS = (b"\x0f\x1f\x84" + bytes(5), b"\x0f\x1f\x40\x00", b"\x0f\x1f\x00", b"\x66\x90", b"\x90")


@pytest.mark.parametrize("length", range(1, 17))
def test_alignment_is_filled_with_whole_instructions(length: int) -> None:
    asm = Assembler()
    for _ in range(length):
        asm.ret(0)
    asm.align(16)
    filling = asm.out.getvalue()[length:]
    assert len(filling) == -length % 16
    while filling:
        nop = next(nop for nop in NOPS if filling.startswith(nop))
        filling = filling[len(nop) :]
