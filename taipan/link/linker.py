"""`Linker`: names to externs, and modules instantiated by those names.

A linker belongs to an engine. Host functions defined with `define_func` belong to no store and can be instantiated in
any number of them; once an item of a store is defined, modules that import it can only be instantiated there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from taipan.engine import Engine, check_engine
from taipan.errors import LinkError, WasmError
from taipan.link.defaults import default_extern, default_func
from taipan.module import Module
from taipan.runtime.extern import AnyExtern, kind_of
from taipan.runtime.func import Func, signature_of
from taipan.runtime.host_func import HostFunc
from taipan.runtime.instance import Instance, InstancePre, check_engine_of, opened
from taipan.runtime.instantiate import cross_store, func_mismatch, incompatible
from taipan.runtime.managed import Unique, already_closed
from taipan.runtime.module_info import ImportPlan
from taipan.runtime.store import Store, Storelike, open_store_of, store_of
from taipan.runtime.types import FuncType, ImportType, ValType
from taipan.wasm.module import FUNC, INSTANCE, KIND_NAMES

if TYPE_CHECKING:
    from taipan.link import nested

Item: TypeAlias = "HostFunc | AnyExtern"

# What Emscripten, wasi-libc and Rust export from commands besides functions: not worth an error.
_COMMAND_DATA: Final = frozenset(
    {"memory", "__indirect_function_table", "table", "__data_end", "__heap_base", "__dso_handle", "__rtti_base"}
)


@final
class Linker(Unique):
    """A table of definitions under two names, "module" and "name".

    Defining a name twice raises WasmError unless `allow_shadowing` is set; `allow_unknown_exports` lets `define_module`
    skip exports of a command that are not functions. Both can be read, too.
    """

    __slots__ = ("_closed", "_items", "allow_shadowing", "allow_unknown_exports", "engine")

    def __init__(self, engine: Engine) -> None:
        """engine: modules and stores must be of this engine."""
        check_engine(engine)
        self.engine: Final = engine
        self.allow_shadowing = False
        self.allow_unknown_exports = False
        self._items: dict[str, dict[str, Item]] = {}
        self._closed = False

    def clone(self) -> Linker:
        """A second linker with the same definitions."""
        self._open()
        copy = Linker(self.engine)
        copy.allow_shadowing = self.allow_shadowing
        copy.allow_unknown_exports = self.allow_unknown_exports
        copy._items = {module: dict(names) for module, names in self._items.items()}
        return copy

    def close(self) -> None:
        """Forget all definitions."""
        self._closed = True
        self._items = {}

    def _open(self) -> None:
        if self._closed:
            raise already_closed()

    # --- defining ---

    def define(self, store: Storelike, module: str, name: str, item: AnyExtern) -> None:
        """Define an item of a store; with module linking also a module or an instance."""
        owner = open_store_of(store)
        if "module-linking" in self.engine.features:
            from taipan.link import nested

            nested.check_item(owner, item)
        else:
            kind_of(item)
            if owner.id != item._store_id:  # type: ignore[union-attr]
                raise cross_store()
        self._define(module, name, item)

    def define_name(self, store: Storelike, name: str, item: AnyExtern) -> None:
        """The same under an empty module name: what an import with one name gets (module linking)."""
        self.define(store, "", name, item)

    def define_func(
        self, module: str, name: str, ty: FuncType, func: Callable[..., Any], access_caller: bool = False
    ) -> None:
        """Define a host function, see `Func`. It works in every store of the engine."""
        if not isinstance(ty, FuncType):
            raise TypeError("expected a FuncType")
        if not callable(func):
            raise TypeError(f"expected a callable, not {type(func).__name__}")
        self._define(module, name, HostFunc(ty._signature_in(self.engine.types), func, access_caller))

    func_new = define_func

    def func_wrap(
        self,
        module: str,
        name: str,
        func: Callable[..., Any],
        params: Iterable[ValType] | ValType | None = None,
        results: Iterable[ValType] | ValType | None = None,
    ) -> None:
        """Define a host function whose type is given here or by its annotations, see `Func.wrap`."""
        ty, access_caller = signature_of(func, params, results)
        self.define_func(module, name, ty, func, access_caller)

    def func(
        self,
        module: str,
        name: str | None = None,
        params: Iterable[ValType] | ValType | None = None,
        results: Iterable[ValType] | ValType | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """`func_wrap` as a decorator; the name defaults to the function's."""

        def define(func: Callable[..., Any]) -> Callable[..., Any]:
            self.func_wrap(module, func.__name__ if name is None else name, func, params, results)
            return func

        return define

    def define_instance(self, store: Storelike, name: str, instance: Instance) -> None:
        """Define every export of an instance, under its name and the given module name."""
        if not isinstance(instance, Instance):
            raise TypeError("expected an `Instance`")
        open_store_of(store)
        for export, item in instance.exports(store).items():
            self._define(name, export, item)

    instance = define_instance

    def define_module(self, store: Storelike, name: str, module: Module) -> None:
        """Instantiate a module and define its exports.

        A *command* (it exports `_start`) is instantiated afresh for each call of one of its functions. Anything else is
        a *reactor*: instantiated now, and its `_initialize` is called if it has one.
        """
        start = opened(module)._info.exports.get("_start")
        if start is not None and start[0] == FUNC:
            self._define_command(name, module)
            return
        instance = self.instantiate(store, module)
        initialize = instance.get_func(store, "_initialize")
        if initialize is not None:
            initialize(store)
        self.define_instance(store, name, instance)

    module = define_module

    def _define_command(self, name: str, module: Module) -> None:
        info = module._info
        pre = self.instantiate_pre(module)
        for export, (kind, index) in info.exports.items():
            if kind == FUNC:
                ty = info.extern_type(kind, index)
                assert isinstance(ty, FuncType)
                self.define_func(name, export, ty, _fresh_call(pre, export), access_caller=True)
            elif export not in _COMMAND_DATA and not self.allow_unknown_exports:
                raise WasmError(f"command export '{export}' is not a function")

    def define_wasi(self) -> None:
        """Define WASI preview 1. Stores then need `Store.set_wasi`."""
        self._open()
        from taipan.wasi import p1

        p1.define(self)

    def alias(self, module: str, name: str, as_module: str, as_name: str) -> None:
        """Define a second name for what has one. Raises WasmError if it has not."""
        self._define(as_module, as_name, self._defined(module, name))

    def alias_module(self, module: str, as_module: str) -> None:
        """Define everything under one module name under another as well."""
        for name, item in list(self._items.get(module, {}).items()):
            self._define(as_module, name, item)

    def define_unknown_imports_as_traps(self, module: Module) -> None:
        """Define each function that the module imports and nobody defined: calling it raises WasmError."""
        for first, second, entry in self._unknown(module):
            if entry.kind == FUNC:
                self._define(first, second, default_func(module, entry, _unknown_import(entry)))

    def define_unknown_imports_as_default_values(self, store: Storelike, module: Module) -> None:
        """Define whatever the module imports and nobody defined: functions that return zeros and nulls, zero globals,
        null tables, empty memories. Raises WasmError for types that have no such value."""
        owner = store_of(store)
        for first, second, entry in self._unknown(module):
            self._define(first, second, default_extern(owner, module, entry))

    def _unknown(self, module: Module) -> list[tuple[str, str, ImportPlan]]:
        """What is missing: under which names, and what it should be."""
        self._open()
        wanted: dict[tuple[str, str], ImportPlan] = {}
        for entry in opened(module)._info.imports:
            if entry.name is not None:
                wanted[entry.module, entry.name] = entry
            elif entry.kind == INSTANCE and self._find("", entry.module) is None:
                for name, (kind, desc) in entry.wanted.exports.items():
                    wanted[entry.module, name] = ImportPlan(entry.module, name, kind, desc, False)
            else:
                wanted["", entry.module] = entry
        return [(*names, entry) for names, entry in wanted.items() if self._find(*names) is None]

    def _define(self, module: str, name: str, item: Item) -> None:
        self._open()
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError(f"expected names as str, got {module!r} and {name!r}")
        names = self._items.setdefault(module, {})
        if name in names and not self.allow_shadowing:
            raise WasmError(f"import of `{module}::{name}` defined twice")
        names[name] = item

    # --- finding ---

    def _find(self, module: str, name: str) -> Item | None:
        names = self._items.get(module)
        return None if names is None else names.get(name)

    def _defined(self, module: str, name: str) -> Item:
        item = self._find(module, name)
        if item is None:
            raise WasmError(f"item not defined in linker: `{module}::{name}`")
        return item

    def get(self, store: Storelike, module: str, name: str) -> AnyExtern:
        """What is defined. Raises WasmError if nothing is."""
        return self._in_store(open_store_of(store), self._defined(module, name))

    def get_by_import(self, store: Storelike, import_type: Any) -> AnyExtern:
        """What is defined for an `ImportType`. Raises WasmError if nothing is."""
        if not isinstance(import_type, ImportType):
            raise TypeError("expected an ImportType")
        return self.get(store, import_type.module, import_type.name or "")

    def get_default(self, store: Storelike, name: str) -> Func:
        """The function to run for a module: its export "" or `_start`; one that does nothing if it has neither."""
        owner = open_store_of(store)
        for export in ("", "_start"):
            item = self._find(name, export)
            if item is not None:
                func = self._in_store(owner, item)
                if not isinstance(func, Func):
                    raise WasmError(f"default export in '{name}' is not a function")
                return func
        return Func(owner, FuncType([], []), _do_nothing)

    def iter(self, store: Storelike) -> Iterator[tuple[str, str, AnyExtern]]:
        """Everything defined, as (module, name, item)."""
        owner = open_store_of(store)
        for module, names in self._items.items():
            for name, item in names.items():
                yield module, name, self._in_store(owner, item)

    def _in_store(self, store: Store, item: Item) -> AnyExtern:
        if isinstance(item, HostFunc):
            if store.engine is not self.engine:
                raise WasmError("cross-`Engine` instantiation is not currently supported")
            return item.in_store(store)
        if not isinstance(item, Module) and item._store_id != store.id:  # type: ignore[union-attr]
            raise cross_store()
        return item

    # --- instantiating ---

    def _resolve(self, module: Module) -> list[Item | nested.Gathered]:
        """An item for each import, host functions with their types checked. Raises LinkError."""
        self._open()
        items = []
        info = module._info
        for entry in info.imports:
            item = self._found(entry)
            if isinstance(item, HostFunc):
                if entry.kind != FUNC:
                    raise incompatible(entry, f"expected {KIND_NAMES[entry.kind]}, but found func")
                reason = func_mismatch(info, entry, item.signature.type_id)
                if reason:
                    raise incompatible(entry, reason)
            items.append(item)
        return items

    def _found(self, entry: ImportPlan) -> Item | nested.Gathered:
        """What is defined for an import. Raises LinkError if nothing is."""
        if entry.name is not None:
            item = self._find(entry.module, entry.name)
        else:
            item = self._find("", entry.module)
            if item is None and entry.kind == INSTANCE and (entry.module in self._items or entry.wanted.exports):
                return self._gathered(entry, self._items.get(entry.module, {}))
        if item is None:
            raise unknown_import(entry)
        return item

    def _gathered(self, entry: ImportPlan, names: dict[str, Item]) -> nested.Gathered:
        """The instance that the names under one module name make, as far as it is wanted."""
        from taipan.link import nested

        gathered: dict[str, Item] = {}
        for name, (kind, desc) in entry.wanted.exports.items():
            if name not in names:
                raise unknown_import(ImportPlan(entry.module, name, kind, desc, False))
            gathered[name] = names[name]
        return nested.Gathered(gathered)

    def instantiate(self, store: Storelike, module: Module) -> Instance:
        """A new instance, its imports found by name. Raises LinkError if one is missing or does not fit."""
        owner = store_of(store)
        check_engine_of(owner, opened(module))
        return self._pre(module).instantiate(owner)

    def instantiate_pre(self, module: Module) -> InstancePre:
        """Find the imports now, for instantiating often. Raises LinkError if one is missing or does not fit."""
        return self._pre(opened(module))

    def _pre(self, module: Module) -> InstancePre:
        if module.engine is not self.engine:
            raise WasmError("cross-`Engine` instantiation is not currently supported")
        return InstancePre(module, self._resolve(module))

    def __repr__(self) -> str:
        return (
            f"<Linker of {', '.join(f'{module} ({len(names)})' for module, names in self._items.items()) or 'nothing'}>"
        )


def unknown_import(entry: ImportPlan) -> LinkError:
    return LinkError(
        f"unknown import: `{entry.title}` has not been defined", entry.module, "" if entry.name is None else entry.name
    )


def _do_nothing() -> None:
    pass


def _fresh_call(pre: InstancePre, export: str) -> Callable[..., Any]:
    """A function that makes a new instance and calls its export."""

    def call(caller: Any, *args: Any) -> Any:
        func = pre.instantiate(caller).get_func(caller, export)
        assert func is not None
        return func(caller, *args)

    return call


def _unknown_import(entry: ImportPlan) -> Callable[..., Any]:
    def fail(*args: Any) -> None:
        raise WasmError(f"unknown import: `{entry.title}` has not been defined")

    return fail
