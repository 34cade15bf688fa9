"""Expressions that run away are refused; those that people write are taken."""

from __future__ import annotations

import re

import pytest

from engine.types.expressions import quick_characters, trouble_with


@pytest.mark.parametrize(
    "source",
    [
        r"(a+)+$", r"(a*)*b", r"(a|a)*b", r"(a|ab)*c", r"(\w+\s?)*$", r"(.*,)*x", r"(\d+)*z", r"(a{1,20})+b",
        r"((a+)b?)+",
        r"(?:\s*\w*)*=", r"(x)\1+", r"(a?)+b", "a" * 1001,
    ],
)  # fmt: skip
def test_what_runs_away_is_refused(source: str) -> None:
    re.compile(source)
    assert trouble_with(source)


@pytest.mark.parametrize(
    "source",
    [
        "error", r"timeout|refused", r"GET .* 500", r"(\d+\.)+\d+", r"(\d{1,3}\.){3}\d{1,3}", r"\bfoo\b", r"^\s*$",
        r"(foo|bar)+", r"[A-Z][a-z]+ \d+:\d+:\d+", r"(?i)warn(ing)?", r"(?:[a-z]+-)*x1", r"user=(\w+) id=(\d+)",
        r"x.*y.*z", r"(ab){2,}", "(", "",
    ],
)  # fmt: skip
def test_what_people_write_is_taken(source: str) -> None:
    assert trouble_with(source) == ""


def test_the_more_repetitions_the_less_of_a_line_is_looked_at_in_a_hurry() -> None:
    assert quick_characters("plain") == 1 << 14
    assert quick_characters(".*x") > quick_characters(".*x.*y") > quick_characters(".*x.*y.*z") > 30
    hostile = "a" * quick_characters("a*a*a*b")
    assert re.search("a*a*a*b", hostile) is None
