"""The stages from what users pass as a module to a valid `wasm.Module`: text to bytes, decoding, validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from taipan.errors import InvalidError
from taipan.features import Features
from taipan.wasm.module import Module

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC: Final = b"\0asm"


def wat2wasm(wat: str | Buffer) -> bytearray:
    """The binary format of a module in the text format. Raises MalformedError with line and column."""
    return bytearray(assemble(wat if isinstance(wat, str) else to_bytes(wat), Features.everything()))


def assemble(source: str | bytes, features: Features) -> bytes:
    """The binary format of a module in the text format."""
    from taipan.binary.encode import encode
    from taipan.text import parse

    return encode(parse(source, features))


def to_bytes(data: Buffer) -> bytes:
    """A copy, unless it is bytes. Raises TypeError if it is no buffer."""
    if isinstance(data, bytes):
        return data
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise TypeError("expected wasm bytes") from None


def wasm_bytes(wasm: str | Buffer, features: Features) -> bytes:
    """The binary format of what users pass as a module. Text is recognised by its first character."""
    if isinstance(wasm, str):
        return assemble(wasm, features)
    data = to_bytes(wasm)
    if not data.startswith(MAGIC) and data.lstrip()[:1] in (b"(", b";"):
        return assemble(data, features)
    return data


def decode(data: bytes, features: Features) -> Module:
    from taipan.binary.decode import decode

    return decode(data, features)


def check(module: Module, features: Features) -> None:
    """Validate. An InvalidError in a function carries the name that the name section gives it."""
    from taipan.validate.module import check_module

    try:
        check_module(module, features)
    except InvalidError as error:
        if error.func >= 0 and error.name is None:
            from taipan.binary.names import decode_names

            error.name = decode_names(module).funcs.get(error.func)
        raise
