"""`Managed`: objects that can be closed before they are collected, also by a `with` statement."""

from __future__ import annotations

from typing import Any, NoReturn


class Managed:
    """Base of objects with `close()`. Using a closed one raises ValueError ("already closed").

    Nothing needs closing: what is no longer reachable frees what it owns. `close()` is for doing so at a known time.
    """

    __slots__ = ()

    def close(self) -> None:
        """Give up what the object owns, now. Closing twice does nothing."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


class Unique(Managed):
    """Base of managed objects that cannot be copied or pickled: others refer to them by identity."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"cannot copy or pickle '{type(self).__name__}' object")


def already_closed() -> ValueError:
    return ValueError("already closed")
