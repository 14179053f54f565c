"""C functions, made by a C compiler from docs/calling-convention.md, that are called by wasm and call wasm.

Random signatures: Python calls wasm, which calls C, which calls wasm, which calls C, which calls Python. Each C
function (`relay`) passes its arguments on, and gives the callee an area for results between guard bytes: of that area
only the results may change. The wasm in between calls twice, so that its own frame must outlive the first call's
results.
"""

from __future__ import annotations

import ctypes
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import taipan
from taipan import Func, FuncType, Instance, Module, Store, ValType
from taipan.abi.layout import field_offsets

CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(CC is None, reason="there is no C compiler here")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "calling-convention.md"
C_TYPES = {
    "i32": "int32_t",
    "i64": "int64_t",
    "f32": "float",
    "f64": "double",
    "funcref": "struct funcref *",
    "externref": "void *",
}
INT_ARGS, FLOAT_ARGS = 4, 8
LEVELS = 2
TYPES = {name: getattr(ValType, name)() for name in C_TYPES}
FUNCREF_CODE = field_offsets("VMFuncRef")[0]["code"]
HANDLE_TARGET = object.__basicsize__ + 8  # behind the id of the store


class Signature(NamedTuple):
    params: list[str]
    results: list[str]

    def stack_bytes(self) -> int:
        """Of arguments, as the page says."""
        floats = sum(t in ("f32", "f64") for t in self.params)
        ints = len(self.params) - floats + (len(self.results) > 1)
        return (8 * (max(ints - INT_ARGS, 0) + max(floats - FLOAT_ARGS, 0)) + 15) & ~15


def signatures() -> list[Signature]:
    """0 to 9 results of rotating kinds, one kind throughout, more of everything than registers, and random ones."""
    source = random.Random(33)
    names = list(C_TYPES)
    rotated = [Signature([], [names[(i + count) % 4] for i in range(count)]) for count in range(10)]
    uniform = [Signature([t] * count, [t] * min(count, 4)) for t in names[:4] for count in (1, 4, 5, 9, 11)]
    mixed = [
        Signature(*(source.choices(names, k=source.choice((0, 1, 2, 3, 5, 8, 16))) for _ in range(2)))
        for _ in range(60)
    ]
    return [*rotated, *uniform, *mixed, Signature(names * 4, names * 2)]


HEADER = "#include <stdint.h>\n#include <string.h>\n"
RELAYS = """
struct funcref *targets[{levels}][{count}];
int relayed[{levels}], spoilt; /* calls; bytes that should not have changed */

static void check(const uint8_t *bytes, const uint8_t *is_field, int size) {{
    for (int i = 0; i < size; i++) spoilt += !is_field[i] && bytes[i] != 0xA5;
}}
"""


def relay_source(level: int, index: int, signature: Signature) -> str:
    """The C function at one level of the chain, for the wasm function's type with this index."""
    first = C_TYPES[signature.results[0]] if signature.results else "void"
    rest = [f"{C_TYPES[t]} r{i};" for i, t in enumerate(signature.results) if i]
    params = ["void *vmctx", "void *caller", *(f"{C_TYPES[t]} p{i}" for i, t in enumerate(signature.params))]
    arguments = ["target->vmctx", "caller", *(f"p{i}" for i in range(len(signature.params)))]
    name, stack_bytes = f"{level}_{index}", signature.stack_bytes()
    if rest:
        params.append(f"struct rest_{name} *out")
        arguments.append("&guarded.area")
    call = f"(({first} (*)({', '.join(params)})){'wasm_' + name if stack_bytes else 'target->code'})"
    call += f"({', '.join(arguments)})"
    lines = [f"struct rest_{name} {{ {' '.join(rest)} }};"] if rest else []
    if stack_bytes:
        lines.append(f"CALLS_WASM(wasm_{name}, {stack_bytes});")
        call = f"__builtin_call_with_static_chain({call}, target->code)"
    lines.append(f"static __attribute__((used)) {first} relay_{name}({', '.join(params)}) {{")
    lines.append(f"  struct funcref *target = targets[{level}][{index}]; (void)vmctx; relayed[{level}]++;")
    if rest:
        # 8 bytes beside a multiple of 16: the results need no more alignment than their members.
        lines.append(f"  struct {{ uint8_t before[40]; struct rest_{name} area; uint8_t after[40]; }} guarded")
        lines.append("    __attribute__((aligned(16)));")
        lines.append("  uint8_t is_field[sizeof guarded] = {0}; memset(&guarded, 0xA5, sizeof guarded);")
        lines += [
            f"  memset(is_field + ((uint8_t *)&guarded.area.r{i} - (uint8_t *)&guarded), 1, sizeof guarded.area.r{i});"
            for i in range(1, len(signature.results))
        ]
    lines.append(f"  {first + ' result = ' if signature.results else ''}{call};")
    if rest:
        lines.append("  check((uint8_t *)&guarded, is_field, sizeof guarded); *out = guarded.area;")
    lines.append("  return result; }" if signature.results else "}")
    if stack_bytes:
        lines.append(f"CALLED_BY_WASM(entry_{name}, relay_{name}, {stack_bytes});")
    lines.append(f"void *address_{name}(void) {{ return {'entry' if stack_bytes else 'relay'}_{name}; }}")
    return "\n".join(lines)


