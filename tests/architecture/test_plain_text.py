"""Hostile text is inert: no widget gets a label or a tooltip but through the helpers that keep it plain."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.architecture.source import Module, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

LABELS = "gui.widgets.labels"
TIPS = "gui.plain_text"
TIP_CALLS = frozenset({"setTabToolTip", "setItemToolTip", "setSectionToolTip"})
"""Take a place and a text, which must be `tip(…)`; plain `setToolTip` is `set_tip`'s alone, but for tree items."""
INTERPRETS = frozenset(
    {"setHtml", "appendHtml", "insertHtml", "setMarkdown", "insertMarkdown", "setWhatsThis", "setStatusTip"}
)
RICH_WIDGETS = frozenset({"QTextBrowser", "QMessageBox", "QErrorMessage", "QToolTip", "QGraphicsTextItem"})


def _is_tip(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _is_tip(node.body) and (isinstance(node.orelse, ast.Constant) or _is_tip(node.orelse))
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tip"


def _calls(module: Module, node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in INTERPRETS or name in RICH_WIDGETS:
        yield f"{name} reads HTML"
    if name == "QLabel" and module.name != LABELS:
        yield "QLabel guesses what its text is: label() of gui/widgets/labels.py"
    if name == "addRow" and node.args and isinstance(first := node.args[0], (ast.Call, ast.Subscript, ast.Constant)):
        plain = isinstance(first, ast.Constant) and not first.value
        made = isinstance(first, ast.Call) and getattr(first.func, "id", "") in ("form_label", "label")
        if not plain and not made:
            yield "addRow makes a QLabel of a text: form_label()"
    if name == "setToolTip" and module.name != TIPS:
        on_item = len(node.args) == 2 and _is_tip(node.args[1])
        if not on_item:
            yield "setToolTip: set_tip() of gui/plain_text.py"
    if name in TIP_CALLS and not _is_tip(node.args[-1]):
        yield f"{name} without tip()"


def _answers(node: ast.match_case) -> Iterator[str]:
    """What a model says for ToolTipRole."""
    if "ToolTipRole" in ast.dump(node.pattern):
        for inside in node.body:
            if isinstance(inside, ast.Return) and inside.value is not None and not _is_tip(inside.value):
                yield "a model's tooltip without tip()"


def findings() -> list[str]:
    found: list[str] = []
    for module in modules().values():
        if not module.name.startswith("gui"):
            continue
        for node in ast.walk(module.tree):
            said: Iterator[str] = iter(())
            if isinstance(node, ast.Call):
                said = _calls(module, node)
            elif isinstance(node, ast.match_case):
                said = _answers(node)
            elif isinstance(node, ast.Attribute) and node.attr == "setToolTip" and module.name != TIPS:
                if not isinstance(getattr(node, "ctx", None), ast.Load) or not _is_called(module, node):
                    said = iter(["setToolTip handed on: a lambda with set_tip()"])
            elif isinstance(node, ast.Compare) and "ToolTipRole" in ast.dump(node):
                said = iter(["ToolTipRole compared: a case of a match, so that this rule can see its answer"])
            found += [f"{module.relative}:{getattr(node, 'lineno', 0)}: {words}" for words in said]
    return found


def _is_called(module: Module, wanted: ast.Attribute) -> bool:
    return any(isinstance(node, ast.Call) and node.func is wanted for node in ast.walk(module.tree))


def test_no_widget_gets_a_text_that_could_be_read_as_html() -> None:
    assert findings() == []
