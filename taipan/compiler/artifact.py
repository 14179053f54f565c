"""What compilers make: code of one function or of a whole module, with its tables as `abi.layout` lays them out."""

from __future__ import annotations

from typing import Final, final


@final
class CompiledFunction:
    """Code of one function. relocs, sites, stack_maps: the arguments of `NativeModule.publish`.

    data_start: where constants begin behind the instructions, as far as that is known: for listings.
    """

    def __init__(self, code: bytes, relocs: bytes, sites: bytes, stack_maps: bytes, *, data_start: int = -1) -> None:
        self.code: Final = code
        self.relocs: Final = relocs
        self.sites: Final = sites
        self.stack_maps: Final = stack_maps
        self.data_start: Final = len(code) if data_start < 0 else data_start


@final
class LoopStub:
    """The way from a loop's header in baseline code into a continuation: see `baseline/osr.py`.

    call_field: offset of the 32-bit field of its call, counted from the end of the field, to fill in.
    """

    def __init__(self, code: bytes, sites: bytes, call_field: int) -> None:
        self.code: Final = code
        self.sites: Final = sites
        self.call_field: Final = call_field


@final
class Image:
    """All functions of a module: the arguments of `NativeModule.load`, where their formats stand.

    For listings: data_starts as in CompiledFunction, 32 bits each, or nothing;  left: why the compiler left functions
    to the baseline compiler, by defined index.
    """

    def __init__(
        self,
        code: bytes,
        offsets: bytes,
        sites: bytes,
        site_starts: bytes,
        stack_maps: bytes,
        stack_map_starts: bytes,
        data_starts: bytes = b"",
        left: dict[int, str] | None = None,
    ) -> None:
        self.code: Final = code
        self.offsets: Final = offsets
        self.sites: Final = sites
        self.site_starts: Final = site_starts
        self.stack_maps: Final = stack_maps
        self.stack_map_starts: Final = stack_map_starts
        self.data_starts: Final = data_starts
        self.left: Final[dict[int, str]] = {} if left is None else left
