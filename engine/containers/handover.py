"""Leaving containers to their restart policies when an engine goes: those that wait for a start get a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.containers.conmon_call import stand_in_command
from engine.containers.restart_file import restart_path
from engine.processes.programs import runtime_environment
from engine.types.containers import State

if TYPE_CHECKING:
    from engine.containers.runtime import Runtime


async def hand_over(runtime: Runtime) -> None:
    """Called when the store's lock is free again and the keeper still lives: the stand-in looks at the lock first."""
    for entry in runtime.book:
        if entry.state is State.RESTARTING and restart_path(runtime, entry.id).exists():
            child = await runtime.keeper.spawn(stand_in_command(runtime, entry.id), env=runtime_environment())
            child.close()
