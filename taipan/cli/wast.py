"""`taipan wast`: run scripts of the WebAssembly test suite."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from taipan.cli.common import add_compiler_option, add_feature_option, feature_changes, read_bytes

if TYPE_CHECKING:
    import taipan
    from taipan.wast.runner import Outcome

EPILOG = """\
A file's folder decides which proposals are on, as in the official test suite;
-W changes that. Assertions are counted, and other commands (modules,
invocations) only where they did not pass; skipped is what needs something that
taipan does not have yet. The exit status is 0 if everything passed, else 1."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_compiler_option(parser)
    add_feature_option(parser)
    parser.add_argument(
        "--tier-up-calls", metavar="N", type=int, default=0, help="compile each function with LLVM at its N-th call"
    )
    parser.add_argument(
        "--compile-only", action="store_true", help="do not instantiate modules, as for a validator's tests"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="also list what passed")
    parser.add_argument("-q", "--quiet", action="store_true", help="counts only")
    parser.add_argument("files", metavar="FILE", nargs="+", help=".wast scripts, or folders of them")


class Counts:
    """How many commands passed, failed, and were skipped."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def add(self, outcome: Outcome) -> None:
        if outcome.passed:
            self.passed += outcome.command.startswith("assert")
        elif outcome.error == "UnsupportedError":
            self.skipped += 1
        else:
            self.failed += 1

    def __add__(self, other: Counts) -> Counts:
        total = Counts()
        total.passed = self.passed + other.passed
        total.failed = self.failed + other.failed
        total.skipped = self.skipped + other.skipped
        return total

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def run(args: Any) -> int:
    paths = [path for name in args.files for path in scripts(name)]
    total = Counts()
    for path in paths:
        counts = run_file(path, args)
        total += counts
        if len(paths) > 1:
            sys.stdout.write(f"{path}: {counts}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{total}\n")
    return 1 if total.failed or total.skipped else 0


def scripts(name: str) -> list[str]:
    """The file itself, or all scripts in a folder and the folders in it."""
    if not os.path.isdir(name):
        return [name]
    found = [os.path.join(folder, file) for folder, _, files in os.walk(name) for file in files]
    return sorted(path for path in found if path.endswith(".wast"))


def configure(args: Any, config: taipan.Config) -> None:
    config.tier_up_calls = args.tier_up_calls


def run_file(path: str, args: Any) -> Counts:
    """Run one script and write what did not pass. One that cannot be read is a failure."""
    from taipan.wast.features import features_for
    from taipan.wast.runner import Runner

    counts = Counts()
    features = features_for(path).replace(**{n.replace("-", "_"): on for n, on in feature_changes(args.wasm).items()})
    try:
        source = read_bytes(path)
    except OSError as error:
        sys.stderr.write(f"taipan: error: cannot read {path}: {error.strerror or error}\n")
        counts.failed = 1
        return counts
    runner = Runner(features, args.compiler, configure=partial(configure, args), instantiate=not args.compile_only)
    for outcome in runner.run_script(source):
        counts.add(outcome)
        if not args.quiet and (args.verbose or not outcome.passed):
            sys.stdout.write(f"{path}:{outcome.line}: {outcome.command}: {outcome.reason or 'passed'}\n")
    return counts
