"""Module linking at run time: one evaluator of definitions, and instances made of values.

A module is instantiated by taking its steps in order (`wasm.linking`: imports, aliases, nested modules, instances);
each adds to one of its index spaces, and what they add of functions, tables, memories, globals and tags are the imports
of the module proper, which comes last. A nested module becomes a value that closes over the modules around it which it
names (*upvars*): a `Module` that shares code with all others made at that place.

`ACTIONS` is the instruction set: a further kind of definition is a class in `wasm/linking.py` and a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from taipan.errors import LinkError, WasmError
from taipan.limits import MAX_TYPE_DEPTH, too_many
from taipan.module import Module
from taipan.runtime.extern import AnyExtern, kind_of
from taipan.runtime.host_func import HostFunc
from taipan.runtime.instance import Instance, check_engine_of, create, opened
from taipan.runtime.instantiate import Bindings, cross_store, extern_desc, incompatible
from taipan.runtime.link_info import public_type
from taipan.runtime.types import InstanceType
from taipan.wasm import link_types
from taipan.wasm.link_types import Extern, Matcher
from taipan.wasm.linking import Bundle, Definition, ExportAlias, ImportItem, Instantiate, Item, NestedModule, OuterAlias
from taipan.wasm.module import INSTANCE, KIND_NAMES, MODULE

if TYPE_CHECKING:
    from taipan.runtime.link_info import LinkInfo
    from taipan.runtime.module_info import ImportPlan, ModuleInfo
    from taipan.runtime.store import Store

MAX_INSTANCES_AT_ONCE: Final = 10_000
"""Wasmtime's default limit of a store: a file of a few lines can ask for any number by doubling, also of bundles."""


def instantiate(store: Store, module: Module, items: Sequence[Any]) -> Instance:
    """An instance of a module of an engine with module linking. items: one for each import, in order.

    Raises LinkError if they do not fit; what a start function raises, then instances made before it stay.
    """
    return evaluate(Evaluation(store, module, bind(store, module._info, items), Budget()))


def evaluate(outermost: Evaluation) -> Instance:
    """Run an evaluation and those it needs, on a stack of its own: closures over closures nest them deeply."""
    stack = [outermost]
    while True:
        needed = stack[-1].advance()
        if needed is not None:
            stack.append(needed)
            continue
        made = stack.pop().finish()
        if not stack:
            return made
        stack[-1].add(INSTANCE, made)


# --- the evaluator ---


@final
class Budget:
    """How many instances one call of the host may still make.

    views: what it has narrowed so far. Types share what is inside them, so each pair is looked at once only.
    """

    __slots__ = ("left", "views")

    def __init__(self) -> None:
        self.left = MAX_INSTANCES_AT_ONCE
        self.views: Final[Views] = {}

    def spend(self) -> None:
        """One more. Raises WasmError beyond the limit."""
        self.left -= 1
        if self.left < 0:
            raise WasmError(f"resource limit exceeded: one instance makes more than {MAX_INSTANCES_AT_ONCE} others")


@final
class Linked:
    """The modules and instances of an instance, by index."""

    __slots__ = ("instances", "modules")

    def __init__(self) -> None:
        self.modules: Final[list[Module]] = []
        self.instances: Final[list[Instance]] = []

    def item(self, kind: int, index: int) -> Module | Instance:
        return self.modules[index] if kind == MODULE else self.instances[index]


