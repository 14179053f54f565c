"""`Func` and `Caller`: calling into WebAssembly and being called from it.

Calls themselves, with the conversion of values both ways, are the native runtime's (`FuncBase.__call__`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, final

from taipan import _native
from taipan.errors import StoreClosedError, WasmError
from taipan.runtime.fuel import Fuel
from taipan.runtime.store import Store, Storelike, store_of
from taipan.runtime.types import FuncType, ValType, codes_of, val_type

if TYPE_CHECKING:
    from taipan.engine import Engine
    from taipan.runtime.extern import AnyExtern
    from taipan.runtime.module_info import ModuleInfo


class Func(_native.FuncBase):
    """A function of a store: `func(store, *args)` calls it.

    Integers are taken modulo 2**32 or 2**64 and come back signed; f32 and f64 take floats only; v128 is an int or 16
    bytes; funcref is a Func or None, externref any object or None. A call returns None, one value or a list of several.

    A handle: it does not keep its store alive, and is equal to every other handle of the same function.
    """

    __slots__ = ()

    def __new__(cls, store: Storelike, ty: FuncType, func: Callable[..., Any], access_caller: bool = False) -> Func:
        """A host function. func: called with the arguments; returns None, the result, or a tuple or list of results.

        access_caller: pass a `Caller` first. What `func` raises comes out of the outermost call unchanged.
        """
        owner = store_of(store)
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        if not callable(func):
            raise TypeError(f"expected a callable, not {type(func).__name__}")
        return cls._host(owner, ty._signature_in(owner.engine.types), func, access_caller)

    @classmethod
    def wrap(
        cls,
        store: Storelike,
        func: Callable[..., Any],
        params: Iterable[ValType] | ValType | None = None,
        results: Iterable[ValType] | ValType | None = None,
    ) -> Func:
        """A host function whose type is given here or read from annotations: see `signature_of`."""
        ty, access_caller = signature_of(func, params, results)
        return cls(store, ty, func, access_caller)

    def type(self, store: Storelike) -> FuncType:
        """Its type."""
        ty: FuncType = self._signature(store).type
        return ty

    def typed(
        self,
        store: Storelike,
        params: Iterable[ValType] | ValType | None = (),
        results: Iterable[ValType] | ValType | None = (),
    ) -> TypedFunc:
        """The function with its type checked once. Raises WasmError if its type is not the given one."""
        ty = self.type(store)._core
        for what, wanted, actual in (
            ("parameters", codes_of(params), ty.params),
            ("results", codes_of(results), ty.results),
        ):
            if wanted != actual:
                raise WasmError(f"type mismatch with {what}: expected {_listing(wanted)}, found {_listing(actual)}")
        return self._typed(TypedFunc)

    def call(self, store: Storelike, *args: Any) -> Any:
        """The same as calling the function."""
        return self(store, *args)

    def __repr__(self) -> str:
        return f"<Func of store {self._store_id}>"


def _listing(codes: Iterable[int]) -> str:
    return f"({', '.join([repr(val_type(code)) for code in codes])})"


@final
class TypedFunc(_native.FuncBase):
    """A function whose type was checked by `Func.typed`. Several results come as a tuple."""

    __slots__ = ()

    @property
    def func(self) -> Func:
        """The function as `Func`."""
        return self._typed(Func)

    def call(self, store: Storelike, *args: Any) -> Any:
        """The same as calling the function."""
        return self(store, *args)

    def __repr__(self) -> str:
        return f"<TypedFunc of store {self._store_id}>"


class Caller(_native.CallerBase, Fuel):
    """What a host function sees of the wasm that called it; valid until that function returns.

    It stands for the store in every method that takes one. `caller["memory"]` is an export of the calling instance;
    if the host called the function itself, there is no such instance and nothing is found.
    """

    __slots__ = ()

    def __getitem__(self, name: str) -> AnyExtern:
        """The caller's export of that name. Raises KeyError."""
        item = self.get(name)
        if item is None:
            raise KeyError(f"failed to find export {name}")
        return item

    def get(self, name: str) -> AnyExtern | None:
        """The caller's export of that name; None if there is none, or if the call has ended."""
        if not isinstance(name, str):
            raise TypeError(f"expected the name as str, got {type(name).__name__}")
        try:
            instance = self._instance
        except StoreClosedError:
            return None
        if instance is None:
            return None
        info: ModuleInfo = instance._module.info
        return info.export_of(instance, self, name)

    get_export = get

    @property
    def store(self) -> Store:
        """The store itself, for what only it can do; valid as long as the caller."""
        store = self._store
        assert isinstance(store, Store)
        return store

    def data(self) -> Any:
        """The host's object in the store."""
        return self.store._data

    def set_data(self, data: Any) -> None:
        """Replace the host's object in the store."""
        self.store._data = data

    @property
    def engine(self) -> Engine:
        """The store's engine."""
        return self.store.engine

    def gc(self) -> None:
        """Drop the references to Python objects that wasm no longer holds."""
        self._store._gc()


def signature_of(
    func: Callable[..., Any],
    params: Iterable[ValType] | ValType | None,
    results: Iterable[ValType] | ValType | None,
) -> tuple[FuncType, bool]:
    """The type of a host function, and whether it wants a `Caller` first.

    Where params or results are not given they are read from annotations, which must be value types such as
    `taipan.i32` (a tuple of them for several results, None for none). Raises TypeError for anything else: `int` could
    mean i32 or i64. A first parameter annotated `Caller`, or named `caller` without annotation, asks for the caller.
    """
    names, hints = _parameters(func)
    first = hints.get(names[0]) if names else None
    access_caller = first is Caller or (first is None and bool(names) and names[0] == "caller")
    if params is None:
        params = [_annotated(hints.get(name), f"parameter {name!r}") for name in names[access_caller:]]
    if results is None:
        returned = hints.get("return")
        if returned is None:
            results = ()
        elif isinstance(returned, tuple):
            results = [_annotated(t, "result") for t in returned]
        else:
            results = (_annotated(returned, "result"),)
    return FuncType(_listed(params), _listed(results)), access_caller


def _listed(types: Iterable[ValType] | ValType) -> Iterable[ValType]:
    return (types,) if isinstance(types, ValType) else types


def _annotated(hint: object, what: str) -> ValType:
    if isinstance(hint, ValType):
        return hint
    shown = getattr(hint, "__name__", repr(hint))
    raise TypeError(f"{what} needs a WebAssembly type such as taipan.i32 as annotation, not {shown}")


def _parameters(func: Callable[..., Any]) -> tuple[list[str], dict[str, Any]]:
    """Names of the positional parameters and the annotations, evaluated if they are strings."""
    plain = getattr(func, "__func__", func)
    code = getattr(plain, "__code__", None)
    if code is None:
        return [], {}
    names = list(code.co_varnames[: code.co_argcount])
    if plain is not func:
        names = names[1:]
    scope = plain.__globals__
    hints = {}
    for name, hint in plain.__annotations__.items():
        hints[name] = eval(hint, scope) if isinstance(hint, str) else hint
    return names, hints
