"""Module and instance types with a type index space of their own, as the proposal's last text has them.

    (type (module (type (func (param i32))) (alias outer 0 3 (type)) (import "a" (func (type 0))) (export ...)))

What makes a type one of these is that it begins with a type or an alias, or is inside such a type. Type uses in it
count its own types. An alias of depth 0 is of what is around the type; in it and beyond there are only numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipan.text import keywords as kws
from taipan.text.lexer import KEYWORD, LPAR, NUMBER
from taipan.text.resolve import parse_index
from taipan.wasm.linking import InstanceTypeDef, LocalTypes, ModuleTypeDef, OuterAlias, TypeItem
from taipan.wasm.module import MODULE, TYPE
from taipan.wasm.types import FuncType, LinkType, SubType

if TYPE_CHECKING:
    from taipan.text.parse_types import TypeParser


def local_link_type(around: TypeParser, kind: int) -> LinkType:
    """The type up to the bracket that closes it; its word has been read. around: the types around it."""
    types = around.inner()
    lexer = types.lexer
    aliases: dict[int, OuterAlias] = {}
    imports: list[TypeItem] = []
    exports: list[TypeItem] = []
    while lexer.kind == LPAR:
        if types.open(kws.TYPE):
            local_type(types)
        elif types.open(kws.ALIAS):
            alias = outer_alias(types, around)
            aliases[alias.own] = alias
        else:
            types.link_item(kind, imports, exports)
    local = LocalTypes([aliases.get(index, entry) for index, entry in enumerate(types.types)])
    return ModuleTypeDef(imports, exports, local) if kind == MODULE else InstanceTypeDef(exports, local)


def local_type(types: TypeParser) -> None:
    """The rest of `(type`, its closing bracket included."""
    index = len(types.types)
    types.spaces.types.count = index
    types.spaces.types.declare(types.lexer)
    if types.at_link_type():
        subtype = SubType(types.link_type())
        types.close()
    else:
        subtype = types.type_definition(index)
    types.add_rec_group([subtype])
    types.intern_one(index)


def outer_alias(types: TypeParser, around: TypeParser) -> OuterAlias:
    """The rest of `(alias`: `outer depth index (type $id?))`."""
    lexer = types.lexer
    if lexer.kind != KEYWORD or lexer.text() != b"outer":
        raise lexer.unexpected("outer")
    lexer.advance()
    if lexer.kind != NUMBER:
        raise lexer.unexpected("the depth of an outer type, 0 for what is around this type")
    depth = int(parse_index(lexer))
    lexer.advance()
    if depth == 0:
        index = int(around.spaces.types.resolve(lexer))
    else:
        if lexer.kind != NUMBER:
            raise lexer.unexpected("the number of an outer type")
        index = int(parse_index(lexer))
        lexer.advance()
    if not types.open(kws.TYPE):
        raise lexer.unexpected("(type")
    own = len(types.types)
    types.spaces.types.count = own
    types.spaces.types.declare(lexer)
    types.close()
    types.close()
    known = depth == 0 and index < len(around.types)
    types.add_rec_group([around.types[index] if known else SubType(FuncType((), ()))])
    types.outer.add(own)
    return OuterAlias(depth, TYPE, index, 0, own)
