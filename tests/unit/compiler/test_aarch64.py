"""Code for AArch64, cross-compiled with LLVM. It cannot run here; it is checked by decoding (R-28)."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from compiler_code import environment

import taipan
from taipan.abi import layout
from taipan.cli.main import main
from taipan.compiler import elf
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.image import AARCH64, ImageBuilder
from taipan.compiler.serialize import take_apart

pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")

from taipan.compiler.llvm import aarch64, builder
from taipan.compiler.llvm.builder import LlvmBuilder
from taipan.compiler.llvm.compiler import LLVMCompiler
from taipan.compiler.llvm.machine import CALL, MEMORY, PLAIN

TARGET = "aarch64-unknown-linux-gnu"
PIPELINES = ("fast", "default", "aggressive")
each_pipeline = pytest.mark.parametrize("pipeline", PIPELINES)

MANY = "i32 i64 f32 f64 " * 6
GETS = " ".join(f"(local.get {n})" for n in range(24))
CASES = " ".join(str(n) for n in range(12))
SOURCE = f"""
    (type $many (func (param {MANY}) (result {MANY})))
    (type $kept (func (param externref i32) (result externref)))
    (import "host" "log" (func $log (param i32 i64)))
    (import "host" "limit" (global $limit i64))
    (memory 1 10) (table 4 funcref) (elem (i32.const 0) $narrow $wide)
    (global $count (mut f64) (f64.const 0.5))
    (func $narrow (param i32) (result i64) (i64.load offset=70000 (local.get 0)))
    (func $wide (export "wide") (type $many) {GETS})
    (func (export "calls") (type $many) (call $log (local.get 0) (local.get 1))
      (call $wide {GETS}) {"drop " * 24} (call_indirect (type $many) {GETS} (i32.const 1)))
    (func (export "widths") (param i32 i64 f32 f64) (result i64)
      (i32.store8 (local.get 0) (local.get 0)) (i32.store16 (local.get 0) (local.get 0))
      (i64.store32 (local.get 0) (local.get 1)) (i64.store offset=8 (local.get 0) (local.get 1))
      (f32.store (local.get 0) (local.get 2)) (f64.store offset=3 align=1 (local.get 0) (local.get 3))
      (i64.add (i64.load8_s (local.get 0)) (i64.add (i64.load16_u (local.get 0)) (i64.load32_s (local.get 0)))))
    (func (export "floats") (param f64 f32) (result f64 f32 i32)
      (f64.mul (f64.sub (f64.const 7.125e99) (f64.nearest (local.get 0))) (f64.const -0.3))
      (f32.min (f32.sqrt (local.get 1)) (f32.copysign (local.get 1) (f32.const 3.25e7)))
      (i32.trunc_f64_u (local.get 0)))
    (func (export "traps") (param i32 i64) (result i32)
      (if (i64.eqz (local.get 1)) (then unreachable))
      (i32.div_s (i32.rem_u (i32.const 100) (local.get 0)) (i32.wrap_i64 (i64.div_u (i64.const 9) (local.get 1)))))
    (func (export "table") (param i32 i32) (result i32)
      {"(block " * 12} (br_table {CASES} 11 (local.get 0))
      {"".join(f") (i32.store (local.get 1) (i32.const {n})) (local.set 1 (call $traps (local.get 1) (i64.const {n})))" for n in range(12))}
      (local.get 1))
    (func $traps (param i32 i64) (result i32) (i32.add (memory.grow (local.get 0)) (memory.size)))
    (func $refs (type $kept) (loop (br_if 0 (call $traps (local.get 1) (global.get $limit))))
      (drop (call $refs (local.get 0) (i32.const 1))) (local.get 0))
    (func (export "global") (param i32) (result f64) (local f64)
      (loop (local.set 1 (f64.add (local.get 1) (f64.load (local.get 0))))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (i32.const 800))))
      (global.set $count (f64.add (global.get $count) (local.get 1))) (global.get $count))
    (func (export "tail") (param i32 i64 f32 f64) (result i64) (return_call $tail2 (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 1)))
    (func $tail2 (param i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i64) (return_call $narrow (local.get 7)))
