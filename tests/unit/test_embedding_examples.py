"""The programs in examples/ run and print what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import taipan

ROOT = Path(__file__).resolve().parents[2]

OUTPUT = {
    "hello": "Hello from Python!\n",
    "gcd": "gcd(1071, 462) = 21\n",
    "memory": """bytes at 16: hello
size: 1 page, 65536 bytes
sum: 5050
sum after view[0] = 1000: 6049
grown from 1 to 2 pages
refused: IndexError
trapped: wasm trap: out of bounds memory access
""",
    "linking": "twice twenty-one is 42\n",
    "multi": """divide: [4, 7]
swap: [1099511627776, 1]
typed: 2 1
digits: [9, 6, 4]
""",
    "externref": """global: ['ANY PYTHON OBJECT']
table: [None, None, None, None]
same object: True
""",
    "traps": """7 / 2 = 3
wasm trap: integer divide by zero
wasm backtrace:
    0:   0x5d - example!divide
    1:   0x65 - example!<wasm function 2>
True 3
came through unchanged: raised in Python
wasm trap: interrupt
""",
}


@pytest.mark.parametrize("name", OUTPUT)
def test_example(name: str) -> None:
    program = ROOT / "examples" / f"{name}.py"
    environment = {**os.environ, "PYTHONPATH": str(Path(taipan.__file__).resolve().parent.parent)}
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.stderr == ""
    assert done.stdout == OUTPUT[name]
    assert done.returncode == 0
