"""The parts of the suite that run side by side: together they are the whole, and none is run twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shares import Share, files_of

TESTS = [
    Path(f"test_{name}.py")
    for name, count in (("a", 30), ("b", 10), ("c", 9), ("d", 8), ("e", 1))
    for _ in range(count)
]


@pytest.mark.parametrize("of", [1, 2, 3])
def test_shares_are_the_whole_and_have_nothing_in_common(of: int) -> None:
    shares = [files_of(Share(number, of), TESTS) for number in range(1, of + 1)]
    assert frozenset().union(*shares) == frozenset(TESTS)
    assert sum(map(len, shares)) == len(set(TESTS))


def test_the_halves_weigh_about_the_same_and_are_the_same_whatever_the_order() -> None:
    half = files_of(Share(1, 2), TESTS)
    assert half == files_of(Share(1, 2), TESTS[::-1]) == {Path("test_a.py")}


@pytest.mark.parametrize("words", ["0/2", "3/2", "1/", "a/b", "2-3"])
def test_a_share_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Share.parse(words)
