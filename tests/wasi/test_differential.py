"""Random sequences of WASI calls, here and under Wasmtime: the same answers and the same files afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from wasi_twins import Compiled, run_sequence

import taipan

SEQUENCES = 40
LENGTH = 60


def test_random_sequences(tmp_path: Path) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    engines = (taipan, wasmtime)
    compiled = (Compiled(taipan), Compiled(wasmtime))
    calls = sum(run_sequence(seed, LENGTH, engines, compiled, tmp_path / str(seed)) for seed in range(SEQUENCES))
    assert calls > SEQUENCES * LENGTH / 2
