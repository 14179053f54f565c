"""`resolve`: the rules of module linking, and what definitions amount to.

In: a decoded or parsed module with `definitions`. Out: for it and all modules inside it, imports and index spaces as an
ordinary module has them, `Module.links`, and the rules that are left to check (`ModuleRules.check`).

Definitions are taken in order, and each sees only what precedes it, here and in the modules around. Core types get ids
in one space for the whole file, so that types of different modules compare (`linking_types.py`). The wording of errors
is that of wasm-tools.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError, UnsupportedError
from taipan.features import Features
from taipan.limits import MAX_INSTANCES, MAX_NESTED_MODULES, too_many
from taipan.validate.linking_types import File, TypeResolver, duplicate_import
from taipan.validate.module import ModuleRules
from taipan.wasm.link_types import Extern, InstanceType, Links, ModuleType
from taipan.wasm.linking import (
    Bundle,
    Definition,
    ExportAlias,
    ImportItem,
    Instantiate,
    Item,
    NestedModule,
    OuterAlias,
    TypeGroup,
)
from taipan.wasm.module import FUNC, GLOBAL, INSTANCE, KIND_NAMES, MODULE, TABLE, TAG, TYPE, Import, ImportDesc, Module
from taipan.wasm.types import (
    GlobalType,
    TableType,
)


def resolve(module: Module, features: Features) -> list[ModuleRules]:
    """The module's definitions and those inside it. Returns what is left to check of each, inner modules first.

    Raises InvalidError, UnsupportedError for what is beyond a limit or not there yet.
    """
    file = File(features)
    scope = Scope(module, file, None)
    scope.resolve()
    return file.rules


@final
class Scope:
    """A module while it is resolved. modules, instances: their types.  upvars, upvar_types, steps: as in `Links`.

    implicit: the instances that imports with two names stand for, by the first of these, as (number, whether another
    such import may still add to it).
    """

    __slots__ = (
        "file",
        "implicit",
        "imports",
        "instances",
        "module",
        "modules",
        "parent",
        "rules",
        "steps",
        "types",
        "upvar_types",
        "upvars",
    )

    def __init__(self, module: Module, file: File, parent: Scope | None) -> None:
        self.module: Final = module
        self.file: Final = file
        self.parent: Final = parent
        self.rules: Final = ModuleRules(module, file.features)
        outer: TypeResolver | None = None if parent is None else parent.types
        self.types: Final[TypeResolver] = TypeResolver(module, file, self.rules.types, outer)
        self.imports: Final[dict[str, Extern]] = {}
        self.modules: Final[list[ModuleType]] = []
        self.instances: Final[list[InstanceType]] = []
        self.steps: Final[list[Definition]] = []
        self.upvars: Final[list[tuple[bool, int]]] = []
        self.upvar_types: Final[list[ModuleType]] = []
        self.implicit: Final[dict[str, tuple[int, bool]]] = {}

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
        self.types.add_hidden()
        module.finish_spaces()
        rules.check_definitions()
        rules.check_export_names(len(self.modules), len(self.instances))
        exports = {export.name: self.item(export.kind, export.index) for export in module.exports}
        made = ModuleType(self.imports, exports)
        module.links = Links(
            self.steps,
            made,
            self.types.space.ids,
            self.instances,
            self.upvars,
            self.upvar_types,
            len(self.file.slab.group_of),
        )
        self.file.rules.append(rules)
        return made

    def define(self, definition: Definition) -> None:
        if isinstance(definition, TypeGroup):
            self.types.define(definition)
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

    # --- imports ---

    def define_import(self, item: ImportItem) -> None:
        if item.exact:
            raise UnsupportedError("an exact function import together with module linking is not supported yet")
        if item.kind < MODULE:
            self.rules.check_import(Import(item.module, item.name or "", item.kind, item.desc, item.offset))
        extern = self.types.extern(item.kind, item.desc, self.types.space)
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
        core = 0 if kind == MODULE or kind == INSTANCE else self.types.local_desc(kind, desc)
        self.supply(kind, extern, f"instance {alias.instance}", alias.name, core)

    def enclosing(self, depth: int) -> Scope:
        """The scope `depth` above the one directly around this one."""
        self.types.check_depth(depth)
        scope = self
        for _ in range(depth + 1):
            assert scope.parent is not None
            scope = scope.parent
        return scope

    def define_outer(self, alias: OuterAlias) -> None:
        if alias.kind == TYPE:
            self.types.define_outer(alias)
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
            return kind, self.types.func_id(module.func_space[index])
        if kind == TAG:
            return kind, self.types.func_id(module.tag_space[index].type_idx)
        if kind == TABLE:
            table = module.table_space[index]
            return kind, TableType(self.types.to_file(table.element, self.types.space), table.limits, table.is_64)
        if kind == GLOBAL:
            glob = module.global_space[index]
            return kind, GlobalType(self.types.to_file(glob.content, self.types.space), glob.mutable)
        return kind, module.mem_space[index]
