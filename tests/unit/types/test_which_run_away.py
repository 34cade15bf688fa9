"""Each kind of expression, taken or refused by whether its letters can be divided in more than one way."""

from __future__ import annotations

import re

import pytest

from engine.types.expressions import _MOST_CHARACTERS, quick_characters, trouble_with
from engine.types.logs import merged_name

FOR_EVER = "a repetition within a repetition could go on for ever"


@pytest.mark.parametrize(
    ("source", "runs_away"),
    [
        # two parts that share letters, and two that do not
        (r"(a+a)+", True), (r"(a+b)+", False), (r"(ab+)+", False), (r"(a+b+)+", False), (r"(a+b*)+", True),
        (r"(a*b*)+", True), (r"(a+b?)+", True), (r"(a?b+)+", True), (r"(a+)+", True), (r"(a+){1,16}", False),
        (r"(a+){1,17}", True), (r"(a{1,17}){5,}", True), (r"(a{3})+", False), (r"(a{2,3})+", True),
        # classes, their opposites; a letter is taken for that of the other case too
        (r"([ab]+c)+", False), (r"([ab]+b)+", True), (r"([a-f]+g)+", False), (r"([a-f]+e)+", True),
        (r"([^b]+b)+", True), (r"([^,]+,)+", False), (r"([^,-.]+-)+", False), (r"([^b]+c)+", True),
        (r"([^b]+B)+", True), (r"(a+A)+", True), (r"([A-C]+b)+", True),
        (r"([^b-d]+c)+", True), (r"(.+b)+", True), (r"(b.+)+", True), (r"(a[^\n]+)+", True),
        # kinds of letters
        (r"(\d+\.)+", False), (r"(\d+5)+", True), (r"(\D+5)+", False), (r"(\D+x)+", True), (r"(\w+ )+", False),
        (r"(\w+_)+", True), (r"(\W+_)+", False), (r"(\W+ )+", True), (r"(\s+x)+", False), (r"(\s+\t)+", True),
        (r"(\S+\t)+", False), (r"(\S+x)+", True), (r"(\w+é)+", True), (r"(\d+é)+", False), (r"([α-ω]+é)+", True),
        (r"([a-z]+é)+", False), (r"([^éa]+è)+", True), (r"([^α-ω]+x)+", True), (r"([^é]+è)+", True),
        (r"([\d.]+,)+", False), (r"([\d.]+\.)+", True), (r"([^\d]+7)+", False),
        # branches
        (r"(a|b)+", False), (r"(a|ab)+", True), (r"(foo|bar|baz)+", True), (r"(foo|bar|qux)+", False), (r"(a|)+", True),
        (r"(a+|b)+", True), (r"(a|[^a])+", True), (r"(,|[^,])+", False), (r"((a|b)c+)+", False),
        (r"((a|c)c+)+", True), (r"(foo|[f-h]x)+", True),
        # what is looked at and not taken, and groups in groups
        (r"((?:a+b))+", False), (r"((?:a+))+", True), (r"(((a)b+))+", False), (r"(^a+b$)+", False),
        (r"x(?=(a+)+)", True), (r"x(?!(a+)+)", True), (r"x(?=(a+b)+)", False), (r"(?>(a+)+)", True),
        (r"(?>a+b)+", True),
        (r"((a+)?)+", True), (r"(x(ab)+)+", True), (r"y((a+)+|b)", True), (r"(a++)+", True), (r"(a*?b)+", False),
        (r"(a*?a)+", True),
    ],
)  # fmt: skip
def test_what_can_be_divided_in_more_than_one_way(source: str, *, runs_away: bool) -> None:
    re.compile(source)
    assert trouble_with(source) == (FOR_EVER if runs_away else "")


def test_the_other_reasons() -> None:
    assert trouble_with("a" * _MOST_CHARACTERS) == ""
    assert trouble_with("a" * (_MOST_CHARACTERS + 1)) == "it is longer than 1000 characters"
    for source in (r"(x)\1", r"(x)?(?(1)a|b)", r"((x)\2)", r"(?=(x)\1)", r"a|(x)\1", r"((x)\2)*"):
        assert trouble_with(source) == "it refers back to a group"


@pytest.mark.parametrize(
    ("source", "repetitions"),
    [
        ("a", 0), ("a{2,16}", 0), ("a+", 1), ("a{2,17}", 1), ("a*?b+", 2), ("(a+b)+", 2), ("a+|b*", 2), ("(?=a+)b*", 2),
        ("(?!a+)", 1), ("(?>a+)", 1), ("x(y(z+))", 1),
    ],
)  # fmt: skip
def test_how_much_of_a_line_is_looked_at_in_a_hurry(source: str, repetitions: int) -> None:
    expected = int(10_000_000 ** (1 / (repetitions + 1))) if repetitions else 16384
    assert quick_characters(source) == expected
    assert quick_characters("(") == 16384


def test_one_log_alone_keeps_its_name() -> None:
    assert (merged_name(["a"]), merged_name([]), merged_name(["a", "b"])) == ("a", "", "merged:a,b")
