"""When one type matches another (spec: Validation, Matching), and when two recursion groups are the same.

Wasm types are iso-recursive: two type indices name the same type when their whole recursion groups look alike and
they hold the same place in them. So every group gets a *key*, the bytes of all its types in which a reference inside
the group is its place there and a reference to an earlier group is the canonical id that was given to it. Equal keys
are equal groups. The validator numbers the types of one module so (`canonicalize`), the engine's type registry those of
all modules; both then ask the same `TypeSpace`.

Comparing needs no recursion into type definitions: a subtype names its parent, and parents were compared when they
were declared.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter, write_i32_le
from mypy_extensions import i32, i64, u8

from taipan.wasm.types import (
    ABSTRACT_BIT,
    ENGINE_SHIFT,
    EXACT_BIT,
    HEAP_ANY,
    HEAP_ARRAY,
    HEAP_EXN,
    HEAP_EXTERN,
    HEAP_FUNC,
    HEAP_MASK,
    HEAP_STRUCT,
    INDEX_MASK,
    NULL_BIT,
    REF_BIT,
    SHARED_BIT,
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
    type_name,
)

# Abstract heap types are the bytes 0x69 ... 0x74; the set of all supertypes of each, itself included, as a bit set.
_FIRST_ABSTRACT: Final = 0x69
_SUPERTYPES: Final = (
    0b0000_0000_0001,  # exn
    0b0000_0011_0010,  # array < eq < any
    0b0000_0011_0100,  # struct < eq < any
    0b0000_0011_1000,  # i31 < eq < any
    0b0000_0011_0000,  # eq < any
    0b0000_0010_0000,  # any
    0b0000_0100_0000,  # extern
    0b0000_1000_0000,  # func
    0b0001_0011_1110,  # none < everything below any
    0b0010_0100_0000,  # noextern < extern
    0b0100_1000_0000,  # nofunc < func
    0b1000_0000_0001,  # noexn < exn
)
_POWERS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
_TOPS: Final = (
    HEAP_EXN,
    HEAP_ANY,
    HEAP_ANY,
    HEAP_ANY,
    HEAP_ANY,
    HEAP_ANY,
    HEAP_EXTERN,
    HEAP_FUNC,
    HEAP_ANY,
    HEAP_EXTERN,
    HEAP_FUNC,
    HEAP_EXN,
)


def abstract_matches(sub: HeapType, super: HeapType) -> bool:
    """Whether one abstract heap type is a subtype of another."""
    if (sub ^ super) & SHARED_BIT:
        return False
    return (_SUPERTYPES[(sub & 0xFF) - _FIRST_ABSTRACT] & _POWERS[(super & 0xFF) - _FIRST_ABSTRACT]) != 0


NOT_CORE: Final = 0
"""In `TypeSpace.kinds`: of a module or instance type, which no reference can have."""


class TypeSpace:
    """The types of one index space, and the subtype relation on them.

    All lists are indexed by type index (the validator's) or engine-wide id (the registry's).
    canon: the canonical id of each; ids of equal types are equal.  parents: canonical id of the declared supertype,
    or -1.  kinds: the byte of HEAP_FUNC, HEAP_STRUCT or HEAP_ARRAY, or NOT_CORE.  depths: number of supertypes above.
    """

    __slots__ = ("canon", "comps", "depths", "descriptors", "kinds", "parents")

    def __init__(self) -> None:
        self.canon: list[int] = []
        self.parents: list[int] = []
        self.kinds: Final = bytearray()
        self.depths: list[int] = []
        self.comps: list[CompType] = []
        self.descriptors: list[int] = []

    def __len__(self) -> int:
        return len(self.canon)

    def kind_of(self, index: int) -> HeapType:
        """HEAP_FUNC, HEAP_STRUCT or HEAP_ARRAY."""
        return HeapType(ABSTRACT_BIT | self.kinds[index])

    def heap_matches(self, sub: HeapType, super: HeapType) -> bool:
        """Whether heap type `sub` is a subtype of `super`; exactness is the reference type's business."""
        if sub == super:
            return True
        if super & ABSTRACT_BIT:
            if sub & ABSTRACT_BIT:
                return abstract_matches(sub, super)
            return abstract_matches(self.kind_of(sub), super)
        if sub & ABSTRACT_BIT:
            # Only the bottom of a hierarchy lies below its concrete types.
            byte = sub & 0xFF
            kind = self.kind_of(super)
            return (byte == 0x71 or byte == 0x73) and abstract_matches(sub, kind)
        wanted = self.canon[super]
        at = self.canon[sub]
        while at >= 0:
            if at == wanted:
                return True
            at = self.parents[at]
        return False

    def ref_matches(self, sub: ValType, super: ValType) -> bool:
        """Both are reference types."""
        if sub & NULL_BIT and not super & NULL_BIT:
            return False
        if super & EXACT_BIT:
            if sub & EXACT_BIT:
                return self.canon[sub & INDEX_MASK] == self.canon[super & INDEX_MASK]
            if not sub & ABSTRACT_BIT:
                return False
        return self.heap_matches(HeapType(sub & HEAP_MASK), HeapType(super & HEAP_MASK))

    def matches(self, sub: ValType, super: ValType) -> bool:
        """Whether value (or packed) type `sub` is a subtype of `super`; `BOT` is below everything."""
        if sub == super or sub == 0:
            return True
        if not sub & REF_BIT or not super & REF_BIT:
            return False
        return self.ref_matches(sub, super)

    def all_match(self, subs: tuple[ValType, ...], supers: tuple[ValType, ...]) -> bool:
        """Result types match: same length, each matches."""
        if len(subs) != len(supers):
            return False
        return all(self.matches(subs[i], supers[i]) for i in range(len(subs)))

    def canonical(self, t: ValType) -> ValType:
        """The value type with its type index, if any, made canonical."""
        if t & REF_BIT and not t & ABSTRACT_BIT:
            return ValType(t & ~INDEX_MASK | self.canon[t & INDEX_MASK])
        return t

    def field_matches(self, sub: FieldType, super: FieldType) -> bool:
        if sub.mutable != super.mutable:
            return False
        if sub.mutable:
            return self.canonical(sub.storage) == self.canonical(super.storage)
        return self.matches(sub.storage, super.storage)

    def func_matches(self, sub: FuncType, super: FuncType) -> bool:
        return self.all_match(super.params, sub.params) and self.all_match(sub.results, super.results)

    def comp_matches(self, sub: CompType, super: CompType) -> bool:
        """Whether a composite type may be declared a subtype of another (structurally; spec: match-comptype)."""
        if isinstance(sub, FuncType):
            return isinstance(super, FuncType) and self.func_matches(sub, super)
        if isinstance(sub, ArrayType):
            return isinstance(super, ArrayType) and self.field_matches(sub.field, super.field)
        if not isinstance(sub, StructType) or not isinstance(super, StructType) or len(sub.fields) < len(super.fields):
            return False
        return all(self.field_matches(sub.fields[i], super.fields[i]) for i in range(len(super.fields)))

    def top_of(self, heap: HeapType) -> HeapType:
        """The top of the hierarchy of a heap type: any, func, extern or exn."""
        if not heap & ABSTRACT_BIT:
            heap = self.kind_of(heap)
        return HeapType(_TOPS[(heap & 0xFF) - _FIRST_ABSTRACT] | heap & SHARED_BIT)

    def is_defaultable(self, t: ValType) -> bool:
        return (t & REF_BIT) == 0 or (t & NULL_BIT) != 0


