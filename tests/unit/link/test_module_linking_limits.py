"""Module linking against those who want much for little: each is an error, or done, in bounded time and memory."""

from __future__ import annotations

import re
from typing import Any

import pytest
from module_sets import linking_engine, run

import taipan
from taipan import (
    Func,
    FuncType,
    Instance,
    InvalidError,
    LinkError,
    MalformedError,
    Module,
    Store,
    UnsupportedError,
    WasmError,
)
from taipan.stages import assemble

ENGINE = linking_engine()


def doubled(levels: int) -> str:
    """Types of instances, each with two of the one before."""
    pairs = (
        f'(type $t{i + 1} (instance (export "a" (instance (type $t{i}))) (export "b" (instance (type $t{i})))))'
        for i in range(levels)
    )
    return '(type $t0 (instance (export "f" (func))))' + "".join(pairs)


def bundled(store: Store, levels: int, names: str) -> Instance:
    """Instances of instances, each exporting the one before under these names."""
    made = Instance.from_exports(store, {})
    for _ in range(levels):
        made = Instance.from_exports(store, dict.fromkeys(names, made))
    return made


# --- in a file ---


@pytest.mark.parametrize(
    ("field", "prefix", "what"),
    [
        ("(module)", "", "modules"),
        ("(instance (instantiate 0))", "(module)", "instances"),
        ("(instance)", "", "instances"),
    ],
)
def test_a_thousand_and_no_more(field: str, prefix: str, what: str) -> None:
    Module(ENGINE, f"(module {prefix} {field * 1000})")
    with pytest.raises(UnsupportedError, match=f"too many {what}.*: 1001; the implementation's limit is 1000"):
        Module(ENGINE, f"(module {prefix} {field * 1001})")
    in_sections = field * 600 + "(type (func))" + field * 401
    with pytest.raises(UnsupportedError, match=f"too many {what} in a module: 1001; the"):
        Module(ENGINE, f"(module {prefix} {in_sections})")


def test_aliases_count_as_modules() -> None:
    aliases = "(alias outer 0 0 (module))"
    Module(ENGINE, f"(module (module) (module {aliases * 1000}))")
    with pytest.raises(UnsupportedError, match="too many modules in a module"):
        Module(ENGINE, f"(module (module) (module {aliases * 1001}))")


@pytest.mark.parametrize("levels", [17, 60])
def test_types_in_types_are_refused_for_their_size(levels: int) -> None:
    with pytest.raises((InvalidError, UnsupportedError), match="effective type size too large"):
        Module(ENGINE, f"(module {doubled(levels)})")
    Module(ENGINE, f"(module {doubled(15)})")


def test_modules_of_one_instance_type_often() -> None:
    """What each names is small; what all name is not."""
    often = "".join(f'(import "{i}" (instance (type $t12)))' for i in range(30))
    with pytest.raises(InvalidError, match="effective type size too large"):
        Module(ENGINE, f"(module {doubled(12)} {often})")


def test_narrow_views_of_wide_types_are_shared() -> None:
    """300 aliases of an instance with 32,000 functions in it, hidden ones beside them."""
    levels = 14
    chain = "".join(
        f'(instance $i{i + 1} (export "a" (instance $i{i})) (export "b" (instance $i{i})))' for i in range(levels)
    )
    inner = '(module $z (func (export "f")) (func (export "g"))) (instance $i0 (instantiate $z))'
    user = f"""{doubled(levels)} (import "w" (instance $w (export "x" (instance (type $t{levels})))))
      {'(alias $w "x" (instance))' * 300}
      (export "top" (instance 300))"""
    provider = f'{inner} {chain} (instance (export "w") (export "x" (instance $i{levels})))'
    store = Store(ENGINE)
    found = run(store, user, run(store, provider)["w"])["top"]
    for turn in range(levels):
        found = found.exports(store)["ab"[turn % 2]]
    assert list(found.exports(store)) == ["f"]


# --- instances ---


