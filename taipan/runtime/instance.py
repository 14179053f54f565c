"""`Instance`, its exports, and `InstancePre`: a module whose imports are already resolved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from taipan import _native
from taipan.errors import WasmError
from taipan.runtime.func import Func, TypedFunc
from taipan.runtime.globals import Global
from taipan.runtime.host_func import HostFunc
from taipan.runtime.instantiate import NOTHING, Bindings, bind, bind_item, cross_store, run_steps
from taipan.runtime.managed import Unique, already_closed
from taipan.runtime.memory import Memory
from taipan.runtime.store import Store, Storelike, store_of
from taipan.runtime.table import Table
from taipan.runtime.tag import Tag
from taipan.runtime.types import InstanceType, TagType, ValType
from taipan.wasm.module import TAG

if TYPE_CHECKING:
    from taipan.link.nested import Linked
    from taipan.module import Module
    from taipan.runtime.extern import AnyExtern
    from taipan.runtime.module_info import ModuleInfo


@final
class InstanceExports(Mapping[str, "AnyExtern"]):
    """What an instance exports, by name; `by_index` has the same in the module's order. An int key is an index, too."""

    __slots__ = ("_items",)

    def __init__(self, store: Storelike, instance: Instance) -> None:
        info = instance._info
        self._items = {name: info.item_of(instance, store, kind, index) for name, (kind, index) in info.exports.items()}

    @property
    def by_index(self) -> Sequence[AnyExtern]:
        """The exports in the module's order."""
        return tuple(self._items.values())

    def __getitem__(self, idx: str | int) -> AnyExtern:
        """idx: a name, or a number in the module's order. Raises KeyError."""
        if isinstance(idx, int):
            try:
                return self.by_index[idx]
            except IndexError:
                raise KeyError(idx) from None
        return self._items[idx]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"<InstanceExports {self._items!r}>"


class Instance(_native.InstanceBase):
    """An instance of a module in a store. It lives as long as its store, also if nothing refers to it any more."""

    __slots__ = ("_exports", "_info")
    _info: ModuleInfo
    _exports: InstanceExports | None

    def __new__(cls, store: Storelike, module: Module, imports: Sequence[AnyExtern]) -> Instance:
        """imports: one item per import of the module, in its order. Runs the start function.

        Raises LinkError if they do not fit, Trap if a segment does not fit or the start function traps.
        """
        owner = store_of(store)
        info = opened(module)._info
        check_engine_of(owner, module)
        if info.links is not None:
            from taipan.link import nested

            return nested.instantiate(owner, module, imports)
        return create(owner, module, bind(owner, info, imports))

    @classmethod
    def from_exports(cls, store: Storelike, exports: Mapping[str, AnyExtern]) -> Instance:
        """An instance without a module, made of items of the store: for a module that imports an instance, or a linker.

        Raises WasmError if an item belongs to another store.
        """
        from taipan.link import nested

        return nested.from_exports(store_of(store), exports)

    def type(self, store: Storelike) -> InstanceType:
        """What it exports, by name and type; sizes are those of this moment."""
        from taipan.link import nested

        owner = store_of(store)
        if owner.id != self._store_id:
            raise cross_store()
        return nested.type_of(owner, self)

    def exports(self, store: Storelike) -> InstanceExports:
        """Its exports by name; always the same object."""
        exports = self._exports
        if exports is None:
            exports = self._exports = InstanceExports(store, self)
        elif store_of(store).id != self._store_id:
            raise cross_store()
        return exports

    def get_export(self, store: Storelike, name: str) -> AnyExtern | None:
        """The export of that name, or None."""
        return self._info.export_of(self, store, name)

    def get_func(self, store: Storelike, name: str) -> Func | None:
        """The exported function of that name, or None if there is none or it is something else."""
        item = self.get_export(store, name)
        return item if isinstance(item, Func) else None

    def get_memory(self, store: Storelike, name: str) -> Memory | None:
        """The exported memory of that name, or None."""
        item = self.get_export(store, name)
        return item if isinstance(item, Memory) else None

    def get_table(self, store: Storelike, name: str) -> Table | None:
        """The exported table of that name, or None."""
        item = self.get_export(store, name)
        return item if isinstance(item, Table) else None

    def get_global(self, store: Storelike, name: str) -> Global | None:
        """The exported global of that name, or None."""
        item = self.get_export(store, name)
        return item if isinstance(item, Global) else None

    def get_typed_func(
        self,
        store: Storelike,
        name: str,
        params: Iterable[ValType] | ValType | None = (),
        results: Iterable[ValType] | ValType | None = (),
    ) -> TypedFunc:
        """The exported function with its type checked once. Raises WasmError if there is none of that name and type."""
        func = self.get_func(store, name)
        if func is None:
            raise WasmError(f"failed to find function export `{name}`")
        return func.typed(store, params, results)

    def __repr__(self) -> str:
        return f"<Instance of {self._info.name or 'an unnamed module'}, store {self._store_id}>"


