"""`Memory`: a linear memory, its bytes as a buffer, and how memories are laid out in address space."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from taipan import _native
from taipan.errors import UnsupportedError, WasmError
from taipan.runtime.managed import Managed
from taipan.runtime.store import Storelike, store_of
from taipan.runtime.types import MemoryType, memory_type
from taipan.wasm import types as core

if TYPE_CHECKING:
    import ctypes

    from taipan.engine import Engine


MAX_DELTA: Final = (1 << 64) - 1
"""Pages; no memory can grow by so many."""


class Memory(_native.MemoryBase):
    """A linear memory of a store.

    Exports the buffer protocol: `memoryview(memory)` and `numpy.frombuffer(memory, ...)` are its bytes, without a copy.
    A view has the length the memory had when it was made, and stays valid when the memory grows; a memory that would
    have to move refuses to grow meanwhile. `memory[a:b]`, `memory[a]` and `len(memory)` work on bytes, without a store.
    """

    __slots__ = ()

    def __new__(cls, store: Storelike, ty: MemoryType) -> Memory:
        """A new memory. Raises WasmError if limits of the store or the machine do not allow it."""
        owner = store_of(store)
        if not isinstance(ty, MemoryType):
            raise TypeError("expected a MemoryType")
        of = ty._core
        if of.shared:
            raise UnsupportedError("shared memories are not supported yet: leave `shared` off")
        return cls._create(owner, owner.engine.memory_plan(of))

    def type(self, store: Storelike) -> MemoryType:
        """Its type; the minimum is the declared one, not the present size."""
        minimum, maximum, is_64, page_size_log2, shared = self._type(store)
        limits = core.Limits(minimum, None if maximum < 0 else maximum)
        return memory_type(core.MemType(limits, is_64, shared, page_size_log2))

    def grow(self, store: Storelike, delta: int) -> int:
        """Grow by that many pages and return the old size. Raises WasmError if that is not possible."""
        if delta < 0:
            raise WasmError("cannot grow by negative amount")
        old = self._grow(store, min(delta, MAX_DELTA))
        if old < 0:
            raise WasmError(f"failed to grow memory by `{delta}`")
        return old

    def size(self, store: Storelike) -> int:
        """Pages."""
        return self._size(store)

    def data_len(self, store: Storelike) -> int:
        """Bytes."""
        return self._length(store)

    data_size = data_len

    def data(self, store: Storelike) -> memoryview:
        """The bytes themselves, for reading and writing: what `memoryview(memory)` gives, with the store checked."""
        self._length(store)
        return memoryview(self)

    def page_size(self, store: Storelike) -> int:
        """Bytes of a page: 65536 or 1."""
        return 1 << self._type(store)[3]

    def page_size_log2(self, store: Storelike) -> int:
        """16 or 0."""
        return self._type(store)[3]

    def read(self, store: Storelike, start: int | None = 0, stop: int | None = None) -> bytearray:
        """The bytes from start to stop, which count and clamp like those of a slice."""
        if type(start) is int and type(stop) is int and 0 <= start <= stop:
            try:
                return self._read(store, start, stop)
            except IndexError:
                pass  # beyond the end: clamp
        start, stop, _ = slice(start, stop).indices(self._length(store))
        return self._read(store, start, stop) if start < stop else bytearray()

    def write(
        self, store: Storelike, value: bytes | bytearray | memoryview | Iterable[int], start: int | None = None
    ) -> int:
        """Copy all of value to start (negative: from the end) and return its length in bytes.

        Raises IndexError, and writes nothing, if it does not fit or starts at or after the end.
        """
        if isinstance(value, (bytes, bytearray)) or (isinstance(value, memoryview) and value.c_contiguous):
            data = value
        else:
            try:
                data = bytearray(memoryview(value))  # type: ignore[arg-type]
            except TypeError:
                data = bytearray(iter(value))  # of a number, bytearray() itself would make so many zeros
        if start is None:
            start = 0
        elif start < 0:
            start += self._length(store)
            if start < 0:
                raise IndexError("index out of range")
        self._write(store, data, start)
        if len(data) == 0 and start >= self._length(store):
            raise IndexError("index out of range")
        return data.nbytes if isinstance(data, memoryview) else len(data)

    def data_ptr(self, store: Storelike) -> ctypes._Pointer[ctypes.c_ubyte]:
        """A ctypes pointer to the first byte; growing may move the memory unless it is static."""
        import ctypes

        return ctypes.cast(self._address(store), ctypes.POINTER(ctypes.c_ubyte))

    def get_buffer_ptr(
        self, store: Storelike, size: int | None = None, offset: int = 0
    ) -> ctypes.Array[ctypes.c_ubyte]:
        """A ctypes array of `size` bytes at `offset`, by default all from there on. Raises IndexError out of bounds."""
        import ctypes

        length = self._length(store)
        if size is None:
            size = length - offset
        if not 0 <= offset <= offset + size <= length:
            raise IndexError("index out of range")
        return (ctypes.c_ubyte * size).from_address(self._address(store) + offset)

    def __len__(self) -> int:
        return memoryview(self).nbytes

    def __bool__(self) -> bool:
        return True  # also an empty memory is one

    def __getitem__(self, index: int | slice) -> Any:
        """A byte as a number, or the bytes of a slice."""
        if not isinstance(index, (int, slice)):  # memoryviews have further kinds
            raise TypeError("expected an int or a slice")
        with memoryview(self) as view:
            return view[index] if isinstance(index, int) else bytes(view[index])

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if not isinstance(index, (int, slice)):
            raise TypeError("expected an int or a slice")
        with memoryview(self) as view:
            view[index] = value

    def __repr__(self) -> str:
        return f"<Memory of store {self._store_id}>"


class SharedMemory(Managed):
    """A memory that several threads may use at once: not supported yet."""

    __slots__ = ()

    def __init__(self, engine: Engine, ty: MemoryType) -> None:
        raise UnsupportedError("shared memories are not supported yet")
