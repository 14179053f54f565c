"""Stand-ins for imports that nobody defined: functions that return zeros, zero globals, null tables, empty memories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taipan.errors import WasmError
from taipan.module import Module
from taipan.runtime.extern import AsExtern
from taipan.runtime.globals import Global
from taipan.runtime.host_func import HostFunc
from taipan.runtime.memory import Memory
from taipan.runtime.module_info import ImportPlan
from taipan.runtime.store import Store
from taipan.runtime.table import Table
from taipan.runtime.tag import Tag
from taipan.runtime.types import FuncType, TagType, func_type, global_type, make_signature, memory_type, table_type
from taipan.wasm import types as core
from taipan.wasm.module import FUNC, GLOBAL, INSTANCE, KIND_NAMES, MEMORY, MODULE, TABLE

_ZEROS: Final[dict[int, Any]] = {core.I32: 0, core.I64: 0, core.F32: 0.0, core.F64: 0.0, core.V128: 0}


def default_value(code: core.ValType) -> Any:
    """Zero or null. Raises WasmError for references that cannot be null."""
    if not core.is_ref(code):
        return _ZEROS[code]
    if not core.is_nullable(code):
        raise WasmError(f"no default value for type {core.type_name(code)}")
    return None


def default_func(module: Module, entry: ImportPlan, callback: Callable[..., Any]) -> HostFunc:
    """A host function of exactly the imported type."""
    registry = module.engine.types
    handle = registry.root(entry.wanted)
    assert handle is not None, "bug: the module holds its types"
    return HostFunc(make_signature(registry, entry.wanted, handle, of_host=True), callback, False)


def _returning_defaults(comp: core.FuncType) -> Callable[..., Any]:
    values = [default_value(code) for code in comp.results]
    result: Any = values[0] if len(values) == 1 else values or None

    def default(*args: Any) -> Any:
        return result

    return default


def default_extern(store: Store, module: Module, entry: ImportPlan) -> HostFunc | AsExtern:
    """What an import gets by default. Raises WasmError if its type has no default value."""
    wanted = entry.wanted
    if entry.kind == FUNC:
        return default_func(module, entry, _returning_defaults(module.engine.types.func_type(wanted)))
    if entry.kind in (MODULE, INSTANCE):
        raise WasmError(f"no default value for import `{entry.title}`: it is a {KIND_NAMES[entry.kind]}")
    if entry.kind == MEMORY:
        return Memory(store, memory_type(wanted))
    if entry.kind == TABLE:
        return Table(store, table_type(wanted), default_value(wanted.element))
    if entry.kind == GLOBAL:
        return Global(store, global_type(wanted), default_value(wanted.content))
    functype: FuncType = func_type(module.engine.types.func_type(wanted), module._info.types)
    return Tag._of(store, TagType(functype), wanted)
