"""The end of a run, accounted for: a table of what was, what is known, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from engine.containers.end.run_end import Decision, Evidence, settle_end, settle_waiting
from engine.containers.known.record import Record, Run
from engine.types.containers import (
    Cause,
    Container,
    ContainerSpec,
    Exit,
    Health,
    HealthResult,
    HealthStatus,
    RestartPolicy,
    State,
)
from engine.types.images import ImageConfig

STARTED = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOON = STARTED + timedelta(seconds=1)
LATE = STARTED + timedelta(seconds=100)
PROBE = HealthResult(started=STARTED, ended=STARTED, exit_code=1, output="no")


def record(policy: str = "no", *, maximum: int = 0, state: State = State.RUNNING, **fields: Any) -> Record:
    auto_remove = fields.pop("auto_remove", False)
    restart = RestartPolicy(name=policy, maximum_retries=maximum)  # type: ignore[arg-type]
    container = Container(
        id="c" * 64, name="c", image_id="i", image="i", command_line=("x",), created=STARTED, started=STARTED,
        spec=ContainerSpec(image="i", restart=restart, auto_remove=auto_remove), state=state, pid=42,
        ip_address="10.0.0.2", cgroup="/g", exit=fields.pop("exit", None),
        health=HealthStatus(status=Health.UNHEALTHY, log=(PROBE,)),
    )  # fmt: skip
    return Record(container=container, image_config=ImageConfig(), layers=(), run=Run(boot="b", pid=42), **fields)


def seen(code: int, at: datetime = SOON, **more: Any) -> Evidence:
    return Evidence(looked=at, code=code, ended=at, **more)


class Case(NamedTuple):
    name: str
    before: Record
    evidence: Evidence
    state: State
    decision: Decision
    failures: int = 0
    code: int = 0
    cause: Cause = Cause.ITSELF


def again(wait: float) -> Decision:
    return Decision(again=True, wait=wait)


REST, GO = State.EXITED, State.RESTARTING
CASES = [
    Case("ends well", record(), seen(0), REST, Decision()),
    Case("ends badly", record(), seen(3), REST, Decision(), code=3),
    Case("asked to remove itself", record(auto_remove=True), seen(0), REST, Decision(remove=True)),
    Case("always: first failure", record("always"), seen(1), GO, again(0.1), 1, 1),
    Case("always: third failure", record("always", failures=2), seen(1), GO, again(0.4), 3, 1),
    Case("always: after a good run", record("always", failures=5), seen(1, LATE), GO, again(0.1), 1, 1),
    Case("on-failure: success", record("on-failure", failures=2), seen(0), REST, Decision()),
    Case("on-failure: the last", record("on-failure", maximum=3, failures=2), seen(1), GO, again(0.4), 3, 1),
    Case("on-failure: no more", record("on-failure", maximum=3, failures=3), seen(1), REST, Decision(), code=1),
    Case(
        "stopped, whatever the policy",
        record("always", stop_wanted=True, failures=4, state=State.STOPPING),
        seen(143), REST, Decision(), code=143, cause=Cause.STOPPED,
    ),
    Case("killed", record("always", stop_wanted=True), seen(137), REST, Decision(), code=137, cause=Cause.KILLED),
    Case("conmon lost", record(), Evidence(SOON), REST, Decision(), code=137, cause=Cause.LOST),
    Case("conmon lost, policy", record("always"), Evidence(SOON), GO, again(0.1), 1, 137, Cause.LOST),
    Case("unseen, and lost", record(), Evidence(SOON, watched=False), REST, Decision(), code=137, cause=Cause.LOST),
    Case(
        "found by a later engine: what is left of the back-off",
        record("always", failures=9), Evidence(SOON + timedelta(seconds=50), code=1, ended=SOON, watched=False),
        GO, again(1.2), 10, 1,
    ),
    Case(
        "found long after: at once",
        record("always", failures=2), Evidence(LATE, code=1, ended=SOON, watched=False), GO, again(0.0), 3, 1,
    ),
    Case(
        "the clock was set back: no longer than the back-off",
        record("always"), Evidence(STARTED - timedelta(days=1), code=1, ended=SOON), GO, again(0.1), 1, 1,
    ),
    Case(
        "the machine went down: no failure of the service's, and nothing to wait for",
        record("unless-stopped", failures=7), Evidence(LATE, rebooted=True, watched=False),
        GO, again(0.0), 7, 255, Cause.REBOOT,
    ),
    Case("a reboot", record(), Evidence(LATE, rebooted=True), REST, Decision(), code=255, cause=Cause.REBOOT),
    Case(
        "a restart that failed is one more failure",
        record("always", failures=3, state=GO), Evidence(LATE, not_started=Exit(code=125, ended=LATE, error="no port")),
        GO, again(0.8), 4, 125,
    ),
    Case(
        "a restart that failed, the last",
        record("on-failure", maximum=2, failures=2, state=GO),
        Evidence(LATE, not_started=Exit(code=127, ended=LATE, error="no such file")), REST, Decision(), code=127,
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_an_end_leads_to(case: Case) -> None:
    after, decision = settle_end(case.before, case.evidence)
    assert after.container.state is case.state
    assert decision._replace(wait=round(decision.wait, 6)) == case.decision
    assert after.failures == case.failures
    ending = after.container.exit
    assert ending is not None
    assert (ending.code, ending.cause) == (case.code, case.cause)
    assert ending.requested is case.before.stop_wanted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_the_run_is_kept_but_what_its_death_tells(case: Case) -> None:
    after, _ = settle_end(case.before, case.evidence)
    container = after.container
    assert (after.run, container.pid, container.ip_address, container.cgroup) == (Run(), 0, "", "")
    assert container.health == HealthStatus(status=Health.NONE, log=(PROBE,))


def test_the_recipe_of_a_good_run_is_remembered() -> None:
    before = record()
    assert settle_end(before, seen(0))[0].good_spec == before.container.spec
    assert settle_end(before, seen(1, LATE))[0].good_spec == before.container.spec
    assert settle_end(before, seen(1))[0].good_spec is None
    failed = Evidence(LATE, not_started=Exit(code=125, ended=LATE))
    assert settle_end(before, failed)[0].good_spec is None, "it did not run at all"


def test_signals_and_the_kernel_s_own_kills_are_named() -> None:
    killed = settle_end(record(), seen(137, out_of_memory=True))[0].container.exit
    assert killed is not None
    assert (killed.signal, killed.oom_killed) == (9, True)
    for code in (128, 193, 1):
        plain = settle_end(record(), seen(code))[0].container.exit
        assert plain is not None
        assert (plain.signal, plain.oom_killed) == (0, False)


def test_the_waiting_for_a_next_start_is_taken_over() -> None:
    ending = Exit(code=1, ended=STARTED)
    before = record("always", state=State.RESTARTING, failures=4, exit=ending)
    assert settle_waiting(before, STARTED + timedelta(seconds=0.3)) == (before, again(0.5))
    assert settle_waiting(before, LATE) == (before, again(0.0))
    last_try = record("on-failure", maximum=4, state=State.RESTARTING, failures=4, exit=ending)
    assert settle_waiting(last_try, LATE)[1].again, "its last try was promised when its last run ended"


def test_a_waiting_that_a_person_ended_is_over() -> None:
    before = record("always", state=State.RESTARTING, failures=4, stop_wanted=True)
    after, decision = settle_waiting(before, LATE)
    assert decision == Decision()
    assert (after.container.state, after.failures) == (State.EXITED, 0)


def test_records_of_before_are_read() -> None:
    body = msgspec.json.encode(record())
    assert not msgspec.json.decode(body, type=Record).paused_briefly
