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
        self.supertypes: dict[int, int | None] = {}
        """Types that are not final, and what they are declared to be subtypes of."""
        self.imports: list[Import] = []
        self.funcs: list[int] = []
        self.memories: list[Memory] = []
        self.tables: list[Table] = []
        self.globals: list[Global] = []
        self.elems: list[Elem] = []
        self.datas: list[int] = []
        self.fuel = 0
        """The global that every call of a function which calls others takes one from."""
        self.bulk = False
        """Whether there is an instruction whose work depends on an operand."""

    def type_index(self, params: Types, results: Types) -> int:
        """Of the final type, which needs no declaration of a supertype."""
        signature = (params, results)
        for index, known in enumerate(self.types):
            if known == signature and index not in self.supertypes:
                return index
        self.types.append(signature)
        return len(self.types) - 1

    def subtype(self, source: random.Random, of: int) -> int:
        """A new type, not final, with the same parameters and results, and with a supertype if there is one."""
        known = [index for index in self.supertypes if self.types[index] == self.types[of]]
        self.types.append(self.types[of])
        index = len(self.types) - 1
        self.supertypes[index] = source.choice([None, *known])
        return index

    def some_supertype(self, source: random.Random, index: int) -> int:
        """The type, one that it is a subtype of, or (sometimes) any with the same parameters and results."""
        if source.random() < 0.1:
            return source.choice([i for i, signature in enumerate(self.types) if signature == self.types[index]])
        while source.random() < 0.5:
            above = self.supertypes.get(index)
            if above is None:
                break
            index = above
        return index

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
