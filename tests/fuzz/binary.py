"""Target `binary`: mutated modules. Errors have the documented classes, and accepted is what wasmtime-py accepts.

What is accepted can be compiled or is refused as not supported; what is compiled is instantiated and called.
"""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections import Counter
from typing import Any

import taipan
from taipan.binary.decode import decode
from taipan.binary.encode import encode as encode_module
from taipan.errors import InvalidError, MalformedError, UnsupportedError
from taipan.features import Features
from taipan.text import parse, print_module
from taipan.validate.module import check_module
from tests.fuzz import encode
from tests.fuzz.corpus import Corpus

FEATURES = Features.everything().replace(custom_descriptors=False, legacy_exceptions=False)
WASMTIME = (
    "wasm_tail_call",
    "wasm_reference_types",
    "wasm_bulk_memory",
    "wasm_multi_value",
    "wasm_multi_memory",
    "wasm_memory64",
    "wasm_function_references",
    "wasm_gc",
    "wasm_wide_arithmetic",
    "wasm_simd",
    "wasm_relaxed_simd",
    "wasm_threads",
    "wasm_exceptions",
    "wasm_custom_page_sizes",
)
MAX_SECONDS = 2.0
RUN_SECONDS = 0.02
"""After which calls are interrupted."""
MOST_CALLS = 4
MOST_BYTES = 64 << 20
ZEROS = {"i32": 0, "i64": 0, "f32": 0.0, "f64": 0.0}
EDGES = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\x7f", b"\x80" * 11)


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """The LEB128 number at `at` and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def pieces(data: bytes, at: int, kinds: bool) -> list[tuple[bytes, bytes]]:
    """What has its size in front: sections (kinds: each begins with its number) or bodies, as (number, contents)."""
    found = []
    while at < len(data):
        number = data[at : at + 1] if kinds else b""
        size, at = read_unsigned(data, at + len(number))
        found.append((number, data[at : at + size]))
        at += size
    return found


def joined(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(number + encode.unsigned(len(contents)) + contents for number, contents in parts)


class Mutator:
    """Changes bytes, in the raw module or inside a section or body whose size is then corrected."""

    def __init__(self, source: random.Random, donor: bytes) -> None:
        self.random = source
        self.donor = donor

    def module(self, data: bytes) -> bytes:
        for _ in range(self.random.choice([1, 1, 1, 2, 4])):
            kind = self.random.random()
            if kind < 0.15:
                data = self.bytes(data)
            else:
                data = data[:8] + self.sections(data, kind < 0.75)
        return data

    def sections(self, data: bytes, deep: bool) -> bytes:
        try:
            parts = pieces(data, 8, True)
        except IndexError:
            return self.bytes(data[8:])
        if not parts:
            return self.bytes(data[8:])
        if self.random.random() < 0.1:
            parts = self.shuffled(parts)
        index = self.random.randrange(len(parts))
        code = [i for i, (number, _) in enumerate(parts) if number == b"\x0a"]
        if deep and code and self.random.random() < 0.7:
            index = code[0]
            parts[index] = (parts[index][0], self.bodies(parts[index][1]))
        else:
            parts[index] = (parts[index][0], self.bytes(parts[index][1]))
        return joined(parts)

    def shuffled(self, parts: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        index = self.random.randrange(len(parts))
        kind = self.random.randrange(3)
        if kind == 0:
            return parts[:index] + parts[index + 1 :] or parts
        if kind == 1:
            return [*parts[:index], parts[index], *parts[index:]]
        return self.random.sample(parts, len(parts))

    def bodies(self, data: bytes) -> bytes:
        try:
            count, at = read_unsigned(data, 0)
            parts = pieces(data, at, False)
        except IndexError:
            return self.bytes(data)
        if not parts:
            return self.bytes(data)
        index = self.random.randrange(len(parts))
        parts[index] = (b"", self.bytes(parts[index][1]))
        return encode.unsigned(count) + joined(parts)

    def bytes(self, data: bytes) -> bytes:
        if not data:
            return self.random.randbytes(3)
        at = self.random.randrange(len(data))
        end = min(len(data), at + self.random.choice([1, 1, 2, 4, 8]))
        kind = self.random.randrange(8)
        if kind == 0:
            new = bytes([data[at] ^ 1 << self.random.randrange(8)]) + data[at + 1 : end]
        elif kind == 1:
            new = self.random.randbytes(end - at)
        elif kind == 2:
            new = b""
        elif kind == 3:
            new = data[at:end] * 2
        elif kind == 4:
            new = self.random.choice(EDGES)
        elif kind == 5:
            start = self.random.randrange(len(self.donor))
            new = self.donor[start : start + self.random.choice([1, 2, 4, 16])]
        elif kind == 6:
            new = bytes([data[at] + self.random.choice([1, -1]) & 0xFF]) + data[at + 1 : end]
        else:
            new = self.random.randbytes(self.random.choice([1, 2])) + data[at:end]
        return data[:at] + new + data[end:]


class BinaryTarget:
    def __init__(self, seed: str) -> None:
        self.counts: Counter[str] = Counter()
        self.corpus = Corpus(seed)
        config = taipan.Config()
        config.features = FEATURES
        config.lazy_compilation = False
        self.eager = taipan.Engine(config)
        self.wasmtime: Any = None
        try:
            import wasmtime
        except ImportError:
            return
        settings = wasmtime.Config()
        for feature in WASMTIME:
            setattr(settings, feature, True)
        self.wasmtime = wasmtime
        self.engine = wasmtime.Engine(settings)

    def make(self, source: random.Random) -> bytes:
        base = self.corpus.binary(source)
        return Mutator(source, self.corpus.binary(source)).module(base)

    def case(self, source: random.Random) -> str:
        data = self.make(source)
        started = time.process_time()
        try:
            module = decode(data, FEATURES)
            check_module(module, FEATURES)
            ours = ""
        except (MalformedError, InvalidError) as error:
            ours = str(error)
        except UnsupportedError:
            return ""
        seconds = time.process_time() - started
        if seconds > MAX_SECONDS:
            return f"took {seconds:.1f} s"
        if not ours and source.random() < 0.1:
            text = print_module(module)
            again = encode_module(parse(text, FEATURES))
            if print_module(decode(again, FEATURES)) != text:
                return "printing, parsing and printing again gives another text"
        if not ours:
            self.counts["valid modules"] += 1
            with contextlib.suppress(UnsupportedError):
                self.run(taipan.Module(self.eager, data))
        seconds = time.process_time() - started
        if seconds > MAX_SECONDS:
            return f"took {seconds:.1f} s to compile and run"
        return self.compare(data, ours)

    def run(self, module: taipan.Module) -> None:
        """Instantiate it, with imports that trap, and call some exports, for a short time."""
        store = taipan.Store(self.eager)
        store.set_limits(memory_size=MOST_BYTES, table_elements=1 << 16)
        linker = taipan.Linker(self.eager)
        linker.define_unknown_imports_as_traps(module)
        signal.signal(signal.SIGALRM, lambda *_: store.interrupt())
        signal.setitimer(signal.ITIMER_REAL, RUN_SECONDS, RUN_SECONDS)
        try:
            exports = linker.instantiate(store, module).exports(store)
            self.counts["instances"] += 1
            for function in list(exports.values())[:MOST_CALLS]:
                if isinstance(function, taipan.Func):
                    arguments = [ZEROS.get(str(t)) for t in function.type(store).params]
                    self.counts["calls"] += 1
                    with contextlib.suppress(taipan.Trap, TypeError):  # arguments that None is not
                        function(store, *arguments)
        except (taipan.Trap, taipan.WasmError):
            pass
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            store.close()

    def compare(self, data: bytes, ours: str) -> str:
        """ours: why the module is refused, "" if it is not."""
        if self.wasmtime is None:
            return ""
        try:
            self.wasmtime.Module.validate(self.engine, data)
            theirs = ""
        except self.wasmtime.WasmtimeError as error:
            theirs = str(error)
        if bool(ours) == bool(theirs):
            return ""
        return f"refused here: {ours}" if ours else f"refused by wasmtime: {theirs}"
