"""The types that users make and read: value types, function, memory, table, global and tag types, imports, exports.

They wrap the types of `taipan.wasm.types`, in which a value type is an integer. A type index inside a value type of
this file is an *engine-wide* id (see `type_registry`), so types of different modules of one engine compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, final

from taipan._native import (
    KIND_EXTERN,
    KIND_EXTERNREF,
    KIND_F32,
    KIND_F64,
    KIND_FUNC,
    KIND_FUNCREF,
    KIND_I32,
    KIND_I64,
    KIND_OPAQUE,
    KIND_V128,
    Signature,
)
from taipan.errors import WasmError
from taipan.runtime.managed import Managed
from taipan.wasm import types as core

if TYPE_CHECKING:
    from taipan.runtime.type_registry import TypeRegistry

_KINDS: Final[dict[int, int]] = {
    core.I32: KIND_I32,
    core.I64: KIND_I64,
    core.F32: KIND_F32,
    core.F64: KIND_F64,
    core.V128: KIND_V128,
    core.FUNCREF: KIND_FUNCREF,
    core.EXTERNREF: KIND_EXTERNREF,
    core.ref_type(core.HEAP_FUNC, False): KIND_FUNC,
    core.ref_type(core.HEAP_EXTERN, False): KIND_EXTERN,
}
_WIDER: Final[dict[int, int]] = {
    core.HEAP_FUNC: KIND_FUNCREF,
    core.HEAP_NOFUNC: KIND_FUNCREF,
    core.HEAP_EXTERN: KIND_EXTERNREF,
    core.HEAP_NOEXTERN: KIND_EXTERNREF,
}
"""Heap type -> how any reference below it can be shown."""


def value_kind(code: int) -> int:
    """How a value of this type is converted when it crosses a call: KIND_OPAQUE if it must be checked further."""
    return _KINDS.get(code, KIND_OPAQUE)


@final
class ValType(Managed):
    """A value type. There is one object per type, from `ValType.i32()` and so on; they can be compared and hashed.

    `str` gives wasmtime-py's name ("anyref" for externref), `repr` the name of the text format.
    """

    __slots__ = ("_code", "_keep")
    _code: core.ValType
    _keep: object  # what keeps the definition alive that a reference type names

    def __init__(self) -> None:
        raise WasmError("cannot construct directly")

    @classmethod
    def i32(cls) -> ValType:
        """The type i32."""
        return i32

    @classmethod
    def i64(cls) -> ValType:
        """The type i64."""
        return i64

    @classmethod
    def f32(cls) -> ValType:
        """The type f32."""
        return f32

    @classmethod
    def f64(cls) -> ValType:
        """The type f64."""
        return f64

    @classmethod
    def v128(cls) -> ValType:
        """The type v128."""
        return v128

    @classmethod
    def externref(cls) -> ValType:
        """References to objects of the host, or null."""
        return externref

    @classmethod
    def funcref(cls) -> ValType:
        """References to functions, or null."""
        return funcref

    @property
    def is_ref(self) -> bool:
        """Whether it is a reference type."""
        return core.is_ref(self._code)

    @property
    def is_nullable(self) -> bool:
        """Whether it is a reference type that has a null."""
        return core.is_nullable(self._code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValType) and self._code == other._code

    def __hash__(self) -> int:
        return hash(self._code)

    def __str__(self) -> str:
        return "anyref" if self._code == core.EXTERNREF else core.type_name(self._code)

    def __repr__(self) -> str:
        return core.type_name(self._code)

    def __copy__(self) -> ValType:
        return self

    def __deepcopy__(self, memo: object) -> ValType:
        return self

    def __reduce__(self) -> tuple[object, tuple[int]]:
        if core.is_ref(self._code) and core.is_concrete(core.heap_of(self._code)):
            raise TypeError(f"cannot pickle type {core.type_name(self._code)}: its index belongs to an engine")
        return val_type, (self._code,)


_VAL_TYPES: Final[dict[int, ValType]] = {}


def val_type(code: int, keep: object = None) -> ValType:
    """The object for a value type of `taipan.wasm.types`. keep: what keeps its engine-wide terms alive."""
    found = _VAL_TYPES.get(code)
    if found is None:
        found = object.__new__(ValType)
        found._code = core.ValType(code)
        found._keep = keep
        if not core.is_ref(found._code) or code & core.ABSTRACT_BIT:
            found = _VAL_TYPES.setdefault(code, found)  # concrete types come and go with modules
    return found


i32: Final = val_type(core.I32)
i64: Final = val_type(core.I64)
f32: Final = val_type(core.F32)
f64: Final = val_type(core.F64)
v128: Final = val_type(core.V128)
funcref: Final = val_type(core.FUNCREF)
externref: Final = val_type(core.EXTERNREF)


def code_of(t: object, message: str = "expected ValType") -> core.ValType:
    if not isinstance(t, ValType):
        raise TypeError(message)
    return t._code


def codes_of(types: ValType | Iterable[ValType] | None) -> tuple[core.ValType, ...]:
    """The codes of a list of value types; a single type or None stands for a list of one or none."""
    if types is None:
        return ()
    if isinstance(types, ValType):
        return (types._code,)
    return tuple([code_of(t) for t in types])


def _names(codes: Sequence[core.ValType]) -> str:
    return ", ".join([core.type_name(code) for code in codes])


@final
class Limits:
    """A range of sizes: pages of a memory, elements of a table; `max` None is "no maximum"."""

    __slots__ = ("max", "min")

    def __init__(self, min: int, max: int | None = None) -> None:
        self.min = min
        self.max = max

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and self.min == other.min and self.max == other.max

    def __hash__(self) -> int:
        return hash((self.min, self.max))

    def __repr__(self) -> str:
        # Attributes can be set to anything, the object itself included.
        bounds = (self.min, self.max)
        shown = [str(b) if b is None or isinstance(b, int) else f"<{type(b).__name__}>" for b in bounds]
        return f"Limits({', '.join(shown)})"

    def _core(self) -> core.Limits:
        return core.Limits(self.min, self.max)


@final
class FuncType(Managed):
    """A function type: `FuncType([ValType.i32()], [ValType.i64()])`."""

    __slots__ = ("_core", "_keep", "_signature")

    def __init__(self, params: Iterable[ValType], results: Iterable[ValType]) -> None:
        given, returned = tuple(params), tuple(results)
        self._core = core.FuncType(tuple([code_of(t) for t in given]), tuple([code_of(t) for t in returned]))
        self._keep: object = [t._keep for t in given + returned if t._keep is not None]
        self._signature: tuple[object, Signature] | None = None

    def _signature_in(self, registry: TypeRegistry) -> Signature:
        """What the native runtime needs of the type in an engine; the last one made is remembered.

        Raises ValueError if it refers to a type of another engine.
        """
        last = self._signature
        if last is not None and last[0] is registry:
            return last[1]
        handle = registry.register_func_type(self._core)
        signature = make_signature(registry, handle.id, handle, of_host=True)
        self._signature = (registry, signature)
        return signature

    @property
    def params(self) -> list[ValType]:
        """The types of the parameters, as a new list."""
        return [val_type(code, self._keep) for code in self._core.params]

    @property
    def results(self) -> list[ValType]:
        """The types of the results, as a new list."""
        return [val_type(code, self._keep) for code in self._core.results]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FuncType) and self._core == other._core

    def __hash__(self) -> int:
        return hash(self._core)

    def __copy__(self) -> FuncType:
        return self

    def __deepcopy__(self, memo: object) -> FuncType:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return FuncType, (self.params, self.results)

    def __repr__(self) -> str:
        return f"FuncType([{_names(self._core.params)}], [{_names(self._core.results)}])"


def func_type(comp: core.FuncType, keep: object = None) -> FuncType:
    """The public form of a function type in engine-wide terms. keep: what keeps these terms alive."""
    made = object.__new__(FuncType)
    made._core = comp
    made._keep = keep
    made._signature = None
    return made


def _wide_kind(code: core.ValType, registry: TypeRegistry) -> int:
    kind = _KINDS.get(code)
    if kind is not None:
        return kind
    heap = core.heap_of(code)
    if core.is_concrete(heap):
        heap = registry.space.kind_of(heap)
    return _WIDER.get(heap, KIND_OPAQUE)


def _known_kinds(types: tuple[core.ValType, ...]) -> bytes:
    """Raises KeyError if one of the types has no kind of its own."""
    kinds = _kinds_of.get(types)
    if kinds is None:
        kinds = bytes([_KINDS[code] for code in types])
        if len(_kinds_of) == MAX_REMEMBERED:
            _kinds_of.clear()
        _kinds_of[types] = kinds
    return kinds


_kinds_of: Final[dict[tuple[core.ValType, ...], bytes]] = {}
MAX_REMEMBERED: Final = 1000
"""Lists of types whose kinds are remembered: modules have most of them in common."""


def make_signature(registry: TypeRegistry, type_id: int, keep: object, of_host: bool) -> Signature:
    """A function type as the native runtime needs it. of_host: whether Python code is called.  keep: holds the type.

    What Python code gives is checked by its kind alone, so types that need more are opaque there; what wasm
    gives has its type, and can be shown as the wider kind.
    """
    comp = registry.func_type(type_id)
    given, taken = (comp.results, comp.params) if of_host else (comp.params, comp.results)
    try:
        strict = _known_kinds(given)
    except KeyError:
        strict = bytes([_KINDS.get(code, KIND_OPAQUE) for code in given])
    try:
        wide = _known_kinds(taken)
    except KeyError:
        wide = bytes([_wide_kind(code, registry) for code in taken])
    params, results = (wide, strict) if of_host else (strict, wide)
    return Signature(params, results, type_id, func_type(comp, keep))


@final
class GlobalType(Managed):
    """A global type: `GlobalType(ValType.i32(), mutable=True)`."""

    __slots__ = ("_core", "_keep")

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        self._core = core.GlobalType(code_of(valtype, "expected valtype"), bool(mutable))
        self._keep: object = valtype._keep

    @property
    def content(self) -> ValType:
        """The type of the value."""
        return val_type(self._core.content, self._keep)

    @property
    def mutable(self) -> bool:
        """Whether it can be set."""
        return self._core.mutable

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, GlobalType)
            and self.content == other.content
            and self._core.mutable == other._core.mutable
        )

    def __hash__(self) -> int:
        return hash((self._core.content, self._core.mutable))

    def __reduce__(self) -> tuple[object, ...]:
        return GlobalType, (self.content, self.mutable)

    def __repr__(self) -> str:
        return f"GlobalType({self.content!r}, {self.mutable})"


def global_type(of: core.GlobalType, keep: object = None) -> GlobalType:
    """The public form. keep: as for `val_type`."""
    made = object.__new__(GlobalType)
    made._core = of
    made._keep = keep
    return made


def _check_limits(limits: object, what: str) -> Limits:
    if not isinstance(limits, Limits):
        raise TypeError("expected Limits")
    for bound in (limits.min, limits.max):
        if bound is not None and not isinstance(bound, int):
            raise TypeError("expected an int")
        if bound is not None and bound < 0:
            raise WasmError(f"{what}'s size cannot be negative: {bound}")
    return limits


@final
class MemoryType(Managed):
    """A memory type. limits: in pages of `page_size` bytes (65,536 unless page_size_log2 says 0, which means 1)."""

    __slots__ = ("_core",)

    def __init__(self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16) -> None:
        _check_limits(limits, "memory")
        if page_size_log2 not in (0, 16):
            raise WasmError(f"invalid custom page size: 2**{page_size_log2}; a page has 1 or 65536 bytes")
        if limits.max is not None and limits.max < limits.min:
            raise WasmError("maximum page size cannot be smaller than the minimum page size")
        for which, pages in (("minimum", limits.min), ("maximum", limits.max)):
            if pages is not None and pages << page_size_log2 > (1 << 64 if is_64 else 1 << 32):
                raise WasmError(f"{which} size too large: {pages} pages exceed the memory's address space")
        if shared and limits.max is None:
            raise WasmError("shared memories must have a maximum size")
        self._core = core.MemType(limits._core(), bool(is_64), bool(shared), page_size_log2)

    @property
    def limits(self) -> Limits:
        """In pages."""
        return Limits(self._core.limits.min, self._core.limits.max)

    @property
    def is_64(self) -> bool:
        """Whether addresses are i64."""
        return self._core.is_64

    @property
    def is_shared(self) -> bool:
        """Whether several threads may use it at once."""
        return self._core.shared

    @property
    def page_size(self) -> int:
        """Bytes."""
        return 1 << self._core.page_size_log2

    @property
    def page_size_log2(self) -> int:
        """16 for pages of 65,536 bytes, 0 for pages of one byte."""
        return self._core.page_size_log2

    def _key(self) -> tuple[object, ...]:
        of = self._core
        return (of.limits, of.is_64, of.shared, of.page_size_log2)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MemoryType) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[object, ...]:
        return MemoryType, (self.limits, self.is_64, self.is_shared, self.page_size_log2)

    def __repr__(self) -> str:
        extra = [f"{name}=True" for name, on in (("is_64", self.is_64), ("shared", self.is_shared)) if on]
        extra += [f"page_size_log2={self.page_size_log2}"] if self.page_size_log2 != 16 else []
        return f"MemoryType({', '.join([repr(self.limits), *extra])})"


def memory_type(of: core.MemType) -> MemoryType:
    made = object.__new__(MemoryType)
    made._core = of
    return made


@final
class TableType(Managed):
    """A table type. limits: in elements.  is_64: whether indices are i64."""

    __slots__ = ("_core", "_keep")

    def __init__(self, valtype: ValType, limits: Limits, is_64: bool = False) -> None:
        code = code_of(valtype, "expected valtype")
        if not core.is_ref(code):
            raise WasmError(f"failed to allocate TableType: {core.type_name(code)} is not a reference type")
        _check_limits(limits, "table")
        if limits.max is not None and limits.max < limits.min:
            raise WasmError("maximum table size cannot be smaller than the minimum")
        bits = 64 if is_64 else 32
        if max(limits.min, limits.max or 0) >= 1 << bits:
            raise WasmError(f"a table with {bits}-bit indices has fewer than 2**{bits} elements")
        self._core = core.TableType(code, limits._core(), bool(is_64))
        self._keep: object = valtype._keep

    @property
    def element(self) -> ValType:
        """The type of the elements."""
        return val_type(self._core.element, self._keep)

    @property
    def limits(self) -> Limits:
        """In elements."""
        return Limits(self._core.limits.min, self._core.limits.max)

    @property
    def is_64(self) -> bool:
        """Whether indices are i64."""
        return self._core.is_64

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TableType)
            and self.element == other.element
            and self._core.limits == other._core.limits
            and self.is_64 == other.is_64
        )

    def __hash__(self) -> int:
        return hash((self._core.element, self._core.limits, self._core.is_64))

    def __reduce__(self) -> tuple[object, ...]:
        return TableType, (self.element, self.limits, self.is_64)

    def __repr__(self) -> str:
        return f"TableType({self.element!r}, {self.limits!r}{', is_64=True' if self.is_64 else ''})"


def table_type(of: core.TableType, keep: object = None) -> TableType:
    """The public form. keep: as for `val_type`."""
    made = object.__new__(TableType)
    made._core = of
    made._keep = keep
    return made


@final
class TagType(Managed):
    """The type of an exception tag; `functype.params` is what an exception carries."""

    __slots__ = ("_functype",)

    def __init__(self, functype: FuncType) -> None:
        if not isinstance(functype, FuncType):
            raise TypeError("expected a FuncType")
        self._functype = functype

    @property
    def functype(self) -> FuncType:
        """Its parameters are what an exception carries."""
        return self._functype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagType) and self._functype == other._functype

    def __hash__(self) -> int:
        return hash((TagType, self._functype))

    def __repr__(self) -> str:
        return f"TagType({self._functype!r})"


@final
class ModuleType(Managed):
    """The type of a module (module linking): what it imports and exports, in order."""

    __slots__ = ("_exports", "_imports")

    def __init__(self, imports: Sequence[ImportType], exports: Sequence[ExportType]) -> None:
        self._imports = tuple(imports)
        self._exports = tuple(exports)

    @property
    def imports(self) -> list[ImportType]:
        """What it imports."""
        return list(self._imports)

    @property
    def exports(self) -> list[ExportType]:
        """What it exports."""
        return list(self._exports)

    def __repr__(self) -> str:
        return f"ModuleType({list(self._imports)!r}, {list(self._exports)!r})"


@final
class InstanceType(Managed):
    """The type of an instance (module linking): what it exports, in order."""

    __slots__ = ("_exports",)

    def __init__(self, exports: Sequence[ExportType]) -> None:
        self._exports = tuple(exports)

    @property
    def exports(self) -> list[ExportType]:
        """What it exports."""
        return list(self._exports)

    def __repr__(self) -> str:
        return f"InstanceType({list(self._exports)!r})"


AsExternType = FuncType | GlobalType | MemoryType | TableType | TagType | ModuleType | InstanceType


@final
class ImportType(Managed):
    """What a module imports: two names and a type; with module linking one name, `name` is None then."""

    __slots__ = ("_module", "_name", "_type")

    def __init__(self, module: str, name: str | None, type: AsExternType) -> None:
        self._module = module
        self._name = name
        self._type = type

    @property
    def module(self) -> str:
        """The first of its two names."""
        return self._module

    @property
    def name(self) -> str | None:
        """The second name, None if there is only one."""
        return self._name

    @property
    def type(self) -> AsExternType:
        """What is imported."""
        return self._type

    def __repr__(self) -> str:
        return f"ImportType({self._module!r}, {self._name!r}, {self._type!r})"


@final
class ExportType(Managed):
    """What a module exports: a name and a type."""

    __slots__ = ("_name", "_type")

    def __init__(self, name: str, type: AsExternType) -> None:
        self._name = name
        self._type = type

    @property
    def name(self) -> str:
        """Unique in its module."""
        return self._name

    @property
    def type(self) -> AsExternType:
        """What is exported."""
        return self._type

    def __repr__(self) -> str:
        return f"ExportType({self._name!r}, {self._type!r})"
