"""Which file tree a place names: a container's, a volume's or an image's. Implements `engine.files.tree.Trees`."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.containers.look.changes import no_changes_of
from engine.files.tree import Tree
from engine.types.containers import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.containers.known.book import ContainerBook, Entry
    from engine.containers.run.container_files import ContainerFiles
    from engine.storage.paths import Paths
    from engine.types.files import Place


class Places:
    """Holds trees for the files room."""

    def __init__(self, book: ContainerBook, paths: Paths, files: ContainerFiles) -> None:
        self._book = book
        self._paths = paths
        self._files = files

    @asynccontextmanager
    async def tree(self, place: Place) -> AsyncIterator[Tree]:
        if place.kind == "container":
            async with self._container_tree(self._book.find(place.id)) as tree:
                yield tree
        elif place.kind == "volume":
            yield Tree(root=str(self._files.volumes.data_path(place.id)))
        else:
            async with self._image_tree(place) as tree:
                yield tree

    @asynccontextmanager
    async def _container_tree(self, entry: Entry) -> AsyncIterator[Tree]:
        upper, driver = str(self._paths.upper(entry.id)), self._files.rootfs.driver(entry.id)
        lowers = tuple(str(self._paths.layer_tree(layer)) for layer in reversed(entry.record.layers))
        container = Tree(root="", upper=upper, driver=driver, lowers=lowers, no_changes=no_changes_of(entry.container))
        if entry.state in (State.RUNNING, State.PAUSED):
            shown = tuple(mount.target for mount in entry.container.mounts if mount.kind in ("volume", "bind"))
            root = f"/proc/{entry.container.pid}/root"
            yield replace(container, root=root, shown_mounts=shown)
            return
        async with self._files.roots.hold(entry) as mounted:
            yield replace(container, root=str(mounted), mounts=self._mounts(entry))

    def _mounts(self, entry: Entry) -> tuple[tuple[str, str, bool], ...]:
        """What would be mounted if it ran: a stopped container's volumes belong to its files too."""
        found: list[tuple[str, str, bool]] = []
        for mount in entry.container.mounts:
            if mount.kind == "volume" and mount.source in self._files.volumes.names():
                found.append((mount.target, str(self._files.volumes.data_path(mount.source)), mount.read_only))
            elif mount.kind == "bind":
                found.append((mount.target, mount.source, mount.read_only))
        return tuple(found)

    @asynccontextmanager
    async def _image_tree(self, place: Place) -> AsyncIterator[Tree]:
        layers = self._files.images.image(place.id).layers
        wanted = layers if place.layer < 0 else layers[: place.layer + 1]
        name = f"look-{secrets.token_hex(8)}"
        root = await self._files.rootfs.mount_scratch(name, wanted)
        try:
            yield Tree(root=str(root), read_only=True)
        finally:
            await self._files.rootfs.unmount_scratch(name)
