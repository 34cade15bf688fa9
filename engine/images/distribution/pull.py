"""Pulling: manifest, platform, config, then the layers in parallel, each streaming through digest and unpacking.

All or nothing: an image is recorded when its last layer is in place, in one transaction. What a failed pull brought is
taken away again, except the compressed bytes of one that may go on later.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec

from engine.errors import Code, NotFound, RegistryError, StorageError, WherryError
from engine.images.known import manifest as manifests
from engine.images.known import platforms
from engine.images.known.manifest import MANIFEST_TYPES, Descriptor, Index, Manifest
from engine.images.known.records import Archive, LayerRecord, StoredImage
from engine.images.known.reference import Reference, parse, parse_repository
from engine.images.layers.intake import Added
from engine.images.layers.layer_progress import LayerTeller
from engine.images.streams.piping import coalesced, file_pieces
from engine.operations.together import together
from engine.sandbox.failures import KeeperLost
from engine.types.data import Data
from engine.types.images import LayerPhase

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from engine.images.known.catalogue import Catalogue
    from engine.images.known.unfinished import Unfinished
    from engine.images.layers.intake import LayerIntake
    from engine.images.layers.layer_archive import LayerArchives
    from engine.operations.registry import Progress
    from engine.registry.client import Fetched
    from engine.registry.registries import Registries
    from engine.storage.blobs import BlobStore, BlobWriter
    from engine.storage.layers import LayerStore
    from engine.storage.paths import Paths
    from engine.types.data import Platform
    from engine.types.images import Login, PullImage

_log = logging.getLogger(__name__)
_COALESCED: Final = 512 * 1024
_DEEPEST_INDEX: Final = 4


class _Plan(Data, frozen=True, kw_only=True):
    """Everything known before the first layer is fetched."""

    name: Reference
    top_digest: str
    manifest: Manifest
    manifest_bytes: bytes
    manifest_type: str
    manifest_digest: str
    config: bytes
    diff_ids: tuple[str, ...]


class Puller:
    def __init__(
        self,
        *,
        registries: Registries,
        catalogue: Catalogue,
        blobs: BlobStore,
        layers: LayerStore,
        intake: LayerIntake,
        archives: LayerArchives,
        unfinished: Unfinished,
        parallel: Callable[[], int],
        paths: Paths,
    ) -> None:
        self._paths = paths
        self._registries = registries
        self._catalogue = catalogue
        self._blobs = blobs
        self._layers = layers
        self._intake = intake
        self._archives = archives
        self._unfinished = unfinished
        self._parallel = parallel
        self._under_way = 0

    @property
    def busy(self) -> bool:
        return self._under_way > 0

    async def pull(self, request: PullImage, progress: Progress) -> str:
        """Gives the image's id (of the last one, with all tags)."""
        self._under_way += 1
        try:
            return await self._pull(request, progress)
        finally:
            self._under_way -= 1

    async def _pull(self, request: PullImage, progress: Progress) -> str:
        wanted = platforms.wanted_platform(request.platform)
        names = await self._names(request)
        image_id = ""
        for name in names:
            progress.status(f"Asking {name.domain} for {name.familiar}")
            plan = await self._plan(name, wanted, request, explicit=bool(request.platform))
            image_id = await self._fetch(plan, request, progress)
        return image_id

    async def _names(self, request: PullImage) -> list[Reference]:
        if not request.all_tags:
            return [parse(request.reference).with_default_tag()]
        repository = parse_repository(request.reference)
        tags = await self._registries.client().tags(repository.domain, repository.path, login=request.login)
        if not tags:
            raise NotFound(f"{repository.familiar} has no tags", subject=request.reference)
        return [repository.with_tag(tag) for tag in tags]

    # --- what to fetch ---

    async def _plan(self, name: Reference, wanted: Platform, request: PullImage, *, explicit: bool) -> _Plan:
        top = await self._manifest(name, name.digest or name.tag, request.login, MANIFEST_TYPES)
        fetched, parsed = top, manifests.parse_manifest(top.raw, top.media_type)
        depth = 0
        while isinstance(parsed, Index):
            depth += 1
            if depth > _DEEPEST_INDEX:
                raise RegistryError("The index leads from one index to the next", details=str(name))
            chosen = platforms.choose(parsed.manifests, wanted, name.familiar)
            fetched = await self._manifest(name, chosen.digest, request.login, MANIFEST_TYPES)
            parsed = manifests.parse_manifest(fetched.raw, fetched.media_type)
        config = await self._registries.client().small_blob(
            name.domain, name.path, parsed.config.digest, largest=manifests.LARGEST_CONFIG, login=request.login
        )
        document = manifests.parse_config(config)
        manifests.check_pair(parsed, document)
        found = platforms.of_strings(document.os, document.architecture, document.variant)
        if explicit and fetched is top and not platforms.matches(wanted, found):
            raise platforms.no_platform(name.familiar, wanted, [str(found)])
        return _Plan(
            name=name,
            top_digest=top.digest,
            manifest=parsed,
            manifest_bytes=fetched.raw,
            manifest_type=parsed.media_type or fetched.media_type,
            manifest_digest=fetched.digest,
            config=config,
            diff_ids=document.diff_ids,
        )

    async def _manifest(self, name: Reference, target: str, login: Login | None, accept: tuple[str, ...]) -> Fetched:
        return await self._registries.client().manifest(
            name.domain, name.path, target, accept=accept, largest=manifests.LARGEST_MANIFEST, login=login
        )

    # --- fetching it ---

    async def _fetch(self, plan: _Plan, request: PullImage, progress: Progress) -> str:
        pairs = dict(zip(plan.diff_ids, plan.manifest.layers, strict=True))
        tellers = {
            diff_id: LayerTeller(progress, descriptor.digest, descriptor.size) for diff_id, descriptor in pairs.items()
        }
        for teller in tellers.values():
            teller.phase(LayerPhase.WAITING)
        progress.status(f"Pulling {plan.name.familiar}")
        digests = [descriptor.digest for descriptor in pairs.values()]
        await self._unfinished.begin(digests)
        room = asyncio.Semaphore(max(1, self._parallel()))
        added: list[str] = []

        async def one(diff_id: str, descriptor: Descriptor) -> LayerRecord:
            return await self._layer(plan.name, diff_id, descriptor, request.login, tellers[diff_id], room, added)

        with self._intake.pinned(pairs):
            try:
                records = await together(one(*pair) for pair in pairs.items())
                image = await self._record(plan, records, progress, named=not request.nameless)
            except BaseException as error:
                await self._take_back(added, digests, error)
                raise
        await self._unfinished.end(digests)
        return image

    async def _record(self, plan: _Plan, records: list[LayerRecord], progress: Progress, *, named: bool) -> str:
        image_id = plan.manifest.config.digest
        known = image_id in self._catalogue.images
        image = StoredImage(
            id=image_id,
            config=plan.config,
            pulled_ns=time.time_ns(),
            manifest=plan.manifest_bytes,
            manifest_type=plan.manifest_type,
            manifest_digest=plan.manifest_digest,
        )
        name = plan.name
        await self._catalogue.add(
            image,
            records,
            tags=[name.with_tag(name.tag)] if named and name.tag and not name.digest else [],
            digests=[name.with_digest(plan.top_digest)] if named else [],
            action="pull",
        )
        progress.status(
            f"{name.familiar} is up to date" if known else f"Pulled {name.familiar} ({plan.top_digest[:19]})"
        )
        return image_id

    async def _layer(
        self,
        name: Reference,
        diff_id: str,
        descriptor: Descriptor,
        login: Login | None,
        teller: LayerTeller,
        room: asyncio.Semaphore,
        added: list[str],
    ) -> LayerRecord:
        async with room, self._intake.lock(diff_id):
            came, is_new = Added(diff_id, 0), not self._layers.has(diff_id)
            if not is_new:
                await self._bring_form_back(name, diff_id, descriptor, login, teller)
                teller.whole(LayerPhase.PRESENT)
            else:
                added.append(diff_id)  # before it is: a pull that is stopped in the very moment knows what to take back
                came = await self._taken_in(name, diff_id, descriptor, login, teller)
                teller.whole(LayerPhase.DONE)
        record = await self._intake.describe(came)
        record = record.seen_at(descriptor.digest, name.name)
        if not self._archives.has(record) and self._blobs.has(descriptor.digest):
            archive = Archive(digest=descriptor.digest, media_type=descriptor.media_type, size=descriptor.size)
            # Of a layer that was here before, only the registry says that this is its form.
            if is_new or await self._archives.is_of(diff_id, archive):
                record = msgspec.structs.replace(record, archive=archive)
        return record

    async def _bring_form_back(
        self, name: Reference, diff_id: str, descriptor: Descriptor, login: Login | None, teller: LayerTeller
    ) -> None:
        """Of a layer that is here, but whose compressed form was lost: a push needs it."""
        known = self._catalogue.layers.get(diff_id)
        if known is None or not self._archives.is_lost(known):
            return
        async with aclosing(self._bytes(name, descriptor, login, teller)) as chunks:
            async for _ in chunks:
                pass

    async def _taken_in(
        self, name: Reference, diff_id: str, descriptor: Descriptor, login: Login | None, teller: LayerTeller
    ) -> Added:
        """What an earlier try left may be damaged (power was cut under it): then once more, from the first byte on. So
        too where the keeper was killed over it."""
        digest = descriptor.digest
        old = self._blobs.has(digest) or self._blobs.partial_bytes(digest) > 0
        try:
            async with aclosing(self._bytes(name, descriptor, login, teller)) as chunks:
                return await self._intake.add(diff_id, chunks)
        except KeeperLost:
            teller.retrying("the keeper was replaced")
        except StorageError as error:
            if not old or error.code not in (Code.DIGEST_MISMATCH, Code.BAD_ARCHIVE):
                raise
            await self._blobs.forget_partial(digest)
            if self._blobs.has(digest):
                if await self._blobs.is_intact(digest):
                    raise
                await self._blobs.remove(digest)
            teller.retrying("what an earlier try left was damaged")
        async with aclosing(self._bytes(name, descriptor, login, teller)) as chunks:
            return await self._intake.add(diff_id, chunks)

    async def _bytes(
        self, name: Reference, descriptor: Descriptor, login: Login | None, teller: LayerTeller
    ) -> AsyncGenerator[bytes, None]:
        """The layer's compressed bytes: from the store, or from the registry, going on where an earlier try ended."""
        digest = descriptor.digest
        if not self._blobs.has(digest):
            writer = await self._blobs.writer(digest, size=descriptor.size)
            try:
                if not self._blobs.has(digest):  # another pull may have brought it while we waited
                    async for chunk in self._downloaded(name, descriptor, login, teller, writer):
                        yield chunk
                    return
            except StorageError as error:
                if error.code is Code.DISK_FULL:
                    await writer.discard()  # room matters more now than a head start later
                raise
            finally:
                await writer.close()
        teller.phase(LayerPhase.UNPACKING, done=0)
        done = 0
        async for piece in file_pieces(self._blobs.path(digest)):
            yield piece
            done += len(piece)
            teller.moved(LayerPhase.UNPACKING, done)

    async def _downloaded(
        self,
        name: Reference,
        descriptor: Descriptor,
        login: Login | None,
        teller: LayerTeller,
        writer: BlobWriter,
    ) -> AsyncGenerator[bytes, None]:
        done = writer.offset
        if done:
            teller.phase(LayerPhase.VERIFYING, done=0, note="going on where the last try ended")
            async for piece in file_pieces(self._paths.partial_blob(descriptor.digest), limit=done):
                yield piece
        teller.phase(LayerPhase.DOWNLOADING, done=done)
        source = self._registries.client().blob(
            name.domain, name.path, descriptor.digest, descriptor.size,
            offset=done, login=login, on_retry=teller.retrying,
        )  # fmt: skip
        async with aclosing(source):
            async for chunk in coalesced(source, _COALESCED):
                await writer.write(chunk)
                done += len(chunk)
                teller.moved(LayerPhase.DOWNLOADING, done)
                yield chunk
        teller.whole(LayerPhase.VERIFYING)
        await writer.commit()
        teller.whole(LayerPhase.UNPACKING)

    async def _take_back(self, added: list[str], digests: list[str], error: BaseException) -> None:
        """Layers without an image go. Compressed bytes stay if a later try can use them."""
        await asyncio.shield(self._intake.drop(added))
        may_go_on = not isinstance(error, WherryError) or error.code not in (
            Code.DIGEST_MISMATCH, Code.BAD_ARCHIVE, Code.DISK_FULL, Code.CORRUPT,
        )  # fmt: skip
        if may_go_on:
            return
        kept = {record.archive.digest for record in self._catalogue.layers.values() if record.archive is not None}
        for digest in digests:
            await self._blobs.forget_partial(digest)
            if digest not in kept and self._blobs.has(digest):
                await self._blobs.remove(digest)
        await self._unfinished.end(digests)
