"""Module, Engine, types: what can be asked of a module, and how bad input is reported."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import taipan
from taipan import (
    Engine,
    ExportType,
    FuncType,
    GlobalType,
    ImportType,
    InvalidError,
    Limits,
    MalformedError,
    MemoryType,
    Module,
    TableType,
    TagType,
    UnsupportedError,
    Val,
    ValType,
    WasmError,
    wat2wasm,
)

I32, I64, F32, F64 = ValType.i32(), ValType.i64(), ValType.f32(), ValType.f64()
FUNCREF, EXTERNREF = ValType.funcref(), ValType.externref()


WAT = """(module $sample
  (import "" "a" (func (param i32) (result i64 f32)))
  (import "x" "y" (global (mut f64)))
  (import "x" "tag" (tag (param i32)))
  (memory (export "mem") 1 2)
  (table (export "tab") 3 externref)
  (func $named (export "f") (param funcref))
  (export "g" (global 0)) (export "a" (func 0)) (export "tag" (tag 0))
  (@custom "note" "some bytes"))"""


# --- making modules ---


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_from_bytes(engine: Engine, kind: type) -> None:
    binary = wat2wasm(WAT)
    assert isinstance(binary, bytearray)
    for source in (kind(binary), kind(WAT.encode())):
        assert Module(engine, source).name == "sample"
    assert Module(engine, WAT).name == "sample"
    assert Module.from_binary(engine, kind(binary)).name == "sample"


def test_from_file(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "m.wat").write_text(WAT)
    (tmp_path / "m.wasm").write_bytes(wat2wasm(WAT))
    for name in ("m.wat", "m.wasm"):
        assert Module.from_file(engine, tmp_path / name).name == "sample"
        assert Module.from_file(engine, str(tmp_path / name)).name == "sample"
    with pytest.raises(FileNotFoundError):
        Module.from_file(engine, tmp_path / "none.wasm")
    with pytest.raises(TypeError, match="expected an Engine"):
        Module.from_file(5, tmp_path / "m.wat")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "unexpected end"),
        (b"\0asm\2\0\0\0", "unknown binary version"),
        (b"xx", "magic header not detected|unexpected end"),
        (b"\0asm\1\0\0\0\1\7", "unexpected end|length out of bounds"),
        ("(module", r"\(line 1, column 8\)"),
        ("(module\n  (func (oops)))", r"\(line 2, column 10\)"),
        (b"(module \xff)", "malformed UTF-8 encoding"),
    ],
)
def test_malformed(engine: Engine, source: str | bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        Module(engine, source)
    assert isinstance(caught.value, WasmError)
    assert taipan.WasmtimeError is WasmError


def test_invalid_says_where(engine: Engine) -> None:
    wat = "(module (func) (func $hypot (result i32) f32.const 1))"
    with pytest.raises(InvalidError, match=r'^type mismatch.*\(function 1 "hypot", offset 0x') as caught:
        Module(engine, wat)
    assert caught.value.func == 1
    offset = caught.value.offset
    assert 0 < offset < len(wat2wasm(wat))
    with pytest.raises(InvalidError) as again:
        Module(engine, wat2wasm(wat))
    assert again.value.offset == offset  # text errors count in the binary, too


def test_types_of_arguments(engine: Engine) -> None:
    for wasm in (5, None, object()):
        with pytest.raises(TypeError, match="expected wasm bytes"):
            Module(engine, wasm)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected wasm bytes"):
            Module.validate(engine, wasm)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected wasm bytes"):
            wat2wasm(wasm)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an Engine"):
        Module(5, b"")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected Config"):
        Engine(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected an Engine"):
        taipan.Store(5)  # type: ignore[arg-type]


def test_validate(engine: Engine) -> None:
    Module.validate(engine, wat2wasm(WAT))
    with pytest.raises(MalformedError):
        Module.validate(engine, b"xx")
    with pytest.raises(InvalidError):
        Module.validate(engine, wat2wasm("(module (func (result i32)))"))


def test_features_reach_the_validator() -> None:
    config = taipan.Config()
    config.wasm_multi_memory = False
    with pytest.raises(WasmError):
        Module(Engine(config), "(module (memory 1) (memory 1))")
    config = taipan.Config()
    config.features = taipan.Features.everything()
    assert Engine(config).features == taipan.Features.everything()


# --- asking ---


def test_imports_and_exports(engine: Engine) -> None:
    module = Module(engine, WAT)
    imports = [(i.module, i.name, i.type) for i in module.imports]
    assert imports == [
        ("", "a", FuncType([I32], [I64, F32])),
        ("x", "y", GlobalType(F64, True)),
        ("x", "tag", TagType(FuncType([I32], []))),
    ]
    exports = [(e.name, e.type) for e in module.exports]
    assert exports == [
        ("mem", MemoryType(Limits(1, 2))),
        ("tab", TableType(EXTERNREF, Limits(3, None))),
        ("f", FuncType([FUNCREF], [])),
        ("g", GlobalType(F64, True)),
        ("a", FuncType([I32], [I64, F32])),
        ("tag", TagType(FuncType([I32], []))),
    ]
    assert all(isinstance(i, ImportType) for i in module.imports)
    assert all(isinstance(e, ExportType) for e in module.exports)


def test_custom_sections_and_names(engine: Engine) -> None:
    module = Module(engine, WAT)
    sections = dict(module.custom_sections)
    assert sections["note"] == b"some bytes"
    assert b"named" in sections["name"]
    assert module.name == "sample"
    assert Module(engine, "(module)").name is None


def test_memory64_and_page_sizes(engine: Engine) -> None:
    module = Module(engine, '(module (memory (export "m") i64 1 5) (table (export "t") i64 1 funcref))')
    memory, table = (export.type for export in module.exports)
    assert isinstance(memory, MemoryType)
    assert isinstance(table, TableType)
    assert (memory.is_64, memory.limits, memory.page_size, memory.is_shared) == (True, Limits(1, 5), 65536, False)
    assert table.is_64


def test_text(engine: Engine) -> None:
    module = Module(engine, WAT)
    text = module.text()
    again = Module(engine, text)
    assert [(e.name, e.type) for e in again.exports] == [(e.name, e.type) for e in module.exports]


def test_closed_modules(engine: Engine) -> None:
    with Module(engine, "(module)") as module:
        pass
    for action in (lambda: module.imports, lambda: module.exports, lambda: module.name, module.text):
        with pytest.raises(ValueError, match="already closed"):
            action()


def test_types_are_freed_with_their_modules() -> None:
    """R-37: no growth with module churn, and nothing waits for the garbage collector."""
    engine = Engine()
    modules = [Module(engine, '(module (type (func (param i32))) (import "" "" (func (type 0))))') for _ in range(20)]
    assert len(engine.types) == 1
    del modules
    assert len(engine.types) == 0
    store = taipan.Store(engine)
    exports = taipan.Instance(store, Module(engine, '(module (func (export "f")))'), []).exports(store)
    exports["f"](store)
    assert len(engine.types) == 1
    del exports, store
    assert len(engine.types) == 0


# --- types ---


def test_val_types() -> None:
    assert str(I32) == repr(I32) == "i32"
    assert str(EXTERNREF) == "anyref"  # wasmtime-py's name
    assert repr(EXTERNREF) == "externref"
    assert ValType.i32() == I32
    assert I32 != I64
    assert I32 != 5
    assert len({I32, ValType.i32(), I64}) == 2
    assert pickle.loads(pickle.dumps(F64)) is F64
    with pytest.raises(WasmError, match="cannot construct directly"):
        ValType()
    assert FUNCREF.is_ref
    assert not I32.is_ref
    assert taipan.i32 is I32
    assert taipan.v128 == ValType.v128()


def test_type_objects_check_and_compare() -> None:
    with pytest.raises(TypeError, match="expected ValType"):
        FuncType([5], [])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        FuncType([], 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected valtype"):
        GlobalType(5, True)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected Limits"):
        MemoryType(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        TableType(5, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a FuncType"):
        TagType(5)  # type: ignore[arg-type]
    with pytest.raises(WasmError):
        MemoryType(Limits(-1, None))
    pairs = [
        (lambda: FuncType([I32], [I64]), FuncType([I32], [])),
        (lambda: GlobalType(I32, True), GlobalType(I32, False)),
        (lambda: MemoryType(Limits(1, 2)), MemoryType(Limits(1, 2), is_64=True)),
        (lambda: TableType(FUNCREF, Limits(1, 2)), TableType(EXTERNREF, Limits(1, 2))),
        (lambda: TagType(FuncType([I32], [])), TagType(FuncType([], []))),
        (lambda: Limits(1, None), Limits(1, 1)),
    ]
    for make, other in pairs:
        assert make() == make()
        assert hash(make()) == hash(make())
        assert make() != other
        assert make() != 5
        assert type(make()).__name__ in repr(make())


def test_limits_are_plain() -> None:
    limits = Limits(1, 2)
    limits.max = None
    assert limits == Limits(1, None)
    assert repr(limits) == "Limits(1, None)"


def test_vals() -> None:
    assert Val.i32(2**32 - 1).value == -1
    assert Val.i64(-1) == Val.i64(2**64 - 1)
    assert Val.i32(5) == 5
    assert Val.i32(5) != Val.i64(5)
    assert len({Val.i32(5), Val.i32(5), 5}) == 1
    assert (Val.i32(5).as_i32(), Val.i32(5).as_i64(), Val.f32(1.5).as_f32(), Val.f64(2.5).as_f64()) == (
        5,
        None,
        1.5,
        2.5,
    )
    assert Val.externref("x").as_externref() == "x"
    assert Val.funcref(None).as_funcref() is None
    assert Val.ref_null(FUNCREF).type == FUNCREF
    assert Val(0, 5) == Val.i32(5)
    assert repr(Val.i32(5)) == "Val(i32, 5)"
    for action in (lambda: Val.i32(2.5), lambda: Val.i64("x"), lambda: Val.f32(5)):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            action()
    with pytest.raises(WasmError, match="Invalid reference type for `ref_null`: i32"):
        Val.ref_null(I32)


# --- the package ---


def test_every_public_name_exists() -> None:
    for name in taipan.__all__:
        assert getattr(taipan, name) is not None
    assert set(taipan.__all__) <= set(dir(taipan))
    with pytest.raises(AttributeError):
        taipan.nothing  # noqa: B018


WASMTIME_NAMES = """
    Caller Config Engine ExitTrap ExportType Frame Func FuncType Global GlobalType ImportType Instance InstancePre
    Limits Linker Managed Memory MemoryType Module SharedMemory Store StoreContext Storelike Table TableType Tag
    TagType Trap TrapCode Val ValType WasiConfig WasmtimeError wat2wasm
