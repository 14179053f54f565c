"""`taipan wat2wasm`: assemble a text module, checked, into its binary form."""

from __future__ import annotations

import argparse
from typing import Any

import taipan
from taipan.cli.common import add_feature_option, fail_at, features_from, output_path, read_file, write_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_feature_option(parser)
    parser.add_argument("file", metavar="FILE", help="a .wat file, or - for standard input")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="default: FILE with the ending .wasm; - is standard output"
    )
    parser.add_argument("--no-check", action="store_true", help="do not validate the module")


def run(args: Any) -> int:
    from taipan import binary, text
    from taipan.stages import check

    source = read_file(args.file)
    features = features_from(args)
    try:
        data = bytes(binary.encode(text.parse(source, features)))
        if not args.no_check:
            check(binary.decode(data, features), features)
    except taipan.WasmError as error:
        fail_at(args.file, source, error)
    write_output(output_path(args.file, args.output, ".wasm", "binary"), data)
    return 0
