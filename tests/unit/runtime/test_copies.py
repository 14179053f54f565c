"""What can be copied and pickled: data. What others refer to by identity cannot, and says so."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import taipan
from taipan.errors import ExitTrap, InvalidError, LinkError, MalformedError, UnsupportedError, WasmError

WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
way = pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])

WAT = """(module $m (memory (export "memory") 1) (global (export "global") i32 (i32.const 1))
  (table (export "table") 1 funcref) (tag (export "tag")) (func $f (export "f") (param i32) unreachable))"""


@pytest.fixture
def world() -> dict[str, Any]:
    store = taipan.Store()
    module = taipan.Module(store.engine, WAT)
    instance = taipan.Instance(store, module, [])
    linker = taipan.Linker(store.engine)
    pre = linker.instantiate_pre(module)
    more = {
        "store": store,
        "engine": store.engine,
        "module": module,
        "instance": instance,
        "linker": linker,
        "pre": pre,
    }
    return {**instance.exports(store), **more}


@pytest.mark.parametrize("name", ["store", "engine", "module", "instance", "linker", "memory", "global", "table", "f"])
@way
def test_handles_are_unique(world: dict[str, Any], name: str, way: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"cannot (copy or )?pickle"):
        way(world[name])


@way
def test_traps_are_data(world: dict[str, Any], way: Callable[[Any], Any]) -> None:
    with pytest.raises(taipan.Trap) as caught:
        world["f"](world["store"], 1)
    trap = caught.value
    trap.add_note("seen")
    made = way(trap)
    assert type(made) is taipan.Trap and made is not trap
    assert (str(made), made.message, made.trap_code) == (str(trap), trap.message, taipan.TrapCode.UNREACHABLE)
    assert made.__notes__ == ["seen"]

    def shown(frame: taipan.Frame) -> tuple[object, ...]:
        return frame.module_name, frame.func_name, frame.func_index, frame.func_offset, frame.module_offset

    assert [shown(frame) for frame in made.frames] == [shown(frame) for frame in trap.frames] != []
    assert shown(way(trap.frames[0])) == shown(trap.frames[0])


def test_a_pickled_trap_does_not_contain_its_module(world: dict[str, Any]) -> None:
    with pytest.raises(taipan.Trap) as caught:
        world["f"](world["store"], 1)
    assert len(pickle.dumps(caught.value)) < 500


@pytest.mark.parametrize(
    "error",
    [
        ExitTrap(7),
        taipan.Trap("x"),
        WasmError("a"),
        MalformedError("m", 5),
        MalformedError("m", line=2, column=3),
        InvalidError("i", 5, 1, "name"),
        LinkError("l", "module", "name"),
        UnsupportedError("u"),
    ],
)
@way
def test_errors_are_data(error: Exception, way: Callable[[Any], Any]) -> None:
    made = way(error)
    assert type(made) is type(error) and made is not error
    assert (str(made), repr(made), made.args) == (str(error), repr(error), error.args)

    def attributes(of: Exception) -> dict[str, object]:
        # Compiled exceptions without attributes have no `__dict__`.
        return {name: value for name, value in getattr(of, "__dict__", {}).items() if name != "_raw"}

    assert attributes(made) == attributes(error)


@way
def test_types_are_values(world: dict[str, Any], way: Callable[[Any], Any]) -> None:
    store = world["store"]
    types = [world[name].type(store) for name in ("f", "memory", "global", "table", "tag")]
    for type_ in [*types, taipan.i32, taipan.externref, taipan.Limits(1, None)]:
        assert way(type_) == type_
    entry = way(world["module"].exports[0])
    assert (entry.name, entry.type) == ("memory", types[1])
    assert way(taipan.Val.i64(5)) == taipan.Val.i64(5)


def test_indices_of_types_stay_in_their_engine(world: dict[str, Any]) -> None:
    wat = '(module (type $t (func)) (func (export "g") (param (ref null $t))))'
    module = taipan.Module(world["engine"], wat)
    type_ = module.exports[0].type
    assert isinstance(type_, taipan.FuncType)
    assert copy.deepcopy(type_) == type_
    with pytest.raises(TypeError, match="cannot pickle type"):
        pickle.dumps(type_)
