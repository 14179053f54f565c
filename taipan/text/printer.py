"""A module as text: `wasm.Module` in, `.wat` out (spec: Text Format).

Names come from the name section. Parsing the text gives an equal module, with the same custom sections: the name
section is left out where the identifiers and `@name` annotations make the same bytes again, and is written as
`@custom` like all others where they do not.
"""

from __future__ import annotations

from typing import Final, final

from taipan.binary.code import read_locals
from taipan.binary.names import IndirectNameMap, Names, decode_names
from taipan.text.annotations import SECTION_ORDER, SECTION_WORDS
from taipan.text.identifiers import Identifiers, quote, quote_bytes, quote_id
from taipan.text.names import encode_names
from taipan.text.parser import present_sections
from taipan.text.print_code import CodePrinter, ModuleIds
from taipan.text.print_linking import LinkPrinter, adds_module, outer_types, visible_funcs, visible_types
from taipan.text.print_types import TypePrinter
from taipan.wasm.linking import ItemDesc, NestedModule
from taipan.wasm.module import (
    ACTIVE,
    DECLARATIVE,
    FUNC,
    GLOBAL,
    INSTANCE,
    KIND_NAMES,
    MEMORY,
    MODULE,
    TABLE,
    TAG,
    ConstExpr,
    CustomSection,
    DataSegment,
    ElemSegment,
    Export,
    GlobalDef,
    Import,
    Module,
    TableDef,
)
from taipan.wasm.types import FuncType, StructType, SubType, ValType

_DATA_LINE_BYTES: Final = 4096
_NO_IDS: Final = Identifiers({}, 0)


