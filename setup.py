"""Builds the native runtime and, unless told otherwise, compiles the hot Python modules with mypyc.

Everything declarative is in pyproject.toml. An editable install and `TAIPAN_NO_MYPYC=1` leave the hot modules
interpreted: the same results, compile times some 30 times longer.
"""

from __future__ import annotations

import glob
import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# The modules on the path from bytes to machine code; everything else gains nothing.
HOT = (
    "taipan/wasm/*.py",
    "taipan/binary/*.py",
    "taipan/validate/*.py",
    "taipan/compiler/artifact.py",
    "taipan/compiler/cpu.py",
    "taipan/compiler/environ.py",
    "taipan/compiler/baseline/*.py",
    "taipan/compiler/baseline/x64/*.py",
    "taipan/compiler/llvm/continuation.py",
    "taipan/compiler/llvm/emit_*.py",
    "taipan/compiler/llvm/function.py",
    "taipan/compiler/llvm/inline.py",
    "taipan/compiler/llvm/lines.py",
    "taipan/compiler/llvm/link.py",
    "taipan/compiler/llvm/loops.py",
    "taipan/compiler/llvm/metering.py",
    "taipan/compiler/llvm/scan.py",
    "taipan/compiler/llvm/text.py",
    "taipan/compiler/llvm/values.py",
    "taipan/compiler/llvm/x64_decode.py",
    "taipan/abi/calls.py",
    "taipan/abi/layout.py",
    "taipan/text/*.py",
    "taipan/errors.py",
    "taipan/features.py",
)

# A table that is read once (compiled, its rows would be as much C as all other modules together), and what derives
# from a class of a module that stays interpreted.
COLD = ("taipan/wasm/instructions.py", "taipan/compiler/baseline/builder.py")


def hot_modules() -> list[str]:
    """Paths of the modules that mypyc compiles, as one group: calls between them are direct."""
    files = {path for pattern in HOT for path in glob.glob(pattern)}
    return sorted(path for path in files if not path.endswith("__init__.py") and path not in COLD)


def wants_mypyc() -> bool:
    return not os.environ.get("TAIPAN_NO_MYPYC") and "editable_wheel" not in sys.argv and "develop" not in sys.argv


def compiled_modules() -> list[Extension]:
    if not wants_mypyc():
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        sys.stderr.write("mypyc is not installed: taipan's hot modules will run interpreted\n")
        return []
    # -O2 makes compiling sqlite3.wasm some 7 % faster and takes gcc half as long again (measured).
    extensions = list(mypycify(hot_modules(), opt_level=os.environ.get("TAIPAN_MYPYC_OPT", "1"), debug_level="0"))
    for extension in extensions:
        # Warnings about generated C concern mypyc only, and finding them takes three quarters of gcc's time (measured).
        # With hidden symbols, calls inside the group need no PLT: compiling sqlite3.wasm takes 10 % less (measured).
        extension.extra_compile_args += ["-w", "-Wno-all", "-fvisibility=hidden"]
    return extensions


def sanitizer_flags() -> list[str]:
    """TAIPAN_SANITIZE=address,undefined: for gcc, and for tests only (`python -m tools sanitize`)."""
    chosen = os.environ.get("TAIPAN_SANITIZE")
    if not chosen:
        return []
    return [f"-fsanitize={chosen}", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g"]


def native_runtime() -> Extension:
    flags = ["-std=c11", "-O2", "-fvisibility=hidden", "-fno-strict-aliasing", "-Wall", "-Wextra"]
    if os.environ.get("TAIPAN_WERROR"):
        flags.append("-Werror")
    sanitizers = sanitizer_flags()
    return Extension(
        "taipan._native",
        sources=sorted(glob.glob("taipan/_native/*.[cS]")),
        depends=sorted(glob.glob("taipan/_native/*.h")),
        extra_compile_args=flags + sanitizers,
        extra_link_args=sanitizers,
    )


class BuildExt(build_ext):
    """Knows that the C compiler also takes preprocessed assembly."""

    def build_extensions(self) -> None:
        self.compiler.src_extensions.append(".S")
        super().build_extensions()


setup(cmdclass={"build_ext": BuildExt}, ext_modules=[native_runtime(), *compiled_modules()])
