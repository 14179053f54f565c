"""What generated code and the native runtime agree on: tables, each of which also makes a C header.

`python -m tools gen` writes `taipan/_native/abi_generated.h` from this package; the C side asserts its `offsetof`s
against it, so a difference does not compile.
"""
