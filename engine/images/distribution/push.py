"""Pushing: what the registry has is skipped, what it has elsewhere is mounted, the rest is sent, layers in parallel.

A pulled image is pushed under the very manifest it came with, so its digest stays. Only where a layer cannot be had in
that form (it was first unpacked from another compression) does the image get a manifest of its own; its id stays.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from engine.errors import InvalidRequest, NotFound
from engine.images.archives.archive_write import compose_manifest
from engine.images.archives.index_write import Member, compose
from engine.images.known import platforms
from engine.images.known.manifest import OCI_MANIFEST
from engine.images.known.reference import Reference, parse, parse_repository
from engine.images.layers.layer_progress import LayerTeller
from engine.operations.together import together
from engine.types.events import Event
from engine.types.images import LayerPhase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.events.bus import EventBus
    from engine.images.known.catalogue import Catalogue
    from engine.images.known.index_shelf import IndexShelf
    from engine.images.known.records import LayerRecord, StoredImage
    from engine.images.layers.layer_archive import LayerArchives
    from engine.operations.registry import Progress
    from engine.registry.registries import Registries
    from engine.registry.upload import Upload
    from engine.types.attestations import IndexEntry
    from engine.types.images import PushImage

_MOST_MOUNT_TRIES: Final = 3


class Pusher:
    def __init__(
        self,
        *,
        registries: Registries,
        catalogue: Catalogue,
        archives: LayerArchives,
        bus: EventBus,
        parallel: Callable[[], int],
        shelf: IndexShelf,
    ) -> None:
        self._registries = registries
        self._catalogue = catalogue
        self._archives = archives
        self._bus = bus
        self._parallel = parallel
        self._shelf = shelf

    async def push(self, request: PushImage, progress: Progress) -> str:
        """Gives the digest the registry knows the (last) image by."""
        if request.index:
            name = parse(request.reference).with_default_tag()
            return await self._push_index(name, request.index, request, progress)
        digest = ""
        for name in self._names(request):
            index = await self._shelf.get(self._catalogue.resolve(str(name)).id, self._catalogue.images)
            if index:
                digest = await self._push_index(name, index, request, progress)
            else:
                digest = await self._push_one(name, request, progress)
        return digest

    def _names(self, request: PushImage) -> list[Reference]:
        if not request.all_tags:
            name = parse(request.reference).with_default_tag()
            if not name.tag or name.digest:
                raise InvalidRequest("A push needs a name with a tag, not a digest", subject=request.reference)
            return [name]
        repository = parse_repository(request.reference)
        known = [parse(tag) for tag in self._catalogue.tags]
        names = sorted((one for one in known if one.name == repository.name), key=str)
        if not names:
            raise NotFound(f"No image is tagged {repository.familiar}", subject=request.reference)
        return names

    async def _push_one(self, name: Reference, request: PushImage, progress: Progress) -> str:
        image = self._catalogue.resolve(str(name))
        progress.status(f"Pushing {name.familiar}")
        upload = self._upload(name, request)
        raw, media_type, brought = await self._bring(image, upload, name, progress)
        digest = await upload.put_manifest(name.tag, raw, media_type)
        await self._remember(image, name, brought, digest)
        progress.status(f"Pushed {name.familiar} ({digest[:19]})")
        return digest

    async def _push_index(
        self, name: Reference, index: Sequence[IndexEntry], request: PushImage, progress: Progress
    ) -> str:
        """The images, what is said of them, and the index last: it has the name only when all it leads to is there."""
        progress.status(f"Pushing {name.familiar}")
        upload = self._upload(name, request)
        members: list[Member] = []
        seen: list[tuple[StoredImage, dict[str, str]]] = []
        for entry in index:
            image = self._catalogue.resolve(entry.image)
            raw, media_type, brought = await self._bring(image, upload, name, progress)
            members.append(Member(image, raw, media_type, entry.attestations))
            seen.append((image, brought))
        made = compose(members, [str(name)])
        for digest, data in made.blobs.items():
            if not await upload.has(digest):
                await upload.send(digest, data, progress=lambda done: None)
        for digest, raw, media_type in made.manifests:
            await upload.put_manifest(digest, raw, media_type)
        found = await upload.put_manifest(name.tag, made.raw, made.descriptor.media_type)
        # The name stands for what a pull of it would bring here.
        here = platforms.host_platform()
        shown = next((image.id for image, _ in seen if platforms.matches(here, image.platform)), seen[0][0].id)
        for image, brought in seen:
            await self._remember(image, name, brought, found if image.id == shown else "")
        progress.status(f"Pushed {name.familiar} ({made.descriptor.digest[:19]})")
        return made.descriptor.digest

    def _upload(self, name: Reference, request: PushImage) -> Upload:
        from engine.registry.upload import Upload  # with it comes what speaks HTTP: see `Registries`

        return Upload(self._registries.client(), name.domain, name.path, login=request.login)

    async def _bring(
        self, image: StoredImage, upload: Upload, name: Reference, progress: Progress
    ) -> tuple[bytes, str, dict[str, str]]:
        """Layers and configuration; gives the manifest, its media type, and which digest each layer has there."""
        records = {diff_id: self._catalogue.layers[diff_id] for diff_id in image.diff_ids}
        given = {}
        if image.manifest is not None:
            given = dict(zip(image.diff_ids, (layer.digest for layer in image.manifest.layers), strict=True))
        room = asyncio.Semaphore(max(1, self._parallel()))

        async def one(record: LayerRecord) -> tuple[str, str]:
            async with room:
                found = await self._layer(upload, name, record, given.get(record.diff_id, ""), progress)
                return record.diff_id, found

        brought = dict(await together(one(record) for record in records.values()))
        if not await upload.has(image.id):
            await upload.send(image.id, image.config_bytes, progress=lambda done: None)
        raw, media_type = self._manifest(image, brought, given)
        return raw, media_type, brought

    async def _layer(self, upload: Upload, name: Reference, record: LayerRecord, given: str, progress: Progress) -> str:
        """Bring one layer over, in the form the manifest names if that can be had; gives the digest it has there."""
        record = await self._archives.ensured(record, self._catalogue)
        assert record.archive is not None
        own = record.archive
        teller = LayerTeller(progress, given or own.digest, own.size)
        teller.phase(LayerPhase.WAITING)
        for digest in dict.fromkeys([given, own.digest]):
            if not digest:
                continue
            if await upload.has(digest):
                teller.whole(LayerPhase.PRESENT)
                return digest
            if await self._mounted(upload, name, record, digest):
                teller.whole(LayerPhase.MOUNTED)
                return digest
        await upload.send(
            own.digest,
            self._archives.path(record),
            progress=lambda done: teller.moved(LayerPhase.UPLOADING, done),
            on_retry=teller.retrying,
        )
        teller.whole(LayerPhase.DONE)
        return own.digest

    async def _mounted(self, upload: Upload, name: Reference, record: LayerRecord, digest: str) -> bool:
        tried = 0
        for known, repository in record.sources:
            source = parse(repository)
            if known == digest and source.domain == name.domain and source.path != name.path:
                tried += 1
                if tried > _MOST_MOUNT_TRIES:
                    return False
                if await upload.mount(digest, source.path):
                    return True
        return False

    def _manifest(self, image: StoredImage, brought: dict[str, str], given: dict[str, str]) -> tuple[bytes, str]:
        if image.manifest is not None and image.manifest_bytes is not None and brought == given:
            return image.manifest_bytes, image.manifest.media_type or image.manifest_type or OCI_MANIFEST
        layers: list[dict[str, Any]] = []
        for index, diff_id in enumerate(image.diff_ids):
            archive = self._catalogue.layers[diff_id].archive
            if image.manifest is not None and brought[diff_id] == given[diff_id]:
                descriptor = image.manifest.layers[index]
                media_type, size = descriptor.media_type, descriptor.size
            else:
                assert archive is not None
                media_type, size = archive.media_type, archive.size
            layers.append({"mediaType": media_type, "digest": brought[diff_id], "size": size})
        return compose_manifest(image, layers), OCI_MANIFEST

    async def _remember(self, image: StoredImage, name: Reference, brought: dict[str, str], digest: str) -> None:
        """The registry has these now: the next push there mounts them."""
        seen = [self._catalogue.layers[diff_id].seen_at(found, name.name) for diff_id, found in brought.items()]
        await self._catalogue.put_layers(seen)
        if digest:
            await self._catalogue.add_digest(image.id, name.with_digest(digest))
        event = Event(
            time_ns=time.time_ns(), kind="image", action="push", id=image.id, name=name.familiar,
            attributes={"name": name.familiar},
        )  # fmt: skip
        self._bus.announce(event)
