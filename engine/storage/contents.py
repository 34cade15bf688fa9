"""The deep half of the store's check: whether what is there still is what it was. Every file and every blob is read.

Layers are compared with their index, digest by digest; blobs with their names; the database checks itself. What is
damaged is made whole from what is here: a layer from its compressed form. Of the rest it is said what it costs.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import NotFound
from engine.storage.findings import Finding, found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

    from engine.storage.blobs import BlobStore
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where contents can be had again, as the other rooms know it."""

    archives: Callable[[], Mapping[str, str]]
    """Diff id → digest of the layer's compressed form, where one is kept."""
    restore: Callable[[str], Awaitable[object]]
    """Make a layer anew from that form."""
    pack_again: Callable[[str], Awaitable[object]]
    """Make that form anew from the layer's files, or say that it cannot be had of them."""
    database: Callable[[], Awaitable[str]]
    """What is wrong with the database, "" for nothing."""


class ContentsCheck:
    def __init__(self, paths: Paths, layers: LayerStore, blobs: BlobStore, sources: Sources) -> None:
        self._paths = paths
        self._layers = layers
        self._blobs = blobs
        self._sources = sources

    async def findings(
        self, layers: Mapping[str, str], *, at_rest: bool, only: Collection[str] | None = None
    ) -> AsyncIterator[Finding]:
        """`layers`: diff id → the image that needs it. What runs may stand on one, so they are mended at rest only.
        `only`: of these subjects alone, and of the archives, from which others could be restored."""
        sound_archives: set[str] = set()
        for diff_id, digest in sorted(self._sources.archives().items()):
            if only is not None and not {diff_id, digest} & set(only):
                continue
            async for finding in self._archive(diff_id, digest, layers.get(diff_id, "an image")):
                yield finding
                break
            else:
                sound_archives.add(diff_id)
        for diff_id, image in sorted(layers.items()):
            if only is not None and diff_id not in only:
                continue
            if self._layers.has(diff_id) and (damage := await self._layers.damage(diff_id)):
                yield self._damaged(diff_id, image, damage, restorable=diff_id in sound_archives, at_rest=at_rest)
        async for finding in self._strange_blobs(only):
            yield finding
        if told := await self._sources.database():
            text = f"The database says: {told}. Copy the store first of all; `sqlite3 .recover` reads what is left."
            yield found("damaged-database", str(self._paths.database), text)

    async def _archive(self, diff_id: str, digest: str, image: str) -> AsyncIterator[Finding]:
        if await self._is_intact(digest):
            return
        what = "is damaged" if self._blobs.has(digest) else "is gone"
        text = f"The compressed form of a layer of {image} {what}: it runs, but cannot be pushed or saved."
        yield found("damaged-blob", digest, text, partial(self._sources.pack_again, diff_id))

    def _damaged(self, diff_id: str, image: str, damage: str, *, restorable: bool, at_rest: bool) -> Finding:
        text = f"{damage} in a layer of {image} is not what it was."
        if not restorable:
            text += " Nothing here has it whole: pull the image and mend again, or remove it and build it again."
            return found("damaged-layer", diff_id, text)
        if not at_rest:
            return found("damaged-layer", diff_id, f"{text} It can be made whole once nothing runs.")
        return found("damaged-layer", diff_id, text, partial(self._sources.restore, diff_id))

    async def _is_intact(self, digest: str) -> bool:
        """It may go while it is read."""
        with contextlib.suppress(NotFound, FileNotFoundError):
            return await self._blobs.is_intact(digest)
        return False

    async def _strange_blobs(self, only: Collection[str] | None) -> AsyncIterator[Finding]:
        known = set(self._sources.archives().values())
        for algorithm in ("sha256", "sha512"):
            directory = self._paths.blobs / algorithm
            for path in sorted(directory.iterdir()) if directory.is_dir() else ():
                digest = f"{algorithm}:{path.name}"
                if digest in known or (only is not None and digest not in only):
                    continue
                if not await self._is_intact(digest) and path.exists():
                    yield found("damaged-blob", digest, "A blob is not what its name says.", self._remover(digest))

    def _remover(self, digest: str) -> Callable[[], Awaitable[object]]:
        async def remove() -> object:
            return await self._blobs.remove(digest)

        return remove
