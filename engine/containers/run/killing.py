"""Killing everything that is in a container's control groups, whatever started it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from engine.processes.programs import need_program

if TYPE_CHECKING:
    from engine.cgroups.group import ContainerCgroup
    from engine.sandbox.client import Keeper

_KILL_SECONDS = 10.0
_LOOK_SECONDS = 0.002


async def kill_group(keeper: Keeper, group: ContainerCgroup) -> None:
    """Kill everything in a container's groups: in one write, else one by one until nothing new appears."""
    if not group.kill_at_once():
        if group.can_freeze:
            # Frozen processes cannot fork away from under the list.
            group.freeze(frozen=True)
        if left := group.processes():
            await keeper.run([need_program("kill"), "-KILL", *map(str, left)])
        if group.can_freeze:
            group.freeze(frozen=False)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_KILL_SECONDS):
            # The kernel tells nobody when a v1 group has emptied; killed processes take a moment to leave.
            while group.processes():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
