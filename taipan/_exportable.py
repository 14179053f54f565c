"""wasmtime-py keeps this name here, and programs import it for their annotations."""

from __future__ import annotations

from taipan.runtime.extern import AsExtern

__all__ = ["AsExtern"]
