"""`taipan validate`: decode and validate modules, one line each."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import taipan
from taipan.cli.common import add_feature_option, assembled, excerpt, features_from, read_bytes

EPILOG = "A line per file; the exit status is 0 if all are valid, else 1. Nothing is compiled."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feature_option(parser)
    parser.add_argument("files", metavar="FILE", nargs="+", help=".wasm or .wat files; - is standard input")


def run(args: Any) -> int:
    config = taipan.Config()
    config.features = features_from(args)
    engine = taipan.Engine(config)
    status = 0
    for path in args.files:
        try:
            data = read_bytes(path)
            taipan.Module.validate(engine, assembled(path, data, engine.features))
        except OSError as error:
            sys.stderr.write(f"taipan: error: cannot read {path}: {error.strerror or error}\n")
            status = 1
        except taipan.WasmError as error:
            sys.stderr.write(f"{path}: {error}{excerpt(path, data, error)}\n")
            status = 1
        else:
            sys.stdout.write(f"{path}: valid\n")
    return status
