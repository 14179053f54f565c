"""Tier-up: functions that turn out to be hot get better code while they run.

    ticks (poll.c) -> samples (tier.c) -> a thread here -> optimizing compiler -> NativeModule.publish

Baseline code counts nothing. Every 4 ms of wasm one sample says which function is at a poll, and in which loop it is
going to stay for a while. Something is done about a function when it has been seen for about a quarter of the time that
compiling it is going to take; small functions that it calls are compiled with it, since without loops and calls of
their own they are never at a poll.

- A call that stays in a loop gets a continuation: the next tick leaves the old code there (`compiler/baseline/osr.py`).
  That is all that a program needs that is one call of one loop, so it does not wait for more.
- A function whose calls end soon is compiled as a whole; so is one of which a second call has gone over into a
  continuation. Publishing is one store of the entry address.

With `Config.tier_up_calls` nothing is sampled: the n-th call of each function compiles it, before it runs.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import struct
import threading
from typing import TYPE_CHECKING, Final, Protocol, final
from weakref import WeakSet

from taipan import _native
from taipan.compiler.workers import start_thread
from taipan.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taipan.compiler.artifact import CompiledFunction, LoopStub
    from taipan.compiler.cache import KeptCode
    from taipan.compiler.interface import ModuleCompiler
    from taipan.wasm.module import Module as WasmModule

TICK_SECONDS: Final = 0.004
SECONDS_PER_BYTE: Final = 20e-6
"""Of compiling a byte of a body with LLVM: 50 us per instruction, which takes 2.5 bytes."""

MIN_SAMPLES: Final = 2
MAX_SAMPLES: Final = 25
"""A tenth of a second. Compiling happens beside the program, so waiting for certainty does not pay."""

FIRST_SAMPLES: Final = 25
"""Of the process, for nothing: before the optimizer is loaded, which takes 60 to 85 ms of CPU. Programs of a tenth of a
second are better off without it."""

SMALL_BODY: Final = 200
"""Bytes of a function that is compiled together with a hot caller."""

MAX_GROUP: Final = 24
"""Functions compiled together."""

CODE_ALIGN: Final = 16


@final
class ModuleTier:
    """Which functions of a module are hot, and what was done about them. kept: where to put what was compiled."""

    def __init__(
        self, module: WasmModule, optimizer: ModuleCompiler, leaver: ModuleCompiler, kept: KeptCode | None = None
    ) -> None:
        self._kept: Final = kept
        self.functions_replaced = 0
        self.loops_left = 0
        self._module: Final = module
        self._optimizer: Final = optimizer
        self._leaver: Final = leaver
        self._lock: Final = threading.Lock()
        self._body_bytes: Final = [end - start for start, end in zip(module.body_starts, module.body_ends, strict=True)]
        self._samples: Final[dict[int, int]] = {}
        self._done: Final[set[int]] = set()  # functions that were compiled again, or cannot be
        self._left: Final[dict[int, bool]] = {}  # polls of loops -> whether there is a continuation, or cannot be
        self._moved: Final[set[int]] = set()  # functions of which a call went over into a continuation

    def sample(self, native: _native.NativeModule, function: int, loop: tuple[int, int] | None) -> bool:
        """One tick was spent there, in code of the first compiler. Compiles what has become hot; whether it did.

        loop: wasm offset and poll of the one to leave, or that was left just now.
        """
        if loop is not None and self._left.get(loop[1]):
            is_first = function not in self._moved
            self._moved.add(function)
            return not is_first and self.optimize(native, function)
        count = self._samples[function] = self._samples.get(function, 0) + 1
        if count < self.patience(function):
            return False
        self._samples[function] = 0
        if loop is not None and self.leave_loop(native, function, *loop):
            if self._kept is not None:  # the next run begins with that
                self.optimize(native, function)
            return True
        return self.optimize(native, function)

    def patience(self, function: int) -> int:
        """Samples before a function is worth compiling: about a quarter of what that costs."""
        cost = self._body_bytes[function] * SECONDS_PER_BYTE
        return min(max(MIN_SAMPLES, int(cost / TICK_SECONDS / 4)), MAX_SAMPLES)

    def optimize(self, native: _native.NativeModule, function: int, alone: bool = False) -> bool:
        """Compile a function, and unless `alone` the small ones that it calls. Whether there was anything to do."""
        with self._lock:
            group = self._begin([function] if alone else self._group(function))
            if not group:
                return False
            made, _ = self._optimizer.compile_hot(group, ())
            self._publish(native, group, made)
            return True

    def _begin(self, functions: list[int]) -> list[int]:
        """Those of them that are to be compiled: now, and never again."""
        group = [one for one in functions if one not in self._done]
        self._done.update(group)
        return group

    def _publish(
        self, native: _native.NativeModule, group: list[int], made: Sequence[CompiledFunction | UnsupportedError]
    ) -> None:
        better = {n: code for n, code in zip(group, made, strict=True) if not isinstance(code, UnsupportedError)}
        self.functions_replaced += len(better)
        for one, code in better.items():
            native.publish(one, code.code, code.relocs, code.sites, code.stack_maps)
        if self._kept is not None:
            self._kept.add(better)

    def leave_loop(self, native: _native.NativeModule, function: int, wasm_offset: int, poll: int) -> bool:
        """Give activations that are in this loop of old code a way on in better code. Whether there was none yet."""
        with self._lock:
            if poll in self._left:
                return False
            self._left[poll] = False
            try:
                stub = self._leaver.leave_loop(function, wasm_offset)
            except UnsupportedError:
                return False
            group = self._begin(self._group(function)[1:])
            made, (code,) = self._optimizer.compile_hot(group, [(function, wasm_offset)])
            self._publish(native, group, made)
            if isinstance(code, UnsupportedError):
                return False
            whole = joined(stub, code)
            native.publish(function, whole.code, whole.relocs, whole.sites, whole.stack_maps, poll)
            self._left[poll] = True
            self.loops_left += 1
            return True

    def _group(self, function: int) -> list[int]:
        group = [function]
        for one in group:
            for callee in self._callees(one):
                if callee not in group and self._body_bytes[callee] <= SMALL_BODY and len(group) < MAX_GROUP:
                    group.append(callee)
        return group

    def _callees(self, function: int) -> list[int]:
        """Defined functions that a function calls directly."""
        from taipan.compiler.callees import direct_callees

        return direct_callees(self._module, function)


def joined(stub: LoopStub, code: CompiledFunction) -> CompiledFunction:
    """A stub and the continuation that it calls as one piece."""
    from taipan.abi.layout import RELOC_BYTES, SITE_BYTES
    from taipan.compiler.artifact import CompiledFunction

    lead = -(-len(stub.code) // CODE_ALIGN) * CODE_ALIGN
    whole = bytearray(stub.code.ljust(lead, b"\xcc"))
    struct.pack_into("<i", whole, stub.call_field, lead - (stub.call_field + 4))
    relocs = bytearray(code.relocs)
    for at in range(0, len(relocs), RELOC_BYTES):
        struct.pack_into("<I", relocs, at, struct.unpack_from("<I", relocs, at)[0] + lead)
    sites = bytearray(code.sites)
    for at in range(0, len(sites), SITE_BYTES):
        struct.pack_into("<I", sites, at, struct.unpack_from("<I", sites, at)[0] + lead)
    return CompiledFunction(bytes(whole) + code.code, bytes(relocs), stub.sites + bytes(sites), code.stack_maps)


class Sampled(Protocol):
    """Owner of a module's code: what `NativeModule.compile` is a method of."""

    def sample(
        self, native: _native.NativeModule, function: int, poll: int, outer_offset: int, outer_poll: int
    ) -> bool: ...


