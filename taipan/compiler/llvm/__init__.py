"""The optimizing compiler: functions become LLVM IR text, that becomes object code, and that what the runtime loads.

Plain Python and llvmlite, imported only when used. The steps: `scan.py` (a first look), `function.py` with the `emit_*`
files (IR text), `target.py` (passes, object code), `elf.py` and `lines.py` (reading it), `link.py` (functions, sites,
stack maps, relocations).
"""
