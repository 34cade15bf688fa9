"""Every case of BuildKit's door is tried by clients of several years, and by a system test of every run."""

from __future__ import annotations

import ast
import importlib
from collections import Counter

from tests.architecture.source import REPOSITORY
from tests.clients.cases import CASES
from tests.clients.suite import SHOWN_BY

_OF_THE_PAGE = range(1, 41)
importlib.import_module("tests.clients.__main__")  # with it come all cases


def _system_tests() -> set[str]:
    files = (REPOSITORY / "tests/system/api").glob("test_buildkit*.py")
    trees = [ast.parse(path.read_text()) for path in files]
    found = [node.name for tree in trees for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    return {name for name in found if name.startswith("test_")}


def test_each_case_is_tried_by_the_clients_and_no_number_stands_for_two() -> None:
    numbers = Counter(case.number for case in CASES)
    assert sorted(set(_OF_THE_PAGE) - set(numbers)) == []
    assert [number for number, times in numbers.items() if times > 1] == []


def test_each_case_names_system_tests_and_all_of_them_are_there() -> None:
    assert sorted(set(_OF_THE_PAGE) - set(SHOWN_BY)) == []
    assert sorted(set(SHOWN_BY) - {case.number for case in CASES}) == []
    assert sorted({name for names in SHOWN_BY.values() for name in names} - _system_tests()) == []
