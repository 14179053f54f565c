"""SQLite, compiled to WebAssembly for browsers, as an in-memory database in Python.

    python examples/sqlite.py sqlite3.wasm "select sqlite_version(), 6 * 7"

`sqlite3.wasm` is in the npm package `@sqlite.org/sqlite-wasm`. It was made by Emscripten and expects a browser around
it: `HostShim` gives it a clock, memory growth, and "no such thing" for files, which `:memory:` databases never need.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import taipan

ENOSYS = 52  # errno of WASI and Emscripten: function not implemented
SQLITE_OK, SQLITE_ROW, SQLITE_DONE = 0, 100, 101
INTEGER, FLOAT, TEXT, BLOB, NULL = 1, 2, 3, 4, 5
TRANSIENT = -1  # "copy the value now": SQLite's destructor constant

Value = int | float | str | bytes | None


class HostShim:
    """The imports of the module: those with an answer here, all others fail with ENOSYS."""

    def __init__(self, wasm: ModuleType, store: Any, memory: Any) -> None:
        self.wasm, self.store, self.memory = wasm, store, memory

    def emscripten_date_now(self) -> float:
        return time.time() * 1000

    def emscripten_get_now(self) -> float:
        return time.monotonic() * 1000

    def _emscripten_get_now_is_monotonic(self) -> int:
        return 1

    def emscripten_resize_heap(self, size: int) -> int:
        """Make the memory at least `size` bytes long; 1 if that worked."""
        missing = (size & 0xFFFF_FFFF) - self.memory.data_len(self.store)
        try:
            self.memory.grow(self.store, max(0, missing + 0xFFFF) >> 16)
        except self.wasm.WasmtimeError:
            return 0
        return 1

    def imports_of(self, module: Any) -> list[Any]:
        """What to instantiate the module with, in the order in which it asks."""
        externs = []
        for wanted in module.imports:
            if not isinstance(wanted.type, self.wasm.FuncType):
                externs.append(self.memory)
                continue
            answer = getattr(self, wanted.name, None)
            if answer is None:
                answer = (lambda *_: -ENOSYS) if wanted.type.results else (lambda *_: None)
            externs.append(self.wasm.Func(self.store, wanted.type, answer))
        return externs


class Database:
    """An in-memory database: `execute(sql, *parameters)` gives the rows of the last statement with rows."""

    def __init__(self, path: str, wasm: ModuleType = taipan, engine: Any = None, module: Any = None) -> None:
        """path: of sqlite3.wasm.  wasm: the engine's package; anything with wasmtime-py's shape will do.

        module: the same, compiled by that engine. Databases that share it share the code that became better in use.
        """
        engine = wasm.Engine() if engine is None else engine
        module = wasm.Module.from_file(engine, path) if module is None else module
        self.store = wasm.Store(engine)
        wanted = next(i.type for i in module.imports if isinstance(i.type, wasm.MemoryType))
        self.memory = wasm.Memory(self.store, wanted)
        shim = HostShim(wasm, self.store, self.memory)
        instance = wasm.Instance(self.store, module, shim.imports_of(module))
        self.exports = instance.exports(self.store)
        self.call("__wasm_call_ctors")
        slot = self.call("malloc", 4)
        self.check(self.call("sqlite3_open_v2", self.text(":memory:"), slot, 6, 0))  # read and write, create
        self.handle = self.word(slot)

    def call(self, name: str, *arguments: Any) -> Any:
        return self.exports[name](self.store, *arguments)

    def word(self, address: int) -> int:
        """The 32-bit word at an address, which may have come out of a call as a negative number."""
        address &= 0xFFFF_FFFF
        return int(struct.unpack("<I", bytes(self.memory.read(self.store, address, address + 4)))[0])

    def text(self, text: str) -> int:
        return self.copy(text.encode() + b"\0")

    def copy(self, data: bytes) -> int:
        """Bytes in the module's heap; the caller frees them."""
        address = self.call("malloc", len(data) or 1) & 0xFFFF_FFFF
        if not address:
            raise MemoryError("sqlite3.wasm is out of memory")
        self.memory.write(self.store, data, address)
        return int(address)

    def string_at(self, address: int) -> str:
        address &= 0xFFFF_FFFF
        end = address
        while (chunk := bytes(self.memory.read(self.store, end, end + 256))) and b"\0" not in chunk:
            end += len(chunk)
        return bytes(self.memory.read(self.store, address, end + chunk.index(0))).decode()

    def check(self, status: int) -> None:
        if status not in (SQLITE_OK, SQLITE_ROW, SQLITE_DONE):
            raise RuntimeError(f"sqlite: {self.string_at(self.call('sqlite3_errmsg', self.handle))} ({status})")

    def execute(self, sql: str, *parameters: Value) -> list[tuple[Value, ...]]:
        """Run all statements in `sql`; parameters bind to the first one."""
        source, out = self.text(sql), self.call("malloc", 8)
        rows: list[tuple[Value, ...]] = []
        at = source
        try:
            while True:
                self.check(self.call("sqlite3_prepare_v2", self.handle, at, -1, out, out + 4))
                statement, at = self.word(out), self.word(out + 4)
                if not statement:
                    return rows
                try:
                    self.bind(statement, parameters)
                    parameters = ()
                    rows = list(self.rows(statement)) or rows
                finally:
                    self.call("sqlite3_finalize", statement)
        finally:
            self.call("free", source)
            self.call("free", out)

    def bind(self, statement: int, parameters: tuple[Value, ...]) -> None:
        for position, value in enumerate(parameters, 1):
            if value is None:
                status = self.call("sqlite3_bind_null", statement, position)
            elif isinstance(value, int):
                status = self.call("sqlite3_bind_int64", statement, position, value)
            elif isinstance(value, float):
                status = self.call("sqlite3_bind_double", statement, position, value)
            else:
                data = value.encode() if isinstance(value, str) else value
                kind = "text" if isinstance(value, str) else "blob"
                address = self.copy(data)
                status = self.call(f"sqlite3_bind_{kind}", statement, position, address, len(data), TRANSIENT)
                self.call("free", address)
            self.check(status)

    def rows(self, statement: int) -> Iterator[tuple[Value, ...]]:
        columns = range(self.call("sqlite3_column_count", statement))
        while True:
            status = self.call("sqlite3_step", statement)
            self.check(status)
            if status == SQLITE_DONE:
                return
            yield tuple(self.column(statement, i) for i in columns)

    def column(self, statement: int, index: int) -> Value:
        kind = self.call("sqlite3_column_type", statement, index)
        if kind == INTEGER:
            return int(self.call("sqlite3_column_int64", statement, index))
        if kind == FLOAT:
            return float(self.call("sqlite3_column_double", statement, index))
        if kind == NULL:
            return None
        name = "text" if kind == TEXT else "blob"
        address = self.call(f"sqlite3_column_{name}", statement, index) & 0xFFFF_FFFF
        size = self.call("sqlite3_column_bytes", statement, index)
        data = bytes(self.memory.read(self.store, address, address + size))
        return data.decode() if kind == TEXT else data


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for row in Database(sys.argv[1]).execute(sys.argv[2]):
        print(*row, sep="|")


if __name__ == "__main__":
    main()
