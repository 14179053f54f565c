"""Tests that run in a process of their own, so that a crash or a hang is an outcome like any other.

`@isolated()` makes the test function start a Python that imports the test's module and calls the function there. It
passes if that process ends in time, with status 0 (or the one given), and prints nothing (or what is given). Test
modules import this file only, not pytest, which would take most of a short test's time.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

IN_CHILD = __name__ == "__main__" or "ROBUSTNESS_CHILD" in os.environ
SANITIZED = "ASAN_OPTIONS" in os.environ
"""Run by `python -m tools sanitize`: times and sizes are not what they are otherwise."""

MIB = 1 << 20


def isolated(
    *,
    seconds: float = 60.0,
    cpu_seconds: float = 30.0,
    max_mib: int = 1024,
    ulimit: str = "",
    status: int = 0,
    stdout: str = "",
    stderr: str = "",
    malloc: str = "debug",
    sanitizers: str = "",
    env: dict[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a test.

    seconds: of the clock, for a hang.  cpu_seconds, max_mib: of the process and its peak resident memory, generous.
    ulimit: arguments of the shell's command, for limits that count from a process's start.  stderr: contained in the
    process's, which is empty if this is.  malloc: "debug" fills what is freed, "malloc" is the C library's.
    sanitizers: why the test makes no sense with AddressSanitizer.
    """

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            if SANITIZED and sanitizers:
                import pytest

                pytest.skip(sanitizers)
            command = [sys.executable, "-W", "error", __file__, test.__code__.co_filename, test.__name__]
            command.append(json.dumps([args, kwargs, cpu_seconds, max_mib]))
            if ulimit:
                command = ["sh", "-c", f'ulimit {ulimit} && exec "$@"', "sh", *command]
            import taipan

            path = os.pathsep.join([str(Path(taipan.__file__).parents[1]), str(Path(__file__).parent)])
            allocator = "malloc" if SANITIZED else malloc
            whole = {
                **os.environ,
                "PYTHONPATH": path,
                "PYTHONMALLOC": allocator,
                "ROBUSTNESS_CHILD": "1",
                **(env or {}),
            }
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=whole,
                start_new_session=True,
            )
            try:
                output, errors = process.communicate(timeout=seconds * 5 if SANITIZED else seconds)
                ended = f"status {process.returncode}"
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # what it has forked, too
                output, errors = process.communicate()
                ended = f"killed after {seconds} s"
            quiet = stderr in errors if stderr else not errors
            if ended != f"status {status}" or output != stdout or not quiet:
                import pytest

                pytest.fail(f"{ended}\n--- stdout\n{output[-3000:]}\n--- stderr\n{errors[-6000:]}", pytrace=False)

        return run

    return decorate


def cases(names: str, values: Iterable[Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`pytest.mark.parametrize`, for values that JSON can hold."""
    if IN_CHILD:
        return lambda test: test
    import pytest

    return pytest.mark.parametrize(names, values)


def error_of(call: Callable[..., Any], *args: Any) -> BaseException | None:
    """What the call raises, without its traceback (and so without the objects in its frames); None if nothing."""
    try:
        call(*args)
    except BaseException as error:
        return error.with_traceback(None)
    return None


def expect(errors: type[BaseException] | tuple[type[BaseException], ...], call: Callable[..., Any], *args: Any) -> str:
    """The message of what the call raises, which must be one of `errors`."""
    error = error_of(call, *args)
    assert isinstance(error, errors), f"{call}{args}: expected {errors}, got {error!r}"
    return str(error)


def compiled_front_end() -> bool:
    """Whether the front end is machine code: interpreted, it is some 30 times slower."""
    import taipan.errors

    return not taipan.errors.__file__.endswith(".py")


def report(line: str) -> None:
    """Figures for whoever asks, in the file, which exists, that ROBUSTNESS_REPORT names."""
    path = os.environ.get("ROBUSTNESS_REPORT")
    if path is not None and os.access(path, os.W_OK):
        with open(path, "a") as file:
            file.write(line + "\n")


def peak_mib() -> int:
    """Most memory this program had at once. (`ru_maxrss` would count the parent's, from before the `exec`.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def child() -> None:
    # Who runs the tests in the background may have ignored it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path, name, rest = sys.argv[1:]
    args, kwargs, cpu_seconds, max_mib = json.loads(rest)
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    getattr(module, name).__wrapped__(*args, **kwargs)
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    if SANITIZED:
        return
    assert used.ru_utime + used.ru_stime < cpu_seconds, f"{used.ru_utime + used.ru_stime:.1f} s of CPU"
    peak = peak_mib()
    assert peak < max_mib, f"{peak} MiB"
    report(f"{used.ru_utime + used.ru_stime:6.2f} s {peak:5} MiB {name} {args} {kwargs}")


if __name__ == "__main__":
    child()
