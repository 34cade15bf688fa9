"""Options as Docker spells them."""

from __future__ import annotations

import pytest

from engine.cli.options import Command, Given, UsageError
from engine.cli.verbs import GROUPS, VERBS, find_command
from engine.recipe.faults import Unreadable

TABLE = """
-a --all flag     Everything
-n --last number  So many
-f --filter list  Some
--format text     How
"""


def command(*, stop_early: bool = False, least: int = 0, most: int | None = None) -> Command:
    return Command(lambda given: 0, "", "", TABLE, stop_early=stop_early, least=least, most=most)


def parse(*words: str) -> Given:
    return command().parse(words)


def test_long_and_short_joined_and_apart() -> None:
    given = parse("-an", "3", "--filter", "a=1", "-fb=2", "--format={{.ID}}", "x")
    assert given.flag("all")
    assert given.number("last") == 3
    assert given.list("filter") == ["a=1", "b=2"]
    assert given.text("format") == "{{.ID}}"
    assert given.arguments == ["x"]


def test_flags_can_be_denied() -> None:
    assert not parse("--all=false").flag("all")
    assert not parse("-a", "--all=0").flag("all")
    assert parse("--all=true").flag("all")


def test_a_verb_that_runs_something_leaves_its_options_alone() -> None:
    given = command(stop_early=True).parse(["-a", "image", "ls", "-a", "--nosuch"])
    assert given.arguments == ["image", "ls", "-a", "--nosuch"]


def test_two_dashes_end_the_options() -> None:
    assert parse("--", "-a").arguments == ["-a"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nosuch"], "unknown flag: --nosuch"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--format"], "flag needs an argument: --format"),
        (["-n"], "flag needs an argument: 'n' in -n"),
        (["--all=maybe"], "neither true nor false"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        command().parse(words)
    assert said in str(caught.value)


def test_numbers_must_be_numbers() -> None:
    with pytest.raises(UsageError, match="whole number"):
        parse("-n", "many").number("last")


def test_arguments_are_counted() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        command(least=1).parse([])
    with pytest.raises(UsageError, match="takes no arguments"):
        command(most=0).parse(["x"])


@pytest.mark.parametrize(
    "name", [*VERBS, *(f"{group} {verb}" for group, (_, verbs) in GROUPS.items() for verb in verbs)]
)
def test_every_verb_is_there_and_explains_itself(name: str) -> None:
    verb, *rest = name.split(" ")
    found = find_command(verb, rest)
    assert found is not None
    text = found[0].help_text(name)
    assert text.startswith(f"Usage:  wherry {name}")
    letters = [option.short for option in found[0].options if option.short]
    assert len(letters) == len(set(letters)), "two options of one letter"
