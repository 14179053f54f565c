"""`resolve`: the rules of module linking, and what definitions amount to.

In: a decoded or parsed module with `definitions`. Out: for it and all modules inside it, imports and index spaces as an
ordinary module has them, `Module.links`, and the rules that are left to check (`ModuleRules.check`).

Definitions are taken in order, and each sees only what precedes it, here and in the modules around. Core types get ids
in one space for the whole file, so that types of different modules compare; module and instance types become trees that
name each other (`wasm/link_types.py`). The wording of errors is that of wasm-tools.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.limits import MAX_INSTANCES, MAX_NESTED_MODULES, too_many
from taipan.validate.module import ModuleRules
from taipan.wasm.link_types import Extern, ExternDesc, InstanceType, ItemsType, Links, Matcher, ModuleType
from taipan.wasm.linking import (
    Bundle,
    Definition,
    ExportAlias,
    ImportItem,
    InstanceTypeDef,
    Instantiate,
    Item,
    ItemDesc,
    LocalTypes,
    ModuleTypeDef,
    NestedModule,
    OuterAlias,
    TypeGroup,
    TypeItem,
)
from taipan.wasm.matching import translate
from taipan.wasm.module import FUNC, GLOBAL, INSTANCE, KIND_NAMES, MODULE, TABLE, TAG, TYPE, Import, ImportDesc, Module
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


def resolve(module: Module, features: Features) -> list[ModuleRules]:
    """The module's definitions and those inside it. Returns what is left to check of each, inner modules first.

    Raises InvalidError, UnsupportedError for what is beyond a limit or not there yet.
    """
    file = File(features)
    scope = Scope(module, file, None)
    scope.resolve()
    return file.rules


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
class Scope:
    """A module while it is resolved. modules, instances: their types.  upvars, upvar_types, steps: as in `Links`.

    implicit: the instances that imports with two names stand for, by the first of these, as (number, whether another
    such import may still add to it).  hidden: ids of function types that only aliased functions have.
    index_of_id: the first type index with an id, as far as num_indexed, and of those hidden.
    """

    __slots__ = (
        "file",
        "hidden",
        "implicit",
        "imports",
        "index_of_id",
        "instances",
        "module",
        "modules",
        "num_indexed",
        "parent",
        "rules",
        "space",
        "steps",
        "upvar_types",
        "upvars",
    )

    def __init__(self, module: Module, file: File, parent: Scope | None) -> None:
        self.module: Final = module
        self.file: Final = file
        self.parent: Final = parent
        self.rules: Final = ModuleRules(module, file.features)
        self.space: Final = TypeScope(module.types)
        self.imports: Final[dict[str, Extern]] = {}
        self.modules: Final[list[ModuleType]] = []
        self.instances: Final[list[InstanceType]] = []
        self.steps: Final[list[Definition]] = []
        self.upvars: Final[list[tuple[bool, int]]] = []
        self.upvar_types: Final[list[ModuleType]] = []
        self.implicit: Final[dict[str, tuple[int, bool]]] = {}
        self.hidden: Final[list[int]] = []
        self.index_of_id: Final[dict[int, int]] = {}
        self.num_indexed = 0

    # --- the module as a whole ---

    def resolve(self) -> ModuleType:
        """All definitions, then the types of what is exported."""
        try:
            return self.resolve_sections()
        except InvalidError as error:
            if error.offset < 0:
                error.offset = self.rules.offset
            raise

    def resolve_sections(self) -> ModuleType:
        module, rules = self.module, self.rules
        definitions = module.definitions
        assert definitions is not None, "bug: a module without definitions in a file that has some"
        for definition in definitions:
            rules.offset = definition.offset
            self.define(definition)
        rules.offset = -1
        self.add_hidden_types()
        module.finish_spaces()
        rules.check_definitions()
        rules.check_export_names(len(self.modules), len(self.instances))
        exports = {export.name: self.item(export.kind, export.index) for export in module.exports}
        made = ModuleType(self.imports, exports)
        module.links = Links(
            self.steps,
            made,
            self.space.ids,
            self.instances,
            self.upvars,
            self.upvar_types,
            len(self.file.slab.group_of),
        )
        self.file.rules.append(rules)
        return made

    def define(self, definition: Definition) -> None:
        if isinstance(definition, TypeGroup):
            self.define_types(definition)
        elif isinstance(definition, ImportItem):
            self.define_import(definition)
        elif isinstance(definition, OuterAlias):
            self.define_outer(definition)
        else:
            self.close_implicit()
            self.steps.append(definition)
            if isinstance(definition, ExportAlias):
                self.define_alias(definition)
            elif isinstance(definition, NestedModule):
                self.add_module(Scope(definition.module, self.file, self).resolve())
            elif isinstance(definition, Instantiate):
                self.define_instance(definition)
            else:
                assert isinstance(definition, Bundle)
                self.define_bundle(definition)

    def add_module(self, type: ModuleType) -> None:
        self.modules.append(type)
        if len(self.modules) > MAX_NESTED_MODULES:
            raise too_many("modules in a module", len(self.modules), MAX_NESTED_MODULES)

    def add_instance(self, type: InstanceType) -> None:
        self.instances.append(type)
        if len(self.instances) > MAX_INSTANCES:
            raise too_many("instances in a module", len(self.instances), MAX_INSTANCES)

    # --- types ---

    def define_types(self, group: TypeGroup) -> None:
        comps = [sub.comp for sub in self.module.types[group.first : group.first + group.count]]
        types = self.rules.types
        if len(comps) != 1 and any(isinstance(comp, LinkType) for comp in comps):
            raise InvalidError("a module or instance type in a recursion group")
        comp = comps[0] if comps else None
        if isinstance(comp, LinkType):
            types.num_types = group.first
            self.space.add_link(self.link_type(comp, [self.space]))
            types.link_type(group.first)
            return
        types.rec_group(group.first, group.count)
        self.space.add_core(self.file, group.first, group.count)

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
                outer = around[entry.depth] if beyond < 0 else self.enclosing(beyond).space
                space.add_outer(self.file, outer, self.known_type(outer, entry.index))
            elif isinstance(entry.comp, LinkType):
                space.add_link(self.link_type(entry.comp, [space, *around]))
            elif is_closed(entry):
                self.rules.types.comp_type(entry.comp)
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
        types = self.rules.types
        if isinstance(desc, TableType):
            if space is self.space:
                types.table_type(desc)
            return kind, TableType(self.to_file(desc.element, space), desc.limits, desc.is_64)
        if isinstance(desc, MemType):
            types.memory_type(desc)
            return kind, desc
        if isinstance(desc, GlobalType):
            if space is self.space:
                types.global_type(desc)
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
            types.tag_type(TagType(index))
        return kind, space.ids[index]

    def to_file(self, t: ValType, space: TypeScope) -> ValType:
        """A value type of a module's, or of a type's own, type index space in terms of the file."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            index = t & INDEX_MASK
            if index >= len(space.ids) or space.ids[index] < 0:
                raise InvalidError(f"unknown type {index}: a core type is needed")
        return translate(t, space.ids, _ENGINE)

    # --- imports ---

    def define_import(self, item: ImportItem) -> None:
        if item.exact:
            raise UnsupportedError("an exact function import together with module linking is not supported yet")
        if item.kind < MODULE:
            self.rules.check_import(Import(item.module, item.name or "", item.kind, item.desc, item.offset))
        extern = self.extern(item.kind, item.desc, self.space)
        if item.name is None:
            if item.module in self.imports:
                raise duplicate_import(item.module, item.module in self.implicit)
            self.imports[item.module] = extern
            self.steps.append(item)
        else:
            instance = self.implicit_instance(item.module)
            type = self.instances[instance]
            if item.name in type.exports:
                raise InvalidError(f"duplicate import name `{item.module}::{item.name}`")
            type.add_export(item.name, extern)
            self.steps.append(ExportAlias(instance, item.kind, item.name, item.offset))
        self.supply(item.kind, extern, item.module, item.name or "", item.desc)

    def implicit_instance(self, name: str) -> int:
        """The instance that imports with this first name are exports of."""
        found = self.implicit.get(name)
        if found is not None and found[1]:
            return found[0]
        if name in self.imports:
            raise duplicate_import(name, True)
        index = len(self.instances)
        self.implicit[name] = (index, True)
        type = InstanceType({})
        self.add_instance(type)
        self.imports[name] = (INSTANCE, type)
        self.steps.append(ImportItem(name, None, INSTANCE, 0, self.rules.offset))
        return index

    def close_implicit(self) -> None:
        """From here on imports with two names cannot add to an instance that has been begun."""
        for name, (index, is_open) in self.implicit.items():
            if is_open:
                self.implicit[name] = (index, False)

    def supply(self, kind: int, extern: Extern, module: str, name: str, desc: ImportDesc) -> None:
        """The next item of an index space. desc: its type in terms of the module; of modules and instances unused."""
        if kind == MODULE:
            assert isinstance(extern[1], ModuleType)
            self.add_module(extern[1])
        elif kind == INSTANCE:
            assert isinstance(extern[1], InstanceType)
            self.add_instance(extern[1])
        else:
            self.module.imports.append(Import(module, name, kind, desc, self.rules.offset))
            self.module.add_to_space(desc)

    # --- aliases ---

    def define_alias(self, alias: ExportAlias) -> None:
        type = self.instance(alias.instance)
        extern = type.exports.get(alias.name)
        if extern is None:
            raise InvalidError(f"aliased name `{alias.name}` does not exist in instance {alias.instance}")
        kind, desc = extern
        if kind != alias.kind:
            raise InvalidError(
                f"alias kind mismatch with export kind: `{alias.name}` is a {KIND_NAMES[kind]}, "
                f"not a {KIND_NAMES[alias.kind]}"
            )
        core = 0 if kind == MODULE or kind == INSTANCE else self.local_desc(kind, desc)
        self.supply(kind, extern, f"instance {alias.instance}", alias.name, core)

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

    def add_hidden_types(self) -> None:
        module = self.module
        for id in self.hidden:
            comp = self.file.slab.space.comps[id]
            index = len(module.types)
            module.types.append(SubType(comp))
            module.rec_groups.append((index, 1))
            self.rules.types.rec_group(index, 1)
            self.space.add_core(self.file, index, 1)
            if self.space.ids[index] != id:
                raise UnsupportedError("an alias of a function whose type is one of a recursion group")
        self.rules.types.num_types = module.num_types

    def to_local(self, t: ValType) -> ValType:
        """A value type in terms of the file in those of this module."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            id = t & INDEX_MASK
            index = self.local_index(id)
            if index < 0:
                raise UnsupportedError("an alias of a table or global whose type names a type that the module lacks")
            return ValType(t - id + index)
        return t

    def enclosing(self, depth: int) -> Scope:
        """The scope `depth` above the one directly around this one."""
        scope = self.parent
        for _ in range(depth):
            if scope is None:
                break
            scope = scope.parent
        if scope is None:
            raise InvalidError(f"invalid outer depth {depth}: {self.num_around()} modules are around this one")
        return scope

    def num_around(self) -> int:
        count = 0
        scope = self.parent
        while scope is not None:
            count += 1
            scope = scope.parent
        return count

    def define_outer(self, alias: OuterAlias) -> None:
        if alias.kind == TYPE:
            outer = self.enclosing(alias.depth).space
            self.known_type(outer, alias.index)
            self.space.add_outer(self.file, outer, alias.index)
            if isinstance(self.module.types[alias.own].comp, LinkType):
                self.rules.types.link_type(alias.own)
            else:
                self.rules.types.rec_group(alias.own, 1)
        elif alias.kind == MODULE:
            self.close_implicit()
            scope = self.enclosing(alias.depth)
            if alias.index >= len(scope.modules):
                raise InvalidError(
                    f"alias to module not defined in parent yet: {alias.index}, there are {len(scope.modules)}"
                )
            alias.upvar = self.upvar(alias.depth, alias.index)
            self.steps.append(alias)
            self.add_module(scope.modules[alias.index])
        else:
            raise InvalidError(f"invalid external kind in alias: {KIND_NAMES[alias.kind]} of an outer module")

    def upvar(self, depth: int, index: int) -> int:
        """The number of the upvar for a module of an enclosing module; the modules in between pass it on."""
        assert self.parent is not None
        source = (True, index) if depth == 0 else (False, self.parent.upvar(depth - 1, index))
        if source not in self.upvars:
            self.upvars.append(source)
            self.upvar_types.append(self.enclosing(depth).modules[index])
        return self.upvars.index(source)

    # --- instances ---

    def define_instance(self, instance: Instantiate) -> None:
        if instance.module >= len(self.modules):
            raise InvalidError(f"unknown module {instance.module}: there are {len(self.modules)} so far")
        type = self.modules[instance.module]
        args = self.named_items(instance.args, "argument")
        for name, needed in type.imports.items():
            given = args.get(name)
            if given is None:
                raise InvalidError(f"no import named `{name}` among the arguments of module {instance.module}")
            found = self.file.matcher.mismatch(given, needed)
            if found is not None:
                raise InvalidError(f"{found.rule}: argument `{name}` of module {instance.module}: {found.reason}")
        made = self.file.instance_types.get(id(type))
        if made is None:  # its size takes time to measure
            made = self.file.instance_types[id(type)] = (type, InstanceType(type.exports))
        self.add_instance(made[1])

    def define_bundle(self, bundle: Bundle) -> None:
        self.add_instance(InstanceType(self.named_items(bundle.items, "export")))

    def named_items(self, items: list[Item], what: str) -> dict[str, Extern]:
        named: dict[str, Extern] = {}
        for name, kind, index in items:
            if name in named:
                raise InvalidError(f"duplicate {what} name `{name}`")
            named[name] = self.item(kind, index)
        return named

    def instance(self, index: int) -> InstanceType:
        if index >= len(self.instances):
            raise InvalidError(f"unknown instance {index}: there are {len(self.instances)} so far")
        return self.instances[index]

    def item(self, kind: int, index: int) -> Extern:
        """The type of what an index space holds so far."""
        if kind == INSTANCE:
            return kind, self.instance(index)
        if kind == MODULE:
            if index >= len(self.modules):
                raise InvalidError(f"unknown module {index}: there are {len(self.modules)} so far")
            return kind, self.modules[index]
        module = self.module
        spaces = (module.func_space, module.table_space, module.mem_space, module.global_space, module.tag_space)
        self.rules.index(kind, index, len(spaces[kind]))
        if kind == FUNC:
            return kind, self.func_id(module.func_space[index])
        if kind == TAG:
            return kind, self.func_id(module.tag_space[index].type_idx)
        if kind == TABLE:
            table = module.table_space[index]
            return kind, TableType(self.to_file(table.element, self.space), table.limits, table.is_64)
        if kind == GLOBAL:
            glob = module.global_space[index]
            return kind, GlobalType(self.to_file(glob.content, self.space), glob.mutable)
        return kind, module.mem_space[index]

    def func_id(self, type_idx: int) -> int:
        """The id of a function type of the module, hidden ones included."""
        first_hidden = self.module.num_types
        return self.space.ids[type_idx] if type_idx < first_hidden else self.hidden[type_idx - first_hidden]


def duplicate_import(name: str, implicit: bool) -> InvalidError:
    """implicit: whether one of the two stands for imports with two names."""
    return InvalidError(f"cannot define the import `{name}` twice" if implicit else f"duplicate import name `{name}`")
