"""Which proposals a script needs, told from the folders in its path, as the test suites arrange them."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from taipan.features import REQUIRES, Features

# Folder -> features switched on, features switched off.
_FOLDERS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    # Written against WebAssembly 1.0: second tables and memories must be refused, limits are 32 bits.
    "proposals/threads": (("threads",), ("reference-types", "multi-memory", "memory64")),
    "proposals/custom-page-sizes": (("custom-page-sizes",), ()),
    "proposals/wide-arithmetic": (("wide-arithmetic",), ()),
    "proposals/custom-descriptors": (("custom-descriptors",), ()),
    "testsuite/legacy": (("legacy-exceptions",), ()),
    "misc_testsuite/threads": (("threads",), ()),
    "module-linking": (("module-linking", "threads"), ()),
}


def features_for(path: str | PurePath, base: Features | None = None) -> Features:
    """`base` (default: everything in WebAssembly 3.0) with what the script's folder calls for."""
    enabled = set((base or Features()).enabled)
    parts = PurePath(path).parent.parts
    for folder, (switched_on, switched_off) in _FOLDERS.items():
        wanted = tuple(folder.split("/"))
        if any(parts[index : index + len(wanted)] == wanted for index in range(len(parts))):
            enabled.update(switched_on)
            enabled.difference_update(switched_off)
    return Features(_closed(enabled))


def _closed(enabled: set[str]) -> frozenset[str]:
    """Without the features whose requirements are missing."""
    while True:
        broken = {name for name in enabled if not enabled.issuperset(REQUIRES.get(name, ()))}
        if not broken:
            return frozenset(enabled)
        enabled -= broken
