"""A valid module in the native runtime: the template of its instances, and its code or the means to compile it.

Functions are compiled when they are first called, unless `Config.lazy_compilation` is off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipan import _native
from taipan.abi.plans import global_plan, table_plan
from taipan.lazy import LazyCompiler
from taipan.runtime.types import make_signature
from taipan.wasm.segments import data_ranges, u32_array, used_func_types

if TYPE_CHECKING:
    from collections.abc import Callable

    from taipan.compiler.artifact import Image
    from taipan.compiler.cache import KeptCode
    from taipan.engine import Engine
    from taipan.runtime.module_info import ModuleInfo
    from taipan.wasm.module import Module


def make_native(engine: Engine, module: Module, info: ModuleInfo) -> _native.NativeModule:
    """The module in the native runtime, with its code or the means to compile it."""
    from taipan.compiler.environ import ModuleEnv

    env = ModuleEnv(module, engine.tunables, engine._lazy)
    if engine._lazy:
        kept = kept_code(engine, module)
        lazy = LazyCompiler(engine.compiler, env, engine.optimizer, engine.config.tier_up_calls, kept)
        native = make_template(engine, module, info, env.escaped, lazy.compile)
        native.counting = lazy.counting
        return native
    native = make_template(engine, module, info, env.escaped, None)
    if engine.cache is not None and engine.compiler.slow:
        from taipan import precompiled

        precompiled.place_kept(engine, module, native)
    else:
        load_all(engine.compiler.module(env).image(engine.num_workers), native)
    return native


def kept_code(engine: Engine, module: Module) -> KeptCode | None:
    """Code of earlier runs, if there is a cache and a compiler whose code is kept."""
    if engine.cache is None:
        return None
    from taipan.compiler.cache import KeptCode
    from taipan.precompiled import cache_key

    return KeptCode(engine.cache, cache_key(engine, engine.optimizer or engine.compiler, module))


def make_template(
    engine: Engine,
    module: Module,
    info: ModuleInfo,
    escaped: list[int],
    compile: Callable[[_native.NativeModule, int], None] | None,
) -> _native.NativeModule:
    """The module in the native runtime, without code. compile: as `NativeModule` takes it."""
    return _native.NativeModule(
        engine.region(),
        info,
        func_type_indices=u32_array(module.func_space),
        type_ids=info.types.id_array(),
        signatures=_signatures(module, info),
        escaped=u32_array(escaped),
        counts=(
            module.num_imported_funcs,
            module.num_imported_tables,
            module.num_imported_memories,
            module.num_imported_globals,
        ),
        memories=b"".join([engine.memory_plan(t) for t in module.memories]),
        tables=b"".join(
            [
                table_plan(t.type.limits.min, t.type.limits.max, t.type.is_64, info.kind_of(t.type.element))
                for t in module.tables
            ]
        ),
        globals=b"".join([global_plan(info.kind_of(g.type.content), g.type.mutable) for g in module.globals]),
        data=module.code,
        data_ranges=data_ranges(module),
        num_elements=len(module.elems),
        globals_template=info.globals_template,
        compile=compile,
    )


def _signatures(module: Module, info: ModuleInfo) -> list[_native.Signature | None]:
    """By module type index, of the types that functions have. They keep the module's types registered.

    Through them the host enters functions; all modules of a file share them.
    """
    types = info.types
    registry = types.registry
    ids = types.ids
    made = info.signatures
    signatures: list[_native.Signature | None] = [None] * len(ids)
    for index in used_func_types(module):
        type_id = ids[index]
        if type_id not in made:
            made[type_id] = make_signature(registry, type_id, types, of_host=False)
        signatures[index] = made[type_id]
    return signatures


def load_all(image: Image, native: _native.NativeModule) -> None:
    """Give the module its code, all at once."""
    native.load(image.code, image.offsets, image.sites, image.site_starts, image.stack_maps, image.stack_map_starts)
