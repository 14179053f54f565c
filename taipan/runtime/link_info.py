"""What the runtime needs to know of module linking: a module's types and steps in engine-wide terms.

All modules of one file are registered together, since the types of one mention those of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from taipan.runtime.types import (
    AsExternType,
    ExportType,
    ImportType,
    InstanceType,
    ModuleType,
    TagType,
    func_type,
    global_type,
    memory_type,
    table_type,
)
from taipan.wasm import link_types
from taipan.wasm import types as core
from taipan.wasm.link_types import Extern, ItemsType
from taipan.wasm.linking import Definition, NestedModule
from taipan.wasm.matching import translate
from taipan.wasm.module import FUNC, TAG

if TYPE_CHECKING:
    from taipan._native import Signature
    from taipan.runtime.type_registry import RegisteredTypes, TypeRegistry
    from taipan.wasm.module import Module


def nested_modules(module: Module) -> list[Module]:
    """The modules directly inside a resolved one, in order."""
    assert module.links is not None, "bug: not resolved"
    return [step.module for step in module.links.steps if isinstance(step, NestedModule)]


@final
class FileTypes:
    """The types of all modules of a file in an engine. ids: by id in the space of the file.

    signatures: see `ModuleInfo`.
    """

    __slots__ = ("_of_module", "_translated", "ids", "registry", "signatures")

    def __init__(self, registry: TypeRegistry, root: Module) -> None:
        """root: resolved."""
        assert root.links is not None, "bug: not resolved"
        self.registry: Final = registry
        self.ids: Final = [-1] * root.links.num_ids
        self.signatures: Final[dict[int, Signature]] = {}
        self._of_module: Final[dict[int, RegisteredTypes]] = {}
        self._translated: Final[dict[int, tuple[ItemsType, ItemsType]]] = {}
        self._register(root)

    def _register(self, module: Module) -> None:
        registered = self._of_module[id(module)] = self.registry.register(module.types, module.rec_groups)
        assert module.links is not None
        for own, found in zip(module.links.type_ids, registered.ids, strict=True):
            if own >= 0:
                self.ids[own] = found
        for nested in nested_modules(module):
            self._register(nested)

    def registered(self, module: Module) -> RegisteredTypes:
        """The ids of one module's own type indices."""
        return self._of_module[id(module)]

    def extern(self, item: Extern) -> Extern:
        """The type of an item, in engine-wide terms."""
        kind, desc = item
        if isinstance(desc, int):
            return kind, self.ids[desc]
        if isinstance(desc, core.TableType):
            return kind, core.TableType(
                translate(desc.element, self.ids, self.registry.number), desc.limits, desc.is_64
            )
        if isinstance(desc, core.GlobalType):
            return kind, core.GlobalType(translate(desc.content, self.ids, self.registry.number), desc.mutable)
        return (kind, self.items(desc)) if isinstance(desc, ItemsType) else item

    def items(self, of: ItemsType) -> ItemsType:
        """A module or instance type, in engine-wide terms; the same one for the same one."""
        found = self._translated.get(id(of))
        if found is None:
            exports = {name: self.extern(item) for name, item in of.exports.items()}
            made: ItemsType
            if isinstance(of, link_types.ModuleType):
                made = link_types.ModuleType({name: self.extern(item) for name, item in of.imports.items()}, exports)
            else:
                made = link_types.InstanceType(exports)
            found = self._translated[id(of)] = (of, made)  # kept, so that the id stays its own
        return found[1]


@final
class LinkInfo:
    """One module's share. type: in engine-wide terms.  steps, upvars, upvar_types: see `link_types.Links`.

    instances: the names that each of its instances is known to export, nested ones with theirs.
    """

    __slots__ = ("_file", "instances", "signatures", "steps", "type", "upvar_types", "upvars")

    def __init__(self, file: FileTypes, module: Module) -> None:
        links = module.links
        assert links is not None, "bug: not resolved"
        self._file: Final = file
        self.signatures: Final = file.signatures
        self.steps: Final[list[Definition]] = links.steps
        self.upvars: Final = links.upvars
        self.upvar_types: Final = [file.items(type) for type in links.upvar_types]
        self.instances: Final = links.instances
        type = file.items(links.type)
        assert isinstance(type, link_types.ModuleType)
        self.type: Final = type

    def extern_type(self, item: Extern) -> AsExternType:
        """The public form of a type in engine-wide terms."""
        return public_type(self._file.registry, item, self._file)


def public_type(registry: TypeRegistry, item: Extern, keep: object) -> AsExternType:
    """The public form of a type in engine-wide terms. keep: what keeps the types registered."""
    kind, desc = item
    if isinstance(desc, link_types.ModuleType):
        imports = [ImportType(name, None, public_type(registry, entry, keep)) for name, entry in desc.imports.items()]
        return ModuleType(imports, _public_exports(registry, desc, keep))
    if isinstance(desc, ItemsType):
        return InstanceType(_public_exports(registry, desc, keep))
    of: Any = desc
    if kind == FUNC:
        return func_type(registry.func_type(of), keep)
    if kind == TAG:
        return TagType(func_type(registry.func_type(of), keep))
    if isinstance(desc, core.TableType):
        return table_type(desc, keep)
    return memory_type(desc) if isinstance(desc, core.MemType) else global_type(of, keep)


def _public_exports(registry: TypeRegistry, of: ItemsType, keep: object) -> list[ExportType]:
    return [ExportType(name, public_type(registry, entry, keep)) for name, entry in of.exports.items()]
