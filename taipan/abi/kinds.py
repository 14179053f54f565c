"""Kinds of values as the native runtime converts them between Python and wasm: `_native.KIND_*`."""

from __future__ import annotations

from typing import Final

KINDS: Final = (
    "I32",
    "I64",
    "F32",
    "F64",
    "V128",
    "FUNCREF",
    "EXTERNREF",
    "OPAQUE",  # any other reference, handled as a raw word that Python code does not see yet
    "FUNC",
    "EXTERN",  # FUNCREF and EXTERNREF without null: in signatures only
)
