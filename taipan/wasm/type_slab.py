"""The types of an engine as data: one entry per distinct recursion group, ids of their types, counts of their holders.

Used by `runtime/type_registry.py`, which has the lock under which every method here runs, and the handles. A group is
held by modules, by handles and by the groups that refer to it. References between groups cannot form a cycle (a group
refers to earlier groups only), so plain counting frees everything; it goes through a stack, since chains may be long.

Ids that were given back are used again, the last one first. The ids of a group need not be contiguous.
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64, mypyc_attr

from taipan.limits import MAX_TYPES
from taipan.wasm.matching import GroupKey, TypeSpace, heap_kind, translate_comp
from taipan.wasm.types import FuncType, LinkType, StructType, SubType

_NO_INDEX: Final = 1 << 32  # above every id: nothing is local to the group of a host function's type
NO_ID: Final = 0xFFFF_FFFF
"""In place of the id of a module or instance type, which is not one of the engine's."""
_VACANT: Final = StructType(())
_NONE: Final = -1
_KEPT_WHEN_EMPTY: Final = 4096


@final
@mypyc_attr(acyclic=True)
class Group:
    """An entry. count: of its holders.  first, others: the ids of its types.  refers: to each group once."""

    __slots__ = ("count", "first", "key", "others", "refers")

    def __init__(self, key: bytes, first: int, others: list[int] | None, refers: tuple[Group, ...]) -> None:
        self.key: Final = key
        self.first: Final[i64] = first
        self.others: Final = others
        self.refers: Final = refers
        self.count: i64 = 0


