"""Calls both ways: where arguments go, how values are converted, what is refused, what comes back."""

from __future__ import annotations

import gc
import math
import random
import struct
import sys
import threading
from typing import Any

import pytest
from native_code import Function, new_code_module
from native_objects import EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, VALUE_TYPES, instantiate, native, new_store
from native_objects import signature as signature_of

from taipan.abi.calls import FLOAT_REG, INT_REG, STACK, CallLayout, size_of
from taipan.errors import WasmError
from taipan.runtime.func import Func

KINDS = (I32, I64, F32, F64, V128)


def host(store: Any, params: Any, results: Any, callback: Any, access_caller: bool = False) -> Any:
    return Func._host(store, signature_of(list(params), list(results)), callback, access_caller)


def forward(params: list[int], results: list[int]) -> Function:
    """Calls import 0 with its own arguments and returns its results, through its own out pointer."""
    layout = CallLayout(tuple(VALUE_TYPES[k] for k in params), tuple(VALUE_TYPES[k] for k in results))
    function = Function(params, results)
    # Stack arguments are copied; registers are still as the caller left them.
    for at in range(layout.stack_arg_bytes - 8, -1, -8):
        function.raw("ffb5").code += struct.pack("<i", 16 + at)  # push [rbp + 16 + at]
    return function.call_import(0).end(layout.stack_arg_bytes)


def relay(params: list[int], results: list[int], callback: Any) -> tuple[Any, Any]:
    """(store, wasm function that calls the callback)"""
    store = new_store()
    module = new_code_module([forward(params, results)], imports=[(params, results)])
    return store, instantiate(store, module, [host(store, params, results, callback)])._func(store, 1)


def call(kind: int, value: Any) -> tuple[Any, Any]:
    """What the host function sees, and what the caller gets back."""
    seen = []

    def callback(x: Any) -> Any:
        seen.append(x)
        return x

    store, func = relay([kind], [kind], callback)
    result = func(store, value)
    return seen[0], result


# ---- values ----


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (I32, 0, 0),
        (I32, -1, -1),
        (I32, 2**30, 2**30),
        (I32, 2**31 - 1, 2**31 - 1),
        (I32, 2**31, -(2**31)),
        (I32, 2**32 - 1, -1),
        (I32, -(2**31) - 1, 2**31 - 1),
        (I32, 2**100 + 5, 5),
        (I32, -(2**100) + 5, 5),
        (I32, True, 1),
        (I64, 2**30, 2**30),
        (I64, -(2**30), -(2**30)),
        (I64, 2**63 - 1, 2**63 - 1),
        (I64, 2**63, -(2**63)),
        (I64, 2**64 - 1, -1),
        (I64, 2**64 + 7, 7),
        (I64, False, 0),
        (F32, 1.5, 1.5),
        (F32, 0.1, struct.unpack("<f", struct.pack("<f", 0.1))[0]),
        (F32, 1e300, math.inf),
        (F32, -0.0, -0.0),
        (F64, 0.1, 0.1),
        (F64, -math.inf, -math.inf),
        (V128, 1, 1),
        (V128, 2**128 - 1, 2**128 - 1),
        (V128, -1, 2**128 - 1),
        (V128, 2**128 + 3, 3),
        (V128, bytes(range(16)), int.from_bytes(range(16), "little")),
        (FUNCREF, None, None),
        (EXTERNREF, None, None),
        (EXTERNREF, "text", "text"),
    ],
)
def test_conversion(kind: int, value: Any, expected: Any) -> None:
    for result in call(kind, value):
        assert result == expected and type(result) is type(expected)
        if isinstance(result, float):
            assert math.copysign(1, result) == math.copysign(1, expected)


def test_int_subclasses_and_nan() -> None:
    class Number(int):
        def __index__(self) -> int:
            return 99

    class Real(float):
        pass

    assert call(I32, Number(5)) == (5, 5)
    assert call(F64, Real(2.5)) == (2.5, 2.5)
    assert all(math.isnan(x) for x in call(F64, math.nan) + call(F32, math.nan))


