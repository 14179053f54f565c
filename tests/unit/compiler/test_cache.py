"""The cache of optimized code: what is stored comes back whole or not at all, whoever else is at work."""

from __future__ import annotations

import multiprocessing
import os
import random
from pathlib import Path

import pytest

from taipan.compiler import cache
from taipan.compiler.artifact import CompiledFunction
from taipan.compiler.cache import CodeCache
from taipan.errors import WasmError


def function(seed: int) -> CompiledFunction:
    rng = random.Random(seed)
    return CompiledFunction(rng.randbytes(50), rng.randbytes(12), rng.randbytes(32), rng.randbytes(8))


def parts(made: CompiledFunction) -> tuple[bytes, bytes, bytes, bytes]:
    return made.code, made.relocs, made.sites, made.stack_maps


def test_functions_come_back(tmp_path: Path) -> None:
    code = CodeCache(str(tmp_path / "new" / "deep"))
    assert code.load("k") == {}
    code.store("k", {5: function(1), 2: function(2)})
    found = code.load("k")
    assert {index: parts(made) for index, made in found.items()} == {2: parts(function(2)), 5: parts(function(1))}
    assert code.load("other") == {}


def test_keys_tell_modules_and_settings_apart() -> None:
    keys = {CodeCache.key(module, settings) for module in (b"", b"a", b"ab") for settings in (b"", b"b", b"a\0")}
    assert len(keys) == 9


def test_damaged_files_go(tmp_path: Path) -> None:
    code = CodeCache(str(tmp_path))
    whole = cache.pack({1: function(1), 2: function(2)})
    rng = random.Random(3)
    for _ in range(300):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path = tmp_path / "k.code"
        path.write_bytes(data if rng.random() < 0.7 else whole[: rng.randrange(len(whole))])
        assert code.load("k") == {}
        assert not path.exists()


def test_oldest_files_make_room(tmp_path: Path) -> None:
    size = len(cache.pack({0: function(0)}))
    code = CodeCache(str(tmp_path), limit=3 * size)
    for n in range(3):
        code.store(f"k{n}", {0: function(n)})
        os.utime(tmp_path / f"k{n}.code", (1000 + n, 1000 + n))
    assert code.load("k0")  # used just now
    code.store("k3", {0: function(3)})
    assert {path.name for path in tmp_path.iterdir()} == {"k0.code", "k2.code", "k3.code"}


def test_directories_of_others_are_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(WasmError, match="writable by nobody else"):
        CodeCache(str(shared))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(WasmError, match=r"cannot use the cache directory .*file"):
        CodeCache(str(blocked / "below"))


def test_a_disk_that_went_away_costs_nothing_else(tmp_path: Path) -> None:
    directory = tmp_path / "gone"
    code = CodeCache(str(directory))
    directory.rmdir()
    code.store("k", {0: function(0)})
    assert code.load("k") == {}


def store_often(directory: str, seed: int) -> None:
    code = CodeCache(directory)
    for n in range(100):
        code.store("k", {index: function(1000 * seed + index) for index in range(n % 7 + 1)})
        found = code.load("k")
        assert found, "a whole file is always there"
        (writer,) = {
            next(s for s in (1, 2) if parts(made) == parts(function(1000 * s + i))) for i, made in found.items()
        }
        assert writer in (1, 2)


def test_two_processes(tmp_path: Path) -> None:
    """Readers always see the whole file of one of the writers."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=store_often, args=(str(tmp_path), seed)) for seed in (1, 2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["k.code"]


@pytest.mark.parametrize(("text", "size"), [("7", 7), ("3K", 3000), ("2Mi", 2 << 20), ("1Gi", 1 << 30)])
def test_configuration_file(tmp_path: Path, text: str, size: int) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[cache]\ndirectory = "{tmp_path}/c"\nfiles-total-size-soft-limit = "{text}"\n')
    made = cache.from_config(str(path))
    assert made is not None
    assert (made.directory, made.limit) == (f"{tmp_path}/c", size)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[cache", "failed to parse config file"),
        ('[cache]\ndirectory = "relative"', "must be an absolute path: 'relative'"),
        ('[cache]\nfiles-total-size-soft-limit = "many"', "not a size: 'many'"),
    ],
)
def test_wrong_configuration_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(WasmError, match=message):
        cache.from_config(str(path))


def test_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[cache]\nenabled = false\n")
    assert cache.from_config(str(path)) is None
    assert cache.from_config(False) is None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = cache.from_config(True)
    assert made is not None
    assert made.directory == str(tmp_path / "taipan")


def test_functions_of_two_processes_come_together(tmp_path: Path) -> None:
    code = CodeCache(str(tmp_path))
    one, other = cache.KeptCode(code, "k"), cache.KeptCode(code, "k")
    one.add({1: function(1)})
    other.add({2: function(2)})
    assert code.load("k").keys() == {1, 2}
    one.add({3: function(3)})  # a moment ago something was written
    assert code.load("k").keys() == {1, 2}
    cache.store_all()
    assert code.load("k").keys() == {1, 2, 3}
