"""Tags: identity and types across instances, linkers and callers, before anything can be thrown."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import taipan
from taipan import (
    Caller,
    FuncType,
    Instance,
    Linker,
    LinkError,
    Module,
    Store,
    Tag,
    TagType,
    UnsupportedError,
    ValType,
    WrongStoreError,
)

I32 = ValType.i32()
EXPORTS = '(module (tag (export "a") (param i32)) (tag (export "b") (param i32)))'
PASSES_ON = (
    """(module (import "" "a" (tag $a (param i32))) (export "again" (tag $a)) (tag (export "own") (param i32)))"""
)
GROUPED = "(rec (type $first (func (param i32))) (type $second (func (param i32))))"


@pytest.fixture
def store() -> Store:
    return Store()


def instantiate(store: Store, wat: str, *imports: Any) -> Any:
    return Instance(store, Module(store.engine, wat), imports).exports(store)


def test_a_tag_is_the_same_wherever_it_is_exported(store: Store) -> None:
    first = instantiate(store, EXPORTS)
    second = instantiate(store, PASSES_ON, first["a"])
    assert second["again"].eq(store, first["a"]) and second["again"] == first["a"]
    assert not second["again"].eq(store, first["b"])
    assert not second["own"].eq(store, first["a"])
    assert not instantiate(store, EXPORTS)["a"].eq(store, first["a"])  # a tag per instance
    assert {first["a"], first["b"], second["again"]} == {first["a"], first["b"]}
    assert copy.copy(first["a"]).eq(store, first["a"])


def test_types_of_tags(store: Store) -> None:
    tag = Tag(store, TagType(FuncType([I32], [])))
    assert tag.type(store) == TagType(FuncType([I32], []))
    assert instantiate(store, PASSES_ON, tag)["again"] == tag
    other = Tag(store, TagType(FuncType([], [])))
    with pytest.raises(LinkError, match="tag types incompatible: expected tag of type"):
        instantiate(store, PASSES_ON, other)
    with pytest.raises(LinkError, match="expected tag, but found func"):
        instantiate(store, PASSES_ON, taipan.Func(store, FuncType([I32], []), print))


def test_a_place_in_a_recursion_group_belongs_to_the_type(store: Store) -> None:
    made = instantiate(store, f'(module {GROUPED} (tag (export "1") (type $first)) (tag (export "2") (type $second)))')
    wanted = f'(module {GROUPED} (import "" "" (tag (type $second))))'
    instantiate(store, wanted, made["2"])
    for tag in (made["1"], Tag(store, TagType(FuncType([I32], [])))):
        with pytest.raises(LinkError, match="tag types incompatible"):
            instantiate(store, wanted, tag)
    linker = Linker(store.engine)
    module = Module(store.engine, wanted)
    linker.define_unknown_imports_as_default_values(store, module)
    linker.instantiate(store, module)


def test_linkers_take_tags(store: Store) -> None:
    linker = Linker(store.engine)
    linker.define_instance(store, "", linker.instantiate(store, Module(store.engine, EXPORTS)))
    found = linker.get(store, "", "a")
    again = linker.instantiate(store, Module(store.engine, PASSES_ON)).exports(store)["again"]
    assert isinstance(found, Tag) and isinstance(again, Tag) and again.eq(store, found)
    assert linker.instantiate_pre(Module(store.engine, PASSES_ON)).instantiate(store).exports(store)["again"] == found


def test_callers_find_tags_also_in_start_functions(store: Store) -> None:
    found: list[Any] = []

    def host(caller: Caller) -> None:
        found.append(caller["t"])
        assert caller.get("t") == caller["t"]

    wat = """(module (import "" "h" (func $h)) (import "" "t" (tag $t (param i32))) (export "t" (tag $t))
      (func $f (export "f") (call $h)) (start $f))"""
    tag = Tag(store, TagType(FuncType([I32], [])))
    exports = instantiate(store, wat, taipan.Func(store, FuncType([], []), host, access_caller=True), tag)
    exports["f"](store)
    instance_tags = [*found, exports["t"]]
    assert len(instance_tags) == 3 and all(each.eq(store, tag) for each in instance_tags)


def test_tags_refuse_other_stores(store: Store) -> None:
    tag = instantiate(store, EXPORTS)["a"]
    other = Store(store.engine)
    foreign = Tag(other, TagType(FuncType([I32], [])))
    for operation in (
        lambda: tag.type(other),
        lambda: tag.eq(other, tag),
        lambda: tag.eq(store, foreign),
        lambda: instantiate(other, PASSES_ON, tag),
        lambda: Instance(store, Module(store.engine, EXPORTS), []).get_export(other, "a"),
    ):
        with pytest.raises(WrongStoreError):
            operation()
    with pytest.raises(TypeError, match="expected a Tag"):
        tag.eq(store, 5)


def test_throwing_is_refused(store: Store) -> None:
    throws = instantiate(store, '(module (tag $t) (func (export "f") (throw $t)))')
    with pytest.raises(UnsupportedError, match="throw"):
        throws["f"](store)