@cache
def page_source() -> str:
    return "\n".join(re.findall(r"```c\n(.*?)```", PAGE.read_text(), re.DOTALL))


def compile_c(source: str, folder: Path) -> ctypes.CDLL:
    path = folder / "functions.c"
    path.write_text(HEADER + page_source() + source)
    flags = ["-O1", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # sanitizers are not for gcc
    command = [str(CC), *flags, "-o", str(path.with_suffix(".so")), str(path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ctypes.CDLL(str(path.with_suffix(".so")))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    cases = signatures()
    relays = [relay_source(level, i, case) for level in range(LEVELS) for i, case in enumerate(cases)]
    source = RELAYS.format(levels=LEVELS, count=len(cases)) + "\n".join(relays) + TRAPPING
    return compile_c(source, tmp_path_factory.mktemp("c"))


@pytest.fixture(params=["baseline", "llvm"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "llvm":
        pytest.importorskip("llvmlite", reason="the LLVM compiler needs llvmlite")
    config = taipan.Config()
    config.compiler = request.param
    return Store(taipan.Engine(config))


def record_of(func: Func) -> int:
    """The address of the function's VMFuncRef."""
    return ctypes.c_uint64.from_address(id(func) + HANDLE_TARGET).value


def address_of(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def c_func(store: Store, signature: Signature, address: int) -> Func:
    """A function whose code is a C function's."""

    def never(*args: object) -> None:
        raise AssertionError("the C function was not called")

    func = Func(store, func_type(signature), never)
    ctypes.c_uint64.from_address(record_of(func) + FUNCREF_CODE).value = address
    return func


def func_type(signature: Signature) -> FuncType:
    return FuncType([TYPES[t] for t in signature.params], [TYPES[t] for t in signature.results])


def calling_twice(cases: list[Signature]) -> str:
    """A module with a function of each type, which calls the import of that type twice with its own arguments."""
    imports, funcs = [], []
    for i, case in enumerate(cases):
        kind = f"(param {' '.join(case.params)}) (result {' '.join(case.results)})"
        imports.append(f'(import "" "" (func $i{i} {kind}))')
        call = f"{' '.join(f'local.get {k}' for k in range(len(case.params)))} call $i{i}"
        funcs.append(f'(func (export "f{i}") {kind} {call} {"drop " * len(case.results)} {call})')
    return f"(module {' '.join(imports)} {' '.join(funcs)})"


def sample(store: Store, kind: str, n: int) -> Any:
    """A value that uses the whole width."""
    if kind == "funcref":
        return Func(store, FuncType([], []), lambda: None) if n % 3 else None
    if kind == "externref":
        return f"object {n}" if n % 3 else None
    return {"i32": -(2**31) + n, "i64": -(2**63) + n, "f32": n + 0.5, "f64": n + 2.0**-40}[kind]


@pytest.mark.filterwarnings("ignore:externrefs are not collected:RuntimeWarning")
def test_random_signatures_through_c_and_wasm(library: ctypes.CDLL, store: Store) -> None:
    cases = signatures()
    targets = ((ctypes.c_void_p * len(cases)) * LEVELS).in_dll(library, "targets")
    relayed = (ctypes.c_int * LEVELS).in_dll(library, "relayed")
    spoilt = ctypes.c_int.in_dll(library, "spoilt")
    spoilt.value = 0

    def relays(level: int) -> list[Func]:
        entries: list[Callable[[], int]] = [library[f"address_{level}_{i}"] for i in range(len(cases))]
        for entry in entries:
            entry.restype = ctypes.c_void_p  # type: ignore[attr-defined]
        return [c_func(store, case, entry()) for case, entry in zip(cases, entries, strict=True)]

    module = Module(store.engine, calling_twice(cases))
    outer = Instance(store, module, relays(0)).exports(store)
    inner = Instance(store, module, relays(1)).exports(store)
    for i, case in enumerate(cases):
        arguments = [sample(store, t, n) for n, t in enumerate(case.params, 1)]
        values = [sample(store, t, n) for n, t in enumerate(case.results, 100)]
        returned = values if len(values) > 1 else values[0] if values else None
        seen: list[list[Any]] = []
        host = Func(
            store, func_type(case), lambda *a, seen=seen, returned=returned: (seen.append(list(a)), returned)[1]
        )
        targets[0][i], targets[1][i] = record_of(inner[f"f{i}"]), record_of(host)
        relayed[:] = [0, 0]
        assert outer[f"f{i}"](store, *arguments) == returned, case
        assert seen == [arguments] * 4, case
        assert relayed[:] == [2, 4]
        # Python -> C, and a typed handle's call
        typed = outer[f"f{i}"].typed(store, func_type(case).params, func_type(case).results)
        assert typed(store, *arguments) == (tuple(values) if len(values) > 1 else returned)
        assert spoilt.value == 0, case


TRAPPING = """
int64_t call_once(void *vmctx, void *caller, int64_t n) {
    (void)vmctx;
    return ((int64_t (*)(void *, void *, int64_t))targets[0][0]->code)(targets[0][0]->vmctx, caller, n) + 1;
}
"""


def test_the_example_of_the_page(library: ctypes.CDLL, store: Store) -> None:
    signature = Signature(["i64", "i64"], ["i64", "i64", "i32"])
    divide = c_func(store, signature, address_of(library.divide))
    assert divide(store, -(2**62), 7) == [-(2**62) // 7 + 1, -1 * (2**62 % 7), 0]
    module = Module(
        store.engine,
        """(module (import "" "" (func $divide (param i64 i64) (result i64 i64 i32)))
          (func (export "f") (param i64 i64) (result i64) (call $divide (local.get 0) (local.get 1))
            i64.extend_i32_u i64.add i64.add))""",
    )
    exports = Instance(store, module, [divide]).exports(store)
    assert exports["f"](store, 100, 7) == 14 + 2
    assert exports["f"](store, 98, 7) == 14 + 1


def test_a_trap_passes_c_functions(library: ctypes.CDLL, store: Store) -> None:
    """Out of wasm that C has called, with the frames on both sides in its backtrace; and the store goes on."""
    through = c_func(store, Signature(["i64"], ["i64"]), address_of(library.call_once))
    text = """(module (import "" "" (func $c (param i64) (result i64)))
      (func $outer (export "outer") (param i64) (result i64) (i64.mul (call $c (local.get 0)) (i64.const 2)))
      (func $inner (export "inner") (param i64) (result i64) (i64.div_s (i64.const 100) (local.get 0))))"""
    exports = Instance(store, Module(store.engine, text), [through]).exports(store)
    targets = (ctypes.c_void_p * 1).in_dll(library, "targets")
    targets[0] = record_of(exports["inner"])
    for _ in range(3):
        assert exports["outer"](store, 10) == 22
        with pytest.raises(taipan.Trap, match="integer divide by zero") as caught:
            exports["outer"](store, 0)
        assert [frame.func_name for frame in caught.value.frames] == ["inner", "outer"]
