"""`Table`: a table of references."""

from __future__ import annotations

from typing import Any

from taipan import _native
from taipan.abi.plans import table_plan
from taipan.errors import WasmError
from taipan.runtime.ref_kind import checked, kind_in
from taipan.runtime.store import Storelike, store_of
from taipan.runtime.types import TableType, table_type
from taipan.wasm import types as core


class Table(_native.TableBase):
    """A table of a store. Elements are Funcs or, in a table of externref, any objects; None is null."""

    __slots__ = ("_element",)
    _element: core.ValType

    def __new__(cls, store: Storelike, ty: TableType, init: Any) -> Table:
        """A new table with every element set to init."""
        owner = store_of(store)
        if not isinstance(ty, TableType):
            raise TypeError("expected a TableType")
        of = ty._core
        init = checked(of.element, init)
        plan = table_plan(of.limits.min, of.limits.max, of.is_64, kind_in(owner, of.element))
        table = cls._create(owner, plan, init)
        table._element = of.element
        return table

    def type(self, store: Storelike) -> TableType:
        """Its type; the minimum is the declared one, not the present size."""
        minimum, maximum, is_64, _ = self._type(store)
        of = core.TableType(self._element, core.Limits(minimum, None if maximum < 0 else maximum), is_64)
        return table_type(of, store_of(store).engine.types.keep(self._element))

    def size(self, store: Storelike) -> int:
        """Elements."""
        return self._size(store)

    def grow(self, store: Storelike, amt: int, init: Any) -> int:
        """Add amt elements set to init and return the old size. Raises WasmError if that is not possible."""
        init = checked(self._element, init)
        if amt < 0:
            raise WasmError("cannot grow by negative amount")
        old = self._grow(store, min(amt, (1 << 64) - 1), init)
        if old < 0:
            raise WasmError(f"failed to grow table by `{amt}`")
        return old

    def get(self, store: Storelike, idx: int) -> Any:
        """The element, None if it is null or there is none."""
        if not 0 <= idx < self._size(store):
            return None
        return self._get(store, idx)

    def set(self, store: Storelike, idx: int, val: Any) -> None:
        """Raises WasmError if there is no such element."""
        val = checked(self._element, val)
        if not 0 <= idx < self._size(store):
            raise WasmError("wasm trap: undefined element: out of bounds table access")
        self._set(store, idx, val)

    def fill(self, store: Storelike, start: int, val: Any, length: int) -> None:
        """Set length elements to val. Raises WasmError, and changes nothing, if there are not so many."""
        val = checked(self._element, val)
        if not 0 <= start <= start + length <= self._size(store):
            raise WasmError("wasm trap: out of bounds table access")
        self._fill(store, start, val, length)

    def copy(self, store: Storelike, start: int, source: Table, source_start: int, length: int) -> None:
        """Copy elements of a table, which may be this one, here. Raises WasmError, changing nothing, out of bounds."""
        if not isinstance(source, Table):
            raise TypeError("expected a Table")
        if source._element != self._element:
            raise WasmError("tables do not have the same element type")
        if not 0 <= start <= start + length <= self._size(store) or not (
            0 <= source_start <= source_start + length <= source._size(store)
        ):
            raise WasmError("wasm trap: out of bounds table access")
        values = [source._get(store, source_start + i) for i in range(length)]
        for i, value in enumerate(values):
            self._set(store, start + i, value)

    def __repr__(self) -> str:
        return f"<Table of {core.type_name(self._element)}, store {self._store_id}>"