class Index:
    def __index__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (I32, 1.0),
        (I32, "1"),
        (I32, None),
        (I32, Index()),
        (I64, 1.0),
        (I64, Index()),
        (F32, 1),
        (F64, 1),
        (F64, True),
        (F64, Index()),
        (V128, 1.0),
        (V128, bytearray(16)),
        (FUNCREF, 1),
        (FUNCREF, print),
    ],
)
def test_refused_values(kind: int, value: Any) -> None:
    with pytest.raises(TypeError, match="don't know how to convert"):
        call(kind, value)
    store, func = relay([], [kind], lambda: value)
    with pytest.raises(
        TypeError, match="function attempted to return an incompatible value: don't know how to convert"
    ):
        func(store)


def test_v128_of_the_wrong_size() -> None:
    with pytest.raises(ValueError, match="16 bytes, got 3"):
        call(V128, b"123")


def test_i32_upper_half_is_undefined() -> None:
    """What generated code leaves above an i32 is not seen."""
    store = new_store()
    garbage = Function([], [I32]).raw("48b8 05000000 efbeadde").end()  # mov rax, 0xdeadbeef00000005
    passing = Function([], [I32]).raw("48ba ffffffff efbeadde").call_import(0).end()
    module = new_code_module([garbage, passing], imports=[([I32], [I32])])
    instance = instantiate(store, module, [host(store, [I32], [I32], lambda x: x - 1)])
    assert instance._func(store, 1)(store) == 5
    assert instance._func(store, 2)(store) == -2


# ---- places ----


def layouts() -> list[tuple[list[int], list[int]]]:
    """Every count of one kind, and random mixes; the seed is fixed."""
    rng = random.Random(1)
    same = [([kind] * count, [kind] * min(count, 3)) for kind in KINDS for count in (0, 1, 2, 4, 5, 8, 9, 12)]
    mixed = [
        ([rng.choice(KINDS) for _ in range(rng.randrange(25))], [rng.choice(KINDS) for _ in range(rng.randrange(10))])
        for _ in range(120)
    ]
    return [*same, *mixed, ([I32] * 1000, [I64] * 1000), ([V128] * 100, [V128] * 50)]


def sample(kind: int, n: int) -> Any:
    if kind in (F32, F64):
        return n + 0.5
    return {I32: -n, I64: -(n << 40), V128: n << 100 | n}[kind]


def test_every_argument_and_result_arrives() -> None:
    """Python -> wasm -> Python -> wasm -> Python."""
    for params, results in layouts():
        arguments = [sample(kind, i + 1) for i, kind in enumerate(params)]
        values = [sample(kind, 100 + i) for i, kind in enumerate(results)]
        returned = None if not values else values[0] if len(values) == 1 else values
        seen: list[Any] = []
        store, func = relay(
            params, results, lambda *a, seen=seen, returned=returned: (seen.append(list(a)), returned)[1]
        )
        assert func(store, *arguments) == returned
        assert seen == [arguments]
        store._close()


def test_places_agree_with_the_abi() -> None:
    """A function that stores each argument where abi/calls.py says it is, in an array that comes back as results."""
    for params, _ in layouts():
        if not 0 < len(params) <= 24:
            continue
        layout = CallLayout(tuple(VALUE_TYPES[k] for k in params), tuple(VALUE_TYPES[k] for k in [I32, *params]))
        function = Function(params, [I32, *params])
        assert layout.out_place is not None
        where, index = layout.out_place
        if where == INT_REG:
            function.raw(("4889d0", "4889c8", "4c89c0", "4c89c8")[index])  # mov rax, rdx|rcx|r8|r9
        else:
            function.raw("488b85").code += struct.pack("<i", 16 + index)  # mov rax, [rbp + 16 + index]
        for kind, (where, index), (_, at) in zip(params, layout.places, layout.result_places[1:], strict=True):
            size = size_of(VALUE_TYPES[kind])
            if where == FLOAT_REG:
                # movss | movsd | movups [rax + at], xmm<index>
                prefix = {4: "f3", 8: "f2", 16: ""}[size]
                function.raw(f"{prefix}0f11{0x80 | index << 3:02x}").code += struct.pack("<i", at)
                continue
            if where == INT_REG:
                code, modrm = (("89", 0x90), ("89", 0x88), ("4489", 0x80), ("4489", 0x88))[index]
                wide = {"89": "4889", "4489": "4c89"}[code]
                function.raw(f"{code if size == 4 else wide}{modrm:02x}").code += struct.pack("<i", at)
                continue
            assert where == STACK
            for part in range(0, size, 8):  # mov r11, [rbp + ...]; mov [rax + ...], r11
                function.raw("4c8b9d").code += struct.pack("<i", 16 + index + part)
                function.raw("4c8998" if size > 4 else "448998").code += struct.pack("<i", at + part)
        function.raw("b807000000").end(layout.stack_arg_bytes)
        store = new_store()
        func = instantiate(store, new_code_module([function]))._func(store, 0)
        arguments = [sample(kind, i + 1) for i, kind in enumerate(params)]
        assert func(store, *arguments) == [7, *arguments]