def heap_kind(comp: CompType) -> HeapType:
    """The abstract heap type directly above a composite type."""
    if isinstance(comp, FuncType):
        return HEAP_FUNC
    return HEAP_STRUCT if isinstance(comp, StructType) else HEAP_ARRAY


# --- canonicalisation ------------------------------------------------------------------------------------------

# First byte of a reference type in a key; those of other value types, 0x77 to 0x7F, differ.
_ABSTRACT: Final = 0x10
_CONCRETE: Final = 0x20
_LOCAL: Final = 0x08

_LONG: Final = 0xFF  # a length follows in 32 bits

_FUNC_CODE: Final = 0
_STRUCT_CODE: Final = 1
_ARRAY_CODE: Final = 2


@final
class GroupKey:
    """Writes keys of recursion groups: `begin`, `sub_type` for each of its types, `value`.

    ids: canonical id of every type index before the group; None where indices are canonical themselves.
    engine: the number that references in engine-wide terms carry (`types.ENGINE_SHIFT`); those of a module carry 0.
    refers: the ids of earlier groups that the key mentions, repeated as often as they are mentioned.
    """

    __slots__ = ("engine", "first", "ids", "out", "refers")

    def __init__(self, ids: list[int] | None, engine: int = 0) -> None:
        self.first: i64 = 0
        self.engine: i64 = engine
        self.ids: Final = ids
        self.out: Final = BytesWriter()
        self.refers: Final[list[int]] = []

    def begin(self, first: int) -> None:
        """first: type index of the group's first type, or a number above every index if indices are canonical."""
        self.first = first
        self.out.truncate(0)
        if self.refers:
            self.refers.clear()

    def index(self, index: i64) -> None:
        """A type index. A place in the group and an earlier id look different where both can be."""
        if index >= self.first:
            write_i32_le(self.out, i32(index - self.first))
            return
        ids = self.ids
        found: i64 = index if ids is None else ids[index]
        self.refers.append(found)
        write_i32_le(self.out, i32(found))

    def type(self, t: i64) -> None:
        out = self.out
        if not t & REF_BIT:
            out.append(u8(t))
            return
        # Whether it is null, exact, of a shared heap type.
        bits: i64 = (1 if t & NULL_BIT else 0) | (2 if t & EXACT_BIT else 0) | (4 if t & SHARED_BIT else 0)
        if t & ABSTRACT_BIT:
            out.append(u8(_ABSTRACT | bits))
            out.append(u8(t & 0xFF))
            return
        index: i64 = t & INDEX_MASK
        if t >> ENGINE_SHIFT != self.engine:
            raise ValueError(_foreign(self.engine, index))
        out.append(u8(_CONCRETE | bits | (_LOCAL if index >= self.first else 0)))
        self.index(index)

    def field(self, field: FieldType) -> None:
        self.out.append(u8(1 if field.mutable else 0))
        self.type(field.storage)

    def length(self, length: i64) -> None:
        if length < _LONG:
            self.out.append(u8(length))
        else:
            self.out.append(u8(_LONG))
            write_i32_le(self.out, i32(length))

    def types(self, types: tuple[ValType, ...]) -> None:
        self.length(len(types))
        for t in types:
            self.type(t)

    def clause(self, index: i64) -> None:
        """The index in a supertype, `describes` or `descriptor` clause."""
        self.out.append(u8(_LOCAL if index >= self.first else 0))
        self.index(index)

    def sub_type(self, sub: SubType) -> None:
        """Every part is fixed in length or tells its length, so that different groups have different keys.

        Raises ValueError if the type is in terms of another engine, or should be a module's and is in an engine's.
        """
        comp = sub.comp
        supertypes = sub.supertypes
        describes: i64 = sub.describes
        descriptor: i64 = sub.descriptor
        head: i64 = _ARRAY_CODE
        if isinstance(comp, FuncType):
            head = _FUNC_CODE
        elif isinstance(comp, StructType):
            head = _STRUCT_CODE
        head |= (4 if sub.final else 0) | (8 if sub.shared else 0) | (16 if supertypes else 0)
        self.out.append(u8(head | (32 if describes >= 0 else 0) | (64 if descriptor >= 0 else 0)))
        if supertypes:
            self.length(len(supertypes))
            for index in supertypes:
                self.clause(index)
        if describes >= 0:
            self.clause(describes)
        if descriptor >= 0:
            self.clause(descriptor)
        if isinstance(comp, FuncType):
            self.types(comp.params)
            self.types(comp.results)
        elif isinstance(comp, ArrayType):
            self.field(comp.field)
        else:
            assert isinstance(comp, StructType)
            self.length(len(comp.fields))
            for field in comp.fields:
                self.field(field)

    def value(self) -> bytes:
        # bytes hash with a random key, so hostile modules cannot make keys collide as they could with tuples of int
        return self.out.getvalue()


