"""`wasm.Module` -> bytes. Decoding the result gives an equal module, offsets apart.

With module linking the definitions are written in their order, those of one kind that follow each other as one section.
"""

from __future__ import annotations

from collections.abc import Sequence

from librt.strings import BytesWriter
from mypy_extensions import i64

from taipan.binary.decode import (
    ALIAS,
    CODE,
    CUSTOM,
    DATA,
    DATA_COUNT,
    ELEMENT,
    EXPORT,
    FUNCTION,
    GLOBAL,
    IMPORT,
    INSTANCE,
    MAGIC,
    MEMORY,
    MODULE,
    ORDER,
    START,
    TABLE,
    TAG,
    TYPE,
    VERSION,
)
from taipan.binary.leb128 import write_bytes, write_name, write_s33, write_u32, write_u64
from taipan.binary.linking import (
    FROM_ITEMS,
    FROM_MODULE,
    LOCAL_ALIAS,
    LOCAL_EXPORT,
    LOCAL_IMPORT,
    LOCAL_TYPE,
    OF_INSTANCE,
    OF_OUTER,
)
from taipan.binary.sections import EXACT_FUNC, EXPLICIT, EXPRS, NOT_ACTIVE, TABLE_WITH_INIT
from taipan.binary.types import (
    ARRAY,
    DESCRIBES,
    DESCRIPTOR,
    FUNC,
    HAS_MAX,
    HAS_PAGE_SIZE,
    INSTANCE_TYPE,
    IS_64,
    MODULE_TYPE,
    REC,
    SHARED,
    STRUCT,
    SUB,
    SUB_FINAL,
)
from taipan.wasm.linking import (
    Bundle,
    Definition,
    ExportAlias,
    ImportItem,
    InstanceTypeDef,
    Instantiate,
    Item,
    ItemDesc,
    LocalTypes,
    ModuleTypeDef,
    NestedModule,
    OuterAlias,
    TypeGroup,
    TypeItem,
)
from taipan.wasm.module import ACTIVE, PASSIVE, DataSegment, ElemSegment, Module
from taipan.wasm.types import (
    ABSTRACT_BIT,
    FUNCREF,
    INDEX_MASK,
    ArrayType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    heap_of,
    is_exact,
    is_nullable,
    is_ref,
)


def encode(module: Module) -> bytes:
    """The binary format of `module`. Bodies and constant expressions are copied as they are."""
    out = BytesWriter()
    out.write(MAGIC)
    out.write(VERSION)
    write_customs(out, module, CUSTOM)
    if module.definitions is not None:
        write_definitions(out, module, module.definitions)
    for section in ORDER:
        if module.definitions is not None and section in (TYPE, IMPORT):
            continue
        contents = section_contents(module, section)
        if contents:
            out.append(section)
            write_bytes(out, contents)
        write_customs(out, module, section)
    return out.getvalue()


def write_customs(out: BytesWriter, module: Module, after: int) -> None:
    """The custom sections that follow the section `after`."""
    for custom in module.customs:
        if custom.after == after:
            contents = BytesWriter()
            write_name(contents, custom.name)
            contents.write(custom.data)
            out.append(CUSTOM)
            write_bytes(out, contents.getvalue())


def section_contents(module: Module, section: int) -> bytes:
    """What the section with this id holds; empty if it is left out."""
    out = BytesWriter()
    if section == TYPE and module.types:
        write_types(out, module)
    elif section == IMPORT and module.imports:
        write_imports(out, module)
    elif section == FUNCTION and module.func_types:
        write_u32(out, len(module.func_types))
        for index in module.func_types:
            write_u32(out, index)
    elif section == TABLE and module.tables:
        write_tables(out, module)
    elif section == MEMORY and module.memories:
        write_u32(out, len(module.memories))
        for memory in module.memories:
            write_memtype(out, memory)
    elif section == TAG and module.tags:
        write_u32(out, len(module.tags))
        for tag in module.tags:
            write_tagtype(out, tag)
    elif section == GLOBAL and module.globals:
        write_u32(out, len(module.globals))
        for glob in module.globals:
            write_globaltype(out, glob.type)
            out.write(glob.init.code)
    elif section == EXPORT and module.exports:
        write_u32(out, len(module.exports))
        for export in module.exports:
            write_name(out, export.name)
            out.append(export.kind)
            write_u32(out, export.index)
    elif section == START and module.start is not None:
        write_u32(out, module.start)
    elif section == ELEMENT and module.elems:
        write_u32(out, len(module.elems))
        for elem in module.elems:
            write_elem(out, elem)
    elif section == DATA_COUNT and module.data_count is not None:
        write_u32(out, module.data_count)
    elif section == CODE and module.func_types:
        write_u32(out, len(module.body_starts))
        for start, end in zip(module.body_starts, module.body_ends, strict=True):
            write_bytes(out, module.code[start:end])
    elif section == DATA and module.datas:
        write_u32(out, len(module.datas))
        for segment in module.datas:
            write_data(out, segment, module.code)
    return out.getvalue()


