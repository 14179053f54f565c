"""Rules of the type section and of the types in all other sections (spec: Validation, Types).

In: the types as decoded, nothing known about them. Out: a `TypeSpace` with the canonical ids of the module's types.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError
from taipan.features import Features
from taipan.limits import MAX_PARAMS, MAX_RESULTS, MAX_STRUCT_FIELDS, MAX_SUBTYPING_DEPTH, too_many
from taipan.wasm.matching import Canonicalizer, TypeSpace
from taipan.wasm.types import (
    ABSTRACT_BIT,
    EXACT_BIT,
    EXTERNREF,
    FUNCREF,
    I8,
    I16,
    INDEX_MASK,
    NULL_BIT,
    REF_BIT,
    V128,
    ArrayType,
    CompType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    LinkType,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    type_name,
)

# Abstract heap types that came with typed references or later, by the proposal they need.
_HEAP_FEATURES: Final[dict[int, str]] = {
    0x74: "exceptions",
    0x73: "gc",
    0x72: "gc",
    0x71: "gc",
    0x70: "reference-types",
    0x6F: "reference-types",
    0x6E: "gc",
    0x6D: "gc",
    0x6C: "gc",
    0x6B: "gc",
    0x6A: "gc",
    0x69: "exceptions",
}


@final
class TypeRules:
    """Checks types; `num_types` is the number of type indices that may be named at the moment."""

    __slots__ = ("abstract", "canonicalizer", "concrete", "features", "num_types", "space", "types")

    def __init__(self, types: list[SubType], features: Features) -> None:
        self.types: Final = types
        self.features: Final = features
        self.canonicalizer: Final = Canonicalizer()
        self.space: Final[TypeSpace] = self.canonicalizer.space
        self.num_types = 0
        # Features are asked for once per abstract reference type, and once for all concrete ones without `exact`.
        self.abstract: Final[set[int]] = set()
        self.concrete = "function-references" in features

    def need(self, feature: str, what: str) -> None:
        if feature not in self.features:
            raise InvalidError(f"{what} needs the {feature} proposal, which is switched off")

    # --- value types ---

    def val_type(self, t: ValType) -> None:
        if t & REF_BIT:
            self.ref_type(t)
        elif t == V128:
            self.need("simd", "v128")

    def ref_type(self, t: ValType) -> None:
        if t & ABSTRACT_BIT:
            if t in self.abstract:
                return
            if t != FUNCREF and t != EXTERNREF and not t & NULL_BIT:
                self.need("function-references", type_name(t))
            self.need(_HEAP_FEATURES[t & 0xFF], type_name(t))
        else:
            self.heap_type_index(t & INDEX_MASK)
            if not self.concrete:
                self.need("function-references", type_name(t))
        if t & EXACT_BIT:
            self.need("custom-descriptors", type_name(t))
        if t & ABSTRACT_BIT:
            self.abstract.add(t)

    def type_index(self, index: int) -> None:
        if index >= self.num_types:
            raise InvalidError(f"unknown type {index}: the module has {self.num_types} so far")

    def heap_type_index(self, index: int) -> None:
        """The index in a reference type."""
        self.type_index(index)
        if isinstance(self.types[index].comp, LinkType):
            raise InvalidError(f"unknown type {index}: a core type is needed, this is a {self.types[index].comp!r}")

    def func_type_index(self, index: int) -> FuncType:
        """The function type at `index`. Raises InvalidError if there is no type, or it is not a function type."""
        self.type_index(index)
        comp = self.types[index].comp
        if isinstance(comp, LinkType):
            raise InvalidError(f"type index is not a function: type {index} is a {comp!r}")
        if not isinstance(comp, FuncType):
            raise InvalidError(f"unknown type {index}: a function type is needed, this is a {comp!r}")
        return comp

    # --- the type section ---

    def rec_group(self, first: int, count: int) -> None:
        """One recursion group: its types may name each other and everything before."""
        self.num_types = first + count
        if count != 1:
            self.need("gc", "a recursion group")
        for index in range(first, first + count):
            self.sub_type(index)
        self.canonicalizer.add_group(self.types, first, count)
        for index in range(first, first + count):
            if self.types[index].supertypes:
                self.supertype(index)

    def sub_type(self, index: int) -> None:
        """The parts of a type that can be checked without comparing types."""
        sub = self.types[index]
        self.comp_type(sub.comp)
        if len(sub.supertypes) > 1:
            raise InvalidError(f"sub type {index} has {len(sub.supertypes)} super types: at most one is allowed")
        if sub.supertypes or not sub.final:
            self.need("gc", "a sub type")
        for supertype in sub.supertypes:
            if supertype >= index:
                raise InvalidError(f"unknown type {supertype}: the super type of type {index} must come before it")
        if sub.describes >= 0 or sub.descriptor >= 0:
            self.descriptors(index)

    def comp_type(self, comp: CompType) -> None:
        if isinstance(comp, FuncType):
            if len(comp.params) > MAX_PARAMS:
                raise too_many("parameters", len(comp.params), MAX_PARAMS)
            if len(comp.results) > MAX_RESULTS:
                raise too_many("results", len(comp.results), MAX_RESULTS)
            if len(comp.results) > 1 and "multi-value" not in self.features:
                raise InvalidError("invalid result arity: several results need the multi-value proposal")
            for t in comp.params:
                self.val_type(t)
            for t in comp.results:
                self.val_type(t)
            return
        self.need("gc", "a struct or array type")
        if isinstance(comp, ArrayType):
            self.field_type(comp.field)
            return
        assert isinstance(comp, StructType)
        if len(comp.fields) > MAX_STRUCT_FIELDS:
            raise too_many("struct fields", len(comp.fields), MAX_STRUCT_FIELDS)
        for field in comp.fields:
            self.field_type(field)

    def field_type(self, field: FieldType) -> None:
        if field.storage != I8 and field.storage != I16:
            self.val_type(field.storage)

    def supertype(self, index: int) -> None:
        """The declared supertype is not final and really is above (spec: valid-subtype)."""
        sub = self.types[index]
        super_index = sub.supertypes[0]
        super = self.types[super_index]
        claim = f"sub type {index} does not match super type {super_index}"
        if super.final:
            raise InvalidError(f"{claim}: that is final")
        if not self.space.comp_matches(sub.comp, super.comp):
            raise InvalidError(f"{claim}: {sub.comp!r} is not below {super.comp!r}")
        if self.space.depths[index] > MAX_SUBTYPING_DEPTH:
            raise too_many("super types above each other", self.space.depths[index], MAX_SUBTYPING_DEPTH)
        if super.descriptor >= 0 and sub.descriptor < 0:
            raise InvalidError(f"{claim}: that has a descriptor")
        if (super.describes >= 0) != (sub.describes >= 0):
            raise InvalidError(f"{claim}: only one of them is a descriptor")
        if super.describes >= 0 and not self.declared_below(sub.describes, super.describes):
            raise InvalidError(
                f"described type {sub.describes} does not match described type {super.describes} of the super type"
            )
        if super.descriptor >= 0 and not self.declared_below(sub.descriptor, super.descriptor):
            raise InvalidError(
                f"descriptor type {sub.descriptor} does not match descriptor type {super.descriptor} of the super type"
            )

    def declared_below(self, index: int, super_index: int) -> bool:
        space = self.space
        wanted = space.canon[super_index]
        at = space.canon[index]
        while at >= 0 and at != wanted:
            at = space.parents[at]
        return at == wanted

    def descriptors(self, index: int) -> None:
        """The clauses `describes` and `descriptor` of custom descriptors: a chain of structs in one group."""
        self.need("custom-descriptors", "a descriptor")
        sub = self.types[index]
        if sub.describes >= 0:
            if sub.describes >= self.num_types or not self.same_group(index, sub.describes):
                raise InvalidError(f"described type is outside rec group: type {index} describes {sub.describes}")
            if sub.describes >= index:
                raise InvalidError(f"forward use of described type: type {index} describes {sub.describes}")
            if not isinstance(sub.comp, StructType):
                raise InvalidError(f"described type must be a struct: type {index} describes {sub.describes}")
            if self.types[sub.describes].descriptor != index:
                raise InvalidError(
                    f"described type is not described by descriptor: type {index} describes {sub.describes}"
                )
        if sub.descriptor >= 0:
            if sub.descriptor >= self.num_types or not self.same_group(index, sub.descriptor):
                raise InvalidError(f"descriptor type is outside rec group: type {index} has {sub.descriptor}")
            if not isinstance(sub.comp, StructType):
                raise InvalidError(f"descriptor type must be a struct: type {index} has {sub.descriptor}")
            if self.types[sub.descriptor].describes != index:
                raise InvalidError(f"type is not described by its descriptor: type {index} has {sub.descriptor}")

    def same_group(self, index: int, other: int) -> bool:
        # groups are checked in order, and both indices lie below the end of the newest group
        return other >= len(self.space) and index >= len(self.space)

    def link_type(self, index: int) -> None:
        """The next type is a module or instance type."""
        self.num_types = index + 1
        self.canonicalizer.add_link_type(self.types[index].comp)

    # --- external types ---

    def limits(self, limits: Limits, largest: int, message: str) -> None:
        if limits.min > largest or (limits.max is not None and limits.max > largest):
            raise InvalidError(f"{message}: found {limits!r}")
        if limits.max is not None and limits.min > limits.max:
            raise InvalidError(f"size minimum must not be greater than maximum: {limits.min} > {limits.max}")

    def table_type(self, table: TableType) -> None:
        if table.element != FUNCREF:
            self.need("reference-types", f"a table of {type_name(table.element)}")
            self.ref_type(table.element)
        if table.is_64:
            self.need("memory64", "a table with 64-bit indices")
        bits = 64 if table.is_64 else 32
        self.limits(table.limits, 2**bits - 1, f"table size must be at most 2^{bits}-1 elements")

    def memory_type(self, memory: MemType) -> None:
        if memory.page_size_log2 != 16:
            self.need("custom-page-sizes", "a page size")
            if memory.page_size_log2 != 0:
                raise InvalidError(f"invalid custom page size: 2^{memory.page_size_log2} bytes is neither 1 nor 65536")
        if memory.is_64:
            self.need("memory64", "a memory with 64-bit addresses")
        bits = 64 if memory.is_64 else 32
        pages = min(2**bits >> memory.page_size_log2, 2**bits - 1)
        reach = " (4GiB)" if pages == 65536 else ""
        self.limits(memory.limits, pages, f"memory size must be at most {pages} pages{reach}")
        if memory.shared:
            self.need("threads", "a shared memory")
            if memory.limits.max is None:
                raise InvalidError("shared memory must have maximum: none is given")

    def global_type(self, glob: GlobalType) -> None:
        self.val_type(glob.content)

    def tag_type(self, tag: TagType) -> None:
        self.need("exceptions" if "exceptions" in self.features else "legacy-exceptions", "a tag")
        results = self.func_type_index(tag.type_idx).results
        if results:
            raise InvalidError(f"non-empty tag result type: [{' '.join(map(type_name, results))}]")
