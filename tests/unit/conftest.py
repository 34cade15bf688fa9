"""The engine on a machine in memory, for the tests of the rooms that need one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from engine.embedded import EmbeddedEngine
    from tests.fakes.machine import MachineInMemory
    from tests.support.played_engine import PlayedStore
    from tests.support.stores import ShortTmp


@pytest.fixture
def played(short_tmp: ShortTmp) -> Iterator[PlayedStore]:
    """Engines are opened on it by the test."""
    # Not at the top: the tests of one room must not need all of them.
    from tests.support.played_engine import PlayedStore

    store = PlayedStore(short_tmp)
    mask = os.umask(0o022)  # an engine that root starts closes what its process makes
    os.umask(mask)
    yield store
    store.machine.turn_off()
    os.umask(mask)


@pytest.fixture
def machine(played: PlayedStore) -> MachineInMemory:
    return played.machine


@pytest.fixture
async def played_engine(played: PlayedStore) -> AsyncIterator[EmbeddedEngine]:
    async with played.engine() as engine:
        yield engine
