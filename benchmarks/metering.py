"""What it costs to be able to stop wasm: the kernels with fuel counted, and with epochs, against neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import corpus, peers
from benchmarks.measure import Table, compare, cpu_time

SETTINGS: Final = {"fuel": "consume_fuel", "epochs": "epoch_interruption"}


def contestant(setting: str, path: Path, n: int) -> Callable[[], tuple[float, object]]:
    """setting: an attribute of `Config` to switch on, or "" for none."""
    package = peers.taipan()
    config = package.Config()
    if setting:
        setattr(config, setting, True)
    engine = package.Engine(config)
    store = package.Store(engine)
    store.set_epoch_deadline(1)
    module = package.Module.from_file(engine, path)
    if config.consume_fuel:
        store.set_fuel(2**64 - 1)
    function: Any = package.Instance(store, module, []).exports(store)["run"]

    def call(n: int) -> Any:
        if config.consume_fuel:
            store.set_fuel(2**64 - 1)
        return function(store, n)

    call(1)

    def run() -> tuple[float, object]:
        seconds, result = cpu_time(lambda: call(n))
        assert isinstance(result, int)
        return seconds, result

    run()
    return run


def main(only: str) -> None:
    """only: the name of a kernel, or "" for all."""
    for name, setting in SETTINGS.items():
        table = Table(f"Kernels with {setting} on: CPU time of generated code (lower is better)", name)
        for kernel, n in corpus.KERNELS.items():
            if only and kernel != only:
                continue
            try:
                path = corpus.kernel(kernel)
            except corpus.Missing as reason:
                table.skip(kernel, str(reason))
                continue
            table.line(kernel, compare({name: contestant(setting, path, n), "off": contestant("", path, n)}))
        table.close()
