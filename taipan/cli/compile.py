"""`taipan compile`: compile a module ahead of time into an artifact, which `run --allow-precompiled` loads."""

from __future__ import annotations

import argparse
from typing import Any

import taipan
from taipan.cli.common import (
    add_compiler_option,
    add_feature_option,
    assembled,
    config_from,
    fail_at,
    output_path,
    read_file,
    split_pair,
    write_output,
)
from taipan.cli.main import fail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="default: FILE with the ending .cwasm; - is standard output"
    )
    parser.add_argument(
        "--target",
        metavar="T",
        help="machine to compile for, e.g. aarch64-unknown-linux-gnu (with LLVM); the default is this one",
    )
    add_compiler_option(parser)
    parser.add_argument(
        "-C",
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="change a setting of the compiler, say -C opt_level=aggressive (may be repeated)",
    )
    add_feature_option(parser)
    parser.add_argument("file", metavar="FILE", help="a .wasm or .wat file, or - for standard input")


def run(args: Any) -> int:
    config = config_from(args)
    for word in args.set:
        config.cranelift_flag_set(*split_pair("-C", word))
    try:
        if args.target is not None:
            config.target = args.target
        engine = taipan.Engine(config)
    except taipan.WasmError as error:
        fail(str(error))
    data = read_file(args.file)
    try:
        if engine.detect_precompiled(data):
            fail(f"{args.file}: is compiled already")
        artifact = engine.precompile_module(assembled(args.file, data, engine.features))
    except taipan.WasmError as error:
        fail_at(args.file, data, error)
    write_output(output_path(args.file, args.output, ".cwasm", "artifact"), artifact)
    return 0
