"""Marks tell which code an instruction became, and change none of it."""

from __future__ import annotations

from compiler_code import environment

from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.baseline.marks import Marks
from taipan.compiler.environ import ModuleEnv
from taipan.text.printer import ModulePrinter

SOURCE = """(memory 1) (table 1 funcref) (type $t (func (param i32) (result i32)))
  (func $loop (param i32) (result i32)
    (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i32.load (local.get 0)))
  (func $dead (result i32) (return (i32.const 1)) (drop (call $loop (i32.const 2))) (i32.const 3))
  (func $table (param i32) (result f64)
    (block (block (br_table 0 1 0 (local.get 0))) (return (f64.const 1.5))) (f64.const 2.5))
  (func $indirect (param externref i32) (result externref)
    (drop (call_indirect (type $t) (local.get 1) (local.get 1))) (local.get 0))
  (func $large (param i32) (local i64) (drop (i32.div_s (local.get 0) (i32.const 7))) unreachable)"""


def compile_marked(env: ModuleEnv, defined: int) -> tuple[bytes, Marks]:
    printer = ModulePrinter(env.module, False)
    printer.code.starts = []
    printer.func(defined, {})
    marks = Marks(printer.code.starts, env.module.body_ends[defined])
    made = BaselineCompiler(env).compile_marked(defined, marks)
    plain = BaselineCompiler(env).compile_function(defined)
    assert (made.code, made.sites, made.relocs, made.stack_maps) == (
        plain.code,
        plain.sites,
        plain.relocs,
        plain.stack_maps,
    )
    return made.code, marks


def test_marked_code_is_the_same_code_and_marks_ascend() -> None:
    for lazy in (False, True):
        env = environment(SOURCE, lazy=lazy)
        for defined in range(len(env.module.body_starts)):
            code, marks = compile_marked(env, defined)
            offsets = [at for at, _ in marks.body] + [marks.cold_start]
            offsets += [at for at, _ in marks.cold] + [marks.data_start, len(code)]
            assert offsets == sorted(offsets)
            assert marks.body[0][0] > 0  # behind the prologue


def test_instructions_that_cannot_be_reached_have_no_mark() -> None:
    env = environment(SOURCE)
    _, marks = compile_marked(env, 1)
    starts = sorted(marks.next)
    marked = [wasm for _, wasm in marks.body]
    assert marked == [starts[0], starts[1], starts[-1]]  # i32.const, return, end


def test_cold_code_is_marked_with_its_instruction() -> None:
    env = environment(SOURCE)
    _, marks = compile_marked(env, 4)
    assert marks.cold[-1][1] in marks.next
    assert env.code[marks.cold[-1][1]] == 0x00  # unreachable


def test_a_function_compiled_twice_is_marked_once() -> None:
    """Without calls the stack limit is not checked at first; a large frame makes the compiler begin again."""
    many = "(i64.load (local.get 0))" * 700
    env = environment(f"(memory 1) (func (param i32) {many} (block unreachable) unreachable)")
    _, marks = compile_marked(env, 0)
    assert marks.frame_bytes > 4096
    wasm = [wasm for _, wasm in marks.body]
    assert len(wasm) == len(set(wasm))
