"""What can be imported and exported: `AsExtern`, and its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from taipan.runtime.func import Func
from taipan.runtime.globals import Global
from taipan.runtime.memory import Memory, SharedMemory
from taipan.runtime.table import Table
from taipan.runtime.tag import Tag
from taipan.wasm.module import FUNC, GLOBAL, MEMORY, TABLE, TAG

if TYPE_CHECKING:
    from taipan.module import Module
    from taipan.runtime.instance import Instance

AsExtern = Func | Global | Memory | SharedMemory | Table | Tag

AnyExtern: TypeAlias = "AsExtern | Module | Instance"
"""With module linking."""

KIND_OF: Final[dict[type, int]] = {
    Func: FUNC,
    Table: TABLE,
    Memory: MEMORY,
    SharedMemory: MEMORY,
    Global: GLOBAL,
    Tag: TAG,
}


def kind_of(item: object) -> int:
    """FUNC, TABLE, MEMORY, GLOBAL or TAG. Raises TypeError for anything else."""
    kind = KIND_OF.get(type(item))
    if kind is None:
        for base, kind in KIND_OF.items():
            if isinstance(item, base):
                return kind
        raise TypeError("expected a Func, Global, Memory, SharedMemory, Tag, or Table")
    return kind
