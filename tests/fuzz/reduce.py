"""Makes a module on which engines differ smaller: lines of its text are removed for as long as they still do."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

from taipan.binary.decode import decode
from taipan.binary.encode import encode
from taipan.errors import WasmError
from taipan.features import Features
from taipan.text import parse, print_module
from taipan.validate.module import check_module
from tests.fuzz.generate import Generated

FEATURES = Features.everything()
SECONDS = 20.0
SIMPLE = ("drop", "unreachable", "i32.const 1", "i64.const 1", "f32.const 1", "f64.const 1")


def module_of(lines: list[str]) -> bytes | None:
    """The binary of a text, None if it is not valid."""
    try:
        module = parse("\n".join(lines), FEATURES)
        check_module(module, FEATURES)
        return encode(module)
    except WasmError:
        return None


def _report(case: Generated, connection: Any) -> None:
    from tests.fuzz.execution import ExecutionTarget

    connection.send(ExecutionTarget("").all_differences(case))


def differs(case: Generated) -> bool:
    """Whether the engines differ or one of them dies, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_report, args=(case, theirs))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return True
    return process.exitcode != 0 or bool(ours.poll() and ours.recv())


def shrink(lines: list[str], interesting: Callable[[list[str]], bool]) -> list[str]:
    """Remove runs of lines, long ones first, for as long as anything can go."""
    size = max(1, len(lines) // 2)
    while True:
        at = 0
        changed = False
        while at < len(lines):
            for new in candidates(lines, at, size):
                if interesting(new):
                    lines = new
                    changed = True
                    break
            else:
                at += 1 if size < 16 else max(1, size // 4)
        if size > 1:
            size = size // 2
        elif not changed:
            return lines


def candidates(lines: list[str], at: int, size: int) -> list[list[str]]:
    """Texts without the lines from `at` on, also with something simpler in their place."""
    rest = lines[at + size :]
    found = [lines[:at] + rest]
    if size <= 16 and not (size == 1 and lines[at] in SIMPLE):
        found += [[*lines[:at], new, *rest] for new in SIMPLE]
    return found


def smallest(case: Generated) -> str:
    """The text of the smallest module that was found. Imports and calls stay as they are."""
    lines = print_module(decode(case.wasm, FEATURES)).splitlines()

    def interesting(new: list[str]) -> bool:
        wasm = module_of(new)
        return wasm is not None and len(new) <= len(lines) and differs(case._replace(wasm=wasm))

    if not differs(case):
        return "\n".join(lines)
    return "\n".join(shrink(lines, interesting)) + f"\n;; {case.calls}\n"
