"""Every module of the official suite: the valid ones pass, each `assert_invalid` fails with the suite's phrase."""

from __future__ import annotations

from pathlib import Path

from taipan.binary import decode, encode
from taipan.errors import InvalidError, MalformedError
from taipan.features import Features
from taipan.text.script import AssertModule, DefineModule, ModuleSource, parse_script
from taipan.validate import check_module
from taipan.wasm.module import Module
from taipan.wast.features import features_for

# These assert what happens later: the module itself is valid.
VALID = ("assert_unlinkable", "assert_trap", "assert_uninstantiable", "assert_exhaustion", "assert_exception")


def load(source: ModuleSource, features: Features) -> Module:
    return decode(source.data, features) if source.kind == "binary" else source.parse(features)


def outcome(source: ModuleSource, features: Features) -> str:
    """ "ok", or the class and message of the error."""
    try:
        check_module(load(source, features), features)
    except (InvalidError, MalformedError) as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


def scripts(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.wast"))


def test_modules_of_the_suite_are_valid(testsuite_dir: Path) -> None:
    checked = 0
    wrong = []
    for path in scripts(testsuite_dir):
        features = features_for(path)
        for command in parse_script(path.read_bytes()):
            if not (isinstance(command, DefineModule) or (isinstance(command, AssertModule) and command.kind in VALID)):
                continue
            checked += 1
            result = outcome(command.source, features)
            if result != "ok":
                wrong.append(f"{path.name}:{command.line}: {result}")
    assert not wrong
    assert checked > 2700


def test_invalid_modules_of_the_suite_are_rejected_with_its_phrase(testsuite_dir: Path) -> None:
    checked = 0
    wrong = []
    for path in scripts(testsuite_dir):
        features = features_for(path)
        for command in parse_script(path.read_bytes()):
            if not isinstance(command, AssertModule) or command.kind != "assert_invalid":
                continue
            checked += 1
            result = outcome(command.source, features)
            if not result.startswith(f"InvalidError: {command.message}"):
                wrong.append(f'{path.name}:{command.line}: "{command.message}", got {result}')
    assert not wrong
    assert checked > 3000


def test_text_and_binary_of_a_module_get_the_same_verdict(testsuite_dir: Path) -> None:
    """Also where the file's offsets differ from the assembled bodies'."""
    for name in ("br_table", "struct", "try_table", "select", "memory64", "unreached-invalid"):
        path = testsuite_dir / f"{name}.wast"
        for command in parse_script(path.read_bytes()):
            if not isinstance(command, AssertModule) or command.kind != "assert_invalid":
                continue
            if command.source.kind == "binary":
                continue
            features = features_for(path)
            module = load(command.source, features)
            message = outcome(command.source, features).partition(" (")[0]
            try:
                check_module(decode(encode(module), features), features)
                again = "ok"
            except InvalidError as error:
                again = f"InvalidError: {error}".partition(" (")[0]
            assert again == message
