"""Rules of reference instructions: functions, casts, structs, arrays (spec: Validation, Reference and Aggregate
Instructions), and of the custom-descriptors proposal."""

from __future__ import annotations

from typing import Final

from mypy_extensions import i64

from taipan.errors import MalformedError
from taipan.validate.control import ControlRules
from taipan.validate.stacks import type_text
from taipan.wasm.types import (
    ABSTRACT_BIT,
    ANYREF,
    ARRAYREF,
    EQREF,
    EXACT_BIT,
    EXTERNREF,
    HEAP_ANY,
    HEAP_EXTERN,
    HEAP_I31,
    HEAP_MASK,
    I8,
    I16,
    I31REF,
    I32,
    INDEX_MASK,
    NULL_BIT,
    REF_BIT,
    ArrayType,
    FieldType,
    HeapType,
    StructType,
    heap_name,
)

SOURCE_NULLABLE: Final = 1  # of br_on_cast's flags
TARGET_NULLABLE: Final = 2


class ReferenceRules(ControlRules):
    """exact_bit: EXACT_BIT if custom descriptors are on: what is allocated then has the exact type, else 0."""

    exact_bit: i64 = 0

    # --- any reference ---

    def ref_null(self, heap: i64) -> None:
        self.check_type(REF_BIT | heap)
        self.push(REF_BIT | NULL_BIT | heap)

    def ref_is_null(self) -> None:
        self.pop_ref()
        self.push(I32)

    def ref_func(self, func: i64) -> None:
        type: i64 = self.callee_type(func)
        if not self.context.declared[func]:
            raise self.invalid(f"undeclared function reference: function {func} occurs in no segment, global or export")
        self.push(REF_BIT | type | (self.exact_bit if self.context.func_exact[func] else 0))

    def ref_eq(self) -> None:
        self.pop(EQREF)
        self.pop(EQREF)
        self.push(I32)

    def ref_as_non_null(self) -> None:
        self.push(self.pop_ref() & ~NULL_BIT)

    def br_on_null(self, label: i64) -> None:
        t: i64 = self.pop_ref()
        self.pass_label(self.label(label))
        self.push(t & ~NULL_BIT)

    def br_on_non_null(self, label: i64) -> None:
        frame: i64 = self.label(label)
        self.push(self.pop_ref() & ~NULL_BIT)
        self.pass_cast_label(frame)

    def pass_cast_label(self, frame: i64) -> None:
        """A branch that takes the topmost reference along: the operands below it stay, as the label's types."""
        start: i64 = self.label_start(frame)
        count: i64 = self.label_count(frame)
        flat = self.context.flat
        if count == 0 or not flat[start + count - 1] & REF_BIT:
            taken = self.types_text(flat, start, start + count)
            raise self.invalid(f"type mismatch: {self.instruction_name()} passes a reference, the label takes {taken}")
        self.pop_types(flat, start, start + count)
        self.push_types(flat, start, start + count - 1)

    # --- casts ---

    def pop_castable(self, heap: i64) -> None:
        """Pop any reference of the hierarchy that `heap` belongs to."""
        self.check_type(REF_BIT | heap)
        self.pop(REF_BIT | NULL_BIT | self.hierarchy(heap))

    def ref_test(self, heap: i64) -> None:
        self.pop_castable(heap)
        self.push(I32)

    def ref_test_null(self, heap: i64) -> None:
        self.ref_test(heap)

    def ref_cast(self, heap: i64) -> None:
        self.pop_castable(heap)
        self.push(REF_BIT | heap)

    def ref_cast_null(self, heap: i64) -> None:
        self.pop_castable(heap)
        self.push(REF_BIT | NULL_BIT | heap)

    def cast_source(self, flags: i64, source: i64, target: i64) -> i64:
        """The first type of br_on_cast, which must be above the second; with custom descriptors on, only akin to it."""
        self.check_type(REF_BIT | source)
        self.check_type(REF_BIT | target)
        from_type: i64 = REF_BIT | source | (NULL_BIT if flags & SOURCE_NULLABLE else 0)
        to_type: i64 = self.cast_target(flags, target)
        if self.exact_bit:
            fits = self.hierarchy(source) == self.hierarchy(target)
        else:
            fits = self.matches(to_type, from_type)
        if not fits:
            raise self.invalid(
                f"type mismatch: {self.instruction_name()} from {type_text(from_type)} to {type_text(to_type)}, "
                "which is not below it"
            )
        return from_type

    def hierarchy(self, heap: i64) -> i64:
        """The top type above a heap type."""
        return self.space.top_of(HeapType(heap & HEAP_MASK))

    def cast_target(self, flags: i64, target: i64) -> i64:
        return REF_BIT | target | (NULL_BIT if flags & TARGET_NULLABLE else 0)

    def without_null(self, t: i64, flags: i64) -> i64:
        """What remains of the source type when the cast failed: not null if the target type holds null."""
        return t & ~NULL_BIT if flags & TARGET_NULLABLE else t

    def branch_on_success(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        from_type: i64 = self.cast_source(flags, source, target)
        self.pop(from_type)
        self.push(self.cast_target(flags, target))
        self.pass_cast_label(self.label(label))
        self.push(self.without_null(from_type, flags))

    def branch_on_failure(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        from_type: i64 = self.cast_source(flags, source, target)
        self.pop(from_type)
        self.push(self.without_null(from_type, flags))
        self.pass_cast_label(self.label(label))
        self.push(self.cast_target(flags, target))

    def br_on_cast(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.branch_on_success(flags, label, source, target)

    def br_on_cast_fail(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.branch_on_failure(flags, label, source, target)

    def any_convert_extern(self) -> None:
        t: i64 = self.pop(EXTERNREF)
        self.push(REF_BIT | HEAP_ANY | t & NULL_BIT)

    def extern_convert_any(self) -> None:
        t: i64 = self.pop(ANYREF)
        self.push(REF_BIT | HEAP_EXTERN | t & NULL_BIT)

    def ref_i31(self) -> None:
        self.pop(I32)
        self.push(REF_BIT | HEAP_I31)

    def i31_get_s(self) -> None:
        self.pop(I31REF)
        self.push(I32)

    def i31_get_u(self) -> None:
        self.i31_get_s()

    # --- structs ---

    def push_new(self, type: i64) -> None:
        """A reference to what was just allocated."""
        self.push(REF_BIT | type | self.exact_bit)

    def struct_type(self, type: i64) -> StructType:
        self.check_type_index(type)
        comp = self.space.comps[type]
        if not isinstance(comp, StructType):
            raise self.invalid(f"unknown type {type}: {self.instruction_name()} needs a struct type")
        return comp

    def pop_fields(self, struct: StructType) -> None:
        i: i64 = len(struct.fields)
        while i > 0:
            i -= 1
            self.pop(unpacked(struct.fields[i]))

    def check_default(self, field: FieldType) -> None:
        t: i64 = field.storage
        if t & REF_BIT and not t & NULL_BIT:
            raise self.invalid(f"type mismatch: a field of type {type_text(t)} has no default value")

    def check_no_descriptor(self, type: i64) -> None:
        if self.space.descriptors[type] >= 0:
            raise self.invalid(f"type with descriptor requires descriptor allocation: type {type}")

    def struct_new(self, type: i64) -> None:
        struct = self.struct_type(type)
        self.check_no_descriptor(type)
        self.pop_fields(struct)
        self.push_new(type)

    def struct_new_default(self, type: i64) -> None:
        struct = self.struct_type(type)
        self.check_no_descriptor(type)
        for field in struct.fields:
            self.check_default(field)
        self.push_new(type)

    def struct_field(self, type: i64, field: i64) -> FieldType:
        struct = self.struct_type(type)
        if field >= len(struct.fields):
            raise self.unknown("field", field, len(struct.fields))
        return struct.fields[field]

    def check_packed(self, field: FieldType, packed: bool) -> None:
        """Packed fields are read with a sign, others without."""
        if is_packed(field) != packed:
            word = "packed" if packed else "unpacked"
            raise self.invalid(f"type mismatch: {self.instruction_name()} needs a field that is {word}")

    def get_field(self, type: i64, index: i64, packed: bool) -> None:
        field = self.struct_field(type, index)
        self.check_packed(field, packed)
        self.pop(REF_BIT | NULL_BIT | type)
        self.push(unpacked(field))

    def struct_get(self, type: i64, field: i64) -> None:
        self.get_field(type, field, False)

    def struct_get_s(self, type: i64, field: i64) -> None:
        self.get_field(type, field, True)

    def struct_get_u(self, type: i64, field: i64) -> None:
        self.get_field(type, field, True)

    def struct_set(self, type: i64, field: i64) -> None:
        field_type = self.struct_field(type, field)
        if not field_type.mutable:
            raise self.invalid(f"immutable field: field {field} of type {type}")
        self.pop(unpacked(field_type))
        self.pop(REF_BIT | NULL_BIT | type)

    # --- arrays ---

    def array_field(self, type: i64) -> FieldType:
        self.check_type_index(type)
        comp = self.space.comps[type]
        if not isinstance(comp, ArrayType):
            raise self.invalid(f"unknown type {type}: {self.instruction_name()} needs an array type")
        return comp.field

    def mutable_array(self, type: i64) -> FieldType:
        field = self.array_field(type)
        if not field.mutable:
            raise self.invalid(f"immutable array: type {type}")
        return field

    def check_data(self, data: i64) -> None:
        context = self.context
        if context.num_datas < 0:
            raise MalformedError("data count section required: a function names a data segment", self.pos + self.base)
        if data >= context.num_datas:
            raise self.unknown("data segment", data, context.num_datas)

    def elem_type(self, elem: i64) -> i64:
        """The type of the elements of a segment."""
        types = self.context.elem_types
        if elem >= len(types):
            raise self.unknown("elem segment", elem, len(types))
        return types[elem]

    def array_new(self, type: i64) -> None:
        field = self.array_field(type)
        self.pop(I32)
        self.pop(unpacked(field))
        self.push_new(type)

    def array_new_default(self, type: i64) -> None:
        self.check_default(self.array_field(type))
        self.pop(I32)
        self.push_new(type)

    def array_new_fixed(self, type: i64, count: i64) -> None:
        t: i64 = unpacked(self.array_field(type))
        while count > 0 and not (self.dead and self.sp == self.floor):  # made-up operands need no counting
            self.pop(t)
            count -= 1
        self.push_new(type)

    def check_from_data(self, type: i64, field: FieldType) -> None:
        if field.storage & REF_BIT:
            raise self.invalid(f"array type is not numeric or vector: type {type} holds {type_text(field.storage)}")

    def check_from_elem(self, elem: i64, field: FieldType) -> None:
        t: i64 = self.elem_type(elem)
        if not self.matches(t, field.storage):
            raise self.invalid(
                f"type mismatch: {self.instruction_name()} takes {type_text(t)} from segment {elem} for an array of "
                f"{type_text(field.storage)}"
            )

    def array_new_data(self, type: i64, data: i64) -> None:
        self.check_from_data(type, self.array_field(type))
        self.check_data(data)
        self.pop(I32)
        self.pop(I32)
        self.push_new(type)

    def array_new_elem(self, type: i64, elem: i64) -> None:
        self.check_from_elem(elem, self.array_field(type))
        self.pop(I32)
        self.pop(I32)
        self.push_new(type)

    def get_element(self, type: i64, packed: bool) -> None:
        field = self.array_field(type)
        self.check_packed(field, packed)
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | type)
        self.push(unpacked(field))

    def array_get(self, type: i64) -> None:
        self.get_element(type, False)

    def array_get_s(self, type: i64) -> None:
        self.get_element(type, True)

    def array_get_u(self, type: i64) -> None:
        self.get_element(type, True)

    def array_set(self, type: i64) -> None:
        field = self.mutable_array(type)
        self.pop(unpacked(field))
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | type)

    def array_len(self) -> None:
        self.pop(ARRAYREF)
        self.push(I32)

    def array_fill(self, type: i64) -> None:
        field = self.mutable_array(type)
        self.pop(I32)
        self.pop(unpacked(field))
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | type)

    def array_copy(self, dst: i64, src: i64) -> None:
        to_field = self.mutable_array(dst)
        from_field = self.array_field(src)
        if not self.space.matches(from_field.storage, to_field.storage):
            raise self.invalid(
                f"array types do not match: {type_text(from_field.storage)} copied to {type_text(to_field.storage)}"
            )
        self.pop(I32)
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | src)
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | dst)

    def pop_init(self, type: i64) -> None:
        self.pop(I32)
        self.pop(I32)
        self.pop(I32)
        self.pop(REF_BIT | NULL_BIT | type)

    def array_init_data(self, type: i64, data: i64) -> None:
        self.check_from_data(type, self.mutable_array(type))
        self.check_data(data)
        self.pop_init(type)

    def array_init_elem(self, type: i64, elem: i64) -> None:
        self.check_from_elem(elem, self.mutable_array(type))
        self.pop_init(type)

    # --- custom descriptors ---

    def allocation_descriptor(self, type: i64) -> i64:
        descriptor: i64 = self.space.descriptors[type]
        if descriptor < 0:
            raise self.invalid(f"type without descriptor requires non-descriptor allocation: type {type}")
        return descriptor

    def struct_new_desc(self, type: i64) -> None:
        struct = self.struct_type(type)
        self.pop(REF_BIT | NULL_BIT | EXACT_BIT | self.allocation_descriptor(type))
        self.pop_fields(struct)
        self.push_new(type)

    def struct_new_default_desc(self, type: i64) -> None:
        struct = self.struct_type(type)
        descriptor: i64 = self.allocation_descriptor(type)
        for field in struct.fields:
            self.check_default(field)
        self.pop(REF_BIT | NULL_BIT | EXACT_BIT | descriptor)
        self.push_new(type)

    def ref_get_desc(self, type: i64) -> None:
        self.check_type_index(type)
        descriptor: i64 = self.space.descriptors[type]
        if descriptor < 0:
            raise self.invalid(f"type without descriptor: type {type}")
        t: i64 = self.pop(REF_BIT | NULL_BIT | type)
        exact = self.matches(t, REF_BIT | NULL_BIT | EXACT_BIT | type)
        self.push(REF_BIT | descriptor | (EXACT_BIT if exact else 0))

    def pop_cast_descriptor(self, heap: i64) -> None:
        """Pop the descriptor that a cast to `heap` compares with: exact if the cast is."""
        self.check_type(REF_BIT | heap)
        descriptor: i64 = -1
        if not heap & ABSTRACT_BIT:
            descriptor = self.space.descriptors[heap & INDEX_MASK]
        if descriptor < 0:
            name = heap_name(HeapType(heap & HEAP_MASK))
            raise self.invalid(f"type {name} does not have a descriptor: {self.instruction_name()} needs one")
        self.pop(REF_BIT | NULL_BIT | heap & EXACT_BIT | descriptor)

    def ref_cast_desc_eq(self, heap: i64) -> None:
        self.pop_cast_descriptor(heap)
        self.ref_cast(heap)

    def ref_cast_desc_eq_null(self, heap: i64) -> None:
        self.pop_cast_descriptor(heap)
        self.ref_cast_null(heap)

    def br_on_cast_desc_eq(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.pop_cast_descriptor(target)
        self.branch_on_success(flags, label, source, target)

    def br_on_cast_desc_eq_fail(self, flags: i64, label: i64, source: i64, target: i64) -> None:
        self.pop_cast_descriptor(target)
        self.branch_on_failure(flags, label, source, target)


def is_packed(field: FieldType) -> bool:
    return field.storage == I8 or field.storage == I16


def unpacked(field: FieldType) -> i64:
    """The value type that a field's operand has."""
    return I32 if is_packed(field) else field.storage