"""  # noqa: E501


def engine_for(compiler: str = "llvm", **settings: Any) -> taipan.Engine:
    config = taipan.Config()
    config.compiler = compiler
    config.target = TARGET
    for name, value in settings.items():
        if name.startswith("linkopt"):
            config.cranelift_flag_set(name, str(value))
        else:
            setattr(config, name, value)
    return taipan.Engine(config)


def precompile(source: str, **settings: Any) -> bytearray:
    return engine_for(**settings).precompile_module(f"(module {source})")


def compile_all(source: str, pipeline: str = "default") -> list[CompiledFunction]:
    env = environment(source)
    made = LLVMCompiler(env, frozenset(), pipeline, aarch64).compile_chunk(list(range(len(env.module.body_starts))))
    assert all(isinstance(code, CompiledFunction) for code in made), made
    return made  # type: ignore[return-value]


def compile_export(name: str, pipeline: str) -> CompiledFunction:
    """A function of SOURCE, with nothing inlined into it."""
    env = environment(SOURCE)
    index = next(export.index for export in env.module.exports if export.name == name)
    compiler = LLVMCompiler(env, frozenset(), pipeline, aarch64, inline=False)
    return compiler.compile_function(index - int(env.num_imported_funcs))


def word_at(code: bytes, at: int) -> int:
    return struct.unpack_from("<I", code, at)[0]  # type: ignore[no-any-return]


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def branch_target(code: bytes, at: int) -> tuple[int, bool]:
    """Where the `b` or `bl` at an offset ends up, and whether through a veneer, whose instructions are checked."""
    word = word_at(code, at)
    assert word >> 26 & 31 == 0b00101, f"{word:#x}"
    distance = 4 * signed(word & 0x3FF_FFFF, 26)
    assert -(1 << 27) <= distance < 1 << 27
    place = at + distance
    if code[place : place + 4] != struct.pack("<I", 0x1000_0011):
        return place, False
    # adr x17, 0; ldr x16, 12 bytes on; add x16, x16, x17; br x16; the distance
    assert struct.unpack_from("<3I", code, place + 4) == (0x5800_0070, 0x8B11_0210, 0xD61F_0200)
    return place + struct.unpack_from("<q", code, place + 16)[0], True


def check_calls(functions: list[CompiledFunction], **options: Any) -> int:
    """Lay out functions; every call and jump among them must arrive. The number of veneers passed."""
    laid_out = ImageBuilder(AARCH64, **options)
    for function in functions:
        laid_out.add(function)
    image = laid_out.finish()
    starts = [start for start, _ in struct.iter_unpack("<II", image.offsets)]
    veneers = calls = 0
    for start, function in zip(starts, functions, strict=True):
        for at, kind, target in struct.iter_unpack("<3I", function.relocs):
            assert kind == layout.RELOC_CALL
            reached, veneer = branch_target(image.code, start + at)
            assert reached == starts[target]
            veneers += veneer
            calls += 1
    assert calls > 0
    return veneers


# --- calls, veneers, islands ----------------------------------------------------------------------------------------
@each_pipeline
def test_calls_are_direct(pipeline: str) -> None:
    assert check_calls(compile_all(SOURCE, pipeline)) == 0


def test_forced_veneers() -> None:
    functions = compile_all(SOURCE)
    others = sum(
        target != index
        for index, function in enumerate(functions)
        for _, _, target in struct.iter_unpack("<3I", function.relocs)
    )
    assert check_calls(functions, force_veneers=True) == others > 0


FAR = """(func (export "a") (param i32) (result i32) (i32.add (call $c (local.get 0)) (call $b (local.get 0))))
    (func $b (param i32) (result i32) (return_call $c (i32.sub (call $a (local.get 0)) (i32.const 1))))
    (func $c (param i32) (result i32) (i32.mul (call $a (local.get 0)) (call $b (local.get 0))))
    (func $a (param i32) (result i32) (return_call $c (local.get 0)))"""


def test_calls_beyond_128_mib() -> None:
    """Functions whose neighbours are in reach, and all others are not."""
    env = environment(FAR)
    compiler = LLVMCompiler(env, frozenset(), "default", aarch64, inline=False)
    functions = [compiler.compile_function(index) for index in range(4)]
    assert 0 < check_calls(functions, padding=70 << 20) < sum(len(function.relocs) // 12 for function in functions)


def test_every_branch_of_an_artifact() -> None:
    """Without knowing what was meant: jumps stay in their function, calls arrive at the beginning of one."""
    for force in ("false", "true"):
        parts = take_apart(precompile(SOURCE, linkopt_force_jump_veneer=force))
        code = bytes(parts.code)
        extents = list(struct.iter_unpack("<II", parts.tables["offsets"]))
        sizes = [row[5] for row in struct.iter_unpack("<IBBHQQ", parts.symbols)][1:]
        starts = {start for start, _ in extents}
        calls = jumps = 0
        for (start, size), code_bytes in zip(extents, sizes, strict=True):
            assert code_bytes <= size
            for at in range(start, start + code_bytes, 4):
                if word_at(code, at) >> 26 & 31 == 0b00101:
                    target, veneer = branch_target(code, at)
                    call = word_at(code, at) >> 31
                    calls += call
                    jumps += 1 - call
                    inside = start <= target < start + code_bytes and not call
                    assert target in starts or (inside and not veneer)
        assert calls > 0
        assert jumps > 5


def test_artifacts_have_no_relocations(tmp_path: Path) -> None:
    data = precompile(SOURCE)
    machine, sections = elf.read(data)
    assert machine == "aarch64"
    assert not any(section.kind in (elf.RELA, 9) for section in sections)
    text = next(section for section in sections if section.name == ".text")
    assert text.offset % (64 << 10) == 0  # pages may be as large there
    path = tmp_path / "a.cwasm"
    path.write_bytes(data)
    try:
        shown = subprocess.run(["readelf", "-hr", path], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("binutils are not installed")
    assert "AArch64" in shown
    assert "no relocations" in shown


def test_bytes_are_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    assert precompile(SOURCE) == precompile(SOURCE)
    monkeypatch.setattr(builder, "CHUNK_BYTES", 60)  # so that there is something to do for several threads
    chosen = LlvmBuilder()
    chosen.target(TARGET)
    one, four = (chosen.build().module(environment(SOURCE)).image(workers) for workers in (1, 4))
    assert (one.code, one.sites, one.stack_maps) == (four.code, four.sites, four.stack_maps)


# --- sites ----------------------------------------------------------------------------------------------------------
@each_pipeline
def test_sites_lie_behind_calls_and_on_accesses(pipeline: str) -> None:
    for made in compile_all(SOURCE, pipeline):
        decoded = aarch64.instructions(made.code, 0, made.data_start)
        calls = [end for _, end, kind in decoded if kind == CALL]
        accesses = [at + 1 for at, _, kind in decoded if kind == MEMORY]
        sites = list(struct.iter_unpack("<4I", made.sites))
        assert [offset for offset, _, kind, _ in sites if kind & 0xFF != layout.SITE_FAULT] == calls
        faults = [offset for offset, _, kind, _ in sites if kind & 0xFF == layout.SITE_FAULT]
        assert set(faults) <= set(accesses)
        if faults:
            assert faults == [access for access in accesses if access >= faults[0]]


@each_pipeline
def test_every_access_of_wasm_has_a_site_of_its_own(pipeline: str) -> None:
    made = compile_export("widths", pipeline)
    places = {wasm for _, wasm, kind, _ in struct.iter_unpack("<4I", made.sites) if kind == layout.SITE_FAULT}
    assert len(places) == 9


def test_stores_cannot_be_torn() -> None:
    """The last byte is loaded before a store that could be written in part; not where there is a check, or one byte."""

    def accesses(store: str) -> int:
        """Also the context's, for the memory's base."""
        (made,) = compile_all(f"(memory 1) (func (param i32 i64) ({store} (local.get 0) (local.get 1)))")
        return len([kind for _, _, kind, _ in struct.iter_unpack("<4I", made.sites) if kind == layout.SITE_FAULT])

    byte = accesses("i64.store8")
    assert accesses("i64.store16") == accesses("i64.store32") == accesses("i64.store offset=9") == byte + 1


def test_stack_maps_count_from_the_frame_pointer() -> None:
    source = '(import "" "" (func $f)) (func (param externref) (result externref) (call $f) (local.get 0))'
    (made,) = compile_all(source)
    (position,) = {stack_map for _, _, _, stack_map in struct.iter_unpack("<4I", made.sites) if stack_map}
    count, distance = struct.unpack_from("<2I", made.stack_maps, 4 * (position - 1))
    assert count == 1
    # stp or str of x2, the parameter, to where the map says: [x29 - distance] or the same from sp.
    capstone = pytest.importorskip("capstone")
    decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    texts = [f"{name} {operands}" for _, _, name, operands in decoder.disasm_lite(made.code[: made.data_start], 0)]
    frame = next(int(m[1] or "0", 16) for t in texts if (m := re.match(r"(?:add x29, sp, #(\w+)|mov x29, sp)", t)))
    from_sp = frame - distance
    assert any(
        re.fullmatch(rf"st\w+ .*x2(, .*)?, \[(x29, #-{distance:#x}|sp(, #{from_sp:#x})?)\]", text) for text in texts
    ), texts


# --- constants and jump tables --------------------------------------------------------------------------------------
def addresses(made: CompiledFunction) -> list[tuple[int, int]]:
    """(offset, what it refers to) of each `adr`."""
    found = []
    for at in range(0, made.data_start, 4):
        word = word_at(made.code, at)
        if word & 0x1F00_0000 == 0x1000_0000:
            assert not word >> 31  # no adrp: pages are not known here
            found.append((at, at + signed((word >> 5 & 0x7_FFFF) << 2 | word >> 29 & 3, 21)))
    return found


@each_pipeline
def test_constants_lie_in_the_functions_own_piece(pipeline: str) -> None:
    (made,) = compile_all("(func (param f64) (result f64) (f64.mul (local.get 0) (f64.const 7.125e99)))", pipeline)
    ((at, target),) = addresses(made)
    assert made.data_start <= target <= len(made.code) - 8
    assert struct.unpack_from("<d", made.code, target) == (7.125e99,)
    register = word_at(made.code, at) & 31
    loads = [word_at(made.code, n) for n in range(at, made.data_start, 4) if word_at(made.code, n) >> 22 == 0x3F5]
    assert loads
    assert all(load >> 10 & 0xFFF == 0 and load >> 5 & 31 == register for load in loads)


@each_pipeline
def test_every_entry_of_a_jump_table_leads_to_an_instruction(pipeline: str) -> None:
    made = compile_export("table", pipeline)
    references = addresses(made)
    ((at, table),) = [(at, target) for at, target in references if target >= made.data_start]
    ((_, label),) = [(at, target) for at, target in references if target < made.data_start]
    # The load whose base register holds the table, with an index in another register; its width is that of an entry.
    words = [word_at(made.code, n) for n in range(at, made.data_start, 4)]
    load = next(w for w in words if w & 0x3F20_0C00 == 0x3820_0800 and w >> 5 & 31 == word_at(made.code, at) & 31)
    width = 1 << (load >> 30)
    raw = [made.code[table + width * n : table + width * (n + 1)] for n in range(11)]  # the last case is the default
    # Small entries count instructions.
    entries = [label + int.from_bytes(entry, "little", signed=width == 4) * (4 if width < 4 else 1) for entry in raw]
    assert len(set(entries)) == 11
    assert all(0 < entry < made.data_start and entry % 4 == 0 for entry in entries)


def test_code_agrees_with_another_disassembler() -> None:
    capstone = pytest.importorskip("capstone")
    decoder = capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    for pipeline in PIPELINES:
        for made in compile_all(SOURCE, pipeline):
            ours = aarch64.instructions(made.code, 0, made.data_start)
            theirs = list(decoder.disasm_lite(made.code[: made.data_start], 0))
            assert len(ours) == len(theirs) == made.data_start // 4
            for (_, _, kind), (_, _, name, operands) in zip(ours, theirs, strict=True):
                assert (kind == CALL) == (name in ("bl", "blr"))
                in_memory = re.match(r"(ld|st)", name) and not re.search(r"\[(sp|x29)[],]", operands)
                assert (kind == MEMORY) == bool(in_memory)


CODE = [
    (0xA9BF7BFD, PLAIN),  # stp x29, x30, [sp, #-16]!
    (0xF9400008, MEMORY),  # ldr x8, [x0]
    (0xB8626808, MEMORY),  # ldr w8, [x0, x2]
    (0xF85F83A0, PLAIN),  # ldur x0, [x29, #-8]
    (0x58000070, PLAIN),  # ldr x16, 12 bytes on
    (0x3C8107E0, PLAIN),  # str q0, [sp], #16
    (0x3D800040, MEMORY),  # str q0, [x2]
    (0x38001C41, MEMORY),  # strb w1, [x2, #1]!
    (0x94000001, CALL),
    (0xD63F0200, CALL),  # blr x16
    (0xD61F0200, PLAIN),  # br x16
    (0x14000001, PLAIN),
    (0x1E602820, PLAIN),  # fadd d0, d1, d0
    (0x8B020000, PLAIN),  # add x0, x0, x2
]


def test_kinds_of_instructions() -> None:
    code = struct.pack(f"<{len(CODE)}I", *(word for word, _ in CODE))
    assert [kind for _, _, kind in aarch64.instructions(code, 0, len(code))] == [kind for _, kind in CODE]
    for word in (0, 0x0000_DEAD, 0x04A0_0000):  # undefined, undefined, of the scalable vectors
        with pytest.raises(ValueError, match="unknown instruction"):
            aarch64.instructions(struct.pack("<I", word), 0, 4)
    with pytest.raises((ValueError, struct.error)):
        aarch64.instructions(bytes(7), 0, 7)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ([0xA9BF7BFD, 0xD10043FF], 16),  # sub sp, sp, #16
        ([0xD14007FF, 0xD10803FF], 4096 + 512),  # sub sp, sp, #1, lsl #12; sub sp, sp, #512
        ([0xCB2963FF], aarch64.LARGEST_FRAME),  # sub sp, sp, x9
        ([0xD10043E0, 0x910043FF], 0),  # sub x0, sp, #16; add sp, sp, #16
    ],
)
def test_size_of_frames(words: list[int], size: int) -> None:
    code = struct.pack(f"<{len(words)}I", *words)
    assert aarch64.frame_bytes(code, aarch64.instructions(code, 0, len(code))) == size


def test_data_that_is_too_far_away() -> None:
    piece = bytearray(struct.pack("<I", 0x9000_0008))
    aarch64.patch(piece, 0, aarch64.R_AARCH64_ADR_PREL_PG_HI21, 4, (1 << 20) - 1)
    assert bytes(piece) == struct.pack("<I", 0x707F_FFE8)
    with pytest.raises(ValueError, match="too far away"):
        aarch64.patch(bytearray(struct.pack("<I", 0x9000_0008)), 0, aarch64.R_AARCH64_ADR_PREL_PG_HI21, 4, 1 << 20)


# --- what is refused, and who says so -------------------------------------------------------------------------------
def test_functions_that_llvm_leaves_have_nobody() -> None:
    source = "(func (drop (i8x16.splat (i32.const 0))))"
    with pytest.raises(taipan.UnsupportedError, match=r"i8x16\.splat.*\(function 0\), and no other .* aarch64-unknown"):
        precompile(source)
    source = (
        f'(import "" "" (func $f (result {"i64 " * 1000}))) (func (result i64) {"(call $f) " * 3} {"i64.add " * 2999})'
    )
    with pytest.raises(taipan.UnsupportedError, match=r"too large a frame \(function 1\), and no other"):
        precompile(source, opt_level="fast")


def test_code_for_another_machine_is_not_loaded(tmp_path: Path) -> None:
    data = precompile('(func (export "f"))')
    path = tmp_path / "a.cwasm"
    path.write_bytes(data)
    engine = taipan.Engine()
    for load in (
        lambda: taipan.Module.deserialize(engine, data),
        lambda: taipan.Module.deserialize_file(engine, path),
    ):
        with pytest.raises(taipan.UnsupportedError, match="compiled for architecture 'aarch64', this is 'x86_64'"):
            load()


def test_an_engine_for_another_machine_only_compiles() -> None:
    engine = engine_for()
    words = f"configuration does not match the host: target {TARGET} on x86_64"
    for refused in (
        lambda: taipan.Module(engine, "(module)"),
        lambda: taipan.Module.deserialize(engine, engine.precompile_module("(module)")),
        lambda: taipan.Module.deserialize(engine, taipan.Engine().precompile_module("(module)")),
    ):
        with pytest.raises(taipan.UnsupportedError, match=re.escape(words)):
            refused()
    assert engine_for("auto").compiler.name == "llvm"
    with pytest.raises(taipan.UnsupportedError, match="the baseline compiler cannot make code for aarch64"):
        engine_for("baseline")


@pytest.mark.parametrize("target", ["aarch64-apple-darwin", "riscv64gc-unknown-linux-gnu", "x86_64-pc-windows-msvc"])
def test_other_targets(target: str) -> None:
    with pytest.raises(taipan.UnsupportedError, match="only for x86_64 and aarch64 Linux"):
        LlvmBuilder().target(target)


# --- the command line -----------------------------------------------------------------------------------------------
def test_compiling_and_listing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, path = tmp_path / "a.wat", tmp_path / "a.cwasm"
    source.write_text(f"(module {SOURCE})")
    assert main(["compile", str(source), "--target", TARGET, "-o", str(path)]) == 0
    assert main(["objdump", str(path), "--func", "refs"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"bl #0x[0-9a-f]+ +; -> \$\w+; .*call \$", shown)
    assert re.search(r"blr x\d+ +; .*references: \[x29 - \d+", shown)
    assert "of code by llvm" in shown
    with pytest.raises(SystemExit):
        main(["run", "--allow-precompiled", "--invoke", "wide", str(path)])
    assert "compiled for architecture 'aarch64', this is 'x86_64'" in capsys.readouterr().err