# -- types --------------------------------------------------------------------------------------------------------


def write_types(out: BytesWriter, module: Module) -> None:
    write_u32(out, len(module.rec_groups))
    for first, count in module.rec_groups:
        write_rec_group(out, module, first, count)


def write_rec_group(out: BytesWriter, module: Module, first: int, count: int) -> None:
    if count != 1:
        out.append(REC)
        write_u32(out, count)
    for index in range(first, first + count):
        write_subtype(out, module.types[index])


def write_subtype(out: BytesWriter, subtype: SubType) -> None:
    if not subtype.final or subtype.supertypes:
        out.append(SUB_FINAL if subtype.final else SUB)
        write_u32(out, len(subtype.supertypes))
        for index in subtype.supertypes:
            write_u32(out, index)
    if subtype.describes >= 0:
        out.append(DESCRIBES)
        write_u32(out, subtype.describes)
    if subtype.descriptor >= 0:
        out.append(DESCRIPTOR)
        write_u32(out, subtype.descriptor)
    comp = subtype.comp
    if isinstance(comp, FuncType):
        out.append(FUNC)
        write_valtypes(out, comp.params)
        write_valtypes(out, comp.results)
    elif isinstance(comp, StructType):
        out.append(STRUCT)
        write_u32(out, len(comp.fields))
        for field in comp.fields:
            write_fieldtype(out, field)
    elif isinstance(comp, ArrayType):
        out.append(ARRAY)
        write_fieldtype(out, comp.field)
    elif isinstance(comp, ModuleTypeDef):
        out.append(MODULE_TYPE)
        write_link_type(out, comp.imports, comp.exports, comp.local, True)
    elif isinstance(comp, InstanceTypeDef):
        out.append(INSTANCE_TYPE)
        write_link_type(out, [], comp.exports, comp.local, False)


def write_fieldtype(out: BytesWriter, field: FieldType) -> None:
    write_valtype(out, field.storage)
    out.append(1 if field.mutable else 0)


def write_valtypes(out: BytesWriter, types: Sequence[ValType]) -> None:
    write_u32(out, len(types))
    for t in types:
        write_valtype(out, t)


def write_valtype(out: BytesWriter, t: ValType) -> None:
    if not is_ref(t):
        out.append(t)
        return
    heap = heap_of(t)
    abstract = heap & ABSTRACT_BIT != 0
    if abstract and is_nullable(t) and not is_exact(t):
        out.append(heap & 0xFF)
        return
    out.append(0x63 if is_nullable(t) else 0x64)
    if is_exact(t):
        out.append(0x62)
    if abstract:
        out.append(heap & 0xFF)
    elif is_exact(t):
        write_u32(out, heap & INDEX_MASK)
    else:
        write_s33(out, heap & INDEX_MASK)


def write_limits(out: BytesWriter, limits: Limits) -> None:
    write_u64(out, limits.min)
    if limits.max is not None:
        write_u64(out, limits.max)


def write_tabletype(out: BytesWriter, table: TableType) -> None:
    write_valtype(out, table.element)
    out.append((HAS_MAX if table.limits.max is not None else 0) | (IS_64 if table.is_64 else 0))
    write_limits(out, table.limits)


