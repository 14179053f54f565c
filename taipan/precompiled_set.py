"""Artifacts of modules with module linking: a module value with all modules inside it and all that it closes over.

The file begins with the artifact of the module itself, so it is an ELF file; the artifacts of the others follow, each
at the start of a page, so that code is mapped from where it is. A section of the first says which they are:

    files   how many binaries the modules come from; the first part of each carries its bytes
    parts   [file, origin, offset, size] of each artifact: the module begins at byte `origin` of its binary; the offset
            counts from the end of the first artifact, rounded up to a page; both are 0 for that itself
    values  [part, upvars] of each module value, upvars being places in this list; the last one is the module

Modules of one file keep the bytes of that whole file: their offsets in it are what backtraces show, and types are there
once. A value that several others close over is there once, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, final

from taipan import precompiled
from taipan.compiler import serialize as artifact
from taipan.engine import Engine
from taipan.errors import WasmError
from taipan.features import Features
from taipan.module import Module
from taipan.runtime.link_info import FileTypes, LinkInfo, nested_modules
from taipan.runtime.module_info import ModuleInfo
from taipan.stages import check, decode
from taipan.wasm.link_types import Extern, Matcher
from taipan.wasm.module import MODULE

if TYPE_CHECKING:
    from taipan.wasm.module import Module as WasmModule


@final
class Value:
    """A module value, as far as artifacts need it. upvars: those it closes over."""

    __slots__ = ("module", "upvars")

    def __init__(self, module: WasmModule, upvars: tuple[Value, ...]) -> None:
        self.module: Final = module
        self.upvars: Final = upvars


def value_of(module: Module) -> Value:
    """The same value for the same module object, wherever it is met. Closures over closures may be nested deeply."""
    made: dict[int, Value] = {}
    waiting = [module]
    while waiting:
        top = waiting[-1]
        missing = [upvar for upvar in top._upvars if id(upvar) not in made]
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if id(top) not in made:
            made[id(top)] = Value(top._module, tuple(made[id(upvar)] for upvar in top._upvars))
    return made[id(module)]


def walk(module: WasmModule) -> Iterator[WasmModule]:
    """A module and, if it is resolved, those inside it, each before those inside it."""
    yield module
    if module.links is None:
        return
    for inner in nested_modules(module):
        yield from walk(inner)


# --- writing ---


@final
class Plan:
    """What goes into an artifact: see above."""

    __slots__ = ("_place_of", "_values", "files", "parts", "values")

    def __init__(self) -> None:
        self.files: Final[list[bytes]] = []
        self.parts: Final[list[WasmModule]] = []
        self.values: Final[list[tuple[int, list[int]]]] = []
        self._place_of: Final[dict[int, int]] = {}
        self._values: Final[dict[int, int]] = {}

    def add_value(self, value: Value) -> None:
        """A value after those that it closes over; its own part comes first of all."""
        self.add_part(value.module)
        waiting = [value]
        while waiting:
            top = waiting[-1]
            missing = [upvar for upvar in top.upvars if id(upvar) not in self._values]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            if id(top) not in self._values:
                self._values[id(top)] = len(self.values)
                part = self.add_part(top.module)
                self.values.append((part, [self._values[id(upvar)] for upvar in top.upvars]))

    def add_part(self, module: WasmModule) -> int:
        """A module and those inside it."""
        found = self._place_of.get(id(module))
        if found is None:
            found = len(self.parts)
            for inner in walk(module):
                if id(inner) not in self._place_of:
                    self._place_of[id(inner)] = len(self.parts)
                    self.parts.append(inner)
        return self._place_of[id(module)]

    def file_of(self, module: WasmModule) -> int:
        for index, code in enumerate(self.files):
            if code is module.code:
                return index
        self.files.append(module.code)
        return len(self.files) - 1


def serialize(engine: Engine, value: Value) -> bytearray:
    """The artifact of a module value: every module that it needs compiled as a whole."""
    plan = Plan()
    plan.add_value(value)
    page = artifact.PAGE_SIZES[precompiled.header_of(engine).get("machine")]
    rows: list[list[int]] = []
    others = bytearray()
    carried: set[int] = set()
    parts = validated(engine, plan.parts)
    for index, module in enumerate(parts):
        file = plan.file_of(module)
        row = [file, module.origin, 0, 0]
        if index:
            made = precompiled.compile_all(engine, module, file not in carried)
            others.extend(bytes(-len(others) % page))
            row[2:] = [len(others), len(made)]
            others += made
        carried.add(file)
        rows.append(row)
    links = {"files": len(plan.files), "parts": rows, "values": plan.values}
    first = precompiled.compile_all(engine, parts[0], True, json.dumps(links).encode())
    if others:
        first.extend(bytes(-len(first) % page))
    return first + others


def validated(engine: Engine, modules: list[WasmModule]) -> list[WasmModule]:
    """The modules; those of files that came from an artifact are read again, since nobody looked at their bodies."""
    known: dict[int, dict[int, WasmModule]] = {}
    found: list[WasmModule] = []
    for module in modules:
        if module.has_tail_calls is None:
            if id(module.code) not in known:
                root = decode(module.code, engine.features)
                check(root, engine.features)
                known[id(module.code)] = {inner.origin: inner for inner in walk(root)}
            module = known[id(module.code)][module.origin]
        found.append(module)
    return found


# --- reading ---


def parts_of(data: bytes) -> list[tuple[WasmModule, artifact.Artifact]]:
    """The modules of any artifact, validated, with their code, of which nothing is checked. For listings."""
    view = memoryview(data)
    first = artifact.take_apart(view)
    features = Features(frozenset(first.header.get("features").split()))
    rows = json.loads(first.links)["parts"] if first.links else [[0, 0, 0, 0]]
    start = padded_end(first)
    found: list[tuple[WasmModule, artifact.Artifact]] = []
    files: list[dict[int, WasmModule]] = []
    for index, (file, origin, offset, size) in enumerate(rows):
        part = artifact.take_apart(view[start + offset : start + offset + size]) if index else first
        if file == len(files):
            root = decode(part.module, features)
            check(root, features)
            files.append({module.origin: module for module in walk(root)})
        found.append((files[file][origin], part))
    return found


def padded_end(first: artifact.Artifact) -> int:
    """Where the second artifact of a file begins."""
    page = artifact.PAGE_SIZES[first.machine]
    return -(-first.end // page) * page


def checked_numbers(numbers: list[Any]) -> list[int]:
    """Raises ValueError unless all are whole numbers and none is negative."""
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError(f"numbers from 0 expected, not {numbers!r}")
    return numbers


def checked_row(row: Any) -> tuple[int, int, int, int]:
    file, origin, offset, size = checked_numbers(row)
    return file, origin, offset, size


@final
class Loader:
    """Reads one artifact. fd: the file to map code from, or -1."""

    __slots__ = ("data", "engine", "fd", "files", "matcher", "modules", "parts", "types", "verify")

    def __init__(self, engine: Engine, data: memoryview, fd: int, verify: bool) -> None:
        self.engine: Final = engine
        self.data: Final = data
        self.fd: Final = fd
        self.verify: Final = verify
        self.matcher: Final = Matcher(engine.types.space)
        self.files: Final[list[dict[int, WasmModule]]] = []  # by origin
        self.types: Final[list[FileTypes]] = []
        self.parts: Final[dict[tuple[int, int], artifact.Artifact]] = {}
        self.modules: Final[dict[tuple[int, int], Module]] = {}

    def load(self, first: artifact.Artifact) -> Module:
        """Raises MalformedError for what is damaged, UnsupportedError for what does not fit here."""
        try:
            links = json.loads(first.links)
            rows = [checked_row(row) for row in links["parts"]]
            self.read_parts(first, rows)
            values: list[Module] = []
            for part, upvars in links["values"]:
                numbers = checked_numbers([part, *upvars])
                values.append(self.value(rows[numbers[0]][:2], [values[index] for index in numbers[1:]]))
            return values[-1]
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            raise artifact.damaged(f"its list of modules: {error!r}") from error

    def read_parts(self, first: artifact.Artifact, rows: list[tuple[int, int, int, int]]) -> None:
        start = padded_end(first)
        for index, (file, origin, offset, size) in enumerate(rows):
            part = first
            if index:
                begin = start + offset
                if begin + size > len(self.data):
                    raise artifact.damaged("it is cut off")
                part = precompiled.unpack(self.engine, self.data[begin : begin + size], self.verify)
                part.text += begin
            self.parts[file, origin] = part
            if file == len(self.files):
                self.read_file(part.module)

    def read_file(self, code: bytes) -> None:
        from taipan.validate.linking import resolve

        try:
            root = decode(code, self.engine.features)
            resolve(root, self.engine.features)
        except WasmError as error:
            raise artifact.damaged(f"its module: {error}") from error
        self.files.append({module.origin: module for module in walk(root)})
        self.types.append(FileTypes(self.engine.types, root))

    def value(self, of: tuple[int, int], upvars: list[Module]) -> Module:
        """A module value. Raises KeyError or ValueError if there is no such part, or its upvars are others."""
        module = self.module(of)
        links = module._info.links
        assert links is not None
        if len(upvars) != len(links.upvars):
            raise ValueError(f"{len(links.upvars)} upvars expected, not {len(upvars)}")
        for upvar, wanted in zip(upvars, links.upvar_types, strict=True):
            found = self.matcher.mismatch(extern_of_module(upvar), (MODULE, wanted))
            if found is not None:
                raise ValueError(f"another upvar expected: {found.reason}")
        return module._closure(tuple(upvars))

    def module(self, of: tuple[int, int]) -> Module:
        """A module without upvars, and those inside it."""
        found = self.modules.get(of)
        if found is not None:
            return found
        file, origin = of
        module = self.files[file][origin]
        made = Module._of(self.engine, module)
        made._info = ModuleInfo(module, self.types[file].registered(module), LinkInfo(self.types[file], module))
        made._native = precompiled.placed(self.engine, module, made._info, self.parts[of], self.fd)
        made._nested = tuple(self.module((file, inner.origin)) for inner in nested_modules(module))
        self.modules[of] = made
        return made


def extern_of_module(module: Module) -> Extern:
    links = module._info.links
    assert links is not None
    return MODULE, links.type


def load(engine: Engine, data: memoryview, first: artifact.Artifact, fd: int, verify: bool) -> Module:
    """The module of an artifact whose first part was unpacked. fd: the file to map code from, or -1."""
    return Loader(engine, data, fd, verify).load(first)
