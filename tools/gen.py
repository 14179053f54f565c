"""Writes the generated files that are checked in: `python -m tools gen [--check]`.

One function per file returns its text; `FILES` says where it goes. With `--check` nothing is written and the exit
status says whether every file is what a fresh run makes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from taipan.abi import builtins, kinds, layout, plans, traps
from tools.gen_check import check_module
from tools.gen_shapes import shapes_module
from tools.gen_visit import visitor_module

ROOT = Path(__file__).resolve().parent.parent


def c_name(name: str) -> str:
    """`VMFuncRef` -> `VMFUNCREF`, `stack_limit` -> `STACK_LIMIT`."""
    return name.upper()


def c_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def abi_header() -> str:
    """`abi_generated.h`: offsets, numbers and lists from `taipan/abi`, for 64-bit and 32-bit pointers."""
    lines = [
        "/* Generated from taipan/abi by `python -m tools gen`; do not edit. */",
        "#ifndef TAIPAN_ABI_GENERATED_H",
        "#define TAIPAN_ABI_GENERATED_H",
    ]
    for pointer_size, condition in ((8, "#if __SIZEOF_POINTER__ == 8"), (4, "#else")):
        lines += ["", condition, ""]
        for struct in layout.STRUCTS:
            offsets, size = layout.field_offsets(struct, pointer_size)
            prefix = c_name(struct)
            lines += [f"#define {prefix}_{c_name(field)} {offset}" for field, offset in offsets.items()]
            lines += [f"#define {prefix}_SIZE {size}", ""]
        lines.pop()
    lines += ["", "#endif", ""]
    lines += ["/* For offsetof assertions: X(struct, field, offset). */"]
    lines += x_macro(
        "ABI_FIELDS",
        [
            f"X({struct}, {field}, {c_name(struct)}_{c_name(field)})"
            for struct, fields in layout.STRUCTS.items()
            for field, _, _ in fields
        ],
    )
    lines += ["", f"#define NULL_TYPE_ID {layout.NULL_TYPE_ID:#x}u"]
    lines += [
        f"#define {name} {value}"
        for name, value in vars(layout).items()
        if name.startswith(("SITE_", "MAP_", "RELOC_"))
    ]
    lines += ["", "/* Trap kinds; TRAPS lists X(name, number, message). */"]
    lines += [f"#define TRAP_{name} {number}" for number, (name, _) in traps.TRAPS.items()]
    lines.append(f"#define TRAP_LIMIT {max(traps.TRAPS) + 1}")
    lines += x_macro("TRAPS", [f"X({name}, {num}, {c_string(msg)})" for num, (name, msg) in traps.TRAPS.items()])
    lines += ["", "/* Helpers called by generated code; BUILTINS lists X(name, number) in the order of the table. */"]
    lines += [f"#define BUILTIN_{c_name(row[0])} {i}" for i, row in enumerate(builtins.BUILTINS)]
    lines.append(f"#define BUILTIN_COUNT {len(builtins.BUILTINS)}")
    lines += x_macro("BUILTINS", [f"X({row[0]}, {i}) /* {row[1]} */" for i, row in enumerate(builtins.BUILTINS)])
    lines += ["", "/* Kinds of values; KINDS lists X(name). */"]
    lines += x_macro("KINDS", [f"X({name})" for name in kinds.KINDS])
    lines += ["", "#ifndef __ASSEMBLER__", *struct_lines(), *offset_lines(), "#endif", "", "#endif", ""]
    return "\n".join(lines)


def offset_lines() -> list[str]:
    """`VMOffsets` and the function that computes them, as `layout.VMOffsets` does."""
    names = [name for name, _ in layout.CONTEXT_PARTS]
    lines = [
        "typedef struct VMOffsets {",
        f"    uint32_t {', '.join(names)}, size;",
        "} VMOffsets;",
        "/* Byte offsets in the VMContext of a module with these counts; the size, which may exceed 32 bits. */",
        "static inline uint64_t abi_vm_offsets(VMOffsets *out,",
        f"    {', '.join(f'uint64_t {name}' for name in names)}) {{",
        "    uint64_t at = VMCONTEXTHEADER_SIZE;",
    ]
    for name, item in layout.CONTEXT_PARTS:
        if item == "VMGlobal":
            lines.append("    at = (at + 15) & ~(uint64_t)15;")
        size = "sizeof(void *)" if item == "p" else f"{c_name(item)}_SIZE"
        lines += [f"    out->{name} = (uint32_t)at;", f"    at += {name} * {size};"]
    return [*lines, "    at = (at + 15) & ~(uint64_t)15;", "    out->size = (uint32_t)at;", "    return at;", "}"]


C_TYPES = {"Q": "uint64_t", "B": "uint8_t"}


def struct_lines() -> list[str]:
    """Definitions of the structures that nothing private is added to, of plans, and of the enumeration of kinds."""
    lines = ["enum {", *(f"    KIND_{name}," for name in kinds.KINDS), "    KIND_COUNT", "};"]
    for name, fields in layout.STRUCTS.items():
        if all(c_type for _, _, c_type in fields):
            lines += [f"typedef struct {name} {{", *(f"    {c_type}{field};" for field, _, c_type in fields)]
            lines += [f"}} {name};", f'_Static_assert(sizeof({name}) == {c_name(name)}_SIZE, "{name}");']
    for name, rows in plans.PLANS.items():
        lines.append(f"typedef struct {name} {{")
        for field, code in rows:
            lines.append(f"    uint8_t {field}[{code[:-1]}];" if code[-1] == "x" else f"    {C_TYPES[code]} {field};")
        lines += [f"}} {name};", f'_Static_assert(sizeof({name}) == {plans.record(name).size}, "{name}");']
    return lines


def x_macro(name: str, rows: list[str]) -> list[str]:
    """`#define NAME(X)` with one row per line."""
    lines = [f"#define {name}(X) \\"]
    lines += [f"    {row} \\" for row in rows[:-1]]
    return [*lines, f"    {rows[-1]}"]


FILES: dict[str, Callable[[], str]] = {
    "taipan/_native/abi_generated.h": abi_header,
    "taipan/wasm/_generated_visit.py": visitor_module,
    "taipan/wasm/_generated_shapes.py": shapes_module,
    "taipan/validate/_generated_check.py": check_module,
}


def stale_files() -> list[str]:
    """Paths of the generated files that differ from a fresh run."""
    return [path for path, make in FILES.items() if not _matches(ROOT / path, make())]


def _matches(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def main(argv: list[str]) -> int:
    stale = stale_files()
    if argv == ["--check"]:
        for path in stale:
            print(f"{path} is not what `python -m tools gen` makes", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        (ROOT / path).write_text(FILES[path](), encoding="utf-8")
        print(f"wrote {path}")
    return 0
