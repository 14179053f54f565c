"""`check_module`: every rule of a module's sections (spec: Validation, Modules); bodies are `function.py`'s.

In: a decoded or parsed module, its index spaces filled. Out: nothing, or the first error found. The order matters:
types, then what imports and definitions say, then constant expressions, which also collect the functions that bodies
may name with `ref.func`, then bodies.
"""

from __future__ import annotations

from typing import Final, final

from taipan.errors import InvalidError
from taipan.features import Features
from taipan.limits import MAX_MEMORIES, MAX_TABLES, too_many
from taipan.validate.const_expr import ConstExprRules
from taipan.validate.context import Context, addr_type
from taipan.validate.function import FunctionRules
from taipan.validate.types import TypeRules
from taipan.wasm.indices import FuncIdx
from taipan.wasm.module import (
    ACTIVE,
    FUNC,
    GLOBAL,
    INSTANCE,
    KIND_NAMES,
    MEMORY,
    MODULE,
    TABLE,
    TAG,
    ConstExpr,
    DataSegment,
    ElemSegment,
    Export,
    Import,
    Module,
)
from taipan.wasm.types import (
    HEAP_FUNC,
    NULL_BIT,
    GlobalType,
    MemType,
    TableType,
    ValType,
    ref_type,
    type_name,
)


def check_module(module: Module, features: Features) -> None:
    """Raise InvalidError if the module breaks a rule, MalformedError if a body is not even a sequence of instructions.

    Positions in errors count from the module's first byte. Names of functions are left to the caller.
    """
    if module.definitions is None:
        ModuleRules(module, features).check()
        return
    from taipan.validate.linking import resolve

    for rules in resolve(module, features):
        try:
            rules.check()
        except InvalidError as error:
            if rules.module.origin and error.func >= 0:
                raise in_nested(error, rules.module) from None
            raise


def in_nested(error: InvalidError, module: Module) -> InvalidError:
    """The error in a function of a nested module: function indices alone would mean those of the outermost one."""
    place = f"in function {error.func} of the module nested at offset {module.origin:#x}"
    return InvalidError(f"{error.args[0]}, {place}", error.offset)


