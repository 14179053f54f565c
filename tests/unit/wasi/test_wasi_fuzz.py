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
from taipan.wasi.p1.types import ERRNO_NAMES, IOVEC

CALLS = 4000
WORDS = [b"a", b"b", b"a/b", b"..", b"../out", b"/", b".", b"a/../b/", b"l", b"l/x", b"\xff", b"a\0b"]


def argument(source: random.Random, letter: str) -> int:
    kind = source.random()
    if letter == "p" and kind < 0.9:
        return source.randrange(0, 128) * 8
    if kind < 0.7:
        return source.choice([0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 8])
    if kind < 0.8:
        return source.randrange(0, 300)
    bits = 63 if letter == "I" else 31
    return source.choice([-1, -(1 << bits), (1 << bits) - 1, source.randrange(-(1 << bits), 1 << bits)])


def place_paths(source: random.Random, guest: Guest, params: str, arguments: list[int]) -> None:
    """Make each (address, length) among the arguments a path, and each flag before one a valid flag."""
    for position in range(len(params) - 1):
        if params[position : position + 2] == "pi":
            word = source.choice(WORDS)
            arguments[position : position + 2] = 2048 + 64 * position, len(word)
            guest.memory[arguments[position] : arguments[position] + len(word)] = word
            if position == 2:
                arguments[1] &= 1


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
    guest.must_open("a", oflags=1, rights=-1)
    guest.mkdir("b")
    guest.must_open("b")
    rows = MODULES[module]
    for _ in range(CALLS):
        if source.random() < 0.5:
            at = source.randrange(0, 128) * 8
            pieces = [
                source.randbytes(8),
                bytes(8),
                *(word.ljust(8, b"/") for word in WORDS),
                *[IOVEC.pack(256, 9)] * 4,
            ]
            guest.memory[at : at + 8] = source.choice(pieces)
        name, params, _ = source.choice(rows)
        arguments = [argument(source, letter) for letter in params]
        if name.startswith("path_") and source.random() < 0.7:
            place_paths(source, guest, params, arguments)
        if params[:1] == "i" and source.random() < 0.9:
            arguments[0] = source.choice(list(guest.context.descriptors._open))
        if name == "fd_allocate" or name == "fd_filestat_set_size":
            arguments[1:] = [value & 0xFFFF for value in arguments[1:]]  # the disk is not what is tested
        if 3 in arguments[:2] and name in ("fd_close", "fd_renumber", "fd_fdstat_set_rights"):
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
