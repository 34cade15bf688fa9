"""What is true of a container, from its row and what the machine shows."""

from __future__ import annotations

import os
from typing import Any

import pytest

from engine.containers.known.record import Run
from engine.containers.watch.judging import Found, Verdict, judge
from engine.containers.watch.traces import Shown, differs
from engine.types.containers import ALIVE_STATES, State
from tests.unit.containers.test_run_end import record

AT_REST = (State.CREATED, State.EXITED, State.DEAD)
LIVING = Found(pid=7, conmon_pid=6, traces=True)
GONE = Found()

CASES = [
    *(
        (state, LIVING, Verdict.LIVES)
        for state in (*sorted(ALIVE_STATES), State.CREATED, State.EXITED, State.RESTARTING)
    ),
    *((state, GONE, Verdict.ENDED) for state in sorted(ALIVE_STATES)),
    *((state, LIVING._replace(exit_code=(0, 1.0)), Verdict.ENDED) for state in sorted(ALIVE_STATES)),
    *((state, GONE, Verdict.RESTS) for state in AT_REST),
    *((state, Found(exit_code=(0, 1.0)), Verdict.RESTS) for state in AT_REST),
    *((state, Found(traces=True), Verdict.LEFT_OVER) for state in AT_REST),
    *((state, LIVING._replace(half_made=True), Verdict.START_CUT_OFF) for state in (State.CREATED, State.RUNNING)),
    (State.STARTING, GONE, Verdict.START_CUT_OFF),
    (State.STARTING, LIVING, Verdict.LIVES),
    (State.RESTARTING, GONE, Verdict.WAITS),
    (State.RESTARTING, Found(traces=True), Verdict.WAITS),
    (State.RESTARTING, Found(half_made=True, traces=True), Verdict.START_CUT_OFF),
    (State.REMOVING, GONE, Verdict.REMOVAL_CUT_OFF),
    (State.REMOVING, LIVING, Verdict.REMOVAL_CUT_OFF),
]


@pytest.mark.parametrize(("state", "found", "verdict"), CASES)
def test_what_is_true(state: State, found: Found, verdict: Verdict) -> None:
    assert judge(record(state=state), found) is verdict


def shown(**names: Any) -> Shown:
    nothing: dict[str, frozenset[str]] = dict.fromkeys(Shown._fields, frozenset())
    return Shown(**(nothing | {key: frozenset(value) for key, value in names.items()}))


def test_a_glance_tells_whether_a_closer_look_is_due() -> None:
    here = os.getpid()
    running = record().changed(run=Run(conmon_pid=here))
    assert not differs(running, shown(runtimes=[running.id], groups=[running.id[:32]], networks=[running.id]))
    assert differs(running, shown(exits=[running.id])), "an end nobody accounted for"
    assert differs(running.changed(run=Run(conmon_pid=2**22 + 1)), shown()), "nobody looks after it"
    resting = record(state=State.EXITED)
    assert not differs(resting, shown(exits=[resting.id]))
    for left in ({"runtimes": [resting.id]}, {"networks": [resting.id]}, {"groups": [resting.id[:32]]}):
        assert differs(resting, shown(**left))
    for between in (State.STARTING, State.REMOVING, State.RESTARTING):
        assert differs(record(state=between), shown())
