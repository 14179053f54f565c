"""Two modules that share a memory and a function, linked by name, and host functions that belong to the linker.

python examples/linking.py
"""

from __future__ import annotations

import taipan
from taipan import i32

LIBRARY = """
(module
  (import "host" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "double") (param i32) (result i32)
    (i32.mul (local.get 0) (i32.const 2)))
  (func (export "say") (param i32 i32)
    (call $log (local.get 0) (local.get 1))))
"""

PROGRAM = """
(module
  (import "library" "memory" (memory 1))
  (import "library" "double" (func $double (param i32) (result i32)))
  (import "library" "say" (func $say (param i32 i32)))
  (data (i32.const 8) "twice twenty-one")
  (func (export "run") (result i32)
    (call $say (i32.const 8) (i32.const 16))
    (call $double (i32.const 21))))
"""


def main() -> None:
    engine = taipan.Engine()
    linker = taipan.Linker(engine)

    @linker.func("host", "log", params=[i32, i32])
    def log(caller: taipan.Caller, start: int, length: int) -> None:
        """The caller is the library, whose memory both modules use."""
        memory = caller["memory"]
        text = memory.read(caller, start, start + length).decode()
        caller.data().append(text)

    # The linker's functions work in any store; this store collects what was logged in its data.
    store = taipan.Store(engine, data=[])
    library = linker.instantiate(store, taipan.Module(engine, LIBRARY))
    linker.define_instance(store, "library", library)
    program = linker.instantiate(store, taipan.Module(engine, PROGRAM))

    result = program.exports(store)["run"](store)
    print(*store.data(), "is", result)


if __name__ == "__main__":
    main()
