"""Implementation limits, each with its reason. Beyond one, a module is refused (`too_many`), whichever stage notices.

The numbers of the JS embedding API (Web limits) are used where it has one: toolchains stay below them.
"""

from __future__ import annotations

from typing import Final

from taipan.errors import UnsupportedError

MAX_MODULE_BYTES: Final = 1 << 30  # JS API; also keeps every wasm_offset in 31 bits
MAX_TYPES: Final = 1_000_000  # JS API
MAX_FUNCTIONS: Final = 1_000_000  # JS API
MAX_IMPORTS: Final = 1_000_000  # JS API raised; JS: 100,000 at first
MAX_EXPORTS: Final = 1_000_000  # JS API
MAX_GLOBALS: Final = 1_000_000  # JS API
MAX_TAGS: Final = 1_000_000  # JS API
MAX_DATA_SEGMENTS: Final = 100_000  # JS API
MAX_ELEM_SEGMENTS: Final = 10_000_000  # JS API: size of tables
MAX_TABLES: Final = 100_000  # JS API
MAX_MEMORIES: Final = 100  # JS API
MAX_FUNCTION_BYTES: Final = 7_654_321  # JS API
MAX_LOCALS: Final = 50_000  # JS API: locals and parameters of one function
MAX_PARAMS: Final = 1_000  # JS API
MAX_RESULTS: Final = 1_000  # JS API
MAX_STRUCT_FIELDS: Final = 10_000  # JS API
MAX_SUBTYPING_DEPTH: Final = 63  # JS API
MAX_TABLE_ELEMENTS: Final = 10_000_000  # JS API: run-time size of one table
MAX_MEMORY32_PAGES: Final = 65_536  # spec: 4 GiB
MAX_NESTING: Final = 100_000  # blocks inside each other in one function; control frames are 100 bytes each
MAX_STRING_BYTES: Final = 100_000  # JS API: names in imports and exports

MAX_NESTED_MODULES: Final = 1_000  # Wasmtime's: modules in one module, without those inside them
MAX_FILE_MODULES: Final = 10_000  # modules in one file, at any depth; each takes kilobytes and eight bytes in the file
MAX_INSTANCES: Final = 1_000  # Wasmtime's: instances that one module makes or imports
MAX_MODULE_DEPTH: Final = 100  # modules inside each other; reading and checking them recurses
MAX_TYPE_SIZE: Final = 100_000  # Wasmtime's: items in a module or instance type, with all those inside it
MAX_TYPE_DEPTH: Final = 100  # module and instance types inside each other; comparing them recurses


def too_many(what: str, count: int, limit: int) -> UnsupportedError:
    """For a module that is beyond a limit, but neither malformed nor invalid."""
    return UnsupportedError(f"too many {what}: {count}; the implementation's limit is {limit}")