"""


def test_wasmtime_names() -> None:
    assert set(WASMTIME_NAMES.split()) <= set(taipan.__all__)


def test_importing_the_package_is_cheap() -> None:
    import subprocess
    import sys

    code = "import sys; before = set(sys.modules); import taipan; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {"__future__", "taipan"}
    code = "import sys, taipan; taipan.Engine, taipan.Linker, taipan.Store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    for heavy in ("dataclasses", "inspect", "pathlib", "logging", "ctypes", "subprocess", "taipan.text", "taipan.wasi"):
        assert heavy not in loaded


def test_engines() -> None:
    engine = Engine()
    assert Engine.same(engine, engine)
    assert not Engine.same(engine, Engine())
    assert engine.is_pulley() is False
    engine.increment_epoch()
    store = taipan.Store(engine)
    store.set_epoch_deadline(1)
    with pytest.raises(WasmError, match="fuel is not configured in this store"):
        store.set_fuel(1)
    with pytest.raises(WasmError, match="fuel is not configured in this store"):
        store.get_fuel()
    assert repr(engine) == "<Engine Config()>"
    engine.close()
    with pytest.raises(ValueError, match="already closed"):
        Module(engine, "(module)")
    with pytest.raises(ValueError, match="already closed"):
        taipan.Store(engine)


def test_private_homes_of_wasmtime() -> None:
    from taipan._exportable import AsExtern
    from taipan._store import Storelike

    assert AsExtern is not None
    assert Storelike == taipan.Storelike


# --- compiling ---

TWO = """(module (func (export "one") (result i32) (call $two)) (func $two (export "two") (result i32) i32.const 2)
  (func (export "vector") (drop (v128.const i64x2 1 2))))"""


def test_functions_are_compiled_when_they_are_called() -> None:
    engine = Engine()
    module = Module(engine, TWO)
    store = taipan.Store(engine)
    exports = taipan.Instance(store, module, []).exports(store)
    assert module._native.num_compiled == 0
    assert exports["two"](store) == 2
    assert module._native.num_compiled == 1
    assert exports["one"](store) == 2
    assert module._native.num_compiled == 2


def test_all_functions_at_once() -> None:
    config = taipan.Config()
    config.lazy_compilation = False
    engine = Engine(config)
    module = Module(engine, TWO.replace("(drop (v128.const i64x2 1 2))", ""))
    assert module._native.num_compiled == 3
    store = taipan.Store(engine)
    assert taipan.Instance(store, module, []).exports(store)["one"](store) == 2


def test_what_cannot_be_compiled_says_so() -> None:
    engine = Engine()
    store = taipan.Store(engine)
    exports = taipan.Instance(store, Module(engine, TWO), []).exports(store)
    with pytest.raises(UnsupportedError, match="does not support"):
        exports["vector"](store)
    assert exports["two"](store) == 2
    config = taipan.Config()
    config.lazy_compilation = False
    with pytest.raises(UnsupportedError, match="does not support"):
        Module(Engine(config), TWO)
