"""`HostFunc`: a host function that belongs to an engine, not to a store, until it is instantiated in one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from taipan._native import Signature
from taipan.runtime.func import Func
from taipan.runtime.store import Store


@final
class HostFunc:
    """What a linker keeps of `define_func`. Hashed by identity: a store makes at most one function of it."""

    __slots__ = ("access_caller", "callback", "signature")

    def __init__(self, signature: Signature, callback: Callable[..., Any], access_caller: bool) -> None:
        self.signature: Final = signature
        self.callback: Final = callback
        self.access_caller: Final = access_caller

    def in_store(self, store: Store) -> Func:
        """The function in a store of the same engine, made when it is first asked for."""
        made = store._host_funcs.get(self)
        if made is None:
            made = Func._host(store, self.signature, self.callback, self.access_caller)
            store._host_funcs[self] = made
        return made
