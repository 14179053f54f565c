"""Runs `.wast` scripts through the public API: commands in, one outcome per command out.

The class of an error must be the one that the assertion names. Its text is compared only for traps, where the
assertion's words tell one trap from another; `check_messages` compares it everywhere.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import taipan
from taipan.features import Features
from taipan.text import script
from taipan.text.script import ModuleSource
from taipan.wast.adapter import Adapter
from taipan.wast.features import features_for
from taipan.wast.spectest import define_spectest
from taipan.wast.values import has_f32_nan, matches, to_python

_MODULE_ERRORS: Final[dict[str, type[Exception]]] = {
    "assert_malformed": taipan.MalformedError,
    "assert_malformed_custom": taipan.MalformedError,
    "assert_invalid": taipan.InvalidError,
    "assert_invalid_custom": taipan.InvalidError,
    "assert_unlinkable": taipan.LinkError,
    "assert_trap": taipan.Trap,
    "assert_exhaustion": taipan.Trap,
    "assert_exception": taipan.UncaughtException,
}
_FUEL: Final = (1 << 63) - 1
_THREAD_SECONDS: Final = 60.0


class Outcome:
    """What became of one command. reason: why it failed, "" if it passed; error: class of the exception behind it."""

    __slots__ = ("command", "error", "line", "reason")

    def __init__(self, line: int, command: str, reason: str = "", error: str = "") -> None:
        self.line: Final = line
        self.command: Final = command
        self.reason: Final = reason
        self.error: Final = error

    @property
    def passed(self) -> bool:
        return not self.reason

    def __repr__(self) -> str:
        return f"Outcome(line {self.line}, {self.command}: {self.reason or 'passed'})"


class CommandFailed(Exception):
    """A command did not do what it should. error: class of the exception behind it, "" if there is none."""

    def __init__(self, reason: str, error: str = "") -> None:
        super().__init__(reason)
        self.error = error


class Runner:
    """Runs scripts, each with an engine and a store of its own.

    features: None for what each file's folder calls for.  register_named: whether a module with an identifier can be
    imported by it without `register`, as in Wasmtime's scripts.  configure: called with every new Config.
    instantiate: whether modules are, which scripts of a validator's tests do not provide for.
    """

    def __init__(
        self,
        features: Features | None = None,
        compiler: str = "auto",
        register_named: bool = True,
        check_messages: bool = False,
        configure: Callable[[taipan.Config], None] | None = None,
        instantiate: bool = True,
    ) -> None:
        self.features: Final = features
        self.compiler: Final = compiler
        self.register_named: Final = register_named
        self.check_messages: Final = check_messages
        self.configure: Final = configure
        self.instantiate: Final = instantiate

    def run_file(self, path: str | Path) -> list[Outcome]:
        """All outcomes of a file. Raises OSError if it cannot be read."""
        return self.run_script(Path(path).read_bytes(), self.features or features_for(path))

    def run_script(self, source: str | bytes, features: Features | None = None) -> list[Outcome]:
        """All outcomes of a script; one that cannot be parsed is a single failure."""
        try:
            commands = script.parse_script(source)
        except taipan.MalformedError as error:
            return [Outcome(error.line, "script", str(error), "MalformedError")]
        state = ScriptState(self, features or self.features or Features())
        try:
            return [outcome for command in commands for outcome in state.run(command)]
        finally:
            state.close()

    def config(self, features: Features) -> taipan.Config:
        config = taipan.Config()
        config.features = features
        config.compiler = self.compiler
        if self.configure is not None:
            self.configure(config)
        return config


class ScriptState:
    """Modules, instances and names of a running script."""

    def __init__(self, runner: Runner, features: Features) -> None:
        self.runner = runner
        self.features = features
        self.engine = taipan.Engine(runner.config(features))
        self.store = taipan.Store(self.engine)
        if self.engine.config.consume_fuel:
            self.store.set_fuel(_FUEL)
        self.linker = taipan.Linker(self.engine)
        self.linker.allow_shadowing = True
        define_spectest(self.linker, self.store, features)
        self.modules: dict[str | None, taipan.Module] = {}
        self.instances: dict[str | None, taipan.Instance] = {}
        self.adapters: dict[Any, Adapter] = {}
        self.threads: dict[str, tuple[threading.Thread, list[Outcome]]] = {}

    def close(self) -> None:
        self.store.close()
        self.engine.close()

    # Commands.

    def run(self, command: script.Command) -> list[Outcome]:
        """Execute one command. Nothing but interruption by the user escapes."""
        name = type(command).__name__
        kind = getattr(command, "kind", _COMMAND_WORDS.get(name, name))
        try:
            return [Outcome(command.line, kind), *self.perform(command)]
        except CommandFailed as failure:
            return [Outcome(command.line, kind, str(failure), failure.error)]
        except Exception as error:  # whatever the engine raises is this command's failure
            return [Outcome(command.line, kind, _describe(error), type(error).__name__)]

    def perform(self, command: script.Command) -> list[Outcome]:
        """Execute one command; returns the outcomes of the thread that it waited for."""
        if isinstance(command, script.AssertAction):
            self.assert_action(command)
        elif isinstance(command, script.AssertModule):
            self.assert_module(command)
        elif isinstance(command, script.DefineModule):
            self.define_module(command)
        elif isinstance(command, script.InstantiateModule):
            self.instantiate(command.name, self.module_named(command.module))
        elif isinstance(command, script.Register):
            self.linker.define_instance(self.store, command.name, self.instance_named(command.module))
        elif isinstance(command, script.Perform):
            self.act(command.action, [])
        elif isinstance(command, script.AssertFuel):
            self.assert_fuel(command)
        elif isinstance(command, script.Thread):
            self.start_thread(command)
        else:
            return self.wait(command)
        return []

    def define_module(self, command: script.DefineModule) -> None:
        name = command.source.name
        # Until this command has succeeded, what comes next must not use the module before it.
        for names in (name, None):
            self.modules.pop(names, None)
            if not command.definition:
                self.instances.pop(names, None)
        module = taipan.Module(self.engine, self.binary(command.source))
        self.modules[None] = module
        if name is not None:
            self.modules[name] = module
        if not command.definition and self.runner.instantiate:
            self.instantiate(name, module)

    def instantiate(self, name: str | None, module: taipan.Module) -> None:
        instance = self.linker.instantiate(self.store, module)
        self.instances[None] = instance
        if name is not None:
            self.instances[name] = instance
            if self.runner.register_named:
                self.linker.define_instance(self.store, name, instance)

    def binary(self, source: ModuleSource) -> bytes:
        """The module in the binary format."""
        if source.kind == script.BINARY:
            return source.data
        from taipan.binary.encode import encode

        return encode(source.parse(self.features))

    def module_named(self, name: str | None) -> taipan.Module:
        if name not in self.modules:
            raise CommandFailed(f"no module {_shown(name)}", "Missing")
        return self.modules[name]

    def instance_named(self, name: str | None) -> taipan.Instance:
        if name not in self.instances:
            raise CommandFailed(f"no instance {_shown(name)}", "Missing")
        return self.instances[name]

    # Actions.

    def act(self, action: script.Action, expected: list[script.Pattern]) -> tuple[list[Any], Callable[..., bool]]:
        """Perform an action: its results, and the function that compares them with a pattern."""
        instance = self.instance_named(action.module)
        exports = instance.exports(self.store)
        if action.name not in exports:
            raise CommandFailed(f'no export "{action.name}"', "Missing")
        item: Any = exports[action.name]
        if action.args is None:
            return [item.value(self.store)], matches
        if has_f32_nan(action.args) or has_f32_nan(expected):
            adapter = self.adapters.get((instance, action.name))
            if adapter is None:
                adapter = self.adapters[instance, action.name] = Adapter(self.store, item)
            return self.results(item, adapter.call(self.store, action.args)), adapter.matches
        return self.results(item, item(self.store, *[to_python(arg) for arg in action.args])), matches

    def results(self, func: taipan.Func, result: Any) -> list[Any]:
        """The results of a call: the API returns None (nothing, or one null), one value, or a list."""
        if result is None:
            return [None] * len(func.type(self.store).results)
        return result if isinstance(result, list) else [result]

    def assert_action(self, command: script.AssertAction) -> None:
        if command.kind == "assert_return":
            values, compare = self.act(command.action, command.results)
            same = len(values) == len(command.results)
            if not same or not all(map(compare, command.results, values)):
                wanted = " ".join(map(repr, command.results)) or "nothing"
                found = " ".join(map(repr, values)) or "nothing"
                raise CommandFailed(f"{command.action!r} returned {found}, expected {wanted}")
            return
        self.expect_error(command.kind, command.message, lambda: self.act(command.action, []))

    def expect_error(self, kind: str, message: str, do: Callable[[], object]) -> None:
        """Run `do`, which must raise what the assertion `kind` is about."""
        wanted = _MODULE_ERRORS[kind]
        if kind == "assert_unlinkable" and message.startswith("out of bounds"):
            wanted = taipan.Trap  # segments that do not fit, before they were traps
        try:
            do()
        except wanted as error:
            text = str(error)
            compared = isinstance(error, taipan.Trap) or self.runner.check_messages
            if compared and not _says(error, message):
                raise CommandFailed(f'expected "{message}", got: {text}', type(error).__name__) from None
            return
        except CommandFailed:
            raise
        except Exception as error:  # any other class is the failure that this assertion looks for
            raise CommandFailed(
                f'expected {wanted.__name__} "{message}", got {_describe(error)}', type(error).__name__
            ) from None
        raise CommandFailed(f'expected {wanted.__name__} "{message}", but nothing was raised')

    # Assertions about modules.

    def assert_module(self, command: script.AssertModule) -> None:
        if command.kind in script.MODULE_ASSERTIONS and command.kind != "assert_unlinkable":
            self.expect_error(command.kind, command.message, lambda: self.check(command.source))
            return
        module = taipan.Module(self.engine, self.binary(command.source))
        self.expect_error(command.kind, command.message, lambda: self.linker.instantiate(self.store, module))

    def check(self, source: ModuleSource) -> None:
        taipan.Module.validate(self.engine, self.binary(source))

    def assert_fuel(self, command: script.AssertFuel) -> None:
        config = self.runner.config(self.features)
        config.consume_fuel = True
        engine = taipan.Engine(config)
        store = taipan.Store(engine)
        store.set_fuel(_FUEL)
        module = taipan.Module(engine, self.binary(command.source))
        with contextlib.suppress(taipan.Trap):  # a start function that traps has consumed fuel all the same
            taipan.Instance(store, module, [])
        consumed = _FUEL - store.get_fuel()
        store.close()
        if consumed != command.fuel:
            raise CommandFailed(f"consumed {consumed} fuel, expected {command.fuel}")

    # Threads.

    def start_thread(self, command: script.Thread) -> None:
        """Run the thread's commands in a store of its own, which shares the named modules' shared memories."""
        state = ScriptState(self.runner, self.features)
        for name in command.shared:
            state.instances[name] = self.instance_named(name)
        outcomes: list[Outcome] = []

        def work() -> None:
            try:
                for inner in command.commands:
                    outcomes.extend(state.run(inner))
            finally:
                state.close()

        thread = threading.Thread(target=work, name=f"wast thread {command.name}", daemon=True)
        self.threads[command.name] = thread, outcomes
        thread.start()

    def wait(self, command: script.Wait) -> list[Outcome]:
        if command.name not in self.threads:
            raise CommandFailed(f"no thread ${command.name}", "Missing")
        thread, outcomes = self.threads.pop(command.name)
        thread.join(_THREAD_SECONDS)
        if thread.is_alive():
            raise CommandFailed(f"thread ${command.name} still runs after {_THREAD_SECONDS:.0f} s")
        return outcomes


_COMMAND_WORDS: Final = {
    "DefineModule": "module",
    "InstantiateModule": "module instance",
    "Register": "register",
    "Perform": "action",
    "AssertFuel": "assert_fuel",
    "Thread": "thread",
    "Wait": "wait",
}


def _says(error: Exception, message: str) -> bool:
    """Whether an error is the one that the script names: its text starts with or contains the phrase.

    Scripts append details ("uninitialized element 2") and name some traps by older words.
    """
    text = str(getattr(error, "_reason", error))
    if not message or message in text:
        return True
    short = message.rstrip("0123456789 ")
    return short in text or any(old in message and new in text for old, new in _SYNONYMS)


# Words of scripts -> words of this package, for one and the same trap.
_SYNONYMS: Final = (
    ("null function reference", "null reference"),
    ("null structure reference", "null reference"),
    ("null array reference", "null reference"),
    ("null i31 reference", "null reference"),
    ("null exception reference", "null reference"),
    ("null descriptor reference", "null reference"),
    ("descriptor cast failure", "cast failure"),
    ("unreachable", "unreachable"),
    ("out of bounds table access", "undefined element"),
    ("undefined element", "out of bounds table access"),
    ("undefined", "undefined element"),
)


def _describe(error: Exception) -> str:
    first_line = (str(error).strip().splitlines() or [""])[0]
    reason = getattr(error, "_reason", first_line)
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def _shown(name: str | None) -> str:
    return "so far" if name is None else f"${name}"
