"""The volumes room on a keeper in memory, which can be opened anew on the same store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.events.bus import EventBus
from engine.operations.registry import OperationRegistry
from engine.state.database import Database
from engine.volumes.volume_service import VolumeService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from engine.sandbox.client import Keeper
    from engine.storage.paths import Paths
    from engine.types.events import Event
    from tests.fakes.machine import MachineInMemory


def files(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*") if path.is_file()}


class Users:
    """The containers that there are, and which of them run."""

    def __init__(self) -> None:
        self.users: dict[str, tuple[str, ...]] = {}
        self.running: set[str] = set()

    def volume_users(self) -> Mapping[str, tuple[str, ...]]:
        return self.users

    def name_of(self, container_id: str) -> str:
        return f"name of {container_id}"

    def is_alive(self, container_id: str) -> bool:
        return container_id in self.running


class Room:
    """The volumes room, which can be opened anew on the same store."""

    def __init__(self, paths: Paths, keeper: Keeper, machine: MachineInMemory, database: Database) -> None:
        self.paths = paths
        self.keeper = keeper
        self.machine = machine
        self.database = database
        self.users = Users()
        self.heard: list[str] = []
        self.bus = EventBus()
        self.service = self._made()

    def _made(self) -> VolumeService:
        self.bus = EventBus(self._hear)
        self.operations = OperationRegistry(self.bus)
        return VolumeService(
            paths=self.paths, keeper=self.keeper, database=self.database, bus=self.bus, operations=self.operations,
            containers=self.users,
        )  # fmt: skip

    def _hear(self, event: Event) -> None:
        if event.kind == "volume":
            more = "".join(f" {key}={value}" for key, value in event.attributes.items() if key != "driver")
            assert (event.attributes["driver"], event.name) == ("local", event.id)
            self.heard.append(f"{event.action} {event.id}{more}")

    async def anew(self) -> VolumeService:
        """As the next engine finds it."""
        self.service = self._made()
        await self.service.open()
        return self.service

    def data(self, name: str) -> Path:
        return self.paths.volume_data(name)

    def left(self) -> set[str]:
        return {path.name for path in self.paths.volumes.iterdir()}

    def parts(self, name: str) -> set[str]:
        return {path.name for path in self.paths.volume(name).iterdir()}


@pytest.fixture
async def room(paths: Paths, keeper: Keeper, machine: MachineInMemory) -> AsyncIterator[Room]:
    database = await Database.open(paths.database)
    found = Room(paths, keeper, machine, database)
    await found.service.open()
    yield found
    await found.operations.close()
    await database.close()
