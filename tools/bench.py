"""`python -m tools bench [GROUP[/LINE]...]`: see benchmarks/__init__.py."""

from __future__ import annotations

import importlib
import sys
from typing import Final

GROUPS: Final = (
    "kernels",
    "metering",
    "sqlite",
    "calls",
    "instantiate",
    "compile",
    "artifacts",
    "startup",
    "coldstart",
)


def main(arguments: list[str]) -> int:
    for word in arguments or GROUPS:
        group, _, line = word.partition("/")
        if group not in GROUPS:
            sys.stderr.write(f"bench: unknown group {group!r}; groups are {', '.join(GROUPS)}\n")
            return 1
        importlib.import_module(f"benchmarks.{group}").main(line)
    return 0
