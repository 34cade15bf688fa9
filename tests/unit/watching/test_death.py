"""Ends in words; proof before blame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from engine.containers.end.death import Evidence, death_report
from engine.containers.end.exit_words import meaning_of, signal_of
from engine.types.containers import (
    NEXT_STEPS,
    Cause,
    Container,
    ContainerSpec,
    Exit,
    HealthResult,
    HealthStatus,
    Resources,
    RestartPolicy,
    State,
)
from engine.types.stats import Sample

START = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def _container(code: int = 1, *, spec: ContainerSpec | None = None, **ending: Any) -> Container:
    return Container(
        id="id", name="web", image_id="sha256:aaaaaaaaaaaaaaaa", image="web:1",
        spec=spec or ContainerSpec(image="web:1"),
        command_line=("/bin/web",), state=State.EXITED, created=START, started=START,
        exit=Exit(code=code, ended=START + timedelta(seconds=30), **ending),
    )  # fmt: skip


def test_a_kill_without_proof_is_not_called_out_of_memory() -> None:
    report = death_report(Evidence(_container(137, signal=9)))
    assert report.oom_proof == ""
    assert "somebody or something else" in report.meaning
    assert "raise-memory" not in report.next_steps


def test_proof_is_what_the_kernel_counted() -> None:
    sample = Sample(container_id="id", time_ns=0, oom_kills=2, memory_limit=64 << 20, memory_peak=64 << 20)
    report = death_report(Evidence(_container(137, signal=9), last_sample=sample, memory_curve=[(-1.0, 60 << 20)]))
    assert "2 times" in report.oom_proof
    assert "64.0 MiB" in report.oom_proof
    assert report.summary == "“web” ran out of memory and was killed."
    assert report.next_steps[0] == "raise-memory"
    assert report.memory_curve == ((-1.0, 60 << 20),)


def test_a_stop_on_request_is_no_accident() -> None:
    assert "on request" in death_report(Evidence(_container(143, requested=True))).summary


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("bind: Address already in use", "change-port"),
        ("write: No space left on device", "free-space"),
        ("open /data: Permission denied", "check-mounts"),
    ],
)
def test_what_it_said_points_the_way(line: str, step: str) -> None:
    report = death_report(Evidence(_container(), stderr_tail=[line]))
    assert step in report.next_steps
    assert {"open-shell", "restart"} <= set(report.next_steps) <= set(NEXT_STEPS)


def test_colours_and_overdrawn_lines_are_cleaned() -> None:
    assert death_report(Evidence(_container(), stderr_tail=["\x1b[31mred\x1b[0m", "10%\r90%\r"])).stderr_tail == (
        "red", "90%",
    )  # fmt: skip


def test_what_changed_since_it_ran_well() -> None:
    old = ContainerSpec(image="web:1", env={"A": "1", "API_TOKEN": "old"}, resources=Resources(memory=1))
    new = ContainerSpec(image="web:1", env={"B": "2", "API_TOKEN": "new"}, resources=Resources(memory=2))
    good = msgspec.structs.replace(_container(0, spec=old), image_id="sha256:bbbbbbbbbbbbbbbb")
    told = death_report(Evidence(_container(spec=new), last_good=good)).changes_since_good_run
    assert told == (
        "The image: bbbbbbbbbbbb is now aaaaaaaaaaaa",
        "environment: A was taken away",
        "environment: API_TOKEN was changed",
        "environment: B was added (2)",
        "resources.memory: 1 is now 2",
    )


def test_a_start_that_failed_says_why() -> None:
    report = death_report(Evidence(_container(127, error="The command “x” is not in the image")))
    assert "could not start" in report.summary
    assert report.next_steps[0] == "fix-command"


@pytest.mark.parametrize(("code", "signal", "number"), [(0, 0, 0), (137, 0, 9), (1, 15, 15), (128, 0, 0), (255, 0, 0)])
def test_signals_behind_codes(code: int, signal: int, number: int) -> None:
    assert signal_of(code, signal) == number


@pytest.mark.parametrize("code", [*range(256)])
def test_every_code_has_words(code: int) -> None:
    assert meaning_of(code).endswith((".", ":", ")."))


def test_who_outstays_the_grace_time_learns_why() -> None:
    report = death_report(Evidence(_container(137, signal=9, requested=True, cause=Cause.STOPPED)))
    assert report.summary == "“web” did not end when it was asked to, and was killed."
    assert "10 seconds after SIGTERM" in report.meaning
    assert "init" in report.meaning
    with_init = _container(
        137, signal=9, requested=True, cause=Cause.STOPPED, spec=ContainerSpec(image="web:1", init=True)
    )
    assert "init" not in death_report(Evidence(with_init)).meaning


def test_a_kill_on_request_is_told_from_a_stop() -> None:
    report = death_report(Evidence(_container(137, signal=9, requested=True, cause=Cause.KILLED)))
    assert report.summary == "“web” was killed on request (code 137)."


@pytest.mark.parametrize("cause", [Cause.LOST, Cause.REBOOT])
def test_what_was_cut_off_did_start(cause: Cause) -> None:
    report = death_report(Evidence(_container(137, signal=9, error="The machine was restarted.", cause=cause)))
    assert report.summary == "“web” was cut off. The machine was restarted."
    assert "never ran" not in report.meaning


def test_a_shell_that_misses_a_command_is_no_missing_command() -> None:
    report = death_report(Evidence(_container(127)))
    assert "reported that a command was not found" in report.meaning
    assert "fix-command" not in report.next_steps


def test_the_reason_comes_first_and_the_advice_after_it() -> None:
    report = death_report(Evidence(_container(127, error="The command is missing. Check its path. And PATH.")))
    assert report.summary == "“web” could not start. The command is missing."
    assert report.meaning == "Check its path. And PATH."


def test_a_policy_that_allows_no_more_says_so() -> None:
    spec = ContainerSpec(image="web:1", restart=RestartPolicy(name="on-failure", maximum_retries=2))
    tired = msgspec.structs.replace(_container(3, spec=spec), restart_count=2)
    assert death_report(Evidence(tired)).meaning.endswith(
        "started anew 2 times, and its restart policy allows no more."
    )


def test_an_end_before_the_clock_knows_of_the_start() -> None:
    ended = msgspec.structs.replace(_container(1), started=START + timedelta(seconds=30, milliseconds=4))
    assert death_report(Evidence(ended)).summary == "“web” failed with code 1 right after its start."


def test_a_failed_health_check_is_shown() -> None:
    result = HealthResult(started=START, ended=START, exit_code=1, output="no answer")
    sick = msgspec.structs.replace(_container(1), health=HealthStatus(log=(result,)))
    report = death_report(Evidence(sick))
    assert report.health_output == "no answer"
    assert "show-health" in report.next_steps
