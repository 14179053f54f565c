"""CodeRegion and NativeModule: code memory, publishing, lazy entries, images, what is freed."""

from __future__ import annotations

import gc
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from native_code import Function, Raised, new_code_module, raw_traps  # noqa: F401
from native_objects import I32, KiB, MiB, instantiate, native, new_store, table_plan, u32s

from taipan.abi import layout, traps
from taipan.errors import InternalError, WasmError


def constant(value: int) -> Function:
    function = Function([], [I32]).raw("b8")  # mov eax, value
    function.code += struct.pack("<i", value)
    return function.end()


def sum_of(first: int, second: int, slot: bool = False) -> Function:
    """Calls two functions of the module and adds their results."""
    function = Function([], [I32])
    call = function.call_slot if slot else function.call
    call(first).raw("50 50")  # push rax, twice: rsp stays aligned
    call(second).raw("59 59 01c8")  # pop rcx; pop rcx; add eax, ecx
    return function.end()


def mappings() -> list[tuple[int, int, str]]:
    with open("/proc/self/maps") as file:
        rows = [line.split() for line in file]
    return [(int(row[0].split("-")[0], 16), int(row[0].split("-")[1], 16), row[1]) for row in rows]


def permissions(address: int) -> str:
    return next(mode for start, end, mode in mappings() if start <= address < end)


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter with this file's names."""
    start = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom test_code import *\n"
    return subprocess.run(
        [sys.executable, "-c", start + script],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )


# ---- regions ----


def test_sizes() -> None:
    region = native.CodeRegion(1 * MiB)
    assert (region.size_bytes, region.used_bytes) == (MiB, 0)
    for bad in (0, -1, 1 << 31):
        with pytest.raises(ValueError, match="size_bytes"):
            native.CodeRegion(bad)
    assert native.CodeRegion((1 << 31) - 1).size_bytes >= 1 << 30


def test_many_regions() -> None:
    """More than any fixed table holds; each one's code is found by its address (traps need that)."""
    store = new_store()
    regions = [native.CodeRegion(MiB) for _ in range(300)]
    last = new_code_module([Function([], []).trap(traps.UNREACHABLE).end()], region=regions[-1])
    del regions
    with pytest.raises(Raised, match="unreachable"):
        instantiate(store, last)._func(store, 0)(store)


def writable_code() -> set[tuple[int, int]]:
    return {(first, last) for first, last, mode in mappings() if "w" in mode and "x" in mode}


def test_no_page_is_writable_and_executable() -> None:
    others = writable_code()  # closures of ctypes, say, that other tests of this process made
    store = new_store()
    module = new_code_module([constant(1)])
    instance = instantiate(store, module)
    assert instance._func(store, 0)(store) == 1
    assert permissions(module.entry(0)) == "r-xs"
    assert writable_code() <= others


def test_without_a_second_mapping() -> None:
    """Where memfd_create is refused, pages are written before they become executable."""
    script = """
import resource
# No file may grow any more: the memfd gets no size.
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
region = native.CodeRegion(4 << 20)
store = new_store()
for i in range(50):
    module = new_code_module([constant(i), constant(2 * i), sum_of(0, 1), sum_of(1, 1, slot=True)], region=region)
    instance = instantiate(store, module)
    assert [instance._func(store, j)(store) for j in range(4)] == [i, 2 * i, 3 * i, 4 * i]
    assert permissions(module.entry(0)) == "r-xp"
assert not [mode for _, _, mode in mappings() if "w" in mode and "x" in mode]
store._close()
print("done")
"""
    done = run_script(script)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_little_address_space() -> None:
    """A smaller region is better than none."""
    script = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
region = native.CodeRegion(1 << 30)
print(region.size_bytes >> 20)
try:
    regions = [native.CodeRegion(1 << 30) for _ in range(1000)]
except MemoryError as error:
    print(error)
