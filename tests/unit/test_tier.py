"""Tier-up with a stand-in optimizer: which functions are compiled again, when, and that calls go there.

The stand-in is the baseline compiler, for a module in which every constant 1 is a 2: so results tell which code ran.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import pytest

import taipan
from taipan._native import NativeModule
from taipan.compiler.artifact import CompiledFunction, LoopStub
from taipan.compiler.baseline.compiler import BaselineCompiler
from taipan.compiler.environ import ModuleEnv
from taipan.compiler.interface import Option
from taipan.errors import UnsupportedError
from taipan.lazy import LazyCompiler
from taipan.tier import FIRST_SAMPLES, MAX_SAMPLES, ModuleTier, hand_out, joined

OLD, NEW = b"\x41\x01", b"\x41\x02"  # i32.const 1 and 2


class StandIn:
    """Builder, compiler and module compiler in one."""

    name = "stand-in"
    triple = ""
    cpu_flags: frozenset[str] = frozenset()
    description = "1"

    def __init__(self) -> None:
        self.compiled: list[int] = []
        self.refuses: set[int] = set()

    def clone(self) -> StandIn:
        return self

    def build(self) -> StandIn:
        return self

    def settings(self) -> Sequence[Option]:
        return ()

    def module(self, env: ModuleEnv) -> StandIn:
        from taipan.binary import decode
        from taipan.features import Features

        module = decode(env.code.replace(OLD, NEW), Features())
        self.better = BaselineCompiler(ModuleEnv(module, env.tunables, env.lazy))
        return self

    def compile_hot(
        self, functions: Sequence[int], loops: Sequence[tuple[int, int]]
    ) -> tuple[list[CompiledFunction | UnsupportedError], list[CompiledFunction | UnsupportedError]]:
        self.compiled += functions
        refusal = UnsupportedError("refused")
        return [refusal if one in self.refuses else self.better.compile_function(one) for one in functions], [
            refusal for _ in loops
        ]


def engine_with(optimizer: StandIn, calls: int = 0) -> taipan.Engine:
    config = taipan.Config()
    config.optimizer = optimizer
    config.tier_up = True
    config.tier_up_calls = calls
    return taipan.Engine(config)


def exports_of(engine: taipan.Engine, source: str) -> tuple[taipan.Store, taipan.InstanceExports]:
    store = taipan.Store(engine)
    return store, taipan.Instance(store, taipan.Module(engine, source), []).exports(store)


COUNTED = """(module
  (table funcref (elem $one))
  (func $one (export "one") (result i32) (i32.const 1))
  (func (export "direct") (result i32) (call $one))
  (func (export "indirect") (result i32) (call_indirect (result i32) (i32.const 0))))"""


@pytest.mark.parametrize("calls", [1, 2, 10])
@pytest.mark.parametrize("name", ["one", "direct", "indirect"])
def test_the_nth_call_of_a_function_compiles_it_again(calls: int, name: str) -> None:
    optimizer = StandIn()
    store, exports = exports_of(engine_with(optimizer, calls), COUNTED)
    results = [exports[name](store) for _ in range(calls + 3)]
    assert results == [1] * (calls - 1) + [2] * 4
    assert sorted(optimizer.compiled) == sorted({"one": [0], "direct": [0, 1], "indirect": [0, 2]}[name])


def test_what_the_optimizer_refuses_stays_as_it_is() -> None:
    optimizer = StandIn()
    optimizer.refuses = {0}
    store, exports = exports_of(engine_with(optimizer, 2), COUNTED)
    assert [exports["one"](store) for _ in range(5)] == [1] * 5
    assert optimizer.compiled == [0]


def test_what_no_compiler_takes_is_refused_at_every_call() -> None:
    class Refusing(StandIn):
        def module(self, env: ModuleEnv) -> StandIn:
            return self

        def compile(self, indices: Sequence[int]) -> NoReturn:
            raise UnsupportedError("refused")

        def emit(self, compiled: object) -> NoReturn:
            raise AssertionError("nothing was compiled")

    class Native:
        settled = 0

        def entry(self, function: int) -> int:
            return 0

        def settle(self, function: int) -> None:
            self.settled += 1

    optimizer = StandIn()
    optimizer.refuses = {0}
    engine = taipan.Engine()
    module = taipan.Module(engine, COUNTED)._module
    compiler: Any = Refusing()
    better: Any = optimizer
    lazy = LazyCompiler(compiler, ModuleEnv(module, engine.tunables, True), better, 3, None)
    native: Any = Native()
    for _ in range(5):
        with pytest.raises(UnsupportedError, match="refused"):
            lazy.compile(native, 0)
    assert native.settled == 0
    assert optimizer.compiled == [0]


def wait_until(happened: Callable[[], bool], work: Callable[[], object]) -> None:
    """Work until it has happened; 20 s are for machines under load."""
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end, "it did not become hot"
        work()


SPIN = """(module
  (func $small (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $cold (export "cold") (result i32) (i32.const 1))
  (func (export "spin") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (call $small (local.get 1)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))"""


def test_functions_that_run_long_become_hot() -> None:
    """`spin` is seen at its loop; `small` is compiled with it; `cold` is not."""
    optimizer = StandIn()
    store, exports = exports_of(engine_with(optimizer), SPIN)
    assert exports["cold"](store) == 1
    wait_until(lambda: 2 in optimizer.compiled, lambda: exports["spin"](store, 4_000_000))
    assert set(optimizer.compiled) == {0, 2}
    assert exports["cold"](store) == 1
    wait_until(lambda: exports["spin"](store, 100) == 100, lambda: None)  # counts down by 2, up by 2


def test_many_short_calls_become_hot() -> None:
    optimizer = StandIn()
    store, exports = exports_of(engine_with(optimizer), SPIN)
    wait_until(lambda: 2 in optimizer.compiled, lambda: [exports["spin"](store, 100) for _ in range(1000)])


def test_switched_off() -> None:
    optimizer = StandIn()
    config = taipan.Config()
    config.optimizer = optimizer
    config.tier_up = False
    store, exports = exports_of(taipan.Engine(config), SPIN)
    for _ in range(20):
        exports["spin"](store, 1_000_000)
    assert optimizer.compiled == []


def give_samples(native: NativeModule) -> None:
    """As if `one` of COUNTED had been seen several times."""
    for owner, code in hand_out([(native, 0, 0, native.entry(0), 0, 0)] * (2 * FIRST_SAMPLES)).items():
        owner.improve(code)


class Last:
    """Part of a cycle; gives samples when the collector finds it, as another thread might."""

    def __init__(self, native: NativeModule) -> None:
        self.native = native
        self.cycle = self

    def __del__(self) -> None:
        give_samples(self.native)


@pytest.mark.parametrize("is_garbage", [False, True])
def test_samples_of_modules_that_a_collection_is_clearing_are_dropped(is_garbage: bool) -> None:
    """Those could be empty already, and the compiler would end the process."""
    optimizer = StandIn()
    engine = engine_with(optimizer)
    module = taipan.Module(engine, COUNTED)
    store = taipan.Store(engine)
    assert taipan.Instance(store, module, []).exports(store)["one"](store) == 1
    last = Last(module._native)
    if is_garbage:
        store.close()
        del module, store
        del last
        gc.collect()
    else:
        give_samples(last.native)
    assert optimizer.compiled == ([] if is_garbage else [0])


ROOT = Path(__file__).resolve().parents[2]
SLOW_COMPILER = """
import atexit, ctypes, sys
sys.path.append(sys.argv[1])
import taipan
from tests.unit import test_tier

class Slow(test_tier.StandIn):
    at_work = False

    def compile_hot(self, functions, loops):
        Slow.at_work = True
        ctypes.CDLL(None).pause()

store, exports = test_tier.exports_of(test_tier.engine_with(Slow()), test_tier.SPIN)
while not Slow.at_work:
    exports["spin"](store, 1_000_000)
atexit.register(print, "bye")
sys.stdout.write("not flushed yet ")
sys.exit(7)
"""


def test_the_end_of_a_process_does_not_wait_for_the_compiler() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SLOW_COMPILER, str(ROOT)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "not flushed yet bye\n", "")


def test_two_threads_make_one_function_hot() -> None:
    optimizer = StandIn()
    engine = engine_with(optimizer, 3)
    module = taipan.Module(engine, COUNTED)
    results: list[int] = []

    def run() -> None:
        store = taipan.Store(engine)
        one = taipan.Instance(store, module, []).exports(store)["one"]
        results.extend(one(store) for _ in range(50))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert optimizer.compiled == [0]
    assert results.count(1) == 2
    assert len(results) == 200


class Recorder:
    """Optimizer, leaver and native module: notes what is compiled, and that it is published."""

    def __init__(self, refuses_loops: bool = False) -> None:
        self.work: list[tuple[list[int], list[tuple[int, int]]]] = []
        self.published: list[tuple[int, int]] = []
        self.refuses_loops = refuses_loops

    def compile_hot(
        self, functions: Sequence[int], loops: Sequence[tuple[int, int]]
    ) -> tuple[list[object], list[object]]:
        self.work.append((list(functions), list(loops)))
        code = CompiledFunction(b"\xc3", b"", b"", b"")
        return [code for _ in functions], [UnsupportedError("refused") if self.refuses_loops else code for _ in loops]

    def leave_loop(self, function: int, loop_offset: int) -> object:
        return LoopStub(b"\xe8\0\0\0\0", b"", 1)

    def publish(self, function: int, code: bytes, relocs: bytes, sites: bytes, maps: bytes, at_poll: int = 0) -> None:
        self.published.append((function, at_poll))


def tier_of(recorder: Any, source: str = SPIN, kept: Any = None) -> ModuleTier:
    return ModuleTier(taipan.Module(taipan.Engine(), source)._module, recorder, recorder, kept)


LOOP = (77, 0x5000)
"""Offset and poll of a loop in function 2 of SPIN, which calls function 0."""


def see(tier: ModuleTier, recorder: Any, function: int, loop: tuple[int, int] | None) -> bool:
    """One sample; whether something was done then."""
    tier.sample(function, loop)
    return tier.improve(recorder) and not tier.improve(recorder)


def sample(tier: ModuleTier, recorder: Any, function: int, loop: tuple[int, int] | None) -> list[bool]:
    """As many samples as make it hot."""
    return [see(tier, recorder, function, loop) for _ in range(tier.patience(function))]


def test_a_call_that_stays_in_a_loop_gets_a_continuation_and_nothing_else() -> None:
    recorder = Recorder()
    tier = tier_of(recorder)
    assert sample(tier, recorder, 2, LOOP) == [False, True]
    assert recorder.work == [([0], [(2, 77)])]
    assert recorder.published == [(0, 0), (2, 0x5000)]
    assert not see(tier, recorder, 2, LOOP)  # it went over
    assert (tier.loops_left, tier.functions_replaced) == (1, 1)


def test_a_function_whose_second_call_went_over_is_compiled_as_a_whole() -> None:
    recorder = Recorder()
    tier = tier_of(recorder)
    sample(tier, recorder, 2, LOOP)
    assert [see(tier, recorder, 2, LOOP) for _ in range(3)] == [False, True, False]
    assert recorder.work == [([0], [(2, 77)]), ([2], [])]


def test_a_function_whose_calls_end_soon_is_compiled_as_a_whole() -> None:
    """A call that was in a loop before may still be there."""
    recorder = Recorder()
    tier = tier_of(recorder)
    assert sample(tier, recorder, 2, None) == [False, True]
    assert sample(tier, recorder, 2, None) == [False, False]
    assert sample(tier, recorder, 2, LOOP) == [False, True]
    assert recorder.work == [([2, 0], []), ([], [(2, 77)])]


def test_where_a_loop_cannot_be_left_the_next_call_is_better() -> None:
    recorder = Recorder(refuses_loops=True)
    tier = tier_of(recorder)
    assert sample(tier, recorder, 2, LOOP) == [False, True]
    assert sample(tier, recorder, 2, LOOP) == [False, False]
    assert recorder.work == [([0], [(2, 77)]), ([2], [])]


def test_functions_are_compiled_as_a_whole_for_the_cache() -> None:
    class Kept:
        functions: ClassVar[list[int]] = []

        def add(self, better: dict[int, object]) -> None:
            self.functions += better

    recorder = Recorder()
    sample(tier_of(recorder, kept=Kept()), recorder, 2, LOOP)
    assert recorder.work == [([0], [(2, 77)]), ([2], [])]
    assert Kept.functions == [0, 2]


def sized(*sizes: int) -> str:
    """A module of functions of so many bytes, about."""
    return "(module " + "".join(f"(func {'(drop (i32.const 5))' * (size // 3)})" for size in sizes) + ")"


def test_patience_grows_with_the_function_and_ends() -> None:
    tier = tier_of(Recorder(), sized(1, 1200, 60_000))
    patience = [tier.patience(i) for i in range(3)]
    assert patience == sorted(patience)
    assert patience[0] == 2
    assert patience[-1] == MAX_SAMPLES


def test_what_gains_most_for_its_size_comes_first() -> None:
    recorder: Any = Recorder()
    tier = tier_of(recorder, sized(60_000, 300, 10, 3900))
    for function, samples in ((0, 60), (1, 5), (2, 5), (3, 20)):
        for _ in range(samples):
            tier.sample(function, None)
    while tier.improve(recorder):
        pass
    assert recorder.work == [([2, 1], []), ([3], []), ([0], [])]


def test_a_call_of_a_large_function_must_outlast_compiling_that() -> None:
    recorder: Any = Recorder()
    tier = tier_of(recorder, sized(60_000))
    assert sample(tier, recorder, 0, LOOP) == [False] * (MAX_SAMPLES - 1) + [True]
    assert recorder.work == [([0], [])]
    assert sample(tier, recorder, 0, LOOP) == [False] * (MAX_SAMPLES - 1) + [True]
    assert recorder.work == [([0], []), ([], [(0, 77)])]


def test_samples_from_while_a_function_was_compiled_do_not_count() -> None:
    recorder: Any = Recorder()
    tier = tier_of(recorder, sized(60_000))
    for _ in range(100):
        tier.sample(0, None)
    assert tier.improve(recorder)
    for _ in range(100):
        tier.sample(0, LOOP)
    assert not tier.improve(recorder)
    assert sample(tier, recorder, 0, LOOP) == [False] * (MAX_SAMPLES - 1) + [True]
    assert recorder.work == [([0], []), ([], [(0, 77)])]


def test_stub_and_continuation_become_one_piece() -> None:
    stub = LoopStub(b"\xe8\0\0\0\0\xc3", b"\x05\0\0\0" + bytes(12), 1)
    code = CompiledFunction(b"\x90\xe8\0\0\0\0", b"\x02\0\0\0" + bytes(8), b"\x06\0\0\0" + bytes(12), b"")
    whole = joined(stub, code)
    assert whole.code == b"\xe8\x0b\0\0\0\xc3" + b"\xcc" * 10 + code.code
    assert whole.relocs[:4] == b"\x12\0\0\0"
    assert [whole.sites[i] for i in (0, 16)] == [5, 22]


def test_optimized_code_is_kept_between_engines(tmp_path: Path) -> None:
    """The second engine compiles nothing again: its first call runs the better code."""
    settings = tmp_path / "cache.toml"
    settings.write_text(f'[cache]\ndirectory = "{tmp_path}/code"\n')

    def run(optimizer: StandIn, source: str = COUNTED) -> list[int]:
        config = taipan.Config()
        config.optimizer = optimizer
        config.tier_up_calls = 3
        config.cache = str(settings)
        store, exports = exports_of(taipan.Engine(config), source)
        return [exports["one"](store) for _ in range(4)]

    first, second, third, other = StandIn(), StandIn(), StandIn(), StandIn()
    assert run(first) == [1, 1, 2, 2]
    assert run(second) == [2, 2, 2, 2]
    third.description = "2"
    assert run(third) == [1, 1, 2, 2]
    assert run(other, COUNTED.replace("elem $one", "elem $one $one")) == [1, 1, 2, 2]
    assert len(list((tmp_path / "code").iterdir())) == 3