@final
class ModulePrinter:
    """Collects the lines of one module. around: the type index spaces of the modules around it, outermost first."""

    __slots__ = (
        "around",
        "code",
        "const_code",
        "folded",
        "ids",
        "lines",
        "local_names",
        "module",
        "module_ids",
        "names",
        "space",
        "types",
    )

    def __init__(self, module: Module, folded: bool, around: list[list[SubType]] | None = None) -> None:
        self.module: Final = module
        self.folded: Final = folded
        self.around: Final = around or []
        self.names: Final = decode_names(module)
        self.space: Final = visible_types(module, self.around)
        self.ids: Final = module_ids(module, self.names, self.space)
        self.module_ids: Final = nested_module_ids(module)
        self.types: Final = TypePrinter(
            self.space, outer_types(module), visible_funcs(module), self.ids.types, self.ids.fields
        )
        self.code: Final = CodePrinter(self.ids, self.types, folded)
        # Constant expressions are listed instruction by instruction.
        self.const_code: Final = CodePrinter(self.ids, self.types)
        self.lines: list[str] = []
        # Names that the text carries, of locals and labels; what is missing here is in no identifier.
        self.local_names: IndirectNameMap = {}

    def print(self, customs: bool) -> str:
        return "\n".join(self.text(self.module_id(), customs)) + "\n"

    def text(self, ident: str, customs: bool) -> list[str]:
        """The lines of the module. ident: what follows its keyword."""
        module = self.module
        self.lines.append("")  # becomes the first line
        if module.definitions is not None:
            LinkPrinter(self, module.definitions)
        else:
            for first, count in module.rec_groups:
                self.print_group(first, count)
            counts = [0, 0, 0, 0, 0]
            for entry in module.imports:
                self.lines.append("  " + self.import_text(entry, counts[entry.kind]))
                counts[entry.kind] += 1
        for offset, table in enumerate(module.tables):
            self.lines.append("  " + self.table_text(module.num_imported_tables + offset, table))
        for offset, memory in enumerate(module.memories):
            index = module.num_imported_memories + offset
            self.lines.append(f"  (memory{self.ids.memories.definition(index)} {self.types.mem_type(memory)})")
        for offset, tag in enumerate(module.tags):
            index = module.num_imported_tags + offset
            self.lines.append(f"  (tag{self.ids.tags.definition(index)} {self.types.type_use(tag.type_idx)})")
        for offset, glob in enumerate(module.globals):
            self.lines.append("  " + self.global_text(module.num_imported_globals + offset, glob))
        for export in module.exports:
            self.lines.append("  " + self.export_text(export))
        if module.start is not None:
            self.lines.append(f"  (start {self.ids.funcs.reference(module.start)})")
        for index, elem in enumerate(module.elems):
            self.lines.append("  " + self.elem_text(index, elem))
        labels: IndirectNameMap = {}
        for defined in range(len(module.func_types)):
            self.func(defined, labels)
        for index, segment in enumerate(module.datas):
            self.data(index, segment)
        if customs:
            self.customs(labels)
        self.lines[0] = "(module" + ident
        if len(self.lines) == 1:
            return [self.lines[0] + ")"]
        self.lines.append(")")
        return self.lines

    def print_nested(self, module: Module, index: int) -> None:
        """A module inside this one, which has `index` in the index space of modules."""
        inner = ModulePrinter(module, self.folded, [*self.around, self.space])
        self.lines.extend(["  " + line for line in inner.text(self.module_ids.definition(index), True)])

    def module_id(self) -> str:
        name = self.names.module
        if name is None:
            return ""
        return f" {quote_id(name)}" if name else ' (@name "")'

    # Types and imports.

    def print_group(self, first: int, count: int) -> None:
        """A recursion group."""
        types = self.space
        if count == 1:
            self.lines.append("  " + self.types.sub_type(first, types[first]))
            return
        self.lines.append("  (rec")
        for index in range(first, first + count):
            self.lines.append("    " + self.types.sub_type(index, types[index]))
        self.lines.append("  )")

    def space_ids(self, kind: int) -> Identifiers:
        """The identifiers of an index space; instances have none."""
        ids = self.ids
        spaces = {FUNC: ids.funcs, TABLE: ids.tables, MEMORY: ids.memories, GLOBAL: ids.globals, TAG: ids.tags}
        return spaces.get(kind, _NO_IDS if kind == INSTANCE else self.module_ids if kind == MODULE else ids.types)

    def definition(self, kind: int, index: int) -> str:
        return self.space_ids(kind).definition(index)

    def reference(self, kind: int, index: int) -> str:
        return self.space_ids(kind).reference(index)

    def import_text(self, entry: Import, index: int) -> str:
        names = f"{quote(entry.module.encode())} {quote(entry.name.encode())}"
        return f"(import {names} ({self.import_desc(entry.kind, entry.desc, entry.exact, index)}))"

    def import_desc(self, kind: int, desc: ItemDesc, exact: bool, index: int) -> str:
        """An imported item that gets `index`, without brackets."""
        ident = self.definition(kind, index)
        if kind != FUNC or not isinstance(desc, int):
            return self.types.item(kind, ident, desc)
        params = Identifiers(self.names.locals.get(index, {}), self.param_count(desc))
        if params.names and self.types.has_signature(desc):
            self.local_names[index] = params.names
        type_use = self.types.type_use(desc, params)
        return f"func{ident} (exact {type_use})" if exact else f"func{ident} {type_use}"

    def param_count(self, type_index: int) -> int:
        if type_index < len(self.space):
            comp = self.space[type_index].comp
            if isinstance(comp, FuncType):
                return len(comp.params)
        return 0

    # Definitions.

    def const_expr(self, expr: ConstExpr) -> list[str]:
        """The instructions of a constant expression, one string each."""
        self.const_code.begin(expr.code, 0, len(expr.code))
        return [line.strip() for line in self.const_code.instructions(Identifiers({}, 0), {}, 0)]

    def offset_text(self, expr: ConstExpr | None, keyword: str) -> str:
        """A folded instruction where there is one, else `(offset ...)` or `(item ...)`."""
        assert expr is not None
        instructions = self.const_expr(expr)
        if len(instructions) == 1:
            return f"({instructions[0]})"
        return f"({keyword} {' '.join(instructions)})" if instructions else f"({keyword})"

    def table_text(self, index: int, table: TableDef) -> str:
        init = ""
        if table.init is not None:
            init = "".join([f" {text}" for text in self.const_expr(table.init)])
        return f"(table{self.ids.tables.definition(index)} {self.types.table_type(table.type)}{init})"

    def global_text(self, index: int, glob: GlobalDef) -> str:
        init = "".join([f" {text}" for text in self.const_expr(glob.init)])
        return f"(global{self.ids.globals.definition(index)} {self.types.global_type(glob.type)}{init})"

    def export_text(self, export: Export) -> str:
        reference = self.reference(export.kind, export.index)
        return f"(export {quote(export.name.encode())} ({KIND_NAMES[export.kind]} {reference}))"

    def elem_text(self, index: int, elem: ElemSegment) -> str:
        text = f"(elem{self.ids.elems.definition(index)}"
        if elem.mode == DECLARATIVE:
            text += " declare"
        elif elem.mode == ACTIVE:
            if elem.table:
                text += f" (table {self.ids.tables.reference(elem.table)})"
            text += " " + self.offset_text(elem.offset_expr, "offset")
        if elem.funcs is not None:
            return text + " func" + "".join([" " + self.ids.funcs.reference(func) for func in elem.funcs]) + ")"
        assert elem.exprs is not None
        items = "".join([" " + self.offset_text(expr, "item") for expr in elem.exprs])
        return f"{text} {self.types.val_type(elem.element)}{items})"

    def data(self, index: int, segment: DataSegment) -> None:
        text = f"  (data{self.ids.datas.definition(index)}"
        if segment.mode == ACTIVE:
            if segment.memory:
                text += f" (memory {self.ids.memories.reference(segment.memory)})"
            text += " " + self.offset_text(segment.offset_expr, "offset")
        code = self.module.code
        size = segment.end - segment.start
        if size <= _DATA_LINE_BYTES:
            self.lines.append(f"{text} {quote_bytes(code[segment.start : segment.end])})")
            return
        self.lines.append(text)
        for start in range(segment.start, segment.end, _DATA_LINE_BYTES):
            self.lines.append("    " + quote_bytes(code[start : min(start + _DATA_LINE_BYTES, segment.end)]))
        self.lines.append("  )")

    # Functions.

    def func(self, defined: int, labels: IndirectNameMap) -> None:
        """A defined function. labels: gets the label names that the text carries."""
        module = self.module
        index = module.num_imported_funcs + defined
        type_index = module.func_types[defined]
        code = self.code
        code.begin(module.code, module.body_starts[defined], module.body_ends[defined])
        local_types: list[ValType] = []
        for count, value_type in read_locals(code):
            local_types.extend([value_type] * count)
        param_count = self.param_count(type_index)
        locals_ = Identifiers(self.names.locals.get(index, {}), param_count + len(local_types))
        if locals_.names:
            shown = 0 if self.types.has_signature(type_index) else param_count
            self.local_names[index] = {local: name for local, name in locals_.names.items() if local >= shown}
        self.lines.append(f"  (func{self.ids.funcs.definition(index)} {self.types.type_use(type_index, locals_)}")
        if local_types:
            self.lines.append("   " + self.local_text(local_types, locals_, param_count))
        label_names = {number: name for number, name in self.names.labels.get(index, {}).items() if name}
        self.lines.extend(code.instructions(locals_, label_names, 2))
        printed = {number: name for number, name in label_names.items() if number < code.labels_printed}
        if printed:
            labels[index] = printed
        self.lines.append("  )")

    def listing(self, defined: int) -> tuple[str, dict[int, str]]:
        """A defined function's type as printed, and the text of each of its instructions by offset, the last `end` too.

        Raises MalformedError.
        """
        starts: list[int] = []
        self.code.starts = starts
        self.lines.clear()
        self.func(defined, {})
        head = self.lines[0].removeprefix(
            f"  (func{self.ids.funcs.definition(self.module.num_imported_funcs + defined)} "
        )
        # Before the instructions come the locals, if there are any; behind them a bracket instead of the last `end`.
        first = len(self.lines) - len(starts)
        texts = {start: self.lines[first + i][4:] for i, start in enumerate(starts)}
        texts[starts[-1]] = "end"
        return head, texts

    def local_text(self, types: list[ValType], ids: Identifiers, first: int) -> str:
        """` (local ...)*`; `first` is the index of the first one."""
        shifted = Identifiers({}, 0)
        for index, name in ids.names.items():
            if index >= first:
                shifted.names[index - first] = name
                if index in ids.ids:
                    shifted.ids[index - first] = ids.ids[index]
        return self.types.val_types("local", types, shifted)

    # Custom sections.

    def customs(self, labels: IndirectNameMap) -> None:
        """All custom sections, but for a name section that the identifiers make again.

        Of several none: a parser makes one only where none is written.
        """
        carried = self.carried_names(labels)
        alone = sum(custom.name == "name" for custom in self.module.customs) == 1
        present = present_sections(self.module)
        last = present[-1] if present else 0
        after_names = False
        for custom in self.module.customs:
            if custom.name == "name" and alone and custom.after == last and custom.data == carried:
                after_names = True
                continue
            self.lines.append("  " + custom_text(custom, "" if after_names else place_text(custom.after)))

    def carried_names(self, labels: IndirectNameMap) -> bytes:
        """The name section that the parser makes of the printed identifiers and annotations."""
        ids = self.ids
        names = Names()
        names.module = self.names.module
        names.funcs = ids.funcs.names
        names.locals = self.local_names
        names.labels = labels
        names.types = ids.types.names
        names.tables = ids.tables.names
        names.memories = ids.memories.names
        names.globals = ids.globals.names
        names.elems = ids.elems.names
        names.datas = ids.datas.names
        names.fields = {index: fields.names for index, fields in ids.fields.items()}
        names.tags = ids.tags.names
        return encode_names(names)


