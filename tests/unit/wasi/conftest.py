"""Guests for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wasi_guest import Guest

from taipan.wasi.config import WasiConfig


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The host directory that the guest sees as descriptor 3."""
    path = tmp_path / "root"
    path.mkdir()
    return path


@pytest.fixture
def make_guest() -> Iterator[Callable[..., Guest]]:
    guests: list[Guest] = []

    def make(config: WasiConfig, module: str = "wasi_snapshot_preview1") -> Guest:
        guests.append(Guest(config, module))
        return guests[-1]

    yield make
    for guest in guests:
        guest.context.close()


@pytest.fixture
def guest(root: Path, make_guest: Callable[..., Guest]) -> Guest:
    config = WasiConfig()
    config.preopen_dir(str(root), "/")
    return make_guest(config)
