"""Module linking in the text format: the header of a module, which are the fields that make `Module.definitions`.

Header fields are types, imports (inline ones too), aliases, nested modules and instances. If there are only types and
imports, all types come first, as in any module; otherwise everything keeps the order of the source, and a type use
knows only the types before it. Types that a header field writes out, and inline aliases in it, become definitions just
before it; those in the rest of the module come at the end of the header, since imported and aliased items precede own
ones in every index space.

The scan finds out which field is what, and where inline aliases are; then the header is parsed, then the aliases of
the other fields; then own items get their indices, and `ModuleParser` goes on with the other fields.
Syntax: as wasm-tools had it in 2022.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import i64

from taipan.limits import MAX_MODULE_DEPTH, too_many
from taipan.text import keywords as kws
from taipan.text.lexer import ID, KEYWORD, LPAR, NUMBER, RPAR, STRING, Lexer
from taipan.text.lookahead import OUTER, at_link_type, identifier, imported_inline, inline_aliases, lone_names
from taipan.text.parse_types import ALL_KINDS, CORE_KINDS
from taipan.text.resolve import IndexSpace, parse_index
from taipan.wasm.linking import (
    Bundle,
    Definition,
    ExportAlias,
    ImportItem,
    Instantiate,
    Item,
    NestedModule,
    OuterAlias,
    TypeGroup,
)
from taipan.wasm.module import FUNC, INSTANCE, KIND_NAMES, MODULE, TYPE, Export, Module
from taipan.wasm.types import FuncType, SubType

if TYPE_CHECKING:
    from taipan.text.parser import ModuleParser

_INSTANTIATE: Final = b"instantiate"
_NOTHING: Final = Lexer(b"")
"""Where there is no identifier to take."""

_HEADER_WORDS: Final = frozenset(
    (kws.TYPE, kws.REC, kws.IMPORT, kws.ALIAS, kws.MODULE, kws.INSTANCE, *CORE_KINDS.keys())
)
_UNKNOWN_TYPE: Final = SubType(FuncType((), ()))
"""For an outer type whose number does not exist, which validation refuses."""


@final
class _Field:
    """A field: where its bracket is, its keyword, whether it is of the header, and its inline aliases' brackets."""

    __slots__ = ("aliases", "header", "kw", "start")

    def __init__(self, start: int, kw: int, header: bool, aliases: list[int]) -> None:
        self.start: Final = start
        self.kw: Final = kw
        self.header: Final = header
        self.aliases: Final = aliases


