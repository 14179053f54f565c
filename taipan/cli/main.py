"""Entry point of the `taipan` command: picks the command's module and imports nothing of the others.

Exit status: the command's own; 1 and one line on stderr for anything the user can get wrong.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

# command -> (module of taipan.cli, one line of help); only the module in use is imported
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("run", "run a WebAssembly program"),
    "compile": ("compile", "compile a module ahead of time"),
    "wast": ("wast", "run .wast test scripts"),
    "validate": ("validate", "check that modules are valid"),
    "print": ("print", "show a binary module as text"),
    "wat2wasm": ("wat2wasm", "assemble a text module into a binary"),
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line and exit status 1."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message} (see `{self.prog} --help`)")


def fail(message: str) -> NoReturn:
    """End the process with status 1 and one line on stderr."""
    sys.stderr.write(f"taipan: error: {message}\n")
    sys.exit(1)


def overview() -> str:
    from taipan import __version__

    lines = [f"taipan {__version__}: a WebAssembly engine for Python", "", "usage: taipan COMMAND ...", "", "commands:"]
    lines += [f"  {name:<10} {help_line}" for name, (_, help_line) in COMMANDS.items()]
    lines += ["", "`taipan COMMAND --help` shows a command's options; `taipan --version` the version.", ""]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; argv is without the program's name. Returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0 if words else 1
    if words[0] in ("-V", "--version"):
        from taipan import __version__

        sys.stdout.write(f"taipan {__version__}\n")
        return 0
    name = words[0]
    if name not in COMMANDS:
        fail(f"unknown command {name!r}; commands are {', '.join(COMMANDS)}")
    module = importlib.import_module(f"taipan.cli.{COMMANDS[name][0]}")
    parser = Parser(prog=f"taipan {name}", description=COMMANDS[name][1] + ".", allow_abbrev=False)
    module.add_arguments(parser)
    args = parser.parse_args(words[1:])
    try:
        return int(module.run(args))
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as a shell reports it
    except BrokenPipeError:
        # The reader of our output is gone; stdout must not be flushed again at exit.
        sys.stdout = None
        return 141  # 128 + SIGPIPE
