"""Target `linking`: a generated set of modules inside each other, run, saved and loaded, against a model in Python.

Every function returns one i32 that is known when it is generated, or the sum of what others return. The model of a
module is a Python function from its imports to its exports; a nested one is a closure over the modules around it, as in
module linking itself. What a module imports is a type that something around it has, with exports left out, so that it
can be instantiated there.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import taipan

MAX_DEPTH = 4
MAX_STEPS = 9
MAX_SIZE = 40
"""Items in a type, with those in the types inside it: they grow fast where modules export modules."""
SAVED = 0.2
"""How many of the cases also go through an artifact."""

FUNC, MODULE, INSTANCE = "func", "module", "instance"

Run = Callable[[dict[str, Any]], dict[str, Any]]
"""The model of a module: imports to exports. Of a function it is the number, of an instance the dict of its exports."""


class Type(NamedTuple):
    """kind: FUNC, MODULE or INSTANCE. imports: of a module.  exports: of a module or instance."""

    kind: str
    imports: tuple[tuple[str, Any], ...] = ()
    exports: tuple[tuple[str, Any], ...] = ()

    def text(self, ident: str = "") -> str:
        if self.kind == FUNC:
            return f"(func {ident} (result i32))"
        imports = "".join(f'(import "{name}" {of.text()})' for name, of in self.imports)
        exports = "".join(f'(export "{name}" {of.text()})' for name, of in self.exports)
        return f"({self.kind} {ident} {imports} {exports})"


FUNCTION = Type(FUNC)


def size(of: Type) -> int:
    return 1 + sum(size(inner) for _, inner in (*of.imports, *of.exports))


def fits(have: Type, want: Type) -> bool:
    if have.kind != want.kind:
        return False
    exports, promised = dict(have.exports), dict(want.imports)
    return all(name in exports and fits(exports[name], of) for name, of in want.exports) and all(
        name in promised and fits(promised[name], of) for name, of in have.imports
    )


def narrowed(value: Any, of: Type) -> Any:
    """What is left of a value where it is known by a type."""
    if of.kind != INSTANCE:
        return value
    return {name: narrowed(value[name], inner) for name, inner in of.exports}


class Scope:
    """A module being generated. items: (identifier, type) of what it has so far.  steps: of its model."""

    def __init__(self, ident: str, around: Scope | None) -> None:
        self.ident = ident
        self.around = around
        self.items: list[tuple[str, Type]] = []
        self.small: list[tuple[str, Type]] = []  # those whose types may become part of others
        self.fields: list[str] = []
        self.steps: list[Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], None]] = []

    def add(self, ident: str, of: Type, make: Callable[[dict[str, Any], dict[str, Any], dict[str, Any]], Any]) -> None:
        """make: the value, from the values so far, the imports, and the values of the modules around."""
        self.items.append((ident, of))
        if size(of) <= MAX_SIZE:
            self.small.append((ident, of))

        def step(values: dict[str, Any], given: dict[str, Any], outer: dict[str, Any]) -> None:
            values[ident] = narrowed(make(values, given, outer), of)

        self.steps.append(step)

    def of_kind(self, kind: str) -> list[tuple[str, Type]]:
        return [item for item in self.items if item[1].kind == kind]


class Generator:
    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.count = 0

    def fresh(self, letter: str = "x") -> str:
        self.count += 1
        return f"${letter}{self.count}"

    def names(self, most: int) -> list[str]:
        return [f"n{number}" for number in self.random.sample(range(8), self.random.randrange(most + 1))]

    def less(self, of: Type) -> Type:
        """A type that things of this type fit, often the same one."""
        if of.kind == FUNC or self.random.random() < 0.5:
            return of
        kept = [(name, self.less(inner)) for name, inner in of.exports if self.random.random() < 0.7]
        self.random.shuffle(kept)
        imports = of.imports
        if of.kind == MODULE and self.random.random() < 0.3:  # it may be promised more than it takes
            imports = (*imports, *(("more", FUNCTION),) * ("more" not in dict(imports)))
        return Type(of.kind, imports, tuple(kept))

    # --- one module ---

    def module(self, around: Scope | None, depth: int) -> tuple[str, Type, Callable[[dict[str, Any]], Run]]:
        """Its fields, its type, and the model of its closure over the values around."""
        scope = Scope(self.fresh("M"), around)
        imports: list[tuple[str, Type]] = []
        if around is not None:
            for name in self.names(2):
                hints = [FUNCTION, *(of for _, of in around.small)]
                self.add_import(scope, imports, name, self.less(self.random.choice(hints)))
        for _ in range(self.random.randrange(1, MAX_STEPS)):
            self.random.choice(
                (self.nested, self.nested, self.instantiate, self.instantiate, self.alias, self.outer, self.bundle)
            )(scope, depth)
        for _ in range(self.random.randrange(1, 3)):
            self.function(scope)
        exports = [(name, *self.random.choice(scope.small)) for name in self.names(5)]
        if self.random.random() < 0.8:  # what tells whether all before was right
            exports.append(("result", *scope.items[-1]))
        scope.fields += [f'(export "{name}" ({of.kind} {ident}))' for name, ident, of in exports]
        of = Type(MODULE, tuple(imports), tuple((name, of) for name, _, of in exports))

        def closure(outer: dict[str, Any]) -> Run:
            def run(given: dict[str, Any]) -> dict[str, Any]:
                values: dict[str, Any] = dict(outer)
                for step in scope.steps:
                    step(values, given, outer)
                return {name: values[ident] for name, ident, _ in exports}

            return run

        return f"{scope.ident} " + "\n".join(scope.fields), of, closure

    def add_import(self, scope: Scope, imports: list[tuple[str, Type]], name: str, of: Type) -> None:
        ident = self.fresh()
        imports.append((name, of))
        scope.fields.append(f'(import "{name}" {of.text(ident)})')
        scope.add(ident, of, lambda values, given, outer: given[name])

    # --- definitions ---

    def nested(self, scope: Scope, depth: int) -> None:
        if depth >= MAX_DEPTH:
            return
        text, of, closure = self.module(scope, depth + 1)
        ident = text.split()[0]
        scope.fields.append(f"(module {text})")
        scope.add(ident, of, lambda values, given, outer: closure(dict(values)))

    def instantiate(self, scope: Scope, depth: int) -> None:
        modules = scope.of_kind(MODULE)
        if not modules:
            return self.nested(scope, depth)
        module, of = self.random.choice(modules)
        args: list[tuple[str, str, Type]] = []
        for name, wanted in of.imports:
            fitting = [item for item in scope.items if fits(item[1], wanted)]
            if not fitting:
                return None
            args.append((name, *self.random.choice(fitting)))
        self.random.shuffle(args)
        ident = self.fresh()
        given_text = "".join(f'(import "{name}" ({of.kind} {item}))' for name, item, of in args)
        scope.fields.append(f"(instance {ident} (instantiate {module} {given_text}))")
        wanted_types = dict(of.imports)
        scope.add(
            ident,
            Type(INSTANCE, (), of.exports),
            lambda values, given, outer: values[module](
                {name: narrowed(values[item], wanted_types[name]) for name, item, _ in args}
            ),
        )
        for name, inner in of.exports:
            if inner.kind == FUNC:
                self.alias_export(scope, ident, name, inner)
        return None

    def alias(self, scope: Scope, depth: int) -> None:
        instances = [item for item in scope.of_kind(INSTANCE) if item[1].exports]
        if instances:
            instance, of = self.random.choice(instances)
            self.alias_export(scope, instance, *self.random.choice(of.exports))

    def alias_export(self, scope: Scope, instance: str, name: str, inner: Type) -> None:
        ident = self.fresh()
        scope.fields.append(f'(alias {instance} "{name}" ({inner.kind} {ident}))')
        scope.add(ident, inner, lambda values, given, outer: values[instance][name])

    def outer(self, scope: Scope, depth: int) -> None:
        around: list[tuple[Scope, str, Type]] = []
        at = scope.around
        while at is not None:
            around += [(at, *item) for item in at.of_kind(MODULE)]
            at = at.around
        if around:
            where, item, of = self.random.choice(around)
            ident = self.fresh()
            scope.fields.append(f"(alias outer {where.ident} {item} (module {ident}))")
            scope.add(ident, of, lambda values, given, outer: outer[item])

    def bundle(self, scope: Scope, depth: int) -> None:
        if scope.small:
            chosen = [(name, *self.random.choice(scope.small)) for name in self.names(3)]
            if chosen:
                ident = self.fresh()
                items = "".join(f'(export "{name}" ({of.kind} {item}))' for name, item, of in chosen)
                scope.fields.append(f"(instance {ident} {items})")
                of = Type(INSTANCE, (), tuple((name, of) for name, _, of in chosen))
                scope.add(ident, of, lambda values, given, outer: {name: values[item] for name, item, _ in chosen})

    def function(self, scope: Scope) -> None:
        ident, number = self.fresh(), self.random.randrange(1 << 20)
        functions = [item for item, _ in scope.of_kind(FUNC)]
        called = self.random.sample(functions, min(len(functions), 4))
        calls = "".join(f"(i32.add (call {item}))" for item in called)
        scope.fields.append(f"(func {ident} (result i32) (i32.const {number}) {calls})")
        scope.add(ident, FUNCTION, lambda values, given, outer: number + sum(values[item] for item in called))


# --- comparing ---


class LinkingTarget:
    def __init__(self, seed: str) -> None:
        config = taipan.Config()
        config.wasm_module_linking = True
        self.engine = taipan.Engine(config)
        self.counts: Counter[str] = Counter()

    def case(self, source: random.Random) -> str:
        generator = Generator(source)
        text, of, closure = generator.module(None, 0)
        module = taipan.Module(self.engine, f"(module {text})")
        if source.random() < SAVED:
            module = taipan.Module.deserialize(self.engine, module.serialize())
        self.counts["modules"] += text.count("(module $M")
        with taipan.Store(self.engine) as store:
            wrong = self.compare(store, taipan.Instance(store, module, []), closure({})({}), of.exports, source)
        return f"{wrong}\n(module {text})" if wrong else ""

    def compare(
        self, store: Any, instance: Any, model: dict[str, Any], types: Any, source: random.Random, whole: bool = True
    ) -> str:
        """What an instance exports, down to modules without imports, which are instantiated; "" or what is wrong.

        whole: whether the types are of everything that it exports.
        """
        found = instance.exports(store)
        wanted = {name for name, _ in types}
        if set(found) != wanted if whole else not wanted <= set(found):
            return f"exports {sorted(found)}, expected {sorted(wanted)}"
        for name, of in types:
            wrong = self.compare_item(store, found[name], model[name], of, source)
            if wrong:
                return f"{name}: {wrong}"
        return ""

    def compare_item(self, store: Any, item: Any, model: Any, of: Type, source: random.Random) -> str:
        self.counts[of.kind] += 1
        if of.kind == FUNC:
            result = item(store) & 0xFFFF_FFFF
            return "" if result == model & 0xFFFF_FFFF else f"{result}, expected {model & 0xFFFF_FFFF}"
        if of.kind == INSTANCE:
            return self.compare(store, item, model, of.exports, source)
        if item.imports:
            return ""
        if source.random() < SAVED:
            item = taipan.Module.deserialize(self.engine, item.serialize())
        self.counts["instantiated"] += 1
        # a module is known by its type to others, but the host gets all of it
        return self.compare(store, taipan.Instance(store, item, []), model({}), of.exports, source, whole=False)
