"""Linear memories: address space (R-20, R-21), growth (R-22), full size (R-24), memory64 (R-25), limiter, buffers."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from native_objects import PAGE, GiB, KiB, Limiter, MiB, moving_memory, native, new_memory, new_store

from taipan import errors


@pytest.fixture
def store() -> Any:
    return new_store()


def protection(address: int) -> str:
    """`rw-p` and the like, or "" where nothing is mapped."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if start <= address < end:
            return line.split()[1]
    return ""


def run_python(body: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, with this folder's helpers imported."""
    folder = str(Path(__file__).parent)
    path = f"import sys; sys.path[:0] = {[folder, *sys.path]!r}\n"
    head = path + "from native_objects import *\nfrom taipan import errors\nstore = new_store()\n"
    return subprocess.run(
        [sys.executable, "-c", head + textwrap.dedent(body)], capture_output=True, text=True, timeout=60, check=False
    )


# --- address space ---


def test_guards_surround_the_memory(store: Any) -> None:
    memory = new_memory(store, 2, 4, reservation=MiB)
    base = memory._address(store)
    assert protection(base - 64 * KiB) == protection(base - 1) == "---p"
    assert protection(base) == protection(base + 2 * PAGE - 1) == "rw-p"
    assert protection(base + 2 * PAGE) == protection(base + MiB) == protection(base + MiB + 64 * KiB - 1) == "---p"
    assert memory._grow(store, 1) == 2
    assert memory._address(store) == base
    assert protection(base + 3 * PAGE - 1) == "rw-p"
    assert protection(base + 3 * PAGE) == "---p"


@pytest.mark.skipif(not hasattr(signal, "SIGSEGV"), reason="needs Unix signals")
@pytest.mark.parametrize("offset", [-64 * KiB, -1, 2 * PAGE])
@pytest.mark.parametrize("may_move", [False, True])
def test_the_host_dies_on_guards(offset: int, may_move: bool) -> None:
    done = run_python(f"""
        import ctypes
        memory = new_memory(store, 2, reservation={2 * PAGE}, may_move={may_move})
        ctypes.memset(memory._address(store) + {2 * PAGE - 1}, 1, 1)
        print("alive", flush=True)
        ctypes.memset(memory._address(store) + {offset}, 1, 1)
    """)
    assert done.stdout == "alive\n"
    assert done.returncode == -signal.SIGSEGV


def test_guard_before_is_optional(store: Any) -> None:
    def address_space() -> int:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")

    sizes = []
    for guard_before in (True, False):
        before = address_space()
        new_memory(store, 1, reservation=MiB, guard=3 * GiB, guard_before=guard_before)
        sizes.append(address_space() - before)
    assert sizes[0] - sizes[1] == pytest.approx(3 * GiB, abs=16 * MiB)


def test_no_reservation_and_no_guard(store: Any) -> None:
    memory = new_memory(store, 0, 0, reservation=0, guard=0)
    assert memory._address(store) != 0
    assert (memory._size(store), memory._length(store), bytes(memory)) == (0, 0, b"")
    assert memory._grow(store, 1) == -1


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="AddressSanitizer itself needs address space")
def test_exhausted_address_space_is_an_error(store: Any) -> None:
    done = run_python("""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2 * GiB, 2 * GiB))
        try:
            new_memory(store, 1)
        except errors.WasmError as error:
            print(error)
        small = new_memory(store, 1, reservation=MiB)
        assert small._grow(store, 1) == 1
    """)
    assert done.stdout.startswith("failed to allocate memory: minimum of 1 pages: "), done


def test_failed_growth_tells_the_limiter_why() -> None:
    done = run_python("""
        import resource
        store.limiter = limiter = Limiter()
        memory = new_memory(store, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (256 * MiB, 256 * MiB))
        assert memory._grow(store, 10) == 0
        assert memory._grow(store, 4096) == -1
        assert memory._size(store) == 10
        assert limiter.asked[-1] == ("memory", 640 * KiB, 4106 * PAGE, None)
        print(limiter.failures)
    """)
    assert "failed to grow memory by `4096`: Cannot allocate memory" in done.stdout, done


# --- sizes ---


def test_all_65536_pages(store: Any) -> None:
    memory = new_memory(store, 65534)
    assert [memory._grow(store, 1) for _ in range(3)] == [65534, 65535, -1]
    assert memory._size(store) == 65536
    assert memory._length(store) == 4 * GiB
    memory._write(store, b"x", 4 * GiB - 1)
    assert memory._read(store, 4 * GiB - 1, 4 * GiB) == b"x"
    with pytest.raises(IndexError):
        memory._read(store, 4 * GiB, 4 * GiB + 1)
    assert memory._grow(store, 0) == 65536