@final
class TypeSlab:
    """engine: not 0, in references to these types (`types.ENGINE_SHIFT`).

    space: the subtype relation by id; what it says of ids that nobody holds is meaningless.
    groups: by key.  group_of: by id, None if it is free.
    """

    __slots__ = ("_free", "_fresh", "engine", "group_of", "groups", "space")

    def __init__(self, engine: int) -> None:
        self.engine: Final[i64] = engine
        self.space: Final = TypeSpace()
        self.groups: Final[dict[bytes, Group]] = {}
        self.group_of: Final[list[Group | None]] = []
        self._free: Final[list[int]] = []
        self._fresh: i64 = 0  # this id and those above were never used

    # --- taking ---

    def add_module(
        self, types: list[SubType], rec_groups: list[tuple[int, int]], ids: list[int], held: list[Group]
    ) -> None:
        """Append the ids by type index, and the groups, each held once per recursion group of the module.

        If anything is raised, what is in `held` by then is held, and nothing else was changed.
        """
        key = GroupKey(ids)
        groups = self.groups
        for first, count in rec_groups:
            if count == 0:
                continue
            if isinstance(types[first].comp, LinkType):
                ids.append(NO_ID)
                continue
            key.begin(first)
            for i in range(first, first + count):
                key.sub_type(types[i])
            value = key.value()
            group = groups.get(value)
            if group is None:
                group = self._add(value, key.refers, types, first, count, ids)
            else:
                ids.append(group.first)
                if group.others is not None:
                    ids.extend(group.others)
            held.append(group)
            group.count += 1

    def add_func_type(self, func_type: FuncType, held: list[Group]) -> None:
        """Append the group, held once more, of a function type in terms of this engine: final, without supertypes.

        Raises ValueError if it refers to types of another engine, or to one that is gone.
        """
        types = [SubType(func_type)]
        key = GroupKey(None, self.engine)
        key.begin(_NO_INDEX)
        key.sub_type(types[0])
        value = key.value()
        group = self.groups.get(value)
        if group is None:
            for type_id in key.refers:
                if self.group_at(type_id) is None:
                    raise ValueError(f"there is no type {type_id} in this engine any more")
            group = self._add(value, key.refers, types, 0, 1, None)
        held.append(group)
        group.count += 1

    def hold(self, type_id: int, held: list[Group]) -> bool:
        """Append the group of a type, held once more; False if there is no such type."""
        group = self.group_at(type_id)
        if group is None:
            return False
        held.append(group)
        group.count += 1
        return True

    def group_at(self, type_id: int) -> Group | None:
        """The group of a type, or None if there is no such type."""
        return self.group_of[type_id] if 0 <= type_id < len(self.group_of) else None

    def _add(
        self, key: bytes, refers: list[int], types: list[SubType], first: int, count: int, ids: list[int] | None
    ) -> Group:
        """A new entry with count 0. ids: gets the new types' ids; None where types are in terms of the engine."""
        own = self._new_id()
        others = [self._new_id() for _ in range(count - 1)] if count > 1 else None
        try:
            if ids is not None:
                ids.append(own)
                if others is not None:
                    ids.extend(others)
            self._describe(own, types[first], ids)
            if others is not None:
                for place in range(1, count):
                    self._describe(others[place - 1], types[first + place], ids)
            group = Group(key, own, others, self._referred(refers) if refers else ())
            self.groups[key] = group
        except BaseException:
            self._give_up(own, others)
            raise
        # Nothing below can fail.
        for referred in group.refers:
            referred.count += 1
        self.group_of[own] = group
        if others is not None:
            for type_id in others:
                self.group_of[type_id] = group
        return group

    def _give_up(self, own: int, others: list[int] | None) -> None:
        if others is not None:
            self._free.extend(others)
        self._free.append(own)

    def _describe(self, type_id: int, sub: SubType, ids: list[int] | None) -> None:
        space = self.space
        space.kinds[type_id] = heap_kind(sub.comp) & 0xFF
        space.comps[type_id] = sub.comp if ids is None else translate_comp(sub.comp, ids, self.engine)
        parent = _NONE
        depth = 0
        descriptor = _NONE
        if ids is not None:
            if sub.descriptor >= 0:
                descriptor = ids[sub.descriptor]
            if sub.supertypes:
                parent = ids[sub.supertypes[0]]
                depth = space.depths[parent] + 1
        space.parents[type_id] = parent
        space.depths[type_id] = depth
        space.descriptors[type_id] = descriptor

    def _referred(self, refers: list[int]) -> tuple[Group, ...]:
        """Their groups, each once."""
        if len(refers) == 1:
            return (self._known(refers[0]),)
        found: dict[int, Group] = {}
        for type_id in refers:
            group = self._known(type_id)
            found[group.first] = group
        return tuple(found.values())

    def _known(self, type_id: int) -> Group:
        group = self.group_of[type_id]
        assert group is not None, "bug: a type refers to one that is gone"
        return group

    def _new_id(self) -> int:
        if self._free:
            return self._free.pop()
        if self._fresh == len(self.group_of):
            self._grow()
        self._fresh += 1
        return self._fresh - 1

    def _grow(self) -> None:
        """Room for more ids. The list that counts comes last, so that a failure on the way harms nothing."""
        space = self.space
        size = len(self.group_of) + min(len(self.group_of) // 2 + 64, MAX_TYPES)
        assert size < 1 << 31, "more types than ids"
        space.canon.extend(range(len(space.canon), size))
        space.kinds.extend(bytes(size - len(space.kinds)))
        for numbers in (space.parents, space.depths, space.descriptors):
            numbers.extend([_NONE] * (size - len(numbers)))
        space.comps.extend([_VACANT] * (size - len(space.comps)))
        self.group_of.extend([None] * (size - len(self.group_of)))

    # --- giving back ---

    def release(self, stack: list[Group]) -> None:
        """One holder less of each; what nobody holds goes, and then holds nothing itself. Empties the list."""
        while stack:
            group = stack.pop()
            group.count -= 1
            if group.count == 0:
                self._remove(group)
                stack.extend(group.refers)
        if not self.groups and self._fresh > _KEPT_WHEN_EMPTY:
            self._forget()

    def _remove(self, group: Group) -> None:
        del self.groups[group.key]
        if group.others is not None:
            for type_id in reversed(group.others):
                self._vacate(type_id)
        self._vacate(group.first)

    def _vacate(self, type_id: int) -> None:
        self.group_of[type_id] = None
        self.space.comps[type_id] = _VACANT
        self._free.append(type_id)

    def _forget(self) -> None:
        """Nothing is left of a large module: give back the room for its types, too."""
        space = self.space
        self._fresh = 0
        self.group_of.clear()
        self._free.clear()
        space.kinds.clear()
        for numbers in (space.canon, space.parents, space.depths, space.descriptors):
            numbers.clear()
        space.comps.clear()
