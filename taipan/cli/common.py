"""Options and steps that several commands share: features, compiler, and reading modules with clear errors."""

from __future__ import annotations

import argparse
from typing import Any

import taipan
from taipan.cli.main import fail
from taipan.features import DEFAULTS, Features


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


def feature_changes(words: list[str]) -> dict[str, bool]:
    """What `-W` options ask for: feature name -> on."""
    changes: dict[str, bool] = {}
    for word in (part for option in words for part in option.split(",") if part):
        name, _, value = word.partition("=")
        if value.lower() not in ("", "y", "yes", "true", "n", "no", "false"):
            fail(f"-W {word}: the value must be y or n")
        on = value.lower() not in ("n", "no", "false")
        if name == "all":
            changes.update(dict.fromkeys(DEFAULTS, on))
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


def read_file(path: str) -> bytes:
    """The bytes of a file, `-` being standard input; ends the process with a clear line if that fails."""
    try:
        if path == "-":
            import sys

            return sys.stdin.buffer.read()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror or error}")


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
        fail(f"{path}: {error}")


def assembled(path: str, data: bytes, features: Features) -> bytes:
    """The binary format of a file's contents. Raises MalformedError if it is text, but not of a module."""
    if not is_text(path, data):
        return data
    from taipan import binary, text

    return bytes(binary.encode(text.parse(data, features)))


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
