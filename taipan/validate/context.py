"""The validation context (spec: Conventions, Contexts): what the rules look up, in flat arrays for the body loop.

Function types lie flattened in one array, parameters then results, so that a call or a block compares slices of it and
no rule touches a tuple. The array starts with the five numeric types, so that a block type with one numeric result is
a slice as well; other single results are appended when first met.
"""

from __future__ import annotations

from typing import Final, final

from librt.vecs import append, vec
from mypy_extensions import i64

from taipan.features import Features
from taipan.wasm.matching import TypeSpace
from taipan.wasm.module import Module
from taipan.wasm.types import F32, F64, I32, I64, V128, FuncType

NOT_A_FUNC: Final = -1


@final
class Context:
    """Built by `module.check_module` when the types and index spaces of the module are known to be valid.

    flat: see above.  type_at: position in `flat` of a function type's parameters, by type index.  param_count,
    result_count: their numbers, NOT_A_FUNC for other types.  *_space as in `Module`.  num_datas: -1 without a data
    count section.  declared: by function index, 1 if `ref.func` may name it (spec: C.refs).
    """

    __slots__ = (
        "declared",
        "elem_types",
        "features",
        "flat",
        "func_exact",
        "func_types",
        "global_mutable",
        "global_types",
        "mem_addr",
        "module",
        "num_datas",
        "num_types",
        "param_count",
        "result_count",
        "singles",
        "space",
        "table_addr",
        "table_types",
        "tag_types",
        "type_at",
    )

    def __init__(self, module: Module, features: Features, space: TypeSpace) -> None:
        self.module: Final = module
        self.features: Final = features
        self.space: Final = space
        self.flat: vec[i64] = vec[i64]([V128, F64, F32, I64, I32])
        self.singles: Final[dict[int, int]] = {V128: 0, F64: 1, F32: 2, I64: 3, I32: 4}
        self.num_types: i64 = module.num_types
        self.type_at: vec[i64] = vec[i64]([0] * len(module.types))
        self.param_count: vec[i64] = vec[i64]([NOT_A_FUNC] * len(module.types))
        self.result_count: vec[i64] = vec[i64]([NOT_A_FUNC] * len(module.types))
        self._flatten_types()
        self.func_types: vec[i64] = vec[i64](module.func_space)
        self.func_exact: Final = bytearray(b"\1") * len(module.func_space)
        self.table_types: vec[i64] = vec[i64]([table.element for table in module.table_space])
        self.table_addr: vec[i64] = vec[i64]([addr_type(table.is_64) for table in module.table_space])
        self.mem_addr: vec[i64] = vec[i64]([addr_type(memory.is_64) for memory in module.mem_space])
        self.global_types: vec[i64] = vec[i64]([glob.content for glob in module.global_space])
        self.global_mutable: vec[i64] = vec[i64]([1 if glob.mutable else 0 for glob in module.global_space])
        self.tag_types: vec[i64] = vec[i64]([tag.type_idx for tag in module.tag_space])
        self.elem_types: vec[i64] = vec[i64]([segment.element for segment in module.elems])
        self.num_datas: i64 = -1 if module.data_count is None else module.data_count
        self.declared: Final = bytearray(len(module.func_space))
        index = 0
        for entry in module.imports:
            if isinstance(entry.desc, int):
                self.func_exact[index] = entry.exact
                index += 1

    def _flatten_types(self) -> None:
        flat = self.flat
        for index, sub in enumerate(self.module.types):
            comp = sub.comp
            if isinstance(comp, FuncType):
                self.type_at[index] = len(flat)
                self.param_count[index] = len(comp.params)
                self.result_count[index] = len(comp.results)
                for t in comp.params:
                    flat = append(flat, t)
                for t in comp.results:
                    flat = append(flat, t)
        self.flat = flat

    def single(self, t: i64) -> i64:
        """Position in `flat` of the one value type `t`."""
        found = self.singles.get(t)
        if found is not None:
            return found
        position: i64 = len(self.flat)
        self.flat = append(self.flat, t)
        self.singles[t] = position
        return position


def addr_type(is_64: bool) -> int:
    """The address type of a memory or table."""
    return I64 if is_64 else I32
