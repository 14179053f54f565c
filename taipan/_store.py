"""wasmtime-py keeps these names here, and programs import them for their annotations."""

from __future__ import annotations

from taipan.runtime.store import Store, Storelike

__all__ = ["Store", "Storelike"]
