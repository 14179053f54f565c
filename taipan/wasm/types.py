"""Value, reference, composite and external types (spec: Structure, Types).

A value type is an **integer**, so that the validator and the compilers keep whole operand stacks in flat arrays:

    numeric and vector   the byte of the binary format: I32 = 0x7F ... V128 = 0x7B; packed I8 = 0x78, I16 = 0x77
    reference            REF_BIT | NULL_BIT? | EXACT_BIT? | heap type
    heap type            a type index (32 bits), or ABSTRACT_BIT | the byte of the binary format (FUNC = 0x70 ...)
    BOT                  0, the type of operands in unreachable code

Type indices inside a value type belong to the module that the type was read from; `matching.py` compares types of
one module, and the engine's type registry turns them into engine-wide ids. Such references carry the engine's number
(not 0) above ENGINE_SHIFT, so that terms cannot be mixed up.
"""

from __future__ import annotations

from typing import Final, NewType

from mypy_extensions import mypyc_attr

ValType = NewType("ValType", int)
"""A value type, a packed storage type, or `BOT`; see the module's docstring for the encoding."""
HeapType = NewType("HeapType", int)
"""A type index, or `ABSTRACT_BIT` with the byte of an abstract heap type."""

REF_BIT: Final = 0x1_0000_0000
NULL_BIT: Final = 0x2_0000_0000
EXACT_BIT: Final = 0x4_0000_0000
ABSTRACT_BIT: Final = 0x8_0000_0000
SHARED_BIT: Final = 0x10_0000_0000
HEAP_MASK: Final = 0x18_FFFF_FFFF  # index or byte, and the bits that belong to the heap type
INDEX_MASK: Final = 0xFFFF_FFFF
ENGINE_SHIFT: Final = 40

BOT: Final = ValType(0)
I32: Final = ValType(0x7F)
I64: Final = ValType(0x7E)
F32: Final = ValType(0x7D)
F64: Final = ValType(0x7C)
V128: Final = ValType(0x7B)
I8: Final = ValType(0x78)
I16: Final = ValType(0x77)

HEAP_NOEXN: Final = HeapType(0x8_0000_0074)
HEAP_NOFUNC: Final = HeapType(0x8_0000_0073)
HEAP_NOEXTERN: Final = HeapType(0x8_0000_0072)
HEAP_NONE: Final = HeapType(0x8_0000_0071)
HEAP_FUNC: Final = HeapType(0x8_0000_0070)
HEAP_EXTERN: Final = HeapType(0x8_0000_006F)
HEAP_ANY: Final = HeapType(0x8_0000_006E)
HEAP_EQ: Final = HeapType(0x8_0000_006D)
HEAP_I31: Final = HeapType(0x8_0000_006C)
HEAP_STRUCT: Final = HeapType(0x8_0000_006B)
HEAP_ARRAY: Final = HeapType(0x8_0000_006A)
HEAP_EXN: Final = HeapType(0x8_0000_0069)

FUNCREF: Final = ValType(0x8_0000_0070 | REF_BIT | NULL_BIT)
EXTERNREF: Final = ValType(0x8_0000_006F | REF_BIT | NULL_BIT)
ANYREF: Final = ValType(0x8_0000_006E | REF_BIT | NULL_BIT)
EQREF: Final = ValType(0x8_0000_006D | REF_BIT | NULL_BIT)
I31REF: Final = ValType(0x8_0000_006C | REF_BIT | NULL_BIT)
STRUCTREF: Final = ValType(0x8_0000_006B | REF_BIT | NULL_BIT)
ARRAYREF: Final = ValType(0x8_0000_006A | REF_BIT | NULL_BIT)
EXNREF: Final = ValType(0x8_0000_0069 | REF_BIT | NULL_BIT)
NULLREF: Final = ValType(0x8_0000_0071 | REF_BIT | NULL_BIT)
NULLFUNCREF: Final = ValType(0x8_0000_0073 | REF_BIT | NULL_BIT)
NULLEXTERNREF: Final = ValType(0x8_0000_0072 | REF_BIT | NULL_BIT)
NULLEXNREF: Final = ValType(0x8_0000_0074 | REF_BIT | NULL_BIT)

HEAP_NAMES: Final[dict[int, str]] = {
    0x74: "noexn",
    0x73: "nofunc",
    0x72: "noextern",
    0x71: "none",
    0x70: "func",
    0x6F: "extern",
    0x6E: "any",
    0x6D: "eq",
    0x6C: "i31",
    0x6B: "struct",
    0x6A: "array",
    0x69: "exn",
}
"""Byte of the binary format -> the word of the text format, for every abstract heap type."""

NUMERIC_NAMES: Final[dict[int, str]] = {
    0x7F: "i32",
    0x7E: "i64",
    0x7D: "f32",
    0x7C: "f64",
    0x7B: "v128",
    0x78: "i8",
    0x77: "i16",
}
_NULL_SHORTHANDS: Final = {
    "none": "nullref",
    "nofunc": "nullfuncref",
    "noextern": "nullexternref",
    "noexn": "nullexnref",
}


def ref_type(heap: HeapType, nullable: bool, exact: bool = False) -> ValType:
    """The reference type `(ref null? heap)`, exact if asked (custom descriptors)."""
    bits = REF_BIT | heap
    if nullable:
        bits |= NULL_BIT
    if exact:
        bits |= EXACT_BIT
    return ValType(bits)


def is_ref(t: ValType) -> bool:
    return (t & REF_BIT) != 0


def is_nullable(t: ValType) -> bool:
    return (t & NULL_BIT) != 0


