"""The module as the code generators see it: types as codes, layouts and offsets as flat arrays.

Made once per module and settings; knows nothing of any machine but the pointer size.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.abi.calls import CallLayout
from taipan.abi.layout import VMOffsets
from taipan.compiler.tunables import Tunables
from taipan.errors import UnsupportedError
from taipan.wasm.module import FUNC, ConstExpr, Module
from taipan.wasm.types import (
    ABSTRACT_BIT,
    F32,
    F64,
    HEAP_EXTERN,
    HEAP_FUNC,
    HEAP_NOEXTERN,
    HEAP_NOFUNC,
    I32,
    I64,
    V128,
    FuncType,
    HeapType,
    ValType,
    heap_of,
    is_ref,
)

# Operand types. A reference's null depends on its hierarchy: a function reference points to the shared null record.
T_I32: Final = 0
T_I64: Final = 1
T_F32: Final = 2
T_F64: Final = 3
T_FUNCREF: Final = 4
T_EXTERNREF: Final = 5
T_V128: Final = 6
T_OTHER: Final = 7
"""References of the hierarchies that no code generator supports yet (any, exn)."""

_NUMERIC: Final[dict[int, int]] = {I32: T_I32, I64: T_I64, F32: T_F32, F64: T_F64, V128: T_V128}

SHORT_TYPES: Final = bytes(_NUMERIC.get(byte, T_OTHER) if byte < 0x80 else T_OTHER for byte in range(256))
"""First byte of a local's type -> T_I32 to T_V128; T_OTHER where more must be looked at."""

REF_FUNC: Final = 0xD2


@final
class FlatLayout:
    """`abi.calls.CallLayout` in arrays. places: INT_REG, FLOAT_REG or STACK; where: index or byte offset.

    result_places, result_where: the same of results.  params, results: operand types.
    """

    def __init__(self, layout: CallLayout, params: bytes, results: bytes) -> None:
        self.params: Final = params
        self.results: Final = results
        self.param_count: Final[i64] = len(params)
        self.places: Final = vec[i64]([place for place, _ in layout.places])
        self.where: Final = vec[i64]([where for _, where in layout.places])
        self.out_place: Final[i64] = -1 if layout.out_place is None else layout.out_place[0]
        self.out_where: Final[i64] = 0 if layout.out_place is None else layout.out_place[1]
        self.stack_arg_bytes: Final[i64] = layout.stack_arg_bytes
        self.result_places: Final = vec[i64]([place for place, _ in layout.result_places])
        self.result_where: Final = vec[i64]([where for _, where in layout.result_places])
        self.result_area_bytes: Final[i64] = layout.result_area_bytes


