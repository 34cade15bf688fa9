"""The end of a run, accounted for: from a record and what is known of the end to the record after it and what follows.

Pure, and the only place that does it: for an end that was seen, for one found by a later engine, and for a start of the
restart policy's that failed, which is an end like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.containers.known.record import Record, Run
from engine.containers.restarter import GOOD_RUN_SECONDS, MAY_RESTART, delay
from engine.types.containers import Cause, Exit, Health, HealthStatus, State

if TYPE_CHECKING:
    from datetime import datetime

LOST_CODE = 137
REBOOT_CODE = 255
NOT_STARTED_CODE = 125
_FIRST_SIGNAL, _LAST_SIGNAL = 129, 192


class Evidence(NamedTuple):
    """What is known of an end. Without a code nobody saw it: then the machine went down, or conmon was killed."""

    looked: datetime
    """When the end is accounted for; it may have happened long before."""
    code: int | None = None
    """As conmon wrote it down."""
    ended: datetime | None = None
    """When conmon did."""
    out_of_memory: bool = False
    rebooted: bool = False
    watched: bool = True
    """An engine ran at the time."""
    not_started: Exit | None = None
    """A restart was tried, and failed so."""


class Decision(NamedTuple):
    """What follows from an end. Neither of both: the container rests."""

    again: bool = False
    wait: float = 0.0
    """Seconds from now to the next start."""
    remove: bool = False


def settle_end(record: Record, evidence: Evidence) -> tuple[Record, Decision]:
    """The record after the end, and what the container's policy wants now."""
    ending = _ending(record, evidence)
    container = record.container
    ran = 0.0
    if evidence.not_started is None and container.started is not None:
        ran = (ending.ended - container.started).total_seconds()
    good = ran >= GOOD_RUN_SECONDS
    again = wants_restart(record, ending)
    # What the machine did is no failure of the service, and nothing to wait for.
    failures = record.failures if evidence.rebooted else 1 if good else record.failures + 1
    settled = record.changed(
        run=Run(),
        failures=failures if again else 0,
        good_spec=container.spec if good or ending.code == 0 else record.good_spec,
    ).with_container(
        state=State.RESTARTING if again else State.EXITED,
        exit=ending,
        pid=0,
        ip_address="",
        cgroup="",
        health=HealthStatus(status=Health.NONE, log=container.health.log),
    )
    if not again:
        return settled, Decision(remove=container.spec.auto_remove)
    return settled, Decision(again=True, wait=0.0 if evidence.rebooted else _wait(settled, evidence.looked))


def settle_waiting(record: Record, looked: datetime) -> tuple[Record, Decision]:
    """One that ended before and waits for its next start, whose waiting somebody must take over."""
    if record.stop_wanted:
        return record.changed(failures=0).with_container(state=State.EXITED), Decision()
    return record, Decision(again=True, wait=_wait(record, looked))


def _wait(record: Record, looked: datetime) -> float:
    """What is left of the back-off; a clock that was set back makes it no longer."""
    ending = record.container.exit
    passed = 0.0 if ending is None else max(0.0, (looked - ending.ended).total_seconds())
    return max(0.0, delay(max(0, record.failures - 1)) - passed)


def _ending(record: Record, evidence: Evidence) -> Exit:
    if evidence.not_started is not None:
        return evidence.not_started
    if evidence.code is not None:
        return Exit(
            code=evidence.code,
            ended=evidence.ended or evidence.looked,
            signal=evidence.code - 128 if _FIRST_SIGNAL <= evidence.code <= _LAST_SIGNAL else 0,
            oom_killed=evidence.out_of_memory,
            requested=record.stop_wanted,
            cause=cause_of(record),
        )
    if evidence.rebooted:
        return Exit(code=REBOOT_CODE, ended=evidence.looked, error="The machine was restarted.", cause=Cause.REBOOT)
    if evidence.watched:
        error = "The process that looked after it (conmon) was killed."
    else:
        error = "It ended while no engine ran, and conmon, which looked after it, with it."
    return Exit(
        code=LOST_CODE, ended=evidence.looked, oom_killed=evidence.out_of_memory, error=error,
        requested=record.stop_wanted, cause=Cause.LOST,
    )  # fmt: skip


def cause_of(record: Record) -> Cause:
    """Of an end that left a code."""
    if not record.stop_wanted:
        return Cause.ITSELF
    return Cause.STOPPED if record.container.state is State.STOPPING else Cause.KILLED


def wants_restart(record: Record, ending: Exit) -> bool:
    """The restart policy, as Docker reads it."""
    policy = record.container.spec.restart
    if record.stop_wanted or policy.name not in MAY_RESTART:
        return False
    if policy.name == "on-failure":
        return ending.code != 0 and not 0 < policy.maximum_retries <= record.failures
    return True
