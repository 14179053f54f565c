"""The engine-wide registry: equal types share an id, ids are reused, nothing leaks or is freed twice."""

from __future__ import annotations

import copy
import gc
import pickle
import random
import threading
from collections.abc import Callable

import pytest

from taipan.runtime.type_registry import RegisteredType, RegisteredTypes, TypeRegistry
from taipan.wasm.type_slab import Group
from taipan.wasm.types import (
    ENGINE_SHIFT,
    FUNCREF,
    I32,
    I64,
    ArrayType,
    FieldType,
    FuncType,
    GlobalType,
    HeapType,
    StructType,
    SubType,
    ValType,
    ref_type,
)


def func(*params: int, results: tuple[int, ...] = ()) -> SubType:
    return SubType(FuncType(params, results))  # type: ignore[arg-type]


def ref(index: int) -> ValType:
    return ref_type(HeapType(index), nullable=True)


def singles(types: list[SubType]) -> list[tuple[int, int]]:
    return [(i, 1) for i in range(len(types))]


def register(registry: TypeRegistry, *types: SubType) -> RegisteredTypes:
    return registry.register(list(types), singles(list(types)))


def test_thousand_modules_share_one_entry() -> None:
    registry = TypeRegistry()
    modules = [register(registry, func(I32, results=(I64,))) for _ in range(1000)]
    (type_id,) = {module.ids[0] for module in modules}
    assert len(registry) == 1
    assert registry.count_of(type_id) == 1000
    for module in modules:
        module.close()
        module.close()
    assert len(registry) == 0
    assert registry.count_of(type_id) == 0
    assert register(registry, func()).ids == [type_id]


def test_finalisation_gives_back() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32))
    del module
    gc.collect()
    assert len(registry) == 0


def test_host_type_equals_final_module_type() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32), SubType(FuncType((I32,), ()), final=False))
    host = registry.register_func_type(FuncType((I32,), ()))
    assert host.id == module.ids[0] != module.ids[1]
    assert host == registry.register_func_type(FuncType((I32,), ()))
    assert host.func_type() == FuncType((I32,), ())


def test_references_across_groups_use_engine_ids() -> None:
    registry = TypeRegistry()
    padding = register(registry, func(I64), func(I64, I64))
    a = register(registry, func(I32), func(ref(0)))
    b = register(registry, func(), func(I32), func(ref(1)))
    assert a.ids[1] == b.ids[2]
    assert registry.func_type(b.ids[2]).params == (b.val_type(ref(1)),)
    host = registry.register_func_type(FuncType((a.val_type(ref(0)),), ()))
    assert host.id == a.ids[1]
    assert padding.ids == [0, 1]


def test_referred_groups_live_as_long_as_the_referring() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32), func(ref(0)))
    keeper = registry.root(module.ids[1])
    assert keeper is not None
    module.close()
    assert len(registry) == 2
    keeper.close()
    assert len(registry) == 0


def test_mutually_recursive_pair_is_one_type_across_modules() -> None:
    registry = TypeRegistry()
    pair = [func(ref(0), ref(1)), func(ref(1))]
    a = registry.register(pair, [(0, 2)])
    b = registry.register([func(), func(ref(1), ref(2)), func(ref(2))], [(0, 1), (1, 2)])
    other = registry.register([func(ref(1), ref(0)), func(ref(1))], [(0, 2)])
    assert a.ids == b.ids[1:]
    assert set(other.ids).isdisjoint(a.ids)
    assert registry.func_type(a.ids[0]).params == (a.val_type(ref(0)), a.val_type(ref(1)))


def test_ids_of_a_group_need_not_be_contiguous() -> None:
    registry = TypeRegistry()
    first, second, third = (register(registry, func(*[I32] * n)) for n in range(3))
    first.close()
    third.close()
    pair = registry.register([func(ref(1)), func(ref(0))], [(0, 2)])
    assert sorted(pair.ids) == [0, 2]
    assert registry.func_type(pair.ids[0]).params == (pair.val_type(ref(1)),)
    assert second.ids == [1]


def test_empty_groups_and_more_groups_than_types() -> None:
    registry = TypeRegistry()
    module = registry.register([func(I32)], [(0, 0), (0, 0), (0, 1), (1, 0)])
    assert module.ids == [0]
    assert registry.register([], [(0, 0)]).ids == []


def test_chain_of_100_000_types_drops_without_recursion() -> None:
    registry = TypeRegistry()
    types = [func(), *(func(ref(i)) for i in range(99_999))]
    module = register(registry, *types)
    last = registry.root(module.ids[-1])
    assert last is not None
    module.close()
    assert len(registry) == 100_000
    last.close()
    assert len(registry) == 0


def test_subtypes() -> None:
    registry = TypeRegistry()
    base = SubType(StructType(()), final=False)
    middle = SubType(StructType((FieldType(I32, False),)), final=False, supertypes=(0,))
    leaf = SubType(StructType((FieldType(I32, False), FieldType(I64, True))), supertypes=(1,))
    module = register(registry, base, middle, leaf, SubType(ArrayType(FieldType(I32, True))))
    b, m, l, a = module.ids
    assert registry.is_subtype(l, b) and registry.is_subtype(m, b) and registry.is_subtype(l, l)
    assert not registry.is_subtype(b, m) and not registry.is_subtype(a, b)
    assert registry.space.depths[l] == 2


