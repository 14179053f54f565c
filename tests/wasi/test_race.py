"""A running guest and a host that swaps a directory below its feet for a link that leads outside."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from wasi_programs import Program, check, run

import taipan


def test_swapped_directory(tmp_path: Path) -> None:
    program = Program("race")
    program.notes["args"] = "2000"
    program.build()
    root = tmp_path / "one"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"this is outside")
    stop = threading.Event()

    def swap() -> None:
        while not (root / "target" / "file").exists():
            if stop.wait(0.001):
                return
        os.symlink("../outside", root / "evil")
        while not stop.is_set():
            os.rename(root / "target", root / "kept")
            os.rename(root / "evil", root / "target")
            os.rename(root / "target", root / "evil")
            os.rename(root / "kept", root / "target")

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        result = run(taipan, program, tmp_path, look=False)
    finally:
        stop.set()
        thread.join()
    check(program, result)
    assert os.listdir(outside) == ["file"]
    assert (outside / "file").read_bytes() == b"this is outside"
