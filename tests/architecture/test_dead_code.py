"""What is written is used: every function, class and constant is named again somewhere in the program."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.architecture.source import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLED_BY_A_FRAMEWORK = {
    "__aenter__", "__aexit__", "__anext__", "__del__",
    "readinto",  # io.RawIOBase
    "handle_error", "eof_received",  # aiohttp and asyncio protocols
    "closeEvent", "inputMethodEvent", "expandingDirections", "hasHeightForWidth",  # Qt widgets and layouts
    "filterAcceptsRow", "hasChildren",  # Qt models
    "dragEnterEvent", "dropEvent", "startDrag", "hasFormat", "retrieveData",  # Qt's drag and drop
    "write_process_input", "report_device_attributes", "set_icon_name", "select_other_charset",  # pyte
}  # fmt: skip

LOOKED_AT_BY_TESTS = {
    "all_text": "a terminal's whole contents",
}


def test_nothing_is_written_and_never_used() -> None:
    times = Counter(word for module in modules().values() for word in re.findall(r"\w+", module.text))
    once = {
        f"{module.relative}: {name}"
        for module in modules().values()
        for name in _defined(module.tree)
        if times[name] == 1 and name not in CALLED_BY_A_FRAMEWORK and name not in LOOKED_AT_BY_TESTS
    }

    assert not once
    assert not {name for name in LOOKED_AT_BY_TESTS if times[name] != 1}, "used or gone: take them off the list"


def _defined(tree: ast.Module) -> Iterator[str]:
    """Functions and classes at any depth, constants of the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
