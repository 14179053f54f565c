"""`taipan wast`: run scripts of the WebAssembly test suite."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from taipan.cli.common import add_compiler_option, add_feature_option, feature_changes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_compiler_option(parser)
    add_feature_option(parser)
    parser.add_argument("-v", "--verbose", action="store_true", help="also list what passed")
    parser.add_argument("files", metavar="FILE", nargs="+", help=".wast scripts")


def run(args: Any) -> int:
    """Run all files; 1 if any command failed.

    The last line counts assertions, and other commands (modules, invocations) only where they failed.
    """
    from taipan.wast.features import features_for
    from taipan.wast.runner import Runner

    changes = {name.replace("-", "_"): on for name, on in feature_changes(args.wasm).items()}
    passed = 0
    failed = 0
    for path in args.files:
        runner = Runner(features_for(path).replace(**changes), args.compiler)
        try:
            outcomes = runner.run_file(path)
        except OSError as error:
            sys.stderr.write(f"taipan: error: cannot read {path}: {error.strerror or error}\n")
            failed += 1
            continue
        for outcome in outcomes:
            if not outcome.passed:
                failed += 1
            elif outcome.command.startswith("assert"):
                passed += 1
            if args.verbose or not outcome.passed:
                result = outcome.reason or "passed"
                sys.stdout.write(f"{path}:{outcome.line}: {outcome.command}: {result}\n")
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0
