"""`Tag`: an exception tag. Until generated code throws, a tag is only an identity with a type."""

from __future__ import annotations

from taipan.errors import WrongStoreError
from taipan.runtime.store import Storelike, open_store_of
from taipan.runtime.types import TagType


class Tag:
    """An exception tag of a store."""

    __slots__ = ("_store_id", "_type", "_type_id")

    def __init__(self, store: Storelike, ty: TagType) -> None:
        owner = open_store_of(store)
        if not isinstance(ty, TagType):
            raise TypeError("expected a TagType")
        signature = ty.functype._signature_in(owner.engine.types)
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
        self._check(store)
        return self._type

    def eq(self, store: Storelike, other: Tag) -> bool:
        """Whether both are the same tag."""
        self._check(store)
        other._check(store)
        return self is other

    def _check(self, store: Storelike) -> None:
        if open_store_of(store).id != self._store_id:
            raise WrongStoreError("object used with the wrong store")

    def __repr__(self) -> str:
        return f"<Tag {self._type!r} of store {self._store_id}>"
