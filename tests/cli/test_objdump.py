"""`taipan objdump`: what a listing says, and of what."""

from __future__ import annotations

from pathlib import Path

import pytest

import taipan
from taipan.cli.listing import Compiled, Lister, Stored
from taipan.cli.main import main
from taipan.compiler import driver, dump
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.serialize import take_apart
from taipan.compiler.tunables import Tunables
from taipan.features import Features
from taipan.text import parse

SOURCE = """(module $m
  (import "host" "log" (func $log (param i32)))
  (memory 1)
  (table 1 funcref) (elem (i32.const 0) $pointed)
  (start $start)
  (func $start unreachable)
  (func $pointed (param $x i32) (result i32) (i32.div_u (i32.load (local.get $x)) (local.get $x)))
  (func $quiet (param externref) (result externref) (call $log (i32.const 3)) (local.get 0))
  (func (export "run") (export "go!") (result f64) (drop (call $pointed (i32.const 8))) (f64.const 1.5))
  (func $vector (result v128) (v128.const i32x4 1 2 3 4)))"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "m.wat"
    file.write_text(SOURCE)
    return str(file)


@pytest.fixture
def objdump(path: str, capsys: pytest.CaptureFixture[str]):
    def objdump(*options: str) -> str:
        assert main(["objdump", *options, path]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        return shown.out

    return objdump


@pytest.fixture
def mistake(path: str, capsys: pytest.CaptureFixture[str]):
    def mistake(*options: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(["objdump", *(options or [path])])
        assert ended.value.code == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    return mistake


def section(listing: str, func: int) -> str:
    return next(text for text in ("\n" + listing).split("\nfunction ") if text.startswith(f"{func} "))


def lines_with(text: str, *words: str) -> list[str]:
    return [line for line in text.splitlines() if all(word in line for word in words)]


def lister_of(source: str, lazy: bool = True, compiler: str = "baseline") -> Lister:
    module = parse(source, Features.everything())
    env = ModuleEnv(module, Tunables(), lazy)
    return Lister(module, env, Compiled(env, driver.make_builder(compiler).build()))


def test_every_byte_of_the_code_is_listed_in_order() -> None:
    for lazy in (True, False):
        lister = lister_of(SOURCE, lazy)
        compiler = BaselineCompiler(lister.env)
        for defined in range(4):
            listed = lister.function(defined)
            rows = [row for part in listed.body + listed.cold for row in part.rows] + listed.data
            assert b"".join(row.data for row in rows) == compiler.compile_function(defined).code
            assert [row.offset for row in rows] == sorted(row.offset for row in rows)


def test_instructions_are_printed_as_by_print(objdump, path, capsys) -> None:
    assert main(["print", path]) == 0
    printed = capsys.readouterr().out
    body = printed[printed.index("(func $pointed") :].split("\n  )")[0].splitlines()[1:]
    listing = objdump("--no-asm", "--no-addresses", "--func", "pointed")
    assert [line.strip() for line in listing.splitlines()[2:] if line] == [*(line.strip() for line in body), "end"]


def test_functions_say_how_they_can_be_reached(objdump) -> None:
    listing = objdump("--no-asm")
    assert "\n  start function, internal, called fast; " in section(listing, 1)
    assert "\n  escapes; " in section(listing, 2)
    assert "\n  internal, called fast; " in section(listing, 3)
    assert '\n  exported as "run", "go!"; ' in section(listing, 4)


def test_traps_calls_and_references_are_noted(objdump) -> None:
    listing = objdump()
    assert lines_with(section(listing, 2), "mov", "may trap: out of bounds memory access")
    assert lines_with(section(listing, 2), "call", "trap: integer divide by zero")
    assert lines_with(section(listing, 3), "call", "references: [rbp - 16]")
    assert lines_with(section(listing, 4), "call", "[rip", "-> $pointed")


def test_rare_paths_stand_under_their_instruction(objdump) -> None:
    rare = objdump("--func", "pointed").partition("rare paths\n")[2]
    assert "i32.div_u" in rare.splitlines()[0]


def test_eager_code_calls_directly(objdump) -> None:
    call = lines_with(objdump("--eager", "--bytes", "--func", "run"), "-> $pointed")
    assert " e8 00 00 00 00 " in call[0]


def test_code_that_counts_fuel_is_larger(objdump) -> None:
    def code_bytes(listing: str) -> int:
        return int(lines_with(listing, "total")[0].split()[2])

    assert code_bytes(objdump("--stats", "--fuel")) > code_bytes(objdump("--stats"))
    assert "rare paths" in objdump("--fuel", "--func", "run")


def test_code_that_cannot_be_made_is_said_in_its_place(objdump) -> None:
    vector = section(objdump(), 5)
    assert "not compiled: the baseline compiler does not support v128 yet" in vector
    assert "v128.const i32x4" in vector


def test_stats_add_up(objdump) -> None:
    lines = objdump("--stats").splitlines()
    rows = [line.split() for line in lines[1:5]]
    total = lines_with("\n".join(lines), "total")[0].split()
    assert int(total[2]) == sum(int(row[2]) for row in rows)
    assert "v128" in lines[5]
    assert lines[-1] == "1 more could not be compiled"


def test_sites(objdump) -> None:
    assert "trap: integer divide by zero" in objdump("--no-asm", "--sites", "--func", "2")


def test_functions_are_chosen_by_index_name_and_export(objdump) -> None:
    listing = objdump("--func", "3", "--func", "$pointed", "--func", "go!", "--func", "run")
    assert [line.split()[1] for line in lines_with(listing, "function ")] == ["3", "2", "4"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quite", "no such function; did you mean quiet?"),
        ("99", "the module has 6"),
        ("-1", "no such function"),
        ("log", "imported"),
        ("0", "imported"),
    ],
)
def test_functions_that_are_not_there(mistake, path, name, words) -> None:
    assert words in mistake(f"--func={name}", path)


def test_invalid_modules_and_files_are_refused(mistake, tmp_path) -> None:
    (tmp_path / "bad.wat").write_text("(module (func (result i32)))")
    assert "type mismatch" in mistake(str(tmp_path / "bad.wat"))
    (tmp_path / "bad.wasm").write_bytes(b"\0asm\1\0\0\0\xff")
    assert "bad.wasm" in mistake(str(tmp_path / "bad.wasm"))
    assert "No such file" in mistake(str(tmp_path / "none.wasm"))


def test_without_a_disassembler_there_are_bytes_and_advice(path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(dump, "_decoder", lambda *machine: None)
    assert main(["objdump", "--func", "pointed", path]) == 0
    shown = capsys.readouterr()
    assert "| " in shown.out
    assert "55 48 8b ec" in shown.out
    assert "pip install" in shown.err
    assert shown.err.count("\n") == 1


def test_color_is_for_terminals(objdump) -> None:
    assert "\x1b[" not in objdump()
    colored = objdump("--color", "always")
    assert "\x1b[1mfunction 1 $start" in colored


# --- other compilers, and artifacts ---------------------------------------------------------------------------------
MANY = " ".join(f"(local.get {n})" for n in range(9))
MIXED = f"""(module $mixed (memory 1)
  (func $many (param {"i64 " * 9}) (result i64) (local.get 8))
  (func $tail (export "tail") (param {"i64 " * 9}) (result i64) (return_call $many {MANY}))
  (func $kept (param externref i32) (result f64)
    (drop (call $kept (local.get 0) (i32.div_s (i32.load (local.get 1)) (local.get 1))))
    (f64.sub (f64.const 1.25) (f64.promote_f32 (f32.load (local.get 1))))))"""


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["objdump", *arguments]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    return output.out


def check_mixed(listing: str, slots: str) -> None:
    """What is said of MIXED, whether it is compiled for the listing or before."""
    assert "of code by llvm" in section(listing, 0)
    assert not lines_with(listing, "$many", "leaves")
    tail = section(listing, 1)
    assert "of code by baseline" in tail
    assert "since LLVM leaves it: the LLVM compiler does not support tail calls with arguments on the stack\n" in tail
    kept = section(listing, 2)
    assert "machine code by llvm" in kept
    code = kept.partition("machine code")[2]
    assert lines_with(code, "i32.load", "may trap: out of bounds memory access")
    assert lines_with(code, "call", "i32.div_s", "trap: integer divide by zero")
    assert lines_with(code, "call", "call $kept", "-> $kept" if slots else "references")
    # 1.25 stands among the constants, not between instructions.
    instructions, _, constants = code.partition("constants and jump tables")
    assert "00 00 00 00 00 00 f4 3f" in constants
    assert "ret" in instructions


def test_code_of_llvm_names_instructions_and_what_it_leaves(capsys, tmp_path) -> None:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    (tmp_path / "mixed.wat").write_text(MIXED)
    file = str(tmp_path / "mixed.wat")
    check_mixed(shown(capsys, "--compiler", "llvm", file), "")
    stats = shown(capsys, "--compiler", "llvm", "--stats", file).splitlines()
    assert [line.split()[5] for line in stats[1:4]] == ["llvm", "baseline", "llvm"]
    assert "$tail" in stats[2]
    assert "LLVM leaves it" in stats[2]
    wasm = shown(capsys, "--compiler", "llvm", "--no-asm", file)
    assert "machine code" not in wasm
    assert "i32.div_s" in wasm


def test_what_is_inlined_is_named(capsys, tmp_path) -> None:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    (
        tmp_path / "m.wat"
    ).write_text("""(module (memory 1) (func $small (param i32) (result i32) (i32.load (local.get 0)))
        (func $big (param i32) (result i32) (call $small (i32.load16_u (local.get 0)))))""")
    listing = section(shown(capsys, "--compiler", "llvm", str(tmp_path / "m.wat")), 1)
    assert lines_with(listing, "inlined $small: ", " i32.load; may trap")
    assert lines_with(listing, "mov", "i32.load16_u; may trap")


def test_every_byte_of_llvms_code_is_listed_in_order() -> None:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    lister = lister_of(MIXED, compiler="llvm")
    for defined in (0, 2):
        listed = lister.function(defined)
        rows = listed.code + listed.data
        assert sum(len(row.data) for row in rows) == listed.code_bytes
        assert [row.offset for row in rows] == sorted(row.offset for row in rows)


def artifact_of(source: str, compiler: str) -> bytearray:
    config = taipan.Config()
    config.compiler = compiler
    return taipan.Engine(config).precompile_module(source)


def test_artifacts_of_llvm_say_what_is_whose(capsys, tmp_path) -> None:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    path = tmp_path / "mixed.cwasm"
    path.write_bytes(artifact_of(MIXED, "llvm"))
    listing = shown(capsys, str(path))
    check_mixed(listing, "-> $kept")
    assert lines_with(section(listing, 1), "jmp", "-> $many")


def test_artifacts_of_the_baseline_compiler(capsys, path, tmp_path) -> None:
    artifact = tmp_path / "m.cwasm"
    source = SOURCE[: SOURCE.index("(func $vector")] + ")"
    artifact.write_bytes(artifact_of(source, "baseline"))
    listing = shown(capsys, str(artifact))
    assert lines_with(section(listing, 2), "mov", "i32.load", "may trap: out of bounds memory access")
    assert lines_with(section(listing, 3), "call", "references: [rbp - 16]")
    assert lines_with(section(listing, 4), "call", "-> $pointed")
    assert "baseline" in section(listing, 4)
    assert "leaves" not in listing
    # The stack of addresses counts from the beginning of the image.
    assert len({line.split()[1] for line in lines_with(listing, "| ")}) == len(lines_with(listing, "| "))


def test_damaged_artifacts(mistake, tmp_path) -> None:
    path = tmp_path / "m.cwasm"
    data = artifact_of("(module (func) (func))", "baseline")
    path.write_bytes(data[:1000])
    assert "damaged" in mistake(str(path))
    for table in ("offsets", "site_starts", "stack_map_starts"):
        parts = take_apart(data)
        parts.tables[table] = parts.tables[table][:-4]
        with pytest.raises(taipan.MalformedError, match="damaged artifact"):
            Stored(parts)
