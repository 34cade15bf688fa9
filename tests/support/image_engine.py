"""The images room with only what it stands on: a store, a keeper, a database. No containers, no networks."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from engine.builder.finished_images import with_instructions
from engine.errors import NotFound
from engine.events.bus import EventBus
from engine.images.image_service import ImageService
from engine.operations.registry import OperationRegistry
from engine.registry.transport import Limits
from engine.sandbox.client import Keeper
from engine.state.database import Database
from engine.storage.blobs import BlobStore
from engine.storage.layers import LayerStore
from engine.storage.paths import Paths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from engine.images.known.users import ContainerSource, ImageUser, WritableLayer

PATIENT = Limits(connect=5.0, silence=5.0, tries=3, first_pause=0.05)


class NoSecrets:
    """A desktop without a key ring."""

    async def store(self, server: str, username: str, secret: str) -> bool:
        return False

    async def lookup(self, server: str) -> tuple[str, str] | None:
        return None

    async def erase(self, server: str) -> bool:
        return False

    async def servers(self) -> list[tuple[str, str]]:
        return []


class NoContainers:
    """A store in which nobody uses an image."""

    def image_users(self, image_id: str = "") -> Sequence[ImageUser]:
        return ()

    def writable_layer(self, container: str, *, pause: bool) -> AbstractAsyncContextManager[WritableLayer]:
        raise NotFound(f"No such container: {container}", subject=container)


@asynccontextmanager
async def opened_images(
    root: Path, run: Path, *, limits: Limits = PATIENT, containers: ContainerSource | None = None
) -> AsyncIterator[ImageService]:
    """Open a store's images; close everything at the end. May be opened again and again on the same store."""
    paths = Paths(root, run)
    paths.root.mkdir(parents=True, exist_ok=True)
    paths.run.mkdir(parents=True, exist_ok=True)
    keeper = await Keeper.open(paths)
    database = await Database.open(paths.database)
    bus = EventBus()
    operations = OperationRegistry(bus, database)
    layers = LayerStore(paths, keeper)
    await layers.open()
    images = ImageService(
        paths=paths,
        database=database,
        keeper=keeper,
        blobs=BlobStore(paths),
        layers=layers,
        bus=bus,
        operations=operations,
        containers=containers or NoContainers(),
        with_instructions=with_instructions,
        secrets_keeper=NoSecrets(),
        limits=limits,
    )
    try:
        await images.open()
        await images.sweep()
        yield images
    finally:
        await operations.close()
        await images.close()
        await layers.close()
        bus.close()
        await database.close()
        await keeper.close()
