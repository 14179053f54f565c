"""For the tests of this folder: stores, and modules from hand-assembled functions, without a compiler."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from taipan.abi import builtins, layout, plans
from taipan.abi.calls import STACK, CallLayout
from taipan.wasm import types

native: Any = pytest.importorskip("taipan._native")
if not hasattr(native, "StoreBase"):  # the folder of C sources is importable, too
    pytest.skip("the native runtime is not built: pip install -e .", allow_module_level=True)

import taipan.engine  # noqa: E402, F401  gives the runtime the classes that it makes and raises

I32, I64 = native.KIND_I32, native.KIND_I64
F32, F64, V128 = native.KIND_F32, native.KIND_F64, native.KIND_V128
FUNCREF, EXTERNREF = native.KIND_FUNCREF, native.KIND_EXTERNREF
VALUE_TYPES = (types.I32, types.I64, types.F32, types.F64, types.V128, types.FUNCREF, types.EXTERNREF)

KiB, MiB, GiB = 1 << 10, 1 << 20, 1 << 30
PAGE = 65536


def new_store() -> Any:
    return native.StoreBase(max_wasm_stack=256 * KiB, gil="adaptive")


def new_memory(
    store: Any,
    min_pages: int = 1,
    max_pages: int = -1,
    *,
    is_64: bool = False,
    page_size_log2: int = 16,
    reservation: int = 4 * GiB,
    guard: int = 64 * KiB,
    reserve: int = 0,
    guard_before: bool = True,
    may_move: bool = False,
) -> Any:
    """A memory that does not move, unless told otherwise."""
    maximum = None if max_pages == -1 else max_pages
    sizes = (reservation, guard, reserve)
    plan = plans.memory_plan(min_pages, maximum, is_64, page_size_log2, False, *sizes, guard_before, may_move)
    return native.MemoryBase._create(store, plan)


def new_table(store: Any, minimum: int, maximum: int = -1, kind: int = FUNCREF, init: Any = None) -> Any:
    return native.TableBase._create(store, table_plan(minimum, maximum, False, kind), init)


def moving_memory(store: Any, min_pages: int = 1, max_pages: int = -1, *, reserve: int = 0, **options: Any) -> Any:
    return new_memory(store, min_pages, max_pages, reservation=0, reserve=reserve, may_move=True, **options)


def memory_plan(min_pages: int, max_pages: int = -1, may_move: bool = False) -> bytes:
    """An entry of NativeModule's `memories`."""
    maximum, reservation = None if max_pages == -1 else max_pages, 0 if may_move else 4 * GiB
    return plans.memory_plan(min_pages, maximum, False, 16, False, reservation, 64 * KiB, 0, True, may_move)


def table_plan(minimum: int, maximum: int, is_64: bool, kind: int) -> bytes:
    """An entry of NativeModule's `tables`."""
    return plans.table_plan(minimum, None if maximum == -1 else maximum, is_64, kind)


class Code:
    """A function's type and machine code. params, results: KIND_* values."""

    def __init__(self, params: list[int], results: list[int], body: bytes, call_offsets: tuple[int, ...] = ()) -> None:
        self.params, self.results = bytes(params), bytes(results)
        layout_ = CallLayout(tuple(VALUE_TYPES[k] for k in params), tuple(VALUE_TYPES[k] for k in results))
        pop = struct.pack("<BH", 0xC2, layout_.stack_arg_bytes)
        self.code = b"\x55\x48\x89\xe5" + body + b"\x5d" + pop  # push rbp; mov rbp, rsp; ...; pop rbp; ret n
        # Return addresses, from the function's first byte.
        self.sites = b"".join(struct.pack("<IIII", 4 + at, at, layout.SITE_CALL, 0) for at in call_offsets)


def constant(value: int) -> Code:
    """() -> i32: mov eax, value."""
    return Code([], [I32], b"\xb8" + struct.pack("<I", value))


def load_byte() -> Code:
    """(i32) -> i32 from memory 0: mov rax, [rdi + memory0_base]; movzx eax, byte [rax + rdx]."""
    base = layout.field_offsets("VMContextHeader")[0]["memory0_base"]
    return Code([I32], [I32], b"\x48\x8b\x47" + bytes([base]) + b"\x89\xd2\x0f\xb6\x04\x10")


