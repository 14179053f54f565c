"""Several results: from wasm, from Python, and through both.

python examples/multi.py
"""

from __future__ import annotations

import taipan
from taipan import FuncType, i32, i64

WAT = """
(module
  (import "" "divide" (func $divide (param i32 i32) (result i32 i32)))
  (func (export "swap") (param i32 i64) (result i64 i32)
    (local.get 1) (local.get 0))
  (func (export "digits") (param i32) (result i32 i32 i32)
    (call $divide (call $divide (local.get 0) (i32.const 10)) (drop) (i32.const 10))
    (i32.rem_u (local.get 0) (i32.const 10))))
"""


def main() -> None:
    store = taipan.Store()
    # A host function returns several results as a tuple or list.
    divide = taipan.Func(store, FuncType([i32, i32], [i32, i32]), divmod)
    print("divide:", divide(store, 47, 10))

    exports = taipan.Instance(store, taipan.Module(store.engine, WAT), [divide]).exports(store)
    # A call returns them as a list, a typed call as a tuple.
    print("swap:", exports["swap"](store, 1, 2**40))
    swap = exports["swap"].typed(store, (i32, i64), (i64, i32))
    high, low = swap(store, 1, 2)
    print("typed:", high, low)
    print("digits:", exports["digits"](store, 964))


if __name__ == "__main__":
    main()
