"""Sources that a move left stopped: remembered until somebody removes them, which is done only while the other runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import msgspec

from engine.errors import Conflict, NotFound, StorageError, WherryError
from engine.types.containers import Health, State
from engine.types.machines import KeptSource

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from engine.facade import Engine
    from engine.types.containers import Container

AWAKE = (State.RUNNING, State.PAUSED, State.RESTARTING)


class KeptSources:
    """A file of them, newest last. What is kept is known by its kind, its name and where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def all(self) -> list[KeptSource]:
        return await asyncio.to_thread(self._read)

    async def add(self, kept: KeptSource) -> None:
        await self._write([*await self._without(kept), kept])

    async def drop(self, kept: KeptSource) -> None:
        await self._write(await self._without(kept))

    async def _without(self, kept: KeptSource) -> list[KeptSource]:
        return [each for each in await self.all() if _key(each) != _key(kept)]

    def _read(self) -> list[KeptSource]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[KeptSource])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                f"{self._path} cannot be read", f"{error}. What it names can be removed by hand."
            ) from None

    async def _write(self, entries: Sequence[KeptSource]) -> None:
        def write() -> None:
            fresh = self._path.with_name(f"{self._path.name}.new")
            with fresh.open("wb") as file:
                file.write(msgspec.json.encode(entries))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)

        await asyncio.to_thread(write)


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
