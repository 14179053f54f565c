"""`python -m tools COMMAND [ARGS]` runs `tools/COMMAND.py`, whose `main(args)` returns the exit status."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "check": "everything that must hold before a commit",
    "gen": "write the generated files; --check only compares",
    "bless": "rewrite the expected text of golden tests",
    "bench": "run the benchmarks",
    "fuzz": "run one fuzz target for longer than the tests do",
    "sanitize": "test the C runtime under AddressSanitizer and UBSan",
}


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in COMMANDS:
        print("usage: python -m tools COMMAND [ARGS]")
        for name, purpose in COMMANDS.items():
            print(f"  {name:8} {purpose}")
        return 0 if argv[:1] in (["-h"], ["--help"]) else 2
    status: int = importlib.import_module(f"tools.{argv[0]}").main(argv[1:])
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
