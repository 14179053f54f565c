"""Linear memories: bounds under every layout, guards, growth without moving, sizes up to the limits."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from instances import exports_of

import taipan
from taipan import Config, Engine, Instance, Limits, Memory, MemoryType, Module, Store, Trap, TrapCode, WasmError

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PAGE = 65536


def engine_with(**settings: Any) -> Engine:
    config = Config()
    for name, value in settings.items():
        setattr(config, name, value)
    return Engine(config)


# --- bounds ---

# (load instruction, width); 16-byte loads need vector code
LOADS = (("i32.load8_u", 1), ("i32.load16_u", 2), ("i32.load", 4), ("i64.load", 8))
OFFSETS = (0, *[2**n for n in range(32)], 2**32 - 1)


def load_module(maximum: str) -> str:
    """One function per width and offset, `grow`; functions are named "<width>:<offset>"."""
    functions = [
        f'(func (export "{width}:{offset}") (param i32) ({load} offset={offset} (local.get 0)) drop)'
        for (load, width), offset in itertools.product(LOADS, OFFSETS)
    ]
    grow = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))'
    return f'(module (memory (export "memory") 1 {maximum}) {grow} {" ".join(functions)})'


def layouts() -> Iterator[tuple[int, int, bool]]:
    yield from itertools.product((0, GIB, 4 * GIB), (0, GIB, 4 * GIB), (True, False))


@pytest.mark.parametrize(("reservation", "guard", "before"), list(layouts()))
def test_offsets_static_dynamic_oh_my(reservation: int, guard: int, before: bool) -> None:
    engine = engine_with(
        static_memory_maximum_size=reservation, memory_guard_size=guard, guard_before_linear_memory=before
    )
    for maximum in ("2", ""):
        store = Store(engine)
        exports = exports_of(store, load_module(maximum))
        functions = [(w, o, exports[f"{w}:{o}"]) for (_, w), o in itertools.product(LOADS, OFFSETS)]
        for size in (PAGE, 2 * PAGE):
            for width, offset, func in functions:
                for address in (0, PAGE, 2**32 - 1):
                    if address + offset + width > size:
                        with pytest.raises(Trap) as caught:
                            func(store, address)
                        assert caught.value.trap_code is TrapCode.MEMORY_OUT_OF_BOUNDS
                    else:
                        func(store, address)
            exports["grow"](store, 1)
        store.close()


def test_tiny_static_heap() -> None:
    engine = engine_with(static_memory_maximum_size=PAGE, dynamic_memory_guard_size=0, static_memory_guard_size=0)
    store = Store(engine)
    exports = exports_of(
        store,
        """(module (memory 1 1) (func (export "run") (local i32)
          (loop (drop (i32.load8_u (local.get 0)))
            (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 65536))))))""",
    )
    exports["run"](store)


def test_static_forced_max() -> None:
    engine = engine_with(static_memory_maximum_size=5 * PAGE, static_memory_forced=True)
    store = Store(engine)
    memory = Memory(store, MemoryType(Limits(0, None)))
    assert memory.grow(store, 5) == 0
    with pytest.raises(WasmError, match="failed to grow memory"):
        memory.grow(store, 1)
    exports = exports_of(store, load_module(""))
    assert exports["grow"](store, 4) == 1
    assert exports["grow"](store, 1) == -1


# --- guards ---


def dies_by_sigsegv(address: int) -> bool:
    """Whether writing a byte there kills a child process with SIGSEGV or SIGBUS."""
    import ctypes

    child = os.fork()
    if child == 0:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 2)
        for number in (signal.SIGSEGV, signal.SIGBUS):
            signal.signal(number, signal.SIG_DFL)
        ctypes.memset(address, 1, 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGBUS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_guards_present() -> None:
    import ctypes

    engine = engine_with(static_memory_maximum_size=MIB, memory_guard_size=PAGE, guard_before_linear_memory=True)
    store = Store(engine)
    static = Memory(store, MemoryType(Limits(1, 2)))
    dynamic = Memory(store, MemoryType(Limits(1, None)))

    def base(memory: Memory) -> int:
        return ctypes.addressof(memory.data_ptr(store).contents)

    assert dies_by_sigsegv(base(static) + PAGE)  # the second page does not exist yet
    for pages in (1, 2):
        for memory in (static, dynamic):
            memory.grow(store, pages - memory.size(store))
            size = memory.data_len(store)
            assert not dies_by_sigsegv(base(memory))
            assert not dies_by_sigsegv(base(memory) + size - 1)
            for address in (base(memory) - PAGE, base(memory) - 1, base(memory) + size):
                assert dies_by_sigsegv(address)


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs /proc")
def test_address_space_of_a_static_memory() -> None:
    def reserved(before: bool) -> int:
        engine = engine_with(
            static_memory_maximum_size=64 * MIB, memory_guard_size=MIB, guard_before_linear_memory=before
        )
        with Store(engine) as store:
            memory = Memory(store, MemoryType(Limits(1, 1)))
            import ctypes

            base = ctypes.addressof(memory.data_ptr(store).contents)
            with open("/proc/self/maps") as maps:
                ranges = [line.split()[:2] for line in maps]
        total = 0
        for addresses, permissions in ranges:
            low, high = (int(part, 16) for part in addresses.split("-"))
            if permissions == "---p" and high == base:
                total += min(high - low, MIB)
            if permissions == "---p" and low == base + PAGE:
                total += high - low
        return total

    assert reserved(True) >= 64 * MIB - PAGE + 2 * MIB
    assert reserved(False) >= 64 * MIB - PAGE + MIB


# --- growth ---


def test_dynamic_extra_growth_unchanged_pointer() -> None:
    engine = engine_with(static_memory_maximum_size=0, dynamic_memory_reserved_for_growth=5 * PAGE)
    store = Store(engine)
    memories = [
        Memory(store, MemoryType(Limits(10, None))),
        exports_of(store, '(module (memory (export "m") 10))')["m"],
        exports_of(store, '(module (memory (export "m") 10) (data (i32.const 0) "abc"))')["m"],
    ]
    for memory in memories:

        def base(memory: Memory = memory) -> int:
            return memory._address(store)

        first = base()
        memory.write(store, b"abc", 0)
        for _ in range(5):
            memory.grow(store, 1)
            assert base() == first
        memory.grow(store, 1)
        second = base()
        assert second != first
        for _ in range(4):
            memory.grow(store, 1)
            assert base() == second
        assert memory.read(store, 0, 3) == b"abc"


def test_growing_in_the_reserve_moves_nothing() -> None:
    store = Store(engine_with(static_memory_maximum_size=0))
    memory = Memory(store, MemoryType(Limits(1, None)))
    for _ in range(1000):
        memory.grow(store, 1)
    assert store._stats()["bytes_moved"] == 0
    store = Store(engine_with(static_memory_maximum_size=0, dynamic_memory_reserved_for_growth=0))
    memory = Memory(store, MemoryType(Limits(1, None)))
    memory.grow(store, 1)
    assert store._stats()["bytes_moved"] == PAGE


def test_a_view_pins_a_memory_that_could_move() -> None:
    engine = engine_with(static_memory_maximum_size=0, dynamic_memory_reserved_for_growth=0)
    store = Store(engine)
    memory = Memory(store, MemoryType(Limits(1, None)))
    memory.write(store, b"xyz", 0)
    view = memoryview(memory)
    with pytest.raises(WasmError, match="failed to grow memory"):
        memory.grow(store, 1)
    assert bytes(view[:3]) == b"xyz"
    view.release()
    memory.grow(store, 1)
    assert memory.read(store, 0, 3) == b"xyz"


def test_moved_memories_are_seen_by_every_instance() -> None:
    engine = engine_with(static_memory_maximum_size=0, dynamic_memory_reserved_for_growth=0)
    store = Store(engine)
    memory = Memory(store, MemoryType(Limits(1, None)))
    wat = """(module (import "" "" (memory 1))
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "put") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0))))"""
    one, two = exports_of(store, wat, memory), exports_of(store, wat, memory)
    for round_ in range(5):
        assert one["grow"](store) == 1 + round_
        address = (1 + round_) * PAGE
        two["put"](store, address, 7 + round_)
        assert one["get"](store, address) == 7 + round_
        assert memory.read(store, address, address + 1) == bytes([7 + round_])


def test_linear_memory_limits() -> None:
    """A full 4 GiB; nothing is committed."""
    store = Store(Engine())
    exports = exports_of(
        store,
        """(module (memory 65534)
          (func (export "grow") (result i32) (memory.grow (i32.const 1)))
          (func (export "size") (result i32) memory.size)
          (func (export "last") (result i32) (i32.load8_u (i32.const 0xffffffff))))""",
    )
    assert exports["size"](store) == 65534
    assert exports["grow"](store) == 65534
    assert exports["size"](store) == 65535
    assert exports["grow"](store) == 65535
    assert exports["size"](store) == 65536
    assert exports["grow"](store) == -1
    assert exports["size"](store) == 65536
    assert exports["last"](store) == 0


# --- memory64 and several memories ---


def test_memory64_maximum_minimum() -> None:
    engine = Engine()
    store = Store(engine)
    with pytest.raises(WasmError):
        Memory(store, MemoryType(Limits(2**48, None), is_64=True))
    for data in ("", '(data (i64.const 0) "x")'):
        module = Module(engine, f"(module (memory i64 {2**48}) {data})")
        with pytest.raises(WasmError):
            Instance(store, module, [])


def test_massive_64_bit_still_limited() -> None:
    asked: list[int] = []

    class Limiter:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            asked.append(desired)
            return True

        def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            return True

        def memory_grow_failed(self, error: Exception) -> None:
            pass

    store = Store(Engine())
    store.limiter = Limiter()
    module = Module(store.engine, f"(module (memory i64 {2**48}))")
    with pytest.raises(WasmError):
        Instance(store, module, [])
    assert len(asked) == 1
    assert asked[0] >= 2**63


def test_memory64_import_mismatch() -> None:
    store = Store(Engine())
    memory = Memory(store, MemoryType(Limits(1, None)))
    with pytest.raises(taipan.LinkError, match="expected 64-bit memory, found 32-bit memory"):
        exports_of(store, '(module (import "" "" (memory i64 1)))', memory)


def test_multi_memory_with_imported_memories() -> None:
    store = Store(Engine())
    imported = Memory(store, MemoryType(Limits(0, None)))
    exports = exports_of(
        store,
        """(module (import "" "m1" (memory 0)) (memory (export "m2") 1)
          (func (export "f") (result i32) (i32.load $m2 (i32.const 0)))
          (data (memory 1) (i32.const 0) "\\07"))""".replace("$m2", "1"),
        imported,
    )
    assert exports["m2"].read(store, 0, 1) == b"\x07"
    exports["m2"].write(store, b"\x2a", 0)
    assert exports["f"](store) == 42


@pytest.mark.parametrize("init_cow", [True, False])
def test_data_segments_are_visible(init_cow: bool) -> None:
    store = Store(engine_with(memory_init_cow=init_cow))
    exports = exports_of(
        store,
        """(module (memory (export "m") 2) (data (i32.const 0) "\\0a\\0b\\0c")
          (data (i32.const 65530) "across the border"))""",
    )
    assert exports["m"].read(store, 0, 3) == b"\x0a\x0b\x0c"
    assert exports["m"].read(store, 65530, 65530 + 17) == b"across the border"


def test_data_survives_the_module_handle() -> None:
    store = Store(Engine())
    module = Module(store.engine, '(module (memory (export "m") 1) (data (i32.const 0) "hello") (data $p "late"))')
    instance = Instance(store, module, [])
    del module
    assert instance.exports(store)["m"].read(store, 0, 5) == b"hello"


@pytest.mark.parametrize("run", range(3))
def test_memories_start_as_zeros(run: int) -> None:
    """The pages of a closed store may be used again, but not what was in them."""
    engine = Engine()
    module = Module(engine, '(module (memory (export "m") 2 3))')
    with Store(engine) as store:
        memory = Instance(store, module, []).exports(store)["m"]
        assert memory.read(store) == bytes(2 * PAGE)
        memory.write(store, b"\xfe" * (2 * PAGE))
        memory.grow(store, 1)
        assert memory.read(store, 2 * PAGE) == bytes(PAGE)


@pytest.mark.parametrize("run", range(3))
def test_guard_page_traps_follow_growth(run: int) -> None:
    store = Store(Engine())
    exports = exports_of(
        store,
        """(module (memory (export "m") 0 2)
          (func (export "load") (param i32) (drop (i32.load8_u (local.get 0)))))""",
    )
    load, memory = exports["load"], exports["m"]
    for pages in range(3):
        for address in (0, 1, 65536, 65537, 131072):
            if address < pages * PAGE:
                load(store, address)
            else:
                with pytest.raises(Trap, match="out of bounds memory access"):
                    load(store, address)
        if pages < 2:
            memory.grow(store, 1)
    with pytest.raises(WasmError):
        memory.grow(store, 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA counts anonymous memory on Linux")
def test_limited_by_the_system() -> None:
    """In a process of its own: growing beyond RLIMIT_DATA fails, and the limiter is told why."""
    import subprocess

    program = """
import resource, taipan
resource.setrlimit(resource.RLIMIT_DATA, (256 << 20, 256 << 20))
class Limiter:
    seen = failed = None
    def memory_growing(self, current, desired, maximum):
        self.seen = (current, desired)
        return True
    def table_growing(self, current, desired, maximum):
        return True
    def memory_grow_failed(self, error):
        self.failed = str(error)
store = taipan.Store()
store.limiter = limiter = Limiter()
memory = taipan.Memory(store, taipan.MemoryType(taipan.Limits(0, None)))
memory.grow(store, 10)
try:
    memory.grow(store, 4096)
except taipan.WasmError as error:
    assert "failed to grow memory" in str(error), error
else:
    raise SystemExit("it grew")
assert limiter.seen == (10 << 16, 4106 << 16), limiter.seen
assert "Cannot allocate memory" in limiter.failed, limiter.failed
"""
    subprocess.run([sys.executable, "-c", program], check=True)