def test_only_doubles() -> None:
    store = new_store()
    add = Function([F64] * 3, [F64]).raw("f20f58c1 f20f58c2").end()  # addsd xmm0, xmm1; addsd xmm0, xmm2
    func = instantiate(store, new_code_module([add]))._func(store, 0)
    assert func(store, 1.5, 2.5, -10.0) == -6.0
    with pytest.raises(TypeError):
        func(store, 1.5, 2, 3.0)


# ---- the call itself ----


def test_wrong_counts() -> None:
    store, func = relay([I32, I32], [], lambda *a: None)
    direct = host(store, [I32, F64], [], lambda *a: None)
    for f in (func, direct):
        for count in (0, 1, 3):
            with pytest.raises(WasmError, match=f"expected 2 arguments, got {count}"):
                f(store, *[1] * count)
        with pytest.raises(TypeError, match="keyword"):
            f(store, 1, 2, x=3)
        with pytest.raises(TypeError, match="first argument must be a Store"):
            f()
        with pytest.raises(TypeError, match="keyword"):
            f(store=store)


def test_results_have_the_usual_shapes() -> None:
    for results, value in (([], None), ([I32], 1), ([I32, I64], [1, 2])):
        store, func = relay([], results, lambda value=value: value)
        assert func(store) == value
        assert host(store, [], results, lambda value=value: value)(store) == value


@pytest.mark.parametrize("make", [tuple, list, iter, lambda v: (x for x in v)])
def test_results_of_host_functions(make: Any) -> None:
    store, func = relay([], [I32, F64, I64], lambda: make([1, 2.0, 3]))
    assert func(store) == [1, 2.0, 3]


@pytest.mark.parametrize(
    ("results", "value", "message"),
    [
        ([], 0, "callback produced results when it shouldn't"),
        ([I32, I32], (1,), "callback produced wrong number of results: expected 2, got 1"),
        ([I32, I32], [1, 2, 3], "callback produced wrong number of results: expected 2, got 3"),
    ],
)
def test_wrong_results(results: list[int], value: Any, message: str) -> None:
    store, func = relay([], results, lambda: value)
    for f in (func, host(store, [], results, lambda: value)):
        with pytest.raises(WasmError, match=f"function attempted to return an incompatible value: {message}"):
            f(store)


@pytest.mark.parametrize("value", [5, None])
def test_not_a_sequence(value: Any) -> None:
    store, func = relay([], [I32, I32], lambda: value)
    with pytest.raises(TypeError, match="function attempted to return an incompatible value"):
        func(store)


def test_foreign_func_as_result() -> None:
    other = new_store()
    foreign = host(other, [], [], print)
    store, func = relay([], [FUNCREF], lambda: foreign)
    with pytest.raises(WasmError, match="cross-`Store` values are not supported"):
        func(store)


class Odd(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), Odd(), GeneratorExit()])
def test_exceptions_pass_unchanged(error: BaseException) -> None:
    """Through several entries, with the same identity."""
    holder: list[Any] = []

    def callback(n: int) -> int:
        if n == 0:
            raise error
        return int(holder[0](store, n - 1))

    store, func = relay([I32], [I32], callback)
    holder.append(func)
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            func(store, 3)
        assert caught.value is error
    holder[0] = lambda store, n: 5
    assert func(store, 1) == 5


