"""Command-line options that say what of the host a WASI program gets."""

from __future__ import annotations

import argparse
import os
from typing import Any

import taipan
from taipan.cli.main import fail


class _AppendDirectory(argparse.Action):
    """Collects (option, word) of all options about directories: descriptors follow the order of the command line."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        namespace.dirs = [*namespace.dirs, (option_string, values)]


def add_wasi_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dir",
        metavar="HOST[::GUEST]",
        dest="dirs",
        action=_AppendDirectory,
        default=[],
        help="give the program a directory, under its own or another name",
    )
    parser.add_argument(
        "--dir-ro",
        metavar="HOST[::GUEST]",
        dest="dirs",
        action=_AppendDirectory,
        help="the same, but nothing in it can be changed",
    )
    parser.add_argument(
        "--env", metavar="K=V", action="append", default=[], help="set a variable; K alone passes ours on"
    )
    parser.add_argument("--inherit-env", action="store_true", help="pass on all variables; --env sets more")
    parser.add_argument("--argv0", metavar="NAME", help="the program's name for itself, instead of FILE")


def _variables(args: Any) -> dict[str, str]:
    variables = dict(os.environ) if args.inherit_env else {}
    for word in args.env:
        name, separator, value = word.partition("=")
        if not name:
            fail(f"--env {word}: expected NAME=VALUE or NAME")
        if separator:
            variables[name] = value
        elif name in os.environ:
            variables[name] = os.environ[name]
        else:
            fail(f"--env {word}: no such variable here; write {word}=VALUE to set one")
    return variables


def wasi_config(args: Any) -> taipan.WasiConfig:
    """The WASI world that the options describe; ends the process on one that cannot be had."""
    wasi = taipan.WasiConfig()
    wasi.argv = [args.argv0 if args.argv0 is not None else args.file, *args.args]
    wasi.env = _variables(args)
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    for option, word in args.dirs:
        host, separator, guest = word.partition("::")
        if not host or (separator and not guest):
            fail(f"{option} {word}: expected HOST or HOST::GUEST")
        try:
            wasi.preopen_dir(host, guest if separator else host, option == "--dir")
        except taipan.WasmError as error:
            fail(f"{option} {word}: {error}")
    return wasi
