"""`Store`: owns instances, functions, memories, tables and globals; everything in it lives until it is closed.

The C class `StoreBase` does the owning. Here: the host's own data, WASI, resource limits, fuel.

Threads: a store may be used by any thread, one at a time. A second thread that enters while wasm of the store is
running gets StoreBusyError. `interrupt` may be called from any thread at any time.
"""

from __future__ import annotations

from _weakref import ref  # `weakref` takes a millisecond to import
from typing import TYPE_CHECKING, Any, Final, TypeAlias, Union, final

from taipan import _native
from taipan.errors import StoreClosedError, UnsupportedError, WasmError, WrongStoreError
from taipan.runtime.fuel import Fuel
from taipan.runtime.managed import Managed

if TYPE_CHECKING:
    from taipan.engine import Engine
    from taipan.link.nested import Linked
    from taipan.runtime.func import Caller, Func
    from taipan.runtime.host_func import HostFunc
    from taipan.runtime.tag import Tag
    from taipan.runtime.timeout import Timeout
    from taipan.runtime.type_registry import RegisteredType
    from taipan.wasi.config import WasiConfig


ONCE_BIT: Final = 1
"""Of `StoreBase._interrupt`: the trap clears it."""


class StoreLimits:
    """What `Store.set_limits` installs: asked by the native runtime before memories and tables are made or grow."""

    __slots__ = ("instances", "memories", "memory_size", "table_elements", "tables")

    def __init__(self, memory_size: int, table_elements: int, instances: int, tables: int, memories: int) -> None:
        self.memory_size = memory_size
        self.table_elements = table_elements
        self.instances = instances
        self.tables = tables
        self.memories = memories

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """Bytes."""
        return self.memory_size < 0 or desired <= self.memory_size

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        """Elements."""
        return self.table_elements < 0 or desired <= self.table_elements

    def check_count(self, what: str, count: int, bound: int) -> None:
        """Raises WasmError if there would be more than `bound`; -1 is "no bound"."""
        if 0 <= bound < count:
            raise WasmError(f"resource limit exceeded: {what} count too high at {count}")

    def __repr__(self) -> str:
        return f"StoreLimits({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"