# --- the thread ---


class _Sampler:
    """One per process: reads samples and hands them to the modules that they are of."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        try:
            self._thread = start_thread(self._run, "taipan-tier-up", daemon=True)
        except RuntimeError:  # no more threads
            os.close(self._read)
            os.close(self._write)
            raise
        _native.sample_into(self._write)
        atexit.register(self.stop)

    def stop(self) -> None:
        """Before the interpreter ends: LLVM must not be at work while the process takes itself apart.

        Nobody waits for its result any more, so if it is at work now, the process ends without taking LLVM apart.
        """
        if self._stopped or self._thread is None:
            return
        self._stopped = True
        _native.sample_into(-1)
        os.write(self._write, b"\0")
        idle = _at_work.acquire(blocking=False)
        if idle:
            _at_work.release()
        if idle or not _native.end_despite(self._thread.native_id or 0):
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            os.read(self._read, 64)
            self._hand_out()

    def _hand_out(self) -> None:
        """In a method of its own, so that nothing is held while the thread sleeps."""
        samples = _native.take_samples()
        while samples and not self._stopped:
            native, function, _, *polls = samples.pop(0)
            if hand_out(native, function, *polls):
                # Those of the same function, from while it was compiled, tell nothing about its new code.
                samples = [one for one in samples + _native.take_samples() if one[:2] != (native, function)]


_at_work: Final = threading.Lock()
"""Held while the thread imports or compiles. A fork waits for it: the child must not find LLVM at work."""

_sampled: Final[WeakSet[Sampled]] = WeakSet()
"""Owners that are not garbage. A sample may lead to one that is, and that a collection in another thread is clearing:
weak references are gone before that begins."""


_num_samples = 0


def hand_out(native: _native.NativeModule, function: int, poll: int, outer_offset: int, outer_poll: int) -> bool:
    """Give a sample to the owner of the code, unless it is one of the process's first. Whether it compiled anything."""
    global _num_samples
    _num_samples += 1
    if _num_samples <= FIRST_SAMPLES:
        return False
    owner: Sampled | None = getattr(native.compile, "__self__", None)
    if owner is None or owner not in _sampled:
        return False
    with _at_work:
        return owner.sample(native, function, poll, outer_offset, outer_poll)


_sampler: _Sampler | None = None
_sampler_lock: Final = threading.Lock()


def start(owner: Sampled) -> None:
    """Hand samples of the owner's code to it. The first call of the process begins to take them; so does the first
    one after `fork` in the child.

    Without threads or file descriptors to be had, programs run as they are; the next module tries again.
    """
    global _sampler
    _sampled.add(owner)
    with _sampler_lock, contextlib.suppress(OSError, RuntimeError):
        if _sampler is None:
            sampler = _Sampler()
            sampler.start()
            _sampler = sampler


def _forget() -> None:
    global _sampler
    _at_work.release()
    if _sampler is not None:
        atexit.unregister(_sampler.stop)
        _native.sample_into(-1)
        _sampler = None


# Registered after the gate in `workers.py`, this waits before that closes: what the thread is at may have to pass it.
os.register_at_fork(before=_at_work.acquire, after_in_parent=_at_work.release, after_in_child=_forget)