"""
    done = run_script(script)
    size, message = done.stdout.splitlines()
    assert 1 <= int(size) <= 256
    assert message == "no address space for 1048576 bytes of code"


def test_full_region() -> None:
    region = native.CodeRegion(64 * KiB)
    modules = []
    with pytest.raises(MemoryError, match="code region of 65536 bytes is full"):
        for _ in range(100):
            modules.append(new_code_module([constant(1)], region=region))
    assert 2 <= len(modules) <= 16
    assert region.used_bytes <= region.size_bytes
    modules.clear()
    gc.collect()
    assert region.used_bytes == 0
    big = Function([], [I32])
    big.code += b"\x90" * (40 * KiB)
    store = new_store()
    module = new_code_module([big.raw("b807000000").end()], region=region)
    assert instantiate(store, module)._func(store, 0)(store) == 7


def test_space_is_used_again() -> None:
    """Module after module, live ones between: the region never grows, old code never shows."""
    region = native.CodeRegion(1 * MiB)
    kept = []
    for i in range(2000):
        store = new_store()
        module = new_code_module([constant(i), sum_of(0, 0)], region=region)
        instance = instantiate(store, module)
        assert instance._func(store, 1)(store) == 2 * i
        if i % 100 == 0:
            kept.append((store, instance, 2 * i))
        else:
            store._close()
    for store, instance, value in kept:
        assert instance._func(store, 1)(store) == value
        store._close()
    del module, instance, kept, store
    gc.collect()
    assert region.used_bytes == 0


# ---- publishing ----


def test_calls_and_slots() -> None:
    """Calls to functions placed before, after, and by way of their cells."""
    store = new_store()
    module = new_code_module([sum_of(1, 2), constant(3), constant(4), sum_of(0, 1), sum_of(0, 3, slot=True)])
    instance = instantiate(store, module)
    assert [instance._func(store, i)(store) for i in range(5)] == [7, 3, 4, 10, 17]
    assert module.num_compiled == 5
    assert store._stats()["code_bytes"] == sum(len(module.code(i)) for i in range(5))


def test_code_shows_relocations_applied() -> None:
    function = sum_of(1, 1)
    module = new_code_module([function, constant(1)])
    code, at = module.code(0), function.relocs[0][0]
    assert code[:at] == function.code[:at] and code != bytes(function.code)
    assert module.entry(0) + at + 4 + struct.unpack_from("<i", code, at)[0] != 0


def test_published_again() -> None:
    """New code reaches callers through stubs and cells, handles and imports; direct calls keep the old."""
    store = new_store()
    module = new_code_module([constant(1), sum_of(0, 0), sum_of(0, 0, slot=True)])
    instance = instantiate(store, module)
    funcs = [instance._func(store, i) for i in range(3)]
    assert [f(store) for f in funcs] == [1, 2, 2]
    old = module.entry(0)
    module.publish(0, *constant(5).published())
    assert [f(store) for f in funcs] == [5, 2, 10]
    assert module.entry(0) != old and module.num_compiled == 3


def test_bad_publish() -> None:
    module = new_code_module([constant(1)])
    good = constant(2).published()
    for arguments in (
        (0, b"", b"", b"", b""),
        (0, good[0], b"1", b"", b""),
        (0, good[0], b"", b"1", b""),
        (0, good[0], b"", b"", b"1"),
        (0, good[0], u32s(len(good[0]) - 3, 0, 0), b"", b""),  # field outside the code
        (0, good[0], u32s(0, 0, 1), b"", b""),  # no such function
        (0, good[0], u32s(0, 2, 0), b"", b""),  # no such kind
        (0, good[0], b"", u32s(1000, 0, 0, 0), b""),  # site outside
        (0, good[0], b"", u32s(5, 0, 0, 0, 4, 0, 0, 0), b""),  # not ascending
        (0, good[0], b"", u32s(5, 0, 0, 2), u32s(0)),  # stack map outside
        (0, good[0], b"", u32s(5, 0, 0, 1), u32s(2, 0)),  # stack map ends outside
    ):
        with pytest.raises(ValueError):
            module.publish(*arguments)
    with pytest.raises(IndexError):
        module.publish(1, *good)
    with pytest.raises(IndexError):
        module.entry(1)
    store = new_store()
    assert instantiate(store, module)._func(store, 0)(store) == 1


def test_bad_modules() -> None:
    def make(**changes: Any) -> Any:
        options: dict[str, Any] = {
            "func_type_indices": u32s(0),
            "type_ids": u32s(0),
            "signatures": [native.Signature(b"", b"", 0, None)],
            "escaped": b"",
            "counts": (0, 0, 0, 0),
            "memories": b"",
            "tables": b"",
            "globals": b"",
            "data": b"",
            "data_ranges": b"",
            "num_elements": 0,
            "globals_template": b"",
            "compile": None,
        }
        return native.NativeModule(native.CodeRegion(MiB), None, **{**options, **changes})

    assert make().num_compiled == 0
    for changes in (
        {"func_type_indices": b"123"},
        {"func_type_indices": u32s(1)},
        {"signatures": []},
        {"signatures": [None]},
        {"escaped": u32s(1)},
        {"counts": (2, 0, 0, 0)},
        {"counts": (1, 0, 0, 0), "escaped": u32s(0)},
        {"memories": b"123"},
        {"memories": bytes(40) + b"\x20" + bytes(7)},
        {"tables": table_plan(0, -1, False, I32)},
        {"globals": bytes((99, 0))},
        {"globals": bytes((I32, 0))},
        {"data": b"abc", "data_ranges": u32s(1, 4)},
        {"data": b"abc", "data_ranges": u32s(2, 1)},
        {"data": b"abc", "data_ranges": u32s(1)},
    ):
        with pytest.raises(ValueError):
            make(**changes)
    for changes in (
        {"signatures": [1]},
        {"memories": [1], "tables": None},
        {"data": 1, "data_ranges": u32s(0, 1)},
        {"compile": ..., "type_ids": None},
    ):
        with pytest.raises(TypeError):
            make(**changes)


# ---- lazy functions ----


def test_lazy() -> None:
    """Each function is compiled at its first call, whoever calls it: host, wasm, an import of another instance."""
    functions = [constant(1), sum_of(0, 3), sum_of(0, 3, slot=True), constant(2)]
    compiled = []

    def compile(module: Any, index: int) -> None:
        compiled.append(index)
        module.publish(index, *functions[index].published())

    store = new_store()
    module = new_code_module(functions, compile=compile)
    instance = instantiate(store, module)
    funcs = [instance._func(store, i) for i in range(4)]
    assert (compiled, module.num_compiled, module.entry(0), module.code(0)) == ([], 0, 0, b"")
    for _ in range(3):
        assert funcs[1](store) == 3
    assert compiled == [1, 0, 3]
    importer = new_code_module([Function([], [I32]).call_import(0).end()], imports=[([], [I32])])
    for _ in range(3):
        assert instantiate(store, importer, [funcs[2]])._func(store, 1)(store) == 3
    assert compiled == [1, 0, 3, 2]


def test_lazy_keeps_arguments() -> None:
    """Integer, float and stack arguments pass through a compilation."""
    f64 = native.KIND_F64
    # (i32 x4, f64, i32) -> i32: edx + ecx + r8d + r9d + int(xmm0) + [rbp + 16]
    add = Function([I32] * 4 + [f64, I32], [I32]).raw("8d0411 4401c0 4401c8 f20f2cc8 01c8 034510").end(16)
    store = new_store()
    module = new_code_module([add], compile=lambda module, index: module.publish(index, *add.published()))
    func = instantiate(store, module)._func(store, 0)
    assert func(store, 1, 2, 4, 8, 16.0, 32) == 63
    assert func(store, 1, 2, 4, 8, 16.0, 64) == 95


def test_lazy_errors() -> None:
    """What the compiler raises comes out of the call, with nothing published; a later call tries again."""
    attempts = []

    def compile(module: Any, index: int) -> None:
        attempts.append(index)
        if len(attempts) == 1:
            raise WasmError("cannot")
        if len(attempts) == 3:
            module.publish(index, *constant(9).published())

    store = new_store()
    module = new_code_module([constant(9)], compile=compile)
    func = instantiate(store, module)._func(store, 0)
    with pytest.raises(WasmError, match="cannot"):
        func(store)
    with pytest.raises(InternalError, match="was not published"):
        func(store)
    assert func(store) == 9 and func(store) == 9
    assert len(attempts) == 3


def test_lazy_in_a_backtrace() -> None:
    """The caller's frame is there when compiling its callee fails, and when the callee traps at once."""
    functions = [Function([], []).trap(traps.UNREACHABLE).end(), Function([], []).call(0).end()]
    store = new_store()
    module = new_code_module(functions, compile=lambda module, i: module.publish(i, *functions[i].published()))
    func = instantiate(store, module)._func(store, 1)
    for _ in range(2):
        with pytest.raises(Raised, match="unreachable") as caught:
            func(store)
        assert [frame[1] for frame in caught.value.frames] == [0, 1]


