"""Modules of the text format: source in, `wasm.Module` out (spec: Text Format, Modules).

Two passes over the module's fields. The first declares identifiers and finds the type definitions, skipping
everything else bracket by bracket; types are parsed next, since any field may use any of them; the second pass
parses all other fields in order. Bodies and constant expressions are assembled into `Module.code`.

With module linking, `parse_linking` does the first pass, and parses types, imports and what else stands before the
functions.
"""

from __future__ import annotations

from typing import Final, final

from librt.strings import BytesWriter
from mypy_extensions import i64

from taipan.binary.encode import header_sections
from taipan.binary.leb128 import write_u32
from taipan.binary.names import IndirectNameMap, NameMap, Names
from taipan.errors import MalformedError
from taipan.features import Features
from taipan.text import keywords as kws
from taipan.text.annotations import (
    PLACE_BEFORE_CODE,
    PLACE_NAMES,
    SECTION_ORDER,
    CustomAnnotation,
    at,
    read_custom,
    read_name,
    refuse_here,
)
from taipan.text.assemble import encode_branch_hints, encode_locals
from taipan.text.lexer import EOF, ID, KEYWORD, LPAR, NUMBER, RPAR, STRING, Lexer
from taipan.text.names import encode_names
from taipan.text.parse_code import CodeParser
from taipan.text.parse_linking import LinkParser
from taipan.text.parse_types import ALL_KINDS, CORE_KINDS, TypeParser, no_module_linking
from taipan.text.resolve import IndexSpace, Spaces
from taipan.wasm.module import (
    ACTIVE,
    DECLARATIVE,
    FUNC,
    GLOBAL,
    MEMORY,
    MODULE,
    PASSIVE,
    TABLE,
    TAG,
    ConstExpr,
    CustomSection,
    DataSegment,
    ElemSegment,
    Export,
    GlobalDef,
    Import,
    ImportDesc,
    Module,
    TableDef,
)
from taipan.wasm.types import (
    FUNCREF,
    HEAP_FUNC,
    Limits,
    MemType,
    SubType,
    TableType,
    TagType,
    ValType,
    ref_type,
)