def test_type_and_maximum(store: Any) -> None:
    memory = new_memory(store, 1, 3)
    assert memory._type(store) == (1, 3, False, 16, False)
    assert memory._grow(store, 3) == -1
    assert memory._grow(store, 2) == 1
    assert memory._grow(store, 1) == -1
    assert memory._type(store) == (1, 3, False, 16, False)  # as declared, not as it is now
    assert new_memory(store, 1, is_64=True)._type(store) == (1, -1, True, 16, False)


def test_reservation_bounds_a_memory_that_does_not_move(store: Any) -> None:
    memory = new_memory(store, 1, reservation=5 * PAGE)
    assert memory._grow(store, 4) == 1
    assert memory._grow(store, 1) == -1
    with pytest.raises(errors.WasmError, match="failed to allocate memory: minimum of 6 pages"):
        new_memory(store, 6, reservation=5 * PAGE)


def test_one_byte_pages(store: Any) -> None:
    memory = new_memory(store, 3, page_size_log2=0)
    assert memory._length(store) == memory._size(store) == 3
    assert memory._grow(store, 4095) == 3
    assert len(memoryview(memory)) == 4098
    memory._write(store, b"end", 4095)
    with pytest.raises(IndexError):
        memory._write(store, b"end", 4096)
    assert memory._type(store)[3] == 0
    with pytest.raises(ValueError, match="custom page size"):
        new_memory(store, 1, page_size_log2=12)


@pytest.mark.parametrize("pages", [1 << 48, (1 << 48) - 1, 1 << 46, (1 << 64) - 1])
@pytest.mark.parametrize("may_move", [False, True])
def test_impossible_sizes_reach_the_limiter_and_fail(store: Any, pages: int, may_move: bool) -> None:
    store.limiter = limiter = Limiter()
    with pytest.raises(errors.WasmError, match="failed to allocate memory"):
        new_memory(store, pages, is_64=True, may_move=may_move)
    assert limiter.asked == [("memory", 0, min(pages * PAGE, (1 << 64) - PAGE), None)]
    memory = new_memory(store, 1, is_64=True, may_move=may_move)
    assert memory._grow(store, pages) == -1
    assert memory._size(store) == 1


def test_large_memory64(store: Any) -> None:
    memory = moving_memory(store, 0x1_0001, is_64=True, reserve=PAGE)
    memory._write(store, b"far", 4 * GiB + 100)
    assert memory._grow(store, 1) == 0x1_0001
    assert memory._grow(store, 1) == 0x1_0002  # moves, without copying what was never touched
    assert memory._read(store, 4 * GiB + 100, 4 * GiB + 103) == b"far"
    assert memory._read(store, 0, 3) == bytes(3)


# --- growth that moves ---


def test_growth_reserve_keeps_the_address(store: Any) -> None:
    memory = moving_memory(store, 10, reserve=5 * PAGE)
    addresses = [memory._address(store)]
    memory._write(store, b"kept", 10 * PAGE - 4)
    for old in range(10, 20):
        assert memory._grow(store, 1) == old
        addresses.append(memory._address(store))
    assert len(set(addresses[:6])) == 1
    assert addresses[6] != addresses[5]
    assert len(set(addresses[6:])) == 1
    assert memory._read(store, 10 * PAGE - 4, 10 * PAGE + 1) == b"kept\0"
    assert store._stats()["bytes_moved"] == 15 * PAGE
    assert protection(addresses[-1] - 1) == protection(addresses[-1] + 20 * PAGE) == "---p"


def test_growing_page_by_page_with_reserve_moves_nothing(store: Any) -> None:
    memory = moving_memory(store, 0, reserve=2 * GiB)
    for _ in range(10_000):
        memory._grow(store, 1)
    assert memory._size(store) == 10_000
    assert store._stats()["bytes_moved"] == 0


def test_growing_without_reserve_moves_and_keeps_contents(store: Any) -> None:
    memory = moving_memory(store, 1)
    for page in range(1, 40):
        memory._write(store, bytes([page]) * 3, page * PAGE - 3)
        assert memory._grow(store, 1) == page
    for page in range(1, 40):
        assert memory._read(store, page * PAGE - 3, page * PAGE + 1) == bytes([page]) * 3 + b"\0"
    assert store._stats()["bytes_moved"] == sum(range(1, 40)) * PAGE


def test_reservation_of_a_moving_memory_ends_at_its_maximum(store: Any) -> None:
    memory = moving_memory(store, 1, 3, reserve=2 * GiB)
    base = memory._address(store)
    assert memory._grow(store, 2) == 1
    assert memory._address(store) == base
    end = base + 3 * PAGE + 64 * KiB  # the guard
    assert protection(end - 1) == "---p"
    assert memory._grow(store, 1) == -1


