"""Linear memory from Python: reading, writing, growing, and as a buffer without copying.

python examples/memory.py
"""

from __future__ import annotations

import struct

import taipan

WAT = """
(module
  (memory (export "memory") 1 4)
  (data (i32.const 16) "hello")
  (func (export "sum") (param $at i32) (param $count i32) (result i32)
    (local $total i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $total (i32.add (local.get $total) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $again)))
    (local.get $total)))
"""


def main() -> None:
    store = taipan.Store()
    exports = taipan.Instance(store, taipan.Module(store.engine, WAT), []).exports(store)
    memory, total = exports["memory"], exports["sum"]

    print("bytes at 16:", memory.read(store, 16, 21).decode())
    print("size:", memory.size(store), "page,", memory.data_len(store), "bytes")

    # Copied in, then summed by wasm.
    numbers = range(1, 101)
    memory.write(store, struct.pack("<100i", *numbers), 1024)
    print("sum:", total(store, 1024, len(numbers)))

    # The same bytes, shared: what wasm sees changes with the view.
    view = memoryview(memory)[1024:1028].cast("i")
    view[0] = 1000
    print("sum after view[0] = 1000:", total(store, 1024, len(numbers)))

    print("grown from", memory.grow(store, 1), "to", memory.size(store), "pages")
    try:
        memory.write(store, b"too far", 2 * 65536 - 3)
    except IndexError as error:
        print("refused:", type(error).__name__)
    try:
        total(store, 2 * 65536, 1)
    except taipan.Trap as trap:
        print("trapped:", trap.message.splitlines()[0])


if __name__ == "__main__":
    main()