@final
class LinkParser:
    """The header of one module, and what inner modules ask about it.

    around: that of the module directly around this one.  ident: the identifier of this module.
    header_starts: offsets of the header fields.  export_places: offset of each of `Module.exports` in the source.
    """

    __slots__ = (
        "around",
        "definitions",
        "early",
        "export_places",
        "groups_done",
        "header_starts",
        "ident",
        "implicit",
        "known_aliases",
        "late_items",
        "lexer",
        "link_types",
        "owner",
        "spaces",
        "types",
    )

    def __init__(self, owner: ModuleParser, around: LinkParser | None) -> None:
        self.owner: Final = owner
        self.around: Final = around
        self.lexer: Final = owner.lexer
        self.spaces: Final = owner.spaces
        self.types: Final = owner.types
        self.ident: bytes | None = None
        self.definitions: list[Definition] = []
        self.early: bool = False
        self.link_types: bool = False  # whether a `type` field is of a module or instance
        self.groups_done: int = 0  # recursion groups that are among the definitions
        self.header_starts: set[int] = set()
        self.export_places: list[int] = []
        self.implicit: set[str] = set()  # first names of imports with two names
        self.known_aliases: dict[tuple[int, int, str], int] = {}  # (instance or ~depth, kind, name or index) -> index
        # Arguments that are own items: the list, the place in it, the offset of the identifier.
        self.late_items: list[tuple[list[Item], int, int]] = []
        spaces = owner.spaces
        for space in (
            spaces.types,
            spaces.funcs,
            spaces.tables,
            spaces.memories,
            spaces.globals,
            spaces.tags,
            spaces.modules,
            spaces.instances,
        ):
            space.aliases = {}

    def parse(self, start: i64) -> None:
        """Everything up to the fields that are not of the header; they begin after `start`."""
        fields = self.scan(start)
        header = [field for field in fields if field.header]
        if self.early:
            for field in header:
                self.header_field(field)
        else:
            self.types_first([field for field in header if field.kw in (kws.TYPE, kws.REC)])
            for field in header:
                if field.kw not in (kws.TYPE, kws.REC):
                    self.header_field(field)
        others = [field for field in fields if not field.header]
        for field in others:
            for at in field.aliases:
                self.inline_alias(at)
        self.declare_own(others)
        for items, place, at in self.late_items:
            self.lexer.seek(at)
            name, kind, _ = items[place]
            items[place] = (name, kind, int(self.owner.space_of(kind).resolve(self.lexer)))

    def types_first(self, fields: list[_Field]) -> None:
        """The types of a module that has them all before its imports.

        Without module and instance types their indices are known beforehand, and each may name the others: whether that
        is valid is not for the parser to say.
        """
        if self.link_types:
            for field in fields:
                self.header_field(field)
            return
        lexer = self.lexer
        keep = lexer.keep_annotations
        lexer.keep_annotations = False
        groups: list[list[int]] = []
        for field in fields:
            self.enter(field)
            groups.append(self.owner.declare_rec() if field.kw == kws.REC else [self.owner.declare_type(field.start)])
        lexer.keep_annotations = keep
        self.owner.define_types(groups)

    def finish(self, module: Module) -> None:
        """Give the module its definitions, and put its exports into the order of the source."""
        if self.early:
            self.add_types()
            module.definitions = self.definitions
        else:
            groups: list[Definition] = [TypeGroup(first, count) for first, count in self.types.rec_groups]
            module.definitions = groups + self.definitions
        order = sorted(range(len(self.export_places)), key=self.export_places.__getitem__)
        module.exports = [module.exports[index] for index in order]

    # The scan.

    def scan(self, start: i64) -> list[_Field]:
        source = self.lexer.source
        ahead = Lexer(source, start, self.lexer.end)
        fields: list[_Field] = []
        definition = ""
        while ahead.kind == LPAR:
            at = ahead.start
            ahead.advance()
            if ahead.kind != KEYWORD:
                raise ahead.unexpected("a module field")
            kw = ahead.kw
            ahead.advance()
            word_stop = ahead.prev_stop
            inside = ahead.start
            if kw == kws.TYPE and at_link_type(ahead):
                self.link_types = True
            imported = imported_inline(ahead, kw)
            own = kw in CORE_KINDS and not imported
            header = not own and kw in _HEADER_WORDS
            if definition and (imported or kw == kws.IMPORT):
                place = word_stop if kw == kws.IMPORT else inside
                raise ahead.error(f"import after {definition}: imports come first", place)
            if own and not definition:
                definition = "function" if kw == kws.FUNC else KIND_NAMES[CORE_KINDS[kw]]
            stop = ahead.skip_to_close(at)
            aliases: list[int] = []
            if kw != kws.MODULE or imported:
                aliases = inline_aliases(source, inside, stop)
            if aliases or kw in (kws.ALIAS, kws.MODULE, kws.INSTANCE):
                self.early = True
            if header:
                self.header_starts.add(int(at))
            fields.append(_Field(int(at), int(kw), header, aliases))
            ahead.seek(stop)
        return fields

    def declare_own(self, fields: list[_Field]) -> None:
        """Give own items their indices, which follow those of the header."""
        owner = self.owner
        lexer = self.lexer
        spaces = self.spaces
        for kind in range(len(owner.next_index)):
            owner.next_index[kind] = int(owner.space_of(kind).count)
        keep = lexer.keep_annotations
        lexer.keep_annotations = False
        for field in fields:
            if field.kw in CORE_KINDS or field.kw in (kws.ELEM, kws.DATA):
                self.enter(field)
                if field.kw == kws.ELEM:
                    spaces.elems.declare(lexer)
                elif field.kw == kws.DATA:
                    spaces.datas.declare(lexer)
                else:
                    owner.declare_item(field.kw, field.start)
        lexer.keep_annotations = keep

    def enter(self, field: _Field) -> None:
        """Go to what follows the keyword of a field."""
        self.lexer.seek(field.start)
        self.lexer.advance()
        self.lexer.advance()

    # Definitions.

    def add_types(self) -> None:
        """Put the types that are new since the last call among the definitions."""
        if not self.early:
            return
        groups = self.types.rec_groups
        for first, count in groups[self.groups_done :]:
            self.definitions.append(TypeGroup(first, count))
        self.groups_done = len(groups)

    def add(self, definition: Definition) -> None:
        self.add_types()
        self.definitions.append(definition)

    def add_import(self, names: tuple[str, str | None], kind: int) -> None:
        """An import whose type comes next."""
        types = self.types
        if kind == FUNC and types.open(kws.EXACT):
            desc = types.item_desc(kind)
            types.close()
            self.add(ImportItem(names[0], names[1], kind, desc, 0, True))
        else:
            self.add(ImportItem(names[0], names[1], kind, types.item_desc(kind)))

    def import_names(self) -> tuple[str, str | None]:
        """One name or two. Of those with two, the first of each first name makes an instance, which takes an index."""
        first = self.types.name()
        if self.lexer.kind != STRING:
            return first, None
        if first not in self.implicit:
            self.implicit.add(first)
            self.spaces.instances.count += 1
        return first, self.types.name()

    def add_outer(self, depth: int, kind: int, index: int) -> int:
        """An alias of an outer type or module; its own index, if it is a type."""
        self.add_types()
        if kind != TYPE:
            self.definitions.append(OuterAlias(depth, kind, index))
            return -1
        types = self.types
        own = len(types.types)
        self.definitions.append(OuterAlias(depth, kind, index, 0, own))
        around = self.module_around(depth)
        known = around is not None and index < len(around.types.types)
        types.add_rec_group([around.types.types[index] if around is not None and known else _UNKNOWN_TYPE])
        types.outer.add(own)
        self.groups_done = len(types.rec_groups)
        return own

    def module_around(self, depth: int) -> LinkParser | None:
        """The enclosing module at a depth, None if there are not so many."""
        around = self.around
        while around is not None and depth > 0:
            around = around.around
            depth -= 1
        return around

    # Header fields.

    def header_field(self, field: _Field) -> None:
        for at in field.aliases:
            self.inline_alias(at)
        self.enter(field)
        kw = field.kw
        if kw == kws.TYPE:
            self.type_field()
            return
        if kw == kws.REC:
            self.rec_field()
        elif kw == kws.IMPORT:
            self.import_field()
        elif kw == kws.ALIAS:
            self.alias_field()
        elif kw == kws.MODULE:
            self.module_field(field)
        elif kw == kws.INSTANCE:
            self.instance_field()
        else:
            self.inline_import(CORE_KINDS[kw])
        self.types.close()
        self.add_types()

    def type_field(self) -> None:
        """The rest of `(type`, its closing bracket included."""
        lexer = self.lexer
        types = self.types
        place = lexer.prev_stop
        if lexer.kind == ID:
            lexer.advance()
        if not types.at_link_type():
            lexer.seek(place)
            types.add_rec_group([types.type_definition(self.declare_type())])
        else:
            comp = types.link_type()
            types.close()
            stop = lexer.prev_stop
            lexer.seek(place)
            self.declare_type()
            lexer.seek(stop)
            types.add_rec_group([SubType(comp)])
        types.intern_one(len(types.types) - 1)
        self.add_types()

    def declare_type(self) -> int:
        """Give the next type its identifier; its index."""
        space = self.spaces.types
        space.count = len(self.types.types)
        return int(space.declare(self.lexer))

    def rec_field(self) -> None:
        """The types of `(rec` know each other: first all identifiers, then what they are."""
        lexer = self.lexer
        types = self.types
        place = lexer.prev_stop
        first = len(types.types)
        space = self.spaces.types
        space.count = first
        keep = lexer.keep_annotations
        lexer.keep_annotations = False
        lexer.seek(place)
        self.owner.declare_rec()
        lexer.keep_annotations = keep
        lexer.seek(place)
        subtypes: list[SubType] = []
        while types.open(kws.TYPE):
            index = first + len(subtypes)
            space.pass_over(lexer, index)
            subtypes.append(types.type_definition(index))
        types.add_rec_group(subtypes)
        if len(subtypes) == 1:
            types.intern_one(first)

    def import_field(self) -> None:
        names = self.import_names()
        kind = self.types.item_kind(ALL_KINDS)
        self.owner.space_of(kind).declare(self.lexer)
        self.add_import(names, kind)
        self.types.close()

    def inline_import(self, kind: int) -> None:
        """`(func $f (export "x") (import "a" "b") ...` and the like, but for modules and instances."""
        index = int(self.owner.space_of(kind).declare(self.lexer))
        self.inline_exports(kind, index)
        self.types.open(kws.IMPORT)
        names = self.import_names()
        self.types.close()
        self.add_import(names, kind)

    def inline_exports(self, kind: int, index: int) -> None:
        """`(export "x")`, any number of times; with something in it, it is no export of this module."""
        while lone_names(self.lexer, kws.EXPORT, 1):
            at = self.lexer.start
            self.types.open(kws.EXPORT)
            self.owner.add_export(Export(self.types.name(), kind, index), at)
            self.types.close()

    def alias_field(self) -> None:
        """`(alias $i "name" (kind $id?))` or `(alias outer depth index (kind $id?))`."""
        lexer = self.lexer
        types = self.types
        if lexer.kind == KEYWORD and lexer.text() == OUTER:
            lexer.advance()
            depth, around = self.outer_depth(lexer)
            place = lexer.start
            if lexer.kind != NUMBER and lexer.kind != ID:
                raise lexer.unexpected("an index in the outer module")
            lexer.advance()
            kind = types.item_kind({kws.TYPE: TYPE, kws.MODULE: MODULE})
            index = self.outer_index(Lexer(lexer.source, place, lexer.end), depth, around, kind)
            self.declare_outer(lexer, self.add_outer(depth, kind, index))
        else:
            instance = int(self.spaces.instances.resolve(lexer))
            name = types.name()
            kind = types.item_kind(ALL_KINDS)
            self.owner.space_of(kind).declare(lexer)
            self.add(ExportAlias(instance, kind, name))
        types.close()

    def declare_outer(self, lexer: Lexer, own: int) -> int:
        """Give the outer alias that was just added its identifier. own: from `add_outer`. Returns its index."""
        if own < 0:
            return int(self.spaces.modules.declare(lexer))
        self.spaces.types.count = own
        return int(self.spaces.types.declare(lexer))

    def module_field(self, field: _Field) -> None:
        lexer = self.lexer
        index = int(self.spaces.modules.declare(lexer))
        ident = identifier(lexer, field.start)
        self.inline_exports(MODULE, index)
        if lone_names(lexer, kws.IMPORT, 2):
            self.types.open(kws.IMPORT)
            names = self.import_names()
            self.types.close()
            self.add_import(names, MODULE)
            return
        depth = 1
        around = self.around
        while around is not None:
            depth += 1
            around = around.around
        if depth > MAX_MODULE_DEPTH:
            raise too_many("modules inside each other", depth, MAX_MODULE_DEPTH)
        stop = lexer.skip_to_close(field.start)
        self.add(NestedModule(self.owner.nested(ident, self.spaces.modules.names.get(index), stop)))

    def instance_field(self) -> None:
        """An import, `(instantiate ...)`, or `(export "name" item)*`."""
        lexer = self.lexer
        types = self.types
        place = lexer.prev_stop
        if lexer.kind == ID:
            lexer.advance()
        while lone_names(lexer, kws.EXPORT, 1):
            lexer.seek(lexer.skip_to_close(lexer.start))
        definition: Definition | None = None
        names: tuple[str, str | None] | None = None
        if types.open(kws.IMPORT):
            names = self.import_names()
            types.close()
        elif lexer.kind == LPAR and not types.at_open(kws.EXPORT):
            definition = self.instantiate()
        else:
            items: list[Item] = []
            while types.open(kws.EXPORT):
                self.item(items, types.name())
                types.close()
            definition = Bundle(items)
        stop = lexer.prev_stop
        lexer.seek(place)
        index = int(self.spaces.instances.declare(lexer))
        self.inline_exports(INSTANCE, index)
        lexer.seek(stop)
        if names is not None:
            self.add_import(names, INSTANCE)
        elif definition is not None:
            self.add(definition)

    def instantiate(self) -> Instantiate:
        """`(instantiate module (import "name" item)*)`."""
        lexer = self.lexer
        types = self.types
        lexer.advance()
        if lexer.kind != KEYWORD or lexer.text() != _INSTANTIATE:
            raise lexer.unexpected("(instantiate, (import or (export")
        lexer.advance()
        module = int(self.spaces.modules.resolve(lexer))
        args: list[Item] = []
        while types.open(kws.IMPORT):
            self.item(args, types.name())
            types.close()
        types.close()
        return Instantiate(module, args)

    def item(self, items: list[Item], name: str) -> None:
        """Add `(func $f)` or the like, or an inline alias. Own items have no index yet."""
        lexer = self.lexer
        kind = self.inline_kind()
        if kind >= 0:
            items.append((name, kind, int(self.owner.space_of(kind).resolve_alias(lexer))))
            return
        kind = self.types.item_kind(ALL_KINDS)
        space = self.owner.space_of(kind)
        if lexer.kind == ID and kind < MODULE and lexer.id_value() not in space.ids:
            self.late_items.append((items, len(items), int(lexer.start)))
            items.append((name, kind, 0))
            lexer.advance()
        else:
            items.append((name, kind, int(space.resolve(lexer))))
        self.types.close()

    def inline_kind(self) -> int:
        """The kind of the inline alias that comes next; -1 if there is none."""
        lexer = self.lexer
        kind = ALL_KINDS.get(int(lexer.peek_keyword()), -1) if lexer.kind == LPAR else -1
        return kind if kind >= 0 and self.owner.space_of(kind).at_alias(lexer) else -1

    # Outer modules and inline aliases.

    def outer_depth(self, lexer: Lexer) -> tuple[int, LinkParser | None]:
        """How many modules out the current token says, by number or identifier, and which module that is."""
        if lexer.kind == NUMBER:
            depth = int(parse_index(lexer))
            lexer.advance()
            return depth, self.module_around(depth)
        if lexer.kind != ID:
            raise lexer.unexpected("the depth of an outer module")
        name = lexer.id_value()
        around = self.around
        depth = 0
        while around is not None and around.ident != name:
            around = around.around
            depth += 1
        if around is None:
            raise lexer.error(f"unknown outer module {lexer.token_text()}", lexer.start)
        lexer.advance()
        return depth, around

    def outer_index(self, lexer: Lexer, depth: int, around: LinkParser | None, kind: int) -> int:
        """The index of a type or module in the outer module. Numbers are not checked, identifiers have to be."""
        if around is None:
            if lexer.kind == ID:
                count = 0
                each = self.around
                while each is not None:
                    count += 1
                    each = each.around
                modules = "1 module" if count == 1 else f"{count} modules"
                are = "is" if count == 1 else "are"
                raise lexer.error(f"outer depth {depth}: there {are} {modules} around this one", lexer.start)
            index = int(parse_index(lexer))
            lexer.advance()
            return index
        return int((around.spaces.types if kind == TYPE else around.spaces.modules).resolve(lexer))

    def inline_alias(self, at: int) -> None:
        """Make aliases of the inline one whose bracket is at `at`, where there are none yet, and note its index."""
        lexer = Lexer(self.lexer.source, at, self.lexer.end)
        lexer.advance()
        kw = int(lexer.kw)
        lexer.advance()
        kind = TYPE if kw == kws.TYPE else ALL_KINDS[kw]
        if lexer.kind == KEYWORD:
            lexer.advance()
            depth, around = self.outer_depth(lexer)
            index = self.outer_index(lexer, depth, around, kind)
            own = self.known_aliases.get((~depth, kind, str(index)), -1)
            if own < 0:
                own = self.declare_outer(_NOTHING, self.add_outer(depth, kind, index))
                self.known_aliases[(~depth, kind, str(index))] = own
        else:
            own = int(self.spaces.instances.resolve(lexer))
            while lexer.kind == STRING:
                name = self.alias_name(lexer)
                own = self.export_alias(own, INSTANCE if lexer.kind == STRING else kind, name)
        if lexer.kind != RPAR:
            raise lexer.unexpected(")")
        aliases = self.space_of(kind).aliases
        assert aliases is not None
        aliases[at] = own

    def alias_name(self, lexer: Lexer) -> str:
        """A name, read with a lexer of its own."""
        self.lexer.seek(lexer.start)
        lexer.advance()
        return self.types.name()

    def export_alias(self, instance: int, kind: int, name: str) -> int:
        key = (instance, kind, name)
        own = self.known_aliases.get(key, -1)
        if own < 0:
            own = int(self.space_of(kind).declare(_NOTHING))
            self.known_aliases[key] = own
            self.add(ExportAlias(instance, kind, name))
        return own

    def space_of(self, kind: int) -> IndexSpace:
        return self.spaces.types if kind == TYPE else self.owner.space_of(kind)
