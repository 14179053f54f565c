"""`ModuleInfo`: what the runtime needs of a compiled module, in engine-wide terms and prepared once.

It refers to neither the `Module` nor its native code, so both can refer to it; backtraces keep it alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from taipan._native import KIND_FUNCREF
from taipan.runtime import const_eval
from taipan.runtime.func import Func
from taipan.runtime.ref_kind import storage_kind
from taipan.runtime.store import owner_of
from taipan.runtime.tag import tag_of
from taipan.runtime.type_registry import RegisteredTypes
from taipan.runtime.types import (
    AsExternType,
    TagType,
    func_type,
    global_type,
    memory_type,
    table_type,
)
from taipan.wasm import module as wasm
from taipan.wasm import types as core
from taipan.wasm.segments import active_data, u32_array

if TYPE_CHECKING:
    from taipan._native import InstanceBase, Signature
    from taipan.binary.names import Names
    from taipan.runtime.extern import AnyExtern
    from taipan.runtime.link_info import LinkInfo

NULL_FUNC: Final = 0xFFFF_FFFF

DataPlan = tuple[int, int, const_eval.Compiled, int]
"""Segment, memory, offset expression, mask that makes an offset unsigned."""


@final
class ImportPlan:
    """One import. wanted: the engine-wide type id of a function or tag, else the type in engine-wide terms.

    name: None if the import has only one name.
    """

    __slots__ = ("exact", "kind", "module", "name", "wanted")

    def __init__(self, module: str, name: str | None, kind: int, wanted: Any, exact: bool) -> None:
        self.module: Final = module
        self.name: Final = name
        self.kind: Final = kind
        self.wanted: Final = wanted
        self.exact: Final = exact

    @property
    def title(self) -> str:
        """Its names, as messages show them."""
        return self.module if self.name is None else f"{self.module}::{self.name}"


@final
class ElemPlan:
    """An element segment. items: u32 function indices, or None if `exprs` must be evaluated in the instance.

    target: (table, offset expression, mask that makes an offset unsigned) of an active segment, else None.
    keep: whether instructions may still use the segment after instantiation.
    """

    __slots__ = ("exprs", "items", "keep", "kind", "length", "segment", "target")

    def __init__(
        self,
        segment: int,
        kind: int,
        items: bytes | None,
        exprs: list[const_eval.Compiled],
        target: tuple[int, const_eval.Compiled, int] | None,
        keep: bool,
    ) -> None:
        self.segment: Final = segment
        self.kind: Final = kind
        self.items: Final = items
        self.exprs: Final = exprs
        self.length: Final = len(exprs) if items is None else len(items) // 4
        self.target: Final = target
        self.keep: Final = keep


@final
class ModuleInfo:
    """types: keeps the module's types registered.  links: with module linking, else None.

    signatures: by engine-wide id, of function types; each is the one way into all functions of its type.

    own_counts: (tables, memories) that each instance makes.  globals_template: first bytes of the own globals.
    global_inits, table_inits, elems, datas: what is left to do for an instance, in order; `has_steps` if anything is.
    """

    __slots__ = (
        "_names",
        "datas",
        "elems",
        "exports",
        "global_inits",
        "global_types",
        "globals_template",
        "has_steps",
        "imports",
        "links",
        "module",
        "own_counts",
        "signatures",
        "start",
        "table_inits",
        "table_types",
        "tag_ids",
        "types",
    )

    def __init__(self, module: wasm.Module, types: RegisteredTypes, links: LinkInfo | None = None) -> None:
        self.module: Final = module
        self.links: Final = links
        self.signatures: Final[dict[int, Signature]] = {} if links is None else links.signatures
        self.types: Final = types
        ids = types.ids
        self._names: Names | None = None
        self.table_types: Final = [types.table_type(t) for t in module.table_space]
        self.global_types: Final = [types.global_type(t) for t in module.global_space]
        self.tag_ids: Final = [ids[t.type_idx] for t in module.tag_space]
        self.imports: Final = self._plan_imports()
        self.exports: Final = {entry.name: (entry.kind, entry.index) for entry in module.exports}
        self.own_counts: Final = (len(module.tables), len(module.memories))
        self.globals_template, self.global_inits = self._plan_globals()
        self.table_inits: Final = self._plan_tables()
        self.elems: Final = [self._plan_elem(i, segment) for i, segment in enumerate(module.elems)]
        self.datas: Final = [self._plan_data(step) for step in active_data(module)]
        self.start: Final = module.start
        self.has_steps: Final = bool(
            self.global_inits or self.table_inits or self.elems or self.datas or self.start is not None
        )

    # --- preparing ---

    def _plan_imports(self) -> list[ImportPlan]:
        if self.links is None:
            return [self._import_plan(entry) for entry in self.module.imports]
        return [ImportPlan(name, None, *item, False) for name, item in self.links.type.imports.items()]

    def _import_plan(self, entry: wasm.Import) -> ImportPlan:
        desc = entry.desc
        wanted: Any
        if isinstance(desc, int):
            wanted = self.types.ids[desc]
        elif isinstance(desc, core.TagType):
            wanted = self.types.ids[desc.type_idx]
        elif isinstance(desc, core.TableType):
            wanted = self.types.table_type(desc)
        elif isinstance(desc, core.GlobalType):
            wanted = self.types.global_type(desc)
        else:
            wanted = desc
        return ImportPlan(entry.module, entry.name, entry.kind, wanted, entry.exact)

    def _plan_globals(self) -> tuple[bytes, list[tuple[int, const_eval.Compiled]]]:
        """The template, and the globals whose value depends on the instance: (own index, expression)."""
        known: list[int | bytes | None] = [None] * self.module.num_imported_globals
        template = bytearray()
        inits: list[tuple[int, const_eval.Compiled]] = []
        for i, glob in enumerate(self.module.globals):
            compiled = const_eval.compile_expr(glob.init, known)
            if compiled[0] == const_eval.CONST:
                value = compiled[1]
                known.append(value)
                template += const_eval.constant_bytes(value & 0xFFFF_FFFF if glob.type.content == core.I32 else value)
            else:
                known.append(None)
                template += bytes(16)
                if compiled[0] != const_eval.NULL:  # the native runtime sets null references
                    inits.append((i, compiled))
        return bytes(template), inits

    def _plan_tables(self) -> list[tuple[int, const_eval.Compiled, int]]:
        """Tables that do not start with nulls: (index, expression of the element, size)."""
        first = self.module.num_imported_tables
        inits = []
        for i, table in enumerate(self.module.tables):
            if table.init is not None:
                compiled = const_eval.compile_expr(table.init)
                if compiled[0] != const_eval.NULL and table.type.limits.min:
                    inits.append((first + i, compiled, table.type.limits.min))
        return inits

    def _plan_elem(self, index: int, segment: wasm.ElemSegment) -> ElemPlan:
        exprs = [] if segment.exprs is None else [const_eval.compile_expr(expr) for expr in segment.exprs]
        items: bytes | None = None
        if segment.funcs is not None:
            items = u32_array(segment.funcs)
        elif self.kind_of(segment.element) == KIND_FUNCREF:
            indices = [
                argument if kind == const_eval.FUNC else NULL_FUNC if kind == const_eval.NULL else -1
                for kind, argument in exprs
            ]
            if -1 not in indices:
                items = u32_array(indices)
        target = None
        if segment.mode == wasm.ACTIVE:
            is_64 = self.module.table_space[segment.table].is_64
            target = (segment.table, *self._offset(segment.offset_expr, is_64))
        return ElemPlan(index, self.kind_of(segment.element), items, exprs, target, segment.mode == wasm.PASSIVE)

    def _plan_data(self, step: bytes | int) -> bytes | DataPlan:
        """A step of `active_data`, with its offset expression compiled if it has one."""
        if isinstance(step, bytes):
            return step
        segment = self.module.datas[step]
        offset, mask = self._offset(segment.offset_expr, self.module.mem_space[segment.memory].is_64)
        return step, segment.memory, offset, mask

    def _offset(self, expr: wasm.ConstExpr | None, is_64: bool) -> tuple[const_eval.Compiled, int]:
        """A segment's offset: signed, to be masked with the second result; constants already are."""
        assert expr is not None, "bug: an active segment without an offset"
        mask = 0xFFFF_FFFF_FFFF_FFFF if is_64 else 0xFFFF_FFFF
        kind, argument = const_eval.compile_expr(expr)
        return (kind, argument & mask if kind == const_eval.CONST else argument), mask

    def kind_of(self, t: core.ValType) -> int:
        """How the native runtime holds a value of one of the module's own types."""
        is_func = True
        if core.is_ref(t) and core.is_concrete(core.heap_of(t)):
            is_func = isinstance(self.module.types[core.heap_of(t)].comp, core.FuncType)
        return storage_kind(t, is_func)

    def is_subtype(self, type_id: int, wanted: int) -> bool:
        """Whether a function of an engine-wide type may be called as one of another (`call_indirect`)."""
        return self.types.registry.is_subtype(type_id, wanted)

    # --- names and types, as users see them ---

    @property
    def names(self) -> Names:
        """The name section, read when it is first asked for."""
        names = self._names
        if names is None:
            from taipan.binary.names import decode_names

            names = self._names = decode_names(self.module)
        return names

    @property
    def name(self) -> str | None:
        return self.names.module

    def func_name(self, index: int) -> str | None:
        return self.names.funcs.get(index)

    def body_start(self, index: int) -> int:
        """Offset of a defined function's body in the module."""
        return self.module.body_starts[index - self.module.num_imported_funcs]

    def export_type(self, name: str) -> AsExternType:
        """The type of an export. Raises KeyError if there is none of that name."""
        if self.links is not None:
            return self.links.extern_type(self.links.type.exports[name])
        return self.extern_type(*self.exports[name])

    def extern_type(self, kind: int, index: int) -> AsExternType:
        """The type of an item of an index space, of functions to tags."""
        registry = self.types.registry
        if kind == wasm.FUNC:
            return func_type(registry.func_type(self.types.ids[self.module.func_space[index]]), self.types)
        if kind == wasm.TABLE:
            return table_type(self.table_types[index], self.types)
        if kind == wasm.MEMORY:
            return memory_type(self.module.mem_space[index])
        if kind == wasm.GLOBAL:
            return global_type(self.global_types[index], self.types)
        return TagType(func_type(registry.func_type(self.tag_ids[index]), self.types))

    # --- exports of an instance ---

    def export_of(self, instance: InstanceBase, store: Any, name: str) -> AnyExtern | None:
        """What the instance exports under that name."""
        entry = self.exports.get(name)
        return None if entry is None else self.item_of(instance, store, *entry)

    def item_of(self, instance: InstanceBase, store: Any, kind: int, index: int) -> AnyExtern:
        """An item of the instance's index spaces."""
        if kind == wasm.FUNC:
            func = instance._func(store, index)
            assert isinstance(func, Func)
            return func
        if kind == wasm.MEMORY:
            memory: Any = instance._memory(store, index)
            return memory  # type: ignore[no-any-return]
        if kind == wasm.TABLE:
            table: Any = instance._table(store, index)
            table._element = self.table_types[index].element
            return table  # type: ignore[no-any-return]
        if kind == wasm.GLOBAL:
            glob: Any = instance._global(store, index)
            glob._content = self.global_types[index].content
            return glob  # type: ignore[no-any-return]
        if kind == wasm.TAG:
            return tag_of(store, instance, index)
        return owner_of(store, instance._store_id)._instance_links[instance].item(kind, index)

    def __repr__(self) -> str:
        return f"<ModuleInfo {self.name or '(unnamed)'}>"