class Store(_native.StoreBase, Fuel, Managed):
    """Owner of everything that modules create at run time.

    engine: default, a new one.  data: any object of the host's, which `data()` gives back, also in host functions.

    Functions, memories, tables, globals and instances are handles: they do not keep the store alive, and using one
    with another store raises WrongStoreError. `close()`, or the end of a `with` block, frees everything at once;
    afterwards every use raises StoreClosedError.
    """

    __slots__ = (
        "__weakref__",
        "_data",
        "_deadline",
        "_fuel_added",
        "_fuel_beyond",
        "_host_funcs",
        "_instance_links",
        "_instance_tags",
        "_kept_types",
        "_limits",
        "_num_instances",
        "_num_memories",
        "_num_tables",
        "_timeouts",
        "_wasi",
        "engine",
    )

    def __init__(self, engine: Engine | None = None, data: Any = None) -> None:
        from taipan.engine import Engine, check_engine

        if engine is None:
            engine = Engine()
        else:
            check_engine(engine)
        super().__init__(max_wasm_stack=engine._max_wasm_stack, gil=engine._gil)
        self.engine = engine
        self._data = data
        self._wasi: Any = None
        self._limits: StoreLimits | None = None
        self._num_instances = self._num_tables = self._num_memories = 0
        self._host_funcs: dict[HostFunc, Func] = {}
        self._kept_types: dict[int, RegisteredType] = {}
        self._instance_links: dict[_native.InstanceBase, Linked] = {}  # of instances with module linking
        self._instance_tags: dict[_native.InstanceBase, tuple[Tag, ...]] = {}
        self._fuel_added = self._fuel_beyond = 0
        self._deadline = 0
        self._timeouts: list[Timeout] = []
        if engine._epochs is not None:
            engine._epochs.add(self)

    @property
    def _store(self) -> Store:
        return self

    def close(self) -> None:
        """Free everything. Raises StoreBusyError while wasm of this store is running."""
        self._close()
        self._close_wasi()
        self._host_funcs.clear()
        self._instance_links.clear()
        self._instance_tags.clear()
        self._kept_types.clear()
        self._data = None

    def data(self) -> Any:
        """The host's object given to the constructor or `set_data`."""
        return open_store_of(self)._data

    def set_data(self, data: Any) -> None:
        """Replace the host's object."""
        open_store_of(self)._data = data

    def into_data(self) -> Any:
        """Close the store and give its data back."""
        data = self.data()
        self.close()
        return data

    def gc(self) -> None:
        """Drop the references to Python objects that wasm no longer holds, which also happens by itself now and then.

        Works in host functions, too: what running wasm may still use stays. Raises StoreBusyError while wasm of this
        store runs on another thread.
        """
        open_store_of(self)._gc()

    def interrupt(self) -> None:
        """From any thread: the running call, or the next one, ends with a trap (TrapCode.INTERRUPT)."""
        self._stop(ONCE_BIT)

    def _stop(self, why: int) -> None:
        """why: ONCE_BIT, or a bit that stops every call until `_interrupt(0, why)` clears it."""
        self._interrupt(why)
        wasi = self._wasi
        if wasi is not None:
            wasi.wake()

    def interrupt_handle(self) -> InterruptHandle:
        """What interrupts this store, for other threads; it may outlive the store."""
        return InterruptHandle(ref(self))

    # --- execution limits ---

    def timeout(self, seconds: float) -> Timeout:
        """`with store.timeout(0.5): ...`: a call that lasts longer traps (TrapCode.INTERRUPT), as do any after it.

        Blocks may be nested: calls trap once the time of any of them is over. Waits in WASI functions end, too; other
        host functions run to their end. The object that `with` gives has `expired`.
        """
        from taipan.runtime.timeout import Timeout

        return Timeout(self, seconds)

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """Let the store run until the engine's epoch was incremented so many times: from then on calls trap.

        A new store's deadline is 0: nothing runs before it is set. No effect without `Config.epoch_interruption`.
        """
        if not isinstance(ticks_after_current, int):
            raise TypeError("expected an int")
        if not 0 <= ticks_after_current < 1 << 64:
            raise WasmError(f"a deadline must be a number from 0 to 2**64 - 1: {ticks_after_current}")
        epochs = open_store_of(self).engine._epochs
        if epochs is not None:
            epochs.set_deadline(self, ticks_after_current)

    def set_limits(
        self, memory_size: int = -1, table_elements: int = -1, instances: int = -1, tables: int = -1, memories: int = -1
    ) -> None:
        """Bound what the store may come to hold; -1 is "no bound".

        memory_size: bytes of each memory.  table_elements: of each table.  instances, tables, memories: their number,
        not counting tables and memories that the host made.
        What exceeds a bound fails: `memory.grow` with -1, everything else with WasmError.
        """
        for value in (memory_size, table_elements, instances, tables, memories):
            if not isinstance(value, int):
                raise TypeError("expected an int")
        if self.closed:
            raise StoreClosedError("the store is closed")
        self._limits = StoreLimits(memory_size, table_elements, instances, tables, memories)
        self.limiter = self._limits

    def _allocate(self, instances: int, tables: int, memories: int) -> None:
        """Count what is about to be made. Raises WasmError if that exceeds `set_limits`."""
        instances += self._num_instances
        tables += self._num_tables
        memories += self._num_memories
        limits = self._limits
        if limits is not None:
            limits.check_count("instance", instances, limits.instances)
            limits.check_count("table", tables, limits.tables)
            limits.check_count("memory", memories, limits.memories)
        self._num_instances, self._num_tables, self._num_memories = instances, tables, memories

    # --- WASI ---

    def set_wasi(self, wasi: WasiConfig) -> None:
        """Give the store a WASI world of its own, described by `wasi`. An earlier one is closed."""
        from taipan.wasi.config import WasiConfig

        if not isinstance(wasi, WasiConfig):
            raise TypeError("expected a WasiConfig")
        self.gc()  # raises if the store is closed, or another thread runs wasm in it and may be using what closes here
        context = wasi.make_context(self)
        self._close_wasi()
        self._wasi = context

    def _close_wasi(self) -> None:
        if self._wasi is not None:
            self._wasi.close()
            self._wasi = None

    def set_wasi_http(self) -> None:
        """Not there yet: raises UnsupportedError."""
        raise UnsupportedError("wasi:http is not supported yet")

    def __repr__(self) -> str:
        return f"<Store {self.id}{' (closed)' if self.closed else ''}>"


@final
class InterruptHandle:
    """`interrupt()` does what `Store.interrupt` does, from any thread, and nothing once the store is gone."""

    __slots__ = ("_ref",)

    def __init__(self, store: ref[Store]) -> None:
        self._ref = store

    def interrupt(self) -> None:
        store = self._ref()
        if store is not None:
            store.interrupt()

    def __repr__(self) -> str:
        return f"<InterruptHandle of {self._ref()!r}>"


class StoreContext:
    """wasmtime-py's name for a borrowed store. Here that is the store itself: `StoreContext(store) is store`."""

    __slots__ = ()

    def __new__(cls, store: Storelike) -> Store:  # type: ignore[misc]
        return store_of(store)


Storelike: TypeAlias = Union[Store, "Caller", StoreContext]
"""What every method of a handle takes first: the store that owns it, or a `Caller` inside a host function."""


def store_of(storelike: Any) -> Store:
    """The store behind a Store or Caller argument. Raises TypeError for anything else."""
    if isinstance(storelike, Store):
        return storelike
    if isinstance(storelike, _native.CallerBase):
        store = storelike._store
        assert isinstance(store, Store)
        return store
    raise TypeError(f"expected a Store or a Caller, got {type(storelike).__name__}")


def owner_of(store: Storelike, store_id: int) -> Store:
    """The store with that id. Raises WrongStoreError if another one was passed."""
    owner = open_store_of(store)
    if owner.id != store_id:
        raise WrongStoreError("object used with the wrong store")
    return owner


def open_store_of(storelike: Any) -> Store:
    """The same for what never reaches the native runtime, which looks itself. Raises StoreClosedError, too."""
    store = store_of(storelike)
    if store.closed:
        raise StoreClosedError("the store is closed")
    return store