@final
class ModuleParser:
    """Parses one module whose fields begin at the lexer's current token. around: of the module that it stands in."""

    __slots__ = (
        "code",
        "customs",
        "definition_seen",
        "expressions",
        "features",
        "hint_funcs",
        "label_names",
        "lexer",
        "links",
        "local_names",
        "module",
        "module_name",
        "next_index",
        "spaces",
        "start_seen",
        "types",
    )

    def __init__(self, lexer: Lexer, features: Features, around: LinkParser | None = None) -> None:
        linking = "module-linking" in features
        self.lexer: Final = lexer
        self.features: Final = features
        self.spaces: Final = Spaces()
        self.types: Final = TypeParser(lexer, self.spaces, "memory64" in features, linking)
        self.expressions: Final = CodeParser(lexer, self.spaces, self.types)
        self.module: Final = Module()
        self.code: Final = BytesWriter()
        self.module_name: bytes | None = None
        self.definition_seen: str = ""
        self.start_seen: bool = False
        # Index that the next item of a kind (FUNC .. TAG) gets in the second pass.
        self.next_index: list[int] = [0, 0, 0, 0, 0]
        self.customs: list[CustomAnnotation] = []
        self.local_names: dict[int, dict[int, bytes]] = {}
        self.label_names: dict[int, dict[int, bytes]] = {}
        self.hint_funcs: list[tuple[int, list[tuple[int, int]]]] = []
        self.links: Final = LinkParser(self, around) if linking else None

    def parse(self) -> Module:
        """Parse the fields up to the `)` of the module or the end of the text, which stays the current token."""
        lexer = self.lexer
        if lexer.kind == ID:
            self.module_name = lexer.id_value()
            lexer.advance()
        if self.links is not None:
            self.links.ident = self.module_name
        return self.parse_body()

    def nested(self, ident: bytes | None, name: bytes | None, stop: i64) -> Module:
        """A module inside this one, from what follows its inline exports to `stop`. name: for its name section."""
        inner = ModuleParser(self.lexer, self.features, self.links)
        inner.module_name = name
        inner.expressions.text_end = stop
        if inner.links is not None:
            inner.links.ident = ident
        return inner.parse_body()

    def parse_body(self) -> Module:
        lexer = self.lexer
        start = lexer.prev_stop
        if self.links is not None:
            self.links.parse(start)
        else:
            type_starts = self.declare_fields()
            self.define_types(type_starts)
        lexer.seek(start)
        self.module_annotations()
        self.parse_fields()
        return self.finish()

    def module_annotations(self) -> None:
        """A `@name` directly after `(module $id`."""
        lexer = self.lexer
        if not lexer.annotations:
            return
        name = read_name(lexer)
        if name is not None:
            self.module_name = name
            if at(lexer, b"name") is not None:
                raise lexer.error("@name annotation: multiple module names", lexer.start)

    # First pass.

    def declare_fields(self) -> list[list[int]]:
        """Declare the identifiers of all fields. Returns the type definitions' offsets, by recursion group."""
        lexer = self.lexer
        keep = lexer.keep_annotations
        lexer.keep_annotations = False
        lexer.seek(lexer.prev_stop)
        groups: list[list[int]] = []
        while lexer.kind == LPAR:
            start = lexer.start
            lexer.advance()
            if lexer.kind != KEYWORD:
                raise self.bad_field()
            kw = lexer.kw
            lexer.advance()
            if kw == kws.TYPE:
                groups.append([self.declare_type(start)])
            elif kw == kws.REC:
                groups.append(self.declare_rec())
            elif kw == kws.IMPORT:
                self.declare_import()
            elif kw in CORE_KINDS:
                self.declare_item(kw, start)
            elif kw == kws.ELEM:
                self.spaces.elems.declare(lexer)
            elif kw == kws.DATA:
                self.spaces.datas.declare(lexer)
            lexer.seek(lexer.skip_to_close(start))
        lexer.keep_annotations = keep
        return groups

    def declare_type(self, start: i64) -> int:
        self.spaces.types.declare(self.lexer)
        return int(start)

    def declare_rec(self) -> list[int]:
        lexer = self.lexer
        starts: list[int] = []
        while lexer.kind == LPAR:
            start = lexer.start
            lexer.advance()
            if not self.types.accept(kws.TYPE):
                raise lexer.unexpected("type")
            starts.append(self.declare_type(start))
            lexer.seek(lexer.skip_to_close(start))
        return starts

    def declare_import(self) -> None:
        """`"module" "name" ( kind $id`: errors are left to the second pass."""
        lexer = self.lexer
        while lexer.kind == STRING:
            lexer.advance()
        if lexer.kind == LPAR and lexer.peek_keyword() in CORE_KINDS:
            lexer.advance()
            kw = lexer.kw
            lexer.advance()
            self.space_of(CORE_KINDS[kw]).declare(lexer)

    def declare_item(self, kw: i64, start: i64) -> None:
        lexer = self.lexer
        kind = CORE_KINDS[kw]
        self.space_of(kind).declare(lexer)
        if kind in (TABLE, MEMORY):
            # An inline segment takes an index of its own.
            inline = kws.ELEM if kind == TABLE else kws.DATA
            while lexer.kind not in (RPAR, EOF):
                if lexer.kind == LPAR:
                    if lexer.peek_keyword() == inline:
                        space = self.spaces.elems if kind == TABLE else self.spaces.datas
                        space.count += 1
                        return
                    lexer.seek(lexer.skip_to_close(lexer.start))
                else:
                    lexer.advance()

    def space_of(self, kind: int) -> IndexSpace:
        spaces = self.spaces
        if kind == FUNC:
            return spaces.funcs
        if kind == TABLE:
            return spaces.tables
        if kind == MEMORY:
            return spaces.memories
        if kind == GLOBAL:
            return spaces.globals
        if kind == TAG:
            return spaces.tags
        return spaces.modules if kind == MODULE else spaces.instances

    def bad_field(self) -> MalformedError:
        return self.lexer.unexpected("a module field")

    # Types.

    def define_types(self, groups: list[list[int]]) -> None:
        lexer = self.lexer
        index = 0
        for starts in groups:
            subtypes: list[SubType] = []
            for start in starts:
                lexer.seek(start)
                lexer.advance()
                lexer.advance()
                self.spaces.types.pass_over(lexer, index)
                subtypes.append(self.types.type_definition(index))
                index += 1
            self.types.add_rec_group(subtypes)
        self.types.intern_defined()

    # Second pass.

    def parse_fields(self) -> None:
        lexer = self.lexer
        while True:
            if lexer.annotations:
                self.custom_annotations()
            if lexer.kind != LPAR:
                break
            start = lexer.start
            lexer.advance()
            if lexer.kind != KEYWORD:
                raise self.bad_field()
            kw = lexer.kw
            if kw == kws.TYPE or (self.links is not None and int(start) in self.links.header_starts):
                self.skip_parsed(start)
                continue
            lexer.advance()
            self.field(kw, start)
            self.types.close()
        if lexer.kind not in (RPAR, EOF):
            raise self.bad_field()

    def skip_parsed(self, start: i64) -> None:
        """Step over a type or another field that has been parsed; annotations in it have been taken."""
        lexer = self.lexer
        lexer.seek(lexer.skip_to_close(start))

    def field(self, kw: i64, start: i64) -> None:
        """One field other than `type`, up to its `)`."""
        lexer = self.lexer
        if kw == kws.FUNC:
            self.func_field()
        elif kw == kws.IMPORT:
            self.import_field()
        elif kw == kws.EXPORT:
            self.export_field()
        elif kw == kws.TABLE:
            self.table_field()
        elif kw == kws.MEMORY:
            self.memory_field()
        elif kw == kws.GLOBAL:
            self.global_field()
        elif kw == kws.TAG:
            self.tag_field()
        elif kw == kws.ELEM:
            self.elem_field()
        elif kw == kws.DATA:
            self.data_field()
        elif kw == kws.START:
            if self.start_seen:
                raise lexer.error("multiple start sections", start)
            self.start_seen = True
            self.module.start = int(self.spaces.funcs.resolve(lexer))
        elif kw == kws.REC:
            while lexer.kind == LPAR:
                self.skip_parsed(lexer.start)
        elif kw in (kws.MODULE, kws.INSTANCE, kws.ALIAS):
            raise no_module_linking()
        else:
            raise lexer.error("unexpected token: expected a module field", start)

    def custom_annotations(self) -> None:
        """Take the `@custom` annotations before the current token; nothing else belongs between fields."""
        lexer = self.lexer
        annotation = at(lexer, b"custom")
        while annotation is not None:
            self.customs.append(read_custom(lexer, annotation))
            annotation = at(lexer, b"custom")
        refuse_here(lexer)

    # Parts of fields.

    def name(self) -> str:
        """A string that is UTF-8."""
        return self.types.name()

    def add_export(self, export: Export, at: i64) -> None:
        """at: where in the source it is."""
        self.module.exports.append(export)
        if self.links is not None:
            self.links.export_places.append(int(at))

    def item_start(self, kind: int) -> int:
        """The identifier and the inline exports of an item; its index."""
        lexer = self.lexer
        index = self.next_index[kind]
        self.next_index[kind] = index + 1
        self.space_of(kind).pass_over(lexer, index)
        while self.types.at_open(kws.EXPORT):
            at = lexer.start
            self.types.open(kws.EXPORT)
            self.add_export(Export(self.name(), kind, index), at)
            self.types.close()
        return index

    def inline_import(self, start: i64) -> tuple[str, str] | None:
        """`(import "module" "name")` inside an item. Without it the item is a definition."""
        if not self.types.open(kws.IMPORT):
            return None
        self.check_import_order(start)
        module = self.name()
        name = self.second_name()
        self.types.close()
        return module, name

    def check_import_order(self, start: i64) -> None:
        if self.definition_seen:
            raise self.lexer.error(f"import after {self.definition_seen}: imports come first", start)

    def add_import(self, names: tuple[str, str], kind: int, desc: ImportDesc, exact: bool = False) -> None:
        self.module.imports.append(Import(names[0], names[1], kind, desc, 0, exact))

    def const_expr(self, folded: bool) -> ConstExpr:
        """A constant expression: one folded instruction, or everything up to the next `)`."""
        offset = len(self.code)
        out = BytesWriter()
        uses_datas = self.expressions.uses_datas
        self.expressions.begin(out, IndexSpace("local"))
        if folded:
            self.expressions.folded()
        else:
            self.expressions.expression()
        self.expressions.uses_datas = uses_datas
        out.append(0x0B)
        code = out.getvalue()
        self.code.write(code)
        return ConstExpr(code, offset)

    def small_const(self, is_64: bool) -> ConstExpr:
        """The constant 0 of an address type: the offset of inline segments."""
        offset = len(self.code)
        code = b"\x42\x00\x0b" if is_64 else b"\x41\x00\x0b"
        self.code.write(code)
        return ConstExpr(code, offset)

    # Fields.

    def import_field(self) -> None:
        lexer = self.lexer
        self.check_import_order(lexer.prev_stop)
        names = (self.name(), self.second_name())
        kind = self.types.item_kind(CORE_KINDS)
        index = self.next_index[kind]
        self.next_index[kind] = index + 1
        self.space_of(kind).pass_over(lexer, index)
        self.import_desc(names, kind)
        self.types.close()

    def second_name(self) -> str:
        """The second name of an import, without which it is one of module linking."""
        if self.lexer.kind in (LPAR, RPAR):
            raise self.lexer.unexpected("a string (module linking proposal not enabled: its imports have one name)")
        return self.name()

    def import_desc(self, names: tuple[str, str], kind: int) -> None:
        types = self.types
        if kind == FUNC and types.open(kws.EXACT):
            index = int(types.type_use(IndexSpace("local")))
            types.close()
            self.add_import(names, kind, index, True)
            return
        desc = types.item_desc(kind)
        self.add_import(names, kind, desc)

    def export_field(self) -> None:
        lexer = self.lexer
        at = lexer.prev_stop
        name = self.name()
        kind = -1 if self.links is None else self.links.inline_kind()
        if kind >= 0:
            self.add_export(Export(name, kind, int(self.space_of(kind).resolve_alias(lexer))), at)
            return
        kind = self.types.item_kind(CORE_KINDS if self.links is None else ALL_KINDS)
        self.add_export(Export(name, kind, int(self.space_of(kind).resolve(lexer))), at)
        self.types.close()

    def func_field(self) -> None:
        start = self.lexer.start
        index = self.item_start(FUNC)
        names = self.inline_import(start)
        if names is not None:
            self.import_desc(names, FUNC)
            return
        self.definition_seen = self.definition_seen or "function"
        types = self.types
        space = IndexSpace("local")
        type_index = int(types.type_use(space))
        local_types: list[ValType] = []
        while types.open(kws.LOCAL):
            types.declarations(local_types, space)
        out = BytesWriter()
        out.write(encode_locals(local_types))
        expressions = self.expressions
        expressions.begin(out, space)
        expressions.expression()
        out.append(0x0B)
        module = self.module
        module.func_types.append(type_index)
        module.body_starts.append(len(self.code))
        self.code.write(out.getvalue())
        module.body_ends.append(len(self.code))
        if space.names:
            self.local_names[index] = space.names
        if expressions.label_names:
            self.label_names[index] = expressions.label_names
        if expressions.hints:
            self.hint_funcs.append((index, expressions.hints))

    def table_field(self) -> None:
        lexer = self.lexer
        types = self.types
        start = lexer.start
        index = self.item_start(TABLE)
        names = self.inline_import(start)
        if names is not None:
            self.import_desc(names, TABLE)
            return
        self.definition_seen = self.definition_seen or "table"
        is_64 = types.address_type()
        if lexer.kind == NUMBER:
            limits = types.limits(is_64)
            table_type = TableType(types.ref_type(), limits, is_64)
            init = self.const_expr(False) if lexer.kind != RPAR else None
            self.module.tables.append(TableDef(table_type, init))
            return
        element = types.ref_type()
        if not types.open(kws.ELEM):
            raise lexer.unexpected("(elem")
        offset_expr = self.small_const(is_64)
        count = self.inline_elems(index, element, offset_expr)
        types.close()
        self.module.tables.append(TableDef(TableType(element, Limits(count, count), is_64), None))

    def inline_elems(self, table: int, element: ValType, offset_expr: ConstExpr) -> int:
        """The elements of a table's inline segment, as far as its `)`; their number."""
        lexer = self.lexer
        if lexer.kind == LPAR and not self.spaces.funcs.at_alias(lexer):
            exprs = self.elem_exprs()
            self.add_elem(ACTIVE, element, table, offset_expr, None, exprs)
            return len(exprs)
        funcs = self.func_indices()
        if element == FUNCREF:
            self.add_elem(ACTIVE, ref_type(HEAP_FUNC, False), table, offset_expr, funcs, None)
        else:
            exprs = [self.ref_func(func) for func in funcs]
            self.add_elem(ACTIVE, element, table, offset_expr, None, exprs)
        return len(funcs)

    def memory_field(self) -> None:
        lexer = self.lexer
        types = self.types
        start = lexer.start
        index = self.item_start(MEMORY)
        names = self.inline_import(start)
        if names is not None:
            self.import_desc(names, MEMORY)
            return
        self.definition_seen = self.definition_seen or "memory"
        is_64 = types.address_type()
        if lexer.kind == NUMBER:
            limits = types.limits(is_64)
            shared = types.accept(kws.SHARED)
            self.module.memories.append(MemType(limits, is_64, shared, types.page_size()))
            return
        page_size_log2 = types.page_size()
        if not types.open(kws.DATA):
            raise lexer.unexpected("memory limits")
        offset_expr = self.small_const(is_64)
        size = self.add_data(ACTIVE, index, offset_expr)
        types.close()
        pages = (size + (1 << page_size_log2) - 1) >> page_size_log2
        self.module.memories.append(MemType(Limits(pages, pages), is_64, False, page_size_log2))

    def global_field(self) -> None:
        start = self.lexer.start
        self.item_start(GLOBAL)
        names = self.inline_import(start)
        if names is not None:
            self.import_desc(names, GLOBAL)
            return
        self.definition_seen = self.definition_seen or "global"
        global_type = self.types.global_type()
        self.module.globals.append(GlobalDef(global_type, self.const_expr(False)))

    def tag_field(self) -> None:
        start = self.lexer.start
        self.item_start(TAG)
        names = self.inline_import(start)
        if names is not None:
            self.import_desc(names, TAG)
            return
        self.definition_seen = self.definition_seen or "tag"
        self.module.tags.append(TagType(int(self.types.type_use(IndexSpace("param")))))

    # Segments.

    def elem_field(self) -> None:
        lexer = self.lexer
        types = self.types
        index = len(self.module.elems)
        self.spaces.elems.pass_over(lexer, index)
        if types.accept(kws.DECLARE):
            self.elem_list(DECLARATIVE, 0, None)
            return
        bare_target = lexer.kind == NUMBER
        table_named, table = self.segment_target(kws.TABLE, self.spaces.tables)
        if lexer.kind != LPAR or types.at_open(kws.REF):
            if table_named:
                raise lexer.unexpected("an offset")
            self.elem_list(PASSIVE, 0, None)
            return
        offset_expr = self.offset()
        bare_funcs = lexer.kind == RPAR or self.spaces.funcs.at_index(lexer)
        if (bare_target or not table_named) and bare_funcs:
            self.add_elem(ACTIVE, ref_type(HEAP_FUNC, False), table, offset_expr, self.func_indices(), None)
        else:
            self.elem_list(ACTIVE, table, offset_expr)

    def segment_target(self, keyword: i64, space: IndexSpace) -> tuple[bool, int]:
        """`(table x)` or `(memory x)`, or the bare number of WebAssembly 1.0: whether there is one, and the index."""
        if space.at_alias(self.lexer):
            return True, int(space.resolve_alias(self.lexer))
        if self.types.open(keyword):
            index = int(space.resolve(self.lexer))
            self.types.close()
            return True, index
        if self.lexer.kind == NUMBER:
            return True, int(space.resolve(self.lexer))
        return False, 0

    def offset(self) -> ConstExpr:
        """`(offset expr)` or one folded instruction."""
        if self.types.open(kws.OFFSET):
            expr = self.const_expr(False)
            self.types.close()
            return expr
        return self.const_expr(True)

    def elem_list(self, mode: int, table: int, offset_expr: ConstExpr | None) -> None:
        """`func x*` or `reftype expr*`. Spec: text-elemlist."""
        if self.types.accept(kws.FUNC):
            self.add_elem(mode, ref_type(HEAP_FUNC, False), table, offset_expr, self.func_indices(), None)
            return
        element = self.types.ref_type()
        self.add_elem(mode, element, table, offset_expr, None, self.elem_exprs())

    def func_indices(self) -> list[int]:
        funcs: list[int] = []
        while self.spaces.funcs.at_index(self.lexer):
            funcs.append(int(self.spaces.funcs.resolve(self.lexer)))
        return funcs

    def elem_exprs(self) -> list[ConstExpr]:
        """`(item expr)*`, or folded instructions."""
        exprs: list[ConstExpr] = []
        while self.lexer.kind == LPAR:
            if self.types.open(kws.ITEM):
                exprs.append(self.const_expr(False))
                self.types.close()
            else:
                exprs.append(self.const_expr(True))
        return exprs

    def ref_func(self, func: int) -> ConstExpr:
        offset = len(self.code)
        out = BytesWriter()
        out.append(0xD2)
        write_u32(out, func)
        out.append(0x0B)
        code = out.getvalue()
        self.code.write(code)
        return ConstExpr(code, offset)

    def add_elem(
        self,
        mode: int,
        element: ValType,
        table: int,
        offset_expr: ConstExpr | None,
        funcs: list[int] | None,
        exprs: list[ConstExpr] | None,
    ) -> None:
        self.module.elems.append(ElemSegment(mode, element, table, offset_expr, funcs, exprs))

    def data_field(self) -> None:
        lexer = self.lexer
        self.spaces.datas.pass_over(lexer, len(self.module.datas))
        memory_named, memory = self.segment_target(kws.MEMORY, self.spaces.memories)
        if lexer.kind == LPAR:
            self.add_data(ACTIVE, memory, self.offset())
        elif memory_named:
            raise lexer.unexpected("an offset")
        else:
            self.add_data(PASSIVE, 0, None)

    def add_data(self, mode: int, memory: int, offset_expr: ConstExpr | None) -> int:
        """A data segment with the strings that follow; its size in bytes."""
        start = len(self.code)
        while self.lexer.kind == STRING:
            self.code.write(self.lexer.string_value())
            self.lexer.advance()
        end = len(self.code)
        self.module.datas.append(DataSegment(mode, memory, offset_expr, start, end))
        return end - start

    # The end.

    def finish(self) -> Module:
        module = self.module
        module.types = self.types.types
        module.rec_groups = self.types.rec_groups
        module.code = self.code.getvalue()
        if self.links is not None:
            self.links.finish(module)
        if self.expressions.uses_datas:
            module.data_count = len(module.datas)
        self.add_customs()
        module.finish()
        return module

    def add_customs(self) -> None:
        """Custom sections in file order: those written as annotations, branch hints, names."""
        customs = list(self.customs)
        if self.hint_funcs:
            data = encode_branch_hints(self.hint_funcs)
            customs.insert(0, CustomAnnotation("metadata.code.branch_hint", PLACE_BEFORE_CODE, data))
        if not any(custom.name == "name" for custom in customs):
            data = encode_names(self.names())
            if data:
                customs.append(CustomAnnotation("name", PLACE_NAMES, data))
        if not customs:
            return
        customs.sort(key=_place)
        present = present_sections(self.module)
        for custom in customs:
            self.module.customs.append(CustomSection(custom.name, custom.data, section_before(custom.place, present)))

    def names(self) -> Names:
        names = Names()
        spaces = self.spaces
        names.module = None if self.module_name is None else self.module_name.decode()
        names.funcs = _decoded(spaces.funcs.names)
        names.locals = _decoded_maps(self.local_names)
        names.labels = _decoded_maps(self.label_names)
        names.types = _decoded(spaces.types.names)
        names.tables = _decoded(spaces.tables.names)
        names.memories = _decoded(spaces.memories.names)
        names.globals = _decoded(spaces.globals.names)
        names.elems = _decoded(spaces.elems.names)
        names.datas = _decoded(spaces.datas.names)
        names.fields = _decoded_maps({index: space.names for index, space in spaces.fields.items()})
        names.tags = _decoded(spaces.tags.names)
        return names