@final
class ModuleRules:
    """The rules of one module, one method per section. offset: of the item being checked, for its errors.

    With module linking, `linking.py` applies those of what stands before the functions.
    """

    __slots__ = ("features", "module", "offset", "types")

    def __init__(self, module: Module, features: Features) -> None:
        self.module: Final = module
        self.features: Final = features
        self.types: Final = TypeRules(module.types, features)
        self.offset = -1

    def check(self) -> None:
        try:
            if self.module.definitions is None:
                self.check_head()
            self.check_rest()
        except InvalidError as error:
            if error.offset < 0:
                error.offset = self.offset
            raise

    def check_head(self) -> None:
        """Types, imports, the types of definitions, the names of exports."""
        module = self.module
        for first, count in module.rec_groups:
            self.types.rec_group(first, count)
        for entry in module.imports:
            self.offset = entry.offset
            self.check_import(entry)
        self.offset = -1
        self.check_definitions()
        self.check_export_names(0, 0)

    def check_rest(self) -> None:
        module = self.module
        context = Context(module, self.features, self.types.space)
        constants = ConstExprRules(context)
        self.check_globals(constants)
        self.check_tables(constants)
        self.check_exports(context)
        self.check_start()
        self.check_elems(constants)
        self.check_datas(constants)
        self.offset = -1
        module.has_tail_calls = False
        bodies = FunctionRules(context)
        for index in range(len(module.func_types)):
            bodies.check(index)

    # --- imports and definitions ---

    def check_import(self, entry: Import) -> None:
        desc = entry.desc
        if isinstance(desc, int):
            if entry.exact:
                self.types.need("custom-descriptors", "an exact function import")
            self.types.func_type_index(desc)
        elif isinstance(desc, TableType):
            self.types.table_type(desc)
        elif isinstance(desc, MemType):
            self.types.memory_type(desc)
        elif isinstance(desc, GlobalType):
            self.types.global_type(desc)
            if desc.mutable:
                self.types.need("mutable-global", "an imported mutable global")
        else:
            self.types.tag_type(desc)

    def check_definitions(self) -> None:
        """Types of functions, memories and tags, and how many memories and tables there are."""
        module = self.module
        for type_idx in module.func_types:
            self.types.func_type_index(type_idx)
        for memory in module.memories:
            self.types.memory_type(memory)
        for tag in module.tags:
            self.types.tag_type(tag)
        for table in module.tables:
            self.offset = table.offset
            self.types.table_type(table.type)
        for glob in module.globals:
            self.offset = glob.offset
            self.types.global_type(glob.type)
        self.offset = -1
        num_memories, num_tables = len(module.mem_space), len(module.table_space)
        if num_memories > 1 and "multi-memory" not in self.features:
            raise InvalidError(f"multiple memories: {num_memories} need the multi-memory proposal")
        if num_memories > MAX_MEMORIES:
            raise too_many("memories", num_memories, MAX_MEMORIES)
        if num_tables > 1 and "reference-types" not in self.features:
            raise InvalidError(f"multiple tables: {num_tables} need the reference-types proposal")
        if num_tables > MAX_TABLES:
            raise too_many("tables", num_tables, MAX_TABLES)

    def check_globals(self, constants: ConstExprRules) -> None:
        """Initial values may use the globals before them."""
        num_globals = self.module.num_imported_globals
        for glob in self.module.globals:
            self.offset = glob.offset
            constants.check(glob.init, glob.type.content, num_globals)
            num_globals += 1

    def check_tables(self, constants: ConstExprRules) -> None:
        """Initial values may use imported globals only."""
        for table in self.module.tables:
            self.offset = table.offset
            element = table.type.element
            if table.init is not None:
                constants.check(table.init, element, self.module.num_imported_globals)
            elif not element & NULL_BIT:
                raise InvalidError(f"type mismatch: a table of {type_name(element)} needs an initial value")

    # --- exports, start ---

    def index(self, kind: int, index: int, size: int) -> None:
        if index >= size:
            word = "function" if kind == FUNC else KIND_NAMES[kind]
            raise InvalidError(f"unknown {word} {index}: the module has {size}")

    def check_export_names(self, num_modules: int, num_instances: int) -> None:
        """What is exported exists, and names are unique."""
        module = self.module
        sizes = {
            FUNC: len(module.func_space),
            TABLE: len(module.table_space),
            MEMORY: len(module.mem_space),
            GLOBAL: len(module.global_space),
            TAG: len(module.tag_space),
            MODULE: num_modules,
            INSTANCE: num_instances,
        }
        names: set[str] = set()
        for export in module.exports:
            self.offset = export.offset
            if export.kind >= MODULE and export.index >= sizes[export.kind]:
                raise InvalidError(f"exported {KIND_NAMES[export.kind]} index out of bounds: {export.index}")
            self.index(export.kind, export.index, sizes[export.kind])
            if export.name in names:
                raise InvalidError(f'duplicate export name: "{export.name}"')
            names.add(export.name)

    def check_exports(self, context: Context) -> None:
        for export in self.module.exports:
            self.offset = export.offset
            self.check_export(export, context)

    def check_export(self, export: Export, context: Context) -> None:
        if export.kind == FUNC:
            context.declared[export.index] = 1
        elif export.kind == GLOBAL and self.module.global_space[export.index].mutable:
            self.types.need("mutable-global", "an exported mutable global")

    def check_start(self) -> None:
        module = self.module
        if module.start is None:
            return
        self.offset = module.start_offset
        self.index(FUNC, module.start, len(module.func_space))
        func_type = module.func_type(FuncIdx(module.start))
        if func_type.params or func_type.results:
            raise InvalidError(f"start function: its type is {func_type!r}, [] -> [] is needed")

    # --- segments ---

    def check_elems(self, constants: ConstExprRules) -> None:
        for segment in self.module.elems:
            self.offset = segment.offset
            if segment.funcs is None:
                self.types.ref_type(segment.element)
            self.check_elem(segment, constants)

    def check_elem(self, segment: ElemSegment, constants: ConstExprRules) -> None:
        module = self.module
        element = segment.element
        num_globals = len(module.global_space)
        if segment.funcs is not None:
            # indices make non-null references, whatever nullable type the encoding stands for
            element = ref_type(HEAP_FUNC, nullable=False)
            for func in segment.funcs:
                self.index(FUNC, func, len(module.func_space))
                constants.context.declared[func] = 1
        elif segment.exprs is not None:
            for expr in segment.exprs:
                constants.check(expr, element, num_globals)
        if segment.mode != ACTIVE:
            return
        self.index(TABLE, segment.table, len(module.table_space))
        table = module.table_space[segment.table]
        if not self.types.space.matches(element, table.element):
            raise InvalidError(
                f"type mismatch: table {segment.table} holds {type_name(table.element)}, "
                f"the segment {type_name(element)}"
            )
        self.check_offset(segment.offset_expr, table.is_64, constants)

    def check_datas(self, constants: ConstExprRules) -> None:
        for segment in self.module.datas:
            if segment.mode == ACTIVE:
                self.offset = segment.offset
                self.check_data(segment, constants)

    def check_data(self, segment: DataSegment, constants: ConstExprRules) -> None:
        self.index(MEMORY, segment.memory, len(self.module.mem_space))
        self.check_offset(segment.offset_expr, self.module.mem_space[segment.memory].is_64, constants)

    def check_offset(self, expr: ConstExpr | None, is_64: bool, constants: ConstExprRules) -> None:
        assert expr is not None
        constants.check(expr, ValType(addr_type(is_64)), len(self.module.global_space))
