"""Any function, any arguments, any memory: an errno or a trap, in bounded time, and nothing happens outside."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from wasi_guest import MEMORY_BYTES, Guest

from taipan.errors import ExitTrap, WasmError
from taipan.runtime.trap import Trap
from taipan.wasi.clocks import VirtualClock
from taipan.wasi.config import WasiConfig
from taipan.wasi.p1.calls import MODULES
from taipan.wasi.p1.types import ERRNO_NAMES

CALLS = 4000
WORDS = [b"a", b"b", b"a/b", b"..", b"../out", b"/", b".", b"a/../b/", b"l", b"l/x", b"\xff", b"a\0b"]


def argument(source: random.Random, letter: str) -> int:
    kind = source.random()
    if letter == "p" and kind < 0.8:
        return source.randrange(0, 4096)
    if kind < 0.6:
        return source.randrange(0, 8)
    if kind < 0.8:
        return source.randrange(0, 300)
    bits = 63 if letter == "I" else 31
    return source.choice([-1, -(1 << bits), (1 << bits) - 1, source.randrange(-(1 << bits), 1 << bits)])


@pytest.mark.parametrize("module", list(MODULES))
@pytest.mark.parametrize("seed", range(4))
def test_random_calls(tmp_path: Path, root: Path, make_guest: Callable[..., Guest], module: str, seed: int) -> None:
    source = random.Random(seed)
    (tmp_path / "out").write_bytes(b"outside")
    (root / "l").symlink_to("../out")
    config = WasiConfig()
    config.clock = VirtualClock()
    config.random_seed = seed
    config.argv = ["x" * 20, "y"]
    config.env = {"A": "B"}
    config.stdin_bytes = b"input" * 100
    config.max_open_files = 50
    config.preopen_dir(str(root), "/")
    guest = make_guest(config, module)
    rows = MODULES[module]
    for _ in range(CALLS):
        if source.random() < 0.5:
            at = source.randrange(0, 4096)
            guest.memory[at : at + 8] = source.choice(
                [source.randbytes(8), bytes(8), *(word.ljust(8, b"\0") for word in WORDS), b"\x10\0\0\0\x08\0\0\0"]
            )
        name, params, _ = source.choice(rows)
        arguments = [argument(source, letter) for letter in params]
        if name == "fd_allocate" or name == "fd_filestat_set_size":
            arguments[1:] = [value & 0xFFFF for value in arguments[1:]]  # the disk is not what is tested
        if name == "fd_close" and arguments[0] == 3:
            continue
        try:
            assert guest.call(name, *arguments) in ERRNO_NAMES
        except (Trap, ExitTrap):
            continue
        except WasmError as problem:
            assert name == "proc_exit", problem
    assert len(guest.memory) == MEMORY_BYTES
    assert (tmp_path / "out").read_bytes() == b"outside"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "root"]
