"""Modules and texts to mutate: generated ones, those of the test suite where it is there, and files given by hand."""

from __future__ import annotations

import os
import random
from pathlib import Path

from taipan.binary.decode import decode
from taipan.binary.encode import encode
from taipan.errors import WasmError
from taipan.features import Features
from taipan.text import print_module, script
from tests.fuzz.generate import generate

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = Features.everything()
MOST_FILES = 60
"""Scripts that one run takes from the test suite, so that it starts quickly."""


def suite_scripts(seed: str) -> list[Path]:
    """Some scripts of the test suite, others for every seed."""
    for folder in (ROOT / "tests" / "testsuite", ROOT.parent / "shared" / "testsuite"):
        found = sorted(folder.rglob("*.wast"))
        if found:
            small = [path for path in found if path.stat().st_size < 100_000]
            return random.Random(seed).sample(small, min(MOST_FILES, len(small)))
    return []


def modules_of(path: Path) -> list[bytes]:
    """The text modules of a script; nothing if it cannot be parsed."""
    try:
        commands = script.parse_script(path.read_bytes())
    except WasmError:
        return []
    sources = [getattr(command, "source", None) for command in commands]
    return [s.text() for s in sources if isinstance(s, script.ModuleSource) and s.kind == script.TEXT]


def extra_files() -> list[Path]:
    """Files in the folder that TAIPAN_FUZZ_CORPUS names, for runs by hand."""
    folder = os.environ.get("TAIPAN_FUZZ_CORPUS")
    return sorted(path for path in Path(folder).rglob("*") if path.suffix in (".wasm", ".wat")) if folder else []


class Corpus:
    """texts, binaries: what was found. `text` and `binary` give one of them or generate one."""

    def __init__(self, seed: str) -> None:
        self.texts: list[bytes] = []
        self.binaries: list[bytes] = []
        for path in suite_scripts(seed):
            self.texts += modules_of(path)
        for path in extra_files():
            (self.binaries if path.suffix == ".wasm" else self.texts).append(path.read_bytes())
        self.encoded: dict[int, bytes] = {}

    def text(self, source: random.Random) -> bytes:
        if self.texts and source.random() < 0.7:
            return source.choice(self.texts)
        module = decode(generate(source).wasm, EVERYTHING)
        return print_module(module, folded=source.random() < 0.3).encode()

    def binary(self, source: random.Random) -> bytes:
        kind = source.random()
        if kind < 0.6 and self.binaries:
            # Small ones more often: what is learnt does not grow with the size, the time it takes does.
            return source.choices(self.binaries, [1 / (50_000 + len(data)) for data in self.binaries])[0]
        if kind < 0.8 and self.texts:
            return self.assembled(source.randrange(len(self.texts)), source)
        return generate(source).wasm

    def assembled(self, index: int, source: random.Random) -> bytes:
        found = self.encoded.get(index)
        if found is None:
            from taipan.text import parse

            try:
                found = encode(parse(self.texts[index], EVERYTHING))
            except WasmError:
                found = generate(source).wasm
            self.encoded[index] = found
        return found
