"""Projects, plans and what was brought up in the past, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.types.containers import ContainerSpec, Health, HealthStatus, PortMapping, State
from engine.types.operations import Failure, StepProgress
from engine.types.projects import (
    FieldChange,
    PlannedStep,
    Project,
    ProjectProblem,
    ProjectRun,
    ProjectVariable,
    ReadProject,
    UpProject,
)
from engine.types.stats import Rates, Sample
from gui.presentation.projects import words
from gui.theme import Tone
from tests.unit.gui.made import MOMENT, STARTED, a_container

SHOP = Project(name="shop")
ILL, WELL, LOOKING = (HealthStatus(status=each) for each in (Health.UNHEALTHY, Health.HEALTHY, Health.STARTING))


def a_row(*containers: Any) -> words.ProjectRow:
    return words.ProjectRow(SHOP, containers)


# --- how a project is ---


def rates(container_id: str, cpu: float, memory: int) -> Rates:
    return Rates(
        container_id=container_id, time_ns=0, cpu_percent=cpu, cpu_user_percent=0, cpu_system_percent=0,
        throttled_percent=0, memory=memory, memory_limit=0, memory_percent=0, io_read_rate=0, io_write_rate=0,
        net_rx_rate=0, net_tx_rate=0, pids=1, sample=Sample(container_id=container_id, time_ns=0),
    )  # fmt: skip


def test_a_project_uses_what_its_running_containers_use() -> None:
    web, db, old, new = (a_container(name) for name in ("web", "db", "old", "new"))
    stopped = a_container("old", state=State.EXITED)
    known = {web.id: rates(web.id, 10, 3), db.id: rates(db.id, 2.5, 4), old.id: rates(old.id, 99, 99)}
    source = ReadProject(files=("/x",))
    row = words.row_of(SHOP, [web, new, stopped, db], known, source)
    assert row == words.ProjectRow(SHOP, (db, new, stopped, web), 12.5, 7, source)
    assert row.running == 3


@pytest.mark.parametrize(
    ("containers", "running", "tone", "health"),
    [
        ([], "not up", Tone.MUTED, "–"),
        ([a_container("a")], "1 of 1", Tone.SUCCESS, "–"),
        ([a_container("a"), a_container("b", state=State.EXITED)], "1 of 2", Tone.WARNING, "–"),
        ([a_container("b", state=State.EXITED, health=ILL)], "0 of 1", Tone.MUTED, "–"),
        ([a_container("a", health=ILL), a_container("b", health=ILL)], "2 of 2", Tone.WARNING, "2 unhealthy"),
        ([a_container("a", health=WELL), a_container("b", health=LOOKING)], "2 of 2", Tone.SUCCESS, "checking"),
        ([a_container("a", health=WELL), a_container("b")], "2 of 2", Tone.SUCCESS, "healthy"),
        ([a_container("a", state=State.EXITED, health=ILL), a_container("b")], "1 of 2", Tone.WARNING, "–"),
    ],
)
def test_how_a_project_is(containers: list[Any], running: str, tone: Tone, health: str) -> None:
    row = a_row(*containers)
    assert (words.running_text(row), words.project_tone(row), words.health_text(row)) == (running, tone, health)


def test_each_port_of_a_project_is_told_once() -> None:
    first, second = PortMapping(container_port=80, host_port=8080), PortMapping(container_port=53, host_port=53)
    row = a_row(a_container("a", ports=(first, second)), a_container("b", ports=(first,)))
    assert words.ports_text(row) == "8080, 53"
    assert words.ports_text(a_row()) == "–"


def test_the_service_of_a_container_is_its_label() -> None:
    spec = ContainerSpec(image="x", labels={"com.docker.compose.service": "front"})
    assert words.service_of(a_container("a", spec=spec)) == "front"
    assert words.service_of(a_container("a")) == ""


# --- plans ---


def a_step(action: str = "recreate", *, reason: str = "", **changes: tuple[str, str]) -> PlannedStep:
    fields = tuple(FieldChange(field=name, before=old, after=new) for name, (old, new) in changes.items())
    return PlannedStep(id="s", action=action, subject="web-1", reason=reason, changes=fields)


@pytest.mark.parametrize(
    ("action", "verb", "tone", "icon"),
    [
        ("create", "Create", Tone.SUCCESS, "plus"),
        ("start", "Start", Tone.SUCCESS, "play"),
        ("keep", "Keep", Tone.MUTED, "check"),
        ("recreate", "Replace", Tone.WARNING, "restart"),
        ("stop", "Stop", Tone.MUTED, "stop"),
        ("edit", "Change", Tone.WARNING, "edit"),
        ("remove", "Remove", Tone.DANGER, "trash"),
        ("pull", "Pull", Tone.INFO, "download"),
        ("build", "Build", Tone.INFO, "build"),
        ("network", "Make the network", Tone.SUCCESS, "network"),
        ("volume", "Make the volume", Tone.SUCCESS, "volume"),
        ("watch", "Watch", Tone.INFO, "eye"),
        ("sync", "Sync", Tone.INFO, "upload"),
        ("rebuild", "Rebuild", Tone.INFO, "build"),
        ("restart", "Restart", Tone.WARNING, "restart"),
        ("exec", "Run a command in", Tone.INFO, "terminal"),
        ("remove-network", "Remove the network", Tone.DANGER, "network"),
        ("remove-volume", "Delete the volume", Tone.DANGER, "volume"),
        ("remove-image", "Remove the image", Tone.DANGER, "image"),
        ("dance", "dance", Tone.NEUTRAL, "dot"),
    ],
)
def test_what_a_step_does(action: str, verb: str, tone: Tone, icon: str) -> None:
    assert words.step_words(action) == (verb, tone, icon)
    assert Path(f"resources/icons/{icon}.svg").exists()


@pytest.mark.parametrize(
    ("state", "verb", "tone", "icon"),
    [
        ("", "waiting", Tone.MUTED, "clock"),
        ("waiting", "waiting", Tone.MUTED, "clock"),
        ("running", "at it", Tone.ACCENT, "spinner"),
        ("done", "done", Tone.SUCCESS, "check"),
        ("failed", "failed", Tone.DANGER, "error"),
        ("skipped", "not done", Tone.WARNING, "minus"),
    ],
)
def test_how_far_a_step_is(state: Any, verb: str, tone: Tone, icon: str) -> None:
    assert words.far_words(state) == (verb, tone, icon)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("scale", "more than the files ask for"),
        ("leans", "it lives in a container that becomes another"),
        ("unfinished", "left over from what was cut off"),
        ("orphan", "no longer in the files"),
        ("forced", "as was asked"),
        ("network", "its network is made anew"),
        ("image", "the image is another"),
        ("image may change", "replaced if its image becomes another"),
        ("recipe", "made with other settings, not known which"),
        ("changed", "its settings are others"),
        ("", ""),
        ("of its own", "of its own"),
    ],
)
def test_why_a_step_is_done(reason: str, text: str) -> None:
    assert words.changes_text(a_step(reason=reason)) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("nginx:1", "nginx:2", "nginx:1 → nginx:2"),
        ("", "a", "nothing → a"),
        ("null", "1", "nothing → 1"),
        ("true", "false", "true → false"),
        ('["a", "b"]', '["b", "c", "d"]', "a → c, d"),
        ('["a"]', '["a", "b"]', "nothing → b"),
        ('["a"]', '"b"', "a → b"),
        ('{"A": "1", "B": null}', '{"A": "2"}', "A=1, B= → A=2"),
        ('"two\\nlines"', '"one"', "two lines → one"),
        (
            '[{"target": 80, "published": "8080", "protocol": "tcp"}]',
            '[{"target": 80, "published": "8080", "host_ip": "127.0.0.1", "protocol": "udp"}]',
            "8080:80 → 127.0.0.1:8080:80/udp",
        ),
        ('{"target": 80, "published": 1}', '{"target": 80, "published": 1, "protocol": ""}', "1:80 → 1:80/"),
        (
            '{"type": "bind", "source": "/a", "target": "/x"}',
            '{"source": "data", "target": "/x"}',
            "/a:/x → data:/x",
        ),
    ],
)
def test_what_a_field_was_and_becomes(before: str, after: str, text: str) -> None:
    assert words.changes_text(a_step(field=(before, after))) == f"field: {text}"


def test_a_reason_stands_below_the_fields_unless_they_say_it() -> None:
    assert words.changes_text(a_step(reason="network", image=("a", "b"))) == "image: a → b\nits network is made anew"
    assert words.changes_text(a_step(reason="image", image=("a", "b"))) == "image: a → b"


def test_each_reason_of_a_step_has_a_row() -> None:
    step = a_step(image=("a", "b"), user=("c", "d"))
    progress = StepProgress(id="s", action="recreate", subject="web-1", state="failed", note="no room")
    rows = list(words.plan_rows(step, progress))
    assert rows == [("s", words.StepRow(step, progress, 0)), ("s#1", words.StepRow(step, progress, 1))]
    assert [words.because_text(row) for _, row in rows] == ["no room", "user: c → d"]
    assert [words.because_text(row) for _, row in words.plan_rows(step)] == ["image: a → b", "user: c → d"]
    silent = StepProgress(id="s", action="recreate", subject="web-1")
    assert words.because_text(words.StepRow(step, silent, 0)) == "image: a → b"


def test_a_step_nobody_planned_is_shown_too() -> None:
    progress = StepProgress(id="x", action="pull", subject="nginx:1", state="running")
    planned = PlannedStep(id="x", action="pull", subject="nginx:1", reason="forced")
    assert list(words.step_rows(progress, {"x": planned})) == [("x", words.StepRow(planned, progress))]
    made = PlannedStep(id="x", action="pull", subject="nginx:1")
    assert list(words.step_rows(progress, {"y": planned})) == [("x", words.StepRow(made, progress))]


def test_what_a_plan_comes_to() -> None:
    assert words.summary_text([]) == words.summary_text([a_step("keep")])
    assert words.summary_text([]) == "Nothing to do: everything is as the files say."
    assert words.summary_text([a_step("keep"), a_step("create"), a_step("stop")]) == "2 steps"


# --- variables, problems, the past ---


@pytest.mark.parametrize(
    ("fields", "origin", "value"),
    [
        ({"origin": "environment", "value": "1"}, "in Wherry's environment", "1"),
        ({"origin": "file", "file": "/home/me/shop/.env", "value": "1"}, "in .env", "1"),
        ({"origin": "default", "value": "1"}, "as the files say without it", "1"),
        ({}, "not set: it is empty", "–"),
    ],
)
def test_where_a_variable_has_its_value_from(fields: dict[str, Any], origin: str, value: str) -> None:
    variable = ProjectVariable(name="A", **fields)
    assert (words.origin_text(variable), words.value_text(variable)) == (origin, value)


@pytest.mark.parametrize("name", ["DB_PASSWORD", "secret", "Api_Token", "KEY"])
def test_what_is_secret_is_not_shown(name: str) -> None:
    assert words.value_text(ProjectVariable(name=name, value="hunter2")) == "••••••"
    assert words.value_text(ProjectVariable(name=name)) == "–", "but that it is missing is"
    assert words.value_text(ProjectVariable(name=f"{name}_FILE", value="/run/x")) == "/run/x"


def test_a_problem_says_what_was_probably_meant() -> None:
    assert words.problem_text(ProjectProblem(message="No such key")) == "No such key"
    assert words.problem_text(ProjectProblem(message="No such key", hint="image?")) == "No such key (image?)"


def a_run(*changes: str, texts: dict[str, str] | None = None, **fields: Any) -> ProjectRun:
    request = UpProject(source=ReadProject(files=(), texts=texts or {}))
    return ProjectRun(id="r", project="shop", started=STARTED, request=request, changes=changes, **fields)


def test_what_a_past_up_changed() -> None:
    assert words.run_text(a_run("recreate web-1", "pull a b")) == "Replace web-1, Pull a b"
    assert words.run_text(a_run()) == "Nothing had changed"


@pytest.mark.parametrize(
    ("fields", "verb", "tone", "icon"),
    [
        ({"failure": Failure(code="x", title="No room"), "ended": MOMENT}, "No room", Tone.DANGER, "error"),
        ({}, "Cut off, or still at it", Tone.WARNING, "clock"),
        ({"ended": MOMENT}, "Ended well", Tone.SUCCESS, "check"),
    ],
)
def test_how_a_past_up_ended(fields: dict[str, Any], verb: str, tone: Tone, icon: str) -> None:
    assert words.run_end(a_run(**fields)) == (verb, tone, icon)


def test_how_the_files_of_two_ups_differ() -> None:
    before = a_run(texts={"a": "one\n", "gone": "x\n", "same": "s\n"})
    after = a_run(texts={"a": "two\n", "new": "y\n", "same": "s\n"})
    assert words.files_difference(before, after).split("\n") == [
        "--- a", "+++ a", "@@ -1 +1 @@", "-one", "+two",
        "--- gone", "+++ not there", "@@ -1 +0,0 @@", "-x",
        "--- not there", "+++ new", "@@ -0,0 +1 @@", "+y",
    ]  # fmt: skip
    assert words.files_difference(None, a_run(texts={"a": "x\n"})).split("\n")[0] == "--- not there"
