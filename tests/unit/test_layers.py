"""Imports point one way (docs/architecture.md): a layer knows only what stands before it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "taipan"

COMMON = {"errors", "features", "limits"}
# layer -> the layers it may import, besides itself and the common modules
ALLOWED = {
    "wasm": set(),
    "abi": {"wasm"},
    "binary": {"wasm"},
    "text": {"wasm", "binary"},
    "validate": {"wasm", "binary"},
    "compiler": {"wasm", "abi", "binary"},
    "runtime": {"wasm", "abi", "_native", "config"},
    "link": {"wasm", "abi", "_native", "runtime", "engine", "module", "config"},
    "wasi": {"runtime", "link", "wasm", "_native", "engine", "config"},
}


def layer_of(module: str) -> str:
    return module.split(".")[1] if module.startswith("taipan.") else ""


def top_level_imports(tree: ast.Module) -> list[str]:
    """Modules imported when the file is loaded; imports under TYPE_CHECKING and inside functions are not."""
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names += [f"{node.module}.{alias.name}" if node.module == "taipan" else node.module for alias in node.names]
    return names


@pytest.mark.parametrize("layer", ALLOWED)
def test_layer_imports_only_what_stands_before_it(layer: str) -> None:
    wrong = []
    for path in sorted((PACKAGE / layer).rglob("*.py")):
        for name in top_level_imports(ast.parse(path.read_text())):
            target = layer_of(name)
            if target and target != layer and target not in ALLOWED[layer] | COMMON:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong


def test_compiler_and_runtime_do_not_know_each_other() -> None:
    """Not even inside functions: an engine without a compiler still runs artifacts (R-31)."""
    for layer, forbidden in (("runtime", "compiler"), ("compiler", "runtime"), ("abi", "compiler")):
        for path in sorted((PACKAGE / layer).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                module = node.module if isinstance(node, ast.ImportFrom) else None
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module or ""]
                assert not any(name.startswith(f"taipan.{forbidden}") for name in names), f"{path}: {names}"