@final
class Evaluation:
    """A module on its way to an instance: what its index spaces hold so far. given: the imports, known to fit."""

    __slots__ = ("bindings", "budget", "given", "linked", "links", "module", "num_nested", "steps", "store")

    def __init__(self, store: Store, module: Module, given: Mapping[str, Any], budget: Budget) -> None:
        links = module._info.links
        assert links is not None, "bug: a module of an engine without module linking"
        self.store: Final = store
        self.module: Final = module
        self.links: Final[LinkInfo] = links
        self.given: Final = given
        self.budget: Final = budget
        self.bindings: Final = Bindings()
        self.linked: Final = Linked()
        self.num_nested = 0
        self.steps: Final = iter(links.steps)
        budget.spend()

    def advance(self) -> Evaluation | None:
        """Take steps up to one that needs an instance: its evaluation. None if there are no more."""
        for step in self.steps:
            needed = ACTIONS[type(step)](self, step)
            if needed is not None:
                return needed
        return None

    def finish(self) -> Instance:
        return create(self.store, self.module, self.bindings, self.linked)

    def item(self, kind: int, index: int) -> Any:
        return self.linked.item(kind, index) if kind >= MODULE else self.bindings.of_kind(kind)[index]

    def items(self, named: Iterable[Item]) -> dict[str, Any]:
        return {name: self.item(kind, index) for name, kind, index in named}

    def add(self, kind: int, item: Any) -> None:
        if kind == MODULE:
            self.linked.modules.append(item)
        elif kind == INSTANCE:
            instances = self.linked.instances
            instances.append(narrowed(self.store, item, self.links.instances[len(instances)], self.budget.views))
        else:
            self.bindings.of_kind(kind).append(item)

    # --- one method per kind of step; what one returns is evaluated, and its instance added, before the next ---

    def import_item(self, step: ImportItem) -> None:
        self.add(step.kind, self.given[step.module])

    def alias_export(self, step: ExportAlias) -> None:
        self.add(step.kind, self.linked.instances[step.instance].get_export(self.store, step.name))

    def alias_outer(self, step: OuterAlias) -> None:
        self.linked.modules.append(self.module._upvars[step.upvar])

    def make_module(self, step: NestedModule) -> None:
        nested = self.module._nested[self.num_nested]
        self.num_nested += 1
        links = nested._info.links
        assert links is not None
        modules, around = self.linked.modules, self.module._upvars
        self.linked.modules.append(
            nested._closure(tuple(modules[index] if own else around[index] for own, index in links.upvars))
        )

    def make_instance(self, step: Instantiate) -> Evaluation:
        return Evaluation(self.store, self.linked.modules[step.module], self.items(step.args), self.budget)

    def make_bundle(self, step: Bundle) -> None:
        self.budget.spend()
        self.add(INSTANCE, bundle(self.store, self.items(step.items)))


ACTIONS: Final[dict[type[Definition], Callable[[Evaluation, Any], Evaluation | None]]] = {
    ImportItem: Evaluation.import_item,
    ExportAlias: Evaluation.alias_export,
    OuterAlias: Evaluation.alias_outer,
    NestedModule: Evaluation.make_module,
    Instantiate: Evaluation.make_instance,
    Bundle: Evaluation.make_bundle,
}


# --- imports from the host ---


def bind(store: Store, info: ModuleInfo, items: Sequence[Any]) -> dict[str, Any]:
    """The items by the names of the imports that they fit.

    Raises LinkError if one does not, WasmError if one belongs to another store.
    """
    imports = info.imports
    if len(items) != len(imports):
        raise LinkError(f"expected {len(imports)} imports, found {len(items)}")
    matcher = Matcher(info.types.registry.space)
    for entry, item in zip(imports, items, strict=True):
        check_item(store, item)
        check_fits(store, matcher, entry, item)
    return {entry.module: item for entry, item in zip(imports, items, strict=True)}


def check_fits(store: Store, matcher: Matcher, entry: ImportPlan, item: Any) -> None:
    wanted = (entry.kind, entry.wanted)
    kind = any_kind_of(item)
    if kind != entry.kind:
        raise incompatible(entry, f"expected {KIND_NAMES[entry.kind]}, but found {KIND_NAMES[kind]}")
    found = matcher.mismatch(extern_of(store, item, wanted), wanted)
    if found is not None:
        raise incompatible(entry, found.reason)


def any_kind_of(item: object) -> int:
    """FUNC to INSTANCE. Raises TypeError for anything else."""
    if isinstance(item, Module):
        return MODULE
    return INSTANCE if isinstance(item, Instance) else kind_of(item)


def check_item(store: Store, item: Any) -> int:
    """The kind of an item that may be used in the store. Raises WasmError if it belongs elsewhere, TypeError."""
    kind = any_kind_of(item)
    if kind == MODULE:
        check_engine_of(store, opened(item))
    elif item._store_id != store.id:
        raise cross_store()
    return kind