def opened(module: Module) -> Module:
    """Raises TypeError unless it is a Module, ValueError if it was closed."""
    from taipan.module import Module

    if not isinstance(module, Module):
        raise TypeError("expected a Module")
    if module._closed:
        raise already_closed()
    return module


def check_engine_of(store: Store, module: Module) -> None:
    if store.engine is not module.engine:
        raise WasmError("cross-`Engine` instantiation is not currently supported")


def create(store: Store, module: Module, bindings: Bindings, linked: Linked | None = None) -> Instance:
    """Make the instance with imports that are known to fit, and run what comes before its first call.

    linked: with module linking, its modules and instances.
    """
    info = module._info
    tables, memories = info.own_counts
    store._allocate(1, tables, memories)
    try:
        instance = Instance._create(
            store, module._native, bindings.funcs, bindings.tables, bindings.memories, bindings.globals
        )
    except BaseException:
        store._allocate(-1, -tables, -memories)
        raise
    instance._info = info
    instance._exports = None
    if linked is not None:
        store._instance_links[instance] = linked
    if info.tag_ids:
        store._instance_tags[instance] = _tags(store, info, bindings)
    if info.has_steps:
        run_steps(store, info, instance)
    return instance


def _tags(store: Store, info: ModuleInfo, bindings: Bindings) -> tuple[Tag, ...]:
    tags = list(bindings.tags)
    for index in range(len(tags), len(info.tag_ids)):
        tag_type = info.extern_type(TAG, index)
        assert isinstance(tag_type, TagType)
        tags.append(Tag._of(store, tag_type, info.tag_ids[index]))
    return tuple(tags)


def _in_store(item: Any, store: Store) -> Any:
    """What a linker keeps apart from stores, in one; anything else as it is."""
    return item.in_store(store) if hasattr(item, "in_store") else item


@final
class InstancePre(Unique):
    """A module with resolved imports, from `Linker.instantiate_pre`: names and types are not looked at again.

    It works with any store of the engine, unless items of one store are among the imports.
    """

    __slots__ = ("_closed", "_items", "_module", "_only_funcs")

    def __init__(self, module: Module, items: list[Any]) -> None:
        """items: one per import; host functions are known to fit."""
        self._module = module
        self._items = items
        self._only_funcs = all(isinstance(item, HostFunc) for item in items)
        self._closed = False

    @property
    def module(self) -> Module:
        """The module it makes instances of."""
        return self._module

    def instantiate(self, store: Storelike) -> Instance:
        """A new instance in the store. Raises as `Instance` does."""
        if self._closed:
            raise already_closed()
        owner = store_of(store)
        module = opened(self._module)
        check_engine_of(owner, module)
        if module._info.links is not None:
            from taipan.link import nested

            return nested.instantiate(owner, module, [_in_store(item, owner) for item in self._items])
        if not self._items:
            return create(owner, module, NOTHING)
        bindings = Bindings()
        if self._only_funcs:
            bindings.funcs.extend([item.in_store(owner) for item in self._items])
            return create(owner, module, bindings)
        info = module._info
        for entry, item in zip(info.imports, self._items, strict=True):
            if isinstance(item, HostFunc):
                bindings.funcs.append(item.in_store(owner))
            else:  # memories and tables may have grown since, which an import may or may not allow
                bind_item(owner, info, entry, item, bindings)
        return create(owner, module, bindings)

    def close(self) -> None:
        """No further instances."""
        self._closed = True

    def __repr__(self) -> str:
        return f"<InstancePre of {self._module!r}>"