def test_root_of_unknown_id_is_none() -> None:
    registry = TypeRegistry()
    assert registry.root(0) is None
    assert registry.root(-1) is None
    assert registry.root(1 << 40) is None
    module = register(registry, func())
    module.close()
    assert registry.root(0) is None


def test_mixing_engines_is_an_error() -> None:
    one, other = TypeRegistry(), TypeRegistry()
    handle = one.register_func_type(FuncType((), ()))
    assert one.id_of(handle) == handle.id
    with pytest.raises(ValueError, match="different engine"):
        other.id_of(handle)
    foreign = register(one, func()).val_type(ref(0))
    keep = register(other, func())  # has the same id there
    with pytest.raises(ValueError, match="different engine"):
        other.register_func_type(FuncType((foreign,), ()))
    with pytest.raises(ValueError, match="different engine"):
        other.register_func_type(FuncType((ref(0),), ()))  # a module's own term
    assert foreign != keep.val_type(ref(0))
    assert handle != other.register_func_type(FuncType((), ()))
    del keep
    assert len(other) == 0


def test_clone_and_hash() -> None:
    registry = TypeRegistry()
    handle = registry.register_func_type(FuncType((), ()))
    clone = handle.clone()
    assert clone == handle and hash(clone) == hash(handle)
    assert registry.count_of(handle.id) == 2
    handle.close()
    handle.close()
    assert registry.count_of(clone.id) == 1


def test_types_of_one_group_are_not_equal() -> None:
    """Handles compare ids and engines, not entries."""
    registry = TypeRegistry()
    module = registry.register([func(ref(1)), func(ref(0))], [(0, 2)])
    first, second = (registry.root(i) for i in module.ids)
    assert first != second and first == registry.root(module.ids[0])
    other = TypeRegistry()
    foreign = other.register([func(ref(1)), func(ref(0))], [(0, 2)])
    assert foreign.ids == module.ids and other.root(module.ids[0]) != first


@pytest.mark.parametrize(
    ("types", "groups", "error"),
    [
        ([func(I32), func(I64)], [(0, 1), (1, 2)], IndexError),  # in the middle of the second group
        ([func(I32), func(ref(0)), func(ref(7))], [(0, 1), (1, 1), (2, 1)], IndexError),
        ([func(I32), func(ref(0) + (1 << ENGINE_SHIFT))], [(0, 1), (1, 1)], ValueError),
    ],
)
def test_failed_registration_leaves_nothing(
    types: list[SubType], groups: list[tuple[int, int]], error: type[Exception]
) -> None:
    """Neither entries nor counts nor ids, also of types that other modules share."""
    registry = TypeRegistry()
    shared = register(registry, func(I32))
    for _ in range(3):
        with pytest.raises(error):
            registry.register(types, groups)
        gc.collect()
        assert len(registry) == 1
        assert registry.count_of(shared.ids[0]) == 1
    assert register(registry, func(I64, I64)).ids == [1]  # no id is lost


def test_canonicalizing_twice_is_refused() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32), func(ref(0)))
    canonical = registry.func_type(module.ids[1])
    with pytest.raises(ValueError, match="canonicalized twice"):
        registry.register([SubType(canonical)], [(0, 1)])
    with pytest.raises(ValueError, match="canonicalized twice"):
        module.val_type(canonical.params[0])
    assert registry.register_func_type(canonical).id == module.ids[1]


def test_types_of_a_closed_module_are_gone() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32))
    own = module.val_type(ref(0))
    module.close()
    with pytest.raises(ValueError, match="no type 0 in this engine any more"):
        registry.register_func_type(FuncType((own,), ()))
    assert len(registry) == 0


