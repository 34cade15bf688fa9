"""What people paste from READMEs becomes what a shell and docker would have made of it, or is left to them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recipe.crossing import recipe_of, spec_of
from engine.recipe.faults import Unreadable
from engine.recipe.line import looks_like_line, read_line, write_line
from engine.recipe.words.here import Here
from tests.unit.recipe.pasted import DIRECTORY, HOME, LEFT_TO_THE_USER, STYLES

HERE = Here(DIRECTORY, HOME, 1000, 1001, {"USER": "anna", "LANG": "de_DE.UTF-8"}, lambda path: f"no file {path}")
LINES = [(text, expected) for lines in STYLES.values() for text, expected in lines.items()]


def in_one_line(recipe: dict[str, object], name: str) -> str:
    return write_line(recipe, name).replace(" \\\n    ", " ").removeprefix("docker run -d ")


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_a_pasted_line_is_read_as_it_was_meant(text: str, expected: str) -> None:
    line = read_line(text, HERE)
    assert not line.open
    assert in_one_line(recipe_of(spec_of(line.recipe)), line.name) == expected


@pytest.mark.parametrize(("text", "what"), LEFT_TO_THE_USER.items())
def test_what_only_a_shell_would_know_is_left_to_the_user(text: str, what: tuple[str, str]) -> None:
    """Marked, and never the name of a volume or of an image."""
    line = read_line(text, HERE)
    left, expected = what
    assert any(left in said for said in line.open)
    spec = spec_of(line.recipe)
    assert in_one_line(recipe_of(spec), line.name) == expected
    assert not any(mount.kind == "volume" for mount in spec.mounts)


def test_there_are_enough_of_them() -> None:
    assert len(LINES) + len(LEFT_TO_THE_USER) >= 200


@pytest.mark.parametrize("text", [text for text, _ in LINES if " run " in text or " create " in text])
def test_every_one_of_them_looks_like_a_line(text: str) -> None:
    assert looks_like_line(text, HERE)


@pytest.mark.parametrize("text", ["nginx:1.27", "docker pull nginx", "run away", "", "create", "docker ps; ls run"])
def test_what_is_none_does_not(text: str) -> None:
    assert not looks_like_line(text, HERE)


PIECES = st.sampled_from(
    ["docker run ", "-v ", "-p ", "--mount ", "-e ", "=", ":", ",", "$", "`", "(", ")", "'", '"', "\\", "\n", "#", "<",
     ">", " ", "/a", "80", "type=bind", "~", "–", "|", "{", "}", "%x%", "--health-interval ", "-m ", "1m", "img ", "["]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join))
def test_whatever_is_pasted_is_read_or_refused(text: str) -> None:
    looks_like_line(text, HERE)
    with suppress(Unreadable):
        spec_of(read_line(text, HERE).recipe)


def test_what_a_brace_opens_ends_soon_or_is_text() -> None:
    """Unclosed ones were looked to the end for, each anew: a page of them took seconds."""
    line = read_line(f"docker run -e A=${{{'B' * 500}}} nginx", HERE)
    assert not line.open
    assert spec_of(line.recipe).env == {"A": f"${{{'B' * 500}}}"}
