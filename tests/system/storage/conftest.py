"""The lower rooms alone: a keeper, layers and root file systems in a private store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.sandbox.client import Keeper
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths
from engine.storage.rootfs import RootFilesystems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.stores import ShortTmp


@pytest.fixture
def paths(short_tmp: ShortTmp) -> Paths:
    return Paths(short_tmp.root, short_tmp.run)


@pytest.fixture
async def keeper(paths: Paths) -> AsyncIterator[Keeper]:
    opened = await Keeper.open(paths)
    yield opened
    await opened.close()


@pytest.fixture
async def layers(paths: Paths, keeper: Keeper) -> AsyncIterator[LayerStore]:
    store = LayerStore(paths, keeper)
    await store.open()
    yield store
    await store.trash.empty()
    await store.close()


@pytest.fixture
def rootfs(paths: Paths, keeper: Keeper, layers: LayerStore) -> RootFilesystems:
    return RootFilesystems(paths, keeper, layers)
