"""What most tests of the public API need."""

from __future__ import annotations

import pytest

import taipan


@pytest.fixture(scope="module")
def engine() -> taipan.Engine:
    """With the default settings, shared by a file's tests."""
    return taipan.Engine()


@pytest.fixture
def store(engine: taipan.Engine) -> taipan.Store:
    return taipan.Store(engine)
