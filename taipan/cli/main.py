"""Entry point of the `taipan` command: picks the command's module and imports nothing of the others.

Exit status: the command's own; 1 and one line on stderr for anything the user can get wrong.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from taipan.errors import WasmError

# command -> (module of taipan.cli, one line of help); only the module in use is imported
COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "run": ("run", "run a WebAssembly program"),
    "wast": ("wast", "run .wast test scripts"),
    "validate": ("validate", "check that modules are valid"),
    "print": ("print", "show a binary module as text"),
    "objdump": ("objdump", "show machine code beside the wasm it comes from"),
    "gc-stats": ("gc_stats", "run a module or script and show how references were collected"),
    "settings": ("settings", "list the settings of an engine, and what this machine offers"),
    "wat2wasm": ("wat2wasm", "assemble a text module into a binary"),
}

STATUSES: Final = """exit status:
  0    all went well; after `run`, the program's own status
  1    something is wrong with the command line, a file or a test; standard error says what
  130  interrupted by Ctrl-C
  134  the program of `run` trapped
  141  the reader of standard output went away"""


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
    lines += ["", "`taipan COMMAND --help` shows a command's options, `taipan --version` the version.", "", STATUSES]
    return "\n".join(lines) + "\n"


def unknown(name: str) -> NoReturn:
    import difflib

    if name.endswith((".wasm", ".wat")):
        fail(f"unknown command {name!r}; to run a file: taipan run {name}")
    close = difflib.get_close_matches(name, COMMANDS, 1)
    if close:
        fail(f"unknown command {name!r}; did you mean {close[0]!r}?")
    fail(f"unknown command {name!r}; commands are {', '.join(COMMANDS)}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; argv is without the program's name. Returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if len(words) > 1 and words[0] == "help":
        words = [words[1], "--help"]
    if sys.stdout is None:  # closed before we were started
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files and functions are anything
    try:
        try:
            return start(words)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return 130  # 128 + SIGINT, as a shell reports it
    except BrokenPipeError:
        discard_output()
        return 141  # 128 + SIGPIPE
    except OSError as error:
        discard_output()
        fail(str(error))
    except WasmError as error:
        fail(str(error))


def discard_output() -> None:
    """What is still buffered would be written once more when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def start(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(overview())
        return 0 if words else 1
    name = words[0]
    if name in ("-V", "--version", "version"):
        from taipan import __version__

        sys.stdout.write(f"taipan {__version__}\n")
        return 0
    if name not in COMMANDS:
        unknown(name)
    module = importlib.import_module(f"taipan.cli.{COMMANDS[name][0]}")
    parser = Parser(
        prog=f"taipan {name}",
        description=COMMANDS[name][1][0].upper() + COMMANDS[name][1][1:] + ".",
        epilog=getattr(module, "EPILOG", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(words[1:])))
