"""How references are stored, and which the host may store where.

The native runtime knows two kinds of stored references, functions and host objects; the reference type of a table or
global is checked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from taipan._native import KIND_EXTERNREF, KIND_FUNCREF, KIND_OPAQUE, FuncBase
from taipan.errors import UnsupportedError, WasmError
from taipan.runtime.types import value_kind
from taipan.runtime.value import plain
from taipan.wasm import types as core

if TYPE_CHECKING:
    from taipan.runtime.store import Store

_ABSTRACT: Final[dict[int, int]] = {
    core.HEAP_FUNC: KIND_FUNCREF,
    core.HEAP_NOFUNC: KIND_FUNCREF,
    core.HEAP_EXTERN: KIND_EXTERNREF,
    core.HEAP_NOEXTERN: KIND_EXTERNREF,
}


def storage_kind(code: core.ValType, is_func: bool = True) -> int:
    """How a table or global of this type holds its value. is_func: whether a concrete heap type is a function's."""
    if not core.is_ref(code):
        return value_kind(code)
    heap = core.heap_of(code)
    if core.is_concrete(heap):
        return KIND_FUNCREF if is_func else KIND_OPAQUE
    return _ABSTRACT.get(heap, KIND_OPAQUE)


def kind_in(store: Store, code: core.ValType) -> int:
    """The same for what the host makes in a store, which keeps the definition of the type from then on.

    Raises ValueError if the type names a definition of another engine, or one that is gone, UnsupportedError if its
    values, null included, are none that the host knows.
    """
    registry = store.engine.types
    kept = registry.keep(code)
    kind = storage_kind(code, kept is None or registry.space.kind_of(kept.id) == core.HEAP_FUNC)
    if kind == KIND_OPAQUE:
        raise UnsupportedError(f"globals and tables of type {core.type_name(code)} cannot be made by the host yet")
    if kept is not None:
        store._kept_types[code] = kept
    return kind


def checked(code: core.ValType, value: Any) -> Any:
    """The plain value, for a table or global of that type; what `funcref` and `externref` take is checked later.

    Raises WasmError for null where there is none, UnsupportedError for types whose values the host cannot make.
    """
    value = plain(code, value)
    if not core.is_ref(code) or code in (core.FUNCREF, core.EXTERNREF):
        return value
    if value is None:
        if not core.is_nullable(code):
            raise WasmError(f"type mismatch: null is not a value of type {core.type_name(code)}")
        return None
    if code == core.ref_type(core.HEAP_EXTERN, False):
        return value
    if code == core.ref_type(core.HEAP_FUNC, False) and isinstance(value, FuncBase):
        return value
    raise UnsupportedError(f"values of type {core.type_name(code)} cannot be made by the host yet")