def test_failed_move_leaves_the_memory_as_it_was() -> None:
    done = run_python("""
        import resource
        memory = moving_memory(store, 16)
        memory._write(store, b"kept", 5)
        address = memory._address(store)
        used = int(open("/proc/self/statm").read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used + 8 * MiB, used + 8 * MiB))
        assert memory._grow(store, 1 << 12) == -1
        assert memory._address(store) == address and memory._size(store) == 16
        print(memory._read(store, 5, 9), store._stats()["bytes_moved"])
    """)
    assert done.stdout == "bytearray(b'kept') 0\n", done


# --- limiter ---


def test_limiter_sees_bytes(store: Any) -> None:
    store.limiter = limiter = Limiter()
    memory = new_memory(store, 2, 5)
    memory._grow(store, 1)
    memory._grow(store, 0)  # nothing to ask
    assert memory._grow(store, 7) == -1
    assert limiter.asked == [
        ("memory", 0, 2 * PAGE, 5 * PAGE),
        ("memory", 2 * PAGE, 3 * PAGE, 5 * PAGE),
        ("memory", 3 * PAGE, 10 * PAGE, 5 * PAGE),
    ]
    assert limiter.failures == ["failed to grow memory by `7`: memory maximum size exceeded"]


def test_limiter_refuses(store: Any) -> None:
    store.limiter = limiter = Limiter(answer=False)
    with pytest.raises(errors.WasmError, match="memory minimum size of 11 pages exceeds memory limits"):
        new_memory(store, 11)
    limiter.answer = True
    memory = new_memory(store, 1)
    limiter.answer = 0
    assert memory._grow(store, 1) == -1
    assert memory._size(store) == 1
    assert limiter.failures == []


def test_exceptions_of_the_limiter_propagate(store: Any) -> None:
    memory = new_memory(store, 1)
    store.limiter = limiter = Limiter()

    def fail() -> None:
        raise KeyError("limiter")

    limiter.act = fail
    with pytest.raises(KeyError, match="limiter"):
        memory._grow(store, 1)
    with pytest.raises(KeyError, match="limiter"):
        new_memory(store, 1)
    assert memory._size(store) == 1
    limiter.act = None
    limiter.told = lambda error: fail()
    with pytest.raises(KeyError, match="limiter"):
        memory._grow(store, 70_000)


def test_limiter_without_the_optional_methods(store: Any) -> None:
    class Short:
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            return True

    memory = new_memory(store, 1)
    store.limiter = Short()
    assert memory._grow(store, 70_000) == -1
    assert memory._grow(store, 1) == 1


def test_limiter_that_grows_the_memory_itself(store: Any) -> None:
    memory = new_memory(store, 1)
    store.limiter = limiter = Limiter()

    def grow() -> None:
        limiter.act = None
        assert memory._grow(store, 10) == 1

    limiter.act = grow
    assert memory._grow(store, 1) == 11
    assert limiter.asked[-1] == ("memory", 11 * PAGE, 12 * PAGE, None)


def test_limiter_that_closes_the_store(store: Any) -> None:
    memory = new_memory(store, 1)
    store.limiter = limiter = Limiter()
    limiter.act = store._close
    with pytest.raises(errors.StoreClosedError):
        memory._grow(store, 1)
    other = new_store()
    other.limiter = limiter
    limiter.act = other._close
    with pytest.raises(errors.StoreClosedError):
        new_memory(other, 1)


# --- reading and writing ---


def test_read_and_write_are_all_or_nothing(store: Any) -> None:
    memory = new_memory(store, 2)
    end = 2 * PAGE
    memory._write(store, bytes(range(10)), end - 10)
    assert memory._read(store, end - 10, end) == bytes(range(10))
    assert isinstance(memory._read(store, 0, 1), bytearray)
    with pytest.raises(IndexError, match="index out of range"):
        memory._write(store, b"0123456789", end - 9)
    assert memory._read(store, end - 10, end) == bytes(range(10))
    for start, stop in ((end - 9, end + 1), (5, 4), (-1, 4), (0, -1), ((1 << 64) - 1, 1 << 64), (1 << 64, 1 << 65)):
        with pytest.raises(IndexError):
            memory._read(store, start, stop)
    for start in ((1 << 64) - 1, 1 << 80, -1, end + 1):
        with pytest.raises(IndexError):
            memory._write(store, b"", start)
    memory._write(store, b"", end)
    with pytest.raises(TypeError):
        memory._write(store, "text", 0)
    with pytest.raises(TypeError):
        memory._read(store, 0.5, 1)


def test_write_from_a_view_of_the_same_memory(store: Any) -> None:
    memory = new_memory(store, 1)
    memory._write(store, b"abcdef", 0)
    memory._write(store, memoryview(memory)[0:6], 2)
    assert memory._read(store, 0, 8) == b"ababcdef"


