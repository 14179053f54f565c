"""The engine-wide registry: equal types share an id, ids are reused, nothing leaks or is freed twice."""

from __future__ import annotations

import gc
import random
import threading

import pytest

from taipan.runtime.type_registry import RegisteredTypes, TypeRegistry
from taipan.wasm.types import (
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
    ref_type,
)


def func(*params: int, results: tuple[int, ...] = ()) -> SubType:
    return SubType(FuncType(params, results))  # type: ignore[arg-type]


def ref(index: int) -> int:
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
    with pytest.raises(ValueError, match="different engine"):
        other.register_func_type(FuncType((ref(handle.id),), ()))  # type: ignore[arg-type]
    assert handle != other.register_func_type(FuncType((), ()))
    assert len(other) == 0 or other.count_of(0) <= 1


def test_clone_and_hash() -> None:
    registry = TypeRegistry()
    handle = registry.register_func_type(FuncType((), ()))
    clone = handle.clone()
    assert clone == handle and hash(clone) == hash(handle)
    assert registry.count_of(handle.id) == 2
    handle.close()
    handle.close()
    assert registry.count_of(clone.id) == 1


def test_failed_registration_leaves_nothing() -> None:
    registry = TypeRegistry()
    with pytest.raises(IndexError):
        registry.register([func(I32), func(I64)], [(0, 1), (1, 2)])
    assert len(registry) == 0


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
