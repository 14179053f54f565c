"""Types as text."""

from __future__ import annotations

from typing import Final, final

from taipan.text.identifiers import Identifiers, quote
from taipan.wasm.linking import InstanceTypeDef, ItemDesc, LocalTypes, ModuleTypeDef, OuterAlias, TypeItem
from taipan.wasm.module import KIND_NAMES
from taipan.wasm.types import (
    ArrayType,
    CompType,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    Limits,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    heap_name,
    heap_of,
    is_concrete,
    is_exact,
    is_nullable,
    is_ref,
    type_name,
)

_UNKNOWN: Final = SubType(StructType(()))
"""For what an outer alias in a type stands for, beyond what is directly around the type."""


@final
class TypePrinter:
    """space: the type index space.  outer: the indices in it whose types belong to enclosing modules.

    funcs: the type index of each function, too large where that is not known.
    types: identifiers of types.  fields: identifiers of each struct type's fields.
    """

    __slots__ = ("fields", "funcs", "outer", "space", "types")

    def __init__(
        self,
        space: list[SubType],
        outer: set[int],
        funcs: list[int],
        types: Identifiers,
        fields: dict[int, Identifiers],
    ) -> None:
        self.space: Final = space
        self.funcs: Final = funcs
        self.outer: Final = outer
        self.types: Final = types
        self.fields: Final = fields

    def val_type(self, value_type: ValType) -> str:
        if not is_ref(value_type) or not is_concrete(heap_of(value_type)):
            return type_name(value_type)
        heap = self.heap_type(heap_of(value_type), is_exact(value_type))
        return f"(ref null {heap})" if is_nullable(value_type) else f"(ref {heap})"

    def heap_type(self, heap: HeapType, exact: bool) -> str:
        text = self.types.reference(heap) if is_concrete(heap) else heap_name(heap)
        return f"(exact {text})" if exact else text

    def ref_type(self, heap: HeapType, exact: bool, nullable: bool) -> str:
        """In the long form, which every reference type has."""
        text = self.heap_type(heap, exact)
        return f"(ref null {text})" if nullable else f"(ref {text})"

    def val_types(self, keyword: str, types: tuple[ValType, ...] | list[ValType], ids: Identifiers | None) -> str:
        """` (param t*)` and the like; named items stand alone, others share brackets. Empty for no types."""
        text = ""
        run: list[str] = []
        for index, value_type in enumerate(types):
            if ids is not None and index in ids.names:
                if run:
                    text += f" ({keyword} {' '.join(run)})"
                    run = []
                text += f" ({keyword}{ids.definition(index)} {self.val_type(value_type)})"
            else:
                run.append(self.val_type(value_type))
        if run:
            text += f" ({keyword} {' '.join(run)})"
        return text

    def signature(self, func_type: FuncType, params: Identifiers | None) -> str:
        return self.val_types("param", func_type.params, params) + self.val_types("result", func_type.results, None)

    def type_use(self, index: int, params: Identifiers | None = None) -> str:
        """`(type x)` and, if that is a function type, its signature."""
        text = f"(type {self.types.reference(index)})"
        if self.has_signature(index):
            comp = self.space[index].comp
            assert isinstance(comp, FuncType)
            text += self.signature(comp, params)
        return text

    def has_signature(self, index: int) -> bool:
        """Whether `type_use` shows one: not if it says types by the indices of another module."""
        if index >= len(self.space):
            return False
        comp = self.space[index].comp
        if not isinstance(comp, FuncType):
            return False
        return index not in self.outer or not any(
            is_ref(t) and is_concrete(heap_of(t)) for t in (*comp.params, *comp.results)
        )

    def sub_type(self, index: int, subtype: SubType) -> str:
        """A whole `(type ...)`."""
        clauses = ""
        if subtype.describes >= 0:
            clauses += f"(describes {self.types.reference(subtype.describes)}) "
        if subtype.descriptor >= 0:
            clauses += f"(descriptor {self.types.reference(subtype.descriptor)}) "
        text = clauses + self.comp_type(index, subtype.comp)
        if not subtype.final or subtype.supertypes:
            final = "final " if subtype.final else ""
            supertypes = "".join([self.types.reference(supertype) + " " for supertype in subtype.supertypes])
            text = f"(sub {final}{supertypes}{text})"
        return f"(type{self.types.definition(index)} {text})"

    def comp_type(self, index: int, comp: CompType) -> str:
        if isinstance(comp, FuncType):
            return f"(func{self.signature(comp, None)})"
        if isinstance(comp, StructType):
            ids = self.fields.get(index)
            return (
                "(struct"
                + "".join([self.field(position, field, ids) for position, field in enumerate(comp.fields)])
                + ")"
            )
        if isinstance(comp, (ModuleTypeDef, InstanceTypeDef)):
            return self.link_type(comp)
        assert isinstance(comp, ArrayType)
        return f"(array {self.field_type(comp.field)})"

    def link_type(self, comp: ModuleTypeDef | InstanceTypeDef) -> str:
        word = "module" if isinstance(comp, ModuleTypeDef) else "instance"
        inner = self
        entries = ""
        if comp.local is not None:
            inner = self.inner(comp.local)
            entries = "".join([" " + inner.local_entry(index, entry) for index, entry in enumerate(comp.local.entries)])
        imports = inner.type_items("import", comp.imports) if isinstance(comp, ModuleTypeDef) else ""
        return f"({word}{entries}{imports}{inner.type_items('export', comp.exports)})"

    def inner(self, local: LocalTypes) -> TypePrinter:
        """For a type with an index space of its own."""
        space: list[SubType] = []
        outer: set[int] = set()
        for index, entry in enumerate(local.entries):
            if isinstance(entry, OuterAlias):
                outer.add(index)
                known = entry.depth == 0 and entry.index < len(self.space)
                space.append(self.space[entry.index] if known else _UNKNOWN)
            else:
                space.append(entry)
        return TypePrinter(space, outer, [], Identifiers({}, 0), {})

    def local_entry(self, index: int, entry: SubType | OuterAlias) -> str:
        if isinstance(entry, OuterAlias):
            return f"(alias outer {entry.depth} {entry.index} ({KIND_NAMES[entry.kind]} (;{index};)))"
        return self.sub_type(index, entry)

    def type_items(self, word: str, items: list[TypeItem]) -> str:
        """` (import "name" (func ...))` and so on, of a module or instance type."""
        text = ""
        for item in items:
            module = "" if item.module is None else f"{quote(item.module.encode())} "
            text += f" ({word} {module}{quote(item.name.encode())} ({self.item(item.kind, '', item.desc)}))"
        return text

    def item(self, kind: int, ident: str, desc: ItemDesc) -> str:
        """`func (type 0)` and the like. ident: what follows the word."""
        word = KIND_NAMES[kind] + ident
        if isinstance(desc, int):
            return f"{word} {self.type_use(desc)}"
        if isinstance(desc, TableType):
            return f"{word} {self.table_type(desc)}"
        if isinstance(desc, MemType):
            return f"{word} {self.mem_type(desc)}"
        if isinstance(desc, GlobalType):
            return f"{word} {self.global_type(desc)}"
        assert isinstance(desc, TagType)
        return f"{word} {self.type_use(desc.type_idx)}"

    def field(self, position: int, field: FieldType, ids: Identifiers | None) -> str:
        name = ids.definition(position) if ids is not None and position in ids.names else ""
        return f" (field{name} {self.field_type(field)})"

    def field_type(self, field: FieldType) -> str:
        text = self.val_type(field.storage)
        return f"(mut {text})" if field.mutable else text

    def limits(self, limits: Limits, is_64: bool) -> str:
        text = f"i64 {limits.min}" if is_64 else str(limits.min)
        return text if limits.max is None else f"{text} {limits.max}"

    def mem_type(self, memory: MemType) -> str:
        shared = " shared" if memory.shared else ""
        page_size = f" (pagesize {2**memory.page_size_log2})" if memory.page_size_log2 != 16 else ""
        return self.limits(memory.limits, memory.is_64) + shared + page_size

    def table_type(self, table: TableType) -> str:
        return f"{self.limits(table.limits, table.is_64)} {self.val_type(table.element)}"

    def global_type(self, of: GlobalType) -> str:
        text = self.val_type(of.content)
        return f"(mut {text})" if of.mutable else text
