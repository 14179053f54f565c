"""What goes wrong in WebAssembly: traps with a backtrace, host exceptions, interrupts.

python examples/traps.py
"""

from __future__ import annotations

import threading

import taipan
from taipan import FuncType, TrapCode

WAT = """
(module $example
  (import "" "fail" (func $fail))
  (memory 1)
  (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "divide") (param i32 i32) (result i32) (call $divide (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "ask") call $fail)
  (func (export "forever") (loop br 0)))
"""


def fail() -> None:
    raise LookupError("raised in Python")


def main() -> None:
    store = taipan.Store()
    host = taipan.Func(store, FuncType([], []), fail)
    exports = taipan.Instance(store, taipan.Module(store.engine, WAT), [host]).exports(store)

    print("7 / 2 =", exports["divide"](store, 7, 2))
    try:
        exports["divide"](store, 7, 0)
    except taipan.Trap as trap:
        print(trap.message)
    try:
        exports["load"](store, 65536)
    except taipan.Trap as trap:
        print(trap.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS, trap.frames[0].func_index)
    try:
        exports["ask"](store)
    except LookupError as error:
        print("came through unchanged:", error)

    threading.Timer(0.05, store.interrupt).start()
    try:
        exports["forever"](store)
    except taipan.Trap as trap:
        print(trap.message.splitlines()[0])


if __name__ == "__main__":
    main()
