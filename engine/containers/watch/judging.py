"""What is true of a container, from its row and what the machine shows of it. Pure; asked at the start of an engine and
every few seconds after, so that a row and the machine cannot disagree for long."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from engine.types.containers import ALIVE_STATES, State

if TYPE_CHECKING:
    from engine.containers.known.record import Record


class Found(NamedTuple):
    """What the run directory, the runtime and /proc show of one container."""

    pid: int = 0
    """Of its first process, where that and the conmon that looks after it are there."""
    conmon_pid: int = 0
    exit_code: tuple[int, float] | None = None
    """As conmon wrote it down, and when."""
    restarts: int = 0
    failures: int = 0
    started: float = 0.0
    """These three: what the stand-in did while no engine ran."""
    half_made: bool = False
    """Created, never told to start."""
    frozen: bool = False
    traces: bool = False
    """The runtime, a control group or a network of its own still knows it."""


class Verdict(Enum):
    LIVES = auto()
    ENDED = auto()
    """Its run is over and nobody has accounted for it."""
    START_CUT_OFF = auto()
    """To be taken back: as if it had not been tried."""
    REMOVAL_CUT_OFF = auto()
    """To be finished: its files may be gone."""
    WAITS = auto()
    """For the next start its policy wants."""
    LEFT_OVER = auto()
    """At rest, and something of its last run is still there."""
    RESTS = auto()


def judge(record: Record, found: Found) -> Verdict:
    """Asked while nobody changes the container: a state that only somebody's work explains is a work cut off."""
    state = record.container.state
    if state is State.REMOVING:
        return Verdict.REMOVAL_CUT_OFF
    if found.half_made or state is State.STARTING:
        return Verdict.LIVES if _runs(found) else Verdict.START_CUT_OFF
    if _runs(found):
        return Verdict.LIVES
    if state in ALIVE_STATES:
        return Verdict.ENDED
    if state is State.RESTARTING:
        return Verdict.WAITS
    return Verdict.LEFT_OVER if found.traces else Verdict.RESTS


def _runs(found: Found) -> bool:
    return bool(found.pid) and found.exit_code is None and not found.half_made
