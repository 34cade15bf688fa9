"""One build from the request to the image: its context fetched, its recipe read and planned, its steps carried out.

What this takes (the language, the transfers, the steps) is loaded with the first build: a start does not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from engine.builder.caching.outside_cache import INLINE_KEY, steps_document
from engine.builder.context.directory import ContextDirectory
from engine.builder.context.remote import fetch_context, fetch_named, is_remote
from engine.builder.context.sources import Sources
from engine.builder.context.upload import receive_context
from engine.builder.execution import Execution
from engine.builder.language.errors import DockerfileError
from engine.builder.language.ignore import IgnoreRules
from engine.builder.language.parser import parse_dockerfile
from engine.builder.lent import Lent
from engine.builder.planning.allowances import allowed_by, check_plan
from engine.builder.planning.graph import steps_of
from engine.builder.planning.plan import make_plan
from engine.builder.record import MOST_KEPT_TEXT
from engine.builder.report import make_report
from engine.builder.steps.network import BuildNetwork
from engine.containers.spec.process import check_ulimits
from engine.errors import Code, InvalidRequest, NotFound, Unsupported, WherryError
from engine.images.known import platforms, reference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from engine.builder.caching.cache import CachedStep
    from engine.builder.caching.cache_sharing import SharedCaches
    from engine.builder.execution import BuildTools
    from engine.builder.kept import KeptSteps
    from engine.builder.planning.plan import Plan
    from engine.builder.record import BuildRecord
    from engine.facade_lent import BlobPlace, Lender
    from engine.networks.way_out.attachment import NetworkAttachments
    from engine.operations.registry import Progress
    from engine.types.attestations import IndexDescriptor
    from engine.types.builds import BuildCache, BuildImage, RecipeReport

_MOST_REMEMBERED: Final = 200
_MOST_DOCKERFILE_BYTES: Final = 16 << 20


class Workshop:
    """Where builds are done."""

    def __init__(self, tools: BuildTools, networks: NetworkAttachments, kept: KeptSteps) -> None:
        self._tools = tools
        self._networks = networks
        self._kept = kept
        self._steps: dict[str, tuple[dict[str, CachedStep], dict[str, CachedStep]]] = {}
        """Of builds that ended: all their steps by key, and those that the image is made of."""

    async def examine(
        self, request: BuildImage, context: AsyncIterator[bytes] | None = None, lender: Lender | None = None
    ) -> RecipeReport:
        scratch = self._tools.paths.build_scratch(secrets.token_hex(8))
        target = platforms.wanted_platform(request.platform)
        try:
            uploaded: Path | None = None
            if request.dockerfile_text is None or context is not None:
                sources = Sources(self._tools.web, Lent(request, lender))
                request, uploaded = await self._fetched(request, context, scratch, sources, lambda _: None)
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
            triggers=lambda name: None if request.pull else self._tools.bases.triggers(name, target),
        )

    async def build(
        self,
        record: BuildRecord,
        request: BuildImage,
        stream: AsyncIterator[bytes] | None,
        lender: Lender | None,
        progress: Progress,
    ) -> str:
        lent = Lent(request, lender)
        sources = Sources(self._tools.web, lent)
        scratch = self._tools.paths.build_scratch(record.id)
        try:
            _check(request)
            request, uploaded = await self._fetched(request, stream, scratch, sources, progress.status)
            request = await self._with_named(request, scratch, sources, progress.status)
            return await self._run(record, request, uploaded, lent, progress)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))

    async def _fetched(
        self,
        request: BuildImage,
        stream: AsyncIterator[bytes] | None,
        scratch: Path,
        sources: Sources,
        say: Callable[[str], None],
    ) -> tuple[BuildImage, Path | None]:
        """The context that comes from elsewhere, in a directory of ours; and the request, with what came beside it."""
        uploaded = scratch / "context"
        if stream is not None:
            await receive_context(stream, uploaded)
        elif is_remote(request.context):
            say(f"Fetching {request.context}")
            text = await fetch_context(request.context, uploaded, sources)
            if text is not None:
                request = msgspec.structs.replace(request, dockerfile_text=text)
        else:
            return request, None
        # What came from elsewhere names its own files: an absolute path is one below it, never this machine's.
        return msgspec.structs.replace(request, dockerfile=request.dockerfile.lstrip("/")), uploaded

    async def _with_named(
        self, request: BuildImage, scratch: Path, sources: Sources, say: Callable[[str], None]
    ) -> BuildImage:
        """Contexts given by name that are elsewhere, in directories of ours."""
        named = dict(request.named_contexts)
        for number, (name, address) in enumerate(request.named_contexts.items()):
            if is_remote(address):
                say(f"Fetching {address}")
                place = scratch / f"named-{number}"
                await fetch_named(address, place, sources)
                named[name] = str(place)
        return msgspec.structs.replace(request, named_contexts=named)

    async def _run(
        self, record: BuildRecord, request: BuildImage, uploaded: Path | None, lent: Lent, progress: Progress
    ) -> str:
        root = uploaded or (Path(request.context) if request.context else None)
        text = await asyncio.to_thread(_dockerfile_text, request, root)
        record.snapshot = msgspec.structs.replace(record.snapshot, dockerfile_text=text[:MOST_KEPT_TEXT])
        plan = await asyncio.to_thread(self._plan, request, text)
        check_plan(plan, allowed_by(request))
        record.plan(steps_of(plan))
        progress.status("Building")
        context = self._context(request, root, uploaded)
        network = BuildNetwork(self._networks, self._tools.paths, self._tools.keeper, record.id)
        execution = Execution(self._tools, plan, request, context, record, network, lent)
        try:
            state = await execution.run()
        except WherryError:
            await self._keep_failed(execution, record)
            raise
        finally:
            await asyncio.shield(network.close())
        in_image = {key: each for key, each in execution.steps.items() if each.diff_id in ("", *state.layers)}
        self._steps[record.id] = (dict(execution.steps), in_image)
        for oldest in list(self._steps)[:-_MOST_REMEMBERED]:
            del self._steps[oldest]
        extra = {INLINE_KEY: steps_document(in_image)} if request.inline_cache else None
        return await self._tools.bases.keep(state, request.tags, request.labels, extra)

    @property
    def shared(self) -> SharedCaches:
        return self._tools.shared

    async def export_cache(self, builds: Sequence[str], cache: BuildCache, blobs: BlobPlace | None) -> IndexDescriptor:
        steps: dict[str, CachedStep] = {}
        for build in builds:
            if build not in self._steps:
                raise NotFound(f"The steps of the build {build} are not known any more", subject=build)
            everything, in_image = self._steps[build]
            steps |= everything if cache.everything else in_image
        return await self._tools.shared.export(steps, cache, blobs)

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
            container, name = await self._kept.keep(image_id, record.id)
            record.snapshot = msgspec.structs.replace(record.snapshot, kept_container=container)
            where = f"The files of this step are in the container {name} for a day."
            record.say(execution.failed.step, f"{where} To look into it: wherry start -ai {name}", stream="stderr")


def _check(request: BuildImage) -> None:
    if request.squash:
        raise Unsupported("Squashing an image's layers is not supported", hint="Use a multi-stage build instead.")
    check_ulimits(request.ulimits)
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