def extern_of(store: Store, item: Any, wanted: Extern | None = None, depth: int = 1) -> Extern:
    """The type that an item has at this moment, in engine-wide terms. wanted: only this much of it is of interest.

    depth: of the item in an instance. Raises InvalidError or UnsupportedError for a type beyond the limits: the host
    can put instances into each other without end.
    """
    kind = any_kind_of(item)
    if kind == MODULE:
        links = item._info.links
        if links is None:
            raise WasmError("module linking proposal not enabled: a module cannot be given to another one")
        return kind, links.type
    if kind != INSTANCE:
        return kind, extern_desc(store, item, kind)
    if depth > MAX_TYPE_DEPTH:
        raise too_many("instances inside each other", depth, MAX_TYPE_DEPTH)
    names: Iterable[str] = item._info.exports
    inner: Mapping[str, Extern] = {}
    if wanted is not None:
        inner = wanted[1].exports if isinstance(wanted[1], link_types.InstanceType) else {}
        names = [name for name in inner if name in item._info.exports]
    exports = {name: extern_of(store, item.get_export(store, name), inner.get(name), depth + 1) for name in names}
    return kind, link_types.InstanceType(exports)


def type_of(store: Store, instance: Instance) -> InstanceType:
    """The type of an instance, from the instance alone."""
    made = public_type(store.engine.types, extern_of(store, instance), (instance, instance.exports(store)))
    assert isinstance(made, InstanceType)
    return made


# --- instances without a module ---


@final
class BundleInfo:
    """Stands in for the `ModuleInfo` of an instance that is made of values. exports: by name, the kind and place."""

    __slots__ = ("exports", "items")

    name: Final = "a bundle of exports"

    def __init__(self, items: Mapping[str, Any]) -> None:
        self.items: Final = tuple(items.values())
        self.exports: Final = {name: (any_kind_of(item), place) for place, (name, item) in enumerate(items.items())}

    def item_of(self, instance: object, store: object, kind: int, index: int) -> AnyExtern:
        item: AnyExtern = self.items[index]
        return item

    def export_of(self, instance: object, store: object, name: str) -> AnyExtern | None:
        entry = self.exports.get(name)
        return None if entry is None else self.items[entry[1]]


def bundle(store: Store, items: Mapping[str, Any]) -> Instance:
    """An instance whose exports are these items, which may be used in the store. It counts for no limit of that."""
    instance = Instance._create(store, store.engine.empty_module._native, [], [], [], [])
    info: Any = BundleInfo(items)
    instance._info = info
    instance._exports = None
    return instance


def from_exports(store: Store, items: Mapping[str, Any]) -> Instance:
    """The same with everything checked."""
    if not isinstance(items, Mapping):
        raise TypeError(f"expected the exports as a dict of names and items, not {type(items).__name__}")
    for name, item in items.items():
        if not isinstance(name, str):
            raise TypeError(f"expected the names of exports as str, not {type(name).__name__}")
        check_item(store, item)
    return bundle(store, dict(items))


@final
class Gathered:
    """What a linker has under the names that an imported instance exports: an instance, once the store is known."""

    __slots__ = ("items",)

    def __init__(self, items: Mapping[str, Any]) -> None:
        """items: host functions of the engine, or items of a store."""
        self.items: Final = items

    def in_store(self, store: Store) -> Instance:
        """Raises WasmError if an item belongs to another store."""
        items = {
            name: item.in_store(store) if isinstance(item, HostFunc) else item for name, item in self.items.items()
        }
        return from_exports(store, items)


Views = dict[tuple[int, int], tuple[Instance, link_types.InstanceType, Instance]]
"""By the ids of an instance and a type, which are kept so that the ids stay theirs: the instance narrowed to it."""


def narrowed(store: Store, instance: Instance, type: link_types.InstanceType, views: Views) -> Instance:
    """An instance that exports what its type says and nothing else: the same one where that is all it has.

    So what a type hides stays hidden, also when the instance is passed on to somebody who asks for more.
    """
    key = (id(instance), id(type))
    found = views.get(key)
    if found is None:
        found = views[key] = (instance, type, _narrowed(store, instance, type, views))
    return found[2]


def _narrowed(store: Store, instance: Instance, type: link_types.InstanceType, views: Views) -> Instance:
    changed = len(instance._info.exports) != len(type.exports)
    if not changed and all(kind != INSTANCE for kind, _ in type.exports.values()):
        return instance
    items: dict[str, Any] = {}
    for name, (kind, desc) in type.exports.items():
        item: Any = instance.get_export(store, name)
        if kind == INSTANCE:
            assert isinstance(desc, link_types.InstanceType)
            view = narrowed(store, item, desc, views)
            changed = changed or view is not item
            item = view
        items[name] = item
    return bundle(store, items) if changed else instance
