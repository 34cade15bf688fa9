"""Leaving containers to their restart policies when an engine goes: those that wait for a start get a stand-in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from engine.containers.run.conmon_call import stand_in_command
from engine.containers.run.restart_file import let_stand_in_enter, restart_path
from engine.errors import WherryError
from engine.processes.programs import runtime_environment
from engine.types.containers import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.run.runtime import Runtime

_log = logging.getLogger(__name__)


async def keep_places(book: ContainerBook, runtime: Runtime) -> None:
    """Groups with limits for those whose stand-ins will start them. Called while the engine has its place in the tree:
    the old groups went with the runs before, and a stand-in can make none and set no limit."""
    for entry in _waiting(book, runtime):
        group = runtime.cgroup(entry.record)
        try:
            group.create()
            group.apply(entry.container.spec.resources)
        except (WherryError, OSError) as error:
            _log.warning("%s waits for the next engine: %s", entry.container.name, error)


async def hand_over(book: ContainerBook, runtime: Runtime) -> None:
    """Called when the store's lock is free again and the keeper still lives: the stand-in looks at the lock first."""
    for entry in _waiting(book, runtime):
        let_stand_in_enter(runtime, entry.record)
        child = await runtime.keeper.spawn(
            stand_in_command(runtime, entry.id),
            env=runtime_environment(),
            # From beside the container's groups: from the keeper's it might not be let in.
            cgroup_dirs=runtime.cgroups.supervisors().join_directories(),
        )
        child.close()


def _waiting(book: ContainerBook, runtime: Runtime) -> Iterator[Entry]:
    for entry in book:
        if entry.state is State.RESTARTING and restart_path(runtime, entry.id).exists():
            yield entry
