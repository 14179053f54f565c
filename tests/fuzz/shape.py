"""What a generated module has besides code: the lists that function bodies refer to by index."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

Types = tuple[str, ...]

NUMERIC = ("i32", "i64", "f32", "f64")
REFERENCES = ("funcref", "externref")


class Memory(NamedTuple):
    is_64: bool
    low: int
    high: int | None

    @property
    def address(self) -> str:
        return "i64" if self.is_64 else "i32"


class Table(NamedTuple):
    element: str
    is_64: bool
    low: int
    high: int | None
    funcs: list[int]
    """Function indices that an active segment puts at 0, 1, ..."""

    @property
    def address(self) -> str:
        return "i64" if self.is_64 else "i32"


class Global(NamedTuple):
    type: str
    mutable: bool
    init: bytes


class Elem(NamedTuple):
    element: str
    length: int


class Import(NamedTuple):
    """kind: 0 function, 1 table, 2 memory, 3 global.

    item: a function's type index, a table, a memory or a global.  value: what a global made by the host begins with.
    export: name among the exports of the module that came before; "" for what the host makes.
    """

    kind: int
    item: Any
    value: Any = None
    export: str = ""


class Shape:
    """Index spaces of a module under construction. Functions count imports first."""

    def __init__(self) -> None:
        self.types: list[tuple[Types, Types]] = []
        self.imports: list[Import] = []
        self.funcs: list[int] = []
        self.memories: list[Memory] = []
        self.tables: list[Table] = []
        self.globals: list[Global] = []
        self.elems: list[Elem] = []
        self.datas: list[int] = []
        self.fuel = 0
        """The global that every call of a function which calls others takes one from."""

    def type_index(self, params: Types, results: Types) -> int:
        signature = (params, results)
        if signature not in self.types:
            self.types.append(signature)
        return self.types.index(signature)

    def imported(self, kind: int) -> int:
        """How many functions, tables, memories or globals are imported."""
        return sum(item.kind == kind for item in self.imports)

    def signature(self, func: int) -> tuple[Types, Types]:
        return self.types[self.funcs[func]]


def random_types(source: random.Random, most: int, references: bool) -> Types:
    """0 to `most` types; sometimes all the same, which is how registers run out."""
    count = source.randint(0, most)
    pool = NUMERIC + (REFERENCES if references else ())
    if source.random() < 0.3:
        return (source.choice(NUMERIC),) * count
    return tuple(source.choice(pool) for _ in range(count))
