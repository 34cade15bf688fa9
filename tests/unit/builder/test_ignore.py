"""Ignore files: reading, and which paths they leave out."""

from __future__ import annotations

import pytest

from engine.builder.language.globs import PatternError
from engine.builder.language.ignore import IgnoreRules, read_ignore_file


def test_reading() -> None:
    text = "\ufeff# comment\n\n  a/b/../c  \n/abs\n! /kept/\n!\n #not-a-comment\n"
    assert read_ignore_file(text) == ["a/c", "abs", "!kept", "!", "#not-a-comment"]


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        (["*.log"], "a.log", True),
        (["*.log"], "sub/a.log", False),
        (["**/*.log"], "sub/deep/a.log", True),
        (["**/*.log"], "a.log", True),
        (["node_modules"], "node_modules/x/y.js", True),
        (["node_modules"], "sub/node_modules", False),
        (["a/**"], "a/b/c", True),
        (["a/**/z"], "a/z", True),
        (["a/**/z"], "a/b/c/z", True),
        (["*", "!keep"], "keep", False),
        (["*", "!keep"], "keep/inside", False),
        (["*", "!keep", "keep/no"], "keep/no", True),
        (["?x"], "ax", True),
        (["?x"], "/x", False),
        (["[a-c]1"], "b1", True),
        (["[^a-c]1"], "b1", False),
        ([r"\*"], "*", True),
        ([r"\*"], "a", False),
        (["a+b"], "a+b", True),
        (["Dockerfile*"], "Dockerfile.dev", True),
    ],
)
def test_matching(patterns: list[str], path: str, ignored: bool) -> None:
    assert IgnoreRules(patterns).ignores(path) is ignored


@pytest.mark.parametrize("pattern", ["[", "[a-", "a[]b", "x\\", "!"])
def test_bad_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        IgnoreRules([pattern])


def test_a_directory_is_passed_over_only_if_no_exception_could_reach_into_it() -> None:
    assert IgnoreRules(["big"]).prunes("big")
    assert not IgnoreRules(["big", "!big/small"]).prunes("big")
