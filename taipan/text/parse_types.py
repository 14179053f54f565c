"""Types of the text format: tokens to `wasm.types`, and the type section they make (spec: Text Format, Types).

`TypeParser` owns the module's type list. Type uses written inline (`(param i32)` without `(type x)`) find the first
equal type, or append one, in the order of the source (spec: text-typeuse).
"""

from __future__ import annotations

from typing import Final, final

from mypy_extensions import i64

from taipan.errors import UnsupportedError
from taipan.limits import MAX_TYPE_DEPTH, too_many
from taipan.text import keywords as kws
from taipan.text.lexer import ID, KEYWORD, LPAR, NUMBER, RPAR, STRING, Lexer, is_utf8
from taipan.text.literals import OutOfRange, parse_unsigned
from taipan.text.parse_local_types import local_link_type
from taipan.text.resolve import IndexSpace, Spaces
from taipan.wasm.linking import InstanceTypeDef, ItemDesc, ModuleTypeDef, TypeItem
from taipan.wasm.module import FUNC, GLOBAL, INSTANCE, KIND_NAMES, MEMORY, MODULE, TABLE, TAG
from taipan.wasm.types import (
    ABSTRACT_BIT,
    HEAP_ARRAY,
    HEAP_FUNC,
    HEAP_STRUCT,
    NULL_BIT,
    REF_BIT,
    ArrayType,
    CompType,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    Limits,
    LinkType,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    heap_of,
    is_concrete,
    is_ref,
    ref_type,
)

CORE_KINDS: Final = {kws.FUNC: FUNC, kws.TABLE: TABLE, kws.MEMORY: MEMORY, kws.GLOBAL: GLOBAL, kws.TAG: TAG}
ALL_KINDS: Final = {**CORE_KINDS, kws.MODULE: MODULE, kws.INSTANCE: INSTANCE}
_EMPTY_FUNC: Final = FuncType((), ())


def no_module_linking() -> UnsupportedError:
    return UnsupportedError("module linking proposal not enabled: modules and instances inside a module need it")


