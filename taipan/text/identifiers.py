"""Identifiers for printing: a unique one for every item that the name section names.

Names may repeat or be empty, identifiers may not: where they differ, the printer adds the name as a `@name`
annotation, so that parsing gives the same name section again.
"""

from __future__ import annotations

from typing import Final, final

from taipan.binary.names import NameMap
from taipan.text.lexer import is_plain_id


@final
class Identifiers:
    """Identifiers of one index space. names: the names of items that exist."""

    __slots__ = ("ids", "names")

    def __init__(self, names: NameMap, count: int) -> None:
        self.names: Final[NameMap] = {index: name for index, name in names.items() if index < count}
        self.ids: dict[int, str] = {}
        taken = set(self.names.values())
        used: set[str] = set()
        for index in sorted(self.names):
            name = self.names[index]
            if not name:
                continue
            unique = name
            while unique in used or (unique != name and unique in taken):
                unique = f"{unique}#{index}"
            used.add(unique)
            self.ids[index] = unique

    def reference(self, index: int) -> str:
        """How the item is referred to: `$id`, or its number."""
        identifier = self.ids.get(index)
        return str(index) if identifier is None else quote_id(identifier)

    def definition(self, index: int) -> str:
        """What follows the keyword of a definition: an identifier and `@name` as needed, with a space before."""
        text = ""
        identifier = self.ids.get(index)
        if identifier is not None:
            text = " " + quote_id(identifier)
        name = self.names.get(index)
        if name is not None and name != identifier:
            text += f" (@name {quote(name.encode())})"
        return text or f" (;{index};)"


def quote_id(name: str) -> str:
    """`$name`, or `$"..."` for names that are no plain identifiers."""
    encoded = name.encode()
    return "$" + name if is_plain_id(encoded) else "$" + quote(encoded)


def quote(data: bytes) -> str:
    """A string literal for any bytes. Text stays readable, everything else is escaped."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return quote_bytes(data)
    return '"' + "".join([_quote_char(char) for char in text]) + '"'


def _quote_char(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return "".join([_ESCAPES[byte] for byte in char.encode()])


def quote_bytes(data: bytes) -> str:
    """A string literal in ASCII."""
    return '"' + "".join([_ESCAPES[byte] for byte in data]) + '"'


def _escapes() -> list[str]:
    table = [f"\\{byte:02x}" for byte in range(256)]
    for byte in range(0x20, 0x7F):
        table[byte] = chr(byte)
    table[0x22] = '\\"'
    table[0x5C] = "\\\\"
    return table


_ESCAPES: Final = _escapes()
