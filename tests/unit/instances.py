"""Instances of modules in the text format, for the tests of the public API."""

from __future__ import annotations

from typing import Any

from taipan import Instance, Module, Store


def exports_of(store: Store, wat: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, wat), list(imports)).exports(store)
