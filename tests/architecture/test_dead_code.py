"""What is written is reached: from what runs when the program starts, name by name, to everything there is.

A name counts as reached where code that is itself reached reads it. Names, not objects: two methods of one name keep
each other, so nothing that lives is called dead. Comments, docstrings, imports and assignments reach nothing.
"""

from __future__ import annotations

import ast
import importlib
import os
from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tests.architecture.source import OWN_PROGRAMS, PACKAGES, modules, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.architecture.source import Module

LOOKED_AT_BY_TESTS = {
    "NEXT_STEPS": "every suggestion of a death report has its button",
    "all_text": "a terminal's whole contents",
    "backlog": "what a terminal has not drawn yet",
    "names_server_pid": "whom a test kills",
    "select_other_charset": "pyte looks it up by a name it makes",
    "write_process_input": "pyte's way to answer the process",
}
FILLED_FROM_OUTSIDE = (
    "engine.api.shapes.bodies",
    "engine.images.known.manifest",
    "engine.sandbox.keeper.kernel",
    "engine.cli.reach.wire",
)
"""Their records have the fields that others send or the kernel wants, read or not."""
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Names:
    """Where each name is defined, and inside which definitions it is read."""

    defined: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    read_in: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, module: Module) -> None:
        self._walk(module, module.tree, ())

    def _walk(self, module: Module, node: ast.AST, inside: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            within_child = inside
            if isinstance(child, _DEFINITIONS):
                within_child = (*inside, child.name)
                self._define(module, within_child)
                for decorator in child.decorator_list:
                    self._walk(module, ast.Expr(decorator), inside)
            elif isinstance(child, ast.Assign | ast.AnnAssign) and isinstance(node, ast.Module | ast.ClassDef):
                for name in _targets(child):
                    self._define(module, (*inside, name))
            elif name := _read(child):
                self.read_in[name].add(inside)
            self._walk(module, child, within_child)

    def _define(self, module: Module, path: tuple[str, ...]) -> None:
        self.defined[path[-1]].add(f"{module.name}:{'.'.join(path)}")

    def unreached(self) -> set[str]:
        """From the outside in: what modules read as they load, what that reads, and so on."""
        reached: set[str] = set()
        while True:
            left = self.defined.keys() - reached
            found = {name for name in left if any(reached.issuperset(place) for place in self.read_in.get(name, ()))}
            if not found:
                return left
            reached |= found


def _targets(statement: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    yield from (target.id for target in targets if isinstance(target, ast.Name))


def _read(node: ast.AST) -> str:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return node.attr
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        # getattr, tables of handlers, fields by name; "module:function" is an entrance.
        word = node.value.rpartition(":")[2]
        return word if word.isidentifier() and " " not in node.value else ""
    return ""


def called_from_outside(place: str) -> bool:
    """A method that overrides one of a class that is not ours, or a member of an enumeration: others ask for those."""
    name, _, path = place.partition(":")
    if within(name, *OWN_PROGRAMS):
        return path.rpartition(".")[2].startswith("__")
    found: object = importlib.import_module(name)
    owner: object = None
    for part in path.split("."):
        owner, found = found, getattr(found, part, None)
    if not isinstance(owner, type):
        return False
    member = path.rpartition(".")[2]
    foreign = [base for base in owner.__mro__ if not within(base.__module__, *PACKAGES) and base is not object]
    return issubclass(owner, Enum) or member.startswith("__") or any(hasattr(base, member) for base in foreign)


def test_nothing_is_written_and_never_reached() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    names = Names()
    for module in modules().values():
        names.add(module)
    roots = {
        name
        for name in names.unreached()
        if any(called_from_outside(place) for place in names.defined[name])
        or all(within(place.partition(":")[0], *FILLED_FROM_OUTSIDE) for place in names.defined[name])
    }
    for name in roots | set(LOOKED_AT_BY_TESTS) | {"__all__"}:
        names.read_in[name].add(())
    assert not [f"{name}: {', '.join(sorted(names.defined[name]))}" for name in sorted(names.unreached())]


def test_the_list_of_what_only_tests_look_at_is_no_longer_than_it_must_be() -> None:
    names = Names()
    for module in modules().values():
        names.add(module)
    assert names.unreached() >= set(LOOKED_AT_BY_TESTS), "used or gone: take them off the list"


def test_the_search_finds_what_nobody_reaches() -> None:
    text = (
        "USED = 1\nUNUSED = 2\n"
        "def one(): return USED\ndef two(): return three()\ndef three(): return two()\ndef alone(): return alone()\n"
        "class Box:\n    kept: int = 0\n    forgotten: int = 0\n    def read(self): return self.kept\n"
        "one(); Box().read()\n"
    )
    module = type("Module", (), {"name": "sample", "tree": ast.parse(text)})()
    names = Names()
    names.add(module)
    assert names.unreached() == {"UNUSED", "two", "three", "alone", "forgotten"}