def _foreign(engine: i64, index: i64) -> str:
    if engine == 0:
        return f"type {index} is in engine-wide terms already: canonicalized twice"
    return f"type {index} is not one of this engine: canonicalized in a different engine?"


def translate(t: ValType, ids: list[int], engine: i64) -> ValType:
    """The value type of a module in terms of an engine: type index i replaced by `ids[i]` and the engine's number.

    Raises ValueError if it is in such terms already.
    """
    if t & REF_BIT and not t & ABSTRACT_BIT:
        index = t & INDEX_MASK
        if t >> ENGINE_SHIFT:
            raise ValueError(_foreign(0, index))
        return ValType(t - index + ids[index] + (engine << ENGINE_SHIFT))
    return t


def _translate_types(types: tuple[ValType, ...], ids: list[int], engine: i64) -> tuple[ValType, ...]:
    for t in types:
        if t & REF_BIT and not t & ABSTRACT_BIT:
            if len(types) == 1:
                return (translate(t, ids, engine),)
            return tuple([translate(t, ids, engine) for t in types])
    return types


def _translate_field(field: FieldType, ids: list[int], engine: i64) -> FieldType:
    storage = translate(field.storage, ids, engine)
    return field if storage == field.storage else FieldType(storage, field.mutable)


def translate_comp(comp: CompType, ids: list[int], engine: i64) -> CompType:
    """The composite type translated throughout; the same object where it refers to no type."""
    if isinstance(comp, FuncType):
        params = _translate_types(comp.params, ids, engine)
        results = _translate_types(comp.results, ids, engine)
        return comp if params is comp.params and results is comp.results else FuncType(params, results)
    if isinstance(comp, ArrayType):
        field = _translate_field(comp.field, ids, engine)
        return comp if field is comp.field else ArrayType(field)
    assert isinstance(comp, StructType)
    return StructType(tuple([_translate_field(field, ids, engine) for field in comp.fields]))


