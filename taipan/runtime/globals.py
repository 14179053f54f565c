"""`Global`: a global variable."""

from __future__ import annotations

from typing import Any

from taipan import _native
from taipan.errors import WasmError
from taipan.runtime.ref_kind import checked, kind_in
from taipan.runtime.store import Storelike, store_of
from taipan.runtime.types import GlobalType, global_type
from taipan.wasm import types as core


class Global(_native.GlobalBase):
    """A global of a store."""

    __slots__ = ("_content",)
    _content: core.ValType

    def __new__(cls, store: Storelike, ty: GlobalType, val: Any) -> Global:
        """A new global with that value. Raises TypeError if the value has another type."""
        owner = store_of(store)
        if not isinstance(ty, GlobalType):
            raise TypeError("expected a GlobalType")
        of = ty._core
        made = cls._create(owner, kind_in(owner, of.content), of.mutable, checked(of.content, val))
        made._content = of.content
        return made

    def type(self, store: Storelike) -> GlobalType:
        """Its type."""
        of = core.GlobalType(self._content, self._type(store)[1])
        return global_type(of, store_of(store).engine.types.keep(self._content))

    def value(self, store: Storelike) -> Any:
        """The value, as a call would return it; None for a null reference."""
        return self._get(store)

    def set_value(self, store: Storelike, val: Any) -> None:
        """Raises WasmError if the global is immutable, TypeError if the value has another type."""
        if not self._type(store)[1]:
            raise WasmError("immutable global cannot be set")
        self._set(store, checked(self._content, val))

    get = value
    set = set_value

    def __repr__(self) -> str:
        return f"<Global of {core.type_name(self._content)}, store {self._store_id}>"