def test_instances_by_doubling_end() -> None:
    modules = '(module $m0 (func (export "f")))' + "".join(
        f"(module $m{i + 1} (alias outer 0 $m{i} (module $p)) (instance (instantiate $p)) (instance (instantiate $p)))"
        for i in range(40)
    )
    store = Store(ENGINE)
    module = Module(ENGINE, f"(module {modules} (instance (instantiate $m40)))")
    with pytest.raises(WasmError, match="resource limit exceeded: one instance makes more than 10000 others"):
        Instance(store, module, [])
    run(store, '(func (export "f"))')["f"](store)  # and the store goes on


def test_bundles_by_multiplying_end() -> None:
    """They are instances as well, though no limit of a store counts them."""
    module = Module(ENGINE, f"(module (module $m {'(instance)' * 999}) {'(instance (instantiate $m))' * 20})")
    with pytest.raises(WasmError, match="resource limit exceeded: one instance makes more than 10000 others"):
        Instance(Store(ENGINE), module, [])


def test_a_chain_of_modules_that_instantiate_each_other() -> None:
    def chain(length: int) -> Module:
        modules = "(module $m0)" + "".join(
            f"(module $m{i} (alias outer 0 $m{i - 1} (module $p)) (instance (instantiate $p)))"
            for i in range(1, length)
        )
        return Module(ENGINE, f"(module {modules} (instance (instantiate $m{length - 1})))")

    Instance(Store(ENGINE), chain(999), [])


@pytest.mark.parametrize(
    ("field", "limits"),
    [("", {"instances": 10}), ("(table 0 funcref)", {"tables": 10}), ("(memory 0)", {"memories": 10})],
)
@pytest.mark.parametrize(("number", "fits"), [(9, True), (10, None), (11, False)])
def test_limits_of_a_store_count_nested_ones(
    field: str, limits: dict[str, int], number: int, fits: bool | None
) -> None:
    """The outermost instance is one, too."""
    module = Module(ENGINE, f"(module (module $m {field}) {'(instance (instantiate $m))' * number})")
    store = Store(ENGINE)
    store.set_limits(**limits)
    if fits is None:
        fits = bool(field)
    if fits:
        Instance(store, module, [])
    else:
        with pytest.raises(WasmError, match="resource limit exceeded"):
            Instance(store, module, [])


# --- from the host ---


def test_deep_instances_of_the_host() -> None:
    store = Store(ENGINE)
    deep = bundled(store, 5000, "a")
    with pytest.raises(UnsupportedError, match="too many instances inside each other: 101"):
        deep.type(store)
    # what is wanted of them is little
    Instance(store, Module(ENGINE, '(module (import "i" (instance (export "a" (instance)))))'), [deep])
    assert len(bundled(store, 50, "a").type(store).exports) == 1


def test_wide_instances_of_the_host() -> None:
    store = Store(ENGINE)
    wide = bundled(store, 60, "ab")
    with pytest.raises(InvalidError, match="effective type size too large"):
        wide.type(store)
    Instance(store, Module(ENGINE, '(module (import "i" (instance (export "a" (instance)))))'), [wide])
    message = 'incompatible import type for `i`: instance export "a" incompatible: expected func, but found instance'
    with pytest.raises(LinkError, match=re.escape(message)):
        Instance(store, Module(ENGINE, '(module (import "i" (instance (export "a" (func)))))'), [wide])
    with pytest.raises(LinkError, match="expected func, but found instance"):
        Instance(store, Module(ENGINE, '(module (import "i" (func)))'), [wide])


# --- bytes made by hand ---