def _decoded(names: dict[int, bytes]) -> NameMap:
    return {index: name.decode() for index, name in names.items()}


def _decoded_maps(maps: dict[int, dict[int, bytes]]) -> IndirectNameMap:
    return {index: _decoded(names) for index, names in maps.items()}


def _place(custom: CustomAnnotation) -> int:
    return custom.place


def present_sections(module: Module) -> list[int]:
    """Ids of the known sections that the binary form of `module` has, in order; the last place of each counts."""
    filled = {
        1: bool(module.types),
        2: bool(module.imports),
        3: bool(module.func_types),
        4: bool(module.tables),
        5: bool(module.memories),
        13: bool(module.tags),
        6: bool(module.globals),
        7: bool(module.exports),
        8: module.start is not None,
        9: bool(module.elems),
        12: module.data_count is not None,
        10: bool(module.func_types),
        11: bool(module.datas),
    }
    present = [section for section in SECTION_ORDER if filled[section]]
    if module.definitions is None:
        return present
    header = header_sections(module.definitions)
    last = [section for place, section in enumerate(header) if section not in header[place + 1 :]]
    return last + [section for section in present if section not in (1, 2)]


def section_before(place: int, present: list[int]) -> int:
    """The present section that a custom section at `place` follows; 0 if it is the first."""
    result = 0
    for section in present:
        # The sections of module linking have no places: they are where the import section is.
        order = SECTION_ORDER.index(section) if section in SECTION_ORDER else 1
        if 2 * order < place:
            result = section
    return result


def parse(lexer: Lexer, features: Features) -> Module:
    """A whole text: `(module ...)` or bare fields."""
    if lexer.kind == LPAR and lexer.peek_keyword() == kws.MODULE:
        lexer.advance()
        lexer.advance()
        parser = ModuleParser(lexer, features)
        module = parser.parse()
        parser.types.close()
        refuse_here(lexer)
        if lexer.kind != EOF:
            raise lexer.unexpected("end of text")
        return module
    module = ModuleParser(lexer, features).parse()
    if lexer.kind != EOF:
        raise lexer.unexpected("end of text")
    return module
