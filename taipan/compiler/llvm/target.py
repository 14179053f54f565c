"""LLVM, loaded when it is first used, with the options that our code wants."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from taipan.compiler import dump
from taipan.compiler.llvm.binding import Library, library
from taipan.compiler.workers import AT_WORK
from taipan.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from taipan.compiler.llvm.pipelines import Pipeline

# Options of the whole process. Without the first ones LLVM merges equal accesses and calls of different instructions,
# and begins frames late, so that backtraces would be wrong. Nobody else's code becomes wrong by them.
OPTIONS: Final = (
    "-enable-shrink-wrap=false",
    "-enable-tail-merge=false",
    "-hoist-common-insts=false",
    "-sink-common-insts=false",
    "-optimize-regalloc",  # at level 0, where registers would hardly be used
    "-disable-auto-upgrade-debug-info",  # of old text, for which all text is verified: a fifth of reading it
)

_llvm: Library | None = None
_loading: Final = threading.Lock()
"""A process that is given the same option a second time ends."""


def load_llvm() -> Library:
    """LLVM, ready for use. Raises UnsupportedError if llvmlite is not installed, or not for this machine."""
    with _loading:
        return _llvm or _load_llvm()


def _load_llvm() -> Library:
    global _llvm
    try:
        llvm = library()
    except (ImportError, OSError) as error:
        raise UnsupportedError(f"the LLVM compiler needs llvmlite: pip install taipan-wasm[llvm] ({error})") from None
    llvm.initialize(False)
    for option in OPTIONS:
        llvm.set_option(option)
    _llvm = llvm
    return llvm


def load_target(triple: str) -> Library:
    """`load_llvm`, and what LLVM needs for a machine that may not be this one."""
    llvm = load_llvm()
    if triple.partition("-")[0] != os.uname().machine:
        with _loading:
            llvm.initialize(True)
    return llvm


def object_code(ir: str, pipeline: Pipeline, triple: str, cpu: str) -> bytes:
    """Compile a module's text to a relocatable ELF file."""
    with AT_WORK:
        llvm = load_target(triple)
        if "llvm" in dump.ENABLED:
            print(ir, file=sys.stderr)
        try:
            return llvm.compile(ir, pipeline, triple, cpu, "opt" in dump.ENABLED)
        except RuntimeError as error:
            raise InternalError(f"bug: LLVM refuses the text made for it: {error}") from None
