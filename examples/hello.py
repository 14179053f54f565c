"""Hello: wasm calls a host function.

python examples/hello.py
"""

from __future__ import annotations

import taipan

WAT = """
(module
  (import "host" "hello" (func $hello))
  (func (export "run") call $hello))
"""


def main() -> None:
    engine = taipan.Engine()
    module = taipan.Module(engine, WAT)

    store = taipan.Store(engine)
    hello = taipan.Func(store, taipan.FuncType([], []), lambda: print("Hello from Python!"))

    instance = taipan.Instance(store, module, [hello])
    run = instance.exports(store)["run"]
    run(store)


if __name__ == "__main__":
    main()
