"""What the host processor can do."""

from __future__ import annotations

from typing import Final

from taipan.errors import UnsupportedError

REQUIRED = ("sse4_1", "ssse3", "popcnt")
"""Flags of x86-64-v2 that generated code relies on."""

OPTIONAL: Final[dict[str, str]] = {
    "abm": "lzcnt counts leading zeros",
    "bmi1": "tzcnt counts trailing zeros",
    "bmi2": "shifts by any register, rotation into another register",
}
"""Flags that make generated code better, and how."""

FALLBACK: Final = frozenset(REQUIRED)

_host: frozenset[str] | None = None


def read_flags() -> frozenset[str]:
    """Flags in /proc/cpuinfo; without it, the required ones, which every x86-64 processor since 2008 has."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
            for line in info:
                if line.startswith("flags"):
                    return frozenset(line.partition(":")[2].split())
    except OSError:
        pass  # another operating system, /proc is not mounted, or no file can be opened now
    return FALLBACK


def check_flags(flags: frozenset[str]) -> None:
    """Raise UnsupportedError if the processor lacks something that generated code needs."""
    missing = [flag for flag in REQUIRED if flag not in flags]
    if missing:
        raise UnsupportedError(f"this processor lacks {', '.join(missing)}: compiled code needs x86-64-v2")


def host_flags() -> frozenset[str]:
    """The host's flags, read once and checked. What stands in for them is not kept: the next compiler reads again."""
    global _host
    if _host is not None:
        return _host
    flags = read_flags()
    check_flags(flags)
    if flags is not FALLBACK:
        _host = flags
    return flags
