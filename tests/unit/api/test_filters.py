"""The filters parameter in both spellings, and moments in all of theirs."""

from __future__ import annotations

import json
import time

import pytest

from engine.api.http.query_filters import Filters, parse_moment
from engine.api.http.statuses import Refusal

ALLOWED = frozenset({"name", "label", "until", "dangling"})


@pytest.mark.parametrize("text", ['{"name":{"web":true,"db":false}}', '{"name":["web"]}'])
def test_both_spellings_mean_the_same(text: str) -> None:
    assert Filters.parse(text, ALLOWED).get("name") == ("web",)


@pytest.mark.parametrize("text", ["[", '{"name":3}', '{"nosuch":["x"]}', "3", "[" * 5000, '{"name":' * 3000])
def test_what_is_no_filter_is_a_400(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        Filters.parse(text, ALLOWED)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("web", "my-web-1", True),
        ("^web", "my-web-1", False),
        ("^/web", "web-1", True),
        ("^/web$", "web", True),
        ("web$", "my-web", True),
        ("we.", "web", True),
        ("w[ex]b", "web", True),
        ("w[", "w[", True),
        ("^(web|db)$", "db", True),
    ],
)
def test_names_match_as_docker_matches_them(pattern: str, value: str, found: bool) -> None:
    assert Filters({"name": (pattern,)}).name("name", value) is found


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a*)*b", "(a|aa)+$", r"(.)\1", "x" * 300])
def test_a_pattern_that_could_run_away_is_refused(pattern: str) -> None:
    with pytest.raises(Refusal):
        Filters({"name": (pattern,)}).name("name", "a" * 60 + "!")


def test_labels_must_all_be_there() -> None:
    filters = Filters({"label": ("a=1", "b")})
    assert filters.labels("label", {"a": "1", "b": "x"})
    assert not filters.labels("label", {"a": "1"})
    assert not filters.labels("label", {"a": "2", "b": ""})


def test_flags() -> None:
    assert Filters({"dangling": ("true",)}).flag("dangling") is True
    assert Filters({"dangling": ("0",)}).flag("dangling") is False
    assert Filters({}).flag("dangling") is None
    with pytest.raises(Refusal):
        Filters({"dangling": ("maybe",)}).flag("dangling")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1700000000", 1_700_000_000_000_000_000),
        ("1700000000.5", 1_700_000_000_500_000_000),
        ("1700000000.123456789", 1_700_000_000_123_456_789),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000_000_000),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123_456_789),
        ("2023-11-14T23:13:20+01:00", 1_700_000_000_000_000_000),
        ("2023-11-14", 1_699_920_000_000_000_000),
        ("", 0),
    ],
)
def test_moments(text: str, moment: int) -> None:
    assert parse_moment(text) == moment


def test_a_duration_is_that_long_ago() -> None:
    before = time.time_ns()
    assert abs(parse_moment("1h30m") - (before - 5_400_000_000_000)) < 5_000_000_000


@pytest.mark.parametrize("text", ["yesterday", "1h30", "-5", "9" * 40, "2023-13-40", "1e9", "2023-11-14T25:00:00Z"])
def test_what_is_no_moment_is_a_400(text: str) -> None:
    with pytest.raises(Refusal):
        parse_moment(text)


def test_the_older_and_newer_json_agree_for_many_keys() -> None:
    newer = json.dumps({"label": {"x": True, "y": True}, "name": {"n": True}})
    older = json.dumps({"label": ["x", "y"], "name": ["n"]})
    for key in ("label", "name"):
        assert Filters.parse(newer, ALLOWED).get(key) == Filters.parse(older, ALLOWED).get(key)
