"""`taipan gc-stats`: run a module or script and show how external references were counted and collected.

Exit status: as `taipan run`; 1 if a command of a script did not pass.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

import taipan
from taipan.cli.common import add_compiler_option, add_feature_option, config_from, load_module, read_file

ROWS: Final = (
    ("externref_increments", "counts taken", "by tables, globals and the activations table"),
    ("externref_decrements", "counts given back", ""),
    ("gc_collections", "collections", "walks of all frames"),
    ("gc_deferred", "deferred", "asked for where no stack map tells what is live"),
    ("gc_skipped", "skipped", "a frame had no stack map"),
    ("gc_table", "table at the last one", "references that entered frames: an over-approximation"),
    ("gc_live", "live at the last one", "references in frames: the precise set"),
    ("activations_table", "table now", ""),
    ("gc_strays", "strays", "references in frames but not in the table: a bug"),
)
"""Key of `Store._stats`, its name here, and what it means."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--invoke", metavar="F", help="call this export with ARGS; an externref parameter takes a word")
    parser.add_argument("--repeat", metavar="N", type=int, default=1, help="call it N times (default: 1)")
    parser.add_argument("--gc", action="store_true", help="collect once more at the end")
    add_compiler_option(parser)
    add_feature_option(parser)
    parser.add_argument("file", metavar="FILE", help="a .wasm or .wat file, or a .wast script")
    words = parser.add_argument("args", metavar="ARGS", nargs=argparse.REMAINDER, help="arguments of F")
    words.required = False  # or it would be named where only FILE is missing


def show(store: taipan.Store, collect: bool) -> None:
    """The counters of a store, one per line."""
    if collect:
        store.gc()
    stats = store._stats()
    for key, name, meaning in ROWS:
        sys.stdout.write(f"{name:<22}{stats[key]:>12}{'   ' + meaning if meaning else ''}\n")


def call(store: taipan.Store, instance: taipan.Instance, args: Any) -> None:
    """Call the export as often as asked, each time with new objects for its externrefs."""
    from taipan.cli.main import fail
    from taipan.cli.run import parse_argument

    func = instance.exports(store).get(args.invoke)
    if not isinstance(func, taipan.Func):
        fail(f"--invoke {args.invoke}: no such exported function")
    params = func.type(store).params
    if len(args.args) != len(params):
        fail(f"--invoke {args.invoke}: expected {len(params)} arguments, got {len(args.args)}")
    for _ in range(args.repeat):
        values = [
            [word] if t == taipan.externref and word != "null" else parse_argument(word, str(t), i)
            for i, (word, t) in enumerate(zip(args.args, params, strict=True), 1)
        ]
        func(store, *values)


def run_module(args: Any) -> int:
    from taipan.cli.run import TRAP_STATUS, start

    engine = taipan.Engine(config_from(args))
    store = taipan.Store(engine)
    store.set_wasi(taipan.WasiConfig())
    linker = taipan.Linker(engine)
    linker.define_wasi()
    module = load_module(engine, args.file)
    status = 0
    try:
        if args.invoke is None:
            start(args, store, linker, module)
        else:
            call(store, linker.instantiate(store, module), args)
    except taipan.ExitTrap as exit_trap:
        status = exit_trap.code
    except taipan.Trap as trap:
        sys.stderr.write(f"taipan: error: failed to run {args.file}\n{trap}\n")
        status = TRAP_STATUS
    except taipan.WasmError as error:
        from taipan.cli.main import fail

        fail(f"{args.file}: {error}")
    show(store, args.gc)
    return status


def run_script(args: Any) -> int:
    from taipan.cli.common import feature_changes
    from taipan.cli.main import fail
    from taipan.text import script
    from taipan.wast.features import features_for
    from taipan.wast.runner import Runner, ScriptState

    if args.invoke is not None:
        fail(f"--invoke {args.invoke}: a script says itself what it calls")
    changes = {name.replace("-", "_"): on for name, on in feature_changes(args.wasm).items()}
    state = ScriptState(Runner(compiler=args.compiler), features_for(args.file).replace(**changes))
    failed = 0
    try:
        for command in script.parse_script(read_file(args.file)):
            for outcome in state.run(command):
                if not outcome.passed:
                    failed += 1
                    sys.stderr.write(f"{args.file}:{outcome.line}: {outcome.command}: {outcome.reason}\n")
        show(state.store, args.gc)
    except taipan.MalformedError as error:
        fail(f"{args.file}: {error}")
    finally:
        state.close()
    return 1 if failed else 0


def run(args: Any) -> int:
    return run_script(args) if args.file.endswith(".wast") else run_module(args)
