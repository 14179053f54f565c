"""Reading what LLVM makes: object files, line number programs, machine code."""

from __future__ import annotations

import struct

import pytest
from compiler_code import environment

from taipan.compiler.llvm.elf import ObjectFile
from taipan.compiler.llvm.lines import read_rows
from taipan.compiler.llvm.machine import CALL, MEMORY, PLAIN
from taipan.compiler.llvm.x64_decode import instructions
from taipan.errors import InternalError

SOURCE = """(memory 1) (table 4 funcref) (global (mut f64) (f64.const 0)) (type $t (func (param i64 f64) (result f64)))
    (func (param i32 i64 f32 f64) (result f64)
      (loop
        (i64.store16 offset=70000 (local.get 0) (i64.rem_s (local.get 1) (i64.const 10)))
        (i32.store8 (i32.popcnt (local.get 0)) (i32.rotl (i32.load16_s offset=3 (local.get 0)) (i32.clz (local.get 0))))
        (f32.store (local.get 0) (f32.min (local.get 2) (f32.sqrt (f32.nearest (local.get 2)))))
        (global.set 0 (f64.max (global.get 0) (f64.convert_i64_u (i64.trunc_sat_f32_u (local.get 2)))))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (i32.const 4096))))
      (call_indirect (type $t) (i64.div_u (local.get 1) (i64.load32_u (local.get 0)))
        (f64.copysign (local.get 3) (f64.promote_f32 (local.get 2))) (local.get 0)))
    (func (param i32) (result i32)
      (block (block (block (block (block (br_table 0 1 2 3 4 (local.get 0)))
        (return (i32.const 11))) (return (i32.const 22))) (return (i32.const 35))) (return (i32.const 41)))
      (i32.const 57))"""


def object_of(source: str, pipeline: str = "default") -> bytes:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    from taipan.compiler.llvm import x64
    from taipan.compiler.llvm.function import FunctionCompiler
    from taipan.compiler.llvm.pipelines import PIPELINES
    from taipan.compiler.llvm.target import object_code
    from taipan.compiler.llvm.text import ModuleText

    env = environment(source)
    ir = ModuleText(x64)
    count = len(env.module.body_starts)
    for index in range(count):
        FunctionCompiler(env, ir, index).compile()
    text = ir.text({f"@f{index}" for index in range(count)}, "x86-64-v3", "")
    return object_code(text, PIPELINES[pipeline], x64.TRIPLE, "x86-64-v3")


# --- object files ---------------------------------------------------------------------------------------------------
def test_sections_symbols_and_relocations() -> None:
    file = ObjectFile(object_of(SOURCE))
    text = file.section_index(".text")
    functions = {symbol.name: symbol for symbol in file.symbols if symbol.section == text and symbol.name[:1] == "f"}
    assert set(functions) == {"f0", "f1"}
    assert all(symbol.size > 0 for symbol in functions.values())
    assert functions["f0"].value + functions["f0"].size <= len(file.sections[text].data)
    offsets = [r.offset for r in file.relocations[text]]
    assert offsets == sorted(offsets)
    assert file.section_index("zork") == 0


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x01\x01" + bytes(80), b"MZ" + bytes(100)])
def test_what_is_no_object_file(data: bytes) -> None:
    with pytest.raises(InternalError, match="ELF"):
        ObjectFile(data)


# --- line numbers ---------------------------------------------------------------------------------------------------
def program(*opcodes: bytes) -> bytes:
    lengths = bytes([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1])
    header = struct.pack("<BBBbBB", 1, 1, 1, -5, 14, 13) + lengths + b"\0" + b"wasm\0\0\0\0\0"
    body = struct.pack("<HI", 4, len(header)) + header + b"".join(opcodes)
    return struct.pack("<I", len(body)) + body


def test_line_programs() -> None:
    set_address = b"\x00\x09\x02" + bytes(8)
    data = program(
        set_address,
        b"\x05\x07",  # column 7
        b"\x03\xe4\x00\x01",  # line + 100, row
        bytes([13 + 5 + 14 * 3]),  # address + 3, row
        b"\x03\x7d\x02\x80\x01\x01",  # line - 3, address + 128, row
        b"\x08\x05\x01",  # address + 17 (as special opcode 255), column 1
        b"\x09\x10\x00\x06\x0a\x0b\x0c\x02\x01",  # address + 16; statement and block flags, isa 2; row
        b"\x02\x04\x00\x01\x01",  # address + 4, end
    )
    at = data.index(set_address) + 3
    assert read_rows(data, {at: 0x40}) == [
        (0x40, 101, 7),
        (0x43, 101, 7),
        (0xC3, 98, 7),
        (0xE4, 98, 1),
        (0xE8, 0, 0),
    ]
    assert len(read_rows(data + data, {at: 0x40, at + len(data): 0})) == 10


