"""Builds and their steps in words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.types.builds import BuildImage, BuildStep, StepState
from engine.types.operations import Failure
from gui.presentation.images import builds as words
from gui.theme import Tone
from tests.unit.gui.made import MOMENT, STARTED, a_build

SENT = BuildImage(context="/tmp/x", filtered=True)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"ended": None}, ("Building", Tone.INFO, "spinner")),
        ({}, ("Built", Tone.SUCCESS, "check-circle")),
        ({"failure": Failure(code="cancelled", title="")}, ("Cancelled", Tone.MUTED, "x-circle")),
        ({"failure": Failure(code="x", title="")}, ("Failed", Tone.DANGER, "error")),
    ],
)
def test_how_a_build_is(fields: dict[str, Any], shown: tuple[str, Tone, str]) -> None:
    assert words.build_words(a_build(**fields)) == shown
    assert Path(f"resources/icons/{shown[2]}.svg").exists()


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (StepState.WAITING, ("Waiting", Tone.MUTED, "clock")),
        (StepState.RUNNING, ("Running", Tone.INFO, "spinner")),
        (StepState.CACHED, ("Cached", Tone.ACCENT, "bolt")),
        (StepState.DONE, ("Done", Tone.SUCCESS, "check")),
        (StepState.FAILED, ("Failed", Tone.DANGER, "error")),
        (StepState.SKIPPED, ("Not reached", Tone.MUTED, "minus")),
        (StepState.CANCELLED, ("Stopped", Tone.MUTED, "x-circle")),
    ],
)
def test_how_a_step_is(state: StepState, shown: tuple[str, Tone, str]) -> None:
    assert words.step_words(state) == shown


@pytest.mark.parametrize(
    ("fields", "title", "where"),
    [
        ({"tags": ("a:1", "b:1")}, "a:1", "/home/me/app"),
        ({"tags": ()}, "app", "/home/me/app"),
        ({"tags": (), "context": "/home/me/app//"}, "app", "/home/me/app//"),
        ({"tags": (), "context": "app"}, "app", "app"),
        ({"tags": (), "context": "", "id": "sha256:" + "a" * 64}, "a" * 12, "from a stream"),
        ({"tags": (), "request": SENT, "dockerfile": "Dockerfile.web"}, "Dockerfile.web", "sent by a client"),
    ],
)
def test_what_a_build_is_called_and_where_it_is_from(fields: dict[str, Any], title: str, where: str) -> None:
    build = a_build(**fields)
    assert (words.build_title(build), words.where_text(build)) == (title, where)


@pytest.mark.parametrize(
    ("name", "last", "title"),
    [("base", True, "base"), ("0", False, "Stage 0"), ("2", True, "Result")],
)
def test_a_stage_without_a_name_has_a_number(name: str, *, last: bool, title: str) -> None:
    assert words.stage_title(name, last=last) == title


def a_step(**fields: Any) -> BuildStep:
    known: dict[str, Any] = {"id": "0", "stage": "0", "number": 0, "total": 1, "instruction": "RUN x", "line": 1}
    return BuildStep(**known | fields)


def test_how_long_a_build_and_its_steps_took() -> None:
    later = STARTED + timedelta(seconds=9)
    assert words.seconds_of(a_build(), later) == 75
    assert words.seconds_of(a_build(ended=None), later) == 9
    assert words.seconds_of(a_build(ended=None)) >= (MOMENT - STARTED).total_seconds()
    assert words.step_seconds(a_step(), later) == 0
    assert words.step_seconds(a_step(started=STARTED), later) == 9
    assert words.step_seconds(a_step(started=STARTED, ended=STARTED + timedelta(seconds=2)), later) == 2
    assert words.step_seconds(a_step(started=STARTED)) >= (MOMENT - STARTED).total_seconds()


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"error_line": 3}, ""),
        ({"failure": Failure(code="x", title="No such file")}, "No such file"),
        ({"failure": Failure(code="x", title="No such file"), "error_line": 3}, "Line 3: No such file"),
        ({"failure": Failure(code="x", title="Line 3 is odd", subject="3"), "error_line": 3}, "Line 3 is odd"),
    ],
)
def test_a_failed_build_names_its_line_once(fields: dict[str, Any], title: str) -> None:
    assert words.failure_title(a_build(**fields)) == title


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ((), ""),
        ((StepState.DONE,), "1 step"),
        ((StepState.DONE, StepState.CACHED, StepState.CACHED), "3 steps, 2 cached"),
        ((StepState.FAILED, StepState.SKIPPED), "2 steps, 1 failed"),
    ],
)
def test_how_much_of_a_build_was_there_already(states: tuple[StepState, ...], text: str) -> None:
    assert words.steps_text(a_build(steps=tuple(a_step(state=state) for state in states))) == text
