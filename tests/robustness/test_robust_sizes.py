"""Huge modules, built as bytes: bounded time and memory, and the right answer. Interpreted, they are a tenth as large."""

# Long lines are WebAssembly text; lambdas put the lookup of the method off, too.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

from isolated import cases, compiled_front_end, error_of, expect, isolated

import taipan
from taipan import Engine, Func, FuncType, Instance, Module, Store, Trap, ValType, WasmError, limits

HEADER = b"\0asm\1\0\0\0"
I32 = ValType.i32()
VOID = b"\x60\0\0"


def leb(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def section(number: int, count: int, contents: bytes) -> bytes:
    body = leb(count) + contents
    return bytes([number]) + leb(len(body)) + body


def code(*bodies: bytes) -> bytes:
    return section(10, len(bodies), b"".join(leb(len(body)) + body for body in bodies))


def one_function(body: bytes, type_: bytes = VOID, local_groups: bytes = b"\0") -> bytes:
    """A module that exports the function "f"."""
    return (
        HEADER
        + section(1, 1, type_)
        + section(3, 1, b"\0")
        + section(7, 1, b"\1f\0\0")
        + code(local_groups + body + b"\x0b")
    )


def call(binary: bytes, *args: Any) -> Any:
    engine = Engine()
    store = Store(engine)
    return Instance(store, Module(engine, binary), []).exports(store)["f"](store, *args)


def scaled(count: int) -> int:
    return count if compiled_front_end() else count // 10


def print_and_parse(binary: bytes) -> None:
    """The text of the module is a module again."""
    text = Module(Engine(), binary).text()
    assert bytes(taipan.wat2wasm(text)) == binary


@isolated(malloc="malloc")
def test_a_million_functions() -> None:
    count = scaled(limits.MAX_FUNCTIONS)
    bodies = b"\2\0\x0b" * (count - 1) + b"\4\0\x41\7\x0b"
    types = b"\0" * (count - 1) + b"\1"
    binary = (
        HEADER
        + section(1, 2, VOID + b"\x60\0\1\x7f")
        + section(3, count, types)
        + section(7, 1, b"\1f\0" + leb(count - 1))
        + section(10, count, bodies)
    )
    assert call(binary) == 7
    over = HEADER + section(1, 1, VOID) + section(3, limits.MAX_FUNCTIONS + 1, b"\0" * (limits.MAX_FUNCTIONS + 1))
    assert isinstance(error_of(Module, Engine(), over), WasmError)


@isolated(malloc="malloc")
def test_a_million_types() -> None:
    """All different, and all the same."""
    count = scaled(limits.MAX_TYPES)  # each is an entry in the engine's registry
    kinds = b"\x7f\x7e\x7d\x7c"
    varied = bytearray()
    for i in range(count):
        params = bytes(kinds[i >> 2 * k & 3] for k in range(10))
        varied += b"\x60\x0a" + params + b"\0"
    for types in (bytes(varied), VOID * count):
        engine = Engine()
        module = Module(engine, HEADER + section(1, count, types))
        store = Store(engine)
        Instance(store, module, [])
        del module, store


@cases("opcode", [2, 3, 4])
@isolated(malloc="malloc")
def test_nested_blocks(opcode: int) -> None:
    """Decoded, validated, compiled, run, printed and parsed again, up to the limit; one more is refused."""
    depth = limits.MAX_NESTING - 10
    head = bytes([opcode, 0x40]) if opcode != 4 else b"\x41\1\4\x40"
    depth = scaled(depth)
    binary = one_function(head * depth + b"\x0b" * depth)
    call(binary)
    print_and_parse(one_function(head * (depth // 4) + b"\x0b" * (depth // 4)))
    far = one_function(head * depth + b"\x0c" + leb(depth) + b"\x0b" * depth)  # a branch out of all of them
    call(far)
    error = error_of(
        Module, Engine(), one_function(head * (depth * 3) + b"\x0c" + leb(depth * 3 + 1) + b"\x0b" * (depth * 3))
    )
    assert isinstance(error, WasmError), error


@isolated(malloc="malloc")
def test_too_deep() -> None:
    deep = 250_000
    for binary in (one_function(b"\2\x40" * deep + b"\x0b" * deep), one_function(b"\2\x40" * deep)):
        assert isinstance(error_of(Module, Engine(), binary), WasmError)
    for source in (
        "(module (func " + "(block " * 200_000 + ")" * 200_000 + "))",
        "(module (func " + "(drop (i32.eqz " * 5000 + "(i32.const 1)" + "))" * 5000 + "))",
        "(" * 500_000,
        "(module (func " + "(i32.eqz " * 100_000,
        "(;" * 300_000,
        "(module (@a " + "(" * 300_000 + ")" * 300_000 + "))",
    ):
        error = error_of(Module, Engine(), source)
        assert error is None or isinstance(error, WasmError), error


@isolated(malloc="malloc")
def test_a_hundred_thousand_exports() -> None:
    count = scaled(100_000)
    names = b"".join(b"\6%06d\0\0" % i for i in range(count))
    binary = (
        HEADER
        + section(1, 1, b"\x60\0\1\x7f")
        + section(3, 1, b"\0")
        + section(7, count, names)
        + code(b"\0\x41\5\x0b")
    )
    engine = Engine()
    module = Module(engine, binary)
    assert len(module.exports) == count
    store = Store(engine)
    exports = Instance(store, module, []).exports(store)
    assert len(exports) == count and exports[f"{count - 1:06}"](store) == 5
    same = names + b"\6%06d\0\0" % 5
    double = (
        HEADER
        + section(1, 1, b"\x60\0\1\x7f")
        + section(3, 1, b"\0")
        + section(7, count + 1, same)
        + code(b"\0\x41\5\x0b")
    )
    assert "duplicate export" in expect(WasmError, Module, engine, double)


@isolated(malloc="malloc")
def test_huge_branch_tables() -> None:
    """The last of so many targets, the default, and an index beyond it."""
    count = scaled(1_000_000)
    body = b"\2\x40\2\x40\x20\0\x0e" + leb(count) + b"\0" * (count - 1) + b"\1\1\x0b\x41\x0a\x0f\x0b\x41\x14"
    binary = one_function(body, b"\x60\1\x7f\1\x7f")
    engine = Engine()
    store = Store(engine)
    f = Instance(store, Module(engine, binary), []).exports(store)["f"]
    assert [f(store, i) for i in (0, count - 2, count - 1, count, -1)] == [10, 10, 20, 20, 20]
    many = one_function(b"\x20\0\x0e" + leb(limits.MAX_FUNCTION_BYTES) + b"\0", b"\x60\1\x7f\0")
    assert isinstance(error_of(Module, engine, many), WasmError)


@isolated(malloc="malloc")
def test_fifty_thousand_locals() -> None:
    n = limits.MAX_LOCALS
    last = leb(n - 1)
    body = b"\x41\5\x21" + last + b"\x20" + last + b"\x20\0\x6a"
    assert call(one_function(body, b"\x60\0\1\x7f", b"\1" + leb(n) + b"\x7f")) == 5
    groups = b"".join(b"\1" + bytes([0x7F - i % 4]) for i in range(n))
    assert call(one_function(b"\x20\0", b"\x60\0\1\x7f", leb(n) + groups)) == 0
    for count in (n + 1, 2**32 - 1):
        binary = one_function(b"", VOID, b"\1" + leb(count) + b"\x7f")
        assert "too many locals" in expect(WasmError, Module, Engine(), binary)
    binary = one_function(b"", VOID, b"\2" + (leb(2**31) + b"\x7f") * 2)
    assert "too many locals" in expect(WasmError, Module, Engine(), binary)
    # Each call takes 400 KB of stack.
    recursive = one_function(b"\x10\0", VOID, b"\1" + leb(n) + b"\x7e")
    assert isinstance(error_of(call, recursive), Trap)


@isolated(malloc="malloc")
def test_one_long_function() -> None:
    """Straight-line code, deep operand stack, many calls, many constants, many loads."""
    for piece, count in (
        (b"\x41\1\x1a", 200_000),
        (b"\x20\0\x28\2\0\x1a", 60_000),
        (b"\x42" + b"\xff" * 8 + b"\0\x1a", 60_000),
        (b"\2\x40\x0c\0\x0b", 60_000),
        (b"\x41\0\4\x40\0\x0b", 40_000),
    ):
        n = scaled(count)
        body = b"\1\1\x7f" + piece * n + b"\x0b"
        binary = (
            HEADER + section(1, 1, VOID) + section(3, 1, b"\0") + section(5, 1, b"\0\1") + section(7, 1, b"\1f\0\0")
        )
        call(binary + code(body))
    n = scaled(100_000)
    sums = one_function(b"\x41\1" * n + b"\x6a" * (n - 1), b"\x60\0\1\x7f")
    assert call(sums) == n
    fewer = n // 10
    unused = one_function(b"\x41\1" * fewer + b"\x1a" * fewer)
    call(unused)
    binary = one_function(b"\1" * (limits.MAX_FUNCTION_BYTES + 1))
    assert isinstance(error_of(Module, Engine(), binary), WasmError)


@isolated(malloc="malloc")
def test_counts_that_are_lies() -> None:
    """A count of 2**32-1 in a few bytes reserves nothing."""
    huge = leb(2**32 - 1)
    for number in range(1, 14):
        for tail in (b"", b"\0", b"\0" * 50):
            body = huge + tail
            binary = HEADER + bytes([number]) + leb(len(body)) + body
            assert isinstance(error_of(Module, Engine(), binary), WasmError), number
    for binary in (
        HEADER + section(1, 1, b"\x60" + huge),
        HEADER + section(1, 1, b"\x60\0" + huge),
        HEADER + section(1, 1, b"\x5f" + huge),
        HEADER + section(1, 1, b"\x4e" + huge),
        HEADER + section(2, 1, huge + b"a"),
        HEADER + section(4, 1, b"\x70\0" + huge),
        HEADER + section(5, 1, b"\0" + huge),
        HEADER + section(11, 1, b"\1" + huge),
        HEADER + section(12, 2**32 - 1, b""),
        HEADER + b"\0" + huge + b"\1a",
        one_function(b"\x0e" + huge),
        one_function(b"\x1c" + huge),
    ):

        def attempt(binary: bytes = binary) -> None:
            engine = Engine()
            Instance(Store(engine), Module(engine, binary), [])

        assert isinstance(error_of(attempt), (WasmError, MemoryError)), binary


@isolated(malloc="malloc", max_mib=700)
def test_many_of_everything_else() -> None:
    n = scaled(100_000)
    engine = Engine()
    store = Store(engine)
    func = Func(store, FuncType([], []), lambda: None)
    imports = HEADER + section(1, 1, VOID) + section(2, n, b"\0\0\0\0" * n)
    assert len(Instance(store, Module(engine, imports), [func] * n).exports(store)) == 0
    assert isinstance(error_of(Instance, store, Module(engine, imports), [func] * (n - 1)), WasmError)
    globals_ = HEADER + section(6, n, b"\x7f\1\x41\5\x0b" * n) + section(7, 1, b"\1g\3" + leb(n - 1))
    assert Instance(store, Module(engine, globals_), []).exports(store)["g"].value(store) == 5
    data = HEADER + section(5, 1, b"\0\1") + section(7, 1, b"\1m\2\0") + section(11, n, b"\0\x41\5\x0b\1x" * n)
    assert Instance(store, Module(engine, data), []).exports(store)["m"].read(store, 5, 6) == b"x"
    elements = (
        HEADER + section(1, 1, VOID) + section(3, 1, b"\0") + section(4, 1, b"\x70\0\2") + section(7, 1, b"\1t\1\0")
        + section(9, n, b"\0\x41\1\x0b\1\0" * n) + code(b"\0\x0b")
    )  # fmt: skip
    table = Instance(store, Module(engine, elements), []).exports(store)["t"]
    assert table.get(store, 0) is None and table.get(store, 1)(store) is None
    customs = HEADER + b"\0\3\1ab" * n
    assert len(Module(engine, customs).custom_sections) == n
    tables = HEADER + section(4, 2000, b"\x70\0\1" * 2000)
    Instance(store, Module(engine, tables), [])
    memories = HEADER + section(5, limits.MAX_MEMORIES, b"\0\0" * limits.MAX_MEMORIES)
    error = error_of(lambda: Instance(store, Module(engine, memories), []))
    assert error is None or isinstance(error, WasmError)
    name = b"n" * 100_000
    named = (
        HEADER
        + section(1, 1, VOID)
        + section(3, 1, b"\0")
        + section(7, 1, leb(len(name)) + name + b"\0\0")
        + code(b"\0\x0b")
    )
    assert name.decode() in Instance(store, Module(engine, named), []).exports(store)
    long = HEADER + section(7, 1, leb(200_000) + b"n" * 200_000 + b"\0\0")
    assert isinstance(error_of(Module, engine, long), WasmError)
