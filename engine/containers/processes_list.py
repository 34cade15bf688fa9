"""The processes of a container: host and container numbers, owner, CPU, memory; and a signal for one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sandbox.client import Keeper
    from engine.types.containers import Process


async def list_processes(pid: int, cgroup_dirs: Sequence[str], *, user_names: dict[int, str]) -> Sequence[Process]:
    """Everything in the container's control groups, or below `pid` where there are none, main process first.

    `user_names` maps uids *inside* the container to names; give {} to have numbers.
    """
    raise NotImplementedError


async def signal_process(keeper: Keeper, pid: int, cgroup_dirs: Sequence[str], *, target: int, signal: str) -> None:
    """Signal one process by its host number. Raises `NotFound` where it is none of the container's."""
    raise NotImplementedError
