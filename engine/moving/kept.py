"""Sources that a move left stopped: remembered until somebody removes them, which is done only while the other runs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from engine.errors import Conflict, NotFound, WherryError
from engine.moving.record_file import RecordFile
from engine.types.containers import Health, State
from engine.types.machines import KeptSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from engine.facade import Engine
    from engine.types.containers import Container

AWAKE = (State.RUNNING, State.PAUSED, State.RESTARTING)


class KeptSources(RecordFile[KeptSource]):
    """What is kept is known by its kind, its name and where it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, KeptSource, _key)


def _key(kept: KeptSource) -> tuple[str, str, str]:
    return kept.kind, kept.name, kept.source


async def remove_kept(kept: KeptSource, source: Engine, target: Engine) -> None:
    """Asked again at this moment: all that ran before the move runs there, and nothing of it here."""
    where = kept.target or "this computer"
    for key, name in kept.here.items():
        with contextlib.suppress(NotFound):
            if (await source.containers.get(key)).state in AWAKE:
                raise Conflict(
                    f"“{name}” runs again where it was", "What it writes is nowhere else: nothing was removed."
                )
    for key, name in kept.there.items():
        if problem := await _problem(target, key, name, runs=key in kept.running):
            raise Conflict(f"“{name}” {problem} on {where}", "Nothing was removed.", subject=name)
    await let_go(source, [*reversed(kept.here)], kept.volumes)


async def _problem(target: Engine, key: str, name: str, *, runs: bool) -> str:
    """In words that follow its name; "" is none."""
    found = await _found(target, key) or await _found(target, name)
    if found is None:
        return "is no more"
    if not runs:
        return ""
    if found.state is not State.RUNNING:
        return "does not run"
    return "" if found.health.status in (Health.NONE, Health.HEALTHY) else "is not healthy"


async def _found(target: Engine, key: str) -> Container | None:
    try:
        return await target.containers.get(key)
    except NotFound:
        return None


async def let_go(source: Engine, containers: Collection[str], volumes: Iterable[str]) -> None:
    """What was moved goes where it was. A volume that others use stays."""
    for key in containers:
        with contextlib.suppress(NotFound):
            await source.containers.remove(key, force=True)
    for name in volumes:
        with contextlib.suppress(NotFound):
            if not set((await source.volumes.get(name)).used_by) - set(containers):
                await source.volumes.remove(name)


async def still_there(kept: KeptSource, source: Engine) -> bool:
    """Whether anything is left of it; one that cannot be asked may have it."""
    with contextlib.suppress(WherryError):
        return bool({each.id for each in await source.containers.list()} & set(kept.here))
    return True
