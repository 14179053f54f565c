"""Functions of a module compiled one by one, when they are first called, and again when they turn out to be hot."""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from taipan._native import NativeModule
    from taipan.compiler.cache import KeptCode
    from taipan.compiler.environ import ModuleEnv
    from taipan.compiler.interface import Compiler, ModuleCompiler
    from taipan.tier import ModuleTier

OP_LOOP: Final = 0x03


@final
class LazyCompiler:
    """Compiles what the native runtime enters without code (`compile`), and what samples show to be hot (`sample`).

    optimizer: for hot functions, or None.  calls: 0, or the call of each function that compiles it with the optimizer,
    whatever samples say.  kept: code of earlier runs, or None; the optimizer's code is added to it, without one the
    compiler's.

    Two threads may be here at once, and a finalizer may enter wasm while its thread is compiling: a `ModuleCompiler` is
    used by one of them at a time.
    """

    __slots__ = (
        "__weakref__",
        "_calls",
        "_compiler",
        "_counts",
        "_env",
        "_first_code",
        "_idle",
        "_kept",
        "_lock",
        "_optimizer",
        "_tier",
    )

    def __init__(
        self, compiler: Compiler, env: ModuleEnv, optimizer: Compiler | None, calls: int, kept: KeptCode | None
    ) -> None:
        self._compiler: Final = compiler
        self._env: Final = env
        # Made here: the first call may come from a signal handler, in the middle of the import that another made.
        self._idle: Final = [compiler.module(env)]
        self._optimizer: Final = optimizer
        self._calls: Final = calls if optimizer is not None else 0
        self._counts: Final[dict[int, int]] = {}
        self._first_code: Final[dict[int, tuple[int, int]]] = {}
        self._kept: Final = kept
        self._lock: Final = allocate_lock()
        self._tier: ModuleTier | None = None
        if optimizer is not None and not self._calls:
            from taipan import tier

            tier.start(self)

    @property
    def counting(self) -> bool:
        """Whether every call of a function must come here until it is settled."""
        return self._calls > 0

    def compile(self, native: NativeModule, defined_index: int) -> None:
        """Publish the code of a function. Raises UnsupportedError for an instruction that cannot be compiled yet."""
        if self._calls:
            self._count(native, defined_index)
        else:
            self._compile(native, defined_index)

    def _compile(self, native: NativeModule, defined_index: int) -> None:
        if self._publish_kept(native, defined_index):
            return
        try:
            module = self._idle.pop()
        except IndexError:
            module = self._compiler.module(self._env)
        made = module.emit(module.compile((defined_index,))[0])
        self._idle.append(module)
        start = native.publish(defined_index, made.code, made.relocs, made.sites, made.stack_maps, 0, True)
        if start and self._kept is not None and self._optimizer is None:
            self._kept.add({defined_index: made})
        elif start:
            self._first_code[defined_index] = (start, start + len(made.code))

    def _publish_kept(self, native: NativeModule, defined_index: int) -> bool:
        """Use code of an earlier run, if there is any and the function has no code yet."""
        kept = None if self._kept is None else self._kept.functions.get(defined_index)
        return kept is not None and bool(
            native.publish(defined_index, kept.code, kept.relocs, kept.sites, kept.stack_maps, 0, True)
        )

    def _count(self, native: NativeModule, defined_index: int) -> None:
        """Called for each call. The one that is asked for compiles with the optimizer."""
        if self._publish_kept(native, defined_index):
            native.settle(defined_index)
            return
        count = self._counts[defined_index] = self._counts.get(defined_index, 0) + 1
        if count >= self._calls:
            self.tier().optimize(native, [defined_index])
            if not native.entry(defined_index):
                self._compile(native, defined_index)
            native.settle(defined_index)
        elif not native.entry(defined_index):  # the first call, or one after a compiler refused it
            self._compile(native, defined_index)

    # --- hot functions ---

    def sample(self, defined_index: int, poll: int, outer_offset: int, outer_poll: int) -> None:
        """A tick was spent at a poll of this function; see `take_samples` and `tier.ModuleTier.sample`."""
        start, end = self._first_code.get(defined_index, (0, 0))
        if self._optimizer is not None and start <= poll < end:
            in_loop = start <= outer_poll < end and self._env.code[outer_offset] == OP_LOOP
            self.tier().sample(defined_index, (outer_offset, outer_poll) if in_loop else None)

    def improve(self, native: NativeModule) -> bool:
        """Do something about a function that has become hot. Whether there was one."""
        return self._tier is not None and self._tier.improve(native)

    @property
    def functions_replaced(self) -> int:
        """How many functions run optimized code that was made here."""
        return 0 if self._tier is None else self._tier.functions_replaced

    @property
    def loops_left(self) -> int:
        """How many loops of running calls can go on, or went on, in optimized code."""
        return 0 if self._tier is None else self._tier.loops_left

    def tier(self) -> ModuleTier:
        """Made when the first function is hot: only then is the optimizer imported."""
        from taipan.tier import ModuleTier

        with self._lock:
            if self._tier is None:
                assert self._optimizer is not None
                better = self._optimizer.module(self._env)
                self._tier = ModuleTier(self._env.module, better, self._leaver(), self._kept)
            return self._tier

    def _leaver(self) -> ModuleCompiler:
        """A compiler that nobody else uses, for the stubs that leave loops."""
        return self._compiler.module(self._env)
