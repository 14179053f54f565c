"""Instantiation: bind imports, allocate, run what the module says must happen first.

Order (spec: exec-instantiation, R-12): imports are checked before anything exists; then the instance exists in its
store and stays there, whatever happens; then globals, tables, element segments, data segments and the start function,
each of which may trap and leaves behind what was done before.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, final

from taipan._native import InstanceBase
from taipan.errors import LinkError, WasmError, WrongStoreError
from taipan.runtime.const_eval import CONST, evaluate
from taipan.runtime.const_eval import GLOBAL as GLOBAL_GET
from taipan.runtime.extern import kind_of
from taipan.runtime.module_info import ElemPlan, ImportPlan, ModuleInfo
from taipan.wasm import matching
from taipan.wasm import types as core
from taipan.wasm.module import FUNC, GLOBAL, KIND_NAMES, MEMORY, TABLE

if TYPE_CHECKING:
    from taipan.runtime.store import Store


@final
class Bindings:
    """Imports by kind, in the order of their index spaces."""

    __slots__ = ("funcs", "globals", "memories", "tables", "tags")

    def __init__(self) -> None:
        self.funcs: Final[list[Any]] = []
        self.tables: Final[list[Any]] = []
        self.memories: Final[list[Any]] = []
        self.globals: Final[list[Any]] = []
        self.tags: Final[list[Any]] = []

    def of_kind(self, kind: int) -> list[Any]:
        return (self.funcs, self.tables, self.memories, self.globals, self.tags)[kind]


NOTHING: Final = Bindings()

DATA_ROW: Final = Struct("<QII")
"""A row of what `_init_data` takes: address, memory, segment."""


def bind(store: Store, info: ModuleInfo, items: Sequence[Any]) -> Bindings:
    """Check that the items fit the module's imports, in order.

    Raises LinkError if one does not, WasmError if one belongs to another store.
    """
    imports = info.imports
    if len(items) != len(imports):
        raise LinkError(f"expected {len(imports)} imports, found {len(items)}")
    if not imports:
        return NOTHING
    bindings = Bindings()
    for entry, item in zip(imports, items, strict=True):
        bind_item(store, info, entry, item, bindings)
    return bindings


def bind_item(store: Store, info: ModuleInfo, entry: ImportPlan, item: Any, bindings: Bindings) -> None:
    """Add one import after checking that it fits. Raises as `bind` does."""
    kind = kind_of(item)
    if item._store_id != store.id:
        raise cross_store()
    if kind != entry.kind:
        raise incompatible(entry, f"expected {KIND_NAMES[entry.kind]}, but found {KIND_NAMES[kind]}")
    reason = mismatch(store, info, entry, item)
    if reason:
        raise incompatible(entry, reason)
    bindings.of_kind(kind).append(item)


def cross_store() -> WasmError:
    return WrongStoreError("cross-`Store` instantiation is not currently supported")


def incompatible(entry: ImportPlan, reason: str) -> LinkError:
    return LinkError(f"incompatible import type for `{entry.title}`: {reason}", entry.module, entry.name or "")


def mismatch(store: Store, info: ModuleInfo, entry: ImportPlan, item: Any) -> str:
    """Why an item of the right kind does not fit an import, or "". A memory or table counts with its present size."""
    space = info.types.registry.space
    actual = extern_desc(store, item, entry.kind)
    if entry.kind == FUNC:
        return func_mismatch(info, entry, actual)
    if entry.kind == MEMORY:
        return matching.memory_mismatch(actual, entry.wanted)
    if entry.kind == TABLE:
        return matching.table_mismatch(space, actual, entry.wanted)
    if entry.kind == GLOBAL:
        return matching.global_mismatch(space, actual, entry.wanted)
    return matching.tag_mismatch(space, actual, entry.wanted)


def extern_desc(store: Store, item: Any, kind: int) -> Any:
    """The type that an item of a kind from FUNC to TAG has at this moment: in engine-wide terms, or its id."""
    if kind == FUNC:
        return item._signature(store).type_id
    if kind == MEMORY:
        _, maximum, is_64, page_size_log2, shared = item._type(store)
        limits = core.Limits(item._size(store), None if maximum < 0 else maximum)
        return core.MemType(limits, is_64, shared, page_size_log2)
    if kind == TABLE:
        _, maximum, is_64, _ = item._type(store)
        limits = core.Limits(item._size(store), None if maximum < 0 else maximum)
        return core.TableType(item._element, limits, is_64)
    if kind == GLOBAL:
        return core.GlobalType(item._content, item._type(store)[1])
    return item._type_id


def func_mismatch(info: ModuleInfo, entry: ImportPlan, type_id: int) -> str:
    """Why a function of that engine-wide type does not fit an import, or ""."""
    if type_id == entry.wanted:
        return ""
    return matching.func_mismatch(info.types.registry.space, type_id, entry.wanted, entry.exact)


def run_steps(store: Store, info: ModuleInfo, instance: InstanceBase) -> None:
    """Everything between an instance's existence and its first call. Raises Trap, or what the start function raises."""
    for own_index, compiled in info.global_inits:
        if compiled[0] == GLOBAL_GET:
            instance._copy_global(store, own_index, compiled[1])
        else:
            instance._set_global_bits(store, own_index, evaluate(compiled, store, instance))
    for table, compiled, size in info.table_inits:
        instance._table(store, table)._fill(store, 0, evaluate(compiled, store, instance), size)
    for elem in info.elems:
        _init_elem(store, instance, elem)
    for step in info.datas:
        if isinstance(step, bytes):
            instance._init_data(store, step)
        else:
            segment, memory, offset, mask = step
            address = evaluate(offset, store, instance) & mask
            instance._init_data(store, DATA_ROW.pack(address, memory, segment))
    if info.start is not None:
        instance._func(store, info.start)(store)


def _init_elem(store: Store, instance: InstanceBase, elem: ElemPlan) -> None:
    """Fill in the segment; if it is active, copy it to its table and drop it. A declarative one has no contents."""
    target = elem.target
    if target is None and not elem.keep:
        return
    items: Any = elem.items
    if items is None:
        items = [evaluate(compiled, store, instance) for compiled in elem.exprs]
    instance._set_element_segment(store, elem.segment, elem.kind, items)
    if target is not None:
        table, offset, mask = target
        address = offset[1] if offset[0] == CONST else evaluate(offset, store, instance) & mask
        instance._table_init(store, table, elem.segment, address, 0, elem.length)
        instance._elem_drop(store, elem.segment)
