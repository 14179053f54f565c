"""`Module`: the stages from bytes to code that can be instantiated.

    bytes --binary.decode--> wasm.Module --validate.check_module--> ModuleEnv --Compiler--> NativeModule

Threads: modules may be used by any number of threads at once.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, final

from taipan import _native
from taipan.engine import Engine, check_engine, check_host
from taipan.native_module import make_native
from taipan.runtime.managed import Unique, already_closed
from taipan.runtime.module_info import ModuleInfo
from taipan.runtime.types import AsExternType, ExportType, ImportType, ModuleType
from taipan.stages import MAGIC, check, decode, to_bytes, wasm_bytes
from taipan.wasm.module import FUNC, GLOBAL, MEMORY, MODULE, TABLE
from taipan.wasm.module import Module as WasmModule

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from taipan.binary.names import Names
    from taipan.runtime.link_info import FileTypes


@final
class Module(Unique):
    """A compiled module: `Module(engine, wasm)`.

    wasm: the bytes of the binary format, or the text format as str or bytes. Raises MalformedError or InvalidError,
    both WasmErrors; UnsupportedError for what cannot be compiled yet, at the latest when such a function is called.
    """

    __slots__ = ("__weakref__", "_closed", "_info", "_module", "_native", "_nested", "_upvars", "engine")
    _info: ModuleInfo
    _native: _native.NativeModule
    _nested: tuple[Module, ...]  # those inside it, without their upvars
    _upvars: tuple[Module, ...]  # modules of enclosing ones that it uses, see `wasm.link_types.Links`

    def __init__(self, engine: Engine, wasm: str | Buffer) -> None:
        check_engine(engine)
        check_host(engine)
        module = decode(wasm_bytes(wasm, engine.features), engine.features)
        check(module, engine.features)
        self.engine = engine
        self._module = module
        self._closed = False
        self._upvars = ()
        if module.links is not None:
            from taipan.runtime.link_info import FileTypes

            self._compile_nested(FileTypes(engine.types, module))
            return
        self._info = ModuleInfo(module, engine.types.register(module.types, module.rec_groups))
        self._native = make_native(engine, module, self._info)
        self._nested = ()

    def _compile_nested(self, types: FileTypes) -> None:
        """With module linking: this module and those inside it."""
        from taipan.runtime.link_info import LinkInfo, nested_modules

        module = self._module
        self._info = ModuleInfo(module, types.registered(module), LinkInfo(types, module))
        self._native = make_native(self.engine, module, self._info)
        nested = []
        for inner in nested_modules(module):
            made = Module._of(self.engine, inner)
            made._compile_nested(types)
            nested.append(made)
        self._nested = tuple(nested)

    def _all(self) -> list[Module]:
        """This module, those inside it and those that it closes over; one for all closures of the same code."""
        seen: set[int] = set()
        found: dict[int, Module] = {}
        waiting = [self]
        while waiting:
            module = waiting.pop()
            if id(module) not in seen:
                seen.add(id(module))
                found.setdefault(id(module._module), module)
                waiting += [*module._nested, *module._upvars]
        return list(found.values())

    def _closure(self, upvars: tuple[Module, ...]) -> Module:
        """A module value: with the modules of enclosing ones that it uses. Its code is shared, closing it is not."""
        made = Module._of(self.engine, self._module)
        made._info = self._info
        made._native = self._native
        made._nested = self._nested
        made._upvars = upvars
        return made

    @classmethod
    def from_file(cls, engine: Engine, path: str | bytes | os.PathLike[Any]) -> Module:
        """From a .wasm or .wat file. Raises OSError if it cannot be read."""
        check_engine(engine)
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @classmethod
    def new_with_name(cls, engine: Engine, wasm: str | Buffer, name: str) -> Module:
        """The same as `Module(engine, wasm)`, under a name of the host's choice: backtraces show it."""
        if not isinstance(name, str):
            raise TypeError("expected the name as str")
        made = cls(engine, wasm)
        made._info.names.module = name
        return made

    @classmethod
    def from_binary(cls, engine: Engine, wasm: Buffer) -> Module:
        """From the binary format only."""
        check_engine(engine)
        data = to_bytes(wasm)
        if not data.startswith(MAGIC):
            decode(data, engine.features)  # raises
        return cls(engine, data)

    @classmethod
    def validate(cls, engine: Engine, wasm: Buffer) -> None:
        """Whether the bytes are a valid module. Raises MalformedError or InvalidError if not."""
        check_engine(engine)
        check(decode(to_bytes(wasm), engine.features), engine.features)

    @classmethod
    def deserialize(cls, engine: Engine, encoded: Buffer) -> Module:
        """A module from what `serialize` gave. **Its machine code is executed as it stands: load only what you trust.**

        Raises MalformedError if the data is damaged, UnsupportedError if it was made for other settings, another
        version or another machine. What was changed on purpose may go unnoticed.
        """
        from taipan import precompiled

        check_engine(engine)
        return precompiled.load(engine, encoded)

    @classmethod
    def deserialize_file(cls, engine: Engine, path: str | os.PathLike[Any], *, verify: bool = False) -> Module:
        """The same from a file, which is mapped: only what runs is read. It must not be changed while in use.

        verify: read all of it at once, to notice damage in code and data, too. Raises OSError if it cannot be read.
        """
        from taipan import precompiled

        check_engine(engine)
        return precompiled.load_file(engine, path, verify)

    def serialize(self) -> bytearray:
        """The module compiled as a whole, for `deserialize` in another process with equal settings."""
        from taipan import precompiled

        if self._opened().links is not None:
            from taipan import precompiled_set

            return precompiled_set.serialize(self.engine, precompiled_set.value_of(self))
        return precompiled.serialize(self.engine, self._module)

    @classmethod
    def _of(cls, engine: Engine, module: WasmModule) -> Module:
        """Without what follows from it."""
        made = cls.__new__(cls)
        made.engine = engine
        made._module = module
        made._closed = False
        made._nested = made._upvars = ()
        return made

    @property
    def imports(self) -> list[ImportType]:
        """Types of the imports, in their order."""
        info = self._opened()
        if info.links is not None:
            return self.type.imports
        counts = {FUNC: 0, TABLE: 0, MEMORY: 0, GLOBAL: 0}
        listed = []
        for entry in info.imports:
            index = counts.get(entry.kind, 0)
            counts[entry.kind] = index + 1
            listed.append(ImportType(entry.module, entry.name, info.extern_type(entry.kind, index)))
        return listed

    @property
    def exports(self) -> list[ExportType]:
        """Types of the exports, in their order."""
        info = self._opened()
        return [ExportType(name, info.export_type(name)) for name in info.exports]

    @property
    def type(self) -> ModuleType:
        """What it imports and exports."""
        info = self._opened()
        if info.links is None:
            return ModuleType(self.imports, self.exports)
        made = info.links.extern_type((MODULE, info.links.type))
        assert isinstance(made, ModuleType)
        return made

    def get_export(self, name: str) -> AsExternType | None:
        """The type of the export of that name, or None."""
        info = self._opened()
        return info.export_type(name) if name in info.exports else None

    @property
    def name(self) -> str | None:
        """From the name section, or from `new_with_name`."""
        return self._opened().name

    @property
    def names(self) -> Names:
        """The name section: `names.funcs`, `names.locals` and so on, from index to name."""
        return self._opened().names

    @property
    def custom_sections(self) -> list[tuple[str, bytes]]:
        """Names and contents of the custom sections, the name section included, in the module's order."""
        self._opened()
        return [(section.name, section.data) for section in self._module.customs]

    def text(self) -> str:
        """The module in the text format."""
        self._opened()
        from taipan.text.printer import print_module

        return print_module(self._module)

    def close(self) -> None:
        """No further instances; those that exist go on."""
        self._closed = True

    def _opened(self) -> ModuleInfo:
        if self._closed:
            raise already_closed()
        return self._info

    def __repr__(self) -> str:
        info = self._info
        return f"<Module {info.name or '(unnamed)'}: {len(info.imports)} imports, {len(info.exports)} exports>"
