"""The suite's modules as text: what must parse parses, what is malformed is refused, and printing loses nothing.

Needs no compiler and no native runtime.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import suite_files

from taipan.binary.decode import decode
from taipan.binary.encode import encode
from taipan.errors import InvalidError, MalformedError, WasmError
from taipan.features import Features
from taipan.text import parse, print_module, script
from taipan.text.script import AssertModule, parse_script
from taipan.wast.features import features_for

EXPECTED = {
    "assert_malformed": MalformedError,
    "assert_malformed_custom": MalformedError,
    "assert_invalid_custom": InvalidError,
}


@pytest.mark.parametrize("name", suite_files())
def test_texts(name: str, testsuite_dir: Path) -> None:
    """Every text module of the file parses, or raises the class that its assertion names."""
    features = features_for(testsuite_dir / name)
    wrong = []
    for command in parse_script((testsuite_dir / name).read_bytes()):
        source = getattr(command, "source", None)
        if source is None or source.kind == script.BINARY:
            continue
        wanted = EXPECTED.get(command.kind) if isinstance(command, AssertModule) else None
        raised: type[Exception] | None = None
        try:
            source.parse(features)
        except WasmError as error:
            raised = type(error)
        if raised is not wanted:
            wrong.append(f"{name}:{command.line}: expected {wanted}, got {raised}")
    assert not wrong


@pytest.mark.parametrize("name", suite_files())
def test_print_and_parse(name: str, testsuite_dir: Path) -> None:
    """decode, print, parse and encode end where they began: in the same bytes, or at least in the same text.

    Bytes differ where the binary was not in its shortest form, which the text cannot tell.
    """
    everything = Features.everything()
    wrong = []
    for command in parse_script((testsuite_dir / name).read_bytes()):
        source = getattr(command, "source", None)
        if source is None or (isinstance(command, AssertModule) and "malformed" in command.kind):
            continue
        try:
            binary = source.data if source.kind == script.BINARY else bytes(encode(source.parse()))
            module = decode(binary, everything)
            text = print_module(module)
        except WasmError:
            continue  # test_texts judges the text, tests/spec/test_testsuite.py the binary
        assert encode(parse(print_module(module, folded=True))) == encode(parse(text))
        again = bytes(encode(parse(text)))
        if again != bytes(encode(module)) and print_module(decode(again, everything)) != text:
            wrong.append(f"{name}:{command.line}")
    assert not wrong
