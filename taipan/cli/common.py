"""Options and steps that several commands share: features, compiler, and reading modules with clear errors."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, Final, NoReturn

import taipan
from taipan.cli.main import fail
from taipan.features import DEFAULTS, Features

if TYPE_CHECKING:
    from taipan.wasm.module import Module

EXCERPT_COLUMNS: Final = 100
EXCERPT_LINES: Final = 4


def add_feature_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-W",
        "--wasm",
        metavar="FEATURE",
        action="append",
        default=[],
        help="switch a proposal: -W threads, -W simd=n, -W all (may be repeated; a comma separates several)",
    )


def add_compiler_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compiler", metavar="C", default="auto", help="which compiler makes the code: auto, baseline or llvm"
    )


def add_color_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: where standard output is a terminal and NO_COLOR is not set (default: auto)",
    )


class Paint:
    """Colours for a terminal, or none. when: the value of `--color`."""

    def __init__(self, when: str) -> None:
        import os
        import sys

        terminal = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.on: bool = when == "always" or (when == "auto" and terminal)

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and text else text

    def heading(self, text: str) -> str:
        return self("1", text)

    def wasm(self, text: str) -> str:
        return self("36", text)

    def note(self, text: str) -> str:
        return self("33", text)

    def error(self, text: str) -> str:
        return self("31", text)

    def dim(self, text: str) -> str:
        return self("2", text)


CHANGES_IMPORTS: Final = frozenset({"module-linking"})
"""Not among `-W all`: existing modules mean something else with it."""


def feature_changes(words: list[str]) -> dict[str, bool]:
    """What `-W` options ask for: feature name -> on."""
    changes: dict[str, bool] = {}
    for word in (part for option in words for part in option.split(",") if part):
        name, _, value = word.partition("=")
        if value.lower() not in ("", "y", "yes", "true", "n", "no", "false"):
            fail(f"-W {word}: the value must be y or n")
        on = value.lower() not in ("n", "no", "false")
        if name == "all":
            changes.update({known: on for known in DEFAULTS if not on or known not in CHANGES_IMPORTS})
        elif name in DEFAULTS:
            changes[name] = on
        else:
            fail(f"-W {word}: unknown feature; known are {', '.join(DEFAULTS)} and all")
    return changes


def features_from(args: Any) -> Features:
    return Features().replace(**{name.replace("-", "_"): on for name, on in feature_changes(args.wasm).items()})


def config_from(args: Any) -> taipan.Config:
    """The engine configuration that the options of `add_feature_option` and `add_compiler_option` describe."""
    config = taipan.Config()
    config.features = features_from(args)
    try:
        config.compiler = args.compiler
    except (ValueError, taipan.WasmError) as error:
        fail(f"--compiler {args.compiler}: {error}")
    return config


def split_pair(option: str, word: str) -> tuple[str, str]:
    name, separator, value = word.partition("=")
    if not separator or not name:
        fail(f"{option} {word}: expected NAME=VALUE")
    return name, value


def read_file(path: str) -> bytes:
    """`read_bytes`; ends the process with a clear line if that fails."""
    try:
        return read_bytes(path)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror or error}")


def read_bytes(path: str) -> bytes:
    """The contents of a file, `-` being standard input. Raises OSError."""
    if path == "-":
        import sys

        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def is_text(path: str, data: bytes) -> bool:
    """Whether a file holds the text format: by its name, else by its first character."""
    return path.endswith(".wat") or data.lstrip()[:1] in (b"(", b";")


def load_module(engine: taipan.Engine, path: str, allow_precompiled: bool = False) -> taipan.Module:
    """Compile a `.wasm` or `.wat` file; ends the process with a line that names file and place if it is no module.

    allow_precompiled: also load what `taipan compile` made, and execute its machine code.
    """
    data = read_file(path)
    try:
        if engine.detect_precompiled(data):
            if not allow_precompiled:
                fail(f"{path}: is precompiled machine code; --allow-precompiled runs it, if you trust its origin")
            return taipan.Module.deserialize(engine, data)
        return taipan.Module(engine, assembled(path, data, engine.features))
    except taipan.WasmError as error:
        fail_at(path, data, error)


def fail_at(path: str, data: bytes, error: taipan.WasmError) -> NoReturn:
    """End the process with the error and its surroundings in the file."""
    fail(f"{'standard input' if path == '-' else path}: {error}{excerpt(path, data, error)}")


def excerpt(path: str, data: bytes, error: taipan.WasmError) -> str:
    """What the file holds where the error is: a line of text, or the instruction and those before it; else ""."""
    if isinstance(error, taipan.MalformedError) and error.line:
        return text_excerpt(data, error.line, error.column)
    if isinstance(error, taipan.InvalidError) and error.func >= 0 and error.offset >= 0:
        return code_excerpt(readable(path, data), error.func, error.offset)
    return ""


def text_excerpt(data: bytes, number: int, column: int) -> str:
    """A line of the source and a mark below a column; number, column: from 1."""
    try:
        lines = data.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n", number)
    except UnicodeDecodeError:
        return ""  # it is not text, so it would be no help
    line = lines[number - 1]
    if not line.strip():
        return ""  # the end of the text
    # Of a line that is longer than a screen is wide, the surroundings are enough.
    start = max(column - EXCERPT_COLUMNS // 2, 0) if len(line) > EXCERPT_COLUMNS else 0
    shown = "".join(char if char.isprintable() else " " for char in line[start : start + EXCERPT_COLUMNS])
    return f"\n  {shown}\n  {' ' * (column - 1 - start)}^"


def readable(path: str, data: bytes) -> Module:
    """The module in a file that holds one, read with every proposal, and with module linking if it needs that."""
    from taipan import binary

    features = Features.everything()
    try:
        return binary.decode(assembled(path, data, features), features)
    except taipan.WasmError:
        features = features.replace(module_linking=True)
        return binary.decode(assembled(path, data, features), features)


def code_excerpt(module: Module, func: int, offset: int) -> str:
    """The instruction at an offset, marked, and a few before it."""
    from taipan.text.printer import ModulePrinter

    try:
        _, texts = ModulePrinter(module, False).listing(func - module.num_imported_funcs)
    except taipan.MalformedError:
        return ""  # the rest of the body cannot be decoded
    before = [(at, text) for at, text in texts.items() if at <= offset][-EXCERPT_LINES:]
    return "".join(f"\n  {'>' if at == offset else ' '} {at:#x}: {text}" for at, text in before)


def assembled(path: str, data: bytes, features: Features) -> bytes:
    """The binary format of a file's contents. Raises MalformedError for an artifact, and for text that is no module."""
    if taipan.Engine.detect_precompiled(data):
        raise taipan.MalformedError("precompiled machine code, where a module is wanted")
    if not is_text(path, data):
        return data
    from taipan import binary, text

    return bytes(binary.encode(text.parse(data, features)))


def output_path(source: str, chosen: str | None, ending: str, what: str) -> str:
    """Where `what` goes: as chosen, else beside its source with another ending, or to standard output from there."""
    if chosen is not None or source == "-":
        return chosen or "-"
    path = os.path.splitext(source)[0] + ending
    if path == source:
        fail(f"{source} would be overwritten; say with -o where the {what} shall go")
    return path


def write_output(path: str | None, data: bytes | bytearray) -> None:
    """To the file, or to standard output when path is None or `-`."""
    import sys

    if path is None or path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror or error}")
