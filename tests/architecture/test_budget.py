"""Sizes and names: functions ≤ 60 lines, files ≤ 600, no drawer names, and a docstring saying what each file owns.

Complexity ≤ 12 is ruff's C90 (test_tools.py). The lists of exceptions may only shrink: an entry no longer needed
fails too.
"""

from __future__ import annotations

import ast

from tests.architecture.source import REPOSITORY, functions, modules, suite_files

FUNCTION_LINES = 60
FILE_LINES = 600

LONG_FUNCTIONS: dict[str, str] = {}
"""path::function → why it is truly better long."""

LONG_FILES: dict[str, str] = {}
"""path → why it is truly better long."""

DRAWER_NAMES = {"manager", "managers", "util", "utils", "helper", "helpers", "common", "core", "base", "misc"}


def test_functions_are_short() -> None:
    long = {f.where: f.lines for m in modules().values() for f in functions(m) if f.lines > FUNCTION_LINES}

    assert not {where: lines for where, lines in long.items() if where not in LONG_FUNCTIONS}
    assert not set(LONG_FUNCTIONS) - set(long), "no longer long: take them off the list"


def test_files_are_short() -> None:
    long = {m.relative: n for m in modules().values() if (n := m.text.count("\n")) > FILE_LINES}
    long |= {
        str(path.relative_to(REPOSITORY)): n
        for path in suite_files()
        if (n := path.read_text().count("\n")) > FILE_LINES
    }

    assert not {where: lines for where, lines in long.items() if where not in LONG_FILES}
    assert not set(LONG_FILES) - set(long), "no longer long: take them off the list"


def test_no_module_is_named_like_a_drawer() -> None:
    assert not [name for name in modules() if set(name.split(".")) & DRAWER_NAMES]


def test_every_module_says_what_it_owns() -> None:
    assert not [m.relative for m in modules().values() if m.text.strip() and not ast.get_docstring(m.tree)]


def test_nothing_names_the_machine_it_was_written_on() -> None:
    places = ("/" + "work/main", "/" + "work/shared", "/tmp/" + "BRIEF")
    files = [*(m.path for m in modules().values()), *suite_files(), REPOSITORY / "Makefile", *REPOSITORY.glob("*.md")]
    files += [path for path in (REPOSITORY / "packaging").rglob("*") if path.is_file() and path.suffix != ".png"]
    assert not [
        str(path.relative_to(REPOSITORY))
        for path in files
        if path.exists() and any(place in path.read_text(errors="replace") for place in places)
    ]
