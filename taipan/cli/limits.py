"""Options that bound how long a program may run: `--fuel` and `--timeout`."""

from __future__ import annotations

import argparse
from typing import Final

from taipan.runtime.fuel import MAX_FUEL

UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "": 1.0}
"""Of durations, by suffix; a suffix comes before those that it ends with."""


def add_limit_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fuel", metavar="N", type=fuel, help="stop the program after about N instructions; it gets slower"
    )
    parser.add_argument(
        "--timeout", metavar="S", type=duration, help="stop the program after S seconds, or 500ms, 2m and the like"
    )


def duration(text: str) -> float:
    """Seconds. Raises ArgumentTypeError."""
    unit = next(unit for unit in UNITS if text.endswith(unit))
    try:
        seconds = float(text.removesuffix(unit)) * UNITS[unit]
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise argparse.ArgumentTypeError(f"{text}: expected a time above 0 such as 0.5, 2s, 500ms or 2m")
    return seconds


def fuel(text: str) -> int:
    """Raises ArgumentTypeError."""
    number = text.replace("_", "")
    if not (number.isascii() and number.isdecimal() and int(number) <= MAX_FUEL):
        raise argparse.ArgumentTypeError(f"{text}: expected a number of instructions from 0 to 2**63 - 1")
    return int(number)
