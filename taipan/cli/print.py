"""`taipan print`: a binary (or text) module as readable text."""

from __future__ import annotations

import argparse
from typing import Any

import taipan
from taipan.cli.common import add_feature_option, assembled, fail_at, features_from, read_file, write_output
from taipan.features import Features

EPILOG = "`taipan wat2wasm` makes an equal module of the text, names and all."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .wasm or .wat file, or - for standard input")
    parser.add_argument("--folded", action="store_true", help="nest operands in their instructions")
    add_feature_option(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write; standard output if absent")


def run(args: Any) -> int:
    from taipan import binary, text

    data = read_file(args.file)
    features = Features.everything().replace(module_linking="module-linking" in features_from(args))
    try:
        module = binary.decode(assembled(args.file, data, features), features)
        output = text.print_module(module, folded=args.folded)
    except taipan.WasmError as error:
        fail_at(args.file, data, error)
    write_output(args.output, output.encode())
    return 0
