"""`taipan settings`: what can be set, what it is by default, and what the compilers found on this machine.

Everything comes from the tables that the engine itself uses: `config.py`, `features.py`, the compilers' builders,
`compiler/cpu.py` and `compiler/dump.py`.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

import taipan
from taipan.cli.common import Paint, add_color_option
from taipan.cli.main import fail
from taipan.config import Feature, Setting
from taipan.features import DEFAULTS, REQUIRES

UNITS: Final = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))

EPILOG: Final = """\
Each setting with its default and what it may be; `changes code` marks those
that a compiled module depends on, `not there yet` those that an engine refuses.

  taipan settings memory
  taipan settings --json | python3 -m json.tool"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as one JSON object")
    add_color_option(parser)
    parser.add_argument("words", metavar="WORD", nargs="*", help="only what has one of these words in its name")


def run(args: Any) -> int:
    sections = {
        "settings": settings(),
        **compilers(),
        "features": features(),
        "environment": environment(),
        "machine": machine(),
    }
    words = [word.lower().replace("-", "_") for word in args.words]
    if words:
        sections = {title: {n: row for n, row in rows.items() if matches(n, words)} for title, rows in sections.items()}
        if not any(sections.values()):
            fail(f"nothing has {' or '.join(args.words)} in its name; `taipan settings` lists everything")
    if args.json:
        import json

        sys.stdout.write(json.dumps(sections, indent=2) + "\n")
        return 0
    paint = Paint(args.color)
    for title, rows in sections.items():
        if rows:
            heading = TITLES.get(title) or f"{title}: taipan.Config.cranelift_flag_set(NAME, VALUE)"
            sys.stdout.write("\n".join([paint.heading(heading), *lines(rows, paint)]) + "\n\n")
    return 0


TITLES: Final = {
    "settings": "settings: attributes of taipan.Config",
    "features": "WebAssembly proposals: -W NAME, taipan.Config.wasm_NAME",
    "environment": "environment variables",
    "machine": "this machine",
}


def matches(name: str, words: Iterable[str]) -> bool:
    name = name.lower().replace("-", "_")
    return any(word in name for word in words)


def settings() -> dict[str, dict[str, Any]]:
    found = {}
    for name, row in vars(taipan.Config).items():
        if isinstance(row, Setting):
            found[name] = {
                "value": row.default,
                "kind": row.kind,
                "choices": list(row.choices),
                "changes_code": row.code,
                "supported": not row.missing,
                "description": row.__doc__,
            }
    return found


def compilers() -> dict[str, dict[str, dict[str, Any]]]:
    """A section for each installed compiler."""
    from taipan.compiler import driver

    return {
        f"{builder.name} compiler": {
            option.name: {
                "value": option.default,
                "kind": option.kind,
                "choices": list(option.values) or (["true", "false"] if option.kind == "bool" else []),
                "description": option.description,
            }
            for option in builder.settings()
        }
        for builder in driver.builders()
    }


def features() -> dict[str, dict[str, Any]]:
    """By the word that `-W` takes."""
    attributes = {row.feature: name for name, row in vars(taipan.Config).items() if isinstance(row, Feature)}
    return {
        name: {
            "value": on,
            "kind": "bool",
            "requires": list(REQUIRES.get(name, ())),
            "attribute": attributes[name],
        }
        for name, on in DEFAULTS.items()
    }


def environment() -> dict[str, dict[str, Any]]:
    import os

    from taipan.compiler import dump

    return {
        name: {"value": os.environ.get(name), "description": description}
        for name, description in dump.VARIABLES.items()
    }


def machine() -> dict[str, dict[str, Any]]:
    """What compilers found here, and what it means for them."""
    from taipan.compiler import cpu, dump
    from taipan.wasm import _generated_visit

    flags = cpu.read_flags()
    compiled = not _generated_visit.__file__.endswith(".py")
    rows: dict[str, dict[str, Any]] = {
        "architecture": {"value": platform.machine(), "description": "what code is compiled for"},
        "build": {
            "value": "mypyc" if compiled else "interpreted",
            "description": "the compiler itself is compiled" if compiled else "compiling takes some 30 times longer",
        },
        "disassembler": {
            "value": dump.can_disassemble(),
            "description": "for `taipan objdump`; the extra `disasm` brings one",
        },
        "memory_reservation": {
            "value": taipan.Engine().tunables.memory_reservation,
            "kind": "bytes",
            "description": "static_memory_maximum_size as far as the address space (`ulimit -v`) allows it",
        },
    }
    for flag in cpu.REQUIRED:
        rows[flag] = {"value": flag in flags, "description": "needed by all generated code"}
    for flag, description in cpu.OPTIONAL.items():
        rows[flag] = {"value": flag in flags, "description": f"used where there: {description}"}
    return rows


def lines(rows: dict[str, dict[str, Any]], paint: Paint) -> Iterator[str]:
    for name, row in rows.items():
        remarks = list(row.get("choices", ()))
        if row.get("kind") == "num":
            remarks.append("a number")
        if row.get("changes_code"):
            remarks.append("changes code")
        if not row.get("supported", True):
            remarks.append("not there yet")
        if row.get("requires"):
            remarks.append(f"needs {', '.join(row['requires'])}")
        text = f"  {paint.wasm(name)} = {show(row)}"
        yield text + (paint.dim(f"  [{', '.join(remarks)}]") if remarks else "")
        if "description" in row:
            yield f"      {row['description']}"


def show(row: dict[str, Any]) -> str:
    value = row["value"]
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return "on" if value else "off"
    if row.get("kind") == "bytes":
        for size, unit in UNITS:
            if value and value % size == 0:
                return f"{value} ({value // size} {unit})"
    return str(value) if value != "" else '""'
