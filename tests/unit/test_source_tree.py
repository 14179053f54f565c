"""Python started in a checkout finds the sources, which are no working package until they are built."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import taipan


def test_sources_without_the_runtime_say_so(tmp_path: Path) -> None:
    package = Path(taipan.__file__).parent
    shutil.copytree(package, tmp_path / "taipan", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (tmp_path / "taipan" / "_native").mkdir(exist_ok=True)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import taipan; taipan.WasmError; taipan.Engine"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("ImportError: ")
    assert "source tree without the native runtime" in done.stderr.splitlines()[-1]
