"""What a pod is said to do, of what its containers do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.types.containers import State
from engine.types.pods import PodState

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNS = (State.RUNNING, State.STARTING, State.STOPPING)


def state_of(states: Sequence[State]) -> PodState:
    """Without those that only prepare."""
    if all(each is State.CREATED for each in states):
        return PodState.CREATED
    if all(each in _RUNS for each in states):
        return PodState.RUNNING
    if all(each is State.PAUSED for each in states):
        return PodState.PAUSED
    if any(each in _RUNS or each in (State.PAUSED, State.RESTARTING) for each in states):
        return PodState.DEGRADED
    return PodState.EXITED