def module_ids(module: Module, names: Names, types: list[SubType]) -> ModuleIds:
    """types: the type index space."""
    ids = ModuleIds()
    ids.types = Identifiers(names.types, len(types))
    ids.funcs = Identifiers(names.funcs, module.num_imported_funcs + len(module.func_types))
    ids.tables = Identifiers(names.tables, module.num_imported_tables + len(module.tables))
    ids.memories = Identifiers(names.memories, module.num_imported_memories + len(module.memories))
    ids.globals = Identifiers(names.globals, module.num_imported_globals + len(module.globals))
    ids.tags = Identifiers(names.tags, module.num_imported_tags + len(module.tags))
    ids.elems = Identifiers(names.elems, len(module.elems))
    ids.datas = Identifiers(names.datas, len(module.datas))
    for index, field_names in names.fields.items():
        if index < len(types):
            comp = types[index].comp
            if isinstance(comp, StructType):
                ids.fields[index] = Identifiers(field_names, len(comp.fields))
    return ids


def nested_module_ids(module: Module) -> Identifiers:
    """Identifiers of the modules in this one's index space that are defined in it, by their own names."""
    names: dict[int, str] = {}
    count = 0
    for definition in module.definitions or []:
        if isinstance(definition, NestedModule):
            name = decode_names(definition.module).module
            if name is not None:
                names[count] = name
        if adds_module(definition):
            count += 1
    return Identifiers(names, count)


def place_text(after: int) -> str:
    """The placement of a `@custom` that follows section `after`."""
    if after == 0:
        return " (before first)"
    if after not in SECTION_ORDER:
        return " (after import)"  # of the sections of module linking, which have no word
    return f" (after {SECTION_WORDS[SECTION_ORDER.index(after)].decode()})"


def custom_text(custom: CustomSection, place: str) -> str:
    data = f" {quote_bytes(custom.data)}" if custom.data else ""
    return f"(@custom {quote(custom.name.encode())}{place}{data})"


def print_module(module: Module, customs: bool = True, folded: bool = False) -> str:
    """The module as text. customs: whether custom sections are printed, too (names are, in any case).
    folded: whether operands stand in brackets inside their instruction.

    Raises MalformedError where code cannot be decoded.
    """
    return ModulePrinter(module, folded).print(customs)
