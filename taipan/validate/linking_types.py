"""Types with module linking: what a module and the types in it say, in terms of the file and back.

In: type definitions and descriptions of items as a reader left them. Out: entries of a type index space with ids of the
whole file, trees of module and instance types (`wasm/link_types.py`), and for aliases a file's types in terms of a
module, which gets a type of a function that it lacks behind all its own.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.validate.module import ModuleRules
from taipan.validate.types import TypeRules
from taipan.wasm.link_types import Extern, ExternDesc, InstanceType, ItemsType, Matcher, ModuleType
from taipan.wasm.linking import InstanceTypeDef, ItemDesc, LocalTypes, ModuleTypeDef, OuterAlias, TypeGroup, TypeItem
from taipan.wasm.matching import translate
from taipan.wasm.module import INSTANCE, KIND_NAMES, MODULE, TAG, TYPE, ImportDesc, Module
from taipan.wasm.type_slab import Group, TypeSlab
from taipan.wasm.types import (
    ABSTRACT_BIT,
    INDEX_MASK,
    REF_BIT,
    FuncType,
    GlobalType,
    LinkType,
    MemType,
    SubType,
    TableType,
    TagType,
    ValType,
)

_ENGINE: Final = 0  # no engine's: ids of a file look like type indices of a module


@final
class File:
    """What all modules of a file share. slab: their types.  rules: of the modules that are resolved.

    instance_types: by the id of a module type, that type and the one of its instances.
    """

    __slots__ = ("features", "held", "instance_types", "matcher", "rules", "slab")

    def __init__(self, features: Features) -> None:
        self.features: Final = features
        self.slab: Final = TypeSlab(_ENGINE)
        self.held: Final[list[Group]] = []
        self.instance_types: Final[dict[int, tuple[ModuleType, InstanceType]]] = {}
        self.matcher: Final = Matcher(self.slab.space)
        self.rules: Final[list[ModuleRules]] = []


@final
class TypeScope:
    """A type index space: of a module, or of a type in the proposal's newer encoding.

    types: its entries.  ids: those of core types in the file's space, -1 for others.  links: the others, resolved.
    """

    __slots__ = ("ids", "links", "types")

    def __init__(self, types: list[SubType]) -> None:
        self.types: Final = types
        self.ids: Final[list[int]] = []
        self.links: Final[list[ItemsType | None]] = []

    def add_core(self, file: File, first: int, count: int) -> None:
        """A recursion group whose types are known to be valid."""
        file.slab.add_module(self.types, [(first, count)], self.ids, file.held)
        self.links.extend([None] * count)

    def add_link(self, resolved: ItemsType) -> None:
        self.ids.append(-1)
        self.links.append(resolved)

    def add_outer(self, file: File, outer: TypeScope, index: int) -> None:
        """The type at `index` of an enclosing scope becomes the next type; its entry is filled in."""
        own = len(self.ids)
        self.types[own] = outer.types[index]
        resolved = outer.links[index]
        if resolved is not None:
            self.add_link(resolved)
            return
        if not is_closed(outer.types[index]):
            raise UnsupportedError(f"alias of outer type {index}: it names other types, which is not supported yet")
        self.add_core(file, own, 1)
        if self.ids[own] != outer.ids[index]:
            raise UnsupportedError(f"alias of outer type {index}: it is one of a recursion group, not supported yet")


def is_closed(sub: SubType) -> bool:
    """Whether a type means the same in every type index space: a final function type that names no other type."""
    comp = sub.comp
    if not isinstance(comp, FuncType) or not sub.final or sub.supertypes or sub.describes >= 0 or sub.descriptor >= 0:
        return False
    return not any(t & REF_BIT and not t & ABSTRACT_BIT for t in (*comp.params, *comp.results))


@final
class TypeResolver:
    """The types of one module. space: its type index space.  rules: those of types.  num_around: enclosing modules.

    hidden: ids of function types that only aliased functions have.  index_of_id: the first type index with an id, as
    far as num_indexed, and of those hidden.
    """

    __slots__ = ("file", "hidden", "index_of_id", "module", "num_around", "num_indexed", "parent", "rules", "space")

    def __init__(self, module: Module, file: File, rules: TypeRules, parent: TypeResolver | None) -> None:
        self.module: Final = module
        self.file: Final = file
        self.rules: Final = rules
        self.parent: Final = parent
        self.num_around: Final[int] = 0 if parent is None else parent.num_around + 1
        self.space: Final = TypeScope(module.types)
        self.hidden: Final[list[int]] = []
        self.index_of_id: Final[dict[int, int]] = {}
        self.num_indexed = 0

    def check_depth(self, depth: int) -> None:
        """Of an alias: 0 is the module directly around this one."""
        if depth >= self.num_around:
            raise InvalidError(f"invalid outer depth {depth}: {self.num_around} modules are around this one")

    def enclosing(self, depth: int) -> TypeScope:
        """The type index space of an enclosing module."""
        self.check_depth(depth)
        found = self
        for _ in range(depth + 1):
            assert found.parent is not None
            found = found.parent
        return found.space

    # --- from the module to the file ---

    def define(self, group: TypeGroup) -> None:
        comps = [sub.comp for sub in self.module.types[group.first : group.first + group.count]]
        if len(comps) != 1 and any(isinstance(comp, LinkType) for comp in comps):
            raise InvalidError("a module or instance type in a recursion group")
        comp = comps[0] if comps else None
        if isinstance(comp, LinkType):
            self.rules.num_types = group.first
            self.space.add_link(self.link_type(comp, [self.space]))
            self.rules.link_type(group.first)
            return
        self.rules.rec_group(group.first, group.count)
        self.space.add_core(self.file, group.first, group.count)

    def define_outer(self, alias: OuterAlias) -> None:
        """A type of an enclosing module becomes the next type."""
        outer = self.enclosing(alias.depth)
        self.known_type(outer, alias.index)
        self.space.add_outer(self.file, outer, alias.index)
        if isinstance(self.module.types[alias.own].comp, LinkType):
            self.rules.link_type(alias.own)
        else:
            self.rules.rec_group(alias.own, 1)

    def link_type(self, comp: LinkType, around: list[TypeScope]) -> ItemsType:
        """A module or instance type. around: the spaces that it stands in, the innermost first, to the module's.

        Its type indices belong to that one, or to a space of its own.
        """
        assert isinstance(comp, (ModuleTypeDef, InstanceTypeDef))
        space = around[0] if comp.local is None else self.local_space(comp.local, around)
        exports = self.named_exports(comp.exports, space)
        if isinstance(comp, ModuleTypeDef):
            return ModuleType(self.named_imports(comp.imports, space), exports)
        return InstanceType(exports)

    def local_space(self, local: LocalTypes, around: list[TypeScope]) -> TypeScope:
        """The types of a type. Depth 0 of an alias is where the type stands. Readers limit their nesting."""
        types = [entry if isinstance(entry, SubType) else SubType(FuncType((), ())) for entry in local.entries]
        space = TypeScope(types)
        for index, entry in enumerate(local.entries):
            if isinstance(entry, OuterAlias):
                if entry.kind != TYPE:
                    raise InvalidError(f"invalid external kind in alias: {KIND_NAMES[entry.kind]} in a type")
                beyond = entry.depth - len(around)
                outer = around[entry.depth] if beyond < 0 else self.enclosing(beyond)
                space.add_outer(self.file, outer, self.known_type(outer, entry.index))
            elif isinstance(entry.comp, LinkType):
                space.add_link(self.link_type(entry.comp, [space, *around]))
            elif is_closed(entry):
                self.rules.comp_type(entry.comp)
                space.add_core(self.file, index, 1)
            else:
                raise UnsupportedError("a type inside a module or instance type that names other types")
        return space

    def known_type(self, space: TypeScope, index: int) -> int:
        if index >= len(space.ids):
            raise InvalidError(f"alias to type not defined in parent yet: {index}, there are {len(space.ids)}")
        return index

    def named_exports(self, items: list[TypeItem], space: TypeScope) -> dict[str, Extern]:
        named: dict[str, Extern] = {}
        for item in items:
            if item.name in named:
                raise InvalidError(f"duplicate export name `{item.name}` in a type")
            named[item.name] = self.extern(item.kind, item.desc, space)
        return named

    def named_imports(self, items: list[TypeItem], space: TypeScope) -> dict[str, Extern]:
        """Imports with two names become exports of an imported instance, as in a module."""
        named: dict[str, Extern] = {}
        implicit: dict[str, InstanceType] = {}
        for item in items:
            extern = self.extern(item.kind, item.desc, space)
            if item.module is None:
                if item.name in named:
                    raise duplicate_import(item.name, item.name in implicit)
                named[item.name] = extern
                continue
            if item.module not in implicit:
                if item.module in named:
                    raise duplicate_import(item.module, True)
                implicit[item.module] = InstanceType({})
                named[item.module] = (INSTANCE, implicit[item.module])
            elif item.name in implicit[item.module].exports:
                raise InvalidError(f"duplicate import name `{item.module}::{item.name}`")
            implicit[item.module].add_export(item.name, extern)
        return named

    def extern(self, kind: int, desc: ItemDesc, space: TypeScope) -> Extern:
        """The type of an item as some type index space says it. Checks it, too."""
        rules = self.rules
        if isinstance(desc, TableType):
            if space is self.space:
                rules.table_type(desc)
            return kind, TableType(self.to_file(desc.element, space), desc.limits, desc.is_64)
        if isinstance(desc, MemType):
            rules.memory_type(desc)
            return kind, desc
        if isinstance(desc, GlobalType):
            if space is self.space:
                rules.global_type(desc)
            return kind, GlobalType(self.to_file(desc.content, space), desc.mutable)
        index = desc.type_idx if isinstance(desc, TagType) else desc
        if index >= len(space.ids):
            raise InvalidError(f"unknown type {index}: there are {len(space.ids)} so far")
        resolved = space.links[index]
        if kind == INSTANCE or kind == MODULE:
            if kind == INSTANCE and not isinstance(resolved, InstanceType):
                raise InvalidError(f"type index is not an instance: type {index}")
            if kind == MODULE and not isinstance(resolved, ModuleType):
                raise InvalidError(f"type index is not a module: type {index}")
            assert resolved is not None
            return kind, resolved
        if not isinstance(space.types[index].comp, FuncType):
            raise InvalidError(f"type index is not a function: type {index} is a {space.types[index].comp!r}")
        if kind == TAG and space is self.space:
            rules.tag_type(TagType(index))
        return kind, space.ids[index]

    def to_file(self, t: ValType, space: TypeScope) -> ValType:
        """A value type of a module's, or of a type's own, type index space in terms of the file."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            index = t & INDEX_MASK
            if index >= len(space.ids) or space.ids[index] < 0:
                raise InvalidError(f"unknown type {index}: a core type is needed")
        return translate(t, space.ids, _ENGINE)

    # --- from the file to the module ---

    def local_desc(self, kind: int, desc: ExternDesc) -> ImportDesc:
        """The type of a core item of the file in terms of this module."""
        if isinstance(desc, TableType):
            return TableType(self.to_local(desc.element), desc.limits, desc.is_64)
        if isinstance(desc, GlobalType):
            return GlobalType(self.to_local(desc.content), desc.mutable)
        if isinstance(desc, MemType):
            return desc
        assert isinstance(desc, int)
        index = self.local_index(desc)
        if index < 0:
            index = self.hidden_type(desc)
        return TagType(index) if kind == TAG else index

    def local_index(self, id: int) -> int:
        """The first of the module's types with this id, or -1."""
        ids = self.space.ids
        for index in range(self.num_indexed, len(ids)):
            self.index_of_id.setdefault(ids[index], index)
        self.num_indexed = len(ids)
        return self.index_of_id.get(id, -1)

    def hidden_type(self, id: int) -> int:
        """A function type that the module does not have is added behind all that it has."""
        comp = self.file.slab.space.comps[id]
        if not isinstance(comp, FuncType) or not is_closed(SubType(comp)):
            raise UnsupportedError("an alias of a function whose type names types that the module does not have")
        index = self.module.num_types + len(self.hidden)
        self.hidden.append(id)
        self.index_of_id[id] = index
        return index

    def add_hidden(self) -> None:
        module = self.module
        for id in self.hidden:
            comp = self.file.slab.space.comps[id]
            index = len(module.types)
            module.types.append(SubType(comp))
            module.rec_groups.append((index, 1))
            self.rules.rec_group(index, 1)
            self.space.add_core(self.file, index, 1)
            if self.space.ids[index] != id:
                raise UnsupportedError("an alias of a function whose type is one of a recursion group")
        self.rules.num_types = module.num_types

    def to_local(self, t: ValType) -> ValType:
        """A value type in terms of the file in those of this module."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            id = t & INDEX_MASK
            index = self.local_index(id)
            if index < 0:
                raise UnsupportedError("an alias of a table or global whose type names a type that the module lacks")
            return ValType(t - id + index)
        return t

    def func_id(self, type_idx: int) -> int:
        """The id of a function type of the module, hidden ones included."""
        first_hidden = self.module.num_types
        return self.space.ids[type_idx] if type_idx < first_hidden else self.hidden[type_idx - first_hidden]


def duplicate_import(name: str, implicit: bool) -> InvalidError:
    """implicit: whether one of the two stands for imports with two names."""
    return InvalidError(f"cannot define the import `{name}` twice" if implicit else f"duplicate import name `{name}`")
