"""`ExternRef`: a handle of an object for those who want to watch how often it is referenced."""

from __future__ import annotations

import sys
from typing import Any, Final, final

from taipan import _native


@final
class ExternRef:
    """A reference to any Python object; two are equal if the object is the same.

    Objects need no handle to become externrefs. WebAssembly takes an ExternRef for its object, so what comes back is
    the object itself, and counts.
    """

    __slots__ = ("_value",)

    _kind: Final = _native.KIND_EXTERNREF
    """So that the native runtime takes it as it takes a `Val`."""

    def __init__(self, value: Any) -> None:
        self._value = value

    @property
    def value(self) -> Any:
        """The object."""
        return self._value

    data = value
    """The original name."""

    @property
    def strong_count(self) -> int:
        """How many references there are to the object, with this handle's, those of stores, and all others of Python's.

        A store has one for each global and table element that holds the object, and one while the object may be in
        a wasm frame, until the collection (`Store.gc`) that notices that it is not.
        """
        return sys.getrefcount(self._value) - 1  # the argument of getrefcount

    def ptr_eq(self, other: ExternRef) -> bool:
        """Whether both refer to the same object."""
        if not isinstance(other, ExternRef):
            raise TypeError("expected ExternRef")
        return self._value is other._value

    def __eq__(self, other: object) -> bool:
        return self._value is other._value if isinstance(other, ExternRef) else NotImplemented

    def __hash__(self) -> int:
        return hash((ExternRef, id(self._value)))

    def __repr__(self) -> str:
        return f"ExternRef({self._value!r})"
