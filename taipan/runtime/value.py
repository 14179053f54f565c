"""`Val`: a value with its type, where a plain Python value would leave the type open."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, final

from taipan.errors import WasmError
from taipan.runtime.externref import ExternRef
from taipan.runtime.types import ValType, externref, f32, f64, funcref, i32, i64, v128, value_kind

if TYPE_CHECKING:
    from taipan.runtime.func import Func

F32: Final = struct.Struct("<f")

_KINDS: Final = (i32, i64, f32, f64, v128, funcref, externref)
"""wasmtime-py's numbers of kinds, which are also `_native`'s."""


def _wrap(value: object, bits: int) -> int:
    if not isinstance(value, int):
        raise TypeError("expected an integer")
    half = 1 << (bits - 1)
    return (value + half) % (2 * half) - half


def _float(value: object) -> float:
    if not isinstance(value, float):
        raise TypeError("expected a float")
    return value


def _rounded(value: float) -> float:
    try:
        return float(F32.unpack(F32.pack(value))[0])
    except OverflowError:  # rounds to infinity, which the struct module refuses
        return float("inf") if value > 0 else float("-inf")


@final
class Val:
    """A value and its type. Compares with other Vals and with plain values; integers are kept signed."""

    __slots__ = ("_kind", "_type", "_value")

    def __init__(self, kind: int, val: Any) -> None:
        """kind: wasmtime-py's number of the type; val: kept as it is. The class methods below check."""
        self._type = _KINDS[int(getattr(kind, "value", kind))]
        self._kind = value_kind(self._type._code)
        self._value = val

    @classmethod
    def _of(cls, type: ValType, value: Any) -> Val:
        made = object.__new__(cls)
        made._type = type
        made._kind = value_kind(type._code)
        made._value = value
        return made

    @classmethod
    def i32(cls, val: int) -> Val:
        """val: any integer, taken modulo 2**32."""
        return cls._of(i32, _wrap(val, 32))

    @classmethod
    def i64(cls, val: int) -> Val:
        """val: any integer, taken modulo 2**64."""
        return cls._of(i64, _wrap(val, 64))

    @classmethod
    def f32(cls, val: float) -> Val:
        """val: rounded to the nearest f32."""
        return cls._of(f32, _rounded(_float(val)))

    @classmethod
    def f64(cls, val: float) -> Val:
        """val: must be a float."""
        return cls._of(f64, _float(val))

    @classmethod
    def externref(cls, extern: Any) -> Val:
        """extern: any object; None is the null reference."""
        return cls._of(externref, extern)

    @classmethod
    def funcref(cls, f: Func | None) -> Val:
        """f: None is the null reference."""
        return cls._of(funcref, f)

    @classmethod
    def ref_null(cls, ty: ValType) -> Val:
        """The null of a reference type. Raises WasmError for other types."""
        if not isinstance(ty, ValType):
            raise TypeError("expected a ValType")
        if not ty.is_nullable:
            raise WasmError(f"Invalid reference type for `ref_null`: {ty}")
        return cls._of(ty, None)

    @property
    def value(self) -> Any:
        """The plain value."""
        return self._value

    @property
    def type(self) -> ValType:
        """Its type."""
        return self._type

    def _as(self, type: ValType) -> Any:
        return self._value if self._type is type else None

    def as_i32(self) -> int | None:
        """The value if it is an i32, else None."""
        value: int | None = self._as(i32)
        return value

    def as_i64(self) -> int | None:
        """The value if it is an i64, else None."""
        value: int | None = self._as(i64)
        return value

    def as_f32(self) -> float | None:
        """The value if it is an f32, else None."""
        value: float | None = self._as(f32)
        return value

    def as_f64(self) -> float | None:
        """The value if it is an f64, else None."""
        value: float | None = self._as(f64)
        return value

    def as_externref(self) -> Any:
        """The object if it is an externref, else None; None, too, if it is null."""
        return self._as(externref)

    def as_funcref(self) -> Func | None:
        """The function if it is a funcref, else None; None, too, if it is null."""
        value: Func | None = self._as(funcref)
        return value

    def __eq__(self, rhs: Any) -> Any:
        if isinstance(rhs, Val):
            return self._type is rhs._type and self._value == rhs._value
        return self._value == rhs

    def __hash__(self) -> int:
        # Equal to a plain value, so it must hash like one.
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Val({self._type!r}, {self._value!r})"


def plain(code: int, value: Any) -> Any:
    """The value behind a `Val` of that type, or an ExternRef; any other value as it is. Raises TypeError for a Val of
    another type."""
    if not isinstance(value, Val):
        return value.value if isinstance(value, ExternRef) else value
    if value._type._code != code:
        raise TypeError("wrong type of `Val` provided")
    return value._value
