"""The engine on a machine in memory, whole or its lower rooms alone, for the tests of the rooms that need one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.storage.paths import Paths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from engine.embedded import EmbeddedEngine
    from engine.sandbox.client import Keeper
    from engine.storage.layers import LayerStore
    from engine.storage.rootfs import RootFilesystems
    from tests.fakes.machine import MachineInMemory
    from tests.support.played_engine import PlayedStore
    from tests.support.stores import ShortTmp


@pytest.fixture
def machine() -> Iterator[MachineInMemory]:
    # Not at the top: the tests of one room must not need all of them.
    from tests.fakes.machine import MachineInMemory

    mask = os.umask(0o022)  # an engine that root starts closes what its process makes
    os.umask(mask)
    found = MachineInMemory()
    yield found
    found.turn_off()
    os.umask(mask)


@pytest.fixture
def played(short_tmp: ShortTmp, machine: MachineInMemory) -> Iterator[PlayedStore]:
    """Engines are opened on it by the test."""
    from tests.support.played_engine import PlayedStore

    yield PlayedStore(short_tmp, machine)
    # They are in a directory of all of a user's stores, which every engine looks through as it opens.
    own = Paths(short_tmp.root, short_tmp.run).netns("*")
    for path in own.parent.glob(own.name):
        path.unlink()


@pytest.fixture
async def played_engine(played: PlayedStore) -> AsyncIterator[EmbeddedEngine]:
    async with played.engine() as engine:
        yield engine


@pytest.fixture
def groups(played: PlayedStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine has control groups, for an engine that is opened after this."""
    from engine.cgroups import tree
    from tests.fakes.groups import PlayedGroup

    monkeypatch.setattr(tree, "ContainerCgroup", PlayedGroup)
    machine = played.machine
    machine.groups = played.store.path / "groups"
    return machine.groups


# --- the lower rooms alone ---


@pytest.fixture
def paths(short_tmp: ShortTmp) -> Paths:
    return Paths(short_tmp.root, short_tmp.run)


@pytest.fixture
async def keeper(paths: Paths, machine: MachineInMemory) -> AsyncIterator[Keeper]:
    opened = await machine.keeper(paths)
    yield opened
    await opened.close()


@pytest.fixture
async def layers(paths: Paths, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LayerStore]:
    """What is new is brought to disk at once."""
    from engine.storage import settling
    from engine.storage.layers import LayerStore

    monkeypatch.setattr(settling, "GATHER_SECONDS", 0.0)
    store = LayerStore(paths, keeper)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def rootfs(paths: Paths, keeper: Keeper, layers: LayerStore) -> RootFilesystems:
    from engine.storage.rootfs import RootFilesystems

    return RootFilesystems(paths, keeper, layers)
