"""The builder as the facade shows it: `facade.Builds`.

A build is an operation: its id is the operation's, its result the image's id. The record of it outlives it, with the
output, so that the window's history and a later look at a failure have something to show.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from engine.builder.allowances import allowed_by, check_plan
from engine.builder.context import ContextDirectory
from engine.builder.execution import Execution
from engine.builder.graph import steps_of
from engine.builder.language.errors import DockerfileError
from engine.builder.language.ignore import IgnoreRules
from engine.builder.language.parser import parse_dockerfile
from engine.builder.network import BuildNetwork
from engine.builder.plan import make_plan
from engine.builder.record import BuildRecord, read_output
from engine.builder.remote import fetch_context, fetch_named, is_remote
from engine.builder.report import make_report
from engine.builder.sweep import forget_old_contexts, sweep
from engine.builder.upload import receive_context
from engine.errors import Cancelled, Code, InvalidRequest, NotFound, StorageError, Unsupported, WherryError
from engine.images import platforms, reference
from engine.operations.endings import ending_of
from engine.operations.registry import failure_of
from engine.types.builds import Build, BuildCacheEntry, BuildOutput, StepState
from engine.types.data import Freed, now

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Sequence

    from engine.builder.execution import BuildTools
    from engine.builder.kept import KeptSteps
    from engine.builder.plan import Plan
    from engine.events.bus import EventBus
    from engine.facade import OperationHandle
    from engine.networks.attachment import NetworkAttachments
    from engine.operations.registry import OperationRegistry, Progress
    from engine.state.database import Database
    from engine.types.builds import BuildImage, RecipeReport

_log = logging.getLogger(__name__)
_MOST_BUILDS: Final = 100
_MOST_KEPT_TEXT: Final = 256 << 10
_MOST_DOCKERFILE_BYTES: Final = 16 << 20


class BuildService:
    """Implements `facade.Builds`."""

    def __init__(
        self,
        *,
        tools: BuildTools,
        database: Database,
        bus: EventBus,
        operations: OperationRegistry,
        networks: NetworkAttachments,
        kept: KeptSteps,
    ) -> None:
        self._tools = tools
        self._database = database
        self._bus = bus
        self._operations = operations
        self._networks = networks
        self.kept = kept
        self._running: dict[str, BuildRecord] = {}
        self._past: dict[str, Build] = {}

    async def open(self) -> None:
        tools = self._tools
        await sweep(tools.paths, tools.keeper, tools.roots.filesystems, self._networks)
        await asyncio.to_thread(forget_old_contexts, tools.paths.build_contexts / "sent")
        await self._tools.cache.open()
        await self._tools.cache_mounts.open()
        self._tools.bases.images.catalogue.add_holder(self._tools.cache.layers_held)
        for (body,) in await self._database.fetch("SELECT body FROM builds ORDER BY started_ns"):
            build = msgspec.json.decode(body, type=Build)
            self._past[build.id] = build
            self._bus.publish("build", build.id, build)

        self.kept.open()

    async def close(self) -> None:
        """Running builds are operations and end with those."""
        await self.kept.close()

    # --- facade ---

    def build(self, request: BuildImage, context: AsyncIterator[bytes] | None = None) -> OperationHandle:
        build_id = secrets.token_hex(8)
        title = ", ".join(request.tags) or request.context or request.dockerfile

        record = self._begin(build_id, request, streamed=context is not None)

        async def work(progress: Progress) -> str:
            return await self._build(record, request, context, progress)

        running = self._operations.start(
            kind="build", title=f"Build {title}", subject=title, work=work, operation_id=build_id
        )
        if running.task is not None:
            running.task.add_done_callback(lambda _: self._must_be_over(record))
        return running

    async def examine(self, request: BuildImage, context: AsyncIterator[bytes] | None = None) -> RecipeReport:
        scratch = self._tools.paths.build_scratch(secrets.token_hex(8))
        target = platforms.wanted_platform(request.platform)
        try:
            uploaded: Path | None = None
            if request.dockerfile_text is None or context is not None:
                request, uploaded = await self._fetched(request, context, scratch, lambda _: None)
            root = uploaded or (Path(request.context) if request.context else None)
            text = await asyncio.to_thread(_dockerfile_text, request, root)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))
        return await asyncio.to_thread(
            make_report,
            request,
            text,
            build_platform=platforms.host_platform(),
            target_platform=target,
            environment=lambda name: self._tools.bases.environment(name, target),
        )

    async def context_place(self, name: str) -> str:
        place = self._tools.paths.build_contexts / "sent" / name
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

    async def output(self, build: str, *, follow: bool = True) -> AsyncIterator[Sequence[BuildOutput]]:
        record = self._running.get(build)
        if record is not None:
            async for lines in record.output(follow=follow):
                yield lines
            return
        await self.get(build)
        yield await read_output(self._output_path(build))

    async def cache(self) -> Sequence[BuildCacheEntry]:
        held = self._tools.bases.layers_of_images()
        return [*self._tools.cache.entries(held), *await self._tools.cache_mounts.entries()]

    async def prune_cache(self, *, all_unused: bool = False, until_ns: int = 0) -> Freed:
        """Without `all_unused`, only what no image has any more; with it, cache mounts too."""
        held = self._tools.bases.layers_of_images()
        steps = await self._tools.cache.prune(held, everything=all_unused, until_ns=until_ns)
        if not all_unused:
            return steps
        mounts = await self._tools.cache_mounts.prune(until_ns=until_ns)
        return Freed(ids=steps.ids + mounts.ids, bytes=steps.bytes + mounts.bytes)

    # --- for the disk room ---

    def layers_of_images(self) -> set[str]:
        return self._tools.bases.layers_of_images()

    def layers_cached(self) -> set[str]:
        return self._tools.cache.layers_held()

    def layer_of(self, entry: str) -> str:
        """The layer of a cached step; "" of a cache mount."""
        return self._tools.cache.layer_of(entry)

    async def forget_steps_of(self, layers: Collection[str]) -> Freed:
        """Let go of layers that images held too until now."""
        return await self._tools.cache.forget(self.layers_of_images(), layers=layers)

    async def forget_entries(self, entries: Collection[str]) -> Freed:
        """Steps and cache mounts by the ids that `cache` shows."""
        steps = await self._tools.cache.forget(self.layers_of_images(), entries=entries)
        mounts = await self._tools.cache_mounts.prune(only=entries)
        return Freed(ids=steps.ids + mounts.ids, bytes=steps.bytes + mounts.bytes)

    # --- one build ---

    async def _build(
        self, record: BuildRecord, request: BuildImage, stream: AsyncIterator[bytes] | None, progress: Progress
    ) -> str:
        scratch = self._tools.paths.build_scratch(record.id)
        try:
            _check(request)
            request, uploaded = await self._fetched(request, stream, scratch, progress.status)
            request = await self._with_named(request, scratch, progress.status)
            image_id = await self._run(record, request, uploaded, progress)
        except BaseException as error:
            # Whatever it was: who reads the output of this build must see its end.
            line = error.line if isinstance(error, DockerfileError) else record.line_of(record.failed_step)
            told = failure_of(ending_of(error))
            await self._end(record, failure=told, failed_step=record.failed_step, error_line=line)
            raise
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))
        await self._end(record, image_id=image_id)
        return image_id

    async def _fetched(
        self, request: BuildImage, stream: AsyncIterator[bytes] | None, scratch: Path, say: Callable[[str], None]
    ) -> tuple[BuildImage, Path | None]:
        """The context that comes from elsewhere, in a directory of ours; and the request, with what came beside it."""
        uploaded = scratch / "context"
        if stream is not None:
            await receive_context(stream, uploaded)
        elif is_remote(request.context):
            say(f"Fetching {request.context}")
            text = await fetch_context(request.context, uploaded, self._tools.web)
            if text is not None:
                request = msgspec.structs.replace(request, dockerfile_text=text)
        else:
            return request, None
        # What came from elsewhere names its own files: an absolute path is one below it, never this machine's.
        return msgspec.structs.replace(request, dockerfile=request.dockerfile.lstrip("/")), uploaded

    async def _with_named(self, request: BuildImage, scratch: Path, say: Callable[[str], None]) -> BuildImage:
        """Contexts given by name that are elsewhere, in directories of ours."""
        named = dict(request.named_contexts)
        for number, (name, address) in enumerate(request.named_contexts.items()):
            if is_remote(address):
                say(f"Fetching {address}")
                place = scratch / f"named-{number}"
                await fetch_named(address, place, self._tools.web)
                named[name] = str(place)
        return msgspec.structs.replace(request, named_contexts=named)

    def _begin(self, build_id: str, request: BuildImage, *, streamed: bool) -> BuildRecord:
        too_long = len(request.dockerfile_text or "") > _MOST_KEPT_TEXT
        build = Build(
            id=build_id,
            context=request.context,
            dockerfile=request.dockerfile,
            tags=request.tags,
            started=now(),
            request=None if streamed or too_long else msgspec.structs.replace(request, secrets=(), logins=()),
        )
        record = BuildRecord(build, self._bus, self._output_path(build_id))
        self._running[build_id] = record
        self._bus.publish("build", build_id, build)
        return record

    async def _run(self, record: BuildRecord, request: BuildImage, uploaded: Path | None, progress: Progress) -> str:
        root = uploaded or (Path(request.context) if request.context else None)
        text = await asyncio.to_thread(_dockerfile_text, request, root)
        record.snapshot = msgspec.structs.replace(record.snapshot, dockerfile_text=text[:_MOST_KEPT_TEXT])
        plan = await asyncio.to_thread(self._plan, request, text)
        check_plan(plan, allowed_by(request))
        record.plan(steps_of(plan))
        progress.status("Building")
        context = self._context(request, root, uploaded)
        network = BuildNetwork(self._networks, self._tools.paths, self._tools.keeper, record.id)
        execution = Execution(self._tools, plan, request, context, record, network)
        try:
            state = await execution.run()
        except WherryError:
            await self._keep_failed(execution, record)
            raise
        finally:
            await asyncio.shield(network.close())
        return await self._tools.bases.keep(state, request.tags, request.labels)

    def _plan(self, request: BuildImage, text: str) -> Plan:
        return make_plan(
            parse_dockerfile(text),
            target=request.target,
            build_args={name: value for name, value in request.build_args.items() if value is not None},
            named_contexts=request.named_contexts,
            build_platform=platforms.host_platform(),
            target_platform=platforms.wanted_platform(request.platform),
        )

    def _context(self, request: BuildImage, root: Path | None, uploaded: Path | None) -> ContextDirectory | None:
        if root is None:
            return None
        digests = None
        if uploaded is None:
            name = hashlib.sha256(str(root.absolute()).encode()).hexdigest()[:32]
            digests = self._tools.paths.build_contexts / name
        if request.filtered:
            return ContextDirectory(root.absolute(), IgnoreRules(()), digests)
        return ContextDirectory.open(root.absolute(), request.dockerfile, digests)

    async def _keep_failed(self, execution: Execution, record: BuildRecord) -> None:
        """A shell where it failed needs a container; that it could not be made must not hide why the build failed."""
        if execution.failed is None:
            return
        with contextlib.suppress(WherryError):
            image_id = await self._tools.bases.keep(execution.failed.state, (), {})
            container, name = await self.kept.keep(image_id, record.id)
            record.snapshot = msgspec.structs.replace(record.snapshot, kept_container=container)
            where = f"The files of this step are in the container {name} for a day."
            record.say(execution.failed.step, f"{where} To look into it: wherry start -ai {name}", stream="stderr")

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
        for build_id in list(self._past)[:-_MOST_BUILDS]:
            del self._past[build_id]
            self._output_path(build_id).unlink(missing_ok=True)
            await self._database.execute("DELETE FROM builds WHERE id = ?", (build_id,))
            self._bus.publish("build", build_id, None)

    def _output_path(self, build_id: str) -> Path:
        return self._tools.paths.build_output / f"{build_id}.jsonl"


def _check(request: BuildImage) -> None:
    if request.squash:
        raise Unsupported("Squashing an image's layers is not supported", hint="Use a multi-stage build instead.")
    for tag in request.tags:
        reference.must_be_a_name(reference.parse(tag))
        if reference.parse(tag).digest:
            raise InvalidRequest(f"{tag} has a digest; a build can only be given a tag", code=Code.INVALID_REFERENCE)


def _dockerfile_text(request: BuildImage, root: Path | None) -> str:
    """The recipe: given as text, from within the context, or from a path of its own."""
    if request.dockerfile_text is not None:
        return request.dockerfile_text
    named = Path(request.dockerfile or "Dockerfile")
    if root is None and not named.is_absolute():
        raise InvalidRequest("There is neither a build context nor a Dockerfile")
    path = named if named.is_absolute() or root is None else root / named
    if not path.is_file():
        near = sorted(one.name for one in path.parent.glob("*ockerfile*")) if path.parent.is_dir() else []
        hint = f"There is {near[0]} in the same place." if near else "Name it with --file."
        docker = f"Cannot locate specified Dockerfile: {request.dockerfile or 'Dockerfile'}"
        raise DockerfileError(f"There is no {request.dockerfile} in {path.parent}", hint=hint, docker=docker)
    if root is not None and not named.is_absolute() and not path.resolve().is_relative_to(root.resolve()):
        raise DockerfileError(f"{request.dockerfile} leads out of the build context")
    with path.open("rb") as file:
        return file.read(_MOST_DOCKERFILE_BYTES + 1).decode("utf-8", "replace")