@final
class TypeParser:
    """types, rec_groups: as in `wasm.Module`, growing while inline type uses are met.

    wide_limits: whether all limits are u64, as in WebAssembly 3.0, where validation refuses large 32-bit ones.
    linking: whether there are module and instance types.  outer: indices of types aliased from enclosing modules.
    local: whether these are the types of a module or instance type, which has an index space of its own.
    """

    __slots__ = (
        "depth",
        "interned",
        "interned_links",
        "lexer",
        "linking",
        "local",
        "outer",
        "rec_groups",
        "spaces",
        "types",
        "wide_limits",
    )

    def __init__(self, lexer: Lexer, spaces: Spaces, wide_limits: bool, linking: bool) -> None:
        self.wide_limits: Final = wide_limits
        self.linking: Final = linking
        self.lexer: Final = lexer
        self.spaces: Final = spaces
        self.types: list[SubType] = []
        self.rec_groups: list[tuple[int, int]] = []
        # First plain function type that is alone in its recursion group -> its index.
        self.interned: dict[FuncType, int] = {}
        # First module or instance type of certain contents -> its index.
        self.interned_links: dict[tuple[object, ...], int] = {}
        self.outer: set[int] = set()
        self.local: bool = False
        self.depth: int = 0  # module and instance types around the current one

    # Brackets.

    def open(self, keyword: i64) -> bool:
        """Step over `( keyword` if that comes next."""
        lexer = self.lexer
        if lexer.kind != LPAR or lexer.peek_keyword() != keyword:
            return False
        lexer.advance()
        lexer.advance()
        return True

    def at_open(self, keyword: i64) -> bool:
        return self.lexer.kind == LPAR and self.lexer.peek_keyword() == keyword

    def close(self) -> None:
        if self.lexer.kind != RPAR:
            raise self.lexer.unexpected(")")
        self.lexer.advance()

    def accept(self, keyword: i64) -> bool:
        """Step over one keyword if it comes next."""
        if self.lexer.kind == KEYWORD and self.lexer.kw == keyword:
            self.lexer.advance()
            return True
        return False

    # Value types.

    def at_val_type(self) -> bool:
        lexer = self.lexer
        if lexer.kind == KEYWORD:
            kw = lexer.kw
            return kws.VALTYPE_BASE <= kw < kws.HEAPTYPE_BASE or kws.REFTYPE_BASE <= kw < kws.INSTR_BASE
        return self.at_open(kws.REF)

    def storage_type(self) -> ValType:
        lexer = self.lexer
        if lexer.kind == KEYWORD:
            kw = lexer.kw
            if kws.VALTYPE_BASE <= kw < kws.HEAPTYPE_BASE:
                lexer.advance()
                return ValType(int(kw - kws.VALTYPE_BASE))
        return self.ref_type()

    def val_type(self) -> ValType:
        lexer = self.lexer
        start = lexer.start
        result = self.storage_type()
        if result in (0x78, 0x77):
            raise lexer.error("unexpected token: a packed type is not a value type", start)
        return result

    def at_ref_type(self) -> bool:
        lexer = self.lexer
        if lexer.kind == KEYWORD:
            return kws.REFTYPE_BASE <= lexer.kw < kws.INSTR_BASE
        return self.at_open(kws.REF)

    def ref_type(self) -> ValType:
        """`funcref` and the like, or `(ref null? heaptype)`."""
        lexer = self.lexer
        if lexer.kind == KEYWORD:
            kw = lexer.kw
            if kws.REFTYPE_BASE <= kw < kws.INSTR_BASE:
                lexer.advance()
                return ValType(int(kw - kws.REFTYPE_BASE) | ABSTRACT_BIT | REF_BIT | NULL_BIT)
        if not self.open(kws.REF):
            raise lexer.unexpected("type")
        nullable = self.accept(kws.NULL)
        heap, exact = self.heap_type()
        self.close()
        return ref_type(heap, nullable, exact)

    def heap_type(self) -> tuple[HeapType, bool]:
        """A heap type and whether it is exact."""
        lexer = self.lexer
        if lexer.kind == KEYWORD:
            kw = lexer.kw
            heap = HeapType(0)
            if kws.HEAPTYPE_BASE <= kw < kws.REFTYPE_BASE:
                heap = HeapType(int(kw - kws.HEAPTYPE_BASE) | ABSTRACT_BIT)
            elif kw == kws.FUNC:
                heap = HEAP_FUNC
            elif kw == kws.STRUCT:
                heap = HEAP_STRUCT
            elif kw == kws.ARRAY:
                heap = HEAP_ARRAY
            if heap:
                lexer.advance()
                return heap, False
        elif lexer.kind in (NUMBER, ID):
            return HeapType(int(self.spaces.types.resolve(lexer))), False
        elif self.open(kws.EXACT):
            index = self.spaces.types.resolve(lexer)
            self.close()
            return HeapType(int(index)), True
        raise lexer.unexpected("heap type")

    # Function types.

    def func_signature(self, params_space: IndexSpace | None) -> FuncType:
        """`(param ...)* (result ...)*`; names go to `params_space`, and are an error where there is none."""
        lexer = self.lexer
        if lexer.kind != LPAR:
            return _EMPTY_FUNC
        params: list[ValType] = []
        results: list[ValType] = []
        while self.open(kws.PARAM):
            self.declarations(params, params_space)
        while self.open(kws.RESULT):
            while self.at_val_type():
                results.append(self.val_type())
            self.close()
        if not params and not results:
            return _EMPTY_FUNC
        return FuncType(tuple(params), tuple(results))

    def declarations(self, types: list[ValType], space: IndexSpace | None) -> None:
        """The rest of a `(param`, `(local`: `$id type )` or `type* )`."""
        lexer = self.lexer
        if space is not None and (lexer.kind == ID or lexer.at_annotation()):
            space.declare(lexer)
            types.append(self.val_type())
            self.close()
            return
        while self.at_val_type():
            types.append(self.val_type())
            if space is not None:
                space.count += 1
        self.close()

    def type_use(self, params_space: IndexSpace | None) -> i64:
        """`(type x)? (param ...)* (result ...)*`: the index of its type.

        Parameters are counted in `params_space` even where only `(type x)` is written.
        """
        lexer = self.lexer
        start = lexer.start
        if not self.at_open(kws.TYPE):
            return self.intern(self.func_signature(params_space))
        index = self.type_ref()
        if not self.at_open(kws.PARAM) and not self.at_open(kws.RESULT):
            if params_space is not None and index < len(self.types):
                comp = self.types[index].comp
                if isinstance(comp, FuncType):
                    params_space.count += len(comp.params)
            return index
        inline = self.func_signature(params_space)
        if self.at_open(kws.PARAM):
            raise lexer.unexpected("results after parameters")
        if index >= len(self.types):
            raise lexer.error(f"unknown type {index}", start)
        comp = self.types[index].comp
        if int(index) in self.outer:
            comp = _without_indices(comp)
            inline = _without_indices(inline)
        if comp != inline and (inline.params or inline.results):
            raise lexer.error("inline function type does not match the type that is named", start)
        return index

    def type_ref(self) -> i64:
        """`(type x)`, or an outer type as an inline alias."""
        if self.spaces.types.at_alias(self.lexer):
            return self.spaces.types.resolve_alias(self.lexer)
        if not self.open(kws.TYPE):
            raise self.lexer.unexpected("(type")
        index = self.spaces.types.resolve(self.lexer)
        self.close()
        return index

    def intern(self, func_type: FuncType) -> i64:
        """The index of the first plain type equal to `func_type`, appended if there is none."""
        index = self.interned.get(func_type, -1)
        if index < 0:
            index = len(self.types)
            self.interned[func_type] = index
            self.rec_groups.append((index, 1))
            self.types.append(SubType(func_type))
        return index

    # Type definitions.

    def type_definition(self, index: int) -> SubType:
        """The rest of type `index` up to and with its `)`; the current token is what follows the identifier."""
        lexer = self.lexer
        final = True
        supertypes: list[int] = []
        describes: i64 = -1
        descriptor: i64 = -1
        in_sub = self.open(kws.SUB)
        if in_sub:
            final = self.accept(kws.FINAL)
            while lexer.kind in (NUMBER, ID):
                supertypes.append(self.spaces.types.resolve(lexer))
        if self.open(kws.DESCRIBES):
            describes = self.spaces.types.resolve(lexer)
            self.close()
        if self.open(kws.DESCRIPTOR):
            descriptor = self.spaces.types.resolve(lexer)
            self.close()
        comp = self.comp_type(index)
        if in_sub:
            self.close()
        self.close()
        return SubType(comp, final, tuple(supertypes), describes, descriptor)

    def comp_type(self, index: int) -> CompType:
        lexer = self.lexer
        comp: CompType
        if self.open(kws.FUNC):
            comp = self.func_signature(IndexSpace("param"))
        elif self.open(kws.STRUCT):
            comp = self.struct_type(index)
        elif self.open(kws.ARRAY):
            comp = ArrayType(self.field_type())
        elif self.at_link_type():
            if not self.linking:
                raise no_module_linking()
            raise lexer.error("unexpected token: a module or instance type cannot be part of another", lexer.start)
        else:
            raise lexer.unexpected("(func, (struct or (array")
        self.close()
        return comp

    def struct_type(self, index: int) -> StructType:
        lexer = self.lexer
        space = IndexSpace("field")
        fields: list[FieldType] = []
        while self.open(kws.FIELD):
            if lexer.kind == ID or lexer.at_annotation():
                space.declare(lexer)
                fields.append(self.field_type())
            else:
                while lexer.kind != RPAR:
                    fields.append(self.field_type())
                    space.count += 1
            self.close()
        self.spaces.fields[index] = space
        return StructType(tuple(fields))

    def field_type(self) -> FieldType:
        if self.open(kws.MUT):
            storage = self.storage_type()
            self.close()
            return FieldType(storage, True)
        return FieldType(self.storage_type(), False)

    def add_rec_group(self, subtypes: list[SubType]) -> None:
        first = len(self.types)
        self.rec_groups.append((first, len(subtypes)))
        self.types.extend(subtypes)

    def intern_defined(self) -> None:
        """Make the types defined so far available to inline type uses."""
        for first, count in self.rec_groups:
            if count == 1:
                self.intern_one(first)

    def intern_one(self, index: int) -> None:
        """The same for one type that is alone in its recursion group."""
        subtype = self.types[index]
        plain = subtype.final and not subtype.supertypes and subtype.describes < 0 and subtype.descriptor < 0
        comp = subtype.comp
        if isinstance(comp, FuncType) and plain:
            self.interned.setdefault(comp, index)
        elif isinstance(comp, (ModuleTypeDef, InstanceTypeDef)) and comp.local is None:
            self.interned_links.setdefault(_link_key(comp), index)

    # Module and instance types.

    def at_link_type(self) -> bool:
        return self.at_open(kws.MODULE) or self.at_open(kws.INSTANCE)

    def link_type(self) -> LinkType:
        """`(module ...)` or `(instance ...)`, which is there. Types in it that are written out are added before."""
        kind = MODULE if self.open(kws.MODULE) else INSTANCE
        if kind == INSTANCE:
            self.lexer.advance()
            self.lexer.advance()
        if self.local or self.at_open(kws.TYPE) or self.at_open(kws.ALIAS):
            result = local_link_type(self, kind)
        else:
            result = self.link_items(kind)
        self.close()
        return result

    def inner(self) -> TypeParser:
        """For the types of a module or instance type inside these."""
        inner = TypeParser(self.lexer, Spaces(), self.wide_limits, self.linking)
        inner.local = True
        inner.depth = self.depth + 1
        inner.check_depth()
        return inner

    def check_depth(self) -> None:
        if self.depth > MAX_TYPE_DEPTH:
            raise too_many("module and instance types inside each other", self.depth, MAX_TYPE_DEPTH)

    def link_type_use(self, kind: int) -> int:
        """`(type x)`, or the imports and exports of a module or instance: the index of its type."""
        if self.at_open(kws.TYPE):
            return int(self.type_ref())
        if self.local:
            raise self.lexer.unexpected("(type: a module or instance type in a type with own types needs an index")
        comp = self.link_items(kind)
        key = _link_key(comp)
        index = self.interned_links.get(key, -1)
        if index < 0:
            index = len(self.types)
            self.interned_links[key] = index
            self.add_rec_group([SubType(comp)])
        return index

    def link_items(self, kind: int) -> LinkType:
        """`(import ...)*` and `(export ...)*` in any order, up to the bracket that closes the type."""
        self.depth += 1
        self.check_depth()
        imports: list[TypeItem] = []
        exports: list[TypeItem] = []
        while self.lexer.kind == LPAR:
            self.link_item(kind, imports, exports)
        self.depth -= 1
        return ModuleTypeDef(imports, exports) if kind == MODULE else InstanceTypeDef(exports)

    def link_item(self, kind: int, imports: list[TypeItem], exports: list[TypeItem]) -> None:
        """One import or export of a type of a kind, added to its list."""
        lexer = self.lexer
        if self.open(kws.EXPORT):
            name = self.name()
            item_kind, desc = self.named_item()
            exports.append(TypeItem(name, item_kind, desc))
        elif kind == MODULE and self.open(kws.IMPORT):
            name = self.name()
            second = self.name() if lexer.kind == STRING else None
            item_kind, desc = self.named_item()
            item = TypeItem(name, item_kind, desc) if second is None else TypeItem(second, item_kind, desc, name)
            imports.append(item)
        else:
            raise lexer.unexpected("(import or (export" if kind == MODULE else "(export")
        self.close()

    def named_item(self) -> tuple[int, ItemDesc]:
        """`(func $id? ...)` and the like: its kind and type. The identifier has no use."""
        lexer = self.lexer
        kind = self.item_kind(ALL_KINDS)
        if lexer.kind == ID:
            lexer.advance()
        desc = self.item_desc(kind)
        self.close()
        return kind, desc

    def item_kind(self, kinds: dict[int, int]) -> int:
        """Step over the `(` and the word for one of `kinds`: its number in the binary format."""
        lexer = self.lexer
        if lexer.kind == LPAR:
            lexer.advance()
        kind = kinds.get(int(lexer.kw), -1) if lexer.kind == KEYWORD else -1
        if kind < 0:
            if lexer.kind == KEYWORD and lexer.kw in ALL_KINDS and not self.linking:
                raise no_module_linking()
            words = [f"({KIND_NAMES[known]}" for known in kinds.values()]
            raise lexer.unexpected(f"{', '.join(words[:-1])} or {words[-1]}")
        lexer.advance()
        return kind

    def item_desc(self, kind: int) -> ItemDesc:
        """The type of an item of a kind, as imports have it."""
        if kind == FUNC:
            return int(self.type_use(IndexSpace("local")))
        if kind == TABLE:
            return self.table_type()
        if kind == MEMORY:
            return self.mem_type()
        if kind == GLOBAL:
            return self.global_type()
        if kind == TAG:
            return TagType(int(self.type_use(IndexSpace("param"))))
        return self.link_type_use(kind)

    # Names.

    def string(self) -> bytes:
        lexer = self.lexer
        if lexer.kind != STRING:
            raise lexer.unexpected("a string")
        value = lexer.string_value()
        lexer.advance()
        return value

    def name(self) -> str:
        """A string that is UTF-8."""
        start = self.lexer.start
        value = self.string()
        if not is_utf8(value):
            raise self.lexer.error("malformed UTF-8 encoding: in a name", start)
        return value.decode()

    # Tables, memories, globals.

    def number(self, bits: int) -> int:
        """An unsigned number below 2^bits."""
        lexer = self.lexer
        if lexer.kind != NUMBER:
            raise lexer.unexpected("a number")
        try:
            value = parse_unsigned(lexer.text(), bits)
        except OutOfRange:
            raise lexer.error(f"i{bits} constant out of range: {lexer.token_text()}", lexer.start) from None
        if value is None:
            raise lexer.error(f"unknown operator {lexer.token_text()}: expected a number", lexer.start)
        lexer.advance()
        return value

    def address_type(self) -> bool:
        """An optional address type; whether it is i64."""
        if self.accept(kws.VALTYPE_BASE + 0x7E):
            return True
        self.accept(kws.VALTYPE_BASE + 0x7F)
        return False

    def limits(self, is_64: bool) -> Limits:
        bits = 64 if is_64 or self.wide_limits else 32
        minimum = self.number(bits)
        maximum = self.number(bits) if self.lexer.kind == NUMBER else None
        return Limits(minimum, maximum)

    def page_size(self) -> int:
        """An optional `(pagesize N)`, as a power of two (default 16)."""
        lexer = self.lexer
        if not self.open(kws.PAGESIZE):
            return 16
        start = lexer.start
        size = self.number(64)
        if size == 0 or size & (size - 1):
            raise lexer.error(f"invalid custom page size: {size} is not a power of two", start)
        self.close()
        return size.bit_length() - 1

    def mem_type(self) -> MemType:
        is_64 = self.address_type()
        limits = self.limits(is_64)
        shared = self.accept(kws.SHARED)
        return MemType(limits, is_64, shared, self.page_size())

    def table_type(self) -> TableType:
        is_64 = self.address_type()
        limits = self.limits(is_64)
        return TableType(self.ref_type(), limits, is_64)

    def global_type(self) -> GlobalType:
        if self.open(kws.MUT):
            content = self.val_type()
            self.close()
            return GlobalType(content, True)
        return GlobalType(self.val_type(), False)


