"""The native runtime (C). It knows addresses, layouts and Python objects; nothing of the wasm binary format.

The classes ending in `Base` are subclassed once each in `taipan/runtime/`, where users find them documented. A handle
(function, memory, table, global, instance) holds its store's id and a pointer into that store; every
operation takes the store (or a `Caller`) and checks the id before it follows the pointer.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Self, TypeVar

from typing_extensions import Buffer

T = TypeVar("T", bound="FuncBase")

KIND_I32: Final = 0
KIND_I64: Final = 1
KIND_F32: Final = 2
KIND_F64: Final = 3
KIND_V128: Final = 4
KIND_FUNCREF: Final = 5
KIND_EXTERNREF: Final = 6
"""Kinds of values as the C side converts them; all other reference types are KIND_OPAQUE."""
KIND_OPAQUE: Final = 7
KIND_FUNC: Final = 8
KIND_EXTERN: Final = 9
"""KIND_FUNCREF and KIND_EXTERNREF without null; in signatures only."""

def register(**objects: Any) -> None:
    """Tell the C side which Python objects it makes or raises.

    Func, Memory, Table, Global, Caller: the subclasses it instantiates.  Val, ExternRef: objects with `_kind` and
    `_value` that stand for their value in calls.  ask_limiter, tell_limiter: see `runtime/limiter.py`.
    make_trap(code, frames, message) -> exception; frames is a list of (module_info, func_index,
    code_offset_in_function, wasm_offset).  errors: StoreClosedError, StoreBusyError, WrongStoreError, WasmError,
    UnsupportedError, InternalError.  Also switches on the vectorcall flag of Func.
    """

class CodeRegion:
    """Reserved code addresses of one engine: code and rodata (never writable where executable), and a data part with
    entry cells.

    size_bytes: upper bound of code, reserved but not committed; must be below 2 GiB. Falls back to smaller
    reservations when the address space is limited; MemoryError if not even 1 MiB can be had.
    """

    def __init__(self, size_bytes: int) -> None: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def used_bytes(self) -> int: ...

class Signature:
    """A function type as the C side needs it. params, results: KIND_* bytes.  type_id: engine-wide id.

    type: the Python FuncType it was made from (kept, returned by `FuncBase.type`).
    param_types/result_types are not needed here: reference subtypes are checked by the Python object `check` (or None):
    check(value_address_or_None, position) is called for KIND_OPAQUE only.
    """

    def __init__(self, params: bytes, results: bytes, type_id: int, type: Any) -> None: ...
    type: Any
    type_id: int

class NativeModule:
    """Code of one compiled module in a region, with the template from which instances are made.

    info: handed back in backtraces; has is_subtype(type_id, wanted) for indirect calls of types that are not final.
    func_type_indices: u32 array, module type index of each function of the index space (imports first).
    type_ids: u32 array, module type index -> engine-wide type id.
    signatures: one Signature per module type index (None for types that are not functions).
    escaped: u32 array, function indices (>= num_imported_funcs, ascending) that have a VMFuncRef in the context.
    counts: (imported funcs, imported tables, imported memories, imported globals).
    memories, tables, globals: own ones, as `abi/plans.py` packs them.
    data: what the data segments lie in; data_ranges: u32 pairs (start, end), one per segment.
    globals_template: initial bytes of all own globals (16 each); dynamic ones are set by the caller afterwards.
    compile: called with the module and a defined function index when an uncompiled function is entered; must call
    `publish` for it or raise. None: all functions are loaded with `load`.
    """

    def __init__(
        self,
        region: CodeRegion,
        info: Any,
        *,
        func_type_indices: Buffer,
        type_ids: Buffer,
        signatures: Sequence[Signature | None],
        escaped: Buffer,
        counts: tuple[int, int, int, int],
        memories: Buffer,
        tables: Buffer,
        globals: Buffer,
        data: Buffer,
        data_ranges: Buffer,
        num_elements: int,
        globals_template: Buffer,
        compile: Callable[[NativeModule, int], None] | None,
    ) -> None: ...
    def publish(
        self,
        defined_index: int,
        code: Buffer,
        relocs: Buffer,
        sites: Buffer,
        stack_maps: Buffer,
        at_poll: int = 0,
        only_first: bool = False,
    ) -> int:
        """Place one function's code, apply its relocations, record its sites and make it the function's entry, or, with
        at_poll, a continuation: the poll that returns to this address jumps to the code instead at the next tick.
        Returns the code's address. only_first: do nothing, and return 0, if the function has code.

        RELOC_CALL targets that are not placed yet fall back to the entry cell's stub.
        """
    def load(
        self,
        image: Buffer,
        offsets: Buffer,
        sites: Buffer,
        site_starts: Buffer,
        stack_maps: Buffer,
        stack_map_starts: Buffer,
        fd: int = -1,
        file_offset: int = 0,
    ) -> None:
        """Place a whole image at once. offsets: u32 pairs (start, size) per defined function in the image; the image's
        internal relocations are already applied. site_starts/stack_map_starts: u32, first entry of each function, one
        more at the end. With fd, the code is mapped from that file, where it begins at file_offset (whole pages,
        nothing else in them), and sites and stack maps are used where they are.
        """
    def entry(self, defined_index: int) -> int:
        """Address of the published code, 0 if it is not compiled yet."""
    counting: bool
    """While set, `publish` leaves calls going to `compile`, each one, until `settle`."""
    def settle(self, defined_index: int) -> None:
        """Calls go to the newest code directly again."""
    @property
    def compile(self) -> Callable[[NativeModule, int], None] | None: ...
    def code(self, defined_index: int) -> bytes:
        """Machine code as published (relocations applied)."""
    @property
    def num_compiled(self) -> int: ...
    @property
    def info(self) -> Any:
        """As given to the constructor."""

class StoreBase:
    """Owner of everything below the engine. Counts its own id from 1; ids are never reused.

    max_wasm_stack: bytes.  gil: "adaptive", "release" or "hold".
    """

    def __init__(self, *, max_wasm_stack: int, gil: str) -> None: ...
    @property
    def id(self) -> int: ...
    @property
    def closed(self) -> bool: ...
    def _close(self) -> None:
        """Free everything. Raises StoreBusyError when wasm of this store is running on any thread."""
    @property
    def _interrupted(self) -> bool:
        """Whether `_interrupt` was called and its trap is still to come."""
    def _interrupt(self, set: int = 1, clear: int = 0) -> None:
        """From any thread: the running call traps with INTERRUPT at its next check, or the next call when it begins.

        set, clear: bits. Bit 0 is cleared by the trap; while any other is set, every call traps.
        """
    def _fuel(self, value: int | None) -> int:
        """Set the fuel cell, unless the value is None; the cell: what is left of the fuel, as a negative number."""
    def _gc(self) -> None:
        """Release the externrefs that no wasm frame of the store holds. Raises StoreBusyError while wasm of the store
        runs on another thread. Deferred while values are converted for a call, a function is compiled or a signal
        handler runs.
        """
    def _stats(self) -> dict[str, int]:
        """Counters: instances, funcrefs, externref_increments, externref_decrements, code_bytes, bytes_moved.

        activations_table: externrefs that frames may hold now (an over-approximation).  gc_collections: done, with
        gc_table and gc_live, the sizes of that table and of the precise set at the last one.  gc_deferred: asked for at
        an unsafe place.  gc_skipped: given up, because a frame had no stack map.  gc_strays: references in frames that
        were not in the table; anything but 0 is a bug.
        """
    limiter: Any
    """None or what is asked before every growth and creation, see `runtime/limiter.py`."""

class CallerBase:
    """What a host function sees of its caller; valid only during the call (afterwards every use raises WasmError)."""

    @property
    def _store(self) -> StoreBase: ...
    @property
    def _instance(self) -> InstanceBase | None:
        """The calling instance, None when the host called the host function directly."""

class FuncBase:
    """A function handle: `func(store, *args)`; equal and hashed by what it refers to."""

    @classmethod
    def _host(
        cls, store: StoreBase, signature: Signature, callback: Callable[..., Any], access_caller: bool
    ) -> Self: ...
    def __call__(self, store: Any, *args: Any) -> Any:
        """None, one value, or a list of results."""
    def _signature(self, store: Any) -> Signature: ...
    def _typed(self, cls: type[T]) -> T:
        """A handle of another class for the same function; unless that is Func, calls return several results as a
        tuple."""
    @property
    def _store_id(self) -> int: ...

class MemoryBase:
    """A linear memory handle; exports the buffer protocol (writable bytes of the current size; shared views stay valid
    after growth of memories that do not move; a memory that could move is pinned while exported: growth that would move
    it fails)."""

    @classmethod
    def _create(cls, store: StoreBase, plan: bytes) -> Self:
        """plan: from `abi.plans.memory_plan`."""
    @property
    def _store_id(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    def _type(self, store: Any) -> tuple[int, int, bool, int, bool]:
        """(declared min pages, max pages | -1, is_64, page_size_log2, shared)."""
    def _size(self, store: Any) -> int:
        """Pages."""
    def _grow(self, store: Any, delta: int) -> int:
        """Old size in pages, or -1 (limit, maximum, or no memory)."""
    def _address(self, store: Any) -> int: ...
    def _length(self, store: Any) -> int:
        """Bytes."""
    def _read(self, store: Any, start: int, stop: int) -> bytearray:
        """The bytes of an in-bounds range; IndexError otherwise."""
    def _write(self, store: Any, value: Buffer, start: int) -> None:
        """All or nothing; IndexError if it does not fit."""

class TableBase:
    @classmethod
    def _create(cls, store: StoreBase, plan: bytes, init: Any) -> Self:
        """plan: from `abi.plans.table_plan`."""
    @property
    def _store_id(self) -> int: ...
    def _type(self, store: Any) -> tuple[int, int, bool, int]: ...
    def _size(self, store: Any) -> int: ...
    def _get(self, store: Any, index: int) -> Any:
        """A Func, the externref object, or None for null; IndexError out of bounds."""
    def _set(self, store: Any, index: int, value: Any) -> None: ...
    def _grow(self, store: Any, delta: int, init: Any) -> int: ...
    def _fill(self, store: Any, start: int, value: Any, length: int) -> None: ...

class GlobalBase:
    @classmethod
    def _create(cls, store: StoreBase, kind: int, mutable: bool, value: Any) -> Self: ...
    @property
    def _store_id(self) -> int: ...
    def _type(self, store: Any) -> tuple[int, bool]: ...
    def _get(self, store: Any) -> Any: ...
    def _set(self, store: Any, value: Any) -> None: ...

class InstanceBase:
    """One instance; the record lives in the store and stays there even if initialisation fails afterwards (R-12)."""

    @classmethod
    def _create(
        cls,
        store: StoreBase,
        module: NativeModule,
        funcs: Sequence[FuncBase],
        tables: Sequence[TableBase],
        memories: Sequence[MemoryBase],
        globals: Sequence[GlobalBase],
    ) -> Self:
        """Context, imports (already type-checked by the caller; store ownership is checked here), own memories, tables
        and globals. Segments and the start function are the caller's next steps."""
    @property
    def _store_id(self) -> int: ...
    @property
    def _module(self) -> NativeModule: ...
    def _func(self, store: Any, index: int) -> FuncBase: ...
    def _table(self, store: Any, index: int) -> TableBase: ...
    def _memory(self, store: Any, index: int) -> MemoryBase: ...
    def _global(self, store: Any, index: int) -> GlobalBase: ...
    def _set_global_bits(self, store: Any, own_index: int, value: Any) -> None:
        """Initialise an own global, immutable ones too."""
    def _copy_global(self, store: Any, own_index: int, index: int) -> None:
        """Initialise an own global from another one, bit by bit."""
    def _set_element_segment(self, store: Any, segment: int, kind: int, items: Buffer | Sequence[Any]) -> None:
        """Contents of an element segment: a u32 array of function indices (0xFFFFFFFF = null) or a list of
        references."""
    def _table_init(self, store: Any, table: int, segment: int, dst: int, src: int, length: int) -> None:
        """As the instruction; raises Trap."""
    def _elem_drop(self, store: Any, segment: int) -> None: ...
    def _init_data(self, store: Any, plan: Buffer) -> None:
        """Whole segments, each dropped afterwards. plan: rows of u64 address, u32 memory, u32 segment; raises Trap."""

def sample_into(fd: int) -> int:
    """From now on note at each tick where wasm is; write a byte to this pipe when there is a first note. -1: stop.

    Returns the pipe before."""

def take_samples() -> list[tuple[NativeModule, int, int, int, int, int]]:
    """What was noted since the last time: module, defined function index; wasm offset and return address of the poll;
    the same of the outermost loop around it that this activation reaches within some hundred polls, 0 and 0 if it ended
    before. Where a call went over into a continuation, both are that loop.

    Only code that was published as `only_first` is noted."""

def end_despite(thread: int) -> bool:
    """If this thread (by its native id) still runs when the process exits, exit without the handlers and destructors of
    C that are registered so far. Returns whether that can be done."""

def debug_null_funcref() -> tuple[int, int]:
    """(address, code pointer) of the shared null record; the second is 0 (R-10)."""

def debug_gc_stress(on: bool) -> None:
    """For tests: stores collect externrefs wherever they may, from their next collection on (the first call of a new
    store is one)."""
