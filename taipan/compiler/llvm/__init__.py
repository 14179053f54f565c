"""The optimizing compiler: a function becomes LLVM IR text, LLVM makes object code, and that becomes what the runtime loads.

Plain Python and llvmlite, imported only when used. The steps: `scan.py` (a first look), `function.py` with the `emit_*`
files (IR text), `target.py` (passes, object code), `elf.py` and `lines.py` (reading it), `link.py` (functions, sites,
stack maps, relocations).
"""
