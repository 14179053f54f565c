"""Types as text."""

from __future__ import annotations

from typing import Final, final

from taipan.text.identifiers import Identifiers
from taipan.wasm.module import Module
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
    ValType,
    heap_name,
    heap_of,
    is_concrete,
    is_exact,
    is_nullable,
    is_ref,
    type_name,
)


@final
class TypePrinter:
    """types: identifiers of types.  fields: identifiers of each struct type's fields."""

    __slots__ = ("fields", "module", "types")

    def __init__(self, module: Module, types: Identifiers, fields: dict[int, Identifiers]) -> None:
        self.module: Final = module
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
        if index < len(self.module.types):
            comp = self.module.types[index].comp
            if isinstance(comp, FuncType):
                text += self.signature(comp, params)
        return text

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
        assert isinstance(comp, ArrayType)
        return f"(array {self.field_type(comp.field)})"

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