def write_memtype(out: BytesWriter, memory: MemType) -> None:
    flags = HAS_MAX if memory.limits.max is not None else 0
    if memory.shared:
        flags |= SHARED
    if memory.is_64:
        flags |= IS_64
    if memory.page_size_log2 != 16:
        flags |= HAS_PAGE_SIZE
    out.append(flags)
    write_limits(out, memory.limits)
    if flags & HAS_PAGE_SIZE:
        write_u32(out, memory.page_size_log2)


def write_globaltype(out: BytesWriter, glob: GlobalType) -> None:
    write_valtype(out, glob.content)
    out.append(1 if glob.mutable else 0)


def write_tagtype(out: BytesWriter, tag: TagType) -> None:
    out.append(0)
    write_u32(out, tag.type_idx)


# -- sections -----------------------------------------------------------------------------------------------------


def write_imports(out: BytesWriter, module: Module) -> None:
    write_u32(out, len(module.imports))
    for item in module.imports:
        write_name(out, item.module)
        write_name(out, item.name)
        write_item_desc(out, EXACT_FUNC if item.exact else item.kind, item.desc)


def write_item_desc(out: BytesWriter, kind: int, desc: ItemDesc) -> None:
    out.append(kind)
    if isinstance(desc, int):
        write_u32(out, desc)
    elif isinstance(desc, TableType):
        write_tabletype(out, desc)
    elif isinstance(desc, MemType):
        write_memtype(out, desc)
    elif isinstance(desc, GlobalType):
        write_globaltype(out, desc)
    else:
        write_tagtype(out, desc)


def write_tables(out: BytesWriter, module: Module) -> None:
    write_u32(out, len(module.tables))
    for table in module.tables:
        if table.init is None:
            write_tabletype(out, table.type)
        else:
            out.append(TABLE_WITH_INIT)
            out.append(0)
            write_tabletype(out, table.type)
            out.write(table.init.code)


def write_elem(out: BytesWriter, elem: ElemSegment) -> None:
    """The shortest of the forms that say the same."""
    funcs = elem.funcs
    flags: i64 = 0 if funcs is not None else EXPRS
    if elem.mode == ACTIVE:
        if elem.table != 0 or (funcs is None and elem.element != FUNCREF):
            flags |= EXPLICIT
    else:
        flags |= NOT_ACTIVE if elem.mode == PASSIVE else NOT_ACTIVE | EXPLICIT
    write_u32(out, flags)
    if elem.mode == ACTIVE:
        if flags & EXPLICIT:
            write_u32(out, elem.table)
        assert elem.offset_expr is not None
        out.write(elem.offset_expr.code)
    if funcs is not None:
        if flags & (NOT_ACTIVE | EXPLICIT):
            out.append(0)
        write_u32(out, len(funcs))
        for index in funcs:
            write_u32(out, index)
        return
    if flags & (NOT_ACTIVE | EXPLICIT):
        write_valtype(out, elem.element)
    exprs = elem.exprs
    assert exprs is not None
    write_u32(out, len(exprs))
    for expr in exprs:
        out.write(expr.code)


def write_data(out: BytesWriter, segment: DataSegment, code: bytes) -> None:
    if segment.mode == PASSIVE:
        out.append(1)
    elif segment.memory:
        out.append(2)
        write_u32(out, segment.memory)
    else:
        out.append(0)
    if segment.offset_expr is not None:
        out.write(segment.offset_expr.code)
    write_bytes(out, code[segment.start : segment.end])


# -- module linking -----------------------------------------------------------------------------------------------


def section_of(definition: Definition) -> int:
    """Id of the section that a definition is in."""
    if isinstance(definition, TypeGroup):
        return TYPE
    if isinstance(definition, ImportItem):
        return IMPORT
    if isinstance(definition, NestedModule):
        return MODULE
    return ALIAS if isinstance(definition, (ExportAlias, OuterAlias)) else INSTANCE


def header_sections(definitions: list[Definition]) -> list[int]:
    """Ids of the sections that definitions make, in order; an id may come again."""
    sections: list[int] = []
    for definition in definitions:
        section = section_of(definition)
        if not sections or sections[-1] != section:
            sections.append(section)
    return sections