def test_exceptions_leave_nothing_behind() -> None:
    def callback(x: Any, y: Any) -> Any:
        raise ValueError

    params = [EXTERNREF, F64, *[I64] * 20]
    store, func = relay([EXTERNREF, F64], [I32], callback)
    store2, wide = relay(params, [I64] * 20, lambda *a: 1 / 0)
    thing = object()

    def run() -> None:
        for _ in range(200):
            with pytest.raises(ValueError):
                func(store, thing, 2.5)
            with pytest.raises(ZeroDivisionError):
                wide(store2, thing, 2.5, *range(10**10, 10**10 + 20))

    run()
    store._gc()
    references, blocks = sys.getrefcount(thing), sys.getallocatedblocks()
    run()
    store._gc()
    store2._gc()
    gc.collect()
    assert sys.getrefcount(thing) <= references
    assert sys.getallocatedblocks() - blocks < 100


def test_arguments_are_released() -> None:
    """Large integers and floats made for the callback, results of both directions."""
    store, func = relay([I64, F64, V128], [I64, F64], lambda a, b, c: (a + 1, b))

    def run() -> None:
        for i in range(500):
            assert func(store, 10**15 + i, 0.5, 2**120) == [10**15 + i + 1, 0.5]

    run()
    blocks = sys.getallocatedblocks()
    run()
    assert sys.getallocatedblocks() - blocks < 50


def test_host_function_called_by_the_host() -> None:
    """Converted there and back, as if wasm were between."""
    store = new_store()
    seen: list[Any] = []
    func = host(store, [I32, F32], [I64], lambda a, b: (seen.append((a, b)), 2**63)[1])
    assert func(store, 2**32 - 1, 0.1) == -(2**63)
    assert seen == [(-1, struct.unpack("<f", struct.pack("<f", 0.1))[0])]
    with pytest.raises(TypeError):
        func(store, 1.0, 0.1)


def test_reentry() -> None:
    """Nested calls, values of the outer ones intact."""
    holder: list[Any] = []
    store, func = relay([I64, F64], [F64], lambda n, x: x + (holder[0](store, n - 1, x / 2) if n else 0.0))
    holder.append(func)
    assert func(store, 30, 1.0) == sum(0.5**i for i in range(31))


def test_functions_move_between_threads() -> None:
    """One store, many threads, one at a time."""
    store, func = relay([I32], [I32], lambda x: x + 1)
    results = []
    for i in range(20):
        thread = threading.Thread(target=lambda i=i: results.append(func(store, i)))
        thread.start()
        thread.join()
    assert results == list(range(1, 21))


# ---- handles ----


def test_handles() -> None:
    store = new_store()
    instance = instantiate(store, new_code_module([forward([], [])], imports=[([], [])]), [host(store, [], [], print)])
    a, b, imported = instance._func(store, 1), instance._func(store, 1), instance._func(store, 0)
    assert a == b and hash(a) == hash(b) and a is not b and a != imported and imported == instance._func(store, 0)
    assert {a: 1}[b] == 1
    assert a._store_id == store.id and type(a) is Func
    assert a._signature(store) is b._signature(store)
    with pytest.raises(TypeError):
        a < b  # type: ignore[operator]  # noqa: B015
    with pytest.raises(TypeError, match="cannot be made by calling"):
        native.FuncBase()
    with pytest.raises(TypeError, match="callable"):
        host(store, [], [], 5)


def test_handles_of_equal_address_in_different_stores_differ() -> None:
    seen = set()
    for _ in range(50):
        store = new_store()
        seen.add(host(store, [], [], print))
        store._close()
    assert len(seen) == 50


def test_calls_are_vectorcalls() -> None:
    """The flag survives the subclass: a call builds no tuple."""
    assert Func.__flags__ & 1 << 11


def test_bad_signatures() -> None:
    with pytest.raises(ValueError):
        native.Signature(b"\x63", b"", 0, None)
    with pytest.raises(ValueError):
        native.Signature(bytes(200_000), b"", 0, None)
    signature = native.Signature(bytes([I32]), b"", 7, "a type")
    assert (signature.type, signature.type_id) == ("a type", 7)
