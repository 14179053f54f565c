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
from tests.fuzz.worker import load

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


def _report(target: str, case: Generated, connection: Any) -> None:
    try:
        found = load(target, "").all_differences(case)
    except Exception:  # such as a call of an export that has gone
        found = ""
    connection.send(found)


def differs(target: str, case: Generated) -> bool:
    """Whether the target's engines differ or one of them dies, in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_report, args=(target, case, theirs))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return True
    return (process.exitcode or 0) < 0 or bool(ours.poll() and ours.recv())


def is_code(line: str) -> bool:
    """Whether it is an instruction, rather than what calls and imports rely on."""
    return not line.strip().startswith(("(", ")"))


def shrink(lines: list[str], interesting: Callable[[list[str]], bool]) -> list[str]:
    """Remove runs of lines, long ones first, for as long as anything can go."""
    size = max(1, len(lines) // 2)
    while True:
        at = 0
        changed = False
        while at < len(lines):
            if not is_code(lines[at]):
                at += 1
                continue
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


def smallest(target: str, case: Generated) -> str:
    """The text of the smallest module that was found, after that of the module before it. Calls stay as they are.

    target: `execution` or `tiers`, which say what a difference is.
    """
    if case.before is not None and differs(target, case.before):
        return smallest(target, case.before)
    if not differs(target, case):
        return print_module(decode(case.wasm, FEATURES))
    parts = []
    if case.before is not None:
        before = case.before
        lines = shrink(lines_of(before), lambda new: with_text(target, new, lambda w: replaced_before(case, before, w)))
        case = replaced_before(case, before, module_of(lines) or before.wasm)
        parts.append("\n".join(lines) + f"\n;; {before.calls}\n")
    lines = shrink(lines_of(case), lambda new: with_text(target, new, lambda wasm: case._replace(wasm=wasm)))
    return "".join([*parts, "\n".join(lines) + f"\n;; {case.calls}\n"])


def lines_of(case: Generated) -> list[str]:
    return print_module(decode(case.wasm, FEATURES)).splitlines()


def with_text(target: str, lines: list[str], change: Callable[[bytes], Generated]) -> bool:
    """Whether the text is valid and the case with it still differs."""
    wasm = module_of(lines)
    return wasm is not None and differs(target, change(wasm))


def replaced_before(case: Generated, before: Generated, wasm: bytes) -> Generated:
    return case._replace(before=before._replace(wasm=wasm))
