"""Scripts: every command, patterns, errors."""

from __future__ import annotations

import pytest

from taipan.errors import MalformedError
from taipan.text import script
from taipan.text.script import Const, Either, LanesPattern, NanPattern, Reference, parse_script


def test_modules() -> None:
    source = """(module $a (func))
(module definition $b (func) (func))
(module binary "\\00asm" "\\01")
(module quote "(func" ")")
(module instance $i $b)
(module definition binary "x")"""
    a, b, binary, quote, instance, last = parse_script(source)
    assert isinstance(a, script.DefineModule)
    assert (a.line, a.definition, a.source.name, a.source.kind) == (1, False, "a", script.TEXT)
    assert isinstance(b, script.DefineModule)
    assert (b.line, b.definition, len(b.source.parse().func_types)) == (2, True, 2)
    assert isinstance(binary, script.DefineModule)
    assert binary.source.data == b"\x00asm\x01"
    assert isinstance(quote, script.DefineModule)
    assert quote.source.text() == b"(func )"
    assert isinstance(instance, script.InstantiateModule)
    assert (instance.line, instance.name, instance.module) == (5, "i", "b")
    assert isinstance(last, script.DefineModule)
    assert (last.definition, last.source.data) == (True, b"x")


def test_a_script_of_fields_is_one_module() -> None:
    (command,) = parse_script("(func) (memory 1)")
    assert isinstance(command, script.DefineModule)
    assert len(command.source.parse().memories) == 1


def test_errors_in_text_modules_have_the_scripts_lines() -> None:
    (command,) = parse_script("\n\n(module\n  (func $f)\n  (func $f))")
    assert isinstance(command, script.DefineModule)
    with pytest.raises(MalformedError) as caught:
        command.source.parse()
    assert (caught.value.line, caught.value.column) == (5, 9)


def results(source: str) -> list[script.Pattern]:
    (command,) = parse_script(f'(assert_return (invoke "f") {source})')
    assert isinstance(command, script.AssertAction)
    return command.results


def test_constants_and_patterns() -> None:
    (number,) = results("(i32.const -1)")
    assert isinstance(number, Const)
    assert (number.type, number.bits) == ("i32", 0xFFFF_FFFF)
    (nan,) = results("(f32.const nan:canonical)")
    assert isinstance(nan, NanPattern)
    assert (nan.type, nan.kind) == ("f32", "nan:canonical")
    (vector,) = results("(v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -1)")
    assert isinstance(vector, Const)
    assert vector.bits.to_bytes(16, "little") == bytes([*range(15), 255])
    (lanes,) = results("(v128.const f64x2 1 nan:arithmetic)")
    assert isinstance(lanes, LanesPattern)
    assert [repr(lane) for lane in lanes.lanes] == ["(f64.const 0x3ff0000000000000)", "(f64.const nan:arithmetic)"]
    (either,) = results("(either (i32.const 1) (either (i64.const 2)))")
    assert isinstance(either, Either)
    assert len(either.options) == 2


@pytest.mark.parametrize(
    ("source", "kind", "payload", "heap"),
    [
        ("(ref.null)", "null", None, None),
        ("(ref.null func)", "null", None, "func"),
        ("(ref.func)", "func", None, None),
        ("(ref.func $f)", "func", None, None),
        ("(ref.extern 7)", "extern", 7, None),
        ("(ref.host 7)", "host", 7, None),
        ("(ref.i31)", "i31", None, None),
        ("(ref.struct)", "struct", None, None),
    ],
)
def test_references(source: str, kind: str, payload: int | None, heap: str | None) -> None:
    (reference,) = results(source)
    assert isinstance(reference, Reference)
    assert (reference.kind, reference.payload, reference.heap) == (kind, payload, heap)


def test_actions() -> None:
    invoke, get = parse_script('(invoke $m "f" (i32.const 1) (ref.extern 2)) (get "g")')
    assert isinstance(invoke, script.Perform)
    assert repr(invoke.action) == '(invoke $m "f" (i32.const 0x1) (ref.extern 2))'
    assert isinstance(get, script.Perform)
    assert get.action.args is None


def test_assertions() -> None:
    commands = parse_script("""
        (assert_trap (invoke "f") "unreachable") (assert_exhaustion (invoke "f") "call stack exhausted")
        (assert_exception (invoke "f")) (assert_trap (module) "start")
        (assert_malformed (module quote "") "m") (assert_invalid (module) "i") (assert_unlinkable (module) "u")
        (assert_malformed_custom (module quote "") "c") (assert_invalid_custom (module) "d")
        (assert_fuel 3 (module)) (register "x" $m) (register "y")""")
    kinds = [getattr(command, "kind", type(command).__name__) for command in commands]
    assert kinds == [
        "assert_trap",
        "assert_exhaustion",
        "assert_exception",
        "assert_trap",
        "assert_malformed",
        "assert_invalid",
        "assert_unlinkable",
        "assert_malformed_custom",
        "assert_invalid_custom",
        "AssertFuel",
        "Register",
        "Register",
    ]
    assert isinstance(commands[3], script.AssertModule)


def test_threads() -> None:
    thread, wait = parse_script('(thread $t (shared (module $m)) (register "m" $m) (invoke "f")) (wait $t)')
    assert isinstance(thread, script.Thread)
    assert (thread.name, thread.shared, len(thread.commands)) == ("t", ["m"], 2)
    assert isinstance(wait, script.Wait)
    assert wait.name == "t"


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("(frobnicate)", "unknown script command frobnicate"),
        ('(assert_return (call "f"))', "unknown action call"),
        ('(invoke "f" (i32.const 4294967296))', "constant out of range"),
        ('(invoke "f" (f32.const nan:canonical))', "unexpected token"),
        ('(invoke "f" (i31.const 1))', "unknown constant i31.const"),
        ("(module", "unexpected token"),
        ('(assert_invalid (module) "x"', "unexpected token"),
        ("module", "unexpected token"),
    ],
)
def test_errors(source: str, phrase: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_script("\n" + source)
    assert str(caught.value).startswith(phrase)
    assert caught.value.line == 2
