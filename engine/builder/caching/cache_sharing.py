"""Caches outside of this store while builds look into them, and what a build gives to one.

A step that is not known here is looked for there; only then is its layer fetched, and from then on it is a step of this
store like any other.
"""

from __future__ import annotations

import secrets
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from engine.builder.caching.directory_blobs import DirectoryBlobs
from engine.builder.caching.outside_cache import (
    digest_of,
    manifest_document,
    read_inline,
    read_manifest,
    read_steps,
    steps_document,
)
from engine.errors import NotFound, WherryError
from engine.images.known.manifest import OCI_MANIFEST
from engine.images.known.records import LayerRecord
from engine.types.attestations import IndexDescriptor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from engine.builder.caching.cache import CachedStep, StepCache
    from engine.builder.caching.outside_cache import OutsideCache
    from engine.facade_lent import BlobPlace
    from engine.images.image_service import ImageService
    from engine.storage.layers import LayerStore
    from engine.types.builds import BuildCache


class SharedCaches:
    """Those that are open now."""

    def __init__(self, images: ImageService, layers: LayerStore, cache: StepCache) -> None:
        self._images = images
        self._layers = layers
        self._cache = cache
        self._open: dict[str, tuple[OutsideCache, BlobPlace | None]] = {}

    async def open(self, where: BuildCache, blobs: BlobPlace | None) -> str:
        """Read the list of what it has."""
        place = blobs or (DirectoryBlobs(where.directory) if where.directory else None)
        if place is None:
            here = self._images.catalogue.find(where.reference)
            if here is not None and (found := read_inline(here.config_bytes)).steps:
                return self._keep(found, None)
            place = self._images.blobs_at(where.reference, where.login)
        manifest = read_manifest(await place.manifest())
        assert manifest.config is not None
        return self._keep(read_steps(manifest, await place.small(manifest.config.digest)), place)

    def close(self, name: str) -> None:
        self._open.pop(name, None)

    async def find(
        self,
        key: str,
        names: Sequence[str],
        pin: Callable[[str], AbstractContextManager[None]],
        say: Callable[[str], None],
    ) -> CachedStep | None:
        """The step, its layer in the store; None where nobody has it, or it could not be fetched."""
        for name in names:
            cache, place = self._open.get(name, (None, None))
            entry = cache.steps.get(key) if cache is not None else None
            if cache is None or entry is None:
                continue
            try:
                with pin(entry.diff_id):
                    if entry.diff_id and not self._layers.has(entry.diff_id):
                        await self._fetch(entry.diff_id, cache, place)
                    await self._cache.keep(key, entry)
            except WherryError as error:
                say(f"What a cache has of this step could not be fetched: {error}")
                continue
            return entry
        return None

    async def export(
        self, steps: Mapping[str, CachedStep], where: BuildCache, blobs: BlobPlace | None
    ) -> IndexDescriptor:
        """Give these steps and their layers to a place; how their manifest is known there."""
        place = blobs or self._place(where)
        archives = []
        for diff_id in dict.fromkeys(each.diff_id for each in steps.values() if each.diff_id):
            record = await self._images.archives.ensured(self._record(diff_id), self._images.catalogue)
            assert record.archive is not None
            await place.write(record.archive.digest, self._images.archives.path(record))
            archives.append((diff_id, record.archive))
        config = msgspec.json.encode(steps_document(steps))
        await place.write(digest_of(config), config)
        raw = manifest_document(config, archives)
        await place.put_manifest(raw, OCI_MANIFEST)
        return IndexDescriptor(media_type=OCI_MANIFEST, digest=digest_of(raw), size=len(raw))

    def _place(self, where: BuildCache) -> BlobPlace:
        if where.directory:
            return DirectoryBlobs(where.directory)
        return self._images.blobs_at(where.reference, where.login)

    def _keep(self, cache: OutsideCache, place: BlobPlace | None) -> str:
        name = secrets.token_hex(8)
        self._open[name] = (cache, place)
        return name

    async def _fetch(self, diff_id: str, cache: OutsideCache, place: BlobPlace | None) -> None:
        """As a pull does it: unpacked, checked, and kept in the form it came in."""
        descriptor = cache.layers.get(diff_id)
        if descriptor is None or place is None:
            raise NotFound("The layer of a step is not in that cache", subject=diff_id)
        images = self._images
        async with images.intake.lock(diff_id):
            if self._layers.has(diff_id):
                return
            async with images.archives.sink() as sink:
                async with aclosing(place.read(descriptor.digest, descriptor.size)) as pieces:
                    added = await images.intake.add(diff_id, pieces, sink=sink)
                archive = await images.archives.keep(sink)
            record = await images.intake.describe(added)
            await images.catalogue.put_layers([msgspec.structs.replace(record, archive=archive)])

    def _record(self, diff_id: str) -> LayerRecord:
        known = self._images.catalogue.layers.get(diff_id)
        if known is not None:
            return known
        index = self._layers.index(diff_id)
        return LayerRecord(diff_id=diff_id, size=index.total, files=len(index))