@final
class ModuleEnv:
    """lazy: calls between functions go through entry cells, so that functions can be compiled one by one.

    type_params, type_results: operand types of each function type.  escaped: ascending indices of own functions that
    can be referenced, which therefore have a VMFuncRef in the context.  fast: by function index, 1 for those that are
    called by the fast convention.
    """

    def __init__(self, module: Module, tunables: Tunables, lazy: bool) -> None:
        self.module: Final = module
        self.code: Final = module.code
        self.tunables: Final = tunables
        self.lazy: Final = lazy
        self.num_imported_funcs: Final[i64] = module.num_imported_funcs
        self.type_params: Final[list[bytes]] = []
        self.type_results: Final[list[bytes]] = []
        self.final_types: Final[list[bool]] = []
        for sub in module.types:
            comp = sub.comp
            self.final_types.append(sub.final)
            if isinstance(comp, FuncType):
                self.type_params.append(bytes([self.type_code(t) for t in comp.params]))
                self.type_results.append(bytes([self.type_code(t) for t in comp.results]))
            else:
                self.type_params.append(b"")
                self.type_results.append(b"")
        self.layouts: Final[list[FlatLayout | None]] = [None] * len(module.types)
        self.fast_layouts: Final[list[FlatLayout | None]] = [None] * len(module.types)
        self.func_types: Final = vec[i64](module.func_space)
        self.escaped: Final = escaped_functions(module)
        self.fast: Final = fast_functions(module, self.escaped)
        self.offsets: Final = VMOffsets(
            module.num_imported_funcs,
            len(module.mem_space),
            len(module.table_space),
            module.num_imported_globals,
            len(module.globals),
            len(self.escaped),
        )
        self.funcref_offsets: Final[dict[int, int]] = {
            func: self.offsets.funcref(n) for n, func in enumerate(self.escaped)
        }
        self._flatten_globals()
        self._flatten_memories()
        self._flatten_tables()

    def type_code(self, t: ValType) -> int:
        """The operand type T_* of a value type."""
        if not is_ref(t):
            return _NUMERIC[t]
        return self.heap_code(heap_of(t))

    def block_result_code(self, t: i64) -> i64:
        """`type_code` of a block's only result; raises UnsupportedError for types that cannot be compiled."""
        code = self.type_code(ValType(t))
        self.need(bytes([code]))
        return code

    def local_type_code(self, t: i64) -> i64:
        """The operand type of a local; raises UnsupportedError for types that cannot be compiled."""
        return self.block_result_code(t)

    def need(self, types: bytes) -> None:
        """Raise UnsupportedError if values of one of these operand types cannot be compiled yet."""
        for t in types:
            if t == T_V128:
                raise UnsupportedError("the baseline compiler does not support v128 yet")
            if t == T_OTHER:
                raise UnsupportedError("the baseline compiler does not support gc and exception references yet")

    def heap_code(self, heap: HeapType) -> int:
        """The operand type of references to a heap type."""
        if heap & ABSTRACT_BIT:
            if heap == HEAP_FUNC or heap == HEAP_NOFUNC:
                return T_FUNCREF
            return T_EXTERNREF if heap == HEAP_EXTERN or heap == HEAP_NOEXTERN else T_OTHER
        return T_FUNCREF if isinstance(self.module.types[heap].comp, FuncType) else T_OTHER

    def layout(self, type_idx: i64) -> FlatLayout:
        """Where arguments and results go in calls through references. Raises UnsupportedError, see `need`."""
        layout = self.layouts[type_idx]
        if layout is None:
            layout = self.layouts[type_idx] = self.make_layout(type_idx, False)
        return layout

    def layout_of(self, func: i64) -> FlatLayout:
        """The same for direct calls of a function."""
        type_idx = self.func_types[func]
        if not self.fast[func]:
            return self.layout(type_idx)
        layout = self.fast_layouts[type_idx]
        if layout is None:
            layout = self.fast_layouts[type_idx] = self.make_layout(type_idx, True)
        return layout

    def make_layout(self, type_idx: i64, fast: bool) -> FlatLayout:
        comp = self.module.types[type_idx].comp
        assert isinstance(comp, FuncType)
        self.need(self.type_params[type_idx])
        self.need(self.type_results[type_idx])
        layout = CallLayout(comp.params, comp.results, fast)
        return FlatLayout(layout, self.type_params[type_idx], self.type_results[type_idx])

    def _flatten_globals(self) -> None:
        """global_offsets: in the context, of the value, or of the pointer to it for the first num_imported_globals."""
        module = self.module
        self.num_imported_globals: i64 = module.num_imported_globals
        types = vec[i64]()
        offsets = vec[i64]()
        for n, glob in enumerate(module.global_space):
            types = append(types, self.type_code(glob.content))
            if n < module.num_imported_globals:
                offsets = append(offsets, self.offsets.imported_global(n))
            else:
                offsets = append(offsets, self.offsets.defined_global(n - module.num_imported_globals))
        self.global_types: vec[i64] = types
        self.global_offsets: vec[i64] = offsets

    def _flatten_memories(self) -> None:
        """memory_offsets: of the pointers to VMMemory.  memory_extents: see `Tunables.unchecked_extent`."""
        offsets = vec[i64]()
        is_64 = vec[i64]()
        static = vec[i64]()
        extents = vec[i64]()
        page_log2 = vec[i64]()
        for n, memtype in enumerate(self.module.mem_space):
            offsets = append(offsets, self.offsets.memory(n))
            is_64 = append(is_64, 1 if memtype.is_64 else 0)
            static = append(static, 1 if self.tunables.static_memory(memtype) else 0)
            extents = append(extents, self.tunables.unchecked_extent(memtype))
            page_log2 = append(page_log2, memtype.page_size_log2)
        self.memory_offsets: vec[i64] = offsets
        self.memory_is_64: vec[i64] = is_64
        self.memory_static: vec[i64] = static
        self.memory_extents: vec[i64] = extents
        self.memory_page_log2: vec[i64] = page_log2

    def _flatten_tables(self) -> None:
        """table_offsets: of the pointers to VMTable.  table_types: T_* of the elements."""
        offsets = vec[i64]()
        is_64 = vec[i64]()
        types = vec[i64]()
        for n, table in enumerate(self.module.table_space):
            offsets = append(offsets, self.offsets.table(n))
            is_64 = append(is_64, 1 if table.is_64 else 0)
            types = append(types, self.type_code(table.element))
        self.table_offsets: vec[i64] = offsets
        self.table_is_64: vec[i64] = is_64
        self.table_types: vec[i64] = types


def escaped_functions(module: Module) -> list[int]:
    """Own functions that something can refer to: exports, element segments, initialisers; ascending.

    `ref.func` in a body needs such a declaration too (spec: C.refs), so nothing else has to be searched.
    """
    found: set[int] = {export.index for export in module.exports if export.kind == FUNC}
    for elem in module.elems:
        if elem.funcs is not None:
            found.update(elem.funcs)
        for expr in elem.exprs or ():
            found.update(_functions_in(expr))
    for glob in module.globals:
        found.update(_functions_in(glob.init))
    for table in module.tables:
        if table.init is not None:
            found.update(_functions_in(table.init))
    funcs = sorted(found)
    return funcs[bisect_left(funcs, module.num_imported_funcs) : bisect_left(funcs, len(module.func_space))]


def fast_functions(module: Module, escaped: list[int]) -> bytes:
    """By function index, 1 for each that is called by the fast convention (`abi/calls.py`)."""
    if module.has_tail_calls is not False:
        return bytes(len(module.func_space))
    fast = bytearray(module.num_imported_funcs) + b"\1" * len(module.func_types)
    for func in escaped:
        fast[func] = 0
    return bytes(fast)


def _functions_in(expr: ConstExpr) -> list[int]:
    """Function indices after `ref.func` in a constant expression.

    A byte 0xD2 inside another immediate may be mistaken for the instruction: a function then escapes without need.
    """
    code = expr.code
    found: list[int] = []
    start = 0
    while True:
        at = code.find(REF_FUNC, start)
        if at < 0:
            return found
        start = at + 1
        index = shift = 0
        for byte in code[start : start + 5]:
            index |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                found.append(index)
                break
