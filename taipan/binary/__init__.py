"""Bytes <-> `wasm.Module` (spec: Binary Format): `decode`, `encode`, and `decode_names` for the name section."""

from taipan.binary.decode import decode
from taipan.binary.encode import encode
from taipan.binary.names import Names, decode_names

__all__ = ["Names", "decode", "decode_names", "encode"]
