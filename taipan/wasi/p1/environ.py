"""environ_get, environ_sizes_get."""

from __future__ import annotations

from typing import Final

from taipan.wasi.context import WasiContext
from taipan.wasi.p1.args import write_sizes, write_strings


def environ_get(context: WasiContext, memory: memoryview, environ: int, environ_buf: int) -> int:
    return write_strings(memory, context.env, environ, environ_buf)


def environ_sizes_get(context: WasiContext, memory: memoryview, count: int, size: int) -> int:
    return write_sizes(memory, context.env, count, size)


FUNCTIONS: Final = (
    ("environ_get", "pp", environ_get),
    ("environ_sizes_get", "pp", environ_sizes_get),
)
