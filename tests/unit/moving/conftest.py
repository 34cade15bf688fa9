"""Two engines, each on a machine in memory, and what carries things between them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from engine.events.bus import EventBus
from engine.moving.carrying import Books
from engine.moving.kept import KeptSources
from engine.moving.service import MovingService
from engine.moving.under_way import RecordsUnderWay
from engine.operations.registry import OperationRegistry
from tests.support.played_engine import PlayedStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.facade_afar import Machines
    from engine.types.machines import Machine, Moved
    from tests.support.stores import ShortTmp


@dataclass
class Ends:
    """`here` is this computer, `there` the machine "far". Implements what a move asks of `facade.Machines`."""

    here: EmbeddedEngine
    there: EmbeddedEngine
    place: Path
    known: list[Machine] = field(default_factory=list)
    away: bool = False
    told: int = 0

    def __post_init__(self) -> None:
        self.operations = OperationRegistry(EventBus())
        self.books = Books(RecordsUnderWay(self.place / "under-way.json"), KeptSources(self.place / "kept.json"))
        self.moving = MovingService(cast("Machines", self), self.connected, self.operations, self.books, self._tell)

    def _tell(self) -> None:
        self.told += 1

    async def engine(self, name: str) -> EmbeddedEngine:
        return self.there if name else self.here

    async def connected(self, name: str, seconds: float) -> bool:
        del name, seconds
        return not self.away

    async def list(self) -> list[Machine]:
        return self.known

    async def carry(self, request: Moved) -> str:
        return await self.moving.carry_out(request).result()


@pytest.fixture
async def ends(make_short_tmp: Callable[[], ShortTmp], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    monkeypatch.setattr("engine.moving.again._SETTLED_SECONDS", 0.0)
    monkeypatch.setattr("engine.moving.again._LOOK_SECONDS", 0.0)
    here, there = PlayedStore(make_short_tmp()), PlayedStore(make_short_tmp())
    # Two keepers in one process would take each other's mask.
    really, mask = os.umask, os.umask(0)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    try:
        async with here.engine() as first, there.engine() as second:
            yield Ends(first, second, here.store.path)
    finally:
        really(mask)
        here.machine.turn_off()
        there.machine.turn_off()
