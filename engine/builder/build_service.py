"""The builder as the facade shows it: `facade.Builds`.

A build is an operation: its id is the operation's, its result the image's id. The record of it outlives it, with the
output, so that the window's history and a later look at a failure have something to show.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from engine.builder.language.errors import DockerfileError
from engine.builder.record import MOST_KEPT_TEXT, BuildRecord, read_output
from engine.builder.sweep import forget_old_contexts, sweep
from engine.errors import Cancelled, Conflict, NotFound, StorageError
from engine.operations.endings import ending_of
from engine.operations.registry import failure_of
from engine.types.builds import Build, BuildCacheEntry, BuildOutput, StepState
from engine.types.data import Freed, now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence
    from pathlib import Path

    from engine.builder.caching.cache import StepCache
    from engine.builder.caching.cache_mounts import CacheMounts
    from engine.builder.kept import KeptSteps
    from engine.builder.workshop import Workshop
    from engine.events.bus import EventBus
    from engine.facade import OperationHandle
    from engine.facade_lent import BlobPlace, Lender
    from engine.images.image_service import ImageService
    from engine.networks.way_out.attachment import NetworkAttachments
    from engine.operations.registry import OperationRegistry, Progress
    from engine.sandbox.client import Keeper
    from engine.state.database import Database
    from engine.storage.paths import Paths
    from engine.storage.rootfs import RootFilesystems
    from engine.types.attestations import IndexDescriptor
    from engine.types.builds import BuildCache, BuildImage, RecipeReport

_log = logging.getLogger(__name__)
_MOST_BUILDS: Final = 100


@dataclass(frozen=True)
class BuildParts:
    """What is kept of builds between builds, and where."""

    paths: Paths
    keeper: Keeper
    filesystems: RootFilesystems
    networks: NetworkAttachments
    images: ImageService
    cache: StepCache
    cache_mounts: CacheMounts


class BuildService:
    """Implements `facade.Builds`."""

    def __init__(
        self,
        *,
        parts: BuildParts,
        database: Database,
        bus: EventBus,
        operations: OperationRegistry,
        kept: KeptSteps,
        workshop: Callable[[], Workshop],
    ) -> None:
        self._parts = parts
        self._database = database
        self._bus = bus
        self._operations = operations
        self._workshop = workshop
        self.kept = kept
        self._running: dict[str, BuildRecord] = {}
        self._past: dict[str, Build] = {}

    async def open(self) -> None:
        parts = self._parts
        await sweep(parts.paths, parts.keeper, parts.filesystems, parts.networks)
        await asyncio.to_thread(forget_old_contexts, parts.paths.build_contexts / "sent")
        await parts.cache.open()
        await parts.cache_mounts.open()
        parts.images.catalogue.add_holder(parts.cache.layers_held)
        for (body,) in await self._database.fetch("SELECT body FROM builds ORDER BY started_ns"):
            build = msgspec.json.decode(body, type=Build)
            self._past[build.id] = build
            self._bus.publish("build", build.id, build)

        self.kept.open()

    async def close(self) -> None:
        """Running builds are operations and end with those."""
        await self.kept.close()

    # --- facade ---

    def build(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> OperationHandle:
        build_id = secrets.token_hex(8)
        record = self._begin(build_id, request, streamed=context is not None)
        title = record.snapshot.subject

        async def work(progress: Progress) -> str:
            return await self._build(record, request, context, lender, progress)

        running = self._operations.start(
            kind="build", title=f"Build {title}", subject=title, work=work, operation_id=build_id
        )
        if running.task is not None:
            running.task.add_done_callback(lambda _: self._must_be_over(record))
        return running

    async def examine(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> RecipeReport:
        return await self._workshop().examine(request, context, lender)

    async def open_cache(self, cache: BuildCache, blobs: BlobPlace | None = None) -> str:
        return await self._workshop().shared.open(cache, blobs)

    def close_cache(self, name: str) -> None:
        self._workshop().shared.close(name)

    async def export_cache(
        self, builds: Sequence[str], cache: BuildCache, blobs: BlobPlace | None = None
    ) -> IndexDescriptor:
        return await self._workshop().export_cache(builds, cache, blobs)

    async def context_place(self, name: str) -> str:
        place = self._parts.paths.build_contexts / "sent" / name
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(place)  # the next start forgets those that nobody came back for
        return str(place)

    async def list(self) -> Sequence[Build]:
        return [*self._past.values(), *(record.snapshot for record in self._running.values())]

    async def get(self, build: str) -> Build:
        if build in self._running:
            return self._running[build].snapshot
        if build in self._past:
            return self._past[build]
        raise NotFound(f"No such build: {build}", subject=build)

    async def forget(self, build: str) -> None:
        if (await self.get(build)).ended is None:
            raise Conflict("The build still runs", hint="Cancel it first.", subject=build)
        await self._forget(build)

    async def output(self, build: str, *, follow: bool = True) -> AsyncIterator[Sequence[BuildOutput]]:
        record = self._running.get(build)
        if record is not None:
            async for lines in record.output(follow=follow):
                yield lines
            return
        await self.get(build)
        yield await read_output(self._output_path(build))

    async def cache(self) -> Sequence[BuildCacheEntry]:
        held = self.layers_of_images()
        return [*self._parts.cache.entries(held), *await self._parts.cache_mounts.entries()]

    async def prune_cache(self, *, all_unused: bool = False, until_ns: int = 0) -> Freed:
        """Without `all_unused`, only what no image has any more; with it, cache mounts too."""
        held = self.layers_of_images()
        steps = await self._parts.cache.prune(held, everything=all_unused, until_ns=until_ns)
        if not all_unused:
            return steps
        mounts = await self._parts.cache_mounts.prune(until_ns=until_ns)
        return Freed(ids=steps.ids + mounts.ids, bytes=steps.bytes + mounts.bytes)

    # --- for the disk room ---

    def layers_of_images(self) -> set[str]:
        return {diff_id for image in self._parts.images.catalogue.images.values() for diff_id in image.diff_ids}

    def layers_cached(self) -> set[str]:
        return self._parts.cache.layers_held()

    def layer_of(self, entry: str) -> str:
        """The layer of a cached step; "" of a cache mount."""
        return self._parts.cache.layer_of(entry)

    async def forget_steps_of(self, layers: Collection[str]) -> Freed:
        """Let go of layers that images held too until now."""
        return await self._parts.cache.forget(self.layers_of_images(), layers=layers)

    async def forget_entries(self, entries: Collection[str]) -> Freed:
        """Steps and cache mounts by the ids that `cache` shows."""
        steps = await self._parts.cache.forget(self.layers_of_images(), entries=entries)
        mounts = await self._parts.cache_mounts.prune(only=entries)
        return Freed(ids=steps.ids + mounts.ids, bytes=steps.bytes + mounts.bytes)

    # --- one build ---

    async def _build(
        self,
        record: BuildRecord,
        request: BuildImage,
        stream: AsyncIterator[bytes] | None,
        lender: Lender | None,
        progress: Progress,
    ) -> str:
        try:
            image_id = await self._workshop().build(record, request, stream, lender, progress)
        except BaseException as error:
            # Whatever it was: who reads the output of this build must see its end.
            line = error.line if isinstance(error, DockerfileError) else record.line_of(record.failed_step)
            told = failure_of(ending_of(error))
            await self._end(record, failure=told, failed_step=record.failed_step, error_line=line)
            raise
        await self._end(record, image_id=image_id)
        return image_id

    def _begin(self, build_id: str, request: BuildImage, *, streamed: bool) -> BuildRecord:
        too_long = len(request.dockerfile_text or "") > MOST_KEPT_TEXT
        tags = request.tags or request.named_later
        again = msgspec.structs.replace(request, secrets=(), logins=(), tags=tags, named_later=())
        build = Build(
            id=build_id,
            context=request.context,
            dockerfile=request.dockerfile,
            tags=tags,
            started=now(),
            request=None if streamed or too_long else again,
        )
        record = BuildRecord(build, self._bus, self._output_path(build_id))
        self._running[build_id] = record
        self._bus.publish("build", build_id, build)
        return record

    def _must_be_over(self, record: BuildRecord) -> None:
        """Called off before its first step, a build has had no occasion to say that it ended."""
        if not record.over:
            self._tell_end(record, failure=failure_of(Cancelled()))

    def _tell_end(self, record: BuildRecord, **fields: object) -> None:
        record.stop_waiting(StepState.SKIPPED)
        record.finish(**fields)
        del self._running[record.id]
        self._past[record.id] = record.snapshot

    async def _end(self, record: BuildRecord, **fields: object) -> None:
        self._tell_end(record, **fields)
        try:
            await self._write_down(record)
        except (StorageError, OSError) as error:
            # Its end is told; only the history is shorter after a restart.
            _log.info("the build %s is not kept: %s", record.id, error)

    async def _write_down(self, record: BuildRecord) -> None:
        await record.keep_output()
        started = int(record.snapshot.started.timestamp() * 1e9)
        row = (record.id, started, msgspec.json.encode(record.snapshot))
        await self._database.execute("INSERT OR REPLACE INTO builds(id, started_ns, body) VALUES (?, ?, ?)", row)
        await self._forget_oldest()

    async def _forget_oldest(self) -> None:
        # Taken out at once: of many builds that end together each comes by here.
        for build_id in list(self._past)[:-_MOST_BUILDS]:
            await self._forget(build_id)

    async def _forget(self, build_id: str) -> None:
        self._past.pop(build_id, None)
        self._output_path(build_id).unlink(missing_ok=True)
        await self._database.execute("DELETE FROM builds WHERE id = ?", (build_id,))
        self._bus.publish("build", build_id, None)

    def _output_path(self, build_id: str) -> Path:
        return self._parts.paths.build_output / f"{build_id}.jsonl"