class Canonicalizer:
    """Gives the types of one module their canonical ids: the index of the first equal type of the module.

    `add_group` is called for each recursion group in order; its types need not be valid yet, but every type index in
    them must exist.
    """

    __slots__ = ("_first_of_key", "_key", "space")

    def __init__(self) -> None:
        self.space: Final = TypeSpace()
        self._key: Final = GroupKey(self.space.canon)
        self._first_of_key: Final[dict[bytes, int]] = {}

    def add_group(self, types: list[SubType], first: int, count: int) -> None:
        if count == 0:
            return
        space = self.space
        key = self._key
        key.begin(first)
        for i in range(first, first + count):
            key.sub_type(types[i])
        canonical_first = self._first_of_key.setdefault(key.value(), first)
        for i in range(first, first + count):
            sub = types[i]
            space.canon.append(canonical_first + i - first)
            space.kinds.append(heap_kind(sub.comp) & 0xFF)
            space.comps.append(sub.comp)
            space.descriptors.append(sub.descriptor)
        for i in range(first, first + count):
            supertypes = types[i].supertypes
            parent = space.canon[supertypes[0]] if supertypes and supertypes[0] < i else -1
            space.parents.append(parent)
            space.depths.append(0 if parent < 0 else space.depths[parent] + 1)

    def add_link_type(self, comp: CompType) -> None:
        """The next type is a module or instance type: equal to none, and no heap type."""
        space = self.space
        space.canon.append(len(space.canon))
        space.kinds.append(NOT_CORE)
        space.comps.append(comp)
        space.descriptors.append(-1)
        space.parents.append(-1)
        space.depths.append(0)


# --- external types (spec: match-externtype) ---------------------------------------------------------------------
# Each returns "" or why `actual` does not fit `wanted`, in the words of Wasmtime. The types are in terms of one space.


def _limits_text(limits: Limits) -> str:
    return f"(min: {limits.min}, max: {'none' if limits.max is None else limits.max})"


def limits_match(actual: Limits, wanted: Limits) -> bool:
    if actual.min < wanted.min:
        return False
    return wanted.max is None or (actual.max is not None and actual.max <= wanted.max)


