"""`Tag`: an exception tag. Until generated code throws, a tag is only an identity with a type."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from taipan.runtime.store import Storelike, open_store_of, owner_of
from taipan.runtime.types import TagType

if TYPE_CHECKING:
    from taipan._native import InstanceBase

_numbers: Final = count()


class Tag:
    """An exception tag of a store. A handle: equal to every other handle of the same tag."""

    __slots__ = ("_number", "_store_id", "_type", "_type_id")

    def __init__(self, store: Storelike, ty: TagType) -> None:
        owner = open_store_of(store)
        if not isinstance(ty, TagType):
            raise TypeError("expected a TagType")
        signature = ty.functype._signature_in(owner.engine.types)
        self._number = next(_numbers)
        self._store_id = owner.id
        self._type = ty
        self._type_id = signature.type_id

    @classmethod
    def _of(cls, store: Storelike, ty: TagType, type_id: int) -> Tag:
        """A tag of a module, whose type keeps its place in a recursion group."""
        made = cls(store, ty)
        made._type_id = type_id
        return made

    def type(self, store: Storelike) -> TagType:
        """Its type."""
        owner_of(store, self._store_id)
        return self._type

    def eq(self, store: Storelike, other: Tag) -> bool:
        """Whether both are the same tag."""
        if not isinstance(other, Tag):
            raise TypeError("expected a Tag")
        owner_of(store, self._store_id)
        owner_of(store, other._store_id)
        return self == other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tag) and self._number == other._number

    def __hash__(self) -> int:
        return hash((Tag, self._number))

    def __repr__(self) -> str:
        return f"<Tag {self._type!r} of store {self._store_id}>"


def tag_of(store: Storelike, instance: InstanceBase, index: int) -> Tag:
    """A tag of an instance's index space. Raises WrongStoreError if that is of another store."""
    return owner_of(store, instance._store_id)._instance_tags[instance][index]