def is_exact(t: ValType) -> bool:
    return (t & EXACT_BIT) != 0


def heap_of(t: ValType) -> HeapType:
    """The heap type of a reference type."""
    return HeapType(t & HEAP_MASK)


def is_concrete(heap: HeapType) -> bool:
    """Whether a heap type is a type index."""
    return (heap & ABSTRACT_BIT) == 0


def heap_name(heap: HeapType) -> str:
    """The heap type as the text format writes it, concrete ones as their index."""
    if is_concrete(heap):
        return str(heap)
    name = HEAP_NAMES[heap & 0xFF]
    return f"(shared {name})" if heap & SHARED_BIT else name


def type_name(t: ValType) -> str:
    """The value type as the text format writes it: `i32`, `funcref`, `(ref null 3)`; `BOT` as `unknown`."""
    if t == BOT:
        return "unknown"
    if not is_ref(t):
        return NUMERIC_NAMES[t]
    heap = heap_of(t)
    if is_nullable(t) and not is_exact(t) and not is_concrete(heap) and not heap & SHARED_BIT:
        name = HEAP_NAMES[heap & 0xFF]
        return _NULL_SHORTHANDS.get(name, name + "ref")
    inner = f"(exact {heap_name(heap)})" if is_exact(t) else heap_name(heap)
    return f"(ref null {inner})" if is_nullable(t) else f"(ref {inner})"


@mypyc_attr(acyclic=True)
class FuncType:
    """A function type: what is popped and what is pushed, in order."""

    __slots__ = ("params", "results")

    def __init__(self, params: tuple[ValType, ...], results: tuple[ValType, ...]) -> None:
        self.params: Final = params
        self.results: Final = results

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self.params == other.params and self.results == other.results

    def __hash__(self) -> int:
        return hash((self.params, self.results))

    def __repr__(self) -> str:
        return f"[{' '.join(map(type_name, self.params))}] -> [{' '.join(map(type_name, self.results))}]"


@mypyc_attr(acyclic=True)
class FieldType:
    """A struct or array field: its storage type (a value type, `I8` or `I16`) and mutability."""

    __slots__ = ("mutable", "storage")

    def __init__(self, storage: ValType, mutable: bool) -> None:
        self.storage: Final = storage
        self.mutable: Final = mutable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldType) and self.storage == other.storage and self.mutable == other.mutable

    def __hash__(self) -> int:
        return hash((self.storage, self.mutable))

    def __repr__(self) -> str:
        return f"(mut {type_name(self.storage)})" if self.mutable else type_name(self.storage)


@mypyc_attr(acyclic=True)
class StructType:
    __slots__ = ("fields",)

    def __init__(self, fields: tuple[FieldType, ...]) -> None:
        self.fields: Final = fields

    def __repr__(self) -> str:
        return f"struct {list(self.fields)}"


@mypyc_attr(acyclic=True)
class ArrayType:
    __slots__ = ("field",)

    def __init__(self, field: FieldType) -> None:
        self.field: Final = field

    def __repr__(self) -> str:
        return f"array {self.field}"


class LinkType:
    """A type that is no core type but has an entry in the type index space: of a module or an instance (linking.py)."""

    __slots__ = ()


CompType = FuncType | StructType | ArrayType | LinkType


@mypyc_attr(acyclic=True)
class SubType:
    """One entry of the type index space: a composite type, its declared supertypes, whether it is final.

    describes, descriptor: type indices of the custom-descriptors proposal, or -1.  shared: of the threads' future.
    """

    __slots__ = ("comp", "describes", "descriptor", "final", "shared", "supertypes")

    def __init__(
        self,
        comp: CompType,
        final: bool = True,
        supertypes: tuple[int, ...] = (),
        describes: int = -1,
        descriptor: int = -1,
        shared: bool = False,
    ) -> None:
        self.comp: Final = comp
        self.final: Final = final
        self.supertypes: Final = supertypes
        self.describes: Final = describes
        self.descriptor: Final = descriptor
        self.shared: Final = shared


class Limits:
    """Size range of a memory (in pages) or table (in elements); `max` None is "no maximum"."""

    __slots__ = ("max", "min")

    def __init__(self, min: int, max: int | None = None) -> None:
        self.min: Final = min
        self.max: Final = max

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and self.min == other.min and self.max == other.max

    def __hash__(self) -> int:
        return hash((self.min, self.max))

    def __repr__(self) -> str:
        return str(self.min) if self.max is None else f"{self.min} {self.max}"


class MemType:
    """A memory type. page_size_log2 is 16 unless the custom-page-sizes proposal says 0."""

    __slots__ = ("is_64", "limits", "page_size_log2", "shared")

    def __init__(self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16) -> None:
        self.limits: Final = limits
        self.is_64: Final = is_64
        self.shared: Final = shared
        self.page_size_log2: Final = page_size_log2


class TableType:
    """A table type: element reference type, size range, and whether it is indexed by i64."""

    __slots__ = ("element", "is_64", "limits")

    def __init__(self, element: ValType, limits: Limits, is_64: bool = False) -> None:
        self.element: Final = element
        self.limits: Final = limits
        self.is_64: Final = is_64


class GlobalType:
    __slots__ = ("content", "mutable")

    def __init__(self, content: ValType, mutable: bool) -> None:
        self.content: Final = content
        self.mutable: Final = mutable


class TagType:
    """An exception tag: the index of its function type (no results in Wasm 3.0)."""

    __slots__ = ("type_idx",)

    def __init__(self, type_idx: int) -> None:
        self.type_idx: Final = type_idx