def test_other_versions_of_line_programs() -> None:
    data = bytearray(program())
    data[4] = 5
    with pytest.raises(InternalError, match="version 5"):
        read_rows(bytes(data), {})


# --- machine code ---------------------------------------------------------------------------------------------------
CODE = [
    ("55", PLAIN),  # push rbp
    ("4889e5", PLAIN),  # mov rbp, rsp
    ("483b27", MEMORY),  # cmp rsp, [rdi]
    ("8b8406 90010000", MEMORY),  # mov eax, [rsi + rax + 400]
    ("8b45f8", PLAIN),  # mov eax, [rbp - 8]
    ("8b0424", PLAIN),  # mov eax, [rsp]
    ("418b0424", MEMORY),  # mov eax, [r12]
    ("418b4500", MEMORY),  # mov eax, [r13 + 0]
    ("8b05 00000000", PLAIN),  # mov eax, [rip + 0]
    ("8b0425 00000000", MEMORY),  # mov eax, [0]
    ("8d0410", PLAIN),  # lea eax, [rax + rdx]
    ("e8 00000000", CALL),
    ("ff10", CALL),  # call [rax]
    ("ff15 00000000", CALL),  # call [rip + 0]
    ("41ffd3", CALL),  # call r11
    ("ffe0", PLAIN),  # jmp rax
    ("e9 00000000", PLAIN),
    ("48b8 0000000000000080", PLAIN),  # mov rax, imm64
    ("48c7c0 ffffffff", PLAIN),
    ("66c701 0100", MEMORY),  # mov word [rcx], 1
    ("66813f 3412", MEMORY),  # cmp word [rdi], imm16
    ("f6c101", PLAIN),  # test cl, 1
    ("f6d9", PLAIN),  # neg cl
    ("f7c1 00010000", PLAIN),  # test ecx, imm32
    ("f7f9", PLAIN),  # idiv ecx
    ("c1e805", PLAIN),
    ("0fafc1", PLAIN),
    ("0f85 00000000", PLAIN),
    ("0f1f840000000000", PLAIN),  # nop [rax + rax + 0]
    ("f3480fb8c1", PLAIN),  # popcnt rax, rcx
    ("f30f1001", MEMORY),  # movss xmm0, [rcx]
    ("660f3a0bc008", PLAIN),  # roundsd xmm0, xmm0, 8
    ("0fc6c01b", PLAIN),  # shufps xmm0, xmm0, imm8
    ("c5fb5801", MEMORY),  # vaddsd xmm0, xmm0, [rcx]
    ("c5f877", PLAIN),  # vzeroupper
    ("c4e279f7c1", PLAIN),  # shlx eax, ecx, eax
    ("c4437913c001", PLAIN),  # a vector instruction of the third map
    ("62f17c48280424", PLAIN),  # vmovaps zmm0, [rsp]
    ("62f17c482801", MEMORY),  # vmovaps zmm0, [rcx]
    ("c22000", PLAIN),  # ret 32
    ("0f0b", PLAIN),  # ud2
]


def test_lengths_and_kinds_of_instructions() -> None:
    code = b"".join(bytes.fromhex(text) for text, _ in CODE)
    found = instructions(code, 0, len(code))
    assert [(code[start:end].hex(), kind) for start, end, kind in found] == [
        (text.replace(" ", ""), kind) for text, kind in CODE
    ]


@pytest.mark.parametrize("code", ["06", "e80000", "d5", "c4e0790000"])
def test_code_that_is_none(code: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        instructions(bytes.fromhex(code), 0, len(code) // 2)


@pytest.mark.parametrize("pipeline", ["fast", "default", "aggressive"])
def test_lengths_agree_with_another_disassembler(pipeline: str) -> None:
    capstone = pytest.importorskip("capstone")
    file = ObjectFile(object_of(SOURCE, pipeline))
    code = file.sections[file.section_index(".text")].data
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    for symbol in file.symbols:
        if symbol.name in ("f0", "f1"):
            end = symbol.value + symbol.size
            ours = [(start, stop - start) for start, stop, _ in instructions(code, symbol.value, end)]
            theirs = [(at, size) for at, size, _, _ in decoder.disasm_lite(code[symbol.value : end], symbol.value)]
            assert ours == theirs
