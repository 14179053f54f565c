"""Python objects in WebAssembly: tables, globals and calls hold them by reference.

python examples/externref.py
"""

from __future__ import annotations

import taipan

WAT = """
(module
  (import "" "shout" (func $shout (param externref) (result externref)))
  (table (export "table") 4 externref)
  (global (export "last") (mut externref) (ref.null extern))
  (func (export "apply") (param $at i32)
    (global.set 0 (call $shout (table.get 0 (local.get $at))))
    (table.set 0 (local.get $at) (ref.null extern))))
"""


def main() -> None:
    store = taipan.Store()
    externref = taipan.externref
    shout = taipan.Func(store, taipan.FuncType([externref], [externref]), lambda text: [text.upper()])
    exports = taipan.Instance(store, taipan.Module(store.engine, WAT), [shout]).exports(store)
    table, last = exports["table"], exports["last"]

    table.set(store, 2, "any Python object")
    exports["apply"](store, 2)
    print("global:", last.value(store))
    print("table:", [table.get(store, i) for i in range(4)])

    mark = object()
    table.set(store, 0, mark)
    print("same object:", table.get(store, 0) is mark)


if __name__ == "__main__":
    main()