def encoding_of(module: Module, definition: Definition) -> int:
    """Which encoding of module and instance types a definition needs: 1, 2 for the later one, or 0 for either."""
    if isinstance(definition, TypeGroup) and definition.count == 1:
        comp = module.types[definition.first].comp
        if isinstance(comp, (ModuleTypeDef, InstanceTypeDef)):
            return 1 if comp.local is None else 2
    return 0


def write_definitions(out: BytesWriter, module: Module, definitions: list[Definition]) -> None:
    """Those of one kind share a section, but for types in both encodings, which have to be in different ones.

    Custom sections that follow a section which there is several times come after the last of them.
    """
    left = [0] * (ALIAS + 1)
    for definition in definitions:
        left[section_of(definition)] += 1
    start = 0
    while start < len(definitions):
        section = section_of(definitions[start])
        stop = start
        encoding = 0
        while stop < len(definitions) and section_of(definitions[stop]) == section:
            needed = encoding_of(module, definitions[stop])
            if needed and encoding and needed != encoding:
                break
            encoding = needed or encoding
            stop += 1
        contents = BytesWriter()
        write_u32(contents, stop - start)
        for definition in definitions[start:stop]:
            write_definition(contents, module, definition)
        out.append(section)
        write_bytes(out, contents.getvalue())
        left[section] -= stop - start
        start = stop
        if not left[section]:
            write_customs(out, module, section)


def write_definition(out: BytesWriter, module: Module, definition: Definition) -> None:
    if isinstance(definition, TypeGroup):
        write_rec_group(out, module, definition.first, definition.count)
    elif isinstance(definition, ImportItem):
        write_import_names(out, definition.module, definition.name)
        write_item_desc(out, EXACT_FUNC if definition.exact else definition.kind, definition.desc)
    elif isinstance(definition, NestedModule):
        write_bytes(out, encode(definition.module))
    elif isinstance(definition, ExportAlias):
        out.append(OF_INSTANCE)
        write_u32(out, definition.instance)
        out.append(definition.kind)
        write_name(out, definition.name)
    elif isinstance(definition, OuterAlias):
        write_outer_alias(out, definition)
    elif isinstance(definition, Instantiate):
        out.append(FROM_MODULE)
        write_u32(out, definition.module)
        write_items(out, definition.args)
    elif isinstance(definition, Bundle):
        out.append(FROM_ITEMS)
        write_items(out, definition.items)


def write_outer_alias(out: BytesWriter, alias: OuterAlias) -> None:
    out.append(OF_OUTER)
    write_u32(out, alias.depth)
    out.append(alias.kind)
    write_u32(out, alias.index)


def write_items(out: BytesWriter, items: list[Item]) -> None:
    write_u32(out, len(items))
    for name, kind, index in items:
        write_name(out, name)
        out.append(kind)
        write_u32(out, index)


def write_import_names(out: BytesWriter, first: str, second: str | None) -> None:
    write_name(out, first)
    if second is None:
        out.write(b"\x00\xff")
    else:
        write_name(out, second)


def write_link_type(
    out: BytesWriter, imports: list[TypeItem], exports: list[TypeItem], local: LocalTypes | None, is_module: bool
) -> None:
    """What follows the first byte of a module or instance type."""
    if local is None:
        if is_module:
            write_u32(out, len(imports))
            for item in imports:
                write_type_import(out, item)
        write_u32(out, len(exports))
        for item in exports:
            write_type_export(out, item)
        return
    write_u32(out, len(local.entries) + len(imports) + len(exports))
    for entry in local.entries:
        if isinstance(entry, OuterAlias):
            out.append(LOCAL_ALIAS)
            write_outer_alias(out, entry)
        else:
            out.append(LOCAL_TYPE)
            write_subtype(out, entry)
    for item in imports:
        out.append(LOCAL_IMPORT)
        write_type_import(out, item)
    for item in exports:
        out.append(LOCAL_EXPORT)
        write_type_export(out, item)


def write_type_import(out: BytesWriter, item: TypeItem) -> None:
    if item.module is None:
        write_import_names(out, item.name, None)
    else:
        write_import_names(out, item.module, item.name)
    write_item_desc(out, item.kind, item.desc)


def write_type_export(out: BytesWriter, item: TypeItem) -> None:
    write_name(out, item.name)
    write_item_desc(out, item.kind, item.desc)
