"""The text format: `.wat` to and from `wasm.Module`, and the syntax of `.wast` scripts.

`parse` reads a module, `print_module` writes one, `script.parse_script` reads a script.
"""

from __future__ import annotations

from taipan.features import Features
from taipan.wasm.module import Module

__all__ = ["parse", "print_module"]


def parse(source: str | bytes, features: Features | None = None) -> Module:
    """The module that a text stands for: `(module ...)` or its fields alone.

    The syntax of every known proposal is accepted whatever `features` says; validation refuses what is off. Without
    memory64, limits beyond 32 bits are malformed, with it they are invalid. Only module linking must be on to be read:
    with it a module has `definitions`.
    Raises MalformedError, with line and column, for text that is no module, unknown identifiers included.
    """
    from taipan.text.lexer import Lexer, decode_source
    from taipan.text.parser import parse as parse_text

    return parse_text(Lexer(decode_source(source), keep_annotations=True), features or Features())


def print_module(module: Module, customs: bool = True, folded: bool = False) -> str:
    """The module as text, with the names of its name section. customs: whether other custom sections are printed.

    folded: `(i32.add (local.get 0) (i32.const 1))` in place of one instruction per line.

    Parsing the text gives an equal module. Raises MalformedError where the code cannot be decoded.
    """
    from taipan.text.printer import print_module as print_text

    return print_text(module, customs, folded)