def _without_indices(comp: CompType) -> FuncType:
    """A function type with 0 for the references to types, whose indices belong to another module."""
    if not isinstance(comp, FuncType):
        return _EMPTY_FUNC
    return FuncType(tuple([_without_index(t) for t in comp.params]), tuple([_without_index(t) for t in comp.results]))


def _without_index(t: ValType) -> ValType:
    return ValType(0) if is_ref(t) and is_concrete(heap_of(t)) else t


def _link_key(comp: LinkType) -> tuple[object, ...]:
    """Equal for types that are equal as written."""
    if isinstance(comp, ModuleTypeDef):
        return (
            MODULE,
            *[_item_key(item) for item in comp.imports],
            MODULE,
            *[_item_key(item) for item in comp.exports],
        )
    assert isinstance(comp, InstanceTypeDef)
    return (INSTANCE, *[_item_key(item) for item in comp.exports])


def _item_key(item: TypeItem) -> tuple[object, ...]:
    return (item.module, item.name, item.kind, *_desc_key(item.desc))


def _desc_key(desc: ItemDesc) -> tuple[object, ...]:
    if isinstance(desc, TableType):
        return (int(desc.element), desc.limits, desc.is_64)
    if isinstance(desc, MemType):
        return (desc.limits, desc.is_64, desc.shared, desc.page_size_log2)
    if isinstance(desc, GlobalType):
        return (int(desc.content), desc.mutable)
    return (desc.type_idx if isinstance(desc, TagType) else desc,)