def leb(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def section(number: int, contents: bytes) -> bytes:
    return bytes([number]) + leb(len(contents)) + contents


HEADER = b"\0asm\1\0\0\0"
HUGE = b"\xff\xff\xff\xff\x0f"


@pytest.mark.parametrize(
    "contents",
    [
        section(14, HUGE),
        section(14, b"\1" + HUGE),
        section(14, b"\1\x08" + HEADER[:7]),
        section(15, HUGE),
        section(15, b"\1\0" + HUGE + HUGE),
        section(15, b"\1\1" + HUGE),
        section(15, b"\1\2"),
        section(16, HUGE),
        section(16, b"\1\0" + HUGE + b"\0" + HUGE),
        section(16, b"\1\1" + HUGE + b"\7" + HUGE),
        section(16, b"\1\1" + HUGE + b"\5" + HUGE),
        section(16, b"\1\1\0\0\0"),
        section(16, b"\1\2"),
        section(1, b"\1\x61" + HUGE),
        section(1, b"\1\x61\0" + HUGE),
        section(1, b"\1\x62" + HUGE),
        section(1, b"\1\x62\1\0\6\0"),
        section(1, b"\1\x62\1\0\5" + HUGE),
        section(2, b"\1\0\0\xff\5\0"),
        section(2, b"\1\0\0\xff\6" + HUGE),
        section(2, b"\1\0\0\xff\7\0"),
        section(7, b"\1\0\5\0"),
        section(7, b"\1\0\6" + HUGE),
        section(17, b"\0"),
    ],
)
def test_bytes_that_mean_nothing(contents: bytes) -> None:
    with pytest.raises(WasmError):
        Module(ENGINE, HEADER + contents)
    nested = HEADER + contents
    with pytest.raises(WasmError):
        Module(ENGINE, HEADER + section(14, b"\1" + leb(len(nested)) + nested))


@pytest.mark.parametrize(
    "contents",
    [
        section(14, b"\0"),
        section(15, b"\0"),
        section(16, b"\0"),
        section(1, b"\1\x61\0\0"),
        section(1, b"\1\x62\0"),
        section(1, b"\1\x60\0\0") + section(2, b"\1\1a\0\xff\0\0"),
        section(1, b"\1\x60\0\0") + section(2, b"\1\0\0\5\0"),
        section(1, b"\1\x60\0\0") + section(2, b"\1\0\0\6\0"),
        section(7, b"\1\0\5\0"),
        section(7, b"\1\0\6\0"),
    ],
)
def test_bytes_that_mean_nothing_without_module_linking(contents: bytes) -> None:
    with pytest.raises(MalformedError, match="module linking proposal not enabled"):
        Module(taipan.Engine(), HEADER + contents)


@pytest.mark.parametrize("depth", [99, 100, 101, 3000])
def test_modules_inside_each_other(depth: int) -> None:
    wasm = HEADER
    for _ in range(depth):
        wasm = HEADER + section(14, b"\1" + leb(len(wasm)) + wasm)
    if depth <= 100:
        Instance(Store(ENGINE), Module(ENGINE, wasm), [])
    else:
        with pytest.raises(UnsupportedError, match="too many modules inside each other"):
            Module(ENGINE, wasm)


def test_every_prefix_and_every_changed_byte() -> None:
    """Of a file with each kind of definition: an error of the package, or a module."""
    wasm = assemble(
        """(module (import "i" (instance $i (export "f" (func)) (export "m" (module))))
          (type $t (instance (export "f" (func)))) (type (module (import "x" (func)) (export "y" (instance (type $t)))))
          (module $n (alias outer 0 $t (type)) (import "j" (instance (type 0))) (func (export "g") (call (func 0 "f"))))
          (module $o (alias outer 0 $n (module $p)) (export "p" (module $p)))
          (instance $k (instantiate $n (import "j" (instance $i)))) (instance $b (export "q" (instance $k)))
          (alias $k "g" (func $g)) (export "g" (func $g)) (export "b" (instance $b)) (export "o" (module $o)))""",
        ENGINE.features,
    )
    for end in range(8, len(wasm)):
        attempt(wasm[:end])
    for place in range(8, len(wasm)):
        for change in (0x01, 0x04, 0x80, 0xFF):
            changed = bytearray(wasm)
            changed[place] ^= change
            attempt(bytes(changed))


def attempt(wasm: bytes) -> None:
    try:
        module = Module(ENGINE, wasm)
    except WasmError:
        return
    store = Store(ENGINE)
    nothing: Any = Func(store, FuncType([], []), lambda: None)
    given = Instance.from_exports(store, {"f": nothing, "m": Module(ENGINE, "(module)")})
    try:
        Instance(store, module, [given] * len(module.imports)).type(store)
    except (WasmError, taipan.Trap):
        return
