"""The engines that are compared. taipan and wasmtime-py share one shape; node is driven as a process."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from benchmarks.corpus import Missing

NODE_RUN: Final = """
const fs = require('fs');
const [file, n, rounds] = process.argv.slice(1);
const instance = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(file)), {});
instance.exports.run(+n);
let times = [], sum = 0n;
for (let i = 0; i < +rounds; i++) {
  const begin = process.cpuUsage();
  sum = BigInt.asUintN(64, instance.exports.run(+n));
  const spent = process.cpuUsage(begin);
  times.push((spent.user + spent.system) / 1e6);
}
console.log(JSON.stringify([times, sum.toString()]));
"""

NODE_COMPILE: Final = """
const fs = require('fs');
const [file, rounds] = process.argv.slice(1);
const bytes = fs.readFileSync(file);
let times = [];
for (let i = 0; i < +rounds; i++) {
  const copy = Buffer.concat([bytes, Buffer.from([0, 3, 2, 120, i])]);  // a custom section defeats the code cache
  const begin = process.cpuUsage();
  new WebAssembly.Module(copy);
  const spent = process.cpuUsage(begin);
  times.push((spent.user + spent.system) / 1e6);
}
console.log(JSON.stringify([times, '']));
"""

# One thread, no second tier, every function at once: what a baseline compiler is compared with.
LIFTOFF: Final = ("--liftoff", "--no-wasm-tier-up", "--no-wasm-lazy-compilation", "--single-threaded")


def wasmtime() -> Any:
    """The wasmtime-py package, or Missing."""
    if importlib.util.find_spec("wasmtime") is None:
        raise Missing("wasmtime-py is not installed (the `bench` extra has it)")
    import wasmtime as package

    return package


def taipan() -> Any:
    import taipan as package

    return package


def instantiate(package: Any, path: Path, config: Any = None) -> tuple[Any, Any]:
    """(store, exports) of a module without imports, in either package."""
    engine = package.Engine(config) if config is not None else package.Engine()
    store = package.Store(engine)
    instance = package.Instance(store, package.Module.from_file(engine, str(path)), [])
    return store, instance.exports(store)


def node(script: str, arguments: list[str], flags: tuple[str, ...] = ()) -> tuple[list[float], str]:
    """Run a script under node: (CPU seconds per round, checksum)."""
    if shutil.which("node") is None:
        raise Missing("node is not installed")
    done = subprocess.run(["node", *flags, "-e", script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"node failed: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    times, checksum = json.loads(done.stdout)
    return times, checksum
