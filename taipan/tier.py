"""Tier-up: functions that turn out to be hot get better code while they run.

    ticks (poll.c) -> samples (tier.c) -> a thread here -> optimizing compiler -> NativeModule.publish

Baseline code counts nothing. Every 4 ms of wasm one sample says which function is at a poll, and in which loop it is
going to stay for a while. Something is done about a function when it has been seen for about a tenth of the time that
compiling it is going to take; small functions that it calls are compiled with it, since without loops and calls of
their own they are never at a poll. Of several that wait, those with the most samples for their size come first: the
main function of an interpreter may take seconds.

- A call that stays in a loop gets a continuation: the next tick leaves the old code there (`compiler/baseline/osr.py`).
  That is all that a program needs that is one call of one loop, so it does not wait for more. Only where compiling
  takes very long, the whole function comes first, and the continuation if the call still goes on then.
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
SECONDS_PER_BYTE: Final = 50e-6
"""Of compiling a byte of a body with LLVM's default pipeline: 120 us per instruction, which takes 2.5 bytes."""

SHARE: Final = 10
"""Of what compiling a function costs, so much time has to be spent in it first: one part of this many."""

MIN_SAMPLES: Final = 2
MAX_SAMPLES: Final = 25
"""A tenth of a second. Compiling happens beside the program, so waiting for certainty does not pay."""

FIRST_SAMPLES: Final = 40
"""Of the process, for nothing: before the optimizer is loaded, which takes 40 to 60 ms of CPU with what it compiles
first. Programs of a tenth of a second are better off without it, also where they share a core with something else."""

SMALL_BODY: Final = 200
"""Bytes of a function that is compiled together with a hot caller."""

MAX_GROUP: Final = 24
"""Functions that come with one."""

LARGE_BODY: Final = 8000
"""Bytes of a function that takes LLVM half a second: calls that seem to stay in a loop have ended by then."""

CHUNK_BYTES: Final = 4000
"""Functions that are hot at the same time are compiled together, up to about so much: half as dear as one by one."""

CODE_ALIGN: Final = 16


Loop = tuple[int, int]
"""Its wasm offset, and the address behind the poll of its header in code of the first compiler."""


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
        self._samples: Final[dict[int, int]] = {}  # of functions, since something was done about them
        self._hot: Final[dict[int, Loop | None]] = {}  # functions with enough of them -> the loop to leave
        self._done: Final[set[int]] = set()  # functions that were compiled again, or cannot be
        self._left: Final[dict[int, bool]] = {}  # polls of loops -> whether there is a continuation, or cannot be
        self._moved: Final[set[int]] = set()  # functions of which a call went over into a continuation
        self._new: Final[set[int]] = set()  # functions of which samples may be older than what was done about them

    def sample(self, function: int, loop: Loop | None) -> None:
        """One tick was spent there, in code of the first compiler.

        loop: the one to leave, or that was left just now.
        """
        if function in self._new:
            return
        left = None if loop is None else self._left.get(loop[1])
        if left:
            if function in self._moved and function not in self._done:
                self._samples[function] = self.patience(function)
                self._hot[function] = None
            self._moved.add(function)
            return
        if left is not None:
            loop = None
        if loop is None and function in self._done:
            return
        count = self._samples[function] = self._samples.get(function, 0) + 1
        if count >= self.patience(function):
            whole_first = self._body_bytes[function] > LARGE_BODY and function not in self._done
            self._hot[function] = None if whole_first else loop

    def patience(self, function: int) -> int:
        """Samples before a function is worth compiling: about a tenth of what that costs."""
        cost = self._body_bytes[function] * SECONDS_PER_BYTE
        return min(max(MIN_SAMPLES, int(cost / TICK_SECONDS / SHARE)), MAX_SAMPLES)

    def improve(self, native: _native.NativeModule) -> bool:
        """Do something about the hot function that gains most for what that costs. Whether there was one.

        To be called when all samples that there were have been given to `sample`.
        """
        self._new.clear()
        function = max(self._hot, key=self._urgency, default=-1)
        if function < 0:
            return False
        loop = self._hot[function]
        if loop is None or not self.leave_loop(native, function, loop):
            self.optimize(native, self._chunk(function))
        elif self._kept is not None:  # the next run begins with that
            self.optimize(native, self._group(function))
        return True

    def _urgency(self, function: int) -> float:
        """Samples for each byte to compile."""
        return self._samples[function] / self._body_bytes[function]

    def _chunk(self, function: int) -> list[int]:
        """A function, the small ones that it calls, and others that are hot."""
        chunk = self._group(function)
        size = sum(self._body_bytes[one] for one in chunk)
        for other in sorted(self._hot, key=self._urgency, reverse=True):
            if self._hot[other] is None and size + self._body_bytes[other] <= CHUNK_BYTES:
                new = [one for one in self._group(other) if one not in chunk]
                chunk += new
                size += sum(self._body_bytes[one] for one in new)
        return chunk

    def optimize(self, native: _native.NativeModule, functions: list[int]) -> None:
        """Compile those that were not yet, and publish that."""
        with self._lock:
            group = self._begin(functions)
            if group:
                made, _ = self._optimizer.compile_hot(group, ())
                self._publish(native, group, made)

    def _begin(self, functions: list[int]) -> list[int]:
        """Those of them that are to be compiled: now, and never again."""
        for one in functions:
            self._settle(one)
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

    def _settle(self, function: int) -> None:
        """Something is done about it: only samples from then on count."""
        self._samples[function] = 0
        self._hot.pop(function, None)
        self._new.add(function)

    def leave_loop(self, native: _native.NativeModule, function: int, loop: Loop) -> bool:
        """Give activations that are in this loop of old code a way on in better code. Whether that was possible."""
        wasm_offset, poll = loop
        with self._lock:
            self._settle(function)
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

    def sample(self, function: int, poll: int, outer_offset: int, outer_poll: int) -> None: ...

    def improve(self, native: _native.NativeModule) -> bool: ...


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
            while self._hand_out():
                pass

    def _hand_out(self) -> bool:
        """Returns whether anything was compiled: then there may be more samples by now.

        In a method of its own, so that nothing is held while the thread sleeps.
        """
        compiled = False
        for owner, native in hand_out(_native.take_samples()).items():
            if self._stopped:
                return False
            with _at_work:
                compiled |= owner.improve(native)
        return compiled


_at_work: Final = threading.Lock()
"""Held while the thread imports or compiles. A fork waits for it: the child must not find LLVM at work."""

_sampled: Final[WeakSet[Sampled]] = WeakSet()
"""Owners that are not garbage. A sample may lead to one that is, and that a collection in another thread is clearing:
weak references are gone before that begins."""


_num_samples = 0


def hand_out(
    samples: list[tuple[_native.NativeModule, int, int, int, int, int]],
) -> dict[Sampled, _native.NativeModule]:
    """Give samples to the owners of the code, unless they are of the process's first. Those who got any."""
    global _num_samples
    seen: dict[Sampled, _native.NativeModule] = {}
    for native, function, _, poll, outer_offset, outer_poll in samples:
        _num_samples += 1
        owner: Sampled | None = getattr(native.compile, "__self__", None)
        if _num_samples > FIRST_SAMPLES and owner is not None and owner in _sampled:
            with _at_work:
                owner.sample(function, poll, outer_offset, outer_poll)
            seen[owner] = native
    return seen


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