def test_threads_publish_while_others_run() -> None:
    """Lazily compiled functions of one module, called in several threads by different stores."""
    functions = [constant(i) if i % 10 == 0 else sum_of(i - 1, i // 10 * 10) for i in range(400)]
    expected = [i // 10 * 10 * (i % 10 + 1) for i in range(400)]
    module = new_code_module(functions, compile=lambda module, i: module.publish(i, *functions[i].published()))
    problems = []

    def run(order: list[int]) -> None:
        store = new_store()
        instance = instantiate(store, module)
        for i in order:
            if instance._func(store, i)(store) != expected[i]:
                problems.append(i)

    orders = [list(range(400)), list(range(399, -1, -1)), list(range(0, 400, 2)), list(range(1, 400, 2))]
    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert module.num_compiled == 400


# ---- images ----


def image_of(functions: list[Function], gap: int) -> tuple[bytes, bytes, bytes, bytes, bytes, bytes]:
    """Arguments of `load`; the functions in reverse order, their calls resolved."""
    image = bytearray()
    places: dict[int, int] = {}
    for index in reversed(range(len(functions))):
        image += b"\xcc" * (-len(image) % 16 + gap)
        places[index] = len(image)
        image += functions[index].code
    sites, site_starts = b"", [0]
    for index, function in enumerate(functions):
        for at, kind, target in function.relocs:
            assert kind == layout.RELOC_CALL
            struct.pack_into("<i", image, places[index] + at, places[target] - (places[index] + at + 4))
        sites += function.published()[2]
        site_starts.append(len(sites) // 16)
    offsets = b"".join(u32s(places[i], len(f.code)) for i, f in enumerate(functions))
    return bytes(image), offsets, sites, u32s(*site_starts), b"", u32s(*[0] * (len(functions) + 1))


@pytest.mark.parametrize("gap", [0, 16, 5000])
def test_load(gap: int) -> None:
    functions = [constant(1), sum_of(0, 0), Function([], []).call(3).end(), Function([], []).trap(9).end()]
    store = new_store()
    module = new_code_module(functions[:0])
    types = [(function.params, function.results) for function in functions]
    module = native.NativeModule(
        native.CodeRegion(MiB),
        "image",
        func_type_indices=u32s(0, 0, 1, 1),
        type_ids=u32s(0, 1),
        signatures=[native.Signature(*types[0], 0, None), native.Signature(*types[2], 1, None)],
        escaped=u32s(0, 1, 2, 3),
        counts=(0, 0, 0, 0),
        memories=b"",
        tables=b"",
        globals=b"",
        data=b"",
        data_ranges=b"",
        num_elements=0,
        globals_template=b"",
        compile=None,
    )
    with pytest.raises(InternalError, match="neither code nor a stub"):
        instantiate(store, module)._func(store, 0)
    arguments = image_of(functions, gap)
    module.load(*arguments)
    assert module.num_compiled == 4
    instance = instantiate(store, module)
    assert instance._func(store, 1)(store) == 2
    with pytest.raises(Raised, match="unreachable") as caught:
        instance._func(store, 2)(store)
    assert [frame[1] for frame in caught.value.frames] == [3, 2]
    # New code for one of them afterwards, as a second tier would bring it.
    module.publish(0, *constant(20).published())
    assert instantiate(store, module)._func(store, 0)(store) == 20
    for i, bad in (
        (1, arguments[1][:-4]),
        (1, u32s(0, 1 << 30) * 4),
        (2, arguments[2][:-1]),
        (3, u32s(0)),
        (5, u32s(0)),
    ):
        with pytest.raises(ValueError):
            module.load(*arguments[:i], bad, *arguments[i + 1 :])


# ---- lifetimes ----


def test_instances_keep_code() -> None:
    region = native.CodeRegion(MiB)
    store = new_store()
    func = instantiate(store, new_code_module([constant(4)], region=region))._func(store, 0)
    del region
    gc.collect()
    assert func(store) == 4
    store._close()


def test_cycles_are_collected() -> None:
    """module -> compile -> module, and module -> info -> module."""

    class Info:
        pass

    region = native.CodeRegion(MiB)
    info = Info()
    info.module = new_code_module([constant(1)], compile=lambda module, i: None, region=region, info=info)  # type: ignore[attr-defined]
    assert region.used_bytes > 0
    del info
    gc.collect()
    assert region.used_bytes == 0


# ---- fork ----


def test_fork_shares_no_writes() -> None:
    """Both processes publish more code into modules they have in common, free some, and load more."""
    done = run_script(
        """
import os
region = native.CodeRegion(1 << 20)
store = new_store()
functions = [constant(i) for i in range(100)]
value = [0]
def compile(module, i):
    module.publish(i, *constant(value[0] + i).published())
module = new_code_module(functions, compile=compile, region=region)
instance = instantiate(store, module)
dropped = new_code_module([constant(5)], region=region)
assert [instance._func(store, i)(store) for i in range(10)] == list(range(10))
used = region.used_bytes
pids = []
for value[0] in (1000, 2000, 3000, 0):
    if value[0] and (pid := os.fork()):
        pids.append(pid)
        continue
    dropped = None
    for i in range(10, 100):
        assert instance._func(store, i)(store) == value[0] + i
    for n in range(50):
        other = new_store()
        more = [constant(value[0] + n), sum_of(0, 0)]
        assert instantiate(other, new_code_module(more, region=region))._func(other, 1)(other) == 2 * (value[0] + n)
    assert [instance._func(store, i)(store) for i in range(100)] == [i if i < 10 else value[0] + i for i in range(100)]
    assert not writable_code()
    if value[0]:
        os._exit(7)
assert [os.waitpid(pid, 0)[1] >> 8 for pid in pids] == [7, 7, 7]
print("done")
"""
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
