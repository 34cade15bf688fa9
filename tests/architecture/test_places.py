"""A file that a text names is there: documents, docstrings and comments follow when files move."""

from __future__ import annotations

import re
from functools import cache

from tests.architecture.source import PACKAGES, REPOSITORY

_NAMED = re.compile(r"(?<![\w/.*{}~-])([\w-]+(?:/[\w-]+)*\.py)\b")


@cache
def places() -> frozenset[str]:
    """Every file by each of its endings: "engine/a/b.py", "a/b.py" and "b.py"."""
    parts = [
        path.relative_to(REPOSITORY).parts
        for top in (*PACKAGES, "tests", "packaging")
        for path in (REPOSITORY / top).rglob("*.py")
    ]
    return frozenset("/".join(each[at:]) for each in parts for at in range(len(each)))


def missing(text: str) -> list[str]:
    return [found[1] for found in _NAMED.finditer(text) if found[1] not in places()]


def test_every_file_that_a_text_names_is_there() -> None:
    texts = [*REPOSITORY.glob("*.md"), *(path for top in PACKAGES for path in (REPOSITORY / top).rglob("*.py"))]
    named = {str(path.relative_to(REPOSITORY)): missing(path.read_text()) for path in texts}
    assert {path: names for path, names in named.items() if names} == {}


def test_a_file_that_moved_is_noticed() -> None:
    assert missing("see `sandbox/keeper/unpacking.py`, engine/facade.py and `source.py`") == [
        "sandbox/keeper/unpacking.py"
    ]
