"""Scripts of the official suite in which control flow and traps matter, with fuel counted: the results are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from suite import expectations, judge

import taipan._native

if not hasattr(taipan._native, "StoreBase"):  # the folder of its sources imports, too
    pytest.skip("the native runtime is not built", allow_module_level=True)

ENTRIES = expectations()
SCRIPTS = """
    block br br_if br_on_non_null br_on_null br_table call call_indirect call_ref endianness fac func func_ptrs if
    int_exprs labels left-to-right load local_get local_set local_tee loop memory_grow memory_trap nop return
    return_call return_call_indirect return_call_ref select skip-stack-guard-page stack start switch table_copy traps
    unreachable unwind"""


OPTIMIZED = "br_table call_indirect if labels loop memory_trap return_call switch traps unwind"


def run(name: str, folder: Path, **settings: str) -> None:
    from taipan.wast.runner import Runner

    def configure(config: taipan.Config) -> None:
        config.consume_fuel = True
        for setting, value in settings.items():
            setattr(config, setting, value)

    wrong = judge(f"{name}.wast", Runner(configure=configure).run_file(folder / f"{name}.wast"), ENTRIES)
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", SCRIPTS.split())
def test_file(name: str, testsuite_dir: Path) -> None:
    run(name, testsuite_dir)


@pytest.mark.parametrize("name", OPTIMIZED.split())
def test_file_with_llvm(name: str, testsuite_dir: Path) -> None:
    pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    run(name, testsuite_dir, compiler="llvm", opt_level="fast")
