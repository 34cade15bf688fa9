"""A line of `network watch`: a name that was asked for, or a place that a list refused."""

from __future__ import annotations

from typing import Any

import pytest

from engine.cli.networks import _told

_QUESTION = {"kind": "A", "name": "db", "verdict": "known", "addresses": ["10.89.1.2"], "port": 0, "count": 1}
_PLACE = _QUESTION | {"kind": "tcp", "name": "", "verdict": "refused", "addresses": ["203.0.113.5"], "port": 443}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (_QUESTION, "A db  a neighbour 10.89.1.2"),
        (_QUESTION | {"verdict": "asked", "name": "example.org"}, "A example.org  10.89.1.2"),
        (_QUESTION | {"verdict": "refused", "name": "t.example", "addresses": []}, "A t.example  refused"),
        (_PLACE, "tcp 203.0.113.5:443  refused"),
        (_PLACE | {"name": "t.example", "count": 3}, "tcp 203.0.113.5:443 (t.example)  refused 3 times"),
        (_PLACE | {"addresses": ["2001:db8::5"]}, "tcp [2001:db8::5]:443  refused"),
        (_PLACE | {"kind": "icmp", "port": 0}, "icmp 203.0.113.5  refused"),
    ],
)
def test_a_line_tells_the_name_or_the_place_and_what_came_of_it(told: dict[str, Any], line: str) -> None:
    assert _told(told) == line
