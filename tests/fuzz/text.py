"""Target `text`: mutated sources. Only WasmErrors; what parses is printed and parsed again to the same bytes."""

from __future__ import annotations

import random
import re
import time

from taipan.binary.encode import encode
from taipan.errors import WasmError
from taipan.features import Features
from taipan.text import parse, print_module
from taipan.validate.module import check_module
from taipan.wasm.instructions import INSTRS
from tests.fuzz.corpus import Corpus

FEATURES = Features.everything()
MAX_SECONDS = 2.0
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|\(;|;\)|;;|\(@?|\)|[^\s()";]+|\s+|.', re.DOTALL)
WORDS = [row.keyword.encode() for row in INSTRS] + [
    *b"module func param result local type import export memory table global elem data start block loop".split(),
    *b"if then else end offset item declare mut shared i32 i64 f32 f64 v128 funcref externref anyref eqref ref".split(),
    *b"i31ref null struct array field rec sub final tag try_table catch catch_all catch_ref i8 i16 i8x16 i64x2".split(),
    *b"0 1 -1 +1 0x 0x_1 1_0 4294967295 4294967296 -2147483649 18446744073709551615 18446744073709551616".split(),
    *b"nan nan:0x1 nan:canonical inf -inf 1e400 0x1p-1080 1.5e-46 .5 0x1.8p+ 00 $x $y offset=0 align=1".split(),
    *(
        b"offset=18446744073709551616",
        b"align=3",
        b"align=0",
        b'$"a b"',
        b'"\\00"',
        b'"\\ff"',
        b'"\\u{110000}"',
        b'"a"',
    ),
    *(
        b"(",
        b")",
        b"(;",
        b";)",
        b";;",
        b"\n",
        b"(@a ",
        b'(@custom "x" "y")',
        b"(@name ",
        b"\xff",
        b"\xc3\xa9",
        b"\0",
        b'"',
    ),
]


class Mutator:
    def __init__(self, source: random.Random, donor: bytes) -> None:
        self.random = source
        self.donor = donor

    def text(self, data: bytes) -> bytes:
        tokens = TOKEN.findall(data)
        for _ in range(self.random.choice([0, 1, 1, 1, 2, 3, 6])):
            if tokens:
                self.tokens(tokens)
        if self.random.random() < 0.05:
            at = self.random.randrange(len(tokens) + 1)
            del tokens[at:]
        return b"".join(tokens)

    def tokens(self, tokens: list[bytes]) -> None:
        at = self.random.randrange(len(tokens))
        end = at + self.random.choice([1, 1, 2, 3, 8])
        kind = self.random.randrange(7)
        if kind == 0:
            del tokens[at:end]
        elif kind == 1:
            tokens[at:at] = tokens[at:end]
        elif kind == 2:
            tokens[at] = self.random.choice(WORDS)
        elif kind == 3:
            tokens.insert(at, b" " + self.random.choice(WORDS) + b" ")
        elif kind == 4:
            other = self.random.randrange(len(tokens))
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif kind == 5:
            start = self.random.randrange(len(self.donor))
            tokens.insert(at, self.donor[start : start + self.random.choice([2, 10, 40])])
        else:
            tokens[at] = tokens[self.random.randrange(len(tokens))]


class TextTarget:
    def __init__(self, seed: str) -> None:
        self.corpus = Corpus(seed)

    def make(self, source: random.Random) -> bytes:
        base = self.corpus.text(source)
        return Mutator(source, self.corpus.text(source)).text(base)

    def case(self, source: random.Random) -> str:
        data = self.make(source)
        started = time.process_time()
        try:
            module = parse(data, FEATURES)
            first = encode(module)
        except WasmError:
            return self.slow(started)
        try:
            check_module(module, FEATURES)
            valid = True
        except WasmError:
            valid = False
        try:
            text = print_module(module, folded=source.random() < 0.3)
        except WasmError as error:
            return f"valid module cannot be printed: {error}" if valid else ""
        try:
            second = encode(parse(text, FEATURES))
        except WasmError as error:
            return f"what was printed cannot be parsed: {error}" if valid else ""
        if valid and first != second:
            return "what was printed stands for another module"
        return self.slow(started)

    def slow(self, started: float) -> str:
        seconds = time.process_time() - started
        return f"took {seconds:.1f} s" if seconds > MAX_SECONDS else ""
