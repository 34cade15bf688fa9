"""The program's source, parsed once: modules, what each imports, and how its functions measure."""

from __future__ import annotations

import ast
import gc
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("engine", "gui", "resources")
OWN_PROGRAMS = (
    "engine.sandbox.keeper",
    "engine.networks.names",
    "engine.containers.restarter",
    "engine.containers.look.lend_program",
    "engine.containers.watch.probe_program",
)
"""Programs of their own: the keeper, the stand-in that conmon calls when a container ends, the lender of shells, and
what asks a container's ports."""


@dataclass(frozen=True)
class Import:
    """One imported module, absolute. `typing_only` imports never run."""

    target: str
    line: int
    typing_only: bool


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    text: str
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def relative(self) -> str:
        return str(self.path.relative_to(REPOSITORY))

    def imports_from(self, *packages: str) -> list[Import]:
        return [found for found in self.imports if within(found.target, *packages)]


def within(name: str, *packages: str) -> bool:
    """Is a dotted name one of these packages or below one?"""
    return any(name == package or name.startswith(package + ".") for package in packages)


@cache
def modules() -> dict[str, Module]:
    """Read without rounds of the garbage collector, each of which would look at all the nodes that there are so far."""
    gc.disable()
    try:
        return {module.name: module for package in PACKAGES for module in _read(package)}
    finally:
        gc.freeze()
        gc.enable()


@cache
def suite_files() -> tuple[Path, ...]:
    return tuple(sorted((REPOSITORY / "tests").rglob("*.py")))


def _read(package: str) -> Iterator[Module]:
    for path in sorted((REPOSITORY / package).rglob("*.py")):
        if path.name.endswith("_pb2.py"):
            continue  # generated
        parts = path.relative_to(REPOSITORY).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text()
        tree = ast.parse(text, str(path))
        yield Module(name, path, text, tree, tuple(_imports(tree, name, is_package=parts[-1] == "__init__")))


def _imports(tree: ast.Module, name: str, *, is_package: bool) -> Iterator[Import]:
    typing_only = _typing_only_nodes(tree)
    for node in ast.walk(tree):
        hidden = id(node) in typing_only
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, hidden)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name, is_package=is_package)
            for alias in node.names:
                # "from a import b" may mean the module a.b; the graph asks which exists.
                yield Import(
                    f"{base}.{alias.name}" if _is_module(f"{base}.{alias.name}") else base, node.lineno, hidden
                )


def _absolute(node: ast.ImportFrom, name: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])


@cache
def _is_module(name: str) -> bool:
    path = REPOSITORY.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def _typing_only_nodes(tree: ast.Module) -> set[int]:
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            hidden |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
    return hidden


def standard_library(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


@dataclass(frozen=True)
class Function:
    where: str
    lines: int


def functions(module: Module) -> Iterator[Function]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Function(f"{module.relative}::{node.name}", lines)
