"""The proposals this package knows, and which are on by default.

A feature's name is also the word after `-W` on the command line (`-W threads=y`) and, with underscores and a
`wasm_` prefix, the attribute of `Config`.
"""

from __future__ import annotations

from typing import Final

# Everything in WebAssembly 3.0 is on; later proposals are off until asked for.
DEFAULTS: Final[dict[str, bool]] = {
    "mutable-global": True,
    "sign-extension": True,
    "saturating-float-to-int": True,
    "multi-value": True,
    "bulk-memory": True,
    "reference-types": True,
    "simd": True,
    "tail-call": True,
    "extended-const": True,
    "function-references": True,
    "gc": True,
    "multi-memory": True,
    "memory64": True,
    "relaxed-simd": True,
    "exceptions": True,
    "threads": False,
    "wide-arithmetic": False,
    "custom-page-sizes": False,
    "legacy-exceptions": False,
    "custom-descriptors": False,
    "module-linking": False,
}

# Turning the first on is meaningless without the others.
REQUIRES: Final[dict[str, tuple[str, ...]]] = {
    "relaxed-simd": ("simd",),
    "function-references": ("reference-types",),
    "gc": ("function-references",),
    "custom-descriptors": ("gc",),
    "exceptions": ("reference-types",),
}


class Features:
    """A set of switched-on proposals. Immutable: `replace` gives a changed copy."""

    __slots__ = ("enabled",)

    def __init__(self, enabled: frozenset[str] | None = None) -> None:
        self.enabled: Final = frozenset(n for n, on in DEFAULTS.items() if on) if enabled is None else enabled

    def __contains__(self, name: str) -> bool:
        return name in self.enabled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Features) and self.enabled == other.enabled

    def __hash__(self) -> int:
        return hash(self.enabled)

    def __repr__(self) -> str:
        return f"Features({', '.join(sorted(self.enabled))})"

    def replace(self, **changes: bool) -> Features:
        """A copy with the named features (underscores for dashes) switched; unknown names raise ValueError."""
        enabled = set(self.enabled)
        for key, on in changes.items():
            name = key.replace("_", "-")
            if name not in DEFAULTS:
                raise ValueError(f"unknown WebAssembly feature {name!r}; known: {', '.join(DEFAULTS)}")
            enabled.add(name) if on else enabled.discard(name)
        return Features(frozenset(enabled))

    @staticmethod
    def everything() -> Features:
        """All proposals on, for tools that only read modules; but module linking gives imports another meaning."""
        return Features(frozenset(DEFAULTS) - {"module-linking"})
