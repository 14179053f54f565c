"""Definitions of module linking as text, in their order and with the index that each item gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from taipan.text.identifiers import quote
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
from taipan.wasm.module import FUNC, INSTANCE, KIND_NAMES, MODULE, TYPE, Module
from taipan.wasm.types import SubType

if TYPE_CHECKING:
    from taipan.text.printer import ModulePrinter


def visible_types(module: Module, around: list[list[SubType]]) -> list[SubType]:
    """The type index space of a module, with what outer aliases stand for. around: those of enclosing modules."""
    if module.definitions is None:
        return module.types
    types = module.types[: module.num_types]
    for definition in module.definitions:
        if isinstance(definition, OuterAlias) and definition.kind == TYPE and definition.depth < len(around):
            outer = around[-1 - definition.depth]
            if definition.index < len(outer):
                types[definition.own] = outer[definition.index]
    return types


def visible_funcs(module: Module) -> list[int]:
    """The type index of each function, too large where that takes validation."""
    if module.definitions is None:
        return module.func_space
    funcs: list[int] = []
    for definition in module.definitions:
        if isinstance(definition, ImportItem) and isinstance(definition.desc, int) and definition.kind == FUNC:
            funcs.append(definition.desc)
        elif isinstance(definition, ExportAlias) and definition.kind == FUNC:
            funcs.append(module.num_types)
    return funcs + module.func_types


def outer_types(module: Module) -> set[int]:
    """The type indices that stand for types of enclosing modules."""
    return {each.own for each in module.definitions or [] if isinstance(each, OuterAlias) and each.kind == TYPE}


def adds_module(definition: Definition) -> bool:
    """Whether a definition is one of the index space of modules."""
    if isinstance(definition, (ImportItem, ExportAlias, OuterAlias)):
        return definition.kind == MODULE
    return isinstance(definition, NestedModule)


@final
class LinkPrinter:
    """Prints the definitions of one module. counts: items so far, by kind.  implicit: first names of two."""

    __slots__ = ("counts", "implicit", "printer")

    def __init__(self, printer: ModulePrinter, definitions: list[Definition]) -> None:
        self.printer: Final = printer
        self.counts: list[int] = [0] * (TYPE + 1)
        self.implicit: set[str] = set()
        for definition in definitions:
            self.print(definition)

    def next_index(self, kind: int) -> int:
        index = self.counts[kind]
        self.counts[kind] = index + 1
        return index

    def line(self, text: str) -> None:
        self.printer.lines.append("  " + text)

    def print(self, definition: Definition) -> None:
        if isinstance(definition, TypeGroup):
            self.printer.print_group(definition.first, definition.count)
        elif isinstance(definition, ImportItem):
            self.line(self.import_text(definition))
        elif isinstance(definition, NestedModule):
            self.printer.print_nested(definition.module, self.next_index(MODULE))
        elif isinstance(definition, ExportAlias):
            kind = definition.kind
            item = f"({KIND_NAMES[kind]}{self.printer.definition(kind, self.next_index(kind))})"
            self.line(f"(alias {definition.instance} {quote(definition.name.encode())} {item})")
        elif isinstance(definition, OuterAlias):
            kind = definition.kind
            index = definition.own if kind == TYPE else self.next_index(kind)
            item = f"({KIND_NAMES[kind]}{self.printer.definition(kind, index)})"
            self.line(f"(alias outer {definition.depth} {definition.index} {item})")
        elif isinstance(definition, Instantiate):
            index = self.next_index(INSTANCE)
            args = self.items("import", definition.args)
            self.line(f"(instance (;{index};) (instantiate {definition.module}{args}))")
        elif isinstance(definition, Bundle):
            index = self.next_index(INSTANCE)
            self.line(f"(instance (;{index};){self.items('export', definition.items)})")

    def import_text(self, item: ImportItem) -> str:
        names = quote(item.module.encode())
        if item.name is not None:
            names += " " + quote(item.name.encode())
            if item.module not in self.implicit:
                # All imports with this first name are one instance.
                self.implicit.add(item.module)
                self.next_index(INSTANCE)
        desc = self.printer.import_desc(item.kind, item.desc, item.exact, self.next_index(item.kind))
        return f"(import {names} ({desc}))"

    def items(self, word: str, items: list[Item]) -> str:
        texts = [
            f" ({word} {quote(name.encode())} ({KIND_NAMES[kind]} {self.printer.reference(kind, index)}))"
            for name, kind, index in items
        ]
        return "".join(texts)