def helper(name: str, ref: int = FUNCREF) -> Code:
    """A function that passes its parameters to a helper and returns its result. ref: kind of its reference operands."""
    row = next(row for row in builtins.BUILTINS if row[0] == name)
    arguments, _, result = row[1].partition("->")
    kinds = {"i32": I32, "i64": I64, "size": I64, "ref": ref}
    params = [kinds[word] for word in arguments.split()]
    results = [kinds[word] for word in result.split()]
    places = CallLayout(tuple(VALUE_TYPES[k] for k in params), ()).places
    # The helper wants them in rsi rdx rcx r8 r9; here they are in rdx rcx r8 r9 and on the stack.
    moves = (b"\x48\x89\xd6", b"\x48\x89\xca", b"\x4c\x89\xc1", b"\x4d\x89\xc8")
    body = b"".join(moves[i] if where != STACK else b"\x4c\x8b\x4d\x10" for i, (where, _) in enumerate(places[:4]))
    if len(places) > 4:
        body += b"\x4c\x8b\x4d\x10"  # mov r9, [rbp + 16]
    table = layout.field_offsets("VMContextHeader")[0]["builtins"]
    body += b"\x48\x8b\x47" + bytes([table])  # mov rax, [rdi + builtins]
    body += b"\xff\x90" + struct.pack("<I", 8 * builtins.INDEX[name])  # call [rax + ...]
    return Code(params, results, body, (len(body),))


def u32s(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


REGION = native.CodeRegion(16 * MiB)
TYPE_IDS: dict[tuple[bytes, bytes], int] = {}


def type_id(params: bytes, results: bytes) -> int:
    """The same for equal types, as an engine's registry gives it."""
    return TYPE_IDS.setdefault((params, results), len(TYPE_IDS))


def signature(params: list[int], results: list[int]) -> Any:
    return native.Signature(bytes(params), bytes(results), type_id(bytes(params), bytes(results)), None)


SUBTYPES: set[tuple[int, int]] = set()


class Info:
    """What backtraces and indirect calls ask for."""

    name = "hand-made"

    def func_name(self, index: int) -> None:
        return None

    def is_subtype(self, type_id: int, wanted: int) -> bool:
        return (type_id, wanted) in SUBTYPES

    def body_start(self, index: int) -> int:
        return 0


def data_range(segments: list[bytes], index: int) -> tuple[int, int]:
    """Where a segment lies when all are put together."""
    start = sum(map(len, segments[:index]))
    return start, start + len(segments[index])


def new_module(
    funcs: list[Code] | None = None,
    *,
    imported_funcs: list[tuple[list[int], list[int]]] | None = None,
    imports: tuple[int, int, int] = (0, 0, 0),
    escaped: list[int] | None = None,
    memories: list[bytes] | None = None,
    tables: list[tuple[int, int, bool, int]] | None = None,
    globals: list[tuple[int, bool]] | None = None,
    globals_template: bytes | None = None,
    data: list[bytes] | None = None,
    num_elements: int = 0,
) -> Any:
    """imports: (tables, memories, globals).  escaped: function indices, default: all own functions."""
    funcs = funcs or []
    imported = [(bytes(params), bytes(results)) for params, results in imported_funcs or []]
    signatures = imported + [(code.params, code.results) for code in funcs]
    if escaped is None:
        escaped = list(range(len(imported), len(signatures)))
    module = native.NativeModule(
        REGION,
        Info(),
        func_type_indices=u32s(*range(len(signatures))),
        type_ids=u32s(*(type_id(*pair) for pair in signatures)),
        signatures=[native.Signature(*pair, type_id(*pair), None) for pair in signatures],
        escaped=u32s(*escaped),
        counts=(len(imported), *imports),
        memories=b"".join(memories or []),
        tables=b"".join(table_plan(*table) for table in tables or []),
        globals=b"".join(plans.global_plan(*pair) for pair in globals or []),
        data=b"".join(data or []),
        data_ranges=u32s(*(bound for i in range(len(data or [])) for bound in data_range(data or [], i))),
        num_elements=num_elements,
        globals_template=globals_template if globals_template is not None else bytes(16 * len(globals or [])),
        compile=lambda _, index: pytest.fail(f"function {index} was not published"),
    )
    for index, code in enumerate(funcs):
        module.publish(index, code.code, b"", code.sites, b"")
    return module


def instantiate(
    store: Any, module: Any, funcs: Any = (), tables: Any = (), memories: Any = (), globals: Any = ()
) -> Any:
    return native.InstanceBase._create(store, module, funcs, tables, memories, globals)


class Limiter:
    """Records what it is asked; answers with `answer`, or whatever `act` does."""

    def __init__(self, answer: Any = True) -> None:
        self.answer = answer
        self.asked: list[tuple[str, int, int, int | None]] = []
        self.failures: list[str] = []
        self.act: Any = None
        self.told: Any = self.failures.append

    def _asked(self, kind: str, current: int, desired: int, maximum: int | None) -> Any:
        self.asked.append((kind, current, desired, maximum))
        if self.act is not None:
            self.act()
        return self.answer

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> Any:
        return self._asked("memory", current, desired, maximum)

    def table_growing(self, current: int, desired: int, maximum: int | None) -> Any:
        return self._asked("table", current, desired, maximum)

    def memory_grow_failed(self, error: Exception) -> None:
        self.told(str(error))

    table_grow_failed = memory_grow_failed
