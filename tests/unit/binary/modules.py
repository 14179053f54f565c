"""Building blocks for binary modules in tests, and a comparison of modules."""

from __future__ import annotations

from collections.abc import Iterator

from taipan.wasm.module import ConstExpr, Module
from taipan.wasm.types import GlobalType, MemType, TableType, TagType

HEADER = b"\0asm\1\0\0\0"


def leb(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def vec(*items: bytes) -> bytes:
    return leb(len(items)) + b"".join(items)


def section(number: int, contents: bytes) -> bytes:
    return bytes([number]) + leb(len(contents)) + contents


def module(*sections: bytes) -> bytes:
    return HEADER + b"".join(sections)


def name(text: str) -> bytes:
    return leb(len(text.encode())) + text.encode()


def body(contents: bytes) -> bytes:
    return leb(len(contents)) + contents


def custom(text: str, data: bytes) -> bytes:
    return section(0, name(text) + data)


# One of everything that WebAssembly 3.0 has in its sections, custom sections between them.
EVERYTHING = module(
    custom("first", b"1"),
    section(
        1,
        vec(
            bytes.fromhex("60 02 7f 7e 01 7c"),
            bytes.fromhex("60 00 00"),
            bytes.fromhex("4e 02 50 00 5f 02 78 00 63 02 01 50 01 02 5f 03 78 00 63 02 01 7b 00"),
            bytes.fromhex("5e 77 01"),
            bytes.fromhex("4f 01 04 5e 77 01"),
            bytes.fromhex("4e 00"),
            bytes.fromhex("60 01 64 70 02 69 6f"),
        ),
    ),
    section(
        2,
        vec(
            name("m") + name("f") + bytes.fromhex("00 01"),
            name("m") + name("t") + bytes.fromhex("01 70 01 01 02"),
            name("m") + name("mem") + bytes.fromhex("02 00 01"),
            name("m") + name("mem64") + bytes.fromhex("02 05 01 80 80 80 80 10"),
            name("é") + name("g") + bytes.fromhex("03 7f 01"),
            name("") + name("tag") + bytes.fromhex("04 00 01"),
        ),
    ),
    custom("after imports", b""),
    custom("after imports too", b"22"),
    section(3, vec(leb(1), leb(0))),
    section(4, vec(bytes.fromhex("6f 04 00"), bytes.fromhex("40 00 64 70 01 01 01 d2 00 0b"))),
    section(5, vec(bytes.fromhex("01 02 03"))),
    section(13, vec(bytes.fromhex("00 01"))),
    section(6, vec(bytes.fromhex("7e 01 42 05 42 06 7c 0b"), bytes.fromhex("63 02 00 d0 02 0b"))),
    section(7, vec(name("run") + bytes.fromhex("00 01"), name("t") + bytes.fromhex("04 00"))),
    section(8, leb(1)),
    section(
        9,
        vec(
            bytes.fromhex("00 41 00 0b 02 00 01"),
            bytes.fromhex("01 00 01 01"),
            bytes.fromhex("02 01 42 00 0b 00 01 00"),
            bytes.fromhex("03 00 00"),
            bytes.fromhex("04 41 01 0b 02 d2 00 0b d0 70 0b"),
            bytes.fromhex("05 6e 01 41 07 fb 1c 0b"),
            bytes.fromhex("06 02 41 00 0b 70 00"),
            bytes.fromhex("07 64 70 01 d2 01 0b"),
        ),
    ),
    section(12, leb(3)),
    section(10, vec(body(bytes.fromhex("00 0b")), body(bytes.fromhex("02 03 7f 01 7b 44 00 00 00 00 00 00 f0 3f 0b")))),
    section(
        11, vec(bytes.fromhex("00 41 00 0b 03 61 62 63"), bytes.fromhex("01 00"), bytes.fromhex("02 01 42 08 0b 01 ff"))
    ),
    custom("last", b"3"),
)


def parts(module: Module) -> Iterator[object]:
    """Everything in a module that does not depend on where it lies."""
    yield [[repr(t.comp), t.final, t.supertypes, t.describes, t.descriptor] for t in module.types]
    yield module.rec_groups
    yield [[i.module, i.name, i.kind, i.exact, flat(i.desc)] for i in module.imports]
    yield module.func_types
    yield [[flat(t.type), expr(t.init)] for t in module.tables]
    yield [flat(m) for m in module.memories]
    yield [flat(t) for t in module.tags]
    yield [[flat(g.type), expr(g.init)] for g in module.globals]
    yield [[e.name, e.kind, e.index] for e in module.exports]
    yield [module.start, module.data_count]
    for elem in module.elems:
        exprs = None if elem.exprs is None else [expr(e) for e in elem.exprs]
        yield [elem.mode, elem.element, elem.table, expr(elem.offset_expr), elem.funcs, exprs]
    for data in module.datas:
        yield [data.mode, data.memory, expr(data.offset_expr), module.code[data.start : data.end]]
    yield [module.code[start:end] for start, end in zip(module.body_starts, module.body_ends, strict=True)]
    yield [[c.name, c.data] for c in module.customs]


def flat(desc: object) -> object:
    """An import description or type as plain data."""
    if isinstance(desc, TableType):
        return ["table", desc.element, desc.limits, desc.is_64]
    if isinstance(desc, MemType):
        return ["memory", desc.limits, desc.is_64, desc.shared, desc.page_size_log2]
    if isinstance(desc, GlobalType):
        return ["global", desc.content, desc.mutable]
    return ["tag", desc.type_idx] if isinstance(desc, TagType) else desc


def expr(value: ConstExpr | None) -> bytes | None:
    return None if value is None else value.code


def same(a: Module, b: Module) -> bool:
    return list(parts(a)) == list(parts(b))
