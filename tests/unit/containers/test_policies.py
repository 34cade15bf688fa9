"""Restart policies, back-off, health verdicts, the lifecycle's refusals: decisions without a kernel."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.containers import restarter
from engine.containers.end.run_end import wants_restart
from engine.containers.known.record import Record, member_of
from engine.containers.restarter import delay, must_restart
from engine.containers.watch.health import check_command, effective, judge
from engine.recipe.crossing import recipe_of
from engine.recipe.rows import LIVE, RESTART, changes
from engine.types.containers import (
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthCheck,
    HealthResult,
    HealthStatus,
    LogLimits,
    RestartPolicy,
    State,
)
from engine.types.data import now
from engine.types.images import ImageConfig


def record(policy: str = "no", maximum: int = 0, **fields: Any) -> Record:
    spec = ContainerSpec(image="i", restart=RestartPolicy(name=policy, maximum_retries=maximum))  # type: ignore[arg-type]
    container = Container(
        id="c" * 64,
        name="c",
        image_id="i",
        image="i",
        spec=spec,
        command_line=("x",),
        state=State.RUNNING,
        created=now(),
    )
    return Record(container=container, image_config=ImageConfig(), layers=(), **fields)


def ending(code: int) -> Exit:
    return Exit(code=code, ended=now())


CASES = [
    ("no", 0, 1, 0, False),
    ("always", 0, 0, 0, True),
    ("always", 0, 1, 99, True),
    ("unless-stopped", 0, 0, 0, True),
    ("on-failure", 0, 0, 0, False),
    ("on-failure", 0, 3, 50, True),
    ("on-failure", 2, 3, 1, True),
    ("on-failure", 2, 3, 2, False),
]


@pytest.mark.parametrize(("policy", "maximum", "code", "failures", "again"), CASES)
def test_engine_and_stand_in_decide_alike(policy: str, maximum: int, code: int, failures: int, *, again: bool) -> None:
    assert wants_restart(record(policy, maximum, failures=failures), ending(code)) is again
    document = {"policy": policy, "maximum": maximum, "failures": failures}
    assert must_restart(document, code) is again


@pytest.mark.parametrize("policy", ["always", "unless-stopped", "on-failure"])
def test_what_a_person_stopped_stays_stopped(policy: str) -> None:
    assert not wants_restart(record(policy, stop_wanted=True), ending(1))


def test_the_back_off_doubles_up_to_a_minute() -> None:
    assert [delay(number) for number in range(4)] == [0.1, 0.2, 0.4, 0.8]
    assert delay(30) == delay(10_000) == 60.0


def test_the_stand_in_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(restarter.__file__).read_text())
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else [])
        + ([node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    }
    assert names <= sys.stdlib_module_names


def result(code: int) -> HealthResult:
    return HealthResult(started=now(), ended=now(), exit_code=code, output="")


def test_health_goes_through_its_states() -> None:
    check = effective(HealthCheck(test=("CMD", "true"), retries=2))
    status = HealthStatus(status=Health.STARTING)
    status = judge(status, result(1), check, starting=True)
    assert (status.status, status.failing_streak) == (Health.STARTING, 0)
    status = judge(status, result(0), check, starting=True)
    assert status.status is Health.HEALTHY
    status = judge(status, result(1), check, starting=True)
    assert (status.status, status.failing_streak) == (Health.HEALTHY, 1)
    status = judge(status, result(1), check, starting=False)
    assert status.status is Health.UNHEALTHY
    assert judge(status, result(0), check, starting=False).status is Health.HEALTHY


def test_health_keeps_the_last_answers_only() -> None:
    status = HealthStatus()
    for code in range(9):
        status = judge(status, result(code), effective(HealthCheck()), starting=False)
    assert [each.exit_code for each in status.log] == [4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (("CMD", "curl", "-f"), ("curl", "-f")),
        (("CMD-SHELL", "curl -f x"), ("/bin/sh", "-c", "curl -f x")),
        (("curl", "x"), ("/bin/sh", "-c", "curl x")),
    ],
)
def test_health_commands(test: tuple[str, ...], command: tuple[str, ...]) -> None:
    assert check_command(HealthCheck(test=test)) == command


def test_docker_s_health_defaults() -> None:
    check = effective(HealthCheck())
    assert (check.interval, check.timeout, check.retries, check.start_interval) == (30.0, 30.0, 3, 5.0)


def test_what_an_edit_changes() -> None:
    old = ContainerSpec(image="i")
    assert not changes(recipe_of(old), recipe_of(old))
    new = ContainerSpec(image="i", env={"A": "1"}, tty=True, log=LogLimits(driver="none"))
    assert changes(recipe_of(old), recipe_of(new)) == {"env": RESTART, "tty": RESTART, "log": RESTART}
    more = ContainerSpec(image="i", log=LogLimits(max_files=2), labels={"a": "b"})
    assert changes(recipe_of(old), recipe_of(more)) == {"log": LIVE, "labels": LIVE}


def test_the_networks_view_of_a_container() -> None:
    member = member_of(record())
    assert member.host_names == ("c", "c" * 12)
    assert not member.is_named