def func_type_text(func_type: FuncType) -> str:
    """`(i32, i32) -> (f64)`"""
    return f"({', '.join(map(type_name, func_type.params))}) -> ({', '.join(map(type_name, func_type.results))})"


def _type_text(space: TypeSpace, type_id: int) -> str:
    comp = space.comps[type_id]
    return func_type_text(comp) if isinstance(comp, FuncType) else repr(comp)


def func_mismatch(space: TypeSpace, actual: int, wanted: int, exact: bool = False) -> str:
    """Of functions with type ids `actual` and `wanted`; exact: only the very same type fits (custom descriptors)."""
    if space.canon[actual] == space.canon[wanted]:
        return ""
    if not exact and space.heap_matches(HeapType(actual), HeapType(wanted)):
        return ""
    expected, found = _type_text(space, wanted), _type_text(space, actual)
    if expected == found:
        expected = f"(type {wanted}) {expected}"
        found = f"(type {actual}) {found}"
    return f"func types incompatible: expected func of type `{expected}`, found func of type `{found}`"


def tag_mismatch(space: TypeSpace, actual: int, wanted: int) -> str:
    """Tags match when their types are equal."""
    if space.canon[actual] == space.canon[wanted]:
        return ""
    expected, found = _type_text(space, wanted), _type_text(space, actual)
    return f"tag types incompatible: expected tag of type `{expected}`, found tag of type `{found}`"


def table_mismatch(space: TypeSpace, actual: TableType, wanted: TableType) -> str:
    """actual.limits.min is the present size of the table."""
    if space.canonical(actual.element) != space.canonical(wanted.element):
        detail = (
            f"expected table of type `{type_name(wanted.element)}`, found table of type `{type_name(actual.element)}`"
        )
    elif actual.is_64 != wanted.is_64:
        detail = f"expected {_bits(wanted.is_64)}-bit table, found {_bits(actual.is_64)}-bit table"
    elif not limits_match(actual.limits, wanted.limits):
        detail = (
            f"expected table limits {_limits_text(wanted.limits)} doesn't match provided table limits "
            f"{_limits_text(actual.limits)}"
        )
    else:
        return ""
    return "table types incompatible: " + detail


def _bits(is_64: bool) -> int:
    return 64 if is_64 else 32


def memory_mismatch(actual: MemType, wanted: MemType) -> str:
    """actual.limits.min is the present size of the memory, in pages."""
    if actual.is_64 != wanted.is_64:
        detail = f"expected {_bits(wanted.is_64)}-bit memory, found {_bits(actual.is_64)}-bit memory"
    elif actual.shared != wanted.shared:
        expected, found = ("shared", "unshared") if wanted.shared else ("unshared", "shared")
        detail = f"expected {expected} memory, found {found} memory"
    elif actual.page_size_log2 != wanted.page_size_log2:
        expected_size, found_size = 2**wanted.page_size_log2, 2**actual.page_size_log2
        detail = f"expected a memory with a page size of {expected_size}, found one with a page size of {found_size}"
    elif not limits_match(actual.limits, wanted.limits):
        detail = (
            f"expected memory limits {_limits_text(wanted.limits)} doesn't match provided memory limits "
            f"{_limits_text(actual.limits)}"
        )
    else:
        return ""
    return "memory types incompatible: " + detail


def global_mismatch(space: TypeSpace, actual: GlobalType, wanted: GlobalType) -> str:
    """A mutable global must have the very type, an immutable one a subtype."""
    if actual.mutable != wanted.mutable:
        expected, found = ("mutable", "immutable") if wanted.mutable else ("immutable", "mutable")
        return f"global types incompatible: expected {expected} global, found {found} global"
    if wanted.mutable:
        fits = space.canonical(actual.content) == space.canonical(wanted.content)
    else:
        fits = space.matches(actual.content, wanted.content)
    if fits:
        return ""
    expected, found = type_name(wanted.content), type_name(actual.content)
    return f"global types incompatible: expected global of type `{expected}`, found global of type `{found}`"
