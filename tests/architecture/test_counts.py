"""A count in a sentence chooses the sentence's form by `translate(…, None, count)`: not every language has just two."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.architecture.source import modules, within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NOUNS = (
    "builds|characters|containers|files|images|items|jobs|keys|layers|lines|matches|months|networks|objects|paths|pods|"
    "processes|projects|rows|services|steps|tags|templates|things|times|volumes|years"
)
_COUNTED = re.compile(rf"\{{[0-9]\}} (?:\w+ )?(?:{_NOUNS})\b")


def translated(nodes: Sequence[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("translate", "marked")
        for each in nodes
        for node in ast.walk(each)
    )


def asks_for_one(test: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Compare)
        and any(isinstance(side, ast.Constant) and side.value == 1 for side in (node.left, *node.comparators))
        and not any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops)
        for node in ast.walk(test)
    )


def sentences_for_one(tree: ast.AST) -> Iterator[int]:
    """Lines where one sentence is taken for one and another for more."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp) and asks_for_one(node.test):
            if translated([node.body]) and translated([node.orelse]):
                yield node.lineno
        elif isinstance(node, ast.If) and asks_for_one(node.test):
            if translated(given(node.body)) and translated(given(node.orelse)):
                yield node.lineno


def given(statements: Sequence[ast.stmt]) -> list[ast.AST]:
    """What is told there, assigned or returned; a text handed to somebody who asks is a matter of its own."""
    values = [each.value for each in statements if isinstance(each, ast.Assign | ast.Return)]
    return [each for each in values if each is not None and not isinstance(each, ast.Await)]


def counts_without_forms(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "translate":
            continue
        text = node.args[1].value if len(node.args) == 2 and isinstance(node.args[1], ast.Constant) else ""
        if "%n" in str(text) or _COUNTED.search(str(text)):
            yield node.lineno, str(text)


def window() -> Iterator[tuple[str, ast.AST]]:
    return ((module.relative, module.tree) for module in modules().values() if within(module.name, "gui"))


def test_no_sentence_is_chosen_by_a_count_of_one() -> None:
    assert not [f"{where}:{line}" for where, tree in window() for line in sentences_for_one(tree)]


def test_a_text_with_a_count_is_given_the_count() -> None:
    assert not [f"{where}:{line}: {text}" for where, tree in window() for line, text in counts_without_forms(tree)]


def test_the_rule_sees_both_spellings() -> None:
    source = """
a = translate("C", "one file") if len(files) == 1 else translate("C", "{0} files")
if count != 1:
    b = translate("C", "{0} matches").format(count)
else:
    b = translate("C", "a match")
c = translate("C", "%n files", None, len(files)) if len(files) > 1 else ""
"""
    tree = ast.parse(source)
    assert sorted(sentences_for_one(tree)) == [2, 3]
    assert [text for _line, text in counts_without_forms(tree)] == ["{0} files", "{0} matches"]
