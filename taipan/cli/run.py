"""`taipan run`: run a WASI program, or one exported function.

Exit status: the program's own; 134 (128 + SIGABRT) after a trap, with its wasm backtrace on stderr, and for other
failures while it runs, such as an exit status above 125; 1 for what the user can get wrong. Everything after FILE
belongs to the program.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import Any, Final

import taipan
from taipan.cli.common import add_compiler_option, add_feature_option, config_from, load_module, split_pair
from taipan.cli.limits import add_limit_options
from taipan.cli.main import fail
from taipan.cli.wasi_options import add_wasi_options, wasi_config

TRAP_STATUS: Final = 134
MAX_NAMES: Final = 20

EPILOG: Final = """\
Everything after FILE belongs to the program. The exit status is the program's
own; 134 after a trap, with a backtrace; 1 for mistakes.

  taipan run hello.wasm
  taipan run --dir . --env LANG=C tool.wasm input.txt
  taipan run --invoke add numbers.wat 40 2"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_wasi_options(parser)
    parser.add_argument("--invoke", metavar="F", help="call this export with ARGS and print its results")
    parser.add_argument(
        "--preload",
        metavar="N=FILE",
        action="append",
        default=[],
        help="instantiate a module first, as import module N",
    )
    parser.add_argument(
        "--allow-precompiled", action="store_true", help="also run what `taipan compile` made: trusted machine code"
    )
    add_limit_options(parser)
    add_compiler_option(parser)
    add_feature_option(parser)
    parser.add_argument("file", metavar="FILE", help="a .wasm or .wat file")
    words = parser.add_argument("args", metavar="ARGS", nargs=argparse.REMAINDER, help="the program's arguments")
    words.required = False  # or it would be named where only FILE is missing


def parse_argument(text: str, kind: str, position: int) -> int | float | None:
    """One command-line word as a value of the parameter's type."""
    try:
        if kind in ("i32", "i64", "v128"):
            value = int(text, 0)
            bits = {"i32": 32, "i64": 64, "v128": 128}[kind]
            if not -(2 ** (bits - 1)) <= value < 2**bits:
                fail(f"--invoke: argument {position} ({text}) does not fit into {kind}")
            return value
        if kind in ("f32", "f64"):
            return float.fromhex(text) if "0x" in text.lower() else float(text)
    except ValueError:
        fail(f"--invoke: argument {position} ({text!r}) is not a {kind}")
    if text == "null":
        return None
    fail(f"--invoke: parameter {position} has type {kind}, which the command line can only give as `null`")


def show_value(value: object) -> str:
    """Results as Wasmtime prints them: floats without a needless `.0`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value)) if value or str(value)[0] != "-" else "-0"
    return "null" if value is None else str(value)


def function_names(exports: taipan.InstanceExports) -> str:
    """The first exported functions."""
    names = [name for name in exports if isinstance(exports[name], taipan.Func)]
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def invoke(store: taipan.Store, instance: taipan.Instance, name: str, words: list[str]) -> None:
    """Call an export with command-line words as arguments and print the results, one per line."""
    exports = instance.exports(store)
    func = exports.get(name)
    if not isinstance(func, taipan.Func):
        fail(f"--invoke {name}: no such exported function; there are: {function_names(exports) or 'none'}")
    params = func.type(store).params
    if len(words) != len(params):
        fail(f"--invoke {name}: expected {len(params)} arguments ({' '.join(map(str, params))}), got {len(words)}")
    values = [parse_argument(word, str(t), i) for i, (word, t) in enumerate(zip(words, params, strict=True), 1)]
    result = func(store, *values)
    results = (
        result if isinstance(result, list) else [] if result is None and not func.type(store).results else [result]
    )
    for value in results:
        print(show_value(value), flush=True)


def start(args: Any, store: taipan.Store, linker: taipan.Linker, module: taipan.Module) -> None:
    """Instantiate and run: the invoked export, or `_start`, or nothing for a module that only has a start function."""
    try:
        instance = linker.instantiate(store, module)
    except taipan.LinkError as error:
        fail(f"{args.file}: {error}")
    exports = instance.exports(store)
    initialize = exports.get("_initialize")
    if isinstance(initialize, taipan.Func):
        initialize(store)
    if args.invoke is not None:
        invoke(store, instance, args.invoke, args.args)
        return
    for name in ("", "_start"):
        entry = exports.get(name)
        if isinstance(entry, taipan.Func):
            if entry.type(store).params:
                fail(f'{args.file}: export "{name}" takes parameters; call it with --invoke')
            entry(store)
            return
    functions = function_names(exports)
    if functions and module._module.start is None:
        sys.stderr.write(f"taipan: {args.file} has no _start; --invoke F calls one of: {functions}\n")


def run(args: Any) -> int:
    config = config_from(args)
    config.consume_fuel = args.fuel is not None
    engine = taipan.Engine(config)
    preloads = [split_pair("--preload", word) for word in args.preload]
    module = load_module(engine, args.file, args.allow_precompiled)
    store = taipan.Store(engine)
    store.set_wasi(wasi_config(args))
    linker = taipan.Linker(engine)
    linker.define_wasi()
    if args.fuel is not None:
        store.set_fuel(args.fuel)
    limit = None if args.timeout is None else store.timeout(args.timeout)
    try:
        with limit or contextlib.nullcontext():
            for name, path in preloads:
                try:
                    linker.define_module(store, name, load_module(engine, path, args.allow_precompiled))
                except taipan.LinkError as error:
                    fail(f"--preload {name}={path}: {error}")
            start(args, store, linker, module)
    except taipan.ExitTrap as exit_trap:
        return exit_trap.code
    except (taipan.Trap, taipan.WasmError) as problem:
        sys.stdout.flush()
        within = f" within {limit.seconds:g} s" if limit is not None and limit.expired else ""
        sys.stderr.write(f"taipan: error: failed to run {args.file}{within}\n{problem}\n")
        return TRAP_STATUS
    return 0
