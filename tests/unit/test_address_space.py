"""What is asked of the system before gigabytes of addresses are reserved."""

from __future__ import annotations

import subprocess
import sys

from taipan.address_space import affordable, has_room


def test_room_for_memories_but_not_for_everything() -> None:
    assert has_room(0)
    assert has_room(8 << 30)
    for size in (1 << 60, 1 << 62, (1 << 64) - 1):
        assert not has_room(size)


def test_what_is_affordable_under_a_limit() -> None:
    assert affordable(1 << 30, 0) == 1 << 30
    source = """
import resource
from taipan.address_space import affordable, has_room
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
assert not has_room(8 << 30) and has_room(1 << 20)
assert affordable(4 << 30, 1 << 30) == 1 << 30
assert 1 << 20 <= affordable(4 << 30, 0) <= 1 << 28
"""
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