def test_large_modules_leave_no_room_behind() -> None:
    registry = TypeRegistry()
    types = [func(*[I32] * (i % 90), *[I64] * (i // 90)) for i in range(5000)]
    module = register(registry, *types)
    module.close()
    assert len(registry.space) == 0
    assert register(registry, func()).ids == [0]


def test_handles_are_not_copied() -> None:
    registry = TypeRegistry()
    module, handle = register(registry, func()), registry.register_func_type(FuncType((), ()))
    for thing in (module, handle):
        for copying in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied"):
                copying(thing)


def test_finaliser_inside_a_locked_section_does_not_wait() -> None:
    registry = TypeRegistry()
    module = register(registry, func(I32))
    with registry._lock:
        del module  # what the garbage collector may do while this thread registers
        assert len(registry) == 1
    registry._work_off()
    assert len(registry) == 0


def test_types_of_tables_and_globals_are_translated() -> None:
    registry = TypeRegistry()
    register(registry, func(I64)).close()
    keep = register(registry, func(I64))
    module = register(registry, func(I32))
    assert module.global_type(GlobalType(ref(0), True)).content == module.val_type(ref(0))
    assert module.val_type(FUNCREF) == FUNCREF
    assert module.id_array() == module.ids[0].to_bytes(4, "little")
    assert module.index_of(keep.ids[0]) is None and module.index_of(module.ids[0]) == 0


def test_threads_leave_an_empty_registry() -> None:
    registry = TypeRegistry()
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        kept: list[RegisteredTypes] = []
        start.wait()
        try:
            for _ in range(300):
                n = rng.randrange(4)
                types = [func(*[I32] * n), func(ref(0)), func(ref(1), ref(2))]
                module = registry.register(types, [(0, 1), (1, 2)])
                assert registry.func_type(module.ids[0]).params == (I32,) * n
                assert registry.func_type(module.ids[2]).params == tuple(map(module.val_type, (ref(1), ref(2))))
                handle = registry.root(module.ids[1])
                assert handle is not None
                kept.append(module)
                if rng.random() < 0.6:
                    kept.pop(rng.randrange(len(kept))).close()
                handle.clone().close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    gc.collect()
    assert len(registry) == 0
    assert all(registry.count_of(i) == 0 for i in range(100))


# --- races, one interleaving at a time ---
# Each is shown to happen in a registry without the protection against it, then not to happen in ours.


class WatchedLock:
    """A lock that calls, once, what a test put into `before` (an acquisition, or an attempt) or `after` (a release)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.before: Callable[[], None] | None = None
        self.after: Callable[[], None] | None = None

    def acquire(self, blocking: bool = True) -> bool:
        action, self.before = self.before, None
        if action is not None:
            action()
        return self.lock.acquire(blocking)

    def release(self) -> None:
        self.lock.release()
        action, self.after = self.after, None
        if action is not None:
            action()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()


class Broken(TypeRegistry):  # type: ignore[misc]
    """Counts outside the lock, the mistake behind all three races."""

    checks_again = True
    over = False

    def _give_back(self, groups: list[Group]) -> None:
        for group in groups if not self.over else []:
            group.count -= 1
            if group.count == 0:
                with self._lock:
                    if group.count == 0 or not self.checks_again:
                        self._slab._remove(group)

    def root(self, type_id: int) -> RegisteredType | None:
        handle = RegisteredType(self, type_id)
        with self._lock:
            group = self._slab.group_at(type_id)
        if group is None:
            return None
        handle._held[0].append(group)
        group.count += 1
        return handle


def revived_before_removal(registry: TypeRegistry, lock: WatchedLock) -> None:
    """One thread gives the last handle back; before it has the lock, another takes a handle."""
    first = registry.register_func_type(FuncType((I32,), ()))
    type_id = first.id
    taken: list[RegisteredType | None] = []
    lock.before = lambda: taken.append(registry.root(type_id))
    first.close()
    (second,) = taken
    if second is not None:
        assert registry.count_of(type_id) == 1, "a type that is held was removed"
        assert register(registry, func(I64)).ids != [type_id], "the id of a type that is held was used again"
        second.close()
    assert len(registry) == 0


def removed_twice(registry: TypeRegistry, lock: WatchedLock) -> None:
    """As above, and the other thread gives its handle back at once: one of the two removes the type."""
    first = registry.register_func_type(FuncType((I32,), ()))
    type_id = first.id

    def take_and_give_back() -> None:
        second = registry.root(type_id)
        if second is not None:
            second.close()

    lock.before = take_and_give_back
    try:
        first.close()
    except KeyError:
        pytest.fail("removed twice")
    assert len(registry) == 0
    one, other = register(registry, func(I32)), register(registry, func(I64))
    assert one.ids != other.ids, "an id was given back twice"


def removed_while_taking(registry: TypeRegistry, lock: WatchedLock) -> None:
    """A thread has found the type and let the lock go; another gives the last handle back."""
    first = registry.register_func_type(FuncType((I32,), ()))
    lock.after = first.close
    second = registry.root(first.id)
    if second is not None:
        assert registry.count_of(second.id) == 1, "a handle of a type that was removed"


Race = Callable[[TypeRegistry, WatchedLock], None]
RACES: list[tuple[Race, bool]] = [(revived_before_removal, False), (removed_twice, True), (removed_while_taking, True)]
"""And whether a registry that checks again, but counts outside the lock, is still subject to it."""


@pytest.mark.parametrize("race", [race for race, _ in RACES])
def test_races(race: Race) -> None:
    registry, lock = TypeRegistry(), WatchedLock()
    registry._lock = lock  # type: ignore[misc, assignment]
    race(registry, lock)


@pytest.mark.parametrize(("race", "checks_again"), RACES)
def test_races_are_real(race: Race, checks_again: bool) -> None:
    registry, lock = Broken(), WatchedLock()
    registry.checks_again = checks_again
    registry._lock = lock  # type: ignore[misc, assignment]
    with pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        race(registry, lock)
    registry.over = True  # before the handles go that `caught` holds
    assert caught
