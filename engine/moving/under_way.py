"""What moves and copies have begun: written down before each step, so that whatever ends one in the middle (a line, an
engine, a machine), the next try knows what there is its own, what ran before, and which of the two ends counts.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

import msgspec

from engine.errors import NotFound, WherryError
from engine.moving.kept import AWAKE
from engine.moving.record_file import RecordFile
from engine.types.containers import State
from engine.types.machines import Moved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.facade import Engine
    from engine.types.containers import Container


class UnderWay(msgspec.Struct, frozen=True):
    """One move or copy that is not through."""

    request: Moved
    volumes: dict[str, str] = {}
    """Those made there for it, by name, with the mark of what they are of. They may be written to again."""
    running: tuple[str, ...] = ()
    """The containers that ran when it began, by their ids where they were."""
    stopped: bool = False
    """Those that ran were told to stop, or to stand still."""
    makes: tuple[str, ...] = ()
    """The names of containers that are made there."""
    made: tuple[str, ...] = ()
    """The ids of those that are known to be."""
    started: tuple[str, ...] = ()
    """The ids there of those that were told to start: if they run, they count, and not what was stopped."""


class RecordsUnderWay(RecordFile[UnderWay]):
    def __init__(self, path: Path) -> None:
        super().__init__(path, UnderWay, lambda record: key_of(record.request))

    async def of(self, request: Moved) -> UnderWay | None:
        return next((each for each in await self.all() if key_of(each.request) == key_of(request)), None)


def key_of(request: Moved) -> tuple[str, ...]:
    return request.kind, request.name, request.source, request.target, request.new_name


async def remains(target: Engine, record: UnderWay) -> list[Container]:
    """What an earlier try made there. A cut may have hidden an id: such a one was never started, and holds nothing."""
    return [
        each
        for each in await target.containers.list()
        if each.id in record.made or (each.name in record.makes and each.state is State.CREATED)
    ]


async def clear_away(target: Engine, record: UnderWay) -> None:
    for each in await remains(target, record):
        with contextlib.suppress(NotFound):
            await target.containers.remove(each.id, force=True)


Standing = Literal["begin", "over", "unclear"]


async def standing(target: Engine, record: UnderWay, containers: Sequence[Container]) -> Standing:
    """Which end of an earlier try counts: "begin" is the one here, "over" the one there, which runs alone.

    What ran here again is as it was before. What was started there and stands still may hold what is nowhere else.
    """
    if not record.started or not record.request.move or any(each.state in AWAKE for each in containers):
        return "begin"
    there = {each.id: each.state for each in await remains(target, record)}
    if all(there.get(key, State.CREATED) is State.CREATED for key in record.started):
        return "begin"
    whole = len(record.made) == len(record.makes) and not set(record.made) - set(there)
    return "over" if whole and all(there[key] in AWAKE for key in record.started) else "unclear"


async def wake(source: Engine, record: UnderWay) -> bool:
    """What was stopped for a move that ended before its change-over runs again. Whether all of it does."""
    well = True
    for key in record.running:
        try:
            found = await source.containers.get(key)
            if found.state is State.PAUSED:
                await source.containers.unpause(key)
            elif found.state not in AWAKE:
                await source.containers.start(key)
        except NotFound:
            continue
        except WherryError:
            well = False
    return well