# --- buffers ---


def test_buffer_is_the_memory(store: Any) -> None:
    memory = new_memory(store, 1)
    view = memoryview(memory)
    assert (view.nbytes, view.readonly, view.format, view.obj) == (PAGE, False, "B", memory)
    view[7] = 42
    assert memory._read(store, 7, 8) == b"*"
    memory._write(store, b"+", 8)
    assert view[8] == ord("+")
    assert ctypes.addressof(ctypes.c_char.from_buffer(memory)) == memory._address(store)


def test_views_stay_valid_when_the_memory_grows(store: Any) -> None:
    memory = new_memory(store, 1)
    view = memoryview(memory)
    assert memory._grow(store, 1) == 1
    view[0] = 9
    assert memory._read(store, 0, 1) == b"\x09"
    assert (len(view), len(memoryview(memory))) == (PAGE, 2 * PAGE)


def test_exported_memory_does_not_move(store: Any) -> None:
    store.limiter = limiter = Limiter()
    memory = moving_memory(store, 1, reserve=PAGE)
    view = memoryview(memory)
    assert memory._grow(store, 1) == 1  # within the reserve
    assert memory._grow(store, 1) == -1
    assert limiter.failures == ["failed to grow memory by `1`: its buffer is exported, so it must not move"]
    view[0] = 5
    view.release()
    assert memory._grow(store, 1) == 2
    assert memory._read(store, 0, 1) == b"\x05"


@pytest.mark.parametrize("may_move", [False, True])
def test_views_outlive_the_store(store: Any, may_move: bool) -> None:
    memory = new_memory(store, 1, may_move=may_move)
    memory._write(store, b"still here", 0)
    address = memory._address(store)
    view, second = memoryview(memory), memoryview(memory)
    store._close()
    with pytest.raises(errors.StoreClosedError):
        memory._read(store, 0, 1)
    with pytest.raises(errors.StoreClosedError):
        memoryview(memory)
    del memory, store
    gc.collect()
    assert bytes(view[:10]) == b"still here"
    view.release()
    assert bytes(second[:5]) == b"still"
    second.release()
    if may_move:  # otherwise the address space may be kept for the next memory
        assert protection(address) != "rw-p"


def test_memory_goes_with_its_store() -> None:
    def mapped() -> int:
        return sum("---p" in line for line in Path("/proc/self/maps").read_text().splitlines())

    def use_and_drop() -> None:
        store = new_store()
        for size in range(1, 4):
            new_memory(store, size, reservation=8 * MiB)
            moving_memory(store, size, reserve=MiB)

    for _ in range(20):
        use_and_drop()
    gc.collect()
    before = mapped()
    for _ in range(100):
        use_and_drop()
    assert mapped() <= before


@pytest.mark.parametrize("pages", [1, 3])
def test_address_space_that_is_used_again_is_zero(pages: int) -> None:
    for size in (2, pages, 4, pages):
        store = new_store()
        memory = new_memory(store, size)
        view = memoryview(memory)
        assert bytes(view) == bytes(size * PAGE)
        assert protection(memory._address(store) + size * PAGE) == "---p"
        view[:] = b"\xfe" * len(view)
        view.release()
        memory._grow(store, 1)
        assert memory._read(store, size * PAGE, size * PAGE + 8) == bytes(8)
        memory._write(store, b"\xfe" * PAGE, size * PAGE)
        store._close()


# --- handles ---


def test_handles_are_checked(store: Any) -> None:
    memory = new_memory(store, 1)
    other = new_store()
    for call in (
        lambda: memory._size(other),
        lambda: memory._grow(other, 1),
        lambda: memory._read(other, 0, 1),
        lambda: memory._write(other, b"x", 0),
        lambda: memory._type(other),
        lambda: memory._address(other),
        lambda: memory._length(other),
    ):
        with pytest.raises(errors.WrongStoreError):
            call()
    with pytest.raises(TypeError):
        memory._size(None)
    with pytest.raises(TypeError):
        memory._size()
    with pytest.raises(ValueError, match="a size must not be negative"):
        memory._grow(store, -1)
    with pytest.raises(OverflowError):
        memory._grow(store, 1 << 64)
    with pytest.raises(TypeError):
        native.MemoryBase()


def test_many_memories_leak_nothing() -> None:
    store = new_store()
    baseline = len(Path("/proc/self/maps").read_text().splitlines())
    for _ in range(300):
        new_memory(store, 1, reservation=PAGE, guard=0)
        moving_memory(store, 1)
    store._close()
    assert len(Path("/proc/self/maps").read_text().splitlines()) < baseline + 100
