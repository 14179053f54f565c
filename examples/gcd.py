"""The greatest common divisor, computed in WebAssembly.

python examples/gcd.py 1071 462
"""

from __future__ import annotations

import sys

import taipan
from taipan import i32

WAT = """
(module
  (func (export "gcd") (param $a i32) (param $b i32) (result i32)
    (local $rest i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $b)))
        (local.set $rest (i32.rem_u (local.get $a) (local.get $b)))
        (local.set $a (local.get $b))
        (local.set $b (local.get $rest))
        (br $again)))
    (local.get $a)))
"""


def main() -> None:
    a, b = (int(word) for word in sys.argv[1:3] or ("1071", "462"))
    store = taipan.Store()
    instance = taipan.Instance(store, taipan.Module(store.engine, WAT), [])
    # The type is checked here, once, rather than at each call.
    gcd = instance.get_typed_func(store, "gcd", params=(i32, i32), results=i32)
    print(f"gcd({a}, {b}) = {gcd(store, a, b)}")


if __name__ == "__main__":
    main()
